//! What waits for one target: its lanes, who is due, and its breaker. Pure, virtual time.
//!
//! A lane is one leg of one mailbox. Its messages go in the order they were left, one at a time:
//! while the first waits for another try, the later ones wait behind it.

use super::breaker::Breaker;
use super::retry::{HOURLY, retry_after, slow_retry_after};
use crate::base::{MailboxId, MessageId, Mono};
use crate::deliver::vocabulary::{Blame, Fault, Retry};
use crate::mailbox::Leg;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Names a lane: whose messages, which way.
pub(super) type LaneKey = Arc<(MailboxId, Leg)>;

/// A message of a lane, by the moment something is to happen to it.
type Entry = (Mono, MessageId, LaneKey);

/// What a failure comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setback {
    /// Failures so far.
    pub failed: u32,
    /// How long to wait; `None` to give up.
    pub wait: Option<Duration>,
}

/// Everything that waits for one target.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    each: BTreeMap<LaneKey, Lane>,
    /// The first message of each lane that has none under way, by its moment.
    ready: BTreeSet<Entry>,
    /// Of those: the ones an operator wants tried whatever the breaker says.
    forced: BTreeSet<(MessageId, LaneKey)>,
    /// Every message that is not under way, by the moment its wait counts as one more failure.
    lapses: BTreeSet<Entry>,
    flying: usize,
    breaker: Breaker,
}

#[derive(Debug, Default)]
struct Lane {
    /// Those under way included.
    messages: BTreeMap<MessageId, Standing>,
    flight: Option<Flight>,
    /// Under which moment its first message stands in `ready`.
    listed: Option<(Mono, MessageId)>,
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    id: MessageId,
    probe: bool,
    /// The message is to be forgotten when it comes back.
    gone: bool,
    /// An operator wants it tried at once if it comes back.
    again: bool,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    failed: u32,
    due: Mono,
    lapse_at: Mono,
    /// It waits only because the target was not there.
    for_target: bool,
    forced: bool,
}

/// What may leave now.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) due: Mono,
    pub(super) id: MessageId,
    pub(super) lane: LaneKey,
    probe: bool,
}

impl Lanes {
    pub(super) fn flying(&self) -> usize {
        self.flying
    }

    pub(super) fn is_down(&self) -> bool {
        self.breaker.is_open()
    }

    /// Takes a message in.
    pub(super) fn add(&mut self, key: &LaneKey, id: MessageId, failed: u32, due: Mono) {
        let standing = Standing {
            failed,
            due,
            lapse_at: due + HOURLY,
            for_target: false,
            forced: false,
        };
        let lane = self.each.entry(Arc::clone(key)).or_default();
        lane.messages.insert(id, standing);
        self.lapses.insert((standing.lapse_at, id, Arc::clone(key)));
        self.relist(key);
    }

    /// What leaves next at this moment.
    pub(super) fn candidate(&self, now: Mono) -> Option<Candidate> {
        let of = |(due, id, lane): &Entry, probe| Candidate {
            due: *due,
            id: *id,
            lane: Arc::clone(lane),
            probe,
        };
        if !self.breaker.is_open() {
            let first = self.ready.first().filter(|(due, ..)| *due <= now);
            return first.map(|entry| of(entry, false));
        }
        if let Some((id, lane)) = self.forced.first() {
            return Some(of(&(Mono::ZERO, *id, Arc::clone(lane)), false));
        }
        let probe = self.breaker.next_probe().is_some_and(|at| at <= now);
        self.ready.first().filter(|_| probe).map(|e| of(e, true))
    }

    /// When [`Lanes::candidate`] will have one, if nothing comes back before.
    pub(super) fn next_at(&self) -> Option<Mono> {
        let (due, ..) = self.ready.first()?;
        if !self.breaker.is_open() {
            return Some(*due);
        }
        if self.forced.is_empty() {
            self.breaker.next_probe()
        } else {
            Some(Mono::ZERO)
        }
    }

