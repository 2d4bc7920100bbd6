//! The scene of a scenario: subscribers, numbers and limits, as `given` lines say; and the world
//! that is made of them when the first call is placed.

use crate::script::{Given, duration};
use crate::server::Server;
use crate::services::{any_hash, changes};
use crate::store::Mailbox;
use crate::voice;
use crate::world::World;
use belpost::audio::{Law, WireAudio};
use belpost::base::{DialString, Language, MailboxId, TenantId};
use belpost::call::{Abilities, Diagnostic, Routing, Rules};
use belpost::flow::{Menus, PromptFault, Settings};
use belpost::mailbox::{Limits, State};
use belpost::mime::MailAddress;
use belpost::subscriber::{
    CallerLanguage, Change, Delivery, Languages, Mode, Profile, Roster, ServiceBook, Tenant,
};
use std::sync::Arc;
use std::time::Duration;

/// The scene.
#[derive(Debug, Default)]
pub struct Setting {
    subscribers: Vec<(Profile, Option<String>)>,
    settings: Settings,
    languages: Option<Languages>,
    untrusted: bool,
    menus: Menus,
    operators: Vec<(DialString, Option<TenantId>, Option<String>)>,
}

impl Setting {
    /// Whether the phones' PBX is trusted.
    pub fn is_trusted(&self) -> bool {
        !self.untrusted
    }

    /// Takes what must be known before there is a world; `false` where it can also change later.
    pub fn take(&mut self, given: &Given) -> Result<bool, String> {
        match given {
            Given::Mailbox {
                number,
                language,
                passcode,
                assistant,
                further,
                email,
                tenant,
            } => {
                let number_of = |text: &String| DialString::parse(text).map_err(|f| f.to_string());
                let profile = Profile {
                    mailbox: MailboxId::parse(number).map_err(|f| f.to_string())?,
                    name: format!("Subscriber {number}"),
                    numbers: further.iter().map(number_of).collect::<Result<_, _>>()?,
                    language: tag(language)?,
                    zone: "Europe/Amsterdam".to_owned(),
                    passcode: passcode.is_some().then(any_hash),
                    assistant: assistant.as_ref().map(number_of).transpose()?,
                    tenant: tenant.as_deref().map(tenant_id).transpose()?,
                    delivery: delivery(email.as_deref())?,
                    limits: Limits::default(),
                };
                self.subscribers.push((profile, passcode.clone()));
            }
            Given::Operator {
                number,
                tenant,
                passcode,
            } => {
                let number = DialString::parse(number).map_err(|f| f.to_string())?;
                let tenant = tenant.as_ref().map(|t| TenantId::parse(t));
                let tenant = tenant.transpose().map_err(|f| f.to_string())?;
                self.operators.push((number, tenant, passcode.clone()));
            }
            Given::Initial => self.settings.change_initial = true,
            Given::Asterisk => {
                let file = include_str!("../../examples/menus-asterisk.toml");
                self.menus = Menus::parse(file).map_err(|faults| format!("{faults:?}"))?;
            }
            Given::Longest(span) => self.settings.longest_message = *span,
            Given::NoSilenceLimit => self.settings.silence_limit = None,
            Given::Untrusted => self.untrusted = true,
            Given::Languages { tenant, languages } => {
                let tags: Result<_, _> = languages.iter().map(|text| tag(text)).collect();
                let (_, offered) = self.rules_of(tenant.as_deref())?;
                *offered = tags?;
            }
            Given::Callers {
                tenant,
                prefix,
                language,
            } => {
                let rule = CallerLanguage {
                    prefix: DialString::parse(prefix).map_err(|f| f.to_string())?,
                    language: tag(language)?,
                };
                self.rules_of(tenant.as_deref())?.0.push(rule);
            }
            Given::Message { .. }
            | Given::Reach { .. }
            | Given::Room { .. }
            | Given::Expiring { .. }
            | Given::Recorded { .. }
            | Given::Away { .. }
            | Given::NoServices
            | Given::NoRecordings
            | Given::TooQuiet
            | Given::NoLamp
            | Given::Services(..)
            | Given::Unspoken(_)
            | Given::Fault { .. }
            | Given::DiskFull(_)
            | Given::NoBegin
            | Given::NoCommit
            | Given::NoLoad
            | Given::BreaksAfter(_)
            | Given::BehindAfter(_)
            | Given::DiskTakes(_)
            | Given::MailboxesTake(_)
            | Given::PasscodesTake(_)
            | Given::PromptFault(_)
            | Given::StudioTakes(_)
            | Given::Network { .. } => return Ok(false),
        }
        Ok(true)
    }

