//! The catalogue of a prompt set: the text of every clip, from `catalogue.toml`.
//!
//! In: the text of the file, and perhaps a catalogue below it that gives what the file does not.
//! Out: a [`Catalogue`] that has every clip its grammar can need, or every fault of the file at
//! once, each with its line.

use super::clip::ClipId;
use super::{Grammar, Line, SetId};
use std::collections::{BTreeMap, BTreeSet};
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

/// A catalogue laid over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlaid {
    /// Both, as one.
    pub catalogue: Catalogue,
    /// The clips whose texts the upper one gives.
    pub own: BTreeSet<ClipId>,
    /// The set it names as its parent.
    pub parent: Option<SetId>,
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
    /// The parent is no set.
    #[error("the parent {0:?} is no prompt set, such as \"nl\" or \"acme.nl\"")]
    Parent(String),
    /// A carrier sentence does not hold exactly one `{{}}`.
    #[error("the carrier {0} needs {{}} exactly once")]
    Carrier(String),
}

impl Catalogue {
    /// Reads a catalogue that is complete; on failure all faults, by line.
    pub fn parse(text: &str) -> Result<Catalogue, Vec<Fault>> {
        Catalogue::parse_over(text, None).map(|overlaid| overlaid.catalogue)
    }

    /// Reads a catalogue that may leave out whatever the one below it has: the grammar, the name,
    /// sections, single texts. Where there is none below, it is to be complete. On failure all
    /// faults, by line.
    pub fn parse_over(text: &str, below: Option<&Catalogue>) -> Result<Overlaid, Vec<Fault>> {
        let mut reader = Reader {
            text,
            below,
            own: BTreeSet::new(),
            faults: Vec::new(),
        };
        let read = reader.catalogue();
        reader.faults.sort_by_key(|f| f.line);
        match read {
            Some((catalogue, parent)) if reader.faults.is_empty() => Ok(Overlaid {
                catalogue,
                own: reader.own,
                parent,
            }),
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
    below: Option<&'a Catalogue>,
    own: BTreeSet<ClipId>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn catalogue(&mut self) -> Option<(Catalogue, Option<SetId>)> {
        let (file, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |s| s.start);
            self.fault(at, FaultKind::Syntax(error.message().to_owned()));
        }
        let file = file.get_ref();
        let sections = [
            "grammar", "name", "parent", "lines", "brief", "pieces", "carriers",
        ];
        self.refuse_unknown(file, &sections);
        let parent = self.parent(file);
        let grammar = self.grammar(file);
        let name = self.name(file);
        let same = |line: &Line| (ClipId::from(*line), ClipId::from(*line));
        let lines: Vec<_> = Line::ALL.iter().map(same).collect();
        let mut texts = self.texts(file, "lines", &lines);
        let brief = |line: &Line| (ClipId::from(*line), ClipId::brief(*line));
        let brief: Vec<_> = Line::BRIEF.iter().map(brief).collect();
        texts.extend(self.texts(file, "brief", &brief));
        let pieces = grammar.map(Grammar::clips)?;
        let same = |piece: &ClipId| (piece.clone(), piece.clone());
        let keys: Vec<_> = pieces.iter().map(same).collect();
        texts.extend(self.texts(file, "pieces", &keys));
        let carriers = self.carriers(file, &pieces);
        let catalogue = Catalogue {
            grammar: grammar?,
            name: name?,
            texts,
            carriers,
        };
        Some((catalogue, parent))
    }

    fn parent(&mut self, file: &DeTable<'_>) -> Option<SetId> {
        let value = file.get("parent")?;
        let name = self.string("parent", value)?;
        let parent = name.parse().ok();
        if parent.is_none() {
            self.fault(value.span().start, FaultKind::Parent(name));
        }
        parent
    }

    fn grammar(&mut self, file: &DeTable<'_>) -> Option<Grammar> {
        if let (None, Some(below)) = (file.get("grammar"), self.below) {
            return Some(below.grammar);
        }
        let name = self.text_of(file, "grammar")?;
        let grammar = Grammar::parse(&name);
        if grammar.is_none() {
            let at = file.get("grammar").map_or(0, |v| v.span().start);
            self.fault(at, FaultKind::NoGrammar(name));
        }
        grammar
    }

    fn name(&mut self, file: &DeTable<'_>) -> Option<String> {
        match (file.get("name"), self.below) {
            (None, Some(below)) => Some(below.name.clone()),
            _ => self.text_of(file, "name"),
        }
    }

    fn text_of(&mut self, file: &DeTable<'_>, key: &str) -> Option<String> {
        let Some(value) = file.get(key) else {
            self.fault(0, FaultKind::Missing(key.to_owned()));
            return None;
        };
        self.string(key, value)
    }

    /// The texts of exactly these clips, each under its key, with those from below where the
    /// section has none.
    fn texts(
        &mut self,
        file: &DeTable<'_>,
        section: &str,
        keys: &[(ClipId, ClipId)],
    ) -> BTreeMap<ClipId, String> {
        let left_out = DeTable::new();
        let (start, table) = match self.below {
            Some(_) if !file.contains_key(section) => (0, &left_out),
            _ => match self.section(file, section) {
                Some(section) => section,
                None => return BTreeMap::new(),
            },
        };
        let known: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        self.refuse_unknown(table, &known);
        let mut texts = BTreeMap::new();
        for (key, clip) in keys {
            if let Some(text) = self.text(start, table, key, clip) {
                texts.insert(clip.clone(), text);
            }
        }
        texts
    }

    /// The text of one clip, from its section or from below.
    fn text(
        &mut self,
        section: usize,
        table: &DeTable<'_>,
        key: &ClipId,
        clip: &ClipId,
    ) -> Option<String> {
        if let Some(value) = table.get(key.as_str()) {
            self.own.insert(clip.clone());
            return self.string(key.as_str(), value);
        }
        let below = self.below.and_then(|below| below.text(clip));
        if below.is_none() {
            self.fault(section, FaultKind::Missing(key.to_string()));
        }
        below.map(str::to_owned)
    }

    fn carriers(&mut self, file: &DeTable<'_>, pieces: &[ClipId]) -> BTreeMap<String, String> {
        let below = self.below.map(|below| below.carriers.clone());
        let mut carriers = below.unwrap_or_default();
        if !file.contains_key("carriers") {
            return carriers;
        }
        let Some((_, table)) = self.section(file, "carriers") else {
            return carriers;
        };
        let families: Vec<&str> = pieces.iter().map(ClipId::family).collect();
        self.refuse_unknown(table, &families);
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
                line_of(&broken, "\"nummer,\""),
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

    fn id(name: &str) -> ClipId {
        ClipId::parse(name).unwrap()
    }

    #[test]
    fn a_catalogue_over_another_gives_what_it_changes_and_no_more() {
        let below = Catalogue::parse(DUTCH).unwrap();
        let nothing = Catalogue::parse_over("", Some(&below)).unwrap();
        assert_eq!((nothing.catalogue, nothing.own.len()), (below.clone(), 0));
        let text = "parent = \"nl\"\n[lines]\ngoodbye = \"Dag!\"\n[brief]\ngo-back = \"Weg:\"\n";
        let over = Catalogue::parse_over(text, Some(&below)).unwrap();
        let said = |clip: &str| over.catalogue.text(&id(clip)).map(str::to_owned);
        assert_eq!(said("goodbye").as_deref(), Some("Dag!"));
        assert_eq!(said("go-back-brief").as_deref(), Some("Weg:"));
        assert_eq!(said("go-back").as_deref(), Some("Om terug te gaan,"));
        assert_eq!(over.own, [id("goodbye"), id("go-back-brief")].into());
        assert_eq!(over.parent, "nl".parse().ok());
    }

    #[test]
    fn what_another_grammar_needs_besides_is_asked_for() {
        let below = Catalogue::parse(DUTCH).unwrap();
        let faults = Catalogue::parse_over("grammar = \"en\"\n", Some(&below)).unwrap_err();
        let missing = |clip: &str| FaultKind::Missing(clip.to_owned());
        let kinds: Vec<_> = faults.iter().map(|f| &f.what).collect();
        assert!(kinds.contains(&&missing("ordinal-1")) && kinds.contains(&&missing("oh")));
        assert!(!kinds.contains(&&missing("number-1")), "{kinds:?}");
    }

    #[test]
    fn faults_over_another_have_their_lines_too() {
        let below = Catalogue::parse(DUTCH).unwrap();
        let text = "parent = \"../nl\"\n[lines]\ngodbye = \"Dag!\"\nand = \"\"\n";
        let faults = Catalogue::parse_over(text, Some(&below)).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 1: the parent \"../nl\" is no prompt set, such as \"nl\" or \"acme.nl\"",
                "line 3: godbye is not known",
                "line 4: the text of and is empty",
            ]
        );
    }
}
