//! The telephones of subscribers, and what each proves itself by.
//!
//! A password is never kept, only what it comes to under one name in one realm (H(A1) of RFC 7616
//! section 3.4.2): enough to check an answer, and for anybody who reads it enough to give one, so
//! it is as private as the password was. It prints nothing of itself. [`Devices`] is the one
//! look-up, whoever fills it.

use crate::base::{DeviceId, DigestAlgorithm, MailboxId};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::fmt::Write;
use std::sync::Arc;

/// One telephone, or several that share a name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The digest user name.
    pub name: DeviceId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// The realm its secrets were made for.
    pub realm: String,
    /// What it proves itself by.
    pub secrets: Secrets,
}

/// What a device proves itself by; at least one of them in a device that is to get in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// For SHA-256.
    pub sha256: Option<Ha1>,
    /// For MD5.
    pub md5: Option<Ha1>,
}

impl Secrets {
    /// Both, of a password.
    pub fn of(name: &DeviceId, realm: &str, password: &str) -> Secrets {
        let secret = |algorithm| Some(Ha1::of(algorithm, name, realm, password));
        Secrets {
            sha256: secret(DigestAlgorithm::Sha256),
            md5: secret(DigestAlgorithm::Md5),
        }
    }

    /// The one for this algorithm.
    pub fn under(&self, algorithm: DigestAlgorithm) -> Option<&Ha1> {
        match algorithm {
            DigestAlgorithm::Sha256 => self.sha256.as_ref(),
            DigestAlgorithm::Md5 => self.md5.as_ref(),
        }
    }
}

/// H(A1): the hash of `name:realm:password` in small hexadecimal figures.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ha1(String);

/// A text that is no such hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest of {0} has {1} hexadecimal figures: make it with `belpost device digest`")]
pub struct Ha1Fault(&'static str, usize);

impl Ha1 {
    /// The hash of a password under this name in this realm.
    pub fn of(algorithm: DigestAlgorithm, name: &DeviceId, realm: &str, password: &str) -> Ha1 {
        Ha1(digest(algorithm, &format!("{name}:{realm}:{password}")))
    }

    /// Reads one, as other systems keep it too.
    pub fn parse(algorithm: DigestAlgorithm, text: &str) -> Result<Ha1, Ha1Fault> {
        let figures = match algorithm {
            DigestAlgorithm::Sha256 => 64,
            DigestAlgorithm::Md5 => 32,
        };
        if text.len() == figures && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Ha1(text.to_ascii_lowercase()))
        } else {
            Err(Ha1Fault(algorithm.as_str(), figures))
        }
    }

    /// The figures. Every use is a place that may show them.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1(private)")
    }
}

/// The hash of a text in small hexadecimal figures: H() of RFC 7616 section 3.3.
pub fn digest(algorithm: DigestAlgorithm, text: &str) -> String {
    match algorithm {
        DigestAlgorithm::Sha256 => hexadecimal(&Sha256::digest(text.as_bytes())),
        DigestAlgorithm::Md5 => hexadecimal(&Md5::digest(text.as_bytes())),
    }
}

/// Octets in small hexadecimal figures.
fn hexadecimal(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// All devices, found by name.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    by_name: HashMap<DeviceId, Arc<Device>>,
}

/// Two devices claim one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two devices are called {0}")]
pub struct DeviceTaken(pub DeviceId);

impl Devices {
    /// These devices.
    pub fn new(all: impl IntoIterator<Item = Device>) -> Result<Devices, DeviceTaken> {
        let mut devices = Devices::default();
        for device in all {
            let name = device.name.clone();
            if devices.put(device).is_some() {
                return Err(DeviceTaken(name));
            }
        }
        Ok(devices)
    }

    /// The device of this name.
    pub fn by_name(&self, name: &DeviceId) -> Option<&Arc<Device>> {
        self.by_name.get(name)
    }

    /// A device is there, or another than before; the one before.
    pub fn put(&mut self, device: Device) -> Option<Arc<Device>> {
        self.by_name.insert(device.name.clone(), Arc::new(device))
    }

    /// A device is gone.
    pub fn remove(&mut self, name: &DeviceId) -> Option<Arc<Device>> {
        self.by_name.remove(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Every device, by name.
    pub fn all(&self) -> Vec<&Arc<Device>> {
        let mut all: Vec<_> = self.by_name.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DeviceId {
        DeviceId::parse(text).unwrap()
    }

    /// The example of RFC 7616 section 3.9.1 (Mufasa) in its realm.
    #[test]
    fn the_hash_of_a_password_is_the_one_of_the_standard() {
        let realm = "http-auth@example.org";
        let secrets = Secrets::of(&name("Mufasa"), realm, "Circle of Life");
        let (sha256, md5) = (secrets.sha256.unwrap(), secrets.md5.unwrap());
        assert_eq!(md5.reveal(), "3d78807defe7de2157e2b0b6573a855f");
        assert_eq!(
            sha256.reveal(),
            "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
        );
    }

    #[test]
    fn a_hash_is_read_in_any_case_and_shows_nothing_of_itself() {
        let text = "939E7578ED9E3C518A452ACEE763BCE9";
        let read = Ha1::parse(DigestAlgorithm::Md5, text).unwrap();
        assert_eq!(read.reveal(), text.to_ascii_lowercase());
        let secrets = Secrets {
            md5: Some(read),
            sha256: None,
        };
        assert!(!format!("{secrets:?}").contains("939"));
        for bad in ["", "939e", &text[1..], &format!("{}x", &text[1..])] {
            assert!(Ha1::parse(DigestAlgorithm::Md5, bad).is_err(), "{bad}");
        }
        assert!(Ha1::parse(DigestAlgorithm::Sha256, text).is_err());
    }

    #[test]
    fn a_name_belongs_to_one_device() {
        let device = |mailbox| Device {
            name: name("desk"),
            mailbox: MailboxId::parse(mailbox).unwrap(),
            realm: "belpost".to_owned(),
            secrets: Secrets::of(&name("desk"), "belpost", "secret"),
        };
        let twice = Devices::new([device("2001"), device("2002")]);
        assert_eq!(twice.unwrap_err(), DeviceTaken(name("desk")));
        let mut devices = Devices::new([device("2001")]).unwrap();
        assert!(devices.by_name(&name("Desk")).is_none());
        let before = devices.put(device("2002")).unwrap();
        assert_eq!(before.mailbox.as_str(), "2001");
        assert!(devices.remove(&name("desk")).is_some() && devices.is_empty());
    }
}
