//! The threads that keep what subscribers have set: one that changes it and sees what others
//! change, and one that reads what they recorded.
//!
//! In: changes, recordings and locks, from calls. Out: what came of each change, once it is on disk
//! for good, and what other processes changed. Laws: one change after the other; what is told comes
//! in the order the database has it; a change that cannot be queued is answered at once; reading a
//! greeting waits for no change; who called last is written down while no change waits, and only the
//! last one of each subscriber.

use crate::audio::greeting::{GreetingFault, prepare};
use crate::audio::{Law, WireAudio};
use crate::base::{CallId, MailboxId, PlayId, RecordingId, Timestamp};
use crate::call::ChangeOrder;
use crate::directory::{Book, News, Store, StoreFault};
use crate::flow::ChangeFault;
use crate::registrar::{Binding, BindingId};
use crate::subscriber::{Change, Guarded, LastCaller, Lock, RecordingKind, Services};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tracing::{debug, error, info};

/// Changes and locks that may wait.
const CHANGES_MAX: usize = 1_024;
/// Plays that may wait for their recordings.
const LOADS_MAX: usize = 1_024;
/// Callers that may wait to be written down; one more is forgotten.
const CALLERS_MAX: usize = 4_096;
/// How long the end of the server waits for callers to be written down.
const CALLERS_PATIENCE: Duration = Duration::from_secs(1);
/// How often what others changed is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// Something to do.
#[derive(Debug)]
pub(super) enum Job {
    /// A change that a call ordered.
    Change(Asked, Work),
    /// What there is of wrong passcodes is to be remembered.
    Remember(Guarded, Lock),
    /// A telephone said where it is.
    Bound(Box<Binding>),
    /// It is there no longer.
    Unbound(BindingId),
}

/// What is to become of what a subscriber has set.
#[derive(Debug)]
pub(super) enum Work {
    /// This change.
    Set(Change),
    /// This recording becomes the name or greeting.
    Record(RecordingKind, WireAudio),
}

/// Who asked for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The call.
    pub call: CallId,
    /// Which order of it.
    pub order: u32,
    /// Whose services.
    pub mailbox: MailboxId,
}

/// What the signalling task is told.
#[derive(Debug)]
pub(super) enum Told {
    /// What came of a change.
    Changed(Asked, Result<Arc<Services>, ChangeFault>),
    /// Somebody else changed what a subscriber has set.
    Services(MailboxId, Arc<Services>),
    /// Somebody else changed a lock.
    Lock(Guarded, Lock),
    /// Recordings for a play: those that can be had.
    Recordings(CallId, PlayId, Vec<(RecordingId, WireAudio)>),
}

/// Why the threads did not start.
#[derive(Debug, thiserror::Error)]
pub enum DeskFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The system gave no thread or no random numbers.
    #[error("the threads of the database of subscribers could not be started: {0}")]
    System(#[from] io::Error),
}

/// The near side of both threads. Dropping it carries through what is queued.
#[derive(Debug)]
pub(super) struct ServicesDesk {
    changes: Option<SyncSender<Job>>,
    callers: SyncSender<(MailboxId, LastCaller)>,
    loads: SyncSender<Load>,
    thread: Option<JoinHandle<()>>,
}

/// What the last run left.
#[derive(Debug)]
pub(super) struct LastRun {
    /// The locks of wrong passcodes.
    pub locks: Vec<(Guarded, Lock)>,
    /// Where telephones were registered.
    pub bindings: Vec<Binding>,
}

#[derive(Debug)]
struct Load {
    call: CallId,
    play: PlayId,
    wanted: Vec<RecordingId>,
}

impl Asked {
    /// Who ordered this.
    pub(super) fn by(order: &ChangeOrder) -> Asked {
        Asked {
            call: order.call,
            order: order.order,
            mailbox: order.mailbox.clone(),
        }
    }

    /// Nothing came of it.
    pub(super) fn failed(self, fault: ChangeFault) -> Told {
        Told::Changed(self, Err(fault))
    }
}

