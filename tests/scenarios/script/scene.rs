//! The words that set the scene: subscribers, messages, limits, and what is broken.

use super::duration;
use belpost::base::Date;
use belpost::mailbox::Room;
use belpost::subscriber::{Away, RecordingKind};
use std::time::Duration;

/// The scene.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A subscriber.
    Mailbox {
        number: String,
        language: String,
        passcode: Option<String>,
        assistant: Option<String>,
        further: Option<String>,
        email: Option<String>,
        tenant: Option<String>,
    },
    /// What subscribers may choose between: those of a tenant, else all.
    Languages {
        tenant: Option<String>,
        languages: Vec<String>,
    },
    /// The language of callers by number.
    Callers {
        tenant: Option<String>,
        prefix: String,
        language: String,
    },
    /// There are no prompts in this language.
    Unspoken(String),
    /// Passcodes of the configuration must be changed.
    Initial,
    /// The keys are those of Asterisk.
    Asterisk,
    /// What a subscriber has set, in the words of `services`.
    Services(String, Vec<String>),
    /// A message left earlier.
    Message {
        mailbox: String,
        saved: bool,
        urgent: bool,
        private: bool,
        span: Duration,
        from: Option<String>,
    },
    /// Whether a mailbox can be reached, and changed.
    Reach {
        mailbox: String,
        unavailable: bool,
        read_only: bool,
        partial: bool,
    },
    /// How much room a mailbox has left.
    Room {
        mailbox: String,
        room: Room,
    },
    /// How many messages a mailbox will soon remove.
    Expiring {
        mailbox: String,
        messages: u32,
    },
    /// What a subscriber recorded.
    Recorded {
        mailbox: String,
        kind: RecordingKind,
        span: Duration,
    },
    /// How a subscriber is away.
    Away {
        mailbox: String,
        away: Away,
    },
    /// What subscribers set cannot be stored.
    NoServices,
    /// What subscribers recorded cannot be had.
    NoRecordings,
    /// The message indicators cannot be reached.
    NoLamp,
    /// What is wrong with a message, numbered from 0.
    Fault {
        mailbox: String,
        message: usize,
        fault: belpost::flow::PlayFault,
    },
    /// Numbers for changing prompts, of a tenant or everybody's.
    Operator {
        number: String,
        tenant: Option<String>,
        passcode: Option<String>,
    },
    /// Greetings and names as recorded are too quiet, and so are prompts.
    TooQuiet,
    /// What every change of prompts meets with, where that is a fault.
    PromptFault(Option<belpost::flow::PromptFault>),
    StudioTakes(Duration),
    DiskFull(bool),
    NoBegin,
    NoCommit,
    NoLoad,
    BreaksAfter(Duration),
    BehindAfter(Duration),
    DiskTakes(Duration),
    MailboxesTake(Duration),
    PasscodesTake(Duration),
    Longest(Duration),
    NoSilenceLimit,
    Network {
        signalling: bool,
        settings: Vec<(String, String)>,
    },
    Untrusted,
}

/// Reads the words behind `given`.
pub(super) fn given(words: &[&str]) -> Option<Given> {
    use belpost::flow::{PlayFault, PromptFault};
    Some(match words {
        ["mailbox", number, "is", "almost", "full"] => room(number, Room::Scarce),
        ["mailbox", number, "is", "full"] => room(number, Room::Full),
        [
            "mailbox",
            number,
            "is",
            how @ ("available" | "unavailable" | "read-only" | "cut-off"),
        ] => Given::Reach {
            mailbox: (*number).to_owned(),
            unavailable: *how == "unavailable",
            read_only: *how == "read-only",
            partial: *how == "cut-off",
        },
        ["mailbox", number, "will", "remove", messages] => Given::Expiring {
            mailbox: (*number).to_owned(),
            messages: messages.parse().ok()?,
        },
        ["message", "indicators", "fail"] => Given::NoLamp,
        ["storing", "what", "is", "set", "fails"] => Given::NoServices,
        ["what", "was", "recorded", "is", "lost"] => Given::NoRecordings,
        [mailbox, "recorded", "the", kind @ .., span] => Given::Recorded {
            mailbox: (*mailbox).to_owned(),
            kind: recording_kind(&kind.join(" "))?,
            span: duration(span)?,
        },
        [mailbox, "is", "away", rest @ ..] => Given::Away {
            mailbox: (*mailbox).to_owned(),
            away: away(rest)?,
        },
        ["the", "languages", "of", tenant, "are", tags @ ..] => languages(Some(tenant), tags),
        ["the", "languages", "are", tags @ ..] => languages(None, tags),
        ["callers", "of", tenant, "from", prefix, "hear", tag] => {
            callers(Some(tenant), prefix, tag)
        }
        ["callers", "from", prefix, "hear", tag] => callers(None, prefix, tag),
        ["there", "are", "no", "prompts", "in", tag] => Given::Unspoken((*tag).to_owned()),
        ["initial", "passcodes", "must", "be", "changed"] => Given::Initial,
        ["the", "keys", "of", "Asterisk"] => Given::Asterisk,
        ["subscriber", mailbox, words @ ..] => {
            let words = words.iter().map(|word| (*word).to_owned());
            Given::Services((*mailbox).to_owned(), words.collect())
        }
        ["mailbox", mailbox, "has", rest @ ..] => message(mailbox, rest)?,
        ["mailbox", number, rest @ ..] => subscriber(number, rest)?,
        ["message", n, "of", mailbox, "is", fault] => Given::Fault {
            mailbox: (*mailbox).to_owned(),
            message: n.parse::<usize>().ok()?.checked_sub(1)?,
            fault: if *fault == "damaged" {
                PlayFault::Damaged
            } else {
                PlayFault::Gone
            },
        },
        ["disk", "full"] => Given::DiskFull(true),
        ["disk", "has", "room"] => Given::DiskFull(false),
        ["beginning", "a", "recording", "fails"] => Given::NoBegin,
        ["keeping", "a", "recording", "fails"] => Given::NoCommit,
        ["reading", "a", "recording", "fails"] => Given::NoLoad,
        ["the", "disk", "breaks", "after", span] => Given::BreaksAfter(duration(span)?),
        ["the", "disk", "falls", "behind", "after", span] => Given::BehindAfter(duration(span)?),
        ["the", "disk", "takes", span] => Given::DiskTakes(duration(span)?),
        ["mailboxes", "take", span] => Given::MailboxesTake(duration(span)?),
        ["passcodes", "take", span] => Given::PasscodesTake(duration(span)?),
        ["messages", "are", "at", "most", span, "long"] => Given::Longest(duration(span)?),
        ["silence", "never", "ends", "a", "recording"] => Given::NoSilenceLimit,
        ["prompts", number, rest @ ..] => operator(number, rest)?,
        ["every", "recording", "is", "too", "quiet"] => Given::TooQuiet,
        ["every", "recording", "is", "too", "loud"] => {
            Given::PromptFault(Some(PromptFault::TooLoud))
        }
        ["the", "studio", "fails"] => Given::PromptFault(Some(PromptFault::Failed)),
        ["the", "studio", "works"] => Given::PromptFault(None),
        ["the", "studio", "takes", span] => Given::StudioTakes(duration(span)?),
        ["the", "peer", "is", "not", "trusted"] => Given::Untrusted,
        [kind @ ("network" | "signalling"), rest @ ..] if rest.len() % 2 == 0 => Given::Network {
            signalling: *kind == "signalling",
            settings: rest
                .chunks(2)
                .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
                .collect(),
        },
        _ => return None,
    })
}

