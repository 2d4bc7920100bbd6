//! The thread that checks passcodes: Argon2id is slow on purpose, so no other thread may do it.

use crate::base::{CallId, Pii, TenantId};
use crate::call::Door;
use crate::subscriber::{PasscodeHash, PasscodeHashFault, Roster};
use std::collections::HashMap;
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
    /// What it is to open.
    pub door: Door,
    /// The passcode typed.
    pub passcode: Pii<String>,
}

/// The passcodes of those who change prompts, by whose prompts they are; `None` is everybody's.
pub(super) type Operators = HashMap<Option<TenantId>, PasscodeHash>;

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Who asked.
    pub call: CallId,
    /// Which attempt of that call.
    pub attempt: u32,
    /// What it was to open.
    pub door: Door,
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
            door: self.door.clone(),
            right,
        }
    }
}

impl LogIns {
    /// Starts the thread. Its verdicts go to `answers`.
    pub(super) fn start(
        roster: Arc<Roster>,
        operators: Operators,
        decoy_salt: [u8; 16],
        answers: mpsc::UnboundedSender<Verdict>,
    ) -> Result<LogIns, LogInsFault> {
        let decoy = PasscodeHash::make("decoy", &decoy_salt)?;
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let keys = Keys {
            roster,
            operators,
            decoy,
        };
        let work = move || check_all(&waiting, &keys, &answers);
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

/// What passcodes are compared with.
struct Keys {
    roster: Arc<Roster>,
    operators: Operators,
    decoy: PasscodeHash,
}

fn check_all(waiting: &Receiver<LogIn>, keys: &Keys, answers: &mpsc::UnboundedSender<Verdict>) {
    for log_in in waiting {
        let right = keys.fit(&log_in);
        if answers.send(log_in.verdict(right)).is_err() {
            return;
        }
    }
}

impl Keys {
    /// Whether the passcode opens the door. Where there is no such door, or it has no passcode, a
    /// decoy is checked, so that the time taken tells nothing.
    fn fit(&self, log_in: &LogIn) -> bool {
        let hash = match &log_in.door {
            Door::Mailbox(mailbox) => {
                let owner = self.roster.by_mailbox(mailbox);
                owner.and_then(|owner| owner.passcode.as_ref())
            }
            Door::Prompts(tenant) => self.operators.get(tenant),
        };
        let checked = hash.unwrap_or(&self.decoy);
        checked.verifies(log_in.passcode.reveal()) && hash.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Language, MailboxId};
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

    /// Which of these attempts are right.
    fn right(operators: Operators, tries: &[(Door, &str)]) -> Vec<u64> {
        let (answers, mut answered) = mpsc::unbounded_channel();
        let log_ins = LogIns::start(roster(), operators, [2; 16], answers).unwrap();
        for (n, (door, passcode)) in tries.iter().enumerate() {
            log_ins
                .check(LogIn {
                    call: CallId(n as u64),
                    attempt: 1,
                    door: door.clone(),
                    passcode: Pii::new((*passcode).to_owned()),
                })
                .unwrap();
        }
        let verdicts = tries.iter().map(|_| answered.blocking_recv().unwrap());
        verdicts.filter(|v| v.right).map(|v| v.call.0).collect()
    }

    #[test]
    fn only_the_right_passcode_of_a_mailbox_that_has_one_opens_it() {
        let mailbox = |number: &str| Door::Mailbox(MailboxId::parse(number).unwrap());
        let tries = [
            (mailbox("2001"), "4321"),
            (mailbox("2001"), "4322"),
            (mailbox("2002"), ""),
            (mailbox("2002"), "decoy"),
            (mailbox("9"), "decoy"),
        ];
        assert_eq!(right(Operators::new(), &tries), [0]);
    }

    #[test]
    fn each_tenants_prompts_have_a_passcode_of_their_own_or_let_nobody_in() {
        let tenant = |name: &str| Some(TenantId::parse(name).unwrap());
        let hash = |passcode: &str| PasscodeHash::make(passcode, &[3; 16]).unwrap();
        let operators = Operators::from([(None, hash("1111")), (tenant("acme"), hash("2222"))]);
        let tries = [
            (Door::Prompts(None), "1111"),
            (Door::Prompts(tenant("acme")), "2222"),
            (Door::Prompts(None), "2222"),
            (Door::Prompts(tenant("acme")), "1111"),
            (Door::Prompts(tenant("other")), "1111"),
            (Door::Prompts(tenant("other")), "decoy"),
            (Door::Prompts(tenant("other")), ""),
        ];
        assert_eq!(right(operators, &tries), [0, 1]);
    }
}
