//! The thread that changes prompt sets for whoever does so by telephone.
//!
//! In: orders of calls, with their recordings. Out: what came of each, once calls that begin then
//! hear it. Laws: one order after the other; an order that cannot be queued is
//! answered at once; a recording that is refused leaves no version behind.

use super::prompts::Loader;
use crate::audio::level::rms_dbfs;
use crate::audio::wav::write_pcm16;
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
use crate::call::{PromptOrder, PromptWork};
use crate::flow::PromptFault;
use crate::library::studio::{Studio, StudioFault};
use crate::prompt::{Report, SetId};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

/// Orders that may wait.
const WAITING_MAX: usize = 8;
/// What the studio notes of a version that was made so.
const NOTE: &str = "by telephone";
/// A recording whose loudest tenth of a second is below this is too quiet, in dBFS: raised to the
/// loudness of the others, the noise of the line would be heard instead.
const QUIET_DB: f64 = -50.0;
/// The largest values of the line's codecs (G.711: 32,256 and 32,124) and those next to them.
const TOP: u16 = 31_000;
/// So many samples on end at the top are a peak cut off,
const CUT_RUN: usize = 3;
/// and so many of those in one recording are heard.
const CUTS: usize = 10;

/// One order.
#[derive(Debug)]
pub(super) struct Job {
    /// What is wanted.
    pub order: PromptOrder,
    /// The recording that becomes a clip, where one does.
    pub sound: Option<WireAudio>,
}

/// What came of an order. Where it was done, the loader has the new prompts by now.
#[derive(Debug)]
pub(super) struct Done {
    /// The order.
    pub order: PromptOrder,
    /// Whether it was done.
    pub outcome: Result<(), PromptFault>,
}

/// The near side of the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct PromptDesk {
    queue: SyncSender<Job>,
}

impl Done {
    /// The order was not done.
    pub(super) fn failed(order: PromptOrder) -> Done {
        Done {
            order,
            outcome: Err(PromptFault::Failed),
        }
    }
}

impl PromptDesk {
    /// Starts the thread. It answers to `answers`, after the loader has looked at what changed.
    pub(super) fn start(
        studio: Studio,
        loader: Arc<Loader>,
        answers: mpsc::UnboundedSender<Done>,
    ) -> io::Result<PromptDesk> {
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let worker = Worker { studio, loader };
        let work = move || worker.run(&waiting, &answers);
        thread::Builder::new()
            .name("prompt-desk".to_owned())
            .spawn(work)?;
        Ok(PromptDesk { queue })
    }

    /// Queues an order; one that does not fit comes back undone.
    pub(super) fn order(&self, job: Job) -> Result<(), Box<Done>> {
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => {
                Box::new(Done::failed(job.order))
            }
        })
    }
}

struct Worker {
    studio: Studio,
    loader: Arc<Loader>,
}

impl Worker {
    fn run(&self, waiting: &Receiver<Job>, answers: &mpsc::UnboundedSender<Done>) {
        for job in waiting {
            let done = self.done(job);
            if answers.send(done).is_err() {
                return;
            }
        }
    }

    fn done(&self, job: Job) -> Done {
        let Job { order, sound } = job;
        let outcome = work(&self.studio, &order, sound);
        let (call, set) = (order.call, &order.set);
        match outcome {
            Ok(()) => info!(%call, %set, work = ?order.work, "prompts changed by telephone"),
            Err(fault) => warn!(%call, %set, work = ?order.work, %fault, "prompts not changed"),
        }
        if outcome.is_ok() {
            self.loader.look();
        }
        Done { order, outcome }
    }
}

/// Does one order.
fn work(studio: &Studio, order: &PromptOrder, sound: Option<WireAudio>) -> Result<(), PromptFault> {
    let set = &order.set;
    let report = match &order.work {
        PromptWork::Replace { clip, .. } => {
            let sound = sound.ok_or(PromptFault::Failed)?;
            judged(&sound)?;
            let file = write_pcm16(&Pcm {
                rate: WIRE_RATE,
                samples: sound.samples(),
            });
            studio.replace_clip(set, clip, file, NOTE)
        }
        PromptWork::Drop(clip) => studio.drop_clip(set, clip, NOTE),
        PromptWork::RollBack => {
            return studio
                .roll_back(set)
                .map(drop)
                .map_err(|fault| told(&fault));
        }
    };
    used(set, &report.map_err(|fault| told(&fault))?)
}

