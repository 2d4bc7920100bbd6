//! `belpost spool`: what is not in its mailbox yet.
//!
//! Works beside a running server: listing only reads, a retry is a wish left in the folder, and
//! the server notices when a message it has not delivered is gone.

use super::arguments::{ConfigArgs, ReadArgs};
use super::fault::CliFault;
use super::table::{safe, table};
use super::{print, print_json};
use crate::base::{MailboxId, MessageId};
use crate::config::{Config, load};
use crate::mailbox::{Attempts, Fate, Leg};
use crate::spool::{SpoolEntry, SpoolState, drop_in_folder, list_folder, retry_in_folder};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// One message as JSON; what the file does not say is null.
#[derive(Serialize)]
struct Row<'a> {
    message: String,
    state: &'static str,
    mailbox: Option<&'a str>,
    received: Option<String>,
    length_ms: Option<u64>,
    withdrawn: bool,
    legs: Vec<LegRow<'a>>,
}

/// One way it goes.
#[derive(Serialize)]
struct LegRow<'a> {
    leg: String,
    fate: &'static str,
    attempts: u32,
    next: Option<String>,
    last_error: Option<&'a str>,
}

/// The ways the messages of each mailbox go, as the configuration says.
type Ways = HashMap<MailboxId, Vec<Leg>>;

/// Lists everything in the spool.
pub(super) fn list(read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let entries: Vec<_> = entries(&config.spool.folder)?
        .into_iter()
        .map(|entry| with_all_ways(entry, &ways(&config)))
        .collect();
    if read.json {
        let rows: Vec<Row<'_>> = entries.iter().map(row).collect();
        return print_json(&rows, out);
    }
    if entries.is_empty() {
        return print(
            "The spool is empty: every message is in its mailbox.\n",
            out,
        );
    }
    let rows: Vec<Vec<String>> = entries.iter().flat_map(lines).collect();
    let headings = [
        "MESSAGE",
        "STATE",
        "MAILBOX",
        "RECEIVED",
        "LENGTH",
        "WAY",
        "FATE",
        "TRIED",
        "NEXT",
        "LAST ERROR",
    ];
    print(&table(&headings, &rows), out)
}

/// Has messages delivered now.
pub(super) fn retry(
    messages: &[MessageId],
    dead: bool,
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let folder = folder(file)?;
    let wanted = if dead {
        let is_dead = |entry: &SpoolEntry| entry.state == SpoolState::Dead;
        let all = entries(&folder)?.into_iter().filter(is_dead);
        all.map(|entry| entry.id).collect()
    } else {
        messages.to_vec()
    };
    if wanted.is_empty() {
        return print("There is no message that could not be delivered.\n", out);
    }
    each(
        &wanted,
        &folder,
        retry_in_folder,
        "to be delivered now",
        out,
    )
}

/// Removes messages for good.
pub(super) fn drop_messages(
    messages: &[MessageId],
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let folder = folder(file)?;
    each(messages, &folder, drop_in_folder, "dropped", out)
}

/// Does something with each message and says so; those that were not found are a fault.
fn each(
    messages: &[MessageId],
    folder: &Path,
    action: impl Fn(&Path, MessageId) -> io::Result<bool>,
    word: &str,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let mut missing = Vec::new();
    for &id in messages {
        let found = match action(folder, id) {
            // No server has made the folder yet.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => false,
            found => found.map_err(|source| failed(folder, source))?,
        };
        if found {
            print(&format!("{id}: {word}\n"), out)?;
        } else {
            missing.push(id);
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(CliFault::NotInSpool(missing))
    }
}

fn folder(file: &ConfigArgs) -> Result<PathBuf, CliFault> {
    Ok(load(file.config.as_deref())?.spool.folder)
}

/// All entries; none where no server has made the folder yet.
pub(super) fn entries(folder: &Path) -> Result<Vec<SpoolEntry>, CliFault> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    list_folder(folder).map_err(|source| failed(folder, source))
}

fn failed(folder: &Path, source: io::Error) -> CliFault {
    CliFault::Spool {
        folder: folder.to_owned(),
        source,
    }
}

fn ways(config: &Config) -> Ways {
    let all = config.subscribers.iter();
    all.map(|profile| (profile.mailbox.clone(), profile.delivery.legs()))
        .collect()
}

/// The spool knows of the ways on which something happened; the others wait.
fn with_all_ways(mut entry: SpoolEntry, ways: &Ways) -> SpoolEntry {
    let mailbox = entry.mailbox.as_ref();
    for leg in mailbox
        .and_then(|mailbox| ways.get(mailbox))
        .into_iter()
        .flatten()
    {
        entry.legs.entry(leg.clone()).or_default();
    }
    entry
}

