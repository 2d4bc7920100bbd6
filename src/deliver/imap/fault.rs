//! What goes wrong with a mail server, and whose fault it is.
//!
//! Specs: RFC 3501 section 7.1, RFC 5530 and RFC 9208 section 4.3.2 (OVERQUOTA), RFC 7889 section 4
//! (TOOBIG).

use crate::deliver::vocabulary;
use crate::mailbox;

/// The longest text of a server that is repeated to the operator, in characters.
const TEXT_MAX: usize = 200;

/// What a server says when a mailbox is full and knows no `[OVERQUOTA]` (RFC 9051 section 7.1).
const QUOTA_WORDS: [&str; 6] = [
    "[overquota]",
    "quota exceeded",
    "over quota",
    "overquota",
    "mailbox is full",
    "mailbox full",
];

/// What goes wrong. After [`Down`](Fault::Down) and [`Lying`](Fault::Lying) the connection is
/// thrown away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The server cannot be reached, hung up, or did not answer in time.
    #[error("{0}")]
    Down(String),
    /// Something that an operator must mend: a password, a certificate file.
    #[error("{0}")]
    Operator(String),
    /// There is no room in the mailbox.
    #[error("{0}")]
    Full(String),
    /// The server says no.
    #[error("{0}")]
    Refused(String),
    /// The server will never take this message.
    #[error("{0}")]
    Rejected(String),
    /// All connections are in use.
    #[error("{0}")]
    Busy(String),
    /// What the server says makes no sense.
    #[error("{0}")]
    Lying(String),
}

impl Fault {
    /// What a NO or BAD means: the code stands first in the text where it is no code of RFC 3501.
    pub(super) fn of_answer(doing: &str, text: &str) -> Fault {
        let lower = text.to_ascii_lowercase();
        let text = format!("the IMAP server refused {doing}: {}", shown(text));
        if QUOTA_WORDS.iter().any(|word| lower.contains(word)) {
            Fault::Full(text)
        } else if lower.starts_with("[toobig]") {
            Fault::Rejected(text)
        } else if lower.starts_with("[unavailable]") {
            Fault::Down(text)
        } else {
            Fault::Refused(text)
        }
    }

    /// Whether the connection can still be used.
    pub(super) fn leaves_the_connection(&self) -> bool {
        match self {
            Fault::Full(_) | Fault::Refused(_) | Fault::Rejected(_) => true,
            Fault::Down(_) | Fault::Operator(_) | Fault::Busy(_) | Fault::Lying(_) => false,
        }
    }

    /// The same for the one who asks for a mailbox; the reason goes to the log.
    pub(super) fn at_the_mailbox(&self, account: &str) -> mailbox::Fault {
        tracing::warn!(account, fault = %self, "an IMAP mailbox cannot be read or changed");
        mailbox::Fault::Unavailable
    }
}

impl From<Fault> for vocabulary::Fault {
    fn from(fault: Fault) -> vocabulary::Fault {
        match fault {
            Fault::Down(what) | Fault::Lying(what) => vocabulary::Fault::down(what),
            Fault::Operator(what) => vocabulary::Fault::operator(what),
            Fault::Full(what) => vocabulary::Fault::full(what),
            Fault::Rejected(what) => vocabulary::Fault::rejected(what),
            Fault::Refused(what) | Fault::Busy(what) => vocabulary::Fault::later(what),
        }
    }
}

/// A text of a server as it may stand in a log: one line, not long.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(TEXT_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::{Blame, Retry};

    #[test]
    fn a_full_mailbox_is_no_server_that_is_down() {
        for text in [
            "[OVERQUOTA] no",
            "Quota exceeded (mailbox for user is full)",
        ] {
            let fault = vocabulary::Fault::from(Fault::of_answer("a message", text));
            assert_eq!(fault.retry, Retry::WhenEmptier, "{text}");
        }
        let fault = Fault::of_answer("a message", "[UNAVAILABLE] later");
        assert_eq!(vocabulary::Fault::from(fault).retry, Retry::WhenBack);
        let fault = Fault::of_answer("a message", "[TOOBIG] no");
        assert_eq!(vocabulary::Fault::from(fault).retry, Retry::Never);
        let fault = vocabulary::Fault::from(Fault::of_answer("a message", "I am a teapot"));
        assert_eq!((fault.blame, fault.retry), (Blame::Peer, Retry::Later));
        assert!(fault.what.contains("I am a teapot"));
    }

    #[test]
    fn what_a_server_says_cannot_break_a_log() {
        let text = shown(&format!("a\r\nb\u{1b}[31m{}", "x".repeat(1_000)));
        assert!(text.starts_with("a  b [31m") && text.chars().count() == TEXT_MAX);
    }
}
