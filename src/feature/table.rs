//! The table of codes, and looking up in it what was dialled.

use super::code::{Argument, Code};
use super::lint;
use super::read::{self, Rows};
use crate::base::{DialString, TenantId};
use std::collections::BTreeMap;
use std::fmt;

/// The shipped codes.
const SHIPPED: &str = include_str!("codes.toml");

/// What goes before a number of another country (ITU-T E.164 section 7.3.1), as keys.
const INTERNATIONAL: &str = "00";

/// The codes of one customer, or everybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Each code once, the longest first.
    codes: Vec<(DialString, Code)>,
}

/// The codes of everybody, and of the tenants that have their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Everybody's.
    pub usual: Table,
    /// Those of tenants, in place of everybody's.
    pub tenants: BTreeMap<TenantId, Table>,
}

/// What was dialled, when it is a code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dialled {
    /// Which.
    pub code: Code,
    /// What followed, as [`Code::argument`] says; figures alone. `None` where nothing did.
    pub argument: Option<DialString>,
}

/// Numbers that no code may stand in the way of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Emergency numbers: no code begins with one, and none with what follows it becomes one.
    pub emergency: Vec<DialString>,
    /// Numbers of the service: the portal and its likes.
    pub service: Vec<DialString>,
}

impl Tables {
    /// The codes for subscribers of this tenant.
    pub fn of(&self, tenant: Option<&TenantId>) -> &Table {
        tenant
            .and_then(|tenant| self.tenants.get(tenant))
            .unwrap_or(&self.usual)
    }
}

impl Table {
    /// Reads an operator's file and lays it over the shipped codes; the empty text changes nothing.
    /// Reports every fault found, in the order of the file.
    pub fn parse(text: &str, taken: &Taken) -> Result<Table, Vec<CodeFault>> {
        let mut faults = Vec::new();
        let mut rows = read::rows(SHIPPED, &mut faults);
        for row in rows.values_mut().flatten() {
            row.1 = None;
        }
        rows.extend(read::rows(text, &mut faults));
        lint::check(&rows, taken, &mut faults);
        if faults.is_empty() {
            return Ok(Table::of(&rows));
        }
        faults.sort_by_key(|fault| fault.line.unwrap_or(u32::MAX));
        Err(faults)
    }

    fn of(rows: &Rows) -> Table {
        let each = rows
            .iter()
            .flat_map(|(code, row)| row.iter().map(|(keys, _)| (keys.clone(), *code)));
        let mut codes: Vec<(DialString, Code)> = each.collect();
        codes.sort_by(|(one, _), (other, _)| {
            let length = other.as_str().len().cmp(&one.as_str().len());
            length.then_with(|| one.cmp(other))
        });
        Table { codes }
    }

    /// What these keys are for; `None` where they are no code. A `+` behind a code is read as the
    /// keys it stands for.
    pub fn look_up(&self, keys: &str) -> Option<Dialled> {
        let keys = match keys.split_once('+') {
            Some((before, number)) => format!("{before}{INTERNATIONAL}{number}"),
            None => keys.to_owned(),
        };
        self.codes.iter().find_map(|(begin, code)| {
            let rest = keys.strip_prefix(begin.as_str())?;
            let code = *code;
            argument(code, rest).map(|argument| Dialled { code, argument })
        })
    }

    /// The codes of this name, the longest first.
    pub fn of_name(&self, code: Code) -> impl Iterator<Item = &DialString> {
        let named = self.codes.iter().filter(move |(_, own)| *own == code);
        named.map(|(keys, _)| keys)
    }

    /// Every code, the longest first.
    pub fn all(&self) -> impl Iterator<Item = (&DialString, Code)> {
        self.codes.iter().map(|(keys, code)| (keys, *code))
    }
}

impl Default for Table {
    /// The shipped codes.
    fn default() -> Table {
        Table::of(&read::rows(SHIPPED, &mut Vec::new()))
    }
}

