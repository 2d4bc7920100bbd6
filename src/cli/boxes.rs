//! The mailboxes, as commands ask them: the same stores as a running server, one question at a
//! time.

use super::fault::CliFault;
use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId};
use crate::config::Config;
use crate::deliver::{Imap, Maildir, Stores, Truth};
use crate::directory::Directory;
use crate::mailbox::{
    Attempts, Counts, Deposit, Fate, Fault, Leg, Letter, Marks, NoLedger, Outbox, OutboxFault,
    Standing, Summary,
};
use crate::mime::MailHost;
use crate::subscriber::{Profile, Roster};
use std::sync::Arc;
use std::time::Duration;

/// What is asked of the place where mailboxes are kept.
pub(super) trait Boxes {
    fn counts(&self, mailbox: &MailboxId) -> Result<Counts, Fault>;
    fn messages(&self, mailbox: &MailboxId) -> Result<Vec<Summary>, Fault>;
    fn audio(&self, mailbox: &MailboxId, message: MessageId) -> Result<WireAudio, Fault>;
}

/// The mailboxes of a configuration.
pub(super) struct Opened {
    truth: Truth,
    roster: Arc<Roster>,
}

impl Opened {
    /// Opens them beside a running server.
    pub(super) fn of(config: &Config) -> Result<Opened, CliFault> {
        let host = MailHost::parse(&config.mailboxes.host)?;
        let maildir = Maildir::new(config.mailboxes.folder.clone(), host.clone());
        let mut stores = Stores::new(Arc::new(maildir));
        for imap in &config.imap {
            let server = Imap::new(imap.server.clone(), host.clone());
            stores = stores.imap(&imap.server.name, Arc::new(server.store()));
        }
        let truth = Truth::new(stores, Arc::new(NoOutbox), Arc::new(NoLedger));
        let roster = Directory::of(config.subscribers.clone())?.roster();
        Ok(Opened { truth, roster })
    }

    fn owner(&self, mailbox: &MailboxId) -> Result<&Profile, Fault> {
        let owner = self.roster.by_mailbox(mailbox);
        owner.map(|owner| &**owner).ok_or(Fault::Gone)
    }
}

impl Boxes for Opened {
    fn counts(&self, mailbox: &MailboxId) -> Result<Counts, Fault> {
        let tally = self.truth.tally(self.owner(mailbox)?)?;
        Ok(tally.counts)
    }

    fn messages(&self, mailbox: &MailboxId) -> Result<Vec<Summary>, Fault> {
        let listing = self.truth.list(self.owner(mailbox)?);
        // Nothing waits in the outbox that this process sees.
        if listing.partial {
            return Err(Fault::Unavailable);
        }
        Ok(listing.messages)
    }

    fn audio(&self, mailbox: &MailboxId, message: MessageId) -> Result<WireAudio, Fault> {
        self.truth.audio(self.owner(mailbox)?, message)
    }
}

/// An outbox in which nothing waits: the real one belongs to the running server.
struct NoOutbox;

impl Outbox for NoOutbox {
    fn waiting(&self) -> Vec<MessageId> {
        Vec::new()
    }

    fn waiting_for(&self, _: &MailboxId) -> Vec<Deposit> {
        Vec::new()
    }

    fn deposit(&self, _: MessageId) -> Option<Deposit> {
        None
    }

    fn octets(&self, _: MessageId) -> Result<Vec<u8>, OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn outgoing(&self, _: MessageId) -> Option<Deposit> {
        None
    }

    fn fate(&self, _: MessageId, _: &Leg) -> Fate {
        Fate::default()
    }

    fn note(&self, _: MessageId, _: &Leg, _: Attempts) -> Result<(), OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn finish(
        &self,
        _: MessageId,
        _: &Leg,
        _: &[Leg],
        _: Option<Marks>,
    ) -> Result<Standing, OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn give_up(
        &self,
        _: MessageId,
        _: &Leg,
        _: &[Leg],
        _: Attempts,
    ) -> Result<Standing, OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn settle(&self, _: MessageId, _: &[Leg]) -> Result<Standing, OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn mark(&self, _: MessageId, _: Marks) -> Result<(), OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn withdraw(&self, _: MessageId) -> Result<(), OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn untold(&self) -> Result<Vec<Letter>, OutboxFault> {
        Ok(Vec::new())
    }

    fn told(&self, _: MessageId) -> Result<(), OutboxFault> {
        Err(OutboxFault::Gone)
    }

    fn retried(&self) -> Vec<MessageId> {
        Vec::new()
    }

    fn refresh(&self) -> Result<(), OutboxFault> {
        Ok(())
    }

    fn wake(&self) {}

    fn dropped(&self) -> Vec<(MessageId, MailboxId)> {
        Vec::new()
    }

    fn wait(&self, seen: u64, _: Duration) -> u64 {
        seen
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audio::Law;
    use crate::base::{Language, Timestamp};
    use crate::deliver::{Courier, Errand};
    use crate::mailbox::{Ending, Envelope, Facts, Limits, Owner};
    use crate::mime::Caller;
    use crate::subscriber::Delivery;

    /// Puts a message of one second into a mailbox, as the server does.
    pub(in crate::cli) fn deliver(config: &Config, mailbox: &MailboxId, id: MessageId) {
        let host = MailHost::parse(&config.mailboxes.host).unwrap();
        let maildir = Maildir::new(config.mailboxes.folder.clone(), host);
        let deposit = Deposit {
            id,
            envelope: Envelope {
                owner: Owner {
                    mailbox: mailbox.clone(),
                    name: "Jan".into(),
                },
                caller: Caller::Withheld,
                call_id: "a@b".into(),
                started: Timestamp::UNIX_EPOCH,
                law: Law::A,
                reason: None,
                language: Language::parse("nl").unwrap(),
                zone: "UTC".into(),
            },
            facts: Facts {
                length: Duration::from_secs(1),
                voiced: Duration::from_secs(1),
                ending: Ending::Stopped,
                urgent: false,
                private: false,
            },
            marks: Marks::default(),
        };
        let marks = || Some(Marks::default());
        let owner = Profile {
            mailbox: mailbox.clone(),
            name: "Jan".into(),
            numbers: Vec::new(),
            language: deposit.envelope.language.clone(),
            zone: "UTC".into(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: Delivery::local(),
            limits: Limits::default(),
        };
        let errand = Errand {
            deposit: &deposit,
            sound: &[0xD5; 8_000],
            leg: &Leg::Store,
            owner: &owner,
            marks: &marks,
        };
        maildir.deliver(&errand).unwrap();
    }
}
