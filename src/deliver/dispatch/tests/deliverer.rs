//! Delivery with couriers that say what they are told to say.

use crate::base::{MailboxId, MessageId, Timestamp};
use crate::deliver::tests::outbox::Fake;
use crate::deliver::tests::{Place, deposit, id, mailbox, profile, roster};
use crate::deliver::{
    Bounds, Courier, Couriers, Deliverer, Errand, Event, Fault, Notice, Notify, Receipt, Statistics,
};
use crate::mailbox::{Attempts, Fate, Ledger, Leg, Marks, Outbox, Step};
use crate::mime::MailAddress;
use crate::subscriber::{Delivery, ImapAccount, Mode, Profile, Roster, Secret};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Answer = Result<Receipt, Fault>;

/// A courier that says what it is told to say, and tells what it was asked.
struct Scripted<F> {
    asked: Sender<(MessageId, Leg)>,
    answer: F,
}

impl<F: Fn(&Errand<'_>) -> Answer + Send + Sync> Courier for Scripted<F> {
    fn deliver(&self, errand: &Errand<'_>) -> Answer {
        let answer = (self.answer)(errand);
        let _heard = self.asked.send((errand.deposit.id, errand.leg.clone()));
        answer
    }
}

fn scripted(
    answer: impl Fn(&Errand<'_>) -> Answer + Send + Sync + 'static,
) -> (Arc<dyn Courier>, Receiver<(MessageId, Leg)>) {
    let (asked, heard) = channel();
    (Arc::new(Scripted { asked, answer }), heard)
}

/// A courier that succeeds.
fn willing() -> (Arc<dyn Courier>, Receiver<(MessageId, Leg)>) {
    scripted(|_| delivered())
}

// As couriers say it.
#[allow(clippy::unnecessary_wraps)]
fn delivered() -> Answer {
    Ok(Receipt::Delivered("x".into()))
}

/// Answers from a list, its last one first; then yes.
fn in_turn(answers: Vec<Answer>) -> impl Fn(&Errand<'_>) -> Answer + Send + Sync {
    let answers = Mutex::new(answers);
    move |_| answers.lock().unwrap().pop().unwrap_or_else(delivered)
}

/// Writes every step down.
#[derive(Default)]
struct Steps(Mutex<Vec<(MessageId, Step)>>);

impl Ledger for Steps {
    fn note(&self, _: &MailboxId, message: MessageId, step: Step) {
        self.0.lock().unwrap().push((message, step));
    }
}

/// Tells the test instead of people.
struct Told {
    notices: Sender<Notice>,
    answers: Mutex<Vec<Result<(), Fault>>>,
}

impl Notify for Told {
    fn notify(&self, notice: &Notice) -> Result<(), Fault> {
        let _heard = self.notices.send(notice.clone());
        self.answers.lock().unwrap().pop().unwrap_or(Ok(()))
    }
}

fn told(answers: Vec<Result<(), Fault>>) -> (Arc<Told>, Receiver<Notice>) {
    let (notices, heard) = channel();
    let answers = Mutex::new(answers);
    (Arc::new(Told { notices, answers }), heard)
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn copy() -> Leg {
    Leg::Copy(address("copy@example.nl"))
}

fn one(delivery: Delivery) -> Arc<Roster> {
    let profile = Profile {
        delivery,
        ..profile()
    };
    Arc::new(Roster::new([profile]).unwrap())
}

fn with_copy() -> Arc<Roster> {
    one(Delivery {
        copies: vec![address("copy@example.nl")],
        ..Delivery::local()
    })
}

/// Running delivery, and what it tells.
struct Running {
    deliverer: Deliverer,
    events: Receiver<Event>,
    steps: Arc<Steps>,
}

fn start(couriers: Couriers, outbox: &Arc<Fake>, roster: Arc<Roster>) -> Running {
    let (event, events) = channel();
    let steps = Arc::new(Steps::default());
    let outbox = Arc::clone(outbox) as Arc<dyn Outbox>;
    let ledger = Arc::clone(&steps) as Arc<dyn Ledger>;
    let tell = move |e| drop(event.send(e));
    Running {
        deliverer: Deliverer::start(couriers, outbox, roster, ledger, tell).unwrap(),
        events,
        steps,
    }
}

impl Running {
    fn stop(mut self) -> Statistics {
        self.deliverer.end();
        self.deliverer.statistics()
    }

    fn event(&self) -> Event {
        next(&self.events)
    }
}

fn next<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(Duration::from_secs(20)).unwrap()
}

fn failed(outbox: &Fake, n: u128, leg: &Leg) -> Attempts {
    match outbox.fate(id(n), leg) {
        Fate::Waiting(attempts) => attempts,
        fate @ (Fate::Done | Fate::GivenUp(_)) => panic!("{fate:?}"),
    }
}

fn dead(outbox: &Fake) -> Vec<MessageId> {
    outbox.state().dead.keys().copied().collect()
}

fn ids(asked: &Receiver<(MessageId, Leg)>) -> Vec<MessageId> {
    asked.try_iter().map(|(id, _)| id).collect()
}

#[test]
fn messages_leave_the_outbox_in_order_once_their_courier_has_them() {
    let outbox = Fake::with([deposit(2), deposit(1)]);
    let (courier, asked) = willing();
    let running = start(Couriers::new(courier), &outbox, roster());
    let steps = Arc::clone(&running.steps);
    assert_eq!(running.stop().delivered, 2);
    assert_eq!(ids(&asked), [1, 2].map(id));
    assert_eq!(outbox.waiting(), []);
    let (leg, number, reply) = (Leg::Store, 1, "x".to_owned());
    let attempt = Step::Attempt {
        leg: leg.clone(),
        number,
    };
    let accepted = Step::Accepted { leg, reply };
    let steps = steps.0.lock().unwrap();
    assert_eq!(steps[..2], [(id(1), attempt), (id(1), accepted)]);
}

#[test]
fn a_failed_delivery_is_written_down_and_holds_up_only_its_own_mailbox() {
    let mut other = deposit(3);
    other.envelope.owner.mailbox = MailboxId::parse("2002").unwrap();
    let outbox = Fake::with([deposit(1), deposit(2), other]);
    let (courier, asked) = scripted(|errand| {
        if errand.deposit.id == id(1) {
            return Err(Fault::operator("no room".into()));
        }
        delivered()
    });
    let running = start(Couriers::new(courier), &outbox, roster());
    assert_eq!(running.stop().failed, 1);
    let mut asked = ids(&asked);
    asked.sort();
    assert_eq!(asked, [1, 3].map(id));
    assert_eq!(outbox.waiting(), [1, 2].map(id));
    let attempts = failed(&outbox, 1, &Leg::Store);
    assert_eq!(
        (attempts.failed, attempts.last_error.as_deref()),
        (1, Some("no room"))
    );
    assert!(attempts.next.is_some_and(|next| next > Timestamp::now()));
}

#[test]
fn what_can_never_be_delivered_is_a_dead_letter_and_the_next_one_goes_on() {
    let mut damaged = deposit(1);
    damaged.envelope.call_id = "damaged".into();
    let outbox = Fake::with([damaged, deposit(2), deposit(3)]);
    let (courier, asked) = scripted(in_turn(vec![Err(Fault::rejected("for good".into()))]));
    let running = start(Couriers::new(courier), &outbox, roster());
    let dead_now = |n| Event::Dead(mailbox(), id(n));
    assert_eq!(running.event(), dead_now(1));
    assert_eq!(running.event(), dead_now(2));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(3)));
    assert_eq!(running.stop().dead, 2);
    assert_eq!(ids(&asked), [2, 3].map(id));
    assert_eq!(dead(&outbox), [1, 2].map(id));
    let fates = &outbox.state().dead[&id(2)].fates;
    let why = fates[&Leg::Store].attempts().last_error;
    assert_eq!(why.as_deref(), Some("for good"));
}

