//! Figures of delivery, printed: how soon a message is in its mailbox, what kills and outages
//! cost. They take minutes, so they run only when asked for: `scripts/delivery-figures`.

use crate::harness::lamp::Lamp;
use crate::harness::post::Post;
use crate::harness::sound::speech;
use crate::harness::{Dial, Server, seconds};
use crate::reaching::storm;
use crate::steps::{CALLER, leave_message, recording};
use std::thread;
use std::time::{Duration, Instant};

/// How often each time is measured.
const MEASURED: usize = 100;

/// Prints the middle, the 99th percentile and the longest of some times.
fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!(
        "{what}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms, of {}",
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3,
        at(100).as_secs_f64() * 1e3,
        times.len()
    );
}

#[test]
#[ignore = "takes minutes; scripts/delivery-figures runs it"]
fn from_hanging_up_to_the_mailbox() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    let mut client = post.client();
    let mut times = Vec::new();
    for n in 1..=MEASURED {
        let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
        call.say(&speech(1.2, 1));
        let hung_up = Instant::now();
        call.hang_up();
        loop {
            let seen = client.uid_search("ALL").expect("a search").len();
            if seen == n {
                break;
            }
            assert!(
                hung_up.elapsed() < seconds(10.0),
                "message {n} is not there"
            );
            thread::sleep(Duration::from_millis(1));
        }
        times.push(hung_up.elapsed());
    }
    print("hanging up to message in the IMAP mailbox", times);
}

#[test]
#[ignore = "takes minutes; scripts/delivery-figures runs it"]
fn from_reading_in_a_mail_client_to_the_lamp() {
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    leave_message(&server, "2001", CALLER, &speech(1.5, 1));
    post.await_messages(1, seconds(10.0));
    let mut lamp = Lamp::of(&server, "2001", 3_600);
    lamp.await_state("yes", "1/0");
    let mut client = post.client();
    let mut times = Vec::new();
    for _ in 0..MEASURED / 2 {
        for (change, waiting, counts) in [
            ("+FLAGS (\\Seen)", "no", "0/1"),
            ("-FLAGS (\\Seen)", "yes", "1/0"),
        ] {
            let changed = Instant::now();
            client.uid_store("1:*", change).expect("a changed flag");
            lamp.await_state(waiting, counts);
            times.push(changed.elapsed());
        }
    }
    print("flag changed by a mail client to NOTIFY", times);
}

#[test]
#[ignore = "takes minutes; scripts/delivery-figures runs it"]
fn a_thousand_deposits_and_fifty_kills() {
    let post = Post::start();
    let mut server = Server::start_with(&post.setup());
    let storm = storm(&post, &mut server, 50, 20);
    println!(
        "{} deposits, {} confirmed, {} of them with nothing in them, 50 times kill -9: lost {}, \
         doubled {}",
        storm.made, storm.confirmed, storm.missed, storm.lost, storm.doubled
    );
    assert_eq!((storm.lost, storm.doubled), (0, 0));
}

#[test]
#[ignore = "takes minutes; scripts/delivery-figures runs it"]
fn an_outage_of_the_mail_server_under_deposits() {
    let minutes = std::env::var("BELPOST_OUTAGE_MINUTES");
    let minutes: u64 = minutes.ok().and_then(|m| m.parse().ok()).unwrap_or(10);
    let post = Post::start();
    let server = Server::start_with(&post.setup());
    post.cut_off();
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let (mut made, mut refused) = (0, Vec::new());
    thread::scope(|scope| {
        let mut calls = Vec::new();
        let mut next = Instant::now();
        while next < end {
            let (server, caller) = (&server, format!("06{made:08}"));
            calls.push(scope.spawn(move || {
                let dial = Dial::new(server.address(), "2001", &caller);
                let mut call = match dial.go() {
                    Ok(call) => call,
                    Err(refusal) => return Some(refusal.start),
                };
                call.voice().press("#");
                call.voice().say(&speech(2.5, 1));
                call.wait(seconds(3.0));
                call.hang_up();
                None
            }));
            made += 1;
            next += Duration::from_secs(1);
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        refused = calls
            .into_iter()
            .filter_map(|call| call.join().unwrap())
            .collect();
    });
    post.come_back();
    let back = Instant::now();
    let found = post.await_messages(made - refused.len(), seconds(180.0));
    let took = back.elapsed();
    let mut ids: Vec<_> = found.iter().map(|m| m.message_id.clone()).collect();
    ids.sort();
    ids.dedup();
    println!(
        "mail server gone for {minutes} min under a deposit a second: {made} calls, \
         refused {refused:?}, all delivered {:.1} s after its return, doubled {}",
        took.as_secs_f64(),
        found.len() - ids.len()
    );
    assert_eq!(found.len(), ids.len());
    assert!(refused.is_empty(), "{refused:?}");
}
