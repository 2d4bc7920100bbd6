//! The mailboxes, as commands ask them: one question, one answer.

use super::fault::CliFault;
use crate::audio::WireAudio;
use crate::base::{MailboxId, MessageId};
use crate::config::Config;
use crate::deliver::{Answer, Answered, Mailboxes, Maildir, Question, Token};
use crate::mailbox::{
    Attempts, Command, Counts, Deposit, Fate, Fault, Leg, Letter, Marks, Outbox, OutboxFault,
    Reply, Standing, Summary,
};
use crate::mime::MailHost;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked of the place where mailboxes are kept.
pub(super) trait Boxes {
    fn counts(&self, mailbox: &MailboxId) -> Result<Counts, Fault>;
    fn messages(&self, mailbox: &MailboxId) -> Result<Vec<Summary>, Fault>;
    fn audio(&self, mailbox: &MailboxId, message: MessageId) -> Result<WireAudio, Fault>;
}

/// The mailboxes of a configuration.
pub(super) struct Opened {
    mailboxes: Mailboxes,
    answers: Receiver<Answered>,
}

impl Opened {
    /// Opens them beside a running server.
    pub(super) fn of(config: &Config) -> Result<Opened, CliFault> {
        let host = MailHost::parse(&config.mailboxes.host)?;
        let maildir = Maildir::new(config.mailboxes.folder.clone(), host);
        let (answer, answers) = channel();
        let mailboxes = Mailboxes::start(maildir, Arc::new(NoOutbox), move |answered| {
            // Nobody waits any more when the command has ended.
            let _ = answer.send(answered);
        })?;
        Ok(Opened { mailboxes, answers })
    }

    fn ask(&self, mailbox: &MailboxId, question: Question) -> Result<Answer, Fault> {
        self.mailboxes
            .ask(Token(0), mailbox.clone(), question)
            .map_err(|_| Fault::Unavailable)?;
        let answered = self.answers.recv_timeout(PATIENCE);
        answered
            .map(|answered| answered.answer)
            .map_err(|_| Fault::Unavailable)
    }
}

impl Boxes for Opened {
    fn counts(&self, mailbox: &MailboxId) -> Result<Counts, Fault> {
        match self.ask(mailbox, Question::Tally)? {
            Answer::Tally(tally) => tally.map(|tally| tally.counts),
            Answer::Reply(_) | Answer::Audio(..) => Err(Fault::Unavailable),
        }
    }

    fn messages(&self, mailbox: &MailboxId) -> Result<Vec<Summary>, Fault> {
        match self.ask(mailbox, Question::Command(Command::List))? {
            Answer::Reply(Reply::Listed(listing)) => Ok(listing.messages),
            Answer::Reply(Reply::Failed(_, fault)) => Err(fault),
            Answer::Reply(Reply::Done(_)) | Answer::Tally(_) | Answer::Audio(..) => {
                Err(Fault::Unavailable)
            }
        }
    }

    fn audio(&self, mailbox: &MailboxId, message: MessageId) -> Result<WireAudio, Fault> {
        match self.ask(mailbox, Question::Audio(message))? {
            Answer::Audio(_, audio) => audio,
            Answer::Reply(_) | Answer::Tally(_) => Err(Fault::Unavailable),
        }
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
    use crate::subscriber::{Delivery, Profile};

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