/// What follows a code, without the `#` that closes it; `None` where that cannot follow it.
#[allow(clippy::option_option)]
fn argument(code: Code, rest: &str) -> Option<Option<DialString>> {
    let rest = rest.strip_suffix('#').unwrap_or(rest);
    if rest.is_empty() {
        return Some(None);
    }
    let figures = rest.chars().all(|c| c.is_ascii_digit());
    let fits = match code.argument() {
        Argument::None => false,
        Argument::Figure => figures && rest.len() == 1,
        Argument::Number | Argument::Extension | Argument::Call => figures,
    };
    let number = DialString::parse(rest).ok().filter(|_| fits);
    number.map(Some)
}

/// One fault in an operator's codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeFault {
    /// The line of the operator's file to blame, from 1; `None` for a fault of what is below it.
    pub line: Option<u32>,
    /// What is wrong.
    pub mistake: CodeMistake,
}

impl CodeFault {
    /// The fault as a line that begins with its place, as compilers print theirs.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        let mistake = &self.mistake;
        match self.line {
            Some(line) => format!("{file}:{line}: {mistake}"),
            None => format!("{file}: {mistake}"),
        }
    }
}

impl fmt::Display for CodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.mistake),
            None => self.mistake.fmt(f),
        }
    }
}

impl std::error::Error for CodeFault {}

