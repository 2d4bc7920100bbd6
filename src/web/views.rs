//! What the programming interface says: the answers as they are written, apart from the types of
//! the library so that these may change and the interface not.
//!
//! In: the studio's words. Out: values that serialise, each with its schema in the OpenAPI
//! document; the docstrings here are the descriptions there. Law: nothing here names a file or
//! folder of the server.

use super::tokens::Operator;
use crate::library::studio::{
    ClipDetail, Difference, Example, Origin, SetSummary, Source, VersionDetail, VersionSummary,
};
use crate::prompt::{Coverage, Finding, Report, Severity};
use serde::Serialize;
use utoipa::ToSchema;

/// All sets this token may see.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SetsView {
    /// Whose token it is.
    pub(super) operator: String,
    /// The tenant whose sets the token is for; without one it is for all.
    pub(super) tenant: Option<String>,
    /// The most octets of an uploaded archive.
    pub(super) max_upload: u64,
    /// The most octets of one uploaded recording.
    pub(super) max_recording: u64,
    /// The sets, by name.
    pub(super) sets: Vec<SetView>,
}

/// One set.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SetView {
    /// Its name: a language, or TENANT.LANGUAGE.
    #[schema(example = "nl")]
    set: String,
    /// Whether the program comes with one.
    built_in: bool,
    /// The version in use; 0 is what is below all versions.
    active: u32,
    /// The version a roll-back leads to.
    before: Option<u32>,
    /// Its versions, the newest first.
    versions: Vec<VersionView>,
}

/// One version in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionView {
    /// Its number.
    version: u32,
    /// When it was staged (RFC 3339).
    #[schema(format = DateTime)]
    created: String,
    /// How it came in.
    origin: OriginView,
    /// A word about it, and who staged it.
    note: String,
    /// Whose clips stand in for missing ones.
    parent: Option<String>,
    /// Clips of its own.
    own: usize,
    /// Clips of its parent.
    inherited: usize,
    /// Clips nobody has.
    missing: usize,
    /// Findings that keep it from being activated.
    faults: usize,
    /// Other findings.
    notes: usize,
    /// Whether it is in use.
    active: bool,
    /// Whether it can be activated: no faults, nothing missing.
    clean: bool,
}

/// How a version came in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OriginView {
    /// Of what kind.
    kind: OriginKind,
    /// The name of the folder, archive or mapping, or of the clip.
    name: String,
}

/// What a version was made of.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum OriginKind {
    /// A folder.
    Folder,
    /// A zip archive.
    Zip,
    /// One clip was replaced.
    Clip,
    /// One clip was dropped.
    Dropped,
    /// A sound tree of another system.
    Tree,
}

/// One version with all its clips.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionDetailView {
    /// The set.
    set: String,
    /// Its line in the list; version 0 has none.
    summary: Option<VersionView>,
    /// Every clip the set can need, by number.
    clips: Vec<ClipView>,
}

/// One clip of a version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClipView {
    /// Its name.
    #[schema(example = "main-menu")]
    clip: String,
    /// Its number by telephone.
    number: u32,
    /// What it says.
    text: String,
    /// Where its sound comes from.
    source: SourceView,
    /// How long it plays, in ms; 0 where it is missing.
    ms: u64,
}

/// Where the sound of a clip comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceView {
    /// Of what kind.
    kind: SourceKind,
    /// The parent set, where it is that.
    set: Option<String>,
}

/// Who has the sound of a clip.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SourceKind {
    /// The version itself.
    Own,
    /// The parent.
    Parent,
    /// The program.
    BuiltIn,
    /// Nobody.
    Missing,
}

/// What compiling a version found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportView {
    /// The set.
    set: String,
    /// The version.
    version: Option<u32>,
    /// Whether it can be activated.
    clean: bool,
    /// Clips of its own.
    own: usize,
    /// Clips of its parent.
    inherited: usize,
    /// Clips nobody has.
    missing: usize,
    /// Sentences that were tried.
    sentences: usize,
    /// How each menu and announcement is covered, in the order of a call.
    places: Vec<CoverageView>,
    /// Everything found, faults first.
    findings: Vec<FindingView>,
}

/// How one menu or announcement is covered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CoverageView {
    /// Its name.
    place: String,
    /// Clips its sentences can need.
    needed: usize,
    /// Those the set has itself.
    own: usize,
    /// Those it takes from its parent.
    inherited: usize,
    /// Those nobody has.
    missing: Vec<String>,
}

/// One thing found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FindingView {
    /// How bad it is.
    severity: SeverityView,
    /// The clip, where it is about one.
    clip: Option<String>,
    /// What the clip says.
    text: Option<String>,
    /// The file, as the upload named it.
    file: Option<String>,
    /// What was found.
    what: String,
    /// What to do about it.
    remedy: String,
}

/// How bad a finding is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SeverityView {
    /// The version cannot be activated.
    Fault,
    /// Worth knowing.
    Note,
}

/// What differs between two versions as callers hear them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DifferencesView {
    /// The set.
    set: String,
    /// The version before.
    from: u32,
    /// The version after.
    to: u32,
    /// The clips that differ.
    differences: Vec<DifferenceView>,
}

/// What differs in one clip.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DifferenceView {
    /// The clip.
    clip: String,
    /// Its text before, where that differs.
    text_before: Option<String>,
    /// Its text after, likewise.
    text_after: Option<String>,
    /// Whether it sounds different.
    sound: bool,
    /// Where its sound came from before.
    source_before: SourceView,
    /// Where it comes from after.
    source_after: SourceView,
}

