//! A mail server that takes connections and says nothing: calls, lamps and the end of the server
//! wait for it no longer than they say; and a mail client moves the lamp of a telephone.

use crate::harness::lamp::Lamp;
use crate::harness::post::Post;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, eventually, seconds};
use crate::steps::{CALLER, await_line, leave_message, playing_in, recording, type_passcode};
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

/// Logs in at the portal and begins to hear the first message.
fn listen(server: &Server) -> Call {
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    call.wait(seconds(1.0));
    type_passcode(&mut call);
    call.press("11");
    call.wait_until("a message plays", seconds(20.0), |call| {
        playing_in(server, call.id()).then_some(())
    });
    call
}

/// Asks the portal for the messages; how long until it says that the mailbox is out of reach.
fn told_unreachable(server: &Server) -> Duration {
    let mut call = Dial::new(server.address(), "1233", "2001").answered();
    call.wait(seconds(1.0));
    type_passcode(&mut call);
    await_line(server, &mut call, "main-voicemail");
    let asked = Instant::now();
    call.press("1");
    await_line(server, &mut call, "inbox-unreachable");
    let took = asked.elapsed();
    call.hang_up();
    took
}

#[test]
fn a_silent_mail_server_gaps_no_call_and_loses_and_doubles_nothing() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("no", "0/0");
    let said = speech(12.0, 1);
    leave_message(&server, "2001", "0610000000", &said);
    post.await_messages(1, seconds(10.0));
    lamp.await_state("yes", "1/0");
    let listener = listen(&server);
    let mut depositor = recording(&server, Dial::new(server.address(), "2001", CALLER));
    post.stall();
    depositor.say(&speech(3.0, 2));
    let hung_up = Instant::now();
    depositor.hang_up();
    assert!(hung_up.elapsed() < seconds(1.0), "{:?}", hung_up.elapsed());
    // The first is read where its mark went out before the silence.
    let lit = lamp.await_one_of("yes", &["2/0", "1/1"]);
    println!("the lamp of a message that cannot be delivered yet: {lit:?}");
    assert!(lit < seconds(1.0), "{lit:?}");
    let mut listener = listener;
    listener.wait(seconds(9.0));
    let hung_up = Instant::now();
    let voice = listener.hang_up();
    assert!(hung_up.elapsed() < seconds(1.0), "{:?}", hung_up.elapsed());
    let heard = voice.heard();
    let place = |from: f64| sound::find(&heard, sound::cut(&said, from, 1.0));
    let (first, last) = (place(0.5), place(8.0));
    let apart = first.zip(last).map(|(first, last)| last - first);
    // A busy machine may stretch it by some packets; the silence of the mail server may not.
    assert!(
        apart.is_some_and(|apart| (7.4..8.0).contains(&apart)),
        "heard from {first:?} to {last:?}"
    );
    let waits: Vec<Duration> = (0..3).map(|_| told_unreachable(&server)).collect();
    println!("until the portal says that the mailbox is out of reach: {waits:?}");
    let last = waits.last().copied().unwrap_or_default();
    assert!(last < seconds(3.0), "{waits:?}");
    leave_message(&server, "2001", "0610000003", &speech(2.0, 3));
    lamp.await_one_of("yes", &["3/0", "2/1"]);
    post.come_back();
    let found = post.await_messages(3, seconds(75.0));
    let ids: BTreeSet<_> = found.iter().map(|m| m.message_id.clone()).collect();
    assert_eq!((found.len(), ids.len()), (3, 3), "each message once");
    thread::sleep(seconds(3.0));
    assert_eq!(post.messages().len(), 3);
}

#[test]
fn a_server_ends_in_time_though_its_mail_server_says_nothing() {
    let post = Post::start();
    let mut server = Server::start_with(&post.setup());
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("no", "0/0");
    leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    post.await_messages(1, seconds(10.0));
    post.stall();
    leave_message(&server, "2001", "0610000001", &speech(2.0, 2));
    let mut caller = Dial::new(server.address(), "1233", "2001").answered();
    caller.wait(seconds(1.0));
    type_passcode(&mut caller);
    await_line(&server, &mut caller, "main-voicemail");
    caller.press("1");
    let told = Instant::now();
    server.terminate();
    caller.wait_for_end(seconds(20.0));
    assert!(server.wait_for_end(seconds(60.0)).success());
    println!("from SIGTERM to the end: {:?}", told.elapsed());
    post.come_back();
    server.restart();
    post.await_messages(2, seconds(30.0));
    thread::sleep(seconds(3.0));
    assert_eq!(post.messages().len(), 2, "each message once");
}

#[test]
fn what_a_mail_client_reads_puts_the_lamp_of_a_telephone_out_within_a_second() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let mut lamp = Lamp::of(&server, "2001", 600);
    lamp.await_state("no", "0/0");
    leave_message(&server, "2001", CALLER, &speech(2.0, 1));
    lamp.await_state("yes", "1/0");
    post.await_messages(1, seconds(10.0));
    // The mailbox is at rest, and waited at.
    eventually("nothing is told any more", seconds(10.0), || {
        lamp.notify(seconds(1.0)).is_none().then_some(())
    });
    let mut client = post.client();
    let mut slowest = Duration::ZERO;
    for _ in 0..3 {
        client.store("1", "+FLAGS (\\Seen)").unwrap();
        slowest = slowest.max(lamp.await_state("no", "0/1"));
        client.store("1", "-FLAGS (\\Seen)").unwrap();
        slowest = slowest.max(lamp.await_state("yes", "1/0"));
    }
    println!("from the flag to the NOTIFY: {slowest:?} at most");
    assert!(slowest < seconds(1.0), "{slowest:?}");
}
