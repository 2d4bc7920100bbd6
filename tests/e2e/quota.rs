//! Local mailboxes as their subscribers want them: the sound they are kept in, and how much.

use crate::harness::events::{PROMPT, TAKE_BEGAN};
use crate::harness::letter::{Letter, SoundFile};
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, Setup, eventually, seconds};
use crate::steps::{
    CALLER, await_event, await_line, leave_message, playing_in, recording, says, type_passcode,
};
use belpost::audio::Law;
use belpost::audio::decode::decode;
use std::time::Duration;

/// Logs in at the portal and opens the mailbox.
fn open_mailbox(server: &Server, number: &str) -> Call {
    let mut call = Dial::new(server.address(), "1233", number).answered();
    await_line(server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    await_line(server, &mut call, "main-voicemail");
    call.press("1");
    call
}

/// Plays the first message of the open mailbox, past the words before it.
fn play(server: &Server, call: &mut Call) {
    await_line(server, call, "voicemail-play");
    call.press("1");
    await_line(server, call, "new-message");
    call.press("3");
    call.wait_until("a message plays", seconds(20.0), |call| {
        playing_in(server, call.id()).then_some(())
    });
}

#[test]
fn a_message_is_kept_as_its_owner_wants_it_and_heard_as_it_was_said() {
    let setup = Setup::new()
        .subscriber("2001", "sound = \"flac\"")
        .subscriber("2002", "sound = \"g711\"");
    let server = Server::start_with(&setup);
    let kept_as = [
        ("2001", "audio/flac", ".flac"),
        ("2002", "audio/wav", ".wav"),
    ];
    std::thread::scope(|scope| {
        for (number, kind, ending) in kept_as {
            let server = &server;
            scope.spawn(move || assert_kept_and_heard(server, number, kind, ending));
        }
    });
}

fn assert_kept_and_heard(server: &Server, number: &str, kind: &str, ending: &str) {
    let said = speech(3.0, 1);
    leave_message(server, number, CALLER, &said);
    server.await_messages(number, 1);
    let file = only_file(server, number);
    let name = &file.name;
    assert_eq!(file.kind, kind);
    assert!(
        name.starts_with("voicemail-") && name.ends_with(ending),
        "{name}"
    );
    let kept = if kind == "audio/flac" {
        let decoded = decode(&file.octets, Duration::from_mins(1));
        decoded.expect("FLAC").samples
    } else {
        g711(&file.octets)
    };
    assert!(sound::find(&kept, &said).is_some(), "{name}");
    let mut call = open_mailbox(server, number);
    play(server, &mut call);
    await_line(server, &mut call, "end-of-message");
    let heard = call.hang_up().heard();
    assert!(sound::find(&heard, &said).is_some(), "{name}");
}

/// The sound of a WAV file that must hold G.711, half as large as linear sound.
fn g711(octets: &[u8]) -> Vec<i16> {
    let tag = octets.get(20..22).expect("a WAV file");
    assert_eq!(tag, [6, 0], "A-law, as the caller's telephone sent it");
    let read = belpost::audio::wav::read_g711(octets).unwrap();
    assert_eq!(read.law, Law::A);
    sound::decode_wav(octets).expect("WAV")
}

/// The sound file of the only message in a Maildir.
fn only_file(server: &Server, number: &str) -> SoundFile {
    let folder = server.folder().join("mail").join(number).join("Maildir");
    let files = ["new", "cur"].map(|sub| std::fs::read_dir(folder.join(sub)).unwrap());
    let files: Vec<_> = files
        .into_iter()
        .flatten()
        .map(|e| e.unwrap().path())
        .collect();
    let [file] = files.as_slice() else {
        panic!("one message wanted: {files:?}");
    };
    let letter = Letter::parse(&std::fs::read(file).unwrap());
    letter.file.expect("a sound file")
}

/// Leaves this many messages at the same time.
fn fill(server: &Server, messages: u64) {
    std::thread::scope(|scope| {
        for n in 0..messages {
            scope.spawn(move || {
                leave_message(server, "2001", &format!("061000000{n}"), &speech(1.5, n));
            });
        }
    });
}

/// Calls until told that the mailbox is full, or is not: the server learns it soon after a message
/// came or went, not at once.
fn call_when(server: &Server, full: bool) -> Call {
    eventually("the room is known", seconds(10.0), || {
        let mut call = Dial::new(server.address(), "2001", CALLER).answered();
        await_event(server, &mut call, PROMPT, 1);
        if says(server, call.id(), "mailbox-full") == full {
            return Some(call);
        }
        call.hang_up();
        None
    })
}

/// Hears how the mailbox stands, then deletes the first message and hangs up.
fn delete_one(server: &Server, stands: &str) {
    let mut call = open_mailbox(server, "2001");
    await_line(server, &mut call, stands);
    play(server, &mut call);
    call.press("7");
    await_line(server, &mut call, "message-deleted");
    call.hang_up();
}

#[test]
fn a_full_mailbox_is_told_before_the_tone_and_takes_messages_when_one_is_deleted() {
    let server = Server::start_with(&Setup::new().subscriber("2001", "max_messages = 2"));
    fill(&server, 2);
    let mailbox = server.await_messages("2001", 2);
    let mut call = call_when(&server, true);
    call.wait_for_end(seconds(20.0));
    let came_to_a_tone =
        server.happened_in_all(call.id(), TAKE_BEGAN) || says(&server, call.id(), "beep");
    assert!(!came_to_a_tone && !sound::is_silent(&call.voice().heard()));
    assert_eq!(mailbox.count(), 2);
    delete_one(&server, "inbox-full");
    let mut call = call_when(&server, false);
    call.press("#");
    await_event(&server, &mut call, TAKE_BEGAN, 1);
    call.say(&speech(1.5, 7));
    call.hang_up();
    server.await_messages("2001", 2);
    call_when(&server, true).hang_up();
}

#[test]
fn an_owner_hears_that_the_mailbox_is_almost_full() {
    let server = Server::start_with(&Setup::new().subscriber("2001", "max_messages = 5"));
    fill(&server, 4);
    server.await_messages("2001", 4);
    let mut call = open_mailbox(&server, "2001");
    await_line(&server, &mut call, "inbox-almost-full");
    await_line(&server, &mut call, "you-have");
    assert!(!says(&server, call.id(), "inbox-full"));
    call.hang_up();
    // A caller is told nothing of it.
    recording(&server, Dial::new(server.address(), "2001", CALLER)).hang_up();
}
