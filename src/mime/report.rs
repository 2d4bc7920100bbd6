//! Mail about what does not arrive: to the postmaster and to owners.

use super::address::MailAddress;
use super::clean;
use super::facts::{Facts, ReportFacts, Trouble};
use super::headers::{automatic, bare_address, date, name, plain, root};
use super::human::alternative;
use super::templates::{Kind, Templates};
use super::vocabulary::{MailHost, Particulars};
use crate::base::{Language, MailboxId, MessageId, Timestamp};
use lettre::message::header::HeaderValue;

/// The longest error quoted in a mail, in characters.
const ERROR_MAX: usize = 500;

/// The most failed ways told in one mail.
const WAYS_MAX: usize = 50;

/// A way a message could not go.
#[derive(Clone, Copy, Debug)]
pub struct FailedWay<'a> {
    /// The way as `spool list` prints it.
    pub way: &'a str,
    /// The address it was to go to; `None` where that is the mailbox.
    pub address: Option<&'a MailAddress>,
    /// What went wrong the last time.
    pub error: &'a str,
    /// How often it was tried.
    pub failed: u32,
}

/// What a report says.
#[derive(Clone, Copy, Debug)]
pub enum Matter<'a> {
    /// To the postmaster: a message lies with the dead letters.
    DeadLetter {
        /// The message.
        id: MessageId,
        /// What is known of it; `None` where it is damaged.
        about: Option<&'a Particulars>,
        /// The ways it could not go.
        ways: &'a [FailedWay<'a>],
    },
    /// To the owner: a message, a copy or a notice could not be delivered.
    Undelivered {
        /// The message.
        about: &'a Particulars,
        /// The ways it could not go.
        ways: &'a [FailedWay<'a>],
    },
    /// To the owner: where their messages go there is no more room, and they wait.
    MailboxFull {
        /// The mailbox.
        mailbox: &'a MailboxId,
        /// The owner's name.
        owner: &'a str,
        /// What the other side said.
        error: &'a str,
    },
}

/// A mail about something that does not arrive.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What it says.
    pub matter: Matter<'a>,
    /// The language it is written in.
    pub language: &'a Language,
    /// The right side of its Message-ID.
    pub host: &'a MailHost,
    /// When it is written.
    pub at: Timestamp,
    /// Who writes it.
    pub from: &'a MailAddress,
    /// Who gets it.
    pub to: &'a MailAddress,
}

