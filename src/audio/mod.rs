//! Sound as functions on slices: companding, wire audio, files, tones and their detection.
//!
//! Rank 1: no file, socket or clock. Specs: ITU-T G.711 (companding), Q.23 (DTMF tones), Q.24
//! (their recognition).

pub mod band;
pub mod correlate;
pub mod decode;
pub mod flac;
pub mod g711;
pub mod goertzel;
pub mod greeting;
pub mod key_tone;
pub mod level;
#[cfg(feature = "opus")]
pub mod ogg_opus;
pub mod pcm;
pub mod prepare;
pub mod resample;
pub mod speech;
pub mod steady_tone;
#[cfg(test)]
pub(crate) mod tests;
pub mod tone;
pub mod wav;
pub mod wire;

pub use g711::Law;
pub use pcm::Pcm;
pub use resample::ResampleFault;
pub use wire::{WIRE_RATE, WireAudio, duration_to_samples};
