//! `belpost subscriber`: what subscribers have set.
//!
//! Works on the database beside a running server, which sees a change within a second. No passcode
//! and no hash is shown, save a new passcode once, to whoever made it.

use super::arguments::{ConfigArgs, ReadArgs};
use super::fault::CliFault;
use super::passcode;
use super::setting::{Key, change};
use super::table::table;
use super::{print, print_json};
use crate::base::{DialString, Language, MailboxId, RecordingId, Timestamp};
use crate::config::{Config, load};
use crate::directory::{Book, Directory, Store};
use crate::subscriber::{
    Change, Condition, Feature, Guarded, Lock, Profile, RecordingKind, Services,
};
use serde::Serialize;
use std::io::{self, Write};
use std::sync::Arc;

/// A subscriber of the list as JSON.
#[derive(Serialize)]
struct Row<'a> {
    mailbox: &'a str,
    name: &'a str,
    passcode: &'static str,
    log_ins: u32,
    on: Vec<&'static str>,
}

/// What a subscriber has set, as JSON.
#[derive(Serialize)]
struct Sheet<'a> {
    mailbox: &'a str,
    name: &'a str,
    passcode: PasscodeSheet,
    locked_until: Option<String>,
    language: &'a str,
    language_chosen: bool,
    recordings: Vec<&'static str>,
    away: AwaySheet,
    forwarding: Vec<ForwardSheet<'a>>,
    rings: u8,
    features: Vec<FeatureSheet>,
    messages_stopped: usize,
    log_ins: u32,
}

#[derive(Serialize)]
struct PasscodeSheet {
    from: &'static str,
    since: Option<String>,
    due: bool,
    earlier: usize,
}

#[derive(Serialize)]
struct AwaySheet {
    on: bool,
    until: Option<String>,
    messages: bool,
}

#[derive(Serialize)]
struct ForwardSheet<'a> {
    condition: &'static str,
    on: bool,
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct FeatureSheet {
    feature: &'static str,
    on: bool,
}

/// Lists everybody, with what is on.
pub(super) fn list(read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let book = Book::default();
    if config.directory.file.exists() {
        let mut store = open(&config)?;
        for (mailbox, services) in store.news()?.services {
            book.set(&mailbox, services);
        }
        store.close()?;
    }
    let roster = Directory::of(config.subscribers.clone())?.roster();
    let all: Vec<(&Arc<Profile>, Arc<Services>)> = roster
        .all()
        .into_iter()
        .map(|owner| (owner, book.of(&owner.mailbox)))
        .collect();
    let rows: Vec<Row<'_>> = all.iter().map(|(owner, s)| row(owner, s)).collect();
    if read.json {
        return print_json(&rows, out);
    }
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let headings = ["MAILBOX", "NAME", "PASSCODE", "LOG-INS", "ON"];
    print(&table(&headings, &cells), out)
}

/// Shows all that a subscriber has set.
pub(super) fn show(
    mailbox: &MailboxId,
    read: &ReadArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let owner = owner(&config, mailbox)?;
    let (services, lock) = if config.directory.file.exists() {
        let mut store = open(&config)?;
        let found = (
            store.services(mailbox)?,
            store.lock(&Guarded::Mailbox(mailbox.clone()))?,
        );
        store.close()?;
        found
    } else {
        (Services::default(), None)
    };
    let sheet = sheet(&owner, &services, lock);
    if read.json {
        return print_json(&sheet, out);
    }
    print(&lines(&sheet), out)
}

/// Sets one thing.
pub(super) fn set(
    mailbox: &MailboxId,
    (key, words): (Key, &[String]),
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(file.config.as_deref())?;
    let owner = owner(&config, mailbox)?;
    let mut store = open(&config)?;
    let before = store.services(mailbox)?;
    let change = change(key, words, &before, offered(&config, &owner))?;
    let after = store.change(mailbox, &change, None)?;
    store.close()?;
    let word = if *after == before {
        "unchanged: it was so already"
    } else {
        "changed"
    };
    print(&format!("{mailbox}: {word}\n"), out)
}

