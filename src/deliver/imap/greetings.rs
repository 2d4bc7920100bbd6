//! A subscriber's greetings in the `Greetings` folder of their IMAP account, as visual voicemail
//! clients look for them.
//!
//! In: the recordings in use, and which of them callers hear now. Out: one mail for each of them in
//! the folder, marked `$CNS-Greeting-On` where callers hear it. Laws: the telephone is the truth,
//! the folder its mirror; what the folder has is left as it is; mail that is no greeting of this
//! mailbox is never touched; a folder is made only for what goes into it; it may be done again at any time, and is then done in a few commands.
//!
//! Specs: OMTP Visual Voice Mail Interface 1.3, section 2.8.

use super::fault::Fault;
use super::pool::{Loan, Purpose};
use super::session::{Flags, GREETING_ON, HEADS_AT_ONCE, Turn};
use super::{Imap, account};
use crate::audio::{Law, WIRE_RATE};
use crate::base::{MailboxId, RecordingId};
use crate::deliver::{sound, vocabulary};
use crate::mime::{self, Greeting, HEAD_MAX};
use crate::subscriber::Profile;
use imap::types::Flag;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The folder.
const FOLDER: &str = "Greetings";

/// A recording that a subscriber has in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRecording {
    /// Which.
    pub id: RecordingId,
    /// Whether it is the recorded name, which is said inside the system greeting.
    pub is_name: bool,
    /// What it is, for people ("Begroeting bij in gesprek").
    pub title: String,
    /// Whether callers hear it now.
    pub is_heard: bool,
}

/// Writes greetings into the accounts of one server.
pub struct ImapGreetings {
    imap: Arc<Imap>,
}

impl ImapGreetings {
    pub(super) fn new(imap: Arc<Imap>) -> ImapGreetings {
        ImapGreetings { imap }
    }

    /// Makes the folder hold these recordings and no other of ours. The octets of one that is not
    /// there yet, in G.711 A-law, are asked for; one that cannot be had any more is left out.
    pub fn mirror(
        &self,
        owner: &Profile,
        recordings: &[OwnRecording],
        octets: &mut dyn FnMut(RecordingId) -> Option<Vec<u8>>,
    ) -> Result<(), vocabulary::Fault> {
        let mirrored = account(owner).and_then(|account| {
            let session = self.imap.pool.lend(account, Purpose::Delivery)?;
            let mut mirror = Mirror {
                session,
                of: &owner.mailbox,
                recordings,
            };
            if recordings.is_empty() && !mirror.session.enter_if_there(FOLDER)? {
                return Ok(());
            }
            let there = mirror.look()?;
            // What goes may make the room for what comes.
            mirror.settle(&there)?;
            let missing = |own: &&OwnRecording| !there.iter().any(|(_, id, _)| *id == own.id);
            let missing = recordings.iter().filter(missing);
            let made = missing.filter_map(|own| Some(self.greeting(owner, own, &octets(own.id)?)));
            let made: Vec<Greeting> = made.collect();
            if made.is_empty() {
                return Ok(());
            }
            mirror.put(&made)?;
            let there = mirror.look()?;
            mirror.settle(&there)
        });
        Ok(mirrored?)
    }

    fn greeting(&self, owner: &Profile, own: &OwnRecording, octets: &[u8]) -> Greeting {
        let seconds = octets.len() as f64 / f64::from(WIRE_RATE);
        Greeting {
            id: own.id,
            mailbox: owner.mailbox.clone(),
            host: self.imap.host.clone(),
            is_name: own.is_name,
            title: own.title.clone(),
            made: own.id.made(),
            length: Duration::from_secs_f64(seconds),
            sound: sound::file(owner.delivery.sound, Law::A, octets),
        }
    }
}

/// One folder being brought in step.
struct Mirror<'a> {
    session: Loan,
    of: &'a MailboxId,
    recordings: &'a [OwnRecording],
}

impl Mirror<'_> {
    /// What the folder has of this mailbox: the UID of each greeting, which recording it is, and whether it is
    /// marked.
    fn look(&mut self) -> Result<Vec<(u32, RecordingId, bool)>, Fault> {
        self.session.enter(FOLDER)?;
        let uids = self
            .session
            .search(&format!("HEADER {} \"\"", mime::GREETING_TYPE))?;
        let query = format!("(UID FLAGS BODY.PEEK[HEADER]<0.{HEAD_MAX}>)");
        let of = self.of;
        let found = self.session.fetch(&uids, HEADS_AT_ONCE, &query, |mail| {
            let mut flags = mail.flags().iter();
            let on =
                flags.any(|f| matches!(f, Flag::Custom(f) if f.eq_ignore_ascii_case(GREETING_ON)));
            Some((mime::greeting_id(mail.header()?, of)?, on))
        })?;
        let found = found.into_iter().map(|(uid, (id, on))| (uid, id, on));
        Ok(found.collect())
    }

    fn put(&mut self, greetings: &[Greeting]) -> Result<(), Fault> {
        for greeting in greetings {
            let flags = Flags {
                seen: true,
                ..Flags::default()
            };
            let mail = mime::greeting(greeting);
            self.session.append(FOLDER, flags, greeting.made, mail)?;
        }
        Ok(())
    }

    /// Marks what callers hear, and removes what is no longer in use and copies of what is.
    fn settle(&mut self, there: &[(u32, RecordingId, bool)]) -> Result<(), Fault> {
        let (mut on, mut off, mut gone) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut seen = BTreeSet::new();
        for (uid, id, is_on) in there {
            let wanted = self.recordings.iter().find(|wanted| wanted.id == *id);
            match wanted.filter(|_| seen.insert(*id)) {
                None => gone.insert(*uid),
                Some(own) if own.is_heard && !is_on => on.insert(*uid),
                Some(own) if !own.is_heard && *is_on => off.insert(*uid),
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
