//! What the studio lets an operator see and hear of a version.

use super::*;
use crate::base::Digit;
use crate::library::testing::{SPAN, draft, tone_of};
use crate::prompt::{MessageKind, Part, Say};

#[test]
fn versions_are_compared_by_what_callers_hear() {
    let (folder, studio) = studio();
    let set = id("acme.de");
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    let goodbye = "goodbye = \"Goodbye.\"";
    assert!(ENGLISH.contains(goodbye));
    let texts = ENGLISH.replace(goodbye, "goodbye = \"So long.\"");
    let material = folder_of(folder.path(), Some(&texts), &[(Line::Goodbye, 1_600.0)]);
    stage(&studio, &upload("acme.de", material));
    let differences = studio
        .differences(&set, VersionId(1), VersionId(2))
        .unwrap();
    let of = |line: Line| differences.iter().find(|d| d.clip == line.into()).unwrap();
    let first = of(Line::Goodbye);
    assert_eq!(first.text_before.as_deref(), Some("goodbye."));
    assert_eq!(first.text_after.as_deref(), Some("So long."));
    assert!(first.sound);
    assert_eq!(
        (&first.source_before, &first.source_after),
        (&Source::Own, &Source::Own)
    );
    let other = of(Line::And);
    assert!(!other.sound, "only its text is another");
    assert_eq!(other.source_after, Source::Parent(id("de")));
    let from_nothing = studio
        .differences(&set, VersionId(0), VersionId(1))
        .unwrap();
    assert_eq!(from_nothing.len(), 1);
    assert_eq!(
        (&from_nothing[0].text_before, from_nothing[0].sound),
        (&None, true)
    );
    assert_eq!(
        studio
            .differences(&set, VersionId(2), VersionId(2))
            .unwrap(),
        []
    );
}

#[test]
fn clips_that_are_compiled_in_are_heard_and_listed_with_their_length() {
    let (_folder, studio) = studio();
    let set = id("nl");
    let heard = studio
        .clip(&set, VersionId(0), &Line::Goodbye.into())
        .unwrap();
    let detail = studio.version(&set, VersionId(0)).unwrap();
    assert_eq!(detail.summary, None);
    let goodbye = detail
        .clips
        .iter()
        .find(|c| c.clip == Line::Goodbye.into())
        .unwrap();
    assert_eq!(
        (goodbye.length, &goodbye.source),
        (heard.duration(), &Source::BuiltIn)
    );
    assert_eq!(goodbye.text, "Tot ziens.");
    let numbers: Vec<u32> = detail.clips.iter().map(|clip| clip.number).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u32));
    let no_clip = studio.clip(&set, VersionId(0), &ClipId::parse("no-such").unwrap());
    assert!(matches!(fault(no_clip), StudioFault::NoClip(..)));
}

#[test]
fn phrases_are_heard_as_a_caller_would() {
    let (_folder, studio) = studio();
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    let say = |phrases: &[Phrase]| studio.say(&id("acme.de"), VersionId(1), phrases).unwrap();
    let samples = |span: Duration| (span.as_millis() * 16) as usize;
    let own = studio
        .clip(&id("acme.de"), VersionId(1), &Line::Goodbye.into())
        .unwrap();
    let said = say(&[Phrase::Line(Line::Goodbye), Phrase::Line(Line::And)]);
    let pause = samples(Duration::from_millis(250));
    assert_eq!(
        said.samples.len(),
        own.samples.len() + pause + samples(SPAN)
    );
    assert_eq!(said.samples[..own.samples.len()], own.samples);
    let messages = say(&[Phrase::Say(Say::Messages(MessageKind::New, 21))]);
    assert_eq!(messages.samples.len(), 2 * samples(SPAN));
    let choice = say(&[Phrase::Choice(Line::GoBack, Digit::Star), Phrase::Beep]);
    let beep = tone::beep(16_000).samples.len();
    assert_eq!(choice.samples.len(), 2 * samples(SPAN) + beep);
    let in_dutch = Phrase::In(
        Language::parse("nl").unwrap(),
        Box::new(Phrase::Line(Line::Goodbye)),
    );
    let dutch = studio
        .clip(&id("nl"), VersionId(0), &Line::Goodbye.into())
        .unwrap();
    assert_eq!(say(&[in_dutch]), dutch);
    let own_tongue = Phrase::In(
        Language::parse("de").unwrap(),
        Box::new(Phrase::Line(Line::Goodbye)),
    );
    assert_eq!(say(&[own_tongue]), own, "a version tried out says itself");
}

