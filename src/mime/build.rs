//! Printing a voice message as mail, in the profile that machines read.

use super::clean;
use super::headers::{address, audio_part, clock, common, of_voice, root};
use super::vocabulary::{Particulars, VoiceMail};
use super::wording::wording;

/// The mail of a voice message: lines end with CR LF and none is over 998 octets, every header is
/// there once, and the same message always gives the same octets.
///
/// A `multipart/mixed` root with one base64 audio part and no text: visual voicemail clients take
/// a text part for a transcript.
pub fn voice_message(mail: &VoiceMail) -> Vec<u8> {
    let about = &mail.particulars;
    let mut message =
        root("mixed", &about.id.0.simple().to_string()).singlepart(audio_part(about, &mail.sound));
    let owner = clean::name(&about.owner);
    let to = address("To", owner, about.mailbox.as_str(), about.host.as_str());
    let mut headers = common(about, &about.id.to_string(), to, subject(about));
    headers.extend(of_voice(about));
    for header in headers {
        message.headers_mut().insert_raw(header);
    }
    message.formatted()
}

fn subject(about: &Particulars) -> String {
    let words = wording(&about.language);
    let who = words.caller(&about.caller);
    format!("{} {who}, {}", words.voicemail_from, clock(about.length))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::{DialString, Language, MailboxId, MessageId};
    use crate::mime::Caller;
    use crate::mime::{MailHost, Reason, SoundFile, SoundFormat};
    use std::time::Duration;

    /// A file of the three samples 0, 1 and -1.
    const WAV: &[u8] = b"RIFF\x2a\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\
        \x02\0\x10\0data\x06\0\0\0\0\0\x01\0\xff\xff";

    pub(in crate::mime) fn a_mail() -> VoiceMail {
        let particulars = Particulars {
            id: MessageId("019cf3a4-0000-7000-8000-000000000001".parse().unwrap()),
            host: MailHost::parse("voicemail.example.nl").unwrap(),
            mailbox: MailboxId::parse("2001").unwrap(),
            owner: "Anna Bakker".into(),
            caller: Caller::Known {
                number: DialString::parse("+31612345678").unwrap(),
                name: Some("Jan de Vries".into()),
            },
            received: "2026-11-22T08:30:00Z".parse().unwrap(),
            zone: "Europe/Amsterdam".into(),
            language: Language::parse("nl").unwrap(),
            length: Duration::from_millis(23_400),
            urgent: true,
            private: true,
            cut_off: true,
            reason: Some(Reason::NoAnswer),
        };
        let sound = SoundFile {
            format: SoundFormat::Wav,
            octets: WAV.to_vec(),
        };
        VoiceMail { particulars, sound }
    }

    #[test]
    fn the_mail_reads_as_the_profile_says() {
        let text = String::from_utf8(voice_message(&a_mail())).unwrap();
        let fixture = include_str!("../../media-fixtures/mail/voice-message.eml");
        assert_eq!(text, fixture.replace('\n', "\r\n"));
    }

    #[test]
    fn withheld_and_unknown_callers_have_no_number_anywhere() {
        let mut mail = a_mail();
        mail.particulars.caller = Caller::Withheld;
        let text = String::from_utf8(voice_message(&mail)).unwrap();
        assert!(
            text.contains("From: anonymous@voicemail.example.nl\r\n"),
            "{text}"
        );
        assert!(text.contains("Subject: Voicemail van een afgeschermd nummer, 0:23\r\n"));
        mail.particulars.caller = Caller::Unknown {
            name: Some("Deurbel".into()),
        };
        mail.particulars.zone = "Nowhere/At-All".into();
        let text = String::from_utf8(voice_message(&mail)).unwrap();
        assert!(
            text.contains("From: Deurbel <unknown@voicemail.example.nl>\r\n"),
            "{text}"
        );
        assert!(text.contains("Subject: Voicemail van Deurbel, 0:23\r\n"));
        assert!(text.contains("voicemail-20261122-0830-unknown.wav"));
    }

    #[test]
    fn each_sound_format_is_named_as_what_it_is() {
        let cases = [
            (SoundFormat::G711, "audio/wav;\r\n name=", ".wav\"\r\n"),
            (SoundFormat::Flac, "audio/flac;\r\n name=", ".flac\"\r\n"),
            (
                SoundFormat::Opus,
                "audio/ogg; codecs=opus;\r\n name=",
                ".ogg\"\r\n",
            ),
        ];
        for (format, media_type, ending) in cases {
            let mut mail = a_mail();
            mail.sound.format = format;
            let text = String::from_utf8(voice_message(&mail)).unwrap();
            assert!(
                text.contains(&format!("Content-Type: {media_type}")),
                "{text}"
            );
            assert_eq!(text.matches(ending).count(), 2, "{text}");
        }
    }
}