impl ServicesDesk {
    /// Opens the database and starts the threads. The book has what everybody has set when this
    /// returns, and is kept in step from then on; the locks and bindings are those of the last run.
    pub(super) fn start(
        file: &Path,
        book: Book,
        answers: mpsc::UnboundedSender<Told>,
    ) -> Result<(ServicesDesk, LastRun), DeskFault> {
        let (changes, waiting) = sync_channel(CHANGES_MAX);
        let (callers, called) = sync_channel(CALLERS_MAX);
        let (loads, wanted) = sync_channel(LOADS_MAX);
        let tell = answers.clone();
        let work = move |store| read_all(store, &wanted, &tell);
        let filled = book.clone();
        let fill = move |store: &mut Store| {
            let news = store.news()?;
            for (mailbox, services) in news.services {
                filled.set(&mailbox, services);
            }
            Ok(LastRun {
                locks: news.locks,
                bindings: store.bindings()?,
            })
        };
        let clerk = move |store| Clerk::new(store, book, answers).run(&waiting, &called);
        // The database is made by whoever opens it first, and that one is to be alone.
        let (clerk, last_run) = spawn("directory", file, fill, clerk)?;
        spawn("recordings", file, |_| Ok(()), work)?;
        let desk = ServicesDesk {
            changes: Some(changes),
            callers,
            loads,
            thread: Some(clerk),
        };
        Ok((desk, last_run))
    }

    /// Queues something to do; it comes back where there are too many of them.
    pub(super) fn ask(&self, job: Job) -> Result<(), Box<Job>> {
        let Some(changes) = &self.changes else {
            return Err(Box::new(job));
        };
        changes.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => Box::new(job),
        })
    }

    /// Has it written down who called a subscriber last, unless too many wait.
    pub(super) fn called(&self, mailbox: MailboxId, caller: LastCaller) {
        if self.callers.try_send((mailbox, caller)).is_err() {
            debug!("callers come faster than they are written down; one is forgotten");
        }
    }

    /// Has recordings read for a play; false where too many wait.
    pub(super) fn load(&self, call: CallId, play: PlayId, wanted: Vec<RecordingId>) -> bool {
        self.loads.try_send(Load { call, play, wanted }).is_ok()
    }
}

impl Drop for ServicesDesk {
    fn drop(&mut self) {
        self.changes = None;
        if self.thread.take().is_some_and(|t| t.join().is_err()) {
            error!("the thread of the database of subscribers ended by a bug");
        }
    }
}

