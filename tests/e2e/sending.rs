//! Subscribers send messages to each other: composed, forwarded, refused for want of room, and
//! through a kill right after they were called sent.

use crate::harness::mailbox::VoiceMessage;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, Setup, seconds};
use crate::steps::{CALLER, await_line, leave_message, says, type_passcode};

/// Logs in at the portal and opens the voicemail menu.
fn voicemail(server: &Server, number: &str) -> Call {
    let mut call = Dial::new(server.address(), "1233", number).answered();
    await_line(server, &mut call, "enter-passcode");
    type_passcode(&mut call);
    await_line(server, &mut call, "main-voicemail");
    call.press("1");
    await_line(server, &mut call, "voicemail-compose");
    call
}

/// Enters the recipient, speaks after the tone, and is at the menu before it is sent.
fn speak_to(server: &Server, call: &mut Call, number: &str, asks: &str, said: &[i16]) {
    await_line(server, call, "enter-mailbox");
    call.press(&format!("{number}#"));
    await_line(server, call, asks);
    call.press("#");
    call.wait(seconds(0.7));
    call.say(said);
    call.press("#");
    await_line(server, call, "send-now");
}

/// Composes a message from 2001 to 2002 and sends it, with these keys before.
fn compose(server: &Server, keys: &str, said: &[i16]) -> Call {
    let mut call = voicemail(server, "2001");
    call.press("5");
    speak_to(server, &mut call, "2002", "message-speak", said);
    call.press(keys);
    call.press("1");
    call
}

/// The one of the messages that is from this number.
fn from<'a>(messages: &'a [VoiceMessage], number: &str) -> &'a VoiceMessage {
    let found = messages.iter().find(|m| m.header("from").contains(number));
    found.unwrap_or_else(|| panic!("no message from {number}"))
}

#[test]
fn an_urgent_message_of_a_colleague_is_the_first_that_is_heard() {
    let server = Server::start();
    leave_message(&server, "2002", CALLER, &speech(2.0, 1));
    server.await_messages("2002", 1);
    let said = speech(3.0, 2);
    let mut call = compose(&server, "56", &said);
    await_line(&server, &mut call, "message-sent");
    call.hang_up();
    let mailbox = server.await_messages("2002", 2);
    let sent = mailbox.messages();
    let sent = from(&sent, "2001");
    assert!(sound::find(&sent.sound, sound::cut(&said, 0.2, 2.5)).is_some());
    assert_eq!(sent.header("importance"), "high");
    assert_eq!(sent.header("sensitivity"), "private");
    let mut call = voicemail(&server, "2002");
    call.press("1");
    await_line(&server, &mut call, "private-message");
    await_line(&server, &mut call, "urgent-message");
    call.hang_up();
}

#[test]
fn a_forwarded_message_holds_the_introduction_and_the_message() {
    let server = Server::start();
    let left = speech(3.0, 1);
    leave_message(&server, "2001", CALLER, &left);
    server.await_messages("2001", 1);
    let mut call = voicemail(&server, "2001");
    call.press("1");
    await_line(&server, &mut call, "new-message");
    call.press("6");
    await_line(&server, &mut call, "message-more");
    call.press("92");
    let said = speech(2.0, 2);
    speak_to(&server, &mut call, "2002", "introduction-speak", &said);
    call.press("1");
    await_line(&server, &mut call, "message-sent");
    call.hang_up();
    let message = server.await_messages("2002", 1).only();
    let introduction = sound::find(&message.sound, sound::cut(&said, 0.2, 1.5));
    let forwarded = sound::find(&message.sound, sound::cut(&left, 0.2, 2.5));
    assert!(introduction < forwarded && introduction.is_some());
    assert!(message.header("from").contains("2001"));
}

#[test]
fn a_full_mailbox_is_told_and_gets_nothing() {
    let setup = Setup::new().subscriber("2002", "max_messages = 1");
    let server = Server::start_with(&setup);
    leave_message(&server, "2002", CALLER, &speech(2.0, 1));
    server.await_messages("2002", 1);
    let mut call = compose(&server, "", &speech(2.0, 2));
    await_line(&server, &mut call, "message-not-sent");
    assert!(!says(&server, call.id(), "message-sent"));
    call.hang_up();
    assert_eq!(server.mailbox("2002").count(), 1);
}

#[test]
fn a_kill_right_after_it_was_called_sent_loses_nothing() {
    let mut server = Server::start();
    let said = speech(3.0, 2);
    let mut call = compose(&server, "", &said);
    await_line(&server, &mut call, "message-sent");
    server.kill();
    drop(call);
    server.restart();
    let message = server.await_messages("2002", 1).only();
    assert!(sound::find(&message.sound, sound::cut(&said, 0.2, 2.5)).is_some());
    assert!((2.5..4.5).contains(&message.length()));
}
