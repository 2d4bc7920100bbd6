//! The thread that checks passcodes, and makes the hashes of new ones: Argon2id is slow on purpose,
//! so no other thread may do it.
//!
//! In: what was typed. Out: whether it is right, and the hash of a new one that was not used
//! before. Laws: a check takes the same time whether there is such a door or not; what was typed is
//! dropped here and is in no log.

use super::services_desk::Asked;
use crate::base::{CallId, MailboxId, Pii, TenantId};
use crate::call::Door;
use crate::directory::Book;
use crate::flow::ChangeFault;
use crate::subscriber::{PasscodeHash, PasscodeHashFault, Roster};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use tokio::sync::mpsc;
use tracing::error;

/// Log-ins that may wait for their check; at 20 ms each, about a second of them.
pub const WAITING_MAX: usize = 64;

/// One log-in to be checked.
#[derive(Debug)]
pub(super) struct LogIn {
    /// Who asks.
    pub call: CallId,
    /// Which attempt of that call.
    pub attempt: u32,
    /// What it is to open.
    pub door: Door,
    /// The passcode typed.
    pub passcode: Pii<String>,
}

/// The passcodes of those who change prompts, by whose prompts they are; `None` is everybody's.
pub(super) type Operators = HashMap<Option<TenantId>, PasscodeHash>;

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Who asked.
    pub call: CallId,
    /// Which attempt of that call.
    pub attempt: u32,
    /// What it was to open.
    pub door: Door,
    /// Whether the passcode was right.
    pub right: bool,
}

/// A passcode that a subscriber chose.
#[derive(Debug)]
pub(super) struct NewPasscode {
    /// Who asks.
    pub asked: Asked,
    /// What was typed.
    pub passcode: Pii<String>,
}

/// What came of something that was asked.
#[derive(Debug)]
pub(super) enum Checked {
    /// A log-in.
    LogIn(Verdict),
    /// A new passcode: its hash, to be stored.
    Hashed(Asked, Result<PasscodeHash, ChangeFault>),
}

#[derive(Debug)]
enum Job {
    LogIn(LogIn),
    New(NewPasscode),
}

/// What passcodes are checked by.
pub(super) struct KnownPasscodes {
    /// Who there is.
    pub roster: Arc<Roster>,
    /// What they have set.
    pub book: Book,
    /// Those who change prompts.
    pub operators: Operators,
    /// How many of the passcodes before the present one are not taken again.
    pub history: usize,
}

/// The near side of the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct LogIns {
    queue: SyncSender<Job>,
}

/// The thread could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogInsFault {
    /// The system gave no thread.
    #[error("the passcode thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The decoy could not be made.
    #[error(transparent)]
    Hash(#[from] PasscodeHashFault),
}

/// A log-in that could not be queued, and the verdict in its place: wrong.
#[derive(Debug)]
pub(super) struct Overloaded(pub Verdict);

impl LogIn {
    fn verdict(&self, right: bool) -> Verdict {
        Verdict {
            call: self.call,
            attempt: self.attempt,
            door: self.door.clone(),
            right,
        }
    }
}

impl LogIns {
    /// Starts the thread. Its verdicts go to `answers`.
    pub(super) fn start(
        rules: KnownPasscodes,
        decoy_salt: [u8; 16],
        answers: mpsc::UnboundedSender<Checked>,
    ) -> Result<LogIns, LogInsFault> {
        let decoy = PasscodeHash::make("decoy", &decoy_salt)?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let keys = Keys { rules, decoy };
        let work = move || check_all(&waiting, &keys, &answers);
        thread::Builder::new()
            .name("passcodes".to_owned())
            .spawn(work)?;
        Ok(LogIns { queue })
    }

    /// Queues a check.
    pub(super) fn check(&self, log_in: LogIn) -> Result<(), Overloaded> {
        let verdict = log_in.verdict(false);
        let queued = self.queue.try_send(Job::LogIn(log_in));
        queued.map_err(|_| Overloaded(verdict))
    }

