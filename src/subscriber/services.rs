//! What a subscriber has set: passcode, greetings, call forwarding and the other services of the
//! line, by their names in the industry (BroadWorks, 3GPP TS 22.004).
//!
//! [`Services`] is the state, [`Change`] is everything that can be done to it. Law: whoever changes
//! services (telephone, command line, another node) does so by a [`Change`], and
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

/// Everything that can be done to services.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Another passcode was chosen.
    Passcode(PasscodeHash, Timestamp),
    /// An operator gave a passcode that must be changed at the next log-in.
    PasscodeReset(PasscodeHash, Timestamp),
    /// Another language was chosen.
    Language(Language),
    /// A recording is in use from now on; `None` reverts to what the system says.
    Recording(RecordingKind, Option<RecordingId>),
    /// The extended-away service is set so.
    Away(Away),
    /// Forwarding under a condition is set so.
    Forward(Condition, Forward),
    /// The number of rings; what is not within [`RINGS`] is brought there.
    Rings(u8),
    /// A feature is switched.
    Feature(Feature, bool),
    /// A message was stopped here; `None` when it was heard to its end.
    Position(MessageId, Option<Duration>),
    /// The subscriber logged in.
    LoggedIn,
}

impl Change {
    /// What kind of change it is, for the log, which shows no number and no passcode.
    pub fn kind(&self) -> &'static str {
        match self {
            Change::Passcode(..) => "passcode",
            Change::PasscodeReset(..) => "passcode reset",
            Change::Language(_) => "language",
            Change::Recording(_, Some(_)) => "recording",
            Change::Recording(_, None) => "recording dropped",
            Change::Away(_) => "away",
            Change::Forward(..) => "forwarding",
            Change::Rings(_) => "rings",
            Change::Feature(..) => "feature",
            Change::Position(..) => "position",
            Change::LoggedIn => "log-in",
        }
    }
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
    pub const ALL: [Feature; 6] = [
        Feature::AlwaysToVoicemail,
        Feature::BusyToVoicemail,
        Feature::NoAnswerToVoicemail,
        Feature::DoNotDisturb,
        Feature::HideNumber,
        Feature::RejectAnonymous,
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

    fn set(&mut self, condition: Condition, forward: Forward) {
        *match condition {
            Condition::Always => &mut self.always,
            Condition::Busy => &mut self.busy,
            Condition::NoAnswer => &mut self.no_answer,
            Condition::NotReachable => &mut self.not_reachable,
        } = forward;
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
        }
    }

    fn set(&mut self, feature: Feature, on: bool) {
        match feature {
            Feature::AlwaysToVoicemail => self.always_to_voicemail = on,
            Feature::BusyToVoicemail => self.busy_not_to_voicemail = !on,
            Feature::NoAnswerToVoicemail => self.no_answer_not_to_voicemail = !on,
            Feature::DoNotDisturb => self.do_not_disturb = on,
            Feature::HideNumber => self.hides_number = on,
            Feature::RejectAnonymous => self.rejects_anonymous = on,
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

    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Passcode(hash, at) => self.choose(hash, at, false),
            Change::PasscodeReset(hash, at) => self.choose(hash, at, true),
            Change::Language(language) => self.language = Some(language),
            Change::Recording(kind, recording) => self.record(kind, recording),
            Change::Away(away) => self.away = away,
            Change::Forward(condition, forward) => self.forwarding.set(condition, forward),
            Change::Rings(rings) => {
                self.forwarding.rings = rings.clamp(*RINGS.start(), *RINGS.end());
            }
            Change::Feature(feature, on) => self.features.set(feature, on),
            Change::Position(message, position) => self.stopped(message, position),
            Change::LoggedIn => self.log_ins = self.log_ins.saturating_add(1),
        }
    }

    fn choose(&mut self, hash: PasscodeHash, at: Timestamp, due: bool) {
        let passcode = &mut self.passcode;
        if let Some(before) = passcode.chosen.replace(hash) {
            passcode.earlier.insert(0, before);
            passcode.earlier.truncate(EARLIER_PASSCODES_MAX);
        }
        passcode.since = Some(at);
        passcode.due = due;
    }

    fn record(&mut self, kind: RecordingKind, recording: Option<RecordingId>) {
        *match kind {
            RecordingKind::Name => &mut self.name,
            RecordingKind::Busy => &mut self.busy_greeting,
            RecordingKind::NoAnswer => &mut self.no_answer_greeting,
            RecordingKind::Away => &mut self.away_greeting,
        } = recording;
    }

    fn stopped(&mut self, message: MessageId, position: Option<Duration>) {
        match position {
            Some(position) => {
                self.positions.insert(message, position);
                // Identifiers sort by time.
                while self.positions.len() > POSITIONS_MAX {
                    self.positions.pop_first();
                }
            }
            None => {
                self.positions.remove(&message);
            }
        }
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
    use uuid::Uuid;

    fn hash(passcode: &str) -> PasscodeHash {
        PasscodeHash::make(passcode, &[7; 16]).unwrap()
    }

    #[test]
    fn a_passcode_that_is_changed_stays_known_among_the_earlier_ones() {
        let mut services = Services::default();
        let at = Timestamp::UNIX_EPOCH;
        services.apply(&Change::PasscodeReset(hash("1111"), at));
        assert!(services.passcode.due);
        services.apply(&Change::Passcode(hash("2222"), at));
        assert!(!services.passcode.due);
        assert_eq!(services.passcode.earlier, [hash("1111")]);
        assert_eq!(services.passcode.chosen, Some(hash("2222")));
    }

    #[test]
    fn the_memory_of_positions_and_passcodes_is_bounded() {
        let mut services = Services::default();
        for n in 0..200_u128 {
            let message = MessageId(Uuid::from_u128(n));
            services.apply(&Change::Position(message, Some(Duration::from_secs(1))));
        }
        assert_eq!(services.positions.len(), POSITIONS_MAX);
        let oldest = *services.positions.first_key_value().unwrap().0;
        assert_eq!(oldest, MessageId(Uuid::from_u128(100)));
        services.apply(&Change::Position(oldest, None));
        assert_eq!(services.positions.len(), POSITIONS_MAX - 1);
        let one = hash("1234");
        for _ in 0..20 {
            services.apply(&Change::Passcode(one.clone(), Timestamp::UNIX_EPOCH));
        }
        assert_eq!(services.passcode.earlier.len(), EARLIER_PASSCODES_MAX);
    }

    #[test]
    fn each_change_shows_where_it_is_looked_up() {
        let mut services = Services::default();
        for feature in Feature::ALL {
            let before = services.features.has(feature);
            services.apply(&Change::Feature(feature, !before));
            assert_eq!(services.features.has(feature), !before, "{feature:?}");
        }
        for condition in Condition::ALL {
            let forward = Forward {
                on: true,
                to: DialString::parse("0612345678").ok(),
            };
            services.apply(&Change::Forward(condition, forward.clone()));
            assert_eq!(*services.forwarding.under(condition), forward);
        }
        for (n, kind) in (1..).zip(RecordingKind::ALL) {
            let id = RecordingId(Uuid::from_u128(n));
            services.apply(&Change::Recording(kind, Some(id)));
            assert_eq!(services.recording(kind), Some(id));
        }
        assert_eq!(services.recordings().count(), 4);
        services.apply(&Change::Rings(0));
        assert_eq!(services.forwarding.rings, 1);
    }

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
