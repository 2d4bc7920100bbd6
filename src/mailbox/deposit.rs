//! A deposit: a message on its way from the caller's mouth to the mailbox.
//!
//! Rank 2: the words between the spool that holds deposits and the couriers that take them out.

use super::{Leg, Owner};
use crate::audio::Law;
use crate::base::{Language, MailboxId, MessageId, Timestamp};
use crate::mime::{Caller, Reason};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is known before the first sample; on disk before the tone is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Whose mailbox.
    pub owner: Owner,
    /// Who calls.
    pub caller: Caller,
    /// The Call-ID of the call (RFC 3261 section 8.1.1.4), for tracing.
    pub call_id: String,
    /// When the recording began.
    pub started: Timestamp,
    /// The law its octets are in.
    pub law: Law,
    /// Why the call was diverted here; `None` when voicemail was dialled.
    pub reason: Option<Reason>,
    /// The owner's language.
    pub language: Language,
    /// The owner's time zone, an IANA name.
    pub zone: String,
}

/// What is known when the recording is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its length.
    pub length: Duration,
    /// How much of it was louder than silence; the whole length where nobody measured.
    pub voiced: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The caller marked it urgent.
    pub urgent: bool,
    /// The caller marked it private.
    pub private: bool,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// The caller ended it, by a key or by hanging up.
    Stopped,
    /// It reached the longest length.
    TooLong,
    /// The caller fell silent.
    Silence,
    /// The server or the disk failed while it ran; what was on disk is kept.
    CutOff,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Ending; 4] = [
        Ending::Stopped,
        Ending::TooLong,
        Ending::Silence,
        Ending::CutOff,
    ];
}

/// A message that is safe on disk and not yet in its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its identity, for ever.
    pub id: MessageId,
    /// Where it goes and where it came from.
    pub envelope: Envelope,
    /// How it went.
    pub facts: Facts,
    /// What its owner did with it before it was delivered.
    pub marks: Marks,
}

impl Deposit {
    /// The mailbox it goes to.
    pub fn mailbox(&self) -> &MailboxId {
        &self.envelope.owner.mailbox
    }
}

/// What an owner does with a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// Heard: saved instead of new.
    pub heard: bool,
    /// Marked for removal.
    pub deleted: bool,
}

/// How often a way was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Deliveries that failed so far.
    pub failed: u32,
    /// Not before this moment again; `None` means at once, or never.
    pub next: Option<Timestamp>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

/// What became of one leg of a deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is still to go.
    Waiting(Attempts),
    /// The other side has it.
    Done,
    /// It is not tried any more; the attempts say why.
    GivenUp(Attempts),
}

impl Fate {
    /// How often it was tried in vain.
    pub fn attempts(&self) -> Attempts {
        match self {
            Fate::Waiting(attempts) | Fate::GivenUp(attempts) => attempts.clone(),
            Fate::Done => Attempts::default(),
        }
    }
}

impl Default for Fate {
    fn default() -> Fate {
        Fate::Waiting(Attempts::default())
    }
}

/// Where a deposit is after one of its legs ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// In the outbox: something of it is still to go.
    Waiting,
    /// Out of the spool for good: its owner has it.
    Delivered,
    /// With the dead letters: its owner cannot be reached.
    Dead,
}

impl Standing {
    /// Where a message with these legs stands; `withdrawn` by its owner or not. A leg without a
    /// fate waits, and so does a message that is not known to go anywhere: a mistake must not
    /// cost a message.
    pub fn of(legs: &[Leg], fates: &BTreeMap<Leg, Fate>, withdrawn: bool) -> Standing {
        let waits = |leg| matches!(fates.get(leg), None | Some(Fate::Waiting(_)));
        let failed = |leg: &&Leg| {
            let given_up = matches!(fates.get(leg), Some(Fate::GivenUp(_)));
            given_up && leg.is_primary() && !(**leg == Leg::Store && withdrawn)
        };
        if legs.is_empty() || legs.iter().any(waits) {
            Standing::Waiting
        } else if legs.iter().any(|leg| failed(&leg)) {
            Standing::Dead
        } else {
            Standing::Delivered
        }
    }
}

/// A message that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its identity.
    pub id: MessageId,
    /// The message; `None` where its file is damaged.
    pub deposit: Option<Deposit>,
    /// The legs of which anything is known.
    pub fates: BTreeMap<Leg, Fate>,
}

/// The deposits on their way, oldest first. Shared between threads.
///
/// A deposit goes by several legs, and is here until the last of them has ended. Which legs it
/// has is not written down: the caller says so (`of`) each time a leg ends, from the directory as
/// it is then, so that a corrected configuration counts for what waits already.
///
/// For its owner a deposit waits here until [`Leg::Store`] has ended; from then on the mailbox is
/// the truth, whatever copies are still to go.
pub trait Outbox: Send + Sync {
    /// All that are here, by id.
    fn waiting(&self) -> Vec<MessageId>;

    /// Those that wait for their owner, by id: neither in the mailbox nor withdrawn.
    fn waiting_for(&self, mailbox: &MailboxId) -> Vec<Deposit>;

    /// One of those that wait for their owner.
    fn deposit(&self, id: MessageId) -> Option<Deposit>;

    /// One that is here, also when its owner has no more to do with it.
    fn outgoing(&self, id: MessageId) -> Option<Deposit>;

