//! What compiling a prompt set found: every fault with its clip, text and remedy.

use super::{ClipId, SetId, VersionId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a set came out of the compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The set.
    pub set: SetId,
    /// The version, once it has a number.
    pub version: Option<VersionId>,
    /// Clips the set has itself.
    pub own: usize,
    /// Clips it takes from its parent.
    pub inherited: usize,
    /// Clips nobody has.
    pub missing: usize,
    /// Sentences that were tried, each way of filling in numbers, dates and keys counted once.
    pub sentences: usize,
    /// How each menu and announcement is covered, in the order of a call.
    pub places: Vec<Coverage>,
    /// Everything found, faults first.
    pub findings: Vec<Finding>,
}

/// How one menu or announcement is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Its name.
    pub place: String,
    /// Clips its sentences can need.
    pub needed: usize,
    /// Those the set has itself.
    pub own: usize,
    /// Those it takes from its parent.
    pub inherited: usize,
    /// Those nobody has.
    pub missing: Vec<ClipId>,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The clip, where it is about one.
    pub clip: Option<ClipId>,
    /// What the clip says, where that is known.
    pub text: Option<String>,
    /// The file, as the upload named it.
    pub file: Option<String>,
    /// What was found, a sentence without its full stop.
    pub what: String,
    /// What to do about it, likewise.
    pub remedy: Remedy,
}

/// What to do about a finding.
pub type Remedy = String;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The version cannot be activated.
    Fault,
    /// Worth knowing; nothing is kept from working.
    Note,
}

impl Report {
    /// Whether the version may be activated: nothing is missing and nothing is faulty.
    pub fn is_clean(&self) -> bool {
        self.missing == 0 && self.faults().next().is_none()
    }

    /// The findings that keep the version from being activated.
    pub fn faults(&self) -> impl Iterator<Item = &Finding> {
        let faults = self.findings.iter();
        faults.filter(|finding| finding.severity == Severity::Fault)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.severity {
            Severity::Fault => f.write_str("fault: ")?,
            Severity::Note => f.write_str("note:  ")?,
        }
        if let Some(clip) = &self.clip {
            write!(f, "{clip}: ")?;
        }
        if let Some(text) = &self.text {
            write!(f, "\u{201c}{text}\u{201d}: ")?;
        }
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

/// The report for people: the findings, then how each place is covered.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self
            .version
            .map(|v| format!(" version {v}"))
            .unwrap_or_default();
        let verdict = if self.is_clean() {
            "can be activated"
        } else {
            "cannot be activated"
        };
        writeln!(f, "prompt set {}{version} {verdict}", self.set)?;
        writeln!(
            f,
            "clips: {} own, {} of the parent, {} missing; {} sentences tried; {}, {}",
            self.own,
            self.inherited,
            self.missing,
            self.sentences,
            counted(self.faults().count(), "fault"),
            counted(self.findings.len() - self.faults().count(), "note"),
        )?;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        for place in &self.places {
            writeln!(
                f,
                "{:<32} {:>4} needed {:>4} own {:>4} of the parent {:>4} missing",
                place.place,
                place.needed,
                place.own,
                place.inherited,
                place.missing.len()
            )?;
        }
        Ok(())
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_first_whether_its_version_can_be_used_and_then_why_not() {
        let finding = Finding {
            severity: Severity::Fault,
            clip: ClipId::parse("goodbye"),
            text: Some("Tot ziens.".to_owned()),
            file: Some("goodbye.wav".to_owned()),
            what: "the recording is silent".to_owned(),
            remedy: "record it again".to_owned(),
        };
        let report = Report {
            set: "nl".parse().unwrap(),
            version: Some(VersionId(2)),
            own: 1,
            inherited: 9,
            missing: 0,
            sentences: 12,
            places: Vec::new(),
            findings: vec![finding],
        };
        assert!(!report.is_clean());
        assert_eq!(
            report.to_string(),
            "prompt set nl version 2 cannot be activated\n\
             clips: 1 own, 9 of the parent, 0 missing; 12 sentences tried; 1 fault, 0 notes\n\
             fault: goodbye: \u{201c}Tot ziens.\u{201d}: goodbye.wav: the recording is silent; \
             record it again\n"
        );
    }
}