/// What a subscriber records, by its name.
const KINDS: [(&str, RecordingKind); 4] = [
    ("name", RecordingKind::Name),
    ("busy greeting", RecordingKind::Busy),
    ("no-answer greeting", RecordingKind::NoAnswer),
    ("away greeting", RecordingKind::Away),
];

fn recording_kind(name: &str) -> Option<RecordingKind> {
    let known = KINDS.iter().find(|(known, _)| *known == name);
    known.map(|(_, kind)| *kind)
}

/// The name of what a subscriber records.
pub fn kind_name(kind: RecordingKind) -> &'static str {
    let known = KINDS.iter().find(|(_, other)| *other == kind);
    known.map_or("", |(name, _)| name)
}

fn away(words: &[&str]) -> Option<Away> {
    let (last_day, words) = match words {
        ["until", day, rest @ ..] => (Some(day.parse::<Date>().ok()?), rest),
        words => (None, words),
    };
    Some(Away {
        on: true,
        refuses_messages: match words {
            [] => false,
            ["without", "messages"] => true,
            _ => return None,
        },
        last_day,
    })
}

fn operator(number: &str, words: &[&str]) -> Option<Given> {
    let (tenant, words) = match words {
        ["of", tenant, rest @ ..] => (Some((*tenant).to_owned()), rest),
        words => (None, words),
    };
    let passcode = match words {
        ["with", "passcode", passcode] => Some((*passcode).to_owned()),
        ["without", "passcode"] => None,
        _ => return None,
    };
    Some(Given::Operator {
        number: number.to_owned(),
        tenant,
        passcode,
    })
}

fn room(mailbox: &str, room: Room) -> Given {
    let mailbox = mailbox.to_owned();
    Given::Room { mailbox, room }
}

fn languages(tenant: Option<&str>, tags: &[&str]) -> Given {
    Given::Languages {
        tenant: tenant.map(str::to_owned),
        languages: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

fn callers(tenant: Option<&str>, prefix: &str, language: &str) -> Given {
    Given::Callers {
        tenant: tenant.map(str::to_owned),
        prefix: prefix.to_owned(),
        language: language.to_owned(),
    }
}

fn subscriber(number: &str, words: &[&str]) -> Option<Given> {
    let (mut language, mut passcode, mut assistant, mut further) =
        ("en".to_owned(), None, None, None);
    let (mut email, mut tenant) = (None, None);
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|w| !["with", "and"].contains(w))
        .collect();
    for pair in words.chunks(2) {
        match *pair {
            ["language", value] => value.clone_into(&mut language),
            ["passcode", value] => passcode = Some(value.to_owned()),
            ["assistant", value] => assistant = Some(value.to_owned()),
            ["number", value] => further = Some(value.to_owned()),
            ["e-mail", value] => email = Some(value.to_owned()),
            ["tenant", value] => tenant = Some(value.to_owned()),
            _ => return None,
        }
    }
    Some(Given::Mailbox {
        number: number.to_owned(),
        language,
        passcode,
        assistant,
        further,
        email,
        tenant,
    })
}

fn message(mailbox: &str, words: &[&str]) -> Option<Given> {
    let (kind, span, from) = match words {
        [kind, "message", span] => (*kind, span, None),
        [kind, "message", span, "from", from] => (*kind, span, Some((*from).to_owned())),
        _ => return None,
    };
    if !["new", "saved", "urgent", "private"].contains(&kind) {
        return None;
    }
    Some(Given::Message {
        mailbox: mailbox.to_owned(),
        saved: kind == "saved",
        urgent: kind == "urgent",
        private: kind == "private",
        span: duration(span)?,
        from,
    })
}
