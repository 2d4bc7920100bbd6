//! Watching mailboxes: what other programs do there is known within a second.
//!
//! In: which mailboxes to watch, and which to count again because something happened. Out: what
//! each comes to, with what waits for it in the outbox, whenever that changes.
//!
//! Mailboxes of this machine are looked at by one thread that compares the times of their folders
//! twice a second. At an IMAP server some are waited at, each by a thread and a connection of its
//! own; the others are counted in turn. Laws: what is told of a mailbox is never older than what
//! was told before; a mailbox that cannot be counted is told of as it is believed to be, and
//! again when it can; what comes for a mailbox at a server, or is done by telephone, is told of
//! before the server is asked, so that no lamp waits for one.

use super::post::{Post, Way};
use super::schedule::BackOff;
use super::stores::{Site, Stores};
use super::truth::{Seen, Truth, unbroken};
use crate::base::MailboxId;
use crate::deliver::StartFault;
use crate::deliver::servers::ImapServer;
use crate::deliver::vocabulary::Fault;
use crate::mailbox::Sight;
use crate::subscriber::{Profile, Roster};
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

/// A mailbox that is waited at is looked at that often even when it seems quiet: a server may
/// forget to tell.
const LOOK_ANYWAY: Duration = Duration::from_secs(300);

/// How often a mailbox of this machine is counted whose store has no stamps.
const POLL_HERE: Duration = Duration::from_secs(60);

/// Guesses are made when they are asked for.
const NO_POLL: Duration = Duration::MAX;

/// The stack of a thread that waits at a mailbox; there may be thousands.
const WAITER_STACK: usize = 512 << 10;

/// Running watch threads. Dropping it ends them, within about a second or the time-out of a
/// server.
pub struct Watches {
    roster: Arc<Roster>,
    truth: Arc<Truth>,
    board: Arc<Board>,
    posts: BTreeMap<Site, Arc<Post>>,
    /// Who is to be told of before the server was asked.
    guesses: Arc<Post>,
    threads: Vec<JoinHandle<()>>,
}

type Publish = Box<dyn Fn(MailboxId, Sight) + Send + Sync>;

/// What was told of each mailbox last.
struct Board {
    told: Mutex<HashMap<MailboxId, Told>>,
    publish: Publish,
}

#[derive(Default)]
struct Told {
    /// The look it came from.
    began: u64,
    /// `None` where the next look is told whatever it says.
    sight: Option<Sight>,
}

/// What a watch thread works with.
#[derive(Clone)]
struct Work {
    roster: Arc<Roster>,
    truth: Arc<Truth>,
    board: Arc<Board>,
    post: Arc<Post>,
}

/// How waiting at a mailbox ended.
enum End {
    /// It is watched no more.
    Stopped,
    /// The store cannot wait.
    CannotWait,
    /// The store cannot be reached.
    Unreachable(Fault),
    /// The connection broke that had worked.
    Cut(Fault),
}

impl Watches {
    /// Starts the threads. `publish` is called on them, one call at a time: it must not block.
    pub fn start(
        truth: Arc<Truth>,
        roster: Arc<Roster>,
        servers: &[ImapServer],
        publish: impl Fn(MailboxId, Sight) + Send + Sync + 'static,
    ) -> Result<Watches, StartFault> {
        let board = Arc::new(Board {
            told: Mutex::default(),
            publish: Box::new(publish),
        });
        let mut watches = Watches {
            roster,
            truth,
            board,
            posts: BTreeMap::new(),
            guesses: Arc::new(Post::new(NO_POLL, false)),
            threads: Vec::new(),
        };
        watches.guess()?;
        watches.add(Site::Here, Post::new(POLL_HERE, false), 0)?;
        for server in servers {
            let site = Site::Imap(server.name.clone());
            let all = watches.roster.all();
            let own = all.iter().filter(|owner| Stores::site(owner) == site);
            let waiters = own.count().min(server.watch_connections);
            watches.add(site, Post::new(server.poll, true), waiters)?;
        }
        Ok(watches)
    }

