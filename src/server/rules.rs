//! From the configuration to what each part is told.

use crate::base::{DialString, TenantId};
use crate::call::{self, Abilities, Diagnostic, Routing};
use crate::config::{self, Config, Ports};
use crate::decoder::Decoder;
use crate::engine;
use crate::feature::Tables;
use crate::flow::{MenuFault, Menus, Settings};
use crate::lamp::Peer;
use crate::library::studio::StudioConfig;
use crate::media::Dbm0;
use crate::registrar;
use crate::sdp::{CodecOrder, Codecs};
use crate::sip::{self, Advertised};
use crate::subscriber::{Destinations, Languages, PasscodeRules, Roster, ServiceBook};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::address;
use super::log_ins::Operators;

/// Why the menus of a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MenusFault {
    /// The file cannot be read.
    #[error("the menus {file} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The menus have faults; all of them.
    #[error("{}", listing(.file, .faults))]
    Faulty {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        faults: Vec<MenuFault>,
    },
}

/// One fault a line, each with its file.
fn listing(file: &Path, faults: &[MenuFault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| fault.in_file(file.display()))
        .collect();
    lines.join("\n")
}

/// The menus: those compiled in, with the operator's file over them.
pub fn menus(config: &config::Menus) -> Result<Menus, MenusFault> {
    let file = config.file.as_deref();
    file.map_or_else(|| Ok(Menus::default()), menus_of)
}

