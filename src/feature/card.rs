//! The card of the codes, printed for people to keep by the telephone.
//!
//! In: a table of codes, and the language of the card. Out: Markdown. Laws: the card shows every code
//! of the table that does something here, and nothing else; every service has its words in
//! `card.toml`, in both languages.

use super::{Argument, Code, Table};
use std::fmt::Write;

/// The words of the card.
const TEXTS: &str = include_str!("card.toml");

/// The language of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardLanguage {
    /// Dutch.
    Dutch,
    /// English.
    English,
}

/// What is not a service's.
struct Words {
    tag: &'static str,
    title: &'static str,
    ahead: &'static str,
    code: &'static str,
    does: &'static str,
    number: &'static str,
    figure: &'static str,
}

const DUTCH: Words = Words {
    tag: "nl",
    title: "Functiecodes",
    ahead: "Kies een code op uw eigen toestel, met wat erachter staat in één keer. U hoort steeds hoe \
            het daarna staat. Kiest u een code zonder het nummer, dan geldt het vorige nummer, of u \
            wordt erom gevraagd.",
    code: "Code",
    does: "Wat er gebeurt",
    number: "nummer",
    figure: "1-9",
};

const ENGLISH: Words = Words {
    tag: "en",
    title: "Feature access codes",
    ahead: "Dial a code on your own telephone, with what stands behind it in one go. You always hear \
            how things stand afterwards. Without its number a code takes the one from before, or \
            asks for it.",
    code: "Code",
    does: "What happens",
    number: "number",
    figure: "1-9",
};

/// The card of these codes, as Markdown.
pub fn card(table: &Table, language: CardLanguage) -> String {
    let words = match language {
        CardLanguage::Dutch => DUTCH,
        CardLanguage::English => ENGLISH,
    };
    let mut out = format!(
        "# {}\n\n{}\n\n| {} | {} |\n| --- | --- |\n",
        words.title, words.ahead, words.code, words.does
    );
    let here = |code: &Code| !matches!(code, Code::Live(_));
    for code in Code::ALL.into_iter().filter(here) {
        for keys in table.of_name(code) {
            let behind = match code.argument() {
                Argument::None => String::new(),
                Argument::Figure => format!(" {}", words.figure),
                Argument::Number | Argument::Extension | Argument::Call => {
                    format!(" {}", words.number)
                }
            };
            let text = text(code, &words);
            // Writing to a text cannot fail.
            let _written = writeln!(out, "| `{keys}`{behind} | {text} |");
        }
    }
    out
}

/// What a code does.
fn text(code: Code, words: &Words) -> String {
    // invariant: the file is part of the program, and a test reads it.
    let texts: toml::Table = TEXTS.parse().unwrap_or_default();
    let text = texts.get(code.name()).and_then(|text| text.get(words.tag));
    text.and_then(toml::Value::as_str)
        .unwrap_or(code.name())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::Taken;

    #[test]
    fn every_service_has_its_words_in_both_languages_and_nothing_else_has() {
        let texts: toml::Table = TEXTS.parse().unwrap();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            for words in [DUTCH, ENGLISH] {
                assert_ne!(
                    text(code, &words),
                    code.name(),
                    "{} {}",
                    code.name(),
                    words.tag
                );
            }
        }
    }

    #[test]
    fn the_card_follows_the_table() {
        let table = Table::parse(
            "[codes]\ndo-not-disturb-on = [\"*1\", \"*2\"]\nrings = []\n",
            &Taken::default(),
        );
        let card = card(&table.unwrap(), CardLanguage::English);
        assert!(card.contains("| `*1` | Do not disturb: your telephone does not ring |"));
        assert!(card.contains("| `*2` | Do not disturb: your telephone does not ring |"));
        assert!(card.contains("| `*72` number | Forward all calls |"));
        assert!(!card.contains("*610"));
    }

    #[test]
    fn the_cards_among_the_documents_are_those_of_the_shipped_codes() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
        for (language, tag) in [(CardLanguage::Dutch, "nl"), (CardLanguage::English, "en")] {
            let file = format!("{folder}/codes-card.{tag}.md");
            let printed = card(&Table::default(), language);
            if std::env::var_os("BELPOST_WRITE_DOCS").is_some() {
                std::fs::write(&file, &printed).unwrap();
            }
            let written = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(
                written == printed,
                "{file} is stale; write it anew with BELPOST_WRITE_DOCS=1 cargo test --lib feature"
            );
        }
    }
}
