//! What operators are told of calls: a line in the call event log, and a word in the log.

use crate::audio::Law;
use crate::base::{CallId, MessageId, Mono, Now};
use crate::call::{Milestone, PromptOrder, PromptWork};
use crate::flow::PromptFault;
use crate::observe::{CallEvent, EventLog, TakeStep};
use crate::prompt::{MessageKind, Phrase, Say};
use crate::subscriber::Condition;
use std::collections::HashMap;
use std::time::Duration;
use tracing::{debug, error, info};

/// Turns milestones into lines.
#[derive(Debug)]
pub(super) struct Telling {
    log: EventLog,
    calls: HashMap<CallId, Note>,
}

/// What later lines of a call need of earlier ones.
#[derive(Debug)]
struct Note {
    since: Mono,
    take_length: Duration,
}

impl Note {
    fn new(now: Now) -> Note {
        Note {
            since: now.mono,
            take_length: Duration::ZERO,
        }
    }
}

impl Telling {
    pub(super) fn new(log: EventLog) -> Telling {
        Telling {
            log,
            calls: HashMap::new(),
        }
    }

    /// Writes down what happened.
    pub(super) fn milestone(&mut self, now: Now, call: CallId, what: &Milestone) {
        say(call, what);
        let event = self.event(now, call, what);
        self.log.record(now.wall, call, event);
    }

    /// Waits until all lines are written.
    pub(super) fn flush(&self) {
        self.log.flush();
    }

    fn event(&mut self, now: Now, call: CallId, what: &Milestone) -> CallEvent {
        match what {
            Milestone::Arrived {
                from,
                to,
                call_id,
                route,
                mailbox,
            } => {
                self.calls.insert(call, Note::new(now));
                CallEvent::Call {
                    from: from.as_ref().map(ToString::to_string).unwrap_or_default(),
                    to: to.clone(),
                    route,
                    mailbox: mailbox.as_ref().and_then(CallEvent::mailbox),
                    call_id: call_id.clone(),
                }
            }
            Milestone::Refused(status) => self.end(now, call, format!("refused with {status}")),
            Milestone::Answered(law) => {
                if let Some(note) = self.calls.get_mut(&call) {
                    note.since = now.mono;
                }
                CallEvent::Answer { codec: codec(*law) }
            }
            Milestone::Key { key, state } => CallEvent::key(*key, state),
            Milestone::Prompt(phrases) => CallEvent::Prompt {
                lines: phrases.iter().filter_map(shown).collect(),
            },
            Milestone::PlayingMessage(id) => CallEvent::Prompt {
                lines: vec![format!("message {id}")],
            },
            Milestone::PlayingTake(id) => CallEvent::Prompt {
                lines: vec![format!("recording {id}")],
            },
            Milestone::TakeBegan(id) => CallEvent::take(*id, TakeStep::Begin, Duration::ZERO),
            Milestone::TakeEnded(id, length) => {
                if let Some(note) = self.calls.get_mut(&call) {
                    note.take_length = *length;
                }
                CallEvent::take(*id, TakeStep::End, *length)
            }
            Milestone::TakeKept(id) => self.take(call, *id, TakeStep::Kept),
            Milestone::TakeLost(id) => self.take(call, *id, TakeStep::Lost),
            Milestone::TakeDropped(id) => self.take(call, *id, TakeStep::Dropped),
            Milestone::Prompts(order, outcome) => prompts(order, *outcome),
            Milestone::Forwarding(mailbox, condition, forward) => CallEvent::Forwarding {
                mailbox: mailbox.to_string(),
                condition: named(*condition),
                on: forward.on,
                to: forward.to.as_ref().map(ToString::to_string),
            },
            Milestone::Ended(why) => self.end(now, call, (*why).to_owned()),
        }
    }

    fn take(&self, call: CallId, id: MessageId, step: TakeStep) -> CallEvent {
        let length = self
            .calls
            .get(&call)
            .map_or(Duration::ZERO, |n| n.take_length);
        CallEvent::take(id, step, length)
    }

    /// The last line of a call; refused ones have one too.
    fn end(&mut self, now: Now, call: CallId, reason: String) -> CallEvent {
        let since = self.calls.remove(&call).map_or(now.mono, |n| n.since);
        let duration_ms = (now.mono - since).as_millis() as u64;
        CallEvent::End {
            reason,
            duration_ms,
        }
    }
}

/// What of it goes to the log: the steps of a call, and what went wrong.
fn say(call: CallId, what: &Milestone) {
    match what {
        Milestone::Arrived { route, call_id, .. } => info!(%call, route, call_id, "call arrives"),
        Milestone::Refused(status) => info!(%call, status, "call refused"),
        Milestone::Answered(_) => info!(%call, "call answered"),
        Milestone::TakeBegan(id) => debug!(%call, message = %id, "recording"),
        Milestone::TakeKept(id) => info!(%call, message = %id, "message kept"),
        Milestone::TakeLost(id) => {
            error!(%call, message = %id, "a recording could not be kept: see the spool's own messages");
        }
        Milestone::Forwarding(mailbox, condition, forward) => {
            let (condition, on) = (named(*condition), forward.on);
            info!(%call, %mailbox, condition, on, "call forwarding changed by telephone");
        }
        Milestone::Ended(why) => info!(%call, why, "call ended"),
        Milestone::Key { .. }
        | Milestone::Prompt(_)
        | Milestone::PlayingMessage(_)
        | Milestone::PlayingTake(_)
        | Milestone::TakeEnded(..)
        | Milestone::TakeDropped(_)
        | Milestone::Prompts(..) => {}
    }
}