#[test]
fn a_dead_letter_that_an_operator_drops_is_written_down() {
    let outbox = Fake::with([deposit(1)]);
    let (courier, _asked) = scripted(in_turn(vec![Err(Fault::rejected("for good".into()))]));
    let running = start(Couriers::new(courier), &outbox, roster());
    assert_eq!(running.event(), Event::Dead(mailbox(), id(1)));
    outbox.drop_message(id(1));
    outbox.put(deposit(2));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(2)));
    let steps = running.steps.0.lock().unwrap();
    assert!(steps.contains(&(id(1), Step::Dropped)), "{steps:?}");
    drop(steps);
    running.stop();
}

#[test]
fn a_delivered_message_that_stays_in_the_outbox_is_not_delivered_twice() {
    let place = Place::new();
    let outbox = Fake::with([deposit(1)]);
    outbox.state().stuck = 1;
    for _ in 0..2 {
        let forgiven = Attempts::default();
        outbox.note(id(1), &Leg::Store, forgiven).unwrap();
        let courier = Arc::new(place.maildir.clone());
        start(Couriers::new(courier), &outbox, roster()).stop();
    }
    assert_eq!(outbox.waiting(), []);
    assert_eq!(place.files("new").len(), 1);
}

#[test]
fn mail_that_was_taken_is_not_sent_again_because_our_disk_is_full() {
    let outbox = Fake::with([deposit(1)]);
    outbox.state().stuck = 1;
    let (courier, asked) = willing();
    let running = start(Couriers::new(courier), &outbox, roster());
    next(&asked);
    while failed_or_gone(&outbox) == Some(0) {
        std::thread::yield_now();
    }
    outbox.retry(id(1));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(1)));
    assert_eq!(ids(&asked), [], "the courier was not asked again");
    assert_eq!(outbox.waiting(), []);
    running.stop();
}

