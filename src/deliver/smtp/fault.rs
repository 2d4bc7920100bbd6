//! What a failure at a mail server means for the message.
//!
//! In: where in the conversation it failed, and how. Out: a [`Fault`]. Specs: RFC 5321 section
//! 4.2 (replies), RFC 3463 (enhanced codes), RFC 4954 section 6 (AUTH).

use super::super::vocabulary::Fault;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;
use std::error::Error as _;

/// The longest answer of a server that is kept, in characters.
const ANSWER_MAX: usize = 300;

/// Where in the conversation we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stage {
    /// Connecting, greeting, TLS.
    Hello,
    /// Logging in.
    LogIn,
    /// Naming the sender.
    Sender,
    /// Naming the recipient.
    Recipient,
    /// Asking to send the mail.
    Data,
    /// Sending the mail, up to the answer to the final dot.
    Mail,
}

impl Stage {
    fn doing(self) -> &'static str {
        match self {
            Stage::Hello => "connecting",
            Stage::LogIn => "logging in",
            Stage::Sender => "naming the sender",
            Stage::Recipient => "naming the recipient",
            Stage::Data | Stage::Mail => "sending the mail",
        }
    }
}

/// An answer that refuses.
struct Refusal {
    /// `550`.
    code: u16,
    /// `5.1.1`, where the server says it.
    detail: Option<[u16; 3]>,
}

/// What a failure at `server` means.
pub(super) fn of(stage: Stage, server: &str, error: &Error) -> Fault {
    let what = format!(
        "mail server {server}, {}: {}",
        stage.doing(),
        sentence(error)
    );
    match refusal(error) {
        Some(refusal) => of_refusal(stage, &refusal, what),
        // The log-in and the server do not suit each other: no mechanism, an odd challenge.
        None if stage == Stage::LogIn && error.is_client() => Fault::operator(what),
        // The connection broke. In the mail itself it may be this mail that breaks it: the others
        // are not held up for it.
        None if stage == Stage::Mail => Fault::later(what),
        None => Fault::down(what),
    }
}

/// The operator has to mend it; every message fares alike until then.
pub(super) fn operator(server: &str, what: &str) -> Fault {
    Fault::operator(format!("mail server {server}: {what}"))
}

fn of_refusal(stage: Stage, refusal: &Refusal, what: String) -> Fault {
    let for_good = refusal.code >= 500;
    let detail = refusal.detail.map(|[_, subject, detail]| (subject, detail));
    match (stage, refusal.code, detail) {
        // The server closes (RFC 5321 section 3.8).
        (_, 421, _) | (Stage::Hello, _, _) => Fault::down(what),
        (Stage::LogIn, _, _) if !for_good => Fault::down(what),
        // Log-in refused, or wanted and not configured.
        (Stage::LogIn, _, _) | (_, 530 | 534 | 535 | 538, _) => Fault::operator(what),
        // Our own name in the envelope: each message would be refused.
        (Stage::Sender, _, _) if for_good && !too_large(refusal) => Fault::operator(what),
        // "Mailbox full" (RFC 3463 section 3.3) at either severity.
        (_, _, Some((2, 2))) => Fault::full(what),
        (_, 552, _) if !too_large(refusal) => Fault::full(what),
        (_, _, _) if for_good => Fault::rejected(what),
        (_, _, _) => Fault::later(what),
    }
}

/// The message is larger than the mailbox (`.2.3`) or the system (`.3.4`) takes, for ever.
fn too_large(refusal: &Refusal) -> bool {
    let detail = refusal.detail.map(|[_, subject, detail]| (subject, detail));
    let says = matches!(detail, Some((2, 3) | (3, 4)));
    says || (refusal.code == 523)
}

fn refusal(error: &Error) -> Option<Refusal> {
    let code = u16::from(error.status()?);
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let detail = text.split_whitespace().next().and_then(enhanced);
    Some(Refusal { code, detail })
}

/// `5.1.1` (RFC 3463 section 2).
fn enhanced(word: &str) -> Option<[u16; 3]> {
    let mut parts = word.split('.').map(|part| part.parse().ok());
    let code = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(code)
}

/// An error as one line, without what is not to be shown.
fn sentence(error: &Error) -> String {
    one_line(&error.to_string())
}

/// A server's answer as one line of printable characters.
pub(super) fn one_line(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = shown.take(ANSWER_MAX).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The answer to a command was none of those it has.
pub(super) fn out_of_step(stage: Stage, server: &str, answer: &Response) -> Fault {
    let (doing, answer) = (stage.doing(), told(answer));
    Fault::down(format!("mail server {server}, {doing}: answered {answer}"))
}

/// An answer as it is kept: `250 2.0.0 Ok: queued as 4WX`.
pub(super) fn told(answer: &Response) -> String {
    let lines: Vec<&str> = answer.message().collect();
    one_line(&format!("{} {}", answer.code(), lines.join(" ")))
}

/// Whether the server refused in an orderly way and goes on listening.
pub(super) fn is_orderly(error: &Error) -> bool {
    error.status().is_some_and(|code| u16::from(code) != 421)
}
