//! The mailbox threads: questions in, answers out, never on a caller's thread.
//!
//! One thread for the mailboxes of this machine, a few for each IMAP server. Laws: exactly one
//! answer for each question; those of one mailbox in their order; a slow mailbox holds up no
//! other as long as its server has a thread left, and a slow server no other server; a server that
//! is lost costs no caller a wait: it is asked once in a while by a thread of its own, and until it
//! answers its mailboxes hold what waits for them in the outbox.

use super::lanes::Lanes;
use super::reach::{Outcome, Reach};
use super::stores::{Site, Stores};
use super::truth::{Truth, unbroken};
use crate::base::{MailboxId, Mono};
use crate::deliver::StartFault;
use crate::deliver::servers::ImapServer;
use crate::deliver::vocabulary::{Answer, Answered, Busy, Question, Token};
use crate::mailbox::{Command, Fault, Reply};
use crate::subscriber::{Profile, Roster};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The most questions that wait, for this machine and for each IMAP server.
pub const QUESTIONS_MAX: usize = 4_096;

/// The longest that a question waits; its call has given it up by then, and the server is not
/// asked any more.
pub const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a lost server is left alone after it was asked in vain.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// Running mailbox threads. Dropping it answers what was asked and ends the threads.
pub struct Mailboxes {
    roster: Arc<Roster>,
    pools: BTreeMap<Site, Pool>,
    clock: Clock,
}

/// Time since some moment.
pub(super) type Clock = Arc<dyn Fn() -> Mono + Send + Sync>;

/// The threads of one site.
struct Pool {
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
}

/// Where the threads of a site find their work.
struct Desk {
    state: Mutex<Waiting>,
    news: Condvar,
    /// All is over.
    closed: Condvar,
}

struct Waiting {
    lanes: Lanes<Asked>,
    reach: Reach,
    /// Finds out whether a lost server is back; the last one.
    probe: Option<JoinHandle<()>>,
    closing: bool,
}

struct Asked {
    token: Token,
    owner: Option<Arc<Profile>>,
    question: Question,
    at: Mono,
}

/// What every thread works with.
struct Work {
    truth: Arc<Truth>,
    /// For those whose server is lost.
    apart: Truth,
    clock: Clock,
    changed: Box<dyn Fn(&MailboxId) + Send + Sync>,
    answer: Box<dyn Fn(Answered) + Send + Sync>,
}

impl Mailboxes {
    /// Starts the threads: for each IMAP server half as many as it takes connections. Answers are
    /// handed to `answer`, and mailboxes that a question changed to `changed`, on any of them:
    /// neither must block.
    pub fn start(
        truth: Arc<Truth>,
        roster: Arc<Roster>,
        servers: &[ImapServer],
        changed: impl Fn(&MailboxId) + Send + Sync + 'static,
        answer: impl Fn(Answered) + Send + Sync + 'static,
    ) -> Result<Mailboxes, StartFault> {
        let start = Instant::now();
        let clock: Clock = Arc::new(move || Mono::since_start(start.elapsed()));
        Mailboxes::with_clock(truth, roster, servers, clock, changed, answer)
    }

    /// The same by a clock of one's own.
    pub(super) fn with_clock(
        truth: Arc<Truth>,
        roster: Arc<Roster>,
        servers: &[ImapServer],
        clock: Clock,
        changed: impl Fn(&MailboxId) + Send + Sync + 'static,
        answer: impl Fn(Answered) + Send + Sync + 'static,
    ) -> Result<Mailboxes, StartFault> {
        let work = Work {
            apart: truth.apart(),
            truth,
            clock: Arc::clone(&clock),
            changed: Box::new(changed),
            answer: Box::new(answer),
        };
        let work = Arc::new(work);
        let here = Pool::start("mailboxes", 1, &work)?;
        let mut pools = BTreeMap::from([(Site::Here, here)]);
        for server in servers {
            let name = format!("imap {}", server.name);
            let pool = Pool::start(&name, (server.connections / 2).max(1), &work)?;
            pools.insert(Site::Imap(server.name.clone()), pool);
        }
        Ok(Mailboxes {
            roster,
            pools,
            clock,
        })
    }

