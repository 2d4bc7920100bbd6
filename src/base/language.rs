//! A language tag, as prompt sets and mail texts are named by it.

use std::fmt;

/// A language callers are served in ("nl", "en", "nl-be").
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// A language by its tag (as RFC 5646 section 2.1 has it, in small letters): 2-8 letters, then
    /// perhaps a hyphen and 2-8 letters or figures for a region or voice.
    pub fn parse(tag: &str) -> Option<Language> {
        let (language, variant) = tag
            .split_once('-')
            .map_or((tag, None), |(language, variant)| (language, Some(variant)));
        let is_part = |part: &str, fits: fn(&u8) -> bool| {
            (2..=8).contains(&part.len()) && part.as_bytes().iter().all(fits)
        };
        let fits = is_part(language, u8::is_ascii_lowercase)
            && variant.is_none_or(|v| is_part(v, |b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        fits.then(|| Language(tag.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_cannot_leave_its_folder() {
        for good in ["nl", "nl-be", "en-anna2"] {
            assert_eq!(
                Language::parse(good).as_ref().map(Language::as_str),
                Some(good)
            );
        }
        for bad in [
            "",
            "n",
            "NL",
            "n/",
            "..",
            "nederlands",
            "nl-",
            "nl-b",
            "nl-be-x",
            "-nl",
            "nl-BE",
        ] {
            assert_eq!(Language::parse(bad), None, "{bad}");
        }
    }
}
