//! Sound files of strangers, decoded by the real program in a process with limits.

use crate::harness::{eventually, seconds};
use belpost::audio::decode::decode;
use belpost::decoder::Decoder;
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
