//! The smallest world around a flow: it knows what plays, waits, records and is being asked, what
//! may happen next, and which effect would break a law.
//!
//! Long because each law stands beside the facts it is about.

use super::{Account, Start, now, passcode, standing as line};
use crate::base::{DialString, Digit, RecordingId, Timestamp, day_in};
use crate::flow::{
    ChangeFault, Conversation, Effect, Event, FeatureCall, FeatureSetup, KeepFault, KeyPolicy,
    LampFault, LogInVerdict, OperatorVerdict, PlayFault, PromptChange, PromptFault, RecordingDone,
    Sending, Wish,
};
use crate::mailbox::{Command, Fault, Listing, Reply, Room};
use crate::media::RecordEnd;
use crate::prompt::{Line, MessageKind, Phrase, Say};
use crate::subscriber::{Change, RecordingKind, Services};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The laws; the first eight as numbered in `flow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    HangUpEnds,
    TakeNotForgotten,
    NeverKeptTwice,
    SilenceEnds,
    PlayBeforeNext,
    AnsweredOrTold,
    NothingAfterEnd,
    NoDeadEnd,
    HeardOnlyWhilePlaying,
    RemovedOnlyIfDeleted,
    KeysSecret,
    StrayChangesNothing,
    /// How a mailbox stands is told with its listing.
    StandingTold,
    /// Who gets messages by e-mail has no mailbox to ask.
    EmailNeverListed,
    /// A recording to be tried out is no message.
    ScratchNeverKept,
    /// Prompts, and what a subscriber has set, are changed after a log-in, as a key says, and
    /// called changed when they are; how something stands is told as it stands.
    ChangedAsAsked,
    /// A message is sent as a key says, and called sent when it is.
    SentAsAsked,
    /// A message is played from its beginning, or from where it was stopped.
    ResumedWhereStopped,
    /// Who is away and takes no messages gets none.
    AwayRefuses,
    /// How the name and the absence of a subscriber stand is told as it is.
    StandsAsTold,
}

/// A broken law and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Broken {
    pub(super) law: Law,
    pub(super) how: String,
}

/// What stands around the flow: facts that are true or not independently of each other.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    started: bool,
    play: Option<Play>,
    waiting: bool,
    take: Take,
    /// Whether the take is one to be tried out.
    scratch: bool,
    keeping: bool,
    log_in: bool,
    operator_log_in: bool,
    /// Whether an operator is logged in.
    desk: bool,
    /// The change of prompts under way.
    changing: Option<PromptChange>,
    /// The change that was made in this very step.
    changed: Option<PromptChange>,
    /// What the owner has set.
    services: Services,
    /// Whether the owner is away today and takes no messages, as a caller finds it.
    refuses: bool,
    /// The change of it under way.
    wish: Option<Wish>,
    /// The one that was made in this very step.
    granted: Option<Wish>,
    /// The message on its way to other mailboxes.
    sending: Option<Sending>,
    /// The number that was read back in the last words.
    read_back: Option<DialString>,
    /// Whether it was left in all of them, in this very step.
    sent: bool,
    /// Whether another language is spoken since this very step.
    spoke: bool,
    lamp: Lamp,
    mail: VecDeque<Command>,
    open: bool,
    /// Whether a code was dialled from the own telephone, which needs no log-in.
    code: bool,
    /// Messages marked heard, by position, asked or done.
    heard: BTreeSet<usize>,
    deleted: BTreeSet<usize>,
    expunged: bool,
    secret: bool,
    untold: bool,
    over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Play {
    what: What,
    begun: bool,
    paused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Words,
    /// "One moment": it stops when the answer is there, not by a key.
    Moment,
    Take,
    Message(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Take {
    #[default]
    None,
    Running,
    Ended {
        worth: bool,
    },
    Keeping,
    Kept,
    NotKept,
}

/// The message indicator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Lamp {
    #[default]
    On,
    GoingOut,
    Out,
}

/// What was said that tells of a failure.
const TELLING: &[Line] = &[
    Line::ChangeFailed,
    Line::ClipNotOwn,
    Line::ClipNotReplaced,
    Line::LoginLocked,
    Line::LoginWrong,
    Line::MessageDamaged,
    Line::MessageGone,
    Line::MessageNotKept,
    Line::MessagesUnavailable,
    Line::NothingToRollBack,
    Line::MessageNotSent,
    Line::NotSentTo,
    Line::PasscodeUsed,
    Line::PasscodeWrong,
    Line::RecordingNotSaved,
    Line::RecordingTooLoud,
    Line::RecordingTooQuiet,
    Line::SomethingWrong,
];

fn law(law: Law, holds: bool, how: &str) -> Result<(), Broken> {
    if holds {
        return Ok(());
    }
    let how = how.to_owned();
    Err(Broken { law, how })
}

impl World {
    /// The world around somebody who has not called yet.
    pub(super) fn around(start: &Start) -> World {
        let account = &start.account;
        let services = (**start.book.of(&account.owner.mailbox)).clone();
        let own_phone = |setup: &FeatureSetup| setup.owner.is_some();
        World {
            code: matches!(
                &start.conversation,
                Conversation::Feature(FeatureCall::New(setup)) if own_phone(setup)
            ),
            refuses: services.away.refuses_messages && is_away(&services, account),
            services,
            ..World::default()
        }
    }

    /// Everything that can happen now, but for hanging up.
    pub(super) fn possible(&self, conversation: &Conversation, account: &Account) -> Vec<Event> {
        if self.over {
            return Vec::new();
        }
        if !self.started {
            return vec![Event::Started];
        }
        let mut events = vec![Event::ServiceEnding];
        if conversation.key_policy() == KeyPolicy::Now {
            events.extend(Digit::ALL.map(Event::Digit));
        }
        events.extend(self.reports(account));
        events
    }

    /// What the world itself may report next.
    pub(super) fn reports(&self, account: &Account) -> Vec<Event> {
        let mut events = self.play_reports();
        if self.waiting {
            events.push(Event::Timeout);
        }
        if self.take == Take::Running {
            events.extend(recordings().map(Event::Recorded));
            events.push(Event::RecordFailed);
        }
        if self.keeping {
            events.extend([Ok(()), Err(KeepFault::Disk)].map(Event::Kept));
        }
        if self.log_in {
            let accepted = LogInVerdict::Accepted(account.owner.clone());
            let verdicts = [accepted, LogInVerdict::Wrong, LogInVerdict::Locked];
            events.extend(verdicts.map(Event::LogIn));
        }
        if self.operator_log_in {
            let accepted = OperatorVerdict::Accepted(account.worksets.clone());
            events.extend([accepted, OperatorVerdict::Refused].map(Event::OperatorLogIn));
        }
        if self.changing.is_some() {
            events.extend(outcomes().map(Event::PromptsChanged));
        }
        if let Some(wish) = &self.wish {
            events.extend(grants(wish, &self.services).map(Event::Changed));
        }
        if let Some(sending) = &self.sending {
            let nobody = Err(sending.to.clone());
            let unknown = Err(Vec::new());
            let some = sending.to.iter().skip(1).map(|one| Err(vec![one.clone()]));
            let all = [Ok(()), nobody, unknown].into_iter().chain(some);
            events.extend(all.map(Event::Sent));
        }
        if self.lamp == Lamp::GoingOut {
            events.extend([Ok(()), Err(LampFault::Unavailable)].map(Event::LampCleared));
        }
        if let Some(command) = self.mail.front() {
            events.extend(replies(command, account).into_iter().map(Event::Mail));
        }
        events
    }

    fn play_reports(&self) -> Vec<Event> {
        let failed = Event::PlayFailed;
        match &self.play {
            Some(play) if !play.begun => vec![
                Event::PlayBegan,
                Event::PlayDone,
                failed(PlayFault::Gone),
                failed(PlayFault::Damaged),
                failed(PlayFault::Unavailable),
            ],
            Some(play) if play.paused => Vec::new(),
            Some(Play {
                what: What::Words | What::Moment,
                ..
            }) => vec![Event::PlayDone],
            Some(_) => vec![Event::PlayDone, failed(PlayFault::Damaged)],
            None => Vec::new(),
        }
    }

    /// Every report that does not belong now. The mailbox answers in order, so while one answer
    /// is due none is out of place.
    pub(super) fn strays(&self, conversation: &Conversation, account: &Account) -> Vec<Event> {
        let mut events = vec![
            Event::Started,
            Event::PlayDone,
            Event::PlayBegan,
            Event::PlayFailed(PlayFault::Damaged),
            Event::Timeout,
            Event::Kept(Ok(())),
            Event::Kept(Err(KeepFault::Disk)),
            Event::LogIn(LogInVerdict::Wrong),
            Event::LampCleared(Ok(())),
            Event::OperatorLogIn(OperatorVerdict::Refused),
            Event::PromptsChanged(Ok(())),
            Event::Changed(Err(ChangeFault::Unavailable)),
            Event::Sent(Ok(())),
            Event::RecordFailed,
        ];
        events.extend(recordings().map(Event::Recorded));
        if self.mail.is_empty() {
            events.push(Event::Mail(Reply::Listed(account.listing.clone())));
            events.push(Event::Mail(Reply::Done(Command::Expunge)));
        }
        let possible = self.possible(conversation, account);
        events.retain(|event| !possible.contains(event));
        events
    }

    /// The event happens.
    pub(super) fn happens(&mut self, event: &Event, state: &str, account: &Account) {
        (self.changed, self.spoke) = (None, false);
        (self.granted, self.sent) = (None, false);
        match event {
            Event::Started => {
                self.started = true;
                // Whoever has no passcode yet chooses one, on the own telephone.
                self.open |= self.services.passcode(&account.owner).is_none() || self.code;
            }
            Event::Digit(_) | Event::Timeout => self.waiting = false,
            Event::PlayDone | Event::PlayFailed(_) => self.play = None,
            Event::PlayBegan => {
                if let Some(play) = &mut self.play {
                    play.begun = true;
                }
            }
            Event::Recorded(done) => {
                let worth = !done.voiced.is_zero();
                self.take = Take::Ended { worth };
            }
            Event::RecordFailed => {
                self.take = if self.scratch {
                    Take::None
                } else {
                    Take::NotKept
                };
                self.untold = true;
            }
            Event::Kept(outcome) => {
                self.keeping = false;
                self.take = match outcome {
                    Ok(()) => Take::Kept,
                    Err(_) => Take::NotKept,
                };
            }
            Event::LogIn(verdict) => {
                self.log_in = false;
                self.open |= matches!(verdict, LogInVerdict::Accepted(_));
            }
            Event::LampCleared(outcome) => {
                self.lamp = if outcome.is_ok() { Lamp::Out } else { Lamp::On };
            }
            Event::Mail(reply) => self.replied(reply, state, account),
            Event::OperatorLogIn(verdict) => {
                self.operator_log_in = false;
                self.desk |= matches!(verdict, OperatorVerdict::Accepted(_));
            }
            Event::PromptsChanged(outcome) => {
                self.changed = self.changing.take().filter(|_| outcome.is_ok());
            }
            Event::Changed(outcome) => {
                self.untold |= outcome.is_err() && state == "portal.switching";
                self.granted = self.wish.take().filter(|_| outcome.is_ok());
                if let Ok(services) = outcome {
                    self.services = (**services).clone();
                }
            }
            Event::Sent(outcome) => {
                self.sending = None;
                self.sent = outcome.is_ok();
            }
            Event::ServiceEnding => {}
        }
    }

    fn replied(&mut self, reply: &Reply, state: &str, account: &Account) {
        self.mail.pop_front();
        let Reply::Failed(command, _) = reply else {
            return;
        };
        match command {
            Command::MarkHeard(id) => {
                self.heard.remove(&place(account, *id));
                self.untold |= !state.starts_with("announcement");
            }
            Command::Delete(id) => {
                self.deleted.remove(&place(account, *id));
                self.untold |= state == "portal.leaving";
            }
            Command::DeleteAll(ids) => {
                for id in ids.iter() {
                    self.deleted.remove(&place(account, *id));
                }
                self.untold |= state == "portal.leaving";
            }
            Command::Undelete(id) => {
                // Once the conversation is leaving, a message that its owner wanted back is
                // nobody's to remove.
                if state == "portal.changing" {
                    self.deleted.insert(place(account, *id));
                }
                self.untold |= state == "portal.leaving";
            }
            Command::List | Command::Expunge => {}
        }
    }

    /// The flow wants this done; `cause` is the event that made it.
    pub(super) fn takes(
        &mut self,
        effect: &Effect,
        cause: &Event,
        account: &Account,
    ) -> Result<(), Broken> {
        law(Law::NothingAfterEnd, !self.over, "an effect after the end")?;
        match effect {
            Effect::Play(words) => self.says(words, account),
            Effect::PlayMessage(id, from) => {
                law(Law::AnsweredOrTold, self.open, "a message before log-in")?;
                let stopped = self.services.positions.get(id);
                let fits = from.is_zero() || stopped == Some(from);
                law(Law::ResumedWhereStopped, fits, "played from elsewhere")?;
                self.plays(What::Message(place(account, *id)), false)
            }
            Effect::PlayTake => {
                let there = matches!(self.take, Take::Ended { .. });
                law(Law::PlayBeforeNext, there, "there is no take to play")?;
                self.plays(What::Take, false)
            }
            Effect::StopPlay => {
                law(Law::PlayBeforeNext, self.play.is_some(), "nothing plays")?;
                self.play = None;
                Ok(())
            }
            Effect::Seek(_) => self.moves(false, false),
            Effect::Pause => self.moves(false, true),
            Effect::Resume => self.moves(true, false),
            Effect::Record(_) => {
                law(Law::AwayRefuses, !self.refuses, "a message is taken")?;
                self.records(false)
            }
            Effect::RecordScratch(_) => {
                let known = self.desk || self.open;
                law(Law::ChangedAsAsked, known, "recorded before log-in")?;
                self.records(true)
            }
            Effect::StopRecord => {
                let running = self.take == Take::Running;
                law(Law::NoDeadEnd, running, "nothing is being recorded")
            }
            Effect::Keep => self.keeps(),
            Effect::Discard => self.discards(cause),
            Effect::AwaitKey(_) => self.waits(),
            Effect::FlushKeys => Ok(()),
            Effect::Mail(command) => self.asks(command, account),
            Effect::LogIn(_) => {
                law(Law::KeysSecret, self.secret, "a passcode in the open")?;
                self.log_in = true;
                Ok(())
            }
            Effect::ClearLamp => self.clears_lamp(),
            Effect::Change(wish) => self.wishes(wish, cause),
            Effect::Note(change) => {
                law(Law::ChangedAsAsked, self.open, "noted before log-in")?;
                self.services.apply(change);
                Ok(())
            }
            Effect::Send(sending) => self.sends(sending, cause),
            Effect::Speed(_) => {
                let playing = self.play.is_some();
                law(Law::PlayBeforeNext, playing, "the speed of nothing")
            }
            Effect::OperatorLogIn(_) => {
                law(Law::KeysSecret, self.secret, "a passcode in the open")?;
                self.operator_log_in = true;
                Ok(())
            }
            Effect::ChangePrompts(set, change) => {
                let known = account.worksets.iter().any(|w| w.set == *set);
                law(Law::ChangedAsAsked, known, "another set than can be chosen")?;
                self.changes(change, cause)
            }
            Effect::Speak(language) => {
                let mut sets = account.worksets.iter();
                let known = sets.any(|w| w.set.language == *language) && self.desk;
                let wish = Wish::Set(Change::Language(language.clone()));
                let chosen = self.wish == Some(wish);
                law(Law::ChangedAsAsked, known || chosen, "an unknown language")?;
                self.spoke = known;
                Ok(())
            }
            Effect::MaskKeys(on) => {
                law(Law::KeysSecret, self.secret != *on, "masked twice")?;
                self.secret = *on;
                Ok(())
            }
            Effect::Transfer(_) | Effect::HangUp => self.ends(),
        }
    }

    fn records(&mut self, scratch: bool) -> Result<(), Broken> {
        let silent = self.play.is_none();
        law(Law::PlayBeforeNext, silent, "recording a prompt")?;
        let free = self.take == Take::None;
        law(Law::TakeNotForgotten, free, "another take is not settled")?;
        (self.take, self.scratch) = (Take::Running, scratch);
        Ok(())
    }

    fn changes(&mut self, change: &PromptChange, cause: &Event) -> Result<(), Broken> {
        let only = Law::ChangedAsAsked;
        law(only, self.desk, "changed before log-in")?;
        law(only, self.changing.is_none(), "changed twice at once")?;
        law(only, matches!(cause, Event::Digit(_)), "changed unasked")?;
        let recorded = matches!(self.take, Take::Ended { .. }) && self.scratch;
        let replaces = matches!(change, PromptChange::Replace(_));
        law(only, recorded == replaces, "used, and another is recorded")?;
        self.changing = Some(change.clone());
        Ok(())
    }

    fn wishes(&mut self, wish: &Wish, cause: &Event) -> Result<(), Broken> {
        let only = Law::ChangedAsAsked;
        law(only, self.open, "changed before log-in")?;
        law(only, self.wish.is_none(), "changed twice at once")?;
        let asked = matches!(cause, Event::Digit(_) | Event::Timeout);
        let dialled = self.code && *cause == Event::Started;
        law(only, asked || dialled, "changed unasked")?;
        let recorded = matches!(self.take, Take::Ended { .. }) && self.scratch;
        let records = matches!(wish, Wish::Record(_));
        law(only, recorded == records, "used, and another is recorded")?;
        let open = matches!(wish, Wish::Passcode(_)) && !self.secret;
        law(Law::KeysSecret, !open, "a passcode in the open")?;
        let confirmed = line::is_confirmed(wish, &self.services, self.read_back.as_ref());
        // A code's number is read back with the state that results.
        law(
            only,
            confirmed || self.code,
            "forwarded to a number that nobody confirmed",
        )?;
        self.wish = Some(wish.clone());
        Ok(())
    }

    fn sends(&mut self, sending: &Sending, cause: &Event) -> Result<(), Broken> {
        let only = Law::SentAsAsked;
        law(only, self.open, "sent before log-in")?;
        law(only, self.sending.is_none(), "sent twice at once")?;
        law(only, matches!(cause, Event::Digit(_)), "sent unasked")?;
        let recorded = matches!(self.take, Take::Ended { .. }) && self.scratch;
        law(only, recorded == sending.recorded, "sent without its sound")?;
        let empty = sending.to.is_empty() || !(recorded || sending.forwarded.is_some());
        law(only, !empty, "nothing sent, or to nobody")?;
        let each: BTreeSet<_> = sending.to.iter().collect();
        law(only, each.len() == sending.to.len(), "sent to one twice")?;
        self.sending = Some(sending.clone());
        Ok(())
    }

    fn waits(&mut self) -> Result<(), Broken> {
        let speaking = self.play.as_ref().is_some_and(|p| !p.paused);
        law(Law::PlayBeforeNext, !speaking, "waiting while it speaks")?;
        self.waiting = true;
        Ok(())
    }

    fn clears_lamp(&mut self) -> Result<(), Broken> {
        let first = self.lamp == Lamp::On;
        law(Law::AnsweredOrTold, first, "asked twice")?;
        self.lamp = Lamp::GoingOut;
        Ok(())
    }

    fn says(&mut self, words: &[Phrase], account: &Account) -> Result<(), Broken> {
        law(Law::NoDeadEnd, !words.is_empty(), "a play of nothing")?;
        if is_example(words) {
            return self.plays(What::Words, true);
        }
        let says = |line| words.contains(&Phrase::Line(line));
        let saved = says(Line::MessageKept);
        let kept = self.take == Take::Kept;
        law(
            Law::TakeNotForgotten,
            !saved || kept,
            "called saved and is not",
        )?;
        law(
            Law::AnsweredOrTold,
            !says(Line::LampCleared) || self.lamp == Lamp::Out,
            "called off and is not",
        )?;
        self.confirms(words)?;
        let stands = line::is_true(words, &self.services);
        law(Law::ChangedAsAsked, stands, "it stands otherwise")?;
        self.read_back = line::read_back(words);
        self.stands(words, account)?;
        let telling = [
            Line::ChangeFailed,
            Line::MessageNotKept,
            Line::MessageNotSent,
            Line::ClipNotReplaced,
            Line::RecordingNotSaved,
        ];
        self.untold &= !telling.into_iter().any(says);
        let moment = words == [Phrase::Line(Line::OneMoment)];
        self.plays(if moment { What::Moment } else { What::Words }, true)
    }

    /// A change of prompts is called made in the step that learns of it, and never else.
    fn confirms(&self, words: &[Phrase]) -> Result<(), Broken> {
        let made = |fits: fn(&PromptChange) -> bool| self.changed.as_ref().is_some_and(fits);
        let confirmed = [
            (
                Line::ClipInUse,
                made(|c| matches!(c, PromptChange::Replace(_))),
            ),
            (
                Line::ClipReverted,
                made(|c| matches!(c, PromptChange::Drop(_))),
            ),
            (Line::RolledBack, made(|c| *c == PromptChange::RollBack)),
        ];
        let says = |line| words.contains(&Phrase::Line(line));
        let fits = confirmed.iter().all(|(line, so)| says(*line) == *so);
        law(Law::ChangedAsAsked, fits, "called changed and is not")?;
        let granted = |fits: fn(&Wish) -> bool| self.granted.as_ref().is_some_and(fits);
        let named = |wish: &Wish| *wish == Wish::Record(RecordingKind::Name);
        let erased = Change::Recording(RecordingKind::Name, None);
        let claimed = [
            (
                Line::PasscodeChanged,
                granted(|w| matches!(w, Wish::Passcode(_))),
            ),
            (Line::NameSaved, granted(named)),
            (
                Line::GreetingSaved,
                granted(|w| matches!(w, Wish::Record(kind) if *kind != RecordingKind::Name)),
            ),
            (Line::NameErased, self.granted == Some(Wish::Set(erased))),
            (
                Line::CallerForgotten,
                self.granted == Some(Wish::Set(Change::LastCaller(None))),
            ),
            (
                Line::LanguageChanged,
                self.spoke || granted(|w| matches!(w, Wish::Set(Change::Language(_)))),
            ),
        ];
        let fits = claimed.iter().all(|(line, so)| *so || !says(*line));
        law(Law::ChangedAsAsked, fits, "called changed and is not")?;
        let sent = self.sent || !says(Line::MessageSent);
        law(Law::SentAsAsked, sent, "called sent and is not")
    }

    /// How things stand is told as it is.
    fn stands(&self, words: &[Phrase], account: &Account) -> Result<(), Broken> {
        let says = |line| words.contains(&Phrase::Line(line));
        let away = self.services.away;
        let after = |line| {
            let mut pairs = words.windows(2);
            pairs.any(|pair| *pair == [Line::AwayIs, line].map(Phrase::Line))
        };
        let on = is_away(&self.services, account);
        let truths = [
            (after(Line::IsOn), on),
            (after(Line::IsOff), !on),
            (says(Line::AwayWithMessages), !away.refuses_messages),
            (says(Line::AwayWithoutMessages), away.refuses_messages),
            (says(Line::AwayLastDay), away.last_day.is_some()),
            (says(Line::NameIs), self.services.name.is_some()),
            (says(Line::NameNone), self.services.name.is_none()),
        ];
        let fits = truths.iter().all(|(told, so)| *so || !told);
        law(Law::StandsAsTold, fits, "it stands otherwise")
    }

    fn plays(&mut self, what: What, begun: bool) -> Result<(), Broken> {
        let recording = self.take == Take::Running;
        law(Law::PlayBeforeNext, !recording, "playing into a recording")?;
        self.play = Some(Play {
            what,
            begun,
            paused: false,
        });
        Ok(())
    }

    fn moves(&mut self, paused_before: bool, paused_after: bool) -> Result<(), Broken> {
        let Some(play) = &mut self.play else {
            return law(Law::PlayBeforeNext, false, "moving within nothing");
        };
        let fits = play.begun && play.paused == paused_before;
        law(Law::PlayBeforeNext, fits, "paused twice or not begun")?;
        play.paused = paused_after;
        Ok(())
    }

    fn keeps(&mut self) -> Result<(), Broken> {
        let message = !self.scratch;
        law(Law::ScratchNeverKept, message, "a try became a message")?;
        let settled = matches!(self.take, Take::Keeping | Take::Kept | Take::NotKept);
        law(Law::NeverKeptTwice, !settled, "kept twice")?;
        let there = self.take != Take::None;
        law(Law::TakeNotForgotten, there, "there is nothing to keep")?;
        let heard = self.play.as_ref().is_some_and(|p| p.what == What::Take);
        let left_by_caller = self.over;
        law(
            Law::PlayBeforeNext,
            !heard || left_by_caller,
            "kept while it plays",
        )?;
        self.take = Take::Keeping;
        self.keeping = true;
        Ok(())
    }

    fn discards(&mut self, cause: &Event) -> Result<(), Broken> {
        if self.scratch {
            return self.discards_scratch();
        }
        let Take::Ended { worth } = self.take else {
            return law(Law::TakeNotForgotten, false, "nothing to discard");
        };
        let wanted = matches!(cause, Event::Digit(_));
        law(Law::TakeNotForgotten, wanted || !worth, "dropped unasked")?;
        let heard = self.play.as_ref().is_some_and(|p| p.what == What::Take);
        law(Law::PlayBeforeNext, !heard, "dropped while it plays")?;
        self.take = Take::None;
        Ok(())
    }

    fn discards_scratch(&mut self) -> Result<(), Broken> {
        let there = matches!(self.take, Take::Running | Take::Ended { .. });
        law(Law::TakeNotForgotten, there, "nothing to discard")?;
        let heard = self.play.as_ref().is_some_and(|p| p.what == What::Take);
        law(Law::PlayBeforeNext, !heard, "dropped while it plays")?;
        let becomes = matches!(self.wish, Some(Wish::Record(_)));
        let wanted = self.changing.is_some() || becomes || self.sending.is_some();
        law(
            Law::TakeNotForgotten,
            !wanted,
            "dropped before its fate is known",
        )?;
        self.take = Take::None;
        Ok(())
    }

    fn asks(&mut self, command: &Command, account: &Account) -> Result<(), Broken> {
        law(Law::AnsweredOrTold, self.open, "the mailbox is not open")?;
        let only = Law::RemovedOnlyIfDeleted;
        law(only, !self.expunged, "a change after the removal")?;
        match command {
            Command::List => {
                let by_phone = account.owner.delivery.is_heard_by_phone();
                law(Law::EmailNeverListed, by_phone, "a listing of no mailbox")?;
            }
            Command::MarkHeard(id) => {
                let place = place(account, *id);
                let playing = self.play.as_ref();
                let heard = playing.is_some_and(|p| p.begun && p.what == What::Message(place));
                law(Law::HeardOnlyWhilePlaying, heard, "marked heard unheard")?;
                let first = self.heard.insert(place);
                law(Law::HeardOnlyWhilePlaying, first, "marked heard twice")?;
            }
            Command::Delete(id) => {
                let first = self.deleted.insert(place(account, *id));
                law(only, first, "deleted twice")?;
            }
            Command::DeleteAll(ids) => {
                law(only, !ids.is_empty(), "deletion of nothing")?;
                for id in ids.iter() {
                    let first = self.deleted.insert(place(account, *id));
                    law(only, first, "deleted twice")?;
                }
            }
            Command::Undelete(id) => {
                let was = self.deleted.remove(&place(account, *id));
                law(only, was, "taken back what was not deleted")?;
            }
            Command::Expunge => {
                law(only, !self.deleted.is_empty(), "removal of nothing")?;
                self.expunged = true;
            }
        }
        self.mail.push_back(command.clone());
        Ok(())
    }

    fn ends(&mut self) -> Result<(), Broken> {
        self.settled_take()?;
        let failed = !self.untold;
        law(Law::AnsweredOrTold, failed, "a failed change was not told")?;
        law(Law::AnsweredOrTold, !self.keeping, "kept or not is unknown")?;
        let changing = self.changing.is_some() || self.wish.is_some();
        law(Law::AnsweredOrTold, !changing, "changed or not is unknown")?;
        let sending = self.sending.is_some();
        law(Law::AnsweredOrTold, !sending, "sent or not is unknown")?;
        self.over = true;
        Ok(())
    }

    fn settled_take(&self) -> Result<(), Broken> {
        let open = matches!(self.take, Take::Running | Take::Ended { .. });
        law(Law::TakeNotForgotten, !open, "the take is forgotten")?;
        let removed = self.deleted.is_empty() || self.expunged;
        law(Law::RemovedOnlyIfDeleted, removed, "deleted, not removed")
    }

    /// The laws between two events.
    pub(super) fn rests(&self, conversation: &Conversation) -> Result<(), Broken> {
        let ended = *conversation == Conversation::Ended;
        law(Law::NothingAfterEnd, ended == self.over, "ended or not?")?;
        if self.over {
            return Ok(());
        }
        let plays = self.play.as_ref().is_some_and(|p| !p.paused);
        let lamp = self.lamp == Lamp::GoingOut;
        let operator = self.operator_log_in || self.changing.is_some();
        let owner = self.wish.is_some() || self.sending.is_some();
        let asked = self.keeping || self.log_in || lamp || operator || owner;
        let answers = asked || !self.mail.is_empty();
        let running = self.take == Take::Running;
        let goes_on = plays || self.waiting || answers || running || !self.started;
        law(Law::NoDeadEnd, goes_on, "nothing will ever happen")?;
        let state = conversation.state_name();
        let passcode = state.ends_with("passcode") || state.ends_with(".checking");
        law(Law::KeysSecret, self.secret == passcode, "secret or not?")?;
        let held = conversation.key_policy() == KeyPolicy::Hold;
        let fetching = self.play.as_ref().is_some_and(|p| !p.begun);
        let soon = answers || fetching || running;
        law(Law::NoDeadEnd, !held || soon, "keys held for nothing")?;
        let moment = self.play.as_ref().is_some_and(|p| p.what == What::Moment);
        law(
            Law::PlayBeforeNext,
            !moment || answers,
            "a moment for nothing",
        )?;
        let deaf = held && self.play.is_some() && !fetching && !moment;
        law(Law::PlayBeforeNext, !deaf, "no key stops what plays")
    }

    /// A failure must be told in the step that learns of it.
    pub(super) fn told(event: &Event, state: &str, effects: &[Effect]) -> Result<(), Broken> {
        let failure = match event {
            Event::Kept(outcome) => outcome.is_err(),
            Event::LampCleared(outcome) => outcome.is_err(),
            Event::PlayFailed(_) => true,
            Event::LogIn(verdict) => !matches!(verdict, LogInVerdict::Accepted(_)),
            Event::OperatorLogIn(verdict) => *verdict == OperatorVerdict::Refused,
            Event::PromptsChanged(outcome) => outcome.is_err(),
            // A closing server has a removal to ask for before the last words.
            Event::Changed(outcome) => outcome.is_err() && state != "portal.switching",
            Event::Sent(outcome) => outcome.is_err(),
            Event::Mail(Reply::Failed(command, _)) => {
                let later = matches!(command, Command::MarkHeard(_));
                let last = state == "portal.leaving" && *command != Command::Expunge;
                !later && !last
            }
            _ => false,
        };
        let over = state.starts_with("announcement");
        let told = TELLING.iter().any(|l| says(effects, &Phrase::Line(*l)));
        law(
            Law::AnsweredOrTold,
            !failure || over || told,
            "a failure was not told",
        )?;
        match event {
            Event::Mail(Reply::Listed(listing)) if !over => standing(listing, effects),
            _ => Ok(()),
        }
    }

    /// The caller hangs up and the flow wants these last things.
    pub(super) fn hung_up(mut self, last: &[Effect], account: &Account) -> Result<(), Broken> {
        if self.over {
            return law(
                Law::NothingAfterEnd,
                last.is_empty(),
                "hung up after the end",
            );
        }
        self.play = None;
        for effect in last {
            // An order that is given goes on; the call's own copy of the recording is not needed.
            if *effect == Effect::Discard && self.scratch {
                (self.changing, self.wish, self.sending) = (None, None, None);
                self.discards_scratch()?;
                continue;
            }
            let fits = matches!(
                effect,
                Effect::Keep | Effect::Mail(Command::Expunge) | Effect::Note(_)
            );
            law(Law::HangUpEnds, fits, "something else than the end")?;
            self.takes(effect, &Event::ServiceEnding, account)?;
        }
        self.settled_take()
    }
}

/// Whether callers hear today that the owner is away.
fn is_away(services: &Services, account: &Account) -> bool {
    services
        .away
        .holds_on(day_in(&account.owner.zone, now().wall))
}

/// What a listing says of its mailbox must be said with it.
fn standing(listing: &Listing, effects: &[Effect]) -> Result<(), Broken> {
    let line = |line| says(effects, &Phrase::Line(line));
    let expiring = Phrase::Say(Say::Messages(MessageKind::Expiring, listing.expiring));
    let told = [
        (listing.partial, Line::InboxUnreachable),
        (listing.room == Room::Scarce, Line::InboxAlmostFull),
        (listing.room == Room::Full, Line::InboxFull),
    ];
    let fits = told.iter().all(|(is_so, words)| *is_so == line(*words));
    let expires = (listing.expiring > 0) == says(effects, &expiring);
    let empty = listing.partial && line(Line::NoMessages);
    law(
        Law::StandingTold,
        fits && expires && !empty,
        "how the mailbox stands was not told",
    )
}

/// Whether these effects say this.
fn says(effects: &[Effect], phrase: &Phrase) -> bool {
    effects.iter().any(|effect| match effect {
        Effect::Play(words) => words.contains(phrase),
        _ => false,
    })
}

/// Whether this is a sentence that an operator tries out, which claims nothing: it begins with a
/// pause, as nothing else does.
pub(super) fn is_example(words: &[Phrase]) -> bool {
    matches!(words.first(), Some(Phrase::Pause(_)))
}

/// The ways a recording can go.
fn recordings() -> impl Iterator<Item = RecordingDone> {
    let ends = [
        RecordEnd::Stopped,
        RecordEnd::TooLong,
        RecordEnd::Silence,
        RecordEnd::CutOff,
    ];
    ends.into_iter().flat_map(|end| {
        [0, 5].map(|seconds| RecordingDone {
            end,
            length: Duration::from_secs(6),
            voiced: Duration::from_secs(seconds),
        })
    })
}

/// The ways a change of prompts can go.
fn outcomes() -> impl Iterator<Item = Result<(), PromptFault>> {
    let faults = [
        PromptFault::TooQuiet,
        PromptFault::TooLoud,
        PromptFault::NotOwn,
        PromptFault::NothingBefore,
        PromptFault::Failed,
    ];
    std::iter::once(Ok(())).chain(faults.map(Err))
}

/// The ways a change of what the owner has set can go.
fn grants(
    wish: &Wish,
    services: &Services,
) -> impl Iterator<Item = Result<Arc<Services>, ChangeFault>> {
    let recording = RecordingId(Uuid::from_u128(7));
    let (change, fault) = match wish {
        Wish::Set(change) => (change.clone(), None),
        Wish::Passcode(_) => (
            Change::Passcode(passcode(), Timestamp::UNIX_EPOCH),
            Some(ChangeFault::UsedBefore),
        ),
        Wish::Record(kind) => (
            Change::Recording(*kind, Some(recording)),
            Some(ChangeFault::TooQuiet),
        ),
    };
    let mut changed = services.clone();
    changed.apply(&change);
    // A walk of all passcodes ever chosen has no end.
    changed.passcode.earlier.clear();
    let faults = fault.into_iter().chain([ChangeFault::Unavailable]);
    std::iter::once(Ok(Arc::new(changed))).chain(faults.map(Err))
}

fn replies(command: &Command, account: &Account) -> Vec<Reply> {
    let mut replies = vec![
        Reply::Failed(command.clone(), Fault::Unavailable),
        Reply::Failed(command.clone(), Fault::Gone),
    ];
    replies.push(match command {
        Command::List => Reply::Listed(account.listing.clone()),
        other => Reply::Done(other.clone()),
    });
    replies
}

/// Where a message stands in the listing; a message that is not in it has no business here.
fn place(account: &Account, id: crate::base::MessageId) -> usize {
    let mut messages = account.messages().iter();
    messages.position(|m| m.id == id).unwrap()
}