    /// When [`Lanes::lapse`] will have one.
    pub(super) fn next_lapse(&self) -> Option<Mono> {
        self.lapses.first().map(|(at, ..)| *at)
    }

    /// A candidate leaves; the how-manieth time.
    pub(super) fn leave(&mut self, candidate: &Candidate, now: Mono) -> u32 {
        let (id, key) = (candidate.id, &candidate.lane);
        let Some(lane) = self.each.get_mut(key) else {
            return 0;
        };
        let Some(standing) = lane.messages.get_mut(&id) else {
            return 0;
        };
        standing.forced = false;
        lane.flight = Some(Flight {
            id,
            probe: candidate.probe,
            gone: false,
            again: false,
        });
        let (number, lapse_at) = (standing.failed + 1, standing.lapse_at);
        self.lapses.remove(&(lapse_at, id, Arc::clone(key)));
        self.flying += 1;
        if candidate.probe {
            self.breaker.probe(now);
        }
        self.relist(key);
        number
    }

    /// What left has arrived, or has nowhere to go any more (`answered`: the target said so).
    pub(super) fn done(&mut self, key: &LaneKey, id: MessageId, answered: bool, now: Mono) {
        self.land(key, id);
        if answered && self.breaker.answered() {
            self.release(now);
        }
        self.remove(key, id);
    }

    /// What left came back; `None` where its message was forgotten meanwhile.
    pub(super) fn failed(
        &mut self,
        key: &LaneKey,
        id: MessageId,
        fault: &Fault,
        now: Mono,
    ) -> Option<Setback> {
        let was_down = self.breaker.is_open();
        let flight = self.land(key, id);
        match (fault.retry, fault.blame) {
            (Retry::WhenBack, _) => self.breaker.failed(now),
            (Retry::Later | Retry::WhenEmptier | Retry::Never, Blame::Peer) => {
                if self.breaker.answered() {
                    self.release(now);
                }
            }
            (Retry::Later | Retry::WhenEmptier | Retry::Never, Blame::Us | Blame::Operator) => {}
        }
        if flight.is_none_or(|flight| flight.gone) {
            self.remove(key, id);
            return None;
        }
        let mut setback = self.set_back(key, id, fault.retry, was_down, now)?;
        if setback.wait.is_some() && flight.is_some_and(|flight| flight.again) {
            setback.wait = Some(Duration::ZERO);
            self.force(key, id, now);
        }
        self.relist(key);
        Some(setback)
    }

    /// Forgets a message; one that is under way, when it comes back. Whether it is forgotten now.
    pub(super) fn remove(&mut self, key: &LaneKey, id: MessageId) -> bool {
        let Some(lane) = self.each.get_mut(key) else {
            return true;
        };
        if let Some(flight) = lane.flight.as_mut().filter(|flight| flight.id == id) {
            flight.gone = true;
            return false;
        }
        if let Some(standing) = lane.messages.remove(&id) {
            self.lapses
                .remove(&(standing.lapse_at, id, Arc::clone(key)));
        }
        self.relist(key);
        true
    }

    /// An operator wants a message tried now, as if new, and those before it too.
    pub(super) fn retry(&mut self, key: &LaneKey, id: MessageId, now: Mono) {
        let Some(lane) = self.each.get_mut(key) else {
            return;
        };
        if let Some(flight) = lane.flight.as_mut().filter(|flight| flight.id <= id) {
            flight.again = true;
        }
        if let Some(standing) = lane.messages.get_mut(&id) {
            standing.failed = 0;
        }
        let up_to: Vec<_> = lane.messages.range(..=id).map(|(&id, _)| id).collect();
        for each in up_to {
            self.force(key, each, now);
        }
        self.relist(key);
    }

    fn force(&mut self, key: &LaneKey, id: MessageId, now: Mono) {
        let lane = self.each.get_mut(key);
        if let Some(standing) = lane.and_then(|lane| lane.messages.get_mut(&id)) {
            standing.forced = true;
            standing.due = standing.due.min(now);
        }
    }

