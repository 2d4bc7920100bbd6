//! Leaving a message: what counts as one, and what the keys of the review do. The caller is a
//! telephone made by hand, so that every moment is known.

use crate::harness::events::{KEY, TAKE_BEGAN, TAKE_DROPPED, TAKE_KEPT};
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, Setup, seconds};
use crate::steps::{
    CALLER, await_event, await_line, leave_message, playing_in, recording, says, to_review,
    type_passcode,
};
use belpost::audio::tone;
use std::path::Path;
use std::time::Duration;

#[test]
fn key_1_in_the_review_erases_and_records_again() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let (first, second) = (speech(2.0, 1), speech(4.0, 2));
    call.say(&first);
    to_review(&server, &mut call, 1);
    call.press("1");
    await_event(&server, &mut call, TAKE_BEGAN, 2);
    call.say(&second);
    to_review(&server, &mut call, 2);
    call.press("3");
    call.wait_for_end(seconds(15.0));
    let message = server.await_messages("2001", 1).only();
    assert!(
        (4.0..4.8).contains(&message.length()),
        "{} s",
        message.length()
    );
    assert!(sound::find(&message.sound, &second).is_some());
    assert!(sound::find(&message.sound, &first).is_none());
    assert!(server.happened_in_all(call.id(), TAKE_DROPPED));
}

#[test]
fn key_2_in_the_review_plays_what_was_said() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(3.0, 1);
    call.say(&said);
    to_review(&server, &mut call, 1);
    call.press("2");
    call.wait(seconds(4.5));
    let id = call.id().to_owned();
    let heard = call.hang_up().heard();
    assert!(
        sound::find(&heard, &said).is_some(),
        "{} s heard",
        sound::length(&heard)
    );
    assert!(server.happened_in_all(&id, TAKE_KEPT));
    server.await_messages("2001", 1);
}

#[test]
fn too_short_a_recording_is_no_message() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let id = call.id().to_owned();
    call.say(&speech(0.5, 1));
    call.hang_up();
    assert!(server.happened_in_all(&id, TAKE_DROPPED));
    assert!(!server.happened_in_all(&id, TAKE_KEPT));
    assert_eq!(server.mailbox("2001").count(), 0);
}

#[test]
fn a_recording_without_a_word_is_no_message() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let id = call.id().to_owned();
    call.wait(seconds(3.0));
    call.hang_up();
    assert!(server.happened_in_all(&id, TAKE_DROPPED));
    assert_eq!(server.mailbox("2001").count(), 0);
}

#[test]
fn the_busy_tone_of_a_line_left_open_is_no_message_and_no_part_of_one() {
    let server = Server::start();
    let half = Duration::from_millis(500);
    let tone = tone::sine(425.0, -12.0, half, 8_000).samples;
    let busy = [&tone[..], &[0; 4_000]].concat().repeat(5);

    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let id = call.id().to_owned();
    call.say(&busy);
    call.hang_up();
    assert!(server.happened_in_all(&id, TAKE_DROPPED));
    assert_eq!(server.mailbox("2001").count(), 0);

    let said = speech(3.0, 1);
    leave_message(&server, "2001", CALLER, &[said.clone(), busy].concat());
    let message = server.await_messages("2001", 1).only();
    let length = message.length();
    assert!((3.8..4.3).contains(&length), "{length} s");
    let sound = sound::length(&message.sound);
    assert!((sound - length).abs() < 0.1, "{sound} s of sound");
    assert!(sound::find(&message.sound, &said).is_some());
}

#[test]
fn silence_and_the_longest_length_lead_to_the_review_and_keep_the_message() {
    let setup = Setup::new()
        .line("deposit", "silence_s = 2")
        .line("deposit", "max_message_s = 6");
    let server = Server::start_with(&setup);

    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    call.say(&speech(2.0, 1));
    await_line(&server, &mut call, "review-keep");
    call.hang_up();

    let mut call = recording(&server, Dial::new(server.address(), "2002", CALLER));
    call.say(&speech(7.0, 2));
    await_line(&server, &mut call, "recording-too-long");
    call.hang_up();

    let fell_silent = server.await_messages("2001", 1).only();
    assert!(
        (2.0..5.0).contains(&fell_silent.length()),
        "{} s",
        fell_silent.length()
    );
    let too_long = server.await_messages("2002", 1).only();
    assert!(
        (5.9..6.1).contains(&too_long.length()),
        "{} s",
        too_long.length()
    );
}

#[test]
fn the_caller_hears_a_greeting_and_a_beep_before_the_recording() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "2002", CALLER).answered();
    await_event(&server, &mut call, TAKE_BEGAN, 1);
    let heard = call.voice().heard();
    assert!(sound::length(&heard) > 2.0, "{} s", sound::length(&heard));
    assert!(!sound::is_silent(sound::cut(&heard, 0.5, 1.5)));
    assert!(says(&server, call.id(), "leave-message"));
    call.hang_up();
}

#[test]
fn a_stream_that_breaks_off_keeps_the_message() {
    let server = Server::start_with(&Setup::new().line("media", "rtp_timeout_s = 5"));
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    call.say(&speech(3.0, 1));
    call.voice().mute(true);
    call.wait_for_end(seconds(20.0));
    let message = server.await_messages("2001", 1).only();
    assert!(message.length() >= 2.9, "{} s", message.length());
}