/// How often the first message failed; `None` once it is gone.
fn failed_or_gone(outbox: &Fake) -> Option<u32> {
    outbox.outgoing(id(1))?;
    Some(outbox.fate(id(1), &Leg::Store).attempts().failed)
}

#[test]
fn a_copy_that_is_refused_does_not_keep_the_message_from_its_mailbox() {
    let outbox = Fake::with([deposit(1)]);
    let (local, stored) = willing();
    let (mail, sent) = scripted(|_| Err(Fault::rejected("no such user".into())));
    let running = start(Couriers::new(local).mail(mail), &outbox, with_copy());
    let statistics = running.stop();
    assert_eq!(next(&stored), (id(1), Leg::Store));
    assert_eq!(next(&sent), (id(1), copy()));
    assert_eq!(
        (statistics.delivered, statistics.failed, statistics.dead),
        (1, 1, 0)
    );
    assert!(outbox.waiting().is_empty() && dead(&outbox).is_empty());
}

#[test]
fn a_copy_goes_out_also_when_the_message_has_long_been_in_its_mailbox() {
    let outbox = Fake::with([deposit(1)]);
    let (local, _stored) = willing();
    let tries = Mutex::new(vec![Err(Fault::down("not there".into()))]);
    let (mail, sent) = scripted(move |errand| match tries.lock().unwrap().pop() {
        Some(answer) => answer,
        None if (errand.marks)().is_some() => delivered(),
        None => Ok(Receipt::Withdrawn),
    });
    let couriers = Couriers::new(local).mail(mail);
    start(couriers.clone(), &outbox, with_copy()).stop();
    assert_eq!(outbox.waiting_for(&mailbox()), [], "it is in its mailbox");
    outbox.retry(id(1));
    let statistics = start(couriers, &outbox, with_copy()).stop();
    assert_eq!(ids(&sent).len(), 2);
    assert_eq!((statistics.delivered, statistics.withdrawn), (1, 0));
}

#[test]
fn a_retry_after_a_restart_goes_only_where_the_message_has_not_been() {
    let outbox = Fake::with([deposit(1)]);
    let (local, stored) = willing();
    let (mail, sent) = scripted(in_turn(vec![Err(Fault::down("not there".into()))]));
    let couriers = Couriers::new(local).mail(mail);
    start(couriers.clone(), &outbox, with_copy()).stop();
    assert_eq!((ids(&stored).len(), ids(&sent).len()), (1, 1));
    assert_eq!(outbox.waiting_for(&mailbox()), []);
    assert_eq!(failed(&outbox, 1, &copy()).failed, 1);
    outbox.retry(id(1));
    start(couriers, &outbox, with_copy()).stop();
    assert_eq!((ids(&stored).len(), ids(&sent).len()), (0, 1));
    assert_eq!(outbox.waiting(), []);
}

#[test]
fn what_the_owner_does_while_the_courier_is_under_way_is_brought_after() {
    let outbox = Fake::with([deposit(1)]);
    let heard = Marks {
        heard: true,
        deleted: false,
    };
    let meanwhile = Arc::clone(&outbox);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let (courier, asked) = scripted(move |errand| {
        sees.lock().unwrap().push((errand.marks)());
        meanwhile.mark(id(1), heard).unwrap();
        delivered()
    });
    start(Couriers::new(courier), &outbox, roster()).stop();
    assert_eq!(ids(&asked).len(), 2);
    assert_eq!(*seen.lock().unwrap(), [Some(Marks::default()), Some(heard)]);
    assert_eq!(outbox.waiting(), []);
}

