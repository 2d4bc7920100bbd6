//! The sound tree of another system, read by a mapping.
//!
//! In: its folder and a mapping. Out: for each clip that the tree can say, its files in order; a
//! note for each that the mapping has and the tree has not. Links of a tree are followed as long
//! as they stay inside of it: languages are often links to the folder of a voice.

use super::folder::{Closed, disk, open_plain};
use super::gathering::{Gathering, read_bounded};
use super::mapping::Mapping;
use super::{FilePart, Gathered, MAX_FILE, Origin, StudioFault, mebibytes, shown};
use crate::prompt::SetId;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The most folders in which sounds may begin.
const MAX_ROOTS: usize = 64;
/// The most entries of a folder that a `*` looks at.
const MAX_LISTED: usize = 1_000;
/// Endings of sound files that cannot be decoded here: codecs without a header.
const FOREIGN: &[&str] = &[
    "gsm", "ulaw", "ul", "alaw", "al", "sln", "sln16", "g722", "g729", "WAV", "siren7", "siren14",
];

/// A place in the tree where sounds begin.
struct Root<'a> {
    tree: &'a Path,
    folder: PathBuf,
    mapping: &'a Mapping,
}

/// Reads what a tree has for a set.
pub(super) fn gather(folder: &Path, mapping: &str, set: &SetId) -> Result<Gathered, StudioFault> {
    let (name, mapping) = Mapping::load(mapping)?;
    let language = set.language.as_str();
    let first = language.split('-').next().unwrap_or(language);
    if !mapping.languages.iter().any(|known| known == first) {
        let what = format!(
            "the mapping {name} is for sets of {}, and {set} is none; `belpost prompts mapping` \
             prints one to begin your own with",
            mapping.languages.join(", ")
        );
        return Err(StudioFault::Material(what));
    }
    let tree = fs::canonicalize(folder).map_err(|error| disk(folder, error))?;
    let mut gathering = Gathering::default();
    let root = choose(&tree, &mapping, language, &mut gathering)?;
    for (clip, parts) in &mapping.clips {
        let found: Result<Vec<PathBuf>, &Vec<String>> = parts
            .iter()
            .map(|names| names.iter().find_map(|name| root.find(name)).ok_or(names))
            .collect();
        match found {
            Ok(paths) => {
                let parts = read(&root, &paths, &mut gathering)?;
                gathering.take_sound(clip, parts);
            }
            Err(names) => gathering.note(
                Some(clip),
                names.join(" | "),
                "the tree has no such sound",
                "the parent's clip stays, unless you record one",
            ),
        }
    }
    gathering.finish(Origin::Tree(name), folder)
}

/// The root that says most, the first of equals.
fn choose<'a>(
    tree: &'a Path,
    mapping: &'a Mapping,
    language: &str,
    gathering: &mut Gathering,
) -> Result<Root<'a>, StudioFault> {
    let mut roots = Vec::new();
    for folder in roots_of(tree, mapping, language) {
        let root = Root {
            tree,
            folder,
            mapping,
        };
        let says = root.says();
        if says > 0 {
            roots.push((says, root));
        }
    }
    let best = roots.iter().map(|(says, _)| *says).max();
    let at = roots.iter().position(|(says, _)| Some(*says) == best);
    let Some(at) = at else {
        return Err(nothing_in(tree, mapping, language));
    };
    let (_, chosen) = roots.remove(at);
    for (_, other) in &roots {
        gathering.note(
            None,
            other.shown(),
            &format!(
                "this folder has sounds too; those of {} were taken",
                chosen.shown()
            ),
            "give this folder itself to take its sounds",
        );
    }
    Ok(chosen)
}

/// The folders of a tree in which sounds may begin, without those that are one by a link.
fn roots_of(tree: &Path, mapping: &Mapping, language: &str) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let patterns = mapping.tree.roots.iter();
    let folders = patterns.flat_map(|pattern| {
        let parts = pattern.replace("{language}", language);
        let mut folders = vec![tree.to_owned()];
        for part in parts.split('/').filter(|part| !matches!(*part, "" | ".")) {
            folders = folders.iter().flat_map(|f| children(f, part)).collect();
        }
        folders
    });
    folders
        .filter_map(|folder| fs::canonicalize(folder).ok())
        .filter(|folder| folder.starts_with(tree) && folder.is_dir())
        .filter(|folder| seen.insert(folder.clone()))
        .take(MAX_ROOTS)
        .collect()
}

/// The entries of a folder with this name, in which `*` stands for anything.
fn children(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![folder.join(pattern)];
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.take(MAX_LISTED).map(|entry| entry.file_name());
    let fits = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        let rest = name.strip_prefix(before);
        rest.is_some_and(|rest| rest.ends_with(after))
    };
    let mut names: Vec<_> = names.filter(fits).collect();
    names.sort();
    names.iter().map(|name| folder.join(name)).collect()
}

