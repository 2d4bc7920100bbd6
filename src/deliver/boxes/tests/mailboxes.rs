//! Questions to the mailbox threads.

use super::memory::Memory;
use crate::base::{MailboxId, Mono, Pii};
use crate::deliver::tests::outbox::Fake;
use crate::deliver::tests::{deposit, id, mailbox, profile};
use crate::deliver::{
    Answer, Answered, Auth, ImapServer, Mailboxes, QUESTIONS_MAX, Question, Stores, Tls, Token,
    Truth,
};
use crate::mailbox::{Command, Fault, NoLedger, Reply};
use crate::subscriber::{ImapAccount, Mode, Profile, Roster, Secret};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn server(name: &str, connections: usize, watch_connections: usize) -> ImapServer {
    ImapServer {
        name: name.into(),
        host: "localhost".into(),
        port: 143,
        tls: Tls::Off,
        ca_file: None,
        auth: Auth::Password,
        connections,
        watch_connections,
        poll: Duration::from_millis(50),
        timeout: Duration::from_secs(1),
    }
}

/// The subscriber with this mailbox at the IMAP server `far`.
pub(super) fn far(number: &str) -> Profile {
    let mut far = profile();
    far.mailbox = MailboxId::parse(number).unwrap();
    far.delivery.mode = Mode::Mailbox(ImapAccount {
        server: "far".into(),
        user: number.into(),
        secret: Secret::Text(Pii::new("secret".into())),
        folder: "INBOX".into(),
    });
    far
}

/// One mailbox here and two at a server that takes two questions at a time.
struct Office {
    here: Memory,
    far: Memory,
    mailboxes: Mailboxes,
    answers: Receiver<Answered>,
    changed: Receiver<MailboxId>,
    /// Seconds since the start.
    now: Arc<AtomicU64>,
}

impl Office {
    fn open() -> Office {
        let (here, away) = (Memory::default(), Memory::default());
        let stores = Stores::new(Arc::new(here.clone())).imap("far", Arc::new(away.clone()));
        let outbox = Fake::with([deposit(1)]);
        let truth = Arc::new(Truth::new(stores, outbox, Arc::new(NoLedger)));
        let roster = Roster::new([profile(), far("3001"), far("3002")]).unwrap();
        let (answer, answers) = channel();
        let (change, changed) = channel();
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let mailboxes = Mailboxes::with_clock(
            truth,
            Arc::new(roster),
            &[server("far", 4, 0)],
            Arc::new(move || Mono::since_start(Duration::from_secs(clock.load(Ordering::SeqCst)))),
            move |mailbox: &MailboxId| change.send(mailbox.clone()).unwrap(),
            move |answered| answer.send(answered).unwrap(),
        );
        Office {
            here,
            far: away,
            mailboxes: mailboxes.unwrap(),
            answers,
            changed,
            now,
        }
    }

    fn ask(&self, token: u64, number: &str, question: Question) {
        let mailbox = MailboxId::parse(number).unwrap();
        self.mailboxes.ask(Token(token), mailbox, question).unwrap();
    }

    fn next(&self) -> Answered {
        self.answers.recv_timeout(PATIENCE).unwrap()
    }
}

#[test]
fn a_slow_mailbox_holds_up_neither_its_neighbour_nor_this_machine() {
    let office = Office::open();
    let slow = MailboxId::parse("3001").unwrap();
    office.far.slow(&slow, true);
    office.ask(1, "3001", Question::Tally);
    office.ask(2, "3001", Question::Command(Command::List));
    office.ask(3, "3002", Question::Tally);
    assert_eq!(office.next().token, Token(3));
    office.ask(4, "2001", Question::Tally);
    assert_eq!(office.next().token, Token(4));
    office.far.slow(&slow, false);
    let tokens = [office.next().token, office.next().token];
    assert_eq!(tokens, [Token(1), Token(2)], "in their order");
}

#[test]
fn a_store_that_breaks_answers_once_and_is_asked_again() {
    let office = Office::open();
    office.here.broken(true);
    for (token, question) in [
        (1, Question::Tally),
        (2, Question::Command(Command::Expunge)),
        (3, Question::Audio(id(9))),
    ] {
        office.ask(token, "2001", question);
    }
    assert_eq!(office.next().answer, Answer::Tally(Err(Fault::Unavailable)));
    let failed = Reply::Failed(Command::Expunge, Fault::Unavailable);
    assert_eq!(office.next().answer, Answer::Reply(failed));
    let audio = Answer::Audio(id(9), Err(Fault::Unavailable));
    assert_eq!(office.next().answer, audio);
    office.here.broken(false);
    office.ask(4, "2001", Question::Tally);
    assert!(matches!(office.next().answer, Answer::Tally(Ok(_))));
}

