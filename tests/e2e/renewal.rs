//! Prompt sets beside a running server: what is activated is heard by the next call, what is bad
//! never is. Callers judge by the sound.

use crate::harness::setup::Setup;
use crate::harness::sound::{self, speech, write_wav};
use crate::harness::{Call, Dial, Server, eventually, seconds};
use crate::steps::{CALLER, await_event, await_line};
use std::fs;
use std::path::{Path, PathBuf};

/// What the server's log says when it has taken up other prompts.
const RENEWED: &str = "other prompts are in use";

/// A folder with a recording for each of these clips.
fn recordings(server: &Server, name: &str, clips: &[(&str, &[i16])]) -> PathBuf {
    let folder = server.folder().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    for (clip, samples) in clips {
        write_wav(&folder.join(format!("{clip}.wav")), samples);
    }
    folder
}

/// `belpost prompts` with these arguments; what it printed.
fn prompts(server: &Server, arguments: &[&str]) -> String {
    let (status, said) = server.command(&[&["prompts"], arguments].concat());
    assert_eq!(status, Some(0), "{arguments:?}: {said}");
    said
}

/// Stages a folder as the next version of a set.
fn import(server: &Server, set: &str, folder: &Path) {
    prompts(
        server,
        &["import", &folder.display().to_string(), "--set", set],
    );
}

/// Waits until the server has taken up a change for the nth time.
fn await_renewal(server: &Server, nth: usize) {
    eventually("the server takes up the prompts", seconds(20.0), || {
        (server.printed().matches(RENEWED).count() >= nth).then_some(())
    });
}

/// The greeting of a mailbox until the tone, as its caller hears it.
fn greeting(server: &Server, mailbox: &str) -> Vec<i16> {
    let mut call = Dial::new(server.address(), mailbox, CALLER).answered();
    to_the_tone(server, &mut call);
    call.hang_up().heard()
}

fn to_the_tone(server: &Server, call: &mut Call) {
    await_event(server, call, crate::harness::events::TAKE_BEGAN, 1);
}

fn holds(heard: &[i16], recording: &[i16]) -> bool {
    sound::find(heard, sound::cut(recording, 0.3, 1.0)).is_some()
}

#[test]
fn a_call_keeps_the_prompts_it_began_with_and_the_next_hears_the_new_ones() {
    let server = Server::start();
    let (long, first, second) = (speech(6.0, 31), speech(2.0, 32), speech(2.0, 33));
    let old = recordings(
        &server,
        "old",
        &[("greeting-unavailable", &long), ("leave-message", &first)],
    );
    import(&server, "nl", &old);
    let new = recordings(&server, "new", &[("leave-message", &second)]);
    import(&server, "nl", &new);
    prompts(&server, &["activate", "nl", "1"]);
    await_renewal(&server, 1);

    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    await_line(&server, &mut call, "greeting-unavailable");
    prompts(&server, &["activate", "nl", "2"]);
    await_renewal(&server, 2);
    to_the_tone(&server, &mut call);
    let heard = call.hang_up().heard();
    assert!(
        holds(&heard, &long) && holds(&heard, &first),
        "the old prompts to the end"
    );
    assert!(!holds(&heard, &second), "and nothing of the new ones");

    let heard = greeting(&server, "2001");
    assert!(
        holds(&heard, &second) && !holds(&heard, &first),
        "the next call hears the new one"
    );

    prompts(&server, &["roll-back", "nl"]);
    await_renewal(&server, 3);
    let heard = greeting(&server, "2001");
    assert!(
        holds(&heard, &first) && holds(&heard, &long),
        "one step back"
    );
}

#[test]
fn a_tenants_recording_is_heard_by_its_own_callers_only_and_after_a_restart() {
    let setup = Setup::new()
        .table("[[tenant]]\nname = \"acme\"\n")
        .table("[[subscriber]]\nmailbox = \"2003\"\nlanguage = \"nl\"\n")
        .subscriber("2001", "tenant = \"acme\"");
    let mut server = Server::start_with(&setup);
    let own = speech(2.0, 41);
    let folder = recordings(&server, "acme", &[("leave-message", &own)]);
    let place = folder.display().to_string();
    prompts(
        &server,
        &["import", &place, "--set", "acme.nl", "--activate"],
    );
    await_renewal(&server, 1);
    assert!(holds(&greeting(&server, "2001"), &own));
    assert!(!holds(&greeting(&server, "2003"), &own));
    server.restart();
    assert!(holds(&greeting(&server, "2001"), &own), "it is still there");
}

#[test]
fn a_faulty_set_is_staged_for_a_look_and_never_heard() {
    let server = Server::start();
    let folder = recordings(&server, "silent", &[("leave-message", &vec![0; 16_000])]);
    fs::write(folder.join("goodbye.mp3"), b"not a sound at all").expect("a file");
    let place = folder.display().to_string();
    let (status, said) =
        server.command(&["prompts", "import", &place, "--set", "nl", "--activate"]);
    assert_eq!(status, Some(1), "{said}");
    for named in ["leave-message", "goodbye"] {
        assert!(said.contains(named), "{named}: {said}");
    }
    let (status, said) = server.command(&["prompts", "activate", "nl", "1"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        !sound::is_silent(&greeting(&server, "2001")),
        "the shipped prompts are heard"
    );
    assert!(!server.printed().contains(RENEWED));
}
