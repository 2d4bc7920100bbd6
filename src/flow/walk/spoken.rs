//! What the conversations said, held against the list of their sentences.
//!
//! In: everything said in a walk. Out: what is put together from no listed sentences, and which of
//! those are never said.

use crate::flow::sentences::parts;
use crate::flow::{Menus, sentences};
use crate::prompt::{Part, Phrase, Sentence};
use std::collections::HashSet;

/// The sentences of some menus, and which of them were said.
pub(super) struct Listed {
    sentences: Vec<(&'static str, Sentence)>,
    said: HashSet<usize>,
}

impl Listed {
    pub(super) fn of(menus: &Menus) -> Listed {
        let places = sentences(menus).into_iter();
        let each = |place: crate::prompt::Place| {
            let sentences = place.sentences.into_iter();
            sentences.map(move |sentence| (place.name, sentence))
        };
        Listed {
            sentences: places.flat_map(each).collect(),
            said: HashSet::new(),
        }
    }

    /// Takes what was said apart into sentences; false where that cannot be done. What an operator
    /// hears of a prompt itself is no sentence: it can be any clip.
    pub(super) fn take(&mut self, words: &[Phrase]) -> bool {
        let parts = words.iter().flat_map(parts);
        let parts: Vec<Part> = parts.filter(|p| !matches!(p, Part::Clip(_))).collect();
        self.take_apart(&parts)
    }

    fn take_apart(&mut self, parts: &[Part]) -> bool {
        if parts.is_empty() {
            return true;
        }
        let fitting = |(_, s): &(_, Sentence)| parts.starts_with(s);
        let places: Vec<usize> = (0..self.sentences.len())
            .filter(|at| fitting(&self.sentences[*at]))
            .collect();
        let mut whole = false;
        for at in places {
            let length = self.sentences[at].1.len();
            if self.take_apart(&parts[length..]) {
                self.said.insert(at);
                whole = true;
            }
        }
        whole
    }

    /// The sentences that were said.
    pub(super) fn said(&self) -> impl Iterator<Item = &Sentence> {
        self.said.iter().map(|at| &self.sentences[*at].1)
    }

    /// The sentences that were never said.
    pub(super) fn unsaid(&self) -> Vec<&(&'static str, Sentence)> {
        let all = self.sentences.iter().enumerate();
        let unsaid = all.filter(|(at, _)| !self.said.contains(at));
        unsaid.map(|(_, sentence)| sentence).collect()
    }
}
