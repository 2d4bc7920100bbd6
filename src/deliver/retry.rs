//! The retry clock: which message is due when. Virtual time, no thread.
//!
//! A mailbox gets its messages in the order they were left: while its first one waits for another
//! try, the later ones wait behind it. Giving up is by the number of tries, not by the calendar,
//! so that a step of the wall clock buries nothing.

use crate::base::{MailboxId, MessageId, Mono};
use std::collections::BTreeMap;
use std::time::Duration;

/// The waits after the first failures.
const FIRST: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
];
/// The wait after every later one, give or take [`JITTER`].
const HOURLY: Duration = Duration::from_hours(1);
/// Hourly tries before giving up: five days.
const HOURLY_TRIES: u32 = 5 * 24;
/// The most an hourly wait differs from an hour, in percent.
const JITTER: u64 = 20;

/// How long to wait after this many failures (1 = the first); `None` to give up. The same
/// message waits the same each time, different ones do not come back together.
pub fn retry_after(failed: u32, id: MessageId) -> Option<Duration> {
    let earlier = failed.saturating_sub(1);
    if let Some(&wait) = FIRST.get(earlier as usize) {
        return Some(wait);
    }
    let hours = earlier - FIRST.len() as u32;
    (hours < HOURLY_TRIES).then(|| {
        let percent = 100 - JITTER + scatter(id, failed) % (2 * JITTER + 1);
        HOURLY * percent as u32 / 100
    })
}

