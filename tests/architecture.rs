//! The layout rules of `ARCHITECTURE.md`, checked from the sources.
//!
//! In: every file under `src/`, the map in `ARCHITECTURE.md`, the texts of the repository.
//! Out: one line for each violation. Each rule is a function from text to violations, and each is
//! shown a planted violation below, so that no rule can pass by looking at nothing.
//!
//! Long because each rule stands beside the violation that shows it.
//!
//! Test code (a `#[cfg(test)]` module, or a file called `tests.rs` or `..laws.rs`) obeys the ranks
//! but may touch files and clocks.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the library with its rank; within rank 6 the order of this table counts too.
const RANKS: &[(&str, u8)] = &[
    ("base", 0),
    ("audio", 1),
    ("mime", 1),
    ("rtp", 1),
    ("sdp", 1),
    ("feature", 2),
    ("mailbox", 2),
    ("prompt", 2),
    ("sip", 2),
    ("subscriber", 2),
    ("flow", 3),
    ("lamp", 3),
    ("media", 3),
    ("registrar", 3),
    ("call", 4),
    ("decoder", 5),
    ("deliver", 5),
    ("directory", 5),
    ("engine", 5),
    ("library", 5),
    ("observe", 5),
    ("spool", 5),
    ("transport", 5),
    ("config", 6),
    ("web", 6),
    ("server", 6),
    ("selftest", 6),
    ("cli", 6),
];

/// The uses between neighbours of a rank: a flow speaks media's vocabulary, what an answer agrees
/// on is a law of audio, a code is for a service of the subscriber, and a profile says how its
/// mailbox is kept.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("deliver", "decoder"),
    ("feature", "subscriber"),
    ("flow", "media"),
    ("library", "decoder"),
    ("sdp", "audio"),
    ("subscriber", "mailbox"),
];

/// The highest rank that must stay free of sockets, files, clocks, tasks and randomness.
const PURE_UP_TO: u8 = 4;

/// Words that betray a socket, file, clock, task or randomness.
const IMPURE: &[&str] = &[
    "tokio::",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "rand::",
    "getrandom::",
];

/// Children of `std` that are impure when imported through a group (`use std::{fs, io}`).
const IMPURE_OF_STD: &[&str] = &["fs", "thread", "env", "process"];

/// The longest file that needs no reason, in lines.
const LONG_FILE: usize = 600;

/// What a longer file must say in its module documentation.
const LONG_REASON: &str = "Long because";

/// Paths that exist on one machine only, and marks of unfinished work.
const FORBIDDEN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp", "/wt"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
];

// ---- the rules, from text to violations ----

/// The rank of a module and its place in the table.
fn rank(module: &str) -> Option<(u8, usize)> {
    RANKS
        .iter()
        .position(|(name, _)| *name == module)
        .map(|at| (RANKS[at].1, at))
}

/// Whether `user` may use `used`.
fn may_use(user: &str, used: &str) -> Result<(), String> {
    let Some((own_rank, own_place)) = rank(user) else {
        return Err(format!("module {user} has no rank"));
    };
    let Some((other_rank, other_place)) = rank(used) else {
        return Err(format!("module {used} has no rank"));
    };
    let shell_order = own_rank == 6 && other_rank == 6 && other_place < own_place;
    let neighbour = NEIGHBOURS.contains(&(user, used));
    let edge_skips_call = own_rank == 5 && other_rank == 4;
    if user == used || shell_order || neighbour || (other_rank < own_rank && !edge_skips_call) {
        Ok(())
    } else {
        Err(format!(
            "{user} (rank {own_rank}) must not use {used} (rank {other_rank})"
        ))
    }
}

/// Rank violations of one file of `module`; crate-level items such as macros are not modules.
fn rank_violations(module: &str, code: &str) -> Vec<String> {
    first_segments(code, "crate")
        .into_iter()
        .filter(|used| used.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|used| may_use(module, &used).err())
        .collect()
}

