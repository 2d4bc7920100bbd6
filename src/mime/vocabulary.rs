//! The words of a voice message: who called, why it went to voicemail, and its sound.

use crate::base::{DialString, Language, MailboxId, MessageId, Timestamp};
use std::time::Duration;

/// Who left a message, as far as the network says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A telephone number, with the display name that came with it.
    Known {
        /// The number.
        number: DialString,
        /// The display name, as it came: not yet safe for a header or a screen.
        name: Option<String>,
    },
    /// The caller withholds the identity (RFC 3323, RFC 3325 section 7).
    Withheld,
    /// No telephone number came.
    Unknown {
        /// The display name, as it came.
        name: Option<String>,
    },
}

impl Caller {
    /// The number, where there is one and it may be shown.
    pub fn number(&self) -> Option<&DialString> {
        match self {
            Caller::Known { number, .. } => Some(number),
            Caller::Withheld | Caller::Unknown { .. } => None,
        }
    }

    /// The display name, where there is one and it may be shown.
    pub fn name(&self) -> Option<&str> {
        match self {
            Caller::Known { name, .. } | Caller::Unknown { name } => name.as_deref(),
            Caller::Withheld => None,
        }
    }
}

/// Why a call went to voicemail (the reasons of RFC 5806 section 3 that telephones give).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// All calls are diverted.
    Unconditional,
    /// The subscriber was busy.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// The telephone was not reachable.
    NotReachable,
    /// The subscriber did not want to be disturbed.
    DoNotDisturb,
    /// The subscriber sent the ringing call on.
    Deflected,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 6] = [
        Reason::Unconditional,
        Reason::Busy,
        Reason::NoAnswer,
        Reason::NotReachable,
        Reason::DoNotDisturb,
        Reason::Deflected,
    ];

    /// The token of RFC 5806 section 3.
    pub fn token(self) -> &'static str {
        match self {
            Reason::Unconditional => "unconditional",
            Reason::Busy => "user-busy",
            Reason::NoAnswer => "no-answer",
            Reason::NotReachable => "unavailable",
            Reason::DoNotDisturb => "do-not-disturb",
            Reason::Deflected => "deflection",
        }
    }

    /// The reason with this token, in any case of letters; `None` for every other token.
    pub fn from_token(token: &str) -> Option<Reason> {
        Reason::ALL
            .into_iter()
            .find(|r| r.token().eq_ignore_ascii_case(token))
    }
}

/// The host name that stands behind the `@` of Message-IDs and addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailHost(String);

/// A text that is no host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a mail host is a host name: letters, figures, hyphens and dots, at most {} characters",
    MailHost::MAX
)]
pub struct MailHostFault;

impl MailHost {
    /// The longest host name taken, in characters: with it every header of a message stays well
    /// below the 998 of RFC 5322 section 2.1.1.
    pub const MAX: usize = 200;

    /// Reads a host name: labels of letters, figures and inner hyphens (RFC 1123 section 2.1).
    pub fn parse(text: &str) -> Result<MailHost, MailHostFault> {
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= MailHost::MAX && text.split('.').all(label_fits) {
            Ok(MailHost(text.to_ascii_lowercase()))
        } else {
            Err(MailHostFault)
        }
    }

    /// The host name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the headers of a voice message say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Our id, where the Message-ID holds one: mail of other programs has none.
    pub id: Option<MessageId>,
    /// Who left it.
    pub caller: Caller,
    /// When the recording began; the epoch where the mail does not say.
    pub received: Timestamp,
    /// How long it is, in whole seconds; zero where the mail does not say.
    pub length: Duration,
    /// Marked urgent.
    pub urgent: bool,
    /// Marked private.
    pub private: bool,
    /// The recording broke off.
    pub cut_off: bool,
    /// Why the call went to voicemail.
    pub reason: Option<Reason>,
}

/// A voice message, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceMessage {
    /// Its headers.
    pub head: Head,
    /// Its sound.
    pub sound: Sound,
}