/// Starts a thread that has the database open. What `begin` says of it is there when this returns.
fn spawn<T: Send + 'static>(
    name: &str,
    file: &Path,
    begin: impl FnOnce(&mut Store) -> Result<T, StoreFault> + Send + 'static,
    work: impl FnOnce(Store) + Send + 'static,
) -> Result<(JoinHandle<()>, T), DeskFault> {
    let (tell, told) = sync_channel::<Result<T, StoreFault>>(1);
    let (file, writer) = (file.to_owned(), u64::from_le_bytes(random()?));
    let open = move || {
        let mut store = Store::open(&file, writer)?;
        let first = begin(&mut store)?;
        Ok((store, first))
    };
    let thread = thread::Builder::new().name(name.to_owned());
    let thread = thread.spawn(move || {
        let (first, store) = match open() {
            Ok((store, first)) => (Ok(first), Some(store)),
            Err(fault) => (Err(fault), None),
        };
        // Whoever starts the thread waits for this.
        let _told = tell.send(first);
        if let Some(store) = store {
            work(store);
        }
    })?;
    let first = told.recv().map_err(io::Error::other)??;
    Ok((thread, first))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

/// Reads recordings until nobody asks any more.
fn read_all(mut store: Store, wanted: &Receiver<Load>, answers: &mpsc::UnboundedSender<Told>) {
    for Load { call, play, wanted } in wanted {
        let found = wanted
            .into_iter()
            .filter_map(|id| match store.recording(id) {
                Ok(sound) => Some((id, WireAudio::from_octets(Law::A, &sound?))),
                Err(fault) => {
                    error!(recording = %id, %fault, "a recording cannot be read");
                    None
                }
            });
        let told = Told::Recordings(call, play, found.collect());
        if answers.send(told).is_err() {
            return;
        }
    }
}

/// Who changes what subscribers have set.
struct Clerk {
    store: Store,
    book: Book,
    answers: mpsc::UnboundedSender<Told>,
    /// Who called last, where that is not written down yet.
    callers: HashMap<MailboxId, LastCaller>,
    /// Whether the last look failed, so that one that goes on failing is told once.
    blind: bool,
}

impl Clerk {
    fn new(store: Store, book: Book, answers: mpsc::UnboundedSender<Told>) -> Clerk {
        Clerk {
            store,
            book,
            answers,
            callers: HashMap::new(),
            blind: false,
        }
    }

    fn run(mut self, waiting: &Receiver<Job>, called: &Receiver<(MailboxId, LastCaller)>) {
        let mut looked = Instant::now();
        loop {
            let idle = self.callers.is_empty();
            match waiting.recv_timeout(if idle { LOOK } else { Duration::ZERO }) {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => self.write_caller(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.callers.extend(called.try_iter().take(CALLERS_MAX));
            if looked.elapsed() >= LOOK {
                self.look();
                looked = Instant::now();
            }
        }
        self.callers.extend(called.try_iter().take(CALLERS_MAX));
        let began = Instant::now();
        while !self.callers.is_empty() && began.elapsed() < CALLERS_PATIENCE {
            self.write_caller();
        }
        if let Err(fault) = self.store.close() {
            error!(%fault, "the database of subscribers is left to the next start to tidy up");
        }
    }

    fn work(&mut self, job: Job) {
        match job {
            Job::Change(asked, work) => {
                let outcome = self.change(&asked, work);
                self.tell(Told::Changed(asked, outcome));
            }
            Job::Remember(guarded, lock) => {
                if let Err(fault) = self.store.put_lock(&guarded, &lock) {
                    error!(%fault, "a lock is not remembered and ends with this run");
                }
            }
            Job::Bound(binding) => {
                if let Err(fault) = self.store.put_binding(&binding) {
                    error!(%fault, "where a telephone is, is not remembered");
                }
            }
            Job::Unbound(id) => {
                if let Err(fault) = self.store.remove_binding(&id) {
                    error!(%fault, "that a telephone is gone is not remembered");
                }
            }
        }
    }

    fn change(&mut self, asked: &Asked, work: Work) -> Result<Arc<Services>, ChangeFault> {
        let (change, sound) = match work {
            Work::Set(change) => (change, None),
            Work::Record(kind, sound) => {
                let prepared = prepare(&sound).map_err(|fault| match fault {
                    GreetingFault::TooQuiet => ChangeFault::TooQuiet,
                })?;
                let id = random().map_err(|fault| {
                    error!(%fault, "a recording has no name");
                    ChangeFault::Unavailable
                })?;
                let id = RecordingId::new(Timestamp::now(), id);
                (Change::Recording(kind, Some(id)), Some((id, prepared)))
            }
        };
        let sound = sound.as_ref().map(|(id, s)| (*id, s.octets(Law::A)));
        let (call, mailbox) = (asked.call, &asked.mailbox);
        match self.store.change(mailbox, &change, sound) {
            Ok(services) => {
                debug!(%call, %mailbox, change = change.kind(), "services changed");
                self.book.set(mailbox, Arc::clone(&services));
                Ok(services)
            }
            Err(fault) => {
                error!(%call, %mailbox, change = change.kind(), %fault, "services not changed");
                Err(ChangeFault::Unavailable)
            }
        }
    }

    /// Writes down who called one of the subscribers last.
    fn write_caller(&mut self) {
        let Some(mailbox) = self.callers.keys().next().cloned() else {
            return;
        };
        let caller = self.callers.remove(&mailbox);
        match self
            .store
            .change(&mailbox, &Change::LastCaller(caller), None)
        {
            Ok(services) => {
                self.book.set(&mailbox, Arc::clone(&services));
                self.tell(Told::Services(mailbox, services));
            }
            Err(fault) => debug!(%mailbox, %fault, "the last caller is not written down"),
        }
    }

    /// Looks for what others changed.
    fn look(&mut self) {
        match self.store.news() {
            Ok(news) => {
                self.blind = false;
                self.tell_news(news);
            }
            Err(fault) if self.blind => debug!(%fault, "the database still cannot be read"),
            Err(fault) => {
                self.blind = true;
                error!(%fault, "what others change for subscribers is not seen");
            }
        }
    }

    fn tell_news(&mut self, news: News) {
        for (mailbox, services) in news.services {
            // Our own changes come back, too.
            if self.book.of(&mailbox) != services {
                info!(%mailbox, "services changed by another process");
                self.book.set(&mailbox, Arc::clone(&services));
                self.tell(Told::Services(mailbox, services));
            }
        }
        for (guarded, lock) in news.locks {
            self.tell(Told::Lock(guarded, lock));
        }
    }

    fn tell(&self, told: Told) {
        // Nobody listens any more when the server has ended.
        let _told = self.answers.send(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::WIRE_RATE;
    use crate::audio::tests::speech;
    use tempfile::TempDir;

    fn mailbox() -> MailboxId {
        MailboxId::parse("2001").unwrap()
    }

    fn asked(order: u32) -> Asked {
        Asked {
            call: CallId(1),
            order,
            mailbox: mailbox(),
        }
    }

    struct Office {
        folder: TempDir,
        book: Book,
        desk: ServicesDesk,
        answers: mpsc::UnboundedReceiver<Told>,
    }

    fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let (book, (tell, answers)) = (Book::default(), mpsc::unbounded_channel());
        let file = folder.path().join("directory.db");
        let (desk, left) = ServicesDesk::start(&file, book.clone(), tell).unwrap();
        assert_eq!((left.locks.len(), left.bindings.len()), (0, 0));
        Office {
            folder,
            book,
            desk,
            answers,
        }
    }

    impl Office {
        fn change(&mut self, order: u32, work: Work) -> Result<Arc<Services>, ChangeFault> {
            self.desk.ask(Job::Change(asked(order), work)).unwrap();
            match self.answers.blocking_recv().unwrap() {
                Told::Changed(who, outcome) if who == asked(order) => outcome,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Two seconds of silence.
    fn silence() -> WireAudio {
        WireAudio::from_samples(&vec![0; 2 * WIRE_RATE as usize])
    }

    #[test]
    fn a_change_is_in_the_book_when_it_is_answered_and_in_the_database_when_the_desk_is_gone() {
        let mut office = open();
        let services = office.change(1, Work::Set(Change::Rings(7))).unwrap();
        assert_eq!(services.forwarding.rings, 7);
        assert_eq!(office.book.of(&mailbox()), services);
        for order in 2..50 {
            let job = Job::Change(asked(order), Work::Set(Change::LoggedIn));
            office.desk.ask(job).unwrap();
        }
        let Office { folder, desk, .. } = office;
        drop(desk);
        let mut store = Store::open(&folder.path().join("directory.db"), 9).unwrap();
        assert_eq!(store.services(&mailbox()).unwrap().log_ins, 48);
    }

    #[test]
    fn a_recording_can_be_had_from_the_moment_it_is_in_use() {
        let mut office = open();
        let work = Work::Record(RecordingKind::Busy, WireAudio::from_samples(&speech()));
        let id = office.change(1, work).unwrap().busy_greeting.unwrap();
        let nobody = RecordingId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        assert!(office.desk.load(CallId(1), PlayId(2), vec![nobody, id]));
        match office.answers.blocking_recv().unwrap() {
            Told::Recordings(CallId(1), PlayId(2), found) => {
                assert_eq!(found.len(), 1);
                assert_eq!(found[0].0, id);
                assert!(!found[0].1.is_empty());
            }
            other => panic!("{other:?}"),
        }
        let quiet = Work::Record(RecordingKind::Busy, silence());
        assert_eq!(office.change(2, quiet), Err(ChangeFault::TooQuiet));
        assert_eq!(office.book.of(&mailbox()).busy_greeting, Some(id));
    }

    #[test]
    fn what_another_process_changes_is_told_within_a_second() {
        let mut office = open();
        let file = office.folder.path().join("directory.db");
        let mut other = Store::open(&file, 9).unwrap();
        let began = Instant::now();
        let services = other.change(&mailbox(), &Change::Rings(9), None).unwrap();
        match office.answers.blocking_recv().unwrap() {
            Told::Services(whose, told) => assert_eq!((whose, told), (mailbox(), services)),
            other => panic!("{other:?}"),
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{began:?}");
        assert_eq!(office.book.of(&mailbox()).forwarding.rings, 9);
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told_and_the_desk_goes_on() {
        let mut office = open();
        office.change(1, Work::Set(Change::Rings(7))).unwrap();
        let file = office.folder.path().join("directory.db");
        // Somebody else has it, and does not let go.
        let (locked, unlock) = (sync_channel(1), sync_channel::<()>(1));
        let other = thread::spawn(move || {
            let mut store = Store::open(&file, 9).unwrap();
            store.hold(|| {
                locked.0.send(()).unwrap();
                unlock.1.recv().unwrap();
            });
        });
        locked.1.recv().unwrap();
        let failed = office.change(2, Work::Set(Change::Rings(8)));
        assert_eq!(failed, Err(ChangeFault::Unavailable));
        assert_eq!(office.book.of(&mailbox()).forwarding.rings, 7);
        unlock.0.send(()).unwrap();
        other.join().unwrap();
        let services = office.change(3, Work::Set(Change::Rings(9))).unwrap();
        assert_eq!(services.forwarding.rings, 9);
    }

    #[test]
    fn more_changes_than_may_wait_come_back() {
        let office = open();
        let mut refused = 0;
        for order in 0..4 * CHANGES_MAX as u32 {
            let job = Job::Change(asked(order), Work::Set(Change::LoggedIn));
            refused += u32::from(office.desk.ask(job).is_err());
        }
        assert!(refused > 0);
    }
}
