//! `belpost prompts`: the real program on a store of its own, as an operator types it.

use belpost::audio::tone;
use belpost::audio::wav;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PROGRAM: &str = env!("CARGO_BIN_EXE_belpost");

/// Where `asterisk-core-sounds-en-wav` of Debian puts its files.
const ASTERISK: &str = "/usr/share/asterisk/sounds";

/// A folder with a configuration, a store to come, and what is imported.
struct Desk {
    folder: TempDir,
}

/// What a command did.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let config = "[prompts]\nstore = \"store\"\n[[tenant]]\nname = \"acme\"\n";
        fs::write(folder.path().join("belpost.toml"), config).unwrap();
        Desk { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `belpost prompts`; words are parted by spaces.
    fn run(&self, line: &str) -> Done {
        let output = Command::new(PROGRAM)
            .arg("prompts")
            .args(line.split(' '))
            .args(["--config", "belpost.toml"])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Done {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must succeed.
    fn ok(&self, line: &str) -> String {
        let done = self.run(line);
        assert_eq!(done.code, Some(0), "{line}: {}{}", done.out, done.err);
        // Nobody watches: there is no line of progress.
        assert_eq!(done.err, "", "{line}");
        done.out
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{line} --json"))).unwrap()
    }

    /// A folder with the sound of every clip that a set has not, and of these.
    fn recordings(&self, set: &str, clips: &[&str]) -> PathBuf {
        let folder = self.at("recordings");
        fs::create_dir_all(&folder).unwrap();
        let below = self.json(&format!("show {set} 0"));
        let missing = below["clips"].as_array().unwrap().iter();
        let missing = missing.filter(|clip| clip["source"] == "missing");
        let names = missing.map(|clip| clip["clip"].as_str().unwrap());
        for name in names.chain(clips.iter().copied()) {
            fs::write(folder.join(format!("{name}.wav")), recording(1_000)).unwrap();
        }
        folder
    }
}

/// Something to hear, at 48,000 samples a second.
fn recording(ms: u64) -> Vec<u8> {
    let pair = (440.0, 660.0);
    wav::write_pcm16(&tone::pair(pair, -15.0, Duration::from_millis(ms), 48_000))
}

/// How long a WAV file at 16,000 samples a second plays, in ms.
fn plays(path: &Path) -> usize {
    let sound = wav::read(&fs::read(path).unwrap()).unwrap();
    assert_eq!(sound.rate, 16_000);
    sound.samples.len() / 16
}

#[test]
fn a_voice_is_tried_put_to_use_and_taken_back() {
    let desk = Desk::new();
    desk.recordings("nl", &["goodbye"]);
    let out = desk.ok("import recordings --set nl --note Anna");
    assert!(
        out.starts_with("prompt set nl version 1 can be activated\n"),
        "{out}"
    );
    assert!(
        out.ends_with("nl: version 1 waits for belpost prompts activate nl 1\n"),
        "{out}"
    );
    assert_eq!(desk.json("list")[1]["active"], 0);

    // It is looked into and heard before any caller hears it.
    let shown = desk.json("show nl 1");
    let clips = shown["clips"].as_array().unwrap();
    let goodbye = clips.iter().find(|clip| clip["clip"] == "goodbye").unwrap();
    assert_eq!(goodbye["source"], "own");
    assert!(clips.iter().all(|clip| clip["source"] != "missing"));
    desk.ok("export nl 1 goodbye --to bye.wav");
    assert!((700..1_300).contains(&plays(&desk.at("bye.wav"))));
    let again = desk.run("export nl 1 goodbye --to bye.wav");
    assert_eq!(again.code, Some(1), "no file is written over");
    desk.ok("say nl 1 --clip goodbye --clip goodbye --to twice.wav");
    assert!(plays(&desk.at("twice.wav")) > 3 * plays(&desk.at("bye.wav")) / 2);
    let sentences = desk.json("sentences nl 1");
    assert!(sentences.as_array().unwrap().len() > 20);
    desk.ok("say nl 1 --sentence 1 --to one.wav");
    assert!(plays(&desk.at("one.wav")) > 300);

    let difference = desk.json("diff nl 0 1");
    let goodbye = difference.as_array().unwrap().iter();
    let mut goodbye = goodbye.filter(|clip| clip["clip"] == "goodbye");
    assert_eq!(goodbye.next().unwrap()["sound"], true);
    assert_eq!(desk.ok("activate nl 1"), "nl: version 1 is in use\n");
    let list = desk.ok("list");
    let first = list
        .lines()
        .find(|line| line.starts_with("nl   1"))
        .unwrap();
    assert!(
        first.contains("in use") && first.ends_with("folder recordings  Anna"),
        "{list}"
    );

    // One greeting over it, at once.
    fs::write(desk.at("new.wav"), recording(3_000)).unwrap();
    let out = desk.ok("import new.wav --set nl --clip goodbye --add --activate");
    assert!(out.ends_with("nl: version 2 is in use\n"), "{out}");
    assert_eq!(desk.json("diff nl 1 2").as_array().unwrap().len(), 1);
    desk.ok("export nl 2 goodbye --to long.wav");
    assert!(plays(&desk.at("long.wav")) > 2_500);
    assert_eq!(desk.run("remove nl 2 --yes").code, Some(1), "in use");

    assert_eq!(desk.ok("roll-back nl"), "nl: version 1 is in use again\n");
    assert_eq!(desk.ok("remove nl 2 --yes"), "nl: version 2 is removed\n");
    let gone = desk.run("report nl 2");
    assert_eq!(gone.code, Some(1));
    assert!(gone.err.contains("has no version 2"), "{}", gone.err);
}

#[test]
fn a_version_with_faults_is_kept_to_be_looked_into_and_not_used() {
    let desk = Desk::new();
    let folder = desk.recordings("nl", &[]);
    fs::write(folder.join("goodbye.wav"), b"no sound at all").unwrap();
    fs::write(folder.join("godbye.wav"), recording(1_000)).unwrap();
    let done = desk.run("import recordings --set nl --activate");
    assert_eq!(done.code, Some(1));
    for part in ["goodbye.wav", "godbye", "cannot be activated"] {
        assert!(done.out.contains(part), "{part}: {}", done.out);
    }
    assert!(
        done.err.contains("belpost: nl version 1 has") && done.err.contains("faults"),
        "{}",
        done.err
    );
    let report = desk.json("report nl 1");
    assert!(report["findings"].as_array().unwrap().len() >= 2);
    let refused = desk.run("activate nl 1");
    assert_eq!(refused.code, Some(1));
    assert_eq!(desk.json("list")[1]["active"], 0);
}

#[test]
fn a_tenant_has_a_greeting_of_its_own_from_an_archive() {
    let desk = Desk::new();
    let mut zip = ZipWriter::new(fs::File::create(desk.at("acme.zip")).unwrap());
    zip.start_file("Acme/goodbye.wav", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(&recording(2_000)).unwrap();
    zip.finish().unwrap();
    // Below it is everybody's set, complete.
    desk.recordings("nl", &["goodbye"]);
    desk.ok("import recordings --set nl --activate");
    let out = desk.ok("import acme.zip --set acme.nl --activate");
    assert!(out.contains("clips: 1 own"), "{out}");
    desk.ok("export acme.nl 1 goodbye --to acme.wav");
    desk.ok("export nl 1 goodbye --to all.wav");
    assert!(plays(&desk.at("acme.wav")) > plays(&desk.at("all.wav")) + 500);
    let shown = desk.json("show acme.nl");
    let clips = shown["clips"].as_array().unwrap();
    let own = clips.iter().filter(|clip| clip["source"] == "own").count();
    assert_eq!(own, 1);
}

#[test]
fn hostile_uploads_are_refused_with_a_sentence_and_leave_nothing() {
    let desk = Desk::new();
    let archive = |name: &str, file: &str, bytes: &[u8]| {
        let mut zip = ZipWriter::new(fs::File::create(desk.at(name)).unwrap());
        zip.start_file(file, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap();
    };
    archive("out.zip", "../../goodbye.wav", &recording(500));
    archive("bomb.zip", "goodbye.wav", &vec![0; 16 << 20]);
    fs::write(desk.at("none.zip"), b"PK\x03\x04 and no more").unwrap();
    fs::create_dir(desk.at("empty")).unwrap();
    for (path, why) in [
        ("out.zip", "leads out of its folder"),
        ("bomb.zip", "more than 100 times its size"),
        ("none.zip", "no zip archive that can be read"),
        ("empty", "no sound file named for a clip"),
    ] {
        let done = desk.run(&format!("import {path} --set nl"));
        assert_eq!(done.code, Some(1), "{path}");
        assert_eq!(done.out, "");
        assert!(done.err.contains(why), "{}", done.err);
        assert_eq!(done.err.lines().count(), 1, "{}", done.err);
    }
    let list = desk.json("list");
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .all(|set| set["versions"] == Value::Array(vec![]))
    );
    assert!(!desk.at("store/sets/nl").exists());
    assert!(
        !desk
            .folder
            .path()
            .parent()
            .unwrap()
            .join("goodbye.wav")
            .exists()
    );
}

#[test]
fn the_english_sounds_of_asterisk_become_a_set() {
    if !Path::new(ASTERISK).is_dir() {
        println!("not tried: asterisk-core-sounds-en-wav is not installed");
        return;
    }
    let desk = Desk::new();
    let done = desk.run(&format!("import {ASTERISK} --set en --mapping asterisk"));
    println!("{}", done.out);
    let report = desk.json("report en 1");
    assert!(report["own"].as_u64().unwrap() >= 230, "{}", done.out);
    let faults = report["findings"].as_array().unwrap().iter();
    let mut unusable =
        faults.filter(|found| found["severity"] == "fault" && !found["file"].is_null());
    assert_eq!(unusable.next(), None);
    desk.ok("say en 1 --clip number-21 --clip new-many --to counts.wav");
    assert!(plays(&desk.at("counts.wav")) > 1_000);
}

#[test]
fn the_prompts_that_ship_say_every_sentence_without_a_finding() {
    let reports = Desk::new().json("check");
    let reports = reports.as_array().unwrap();
    assert_eq!(reports.len(), 2);
    for report in reports {
        assert_eq!(report["findings"], Value::Array(vec![]));
        assert_eq!(report["missing"], 0);
        assert!(report["sentences"].as_u64().unwrap() > 10_000, "{report}");
    }
}

#[test]
fn mappings_are_printed_to_begin_with() {
    let desk = Desk::new();
    let output = Command::new(PROGRAM)
        .args(["prompts", "mapping", "freeswitch"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    fs::create_dir_all(desk.at("tree/digits/8000")).unwrap();
    fs::write(desk.at("tree/digits/8000/7.wav"), recording(500)).unwrap();
    fs::write(desk.at("mine.toml"), text.replace("\"en\"", "\"nl\"")).unwrap();
    // Numbers in English order are no Dutch, but it is what was asked for.
    let done = desk.run("import tree --set nl --mapping mine.toml --json");
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert!(report["own"].as_u64().unwrap() >= 1, "{}", done.out);
}
