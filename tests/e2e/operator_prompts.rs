//! An operator changes prompts by telephone: callers hear the recording, and after a roll-back what
//! was there before. The telephone is the hand-made one, and what counts is the sound it heard.

use crate::harness::events::{PROMPT, TAKE_BEGAN};
use crate::harness::setup::{PASSCODE, Setup, hash};
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, seconds};
use crate::steps::{CALLER, await_event, await_line, says};
use belpost::prompt::{ClipId, Grammar, Line};

/// The number for prompts.
const NUMBER: &str = "9700";

/// How long a change may take: every clip of the set is checked again.
const CHANGE: f64 = 60.0;

fn setup() -> Setup {
    Setup::new()
        .line("prompts", format!("operator_numbers = [\"{NUMBER}\"]"))
        .line("prompts", format!("operator_passcode = {:?}", hash()))
}

/// The number of a line by telephone.
fn number(line: Line) -> usize {
    let all = Grammar::Dutch.all_clips();
    let place = all.iter().position(|clip| *clip == ClipId::from(line));
    place.expect("a clip") + 1
}

/// An operator who has logged in.
fn operator(server: &Server) -> Call {
    let mut call = Dial::new(server.address(), NUMBER, "2002").answered();
    await_line(server, &mut call, "enter-passcode");
    call.press(&format!("{PASSCODE}#"));
    await_line(server, &mut call, "operator-clip");
    call
}

/// An operator who has recorded this for a line, and heard the review menu.
fn recorded(server: &Server, line: Line, said: &[i16]) -> Call {
    let mut call = operator(server);
    call.press("1");
    await_line(server, &mut call, "enter-clip");
    call.press(&format!("{}#", number(line)));
    await_line(server, &mut call, "clip-record");
    call.press("1#");
    await_event(server, &mut call, TAKE_BEGAN, 1);
    call.say(said);
    call.press("#");
    await_line(server, &mut call, "recording-use");
    call
}

