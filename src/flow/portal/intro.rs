//! The words before a message: what kind it is, from whom, and when it came.
//!
//! The keys of a playing message work here too, with the words as its beginning: `rewind` and
//! `start` say them again, `forward` goes on to the message, `end` passes it over unheard, `pause`
//! holds them. Other keys change nothing.
//!
//! Law: a message that was not heard to its end goes on where it was stopped, and its listener is
//! told so; `start` has it played from its beginning instead. Who calls often hears what kind of
//! message it is, and from whom where that takes few words: the first message is to be heard within
//! 6 seconds of the key for it. The menu after the message has the rest.

use super::between::Between;
use super::playing::{Fetching, Held, Paused};
use super::{Listener, Portal};
use crate::base::{DialString, Timestamp};
use crate::flow::{Conversation, Cx, Effect, Effects, Event, PlayingChoice};
use crate::mailbox::Summary;
use crate::media::Speed;
use crate::prompt::{Line, Phrase, Say};
use std::time::Duration;

/// The most figures of a number that a frequent caller hears: a colleague's. Ten figures take
/// longer than all other words together.
const FEW_FIGURES: usize = 4;

/// The words before a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Intro {
    /// Who hears them, at which message.
    pub(super) listener: Listener,
    /// Where the message will begin.
    from: Duration,
}

impl Intro {
    /// Says the words given, then those before the message.
    pub(super) fn enter(
        listener: Listener,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let from = listener.stopped_at(cx);
        Intro::say(listener, from, words, cx, fx)
    }

    fn say(
        mut listener: Listener,
        from: Duration,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(listener.reel.news());
        let message = listener.reel.current();
        if message.is_deleted() {
            words.push(Phrase::Line(Line::MessageDeleted));
        }
        if message.summary.private {
            words.push(Phrase::Line(Line::PrivateMessage));
        }
        words.push(Phrase::Line(match (message.is_heard(), &message.summary) {
            (true, _) => Line::SavedMessage,
            (false, Summary { urgent: true, .. }) => Line::UrgentMessage,
            (false, _) => Line::NewMessage,
        }));
        if listener.owner.heard.is_everything() {
            words.extend(short_sender(&message.summary));
        } else {
            let zone = &listener.owner.profile.zone;
            words.extend(sender_and_time(&message.summary, zone, cx));
        }
        if !from.is_zero() {
            words.push(Phrase::Line(Line::ResumedMessage));
        }
        fx.push(Effect::Play(words));
        Portal::Intro(Intro { listener, from }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::PlayDone => Fetching::enter(self.listener, self.from, fx),
            Event::Digit(key) => match cx.menus.playing.choice(*key) {
                Some(choice) => self.press(choice, cx, fx),
                None => Portal::Intro(self).into(),
            },
            _ => Portal::Intro(self).into(),
        }
    }

    /// One key of a playing message.
    pub(super) fn press(
        self,
        choice: PlayingChoice,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        match choice {
            PlayingChoice::Pause => return Paused::enter(Held::Intro(self), cx, fx),
            PlayingChoice::Slower => return self.at_speed(Speed::slower, fx),
            PlayingChoice::Faster => return self.at_speed(Speed::faster, fx),
            PlayingChoice::Rewind
            | PlayingChoice::Start
            | PlayingChoice::Forward
            | PlayingChoice::End
            | PlayingChoice::Save
            | PlayingChoice::Delete
            | PlayingChoice::Next
            | PlayingChoice::Back => fx.push(Effect::StopPlay),
        }
        let Intro { listener, from } = self;
        match choice {
            PlayingChoice::Start => Intro::say(listener, Duration::ZERO, Vec::new(), cx, fx),
            PlayingChoice::Forward => Fetching::enter(listener, from, fx),
            PlayingChoice::End => Between::enter(listener, Vec::new(), cx, fx),
            PlayingChoice::Save => listener.save(cx, fx),
            PlayingChoice::Delete => listener.delete(fx),
            PlayingChoice::Next => listener.go_on(Vec::new(), cx, fx),
            PlayingChoice::Back => listener.go_back(cx, fx),
            PlayingChoice::Rewind
            | PlayingChoice::Pause
            | PlayingChoice::Slower
            | PlayingChoice::Faster => Intro::say(listener, from, Vec::new(), cx, fx),
        }
    }

    /// The message will play at another speed; the words go on.
    fn at_speed(mut self, turn: fn(Speed) -> Speed, fx: &mut Effects) -> Conversation {
        let speed = turn(self.listener.owner.speed);
        self.listener.set_speed(speed, fx);
        Portal::Intro(self).into()
    }
}

impl Listener {
    /// Where the current message was stopped; its beginning where it was not.
    fn stopped_at(&self, cx: &Cx<'_>) -> Duration {
        let services = cx.book.of(&self.owner.profile.mailbox);
        let stopped = services.positions.get(&self.reel.current().summary.id);
        stopped.copied().unwrap_or_default()
    }
}

/// From whom a message is and when it came.
pub(super) fn sender_and_time(summary: &Summary, zone: &str, cx: &Cx<'_>) -> Vec<Phrase> {
    let mut words = sender(summary);
    words.push(Phrase::Line(Line::EnvelopeReceived));
    words.push(when(summary.received, zone, cx));
    words
}

/// From whom a message is, where that is said in few words.
fn short_sender(summary: &Summary) -> Vec<Phrase> {
    let few = |number: &DialString| number.digits().count() <= FEW_FIGURES;
    match &summary.caller {
        Some(number) if few(number) => sender(summary),
        Some(_) | None => Vec::new(),
    }
}

fn sender(summary: &Summary) -> Vec<Phrase> {
    match &summary.caller {
        Some(number) => vec![
            Phrase::Line(Line::EnvelopeFrom),
            Phrase::Say(Say::Number(number.clone())),
        ],
        None => vec![Phrase::Line(Line::EnvelopeAnonymous)],
    }
}

fn when(at: Timestamp, zone: &str, cx: &Cx<'_>) -> Phrase {
    let (now, zone) = (cx.now.wall, zone.to_owned());
    Phrase::Say(Say::When { at, now, zone })
}
