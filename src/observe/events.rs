//! The call event log: what happened in each call, one JSON object a line.
//!
//! In: a [`CallEvent`] with its moment and call. Out: lines in a file, written by a thread of its
//! own. Laws: recording an event never waits for the disk; what does not fit the queue is counted,
//! and the count is written into the log as soon as there is room; a key pressed while keys are
//! secret is `x`.
//!
//! The log holds telephone numbers, on purpose: it is the operator's record of calls. It holds no
//! passcode and no audio. A line:
//! `{"at":"2026-11-23T09:30:00.125Z","call":"c7","event":"key","key":"3","state":"portal.main"}`

use crate::base::{CallId, Digit, MailboxId, MessageId, Timestamp};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Duration;

/// The most events that wait for the disk.
pub const QUEUE_MAX: usize = 4_096;

/// How long [`EventLog::flush`] waits at most.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// One thing that happened in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CallEvent {
    /// A call arrived and was routed.
    Call {
        /// The caller's number; empty when withheld or unknown.
        from: String,
        /// The number dialled.
        to: String,
        /// Where it was routed: `deposit`, `portal`, `lamp`, `operator`, `diagnostic`,
        /// `unknown number` or `loop`.
        route: &'static str,
        /// The mailbox it reaches.
        #[serde(skip_serializing_if = "Option::is_none")]
        mailbox: Option<String>,
        /// The Call-ID header, to find the call in the logs of other systems.
        call_id: String,
    },
    /// The call was answered.
    Answer {
        /// The agreed codec.
        codec: &'static str,
    },
    /// A key was pressed.
    Key {
        /// The key; `x` where it is secret.
        key: char,
        /// The state of the conversation in which it came, as `docs/flows` names it.
        state: &'static str,
    },
    /// Something is said to the caller.
    Prompt {
        /// The lines, by their catalogue keys or as text.
        lines: Vec<String>,
    },
    /// A recording moved on.
    Take {
        /// The message it becomes.
        message: String,
        /// What happened to it.
        step: TakeStep,
        /// How long it is, in milliseconds; 0 at its beginning.
        length_ms: u64,
    },
    /// A prompt set was changed by telephone, or was not.
    Prompts {
        /// The number dialled.
        number: String,
        /// The set.
        set: String,
        /// `replace`, `drop` or `roll back`.
        change: &'static str,
        /// The clip, where it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        clip: Option<String>,
        /// `done`, or why not.
        outcome: String,
    },
    /// Call forwarding was changed by telephone.
    Forwarding {
        /// Whose.
        mailbox: String,
        /// `always`, `busy`, `no answer` or `not reachable`.
        condition: &'static str,
        /// Whether it is on.
        on: bool,
        /// Where to.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// The call is over.
    End {
        /// Why, in a word or two.
        reason: String,
        /// From its answer (or arrival, where it was not answered) to its end, in milliseconds.
        duration_ms: u64,
    },
}

/// What happened to a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TakeStep {
    /// It began.
    Begin,
    /// It ended; what becomes of it is still open.
    End,
    /// It is a message now, safe on disk.
    Kept,
    /// It was dropped: erased by the caller, too short, or without speech.
    Dropped,
    /// It could not be kept.
    Lost,
}

impl CallEvent {
    /// A key in this state of the conversation; `None` where keys are secret.
    pub fn key(digit: Option<Digit>, state: &'static str) -> CallEvent {
        let key = digit.map_or('x', Digit::as_char);
        CallEvent::Key { key, state }
    }

    /// A step of a recording.
    pub fn take(message: MessageId, step: TakeStep, length: Duration) -> CallEvent {
        CallEvent::Take {
            message: message.to_string(),
            step,
            length_ms: length.as_millis() as u64,
        }
    }

    /// The mailbox of a call as the log shows it.
    pub fn mailbox(mailbox: &MailboxId) -> Option<String> {
        Some(mailbox.as_str().to_owned())
    }
}

