//! What subscribers have set, in memory, as obliging or as broken as the scenario says.
//!
//! In: changes that calls order. Out: what is set from then on, and recordings by their identities.

use belpost::audio::WireAudio;
use belpost::base::{DialString, MailboxId, RecordingId, Timestamp};
use belpost::call::{ChangeOrder, ChangeWork};
use belpost::flow::ChangeFault;
use belpost::subscriber::{
    Change, Condition, Feature, ForwardChange, PasscodeHash, ServiceBook, Services,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// What subscribers have set.
#[derive(Debug, Default)]
pub struct Directory {
    /// By mailbox.
    pub book: ServiceBook,
    /// What was recorded.
    pub recordings: BTreeMap<RecordingId, WireAudio>,
    /// Nothing can be stored.
    pub fails: bool,
    /// Everything recorded is too quiet.
    pub too_quiet: bool,
    /// Passcodes that were chosen, in order.
    pub passcodes: BTreeMap<MailboxId, Vec<String>>,
}

impl Directory {
    /// Carries a change out.
    pub fn change(
        &mut self,
        order: &ChangeOrder,
        recording: Option<WireAudio>,
    ) -> Result<Arc<Services>, ChangeFault> {
        if self.fails {
            return Err(ChangeFault::Unavailable);
        }
        let change = match &order.work {
            ChangeWork::Set(change) => change.clone(),
            ChangeWork::Passcode(passcode) => {
                let chosen = self.passcodes.entry(order.mailbox.clone()).or_default();
                if chosen.contains(passcode.reveal()) {
                    return Err(ChangeFault::UsedBefore);
                }
                chosen.push(passcode.reveal().clone());
                Change::Passcode(any_hash(), Timestamp::UNIX_EPOCH)
            }
            ChangeWork::Record { kind, .. } => {
                let sound = recording.ok_or(ChangeFault::Unavailable)?;
                if self.too_quiet {
                    return Err(ChangeFault::TooQuiet);
                }
                Change::Recording(*kind, Some(self.keep(sound)))
            }
        };
        Ok(self.apply(&order.mailbox, &change))
    }

    /// Makes a change.
    pub fn apply(&mut self, mailbox: &MailboxId, change: &Change) -> Arc<Services> {
        let mut services = (**self.book.of(mailbox)).clone();
        services.apply(change);
        let services = Arc::new(services);
        self.book.set(mailbox.clone(), Arc::clone(&services));
        services
    }

    /// Keeps a recording.
    pub fn keep(&mut self, sound: WireAudio) -> RecordingId {
        let id = RecordingId(Uuid::from_u128(1 + self.recordings.len() as u128));
        self.recordings.insert(id, sound);
        id
    }

    /// What of this can be had.
    pub fn load(&self, wanted: &[RecordingId]) -> Vec<(RecordingId, WireAudio)> {
        let found = wanted
            .iter()
            .filter_map(|id| Some((*id, self.recordings.get(id)?.clone())));
        found.collect()
    }

    /// The passcode that opens a mailbox now, where another was chosen.
    pub fn passcode(&self, mailbox: &MailboxId) -> Option<&String> {
        self.passcodes.get(mailbox)?.last()
    }
}

/// What `given subscriber NUMBER ...` says of a subscriber: `forwards always|busy|no-answer|
/// not-reachable to NUMBER`, `has on|off FEATURE`, `has logged in N times`, `must choose a
/// passcode`.
pub fn changes(words: &[String]) -> Result<Vec<Change>, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words[..] {
        ["forwards", condition, "to", number] => vec![forward(condition, number)?],
        ["has", state @ ("on" | "off"), feature] => {
            vec![Change::Feature(named(feature)?, state == "on")]
        }
        ["has", "logged", "in", count, "times"] => {
            let count: usize = count.parse().map_err(|_| format!("{count} is no number"))?;
            vec![Change::LoggedIn; count]
        }
        ["must", "choose", "a", "passcode"] => {
            vec![Change::PasscodeReset(any_hash(), Timestamp::UNIX_EPOCH)]
        }
        _ => return Err(format!("no subscriber {}", words.join(" "))),
    })
}

/// Whether it stands as these words say, which are those of [`changes`], `does not forward busy` or
/// `has 7 rings`.
pub fn stands(services: &Services, words: &[String]) -> Result<bool, String> {
    let plain: Vec<&str> = words.iter().map(String::as_str).collect();
    match plain[..] {
        ["does", "not", "forward", under] => {
            let forward = services.forwarding.under(condition(under)?);
            Ok(forward.target().is_none())
        }
        ["has", rings, "rings"] => Ok(services.forwarding.rings.to_string() == rings),
        _ => {
            let mut changed = services.clone();
            changes(words)?
                .iter()
                .for_each(|change| changed.apply(change));
            Ok(changed == *services)
        }
    }
}

fn condition(name: &str) -> Result<Condition, String> {
    Ok(match name {
        "always" => Condition::Always,
        "busy" => Condition::Busy,
        "no-answer" => Condition::NoAnswer,
        "not-reachable" => Condition::NotReachable,
        _ => return Err(format!("no forwarding {name}")),
    })
}

fn forward(under: &str, number: &str) -> Result<Change, String> {
    let condition = condition(under)?;
    let to = DialString::parse(number).map_err(|fault| fault.to_string())?;
    let (on, to) = (true, Some(to));
    Ok(Change::Forward(
        condition,
        ForwardChange { on: Some(on), to },
    ))
}

fn named(feature: &str) -> Result<Feature, String> {
    Ok(match feature {
        "always-to-voicemail" => Feature::AlwaysToVoicemail,
        "busy-to-voicemail" => Feature::BusyToVoicemail,
        "no-answer-to-voicemail" => Feature::NoAnswerToVoicemail,
        "do-not-disturb" => Feature::DoNotDisturb,
        "hide-number" => Feature::HideNumber,
        "reject-anonymous" => Feature::RejectAnonymous,
        "call-waiting" => Feature::CallWaiting,
        _ => return Err(format!("no feature {feature}")),
    })
}

/// The hash of some passcode: none is looked into here, and making one takes long.
pub fn any_hash() -> PasscodeHash {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$\
                Ci9bRmkS8mOAzRl8ZbGSMLMEJvUUNH43k0tNRTiZ5oI";
    PasscodeHash::parse(hash).expect("a hash")
}
