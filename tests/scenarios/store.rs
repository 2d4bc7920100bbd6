//! Disk and mailboxes in memory, as obliging or as broken as the scenario says.
//!
//! In: what calls ask of spool and mailboxes. Out: the answers; when they come is the world's
//! business. A recording that is committed is at once a message of its mailbox.

use crate::ear::Ear;
use crate::voice;
use belpost::audio::{Law, WireAudio};
use belpost::base::{DialString, Language, MailboxId, MessageId, Mono, Timestamp};
use belpost::call::{Parcel, SendOrder};
use belpost::flow::{KeepFault, PlayFault};
use belpost::mailbox::{Command, Envelope, Facts, Fault, Listing, Reply, Room, State, Summary};
use belpost::media::{TakeSink, TakeSinkFull};
use belpost::mime::Caller;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Builder;

/// The disk.
#[derive(Debug, Default)]
pub struct Disk {
    /// No room for another recording.
    pub full: bool,
    /// Recordings cannot be begun.
    pub no_begin: bool,
    /// Recordings cannot be kept.
    pub no_commit: bool,
    /// Recordings cannot be read back.
    pub no_load: bool,
    /// The disk takes this much of a recording and no more.
    pub breaks_after: Option<Duration>,
    /// The queue to the disk takes this much of a recording and no more.
    pub behind_after: Option<Duration>,
    /// Recordings that are neither kept nor dropped.
    pub takes: BTreeMap<MessageId, Take>,
    /// Recordings that broke and were not yet reported.
    pub broken: Vec<MessageId>,
    /// Recordings ever begun.
    pub begun: usize,
    /// Recordings dropped.
    pub dropped: usize,
}

/// A recording on disk.
#[derive(Debug, Default)]
pub struct Take {
    /// What is known of it; `None` when it could not be begun, or is no message.
    pub envelope: Option<Box<Envelope>>,
    /// The law of one that is only tried out.
    pub scratch: Option<Law>,
    /// Its audio so far.
    pub octets: Vec<u8>,
}

impl Take {
    /// The Call-ID of its call.
    pub fn call_id(&self) -> Option<&str> {
        self.envelope.as_ref().map(|e| e.call_id.as_str())
    }

    fn law(&self) -> Law {
        let law = self.envelope.as_ref().map(|e| e.law);
        law.or(self.scratch).unwrap_or(Law::A)
    }
}

impl Disk {
    /// Starts a recording.
    pub fn begin(&mut self, take: MessageId, envelope: Box<Envelope>) -> Result<(), KeepFault> {
        if self.no_begin {
            self.takes.remove(&take);
            return Err(KeepFault::Disk);
        }
        self.begun += 1;
        self.takes.entry(take).or_default().envelope = Some(envelope);
        Ok(())
    }

    /// Starts a recording that is only tried out.
    pub fn begin_scratch(&mut self, take: MessageId, law: Law) -> Result<(), KeepFault> {
        if self.no_begin {
            self.takes.remove(&take);
            return Err(KeepFault::Disk);
        }
        self.takes.entry(take).or_default().scratch = Some(law);
        Ok(())
    }

    /// Drops a recording.
    pub fn discard(&mut self, take: MessageId) {
        self.takes.remove(&take);
        self.dropped += 1;
    }

    /// Reads a recording back.
    pub fn load(&self, take: MessageId) -> Result<WireAudio, PlayFault> {
        if self.no_load {
            return Err(PlayFault::Unavailable);
        }
        let take = self.takes.get(&take).ok_or(PlayFault::Gone)?;
        Ok(WireAudio::from_octets(take.law(), &take.octets))
    }

    /// Makes a recording a message.
    pub fn commit(
        &mut self,
        id: MessageId,
        facts: &Facts,
    ) -> Result<(MailboxId, Message), KeepFault> {
        let take = self.takes.remove(&id).ok_or(KeepFault::Disk)?;
        let law = take.law();
        let envelope = take
            .envelope
            .filter(|_| !self.no_commit)
            .ok_or(KeepFault::Disk)?;
        let caller = match envelope.caller {
            Caller::Known { number, .. } => Some(number),
            Caller::Unknown { .. } | Caller::Withheld => None,
        };
        let summary = Summary {
            id,
            state: State::New,
            urgent: facts.urgent,
            private: facts.private,
            caller,
            received: envelope.started,
            length: facts.length,
        };
        let audio = WireAudio::from_octets(law, &take.octets).up_to(facts.length);
        let message = Message {
            language: Some(envelope.language),
            ..Message::new(summary, audio)
        };
        Ok((envelope.owner.mailbox, message))
    }
}

