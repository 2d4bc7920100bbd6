//! The headers and parts that every mail of ours is made of.
//!
//! Specs: RFC 5322 (headers), RFC 2047 (encoded words, by `lettre`), RFC 3801 section 4
//! (Content-Disposition `voice`), RFC 3803 (Content-Duration).

use super::address::MailAddress;
use super::clean;
use super::vocabulary::{Caller, Particulars, SoundFile, SoundFormat};
use super::wording::wording;
use crate::base::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;
use lettre::Address;
use lettre::message::header::{self, ContentTransferEncoding, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MultiPart, MultiPartBuilder, SinglePart};
use std::time::Duration;

/// The local part of the sender of a caller who withholds the number.
pub(super) const WITHHELD: &str = "anonymous";
/// The local part of the sender of a caller without a number.
pub(super) const UNKNOWN: &str = "unknown";
/// Says that a recording broke off.
pub(super) const CUT_OFF: &str = "X-Belpost-Cut-Off";
/// Says why the call was diverted, in the words of RFC 5806.
pub(super) const DIVERSION: &str = "X-Belpost-Diversion";

/// The headers of a mail about a message, whoever it is for; `id` is the left side of its
/// Message-ID.
pub(super) fn common(
    about: &Particulars,
    id: &str,
    to: HeaderValue,
    subject: String,
) -> Vec<HeaderValue> {
    let host = about.host.as_str();
    vec![
        plain("Message-ID", format!("<{id}@{host}>")),
        plain("Date", date(about.received)),
        from(about),
        to,
        HeaderValue::new(name("Subject"), subject),
    ]
}

/// Says that a program wrote the mail, so that none answers it (RFC 3834 section 5).
pub(super) fn automatic() -> HeaderValue {
    plain("Auto-Submitted", "auto-generated".into())
}

/// The headers that say what the message is and how its caller marked it.
pub(super) fn of_voice(about: &Particulars) -> Vec<HeaderValue> {
    let mut headers = vec![
        plain("Message-Context", "voice-message".into()),
        plain("Content-Duration", seconds(about.length).to_string()),
        automatic(),
    ];
    headers.extend(marks(about));
    let cut_off = about.cut_off.then(|| plain(CUT_OFF, "yes".into()));
    headers.extend(cut_off);
    let reason = about.reason.map(|r| plain(DIVERSION, r.token().into()));
    headers.extend(reason);
    headers
}

/// How its caller marked the message.
pub(super) fn marks(about: &Particulars) -> impl Iterator<Item = HeaderValue> {
    let marks = [
        (about.urgent, "Importance", "high"),
        (about.private, "Sensitivity", "private"),
    ];
    let set = marks.into_iter().filter(|m| m.0);
    set.map(|m| plain(m.1, m.2.into()))
}

fn from(about: &Particulars) -> HeaderValue {
    let user = match &about.caller {
        Caller::Known { number, .. } => number.to_string(),
        Caller::Withheld => WITHHELD.into(),
        Caller::Unknown { .. } => UNKNOWN.into(),
    };
    let display = caller_name(&about.caller);
    address("From", display, &user, about.host.as_str())
}

/// The caller's name as it may be shown.
pub(super) fn caller_name(caller: &Caller) -> Option<String> {
    caller.name().and_then(clean::name)
}

/// Whole seconds, rounded to the nearest; at least one (RFC 3803 section 2 knows no parts).
pub(super) fn seconds(length: Duration) -> u64 {
    ((length.as_millis() + 500) / 1_000).clamp(1, 9_999_999_999) as u64
}

