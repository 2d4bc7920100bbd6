//! One call: its SIP leg, its flow, its recording and its plays, from INVITE to the last word.
//!
//! In: what SIP, media, spool, mailbox and clock report. Out: [`Command`]s. Laws: the BYE of the
//! peer is answered only after the recording is settled; a late report of something replaced is
//! ignored; keys typed ahead wait until the flow takes them; whatever happens, a recording that
//! has begun is kept or dropped by rule, never forgotten.

use super::diagnostic;
use super::leg::Leg;
use super::route::{self, Diagnostic, Route};
use super::vocabulary::{Command, Milestone, TakeCommand};
use crate::audio::WireAudio;
use crate::base::{
    CallId, DialString, Digit, Ids, Language, MailboxId, MessageId, Mono, Now, PlayId, SessionId,
};
use crate::flow::{
    Conversation, Cx, DepositSetup, Effect, Effects, Event, KeepFault, KeyPolicy, LogInVerdict,
    PlayFault, PortalSetup, RecordingDone, worth_keeping,
};
use crate::mailbox::{Ending, Envelope, Facts, Owner};
use crate::media::{self, PlayItem, RecordEnd, Recorded};
use crate::mime::Reason;
use crate::prompt::Phrase;
use crate::sip::{EndReason, Invite, Offer, Refusal};
use crate::subscriber::Profile;
use crate::{mailbox, sip};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

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
pub struct CallSession {
    id: CallId,
    media: SessionId,
    invite: Box<Invite>,
    leg: Leg,
    phase: Phase,
    talk: Talk,
    /// The subscriber whose mailbox is being filled or heard.
    owner: Option<Arc<Profile>>,
    language: Language,
    reason: Option<Reason>,
    take: Take,
    play: Play,
    wait: Wait,
    ahead: VecDeque<Digit>,
    masked: bool,
    /// The mailbox whose passcode is being checked.
    log_in: Option<MailboxId>,
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

/// What SIP still expects of a call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// The peer's BYE waits for its answer.
    PeerWaits,
    /// Our BYE is out.
    WeWait,
    /// Nothing.
    Nobody,
}

/// Who talks to the caller.
#[derive(Debug)]
enum Talk {
    Flow(Conversation),
    Diagnostic(Diagnostic),
}

/// The recording of this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    None,
    /// Being recorded. `keep`: commit as soon as it has ended.
    Running {
        id: MessageId,
        keep: bool,
    },
    /// Recorded, its fate open.
    Ended(Recorded),
    /// The disk refused it.
    Failed,
    /// On its way to being a message.
    Committing(MessageId),
}

/// What plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    Nothing,
    /// A message's audio is being loaded.
    Loading(PlayId),
    /// The recording's audio is being loaded.
    LoadingTake(MessageId),
    /// Audio is being sent.
    Running(PlayId),
}

/// The wait for a key. A call on hold does not run it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    None,
    Until(Mono),
    Held(Duration),
}

/// Who is called and why: what a route that leads to a conversation amounts to.
#[derive(Debug)]
pub(super) struct Purpose {
    talk: Talk,
    owner: Option<Arc<Profile>>,
    reason: Option<Reason>,
}

impl Purpose {
    /// What this route is for; the status to refuse with where it leads nowhere.
    pub(super) fn of(route: Route, admitted: bool) -> Result<Purpose, Refusal> {
        let flow = |conversation, owner, reason| Purpose {
            talk: Talk::Flow(conversation),
            owner,
            reason,
        };
        match route {
            Route::Portal { owner, entry } => {
                let setup = PortalSetup {
                    owner: owner.clone(),
                    entry,
                };
                Ok(flow(Conversation::portal(setup), owner, None))
            }
            Route::Deposit { owner, reason } => {
                let setup = DepositSetup {
                    owner: Arc::clone(&owner),
                    reason,
                    admitted,
                };
                Ok(flow(Conversation::deposit(setup), Some(owner), reason))
            }
            Route::Diagnostic(kind) => Ok(Purpose {
                talk: Talk::Diagnostic(kind),
                owner: None,
                reason: None,
            }),
            Route::Unknown => Err(Refusal {
                status: 404,
                retry_after: None,
                why: "no such number here",
            }),
            Route::Loop => Err(Refusal {
                status: 482,
                retry_after: None,
                why: "diverted too often",
            }),
        }
    }
}

