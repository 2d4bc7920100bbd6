//! Figures and the table they are printed in.

use std::time::Duration;

/// The width of a histogram step, in microseconds.
const STEP_US: u64 = 100;
/// Steps; what is longer counts in the last.
const STEPS: usize = 5_000;

/// Spans of time, counted in steps of 0.1 ms up to 500 ms.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    most_us: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: vec![0; STEPS],
            most_us: 0,
        }
    }
}

impl Histogram {
    /// Counts one span.
    pub(crate) fn add(&mut self, span: Duration) {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let step = ((us / STEP_US) as usize).min(STEPS - 1);
        self.counts[step] += 1;
        self.most_us = self.most_us.max(us);
    }

    /// The span that this share of all does not exceed, in ms; `None` when nothing was counted.
    fn quantile(&self, share: f64) -> Option<f64> {
        let all: u64 = self.counts.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let mut seen = 0;
        let step = self.counts.iter().position(|n| {
            seen += n;
            seen >= wanted && all > 0
        })?;
        Some((step as u64 + 1) as f64 * STEP_US as f64 / 1_000.0)
    }

    fn print(&self) -> String {
        let show = |q: Option<f64>| q.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
        format!(
            "{} / {} / {:.1}",
            show(self.quantile(0.5)),
            show(self.quantile(0.99)),
            self.most_us as f64 / 1_000.0
        )
    }
}

/// What the generator heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Calls placed.
    pub(crate) asked: usize,
    /// Calls answered.
    pub(crate) answered: usize,
    /// Calls still up at the end of the hold.
    pub(crate) in_call: usize,
    /// Audio packets.
    pub(crate) packets: u64,
    /// Sequence numbers that never came.
    pub(crate) lost: u64,
    /// Between one packet and the next of a call.
    pub(crate) gaps: Histogram,
    /// From the first packet of a key to the first packet of its tone.
    pub(crate) key_to_audio: Histogram,
    /// How late our own packets left.
    pub(crate) own_lateness: Histogram,
}

/// The figures of one cell.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    /// Processor time of the server during the hold.
    pub(crate) cpu: Duration,
    /// The hold.
    pub(crate) hold: Duration,
    /// Memory before the first call, in KiB.
    pub(crate) idle_kib: u64,
    /// Memory with all calls up.
    pub(crate) loaded_kib: u64,
    /// Memory after the last call.
    pub(crate) after_kib: u64,
    /// Memory after the same number of calls once more.
    pub(crate) again_kib: u64,
    /// What came back.
    pub(crate) heard: Heard,
}

/// One cell of the table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// What the calls do.
    pub(crate) name: &'static str,
    /// How many there are, without the probes.
    pub(crate) calls: usize,
    /// What was seen.
    pub(crate) figures: Figures,
}

/// Prints the table, with the machine it was measured on.
pub(crate) fn print(cells: &[Cell], hold: Duration) {
    println!("machine: {}", machine());
    println!(
        "hold: {} s a cell; server on core 0 with one media worker, generator on core 1",
        hold.as_secs()
    );
    println!();
    println!(
        "| what | calls up | CPU s per call-minute | KiB per call | idle / after / after again MiB | gap p50 / p99 / max ms | lost | key to audio p50 / p99 / max ms | generator late p50 / p99 / max ms |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for cell in cells {
        println!("{}", row(cell));
    }
}

fn row(cell: &Cell) -> String {
    let f = &cell.figures;
    let calls = f.heard.in_call.max(1) as f64;
    let minutes = calls * f.hold.as_secs_f64() / 60.0;
    let per_call = f.loaded_kib.saturating_sub(f.idle_kib) as f64 / calls;
    format!(
        "| {}, {} calls | {} of {} | {:.4} | {:.1} | {:.1} / {:.1} / {:.1} | {} | {} of {} | {} | {} |",
        cell.name,
        cell.calls,
        f.heard.in_call,
        f.heard.asked,
        f.cpu.as_secs_f64() / minutes,
        per_call,
        f.idle_kib as f64 / 1_024.0,
        f.after_kib as f64 / 1_024.0,
        f.again_kib as f64 / 1_024.0,
        f.heard.gaps.print(),
        f.heard.lost,
        f.heard.packets + f.heard.lost,
        f.heard.key_to_audio.print(),
        f.heard.own_lateness.print(),
    )
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, name)| name.trim());
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, Linux {}", kernel.trim())
}
