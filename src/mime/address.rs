//! The address a mail is sent to.

use std::fmt;
use std::str::FromStr;

/// An e-mail address, `local@domain` in ASCII: safe in a header and in an SMTP command.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailAddress(String);

/// A text that is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an e-mail address is written name@host, in ASCII, at most {} characters",
    MailAddress::MAX
)]
pub struct MailAddressFault;

impl MailAddress {
    /// The longest address, in characters (RFC 5321 section 4.5.3.1.3, without the brackets).
    pub const MAX: usize = 254;

    /// Reads an address without display name, comment or brackets.
    pub fn parse(text: &str) -> Result<MailAddress, MailAddressFault> {
        let printable = text.bytes().all(|b| b.is_ascii_graphic());
        if text.len() > MailAddress::MAX || !printable || lettre::Address::from_str(text).is_err() {
            return Err(MailAddressFault);
        }
        Ok(MailAddress(text.to_owned()))
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_break_out_of_a_header_or_command() {
        for good in ["jan@example.nl", "jan.de-vries+vm@mail.example.co.uk"] {
            assert_eq!(MailAddress::parse(good).unwrap().as_str(), good);
        }
        let long = format!("{}@example.nl", "a".repeat(250));
        for bad in [
            "",
            "jan",
            "jan@",
            "@example.nl",
            "Jan <jan@example.nl>",
            "jan@example.nl\r\nBcc: x@y.nl",
            "a b@example.nl",
            "jan@ex\u{e4}mple.nl",
            &long,
        ] {
            assert_eq!(MailAddress::parse(bad), Err(MailAddressFault), "{bad:?}");
        }
    }
}