fn row(entry: &SpoolEntry) -> Row<'_> {
    Row {
        message: entry.id.to_string(),
        state: state(entry.state),
        mailbox: entry.mailbox.as_ref().map(MailboxId::as_str),
        received: entry.received.map(|at| format!("{at:.0}")),
        length_ms: entry.length.map(|length| length.as_millis() as u64),
        withdrawn: entry.withdrawn,
        legs: entry
            .legs
            .iter()
            .map(|(leg, fate)| leg_row(leg, fate))
            .collect(),
    }
}

fn leg_row<'a>(leg: &Leg, fate: &'a Fate) -> LegRow<'a> {
    let attempts = match fate {
        Fate::Waiting(attempts) | Fate::GivenUp(attempts) => Some(attempts),
        Fate::Done => None,
    };
    LegRow {
        leg: leg.to_string(),
        fate: match fate {
            Fate::Waiting(_) => "waiting",
            Fate::Done => "done",
            Fate::GivenUp(_) => "given up",
        },
        attempts: attempts.map_or(0, |a: &Attempts| a.failed),
        next: attempts.and_then(|a| a.next).map(|at| format!("{at:.0}")),
        last_error: attempts.and_then(|a| a.last_error.as_deref()),
    }
}

/// One line for each way; the message stands in the first.
fn lines(entry: &SpoolEntry) -> Vec<Vec<String>> {
    let moment = |at| format!("{at:.0}");
    let length = entry.length.map(super::mailbox::minutes);
    let dash = || "-".to_owned();
    let state = match entry.state {
        SpoolState::Queued if entry.withdrawn => "withdrawn",
        state @ (SpoolState::Taking | SpoolState::Queued | SpoolState::Dead) => self::state(state),
    };
    let mut message = vec![
        entry.id.to_string(),
        state.to_owned(),
        entry
            .mailbox
            .as_ref()
            .map_or_else(dash, ToString::to_string),
        entry.received.map_or_else(dash, moment),
        length.unwrap_or_else(dash),
    ];
    if entry.legs.is_empty() {
        message.extend([dash(), dash(), dash(), dash(), dash()]);
        return vec![message];
    }
    let line = |(leg, fate)| {
        let blank = vec![String::new(); message.len()];
        let mut cells = std::mem::replace(&mut message, blank);
        let row = leg_row(leg, fate);
        cells.extend([
            row.leg,
            row.fate.to_owned(),
            row.attempts.to_string(),
            row.next.unwrap_or_else(dash),
            row.last_error.map_or_else(dash, safe),
        ]);
        cells
    };
    entry.legs.iter().map(line).collect()
}