#[test]
fn callers_at_once_are_never_mixed_up() {
    let server = Server::start();
    let mut calls: Vec<_> = (0..6_u64)
        .map(|nth| {
            let caller = format!("061234500{nth}");
            let to = if nth % 2 == 0 { "2001" } else { "2002" };
            let call = recording(&server, Dial::new(server.address(), to, &caller));
            (call, caller, to, speech(3.0, 20 + nth))
        })
        .collect();
    for (call, _, _, said) in &calls {
        call.voice().say(said);
    }
    for (call, _, _, _) in &mut calls {
        call.say(&[]);
    }
    let said: Vec<_> = calls
        .into_iter()
        .map(|(call, caller, to, said)| {
            call.hang_up();
            (caller, to, said)
        })
        .collect();
    for to in ["2001", "2002"] {
        server.await_messages(to, 3);
    }
    for (caller, to, said) in said {
        let messages = server.mailbox(to).messages();
        let own = messages
            .iter()
            .filter(|m| m.header("from").contains(&caller));
        let own: Vec<_> = own.collect();
        assert_eq!(own.len(), 1, "{caller}");
        assert!(
            sound::find(&own[0].sound, &said).is_some(),
            "{caller} hears another's words"
        );
    }
}

#[test]
fn a_bad_line_costs_no_key_and_no_message() {
    let server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    call.voice().spoil(50);
    call.say(&speech(1.0, 2));
    let typed = "0123456789*".repeat(2);
    call.press(&typed);
    let said = speech(4.0, 1);
    call.say(&said);
    let id = call.id().to_owned();
    call.hang_up();
    let events = server.events_of(&id);
    let keys = events.iter().filter(|e| e.what() == KEY);
    let keys: String = keys.map(|e| e.text("key").to_owned()).collect();
    assert_eq!(keys, format!("#{typed}"));
    let message = server.await_messages("2001", 1).only();
    let spoken = 1.0 + sound::length(&said) + 0.2 * typed.len() as f64;
    assert!(
        (message.length() - spoken).abs() < 0.8,
        "{} of {spoken} s",
        message.length()
    );
    assert!(sound::find(&message.sound, sound::cut(&said, 0.5, 3.0)).is_some());
}

#[test]
fn a_message_that_cannot_be_delivered_yet_is_heard_from_the_spool() {
    let server = Server::start();
    let folder = server.folder().join("mail/2001/Maildir");
    for part in ["new", "cur"] {
        std::fs::create_dir_all(folder.join(part)).expect("a folder");
    }
    let obstacle = folder.join("tmp");
    std::fs::write(&obstacle, "in the way").expect("a file in the way");
    let said = speech(3.0, 1);
    let id = leave_message(&server, "2001", CALLER, &said);
    assert!(server.happened_in_all(&id, TAKE_KEPT));
    let mut owner = Dial::new(server.address(), "*86", "2001").answered();
    await_line(&server, &mut owner, "enter-passcode");
    type_passcode(&mut owner);
    owner.wait_until("the message plays", seconds(20.0), |call| {
        playing_in(&server, call.id()).then_some(())
    });
    owner.wait(seconds(4.0));
    let heard = owner.hang_up().heard();
    assert!(
        sound::find(&heard, &said).is_some(),
        "it waits in the spool and is heard"
    );
    assert_eq!(server.mailbox("2001").count(), 0);
    assert_delivered_without(&server, &obstacle, &id, &said);
}

#[test]
fn a_mailbox_that_cannot_be_read_costs_no_message_and_what_waits_for_it_is_heard() {
    let server = Server::start();
    let folder = server.folder().join("mail");
    std::fs::create_dir_all(&folder).expect("a folder");
    let obstacle = folder.join("2001");
    std::fs::write(&obstacle, "in the way").expect("a file in the way");
    let said = speech(3.0, 1);
    let id = leave_message(&server, "2001", CALLER, &said);
    assert!(server.happened_in_all(&id, TAKE_KEPT));
    let mut owner = Dial::new(server.address(), "*86", "2001").answered();
    await_line(&server, &mut owner, "enter-passcode");
    type_passcode(&mut owner);
    await_line(&server, &mut owner, "inbox-unreachable");
    owner.wait_until("the waiting message plays", seconds(30.0), |owner| {
        playing_in(&server, owner.id()).then_some(())
    });
    owner.wait(seconds(4.5));
    let heard = owner.hang_up().heard();
    assert!(sound::find(&heard, &said).is_some());
    assert_delivered_without(&server, &obstacle, &id, &said);
}

/// Takes away what is in the way and asks for another attempt, which delivers the message.
fn assert_delivered_without(server: &Server, obstacle: &Path, id: &str, said: &[i16]) {
    std::fs::remove_file(obstacle).expect("the file in the way");
    let events = server.events_of(id);
    let kept = events
        .iter()
        .find(|e| e.what() == TAKE_KEPT)
        .expect("a message");
    let (status, told) = server.command(&["spool", "retry", kept.text("message")]);
    assert_eq!(status, Some(0), "{told}");
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, said).is_some());
}
