//! One line of the ledger: an entry, printed and read back.
//!
//! Law: what [`Entry::to_line`] prints [`Entry::parse`] reads as the same entry, to the millisecond
//! and with texts cut to [`TEXT_MAX`]; what it does not know it reads as nothing.

use crate::base::{MailboxId, MessageId, Timestamp};
use crate::mailbox::{By, Leg, Step};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most characters of a reply or a fault that are kept.
const TEXT_MAX: usize = 1_000;

/// What happened to a message, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// The mailbox the message is for.
    pub mailbox: MailboxId,
    /// The message.
    pub message: MessageId,
    /// What happened.
    pub step: Step,
}

/// An entry as JSON; what a step does not have is left out.
#[derive(Default, Serialize, Deserialize)]
struct Line {
    at: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    mailbox: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    telephones: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

impl Entry {
    /// The name of its step in the files.
    pub fn name(&self) -> &'static str {
        match self.step {
            Step::Recorded(_) => "recorded",
            Step::Synced => "synced",
            Step::Attempt { .. } => "attempt",
            Step::Accepted { .. } => "accepted",
            Step::Failed { .. } => "failed",
            Step::Dead => "dead",
            Step::Retried => "retried",
            Step::Dropped => "dropped",
            Step::LampOn(_) => "lamp_on",
            Step::Heard(_) => "heard",
            Step::Deleted(_) => "deleted",
            Step::Restored(_) => "restored",
            Step::Removed(_) => "removed",
            Step::Expired => "expired",
        }
    }

    /// The entry as a JSON object, for other programs.
    pub fn json(&self) -> impl Serialize {
        self.line()
    }

    /// The line of the file, its end included.
    pub(super) fn to_line(&self) -> Vec<u8> {
        print(&self.line())
    }

    /// Reads a line; `None` where it is torn, or of a kind that is not known.
    pub(super) fn parse(line: &[u8]) -> Option<Entry> {
        let mut line: Line = serde_json::from_slice(line).ok()?;
        Some(Entry {
            at: line.at.parse().ok()?,
            mailbox: MailboxId::parse(&line.mailbox).ok()?,
            message: line.message.parse().ok()?,
            step: line.step()?,
        })
    }

    fn line(&self) -> Line {
        let mut line = Line {
            at: moment(self.at),
            mailbox: self.mailbox.to_string(),
            message: self.message.to_string(),
            step: self.name().to_owned(),
            ..Line::default()
        };
        match &self.step {
            Step::Recorded(length) => line.length_ms = Some(length.as_millis() as u64),
            Step::Attempt { leg, number } => {
                line.leg = Some(leg.to_string());
                line.number = Some(*number);
            }
            Step::Accepted { leg, reply } => {
                line.leg = Some(leg.to_string());
                line.reply = Some(cut(reply));
            }
            Step::Failed { leg, what, next } => {
                line.leg = Some(leg.to_string());
                line.what = Some(cut(what));
                line.next = next.map(moment);
            }
            Step::LampOn(telephones) => line.telephones = Some(*telephones),
            Step::Heard(by) | Step::Deleted(by) | Step::Restored(by) | Step::Removed(by) => {
                line.by = Some(way(*by).to_owned());
            }
            Step::Synced | Step::Dead | Step::Retried | Step::Dropped | Step::Expired => {}
        }
        line
    }
}

impl Line {
    fn step(&mut self) -> Option<Step> {
        let leg = self.leg.as_deref().and_then(Leg::parse);
        let by = match self.by.as_deref() {
            Some("phone") => Some(By::Phone),
            Some("client") => Some(By::Client),
            Some(_) | None => None,
        };
        Some(match self.step.as_str() {
            "recorded" => Step::Recorded(Duration::from_millis(self.length_ms?)),
            "synced" => Step::Synced,
            "attempt" => Step::Attempt {
                leg: leg?,
                number: self.number?,
            },
            "accepted" => Step::Accepted {
                leg: leg?,
                reply: self.reply.take()?,
            },
            "failed" => Step::Failed {
                leg: leg?,
                what: self.what.take()?,
                next: match &self.next {
                    Some(next) => Some(next.parse().ok()?),
                    None => None,
                },
            },
            "dead" => Step::Dead,
            "retried" => Step::Retried,
            "dropped" => Step::Dropped,
            "lamp_on" => Step::LampOn(self.telephones?),
            "heard" => Step::Heard(by?),
            "deleted" => Step::Deleted(by?),
            "restored" => Step::Restored(by?),
            "removed" => Step::Removed(by?),
            "expired" => Step::Expired,
            _ => return None,
        })
    }
}

/// The line that says how many entries are missing here.
pub(super) fn lost(at: Timestamp, count: u64) -> Vec<u8> {
    print(&Line {
        at: moment(at),
        step: "lost".to_owned(),
        count: Some(count),
        ..Line::default()
    })
}

fn print(line: &Line) -> Vec<u8> {
    // A structure of strings and numbers cannot fail to be printed; if it did, the line is empty.
    let mut printed = serde_json::to_vec(line).unwrap_or_default();
    printed.push(b'\n');
    printed
}

fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

fn way(by: By) -> &'static str {
    match by {
        By::Phone => "phone",
        By::Client => "client",
    }
}