/// Reaching the crate root by `super` would hide a use from [`rank_violations`].
fn super_violations(depth: usize, code: &str) -> Vec<String> {
    let mut inline = 0;
    let mut found = Vec::new();
    for line in code.lines() {
        let declares = line.trim_start().trim_start_matches("pub ");
        if declares.starts_with("mod ") && line.trim_end().ends_with('{') {
            inline = 1;
        }
        let chain = line.matches("super::").count();
        let adjoining = line.contains(&"super::".repeat(chain.max(1)));
        if chain > 0 && adjoining && chain >= depth + inline && depth + inline > 0 {
            let past = line.split("super::").last().unwrap_or_default();
            let name: String = past.chars().take_while(|c| is_word(*c)).collect();
            if rank(&name).is_some() {
                found.push(format!("reaches {name} by super: write crate::{name}"));
            }
        }
    }
    found
}

/// Impure words in code of ranks 0-4.
fn impurities(code: &str) -> Vec<String> {
    let words = IMPURE
        .iter()
        .filter(|word| contains_word(code, word))
        .map(|word| format!("uses {word}"));
    let grouped = first_segments(code, "std")
        .into_iter()
        .filter(|child| IMPURE_OF_STD.contains(&child.as_str()))
        .map(|child| format!("uses std::{child}"));
    // A word found both ways is one violation.
    let found: BTreeSet<String> = words.chain(grouped).collect();
    found.into_iter().collect()
}

/// A file without module documentation.
fn missing_module_doc(text: &str) -> Vec<String> {
    if text.starts_with("//!") {
        Vec::new()
    } else {
        vec!["does not open with //!".to_owned()]
    }
}

/// A long file that gives no reason.
fn unexplained_length(text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let explained = text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .any(|line| line.contains(LONG_REASON));
    if lines > LONG_FILE && !explained {
        vec![format!(
            "has {lines} lines and no \"{LONG_REASON}\" in its //!"
        )]
    } else {
        Vec::new()
    }
}

/// Words that must stand nowhere in the repository.
fn forbidden_words(text: &str) -> Vec<String> {
    text.lines()
        .enumerate()
        .flat_map(|(index, line)| {
            FORBIDDEN
                .iter()
                .filter(|word| contains_word(line, word))
                .map(move |word| format!("line {}: {word}", index + 1))
        })
        .collect()
}

/// Rows of the map that say another rank than the table, and modules the map does not show.
fn map_violations(map: &str) -> Vec<String> {
    let shown: BTreeSet<(String, u8)> = map.lines().filter_map(map_row).collect();
    let ranked: BTreeSet<(String, u8)> = RANKS.iter().map(|(n, r)| ((*n).to_owned(), *r)).collect();
    let missing = ranked
        .difference(&shown)
        .map(|(n, r)| format!("ARCHITECTURE.md does not show {n} at rank {r}"));
    let extra = shown
        .difference(&ranked)
        .map(|(n, r)| format!("ARCHITECTURE.md shows {n} at rank {r}"));
    missing.chain(extra).collect()
}

/// `| 3 | `flow` | ...` as ("flow", 3).
fn map_row(line: &str) -> Option<(String, u8)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    let rank = cells.next()?.parse().ok()?;
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some((name.to_owned(), rank))
}

/// Direct dependencies of `manifest` (Cargo.toml) that the tables of `page` do not name, and names
/// in those tables that are none. The first table is of the program, the second of the tests.
fn dependency_violations(manifest: &str, page: &str) -> Vec<String> {
    let (program, tests) = page.split_once("For tests only").unwrap_or((page, ""));
    let sections = [("dependencies", program), ("dev-dependencies", tests)];
    sections
        .iter()
        .flat_map(|(section, text)| {
            let used = section_keys(manifest, section);
            let listed: BTreeSet<String> = text.lines().flat_map(first_cell_names).collect();
            let missing = used.difference(&listed);
            let missing = missing.map(|n| format!("{n} of [{section}] is not listed"));
            let extra = listed.difference(&used);
            let extra = extra.map(|n| format!("{n} is listed, but not in [{section}]"));
            missing.chain(extra).collect::<Vec<String>>()
        })
        .collect()
}

