//! Another language by telephone: it is on disk when it is confirmed, and a kill does not lose it.

use crate::harness::sound::speech;
use crate::harness::{Dial, Server};
use crate::steps::{CALLER, await_line, leave_message, type_passcode};

/// The subject of the mail of a message that is left now, which is in the owner's language.
fn subject(server: &Server, count: usize) -> String {
    leave_message(server, "2001", CALLER, &speech(2.0, 1));
    let messages = server.await_messages("2001", count).messages();
    let newest = messages.last().expect("a message");
    newest.header("subject").to_owned()
}

#[test]
fn a_chosen_language_is_on_disk_when_it_is_confirmed_and_survives_a_kill() {
    let mut server = Server::start();
    assert!(subject(&server, 1).starts_with("Voicemail van "));
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    type_passcode(&mut call);
    await_line(&server, &mut call, "main-language");
    call.press("6");
    await_line(&server, &mut call, "language-this");
    // Dutch is the first of the two, English the second.
    call.press("2");
    await_line(&server, &mut call, "language-changed");
    server.kill();
    drop(call);
    let (_, shown) = server.command(&["subscriber", "show", "2001", "--json"]);
    assert!(shown.contains("\"language\": \"en\""), "{shown}");
    server.restart();
    assert!(subject(&server, 2).starts_with("Voicemail from "));
}
