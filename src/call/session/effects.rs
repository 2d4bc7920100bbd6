//! What a flow wants, carried out; and what the diagnostic numbers do.

use super::{CallSession, Desk, Farewell, Play, Question, Take, Wait};
use crate::audio::WireAudio;
use crate::base::{DialString, Digit, MailboxId, MessageId, Mono, Pii, PlayId, RecordingId};
use crate::call::diagnostic;
use crate::call::route::Diagnostic;
use crate::call::vocabulary::{
    ChangeOrder, ChangeWork, Command, Door, Milestone, Parcel, PromptOrder, PromptWork, SendOrder,
    TakeCommand,
};
use crate::call::voice;
use crate::flow::{
    ChangeFault, Effect, Event, LampFault, PlayFault, PromptChange, PromptFault, Sending, Wish,
};
use crate::mailbox::{Envelope, Owner};
use crate::media::{self, PlayItem, Speed};
use crate::mime::Caller;
use crate::prompt::{Phrase, SetId};
use crate::subscriber::{Change, Condition, Profile};
use crate::{mailbox, sip};
use std::time::Duration;

impl CallSession {
    pub(in crate::call) fn carry_out(&mut self, desk: &mut Desk<'_>, effect: Effect) {
        match effect {
            Effect::Play(phrases) => self.say(desk, phrases),
            Effect::PlayMessage(message, from) => self.play_message(desk, message, from),
            Effect::PlayTake => self.play_take(desk),
            Effect::StopPlay => self.stop_play(desk),
            Effect::Seek(to) => self.to_media(desk, media::Command::Seek(to)),
            Effect::Pause => self.pause(desk, true),
            Effect::Resume => self.pause(desk, false),
            Effect::Record(limits) => self.record(desk, limits),
            Effect::RecordScratch(limits) => self.record_scratch(desk, limits),
            Effect::StopRecord => self.to_media(desk, media::Command::StopRecord),
            Effect::Keep => self.keep(desk),
            Effect::Discard => self.discard(desk),
            Effect::AwaitKey(span) => self.await_key(desk.now.mono, span),
            Effect::FlushKeys => self.ahead.clear(),
            Effect::Mail(command) => self.ask_mailbox(desk, command),
            Effect::LogIn(log_in) => {
                self.check_log_in(desk, Door::Mailbox(log_in.mailbox), log_in.passcode);
            }
            Effect::ClearLamp => self.clear_lamp(desk),
            Effect::OperatorLogIn(log_in) => {
                self.check_log_in(desk, Door::Prompts(log_in.tenant), log_in.passcode);
            }
            Effect::Change(wish) => self.change(desk, wish),
            Effect::Note(change) => self.note_change(desk, change),
            Effect::Send(sending) => self.send(desk, sending),
            Effect::Speed(speed) => self.set_speed(desk, speed),
            Effect::ChangePrompts(set, change) => self.change_prompts(desk, set, change),
            Effect::Speak(language) => {
                self.voice = voice::switched(&self.voice, &language, desk.cx.languages);
            }
            Effect::MaskKeys(masked) => self.masked = masked,
            Effect::Transfer(number) => self.transfer(desk, &number),
            Effect::HangUp => {
                desk.out.push_back(Command::Sip(sip::Command::Bye(self.id)));
                self.finish(desk, Farewell::WeWait, "we hung up");
            }
        }
    }

    pub(super) fn say(&mut self, desk: &mut Desk<'_>, phrases: Vec<Phrase>) {
        let play = desk.ids.play();
        self.note(desk, Milestone::Prompt(phrases.clone()));
        let recordings = recorded(&phrases);
        (self.words, self.paused) = (phrases, false);
        if recordings.is_empty() {
            return self.say_now(desk, play, Vec::new());
        }
        self.stop_play(desk);
        self.play = Play::LoadingWords(play);
        self.ask(desk, Question::Recordings(play));
        desk.out.push_back(Command::LoadRecordings {
            call: self.id,
            play,
            recordings,
        });
    }

