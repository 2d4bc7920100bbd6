//! The rounds: which message goes where next. Virtual time, no thread.
//!
//! In: what waits, what came of each try, the time. Out: trips to make, and messages whose time
//! has run out.
//!
//! Laws: each mailbox gets its messages in the order they were left, on each way of its own; a
//! target that is down holds up no other; no more trips at a time than [`Bounds`] says, in all and
//! to one target; a target that is down is probed once every [`PROBE_EVERY`](super::PROBE_EVERY)
//! at most, and when it answers all that waited for it is due; a message that cannot go ends after
//! about five days, whatever kept it; what an operator wants tried is tried at once.

use super::lanes::{LaneKey, Lanes, Setback};
use crate::base::{MailboxId, MessageId, Mono};
use crate::deliver::vocabulary::Fault;
use crate::mailbox::Leg;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A place that messages go to and that may be down: names a courier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target(Arc<str>);

impl Target {
    /// The target of this name.
    pub fn new(name: &str) -> Target {
        Target(Arc::from(name))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most trips under way.
    pub workers: usize,
    /// Of those: the most to one target, so that a slow one leaves room for the others.
    pub per_target: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            workers: 32,
            per_target: 8,
        }
    }
}

/// One message, to be taken one way now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trip {
    /// The message.
    pub id: MessageId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// Which way.
    pub leg: Leg,
    /// Where that leads.
    pub target: Target,
    /// The how-manieth try, from 1.
    pub number: u32,
}

/// A message that waited for an hour without being tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// The message.
    pub id: MessageId,
    /// Which way it waits to go.
    pub leg: Leg,
    /// Where that leads.
    pub target: Target,
    /// What that comes to: it counts as a failure.
    pub setback: Setback,
}

/// Who is due when.
#[derive(Debug, Default)]
pub struct Rounds {
    bounds: Bounds,
    targets: BTreeMap<Target, Lanes>,
    places: BTreeMap<(MessageId, Leg), (Target, LaneKey)>,
}

impl Rounds {
    /// Rounds with nothing to do.
    pub fn new(bounds: Bounds) -> Rounds {
        Rounds {
            bounds,
            ..Rounds::default()
        }
    }

    /// Takes in one way of a message that failed so often before and is due at `due`. One that is
    /// known already stays as it is.
    pub fn add(
        &mut self,
        target: &Target,
        mailbox: &MailboxId,
        id: MessageId,
        leg: &Leg,
        failed: u32,
        due: Mono,
    ) {
        let place = (id, leg.clone());
        if self.places.contains_key(&place) {
            return;
        }
        let lane = Arc::new((mailbox.clone(), leg.clone()));
        let lanes = self.targets.entry(target.clone()).or_default();
        lanes.add(&lane, id, failed, due);
        self.places.insert(place, (target.clone(), lane));
    }

    /// Whether any way of a message is known.
    pub fn knows(&self, id: MessageId) -> bool {
        self.legs(id).next().is_some()
    }

    /// The messages known, each once.
    pub fn all(&self) -> Vec<MessageId> {
        let mut all: Vec<_> = self.places.keys().map(|(id, _)| *id).collect();
        all.dedup();
        all
    }

    /// Trips under way.
    pub fn flying(&self) -> usize {
        self.targets.values().map(Lanes::flying).sum()
    }

    /// Whether a target is down and only probed.
    pub fn is_down(&self, target: &Target) -> bool {
        self.targets.get(target).is_some_and(Lanes::is_down)
    }

    /// The trip to make now: of all that may leave, the one that waits longest. It is under way
    /// until [`Rounds::done`] or [`Rounds::failed`].
    pub fn next(&mut self, now: Mono) -> Option<Trip> {
        if self.flying() >= self.bounds.workers {
            return None;
        }
        let free = self
            .targets
            .iter()
            .filter(|(_, lanes)| lanes.flying() < self.bounds.per_target);
        let (target, candidate) = free
            .filter_map(|(target, lanes)| Some((target.clone(), lanes.candidate(now)?)))
            .min_by_key(|(_, candidate)| (candidate.due, candidate.id))?;
        let number = self.targets.get_mut(&target)?.leave(&candidate, now);
        let (mailbox, leg) = (*candidate.lane).clone();
        Some(Trip {
            id: candidate.id,
            mailbox,
            leg,
            target,
            number,
        })
    }

