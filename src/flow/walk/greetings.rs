//! Starts around the recorded name, the greetings and the extended-away service: subscribers who
//! record them, and callers who hear them.
//!
//! Each start of a subscriber has the keys of one part only, since what is set multiplies the
//! states.

use super::{Account, Start, deposit, menus, portal};
use crate::base::{Date, RecordingId};
use crate::flow::Admission;
use crate::mime::Reason;
use crate::subscriber::{Away, Services};
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn starts() -> Vec<Start> {
    let mut all = own_recordings();
    all.extend(deposits());
    all.extend(reminders());
    all
}

/// Keys to the name alone.
const NAME: &str = r##"
[greetings]
keys = { "1" = "name", "*" = "back", "#" = "repeat" }
say = ["name", "back", "repeat"]
"##;

/// Keys to the busy and the no-answer greeting.
const GREETINGS: &str = r#"
[greetings]
keys = { "2" = "busy", "3" = "no-answer", "*" = "back" }
say = ["busy", "no-answer", "back"]
[own-recording]
keys = { "1" = "record", "2" = "listen", "3" = "revert", "*" = "back" }
say = ["record", "listen", "revert", "back"]
"#;

/// Keys to the extended-away greeting and what is recorded of it.
const AWAY_GREETING: &str = r#"
[greetings]
keys = { "4" = "away", "*" = "back" }
say = ["away", "back"]
[away]
keys = { "1" = "record", "2" = "listen", "3" = "revert", "4" = "on", "*" = "back" }
say = ["record", "listen", "revert", "on", "back"]
"#;

/// Keys to the extended-away service.
const AWAY_SERVICE: &str = r##"
[greetings]
keys = { "4" = "away", "*" = "back" }
say = ["away", "back"]
[away]
keys = { "4" = "on", "5" = "off", "6" = "deposit", "8" = "last-day", "#" = "repeat", "*" = "back" }
say = ["on", "off", "deposit", "last-day", "back", "repeat"]
"##;

/// The main menu before those: voicemail cannot be left out.
const MAIN: &str = r#"
[main]
keys = { "1" = "voicemail", "3" = "greetings", "9" = "leave" }
say = ["voicemail", "greetings", "leave"]
[voicemail]
keys = { "1" = "play" }
say = ["play"]
"#;

/// Every greeting by the voicemail menu.
const BY_VOICEMAIL: &str = r#"
[main]
keys = { "1" = "voicemail", "9" = "leave" }
say = ["voicemail", "leave"]
[voicemail]
keys = { "1" = "play", "2" = "busy", "3" = "no-answer", "4" = "away", "*" = "back" }
say = ["play", "busy", "no-answer", "away", "back"]
[between]
keys = { "7" = "delete", "*" = "back" }
say = ["delete", "back"]
[own-recording]
keys = { "1" = "record", "*" = "back" }
say = ["record", "back"]
[away]
keys = { "2" = "listen", "*" = "back" }
say = ["listen", "back"]
"#;

fn own_recordings() -> Vec<Start> {
    let start = |name, keys: &str| {
        let mut start = portal(name);
        start.menus = menus(&format!("{MAIN}{keys}"));
        start.settings.tries = 2;
        start
    };
    let mut voicemail = portal("greetings by the voicemail menu");
    voicemail.menus = menus(BY_VOICEMAIL);
    voicemail.settings.tries = 1;
    voicemail.account.listing.messages.push(super::message(1));
    vec![
        start("recorded name", NAME),
        start("busy and no-answer greeting", GREETINGS),
        start("extended-away greeting", AWAY_GREETING),
        start("extended-away service", AWAY_SERVICE),
        voicemail,
    ]
}

/// Everything recorded, in one voice.
fn all_recorded() -> Services {
    let recording = |n| Some(RecordingId(Uuid::from_u128(n)));
    Services {
        name: recording(1),
        busy_greeting: recording(2),
        no_answer_greeting: recording(3),
        away_greeting: recording(4),
        ..Services::default()
    }
}

/// Away in the ways there are: not at all, with messages, without, and until a day that is over.
pub(in crate::flow) fn absences() -> [Away; 4] {
    let away = Away {
        on: true,
        ..Away::default()
    };
    let refuses = Away {
        refuses_messages: true,
        ..away
    };
    let over = Away {
        last_day: Some(Date::constant(2020, 12, 24)),
        ..refuses
    };
    [Away::default(), away, refuses, over]
}

/// Callers to whoever recorded everything and nothing, is away in every way, and has room or not.
fn deposits() -> Vec<Start> {
    let mut all = Vec::new();
    for recorded in [Services::default(), all_recorded()] {
        for away in absences() {
            for admission in [Admission::Open, Admission::NoDisk, Admission::MailboxFull] {
                let reason = Some(Reason::Busy);
                let mut start = deposit("greeting as it is set", true, reason, admission, 1);
                start.settings.log_in_from_greeting = false;
                start.sets(Services {
                    away,
                    ..recorded.clone()
                });
                all.push(start);
            }
        }
    }
    let reason = Some(Reason::NoAnswer);
    let mut refused = deposit("away without messages", true, reason, Admission::Open, 2);
    let [.., away, _] = absences();
    refused.sets(Services {
        away,
        ..all_recorded()
    });
    all.push(refused);
    all
}

/// Subscribers who are away call the portal.
fn reminders() -> Vec<Start> {
    let away = Away {
        on: true,
        last_day: Some(Date::constant(2027, 12, 24)),
        ..Away::default()
    };
    let start = |name, away| {
        let mut start = portal(name);
        start.sets(Services {
            away,
            ..Services::default()
        });
        start.settings.tries = 1;
        start
    };
    let [.., over] = absences();
    vec![
        start("portal of one who is away", away),
        start("portal of one who was away", over),
    ]
}

impl Start {
    /// The owner has set this.
    fn sets(&mut self, services: Services) {
        let Account { owner, .. } = &self.account;
        self.book.set(owner.mailbox.clone(), Arc::new(services));
    }
}
