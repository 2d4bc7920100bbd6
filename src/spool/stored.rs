//! The texts in the spool: the envelope block and the note beside a waiting message, as JSON.
//!
//! Every value is parsed into its own type again on reading, so that a file changed by hand
//! cannot bring in what the network could not. Unknown fields are passed over and new ones must
//! have defaults: a newer server reads what an older one left, and the other way round.

use super::note::Note;
use crate::audio::Law;
use crate::base::{DialString, Language, MailboxId, Timestamp};
use crate::mailbox::{Attempts, Envelope, Fate, Leg, Marks, Owner};
use crate::mime::{Caller, Reason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest name, zone or Call-ID written down, in characters; the rest is cut.
pub(super) const TEXT_MAX: usize = 256;

#[derive(Serialize, Deserialize)]
struct StoredEnvelope {
    mailbox: String,
    owner: String,
    #[serde(default)]
    number: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    withheld: bool,
    call_id: String,
    started: Timestamp,
    law: String,
    #[serde(default)]
    reason: Option<String>,
    language: String,
    zone: String,
}

/// The first three are the attempts of [`Leg::Store`], as servers before there were legs wrote
/// and read them; `legs` says the same and more.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredNote {
    failed: u32,
    next: Option<Timestamp>,
    last_error: Option<String>,
    heard: bool,
    deleted: bool,
    withdrawn: bool,
    told: bool,
    legs: BTreeMap<String, StoredLeg>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredLeg {
    fate: StoredFate,
    failed: u32,
    next: Option<Timestamp>,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredFate {
    #[default]
    Waiting,
    Done,
    GivenUp,
}

/// The envelope as JSON.
pub(super) fn print_envelope(envelope: &Envelope) -> Vec<u8> {
    let caller = &envelope.caller;
    let stored = StoredEnvelope {
        mailbox: envelope.owner.mailbox.to_string(),
        owner: cut(&envelope.owner.name),
        number: caller.number().map(ToString::to_string),
        name: caller.name().map(cut),
        withheld: *caller == Caller::Withheld,
        call_id: cut(&envelope.call_id),
        started: envelope.started,
        law: law_name(envelope.law).to_owned(),
        reason: envelope.reason.map(|r| r.token().to_owned()),
        language: envelope.language.as_str().to_owned(),
        zone: cut(&envelope.zone),
    };
    // Strings, figures and a timestamp always print; the empty text would fail its reading.
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// Reads what [`print_envelope`] wrote; `None` where a field is missing or none of its kind.
pub(super) fn parse_envelope(text: &[u8]) -> Option<Envelope> {
    let stored: StoredEnvelope = serde_json::from_slice(text).ok()?;
    let number = match stored.number {
        Some(number) => Some(DialString::parse(&number).ok()?),
        None => None,
    };
    Some(Envelope {
        owner: Owner {
            mailbox: MailboxId::parse(&stored.mailbox).ok()?,
            name: stored.owner,
        },
        caller: match (stored.withheld, number) {
            (true, _) => Caller::Withheld,
            (false, Some(number)) => Caller::Known {
                number,
                name: stored.name,
            },
            (false, None) => Caller::Unknown { name: stored.name },
        },
        call_id: stored.call_id,
        started: stored.started,
        law: [Law::A, Law::Mu]
            .into_iter()
            .find(|&l| law_name(l) == stored.law)?,
        reason: stored.reason.as_deref().and_then(Reason::from_token),
        language: Language::parse(&stored.language)?,
        zone: stored.zone,
    })
}

/// What stands beside a message, as JSON.
pub(super) fn print_note(note: &Note) -> Vec<u8> {
    let store = print_leg(&note.fate(&Leg::Store));
    let legs = note.legs.iter();
    let stored = StoredNote {
        failed: store.failed,
        next: store.next,
        last_error: store.last_error,
        heard: note.marks.heard,
        deleted: note.marks.deleted,
        withdrawn: note.withdrawn,
        told: note.told,
        legs: legs
            .map(|(leg, fate)| (leg.to_string(), print_leg(fate)))
            .collect(),
    };
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// Reads a note; one that cannot be read says nothing, as if it were missing.
pub(super) fn parse_note(text: &[u8]) -> Note {
    let stored: StoredNote = serde_json::from_slice(text).unwrap_or_default();
    let mut legs: BTreeMap<Leg, Fate> = stored
        .legs
        .into_iter()
        .filter_map(|(leg, stored)| Some((Leg::parse(&leg)?, parse_leg(stored))))
        .collect();
    if stored.failed > 0 || stored.last_error.is_some() {
        legs.entry(Leg::Store).or_insert(Fate::Waiting(Attempts {
            failed: stored.failed,
            next: stored.next,
            last_error: stored.last_error,
        }));
    }
    Note {
        legs,
        marks: Marks {
            heard: stored.heard,
            deleted: stored.deleted,
        },
        withdrawn: stored.withdrawn,
        told: stored.told,
    }
}

fn print_leg(fate: &Fate) -> StoredLeg {
    let attempts = fate.attempts();
    StoredLeg {
        fate: match fate {
            Fate::Waiting(_) => StoredFate::Waiting,
            Fate::Done => StoredFate::Done,
            Fate::GivenUp(_) => StoredFate::GivenUp,
        },
        failed: attempts.failed,
        next: attempts.next,
        last_error: attempts.last_error.as_deref().map(cut),
    }
}

fn parse_leg(stored: StoredLeg) -> Fate {
    let attempts = Attempts {
        failed: stored.failed,
        next: stored.next,
        last_error: stored.last_error,
    };
    match stored.fate {
        StoredFate::Waiting => Fate::Waiting(attempts),
        StoredFate::Done => Fate::Done,
        StoredFate::GivenUp => Fate::GivenUp(attempts),
    }
}

fn law_name(law: Law) -> &'static str {
    match law {
        Law::A => "alaw",
        Law::Mu => "mulaw",
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn an_envelope() -> Envelope {
        Envelope {
            owner: Owner {
                mailbox: MailboxId::parse("2001").unwrap(),
                name: "Anna \"A\" Bakker".into(),
            },
            caller: Caller::Known {
                number: DialString::parse("+31612345678").unwrap(),
                name: Some("Jan\r\nde Vries".into()),
            },
            call_id: "a84b4c76e66710@pc33".into(),
            started: "2026-11-22T09:30:00Z".parse().unwrap(),
            law: Law::A,
            reason: Some(Reason::NoAnswer),
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".into(),
        }
    }

    #[test]
    fn an_envelope_survives_the_disk() {
        let mut envelope = an_envelope();
        for caller in [
            envelope.caller.clone(),
            Caller::Withheld,
            Caller::Unknown { name: None },
        ] {
            envelope.caller = caller;
            assert_eq!(
                parse_envelope(&print_envelope(&envelope)),
                Some(envelope.clone())
            );
        }
    }

    #[test]
    fn an_envelope_changed_by_hand_brings_in_nothing_strange() {
        let text = String::from_utf8(print_envelope(&an_envelope())).unwrap();
        let swaps = [
            ("2001", "../etc"),
            ("+31612345678", "alice"),
            ("\"nl\"", "\"../x\""),
            ("alaw", "opus"),
        ];
        for (good, bad) in swaps {
            let changed = text.replacen(good, bad, 1);
            assert_ne!(changed, text);
            assert_eq!(parse_envelope(changed.as_bytes()), None, "{bad}");
        }
    }

    fn a_note() -> Note {
        let attempts = Attempts {
            failed: 3,
            next: Some("2026-11-22T09:30:00Z".parse().unwrap()),
            last_error: Some("no room".into()),
        };
        let leg = |text| Leg::parse(text).unwrap();
        Note {
            legs: BTreeMap::from([
                (leg("store"), Fate::Waiting(attempts.clone())),
                (leg("mail:a@x.nl"), Fate::GivenUp(attempts)),
                (leg("copy:a@x.nl"), Fate::Done),
            ]),
            marks: Marks {
                heard: true,
                deleted: false,
            },
            withdrawn: true,
            told: true,
        }
    }

    #[test]
    fn a_note_survives_the_disk_and_a_broken_one_says_nothing() {
        assert_eq!(parse_note(&print_note(&a_note())), a_note());
        assert_eq!(parse_note(b"{"), Note::default());
    }

    #[test]
    fn a_note_of_a_server_before_there_were_legs_counts_for_the_mailbox() {
        let text = br#"{"failed":3,"next":"2026-11-22T09:30:00Z","last_error":"no room","heard":true,"deleted":false}"#;
        let note = parse_note(text);
        assert_eq!(note.legs.len(), 1);
        assert_eq!(note.fate(&Leg::Store), a_note().fate(&Leg::Store));
        assert!(note.marks.heard && !note.withdrawn && !note.told);
        let untried = br#"{"failed":0,"next":null,"last_error":null,"heard":true}"#;
        assert!(parse_note(untried).legs.is_empty());
    }

    #[test]
    fn a_server_before_there_were_legs_reads_how_the_mailbox_stands() {
        let value: serde_json::Value = serde_json::from_slice(&print_note(&a_note())).unwrap();
        assert_eq!(
            (&value["failed"], &value["last_error"]),
            (&3.into(), &"no room".into())
        );
    }
}