    /// Asks a mailbox; exactly one answer with this token follows.
    pub fn ask(&self, token: Token, mailbox: MailboxId, question: Question) -> Result<(), Busy> {
        let owner = self.roster.by_mailbox(&mailbox).cloned();
        let site = owner.as_deref().map_or(Site::Here, Stores::site);
        let pool = self.pools.get(&site).or(self.pools.get(&Site::Here));
        let asked = Asked {
            token,
            owner,
            question,
            at: (self.clock)(),
        };
        pool.ok_or(Busy)?.desk.put(mailbox, asked)
    }
}

impl Pool {
    fn start(name: &str, threads: usize, work: &Arc<Work>) -> Result<Pool, StartFault> {
        let desk = Arc::new(Desk {
            state: Mutex::new(Waiting {
                lanes: Lanes::new(QUESTIONS_MAX),
                reach: Reach::default(),
                probe: None,
                closing: false,
            }),
            news: Condvar::new(),
            closed: Condvar::new(),
        });
        let mut pool = Pool {
            desk,
            threads: Vec::new(),
        };
        for _ in 0..threads {
            let (desk, work) = (Arc::clone(&pool.desk), Arc::clone(work));
            let thread = thread::Builder::new().name(name.to_owned());
            let thread = thread
                .spawn(move || run(&desk, &work))
                .map_err(StartFault)?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.desk.lock().closing = true;
        self.desk.news.notify_all();
        self.desk.closed.notify_all();
        let mut threads = std::mem::take(&mut self.threads);
        while let Some(thread) = threads.pop().or_else(|| self.desk.lock().probe.take()) {
            if thread.join().is_err() {
                tracing::error!("a mailbox thread ended by a bug");
            }
        }
    }
}

impl Desk {
    fn put(&self, mailbox: MailboxId, asked: Asked) -> Result<(), Busy> {
        let put = self.lock().lanes.push(mailbox, asked);
        self.news.notify_one();
        put.map_err(|_| Busy)
    }