fn state(state: SpoolState) -> &'static str {
    match state {
        SpoolState::Taking => "recording",
        SpoolState::Queued => "waiting",
        SpoolState::Dead => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Language, Timestamp};
    use crate::mailbox::{Ending, Envelope, Facts, Owner};
    use crate::mime::Caller;
    use crate::spool::{Report, Rules, Spool, SpoolConfig};
    use serde_json::Value;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;
    use tempfile::TempDir;

    fn id(n: u8) -> MessageId {
        format!("0192f3a4-0000-7000-8000-00000000000{n}")
            .parse()
            .unwrap()
    }

    /// A folder with a configuration file in it.
    fn place() -> (TempDir, ConfigArgs) {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("belpost.toml");
        let text = "[spool]\nfolder = \"spool\"\n\
                    [[subscriber]]\nmailbox = \"2001\"\nname = \"Jan\"\n\
                    copies = [\"jan@example.nl\"]\n";
        std::fs::write(&config, text).unwrap();
        let config = Some(config);
        (folder, ConfigArgs { config })
    }

    fn envelope() -> Envelope {
        Envelope {
            owner: Owner {
                mailbox: MailboxId::parse("2001").unwrap(),
                name: "Jan".into(),
            },
            caller: Caller::Withheld,
            call_id: "a@b".into(),
            started: Timestamp::UNIX_EPOCH,
            law: crate::audio::Law::A,
            reason: None,
            language: Language::parse("nl").unwrap(),
            zone: "UTC".into(),
        }
    }

    /// A spool with one message that waits and one that could not be delivered.
    fn fill(folder: &Path) -> Spool {
        let (report, reports) = channel();
        let config = SpoolConfig {
            folder: folder.join("spool"),
            rules: Rules {
                reserve: 0,
                longest: Duration::from_secs(60),
            },
            blocks_max: 8,
        };
        let spool = Spool::open(&config, move |r| drop(report.send(r))).unwrap();
        let facts = Facts {
            length: Duration::from_secs(65),
            voiced: Duration::from_secs(60),
            ending: Ending::Stopped,
            urgent: false,
            private: false,
        };
        for n in [1, 2] {
            spool.begin(id(n), envelope()).unwrap();
            spool.commit(id(n), facts).unwrap();
            await_kept(&reports, id(n));
        }
        let attempts = Attempts {
            failed: 7,
            next: None,
            last_error: Some("refused\u{1b}[2J".into()),
        };
        let copy = Leg::parse("copy:jan@example.nl").unwrap();
        let legs = [Leg::Store, copy.clone()];
        let outbox = spool.outbox();
        outbox.finish(id(2), &copy, &legs, None).unwrap();
        outbox.give_up(id(2), &Leg::Store, &legs, attempts).unwrap();
        spool
    }

    fn await_kept(reports: &Receiver<Report>, take: MessageId) {
        let kept = Report::Kept {
            take,
            outcome: Ok(()),
        };
        while reports.recv_timeout(Duration::from_secs(20)).unwrap() != kept {}
    }

    fn listed(file: ConfigArgs, json: bool) -> String {
        let mut out = Vec::new();
        list(&ReadArgs { file, json }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn args(file: &ConfigArgs) -> ConfigArgs {
        ConfigArgs {
            config: file.config.clone(),
        }
    }

    #[test]
    fn a_spool_that_is_not_there_is_empty() {
        let (_folder, file) = place();
        assert!(listed(args(&file), false).contains("empty"));
        assert_eq!(listed(file, true), "[]\n");
    }

    #[test]
    fn what_waits_and_what_failed_is_listed_with_its_reason() {
        let (folder, file) = place();
        let _spool = fill(folder.path());
        let table = listed(args(&file), false);
        let lines: Vec<&str> = table.lines().collect();
        let waiting = "0192f3a4-0000-7000-8000-000000000001  waiting  2001     \
                       1970-01-01T00:00:00Z  1:05    store                waiting   0      -     -";
        assert_eq!(lines[1], waiting, "{table}");
        assert!(
            lines[2].ends_with("   copy:jan@example.nl  waiting   0      -     -"),
            "{table}"
        );
        assert!(lines[2].starts_with("      "), "{table}");
        assert!(
            lines[3].ends_with("store                given up  7      -     refused?[2J"),
            "{table}"
        );
        assert!(
            lines[4].ends_with("copy:jan@example.nl  done      0      -     -"),
            "{table}"
        );
        assert_eq!(lines.len(), 5, "{table}");
        let rows: Value = serde_json::from_str(&listed(file, true)).unwrap();
        assert_eq!(rows[1]["state"], "failed");
        assert_eq!(rows[1]["legs"][0]["leg"], "store");
        assert_eq!(rows[1]["legs"][0]["attempts"], 7);
        assert_eq!(rows[1]["legs"][1]["fate"], "done");
        assert_eq!(rows[0]["length_ms"], 65_000);
    }

    #[test]
    fn a_failed_message_is_queued_again_and_an_unknown_one_is_named() {
        let (folder, file) = place();
        let spool = fill(folder.path());
        let mut out = Vec::new();
        retry(&[], true, &file, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, format!("{}: to be delivered now\n", id(2)));
        spool.outbox().refresh().unwrap();
        assert_eq!(spool.outbox().waiting(), [id(1), id(2)]);

        let mut out = Vec::new();
        let fault = retry(&[id(9), id(1)], false, &file, &mut out).unwrap_err();
        let missing = format!("no such message in the spool: {};", id(9));
        assert!(fault.to_string().starts_with(&missing), "{fault}");
        assert!(String::from_utf8(out).unwrap().contains(&id(1).to_string()));

        let mut out = Vec::new();
        retry(&[], true, &file, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("no message"));
    }

    #[test]
    fn what_is_dropped_is_gone_wherever_it_was() {
        let (folder, file) = place();
        let spool = fill(folder.path());
        let mut out = Vec::new();
        let fault = drop_messages(&[id(1), id(9), id(2)], &file, &mut out).unwrap_err();
        let missing = format!("no such message in the spool: {};", id(9));
        assert!(fault.to_string().starts_with(&missing), "{fault}");
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, format!("{}: dropped\n{}: dropped\n", id(1), id(2)));
        assert!(listed(args(&file), false).contains("empty"));
        spool.outbox().refresh().unwrap();
        assert_eq!(spool.outbox().waiting(), []);
    }

    #[test]
    fn where_no_server_ever_ran_there_is_nothing_to_drop_or_retry() {
        let (_folder, file) = place();
        let mut out = Vec::new();
        let dropped = drop_messages(&[id(1)], &file, &mut out);
        let retried = retry(&[id(1)], false, &file, &mut out);
        for fault in [dropped, retried] {
            assert!(matches!(fault, Err(CliFault::NotInSpool(_))));
        }
    }
}