/// A sentence to try a version out with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExampleView {
    /// Its number, for its sound.
    example: usize,
    /// Where in a call it is heard.
    #[schema(example = "main menu")]
    place: String,
    /// What is heard, in words.
    text: String,
}

/// Example sentences of a version.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExamplesView {
    /// The sentences, in the order of a call.
    examples: Vec<ExampleView>,
}

/// What is in use now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InUseView {
    /// The set.
    pub(super) set: String,
    /// The version in use; 0 is what is below all versions.
    pub(super) active: u32,
}

impl SetsView {
    pub(super) fn of(operator: &Operator, max: (u64, u64), sets: Vec<SetSummary>) -> SetsView {
        let tenant = operator.tenant.as_ref().map(ToString::to_string);
        SetsView {
            operator: operator.name.clone(),
            tenant,
            max_upload: max.0,
            max_recording: max.1,
            sets: sets.into_iter().map(SetView::from).collect(),
        }
    }
}

impl From<SetSummary> for SetView {
    fn from(set: SetSummary) -> SetView {
        SetView {
            set: set.set.to_string(),
            built_in: set.built_in,
            active: set.active.0,
            before: set.before.map(|version| version.0),
            versions: set.versions.into_iter().map(VersionView::from).collect(),
        }
    }
}

impl From<VersionSummary> for VersionView {
    fn from(version: VersionSummary) -> VersionView {
        VersionView {
            version: version.version.0,
            created: version.created.to_string(),
            origin: version.origin.into(),
            note: version.note,
            parent: version.parent.map(|set| set.to_string()),
            own: version.own,
            inherited: version.inherited,
            missing: version.missing,
            faults: version.faults,
            notes: version.notes,
            active: version.active,
            clean: version.faults == 0 && version.missing == 0,
        }
    }
}

impl From<Origin> for OriginView {
    fn from(origin: Origin) -> OriginView {
        let (kind, name) = match origin {
            Origin::Folder(name) => (OriginKind::Folder, name),
            Origin::Zip(name) => (OriginKind::Zip, name),
            Origin::Clip(clip) => (OriginKind::Clip, clip.to_string()),
            Origin::Dropped(clip) => (OriginKind::Dropped, clip.to_string()),
            Origin::Tree(name) => (OriginKind::Tree, name),
        };
        OriginView { kind, name }
    }
}

impl From<VersionDetail> for VersionDetailView {
    fn from(version: VersionDetail) -> VersionDetailView {
        VersionDetailView {
            set: version.set.to_string(),
            summary: version.summary.map(VersionView::from),
            clips: version.clips.into_iter().map(ClipView::from).collect(),
        }
    }
}

impl From<ClipDetail> for ClipView {
    fn from(clip: ClipDetail) -> ClipView {
        ClipView {
            clip: clip.clip.to_string(),
            number: clip.number,
            text: clip.text,
            source: clip.source.into(),
            ms: clip.length.as_millis() as u64,
        }
    }
}

impl From<Source> for SourceView {
    fn from(source: Source) -> SourceView {
        let (kind, set) = match source {
            Source::Own => (SourceKind::Own, None),
            Source::Parent(set) => (SourceKind::Parent, Some(set.to_string())),
            Source::BuiltIn => (SourceKind::BuiltIn, None),
            Source::Missing => (SourceKind::Missing, None),
        };
        SourceView { kind, set }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> ReportView {
        ReportView {
            clean: report.is_clean(),
            set: report.set.to_string(),
            version: report.version.map(|version| version.0),
            own: report.own,
            inherited: report.inherited,
            missing: report.missing,
            sentences: report.sentences,
            places: report.places.into_iter().map(CoverageView::from).collect(),
            findings: report.findings.into_iter().map(FindingView::from).collect(),
        }
    }
}

impl From<Coverage> for CoverageView {
    fn from(place: Coverage) -> CoverageView {
        CoverageView {
            place: place.place,
            needed: place.needed,
            own: place.own,
            inherited: place.inherited,
            missing: place.missing.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> FindingView {
        FindingView {
            severity: match finding.severity {
                Severity::Fault => SeverityView::Fault,
                Severity::Note => SeverityView::Note,
            },
            clip: finding.clip.map(|clip| clip.to_string()),
            text: finding.text,
            file: finding.file,
            what: finding.what,
            remedy: finding.remedy,
        }
    }
}

impl DifferencesView {
    pub(super) fn of(set: String, from: u32, to: u32, all: Vec<Difference>) -> DifferencesView {
        DifferencesView {
            set,
            from,
            to,
            differences: all.into_iter().map(DifferenceView::from).collect(),
        }
    }
}

impl From<Difference> for DifferenceView {
    fn from(difference: Difference) -> DifferenceView {
        DifferenceView {
            clip: difference.clip.to_string(),
            text_before: difference.text_before,
            text_after: difference.text_after,
            sound: difference.sound,
            source_before: difference.source_before.into(),
            source_after: difference.source_after.into(),
        }
    }
}

impl ExamplesView {
    pub(super) fn of(examples: Vec<Example>) -> ExamplesView {
        let views = examples.into_iter().enumerate();
        let views = views.map(|(example, Example { place, text, .. })| ExampleView {
            example,
            place,
            text,
        });
        ExamplesView {
            examples: views.collect(),
        }
    }
}
