//! What `belpost subscriber set` takes: a key and its value, turned into a change.
//!
//! In: words of the command line, and what is set so far. Out: the change, or what is wrong with
//! the words. Only the words are judged: an operator may set what a subscriber may not.

use crate::base::{Date, DialString, Language};
use crate::subscriber::{
    AwayChange, Change, Condition, Feature, ForwardChange, RINGS, RecordingKind, Services,
};
use clap::ValueEnum;

/// What can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Key {
    /// Forward every call: on NUMBER, on, off.
    ForwardAlways,
    /// Forward when the line is busy: on NUMBER, on, off.
    ForwardBusy,
    /// Forward when nobody answers: on NUMBER, on, off.
    ForwardNoAnswer,
    /// Forward when no telephone can be reached: on NUMBER, on, off.
    ForwardNotReachable,
    /// Rings before nobody answers: 1 to 20.
    Rings,
    /// The telephone does not ring: on, off.
    DoNotDisturb,
    /// The own number is withheld: on, off.
    HideNumber,
    /// Callers who withhold their number are refused: on, off.
    RejectAnonymous,
    /// A second call rings: on, off.
    CallWaiting,
    /// Every call goes to voicemail: on, off.
    AlwaysToVoicemail,
    /// Calls go to voicemail when the line is busy: on, off.
    BusyToVoicemail,
    /// Calls go to voicemail when nobody answers: on, off.
    NoAnswerToVoicemail,
    /// The extended-away greeting: on, off.
    Away,
    /// The last day of it: a day such as 2026-12-24, or none.
    AwayUntil,
    /// Whether callers can leave a message meanwhile: on, off.
    AwayMessages,
    /// The language of the portal, a tag such as nl.
    Language,
    /// The recorded name: none.
    Name,
    /// The busy greeting: none.
    BusyGreeting,
    /// The no-answer greeting: none.
    NoAnswerGreeting,
    /// The own extended-away greeting: none.
    AwayGreeting,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SettingFault {
    /// Not a switch.
    #[error("it is on or off, not {0:?}")]
    NotASwitch(String),
    /// Not a forwarding.
    #[error("it is \"on NUMBER\", \"on\" for the number it had, or \"off\", not {0:?}")]
    NotAForward(String),
    /// It never had a number.
    #[error("it has no number yet: say \"on NUMBER\"")]
    NoNumber,
    /// Not a number to dial.
    #[error(transparent)]
    Number(#[from] crate::base::DialStringFault),
    /// Not so many rings.
    #[error("it is {least} to {most} rings, not {0:?}", least = RINGS.start(), most = RINGS.end())]
    NotRings(String),
    /// Not a day.
    #[error("it is a day such as 2026-12-24, or none, not {0:?}")]
    NotADay(String),
    /// Not a language.
    #[error("it is a language tag such as nl, not {0:?}")]
    NotALanguage(String),
    /// Not offered.
    #[error("language {0} is not offered here, only {1}")]
    NotOffered(Language, String),
    /// A recording that is to be something else than dropped.
    #[error("a recording is made by telephone; here it can be dropped by \"none\", not {0:?}")]
    NotNone(String),
}

/// The change of `services` that sets a key to these words; `offered` are the languages there are.
pub(super) fn change(
    key: Key,
    words: &[String],
    services: &Services,
    offered: &[Language],
) -> Result<Change, SettingFault> {
    let text = words.join(" ");
    let switch = || switch(&text);
    let forward = |condition| forward(condition, words, services);
    let feature = |feature| Ok(Change::Feature(feature, switch()?));
    let dropped = |kind| match text.as_str() {
        "none" => Ok(Change::Recording(kind, None)),
        _ => Err(SettingFault::NotNone(text.clone())),
    };
    let mut away = AwayChange::default();
    match key {
        Key::ForwardAlways => forward(Condition::Always),
        Key::ForwardBusy => forward(Condition::Busy),
        Key::ForwardNoAnswer => forward(Condition::NoAnswer),
        Key::ForwardNotReachable => forward(Condition::NotReachable),
        Key::Rings => rings(&text).map(Change::Rings),
        Key::DoNotDisturb => feature(Feature::DoNotDisturb),
        Key::HideNumber => feature(Feature::HideNumber),
        Key::RejectAnonymous => feature(Feature::RejectAnonymous),
        Key::CallWaiting => feature(Feature::CallWaiting),
        Key::AlwaysToVoicemail => feature(Feature::AlwaysToVoicemail),
        Key::BusyToVoicemail => feature(Feature::BusyToVoicemail),
        Key::NoAnswerToVoicemail => feature(Feature::NoAnswerToVoicemail),
        Key::Away => {
            away.on = Some(switch()?);
            Ok(Change::Away(away))
        }
        Key::AwayUntil => {
            away.last_day = Some(day(&text)?);
            Ok(Change::Away(away))
        }
        Key::AwayMessages => {
            away.refuses_messages = Some(!switch()?);
            Ok(Change::Away(away))
        }
        Key::Language => language(&text, offered).map(Change::Language),
        Key::Name => dropped(RecordingKind::Name),
        Key::BusyGreeting => dropped(RecordingKind::Busy),
        Key::NoAnswerGreeting => dropped(RecordingKind::NoAnswer),
        Key::AwayGreeting => dropped(RecordingKind::Away),
    }
}

fn switch(text: &str) -> Result<bool, SettingFault> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(SettingFault::NotASwitch(other.to_owned())),
    }
}

