//! The voicemail menu: how many messages there are, and the way to them.
//!
//! Who calls often and goes straight to the messages hears no counts: the first message begins
//! sooner.
//!
//! Laws: how the mailbox stands (out of reach, almost full, messages about to go) is told once,
//! when the messages are listed; a mailbox that cannot be reached is never called empty.

use super::between::Between;
use super::delete_all::ConfirmDelete;
use super::greetings::Greetings;
use super::inbox::Inbox;
use super::intro::Intro;
use super::leaving::Leaving;
use super::main_menu::MainMenu;
use super::moment::Moment;
use super::sending::Sending;
use super::{Listener, Owner, Portal};
use crate::flow::ask::{Answer, Ask};
use crate::flow::{Choice, Conversation, Cx, Detail, Effect, Effects, Event, VoicemailChoice};
use crate::mailbox::{Command, Listing, Reply, Room};
use crate::prompt::{Line, MessageKind, Phrase, Say};
use crate::subscriber::RecordingKind;

/// The messages are being listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Opening {
    owner: Owner,
    then: Then,
    moment: Moment,
}

/// What follows the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Then {
    Menu,
    Play,
}

impl Opening {
    /// To the voicemail menu.
    pub(super) fn to_menu(owner: Owner, fx: &mut Effects) -> Conversation {
        Opening::enter(owner, Then::Menu, fx)
    }

    /// Straight to the first message.
    pub(super) fn to_play(owner: Owner, fx: &mut Effects) -> Conversation {
        Opening::enter(owner, Then::Play, fx)
    }

    fn enter(owner: Owner, then: Then, fx: &mut Effects) -> Conversation {
        let moment = Moment::ask(Command::List, fx);
        Portal::Opening(Opening {
            owner,
            then,
            moment,
        })
        .into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Mail(Reply::Listed(listing)) => self.listed(listing, cx, fx),
            Event::Mail(Reply::Failed(Command::List, _)) => {
                self.unreachable(Line::MessagesUnavailable, cx, fx)
            }
            event => {
                let moment = self.moment.on(event, fx);
                Portal::Opening(Opening { moment, ..self }).into()
            }
        }
    }

    fn listed(self, listing: &Listing, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        if listing.partial && listing.messages.is_empty() {
            return self.unreachable(Line::InboxUnreachable, cx, fx);
        }
        let (inbox, mut words) = (Inbox::new(listing), standing(listing));
        match self.then {
            Then::Menu => VoicemailMenu::enter(self.owner, inbox, words, cx, fx),
            Then::Play => {
                if !self.owner.heard.is_everything() {
                    words.extend(counts(&inbox));
                }
                play(self.owner, inbox, words, cx, fx)
            }
        }
    }

    /// Nothing can be heard now; the next choice of voicemail asks the mailbox again.
    fn unreachable(self, told: Line, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        fx.push(Effect::FlushKeys);
        MainMenu::enter(self.owner, None, vec![Phrase::Line(told)], cx, fx)
    }
}

/// The voicemail menu.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VoicemailMenu {
    owner: Owner,
    /// The messages.
    pub(super) inbox: Inbox,
    ask: Ask,
}

impl VoicemailMenu {
    /// Says the words, the counts, then the menu.
    pub(super) fn enter(
        mut owner: Owner,
        inbox: Inbox,
        words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        let detail = owner.heard.visit::<VoicemailChoice>();
        VoicemailMenu::say(
            (owner, inbox),
            Ask::after_failures(0),
            detail,
            words,
            cx,
            fx,
        )
    }

