//! Sound files of strangers, decoded in a process of its own.
//!
//! In: a file of unknown making and its [`Purpose`]. Out: its sound for the wire or for a prompt
//! set, or a fault; never harm: the process is our own program as `belpost decode-sound`, with
//! limits on memory, processor time, output and time by the clock, with no environment and no file
//! but its two. A few run at a time.
//!
//! The other side is [`limit_this_process`] and [`decode_here`], called by the command line. It
//! puts out a mark, how much of the sound was cut off at full scale, and the samples; or another
//! mark and one octet that says what is wrong with the file. Only these are believed: no text of
//! that process reaches anybody.

use crate::audio::decode::{self, DecodeFault, MAX_FILE, Sound};
#[cfg(feature = "opus")]
use crate::audio::ogg_opus::OpusFault;
use crate::audio::wav::WavFault;
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
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

/// The most memory of a decoder, in octets. Opus needs most: an hour of it at 48,000 samples a
/// second is 346 MB before it is brought to another rate; every other format is converted as it is
/// decoded.
const MEMORY: u64 = 1 << 30;

/// The most processor time of a decoder, in seconds.
const PROCESSOR: u64 = 20;

/// The most time of a decoder by the clock.
const CLOCK: Duration = Duration::from_secs(30);

/// The most decoders that run at a time, in the whole process.
pub const AT_A_TIME: usize = 2;

/// What the output begins with, so that another program's is not taken for sound.
const MARK: &[u8; 8] = b"BELPOST2";

/// What it begins with where the file has no sound that can be used.
const REFUSED: &[u8; 8] = b"BELPOST-";

/// The octets before the samples: the mark, and the µs that were cut off, the lowest octet first.
const HEAD: usize = MARK.len() + 4;

/// Samples put out at a time.
const OUTPUT_BLOCK: usize = 65_536;

/// Files open in a decoder: its input, its output, its log.
const FILES: u64 = 3;

/// The decoders that run.
static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// What a file is decoded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A message of a mailbox, to be played on the wire: 8,000 samples a second, up to an hour.
    Message,
    /// A clip of a prompt set: 16,000 samples a second, up to two minutes.
    Prompt,
}

impl Purpose {
    /// The purpose with this name on the command line.
    pub fn parse(name: &str) -> Result<Purpose, &'static str> {
        match name {
            "message" => Ok(Purpose::Message),
            "prompt" => Ok(Purpose::Prompt),
            _ => Err("either message or prompt"),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Message => "message",
            Purpose::Prompt => "prompt",
        }
    }

    /// Samples a second of what comes out.
    pub fn rate(self) -> u32 {
        match self {
            Purpose::Message => WIRE_RATE,
            Purpose::Prompt => 16_000,
        }
    }

    /// The longest sound decoded.
    pub const fn longest(self) -> Duration {
        match self {
            Purpose::Message => Duration::from_hours(1),
            Purpose::Prompt => Duration::from_mins(2),
        }
    }

    /// The most octets a decoder puts out.
    fn output_max(self) -> u64 {
        HEAD as u64 + 2 * self.longest().as_secs() * u64::from(self.rate())
    }
}

/// Why a file could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecoderFault {
    /// It begins like nothing that is decoded here, or is too large.
    #[error("the file is of no format that is read here")]
    Format,
    /// A kind of a known format that is not read here.
    #[error(
        "the file is of a kind that is not read here: HE-AAC, or more than two channels of AAC"
    )]
    Unsupported,
    /// What it promises and what is in it do not agree.
    #[error("the file is damaged or cut off")]
    Damaged,
    /// It plays too long.
    #[error("the sound is longer than {0:?}")]
    TooLong(Duration),
    /// There is no sound in it.
    #[error("there is no sound in the file")]
    Empty,
    /// The decoder broke, or wanted more than it may have.
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
    /// Decodes in the process of a test, which is no decoder to be started.
    #[cfg(test)]
    here: bool,
}

impl Decoder {
    /// Decoders of this very program, also when its file was replaced since it started.
    pub fn own() -> Decoder {
        Decoder::of("/proc/self/exe".into())
    }

