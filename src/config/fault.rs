//! What can be wrong with a configuration, said so that it can be mended at once.
//!
//! Every fault names its line and column and, where it can, the way out. All faults of a file are
//! collected; none hides another.

use crate::base;
use std::fmt;
use std::path::PathBuf;

/// Where in the file: both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset; an offset past the end counts as the end.
    pub(super) fn of(text: &str, offset: usize) -> Place {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// One fault and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it begins.
    pub place: Place,
    /// The key at fault as `section.key`, the section, or empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is no TOML.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// No such section or key.
    #[error("unknown name{}", suggestion(.0.as_deref()))]
    Unknown(Option<String>),
    /// A value of another type.
    #[error("must be {wanted}, this is {found}")]
    WrongType {
        /// What is wanted, with its article.
        wanted: &'static str,
        /// What stands there, with its article.
        found: &'static str,
    },
    /// A number out of its bounds.
    #[error("must be {low} to {high}, not {found}")]
    OutOfRange {
        /// The least that is allowed.
        low: i64,
        /// The most that is allowed.
        high: i64,
        /// What stands there.
        found: String,
    },
    /// A text that says nothing the key can take.
    #[error("{found:?}: {why}")]
    BadValue {
        /// What stands there.
        found: String,
        /// Why it will not do.
        why: ValueFault,
    },
    /// The same of a secret, which is not repeated: the fault may end in a log.
    #[error("{0}")]
    BadSecret(ValueFault),
    /// A mailbox in IMAP without a server.
    #[error("\"mailbox\" needs an [[imap]] server, named by `imap` where there is more than one")]
    NoImapServer,
    /// An unprotected connection to another machine.
    #[error(
        "\"none\" sends passwords and messages for all to read: set `allow_plain = true` where that is meant"
    )]
    Unprotected,
    /// A list with nothing in it where something is needed.
    #[error("needs at least one entry")]
    EmptyList,
    /// More entries than can be held.
    #[error("holds at most {0} entries")]
    TooMany(usize),
    /// A key that has no default is missing.
    #[error("is missing; it has no default")]
    Missing,
    /// A number that already leads elsewhere.
    #[error("{number} is taken: {by} has it")]
    NumberTaken {
        /// The number.
        number: String,
        /// Who has it.
        by: String,
    },
    /// Two keys that contradict each other.
    #[error("must not be more than {other}")]
    MoreThan {
        /// The other key.
        other: &'static str,
    },
}

/// Why a text will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// No transport and socket address.
    #[error("wanted udp:ADDRESS:PORT or tcp:ADDRESS:PORT, an IPv6 address in brackets")]
    Listen,
    /// No IP address.
    #[error("not an IP address")]
    Address,
    /// No block of addresses.
    #[error(transparent)]
    Network(#[from] crate::sip::NetworkFault),
    /// No host name or address.
    #[error("not a host name or IP address")]
    Host,
    /// No host name for mail.
    #[error(transparent)]
    MailHost(#[from] crate::mime::MailHostFault),
    /// No e-mail address.
    #[error(transparent)]
    MailAddress(#[from] crate::mime::MailAddressFault),
    /// No port range.
    #[error("wanted \"ephemeral\" or FIRST-LAST with an even FIRST of 1024 or more and LAST above")]
    Ports,
    /// No codec that is served.
    #[error("not a codec of this server: PCMA, PCMU")]
    Codec,
    /// None of the words allowed.
    #[error("wanted one of {0}")]
    NotOneOf(&'static str),
    /// No number.
    #[error(transparent)]
    Number(#[from] crate::base::DialStringFault),
    /// No code of a country.
    #[error("not the code of a country: 1 to 3 figures, such as 31")]
    Country,
    /// No mailbox number.
    #[error(transparent)]
    Mailbox(#[from] crate::base::MailboxIdFault),
    /// No passcode hash.
    #[error(transparent)]
    Passcode(#[from] crate::subscriber::PasscodeHashFault),
    /// No name of a device.
    #[error(transparent)]
    Device(#[from] crate::base::DeviceIdFault),
    /// No digest.
    #[error(transparent)]
    Digest(#[from] crate::subscriber::Ha1Fault),
    /// No realm.
    #[error(
        "a realm is 1 to {0} letters, figures, spaces and signs without quotes, colons and backslashes"
    )]
    Realm(usize),
    /// No language tag.
    #[error("not a language: 2 to 8 small letters, perhaps a variant, such as nl, en or nl-be")]
    Language,
    /// No language of callers.
    #[error("wanted the beginning of a number, a space and a language, such as \"+32 nl-be\"")]
    CallerLanguage,
    /// No name of a tenant.
    #[error(transparent)]
    Tenant(#[from] crate::base::TenantIdFault),
    /// A tenant nobody defined.
    #[error("there is no [[tenant]] of this name")]
    NoTenant,
    /// The same twice.
    #[error("is there already")]
    Again,
    /// No address with a port.
    #[error("wanted ADDRESS:PORT, an IPv6 address in brackets")]
    SocketAddress,
    /// No time zone.
    #[error("no such time zone; wanted an IANA name such as Europe/Amsterdam")]
    Zone,
    /// Nothing there.
    #[error("must not be empty")]
    Empty,
    /// Text that could break out of a header line.
    #[error("must be one line of at most {0} characters without control characters")]
    Unprintable(usize),
    /// No name of a SIP header.
    #[error("not the name of a SIP header")]
    HeaderName,
}

/// Every fault of a configuration, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is larger than any configuration can be.
    #[error("{}: larger than {limit} bytes, this is no configuration", file.display())]
    TooLarge {
        /// Which file.
        file: PathBuf,
        /// The largest accepted.
        limit: u64,
    },
    /// The file says what cannot be.
    #[error("{}", listing(file, faults))]
    Faulty {
        /// Which file.
        file: PathBuf,
        /// All that is wrong.
        faults: Faults,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.place.line, self.place.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}", self.problem)
    }
}

/// The known name that `wrong` was probably meant to be: at most two slips away, and less than
/// half of it.
pub(super) fn nearest<N: AsRef<str> + Ord>(
    wrong: &str,
    known: impl IntoIterator<Item = N>,
) -> Option<String> {
    let most = (wrong.chars().count() / 2).clamp(1, 2);
    base::nearest(wrong, known, most).map(|name| name.as_ref().to_owned())
}

fn suggestion(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}

fn listing(file: &std::path::Path, faults: &Faults) -> String {
    let lines: Vec<String> = faults
        .0
        .iter()
        .map(|fault| format!("{}:{fault}", file.display()))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "a = 1\nä = \"x\"\n";
        assert_eq!(Place::of(text, 0), Place { line: 1, column: 1 });
        let value = text.find('"').unwrap();
        assert_eq!(Place::of(text, value), Place { line: 2, column: 5 });
        assert_eq!(Place::of(text, 999).line, 3);
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["listen", "host", "max_calls"];
        assert_eq!(nearest("lisen", known), Some("listen".into()));
        assert_eq!(nearest("max_cals", known), Some("max_calls".into()));
        assert_eq!(nearest("hots", known), Some("host".into()));
        assert_eq!(nearest("port", known), Some("host".into()));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("x", known), None);
    }
}
