//! The few words of a mail that its owner reads, by language.

use crate::base::{DialString, Language};

/// The words of one language.
#[derive(Debug)]
pub(super) struct Wording {
    tag: &'static str,
    /// "Voicemail from".
    pub(super) voicemail_from: &'static str,
    /// A caller who withholds the number.
    pub(super) withheld: &'static str,
    /// A caller of whom nothing is known.
    pub(super) unknown: &'static str,
    /// Numbers that begin so are shown without it and with a `0` in its place.
    home: Option<&'static str>,
}

const ENGLISH: Wording = Wording {
    tag: "en",
    voicemail_from: "Voicemail from",
    withheld: "a withheld number",
    unknown: "an unknown caller",
    home: None,
};

const DUTCH: Wording = Wording {
    tag: "nl",
    voicemail_from: "Voicemail van",
    withheld: "een afgeschermd nummer",
    unknown: "een onbekende beller",
    home: Some("+31"),
};

/// The words of a language; English for those that have none.
pub(super) fn wording(language: &Language) -> &'static Wording {
    if language.as_str() == DUTCH.tag {
        &DUTCH
    } else {
        &ENGLISH
    }
}

impl Wording {
    /// A number as people of this language write it: `06 12345678`, not `+31612345678`.
    pub(super) fn number(&self, number: &DialString) -> String {
        let text = number.as_str();
        let national = self.home.and_then(|home| text.strip_prefix(home));
        let national = national.map_or_else(|| text.to_owned(), |rest| format!("0{rest}"));
        match national.split_at_checked(2) {
            Some(("06", rest)) if self.home.is_some() && rest.len() == 8 => format!("06 {rest}"),
            _ => national,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_they_are_written_at_home() {
        let number = |tag: &str, n: &str| {
            let language = Language::parse(tag).unwrap();
            wording(&language).number(&DialString::parse(n).unwrap())
        };
        assert_eq!(number("nl", "+31612345678"), "06 12345678");
        assert_eq!(number("nl", "+31201234567"), "0201234567");
        assert_eq!(number("nl", "+4930123"), "+4930123");
        assert_eq!(number("nl", "1"), "1");
        assert_eq!(number("en", "+31612345678"), "+31612345678");
        assert_eq!(number("fr", "0612345678"), "0612345678");
    }
}
