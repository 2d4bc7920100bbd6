//! Local mailboxes as their subscribers want them: the sound they are kept in, and how much.

use crate::harness::events::TAKE_BEGAN;
use crate::harness::letter::Letter;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, Setup, seconds};
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

/// Plays the first message of the open mailbox.
fn play(server: &Server, call: &mut Call) {
    await_line(server, call, "voicemail-play");
    call.press("1");
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
    let said = speech(4.0, 1);
    for (number, kind, ending) in [
        ("2001", "audio/flac", ".flac"),
        ("2002", "audio/wav", ".wav"),
    ] {
        leave_message(&server, number, CALLER, &said);
        server.await_messages(number, 1);
        let file = only_file(&server, number);
        assert_eq!(file.kind, kind);
        assert!(
            file.name.starts_with("voicemail-") && file.name.ends_with(ending),
            "{}",
            file.name
        );
        let kept = match number {
            "2001" => {
                decode(&file.octets, Duration::from_mins(1))
                    .unwrap()
                    .samples
            }
            _ => g711(&file.octets),
        };
        assert!(sound::find(&kept, &said).is_some(), "{number}");
        let mut call = open_mailbox(&server, number);
        play(&server, &mut call);
        // The envelope comes before the message.
        call.wait_until("the message is over", seconds(30.0), |call| {
            says(&server, call.id(), "end-of-message").then_some(())
        });
        let heard = call.hang_up().heard();
        assert!(sound::find(&heard, &said).is_some(), "{number}");
    }
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
fn only_file(server: &Server, number: &str) -> crate::harness::letter::SoundFile {
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

/// Calls, and hears before any tone that the mailbox is full.
fn assert_full(server: &Server) {
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    await_line(server, &mut call, "mailbox-full");
    call.wait_for_end(seconds(20.0));
    assert!(!server.happened(call.id(), TAKE_BEGAN));
    let heard = call.voice().heard();
    assert!(!sound::is_silent(&heard), "nothing was heard");
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
    assert_full(&server);
    assert_eq!(mailbox.count(), 2);
    delete_one(&server, "inbox-full");
    // The lamp and the room are known soon after the owner hangs up, not at once.
    let mut call = crate::harness::eventually("there is room", seconds(10.0), || {
        let mut call = Dial::new(server.address(), "2001", CALLER).answered();
        await_event(&server, &mut call, "prompt", 1);
        (!says(&server, call.id(), "mailbox-full")).then_some(call)
    });
    call.press("#");
    await_event(&server, &mut call, TAKE_BEGAN, 1);
    call.say(&speech(1.5, 7));
    call.hang_up();
    server.await_messages("2001", 2);
    assert_full(&server);
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
