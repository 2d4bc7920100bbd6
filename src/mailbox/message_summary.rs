//! The message summary (RFC 3842 section 5.2): what a telephone is told of a mailbox.
//!
//! [`MessageSummary`] is printed with [`ToString`] and read back with [`MessageSummary::parse`].
//! Only voice messages are counted here; lines of other kinds are passed over when reading.

use super::Counts;
use std::fmt;

/// What a telephone is told of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MessageSummary {
    /// Whether the lamp is to be lit.
    pub waiting: bool,
    /// The URI of the account, where it is told; without spaces or control characters.
    pub account: Option<String>,
    /// How many voice messages there are; `None` where it is not told.
    pub counts: Option<Counts>,
}

/// Why a text is no message summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SummaryFault {
    /// It does not say whether messages wait.
    #[error("a message summary must begin with Messages-Waiting: yes or no")]
    NoStatus,
    /// A line has no colon.
    #[error("line {0} of the message summary has no colon")]
    Line(usize),
    /// The counts cannot be read.
    #[error("Voice-Message must be new/old or new/old (urgent-new/urgent-old), up to 2^32-1")]
    Counts,
}

impl MessageSummary {
    /// Reads a summary: names in any case, lines ended by CRLF or LF, up to an empty line.
    pub fn parse(text: &str) -> Result<MessageSummary, SummaryFault> {
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        let status = lines.next().and_then(|line| line.split_once(':'));
        let (name, status) = status.ok_or(SummaryFault::NoStatus)?;
        if !is(name, "Messages-Waiting") {
            return Err(SummaryFault::NoStatus);
        }
        let mut summary = MessageSummary {
            waiting: match status.trim() {
                yes if is(yes, "yes") => true,
                no if is(no, "no") => false,
                _ => return Err(SummaryFault::NoStatus),
            },
            ..MessageSummary::default()
        };
        for (at, line) in lines.enumerate() {
            let (name, value) = line.split_once(':').ok_or(SummaryFault::Line(at + 2))?;
            if is(name, "Message-Account") {
                summary.account = Some(value.trim().to_owned());
            } else if is(name, "Voice-Message") {
                summary.counts = Some(read_counts(value).ok_or(SummaryFault::Counts)?);
            }
        }
        Ok(summary)
    }
}

fn is(text: &str, word: &str) -> bool {
    text.trim().eq_ignore_ascii_case(word)
}

/// `new/old (urgent-new/urgent-old)`; without the second pair none is urgent.
fn read_counts(value: &str) -> Option<Counts> {
    let (all, urgent) = match value.split_once('(') {
        Some((all, rest)) => (all, rest.trim().strip_suffix(')')?),
        None => (value, "0/0"),
    };
    let (new, saved) = read_pair(all)?;
    let (urgent_new, urgent_saved) = read_pair(urgent)?;
    Some(Counts {
        new,
        saved,
        urgent_new,
        urgent_saved,
    })
}

fn read_pair(text: &str) -> Option<(u32, u32)> {
    let (new, old) = text.split_once('/')?;
    let count = |text: &str| {
        let digits = text.trim();
        let only = digits.bytes().all(|b| b.is_ascii_digit());
        only.then(|| digits.parse().ok()).flatten()
    };
    Some((count(new)?, count(old)?))
}

impl fmt::Display for MessageSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = if self.waiting { "yes" } else { "no" };
        write!(f, "Messages-Waiting: {waiting}\r\n")?;
        if let Some(account) = &self.account {
            write!(f, "Message-Account: {account}\r\n")?;
        }
        if let Some(counts) = self.counts {
            let Counts {
                new,
                saved,
                urgent_new,
                urgent_saved,
            } = counts;
            write!(
                f,
                "Voice-Message: {new}/{saved} ({urgent_new}/{urgent_saved})\r\n"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_summary_reads_as_telephones_expect_it() {
        let summary = MessageSummary {
            waiting: true,
            account: Some("sip:2001@pbx.example".to_owned()),
            counts: Some(Counts {
                new: 2,
                saved: 8,
                urgent_new: 0,
                urgent_saved: 2,
            }),
        };
        let text = "Messages-Waiting: yes\r\nMessage-Account: sip:2001@pbx.example\r\n\
                    Voice-Message: 2/8 (0/2)\r\n";
        assert_eq!(summary.to_string(), text);
    }

    #[test]
    fn what_others_write_is_understood() {
        let text = "messages-waiting : YES\nFax-Message: 1/1 (0/0)\nvoice-message: 4 / 8\n\n\
                    From: <sip:x@y>\nno header";
        let summary = MessageSummary::parse(text).unwrap();
        assert!(summary.waiting);
        let counts = summary.counts.unwrap();
        assert_eq!((counts.new, counts.saved, counts.urgent_new), (4, 8, 0));
    }

    #[test]
    fn what_is_no_summary_is_refused() {
        let cases = [
            ("", SummaryFault::NoStatus),
            ("Voice-Message: 1/0\r\n", SummaryFault::NoStatus),
            ("Messages-Waiting: maybe\r\n", SummaryFault::NoStatus),
            ("Messages-Waiting: no\r\nx\r\n", SummaryFault::Line(2)),
            (
                "Messages-Waiting: no\r\nVoice-Message: -1/0\r\n",
                SummaryFault::Counts,
            ),
            (
                "Messages-Waiting: no\r\nVoice-Message: 1/0 (0/0\r\n",
                SummaryFault::Counts,
            ),
            (
                "Messages-Waiting: no\r\nVoice-Message: 1/4294967296\r\n",
                SummaryFault::Counts,
            ),
            (
                "Messages-Waiting: no\r\nVoice-Message: 1/\r\n",
                SummaryFault::Counts,
            ),
        ];
        for (text, fault) in cases {
            assert_eq!(MessageSummary::parse(text), Err(fault), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_summary_survives_printing(
            waiting: bool,
            account in proptest::option::of("sips?:[a-z0-9+]{1,20}@[a-z0-9.]{1,20}"),
            counts in proptest::option::of(any::<[u32; 4]>()),
        ) {
            let counts = counts.map(|[new, saved, urgent_new, urgent_saved]| Counts {
                new, saved, urgent_new, urgent_saved,
            });
            let summary = MessageSummary { waiting, account, counts };
            prop_assert_eq!(MessageSummary::parse(&summary.to_string()), Ok(summary));
        }

        #[test]
        fn no_text_is_too_strange_to_read(text: String) {
            let _either = MessageSummary::parse(&text);
        }
    }
}
