//! The configuration as the program sees it, with the shipped defaults.
//!
//! Each section of the file is a struct and each key a field. `belpost.example.toml` says what
//! every key means and costs; a test holds the two together.
//!
//! Long because every key of the file has its field here, beside its default.

use super::values::{Listen, Ports};
use crate::audio::Law;
use crate::base::{DialString, DigestAlgorithm};
use crate::call::MailboxFrom;
use crate::deliver::{ImapServer, MailWay, Mailing};
use crate::mailbox::Limits;
use crate::mime::MailAddress;
use crate::observe::{LogFormat, LogLevel};
use crate::registrar::Rules;
use crate::sip::Network;
use crate::subscriber::{
    CallerLanguage, Destinations, Device, Language, NumberRules, PasscodeHash, Profile, Secret,
    Tenant,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// All that an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[sip]`: signalling.
    pub sip: Sip,
    /// `[registrar]`: how telephones register.
    pub registrar: Registrar,
    /// `[media]`: RTP.
    pub media: Media,
    /// `[portal]`: which numbers lead to the voice portal.
    pub portal: Portal,
    /// `[deposit]`: leaving a message.
    pub deposit: Deposit,
    /// `[entry]`: patience with keys.
    pub entry: Entry,
    /// `[passcodes]`: which passcodes are good, and for how long.
    pub passcodes: Passcodes,
    /// `[forwarding]`: where calls may be forwarded; the tenants' rules are with the tenants.
    pub forwarding: Forwarding,
    /// `[menus]`: the key maps.
    pub menus: Menus,
    /// `[codes]`: the feature access codes.
    pub codes: Codes,
    /// `[spool]`: recordings on their way.
    pub spool: Spool,
    /// `[mailboxes]`: where messages are kept.
    pub mailboxes: Mailboxes,
    /// `[[imap]]`: servers with the mailboxes of subscribers.
    pub imap: Vec<Imap>,
    /// `[mail]` and `[smtp]`: how mail is sent.
    pub mail: Mailing,
    /// `[lamp]`: the message-waiting lamp.
    pub lamp: Lamp,
    /// `[ledger]`: what happened to each message.
    pub ledger: Ledger,
    /// `[directory]`: what subscribers have set.
    pub directory: Directory,
    /// `[prompts]`: what is said.
    pub prompts: Prompts,
    /// `[http]`: the web page and the programming interface.
    pub http: Http,
    /// `[log]`: the log on standard error.
    pub log: Log,
    /// `[events]`: the call event log.
    pub events: Events,
    /// `[diagnostics]`: numbers for testing.
    pub diagnostics: Diagnostics,
    /// `[[tenant]]`: customers with languages and prompts of their own, by name.
    pub tenants: Vec<TenantEntry>,
    /// `[[subscriber]]`: who has a mailbox, in the order of the file.
    pub subscribers: Vec<Profile>,
    /// `[[device]]`: their telephones, in the order of the file.
    pub devices: Vec<Device>,
}

/// `[sip]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sip {
    /// The sockets, at least one.
    pub listen: Vec<Listen>,
    /// Our host in Via and Contact; `None` takes it from `listen`.
    pub host: Option<String>,
    /// Whose word about callers and diversions counts.
    pub trusted_peers: Vec<Network>,
    /// The most calls at a time, 1-100,000.
    pub max_calls: u32,
    /// The User-Agent and Server header.
    pub user_agent: String,
    /// The session interval asked for (RFC 4028), 90 s - 1 day.
    pub session_expires: Duration,
    /// The round-trip estimate T1 (RFC 3261 section 17.1.1.1), 50 ms - 5 s.
    pub t1: Duration,
    /// Whose mailbox a call diverted twice reaches.
    pub mailbox_from: MailboxFrom,
    /// A header that names the mailbox, in lower case.
    pub mailbox_header: Option<String>,
    /// The realm devices prove themselves in.
    pub realm: String,
}

