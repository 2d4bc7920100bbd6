//! One call: its SIP leg, its flow, its recording and its plays, from INVITE to the last word.
//!
//! In: what SIP, media, spool, mailbox and clock report. Out: [`Command`]s. Laws: the BYE of the
//! peer is answered only after the recording is settled; a late report of something replaced is
//! ignored; keys typed ahead wait until the flow takes them; whatever happens, a recording that
//! has begun is kept or dropped by rule, never forgotten.
//!
//! Long because whatever reaches a call is taken in here, beside what it may find.

mod agreement;
mod effects;
mod farewell;
mod position;
mod purpose;
mod questions;
mod take;

pub(super) use purpose::Purpose;
pub use questions::{CHANGE_PATIENCE, PATIENCE, RECORDING_PATIENCE};

use super::leg::Leg;
use super::route::{self, Diagnostic};
use super::vocabulary::{Command, Door, Milestone};
use super::voice;
use crate::audio::WireAudio;
use crate::base::{
    CallId, Digit, Ids, MailboxId, MessageId, Mono, Now, PlayId, RecordingId, SessionId,
};
use crate::flow::{
    ChangeFault, Conversation, Cx, Effects, Event, KeepFault, KeyPolicy, LampFault, LogInVerdict,
    OperatorVerdict, PlayFault, PromptFault,
};
use crate::media::Speed;
use crate::mime::Reason;
use crate::prompt::{Phrase, Voice};
use crate::sip::{EndReason, Invite, Offer, Refusal};
use crate::subscriber::{Change, Condition, Guarded, Profile, Services};
use crate::{mailbox, media, sip};
use farewell::Farewell;
use position::Hearings;
use questions::{Question, Questions};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use take::Take;

/// Keys typed ahead that are remembered; more are dropped.
pub const TYPE_AHEAD_MAX: usize = 64;

/// What a call needs from outside for one step: rules in, identifiers, and a place for commands.
pub(super) struct Desk<'a> {
    pub now: Now,
    pub cx: Cx<'a>,
    pub ids: &'a mut Ids,
    pub out: &'a mut VecDeque<Command>,
}

/// A call.
#[derive(Debug)]
pub(super) struct CallSession {
    id: CallId,
    media: SessionId,
    invite: Box<Invite>,
    leg: Leg,
    phase: Phase,
    talk: Talk,
    /// The subscriber whose mailbox is being filled or heard.
    owner: Option<Arc<Profile>>,
    /// In whose voice the caller is spoken to.
    voice: Voice,
    reason: Option<Reason>,
    take: Take,
    play: Play,
    /// Whether the flow holds what plays.
    paused: bool,
    /// How fast messages and recordings are to play.
    speed: Speed,
    /// How fast the media session plays.
    media_speed: Speed,
    /// Whether the server is closing down.
    closing: bool,
    wait: Wait,
    ahead: VecDeque<Digit>,
    masked: bool,
    /// Log-in attempts so far.
    attempts: u32,
    /// Changes and messages ordered so far.
    orders: u32,
    /// The messages of which it is not known yet where they were stopped.
    hearings: Hearings,
    /// The change of call forwarding that is being stored.
    forwarding: Option<Condition>,
    /// The words that wait for what subscribers recorded.
    words: Vec<Phrase>,
    questions: Questions,
    /// Why the conversation is over; empty while it is not.
    why_ended: &'static str,
    events: VecDeque<Event>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Our 200 is out, its ACK is not here yet.
    Answered,
    /// The conversation runs.
    Up,
    /// It is over; the recording may still have to be settled.
    Ending(Farewell),
    /// Nothing is left to do.
    Done,
}

/// Who talks to the caller: nearly always a flow, so its size is that of a call in any case.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
enum Talk {
    Flow(Box<Conversation>),
    Diagnostic(Diagnostic),
}

/// What plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    Nothing,
    /// A message's audio is being loaded, to be heard from this position on.
    Loading(PlayId, MessageId, Duration),
    /// The recording's audio is being loaded.
    LoadingTake(MessageId),
    /// What subscribers recorded is being loaded, for words that are to be said.
    LoadingWords(PlayId),
    /// Words are being said.
    Saying(PlayId),
    /// A message, the recording or a tone is being played.
    Running(PlayId),
}