impl TakeSink for Disk {
    fn buffer(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn append(&mut self, id: MessageId, octets: Vec<u8>) -> Result<(), TakeSinkFull> {
        let Some(take) = self.takes.get_mut(&id) else {
            return Ok(());
        };
        let length = Duration::from_micros(125 * (take.octets.len() + octets.len()) as u64);
        if self.behind_after.is_some_and(|most| length > most) {
            return Err(TakeSinkFull);
        }
        let on_disk = take.scratch.is_none();
        if on_disk && self.breaks_after.is_some_and(|most| length > most) {
            self.broken.push(id);
            return Ok(());
        }
        take.octets.extend(octets);
        Ok(())
    }
}

/// A message in a mailbox.
#[derive(Debug)]
pub struct Message {
    /// What its owner is told of it.
    pub summary: Summary,
    /// Its sound.
    pub audio: WireAudio,
    /// Where in all speech its first sample lies, in ms; `None` where there is no speech in it.
    pub origin_ms: Option<i64>,
    /// When speech begins in it, in ms.
    pub lead_ms: i64,
    /// What is wrong with it.
    pub fault: Option<PlayFault>,
    /// The language of its mail; `None` where it was left before the first call.
    pub language: Option<Language>,
    deleted: bool,
}

impl Message {
    fn new(summary: Summary, audio: WireAudio) -> Message {
        let ear = Ear::of(audio.samples());
        let (start, end) = (Mono::ZERO, Mono::ZERO + audio.duration());
        let origin_ms = ear
            .first_fix(start, end)
            .map(|fix| fix.place_ms - fix.at_ms);
        let lead_ms = ear.first_sound_ms();
        Message {
            summary,
            audio,
            origin_ms,
            lead_ms,
            fault: None,
            language: None,
            deleted: false,
        }
    }
}

impl Message {
    /// A message that a subscriber sent.
    pub fn sent(parcel: &Parcel, order: &SendOrder, sound: &WireAudio) -> Message {
        let caller = match &parcel.envelope.caller {
            Caller::Known { number, .. } => Some(number.clone()),
            Caller::Unknown { .. } | Caller::Withheld => None,
        };
        let summary = Summary {
            id: parcel.message,
            state: State::New,
            urgent: order.urgent,
            private: order.private,
            caller,
            received: parcel.envelope.started,
            length: sound.duration(),
        };
        Message {
            language: Some(parcel.envelope.language.clone()),
            ..Message::new(summary, sound.clone())
        }
    }
}

/// A mailbox.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// Every message ever put in, as numbered by the scenario, from 1.
    pub messages: Vec<Message>,
    /// It cannot be reached.
    pub unavailable: bool,
    /// It can be read but not changed.
    pub read_only: bool,
    /// It cannot be reached, and what is in it is on its way there.
    pub partial: bool,
    /// How much room it has left.
    pub room: Room,
    /// How many messages it will soon remove.
    pub expiring: u32,
}

impl Mailbox {
    /// Puts a message in that was left earlier.
    pub fn put(
        &mut self,
        state: State,
        (urgent, private): (bool, bool),
        caller: Option<DialString>,
        span: Duration,
        received: Timestamp,
    ) {
        let number = self.messages.len();
        let millis = u64::try_from(received.as_millisecond()).unwrap_or(0);
        let id =
            MessageId(Builder::from_unix_timestamp_millis(millis, &[number as u8; 10]).into_uuid());
        let octets = voice::speech(60 * number, span);
        let summary = Summary {
            id,
            state,
            urgent,
            private,
            caller,
            received,
            length: span,
        };
        self.messages.push(Message::new(
            summary,
            WireAudio::from_octets(Law::A, &octets),
        ));
    }

    /// New and saved messages.
    pub fn counts(&self) -> (usize, usize) {
        let of = |state| {
            self.messages
                .iter()
                .filter(|m| m.summary.state == state)
                .count()
        };
        (of(State::New), of(State::Saved))
    }

    /// Answers one command.
    pub fn answer(&mut self, command: Command) -> Reply {
        let change = command != Command::List;
        if self.unavailable || (self.read_only && change) {
            return Reply::Failed(command, Fault::Unavailable);
        }
        match command.clone() {
            Command::List => Reply::Listed(Listing {
                messages: self.listing(),
                partial: self.partial,
                room: self.room,
                expiring: self.expiring,
            }),
            Command::MarkHeard(id) => self.change(command, id, |m| m.summary.state = State::Saved),
            Command::Delete(id) => self.change(command, id, |m| m.deleted = true),
            Command::DeleteAll(ids) => {
                let there = self.messages.iter_mut();
                for message in there.filter(|m| ids.contains(&m.summary.id)) {
                    message.deleted = true;
                }
                Reply::Done(command)
            }
            Command::Undelete(id) => self.change(command, id, |m| m.deleted = false),
            Command::Expunge => {
                self.messages.retain(|m| !m.deleted);
                Reply::Done(command)
            }
        }
    }

    /// The audio of a message.
    pub fn audio(&self, id: MessageId) -> Result<WireAudio, PlayFault> {
        if self.unavailable {
            return Err(PlayFault::Unavailable);
        }
        let message = self
            .messages
            .iter()
            .find(|m| m.summary.id == id)
            .ok_or(PlayFault::Gone)?;
        message.fault.map_or_else(|| Ok(message.audio.clone()), Err)
    }

    fn change(
        &mut self,
        command: Command,
        id: MessageId,
        what: impl FnOnce(&mut Message),
    ) -> Reply {
        let found = self.messages.iter_mut().find(|m| m.summary.id == id);
        match found.filter(|m| m.fault != Some(PlayFault::Gone)) {
            Some(message) => {
                what(message);
                Reply::Done(command)
            }
            None => Reply::Failed(command, Fault::Gone),
        }
    }

    fn listing(&self) -> Vec<Summary> {
        let mut listing: Vec<_> = self.messages.iter().map(|m| m.summary.clone()).collect();
        listing.sort_by_key(|s| {
            (
                s.state,
                !(s.urgent && s.state == State::New),
                s.received,
                s.id,
            )
        });
        listing
    }
}
