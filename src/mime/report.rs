//! Mail about a message that does not arrive: to the postmaster and to the owner.

use super::address::MailAddress;
use super::clean;
use super::facts::{Facts, Trouble};
use super::headers::{automatic, bare_address, date, name, plain, root};
use super::human::alternative;
use super::templates::{Kind, Templates};
use super::vocabulary::Particulars;
use crate::base::{Language, Timestamp};
use lettre::message::header::HeaderValue;

/// The longest error quoted in a mail, in characters.
const ERROR_MAX: usize = 500;

/// What a mail says of a message that does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matter {
    /// To the postmaster: a message lies with the dead letters.
    DeadLetter,
    /// To the owner: a message, a copy or a notice could not be delivered.
    Undelivered,
    /// To the owner: a mailbox is full, and messages wait.
    MailboxFull,
}

/// A mail about a message that does not arrive.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What it says.
    pub what: Matter,
    /// The message.
    pub about: &'a Particulars,
    /// The way it went, as `spool list` prints it.
    pub way: &'a str,
    /// The address it was to go to; `None` where that is the mailbox.
    pub address: Option<&'a MailAddress>,
    /// What went wrong the last time.
    pub error: &'a str,
    /// How often it was tried.
    pub failed: u32,
    /// The language it is written in.
    pub language: &'a Language,
    /// When it is written.
    pub at: Timestamp,
    /// Who writes it.
    pub from: &'a MailAddress,
    /// Who gets it.
    pub to: &'a MailAddress,
}

/// Prints a report; the same laws as [`human`](super::human()). Its Message-ID is
/// `<ID.MAIL@host>`, the same however often the same thing is reported.
pub fn report(report: &Report<'_>, templates: &Templates) -> Vec<u8> {
    let (kind, mark) = match report.what {
        Matter::DeadLetter => (Kind::DeadLetter, "dead-letter"),
        Matter::Undelivered => (Kind::Undelivered, "undelivered"),
        Matter::MailboxFull => (Kind::MailboxFull, "mailbox-full"),
    };
    let about = report.about;
    let told = Particulars {
        language: report.language.clone(),
        ..about.clone()
    };
    let facts = Facts::new(&told).with_trouble(Trouble {
        way: report.way.to_owned(),
        address: report.address.map(ToString::to_string),
        error: clean::line(report.error, ERROR_MAX).unwrap_or_default(),
        failed: report.failed,
    });
    let texts = templates.render(report.language, kind, &facts);
    let mut message = alternative(root("alternative", "a", about), &texts);
    let headers = [
        plain(
            "Message-ID",
            format!("<{}.{mark}@{}>", about.id, about.host.as_str()),
        ),
        plain("Date", date(report.at)),
        bare_address("From", report.from),
        bare_address("To", report.to),
        HeaderValue::new(name("Subject"), texts.subject),
        automatic(),
    ];
    for header in headers {
        message.headers_mut().insert_raw(header);
    }
    message.formatted()
}

#[cfg(test)]
mod tests {
    use super::super::build::tests::a_mail;
    use super::super::templates::tests::shipped;
    use super::*;
    use mail_parser::MessageParser;

    fn printed(what: Matter, address: Option<&str>, error: &str) -> String {
        let mail = a_mail();
        let address = address.map(|a| MailAddress::parse(a).unwrap());
        let (from, to) = ("voicemail@example.nl", "postmaster@example.nl");
        let octets = report(
            &Report {
                what,
                about: &mail.particulars,
                way: "copy:jan@example.nl",
                address: address.as_ref(),
                error,
                failed: 131,
                language: &Language::parse("nl").unwrap(),
                at: "2026-11-27T10:00:00Z".parse().unwrap(),
                from: &MailAddress::parse(from).unwrap(),
                to: &MailAddress::parse(to).unwrap(),
            },
            &shipped(),
        );
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn the_postmaster_learns_which_message_why_and_what_to_do() {
        let mail = printed(
            Matter::DeadLetter,
            Some("jan@example.nl"),
            "550 no such user",
        );
        let message = MessageParser::default().parse(mail.as_bytes()).unwrap();
        let id = a_mail().particulars.id;
        assert_eq!(
            message.message_id().map(str::to_owned),
            Some(format!("{id}.dead-letter@voicemail.example.nl"))
        );
        assert!(mail.contains("Date: Fri, 27 Nov 2026 10:00:00 +0000\r\n"));
        assert!(mail.contains("From: voicemail@example.nl\r\n"));
        assert!(mail.contains("To: postmaster@example.nl\r\n"));
        assert!(mail.contains("Auto-Submitted: auto-generated\r\n"));
        let text = message.body_text(0).unwrap();
        for told in [
            id.to_string().as_str(),
            "2001 (Anna Bakker)",
            "jan@example.nl (copy:jan@example.nl)",
            "550 no such user",
            "131",
            &format!("belpost spool retry {id}"),
        ] {
            assert!(text.contains(told), "{told} in {text}");
        }
        assert!(
            !text.contains("Vries"),
            "who called is not the postmaster's business: {text}"
        );
    }

    #[test]
    fn the_owner_learns_of_a_full_mailbox_and_of_what_was_not_delivered() {
        let full = printed(Matter::MailboxFull, None, "552 full");
        let message = MessageParser::default().parse(full.as_bytes()).unwrap();
        let text = message.body_text(0).unwrap();
        assert!(
            text.contains("Uw postbus 2001 is vol") && text.contains("Jan de Vries"),
            "{text}"
        );
        let lost = printed(
            Matter::Undelivered,
            Some("jan@example.nl"),
            "550 no such user",
        );
        let message = MessageParser::default().parse(lost.as_bytes()).unwrap();
        let text = message.body_text(0).unwrap();
        assert!(
            text.contains("niet worden bezorgd op jan@example.nl"),
            "{text}"
        );
    }

    #[test]
    fn what_a_mail_server_answered_cannot_break_a_report() {
        let mail = printed(Matter::DeadLetter, None, "550 <b>\r\n\r\nBcc: x@y.nl\u{0}");
        assert!(!mail.contains("\r\nBcc:") && mail.is_ascii());
        let message = MessageParser::default().parse(mail.as_bytes()).unwrap();
        assert!(
            message
                .body_html(0)
                .unwrap()
                .contains("550 &lt;b&gt; Bcc: x@y.nl")
        );
    }
}
