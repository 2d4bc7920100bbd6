//! Planted faults: each is a mistake that could be made in a flow, and the walk must catch it.

use super::world::Law;
use super::{Real, Start, Subject};
use crate::base::{DialString, Digit, MailboxId};
use crate::flow::{
    ChangeFault, Conversation, Effect, Event, LogInVerdict, PromptChange, PromptFault, Sending,
    Wish,
};
use crate::mailbox::{Command, Reply};
use crate::media::RecordLimits;
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::{Change, Condition, ForwardChange};
use std::time::Duration;

/// A flow with one mistake in it.
pub(super) struct Planted {
    pub(super) name: &'static str,
    /// The walk it is planted in.
    pub(super) start: &'static str,
    /// The law that must catch it.
    pub(super) law: Law,
    /// Spoils one step, knowing the state before.
    step: Spoil,
    /// Spoils hanging up.
    hang_up: fn(&str, &mut Vec<Effect>),
}

/// State before, event, conversation before, what follows, effects.
type Spoil = fn(&str, &Event, &Conversation, &mut Conversation, &mut Vec<Effect>);

impl Subject for Planted {
    fn on(
        &self,
        conversation: Conversation,
        event: Event,
        start: &Start,
    ) -> (Conversation, Vec<Effect>) {
        let before = conversation.clone();
        let (mut next, mut effects) = Real.on(conversation, event.clone(), start);
        let state = before.state_name();
        (self.step)(state, &event, &before, &mut next, &mut effects);
        (next, effects)
    }

    fn on_hang_up(&self, conversation: Conversation, start: &Start) -> Vec<Effect> {
        let state = conversation.state_name();
        let mut effects = Real.on_hang_up(conversation, start);
        (self.hang_up)(state, &mut effects);
        effects
    }
}

fn no_step(_: &str, _: &Event, _: &Conversation, _: &mut Conversation, _: &mut Vec<Effect>) {}

fn no_hang_up(_: &str, _: &mut Vec<Effect>) {}

/// Some message to be sent.
fn sending() -> Sending {
    Sending {
        to: vec![MailboxId::parse("1").unwrap()],
        recorded: true,
        forwarded: None,
        urgent: false,
        private: false,
    }
}

/// Says one line instead of another.
fn replace(effects: &mut [Effect], line: Line, by: Line) {
    for effect in effects {
        if let Effect::Play(words) = effect {
            for word in words.iter_mut().filter(|w| **w == Phrase::Line(line)) {
                *word = Phrase::Line(by);
            }
        }
    }
}

