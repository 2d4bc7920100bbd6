//! What a passcode may be: long enough, and nothing that is guessed first.
//!
//! In: the figures someone chose and who it is. Out: the first rule they break. Laws: reading a
//! passcode backwards changes no verdict; nothing of the passcode is in the verdict. That it was
//! not used before is not here: whoever keeps the earlier ones says that.

use super::Profile;
use std::ops::RangeInclusive;

/// Shorter numbers than this are no part to be found in a passcode; too many passcodes have one.
const TELLING_NUMBER: usize = 4;

/// The rules for a passcode that is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PasscodeRules {
    /// How many figures it may have. Default 4 to 20.
    pub length: RangeInclusive<usize>,
}

/// The rule that a chosen passcode breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PasscodeFlaw {
    /// It has fewer figures than this.
    TooShort(usize),
    /// It has more figures than this.
    TooLong(usize),
    /// It is one figure, or one group of figures, over and over.
    Repeats,
    /// Its figures follow one another, up or down, 0 after 9.
    Run,
    /// It is part of an own number, or has one in it, read forwards or backwards.
    OwnNumber,
}

impl Default for PasscodeRules {
    fn default() -> PasscodeRules {
        PasscodeRules { length: 4..=20 }
    }
}

impl PasscodeRules {
    /// Whether `owner` may have this passcode, figures only.
    pub fn check(&self, passcode: &str, owner: &Profile) -> Result<(), PasscodeFlaw> {
        let figures = passcode.as_bytes();
        if figures.len() < *self.length.start() {
            return Err(PasscodeFlaw::TooShort(*self.length.start()));
        }
        if figures.len() > *self.length.end() {
            return Err(PasscodeFlaw::TooLong(*self.length.end()));
        }
        if repeats(figures) {
            return Err(PasscodeFlaw::Repeats);
        }
        if runs(figures) {
            return Err(PasscodeFlaw::Run);
        }
        let backwards: String = passcode.chars().rev().collect();
        let mut own = owner.own_numbers();
        let tells = |number: &str| {
            let number = number.trim_start_matches('+');
            [passcode, &backwards].iter().any(|p| tells(p, number))
        };
        if own.any(tells) {
            return Err(PasscodeFlaw::OwnNumber);
        }
        Ok(())
    }
}

/// Whether these are two or more of one group, the last of which may be cut short.
fn repeats(figures: &[u8]) -> bool {
    let longest = figures.len() / 2;
    (1..=longest).any(|group| {
        let shifted = figures.iter().skip(group);
        figures.iter().zip(shifted).all(|(a, b)| a == b)
    })
}

/// Whether each figure is one more than the one before, or each is one less.
fn runs(figures: &[u8]) -> bool {
    let steps = figures.iter().zip(figures.iter().skip(1));
    let up = |(a, b): (&u8, &u8)| follows(*a, *b);
    let down = |(a, b): (&u8, &u8)| follows(*b, *a);
    figures.len() > 1 && (steps.clone().all(up) || steps.clone().all(down))
}

/// Whether `b` comes after `a`, 0 after 9.
fn follows(a: u8, b: u8) -> bool {
    let value = |figure: u8| figure.wrapping_sub(b'0');
    value(a).wrapping_add(1) % 10 == value(b)
}

/// Whether one is part of the other.
fn tells(passcode: &str, number: &str) -> bool {
    let inside = number.len() >= TELLING_NUMBER && passcode.contains(number);
    inside || number.contains(passcode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DialString, Language, MailboxId};
    use crate::subscriber::Delivery;
    use proptest::prelude::*;

    fn owner() -> Profile {
        Profile {
            mailbox: MailboxId::parse("2075").unwrap(),
            name: "Anna".to_owned(),
            numbers: vec![DialString::parse("+31206539275").unwrap()],
            language: Language::parse("nl").unwrap(),
            zone: "UTC".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        }
    }

    fn check(passcode: &str) -> Result<(), PasscodeFlaw> {
        PasscodeRules::default().check(passcode, &owner())
    }

    #[test]
    fn each_rule_refuses_what_it_is_for_and_no_more() {
        let cases = [
            ("8351", Ok(())),
            ("1223", Ok(())),
            ("12341", Ok(())),
            ("", Err(PasscodeFlaw::TooShort(4))),
            ("835", Err(PasscodeFlaw::TooShort(4))),
            ("835183518351835183519", Err(PasscodeFlaw::TooLong(20))),
            ("7777", Err(PasscodeFlaw::Repeats)),
            ("8383", Err(PasscodeFlaw::Repeats)),
            ("83838", Err(PasscodeFlaw::Repeats)),
            ("835835", Err(PasscodeFlaw::Repeats)),
            ("8358351", Ok(())),
            ("1234", Err(PasscodeFlaw::Run)),
            ("8901", Err(PasscodeFlaw::Run)),
            ("3210987", Err(PasscodeFlaw::Run)),
            ("2075", Err(PasscodeFlaw::OwnNumber)),
            ("5702", Err(PasscodeFlaw::OwnNumber)),
            ("920758", Err(PasscodeFlaw::OwnNumber)),
            ("857029", Err(PasscodeFlaw::OwnNumber)),
            ("9275", Err(PasscodeFlaw::OwnNumber)),
            ("3120653", Err(PasscodeFlaw::OwnNumber)),
            ("1320653927", Ok(())),
        ];
        for (passcode, expected) in cases {
            assert_eq!(check(passcode), expected, "{passcode}");
        }
    }

    proptest! {
        #[test]
        fn backwards_is_judged_as_forwards(passcode in "[0-9]{0,24}") {
            let backwards: String = passcode.chars().rev().collect();
            prop_assert_eq!(check(&passcode), check(&backwards));
        }

        #[test]
        fn a_group_over_and_over_is_refused(group in "[0-9]{1,10}", times in 2_usize..6) {
            let passcode = group.repeat(times);
            prop_assume!((4..=20).contains(&passcode.len()));
            prop_assert_eq!(check(&passcode), Err(PasscodeFlaw::Repeats));
        }

        #[test]
        fn a_run_is_refused_wherever_it_begins(first in 0_u32..10, length in 4_u32..10, up: bool) {
            let figure = |n| if up { first + n } else { first + 100 - n } % 10;
            let passcode: String = (0..length).map(|n| figure(n).to_string()).collect();
            prop_assert_eq!(check(&passcode), Err(PasscodeFlaw::Run));
        }

        #[test]
        fn any_part_of_an_own_number_is_refused(begin in 0_usize..8, length in 4_usize..12) {
            let number = "31206539275";
            let part = &number[begin..(begin + length).min(number.len())];
            prop_assert_eq!(check(part), Err(PasscodeFlaw::OwnNumber));
        }

        #[test]
        fn the_number_of_the_mailbox_is_refused_wherever_it_stands(
            before in "[0-9]{0,6}", after in "[0-9]{0,6}", turned: bool
        ) {
            let own = if turned { "5702" } else { "2075" };
            let passcode = format!("{before}{own}{after}");
            prop_assert!(check(&passcode).is_err());
        }

        #[test]
        fn the_length_is_the_one_that_is_set(passcode in "[0-9]{0,30}", least in 4_usize..10) {
            let rules = PasscodeRules { length: least..=20 };
            let verdict = rules.check(&passcode, &owner());
            let length = passcode.len();
            prop_assert_eq!(verdict == Err(PasscodeFlaw::TooShort(least)), length < least);
            prop_assert_eq!(verdict == Err(PasscodeFlaw::TooLong(20)), length > 20);
        }
    }
}