    /// From here on a mailbox is watched, and told of when it changes; first as it is now.
    pub fn watch(&self, mailbox: &MailboxId) {
        let Some(owner) = self.roster.by_mailbox(mailbox) else {
            return;
        };
        self.board.forget(mailbox);
        let post = self.post(owner);
        // What is kept nowhere does not change.
        if owner.delivery.is_heard_by_phone() {
            self.truth.follow(owner);
            post.watch(mailbox);
        }
        post.recount(mailbox);
    }

    /// No more.
    pub fn unwatch(&self, mailbox: &MailboxId) {
        if let Some(owner) = self.roster.by_mailbox(mailbox) {
            self.post(owner).unwatch(mailbox);
            self.truth.leave(owner);
        }
    }

    /// Something happened in a mailbox, watched or not: it is counted as soon as possible, and
    /// told of where that changed what is known.
    pub fn recount(&self, mailbox: &MailboxId) {
        if let Some(owner) = self.roster.by_mailbox(mailbox) {
            if Stores::site(owner) != Site::Here {
                self.guesses.recount(mailbox);
            }
            self.post(owner).recount(mailbox);
        }
    }

    /// The same, and the count is told whatever it says: whoever reckoned with the change before it
    /// was counted may have counted it twice.
    pub fn recount_aloud(&self, mailbox: &MailboxId) {
        self.board.forget(mailbox);
        self.recount(mailbox);
    }

    fn post(&self, owner: &Profile) -> &Post {
        let site = Stores::site(owner);
        // Here, what a server is missing for is found out of reach.
        let post = self.posts.get(&site).or(self.posts.get(&Site::Here));
        // invariant: the post of this machine is there from the start.
        #[allow(clippy::expect_used)]
        post.expect("the post of this machine")
    }

    fn guess(&mut self) -> Result<(), StartFault> {
        let work = self.work(&self.guesses);
        self.spawn("watch-guess", thread::Builder::new(), move || {
            work.guess_all();
        })
    }

    fn work(&self, post: &Arc<Post>) -> Work {
        Work {
            roster: Arc::clone(&self.roster),
            truth: Arc::clone(&self.truth),
            board: Arc::clone(&self.board),
            post: Arc::clone(post),
        }
    }

    fn add(&mut self, site: Site, post: Post, waiters: usize) -> Result<(), StartFault> {
        let post = Arc::new(post);
        let work = self.work(&post);
        self.posts.insert(site, post);
        let look = work.clone();
        self.spawn("watch", thread::Builder::new(), move || look.look_all())?;
        for _ in 0..waiters {
            let work = work.clone();
            let thread = thread::Builder::new().stack_size(WAITER_STACK);
            self.spawn("watch-idle", thread, move || work.wait_at_all())?;
        }
        Ok(())
    }

    fn spawn(
        &mut self,
        name: &str,
        thread: thread::Builder,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StartFault> {
        let thread = thread.name(name.to_owned()).spawn(work);
        self.threads.push(thread.map_err(StartFault)?);
        Ok(())
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        let posts = self.posts.values().chain([&self.guesses]);
        posts.for_each(|post| post.close());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a watch thread ended by a bug");
            }
        }
    }
}

impl Board {
    fn forget(&self, mailbox: &MailboxId) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = told.get_mut(mailbox) {
            told.sight = None;
        }
    }

    /// Tells what a look came to, unless a later look was told of already.
    fn tell(&self, mailbox: &MailboxId, seen: Seen) {
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = all.entry(mailbox.clone()).or_default();
        if told.sight.is_some() && told.began > seen.began {
            return;
        }
        told.began = seen.began;
        if told.sight.replace(seen.sight) != Some(seen.sight) {
            // Under the lock, so that nobody hears the older after the newer.
            (self.publish)(mailbox.clone(), seen.sight);
        }
    }
}

impl Work {
    fn look_all(&self) {
        while let Some(mailbox) = self.post.next() {
            if let Some(owner) = self.roster.by_mailbox(&mailbox) {
                self.look(owner);
            }
        }
    }

    /// Where nothing is known, and nothing came, there is nothing to tell before the look.
    fn guess_all(&self) {
        while let Some(mailbox) = self.post.next() {
            if let Some(owner) = self.roster.by_mailbox(&mailbox) {
                let seen = self.truth.guess(owner);
                if seen.sight != (Sight::Unknown { coming: 0 }) {
                    self.board.tell(&mailbox, seen);
                }
            }
        }
    }

