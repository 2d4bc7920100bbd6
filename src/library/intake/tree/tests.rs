//! Trees made up here, and the English sounds of Debian where they are installed.

use super::*;
use crate::prompt::{ClipId, Grammar, Severity};
use std::os::unix::fs::symlink;
use tempfile::{TempDir, tempdir};

/// Where `asterisk-core-sounds-en-wav` of Debian puts its files.
const DEBIAN: &str = "/usr/share/asterisk/sounds";

fn english() -> SetId {
    "en".parse().unwrap()
}

fn put(tree: &TempDir, file: &str) {
    let path = tree.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file).unwrap();
}

/// The names of the files of a clip.
fn parts<'a>(gathered: &'a Gathered, clip: &str) -> Vec<&'a str> {
    let clip = ClipId::parse(clip).unwrap();
    let files = gathered.files.iter().find(|file| file.clip == clip);
    files.map_or(Vec::new(), |file| {
        file.parts.iter().map(|part| part.name.as_str()).collect()
    })
}

#[test]
fn an_asterisk_tree_says_clips_with_sequences_of_its_files() {
    let tree = tempdir().unwrap();
    for file in [
        "digits/20.wav",
        "digits/1.wav",
        "digits/1.wav16",
        "vm-Old.wav",
        "vm-message.wav",
    ] {
        put(&tree, file);
    }
    let gathered = gather(tree.path(), "asterisk", &english()).unwrap();
    assert_eq!(gathered.origin, Origin::Tree("asterisk".into()));
    assert_eq!(
        parts(&gathered, "number-21"),
        ["digits/20.wav", "digits/1.wav16"]
    );
    assert_eq!(
        parts(&gathered, "saved-message"),
        ["vm-Old.wav", "vm-message.wav"]
    );
    assert_eq!(parts(&gathered, "goodbye"), [""; 0]);
    let goodbye = gathered
        .findings
        .iter()
        .find(|found| found.clip == ClipId::parse("goodbye"))
        .unwrap();
    assert_eq!(
        goodbye.to_string(),
        "note:  goodbye: vm-goodbye | goodbye: the tree has no such sound; \
         the parent's clip stays, unless you record one"
    );
    let faults = gathered.findings.iter();
    assert!(faults.clone().all(|found| found.severity == Severity::Note));
}

#[test]
fn the_folder_of_the_language_is_found_below_and_may_be_a_link() {
    let tree = tempdir().unwrap();
    put(&tree, "en_US_f_Allison/digits/1.wav");
    let below = gather(tree.path(), "asterisk", &english()).unwrap();
    let expected = ["en_US_f_Allison/digits/1.wav"];
    assert_eq!(parts(&below, "number-1"), expected);
    symlink("en_US_f_Allison", tree.path().join("en")).unwrap();
    let linked = gather(tree.path(), "asterisk", &english()).unwrap();
    assert_eq!(parts(&linked, "number-1"), expected);
    let roots: Vec<_> = linked
        .findings
        .iter()
        .filter(|f| f.clip.is_none())
        .collect();
    assert!(
        roots.is_empty(),
        "one folder by two names is one: {roots:?}"
    );
}

#[test]
fn no_link_leads_out_of_the_tree() {
    let (tree, secret) = (tempdir().unwrap(), tempdir().unwrap());
    put(&secret, "1.wav");
    put(&tree, "digits/2.wav");
    symlink(
        secret.path().join("1.wav"),
        tree.path().join("digits/1.wav"),
    )
    .unwrap();
    symlink(secret.path(), tree.path().join("letters")).unwrap();
    let gathered = gather(tree.path(), "asterisk", &english()).unwrap();
    assert_eq!(parts(&gathered, "number-2"), ["digits/2.wav"]);
    assert_eq!(parts(&gathered, "number-1"), [""; 0]);
}