    /// The octets of one that is here, in the law of its envelope.
    fn octets(&self, id: MessageId) -> Result<Vec<u8>, OutboxFault>;

    /// What became of a leg so far.
    fn fate(&self, id: MessageId, leg: &Leg) -> Fate;

    /// Writes down that a leg failed and waits; for operators, and kept over restarts.
    fn note(&self, id: MessageId, leg: &Leg, attempts: Attempts) -> Result<(), OutboxFault>;

    /// A leg arrived. On disk when this returns: it is never gone again, whatever happens.
    ///
    /// For [`Leg::Store`], `marks` are what the courier knew of the owner's doings (`None`: that
    /// the message was withdrawn). [`OutboxFault::Changed`] when the owner did something since:
    /// nothing is written down, and the courier must go again to bring the mailbox in step.
    fn finish(
        &self,
        id: MessageId,
        leg: &Leg,
        of: &[Leg],
        marks: Option<Marks>,
    ) -> Result<Standing, OutboxFault>;

    /// A leg will not be tried again.
    fn give_up(
        &self,
        id: MessageId,
        leg: &Leg,
        of: &[Leg],
        attempts: Attempts,
    ) -> Result<Standing, OutboxFault>;

    /// Takes a deposit out of which every leg has ended.
    fn settle(&self, id: MessageId, of: &[Leg]) -> Result<Standing, OutboxFault>;

    /// Writes down what the owner did with one that waits for them.
    fn mark(&self, id: MessageId, marks: Marks) -> Result<(), OutboxFault>;

    /// The same for many, those left out that do not wait any more; which ones were there. After a
    /// fault any of them may be written down.
    fn mark_all(&self, all: &[(MessageId, Marks)]) -> Result<Vec<MessageId>, OutboxFault> {
        let mut marked = Vec::new();
        for (id, marks) in all {
            match self.mark(*id, *marks) {
                Ok(()) => marked.push(*id),
                Err(OutboxFault::Gone) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(marked)
    }

    /// The owner removed one that waited for them. Its courier goes once more, to make sure that
    /// it is not in the mailbox; copies go as they would have.
    fn withdraw(&self, id: MessageId) -> Result<(), OutboxFault>;

    /// The dead letters that nobody was told of.
    fn untold(&self) -> Result<Vec<Letter>, OutboxFault>;

    /// Somebody was told of this dead letter.
    fn told(&self, id: MessageId) -> Result<(), OutboxFault>;

    /// Looks at the disk for what an operator changed: retried or dropped.
    fn refresh(&self) -> Result<(), OutboxFault>;

    /// Those that an operator had retried since this was last asked; they are to be tried at once.
    fn retried(&self) -> Vec<MessageId>;

    /// The dead letters that an operator dropped since this was last asked, and whose they were.
    fn dropped(&self) -> Vec<(MessageId, MailboxId)>;

    /// Waits until something changed since the count `seen`, at most `patience`; the new count.
    fn wait(&self, seen: u64, patience: Duration) -> u64;

    /// Ends the present [`Outbox::wait`]s, as if something had changed: the count grows by one.
    fn wake(&self);
}

/// Why the outbox could not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OutboxFault {
    /// No such deposit, perhaps delivered, removed or dropped meanwhile.
    #[error("there is no such message in the outbox any more")]
    Gone,
    /// It is there, but its blocks do not check.
    #[error("the message in the outbox is damaged")]
    Damaged,
    /// Its owner did something with it meanwhile.
    #[error("the owner of the message did something with it meanwhile")]
    Changed,
    /// The disk refused.
    #[error("the disk refused")]
    Disk,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::MailAddress;

    #[test]
    fn a_message_stands_where_its_legs_do() {
        let address = MailAddress::parse("jan@example.nl").unwrap();
        let (mail, copy) = (Leg::Mail(address.clone()), Leg::Copy(address));
        let waiting = Fate::default();
        let given_up = Fate::GivenUp(Attempts::default());
        for (own, copied, standing) in [
            (&waiting, &Fate::Done, Standing::Waiting),
            (&Fate::Done, &waiting, Standing::Waiting),
            (&given_up, &waiting, Standing::Waiting),
            (&Fate::Done, &Fate::Done, Standing::Delivered),
            (&Fate::Done, &given_up, Standing::Delivered),
            (&given_up, &Fate::Done, Standing::Dead),
        ] {
            for primary in [Leg::Store, mail.clone()] {
                let legs = [primary.clone(), copy.clone()];
                let fates = [(primary, own.clone()), (copy.clone(), copied.clone())];
                let fates = BTreeMap::from(fates);
                assert_eq!(Standing::of(&legs, &fates, false), standing, "{fates:?}");
            }
        }
        let none = BTreeMap::new();
        assert_eq!(Standing::of(&[], &none, false), Standing::Waiting);
        assert_eq!(Standing::of(&[copy], &none, false), Standing::Waiting);
    }

    #[test]
    fn what_its_owner_withdrew_is_no_dead_letter() {
        let fates = BTreeMap::from([(Leg::Store, Fate::GivenUp(Attempts::default()))]);
        let standing = |withdrawn| Standing::of(&[Leg::Store], &fates, withdrawn);
        assert_eq!(standing(false), Standing::Dead);
        assert_eq!(standing(true), Standing::Delivered);
    }
}
