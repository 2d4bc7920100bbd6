//! `belpost mailbox`: who has how many messages, which, and how they sound.
//!
//! Reads the mailboxes as a call does and changes nothing in them, wherever they are kept. What
//! still waits in the spool is counted apart: its files are the running server's. A mailbox that
//! cannot be read keeps the others from nothing; the command fails at its end.

use super::arguments::{ConfigArgs, ReadArgs};
use super::boxes::{Boxes, Opened};
use super::fault::CliFault;
use super::sound_file;
use super::table::{safe, table};
use super::{print, print_json};
use crate::audio::{Pcm, WIRE_RATE};
use crate::base::{MailboxId, MessageId};
use crate::config::{Config, load};
use crate::mailbox::{Counts, Fault, State, Summary};
use crate::subscriber::Profile;
use serde::Serialize;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Nobody but the operator may hear a message.
const MODE: u32 = 0o600;

/// A mailbox as JSON; counts are null where they are not known.
#[derive(Serialize)]
struct BoxRow<'a> {
    mailbox: &'a str,
    name: &'a str,
    new: Option<u32>,
    saved: Option<u32>,
    in_spool: u32,
    fault: Option<String>,
}

/// A message as JSON.
#[derive(Serialize)]
struct MessageRow {
    message: String,
    state: &'static str,
    urgent: bool,
    from: Option<String>,
    received: String,
    length_ms: u64,
}

/// Counts the messages of every mailbox.
pub(super) fn list(read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let waiting = waiting(&config)?;
    let boxes = Opened::of(&config)?;
    print_boxes(&config.subscribers, &boxes, &waiting, read.json, out)
}

/// Lists the messages of one mailbox.
pub(super) fn show(
    mailbox: &MailboxId,
    read: &ReadArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    known(&config, mailbox)?;
    print_messages(mailbox, &Opened::of(&config)?, read.json, out)
}

/// Writes the sound of a message to a file.
pub(super) fn export(
    mailbox: &MailboxId,
    message: MessageId,
    to: Option<&Path>,
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(file.config.as_deref())?;
    known(&config, mailbox)?;
    let to = to.map_or_else(|| PathBuf::from(format!("{message}.wav")), Path::to_owned);
    write_sound(mailbox, message, &to, &Opened::of(&config)?)?;
    print(&format!("{}\n", to.display()), out)
}

