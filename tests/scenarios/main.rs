//! Scenarios: the whole core in virtual time, played from files that read like the user manual.
//!
//! Each `calls/*.call` file is one scenario. Real parts: the SIP machine, the switch with its
//! flows, media sessions with RTP. Stand-ins: telephones of the test's own making, disk and
//! mailboxes in memory, and a voice that says each clip as a tone pair of its own, so that what is
//! heard can be told from the samples alone. No clock, socket or sleep is used; a minute of call
//! takes milliseconds. `script.rs` explains the words of the files.

#![allow(clippy::expect_used, clippy::indexing_slicing)]
// What a scenario turns on and off is a switch for each.
#![allow(clippy::struct_excessive_bools)]
// Every module here is private to this one test program.
#![allow(unreachable_pub)]

mod dial;
mod ear;
mod line;
mod network;
mod phone;
mod player;
mod prompts;
mod script;
mod server;
mod services;
mod setting;
mod sip_text;
mod store;
mod voice;
mod wandering;
mod world;

use belpost::base::Digit;
use player::Played;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// Fewer would mean that the folder was not found whole.
const AT_LEAST: usize = 80;

/// Plays every scenario; all failures are shown, each with its file, line and the moment.
/// `SCENARIO=word` plays only those with the word in their name.
#[test]
fn every_scenario_holds() {
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let files: Vec<PathBuf> = files()
        .into_iter()
        .filter(|f| name(f).contains(&only))
        .collect();
    assert!(
        files.len() >= AT_LEAST || !only.is_empty(),
        "only {} scenarios found",
        files.len()
    );
    let outcomes = play_all(&files);
    let time: Duration = outcomes
        .iter()
        .flatten()
        .map(|played| played.virtual_time)
        .sum();
    let failures: Vec<&String> = outcomes.iter().filter_map(|o| o.as_ref().err()).collect();
    let minutes = time.as_secs_f64() / 60.0;
    let passed = files.len() - failures.len();
    let told = format!(
        "{passed} of {} scenarios hold, {minutes:.1} minutes of calls\n",
        files.len()
    );
    // Around the test harness, which would keep it to itself.
    std::io::stderr()
        .write_all(told.as_bytes())
        .expect("a terminal or a file");
    assert!(
        failures.is_empty(),
        "{} failed:\n\n{}",
        failures.len(),
        join(&failures)
    );
    let pressed = outcomes
        .into_iter()
        .flatten()
        .flat_map(|played| played.keys);
    let unpressed = unpressed(&pressed.collect());
    assert!(
        unpressed.is_empty() || !only.is_empty(),
        "pressed in no scenario: {unpressed:#?}"
    );
}

/// Where the keys of a menu are pressed, unless the state has the name of the menu.
const STATES: [(&str, &[&str]); 3] = [
    ("main", &["portal.main"]),
    ("operator", &["operator.main"]),
    ("clip-review", &["operator.review", "portal.review"]),
];

/// Each key of each menu is pressed at that menu in some scenario.
fn unpressed(pressed: &BTreeSet<(&'static str, Digit)>) -> Vec<String> {
    let menus: toml::Table = include_str!("../../src/flow/menus.toml")
        .parse()
        .expect("TOML");
    let mut unpressed = Vec::new();
    for (menu, settings) in &menus {
        let named = STATES.iter().find(|(named, _)| named == menu);
        let here = |state: &str| match named {
            Some((_, states)) => states.contains(&state),
            None => state.rsplit('.').next() == Some(menu),
        };
        for (key, choice) in settings["keys"].as_table().expect("a table") {
            let is_key = |digit: Digit| key.chars().eq([digit.as_char()]);
            if !pressed
                .iter()
                .any(|(state, digit)| here(state) && is_key(*digit))
            {
                unpressed.push(format!("{menu} {key} = {choice}"));
            }
        }
    }
    unpressed
}

#[test]
fn the_same_scenario_goes_the_same_way_each_time() {
    let files = files();
    let lossy = files
        .iter()
        .filter(|file| name(file).starts_with("network-"));
    let plays: Vec<_> = lossy.map(|file| (play(file), play(file))).collect();
    assert!(!plays.is_empty(), "no scenario has a lossy network");
    for (first, second) in plays {
        assert_eq!(first, second);
    }
}

/// Calls that do anything at any time, over networks, disks and mailboxes that fail in every way.
/// `WANDER=seed` plays one of them alone, and `WANDERS=count` more than usual.
#[test]
fn whatever_callers_do_nothing_is_left_of_their_calls() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = number("WANDER").map_or(0..number("WANDERS").unwrap_or(16), |n| n..n + 1);
    for seed in seeds {
        let text = wandering::scenario(seed);
        let steps = script::read(&text).expect("words that are known");
        if let Err(fault) = player::wander(&steps) {
            panic!("wandering {seed}: {fault}\n{text}");
        }
    }
}