/// `[registrar]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    /// How long a contact is bound that names no time, 10 s - 1 day.
    pub default_expires: Duration,
    /// The shortest time, 10 s - 1 h.
    pub min_expires: Duration,
    /// The longest time, 60 s - 1 day.
    pub max_expires: Duration,
    /// The most contacts of one device, 1-10.
    pub contacts_per_device: u8,
    /// The algorithms that may be answered with, the preferred first; at least one.
    pub algorithms: Vec<DigestAlgorithm>,
    /// How long a nonce may be answered, 10 s - 1 h.
    pub nonce: Duration,
    /// Wrong answers that ban a source, 1-1,000.
    pub wrong_tries: u32,
    /// The first ban, 1 s - 1 day.
    pub ban: Duration,
    /// Requests of one source looked at each second, 1-10,000.
    pub requests_per_s: u32,
}

/// `[media]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The local address of the media sockets.
    pub bind: IpAddr,
    /// The address in our SDP; `None` takes it from `bind`, else from the signalling.
    pub address: Option<IpAddr>,
    /// The ports.
    pub ports: Ports,
    /// Worker threads, 0-256; 0 is one for each core.
    pub workers: u16,
    /// How long a call may be silent on the wire, 5 s - 1 h.
    pub rtp_timeout: Duration,
    /// What is quieter counts as silence, in dBm0, -70 to -10.
    pub silence_level_dbm0: i8,
    /// The codecs offered and taken, the preferred first; at least one.
    pub codecs: Vec<Law>,
    /// Whether the address of a peer behind NAT is learned from its first packets.
    pub learn_nat: bool,
}

/// `[directory]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The database of what subscribers have set.
    pub file: PathBuf,
}

/// `[portal]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal {
    /// Numbers of the portal's front door.
    pub numbers: Vec<DialString>,
    /// Numbers that lead straight to the messages after log-in.
    pub message_numbers: Vec<DialString>,
    /// Numbers that say what is active on the line after log-in.
    pub status_numbers: Vec<DialString>,
    /// The longest greeting that a subscriber records, 5 s - 4 min.
    pub max_greeting: Duration,
}

/// `[deposit]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The longest message, 5 s - 1 h.
    pub max_message: Duration,
    /// The shortest recording that is a message, 0 - 60 s.
    pub min_message: Duration,
    /// The least sound in a message, 0 - 60 s.
    pub min_voiced: Duration,
    /// The silence that ends a recording; `None` never does.
    pub silence: Option<Duration>,
    /// Whether `*` during a greeting leads to the owner's log-in.
    pub allow_log_in: bool,
}

/// `[entry]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How long to wait for the first key, 1-60 s.
    pub first_key: Duration,
    /// How long to wait for the next key of a number, 1-60 s.
    pub next_key: Duration,
    /// How many silent or wrong entries end a menu, 1-10.
    pub tries: u8,
    /// After how many log-ins menus are brief, 1-1,000; `None` is never.
    pub brief_after: Option<u32>,
}

/// `[passcodes]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passcodes {
    /// The fewest figures of a new passcode, 4-20.
    pub min_length: usize,
    /// The most figures of a new passcode, 4-20.
    pub max_length: usize,
    /// How many passcodes before the present one are not taken again, 0-10.
    pub history: usize,
    /// How long a passcode that was chosen holds; `None` is for ever.
    pub expire: Option<Duration>,
    /// Whether a passcode of this file must be changed at the first log-in.
    pub change_initial: bool,
    /// Whether a subscriber without a passcode chooses one on the own telephone.
    pub first_use: bool,
}

/// `[forwarding]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// The own country's code, 1-3 figures.
    pub country: String,
    /// Where calls may be forwarded.
    pub rules: NumberRules,
}

/// `[menus]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menus {
    /// A file of key maps in place of those compiled in.
    pub file: Option<PathBuf>,
}

/// `[codes]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    /// A file of codes in place of those compiled in.
    pub file: Option<PathBuf>,
    /// Emergency numbers, which no code may stand in the way of.
    pub emergency: Vec<DialString>,
}

/// `[spool]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spool {
    /// Where recordings are kept until they are delivered.
    pub folder: PathBuf,
    /// The disk space in MB (10^6 bytes) without which no recording is begun, 0-1,000,000.
    pub reserve_mb: u32,
}

/// `[mailboxes]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailboxes {
    /// Where the mailboxes are.
    pub folder: PathBuf,
    /// The right side of Message-ID and of the sender's address.
    pub host: String,
    /// What a mailbox may hold whose subscriber has no limits of their own.
    pub limits: Limits,
}

