//! The codes there are: their names in `codes.toml`, and what follows each.

use crate::subscriber::{Condition, Feature};

/// What a dialled code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A feature is switched.
    Switch(Feature, bool),
    /// Call forwarding under a condition is switched on, to the number that follows.
    ForwardOn(Condition),
    /// Call forwarding under a condition is switched off.
    ForwardOff(Condition),
    /// How call forwarding under a condition stands is said.
    ForwardStatus(Condition),
    /// The number of rings before nobody answers is set.
    Rings,
    /// The last caller is told, and called back by a key (Call Return).
    CallReturn,
    /// The last caller is forgotten (Call Return Number Deletion).
    ForgetCaller,
    /// The caller leaves a message in the mailbox that follows (Direct Voice Mail Transfer).
    DirectToVoicemail,
    /// It acts on a live call, or places one.
    Live(LiveCode),
}

/// A code that acts on a live call of the telephone it is dialled from, or places a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LiveCode {
    /// The own call at another telephone is taken over (Call Retrieve).
    Pull,
    /// The present call is held for another one (Flash Call Hold).
    FlashHold,
    /// The number dialled last is called again (Last Number Redial).
    Redial,
    /// The number that follows is called without showing the own one (Calling Line ID Delivery
    /// Blocking per Call).
    WithholdNumber,
    /// The number that follows is called and the own one shown (Calling Line ID Delivery per Call).
    ShowNumber,
    /// The number that follows is called and no second call is let in meanwhile (Cancel Call
    /// Waiting).
    NoWaiting,
    /// The present call is parked (Call Park).
    Park,
    /// A parked call is fetched (Call Park Retrieve).
    Unpark,
}

/// What follows a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// Nothing.
    None,
    /// A number, or nothing: then there is one from before, or it is asked for.
    Number,
    /// A figure from 1 to 9, or nothing: then it is asked for.
    Figure,
    /// The number of a subscriber, or nothing: then it is the own one.
    Extension,
    /// The number to call.
    Call,
}

impl Code {
    /// Every code, in the order of the user manual.
    pub const ALL: [Code; 38] = [
        Code::Switch(Feature::RejectAnonymous, true),
        Code::Switch(Feature::RejectAnonymous, false),
        Code::ForwardOn(Condition::Always),
        Code::ForwardOff(Condition::Always),
        Code::ForwardStatus(Condition::Always),
        Code::Switch(Feature::AlwaysToVoicemail, true),
        Code::Switch(Feature::AlwaysToVoicemail, false),
        Code::ForwardOn(Condition::Busy),
        Code::ForwardOff(Condition::Busy),
        Code::ForwardStatus(Condition::Busy),
        Code::Switch(Feature::BusyToVoicemail, true),
        Code::Switch(Feature::BusyToVoicemail, false),
        Code::ForwardOn(Condition::NoAnswer),
        Code::ForwardOff(Condition::NoAnswer),
        Code::ForwardStatus(Condition::NoAnswer),
        Code::Switch(Feature::NoAnswerToVoicemail, true),
        Code::Switch(Feature::NoAnswerToVoicemail, false),
        Code::ForwardOn(Condition::NotReachable),
        Code::ForwardOff(Condition::NotReachable),
        Code::ForwardStatus(Condition::NotReachable),
        Code::Live(LiveCode::WithholdNumber),
        Code::Switch(Feature::HideNumber, true),
        Code::Switch(Feature::HideNumber, false),
        Code::Live(LiveCode::ShowNumber),
        Code::Live(LiveCode::Pull),
        Code::CallReturn,
        Code::ForgetCaller,
        Code::Switch(Feature::CallWaiting, true),
        Code::Switch(Feature::CallWaiting, false),
        Code::Live(LiveCode::NoWaiting),
        Code::DirectToVoicemail,
        Code::Switch(Feature::DoNotDisturb, true),
        Code::Switch(Feature::DoNotDisturb, false),
        Code::Live(LiveCode::FlashHold),
        Code::Live(LiveCode::Redial),
        Code::Rings,
        Code::Live(LiveCode::Park),
        Code::Live(LiveCode::Unpark),
    ];

