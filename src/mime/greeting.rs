//! A greeting or recorded name as mail, for the greetings folder of an IMAP account.
//!
//! In: a recording and what it is. Out: one mail that visual voicemail clients know by its
//! `X-CNS-Greeting-Type` (OMTP Visual Voice Mail Interface 1.3, section 2.8); and back which
//! recording it is. It has no `Message-Context`, so it is never taken for a message.

use super::headers::{address, automatic, clock, date, name, plain, root, seconds, sound_part};
use super::vocabulary::{MailHost, SoundFile};
use crate::base::{MailboxId, RecordingId, Timestamp};
use lettre::message::header::HeaderValue;
use mail_parser::MessageParser;
use std::time::Duration;

/// Says that a mail is a greeting, and which kind.
pub const GREETING_TYPE: &str = "X-CNS-Greeting-Type";

/// A recording that callers hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Its identity, the left side of the Message-ID.
    pub id: RecordingId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// The right side of the Message-ID and of the addresses.
    pub host: MailHost,
    /// Whether it is the recorded name, which is said inside the system greeting.
    pub is_name: bool,
    /// What it is, for people ("Begroeting bij in gesprek").
    pub title: String,
    /// When it was recorded.
    pub made: Timestamp,
    /// How long it is.
    pub length: Duration,
    /// Its sound.
    pub sound: SoundFile,
}

/// The mail of a greeting, always the same octets for the same recording.
pub fn greeting(greeting: &Greeting) -> Vec<u8> {
    let (id, host) = (greeting.id, greeting.host.as_str());
    let user = greeting.mailbox.as_str();
    let (kind, voice) = if greeting.is_name {
        ("voice-signature", "; voice=Originator-Spoken-Name")
    } else {
        ("normal-greeting", "")
    };
    let file = format!("greeting-{user}.{}", greeting.sound.format.extension());
    let sound = sound_part(&file, &greeting.sound, greeting.length, voice);
    let mut message = root("mixed", &id.0.simple().to_string()).singlepart(sound);
    let subject = format!("{}, {}", greeting.title, clock(greeting.length));
    let headers = [
        plain("Message-ID", format!("<{id}@{host}>")),
        plain("Date", date(greeting.made)),
        address("From", None, user, host),
        address("To", None, user, host),
        HeaderValue::new(name("Subject"), subject),
        plain(GREETING_TYPE, kind.to_owned()),
        plain("Content-Duration", seconds(greeting.length).to_string()),
        automatic(),
    ];
    for header in headers {
        message.headers_mut().insert_raw(header);
    }
    message.formatted()
}

/// Which recording a mail is by its headers; `None` for mail that is no greeting of this mailbox:
/// two may be kept in one account.
pub fn greeting_id(headers: &[u8], of: &MailboxId) -> Option<RecordingId> {
    let message = MessageParser::default().parse_headers(headers)?;
    message.header(GREETING_TYPE)?;
    let (user, _) = message.to()?.first()?.address()?.split_once('@')?;
    if user != of.as_str() {
        return None;
    }
    let (id, _) = message.message_id()?.split_once('@')?;
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::SoundFormat;
    use uuid::Uuid;

    fn name_of_anna() -> Greeting {
        Greeting {
            id: RecordingId(Uuid::from_u128(7)),
            mailbox: MailboxId::parse("2001").unwrap(),
            host: MailHost::parse("voicemail.example.nl").unwrap(),
            is_name: true,
            title: "Opgenomen naam".to_owned(),
            made: "2026-11-22T08:30:00Z".parse().unwrap(),
            length: Duration::from_millis(1_400),
            sound: SoundFile {
                format: SoundFormat::Wav,
                octets: vec![1; 100],
            },
        }
    }

    #[test]
    fn a_greeting_is_known_as_what_it_is_and_never_taken_for_a_message() {
        let greeting_of_anna = name_of_anna();
        let mail = greeting(&greeting_of_anna);
        let text = String::from_utf8(mail.clone()).unwrap();
        assert!(
            text.contains("X-CNS-Greeting-Type: voice-signature\r\n"),
            "{text}"
        );
        assert!(text.contains("Subject: Opgenomen naam, 0:01\r\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 998));
        let anna = &greeting_of_anna.mailbox;
        assert_eq!(greeting_id(&mail, anna), Some(greeting_of_anna.id));
        let jan = MailboxId::parse("2002").unwrap();
        assert_eq!(greeting_id(&mail, &jan), None, "of another mailbox");
        assert_eq!(mail, greeting(&name_of_anna()), "each time the same");
        assert!(crate::mime::read_head(&mail).is_err(), "no voice message");
    }

    #[test]
    fn other_mail_is_no_greeting() {
        let anna = MailboxId::parse("2001").unwrap();
        let message = b"Message-ID: <00000000-0000-0000-0000-000000000007@x>\r\nTo: 2001@x\r\n\r\n";
        assert_eq!(greeting_id(message, &anna), None);
        let foreign = b"Message-ID: <abc@x>\r\nTo: 2001@x\r\n\
                        X-CNS-Greeting-Type: normal-greeting\r\n\r\n";
        assert_eq!(greeting_id(foreign, &anna), None);
    }
}
