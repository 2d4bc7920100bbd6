//! Reads a TOML document key by key and collects every fault on the way.
//!
//! A section is asked for each key it may have, with the default of that key; what was never
//! asked for is unknown. So the list of keys is the code that reads them and cannot go stale.
//! A faulty value counts as the default: reading goes on and the next fault is found too.

use super::fault::{Fault, Place, Problem, ValueFault, nearest};
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The most entries of any list.
const LIST_MAX: usize = 1_000;

/// A document being read.
pub(super) struct Reader<'t> {
    text: &'t str,
    faults: Vec<(usize, Fault)>,
    keys: BTreeSet<String>,
    sections: BTreeSet<&'static str>,
}

/// One table of the document; absent tables are empty.
pub(super) struct Section<'r, 't> {
    reader: &'r mut Reader<'t>,
    name: &'static str,
    /// Where the table begins, for faults of the table as a whole.
    at: usize,
    table: Option<&'r DeTable<'t>>,
    asked: Vec<&'static str>,
}

/// A value with the place it stands at.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) offset: usize,
}

impl<'t> Reader<'t> {
    /// A reader of this text, and its top table as far as it is TOML.
    pub(super) fn open(text: &'t str) -> (Reader<'t>, Spanned<DeTable<'t>>) {
        let mut reader = Reader {
            text,
            faults: Vec::new(),
            keys: BTreeSet::new(),
            sections: BTreeSet::new(),
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let offset = error.span().map_or(0, |span| span.start);
            let message = error.message().replace('\n', "; ");
            reader.fault(offset, String::new(), Problem::Syntax(message));
        }
        (reader, table)
    }

    /// The table of this section.
    pub(super) fn section<'r>(
        &'r mut self,
        document: &'r DeTable<'t>,
        name: &'static str,
    ) -> Section<'r, 't> {
        self.sections.insert(name);
        let (at, table) = match document.get(name) {
            None => (0, None),
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => (value.span().start, Some(table)),
                other => {
                    let problem = wrong_type("a table, written [name]", other);
                    self.fault(value.span().start, name.to_owned(), problem);
                    (0, None)
                }
            },
        };
        Section {
            reader: self,
            name,
            at,
            table,
            asked: Vec::new(),
        }
    }

    /// Reads every table of an array of tables.
    pub(super) fn each<T>(
        &mut self,
        document: &DeTable<'t>,
        name: &'static str,
        most: usize,
        mut read: impl FnMut(&mut Section<'_, 't>) -> T,
    ) -> Vec<T> {
        self.sections.insert(name);
        let Some(value) = document.get(name) else {
            return Vec::new();
        };
        let wanted = "an array of tables, written [[name]]";
        let DeValue::Array(array) = value.get_ref() else {
            let problem = wrong_type(wanted, value.get_ref());
            self.fault(value.span().start, name.to_owned(), problem);
            return Vec::new();
        };
        if array.len() > most {
            self.fault(value.span().start, name.to_owned(), Problem::TooMany(most));
        }
        let mut found = Vec::new();
        for entry in array.iter().take(most) {
            let DeValue::Table(table) = entry.get_ref() else {
                let problem = wrong_type(wanted, entry.get_ref());
                self.fault(entry.span().start, name.to_owned(), problem);
                continue;
            };
            let mut section = Section {
                reader: self,
                name,
                at: entry.span().start,
                table: Some(table),
                asked: Vec::new(),
            };
            found.push(read(&mut section));
            section.finish();
        }
        found
    }

    /// Notes a fault.
    pub(super) fn fault(&mut self, offset: usize, key: String, problem: Problem) {
        let place = Place::of(self.text, offset);
        self.faults.push((
            offset,
            Fault {
                place,
                key,
                problem,
            },
        ));
    }

    /// Ends the reading: reports sections never asked for and hands out all faults, in the order
    /// of the file, and all keys.
    pub(super) fn finish(mut self, document: &DeTable<'t>) -> (Vec<Fault>, BTreeSet<String>) {
        for (key, _) in document {
            let name: &str = key.get_ref();
            if !self.sections.contains(name) {
                let problem = Problem::Unknown(nearest(name, &self.sections));
                self.fault(key.span().start, name.to_owned(), problem);
            }
        }
        self.faults.sort_by_key(|(offset, _)| *offset);
        let faults = self.faults.into_iter().map(|(_, fault)| fault).collect();
        (faults, self.keys)
    }
}

