//! Sending messages at the edge: their sounds are read, their parcels handed to the spool.
//!
//! In: orders of calls and what spool and mailboxes answer. Out: requests to both, and the answers
//! to the calls. What is done when is decided by [`Post`](super::post::Post). Law: whoever has no
//! room is left out before anything is written.

use super::edges::{Asked, Edges, Input, Taking};
use super::post::{Act, Key};
use crate::audio::WireAudio;
use crate::base::{MessageId, Mono};
use crate::call::{Parcel, SendOrder};
use crate::deliver::Question;
use crate::flow::KeepFault;
use crate::mailbox::{Facts, Step};
use tracing::{error, warn};

impl Edges {
    /// Sends a message. Its recording is read first: the call may drop it at once, but only after
    /// that.
    pub(super) fn send(&mut self, now: Mono, order: SendOrder) {
        let (key, take) = ((order.call, order.order), order.take);
        let forwarded = order.forwarded.map(|id| (order.sender.clone(), id));
        if !self.post.order(now, order) {
            warn!("too many messages are being sent");
            return self.carry_post_on();
        }
        if let Some(take) = take
            && let Err(refused) = self.spool.load(take)
        {
            warn!(%refused, "a recording cannot be read to be sent");
            self.post.loaded(take, None);
        }
        if let Some((sender, message)) = forwarded {
            let failed = Input::Forwarded(key, None);
            let question = Question::Audio(message);
            self.ask(now, Asked::Forwarded(key), &sender, question, failed);
        }
        self.carry_post_on();
    }

    /// The message that is forwarded is read, or could not be.
    pub(super) fn forwarded(&mut self, key: Key, sound: Option<&WireAudio>) {
        self.post.fetched(key, sound);
        self.carry_post_on();
    }

    /// A message is kept or lost: where a subscriber sent it, the next recipient's follows.
    pub(super) fn posted(&mut self, message: MessageId, kept: bool) {
        self.post.settled(message, kept);
        self.carry_post_on();
    }

    pub(super) fn carry_post_on(&mut self) {
        while let Some(act) = self.post.poll() {
            match act {
                Act::Keep {
                    parcel,
                    sounds,
                    facts,
                } => self.keep_parcel(*parcel, sounds, facts),
                Act::Done(key, outcome) => {
                    self.asked.immediate.push_back(Input::Sent(key, outcome));
                }
            }
        }
    }

    fn keep_parcel(&mut self, parcel: Parcel, sounds: Vec<WireAudio>, facts: Facts) {
        let Parcel { message, envelope } = parcel;
        let mailbox = envelope.owner.mailbox.clone();
        if self.near.fullness.is_full(&mailbox) {
            return self.post.settled(message, false);
        }
        let length = facts.length;
        let step = Step::Recorded(length);
        self.near.ledger.note(&mailbox, message, step);
        self.takes.insert(message, Taking { mailbox, length });
        if let Err(refused) = self.spool.deposit(message, envelope, sounds, facts) {
            error!(%refused, "a message cannot be sent");
            let failed = Input::Kept(message, Err(KeepFault::Disk));
            self.asked.immediate.push_back(failed);
        }
    }
}