/// The menus of an operator's file, laid over those compiled in.
pub fn menus_of(file: &Path) -> Result<Menus, MenusFault> {
    let text = std::fs::read_to_string(file).map_err(|source| MenusFault::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    Menus::parse(&text).map_err(|faults| MenusFault::Faulty {
        file: file.to_owned(),
        faults,
    })
}

/// The rules of the calls.
pub(super) fn calls(
    config: &Config,
    roster: Arc<Roster>,
    (menus, codes): (Menus, Tables),
    book: ServiceBook,
) -> call::Rules {
    let laws = &config.media.codecs;
    let codecs = laws.split_first().map_or_else(
        || Abilities::default().codecs,
        |(first, rest)| Codecs::new(*first, rest),
    );
    call::Rules {
        roster,
        routing: routing(config, codes),
        menus,
        settings: settings(config),
        abilities: Abilities {
            codecs,
            order: CodecOrder::Theirs,
            ..Abilities::default()
        },
        languages: languages(config),
        book,
    }
}

/// The SIP machine's settings, for the addresses it really listens on.
pub(super) fn sip(
    config: &config::Sip,
    lamp: &config::Lamp,
    registers: bool,
    local: &[(sip::Transport, SocketAddr)],
) -> sip::Config {
    let name = |transport| {
        let bound = local
            .iter()
            .find(|(t, _)| *t == transport)
            .or(local.first());
        let address = bound.map(|(_, a)| *a);
        let host = config.host.clone().unwrap_or_else(|| match address {
            Some(address) if !address.ip().is_unspecified() => address.ip().to_string(),
            Some(_) | None => address::usual().to_string(),
        });
        Advertised {
            host,
            port: address.map_or(5_060, |a| a.port()),
        }
    };
    sip::Config {
        user_agent: config.user_agent.clone(),
        trusted: config.trusted_peers.clone(),
        max_calls: config.max_calls as usize,
        t1: config.t1,
        session_expires: config.session_expires,
        min_subscription: lamp.min_expires,
        max_subscription: lamp.max_expires,
        max_subscriptions: lamp.max_subscriptions as usize,
        registers,
        domains: vec![config.realm.clone()],
        ..sip::Config::new(name(sip::Transport::Udp), name(sip::Transport::Tcp))
    }
}

/// How telephones register.
pub(super) fn registrar(config: &Config) -> registrar::Rules {
    let set = &config.registrar;
    registrar::Rules {
        realm: config.sip.realm.clone(),
        algorithms: set.algorithms.clone(),
        usual_expires: set.default_expires,
        least_expires: set.min_expires,
        most_expires: set.max_expires,
        contacts: usize::from(set.contacts_per_device),
        nonce_life: set.nonce,
        tries: set.wrong_tries,
        ban: set.ban,
        requests_a_second: set.requests_per_s,
    }
}

/// The media engine's settings.
pub(super) fn media(config: &Config) -> engine::Config {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    engine::Config {
        workers: match config.media.workers {
            0 => cores,
            workers => usize::from(workers),
        },
        bind: config.media.bind,
        ports: match config.media.ports {
            Ports::Ephemeral => None,
            Ports::Range { first, last } => Some(first..=last),
        },
        max_sessions: config.sip.max_calls as usize,
        rtp_timeout: config.media.rtp_timeout,
        silence_level: Dbm0(config.media.silence_level_dbm0),
        learn: config.media.learn_nat,
    }
}

/// What prompt sets are kept in and compiled with.
pub(super) fn studio(config: &Config, menus: &Menus) -> StudioConfig {
    StudioConfig {
        store: config.prompts.store.clone(),
        decoder: Decoder::own(),
        menus: menus.clone(),
    }
}

/// The address peers reach our media at, where it is the same for all of them.
pub(super) fn media_address(config: &config::Media) -> Option<IpAddr> {
    let bound = (!config.bind.is_unspecified()).then_some(config.bind);
    config.address.or(bound)
}

/// The peers that are told of every lamp.
pub(super) fn lamp_peers(config: &config::Lamp) -> Vec<Peer> {
    let peers = config.peers.iter();
    peers
        .map(|peer| Peer {
            address: peer.address,
            transport: peer.transport,
        })
        .collect()
}

/// The longest recording; the disk reserve is counted with it.
pub(super) fn longest(config: &Config) -> Duration {
    config.deposit.max_message
}

fn languages(config: &Config) -> Languages {
    let prompts = &config.prompts;
    let tenants = config.tenants.iter().map(|entry| &entry.tenant);
    Languages {
        usual: prompts.language.clone(),
        offered: prompts.languages.clone(),
        callers: prompts.callers.clone(),
        tenants: tenants.map(|t| (t.id.clone(), t.clone())).collect(),
    }
}

fn routing(config: &Config, codes: Tables) -> Routing {
    let diagnostics = [
        (&config.diagnostics.announcement, Diagnostic::Announcement),
        (&config.diagnostics.echo, Diagnostic::Echo),
        (&config.diagnostics.key_tone, Diagnostic::KeyTone),
        (&config.diagnostics.silence, Diagnostic::Silence),
    ];
    Routing {
        portal: config.portal.numbers.clone(),
        messages: config.portal.message_numbers.clone(),
        status: config.portal.status_numbers.clone(),
        clear_lamp: config.lamp.clear_numbers.clone(),
        codes,
        operators: operators(config),
        diagnostics: diagnostics
            .into_iter()
            .filter_map(|(number, kind)| Some((number.clone()?, kind)))
            .collect(),
        mailbox_from: config.sip.mailbox_from,
        mailbox_header: config.sip.mailbox_header.clone(),
    }
}

/// The numbers for changing prompts, everybody's and each tenant's.
pub(super) fn operators(config: &Config) -> Vec<(DialString, Option<TenantId>)> {
    let everybodys = config.prompts.operator.numbers.iter();
    let tenants = config.tenants.iter().flat_map(|entry| {
        let numbers = entry.operator.numbers.iter();
        numbers.map(|number| (number.clone(), Some(entry.tenant.id.clone())))
    });
    everybodys
        .map(|number| (number.clone(), None))
        .chain(tenants)
        .collect()
}

/// The passcodes for changing prompts.
pub(super) fn operator_passcodes(config: &Config) -> Operators {
    let everybodys = (None, config.prompts.operator.passcode.clone());
    let tenants = config.tenants.iter();
    let tenants = tenants.map(|entry| {
        let tenant = Some(entry.tenant.id.clone());
        (tenant, entry.operator.passcode.clone())
    });
    std::iter::once(everybodys)
        .chain(tenants)
        .filter_map(|(whose, passcode)| Some((whose, passcode?)))
        .collect()
}

fn settings(config: &Config) -> Settings {
    Settings {
        longest_message: config.deposit.max_message,
        shortest_message: config.deposit.min_message,
        least_voice: config.deposit.min_voiced,
        silence_limit: config.deposit.silence,
        longest_greeting: config.portal.max_greeting,
        log_in_from_greeting: config.deposit.allow_log_in,
        first_key: config.entry.first_key,
        between_keys: config.entry.next_key,
        tries: config.entry.tries,
        brief_after: config.entry.brief_after,
        passcode_rules: PasscodeRules {
            length: config.passcodes.min_length..=config.passcodes.max_length,
        },
        passcode_age: config.passcodes.expire,
        change_initial: config.passcodes.change_initial,
        first_use: config.passcodes.first_use,
        destinations: destinations(config),
        ..Settings::default()
    }
}

/// Where calls may be forwarded.
fn destinations(config: &Config) -> Destinations {
    let tenants = config.tenants.iter();
    let own = tenants.filter_map(|entry| {
        let rules = entry.forwarding.clone()?;
        Some((entry.tenant.id.clone(), rules))
    });
    Destinations {
        country: config.forwarding.country.clone(),
        rules: config.forwarding.rules.clone(),
        tenants: own.collect(),
    }
}
