//! Every sentence that a conversation can say, in the order of a call.
//!
//! In: the menus, so that choices follow the operator's keys. Out: places with their sentences,
//! what is filled in left open. Laws, proved by the walk: all that is ever played is put together
//! from these sentences, and each of them is played somewhere. What the recording of prompts by
//! telephone says of a prompt's own text is not here: it can be any clip.

mod line;

use super::portal::language_keys;
use super::{
    AwayChoice, BetweenChoice, Choice, Detail, GreetingsChoice, MainChoice, Menu, Menus,
    MoreChoice, OperatorChoice, OwnRecordingChoice, SendingChoice, VoicemailChoice,
};
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
        place("more to do with a message", more(menus)),
        place("sending a message", sending(menus)),
        place("deleting all messages", delete_all(menus)),
        place("name and greetings", own_recordings(menus)),
        place("language", language(menus)),
        place("choosing a passcode", line::passcode()),
        place("call forwarding", line::forwarding(menus)),
        place("other services", line::services(menus)),
        place("what is active", line::status()),
        place(
            "message indicator",
            lines(&[Line::LampCleared, Line::OwnPhoneOnly]),
        ),
        place("feature access codes", line::codes(menus)),
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

/// What a phrase is when its values are left open: nothing for a pause, and for what a subscriber
/// recorded the words that stand in for it, which must be there too.
pub(super) fn parts(phrase: &Phrase) -> Vec<Part> {
    let part = match phrase {
        Phrase::Line(line) => Part::Line(*line),
        Phrase::Choice(line, key) => Part::Choice(*line, *key),
        Phrase::Brief(line, key) => Part::Brief(*line, *key),
        Phrase::In(_, phrase) => return parts(phrase),
        Phrase::Clip(clip) => Part::Clip(clip.clone()),
        Phrase::Say(Say::Cardinal(_)) => Part::Cardinal,
        Phrase::Say(Say::Number(_)) => Part::Number,
        Phrase::Say(Say::Messages(kind, _)) => Part::Messages(*kind),
        Phrase::Say(Say::When { .. }) => Part::When,
        Phrase::Say(Say::Day { .. }) => Part::Day,
        Phrase::Say(Say::Length(_)) => Part::Length,
        Phrase::Beep => Part::Beep,
        Phrase::Recorded(_, instead) => return instead.iter().flat_map(parts).collect(),
        Phrase::Pause(_) => return Vec::new(),
    };
    vec![part]
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
            .flat_map(parts)
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
        Line::GreetingAway,
    ];
    let whole = |reason, rest: &[Line]| -> Sentence {
        let begin = [Part::Line(Line::GreetingReached), Part::Number];
        let rest = [reason].into_iter().chain(rest.iter().copied());
        begin.into_iter().chain(rest.map(Part::Line)).collect()
    };
    let open: &[Line] = &[Line::LeaveMessage, Line::FinishRecording];
    let mut sentences = Vec::new();
    for rest in [open, &[]] {
        sentences.extend(reasons.map(|reason| whole(reason, rest)));
    }
    sentences.push(whole(Line::GreetingAway, &[Line::NoMessageNow]));
    sentences.extend(lines(&[
        Line::MailboxFull,
        Line::DepositUnavailable,
        Line::NoMessageNow,
    ]));
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
    sentences.push(vec![
        Part::Line(Line::ReceiptLength),
        Part::Length,
        Part::Line(Line::ReceiptFor),
        Part::Number,
    ]);
    sentences
}

