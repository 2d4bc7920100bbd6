//! How soon a subscriber hears the first new message, printed: the keys, and the words between the
//! last of them and the message. Run when asked for: `scripts/portal-figures`.

use crate::harness::events::{Event, KEY, PROMPT};
use crate::harness::setup::PASSCODE;
use crate::harness::sound::speech;
use crate::harness::{Dial, Server, Setup, seconds};
use crate::steps::{CALLER, leave_message};

/// A colleague, whose number is short.
const COLLEAGUE: &str = "2003";
/// Log-ins after which menus are brief.
const OFTEN: usize = 5;

/// One call: the seconds from its last key to the message.
fn seconds_of_words(server: &Server, owner: &str, number: &str, keys: &str) -> f64 {
    let mut call = Dial::new(server.address(), number, owner).answered();
    call.press(keys);
    let plays = |e: &&Event| e.what() == PROMPT && e.says("message");
    let played = call.wait_until("the message plays", seconds(40.0), |call| {
        let events = server.events_of(call.id());
        events.iter().find(plays).map(Event::moment)
    });
    let events = server.events_of(call.id());
    let last = events.iter().rfind(|e| e.what() == KEY).expect("a key");
    // It is no new message any more once it is heard.
    call.wait(seconds(1.0));
    call.hang_up();
    played - last.moment()
}

#[test]
#[ignore = "takes minutes; scripts/portal-figures runs it"]
fn from_the_last_key_to_the_first_new_message() {
    let server = Server::start_with(&Setup::new());
    println!("| subscriber | calls | keys | message from | words before it, s |");
    println!("| --- | --- | --- | --- | --- |");
    for (owner, language) in [("2001", "nl"), ("2002", "en")] {
        for (who, log_ins) in [("the first time", 0), ("often", OFTEN)] {
            for _ in 0..log_ins {
                log_in(&server, owner);
            }
            for (number, keys) in [
                ("1233", format!("{PASSCODE}#2")),
                ("*86", format!("{PASSCODE}#")),
            ] {
                for (from, caller) in [("outside", CALLER), ("a colleague", COLLEAGUE)] {
                    leave_message(&server, owner, caller, &speech(3.0, 1));
                    let words = seconds_of_words(&server, owner, number, &keys);
                    println!(
                        "| {language}, {who} | {number} | passcode `{}` | {from} | {words:.1} |",
                        &keys[PASSCODE.len()..]
                    );
                }
            }
        }
    }
}

/// A call that does nothing but log in.
fn log_in(server: &Server, owner: &str) {
    let mut call = Dial::new(server.address(), "1233", owner).answered();
    call.press(&format!("{PASSCODE}#"));
    call.wait_until("the main menu", seconds(20.0), |call| {
        let events = server.events_of(call.id());
        events
            .iter()
            .any(|e| e.says("main-voicemail"))
            .then_some(())
    });
    call.hang_up();
}
