//! Scenarios that nobody wrote: callers who do anything at any time, in a world that fails in
//! every way it can.
//!
//! In: a seed. Out: a scenario in the words of `script.rs`, the same for the same seed.

use crate::network::Network;

/// Steps of a scenario.
const STEPS: u64 = 40;

/// What callers do and what happens to them; more often what stands here more often.
const STEPS_OF_A_CALL: &[&str] = &[
    "presses #",
    "presses #",
    "presses 1",
    "presses 1",
    "presses 2",
    "presses 3",
    "presses 3",
    "presses 4321#11",
    "presses 4321#11",
    "presses 2001#4321#1",
    "presses 7",
    "presses *",
    "presses 0",
    "presses 4",
    "presses 6",
    "presses 9",
    "presses 4321#62",
    "presses 61",
    "presses 231462",
    "presses 2580#21",
    "presses 2580#13#1",
    "waits 20ms",
    "waits 300ms",
    "waits 1s",
    "waits 3s",
    "waits 9s",
    "waits 25s",
    "begins to speak 2s",
    "begins to speak 8s",
    "begins to speak 40s",
    "hangs up",
    "hangs up",
    "gives up",
    "puts the call on hold",
    "resumes",
    "resumes",
    "loses the connection",
    "stops sending audio",
];

/// New calls.
const CALLS: &[&str] = &[
    "call *99 from 2001",
    "call 1233 from 2001",
    "call *86 from 2001",
    "call 1233 from 0612345678",
    "call 2001 from 0687654321 late offer",
    "call 1233 from 0612345678 diverted by 2001 because no-answer",
    "call 1233 from 0612345678 diverted by 2002 because user-busy by history",
    "call 1233 from 0612345678 diverted by 2001 because no-answer by target",
    "call 4444 from 0612345678",
    "call 9902 from 0612345678",
    "call 9700 from 2009",
    "call 9700 from 2009",
];

/// Troubles, and their ends.
const TROUBLES: &[&str] = &[
    "given mailbox 2001 is cut-off",
    "given mailbox 2001 is full",
    "given message indicators fail",
    "given storing what is set fails",
    "given disk full",
    "given disk has room",
    "given disk has room",
    "given keeping a recording fails",
    "given beginning a recording fails",
    "given the disk breaks after 2s",
    "given the disk falls behind after 2s",
    "given the disk takes 12s",
    "given the disk takes 700ms",
    "given the disk takes 3ms",
    "given mailboxes take 12s",
    "given mailboxes take 30ms",
    "given passcodes take 12s",
    "given passcodes take 25ms",
    "given the studio takes 70s",
    "given the studio takes 800ms",
    "given the studio fails",
    "given the studio works",
    "given mailbox 2001 is unavailable",
    "given mailbox 2001 is read-only",
    "given mailbox 2001 is available",
    "given network loses 10% jitters 60ms doubles 10%",
    "given network loses 0% jitters 0ms doubles 0%",
    "given signalling loses 30% jitters 200ms doubles 20%",
    "given signalling loses 0% jitters 0ms doubles 0%",
];

/// The scenario of a seed.
pub fn scenario(seed: u64) -> String {
    let mut chance = Network {
        seed: seed * 7_919 + 1,
        ..Network::default()
    };
    let mut lines = vec![
        "given mailbox 2001 with passcode 4321 and assistant 2009".to_owned(),
        "given mailbox 2002 language nl".to_owned(),
        "given prompts 9700 with passcode 2580".to_owned(),
        "given mailbox 2001 has new message 6s from 0612345678".to_owned(),
        "given mailbox 2001 has saved message 4s".to_owned(),
        pick(&mut chance, CALLS).to_owned(),
    ];
    let mut calls = 1;
    for _ in 0..STEPS {
        match chance.chance(12) {
            0 => {
                lines.push(pick(&mut chance, CALLS).to_owned());
                calls += 1;
            }
            1 => lines.push(pick(&mut chance, TROUBLES).to_owned()),
            2 => lines.push(format!("in call {}", 1 + chance.chance(calls))),
            _ => lines.push(format!("  {}", pick(&mut chance, STEPS_OF_A_CALL))),
        }
    }
    if chance.chance(4) == 0 {
        lines.push("  the server is told to stop".to_owned());
    }
    // A call that lost the connection is noticed after 20 s without audio, and SIP waits 32 s more.
    lines.push("given signalling loses 0% jitters 0ms doubles 0%".to_owned());
    lines.push("given the disk takes 3ms".to_owned());
    lines.push("  waits 90s".to_owned());
    lines.join("\n")
}

fn pick<'a>(chance: &mut Network, from: &[&'a str]) -> &'a str {
    from[chance.chance(from.len() as u64) as usize]
}
