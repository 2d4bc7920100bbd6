//! What stands beside a message in the spool: the fate of each leg, and what its owner did.

use crate::mailbox::{Attempts, Fate, Leg, Marks, Standing};
use std::collections::BTreeMap;

/// What stands beside a message. A leg that is not in it waits and was not tried yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// What became of the legs so far.
    pub(super) legs: BTreeMap<Leg, Fate>,
    /// What the owner did with it.
    pub(super) marks: Marks,
    /// The owner removed it before it was in the mailbox.
    pub(super) withdrawn: bool,
    /// Somebody was told that it could not be delivered.
    pub(super) told: bool,
}

impl Note {
    pub(super) fn fate(&self, leg: &Leg) -> Fate {
        self.legs.get(leg).cloned().unwrap_or_default()
    }

    /// What the owner did with it, while it waits for them; `None` once they withdrew it.
    pub(super) fn owners_marks(&self) -> Option<Marks> {
        (!self.withdrawn).then_some(self.marks)
    }

    /// Whether it is still to come into the mailbox.
    pub(super) fn waits_for_owner(&self) -> bool {
        !self.withdrawn && self.legs.get(&Leg::Store) != Some(&Fate::Done)
    }

    /// Where a message with these legs stands.
    pub(super) fn standing(&self, of: &[Leg]) -> Standing {
        Standing::of(of, &self.legs, self.withdrawn)
    }

    /// Forgets in what way legs failed. Those that arrived stay so.
    pub(super) fn try_again(&mut self) {
        self.legs.retain(|_, fate| *fate == Fate::Done);
        self.told = false;
    }

    /// Why the message could not be delivered, where the legs say so.
    pub(super) fn failed(attempts: Attempts) -> Note {
        Note {
            legs: BTreeMap::from([(Leg::Store, Fate::GivenUp(attempts))]),
            ..Note::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::MailAddress;

    #[test]
    fn trying_again_goes_nowhere_twice() {
        let copy = Leg::Copy(MailAddress::parse("jan@example.nl").unwrap());
        let mut note = Note::failed(Attempts::default());
        note.legs.insert(copy.clone(), Fate::Done);
        note.told = true;
        note.try_again();
        assert_eq!(note.fate(&copy), Fate::Done);
        assert_eq!(note.fate(&Leg::Store), Fate::default());
        assert!(!note.told);
    }
}
