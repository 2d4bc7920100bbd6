//! `belpost prompts import`.

use super::arguments::ImportArgs;
use super::progress::Line;
use super::{open, print_report};
use crate::cli::fault::CliFault;
use crate::cli::print;
use crate::library::intake::MAX_FILE;
use crate::library::studio::{Material, Upload};
use crate::prompt::Report;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// Stages what a path has as a new version, and activates it where that is asked for.
pub(super) fn run(args: &ImportArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let studio = open(&args.read.file)?;
    let upload = Upload {
        set: args.set.clone(),
        material: material(args)?,
        add: args.add,
        parent: args.parent.clone(),
        note: args.note.clone(),
    };
    let terminal = io::stderr();
    let seen = terminal.is_terminal();
    let mut line = Line::new(terminal, seen);
    let staged = studio.stage(&upload, &mut |progress| line.show(progress));
    line.clear();
    let report = staged?;
    print_report(&report, args.read.json, out)?;
    usable(&report)?;
    let Some(version) = report.version else {
        return Ok(());
    };
    let set = &args.set;
    if args.activate {
        studio.activate(set, version)?;
    }
    let told = if args.activate {
        format!("{set}: version {version} is in use\n")
    } else {
        format!("{set}: version {version} waits for belpost prompts activate {set} {version}\n")
    };
    // Programs learn it from the report.
    if args.read.json {
        Ok(())
    } else {
        print(&told, out)
    }
}

/// A version with faults is the failure of the command.
fn usable(report: &Report) -> Result<(), CliFault> {
    if report.is_clean() {
        return Ok(());
    }
    Err(CliFault::NotUsable {
        set: report.set.clone(),
        version: report.version,
        faults: report.faults().count().max(report.missing),
    })
}

/// What a path is: by its kind, and by what the command line says of it.
fn material(args: &ImportArgs) -> Result<Material, CliFault> {
    let path = &args.path;
    let found = fs::metadata(path).map_err(|source| failed(path, source))?;
    let zip = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("zip"));
    match (&args.clip, &args.mapping) {
        (None, Some(mapping)) if found.is_dir() => Ok(Material::Tree {
            folder: path.clone(),
            mapping: mapping.clone(),
        }),
        (None, None) if found.is_dir() => Ok(Material::Folder(path.clone())),
        (None, None) if zip => Ok(Material::Zip(path.clone())),
        (Some(clip), None) if found.is_file() => Ok(Material::Clip {
            clip: clip.clone(),
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            file: read(path).map_err(|source| failed(path, source))?,
        }),
        (_, Some(_)) => Err(CliFault::NotATree(path.clone())),
        (Some(_), None) => Err(CliFault::NotASound(path.clone())),
        (None, None) => Err(CliFault::NotASet(path.clone())),
    }
}

/// A sound file; one octet beyond the bound tells the intake that there are more.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut file)?;
    Ok(file)
}

fn failed(path: &Path, source: io::Error) -> CliFault {
    CliFault::File {
        file: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Arguments, Command};
    use crate::cli::prompts::PromptsCommand;
    use clap::Parser;
    use tempfile::tempdir;

    fn args(path: &Path, more: &str) -> ImportArgs {
        let line = format!("belpost prompts import {} --set nl {more}", path.display());
        let parsed = Arguments::try_parse_from(line.split_whitespace()).unwrap();
        match parsed.command {
            Command::Prompts(PromptsCommand::Import(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_path_is_told_by_its_kind_and_the_options() {
        let folder = tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("set.ZIP"), "zip").unwrap();
        fs::write(at("me.wav"), "sound").unwrap();
        let of = |path: &Path, more| material(&args(path, more));
        assert!(matches!(of(folder.path(), ""), Ok(Material::Folder(_))));
        assert!(matches!(of(&at("set.ZIP"), ""), Ok(Material::Zip(_))));
        let tree = of(folder.path(), "--mapping asterisk");
        assert!(matches!(tree, Ok(Material::Tree { mapping, .. }) if mapping == "asterisk"));
        let clip = of(&at("me.wav"), "--clip goodbye");
        assert!(
            matches!(clip, Ok(Material::Clip { name, file, .. }) if name == "me.wav" && file == b"sound")
        );
        for (path, more, why) in [
            (at("me.wav"), "", "neither a folder nor a .zip archive"),
            (
                folder.path().to_owned(),
                "--clip goodbye",
                "is no sound file",
            ),
            (at("set.ZIP"), "--mapping asterisk", "is no folder"),
            (at("none"), "", "none: No such file"),
        ] {
            let fault = of(&path, more).unwrap_err().to_string();
            assert!(fault.contains(why), "{fault}");
        }
    }
}