/// The keys of one section of a TOML file whose entries take one line each.
fn section_keys(toml: &str, section: &str) -> BTreeSet<String> {
    let head = format!("[{section}]");
    toml.lines()
        .skip_while(|line| line.trim() != head)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .collect()
}

/// ``| `rtcp`, `rtp` | ...`` as "rtcp" and "rtp".
fn first_cell_names(line: &str) -> Vec<String> {
    let cell = line.strip_prefix('|').and_then(|row| row.split('|').next());
    let names = cell.unwrap_or_default().split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

// ---- reading Rust, just enough ----

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `text` and is not the tail of a longer word.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !(before.is_some_and(is_word) && word.starts_with(is_word))
    })
}

/// The source with comments, strings and characters blanked, line ends kept.
fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = skippable(rest);
        if skip > 0 {
            let (gone, left) = rest.split_at(skip);
            out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = left;
            continue;
        }
        // A word is taken whole, so that the `r` of `for"` or the `'` of a lifetime start nothing.
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let taken = if word > 0 { word } else { first.len_utf8() };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

/// The length of the comment, string or character that `text` starts with; 0 for code.
fn skippable(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let unprefixed = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - unprefixed.len();
    if prefix <= 1 {
        if let Some(raw) = unprefixed.strip_prefix('r') {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if raw[hashes..].starts_with('"') {
                let close = format!("\"{}", "#".repeat(hashes));
                let body = prefix + 1 + hashes + 1;
                return text[body..]
                    .find(&close)
                    .map_or(text.len(), |end| body + end + close.len());
            }
        }
        if unprefixed.starts_with('"') {
            return prefix + quoted(unprefixed, '"');
        }
    }
    if text.starts_with('\'') && is_character(text) {
        return quoted(text, '\'');
    }
    0
}

/// Whether a `'` opens a character and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// The length of a quoted literal with backslash escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The code without its `#[cfg(test)]` modules.
fn without_tests(code: &str) -> String {
    let mut rest = code;
    let mut out = String::new();
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|s| open < s) => block_end(item, open),
            (_, Some(semicolon)) => semicolon + 1,
            (_, None) => item.len(),
        };
        rest = &item[end..];
    }
    out + rest
}

/// The end of the block that opens at `open`.
fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

/// The names that directly follow `root::` in paths and groups: `a`, `b` of
/// `crate::a::X` and `crate::{a, b::{c, d}}`.
fn first_segments(code: &str, root: &str) -> BTreeSet<String> {
    let start = format!("{root}::");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(&start) {
        let inside = code[..at].chars().next_back().is_some_and(is_word);
        let after = code[at + start.len()..].trim_start();
        if inside {
            continue;
        }
        match after.strip_prefix('{') {
            Some(group) => found.extend(group_names(group)),
            None => {
                found.insert(after.chars().take_while(|c| is_word(*c)).collect());
            }
        }
    }
    found
}

/// The names at the outer level of a `{...}` group, its opening brace taken.
fn group_names(group: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut depth = 1usize;
    let mut naming = true;
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => {
                names.push(String::new());
                naming = true;
            }
            _ if depth == 1 && naming && is_word(c) => {
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
            }
            ':' => naming = false,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty() && name != "self");
    names
}

