//! What callers hear of whoever recorded a name and greetings, or is away; every combination is
//! held against a model of its own.

use super::*;
use crate::base::{Date, DialString, RecordingId};
use crate::prompt::Say;
use crate::subscriber::{Away, RecordingKind, Services};
use std::sync::Arc;
use uuid::Uuid;

/// The recording of a kind.
fn recording(kind: RecordingKind) -> RecordingId {
    RecordingId(Uuid::from_u128(100 + kind as u128))
}

/// Every set of recordings.
fn recorded() -> impl Iterator<Item = Services> {
    (0..1 << RecordingKind::ALL.len()).map(|set| {
        let has = |kind: RecordingKind| (set >> kind as u32 & 1 == 1).then(|| recording(kind));
        Services {
            name: has(RecordingKind::Name),
            busy_greeting: has(RecordingKind::Busy),
            no_answer_greeting: has(RecordingKind::NoAnswer),
            away_greeting: has(RecordingKind::Away),
            ..Services::default()
        }
    })
}

/// A caller to whoever has set this.
fn caller(services: &Services, reason: Option<Reason>, admission: Admission) -> Phone {
    let owner = profile(true);
    let mut book = ServiceBook::default();
    book.set(owner.mailbox.clone(), Arc::new(services.clone()));
    let setup = DepositSetup {
        owner,
        reason,
        admission,
    };
    Phone::answered_where(Conversation::deposit(setup), Settings::default(), book)
}

/// Which greeting is heard: a row for each kind of reason, by hand.
fn expected_kind(reason: Option<Reason>, away: bool) -> (RecordingKind, Line) {
    match reason {
        _ if away => (RecordingKind::Away, Line::GreetingAway),
        Some(Reason::Busy | Reason::DoNotDisturb) => (RecordingKind::Busy, Line::GreetingBusy),
        Some(Reason::NoAnswer) => (RecordingKind::NoAnswer, Line::GreetingNoAnswer),
        _ => (RecordingKind::NoAnswer, Line::GreetingUnavailable),
    }
}

/// The whole greeting: its own words, what is said behind it, and what stands in for a lost
/// recording.
fn expected(
    services: &Services,
    (kind, line): (RecordingKind, Line),
    refused: bool,
    admission: Admission,
) -> Vec<Phrase> {
    let number = Phrase::Say(Say::Number(DialString::parse("2001").unwrap()));
    let name = match services.name {
        Some(name) => Phrase::Recorded(name, vec![number]),
        None => number,
    };
    let mut system = vec![
        Phrase::Line(Line::GreetingReached),
        name,
        Phrase::Line(line),
    ];
    let mut behind = Vec::new();
    match admission {
        _ if refused => system.push(Phrase::Line(Line::NoMessageNow)),
        Admission::Open => {
            system.extend([Line::LeaveMessage, Line::FinishRecording].map(Phrase::Line));
        }
        Admission::NoDisk => behind.push(Phrase::Line(Line::DepositUnavailable)),
        Admission::MailboxFull => behind.push(Phrase::Line(Line::MailboxFull)),
    }
    let mut words = match services.recording(kind) {
        Some(own) => vec![Phrase::Recorded(own, system)],
        None => system,
    };
    words.extend(behind);
    words
}

#[test]
fn every_caller_hears_the_greeting_that_is_meant_for_the_reason() {
    let reasons = [
        Some(Reason::Busy),
        Some(Reason::DoNotDisturb),
        Some(Reason::NoAnswer),
        Some(Reason::Unconditional),
        Some(Reason::NotReachable),
        Some(Reason::Deflected),
        None,
    ];
    let admissions = [Admission::Open, Admission::NoDisk, Admission::MailboxFull];
    let mut cases = 0;
    for recorded in recorded() {
        for (away, (holds, refused)) in absences().into_iter().zip(HOLDS) {
            let services = Services {
                away,
                ..recorded.clone()
            };
            for reason in reasons {
                for admission in admissions {
                    let phone = caller(&services, reason, admission);
                    let kind = expected_kind(reason, holds);
                    let words = expected(&services, kind, refused, admission);
                    assert_eq!(
                        phone.words(),
                        words,
                        "{services:?} {reason:?} {admission:?}"
                    );
                    leads_to_the_tone(phone, !refused && admission == Admission::Open);
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 16 * 4 * 7 * 3);
}

/// Of the absences: whether each holds, and keeps messages out.
const HOLDS: [(bool, bool); 4] = [(false, false), (true, false), (true, true), (false, false)];

/// Behind the greeting comes the tone, or goodbye; so it does by key.
fn leads_to_the_tone(mut phone: Phone, open: bool) {
    let greeted = phone.flow.clone();
    phone.hears(Event::PlayDone);
    let end = if open {
        Phrase::Beep
    } else {
        Phrase::Line(Line::Goodbye)
    };
    assert_eq!(phone.words(), [end]);
    phone.flow = greeted;
    phone.presses("#");
    assert_eq!(phone.words().contains(&Phrase::Beep), open);
}

#[test]
fn who_is_away_and_takes_no_messages_can_log_in_and_has_an_assistant() {
    let [.., away, _] = absences();
    let services = Services {
        away,
        ..Services::default()
    };
    let mut phone = caller(&services, None, Admission::Open);
    phone.presses("*");
    phone.said(Line::EnterPasscode);
    let mut phone = caller(&services, None, Admission::Open);
    phone.presses("0");
    let assistant = profile(true).assistant.clone().unwrap();
    phone.did(&Effect::Transfer(assistant));
}

#[test]
fn an_absence_holds_on_its_last_day_and_no_longer() {
    // It is 15 January 2027 where the owner of the tests is.
    let until = |day| Services {
        away: Away {
            on: true,
            last_day: Some(Date::constant(2027, 1, day)),
            ..Away::default()
        },
        ..Services::default()
    };
    caller(&until(15), None, Admission::Open).said(Line::GreetingAway);
    caller(&until(14), None, Admission::Open).said(Line::GreetingUnavailable);
}
