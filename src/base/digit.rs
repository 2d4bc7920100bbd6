//! One telephone key: the sixteen events of RFC 4733 section 3.2, table 3.

use std::fmt;

/// A key of a telephone keypad, `0`-`9`, `*`, `#` and the rarely seen `A`-`D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Digit {
    /// Key 0.
    D0,
    /// Key 1.
    D1,
    /// Key 2.
    D2,
    /// Key 3.
    D3,
    /// Key 4.
    D4,
    /// Key 5.
    D5,
    /// Key 6.
    D6,
    /// Key 7.
    D7,
    /// Key 8.
    D8,
    /// Key 9.
    D9,
    /// The star key, `*`.
    Star,
    /// The hash or pound key, `#`.
    Pound,
    /// Key A of a sixteen-key pad.
    A,
    /// Key B of a sixteen-key pad.
    B,
    /// Key C of a sixteen-key pad.
    C,
    /// Key D of a sixteen-key pad.
    D,
}

impl Digit {
    /// Every key, in the order of its RFC 4733 event code.
    pub const ALL: [Digit; 16] = [
        Digit::D0,
        Digit::D1,
        Digit::D2,
        Digit::D3,
        Digit::D4,
        Digit::D5,
        Digit::D6,
        Digit::D7,
        Digit::D8,
        Digit::D9,
        Digit::Star,
        Digit::Pound,
        Digit::A,
        Digit::B,
        Digit::C,
        Digit::D,
    ];

    /// The twelve keys every telephone has.
    pub const KEYPAD: [Digit; 12] = [
        Digit::D1,
        Digit::D2,
        Digit::D3,
        Digit::D4,
        Digit::D5,
        Digit::D6,
        Digit::D7,
        Digit::D8,
        Digit::D9,
        Digit::Star,
        Digit::D0,
        Digit::Pound,
    ];

    /// The key with this RFC 4733 event code (0-15), or `None` for any other event.
    pub fn from_event(code: u8) -> Option<Digit> {
        Digit::ALL.get(usize::from(code)).copied()
    }

    /// The RFC 4733 event code, 0-15.
    pub fn event(self) -> u8 {
        self as u8
    }

    /// The key printed as `c`; letters in either case.
    pub fn from_char(c: char) -> Option<Digit> {
        Digit::ALL
            .into_iter()
            .find(|d| d.as_char() == c.to_ascii_uppercase())
    }

    /// The character printed on the key.
    pub fn as_char(self) -> char {
        char::from(b"0123456789*#ABCD"[usize::from(self.event())])
    }

    /// The value of a figure key, 0-9, or `None` for the others.
    pub fn figure(self) -> Option<u8> {
        (self.event() < 10).then_some(self.event())
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_survives_its_event_code_and_its_character() {
        for digit in Digit::ALL {
            assert_eq!(Digit::from_event(digit.event()), Some(digit));
            assert_eq!(Digit::from_char(digit.as_char()), Some(digit));
        }
        assert_eq!(Digit::from_event(16), None);
        assert_eq!(Digit::from_char('x'), None);
    }
}