    /// Queues a new passcode; false where too many wait.
    pub(super) fn hash(&self, new: NewPasscode) -> bool {
        self.queue.try_send(Job::New(new)).is_ok()
    }
}

/// What passcodes are compared with.
struct Keys {
    rules: KnownPasscodes,
    decoy: PasscodeHash,
}

fn check_all(waiting: &Receiver<Job>, keys: &Keys, answers: &mpsc::UnboundedSender<Checked>) {
    for job in waiting {
        let checked = match job {
            Job::LogIn(log_in) => Checked::LogIn(log_in.verdict(keys.fit(&log_in))),
            Job::New(NewPasscode { asked, passcode }) => {
                let hashed = keys.hashed(&asked.mailbox, &passcode);
                Checked::Hashed(asked, hashed)
            }
        };
        if answers.send(checked).is_err() {
            return;
        }
    }
}

impl Keys {
    /// Whether the passcode opens the door. Where there is no such door, or it has no passcode, a
    /// decoy is checked, so that the time taken tells nothing.
    fn fit(&self, log_in: &LogIn) -> bool {
        let hash = match &log_in.door {
            Door::Mailbox(mailbox) => self.present(mailbox),
            Door::Prompts(tenant) => self.rules.operators.get(tenant).cloned(),
        };
        let checked = hash.as_ref().unwrap_or(&self.decoy);
        checked.verifies(log_in.passcode.reveal()) && hash.is_some()
    }

    /// The passcode that opens this mailbox now.
    fn present(&self, mailbox: &MailboxId) -> Option<PasscodeHash> {
        let owner = self.rules.roster.by_mailbox(mailbox)?;
        self.rules.book.of(mailbox).passcode(owner).cloned()
    }

