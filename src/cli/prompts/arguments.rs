//! What may be typed after `belpost prompts`, and its help.

use crate::cli::arguments::{ConfigArgs, ReadArgs};
use crate::prompt::{ClipId, SetId, VersionId};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The longest note, in characters.
const NOTE_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PromptsCommand {
    /// List prompt sets and their versions.
    List {
        #[command(flatten)]
        read: ReadArgs,
    },
    /// List the clips of a version: number by telephone, length, where the sound is from, text.
    Show {
        #[command(flatten)]
        of: VersionArgs,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Compile prompts and stage them as a new version. Callers hear it once it is activated.
    ///
    /// PATH is a folder or a .zip archive of sound files named for their clips (goodbye.wav),
    /// perhaps with a catalogue.toml; one sound file, with --clip; or the sound tree of another
    /// system, with --mapping. WAV, FLAC, MP3, Ogg and AAC at any rate. The report is printed. Exit
    /// code 1 means that the version has faults: it is kept, to be looked into and heard, but it
    /// cannot be activated.
    Import(ImportArgs),
    /// Print what compiling a version found.
    Report {
        /// The set, as `prompts list` names it: nl, acme.nl.
        set: SetId,
        /// The version.
        #[arg(value_parser = parse_version)]
        version: VersionId,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Put a version to use. Calls in progress end on the version they began with.
    ///
    /// Version 0 is what is below all versions: the prompts compiled in, or the parent's.
    Activate {
        /// The set.
        set: SetId,
        /// The version.
        #[arg(value_parser = parse_version)]
        version: VersionId,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// Put the version to use that was in use before.
    RollBack {
        /// The set.
        set: SetId,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// Remove a version that is not in use, for good.
    Remove {
        /// The set.
        set: SetId,
        /// The version.
        #[arg(value_parser = parse_version)]
        version: VersionId,
        /// That it is meant: there is no way back.
        #[arg(long, required = true)]
        yes: bool,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// List what callers hear otherwise in one version than in another.
    Diff {
        /// The set.
        set: SetId,
        /// The version to begin from; 0 is what is below all versions.
        #[arg(value_parser = parse_version)]
        from: VersionId,
        /// The version to compare with it.
        #[arg(value_parser = parse_version)]
        to: VersionId,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Write the sound of one clip to a WAV file (16 bit, 16 kHz).
    Export {
        /// The set.
        set: SetId,
        /// The version; 0 is what is below all versions.
        #[arg(value_parser = parse_version)]
        version: VersionId,
        /// The clip, as `prompts show` names it.
        #[arg(value_parser = parse_clip)]
        clip: ClipId,
        /// The file to write; it must not exist yet. Without it CLIP.wav here.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        #[command(flatten)]
        file: ConfigArgs,
    },
    /// List example sentences of every menu and announcement, numbered.
    Sentences {
        #[command(flatten)]
        of: VersionArgs,
        #[command(flatten)]
        read: ReadArgs,
    },
    /// Write how a caller hears a sentence to a WAV file (16 bit, 16 kHz).
    Say(SayArgs),
    /// List the mappings compiled in, or print one to begin your own with.
    Mapping {
        /// The mapping to print; without it their names are listed.
        name: Option<String>,
    },
    /// Try every sentence of every menu with the prompts compiled in.
    ///
    /// Reads the menus of the configuration: keys of your own need clips of their own. Exit code 1
    /// means that something was found.
    Check {
        #[command(flatten)]
        read: ReadArgs,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VersionArgs {
    /// The set, as `prompts list` names it: nl, acme.nl.
    pub(super) set: SetId,
    /// The version, 0 for what is below all versions; without it the one in use.
    #[arg(value_parser = parse_version)]
    pub(super) version: Option<VersionId>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The folder, .zip archive or sound file.
    pub(super) path: PathBuf,
    /// The set it is for: a language (nl), or that of a tenant over it (acme.nl).
    #[arg(long)]
    pub(super) set: SetId,
    /// The clip that PATH is the sound of.
    #[arg(long, value_parser = parse_clip, conflicts_with = "mapping")]
    pub(super) clip: Option<ClipId>,
    /// That PATH is the sound tree of another system, and how its files are named: asterisk,
    /// freeswitch, or a mapping file.
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) mapping: Option<String>,
    /// Lay it over the version in use, which stays for all it does not bring; without it, the new
    /// version has only what PATH brings, and its parent's clips.
    #[arg(long)]
    pub(super) add: bool,
    /// Whose clips stand in for missing ones. Without it, those compiled in for the language, or
    /// everybody's for a tenant.
    #[arg(long, value_name = "SET")]
    pub(super) parent: Option<SetId>,
    /// A word about it, for the list.
    #[arg(long, default_value = "", value_parser = parse_note)]
    pub(super) note: String,
    /// Put it to use at once, if it has no faults.
    #[arg(long)]
    pub(super) activate: bool,
    #[command(flatten)]
    pub(super) read: ReadArgs,
}

#[derive(Debug, Args)]
#[group(id = "what", required = true, multiple = false, args = ["sentence", "clip"])]
pub(in crate::cli) struct SayArgs {
    #[command(flatten)]
    pub(super) of: VersionArgs,
    /// The example sentence, by its number in `prompts sentences`.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) sentence: Option<u32>,
    /// A clip; given several times, one after another.
    #[arg(long, value_parser = parse_clip)]
    pub(super) clip: Vec<ClipId>,
    /// The file to write; it must not exist yet. Without it sentence-NUMBER.wav or clips.wav here.
    #[arg(long, value_name = "FILE")]
    pub(super) to: Option<PathBuf>,
    #[command(flatten)]
    pub(super) file: ConfigArgs,
}

fn parse_version(text: &str) -> Result<VersionId, String> {
    let number = text.parse().map(VersionId);
    number.map_err(|_| "versions are counted from 1; 0 is what is below them".to_owned())
}

fn parse_clip(text: &str) -> Result<ClipId, String> {
    let clip = ClipId::parse(text);
    clip.ok_or_else(|| "clips have small letters, figures and hyphens, as in goodbye".to_owned())
}

fn parse_note(text: &str) -> Result<String, String> {
    if text.chars().count() > NOTE_MAX || text.contains(char::is_control) {
        return Err(format!(
            "a note is one line of {NOTE_MAX} characters at most"
        ));
    }
    Ok(text.to_owned())
}
