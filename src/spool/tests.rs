//! The spool on a real folder.

use super::stored::tests::an_envelope;
use super::*;
use crate::audio::Law;
use crate::mailbox::{Attempts, Fate, Leg, Marks, OutboxFault, Standing};
use crate::media::{TakeSink, TakeSinkFull};
use std::sync::mpsc;
use uuid::Uuid;

fn id(n: u128) -> MessageId {
    MessageId(Uuid::from_u128(n))
}

fn facts() -> Facts {
    Facts {
        length: Duration::from_secs(2),
        voiced: Duration::from_secs(1),
        ending: Ending::Stopped,
        urgent: false,
        private: false,
    }
}

fn config(folder: &Path) -> SpoolConfig {
    SpoolConfig {
        folder: folder.join("spool"),
        rules: Rules {
            reserve: 0,
            longest: Duration::from_mins(1),
        },
        blocks_max: 4,
    }
}

fn open(folder: &Path) -> (Spool, Receiver<Report>) {
    let (sender, reports) = mpsc::channel();
    let report = move |r| drop(sender.send(r));
    (Spool::open(&config(folder), report).unwrap(), reports)
}

fn next(reports: &Receiver<Report>) -> Report {
    reports.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn a_kept_take_waits_in_the_outbox_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    assert!(spool.admit());
    spool.begin(id(1), an_envelope()).unwrap();
    assert_eq!(
        next(&reports),
        Report::Begun {
            take: id(1),
            outcome: Ok(())
        }
    );
    let mut intake = spool.intake();
    intake.append(id(1), vec![1; 8_000]).unwrap();
    intake.append(id(1), vec![2; 8_000]).unwrap();
    spool.load(id(1)).unwrap();
    let Report::Loaded {
        outcome: Ok(audio), ..
    } = next(&reports)
    else {
        panic!()
    };
    assert_eq!(audio.octets(Law::A), [[1; 8_000], [2; 8_000]].concat());
    spool.commit(id(1), facts()).unwrap();
    assert_eq!(
        next(&reports),
        Report::Kept {
            take: id(1),
            outcome: Ok(())
        }
    );
    assert_eq!(spool.outbox().waiting(), [id(1)]);
    drop(spool);

    let (spool, _) = open(folder.path());
    assert_eq!(spool.recovered().waiting, 1);
    let deposit = spool.outbox().deposit(id(1)).unwrap();
    assert_eq!((deposit.envelope, deposit.facts), (an_envelope(), facts()));
    assert_eq!(spool.outbox().octets(id(1)).unwrap().len(), 16_000);
}

#[test]
fn a_take_left_open_comes_back_cut_off_and_a_discarded_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    for n in 1..=3 {
        spool.begin(id(n), an_envelope()).unwrap();
        next(&reports);
    }
    let mut intake = spool.intake();
    intake.append(id(1), vec![1; 8_000]).unwrap();
    intake.append(id(2), vec![1; 7_999]).unwrap();
    intake.append(id(3), vec![1; 8_000]).unwrap();
    spool.discard(id(3)).unwrap();
    assert_eq!(next(&reports), Report::Discarded { take: id(3) });
    drop(spool);

    let (spool, _) = open(folder.path());
    let recovered = spool.recovered();
    assert_eq!(
        (recovered.cut_off, recovered.too_short, recovered.waiting),
        (1, 1, 1)
    );
    let facts = spool.outbox().deposit(id(1)).unwrap().facts;
    assert_eq!(
        (facts.ending, facts.length),
        (Ending::CutOff, Duration::from_secs(1))
    );
}

#[test]
fn a_second_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let second = Spool::open(&config(folder.path()), |_| ());
    assert!(matches!(second, Err(OpenFault::InUse(_))));
    drop(spool);
    assert!(Spool::open(&config(folder.path()), |_| ()).is_ok());
}

#[test]
fn no_room_beyond_the_reserve_admits_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.rules.reserve = u64::MAX;
    let spool = Spool::open(&config, |_| ()).unwrap();
    assert!(!spool.admit());
}