    /// Says the words that waited, with what subscribers recorded.
    pub(super) fn say_now(
        &mut self,
        desk: &mut Desk<'_>,
        play: PlayId,
        recordings: Vec<(RecordingId, WireAudio)>,
    ) {
        self.play = Play::Saying(play);
        self.at_speed(desk, Speed::Normal);
        desk.out.push_back(Command::Say {
            session: self.media,
            play,
            phrases: std::mem::take(&mut self.words),
            voice: self.voice.clone(),
            recordings,
        });
        if self.paused || !self.leg.hears() {
            self.pace(desk);
        }
    }

    pub(super) fn play_message(&mut self, desk: &mut Desk<'_>, message: MessageId, from: Duration) {
        self.stop_play(desk);
        let Some(owner) = &self.owner else {
            return self
                .events
                .push_back(Event::PlayFailed(PlayFault::Unavailable));
        };
        let (call, play, mailbox) = (self.id, desk.ids.play(), owner.mailbox.clone());
        self.play = Play::Loading(play, message, from);
        self.ask(desk, Question::Audio(play));
        self.note(desk, Milestone::PlayingMessage(message));
        desk.out.push_back(Command::Fetch {
            call,
            play,
            mailbox,
            message,
        });
    }

    pub(super) fn play_take(&mut self, desk: &mut Desk<'_>) {
        self.stop_play(desk);
        let take = match self.take {
            Take::Ended(recorded) | Take::Tried(recorded) => recorded.take,
            Take::None
            | Take::Running { .. }
            | Take::Failed
            | Take::Committing(_)
            | Take::Trying(_) => {
                return self.events.push_back(Event::PlayFailed(PlayFault::Gone));
            }
        };
        self.play = Play::LoadingTake(take);
        self.ask(desk, Question::TakeAudio(take));
        self.note(desk, Milestone::PlayingTake(take));
        desk.out.push_back(Command::Take(TakeCommand::Load(take)));
    }

    pub(super) fn stop_play(&mut self, desk: &mut Desk<'_>) {
        if self.play != Play::Nothing {
            self.play = Play::Nothing;
            self.to_media(desk, media::Command::StopPlay);
        }
    }

    pub(super) fn start_audio(
        &mut self,
        desk: &mut Desk<'_>,
        play: PlayId,
        audio: Result<WireAudio, PlayFault>,
        from: Duration,
    ) {
        match audio {
            Ok(audio) => {
                self.play = Play::Running(play);
                self.at_speed(desk, self.speed);
                let items = vec![PlayItem::Audio(audio)];
                let id = play;
                self.to_media(desk, media::Command::Play { id, items, from });
                self.begun(desk);
                self.tell(desk, Event::PlayBegan);
            }
            Err(fault) => {
                self.play = Play::Nothing;
                self.tell(desk, Event::PlayFailed(fault));
            }
        }
    }

    pub(super) fn await_key(&mut self, now: Mono, span: Duration) {
        self.wait = if self.leg.hears() {
            Wait::Until(now + span)
        } else {
            Wait::Held(span)
        };
    }

    pub(super) fn ask_mailbox(&mut self, desk: &mut Desk<'_>, command: mailbox::Command) {
        let Some(owner) = &self.owner else {
            let failed = mailbox::Reply::Failed(command, mailbox::Fault::Unavailable);
            return self.events.push_back(Event::Mail(failed));
        };
        let (call, mailbox) = (self.id, owner.mailbox.clone());
        self.ask(desk, Question::Mail(command.clone()));
        desk.out.push_back(Command::Mail {
            call,
            mailbox,
            command,
        });
    }

    fn check_log_in(&mut self, desk: &mut Desk<'_>, door: Door, passcode: Pii<String>) {
        self.attempts = self.attempts.saturating_add(1);
        let (call, attempt) = (self.id, self.attempts);
        self.ask(desk, Question::LogIn(attempt, door.clone()));
        desk.out.push_back(Command::LogIn {
            call,
            attempt,
            door,
            passcode,
        });
    }