    /// The languages of callers and those to choose between: of a tenant, else of everybody.
    fn rules_of(
        &mut self,
        tenant: Option<&str>,
    ) -> Result<(&mut Vec<CallerLanguage>, &mut Vec<Language>), String> {
        let languages = self.languages.get_or_insert_with(usual_languages);
        let Some(name) = tenant else {
            return Ok((&mut languages.callers, &mut languages.offered));
        };
        let id = tenant_id(name)?;
        let fresh = Tenant {
            id: id.clone(),
            languages: Vec::new(),
            callers: Vec::new(),
        };
        let tenant = languages.tenants.entry(id).or_insert(fresh);
        Ok((&mut tenant.callers, &mut tenant.languages))
    }

    /// The world of this scene.
    pub fn world(&self) -> World {
        let number = |text| DialString::parse(text).expect("a number");
        let roster = Roster::new(self.subscribers.iter().map(|(profile, _)| profile.clone()));
        let rules = Rules {
            roster: Arc::new(roster.expect("no number twice")),
            routing: Routing {
                portal: vec![number("1233"), number("*62")],
                messages: vec![number("*86")],
                status: vec![number("*60")],
                clear_lamp: vec![number("*99")],
                operators: self
                    .operators
                    .iter()
                    .map(|(number, tenant, _)| (number.clone(), tenant.clone()))
                    .collect(),
                diagnostics: vec![
                    (number("9901"), Diagnostic::Announcement),
                    (number("9902"), Diagnostic::Echo),
                    (number("9903"), Diagnostic::KeyTone),
                    (number("9904"), Diagnostic::Silence),
                ],
                ..Routing::default()
            },
            menus: self.menus.clone(),
            settings: self.settings.clone(),
            abilities: Abilities::default(),
            languages: self.languages.clone().unwrap_or_else(usual_languages),
            book: ServiceBook::default(),
        };
        let trusted: &[&str] = if self.untrusted {
            &[]
        } else {
            &["10.0.1.0/24"]
        };
        let mut server = Server::new(rules, trusted, 42);
        for (_, tenant, passcode) in &self.operators {
            let passcode = passcode.clone().map(|p| (tenant.clone(), p));
            server.prompts.passcodes.extend(passcode);
        }
        for (profile, passcode) in &self.subscribers {
            server
                .mailboxes
                .insert(profile.mailbox.clone(), Mailbox::default());
            if let Some(passcode) = passcode {
                server
                    .passcodes
                    .insert(profile.mailbox.clone(), passcode.clone());
            }
        }
        World::new(server)
    }

