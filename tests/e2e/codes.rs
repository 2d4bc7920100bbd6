//! Feature access codes from the wire to the database: what is dialled is set, said and kept.

use crate::harness::sound::speech;
use crate::harness::{Call, Dial, Server, eventually, seconds};
use crate::steps::{CALLER, leave_message, says, subscriber};

/// A code dialled from the own telephone of 2001, heard to its end.
fn dial(server: &Server, code: &str) -> Call {
    let mut call = Dial::new(server.address(), code, "2001").answered();
    call.wait_for_end(seconds(30.0));
    call
}

fn shows(server: &Server, text: &str) -> bool {
    subscriber(server, &["show", "2001"]).contains(text)
}

#[test]
fn a_code_is_set_said_seen_by_the_command_line_and_survives_a_kill() {
    let mut server = Server::start();
    let call = dial(&server, "*720201234567%23");
    assert!(says(&server, call.id(), "always-is"));
    assert!(says(&server, call.id(), "is-on-to"));
    assert!(shows(&server, "0201234567"));
    server.kill();
    server.restart();
    let call = dial(&server, "*21*");
    assert!(says(&server, call.id(), "is-on-to"));
    let call = dial(&server, "*73");
    assert!(says(&server, call.id(), "is-off-to"));
}

#[test]
fn what_the_command_line_sets_a_code_tells_within_a_second() {
    let server = Server::start();
    subscriber(
        &server,
        &["set", "2001", "forward-busy", "on", "0201234567"],
    );
    eventually("the code tells it", seconds(5.0), || {
        let call = dial(&server, "*67*");
        says(&server, call.id(), "is-on-to").then_some(())
    });
}

#[test]
fn whoever_left_a_message_is_the_last_caller_also_after_a_restart() {
    let mut server = Server::start();
    leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    let tells = |server: &Server| {
        let mut call = Dial::new(server.address(), "*69", "2001").answered();
        call.wait_until("it is told who called", seconds(20.0), |call| {
            let known = says(server, call.id(), "last-call-from");
            (known || says(server, call.id(), "no-last-call")).then_some(())
        });
        // The caller's number is nowhere in this call but in what is said.
        let told = format!("{:?}", server.events_of(call.id())).contains(CALLER);
        call.hang_up();
        told
    };
    eventually("the caller is written down", seconds(10.0), || {
        tells(&server).then_some(())
    });
    server.kill();
    server.restart();
    assert!(tells(&server));
}

#[test]
fn a_stranger_changes_nothing() {
    let server = Server::start();
    let mut call = Dial::new(server.address(), "*78", CALLER).answered();
    call.wait_for_end(seconds(30.0));
    assert!(says(&server, call.id(), "own-phone-only"));
}
