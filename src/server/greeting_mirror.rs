//! Names and greetings kept in step with the IMAP accounts of their owners.
//!
//! In: which subscribers changed something. Out: the `Greetings` folder of each account as the
//! database of subscribers has it. One thread for each server, so that one that is away holds up
//! no other; no call waits for any of them.
//!
//! Laws: the database is the truth; a mailbox waits once, however often it changed; what failed is
//! tried again until it is in step, or a newer change takes its place; at the start, and once a
//! minute for those whose absence ends, everybody is looked at.

use crate::base::{Language, MailboxId, RecordingId, Timestamp, day_in};
use crate::config::Directory;
use crate::deliver::{Blame, Fault, Imap, ImapGreetings, OwnRecording, Retry};
use crate::directory::{Book, Store, StoreFault};
use crate::subscriber::{Mode, Profile, RecordingKind, Roster, Services};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tracing::{debug, info, warn};

/// How often everybody is looked at.
const ROUND: Duration = Duration::from_secs(60);
/// How long a mailbox whose account took nothing waits, or all of a server that is away, after the
/// first failure and at most; it doubles in between.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(600);

/// The mailboxes that wait for one server.
#[derive(Debug, Default)]
struct Waiting {
    mailboxes: BTreeSet<MailboxId>,
    ended: bool,
}

/// What a thread and those who give it work share.
#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // What is behind the lock is whole at every moment, whoever panicked.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the threads what changed.
#[derive(Clone)]
pub(super) struct Changed {
    roster: Arc<Roster>,
    servers: Arc<BTreeMap<String, Arc<Shared>>>,
}

impl Changed {
    /// The owner of this mailbox changed something.
    pub(super) fn tell(&self, mailbox: &MailboxId) {
        let owner = self.roster.by_mailbox(mailbox);
        let server = owner.and_then(|owner| self.servers.get(server_of(owner)?));
        if let Some(shared) = server {
            shared.lock().mailboxes.insert(mailbox.clone());
            shared.wake.notify_all();
        }
    }
}

/// The threads. They end when this is dropped, without what still waits: the next start looks at
/// everybody again.
pub(super) struct GreetingMirror {
    changed: Changed,
    threads: Vec<JoinHandle<()>>,
}

impl GreetingMirror {
    /// Starts a thread for each of the servers.
    pub(super) fn start(
        imap: &[Arc<Imap>],
        roster: &Arc<Roster>,
        book: &Book,
        directory: &Directory,
    ) -> io::Result<GreetingMirror> {
        let mut servers = BTreeMap::new();
        let mut threads = Vec::new();
        for imap in imap {
            let name = imap.server().name.clone();
            let shared = Arc::<Shared>::default();
            servers.insert(name.clone(), Arc::clone(&shared));
            let keeper = Keeper {
                shared,
                greetings: imap.greetings(),
                roster: Arc::clone(roster),
                book: book.clone(),
                recordings: Recordings::of(directory),
                done: BTreeMap::new(),
                failed: BTreeMap::new(),
                away: None,
                server: name,
            };
            let thread = thread::Builder::new().name("greetings".to_owned());
            threads.push(thread.spawn(move || keeper.run())?);
        }
        let changed = Changed {
            roster: Arc::clone(roster),
            servers: Arc::new(servers),
        };
        Ok(GreetingMirror { changed, threads })
    }

    /// What tells it of changes.
    pub(super) fn changed(&self) -> Changed {
        self.changed.clone()
    }
}

impl Drop for GreetingMirror {
    fn drop(&mut self) {
        for shared in self.changed.servers.values() {
            shared.lock().ended = true;
            shared.wake.notify_all();
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that keeps greetings in step ended by a bug");
            }
        }
    }
}

/// The server with this owner's account, where there is one.
fn server_of(owner: &Profile) -> Option<&str> {
    match &owner.delivery.mode {
        Mode::Mailbox(account) => Some(&account.server),
        Mode::Local | Mode::Email(_) => None,
    }
}

/// Keeps the accounts of one server in step.
struct Keeper {
    server: String,
    shared: Arc<Shared>,
    greetings: ImapGreetings,
    roster: Arc<Roster>,
    book: Book,
    recordings: Recordings,
    /// What each folder was last made to hold.
    done: BTreeMap<MailboxId, Vec<OwnRecording>>,
    /// Those that failed, and when each is tried again.
    failed: BTreeMap<MailboxId, Again>,
    /// The server did not answer; until then it is not asked.
    away: Option<Again>,
}

/// When something that failed is tried again.
#[derive(Clone, Copy, Debug)]
struct Again {
    at: Instant,
    pause: Duration,
}

impl Again {
    /// After one more failure.
    fn after(before: Option<Again>) -> Again {
        let pause = before.map_or(PAUSE, |before| (2 * before.pause).min(PAUSE_MAX));
        let at = Instant::now() + pause;
        Again { at, pause }
    }
}