    /// A message that has waited an hour without being tried, because its target is down or an
    /// earlier one is in its way: that counts as a failure, so that its time runs out too.
    pub(super) fn lapse(&mut self, now: Mono) -> Option<(MessageId, LaneKey, Setback)> {
        let (at, id, key) = self.lapses.first().cloned().filter(|(at, ..)| *at <= now)?;
        self.lapses.remove(&(at, id, Arc::clone(&key)));
        let lane = self.each.get_mut(&key)?;
        let standing = lane.messages.get_mut(&id)?;
        standing.failed = standing.failed.saturating_add(1);
        standing.lapse_at = now + HOURLY;
        let setback = Setback {
            failed: standing.failed,
            wait: retry_after(standing.failed, id).map(|_| HOURLY),
        };
        self.lapses
            .insert((standing.lapse_at, id, Arc::clone(&key)));
        Some((id, key, setback))
    }

    /// Ends a flight.
    fn land(&mut self, key: &LaneKey, id: MessageId) -> Option<Flight> {
        let lane = self.each.get_mut(key)?;
        let flight = lane.flight.take_if(|flight| flight.id == id)?;
        if let Some(standing) = lane.messages.get(&id) {
            self.lapses.insert((standing.lapse_at, id, Arc::clone(key)));
        }
        self.flying -= 1;
        if flight.probe {
            self.breaker.probed();
        }
        Some(flight)
    }

    fn set_back(
        &mut self,
        key: &LaneKey,
        id: MessageId,
        retry: Retry,
        was_down: bool,
        now: Mono,
    ) -> Option<Setback> {
        let standing = self.each.get_mut(key)?.messages.get_mut(&id)?;
        // While the target is down it is probed far more often than a message is tried: what
        // counts then is the time that passes.
        let counts = !(was_down && retry == Retry::WhenBack && standing.failed > 0);
        standing.failed = standing.failed.saturating_add(u32::from(counts));
        let failed = standing.failed;
        let wait = match retry {
            Retry::Later | Retry::WhenBack => retry_after(failed, id),
            Retry::WhenEmptier => slow_retry_after(failed, id),
            Retry::Never => None,
        };
        standing.for_target = retry == Retry::WhenBack;
        standing.forced = false;
        standing.due = now + wait.unwrap_or(HOURLY);
        if counts {
            let lapse_at = standing.due + HOURLY;
            let before = std::mem::replace(&mut standing.lapse_at, lapse_at);
            self.lapses.remove(&(before, id, Arc::clone(key)));
            self.lapses.insert((lapse_at, id, Arc::clone(key)));
        }
        Some(Setback { failed, wait })
    }

    /// The target is back: all that waited for it is due.
    fn release(&mut self, now: Mono) {
        let keys: Vec<_> = self.each.keys().cloned().collect();
        for key in keys {
            let lane = self.each.get_mut(&key);
            let messages = lane.into_iter().flat_map(|lane| lane.messages.values_mut());
            for standing in messages.filter(|standing| standing.for_target) {
                standing.for_target = false;
                standing.due = standing.due.min(now);
            }
            self.relist(&key);
        }
    }

    /// Brings `ready` and `forced` in step with a lane; drops a lane that is empty.
    fn relist(&mut self, key: &LaneKey) {
        let Some(lane) = self.each.get_mut(key) else {
            return;
        };
        if let Some((due, id)) = lane.listed.take() {
            self.ready.remove(&(due, id, Arc::clone(key)));
            self.forced.remove(&(id, Arc::clone(key)));
        }
        if lane.flight.is_some() {
            return;
        }
        let Some((&id, standing)) = lane.messages.first_key_value() else {
            self.each.remove(key);
            return;
        };
        lane.listed = Some((standing.due, id));
        self.ready.insert((standing.due, id, Arc::clone(key)));
        if standing.forced {
            self.forced.insert((id, Arc::clone(key)));
        }
    }
}
