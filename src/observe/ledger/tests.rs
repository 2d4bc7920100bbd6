//! Laws of the ledger: nothing waits, nothing is lost unsaid, nothing but its own old files goes.

use super::*;
use crate::mailbox::{By, Leg};
use crate::mime::MailAddress;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::sync::mpsc::channel;

fn id(n: u8) -> MessageId {
    format!("0192f3a4-0000-7000-8000-00000000000{n}")
        .parse()
        .unwrap()
}

fn mailbox() -> MailboxId {
    MailboxId::parse("2001").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entry(at: Timestamp, message: MessageId, step: Step) -> Entry {
    Entry {
        at,
        mailbox: mailbox(),
        message,
        step,
    }
}

/// One of every step.
fn steps() -> Vec<Step> {
    let leg = Leg::Copy(MailAddress::parse("jan@example.nl").unwrap());
    let next = Some(at("2026-11-25T09:31:00Z"));
    let failed = |leg, next| Step::Failed {
        leg,
        what: "550 \"no such user\"\nhere".to_owned(),
        next,
    };
    vec![
        Step::Recorded(Duration::from_millis(23_400)),
        Step::Synced,
        Step::Attempt {
            leg: Leg::Store,
            number: 2,
        },
        Step::Accepted {
            leg: Leg::Store,
            reply: "imap mail: INBOX uid 42".to_owned(),
        },
        failed(leg.clone(), next),
        failed(leg, None),
        Step::Dead,
        Step::Retried,
        Step::Dropped,
        Step::LampOn(2),
        Step::Heard(By::Phone),
        Step::Deleted(By::Client),
        Step::Restored(By::Phone),
        Step::Removed(By::Client),
        Step::Expired,
    ]
}

/// The names of the files in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_step_is_read_as_it_was_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/ledger");
    let ledger = LedgerFiles::open(&path, 90).unwrap();
    for step in steps() {
        ledger.note(&mailbox(), id(1), step);
        ledger.note(&mailbox(), id(2), Step::Synced);
    }
    assert!(ledger.flush());
    let told = read_message(&path, id(1)).unwrap();
    let told: Vec<Step> = told.into_iter().map(|entry| entry.step).collect();
    assert_eq!(told, steps());
    assert_eq!(read_message(&path, id(2)).unwrap().len(), steps().len());
    assert_eq!(read_message(&path, id(3)).unwrap(), []);
    let mut all = 0;
    read_ledger(&path, None, &mut |_| all += 1).unwrap();
    assert_eq!(all, 2 * steps().len());
}

#[test]
fn an_entry_keeps_its_moment_and_a_long_reply_is_cut() {
    let accepted = entry(
        at("2026-11-25T09:30:12.120Z"),
        id(1),
        Step::Accepted {
            leg: Leg::Store,
            reply: "é".repeat(5_000),
        },
    );
    let read = Entry::parse(&accepted.to_line()).unwrap();
    assert_eq!(read.at, accepted.at);
    assert!(matches!(read.step, Step::Accepted { reply, .. } if reply == "é".repeat(1_000)));
}

#[test]
fn nobody_else_reads_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let ledger = LedgerFiles::open(&path, 90).unwrap();
    ledger.note(&mailbox(), id(1), Step::Synced);
    assert!(ledger.flush());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(&names(&path)[0])), 0o600);
}

#[test]
fn a_line_torn_by_a_crash_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut pages = Folder {
        path: folder.path().to_owned(),
        keep_days: 1,
    };
    let moment = at("2026-11-25T09:30:00Z");
    let line = entry(moment, id(1), Step::Synced).to_line();
    pages.append(day(moment), &line[..line.len() - 9]).unwrap();
    pages.append(day(moment), &line).unwrap();
    pages.append(day(moment), &line[..20]).unwrap();
    assert_eq!(read_message(folder.path(), id(1)).unwrap().len(), 1);
}

#[test]
fn only_own_files_beyond_their_days_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = [
        "2026-11-23.jsonl",
        "2026-11-25.jsonl",
        "2026-1-1.jsonl",
        "2020-01-01.json",
        "notes.jsonl",
    ];
    for name in kept.iter().chain(&["2026-11-22.jsonl", "2019-02-28.jsonl"]) {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let mut pages = Folder {
        path: folder.path().to_owned(),
        keep_days: 2,
    };
    pages.tidy("2026-11-25".parse().unwrap()).unwrap();
    let mut kept: Vec<&str> = kept.to_vec();
    kept.sort_unstable();
    assert_eq!(names(folder.path()), kept);
}