fn log_in() -> Vec<Sentence> {
    let passcode = [Line::EnterPasscode, Line::OtherMailbox];
    let mut sentences = lines(&[Line::PortalWelcome]);
    sentences.push(passcode.map(Part::Line).to_vec());
    sentences.extend(lines(&[
        Line::YourPasscode,
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
    let mut sentences = lines(&[Line::PrivateMessage, Line::ResumedMessage]);
    sentences.extend(kinds.into_iter().flat_map(each));
    sentences
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
    let nobody = |choice| match choice {
        BetweenChoice::CallBack => None,
        _ => choice.line(),
    };
    let deleted_of_nobody = |choice| match choice {
        BetweenChoice::CallBack => None,
        _ => deleted(choice),
    };
    for variant in [
        menu(&menus.between, deleted),
        menu(&menus.between, nobody),
        menu(&menus.between, deleted_of_nobody),
    ] {
        add_new(&mut sentences, variant);
    }
    if menus.between.key(BetweenChoice::Envelope).is_some() {
        let length = [Part::Line(Line::EnvelopeLength), Part::Length];
        let whole = |envelope: Sentence| envelope.into_iter().chain(length.clone()).collect();
        sentences.extend(envelopes().into_iter().map(whole));
    }
    sentences
}

fn more(menus: &Menus) -> Vec<Sentence> {
    if menus.between.key(BetweenChoice::More).is_none() {
        return Vec::new();
    }
    let mut sentences = menu(&menus.more, Choice::line);
    let refusals = [
        (MoreChoice::Reply, Line::CannotReply),
        (MoreChoice::Forward, Line::CannotForward),
    ];
    let refusals = refusals.map(|(choice, line)| menus.more.key(choice).map(|_| line));
    sentences.extend(
        refusals
            .into_iter()
            .flatten()
            .flat_map(|line| lines(&[line])),
    );
    sentences
}

/// Whether anything can be forwarded, and whether any message can be sent.
fn can_send(menus: &Menus) -> (bool, bool) {
    let has_more = menus.between.key(BetweenChoice::More).is_some();
    let has = |choice| has_more && menus.more.key(choice).is_some();
    let (reply, forward) = (has(MoreChoice::Reply), has(MoreChoice::Forward));
    let compose = menus.voicemail.key(VoicemailChoice::Compose).is_some();
    (forward, forward || reply || compose)
}

/// A recipient who has recorded a name is named by that, so a line can stand without a number.
fn sending(menus: &Menus) -> Vec<Sentence> {
    let (can_forward, can_send) = can_send(menus);
    if !can_send {
        return Vec::new();
    }
    let mut sentences = vec![
        vec![Part::Line(Line::MessageSpeak), Part::Beep],
        vec![Part::Line(Line::MessageFor), Part::Number],
        vec![Part::Line(Line::NotSentTo), Part::Number],
        vec![Part::Number],
    ];
    if can_forward {
        sentences.push(vec![Part::Line(Line::IntroductionSpeak), Part::Beep]);
    }
    sentences.extend(lines(&[
        Line::MessageFor,
        Line::MessageSent,
        Line::MessageNotSent,
        Line::NotSentTo,
        Line::NoMoreRecipients,
    ]));
    for urgent in [Line::SendUrgent, Line::SendNotUrgent] {
        for private in [Line::SendPrivate, Line::SendNotPrivate] {
            let line = |choice| match choice {
                SendingChoice::Urgent => Some(urgent),
                SendingChoice::Private => Some(private),
                _ => choice.line(),
            };
            add_new(&mut sentences, menu(&menus.sending, line));
        }
    }
    sentences
}

fn delete_all(menus: &Menus) -> Vec<Sentence> {
    if menus.voicemail.key(VoicemailChoice::DeleteAll).is_none() {
        return Vec::new();
    }
    let mut sentences = lines(&[Line::DeleteAllAsk, Line::AllDeleted]);
    sentences.extend(menu(&menus.confirm_delete, Choice::line));
    sentences
}

/// From whom a message is, shown or withheld, and when it came.
fn envelopes() -> [Sentence; 2] {
    let received = [Part::Line(Line::EnvelopeReceived), Part::When];
    let shown = [Part::Line(Line::EnvelopeFrom), Part::Number].to_vec();
    let withheld = [Part::Line(Line::EnvelopeAnonymous)].to_vec();
    [shown, withheld].map(|from| from.into_iter().chain(received.clone()).collect())
}

/// The own recordings, as far as the menus lead to them; an absence is told at log-in too.
fn own_recordings(menus: &Menus) -> Vec<Sentence> {
    let all = menus.main.key(MainChoice::Greetings).is_some();
    let of = |choice, own: Option<VoicemailChoice>| {
        let by_menu = all && menus.greetings.key(choice).is_some();
        by_menu || own.is_some_and(|own| menus.voicemail.key(own).is_some())
    };
    let name = of(GreetingsChoice::Name, None);
    let greeting = of(GreetingsChoice::Busy, Some(VoicemailChoice::Busy))
        || of(GreetingsChoice::NoAnswer, Some(VoicemailChoice::NoAnswer));
    let away = of(GreetingsChoice::Away, Some(VoicemailChoice::Away));
    let mut sentences = Vec::new();
    if all {
        sentences.extend(menu(&menus.greetings, Choice::line));
    }
    if name {
        add_new(&mut sentences, name_sentences(menus));
    }
    if greeting {
        add_new(&mut sentences, menu(&menus.own_recording, Choice::line));
    }
    if greeting || away {
        add_new(&mut sentences, greeting_sentences());
    }
    if away {
        add_new(&mut sentences, away_sentences(menus));
    }
    if name || greeting || away {
        let failures = [Line::RecordingTooQuiet, Line::RecordingNotSaved];
        add_new(&mut sentences, lines(&failures));
        add_new(&mut sentences, menu(&menus.clip_review, Choice::line));
    }
    add_new(&mut sentences, reminder());
    sentences
}

fn name_sentences(menus: &Menus) -> Vec<Sentence> {
    let name = |choice| match choice {
        OwnRecordingChoice::Revert => Some(Line::NameRevert),
        choice => choice.line(),
    };
    let mut sentences = menu(&menus.own_recording, name);
    sentences.push(vec![Part::Line(Line::NameIs), Part::Number]);
    sentences.push(vec![Part::Line(Line::NameSpeak), Part::Beep]);
    sentences.push(vec![Part::Number]);
    sentences.extend(lines(&[Line::NameNone, Line::NameSaved, Line::NameErased]));
    sentences
}

fn greeting_sentences() -> Vec<Sentence> {
    let mut sentences = lines(&[
        Line::GreetingOwn,
        Line::GreetingStandard,
        Line::GreetingSaved,
    ]);
    sentences.push(vec![Part::Line(Line::GreetingSpeak), Part::Beep]);
    sentences
}

fn away_sentences(menus: &Menus) -> Vec<Sentence> {
    let refused = |choice| match choice {
        AwayChoice::Deposit => Some(Line::AwayDepositYes),
        choice => choice.line(),
    };
    let mut sentences = menu(&menus.away, Choice::line);
    add_new(&mut sentences, menu(&menus.away, refused));
    sentences.push([Line::AwayIs, Line::IsOff].map(Part::Line).to_vec());
    sentences.extend(lines(&[
        Line::AwayWithMessages,
        Line::AwayWithoutMessages,
        Line::EnterLastDay,
        Line::NoSuchDay,
    ]));
    sentences
}

/// What whoever is away hears at log-in.
fn reminder() -> Vec<Sentence> {
    vec![
        [Line::AwayIs, Line::IsOn].map(Part::Line).to_vec(),
        vec![Part::Line(Line::AwayLastDay), Part::Day],
    ]
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
            | Part::Day
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
