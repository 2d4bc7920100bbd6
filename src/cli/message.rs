//! `belpost message`: what happened to a message, step by step.
//!
//! Reads the ledger beside a running server and changes nothing. Where a message is now is asked of
//! the spool; of one that left it the last step tells.

use super::arguments::ReadArgs;
use super::fault::CliFault;
use super::table::{safe, table};
use super::{print, print_json};
use crate::base::{MailboxId, MessageId, Timestamp};
use crate::config::{Config, load};
use crate::mailbox::{By, Leg, Step};
use crate::observe::{Entry, read_ledger, read_message};
use crate::spool::SpoolState;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How far back `message list` looks unless told, in days.
const LATELY: i64 = 7;

/// The most messages `message list` names, the newest ones.
const LIST_MAX: usize = 1_000;

/// A message of the list: what is known of it in short.
struct Brief {
    mailbox: MailboxId,
    began: Timestamp,
    length: Option<Duration>,
    last: Entry,
}

/// A message of the list as JSON.
#[derive(Serialize)]
struct Row<'a> {
    message: String,
    mailbox: &'a str,
    began: String,
    length_ms: Option<u64>,
    last_step: &'static str,
    last_at: String,
}

/// The story of a message as JSON.
#[derive(Serialize)]
struct Story<S> {
    message: String,
    mailbox: Option<String>,
    /// Where it stands in the spool; null when it is not there.
    in_spool: Option<&'static str>,
    steps: Vec<S>,
}

/// Lists messages of which something happened.
pub(super) fn list(
    mailbox: Option<&MailboxId>,
    since: Option<Date>,
    read: &ReadArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let folder = folder(&config)?;
    let lately = || today().saturating_sub(LATELY.days());
    let since = since.unwrap_or_else(lately);
    let messages = briefs(&folder, since, mailbox)?;
    if read.json {
        let rows: Vec<Row<'_>> = messages.iter().map(|(id, brief)| row(*id, brief)).collect();
        return print_json(&rows, out);
    }
    if messages.is_empty() {
        return print(&format!("The ledger has no message since {since}.\n"), out);
    }
    let cells: Vec<Vec<String>> = messages
        .iter()
        .map(|(id, brief)| cells(*id, brief, &config))
        .collect();
    let headings = ["MESSAGE", "MAILBOX", "RECORDED", "LENGTH", "LAST", "WHAT"];
    print(&table(&headings, &cells), out)
}

/// Tells the story of one message.
pub(super) fn show(
    message: MessageId,
    read: &ReadArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let folder = folder(&config)?;
    let entries = read_message(&folder, message).map_err(|source| unreadable(&folder, source))?;
    let in_spool = super::spool::entries(&config.spool.folder)?
        .into_iter()
        .find(|entry| entry.id == message);
    if entries.is_empty() && in_spool.is_none() {
        let keep_days = config.ledger.keep_days;
        return Err(CliFault::NoSuchMessage { message, keep_days });
    }
    let state = in_spool.as_ref().map(|entry| entry.state);
    let mailbox = entries.first().map(|entry| entry.mailbox.clone());
    let mailbox = mailbox.or(in_spool.and_then(|entry| entry.mailbox));
    if read.json {
        let story = Story {
            message: message.to_string(),
            mailbox: mailbox.map(|mailbox| mailbox.to_string()),
            in_spool: state.map(word),
            steps: entries.iter().map(Entry::json).collect(),
        };
        return print_json(&story, out);
    }
    let zone = mailbox.as_ref().map_or("UTC", |m| zone(m, &config));
    let whose = mailbox.map_or_else(String::new, |mailbox| format!(" for mailbox {mailbox}"));
    print(&format!("Message {message}{whose}, times of {zone}\n"), out)?;
    print(&story(&entries, zone), out)?;
    print(state.map_or("", whereabouts), out)
}

fn folder(config: &Config) -> Result<PathBuf, CliFault> {
    config.ledger.folder.clone().ok_or(CliFault::NoLedger)
}

