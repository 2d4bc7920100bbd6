//! `belpost menus check` and `card`: a file of key maps, and the card made from it.
//!
//! In: a file that is laid over the key maps compiled in. Out: all its faults, one a line with file
//! and line; or the card as Markdown, from the same printer that makes the cards in `docs`.

use super::fault::CliFault;
use super::print;
use crate::flow::{Menus, operator_card, user_card};
use crate::prompt::Grammar;
use crate::server::menus_of;
use std::io::Write;
use std::path::Path;

/// Checks a file; `Err` with all its faults.
pub(super) fn check(file: &Path, out: &mut dyn Write) -> Result<(), CliFault> {
    menus_of(file)?;
    print(&format!("{}: ok\n", file.display()), out)
}

/// Prints the card of a file, or of the key maps compiled in.
pub(super) fn card(
    file: Option<&Path>,
    language: Grammar,
    operators: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let menus = file.map_or_else(|| Ok(Menus::default()), menus_of)?;
    let card = if operators { operator_card } else { user_card };
    print(&card(&menus, language), out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use tempfile::TempDir;

    fn written(text: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        std::fs::write(&file, text).unwrap();
        (folder, file)
    }

    fn printed(text: &str, language: Grammar, operators: bool) -> String {
        let (_folder, file) = written(text);
        let mut out = Vec::new();
        card(Some(&file), language, operators, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_fault_is_on_a_line_of_its_own_with_file_and_line() {
        let text =
            "[mane]\n[main]\nkeys = { \"1\" = \"fly\", \"9\" = \"leave\" }\nsay = [\"leave\"]\n";
        let (_folder, file) = written(text);
        let fault = check(&file, &mut Vec::new()).unwrap_err().to_string();
        let lines: Vec<&str> = fault.lines().collect();
        assert!(lines.len() >= 3, "{fault}");
        for line in &lines {
            let place = line.strip_prefix(&format!("{}:", file.display())).unwrap();
            let number = place.split(':').next().unwrap();
            assert!(
                number.parse().is_ok_and(|n: u32| (1..=4).contains(&n)),
                "{line}"
            );
        }
        assert!(lines[0].ends_with(&format!(
            "keys.toml:1: {}",
            lines[0].split(": ").last().unwrap()
        )));
    }

    #[test]
    fn a_sound_file_is_called_so_and_a_missing_one_named() {
        let (_folder, file) = written("");
        let mut out = Vec::new();
        check(&file, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().ends_with("keys.toml: ok\n"));
        let fault = check(Path::new("nowhere.toml"), &mut Vec::new()).unwrap_err();
        assert!(fault.to_string().contains("nowhere.toml cannot be read"));
    }

    #[test]
    fn the_card_follows_the_file_and_the_language() {
        let text = "[main]\nkeys = { \"1\" = \"voicemail\", \"0\" = \"leave\" }\n\
                    say = [\"voicemail\", \"leave\"]\n";
        let dutch = printed(text, Grammar::Dutch, false);
        assert!(
            dutch.contains("| `0` | Sluit de voice portal af |"),
            "{dutch}"
        );
        assert!(!dutch.contains("| `9` | Sluit"), "{dutch}");
        let english = printed(text, Grammar::English, false);
        assert!(
            english.contains("| `0` | Leave the voice portal |"),
            "{english}"
        );
        let operators = printed(text, Grammar::English, true);
        assert!(
            operators.starts_with("# Prompts by telephone"),
            "{operators}"
        );
    }

    #[test]
    fn without_a_file_the_card_is_the_one_in_the_documents() {
        let mut out = Vec::new();
        card(None, Grammar::English, false, &mut out).unwrap();
        let documents = include_str!("../../docs/user-card.en.md");
        assert_eq!(String::from_utf8(out).unwrap(), documents);
    }
}
