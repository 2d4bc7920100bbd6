//! What many tests do on their way: reach the recording, leave a message, log in.

use crate::harness::events::{ANSWER, Event, PROMPT, TAKE_BEGAN};
use crate::harness::setup::PASSCODE;
use crate::harness::{Call, Dial, Server, eventually, seconds};

/// A caller's number that is no subscriber's.
pub(crate) const CALLER: &str = "0612345678";

/// Dials, skips the greeting, and is at the point where the recording runs.
pub(crate) fn recording(server: &Server, dial: Dial) -> Call {
    let mut call = dial.answered();
    skip_greeting(server, &mut call, 1);
    call
}

/// Presses hash until the nth recording of the call runs.
pub(crate) fn skip_greeting(server: &Server, call: &mut Call, nth: usize) {
    await_event(server, call, ANSWER, 1);
    call.press("#");
    await_event(server, call, TAKE_BEGAN, nth);
}

/// Waits for the nth event of a kind in this call, answering the server meanwhile.
pub(crate) fn await_event(server: &Server, call: &mut Call, what: &str, nth: usize) {
    let waited = format!("{what} ({nth})");
    call.wait_until(&waited, seconds(30.0), |call| {
        let seen = server.events_of(call.id());
        (seen.iter().filter(|e| e.what() == what).count() >= nth).then_some(())
    });
}

/// Waits until the server says this line of the catalogue.
pub(crate) fn await_line(server: &Server, call: &mut Call, line: &str) {
    call.wait_until(&format!("the line {line}"), seconds(30.0), |call| {
        says(server, call.id(), line).then_some(())
    });
}

/// Whether the server has said this line in this call.
pub(crate) fn says(server: &Server, call_id: &str, line: &str) -> bool {
    let events = server.events_of(call_id);
    events.iter().any(|e| e.what() == PROMPT && e.says(line))
}

/// Waits until the server has said this line for the nth time in all, to whatever telephone.
pub(crate) fn await_said(server: &Server, line: &str, nth: usize) {
    eventually(&format!("the line {line} ({nth})"), seconds(30.0), || {
        let events = server.events();
        let said = events.iter().filter(|e| e.what() == PROMPT && e.says(line));
        (said.count() >= nth).then_some(())
    });
}

/// Waits until this has happened for the nth time in all, to whatever telephone.
pub(crate) fn await_happened(server: &Server, what: &str, nth: usize) {
    eventually(&format!("{what} ({nth})"), seconds(30.0), || {
        let events = server.events();
        (events.iter().filter(|e| e.what() == what).count() >= nth).then_some(())
    });
}

/// Leaves a message by hanging up after it; the Call-ID.
pub(crate) fn leave_message(server: &Server, to: &str, caller: &str, said: &[i16]) -> String {
    let mut call = recording(server, Dial::new(server.address(), to, caller));
    let id = call.id().to_owned();
    call.say(said);
    call.hang_up();
    id
}

/// Presses the passcode and hash.
pub(crate) fn type_passcode(call: &mut Call) {
    call.press(&format!("{PASSCODE}#"));
}

/// Presses hash and waits for the review menu of the nth recording.
pub(crate) fn to_review(server: &Server, call: &mut Call, nth: usize) {
    call.press("#");
    call.wait_until("the review menu", seconds(20.0), |call| {
        let seen = server.events_of(call.id());
        let menus = seen
            .iter()
            .filter(|e| e.what() == PROMPT && e.says("review-keep"))
            .count();
        (menus >= nth).then_some(())
    });
}

/// Whether a message is being played, or has been, in any call.
pub(crate) fn playing(server: &Server) -> bool {
    server.events().iter().any(plays)
}

/// Whether a message is being played, or has been, in this call.
pub(crate) fn playing_in(server: &Server, call_id: &str) -> bool {
    server.events_of(call_id).iter().any(plays)
}

/// The line of the log for a message is "message ID".
fn plays(event: &Event) -> bool {
    event.what() == PROMPT && event.says("message")
}
