//! What the watch threads of one site share: who is watched, how, and who is due for a look.
//!
//! Laws: a mailbox is waited at by one thread at most; one that is not waited at is looked at
//! again and again; while a server does not answer, it is asked once in a while and not once for
//! each of its mailboxes.

use super::schedule::{BackOff, Schedule};
use crate::base::{MailboxId, Mono};
use crate::deliver::vocabulary::Stamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How often the stamp of a mailbox of this machine is looked at.
const STAMP_EVERY: Duration = Duration::from_millis(500);

/// A change that is younger may hide another one behind the same stamp. The clock behind a
/// folder's time moves every 10 ms at the slowest; file systems that keep whole seconds move it
/// every second.
const UNSETTLED: Duration = Duration::from_millis(1_100);

/// How many looks in a row fail until a server counts as gone.
const FAILURES_MAX: u32 = 3;

/// The watch of one site.
#[derive(Debug)]
pub(super) struct Post {
    start: Instant,
    /// How often a mailbox without stamp, that nobody waits at, is looked at.
    poll: Duration,
    /// Whether the mailboxes fare alike: those of an IMAP server.
    alike: bool,
    state: Mutex<State>,
    /// Someone is due, or all is over.
    due: Condvar,
    /// Someone may be waited at or no more, or all is over.
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    watched: BTreeMap<MailboxId, Watched>,
    schedule: Schedule,
    /// Mailboxes that a thread may come and wait at.
    free: VecDeque<MailboxId>,
    back_off: BackOff,
    /// No look before.
    not_before: Mono,
    closing: bool,
}

#[derive(Debug)]
struct Watched {
    way: Way,
    /// Whoever waits at it is to come back.
    stop: Arc<AtomicBool>,
    /// As it was at the last look; `None` where the next look must count.
    stamp: Option<Stamp>,
    back_off: BackOff,
}

/// How a mailbox is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By looks, until a thread comes and waits at it.
    Looks,
    /// By looks for good: its store cannot wait.
    OnlyLooks,
    /// By a thread that waits at it.
    Waited,
}

impl Post {
    pub(super) fn new(poll: Duration, alike: bool) -> Post {
        Post {
            start: Instant::now(),
            poll,
            alike,
            state: Mutex::default(),
            due: Condvar::new(),
            free: Condvar::new(),
        }
    }

    /// From here on a mailbox is watched.
    pub(super) fn watch(&self, mailbox: &MailboxId) {
        let mut state = self.lock();
        if state.watched.contains_key(mailbox) {
            return;
        }
        let watched = Watched {
            way: Way::Looks,
            stop: Arc::default(),
            stamp: None,
            back_off: BackOff::default(),
        };
        state.watched.insert(mailbox.clone(), watched);
        state.schedule.ask(mailbox);
        state.free.push_back(mailbox.clone());
        drop(state);
        self.due.notify_one();
        // One who pauses before another try would take the only call, and do nothing with it.
        self.free.notify_all();
    }

    /// No more.
    pub(super) fn unwatch(&self, mailbox: &MailboxId) {
        let mut state = self.lock();
        state.schedule.never(mailbox);
        state.free.retain(|free| free != mailbox);
        if let Some(watched) = state.watched.remove(mailbox) {
            watched.stop.store(true, Ordering::Release);
        }
        drop(state);
        self.free.notify_all();
    }

    /// A mailbox is to be counted as soon as possible, watched or not.
    pub(super) fn recount(&self, mailbox: &MailboxId) {
        let mut state = self.lock();
        if let Some(watched) = state.watched.get_mut(mailbox) {
            watched.stamp = None;
        }
        state.schedule.ask(mailbox);
        drop(state);
        self.due.notify_one();
    }