    /// The next question; `None` when the last one is taken and no more come.
    fn take(&self) -> Option<(MailboxId, Asked)> {
        let mut state = self.lock();
        loop {
            if let Some(taken) = state.lanes.take() {
                return Some(taken);
            }
            if state.closing {
                return None;
            }
            let woken = self.news.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, mailbox: &MailboxId) {
        self.lock().lanes.done(mailbox);
        self.news.notify_one();
    }

    /// A question took so long; whether its server is lost by it.
    fn asked(&self, took: Duration, outcome: Outcome) -> bool {
        self.lock().reach.asked(took, outcome)
    }

    fn is_lost(&self) -> bool {
        self.lock().reach.is_lost()
    }

    /// Waits at most so long; whether all is over.
    fn closed_within(&self, patience: Duration) -> bool {
        let waits = |state: &mut Waiting| !state.closing;
        let waited = self.closed.wait_timeout_while(self.lock(), patience, waits);
        waited.unwrap_or_else(PoisonError::into_inner).0.closing
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(desk: &Arc<Desk>, work: &Arc<Work>) {
    while let Some((mailbox, asked)) = desk.take() {
        // A listener that breaks must not take the thread, and the questions behind, with it.
        let answered = catch_unwind(AssertUnwindSafe(|| work.answer(desk, &mailbox, &asked)));
        match answered {
            Ok(true) => probe(desk, work, asked.owner),
            Ok(false) => {}
            Err(_) => tracing::error!(%mailbox, "an answer could not be handed on"),
        }
        desk.done(&mailbox);
    }
}

/// Asks a lost server until it answers, beside the threads that callers wait for.
fn probe(desk: &Arc<Desk>, work: &Arc<Work>, owner: Option<Arc<Profile>>) {
    let Some(owner) = owner else {
        return;
    };
    tracing::warn!(mailbox = %owner.mailbox, "a mail server does not answer: nobody waits for it");
    let (shared, work) = (Arc::clone(desk), Arc::clone(work));
    let thread = thread::Builder::new().name("mailbox-probe".into());
    let thread =
        thread.spawn(
            move || {
                while !work.finds(&shared, &owner) && !shared.closed_within(PROBE_EVERY) {}
            },
        );
    let mut state = desk.lock();
    match thread {
        Ok(thread) => state.probe = Some(thread),
        Err(fault) => {
            tracing::error!(%fault, "cannot start a thread to look for a mail server");
            state.reach.forget();
        }
    }
}

impl Work {
    /// Answers one question; whether its server is lost by it.
    fn answer(&self, desk: &Desk, mailbox: &MailboxId, asked: &Asked) -> bool {
        let begun = (self.clock)();
        let late = begun - asked.at > WAIT_MAX;
        let lost = desk.is_lost();
        let truth = if lost { &self.apart } else { &self.truth };
        let answer = match &asked.owner {
            Some(owner) if !late => ask(truth, owner, &asked.question),
            Some(_) | None => unavailable(&asked.question),
        };
        let (changed, outcome) = (changes(&answer), outcome(&answer));
        let took = (self.clock)() - begun;
        (self.answer)(Answered {
            token: asked.token,
            mailbox: mailbox.clone(),
            answer,
        });
        if changed {
            (self.changed)(mailbox);
        }
        let far = asked.owner.as_deref().map(Stores::site) != Some(Site::Here);
        far && !late && !lost && desk.asked(took, outcome)
    }

    /// Asks a lost server once; whether it is found.
    fn finds(&self, desk: &Desk, owner: &Profile) -> bool {
        let begun = (self.clock)();
        let outcome = outcome(&ask(&self.truth, owner, &Question::Tally));
        desk.asked((self.clock)() - begun, outcome);
        let found = !desk.is_lost();
        if found {
            tracing::info!(mailbox = %owner.mailbox, "a mail server answers again");
        }
        found
    }
}

fn ask(truth: &Truth, owner: &Profile, question: &Question) -> Answer {
    let answer = unbroken(|| {
        Ok(match question {
            Question::Command(command) => Answer::Reply(truth.command(owner, command.clone())),
            Question::Audio(id) => Answer::Audio(*id, truth.audio(owner, *id)),
            Question::Tally => Answer::Tally(truth.tally(owner)),
        })
    });
    answer.unwrap_or_else(|_| unavailable(question))
}

/// What an answer says of the server. What went well may have come from the outbox alone.
fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Reply(Reply::Listed(listing)) if listing.partial => Outcome::Unanswered,
        Answer::Reply(Reply::Failed(_, Fault::Unavailable))
        | Answer::Audio(_, Err(Fault::Unavailable))
        | Answer::Tally(Err(Fault::Unavailable)) => Outcome::Unanswered,
        Answer::Reply(Reply::Listed(_)) | Answer::Tally(Ok(_)) => Outcome::Answered,
        Answer::Reply(Reply::Done(_) | Reply::Failed(_, Fault::Gone | Fault::Damaged))
        | Answer::Audio(_, Ok(_) | Err(Fault::Gone | Fault::Damaged))
        | Answer::Tally(Err(Fault::Gone | Fault::Damaged)) => Outcome::Unclear,
    }
}

fn unavailable(question: &Question) -> Answer {
    match question {
        Question::Command(command) => {
            Answer::Reply(Reply::Failed(command.clone(), Fault::Unavailable))
        }
        Question::Audio(id) => Answer::Audio(*id, Err(Fault::Unavailable)),
        Question::Tally => Answer::Tally(Err(Fault::Unavailable)),
    }
}

fn changes(answer: &Answer) -> bool {
    match answer {
        Answer::Reply(Reply::Done(command)) => match command {
            Command::MarkHeard(_)
            | Command::Delete(_)
            | Command::DeleteAll(_)
            | Command::Undelete(_)
            | Command::Expunge => true,
            Command::List => false,
        },
        Answer::Reply(Reply::Listed(_) | Reply::Failed(..))
        | Answer::Audio(..)
        | Answer::Tally(_) => false,
    }
}
