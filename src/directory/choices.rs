//! Which languages subscribers chose by telephone, and how that is written down: JSON,
//! `{"languages":[{"mailbox":"2001","language":"en"}]}`.
//!
//! All clones are one: a choice made in one is seen in the others at once. Who writes the text to
//! disk is not here.

use crate::base::{Language, MailboxId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The languages chosen.
#[derive(Clone, Debug, Default)]
pub struct Choices(Arc<Mutex<BTreeMap<MailboxId, Language>>>);

/// Why a text does not say which languages were chosen.
#[derive(Debug, thiserror::Error)]
pub enum ChoicesFault {
    /// It is not the JSON it should be.
    #[error("the file of chosen languages is damaged: {0}")]
    Json(#[from] serde_json::Error),
    /// It names a mailbox there cannot be.
    #[error("the file of chosen languages names a mailbox {0:?}: a mailbox is 1 to 32 figures")]
    Mailbox(String),
    /// It names a language there cannot be.
    #[error("the file of chosen languages names a language {0:?}: a language is a tag such as nl")]
    Language(String),
}

#[derive(Serialize, Deserialize)]
struct File {
    languages: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    mailbox: String,
    language: String,
}

impl Choices {
    /// Reads what [`Choices::print`] wrote.
    pub fn parse(text: &str) -> Result<Choices, ChoicesFault> {
        let file: File = serde_json::from_str(text)?;
        let mut chosen = BTreeMap::new();
        for Entry { mailbox, language } in file.languages {
            let id = MailboxId::parse(&mailbox).map_err(|_| ChoicesFault::Mailbox(mailbox))?;
            let tag = Language::parse(&language).ok_or(ChoicesFault::Language(language))?;
            chosen.insert(id, tag);
        }
        Ok(Choices(Arc::new(Mutex::new(chosen))))
    }

    /// The text to write down.
    pub fn print(&self) -> String {
        let entry = |(mailbox, language): (&MailboxId, &Language)| Entry {
            mailbox: mailbox.to_string(),
            language: language.to_string(),
        };
        let languages = self.lock().iter().map(entry).collect();
        // invariant: text always prints.
        serde_json::to_string(&File { languages }).unwrap_or_default()
    }

    /// What is chosen now.
    pub fn all(&self) -> BTreeMap<MailboxId, Language> {
        self.lock().clone()
    }

    /// What the subscriber with this mailbox chose.
    pub fn of(&self, mailbox: &MailboxId) -> Option<Language> {
        self.lock().get(mailbox).cloned()
    }

    /// A subscriber chose a language. Says what was chosen before.
    pub fn set(&self, mailbox: &MailboxId, language: Language) -> Option<Language> {
        self.lock().insert(mailbox.clone(), language)
    }

    /// The choice of this language could not be stored: what was chosen before holds, unless
    /// another choice has been made since.
    pub fn take_back(&self, mailbox: &MailboxId, language: &Language, before: Option<Language>) {
        let mut chosen = self.lock();
        if chosen.get(mailbox) != Some(language) {
            return;
        }
        match before {
            Some(before) => chosen.insert(mailbox.clone(), before),
            None => chosen.remove(mailbox),
        };
    }

    /// Forgets the choices of mailboxes that are not to be kept.
    pub fn retain(&self, keep: impl Fn(&MailboxId) -> bool) {
        self.lock().retain(|mailbox, _| keep(mailbox));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MailboxId, Language>> {
        // What is behind the lock is whole at every moment, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_damaged_file_is_told_from_an_empty_one() {
        let empty = Choices::parse("{\"languages\":[]}").unwrap();
        assert!(empty.all().is_empty());
        for damaged in ["", "{}", "[]", "{\"languages\":[{\"mailbox\":\"2001\"}]}"] {
            let fault = Choices::parse(damaged).unwrap_err();
            assert!(matches!(fault, ChoicesFault::Json(_)), "{damaged}");
        }
        let entry = |mailbox, language| {
            let entry = format!("{{\"mailbox\":\"{mailbox}\",\"language\":\"{language}\"}}");
            Choices::parse(&format!("{{\"languages\":[{entry}]}}")).unwrap_err()
        };
        assert!(matches!(entry("../x", "nl"), ChoicesFault::Mailbox(name) if name == "../x"));
        assert!(matches!(entry("1", "../x"), ChoicesFault::Language(tag) if tag == "../x"));
    }

    #[test]
    fn a_choice_that_was_not_stored_gives_way_to_the_one_before_and_to_a_later_one() {
        let (choices, mailbox) = (Choices::default(), MailboxId::parse("2001").unwrap());
        let language = |tag| Language::parse(tag).unwrap();
        let (nl, en) = (language("nl"), language("en"));
        let before = choices.set(&mailbox, nl.clone());
        choices.take_back(&mailbox, &nl, before);
        assert_eq!(choices.of(&mailbox), None);
        choices.set(&mailbox, nl.clone());
        let before = choices.set(&mailbox, en.clone());
        choices.take_back(&mailbox, &en, before.clone());
        assert_eq!(choices.of(&mailbox), Some(nl.clone()));
        choices.set(&mailbox, language("fr"));
        choices.take_back(&mailbox, &en, before);
        assert_eq!(choices.of(&mailbox), Some(language("fr")));
    }

    #[test]
    fn a_choice_is_seen_in_every_clone() {
        let (choices, mailbox) = (Choices::default(), MailboxId::parse("2001").unwrap());
        let (other, nl) = (choices.clone(), Language::parse("nl").unwrap());
        choices.set(&mailbox, nl.clone());
        assert_eq!(other.of(&mailbox), Some(nl));
    }

    #[test]
    fn choices_of_mailboxes_that_are_gone_are_forgotten() {
        let entries = ["2001", "2002"]
            .map(|mailbox| format!("{{\"mailbox\":\"{mailbox}\",\"language\":\"en\"}}"));
        let text = format!("{{\"languages\":[{}]}}", entries.join(","));
        let choices = Choices::parse(&text).unwrap();
        choices.retain(|mailbox| mailbox.as_str() == "2002");
        assert_eq!(choices.all().len(), 1);
        assert!(!choices.print().contains("2001"));
    }

    proptest! {
        #[test]
        fn choices_survive_printing(
            all in proptest::collection::btree_map("[0-9]{1,32}", "[a-z]{2,8}(-[a-z0-9]{2,8})?", 0..20)
        ) {
            let choices = Choices::default();
            for (mailbox, tag) in all {
                choices.set(&MailboxId::parse(&mailbox).unwrap(), Language::parse(&tag).unwrap());
            }
            let read = Choices::parse(&choices.print()).unwrap();
            prop_assert_eq!(read.all(), choices.all());
        }
    }
}
