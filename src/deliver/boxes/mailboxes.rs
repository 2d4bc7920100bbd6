//! The mailbox threads: questions in, answers out, never on a caller's thread.
//!
//! One thread for the mailboxes of this machine, a few for each IMAP server. Laws: exactly one
//! answer for each question; those of one mailbox in their order; a slow mailbox holds up no
//! other as long as its server has a thread left, and a slow server no other server.

use super::lanes::Lanes;
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
}

struct Waiting {
    lanes: Lanes<Asked>,
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
                closing: false,
            }),
            news: Condvar::new(),
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
        for thread in self.threads.drain(..) {
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

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(desk: &Desk, work: &Work) {
    while let Some((mailbox, asked)) = desk.take() {
        // A listener that breaks must not take the thread, and the questions behind, with it.
        let answered = catch_unwind(AssertUnwindSafe(|| work.answer(&mailbox, &asked)));
        if answered.is_err() {
            tracing::error!(%mailbox, "an answer could not be handed on");
        }
        desk.done(&mailbox);
    }
}

impl Work {
    fn answer(&self, mailbox: &MailboxId, asked: &Asked) {
        let late = (self.clock)() - asked.at > WAIT_MAX;
        let answer = match &asked.owner {
            Some(owner) if !late => self.ask(owner, asked.question),
            Some(_) | None => unavailable(asked.question),
        };
        let changed = changes(&answer);
        (self.answer)(Answered {
            token: asked.token,
            mailbox: mailbox.clone(),
            answer,
        });
        if changed {
            (self.changed)(mailbox);
        }
    }

    fn ask(&self, owner: &Profile, question: Question) -> Answer {
        let truth = &self.truth;
        let answer = unbroken(|| {
            Ok(match question {
                Question::Command(command) => Answer::Reply(truth.command(owner, command)),
                Question::Audio(id) => Answer::Audio(id, truth.audio(owner, id)),
                Question::Tally => Answer::Tally(truth.tally(owner)),
            })
        });
        answer.unwrap_or_else(|_| unavailable(question))
    }
}

fn unavailable(question: Question) -> Answer {
    match question {
        Question::Command(command) => Answer::Reply(Reply::Failed(command, Fault::Unavailable)),
        Question::Audio(id) => Answer::Audio(id, Err(Fault::Unavailable)),
        Question::Tally => Answer::Tally(Err(Fault::Unavailable)),
    }
}

fn changes(answer: &Answer) -> bool {
    match answer {
        Answer::Reply(Reply::Done(command)) => match command {
            Command::MarkHeard(_)
            | Command::Delete(_)
            | Command::Undelete(_)
            | Command::Expunge => true,
            Command::List => false,
        },
        Answer::Reply(Reply::Listed(_) | Reply::Failed(..))
        | Answer::Audio(..)
        | Answer::Tally(_) => false,
    }
}
