//! Hearing a message (user manual, section 6.2).
//!
//! Laws: a skip is three seconds of message time; a message is marked heard once its audio is
//! heard and not before; a pause does not last for ever. Keys without a meaning change nothing,
//! since a spoken refusal would cost the listener their place.

use super::between::Between;
use super::greetings::Hearing;
use super::inbox::Rest;
use super::intro::Intro;
use super::leaving::Leaving;
use super::main_menu::MainMenu;
use super::{Listener, Portal};
use crate::base::MessageId;
use crate::flow::{Conversation, Cx, Effect, Effects, Event, PlayFault, PlayingChoice};
use crate::mailbox::Command;
use crate::media::{Seek, Speed};
use crate::prompt::{Line, Phrase};
use std::time::Duration;

/// How far `rewind` and `forward` go, in milliseconds of message time.
const SKIP_MS: i64 = 3_000;

/// A message is about to play.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fetching {
    /// Who hears it.
    pub(super) listener: Listener,
}

impl Fetching {
    /// Plays the current message from this position on.
    pub(super) fn enter(listener: Listener, from: Duration, fx: &mut Effects) -> Conversation {
        let id = listener.reel.current().summary.id;
        fx.push(Effect::PlayMessage(id, from));
        Portal::Fetching(Fetching { listener }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayBegan => Playing::begin(self.listener, fx),
            Event::PlayDone => ended(self.listener, cx, fx),
            Event::PlayFailed(fault) => failed(self.listener, *fault, cx, fx),
            _ => Portal::Fetching(self).into(),
        }
    }
}

/// A message plays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Playing {
    /// Who hears it.
    pub(super) listener: Listener,
}

impl Playing {
    fn begin(mut listener: Listener, fx: &mut Effects) -> Conversation {
        if listener.reel.hear() {
            let id = listener.reel.current().summary.id;
            fx.push(Effect::Mail(Command::MarkHeard(id)));
        }
        Portal::Playing(Playing { listener }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => ended(self.listener, cx, fx),
            Event::PlayFailed(fault) => failed(self.listener, *fault, cx, fx),
            Event::Digit(key) => match cx.menus.playing.choice(*key) {
                Some(choice) => self.press(choice, cx, fx),
                None => Portal::Playing(self).into(),
            },
            _ => Portal::Playing(self).into(),
        }
    }

    fn press(self, choice: PlayingChoice, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if let Some(to) = seek(choice) {
            fx.push(Effect::Seek(to));
            return Portal::Playing(self).into();
        }
        match choice {
            PlayingChoice::Rewind
            | PlayingChoice::Forward
            | PlayingChoice::Start
            | PlayingChoice::End => Portal::Playing(self).into(),
            PlayingChoice::Pause => Paused::enter(Held::Message(self), cx, fx),
            PlayingChoice::Save => self.stop(fx).save(cx, fx),
            PlayingChoice::Delete => self.stop(fx).delete(fx),
            PlayingChoice::Slower => self.at_speed(Speed::slower, fx),
            PlayingChoice::Faster => self.at_speed(Speed::faster, fx),
            PlayingChoice::Next => self.stop(fx).go_on(Vec::new(), cx, fx),
            PlayingChoice::Back => self.stop(fx).go_back(cx, fx),
        }
    }

    fn at_speed(mut self, turn: fn(Speed) -> Speed, fx: &mut Effects) -> Conversation {
        let speed = turn(self.listener.owner.speed);
        self.listener.set_speed(speed, fx);
        Portal::Playing(self).into()
    }

    fn stop(self, fx: &mut Effects) -> Listener {
        fx.push(Effect::StopPlay);
        self.listener
    }
}

/// Where this key moves to within what plays, if it does.
pub(super) fn seek(choice: PlayingChoice) -> Option<Seek> {
    match choice {
        PlayingChoice::Rewind => Some(Seek::By(-SKIP_MS)),
        PlayingChoice::Forward => Some(Seek::By(SKIP_MS)),
        PlayingChoice::Start => Some(Seek::Start),
        PlayingChoice::End => Some(Seek::End),
        PlayingChoice::Pause
        | PlayingChoice::Save
        | PlayingChoice::Delete
        | PlayingChoice::Slower
        | PlayingChoice::Faster
        | PlayingChoice::Next
        | PlayingChoice::Back => None,
    }
}

/// A message, the words before it, or a greeting is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Paused {
    held: Held,
}

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Held {
    /// The words before a message.
    Intro(Intro),
    /// A message.
    Message(Playing),
    /// The name or a greeting.
    Greeting(Hearing),
}

impl Paused {
    pub(super) fn enter(held: Held, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Pause);
        Paused::wait(held, cx, fx)
    }

    fn wait(held: Held, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::AwaitKey(cx.settings.pause_limit));
        Portal::Paused(Paused { held }).into()
    }

    /// Each key plays on and then does what it does in a playing message; one without a meaning
    /// ends the wait for a key, so the wait begins anew.
    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Digit(key) => {
                let Some(choice) = cx.menus.playing.choice(*key) else {
                    return Paused::wait(self.held, cx, fx);
                };
                fx.push(Effect::Resume);
                match (self.held, choice) {
                    (Held::Intro(intro), PlayingChoice::Pause) => Portal::Intro(intro).into(),
                    (Held::Message(playing), PlayingChoice::Pause) => {
                        Portal::Playing(playing).into()
                    }
                    (Held::Greeting(hearing), PlayingChoice::Pause) => hearing.into(),
                    (Held::Intro(intro), choice) => intro.press(choice, cx, fx),
                    (Held::Message(playing), choice) => playing.press(choice, cx, fx),
                    (Held::Greeting(hearing), choice) => hearing.press(choice, cx, fx),
                }
            }
            Event::Timeout => {
                fx.push(Effect::StopPlay);
                Leaving::goodbye(self.rest(), fx)
            }
            _ => Portal::Paused(self).into(),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        match self.held {
            Held::Intro(intro) => intro.listener.stop_for_closing(fx),
            Held::Message(playing) => playing.listener.stop_for_closing(fx),
            Held::Greeting(hearing) => hearing.on_service_ending(fx),
        }
    }

    /// What is left to do when the call ends now.
    pub(super) fn rest(&self) -> Rest {
        match &self.held {
            Held::Intro(intro) => intro.listener.reel.rest(),
            Held::Message(playing) => playing.listener.reel.rest(),
            Held::Greeting(hearing) => hearing.guest.rest(),
        }
    }

    /// A message is marked heard now, or could not be.
    pub(super) fn noted(&mut self, id: MessageId, done: bool) {
        match &mut self.held {
            Held::Intro(intro) => intro.listener.reel.noted(id, done),
            Held::Message(playing) => playing.listener.reel.noted(id, done),
            Held::Greeting(hearing) => hearing.guest.noted(id, done),
        }
    }
}

/// The message has been heard to its end, or has no audio at all.
fn ended(listener: Listener, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    Between::enter(listener, vec![Phrase::Line(Line::EndOfMessage)], cx, fx)
}

/// The message cannot be played. Keys held until now were meant for it.
fn failed(listener: Listener, fault: PlayFault, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
    fx.push(Effect::FlushKeys);
    let line = match fault {
        PlayFault::Gone => Line::MessageGone,
        PlayFault::Damaged => Line::MessageDamaged,
        PlayFault::Unavailable => {
            let words = vec![Phrase::Line(Line::MessagesUnavailable)];
            let inbox = listener.reel.into_inbox();
            return MainMenu::enter(listener.owner, Some(inbox), words, cx, fx);
        }
    };
    Between::enter(listener, vec![Phrase::Line(line)], cx, fx)
}
