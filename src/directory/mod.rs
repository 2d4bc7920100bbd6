//! Where subscribers are loaded from, and where what they have set is kept.
//!
//! In: profiles as the configuration read them, and changes as they are made. Out: the [`Roster`]
//! that calls look numbers up in, and what everybody has set ([`Store`], [`Book`]). Law: two
//! subscribers never share a number.

mod bindings;
mod bindings_sql;
mod book;
mod document;
mod sql;
mod store;

#[cfg(test)]
mod tests;

pub use book::Book;
pub use document::DocumentFault;
pub use store::{News, Store, StoreFault};

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