fn unreadable(folder: &Path, source: io::Error) -> CliFault {
    CliFault::Ledger {
        folder: folder.to_owned(),
        source,
    }
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// The newest messages, by the moment of their identity.
fn briefs(
    folder: &Path,
    since: Date,
    mailbox: Option<&MailboxId>,
) -> Result<BTreeMap<MessageId, Brief>, CliFault> {
    let mut messages: BTreeMap<MessageId, Brief> = BTreeMap::new();
    let mut take = |entry: Entry| {
        if mailbox.is_some_and(|wanted| *wanted != entry.mailbox) {
            return;
        }
        let length = match entry.step {
            Step::Recorded(length) => Some(length),
            _ => None,
        };
        let brief = messages.entry(entry.message).or_insert_with(|| Brief {
            mailbox: entry.mailbox.clone(),
            began: entry.at,
            length: None,
            last: entry.clone(),
        });
        brief.length = brief.length.or(length);
        brief.last = entry;
        if messages.len() > LIST_MAX {
            messages.pop_first();
        }
    };
    read_ledger(folder, Some(since), &mut take).map_err(|source| unreadable(folder, source))?;
    Ok(messages)
}

fn row(message: MessageId, brief: &Brief) -> Row<'_> {
    Row {
        message: message.to_string(),
        mailbox: brief.mailbox.as_str(),
        began: format!("{:.3}", brief.began),
        length_ms: brief.length.map(|length| length.as_millis() as u64),
        last_step: brief.last.name(),
        last_at: format!("{:.3}", brief.last.at),
    }
}

fn cells(message: MessageId, brief: &Brief, config: &Config) -> Vec<String> {
    let zone = zone(&brief.mailbox, config);
    let length = brief.length.map(super::mailbox::minutes);
    vec![
        message.to_string(),
        brief.mailbox.to_string(),
        local(brief.began, zone, "%Y-%m-%d %H:%M:%S"),
        length.unwrap_or_else(|| "-".to_owned()),
        local(brief.last.at, zone, "%Y-%m-%d %H:%M:%S"),
        told(&brief.last.step, zone),
    ]
}

/// The steps, one a line, under the days on which they happened.
fn story(entries: &[Entry], zone: &str) -> String {
    let mut day = String::new();
    let lines = entries.iter().map(|entry| {
        let on = local(entry.at, zone, "%Y-%m-%d");
        let heading = if on == day {
            String::new()
        } else {
            format!("{on}\n")
        };
        day = on;
        let at = local(entry.at, zone, "%H:%M:%S%.3f");
        format!("{heading}  {at}  {}\n", told(&entry.step, zone))
    });
    lines.collect()
}

/// A step in words.
fn told(step: &Step, zone: &str) -> String {
    match step {
        Step::Recorded(length) => format!("recorded, {:.1} s", length.as_secs_f64()),
        Step::Synced => "safe on disk".to_owned(),
        Step::Attempt { leg, number } => format!("attempt {number} {}", way(leg)),
        Step::Accepted { leg, reply } => format!("accepted {}: {}", way(leg), safe(reply)),
        Step::Failed { leg, what, next } => {
            let next = next.map_or_else(
                || "not tried again".to_owned(),
                |at| format!("next {}", local(at, zone, "%Y-%m-%d %H:%M:%S")),
            );
            format!("not accepted {}: {}; {next}", way(leg), safe(what))
        }
        Step::Dead => "could not be delivered, kept as a dead letter".to_owned(),
        Step::Retried => "an operator had it tried again".to_owned(),
        Step::Dropped => "an operator dropped it".to_owned(),
        Step::LampOn(1) => "message indicator lit at 1 telephone".to_owned(),
        Step::LampOn(telephones) => format!("message indicator lit at {telephones} telephones"),
        Step::Heard(by) => match by {
            By::Phone => "heard by telephone".to_owned(),
            By::Client => "read in a mail client".to_owned(),
        },
        Step::Deleted(by) => format!("deleted {}", means(*by)),
        Step::Restored(by) => format!("taken back {}", means(*by)),
        Step::Removed(by) => format!("removed for good {}", means(*by)),
        Step::Expired => "removed: kept as long as its mailbox keeps messages".to_owned(),
    }
}

