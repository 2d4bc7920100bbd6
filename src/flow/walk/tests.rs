//! The walk at work: the laws hold, planted faults are caught, the documents are fresh.
//!
//! The documents in `docs` are written anew by
//! `BELPOST_WRITE_DOCS=1 cargo test --lib flow::walk`.

use super::graph::{Graph, Step, walk};
use super::planted::faults;
use super::print;
use super::spoken::Listed;
use super::{Real, Start, Subject, language, menus, plain_menus, portal, starts, two_languages};
use crate::base::Digit;
use crate::feature::Code;
use crate::flow::card::{self, Card};
use crate::flow::{
    Choice, Effect, Event, LanguageChoice, LogInVerdict, Menus, RingsChoice, operator_card,
    sentences, user_card,
};
use crate::mailbox::Reply;
use crate::prompt::{Grammar, Line, Phrase, Sentence};
use crate::subscriber::{Languages, Services};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The most events that a conversation may need to end by itself.
const LONGEST_SILENCE: usize = 40;

/// A walk taken.
struct Walked {
    name: &'static str,
    menus: Menus,
    graph: Graph,
}

/// All walks, taken once for all tests.
fn walked_all() -> &'static [Walked] {
    static WALKED: OnceLock<Vec<Walked>> = OnceLock::new();
    WALKED.get_or_init(|| {
        let walks = starts().into_iter().map(|start| Walked {
            name: start.name,
            graph: walk(&start, &Real).unwrap_or_else(|broken| panic!("{broken:?}")),
            menus: start.menus,
        });
        walks.collect()
    })
}

fn walked(name: &str) -> impl Iterator<Item = &'static Graph> {
    let walked = walked_all()
        .iter()
        .filter(move |walked| walked.name == name);
    walked.map(|walked| &walked.graph)
}

#[test]
fn every_law_holds_in_every_reachable_state() {
    let (mut nodes, mut pairs, mut silence) = (0, 0, 0);
    let places = sentences(&Menus::default());
    let examples: usize = places.iter().map(|place| place.sentences.len()).sum();
    for Walked { name, graph, .. } in walked_all() {
        println!(
            "{name}: {} states, {} pairs of state and event, silence ends it in {}",
            graph.nodes, graph.pairs, graph.silence
        );
        nodes += graph.nodes;
        pairs += graph.pairs;
        // Who hears example sentences hears all of them without a key.
        let heard = if name.starts_with("operator") {
            examples
        } else {
            0
        };
        silence = silence.max(graph.silence.saturating_sub(heard));
    }
    println!("in all: {nodes} states, {pairs} pairs, silence ends each in {silence} events");
    assert!(silence <= LONGEST_SILENCE, "{silence}");
}

/// Said by other parts than the conversations that are walked through.
const SAID_ELSEWHERE: &[&str] = &["diagnostics"];

/// What is said with some menus is listed for those; what is listed for the shipped ones is said
/// with some.
#[test]
fn all_that_is_said_is_listed_and_all_that_is_listed_is_said() {
    let mut listed: Vec<(&Menus, Listed)> = Vec::new();
    for Walked { name, menus, graph } in walked_all() {
        let place = listed.iter().position(|(other, _)| *other == menus);
        let place = place.unwrap_or_else(|| {
            listed.push((menus, Listed::of(menus)));
            listed.len() - 1
        });
        for words in &graph.said {
            assert!(listed[place].1.take(words), "{name}: not listed: {words:?}");
        }
    }
    let shipped = Menus::default();
    let mut toured = Listed::of(&shipped);
    for words in tours() {
        assert!(toured.take(&words), "not listed: {words:?}");
    }
    let said: HashSet<&Sentence> = listed.iter().flat_map(|(_, l)| l.said()).collect();
    let unsaid = toured
        .unsaid()
        .into_iter()
        .filter(|(place, sentence)| !SAID_ELSEWHERE.contains(place) && !said.contains(sentence));
    let unsaid: Vec<_> = unsaid.collect();
    assert!(unsaid.is_empty(), "{unsaid:#?}");
}

/// The menus that lead everywhere, as shipped: no walk goes through all of them. Each tour is a way
/// of keys through the portal, with the answers on its way.
fn tours() -> Vec<Vec<Phrase>> {
    let keys = |keys: &str| {
        let keys: Vec<Digit> = keys.chars().filter_map(Digit::from_char).collect();
        keys.into_iter().map(Event::Digit)
    };
    let mut said = Vec::new();
    for languages in [two_languages(), Languages::only(language("nl"))] {
        let mut start = portal("tour");
        (start.menus, start.languages) = (Menus::default(), languages);
        let accepted = Event::LogIn(LogInVerdict::Accepted(start.account.owner.clone()));
        let listed = Event::Mail(Reply::Listed(start.account.listing.clone()));
        let mut events = vec![Event::Started];
        events.extend(keys("1#"));
        events.push(accepted);
        events.extend(keys("1"));
        events.push(listed);
        // Each menu in full and in brief.
        events.extend(keys("*1*"));
        events.extend(keys("31#*1*2#*2*4#*4"));
        events.extend(keys("6"));
        events.push(Event::Changed(Ok(refusing(&start))));
        events.extend(keys("#*4*"));
        said.extend(toured(&start, events));
    }
    said
}

