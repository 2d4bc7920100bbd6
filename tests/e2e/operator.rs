//! The commands an operator has beside a running server: self-test, mailboxes, spool.

use crate::harness::events::TAKE_KEPT;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Server, eventually, seconds};
use crate::steps::{CALLER, leave_message};

#[test]
fn the_self_test_says_when_nobody_answers() {
    let mut server = Server::start();
    server.kill();
    let address = server.address().to_string();
    let arguments = [
        "self-test",
        "--server",
        &address,
        "--mailbox",
        "2001",
        "--passcode",
        PASSCODE,
    ];
    let (status, said) = server.command(&arguments);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("INVITE"),
        "the step that failed is named: {said}"
    );
}

#[test]
fn a_message_is_listed_shown_and_taken_out_as_it_was_left() {
    let server = Server::start();
    let said = speech(2.0, 1);
    let call = leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let (status, listed) = server.command(&["mailbox", "list"]);
    assert_eq!(status, Some(0), "{listed}");
    assert!(
        listed.contains("2001") && listed.contains("2002"),
        "{listed}"
    );
    let (status, shown) = server.command(&["mailbox", "show", "2001"]);
    assert_eq!(status, Some(0), "{shown}");
    let id = kept(&server, &call);
    assert!(shown.contains(&id) && shown.contains(CALLER), "{shown}");
    let file = server.folder().join("taken-out.wav");
    let place = file.display().to_string();
    let (status, told) = server.command(&["mailbox", "export", "2001", &id, "--to", &place]);
    assert_eq!(status, Some(0), "{told}");
    assert!(sound::find(&sound::read_wav(&file), &said).is_some());
}

#[test]
fn a_message_that_waits_is_delivered_when_an_operator_says_so() {
    let server = Server::start();
    let folder = server.folder().join("mail");
    std::fs::create_dir_all(&folder).expect("a folder");
    let obstacle = folder.join("2001");
    std::fs::write(&obstacle, "in the way").expect("a file in the way");
    let call = leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    let id = kept(&server, &call);
    eventually("the second attempt fails", seconds(15.0), || {
        (server.printed().matches("not delivered").count() >= 2).then_some(())
    });
    let (status, listed) = server.command(&["spool", "list"]);
    assert_eq!(status, Some(0), "{listed}");
    assert!(listed.contains(&id), "{listed}");
    std::fs::remove_file(&obstacle).expect("the file in the way");
    let (status, told) = server.command(&["spool", "retry", &id]);
    assert_eq!(status, Some(0), "{told}");
    // Left alone it would wait for fifteen seconds.
    eventually("the message is delivered", seconds(5.0), || {
        (server.mailbox("2001").count() == 1).then_some(())
    });
}

/// The message a call left, as the event log names it.
fn kept(server: &Server, call_id: &str) -> String {
    let events = server.events_of(call_id);
    let kept = events
        .iter()
        .find(|e| e.what() == TAKE_KEPT)
        .expect("a message");
    kept.text("message").to_owned()
}