/// What can be wrong with a file of codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeMistake {
    /// Not TOML, or a name given twice.
    #[error("{0}")]
    Syntax(String),
    /// Not the section of codes.
    #[error("there is no section {0:?}; a file of codes has [codes]")]
    UnknownSection(String),
    /// The section is no section.
    #[error("codes must be a section: [codes]")]
    NoTable,
    /// No such service.
    #[error("there is no service {0:?}; `belpost codes list` shows them all")]
    UnknownName(String),
    /// Not a code.
    #[error("{name} must be a code, or a list of codes, of the keys 0-9, * and # in quotes")]
    NoCode {
        /// The service.
        name: String,
    },
    /// One code for two services.
    #[error("{code} stands for {one} already, and cannot stand for {other} too")]
    Twice {
        /// The code.
        code: DialString,
        /// The service that has it.
        one: &'static str,
        /// The other one.
        other: &'static str,
    },
    /// What may follow one code makes it another one.
    #[error("{code} ({name}) cannot be told from {shorter} ({of}) with a number behind it")]
    Shadows {
        /// The code.
        code: DialString,
        /// Its service.
        name: &'static str,
        /// The shorter one.
        shorter: DialString,
        /// Its service.
        of: &'static str,
    },
    /// It is in the way of an emergency call.
    #[error("{code} ({name}) is in the way of the emergency number {number}")]
    Emergency {
        /// The code.
        code: DialString,
        /// Its service.
        name: &'static str,
        /// The number.
        number: DialString,
    },
    /// It is in the way of a number of the service.
    #[error("{code} ({name}) is in the way of {number}, which the configuration gives another use")]
    Service {
        /// The code.
        code: DialString,
        /// Its service.
        name: &'static str,
        /// The number.
        number: DialString,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::LiveCode;
    use crate::subscriber::{Condition, Feature};
    use proptest::prelude::*;

    fn number(text: &str) -> DialString {
        DialString::parse(text).unwrap()
    }

    fn dialled(keys: &str) -> Option<(Code, Option<String>)> {
        let found = Table::default().look_up(keys)?;
        Some((found.code, found.argument.map(|n| n.to_string())))
    }

    #[test]
    fn the_shipped_codes_are_sound_and_every_service_has_one() {
        let table = Table::parse("", &Taken::default()).unwrap();
        assert_eq!(table, Table::default());
        for code in Code::ALL {
            assert_eq!(table.of_name(code).count(), 1, "{}", code.name());
        }
    }

    #[test]
    fn the_codes_of_the_manual_with_and_without_what_follows() {
        use Code::{ForwardOn, ForwardStatus, Live, Switch};
        let cases: [(&str, Code, Option<&str>); 20] = [
            ("*21*", ForwardStatus(Condition::Always), None),
            ("*21", Switch(Feature::AlwaysToVoicemail, true), None),
            ("*21#", Switch(Feature::AlwaysToVoicemail, true), None),
            ("*21*#", ForwardStatus(Condition::Always), None),
            ("#21", Switch(Feature::AlwaysToVoicemail, false), None),
            ("*67*", ForwardStatus(Condition::Busy), None),
            (
                "*670612345678",
                Live(LiveCode::WithholdNumber),
                Some("0612345678"),
            ),
            ("*67", Live(LiveCode::WithholdNumber), None),
            ("*61*", ForwardStatus(Condition::NoAnswer), None),
            ("*6105", Code::Rings, Some("5")),
            ("*6105#", Code::Rings, Some("5")),
            ("*610", Code::Rings, None),
            ("#92#", Code::ForgetCaller, None),
            (
                "*920201234567#",
                ForwardOn(Condition::NoAnswer),
                Some("0201234567"),
            ),
            ("*72", ForwardOn(Condition::Always), None),
            ("*72#", ForwardOn(Condition::Always), None),
            (
                "*72+31612345678",
                ForwardOn(Condition::Always),
                Some("0031612345678"),
            ),
            ("*94112", ForwardOn(Condition::NotReachable), Some("112")),
            ("*552002", Code::DirectToVoicemail, Some("2002")),
            ("*68", Live(LiveCode::Park), None),
        ];
        for (keys, code, argument) in cases {
            assert_eq!(
                dialled(keys),
                Some((code, argument.map(str::to_owned))),
                "{keys}"
            );
        }
        for keys in [
            "",
            "*",
            "#",
            "*2",
            "*2134",
            "*67*5",
            "*61",
            "*6100x",
            "*61012",
            "*72*5",
            "0612345678",
            "1233",
            "112",
            "#92",
            "*73 5",
            "*99",
        ] {
            assert_eq!(dialled(keys), None, "{keys}");
        }
    }

    #[test]
    fn an_operators_codes_take_the_place_of_the_shipped_ones() {
        let text = "[codes]\nredial = [\"*5\", \"**0\"]\npull = []\nforward-always-on = \"*21\"\n\
                    always-to-voicemail-on = \"*721\"\n";
        let table = Table::parse(text, &Taken::default()).unwrap();
        let code = |keys| table.look_up(keys).map(|found| found.code);
        assert_eq!(code("*5"), Some(Code::Live(LiveCode::Redial)));
        assert_eq!(code("**0"), Some(Code::Live(LiveCode::Redial)));
        assert_eq!(code("*66"), None);
        assert_eq!(code("*11"), None);
        assert_eq!(code("*21201"), Some(Code::ForwardOn(Condition::Always)));
        assert_eq!(
            code("*721"),
            Some(Code::Switch(Feature::AlwaysToVoicemail, true))
        );
    }

    #[test]
    fn every_fault_is_reported_with_its_line() {
        let taken = Taken {
            emergency: vec![number("112")],
            service: vec![number("1233")],
        };
        let cases = [
            (
                "[codes]\nfly = \"*1\"\n",
                "line 2: there is no service \"fly\"",
            ),
            ("[code]\n", "line 1: there is no section \"code\""),
            ("codes = 3\n", "line 1: codes must be a section"),
            ("[codes]\npull = 11\n", "line 2: pull must be a code"),
            ("[codes]\npull = \"+11\"\n", "line 2: pull must be a code"),
            (
                "[codes]\npull = [\"*11\", \"x\"]\n",
                "line 2: pull must be a code",
            ),
            ("[codes]\npull = \"*72\"\n", "line 2: *72 stands for "),
            (
                "[codes]\npull = \"*725\"\n",
                "line 2: *725 (pull) cannot be told from *72 (forward-always-on)",
            ),
            (
                "[codes]\nforward-always-on = \"*6\"\n",
                "line 2: *65 (show-number) cannot be told from *6 (forward-always-on)",
            ),
            (
                "[codes]\npull = \"112\"\n",
                "line 2: 112 (pull) is in the way of the emergency number 112",
            ),
            (
                "[codes]\nforward-always-on = \"1\"\n",
                "line 2: 1 (forward-always-on) is in the way of the emergency number 112",
            ),
            (
                "[codes]\npull = \"1125\"\n",
                "line 2: 1125 (pull) is in the way of the emergency number 112",
            ),
            (
                "[codes]\nforward-always-on = \"12\"\n",
                "line 2: 12 (forward-always-on) is in the way of 1233",
            ),
            ("[codes]\npull = \"1\npark = \"2\"\n", "line 2: "),
        ];
        for (text, expected) in cases {
            let faults = Table::parse(text, &taken).expect_err(text);
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert!(
                told.iter().any(|fault| fault.starts_with(expected)),
                "{expected}: {told:#?}"
            );
        }
    }

    #[test]
    fn a_number_of_the_service_that_nothing_stands_in_the_way_of_is_no_fault() {
        let taken = Taken {
            emergency: vec![number("112")],
            service: vec![
                number("*62"),
                number("*86"),
                number("*99"),
                number("*60"),
                number("1233"),
            ],
        };
        assert!(Table::parse("", &taken).is_ok());
        let faults = Table::parse("[codes]\nrings = \"*6\"\n", &taken).unwrap_err();
        // *6 and a figure is *60, *62 and others.
        assert!(
            faults
                .iter()
                .any(|fault| fault.to_string().contains("in the way of *62"))
        );
    }

    #[test]
    fn a_tenant_has_its_own_codes() {
        let acme = TenantId::parse("acme").unwrap();
        let own = Table::parse("[codes]\nredial = \"*5\"\n", &Taken::default()).unwrap();
        let tables = Tables {
            tenants: [(acme.clone(), own)].into(),
            ..Tables::default()
        };
        assert!(tables.of(Some(&acme)).look_up("*5").is_some());
        assert!(tables.of(None).look_up("*5").is_none());
        let other = TenantId::parse("other").unwrap();
        assert_eq!(tables.of(Some(&other)), &Table::default());
    }

    proptest! {
        /// Whatever is dialled is no code, or a code and what may follow it, and nothing of it is
        /// left over.
        #[test]
        fn a_code_and_what_follows_are_all_that_was_dialled(keys in "[*#]?[0-9*#]{0,12}") {
            let table = Table::default();
            if let Some(found) = table.look_up(&keys) {
                let argument = found.argument.as_ref().map_or("", DialString::as_str);
                let ways = table.of_name(found.code).flat_map(|code| {
                    [format!("{code}{argument}"), format!("{code}{argument}#")]
                });
                prop_assert!(ways.collect::<Vec<_>>().contains(&keys));
            }
        }

        /// A table that is taken has one meaning for every string: no code of it is hidden.
        #[test]
        fn every_code_of_a_sound_table_is_found(
            pull in "[*#][0-9*#]{1,4}", always in "[*#][0-9*#]{1,4}", rings in "[*#][0-9*#]{1,4}",
        ) {
            let text = format!(
                "[codes]\npull = \"{pull}\"\nforward-always-on = \"{always}\"\nrings = \"{rings}\"\n",
            );
            if let Ok(table) = Table::parse(&text, &Taken::default()) {
                for (keys, code) in table.all() {
                    let found = table.look_up(keys.as_str()).map(|found| found.code);
                    prop_assert_eq!(found, Some(code), "{}", keys);
                }
            }
        }
    }
}