    fn say(
        (owner, mut inbox): (Owner, Inbox),
        ask: Ask,
        detail: Detail,
        mut words: Vec<Phrase>,
        cx: &Cx<'_>,
        fx: &mut Effects,
    ) -> Conversation {
        words.extend(inbox.news());
        words.extend(counts(&inbox));
        let menu = &cx.menus.voicemail;
        words.extend(menu.spoken_as(detail, VoicemailChoice::line));
        let ask = ask.again(words, fx);
        Portal::VoicemailMenu(VoicemailMenu { owner, inbox, ask }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let VoicemailMenu { owner, inbox, ask } = self;
        match ask.on(event, &cx.menus.voicemail, cx, fx) {
            Answer::Pending(ask) => {
                Portal::VoicemailMenu(VoicemailMenu { owner, inbox, ask }).into()
            }
            Answer::Chosen(VoicemailChoice::Play, _) => play(owner, inbox, Vec::new(), cx, fx),
            Answer::Chosen(VoicemailChoice::Compose, _) => Sending::compose(owner, inbox, fx),
            Answer::Chosen(VoicemailChoice::DeleteAll, ask) => {
                if inbox.remaining().is_empty() {
                    // The menu says that there are none.
                    let words = Vec::new();
                    return VoicemailMenu::say((owner, inbox), ask, Detail::Brief, words, cx, fx);
                }
                ConfirmDelete::enter(owner, inbox, cx, fx)
            }
            Answer::Chosen(VoicemailChoice::Busy, _) => {
                Greetings::from_voicemail(owner, inbox, RecordingKind::Busy, cx, fx)
            }
            Answer::Chosen(VoicemailChoice::NoAnswer, _) => {
                Greetings::from_voicemail(owner, inbox, RecordingKind::NoAnswer, cx, fx)
            }
            Answer::Chosen(VoicemailChoice::Away, _) => {
                Greetings::from_voicemail(owner, inbox, RecordingKind::Away, cx, fx)
            }
            Answer::Chosen(VoicemailChoice::Back, _) => {
                MainMenu::enter(owner, Some(inbox), Vec::new(), cx, fx)
            }
            Answer::Chosen(VoicemailChoice::Repeat, ask) => {
                VoicemailMenu::say((owner, inbox), ask, Detail::Full, Vec::new(), cx, fx)
            }
            Answer::Again(line, ask) => {
                let words = vec![Phrase::Line(line)];
                VoicemailMenu::say((owner, inbox), ask, Detail::Full, words, cx, fx)
            }
            Answer::GivenUp => Leaving::goodbye(inbox.rest(), fx),
        }
    }

    pub(super) fn on_service_ending(self, fx: &mut Effects) -> Conversation {
        self.ask.hush(fx);
        Leaving::closing(self.inbox.rest(), fx)
    }
}

/// To the first message. With everything deleted the last one is offered, to be taken back.
pub(super) fn play(
    owner: Owner,
    inbox: Inbox,
    mut words: Vec<Phrase>,
    cx: &Cx<'_>,
    fx: &mut Effects,
) -> Conversation {
    match inbox.start() {
        Ok(reel) if reel.current().is_deleted() => {
            words.push(Phrase::Line(Line::MessageDeleted));
            Between::enter(Listener { owner, reel }, words, cx, fx)
        }
        Ok(reel) => Intro::enter(Listener { owner, reel }, words, cx, fx),
        Err(inbox) => VoicemailMenu::enter(owner, inbox, Vec::new(), cx, fx),
    }
}

/// How the mailbox stands, as far as its owner should know.
fn standing(listing: &Listing) -> Vec<Phrase> {
    let unreachable = listing.partial.then_some(Line::InboxUnreachable);
    let room = match listing.room {
        Room::Plenty => None,
        Room::Scarce => Some(Line::InboxAlmostFull),
        Room::Full => Some(Line::InboxFull),
    };
    let lines = unreachable.into_iter().chain(room).map(Phrase::Line);
    let expiring = (listing.expiring > 0).then_some(Phrase::Say(Say::Messages(
        MessageKind::Expiring,
        listing.expiring,
    )));
    lines.chain(expiring).collect()
}

/// "You have two new messages and one saved message."
fn counts(inbox: &Inbox) -> Vec<Phrase> {
    let count = |kind, n| Phrase::Say(Say::Messages(kind, n));
    let line = Phrase::Line;
    let (begin, none) = if inbox.is_partial() {
        (Line::CanBeHeard, Line::InboxUnreachable)
    } else {
        (Line::YouHave, Line::NoMessages)
    };
    match inbox.counts() {
        (0, 0) => vec![line(none)],
        (new, 0) => vec![line(begin), count(MessageKind::New, new)],
        (0, saved) => vec![line(begin), count(MessageKind::Saved, saved)],
        (new, saved) => vec![
            line(begin),
            count(MessageKind::New, new),
            line(Line::And),
            count(MessageKind::Saved, saved),
        ],
    }
}