/// Why a mail is no voice message that can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum MimeFault {
    /// Larger than [`MAIL_MAX`](super::MAIL_MAX).
    #[error("the mail is too large")]
    TooLarge,
    /// Not a mail at all.
    #[error("this is no mail")]
    NoMail,
    /// A mail, but not marked `Message-Context: voice-message`.
    #[error("the mail is no voice message")]
    NotVoice,
    /// A voice message without an audio part, or with one that does not decode.
    #[error("the voice message has no readable sound")]
    NoSound,
}

/// The kinds of audio a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoundKind {
    /// RIFF WAVE (`audio/wav`), of any codec inside.
    Wav,
    /// Another `audio/*` type, as another program may have put it there.
    Other,
}

/// The sound file a subscriber's messages are sent and kept as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SoundFormat {
    /// WAV, 16 bit PCM.
    #[default]
    Wav,
    /// WAV, G.711 as it was recorded: half the size.
    G711,
    /// FLAC.
    Flac,
    /// Ogg Opus: the smallest; only where the program was built with it.
    Opus,
}

impl SoundFormat {
    /// Every format.
    pub const ALL: [SoundFormat; 4] = [
        SoundFormat::Wav,
        SoundFormat::G711,
        SoundFormat::Flac,
        SoundFormat::Opus,
    ];

    /// The media type, with its parameters (RFC 2361 for WAV, RFC 9639 section 7 for FLAC,
    /// RFC 5334 section 4 for Ogg).
    pub fn media_type(self) -> &'static str {
        match self {
            SoundFormat::Wav | SoundFormat::G711 => "audio/wav",
            SoundFormat::Flac => "audio/flac",
            SoundFormat::Opus => "audio/ogg; codecs=opus",
        }
    }

    /// The ending of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            SoundFormat::Wav | SoundFormat::G711 => "wav",
            SoundFormat::Flac => "flac",
            SoundFormat::Opus => "ogg",
        }
    }
}

/// A sound file.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    /// What kind of file.
    pub kind: SoundKind,
    /// The file.
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sound({:?}, {} octets)", self.kind, self.octets.len())
    }
}

/// A sound file on its way out.
#[derive(Clone, PartialEq, Eq)]
pub struct SoundFile {
    /// What kind of file.
    pub format: SoundFormat,
    /// The file.
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for SoundFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SoundFile({:?}, {} octets)",
            self.format,
            self.octets.len()
        )
    }
}

/// What is known of a voice message, apart from its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Particulars {
    /// Its identity; with the host it is the Message-ID.
    pub id: MessageId,
    /// The host of all its addresses.
    pub host: MailHost,
    /// The mailbox it is for.
    pub mailbox: MailboxId,
    /// The owner's name.
    pub owner: String,
    /// Who left it.
    pub caller: Caller,
    /// When the recording began.
    pub received: Timestamp,
    /// The owner's time zone (IANA name; unknown names count as UTC).
    pub zone: String,
    /// The owner's language.
    pub language: Language,
    /// How long it is.
    pub length: Duration,
    /// The caller marked it urgent.
    pub urgent: bool,
    /// The caller marked it private.
    pub private: bool,
    /// The recording broke off: the server or the disk failed while it ran.
    pub cut_off: bool,
    /// Why the call went to voicemail; `None` when it was dialled.
    pub reason: Option<Reason>,
}

/// Everything a voice message says, before it is a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceMail {
    /// What is known of it.
    pub particulars: Particulars,
    /// Its sound.
    pub sound: SoundFile,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_its_token() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_token(reason.token()), Some(reason));
        }
        assert_eq!(Reason::from_token("follow-me"), None);
    }

    #[test]
    fn a_mail_host_is_a_host_name() {
        assert_eq!(
            MailHost::parse("VM.example.nl").map(|h| h.0),
            Ok("vm.example.nl".into())
        );
        let long = "a.".repeat(100) + "a";
        for bad in [
            "",
            "a b",
            "a..b",
            "-a.b",
            "a@b",
            "a\r\nb",
            "ex\u{e4}mple.nl",
            &long,
        ] {
            assert_eq!(MailHost::parse(bad), Err(MailHostFault), "{bad:?}");
        }
    }
}
