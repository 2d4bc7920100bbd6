//! `belpost spool`: what is not in its mailbox yet.
//!
//! Works beside a running server: listing only reads, and a retry is a wish left in the folder.

use super::arguments::{ConfigArgs, ReadArgs};
use super::fault::CliFault;
use super::table::{safe, table};
use super::{print, print_json};
use crate::base::{MailboxId, MessageId};
use crate::config::load;
use crate::spool::{SpoolEntry, SpoolState, list_folder, retry_in_folder};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One message as JSON; what the file does not say is null.
#[derive(Serialize)]
struct Row<'a> {
    message: String,
    state: &'static str,
    mailbox: Option<&'a str>,
    received: Option<String>,
    length_ms: Option<u64>,
    attempts: u32,
    next: Option<String>,
    last_error: Option<&'a str>,
}

/// Lists everything in the spool.
pub(super) fn list(read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let folder = folder(&read.file)?;
    let entries = entries(&folder)?;
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
    let rows: Vec<Vec<String>> = entries.iter().map(cells).collect();
    let headings = [
        "MESSAGE",
        "STATE",
        "MAILBOX",
        "RECEIVED",
        "LENGTH",
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
    let mut missing = Vec::new();
    for id in &wanted {
        let found = retry_in_folder(&folder, *id).map_err(|source| failed(&folder, source))?;
        if found {
            print(&format!("{id}: to be delivered now\n"), out)?;
        } else {
            missing.push(*id);
        }
    }
    if wanted.is_empty() {
        print("There is no message that could not be delivered.\n", out)?;
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

fn failed(folder: &Path, source: std::io::Error) -> CliFault {
    CliFault::Spool {
        folder: folder.to_owned(),
        source,
    }
}

fn row(entry: &SpoolEntry) -> Row<'_> {
    Row {
        message: entry.id.to_string(),
        state: state(entry.state),
        mailbox: entry.mailbox.as_ref().map(MailboxId::as_str),
        received: entry.received.map(|at| format!("{at:.0}")),
        length_ms: entry.length.map(|length| length.as_millis() as u64),
        attempts: entry.attempts,
        next: entry.next.map(|at| format!("{at:.0}")),
        last_error: entry.last_error.as_deref(),
    }
}

fn cells(entry: &SpoolEntry) -> Vec<String> {
    let moment = |at| format!("{at:.0}");
    let length = entry.length.map(super::mailbox::minutes);
    vec![
        entry.id.to_string(),
        state(entry.state).to_owned(),
        entry
            .mailbox
            .as_ref()
            .map_or("-".into(), ToString::to_string),
        entry.received.map_or("-".into(), moment),
        length.unwrap_or_else(|| "-".into()),
        entry.attempts.to_string(),
        entry.next.map_or("-".into(), moment),
        entry.last_error.as_deref().map_or("-".into(), safe),
    ]
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
    use crate::mailbox::{Attempts, Ending, Envelope, Facts, Owner};
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
        std::fs::write(&config, "[spool]\nfolder = \"spool\"\n").unwrap();
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
        spool.outbox().bury(id(2), attempts).unwrap();
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
        assert_eq!(lines.len(), 3, "{table}");
        let waiting = "0192f3a4-0000-7000-8000-000000000001  waiting  2001     \
                       1970-01-01T00:00:00Z  1:05    0      -     -";
        assert_eq!(lines[1], waiting);
        assert!(lines[2].ends_with("7      -     refused?[2J"), "{table}");
        let rows: Value = serde_json::from_str(&listed(file, true)).unwrap();
        assert_eq!(rows[1]["state"], "failed");
        assert_eq!(rows[1]["attempts"], 7);
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
        assert_eq!(fault.to_string(), format!("not in the spool: {}", id(9)));
        assert!(String::from_utf8(out).unwrap().contains(&id(1).to_string()));

        let mut out = Vec::new();
        retry(&[], true, &file, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("no message"));
    }
}
