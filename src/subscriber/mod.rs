//! Subscribers: who owns a mailbox, under which numbers, and how they want it.
//!
//! Rank 2: values and look-ups over them. The [`directory`](crate::directory) loads them.

mod change;
mod circle;
mod delivery;
mod destinations;
mod device;
mod guard;
mod languages;
mod passcode;
mod passcode_rules;
mod services;
mod tenant;

pub use crate::base::Language;
pub use change::{AwayChange, Change, ForwardChange};
pub use circle::{Lines, circle};
pub use delivery::{Delivery, ImapAccount, Mode, Secret};
pub use destinations::{Destinations, NumberRules};
pub use device::{Device, DeviceTaken, Devices, Ha1, Ha1Fault, Secrets, digest};
pub use guard::{Guarded, GuardedFault, Lock};
pub use languages::Languages;
pub use passcode::{PasscodeHash, PasscodeHashFault};
pub use passcode_rules::{PasscodeFlaw, PasscodeRules};
pub use services::{
    Away, Condition, EARLIER_PASSCODES_MAX, Feature, Features, Forward, Forwarding, LastCaller,
    POSITIONS_MAX, Passcode, RINGS, RecordingKind, ServiceBook, Services,
};
pub use tenant::{CallerLanguage, Tenant, language_of_caller};

use crate::base::{DialString, MailboxId, TenantId};
use crate::mailbox::Limits;
use std::collections::HashMap;
use std::sync::Arc;

/// One subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The mailbox, also the subscriber's main number inside.
    pub mailbox: MailboxId,
    /// The name, as mail shows it.
    pub name: String,
    /// Further numbers that reach this subscriber (E.164, extensions).
    pub numbers: Vec<DialString>,
    /// The language of the greeting and the portal.
    pub language: Language,
    /// The time zone, an IANA name.
    pub zone: String,
    /// The passcode of the portal; `None` lets nobody in.
    pub passcode: Option<PasscodeHash>,
    /// Where key 0 takes a caller.
    pub assistant: Option<DialString>,
    /// The tenant the subscriber belongs to; `None` where there are none.
    pub tenant: Option<TenantId>,
    /// How messages reach the subscriber.
    pub delivery: Delivery,
    /// What the mailbox may hold.
    pub limits: Limits,
}

impl Profile {
    /// Every number of the subscriber, that of the mailbox first.
    pub fn own_numbers(&self) -> impl Iterator<Item = &str> {
        let further = self.numbers.iter().map(DialString::as_str);
        std::iter::once(self.mailbox.as_str()).chain(further)
    }
}

/// All subscribers, found by any of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    by_number: HashMap<String, Arc<Profile>>,
}

/// Two subscribers claim one number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number {number} belongs to both mailbox {first} and mailbox {second}")]
pub struct NumberTaken {
    /// The number.
    pub number: String,
    /// Who had it first.
    pub first: MailboxId,
    /// Who claims it too.
    pub second: MailboxId,
}

impl Roster {
    /// Indexes subscribers by mailbox number and by every further number.
    pub fn new(profiles: impl IntoIterator<Item = Profile>) -> Result<Roster, NumberTaken> {
        let mut roster = Roster::default();
        for profile in profiles {
            let profile = Arc::new(profile);
            for number in profile.own_numbers() {
                let before = roster
                    .by_number
                    .insert(number.to_owned(), Arc::clone(&profile));
                if let Some(first) = before.filter(|p| p.mailbox != profile.mailbox) {
                    let (first, second) = (first.mailbox.clone(), profile.mailbox.clone());
                    return Err(NumberTaken {
                        number: number.to_owned(),
                        first,
                        second,
                    });
                }
            }
        }
        Ok(roster)
    }

    /// The subscriber with this number, whichever of theirs it is.
    pub fn by_number(&self, number: &str) -> Option<&Arc<Profile>> {
        self.by_number.get(number)
    }

    /// The subscriber who owns this mailbox.
    pub fn by_mailbox(&self, mailbox: &MailboxId) -> Option<&Arc<Profile>> {
        self.by_number
            .get(mailbox.as_str())
            .filter(|p| p.mailbox == *mailbox)
    }

    /// Every subscriber once, by mailbox number.
    pub fn all(&self) -> Vec<&Arc<Profile>> {
        let mut all: Vec<_> = self
            .by_number
            .iter()
            .filter(|(n, p)| *n == p.mailbox.as_str())
            .map(|(_, p)| p)
            .collect();
        all.sort_by(|a, b| a.mailbox.cmp(&b.mailbox));
        all
    }
}
