//! What is compiled in the background: a job for each upload, one at work at a time.
//!
//! In: uploads, as they come and once they are there. Out: how far each is, and how it ended.
//! Laws: a job is remembered for [`JOBS_KEPT`] after its end, and no more than [`JOBS_MAX`] are; no
//! upload is received for which there is no place in the queue; an upload that breaks off ends its
//! job; a bug in the compiler ends one job.

use super::limits::{FAREWELL, JOBS_KEPT, JOBS_MAX, QUEUE_MAX};
use super::problem::Problem;
use super::uploads::Received;
use crate::base::Timestamp;
use crate::library::studio::{Material, Progress, Studio, StudioFault, Upload};
use crate::prompt::{ClipId, Report, SetId};
use serde::Serialize;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{error, info};
use utoipa::ToSchema;
use uuid::Uuid;

/// When to ask again where the queue is full: a set takes some seconds.
const BUSY: Duration = Duration::from_secs(10);

/// An upload and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct JobView {
    /// Its number.
    job: String,
    /// For which set.
    set: String,
    /// What was uploaded.
    name: String,
    /// Whose token it was.
    by: String,
    /// When it began (RFC 3339).
    #[schema(format = DateTime)]
    created: String,
    /// How far it is.
    #[serde(flatten)]
    state: StateView,
}

/// How far a job is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase", tag = "state")]
enum StateView {
    /// The upload is coming.
    Receiving {
        /// Octets so far.
        received: u64,
        /// Octets in all, where the sender said so.
        expected: Option<u64>,
    },
    /// It waits for its turn.
    Waiting,
    /// Files are read.
    Reading {
        /// Files so far.
        files: usize,
    },
    /// Clips are decoded and checked.
    Compiling {
        /// Clips done.
        done: usize,
        /// Clips in all.
        total: usize,
    },
    /// The version is written.
    Writing,
    /// There is a version.
    Done {
        /// Its number.
        version: u32,
        /// Whether it can be activated.
        clean: bool,
        /// Clips nobody has.
        missing: usize,
        /// Findings that keep it from being activated.
        faults: usize,
        /// Other findings.
        notes: usize,
        /// Where its report is.
        report: String,
    },
    /// There is no version, and why.
    Refused {
        /// Why.
        problem: Problem,
    },
}

/// All jobs.
#[derive(Debug)]
pub(super) struct Jobs {
    desk: Arc<Desk>,
    tasks: Mutex<Option<SyncSender<Task>>>,
    places: Arc<Semaphore>,
}

/// What the worker and the requests share.
#[derive(Debug, Default)]
struct Desk {
    jobs: Mutex<BTreeMap<Uuid, Job>>,
    ending: AtomicBool,
}

#[derive(Debug)]
struct Job {
    set: SetId,
    view: JobView,
    ended: Option<Instant>,
}