/// Makes a new passcode, shows it once, and lifts the locks.
pub(super) fn reset_passcode(
    mailbox: &MailboxId,
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(file.config.as_deref())?;
    let owner = owner(&config, mailbox)?;
    let (passcode, hash) = passcode::random()?;
    let mut store = open(&config)?;
    let change = Change::PasscodeReset(hash, Timestamp::now());
    store.change(mailbox, &change, None)?;
    lift(&mut store, &owner)?;
    store.close()?;
    let told = format!("{mailbox}: the passcode is {passcode}; the next log-in asks for another\n");
    print(&told, out)
}

/// Lifts the locks that wrong passcodes brought.
pub(super) fn unlock(
    mailbox: &MailboxId,
    file: &ConfigArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(file.config.as_deref())?;
    let owner = owner(&config, mailbox)?;
    let mut store = open(&config)?;
    let locked = lift(&mut store, &owner)?;
    store.close()?;
    let word = if locked { "unlocked" } else { "was not locked" };
    print(&format!("{mailbox}: {word}\n"), out)
}

fn open(config: &Config) -> Result<Store, CliFault> {
    let mut writer = [0; 8];
    getrandom::fill(&mut writer).map_err(|fault| CliFault::Runtime(io::Error::other(fault)))?;
    Ok(Store::open(
        &config.directory.file,
        u64::from_le_bytes(writer),
    )?)
}

fn owner(config: &Config, mailbox: &MailboxId) -> Result<Profile, CliFault> {
    let owner = config.subscribers.iter().find(|p| p.mailbox == *mailbox);
    owner
        .cloned()
        .ok_or_else(|| CliFault::NoSuchMailbox(mailbox.clone()))
}

/// The languages that a subscriber may choose between.
fn offered<'a>(config: &'a Config, owner: &Profile) -> &'a [Language] {
    let tenant = owner.tenant.as_ref();
    let tenants = config.tenants.iter().map(|entry| &entry.tenant);
    let own = tenants
        .filter(|t| Some(&t.id) == tenant)
        .map(|t| &t.languages);
    let mut own = own.filter(|languages| !languages.is_empty());
    own.next().unwrap_or(&config.prompts.languages)
}

/// Lifts the locks of a mailbox and of its owner's numbers, which are what the owner calls from;
/// whether one of them was locked.
fn lift(store: &mut Store, owner: &Profile) -> Result<bool, CliFault> {
    let own = DialString::parse(owner.mailbox.as_str()).ok();
    let numbers = own.into_iter().chain(owner.numbers.iter().cloned());
    let mailbox = Guarded::Mailbox(owner.mailbox.clone());
    let now = Timestamp::now();
    let mut locked = false;
    for guarded in std::iter::once(mailbox).chain(numbers.map(Guarded::Number)) {
        if let Some(lock) = store.lock(&guarded)? {
            locked |= lock.until > now;
            store.put_lock(&guarded, &Lock::none(now))?;
        }
    }
    Ok(locked)
}

fn row<'a>(owner: &'a Profile, services: &Services) -> Row<'a> {
    let forwards = Condition::ALL.into_iter();
    let forwards = forwards.filter(|c| services.forwarding.under(*c).on);
    let features = Feature::ALL.into_iter();
    let features = features.filter(|f| services.features.has(*f) && !is_usual(*f));
    let mut on: Vec<&'static str> = forwards.map(condition).collect();
    on.extend(features.map(feature));
    on.extend(services.away.on.then_some("away"));
    Row {
        mailbox: owner.mailbox.as_str(),
        name: &owner.name,
        passcode: passcode_from(owner, services),
        log_ins: services.log_ins,
        on,
    }
}

fn cells(row: &Row<'_>) -> Vec<String> {
    let on = if row.on.is_empty() {
        "-".to_owned()
    } else {
        row.on.join(", ")
    };
    vec![
        row.mailbox.to_owned(),
        row.name.to_owned(),
        row.passcode.to_owned(),
        row.log_ins.to_string(),
        on,
    ]
}

