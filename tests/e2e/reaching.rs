//! From the call to where the owner finds the message: a real IMAP server, real telephones, and a
//! mail client that knows nothing of Belpost.

use crate::harness::baresip::Baresip;
use crate::harness::events::{TAKE_BEGAN, TAKE_DROPPED};
use crate::harness::post::{Found, Post};
use crate::harness::setup::PASSCODE;
use crate::harness::sipp::Sipp;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, eventually, seconds};
use crate::steps::{
    CALLER, await_line, leave_message, playing, recording, says, skip_greeting, type_passcode,
};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn what_sipp_leaves_a_mail_client_finds_with_its_headers_and_its_sound() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let said = speech(4.0, 1);
    let keys = [
        ("uri", "sip:voicemail@pbx.example"),
        ("to", "2001"),
        (
            "divert",
            "Diversion: <sip:2001@pbx.example>;reason=no-answer",
        ),
        ("caller", CALLER),
    ];
    Sipp::new("deposit.xml", server.address(), &keys)
        .saying(&said)
        .run();
    let message = post.await_messages(1, seconds(10.0)).remove(0);
    assert_eq!(message.flags, [""; 0], "nobody has read it");
    let mail = message.parsed();
    let header = |name: &str| mail.header_raw(name).unwrap_or_default().trim().to_owned();
    assert!(header("From").contains(CALLER), "{}", header("From"));
    assert_eq!(header("Message-Context"), "voice-message");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    let length: f64 = header("Content-Duration").parse().unwrap();
    assert!((3.0..=7.0).contains(&length), "{length} s");
    assert!(sound::find(&message.sound(), &said).is_some());
    let (code, told) = server.command(&["message", "show", id_of(&message.message_id)]);
    assert_eq!(code, Some(0), "{told}");
    for step in ["recorded", "accepted", "INBOX"] {
        assert!(told.contains(step), "no {step} in {told}");
    }
}

/// The id of a message, which is the left side of its Message-ID.
fn id_of(message_id: &str) -> &str {
    message_id.split('@').next().unwrap_or_default()
}

#[test]
fn what_is_heard_at_1233_is_read_in_the_mail_client_and_what_is_deleted_is_gone() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let said = speech(3.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    leave_message(&server, "2001", "0687654321", &speech(3.0, 2));
    post.await_messages(2, seconds(10.0));
    let ordinary = include_bytes!("../../media-fixtures/mail/ordinary.eml");
    post.client().append("INBOX", ordinary).finish().unwrap();

    let mut phone = Baresip::start(server.address(), "2001", &speech(60.0, 9));
    phone.call("1233");
    phone.press(&format!("{PASSCODE}#11"));
    eventually("a message plays", seconds(20.0), || {
        playing(&server).then_some(())
    });
    eventually("the mail client sees it read", seconds(5.0), || {
        post.messages().iter().any(Found::is_seen).then_some(())
    });
    thread::sleep(seconds(4.0));
    phone.press("7");
    thread::sleep(seconds(1.0));
    phone.hang_up();
    assert!(sound::find(&phone.heard(), &said).is_some());
    eventually("the deleted message is gone", seconds(5.0), || {
        (post.messages().len() == 1).then_some(())
    });
    assert_eq!(
        post.client().search("ALL").unwrap().len(),
        2,
        "other mail stays"
    );
}

#[test]
fn with_the_mail_server_gone_calls_go_on_and_nothing_is_lost_or_doubled() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    leave_message(&server, "2001", "0610000000", &speech(1.5, 1));
    post.await_messages(1, seconds(10.0));
    post.cut_off();
    for n in 1..=5 {
        leave_message(&server, "2001", &format!("061000000{n}"), &speech(1.5, n));
    }
    // The portal says what cannot be reached, and plays what is still here.
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    call.wait(seconds(1.0));
    type_passcode(&mut call);
    await_line(&server, &mut call, "main-voicemail");
    call.press("1");
    await_line(&server, &mut call, "inbox-unreachable");
    await_line(&server, &mut call, "voicemail-play");
    call.press("1");
    call.wait_until("a message from the spool plays", seconds(20.0), |call| {
        crate::steps::playing_in(&server, call.id()).then_some(())
    });
    call.hang_up();
    post.come_back();
    let found = post.await_messages(6, seconds(75.0));
    let mut ids: Vec<_> = found.iter().map(|m| m.message_id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((found.len(), ids.len()), (6, 6), "each message once");
    let heard = found.iter().filter(|m| m.is_seen()).count();
    assert_eq!(
        heard, 1,
        "the one heard from the spool is read in the mailbox"
    );
    thread::sleep(seconds(2.0));
    assert_eq!(post.messages().len(), 6);
}

#[test]
fn a_full_mailbox_is_told_to_callers_before_the_tone_and_empties_by_itself() {
    let post = Post::with_quota(Some("150K"));
    let server = Server::start_with(&post.setup());
    // The first takes some 110 of the 150 KB, so the second is refused; whoever calls after that
    // hears so, however soon it is.
    for n in 1..=2 {
        leave_message(&server, "2001", &format!("061000000{n}"), &speech(5.0, n));
    }
    eventually("the mail server has refused one", seconds(20.0), || {
        let (_, listed) = server.command(&["spool", "list"]);
        listed.to_lowercase().contains("quota").then_some(())
    });
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    await_line(&server, &mut call, "mailbox-full");
    call.wait_for_end(seconds(20.0));
    assert!(!says(&server, call.id(), "beep"));
    let mut client = post.client();
    client.store("1:*", "+FLAGS (\\Deleted)").unwrap();
    client.expunge().unwrap();
    let (_, listed) = server.command(&["spool", "list", "--json"]);
    let waiting = listed.matches("\"message\"").count();
    assert!(waiting >= 1, "{listed}");
    let (code, told) = server.command(&["spool", "retry", id_in(&listed)]);
    assert_eq!(code, Some(0), "{told}");
    post.await_messages(1, seconds(10.0));
}

