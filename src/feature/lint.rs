//! What is wrong with a table of codes, and what an operator should know of it.
//!
//! Law: in a table without a fault, what is dialled has one meaning. A code is in the way of another
//! one, or of a number, where it is the same, or where something that may follow it makes the same
//! of it; an emergency number may not even be the beginning of a code, because a network calls it as
//! soon as it is complete.

use super::code::{Argument, Code};
use super::read::Rows;
use super::table::{CodeFault, CodeMistake, Table, Taken};
use crate::base::DialString;

/// A code as it stands in a file.
#[derive(Clone, Copy)]
struct Entry<'a> {
    keys: &'a DialString,
    code: Code,
    line: Option<u32>,
}

/// Adds every fault of these codes.
pub(super) fn check(rows: &Rows, taken: &Taken, faults: &mut Vec<CodeFault>) {
    let entries: Vec<Entry<'_>> = rows
        .iter()
        .flat_map(|(code, row)| {
            row.iter().map(|(keys, line)| Entry {
                keys,
                code: *code,
                line: *line,
            })
        })
        .collect();
    for (at, one) in entries.iter().enumerate() {
        for other in entries.iter().skip(at + 1) {
            faults.extend(between(*one, *other));
        }
        faults.extend(emergency(*one, taken));
        faults.extend(service(*one, taken));
    }
}

/// What two codes have against each other.
fn between(one: Entry<'_>, other: Entry<'_>) -> Option<CodeFault> {
    let line = one.line.max(other.line);
    if one.keys == other.keys {
        let (first, second) = if one.line > other.line {
            (other, one)
        } else {
            (one, other)
        };
        let mistake = CodeMistake::Twice {
            code: one.keys.clone(),
            one: first.code.name(),
            other: second.code.name(),
        };
        return Some(CodeFault { line, mistake });
    }
    let (shorter, longer) = if one.keys.as_str().len() < other.keys.as_str().len() {
        (one, other)
    } else {
        (other, one)
    };
    becomes(shorter, longer.keys).then(|| CodeFault {
        line,
        mistake: CodeMistake::Shadows {
            code: longer.keys.clone(),
            name: longer.code.name(),
            shorter: shorter.keys.clone(),
            of: shorter.code.name(),
        },
    })
}

/// Whether something that may follow the code, or close it, makes this of it.
fn becomes(entry: Entry<'_>, keys: &DialString) -> bool {
    let Some(rest) = keys.as_str().strip_prefix(entry.keys.as_str()) else {
        return false;
    };
    let figures = rest.strip_suffix('#').unwrap_or(rest);
    if !figures.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    match entry.code.argument() {
        Argument::None => figures.is_empty(),
        Argument::Figure => figures.len() <= 1,
        Argument::Number | Argument::Extension | Argument::Call => true,
    }
}

fn emergency(entry: Entry<'_>, taken: &Taken) -> Option<CodeFault> {
    let begins = |number: &&DialString| entry.keys.as_str().starts_with(number.as_str());
    let in_the_way = |number: &&DialString| begins(number) || becomes(entry, number);
    let number = taken.emergency.iter().find(in_the_way)?;
    let mistake = CodeMistake::Emergency {
        code: entry.keys.clone(),
        name: entry.code.name(),
        number: number.clone(),
    };
    let line = entry.line;
    Some(CodeFault { line, mistake })
}

fn service(entry: Entry<'_>, taken: &Taken) -> Option<CodeFault> {
    let number = taken.service.iter().find(|number| becomes(entry, number))?;
    let mistake = CodeMistake::Service {
        code: entry.keys.clone(),
        name: entry.code.name(),
        number: number.clone(),
    };
    let line = entry.line;
    Some(CodeFault { line, mistake })
}

/// What an operator should know of a sound table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hint {
    /// A mobile telephone takes it for a command to its own network.
    #[error(
        "mobile telephones keep {code} ({name}) to themselves: what begins with * or # and ends \
         with # is a command to their network (3GPP TS 22.030, section 6.5.2)"
    )]
    Swallowed {
        /// The code.
        code: DialString,
        /// Its service.
        name: &'static str,
    },
    /// So it is with a `#` behind it.
    #[error(
        "mobile telephones keep {code}<number># ({name}) to themselves: have the number dialled \
         without # at its end"
    )]
    SwallowedWithHash {
        /// The code.
        code: DialString,
        /// Its service.
        name: &'static str,
    },
    /// Nothing is dialled for it.
    #[error("{0} has no code")]
    Without(&'static str),
}

/// What an operator should know of this table, in the order of the manual.
pub fn hints(table: &Table) -> Vec<Hint> {
    let mut hints = Vec::new();
    for code in Code::ALL {
        let mut found = false;
        for keys in table.of_name(code) {
            found = true;
            hints.extend(swallowed(keys, code));
        }
        hints.extend((!found).then(|| Hint::Without(code.name())));
    }
    hints
}

fn swallowed(keys: &DialString, code: Code) -> Option<Hint> {
    let (text, name) = (keys.as_str(), code.name());
    let code_keys = keys.clone();
    if !text.starts_with(['*', '#']) {
        return None;
    }
    if text.ends_with('#') {
        return Some(Hint::Swallowed {
            code: code_keys,
            name,
        });
    }
    match code.argument() {
        Argument::None | Argument::Figure => None,
        Argument::Number | Argument::Extension | Argument::Call => Some(Hint::SwallowedWithHash {
            code: code_keys,
            name,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_mobile_telephones_swallow_are_named() {
        let told: Vec<String> = hints(&Table::default())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            told.iter()
                .any(|hint| hint.contains("keep #92# (forget-caller)"))
        );
        assert!(
            told.iter()
                .any(|hint| hint.contains("keep *72<number># (forward-always-on)"))
        );
        assert!(!told.iter().any(|hint| hint.contains("*78")));
    }

    #[test]
    fn a_service_without_a_code_is_named() {
        let table = Table::parse("[codes]\npull = []\n", &Taken::default()).unwrap();
        assert!(hints(&table).contains(&Hint::Without("pull")));
    }
}