/// Whoever is away takes no messages from now on.
fn refusing(start: &Start) -> Arc<Services> {
    let mut services = (**start.book.of(&start.account.owner.mailbox)).clone();
    services.away.refuses_messages = true;
    Arc::new(services)
}

/// All that is said on this way.
fn toured(start: &Start, events: Vec<Event>) -> Vec<Vec<Phrase>> {
    let mut conversation = start.conversation.clone();
    let mut said = Vec::new();
    for event in events {
        let (next, effects) = Real.on(conversation, event, start);
        conversation = next;
        said.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Play(words) => Some(words),
            _ => None,
        }));
    }
    said
}

#[test]
fn what_is_not_listed_and_what_is_not_said_is_noticed() {
    let mut listed = Listed::of(&Menus::default());
    let (all, line) = (listed.unsaid().len(), Phrase::Line);
    assert!(!listed.take(&[line(Line::Goodbye), line(Line::GreetingReached)]));
    assert!(!listed.take(&[Phrase::Choice(Line::ReviewKeep, Digit::D4)]));
    assert_eq!(listed.unsaid().len(), all);
    assert!(listed.take(&[line(Line::ServiceEnding), line(Line::Goodbye)]));
    assert_eq!(listed.unsaid().len(), all - 2);
}

/// A review without a repeat, a portal with other keys, and some choices left out.
const OTHER_KEYS: &str = r##"
[review]
keys = { "7" = "again", "8" = "listen", "#" = "keep" }
say = ["keep", "listen", "again"]
unsaid = []
[main]
keys = { "5" = "voicemail", "1" = "language", "9" = "leave" }
say = ["language", "voicemail"]
unsaid = ["leave"]
[between]
keys = { "1" = "next", "2" = "delete", "*" = "back" }
say = ["next", "delete"]
unsaid = ["back"]
[voicemail]
keys = { "1" = "play", "*" = "back", "#" = "repeat" }
say = ["play", "back", "repeat"]
[language]
keys = { "1" = "back" }
say = ["back"]
"##;

#[test]
fn with_other_keys_too_all_that_is_said_is_listed_and_all_that_is_listed_is_said() {
    let menus = menus(OTHER_KEYS);
    let mut listed = Listed::of(&menus);
    let small = starts()
        .into_iter()
        .filter(|s| s.account.messages().len() < 2 && s.menus == plain_menus());
    for mut start in small {
        start.menus = menus.clone();
        let graph = walk(&start, &Real).unwrap_or_else(|broken| panic!("{broken:?}"));
        for words in &graph.said {
            assert!(listed.take(words), "{}: not listed: {words:?}", start.name);
        }
    }
    let of_menus = [
        "after a recording",
        "main menu",
        "after a message",
        "language",
    ];
    let unsaid = listed.unsaid().into_iter();
    let unsaid: Vec<_> = unsaid
        .filter(|(place, _)| of_menus.contains(place))
        .collect();
    assert!(unsaid.is_empty(), "{unsaid:#?}");
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
    let figures = [LanguageChoice::MENU, RingsChoice::MENU];
    let mut expected: BTreeSet<_> = figures
        .map(|menu| (menu.to_owned(), card::FIGURES.to_owned()))
        .into();
    for printed in card::printed(&Menus::default()) {
        let choices = printed.choices.iter().chain(&[card::TITLE]);
        expected.extend(choices.map(|c| (printed.menu.to_owned(), (*c).to_owned())));
    }
    for language in [Grammar::Dutch, Grammar::English] {
        let card = Card::of(language);
        for (menu, choice) in &expected {
            assert!(
                card.text(menu, choice).is_some(),
                "{menu} {choice} {language:?}"
            );
        }
        assert_eq!(card.entries(), expected);
    }
}

#[test]
fn the_documents_say_what_the_flows_do() {
    let menus = Menus::default();
    let steps = |names: &[&str]| -> BTreeSet<Step> {
        let walks = names.iter().flat_map(|name| walked(name));
        walks.flat_map(|graph| graph.steps.clone()).collect()
    };
    let deposit = steps(&[
        "deposit",
        "deposit without room",
        "deposit in a full mailbox",
    ]);
    let portal = steps(&[
        "portal, two messages",
        "portal of an unknown caller",
        "portal by e-mail",
        "a message composed",
        "a message composed for two",
        "a message answered and forwarded",
        "all messages deleted",
        "messages slower and faster",
        "a passcode changed",
        "a passcode that is due",
        "the first use",
        "call forwarding, always",
        "the number of rings",
        "other services",
        "nothing is active",
        "a frequent caller",
        "recorded name",
        "busy and no-answer greeting",
        "extended-away greeting",
        "extended-away service",
        "greetings by the voicemail menu",
    ]);
    let lamp = steps(&["lamp", "lamp of an unknown caller"]);
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    let mut codes = steps(&codes);
    codes.extend(steps(&[
        "the last caller",
        "a code from elsewhere",
        "no code",
    ]));
    let operator = steps(&["operator"]);
    let announcement = steps(&["announcement"]);
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
            "docs/flows/feature.md",
            flow("feature", "Feature access codes", &codes),
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
        ("docs/user-card.nl.md", user_card(&menus, Grammar::Dutch)),
        ("docs/user-card.en.md", user_card(&menus, Grammar::English)),
        (
            "docs/operator-card.nl.md",
            operator_card(&menus, Grammar::Dutch),
        ),
        (
            "docs/operator-card.en.md",
            operator_card(&menus, Grammar::English),
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
