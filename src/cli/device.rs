//! `belpost device`: the secrets of telephones, and where they are registered.
//!
//! A password is read from standard input or made at random and printed once; what the configuration
//! keeps are digests of it. No password goes onto a command line, where others would see it.

use super::arguments::{ConfigArgs, ReadArgs};
use super::fault::CliFault;
use super::passcode::{ask_hidden, first_line};
use super::table::{safe, table};
use super::{print, print_json};
use crate::base::{DeviceId, MailboxId, Timestamp};
use crate::config::load;
use crate::directory::Store;
use crate::registrar::Binding;
use crate::subscriber::{Ha1, Secrets};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Characters of a password made at random, and what they are: none that is taken for another.
const RANDOM: usize = 24;
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The shortest password taken.
const FEWEST: usize = 8;
/// The longest.
const MOST: usize = 128;

/// Why a password will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PasswordFault {
    /// Too short or long, or not to be typed.
    #[error("a password has {FEWEST} to {MOST} printable characters; --random makes a good one")]
    Length,
    /// The name and nothing else.
    #[error("a password that is the name is the first that is tried")]
    Name,
    /// The second typing differs.
    #[error("the two passwords differ")]
    Differ,
}

/// Makes the digests of a password, as lines for the configuration.
pub(super) fn digest(
    name: &DeviceId,
    mailbox: Option<&MailboxId>,
    random: bool,
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let realm = load(file.config.as_deref())?.sip.realm;
    let password = if random {
        let password = at_random()?;
        eprintln!("The password of {name}, shown this once: {password}");
        password
    } else {
        typed(name)?
    };
    acceptable(name, &password)?;
    print(&lines(name, mailbox, &realm, &password), out)
}

fn lines(name: &DeviceId, mailbox: Option<&MailboxId>, realm: &str, password: &str) -> String {
    let Secrets { sha256, md5 } = Secrets::of(name, realm, password);
    let [sha256, md5] = [&sha256, &md5].map(|ha1| ha1.as_ref().map_or("", Ha1::reveal));
    let mailbox = mailbox.map_or("", MailboxId::as_str);
    format!(
        "[[device]]\nname = \"{name}\"\nmailbox = \"{mailbox}\"\nrealm = \"{realm}\"\n\
         sha256 = \"{sha256}\"\nmd5 = \"{md5}\"\n"
    )
}

fn typed(name: &DeviceId) -> Result<String, CliFault> {
    if !io::stdin().is_terminal() {
        return first_line(io::stdin().lock()).map_err(CliFault::Input);
    }
    let first = ask_hidden("Password: ")?;
    acceptable(name, &first)?;
    if ask_hidden("Once more: ")? != first {
        return Err(PasswordFault::Differ.into());
    }
    Ok(first)
}

fn acceptable(name: &DeviceId, password: &str) -> Result<(), PasswordFault> {
    let length = password.chars().count();
    if !(FEWEST..=MOST).contains(&length) || password.chars().any(char::is_control) {
        return Err(PasswordFault::Length);
    }
    if password.eq_ignore_ascii_case(name.as_str()) {
        return Err(PasswordFault::Name);
    }
    Ok(())
}

fn at_random() -> Result<String, CliFault> {
    let mut octets = [0; RANDOM];
    getrandom::fill(&mut octets).map_err(|fault| CliFault::Runtime(io::Error::other(fault)))?;
    // 32 letters: each is as likely as any other.
    let letter = |octet: &u8| LETTERS.get(usize::from(octet % 32)).copied();
    let letters = octets.iter().filter_map(letter);
    Ok(letters.map(char::from).collect())
}

/// A device as JSON.
#[derive(Serialize)]
struct Row<'a> {
    device: &'a str,
    mailbox: &'a str,
    contacts: Vec<ContactRow<'a>>,
}

#[derive(Serialize)]
struct ContactRow<'a> {
    contact: &'a str,
    heard: String,
    until: String,
    agent: &'a str,
}

/// Lists every device, with where it is registered.
pub(super) fn list(read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let mut writer = [0; 8];
    getrandom::fill(&mut writer).map_err(|fault| CliFault::Runtime(io::Error::other(fault)))?;
    let mut store = Store::open(&config.directory.file, u64::from_le_bytes(writer))?;
    let now = Timestamp::now();
    let bindings: Vec<Binding> = store.bindings()?;
    let of = |name: &DeviceId| {
        let name = name.clone();
        let live = bindings.iter();
        live.filter(move |b| b.id.device == name && b.until > now)
    };
    let rows = config.devices.iter().map(|device| Row {
        device: device.name.as_str(),
        mailbox: device.mailbox.as_str(),
        contacts: of(&device.name).map(contact).collect(),
    });
    let rows: Vec<Row<'_>> = rows.collect();
    if read.json {
        return print_json(&rows, out);
    }
    let lines: Vec<Vec<String>> = rows.iter().flat_map(cells).collect();
    let headings = [
        "DEVICE",
        "MAILBOX",
        "CONTACT",
        "HEARD FROM",
        "UNTIL",
        "AGENT",
    ];
    print(&table(&headings, &lines), out)
}

fn contact(binding: &Binding) -> ContactRow<'_> {
    ContactRow {
        contact: &binding.contact,
        heard: binding.heard.to_string(),
        until: binding.until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        agent: &binding.agent,
    }
}

fn cells(row: &Row<'_>) -> Vec<Vec<String>> {
    let first = [row.device.to_owned(), row.mailbox.to_owned()];
    if row.contacts.is_empty() {
        let rest = ["-", "", "", ""].map(str::to_owned);
        return vec![first.into_iter().chain(rest).collect()];
    }
    let contacts = row.contacts.iter().map(|contact| {
        let rest = [
            contact.contact,
            &contact.heard,
            &contact.until,
            contact.agent,
        ];
        let rest = rest.into_iter().map(safe);
        first.iter().cloned().chain(rest).collect()
    });
    contacts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DeviceId {
        DeviceId::parse(text).unwrap()
    }

    #[test]
    fn a_password_that_is_tried_first_is_refused() {
        let cases = [
            ("correct horse", Ok(())),
            ("1234567", Err(PasswordFault::Length)),
            ("", Err(PasswordFault::Length)),
            ("abcdefg\u{7}", Err(PasswordFault::Length)),
            ("2001-Desk", Err(PasswordFault::Name)),
        ];
        for (password, expected) in cases {
            assert_eq!(
                acceptable(&name("2001-desk"), password),
                expected,
                "{password}"
            );
        }
    }

    #[test]
    fn the_lines_are_a_device_of_the_configuration_and_hold_no_password() {
        let mailbox = MailboxId::parse("2001").unwrap();
        let password = at_random().unwrap();
        assert_eq!(password.len(), RANDOM);
        assert_ne!(password, at_random().unwrap());
        let text = lines(&name("desk"), Some(&mailbox), "belpost", &password);
        assert!(!text.contains(&password));
        let config = crate::config::parse(&text, std::path::Path::new("")).unwrap();
        let expected = Secrets::of(&name("desk"), "belpost", &password);
        assert_eq!(config.devices.len(), 1);
        assert_eq!(config.devices[0].secrets, expected);
        assert_eq!(config.devices[0].mailbox, mailbox);
    }
}
