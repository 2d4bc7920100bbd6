//! Which mailboxes are watched for their lamps, and when each is to be counted.
//!
//! A mailbox has at most one question under way. What happens meanwhile is asked for once more
//! when the answer is there, since that may have been counted before it. Values and times only;
//! the questions themselves are the edge's.

use crate::base::{MailboxId, Mono};
use crate::call::PATIENCE;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

/// How often a watched mailbox is counted where nothing says that it changed: a lamp follows what
/// other programs do to a mailbox within this.
const EVERY: Duration = Duration::from_secs(1);
/// The most mailboxes counted in one round; where more are watched they take turns.
const ROUND: usize = 500;

/// The mailboxes that are watched.
#[derive(Debug, Default)]
pub(super) struct Watching {
    all: BTreeMap<MailboxId, Count>,
    /// When the next round of counting begins.
    round: Option<Mono>,
    /// The last mailbox of the round before.
    last: Option<MailboxId>,
}

/// Where the counting of one mailbox stands.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Since when a question is under way.
    asked: Option<Mono>,
    /// Whether it is to be asked again after that.
    again: bool,
}

impl Watching {
    /// Watches a mailbox; it is to be counted now.
    pub(super) fn add(&mut self, now: Mono, mailbox: &MailboxId) {
        self.all.entry(mailbox.clone()).or_default();
        self.round.get_or_insert(now + EVERY);
    }

    /// Watches a mailbox no longer.
    pub(super) fn remove(&mut self, mailbox: &MailboxId) {
        self.all.remove(mailbox);
        if self.all.is_empty() {
            self.round = None;
        }
    }

    /// A mailbox may have changed. Says whether to ask for its count now.
    pub(super) fn ask(&mut self, now: Mono, mailbox: &MailboxId) -> bool {
        let Some(count) = self.all.get_mut(mailbox) else {
            return false;
        };
        // A question nobody answers is given up as those of the calls are.
        let waits = count.asked.is_some_and(|at| now - at < PATIENCE);
        count.again = waits;
        if !waits {
            count.asked = Some(now);
        }
        !waits
    }

    /// The count of a mailbox is there. Says whether to ask once more.
    pub(super) fn answered(&mut self, now: Mono, mailbox: &MailboxId) -> bool {
        let Some(count) = self.all.get_mut(mailbox) else {
            return false;
        };
        count.asked = count.again.then_some(now);
        std::mem::take(&mut count.again)
    }

    /// When [`Watching::due`] has something to say.
    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        self.round
    }

    /// The mailboxes whose turn it is, once a second.
    pub(super) fn due(&mut self, now: Mono) -> Vec<MailboxId> {
        if self.round.is_none_or(|round| round > now) {
            return Vec::new();
        }
        self.round = Some(now + EVERY);
        let from = self.last.take().map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.all.range((from, Bound::Unbounded));
        let turn: Vec<MailboxId> = rest
            .map(|(mailbox, _)| mailbox.clone())
            .take(ROUND)
            .collect();
        let more = turn.len() == ROUND && self.all.len() > ROUND;
        self.last = turn.last().filter(|_| more).cloned();
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox() -> MailboxId {
        MailboxId::parse("2001").unwrap()
    }

    #[test]
    fn what_happens_while_a_mailbox_is_counted_is_counted_after_it() {
        let (mut watching, now) = (Watching::default(), Mono::ZERO);
        watching.add(now, &mailbox());
        assert!(watching.ask(now, &mailbox()));
        assert!(!watching.ask(now, &mailbox()));
        assert!(!watching.ask(now, &mailbox()));
        assert!(watching.answered(now, &mailbox()), "once more");
        assert!(!watching.ask(now, &mailbox()), "that one is under way");
        assert!(watching.answered(now, &mailbox()));
        assert!(!watching.answered(now, &mailbox()));
        assert!(watching.ask(now, &mailbox()));
        assert!(watching.ask(now + PATIENCE, &mailbox()), "given up");
    }

    #[test]
    fn a_mailbox_is_counted_every_second_while_it_is_watched() {
        let (mut watching, mut now) = (Watching::default(), Mono::ZERO);
        assert_eq!(watching.poll_timeout(), None);
        watching.add(now, &mailbox());
        for _ in 0..3 {
            assert!(watching.due(now).is_empty());
            now = watching.poll_timeout().unwrap();
            assert_eq!(watching.due(now), [mailbox()]);
        }
        assert_eq!(now, Mono::ZERO + EVERY * 3);
        watching.remove(&mailbox());
        assert!(!watching.ask(now, &mailbox()));
        assert_eq!(watching.poll_timeout(), None);
    }

    #[test]
    fn many_mailboxes_take_turns() {
        let mut watching = Watching::default();
        for number in 0..1_200 {
            let mailbox = MailboxId::parse(&(10_000 + number).to_string()).unwrap();
            watching.add(Mono::ZERO, &mailbox);
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            let now = watching.poll_timeout().unwrap();
            let turn = watching.due(now);
            assert!(turn.len() <= ROUND);
            seen.extend(turn);
        }
        let all: Vec<MailboxId> = watching.all.keys().cloned().collect();
        assert_eq!(seen, all);
        let now = watching.poll_timeout().unwrap();
        assert_eq!(watching.due(now).first(), all.first());
    }
}