#[test]
fn opening_removes_what_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("2019-02-28.jsonl"), "").unwrap();
    let _ledger = LedgerFiles::open(folder.path(), 1).unwrap();
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_message_is_looked_for_from_its_own_day_on_and_an_odd_one_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut pages = Folder {
        path: folder.path().to_owned(),
        keep_days: 1,
    };
    // The identity says 2024-11-03; a line of an earlier day cannot be about it.
    let odd: MessageId = "00000000-0000-0000-0000-000000000007".parse().unwrap();
    for moment in ["2024-11-02T23:59:59Z", "2024-11-03T00:00:00Z"] {
        for message in [id(1), odd] {
            let line = entry(at(moment), message, Step::Synced).to_line();
            pages.append(day(at(moment)), &line).unwrap();
        }
    }
    assert_eq!(read_message(folder.path(), id(1)).unwrap().len(), 1);
    assert_eq!(read_message(folder.path(), odd).unwrap().len(), 2);
}

/// What a page in memory is told.
#[derive(Clone, Debug, Default)]
struct Told {
    pages: Arc<Mutex<Vec<(Date, String)>>>,
    tidied: Arc<Mutex<Vec<Date>>>,
}

/// Pages in memory, that wait for a gate and may refuse.
struct Memory {
    told: Told,
    gate: Option<Receiver<()>>,
    refusals: u32,
}

impl Pages for Memory {
    fn append(&mut self, day: Date, lines: &[u8]) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            // A closed gate opens for good once its sender is gone.
            let _ = gate.recv();
        }
        if self.refusals > 0 {
            self.refusals -= 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let lines = String::from_utf8(lines.to_vec()).unwrap();
        self.told.pages.lock().unwrap().push((day, lines));
        Ok(())
    }

    fn tidy(&mut self, today: Date) -> io::Result<()> {
        self.told.tidied.lock().unwrap().push(today);
        Ok(())
    }
}

impl Told {
    fn lines(&self) -> Vec<serde_json::Value> {
        let pages = self.pages.lock().unwrap();
        let lines = pages.iter().flat_map(|(_, text)| text.lines());
        lines.map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// Entries written, and entries said to be missing.
    fn sums(&self) -> (u64, u64) {
        let lines = self.lines();
        let missing = lines.iter().filter_map(|l| l["count"].as_u64()).sum();
        let written = lines.iter().filter(|l| l["step"] == "synced").count();
        (written as u64, missing)
    }
}

fn memory(gate: Option<Receiver<()>>, refusals: u32) -> (LedgerFiles, Told) {
    let told = Told::default();
    let pages = Memory {
        told: told.clone(),
        gate,
        refusals,
    };
    (LedgerFiles::over(pages).unwrap(), told)
}

#[test]
fn a_stuck_disk_holds_nobody_up_and_the_ledger_counts_what_it_missed() {
    let (open, gate) = channel();
    let (ledger, told) = memory(Some(gate), 0);
    let noted = 3 * LEDGER_QUEUE_MAX as u64;
    for _ in 0..noted {
        ledger.note(&mailbox(), id(1), Step::Synced);
    }
    drop(open);
    while !ledger.flush() {}
    let (written, missing) = told.sums();
    assert!(missing > 0);
    assert_eq!(written + missing, noted);
}

#[test]
fn what_a_full_disk_refused_is_counted_once_it_has_room() {
    let (ledger, told) = memory(None, 1);
    ledger.note(&mailbox(), id(1), Step::Synced);
    while !ledger.flush() {}
    ledger.note(&mailbox(), id(1), Step::Synced);
    assert!(ledger.flush());
    assert_eq!(told.sums(), (1, 1));
}

#[test]
fn each_day_has_a_page_of_its_own_and_a_new_day_tidies_once() {
    let told = Told::default();
    let mut writer = Writer {
        lost: Arc::default(),
        pages: Memory {
            told: told.clone(),
            gate: None,
            refusals: 0,
        },
        today: "2026-11-25".parse().unwrap(),
        failing: false,
    };
    let (queue, items) = channel();
    let evening = at("2026-11-25T23:59:59.999Z");
    for moment in [evening, at("2026-11-26T00:00:00Z")] {
        let noted = entry(moment, id(1), Step::Synced);
        queue.send(Item::Note(Box::new(noted))).unwrap();
    }
    let first = Item::Note(Box::new(entry(evening, id(2), Step::Synced)));
    writer.write(first, &items);
    let pages = told.pages.lock().unwrap().clone();
    let counts: Vec<(String, usize)> = pages
        .iter()
        .map(|(day, text)| (day.to_string(), text.lines().count()))
        .collect();
    let expected = [("2026-11-25".to_owned(), 2), ("2026-11-26".to_owned(), 1)];
    assert_eq!(counts, expected);
    for _ in 0..2 {
        writer.tidy("2026-11-26".parse().unwrap());
    }
    assert_eq!(
        *told.tidied.lock().unwrap(),
        ["2026-11-26".parse().unwrap()]
    );
}
