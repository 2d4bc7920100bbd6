//! The words between a media session and whoever drives it: commands in, events and takes out.
//!
//! Plain values; [`TakeSink`] is the one seam, through which recorded octets leave.

use crate::audio::{Law, WireAudio};
use crate::base::{Digit, MessageId, PlayId};
use std::time::Duration;

pub use crate::sdp::Remote;

/// What a media session is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play these pieces one after the other; replaces what played before.
    Play {
        /// Comes back in [`Event::PlayDone`] or [`Event::Stopped`].
        id: PlayId,
        /// What to play, in order.
        items: Vec<PlayItem>,
        /// Where to begin, from the start of the whole list on. At its end or beyond, the list is
        /// done at once.
        from: Duration,
    },
    /// Stop playing: `Stopped` follows in place of `PlayDone`.
    StopPlay,
    /// Move within what plays now (the whole list counts as one stretch of time).
    Seek(Seek),
    /// Play at this speed from now on, whatever plays.
    Speed(Speed),
    /// Hold the play position and send silence.
    Pause,
    /// Play on from where `Pause` held.
    Resume,
    /// Record what is heard from now on, until a limit or [`Command::StopRecord`].
    Record {
        /// Names the recording in every later word about it.
        take: MessageId,
        /// The law the take is kept in; what arrives in the other one is converted.
        law: Law,
        /// When to stop by itself.
        limits: RecordLimits,
    },
    /// End the recording; [`Event::Recorded`] follows.
    StopRecord,
    /// Send these keys as RFC 4733 telephone events, one after the other.
    SendKeys(Vec<Digit>),
    /// Send back all audio heard (a diagnostic).
    Echo(bool),
    /// The peer's address, codec or direction changed (re-INVITE, UPDATE).
    Remote(Remote),
}

/// One piece of a play list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayItem {
    /// Encoded audio.
    Audio(WireAudio),
    /// Silence.
    Silence(Duration),
    /// Audio that starts anew at its end, until stopped.
    Loop(WireAudio),
}

/// How fast a play list plays; the pitch stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Speed {
    /// Three quarters.
    Slow,
    /// As it was recorded.
    #[default]
    Normal,
    /// One and a quarter.
    Brisk,
    /// One and a half.
    Fast,
    /// Twice.
    Double,
}

impl Speed {
    /// The next slower one; the slowest itself.
    #[must_use]
    pub fn slower(self) -> Speed {
        match self {
            Speed::Slow | Speed::Normal => Speed::Slow,
            Speed::Brisk => Speed::Normal,
            Speed::Fast => Speed::Brisk,
            Speed::Double => Speed::Fast,
        }
    }

    /// The next faster one; the fastest itself.
    #[must_use]
    pub fn faster(self) -> Speed {
        match self {
            Speed::Slow => Speed::Normal,
            Speed::Normal => Speed::Brisk,
            Speed::Brisk => Speed::Fast,
            Speed::Fast | Speed::Double => Speed::Double,
        }
    }
}

/// A move within the play list; clamped to its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// To the first sample.
    Start,
    /// To the end: `PlayDone` follows.
    End,
    /// This many milliseconds forward (positive) or back.
    By(i64),
}

/// The bounds of one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLimits {
    /// The longest recording.
    pub max: Duration,
    /// Stop after this much without speech on end: silence, or the tones of a line or its keys.
    /// `None` never does.
    pub silence: Option<Duration>,
}

/// What a media session reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A key was recognised; once per press.
    Digit(Digit),
    /// A play list came to its end by itself or by [`Seek::End`].
    PlayDone(PlayId),
    /// A play list was stopped or replaced, or the session closed, before its end: where it stood,
    /// from the start of the whole list on. Played from there it goes on without a gap.
    Stopped(PlayId, Duration),
    /// A recording ended; every block of it was handed out before this.
    Recorded(Recorded),
    /// Nothing was received for the time-out although the peer should send.
    Silent(Duration),
    /// The keys of [`Command::SendKeys`] have all been sent.
    KeysSent,
    /// The session ended by a fault of ours; a running recording was ended and reported before
    /// this, and nothing follows.
    Broken,
}

/// How a recording went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which one.
    pub take: MessageId,
    /// Why it ended.
    pub end: RecordEnd,
    /// Its length on the RTP timeline.
    pub length: Duration,
    /// How much of it was speech: louder than silence, and no tone of a line or a key.
    pub voiced: Duration,
    /// Where the last speech ended, from the start of the recording on; zero where there was none.
    pub spoken: Duration,
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordEnd {
    /// By [`Command::StopRecord`], or because the session closed.
    Stopped,
    /// [`RecordLimits::max`] was reached.
    TooLong,
    /// [`RecordLimits::silence`] was reached.
    Silence,
    /// The disk takes no more of it.
    CutOff,
}

/// Where a session hands the octets it records: a bounded queue to a disk thread.
pub trait TakeSink {
    /// An empty buffer to fill, recycled where possible so that recording allocates nothing in
    /// steady state.
    fn buffer(&mut self) -> Vec<u8>;

    /// Takes about a second of octets, in the take's law, gapless from its first sample on.
    /// `Err` means the disk is behind by more than the queue holds: the recording must end.
    fn append(&mut self, take: MessageId, octets: Vec<u8>) -> Result<(), TakeSinkFull>;
}

/// The queue to the disk thread is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the disk is behind: the queue of recorded blocks is full")]
pub struct TakeSinkFull;
