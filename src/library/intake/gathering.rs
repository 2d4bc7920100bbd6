//! An upload while it is read: what was taken so far, and how much more may come.

use super::role::Role;
use super::{
    FilePart, Gathered, MAX_ENTRIES, MAX_TOTAL, Origin, SoundFile, StudioFault, mebibytes, name_of,
};
use crate::prompt::{ClipId, Finding, SetId, Severity};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The most notes of one upload; those beyond are only counted. Faults are bounded by the number
/// of entries.
const MAX_NOTES: usize = 500;

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    entries: usize,
    octets: u64,
    catalogue: Option<String>,
    files: BTreeMap<ClipId, SoundFile>,
    findings: Vec<Finding>,
    notes: usize,
}

impl Gathering {
    /// Counts one more file, folder or whatever else the upload has.
    pub(super) fn count_entry(&mut self) -> Result<(), StudioFault> {
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            let what = format!(
                "it has more than {MAX_ENTRIES} files and folders, and a prompt set needs some 400"
            );
            return Err(StudioFault::Material(what));
        }
        Ok(())
    }

    /// Counts octets that were read.
    pub(super) fn count_octets(&mut self, octets: u64) -> Result<(), StudioFault> {
        self.octets = self.octets.saturating_add(octets);
        if self.octets > MAX_TOTAL {
            let what = format!("it has more than {} in all", mebibytes(MAX_TOTAL));
            return Err(StudioFault::Material(what));
        }
        Ok(())
    }

    /// Takes the octets of a file for what it is.
    pub(super) fn take(
        &mut self,
        role: &Role,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<(), StudioFault> {
        self.count_octets(bytes.len() as u64)?;
        match role {
            Role::Catalogue => self.take_catalogue(name, bytes),
            Role::Sound(clip) => self.take_sound(clip, vec![FilePart { name, bytes }]),
            Role::Junk => {}
            Role::Stray(what, remedy) => self.note(None, name, what, remedy),
        }
        Ok(())
    }

    /// Takes the files of a clip, if it has none yet.
    pub(super) fn take_sound(&mut self, clip: &ClipId, parts: Vec<FilePart>) {
        if let Some(first) = self.files.get(clip) {
            let names = (parts.first(), first.parts.first());
            if let (Some(second), Some(first)) = names {
                let what = format!("{} is a file for this clip too", first.name);
                self.fault(
                    Some(clip),
                    second.name.clone(),
                    &what,
                    "keep one of the two",
                );
            }
            return;
        }
        let clip = clip.clone();
        self.files.insert(clip.clone(), SoundFile { clip, parts });
    }

    /// Something about a file that keeps the version from being used.
    pub(super) fn fault(&mut self, clip: Option<&ClipId>, file: String, what: &str, remedy: &str) {
        let finding = finding(Severity::Fault, clip, Some(file), what, remedy);
        self.findings.push(finding);
    }

    /// Something about a file that is worth knowing.
    pub(super) fn note(&mut self, clip: Option<&ClipId>, file: String, what: &str, remedy: &str) {
        self.notes += 1;
        if self.notes <= MAX_NOTES {
            let finding = finding(Severity::Note, clip, Some(file), what, remedy);
            self.findings.push(finding);
        }
    }

    /// A file that was to be used and is not: a fault where it would be heard or read.
    pub(super) fn refuse(&mut self, role: &Role, file: String, what: &str, remedy: &str) {
        match role {
            Role::Catalogue | Role::Sound(_) => self.fault(role.clip(), file, what, remedy),
            Role::Stray(..) => self.note(None, file, what, remedy),
            Role::Junk => {}
        }
    }

    /// All that was gathered; an upload without anything of a prompt set is refused.
    pub(super) fn finish(mut self, origin: Origin, path: &Path) -> Result<Gathered, StudioFault> {
        let faults = self
            .findings
            .iter()
            .any(|found| found.severity == Severity::Fault);
        if self.files.is_empty() && self.catalogue.is_none() && !faults {
            let what = format!(
                "{} has no catalogue.toml and no sound file named for a clip, as goodbye.wav is; \
                 the sound tree of another system needs a mapping",
                name_of(path)
            );
            return Err(StudioFault::Material(what));
        }
        if let Some(more @ 1..) = self.notes.checked_sub(MAX_NOTES) {
            let what = format!("there are {more} more notes like these");
            let remedy = "see to these first, then the others are told";
            let finding = finding(Severity::Note, None, None, &what, remedy);
            self.findings.push(finding);
        }
        let parent = self.catalogue.as_deref().and_then(parent_of);
        Ok(Gathered {
            origin,
            catalogue: self.catalogue,
            parent,
            files: self.files.into_values().collect(),
            findings: self.findings,
        })
    }

    fn take_catalogue(&mut self, name: String, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) => {
                // Windows editors put a byte order mark before a text.
                let text = text
                    .strip_prefix('\u{feff}')
                    .map_or(text.clone(), str::to_owned);
                self.catalogue = Some(text);
            }
            Err(_) => self.fault(None, name, "it is no text in UTF-8", "save it as UTF-8"),
        }
    }
}

