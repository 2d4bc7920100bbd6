//! The greeting: whose voicemail it is and why, and what a caller may do meanwhile.
//!
//! The greeting asks nothing, so a key without a meaning here changes nothing. Laws: the owner who
//! is away for some time is heard to be, whatever the reason of the call; where no message can be
//! left (no room on the disk or in the mailbox, or the owner takes none while away) no key leads to
//! a tone, and the caller is told, by the owner's own greeting in the last case where there is one.

use super::record::Beep;
use super::{Caller, Deposit, DepositSetup, log_in};
use crate::base::day_in;
use crate::flow::greeting::{Occasion, greeting};
use crate::flow::heard::Heard;
use crate::flow::{Conversation, Cx, Effect, Effects, End, Event, GreetingChoice};
use crate::prompt::{Line, Phrase};

/// The greeting plays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Greeting {
    caller: Caller,
    /// Why no message can be left, where none can.
    refusal: Option<Line>,
}

impl Greeting {
    pub(super) fn enter(setup: DepositSetup, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        let (words, refusal) = words(&setup, cx);
        fx.push(Effect::Play(words));
        let caller = Caller {
            owner: setup.owner,
            empty: 0,
            heard: Heard::default(),
        };
        Deposit::Greeting(Greeting { caller, refusal }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Digit(key) => match cx.menus.greeting.choice(*key) {
                Some(choice) => self.chosen(choice, cx, fx),
                None => Deposit::Greeting(self).into(),
            },
            Event::PlayDone => match self.refusal {
                None => Beep::enter(self.caller, Vec::new(), fx),
                Some(_) => End::HangUp.after(vec![Phrase::Line(Line::Goodbye)], fx),
            },
            _ => Deposit::Greeting(self).into(),
        }
    }

    fn chosen(self, choice: GreetingChoice, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match choice {
            GreetingChoice::Record => match self.refusal {
                None => Beep::enter(self.caller, Vec::new(), fx),
                Some(why) => {
                    let words = [why, Line::Goodbye].map(Phrase::Line).to_vec();
                    End::HangUp.after(words, fx)
                }
            },
            GreetingChoice::LogIn if cx.settings.log_in_from_greeting => {
                log_in(&self.caller.owner, fx)
            }
            GreetingChoice::LogIn => Deposit::Greeting(self).into(),
            GreetingChoice::Assistant => match self.caller.owner.assistant.clone() {
                Some(assistant) => {
                    fx.push(Effect::StopPlay);
                    End::Transfer(assistant).now(fx)
                }
                None => Deposit::Greeting(self).into(),
            },
        }
    }
}

/// The greeting, and why no message can be left.
fn words(setup: &DepositSetup, cx: &Cx<'_>) -> (Vec<Phrase>, Option<Line>) {
    let (owner, services) = (&setup.owner, cx.book.of(&setup.owner.mailbox));
    let away = services.away.holds_on(day_in(&owner.zone, cx.now.wall));
    let occasion = if away {
        Occasion::Away
    } else {
        Occasion::of(setup.reason)
    };
    if away && services.away.refuses_messages {
        let why = Line::NoMessageNow;
        return (greeting(occasion, owner, services, &[why]), Some(why));
    }
    match setup.admission.refusal() {
        None => {
            let rest = [Line::LeaveMessage, Line::FinishRecording];
            (greeting(occasion, owner, services, &rest), None)
        }
        Some(why) => {
            let mut words = greeting(occasion, owner, services, &[]);
            words.push(Phrase::Line(why));
            (words, Some(why))
        }
    }
}
