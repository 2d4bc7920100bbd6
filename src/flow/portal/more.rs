//! More to do with a message: answer it, or forward it.

use super::between::Between;
use super::leaving::Leaving;
use super::sending::Sending;
use super::{Listener, Portal};
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, Conversation, Cx, Detail, Effects, Event, MoreChoice};
use crate::prompt::{Line, Phrase};

/// More to do with a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct More {
    /// Whose call it is, at which message.
    pub(super) listener: Listener,
    ask: Ask,
}

impl More {
    /// Says the menu.
    pub(super) fn enter(mut listener: Listener, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let detail = listener.owner.heard.visit::<MoreChoice>();
        More::say(listener, Ask::after_failures(0), detail, None, cx, fx)
    }

    fn say(
        listener: Listener,
        ask: Ask,
        detail: Detail,
        line: Option<Line>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let mut words: Vec<Phrase> = line.into_iter().map(Phrase::Line).collect();
        words.extend(cx.menus.more.spoken_as(detail, MoreChoice::line));
        let ask = ask.again(words, fx);
        Portal::More(More { listener, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let More { listener, ask } = self;
        match ask.on(event, &cx.menus.more, cx, fx) {
            Answer::Pending(ask) => Portal::More(More { listener, ask }).into(),
            Answer::Chosen(MoreChoice::Reply, _) => Sending::reply(listener, cx, fx),
            Answer::Chosen(MoreChoice::Forward, _) => Sending::forward(listener, cx, fx),
            Answer::Chosen(MoreChoice::Back, _) => Between::enter(listener, Vec::new(), cx, fx),
            Answer::Chosen(MoreChoice::Repeat, ask) => {
                More::say(listener, ask, Detail::Full, None, cx, fx)
            }
            Answer::Again(line, ask) => More::say(listener, ask, Detail::Full, Some(line), cx, fx),
            Answer::GivenUp => Leaving::goodbye(listener.reel.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        self.listener.closing(fx)
    }
}
