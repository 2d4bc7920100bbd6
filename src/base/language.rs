//! A language tag, as prompt folders and mail texts are named by it.

/// A language callers are served in, named by its prompt folder ("nl", "en").
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(String);

impl Language {
    /// A language by its tag: 2-8 lower-case ASCII letters.
    pub fn parse(tag: &str) -> Option<Language> {
        let fits = (2..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase());
        fits.then(|| Language(tag.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_cannot_leave_its_folder() {
        assert_eq!(
            Language::parse("nl").as_ref().map(Language::as_str),
            Some("nl")
        );
        for bad in ["", "n", "NL", "n/", "..", "nederlands"] {
            assert_eq!(Language::parse(bad), None, "{bad}");
        }
    }
}
