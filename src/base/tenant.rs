//! The name of a tenant: a customer with subscribers and prompts of their own.

use std::fmt;

/// The name of a tenant, safe in file names and addresses of pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

/// A text that is no name of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tenant is named by 1 to {} small letters, figures and hyphens, a letter first",
    TenantId::MAX
)]
pub struct TenantIdFault;

impl TenantId {
    /// The longest name, in characters.
    pub const MAX: usize = 32;

    /// Reads a name: 1-32 small ASCII letters, figures and hyphens, a letter first.
    pub fn parse(text: &str) -> Result<TenantId, TenantIdFault> {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        if begins && text.len() <= TenantId::MAX && text.bytes().all(known) {
            Ok(TenantId(text.to_owned()))
        } else {
            Err(TenantIdFault)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_tenant_cannot_leave_its_folder() {
        for good in ["a", "acme", "acme-2"] {
            assert_eq!(
                TenantId::parse(good).map(|t| t.to_string()),
                Ok(good.to_owned())
            );
        }
        let long = "a".repeat(33);
        for bad in ["", "Acme", "2acme", "-a", "a.b", "a/b", "..", long.as_str()] {
            assert_eq!(TenantId::parse(bad), Err(TenantIdFault), "{bad}");
        }
    }
}