/// Who changed which prompts.
fn prompts(order: &PromptOrder, outcome: Result<(), PromptFault>) -> CallEvent {
    let (change, clip) = match &order.work {
        PromptWork::Replace { clip, .. } => ("replace", Some(clip)),
        PromptWork::Drop(clip) => ("drop", Some(clip)),
        PromptWork::RollBack => ("roll back", None),
    };
    CallEvent::Prompts {
        number: order.dialled.clone(),
        set: order.set.to_string(),
        change,
        clip: clip.map(ToString::to_string),
        outcome: outcome.map_or_else(|fault| fault.to_string(), |()| "done".to_owned()),
    }
}

/// A condition of call forwarding as the log shows it.
fn named(condition: Condition) -> &'static str {
    match condition {
        Condition::Always => "always",
        Condition::Busy => "busy",
        Condition::NoAnswer => "no answer",
        Condition::NotReachable => "not reachable",
    }
}

fn codec(law: Law) -> &'static str {
    match law {
        Law::A => "PCMA",
        Law::Mu => "PCMU",
    }
}

/// A phrase as the log shows it: lines by their keys, values in figures.
fn shown(phrase: &Phrase) -> Option<String> {
    match phrase {
        Phrase::Line(line) => Some(line.key().to_owned()),
        Phrase::Choice(line, key) => Some(format!("{} {key}", line.key())),
        Phrase::Brief(line, key) => Some(format!("{} {key} in brief", line.key())),
        Phrase::In(language, phrase) => Some(format!("{} in {language}", shown(phrase)?)),
        Phrase::Clip(clip) => Some(format!("clip {clip}")),
        Phrase::Recorded(id, _) => Some(format!("recording {id}")),
        Phrase::Say(say) => Some(value(say)),
        Phrase::Beep => Some("beep".to_owned()),
        Phrase::Pause(_) => None,
    }
}

/// A spoken value in figures: `number 2001`, `2 new messages`.
fn value(say: &Say) -> String {
    match say {
        Say::Cardinal(number) => number.to_string(),
        Say::Number(number) => format!("number {number}"),
        Say::Messages(kind, count) => {
            let kind = match kind {
                MessageKind::New => "new",
                MessageKind::Saved => "saved",
                MessageKind::Expiring => "expiring",
            };
            let noun = if *count == 1 { "message" } else { "messages" };
            format!("{count} {kind} {noun}")
        }
        Say::When { at, zone, .. } => match at.in_tz(zone) {
            Ok(there) => there.strftime("%Y-%m-%d %H:%M").to_string(),
            Err(_) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        },
        Say::Day { date, .. } => date.to_string(),
        Say::Length(span) => format!("{} s", span.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Date, DialString, Digit, Timestamp};
    use crate::prompt::Line;

    #[test]
    fn phrases_read_as_they_are_spoken() {
        let at: Timestamp = "2026-03-01T12:30:00Z".parse().unwrap();
        let phrases = [
            (
                Phrase::Line(Line::PortalWelcome),
                Some(Line::PortalWelcome.key().to_owned()),
            ),
            (
                Phrase::Choice(Line::PortalWelcome, Digit::Pound),
                Some(format!("{} #", Line::PortalWelcome.key())),
            ),
            (Phrase::Say(Say::Cardinal(7)), Some("7".to_owned())),
            (
                Phrase::Say(Say::Number(DialString::parse("+31201232001").unwrap())),
                Some("number +31201232001".to_owned()),
            ),
            (
                Phrase::Say(Say::Messages(MessageKind::New, 2)),
                Some("2 new messages".to_owned()),
            ),
            (
                Phrase::Say(Say::Messages(MessageKind::Saved, 1)),
                Some("1 saved message".to_owned()),
            ),
            (
                Phrase::Say(Say::When {
                    at,
                    now: at,
                    zone: "Europe/Amsterdam".to_owned(),
                }),
                Some("2026-03-01 13:30".to_owned()),
            ),
            (
                Phrase::Say(Say::Day {
                    date: Date::constant(2026, 12, 24),
                    today: Date::constant(2026, 11, 26),
                }),
                Some("2026-12-24".to_owned()),
            ),
            (
                Phrase::Say(Say::Length(Duration::from_secs(34))),
                Some("34 s".to_owned()),
            ),
            (Phrase::Beep, Some("beep".to_owned())),
            (Phrase::Pause(Duration::from_secs(1)), None),
        ];
        for (phrase, expected) in phrases {
            assert_eq!(shown(&phrase), expected, "{phrase:?}");
        }
    }
}
