//! What many tests do on their way: reach the recording, leave a message, log in.

use crate::harness::events::{ANSWER, Event, PROMPT, TAKE_BEGAN};
use crate::harness::setup::PASSCODE;
use crate::harness::{Call, Dial, Server, seconds};

/// A caller's number that is no subscriber's.
pub(crate) const CALLER: &str = "0612345678";

/// The longest a change made by another process may take to be seen, in seconds.
pub(crate) const SEEN: f64 = 2.0;

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

/// Leaves a message by hanging up after it; the Call-ID.
pub(crate) fn leave_message(server: &Server, to: &str, caller: &str, said: &[i16]) -> String {
    let mut call = recording(server, Dial::new(server.address(), to, caller));
    let id = call.id().to_owned();
    call.say(said);
    call.hang_up();
    id
}

/// A call of [`CALLER`] that the PBX diverted from subscriber 2001, for this reason.
pub(crate) fn diverted(server: &Server, reason: &str) -> Call {
    let diversion = format!("Diversion: <sip:2001@pbx.example>;reason={reason};counter=1");
    let dial = Dial::new(server.address(), "voicemail", CALLER).header(diversion);
    dial.answered()
}

/// What `belpost subscriber` says.
pub(crate) fn subscriber(server: &Server, arguments: &[&str]) -> String {
    let (status, said) = server.command(&[&["subscriber"], arguments].concat());
    assert_eq!(status, Some(0), "{said}");
    said
}

/// A new passcode, by the operator.
pub(crate) fn reset(server: &Server, mailbox: &str) -> String {
    let told = subscriber(server, &["reset-passcode", mailbox]);
    let mut words = told.split([' ', ';']);
    let figures = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
    words.find(figures).expect("a passcode").to_owned()
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