/// A length of time as people read it: `1:05`.
pub(super) fn minutes(length: Duration) -> String {
    let seconds = length.as_millis().div_ceil(1_000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// How many messages of each mailbox are in the spool.
fn waiting(config: &Config) -> Result<HashMap<MailboxId, u32>, CliFault> {
    let mut waiting = HashMap::new();
    let entries = super::spool::entries(&config.spool.folder)?;
    for mailbox in entries.into_iter().filter_map(|entry| entry.mailbox) {
        *waiting.entry(mailbox).or_insert(0) += 1;
    }
    Ok(waiting)
}

fn known(config: &Config, mailbox: &MailboxId) -> Result<(), CliFault> {
    let mut all = config.subscribers.iter();
    if all.any(|profile| profile.mailbox == *mailbox) {
        Ok(())
    } else {
        Err(CliFault::NoSuchMailbox(mailbox.clone()))
    }
}

fn print_boxes(
    profiles: &[Profile],
    boxes: &impl Boxes,
    waiting: &HashMap<MailboxId, u32>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let mut unread = Vec::new();
    let mut rows = Vec::new();
    for profile in profiles {
        let mailbox = &profile.mailbox;
        let counts = profile
            .delivery
            .is_heard_by_phone()
            .then(|| boxes.counts(mailbox));
        if let Some(Err(fault)) = counts {
            unread.push((mailbox.clone(), fault));
        }
        let waiting = waiting.get(mailbox).copied().unwrap_or(0);
        rows.push(box_row(profile, counts, waiting));
    }
    print_rows(&rows, json, out)?;
    if unread.is_empty() {
        Ok(())
    } else {
        Err(CliFault::Unread(unread))
    }
}

fn print_rows(rows: &[BoxRow<'_>], json: bool, out: &mut dyn Write) -> Result<(), CliFault> {
    if json {
        return print_json(&rows, out);
    }
    if rows.is_empty() {
        return print("There is no mailbox in this configuration.\n", out);
    }
    let headings = ["MAILBOX", "NEW", "SAVED", "IN SPOOL", "NAME"];
    let cells: Vec<Vec<String>> = rows.iter().map(box_cells).collect();
    print(&table(&headings, &cells), out)
}

fn print_messages(
    mailbox: &MailboxId,
    boxes: &impl Boxes,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let messages = boxes
        .messages(mailbox)
        .map_err(|fault| CliFault::Mailbox(mailbox.clone(), fault))?;
    if json {
        let rows: Vec<MessageRow> = messages.iter().map(message_row).collect();
        return print_json(&rows, out);
    }
    if messages.is_empty() {
        return print(&format!("Mailbox {mailbox} is empty.\n"), out);
    }
    let rows: Vec<Vec<String>> = messages.iter().map(message_cells).collect();
    let headings = ["MESSAGE", "STATE", "RECEIVED", "LENGTH", "FROM"];
    print(&table(&headings, &rows), out)
}

/// Writes a WAV file that nobody else may read; an existing file is left alone.
fn write_sound(
    mailbox: &MailboxId,
    message: MessageId,
    to: &Path,
    boxes: &impl Boxes,
) -> Result<(), CliFault> {
    let audio = boxes
        .audio(mailbox, message)
        .map_err(|fault| CliFault::Message(message, fault))?;
    let sound = Pcm {
        rate: WIRE_RATE,
        samples: audio.samples(),
    };
    sound_file::write(&sound, to, MODE)
}

/// Without counts, the messages of a mailbox are sent away by mail.
fn box_row(profile: &Profile, counts: Option<Result<Counts, Fault>>, in_spool: u32) -> BoxRow<'_> {
    let known = counts.and_then(Result::ok);
    BoxRow {
        mailbox: profile.mailbox.as_str(),
        name: &profile.name,
        new: known.map(|counts| counts.new),
        saved: known.map(|counts| counts.saved),
        in_spool,
        fault: counts.and_then(Result::err).map(|fault| fault.to_string()),
    }
}

/// An unknown count is a question mark, never zero; there is none where nothing is kept.
fn box_cells(row: &BoxRow<'_>) -> Vec<String> {
    let unknown = if row.fault.is_some() { "?" } else { "-" };
    let count = |known: Option<u32>| known.map_or(unknown.to_owned(), |count| count.to_string());
    vec![
        row.mailbox.to_owned(),
        count(row.new),
        count(row.saved),
        row.in_spool.to_string(),
        safe(row.name),
    ]
}

fn message_row(summary: &Summary) -> MessageRow {
    MessageRow {
        message: summary.id.to_string(),
        state: state(summary.state),
        urgent: summary.urgent,
        from: summary.caller.as_ref().map(ToString::to_string),
        received: format!("{:.0}", summary.received),
        length_ms: summary.length.as_millis() as u64,
    }
}

fn message_cells(summary: &Summary) -> Vec<String> {
    let urgent = if summary.urgent { ", urgent" } else { "" };
    let from = summary.caller.as_ref();
    vec![
        summary.id.to_string(),
        format!("{}{urgent}", state(summary.state)),
        format!("{:.0}", summary.received),
        minutes(summary.length),
        from.map_or_else(|| "unknown".to_owned(), ToString::to_string),
    ]
}

fn state(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Saved => "saved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{WireAudio, wav};
    use crate::base::DialString;
    use crate::subscriber::Language;
    use serde_json::{Value, json};

    /// Two mailboxes in memory: 2001 with two messages, 2002 out of reach.
    struct Fake;

    fn id(n: u8) -> MessageId {
        format!("0192f3a4-0000-7000-8000-00000000000{n}")
            .parse()
            .unwrap()
    }

    fn summary(n: u8, state: State, caller: Option<&str>) -> Summary {
        Summary {
            id: id(n),
            state,
            urgent: n == 1,
            private: false,
            caller: caller.map(|number| DialString::parse(number).unwrap()),
            received: "2026-11-23T09:30:00.5Z".parse().unwrap(),
            length: Duration::from_millis(64_200),
        }
    }

    impl Boxes for Fake {
        fn counts(&self, mailbox: &MailboxId) -> Result<Counts, Fault> {
            if mailbox.as_str() == "2001" {
                Ok(Counts {
                    new: 1,
                    saved: 1,
                    ..Counts::default()
                })
            } else {
                Err(Fault::Unavailable)
            }
        }

        fn messages(&self, mailbox: &MailboxId) -> Result<Vec<Summary>, Fault> {
            self.counts(mailbox)?;
            Ok(vec![
                summary(1, State::New, Some("+31612345678")),
                summary(2, State::Saved, None),
            ])
        }

        fn audio(&self, _: &MailboxId, message: MessageId) -> Result<WireAudio, Fault> {
            if message == id(1) {
                Ok(WireAudio::from_samples(&[100, -100, 0]))
            } else {
                Err(Fault::Damaged)
            }
        }
    }

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    fn profile(number: &str, name: &str) -> Profile {
        Profile {
            mailbox: mailbox(number),
            name: name.to_owned(),
            numbers: Vec::new(),
            language: Language::parse("nl").unwrap(),
            zone: "UTC".into(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        }
    }

    fn printed(print: impl FnOnce(&mut Vec<u8>) -> Result<(), CliFault>) -> String {
        let mut out = Vec::new();
        print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_mailbox_out_of_reach_is_a_question_mark_and_the_others_are_told() {
        let mut sent_away = profile("2003", "Zoe");
        let address = crate::mime::MailAddress::parse("zoe@example.nl").unwrap();
        sent_away.delivery.mode = crate::subscriber::Mode::Email(vec![address]);
        let profiles = [
            profile("2002", "Ann"),
            profile("2001", "Jan de Vries"),
            sent_away,
        ];
        let waiting = HashMap::from([(mailbox("2002"), 3)]);
        let print = |json| {
            let mut out = Vec::new();
            let fault = print_boxes(&profiles, &Fake, &waiting, json, &mut out).unwrap_err();
            (String::from_utf8(out).unwrap(), fault.to_string())
        };
        let (table, fault) = print(false);
        assert_eq!(
            table,
            "MAILBOX  NEW  SAVED  IN SPOOL  NAME\n\
             2002     ?    ?      3         Ann\n\
             2001     1    1      0         Jan de Vries\n\
             2003     -    -      0         Zoe\n"
        );
        assert!(
            fault.contains("mailbox 2002 (") && !fault.contains("2001"),
            "{fault}"
        );
        let rows: Value = serde_json::from_str(&print(true).0).unwrap();
        assert_eq!(
            (&rows[0]["new"], &rows[1]["new"]),
            (&Value::Null, &json!(1))
        );
        assert!(rows[0]["fault"].is_string());
        assert_eq!(
            (&rows[2]["new"], &rows[2]["fault"]),
            (&Value::Null, &Value::Null)
        );
    }

    #[test]
    fn messages_are_listed_as_their_owner_hears_them() {
        let table = printed(|out| print_messages(&mailbox("2001"), &Fake, false, out));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[1],
            "0192f3a4-0000-7000-8000-000000000001  new, urgent  2026-11-23T09:30:00Z  1:05    \
             +31612345678"
        );
        assert!(lines[2].ends_with("unknown"), "{table}");
        let text = printed(|out| print_messages(&mailbox("2001"), &Fake, true, out));
        let rows: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            rows[1],
            json!({"message": "0192f3a4-0000-7000-8000-000000000002", "state": "saved",
                "urgent": false, "from": null, "received": "2026-11-23T09:30:00Z",
                "length_ms": 64200})
        );
        let fault = print_messages(&mailbox("2002"), &Fake, false, &mut Vec::new());
        assert!(matches!(fault, Err(CliFault::Mailbox(..))));
    }

    #[test]
    fn a_message_is_written_as_wav_and_no_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("message.wav");
        write_sound(&mailbox("2001"), id(1), &to, &Fake).unwrap();
        let sound = wav::read(&std::fs::read(&to).unwrap()).unwrap();
        assert_eq!((sound.rate, sound.samples.len()), (WIRE_RATE, 3));
        let again = write_sound(&mailbox("2001"), id(1), &to, &Fake);
        assert!(matches!(again, Err(CliFault::File { .. })));
        let damaged = write_sound(&mailbox("2001"), id(2), &to, &Fake);
        assert!(matches!(damaged, Err(CliFault::Message(..))));
    }

    #[test]
    fn what_was_delivered_is_counted_shown_and_exported() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("belpost.toml");
        let text = "[mailboxes]\nfolder = \"mail\"\n[[subscriber]]\nmailbox = \"2001\"\n";
        std::fs::write(&config, text).unwrap();
        let config = Some(config);
        let file = || ConfigArgs {
            config: config.clone(),
        };
        let read = || ReadArgs {
            file: file(),
            json: true,
        };
        let empty = printed(|out| show(&mailbox("2001"), &read(), out));
        assert_eq!(empty, "[]\n", "no folder yet");

        let loaded = load(config.as_deref()).unwrap();
        super::super::boxes::tests::deliver(&loaded, &mailbox("2001"), id(5));
        let rows: Value = serde_json::from_str(&printed(|out| list(&read(), out))).unwrap();
        assert_eq!(
            (&rows[0]["new"], &rows[0]["in_spool"]),
            (&json!(1), &json!(0))
        );
        let shown = printed(|out| show(&mailbox("2001"), &read(), out));
        let rows: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(rows[0]["message"], id(5).to_string());
        assert_eq!(rows[0]["state"], "new");

        let to = folder.path().join("out.wav");
        let said = printed(|out| export(&mailbox("2001"), id(5), Some(&to), &file(), out));
        assert_eq!(said, format!("{}\n", to.display()));
        let sound = wav::read(&std::fs::read(&to).unwrap()).unwrap();
        assert_eq!(sound.samples.len(), 8_000);
        let shown = printed(|out| show(&mailbox("2001"), &read(), out));
        assert!(shown.contains("\"new\""), "looking changes nothing");
        assert!(show(&mailbox("2009"), &read(), &mut Vec::new()).is_err());
    }

    #[test]
    fn a_mailbox_of_nobody_is_named() {
        let fault = known(&Config::default(), &mailbox("2001")).unwrap_err();
        assert!(fault.to_string().contains("2001"));
    }

    #[test]
    fn lengths_round_up_to_the_second() {
        for (ms, expected) in [
            (0, "0:00"),
            (1, "0:01"),
            (60_000, "1:00"),
            (3_599_500, "60:00"),
        ] {
            assert_eq!(minutes(Duration::from_millis(ms)), expected);
        }
    }
}
