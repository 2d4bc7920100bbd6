//! Sound as functions on slices: companding, wire audio, files, tones and their detection.
//!
//! Rank 1: no file, socket or clock. Specs: ITU-T G.711 (companding), Q.23 (DTMF tones).

pub mod band;
pub mod correlate;
pub mod decode;
pub mod flac;
pub mod g711;
pub mod goertzel;
pub mod greeting;
pub mod level;
#[cfg(feature = "opus")]
pub mod ogg_opus;
pub mod pcm;
pub mod prepare;
pub mod resample;
pub mod tone;
pub mod wav;
pub mod wire;

pub use g711::Law;
pub use pcm::Pcm;
pub use resample::ResampleFault;
pub use wire::{WIRE_RATE, WireAudio, duration_to_samples};
