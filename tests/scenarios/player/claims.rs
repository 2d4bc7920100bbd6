//! What is claimed of mailboxes, recordings and the log.

use super::{Player, SPEECH_APART, wrap};
use crate::script::{Claim, kind_name};
use crate::services;
use crate::store::Mailbox;
use crate::world::World;
use belpost::base::{Digit, MailboxId};
use belpost::call::{Milestone, PromptWork};
use belpost::subscriber::{Away, RecordingKind, Services};
use std::time::Duration;

/// How exact the length of a message must be; the caller's reaction time is in it.
const LENGTH_MS: u128 = 400;

impl Player {
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<(), String> {
        self.pass(Duration::from_millis(500))?;
        let world = self.world()?;
        match claim {
            Claim::Counts {
                mailbox,
                new,
                saved,
            } => {
                let counts = mailbox_of(world, mailbox)?.counts();
                let same = counts == (*new, *saved);
                same.then_some(())
                    .ok_or_else(|| format!("it has {} new {} saved", counts.0, counts.1))
            }
            Claim::NewestIs { mailbox, span } => {
                let newest = mailbox_of(world, mailbox)?
                    .messages
                    .last()
                    .ok_or("it has no message")?;
                let (told, sound) = (newest.summary.length, newest.audio.duration());
                let near = |length: Duration| length.abs_diff(*span).as_millis() <= LENGTH_MS;
                (near(told) && told.abs_diff(sound) <= Duration::from_millis(40))
                    .then_some(())
                    .ok_or_else(|| format!("it is said to be {told:?} long, and is {sound:?}"))
            }
            Claim::NewestHolds { mailbox, speech } => {
                let newest = mailbox_of(world, mailbox)?
                    .messages
                    .last()
                    .ok_or("it has no message")?;
                let origin = newest.origin_ms.ok_or("there is no speech in it")?;
                let late = wrap((speech * SPEECH_APART) as i64 * 200 - origin);
                (0..LENGTH_MS as i64)
                    .contains(&late)
                    .then_some(())
                    .ok_or_else(|| format!("that speech begins {late} ms into it"))
            }
            Claim::NewestIsIn { mailbox, language } => {
                let newest = mailbox_of(world, mailbox)?.messages.last();
                let newest = newest.ok_or("it has no message")?.language.as_ref();
                let told = newest.map_or("no language", |language| language.as_str());
                (told == language)
                    .then_some(())
                    .ok_or_else(|| format!("it is in {told}"))
            }
            Claim::NewestIsMarked { mailbox, marks } => {
                let newest = mailbox_of(world, mailbox)?.messages.last();
                let newest = &newest.ok_or("it has no message")?.summary;
                let told = match (newest.urgent, newest.private) {
                    (false, false) => "nothing",
                    (true, false) => "urgent",
                    (false, true) => "private",
                    (true, true) => "urgent private",
                };
                (told == marks)
                    .then_some(())
                    .ok_or_else(|| format!("it is marked {told}"))
            }
            Claim::NothingRecorded => {
                let kept = world
                    .server
                    .log
                    .iter()
                    .any(|(_, _, m)| matches!(m, Milestone::TakeKept(_)));
                let left = world.server.disk.takes.len();
                (!kept && left == 0)
                    .then_some(())
                    .ok_or_else(|| "something was".to_owned())
            }
            Claim::HasSet { mailbox, what } => {
                let id = MailboxId::parse(mailbox).map_err(|fault| fault.to_string())?;
                let set = set(world.server.directory.book.of(&id));
                (set == *what)
                    .then_some(())
                    .ok_or_else(|| format!("it is {set}"))
            }
            Claim::Stands { mailbox, words } => {
                let id = MailboxId::parse(mailbox).map_err(|fault| fault.to_string())?;
                let stands = world.server.directory.book.of(&id);
                services::stands(stands, words)?
                    .then_some(())
                    .ok_or_else(|| format!("it is {stands:?}"))
            }
            Claim::Prompts(expected) => {
                let changed = prompts_changed(world);
                (changed == *expected)
                    .then_some(())
                    .ok_or_else(|| format!("the log: {changed}"))
            }
            Claim::Lamp { mailbox, on } => {
                let id = MailboxId::parse(mailbox).map_err(|fault| fault.to_string())?;
                let is_on = !world.server.lamps_off.contains(&id);
                (is_on == *on)
                    .then_some(())
                    .ok_or_else(|| format!("it is {}", if is_on { "on" } else { "off" }))
            }
            Claim::KeysTaken(keys) => {
                let taken = keys_taken(world);
                (taken == *keys)
                    .then_some(())
                    .ok_or_else(|| format!("they were {taken}"))
            }
            Claim::NotLogged(keys) => {
                let taken = keys_taken(world);
                (!taken.contains(keys.as_str()))
                    .then_some(())
                    .ok_or_else(|| format!("the log: {taken}"))
            }
        }
    }
}

fn mailbox_of<'a>(world: &'a World, number: &str) -> Result<&'a Mailbox, String> {
    let id = MailboxId::parse(number).map_err(|fault| fault.to_string())?;
    world
        .server
        .mailboxes
        .get(&id)
        .ok_or_else(|| "there is no such mailbox".to_owned())
}

/// What a subscriber has recorded, and how they are away, in words.
fn set(services: &Services) -> String {
    let recorded = RecordingKind::ALL.into_iter();
    let recorded = recorded.filter(|kind| services.recording(*kind).is_some());
    let mut set: Vec<String> = recorded.map(|kind| kind_name(kind).to_owned()).collect();
    let away = services.away;
    if away != Away::default() {
        let on = if away.on { "away" } else { "not away" };
        let until = away.last_day.map(|day| format!(" until {day}"));
        let messages = if away.refuses_messages {
            " without messages"
        } else {
            ""
        };
        set.push(format!("{on}{}{messages}", until.unwrap_or_default()));
    }
    if set.is_empty() {
        set.push("nothing".to_owned());
    }
    set.join(", ")
}

/// The changes of prompts in the call event log: number dialled, set, change, outcome.
fn prompts_changed(world: &World) -> String {
    let told = world.server.log.iter().filter_map(|(_, _, m)| match m {
        Milestone::Prompts(order, outcome) => {
            let work = match &order.work {
                PromptWork::Replace { clip, .. } => format!("replace {clip}"),
                PromptWork::Drop(clip) => format!("drop {clip}"),
                PromptWork::RollBack => "roll-back".to_owned(),
            };
            let outcome = match outcome {
                Ok(()) => "done",
                Err(_) => "failed",
            };
            Some(format!("{} {} {work} {outcome}", order.dialled, order.set))
        }
        _ => None,
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The keys in the call event log; those that are masked as `x`.
fn keys_taken(world: &World) -> String {
    let key = |m: &Milestone| match m {
        Milestone::Key { key, .. } => Some(key.map_or('x', Digit::as_char)),
        _ => None,
    };
    world
        .server
        .log
        .iter()
        .filter_map(|(_, _, m)| key(m))
        .collect()
}