impl<'r, 't> Section<'r, 't> {
    /// A whole number within bounds.
    pub(super) fn count(&mut self, key: &'static str, bounds: Range<i64>, default: i64) -> i64 {
        let Some(value) = self.value(key) else {
            return default;
        };
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong(key, value, "a whole number");
            return default;
        };
        let parsed = i64::from_str_radix(integer.as_str(), integer.radix());
        match parsed {
            Ok(number) if bounds.contains(&number) => number,
            Ok(_) | Err(_) => {
                let problem = Problem::OutOfRange {
                    low: bounds.start,
                    high: bounds.end - 1,
                    found: integer.to_string(),
                };
                self.fault(key, value.span().start, problem);
                default
            }
        }
    }

    /// A span of time in whole seconds.
    pub(super) fn seconds(
        &mut self,
        key: &'static str,
        bounds: Range<i64>,
        default: Duration,
    ) -> Duration {
        let default = i64::try_from(default.as_secs()).unwrap_or(i64::MAX);
        Duration::from_secs(self.count(key, bounds, default).unsigned_abs())
    }

    /// A span of time in whole milliseconds.
    pub(super) fn millis(
        &mut self,
        key: &'static str,
        bounds: Range<i64>,
        default: Duration,
    ) -> Duration {
        let default = i64::try_from(default.as_millis()).unwrap_or(i64::MAX);
        Duration::from_millis(self.count(key, bounds, default).unsigned_abs())
    }

    /// A switch.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else {
            return default;
        };
        let DeValue::Boolean(flag) = value.get_ref() else {
            self.wrong(key, value, "true or false");
            return default;
        };
        *flag
    }

    /// A text with a meaning; `None` where the key is missing or faulty.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, ValueFault>,
    ) -> Option<At<T>> {
        let value = self.value(key)?;
        self.parse(key, value, &parse)
    }

    /// A text with a meaning where the empty text means "none".
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        parse: impl Fn(&str) -> Result<T, ValueFault>,
    ) -> Option<T> {
        match self.value(key) {
            None => default,
            Some(value) if value.get_ref().as_str() == Some("") => None,
            Some(value) => self
                .parse(key, value, &parse)
                .map(|at| at.value)
                .or(default),
        }
    }

    /// A list of texts with a meaning; `None` where the key is missing. Faulty entries are left
    /// out.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, ValueFault>,
    ) -> Option<Vec<At<T>>> {
        let value = self.value(key)?;
        let DeValue::Array(entries) = value.get_ref() else {
            self.wrong(key, value, "a list of texts");
            return None;
        };
        if entries.len() > LIST_MAX {
            self.fault(key, value.span().start, Problem::TooMany(LIST_MAX));
        }
        let read = |entry| self.parse(key, entry, &parse);
        Some(entries.iter().take(LIST_MAX).filter_map(read).collect())
    }

    /// A list that needs at least one entry; `None` where the key is missing.
    pub(super) fn filled_list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, ValueFault>,
    ) -> Option<Vec<At<T>>> {
        let list = self.list(key, parse)?;
        if self.entries(key) == Some(0) {
            let at = self.offset(key);
            self.fault(key, at, Problem::EmptyList);
        }
        Some(list)
    }

    /// Notes a fault of one key of this section.
    pub(super) fn fault(&mut self, key: &str, offset: usize, problem: Problem) {
        let name = self.name_of(key);
        self.reader.fault(offset, name, problem);
    }

    /// Where the value of a key stands; the section where it is missing.
    pub(super) fn offset(&self, key: &str) -> usize {
        self.table
            .and_then(|table| table.get(key))
            .map_or(self.at, |value| value.span().start)
    }

    /// Whether the file gives this key.
    pub(super) fn gives(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        let Some(table) = self.table else {
            return;
        };
        for (key, _) in table {
            let name: &str = key.get_ref();
            if !self.asked.contains(&name) {
                let full = self.name_of(name);
                let problem = Problem::Unknown(nearest(name, &self.asked));
                self.reader.fault(key.span().start, full, problem);
            }
        }
    }

    fn entries(&self, key: &str) -> Option<usize> {
        let value = self.table?.get(key)?;
        value.get_ref().as_array().map(|entries| entries.len())
    }

    fn value(&mut self, key: &'static str) -> Option<&'r Spanned<DeValue<'t>>> {
        self.asked.push(key);
        let full = self.name_of(key);
        self.reader.keys.insert(full);
        self.table?.get(key)
    }

    fn parse<T>(
        &mut self,
        key: &'static str,
        value: &Spanned<DeValue<'t>>,
        parse: &impl Fn(&str) -> Result<T, ValueFault>,
    ) -> Option<At<T>> {
        let offset = value.span().start;
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(key, value, "a text in quotes");
            return None;
        };
        match parse(text) {
            Ok(value) => Some(At { value, offset }),
            Err(why) => {
                let problem = if matches!(why, ValueFault::Passcode(_) | ValueFault::Digest(_)) {
                    Problem::BadSecret(why)
                } else {
                    let found = text.to_string();
                    Problem::BadValue { found, why }
                };
                self.fault(key, offset, problem);
                None
            }
        }
    }

    fn wrong(&mut self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &'static str) {
        let problem = wrong_type(wanted, value.get_ref());
        self.fault(key, value.span().start, problem);
    }

    /// The full name of a key of this section.
    pub(super) fn name_of(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }
}

fn wrong_type(wanted: &'static str, found: &DeValue<'_>) -> Problem {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Problem::WrongType { wanted, found }
}
