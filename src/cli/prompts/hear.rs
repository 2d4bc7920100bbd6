//! `belpost prompts export` and `say`: prompts as sound files.

use super::arguments::SayArgs;
use crate::audio::Pcm;
use crate::cli::fault::CliFault;
use crate::cli::{print, sound_file};
use crate::library::studio::Studio;
use crate::prompt::{ClipId, Phrase, SetId, VersionId};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Prompts are no secret, as messages are.
const MODE: u32 = 0o644;

/// Writes the sound of one clip.
pub(super) fn export(
    studio: &Studio,
    set: &SetId,
    version: VersionId,
    clip: &ClipId,
    to: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let sound = studio.clip(set, version, clip)?;
    let to = to.map_or_else(|| PathBuf::from(format!("{clip}.wav")), Path::to_owned);
    write(&sound, &to, out)
}

/// Writes how a caller hears a sentence, or clips one after another.
pub(super) fn say(
    studio: &Studio,
    version: VersionId,
    args: &SayArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let set = &args.of.set;
    let (phrases, name) = if let Some(number) = args.sentence {
        let examples = studio.examples(set, version)?;
        let most = examples.len();
        let example = examples.into_iter().nth(number as usize - 1);
        let example = example.ok_or(CliFault::NoSentence { number, most })?;
        (example.phrases, format!("sentence-{number}.wav"))
    } else {
        let clips = args.clip.iter().cloned().map(Phrase::Clip);
        (clips.collect(), "clips.wav".to_owned())
    };
    let sound = studio.say(set, version, &phrases)?;
    write(&sound, args.to.as_deref().unwrap_or(Path::new(&name)), out)
}

fn write(sound: &Pcm, to: &Path, out: &mut dyn Write) -> Result<(), CliFault> {
    sound_file::write(sound, to, MODE)?;
    print(&format!("{}\n", to.display()), out)
}
