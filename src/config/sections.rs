//! Reads each section of the file into its struct.
//!
//! One function a section, one line a key: the list of keys is here and nowhere else.

use super::claims::{Claim, numbers, report_taken};
use super::devices;
use super::fault::{Problem, ValueFault};
use super::mail;
use super::model::{
    Codes, Config, Deposit, Diagnostics, Directory, Entry, Events, Forwarding, Lamp, Ledger, Log,
    Mailboxes, Media, Menus, Passcodes, Portal, Sip, Spool,
};
use super::prompts;
use super::reader::{Reader, Section};
use super::subscribers;
use super::values::{self, Listen, Ports, number, path, plain, value};
use crate::audio::Law;
use crate::call::MailboxFrom;
use crate::mime::MailHost;
use crate::observe::{LogFormat, LogLevel};
use crate::subscriber::{EARLIER_PASSCODES_MAX, NumberRules};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;
use toml::de::DeTable;

/// The longest text that goes into a header.
const HEADER_TEXT_MAX: usize = 100;

/// Reads a whole document. `base` is the folder that relative paths count from.
pub(super) fn read<'t>(reader: &mut Reader<'t>, document: &DeTable<'t>, base: &Path) -> Config {
    let mut claims = Vec::new();
    let mailboxes = mailboxes(reader.section(document, "mailboxes"), base);
    let prompts = prompts::prompts(reader.section(document, "prompts"), base, &mut claims);
    let mut config = Config {
        sip: sip(reader.section(document, "sip")),
        registrar: devices::registrar(reader.section(document, "registrar")),
        media: media(reader.section(document, "media")),
        portal: portal(reader.section(document, "portal"), &mut claims),
        deposit: deposit(reader.section(document, "deposit")),
        entry: entry(reader.section(document, "entry")),
        passcodes: passcodes(reader.section(document, "passcodes")),
        forwarding: forwarding(reader.section(document, "forwarding")),
        menus: menus(reader.section(document, "menus"), base),
        codes: codes(reader.section(document, "codes"), base),
        spool: spool(reader.section(document, "spool"), base),
        imap: mail::imap(reader, document, base),
        mail: mail::mailing(reader, document, base, &mailboxes.host),
        lamp: lamp(reader.section(document, "lamp"), base, &mut claims),
        ledger: ledger(reader.section(document, "ledger"), base),
        directory: directory(reader.section(document, "directory"), base),
        mailboxes,
        log: log(reader.section(document, "log")),
        events: events(reader.section(document, "events"), base),
        diagnostics: diagnostics(reader.section(document, "diagnostics"), &mut claims),
        http: prompts::http(reader.section(document, "http"), base),
        tenants: prompts::tenants(reader, document, base, &mut claims),
        subscribers: Vec::new(),
        devices: Vec::new(),
        prompts,
    };
    config.subscribers = subscribers::read(reader, document, base, &config, &mut claims);
    config.devices = devices::devices(reader, document, &config.sip);
    report_taken(reader, claims);
    config
}

fn sip(mut section: Section<'_, '_>) -> Sip {
    let d = Sip::default();
    let sip = Sip {
        listen: section
            .filled_list("listen", Listen::parse)
            .map_or(d.listen, plain),
        host: section.optional("host", d.host, values::host),
        trusted_peers: section
            .list("trusted_peers", values::network)
            .map_or(d.trusted_peers, plain),
        max_calls: section.count("max_calls", 1..100_001, i64::from(d.max_calls)) as u32,
        user_agent: section
            .parsed("user_agent", |text| values::line(text, HEADER_TEXT_MAX))
            .map_or(d.user_agent, value),
        session_expires: section.seconds("session_expires_s", 90..86_401, d.session_expires),
        t1: section.millis("t1_ms", 50..5_001, d.t1),
        mailbox_from: section
            .parsed("mailbox_from", |text| {
                let choices = [
                    ("original", MailboxFrom::Original),
                    ("last", MailboxFrom::Last),
                ];
                values::one_of(text, &choices, "original, last")
            })
            .map_or(d.mailbox_from, value),
        mailbox_header: section.optional("mailbox_header", d.mailbox_header, values::header_name),
        realm: section
            .parsed("realm", values::realm)
            .map_or(d.realm, value),
    };
    section.finish();
    sip
}