    fn change_prompts(&mut self, desk: &mut Desk<'_>, set: SetId, change: PromptChange) {
        let work = match (change, self.take) {
            (PromptChange::Replace(clip), Take::Tried(recorded)) => {
                let take = recorded.take;
                PromptWork::Replace { clip, take }
            }
            (PromptChange::Replace(_), _) => {
                let failed = Event::PromptsChanged(Err(PromptFault::Failed));
                return self.events.push_back(failed);
            }
            (PromptChange::Drop(clip), _) => PromptWork::Drop(clip),
            (PromptChange::RollBack, _) => PromptWork::RollBack,
        };
        self.orders = self.orders.saturating_add(1);
        let (call, order) = (self.id, self.orders);
        self.ask(desk, Question::Prompts(order));
        desk.out.push_back(Command::ChangePrompts(PromptOrder {
            call,
            order,
            dialled: self.invite.request_uri.user.clone(),
            set,
            work,
        }));
    }

    fn change(&mut self, desk: &mut Desk<'_>, wish: Wish) {
        let work = match (wish, self.take) {
            (Wish::Set(change), _) => Some(ChangeWork::Set(change)),
            (Wish::Passcode(passcode), _) => Some(ChangeWork::Passcode(passcode)),
            (Wish::Record(kind), Take::Tried(recorded)) => {
                let take = recorded.take;
                Some(ChangeWork::Record { kind, take })
            }
            (Wish::Record(_), _) => None,
        };
        let forwarding = work.as_ref().and_then(forwarding);
        let order = work.and_then(|work| self.order(desk, work));
        if let Some(order) = order {
            self.forwarding = forwarding;
            self.ask(desk, Question::Change(order));
        } else {
            let failed = Event::Changed(Err(ChangeFault::Unavailable));
            self.events.push_back(failed);
        }
    }

    /// The answer to this order is no question of this call, so it is passed over.
    pub(super) fn note_change(&mut self, desk: &mut Desk<'_>, change: Change) {
        let _order = self.order(desk, ChangeWork::Set(change));
    }

    /// Orders a change of what the owner has set; `None` where nobody is known.
    fn order(&mut self, desk: &mut Desk<'_>, work: ChangeWork) -> Option<u32> {
        let mailbox = self.owner.as_ref()?.mailbox.clone();
        self.orders = self.orders.saturating_add(1);
        let (call, order) = (self.id, self.orders);
        desk.out.push_back(Command::Change(ChangeOrder {
            call,
            order,
            mailbox,
            work,
        }));
        Some(order)
    }

    fn send(&mut self, desk: &mut Desk<'_>, sending: Sending) {
        let take = match (sending.recorded, self.take) {
            (true, Take::Tried(recorded)) => Some(recorded.take),
            _ => None,
        };
        let Some(sender) = self
            .owner
            .clone()
            .filter(|_| take.is_some() == sending.recorded)
        else {
            return self.events.push_back(Event::Sent(Err(sending.to)));
        };
        let parcels = self.parcels(desk, &sender, &sending.to);
        self.orders = self.orders.saturating_add(1);
        let (call, order) = (self.id, self.orders);
        self.ask(desk, Question::Send(order));
        desk.out.push_back(Command::Send(SendOrder {
            call,
            order,
            sender: sender.mailbox.clone(),
            parcels,
            take,
            forwarded: sending.forwarded,
            urgent: sending.urgent,
            private: sending.private,
        }));
    }

    /// A message of its own for each recipient there is, from the sender's mailbox.
    fn parcels(&self, desk: &mut Desk<'_>, sender: &Profile, to: &[MailboxId]) -> Vec<Parcel> {
        let recipients = to.iter().filter_map(|to| desk.cx.roster.by_mailbox(to));
        let mut parcels = Vec::new();
        for recipient in recipients {
            let envelope = Envelope {
                owner: Owner {
                    mailbox: recipient.mailbox.clone(),
                    name: recipient.name.clone(),
                },
                caller: sent_by(sender),
                call_id: self.invite.call_id.clone(),
                started: desk.now.wall,
                law: self.leg.law(),
                reason: None,
                language: desk.cx.book.language(recipient).clone(),
                zone: recipient.zone.clone(),
            };
            let message = desk.ids.message(desk.now.wall);
            parcels.push(Parcel { message, envelope });
        }
        parcels
    }

