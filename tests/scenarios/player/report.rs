//! What is shown of a world: sounds by name, and what happened lately.

use crate::ear::Sound;
use crate::server::Server;
use crate::world::{World, clock};

pub(super) fn named(server: &Server, sound: Sound) -> String {
    match sound {
        Sound::Clip(n) => server.voice.name(n).to_owned(),
        Sound::Beep => "beep".to_owned(),
        Sound::Speech => "message".to_owned(),
        Sound::Tone => "tone".to_owned(),
    }
}

pub(super) fn sounds(world: &mut World, n: usize) -> Vec<String> {
    let now = world.now();
    let line = world.phones.get_mut(n).and_then(|p| p.line.as_mut());
    let heard = line.map(|l| l.ear.heard(now).to_vec()).unwrap_or_default();
    heard
        .iter()
        .map(|h| format!("{} ({})", named(&world.server, h.what), clock(h.from)))
        .collect()
}

pub(super) fn traced(world: &mut World) -> Vec<String> {
    let mut trace = world.trace.clone();
    trace.extend(
        world
            .server
            .log
            .iter()
            .map(|(at, call, what)| format!("{} {call}: {what:?}", clock(*at))),
    );
    for n in 0..world.phones.len() {
        trace.extend(sounds(world, n));
    }
    trace
}

pub(super) fn tail(world: &World) -> String {
    let log = world
        .server
        .log
        .iter()
        .map(|(at, call, what)| format!("    {} {call}: {what:?}", clock(*at)));
    let mut log: Vec<String> = log.collect();
    let wire = world.trace.len().saturating_sub(8);
    let lately = log.len().saturating_sub(8);
    let mut tail = log.split_off(lately);
    tail.extend(world.trace[wire..].iter().map(|line| format!("    {line}")));
    tail.join("\n")
}
