//! What a subscriber recorded for callers, made fit to be played to them.
//!
//! In: a recording from the telephone line. Out: the same for use, or why it will not do.

use super::level::rms_dbfs;
use super::wire::{WIRE_RATE, WireAudio};

/// A recording whose loudest tenth of a second is below this is too quiet, in dBFS.
const QUIET_DB: f64 = -50.0;

/// Why a recording will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GreetingFault {
    /// There is nothing in it, or too little.
    #[error("the recording is empty or too quiet")]
    TooQuiet,
}

/// Makes a recording fit to be played to callers.
pub fn prepare(sound: &WireAudio) -> Result<WireAudio, GreetingFault> {
    let samples = sound.samples();
    let mut windows = samples.chunks(WIRE_RATE as usize / 10);
    if windows.any(|window| rms_dbfs(window) >= QUIET_DB) {
        Ok(sound.clone())
    } else {
        Err(GreetingFault::TooQuiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone::pair;
    use std::time::Duration;

    #[test]
    fn silence_is_no_greeting() {
        let tone = |db| {
            let pcm = pair((500.0, 700.0), db, Duration::from_secs(1), WIRE_RATE);
            WireAudio::from_samples(&pcm.samples)
        };
        assert!(prepare(&tone(-30.0)).is_ok());
        assert_eq!(prepare(&tone(-70.0)), Err(GreetingFault::TooQuiet));
        let nothing = WireAudio::from_samples(&[]);
        assert_eq!(prepare(&nothing), Err(GreetingFault::TooQuiet));
    }
}