/// The wait for a key. A call on hold does not run it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    None,
    Until(Mono),
    Held(Duration),
}

impl CallSession {
    /// Answers a call that has sockets and somewhere to go.
    pub(super) fn answer(
        invite: Box<Invite>,
        purpose: Purpose,
        mut leg: Leg,
        media: SessionId,
        voice: Voice,
        desk: &mut Desk<'_>,
    ) -> Result<CallSession, Refusal> {
        let (description, remote) = leg.respond(invite.offer.as_deref())?;
        let Purpose {
            talk,
            owner,
            reason,
        } = purpose;
        let mut session = CallSession {
            id: invite.call,
            media,
            invite,
            leg,
            phase: Phase::Answered,
            talk,
            owner,
            voice,
            reason,
            take: Take::None,
            play: Play::Nothing,
            paused: false,
            speed: Speed::Normal,
            media_speed: Speed::Normal,
            closing: false,
            wait: Wait::None,
            ahead: VecDeque::new(),
            masked: false,
            attempts: 0,
            orders: 0,
            hearings: Hearings::default(),
            forwarding: None,
            words: Vec::new(),
            questions: Questions::default(),
            why_ended: "",
            events: VecDeque::new(),
        };
        session.set_remote(desk, remote);
        desk.out.push_back(Command::Sip(sip::Command::Answer {
            call: session.id,
            description,
        }));
        Ok(session)
    }