#[test]
fn a_freeswitch_tree_has_rates_and_categories_in_either_order_and_the_highest_is_taken() {
    let tree = tempdir().unwrap();
    for file in [
        "en/us/callie/digits/8000/1.wav",
        "en/us/callie/digits/48000/1.wav",
        "en/us/callie/digits/16000/20.wav",
        "en/us/callie/8000/voicemail/vm-press.wav",
        "en/us/callie/32000/voicemail/vm-press.wav",
        "en/us/allison/digits/8000/1.wav",
    ] {
        put(&tree, file);
    }
    for folder in ["", "en", "en/us", "en/us/callie"] {
        let folder = tree.path().join(folder);
        let gathered = gather(&folder, "freeswitch", &english()).unwrap();
        let names = parts(&gathered, "key-1");
        assert_eq!(names.len(), 2, "{folder:?}");
        assert!(names[0].ends_with("32000/voicemail/vm-press.wav"));
        assert!(names[1].ends_with("digits/48000/1.wav"));
        let number = parts(&gathered, "number-21");
        assert!(number[0].ends_with("digits/16000/20.wav"), "{number:?}");
    }
    let gathered = gather(tree.path(), "freeswitch", &english()).unwrap();
    let other = gathered.findings.iter().find(|found| found.clip.is_none());
    let other = other.unwrap().to_string();
    assert!(
        other
            .starts_with("note:  en/us/allison: this folder has sounds too; those of en/us/callie"),
        "{other}"
    );
}

#[test]
fn an_own_mapping_is_read_from_its_file() {
    let tree = tempdir().unwrap();
    put(&tree, "bye.wav");
    let file = tree.path().join("mine.toml");
    let text = "languages = \"fr\"\n[tree]\nroots = \".\"\npaths = \"{file}\"\n\
                endings = \"wav\"\n[clips]\ngoodbye = \"bye\"\n";
    fs::write(&file, text).unwrap();
    let set = "acme.fr-be".parse().unwrap();
    let gathered = gather(tree.path(), &file.to_string_lossy(), &set).unwrap();
    assert_eq!(gathered.origin, Origin::Tree("mine".into()));
    assert_eq!(parts(&gathered, "goodbye"), ["bye.wav"]);
    let fault = gather(tree.path(), "asterisk", &set)
        .unwrap_err()
        .to_string();
    assert!(
        fault.contains("the mapping asterisk is for sets of en, and acme.fr-be is none"),
        "{fault}"
    );
}

#[test]
fn a_tree_without_anything_of_the_mapping_is_refused_with_what_may_be_the_matter() {
    let tree = tempdir().unwrap();
    let told = |tree: &TempDir| {
        gather(tree.path(), "asterisk", &english())
            .unwrap_err()
            .to_string()
    };
    let nothing = told(&tree);
    assert!(
        nothing
            .contains("has none of the sounds of the mapping; they are looked for in ., en, en_*"),
        "{nothing}"
    );
    put(&tree, "en/digits/1.gsm");
    let foreign = told(&tree);
    assert!(
        foreign.contains("has sounds as digits/1.gsm, which is not read here"),
        "{foreign}"
    );
    let fault = gather(Path::new("/nowhere/at/all"), "asterisk", &english()).unwrap_err();
    assert!(fault.to_string().starts_with("/nowhere/at/all: "));
}

#[test]
fn every_sound_of_the_mapping_is_in_the_tree_of_debian() {
    if !Path::new(DEBIAN).is_dir() {
        println!("not tried: asterisk-core-sounds-en-wav is not installed");
        return;
    }
    let gathered = gather(Path::new(DEBIAN), "asterisk", &english()).unwrap();
    assert_eq!(gathered.findings, []);
    let all = Grammar::English.all_clips().len();
    let files: usize = gathered.files.iter().map(|file| file.parts.len()).sum();
    println!(
        "the mapping finds {} of {all} clips, of {files} files",
        gathered.files.len()
    );
    assert!(gathered.files.len() >= 230, "{}", gathered.files.len());
    for file in gathered.files.iter().flat_map(|file| &file.parts) {
        assert!(file.bytes.starts_with(b"RIFF"), "{}", file.name);
    }
}