fn media(mut section: Section<'_, '_>) -> Media {
    let d = Media::default();
    let address = |text: &str| text.parse::<IpAddr>().map_err(|_| ValueFault::Address);
    let codec = |text: &str| {
        values::one_of(text, &[("PCMA", Law::A), ("PCMU", Law::Mu)], "")
            .map_err(|_| ValueFault::Codec)
    };
    let level = i64::from(d.silence_level_dbm0);
    let media = Media {
        bind: section.parsed("bind", address).map_or(d.bind, value),
        address: section.optional("address", d.address, address),
        ports: section.parsed("ports", Ports::parse).map_or(d.ports, value),
        workers: section.count("workers", 0..257, i64::from(d.workers)) as u16,
        rtp_timeout: section.seconds("rtp_timeout_s", 5..3_601, d.rtp_timeout),
        silence_level_dbm0: section.count("silence_level_dbm0", -70..-9, level) as i8,
        codecs: section.filled_list("codecs", codec).map_or(d.codecs, plain),
        learn_nat: section.flag("learn_nat", d.learn_nat),
    };
    section.finish();
    media
}

fn portal(mut section: Section<'_, '_>, claims: &mut Vec<Claim>) -> Portal {
    let d = Portal::default();
    let portal = Portal {
        numbers: numbers(&mut section, "numbers", d.numbers, claims),
        message_numbers: numbers(&mut section, "message_numbers", d.message_numbers, claims),
        status_numbers: numbers(&mut section, "status_numbers", d.status_numbers, claims),
        max_greeting: section.seconds("max_greeting_s", 5..241, d.max_greeting),
    };
    section.finish();
    portal
}

fn deposit(mut section: Section<'_, '_>) -> Deposit {
    let d = Deposit::default();
    let silence = section.seconds("silence_s", 0..61, d.silence.unwrap_or_default());
    let deposit = Deposit {
        max_message: section.seconds("max_message_s", 5..3_601, d.max_message),
        min_message: section.millis("min_message_ms", 0..60_001, d.min_message),
        min_voiced: section.millis("min_voiced_ms", 0..60_001, d.min_voiced),
        silence: (silence > Duration::ZERO).then_some(silence),
        allow_log_in: section.flag("allow_log_in", d.allow_log_in),
    };
    let orders = [
        (
            "min_message_ms",
            deposit.min_message,
            "max_message_s",
            deposit.max_message,
        ),
        (
            "min_voiced_ms",
            deposit.min_voiced,
            "max_message_s",
            deposit.max_message,
        ),
    ];
    for (key, least, other, most) in orders {
        if least > most {
            let offset = section.offset(key);
            section.fault(key, offset, Problem::MoreThan { other });
        }
    }
    section.finish();
    deposit
}

fn entry(mut section: Section<'_, '_>) -> Entry {
    let d = Entry::default();
    let often = i64::from(d.brief_after.unwrap_or_default());
    let brief_after = section.count("brief_after", 0..1_001, often) as u32;
    let entry = Entry {
        brief_after: (brief_after > 0).then_some(brief_after),
        first_key: section.seconds("first_key_s", 1..61, d.first_key),
        next_key: section.seconds("next_key_s", 1..61, d.next_key),
        tries: section.count("tries", 1..11, i64::from(d.tries)) as u8,
    };
    section.finish();
    entry
}

fn passcodes(mut section: Section<'_, '_>) -> Passcodes {
    let d = Passcodes::default();
    let most = EARLIER_PASSCODES_MAX as i64 + 1;
    let days = section.count("expire_days", 0..3_651, 0) as u64;
    let passcodes = Passcodes {
        min_length: section.count("min_length", 4..21, d.min_length as i64) as usize,
        max_length: section.count("max_length", 4..21, d.max_length as i64) as usize,
        history: section.count("history", 0..most, d.history as i64) as usize,
        expire: (days > 0).then(|| Duration::from_hours(24 * days)),
        change_initial: section.flag("change_initial", d.change_initial),
        first_use: section.flag("first_use", d.first_use),
    };
    if passcodes.min_length > passcodes.max_length {
        let (offset, other) = (section.offset("min_length"), "max_length");
        section.fault("min_length", offset, Problem::MoreThan { other });
    }
    section.finish();
    passcodes
}

fn forwarding(mut section: Section<'_, '_>) -> Forwarding {
    let d = Forwarding::default();
    let forwarding = Forwarding {
        country: section
            .parsed("country", values::country)
            .map_or(d.country, value),
        rules: NumberRules {
            allow: section.list("allow", number).map_or(d.rules.allow, plain),
            refuse: section.list("refuse", number).map_or(d.rules.refuse, plain),
        },
    };
    section.finish();
    forwarding
}

