//! Mapping files: which sounds of another system's tree say what our clips say.
//!
//! In: the text of `prompts/mappings/<name>.toml` or of an operator's file. Out: a [`Mapping`], or
//! every fault of the file at once, each with its line. A mapping names files; it has no texts.
//!
//! ```toml
//! languages = ["en"]                       # the sets it is for, by the first part of their language
//!
//! [tree]
//! roots = [".", "{language}", "{language}_*"]  # where the sounds begin; * is any one folder
//! paths = ["{file}"]                       # below there; {folder} and {name} are the parts of {file}
//! rates = [16000, 8000]                    # what {rate} in a path stands for, the best first
//! endings = ["wav"]                        # the best first
//!
//! [clips]
//! goodbye = "vm-goodbye | goodbye"         # the first that is there
//! saved-one = ["digits/1", "vm-saved", "vm-message"]    # one after another
//! "number-{21..29}" = ["digits/20", "digits/{n-20}"]    # many at once
//! ```

use super::StudioFault;
use super::gathering::read_bounded;
use super::pattern::{Family, fill};
use crate::prompt::{ClipId, Grammar};
use rust_embed::RustEmbed;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// The most octets of a mapping file.
const MAX_MAPPING: u64 = 1 << 20;
/// The most files that make one clip.
const MAX_PARTS: usize = 8;
/// The most values of a list in `[tree]`, and the most alternatives of a file.
const MAX_LIST: usize = 16;
/// The longest name in a mapping, in octets.
const MAX_NAME: usize = 120;

#[derive(RustEmbed)]
#[folder = "prompts/mappings/"]
struct Embedded;

/// A mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    /// The first parts of the languages it is for.
    pub(super) languages: Vec<String>,
    /// Where the files of a tree are.
    pub(super) tree: Layout,
    /// The files of each clip in their order, each with its alternatives.
    pub(super) clips: BTreeMap<ClipId, Vec<Vec<String>>>,
}

/// Where the files of a tree are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where the sounds begin, below the tree.
    pub(super) roots: Vec<String>,
    /// Where a file is below that, without its ending.
    pub(super) paths: Vec<String>,
    /// The folders of sample rates, the best first.
    pub(super) rates: Vec<u32>,
    /// The endings of file names, the best first.
    pub(super) endings: Vec<String>,
}

/// A fault in a mapping file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
struct Fault {
    line: usize,
    what: FaultKind,
}

/// What can be wrong in a mapping file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum FaultKind {
    #[error("{0}")]
    Syntax(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is not known")]
    Unknown(String),
    #[error("{0} is not {1}")]
    WrongType(String, &'static str),
    #[error("no grammar has a clip {0}")]
    NoClip(String),
    #[error("{0} is mapped twice")]
    Twice(ClipId),
    #[error("{0:?} cannot be: {1}")]
    Name(String, &'static str),
    #[error("{0} has more than {1} values")]
    TooMany(String, usize),
}

/// The names of the mappings compiled in.
pub fn builtin_mappings() -> Vec<String> {
    let names = Embedded::iter().filter_map(|file| file.strip_suffix(".toml").map(str::to_owned));
    let names: BTreeSet<String> = names.collect();
    names.into_iter().collect()
}

/// The text of a mapping compiled in, as a start for one's own.
pub fn builtin_mapping(name: &str) -> Option<String> {
    let file = Embedded::get(&format!("{name}.toml"))?;
    String::from_utf8(file.data.into_owned()).ok()
}

impl Mapping {
    /// The mapping of this name compiled in, else that in this file; with its name.
    pub(super) fn load(name: &str) -> Result<(String, Mapping), StudioFault> {
        let (short, text) = match builtin_mapping(name) {
            Some(text) => (name.to_owned(), text),
            None => (stem(name), text_of(name)?),
        };
        let mapping = Mapping::parse(&text).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            let what = format!("the mapping {name} has faults: {}", faults.join("; "));
            StudioFault::Material(what)
        })?;
        Ok((short, mapping))
    }

    fn parse(text: &str) -> Result<Mapping, Vec<Fault>> {
        let mut reader = Reader {
            text,
            faults: Vec::new(),
        };
        let mapping = reader.mapping();
        reader.faults.sort_by_key(|fault| fault.line);
        if reader.faults.is_empty() {
            Ok(mapping)
        } else {
            Err(reader.faults)
        }
    }
}

fn stem(name: &str) -> String {
    let stem = Path::new(name).file_stem().unwrap_or_default();
    super::shown(&stem.to_string_lossy())
}

fn text_of(name: &str) -> Result<String, StudioFault> {
    let bytes = File::open(name).and_then(|file| read_bounded(file, MAX_MAPPING));
    let bytes = bytes.map_err(|error| {
        let known = builtin_mappings().join(" and ");
        let what = format!("there is no mapping {name}: {error}; {known} are compiled in");
        StudioFault::Material(what)
    })?;
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| {
        let what = format!("the mapping {name} is no text in UTF-8 of 1 MiB at most");
        StudioFault::Material(what)
    })
}

