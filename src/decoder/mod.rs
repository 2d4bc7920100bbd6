//! Sound files of strangers, decoded in a process of its own.
//!
//! In: a file of unknown making. Out: its sound for the wire, or a fault; never harm: the process
//! is our own program as `belpost decode-sound`, with limits on memory, processor time, output
//! and time by the clock, with no environment and no file but its two. A few run at a time.
//!
//! The other side is [`limit_this_process`] and [`decode_here`], called by the command line.

use crate::audio::decode::{self, DecodeFault};
use crate::audio::{ResampleFault, WIRE_RATE, WireAudio, duration_to_samples};
use crate::mime::MAIL_MAX;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, pidfd_open, setrlimit};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The argument that makes our program a decoder.
const COMMAND: &str = "decode-sound";

/// The longest sound decoded.
const LONGEST: Duration = Duration::from_hours(1);

/// The most memory of a decoder, in octets: an hour at 48,000 samples a second, twice.
const MEMORY: u64 = 1 << 30;

/// The most processor time of a decoder, in seconds.
const PROCESSOR: u64 = 20;

/// The most time of a decoder by the clock.
const CLOCK: Duration = Duration::from_secs(30);

/// The most decoders that run at a time, in the whole process.
const AT_A_TIME: usize = 2;

/// What the output begins with, so that another program's is not taken for sound.
const MARK: &[u8; 8] = b"BELPOST1";

/// Files open in a decoder: its input, its output, its log.
const FILES: u64 = 3;

/// The decoders that run.
static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// Why a file could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecoderFault {
    /// It begins like nothing that is decoded here, or is too large.
    #[error("the file is of no format that is read here")]
    Format,
    /// The decoder gave up, broke, or wanted more than it may have.
    #[error("the file is damaged, or decoding it takes more than is allowed")]
    Refused,
    /// It took too long by the clock.
    #[error("decoding the file took longer than {CLOCK:?}")]
    TooSlow,
    /// Others are being decoded, for too long.
    #[error("too many files are being decoded")]
    Busy,
    /// The machine did not start a process or lend it memory.
    #[error("cannot run a decoder: {0}")]
    Machine(#[from] io::Error),
}

/// Starts decoders.
#[derive(Clone, Debug)]
pub struct Decoder {
    program: PathBuf,
    clock: Duration,
}

impl Decoder {
    /// Decoders of this very program, also when its file was replaced since it started.
    pub fn own() -> Decoder {
        Decoder::of("/proc/self/exe".into())
    }

    /// Decoders of another program.
    pub fn of(program: PathBuf) -> Decoder {
        let clock = CLOCK;
        Decoder { program, clock }
    }

    /// Decodes a file; takes as long as the decoder may, and as long again to wait for others.
    pub fn decode(&self, file: &[u8]) -> Result<WireAudio, DecoderFault> {
        if file.len() > MAIL_MAX || !decode::is_known(file) {
            return Err(DecoderFault::Format);
        }
        let _place = Place::take(CLOCK)?;
        let mut input = scratch("input")?;
        input.write_all(file)?;
        input.rewind()?;
        let mut output = scratch("output")?;
        let mut child = Command::new(&self.program)
            .arg(COMMAND)
            .env_clear()
            .stdin(input)
            .stdout(output.try_clone()?)
            .stderr(Stdio::null())
            .spawn()?;
        let ended = ends_within(&child, self.clock);
        if !matches!(ended, Ok(true)) {
            child.kill()?;
        }
        let status = child.wait()?;
        match (ended?, status.success()) {
            (false, _) => Err(DecoderFault::TooSlow),
            (true, false) => Err(DecoderFault::Refused),
            (true, true) => sound(&mut output),
        }
    }
}

/// Waits for the end of a process; whether it came.
fn ends_within(child: &Child, patience: Duration) -> io::Result<bool> {
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let end = Instant::now() + patience;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let wait = Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut watched = [PollFd::new(&process, PollFlags::IN)];
        match poll(&mut watched, Some(&wait)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A file in memory.
fn scratch(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MemfdFlags::CLOEXEC)?))
}

/// The sound a decoder put out.
fn sound(output: &mut File) -> Result<WireAudio, DecoderFault> {
    let mut octets = Vec::new();
    output.rewind()?;
    output.take(output_max() + 1).read_to_end(&mut octets)?;
    let samples = octets.strip_prefix(MARK).ok_or(DecoderFault::Refused)?;
    if octets.len() as u64 > output_max() {
        return Err(DecoderFault::Refused);
    }
    let (pairs, _) = samples.as_chunks::<2>();
    let samples: Vec<i16> = pairs.iter().map(|p| i16::from_le_bytes(*p)).collect();
    Ok(WireAudio::from_samples(&samples))
}

