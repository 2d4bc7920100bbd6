//! Reading a voice message back, ours or one that another program saved again.

use super::clean;
use super::headers::{CUT_OFF, DIVERSION, UNKNOWN, WITHHELD};
use super::vocabulary::{Caller, Head, MimeFault, Reason, Sound, SoundKind, VoiceMessage};
use crate::base::{DialString, MessageId, Timestamp};
use mail_parser::{HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders};
use std::time::Duration;

/// The largest mail read, in octets: an hour of 16-bit sound at 8,000 samples a second in
/// base64, and room for headers.
pub const MAIL_MAX: usize = 96 << 20;

/// As much of a mail as is looked at for its headers, in octets.
pub const HEAD_MAX: usize = 64 << 10;

/// Reads the headers of a voice message; the body may be cut off.
pub fn read_head(mail: &[u8]) -> Result<Head, MimeFault> {
    let start = mail.get(..HEAD_MAX).unwrap_or(mail);
    let message = MessageParser::default()
        .parse_headers(start)
        .ok_or(MimeFault::NoMail)?;
    head(&message)
}

/// Reads a whole voice message.
pub fn read(mail: &[u8]) -> Result<VoiceMessage, MimeFault> {
    if mail.len() > MAIL_MAX {
        return Err(MimeFault::TooLarge);
    }
    let message = MessageParser::default()
        .parse(mail)
        .ok_or(MimeFault::NoMail)?;
    let head = head(&message)?;
    let sound = message
        .parts
        .iter()
        .find_map(sound)
        .ok_or(MimeFault::NoSound)?;
    Ok(VoiceMessage { head, sound })
}

fn head(message: &Message<'_>) -> Result<Head, MimeFault> {
    if !says(message, HeaderName::MessageContext, "voice-message") {
        return Err(MimeFault::NotVoice);
    }
    let seconds: Option<u32> =
        text(message, HeaderName::ContentDuration).and_then(|t| t.trim().parse().ok());
    let date = message.date().map(mail_parser::DateTime::to_timestamp);
    Ok(Head {
        id: message.message_id().and_then(own_id),
        caller: caller(message),
        received: date
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH),
        length: Duration::from_secs(seconds.map_or(0, u64::from)),
        urgent: says(message, HeaderName::Importance, "high"),
        private: says(message, HeaderName::Sensitivity, "private"),
        cut_off: says(message, HeaderName::Other(CUT_OFF.into()), "yes"),
        reason: text(message, HeaderName::Other(DIVERSION.into()))
            .and_then(|token| Reason::from_token(token.trim())),
    })
}

fn text<'m>(message: &'m Message<'_>, name: HeaderName<'static>) -> Option<&'m str> {
    message.header(name).and_then(HeaderValue::as_text)
}

fn says(message: &Message<'_>, name: HeaderName<'static>, value: &str) -> bool {
    text(message, name).is_some_and(|t| t.trim().eq_ignore_ascii_case(value))
}

/// The id in `ID@host`.
fn own_id(message_id: &str) -> Option<MessageId> {
    let (id, _) = message_id.trim_matches(['<', '>', ' ']).split_once('@')?;
    id.parse().ok()
}

fn caller(message: &Message<'_>) -> Caller {
    let from = message.from().and_then(|list| list.first());
    let user = from
        .and_then(|a| a.address())
        .and_then(|a| a.split('@').next());
    let name = from.and_then(|a| a.name()).and_then(clean::name);
    match user {
        Some(WITHHELD) => Caller::Withheld,
        None | Some(UNKNOWN) => Caller::Unknown { name },
        Some(user) => match DialString::parse(user) {
            Ok(number) => Caller::Known { number, name },
            Err(_) => Caller::Unknown { name },
        },
    }
}

/// The sound in a part, where it has one that decodes.
fn sound(part: &MessagePart<'_>) -> Option<Sound> {
    let octets = part.contents();
    let wav = octets.starts_with(b"RIFF") && octets.get(8..12) == Some(b"WAVE");
    let audio = part
        .content_type()
        .is_some_and(|t| t.c_type.eq_ignore_ascii_case("audio"));
    let kind = match (wav, audio) {
        (true, _) => SoundKind::Wav,
        (false, true) => SoundKind::Other,
        (false, false) => return None,
    };
    let octets = octets.to_vec();
    (!part.is_encoding_problem).then_some(Sound { kind, octets })
}

#[cfg(test)]
mod tests {
    use super::super::build::tests::a_mail;
    use super::*;
    use crate::mime::voice_message;

    #[test]
    fn a_message_reads_as_it_was_built() {
        let mail = a_mail();
        let read = read(&voice_message(&mail)).unwrap();
        let head = Head {
            id: Some(mail.particulars.id),
            caller: mail.particulars.caller,
            received: mail.particulars.received,
            length: Duration::from_secs(23),
            urgent: true,
            private: true,
            cut_off: true,
            reason: mail.particulars.reason,
        };
        assert_eq!(read.head, head);
        assert_eq!(
            (read.sound.kind, read.sound.octets),
            (SoundKind::Wav, mail.sound.octets)
        );
        let printed = voice_message(&a_mail());
        assert_eq!(read_head(&printed[..printed.len() - 200]), Ok(head));
    }

    #[test]
    fn names_with_quotes_and_accents_survive() {
        for name in [
            "Zo\u{eb} \"Z\" O'Hara\\",
            "J\u{f8}rgen (thuis), werk;",
            "\u{5f20}\u{4f1f} <x@y>",
        ] {
            let mut mail = a_mail();
            let number = DialString::parse("0201234567").unwrap();
            let name = Some(name.to_owned());
            mail.particulars.caller = Caller::Known { number, name };
            assert_eq!(
                read_head(&voice_message(&mail)).unwrap().caller,
                mail.particulars.caller
            );
        }
    }

    #[test]
    fn messages_that_other_programs_saved_are_understood() {
        let resaved = include_bytes!("../../media-fixtures/mail/resaved.eml");
        let message = read(resaved).unwrap();
        assert_eq!(message.head.id, Some(a_mail().particulars.id));
        assert_eq!(message.head.caller, a_mail().particulars.caller);
        assert!(message.head.urgent && !message.head.cut_off);
        assert_eq!(message.sound.octets, a_mail().sound.octets);

        let foreign = include_bytes!("../../media-fixtures/mail/foreign.eml");
        let message = read(foreign).unwrap();
        assert_eq!(message.head.id, None);
        assert_eq!(message.head.length, Duration::ZERO);
        assert_eq!(
            message.head.caller,
            Caller::Unknown {
                name: Some("Zo\u{eb}".into())
            }
        );
        assert_eq!(message.sound.kind, SoundKind::Other);
    }

    #[test]
    fn other_mail_is_no_voice_message() {
        let ordinary = include_bytes!("../../media-fixtures/mail/ordinary.eml");
        assert_eq!(read(ordinary), Err(MimeFault::NotVoice));
        assert_eq!(read_head(ordinary), Err(MimeFault::NotVoice));
        assert!(read(b"").is_err());
    }

    #[test]
    fn a_voice_message_without_sound_is_a_fault() {
        let text = String::from_utf8(voice_message(&a_mail())).unwrap();
        let silent = text
            .replace("audio/wav", "text/plain")
            .replace("UklGR", "AAAAA");
        assert_eq!(read(silent.as_bytes()), Err(MimeFault::NoSound));
    }
}
