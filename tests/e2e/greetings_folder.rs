//! Greetings recorded by telephone, in the folder of a real IMAP server where visual voicemail
//! programs look for them.

use crate::harness::events::TAKE_BEGAN;
use crate::harness::letter::Letter;
use crate::harness::post::Post;
use crate::harness::setup::PASSCODE;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, eventually, seconds};
use crate::steps::{await_event, await_line, diverted, subscriber};

const ON: &str = "$CNS-Greeting-On";

/// The subscriber calls the portal, logs in and presses these keys.
fn portal(server: &Server, keys: &str) -> Call {
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    call.press(&format!("{PASSCODE}#{keys}"));
    call
}

/// Records the busy greeting.
fn record(server: &Server, said: &[i16]) {
    let mut call = portal(server, "321");
    await_event(server, &mut call, TAKE_BEGAN, 1);
    call.say(said);
    call.press("#");
    await_line(server, &mut call, "recording-use");
    call.press("3");
    await_line(server, &mut call, "greeting-saved");
    call.hang_up();
}

/// Waits until the folder has so many greetings, so many of them marked.
fn await_greetings(post: &Post, count: usize, marked: usize) -> Vec<Letter> {
    let what = format!("{count} greetings, {marked} marked");
    eventually(&what, seconds(30.0), || {
        let found = post.greetings();
        let on = |(flags, _): &&(Vec<String>, Letter)| flags.iter().any(|flag| flag == ON);
        let as_wanted = found.len() == count && found.iter().filter(on).count() == marked;
        as_wanted.then(|| found.into_iter().map(|(_, letter)| letter).collect())
    })
}

#[test]
fn a_greeting_is_in_the_folder_as_callers_hear_it_until_it_is_erased() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let said = speech(6.0, 5);
    record(&server, &said);
    let [letter] = <[Letter; 1]>::try_from(await_greetings(&post, 1, 1)).expect("one greeting");
    assert_eq!(letter.header("x-cns-greeting-type"), "normal-greeting");
    assert!(
        letter.subject.starts_with("Begroeting bij in gesprek, 0:0"),
        "{}",
        letter.subject
    );
    let mut call = diverted(&server, "user-busy");
    await_event(&server, &mut call, TAKE_BEGAN, 1);
    let heard = call.hang_up().heard();
    let kept = letter.wav();
    let piece = sound::cut(&kept, 1.0, 2.0);
    assert!(sound::find(&heard, piece).is_some(), "callers hear another");

    // What another process changes is seen as well.
    subscriber(&server, &["set", "2001", "away", "on"]);
    await_greetings(&post, 1, 0);
    subscriber(&server, &["set", "2001", "away", "off"]);
    await_greetings(&post, 1, 1);

    let mut call = portal(&server, "323");
    await_line(&server, &mut call, "greeting-standard");
    call.hang_up();
    await_greetings(&post, 0, 0);
}

#[test]
fn a_greeting_recorded_while_the_mail_server_is_away_comes_into_the_folder_when_it_is_back() {
    let post = Post::start();
    let mut server = Server::start_with(&post.setup());
    post.cut_off();
    record(&server, &speech(4.0, 6));
    std::thread::sleep(seconds(1.0));
    post.come_back();
    await_greetings(&post, 1, 1);

    // What changed while the server was not there is seen when it starts.
    server.terminate();
    server.wait_for_end(seconds(30.0));
    subscriber(&server, &["set", "2001", "away", "on"]);
    server.restart();
    await_greetings(&post, 1, 0);
}