/// A scenario that claims what is not so must fail: the runner itself is under test here.
#[test]
fn a_false_claim_fails() {
    let claims = [
        ("call 1233 from 2001", "hears login-wrong"),
        ("call 1233 from 2001", "hears portal-welcome, other-mailbox"),
        ("call 1233 from 2001", "hears beep"),
        ("call 1233 from 2001", "hears silence for 1s"),
        ("call 1233 from 2001", "is hung up on within 1s"),
        ("call 1233 from 2001", "is refused with 404"),
        ("call 1233 from 2001", "is transferred to 2009"),
        (
            "call 2001 from 0612345678",
            "then mailbox 2001 has 2 new 0 saved",
        ),
        ("call 2001 from 0612345678", "hears message 1 from 0s"),
    ];
    for (call, claim) in claims {
        assert_fails(&format!("{SCENE}{call}\n  {claim}\n"), claim);
    }
}

#[test]
fn a_false_claim_about_a_message_fails() {
    let listening = "call *86 from 2001\n  hears portal-welcome\n  presses 4321#\n  \
                     hears .., message\n  hears message 1 from 0s\n";
    let claims = [
        "hears message 1 from 0.1s",
        "hears message 2 from 0s",
        "after 5s presses 3\n  hears message 3s back",
        "after 5s presses 3\n  hears message 2.9s ahead",
        "after 5s presses 1\n  hears message 3.1s back",
        "after 5s presses 4\n  hears message 1 from 0.2s",
        "after 5s presses 2\n  hears silence for 2s\n  presses 2\n  presses 3\n  \
         hears message on from there",
        "hangs up\n  then mailbox 2001 has 1 new 0 saved",
    ];
    for claim in claims {
        assert_fails(&format!("{SCENE}{listening}  {claim}\n"), claim);
    }
}

/// A subscriber with a message of 20 s.
const SCENE: &str = "given mailbox 2001 with passcode 4321\n\
                     given mailbox 2001 has new message 20s\n";

/// The last line of a scenario does not hold, and the others do.
fn assert_fails(text: &str, claim: &str) {
    let steps = script::read(text).expect("words that are known");
    let fault = player::play(&steps).expect_err(claim);
    assert!(
        fault.starts_with(&format!("{}: ", text.lines().count())),
        "{fault}"
    );
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/calls");
    let entries = std::fs::read_dir(&folder).expect("the folder of scenarios");
    let paths = entries.map(|entry| entry.expect("a folder entry").path());
    let mut files: Vec<_> = paths
        .filter(|p| p.extension().is_some_and(|e| e == "call"))
        .collect();
    files.sort();
    files
}

/// Two at a time; the outcomes in the order of the files.
fn play_all(files: &[PathBuf]) -> Vec<Result<Played, String>> {
    let next = Mutex::new(files.iter().enumerate());
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((n, file)) = next.lock().expect("no panic").next() else {
                        return;
                    };
                    let outcome = play(file);
                    outcomes.lock().expect("no panic").push((n, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("no panic");
    outcomes.sort_by_key(|(n, _)| *n);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn play(file: &Path) -> Result<Played, String> {
    let text = std::fs::read_to_string(file).expect("a readable scenario");
    let outcome = std::panic::catch_unwind(|| player::play(&script::read(&text)?));
    let outcome = outcome.unwrap_or_else(|_| Err("0: it panicked, see above".to_owned()));
    outcome.map_err(|fault| format!("{}:{fault}\n", name(file)))
}

fn name(file: &Path) -> String {
    file.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn join(failures: &[&String]) -> String {
    failures
        .iter()
        .map(|f| f.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}
