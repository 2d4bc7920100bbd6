//! What subscribers have set, in memory, as obliging or as broken as the scenario says.
//!
//! In: changes that calls order. Out: what is set from then on, and recordings by their identities.

use belpost::audio::WireAudio;
use belpost::base::{MailboxId, RecordingId, Timestamp};
use belpost::call::{ChangeOrder, ChangeWork};
use belpost::flow::ChangeFault;
use belpost::subscriber::{Change, PasscodeHash, ServiceBook, Services};
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

/// The hash of some passcode: none is looked into here, and making one takes long.
fn any_hash() -> PasscodeHash {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$\
                Ci9bRmkS8mOAzRl8ZbGSMLMEJvUUNH43k0tNRTiZ5oI";
    PasscodeHash::parse(hash).expect("a hash")
}
