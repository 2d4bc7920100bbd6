//! Delivers into IMAP accounts, each message once.

use super::fault::Fault;
use super::pool::Purpose;
use super::session::{Flags, Session, Turn};
use super::{Imap, account};
use crate::base::{MessageId, Timestamp};
use crate::deliver::letter;
use crate::deliver::vocabulary::{self, Courier, Errand, Receipt};
use crate::mailbox::Marks;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most messages remembered whose delivery ended in doubt.
const DOUBTS_MAX: usize = 10_000;

/// Delivers into the accounts of one server.
pub struct ImapCourier {
    imap: Arc<Imap>,
    /// Messages that may be in the account although the server did not say so, or may still get
    /// there: a server that was slow ends what it was told when nobody listens any more.
    doubts: Mutex<HashSet<MessageId>>,
    /// What is older may be in doubt from an earlier life of the program.
    since: Timestamp,
}

impl ImapCourier {
    pub(super) fn new(imap: Arc<Imap>) -> ImapCourier {
        ImapCourier {
            imap,
            doubts: Mutex::new(HashSet::new()),
            since: Timestamp::now(),
        }
    }

    fn bring(&self, errand: &Errand<'_>) -> Result<Receipt, Fault> {
        let account = account(errand.owner)?;
        let (folder, id, host) = (&account.folder, errand.deposit.id, &self.imap.host);
        let mut session = self.imap.pool.lend(account, Purpose::Delivery)?;
        session.enter(folder)?;
        let copies = session.copies(id, host)?;
        if !copies.is_empty() {
            return keep_one(&mut session, folder, &copies, (errand.marks)());
        }
        let mail = letter::for_mailbox(errand.deposit, errand.sound, errand.owner, host);
        let Some(marks) = (errand.marks)() else {
            return Ok(Receipt::Withdrawn);
        };
        let flags = Flags {
            seen: marks.heard,
            flagged: errand.deposit.facts.urgent,
            deleted: marks.deleted,
        };
        let date = errand.deposit.envelope.started;
        let put = session.append(folder, flags, date, mail);
        if matches!(put, Err(Fault::Down(_) | Fault::Lying(_))) {
            self.doubt(id);
        }
        let uid = put?;
        if self.is_in_doubt(errand) {
            let seen = session.enter(folder).and_then(|_| session.copies(id, host));
            // It is delivered, whatever becomes of its doubles.
            if let Err(fault) = seen.and_then(|copies| remove_doubles(&mut session, &copies)) {
                tracing::warn!(%id, %fault, "doubles of a message may be in its mailbox");
            }
        }
        self.settle(id);
        Ok(Receipt::Delivered(place(folder, uid)))
    }

    fn is_in_doubt(&self, errand: &Errand<'_>) -> bool {
        errand.deposit.envelope.started < self.since || self.doubts().contains(&errand.deposit.id)
    }

    fn doubt(&self, id: MessageId) {
        let mut doubts = self.doubts();
        if doubts.len() < DOUBTS_MAX {
            doubts.insert(id);
        }
    }

    fn settle(&self, id: MessageId) {
        self.doubts().remove(&id);
    }

    fn doubts(&self) -> MutexGuard<'_, HashSet<MessageId>> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Courier for ImapCourier {
    fn deliver(&self, errand: &Errand<'_>) -> Result<Receipt, vocabulary::Fault> {
        let receipt = self.bring(errand)?;
        self.settle(errand.deposit.id);
        Ok(receipt)
    }
}

/// Brings a message that is there already in step with what its owner did.
fn keep_one(
    session: &mut Session,
    folder: &str,
    copies: &[(u32, Flags)],
    marks: Option<Marks>,
) -> Result<Receipt, Fault> {
    let Some(marks) = marks else {
        // Its owner removed it and was told so.
        remove(session, &copies.iter().map(|(uid, _)| *uid).collect())?;
        return Ok(Receipt::Withdrawn);
    };
    remove_doubles(session, copies)?;
    let Some((uid, flags)) = copies.first() else {
        return Ok(Receipt::Withdrawn);
    };
    let one: BTreeSet<u32> = [*uid].into();
    if marks.heard && !flags.seen {
        session.turn(&one, Turn::Seen)?;
    }
    if marks.deleted != flags.deleted {
        let turn = if marks.deleted {
            Turn::Deleted
        } else {
            Turn::Undeleted
        };
        session.turn(&one, turn)?;
    }
    Ok(Receipt::Again(place(folder, Some(*uid))))
}

/// Removes all copies but the first.
fn remove_doubles(session: &mut Session, copies: &[(u32, Flags)]) -> Result<(), Fault> {
    let doubles = copies.iter().skip(1).map(|(uid, _)| *uid);
    remove(session, &doubles.collect())
}

fn remove(session: &mut Session, uids: &BTreeSet<u32>) -> Result<(), Fault> {
    if uids.is_empty() {
        return Ok(());
    }
    session.turn(uids, Turn::Deleted)?;
    session.expunge(uids)
}

fn place(folder: &str, uid: Option<u32>) -> String {
    match uid {
        Some(uid) => format!("{folder} uid {uid}"),
        None => folder.to_owned(),
    }
}