#[test]
fn a_message_withdrawn_under_way_is_taken_out_of_the_mailbox_again() {
    let outbox = Fake::with([deposit(1)]);
    let meanwhile = Arc::clone(&outbox);
    let (courier, asked) = scripted(move |errand| {
        if (errand.marks)().is_none() {
            return Ok(Receipt::Withdrawn);
        }
        meanwhile.withdraw(id(1)).unwrap();
        delivered()
    });
    let statistics = start(Couriers::new(courier), &outbox, roster()).stop();
    assert_eq!(ids(&asked).len(), 2);
    assert_eq!((statistics.withdrawn, statistics.delivered), (1, 0));
    assert_eq!(outbox.waiting(), []);
}

#[test]
fn an_owner_who_never_rests_keeps_no_worker_busy() {
    let outbox = Fake::with([deposit(1)]);
    let meanwhile = Arc::clone(&outbox);
    let (courier, asked) = scripted(move |errand| {
        let marks = (errand.marks)().unwrap();
        let heard = !marks.heard;
        meanwhile.mark(id(1), Marks { heard, ..marks }).unwrap();
        delivered()
    });
    start(Couriers::new(courier), &outbox, roster()).stop();
    assert!(ids(&asked).len() < 10);
    assert_eq!(failed(&outbox, 1, &Leg::Store).failed, 1);
}

#[test]
fn a_subscriber_or_courier_that_is_missing_is_for_the_operator_to_mend() {
    let account = Mode::Mailbox(ImapAccount {
        server: "office".into(),
        user: "2001".into(),
        secret: Secret::File("secret".into()),
        folder: "INBOX".into(),
    });
    let imap = one(Delivery {
        mode: account,
        ..Delivery::local()
    });
    for (roster, word) in [
        (Arc::new(Roster::default()), "2001"),
        (Arc::clone(&imap), "office"),
    ] {
        let outbox = Fake::with([deposit(1)]);
        let (courier, asked) = willing();
        start(Couriers::new(courier), &outbox, roster).stop();
        assert_eq!(ids(&asked), []);
        let why = failed(&outbox, 1, &Leg::Store).last_error.unwrap();
        assert!(why.contains(word), "{why}");
        outbox.retry(id(1));
        let ((local, _), (office, asked)) = (willing(), willing());
        let couriers = Couriers::new(local).imap("office", office);
        start(couriers, &outbox, Arc::clone(&imap)).stop();
        assert_eq!(ids(&asked), [id(1)]);
        assert_eq!(outbox.waiting(), []);
    }
}

#[test]
fn a_target_that_hangs_holds_up_no_other() {
    let outbox = Fake::with((1..=6).map(deposit));
    let (go_on, hang) = channel::<()>();
    let hang = Mutex::new(hang);
    let (mail, _sent) = scripted(move |_| {
        let _gone = hang.lock().unwrap().recv();
        delivered()
    });
    let (local, _stored) = willing();
    let bounds = Bounds {
        workers: 3,
        per_target: 1,
    };
    let couriers = Couriers::new(local).mail(mail).bounds(bounds);
    let running = start(couriers, &outbox, with_copy());
    for n in 1..=6 {
        assert_eq!(running.event(), Event::Stored(mailbox(), id(n)));
    }
    assert_eq!(outbox.waiting().len(), 6, "the copies are still to go");
    drop(go_on);
    running.stop();
    assert_eq!(outbox.waiting(), []);
}

#[test]
fn a_courier_that_breaks_breaks_its_errand_only() {
    let outbox = Fake::with([deposit(1)]);
    let mut other = deposit(2);
    other.envelope.owner.mailbox = MailboxId::parse("2002").unwrap();
    outbox.put(other);
    let (courier, _asked) = scripted(|errand| {
        assert_ne!(errand.deposit.id, id(1), "a bug");
        delivered()
    });
    let bounds = Bounds {
        workers: 1,
        per_target: 1,
    };
    start(Couriers::new(courier).bounds(bounds), &outbox, roster()).stop();
    assert_eq!(outbox.waiting(), [id(1)]);
    assert_eq!(failed(&outbox, 1, &Leg::Store).failed, 1);
}

