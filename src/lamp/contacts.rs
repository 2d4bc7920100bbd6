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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::Counts;
    use crate::sip::Transport;

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    fn name(device: &str) -> ContactName {
        ContactName(DeviceId::parse(device).unwrap(), "sip:a@h".to_owned())
    }

    fn contact(number: &str, run: &str) -> ContactTold {
        let there = "192.0.2.1:5070".parse().unwrap();
        ContactTold {
            mailbox: mailbox(number),
            reach: Reach::at_peer(number, there, Transport::Udp),
            host: "voicemail.example".to_owned(),
            run: run.to_owned(),
        }
    }

    fn shown(new: u32) -> Shown {
        Shown {
            waiting: new > 0,
            counts: Some(Counts {
                new,
                ..Counts::default()
            }),
        }
    }

    /// What is sent now.
    fn sent(contacts: &mut Contacts) -> Vec<Notice> {
        let mut out = VecDeque::new();
        contacts.send(&mut out);
        let notice = |command| match command {
            Command::Sip(sip::Command::NotifyPeer(notice)) => notice,
            other => panic!("{other:?}"),
        };
        out.into_iter().map(notice).collect()
    }

    #[test]
    fn a_telephone_is_told_once_of_each_state_and_again_after_it_began_anew() {
        let mut contacts = Contacts::default();
        contacts.put(name("desk"), contact("2001", "one"));
        assert!(sent(&mut contacts).is_empty(), "nothing is known yet");
        contacts.want(&mailbox("2001"), shown(1));
        contacts.want(&mailbox("2002"), shown(9));
        let first = sent(&mut contacts);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].user, "2001");
        assert!(first[0].body.contains("sip:2001@voicemail.example"));
        // While one is under way the newest state waits.
        contacts.want(&mailbox("2001"), shown(2));
        contacts.want(&mailbox("2001"), shown(3));
        assert!(sent(&mut contacts).is_empty());
        contacts.answered(first[0].notice, Ok(()));
        let second = sent(&mut contacts);
        assert!(second[0].body.contains("Voice-Message: 3/"));
        contacts.answered(second[0].notice, Ok(()));
        contacts.want(&mailbox("2001"), shown(3));
        assert!(sent(&mut contacts).is_empty());
        // A refresh tells nothing new, a restart has forgotten everything.
        contacts.put(name("desk"), contact("2001", "one"));
        contacts.want(&mailbox("2001"), shown(3));
        assert!(sent(&mut contacts).is_empty());
        contacts.put(name("desk"), contact("2001", "two"));
        contacts.want(&mailbox("2001"), shown(3));
        assert_eq!(sent(&mut contacts).len(), 1);
    }

    #[test]
    fn a_telephone_that_refuses_is_left_alone_until_it_begins_anew() {
        let mut contacts = Contacts::default();
        contacts.put(name("desk"), contact("2001", "one"));
        contacts.want(&mailbox("2001"), shown(1));
        let first = sent(&mut contacts);
        assert_eq!(contacts.listening(&mailbox("2001")), 1);
        contacts.answered(first[0].notice, Err(NoticeFault::Refused(405)));
        assert_eq!(contacts.listening(&mailbox("2001")), 0);
        contacts.want(&mailbox("2001"), shown(2));
        assert!(sent(&mut contacts).is_empty());
        contacts.put(name("desk"), contact("2001", "two"));
        contacts.want(&mailbox("2001"), shown(2));
        assert_eq!(sent(&mut contacts).len(), 1);
    }

    #[test]
    fn one_that_does_not_answer_is_told_with_the_next_change() {
        let mut contacts = Contacts::default();
        contacts.put(name("desk"), contact("2001", "one"));
        for (new, fault) in [
            (1, NoticeFault::NoResponse),
            (1, NoticeFault::Refused(503)),
            (2, NoticeFault::Refused(408)),
        ] {
            contacts.want(&mailbox("2001"), shown(new));
            let told = sent(&mut contacts);
            assert_eq!(told.len(), 1, "{fault:?}");
            contacts.answered(told[0].notice, Err(fault));
            assert!(sent(&mut contacts).is_empty(), "not without end");
        }
    }

    #[test]
    fn so_many_are_under_way_at_a_time_and_those_that_went_are_not_told() {
        let mut contacts = Contacts::default();
        for n in 0..200 {
            contacts.put(name(&format!("d{n}")), contact("2001", "one"));
        }
        contacts.want(&mailbox("2001"), shown(1));
        let mut under_way = sent(&mut contacts);
        assert_eq!(under_way.len(), CONTACT_WINDOW);
        for n in 100..200 {
            let whose = contacts.remove(&name(&format!("d{n}")));
            assert_eq!(whose, Some(mailbox("2001")));
        }
        let mut told = 0;
        while let Some(notice) = under_way.pop() {
            told += 1;
            contacts.answered(notice.notice, Ok(()));
            under_way.extend(sent(&mut contacts));
            assert!(under_way.len() <= CONTACT_WINDOW);
        }
        // Some of those that went were under way already.
        assert!((100..=164).contains(&told), "{told}");
        assert_eq!(contacts.listening(&mailbox("2001")), 100);
        for n in 0..100 {
            contacts.remove(&name(&format!("d{n}")));
        }
        assert!(!contacts.has(&mailbox("2001")));
        assert!(contacts.lines.is_empty() && contacts.under_way.is_empty());
    }

    #[test]
    fn a_device_that_changes_hands_shows_the_other_lamp() {
        let mut contacts = Contacts::default();
        contacts.put(name("desk"), contact("2001", "one"));
        let left = contacts.put(name("desk"), contact("2002", "one"));
        assert_eq!(left, Some(mailbox("2001")));
        assert!(!contacts.has(&mailbox("2001")) && contacts.has(&mailbox("2002")));
        contacts.want(&mailbox("2001"), shown(1));
        assert!(sent(&mut contacts).is_empty());
    }
}