/// Where the passcode that opens the mailbox comes from.
fn passcode_from(owner: &Profile, services: &Services) -> &'static str {
    match (&services.passcode.chosen, &owner.passcode) {
        (Some(_), _) if services.passcode.due => "reset",
        (Some(_), _) => "chosen",
        (None, Some(_)) => "configuration",
        (None, None) => "none",
    }
}

fn sheet<'a>(owner: &'a Profile, services: &'a Services, lock: Option<Lock>) -> Sheet<'a> {
    let moment = |at: Timestamp| format!("{at:.0}");
    let locked = lock.map(|lock| lock.until);
    let recorded = |kind: &RecordingKind| services.recording(*kind).map(|_: RecordingId| *kind);
    let recorded = RecordingKind::ALL.iter().filter_map(recorded);
    Sheet {
        mailbox: owner.mailbox.as_str(),
        name: &owner.name,
        passcode: PasscodeSheet {
            from: passcode_from(owner, services),
            since: services.passcode.since.map(moment),
            due: services.passcode.due,
            earlier: services.passcode.earlier.len(),
        },
        locked_until: locked.filter(|at| *at > Timestamp::now()).map(moment),
        language: services.language(owner).as_str(),
        language_chosen: services.language.is_some(),
        recordings: recorded.map(recording).collect(),
        away: AwaySheet {
            on: services.away.on,
            until: services.away.last_day.map(|day| day.to_string()),
            messages: !services.away.refuses_messages,
        },
        forwarding: Condition::ALL.map(|c| forward(c, services)).into(),
        rings: services.forwarding.rings,
        features: Feature::ALL
            .map(|f| FeatureSheet {
                feature: feature(f),
                on: services.features.has(f),
            })
            .into(),
        messages_stopped: services.positions.len(),
        log_ins: services.log_ins,
    }
}

fn forward(under: Condition, services: &Services) -> ForwardSheet<'_> {
    let forward = services.forwarding.under(under);
    ForwardSheet {
        condition: condition(under),
        on: forward.on,
        to: forward.to.as_ref().map(DialString::as_str),
    }
}

/// The sheet for people: one line for each thing, named as `set` names it.
fn lines(sheet: &Sheet<'_>) -> String {
    let switch = |on| if on { "on" } else { "off" };
    let mut rows = vec![
        ("mailbox", sheet.mailbox.to_owned()),
        ("owner", sheet.name.to_owned()),
        ("passcode", passcode_line(&sheet.passcode)),
        (
            "locked",
            sheet
                .locked_until
                .as_ref()
                .map_or_else(|| "no".to_owned(), |until| format!("until {until}")),
        ),
        ("log-ins", sheet.log_ins.to_string()),
        (
            "language",
            if sheet.language_chosen {
                sheet.language.to_owned()
            } else {
                format!("{}, by the configuration", sheet.language)
            },
        ),
    ];
    for kind in RecordingKind::ALL {
        let own = sheet.recordings.contains(&recording(kind));
        let word = if own { "own recording" } else { "none" };
        rows.push((recording(kind), word.to_owned()));
    }
    rows.push(("away", switch(sheet.away.on).to_owned()));
    let until = sheet.away.until.clone();
    rows.push(("away-until", until.unwrap_or_else(|| "none".to_owned())));
    rows.push(("away-messages", switch(sheet.away.messages).to_owned()));
    for forward in &sheet.forwarding {
        let to = forward.to.map_or_else(String::new, |to| format!(" {to}"));
        let line = match (forward.on, forward.to) {
            (true, _) => format!("on{to}"),
            (false, Some(_)) => format!("off, was{to}"),
            (false, None) => "off".to_owned(),
        };
        rows.push((forward.condition, line));
    }
    rows.push(("rings", sheet.rings.to_string()));
    for feature in &sheet.features {
        rows.push((feature.feature, switch(feature.on).to_owned()));
    }
    let stopped = sheet.messages_stopped.to_string();
    rows.push(("messages stopped half way", stopped));
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter()
        .map(|(name, value)| format!("{name:widest$}  {value}\n"))
        .collect()
}

