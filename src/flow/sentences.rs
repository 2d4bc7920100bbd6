//! Every sentence that a conversation can say, in the order of a call.
//!
//! In: the menus, so that choices follow the operator's keys. Out: places with their sentences, what
//! is filled in left open. Laws, proved by the walk: all that is ever played is put together from
//! these sentences, and each of them is played somewhere. What the recording of prompts by
//! telephone says of a prompt's own text is not here: it can be any clip.

mod line;

use super::portal::language_keys;
use super::{BetweenChoice, Choice, Detail, MainChoice, Menu, Menus, OperatorChoice};
use crate::prompt::{Line, MessageKind, Part, Phrase, Place, Say, Sentence};

/// Everything a caller, a subscriber or an operator can hear, place by place.
pub fn sentences(menus: &Menus) -> Vec<Place> {
    let place = |name, sentences| Place { name, sentences };
    let mut places = vec![
        place("greeting", greeting()),
        place("recording", recording()),
        place("after a recording", review(menus)),
        place("log-in", log_in()),
        place("main menu", main_menu(menus)),
        place("mailbox", mailbox()),
        place("voicemail menu", voicemail_menu(menus)),
        place("before a message", before_message()),
        place("after a message", after_message(menus)),
        place("language", language(menus)),
        place("choosing a passcode", line::passcode()),
        place("call forwarding", line::forwarding(menus)),
        place("what is active", line::status()),
        place(
            "message indicator",
            lines(&[Line::LampCleared, Line::OwnPhoneOnly]),
        ),
        place("announcements", lines(&[Line::NoSuchMailbox])),
        place("everywhere", everywhere()),
        place("recording of prompts", operator(menus)),
        place(
            "diagnostics",
            lines(&[Line::PortalWelcome, Line::LeaveMessage]),
        ),
    ];
    // A menu of which nothing is announced says nothing.
    for place in &mut places {
        place.sentences.retain(|sentence| !sentence.is_empty());
    }
    places.retain(|place| !place.sentences.is_empty());
    places
}

/// What a phrase is when its values are left open; `None` for a pause, and
/// for what a subscriber recorded.
pub(super) fn part(phrase: &Phrase) -> Option<Part> {
    Some(match phrase {
        Phrase::Line(line) => Part::Line(*line),
        Phrase::Choice(line, key) => Part::Choice(*line, *key),
        Phrase::Brief(line, key) => Part::Brief(*line, *key),
        Phrase::In(_, phrase) => return part(phrase),
        Phrase::Clip(clip) => Part::Clip(clip.clone()),
        Phrase::Say(Say::Cardinal(_)) => Part::Cardinal,
        Phrase::Say(Say::Number(_)) => Part::Number,
        Phrase::Say(Say::Messages(kind, _)) => Part::Messages(*kind),
        Phrase::Say(Say::When { .. }) => Part::When,
        Phrase::Say(Say::Length(_)) => Part::Length,
        Phrase::Beep => Part::Beep,
        Phrase::Recorded(..) | Phrase::Pause(_) => return None,
    })
}

/// Each line as a sentence of its own.
fn lines(lines: &[Line]) -> Vec<Sentence> {
    lines.iter().map(|line| vec![Part::Line(*line)]).collect()
}

/// A menu, in full and in brief.
fn menu<C: Choice>(menu: &Menu<C>, line: impl Fn(C) -> Option<Line>) -> Vec<Sentence> {
    let said = |detail| {
        menu.spoken_as(detail, &line)
            .iter()
            .filter_map(part)
            .collect()
    };
    [Detail::Full, Detail::Brief].map(said).into()
}