#[test]
fn blocks_beyond_the_queue_are_refused_but_words_are_not() {
    let (sender, queue) = mpsc::channel();
    let mut intake = Intake::new(sender, Arc::new(Shared::new(2)));
    let block = intake.buffer();
    intake.append(id(1), block).unwrap();
    intake.append(id(1), Vec::new()).unwrap();
    assert_eq!(intake.append(id(1), Vec::new()), Err(TakeSinkFull));
    intake.ask(Request::Discard { take: id(1) }).unwrap();
    assert_eq!(queue.try_iter().count(), 3);
}

/// A message that waits in the outbox.
fn keep(spool: &Spool, reports: &Receiver<Report>, n: u128) {
    spool.begin(id(n), an_envelope()).unwrap();
    next(reports);
    spool.commit(id(n), facts()).unwrap();
    next(reports);
}

fn failed(times: u32) -> Attempts {
    Attempts {
        failed: times,
        next: None,
        last_error: Some("refused".into()),
    }
}

fn copy() -> Leg {
    Leg::parse("copy:jan@example.nl").unwrap()
}

#[test]
fn a_retried_dead_letter_goes_only_where_it_has_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    keep(&spool, &reports, 1);
    let (outbox, legs) = (spool.outbox(), [Leg::Store, copy()]);
    let heard = Marks {
        heard: true,
        deleted: false,
    };
    outbox.mark(id(1), heard).unwrap();
    let standing = outbox.give_up(id(1), &Leg::Store, &legs, failed(7));
    assert_eq!(standing, Ok(Standing::Waiting));
    let standing = outbox.finish(id(1), &copy(), &legs, None);
    assert_eq!(standing, Ok(Standing::Dead));
    assert_eq!(outbox.waiting(), []);

    let root = config(folder.path()).folder;
    let entry = list_folder(&root).unwrap().remove(0);
    assert_eq!(entry.state, SpoolState::Dead);
    assert_eq!(entry.legs[&Leg::Store], Fate::GivenUp(failed(7)));
    assert_eq!(entry.legs[&copy()], Fate::Done);
    assert_eq!(entry.mailbox, Some(an_envelope().owner.mailbox));
    assert!(retry_in_folder(&root, id(1)).unwrap());
    assert!(!retry_in_folder(&root, id(2)).unwrap());
    outbox.refresh().unwrap();
    assert_eq!(outbox.waiting(), [id(1)]);
    assert_eq!(outbox.retried(), [id(1)]);
    assert_eq!(outbox.fate(id(1), &Leg::Store), Fate::default());
    assert_eq!(outbox.fate(id(1), &copy()), Fate::Done);
    assert_eq!(outbox.deposit(id(1)).unwrap().marks, heard);
}

#[test]
fn a_waiting_message_that_an_operator_retries_is_due_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    keep(&spool, &reports, 1);
    let (outbox, root) = (spool.outbox(), config(folder.path()).folder);
    let late = Attempts {
        next: Some(crate::base::Timestamp::MAX),
        ..failed(3)
    };
    outbox.note(id(1), &Leg::Store, late).unwrap();
    outbox
        .give_up(id(1), &copy(), &[Leg::Store, copy()], failed(1))
        .unwrap();
    assert!(retry_in_folder(&root, id(1)).unwrap());
    assert!(retry_in_folder(&root, id(1)).unwrap(), "twice is once");
    outbox.refresh().unwrap();
    assert_eq!(outbox.fate(id(1), &Leg::Store), Fate::default());
    assert_eq!(outbox.fate(id(1), &copy()), Fate::default());
    assert_eq!((outbox.retried(), outbox.retried()), (vec![id(1)], vec![]));
    assert!(!root.join(format!("outbox/{}.now", id(1))).exists());
}

