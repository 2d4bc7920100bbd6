//! Sounds that tests of several modules try their rules on: every clip that ships, and speech.

use super::decode::decode;
use super::resample::Resampler;
use super::{WIRE_RATE, WireAudio, wav};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// The rate of clips in files, in samples a second.
const CLIP_RATE: u32 = 16_000;
const LONGEST: Duration = Duration::from_secs(60);

/// Every clip that ships, with its path, as it goes on the wire.
pub(crate) fn clips() -> &'static [(String, WireAudio)] {
    static CLIPS: OnceLock<Vec<(String, WireAudio)>> = OnceLock::new();
    CLIPS.get_or_init(|| {
        let mut rate = Resampler::new(CLIP_RATE, WIRE_RATE).unwrap();
        let mut clip = |path: PathBuf| {
            let pcm = decode(&std::fs::read(&path).unwrap(), LONGEST).unwrap();
            let sound = WireAudio::from_samples(&rate.run(&pcm.samples).unwrap());
            (path.display().to_string(), sound)
        };
        let clips: Vec<_> = ["en", "nl"]
            .into_iter()
            .flat_map(paths)
            .map(&mut clip)
            .collect();
        assert!(clips.len() > 600, "{} clips", clips.len());
        clips
    })
}

/// A quarter of a minute of English, read aloud, at [`WIRE_RATE`].
pub(crate) fn speech() -> Vec<i16> {
    let file = include_bytes!("../../media-fixtures/audio/speech-en.wav");
    wav::read(file).unwrap().at_rate(WIRE_RATE).unwrap().samples
}

fn paths(language: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::fs::read_dir(root.join("prompts").join(language).join("clips")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|p| p.extension().is_some_and(|e| e == "flac"))
        .collect();
    paths.sort();
    paths
}