/// Adds those that are not there yet: a menu that lacks the choice in question is the same without.
fn add_new(sentences: &mut Vec<Sentence>, more: Vec<Sentence>) {
    for sentence in more {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
}

fn greeting() -> Vec<Sentence> {
    let reasons = [
        Line::GreetingBusy,
        Line::GreetingNoAnswer,
        Line::GreetingUnavailable,
    ];
    let rests: [&[Line]; 3] = [
        &[Line::LeaveMessage, Line::FinishRecording],
        &[Line::MailboxFull],
        &[Line::DepositUnavailable],
    ];
    let whole = |reason, rest: &[Line]| {
        let begin = [Part::Line(Line::GreetingReached), Part::Number];
        let rest = [reason].into_iter().chain(rest.iter().copied());
        begin.into_iter().chain(rest.map(Part::Line)).collect()
    };
    let mut sentences: Vec<Sentence> = rests
        .iter()
        .flat_map(|rest| reasons.map(|reason| whole(reason, rest)))
        .collect();
    sentences.extend(lines(&[Line::MailboxFull, Line::DepositUnavailable]));
    sentences
}

fn recording() -> Vec<Sentence> {
    let again = [
        Line::RecordingTooShort,
        Line::LeaveMessage,
        Line::FinishRecording,
    ];
    let mut sentences = vec![vec![Part::Beep], again.map(Part::Line).to_vec()];
    sentences.extend(lines(&[
        Line::RecordingTooShort,
        Line::RecordingTooLong,
        Line::RecordingCutOff,
    ]));
    sentences
}

fn review(menus: &Menus) -> Vec<Sentence> {
    let mut sentences = menu(&menus.review, Choice::line);
    sentences.extend(lines(&[Line::MessageKept, Line::MessageNotKept]));
    sentences
}

fn log_in() -> Vec<Sentence> {
    let passcode = [Line::EnterPasscode, Line::OtherMailbox];
    let mut sentences = lines(&[Line::PortalWelcome]);
    sentences.push(passcode.map(Part::Line).to_vec());
    sentences.extend(lines(&[
        Line::EnterPasscode,
        Line::EnterMailbox,
        Line::LoginWrong,
        Line::LoginLocked,
    ]));
    sentences
}

fn main_menu(menus: &Menus) -> Vec<Sentence> {
    let one_language = |choice| match choice {
        MainChoice::Language => None,
        _ => choice.line(),
    };
    let mut sentences = menu(&menus.main, Choice::line);
    let without = menu(&menus.main, one_language);
    add_new(&mut sentences, without);
    sentences.extend(lines(&[Line::SentByEmail, Line::MessagesUnavailable]));
    sentences
}

/// How a mailbox stands, and what is in it.
fn mailbox() -> Vec<Sentence> {
    let (new, saved) = (
        Part::Messages(MessageKind::New),
        Part::Messages(MessageKind::Saved),
    );
    let mut sentences = lines(&[
        Line::OneMoment,
        Line::InboxUnreachable,
        Line::InboxAlmostFull,
        Line::InboxFull,
        Line::NoMessages,
    ]);
    sentences.push(vec![Part::Messages(MessageKind::Expiring)]);
    for begin in [Line::YouHave, Line::CanBeHeard].map(Part::Line) {
        let both = [new.clone(), Part::Line(Line::And), saved.clone()];
        sentences.push(vec![begin.clone(), new.clone()]);
        sentences.push(vec![begin.clone(), saved.clone()]);
        sentences.push([begin].into_iter().chain(both).collect());
    }
    sentences
}

fn voicemail_menu(menus: &Menus) -> Vec<Sentence> {
    let mut sentences = menu(&menus.voicemail, Choice::line);
    sentences.extend(lines(&[Line::NoMoreMessages]));
    sentences
}

fn before_message() -> Vec<Sentence> {
    let kinds = [Line::NewMessage, Line::UrgentMessage, Line::SavedMessage];
    let with = |kind, envelope: &Sentence| {
        let kind = [Part::Line(kind)];
        kind.into_iter().chain(envelope.iter().cloned()).collect()
    };
    let [shown, withheld] = envelopes();
    let from = |envelope: &Sentence| {
        let received = |part: &&Part| **part != Part::Line(Line::EnvelopeReceived);
        envelope.iter().take_while(received).cloned().collect()
    };
    let envelopes = [Vec::new(), from(&shown), shown, withheld];
    let each = |kind| envelopes.iter().map(move |envelope| with(kind, envelope));
    kinds.into_iter().flat_map(each).collect()
}

fn after_message(menus: &Menus) -> Vec<Sentence> {
    let deleted = |choice| match choice {
        BetweenChoice::Delete => Some(Line::MessageUndelete),
        _ => choice.line(),
    };
    let mut sentences = lines(&[
        Line::EndOfMessage,
        Line::MessageDamaged,
        Line::MessageGone,
        Line::MessageSaved,
        Line::MessageDeleted,
        Line::MessageRestored,
    ]);
    if menus.between.key(BetweenChoice::Previous).is_some() {
        sentences.extend(lines(&[Line::NoPreviousMessage]));
    }
    sentences.extend(menu(&menus.between, Choice::line));
    let after_deletion = menu(&menus.between, deleted);
    add_new(&mut sentences, after_deletion);
    if menus.between.key(BetweenChoice::Envelope).is_some() {
        let length = [Part::Line(Line::EnvelopeLength), Part::Length];
        let whole = |envelope: Sentence| envelope.into_iter().chain(length.clone()).collect();
        sentences.extend(envelopes().into_iter().map(whole));
    }
    sentences
}

/// From whom a message is, shown or withheld, and when it came.
fn envelopes() -> [Sentence; 2] {
    let received = [Part::Line(Line::EnvelopeReceived), Part::When];
    let shown = [Part::Line(Line::EnvelopeFrom), Part::Number].to_vec();
    let withheld = [Part::Line(Line::EnvelopeAnonymous)].to_vec();
    [shown, withheld].map(|from| from.into_iter().chain(received.clone()).collect())
}

/// Every language says itself with whichever key it has.
fn language(menus: &Menus) -> Vec<Sentence> {
    let offered = menus.main.key(MainChoice::Language).is_some()
        || menus.operator.key(OperatorChoice::Language).is_some();
    if !offered {
        return Vec::new();
    }
    let this = |key| vec![Part::Choice(Line::LanguageThis, key)];
    let mut sentences: Vec<Sentence> = language_keys(&menus.language).map(this).collect();
    sentences.extend(menu(&menus.language, Choice::line));
    sentences.extend(lines(&[Line::LanguageChanged]));
    sentences
}

fn everywhere() -> Vec<Sentence> {
    lines(&[
        Line::NotAChoice,
        Line::NothingPressed,
        Line::ChangeFailed,
        Line::SomethingWrong,
        Line::ServiceEnding,
        Line::Goodbye,
    ])
}

/// The recording of prompts by telephone.
fn operator(menus: &Menus) -> Vec<Sentence> {
    let one_language = |choice| match choice {
        OperatorChoice::Language => None,
        _ => choice.line(),
    };
    let mut sentences = vec![
        vec![Part::Line(Line::ClipNumber), Part::Cardinal],
        vec![Part::Line(Line::ClipSpeak), Part::Beep],
    ];
    sentences.extend(lines(&[
        Line::OperatorWelcome,
        Line::EnterPasscode,
        Line::PasscodeWrong,
        Line::EnterClip,
        Line::NoSuchClip,
        Line::ClipInUse,
        Line::ClipReverted,
        Line::ClipNotOwn,
        Line::RecordingTooQuiet,
        Line::RecordingTooLoud,
        Line::ClipNotReplaced,
        Line::RolledBack,
        Line::NothingToRollBack,
        Line::SentencesEnd,
    ]));
    sentences.extend(menu(&menus.operator, Choice::line));
    add_new(&mut sentences, menu(&menus.operator, one_language));
    sentences.extend(menu(&menus.clip, Choice::line));
    sentences.extend(menu(&menus.clip_review, Choice::line));
    sentences.extend(menu(&menus.sentences, Choice::line));
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn lines_of(part: &Part) -> Option<Line> {
        match part {
            Part::Line(line) | Part::Choice(line, _) | Part::Brief(line, _) => Some(*line),
            Part::Clip(_)
            | Part::Cardinal
            | Part::Number
            | Part::Messages(_)
            | Part::When
            | Part::Length
            | Part::Beep => None,
        }
    }

    #[test]
    fn every_line_of_the_catalogue_is_in_some_sentence() {
        let places = sentences(&Menus::default());
        let parts = places.iter().flat_map(|place| place.sentences.concat());
        let listed: BTreeSet<Line> = parts.filter_map(|part| lines_of(&part)).collect();
        let missing: Vec<_> = Line::ALL.iter().filter(|l| !listed.contains(l)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_brief_form_is_in_some_sentence() {
        let places = sentences(&Menus::default());
        let parts: Vec<Part> = places.iter().flat_map(|p| p.sentences.concat()).collect();
        let listed = |line: &&Line| {
            parts.iter().any(|part| match part {
                Part::Brief(brief, _) => brief == *line,
                _ => false,
            })
        };
        let missing: Vec<_> = Line::BRIEF.iter().filter(|l| !listed(l)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_sentences_follow_the_operators_keys() {
        let text = "[review]\nkeys = { \"7\" = \"keep\" }\nsay = [\"keep\"]\nunsaid = []\n";
        let menus = Menus::parse(text).unwrap();
        let places = sentences(&menus);
        let keep = |key| vec![Part::Choice(Line::ReviewKeep, key)];
        let listed = |sentence| places.iter().any(|p| p.sentences.contains(&sentence));
        assert!(listed(keep(crate::base::Digit::D7)));
        assert!(!listed(keep(crate::base::Digit::D3)));
    }

    #[test]
    fn a_place_has_a_name_of_its_own_and_says_something() {
        let places = sentences(&Menus::default());
        let names: BTreeSet<_> = places.iter().map(|place| place.name).collect();
        assert_eq!(names.len(), places.len());
        assert!(places.iter().all(|place| !place.sentences.is_empty()));
    }
}
