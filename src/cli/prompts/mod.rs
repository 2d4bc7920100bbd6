//! `belpost prompts`: prompt sets come in, are looked into, heard and put to use.
//!
//! Everything is done by the studio, on the store that the configuration names; a running server
//! takes up what is activated by itself. What comes from an upload is made safe for a terminal.

mod arguments;
mod check;
mod hear;
mod import;
mod listing;
mod progress;

pub(super) use arguments::PromptsCommand;

use super::arguments::ConfigArgs;
use super::fault::CliFault;
use super::table::safe;
use super::{print, print_json};
use crate::config::load;
use crate::decoder::Decoder;
use crate::library::intake::{builtin_mapping, builtin_mappings};
use crate::library::studio::{Studio, StudioConfig, StudioFault};
use crate::prompt::{Report, SetId, VersionId};
use crate::server;
use arguments::VersionArgs;
use std::io::Write;

/// Does one command.
pub(super) fn run(command: &PromptsCommand, out: &mut dyn Write) -> Result<(), CliFault> {
    match command {
        PromptsCommand::List { read } => {
            listing::print_sets(&open(&read.file)?.sets()?, read.json, out)
        }
        PromptsCommand::Show { of, read } => {
            let studio = open(&read.file)?;
            let version = studio.version(&of.set, wanted(&studio, of)?)?;
            listing::print_clips(&version, read.json, out)
        }
        PromptsCommand::Import(args) => import::run(args, out),
        PromptsCommand::Report { set, version, read } => {
            let report = open(&read.file)?.report(set, *version)?;
            print_report(&report, read.json, out)
        }
        PromptsCommand::Activate { set, version, file } => {
            open(file)?.activate(set, *version)?;
            print(&format!("{set}: version {version} is in use\n"), out)
        }
        PromptsCommand::RollBack { set, file } => {
            let version = open(file)?.roll_back(set)?;
            print(&format!("{set}: version {version} is in use again\n"), out)
        }
        // That it is meant is said by the command line being complete.
        PromptsCommand::Remove {
            set, version, file, ..
        } => {
            open(file)?.remove(set, *version)?;
            print(&format!("{set}: version {version} is removed\n"), out)
        }
        PromptsCommand::Diff {
            set,
            from,
            to,
            read,
        } => {
            let differences = open(&read.file)?.differences(set, *from, *to)?;
            listing::print_differences(&differences, read.json, out)
        }
        PromptsCommand::Export {
            set,
            version,
            clip,
            to,
            file,
        } => hear::export(&open(file)?, set, *version, clip, to.as_deref(), out),
        PromptsCommand::Sentences { of, read } => {
            let studio = open(&read.file)?;
            let examples = studio.examples(&of.set, wanted(&studio, of)?)?;
            listing::print_examples(&examples, read.json, out)
        }
        PromptsCommand::Say(args) => {
            let studio = open(&args.file)?;
            hear::say(&studio, wanted(&studio, &args.of)?, args, out)
        }
        PromptsCommand::Mapping { name } => print_mapping(name.as_deref(), out),
        PromptsCommand::Check { read } => check::run(read, out),
    }
}

/// The studio of a configuration.
fn open(file: &ConfigArgs) -> Result<Studio, CliFault> {
    let config = load(file.config.as_deref())?;
    let menus = server::menus(&config.menus)?;
    Ok(Studio::open(StudioConfig {
        store: config.prompts.store,
        decoder: Decoder::own(),
        menus,
    })?)
}

/// The version that is asked for, else the one in use.
fn wanted(studio: &Studio, of: &VersionArgs) -> Result<VersionId, CliFault> {
    let active = |set: &SetId| {
        let sets = studio.sets()?;
        let found = sets.into_iter().find(|found| found.set == *set);
        found
            .map(|found| found.active)
            .ok_or_else(|| StudioFault::NoSet(set.clone()))
    };
    Ok(of.version.map_or_else(|| active(&of.set), Ok)?)
}

fn print_report(report: &Report, json: bool, out: &mut dyn Write) -> Result<(), CliFault> {
    if json {
        return print_json(report, out);
    }
    print(&safe_lines(&report.to_string()), out)
}

fn print_mapping(name: Option<&str>, out: &mut dyn Write) -> Result<(), CliFault> {
    let Some(name) = name else {
        return print(&format!("{}\n", builtin_mappings().join("\n")), out);
    };
    let text = builtin_mapping(name).ok_or_else(|| CliFault::NoMapping(name.to_owned()))?;
    print(&text, out)
}

/// Lines for a terminal, whatever is in them.
fn safe_lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", safe(line)))
        .collect()
}