/// `[[imap]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imap {
    /// The server.
    pub server: ImapServer,
    /// The user name of a subscriber who names none; `{mailbox}` stands for the mailbox number.
    pub user: String,
    /// The password or token of a subscriber who has none.
    pub secret: Option<Secret>,
    /// The folder of a subscriber who names none.
    pub folder: String,
}

/// `[lamp]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lamp {
    /// Peers told of every change unasked (RFC 3842 section 3.10).
    pub peers: Vec<Listen>,
    /// The numbers that clear the lamp when dialled.
    pub clear_numbers: Vec<DialString>,
    /// Where cleared lamps are remembered.
    pub file: PathBuf,
    /// The shortest subscription, 10-3,600 s.
    pub min_expires: Duration,
    /// The longest subscription, 60 s - 1 day.
    pub max_expires: Duration,
    /// The most subscriptions, 0-1,000,000.
    pub max_subscriptions: u32,
}

/// `[ledger]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Where the ledger is; `None` keeps none.
    pub folder: Option<PathBuf>,
    /// How long it is kept, 1-3,650 days.
    pub keep_days: u32,
}

/// `[prompts]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompts {
    /// Where the operator's prompt sets are kept, each version as it was compiled.
    pub store: PathBuf,
    /// The language of whoever has none of their own.
    pub language: Language,
    /// The languages subscribers may choose between, in which order they also stand in for one
    /// another; at least one.
    pub languages: Vec<Language>,
    /// The languages of callers, by their numbers.
    pub callers: Vec<CallerLanguage>,
    /// Where the prompts compiled in are kept encoded between starts.
    pub cache: Option<PathBuf>,
    /// Who changes prompts by telephone.
    pub operator: Operator,
}

/// Who changes prompts by telephone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// The numbers to call.
    pub numbers: Vec<DialString>,
    /// The passcode; `None` lets nobody in.
    pub passcode: Option<PasscodeHash>,
}

/// `[http]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where the web page and the programming interface are; `None` is nowhere.
    pub listen: Option<SocketAddr>,
    /// The file of tokens; without it nobody gets in.
    pub token_file: Option<PathBuf>,
    /// The most octets of one upload, 1 MB - 4 GB.
    pub max_upload: u64,
    /// The most uploads at a time, 1-16.
    pub max_uploads: usize,
}

/// `[[tenant]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantEntry {
    /// The tenant.
    pub tenant: Tenant,
    /// Who changes its prompts by telephone.
    pub operator: Operator,
    /// Where calls of its subscribers may be forwarded; `None` is as everybody's.
    pub forwarding: Option<NumberRules>,
    /// A file of its own feature access codes.
    pub codes: Option<PathBuf>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How much is written.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// `[events]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The file of the call event log.
    pub file: Option<PathBuf>,
}

/// `[diagnostics]`: numbers that answer without a mailbox; each is off by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// Plays a fixed announcement.
    pub announcement: Option<DialString>,
    /// Sends back what is heard.
    pub echo: Option<DialString>,
    /// Answers each key with its tone.
    pub key_tone: Option<DialString>,
    /// Answers and sends silence.
    pub silence: Option<DialString>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            sip: Sip::default(),
            registrar: Registrar::default(),
            media: Media::default(),
            portal: Portal::default(),
            deposit: Deposit::default(),
            entry: Entry::default(),
            passcodes: Passcodes::default(),
            forwarding: Forwarding::default(),
            menus: Menus { file: None },
            codes: Codes::default(),
            spool: Spool {
                folder: "state/spool".into(),
                reserve_mb: 200,
            },
            mailboxes: Mailboxes {
                folder: "state/mailboxes".into(),
                host: "localhost".into(),
                limits: Limits {
                    messages: Some(1_000),
                    sound: None,
                    days: None,
                },
            },
            imap: Vec::new(),
            mail: Mailing {
                way: MailWay::Folder("state/mail".into()),
                // invariant: an address of an ASCII name and host.
                #[allow(clippy::expect_used)]
                from: MailAddress::parse("voicemail@localhost").expect("a mail address"),
                postmaster: None,
                templates: None,
            },
            lamp: Lamp::default(),
            ledger: Ledger {
                folder: Some("state/ledger".into()),
                keep_days: 90,
            },
            directory: Directory {
                file: "state/directory.db".into(),
            },
            prompts: Prompts::default(),
            http: Http::default(),
            log: Log {
                level: LogLevel::Info,
                format: LogFormat::Text,
            },
            events: Events { file: None },
            diagnostics: Diagnostics::default(),
            tenants: Vec::new(),
            subscribers: Vec::new(),
            devices: Vec::new(),
        }
    }
}

