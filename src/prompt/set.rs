//! The names of prompt sets and their versions, and in whose voice a caller is spoken to.

use crate::base::{Language, TenantId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A prompt set: everybody's clips of one language ("nl"), or those one tenant has over them
/// ("acme.nl"). Safe as a file name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SetId {
    /// Whose it is; `None` is everybody's.
    pub tenant: Option<TenantId>,
    /// Its language.
    pub language: Language,
}

/// A text that names no prompt set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no prompt set: wanted a language such as nl, or TENANT.LANGUAGE")]
pub struct SetIdFault(String);

impl SetId {
    /// Everybody's set of a language.
    pub fn of(language: Language) -> SetId {
        let tenant = None;
        SetId { tenant, language }
    }
}

impl FromStr for SetId {
    type Err = SetIdFault;

    fn from_str(text: &str) -> Result<SetId, SetIdFault> {
        let (tenant, language) = match text.split_once('.') {
            None => (None, text),
            Some((tenant, language)) => (TenantId::parse(tenant).ok(), language),
        };
        let language =
            Language::parse(language).filter(|_| tenant.is_some() == text.contains('.'));
        let language = language.ok_or_else(|| SetIdFault(text.to_owned()))?;
        Ok(SetId { tenant, language })
    }
}

impl TryFrom<String> for SetId {
    type Error = SetIdFault;

    fn try_from(text: String) -> Result<SetId, SetIdFault> {
        text.parse()
    }
}

impl From<SetId> for String {
    fn from(set: SetId) -> String {
        set.to_string()
    }
}

impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tenant {
            Some(tenant) => write!(f, "{tenant}.{}", self.language),
            None => self.language.fmt(f),
        }
    }
}

/// A version of a set, counted from 1. 0 is what is below it: the clips compiled in, or those of
/// its parent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct VersionId(pub u32);

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// In whose voice a caller is spoken to: a tenant's clips before everybody's, the first language
/// that can say a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Voice {
    /// Whose clips go first.
    pub tenant: Option<TenantId>,
    /// The listener's language, then those that stand in for it.
    pub languages: Vec<Language>,
}

impl Voice {
    /// Everybody's clips of one language.
    pub fn of(language: Language) -> Voice {
        Voice {
            tenant: None,
            languages: vec![language],
        }
    }

    /// The listener's language, where there is any.
    pub fn language(&self) -> Option<&Language> {
        self.languages.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_named_by_its_language_and_perhaps_a_tenant() {
        for good in ["nl", "acme.nl", "acme-2.nl-be"] {
            assert_eq!(good.parse::<SetId>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            ".",
            "nl.",
            ".nl",
            "acme.nl.x",
            "../nl",
            "acme/nl",
            "Acme.nl",
            "a b",
        ] {
            assert!(bad.parse::<SetId>().is_err(), "{bad}");
        }
    }
}
