//! Reads `[registrar]` and `[[device]]`: the telephones of subscribers, and how they register.

use super::fault::{Problem, ValueFault};
use super::model::{Registrar, Sip};
use super::reader::{Reader, Section};
use super::values;
use crate::base::{DeviceId, DigestAlgorithm, MailboxId};
use crate::subscriber::{Device, Ha1, Secrets};
use std::collections::BTreeSet;
use toml::de::DeTable;

/// The most devices of one file.
const DEVICES_MAX: usize = 200_000;

/// Reads how telephones register.
pub(super) fn registrar(mut section: Section<'_, '_>) -> Registrar {
    let d = Registrar::default();
    let contacts = i64::from(d.contacts_per_device);
    let registrar = Registrar {
        default_expires: section.seconds("default_expires_s", 10..86_401, d.default_expires),
        min_expires: section.seconds("min_expires_s", 10..3_601, d.min_expires),
        max_expires: section.seconds("max_expires_s", 60..86_401, d.max_expires),
        contacts_per_device: section.count("contacts_per_device", 1..11, contacts) as u8,
        algorithms: algorithms(&mut section, d.algorithms),
        nonce: section.seconds("nonce_s", 10..3_601, d.nonce),
        wrong_tries: section.count("wrong_tries", 1..1_001, i64::from(d.wrong_tries)) as u32,
        ban: section.seconds("ban_s", 1..86_401, d.ban),
        requests_per_s: section.count("requests_per_s", 1..10_001, i64::from(d.requests_per_s))
            as u32,
    };
    let orders = [
        (
            "min_expires_s",
            registrar.min_expires > registrar.default_expires,
            "default_expires_s",
        ),
        (
            "default_expires_s",
            registrar.default_expires > registrar.max_expires,
            "max_expires_s",
        ),
    ];
    for (key, more, other) in orders {
        if more {
            let offset = section.offset(key);
            section.fault(key, offset, Problem::MoreThan { other });
        }
    }
    section.finish();
    registrar
}

/// The algorithms, each once.
fn algorithms(
    section: &mut Section<'_, '_>,
    default: Vec<DigestAlgorithm>,
) -> Vec<DigestAlgorithm> {
    let known = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5].map(|a| (a.as_str(), a));
    let read = |text: &str| values::one_of(text, &known, "SHA-256, MD5");
    let mut algorithms = section
        .filled_list("algorithms", read)
        .map_or(default, values::plain);
    let mut seen = BTreeSet::new();
    algorithms.retain(|algorithm| seen.insert(*algorithm));
    algorithms
}

/// Reads every device; one without a usable name, mailbox or secret is left out, its faults are
/// kept.
pub(super) fn devices<'t>(
    reader: &mut Reader<'t>,
    document: &DeTable<'t>,
    sip: &Sip,
) -> Vec<Device> {
    let mut names: BTreeSet<DeviceId> = BTreeSet::new();
    let devices = reader.each(document, "device", DEVICES_MAX, |section| {
        let device = device(section, &sip.realm)?;
        if names.insert(device.name.clone()) {
            return Some(device);
        }
        let offset = section.offset("name");
        let (found, why) = (device.name.to_string(), ValueFault::Again);
        section.fault("name", offset, Problem::BadValue { found, why });
        None
    });
    devices.into_iter().flatten().collect()
}

fn device(section: &mut Section<'_, '_>, realm: &str) -> Option<Device> {
    let name = section.parsed("name", |text| {
        DeviceId::parse(text).map_err(ValueFault::from)
    });
    let mailbox = section.parsed("mailbox", |text| {
        MailboxId::parse(text).map_err(ValueFault::from)
    });
    let own = section.optional("realm", None, values::realm);
    let mut secret = |key, algorithm| {
        section.optional(key, None, |text| {
            Ha1::parse(algorithm, text).map_err(ValueFault::from)
        })
    };
    let secrets = Secrets {
        sha256: secret("sha256", DigestAlgorithm::Sha256),
        md5: secret("md5", DigestAlgorithm::Md5),
    };
    for key in ["name", "mailbox"] {
        if !section.gives(key) {
            let offset = section.offset(key);
            section.fault(key, offset, Problem::Missing);
        }
    }
    if !section.gives("sha256") && !section.gives("md5") {
        let offset = section.offset("sha256");
        section.fault("sha256", offset, Problem::Missing);
    }
    Some(Device {
        name: name?.value,
        mailbox: mailbox?.value,
        realm: own.unwrap_or_else(|| realm.to_owned()),
        secrets,
    })
}
