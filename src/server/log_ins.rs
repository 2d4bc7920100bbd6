//! The thread that checks passcodes: Argon2id is slow on purpose, so no other thread may do it.

use crate::base::{CallId, MailboxId, Pii};
use crate::subscriber::{PasscodeHash, PasscodeHashFault, Roster};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use tokio::sync::mpsc;

/// Log-ins that may wait for their check; at 20 ms each, about a second of them.
pub const WAITING_MAX: usize = 64;

/// One log-in to be checked.
#[derive(Debug)]
pub(super) struct LogIn {
    /// Who asks.
    pub call: CallId,
    /// Which attempt of that call.
    pub attempt: u32,
    /// Whose mailbox.
    pub mailbox: MailboxId,
    /// The passcode typed.
    pub passcode: Pii<String>,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Who asked.
    pub call: CallId,
    /// Which attempt of that call.
    pub attempt: u32,
    /// Whether the passcode was right.
    pub right: bool,
}

/// The near side of the thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct LogIns {
    queue: SyncSender<LogIn>,
}

/// The thread could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogInsFault {
    /// The system gave no thread.
    #[error("the passcode thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The decoy could not be made.
    #[error(transparent)]
    Hash(#[from] PasscodeHashFault),
}

/// A log-in that could not be queued, and the verdict in its place: wrong.
#[derive(Debug)]
pub(super) struct Overloaded(pub Verdict);

impl LogIn {
    fn verdict(&self, right: bool) -> Verdict {
        Verdict {
            call: self.call,
            attempt: self.attempt,
            right,
        }
    }
}

impl LogIns {
    /// Starts the thread. Its verdicts go to `answers`.
    pub(super) fn start(
        roster: Arc<Roster>,
        decoy_salt: [u8; 16],
        answers: mpsc::UnboundedSender<Verdict>,
    ) -> Result<LogIns, LogInsFault> {
        let decoy = PasscodeHash::make("decoy", &decoy_salt)?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let work = move || check_all(&waiting, &roster, &decoy, &answers);
        thread::Builder::new()
            .name("passcodes".to_owned())
            .spawn(work)?;
        Ok(LogIns { queue })
    }

    /// Queues a check.
    pub(super) fn check(&self, log_in: LogIn) -> Result<(), Overloaded> {
        self.queue.try_send(log_in).map_err(|error| match error {
            TrySendError::Full(log_in) | TrySendError::Disconnected(log_in) => {
                Overloaded(log_in.verdict(false))
            }
        })
    }
}

fn check_all(
    waiting: &Receiver<LogIn>,
    roster: &Roster,
    decoy: &PasscodeHash,
    answers: &mpsc::UnboundedSender<Verdict>,
) {
    for log_in in waiting {
        let right = is_right(&log_in, roster, decoy);
        if answers.send(log_in.verdict(right)).is_err() {
            return;
        }
    }
}

/// Whether the passcode opens the mailbox. Where there is no such mailbox, or it has no passcode,
/// a decoy is checked, so that the time taken tells nothing.
fn is_right(log_in: &LogIn, roster: &Roster, decoy: &PasscodeHash) -> bool {
    let hash = roster
        .by_mailbox(&log_in.mailbox)
        .and_then(|owner| owner.passcode.as_ref());
    let verifies = hash.unwrap_or(decoy).verifies(log_in.passcode.reveal());
    verifies && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Language;
    use crate::subscriber::Profile;

    fn roster() -> Arc<Roster> {
        let profile = |mailbox: &str, passcode: Option<PasscodeHash>| Profile {
            mailbox: MailboxId::parse(mailbox).unwrap(),
            name: String::new(),
            numbers: Vec::new(),
            language: Language::parse("nl").unwrap(),
            zone: "UTC".to_owned(),
            passcode,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        };
        let hash = PasscodeHash::make("4321", &[1; 16]).unwrap();
        Arc::new(Roster::new([profile("2001", Some(hash)), profile("2002", None)]).unwrap())
    }

    #[test]
    fn only_the_right_passcode_of_a_mailbox_that_has_one_opens_it() {
        let (answers, mut answered) = mpsc::unbounded_channel();
        let log_ins = LogIns::start(roster(), [2; 16], answers).unwrap();
        let tries = [
            ("2001", "4321"),
            ("2001", "4322"),
            ("2002", ""),
            ("2002", "decoy"),
            ("9", "decoy"),
        ];
        for (n, (mailbox, passcode)) in tries.into_iter().enumerate() {
            let mailbox = MailboxId::parse(mailbox).unwrap();
            let passcode = Pii::new(passcode.to_owned());
            log_ins
                .check(LogIn {
                    call: CallId(n as u64),
                    attempt: 1,
                    mailbox,
                    passcode,
                })
                .unwrap();
        }
        let verdicts: Vec<_> = tries
            .iter()
            .map(|_| answered.blocking_recv().unwrap())
            .collect();
        let right: Vec<_> = verdicts.iter().filter(|verdict| verdict.right).collect();
        let expected = Verdict {
            call: CallId(0),
            attempt: 1,
            right: true,
        };
        assert_eq!(right, [&expected]);
    }
}
