//! The catalogue of a prompt set: the text of every clip, from `catalogue.toml`.
//!
//! In: the text of the file. Out: a [`Catalogue`] that has every clip its grammar can need, or
//! every fault of the file at once, each with its line.

use super::clip::ClipId;
use super::{Grammar, Line};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The texts of one prompt set, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalogue {
    grammar: Grammar,
    name: String,
    texts: BTreeMap<ClipId, String>,
    carriers: BTreeMap<String, String>,
}

/// One clip of a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipText<'a> {
    /// Its name.
    pub id: &'a ClipId,
    /// What it says.
    pub text: &'a str,
    /// The sentence in which it is spoken when it is rendered, `{}` standing for the text.
    pub carrier: Option<&'a str>,
}

/// A fault in a catalogue file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Fault {
    /// The line, counted from 1; for a missing clip the line of its section.
    pub line: usize,
    /// What is wrong there.
    pub what: FaultKind,
}

/// What can be wrong in a catalogue file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// No TOML.
    #[error("{0}")]
    Syntax(String),
    /// A clip that the grammar needs has no entry.
    #[error("{0} is missing")]
    Missing(String),
    /// An entry that nothing uses.
    #[error("{0} is not known")]
    Unknown(String),
    /// A text without a letter or figure.
    #[error("the text of {0} is empty")]
    Empty(String),
    /// An entry of another type than it should have.
    #[error("{0} is not {1}")]
    WrongType(String, &'static str),
    /// A grammar of this name does not exist.
    #[error("there is no grammar {0:?}, only \"nl\" and \"en\"")]
    NoGrammar(String),
    /// A carrier sentence does not hold exactly one `{{}}`.
    #[error("the carrier {0} needs {{}} exactly once")]
    Carrier(String),
}

impl Catalogue {
    /// Reads a catalogue; on failure all faults, by line.
    pub fn parse(text: &str) -> Result<Catalogue, Vec<Fault>> {
        let mut reader = Reader {
            text,
            faults: Vec::new(),
        };
        let catalogue = reader.catalogue();
        reader.faults.sort_by_key(|f| f.line);
        match catalogue {
            Some(catalogue) if reader.faults.is_empty() => Ok(catalogue),
            _ => Err(reader.faults),
        }
    }

    /// A catalogue in which every clip says its own name, for sets whose clips are not words.
    pub fn of_names(grammar: Grammar) -> Catalogue {
        let texts = grammar
            .all_clips()
            .into_iter()
            .map(|id| (id.clone(), id.to_string()))
            .collect();
        let name = "names".to_owned();
        Catalogue {
            grammar,
            name,
            texts,
            carriers: BTreeMap::new(),
        }
    }

    /// A catalogue put together from several, which may lack texts.
    pub fn of_texts(grammar: Grammar, name: String, texts: BTreeMap<ClipId, String>) -> Catalogue {
        let carriers = BTreeMap::new();
        Catalogue {
            grammar,
            name,
            texts,
            carriers,
        }
    }

    /// How values are said.
    pub fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// The language's own name for itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a clip.
    pub fn text(&self, clip: &ClipId) -> Option<&str> {
        self.texts.get(clip).map(String::as_str)
    }

    /// Every clip, by name.
    pub fn clips(&self) -> impl Iterator<Item = ClipText<'_>> {
        self.texts.iter().map(|(id, text)| ClipText {
            id,
            text,
            carrier: self.carriers.get(id.family()).map(String::as_str),
        })
    }
}