/// Reads a file and gathers its faults.
struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn mapping(&mut self) -> Mapping {
        let (file, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.fault(at, FaultKind::Syntax(error.message().to_owned()));
        }
        let file = file.get_ref();
        self.refuse_unknown(file, &["languages", "tree", "clips"]);
        let languages = self.required(file, "languages", 0);
        let tree = self.tree(file);
        let mut clips = BTreeMap::new();
        if let Some((_, table)) = self.section(file, "clips") {
            let mut lines: Vec<_> = table.iter().collect();
            lines.sort_by_key(|(key, _)| key.span().start);
            for (key, value) in lines {
                self.clip(key, value, &mut clips);
            }
        }
        Mapping {
            languages,
            tree,
            clips,
        }
    }

    fn tree(&mut self, file: &DeTable<'_>) -> Layout {
        let Some((start, table)) = self.section(file, "tree") else {
            return Layout {
                roots: Vec::new(),
                paths: Vec::new(),
                rates: Vec::new(),
                endings: Vec::new(),
            };
        };
        self.refuse_unknown(table, &["roots", "paths", "rates", "endings"]);
        let rates = table.get("rates").map(|value| self.rates(value));
        Layout {
            roots: self.required(table, "roots", start),
            paths: self.required(table, "paths", start),
            rates: rates.unwrap_or_default(),
            endings: self.required(table, "endings", start),
        }
    }

    /// One line of `[clips]`.
    fn clip(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        clips: &mut BTreeMap<ClipId, Vec<Vec<String>>>,
    ) {
        let (at, name) = (key.span().start, key.get_ref().to_string());
        let files = self.list(&name, value, MAX_PARTS);
        let members: Vec<(Option<u32>, String)> = match Family::parse(&name) {
            Ok(None) => vec![(None, name)],
            Ok(Some(family)) => family.members().map(|(n, name)| (Some(n), name)).collect(),
            Err(why) => return self.fault(at, FaultKind::Name(name, why)),
        };
        for (n, name) in members {
            let Some(clip) = known_clip(&name) else {
                self.fault(at, FaultKind::NoClip(name));
                continue;
            };
            let parts: Result<Vec<Vec<String>>, FaultKind> =
                files.iter().map(|file| alternatives(file, n)).collect();
            match parts {
                Ok(parts) => {
                    if clips.insert(clip.clone(), parts).is_some() {
                        self.fault(at, FaultKind::Twice(clip));
                    }
                }
                Err(what) => return self.fault(at, what),
            }
        }
    }

    /// A list of texts that must be there and may not be empty.
    fn required(&mut self, table: &DeTable<'_>, key: &'static str, start: usize) -> Vec<String> {
        let Some(value) = table.get(key) else {
            self.fault(start, FaultKind::Missing(key));
            return Vec::new();
        };
        self.list(key, value, MAX_LIST)
    }

    /// One text, or a list of them.
    fn list(&mut self, key: &str, value: &Spanned<DeValue<'_>>, most: usize) -> Vec<String> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(text) => vec![text.to_string()],
            DeValue::Array(array) if array.is_empty() => {
                let wanted = "a text or a list of texts with something in it";
                self.fault(at, FaultKind::WrongType(key.to_owned(), wanted));
                Vec::new()
            }
            DeValue::Array(array) if array.len() > most => {
                self.fault(at, FaultKind::TooMany(key.to_owned(), most));
                Vec::new()
            }
            DeValue::Array(array) => self.texts(key, array),
            _ => {
                let wanted = "a text or a list of texts";
                self.fault(at, FaultKind::WrongType(key.to_owned(), wanted));
                Vec::new()
            }
        }
    }

    fn texts(&mut self, key: &str, array: &DeArray<'_>) -> Vec<String> {
        let mut texts = Vec::new();
        for value in array {
            if let DeValue::String(text) = value.get_ref() {
                texts.push(text.to_string());
            } else {
                let what = FaultKind::WrongType(format!("a value of {key}"), "a text");
                self.fault(value.span().start, what);
            }
        }
        texts
    }

    fn rates(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<u32> {
        let numbers = |array: &DeArray<'_>| -> Option<Vec<u32>> {
            let one = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
                DeValue::Integer(number) => number.as_str().parse().ok(),
                _ => None,
            };
            array.iter().map(one).collect()
        };
        let rates = match value.get_ref() {
            DeValue::Array(array) if array.len() <= MAX_LIST => numbers(array),
            _ => None,
        };
        rates.unwrap_or_else(|| {
            let wanted = "a list of sample rates, as in [16000, 8000]";
            let what = FaultKind::WrongType("rates".to_owned(), wanted);
            self.fault(value.span().start, what);
            Vec::new()
        })
    }

    /// A table of the file and where it begins.
    fn section<'t>(
        &mut self,
        file: &'t DeTable<'t>,
        name: &'static str,
    ) -> Option<(usize, &'t DeTable<'t>)> {
        let Some((key, value)) = file.get_key_value(name) else {
            self.fault(0, FaultKind::Missing(name));
            return None;
        };
        let start = key.span().start;
        if let DeValue::Table(table) = value.get_ref() {
            return Some((start, table));
        }
        self.fault(start, FaultKind::WrongType(name.to_owned(), "a table"));
        None
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

/// The clip of this name, where some grammar has it.
fn known_clip(name: &str) -> Option<ClipId> {
    let clip = ClipId::parse(name)?;
    let mut grammars = [Grammar::Dutch, Grammar::English].into_iter();
    grammars
        .any(|grammar| grammar.all_clips().contains(&clip))
        .then_some(clip)
}

/// The files of `a | b`, with a family's number put in.
fn alternatives(files: &str, n: Option<u32>) -> Result<Vec<String>, FaultKind> {
    let wrong = |why| FaultKind::Name(files.to_owned(), why);
    let names: Vec<&str> = files.split('|').map(str::trim).collect();
    if names.len() > MAX_LIST {
        return Err(FaultKind::TooMany(files.to_owned(), MAX_LIST));
    }
    let one = |name: &str| {
        let name = fill(name, n).map_err(wrong)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        let parts_are_names = name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'));
        if name.len() <= MAX_NAME && name.chars().all(plain) && parts_are_names {
            Ok(name)
        } else {
            let why = "a file is named by letters, figures, _ - and ., below the tree, without its ending";
            Err(wrong(why))
        }
    };
    names.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "languages = \"en\"\n[tree]\nroots = [\".\"]\npaths = \"{file}\"\n\
                        endings = [\"wav\"]\n[clips]\n";

    fn parse(clips: &str) -> Result<Mapping, Vec<Fault>> {
        Mapping::parse(&format!("{HEAD}{clips}"))
    }

    fn files(mapping: &Mapping, clip: &str) -> Vec<Vec<String>> {
        mapping.clips[&ClipId::parse(clip).unwrap()].clone()
    }

    fn faults(text: &str) -> Vec<String> {
        let faults = Mapping::parse(text).unwrap_err();
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_sequences_alternatives_and_families_are_read() {
        let mapping = parse(
            "goodbye = \"vm-goodbye | goodbye\"\n\
             new-one = [\"digits/1\", \"vm-INBOX\", \"vm-message\"]\n\
             \"number-{21..22}\" = [\"digits/20\", \"digits/{n-20}\"]\n",
        )
        .unwrap();
        assert_eq!(files(&mapping, "goodbye"), [["vm-goodbye", "goodbye"]]);
        assert_eq!(
            files(&mapping, "new-one"),
            [["digits/1"], ["vm-INBOX"], ["vm-message"]]
        );
        assert_eq!(files(&mapping, "number-22"), [["digits/20"], ["digits/2"]]);
        assert_eq!(mapping.clips.len(), 4);
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let text = format!(
            "{HEAD}goodby = \"x\"\ngoodbye = 3\n\"number-{{1..2}}\" = \"digits/{{m}}\"\n\
             number-3 = \"../../etc/passwd\"\nnumber-4 = \"/etc/passwd\"\n\
             \"number-{{5..6}}\" = \"a\"\nnumber-6 = \"b\"\nand = []\n"
        );
        let found = faults(&text);
        let expected = [
            "line 7: no grammar has a clip goodby",
            "line 8: goodbye is not a text or a list of texts",
            "line 9: \"digits/{m}\" cannot be: wanted {n}",
            "line 10: \"../../etc/passwd\" cannot be: a file is named by",
            "line 11: \"/etc/passwd\" cannot be: a file is named by",
            "line 13: number-6 is mapped twice",
            "line 14: and is not a text or a list of texts with something in it",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (fault, begins) in found.iter().zip(expected) {
            assert!(fault.starts_with(begins), "{fault}");
        }
    }

    #[test]
    fn what_a_mapping_must_have_is_missed() {
        assert_eq!(
            faults("[tree]\nrate = 1\n"),
            [
                "line 1: languages is missing",
                "line 1: roots is missing",
                "line 1: paths is missing",
                "line 1: endings is missing",
                "line 1: clips is missing",
                "line 2: rate is not known",
            ]
        );
        assert!(faults("languages = [\n")[0].starts_with("line "));
    }

    #[test]
    fn the_mappings_compiled_in_are_without_fault() {
        assert_eq!(builtin_mappings(), ["asterisk", "freeswitch"]);
        for name in builtin_mappings() {
            let (short, mapping) = Mapping::load(&name).unwrap();
            assert_eq!(short, name);
            let english = Grammar::English.all_clips();
            for clip in mapping.clips.keys() {
                assert!(english.contains(clip), "{clip}");
            }
            for number in 0..=99 {
                let clip = ClipId::parse(&format!("number-{number}")).unwrap();
                assert!(mapping.clips.contains_key(&clip), "{name}: {clip}");
            }
        }
    }

    #[test]
    fn a_mapping_that_is_not_there_is_told_with_those_that_are() {
        let fault = Mapping::load("/nowhere/at/all").unwrap_err().to_string();
        assert!(
            fault.contains("asterisk and freeswitch are compiled in"),
            "{fault}"
        );
    }
}
