//! Reading a menu file into plain tables, each value with its line.
//!
//! In: TOML 1.0 text. Out: [`Raw`] tables and the faults of form: syntax, unknown menus and
//! settings, wrong kinds of value. What the choices mean is checked in `check`.

use super::choice::MENU_NAMES;
use super::{MenuFault, MenuMistake};
use crate::base::Digit;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a whole number in a menu must be, by its setting.
const TRIES: (RangeInclusive<i64>, &str) = (1..=10, "a whole number from 1 to 10");
const WAIT: (RangeInclusive<i64>, &str) = (1..=60, "a whole number of seconds from 1 to 60");

/// The menus of one file, by name.
#[derive(Default)]
pub(super) struct Raw(pub(super) BTreeMap<String, RawMenu>);

/// One menu of one file; `None` is a setting not written.
#[derive(Default)]
pub(super) struct RawMenu {
    /// Key and choice.
    pub(super) keys: Option<Vec<(Digit, Word)>>,
    /// Choices announced.
    pub(super) say: Option<Vec<Word>>,
    /// Choices not announced.
    pub(super) unsaid: Option<Vec<Word>>,
    /// Tries.
    pub(super) tries: Option<i64>,
    /// Seconds.
    pub(super) wait: Option<i64>,
    /// The line of `keys`, from 1; `None` when it is from the shipped file.
    pub(super) keys_line: Option<u32>,
    /// The line of `say`, else of `unsaid`, where either is not from the shipped file.
    pub(super) lists_line: Option<u32>,
}

/// A word and the line it stands on.
#[derive(Clone)]
pub(super) struct Word {
    /// The word.
    pub(super) text: String,
    /// Its line, from 1; `None` when it is from the shipped file.
    pub(super) line: Option<u32>,
}

impl Raw {
    /// These menus with those of `over` laid on top, setting by setting.
    pub(super) fn overlaid(self, over: Raw) -> Raw {
        let mut menus = self.0;
        for menu in menus.values_mut() {
            menu.forget_lines();
        }
        for (name, own) in over.0 {
            let menu = menus.entry(name).or_default();
            menu.keys = own.keys.or(menu.keys.take());
            menu.say = own.say.or(menu.say.take());
            menu.unsaid = own.unsaid.or(menu.unsaid.take());
            menu.tries = own.tries.or(menu.tries);
            menu.wait = own.wait.or(menu.wait);
            (menu.keys_line, menu.lists_line) = (own.keys_line, own.lists_line);
        }
        Raw(menus)
    }
}

impl RawMenu {
    /// Lines of the shipped file would mislead in a report about an operator's.
    fn forget_lines(&mut self) {
        let keys = self.keys.iter_mut().flatten().map(|(_, word)| word);
        let lists = [&mut self.say, &mut self.unsaid].into_iter().flatten();
        for word in keys.chain(lists.flatten()) {
            word.line = None;
        }
        (self.keys_line, self.lists_line) = (None, None);
    }
}

/// Reads a file; what cannot be read is left out and reported.
pub(super) fn menus(text: &str, faults: &mut Vec<MenuFault>) -> Raw {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, faults };
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        reader.report(at, MenuMistake::Syntax(error.message().to_owned()));
    }
    let mut raw = Raw::default();
    for (name, value) in table.get_ref() {
        let menu = name.get_ref().to_string();
        if !MENU_NAMES.contains(&menu.as_str()) {
            reader.report(name.span(), MenuMistake::UnknownMenu(menu));
        } else if let DeValue::Table(settings) = value.get_ref() {
            raw.0.insert(menu.clone(), reader.menu(&menu, settings));
        } else {
            reader.wrong(value.span(), &menu, &menu, "a table");
        }
    }
    raw
}

/// A file being read.
struct Reader<'a> {
    text: &'a str,
    faults: &'a mut Vec<MenuFault>,
}

impl Reader<'_> {
    fn menu(&mut self, menu: &str, settings: &DeTable<'_>) -> RawMenu {
        let mut raw = RawMenu::default();
        let span_of = |name: &str| settings.get_key_value(name).map(|(key, _)| key.span());
        raw.keys_line = span_of("keys").map(|at| self.line(at));
        let lists = span_of("say").or_else(|| span_of("unsaid"));
        raw.lists_line = lists.map(|at| self.line(at));
        for (name, value) in settings {
            match name.get_ref().as_ref() {
                "keys" => raw.keys = self.keys(menu, value),
                "say" => raw.say = self.words(menu, "say", value),
                "unsaid" => raw.unsaid = self.words(menu, "unsaid", value),
                "tries" => raw.tries = self.number(menu, "tries", value, TRIES),
                "wait" => raw.wait = self.number(menu, "wait", value, WAIT),
                other => {
                    let (menu, name_given) = (menu.to_owned(), other.to_owned());
                    let mistake = MenuMistake::UnknownSetting {
                        menu,
                        name: name_given,
                    };
                    self.report(name.span(), mistake);
                }
            }
        }
        raw
    }

    fn keys(&mut self, menu: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<(Digit, Word)>> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value.span(), menu, "keys", "a table of key = choice");
            return None;
        };
        let mut keys = Vec::new();
        for (key, choice) in table {
            let digit = single(key.get_ref()).filter(|d| Digit::KEYPAD.contains(d));
            let word = self.word(menu, "keys", choice);
            match (digit, word) {
                (Some(digit), Some(word)) => keys.push((digit, word)),
                (None, _) => {
                    let (menu, key_given) = (menu.to_owned(), key.get_ref().to_string());
                    let mistake = MenuMistake::NotAKey {
                        menu,
                        key: key_given,
                    };
                    self.report(key.span(), mistake);
                }
                (Some(_), None) => {}
            }
        }
        Some(keys)
    }

    fn words(&mut self, menu: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Vec<Word>> {
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(value.span(), menu, name, "a list of choices");
            return None;
        };
        let words = items.iter().map(|item| self.word(menu, name, item));
        words.collect()
    }

    fn word(&mut self, menu: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Word> {
        if let DeValue::String(text) = value.get_ref() {
            let (text, line) = (text.to_string(), Some(self.line(value.span())));
            return Some(Word { text, line });
        }
        self.wrong(value.span(), menu, name, "choices in quotes");
        None
    }

    fn number(
        &mut self,
        menu: &str,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        (range, expected): (RangeInclusive<i64>, &'static str),
    ) -> Option<i64> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|n| range.contains(n));
        if number.is_none() {
            self.wrong(value.span(), menu, name, expected);
        }
        number
    }

    fn wrong(&mut self, at: Range<usize>, menu: &str, name: &str, expected: &'static str) {
        let (menu, name) = (menu.to_owned(), name.to_owned());
        self.report(
            at,
            MenuMistake::WrongValue {
                menu,
                name,
                expected,
            },
        );
    }

    fn report(&mut self, at: Range<usize>, mistake: MenuMistake) {
        let line = Some(self.line(at));
        self.faults.push(MenuFault { line, mistake });
    }

    fn line(&self, at: Range<usize>) -> u32 {
        let before = self.text.bytes().take(at.start);
        1 + before.filter(|b| *b == b'\n').count() as u32
    }
}

/// The only key in a text.
fn single(text: &str) -> Option<Digit> {
    let mut chars = text.chars();
    let key = chars.next().and_then(Digit::from_char);
    key.filter(|_| chars.next().is_none())
}
