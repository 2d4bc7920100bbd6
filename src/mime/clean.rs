//! Text from the network, made fit for a header, a subject and a screen.

/// The longest name shown, in characters.
pub(super) const NAME_MAX: usize = 64;

/// The longest subject, in characters.
pub(super) const SUBJECT_MAX: usize = 200;

/// A name as it may be shown, at most [`NAME_MAX`] characters; `None` where nothing is left.
pub(super) fn name(text: &str) -> Option<String> {
    line(text, NAME_MAX)
}

/// Drops what is not to be shown, joins white space to single spaces and cuts to `max`
/// characters. `None` where nothing is left.
///
/// Dropped: control characters (CR, LF and NUL among them), direction overrides and invisible
/// characters that make a name look like another. `=?` is parted, so that no reader takes a name
/// for an encoded word (RFC 2047) and shows what is in it.
pub(super) fn line(text: &str, max: usize) -> Option<String> {
    let shown: String = text
        .chars()
        .map(|c| if hidden(c) { ' ' } else { c })
        .collect();
    let joined: Vec<&str> = shown.split_whitespace().collect();
    let parted = joined.join(" ").replace("=?", "= ?");
    let cut: String = parted.chars().take(max).collect();
    let cut = cut.trim();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// A text of several lines without what is not to be shown.
pub(super) fn text(text: &str) -> String {
    let shown = |c: &char| matches!(c, '\n' | '\t') || !hidden(*c);
    text.chars().filter(shown).collect()
}

fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_is_not_to_be_shown() {
        let cases = [
            ("Jan de Vries", Some("Jan de Vries")),
            ("  Jan\r\nBcc: x@y\0\t z ", Some("Jan Bcc: x@y z")),
            ("Zo\u{eb}", Some("Zo\u{eb}")),
            ("=?utf-8?B?QUJD?=", Some("= ?utf-8?B?QUJD?=")),
            ("a\u{202e}b\u{85}c", Some("a b c")),
            ("\r\n \u{200b}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(name(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(name(&"x".repeat(500)).map(|n| n.len()), Some(NAME_MAX));
    }

    #[test]
    fn a_text_keeps_its_lines_and_loses_what_is_not_to_be_shown() {
        assert_eq!(text("een\n\ttwee\0\u{202e}\r\n"), "een\n\ttwee\n");
    }
}