fn way(leg: &Leg) -> String {
    match leg {
        Leg::Store => "into the mailbox".to_owned(),
        Leg::Mail(address) => format!("by mail to {address}"),
        Leg::Copy(address) => format!("as a copy to {address}"),
        Leg::Notice(address) => format!("as a notice to {address}"),
    }
}

fn means(by: By) -> &'static str {
    match by {
        By::Phone => "by telephone",
        By::Client => "in a mail client",
    }
}

/// Where a message in the spool is, as the last line of its story.
fn whereabouts(state: SpoolState) -> &'static str {
    match state {
        SpoolState::Taking => "Now: being recorded\n",
        SpoolState::Queued => "Now: in the spool, waiting for delivery\n",
        SpoolState::Dead => "Now: in the spool, as a dead letter\n",
    }
}

fn word(state: SpoolState) -> &'static str {
    match state {
        SpoolState::Taking => "recording",
        SpoolState::Queued => "waiting",
        SpoolState::Dead => "failed",
    }
}

/// The zone of a mailbox; UTC for one that the configuration does not have any more.
fn zone<'a>(mailbox: &MailboxId, config: &'a Config) -> &'a str {
    let mut all = config.subscribers.iter();
    all.find(|profile| profile.mailbox == *mailbox)
        .map_or("UTC", |profile| profile.zone.as_str())
}