impl CallSession {
    /// Answers a call that has sockets and somewhere to go.
    pub(super) fn answer(
        invite: Box<Invite>,
        purpose: Purpose,
        mut leg: Leg,
        media: SessionId,
        fallback: &Language,
        desk: &mut Desk<'_>,
    ) -> Result<CallSession, Refusal> {
        let (description, remote) = leg.respond(invite.offer.as_deref())?;
        let Purpose {
            talk,
            owner,
            reason,
        } = purpose;
        let language = owner.as_ref().map_or(fallback, |o| &o.language).clone();
        let mut session = CallSession {
            id: invite.call,
            media,
            invite,
            leg,
            phase: Phase::Answered,
            talk,
            owner,
            language,
            reason,
            take: Take::None,
            play: Play::Nothing,
            wait: Wait::None,
            ahead: VecDeque::new(),
            masked: false,
            log_in: None,
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
            Take::Running { id, .. } | Take::Committing(id) => Some(id),
            Take::Ended(recorded) => Some(recorded.take),
            Take::None | Take::Failed => None,
        }
    }

    /// When the call wants to be woken.
    pub(super) fn deadline(&self) -> Option<Mono> {
        match self.wait {
            Wait::Until(at) if self.phase == Phase::Up => Some(at),
            Wait::Until(_) | Wait::Held(_) | Wait::None => None,
        }
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
            sip::Event::Invite(_) | sip::Event::Ringing { .. } | sip::Event::Answered { .. } => {}
        }
    }

    /// The media session reports.
    pub(super) fn on_media(&mut self, desk: &mut Desk<'_>, event: media::Event) {
        match event {
            media::Event::Digit(digit) => self.on_digit(desk, digit),
            media::Event::PlayDone(id) if self.play == Play::Running(id) => {
                self.play = Play::Nothing;
                self.on_play_done(desk);
            }
            media::Event::Recorded(recorded) => self.on_recorded(desk, recorded),
            media::Event::Silent(_) => {
                if self.phase == Phase::Up {
                    desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                    self.end(desk, Farewell::WeWait, "no media from the caller");
                }
            }
            media::Event::PlayDone(_) | media::Event::KeysSent => {}
        }
    }

    /// Audio that was asked for is here, or cannot be had.
    pub(super) fn on_audio(
        &mut self,
        desk: &mut Desk<'_>,
        play: PlayId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        if self.play == Play::Loading(play) && self.phase == Phase::Up {
            self.start_audio(desk, play, audio);
        }
    }

    /// The recording's audio is here, or cannot be had.
    pub(super) fn on_take_audio(
        &mut self,
        desk: &mut Desk<'_>,
        take: MessageId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        if self.play == Play::LoadingTake(take) && self.phase == Phase::Up {
            let play = desk.ids.play();
            self.start_audio(desk, play, audio);
        }
    }

    fn start_audio(
        &mut self,
        desk: &mut Desk<'_>,
        play: PlayId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        match audio {
            Ok(audio) => {
                self.play = Play::Running(play);
                let items = vec![PlayItem::Audio(audio)];
                self.to_media(desk, media::Command::Play { id: play, items });
                self.tell(desk, Event::PlayBegan);
            }
            Err(fault) => {
                self.play = Play::Nothing;
                self.tell(desk, Event::PlayFailed(fault));
            }
        }
    }

    /// The mailbox answers.
    pub(super) fn on_mail(&mut self, desk: &mut Desk<'_>, reply: mailbox::Reply) {
        self.tell(desk, Event::Mail(reply));
    }

    /// The mailbox whose passcode is being checked.
    pub(super) fn log_in(&self) -> Option<&MailboxId> {
        self.log_in.as_ref()
    }

    /// The log-in was checked.
    pub(super) fn on_log_in(&mut self, desk: &mut Desk<'_>, verdict: LogInVerdict) {
        self.log_in = None;
        if let LogInVerdict::Accepted(profile) = &verdict {
            self.language = profile.language.clone();
            self.owner = Some(Arc::clone(profile));
        }
        self.tell(desk, Event::LogIn(verdict));
    }

    /// The spool made a recording a message, or could not.
    pub(super) fn on_kept(
        &mut self,
        desk: &mut Desk<'_>,
        take: MessageId,
        outcome: Result<(), KeepFault>,
    ) {
        if self.take != Take::Committing(take) {
            return;
        }
        self.take = Take::None;
        let what = match outcome {
            Ok(()) => Milestone::TakeKept(take),
            Err(KeepFault::Disk) => Milestone::TakeLost(take),
        };
        self.note(desk, what);
        self.tell(desk, Event::Kept(outcome));
        self.settle(desk);
    }

    /// The spool could not begin the recording: the caller must not go on talking to nobody.
    pub(super) fn on_take_refused(&mut self, desk: &mut Desk<'_>, take: MessageId) {
        match self.take {
            Take::Running { id, .. } if id == take => {}
            Take::Running { .. }
            | Take::None
            | Take::Ended(_)
            | Take::Failed
            | Take::Committing(_) => {
                return;
            }
        }
        self.take = Take::Failed;
        self.to_media(desk, media::Command::StopRecord);
        self.note(desk, Milestone::TakeLost(take));
        let nothing = RecordingDone {
            end: media::RecordEnd::Stopped,
            length: Duration::ZERO,
            voiced: Duration::ZERO,
        };
        self.tell(desk, Event::Recorded(nothing));
        self.settle(desk);
    }

    /// The time has come to look at the deadlines.
    pub(super) fn on_timeout(&mut self, desk: &mut Desk<'_>) {
        match self.wait {
            Wait::Until(at) if at <= desk.now.mono && self.phase == Phase::Up => {
                self.wait = Wait::None;
                self.tell(desk, Event::Timeout);
            }
            Wait::Until(_) | Wait::Held(_) | Wait::None => {}
        }
    }

    /// The server is closing down.
    pub(super) fn on_service_ending(&mut self, desk: &mut Desk<'_>) {
        match (&self.talk, self.phase) {
            (Talk::Flow(_), Phase::Up) => self.tell(desk, Event::ServiceEnding),
            (Talk::Diagnostic(_), Phase::Up) | (_, Phase::Answered) => {
                desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                self.end(desk, Farewell::WeWait, "the service is ending");
            }
            (_, Phase::Ending(_) | Phase::Done) => {}
        }
    }

    /// A step of this call failed in a way it should not: end it, keeping what was recorded.
    pub(super) fn salvage(&mut self, desk: &mut Desk<'_>) {
        self.talk = Talk::Flow(Conversation::Ended);
        self.events.clear();
        match self.phase {
            Phase::Answered | Phase::Up => {
                desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                self.keep(desk);
                self.end(desk, Farewell::WeWait, "a fault of this server");
            }
            Phase::Ending(_) | Phase::Done => self.keep(desk),
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
        self.note(desk, Milestone::Answered);
        match &self.talk {
            Talk::Flow(_) => self.tell(desk, Event::Started),
            Talk::Diagnostic(kind) => self.start_diagnostic(desk, *kind),
        }
    }

    fn accept_answer(&mut self, desk: &mut Desk<'_>, answer: &str) -> bool {
        match self.leg.accept(answer) {
            Ok(remote) => {
                self.set_remote(desk, Some(remote));
                true
            }
            Err(_) => false,
        }
    }

    fn on_offered_again(&mut self, desk: &mut Desk<'_>, offer: Option<&str>) {
        let call = self.id;
        let command = match self.leg.respond(offer) {
            Ok((description, remote)) => {
                self.set_remote(desk, remote);
                sip::Command::AnswerAgain { call, description }
            }
            Err(refusal) => sip::Command::RefuseAgain { call, refusal },
        };
        desk.out.push_back(Command::Sip(command));
    }

    /// Follows the peer's address, codec and hold. What plays stops while the caller cannot hear
    /// it, and the wait for a key stands still.
    fn set_remote(&mut self, desk: &mut Desk<'_>, remote: Option<media::Remote>) {
        let Some(remote) = remote else { return };
        let hears = remote.send;
        self.to_media(desk, media::Command::Remote(remote));
        match (hears, self.wait) {
            (false, Wait::Until(at)) => {
                self.wait = Wait::Held(at.saturating_since(desk.now.mono));
            }
            (true, Wait::Held(rest)) => self.wait = Wait::Until(desk.now.mono + rest),
            (false | true, _) => {}
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
        if self.phase != Phase::Up {
            return;
        }
        self.note(desk, Milestone::Key((!self.masked).then_some(digit)));
        match &self.talk {
            Talk::Flow(_) => {
                if self.ahead.len() < TYPE_AHEAD_MAX {
                    self.ahead.push_back(digit);
                }
                self.run(desk);
            }
            Talk::Diagnostic(kind) => self.diagnostic_key(desk, *kind, digit),
        }
    }

    fn on_play_done(&mut self, desk: &mut Desk<'_>) {
        match &self.talk {
            Talk::Flow(_) => self.tell(desk, Event::PlayDone),
            Talk::Diagnostic(kind) => self.start_diagnostic(desk, *kind),
        }
    }

    fn on_recorded(&mut self, desk: &mut Desk<'_>, recorded: Recorded) {
        let Take::Running { id, keep } = self.take else {
            return;
        };
        if id != recorded.take {
            return;
        }
        let length = u64::try_from(recorded.length.as_millis()).unwrap_or(u64::MAX);
        self.note(desk, Milestone::TakeEnded(id, length));
        self.take = Take::Ended(recorded);
        if keep {
            self.commit(desk, recorded);
        } else {
            self.tell(desk, Event::Recorded(done(&recorded)));
        }
        self.settle(desk);
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
            let before = std::mem::replace(flow, Conversation::Ended);
            *flow = before.on(event, &desk.cx, &mut effects);
            for effect in effects {
                self.carry_out(desk, effect);
            }
        }
    }

    fn carry_out(&mut self, desk: &mut Desk<'_>, effect: Effect) {
        match effect {
            Effect::Play(phrases) => self.say(desk, phrases),
            Effect::PlayMessage(message) => self.play_message(desk, message),
            Effect::PlayTake => self.play_take(desk),
            Effect::StopPlay => self.stop_play(desk),
            Effect::Seek(to) => self.to_media(desk, media::Command::Seek(to)),
            Effect::Pause => self.to_media(desk, media::Command::Pause),
            Effect::Resume => self.to_media(desk, media::Command::Resume),
            Effect::Record(limits) => self.record(desk, limits),
            Effect::StopRecord => self.to_media(desk, media::Command::StopRecord),
            Effect::Keep => self.keep(desk),
            Effect::Discard => self.discard(desk),
            Effect::AwaitKey(span) => self.await_key(desk.now.mono, span),
            Effect::FlushKeys => self.ahead.clear(),
            Effect::Mail(command) => self.ask_mailbox(desk, command),
            Effect::LogIn(log_in) => {
                let (call, mailbox) = (self.id, log_in.mailbox);
                self.log_in = Some(mailbox.clone());
                desk.out.push_back(Command::LogIn {
                    call,
                    mailbox,
                    passcode: log_in.passcode,
                });
            }
            Effect::MaskKeys(masked) => self.masked = masked,
            Effect::Transfer(number) => self.transfer(desk, &number),
            Effect::HangUp => {
                desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                self.finish(desk, Farewell::WeWait, "we hung up");
            }
        }
    }

    fn say(&mut self, desk: &mut Desk<'_>, phrases: Vec<Phrase>) {
        let play = desk.ids.play();
        self.play = Play::Running(play);
        self.note(desk, Milestone::Prompt(phrases.clone()));
        let (session, language) = (self.media, self.language.clone());
        desk.out.push_back(Command::Say {
            session,
            play,
            phrases,
            language,
        });
    }

    fn play_message(&mut self, desk: &mut Desk<'_>, message: MessageId) {
        self.stop_play(desk);
        let Some(owner) = &self.owner else {
            return self
                .events
                .push_back(Event::PlayFailed(PlayFault::Unavailable));
        };
        let (call, play, mailbox) = (self.id, desk.ids.play(), owner.mailbox.clone());
        self.play = Play::Loading(play);
        self.note(desk, Milestone::PlayingMessage(message));
        desk.out.push_back(Command::Fetch {
            call,
            play,
            mailbox,
            message,
        });
    }

    fn play_take(&mut self, desk: &mut Desk<'_>) {
        self.stop_play(desk);
        let take = match self.take {
            Take::Ended(recorded) => recorded.take,
            Take::None | Take::Running { .. } | Take::Failed | Take::Committing(_) => {
                return self.events.push_back(Event::PlayFailed(PlayFault::Gone));
            }
        };
        self.play = Play::LoadingTake(take);
        self.note(desk, Milestone::PlayingTake(take));
        desk.out.push_back(Command::Take(TakeCommand::Load(take)));
    }

    fn stop_play(&mut self, desk: &mut Desk<'_>) {
        if self.play != Play::Nothing {
            self.play = Play::Nothing;
            self.to_media(desk, media::Command::StopPlay);
        }
    }

    fn record(&mut self, desk: &mut Desk<'_>, limits: media::RecordLimits) {
        let Some(owner) = &self.owner else { return };
        let (take, law) = (desk.ids.message(desk.now.wall), self.leg.law());
        let envelope = Box::new(Envelope {
            owner: Owner {
                mailbox: owner.mailbox.clone(),
                name: owner.name.clone(),
            },
            caller: route::caller(&self.invite),
            call_id: self.invite.call_id.clone(),
            started: desk.now.wall,
            law,
            reason: self.reason,
            language: owner.language.clone(),
            zone: owner.zone.clone(),
        });
        self.take = Take::Running {
            id: take,
            keep: false,
        };
        desk.out
            .push_back(Command::Take(TakeCommand::Begin { take, envelope }));
        self.to_media(desk, media::Command::Record { take, law, limits });
        self.note(desk, Milestone::TakeBegan(take));
    }

    fn keep(&mut self, desk: &mut Desk<'_>) {
        match self.take {
            Take::Running { id, .. } => {
                self.take = Take::Running { id, keep: true };
                self.to_media(desk, media::Command::StopRecord);
            }
            Take::Ended(recorded) => self.commit(desk, recorded),
            Take::Failed => {
                self.take = Take::None;
                self.events.push_back(Event::Kept(Err(KeepFault::Disk)));
            }
            Take::None | Take::Committing(_) => {}
        }
    }

    /// Commits a recording that has ended; one that is not worth keeping is a missed call.
    fn commit(&mut self, desk: &mut Desk<'_>, recorded: Recorded) {
        let over = matches!(self.phase, Phase::Ending(_));
        if over && !worth_keeping(&done(&recorded), desk.cx.settings) {
            return self.discard(desk);
        }
        self.take = Take::Committing(recorded.take);
        let facts = facts(&recorded);
        desk.out.push_back(Command::Take(TakeCommand::Commit {
            take: recorded.take,
            facts,
        }));
    }

    fn discard(&mut self, desk: &mut Desk<'_>) {
        let take = match self.take {
            Take::Running { id, .. } => {
                self.to_media(desk, media::Command::StopRecord);
                id
            }
            Take::Ended(recorded) => recorded.take,
            Take::None | Take::Failed | Take::Committing(_) => return,
        };
        self.take = Take::None;
        desk.out
            .push_back(Command::Take(TakeCommand::Discard(take)));
        self.note(desk, Milestone::TakeDropped(take));
    }

    fn await_key(&mut self, now: Mono, span: Duration) {
        self.wait = if self.leg.hears() {
            Wait::Until(now + span)
        } else {
            Wait::Held(span)
        };
    }

    fn ask_mailbox(&mut self, desk: &mut Desk<'_>, command: mailbox::Command) {
        let Some(owner) = &self.owner else {
            let failed = mailbox::Reply::Failed(command, mailbox::Fault::Unavailable);
            return self.events.push_back(Event::Mail(failed));
        };
        let (call, mailbox) = (self.id, owner.mailbox.clone());
        desk.out.push_back(Command::Mail {
            call,
            mailbox,
            command,
        });
    }

    fn transfer(&mut self, desk: &mut Desk<'_>, number: &DialString) {
        let target = format!("sip:{number}@{}", self.invite.source);
        desk.out.push_back(Command::Sip(sip::Command::Transfer {
            call: self.id,
            target,
        }));
        self.finish(desk, Farewell::WeWait, "transferred");
    }

    /// The call ends from outside: the flow says what becomes of the recording.
    fn end(&mut self, desk: &mut Desk<'_>, farewell: Farewell, why: &'static str) {
        match self.phase {
            Phase::Ending(_) => return self.end_again(desk, farewell),
            Phase::Done => return,
            Phase::Answered | Phase::Up => {}
        }
        self.phase = Phase::Ending(farewell);
        if let Talk::Flow(flow) = &mut self.talk {
            let flow = std::mem::replace(flow, Conversation::Ended);
            let mut effects = Effects::new();
            flow.on_hang_up(&desk.cx, &mut effects);
            for effect in effects {
                self.carry_out(desk, effect);
            }
        }
        self.finish(desk, farewell, why);
    }

    /// Both sides hung up, in either order.
    fn end_again(&mut self, desk: &mut Desk<'_>, farewell: Farewell) {
        match farewell {
            Farewell::PeerWaits | Farewell::Nobody => self.phase = Phase::Ending(farewell),
            Farewell::WeWait => {}
        }
        self.settle(desk);
    }

    /// The conversation is over; what remains is to settle the recording and to say farewell.
    fn finish(&mut self, desk: &mut Desk<'_>, farewell: Farewell, why: &'static str) {
        self.phase = Phase::Ending(farewell);
        self.play = Play::Nothing;
        self.wait = Wait::None;
        desk.out.push_back(Command::CloseMedia(self.media));
        self.note(desk, Milestone::Ended(why));
        self.settle(desk);
    }

    fn settle(&mut self, desk: &mut Desk<'_>) {
        let Phase::Ending(farewell) = self.phase else {
            return;
        };
        match self.take {
            Take::Committing(_) | Take::Running { keep: true, .. } => return,
            // A flow that ended without a word on its recording: the rule decides.
            Take::Running { keep: false, .. } | Take::Ended(_) => return self.keep(desk),
            Take::None | Take::Failed => {}
        }
        match farewell {
            Farewell::PeerWaits => {
                desk.out
                    .push_back(Command::Sip(sip::Command::ByeDone(self.id)));
                self.phase = Phase::Done;
            }
            Farewell::Nobody => self.phase = Phase::Done,
            Farewell::WeWait => {}
        }
    }

    fn start_diagnostic(&mut self, desk: &mut Desk<'_>, kind: Diagnostic) {
        match kind {
            Diagnostic::Announcement => self.say(desk, diagnostic::announcement()),
            Diagnostic::Echo => self.to_media(desk, media::Command::Echo(true)),
            Diagnostic::KeyTone | Diagnostic::Silence => {}
        }
    }

    fn diagnostic_key(&mut self, desk: &mut Desk<'_>, kind: Diagnostic, digit: Digit) {
        if kind == Diagnostic::KeyTone {
            let id = desk.ids.play();
            self.play = Play::Running(id);
            let items = vec![PlayItem::Loop(diagnostic::key_tone(digit))];
            self.to_media(desk, media::Command::Play { id, items });
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

fn done(recorded: &Recorded) -> RecordingDone {
    RecordingDone {
        end: recorded.end,
        length: recorded.length,
        voiced: recorded.voiced,
    }
}

fn facts(recorded: &Recorded) -> Facts {
    let ending = match recorded.end {
        RecordEnd::Stopped => Ending::Stopped,
        RecordEnd::TooLong => Ending::TooLong,
        RecordEnd::Silence => Ending::Silence,
    };
    let (length, voiced) = (recorded.length, recorded.voiced);
    Facts {
        length,
        voiced,
        ending,
        urgent: false,
        private: false,
    }
}
