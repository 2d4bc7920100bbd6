//! Questions in line: those of one mailbox in their order, one at a time; the mailboxes in turn.
//! No thread.

use crate::base::MailboxId;
use std::collections::{BTreeMap, VecDeque};

/// Work in line, by mailbox.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    by_mailbox: BTreeMap<MailboxId, VecDeque<T>>,
    /// The mailboxes with work, and nobody at it.
    ready: VecDeque<MailboxId>,
    waiting: usize,
    most: usize,
}

impl<T> Lanes<T> {
    /// Room for `most` pieces of work.
    pub(super) fn new(most: usize) -> Lanes<T> {
        Lanes {
            by_mailbox: BTreeMap::new(),
            ready: VecDeque::new(),
            waiting: 0,
            most,
        }
    }

    /// Takes work in; gives it back where there is no room.
    pub(super) fn push(&mut self, mailbox: MailboxId, work: T) -> Result<(), T> {
        if self.waiting >= self.most {
            return Err(work);
        }
        self.waiting += 1;
        if let Some(lane) = self.by_mailbox.get_mut(&mailbox) {
            lane.push_back(work);
        } else {
            self.ready.push_back(mailbox.clone());
            self.by_mailbox.insert(mailbox, VecDeque::from([work]));
        }
        Ok(())
    }

    /// The next work. Until [`Lanes::done`] its mailbox gives no other.
    pub(super) fn take(&mut self) -> Option<(MailboxId, T)> {
        let mailbox = self.ready.pop_front()?;
        let work = self.by_mailbox.get_mut(&mailbox)?.pop_front()?;
        self.waiting -= 1;
        Some((mailbox, work))
    }

    /// The work of a mailbox that was taken is done.
    pub(super) fn done(&mut self, mailbox: &MailboxId) {
        match self.by_mailbox.get(mailbox) {
            Some(lane) if lane.is_empty() => drop(self.by_mailbox.remove(mailbox)),
            Some(_) => self.ready.push_back(mailbox.clone()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    #[test]
    fn a_mailbox_keeps_its_order_and_holds_nobody_up() {
        let mut lanes = Lanes::new(4);
        let (a, b) = (mailbox("1"), mailbox("2"));
        for (mailbox, work) in [(&a, 1), (&a, 2), (&b, 3), (&a, 4)] {
            assert_eq!(lanes.push(mailbox.clone(), work), Ok(()));
        }
        assert_eq!(lanes.push(b.clone(), 5), Err(5), "no room");
        assert_eq!(lanes.take(), Some((a.clone(), 1)));
        assert_eq!(lanes.take(), Some((b.clone(), 3)));
        assert_eq!(lanes.take(), None, "one at a time");
        lanes.done(&b);
        lanes.done(&a);
        assert_eq!(lanes.take(), Some((a.clone(), 2)));
        assert_eq!(lanes.push(b.clone(), 6), Ok(()));
        lanes.done(&a);
        assert_eq!(lanes.take(), Some((b.clone(), 6)));
        assert_eq!(lanes.take(), Some((a.clone(), 4)));
        lanes.done(&a);
        lanes.done(&b);
        assert!(lanes.by_mailbox.is_empty() && lanes.waiting == 0);
    }
}
