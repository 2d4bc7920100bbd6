//! Sound files of strangers, decoded by the real program in a process with limits.

use crate::harness::{eventually, seconds};
use belpost::audio::decode::decode;
use belpost::decoder::{Decoder, DecoderFault};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_belpost");
const CLIP: &[u8] = include_bytes!("../../prompts/en/clips/goodbye.flac");

fn decoder() -> Decoder {
    Decoder::of(PROGRAM.into())
}

#[test]
fn a_flac_file_is_heard_as_it_is() {
    let expected = decode(CLIP, Duration::from_mins(1)).unwrap();
    let heard = decoder().decode(CLIP).unwrap();
    assert_eq!(heard, expected.to_wire().unwrap());
}

/// A FLAC file whose only block after the description is of `kind` and says it is `len` long.
fn with_block(kind: u8, len: u32, body: &[u8]) -> Vec<u8> {
    let mut file = CLIP[..42].to_vec();
    file[4] &= 0x7f;
    let [_, a, b, c] = len.to_be_bytes();
    file.extend([0x80 | kind, a, b, c]);
    file.extend(body);
    file
}

#[test]
fn hostile_files_do_no_harm() {
    let broken = Path::new(env!("CARGO_MANIFEST_DIR")).join("media-fixtures/audio/broken");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(broken)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    assert!(files.len() > 10);
    let most = [0xff; 64];
    let claims = [
        ("comments without end", with_block(4, 0x00ff_ffff, &most)),
        ("a picture of 4 GB", with_block(6, 0x00ff_ffff, &most)),
        (
            "a cue sheet of 100 tracks",
            with_block(5, 0x00ff_ffff, &most),
        ),
        ("a seek table of 16 MB", with_block(3, 0x00ff_ffff, &most)),
        (
            "ID3",
            [&b"ID3\x04\0\0\x7f\x7f\x7f\x7f"[..], &[0; 23]].concat(),
        ),
        (
            "Ogg of nothing",
            b"OggS\0\x02\xff\xff\xff\xff\xff\xff\xff\xff".repeat(400),
        ),
    ];
    files.extend(claims.map(|(name, file)| (name.to_owned(), file)));
    for (name, file) in files {
        if file.starts_with(b"RIFF") {
            continue; // read by ourselves
        }
        let decoded = decoder().decode(&file);
        assert!(decoded.is_err(), "{name}: {decoded:?}");
    }
}

#[test]
fn damage_at_any_place_gives_sound_or_a_refusal() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..40 {
        let mut file = CLIP.to_vec();
        for _ in 0..=random(8) {
            let at = 4 + random(file.len() - 4);
            file[at] = random(256) as u8;
        }
        let longest = Duration::from_secs(3_600);
        if let Ok(sound) = decoder().decode(&file) {
            assert!(sound.duration() <= longest);
        }
    }
}

#[test]
fn a_decoder_limits_itself_before_it_reads_anything() {
    let mut child = Command::new(PROGRAM)
        .arg("decode-sound")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let told = eventually("the decoder limits itself", seconds(20.0), || {
        let text = std::fs::read_to_string(&limits).ok()?;
        text.lines()
            .any(|l| l.starts_with("Max open files") && l.contains(" 3 "))
            .then_some(text)
    });
    for (name, most) in [
        ("Max address space", 1 << 30),
        ("Max cpu time", 20),
        ("Max open files", 3),
        ("Max file size", 57_600_012),
    ] {
        let line = told.lines().find(|l| l.starts_with(name)).unwrap();
        let hard = line.split_whitespace().rev().nth(1).unwrap();
        assert_eq!(hard, most.to_string(), "{line}");
    }
    let mut input = child.stdin.take().unwrap();
    let _ = input.write_all(b"RIFF");
    drop(input);
    assert!(!child.wait().unwrap().success());
}

#[cfg(feature = "opus")]
#[test]
fn an_opus_file_is_heard_as_long_as_it_is() {
    let clip = decode(CLIP, Duration::from_mins(1)).unwrap();
    let file = belpost::audio::ogg_opus::encode(&clip).unwrap();
    let heard = decoder().decode(&file).unwrap();
    let difference = heard.duration().abs_diff(clip.duration());
    assert!(difference < Duration::from_millis(2), "{difference:?}");
}

/// A tone of 1,000 Hz in every format that this build reads, by name.
fn tones() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("media-fixtures/sound");
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = paths.map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    });
    let unread =
        |name: &str| name == "README.md" || (name.contains("opus") && !cfg!(feature = "opus"));
    let mut files: Vec<_> = files.filter(|(name, _)| !unread(name)).collect();
    files.sort();
    files
}

/// Decodes these as prompts, two at a time; none may take more than a decoder may.
fn all_end(files: &[(String, Vec<u8>)]) {
    let (first, second) = files.split_at(files.len() / 2);
    std::thread::scope(|scope| {
        for half in [first, second] {
            scope.spawn(move || {
                for (name, file) in half {
                    match decoder().decode_prompt(file) {
                        Ok(sound) => assert!(sound.pcm.duration() <= Duration::from_mins(2)),
                        Err(
                            DecoderFault::Format
                            | DecoderFault::Unsupported
                            | DecoderFault::Damaged
                            | DecoderFault::TooLong(_)
                            | DecoderFault::Empty
                            | DecoderFault::Refused,
                        ) => {}
                        Err(fault) => panic!("{name}: {fault}"),
                    }
                }
            });
        }
    });
}

