//! Messages that subscribers send: from the order of a call to the last recipient.
//!
//! In: orders, the sounds that are in them, what came of each parcel. Out: [`Act`]s. Laws: every
//! order is answered once, and names whoever it could not be left for; a parcel is a message of its
//! own, whole or not there; of one order one parcel at a time is on its way to the disk, so that
//! recordings need not wait for twenty of them; there are at most [`ORDERS_MAX`] orders, and one
//! that does not fit is answered at once. What was ordered goes on when its call is over. No thread
//! and no clock in here.

use crate::audio::wire::duration_to_samples;
use crate::audio::{Law, WireAudio};
use crate::base::{CallId, MailboxId, MessageId, Mono};
use crate::call::{CHANGE_PATIENCE, Parcel, SendOrder};
use crate::mailbox::{Ending, Facts};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The most orders under way.
pub(super) const ORDERS_MAX: usize = 64;

/// The silence between an introduction and the message it introduces.
const BETWEEN: Duration = Duration::from_millis(700);

/// An order of a call.
pub(super) type Key = (CallId, u32);

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Act {
    /// Make this a message, unless its mailbox takes none.
    Keep {
        /// Whose it is, and its identity.
        parcel: Box<Parcel>,
        /// Its sound, one piece after the other.
        sounds: Vec<WireAudio>,
        /// How long it is, and how it is marked.
        facts: Facts,
    },
    /// The order is done; those it could not be left for.
    Done(Key, Result<(), Vec<MailboxId>>),
}

/// The orders under way.
#[derive(Debug, Default)]
pub(super) struct Post {
    orders: HashMap<Key, Order>,
    /// The parcels that are being kept, and of which order.
    parcels: HashMap<MessageId, Key>,
    acts: VecDeque<Act>,
}

#[derive(Debug)]
struct Order {
    wanted: SendOrder,
    since: Mono,
    stage: Stage,
}

/// How far an order is.
#[derive(Debug)]
enum Stage {
    /// Its sounds are being read; those that are here.
    Gathering {
        recorded: Option<WireAudio>,
        forwarded: Option<WireAudio>,
    },
    /// Its parcels are kept, one after the other.
    Keeping {
        sounds: Vec<WireAudio>,
        facts: Facts,
        /// Those that come after the present one.
        rest: VecDeque<Parcel>,
        left_out: Vec<MailboxId>,
    },
}

impl Post {
    /// Takes an order; its sounds are to be read now. One that does not fit is answered.
    pub(super) fn order(&mut self, now: Mono, order: SendOrder) -> bool {
        // Of what was to be read and never came, the call has heard by now that it failed.
        self.orders
            .retain(|_, one| one.is_keeping() || one.since + CHANGE_PATIENCE > now);
        let key = (order.call, order.order);
        if self.orders.len() >= ORDERS_MAX || order.parcels.is_empty() {
            self.acts.push_back(Act::Done(key, Err(everybody(&order))));
            return false;
        }
        let stage = Stage::Gathering {
            recorded: None,
            forwarded: None,
        };
        let since = now;
        self.orders.insert(
            key,
            Order {
                wanted: order,
                since,
                stage,
            },
        );
        true
    }

    /// A recording is read, or could not be; whether it was for an order.
    pub(super) fn loaded(&mut self, take: MessageId, sound: Option<&WireAudio>) -> bool {
        let waits = |one: &Order| one.wanted.take == Some(take) && one.lacks_recording();
        let key = self.orders.iter().find(|(_, one)| waits(one));
        let Some(key) = key.map(|(key, _)| *key) else {
            return false;
        };
        self.gathered(key, sound, |stage, sound| {
            if let Stage::Gathering { recorded, .. } = stage {
                *recorded = Some(sound);
            }
        });
        true
    }

    /// The message that is forwarded is read, or could not be.
    pub(super) fn fetched(&mut self, key: Key, sound: Option<&WireAudio>) {
        self.gathered(key, sound, |stage, sound| {
            if let Stage::Gathering { forwarded, .. } = stage {
                *forwarded = Some(sound);
            }
        });
    }

