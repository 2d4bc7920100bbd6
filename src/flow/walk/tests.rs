//! The walk at work: the laws hold, planted faults are caught, the documents are fresh.
//!
//! The documents in `docs` are written anew by
//! `BELPOST_WRITE_DOCS=1 cargo test --lib flow::walk`.

use super::graph::{Graph, walk};
use super::planted::faults;
use super::print::{self, Card};
use super::{Real, starts};
use crate::flow::Menus;
use std::collections::BTreeSet;
use std::path::Path;

/// The most events that a conversation may need to end by itself.
const LONGEST_SILENCE: usize = 40;

fn walked(name: &str) -> Graph {
    let start = starts().into_iter().find(|s| s.name == name).unwrap();
    walk(&start, &Real).unwrap_or_else(|broken| panic!("{broken:?}"))
}

#[test]
fn every_law_holds_in_every_reachable_state() {
    let (mut nodes, mut pairs, mut silence) = (0, 0, 0);
    for start in starts() {
        let graph = walk(&start, &Real).unwrap_or_else(|broken| panic!("{broken:?}"));
        println!(
            "{}: {} states, {} pairs of state and event, silence ends it in {}",
            start.name, graph.nodes, graph.pairs, graph.silence
        );
        nodes += graph.nodes;
        pairs += graph.pairs;
        silence = silence.max(graph.silence);
    }
    println!("in all: {nodes} states, {pairs} pairs, silence ends each in {silence} events");
    assert!(silence <= LONGEST_SILENCE, "{silence}");
}

#[test]
fn every_planted_fault_is_caught_by_its_law() {
    for fault in faults() {
        let all = starts();
        let start = all.iter().find(|s| s.name == fault.start).unwrap();
        let caught = walk(start, &fault).err();
        assert_eq!(caught.map(|b| b.law), Some(fault.law), "{}", fault.name);
    }
}

#[test]
fn every_choice_has_its_text_in_both_languages() {
    let card = Card::read();
    let mut expected = BTreeSet::new();
    for printed in print::printed(&Menus::default()) {
        let choices = printed.choices.iter().chain(&["title"]);
        for choice in choices {
            for language in ["nl", "en"] {
                let text = card.text(printed.menu, choice, language);
                assert!(text.is_some(), "{} {choice} {language}", printed.menu);
            }
            expected.insert((printed.menu.to_owned(), (*choice).to_owned()));
        }
    }
    assert_eq!(card.entries(), expected);
}

#[test]
fn the_documents_say_what_the_flows_do() {
    let menus = Menus::default();
    let mut deposit = walked("deposit").steps;
    deposit.extend(walked("deposit without room").steps);
    deposit.extend(walked("deposit in a full mailbox").steps);
    let mut portal = walked("portal, two messages").steps;
    portal.extend(walked("portal of an unknown caller").steps);
    portal.extend(walked("portal by e-mail").steps);
    let mut lamp = walked("lamp").steps;
    lamp.extend(walked("lamp of an unknown caller").steps);
    let operator = walked("operator").steps;
    let announcement = walked("announcement").steps;
    let flow = |name, title, steps| print::flow(name, title, steps, &menus);
    let documents = [
        (
            "docs/flows/deposit.md",
            flow("deposit", "Leaving a message", &deposit),
        ),
        (
            "docs/flows/portal.md",
            flow("portal", "The voice portal", &portal),
        ),
        (
            "docs/flows/lamp.md",
            flow("lamp", "Putting the message indicator out", &lamp),
        ),
        (
            "docs/flows/operator.md",
            flow("operator", "Prompts by telephone", &operator),
        ),
        (
            "docs/flows/announcement.md",
            flow(
                "announcement",
                "An announcement, or the last words",
                &announcement,
            ),
        ),
        ("docs/user-card.nl.md", print::card(&menus, "nl")),
        ("docs/user-card.en.md", print::card(&menus, "en")),
        (
            "docs/operator-card.nl.md",
            print::operator_card(&menus, "nl"),
        ),
        (
            "docs/operator-card.en.md",
            print::operator_card(&menus, "en"),
        ),
    ];
    for (path, text) in documents {
        fresh(path, &text);
    }
}

/// Compares a document with its file, or writes it when asked to.
fn fresh(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BELPOST_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let stale = "is stale; write it anew with BELPOST_WRITE_DOCS=1 cargo test --lib flow::walk";
    assert!(written == text, "{path} {stale}");
}