#[test]
fn a_prompt_of_any_format_is_heard_at_16_khz() {
    for (name, file) in tones() {
        let sound = decoder()
            .decode_prompt(&file)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(sound.pcm.rate, 16_000, "{name}");
        let peak = sound
            .pcm
            .samples
            .iter()
            .map(|s| s.unsigned_abs())
            .max()
            .unwrap();
        assert!((7_000..12_500).contains(&peak), "{name}: {peak}");
    }
}

#[test]
fn files_cut_off_at_any_place_do_no_harm() {
    let cut = |(name, file): (String, Vec<u8>)| {
        let places = (0..file.len()).step_by(97);
        let cut = places.map(move |at| (format!("{name} at {at}"), file[..at].to_vec()));
        cut.collect::<Vec<_>>()
    };
    let files: Vec<_> = tones().into_iter().flat_map(cut).collect();
    assert!(files.len() > 1_500);
    all_end(&files);
}

#[test]
fn files_with_flipped_bits_do_no_harm() {
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut files = Vec::new();
    for (name, file) in tones() {
        for number in 0..20 {
            let mut damaged = file.clone();
            // Half of them in the heads, where lengths and counts are.
            let reach = if number % 2 == 0 { file.len() } else { 600 };
            for _ in 0..=random(6) {
                damaged[random(reach)] ^= 1 << random(8);
            }
            files.push((format!("{name}, {number}"), damaged));
        }
    }
    all_end(&files);
}

/// Silent frames of MP3, 26 ms each in 104 octets.
fn silent_mp3(span: Duration) -> Vec<u8> {
    let mut frame = vec![0xff, 0xfb, 0x10, 0xc4];
    frame.resize(104, 0);
    frame.repeat((span.as_millis() / 26) as usize)
}

/// Puts a number where a box of an MP4 file has its own, so many octets behind its name.
fn with_count(file: &[u8], name: &[u8], behind: usize, count: u32) -> Vec<u8> {
    let at = file.windows(4).position(|octets| octets == name).unwrap() + 4 + behind;
    let mut file = file.to_vec();
    file[at..at + 4].copy_from_slice(&count.to_be_bytes());
    file
}

#[test]
fn bombs_and_lies_are_refused_within_the_limits() {
    let bomb = silent_mp3(Duration::from_hours(2));
    let long = decoder().decode_prompt(&bomb);
    assert!(matches!(long, Err(DecoderFault::TooLong(_))), "{long:?}");
    let tones = tones();
    let file = |name: &str| &tones.iter().find(|(n, _)| n == name).unwrap().1;
    let mp4 = file("aac-48000-stereo.m4a");
    let wav = file("wav-8000-u8.wav");
    let flac = file("flac-8000.flac");
    let patched = |file: &[u8], at: usize, octets: &[u8]| {
        let mut file = file.to_vec();
        file[at..at + octets.len()].copy_from_slice(octets);
        file
    };
    let lies = [
        (
            "4 billion packets of one octet",
            with_count(&with_count(mp4, b"stsz", 4, 1), b"stsz", 8, u32::MAX),
        ),
        (
            "4 billion packet lengths",
            with_count(mp4, b"stsz", 8, u32::MAX),
        ),
        ("4 billion durations", with_count(mp4, b"stts", 4, u32::MAX)),
        ("4 billion chunks", with_count(mp4, b"stco", 4, u32::MAX)),
        ("a box of 4 GB", patched(mp4, 28, &u32::MAX.to_be_bytes())),
        ("a WAV of 4 GB", patched(wav, 40, &u32::MAX.to_le_bytes())),
        (
            "a WAV of one sample a second",
            patched(wav, 24, &1_u32.to_le_bytes()),
        ),
        (
            "a WAV of no channels",
            patched(wav, 22, &0_u16.to_le_bytes()),
        ),
        (
            "a WAV of 65,535 channels",
            patched(wav, 22, &u16::MAX.to_le_bytes()),
        ),
        (
            "a FLAC of 68 billion samples",
            patched(flac, 21, &[0xff; 5]),
        ),
        (
            "a tag of 256 MB",
            [&b"ID3\x04\0\0\x7f\x7f\x7f\x7f"[..], &[0; 64]].concat(),
        ),
    ];
    for (name, file) in &lies {
        let heard = decoder().decode_prompt(file);
        assert!(
            matches!(
                heard,
                Err(DecoderFault::Damaged
                    | DecoderFault::Unsupported
                    | DecoderFault::Format
                    | DecoderFault::Refused)
            ),
            "{name}: {heard:?}"
        );
    }
}

#[test]
fn a_long_message_fits_the_limits_of_a_decoder() {
    let long = silent_mp3(Duration::from_secs(150));
    let heard = decoder().decode(&long).unwrap();
    assert!(heard.duration() > Duration::from_secs(145));
    let prompt = decoder().decode_prompt(&long);
    assert!(
        matches!(prompt, Err(DecoderFault::TooLong(_))),
        "{prompt:?}"
    );
}