impl Keeper {
    fn run(mut self) {
        let mut round = Instant::now();
        loop {
            let now = Instant::now();
            if now >= round {
                self.look_at_all();
                round = now + ROUND;
            }
            let Some(mailbox) = self.next(round) else {
                if self.shared.lock().ended {
                    return;
                }
                continue;
            };
            self.bring_in_step(&mailbox);
        }
    }

    /// Everybody whose folder may be out of step waits for a turn.
    fn look_at_all(&self) {
        let all = self.roster.all().into_iter();
        let here = all.filter(|owner| server_of(owner) == Some(&self.server));
        let stale = here.filter(|owner| {
            let services = self.book.of(&owner.mailbox);
            match self.done.get(&owner.mailbox) {
                Some(done) => *done != wanted(owner, &services, Timestamp::now()),
                // Who never set anything never had a greeting in the folder.
                None => *services != Services::default(),
            }
        });
        let stale: Vec<MailboxId> = stale.map(|owner| owner.mailbox.clone()).collect();
        self.shared.lock().mailboxes.extend(stale);
    }

    /// Waits for a mailbox that may be brought in step now, until `round` at the latest.
    fn next(&self, round: Instant) -> Option<MailboxId> {
        let mut waiting = self.shared.lock();
        loop {
            let now = Instant::now();
            if waiting.ended || now >= round {
                return None;
            }
            let first = self.first(&waiting.mailboxes, now);
            let at = match first {
                Some((at, mailbox)) if at <= now => {
                    waiting.mailboxes.remove(&mailbox);
                    return Some(mailbox);
                }
                Some((at, _)) => at.min(round),
                None => round,
            };
            let pause = at.saturating_duration_since(now);
            let woken = self.shared.wake.wait_timeout(waiting, pause);
            (waiting, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The mailbox whose turn is first, and when that is.
    fn first(&self, waiting: &BTreeSet<MailboxId>, now: Instant) -> Option<(Instant, MailboxId)> {
        let due = |mailbox: &MailboxId| self.failed.get(mailbox).map_or(now, |again| again.at);
        let first = waiting.iter().min_by_key(|mailbox| due(mailbox))?;
        let back = self.away.map_or(now, |again| again.at);
        Some((due(first).max(back), first.clone()))
    }

    fn bring_in_step(&mut self, mailbox: &MailboxId) {
        let Some(owner) = self.roster.by_mailbox(mailbox).map(Arc::clone) else {
            return;
        };
        let services = self.book.of(mailbox);
        let wanted = wanted(&owner, &services, Timestamp::now());
        if self.done.get(mailbox) == Some(&wanted) {
            self.failed.remove(mailbox);
            return;
        }
        let recordings = &mut self.recordings;
        let mut octets = |id| recordings.octets(id);
        let mirror = || self.greetings.mirror(&owner, &wanted, &mut octets);
        // A bug costs this turn of this mailbox, no more.
        let done = catch_unwind(AssertUnwindSafe(mirror));
        match done.unwrap_or_else(|_| Err(broken())) {
            Ok(()) if self.recordings.unread() => {
                self.failed(mailbox, Retry::Later, "a recording cannot be read");
            }
            Ok(()) => self.succeeded(mailbox, wanted),
            Err(Fault { retry, what, .. }) => self.failed(mailbox, retry, &what),
        }
    }

    fn succeeded(&mut self, mailbox: &MailboxId, wanted: Vec<OwnRecording>) {
        if self.away.take().is_some() {
            info!(server = %self.server, "greetings are brought in step again");
        }
        debug!(%mailbox, recordings = wanted.len(), "greetings are in step");
        self.failed.remove(mailbox);
        self.done.insert(mailbox.clone(), wanted);
    }

    /// It waits on, and with it everybody of a server that is away.
    fn failed(&mut self, mailbox: &MailboxId, retry: Retry, why: &str) {
        if retry == Retry::WhenBack {
            if self.away.is_none() {
                warn!(server = %self.server, why, "greetings wait until the server is back");
            }
            self.away = Some(Again::after(self.away));
        }
        let before = self.failed.get(mailbox).copied();
        if before.is_none() && self.away.is_none() {
            warn!(%mailbox, why, "greetings are not in step with the account");
        }
        // Others have their turn first: it may be this account alone.
        self.failed.insert(mailbox.clone(), Again::after(before));
        self.shared.lock().mailboxes.insert(mailbox.clone());
    }
}

fn broken() -> Fault {
    Fault {
        blame: Blame::Us,
        retry: Retry::Later,
        what: "the mirror of greetings broke by a bug".to_owned(),
    }
}

/// The recordings of the database, which is opened when the first is needed.
struct Recordings {
    directory: Directory,
    store: Option<Store>,
    /// Whether one could not be read.
    unread: bool,
}

impl Recordings {
    fn of(directory: &Directory) -> Recordings {
        Recordings {
            directory: directory.clone(),
            store: None,
            unread: false,
        }
    }

    /// The octets of a recording; `None` where it is gone or cannot be read.
    fn octets(&mut self, id: RecordingId) -> Option<Vec<u8>> {
        self.read(id).unwrap_or_else(|fault| {
            debug!(recording = %id, %fault, "a greeting cannot be read for its account");
            self.unread = true;
            None
        })
    }

    /// Whether one could not be read since this was last asked.
    fn unread(&mut self) -> bool {
        std::mem::take(&mut self.unread)
    }

    fn read(&mut self, id: RecordingId) -> Result<Option<Vec<u8>>, StoreFault> {
        let store = match &mut self.store {
            Some(store) => store,
            // It is only read by, so no change has this writer.
            none => none.insert(Store::open(&self.directory.file, 0)?),
        };
        store.recording(id)
    }
}

/// What the folder of this owner is to hold now.
fn wanted(owner: &Profile, services: &Services, now: Timestamp) -> Vec<OwnRecording> {
    let away = services.away.holds_on(day_in(&owner.zone, now));
    let language = services.language(owner);
    let own = |kind: RecordingKind| {
        Some(OwnRecording {
            id: services.recording(kind)?,
            is_name: kind == RecordingKind::Name,
            title: title(kind, language).to_owned(),
            is_heard: match kind {
                RecordingKind::Name => true,
                RecordingKind::Away => away,
                RecordingKind::Busy | RecordingKind::NoAnswer => !away,
            },
        })
    };
    RecordingKind::ALL.into_iter().filter_map(own).collect()
}

/// What a recording is, for people.
fn title(kind: RecordingKind, language: &Language) -> &'static str {
    let dutch = language.as_str().starts_with("nl");
    match (kind, dutch) {
        (RecordingKind::Name, true) => "Opgenomen naam",
        (RecordingKind::Busy, true) => "Begroeting bij in gesprek",
        (RecordingKind::NoAnswer, true) => "Begroeting bij geen antwoord",
        (RecordingKind::Away, true) => "Begroeting bij langere afwezigheid",
        (RecordingKind::Name, false) => "Recorded name",
        (RecordingKind::Busy, false) => "Busy greeting",
        (RecordingKind::NoAnswer, false) => "No-answer greeting",
        (RecordingKind::Away, false) => "Extended-away greeting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Date;
    use crate::mailbox::Limits;
    use crate::subscriber::{Away, AwayChange, Change, Delivery};

    fn owner() -> Profile {
        Profile {
            mailbox: MailboxId::parse("2001").unwrap(),
            name: "Anna".to_owned(),
            numbers: Vec::new(),
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: Delivery::local(),
            limits: Limits::default(),
        }
    }

    /// The titles of what callers hear, and of what they do not.
    fn heard(services: &Services, now: &str) -> [Vec<String>; 2] {
        let wanted = wanted(&owner(), services, now.parse().unwrap());
        let (on, off): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|own| own.is_heard);
        [on, off].map(|those| those.into_iter().map(|own| own.title).collect())
    }

    #[test]
    fn the_greetings_that_callers_hear_are_those_of_an_owner_who_is_there_or_away() {
        let mut services = Services::default();
        let [on, off] = heard(&services, "2026-11-26T12:00:00Z");
        assert!(on.is_empty() && off.is_empty());
        for kind in RecordingKind::ALL {
            let id = RecordingId::new(Timestamp::UNIX_EPOCH, [kind as u8; 10]);
            services.apply(&Change::Recording(kind, Some(id)));
        }
        let at_home = ["Begroeting bij in gesprek", "Begroeting bij geen antwoord"];
        let away = "Begroeting bij langere afwezigheid";
        let [on, off] = heard(&services, "2026-11-26T12:00:00Z");
        assert_eq!(on, ["Opgenomen naam", at_home[0], at_home[1]]);
        assert_eq!(off, [away]);
        services.apply(&Change::Away(AwayChange::from(Away {
            on: true,
            refuses_messages: false,
            last_day: Some(Date::constant(2026, 11, 26)),
        })));
        let [on, off] = heard(&services, "2026-11-26T22:59:00Z");
        assert_eq!(on, ["Opgenomen naam", away]);
        assert_eq!(off, at_home);
        // Midnight in Amsterdam: the last day is over.
        let [on, _] = heard(&services, "2026-11-26T23:00:00Z");
        assert_eq!(on, ["Opgenomen naam", at_home[0], at_home[1]]);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut again = Again::after(None);
        assert_eq!(again.pause, PAUSE);
        for _ in 0..10 {
            again = Again::after(Some(again));
        }
        assert_eq!(again.pause, PAUSE_MAX);
    }
}
