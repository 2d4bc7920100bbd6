//! The thread that changes prompt sets for whoever does so by telephone.
//!
//! In: orders of calls, with their recordings. Out: what came of each, and the prompts as callers
//! hear them from then on. Laws: one order after the other; an order that cannot be queued is
//! answered at once; a recording that is refused leaves no version behind.

use crate::audio::wav::write_pcm16;
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
use crate::call::{PromptOrder, PromptWork};
use crate::flow::PromptFault;
use crate::library::Library;
use crate::library::studio::{Material, Studio, StudioFault, Upload};
use crate::prompt::{ClipId, SetId};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use tokio::sync::mpsc;
use tracing::{error, info, warn};

/// Orders that may wait.
const WAITING_MAX: usize = 8;

/// One order.
#[derive(Debug)]
pub(super) struct Job {
    /// What is wanted.
    pub order: PromptOrder,
    /// The recording that becomes a clip, where one does.
    pub sound: Option<WireAudio>,
}

/// What came of an order.
pub(super) struct Done {
    /// The order.
    pub order: PromptOrder,
    /// Whether it was done.
    pub outcome: Result<(), PromptFault>,
    /// The prompts from now on, where they changed.
    pub prompts: Option<Arc<Library>>,
}

/// The near side of the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct PromptDesk {
    queue: SyncSender<Job>,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done")
            .field("order", &self.order)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Done {
    /// The order was not done.
    pub(super) fn failed(order: PromptOrder) -> Done {
        Done {
            order,
            outcome: Err(PromptFault::Failed),
            prompts: None,
        }
    }
}

impl PromptDesk {
    /// Starts the thread. It answers to `answers`; `renewed` loads the prompts after a change.
    pub(super) fn start(
        studio: Arc<Studio>,
        renewed: impl FnMut() -> Option<Arc<Library>> + Send + 'static,
        answers: mpsc::UnboundedSender<Done>,
    ) -> io::Result<PromptDesk> {
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let mut worker = Worker { studio, renewed };
        let work = move || worker.run(&waiting, &answers);
        thread::Builder::new()
            .name("prompt-desk".to_owned())
            .spawn(work)?;
        Ok(PromptDesk { queue })
    }

    /// Queues an order; one that does not fit comes back undone.
    pub(super) fn order(&self, job: Job) -> Result<(), Done> {
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => Done::failed(job.order),
        })
    }
}

struct Worker<F> {
    studio: Arc<Studio>,
    renewed: F,
}

impl<F: FnMut() -> Option<Arc<Library>>> Worker<F> {
    fn run(&mut self, waiting: &Receiver<Job>, answers: &mpsc::UnboundedSender<Done>) {
        for job in waiting {
            let done = self.done(job);
            if answers.send(done).is_err() {
                return;
            }
        }
    }

    fn done(&mut self, job: Job) -> Done {
        let Job { order, sound } = job;
        let outcome = work(&self.studio, &order, sound);
        let (call, set) = (order.call, &order.set);
        match outcome {
            Ok(()) => info!(%call, %set, work = ?order.work, "prompts changed by telephone"),
            Err(fault) => warn!(%call, %set, work = ?order.work, %fault, "prompts not changed"),
        }
        let prompts = if outcome.is_ok() {
            (self.renewed)()
        } else {
            None
        };
        Done {
            order,
            outcome,
            prompts,
        }
    }
}

/// Does one order.
fn work(studio: &Studio, order: &PromptOrder, sound: Option<WireAudio>) -> Result<(), PromptFault> {
    let set = &order.set;
    match &order.work {
        PromptWork::Replace { clip, .. } => {
            let sound = sound.ok_or(PromptFault::Failed)?;
            replace(studio, set, clip, &sound)
        }
        PromptWork::Drop(clip) => studio.drop_clip(set, clip).map(drop).map_err(told),
        PromptWork::RollBack => studio.roll_back(set).map(drop).map_err(told),
    }
}

/// Makes a recording a clip of a new version, and puts that to use.
fn replace(
    studio: &Studio,
    set: &SetId,
    clip: &ClipId,
    sound: &WireAudio,
) -> Result<(), PromptFault> {
    let upload = Upload {
        set: set.clone(),
        material: Material::Clip {
            clip: clip.clone(),
            name: format!("{clip}.wav"),
            file: write_pcm16(&Pcm {
                rate: WIRE_RATE,
                samples: sound.samples(),
            }),
        },
        add: true,
        parent: None,
        note: "by telephone".to_owned(),
    };
    let report = studio.stage(&upload, &mut |_| {}).map_err(told)?;
    let version = report.version.ok_or(PromptFault::Failed)?;
    if report.is_clean() {
        return studio.activate(set, version).map_err(told);
    }
    for finding in report.faults() {
        warn!(%set, %finding, "a recording is not used");
    }
    if let Err(fault) = studio.remove(set, version) {
        warn!(%set, %version, %fault, "a refused recording cannot be removed");
    }
    Err(PromptFault::Failed)
}

/// What the operator hears of a fault; the log has the rest.
fn told(fault: StudioFault) -> PromptFault {
    match fault {
        StudioFault::NothingBefore(_) => PromptFault::NothingBefore,
        StudioFault::NoClip(..) => PromptFault::NotOwn,
        StudioFault::NoSet(_)
        | StudioFault::NoVersion(..)
        | StudioFault::Faulty(..)
        | StudioFault::Needed(..)
        | StudioFault::InUse(..)
        | StudioFault::Material(_)
        | StudioFault::TooMany(..)
        | StudioFault::Damaged { .. }
        | StudioFault::Disk { .. } => {
            error!(%fault, "prompts cannot be changed");
            PromptFault::Failed
        }
    }
}