    /// The session's media.
    pub(super) fn media(&self) -> SessionId {
        self.media
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// The recording whose fate is open.
    pub(super) fn take(&self) -> Option<MessageId> {
        match self.take {
            Take::Running { id, .. } | Take::Committing(id) | Take::Trying(id) => Some(id),
            Take::Ended(recorded) | Take::Tried(recorded) => Some(recorded.take),
            Take::None | Take::Failed => None,
        }
    }

    /// Whether the conversation is over and the recording settled; a BYE may still be unanswered.
    pub(super) fn is_settled(&self) -> bool {
        match self.phase {
            Phase::Answered | Phase::Up => false,
            Phase::Ending(_) => match self.take {
                Take::None | Take::Failed => true,
                Take::Running { .. }
                | Take::Ended(_)
                | Take::Committing(_)
                | Take::Trying(_)
                | Take::Tried(_) => false,
            },
            Phase::Done => true,
        }
    }

    /// When the call wants to be woken.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let wait = match self.wait {
            Wait::Until(at) if self.phase == Phase::Up => Some(at),
            Wait::Until(_) | Wait::Held(_) | Wait::None => None,
        };
        wait.into_iter().chain(self.questions.deadline()).min()
    }

    /// Something happened on the SIP side.
    pub(super) fn on_sip(&mut self, desk: &mut Desk<'_>, event: sip::Event) {
        match event {
            sip::Event::Acknowledged { answer, .. } => self.on_acknowledged(desk, answer),
            sip::Event::OfferedAgain { offer, .. } => self.on_offered_again(desk, offer.as_deref()),
            sip::Event::InfoDigit { digit, .. } => {
                desk.out.push_back(Command::InfoDigit(self.media, digit));
            }
            sip::Event::Bye { .. } => self.end(desk, Farewell::PeerWaits, "caller hung up"),
            sip::Event::Ended { reason, .. } => self.on_ended(desk, &reason),
            // invariant: the switch hands over only what concerns a call that arrived.
            sip::Event::Invite(_)
            | sip::Event::Ringing { .. }
            | sip::Event::Answered { .. }
            | sip::Event::Subscribed(_)
            | sip::Event::Unsubscribed { .. }
            | sip::Event::PeerNotified { .. }
            | sip::Event::Registering(_)
            | sip::Event::Claimed(_) => {}
        }
    }

    /// The media session reports.
    pub(super) fn on_media(&mut self, desk: &mut Desk<'_>, event: &media::Event) {
        match *event {
            media::Event::Digit(digit) => self.on_digit(desk, digit),
            media::Event::PlayDone(id) => {
                self.on_play_over(desk, id, None);
                if [Play::Saying(id), Play::Running(id)].contains(&self.play) {
                    self.play = Play::Nothing;
                    self.on_play_done(desk);
                }
            }
            media::Event::Stopped(id, at) => self.on_play_over(desk, id, Some(at)),
            media::Event::Recorded(recorded) => self.on_recorded(desk, recorded),
            media::Event::Silent(_) => {
                if self.phase == Phase::Up {
                    desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                    self.end(desk, Farewell::WeWait, "no media from the caller");
                }
            }
            media::Event::Broken => {
                if matches!(self.phase, Phase::Answered | Phase::Up) {
                    desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                    self.end(desk, Farewell::WeWait, "a fault of this server's media");
                }
            }
            media::Event::KeysSent => {}
        }
    }

    /// Audio that was asked for is here, or cannot be had.
    pub(super) fn on_audio(
        &mut self,
        desk: &mut Desk<'_>,
        play: PlayId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        self.questions.answered(&Question::Audio(play));
        match self.play {
            Play::Loading(wanted, message, from) if wanted == play && self.phase == Phase::Up => {
                if let Ok(audio) = &audio {
                    self.hearings.begin(play, message, audio.duration());
                }
                self.start_audio(desk, play, audio, from);
            }
            Play::Loading(..)
            | Play::Nothing
            | Play::LoadingTake(_)
            | Play::LoadingWords(_)
            | Play::Saying(_)
            | Play::Running(_) => {}
        }
    }

    /// The recording's audio is here, or cannot be had.
    pub(super) fn on_take_audio(
        &mut self,
        desk: &mut Desk<'_>,
        take: MessageId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        self.questions.answered(&Question::TakeAudio(take));
        if self.play == Play::LoadingTake(take) && self.phase == Phase::Up {
            let play = desk.ids.play();
            let audio = audio.map(|audio| audio.up_to(self.take_length()));
            self.start_audio(desk, play, audio, Duration::ZERO);
        }
    }

    /// The mailbox answers.
    pub(super) fn on_mail(&mut self, desk: &mut Desk<'_>, reply: mailbox::Reply) {
        let command = match &reply {
            mailbox::Reply::Listed(_) => mailbox::Command::List,
            mailbox::Reply::Done(command) | mailbox::Reply::Failed(command, _) => command.clone(),
        };
        if self.questions.answered(&Question::Mail(command)) {
            self.tell(desk, Event::Mail(reply));
        }
    }

    /// What this log-in attempt is to open, while its passcode is being checked.
    pub(super) fn log_in(&self, attempt: u32) -> Option<&Door> {
        self.questions.log_in(attempt)
    }

    /// Where the call comes from.
    pub(super) fn source(&self) -> Guarded {
        route::source(&self.invite)
    }

    /// A log-in to a mailbox was checked.
    pub(super) fn on_log_in(&mut self, desk: &mut Desk<'_>, attempt: u32, verdict: LogInVerdict) {
        if !self.questions.log_in_answered(attempt) {
            return;
        }
        if let LogInVerdict::Accepted(profile) = &verdict {
            self.voice = voice::of_owner(profile, desk.cx.languages, desk.cx.book);
            self.owner = Some(Arc::clone(profile));
            self.note_change(desk, Change::LoggedIn);
        }
        self.tell(desk, Event::LogIn(verdict));
    }

    /// A log-in of someone who changes prompts was checked.
    pub(super) fn on_operator_log_in(
        &mut self,
        desk: &mut Desk<'_>,
        attempt: u32,
        verdict: OperatorVerdict,
    ) {
        if self.questions.log_in_answered(attempt) {
            self.tell(desk, Event::OperatorLogIn(verdict));
        }
    }

    /// A prompt set was changed, or was not.
    pub(super) fn on_prompts_changed(
        &mut self,
        desk: &mut Desk<'_>,
        order: u32,
        outcome: Result<(), PromptFault>,
    ) {
        if self.questions.answered(&Question::Prompts(order)) {
            self.tell(desk, Event::PromptsChanged(outcome));
        }
    }

    /// What the owner has set was changed, or was not.
    pub(super) fn on_changed(
        &mut self,
        desk: &mut Desk<'_>,
        order: u32,
        outcome: Result<Arc<Services>, ChangeFault>,
    ) {
        if self.questions.answered(&Question::Change(order)) {
            let forwarded = self.forwarding.take().zip(outcome.as_ref().ok());
            if let Some(((condition, services), owner)) = forwarded.zip(self.owner.as_ref()) {
                let forward = services.forwarding.under(condition).clone();
                let mailbox = owner.mailbox.clone();
                self.note(desk, Milestone::Forwarding(mailbox, condition, forward));
            }
            self.tell(desk, Event::Changed(outcome));
        }
    }

    /// A message was left in other mailboxes, or not in all of them.
    pub(super) fn on_sent(
        &mut self,
        desk: &mut Desk<'_>,
        order: u32,
        outcome: Result<(), Vec<MailboxId>>,
    ) {
        if self.questions.answered(&Question::Send(order)) {
            self.tell(desk, Event::Sent(outcome));
        }
    }

    /// What subscribers recorded is here, as far as it can be had: the words are said now.
    pub(super) fn on_recordings(
        &mut self,
        desk: &mut Desk<'_>,
        play: PlayId,
        recordings: Vec<(RecordingId, WireAudio)>,
    ) {
        self.questions.answered(&Question::Recordings(play));
        if self.play == Play::LoadingWords(play) && self.phase == Phase::Up {
            self.say_now(desk, play, recordings);
        }
    }

    /// The message indicator is out, or could not be put out.
    pub(super) fn on_lamp_cleared(&mut self, desk: &mut Desk<'_>, outcome: Result<(), LampFault>) {
        if self.questions.answered(&Question::Lamp) {
            self.tell(desk, Event::LampCleared(outcome));
        }
    }

    /// The time has come to look at the deadlines.
    pub(super) fn on_timeout(&mut self, desk: &mut Desk<'_>) {
        while let Some(question) = self.questions.overdue(desk.now.mono) {
            self.give_up(desk, &question);
        }
        match self.wait {
            Wait::Until(at) if at <= desk.now.mono && self.phase == Phase::Up => {
                self.wait = Wait::None;
                self.tell(desk, Event::Timeout);
            }
            Wait::Until(_) | Wait::Held(_) | Wait::None => {}
        }
    }

    /// Nobody answered: the flow hears of a fault instead.
    fn give_up(&mut self, desk: &mut Desk<'_>, question: &Question) {
        tracing::warn!(call = %self.id, question = question.kind(), "no answer in time");
        match *question {
            Question::Mail(ref command) => {
                let failed = mailbox::Reply::Failed(command.clone(), mailbox::Fault::Unavailable);
                self.tell(desk, Event::Mail(failed));
            }
            Question::LogIn(_, Door::Mailbox(_)) => {
                self.tell(desk, Event::LogIn(LogInVerdict::Wrong));
            }
            Question::LogIn(_, Door::Prompts(_)) => {
                self.tell(desk, Event::OperatorLogIn(OperatorVerdict::Refused));
            }
            Question::Prompts(_) => {
                self.tell(desk, Event::PromptsChanged(Err(PromptFault::Failed)));
            }
            Question::Change(_) => {
                self.tell(desk, Event::Changed(Err(ChangeFault::Unavailable)));
            }
            Question::Send(_) => self.tell(desk, Event::Sent(Err(Vec::new()))),
            Question::Recordings(play) => self.on_recordings(desk, play, Vec::new()),
            Question::Stopped => self.on_stop_unheard(desk),
            Question::Lamp => {
                let failed = Err(LampFault::Unavailable);
                self.tell(desk, Event::LampCleared(failed));
            }
            Question::End(take) => self.on_end_unheard(desk, take),
            // Nobody is left to be told, and a BYE answered now would promise too much.
            Question::Keep(_) if matches!(self.phase, Phase::Ending(_)) => {
                self.questions.ask(desk.now.mono, question.clone());
            }
            Question::Keep(take) => self.kept(desk, take, Err(KeepFault::Disk)),
            Question::Audio(play) => self.on_audio(desk, play, Err(PlayFault::Unavailable)),
            Question::TakeAudio(take) => {
                self.on_take_audio(desk, take, Err(PlayFault::Unavailable));
            }
        }
    }

    fn on_acknowledged(&mut self, desk: &mut Desk<'_>, answer: Option<Offer>) {
        if self.phase != Phase::Answered {
            if let Some(answer) = answer {
                self.accept_answer(desk, &answer);
            }
            return;
        }
        if let Some(answer) = answer
            && !self.accept_answer(desk, &answer)
        {
            desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
            return self.end(desk, Farewell::WeWait, "no codec in common");
        }
        self.phase = Phase::Up;
        self.note(desk, Milestone::Answered(self.leg.law()));
        match &self.talk {
            Talk::Flow(_) => self.tell(desk, Event::Started),
            Talk::Diagnostic(kind) => self.start_diagnostic(desk, *kind),
        }
    }

    fn on_ended(&mut self, desk: &mut Desk<'_>, reason: &EndReason) {
        let why = match reason {
            EndReason::Cancelled => "caller gave up",
            EndReason::NoAck => "the answer was never acknowledged",
            EndReason::SessionExpired => "the session timer ran out",
            EndReason::Refused(_) => "refused",
            EndReason::NoResponse => "the peer does not answer",
            EndReason::HungUp => "hung up",
        };
        self.end(desk, Farewell::Nobody, why);
    }

    fn on_digit(&mut self, desk: &mut Desk<'_>, digit: Digit) {
        // Before the ACK nobody knows what a key is for, so it is kept and kept secret.
        let shown = match self.phase {
            Phase::Answered => None,
            Phase::Up => (!self.masked).then_some(digit),
            Phase::Ending(_) | Phase::Done => return,
        };
        let state = match &self.talk {
            Talk::Flow(flow) => flow.state_name(),
            Talk::Diagnostic(_) => "diagnostic",
        };
        self.note(desk, Milestone::Key { key: shown, state });
        match &self.talk {
            Talk::Flow(_) => {
                if self.ahead.len() < TYPE_AHEAD_MAX {
                    self.ahead.push_back(digit);
                }
                self.run(desk);
            }
            Talk::Diagnostic(kind) if self.phase == Phase::Up => {
                self.diagnostic_key(desk, *kind, digit);
            }
            Talk::Diagnostic(_) => {}
        }
    }

    fn on_play_done(&mut self, desk: &mut Desk<'_>) {
        match &self.talk {
            Talk::Flow(_) => self.tell(desk, Event::PlayDone),
            Talk::Diagnostic(kind) => self.start_diagnostic(desk, *kind),
        }
    }

    /// Hands an event to the flow and carries out what it wants.
    fn tell(&mut self, desk: &mut Desk<'_>, event: Event) {
        if self.phase == Phase::Up {
            self.events.push_back(event);
            self.run(desk);
        }
    }

    /// Runs the flow until it has seen every event, and every key it takes now.
    fn run(&mut self, desk: &mut Desk<'_>) {
        while self.phase == Phase::Up {
            let Talk::Flow(flow) = &mut self.talk else {
                return;
            };
            let event = match self.events.pop_front() {
                Some(event) => event,
                None if flow.key_policy() == KeyPolicy::Now => match self.ahead.pop_front() {
                    Some(digit) => Event::Digit(digit),
                    None => return,
                },
                None => return,
            };
            if matches!(event, Event::Digit(_)) {
                self.wait = Wait::None;
            }
            let mut effects = Effects::new();
            let before = std::mem::replace(&mut **flow, Conversation::Ended);
            **flow = before.on(event, &desk.cx, &mut effects);
            for effect in effects {
                self.carry_out(desk, effect);
            }
        }
    }

    fn to_media(&self, desk: &mut Desk<'_>, command: media::Command) {
        desk.out.push_back(Command::Media(self.media, command));
    }

    fn note(&self, desk: &mut Desk<'_>, what: Milestone) {
        desk.out.push_back(Command::Milestone {
            call: self.id,
            what,
        });
    }
}