/// A place in the queue.
#[derive(Debug)]
pub(super) struct Place(#[allow(dead_code)] OwnedSemaphorePermit);

/// A job whose upload is coming; letting go of it ends the job.
#[derive(Debug)]
pub(super) struct Coming {
    desk: Arc<Desk>,
    id: Uuid,
    expected: Option<u64>,
    handed_over: bool,
}

/// What is to be made of an upload.
#[derive(Debug)]
pub(super) struct Order {
    /// For which set.
    pub(super) set: SetId,
    /// Which clip it is; `None` is an archive.
    pub(super) clip: Option<ClipId>,
    /// What the file was called.
    pub(super) name: String,
    /// Whether it is laid over the version in use.
    pub(super) add: bool,
    /// Whose clips stand in for missing ones.
    pub(super) parent: Option<SetId>,
    /// A word about it, with the name of the operator.
    pub(super) note: String,
}

#[derive(Debug)]
struct Task {
    id: Uuid,
    order: Order,
    file: Received,
    place: Place,
}

/// The end of the worker, to be waited for.
#[derive(Debug)]
pub(super) struct WorkerEnd(Receiver<()>);

impl Jobs {
    /// Starts the worker.
    pub(super) fn start(studio: Arc<Studio>) -> io::Result<(Jobs, WorkerEnd)> {
        let (tasks, given) = sync_channel(QUEUE_MAX);
        let (end, ended) = sync_channel(1);
        let desk = Arc::new(Desk::default());
        let shared = Arc::clone(&desk);
        let worker = thread::Builder::new().name("prompt-jobs".into());
        worker.spawn(move || {
            work(&given, &studio, &shared);
            // Nobody waits where the server ended by a fault.
            let _told = end.try_send(());
        })?;
        let jobs = Jobs {
            desk,
            tasks: Mutex::new(Some(tasks)),
            places: Arc::new(Semaphore::new(QUEUE_MAX)),
        };
        Ok((jobs, WorkerEnd(ended)))
    }

    /// A place in the queue, unless it is full.
    pub(super) fn place(&self) -> Result<Place, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place
            .map(Place)
            .map_err(|_| Problem::too_many("too many uploads wait to be compiled", BUSY))
    }

    /// A new job, whose upload is about to come.
    pub(super) fn open(&self, order: &Order, by: &str, expected: Option<u64>) -> Coming {
        let id = Uuid::now_v7();
        let view = JobView {
            job: id.to_string(),
            set: order.set.to_string(),
            name: order.name.clone(),
            by: by.to_owned(),
            created: Timestamp::now().to_string(),
            state: StateView::Receiving {
                received: 0,
                expected,
            },
        };
        let job = Job {
            set: order.set.clone(),
            view,
            ended: None,
        };
        let mut jobs = self.desk.lock();
        forget_old(&mut jobs, Instant::now());
        jobs.insert(id, job);
        Coming {
            desk: Arc::clone(&self.desk),
            id,
            expected,
            handed_over: false,
        }
    }

    /// Hands an upload that is there to the worker.
    pub(super) fn submit(
        &self,
        mut coming: Coming,
        order: Order,
        file: Received,
        place: Place,
    ) -> Result<JobView, Problem> {
        let id = coming.id;
        self.desk.set(id, StateView::Waiting);
        let task = Task {
            id,
            order,
            file,
            place,
        };
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let tasks = tasks.as_ref().ok_or_else(Problem::ending)?;
        tasks.try_send(task).map_err(|fault| match fault {
            TrySendError::Full(_) => Problem::too_many("too many uploads wait", BUSY),
            TrySendError::Disconnected(_) => Problem::bug(),
        })?;
        coming.handed_over = true;
        let (_, view) = self.job(&id.to_string()).ok_or_else(Problem::bug)?;
        Ok(view)
    }

    /// The jobs of sets that fit, the newest first.
    pub(super) fn list(&self, fits: impl Fn(&SetId) -> bool) -> Vec<JobView> {
        let mut jobs = self.desk.lock();
        forget_old(&mut jobs, Instant::now());
        let jobs = jobs.values().rev().filter(|job| fits(&job.set));
        jobs.map(|job| job.view.clone()).collect()
    }

    /// One job, and its set.
    pub(super) fn job(&self, id: &str) -> Option<(SetId, JobView)> {
        let id = Uuid::try_parse(id).ok()?;
        let mut jobs = self.desk.lock();
        forget_old(&mut jobs, Instant::now());
        jobs.get(&id).map(|job| (job.set.clone(), job.view.clone()))
    }

    /// No more jobs; those that wait are refused.
    pub(super) fn end(&self) {
        self.desk.ending.store(true, Ordering::Relaxed);
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        *tasks = None;
    }
}

impl WorkerEnd {
    /// Waits for the job at work, but not for long: what it has not finished leaves no version.
    pub(super) fn wait(self) {
        if self.0.recv_timeout(FAREWELL).is_err() {
            info!("an upload that was compiled is given up");
        }
    }
}

impl Coming {
    /// So much came.
    pub(super) fn received(&self, received: u64) {
        let expected = self.expected;
        let state = StateView::Receiving { received, expected };
        self.desk.set(self.id, state);
    }

    /// The upload is refused.
    pub(super) fn refuse(mut self, problem: Problem) -> Problem {
        self.handed_over = true;
        self.desk.end(self.id, Err(problem.clone()));
        problem
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        if !self.handed_over {
            let problem = Problem::bad_request("the upload broke off");
            self.desk.end(self.id, Err(problem));
        }
    }
}