/// The faults; every law but one has a fault of its own. That hanging up ends a conversation is
/// also in the types: it consumes the flow.
pub(super) fn faults() -> Vec<Planted> {
    let step = |name, start, law, step| Planted {
        name,
        start,
        law,
        step,
        hang_up: no_hang_up,
    };
    let hang_up = |name, start, law, hang_up| Planted {
        name,
        start,
        law,
        step: no_step,
        hang_up,
    };
    vec![
        hang_up(
            "hanging up in the review forgets the message",
            "deposit",
            Law::TakeNotForgotten,
            |state, effects| {
                if state == "deposit.review" {
                    effects.clear();
                }
            },
        ),
        hang_up(
            "hanging up while saving saves again",
            "deposit",
            Law::NeverKeptTwice,
            |state, effects| {
                if state == "deposit.keeping" {
                    effects.push(Effect::Keep);
                }
            },
        ),
        hang_up(
            "hanging up says goodbye to nobody",
            "portal, one message",
            Law::HangUpEnds,
            |state, effects| {
                if state == "portal.playing" {
                    effects.push(Effect::StopPlay);
                }
            },
        ),
        step(
            "silence in the review asks for ever",
            "deposit",
            Law::SilenceEnds,
            |state, event, before, next, effects| {
                if state == "deposit.review" && *event == Event::Timeout && before != next {
                    *next = before.clone();
                    *effects = vec![Effect::AwaitKey(Duration::from_secs(6))];
                }
            },
        ),
        step(
            "the recording begins before the tone has ended",
            "deposit",
            Law::PlayBeforeNext,
            |state, event, _, _, effects| {
                if state == "deposit.beep" && *event == Event::PlayDone {
                    effects.insert(0, Effect::Play(vec![Phrase::Beep]));
                }
            },
        ),
        step(
            "a choice leaves the menu talking",
            "deposit",
            Law::PlayBeforeNext,
            |state, event, _, _, effects| {
                if state == "deposit.review" && *event == Event::Digit(Digit::D3) {
                    effects.retain(|e| *e != Effect::StopPlay);
                }
            },
        ),
        step(
            "closing down leaves the words of a slow mailbox talking",
            "portal, one message",
            Law::PlayBeforeNext,
            |state, event, _, _, effects| {
                if state == "portal.changing" && *event == Event::ServiceEnding {
                    effects.retain(|e| *e != Effect::StopPlay);
                }
            },
        ),
        step(
            "a failed listing is passed over in silence",
            "portal, one message",
            Law::AnsweredOrTold,
            |state, event, _, _, effects| {
                let listing = state == "portal.opening";
                if listing && matches!(event, Event::Mail(crate::mailbox::Reply::Failed(..))) {
                    *effects = vec![Effect::Play(vec![Phrase::Beep])];
                }
            },
        ),
        step(
            "a mailbox out of reach is called empty",
            "messages at once, mailbox out of reach",
            Law::StandingTold,
            |state, _, _, _, effects| {
                if state == "portal.opening" {
                    replace(effects, Line::InboxUnreachable, Line::NoMessages);
                }
            },
        ),
        step(
            "nobody hears that a mailbox is full",
            "messages at once, mailbox full",
            Law::StandingTold,
            |_, _, _, _, effects| replace(effects, Line::InboxFull, Line::YouHave),
        ),
        step(
            "messages that went out by e-mail are looked for",
            "portal by e-mail",
            Law::EmailNeverListed,
            |_, event, _, _, effects| {
                if matches!(event, Event::LogIn(LogInVerdict::Accepted(_))) {
                    effects.push(Effect::Mail(Command::List));
                }
            },
        ),
        step(
            "the indicator is called off before it is",
            "lamp",
            Law::AnsweredOrTold,
            |state, event, _, _, effects| {
                if state == "lamp.new" && *event == Event::Started {
                    let words = vec![Phrase::Line(Line::LampCleared)];
                    effects.insert(0, Effect::Play(words));
                }
            },
        ),
        step(
            "a language is called changed before it is stored",
            "portal, no messages",
            Law::ChangedAsAsked,
            |_, event, _, _, effects| {
                if *event == Event::Changed(Err(ChangeFault::Unavailable)) {
                    replace(effects, Line::ChangeFailed, Line::LanguageChanged);
                }
            },
        ),
        step(
            "a language that could not be stored is passed over in silence",
            "portal, no messages",
            Law::AnsweredOrTold,
            |_, event, _, _, effects| {
                if matches!(event, Event::Changed(Err(_))) {
                    replace(effects, Line::ChangeFailed, Line::YouHave);
                }
            },
        ),
        step(
            "a passcode is called changed before it is",
            "a passcode changed",
            Law::ChangedAsAsked,
            |_, event, _, _, effects| {
                if *event == Event::Changed(Err(ChangeFault::UsedBefore)) {
                    replace(effects, Line::PasscodeUsed, Line::PasscodeChanged);
                }
            },
        ),
        step(
            "nobody hears that a passcode could not be stored",
            "a passcode that is due",
            Law::AnsweredOrTold,
            |_, event, _, _, effects| {
                if *event == Event::Changed(Err(ChangeFault::Unavailable)) {
                    replace(effects, Line::ChangeFailed, Line::NotAChoice);
                }
            },
        ),
        step(
            "the new passcode is stored in the open",
            "the first use",
            Law::KeysSecret,
            |state, event, _, _, effects| {
                if state == "portal.repeat-passcode" && *event == Event::Digit(Digit::Pound) {
                    effects.insert(0, Effect::MaskKeys(false));
                }
            },
        ),
        step(
            "a number is in use before it is confirmed",
            "call forwarding when busy",
            Law::ChangedAsAsked,
            |state, event, _, _, effects| {
                if state == "portal.forward-number" && *event == Event::Digit(Digit::Pound) {
                    let (on, to) = (true, DialString::parse("1").ok());
                    let change =
                        Change::Forward(Condition::Busy, ForwardChange { on: Some(on), to });
                    effects.insert(0, Effect::Change(Wish::Set(change)));
                }
            },
        ),
        step(
            "forwarding that could not be switched on is called on",
            "call forwarding when busy",
            Law::ChangedAsAsked,
            |_, event, _, _, effects| {
                if matches!(event, Event::Changed(_)) {
                    replace(effects, Line::IsOffTo, Line::IsOnTo);
                }
            },
        ),
        step(
            "the rings are told as they were",
            "the number of rings",
            Law::ChangedAsAsked,
            |_, event, _, _, effects| {
                if let Event::Changed(Ok(services)) = event
                    && services.forwarding.rings != 4
                {
                    for effect in effects {
                        if let Effect::Play(words) = effect {
                            let four = Phrase::Say(Say::Cardinal(4));
                            words.iter_mut().for_each(|word| {
                                if matches!(word, Phrase::Say(Say::Cardinal(_))) {
                                    *word = four.clone();
                                }
                            });
                        }
                    }
                }
            },
        ),
        step(
            "a line on which something is active is called quiet",
            "away with messages",
            Law::ChangedAsAsked,
            |_, _, _, _, effects| replace(effects, Line::AwayIs, Line::NothingActive),
        ),
        step(
            "something follows the hang-up",
            "announcement",
            Law::NothingAfterEnd,
            |_, _, _, _, effects| {
                if effects.contains(&Effect::HangUp) {
                    effects.push(Effect::StopPlay);
                }
            },
        ),
        step(
            "a key without a meaning in a pause ends the wait",
            "portal, one message",
            Law::NoDeadEnd,
            |state, event, before, next, effects| {
                let key = matches!(event, Event::Digit(_));
                if state == "portal.paused" && key && before == next {
                    effects.clear();
                }
            },
        ),
        step(
            "a message is marked heard before it is",
            "portal, one message",
            Law::HeardOnlyWhilePlaying,
            |_, _, _, _, effects| {
                if let Some(Effect::PlayMessage(id, _)) = effects.first().cloned() {
                    effects.insert(0, Effect::Mail(Command::MarkHeard(id)));
                }
            },
        ),
        hang_up(
            "what is deleted is not removed",
            "portal, one message",
            Law::RemovedOnlyIfDeleted,
            |_, effects| effects.clear(),
        ),
        step(
            "keys stay open while a passcode is typed",
            "portal, one message",
            Law::KeysSecret,
            |_, _, _, _, effects| effects.retain(|e| !matches!(e, Effect::MaskKeys(_))),
        ),
        step(
            "the end of an old wait ends the pause of another",
            "deposit",
            Law::StrayChangesNothing,
            |state, event, _, _, effects| {
                if state == "deposit.greeting" && *event == Event::Timeout {
                    effects.push(Effect::StopPlay);
                }
            },
        ),
        hang_up(
            "hanging up keeps a recording that was only tried out",
            "operator of one language",
            Law::ScratchNeverKept,
            |state, effects| {
                if state == "operator.review" {
                    *effects = vec![Effect::Keep];
                }
            },
        ),
        hang_up(
            "hanging up forgets a recording that was only tried out",
            "operator of one language",
            Law::TakeNotForgotten,
            |state, effects| {
                if state == "operator.recording" {
                    effects.clear();
                }
            },
        ),
        step(
            "no answer puts a recording to use",
            "operator of one language",
            Law::ChangedAsAsked,
            |state, event, before, next, effects| {
                let over = *next != *before && effects.contains(&Effect::Discard);
                if state == "operator.review" && *event == Event::Timeout && over {
                    let clip = PromptChange::Replace(Line::LeaveMessage.into());
                    let set = super::workset("nl").set;
                    effects.insert(0, Effect::ChangePrompts(set, clip));
                }
            },
        ),
        step(
            "no answer sends a message",
            "a message composed",
            Law::SentAsAsked,
            |state, event, before, next, effects| {
                let over = *next != *before && effects.contains(&Effect::Discard);
                if state == "portal.sending" && *event == Event::Timeout && over {
                    effects.insert(0, Effect::Send(sending()));
                }
            },
        ),
        step(
            "a message that went to nobody is called sent",
            "a message composed",
            Law::SentAsAsked,
            |_, event, _, _, effects| {
                if matches!(event, Event::Sent(Err(_))) {
                    replace(effects, Line::MessageNotSent, Line::MessageSent);
                }
            },
        ),
        hang_up(
            "hanging up forgets a message that was not sent",
            "a message composed",
            Law::TakeNotForgotten,
            |state, effects| {
                if state == "portal.sending" {
                    effects.clear();
                }
            },
        ),
        step(
            "the recording is dropped before the message has left",
            "a message composed",
            Law::TakeNotForgotten,
            |state, event, _, _, effects| {
                if state == "portal.sending" && *event == Event::Digit(Digit::D1) {
                    effects.push(Effect::Discard);
                }
            },
        ),
        step(
            "all messages are deleted a second time",
            "all messages deleted",
            Law::RemovedOnlyIfDeleted,
            |state, event, _, _, effects| {
                let done = matches!(event, Event::Mail(Reply::Done(Command::DeleteAll(_))));
                if state == "portal.emptying" && done {
                    let all = [0, 1].map(|n| super::message(n).id);
                    effects.push(Effect::Mail(Command::DeleteAll(all.into())));
                }
            },
        ),
        step(
            "a message goes on where it was never stopped",
            "a message resumed",
            Law::ResumedWhereStopped,
            |_, _, _, _, effects| {
                for effect in effects {
                    if let Effect::PlayMessage(_, from) = effect {
                        *from += Duration::from_secs(1);
                    }
                }
            },
        ),
        step(
            "a refused recording is called in use",
            "operator of one language",
            Law::ChangedAsAsked,
            |_, event, _, _, effects| {
                if *event == Event::PromptsChanged(Err(PromptFault::TooQuiet)) {
                    replace(effects, Line::RecordingTooQuiet, Line::ClipInUse);
                }
            },
        ),
        step(
            "a roll-back that failed is passed over in silence",
            "operator of one language",
            Law::AnsweredOrTold,
            |_, event, _, _, effects| {
                if *event == Event::PromptsChanged(Err(PromptFault::NothingBefore)) {
                    replace(effects, Line::NothingToRollBack, Line::NotAChoice);
                }
            },
        ),
        step(
            "a greeting that was not stored is called saved",
            "busy and no-answer greeting",
            Law::ChangedAsAsked,
            |_, event, _, _, effects| {
                if matches!(event, Event::Changed(Err(_))) {
                    replace(effects, Line::RecordingNotSaved, Line::GreetingSaved);
                }
            },
        ),
        hang_up(
            "hanging up forgets a name that was only tried out",
            "recorded name",
            Law::TakeNotForgotten,
            |state, effects| {
                if state == "portal.review" {
                    effects.clear();
                }
            },
        ),
        step(
            "an absence that is off is called on",
            "extended-away service",
            Law::StandsAsTold,
            |_, _, _, _, effects| replace(effects, Line::IsOff, Line::IsOn),
        ),
        step(
            "a message is taken for whoever refuses them",
            "away without messages",
            Law::AwayRefuses,
            |state, event, _, _, effects| {
                if state == "deposit.greeting" && *event == Event::PlayDone {
                    let (max, silence) = (Duration::from_secs(60), None);
                    effects.insert(0, Effect::Record(RecordLimits { max, silence }));
                }
            },
        ),
        step(
            "an operator is let in unasked",
            "operator of one language",
            Law::ChangedAsAsked,
            |state, event, _, _, effects| {
                if state == "operator.new" && *event == Event::Started {
                    let set = super::workset("nl").set;
                    effects.push(Effect::ChangePrompts(set, PromptChange::RollBack));
                }
            },
        ),
    ]
}
