//! The greeting: whose voicemail it is and why, and what a caller may do meanwhile.
//!
//! The greeting asks nothing, so a key without a meaning here changes nothing. Without room on the
//! disk or in the mailbox the caller hears that before any tone. Recorded greetings and names are not here.

use super::record::Beep;
use super::{Admission, Caller, Deposit, DepositSetup, log_in};
use crate::base::DialString;
use crate::flow::heard::Heard;
use crate::flow::{Conversation, Cx, Effect, Effects, End, Event, GreetingChoice};
use crate::mime::Reason;
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::Profile;

/// The greeting plays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Greeting {
    caller: Caller,
    admission: Admission,
}

impl Greeting {
    pub(super) fn enter(setup: DepositSetup, fx: &mut Effects) -> Conversation {
        fx.push(Effect::Play(words(&setup)));
        let caller = Caller {
            owner: setup.owner,
            empty: 0,
            heard: Heard::default(),
        };
        let admission = setup.admission;
        Deposit::Greeting(Greeting { caller, admission }).into()
    }

    pub(super) fn on(self, event: &Event, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match event {
            Event::Digit(key) => match cx.menus.greeting.choice(*key) {
                Some(choice) => self.chosen(choice, cx, fx),
                None => Deposit::Greeting(self).into(),
            },
            Event::PlayDone => match self.admission.refusal() {
                None => Beep::enter(self.caller, Vec::new(), fx),
                Some(_) => End::HangUp.after(vec![Phrase::Line(Line::Goodbye)], fx),
            },
            _ => Deposit::Greeting(self).into(),
        }
    }

    fn chosen(self, choice: GreetingChoice, cx: &Cx<'_>, fx: &mut Effects) -> Conversation {
        match choice {
            GreetingChoice::Record => match self.admission.refusal() {
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

/// The system greeting, built around the owner's number.
fn words(setup: &DepositSetup) -> Vec<Phrase> {
    let mut words = vec![Phrase::Line(Line::GreetingReached)];
    words.extend(number(&setup.owner));
    words.push(Phrase::Line(match setup.reason {
        Some(Reason::Busy | Reason::DoNotDisturb) => Line::GreetingBusy,
        Some(Reason::NoAnswer) => Line::GreetingNoAnswer,
        Some(Reason::Unconditional | Reason::NotReachable | Reason::Deflected) | None => {
            Line::GreetingUnavailable
        }
    }));
    let rest = match setup.admission.refusal() {
        None => vec![Line::LeaveMessage, Line::FinishRecording],
        Some(why) => vec![why],
    };
    words.extend(rest.into_iter().map(Phrase::Line));
    words
}

/// The owner's number; every mailbox number can be dialled, so there always is one.
fn number(owner: &Profile) -> Option<Phrase> {
    let number = DialString::parse(owner.mailbox.as_str()).ok()?;
    Some(Phrase::Say(Say::Number(number)))
}
