//! The spool: takes on disk, commit, crash recovery and the outbox.
//!
//! In: envelopes, blocks of recorded octets, "keep" and "discard", and whole messages. Out:
//! reports, and messages that wait in the [outbox](Spool::outbox) for a courier.
//!
//! The promise: when [`Report::Kept`] said yes, the message survives `kill -9` and a power cut;
//! what was never kept is whole, cut off at its end, or absent, but never corrupt. The folder is
//! the truth; there is no database. The file of a take is a list of self-checking blocks; a WAV
//! header is made at delivery, so a cut file has no wrong length in it.
//!
//! One thread does all disk work behind a bounded queue ([`Intake`]); its machine, without a
//! thread or clock, is [`Recorder`]. What the disk itself must promise is in [`Disk`].
//!
//! Not here: delivering ([`deliver`](crate::deliver)) and the mail ([`mime`](crate::mime)).

mod block;
mod dead;
mod disk;
mod files;
mod intake;
mod layout;
mod note;
mod operator;
mod outbox;
mod recorder;
mod recovery;
mod scratch;
mod stored;
#[cfg(test)]
mod tests;

pub use disk::{Disk, RealDisk};
pub use intake::{Intake, REQUESTS_MAX, Refused, Report, Request, TakeFault};
pub use operator::{SpoolEntry, SpoolState, drop_message, list, retry};
pub use outbox::OUTBOX_MAX;
pub use recorder::{MEASURE_EVERY, Recorder, SETTLE, SYNC_EVERY};
pub use recovery::Recovered;
pub use scratch::{SCRATCH_OCTETS, SCRATCH_USUAL};

use crate::audio::{Law, WireAudio};
use crate::base::{MessageId, Mono};
use crate::mailbox::{Ending, Envelope, Facts, Outbox};
use crate::media::RecordEnd;
use intake::Shared;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How the spool is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolConfig {
    /// The spool folder; made where it is missing.
    pub folder: PathBuf,
    /// When new recordings are admitted.
    pub rules: Rules,
    /// The most recorded blocks, of about 8,000 octets each, that wait in memory for the disk.
    pub blocks_max: usize,
}

/// When new recordings are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Octets of the disk that must stay free beside what open recordings may still need.
    pub reserve: u64,
    /// The longest recording.
    pub longest: Duration,
}

/// Why a spool cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// Another server has it.
    #[error("the spool folder {0} is in use by another server")]
    InUse(PathBuf),
    /// The disk refused.
    #[error("cannot open the spool folder {0}: {1}")]
    Disk(PathBuf, io::Error),
    /// The system gave no thread.
    #[error("cannot start the disk thread: {0}")]
    Thread(io::Error),
}

/// A running spool. Dropping it brings open takes to disk and ends its thread.
pub struct Spool {
    intake: Intake,
    outbox: Arc<dyn Outbox>,
    recovered: Recovered,
    thread: Option<JoinHandle<()>>,
}

impl Spool {
    /// Opens the spool, recovers what a dead server left, and starts the disk thread. Reports
    /// are handed to `report` on that thread: it must not block.
    pub fn open(
        config: &SpoolConfig,
        report: impl FnMut(Report) + Send + 'static,
    ) -> Result<Spool, OpenFault> {
        let start = Instant::now();
        let (recorder, recovered) =
            Recorder::open(Arc::new(RealDisk), &config.folder, config.rules, Mono::ZERO)?;
        let outbox = recorder.outbox();
        let shared = Arc::new(Shared::new(config.blocks_max));
        shared.admits.store(recorder.admits(), Ordering::Relaxed);
        let (sender, queue) = channel();
        let intake = Intake::new(sender, Arc::clone(&shared));
        let mut disk_thread = DiskThread {
            start,
            recorder,
            queue,
            shared,
            report,
        };
        let thread = thread::Builder::new()
            .name("spool".into())
            .spawn(move || disk_thread.run())
            .map_err(OpenFault::Thread)?;
        Ok(Spool {
            intake,
            outbox,
            recovered,
            thread: Some(thread),
        })
    }

    /// What was found at the start.
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// The messages that wait for delivery.
    pub fn outbox(&self) -> Arc<dyn Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Where media sessions hand in what they record; one for each media thread.
    pub fn intake(&self) -> Intake {
        self.intake.clone()
    }

    /// Whether a new recording may begin. Ask before the caller is told to speak.
    pub fn admit(&self) -> bool {
        self.intake.admits()
    }

    /// Starts a take; answered by [`Report::Begun`].
    pub fn begin(&self, take: MessageId, envelope: Envelope) -> Result<(), Refused> {
        let envelope = Box::new(envelope);
        self.intake.ask(Request::Begin { take, envelope })
    }

