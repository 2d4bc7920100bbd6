//! Printing a voice message as mail, in the profile that machines read.

use super::clean;
use super::vocabulary::{Caller, VoiceMail};
use super::wording::{Wording, wording};
use crate::base::Timestamp;
use jiff::tz::TimeZone;
use lettre::Address;
use lettre::message::header::{self, ContentTransferEncoding, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};
use std::time::Duration;

/// The local part of the sender of a caller who withholds the number.
pub(super) const WITHHELD: &str = "anonymous";
/// The local part of the sender of a caller without a number.
pub(super) const UNKNOWN: &str = "unknown";
/// Says that a recording broke off.
pub(super) const CUT_OFF: &str = "X-Belpost-Cut-Off";
/// Says why the call was diverted, in the words of RFC 5806.
pub(super) const DIVERSION: &str = "X-Belpost-Diversion";

/// The mail of a voice message: lines end with CR LF and none is over 998 octets, every header is
/// there once, and the same message always gives the same octets.
///
/// A `multipart/mixed` root with one base64 audio part and no text: visual voicemail clients take
/// a text part for a transcript.
pub fn voice_message(mail: &VoiceMail) -> Vec<u8> {
    let words = wording(&mail.language);
    let mut message = MultiPart::builder()
        .header(header::MIME_VERSION_1_0)
        .header(multipart_type(mail))
        .singlepart(audio_part(mail));
    for header in headers(mail, words) {
        message.headers_mut().insert_raw(header);
    }
    message.formatted()
}

fn headers(mail: &VoiceMail, words: &Wording) -> Vec<HeaderValue> {
    let host = mail.host.as_str();
    let mut headers = vec![
        plain("Message-ID", format!("<{}@{host}>", mail.id)),
        plain("Date", date(mail.received)),
        address(
            "From",
            sender_name(&mail.caller),
            &sender(&mail.caller),
            host,
        ),
        address("To", clean::name(&mail.owner), mail.mailbox.as_str(), host),
        HeaderValue::new(name("Subject"), subject(mail, words)),
        plain("Message-Context", "voice-message".into()),
        plain("Content-Duration", seconds(mail.length).to_string()),
        plain("Auto-Submitted", "auto-generated".into()),
    ];
    let further = [
        (mail.urgent, "Importance", "high"),
        (mail.private, "Sensitivity", "private"),
        (mail.cut_off, CUT_OFF, "yes"),
    ];
    headers.extend(
        further
            .into_iter()
            .filter(|f| f.0)
            .map(|f| plain(f.1, f.2.into())),
    );
    headers.extend(
        mail.reason
            .map(|reason| plain(DIVERSION, reason.token().into())),
    );
    headers
}

fn sender(caller: &Caller) -> String {
    match caller {
        Caller::Known { number, .. } => number.to_string(),
        Caller::Withheld => WITHHELD.into(),
        Caller::Unknown { .. } => UNKNOWN.into(),
    }
}

fn sender_name(caller: &Caller) -> Option<String> {
    caller.name().and_then(clean::name)
}

fn subject(mail: &VoiceMail, words: &Wording) -> String {
    let number = mail.caller.number().map(|n| words.number(n));
    let who = match (sender_name(&mail.caller), number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if mail.caller == Caller::Withheld => words.withheld.into(),
        (None, None) => words.unknown.into(),
    };
    let length = seconds(mail.length);
    let (minutes, seconds) = (length / 60, length % 60);
    format!("{} {who}, {minutes}:{seconds:02}", words.voicemail_from)
}

/// Whole seconds, rounded to the nearest; at least one (RFC 3803 section 2 knows no parts).
fn seconds(length: Duration) -> u64 {
    ((length.as_millis() + 500) / 1_000).clamp(1, 9_999_999_999) as u64
}

fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A header whose value is ours and fits one line.
fn plain(header: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(name(header), value.clone(), value)
}

fn name(header: &'static str) -> HeaderName {
    HeaderName::new_from_ascii_str(header)
}