#[test]
fn examples_are_told_in_the_texts_of_the_version_with_numbers_filled_in() {
    let (_folder, studio) = studio();
    let view = studio.view().unwrap();
    let dutch = view.effective(&id("nl"), VersionId(0)).unwrap();
    let place = Place {
        name: "a place",
        sentences: vec![
            vec![Part::Line(Line::YouHave), Part::Messages(MessageKind::New)],
            vec![Part::Line(Line::EnvelopeReceived), Part::When, Part::Beep],
            vec![Part::Choice(Line::GoBack, Digit::Star)],
        ],
    };
    let examples = crate::library::studio::hearing::examples(&[place], &dutch, &view).unwrap();
    let texts: Vec<_> = examples.iter().map(|e| e.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "U heeft eenentwintig nieuwe berichten",
            "Ontvangen zaterdag eenentwintig november om veertien uur vijf [beep]",
            "Om terug te gaan, toets sterretje."
        ]
    );
    assert!(examples.iter().all(|example| example.place == "a place"));
    let all = studio.examples(&id("de"), VersionId(1)).unwrap();
    assert!(
        all.len() > 20
            && all
                .iter()
                .all(|e| !e.text.contains('[') || e.text.contains("[beep]"))
    );
}

#[test]
fn a_damaged_clip_is_told_and_not_played() {
    let (folder, studio) = studio();
    put(
        &folder.path().join("store"),
        "acme.de",
        draft(&[(Line::And.into(), 900.0)]),
    );
    let path = folder
        .path()
        .join("store/sets/acme.de/000001/clips/and.flac");
    let mut octets = fs::read(&path).unwrap();
    octets[60] ^= 1;
    fs::write(&path, octets).unwrap();
    let refused = fault(studio.clip(&id("acme.de"), VersionId(1), &Line::And.into()));
    assert!(
        refused.to_string().contains("and.flac is damaged"),
        "{refused}"
    );
    assert_eq!(tone_of(900.0).rate, 16_000);
}
#[test]
fn every_set_is_listed_with_its_versions_the_newest_first() {
    let (_folder, studio) = studio();
    in_use(&studio, "acme.de", Line::Goodbye, 1_000.0);
    let mut second = upload("acme.de", a_clip(Line::And, 1_300.0));
    second.note = "  by Jan\u{7}\nand more  ".to_owned();
    stage(&studio, &second);
    let sets = studio.sets().unwrap();
    let names: Vec<_> = sets
        .iter()
        .map(|s| (s.set.to_string(), s.built_in))
        .collect();
    let expected = [
        ("de", false),
        ("en", true),
        ("nl", true),
        ("acme.de", false),
    ];
    assert_eq!(
        names,
        expected.map(|(set, built_in)| (set.to_owned(), built_in))
    );
    let acme = &sets[3];
    assert_eq!(
        (acme.active, acme.before),
        (VersionId(1), Some(VersionId(0)))
    );
    let numbers: Vec<_> = acme
        .versions
        .iter()
        .map(|v| (v.version.0, v.active))
        .collect();
    assert_eq!(numbers, [(2, false), (1, true)]);
    let newest = &acme.versions[0];
    assert_eq!((newest.note.as_str(), newest.own), ("by Jan", 1));
    assert_eq!(newest.origin, Origin::Clip(Line::And.into()));
    assert_eq!(newest.parent, Some(id("de")));
    assert_eq!(newest.inherited, whole().clips.len() - 1);
}