fn passcode_line(passcode: &PasscodeSheet) -> String {
    let mut line = match passcode.from {
        "configuration" => "from the configuration".to_owned(),
        "none" => "none: nobody can log in with one".to_owned(),
        from => from.to_owned(),
    };
    if let Some(since) = &passcode.since {
        line += " on ";
        line += since;
    }
    if passcode.due {
        line += ", must be changed at the next log-in";
    }
    line
}

fn condition(condition: Condition) -> &'static str {
    match condition {
        Condition::Always => "forward-always",
        Condition::Busy => "forward-busy",
        Condition::NoAnswer => "forward-no-answer",
        Condition::NotReachable => "forward-not-reachable",
    }
}

fn feature(feature: Feature) -> &'static str {
    match feature {
        Feature::AlwaysToVoicemail => "always-to-voicemail",
        Feature::BusyToVoicemail => "busy-to-voicemail",
        Feature::NoAnswerToVoicemail => "no-answer-to-voicemail",
        Feature::DoNotDisturb => "do-not-disturb",
        Feature::HideNumber => "hide-number",
        Feature::RejectAnonymous => "reject-anonymous",
        Feature::CallWaiting => "call-waiting",
    }
}

/// Whether it is on unless somebody switched it off.
fn is_usual(feature: Feature) -> bool {
    Services::default().features.has(feature)
}

