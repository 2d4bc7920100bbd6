//! A subscriber's greetings in the `Greetings` folder of their IMAP account, as visual voicemail
//! clients look for them.
//!
//! In: the recordings in use, and which of them callers hear now. Out: one mail for each of them in
//! the folder, marked `$CNS-Greeting-On` where callers hear it. Laws: the telephone is the truth,
//! the folder its mirror; what the folder has is left as it is; mail that is no greeting of ours is
//! never touched; it may be done again at any time, and is then done in a few commands.
//!
//! Specs: OMTP Visual Voice Mail Interface 1.3, section 2.8.

use super::fault::Fault;
use super::pool::{Loan, Purpose};
use super::session::{Flags, Turn};
use super::{Imap, account};
use crate::base::RecordingId;
use crate::deliver::vocabulary;
use crate::mime::{self, Greeting};
use crate::subscriber::Profile;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The folder.
const FOLDER: &str = "Greetings";

/// Writes greetings into the accounts of one server.
pub struct ImapGreetings {
    imap: Arc<Imap>,
}

impl ImapGreetings {
    pub(super) fn new(imap: Arc<Imap>) -> ImapGreetings {
        ImapGreetings { imap }
    }

    /// Makes the folder hold these greetings and no other of ours; `true` are those that callers
    /// hear now.
    pub fn mirror(
        &self,
        owner: &Profile,
        greetings: &[(Greeting, bool)],
    ) -> Result<(), vocabulary::Fault> {
        let mirrored = account(owner).and_then(|account| {
            let session = self.imap.pool.lend(account, Purpose::Delivery)?;
            Mirror { session, greetings }.run()
        });
        Ok(mirrored?)
    }
}

/// One folder being brought in step.
struct Mirror<'a> {
    session: Loan,
    greetings: &'a [(Greeting, bool)],
}

impl Mirror<'_> {
    fn run(mut self) -> Result<(), Fault> {
        self.session.enter(FOLDER)?;
        let there = self.session.greetings()?;
        let mut put = false;
        for (greeting, _) in self.greetings {
            if !there.iter().any(|(_, id, _)| *id == greeting.id) {
                let flags = Flags {
                    seen: true,
                    ..Flags::default()
                };
                let mail = mime::greeting(greeting);
                self.session.append(FOLDER, flags, greeting.made, mail)?;
                put = true;
            }
        }
        let there = if put {
            self.session.enter(FOLDER)?;
            self.session.greetings()?
        } else {
            there
        };
        self.settle(&there)
    }

    /// Marks what callers hear, and removes what is no longer in use and copies of what is.
    fn settle(&mut self, there: &[(u32, RecordingId, bool)]) -> Result<(), Fault> {
        let (mut on, mut off, mut gone) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut seen = BTreeSet::new();
        for (uid, id, is_on) in there {
            let wanted = self.greetings.iter().find(|(wanted, _)| wanted.id == *id);
            match wanted.filter(|_| seen.insert(*id)) {
                None => gone.insert(*uid),
                Some((_, true)) if !is_on => on.insert(*uid),
                Some((_, false)) if *is_on => off.insert(*uid),
                Some(_) => false,
            };
        }
        self.mark(&on, Turn::GreetingOn)?;
        self.mark(&off, Turn::GreetingOff)?;
        self.session.turn(&gone, Turn::Deleted)?;
        self.session.expunge(&gone)
    }

    /// A server that keeps no keywords refuses; the greetings are there all the same.
    fn mark(&mut self, uids: &BTreeSet<u32>, turn: Turn) -> Result<(), Fault> {
        match self.session.turn(uids, turn) {
            Err(Fault::Refused(_)) => Ok(()),
            done => done,
        }
    }
}
