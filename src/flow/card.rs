//! The cards: what each key does, menu by menu, printed for people to keep by the telephone.
//!
//! In: menus, and the language of the card. Out: Markdown. Laws: a card shows every key of every
//! menu that its reader can reach, and nothing else; every choice there is has its words in
//! `card.toml`, in both languages (tested).

use super::{
    AwayChoice, BetweenChoice, CallReturnChoice, Choice, ClipChoice, ClipReviewChoice,
    ConditionChoice, ConfirmChoice, DestinationChoice, ForwardingChoice, GreetingChoice,
    GreetingsChoice, LanguageChoice, MainChoice, Menu, Menus, MoreChoice, OperatorChoice,
    OwnRecordingChoice, PlayingChoice, RecordingChoice, ReviewChoice, RingsChoice, SendingChoice,
    SentencesChoice, ServiceChoice, ServicesChoice, VoicemailChoice,
};
use crate::base::Digit;
use crate::prompt::Grammar;
use std::collections::BTreeSet;

/// The words of the cards.
const TEXTS: &str = include_str!("card.toml");

/// The entry of `card.toml` with the name of a menu.
pub(super) const TITLE: &str = "title";

/// The entry for the figures that mean something in a menu without being choices of it.
pub(super) const FIGURES: &str = "this";

/// Where the calls of callers and subscribers begin, or come to by themselves.
const STARTS: [&str; 5] = ["greeting", "recording", "review", "main", "call-return"];

/// The menus of those who change prompts; they have a card of their own.
const OPERATORS: [&str; 4] = ["operator", "clip", "clip-review", "sentences"];

/// One menu as printed: its name, and its keys with the names of their choices.
pub(super) struct Printed {
    pub(super) menu: &'static str,
    pub(super) keys: Vec<(Digit, &'static str)>,
    /// Every choice the menu could have.
    #[cfg(test)]
    pub(super) choices: Vec<&'static str>,
    /// The menus that its keys lead to.
    leads_to: Vec<&'static str>,
}

/// All menus in the order of a call.
pub(super) fn printed(menus: &Menus) -> Vec<Printed> {
    vec![
        one::<GreetingChoice>(&menus.greeting),
        one::<RecordingChoice>(&menus.recording),
        one::<ReviewChoice>(&menus.review),
        one::<MainChoice>(&menus.main),
        one::<VoicemailChoice>(&menus.voicemail),
        one::<PlayingChoice>(&menus.playing),
        one::<BetweenChoice>(&menus.between),
        one::<MoreChoice>(&menus.more),
        one::<SendingChoice>(&menus.sending),
        one::<ConfirmChoice>(&menus.confirm_delete),
        one::<GreetingsChoice>(&menus.greetings),
        one::<OwnRecordingChoice>(&menus.own_recording),
        one::<AwayChoice>(&menus.away),
        one::<ClipReviewChoice>(&menus.clip_review),
        one::<ForwardingChoice>(&menus.forwarding),
        one::<ConditionChoice>(&menus.forward),
        one::<DestinationChoice>(&menus.destination),
        one::<RingsChoice>(&menus.rings),
        one::<ServicesChoice>(&menus.services),
        one::<ServiceChoice>(&menus.service),
        one::<CallReturnChoice>(&menus.call_return),
        one::<LanguageChoice>(&menus.language),
        one::<OperatorChoice>(&menus.operator),
        one::<ClipChoice>(&menus.clip),
        one::<SentencesChoice>(&menus.sentences),
    ]
}

fn one<C: Choice>(menu: &Menu<C>) -> Printed {
    let choices = menu.choices().into_iter();
    Printed {
        menu: C::MENU,
        keys: choices.map(|(key, choice)| (key, choice.name())).collect(),
        #[cfg(test)]
        choices: C::ALL.iter().map(|c| c.name()).collect(),
        leads_to: choices_lead_to(menu),
    }
}

fn choices_lead_to<C: Choice>(menu: &Menu<C>) -> Vec<&'static str> {
    let choices = menu.choices().into_iter();
    choices
        .flat_map(|(_, choice)| choice.leads_to().iter().copied())
        .collect()
}

