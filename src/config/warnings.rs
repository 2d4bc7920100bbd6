//! What a configuration may say and its operator rarely means.
//!
//! A warning never stops the server; `check-config` and the log at start show them all.

use super::model::{Config, Sip};
use super::values::is_everything;
use crate::base::{DeviceId, MailboxId};
use crate::deliver::MailWay;
use crate::subscriber::Profile;
use std::collections::HashSet;

/// Something to think about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Nobody has a mailbox.
    #[error("there is no [[subscriber]]: every call to a mailbox is refused")]
    NoSubscribers,
    /// Reachable from elsewhere, but nobody there is believed.
    #[error(
        "sip.trusted_peers holds this machine only: diversions and caller numbers that another \
         machine sends are ignored, so put the address of your PBX there"
    )]
    OnlyOwnMachineTrusted,
    /// Everybody is believed.
    #[error(
        "sip.trusted_peers holds every address there is: anybody who can send a packet may claim \
         any caller and any diversion"
    )]
    EverybodyTrusted,
    /// Peers are told an address that may not be the one they reach.
    #[error(
        "sip.host is not set and sip.listen is bound to every address: peers are told the address \
         that this machine's default route begins at; set sip.host where they reach it elsewhere"
    )]
    HostUnknown,
    /// Fewer ports than calls.
    #[error("media.ports has room for {ports} calls, sip.max_calls allows {calls}")]
    FewPorts {
        /// The pairs of ports.
        ports: u32,
        /// The calls allowed.
        calls: u32,
    },
    /// Mail that nobody sends.
    #[error(
        "{0} subscribers get messages by mail and [smtp] has no host: mails are written to the \
         folder of [mail], and another program must send them"
    )]
    MailStays(usize),
    /// A mailbox nobody can open by telephone.
    #[error(
        "mailbox {0} has no passcode and passcodes.first_use is off: nobody can listen to it by telephone"
    )]
    NoPasscode(MailboxId),
    /// A device of nobody.
    #[error("device {0} is of mailbox {1}, which no [[subscriber]] has: it is refused")]
    DeviceOfNobody(DeviceId, MailboxId),
    /// A device that can never prove itself.
    #[error(
        "device {0} has digests for realm {1:?} and sip.realm is another: it can never register; \
         make new ones with `belpost device digest`"
    )]
    OtherRealm(DeviceId, String),
    /// A device that only has what is not taken.
    #[error("device {0} has no digest for any of registrar.algorithms: it can never register")]
    NoAlgorithm(DeviceId),
}

/// All warnings about a configuration.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let mut found = signalling(&config.sip);
    let calls = config.sip.max_calls;
    if let Some(ports) = config.media.ports.pairs().filter(|ports| *ports < calls) {
        found.push(Warning::FewPorts { ports, calls });
    }
    let by_mail = |profile: &&Profile| {
        let legs = profile.delivery.legs();
        legs.iter().any(|leg| leg.address().is_some())
    };
    let mailed = config.subscribers.iter().filter(by_mail).count();
    if mailed > 0 && matches!(config.mail.way, MailWay::Folder(_)) {
        found.push(Warning::MailStays(mailed));
    }
    if config.subscribers.is_empty() {
        found.push(Warning::NoSubscribers);
    }
    let closed = config
        .subscribers
        .iter()
        .filter(|profile| profile.passcode.is_none() && !config.passcodes.first_use);
    found.extend(closed.map(|profile| Warning::NoPasscode(profile.mailbox.clone())));
    found.extend(devices(config));
    found
}

fn devices(config: &Config) -> impl Iterator<Item = Warning> + '_ {
    let mailboxes: HashSet<&MailboxId> = config.subscribers.iter().map(|p| &p.mailbox).collect();
    config.devices.iter().flat_map(move |device| {
        let name = || device.name.clone();
        let nobody = !mailboxes.contains(&device.mailbox);
        let nobody = nobody.then(|| Warning::DeviceOfNobody(name(), device.mailbox.clone()));
        let other = device.realm != config.sip.realm;
        let other = other.then(|| Warning::OtherRealm(name(), device.realm.clone()));
        let mut algorithms = config.registrar.algorithms.iter();
        let none = algorithms.all(|algorithm| device.secrets.under(*algorithm).is_none());
        let none = none.then(|| Warning::NoAlgorithm(name()));
        [nobody, other, none].into_iter().flatten()
    })
}

fn signalling(sip: &Sip) -> Vec<Warning> {
    let mut found = Vec::new();
    let ips = || sip.listen.iter().map(|listen| listen.address.ip());
    let reachable = ips().any(|ip| !ip.is_loopback());
    if reachable && sip.trusted_peers == Sip::default().trusted_peers {
        found.push(Warning::OnlyOwnMachineTrusted);
    }
    if sip.trusted_peers.iter().any(is_everything) {
        found.push(Warning::EverybodyTrusted);
    }
    if sip.host.is_none() && ips().any(|ip| ip.is_unspecified()) {
        found.push(Warning::HostUnknown);
    }
    found
}
