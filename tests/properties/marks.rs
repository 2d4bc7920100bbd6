//! What an owner does with a message while its courier is under way, with the real spool, the real
//! delivery and a real Maildir.
//!
//! The law: whatever the owner did, and at whatever moment of the delivery, the mailbox says so
//! when the spool has let the message go, and a message that was withdrawn is not in the mailbox.

use crate::spool_crash::{envelope, facts, id};
use belpost::base::{Language, MailboxId};
use belpost::deliver::{Courier, Couriers, Deliverer, Errand, Fault, Maildir, Receipt, Store};
use belpost::mailbox::{Limits, Marks, NoLedger, Outbox, OutboxFault, State};
use belpost::media::TakeSink as _;
use belpost::mime::MailHost;
use belpost::spool::{Report, Rules, Spool, SpoolConfig};
use belpost::subscriber::{Delivery, Profile, Roster};
use proptest::prelude::*;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// What the owner does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Hear,
    Delete,
    Undelete,
    Withdraw,
}

/// A courier in whose way the owner does something, at the nth moment there is.
struct Meddled {
    maildir: Maildir,
    outbox: Arc<dyn Outbox>,
    deeds: Mutex<Vec<(usize, Deed)>>,
    moment: AtomicUsize,
    /// What the owner was told is so; `None` once it is withdrawn.
    said: Mutex<Option<Marks>>,
}

impl Meddled {
    /// A moment at which anything may happen.
    fn moment(&self) {
        let now = self.moment.fetch_add(1, Ordering::SeqCst);
        let mut deeds = self.deeds.lock().unwrap();
        let (due, later): (Vec<_>, Vec<_>) = deeds.drain(..).partition(|(at, _)| *at <= now);
        *deeds = later;
        due.iter().for_each(|(_, deed)| self.meddle(*deed));
    }

    fn meddle(&self, deed: Deed) {
        let mut said = self.said.lock().unwrap();
        let Some(before) = *said else {
            return;
        };
        let marks = match deed {
            Deed::Hear => Marks {
                heard: true,
                ..before
            },
            Deed::Delete | Deed::Undelete => Marks {
                deleted: matches!(deed, Deed::Delete),
                ..before
            },
            Deed::Withdraw => {
                match self.outbox.withdraw(id(1)) {
                    Ok(()) => *said = None,
                    Err(fault) => assert_eq!(fault, OutboxFault::Gone),
                }
                return;
            }
        };
        match self.outbox.mark(id(1), marks) {
            Ok(()) => *said = Some(marks),
            Err(fault) => assert_eq!(fault, OutboxFault::Gone),
        }
    }
}

impl Courier for Meddled {
    fn deliver(&self, errand: &Errand<'_>) -> Result<Receipt, Fault> {
        self.moment();
        let marks = || {
            let marks = (errand.marks)();
            self.moment();
            marks
        };
        let receipt = self.maildir.deliver(&Errand {
            marks: &marks,
            ..*errand
        });
        self.moment();
        receipt
    }
}

fn profile() -> Profile {
    Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        name: "Anna".into(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: Limits::default(),
    }
}

/// A spool with one kept message.
fn spool(folder: &Path) -> Spool {
    let config = SpoolConfig {
        folder: folder.join("spool"),
        rules: Rules {
            reserve: 0,
            longest: Duration::from_mins(1),
        },
        blocks_max: 4,
    };
    let (tell, reports) = channel();
    let spool = Spool::open(&config, move |report| drop(tell.send(report))).unwrap();
    let sound = vec![7; 8_000];
    spool.begin(id(1), envelope(1)).unwrap();
    spool.intake().append(id(1), sound.clone()).unwrap();
    spool.commit(id(1), facts(&sound)).unwrap();
    while !matches!(
        reports.recv_timeout(PATIENCE).unwrap(),
        Report::Kept {
            outcome: Ok(()),
            ..
        }
    ) {}
    spool
}

/// Delivers while the owner does these things; what they were told, and what the mailbox holds.
fn deliver(deeds: &[(usize, Deed)]) -> (Option<Marks>, Option<Marks>) {
    let folder = tempfile::tempdir().unwrap();
    let spool = spool(folder.path());
    let host = MailHost::parse("vm.example.nl").unwrap();
    let maildir = Maildir::new(folder.path().join("mail"), host);
    let courier = Arc::new(Meddled {
        maildir: maildir.clone(),
        outbox: spool.outbox(),
        deeds: Mutex::new(deeds.to_vec()),
        moment: AtomicUsize::new(0),
        said: Mutex::new(Some(Marks::default())),
    });
    let roster = Arc::new(Roster::new([profile()]).unwrap());
    let couriers = Couriers::new(Arc::clone(&courier) as _);
    let ledger = Arc::new(NoLedger);
    let deliverer = Deliverer::start(couriers, spool.outbox(), roster, ledger, |_| ()).unwrap();
    let start = Instant::now();
    while !spool.outbox().waiting().is_empty() {
        assert!(start.elapsed() < PATIENCE, "it is not delivered: {deeds:?}");
        std::thread::yield_now();
    }
    deliverer.stop();
    let mut held = maildir.messages(&profile()).unwrap();
    assert!(held.len() <= 1);
    let found = held.pop().map(|held| Marks {
        heard: held.summary.state == State::Saved,
        deleted: held.deleted,
    });
    (*courier.said.lock().unwrap(), found)
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => Just(Deed::Hear),
        3 => Just(Deed::Delete),
        3 => Just(Deed::Undelete),
        1 => Just(Deed::Withdraw),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    // Four changes at the most: after five tries in a row a courier waits for its next turn.
    #[test]
    fn whatever_an_owner_does_on_the_way_the_mailbox_says_in_the_end(
        deeds in proptest::collection::vec((0..9_usize, deed()), 0..5),
    ) {
        let (said, found) = deliver(&deeds);
        prop_assert_eq!(said, found);
    }
}

#[test]
fn each_deed_at_each_moment_is_in_the_mailbox_in_the_end() {
    for moment in 0..5 {
        let deleted = |deed| [(0, Deed::Delete), (moment, deed)];
        for deeds in [
            vec![(moment, Deed::Hear)],
            vec![(moment, Deed::Delete)],
            vec![(moment, Deed::Withdraw)],
            deleted(Deed::Undelete).to_vec(),
            deleted(Deed::Withdraw).to_vec(),
        ] {
            let (said, found) = deliver(&deeds);
            assert_eq!(said, found, "{deeds:?}");
        }
    }
}
