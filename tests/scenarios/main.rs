//! Scenarios: the whole core in virtual time, played from files that read like the user manual.
//!
//! Each `calls/*.call` file is one test. Real parts: SIP machines on both sides, the switch with
//! its flows, media sessions with RTP between them. Stand-ins: disk and mailbox (in memory), and
//! a voice that says each clip as a tone pair of its own, so that what is heard can be told from
//! the samples alone. No clock, socket or thread is used; a minute of call takes milliseconds.
//!
//! `script.rs` explains the words of the files.

mod ear;
mod network;
mod phone;
mod script;
mod server;
mod store;
mod voice;
mod world;

use std::path::Path;

/// Plays every scenario; all failures are shown, each with its file, line and the moment.
#[test]
fn every_scenario_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/calls");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of scenarios")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "call"))
        .collect();
    files.sort();
    assert!(files.len() >= 20, "only {} scenarios found in {}", files.len(), folder.display());
    let failures: Vec<String> = files.iter().filter_map(|file| failure_of(file)).collect();
    assert!(failures.is_empty(), "{} of {} failed:\n{}", failures.len(), files.len(), failures.join("\n"));
}

fn failure_of(file: &Path) -> Option<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(file).expect("a readable scenario");
    script::play(&text).err().map(|fault| format!("{name}:{fault}"))
}

/// A scenario that claims what is not so must fail: the runner itself is under test here.
#[test]
fn a_false_claim_fails() {
    let claims = [
        ("call 1233 from 2001", "hears login-wrong"),
        ("call 1233 from 2001", "is hung up on within 1s"),
        ("call 2001 from 0612345678", "then mailbox 2001 has 1 new 0 saved"),
    ];
    for (call, claim) in claims {
        let text = format!("given mailbox 2001 with passcode 4321\n{call}\n  {claim}\n");
        assert!(script::play(&text).is_err(), "{claim}");
    }
}
