//! Two subscribers, each with a real telephone, send messages to each other: what one said the other
//! hears.

use crate::harness::baresip::Baresip;
use crate::harness::linphone::Linphone;
use crate::harness::person::Telephone;
use crate::harness::sound::{self, speech};
use crate::harness::{Person, Server, eventually, seconds};
use crate::steps::{CALLER, leave_message};

/// What the two say into their telephones whenever they are in a call.
fn annas_words() -> Vec<i16> {
    speech(90.0, 9)
}

fn bens_words() -> Vec<i16> {
    speech(60.0, 7)
}

/// Subscriber 2001 with a baresip.
fn anna(server: &Server) -> Person<'_, Baresip> {
    let phone = Baresip::start(server.address(), "2001", &annas_words());
    Person::new(server, phone)
}

/// Subscriber 2002 with a linphone.
fn ben(server: &Server) -> Person<'_, Linphone> {
    let phone = Linphone::start(server.address(), "2002", &bens_words());
    Person::new(server, phone)
}

/// Logs in and composes a message to this mailbox; at the menu before it is sent.
fn composes<T: Telephone>(person: &mut Person<'_, T>, to: &str) {
    person.logs_in();
    person.hears("main-voicemail");
    person.presses("1");
    person.hears("voicemail-compose");
    person.presses("5");
    person.hears("enter-mailbox");
    person.presses(&format!("{to}#"));
    person.hears("message-speak");
    person.speaks(3.0);
    person.hears("message-for, send-now");
}

#[test]
fn an_urgent_message_from_baresip_is_the_first_that_linphone_hears() {
    let server = Server::start();
    leave_message(&server, "2002", CALLER, &speech(2.0, 1));
    server.await_messages("2002", 1);
    let mut anna = anna(&server);
    composes(&mut anna, "2002");
    anna.presses("5");
    anna.hears("send-not-urgent");
    anna.presses("1");
    anna.hears("message-sent");
    anna.hangs_up();
    server.await_messages("2002", 2);

    let mut ben = ben(&server);
    ben.logs_in();
    ben.hears("main-messages");
    ben.presses("2");
    ben.hears("urgent-message, envelope-from, message, end-of-message");
    ben.presses("#");
    ben.hears("message-saved, new-message");
    ben.hangs_up();
    eventually("Ben has heard Anna's words", seconds(10.0), || {
        sound::shares_a_second(&ben.phone.heard(), &annas_words()).then_some(())
    });
}

#[test]
fn an_answer_goes_to_the_sender_and_holds_what_was_said() {
    let server = Server::start();
    let mut anna = anna(&server);
    composes(&mut anna, "2002");
    anna.presses("1");
    anna.hears("message-sent");
    anna.hangs_up();
    server.await_messages("2002", 1);

    let mut ben = ben(&server);
    ben.logs_in();
    ben.hears("main-messages");
    ben.presses("2");
    ben.hears("new-message, message, end-of-message, message-more");
    ben.presses("9");
    ben.hears("message-reply");
    ben.presses("1");
    ben.hears("message-speak");
    ben.speaks(3.0);
    ben.hears("message-for, send-now");
    ben.presses("1");
    ben.hears("message-sent");
    ben.hangs_up();
    let answer = server.await_messages("2001", 1).only();
    assert!(answer.header("from").contains("2002"));

    anna.logs_in();
    anna.hears("main-messages");
    anna.presses("2");
    anna.hears("new-message, envelope-from, message, end-of-message");
    anna.hangs_up();
    assert!(sound::shares_a_second(&anna.phone.heard(), &bens_words()));
}

#[test]
fn a_forwarded_message_is_heard_behind_its_introduction() {
    let server = Server::start();
    let left = speech(4.0, 1);
    leave_message(&server, "2001", CALLER, &left);
    server.await_messages("2001", 1);
    let mut anna = anna(&server);
    anna.logs_in();
    anna.hears("main-messages");
    anna.presses("2");
    anna.hears("new-message, message, end-of-message, message-more");
    anna.presses("9");
    anna.hears("message-forward");
    anna.presses("2");
    anna.hears("enter-mailbox");
    anna.presses("2002#");
    anna.hears("introduction-speak");
    anna.speaks(3.0);
    anna.hears("message-for, send-now");
    anna.presses("1");
    anna.hears("message-sent");
    anna.hangs_up();
    let message = server.await_messages("2002", 1).only();
    let forwarded = sound::find(&message.sound, sound::cut(&left, 0.5, 3.0));
    let at = forwarded.expect("the message is in what was forwarded");
    let before = sound::cut(&message.sound, 0.0, at - 0.5);
    assert!(
        sound::shares_a_second(before, &annas_words()),
        "{at} s before the message"
    );

    let mut ben = ben(&server);
    ben.logs_in();
    ben.hears("main-messages");
    ben.presses("2");
    ben.hears("new-message, message, end-of-message");
    ben.hangs_up();
    eventually("Ben has heard both", seconds(10.0), || {
        let heard = ben.phone.heard();
        let both =
            sound::shares_a_second(&heard, &annas_words()) && sound::shares_a_second(&heard, &left);
        both.then_some(())
    });
}
