//! Everything that can be done to what a subscriber has set.
//!
//! In: [`Services`] and a [`Change`]. Out: services as they are from then on. Laws: this is the only place
//! that knows what a change does; a change names what it changes and leaves all else alone, so that
//! two people who change different things at the same time both get what they wanted.

use super::PasscodeHash;
use super::services::{
    Away, Condition, EARLIER_PASSCODES_MAX, Feature, Features, Forwarding, LastCaller,
    POSITIONS_MAX, RINGS, RecordingKind, Services,
};
use crate::base::{Date, DialString, Language, MessageId, RecordingId, Timestamp};
use std::time::Duration;

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
    /// The extended-away service is set so, as far as it is given.
    Away(AwayChange),
    /// Forwarding under a condition is set so, as far as it is given.
    Forward(Condition, ForwardChange),
    /// The number of rings; what is not within [`RINGS`] is brought there.
    Rings(u8),
    /// A feature is switched.
    Feature(Feature, bool),
    /// A message was stopped here; `None` when it was heard to its end.
    Position(MessageId, Option<Duration>),
    /// The subscriber logged in.
    LoggedIn,
    /// Somebody called; `None` forgets who.
    LastCaller(Option<LastCaller>),
}

/// A change of the extended-away service. What is `None` stays as it is, whoever changes that at the
/// same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AwayChange {
    /// Whether it is on.
    pub on: Option<bool>,
    /// Whether callers can leave no message meanwhile.
    pub refuses_messages: Option<bool>,
    /// The last day; `Some(None)` is until it is switched off.
    pub last_day: Option<Option<Date>>,
}

/// A change of forwarding under one condition. What is `None` stays as it is, whoever changes that at
/// the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ForwardChange {
    /// Whether it is on.
    pub on: Option<bool>,
    /// Where to.
    pub to: Option<DialString>,
}

impl AwayChange {
    /// What makes `after` of `before`, and touches nothing else.
    pub fn between(before: Away, after: Away) -> AwayChange {
        AwayChange {
            on: (before.on != after.on).then_some(after.on),
            refuses_messages: (before.refuses_messages != after.refuses_messages)
                .then_some(after.refuses_messages),
            last_day: (before.last_day != after.last_day).then_some(after.last_day),
        }
    }
}

impl From<Away> for AwayChange {
    fn from(away: Away) -> AwayChange {
        AwayChange {
            on: Some(away.on),
            refuses_messages: Some(away.refuses_messages),
            last_day: Some(away.last_day),
        }
    }
}

impl ForwardChange {
    /// On or off, to whatever number it has.
    pub fn switch(on: bool) -> ForwardChange {
        let (on, to) = (Some(on), None);
        ForwardChange { on, to }
    }

    /// On, to this number.
    pub fn on_to(number: DialString) -> ForwardChange {
        let (on, to) = (Some(true), Some(number));
        ForwardChange { on, to }
    }
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
            Change::LastCaller(Some(_)) => "caller",
            Change::LastCaller(None) => "caller forgotten",
        }
    }
}

impl Forwarding {
    fn set(&mut self, condition: Condition, change: ForwardChange) {
        let forward = match condition {
            Condition::Always => &mut self.always,
            Condition::Busy => &mut self.busy,
            Condition::NoAnswer => &mut self.no_answer,
            Condition::NotReachable => &mut self.not_reachable,
        };
        forward.on = change.on.unwrap_or(forward.on);
        forward.to = change.to.or(forward.to.take());
    }
}

impl Features {
    fn set(&mut self, feature: Feature, on: bool) {
        match feature {
            Feature::AlwaysToVoicemail => self.always_to_voicemail = on,
            Feature::BusyToVoicemail => self.busy_not_to_voicemail = !on,
            Feature::NoAnswerToVoicemail => self.no_answer_not_to_voicemail = !on,
            Feature::DoNotDisturb => self.do_not_disturb = on,
            Feature::HideNumber => self.hides_number = on,
            Feature::RejectAnonymous => self.rejects_anonymous = on,
            Feature::CallWaiting => self.no_call_waiting = !on,
        }
    }
}

impl Away {
    fn set(&mut self, change: AwayChange) {
        self.on = change.on.unwrap_or(self.on);
        self.refuses_messages = change.refuses_messages.unwrap_or(self.refuses_messages);
        self.last_day = change.last_day.unwrap_or(self.last_day);
    }
}

impl Services {
    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change.clone() {
            Change::Passcode(hash, at) => self.choose(hash, at, false),
            Change::PasscodeReset(hash, at) => self.choose(hash, at, true),
            Change::Language(language) => self.language = Some(language),
            Change::Recording(kind, recording) => self.record(kind, recording),
            Change::Away(change) => self.away.set(change),
            Change::Forward(condition, change) => self.forwarding.set(condition, change),
            Change::Rings(rings) => {
                self.forwarding.rings = rings.clamp(*RINGS.start(), *RINGS.end());
            }
            Change::Feature(feature, on) => self.features.set(feature, on),
            Change::Position(message, position) => self.stopped(message, position),
            Change::LoggedIn => self.log_ins = self.log_ins.saturating_add(1),
            Change::LastCaller(caller) => self.last_caller = caller,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscriber::Forward;
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
            let to = DialString::parse("0612345678").unwrap();
            let change = ForwardChange::on_to(to.clone());
            services.apply(&Change::Forward(condition, change));
            let (on, to) = (true, Some(to));
            assert_eq!(*services.forwarding.under(condition), Forward { on, to });
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
    fn whoever_switches_leaves_alone_what_another_changes_at_the_same_time() {
        let number = DialString::parse("0612345678").unwrap();
        let mut services = Services::default();
        // Both saw forwarding off and without a number.
        let to = Some(number.clone());
        let renumber = ForwardChange { on: None, to };
        for change in [ForwardChange::switch(true), renumber] {
            services.apply(&Change::Forward(Condition::Busy, change));
        }
        assert_eq!(services.forwarding.busy.target(), Some(&number));
        let seen = services.away;
        for after in [
            Away { on: true, ..seen },
            Away {
                refuses_messages: true,
                ..seen
            },
        ] {
            services.apply(&Change::Away(AwayChange::between(seen, after)));
        }
        assert!(services.away.on && services.away.refuses_messages);
    }
}