#[test]
fn a_dropped_message_is_gone_wherever_it_was_and_a_recording_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    for n in 1..=3 {
        keep(&spool, &reports, n);
    }
    let (outbox, root) = (spool.outbox(), config(folder.path()).folder);
    outbox.note(id(1), &Leg::Store, failed(1)).unwrap();
    outbox
        .give_up(id(2), &Leg::Store, &[Leg::Store], failed(1))
        .unwrap();
    spool.begin(id(4), an_envelope()).unwrap();
    next(&reports);
    let dropped = [1, 2, 4, 5].map(|n| drop_in_folder(&root, id(n)).unwrap());
    assert_eq!(dropped, [true, true, false, false]);
    outbox.refresh().unwrap();
    assert_eq!(outbox.waiting(), [id(3)]);
    assert_eq!(
        outbox.finish(id(1), &Leg::Store, &[Leg::Store], None),
        Err(OutboxFault::Gone)
    );
    let files = |part: &str| std::fs::read_dir(root.join(part)).unwrap().count();
    assert_eq!([files("outbox"), files("dead"), files("taking")], [1, 0, 1]);
}

#[test]
fn a_dead_letter_that_is_dropped_is_missed_once_and_one_that_is_retried_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    for n in 1..=3 {
        keep(&spool, &reports, n);
        let legs = [Leg::Store];
        spool
            .outbox()
            .give_up(id(n), &Leg::Store, &legs, failed(1))
            .unwrap();
    }
    let (root, mailbox) = (config(folder.path()).folder, an_envelope().owner.mailbox);
    drop_in_folder(&root, id(1)).unwrap();
    retry_in_folder(&root, id(2)).unwrap();
    let outbox = spool.outbox();
    outbox.refresh().unwrap();
    assert_eq!(outbox.dropped(), [(id(1), mailbox.clone())]);
    outbox.refresh().unwrap();
    assert_eq!(outbox.dropped(), []);
    drop((outbox, spool));
    let (spool, _reports) = open(folder.path());
    drop_in_folder(&root, id(3)).unwrap();
    spool.outbox().refresh().unwrap();
    assert_eq!(spool.outbox().dropped(), [(id(3), mailbox)]);
}

#[test]
fn nobody_is_told_of_a_dead_letter_twice_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    keep(&spool, &reports, 1);
    let outbox = spool.outbox();
    outbox
        .give_up(id(1), &Leg::Store, &[Leg::Store], failed(1))
        .unwrap();
    drop((spool, outbox));
    let (spool, _) = open(folder.path());
    let letters = spool.outbox().untold().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].deposit.as_ref().unwrap().envelope, an_envelope());
    assert_eq!(letters[0].fates[&Leg::Store], Fate::GivenUp(failed(1)));
    spool.outbox().told(id(1)).unwrap();
    assert_eq!(spool.outbox().told(id(2)), Err(OutboxFault::Gone));
    drop(spool);
    let (spool, _) = open(folder.path());
    assert_eq!(spool.outbox().untold(), Ok(vec![]));
    let root = config(folder.path()).folder;
    retry_in_folder(&root, id(1)).unwrap();
    spool.outbox().refresh().unwrap();
    spool
        .outbox()
        .give_up(id(1), &Leg::Store, &[Leg::Store], failed(1))
        .unwrap();
    assert_eq!(
        spool.outbox().untold().unwrap().len(),
        1,
        "it died once more"
    );
}

#[test]
fn once_it_is_in_the_mailbox_a_message_is_no_longer_its_owners_here() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    keep(&spool, &reports, 1);
    let (outbox, legs) = (spool.outbox(), [Leg::Store, copy()]);
    let mailbox = an_envelope().owner.mailbox;
    let heard = Marks {
        heard: true,
        deleted: false,
    };
    outbox.mark(id(1), heard).unwrap();
    let finish = |marks| outbox.finish(id(1), &Leg::Store, &legs, marks);
    assert_eq!(finish(Some(Marks::default())), Err(OutboxFault::Changed));
    assert_eq!(outbox.waiting_for(&mailbox).len(), 1);
    assert_eq!(finish(Some(heard)), Ok(Standing::Waiting));
    assert_eq!(outbox.waiting_for(&mailbox), []);
    assert_eq!(outbox.deposit(id(1)), None);
    assert_eq!(outbox.mark(id(1), heard), Err(OutboxFault::Gone));
    assert_eq!(outbox.withdraw(id(1)), Err(OutboxFault::Gone));
    assert!(outbox.outgoing(id(1)).is_some(), "its copy is still to go");
    assert_eq!(
        outbox.finish(id(1), &copy(), &legs, None),
        Ok(Standing::Delivered)
    );
    assert_eq!(outbox.waiting(), []);
}

