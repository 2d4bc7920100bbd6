//! Mail that people read: a message sent by mail, a copy of one, a notice that there is one.
//!
//! A `multipart/mixed` root with a text and an HTML part for people and the sound; a notice is
//! the texts alone. The texts are [`Templates`].

use super::address::MailAddress;
use super::facts::Facts;
use super::headers::{
    audio_part, automatic, bare_address, common, inner, marks, of_voice, root, text_part,
};
use super::templates::{Kind, Templates, Texts};
use super::vocabulary::{Particulars, SoundFile};
use lettre::message::{MultiPart, MultiPartBuilder};

/// A mail to a person.
#[derive(Clone, Copy, Debug)]
pub struct HumanMail<'a> {
    /// The message.
    pub about: &'a Particulars,
    /// Who gets the mail.
    pub to: &'a MailAddress,
    /// What they get.
    pub content: Content<'a>,
}

/// What is in a mail to a person.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// The message, to its owner.
    Message(&'a SoundFile),
    /// The message, to somebody who gets a copy.
    Copy(&'a SoundFile),
    /// That there is a message.
    Notice,
}

/// Prints a mail to a person: lines end with CR LF and none is over 998 octets, every header is
/// there once, and the same message always gives the same octets.
///
/// A message and its copies have the Message-ID of the message, `<ID@host>`; a notice has
/// `<ID.notice@host>` and no Message-Context, so that no program takes it for the message.
pub fn human(mail: &HumanMail<'_>, templates: &Templates) -> Vec<u8> {
    let about = mail.about;
    let facts = Facts::new(about);
    match mail.content {
        Content::Message(sound) => with_sound(mail, sound, facts, templates),
        Content::Copy(sound) => with_sound(mail, sound, facts.for_copy(true), templates),
        Content::Notice => {
            let texts = templates.render(&about.language, Kind::Notice, &facts);
            let id = format!("{}.notice", about.id);
            let to = bare_address("To", mail.to);
            let mut message = alternative(root("alternative", &within(about)), &texts);
            let headers = common(about, &id, to, texts.subject);
            let further = [automatic()].into_iter().chain(marks(about));
            for header in headers.into_iter().chain(further) {
                message.headers_mut().insert_raw(header);
            }
            message.formatted()
        }
    }
}

fn with_sound(
    mail: &HumanMail<'_>,
    sound: &SoundFile,
    facts: Facts,
    templates: &Templates,
) -> Vec<u8> {
    let about = mail.about;
    let facts = facts.with_file(about, sound.format);
    let texts = templates.render(&about.language, Kind::Voicemail, &facts);
    let mut message = root("mixed", &about.id.0.simple().to_string())
        .multipart(alternative(inner("alternative", &within(about)), &texts))
        .singlepart(audio_part(about, sound));
    let to = bare_address("To", mail.to);
    let headers = common(about, &about.id.to_string(), to, texts.subject);
    for header in headers.into_iter().chain(of_voice(about)) {
        message.headers_mut().insert_raw(header);
    }
    message.formatted()
}

/// The mark of the texts within a mail.
fn within(about: &Particulars) -> String {
    format!("a{}", about.id.0.simple())
}

/// The texts, the plain one first as RFC 2046 section 5.1.4 wants it.
pub(super) fn alternative(within: MultiPartBuilder, texts: &Texts) -> MultiPart {
    within
        .singlepart(text_part("plain", texts.plain.clone()))
        .singlepart(text_part("html", texts.html.clone()))
}

#[cfg(test)]
mod tests {
    use super::super::build::tests::a_mail;
    use super::super::templates::tests::shipped;
    use super::*;
    use crate::base::Language;
    use crate::mime::{Caller, VoiceMail, read, read_head};
    use mail_parser::{Message, MessageParser, MimeHeaders};

    fn printed(mail: &VoiceMail, content: Content<'_>) -> Vec<u8> {
        let to = MailAddress::parse("anna@example.nl").unwrap();
        let about = &mail.particulars;
        let to = &to;
        human(&HumanMail { about, to, content }, &shipped())
    }

    fn parsed(mail: &[u8]) -> Message<'_> {
        MessageParser::default().parse(mail).unwrap()
    }

    #[test]
    fn a_message_by_mail_has_two_texts_and_its_sound() {
        let mail = a_mail();
        let octets = printed(&mail, Content::Message(&mail.sound));
        let message = parsed(&octets);
        let types: Vec<String> = message
            .parts
            .iter()
            .filter_map(|p| p.content_type())
            .map(|t| format!("{}/{}", t.c_type, t.c_subtype.as_deref().unwrap_or("")))
            .collect();
        let expected = [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "audio/wav",
        ];
        assert_eq!(types, expected);
        assert_eq!(
            message.subject(),
            Some("Dringend: Voicemail van Jan de Vries (06 12345678), 0:23")
        );
        let to = message
            .to()
            .and_then(|l| l.first())
            .and_then(|a| a.address());
        assert_eq!(to, Some("anna@example.nl"));
        let again = read(&octets).unwrap();
        assert_eq!(again.sound.octets, mail.sound.octets);
        assert_eq!(
            again.head,
            read_head(&crate::mime::voice_message(&mail)).unwrap()
        );
    }

    #[test]
    fn the_text_says_who_when_how_long_and_why() {
        let mail = a_mail();
        let octets = printed(&mail, Content::Message(&mail.sound));
        let message = parsed(&octets);
        let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
        for told in [
            "Geachte Anna Bakker",
            "Jan de Vries (06 12345678)",
            "zondag 22 november 2026 om 09:30",
            "23 seconden",
            "u nam niet op",
            "als dringend gemarkeerd",
            "als privé gemarkeerd",
            "het einde ontbreekt",
            "voicemail-20261122-0930-0612345678.wav",
        ] {
            assert!(text.contains(told), "{told} in {text}");
            assert!(html.contains(told), "{told} in {html}");
        }
        assert!(html.contains("href=\"tel:+31612345678\""), "{html}");
    }

    #[test]
    fn a_plain_message_in_english_says_no_more_than_there_is() {
        let mut mail = a_mail();
        let about = &mut mail.particulars;
        about.language = Language::parse("en").unwrap();
        about.caller = Caller::Withheld;
        (about.urgent, about.private, about.cut_off) = (false, false, false);
        about.reason = None;
        let octets = printed(&mail, Content::Message(&mail.sound));
        let message = parsed(&octets);
        let expected = "Dear Anna Bakker,\r\n\r\nYou have a new voicemail message.\r\n\r\n\
            Caller:    a withheld number\r\n\
            Received:  Sunday 22 November 2026 at 09:30\r\n\
            Length:    23 seconds\r\n\r\n\
            The message is attached as a sound file: voicemail-20261122-0930-anonymous.wav\r\n";
        assert_eq!(message.body_text(0).unwrap(), expected);
        assert!(!message.body_html(0).unwrap().contains("tel:"));
        assert!(message.header("Importance").is_none() && message.header("Sensitivity").is_none());
    }

    #[test]
    fn a_copy_is_the_same_mail_that_says_it_is_one() {
        let mail = a_mail();
        let octets = printed(&mail, Content::Copy(&mail.sound));
        let message = parsed(&octets);
        let id = format!("{}@voicemail.example.nl", mail.particulars.id);
        assert_eq!(message.message_id(), Some(id.as_str()));
        let text = message.body_text(0).unwrap();
        assert!(text.contains("een kopie van een voicemailbericht voor Anna Bakker"));
        assert!(!text.contains("Geachte"));
    }

    #[test]
    fn a_notice_has_no_sound_and_is_no_voice_message() {
        let octets = printed(&a_mail(), Content::Notice);
        let message = parsed(&octets);
        let id = format!("{}.notice@voicemail.example.nl", a_mail().particulars.id);
        assert_eq!(message.message_id(), Some(id.as_str()));
        assert!(read(&octets).is_err() && message.header("Message-Context").is_none());
        let text = String::from_utf8(octets.clone()).unwrap();
        assert!(!text.contains("audio/") && text.contains("Auto-Submitted: auto-generated"));
        assert!(text.contains("Importance: high\r\n") && text.contains("Sensitivity: private\r\n"));
        assert!(
            message
                .body_text(0)
                .unwrap()
                .contains("Het geluid zit niet bij deze mail.")
        );
    }

    #[test]
    fn the_same_message_always_prints_the_same() {
        let mail = a_mail();
        let once = printed(&mail, Content::Message(&mail.sound));
        assert_eq!(once, printed(&mail, Content::Message(&mail.sound)));
    }
}