/// Waits until one of these lines was said, telling which.
fn await_one_of(server: &Server, call: &mut Call, lines: &[&'static str]) -> &'static str {
    call.wait_until(&lines.join(" or "), seconds(CHANGE), |call| {
        let said = |line: &&&str| says(server, call.id(), line);
        lines.iter().find(said).copied()
    })
}

/// What an operator who uses the recording hears of that, and all the sound after it.
fn used(server: &Server, mut call: Call) -> (&'static str, Vec<i16>) {
    call.press("3");
    let lines = [
        "clip-in-use",
        "clip-not-replaced",
        "recording-too-loud",
        "recording-too-quiet",
    ];
    let told = await_one_of(server, &mut call, &lines);
    call.wait(seconds(8.0));
    (told, call.hang_up().heard())
}

/// What a caller of 2001 hears before the tone.
fn greeting(server: &Server) -> Vec<i16> {
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    await_event(server, &mut call, TAKE_BEGAN, 1);
    call.hang_up().heard()
}

/// Whether the middle of this was heard, whatever was trimmed at its ends.
fn has(heard: &[i16], said: &[i16]) -> bool {
    sound::find(heard, sound::cut(said, 1.0, 1.5)).is_some()
}

/// The lines of the event log about changed prompts: set, change, clip and outcome.
fn changes(server: &Server) -> Vec<String> {
    let events = server.events().into_iter();
    let changes = events.filter(|e| e.what() == "prompts");
    let shown = changes.map(|e| {
        let texts = ["number", "set", "change", "clip", "outcome"].map(|f| e.text(f).to_owned());
        texts.join(" ")
    });
    shown.collect()
}

#[test]
fn a_greeting_recorded_by_telephone_is_heard_by_callers_until_it_is_rolled_back() {
    let mut server = Server::start_with(&setup());
    let before = greeting(&server);
    let said = speech(4.0, 31);
    let call = recorded(&server, Line::LeaveMessage, &said);
    let (told, heard) = used(&server, call);
    assert_eq!(told, "clip-in-use");
    assert!(has(&heard, &said), "the operator hears it as callers will");
    assert!(has(&greeting(&server), &said), "callers hear it");
    server.restart();
    assert!(has(&greeting(&server), &said), "also after a restart");

    let mut call = operator(&server);
    call.press("6");
    let told = await_one_of(&server, &mut call, &["rolled-back", "change-failed"]);
    assert_eq!(told, "rolled-back");
    call.hang_up();
    let after = greeting(&server);
    assert!(!has(&after, &said));
    let piece = sound::cut(&before, 1.0, 1.5);
    assert!(sound::find(&after, piece).is_some(), "the old one is back");
    assert_eq!(
        changes(&server),
        [
            "9700 nl replace leave-message done",
            "9700 nl roll back  done"
        ]
    );
    let log = std::fs::read_to_string(server.folder().join("events.jsonl"));
    let log = log.expect("an event log");
    assert!(!log.contains(PASSCODE), "no passcode is in the log");
    assert!(server.mailbox("2001").messages().is_empty());
}

#[test]
fn a_call_in_progress_goes_on_with_the_prompts_it_began_with() {
    let endless = "announcement = \"9901\"";
    let server = Server::start_with(&setup().line("diagnostics", endless));
    let announcement = || Dial::new(server.address(), "9901", CALLER).answered();
    let mut early = announcement();
    let said = speech(4.0, 32);
    let call = recorded(&server, Line::LeaveMessage, &said);
    let (told, _) = used(&server, call);
    assert_eq!(told, "clip-in-use");
    early.wait(seconds(10.0));
    let mut late = announcement();
    late.wait(seconds(10.0));
    assert!(!has(&early.hang_up().heard(), &said));
    assert!(has(&late.hang_up().heard(), &said));
}

#[test]
fn an_overdriven_recording_is_refused_and_leaves_no_version() {
    let server = Server::start_with(&setup());
    let shouted: Vec<i16> = speech(3.0, 33)
        .into_iter()
        .map(|s| s.saturating_mul(60))
        .collect();
    let call = recorded(&server, Line::LeaveMessage, &shouted);
    let (told, _) = used(&server, call);
    assert_eq!(told, "recording-too-loud");
    let (status, listed) = server.command(&["prompts", "list"]);
    assert_eq!(status, Some(0), "{listed}");
    assert!(!listed.contains("by telephone"), "{listed}");
}

#[test]
fn who_hangs_up_before_use_changes_nothing_and_leaves_no_message() {
    let server = Server::start_with(&setup());
    let said = speech(3.0, 34);
    recorded(&server, Line::LeaveMessage, &said).hang_up();
    assert!(!has(&greeting(&server), &said));
    assert_eq!(changes(&server), Vec::<String>::new());
    let spool = server.folder().join("spool");
    let left = |folder: &str| std::fs::read_dir(spool.join(folder)).map_or(0, Iterator::count);
    assert_eq!((left("taking"), left("outbox")), (0, 0));
}

#[test]
fn a_wrong_passcode_lets_nobody_change_prompts() {
    let server = Server::start_with(&setup());
    let mut call = Dial::new(server.address(), NUMBER, "2002").answered();
    for nth in 1..=3 {
        await_prompt(&server, &mut call, "enter-passcode", nth);
        call.press("0000#");
    }
    await_line(&server, &mut call, "goodbye");
    call.wait_for_end(seconds(20.0));
    assert!(!says(&server, call.id(), "operator-clip"));
    let without = Server::start();
    Dial::new(without.address(), NUMBER, "2002").refused(404);
}

/// Waits until a line was said for the nth time.
fn await_prompt(server: &Server, call: &mut Call, line: &str, nth: usize) {
    call.wait_until(&format!("{line} ({nth})"), seconds(30.0), |call| {
        let events = server.events_of(call.id());
        let said = events.iter().filter(|e| e.what() == PROMPT && e.says(line));
        (said.count() >= nth).then_some(())
    });
}