    /// Ends all waits.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        for watched in state.watched.values() {
            watched.stop.store(true, Ordering::Release);
        }
        drop(state);
        self.due.notify_all();
        self.free.notify_all();
    }

    /// The next mailbox to look at, when its time has come; `None` when all is over.
    pub(super) fn next(&self) -> Option<MailboxId> {
        let mut state = self.lock();
        while !state.closing {
            let now = self.now();
            let due = state.schedule.poll_timeout();
            let due = due.map(|time| time.max(state.not_before));
            if due.is_some_and(|due| due <= now)
                && let Some(mailbox) = state.schedule.take(now)
            {
                return Some(mailbox);
            }
            state = match due {
                Some(due) => {
                    let woken = self.due.wait_timeout(state, due - now);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.due.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        None
    }

    /// Whether a watched mailbox is as it was at the last look; it is looked at again in a while.
    pub(super) fn is_unchanged(&self, mailbox: &MailboxId, stamp: Option<Stamp>) -> bool {
        let mut state = self.lock();
        let watched = state.watched.get(mailbox);
        let unchanged = stamp.is_some() && watched.is_some_and(|known| known.stamp == stamp);
        if unchanged {
            state.schedule.at(mailbox, self.now() + STAMP_EVERY);
        }
        unchanged
    }

    /// A mailbox was counted, or could not be; `stamp` as it was before, at the time `at`.
    pub(super) fn looked(
        &self,
        mailbox: &MailboxId,
        worked: bool,
        stamp: Option<(Stamp, SystemTime)>,
    ) {
        let now = self.now();
        let mut state = self.lock();
        state.site_answered(self.alike, worked, now);
        let Some(watched) = state.watched.get_mut(mailbox) else {
            return;
        };
        let wait = if worked {
            watched.back_off.worked();
            watched.stamp = stamp.and_then(|(stamp, at)| is_settled(stamp, at).then_some(stamp));
            stamp.map_or(self.poll, |_| STAMP_EVERY)
        } else {
            watched.stamp = None;
            watched.back_off.failed()
        };
        if watched.way != Way::Waited {
            state.schedule.at(mailbox, now + wait);
        }
    }

    /// The site answered somebody who does not look by turns.
    pub(super) fn reached(&self) {
        let now = self.now();
        self.lock().site_answered(self.alike, true, now);
        self.due.notify_one();
    }

    /// A mailbox to wait at, and the sign to stop; `None` when all is over.
    pub(super) fn claim(&self) -> Option<(MailboxId, Arc<AtomicBool>)> {
        let mut state = self.lock();
        while !state.closing {
            if let Some(mailbox) = state.free.pop_front() {
                if let Some(watched) = state.watched.get_mut(&mailbox) {
                    watched.way = Way::Waited;
                    let stop = Arc::clone(&watched.stop);
                    state.schedule.never(&mailbox);
                    return Some((mailbox, stop));
                }
                continue;
            }
            let woken = self.free.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Nobody waits at a mailbox any more; how it is watched from here on, where it still is.
    pub(super) fn release(&self, mailbox: &MailboxId, stop: &Arc<AtomicBool>, way: Way) {
        let mut state = self.lock();
        let watched = state.watched.get_mut(mailbox);
        // It may have been watched anew meanwhile, by a sign of its own.
        if let Some(watched) = watched.filter(|watched| Arc::ptr_eq(&watched.stop, stop)) {
            watched.way = way;
            state.schedule.ask(mailbox);
            self.due.notify_one();
        }
    }

    /// Waits before another try, unless told to stop.
    pub(super) fn pause(&self, stop: &AtomicBool, wait: Duration) {
        let waits = |_: &mut State| !stop.load(Ordering::Acquire);
        drop(self.free.wait_timeout_while(self.lock(), wait, waits));
    }

    fn now(&self) -> Mono {
        Mono::since_start(self.start.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Spares a server that did not answer several times in a row.
    fn site_answered(&mut self, alike: bool, worked: bool, now: Mono) {
        if worked {
            self.back_off.worked();
            self.not_before = Mono::ZERO;
        } else if alike {
            let wait = self.back_off.failed();
            if self.back_off.failures() >= FAILURES_MAX {
                self.not_before = now + wait;
            }
        }
    }
}

/// Whether a later change will show in the stamp. One from the future may still come again.
fn is_settled(stamp: Stamp, at: SystemTime) -> bool {
    let settled = |time: SystemTime| at.duration_since(time).is_ok_and(|age| age >= UNSETTLED);
    stamp.0.into_iter().flatten().all(settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    #[test]
    fn a_stamp_counts_only_when_no_later_change_can_hide_behind_it() {
        let at = SystemTime::now();
        let aged = |millis| at - Duration::from_millis(millis);
        assert!(is_settled(Stamp([Some(aged(1_200)), None]), at));
        assert!(!is_settled(Stamp([Some(aged(1_200)), Some(aged(5))]), at));
        let future = at + Duration::from_secs(5);
        assert!(!is_settled(Stamp([Some(future), None]), at));

        let post = Post::new(Duration::from_secs(60), false);
        post.watch(&mailbox("1"));
        assert_eq!(post.next(), Some(mailbox("1")));
        let young = Stamp([Some(aged(5)), None]);
        post.looked(&mailbox("1"), true, Some((young, at)));
        assert!(!post.is_unchanged(&mailbox("1"), Some(young)));
        let old = Stamp([Some(aged(2_000)), None]);
        post.looked(&mailbox("1"), true, Some((old, at)));
        assert!(post.is_unchanged(&mailbox("1"), Some(old)));
        post.recount(&mailbox("1"));
        assert!(!post.is_unchanged(&mailbox("1"), Some(old)), "asked for");
    }

    #[test]
    fn a_server_that_is_gone_is_not_asked_for_each_mailbox() {
        let mut state = State::default();
        for _ in 1..FAILURES_MAX {
            state.site_answered(true, false, Mono::ZERO);
        }
        assert_eq!(state.not_before, Mono::ZERO);
        state.site_answered(true, false, Mono::ZERO);
        assert_eq!(state.not_before.elapsed(), Duration::from_secs(4));
        state.site_answered(true, true, Mono::ZERO);
        assert_eq!(state.not_before, Mono::ZERO);
        for _ in 0..10 {
            state.site_answered(false, false, Mono::ZERO);
        }
        assert_eq!(state.not_before, Mono::ZERO, "mailboxes here fare apart");
    }

    #[test]
    fn a_thread_that_pauses_keeps_no_mailbox_from_one_that_is_free() {
        let post = Arc::new(Post::new(Duration::from_secs(60), true));
        let stop = Arc::new(AtomicBool::new(false));
        let pause = {
            let (post, stop) = (Arc::clone(&post), Arc::clone(&stop));
            std::thread::spawn(move || post.pause(&stop, Duration::from_secs(600)))
        };
        for n in 0..200 {
            let (sender, claimed) = std::sync::mpsc::channel();
            let free = Arc::clone(&post);
            let claim = std::thread::spawn(move || {
                sender.send(None).unwrap();
                sender
                    .send(free.claim().map(|(mailbox, _)| mailbox))
                    .unwrap();
            });
            assert_eq!(claimed.recv(), Ok(None));
            std::thread::yield_now();
            let mailbox = mailbox(&n.to_string());
            post.watch(&mailbox);
            let patience = Duration::from_secs(20);
            assert_eq!(claimed.recv_timeout(patience), Ok(Some(mailbox)));
            claim.join().unwrap();
        }
        stop.store(true, Ordering::Release);
        post.close();
        pause.join().unwrap();
    }

    #[test]
    fn a_mailbox_that_is_waited_at_is_looked_at_only_on_request() {
        let post = Post::new(Duration::ZERO, true);
        post.watch(&mailbox("1"));
        assert_eq!(post.next(), Some(mailbox("1")));
        let (claimed, stop) = post.claim().unwrap();
        assert_eq!(claimed, mailbox("1"));
        post.looked(&mailbox("1"), true, None);
        assert_eq!(post.lock().schedule.poll_timeout(), None);
        post.recount(&mailbox("1"));
        assert_eq!(post.next(), Some(mailbox("1")));
        post.unwatch(&mailbox("1"));
        assert!(stop.load(Ordering::Acquire));
        post.watch(&mailbox("1"));
        let (_, anew) = post.claim().unwrap();
        post.release(&mailbox("1"), &stop, Way::OnlyLooks);
        assert_eq!(post.lock().watched[&mailbox("1")].way, Way::Waited);
        post.release(&mailbox("1"), &anew, Way::OnlyLooks);
        assert_eq!(post.next(), Some(mailbox("1")));
        post.close();
        assert_eq!((post.next(), post.claim().is_none()), (None, true));
    }
}