#[test]
fn a_question_that_waited_too_long_is_answered_without_asking_the_store() {
    let office = Office::open();
    office.here.slow(&mailbox(), true);
    office.ask(1, "2001", Question::Tally);
    office.ask(2, "2001", Question::Tally);
    while office.here.asked() == 0 {
        thread::yield_now();
    }
    office.now.store(11, Ordering::SeqCst);
    office.ask(3, "2001", Question::Tally);
    office.here.slow(&mailbox(), false);
    assert!(matches!(office.next().answer, Answer::Tally(Ok(_))));
    assert_eq!(office.next().answer, Answer::Tally(Err(Fault::Unavailable)));
    assert!(matches!(office.next().answer, Answer::Tally(Ok(_))));
    assert_eq!(office.here.asked(), 2);
}

#[test]
fn a_server_that_times_out_is_waited_for_twice_and_then_costs_nobody_a_wait() {
    let office = Office::open();
    let listed = |answered: Answered| match answered.answer {
        Answer::Reply(Reply::Listed(listing)) => listing.partial,
        other => panic!("{other:?}"),
    };
    let list = Question::Command(Command::List);
    let both = ["3001", "3002"].map(|number| MailboxId::parse(number).unwrap());
    both.iter()
        .for_each(|mailbox| office.far.slow(mailbox, true));
    office.ask(1, "3001", list.clone());
    office.ask(2, "3002", list.clone());
    while office.far.asked() < 2 {
        thread::yield_now();
    }
    office.now.store(9, Ordering::SeqCst);
    office.far.down(true);
    office.far.slow(&both[0], false);
    assert!(listed(office.next()));
    let (far, slow) = (office.far.clone(), both.clone());
    office
        .far
        .while_asked(move || slow.iter().for_each(|mailbox| far.slow(mailbox, true)));
    office.far.slow(&both[1], false);
    assert!(listed(office.next()));
    // What is asked now would wait for ever; only the probe does.
    while office.far.asked() < 3 {
        thread::yield_now();
    }
    for token in 3..40 {
        office.ask(token, ["3001", "3002"][token as usize % 2], list.clone());
        assert!(listed(office.next()));
    }
    assert_eq!(office.far.asked(), 3, "one probe and no more");
    office.ask(40, "2001", list.clone());
    assert!(!listed(office.next()), "this machine is another matter");
    office.far.while_asked(|| ());
    office.far.down(false);
    both.iter()
        .for_each(|mailbox| office.far.slow(mailbox, false));
    let mut token = 41;
    while {
        office.ask(token, "3001", list.clone());
        listed(office.next())
    } {
        token += 1;
    }
}

#[test]
fn a_server_that_says_no_at_once_is_asked_every_time() {
    let office = Office::open();
    office.far.down(true);
    for token in 1..6 {
        office.ask(token, "3001", Question::Tally);
        assert_eq!(office.next().answer, Answer::Tally(Err(Fault::Unavailable)));
    }
    office.far.down(false);
    office.ask(6, "3001", Question::Tally);
    assert!(matches!(office.next().answer, Answer::Tally(Ok(_))));
}

#[test]
fn a_mailbox_that_nobody_has_is_out_of_reach() {
    let office = Office::open();
    office.ask(1, "4001", Question::Tally);
    let answered = office.next();
    assert_eq!(answered.mailbox.as_str(), "4001");
    assert_eq!(answered.answer, Answer::Tally(Err(Fault::Unavailable)));
    assert_eq!(office.here.asked(), 0);
}

#[test]
fn a_change_is_told_of_after_its_answer_and_a_look_is_none() {
    let office = Office::open();
    office.ask(1, "2001", Question::Command(Command::List));
    office.ask(2, "2001", Question::Command(Command::MarkHeard(id(7))));
    office.ask(3, "2001", Question::Command(Command::MarkHeard(id(1))));
    for _ in 0..3 {
        office.next();
    }
    assert_eq!(office.changed.recv_timeout(PATIENCE), Ok(mailbox()));
    drop(office.mailboxes);
    assert!(office.changed.try_recv().is_err());
}

#[test]
fn questions_are_bounded_and_each_has_its_answer_when_the_server_ends() {
    let office = Office::open();
    office.here.slow(&mailbox(), true);
    office.ask(0, "2001", Question::Tally);
    let mut asked = 1;
    while office
        .mailboxes
        .ask(Token(asked), mailbox(), Question::Tally)
        .is_ok()
    {
        asked += 1;
        assert!(asked <= QUESTIONS_MAX as u64 + 1, "no bound");
    }
    office.here.slow(&mailbox(), false);
    drop(office.mailboxes);
    let tokens: Vec<u64> = office.answers.iter().map(|a| a.token.0).collect();
    assert_eq!(tokens, (0..asked).collect::<Vec<_>>());
}
