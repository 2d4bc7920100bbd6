//! A tenant: a customer with subscribers, languages and prompts of their own.

use crate::base::{DialString, Language, TenantId};

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The name.
    pub id: TenantId,
    /// Which languages stand in for one another, in this order; what they lack, the server's own
    /// order has.
    pub languages: Vec<Language>,
    /// The languages of callers, by their numbers.
    pub callers: Vec<CallerLanguage>,
}

/// The language of callers whose number begins so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerLanguage {
    /// What the number begins with; the whole number for one caller.
    pub prefix: DialString,
    /// Their language.
    pub language: Language,
}

/// The language of this caller: that of the longest prefix that fits.
pub fn language_of_caller<'a>(
    rules: &'a [CallerLanguage],
    caller: &DialString,
) -> Option<&'a Language> {
    let fitting = rules
        .iter()
        .filter(|rule| caller.as_str().starts_with(rule.prefix.as_str()));
    fitting
        .max_by_key(|rule| rule.prefix.as_str().len())
        .map(|rule| &rule.language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides_on_the_language_of_a_caller() {
        let rule = |prefix, language| CallerLanguage {
            prefix: DialString::parse(prefix).unwrap(),
            language: Language::parse(language).unwrap(),
        };
        let rules = [
            rule("+32", "nl-be"),
            rule("+3281", "fr"),
            rule("+32812345", "de"),
        ];
        let language = |number| {
            let number = DialString::parse(number).unwrap();
            language_of_caller(&rules, &number).map(Language::as_str)
        };
        assert_eq!(language("+3221234"), Some("nl-be"));
        assert_eq!(language("+32819999"), Some("fr"));
        assert_eq!(language("+32812345"), Some("de"));
        assert_eq!(language("+31201234"), None);
    }
}
