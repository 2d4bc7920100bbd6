//! The telephones that are registered here: each is told of its own lamp unasked, as most take it
//! (RFC 3842 section 3.10, though RFC 6665 does not provide for it).
//!
//! A *line* is one contact. It knows what it was told last and what is under way; at most
//! [`CONTACT_WINDOW`] of all are. A telephone that refuses is deaf: it is left alone until it
//! registers afresh, in another place or after a restart. One that does not answer is told again with
//! the next change, and when it registers again.

use super::{Command, Shown, account};
use crate::base::{DeviceId, DialString, MailboxId};
use crate::sip::{self, Notice, NoticeFault, NoticeId, Reach};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The most notices to registered telephones that are not answered.
pub const CONTACT_WINDOW: usize = 64;
/// Their names start here, so that they never meet those of notices to peers.
const NAMES_FROM: u64 = 1 << 63;

/// One contact of one device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContactName(pub DeviceId, pub String);

/// What there is to know of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactTold {
    /// Whose lamp it shows.
    pub mailbox: MailboxId,
    /// How it is reached.
    pub reach: Reach,
    /// The host of the account, as the device names it.
    pub host: String,
    /// What is another after each start of the device: the Call-ID of its REGISTERs.
    pub run: String,
}

#[derive(Debug)]
struct Line {
    contact: ContactTold,
    wanted: Option<Shown>,
    /// What the telephone has.
    told: Option<Shown>,
    /// Whether it is in the queue, or under way.
    queued: bool,
    deaf: bool,
}

/// All lines.
#[derive(Debug)]
pub(super) struct Contacts {
    lines: BTreeMap<ContactName, Line>,
    by_mailbox: BTreeMap<MailboxId, BTreeSet<ContactName>>,
    queue: VecDeque<ContactName>,
    under_way: BTreeMap<NoticeId, (ContactName, Shown)>,
    next: u64,
}

impl Default for Contacts {
    fn default() -> Contacts {
        Contacts {
            lines: BTreeMap::new(),
            by_mailbox: BTreeMap::new(),
            queue: VecDeque::new(),
            under_way: BTreeMap::new(),
            next: NAMES_FROM,
        }
    }
}

impl Contacts {
    /// Whether a lamp is shown by any contact.
    pub(super) fn has(&self, mailbox: &MailboxId) -> bool {
        self.by_mailbox.contains_key(mailbox)
    }

    /// The contacts of a mailbox that are told of it.
    pub(super) fn listening(&self, mailbox: &MailboxId) -> usize {
        let names = self.by_mailbox.get(mailbox).into_iter().flatten();
        let lines = names.filter_map(|name| self.lines.get(name));
        lines.filter(|line| !line.deaf).count()
    }

    /// A contact is there, or is reached in another way; the mailbox whose lamp it showed before,
    /// where that was another.
    pub(super) fn put(&mut self, name: ContactName, contact: ContactTold) -> Option<MailboxId> {
        let before = self.lines.get(&name).map(|line| line.contact.clone());
        let moved = before.filter(|before| before.mailbox != contact.mailbox);
        let left = moved.map(|before| before.mailbox);
        if left.is_some() {
            self.remove(&name);
        }
        let there = self.by_mailbox.entry(contact.mailbox.clone()).or_default();
        there.insert(name.clone());
        if let Some(line) = self.lines.get_mut(&name) {
            let same = line.contact.run == contact.run && line.contact.reach == contact.reach;
            line.contact = contact;
            if !same {
                line.told = None;
                line.deaf = false;
            }
            return left;
        }
        let line = Line {
            contact,
            wanted: None,
            told: None,
            queued: false,
            deaf: false,
        };
        self.lines.insert(name, line);
        left
    }

    /// A contact is gone; the mailbox whose lamp it showed.
    pub(super) fn remove(&mut self, name: &ContactName) -> Option<MailboxId> {
        let mailbox = self.lines.remove(name)?.contact.mailbox;
        if let Some(there) = self.by_mailbox.get_mut(&mailbox) {
            there.remove(name);
            if there.is_empty() {
                self.by_mailbox.remove(&mailbox);
            }
        }
        Some(mailbox)
    }

    /// Every contact of a mailbox is to show this.
    pub(super) fn want(&mut self, mailbox: &MailboxId, shown: Shown) {
        for name in self.by_mailbox.get(mailbox).into_iter().flatten() {
            let Some(line) = self.lines.get_mut(name) else {
                continue;
            };
            line.wanted = Some(shown);
            if !line.queued && !line.deaf && line.told != Some(shown) {
                line.queued = true;
                self.queue.push_back(name.clone());
            }
        }
    }

    /// Sends as much as may be under way.
    pub(super) fn send(&mut self, out: &mut VecDeque<Command>) {
        while self.under_way.len() < CONTACT_WINDOW
            && let Some(name) = self.queue.pop_front()
        {
            let Some(line) = self.lines.get_mut(&name) else {
                continue;
            };
            let due = line.wanted.filter(|wanted| line.told != Some(*wanted));
            let Some(shown) = due.filter(|_| !line.deaf) else {
                line.queued = false;
                continue;
            };
            let id = NoticeId(self.next);
            self.next += 1;
            let notice = notice(id, &line.contact, shown);
            out.push_back(Command::Sip(sip::Command::NotifyPeer(notice)));
            self.under_way.insert(id, (name, shown));
        }
    }

    /// What became of a notice.
    pub(super) fn answered(&mut self, notice: NoticeId, outcome: Result<(), NoticeFault>) {
        let Some((name, shown)) = self.under_way.remove(&notice) else {
            return;
        };
        let Some(line) = self.lines.get_mut(&name) else {
            return;
        };
        line.queued = false;
        match outcome {
            Ok(()) => line.told = Some(shown),
            Err(NoticeFault::Refused(status @ (408 | 500..=599))) => {
                tracing::debug!(device = %name.0, status, "a telephone could not take its lamp");
                line.told = None;
                return;
            }
            Err(NoticeFault::NoResponse) => {
                tracing::debug!(device = %name.0, "a telephone does not hear of its lamp");
                line.told = None;
                return;
            }
            Err(NoticeFault::Refused(status)) => {
                tracing::debug!(device = %name.0, status, "a telephone takes no lamp unasked");
                line.deaf = true;
            }
        }
        // It may have changed, or the telephone may have begun anew, meanwhile.
        if !line.deaf && line.wanted.is_some() && line.wanted != line.told {
            line.queued = true;
            self.queue.push_back(name);
        }
    }
}

fn notice(id: NoticeId, contact: &ContactTold, shown: Shown) -> Notice {
    let user = contact.mailbox.as_str();
    // A mailbox number is a number to dial.
    let account = DialString::parse(user).map(|number| account(&number, &contact.host));
    Notice {
        notice: id,
        reach: contact.reach.clone(),
        user: user.to_owned(),
        body: shown.body(&account.unwrap_or_default()),
    }
}