fn output_max() -> u64 {
    (MARK.len() + 2 * duration_to_samples(LONGEST)) as u64
}

/// A place among the decoders that run.
struct Place;

impl Place {
    fn take(patience: Duration) -> Result<Place, DecoderFault> {
        let (count, freed) = &RUNNING;
        let running = count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = freed.wait_timeout_while(running, patience, |running| *running >= AT_A_TIME);
        let (mut running, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *running >= AT_A_TIME {
            return Err(DecoderFault::Busy);
        }
        *running += 1;
        Ok(Place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (count, freed) = &RUNNING;
        *count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        freed.notify_one();
    }
}

/// Why a decoder gave up.
#[derive(Debug, thiserror::Error)]
pub enum GaveUp {
    /// Input, output or limits.
    #[error("this machine: {0}")]
    Machine(#[from] io::Error),
    /// The file.
    #[error(transparent)]
    File(#[from] DecodeFault),
    /// Its rate.
    #[error(transparent)]
    Rate(#[from] ResampleFault),
}

/// Limits this process to what a decoder may have; for good.
pub fn limit_this_process() -> io::Result<()> {
    let limits = [
        (Resource::As, MEMORY),
        (Resource::Cpu, PROCESSOR),
        (Resource::Fsize, output_max()),
        (Resource::Nofile, FILES),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        let (current, maximum) = (Some(most), Some(most));
        setrlimit(resource, Rlimit { current, maximum })?;
    }
    Ok(())
}

/// Decodes a file in this process: what a decoder does.
pub fn decode_here(input: &mut dyn Read, output: &mut dyn Write) -> Result<(), GaveUp> {
    let mut file = Vec::new();
    input.take(MAIL_MAX as u64 + 1).read_to_end(&mut file)?;
    let pcm = decode::decode(&file, LONGEST)?;
    drop(file);
    let samples = pcm.at_rate(WIRE_RATE)?.samples;
    output.write_all(MARK)?;
    let octets: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    output.write_all(&octets)?;
    Ok(output.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const FLAC: &[u8] = include_bytes!("../../prompts/en/clips/goodbye.flac");

    /// A decoder that is a shell script.
    fn script(text: &str) -> (tempfile::TempDir, Decoder) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decoder");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let decoder = Decoder {
            program: path,
            clock: Duration::from_millis(300),
        };
        (folder, decoder)
    }

    #[test]
    fn what_a_decoder_prints_is_the_sound_on_the_wire() {
        let mut printed = Vec::new();
        decode_here(&mut &*FLAC, &mut printed).unwrap();
        let mut output = scratch("test").unwrap();
        output.write_all(&printed).unwrap();
        let expected = decode::decode(FLAC, LONGEST).unwrap().to_wire().unwrap();
        assert_eq!(sound(&mut output).unwrap(), expected);
    }

    #[test]
    fn a_file_that_begins_like_no_sound_starts_nothing() {
        let (folder, decoder) = script("touch \"$(dirname \"$0\")/started\"");
        for file in [&b"ID3\x04 and more"[..], b"", b"MThd"] {
            assert!(matches!(decoder.decode(file), Err(DecoderFault::Format)));
        }
        assert!(!folder.path().join("started").exists());
    }

    #[test]
    fn a_decoder_that_does_not_end_is_ended() {
        let (_folder, decoder) = script("exec sleep 600");
        let began = Instant::now();
        assert!(matches!(decoder.decode(FLAC), Err(DecoderFault::TooSlow)));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_decoder_that_fails_or_prints_something_else_is_not_believed() {
        for text in ["exit 1", "kill -9 $$", "echo running 0 tests", "exit 0"] {
            let (_folder, mut decoder) = script(text);
            decoder.clock = Duration::from_secs(20);
            let refused = decoder.decode(FLAC);
            assert!(
                matches!(refused, Err(DecoderFault::Refused)),
                "{text}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_decoder_has_no_environment_of_ours() {
        let (folder, mut decoder) = script("/usr/bin/env > \"${0%/*}/seen\"; exit 1");
        decoder.clock = Duration::from_secs(20);
        let _ = decoder.decode(FLAC);
        let seen = std::fs::read_to_string(folder.path().join("seen")).unwrap();
        assert!(!seen.contains("CARGO"), "{seen}");
    }
}