/// The words of a language around the tables.
struct Words {
    title: &'static str,
    ahead: &'static str,
    caller: &'static str,
    owner: &'static str,
    log_in: &'static str,
    operator_title: &'static str,
    operator_ahead: &'static str,
    key: &'static str,
    does: &'static str,
}

const DUTCH: Words = Words {
    title: "Voicemail: de toetsen",
    ahead: "U hoeft een tekst niet af te wachten: elke toets werkt meteen.",
    caller: "Voor wie een bericht inspreekt",
    owner: "Voor wie berichten afluistert (1233)",
    log_in: "Toets uw pincode en sluit af met `#`. Voor een andere voicemail toetst u eerst `*`, \
             dan het nummer en `#`, dan de pincode en `#`.",
    operator_title: "Gesproken teksten per telefoon: de toetsen",
    operator_ahead: "Bel het nummer voor gesproken teksten, toets de pincode en sluit af met \
                     `#`. Een tekst hoeft u niet af te wachten: elke toets werkt meteen. Een opname \
                     is pas in gebruik als u dat kiest; daarna hoort elke beller haar.",
    key: "Toets",
    does: "Wat er gebeurt",
};

const ENGLISH: Words = Words {
    title: "Voicemail: the keys",
    ahead: "You need not wait for a prompt to end: every key works at once.",
    caller: "For those who leave a message",
    owner: "For those who hear their messages (1233)",
    log_in: "Enter your passcode, then `#`. For another mailbox first press `*`, then its number and \
             `#`, then the passcode and `#`.",
    operator_title: "Prompts by telephone: the keys",
    operator_ahead: "Call the number for prompts, enter the passcode, then `#`. You need not wait \
                     for a prompt to end: every key works at once. A recording is in use once you \
                     choose so; every caller hears it from then on.",
    key: "Key",
    does: "What happens",
};

/// The words of the cards in one language.
pub(super) struct Card {
    texts: toml::Table,
    words: &'static Words,
    code: &'static str,
}

impl Card {
    /// The words of a language.
    #[allow(clippy::expect_used)]
    pub(super) fn of(language: Grammar) -> Card {
        let (words, code) = match language {
            Grammar::Dutch => (&DUTCH, "nl"),
            Grammar::English => (&ENGLISH, "en"),
        };
        // invariant: the file is part of the program, and a test reads it.
        let texts = TEXTS.parse().expect("the words of the cards are TOML");
        Card { texts, words, code }
    }

    /// What a choice does, or the name of a menu; `None` when it is missing.
    pub(super) fn text(&self, menu: &str, choice: &str) -> Option<&str> {
        self.texts.get(menu)?.get(choice)?.get(self.code)?.as_str()
    }

    /// Every menu and choice written.
    #[cfg(test)]
    pub(super) fn entries(&self) -> BTreeSet<(String, String)> {
        let menus = self.texts.iter();
        let choices = menus.flat_map(|(menu, texts)| {
            let choices = texts.as_table().into_iter().flat_map(toml::Table::keys);
            choices.map(move |choice| (menu.clone(), choice.clone()))
        });
        choices.collect()
    }

    /// The keys of one menu.
    fn table(&self, printed: &Printed) -> String {
        let Words { key, does, .. } = self.words;
        let text = |choice| self.text(printed.menu, choice).unwrap_or(choice);
        let heading = text(TITLE);
        let figures = self
            .text(printed.menu, FIGURES)
            .map(|text| format!("| `1` – `9` | {text} |\n"));
        let keys = printed.keys.iter();
        let rows: String = figures
            .into_iter()
            .chain(keys.map(|(digit, choice)| format!("| `{digit}` | {} |\n", text(choice))))
            .collect();
        format!("\n### {heading}\n\n| {key} | {does} |\n| --- | --- |\n{rows}")
    }

