//! The flow documents and the user card, printed from the walk, the menus and `card.toml`.

use super::graph::{By, Step};
use crate::base::Digit;
use crate::flow::{
    AwayChoice, BetweenChoice, Choice, ClipChoice, ClipReviewChoice, ConditionChoice,
    DestinationChoice, ForwardingChoice, GreetingChoice, GreetingsChoice, LanguageChoice,
    MainChoice, Menu, Menus, OperatorChoice, OwnRecordingChoice, PlayingChoice, RecordingChoice,
    ReviewChoice, RingsChoice, SentencesChoice, VoicemailChoice,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The texts of the card.
pub(super) struct Card(toml::Table);

/// One menu as printed: its name, and the keys with the names of their choices.
pub(super) struct Printed {
    pub(super) menu: &'static str,
    pub(super) keys: Vec<(Digit, &'static str)>,
    pub(super) choices: Vec<&'static str>,
}

impl Card {
    pub(super) fn read() -> Card {
        Card(include_str!("../card.toml").parse().unwrap())
    }

    /// The text of a choice, or the title of a menu, in a language; `None` when it is missing.
    pub(super) fn text(&self, menu: &str, choice: &str, language: &str) -> Option<&str> {
        self.0.get(menu)?.get(choice)?.get(language)?.as_str()
    }

    /// Every menu and choice written.
    pub(super) fn entries(&self) -> BTreeSet<(String, String)> {
        let menus = self.0.iter();
        menus
            .flat_map(|(menu, texts)| {
                let choices = texts.as_table().unwrap().keys();
                choices.map(move |choice| (menu.clone(), choice.clone()))
            })
            .collect()
    }
}

/// All menus in the order of a call.
pub(super) fn printed(menus: &Menus) -> Vec<Printed> {
    fn one<C: Choice>(menu: &Menu<C>) -> Printed {
        let keys = menu.choices().into_iter();
        Printed {
            menu: C::MENU,
            keys: keys.map(|(key, choice)| (key, choice.name())).collect(),
            choices: C::ALL.iter().map(|c| c.name()).collect(),
        }
    }
    vec![
        one::<GreetingChoice>(&menus.greeting),
        one::<RecordingChoice>(&menus.recording),
        one::<ReviewChoice>(&menus.review),
        one::<MainChoice>(&menus.main),
        one::<VoicemailChoice>(&menus.voicemail),
        one::<PlayingChoice>(&menus.playing),
        one::<BetweenChoice>(&menus.between),
        one::<GreetingsChoice>(&menus.greetings),
        one::<OwnRecordingChoice>(&menus.own_recording),
        one::<AwayChoice>(&menus.away),
        one::<ClipReviewChoice>(&menus.clip_review),
        one::<ForwardingChoice>(&menus.forwarding),
        one::<ConditionChoice>(&menus.forward),
        one::<DestinationChoice>(&menus.destination),
        one::<RingsChoice>(&menus.rings),
        one::<LanguageChoice>(&menus.language),
        one::<OperatorChoice>(&menus.operator),
        one::<ClipChoice>(&menus.clip),
        one::<SentencesChoice>(&menus.sentences),
    ]
}

/// The menus of those who change prompts; they have a card of their own.
const OPERATORS: [&str; 4] = ["operator", "clip", "clip-review", "sentences"];

/// Of these, the one that subscribers meet too.
const SHARED: &str = "clip-review";

/// The user card in a language.
pub(super) fn card(menus: &Menus, language: &str) -> String {
    let (title, caller, owner, key, does) = match language {
        "nl" => (
            "Voicemail: de toetsen",
            "Voor wie een bericht inspreekt",
            "Voor wie berichten afluistert (1233)",
            "Toets",
            "Wat er gebeurt",
        ),
        _ => (
            "Voicemail: the keys",
            "For those who leave a message",
            "For those who hear their messages (1233)",
            "Key",
            "What happens",
        ),
    };
    let (enter, ahead) = match language {
        "nl" => (
            "Toets uw toegangscode en sluit af met `#`. Voor een andere voicemail toetst u eerst `*`, \
             dan het nummer en `#`, dan de toegangscode en `#`.",
            "U hoeft een tekst niet af te wachten: elke toets werkt meteen.",
        ),
        _ => (
            "Enter your passcode, then `#`. For another mailbox first press `*`, then its number and \
             `#`, then the passcode and `#`.",
            "You need not wait for a prompt to end: every key works at once.",
        ),
    };
    let texts = Card::read();
    let mut out = format!("# {title}\n\n{ahead}\n\n## {caller}\n");
    let menus = printed(menus).into_iter();
    let theirs = |menu| menu == SHARED || !OPERATORS.contains(&menu);
    for printed in menus.filter(|p| theirs(p.menu)) {
        if printed.menu == "main" {
            write!(out, "\n## {owner}\n\n{enter}\n").unwrap();
        }
        table(&printed, &texts, language, (key, does), &mut out);
    }
    out
}

/// The card of those who change prompts, in a language.
pub(super) fn operator_card(menus: &Menus, language: &str) -> String {
    let (title, enter, key, does) = match language {
        "nl" => (
            "Gesproken teksten per telefoon: de toetsen",
            "Bel het nummer voor gesproken teksten, toets de toegangscode en sluit af met `#`. Een \
             tekst hoeft u niet af te wachten: elke toets werkt meteen. Een opname is pas in gebruik als \
             u dat kiest; daarna hoort elke beller haar.",
            "Toets",
            "Wat er gebeurt",
        ),
        _ => (
            "Prompts by telephone: the keys",
            "Call the number for prompts, enter the passcode, then `#`. You need not wait for a prompt \
             to end: every key works at once. A recording is in use once you choose so; every caller \
             hears it from then on.",
            "Key",
            "What happens",
        ),
    };
    let texts = Card::read();
    let mut out = format!("# {title}\n\n{enter}\n");
    let menus = printed(menus);
    for name in OPERATORS {
        for printed in menus.iter().filter(|p| p.menu == name) {
            table(printed, &texts, language, (key, does), &mut out);
        }
    }
    out
}

/// The keys of one menu.
fn table(
    printed: &Printed,
    texts: &Card,
    language: &str,
    (key, does): (&str, &str),
    out: &mut String,
) {
    let heading = texts.text(printed.menu, "title", language).unwrap();
    write!(
        out,
        "\n### {heading}\n\n| {key} | {does} |\n| --- | --- |\n"
    )
    .unwrap();
    if let Some(text) = texts.text(printed.menu, "this", language) {
        writeln!(out, "| `1` – `9` | {text} |").unwrap();
    }
    for (digit, choice) in &printed.keys {
        let text = texts.text(printed.menu, choice, language).unwrap();
        writeln!(out, "| `{digit}` | {text} |").unwrap();
    }
}

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
    let texts = Card::read();
    let heading = short(name, state);
    write!(
        out,
        "\n## Keys in {heading}\n\n| key | choice | leads to |\n| --- | --- | --- |\n"
    )
    .unwrap();
    if let Some(text) = texts.text(menu, "this", "en") {
        let to = if menu == LanguageChoice::MENU {
            "switching"
        } else {
            "forward storing"
        };
        writeln!(out, "| `1` – `9` | {text} | {to} |").unwrap();
    }
    for (digit, choice) in keys(menu, menus) {
        let text = texts.text(menu, choice, "en").unwrap();
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
        "portal.rings" => "rings",
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