/// The first message id of a listing in JSON.
fn id_in(listing: &str) -> &str {
    let after = listing
        .split("\"message\": \"")
        .nth(1)
        .or_else(|| listing.split("\"message\":\"").nth(1));
    after
        .and_then(|rest| rest.split('"').next())
        .expect("a message")
}

#[test]
fn kills_in_the_middle_of_delivery_lose_nothing_and_double_nothing() {
    let post = Post::start();
    let mut server = Server::start_with(&post.setup());
    let tally = storm(&post, &mut server, 6, 4);
    assert!((10..=tally.made).contains(&tally.confirmed), "{tally:?}");
    assert_eq!((tally.lost, tally.doubled), (0, 0), "{tally:?}");
}

/// What a storm of deposits and kills came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Storm {
    /// Deposits begun.
    pub(crate) made: usize,
    /// Deposits whose BYE was answered with 200.
    pub(crate) confirmed: usize,
    /// Of those: nothing was recorded, or too little to be a message.
    pub(crate) missed: usize,
    /// Confirmed ones with something in them that are nowhere.
    pub(crate) lost: usize,
    /// Deposits that are there more than once.
    pub(crate) doubled: usize,
}

/// A caller of a storm.
#[derive(Debug)]
struct Left {
    caller: String,
    call_id: String,
    /// Whether the BYE was answered with 200.
    confirmed: bool,
}

/// Rounds of calls that end all at once, each round ended by `kill -9` at another moment of their
/// delivery; then everything is let settle and counted by an independent mail client.
pub(crate) fn storm(post: &Post, server: &mut Server, rounds: u64, lines: u64) -> Storm {
    let mut deposits: Vec<Left> = Vec::new();
    for round in 0..rounds {
        let this: &Server = server;
        let left: Vec<Left> = thread::scope(|scope| {
            let calls: Vec<_> = (0..lines)
                .map(|line| scope.spawn(move || deposit(this, round, line)))
                .collect();
            // Spread over what a delivery takes: the first ones come before the answer to the BYE.
            thread::sleep(Duration::from_millis(2_000 + (round * 137) % 1_500));
            this.kill_by_id();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        deposits.extend(left);
        server.kill();
        server.restart();
    }
    let confirmed = deposits.iter().filter(|left| left.confirmed).count();
    let found = settled(post);
    let mut storm = Storm {
        made: deposits.len(),
        confirmed,
        ..Storm::default()
    };
    for left in &deposits {
        let copies = found.iter().filter(|from| from.contains(&left.caller));
        match copies.count() {
            0 if left.confirmed && was_recorded(server, left) => storm.lost += 1,
            0 if left.confirmed => storm.missed += 1,
            0 | 1 => {}
            _ => storm.doubled += 1,
        }
    }
    storm
}

/// Whether the server had a message of this call, by its own event log. What has nothing in it is
/// dropped as a missed call, and says so.
fn was_recorded(server: &Server, left: &Left) -> bool {
    let events = server.events_of(&left.call_id);
    let began = events.iter().any(|event| event.what() == TAKE_BEGAN);
    let dropped = events.iter().any(|event| event.what() == TAKE_DROPPED);
    let recorded = began && !dropped;
    if recorded {
        eprintln!("lost: {left:?}: {events:?}");
    }
    recorded
}

/// One caller of a storm.
fn deposit(server: &Server, round: u64, line: u64) -> Left {
    let caller = format!("06{round:04}{line:04}");
    let dial = Dial::new(server.address(), "2001", &caller);
    let call_id = dial.call_id().to_owned();
    let mut confirmed = false;
    if let Ok(mut call) = dial.go() {
        call.voice().press("#");
        call.voice().say(&speech(6.0, round));
        call.wait(Duration::from_millis(1_500 + 90 * (line % 8)));
        call.send_bye();
        confirmed = call
            .final_answer("BYE", seconds(2.0))
            .is_some_and(|answer| answer.status() == Some(200));
    }
    Left {
        caller,
        call_id,
        confirmed,
    }
}

/// The callers of all messages once no more come in.
fn settled(post: &Post) -> Vec<String> {
    let mut before = 0;
    loop {
        // A delivery that was cut is tried again after five seconds.
        thread::sleep(seconds(7.0));
        let found = post.messages();
        if found.len() == before {
            return found.into_iter().map(|m| m.from).collect();
        }
        before = found.len();
    }
}

#[test]
fn a_message_that_waits_for_its_caller_to_hang_up_is_recorded_to_the_end() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(2.0, 1);
    call.say(&said);
    let hung_up = Instant::now();
    call.hang_up();
    post.await_messages(1, seconds(5.0));
    assert!(hung_up.elapsed() < seconds(5.0));
    // A second one right after it uses the same connection.
    let mut call = Dial::new(server.address(), "2001", CALLER).answered();
    skip_greeting(&server, &mut call, 1);
    call.say(&said);
    call.hang_up();
    post.await_messages(2, seconds(5.0));
}

#[test]
fn what_a_mail_client_reads_puts_the_lamp_of_baresip_out() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let mut phone = Baresip::start_with_lamp(server.address(), "2001", &speech(1.0, 9));
    phone.await_lamp("no", "0/0");
    leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    phone.await_lamp("yes", "1/0");
    let message = post.await_messages(1, seconds(10.0)).remove(0);
    let uid = message.uid.to_string();
    let read = post.client().uid_store(uid, "+FLAGS (\\Seen)");
    read.expect("a changed flag");
    phone.await_lamp("no", "0/1");
}