    /// A message is kept, or could not be; nothing happens where it is no parcel.
    pub(super) fn settled(&mut self, message: MessageId, kept: bool) {
        let Some(key) = self.parcels.remove(&message) else {
            return;
        };
        let Some(one) = self.orders.get_mut(&key) else {
            return;
        };
        if let Stage::Keeping { left_out, .. } = &mut one.stage
            && !kept
        {
            let parcels = one.wanted.parcels.iter();
            let lost = parcels.filter(|parcel| parcel.message == message);
            left_out.extend(lost.map(|parcel| parcel.envelope.owner.mailbox.clone()));
        }
        self.next(key);
    }

    /// The next thing to do.
    pub(super) fn poll(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// Whether no order is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.orders.is_empty()
    }

    fn gathered(
        &mut self,
        key: Key,
        sound: Option<&WireAudio>,
        put: impl FnOnce(&mut Stage, WireAudio),
    ) {
        let Some(one) = self.orders.get_mut(&key).filter(|one| !one.is_keeping()) else {
            return;
        };
        let Some(sound) = sound.filter(|sound| !sound.is_empty()) else {
            let failed = Err(everybody(&one.wanted));
            self.orders.remove(&key);
            return self.acts.push_back(Act::Done(key, failed));
        };
        put(&mut one.stage, sound.clone());
        if one.begin_keeping() {
            self.next(key);
        }
    }

    /// Keeps the next parcel of an order, or answers it.
    fn next(&mut self, key: Key) {
        let Some(one) = self.orders.get_mut(&key) else {
            return;
        };
        let Stage::Keeping {
            sounds,
            facts,
            rest,
            left_out,
        } = &mut one.stage
        else {
            return;
        };
        if let Some(parcel) = rest.pop_front() {
            self.parcels.insert(parcel.message, key);
            let (sounds, facts) = (sounds.clone(), *facts);
            let parcel = Box::new(parcel);
            return self.acts.push_back(Act::Keep {
                parcel,
                sounds,
                facts,
            });
        }
        let left_out = std::mem::take(left_out);
        let outcome = if left_out.is_empty() {
            Ok(())
        } else {
            Err(left_out)
        };
        self.orders.remove(&key);
        self.acts.push_back(Act::Done(key, outcome));
    }
}

impl Order {
    fn is_keeping(&self) -> bool {
        matches!(self.stage, Stage::Keeping { .. })
    }

    fn lacks_recording(&self) -> bool {
        matches!(self.stage, Stage::Gathering { recorded: None, .. })
    }

    /// Begins to keep the parcels, once every sound is here; whether it does.
    fn begin_keeping(&mut self) -> bool {
        let Stage::Gathering {
            recorded,
            forwarded,
        } = &self.stage
        else {
            return false;
        };
        let order = &self.wanted;
        if order.take.is_some() != recorded.is_some()
            || order.forwarded.is_some() != forwarded.is_some()
        {
            return false;
        }
        let sounds = joined(recorded.as_ref(), forwarded.as_ref());
        let length = sounds.iter().map(WireAudio::duration).sum();
        self.stage = Stage::Keeping {
            facts: Facts {
                length,
                voiced: length,
                ending: Ending::Stopped,
                urgent: order.urgent,
                private: order.private,
            },
            sounds,
            rest: order.parcels.iter().cloned().collect(),
            left_out: Vec::new(),
        };
        true
    }
}

/// What is in a message: the recording, and after a silence the message that is forwarded.
fn joined(recorded: Option<&WireAudio>, forwarded: Option<&WireAudio>) -> Vec<WireAudio> {
    match (recorded, forwarded) {
        (Some(recorded), Some(forwarded)) => {
            let silence = vec![Law::A.silence(); duration_to_samples(BETWEEN)];
            let silence = WireAudio::from_octets(Law::A, &silence);
            vec![recorded.clone(), silence, forwarded.clone()]
        }
        (recorded, forwarded) => recorded.or(forwarded).cloned().into_iter().collect(),
    }
}

