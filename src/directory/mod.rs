//! Where subscribers are loaded from: today the configuration file, in one piece at start.
//!
//! In: profiles as the configuration read them. Out: the [`Roster`] that calls look numbers up
//! in, and the languages that subscribers chose. Law: two subscribers never share a number.

mod choices;

pub use choices::{Choices, ChoicesFault};

use crate::subscriber::{NumberTaken, Profile, Roster};
use std::sync::Arc;

/// The subscribers there are.
#[derive(Clone, Debug)]
pub struct Directory {
    roster: Arc<Roster>,
}

impl Directory {
    /// The directory of these subscribers.
    pub fn of(profiles: Vec<Profile>) -> Result<Directory, NumberTaken> {
        let roster = Arc::new(Roster::new(profiles)?);
        Ok(Directory { roster })
    }

    /// All subscribers as they are now.
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DialString, MailboxId};
    use crate::subscriber::Language;

    fn profile(mailbox: &str, number: &str) -> Profile {
        Profile {
            mailbox: MailboxId::parse(mailbox).unwrap(),
            name: mailbox.to_owned(),
            numbers: vec![DialString::parse(number).unwrap()],
            language: Language::parse("nl").unwrap(),
            zone: "UTC".into(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        }
    }

    #[test]
    fn a_subscriber_is_found_by_any_number_and_shares_none() {
        let two = vec![profile("2001", "+31201"), profile("2002", "+31202")];
        let directory = Directory::of(two).unwrap();
        let roster = directory.roster();
        assert_eq!(roster.by_number("+31202"), roster.by_number("2002"));
        assert!(roster.by_number("2003").is_none());
        assert!(Directory::of(vec![profile("1", "9"), profile("2", "9")]).is_err());
    }
}