/// Reads a file and gathers its faults.
struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn catalogue(&mut self) -> Option<Catalogue> {
        let (file, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |s| s.start);
            self.fault(at, FaultKind::Syntax(error.message().to_owned()));
        }
        let file = file.get_ref();
        let sections = ["grammar", "name", "lines", "brief", "pieces", "carriers"];
        self.refuse_unknown(file, &sections);
        let grammar = self.grammar(file);
        let name = self.text_of(file, "name");
        let lines: Vec<ClipId> = Line::ALL.iter().map(|&line| line.into()).collect();
        let mut texts = self.texts(file, "lines", &lines);
        let brief: Vec<ClipId> = Line::BRIEF.iter().map(|&line| line.into()).collect();
        let brief = self.texts(file, "brief", &brief).into_iter();
        texts.extend(brief.map(|(line, text)| (ClipId::of(line.as_str(), "brief"), text)));
        let pieces = grammar.map(Grammar::clips)?;
        texts.extend(self.texts(file, "pieces", &pieces));
        let carriers = self.carriers(file, &pieces);
        Some(Catalogue {
            grammar: grammar?,
            name: name?,
            texts,
            carriers,
        })
    }

    fn grammar(&mut self, file: &DeTable<'_>) -> Option<Grammar> {
        let name = self.text_of(file, "grammar")?;
        let grammar = Grammar::parse(&name);
        if grammar.is_none() {
            let at = file.get("grammar").map_or(0, |v| v.span().start);
            self.fault(at, FaultKind::NoGrammar(name));
        }
        grammar
    }

    fn text_of(&mut self, file: &DeTable<'_>, key: &str) -> Option<String> {
        let Some(value) = file.get(key) else {
            self.fault(0, FaultKind::Missing(key.to_owned()));
            return None;
        };
        self.string(key, value)
    }

    /// The section with the texts of exactly these clips.
    fn texts(
        &mut self,
        file: &DeTable<'_>,
        section: &str,
        clips: &[ClipId],
    ) -> BTreeMap<ClipId, String> {
        let Some((start, table)) = self.section(file, section) else {
            return BTreeMap::new();
        };
        let known: Vec<&str> = clips.iter().map(ClipId::as_str).collect();
        self.refuse_unknown(table, &known);
        let mut texts = BTreeMap::new();
        for clip in clips {
            match table.get(clip.as_str()) {
                None => self.fault(start, FaultKind::Missing(clip.to_string())),
                Some(value) => {
                    if let Some(text) = self.string(clip.as_str(), value) {
                        texts.insert(clip.clone(), text);
                    }
                }
            }
        }
        texts
    }

    fn carriers(&mut self, file: &DeTable<'_>, pieces: &[ClipId]) -> BTreeMap<String, String> {
        if !file.contains_key("carriers") {
            return BTreeMap::new();
        }
        let Some((_, table)) = self.section(file, "carriers") else {
            return BTreeMap::new();
        };
        let families: Vec<&str> = pieces.iter().map(ClipId::family).collect();
        self.refuse_unknown(table, &families);
        let mut carriers = BTreeMap::new();
        for (key, value) in table {
            let (at, key) = (key.span().start, key.get_ref());
            let Some(carrier) = self.string(key, value) else {
                continue;
            };
            if carrier.matches("{}").count() == 1 {
                carriers.insert(key.to_string(), carrier);
            } else {
                self.fault(at, FaultKind::Carrier(key.to_string()));
            }
        }
        carriers
    }

    /// A table of the file and where it begins.
    fn section<'t>(
        &mut self,
        file: &'t DeTable<'t>,
        name: &str,
    ) -> Option<(usize, &'t DeTable<'t>)> {
        let Some((key, value)) = file.get_key_value(name) else {
            self.fault(0, FaultKind::Missing(format!("[{name}]")));
            return None;
        };
        let start = key.span().start;
        if let DeValue::Table(table) = value.get_ref() {
            return Some((start, table));
        }
        self.fault(start, FaultKind::WrongType(name.to_owned(), "a table"));
        None
    }

    fn string(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let at = value.span().start;
        let DeValue::String(text) = value.get_ref() else {
            self.fault(at, FaultKind::WrongType(key.to_owned(), "a text"));
            return None;
        };
        if !text.contains(char::is_alphanumeric) && !text.contains("{}") {
            self.fault(at, FaultKind::Empty(key.to_owned()));
            return None;
        }
        Some(text.to_string())
    }

    fn refuse_unknown(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let what = FaultKind::Unknown(key.get_ref().to_string());
                self.fault(key.span().start, what);
            }
        }
    }

    fn fault(&mut self, at: usize, what: FaultKind) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        self.faults.push(Fault { line, what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUTCH: &str = include_str!("../../prompts/nl/catalogue.toml");
    const ENGLISH: &str = include_str!("../../prompts/en/catalogue.toml");

    fn line_of(text: &str, part: &str) -> usize {
        text.lines().position(|l| l.contains(part)).unwrap() + 1
    }

    #[test]
    fn the_sets_that_ship_are_complete() {
        for text in [DUTCH, ENGLISH] {
            let catalogue = Catalogue::parse(text).unwrap();
            for &line in Line::ALL {
                assert!(catalogue.text(&line.into()).is_some(), "{line:?}");
            }
            for clip in catalogue.grammar().clips() {
                assert!(catalogue.text(&clip).is_some(), "{clip}");
            }
        }
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let broken = DUTCH
            .replace("goodbye = \"Tot ziens.\"", "godbye = \"Tot ziens.\"")
            .replace(
                "message-saved = \"Het bericht is bewaard.\"",
                "message-saved = \" \"",
            )
            .replace("plus = \"plus\"", "plus = 3")
            .replace("number = \"{},\"", "number = \"nummer,\"");
        let faults = Catalogue::parse(&broken).unwrap_err();
        let expected = [
            (
                line_of(&broken, "[lines]"),
                FaultKind::Missing("goodbye".into()),
            ),
            (
                line_of(&broken, "message-saved ="),
                FaultKind::Empty("message-saved".into()),
            ),
            (
                line_of(&broken, "godbye"),
                FaultKind::Unknown("godbye".into()),
            ),
            (
                line_of(&broken, "plus = 3"),
                FaultKind::WrongType("plus".into(), "a text"),
            ),
            (
                line_of(&broken, "nummer,"),
                FaultKind::Carrier("number".into()),
            ),
        ];
        let expected: Vec<_> = expected.map(|(line, what)| Fault { line, what }).into();
        assert_eq!(faults, expected);
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_with_its_line() {
        let faults = Catalogue::parse("grammar = \"nl\"\nname = \n").unwrap_err();
        assert!(
            faults
                .iter()
                .any(|f| f.line == 2 && matches!(f.what, FaultKind::Syntax(_)))
        );
    }

    #[test]
    fn a_grammar_nobody_wrote_is_refused() {
        let faults = Catalogue::parse(&ENGLISH.replace("\"en\"", "\"tlh\"")).unwrap_err();
        assert!(
            faults
                .iter()
                .any(|f| f.what == FaultKind::NoGrammar("tlh".into())),
            "{faults:?}"
        );
    }

    #[test]
    fn numbers_are_spoken_in_their_carrier() {
        let catalogue = Catalogue::parse(DUTCH).unwrap();
        let number = catalogue
            .clips()
            .find(|c| c.id.as_str() == "number-7")
            .unwrap();
        assert_eq!((number.text, number.carrier), ("zeven", Some("{},")));
        let line = catalogue
            .clips()
            .find(|c| c.id.as_str() == "goodbye")
            .unwrap();
        assert_eq!(line.carrier, None);
    }
}