/// Prints a report; the same laws as [`human`](super::human()). The Message-ID of one about a
/// message is the same however often it is reported; of one about a mailbox it is of its time.
pub fn report(report: &Report<'_>, templates: &Templates) -> Vec<u8> {
    let (kind, id, facts) = told(report);
    let texts = templates.render(report.language, kind, &facts);
    let mark: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut message = alternative(root("alternative", &mark), &texts);
    let headers = [
        plain("Message-ID", format!("<{id}@{}>", report.host.as_str())),
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

/// The kind of mail, the left side of its Message-ID, its values.
fn told(report: &Report<'_>) -> (Kind, String, ReportFacts) {
    match report.matter {
        Matter::DeadLetter { id, about, ways } => (
            Kind::DeadLetter,
            format!("{id}.dead-letter"),
            about_message(report.language, id, about, ways),
        ),
        Matter::Undelivered { about, ways } => (
            Kind::Undelivered,
            format!("{}.undelivered", about.id),
            about_message(report.language, about.id, Some(about), ways),
        ),
        Matter::MailboxFull {
            mailbox,
            owner,
            error,
        } => {
            let trouble = Trouble {
                way: None,
                address: None,
                error: quoted(error),
                failed: 0,
            };
            let facts = ReportFacts {
                message: None,
                mailbox: Some(mailbox.to_string()),
                owner: clean::name(owner),
                about: None,
                troubles: vec![trouble],
            };
            let id = format!("full-{mailbox}-{}", report.at.as_second());
            (Kind::MailboxFull, id, facts)
        }
    }
}

fn about_message(
    language: &Language,
    id: MessageId,
    about: Option<&Particulars>,
    ways: &[FailedWay<'_>],
) -> ReportFacts {
    let translated = about.map(|about| Particulars {
        language: language.clone(),
        ..about.clone()
    });
    let trouble = |way: &FailedWay<'_>| Trouble {
        way: Some(way.way.to_owned()),
        address: way.address.map(ToString::to_string),
        error: quoted(way.error),
        failed: way.failed,
    };
    ReportFacts {
        message: Some(id.to_string()),
        mailbox: about.map(|about| about.mailbox.to_string()),
        owner: about.and_then(|about| clean::name(&about.owner)),
        about: translated.as_ref().map(Facts::new),
        troubles: ways.iter().take(WAYS_MAX).map(trouble).collect(),
    }
}

fn quoted(error: &str) -> String {
    clean::line(error, ERROR_MAX).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::build::tests::a_mail;
    use super::super::templates::tests::shipped;
    use super::*;
    use mail_parser::MessageParser;

    fn printed(matter: Matter<'_>) -> String {
        let octets = report(
            &Report {
                matter,
                language: &Language::parse("nl").unwrap(),
                host: &MailHost::parse("voicemail.example.nl").unwrap(),
                at: "2026-11-27T10:00:00Z".parse().unwrap(),
                from: &MailAddress::parse("voicemail@example.nl").unwrap(),
                to: &MailAddress::parse("postmaster@example.nl").unwrap(),
            },
            &shipped(),
        );
        String::from_utf8(octets).unwrap()
    }

    fn texts(mail: &str) -> (String, String) {
        let message = MessageParser::default().parse(mail.as_bytes()).unwrap();
        let text = message.body_text(0).unwrap().into_owned();
        (text, message.body_html(0).unwrap().into_owned())
    }

    #[test]
    fn the_postmaster_learns_which_message_why_and_what_to_do() {
        let about = a_mail().particulars;
        let jan = MailAddress::parse("jan@example.nl").unwrap();
        let ways = [
            FailedWay {
                way: "store",
                address: None,
                error: "cannot write",
                failed: 131,
            },
            FailedWay {
                way: "copy:jan@example.nl",
                address: Some(&jan),
                error: "550 no such user",
                failed: 1,
            },
        ];
        let mail = printed(Matter::DeadLetter {
            id: about.id,
            about: Some(&about),
            ways: &ways,
        });
        let id = format!("<{}.dead-letter@voicemail.example.nl>", about.id);
        for header in [
            format!("Message-ID: {id}\r\n"),
            "Date: Fri, 27 Nov 2026 10:00:00 +0000\r\n".into(),
            "From: voicemail@example.nl\r\n".into(),
            "To: postmaster@example.nl\r\n".into(),
            "Auto-Submitted: auto-generated\r\n".into(),
        ] {
            assert!(mail.contains(&header), "{header} in {mail}");
        }
        let (text, html) = texts(&mail);
        for told in [
            about.id.to_string().as_str(),
            "2001 (Anna Bakker)",
            "zondag 22 november 2026 om 09:30",
            "de postbus",
            "cannot write",
            "131",
            "jan@example.nl",
            "550 no such user",
            &format!("belpost spool retry {}", about.id),
        ] {
            assert!(text.contains(told), "{told} in {text}");
            assert!(html.contains(told), "{told} in {html}");
        }
        assert!(!text.contains("Vries"), "who called is private: {text}");
    }

    #[test]
    fn of_a_damaged_message_the_postmaster_learns_what_is_left_of_it() {
        let (id, about) = (a_mail().particulars.id, None);
        let (text, _) = texts(&printed(Matter::DeadLetter {
            id,
            about,
            ways: &[],
        }));
        assert!(
            text.contains(&id.to_string()) && text.contains("beschadigd"),
            "{text}"
        );
    }

    #[test]
    fn the_owner_learns_of_a_full_mailbox_and_of_what_was_not_delivered() {
        let about = a_mail().particulars;
        let (text, html) = texts(&printed(Matter::MailboxFull {
            mailbox: &about.mailbox,
            owner: &about.owner,
            error: "552 full",
        }));
        for told in ["Anna Bakker", "2001", "is vol", "552 full"] {
            assert!(
                text.contains(told) && html.contains(told),
                "{told} in {text}"
            );
        }
        let jan = MailAddress::parse("jan@example.nl").unwrap();
        let ways = [FailedWay {
            way: "copy:jan@example.nl",
            address: Some(&jan),
            error: "550 no such user",
            failed: 1,
        }];
        let (text, _) = texts(&printed(Matter::Undelivered {
            about: &about,
            ways: &ways,
        }));
        for told in ["Jan de Vries", "jan@example.nl: 550 no such user"] {
            assert!(text.contains(told), "{told} in {text}");
        }
    }

    #[test]
    fn what_a_mail_server_answered_cannot_break_a_report() {
        let about = a_mail().particulars;
        let mail = printed(Matter::MailboxFull {
            mailbox: &about.mailbox,
            owner: "Anna\r\nBcc: y@y.nl",
            error: "550 <b>\r\n\r\nBcc: x@y.nl\u{0}",
        });
        assert!(!mail.contains("\r\nBcc:") && mail.is_ascii());
        assert!(texts(&mail).1.contains("550 &lt;b&gt; Bcc: x@y.nl"));
    }
}
