//! What the diagnostic numbers sound like: fixed patterns for line checks and measurements.

use crate::audio::{WIRE_RATE, WireAudio};
use crate::base::Digit;
use crate::prompt::{Line, Phrase};
use std::time::Duration;

/// One round of the endless announcement.
pub(super) fn announcement() -> Vec<Phrase> {
    vec![
        Phrase::Line(Line::PortalWelcome),
        Phrase::Pause(Duration::from_millis(500)),
        Phrase::Line(Line::LeaveMessage),
        Phrase::Pause(Duration::from_millis(500)),
    ]
}

/// The frequency that answers a key, in Hz: 400 for key 0, 100 more for each RFC 4733 event code.
pub fn key_frequency(digit: Digit) -> u32 {
    400 + 100 * u32::from(digit.event())
}

/// One second of the tone that answers a key; a whole number of periods, so that it loops
/// without a click.
pub(super) fn key_tone(digit: Digit) -> WireAudio {
    let step = std::f64::consts::TAU * f64::from(key_frequency(digit)) / f64::from(WIRE_RATE);
    let sample = |n: u32| ((f64::from(n) * step).sin() * 8_000.0) as i16;
    WireAudio::from_samples(&(0..WIRE_RATE).map(sample).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_is_announced_is_among_the_sentences_of_a_prompt_set() {
        let places = crate::flow::sentences(&crate::flow::Menus::default());
        let place = places.iter().find(|place| place.name == "diagnostics");
        let said = announcement()
            .into_iter()
            .filter_map(|phrase| match phrase {
                Phrase::Line(line) => Some(vec![crate::prompt::Part::Line(line)]),
                _ => None,
            });
        assert_eq!(place.unwrap().sentences, said.collect::<Vec<_>>());
    }

    #[test]
    fn every_key_has_a_tone_of_its_own_below_the_edge_of_the_band() {
        let tones: HashSet<_> = Digit::ALL.into_iter().map(key_frequency).collect();
        assert_eq!(tones.len(), Digit::ALL.len());
        assert!(tones.iter().all(|f| *f < 3_400));
        assert_eq!(key_tone(Digit::D0).len(), 8_000);
    }
}