fn address(header: &'static str, display: Option<String>, user: &str, host: &str) -> HeaderValue {
    // Keys and host names always make an address; the line without a name is for the compiler.
    let Ok(address) = Address::new(user, host) else {
        return HeaderValue::new(name(header), format!("<{user}@{host}>"));
    };
    let mailboxes = Mailboxes::new().with(Mailbox::new(display, address));
    if header == "To" {
        header::To::from(mailboxes).display()
    } else {
        header::From::from(mailboxes).display()
    }
}

fn multipart_type(mail: &VoiceMail) -> Prepared {
    // Base64 has no `=_`, so this never occurs inside.
    let boundary = mail.id.0.simple();
    Prepared::new(
        "Content-Type",
        format!("multipart/mixed; boundary=\"=_{boundary}\""),
    )
}

fn audio_part(mail: &VoiceMail) -> SinglePart {
    let file = file_name(mail);
    SinglePart::builder()
        .header(Prepared::new(
            "Content-Type",
            format!("audio/wav;\r\n name=\"{file}\""),
        ))
        .header(ContentTransferEncoding::Base64)
        .header(Prepared::new(
            "Content-Duration",
            seconds(mail.length).to_string(),
        ))
        .header(Prepared::new(
            "Content-Disposition",
            format!("inline; voice=Voice-Message;\r\n filename=\"{file}\""),
        ))
        .body(mail.wav.clone())
}

/// `voicemail-20261122-0930-0612345678.wav`, by the owner's clock.
fn file_name(mail: &VoiceMail) -> String {
    let zone = TimeZone::get(&mail.zone).unwrap_or(TimeZone::UTC);
    let when = mail.received.to_zoned(zone).strftime("%Y%m%d-%H%M");
    let who = match &mail.caller {
        Caller::Known { number, .. } => wording(&mail.language).number(number),
        Caller::Withheld => WITHHELD.into(),
        Caller::Unknown { .. } => UNKNOWN.into(),
    };
    let who: String = who
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '+')
        .collect();
    format!("voicemail-{when}-{who}.wav")
}

/// A header that is made already: ASCII, folded, nothing of the network in it but keys.
#[derive(Clone)]
struct Prepared(HeaderValue);

impl Prepared {
    fn new(header: &'static str, value: String) -> Prepared {
        Prepared(plain(header, value))
    }
}

impl Header for Prepared {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Type")
    }

    fn parse(value: &str) -> Result<Prepared, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Prepared(plain("Content-Type", value.to_owned())))
    }

    fn display(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::{DialString, Language, MailboxId, MessageId};
    use crate::mime::{MailHost, Reason};

    /// A file of the three samples 0, 1 and -1.
    const WAV: &[u8] = b"RIFF\x2a\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\
        \x02\0\x10\0data\x06\0\0\0\0\0\x01\0\xff\xff";

    pub(in crate::mime) fn a_mail() -> VoiceMail {
        VoiceMail {
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
            wav: WAV.to_vec(),
        }
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
        mail.caller = Caller::Withheld;
        let text = String::from_utf8(voice_message(&mail)).unwrap();
        assert!(
            text.contains("From: anonymous@voicemail.example.nl\r\n"),
            "{text}"
        );
        assert!(text.contains("Subject: Voicemail van een afgeschermd nummer, 0:23\r\n"));
        mail.caller = Caller::Unknown {
            name: Some("Deurbel".into()),
        };
        mail.zone = "Nowhere/At-All".into();
        let text = String::from_utf8(voice_message(&mail)).unwrap();
        assert!(
            text.contains("From: Deurbel <unknown@voicemail.example.nl>\r\n"),
            "{text}"
        );
        assert!(text.contains("Subject: Voicemail van Deurbel, 0:23\r\n"));
        assert!(text.contains("voicemail-20261122-0830-unknown.wav"));
    }

    #[test]
    fn lengths_are_whole_seconds_and_never_none() {
        let cases = [(0, 1), (499, 1), (1_499, 1), (1_500, 2), (60_000, 60)];
        for (ms, expected) in cases {
            assert_eq!(seconds(Duration::from_millis(ms)), expected, "{ms} ms");
        }
    }
}
