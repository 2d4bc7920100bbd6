//! What subscribers do with messages by real telephones: send, answer, delete all, go on elsewhere.

use crate::harness::baresip::Baresip;
use crate::harness::events::{TAKE_BEGAN, TAKE_ENDED};
use crate::harness::linphone::Linphone;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Server, eventually, seconds};
use crate::steps::{CALLER, await_happened, await_said, leave_message, playing};

#[test]
fn a_message_composed_with_baresip_is_heard_and_answered_with_linphone() {
    let server = Server::start();
    let said = speech(120.0, 21);
    let mut jan = Baresip::start(server.address(), "2001", &said);
    jan.call("1233");
    jan.press(&format!("{PASSCODE}#15"));
    await_said(&server, "enter-mailbox", 1);
    jan.press("2002#");
    await_said(&server, "message-speak", 1);
    await_happened(&server, TAKE_BEGAN, 1);
    std::thread::sleep(seconds(4.0));
    jan.press("#");
    await_happened(&server, TAKE_ENDED, 1);
    await_said(&server, "send-now", 1);
    jan.press("1");
    await_said(&server, "message-sent", 1);
    jan.hang_up();
    server.await_messages("2002", 1);

    let answer = speech(120.0, 22);
    let mut ben = Linphone::start(server.address(), "2002", &answer);
    ben.call("1233");
    await_said(&server, "enter-passcode", 2);
    PASSCODE
        .chars()
        .chain(['#', '2'])
        .for_each(|key| ben.press(key));
    await_said(&server, "message-more", 1);
    ben.press('9');
    await_said(&server, "message-reply", 1);
    ben.press('1');
    await_happened(&server, TAKE_BEGAN, 2);
    std::thread::sleep(seconds(4.0));
    ben.press('#');
    await_said(&server, "send-now", 2);
    ben.press('1');
    await_said(&server, "message-sent", 2);
    ben.hang_up();

    let heard = eventually("linphone has written what it heard", seconds(10.0), || {
        let heard = ben.heard();
        (!heard.is_empty()).then_some(heard)
    });
    let sent = said_to(&server, "2002");
    assert!(sound::find(&said, sound::cut(&sent, 1.0, 1.5)).is_some());
    assert!(
        sound::find(&heard, sound::cut(&sent, 1.0, 1.5)).is_some(),
        "Ben hears what Jan said"
    );
    let kept = said_to(&server, "2001");
    assert!(
        sound::find(&answer, sound::cut(&kept, 1.0, 1.5)).is_some(),
        "the answer holds what Ben said"
    );
}

/// The sound of the only message of a mailbox.
fn said_to(server: &Server, mailbox: &str) -> Vec<i16> {
    let mailbox = server.await_messages(mailbox, 1);
    mailbox.messages().remove(0).sound
}

#[test]
fn all_messages_are_deleted_after_a_question() {
    let server = Server::start();
    for voice in 1..=3 {
        leave_message(&server, "2001", CALLER, &speech(2.0, voice));
    }
    server.await_messages("2001", 3);
    let mut phone = Baresip::start(server.address(), "2001", &speech(60.0, 23));
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#17"));
    await_said(&server, "delete-all-ask", 1);
    phone.press("1");
    await_said(&server, "all-deleted", 1);
    phone.press("**9");
    phone.await_hang_up(seconds(30.0));
    assert_eq!(server.mailbox("2001").messages().len(), 0);
}

#[test]
fn a_message_stopped_at_one_telephone_goes_on_at_another() {
    let server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(12.0, 24));
    server.await_messages("2001", 1);
    let message = said_to(&server, "2001");
    let mut phone = Baresip::start(server.address(), "2001", &speech(60.0, 25));
    phone.call("*86");
    phone.press(&format!("{PASSCODE}#"));
    eventually("the message plays", seconds(30.0), || {
        playing(&server).then_some(())
    });
    std::thread::sleep(seconds(5.0));
    phone.hang_up();

    // Another telephone, of another number.
    let mut other = Baresip::start(server.address(), "0201234567", &speech(60.0, 26));
    other.call("1233");
    await_said(&server, "enter-mailbox", 1);
    other.press("2001#");
    await_said(&server, "enter-passcode", 2);
    other.press(&format!("{PASSCODE}#2"));
    await_said(&server, "resumed-message", 1);
    await_said(&server, "end-of-message", 1);
    other.hang_up();
    let heard = other.heard();
    let early = sound::cut(&message, 1.0, 2.0);
    let late = sound::cut(&message, 8.0, 2.0);
    assert!(sound::find(&heard, late).is_some(), "the rest is heard");
    assert!(sound::find(&heard, early).is_none(), "the beginning is not");
}
