//! The near side of the disk thread: its queue, the words on it, and the sink media write to.
//!
//! Control words are few (a handful a call) and never dropped once taken; audio blocks are many
//! and refused when the disk is behind by more than the queue holds.

use crate::audio::{Law, WireAudio};
use crate::base::MessageId;
use crate::mailbox::{Envelope, Facts};
use crate::media::{TakeSink, TakeSinkFull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

/// What is asked of the disk thread.
#[derive(Debug)]
pub enum Request {
    /// Start a take: its envelope goes to disk before anything else.
    Begin {
        /// The take.
        take: MessageId,
        /// What is known of it.
        envelope: Box<Envelope>,
    },
    /// Start a take that is no message and stays in memory.
    BeginScratch {
        /// The take.
        take: MessageId,
        /// The law of its octets.
        law: Law,
    },
    /// Octets of a take, in the law of its envelope, gapless.
    Block {
        /// The take.
        take: MessageId,
        /// About a second of octets.
        octets: Vec<u8>,
    },
    /// Make the take a message.
    Commit {
        /// The take.
        take: MessageId,
        /// How it went.
        facts: Facts,
    },
    /// Make a message of sound that is there already: whole, or not at all. Answered by
    /// [`Report::Kept`].
    Deposit {
        /// The message.
        message: MessageId,
        /// What is known of it.
        envelope: Box<Envelope>,
        /// Its sound, one piece after the other.
        sounds: Vec<WireAudio>,
        /// How long it is, and how it was marked.
        facts: Facts,
    },
    /// Forget the take.
    Discard {
        /// The take.
        take: MessageId,
    },
    /// Read the take back, to be heard before it is kept.
    Load {
        /// The take.
        take: MessageId,
    },
    /// End the thread; open takes stay for the next start.
    Stop,
}

/// What the disk thread answers; one for each request but `Block` and `Stop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The envelope is on disk (or not): recording may begin.
    Begun {
        /// The take.
        take: MessageId,
        /// Whether it stands.
        outcome: Result<(), TakeFault>,
    },
    /// The take is a message that survives a power cut, or it could not be made one.
    Kept {
        /// The take.
        take: MessageId,
        /// Whether it is kept.
        outcome: Result<(), TakeFault>,
    },
    /// The take is gone for good.
    Discarded {
        /// The take.
        take: MessageId,
    },
    /// The audio of a take, to be heard by its caller.
    Loaded {
        /// The take.
        take: MessageId,
        /// The audio so far.
        outcome: Result<WireAudio, TakeFault>,
    },
    /// Unasked: the disk refused a block, so the recording should end now. What came before it
    /// can still be kept.
    Broken {
        /// The take.
        take: MessageId,
    },
}

/// Why the spool could not do what it was asked with a take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TakeFault {
    /// No take of that name is open.
    #[error("there is no such take")]
    Unknown,
    /// The disk refused.
    #[error("the disk refused")]
    Disk,
    /// Its blocks do not check.
    #[error("the take is damaged")]
    Damaged,
    /// As many takes as may be are being tried out.
    #[error("too many recordings are being tried out")]
    TooMany,
}

/// The queue to the disk thread is full or the thread has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the spool takes no more requests")]
pub struct Refused;

/// The most control words that wait for the disk thread.
pub const REQUESTS_MAX: usize = 16_384;

/// The most spare buffers kept for re-use, 8 MiB of a second each.
const SPARE_MAX: usize = 1_024;

/// Room of a new buffer: a second of G.711.
const BUFFER: usize = 8_000;

/// The queue as both sides see it.
#[derive(Debug)]
pub(super) struct Shared {
    /// Blocks queued.
    pub(super) blocks: AtomicUsize,
    /// Control words queued.
    pub(super) requests: AtomicUsize,
    /// Whether new recordings are admitted.
    pub(super) admits: AtomicBool,
    /// The most blocks that may wait.
    blocks_max: usize,
    spare: Mutex<Vec<Vec<u8>>>,
}

impl Shared {
    pub(super) fn new(blocks_max: usize) -> Shared {
        Shared {
            blocks: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            admits: AtomicBool::new(false),
            blocks_max,
            spare: Mutex::default(),
        }
    }

    /// Takes a buffer back for re-use.
    pub(super) fn recycle(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_MAX && buffer.capacity() >= BUFFER {
            buffer.clear();
            spare.push(buffer);
        }
    }

    fn buffer(&self) -> Vec<u8> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        spare.pop().unwrap_or_else(|| Vec::with_capacity(BUFFER))
    }
}

/// Where media sessions hand in what they record. Clone one for each media thread.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: Sender<Request>,
    shared: Arc<Shared>,
}

impl Intake {
    pub(super) fn new(queue: Sender<Request>, shared: Arc<Shared>) -> Intake {
        Intake { queue, shared }
    }

    /// Whether a new recording may begin: the disk has room for it beyond the reserve.
    pub(super) fn admits(&self) -> bool {
        self.shared.admits.load(Ordering::Relaxed)
    }

    /// Queues a control word.
    pub(super) fn ask(&self, request: Request) -> Result<(), Refused> {
        if self.shared.requests.fetch_add(1, Ordering::Relaxed) >= REQUESTS_MAX {
            self.shared.requests.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused);
        }
        self.queue.send(request).map_err(|_| Refused)
    }
}

impl TakeSink for Intake {
    fn buffer(&mut self) -> Vec<u8> {
        self.shared.buffer()
    }

    fn append(&mut self, take: MessageId, octets: Vec<u8>) -> Result<(), TakeSinkFull> {
        if self.shared.blocks.fetch_add(1, Ordering::Relaxed) >= self.shared.blocks_max {
            self.shared.blocks.fetch_sub(1, Ordering::Relaxed);
            return Err(TakeSinkFull);
        }
        let request = Request::Block { take, octets };
        self.queue.send(request).map_err(|_| TakeSinkFull)
    }
}