    /// Starts a take that is no message and stays in memory, to be loaded and discarded; answered
    /// by [`Report::Begun`].
    pub fn begin_scratch(&self, take: MessageId, law: Law) -> Result<(), Refused> {
        self.intake.ask(Request::BeginScratch { take, law })
    }

    /// Makes a take a message; answered by [`Report::Kept`]. Every block must have been handed
    /// to an [`Intake`] before.
    pub fn commit(&self, take: MessageId, facts: Facts) -> Result<(), Refused> {
        self.intake.ask(Request::Commit { take, facts })
    }

    /// Makes a message of sound that is there already; answered by [`Report::Kept`].
    pub fn deposit(
        &self,
        message: MessageId,
        envelope: Envelope,
        sounds: Vec<WireAudio>,
        facts: Facts,
    ) -> Result<(), Refused> {
        self.intake.ask(Request::Deposit {
            message,
            envelope: Box::new(envelope),
            sounds,
            facts,
        })
    }

    /// Forgets a take; answered by [`Report::Discarded`].
    pub fn discard(&self, take: MessageId) -> Result<(), Refused> {
        self.intake.ask(Request::Discard { take })
    }

    /// Reads a take back; answered by [`Report::Loaded`].
    pub fn load(&self, take: MessageId) -> Result<(), Refused> {
        self.intake.ask(Request::Load { take })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A full queue empties; a thread that ended takes nothing more.
        while self.intake.ask(Request::Stop).is_err() && !thread.is_finished() {
            thread::yield_now();
        }
        if thread.join().is_err() {
            tracing::error!("the disk thread ended by a bug");
        }
    }
}

impl From<RecordEnd> for Ending {
    fn from(end: RecordEnd) -> Ending {
        match end {
            RecordEnd::Stopped => Ending::Stopped,
            RecordEnd::TooLong => Ending::TooLong,
            RecordEnd::Silence => Ending::Silence,
            RecordEnd::CutOff => Ending::CutOff,
        }
    }
}

/// Everything in a spool folder of this machine; see [`list`].
pub fn list_folder(folder: &Path) -> io::Result<Vec<SpoolEntry>> {
    list(&RealDisk, folder)
}

/// Queues a dead letter of a spool folder of this machine again; see [`retry`].
pub fn retry_in_folder(folder: &Path, id: MessageId) -> io::Result<bool> {
    retry(&RealDisk, folder, id)
}

/// Removes a message of a spool folder of this machine for good; see [`drop_message`].
pub fn drop_in_folder(folder: &Path, id: MessageId) -> io::Result<bool> {
    drop_message(&RealDisk, folder, id)
}

/// Runs a recorder on real time.
struct DiskThread<R> {
    start: Instant,
    recorder: Recorder<RealDisk>,
    queue: Receiver<Request>,
    shared: Arc<Shared>,
    report: R,
}

impl<R: FnMut(Report)> DiskThread<R> {
    fn run(&mut self) {
        loop {
            let patience = self.recorder.poll_timeout() - self.now();
            let stopped = match self.queue.recv_timeout(patience) {
                Ok(request) => self.handle(request),
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => {
                    let now = self.now();
                    self.recorder.handle(Request::Stop, now);
                    true
                }
            };
            let now = self.now();
            if self.recorder.poll_timeout() <= now {
                self.recorder.handle_timeout(now);
            }
            self.tell();
            if stopped {
                return;
            }
        }
    }

    /// Hands one request on; whether it was the last.
    fn handle(&mut self, request: Request) -> bool {
        let stop = matches!(request, Request::Stop);
        let waiting = match request {
            Request::Block { .. } => &self.shared.blocks,
            Request::Begin { .. }
            | Request::BeginScratch { .. }
            | Request::Commit { .. }
            | Request::Deposit { .. }
            | Request::Discard { .. }
            | Request::Load { .. }
            | Request::Stop => &self.shared.requests,
        };
        waiting.fetch_sub(1, Ordering::Relaxed);
        let now = self.now();
        self.recorder.handle(request, now);
        stop
    }

    fn tell(&mut self) {
        let admits = self.recorder.admits();
        self.shared.admits.store(admits, Ordering::Relaxed);
        self.recorder
            .spare_buffers()
            .for_each(|buffer| self.shared.recycle(buffer));
        while let Some(report) = self.recorder.poll_report() {
            (self.report)(report);
        }
    }

    fn now(&self) -> Mono {
        Mono::since_start(self.start.elapsed())
    }
}