fn menus(mut section: Section<'_, '_>, base: &Path) -> Menus {
    let menus = Menus {
        file: section.optional("file", None, |text| path(text, base)),
    };
    section.finish();
    menus
}

fn codes(mut section: Section<'_, '_>, base: &Path) -> Codes {
    let d = Codes::default();
    let codes = Codes {
        file: section.optional("file", None, |text| path(text, base)),
        emergency: section.list("emergency", number).map_or(d.emergency, plain),
    };
    section.finish();
    codes
}

fn spool(mut section: Section<'_, '_>, base: &Path) -> Spool {
    let d = Config::default().spool;
    let spool = Spool {
        folder: section
            .parsed("folder", |text| path(text, base))
            .map_or_else(|| base.join(d.folder), value),
        reserve_mb: section.count("reserve_mb", 0..1_000_001, i64::from(d.reserve_mb)) as u32,
    };
    section.finish();
    spool
}

fn mailboxes(mut section: Section<'_, '_>, base: &Path) -> Mailboxes {
    let d = Config::default().mailboxes;
    let mailboxes = Mailboxes {
        folder: section
            .parsed("folder", |text| path(text, base))
            .map_or_else(|| base.join(d.folder), value),
        host: section
            .parsed("host", |text| {
                let host = MailHost::parse(text)?;
                Ok(host.as_str().to_owned())
            })
            .map_or(d.host, value),
        limits: mail::limits(&mut section, d.limits),
    };
    section.finish();
    mailboxes
}

fn lamp(mut section: Section<'_, '_>, base: &Path, claims: &mut Vec<Claim>) -> Lamp {
    let d = Lamp::default();
    let lamp = Lamp {
        peers: section.list("peers", Listen::parse).map_or(d.peers, plain),
        clear_numbers: numbers(&mut section, "clear_numbers", d.clear_numbers, claims),
        file: section
            .parsed("file", |text| path(text, base))
            .map_or_else(|| base.join(d.file), value),
        min_expires: section.seconds("min_expires_s", 10..3_601, d.min_expires),
        max_expires: section.seconds("max_expires_s", 60..86_401, d.max_expires),
        max_subscriptions: section.count(
            "max_subscriptions",
            0..1_000_001,
            i64::from(d.max_subscriptions),
        ) as u32,
    };
    if lamp.min_expires > lamp.max_expires {
        let offset = section.offset("min_expires_s");
        let other = "max_expires_s";
        section.fault("min_expires_s", offset, Problem::MoreThan { other });
    }
    section.finish();
    lamp
}

fn ledger(mut section: Section<'_, '_>, base: &Path) -> Ledger {
    let d = Config::default().ledger;
    let folder = d.folder.map(|folder| base.join(folder));
    let ledger = Ledger {
        folder: section.optional("folder", folder, |text| path(text, base)),
        keep_days: section.count("keep_days", 1..3_651, i64::from(d.keep_days)) as u32,
    };
    section.finish();
    ledger
}

fn directory(mut section: Section<'_, '_>, base: &Path) -> Directory {
    let d = Config::default().directory;
    let directory = Directory {
        file: section
            .parsed("file", |text| path(text, base))
            .map_or_else(|| base.join(d.file), value),
    };
    section.finish();
    directory
}

fn log(mut section: Section<'_, '_>) -> Log {
    let d = Config::default().log;
    let log = Log {
        level: section
            .parsed("level", |text| {
                values::one_of(text, &LogLevel::NAMES, "error, warn, info, debug, trace")
            })
            .map_or(d.level, value),
        format: section
            .parsed("format", |text| {
                values::one_of(text, &LogFormat::NAMES, "text, json")
            })
            .map_or(d.format, value),
    };
    section.finish();
    log
}

fn events(mut section: Section<'_, '_>, base: &Path) -> Events {
    let events = Events {
        file: section.optional("file", None, |text| path(text, base)),
    };
    section.finish();
    events
}

fn diagnostics(mut section: Section<'_, '_>, claims: &mut Vec<Claim>) -> Diagnostics {
    let mut line = |key: &'static str| {
        let dialled = section.optional(key, None, number)?;
        let by = format!("diagnostics.{key}");
        claims.push(Claim {
            number: dialled.clone(),
            by: by.clone(),
            key: by,
            offset: section.offset(key),
        });
        Some(dialled)
    };
    let diagnostics = Diagnostics {
        announcement: line("announcement"),
        echo: line("echo"),
        key_tone: line("key_tone"),
        silence: line("silence"),
    };
    section.finish();
    diagnostics
}