impl JobView {
    /// Its number.
    pub(super) fn id(&self) -> &str {
        &self.job
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Uuid, Job>> {
        // What is behind the lock is whole at every moment, whoever panicked.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, id: Uuid, state: StateView) {
        if let Some(job) = self.lock().get_mut(&id) {
            job.view.state = state;
        }
    }

    fn end(&self, id: Uuid, outcome: Result<Report, Problem>) {
        if let Some(job) = self.lock().get_mut(&id) {
            job.ended = Some(Instant::now());
            job.view.state = match outcome {
                Ok(report) => done(&report),
                Err(problem) => StateView::Refused { problem },
            };
        }
    }
}

impl From<Progress> for StateView {
    fn from(progress: Progress) -> StateView {
        match progress {
            Progress::Reading { files } => StateView::Reading { files },
            Progress::Compiling { done, total } => StateView::Compiling { done, total },
            Progress::Writing => StateView::Writing,
        }
    }
}

fn done(report: &Report) -> StateView {
    let faults = report.faults().count();
    let version = report.version.map_or(0, |version| version.0);
    StateView::Done {
        version,
        clean: report.is_clean(),
        missing: report.missing,
        faults,
        notes: report.findings.len() - faults,
        report: format!("/v1/sets/{}/versions/{version}/report", report.set),
    }
}

/// Forgets jobs that ended long ago, and as many of those that ended as there are too many.
fn forget_old(jobs: &mut BTreeMap<Uuid, Job>, now: Instant) {
    let is_old = |ended: Instant| now.duration_since(ended) >= JOBS_KEPT;
    jobs.retain(|_, job| !job.ended.is_some_and(is_old));
    while jobs.len() >= JOBS_MAX {
        let ended = jobs.iter().find(|(_, job)| job.ended.is_some());
        let Some(first) = ended.map(|(id, _)| *id) else {
            break;
        };
        jobs.remove(&first);
    }
}

fn work(tasks: &Receiver<Task>, studio: &Studio, desk: &Desk) {
    for task in tasks {
        let id = task.id;
        let outcome = if desk.ending.load(Ordering::Relaxed) {
            Err(Problem::ending())
        } else {
            let staged = catch_unwind(AssertUnwindSafe(|| stage(task, studio, desk)));
            staged.unwrap_or_else(|_| {
                error!("compiling an upload ended by a bug");
                Err(Problem::bug())
            })
        };
        desk.end(id, outcome);
    }
}

fn stage(task: Task, studio: &Studio, desk: &Desk) -> Result<Report, Problem> {
    let Task {
        id,
        order,
        file,
        place,
    } = task;
    drop(place);
    let set = order.set.clone();
    let upload = Upload {
        material: material(order.clip, order.name, &file).map_err(|e| Problem::disk(&e))?,
        set: order.set,
        add: order.add,
        parent: order.parent,
        note: order.note,
    };
    let staged = studio.stage(&upload, &mut |progress| desk.set(id, progress.into()));
    let report = staged.map_err(|fault: StudioFault| {
        info!(%set, %fault, "an upload is refused");
        Problem::from(fault)
    })?;
    let (faults, version) = (report.faults().count(), report.version.map(|v| v.0));
    let note = &upload.note;
    info!(%set, version, faults, missing = report.missing, note, "a version is staged");
    Ok(report)
}

fn material(clip: Option<ClipId>, name: String, file: &Received) -> io::Result<Material> {
    let path = file.path();
    Ok(match clip {
        None => Material::Zip(path.to_owned()),
        Some(clip) => Material::Clip {
            clip,
            name,
            file: fs::read(path)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Language;

    fn job(ended: Option<Instant>) -> (Uuid, Job) {
        let set = SetId::of(Language::parse("nl").unwrap());
        let view = JobView {
            job: String::new(),
            set: set.to_string(),
            name: String::new(),
            by: String::new(),
            created: String::new(),
            state: StateView::Waiting,
        };
        (Uuid::now_v7(), Job { set, view, ended })
    }

    #[test]
    fn jobs_that_ended_are_forgotten_after_their_time() {
        let now = Instant::now();
        let mut jobs: BTreeMap<Uuid, Job> = [job(Some(now)), job(None)].into();
        forget_old(&mut jobs, now + JOBS_KEPT / 2);
        assert_eq!(jobs.len(), 2);
        forget_old(&mut jobs, now + JOBS_KEPT);
        assert_eq!(jobs.len(), 1);
        assert!(jobs.values().all(|job| job.ended.is_none()));
    }

    #[test]
    fn the_oldest_that_ended_makes_room_and_none_that_works() {
        let now = Instant::now();
        let working = job(None);
        let (id, first_ended) = (working.0, job(Some(now)));
        let gone = first_ended.0;
        let mut jobs: BTreeMap<Uuid, Job> = [working, first_ended].into();
        jobs.extend((2..JOBS_MAX).map(|_| job(Some(now))));
        assert_eq!(jobs.len(), JOBS_MAX);
        forget_old(&mut jobs, now);
        assert_eq!(jobs.len(), JOBS_MAX - 1);
        assert!(jobs.contains_key(&id) && !jobs.contains_key(&gone));
    }
}
