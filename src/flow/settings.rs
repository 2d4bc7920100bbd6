//! What an operator may set about the conversations: lengths, patience and bounds.
//!
//! In: nothing; [`Settings::default`] is the shipped choice. Out: plain values that every state
//! reads through [`Cx`](super::Cx). The key maps are in [`menus`](super::menus), not here.

use super::RecordingDone;
use crate::base::MailboxId;
use crate::subscriber::{Destinations, PasscodeRules};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Lengths, patience and bounds of the conversations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The longest message; at this length the recording stops by itself. Default 3 minutes.
    pub longest_message: Duration,
    /// A shorter recording is no message. Default 1 second.
    pub shortest_message: Duration,
    /// A recording with less sound than this is no message. Default 300 ms.
    pub least_voice: Duration,
    /// This much silence ends a recording; `None` never does. Default 6 seconds.
    pub silence_limit: Option<Duration>,
    /// The longest recording of a prompt by telephone. Default 2 minutes, which is the longest clip
    /// of a prompt set.
    pub longest_prompt: Duration,
    /// The longest greeting that a subscriber records. Default 2 minutes.
    pub longest_greeting: Duration,
    /// The longest name that a subscriber records. Default 10 seconds.
    pub longest_name: Duration,
    /// How long to wait for the first key after a prompt. Default 6 seconds.
    pub first_key: Duration,
    /// How long to wait for the next key of a number or passcode. Default 4 seconds.
    pub between_keys: Duration,
    /// How many silent or wrong entries end a menu or log-in; 0 counts as 1. Default 3.
    pub tries: u8,
    /// How long a paused message waits. Default 2 minutes.
    pub pause_limit: Duration,
    /// Whether `*` during the greeting leads to the log-in. Default yes.
    pub log_in_from_greeting: bool,
    /// How many figures a passcode may have; others are wrong unasked. Default 4 to 20.
    pub passcode_length: RangeInclusive<usize>,
    /// The most recipients of one message; 0 counts as 1. Default 20.
    pub recipients: usize,
    /// The most figures of a mailbox number typed, at most [`MailboxId::MAX`]. Default that.
    pub mailbox_length: usize,
    /// Which passcodes may be chosen; lengths beyond `passcode_length` open nothing.
    pub passcode_rules: PasscodeRules,
    /// How long a passcode that was chosen holds; `None` is for ever. Default that.
    pub passcode_age: Option<Duration>,
    /// Whether a passcode that the subscriber did not choose must be changed first. Default no.
    pub change_initial: bool,
    /// Whether a subscriber without a passcode chooses one on the own telephone. Default yes.
    pub first_use: bool,
    /// After how many log-ins a subscriber counts as a frequent one, who hears menus in brief;
    /// `None` is never. Default 5.
    pub brief_after: Option<u32>,
    /// Where calls may be forwarded.
    pub destinations: Destinations,
    /// The most figures of a telephone number typed, at most
    /// [`DialString::MAX`](crate::base::DialString::MAX). Default 20: an E.164 number has 15, and
    /// prefixes go before it.
    pub number_length: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            longest_message: Duration::from_mins(3),
            shortest_message: Duration::from_secs(1),
            least_voice: Duration::from_millis(300),
            silence_limit: Some(Duration::from_secs(6)),
            longest_prompt: Duration::from_mins(2),
            longest_greeting: Duration::from_mins(2),
            longest_name: Duration::from_secs(10),
            first_key: Duration::from_secs(6),
            between_keys: Duration::from_secs(4),
            tries: 3,
            pause_limit: Duration::from_mins(2),
            log_in_from_greeting: true,
            passcode_length: 4..=20,
            recipients: 20,
            mailbox_length: MailboxId::MAX,
            passcode_rules: PasscodeRules::default(),
            passcode_age: None,
            change_initial: false,
            first_use: true,
            brief_after: Some(5),
            destinations: Destinations::default(),
            number_length: 20,
        }
    }
}

/// Whether a recording is a message: long enough and with some sound in it. What is not is
/// dropped and counted as a missed call.
pub fn worth_keeping(done: &RecordingDone, settings: &Settings) -> bool {
    done.length >= settings.shortest_message && done.voiced >= settings.least_voice
}

/// How much of a message must have been heard for it to go on there the next time.
const LEAST_HEARD: Duration = Duration::from_secs(3);
/// How much of it must be left for that.
const LEAST_LEFT: Duration = Duration::from_secs(2);

/// Whether a message that was stopped at this position goes on from there the next time. One that
/// was only begun begins anew, and one that was all but over is over.
pub fn worth_resuming(stopped: Duration, length: Duration) -> bool {
    stopped >= LEAST_HEARD && stopped + LEAST_LEFT <= length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::RecordEnd;

    #[test]
    fn a_message_goes_on_only_in_its_middle() {
        let cases = [
            (2_999, 20_000, false),
            (3_000, 20_000, true),
            (18_000, 20_000, true),
            (18_001, 20_000, false),
            (3_000, 4_999, false),
            (0, 0, false),
        ];
        for (stopped, length, expected) in cases {
            let (stopped, length) = (
                Duration::from_millis(stopped),
                Duration::from_millis(length),
            );
            assert_eq!(worth_resuming(stopped, length), expected, "{stopped:?}");
        }
    }

    #[test]
    fn only_recordings_with_length_and_voice_are_messages() {
        let settings = Settings::default();
        let cases = [
            (1_000, 300, true),
            (999, 999, false),
            (20_000, 299, false),
            (0, 0, false),
        ];
        for (length, voiced, expected) in cases {
            let done = RecordingDone {
                end: RecordEnd::Stopped,
                length: Duration::from_millis(length),
                voiced: Duration::from_millis(voiced),
            };
            assert_eq!(
                worth_keeping(&done, &settings),
                expected,
                "{length} {voiced}"
            );
        }
    }
}
