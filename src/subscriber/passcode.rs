//! Passcodes: kept only as Argon2id hashes (RFC 9106) in the PHC text format.

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::PasswordHash,
};
use std::fmt;

/// The hash of a passcode; prints nothing of itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PasscodeHash(String);

/// Why a text is no usable passcode hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasscodeHashFault {
    /// Not a PHC string.
    #[error("not a passcode hash: make one with `belpost hash-passcode`")]
    NotPhc,
    /// A PHC string of another kind.
    #[error("a passcode hash must be argon2id, this one is {0}")]
    NotArgon2id(String),
    /// The hasher refused.
    #[error("the passcode could not be hashed")]
    NotHashed,
}

impl PasscodeHash {
    /// Reads a PHC string (`$argon2id$v=19$...`).
    pub fn parse(text: &str) -> Result<PasscodeHash, PasscodeHashFault> {
        let hash = PasswordHash::new(text).map_err(|_| PasscodeHashFault::NotPhc)?;
        if hash.algorithm.as_str() != "argon2id" {
            return Err(PasscodeHashFault::NotArgon2id(hash.algorithm.to_string()));
        }
        Ok(PasscodeHash(text.to_owned()))
    }

    /// Hashes a passcode with 16 octets of salt from a secure source, the parameters of
    /// [`PasscodeHash::hasher`].
    pub fn make(passcode: &str, salt: &[u8; 16]) -> Result<PasscodeHash, PasscodeHashFault> {
        PasscodeHash::hasher()
            .hash_password_with_salt(passcode.as_bytes(), salt)
            .map(|hash| PasscodeHash(hash.to_string()))
            .map_err(|_| PasscodeHashFault::NotHashed)
    }

    /// Whether this is the hash of `passcode`. Takes tens of milliseconds: never on a media or
    /// signalling thread.
    pub fn verifies(&self, passcode: &str) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(passcode.as_bytes(), &hash)
                .is_ok()
        })
    }

    /// The PHC string.
    pub fn as_phc(&self) -> &str {
        &self.0
    }

    /// Argon2id, 19 MiB, 2 passes, 1 lane: the least that the OWASP password storage guide
    /// asks for, some 20 ms on one core.
    fn hasher() -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
    }
}

impl fmt::Debug for PasscodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasscodeHash(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passcode_verifies_against_its_own_hash_only() {
        let hash = PasscodeHash::make("4321", &[7; 16]).unwrap();
        assert!(hash.as_phc().starts_with("$argon2id$"));
        assert!(hash.verifies("4321"));
        assert!(!hash.verifies("4322"));
        assert_eq!(PasscodeHash::parse(hash.as_phc()), Ok(hash));
    }

    #[test]
    fn other_hashes_are_refused() {
        assert_eq!(PasscodeHash::parse("4321"), Err(PasscodeHashFault::NotPhc));
        let md5 = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$aGFzaA";
        assert!(PasscodeHash::parse(md5).is_err());
    }
}
