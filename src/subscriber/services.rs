//! What a subscriber has set: passcode, greetings, call forwarding and the other services of the
//! line, by their names in the industry (BroadWorks, 3GPP TS 22.004).
//!
//! [`Services`] is the state, [`Change`](super::Change) is everything that can be done to it. Law: whoever
//! changes services (telephone, command line, another node) does so by a change, and
//! [`Services::apply`] alone says what comes of it. Where they are stored is not here.

use super::{PasscodeHash, Profile};
use crate::base::{Date, DialString, Language, MailboxId, MessageId, RecordingId, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// The rings that may be set before a call counts as not answered. The feature code takes 1-9.
pub const RINGS: RangeInclusive<u8> = 1..=20;

/// The rings of whoever set none: some 20 seconds.
const USUAL_RINGS: u8 = 4;

/// The most positions in messages that are remembered for one subscriber; the oldest message's go
/// first.
pub const POSITIONS_MAX: usize = 100;

/// The most earlier passcodes that are remembered.
pub const EARLIER_PASSCODES_MAX: usize = 10;

/// What a subscriber has set. The default is a subscriber who has set nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Services {
    /// The passcode and those before it.
    pub passcode: Passcode,
    /// The language chosen by telephone; `None` is that of the profile.
    pub language: Option<Language>,
    /// The recorded name.
    pub name: Option<RecordingId>,
    /// The greeting for callers who find the line busy.
    pub busy_greeting: Option<RecordingId>,
    /// The greeting for callers who get no answer.
    pub no_answer_greeting: Option<RecordingId>,
    /// The extended-away greeting.
    pub away_greeting: Option<RecordingId>,
    /// Whether the subscriber is away.
    pub away: Away,
    /// Where calls go instead.
    pub forwarding: Forwarding,
    /// What is switched on besides.
    pub features: Features,
    /// Where messages that were not heard to the end were stopped.
    pub positions: BTreeMap<MessageId, Duration>,
    /// How often the subscriber has logged in.
    pub log_ins: u32,
    /// Who called last (Call Return).
    pub last_caller: Option<LastCaller>,
}

/// Who called a subscriber last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastCaller {
    /// The number; `None` where it was withheld, or none came.
    pub number: Option<DialString>,
    /// When.
    pub at: Timestamp,
}

/// A subscriber's passcode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Passcode {
    /// The chosen one; `None` is that of the profile, if it has one.
    pub chosen: Option<PasscodeHash>,
    /// When it was chosen.
    pub since: Option<Timestamp>,
    /// Whether another must be chosen at the next log-in.
    pub due: bool,
    /// Those before it, the latest first, at most [`EARLIER_PASSCODES_MAX`].
    pub earlier: Vec<PasscodeHash>,
}

/// The extended-away service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Away {
    /// Whether it is on.
    pub on: bool,
    /// Whether callers can leave no message meanwhile.
    pub refuses_messages: bool,
    /// The last day, in the subscriber's zone; `None` is until it is switched off.
    pub last_day: Option<Date>,
}

/// Call forwarding, by condition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Forwarding {
    /// Every call.
    pub always: Forward,
    /// When the line is busy.
    pub busy: Forward,
    /// When nobody answers within the rings.
    pub no_answer: Forward,
    /// When no telephone can be reached.
    pub not_reachable: Forward,
    /// How often the telephone rings before nobody answers, within [`RINGS`].
    pub rings: u8,
}

/// Call forwarding under one condition. The number stays when it is switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Forward {
    /// Whether it is on.
    pub on: bool,
    /// Where to.
    pub to: Option<DialString>,
}

/// A condition under which calls are forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Condition {
    /// Call Forwarding Always.
    Always,
    /// Call Forwarding Busy.
    Busy,
    /// Call Forwarding No Answer.
    NoAnswer,
    /// Call Forwarding Not Reachable.
    NotReachable,
}

/// Services that are on or off and nothing more. They are independent of each other.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features {
    /// Every call goes to voicemail.
    pub always_to_voicemail: bool,
    /// No call goes to voicemail because the line is busy.
    pub busy_not_to_voicemail: bool,
    /// No call goes to voicemail because nobody answers.
    pub no_answer_not_to_voicemail: bool,
    /// Do Not Disturb: the telephone does not ring.
    pub do_not_disturb: bool,
    /// Calling Line ID Delivery Blocking: the own number is withheld.
    pub hides_number: bool,
    /// Anonymous Call Rejection: callers who withhold their number are refused.
    pub rejects_anonymous: bool,
    /// No Call Waiting: whoever calls during a call finds the line busy.
    pub no_call_waiting: bool,
}

/// One of the [`Features`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Every call goes to voicemail.
    AlwaysToVoicemail,
    /// Calls go to voicemail when the line is busy; on unless switched off.
    BusyToVoicemail,
    /// Calls go to voicemail when nobody answers; on unless switched off.
    NoAnswerToVoicemail,
    /// Do Not Disturb.
    DoNotDisturb,
    /// Calling Line ID Delivery Blocking.
    HideNumber,
    /// Anonymous Call Rejection.
    RejectAnonymous,
    /// Call Waiting: a second call rings; on unless switched off.
    CallWaiting,
}

