//! The sentences about the subscriber's line: passcode, call forwarding, what is active.

use super::{lines, menu};
use crate::base::Digit;
use crate::flow::{Choice, MainChoice, Menus};
use crate::prompt::{Line, Part, Sentence};

/// Choosing a passcode.
pub(super) fn passcode() -> Vec<Sentence> {
    let counted = |line| vec![Part::Line(line), Part::Cardinal];
    let mut sentences = lines(&[
        Line::FirstWelcome,
        Line::PasscodeDue,
        Line::EnterNewPasscode,
        Line::RepeatPasscode,
        Line::PasscodesDiffer,
        Line::PasscodeRepeats,
        Line::PasscodeRun,
        Line::PasscodeOwnNumber,
        Line::PasscodeUsed,
        Line::PasscodeChanged,
        Line::SetUpDone,
        Line::NameSaved,
        Line::RecordingTooQuiet,
        Line::RecordingNotSaved,
    ]);
    let name = [
        Part::Choice(Line::SkipStep, Digit::Star),
        Part::Line(Line::NameSpeak),
    ];
    sentences.push(name.into());
    sentences.extend([Line::PasscodeTooShort, Line::PasscodeTooLong].map(counted));
    sentences
}

/// Call forwarding; nothing where no key leads there.
pub(super) fn forwarding(menus: &Menus) -> Vec<Sentence> {
    if menus.main.key(MainChoice::Forwarding).is_none() {
        return Vec::new();
    }
    let number = |line| vec![Part::Line(line), Part::Number];
    let mut sentences = menu(&menus.forwarding, Choice::line);
    sentences.extend(menu(&menus.forward, Choice::line));
    sentences.extend(menu(&menus.destination, Choice::line));
    sentences.extend(menu(&menus.rings, Choice::line));
    sentences.extend(forwarded());
    sentences.push(number(Line::DestinationIs));
    sentences.push(rings());
    sentences.extend(lines(&[
        Line::EnterDestination,
        Line::NoDestination,
        Line::DestinationRefused,
        Line::DestinationOwn,
        Line::EnterRings,
        Line::WarnCircle,
    ]));
    sentences
}

/// What feature access codes say. They share the words of the menus for the same services, whether
/// keys lead to those or not.
pub(super) fn codes(menus: &Menus) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> = switched().collect();
    sentences.extend(forwarded());
    sentences.push(rings());
    sentences.extend(menu(&menus.rings, Choice::line));
    sentences.extend(menu(&menus.call_return, Choice::line));
    let caller = [Part::Line(Line::LastCallFrom), Part::Number, Part::When];
    sentences.push(caller.into());
    sentences.extend(lines(&[
        Line::CodeUnknown,
        Line::CodeUnavailable,
        Line::LastCallWithheld,
        Line::NoLastCall,
        Line::CallerForgotten,
        Line::CannotCall,
        Line::EnterDestination,
        Line::DestinationRefused,
        Line::DestinationOwn,
        Line::EnterRings,
        Line::WarnCircle,
        Line::WarnQuiet,
    ]));
    sentences
}

/// How the forwardings can stand.
fn forwarded() -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for what in FORWARDINGS {
        sentences.push([what, Line::IsOff].map(Part::Line).into());
        let off = [Part::Line(what), Part::Line(Line::IsOffTo), Part::Number];
        sentences.push(off.into());
        sentences.push(on_to(what));
    }
    sentences
}

/// The services that are on or off; nothing where no key leads there.
pub(super) fn services(menus: &Menus) -> Vec<Sentence> {
    if menus.main.key(MainChoice::Services).is_none() {
        return Vec::new();
    }
    let mut sentences = menu(&menus.services, Choice::line);
    sentences.extend(menu(&menus.service, Choice::line));
    sentences.extend(switched());
    sentences.extend(lines(&[Line::WarnQuiet]));
    sentences
}

/// How the services can stand.
fn switched() -> impl Iterator<Item = Sentence> {
    let stands = |what| [Line::IsOn, Line::IsOff].map(|how| [what, how].map(Part::Line).into());
    FEATURES.into_iter().flat_map(stands)
}

/// What is active on the line.
pub(super) fn status() -> Vec<Sentence> {
    let stands = |what, how| [what, how].map(Part::Line).to_vec();
    let mut sentences = lines(&[
        Line::NothingActive,
        Line::AwayWithMessages,
        Line::AwayWithoutMessages,
        Line::WarnCircle,
        Line::WarnShadowed,
        Line::WarnQuiet,
    ]);
    for on in [
        Line::AlwaysVoicemailIs,
        Line::DisturbIs,
        Line::HiddenIs,
        Line::RejectionIs,
        Line::AwayIs,
    ] {
        sentences.push(stands(on, Line::IsOn));
    }
    for off in [
        Line::BusyVoicemailIs,
        Line::NoAnswerVoicemailIs,
        Line::CallWaitingIs,
    ] {
        sentences.push(stands(off, Line::IsOff));
    }
    sentences.extend(FORWARDINGS.map(on_to));
    sentences.push(rings());
    sentences
}

const FEATURES: [Line; 7] = [
    Line::AlwaysVoicemailIs,
    Line::BusyVoicemailIs,
    Line::NoAnswerVoicemailIs,
    Line::DisturbIs,
    Line::HiddenIs,
    Line::RejectionIs,
    Line::CallWaitingIs,
];

const FORWARDINGS: [Line; 4] = [
    Line::AlwaysIs,
    Line::BusyIs,
    Line::NoAnswerIs,
    Line::NotReachableIs,
];

fn on_to(what: Line) -> Sentence {
    vec![Part::Line(what), Part::Line(Line::IsOnTo), Part::Number]
}

fn rings() -> Sentence {
    vec![Part::Line(Line::RingsAre), Part::Cardinal]
}