    /// Changes what can change while calls run.
    pub fn change(world: &mut World, given: &Given) -> Result<(), String> {
        let now = world.clocks().wall;
        let server = &mut world.server;
        match given {
            Given::Message {
                mailbox,
                saved,
                urgent,
                private,
                span,
                from,
            } => {
                let from = from
                    .as_ref()
                    .map(|f| DialString::parse(f).map_err(|e| e.to_string()));
                let state = if *saved { State::Saved } else { State::New };
                let mailbox = find(server, mailbox)?;
                // An hour between messages, the first the oldest.
                let age = Duration::from_secs(3_600 * (20 - mailbox.messages.len().min(19) as u64));
                mailbox.put(
                    state,
                    (*urgent, *private),
                    from.transpose()?,
                    *span,
                    now - age,
                );
            }
            Given::Reach {
                mailbox,
                unavailable,
                read_only,
                partial,
            } => {
                let mailbox = find(server, mailbox)?;
                (mailbox.unavailable, mailbox.read_only) = (*unavailable, *read_only);
                mailbox.partial = *partial;
            }
            Given::Room { mailbox, room } => find(server, mailbox)?.room = *room,
            Given::Expiring { mailbox, messages } => find(server, mailbox)?.expiring = *messages,
            Given::Recorded {
                mailbox,
                kind,
                span,
            } => {
                let base = recording_base(server.directory.recordings.len());
                let sound = WireAudio::from_octets(Law::A, &voice::speech(base, *span));
                let id = server.directory.keep(sound);
                server.set(&mailbox_id(mailbox)?, &Change::Recording(*kind, Some(id)));
            }
            Given::Away { mailbox, away } => {
                server.set(&mailbox_id(mailbox)?, &Change::Away((*away).into()));
            }
            Given::NoServices => server.directory.fails = true,
            Given::NoRecordings => server.directory.recordings.clear(),
            Given::TooQuiet => {
                server.directory.too_quiet = true;
                server.prompts.fault = Some(PromptFault::TooQuiet);
            }
            Given::NoLamp => server.lamps_fail = true,
            Given::Services(mailbox, words) => {
                let (mailbox, changes) = (mailbox_id(mailbox)?, changes(words)?);
                changes
                    .iter()
                    .for_each(|change| server.set(&mailbox, change));
            }
            Given::Unspoken(language) => {
                server.voice.unspoken.insert(tag(language)?);
            }
            Given::Fault {
                mailbox,
                message,
                fault,
            } => {
                let message = find(server, mailbox)?.messages.get_mut(*message);
                message.ok_or("there is no such message")?.fault = Some(*fault);
            }
            Given::DiskFull(full) => server.disk.full = *full,
            Given::NoBegin => server.disk.no_begin = true,
            Given::NoCommit => server.disk.no_commit = true,
            Given::NoLoad => server.disk.no_load = true,
            Given::BreaksAfter(span) => server.disk.breaks_after = Some(*span),
            Given::BehindAfter(span) => server.disk.behind_after = Some(*span),
            Given::DiskTakes(span) => server.delays.disk = *span,
            Given::MailboxesTake(span) => server.delays.mailbox = *span,
            Given::PasscodesTake(span) => server.delays.passcode = *span,
            Given::PromptFault(fault) => server.prompts.fault = *fault,
            Given::StudioTakes(span) => server.delays.studio = *span,
            Given::Network {
                signalling,
                settings,
            } => {
                let network = if *signalling {
                    &mut world.signalling
                } else {
                    &mut world.media
                };
                for (name, value) in settings {
                    set(network, name, value)
                        .ok_or_else(|| format!("no network {name} {value}"))?;
                }
            }
            Given::Mailbox { .. }
            | Given::Operator { .. }
            | Given::Languages { .. }
            | Given::Callers { .. }
            | Given::Initial
            | Given::Asterisk
            | Given::Longest(_)
            | Given::NoSilenceLimit
            | Given::Untrusted => {}
        }
        Ok(())
    }
}

/// English and Dutch, for everybody.
fn usual_languages() -> Languages {
    let mut languages = Languages::only(tag("en").expect("a language"));
    languages.offered.push(tag("nl").expect("a language"));
    languages
}

fn tag(text: &str) -> Result<Language, String> {
    Language::parse(text).ok_or_else(|| format!("{text} is no language"))
}

fn tenant_id(name: &str) -> Result<TenantId, String> {
    TenantId::parse(name).map_err(|fault| fault.to_string())
}

/// Into a mailbox here, or by e-mail only.
fn delivery(email: Option<&str>) -> Result<Delivery, String> {
    let local = Delivery::local();
    let Some(address) = email else {
        return Ok(local);
    };
    let address = MailAddress::parse(address).map_err(|f| f.to_string())?;
    let mode = Mode::Email(vec![address]);
    Ok(Delivery { mode, ..local })
}

/// Which fifth of a second of all speech begins the recording with this number, from 0: none that
/// begins anything else.
pub fn recording_base(n: usize) -> usize {
    25 + 50 * n
}

fn mailbox_id(number: &str) -> Result<MailboxId, String> {
    MailboxId::parse(number).map_err(|fault| fault.to_string())
}

fn find<'a>(server: &'a mut Server, number: &str) -> Result<&'a mut Mailbox, String> {
    server
        .mailboxes
        .get_mut(&mailbox_id(number)?)
        .ok_or_else(|| "there is no such mailbox".to_owned())
}

fn set(network: &mut crate::network::Network, name: &str, value: &str) -> Option<()> {
    let percent = || {
        value
            .strip_suffix('%')?
            .parse::<u32>()
            .ok()
            .filter(|p| *p <= 100)
    };
    match name {
        "loses" => network.loss = percent()?,
        "doubles" => network.doubled = percent()?,
        "delays" => network.latency = duration(value)?,
        "jitters" => network.jitter = duration(value)?,
        "seed" => network.seed = value.parse().ok()?,
        _ => return None,
    }
    Some(())
}