// ---- reading the repository ----

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` with one of these endings, in order of their names.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if endings
            .iter()
            .any(|end| path.to_string_lossy().ends_with(end))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// One source file.
struct Source {
    /// Its path below the repository.
    path: String,
    /// The library module it belongs to; `None` for `lib.rs` and `main.rs`.
    module: Option<String>,
    /// How many `super`s lead from its top level to the crate root.
    depth: usize,
    /// Whether all of it is test code.
    tests_only: bool,
    text: String,
}

fn sources() -> Vec<Source> {
    let src = root().join("src");
    files(&src, &[".rs"])
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&src).unwrap().to_path_buf();
            let parts: Vec<_> = below.iter().map(|p| p.to_string_lossy()).collect();
            let is_mod = parts.last().is_some_and(|name| name == "mod.rs");
            Source {
                path: format!("src/{}", below.display()),
                module: (parts.len() > 1).then(|| parts[0].to_string()),
                depth: parts.len() - usize::from(is_mod),
                tests_only: parts
                    .iter()
                    .any(|p| p == "tests" || p == "tests.rs" || p.ends_with("laws.rs")),
                text: fs::read_to_string(&path).unwrap(),
            }
        })
        .collect()
}

/// Runs a rule over every source and fails with all that it found.
fn check_sources(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > 30, "only {} sources seen", sources.len());
    let found: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            rule(source)
                .into_iter()
                .map(|violation| format!("{}: {violation}", source.path))
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn modules_use_only_lower_ranks() {
    check_sources(|source| {
        let code = code_only(&source.text);
        let Some(module) = source.module.as_deref() else {
            return Vec::new();
        };
        let mut found = rank_violations(module, &code);
        found.extend(super_violations(source.depth, &code));
        found
    });
}

#[test]
fn the_core_touches_no_socket_file_clock_or_chance() {
    check_sources(|source| {
        let pure = source
            .module
            .as_deref()
            .and_then(rank)
            .is_some_and(|(rank, _)| rank <= PURE_UP_TO);
        if pure && !source.tests_only {
            impurities(&without_tests(&code_only(&source.text)))
        } else {
            Vec::new()
        }
    });
}

#[test]
fn every_source_says_what_it_is() {
    check_sources(|source| missing_module_doc(&source.text));
}

#[test]
fn a_long_file_says_why() {
    check_sources(|source| unexplained_length(&source.text));
}

#[test]
fn the_map_shows_every_module_at_its_rank() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let found = map_violations(&map);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_direct_dependency_is_accounted_for_and_nothing_else() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let page = fs::read_to_string(root().join("docs/adr/dependencies.md")).unwrap();
    assert!(section_keys(&manifest, "dependencies").len() > 10);
    assert!(!section_keys(&manifest, "dev-dependencies").is_empty());
    let found = dependency_violations(&manifest, &page);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_table_of_ranks_names_the_modules_there_are() {
    let there: BTreeSet<String> = sources().into_iter().filter_map(|s| s.module).collect();
    let ranked: BTreeSet<String> = RANKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, ranked);
}

#[test]
fn no_text_names_one_machine_or_leaves_work_undone() {
    let mut texts = Vec::new();
    for folder in [
        "src",
        "tests",
        "docs",
        "scripts",
        "packaging",
        "examples",
        ".ci",
    ] {
        texts.extend(files(&root().join(folder), &[""]));
    }
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "Cargo.toml",
    ] {
        texts.push(root().join(name));
    }
    let mut found = Vec::new();
    for path in texts {
        // What is no text (a clip, a picture) has no words.
        if let Ok(text) = fs::read_to_string(&path) {
            found.extend(
                forbidden_words(&text)
                    .into_iter()
                    .map(|v| format!("{}: {v}", path.display())),
            );
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

// ---- each rule is shown what it must catch, and what it must let pass ----

#[test]
fn a_use_upwards_or_sideways_is_caught_in_every_spelling() {
    let caught = |module, code: &str| rank_violations(module, &code_only(code)).len();
    assert_eq!(caught("flow", "use crate::spool::Spool;"), 1);
    assert_eq!(
        caught("sip", "use crate::{base::Digit, engine::{A, B}, call};"),
        2
    );
    assert_eq!(
        caught("sdp", "fn f(x: crate::rtp::Packet) {}"),
        1,
        "sideways"
    );
    assert_eq!(
        caught("spool", "use crate::call::Switch;"),
        1,
        "the edge below the calls"
    );
    assert_eq!(
        caught("config", "use crate::cli::Cli;"),
        1,
        "upwards in the shell"
    );
    assert_eq!(caught("flow", "use crate::nowhere::X;"), 1, "no rank");
    assert_eq!(
        super_violations(1, "pub use super::engine::X;").len(),
        1,
        "super"
    );
    assert_eq!(
        super_violations(2, "use super::super::engine::X;").len(),
        1,
        "super"
    );
}

#[test]
fn a_use_downwards_passes() {
    let caught = |module, code: &str| rank_violations(module, &code_only(code));
    assert!(caught("flow", "use crate::{base::Digit, media::Seek, prompt};").is_empty());
    assert!(caught("cli", "use crate::config::Config; use crate::server;").is_empty());
    assert!(
        caught(
            "media",
            "//! The [`engine`](crate::engine) gives it sockets."
        )
        .is_empty()
    );
    assert!(
        caught(
            "flow",
            "let x = \"crate::spool::Y\"; use crate::flow::menu;"
        )
        .is_empty()
    );
    assert!(super_violations(2, "use super::transport::X;").is_empty());
    assert!(super_violations(1, "mod tests {\n use super::transport::X;\n}").is_empty());
}

#[test]
fn every_impure_word_is_caught() {
    for word in IMPURE {
        assert!(
            !impurities(&format!("use x; {word}();")).is_empty(),
            "{word}"
        );
    }
    assert_eq!(
        impurities("use std::{collections::HashMap, fs};"),
        ["uses std::fs"]
    );
}

#[test]
fn words_in_comments_strings_and_tests_are_not_code() {
    let source = "// std::fs\n/* tokio:: */ let a = \"std::fs\"; let b = r#\"\"tokio::\"#;\n\
        let c = '\"'; fn f<'a>(x: &'a str) {}\n\
        #[cfg(test)]\nmod tests { fn g() { std::fs::read(\"}\"); } }\n";
    assert!(impurities(&without_tests(&code_only(source))).is_empty());
    let after = format!("{source}fn h() {{ operand::x(); std::fs::read(); }}");
    assert_eq!(
        impurities(&without_tests(&code_only(&after))),
        ["uses std::fs"]
    );
}

#[test]
fn a_file_without_a_first_word_or_without_an_end_is_caught() {
    assert_eq!(missing_module_doc("use x;\n//! late").len(), 1);
    assert!(missing_module_doc("//! What it is.").is_empty());
    let long = format!("//! A table.\n{}", "x\n".repeat(LONG_FILE));
    assert_eq!(unexplained_length(&long).len(), 1);
    let explained = format!("//! Long because it is one table.\n{long}");
    assert!(unexplained_length(&explained).is_empty());
}

#[test]
fn a_map_that_is_wrong_is_caught() {
    let rows: String = RANKS
        .iter()
        .map(|(name, rank)| format!("| {rank} | `{name}` | what |\n"))
        .collect();
    assert!(map_violations(&rows).is_empty());
    let wrong = rows.replace("| 3 | `flow`", "| 5 | `flow`");
    assert_eq!(map_violations(&wrong).len(), 2);
    let missing = rows.replace("| 0 | `base` | what |\n", "");
    assert_eq!(map_violations(&missing).len(), 1);
}

#[test]
fn a_dependency_that_is_not_listed_or_no_longer_used_is_caught() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nb-c = { version = \"2\" }\n\n\
        [dev-dependencies]\nd = \"3\"\n[profile.dev]\ne = 1\n";
    let page =
        "| crate | why |\n| --- | --- |\n| `a`, `b-c` | `z` |\n\nFor tests only:\n\n| `d` | y |\n";
    assert!(dependency_violations(manifest, page).is_empty());
    let unlisted = page.replace(", `b-c`", "");
    assert_eq!(dependency_violations(manifest, &unlisted).len(), 1);
    let unused = page.replace("`b-c`", "`b-c`, `gone`");
    assert_eq!(dependency_violations(manifest, &unused).len(), 1);
    let misplaced = page.replace("`d`", "`a`");
    assert_eq!(dependency_violations(manifest, &misplaced).len(), 2);
}

#[test]
fn forbidden_words_are_caught_with_their_line() {
    for word in FORBIDDEN {
        let found = forbidden_words(&format!("fine\n a {word}x"));
        assert_eq!(found.len(), 1, "{word}");
        assert!(found[0].starts_with("line 2"), "{found:?}");
    }
    assert!(forbidden_words("artwork/ is fine, so is the network/").is_empty());
}
