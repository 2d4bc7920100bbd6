//! The texts in the spool: the envelope block and the note beside a waiting message, as JSON.
//!
//! Every value is parsed into its own type again on reading, so that a file changed by hand
//! cannot bring in what the network could not. Unknown fields are passed over and new ones must
//! have defaults: a newer server reads what an older one left, and the other way round.

use crate::audio::Law;
use crate::base::{DialString, Language, MailboxId, Timestamp};
use crate::mailbox::{Attempts, Envelope, Marks, Owner};
use crate::mime::{Caller, Reason};
use serde::{Deserialize, Serialize};

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

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredNote {
    failed: u32,
    next: Option<Timestamp>,
    last_error: Option<String>,
    heard: bool,
    deleted: bool,
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

/// What stands beside a waiting message, as JSON.
pub(super) fn print_note(attempts: &Attempts, marks: Marks) -> Vec<u8> {
    let stored = StoredNote {
        failed: attempts.failed,
        next: attempts.next,
        last_error: attempts.last_error.as_deref().map(cut),
        heard: marks.heard,
        deleted: marks.deleted,
    };
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// Reads a note; one that cannot be read says nothing, as if it were missing.
pub(super) fn parse_note(text: &[u8]) -> (Attempts, Marks) {
    let stored: StoredNote = serde_json::from_slice(text).unwrap_or_default();
    let attempts = Attempts {
        failed: stored.failed,
        next: stored.next,
        last_error: stored.last_error,
    };
    let marks = Marks {
        heard: stored.heard,
        deleted: stored.deleted,
    };
    (attempts, marks)
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

    #[test]
    fn a_note_survives_the_disk_and_a_broken_one_says_nothing() {
        let attempts = Attempts {
            failed: 3,
            next: Some("2026-11-22T09:30:00Z".parse().unwrap()),
            last_error: Some("no room".into()),
        };
        let marks = Marks {
            heard: true,
            deleted: false,
        };
        assert_eq!(parse_note(&print_note(&attempts, marks)), (attempts, marks));
        assert_eq!(parse_note(b"{"), Default::default());
    }
}