    /// Decoders of another program.
    pub fn of(program: PathBuf) -> Decoder {
        Decoder {
            program,
            clock: CLOCK,
            #[cfg(test)]
            here: false,
        }
    }

    /// Decodes in the process of a test.
    #[cfg(test)]
    pub(crate) fn in_this_process() -> Decoder {
        let here = true;
        Decoder {
            here,
            ..Decoder::own()
        }
    }

    /// Decodes a message for the wire; takes as long as the decoder may, and as long again to wait
    /// for others.
    pub fn decode(&self, file: &[u8]) -> Result<WireAudio, DecoderFault> {
        let sound = self.run(file, Purpose::Message)?;
        Ok(WireAudio::from_samples(&sound.pcm.samples))
    }

    /// Decodes a clip of a prompt set; takes as long as [`Decoder::decode`].
    pub fn decode_prompt(&self, file: &[u8]) -> Result<Sound, DecoderFault> {
        self.run(file, Purpose::Prompt)
    }

    fn run(&self, file: &[u8], purpose: Purpose) -> Result<Sound, DecoderFault> {
        if file.len() > MAX_FILE || !decode::is_known(file) {
            return Err(DecoderFault::Format);
        }
        #[cfg(test)]
        if self.here {
            return in_this_process(file, purpose);
        }
        let _place = Place::take(CLOCK)?;
        let mut input = scratch("input")?;
        input.write_all(file)?;
        input.rewind()?;
        let mut output = scratch("output")?;
        let mut child = Command::new(&self.program)
            .args([COMMAND, purpose.name()])
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
            (true, false) => Err(refusal(&mut output, purpose)?),
            (true, true) => sound(&mut output, purpose),
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

#[cfg(test)]
fn in_this_process(file: &[u8], purpose: Purpose) -> Result<Sound, DecoderFault> {
    let mut output = scratch("output")?;
    match decode_here(purpose, &mut &*file, &mut output) {
        Ok(()) => sound(&mut output, purpose),
        Err(_) => Err(refusal(&mut output, purpose)?),
    }
}

/// A file in memory.
fn scratch(name: &str) -> io::Result<File> {
    Ok(File::from(memfd_create(name, MemfdFlags::CLOEXEC)?))
}

/// The sound a decoder put out.
fn sound(output: &mut File, purpose: Purpose) -> Result<Sound, DecoderFault> {
    let mut octets = Vec::new();
    output.rewind()?;
    output
        .take(purpose.output_max() + 1)
        .read_to_end(&mut octets)?;
    let told = octets.strip_prefix(MARK).ok_or(DecoderFault::Refused)?;
    let (clipped, samples) = told.split_first_chunk().ok_or(DecoderFault::Refused)?;
    if octets.len() as u64 > purpose.output_max() {
        return Err(DecoderFault::Refused);
    }
    let (pairs, _) = samples.as_chunks::<2>();
    let samples = pairs.iter().map(|p| i16::from_le_bytes(*p)).collect();
    Ok(Sound {
        pcm: Pcm {
            rate: purpose.rate(),
            samples,
        },
        clipped: Duration::from_micros(u32::from_le_bytes(*clipped).into()),
    })
}

/// Why a decoder that failed says it did.
fn refusal(output: &mut File, purpose: Purpose) -> Result<DecoderFault, DecoderFault> {
    let mut octets = Vec::new();
    output.rewind()?;
    output
        .take(REFUSED.len() as u64 + 1)
        .read_to_end(&mut octets)?;
    Ok(match octets.strip_prefix(REFUSED) {
        Some(b"f") => DecoderFault::Format,
        Some(b"u") => DecoderFault::Unsupported,
        Some(b"d") => DecoderFault::Damaged,
        Some(b"l") => DecoderFault::TooLong(purpose.longest()),
        Some(b"e") => DecoderFault::Empty,
        Some(_) | None => DecoderFault::Refused,
    })
}

/// What [`refusal`] reads.
fn refused_as(fault: &DecodeFault) -> u8 {
    match fault {
        DecodeFault::UnknownFormat | DecodeFault::TooBig => b'f',
        DecodeFault::Wav(WavFault::Unsupported)
        | DecodeFault::Unsupported { .. }
        | DecodeFault::Changes
        | DecodeFault::Shape { .. }
        | DecodeFault::Rate(_) => b'u',
        DecodeFault::Wav(WavFault::Header(_) | WavFault::Truncated)
        | DecodeFault::Damaged { .. }
        | DecodeFault::CutOff(_) => b'd',
        DecodeFault::TooLong(_) => b'l',
        DecodeFault::Empty => b'e',
        #[cfg(feature = "opus")]
        DecodeFault::Opus(fault) => match fault {
            OpusFault::TooLong(_) => b'l',
            OpusFault::Rate(_) | OpusFault::Codec(_) | OpusFault::File(_) => b'd',
        },
    }
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
}

/// Limits this process to what a decoder may have; for good.
pub fn limit_this_process(purpose: Purpose) -> io::Result<()> {
    let limits = [
        (Resource::As, MEMORY),
        (Resource::Cpu, PROCESSOR),
        (Resource::Fsize, purpose.output_max()),
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
pub fn decode_here(
    purpose: Purpose,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), GaveUp> {
    let mut file = Vec::new();
    input.take(MAX_FILE as u64 + 1).read_to_end(&mut file)?;
    let decoded = decode::decode_at(&file, purpose.longest(), purpose.rate());
    drop(file);
    let sound = match decoded {
        Ok(sound) => sound,
        Err(fault) => {
            output.write_all(REFUSED)?;
            output.write_all(&[refused_as(&fault)])?;
            output.flush()?;
            return Err(fault.into());
        }
    };
    output.write_all(MARK)?;
    let clipped = u32::try_from(sound.clipped.as_micros()).unwrap_or(u32::MAX);
    output.write_all(&clipped.to_le_bytes())?;
    for samples in sound.pcm.samples.chunks(OUTPUT_BLOCK) {
        let octets: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        output.write_all(&octets)?;
    }
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
            clock: Duration::from_millis(300),
            ..Decoder::of(path)
        };
        (folder, decoder)
    }

    #[test]
    fn what_a_decoder_prints_is_the_sound_on_the_wire() {
        let mut printed = Vec::new();
        let purpose = Purpose::Message;
        decode_here(purpose, &mut &*FLAC, &mut printed).unwrap();
        let mut output = scratch("test").unwrap();
        output.write_all(&printed).unwrap();
        let expected = decode::decode(FLAC, purpose.longest()).unwrap();
        let expected = expected.at_rate(WIRE_RATE).unwrap();
        assert_eq!(sound(&mut output, purpose).unwrap().pcm, expected);
    }

    #[test]
    fn a_clip_of_a_prompt_set_keeps_its_samples() {
        let mut printed = Vec::new();
        decode_here(Purpose::Prompt, &mut &*FLAC, &mut printed).unwrap();
        let mut output = scratch("test").unwrap();
        output.write_all(&printed).unwrap();
        let sound = sound(&mut output, Purpose::Prompt).unwrap();
        let expected = decode::decode(FLAC, Purpose::Prompt.longest()).unwrap();
        assert_eq!((sound.pcm, sound.clipped), (expected, Duration::ZERO));
    }

    #[test]
    fn a_decoder_says_what_is_wrong_with_a_file_in_one_octet() {
        let long = Pcm::silence(8_000, Duration::from_mins(3));
        let cases = [
            (b"MThd".to_vec(), "of no format"),
            (FLAC[..FLAC.len() / 2].to_vec(), "damaged"),
            (crate::audio::wav::write_pcm16(&long), "longer than 120s"),
            (
                crate::audio::wav::write_pcm16(&Pcm::silence(1, Duration::from_secs(9))),
                "a kind",
            ),
        ];
        for (file, expected) in cases {
            let mut printed = Vec::new();
            assert!(decode_here(Purpose::Prompt, &mut &*file, &mut printed).is_err());
            let mut output = scratch("test").unwrap();
            output.write_all(&printed).unwrap();
            let told = refusal(&mut output, Purpose::Prompt).unwrap().to_string();
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn a_file_that_begins_like_no_sound_starts_nothing() {
        let (folder, decoder) = script("touch \"$(dirname \"$0\")/started\"");
        for file in [&b"GIF89a and more"[..], b"", b"MThd"] {
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