    /// The keys of these menus, one after another.
    fn tables<'a>(&self, menus: impl Iterator<Item = &'a Printed>) -> String {
        menus.map(|printed| self.table(printed)).collect()
    }
}

/// The card for callers and subscribers, as Markdown.
pub fn user_card(menus: &Menus, language: Grammar) -> String {
    let card = Card::of(language);
    let words = card.words;
    let printed = printed(menus);
    let reached = reached(&printed);
    let mut of_users = printed
        .iter()
        .filter(|p| reached.contains(p.menu))
        .peekable();
    let mut of_callers = Vec::new();
    while let Some(menu) = of_users.next_if(|p| p.menu != MainChoice::MENU) {
        of_callers.push(menu);
    }
    format!(
        "# {}\n\n{}\n\n## {}\n{}\n## {}\n\n{}\n{}",
        words.title,
        words.ahead,
        words.caller,
        card.tables(of_callers.into_iter()),
        words.owner,
        words.log_in,
        card.tables(of_users),
    )
}

/// The card of those who change prompts by telephone, as Markdown.
pub fn operator_card(menus: &Menus, language: Grammar) -> String {
    let card = Card::of(language);
    let printed = printed(menus);
    let of_operators = OPERATORS
        .iter()
        .filter_map(|menu| printed.iter().find(|p| p.menu == *menu));
    format!(
        "# {}\n\n{}\n{}",
        card.words.operator_title,
        card.words.operator_ahead,
        card.tables(of_operators),
    )
}

/// The menus that callers and subscribers can reach.
fn reached(all: &[Printed]) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::from(STARTS);
    loop {
        let known = reached.len();
        for printed in all {
            if reached.contains(printed.menu) {
                reached.extend(&printed.leads_to);
            }
        }
        if reached.len() == known {
            return reached;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Grammar; 2] = [Grammar::Dutch, Grammar::English];

    #[test]
    fn a_card_has_the_keys_of_the_menus_it_is_made_of() {
        let text = "[main]\nkeys = { \"5\" = \"voicemail\", \"9\" = \"leave\" }\n\
                    say = [\"voicemail\", \"leave\"]\nunsaid = []\n";
        let menus = Menus::parse(text).unwrap();
        for language in BOTH {
            let card = user_card(&menus, language);
            let (_, main) = card.split_once("`#`.").unwrap();
            let (_, main) = main.split_once("### ").unwrap();
            let (main, _) = main.split_once("\n\n### ").unwrap();
            let keys: Vec<&str> = main
                .lines()
                .filter_map(|row| row.strip_prefix("| `")?.split('`').next())
                .collect();
            assert_eq!(keys, ["5", "9"], "{main}");
        }
    }

    #[test]
    fn a_menu_without_a_way_to_it_is_on_no_card() {
        let text = "[main]\nkeys = { \"1\" = \"voicemail\", \"9\" = \"leave\" }\n\
                    say = [\"voicemail\", \"leave\"]\nunsaid = []\n";
        let menus = Menus::parse(text).unwrap();
        for language in BOTH {
            let title = Card::of(language);
            let title = title.text(LanguageChoice::MENU, TITLE).unwrap();
            assert!(user_card(&Menus::default(), language).contains(title));
            assert!(!user_card(&menus, language).contains(title));
        }
    }

    #[test]
    fn operators_have_a_card_of_their_own() {
        for language in BOTH {
            let operators = operator_card(&Menus::default(), language);
            let card = Card::of(language);
            for printed in printed(&Menus::default()) {
                let title = format!("\n### {}\n", card.text(printed.menu, TITLE).unwrap());
                let of_operators = OPERATORS.contains(&printed.menu);
                assert_eq!(operators.contains(&title), of_operators, "{title}");
            }
            let title = card.text(OperatorChoice::MENU, TITLE).unwrap();
            assert!(!user_card(&Menus::default(), language).contains(title));
        }
    }
}
