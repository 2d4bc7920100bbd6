//! What the templates of mails may name, with every value made fit to be shown.
//!
//! The names here are those operators write in their templates: a new one is harmless, one that
//! goes breaks their texts at the next start.

use super::clean;
use super::headers::{caller_name, clock, file_name, local_time, seconds};
use super::vocabulary::{Caller, Particulars, SoundFormat};
use super::wording::wording;
use serde::Serialize;

/// The values of every mail about a message.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    message: String,
    mailbox: String,
    /// The owner's name; the mailbox number where there is none.
    owner: String,
    caller: CallerFacts,
    /// `zondag 22 november 2026`, in Dutch or English.
    date: String,
    /// `09:30`, by the owner's clock.
    time: String,
    /// The moment in figures, for languages whose days are not known here.
    year: i16,
    month: i8,
    day: i8,
    /// Monday is 1.
    weekday: i8,
    /// `0:23`.
    length: String,
    /// `23 seconden`, in Dutch or English.
    length_text: String,
    seconds: u64,
    #[serde(flatten)]
    marks: Marks,
    /// Why the call was diverted, in Dutch or English; none where voicemail was dialled.
    reason: Option<&'static str>,
    /// The same as the token of RFC 5806, for other languages.
    reason_token: Option<&'static str>,
    /// The mail goes to somebody who gets a copy.
    copy: bool,
    /// The name of the sound file; none where it is not in the mail.
    file: Option<String>,
}

/// `urgent`, `private`, `cut_off`.
#[derive(Debug, Serialize)]
struct Marks {
    urgent: bool,
    private: bool,
    cut_off: bool,
}

#[derive(Debug, Serialize)]
struct CallerFacts {
    /// `known`, `withheld` or `unknown`.
    kind: &'static str,
    name: Option<String>,
    /// As people write it.
    number: Option<String>,
    /// Fit for a `tel:` link.
    tel: Option<String>,
    /// Name, number, both, or that there is neither.
    shown: String,
}

/// The values of a report.
#[derive(Debug, Serialize)]
pub(super) struct ReportFacts {
    /// The id of the message; none where the report is about a mailbox.
    pub(super) message: Option<String>,
    /// The mailbox; none where the message is too damaged to tell.
    pub(super) mailbox: Option<String>,
    /// Its owner's name; none where there is no owner any more.
    pub(super) owner: Option<String>,
    /// The message, with the values of a mail about one; none where it is too damaged to tell.
    pub(super) about: Option<Facts>,
    /// What went wrong, one for each way.
    pub(super) troubles: Vec<Trouble>,
}

/// What went wrong on one way.
#[derive(Debug, Serialize)]
pub(super) struct Trouble {
    /// The way as `spool list` prints it; none where the report is about a mailbox.
    pub(super) way: Option<String>,
    /// The address it was to go to; none where that is the mailbox.
    pub(super) address: Option<String>,
    pub(super) error: String,
    pub(super) failed: u32,
}

impl Facts {
    pub(super) fn new(about: &Particulars) -> Facts {
        let words = wording(&about.language);
        let at = local_time(about);
        let seconds = seconds(about.length);
        Facts {
            message: about.id.to_string(),
            mailbox: about.mailbox.to_string(),
            owner: clean::name(&about.owner).unwrap_or_else(|| about.mailbox.to_string()),
            caller: CallerFacts::new(about),
            date: words.date(&at),
            time: at.strftime("%H:%M").to_string(),
            year: at.year(),
            month: at.month(),
            day: at.day(),
            weekday: at.weekday().to_monday_one_offset(),
            length: clock(about.length),
            length_text: words.length(seconds),
            seconds,
            marks: Marks {
                urgent: about.urgent,
                private: about.private,
                cut_off: about.cut_off,
            },
            reason: about.reason.map(|r| words.reason(r)),
            reason_token: about.reason.map(super::vocabulary::Reason::token),
            copy: false,
            file: None,
        }
    }

    pub(super) fn with_file(self, about: &Particulars, format: SoundFormat) -> Facts {
        let file = Some(file_name(about, format));
        Facts { file, ..self }
    }

    pub(super) fn for_copy(self, copy: bool) -> Facts {
        Facts { copy, ..self }
    }
}

impl CallerFacts {
    fn new(about: &Particulars) -> CallerFacts {
        let words = wording(&about.language);
        let number = about.caller.number();
        let dialled = |n: &str| {
            n.trim_start_matches('+')
                .bytes()
                .all(|b| b.is_ascii_digit())
        };
        CallerFacts {
            kind: match about.caller {
                Caller::Known { .. } => "known",
                Caller::Withheld => "withheld",
                Caller::Unknown { .. } => "unknown",
            },
            name: caller_name(&about.caller),
            number: number.map(|n| words.number(n)),
            tel: number.map(ToString::to_string).filter(|n| dialled(n)),
            shown: words.caller(&about.caller),
        }
    }
}
