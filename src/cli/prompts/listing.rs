//! What there is, for people and for programs: sets, clips, differences, example sentences.

use crate::cli::fault::CliFault;
use crate::cli::table::{safe, table};
use crate::cli::{print, print_json};
use crate::library::studio::{
    ClipDetail, Difference, Example, Origin, SetSummary, Source, VersionDetail, VersionSummary,
};
use crate::prompt::VersionId;
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// An example sentence as JSON.
#[derive(Serialize)]
struct ExampleRow<'a> {
    number: usize,
    place: &'a str,
    text: &'a str,
}

/// Every set with its versions.
pub(super) fn print_sets(
    sets: &[SetSummary],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    if json {
        return print_json(&sets, out);
    }
    let rows: Vec<Vec<String>> = sets.iter().flat_map(set_rows).collect();
    let headings = [
        "SET", "VERSION", "STATE", "OWN", "PARENT'S", "MISSING", "FAULTS", "CREATED", "FROM",
        "NOTE",
    ];
    print(&table(&headings, &rows), out)
}

/// Every clip of a version.
pub(super) fn print_clips(
    version: &VersionDetail,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    if json {
        return print_json(version, out);
    }
    let rows: Vec<Vec<String>> = version.clips.iter().map(clip_cells).collect();
    print(
        &table(&["NUMBER", "CLIP", "LENGTH", "SOUND", "TEXT"], &rows),
        out,
    )
}

/// What callers hear otherwise.
pub(super) fn print_differences(
    differences: &[Difference],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    if json {
        return print_json(&differences, out);
    }
    if differences.is_empty() {
        return print("Callers hear the same.\n", out);
    }
    let rows: Vec<Vec<String>> = differences.iter().map(difference_cells).collect();
    let headings = ["CLIP", "SOUND", "BEFORE", "AFTER", "TEXT"];
    print(&table(&headings, &rows), out)
}

/// The example sentences, numbered from 1.
pub(super) fn print_examples(
    examples: &[Example],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let numbered = examples.iter().zip(1..);
    if json {
        let rows: Vec<ExampleRow<'_>> = numbered
            .map(|(example, number)| ExampleRow {
                number,
                place: &example.place,
                text: &example.text,
            })
            .collect();
        return print_json(&rows, out);
    }
    let rows: Vec<Vec<String>> = numbered
        .map(|(example, number)| {
            vec![
                number.to_string(),
                safe(&example.place),
                safe(&example.text),
            ]
        })
        .collect();
    print(&table(&["NUMBER", "PLACE", "WHAT IS HEARD"], &rows), out)
}

/// The versions, the newest first, and below them what they are laid over.
fn set_rows(set: &SetSummary) -> Vec<Vec<String>> {
    let dash = || "-".to_owned();
    let mut below = vec![
        set.set.to_string(),
        "0".to_owned(),
        state(set, VersionId(0), 0, 0).to_owned(),
    ];
    below.extend([dash(), dash(), dash(), dash(), dash()]);
    below.push(if set.built_in {
        "built in".to_owned()
    } else {
        "parent".to_owned()
    });
    below.push(String::new());
    let versions = set
        .versions
        .iter()
        .map(|version| version_cells(set, version));
    versions.chain([below]).collect()
}

fn version_cells(set: &SetSummary, version: &VersionSummary) -> Vec<String> {
    let state = state(set, version.version, version.faults, version.missing);
    let parent = version.parent.as_ref().filter(|_| version.inherited > 0);
    let inherited = parent.map_or_else(
        || version.inherited.to_string(),
        |parent| format!("{} of {parent}", version.inherited),
    );
    vec![
        set.set.to_string(),
        version.version.to_string(),
        state.to_owned(),
        version.own.to_string(),
        inherited,
        version.missing.to_string(),
        version.faults.to_string(),
        format!("{:.0}", version.created),
        safe(&origin(&version.origin)),
        safe(&version.note),
    ]
}

fn state(set: &SetSummary, version: VersionId, faults: usize, missing: usize) -> &'static str {
    if set.active == version {
        "in use"
    } else if set.before == Some(version) {
        "before"
    } else if faults > 0 || missing > 0 {
        "faulty"
    } else {
        "ready"
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Folder(name) => format!("folder {name}"),
        Origin::Zip(name) => format!("archive {name}"),
        Origin::Clip(clip) => format!("{clip} replaced"),
        Origin::Dropped(clip) => format!("{clip} dropped"),
        Origin::Tree(mapping) => format!("{mapping} tree"),
    }
}

fn clip_cells(clip: &ClipDetail) -> Vec<String> {
    vec![
        clip.number.to_string(),
        clip.clip.to_string(),
        seconds(clip.length),
        source(&clip.source),
        safe(&clip.text),
    ]
}

/// A length as people compare them; clips are short.
fn seconds(length: Duration) -> String {
    if length.is_zero() {
        return "-".to_owned();
    }
    format!("{:.1} s", length.as_secs_f64())
}

fn source(source: &Source) -> String {
    match source {
        Source::Own => "own".to_owned(),
        Source::Parent(set) => format!("of {set}"),
        Source::BuiltIn => "built in".to_owned(),
        Source::Missing => "missing".to_owned(),
    }
}

