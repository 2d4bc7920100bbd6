//! A telephone of a subscriber: the name it proves itself by, and the two ways of proving.
//!
//! In and out: text. The secrets themselves are `subscriber::Device`'s, the checking is
//! `registrar`'s. Specs: RFC 7616 section 3.4.4 (a user name has no colon), RFC 8760 section 2.

use std::fmt;

/// The name of a device: the digest user name, 1-64 characters without space, quote or colon.
/// Upper and lower case are different names (RFC 7616 section 3.4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(String);

/// A text that is no name of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a device has 1 to {} letters, figures and any of - . _ + ~ @",
    DeviceId::MAX
)]
pub struct DeviceIdFault;

impl DeviceId {
    /// The longest name, in characters.
    pub const MAX: usize = 64;

    /// Reads a name.
    pub fn parse(text: &str) -> Result<DeviceId, DeviceIdFault> {
        let fits = (1..=DeviceId::MAX).contains(&text.len());
        let of_name = |b: u8| b.is_ascii_alphanumeric() || b"-._+~@".contains(&b);
        if fits && text.bytes().all(of_name) {
            Ok(DeviceId(text.to_owned()))
        } else {
            Err(DeviceIdFault)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of a digest answer (RFC 8760 section 2). Those with `-sess` are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// MD5, for telephones that know no better.
    Md5,
}

impl DigestAlgorithm {
    /// Reads its name; without one it is MD5 (RFC 7616 section 3.3).
    pub fn parse(text: Option<&str>) -> Option<DigestAlgorithm> {
        match text {
            None => Some(DigestAlgorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(DigestAlgorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(DigestAlgorithm::Sha256),
            Some(_) => None,
        }
    }

    /// Its name in a header.
    pub fn as_str(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "SHA-256",
            DigestAlgorithm::Md5 => "MD5",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_device_cannot_break_out_of_a_header_or_a_digest() {
        for good in ["2001", "2001-desk", "jan.de.vries@office", "a_b+c~d"] {
            assert_eq!(DeviceId::parse(good).unwrap().as_str(), good);
        }
        let long = "x".repeat(65);
        for bad in ["", "a b", "a:b", "a\"b", "a\\b", "a\r\nb", "é", &long] {
            assert_eq!(DeviceId::parse(bad), Err(DeviceIdFault), "{bad}");
        }
    }

    #[test]
    fn algorithms_are_told_apart_and_their_session_kinds_are_unknown() {
        let cases = [
            (None, Some(DigestAlgorithm::Md5)),
            (Some("md5"), Some(DigestAlgorithm::Md5)),
            (Some("sha-256"), Some(DigestAlgorithm::Sha256)),
            (Some("SHA-256-sess"), None),
            (Some("MD5-sess"), None),
            (Some("SHA-512-256"), None),
            (Some(""), None),
        ];
        for (name, algorithm) in cases {
            assert_eq!(DigestAlgorithm::parse(name), algorithm, "{name:?}");
        }
    }
}