/// `0:23`.
pub(super) fn clock(length: Duration) -> String {
    let seconds = seconds(length);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// When it was received, by the owner's clock.
pub(super) fn local_time(about: &Particulars) -> Zoned {
    let zone = TimeZone::get(&about.zone).unwrap_or(TimeZone::UTC);
    about.received.to_zoned(zone)
}

pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A header whose value is ours and fits one line.
pub(super) fn plain(header: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(name(header), value.clone(), value)
}

pub(super) fn name(header: &'static str) -> HeaderName {
    HeaderName::new_from_ascii_str(header)
}

pub(super) fn address(
    header: &'static str,
    display: Option<String>,
    user: &str,
    host: &str,
) -> HeaderValue {
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

/// An address of the operator's or a subscriber's, without a name.
pub(super) fn bare_address(header: &'static str, of: &MailAddress) -> HeaderValue {
    plain(header, of.as_str().to_owned())
}

/// The root of a mail of several parts.
pub(super) fn root(kind: &str, mark: &str) -> MultiPartBuilder {
    MultiPart::builder()
        .header(header::MIME_VERSION_1_0)
        .header(multipart_type(kind, mark))
}

/// Several parts inside a mail.
pub(super) fn inner(kind: &str, mark: &str) -> MultiPartBuilder {
    MultiPart::builder().header(multipart_type(kind, mark))
}

/// The type of several parts; `mark`, of letters and figures, tells those of one mail apart.
fn multipart_type(kind: &str, mark: &str) -> Prepared {
    // Neither base64 nor quoted-printable has `=_`, so this never occurs inside.
    Prepared::new(
        "Content-Type",
        format!("multipart/{kind}; boundary=\"=_{mark}\""),
    )
}

/// A part for people, `plain` or `html`; quoted-printable however it looks.
pub(super) fn text_part(kind: &str, text: String) -> SinglePart {
    SinglePart::builder()
        .header(Prepared::new(
            "Content-Type",
            format!("text/{kind}; charset=utf-8"),
        ))
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(text)
}

/// The sound of a message as a part.
pub(super) fn audio_part(about: &Particulars, sound: &SoundFile) -> SinglePart {
    let file = file_name(about, sound.format);
    sound_part(&file, sound, about.length, "; voice=Voice-Message")
}

/// A sound as a part; `voice` is what it is in the words of RFC 3801, if it has any.
pub(super) fn sound_part(
    file: &str,
    sound: &SoundFile,
    length: Duration,
    voice: &str,
) -> SinglePart {
    let media_type = sound.format.media_type();
    SinglePart::builder()
        .header(Prepared::new(
            "Content-Type",
            format!("{media_type};\r\n name=\"{file}\""),
        ))
        .header(ContentTransferEncoding::Base64)
        .header(Prepared::new(
            "Content-Duration",
            seconds(length).to_string(),
        ))
        .header(Prepared::new(
            "Content-Disposition",
            format!("inline{voice};\r\n filename=\"{file}\""),
        ))
        .body(sound.octets.clone())
}

/// `voicemail-20261122-0930-0612345678.wav`, by the owner's clock.
pub(super) fn file_name(about: &Particulars, format: SoundFormat) -> String {
    let when = local_time(about).strftime("%Y%m%d-%H%M").to_string();
    let who = match &about.caller {
        Caller::Known { number, .. } => wording(&about.language).number(number),
        Caller::Withheld => WITHHELD.into(),
        Caller::Unknown { .. } => UNKNOWN.into(),
    };
    let who: String = who
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '+')
        .collect();
    format!("voicemail-{when}-{who}.{}", format.extension())
}

/// A header that is made already: ASCII, folded, nothing of the network in it but keys.
#[derive(Clone)]
pub(super) struct Prepared(HeaderValue);

impl Prepared {
    pub(super) fn new(header: &'static str, value: String) -> Prepared {
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
mod tests {
    use super::*;

    #[test]
    fn lengths_are_whole_seconds_and_never_none() {
        let cases = [(0, 1), (499, 1), (1_499, 1), (1_500, 2), (60_000, 60)];
        for (ms, expected) in cases {
            assert_eq!(seconds(Duration::from_millis(ms)), expected, "{ms} ms");
        }
        assert_eq!(clock(Duration::from_secs(65)), "1:05");
    }
}