#[test]
fn people_are_told_of_a_dead_letter_once_at_addresses_that_are_not_at_fault() {
    let outbox = Fake::with([deposit(1)]);
    let own = one(Delivery {
        mode: Mode::Email(vec![address("full@example.nl"), address("good@example.nl")]),
        copies: vec![address("copy@example.nl")],
        ..Delivery::local()
    });
    let couriers = |notify: &Arc<Told>| {
        let ((local, _), (mail, _)) = (
            willing(),
            scripted(|errand| match errand.leg.address() {
                Some(a) if a.as_str() == "full@example.nl" => {
                    Err(Fault::rejected("no such user".into()))
                }
                Some(_) | None => delivered(),
            }),
        );
        let notify = Arc::clone(notify) as Arc<dyn Notify>;
        Couriers::new(local).mail(mail).notify(notify)
    };
    let (notify, notices) = told(vec![Err(Fault::later("not now".into()))]);
    let running = start(couriers(&notify), &outbox, Arc::clone(&own));
    next(&notices);
    running.stop();
    let again = start(couriers(&notify), &outbox, Arc::clone(&own));
    let Notice::DeadLetter(letter) = next(&notices) else {
        panic!()
    };
    assert_eq!(letter.letter.id, id(1));
    let good: Vec<_> = letter.to_owner.iter().map(MailAddress::as_str).collect();
    assert_eq!(good, ["copy@example.nl", "good@example.nl"]);
    assert_eq!(letter.owner.unwrap().mailbox, mailbox());
    again.stop();
    start(couriers(&notify), &outbox, own).stop();
    assert!(notices.try_recv().is_err(), "nobody is told twice");
}

#[test]
fn a_full_mailbox_is_remembered_and_its_owner_told_once_until_there_is_room() {
    let outbox = Fake::with([deposit(1), deposit(2)]);
    let full = || Err(Fault::full("over quota".into()));
    let (local, asked) = scripted(in_turn(vec![full(), full()]));
    let ((mail, _), (notify, notices)) = (willing(), told(vec![]));
    let couriers = Couriers::new(local).mail(mail).notify(notify);
    let running = start(couriers, &outbox, with_copy());
    assert_eq!(running.event(), Event::Full(mailbox()));
    assert!(running.deliverer.is_full(&mailbox()));
    let Notice::MailboxFull(notice) = next(&notices) else {
        panic!()
    };
    assert_eq!(notice.to_owner, [address("copy@example.nl")]);
    assert_eq!(notice.what, "over quota");
    next(&asked);
    let next_try = failed(&outbox, 1, &Leg::Store).next.unwrap();
    let wait = next_try.duration_since(Timestamp::now());
    assert!(wait.as_mins() > 40, "{wait}");
    outbox.retry(id(1));
    next(&asked);
    outbox.retry(id(1));
    assert_eq!(running.event(), Event::NotFull(mailbox()));
    assert!(!running.deliverer.is_full(&mailbox()));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(1)));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(2)));
    running.stop();
    assert!(notices.try_recv().is_err(), "once a day");
}

#[test]
fn what_an_operator_drops_is_forgotten_and_written_down() {
    let outbox = Fake::with([deposit(1)]);
    let (courier, asked) = scripted(in_turn(vec![Err(Fault::later("busy".into()))]));
    let running = start(Couriers::new(courier), &outbox, roster());
    next(&asked);
    outbox.drop_message(id(1));
    assert_eq!(running.event(), Event::Dropped(mailbox(), id(1)));
    let steps = running.steps.0.lock().unwrap();
    let dropped = steps.iter().filter(|(_, step)| *step == Step::Dropped);
    assert_eq!(dropped.count(), 1);
    drop(steps);
    outbox.put(deposit(1));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(1)));
    running.stop();
}

#[test]
fn a_dead_letter_that_is_retried_is_delivered_and_that_is_written_down() {
    let outbox = Fake::with([deposit(1)]);
    let (courier, _asked) = scripted(in_turn(vec![Err(Fault::rejected("no".into()))]));
    let running = start(Couriers::new(courier), &outbox, roster());
    assert_eq!(running.event(), Event::Dead(mailbox(), id(1)));
    outbox.retry(id(1));
    assert_eq!(running.event(), Event::Stored(mailbox(), id(1)));
    let steps = Arc::clone(&running.steps);
    running.stop();
    let steps = steps.0.lock().unwrap();
    let steps: Vec<_> = steps.iter().map(|(_, step)| step.clone()).collect();
    assert!(
        matches!(
            steps.as_slice(),
            [
                Step::Attempt { number: 1, .. },
                Step::Failed { next: None, .. },
                Step::Dead,
                Step::Retried,
                Step::Attempt { number: 1, .. },
                Step::Accepted { .. },
            ]
        ),
        "{steps:?}"
    );
}