#[test]
fn a_withdrawn_message_is_gone_for_its_owner_while_its_copies_still_go() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    keep(&spool, &reports, 1);
    spool.outbox().withdraw(id(1)).unwrap();
    drop(spool);
    let (spool, _) = open(folder.path());
    let (outbox, legs) = (spool.outbox(), [Leg::Store, copy()]);
    assert_eq!(
        (outbox.deposit(id(1)), outbox.waiting()),
        (None, vec![id(1)])
    );
    let finish = |marks| outbox.finish(id(1), &Leg::Store, &legs, marks);
    assert_eq!(finish(Some(Marks::default())), Err(OutboxFault::Changed));
    assert_eq!(finish(None), Ok(Standing::Waiting));
    assert_eq!(
        outbox.give_up(id(1), &copy(), &legs, failed(1)),
        Ok(Standing::Delivered)
    );
}

#[test]
fn a_damaged_message_becomes_a_dead_letter_that_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let root = config(folder.path()).folder;
    std::fs::write(root.join(format!("outbox/{}", id(5))), b"rubbish").unwrap();
    spool.outbox().refresh().unwrap();
    assert_eq!(spool.outbox().waiting(), []);
    let listed = list_folder(&root).unwrap();
    assert_eq!((listed[0].id, listed[0].state), (id(5), SpoolState::Dead));
    assert_eq!(listed[0].mailbox, None);
}

#[test]
fn marks_and_attempts_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    keep(&spool, &reports, 1);
    let marks = Marks {
        heard: true,
        deleted: false,
    };
    spool.outbox().mark(id(1), marks).unwrap();
    drop(spool);
    let (spool, _) = open(folder.path());
    let outbox = spool.outbox();
    assert_eq!(outbox.deposit(id(1)).unwrap().marks, marks);
    assert_eq!(outbox.waiting_for(&an_envelope().owner.mailbox).len(), 1);
    let finished = outbox.finish(id(1), &Leg::Store, &[Leg::Store], Some(marks));
    assert_eq!(finished, Ok(Standing::Delivered));
    assert_eq!(
        std::fs::read_dir(config(folder.path()).folder.join("outbox"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_recording_that_is_tried_out_is_heard_again_and_is_never_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, reports) = open(folder.path());
    let begun = |take| Report::Begun {
        take,
        outcome: Ok(()),
    };
    for n in 1..=2 {
        spool.begin_scratch(id(n), Law::Mu).unwrap();
        assert_eq!(next(&reports), begun(id(n)));
        spool.intake().append(id(n), vec![n as u8; 8_000]).unwrap();
    }
    spool.load(id(1)).unwrap();
    let Report::Loaded {
        outcome: Ok(audio), ..
    } = next(&reports)
    else {
        panic!()
    };
    assert_eq!(audio.octets(Law::Mu), [1; 8_000]);
    let root = config(folder.path()).folder;
    assert_eq!(list_folder(&root).unwrap().len(), 0);
    assert_eq!(std::fs::read_dir(root.join("taking")).unwrap().count(), 0);

    spool.discard(id(1)).unwrap();
    assert_eq!(next(&reports), Report::Discarded { take: id(1) });
    spool.commit(id(2), facts()).unwrap();
    let outcome = Err(TakeFault::Unknown);
    let take = id(2);
    assert_eq!(next(&reports), Report::Kept { take, outcome });
    drop(spool);
    let (spool, _) = open(folder.path());
    assert_eq!(spool.outbox().waiting(), []);
    assert_eq!(spool.recovered().waiting, 0);
}