    /// When [`Rounds::next`] or [`Rounds::lapse`] will have something, if no trip ends before.
    pub fn poll_timeout(&self) -> Option<Mono> {
        let full = self.flying() >= self.bounds.workers;
        let each = self.targets.values().flat_map(|lanes| {
            let free = !full && lanes.flying() < self.bounds.per_target;
            let next = lanes.next_at().filter(|_| free);
            next.into_iter().chain(lanes.next_lapse())
        });
        each.min()
    }

    /// A trip arrived.
    pub fn done(&mut self, id: MessageId, leg: &Leg, now: Mono) {
        self.end(id, leg, true, now);
    }

    /// A trip had nothing to take: its message is gone. That says nothing of the target.
    pub fn vanished(&mut self, id: MessageId, leg: &Leg, now: Mono) {
        self.end(id, leg, false, now);
    }

    /// A trip failed: how often so far, and how long to wait; `None` where it was to be forgotten.
    /// What is to be given up stays here, due again in an hour, until it is
    /// [removed](Rounds::remove).
    pub fn failed(
        &mut self,
        id: MessageId,
        leg: &Leg,
        fault: &Fault,
        now: Mono,
    ) -> Option<Setback> {
        let place = (id, leg.clone());
        let (target, lane) = self.places.get(&place)?;
        let setback = self.targets.get_mut(target)?.failed(lane, id, fault, now);
        if setback.is_none() {
            self.places.remove(&place);
        }
        setback
    }

    /// One way of a message is not to be gone any more. What is under way is forgotten when it
    /// ends.
    pub fn remove(&mut self, id: MessageId, leg: &Leg) {
        let place = (id, leg.clone());
        if let Some((target, lane)) = self.places.get(&place)
            && let Some(lanes) = self.targets.get_mut(target)
            && lanes.remove(lane, id)
        {
            self.places.remove(&place);
        }
    }

    /// The same for every way of a message; whose it is.
    pub fn forget(&mut self, id: MessageId) -> Option<MailboxId> {
        let legs: Vec<_> = self.legs(id).map(|(leg, _)| leg.clone()).collect();
        let mailbox = self.legs(id).map(|(_, (_, lane))| lane.0.clone()).next();
        for leg in legs {
            self.remove(id, &leg);
        }
        mailbox
    }

    /// An operator wants a message tried now, all its ways, as if it were new.
    pub fn retry(&mut self, id: MessageId, now: Mono) {
        let places: Vec<_> = self.legs(id).map(|(_, place)| place.clone()).collect();
        for (target, lane) in places {
            if let Some(lanes) = self.targets.get_mut(&target) {
                lanes.retry(&lane, id, now);
            }
        }
    }

    /// The next message that waited for an hour without being tried; call until there is none.
    pub fn lapse(&mut self, now: Mono) -> Option<Lapse> {
        let lapsed = |(target, lanes): (&Target, &mut Lanes)| {
            let (id, lane, setback) = lanes.lapse(now)?;
            Some(Lapse {
                id,
                leg: lane.1.clone(),
                target: target.clone(),
                setback,
            })
        };
        self.targets.iter_mut().find_map(lapsed)
    }

    fn end(&mut self, id: MessageId, leg: &Leg, answered: bool, now: Mono) {
        if let Some((target, lane)) = self.places.remove(&(id, leg.clone()))
            && let Some(lanes) = self.targets.get_mut(&target)
        {
            lanes.done(&lane, id, answered, now);
        }
    }

    fn legs(&self, id: MessageId) -> impl Iterator<Item = (&Leg, &(Target, LaneKey))> {
        // The legs of a message stand together, and the first there can be is the store.
        let from = self.places.range((id, Leg::Store)..);
        from.take_while(move |((each, _), _)| *each == id)
            .map(|((_, leg), place)| (leg, place))
    }
}
