//! Identifiers. Each is its own type, so that no call passes one for another.

use super::Timestamp;
use std::fmt;
use std::str::FromStr;
use uuid::{Builder, Uuid};

/// One call, from its INVITE to its end; unique within a server's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// One media session: the RTP side of a call; unique within a server's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// One play list handed to a media session. A report about an older one is stale and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlayId(pub u64);

/// A recording and the message it becomes: one UUIDv7 (RFC 9562 section 5.7) from the first
/// sample to the mail's Message-ID, so that ids sort by time and a retry keeps its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub Uuid);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<MessageId, uuid::Error> {
        Uuid::from_str(text).map(MessageId)
    }
}

/// What a subscriber recorded for callers: a name or a greeting. A new recording has a new
/// identity, so a call that plays one never hears another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordingId(pub Uuid);

impl RecordingId {
    /// An identity of a recording made at this time, from random octets (UUIDv7, RFC 9562
    /// section 5.7).
    pub fn new(made: Timestamp, random: [u8; 10]) -> RecordingId {
        let millis = u64::try_from(made.as_millisecond()).unwrap_or(0);
        RecordingId(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// When it was made, to the millisecond; the epoch where the identity does not say.
    pub fn made(self) -> Timestamp {
        let millis = match self.0.get_version_num() {
            7 => self.0.as_u128() >> 80,
            _ => 0,
        };
        let millis = i64::try_from(millis).unwrap_or(0);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RecordingId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<RecordingId, uuid::Error> {
        Uuid::from_str(text).map(RecordingId)
    }
}

/// The number of a mailbox, as subscribers dial it: 1-32 figures, safe as a file name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxId(String);

/// A text that is no mailbox number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mailbox number has 1 to {} figures and nothing else",
    MailboxId::MAX
)]
pub struct MailboxIdFault;

impl MailboxId {
    /// The longest mailbox number, in figures.
    pub const MAX: usize = 32;

    /// Reads a mailbox number.
    pub fn parse(text: &str) -> Result<MailboxId, MailboxIdFault> {
        let fits = (1..=MailboxId::MAX).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(MailboxId(text.to_owned()))
        } else {
            Err(MailboxIdFault)
        }
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_number_cannot_leave_its_folder() {
        assert!(MailboxId::parse("2001").is_ok());
        for bad in ["", "../etc", "20 01", "2001/", &"1".repeat(33)] {
            assert_eq!(MailboxId::parse(bad), Err(MailboxIdFault), "{bad}");
        }
    }

    #[test]
    fn a_message_id_survives_printing() {
        let id = MessageId(Uuid::from_u128(0x0192_f3a4_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
