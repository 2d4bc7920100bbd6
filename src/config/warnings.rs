//! What a configuration may say and its operator rarely means.
//!
//! A warning never stops the server; `check-config` and the log at start show them all.

use super::model::{Config, Sip};
use super::values::is_everything;
use crate::base::MailboxId;
use crate::deliver::MailWay;
use crate::subscriber::Profile;

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
    found
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
