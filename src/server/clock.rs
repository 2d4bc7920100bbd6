//! The clocks of this machine, read in one place.

use crate::base::{Mono, Now, Timestamp};
use std::time::Instant;

/// Reads both clocks. The monotonic one counts from the clock's making.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        Now {
            mono: Mono::since_start(self.start.elapsed()),
            wall: Timestamp::now(),
        }
    }

    /// The moment a deadline stands for, to sleep until.
    pub fn instant(&self, deadline: Mono) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.start + deadline.elapsed())
    }
}