    /// The hash of a passcode that was not used before; nor may it be the present one, or the first
    /// one, which the configuration still shows.
    fn hashed(
        &self,
        mailbox: &MailboxId,
        passcode: &Pii<String>,
    ) -> Result<PasscodeHash, ChangeFault> {
        let services = self.rules.book.of(mailbox);
        let owner = self.rules.roster.by_mailbox(mailbox);
        let first = owner.and_then(|owner| owner.passcode.as_ref());
        let earlier = services.passcode.earlier.iter().take(self.rules.history);
        let present = services.passcode.chosen.iter().chain(first);
        if present
            .chain(earlier)
            .any(|hash| hash.verifies(passcode.reveal()))
        {
            return Err(ChangeFault::UsedBefore);
        }
        let mut salt = [0; 16];
        let salted = getrandom::fill(&mut salt).map_err(|fault| error!(%fault, "no random salt"));
        let hash = salted.and_then(|()| {
            PasscodeHash::make(passcode.reveal(), &salt)
                .map_err(|fault| error!(%fault, "a passcode is not changed"))
        });
        hash.map_err(|()| ChangeFault::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Language, Timestamp};
    use crate::subscriber::{Change, Profile, Services};

    fn roster() -> Arc<Roster> {
        let profile = |mailbox: &str, passcode: Option<PasscodeHash>| Profile {
            mailbox: MailboxId::parse(mailbox).unwrap(),
            name: String::new(),
            numbers: Vec::new(),
            language: Language::parse("nl").unwrap(),
            zone: "UTC".to_owned(),
            passcode,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        };
        let hash = PasscodeHash::make("4321", &[1; 16]).unwrap();
        Arc::new(Roster::new([profile("2001", Some(hash)), profile("2002", None)]).unwrap())
    }

    /// Which of these attempts are right.
    fn right(operators: Operators, tries: &[(Door, &str)]) -> Vec<u64> {
        let rules = KnownPasscodes {
            operators,
            ..rules(Book::default())
        };
        let (answers, mut answered) = mpsc::unbounded_channel();
        let log_ins = LogIns::start(rules, [2; 16], answers).unwrap();
        for (n, (door, passcode)) in tries.iter().enumerate() {
            log_ins
                .check(LogIn {
                    call: CallId(n as u64),
                    attempt: 1,
                    door: door.clone(),
                    passcode: Pii::new((*passcode).to_owned()),
                })
                .unwrap();
        }
        let verdicts = tries.iter().map(|_| match answered.blocking_recv() {
            Some(Checked::LogIn(verdict)) => verdict,
            other => panic!("{other:?}"),
        });
        verdicts.filter(|v| v.right).map(|v| v.call.0).collect()
    }

    fn rules(book: Book) -> KnownPasscodes {
        KnownPasscodes {
            roster: roster(),
            book,
            operators: Operators::new(),
            history: 2,
        }
    }

    fn mailbox() -> MailboxId {
        MailboxId::parse("2001").unwrap()
    }

    /// What is answered to a new passcode of the owner.
    fn hashed(keys: &Keys, passcode: &str) -> Result<PasscodeHash, ChangeFault> {
        keys.hashed(&mailbox(), &Pii::new(passcode.to_owned()))
    }

    fn keys() -> (Keys, Book) {
        let book = Book::default();
        let decoy = PasscodeHash::make("decoy", &[2; 16]).unwrap();
        let rules = rules(book.clone());
        (Keys { rules, decoy }, book)
    }

    #[test]
    fn a_chosen_passcode_opens_the_mailbox_from_then_on_and_the_first_one_no_more() {
        let (keys, book) = keys();
        let opens = |passcode: &str| {
            keys.fit(&LogIn {
                call: CallId(1),
                attempt: 1,
                door: Door::Mailbox(mailbox()),
                passcode: Pii::new(passcode.to_owned()),
            })
        };
        assert!(opens("4321"));
        let mut services = Services::default();
        let hash = hashed(&keys, "80417").unwrap();
        services.apply(&Change::Passcode(hash, Timestamp::UNIX_EPOCH));
        book.set(&mailbox(), Arc::new(services));
        assert!(opens("80417"));
        assert!(!opens("4321"));
    }

    #[test]
    fn a_passcode_that_was_used_before_is_refused_as_far_as_is_remembered() {
        let (keys, book) = keys();
        assert_eq!(hashed(&keys, "4321"), Err(ChangeFault::UsedBefore));
        let mut services = Services::default();
        for passcode in ["1001", "1002", "1003", "1004"] {
            let hash = hashed(&keys, passcode).unwrap();
            services.apply(&Change::Passcode(hash, Timestamp::UNIX_EPOCH));
            book.set(&mailbox(), Arc::new(services.clone()));
        }
        for used in ["4321", "1004", "1003", "1002"] {
            assert_eq!(hashed(&keys, used), Err(ChangeFault::UsedBefore), "{used}");
        }
        assert!(hashed(&keys, "1001").unwrap().verifies("1001"));
    }

    #[test]
    fn only_the_right_passcode_of_a_mailbox_that_has_one_opens_it() {
        let door = |number: &str| Door::Mailbox(MailboxId::parse(number).unwrap());
        let tries = [
            (door("2001"), "4321"),
            (door("2001"), "4322"),
            (door("2002"), ""),
            (door("2002"), "decoy"),
            (door("9"), "decoy"),
        ];
        assert_eq!(right(Operators::new(), &tries), [0]);
    }

    #[test]
    fn each_tenants_prompts_have_a_passcode_of_their_own_or_let_nobody_in() {
        let tenant = |name: &str| Some(TenantId::parse(name).unwrap());
        let hash = |passcode: &str| PasscodeHash::make(passcode, &[3; 16]).unwrap();
        let operators = Operators::from([(None, hash("1111")), (tenant("acme"), hash("2222"))]);
        let tries = [
            (Door::Prompts(None), "1111"),
            (Door::Prompts(tenant("acme")), "2222"),
            (Door::Prompts(None), "2222"),
            (Door::Prompts(tenant("acme")), "1111"),
            (Door::Prompts(tenant("other")), "1111"),
            (Door::Prompts(tenant("other")), "decoy"),
            (Door::Prompts(tenant("other")), ""),
        ];
        assert_eq!(right(operators, &tries), [0, 1]);
    }
}
