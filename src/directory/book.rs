//! What subscribers have set, shared by the threads that ask for it.
//!
//! All clones are one. Whoever stores changes sets them here, after they are on disk.

use crate::base::MailboxId;
use crate::subscriber::{ServiceBook, Services};
use std::sync::{Arc, PoisonError, RwLock};

/// What subscribers have set.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<RwLock<ServiceBook>>);

impl Book {
    /// What the owner of this mailbox has set.
    pub fn of(&self, mailbox: &MailboxId) -> Arc<Services> {
        // What is behind the lock is whole at every moment, whoever panicked.
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(book.of(mailbox))
    }

    /// From now on the owner has set this.
    pub fn set(&self, mailbox: &MailboxId, services: Arc<Services>) {
        let mut book = self.0.write().unwrap_or_else(PoisonError::into_inner);
        book.set(mailbox.clone(), services);
    }

    /// What everybody has set at this moment.
    pub fn copy(&self) -> ServiceBook {
        let book = self.0.read().unwrap_or_else(PoisonError::into_inner);
        book.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscriber::Change;

    #[test]
    fn what_is_set_is_seen_in_every_clone() {
        let (book, mailbox) = (Book::default(), MailboxId::parse("2001").unwrap());
        let other = book.clone();
        let mut services = Services::default();
        services.apply(&Change::Rings(7));
        book.set(&mailbox, Arc::new(services.clone()));
        assert_eq!(*other.of(&mailbox), services);
        assert_eq!(book.copy().of(&mailbox).forwarding.rings, 7);
    }
}