fn local(at: Timestamp, zone: &str, format: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::arguments::ConfigArgs;
    use super::*;
    use serde_json::Value;
    use tempfile::TempDir;

    const ID: &str = "019aba60-5ff8-7000-8000-000000000001";

    /// A folder with a configuration and a ledger of one message, and of another's first step.
    fn place() -> (TempDir, ReadArgs) {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("belpost.toml");
        let text = "[ledger]\nfolder = \"ledger\"\nkeep_days = 30\n[spool]\nfolder = \"spool\"\n\
                    [[subscriber]]\nmailbox = \"2001\"\nname = \"Jan\"\nzone = \"Europe/Amsterdam\"\n";
        std::fs::write(&config, text).unwrap();
        let ledger = folder.path().join("ledger");
        std::fs::create_dir(&ledger).unwrap();
        let line = |at: &str, rest: &str| {
            format!("{{\"at\":\"{at}Z\",\"mailbox\":\"2001\",\"message\":\"{ID}\",{rest}}}\n")
        };
        let first = [
            line(
                "2025-11-25T08:30:12.120",
                "\"step\":\"recorded\",\"length_ms\":23400",
            ),
            line("2025-11-25T08:30:12.150", "\"step\":\"synced\""),
            line(
                "2025-11-25T08:30:12.160",
                "\"step\":\"attempt\",\"leg\":\"store\",\"number\":1",
            ),
            line(
                "2025-11-25T08:30:13.000",
                "\"step\":\"failed\",\"leg\":\"store\",\"what\":\"no route\\u001b[2J\",\
                 \"next\":\"2025-11-25T08:31:13Z\"",
            ),
            "{\"at\":\"2025-11-25T08:30:14.000Z\",\"step\":\"lost\",\"count\":3}\n".to_owned(),
            line(
                "2025-11-25T23:10:00.000",
                "\"step\":\"heard\",\"by\":\"phone\"",
            ),
            "{\"at\":\"2025-11-25T23:11:00.".to_owned(),
        ];
        std::fs::write(ledger.join("2025-11-25.jsonl"), first.concat()).unwrap();
        let other = line("2025-11-26T09:00:00.000", "\"step\":\"synced\"")
            .replace("000000000001", "000000000002")
            .replace("\"2001\"", "\"2002\"");
        std::fs::write(ledger.join("2025-11-26.jsonl"), other).unwrap();
        let config = Some(config);
        let file = ConfigArgs { config };
        (folder, ReadArgs { file, json: false })
    }

    fn shown(message: &str, read: &ReadArgs) -> Result<String, CliFault> {
        let mut out = Vec::new();
        show(message.parse().unwrap(), read, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn listed(mailbox: Option<&str>, since: Option<&str>, read: &ReadArgs) -> String {
        let mailbox = mailbox.map(|m| MailboxId::parse(m).unwrap());
        let since = since.map(|day| day.parse().unwrap());
        let mut out = Vec::new();
        list(mailbox.as_ref(), since, read, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_story_is_told_in_words_and_in_the_time_of_the_mailbox() {
        let (_folder, read) = place();
        let told = shown(ID, &read).unwrap();
        let expected = format!(
            "Message {ID} for mailbox 2001, times of Europe/Amsterdam\n\
             2025-11-25\n\
             \x20 09:30:12.120  recorded, 23.4 s\n\
             \x20 09:30:12.150  safe on disk\n\
             \x20 09:30:12.160  attempt 1 into the mailbox\n\
             \x20 09:30:13.000  not accepted into the mailbox: no route?[2J; next 2025-11-25 09:31:13\n\
             2025-11-26\n\
             \x20 00:10:00.000  heard by telephone\n"
        );
        assert_eq!(told, expected);
    }

    #[test]
    fn other_programs_get_the_steps_as_they_were_noted() {
        let (_folder, mut read) = place();
        read.json = true;
        let told: Value = serde_json::from_str(&shown(ID, &read).unwrap()).unwrap();
        assert_eq!(told["mailbox"], "2001");
        assert_eq!(told["in_spool"], Value::Null);
        assert_eq!(told["steps"][0]["length_ms"], 23_400);
        assert_eq!(told["steps"][3]["next"], "2025-11-25T08:31:13.000Z");
        assert_eq!(told["steps"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn a_message_in_the_spool_is_found_there_and_so_is_one_without_a_ledger() {
        let (folder, read) = place();
        let taking = folder.path().join("spool/taking");
        std::fs::create_dir_all(&taking).unwrap();
        for other in ["outbox", "dead"] {
            std::fs::create_dir_all(folder.path().join("spool").join(other)).unwrap();
        }
        let young = ID.replace("000000000001", "000000000009");
        for id in [ID, &young] {
            std::fs::write(taking.join(id), "").unwrap();
        }
        let told = shown(ID, &read).unwrap();
        assert!(
            told.ends_with("by telephone\nNow: being recorded\n"),
            "{told}"
        );
        let told = shown(&young, &read).unwrap();
        assert!(
            told.ends_with("times of UTC\nNow: being recorded\n"),
            "{told}"
        );
    }

    #[test]
    fn an_unknown_message_is_refused_with_how_far_the_ledger_goes_back() {
        let (folder, read) = place();
        let fault = shown("00000000-0000-0000-0000-000000000000", &read).unwrap_err();
        let fault = fault.to_string();
        assert!(fault.contains("goes back 30 days"), "{fault}");
        let text = "[ledger]\nfolder = \"\"\n";
        std::fs::write(folder.path().join("belpost.toml"), text).unwrap();
        let fault = shown(ID, &read).unwrap_err().to_string();
        assert!(fault.contains("ledger.folder"), "{fault}");
    }

    #[test]
    fn the_list_names_each_message_once_with_its_last_step() {
        let (_folder, mut read) = place();
        let told = listed(None, Some("2025-11-25"), &read);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        let line = format!(
            "{ID}  2001     2025-11-25 09:30:12  0:24    2025-11-26 00:10:00  heard by telephone"
        );
        assert_eq!(lines[1], line);
        assert_eq!(
            listed(Some("2002"), Some("2025-11-01"), &read)
                .lines()
                .count(),
            2
        );
        assert_eq!(listed(None, Some("2025-11-26"), &read).lines().count(), 2);
        assert!(listed(None, None, &read).starts_with("The ledger has no message since"));
        read.json = true;
        let rows: Value = serde_json::from_str(&listed(None, Some("2025-11-25"), &read)).unwrap();
        assert_eq!(rows[0]["last_step"], "heard");
        assert_eq!(rows[1]["length_ms"], Value::Null);
    }
}