fn forward(
    condition: Condition,
    words: &[String],
    services: &Services,
) -> Result<Change, SettingFault> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let has_number = services.forwarding.under(condition).to.is_some();
    let change = match words.as_slice() {
        ["off"] => ForwardChange::switch(false),
        ["on"] if !has_number => return Err(SettingFault::NoNumber),
        ["on"] => ForwardChange::switch(true),
        ["on", number] => ForwardChange::on_to(DialString::parse(number)?),
        other => return Err(SettingFault::NotAForward(other.join(" "))),
    };
    Ok(Change::Forward(condition, change))
}

fn rings(text: &str) -> Result<u8, SettingFault> {
    let number = text.parse::<u8>().ok().filter(|n| RINGS.contains(n));
    number.ok_or_else(|| SettingFault::NotRings(text.to_owned()))
}

fn day(text: &str) -> Result<Option<Date>, SettingFault> {
    if text == "none" {
        return Ok(None);
    }
    let day = text.parse::<Date>();
    day.map(Some)
        .map_err(|_| SettingFault::NotADay(text.to_owned()))
}

fn language(text: &str, offered: &[Language]) -> Result<Language, SettingFault> {
    let language =
        Language::parse(text).ok_or_else(|| SettingFault::NotALanguage(text.to_owned()))?;
    if offered.contains(&language) {
        return Ok(language);
    }
    let tags: Vec<&str> = offered.iter().map(Language::as_str).collect();
    Err(SettingFault::NotOffered(language, tags.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: Key, value: &str, services: &mut Services) -> Result<(), String> {
        let words: Vec<String> = value.split(' ').map(str::to_owned).collect();
        let offered = [Language::parse("nl").unwrap()];
        let change = change(key, &words, services, &offered).map_err(|f| f.to_string())?;
        services.apply(&change);
        Ok(())
    }

    #[test]
    fn a_forwarding_keeps_its_number_while_it_is_off() {
        let mut services = Services::default();
        let fault = set(Key::ForwardBusy, "on", &mut services).unwrap_err();
        assert!(fault.contains("on NUMBER"), "{fault}");
        set(Key::ForwardBusy, "on 0612345678", &mut services).unwrap();
        set(Key::ForwardBusy, "off", &mut services).unwrap();
        let busy = services.forwarding.under(Condition::Busy).clone();
        assert_eq!((busy.on, busy.to.unwrap().as_str()), (false, "0612345678"));
        set(Key::ForwardBusy, "on", &mut services).unwrap();
        assert!(services.forwarding.busy.on);
        assert!(!services.forwarding.always.on);
    }

    #[test]
    fn every_key_sets_what_it_says() {
        let mut services = Services::default();
        for (key, value) in [
            (Key::ForwardAlways, "on 1"),
            (Key::ForwardBusy, "on 2"),
            (Key::ForwardNoAnswer, "on 3"),
            (Key::ForwardNotReachable, "on 4"),
            (Key::Rings, "20"),
            (Key::DoNotDisturb, "on"),
            (Key::HideNumber, "on"),
            (Key::RejectAnonymous, "on"),
            (Key::CallWaiting, "off"),
            (Key::AlwaysToVoicemail, "on"),
            (Key::BusyToVoicemail, "off"),
            (Key::NoAnswerToVoicemail, "off"),
            (Key::Away, "on"),
            (Key::AwayUntil, "2026-12-24"),
            (Key::AwayMessages, "off"),
            (Key::Language, "nl"),
        ] {
            let before = services.clone();
            set(key, value, &mut services).unwrap();
            assert_ne!(services, before, "{key:?}");
        }
        let numbers = Condition::ALL.map(|c| services.forwarding.under(c).to.clone().unwrap());
        assert_eq!(numbers.map(|n| n.as_str().to_owned()), ["1", "2", "3", "4"]);
        assert!(services.away.on && services.away.refuses_messages);
        assert_eq!(services.away.last_day, Some(Date::constant(2026, 12, 24)));
        for feature in Feature::ALL {
            let falls = [
                Feature::BusyToVoicemail,
                Feature::NoAnswerToVoicemail,
                Feature::CallWaiting,
            ];
            assert_eq!(services.features.has(feature), !falls.contains(&feature));
        }
    }

    #[test]
    fn values_that_cannot_be_are_refused_with_what_can() {
        let mut services = Services::default();
        for (key, value, told) in [
            (Key::ForwardBusy, "0612345678", "on NUMBER"),
            (Key::ForwardBusy, "on me", "telephone key"),
            (Key::Rings, "0", "1 to 20"),
            (Key::Rings, "many", "1 to 20"),
            (Key::DoNotDisturb, "yes", "on or off"),
            (Key::AwayUntil, "tomorrow", "2026-12-24"),
            (Key::Language, "en", "only nl"),
            (Key::Language, "Dutch", "such as nl"),
            (Key::Name, "Jan", "by telephone"),
        ] {
            let fault = set(key, value, &mut services).unwrap_err();
            assert!(fault.contains(told), "{key:?} {value}: {fault}");
        }
        assert_eq!(services, Services::default());
    }
}