    fn clear_lamp(&mut self, desk: &mut Desk<'_>) {
        let Some(owner) = &self.owner else {
            let failed = Event::LampCleared(Err(LampFault::Unavailable));
            return self.events.push_back(failed);
        };
        let (call, mailbox) = (self.id, owner.mailbox.clone());
        self.ask(desk, Question::Lamp);
        desk.out.push_back(Command::ClearLamp { call, mailbox });
    }

    pub(super) fn transfer(&mut self, desk: &mut Desk<'_>, number: &DialString) {
        let target = format!("sip:{number}@{}", self.invite.source);
        desk.out.push_back(Command::Sip(sip::Command::Transfer {
            call: self.id,
            target,
        }));
        self.finish(desk, Farewell::WeWait, "transferred");
    }

    pub(super) fn start_diagnostic(&mut self, desk: &mut Desk<'_>, kind: Diagnostic) {
        match kind {
            Diagnostic::Announcement => self.say(desk, diagnostic::announcement()),
            Diagnostic::Echo => self.to_media(desk, media::Command::Echo(true)),
            Diagnostic::KeyTone | Diagnostic::Silence => {}
        }
    }

    pub(super) fn diagnostic_key(&mut self, desk: &mut Desk<'_>, kind: Diagnostic, digit: Digit) {
        if kind == Diagnostic::KeyTone {
            let id = desk.ids.play();
            self.play = Play::Running(id);
            let items = vec![PlayItem::Loop(diagnostic::key_tone(digit))];
            let from = Duration::ZERO;
            self.to_media(desk, media::Command::Play { id, items, from });
            self.begun(desk);
        }
    }

    /// Something new plays; it stands still from its first sample on while the call is on hold.
    fn begun(&mut self, desk: &mut Desk<'_>) {
        self.paused = false;
        if !self.leg.hears() {
            self.pace(desk);
        }
    }

    /// From now on messages and recordings play at this speed; words are said as they are.
    fn set_speed(&mut self, desk: &mut Desk<'_>, speed: Speed) {
        self.speed = speed;
        match self.play {
            Play::Running(_) => self.at_speed(desk, speed),
            Play::Nothing
            | Play::Loading(..)
            | Play::LoadingTake(_)
            | Play::LoadingWords(_)
            | Play::Saying(_) => {}
        }
    }

    /// Has the media session play at a speed; it keeps it until told another.
    fn at_speed(&mut self, desk: &mut Desk<'_>, speed: Speed) {
        if self.media_speed != speed {
            self.media_speed = speed;
            self.to_media(desk, media::Command::Speed(speed));
        }
    }

    fn pause(&mut self, desk: &mut Desk<'_>, paused: bool) {
        self.paused = paused;
        self.pace(desk);
    }

    fn ask(&mut self, desk: &Desk<'_>, question: Question) {
        self.questions.ask(desk.now.mono, question);
    }
}

/// The forwarding that this would change.
fn forwarding(work: &ChangeWork) -> Option<Condition> {
    match work {
        ChangeWork::Set(Change::Forward(condition, _)) => Some(*condition),
        ChangeWork::Set(_) | ChangeWork::Passcode(_) | ChangeWork::Record { .. } => None,
    }
}

/// What subscribers recorded of these words, each once.
fn recorded(phrases: &[Phrase]) -> Vec<RecordingId> {
    let mut found = Vec::new();
    for phrase in phrases {
        if let Phrase::Recorded(id, instead) = phrase {
            found.push(*id);
            found.extend(recorded(instead));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A subscriber as the sender of a message.
fn sent_by(sender: &Profile) -> Caller {
    let name = Some(sender.name.clone()).filter(|name| !name.is_empty());
    match DialString::parse(sender.mailbox.as_str()) {
        Ok(number) => Caller::Known { number, name },
        Err(_) => Caller::Unknown { name },
    }
}
