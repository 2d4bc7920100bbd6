//! `belpost hash-passcode`: from a passcode to the hash that the configuration keeps; and a
//! passcode at random for whoever forgot theirs.

use super::fault::CliFault;
use crate::subscriber::{PasscodeHash, PasscodeHashFault};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Write};

/// The fewest and most figures of a passcode.
const FEWEST: usize = 4;
const MOST: usize = 20;

/// The figures of one at random, and how many of them there are.
const RANDOM: usize = 6;
const BOUND: u32 = 1_000_000;

/// Why a passcode will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PasscodeFault {
    /// Something other than figures, or too few or many of them.
    #[error("a passcode has {FEWEST} to {MOST} figures and nothing else")]
    NotFigures,
    /// One figure over and over.
    #[error("a passcode of one figure over and over is the first that is tried")]
    OneFigure,
    /// Figures in a row, up or down.
    #[error("a passcode of figures in a row is among the first that are tried")]
    Run,
    /// The second typing differs.
    #[error("the two passcodes differ")]
    Differ,
    /// No random salt.
    #[error("the system gives no random numbers")]
    NoSalt,
    /// No hash.
    #[error("{}", .0)]
    NotHashed(NotHashed),
}

/// The hasher's own words; it says nothing of the passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the passcode could not be hashed")]
pub(super) struct NotHashed;

/// Asks for a passcode and prints its hash.
pub(super) fn run(out: &mut dyn Write) -> Result<(), CliFault> {
    let stdin = io::stdin();
    let passcode = if stdin.is_terminal() {
        ask_twice()?
    } else {
        first_line(stdin.lock()).map_err(CliFault::Input)?
    };
    let hash = hash(&passcode)?;
    writeln!(out, "{}", hash.as_phc()).map_err(CliFault::Output)
}

/// A passcode of [`RANDOM`] figures that will do, and its hash.
pub(super) fn random() -> Result<(String, PasscodeHash), PasscodeFault> {
    loop {
        let mut octets = [0; 4];
        getrandom::fill(&mut octets).map_err(|_| PasscodeFault::NoSalt)?;
        let number = u32::from_le_bytes(octets);
        // The last numbers there are would make some passcodes likelier than others.
        if number >= u32::MAX - u32::MAX % BOUND {
            continue;
        }
        let passcode = format!("{:0RANDOM$}", number % BOUND);
        if acceptable(&passcode).is_ok() {
            let hash = hash(&passcode)?;
            return Ok((passcode, hash));
        }
    }
}

/// The hash of a passcode that will do, with fresh salt.
fn hash(passcode: &str) -> Result<PasscodeHash, PasscodeFault> {
    acceptable(passcode)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| PasscodeFault::NoSalt)?;
    PasscodeHash::make(passcode, &salt)
        .map_err(|_: PasscodeHashFault| PasscodeFault::NotHashed(NotHashed))
}

/// Whether a passcode is hard enough to guess.
fn acceptable(passcode: &str) -> Result<(), PasscodeFault> {
    let figures: Vec<i16> = passcode.bytes().map(i16::from).collect();
    let all_figures = passcode.bytes().all(|b| b.is_ascii_digit());
    if !all_figures || !(FEWEST..=MOST).contains(&figures.len()) {
        return Err(PasscodeFault::NotFigures);
    }
    let steps_are = |step: i16| figures.windows(2).all(|pair| pair[1] - pair[0] == step);
    if steps_are(0) {
        return Err(PasscodeFault::OneFigure);
    }
    if steps_are(1) || steps_are(-1) {
        return Err(PasscodeFault::Run);
    }
    Ok(())
}

/// The first line, without its end; bounded, since standard input may be anything.
pub(super) fn first_line(input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.take(1_024).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn ask_twice() -> Result<String, CliFault> {
    let first = ask_hidden("Passcode: ")?;
    acceptable(&first)?;
    if ask_hidden("Once more: ")? != first {
        return Err(PasscodeFault::Differ.into());
    }
    Ok(first)
}

/// Asks on standard error, so that standard output holds the hash alone.
pub(super) fn ask_hidden(question: &str) -> Result<String, CliFault> {
    eprint!("{question}");
    let _hidden = HiddenTyping::begin().map_err(|errno| CliFault::Input(errno.into()))?;
    let line = first_line(io::stdin().lock()).map_err(CliFault::Input);
    eprintln!();
    line
}

/// While it lives, the terminal does not show what is typed.
struct HiddenTyping(Termios);

impl HiddenTyping {
    fn begin() -> rustix::io::Result<HiddenTyping> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(HiddenTyping(before))
    }
}

impl Drop for HiddenTyping {
    fn drop(&mut self) {
        // The terminal may be gone; nothing is left to show then.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passcode_that_is_tried_first_is_refused() {
        let cases = [
            ("8041", Ok(())),
            ("1232", Ok(())),
            ("123", Err(PasscodeFault::NotFigures)),
            ("12345678901234567890a", Err(PasscodeFault::NotFigures)),
            ("80417*", Err(PasscodeFault::NotFigures)),
            ("", Err(PasscodeFault::NotFigures)),
            ("7777", Err(PasscodeFault::OneFigure)),
            ("3456", Err(PasscodeFault::Run)),
            ("9876", Err(PasscodeFault::Run)),
        ];
        for (passcode, expected) in cases {
            assert_eq!(acceptable(passcode), expected, "{passcode}");
        }
    }

    #[test]
    fn the_hash_opens_with_its_passcode_and_has_salt_of_its_own() {
        let (one, two) = (hash("8041").unwrap(), hash("8041").unwrap());
        assert_ne!(one, two);
        assert!(one.verifies("8041"));
        assert!(!one.verifies("8042"));
    }

    #[test]
    fn a_passcode_at_random_will_do_and_is_another_each_time() {
        let (passcode, hash) = random().unwrap();
        assert_eq!(acceptable(&passcode), Ok(()));
        assert_eq!(passcode.len(), RANDOM);
        assert!(hash.verifies(&passcode));
        assert_ne!(random().unwrap().0, passcode);
    }

    #[test]
    fn only_the_first_line_is_the_passcode() {
        assert_eq!(first_line(&b"8041\r\nmore"[..]).unwrap(), "8041");
        assert_eq!(first_line(&b"8041"[..]).unwrap(), "8041");
        let endless = io::BufReader::new(io::repeat(b'7'));
        assert_eq!(first_line(endless).unwrap().len(), 1_024);
    }
}
