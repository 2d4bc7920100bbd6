//! The starts for feature access codes: every code from the own telephone, alone and with what may
//! follow it, and what is no code or comes from somewhere else.

use super::{Start, profile, start};
use crate::base::{DialString, MailboxId};
use crate::feature::{Argument, Code, Dialled};
use crate::flow::{Conversation, FeatureSetup, Menus};
use crate::subscriber::{
    Change, Condition, Feature, ForwardChange, LastCaller, NumberRules, Profile, Roster, Services,
};
use std::sync::Arc;

/// The starts.
pub(super) fn starts() -> Vec<Start> {
    let mut all: Vec<Start> = Code::ALL.into_iter().flat_map(of).collect();
    all.extend(last_callers());
    let mut stranger = dialled("a code from elsewhere", Some((Code::CallReturn, None)));
    stranger.conversation = Conversation::feature(FeatureSetup {
        owner: None,
        dialled: Some(Dialled {
            code: Code::Switch(Feature::DoNotDisturb, true),
            argument: None,
        }),
    });
    all.push(stranger);
    all.push(dialled("no code", None));
    all
}

/// A code alone, and with a number that calls may go to, the own one, and one they may not go to.
fn of(code: Code) -> Vec<Start> {
    let arguments: &[&str] = match code.argument() {
        Argument::None => &[],
        Argument::Figure => &["0", "7"],
        Argument::Number => &["33", "2", "12"],
        Argument::Extension | Argument::Call => &["33"],
    };
    let alone = dialled(code.name(), Some((code, None)));
    let with = arguments
        .iter()
        .map(|argument| dialled(code.name(), Some((code, Some(*argument)))));
    let mut all: Vec<Start> = std::iter::once(alone).chain(with).collect();
    if let Code::ForwardOn(condition)
    | Code::ForwardOff(condition)
    | Code::ForwardStatus(condition) = code
    {
        for (to, on) in [("33", false), ("33", true), ("2", true), ("12", true)] {
            let mut start = dialled(code.name(), Some((code, None)));
            set(&mut start, &[forward(condition, to, on)]);
            all.push(start);
        }
    }
    all
}

/// Somebody to call back, somebody who may not be called, and somebody unknown.
fn last_callers() -> Vec<Start> {
    let callers = [("33", 0), ("33", 5), ("12", 0), ("", 0)];
    let start = |(caller, log_ins)| {
        let mut start = dialled("the last caller", Some((Code::CallReturn, None)));
        let number = DialString::parse(caller).ok();
        let at = super::now().wall;
        let mut changes = vec![Change::LoggedIn; log_ins];
        changes.push(Change::LastCaller(Some(LastCaller { number, at })));
        set(&mut start, &changes);
        start
    };
    callers.map(start).into()
}

/// A code from the own telephone. Of the figures 1 and 2 one number is a subscriber's, one the own,
/// and the rest are refused. Where calls are forwarded to that subscriber they come back.
fn dialled(name: &'static str, code: Option<(Code, Option<&str>)>) -> Start {
    let own = Profile {
        mailbox: MailboxId::parse("2001").unwrap(),
        numbers: vec![number("2")],
        ..(*profile(false)).clone()
    };
    let jan = Profile {
        mailbox: MailboxId::parse("33").unwrap(),
        numbers: vec![number("1")],
        ..(*profile(false)).clone()
    };
    let dialled = code.map(|(code, argument)| Dialled {
        code,
        argument: argument.map(number),
    });
    let owner = Arc::new(own.clone());
    let setup = FeatureSetup {
        owner: Some(Arc::clone(&owner)),
        dialled,
    };
    let mut start = start(name, Conversation::feature(setup), 0, 2);
    start.account.owner = owner;
    start.menus = Menus::default();
    start.figures = &[1, 2];
    start.settings.number_length = 2;
    start.settings.destinations.rules = NumberRules {
        allow: Vec::new(),
        refuse: vec![number("1"), number("2")],
    };
    let mut back = Services::default();
    back.apply(&forward(Condition::Busy, "2001", true));
    start.book.set(jan.mailbox.clone(), Arc::new(back));
    start.roster = Roster::new([own, jan]).unwrap();
    start
}

fn set(start: &mut Start, changes: &[Change]) {
    let mailbox = start.account.owner.mailbox.clone();
    let mut services = (**start.book.of(&mailbox)).clone();
    changes.iter().for_each(|change| services.apply(change));
    start.book.set(mailbox, Arc::new(services));
}

fn forward(condition: Condition, to: &str, on: bool) -> Change {
    let to = Some(number(to));
    Change::Forward(condition, ForwardChange { on: Some(on), to })
}

fn number(text: &str) -> DialString {
    DialString::parse(text).unwrap()
}