/// The log; clones write to the same file.
#[derive(Clone, Debug)]
pub struct EventLog {
    queue: Option<SyncSender<Item>>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Item {
    Event(Timestamp, CallId, CallEvent),
    Flush(SyncSender<()>),
}

/// One line of the log.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(flatten)]
    what: &'a What<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Happened(&'a CallEvent),
    Lost { event: &'static str, count: u64 },
}

impl EventLog {
    /// A log that writes nothing.
    pub fn off() -> EventLog {
        EventLog {
            queue: None,
            lost: Arc::default(),
        }
    }

    /// A log that appends to a file (mode 0600 when new). Fails where it cannot be opened or the
    /// thread not started.
    pub fn open(file: &Path) -> io::Result<EventLog> {
        let opened = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(file)?;
        EventLog::to_writer(opened)
    }

    /// A log that writes to `out` from a thread of its own.
    pub fn to_writer(out: impl Write + Send + 'static) -> io::Result<EventLog> {
        let (queue, items) = sync_channel(QUEUE_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        std::thread::Builder::new()
            .name("event-log".into())
            .spawn(move || write_all(&items, &counter, out))?;
        Ok(EventLog {
            queue: Some(queue),
            lost,
        })
    }

    /// Records an event; returns at once, whatever the disk does.
    pub fn record(&self, at: Timestamp, call: CallId, event: CallEvent) {
        let Some(queue) = &self.queue else {
            return;
        };
        match queue.try_send(Item::Event(at, call, event)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until all that was recorded is written, two seconds at most; `false` where it is
    /// not. For the end of the server, never for a call.
    pub fn flush(&self) -> bool {
        let Some(queue) = &self.queue else {
            return true;
        };
        let (done, written) = sync_channel(1);
        queue.try_send(Item::Flush(done)).is_ok() && written.recv_timeout(FLUSH_MAX).is_ok()
    }
}

/// The writer thread: until every log handle is gone.
fn write_all(items: &Receiver<Item>, lost: &AtomicU64, out: impl Write) {
    let mut out = BufWriter::new(out);
    let mut failing = false;
    while let Ok(first) = items.recv() {
        let mut next = Ok(first);
        while let Ok(item) = next {
            let written = write_item(&mut out, item, lost);
            note_failure(written, &mut failing, lost);
            next = items.try_recv();
        }
        note_failure(out.flush(), &mut failing, lost);
        if matches!(next, Err(TryRecvError::Disconnected)) {
            break;
        }
    }
}

fn write_item(out: &mut impl Write, item: Item, lost: &AtomicU64) -> io::Result<()> {
    match item {
        Item::Event(at, call, event) => {
            write_lost(out, at, lost)?;
            write_line(out, at, Some(call), &What::Happened(&event))
        }
        Item::Flush(done) => {
            let flushed = write_lost(out, Timestamp::now(), lost).and_then(|()| out.flush());
            if flushed.is_ok() {
                // Whoever asked may have stopped waiting.
                let _ = done.try_send(());
            }
            flushed
        }
    }
}

/// Writes how many events are missing here, where any are.
fn write_lost(out: &mut impl Write, at: Timestamp, lost: &AtomicU64) -> io::Result<()> {
    let count = lost.swap(0, Ordering::Relaxed);
    if count == 0 {
        return Ok(());
    }
    let event = "lost";
    write_line(out, at, None, &What::Lost { event, count })
}

fn write_line(
    out: &mut impl Write,
    at: Timestamp,
    call: Option<CallId>,
    what: &What<'_>,
) -> io::Result<()> {
    let line = Line {
        at: format!("{at:.3}"),
        call: call.map(|call| call.to_string()),
        what,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// Counts an event that could not be written; the log says so once until writing works again.
fn note_failure(written: io::Result<()>, failing: &mut bool, lost: &AtomicU64) {
    match written {
        Ok(()) => *failing = false,
        Err(error) => {
            lost.fetch_add(1, Ordering::Relaxed);
            if !*failing {
                tracing::warn!(%error, "the call event log cannot be written");
            }
            *failing = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    /// A file in memory; each write first waits for the gate, where there is one.
    #[derive(Clone, Default)]
    struct Memory {
        text: Arc<Mutex<Vec<u8>>>,
        gate: Option<Arc<Mutex<Receiver<()>>>>,
    }

    impl Memory {
        fn lines(&self) -> Vec<Value> {
            let text = self.text.lock().unwrap().clone();
            let text = String::from_utf8(text).unwrap();
            text.lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }
    }

    impl Write for Memory {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            if let Some(gate) = &self.gate {
                // Closed gates open for good once their sender is gone.
                let _ = gate.lock().unwrap().recv();
            }
            self.text.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn at() -> Timestamp {
        "2026-11-23T09:30:00.125678Z".parse().unwrap()
    }

    #[test]
    fn one_event_is_one_line_with_its_moment_and_call() {
        let memory = Memory::default();
        let log = EventLog::to_writer(memory.clone()).unwrap();
        let take = MessageId("0192f3a4-0000-7000-8000-000000000001".parse().unwrap());
        let events = [
            CallEvent::Call {
                from: "+31612345678".into(),
                to: "2001".into(),
                route: "deposit",
                mailbox: Some("2001".into()),
                call_id: "a@b".into(),
            },
            CallEvent::key(Some(Digit::Pound), "portal.main"),
            CallEvent::key(None, "portal.passcode"),
            CallEvent::take(take, TakeStep::Kept, Duration::from_millis(2_500)),
        ];
        for event in events {
            log.record(at(), CallId(7), event);
        }
        assert!(log.flush());
        let stamp = "2026-11-23T09:30:00.125Z";
        assert_eq!(
            memory.lines(),
            [
                json!({"at": stamp, "call": "c7", "event": "call", "from": "+31612345678",
                    "to": "2001", "route": "deposit", "mailbox": "2001", "call_id": "a@b"}),
                json!({"at": stamp, "call": "c7", "event": "key", "key": "#",
                    "state": "portal.main"}),
                json!({"at": stamp, "call": "c7", "event": "key", "key": "x",
                    "state": "portal.passcode"}),
                json!({"at": stamp, "call": "c7", "event": "take", "step": "kept",
                    "message": "0192f3a4-0000-7000-8000-000000000001", "length_ms": 2500}),
            ]
        );
    }

    #[test]
    fn a_stuck_disk_holds_no_call_up_and_the_log_counts_what_it_missed() {
        let (open, gate) = channel();
        let memory = Memory {
            gate: Some(Arc::new(Mutex::new(gate))),
            ..Memory::default()
        };
        let log = EventLog::to_writer(memory.clone()).unwrap();
        let sent = 5 * QUEUE_MAX as u64;
        for _ in 0..sent {
            log.record(
                at(),
                CallId(1),
                CallEvent::key(Some(Digit::D1), "portal.main"),
            );
        }
        assert!(log.lost.load(Ordering::Relaxed) > 0);
        drop(open);
        while !log.flush() {}
        let lines = memory.lines();
        let lost: u64 = lines.iter().filter_map(|l| l["count"].as_u64()).sum();
        let written = lines.iter().filter(|l| l["event"] == "key").count() as u64;
        assert!(lost > 0);
        assert_eq!(lost + written, sent);
    }

    #[test]
    fn the_file_is_appended_to_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("events.jsonl");
        for _ in 0..2 {
            let log = EventLog::open(&file).unwrap();
            log.record(
                at(),
                CallId(1),
                CallEvent::key(Some(Digit::D1), "portal.main"),
            );
            assert!(log.flush());
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_is_off_takes_everything() {
        let log = EventLog::off();
        log.record(
            at(),
            CallId(1),
            CallEvent::key(Some(Digit::D1), "portal.main"),
        );
        assert!(log.flush());
    }
}