fn recording(kind: RecordingKind) -> &'static str {
    match kind {
        RecordingKind::Name => "name",
        RecordingKind::Busy => "busy-greeting",
        RecordingKind::NoAnswer => "no-answer-greeting",
        RecordingKind::Away => "away-greeting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;
    use serde_json::Value;
    use std::fs;
    use tempfile::TempDir;

    struct Place {
        folder: TempDir,
    }

    impl Place {
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let text = "[[subscriber]]\nmailbox = \"2001\"\nname = \"Jan\"\n\
                        numbers = [\"+31201234567\"]\n\
                        [[subscriber]]\nmailbox = \"2002\"\nname = \"Piet\"\n";
            fs::write(folder.path().join("belpost.toml"), text).unwrap();
            Place { folder }
        }

        fn file(&self) -> ConfigArgs {
            ConfigArgs {
                config: Some(self.folder.path().join("belpost.toml")),
            }
        }

        fn read(&self, json: bool) -> ReadArgs {
            let file = self.file();
            ReadArgs { file, json }
        }

        fn store(&self) -> Store {
            Store::open(&self.folder.path().join("state/directory.db"), 7).unwrap()
        }

        fn set(&self, key: Key, value: &str) -> Result<String, CliFault> {
            let words: Vec<String> = value.split(' ').map(str::to_owned).collect();
            let mut out = Vec::new();
            set(&mailbox("2001"), (key, &words), &self.file(), &mut out)?;
            Ok(String::from_utf8(out).unwrap())
        }

        fn shown(&self) -> String {
            let mut out = Vec::new();
            show(&mailbox("2001"), &self.read(false), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        }
    }

    fn mailbox(number: &str) -> MailboxId {
        MailboxId::parse(number).unwrap()
    }

    #[test]
    fn looking_makes_no_database() {
        let place = Place::new();
        assert!(place.shown().contains("rings"));
        let mut out = Vec::new();
        list(&place.read(false), &mut out).unwrap();
        let listed = String::from_utf8(out).unwrap();
        assert!(
            listed.contains("2001     Jan   none      0        -"),
            "{listed}"
        );
        assert!(!place.folder.path().join("state").exists());
    }

    #[test]
    fn what_is_set_is_shown_by_the_name_it_is_set_by() {
        let place = Place::new();
        let told = place.set(Key::ForwardBusy, "on 0612345678").unwrap();
        assert_eq!(told, "2001: changed\n");
        let told = place.set(Key::ForwardBusy, "on 0612345678").unwrap();
        assert!(told.contains("unchanged"), "{told}");
        place.set(Key::AwayUntil, "2026-12-24").unwrap();
        place.set(Key::DoNotDisturb, "on").unwrap();
        let shown = place.shown();
        let line = |name: &str| {
            let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once("  ").unwrap().1.trim().to_owned()
        };
        assert_eq!(line("forward-busy"), "on 0612345678");
        assert_eq!(line("forward-always"), "off");
        assert_eq!(line("away-until"), "2026-12-24");
        assert_eq!(line("do-not-disturb"), "on");
        for key in Key::value_variants() {
            let name = key.to_possible_value().unwrap();
            assert!(shown.contains(&format!("{} ", name.get_name())), "{key:?}");
        }
        let mut out = Vec::new();
        list(&place.read(true), &mut out).unwrap();
        let rows: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            rows[0]["on"],
            serde_json::json!(["forward-busy", "do-not-disturb"])
        );
        assert_eq!(rows[1]["on"], serde_json::json!([]));
    }

    #[test]
    fn a_reset_passcode_is_shown_once_and_opens_the_mailbox_and_its_lock() {
        let place = Place::new();
        let door = Guarded::Mailbox(mailbox("2001"));
        let phone = Guarded::Number(DialString::parse("+31201234567").unwrap());
        let stranger = Guarded::Number(DialString::parse("0612345678").unwrap());
        let now = Timestamp::now();
        let lock = Lock {
            series: 1,
            until: now + jiff::Span::new().minutes(1),
            ..Lock::none(now)
        };
        let mut store = place.store();
        for guarded in [&door, &phone, &stranger] {
            store.put_lock(guarded, &lock).unwrap();
        }
        assert!(place.shown().contains("until"));
        let mut out = Vec::new();
        reset_passcode(&mailbox("2001"), &place.file(), &mut out).unwrap();
        let told = String::from_utf8(out).unwrap();
        let figures = |word: &str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let words = told.split([' ', ';']);
        let passcode = words.into_iter().find(|word| figures(word)).unwrap();
        let services = store.services(&mailbox("2001")).unwrap();
        assert!(services.passcode.due);
        let hash = services.passcode.chosen.unwrap();
        assert!(hash.verifies(passcode));
        assert_eq!(store.lock(&door).unwrap().unwrap().series, 0);
        assert_eq!(store.lock(&phone).unwrap().unwrap().series, 0);
        assert_eq!(store.lock(&stranger).unwrap().unwrap().series, 1);
        let mut json = Vec::new();
        show(&mailbox("2001"), &place.read(true), &mut json).unwrap();
        let shown = place.shown() + &String::from_utf8(json).unwrap();
        assert!(
            !shown.contains(passcode) && !shown.contains("argon2"),
            "{shown}"
        );
        assert!(shown.contains("must be changed"), "{shown}");
    }

    #[test]
    fn a_lock_is_lifted_and_one_that_is_not_there_is_told() {
        let place = Place::new();
        let told = || {
            let mut out = Vec::new();
            unlock(&mailbox("2001"), &place.file(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(told(), "2001: was not locked\n");
        let now = Timestamp::now();
        let lock = Lock {
            series: 1,
            until: now + jiff::Span::new().minutes(1),
            ..Lock::none(now)
        };
        let door = Guarded::Mailbox(mailbox("2001"));
        place.store().put_lock(&door, &lock).unwrap();
        assert_eq!(told(), "2001: unlocked\n");
        assert_eq!(told(), "2001: was not locked\n");
    }

    #[test]
    fn nobody_is_changed_who_is_not_there() {
        let place = Place::new();
        let missing = mailbox("9");
        let fault = unlock(&missing, &place.file(), &mut Vec::new()).unwrap_err();
        assert!(fault.to_string().contains("no mailbox 9"), "{fault}");
        let fault = place.set(Key::Rings, "99").unwrap_err();
        assert!(fault.to_string().contains("1 to 20"), "{fault}");
    }
}
