//! A subscriber with a real telephone among several messages: all deleted at once, one that was
//! stopped in an earlier call, the speed and the way to the next.

use crate::harness::baresip::Baresip;
use crate::harness::sound::{self, RATE, speech};
use crate::harness::{Person, Server, eventually, seconds};
use crate::steps::{CALLER, leave_message};
use belpost::audio::goertzel::amplitude;
use std::time::Instant;

/// Subscriber 2001 with a baresip.
fn anna(server: &Server) -> Person<'_, Baresip> {
    let phone = Baresip::start(server.address(), "2001", &speech(60.0, 9));
    Person::new(server, phone)
}

/// Logs in and goes straight to the messages; the first plays.
fn listens(anna: &mut Person<'_, Baresip>) {
    anna.logs_in();
    anna.hears("main-messages");
    anna.presses("2");
    anna.hears("message");
}

#[test]
fn all_messages_are_deleted_only_by_the_key_that_says_yes() {
    let server = Server::start();
    for voice in [1, 2] {
        leave_message(&server, "2001", CALLER, &speech(2.0, voice));
    }
    let mailbox = server.await_messages("2001", 2);
    let mut anna = anna(&server);
    anna.logs_in();
    anna.hears("main-voicemail");
    anna.presses("1");
    anna.hears("you-have, voicemail-delete-all");
    anna.presses("7");
    anna.hears("delete-all-ask, delete-all-yes");
    anna.presses("*");
    anna.hears("you-have");
    anna.hangs_up();
    assert_eq!(mailbox.count(), 2, "star deletes none");

    anna.logs_in();
    anna.hears("main-voicemail");
    anna.presses("17");
    anna.hears("delete-all-ask, delete-all-yes");
    anna.presses("1");
    anna.hears("all-deleted, no-messages");
    anna.hangs_up();
    eventually("the files are gone", seconds(5.0), || {
        (mailbox.count() == 0).then_some(())
    });
}

#[test]
fn a_message_that_was_stopped_goes_on_there_in_the_next_call() {
    let server = Server::start();
    let said = speech(20.0, 1);
    leave_message(&server, "2001", CALLER, &said);
    server.await_messages("2001", 1);
    let mut anna = anna(&server);
    listens(&mut anna);
    anna.stays(8.0);
    anna.hangs_up();
    let stopped = last_place(&anna.phone.heard(), &said);
    listens(&mut anna);
    assert!(anna.was_told("resumed-message"));
    anna.stays(4.0);
    anna.hangs_up();
    let resumed = first_place(&anna.phone.heard(), &said);
    assert!(
        (6.0..10.0).contains(&stopped),
        "the first call ended at {stopped} s"
    );
    assert!(
        (resumed - stopped).abs() < 1.0,
        "stopped at {stopped} s, resumed at {resumed} s"
    );
}

/// The place in what was said of the first half second of it that was heard.
fn first_place(heard: &[i16], said: &[i16]) -> f64 {
    *places(heard, said).first().expect("words that were said")
}

/// The end in what was said of the last half second of it that was heard.
fn last_place(heard: &[i16], said: &[i16]) -> f64 {
    places(heard, said).last().expect("words that were said") + 0.5
}

/// Where in what was said each half second of what was heard lies.
fn places(heard: &[i16], said: &[i16]) -> Vec<f64> {
    let steps = (sound::length(heard) / 0.25) as usize;
    let pieces = (0..steps).map(|step| sound::cut(heard, step as f64 * 0.25, 0.5));
    let loud = pieces.filter(|piece| piece.len() == RATE / 2 && !sound::is_silent(piece));
    loud.filter_map(|piece| sound::find(said, piece)).collect()
}

/// The pitch of [`hum`] in Hz.
const PITCH: f64 = 200.0;

/// A voice that hums at one pitch, in syllables of uneven length.
fn hum(span: f64) -> Vec<i16> {
    let mut out = speech(span, 3);
    let mut at = 0;
    while at < out.len() {
        let syllable = 1_200 + (at * 7) % 1_700;
        let end = (at + syllable).min(out.len());
        for (n, sample) in out[at..end].iter_mut().enumerate() {
            let place = (at + n) as f64 / RATE as f64;
            let turn = std::f64::consts::TAU * PITCH * place;
            let voice = turn.sin() + 0.5 * (2.0 * turn).sin() + 0.3 * (3.0 * turn).sin();
            let swell = (std::f64::consts::PI * n as f64 / syllable as f64).sin();
            *sample = (8_000.0 * voice * swell) as i16;
        }
        let gap = (end + 400 + at % 300).min(out.len());
        out[end..gap].fill(0);
        at = gap;
    }
    out
}

