//! How much and how long: every bound of the web server in one place.
//!
//! In: nothing. Out: [`Limits::USUAL`], and the pace an upload has to keep as a pure function. What
//! an operator chooses (the most octets of an upload, the most uploads at a time) is in the
//! configuration.

use std::time::{Duration, Instant};

/// The most jobs that wait for the one that works, those that are still received included.
pub(super) const QUEUE_MAX: usize = 8;

/// The most jobs that are remembered.
pub(super) const JOBS_MAX: usize = 100;

/// How long a job that ended is remembered.
pub(super) const JOBS_KEPT: Duration = Duration::from_hours(1);

/// The most questions to the studio at a time; they read and decode.
pub(super) const QUESTIONS_MAX: usize = 4;

/// The longest a question waits for its turn.
pub(super) const TURN: Duration = Duration::from_secs(20);

/// The most octets of one recording. Two minutes of 48 kHz stereo in 24 bits are 35 MB, as FLAC
/// half of it.
pub(super) const RECORDING_MAX: u64 = 32 * 1_024 * 1_024;

/// The most octets of a JSON body.
pub(super) const JSON_MAX: usize = 16_384;

/// The most characters of a note.
pub(super) const NOTE_MAX: usize = 200;

/// The most characters of a file name.
pub(super) const FILE_NAME_MAX: usize = 80;

/// The longest the end of the server waits for answers on their way, then for the job at work.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);

/// What connections and uploads are held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The most connections at a time.
    pub(super) connections: usize,
    /// The longest from the first octet of a request to the end of its head.
    pub(super) head: Duration,
    /// The longest a connection may be silent between requests, and an answer may stand still.
    pub(super) silence: Duration,
    /// The longest an upload may stand still.
    pub(super) idle: Duration,
    /// How long an upload may take before its pace counts.
    pub(super) grace: Duration,
    /// The fewest octets a second of an upload after that.
    pub(super) pace: u64,
    /// The longest a JSON body may take.
    pub(super) json: Duration,
}

impl Limits {
    /// What holds in service.
    pub(super) const USUAL: Limits = Limits {
        connections: 128,
        head: Duration::from_secs(10),
        silence: Duration::from_secs(30),
        idle: Duration::from_secs(30),
        grace: Duration::from_secs(60),
        pace: 4_096,
        json: Duration::from_secs(10),
    };

    /// When an upload is given up that began then and has brought this much, its last octets now.
    pub(super) fn upload_deadline(&self, begin: Instant, received: u64, now: Instant) -> Instant {
        let earned = Duration::from_secs(received / self.pace.max(1));
        (begin + self.grace + earned).min(now + self.idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_may_be_slow_but_neither_stop_nor_drip() {
        let (limits, begin) = (Limits::USUAL, Instant::now());
        assert_eq!(
            limits.upload_deadline(begin, 0, begin),
            begin + limits.idle,
            "nothing comes"
        );
        let late = begin + Duration::from_secs(59);
        assert_eq!(
            limits.upload_deadline(begin, 59, late),
            begin + limits.grace,
            "an octet a second"
        );
        let hour = Duration::from_hours(1);
        let received = 8_192 * hour.as_secs();
        assert!(
            limits.upload_deadline(begin, received, begin + hour) > begin + hour,
            "64 kbit/s"
        );
    }
}