impl Default for Codes {
    fn default() -> Codes {
        Codes {
            file: None,
            emergency: DialString::parse("112").into_iter().collect(),
        }
    }
}

impl Default for Lamp {
    fn default() -> Lamp {
        Lamp {
            peers: Vec::new(),
            clear_numbers: ["*99"]
                .iter()
                .filter_map(|text| DialString::parse(text).ok())
                .collect(),
            file: "state/lamps.json".into(),
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(3_600),
            max_subscriptions: 20_000,
        }
    }
}

impl Default for Sip {
    fn default() -> Sip {
        Sip {
            listen: ["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060"]
                .iter()
                .filter_map(|text| Listen::parse(text).ok())
                .collect(),
            host: None,
            trusted_peers: ["127.0.0.1/32", "::1/128"]
                .iter()
                .filter_map(|text| Network::parse(text).ok())
                .collect(),
            max_calls: 500,
            user_agent: "Belpost".into(),
            session_expires: Duration::from_secs(1_800),
            t1: Duration::from_millis(500),
            mailbox_from: MailboxFrom::Original,
            mailbox_header: None,
            realm: "belpost".into(),
        }
    }
}

impl Default for Registrar {
    fn default() -> Registrar {
        let rules = Rules::default();
        Registrar {
            default_expires: rules.usual_expires,
            min_expires: rules.least_expires,
            max_expires: rules.most_expires,
            contacts_per_device: 10,
            algorithms: rules.algorithms,
            nonce: rules.nonce_life,
            wrong_tries: rules.tries,
            ban: rules.ban,
            requests_per_s: rules.requests_a_second,
        }
    }
}

impl Default for Media {
    fn default() -> Media {
        Media {
            bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            address: None,
            ports: Ports::Range {
                first: 10_000,
                last: 19_999,
            },
            workers: 0,
            rtp_timeout: Duration::from_secs(60),
            silence_level_dbm0: -45,
            codecs: vec![Law::A, Law::Mu],
            learn_nat: false,
        }
    }
}

impl Default for Portal {
    fn default() -> Portal {
        let numbers = |list: &[&str]| {
            list.iter()
                .filter_map(|text| DialString::parse(text).ok())
                .collect()
        };
        Portal {
            numbers: numbers(&["1233", "*62"]),
            message_numbers: numbers(&["*86"]),
            status_numbers: numbers(&["*60"]),
            max_greeting: Duration::from_secs(120),
        }
    }
}

impl Default for Deposit {
    fn default() -> Deposit {
        Deposit {
            max_message: Duration::from_secs(180),
            min_message: Duration::from_millis(1_000),
            min_voiced: Duration::from_millis(300),
            silence: Some(Duration::from_secs(6)),
            allow_log_in: true,
        }
    }
}

impl Default for Entry {
    fn default() -> Entry {
        Entry {
            first_key: Duration::from_secs(6),
            next_key: Duration::from_secs(4),
            tries: 3,
            brief_after: Some(5),
        }
    }
}

impl Default for Passcodes {
    fn default() -> Passcodes {
        Passcodes {
            min_length: 4,
            max_length: 20,
            history: 5,
            expire: None,
            change_initial: true,
            first_use: true,
        }
    }
}

impl Default for Forwarding {
    fn default() -> Forwarding {
        let Destinations { country, rules, .. } = Destinations::default();
        Forwarding { country, rules }
    }
}

impl Default for Prompts {
    fn default() -> Prompts {
        // invariant: tags of two small letters.
        #[allow(clippy::expect_used)]
        let language = |tag| Language::parse(tag).expect("a language tag");
        Prompts {
            store: "state/prompts".into(),
            language: language("nl"),
            languages: vec![language("nl"), language("en")],
            callers: Vec::new(),
            cache: Some("state/prompts.cache".into()),
            operator: Operator::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Http {
        Http {
            listen: None,
            token_file: None,
            max_upload: 200_000_000,
            max_uploads: 2,
        }
    }
}