    /// The name in `codes.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Code::Switch(feature, true) => switched_on(feature),
            Code::Switch(feature, false) => switched_off(feature),
            Code::ForwardOn(condition) => forward(condition).0,
            Code::ForwardOff(condition) => forward(condition).1,
            Code::ForwardStatus(condition) => forward(condition).2,
            Code::Rings => "rings",
            Code::CallReturn => "call-return",
            Code::ForgetCaller => "forget-caller",
            Code::DirectToVoicemail => "direct-to-voicemail",
            Code::Live(LiveCode::Pull) => "pull",
            Code::Live(LiveCode::FlashHold) => "flash-hold",
            Code::Live(LiveCode::Redial) => "redial",
            Code::Live(LiveCode::WithholdNumber) => "withhold-number",
            Code::Live(LiveCode::ShowNumber) => "show-number",
            Code::Live(LiveCode::NoWaiting) => "no-call-waiting",
            Code::Live(LiveCode::Park) => "park",
            Code::Live(LiveCode::Unpark) => "unpark",
        }
    }

    /// The code of this name.
    pub fn named(name: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.name() == name)
    }

    /// What follows it.
    pub fn argument(self) -> Argument {
        match self {
            Code::Switch(..)
            | Code::ForwardOff(_)
            | Code::ForwardStatus(_)
            | Code::CallReturn
            | Code::ForgetCaller
            | Code::Live(LiveCode::Pull | LiveCode::FlashHold | LiveCode::Redial) => Argument::None,
            Code::ForwardOn(_) => Argument::Number,
            Code::Rings => Argument::Figure,
            Code::DirectToVoicemail | Code::Live(LiveCode::Park | LiveCode::Unpark) => {
                Argument::Extension
            }
            Code::Live(LiveCode::WithholdNumber | LiveCode::ShowNumber | LiveCode::NoWaiting) => {
                Argument::Call
            }
        }
    }
}

fn switched_on(feature: Feature) -> &'static str {
    match feature {
        Feature::AlwaysToVoicemail => "always-to-voicemail-on",
        Feature::BusyToVoicemail => "busy-to-voicemail-on",
        Feature::NoAnswerToVoicemail => "no-answer-to-voicemail-on",
        Feature::DoNotDisturb => "do-not-disturb-on",
        Feature::HideNumber => "hide-number-on",
        Feature::RejectAnonymous => "reject-anonymous-on",
        Feature::CallWaiting => "call-waiting-on",
    }
}

fn switched_off(feature: Feature) -> &'static str {
    match feature {
        Feature::AlwaysToVoicemail => "always-to-voicemail-off",
        Feature::BusyToVoicemail => "busy-to-voicemail-off",
        Feature::NoAnswerToVoicemail => "no-answer-to-voicemail-off",
        Feature::DoNotDisturb => "do-not-disturb-off",
        Feature::HideNumber => "hide-number-off",
        Feature::RejectAnonymous => "reject-anonymous-off",
        Feature::CallWaiting => "call-waiting-off",
    }
}

/// The names of on, off and status.
fn forward(condition: Condition) -> (&'static str, &'static str, &'static str) {
    match condition {
        Condition::Always => (
            "forward-always-on",
            "forward-always-off",
            "forward-always-status",
        ),
        Condition::Busy => ("forward-busy-on", "forward-busy-off", "forward-busy-status"),
        Condition::NoAnswer => (
            "forward-no-answer-on",
            "forward-no-answer-off",
            "forward-no-answer-status",
        ),
        Condition::NotReachable => (
            "forward-not-reachable-on",
            "forward-not-reachable-off",
            "forward-not-reachable-status",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_found_by_its_own_name() {
        for code in Code::ALL {
            assert_eq!(Code::named(code.name()), Some(code));
        }
        assert_eq!(
            Code::ALL.into_iter().collect::<BTreeSet<_>>().len(),
            Code::ALL.len()
        );
        assert_eq!(Code::named("forward"), None);
    }

    #[test]
    fn every_feature_and_condition_has_its_codes() {
        for feature in Feature::ALL {
            for on in [true, false] {
                assert!(Code::ALL.contains(&Code::Switch(feature, on)));
            }
        }
        for condition in Condition::ALL {
            assert!(Code::ALL.contains(&Code::ForwardOn(condition)));
            assert!(Code::ALL.contains(&Code::ForwardOff(condition)));
            assert!(Code::ALL.contains(&Code::ForwardStatus(condition)));
        }
    }
}
