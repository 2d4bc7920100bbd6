//! The flow documents, printed from the walk, the menus and the words of the cards.

use super::graph::{By, Step};
use crate::base::Digit;
use crate::flow::card::{Card, FIGURES, printed};
use crate::flow::{Choice, LanguageChoice, Menus};
use crate::prompt::Grammar;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The document of a flow: what can lead where, and what the keys do.
pub(super) fn flow(name: &str, title: &str, steps: &BTreeSet<Step>, menus: &Menus) -> String {
    let own: Vec<&Step> = steps.iter().filter(|s| s.from.starts_with(name)).collect();
    let mut out = format!(
        "# {title}\n\nPrinted from the walk over every reachable state; do not edit. A hang-up ends \
         the conversation\nfrom every state, and so does the closing down of the server, with words \
         to that effect.\nSteps that lead back to their own state are left out of the diagram.\n\n"
    );
    diagram(name, &own, menus, &mut out);
    let states: BTreeSet<&str> = own.iter().map(|s| s.from).collect();
    for state in states {
        keys_of_state(name, state, &own, menus, &mut out);
    }
    out
}

fn diagram(name: &str, own: &[&Step], menus: &Menus, out: &mut String) {
    let mut arrows: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    for step in own.iter().filter(|s| s.from != s.to) {
        let arrow = arrows.entry((step.from, step.to)).or_default();
        arrow.insert(label(step, menus));
    }
    out.push_str("```mermaid\nstateDiagram-v2\n");
    for ((from, to), by) in &arrows {
        let labels: Vec<_> = by.iter().map(String::as_str).collect();
        let (from, to) = (id(name, from), id(name, to));
        writeln!(out, "    {from} --> {to} : {}", labels.join(", ")).unwrap();
    }
    out.push_str("```\n");
}

/// The table of the keys that mean something in a state.
fn keys_of_state(name: &str, state: &str, own: &[&Step], menus: &Menus, out: &mut String) {
    let Some(menu) = menu_of(state) else {
        return;
    };
    let texts = Card::of(Grammar::English);
    let heading = short(name, state);
    write!(
        out,
        "\n## Keys in {heading}\n\n| key | choice | leads to |\n| --- | --- | --- |\n"
    )
    .unwrap();
    if let Some(text) = texts.text(menu, FIGURES) {
        let to = match (menu, name) {
            (LanguageChoice::MENU, _) => "switching",
            (_, "feature") => "storing",
            _ => "forward storing",
        };
        writeln!(out, "| `1` – `9` | {text} | {to} |").unwrap();
    }
    for (digit, choice) in keys(menu, menus) {
        let text = texts.text(menu, choice).unwrap();
        let steps = own
            .iter()
            .filter(|s| s.from == state && s.by == By::Key(digit));
        let mut to: Vec<_> = steps.map(|s| short(name, s.to)).collect();
        if to.is_empty() {
            to.push(heading.clone());
        }
        writeln!(out, "| `{digit}` | {text} | {} |", to.join(", ")).unwrap();
    }
}

fn keys(menu: &str, menus: &Menus) -> Vec<(Digit, &'static str)> {
    let printed = printed(menus).into_iter().find(|p| p.menu == menu);
    printed.map(|p| p.keys).unwrap_or_default()
}

/// The menu whose keys work in a state.
fn menu_of(state: &str) -> Option<&'static str> {
    Some(match state {
        "deposit.greeting" => "greeting",
        "deposit.recording" | "operator.recording" | "portal.recording" => "recording",
        "deposit.review" | "deposit.listening" => "review",
        "portal.main" => "main",
        "portal.voicemail" => "voicemail",
        "portal.intro" | "portal.playing" | "portal.paused" | "portal.hearing" => "playing",
        "portal.between" => "between",
        "portal.forwarding" => "forwarding",
        "portal.forward" => "forward",
        "portal.destination" => "destination",
        "portal.rings" | "feature.rings" => "rings",
        "portal.services" => "services",
        "portal.service" => "service",
        "feature.call-return" => "call-return",
        "portal.greetings" => "greetings",
        "portal.own-recording" => "own-recording",
        "portal.away" => "away",
        "portal.language" | "operator.languages" => "language",
        "operator.main" => "operator",
        "operator.clip" => "clip",
        "operator.review" | "operator.listening" | "portal.review" | "portal.listening" => {
            "clip-review"
        }
        "operator.sentences" => "sentences",
        _ => return None,
    })
}

/// A state by its name, with its flow where that is another.
fn short(flow: &str, state: &str) -> String {
    let own = state.strip_prefix(flow).and_then(|s| s.strip_prefix('.'));
    let last = state.strip_prefix("announcement.");
    own.or(last).unwrap_or(state).replace('-', " ")
}

/// A state as the diagram language names it.
fn id(flow: &str, state: &str) -> String {
    match state {
        "ended" => "[*]".to_owned(),
        _ => short(flow, state).replace(['.', ' '], "_"),
    }
}

/// A label; the diagram language has its own use for the hash sign.
fn label(step: &Step, menus: &Menus) -> String {
    let key = match step.by {
        By::Key(key) => key,
        By::Word(word) => return word.to_owned(),
    };
    if step.to == "portal.switching" {
        return "a language".to_owned();
    }
    let menu = menu_of(step.from);
    let mapped = menu.is_none_or(|m| keys(m, menus).iter().any(|(k, _)| *k == key));
    match key {
        _ if !mapped => "a wrong key".to_owned(),
        Digit::Pound => "hash".to_owned(),
        Digit::Star => "star".to_owned(),
        key => key.to_string(),
    }
}