fn difference_cells(difference: &Difference) -> Vec<String> {
    let text = match (&difference.text_before, &difference.text_after) {
        (None, None) => String::new(),
        (None, Some(after)) => format!("now \u{201c}{after}\u{201d}"),
        (Some(before), None) => format!("no longer \u{201c}{before}\u{201d}"),
        (Some(before), Some(after)) => {
            format!("\u{201c}{before}\u{201d}, now \u{201c}{after}\u{201d}")
        }
    };
    let sound = if difference.sound { "other" } else { "same" };
    vec![
        difference.clip.to_string(),
        sound.to_owned(),
        source(&difference.source_before),
        source(&difference.source_after),
        safe(&text),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::prompt::{ClipId, SetId};
    use serde_json::Value;

    fn set(name: &str) -> SetId {
        name.parse().unwrap()
    }

    fn printed(print: impl Fn(&mut dyn Write) -> Result<(), CliFault>) -> String {
        let mut out = Vec::new();
        print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn version(number: u32, faults: usize) -> VersionSummary {
        VersionSummary {
            version: VersionId(number),
            created: Timestamp::UNIX_EPOCH,
            origin: Origin::Folder("Anna\u{1b}".into()),
            note: "first try".into(),
            parent: Some(set("nl")),
            own: 12,
            inherited: 326,
            missing: 0,
            faults,
            notes: 0,
            active: number == 2,
        }
    }

    fn sets() -> Vec<SetSummary> {
        vec![
            SetSummary {
                set: set("acme.nl"),
                built_in: false,
                active: VersionId(2),
                before: Some(VersionId(0)),
                versions: vec![version(3, 1), version(2, 0), version(1, 0)],
            },
            SetSummary {
                set: set("en"),
                built_in: true,
                active: VersionId(0),
                before: None,
                versions: Vec::new(),
            },
        ]
    }

    #[test]
    fn sets_are_listed_with_what_is_in_use_and_what_was_before() {
        let text = printed(|out| print_sets(&sets(), false, out));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        let expected = [
            "SET      VERSION  STATE   OWN  PARENT'S   MISSING  FAULTS  CREATED               FROM          NOTE",
            "acme.nl  3        faulty  12   326 of nl  0        1       1970-01-01T00:00:00Z  folder Anna?  first try",
            "acme.nl  2        in use  12   326 of nl  0        0       1970-01-01T00:00:00Z  folder Anna?  first try",
            "acme.nl  1        ready   12   326 of nl  0        0       1970-01-01T00:00:00Z  folder Anna?  first try",
            "acme.nl  0        before  -    -          -        -       -                     parent",
            "en       0        in use  -    -          -        -       -                     built in",
        ];
        assert_eq!(lines, expected);
        let rows: Value =
            serde_json::from_str(&printed(|out| print_sets(&sets(), true, out))).unwrap();
        assert_eq!(rows[0]["active"], 2);
        assert_eq!(rows[0]["versions"][0]["faults"], 1);
        assert_eq!(rows[1]["set"], "en");
    }

    #[test]
    fn clips_are_listed_with_number_length_source_and_text() {
        let clip = |name, number, source, ms| ClipDetail {
            clip: ClipId::parse(name).unwrap(),
            number,
            text: "Tot ziens.\n".into(),
            source,
            length: Duration::from_millis(ms),
        };
        let detail = VersionDetail {
            set: set("acme.nl"),
            summary: None,
            clips: vec![
                clip("goodbye", 1, Source::Own, 1_240),
                clip("and", 2, Source::Parent(set("nl")), 400),
                clip("you-have", 3, Source::Missing, 0),
            ],
        };
        let text = printed(|out| print_clips(&detail, false, out));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "1       goodbye   1.2 s   own      Tot ziens.?");
        assert_eq!(lines[2], "2       and       0.4 s   of nl    Tot ziens.?");
        assert_eq!(lines[3], "3       you-have  -       missing  Tot ziens.?");
        let json: Value =
            serde_json::from_str(&printed(|out| print_clips(&detail, true, out))).unwrap();
        assert_eq!(json["clips"][0]["ms"], 1_240);
        assert_eq!(json["clips"][1]["source"]["parent"], "nl");
    }

    #[test]
    fn differences_tell_sound_source_and_text() {
        assert_eq!(
            printed(|out| print_differences(&[], false, out)),
            "Callers hear the same.\n"
        );
        let difference = |before: Option<&str>, after: Option<&str>, sound| Difference {
            clip: ClipId::parse("goodbye").unwrap(),
            text_before: before.map(str::to_owned),
            text_after: after.map(str::to_owned),
            sound,
            source_before: Source::BuiltIn,
            source_after: Source::Own,
        };
        let all = [
            difference(None, None, true),
            difference(Some("Dag."), Some("Tot ziens."), false),
        ];
        let text = printed(|out| print_differences(&all, false, out));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "goodbye  other  built in  own");
        assert_eq!(
            lines[2],
            "goodbye  same   built in  own    \u{201c}Dag.\u{201d}, now \u{201c}Tot ziens.\u{201d}"
        );
    }

    #[test]
    fn example_sentences_are_numbered_from_one() {
        let examples = [Example {
            place: "main menu".into(),
            text: "For voicemail, press one.".into(),
            phrases: Vec::new(),
        }];
        let text = printed(|out| print_examples(&examples, false, out));
        assert!(
            text.ends_with("\n1       main menu  For voicemail, press one.\n"),
            "{text}"
        );
        let json = printed(|out| print_examples(&examples, true, out));
        let rows: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(rows[0]["number"], 1);
    }
}
