//! A dialled string: what a caller typed or a peer put into the user part of an address.

use super::Digit;
use std::fmt;

/// Up to [`DialString::MAX`] keys, with an optional leading `+` (E.164, RFC 3966 section 5.1.4).
///
/// Visual separators (`-`, `.`, `(`, `)`, space) are dropped on parsing and `%23` is read as `#`,
/// since handsets and gateways differ in how they send that key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialString(String);

/// Why a text is no dialled string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialStringFault {
    /// Nothing was left after dropping the separators.
    #[error("the number is empty")]
    Empty,
    /// More keys than [`DialString::MAX`].
    #[error("the number has more than {} keys", DialString::MAX)]
    TooLong,
    /// A character that is on no telephone key.
    #[error("{0:?} is on no telephone key")]
    NotAKey(char),
}

impl DialString {
    /// The longest dialled string accepted, in characters: 15 digits of an E.164 number, a
    /// feature access code before it and room for separators an operator prefixes.
    pub const MAX: usize = 40;

    /// Reads a dialled string; see the type for what is dropped and translated.
    pub fn parse(text: &str) -> Result<DialString, DialStringFault> {
        let mut keys = String::new();
        for c in text.replace("%23", "#").chars() {
            match c {
                '-' | '.' | '(' | ')' | ' ' => continue,
                '+' if keys.is_empty() => keys.push('+'),
                _ => keys.push(
                    Digit::from_char(c)
                        .ok_or(DialStringFault::NotAKey(c))?
                        .as_char(),
                ),
            }
            if keys.len() > DialString::MAX {
                return Err(DialStringFault::TooLong);
            }
        }
        if keys.is_empty() || keys == "+" {
            return Err(DialStringFault::Empty);
        }
        Ok(DialString(keys))
    }

    /// The keys as text, `+` first where there is one.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys one by one; a leading `+` is not a key.
    pub fn digits(&self) -> impl Iterator<Item = Digit> + '_ {
        self.0.chars().filter_map(Digit::from_char)
    }
}

impl fmt::Display for DialString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DialString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DialString({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialled_strings_as_peers_write_them() {
        let cases = [
            ("1233", Ok("1233")),
            ("*62", Ok("*62")),
            ("%2392%23", Ok("#92#")),
            ("+31-20 123.4567", Ok("+31201234567")),
            ("(020) 1", Ok("0201")),
            ("", Err(DialStringFault::Empty)),
            ("+", Err(DialStringFault::Empty)),
            ("12+3", Err(DialStringFault::NotAKey('+'))),
            ("alice", Err(DialStringFault::NotAKey('l'))),
        ];
        for (text, expected) in cases {
            let parsed = DialString::parse(text);
            assert_eq!(
                parsed.as_ref().map(DialString::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        }
        assert_eq!(
            DialString::parse(&"1".repeat(41)),
            Err(DialStringFault::TooLong)
        );
    }
}
