//! Reads `[[subscriber]]`: who has a mailbox.

use super::claims::Claim;
use super::fault::{Problem, ValueFault};
use super::mail::{self, limits};
use super::model::{Config, Imap, TenantEntry};
use super::reader::{At, Reader, Section};
use super::values::{self, language, number, plain};
use crate::base::{DialString, MailboxId, TenantId};
use crate::subscriber::{Delivery, Mode, PasscodeHash, Profile, Tenant};
use std::path::Path;
use toml::de::DeTable;

/// The most subscribers of one file.
const SUBSCRIBERS_MAX: usize = 100_000;

/// The longest name of a subscriber, in characters.
const NAME_MAX: usize = 100;

/// The zone of a subscriber who names none.
const DEFAULT_ZONE: &str = "Europe/Amsterdam";

/// Reads every subscriber; one with a faulty mailbox number is left out, its faults are kept.
pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    document: &DeTable<'t>,
    base: &Path,
    config: &Config,
    claims: &mut Vec<Claim>,
) -> Vec<Profile> {
    reader
        .each(document, "subscriber", SUBSCRIBERS_MAX, |section| {
            subscriber(section, base, config, claims)
        })
        .into_iter()
        .flatten()
        .collect()
}

fn subscriber(
    section: &mut Section<'_, '_>,
    base: &Path,
    config: &Config,
    claims: &mut Vec<Claim>,
) -> Option<Profile> {
    let mailbox = mailbox(section);
    let name = section.optional("name", None, |text| values::line(text, NAME_MAX));
    let numbers = section.list("numbers", number).unwrap_or_default();
    let tenant = tenant(section, &config.tenants);
    let language = section.optional("language", None, language);
    let zone = section.optional("zone", None, values::zone);
    let passcode = section.optional("passcode", None, |text| {
        PasscodeHash::parse(text).map_err(ValueFault::from)
    });
    let assistant = section.optional("assistant", None, number);
    let limits = limits(section, config.mailboxes.limits);
    let delivery = delivery(section, base, &config.imap, mailbox.as_ref());
    let mailbox = mailbox?;
    claim(&mailbox, &numbers, claims);
    Some(Profile {
        name: name.unwrap_or_else(|| mailbox.value.to_string()),
        mailbox: mailbox.value,
        numbers: numbers.into_iter().map(|at| at.value).collect(),
        language: language
            .or_else(|| tenant.and_then(|t| t.languages.first().cloned()))
            .unwrap_or_else(|| config.prompts.language.clone()),
        zone: zone.unwrap_or_else(|| DEFAULT_ZONE.to_owned()),
        passcode,
        assistant,
        tenant: tenant.map(|t| t.id.clone()),
        delivery,
        limits,
    })
}

/// The tenant of the subscriber, one of those defined, which are sorted by name.
fn tenant<'c>(section: &mut Section<'_, '_>, tenants: &'c [TenantEntry]) -> Option<&'c Tenant> {
    section.optional("tenant", None, |text| {
        let id = TenantId::parse(text)?;
        let found = tenants.binary_search_by(|entry| entry.tenant.id.cmp(&id));
        let entry = found.ok().and_then(|at| tenants.get(at));
        entry.map(|e| &e.tenant).ok_or(ValueFault::NoTenant)
    })
}

/// How messages reach the subscriber. Where that has a fault they go to a Maildir, which the
/// faulty file never gets to.
fn delivery(
    section: &mut Section<'_, '_>,
    base: &Path,
    servers: &[Imap],
    mailbox: Option<&At<MailboxId>>,
) -> Delivery {
    let kind = section
        .parsed("delivery", |text| {
            let choices = [
                ("local", Kind::Local),
                ("mailbox", Kind::Mailbox),
                ("email", Kind::Email),
            ];
            values::one_of(text, &choices, "local, mailbox, email")
        })
        .map_or(Kind::Local, |at| at.value);
    let account = mail::account(section, base, servers, mailbox.map(|at| &at.value));
    let mut addresses = |key| plain(section.list(key, values::mail_address).unwrap_or_default());
    let (emails, copies, notices) = (
        addresses("emails"),
        addresses("copies"),
        addresses("notices"),
    );
    let mode = match (kind, account) {
        (Kind::Mailbox, Some(account)) => Mode::Mailbox(account),
        (Kind::Mailbox, None) => {
            let offset = section.offset("delivery");
            section.fault("delivery", offset, Problem::NoImapServer);
            Mode::Local
        }
        (Kind::Email, _) if emails.is_empty() => {
            let offset = section.offset("delivery");
            section.fault("emails", offset, Problem::Missing);
            Mode::Local
        }
        (Kind::Email, _) => Mode::Email(emails),
        (Kind::Local, _) => Mode::Local,
    };
    Delivery {
        mode,
        copies,
        notices,
        sound: mail::sound(section),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Local,
    Mailbox,
    Email,
}

fn mailbox(section: &mut Section<'_, '_>) -> Option<At<MailboxId>> {
    let mailbox = section.parsed("mailbox", |text| {
        MailboxId::parse(text).map_err(ValueFault::from)
    });
    if !section.gives("mailbox") {
        let offset = section.offset("mailbox");
        section.fault("mailbox", offset, Problem::Missing);
    }
    mailbox
}

/// Claims the mailbox number and every further number. One that repeats the own mailbox number
/// harms nobody and is not claimed twice.
fn claim(mailbox: &At<MailboxId>, numbers: &[At<DialString>], claims: &mut Vec<Claim>) {
    let own = mailbox.value.as_str();
    let by = format!("mailbox {own}");
    if let Ok(number) = DialString::parse(own) {
        claims.push(Claim {
            number,
            by: by.clone(),
            key: "subscriber.mailbox".into(),
            offset: mailbox.offset,
        });
    }
    for at in numbers.iter().filter(|at| at.value.as_str() != own) {
        claims.push(Claim {
            number: at.value.clone(),
            by: by.clone(),
            key: "subscriber.numbers".into(),
            offset: at.offset,
        });
    }
}
