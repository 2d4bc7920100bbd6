//! Services as they are stored: one JSON document for each subscriber, without what was never set.
//!
//! In: [`Services`]. Out: text, and the same services from it. Laws: printing and reading loses
//! nothing; a name that is not known here is a fault, so that nothing a newer version wrote is lost
//! by an older one. A new name comes with a new version of the schema (see `sql`).

use crate::base::{Date, DialString, Language, MessageId, RecordingId, Timestamp};
use crate::subscriber::{
    Away, Features, Forward, Forwarding, LastCaller, Passcode, PasscodeHash, Services,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// Why a document does not say what a subscriber has set.
#[derive(Debug, thiserror::Error)]
pub enum DocumentFault {
    /// It is not the JSON it should be.
    #[error("it is not what this version writes: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that there cannot be.
    #[error("its {0} cannot be")]
    Value(&'static str),
}

/// The document of these services.
pub(super) fn print(services: &Services) -> Result<String, DocumentFault> {
    Ok(serde_json::to_string(&Document::of(services))?)
}

/// The services of this document.
pub(super) fn parse(text: &str) -> Result<Services, DocumentFault> {
    // A list would be taken for the fields in their order.
    let names: Map<String, Value> = serde_json::from_str(text)?;
    let document: Document = serde_json::from_value(Value::Object(names))?;
    document.services()
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    #[serde(skip_serializing_if = "is_usual")]
    passcode: PasscodeText,
    #[serde(skip_serializing_if = "is_usual")]
    language: Option<String>,
    #[serde(skip_serializing_if = "is_usual")]
    name: Option<String>,
    #[serde(skip_serializing_if = "is_usual")]
    busy_greeting: Option<String>,
    #[serde(skip_serializing_if = "is_usual")]
    no_answer_greeting: Option<String>,
    #[serde(skip_serializing_if = "is_usual")]
    away_greeting: Option<String>,
    #[serde(skip_serializing_if = "is_usual")]
    away: AwayText,
    #[serde(skip_serializing_if = "is_usual")]
    forwarding: ForwardingText,
    #[serde(skip_serializing_if = "is_usual")]
    features: FeaturesText,
    #[serde(skip_serializing_if = "is_usual")]
    positions: BTreeMap<String, Duration>,
    #[serde(skip_serializing_if = "is_usual")]
    log_ins: u32,
    #[serde(skip_serializing_if = "is_usual")]
    last_caller: Option<LastCallerText>,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LastCallerText {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    number: Option<String>,
    at: Timestamp,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PasscodeText {
    #[serde(skip_serializing_if = "is_usual")]
    chosen: Option<String>,
    #[serde(skip_serializing_if = "is_usual")]
    since: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_usual")]
    due: bool,
    #[serde(skip_serializing_if = "is_usual")]
    earlier: Vec<String>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AwayText {
    #[serde(skip_serializing_if = "is_usual")]
    on: bool,
    #[serde(skip_serializing_if = "is_usual")]
    refuses_messages: bool,
    #[serde(skip_serializing_if = "is_usual")]
    last_day: Option<Date>,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ForwardingText {
    #[serde(skip_serializing_if = "is_usual")]
    always: ForwardText,
    #[serde(skip_serializing_if = "is_usual")]
    busy: ForwardText,
    #[serde(skip_serializing_if = "is_usual")]
    no_answer: ForwardText,
    #[serde(skip_serializing_if = "is_usual")]
    not_reachable: ForwardText,
    rings: u8,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ForwardText {
    #[serde(skip_serializing_if = "is_usual")]
    on: bool,
    #[serde(skip_serializing_if = "is_usual")]
    to: Option<String>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)]
struct FeaturesText {
    #[serde(skip_serializing_if = "is_usual")]
    always_to_voicemail: bool,
    #[serde(skip_serializing_if = "is_usual")]
    busy_not_to_voicemail: bool,
    #[serde(skip_serializing_if = "is_usual")]
    no_answer_not_to_voicemail: bool,
    #[serde(skip_serializing_if = "is_usual")]
    do_not_disturb: bool,
    #[serde(skip_serializing_if = "is_usual")]
    hides_number: bool,
    #[serde(skip_serializing_if = "is_usual")]
    rejects_anonymous: bool,
    #[serde(skip_serializing_if = "is_usual")]
    no_call_waiting: bool,
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for Document {
    fn default() -> Document {
        Document::of(&Services::default())
    }
}

impl Default for ForwardingText {
    fn default() -> ForwardingText {
        ForwardingText::of(&Forwarding::default())
    }
}

impl Document {
    fn of(services: &Services) -> Document {
        let recording = |id: Option<RecordingId>| id.map(|id| id.to_string());
        let positions = services.positions.iter();
        Document {
            passcode: PasscodeText::of(&services.passcode),
            language: services.language.as_ref().map(ToString::to_string),
            name: recording(services.name),
            busy_greeting: recording(services.busy_greeting),
            no_answer_greeting: recording(services.no_answer_greeting),
            away_greeting: recording(services.away_greeting),
            away: AwayText::of(services.away),
            forwarding: ForwardingText::of(&services.forwarding),
            features: FeaturesText::of(services.features),
            positions: positions.map(|(id, at)| (id.to_string(), *at)).collect(),
            log_ins: services.log_ins,
            last_caller: services.last_caller.as_ref().map(LastCallerText::of),
        }
    }

    fn services(self) -> Result<Services, DocumentFault> {
        let recording = |id: Option<String>, what| {
            let id = id.map(|id| id.parse::<RecordingId>());
            id.transpose().map_err(|_| DocumentFault::Value(what))
        };
        let language = self.language.map(|tag| Language::parse(&tag));
        Ok(Services {
            passcode: self.passcode.passcode()?,
            language: match language {
                Some(None) => return Err(DocumentFault::Value("language")),
                Some(known) => known,
                None => None,
            },
            name: recording(self.name, "name")?,
            busy_greeting: recording(self.busy_greeting, "busy_greeting")?,
            no_answer_greeting: recording(self.no_answer_greeting, "no_answer_greeting")?,
            away_greeting: recording(self.away_greeting, "away_greeting")?,
            away: self.away.away(),
            forwarding: self.forwarding.forwarding()?,
            features: self.features.features(),
            positions: positions(self.positions)?,
            log_ins: self.log_ins,
            last_caller: self.last_caller.map(LastCallerText::caller).transpose()?,
        })
    }
}

fn positions(
    stored: BTreeMap<String, Duration>,
) -> Result<BTreeMap<MessageId, Duration>, DocumentFault> {
    let known = stored.into_iter().map(|(id, at)| match id.parse() {
        Ok(id) => Ok((id, at)),
        Err(_) => Err(DocumentFault::Value("positions")),
    });
    known.collect()
}

impl PasscodeText {
    fn of(passcode: &Passcode) -> PasscodeText {
        let text = |hash: &PasscodeHash| hash.as_phc().to_owned();
        PasscodeText {
            chosen: passcode.chosen.as_ref().map(text),
            since: passcode.since,
            due: passcode.due,
            earlier: passcode.earlier.iter().map(text).collect(),
        }
    }

    fn passcode(self) -> Result<Passcode, DocumentFault> {
        let hash =
            |text: String| PasscodeHash::parse(&text).map_err(|_| DocumentFault::Value("passcode"));
        Ok(Passcode {
            chosen: self.chosen.map(hash).transpose()?,
            since: self.since,
            due: self.due,
            earlier: self
                .earlier
                .into_iter()
                .map(hash)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl AwayText {
    fn of(away: Away) -> AwayText {
        let Away {
            on,
            refuses_messages,
            last_day,
        } = away;
        AwayText {
            on,
            refuses_messages,
            last_day,
        }
    }

    fn away(self) -> Away {
        Away {
            on: self.on,
            refuses_messages: self.refuses_messages,
            last_day: self.last_day,
        }
    }
}

impl ForwardingText {
    fn of(forwarding: &Forwarding) -> ForwardingText {
        ForwardingText {
            always: ForwardText::of(&forwarding.always),
            busy: ForwardText::of(&forwarding.busy),
            no_answer: ForwardText::of(&forwarding.no_answer),
            not_reachable: ForwardText::of(&forwarding.not_reachable),
            rings: forwarding.rings,
        }
    }

    fn forwarding(self) -> Result<Forwarding, DocumentFault> {
        Ok(Forwarding {
            always: self.always.forward()?,
            busy: self.busy.forward()?,
            no_answer: self.no_answer.forward()?,
            not_reachable: self.not_reachable.forward()?,
            rings: self.rings,
        })
    }
}

impl ForwardText {
    fn of(forward: &Forward) -> ForwardText {
        ForwardText {
            on: forward.on,
            to: forward.to.as_ref().map(ToString::to_string),
        }
    }

    fn forward(self) -> Result<Forward, DocumentFault> {
        let to = self.to.map(|number| DialString::parse(&number));
        Ok(Forward {
            on: self.on,
            to: to
                .transpose()
                .map_err(|_| DocumentFault::Value("forwarding"))?,
        })
    }
}

impl LastCallerText {
    fn of(caller: &LastCaller) -> LastCallerText {
        LastCallerText {
            number: caller.number.as_ref().map(ToString::to_string),
            at: caller.at,
        }
    }

    fn caller(self) -> Result<LastCaller, DocumentFault> {
        let number = self.number.map(|number| DialString::parse(&number));
        Ok(LastCaller {
            number: number
                .transpose()
                .map_err(|_| DocumentFault::Value("last_caller"))?,
            at: self.at,
        })
    }
}

impl FeaturesText {
    fn of(features: Features) -> FeaturesText {
        FeaturesText {
            always_to_voicemail: features.always_to_voicemail,
            busy_not_to_voicemail: features.busy_not_to_voicemail,
            no_answer_not_to_voicemail: features.no_answer_not_to_voicemail,
            do_not_disturb: features.do_not_disturb,
            hides_number: features.hides_number,
            rejects_anonymous: features.rejects_anonymous,
            no_call_waiting: features.no_call_waiting,
        }
    }

    fn features(&self) -> Features {
        Features {
            always_to_voicemail: self.always_to_voicemail,
            busy_not_to_voicemail: self.busy_not_to_voicemail,
            no_answer_not_to_voicemail: self.no_answer_not_to_voicemail,
            do_not_disturb: self.do_not_disturb,
            hides_number: self.hides_number,
            rejects_anonymous: self.rejects_anonymous,
            no_call_waiting: self.no_call_waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_who_set_nothing_has_an_empty_document() {
        let nothing = Services::default();
        assert_eq!(print(&nothing).unwrap(), "{}");
        assert_eq!(parse("{}").unwrap(), nothing);
    }

    #[test]
    fn what_a_newer_version_wrote_is_never_passed_over() {
        for text in [
            "",
            "[]",
            "{\"log_ins\":-1}",
            "{\"fax\":true}",
            "{\"away\":{\"on\":true,\"until\":\"noon\"}}",
            "{\"forwarding\":{\"rings\":4,\"group\":{}}}",
        ] {
            assert!(matches!(parse(text), Err(DocumentFault::Json(_))), "{text}");
        }
        for (text, what) in [
            ("{\"language\":\"../nl\"}", "language"),
            ("{\"name\":\"x\"}", "name"),
            ("{\"passcode\":{\"chosen\":\"1234\"}}", "passcode"),
            ("{\"forwarding\":{\"busy\":{\"to\":\"me\"}}}", "forwarding"),
            (
                "{\"last_caller\":{\"number\":\"me\",\"at\":\"2026-11-27T06:00:00Z\"}}",
                "last_caller",
            ),
            (
                "{\"positions\":{\"x\":{\"secs\":1,\"nanos\":0}}}",
                "positions",
            ),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(
                matches!(fault, DocumentFault::Value(v) if v == what),
                "{text}"
            );
        }
    }
}
