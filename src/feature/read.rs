//! Reading a file of codes into plain rows, each with its line.
//!
//! In: TOML 1.0 text. Out: for each name given its codes, and the faults of form. What the codes
//! mean together is checked in `lint`.

use super::code::Code;
use super::table::{CodeFault, CodeMistake};
use crate::base::DialString;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A code and the line it stands on, from 1; `None` where it is from the shipped file.
pub(super) type Row = (DialString, Option<u32>);

/// The codes of each name that a file gives.
pub(super) type Rows = BTreeMap<Code, Vec<Row>>;

/// Reads a file; what cannot be read is left out and reported.
pub(super) fn rows(text: &str, faults: &mut Vec<CodeFault>) -> Rows {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, faults };
    for error in errors {
        let at = error.span().unwrap_or(0..0);
        reader.report(at, CodeMistake::Syntax(error.message().to_owned()));
    }
    let mut rows = Rows::new();
    for (name, value) in table.get_ref() {
        match (name.get_ref().as_ref(), value.get_ref()) {
            ("codes", DeValue::Table(codes)) => rows.extend(reader.codes(codes)),
            ("codes", _) => reader.report(value.span(), CodeMistake::NoTable),
            (other, _) => {
                reader.report(name.span(), CodeMistake::UnknownSection(other.to_owned()));
            }
        }
    }
    rows
}

/// A file being read.
struct Reader<'a> {
    text: &'a str,
    faults: &'a mut Vec<CodeFault>,
}

impl Reader<'_> {
    fn codes(&mut self, table: &DeTable<'_>) -> Rows {
        let mut rows = Rows::new();
        for (name, value) in table {
            if let Some(code) = Code::named(name.get_ref()) {
                rows.insert(code, self.row(name.get_ref(), value));
            } else {
                let unknown = CodeMistake::UnknownName(name.get_ref().to_string());
                self.report(name.span(), unknown);
            }
        }
        rows
    }

    /// One code or several.
    fn row(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Vec<Row> {
        let each: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let texts = each.into_iter().filter_map(|item| self.code(name, item));
        texts.collect()
    }

    fn code(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Row> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.as_ref(),
            _ => "",
        };
        let keys = text.chars().all(|c| "0123456789*#".contains(c));
        let code = DialString::parse(text).ok().filter(|_| keys);
        if code.is_none() {
            let name = name.to_owned();
            self.report(value.span(), CodeMistake::NoCode { name });
        }
        let line = self.line(value.span());
        code.map(|code| (code, Some(line)))
    }

    fn report(&mut self, at: Range<usize>, mistake: CodeMistake) {
        let line = Some(self.line(at));
        self.faults.push(CodeFault { line, mistake });
    }

    fn line(&self, at: Range<usize>) -> u32 {
        let before = self.text.bytes().take(at.start);
        1 + before.filter(|b| *b == b'\n').count() as u32
    }
}
