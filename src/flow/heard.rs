//! How a menu is said: in full for whoever has not heard it in this call, then in brief; in brief
//! from the start for whoever calls often.
//!
//! Law: whoever asks for a menu again, or answers it wrongly or not at all, hears it in full; that
//! is for the asking state to say. A choice without a brief form is always said in full.

use super::Choice;
use std::collections::BTreeSet;

/// How a menu is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// What each choice does and which key makes it, in whole sentences.
    Full,
    /// In the fewest words.
    Brief,
}

/// The menus that were said in this call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Heard {
    menus: BTreeSet<&'static str>,
    /// Whether all count as heard: the caller knows them from other calls.
    all: bool,
}

impl Heard {
    /// All menus are known from other calls.
    pub(super) fn everything() -> Heard {
        let menus = BTreeSet::new();
        Heard { menus, all: true }
    }

    /// Whether all menus are known.
    pub(super) fn is_everything(&self) -> bool {
        self.all
    }

    /// How this menu is said now; from now on it counts as heard.
    pub(super) fn visit<C: Choice>(&mut self) -> Detail {
        if !self.all && self.menus.insert(C::MENU) {
            Detail::Full
        } else {
            Detail::Brief
        }
    }
}