    fn look(&self, owner: &Profile) {
        let at = SystemTime::now();
        let stamp = unbroken(|| Ok(self.truth.stamp(owner))).ok().flatten();
        if self.post.is_unchanged(&owner.mailbox, stamp) {
            return;
        }
        let seen = self.truth.look(owner);
        let stamp = stamp.map(|stamp| (stamp, at));
        let worked = match seen.sight {
            Sight::Counted(_) => true,
            Sight::Believed(_) | Sight::Unknown { .. } => false,
        };
        self.post.looked(&owner.mailbox, worked, stamp);
        self.board.tell(&owner.mailbox, seen);
    }

    fn wait_at_all(&self) {
        while let Some((mailbox, stop)) = self.post.claim() {
            let way = match self.roster.by_mailbox(&mailbox) {
                Some(owner) => self.wait_at(owner, &stop),
                None => Way::OnlyLooks,
            };
            self.post.release(&mailbox, &stop, way);
        }
    }

    /// Waits at a mailbox until it is watched no more, or its store says that it cannot.
    fn wait_at(&self, owner: &Profile, stop: &AtomicBool) -> Way {
        let mut back_off = BackOff::default();
        while !stop.load(Ordering::Acquire) {
            let attend = AssertUnwindSafe(|| self.attend(owner, stop, &mut back_off));
            let end = catch_unwind(attend).unwrap_or_else(|_| {
                End::Unreachable(Fault::ours("a mailbox store broke by a bug".into()))
            });
            let fault = match end {
                End::Stopped => break,
                End::CannotWait => return Way::OnlyLooks,
                End::Cut(fault) => fault,
                End::Unreachable(fault) => {
                    self.board.tell(&owner.mailbox, self.truth.guess(owner));
                    fault
                }
            };
            let wait = back_off.failed();
            tracing::debug!(mailbox = %owner.mailbox, %fault, ?wait, "a mailbox is not watched");
            self.post.pause(stop, wait);
        }
        Way::Looks
    }

    fn attend(&self, owner: &Profile, stop: &AtomicBool, back_off: &mut BackOff) -> End {
        let mut watch = match self.truth.watch(owner) {
            Ok(Some(watch)) => watch,
            Ok(None) => return End::CannotWait,
            Err(fault) => return End::Unreachable(fault),
        };
        loop {
            match self.truth.look_by(owner, || watch.snapshot()) {
                Ok(seen) => {
                    self.post.reached();
                    self.board.tell(&owner.mailbox, seen);
                }
                Err(fault) => return End::Unreachable(fault),
            }
            let quiet = Instant::now();
            while quiet.elapsed() < LOOK_ANYWAY {
                match watch.wait(stop, LOOK_ANYWAY) {
                    Ok(changed) => {
                        back_off.worked();
                        if stop.load(Ordering::Acquire) {
                            return End::Stopped;
                        }
                        if changed {
                            break;
                        }
                    }
                    Err(fault) => return End::Cut(fault),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{Tally, Usage};
    use std::sync::mpsc::channel;

    fn messages(began: u64, messages: u32) -> Seen {
        let usage = Usage {
            messages,
            ..Usage::default()
        };
        let sight = Sight::Counted(Tally {
            usage,
            ..Tally::default()
        });
        Seen { began, sight }
    }

    #[test]
    fn the_older_look_is_not_told_after_the_newer_and_no_news_not_twice() {
        let (publish, heard) = channel();
        let board = Board {
            told: Mutex::default(),
            publish: Box::new(move |_, sight| publish.send(sight).unwrap()),
        };
        let mailbox = MailboxId::parse("2001").unwrap();
        let unknown = |began| Seen {
            began,
            sight: Sight::Unknown { coming: 0 },
        };
        for seen in [
            messages(5, 1),
            messages(4, 7),
            messages(6, 1),
            messages(7, 2),
            unknown(8),
            unknown(9),
            messages(10, 2),
        ] {
            board.tell(&mailbox, seen);
        }
        board.forget(&mailbox);
        board.tell(&mailbox, messages(11, 2));
        drop(board);
        let [one, two] = [1, 2].map(|count| messages(0, count).sight);
        let told: Vec<_> = heard.iter().collect();
        assert_eq!(told, [one, two, unknown(0).sight, two, two]);
    }
}