/// Reads to the end; `None` where there are more octets than the bound.
pub(super) fn read_bounded(source: impl Read, bound: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source
        .take(bound.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= bound).then_some(bytes))
}

/// The parent a catalogue names. What is wrong with it, its own reader tells.
fn parent_of(catalogue: &str) -> Option<SetId> {
    let (file, _) = DeTable::parse_recoverable(catalogue);
    match file.get_ref().get("parent")?.get_ref() {
        DeValue::String(name) => name.parse().ok(),
        _ => None,
    }
}

fn finding(
    severity: Severity,
    clip: Option<&ClipId>,
    file: Option<String>,
    what: &str,
    remedy: &str,
) -> Finding {
    Finding {
        severity,
        clip: clip.cloned(),
        text: None,
        file,
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(gathering: Gathering) -> Result<Gathered, StudioFault> {
        gathering.finish(Origin::Folder("x".into()), Path::new("x"))
    }

    #[test]
    fn two_files_for_a_clip_are_a_fault_and_the_first_is_kept() {
        let mut gathering = Gathering::default();
        let role = Role::of(&["goodbye.wav"]);
        for name in ["goodbye.wav", "clips/goodbye.mp3"] {
            gathering
                .take(&role, name.into(), name.as_bytes().to_vec())
                .unwrap();
        }
        let gathered = done(gathering).unwrap();
        assert_eq!(gathered.files.len(), 1);
        assert_eq!(gathered.files[0].parts[0].name, "goodbye.wav");
        let told: Vec<String> = gathered.findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "fault: goodbye: clips/goodbye.mp3: goodbye.wav is a file for this clip too; \
              keep one of the two"
            ]
        );
    }

    #[test]
    fn an_upload_of_nothing_is_refused_and_one_of_faults_is_not() {
        let fault = done(Gathering::default()).unwrap_err().to_string();
        assert!(fault.contains("x has no catalogue.toml"), "{fault}");
        let mut gathering = Gathering::default();
        gathering.refuse(
            &Role::of(&["goodbye.wav"]),
            "goodbye.wav".into(),
            "bad",
            "mend",
        );
        assert_eq!(done(gathering).unwrap().findings.len(), 1);
    }

    #[test]
    fn entries_and_octets_are_bounded() {
        let mut gathering = Gathering::default();
        for _ in 0..MAX_ENTRIES {
            gathering.count_entry().unwrap();
        }
        assert!(gathering.count_entry().is_err());
        gathering.count_octets(MAX_TOTAL).unwrap();
        assert!(gathering.count_octets(1).is_err());
        assert!(gathering.count_octets(u64::MAX).is_err());
    }

    #[test]
    fn notes_are_bounded_and_the_rest_counted() {
        let mut gathering = Gathering::default();
        gathering
            .take(&Role::Catalogue, "catalogue.toml".into(), Vec::new())
            .unwrap();
        for n in 0..MAX_NOTES + 7 {
            gathering.note(None, n.to_string(), "x", "y");
        }
        let gathered = done(gathering).unwrap();
        assert_eq!(gathered.findings.len(), MAX_NOTES + 1);
        let last = gathered.findings.last().unwrap().to_string();
        assert!(last.contains("7 more notes"), "{last}");
    }

    #[test]
    fn a_catalogue_names_its_parent() {
        for (text, parent) in [
            ("parent = \"nl\"\n", Some("nl")),
            ("\u{feff}parent = \"acme.nl\"\n", Some("acme.nl")),
            ("parent = 3\n", None),
            ("parent = \"../nl\"\n", None),
            ("[lines]\nparent = \"nl\"\n", None),
            ("parent = \"nl\"\n[[[", Some("nl")),
        ] {
            let mut gathering = Gathering::default();
            gathering
                .take(&Role::Catalogue, "catalogue.toml".into(), text.into())
                .unwrap();
            let found = done(gathering).unwrap().parent.map(|set| set.to_string());
            assert_eq!(found.as_deref(), parent, "{text:?}");
        }
    }

    #[test]
    fn a_catalogue_that_is_no_text_is_a_fault() {
        let mut gathering = Gathering::default();
        gathering
            .take(&Role::Catalogue, "catalogue.toml".into(), vec![0xFF, 0xFE])
            .unwrap();
        let gathered = done(gathering).unwrap();
        assert_eq!(gathered.catalogue, None);
        assert!(gathered.findings[0].what.contains("UTF-8"));
    }

    #[test]
    fn a_read_stops_at_its_bound() {
        assert_eq!(read_bounded(&b"abc"[..], 3).unwrap().unwrap(), b"abc");
        assert_eq!(read_bounded(&b"abcd"[..], 3).unwrap(), None);
        assert_eq!(read_bounded(io::repeat(0), 1_000).unwrap(), None);
    }
}
