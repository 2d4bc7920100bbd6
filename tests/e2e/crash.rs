//! The promise under kill -9 and under a polite end: what was confirmed is there, once; what was
//! being said is there but for its last two seconds.

use crate::harness::events::{TAKE_BEGAN, TAKE_KEPT};
use crate::harness::mailbox::Mailbox;
use crate::harness::sound::{self, speech};
use crate::harness::{Call, Dial, Server, Setup, seconds};
use crate::steps::{CALLER, await_event, await_line, recording, skip_greeting, to_review};
use std::time::Duration;

#[test]
fn a_recording_cut_by_a_kill_is_there_but_for_its_last_two_seconds() {
    let mut server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(7.0, 1);
    call.voice().say(&said);
    call.wait(seconds(6.0));
    server.kill();
    drop(call);
    server.restart();
    let message = server.await_messages("2001", 1).only();
    let length = message.length();
    assert!((3.8..6.3).contains(&length), "{length} s of 6 s");
    let at = sound::find(&message.sound, sound::cut(&said, 0.0, 3.0));
    assert!(at.is_some_and(|at| at < 0.5), "the words begin at {at:?}");
    assert_eq!(message.header("x-belpost-cut-off"), "yes");
}

#[test]
fn a_kill_right_after_the_answer_to_the_bye_loses_nothing() {
    let mut server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(3.0, 1);
    call.say(&said);
    call.hang_up();
    server.kill();
    server.restart();
    assert_whole(&server, &said);
}

#[test]
fn a_kill_in_the_review_keeps_the_message() {
    let mut server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(3.0, 1);
    call.say(&said);
    to_review(&server, &mut call, 1);
    // What was said last is on disk two seconds later at most.
    call.wait(seconds(2.5));
    server.kill();
    server.restart();
    assert_whole(&server, &said);
}

#[test]
fn a_kill_right_after_the_message_was_kept_loses_nothing() {
    let mut server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(3.0, 1);
    call.say(&said);
    to_review(&server, &mut call, 1);
    call.voice().press("3");
    await_event(&server, &mut call, TAKE_KEPT, 1);
    server.kill();
    server.restart();
    assert_whole(&server, &said);
}

fn assert_whole(server: &Server, said: &[i16]) {
    let mailbox = server.await_messages("2001", 1);
    let message = mailbox.only();
    let length = message.length();
    let wanted = sound::length(said);
    assert!((wanted..wanted + 0.8).contains(&length), "{length} s");
    assert!(sound::find(&message.sound, said).is_some());
}

#[test]
fn kills_at_any_moment_of_a_load_lose_nothing_and_double_nothing() {
    let mut server = Server::start();
    let mut deposits: Vec<Deposit> = Vec::new();
    for round in 0..10_u64 {
        let mut calls: Vec<(Call, usize)> = Vec::new();
        for line in 0..3_u64 {
            let caller = format!("06{round:04}{line:04}");
            let dial = Dial::new(server.address(), "2001", &caller);
            calls.push((dial.answered(), deposits.len()));
            deposits.push(Deposit {
                caller,
                confirmed: false,
            });
        }
        for (call, _) in &mut calls {
            skip_greeting(&server, call, 1);
            call.voice().say(&speech(10.0, round));
        }
        // The first hangs up in good time, the second close to the kill, the third never.
        std::thread::sleep(seconds(1.3));
        confirm(&mut calls[0], &mut deposits, seconds(3.0));
        calls[1].0.send_bye();
        confirm_sent(
            &mut calls[1],
            &mut deposits,
            Duration::from_micros(700 * round * round),
        );
        server.kill();
        drop(calls);
        server.restart();
    }
    let confirmed = deposits.iter().filter(|d| d.confirmed).count();
    assert!(confirmed >= 10, "only {confirmed} deposits were confirmed");
    let settled = settled(&server.mailbox("2001"));
    for deposit in &deposits {
        let copies = settled
            .iter()
            .filter(|from| from.contains(&deposit.caller))
            .count();
        let least = usize::from(deposit.confirmed);
        assert!(
            (least..=1).contains(&copies),
            "{copies} copies of {deposit:?}"
        );
    }
}

/// A message being left, known by its caller.
#[derive(Debug)]
struct Deposit {
    caller: String,
    confirmed: bool,
}

fn confirm(call: &mut (Call, usize), deposits: &mut [Deposit], within: Duration) {
    call.0.send_bye();
    confirm_sent(call, deposits, within);
}

fn confirm_sent((call, at): &mut (Call, usize), deposits: &mut [Deposit], within: Duration) {
    if call.final_answer("BYE", within).is_some() {
        deposits[*at].confirmed = true;
    }
}

/// The From headers of all messages once no more come in.
fn settled(mailbox: &Mailbox) -> Vec<String> {
    let mut before = mailbox.count();
    loop {
        std::thread::sleep(seconds(1.0));
        let now = mailbox.count();
        if now == before {
            break;
        }
        before = now;
    }
    let messages = mailbox.messages();
    messages
        .iter()
        .map(|m| m.header("from").to_owned())
        .collect()
}

#[test]
fn a_restart_loses_nothing_and_doubles_nothing() {
    let mut server = Server::start();
    for caller in ["0611111111", "0622222222"] {
        let mut call = recording(&server, Dial::new(server.address(), "2001", caller));
        call.say(&speech(2.0, 1));
        call.hang_up();
    }
    let before = files(&server.await_messages("2001", 2));
    for _ in 0..2 {
        server.terminate();
        assert!(server.wait_for_end(seconds(25.0)).success());
        server.restart();
    }
    assert_eq!(files(&server.mailbox("2001")), before);
}

fn files(mailbox: &Mailbox) -> Vec<String> {
    mailbox.messages().into_iter().map(|m| m.file).collect()
}

#[test]
fn a_polite_end_tells_the_caller_keeps_the_message_and_refuses_new_calls() {
    let mut server = Server::start();
    let mut call = recording(&server, Dial::new(server.address(), "2001", CALLER));
    let said = speech(3.0, 1);
    call.say(&said);
    server.terminate();
    await_line(&server, &mut call, "service-ending");
    let refusal = Dial::new(server.address(), "2002", CALLER).refused(503);
    assert!(
        refusal.header("retry-after").is_some(),
        "{:?}",
        refusal.headers
    );
    call.wait_for_end(seconds(20.0));
    assert!(server.wait_for_end(seconds(10.0)).success());
    let heard = call.voice().heard();
    assert!(!sound::is_silent(sound::cut(
        &heard,
        sound::length(&heard) - 2.0,
        1.5
    )));
    let message = server.mailbox("2001").messages().pop();
    let message = message.unwrap_or_else(|| {
        // It may still be in the spool: kept is what was promised.
        server.restart();
        server.await_messages("2001", 1).only()
    });
    assert!(sound::find(&message.sound, &said).is_some());
    assert!(server.happened(call.id(), TAKE_BEGAN) && server.happened(call.id(), TAKE_KEPT));
}

#[test]
fn an_idle_server_ends_at_once_when_told_to() {
    let mut server = Server::start_with(&Setup::new());
    server.terminate();
    assert!(server.wait_for_end(seconds(5.0)).success());
}