/// A number that looks random and is always the same for the same message and try.
fn scatter(id: MessageId, failed: u32) -> u64 {
    let (high, low) = id.0.as_u64_pair();
    let mixed =
        (high ^ low.rotate_left(17) ^ u64::from(failed)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}

/// Who is due when.
#[derive(Debug, Default)]
pub struct Rounds {
    lanes: BTreeMap<MailboxId, BTreeMap<MessageId, Standing>>,
    mailboxes: BTreeMap<MessageId, MailboxId>,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    failed: u32,
    due: Mono,
}

impl Rounds {
    /// Takes a new message in that failed so often before and is due at `due`.
    pub fn add(&mut self, id: MessageId, mailbox: &MailboxId, failed: u32, due: Mono) {
        self.mailboxes.insert(id, mailbox.clone());
        let lane = self.lanes.entry(mailbox.clone()).or_default();
        lane.insert(id, Standing { failed, due });
    }

    /// An operator forgave the failures of a message: it is due now, as if new.
    pub fn forgive(&mut self, id: MessageId, now: Mono) {
        let lane = self.mailboxes.get(&id).and_then(|m| self.lanes.get_mut(m));
        if let Some(standing) = lane
            .and_then(|lane| lane.get_mut(&id))
            .filter(|s| s.failed > 0)
        {
            *standing = Standing {
                failed: 0,
                due: now,
            };
        }
    }

    /// Whether a message is known.
    pub fn knows(&self, id: MessageId) -> bool {
        self.mailboxes.contains_key(&id)
    }

    /// The messages known.
    pub fn all(&self) -> Vec<MessageId> {
        self.mailboxes.keys().copied().collect()
    }

    /// The message to deliver now: of the mailboxes' first ones, the one that waits longest.
    pub fn next(&self, now: Mono) -> Option<MessageId> {
        let (due, id) = self.first()?;
        (due <= now).then_some(id)
    }

    /// When [`Rounds::next`] will have one.
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.first().map(|(due, _)| due)
    }

    /// A message is out of the spool.
    pub fn done(&mut self, id: MessageId) {
        let Some(mailbox) = self.mailboxes.remove(&id) else {
            return;
        };
        if let Some(lane) = self.lanes.get_mut(&mailbox) {
            lane.remove(&id);
            if lane.is_empty() {
                self.lanes.remove(&mailbox);
            }
        }
    }

    /// A delivery failed: how often so far, and how long to wait; `None` to give up.
    pub fn failed(&mut self, id: MessageId, now: Mono) -> (u32, Option<Duration>) {
        let lane = self.mailboxes.get(&id).and_then(|m| self.lanes.get_mut(m));
        let Some(standing) = lane.and_then(|lane| lane.get_mut(&id)) else {
            return (0, None);
        };
        standing.failed = standing.failed.saturating_add(1);
        let wait = retry_after(standing.failed, id);
        standing.due = now + wait.unwrap_or(HOURLY);
        (standing.failed, wait)
    }

    fn first(&self) -> Option<(Mono, MessageId)> {
        let heads = self.lanes.values().filter_map(BTreeMap::first_key_value);
        heads.map(|(&id, standing)| (standing.due, id)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(n: u128) -> MessageId {
        MessageId(Uuid::from_u128(n))
    }

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    fn at(seconds: u64) -> Mono {
        Mono::since_start(Duration::from_secs(seconds))
    }

    #[test]
    fn the_waits_grow_to_an_hour_and_end_after_five_days() {
        let waits: Vec<_> = (1..)
            .map_while(|failed| retry_after(failed, id(1)))
            .collect();
        assert_eq!(waits[..5], FIRST);
        assert_eq!(waits.len(), 5 + 120);
        let hour = |w: &&Duration| (48..=72).contains(&(w.as_secs() / 60));
        assert_eq!(waits.iter().filter(hour).count(), 120);
        let days: Duration = waits.iter().sum();
        assert!(
            (days.as_secs_f64() / 86_400.0 - 5.0).abs() < 0.3,
            "{days:?}"
        );
    }

    #[test]
    fn messages_that_failed_together_come_back_apart() {
        let waits: std::collections::BTreeSet<_> =
            (0..1_000).filter_map(|n| retry_after(9, id(n))).collect();
        assert!(waits.len() > 30, "{}", waits.len());
    }

    #[test]
    fn a_mailbox_gets_its_messages_in_order_and_others_do_not_wait() {
        let mut rounds = Rounds::default();
        let (a, b) = (mailbox("1"), mailbox("2"));
        rounds.add(id(2), &a, 0, at(0));
        rounds.add(id(1), &a, 0, at(0));
        rounds.add(id(3), &b, 0, at(1));
        assert_eq!(rounds.next(at(0)), Some(id(1)));
        assert_eq!(rounds.failed(id(1), at(0)), (1, Some(FIRST[0])));
        assert_eq!(
            rounds.next(at(0)),
            None,
            "the second waits behind the first"
        );
        assert_eq!(rounds.poll_timeout(), Some(at(1)));
        assert_eq!(rounds.next(at(1)), Some(id(3)));
        rounds.done(id(3));
        assert_eq!(rounds.poll_timeout(), Some(at(5)));
        assert_eq!(rounds.next(at(5)), Some(id(1)));
        rounds.done(id(1));
        assert_eq!(rounds.next(at(5)), Some(id(2)));
        rounds.done(id(2));
        assert_eq!((rounds.next(at(9)), rounds.poll_timeout()), (None, None));
        assert!(rounds.all().is_empty() && rounds.lanes.is_empty());
    }

    #[test]
    fn a_message_whose_failures_were_forgiven_is_due_at_once() {
        let mut rounds = Rounds::default();
        rounds.add(id(1), &mailbox("1"), 7, at(4_000));
        assert_eq!(rounds.next(at(10)), None);
        rounds.forgive(id(1), at(10));
        assert_eq!(rounds.next(at(10)), Some(id(1)));
        assert_eq!(rounds.failed(id(1), at(10)).0, 1);
    }

    #[test]
    fn the_last_failure_gives_up() {
        let mut rounds = Rounds::default();
        rounds.add(id(1), &mailbox("1"), 125, at(0));
        assert_eq!(rounds.failed(id(1), at(0)), (126, None));
    }
}