#[test]
fn nine_is_faster_and_eight_slower_at_the_same_pitch() {
    let server = Server::start();
    leave_message(&server, "2001", CALLER, &hum(12.0));
    server.await_messages("2001", 1);
    let mut anna = anna(&server);
    let faster = time_to_the_end(&mut anna, "999");
    assert!((4.0..9.0).contains(&faster), "12 s in {faster} s");
    assert_pitch(&anna.phone.heard(), "faster");
    let slower = time_to_the_end(&mut anna, "8");
    assert!((14.0..19.0).contains(&slower), "12 s in {slower} s");
    assert_pitch(&anna.phone.heard(), "slower");
}

/// How many seconds the first message goes on behind these keys.
fn time_to_the_end(anna: &mut Person<'_, Baresip>, keys: &str) -> f64 {
    listens(anna);
    anna.presses(keys);
    let pressed = Instant::now();
    anna.hears("end-of-message");
    let span = pressed.elapsed().as_secs_f64();
    anna.hangs_up();
    span
}

/// The seconds of the message that were heard have the pitch they were said at.
fn assert_pitch(heard: &[i16], how: &str) {
    let likeness = likeness_of_pitch(heard);
    assert!(likeness > 5.0, "{how}: {likeness}");
}

/// How much stronger the pitch of [`hum`] is, in the four seconds that have most of it, than any
/// pitch the hum has where its whole sound is played slower or faster.
fn likeness_of_pitch(heard: &[i16]) -> f64 {
    let starts = 0..(sound::length(heard) as usize).saturating_sub(4);
    let own = |at: usize| strength(sound::cut(heard, at as f64, 4.0), PITCH);
    let at = starts.max_by(|a, b| own(*a).total_cmp(&own(*b)));
    let at = at.expect("more than four seconds");
    let piece = sound::cut(heard, at as f64, 4.0);
    let others = [0.75, 1.25, 1.5].map(|speed| strength(piece, PITCH * speed));
    own(at) / others.into_iter().fold(f64::MIN_POSITIVE, f64::max)
}

#[test]
fn the_measure_of_pitch_tells_a_hum_whose_whole_sound_is_faster_or_slower() {
    let said = hum(10.0);
    assert!(likeness_of_pitch(&said) > 5.0);
    for speed in [0.75, 1.25, 1.5] {
        let length = (said.len() as f64 / speed) as usize;
        let other: Vec<i16> = (0..length)
            .map(|n| said[((n as f64 * speed) as usize).min(said.len() - 1)])
            .collect();
        assert!(likeness_of_pitch(&other) < 1.0, "at {speed}");
    }
}

/// How much of a pitch is in a sound, looked at in pieces of a tenth of a second, since syllables
/// do not begin in step with each other.
fn strength(sound: &[i16], hz: f64) -> f64 {
    let pieces = sound.chunks_exact(RATE / 10);
    pieces.map(|piece| amplitude(piece, RATE as u32, hz)).sum()
}

#[test]
fn zero_goes_to_the_next_message_at_once() {
    let server = Server::start();
    let (first, second) = (speech(12.0, 1), speech(4.0, 2));
    leave_message(&server, "2001", CALLER, &first);
    server.await_messages("2001", 1);
    leave_message(&server, "2001", CALLER, &second);
    server.await_messages("2001", 2);
    let mut anna = anna(&server);
    listens(&mut anna);
    anna.stays(2.0);
    anna.presses("0");
    anna.hears("new-message, message, end-of-message");
    anna.presses("6");
    anna.hears("no-more-messages");
    anna.hangs_up();
    let heard = anna.phone.heard();
    assert!(sound::find(&heard, &second).is_some(), "the second in full");
    let place = last_place(&heard, &first);
    assert!(place < 5.0, "the first went on until {place} s of it");
}