/// Whether the studio made a version of it; the log has its reasons where it did not.
fn used(set: &SetId, report: &Report) -> Result<(), PromptFault> {
    if report.version.is_some() {
        return Ok(());
    }
    for finding in report.faults() {
        warn!(%set, %finding, "a prompt is not changed");
    }
    Err(PromptFault::Failed)
}

/// Whether a recording from the telephone line is neither too quiet nor overdriven. The studio
/// judges every sound, but cannot know that the codecs of the line cut peaks off below full scale.
fn judged(sound: &WireAudio) -> Result<(), PromptFault> {
    let samples = sound.samples();
    let cut = samples.chunk_by(|a, b| is_at_top(*a) && is_at_top(*b));
    let cut = cut.filter(|run| run.len() >= CUT_RUN && is_at_top(run[0]));
    if cut.count() >= CUTS {
        return Err(PromptFault::TooLoud);
    }
    if loudness(&samples) < QUIET_DB {
        return Err(PromptFault::TooQuiet);
    }
    Ok(())
}

fn is_at_top(sample: i16) -> bool {
    sample.unsigned_abs() >= TOP
}

/// The loudness of the loudest tenth of a second, in dBFS.
fn loudness(samples: &[i16]) -> f64 {
    let windows = samples.chunks(WIRE_RATE as usize / 10);
    windows.map(rms_dbfs).fold(f64::NEG_INFINITY, f64::max)
}

/// What the operator hears of a fault; the log has the rest.
fn told(fault: &StudioFault) -> PromptFault {
    match fault {
        StudioFault::NothingBefore(_) => PromptFault::NothingBefore,
        StudioFault::NoClip(..) => PromptFault::NotOwn,
        StudioFault::NoSet(_)
        | StudioFault::NoVersion(..)
        | StudioFault::Faulty(..)
        | StudioFault::Needed(..)
        | StudioFault::Lacking(..)
        | StudioFault::Circle(..)
        | StudioFault::Foreign(..)
        | StudioFault::InUse(..)
        | StudioFault::Material(_)
        | StudioFault::TooMany(..)
        | StudioFault::TooManySets(_)
        | StudioFault::Busy { .. }
        | StudioFault::Damaged { .. }
        | StudioFault::Disk { .. } => {
            error!(%fault, "prompts cannot be changed");
            PromptFault::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone::{pair, sine};
    use std::time::Duration;

    fn tone(db: f64) -> WireAudio {
        let pcm = pair((500.0, 700.0), db, Duration::from_secs(2), WIRE_RATE);
        WireAudio::from_samples(&pcm.samples)
    }

    #[test]
    fn a_recording_fit_for_use_is_neither_too_quiet_nor_overdriven() {
        assert_eq!(judged(&tone(-20.0)), Ok(()));
        assert_eq!(judged(&tone(-45.0)), Ok(()));
        assert_eq!(judged(&tone(-70.0)), Err(PromptFault::TooQuiet));
        let nothing = WireAudio::from_samples(&vec![0; 16_000]);
        assert_eq!(judged(&nothing), Err(PromptFault::TooQuiet));
        assert_eq!(
            judged(&WireAudio::from_samples(&[])),
            Err(PromptFault::TooQuiet)
        );
    }

    #[test]
    fn peaks_cut_off_by_the_codec_of_the_line_are_noticed_and_full_ones_are_not() {
        let full = sine(400.0, 0.0, Duration::from_secs(2), WIRE_RATE);
        let overdriven = |gain: f64| {
            let louder = full.samples.iter().map(|s| (f64::from(*s) * gain) as i16);
            WireAudio::from_samples(&louder.collect::<Vec<_>>())
        };
        assert_eq!(judged(&overdriven(2.0)), Err(PromptFault::TooLoud));
        assert_eq!(judged(&overdriven(0.8)), Ok(()));
    }
}