impl Root<'_> {
    /// How many clips can be said from here.
    fn says(&self) -> usize {
        let whole = |parts: &&Vec<Vec<String>>| {
            let there = |names: &Vec<String>| names.iter().any(|name| self.find(name).is_some());
            parts.iter().all(there)
        };
        self.mapping.clips.values().filter(whole).count()
    }

    /// Where a sound is: the best rate, then the best ending.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let endings = &self.mapping.tree.endings;
        self.places(name)
            .iter()
            .flat_map(|place| {
                endings
                    .iter()
                    .map(move |ending| format!("{place}.{ending}"))
            })
            .find_map(|file| self.inside(&file))
    }

    /// A sound of the mapping that is here in a format that is not read.
    fn unread(&self) -> Option<String> {
        let names = self.mapping.clips.values().flatten().flatten();
        let places = names.flat_map(|name| self.places(name));
        let files = places.flat_map(|place| FOREIGN.iter().map(move |e| format!("{place}.{e}")));
        let mut found = files.filter(|file| self.inside(file).is_some());
        found.next()
    }

    /// Where a sound may be, below this root and without its ending.
    fn places(&self, name: &str) -> Vec<String> {
        let (folder, short) = name.rsplit_once('/').unwrap_or(("", name));
        let layout = &self.mapping.tree;
        let fill = |path: &String| {
            path.replace("{file}", name)
                .replace("{folder}", folder)
                .replace("{name}", short)
                .trim_start_matches('/')
                .to_owned()
        };
        let (rated, plain): (Vec<String>, Vec<String>) = layout
            .paths
            .iter()
            .map(fill)
            .partition(|path| path.contains("{rate}"));
        let at = |rate: &u32| {
            let rate = rate.to_string();
            let fill = move |path: &String| path.replace("{rate}", &rate);
            rated.iter().map(fill).collect::<Vec<_>>()
        };
        layout.rates.iter().flat_map(at).chain(plain).collect()
    }

    /// The file itself, where it is a file inside the tree.
    fn inside(&self, file: &str) -> Option<PathBuf> {
        let path = fs::canonicalize(self.folder.join(file)).ok()?;
        (path.starts_with(self.tree) && path.is_file()).then_some(path)
    }

    fn shown(&self) -> String {
        let below = self.folder.strip_prefix(self.tree);
        let below = below.unwrap_or(&self.folder).to_string_lossy();
        if below.is_empty() {
            "the folder itself".to_owned()
        } else {
            shown(&below)
        }
    }
}

/// The files of one clip.
fn read(
    root: &Root<'_>,
    paths: &[PathBuf],
    gathering: &mut Gathering,
) -> Result<Vec<FilePart>, StudioFault> {
    let mut parts = Vec::new();
    for path in paths {
        let below = path.strip_prefix(root.tree).unwrap_or(path);
        let name = shown(&below.to_string_lossy());
        let bytes = match open_plain(path) {
            Ok(file) => read_bounded(file, MAX_FILE).map_err(|error| disk(path, error))?,
            Err(Closed::Disk(error)) => return Err(disk(path, error)),
            Err(Closed::Link | Closed::NoFile) => {
                let what = format!("{name} changed while it was read");
                return Err(StudioFault::Material(what));
            }
        };
        let Some(bytes) = bytes else {
            let what = format!("{name} has more than {}", mebibytes(MAX_FILE));
            return Err(StudioFault::Material(what));
        };
        gathering.count_octets(bytes.len() as u64)?;
        parts.push(FilePart { name, bytes });
    }
    Ok(parts)
}

/// Nothing was found; where it was looked for, and what may be the matter.
fn nothing_in(tree: &Path, mapping: &Mapping, language: &str) -> StudioFault {
    let roots = roots_of(tree, mapping, language).into_iter();
    let mut roots = roots.map(|folder| Root {
        tree,
        folder,
        mapping,
    });
    let endings = mapping.tree.endings.join(", ");
    let what = match roots.find_map(|root| root.unread()) {
        Some(file) => format!(
            "{} has sounds as {file}, which is not read here; only those ending in {endings} are: \
             convert them, with sox for one",
            tree.display()
        ),
        None => format!(
            "{} has none of the sounds of the mapping; they are looked for in {} below it, ending \
             in {endings}",
            tree.display(),
            mapping
                .tree
                .roots
                .join(", ")
                .replace("{language}", language)
        ),
    };
    StudioFault::Material(what)
}

#[cfg(test)]
mod tests;
