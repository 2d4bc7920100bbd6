//! Owners are written to in the language they chose by telephone, else in that of their profile.
//!
//! In: notices about messages and mailboxes. Out: the same notices, their owners in that language,
//! handed to whoever writes.

use crate::deliver::{Fault, FullMailbox, Notice, Notify};
use crate::directory::Book;
use crate::subscriber::Profile;
use std::sync::Arc;

/// Hands notices on, their owners in the chosen language.
pub(super) struct InOwnersWords {
    writer: Arc<dyn Notify>,
    book: Book,
}

impl InOwnersWords {
    /// `writer` writes to an owner in the language of their profile.
    pub(super) fn new(writer: Arc<dyn Notify>, book: Book) -> InOwnersWords {
        InOwnersWords { writer, book }
    }

    fn chosen(&self, owner: &Arc<Profile>) -> Arc<Profile> {
        match &self.book.of(&owner.mailbox).language {
            Some(language) => Arc::new(Profile {
                language: language.clone(),
                ..(**owner).clone()
            }),
            None => Arc::clone(owner),
        }
    }
}

impl Notify for InOwnersWords {
    fn notify(&self, notice: &Notice) -> Result<(), Fault> {
        let notice = match notice.clone() {
            Notice::DeadLetter(mut dead) => {
                dead.owner = dead.owner.as_ref().map(|owner| self.chosen(owner));
                Notice::DeadLetter(dead)
            }
            Notice::MailboxFull(full) => {
                let owner = self.chosen(&full.owner);
                Notice::MailboxFull(FullMailbox { owner, ..full })
            }
        };
        self.writer.notify(&notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Language, MailboxId};
    use crate::mailbox::Limits;
    use crate::subscriber::{Change, Delivery, Services};
    use std::sync::Mutex;

    /// Notes in which language it would write.
    #[derive(Default)]
    struct Writer(Mutex<Vec<Language>>);

    impl Notify for Writer {
        fn notify(&self, notice: &Notice) -> Result<(), Fault> {
            if let Notice::MailboxFull(full) = notice {
                self.0.lock().unwrap().push(full.owner.language.clone());
            }
            Ok(())
        }
    }

    #[test]
    fn an_owner_is_written_to_in_the_chosen_language_from_the_choice_on() {
        let language = |tag| Language::parse(tag).unwrap();
        let owner = Profile {
            mailbox: MailboxId::parse("2001").unwrap(),
            name: String::new(),
            numbers: Vec::new(),
            language: language("nl"),
            zone: "UTC".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: Delivery::local(),
            limits: Limits::default(),
        };
        let notice = Notice::MailboxFull(FullMailbox {
            owner: Arc::new(owner.clone()),
            to_owner: Vec::new(),
            what: String::new(),
        });
        let (writer, book) = (Arc::new(Writer::default()), Book::default());
        let words = InOwnersWords::new(Arc::clone(&writer) as _, book.clone());
        words.notify(&notice).unwrap();
        let mut services = Services::default();
        services.apply(&Change::Language(language("en")));
        book.set(&owner.mailbox, Arc::new(services));
        words.notify(&notice).unwrap();
        let written = writer.0.lock().unwrap();
        assert_eq!(*written, [language("nl"), language("en")]);
    }
}
