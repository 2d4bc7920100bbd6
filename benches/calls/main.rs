//! The call benchmark: what calls cost a running server, and how soon it answers a key.
//!
//! It starts the real `belpost` on one core and generates real SIP and RTP from another, then
//! prints a table: processor time per call-minute, memory per call, pacing of what comes back,
//! and the time from the first packet of a key to the first packet of new audio. Run it through
//! `scripts/bench`, which builds everything optimised. No figure makes it fail; a generator that
//! was late says so, and its figures do not count.

// A measurement that cannot be set up must stop and say where.
#![allow(clippy::expect_used)]

mod child;
mod generator;
mod report;
mod rtp;

use child::Child;
use generator::{Generator, Plan};
use report::{Cell, Figures};
use std::time::Duration;

/// Calls at once, in the order they are measured.
const LOADS: [usize; 2] = [100, 500];
/// How long each load is held.
const HOLD: Duration = Duration::from_secs(20);
/// Calls set up per second while the load grows.
const RAMP: u32 = 50;

fn main() {
    // `cargo bench` and `cargo test --benches` pass flags of their own; only `--bench` measures.
    if !std::env::args().any(|a| a == "--bench") {
        println!("to measure: scripts/bench");
        return;
    }
    let hold = seconds_from("BELPOST_BENCH_SECONDS").unwrap_or(HOLD);
    let cells = LOADS.iter().flat_map(|&calls| {
        [
            ("announcement", child::ANNOUNCEMENT),
            ("deposit", child::MAILBOX),
        ]
        .map(|(name, number)| measure(name, number, calls, hold))
    });
    report::print(&cells.collect::<Vec<_>>(), hold);
}

fn seconds_from(variable: &str) -> Option<Duration> {
    let seconds = std::env::var(variable).ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// One cell of the table, on a server of its own.
fn measure(name: &'static str, number: &'static str, calls: usize, hold: Duration) -> Cell {
    eprintln!(
        "measuring {name} with {calls} calls for {} s ...",
        hold.as_secs()
    );
    let child = Child::start(calls);
    let plan = Plan {
        server: child.sip(),
        number,
        key_number: child::KEY_TONE,
        calls,
        ramp: RAMP,
    };
    let idle_kib = child.resident_kib();
    let mut generator = Generator::new(plan, 1);
    generator.ramp_up();
    generator.settle(Duration::from_secs(2));
    let (cpu_before, loaded_kib) = (child.cpu(), child.resident_kib());
    let heard = generator.hold(hold);
    let cpu = child.cpu().saturating_sub(cpu_before);
    end(&mut generator);
    let after_kib = child.resident_kib();
    // The same calls again: what the first round left for re-use must serve the second one.
    let mut again = Generator::new(plan, 2);
    again.ramp_up();
    end(&mut again);
    let again_kib = child.resident_kib();
    Cell {
        name,
        calls,
        figures: Figures {
            cpu,
            hold,
            idle_kib,
            loaded_kib,
            after_kib,
            again_kib,
            heard,
        },
    }
}

/// Ends all calls and gives the server time to settle them.
fn end(generator: &mut Generator) {
    generator.hang_up();
    generator.settle(Duration::from_secs(3));
}