/// What a subscriber records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordingKind {
    /// The personalized name.
    Name,
    /// The busy greeting.
    Busy,
    /// The no-answer greeting.
    NoAnswer,
    /// The extended-away greeting.
    Away,
}

impl Default for Forwarding {
    fn default() -> Forwarding {
        Forwarding {
            always: Forward::default(),
            busy: Forward::default(),
            no_answer: Forward::default(),
            not_reachable: Forward::default(),
            rings: USUAL_RINGS,
        }
    }
}

impl Condition {
    /// Every condition.
    pub const ALL: [Condition; 4] = [
        Condition::Always,
        Condition::Busy,
        Condition::NoAnswer,
        Condition::NotReachable,
    ];
}

impl Feature {
    /// Every feature.
    pub const ALL: [Feature; 7] = [
        Feature::AlwaysToVoicemail,
        Feature::BusyToVoicemail,
        Feature::NoAnswerToVoicemail,
        Feature::DoNotDisturb,
        Feature::HideNumber,
        Feature::RejectAnonymous,
        Feature::CallWaiting,
    ];
}

impl RecordingKind {
    /// Every kind.
    pub const ALL: [RecordingKind; 4] = [
        RecordingKind::Name,
        RecordingKind::Busy,
        RecordingKind::NoAnswer,
        RecordingKind::Away,
    ];
}

impl Forward {
    /// Where calls go; `None` where it is off, or on without a number.
    pub fn target(&self) -> Option<&DialString> {
        self.to.as_ref().filter(|_| self.on)
    }
}

impl Forwarding {
    /// The forwarding under this condition.
    pub fn under(&self, condition: Condition) -> &Forward {
        match condition {
            Condition::Always => &self.always,
            Condition::Busy => &self.busy,
            Condition::NoAnswer => &self.no_answer,
            Condition::NotReachable => &self.not_reachable,
        }
    }
}

impl Features {
    /// Whether this one is on.
    pub fn has(&self, feature: Feature) -> bool {
        match feature {
            Feature::AlwaysToVoicemail => self.always_to_voicemail,
            Feature::BusyToVoicemail => !self.busy_not_to_voicemail,
            Feature::NoAnswerToVoicemail => !self.no_answer_not_to_voicemail,
            Feature::DoNotDisturb => self.do_not_disturb,
            Feature::HideNumber => self.hides_number,
            Feature::RejectAnonymous => self.rejects_anonymous,
            Feature::CallWaiting => !self.no_call_waiting,
        }
    }
}

impl Away {
    /// Whether callers hear so on this day, in the subscriber's zone.
    pub fn holds_on(&self, day: Date) -> bool {
        self.on && self.last_day.is_none_or(|last| day <= last)
    }
}

impl Services {
    /// The passcode that opens the mailbox; `None` lets nobody in who gives one.
    pub fn passcode<'a>(&'a self, profile: &'a Profile) -> Option<&'a PasscodeHash> {
        self.passcode.chosen.as_ref().or(profile.passcode.as_ref())
    }

    /// The language that is spoken to the subscriber: the chosen one, else that of the profile.
    pub fn language<'a>(&'a self, profile: &'a Profile) -> &'a Language {
        self.language.as_ref().unwrap_or(&profile.language)
    }

    /// A recording in use.
    pub fn recording(&self, kind: RecordingKind) -> Option<RecordingId> {
        match kind {
            RecordingKind::Name => self.name,
            RecordingKind::Busy => self.busy_greeting,
            RecordingKind::NoAnswer => self.no_answer_greeting,
            RecordingKind::Away => self.away_greeting,
        }
    }

    /// Every recording in use.
    pub fn recordings(&self) -> impl Iterator<Item = RecordingId> {
        RecordingKind::ALL
            .into_iter()
            .filter_map(|kind| self.recording(kind))
    }
}

/// The services of every subscriber who has set something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceBook {
    services: HashMap<MailboxId, Arc<Services>>,
    nothing: Arc<Services>,
}

impl ServiceBook {
    /// The language that is spoken to a subscriber.
    pub fn language<'a>(&'a self, profile: &'a Profile) -> &'a Language {
        self.of(&profile.mailbox).language(profile)
    }

    /// What the owner of this mailbox has set.
    pub fn of(&self, mailbox: &MailboxId) -> &Arc<Services> {
        self.services.get(mailbox).unwrap_or(&self.nothing)
    }

    /// From now on the owner has set this.
    pub fn set(&mut self, mailbox: MailboxId, services: Arc<Services>) {
        self.services.insert(mailbox, services);
    }

    /// Everybody who has set something, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&MailboxId, &Arc<Services>)> {
        self.services.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_ends_with_its_last_day() {
        let day = |d| Date::constant(2026, 12, d);
        let mut away = Away {
            on: true,
            refuses_messages: false,
            last_day: Some(day(24)),
        };
        assert!(away.holds_on(day(24)));
        assert!(!away.holds_on(day(25)));
        away.last_day = None;
        assert!(away.holds_on(day(31)));
        away.on = false;
        assert!(!away.holds_on(day(1)));
    }
}
