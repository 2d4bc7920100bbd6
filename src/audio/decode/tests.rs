//! Every format against one tone, and files that are broken in every way.

use super::*;
use crate::audio::{goertzel, level, tone};

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_wav_clip_decodes_to_its_samples() {
    let beep = tone::beep(16_000);
    assert_eq!(decode(&wav::write_pcm16(&beep), MINUTE), Ok(beep));
}

#[test]
fn a_clip_longer_than_allowed_is_refused() {
    let file = wav::write_pcm16(&Pcm::silence(8_000, Duration::from_secs(3)));
    let max = Duration::from_secs(2);
    assert_eq!(decode(&file, max), Err(DecodeFault::TooLong(max)));
}

#[test]
fn other_files_are_refused() {
    assert_eq!(decode(b"MThd", MINUTE), Err(DecodeFault::UnknownFormat));
    assert_eq!(decode(b"", MINUTE), Err(DecodeFault::UnknownFormat));
    assert!(decode(b"fLaC", MINUTE).is_err());
}

#[test]
fn a_flac_clip_decodes_to_all_its_samples() {
    let file = include_bytes!("../../../prompts/en/clips/goodbye.flac");
    let clip = decode(file, MINUTE).unwrap();
    // STREAMINFO: the number of samples is in the low 36 bits of octets 18-25.
    let told = u32::from_be_bytes([file[22], file[23], file[24], file[25]]);
    assert_eq!((clip.rate, clip.samples.len()), (16_000, told as usize));
    assert!(level::rms_dbfs(&clip.samples) > -30.0);
}

#[test]
fn broken_clips_are_refused_and_never_panic() {
    let broken: [(&str, &[u8]); 11] = [
        (
            "truncated.wav",
            include_bytes!("../../../media-fixtures/audio/broken/truncated.wav"),
        ),
        (
            "empty.wav",
            include_bytes!("../../../media-fixtures/audio/broken/empty.wav"),
        ),
        (
            "wrong-magic.wav",
            include_bytes!("../../../media-fixtures/audio/broken/wrong-magic.wav"),
        ),
        (
            "no-channels.wav",
            include_bytes!("../../../media-fixtures/audio/broken/no-channels.wav"),
        ),
        (
            "rate-zero.wav",
            include_bytes!("../../../media-fixtures/audio/broken/rate-zero.wav"),
        ),
        (
            "huge-length.wav",
            include_bytes!("../../../media-fixtures/audio/broken/huge-length.wav"),
        ),
        (
            "unknown-codec.wav",
            include_bytes!("../../../media-fixtures/audio/broken/unknown-codec.wav"),
        ),
        (
            "truncated.flac",
            include_bytes!("../../../media-fixtures/audio/broken/truncated.flac"),
        ),
        (
            "header-only.flac",
            include_bytes!("../../../media-fixtures/audio/broken/header-only.flac"),
        ),
        (
            "damaged.flac",
            include_bytes!("../../../media-fixtures/audio/broken/damaged.flac"),
        ),
        (
            "text.flac",
            include_bytes!("../../../media-fixtures/audio/broken/text.flac"),
        ),
    ];
    for (name, file) in broken {
        assert!(decode(file, MINUTE).is_err(), "{name}");
    }
}

#[test]
fn a_wideband_stereo_file_reads_as_its_tone() {
    let file = include_bytes!("../../../media-fixtures/audio/tone-1000.wav");
    let tone = decode(file, MINUTE).unwrap().at_rate(8_000).unwrap();
    assert_eq!(tone.samples.len(), 2_000);
    let amplitude = goertzel::amplitude(&tone.samples[200..1_800], 8_000, 1_000.0);
    assert!((amplitude - 0.5).abs() < 0.01, "{amplitude}");
}

const SOUNDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/media-fixtures/sound");

/// Every fixture that this build reads, by name.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(SOUNDS)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .filter(|(name, _)| {
            let opus = name.contains("opus") && !cfg!(feature = "opus");
            !opus && name != "README.md"
        })
        .collect();
    files.sort();
    files
}

/// The length a fixture has, in ms, and how much an encoder may add to it that tells nobody.
fn length(name: &str) -> (u128, u128) {
    match name {
        "wav-24000-six-channels.wav" => (60, 0),
        "flac-48000-stereo-24.flac" => (150, 0),
        "wav-11025-s24.wav"
        | "wav-8000-s32.wav"
        | "wav-8000-float.wav"
        | "wav-8000-mulaw-stereo.wav" => (500, 0),
        "mp3-22050-untagged.mp3" => (1_500, 120),
        "aac-44100.aac" | "aac-48000-stereo.m4a" => (1_500, 50),
        "aac-16000-faststart.m4a" => (1_500, 140),
        "opus-48000.opus" => (1_500, 20),
        _ => (1_500, 0),
    }
}

#[test]
fn every_format_is_heard_as_its_tone_as_long_and_as_loud_as_it_was() {
    let files = fixtures();
    assert!(files.len() >= 17);
    for (name, file) in files {
        let sound = decode_at(&file, MINUTE, 16_000).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(
            (sound.pcm.rate, sound.clipped),
            (16_000, Duration::ZERO),
            "{name}"
        );
        let (ms, more) = length(&name);
        let heard = sound.pcm.duration().as_millis();
        assert!(
            (ms.saturating_sub(1)..=ms + more).contains(&heard),
            "{name}: {heard} ms"
        );
        let samples = &sound.pcm.samples;
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let amplitude = goertzel::amplitude(middle, 16_000, 1_000.0);
        assert!((amplitude - 0.25).abs() < 0.016, "{name}: {amplitude}");
        let rest = level::rms(middle).powi(2) - amplitude.powi(2) / 2.0;
        // Opus keeps how speech sounds rather than its wave: a pure tone comes back with more
        // beside it.
        let allowed = if name.contains("opus") {
            0.000_4
        } else {
            0.000_2
        };
        assert!(rest < allowed, "{name}: {rest} beside the tone");
    }
}

#[test]
fn a_name_decides_on_nothing() {
    let mp3 = std::fs::read(format!("{SOUNDS}/mp3-44100-stereo.mp3")).unwrap();
    assert!(is_known(&mp3));
    let (format, start) = format::recognise(&mp3).unwrap();
    assert!(format == Format::Mp3 && start > 0, "{format:?} {start}");
    assert!(!is_known(b"\x89PNG\r\n\x1a\n and so on"));
}

#[test]
fn files_of_one_piece_that_are_cut_off_are_refused() {
    for (name, file) in fixtures() {
        // A stream of frames has no end that could be missing.
        if name == "aac-44100.aac" || name.contains("untagged") || file.starts_with(b"OggS") {
            continue;
        }
        let cut = decode(&file[..file.len() / 2], MINUTE);
        assert!(cut.is_err(), "{name}: {cut:?}");
    }
}

#[test]
fn a_file_longer_than_asked_is_refused_in_every_format() {
    for (name, file) in fixtures() {
        let max = Duration::from_millis(40);
        let decoded = decode(&file, max);
        assert_eq!(decoded, Err(DecodeFault::TooLong(max)), "{name}");
    }
}