fn everybody(order: &SendOrder) -> Vec<MailboxId> {
    let parcels = order.parcels.iter();
    parcels
        .map(|parcel| parcel.envelope.owner.mailbox.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Language, Timestamp};
    use crate::mailbox::{Envelope, Owner};
    use crate::mime::Caller;
    use uuid::Uuid;

    fn id(n: u128) -> MessageId {
        MessageId(Uuid::from_u128(n))
    }

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    fn parcel(n: u128, number: &str) -> Parcel {
        let envelope = Envelope {
            owner: Owner {
                mailbox: mailbox(number),
                name: String::new(),
            },
            caller: Caller::Withheld,
            call_id: "call".into(),
            started: Timestamp::UNIX_EPOCH,
            law: Law::Mu,
            reason: None,
            language: Language::parse("nl").unwrap(),
            zone: "UTC".into(),
        };
        let message = id(n);
        Parcel { message, envelope }
    }

    fn order(call: u64, take: Option<u128>, forwarded: Option<u128>) -> SendOrder {
        SendOrder {
            call: CallId(call),
            order: 1,
            sender: mailbox("2001"),
            parcels: vec![parcel(11, "2002"), parcel(12, "2003")],
            take: take.map(id),
            forwarded: forwarded.map(id),
            urgent: true,
            private: false,
        }
    }

    fn sound(seconds: usize) -> WireAudio {
        WireAudio::from_octets(Law::A, &vec![7; 8_000 * seconds])
    }

    #[track_caller]
    fn keeps(post: &mut Post) -> (MessageId, Duration) {
        match post.poll() {
            Some(Act::Keep { parcel, facts, .. }) => (parcel.message, facts.length),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_recipient_gets_the_introduction_a_silence_and_the_message_one_after_the_other() {
        let mut post = Post::default();
        assert!(post.order(Mono::ZERO, order(1, Some(1), Some(2))));
        assert!(!post.loaded(id(9), Some(&sound(1))), "of another call");
        post.fetched((CallId(1), 1), Some(&sound(5)));
        assert_eq!(post.poll(), None);
        assert!(post.loaded(id(1), Some(&sound(2))));
        let length = Duration::from_secs(7) + BETWEEN;
        assert_eq!(keeps(&mut post), (id(11), length));
        assert_eq!(post.poll(), None, "one at a time");
        post.settled(id(11), true);
        assert_eq!(keeps(&mut post), (id(12), length));
        post.settled(id(12), true);
        assert_eq!(post.poll(), Some(Act::Done((CallId(1), 1), Ok(()))));
        assert!(post.is_idle() && post.poll().is_none());
    }

    #[test]
    fn whoever_it_could_not_be_left_for_is_named_and_the_others_get_it() {
        let mut post = Post::default();
        post.order(Mono::ZERO, order(1, Some(1), None));
        post.loaded(id(1), Some(&sound(2)));
        keeps(&mut post);
        post.settled(id(11), false);
        keeps(&mut post);
        post.settled(id(12), true);
        post.settled(id(12), false);
        let left_out = Err(vec![mailbox("2002")]);
        assert_eq!(post.poll(), Some(Act::Done((CallId(1), 1), left_out)));
        assert_eq!(post.poll(), None, "answered once");
    }

    #[test]
    fn without_its_sound_nothing_is_left_anywhere() {
        for (recorded, forwarded) in [(None, Some(sound(1))), (Some(sound(1)), None)] {
            let mut post = Post::default();
            post.order(Mono::ZERO, order(1, Some(1), Some(2)));
            post.loaded(id(1), recorded.as_ref());
            post.fetched((CallId(1), 1), forwarded.as_ref());
            let all = Err(vec![mailbox("2002"), mailbox("2003")]);
            assert_eq!(post.poll(), Some(Act::Done((CallId(1), 1), all)));
            assert!(post.poll().is_none() && post.is_idle());
        }
    }

    #[test]
    fn orders_are_bounded_and_one_that_never_gets_its_sound_makes_room() {
        let mut post = Post::default();
        for call in 0..ORDERS_MAX as u64 {
            assert!(post.order(Mono::ZERO, order(call, Some(u128::from(call)), None)));
        }
        assert!(!post.order(Mono::ZERO, order(999, Some(999), None)));
        assert!(matches!(post.poll(), Some(Act::Done(_, Err(_)))));
        let later = Mono::ZERO + CHANGE_PATIENCE;
        assert!(post.order(later, order(999, Some(999), None)));
        assert_eq!(post.orders.len(), 1);
    }
}
