//! Wrong passcodes over many calls: what locks, what a lock says, and what of it is remembered.

use super::*;
use crate::call::ChangeWork;
use crate::prompt::{Line, Phrase};
use crate::subscriber::Change;

/// What is said of a passcode for this mailbox in a call of its own: the first line.
fn told(office: &mut Office, mailbox: &str, right: bool) -> Line {
    let call = office.talks("1233");
    office.presses(call, &format!("*{mailbox}#1111#"));
    office.seen.clear();
    office.switch.handle_log_in(office.now, call, 1, right);
    office.collect();
    let said = office.seen.iter().find_map(|command| match command {
        Command::Say { phrases, .. } => phrases.first().cloned(),
        _ => None,
    });
    office.sip(sip::Event::Bye { call });
    match said.unwrap() {
        Phrase::Line(line) | Phrase::Choice(line, _) => line,
        other => panic!("{other:?}"),
    }
}

#[test]
fn wrong_passcodes_are_counted_by_mailbox_and_by_source_and_a_lock_tells_nothing() {
    let mut office = Office::new();
    for mailbox in ["2001", "2002", "2003", "2001", "9"] {
        assert_eq!(told(&mut office, mailbox, false), Line::LoginWrong);
    }
    for right in [true, false, true] {
        assert_eq!(told(&mut office, "2001", right), Line::LoginLocked);
    }
    office.caller = "0687654321";
    assert_eq!(told(&mut office, "2001", true), Line::MainVoicemail);
    for _ in 0..5 {
        assert_eq!(told(&mut office, "2001", false), Line::LoginWrong);
    }
    office.caller = "0600000000";
    for right in [true, false] {
        assert_eq!(told(&mut office, "2001", right), Line::LoginLocked);
    }
    office.pass(Duration::from_secs(60));
    assert_eq!(told(&mut office, "2001", true), Line::MainVoicemail);
}

#[test]
fn a_passcode_is_checked_during_a_lock_too_so_that_the_time_taken_tells_nothing() {
    let mut office = Office::new();
    for _ in 0..5 {
        told(&mut office, "2001", false);
    }
    let call = office.talks("1233");
    office.presses(call, "*2001#1111#");
    let asked = office.seen.iter().filter(|c| match c {
        Command::LogIn { call: who, .. } => *who == call,
        _ => false,
    });
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_lock_is_remembered_and_holds_after_a_restart_until_somebody_lifts_it() {
    let mut office = Office::new();
    let mut remembered = Vec::new();
    for _ in 0..5 {
        told(&mut office, "2001", false);
        let locks = office.seen.iter().filter_map(|command| match command {
            Command::Remember(guarded, lock) => Some((guarded.clone(), *lock)),
            _ => None,
        });
        remembered.extend(locks);
    }
    let mut office = Office::new();
    for (guarded, lock) in remembered {
        office.switch.set_lock(office.now, guarded, lock);
    }
    office.caller = "0600000000";
    assert_eq!(told(&mut office, "2001", true), Line::LoginLocked);
    let mailbox = Guarded::Mailbox(MailboxId::parse("2001").unwrap());
    let nothing = Lock::none(office.now.wall);
    office.switch.set_lock(office.now, mailbox, nothing);
    assert_eq!(told(&mut office, "2001", true), Line::MainVoicemail);
}

#[test]
fn an_accepted_log_in_is_counted_for_the_subscriber_and_a_refused_one_is_not() {
    let mut office = Office::new();
    let counted = |office: &Office| {
        let orders = office.seen.iter().filter_map(|command| match command {
            Command::Change(order) => Some(order.work.clone()),
            _ => None,
        });
        orders.collect::<Vec<_>>()
    };
    told(&mut office, "2001", false);
    assert_eq!(counted(&office), []);
    told(&mut office, "2001", true);
    assert_eq!(counted(&office), [ChangeWork::Set(Change::LoggedIn)]);
}
