//! Everything at the edge of a running server, as the signalling task uses it.
//!
//! Out: what calls want of sockets, media, spool, mailboxes and passcodes. In: [`Input`]s, from
//! one place. Overload rules: a question that cannot be queued is answered at once with the fault
//! the caller is told of; nothing here waits.

use super::address;
use super::delivery::{MailboxNews, Near};
use super::log_ins::{Checked, LogIn, LogIns, Overloaded, Verdict};
use super::post::{Key, Post};
use super::prompt_desk::{Done, Job, PromptDesk};
use super::prompts::{PromptWatch, Prompts};
use super::services_desk::{Asked as ChangeAsked, ServicesDesk, Told, Work};
use super::state_file::StateFile;
use super::telling::Telling;
use crate::audio::WireAudio;
use crate::base::{
    CallId, Language, MailboxId, MessageId, Mono, Now, PlayId, RecordingId, SessionId, TenantId,
};
use crate::call::{CHANGE_PATIENCE, Milestone, PATIENCE, PromptOrder, PromptWork, TakeCommand};
use crate::deliver::{Answer, Answered, Question, Token};
use crate::engine::{Engine, SendFault};
use crate::flow::{ChangeFault, KeepFault, PlayFault, Workset};
use crate::mailbox::Step;
use crate::prompt::{Phrase, SetId, Voice};
use crate::sip::{Arrival, ConnectionId, Transmit};
use crate::spool::{Report, Spool, TakeFault};
use crate::subscriber::RecordingKind;
use crate::transport::{Inbound, Transport};
use crate::{mailbox, media};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::{debug, error, warn};

/// Something for the signalling task to take in.
#[derive(Debug)]
pub(super) enum Input {
    /// A SIP message arrived.
    Sip(Arrival, Vec<u8>),
    /// A SIP connection is gone.
    ConnectionLost(ConnectionId),
    /// A media session reports.
    Media(SessionId, media::Event),
    /// A recording could not be begun.
    TakeRefused(MessageId),
    /// The disk takes no more of a recording; what it has can still be kept.
    TakeBroken(MessageId),
    /// A recording is kept, or could not be.
    Kept(MessageId, Result<(), KeepFault>),
    /// The audio of a recording.
    TakeAudio(MessageId, Result<WireAudio, PlayFault>),
    /// A mailbox answers a call.
    Mail(CallId, mailbox::Reply),
    /// The audio of a message.
    Audio(CallId, PlayId, Result<WireAudio, PlayFault>),
    /// The audio of a message that is forwarded.
    Forwarded(Key, Option<WireAudio>),
    /// A message was left in other mailboxes, or not in these.
    Sent(Key, Result<(), Vec<MailboxId>>),
    /// A passcode was checked.
    LogIn(Verdict),
    /// What subscribers have set: changed, or read.
    Services(Told),
    /// A prompt set was changed by telephone, or was not.
    PromptsChanged(Done),
    /// Something happened to a mailbox.
    Mailbox(MailboxNews),
}

/// What a question to a mailbox was for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Mail(CallId),
    Audio(CallId, PlayId),
    Forwarded(Key),
}

impl Asked {
    /// How long the answer is waited for.
    fn patience(self) -> Duration {
        match self {
            Asked::Mail(_) | Asked::Audio(..) => PATIENCE,
            Asked::Forwarded(_) => CHANGE_PATIENCE,
        }
    }
}

/// Everything at the edge.
pub(super) struct Edges {
    pub transport: Transport,
    pub inbound: mpsc::Receiver<Inbound>,
    pub engine: Engine,
    pub media: mpsc::Receiver<(SessionId, media::Event)>,
    /// The address peers reach our media at; where `None`, the one the route to them begins at.
    pub media_address: Option<IpAddr>,
    pub spool: Spool,
    pub reports: mpsc::UnboundedReceiver<Report>,
    pub near: Near,
    pub log_ins: LogIns,
    pub checked: mpsc::UnboundedReceiver<Checked>,
    pub prompts: Prompts,
    /// Looks whether there are any.
    pub prompt_watch: PromptWatch,
    /// Changes prompts by telephone; `None` where no number leads there.
    pub prompt_desk: Option<PromptDesk>,
    pub changes: mpsc::UnboundedReceiver<Done>,
    /// Orders that wait for their recording to be read.
    pub ordered: HashMap<MessageId, Ordered>,
    /// Messages that subscribers send.
    pub post: Post,
    pub telling: Telling,
    pub asked: Questions,
    pub lamp_file: StateFile,
    /// Keeps what subscribers have set.
    pub services_desk: ServicesDesk,
    pub told: mpsc::UnboundedReceiver<Told>,
    /// The recordings under way.
    pub takes: HashMap<MessageId, Taking>,
    /// The newest message kept for a mailbox, until its lamp is lit for it.
    pub newest: HashMap<MailboxId, MessageId>,
}

/// What a recording that is being read is for.
#[derive(Debug)]
pub(super) enum Ordered {
    /// It becomes a prompt.
    Prompt(PromptOrder),
    /// It becomes a subscriber's name or greeting.
    Recording(ChangeAsked, RecordingKind),
}

/// A recording under way.
#[derive(Debug)]
pub(super) struct Taking {
    pub mailbox: MailboxId,
    /// How long it is, once it has ended.
    pub length: Duration,
}

/// Questions under way, and answers that need no wait.
#[derive(Debug, Default)]
pub(super) struct Questions {
    last: u64,
    /// By token, and so by age; with the moment the call gives the question up.
    open: BTreeMap<Token, (Mono, Asked)>,
    pub immediate: VecDeque<Input>,
}

impl Edges {
    /// The next input from anywhere.
    pub(super) async fn next(&mut self) -> Input {
        loop {
            let input = tokio::select! {
                Some(inbound) = self.inbound.recv() => match inbound {
                    Inbound::Message { arrival, bytes } => Some(Input::Sip(arrival, bytes)),
                    Inbound::Closed(connection) => Some(Input::ConnectionLost(connection)),
                },
                Some((session, event)) = self.media.recv() => Some(Input::Media(session, event)),
                Some(report) = self.reports.recv() => self.of_report(report),
                Some(done) = self.changes.recv() => Some(Input::PromptsChanged(done)),
                Some(answered) = self.near.answers.recv() => self.asked.of_answer(answered),
                Some(news) = self.near.news.recv() => Some(Input::Mailbox(news)),
                Some(checked) = self.checked.recv() => self.of_checked(checked),
                Some(told) = self.told.recv() => Some(Input::Services(told)),
                else => std::future::pending().await,
            };
            // Taking it in may have answered something at once.
            if let Some(input) = input.or_else(|| self.immediate()) {
                return input;
            }
        }
    }

    /// An answer that was known at once.
    pub(super) fn immediate(&mut self) -> Option<Input> {
        self.asked.immediate.pop_front()
    }

    /// Whether the disk has room for a new recording.
    pub(super) fn has_room(&self) -> bool {
        self.spool.admit()
    }

    pub(super) fn transmit(&mut self, transmit: Transmit) {
        // Which connection took it does not matter: the machine hears of its end by address.
        let _connection = self.transport.send(transmit);
    }

    /// Opens sockets for a session; where the peer reaches its media, or `None` when there are
    /// none.
    pub(super) fn open_media(&mut self, session: SessionId, peer: IpAddr) -> Option<SocketAddr> {
        match self.engine.open(session) {
            Ok(local) => {
                self.prompts.opened(session);
                let ip = self.media_address.unwrap_or_else(|| address::towards(peer));
                Some(SocketAddr::new(ip, local.rtp.port()))
            }
            Err(fault) => {
                warn!(%fault, "a call is refused: no media");
                None
            }
        }
    }

    pub(super) fn media(&mut self, session: SessionId, command: media::Command) {
        if let Err(fault) = self.engine.send(session, command) {
            self.media_fault(session, fault);
        }
    }

    pub(super) fn info_digit(&mut self, session: SessionId, digit: crate::base::Digit) {
        if let Err(fault) = self.engine.info_digit(session, digit) {
            self.media_fault(session, fault);
        }
    }

    pub(super) fn close_media(&mut self, session: SessionId) {
        self.prompts.closed(session);
        match self.engine.close(session) {
            // A session that is gone already needs no closing.
            Ok(()) | Err(SendFault::Unknown) => {}
            Err(fault) => error!(session = session.0, %fault, "a media session is not closed"),
        }
    }

    /// A worker that takes no more orders: the call of this session is to be given up.
    fn media_fault(&mut self, session: SessionId, fault: SendFault) {
        match fault {
            // The session broke, or the call is over: its own events tell.
            SendFault::Unknown => debug!(session = session.0, "a media command came too late"),
            SendFault::Overloaded | SendFault::Stopped => {
                error!(session = session.0, %fault, "a call is given up");
                let broken = Input::Media(session, media::Event::Broken);
                self.asked.immediate.push_back(broken);
            }
        }
    }

    pub(super) fn say(
        &mut self,
        session: SessionId,
        id: PlayId,
        phrases: &[Phrase],
        voice: &Voice,
        recordings: &[(RecordingId, WireAudio)],
    ) {
        let prompts = self.prompts.of(session);
        let items = prompts.say_with(phrases, voice, recordings);
        let from = Duration::ZERO;
        self.media(session, media::Command::Play { id, items, from });
    }

    pub(super) fn take(&mut self, command: TakeCommand) {
        let (queued, otherwise) = match command {
            TakeCommand::Begin { take, envelope } => {
                let taking = Taking {
                    mailbox: envelope.owner.mailbox.clone(),
                    length: Duration::ZERO,
                };
                self.takes.insert(take, taking);
                (
                    self.spool.begin(take, *envelope),
                    Some(Input::TakeRefused(take)),
                )
            }
            TakeCommand::BeginScratch { take, law } => (
                self.spool.begin_scratch(take, law),
                Some(Input::TakeRefused(take)),
            ),
            TakeCommand::Commit { take, facts } => {
                if let Some(taking) = self.takes.get_mut(&take) {
                    taking.length = facts.length;
                    let step = Step::Recorded(facts.length);
                    self.near.ledger.note(&taking.mailbox, take, step);
                }
                (
                    self.spool.commit(take, facts),
                    Some(Input::Kept(take, Err(KeepFault::Disk))),
                )
            }
            TakeCommand::Discard(take) => {
                self.takes.remove(&take);
                (self.spool.discard(take), None)
            }
            TakeCommand::Load(take) => {
                let failed = Input::TakeAudio(take, Err(PlayFault::Unavailable));
                (self.spool.load(take), Some(failed))
            }
        };
        if let Err(refused) = queued {
            error!(%refused, "a recording is at risk");
            self.asked.immediate.extend(otherwise);
        }
    }

    pub(super) fn mail(
        &mut self,
        now: Mono,
        call: CallId,
        mailbox: &MailboxId,
        command: mailbox::Command,
    ) {
        let failed = mailbox::Reply::Failed(command.clone(), mailbox::Fault::Unavailable);
        self.ask(
            now,
            Asked::Mail(call),
            mailbox,
            Question::Command(command),
            Input::Mail(call, failed),
        );
    }

    pub(super) fn fetch(
        &mut self,
        now: Mono,
        (call, play): (CallId, PlayId),
        mailbox: &MailboxId,
        message: MessageId,
    ) {
        let failed = Input::Audio(call, play, Err(PlayFault::Unavailable));
        self.ask(
            now,
            Asked::Audio(call, play),
            mailbox,
            Question::Audio(message),
            failed,
        );
    }

    /// A recording is kept or lost; whose it was.
    pub(super) fn take_settled(&mut self, take: MessageId, kept: bool) -> Option<MailboxId> {
        let Taking { mailbox, length } = self.takes.remove(&take)?;
        if kept {
            self.near.ledger.note(&mailbox, take, Step::Synced);
            self.near.fullness.kept(&mailbox, length);
            self.newest.insert(mailbox.clone(), take);
        }
        // A quick courier can have had it counted before this is known.
        self.near.watches.recount_aloud(&mailbox);
        Some(mailbox)
    }

    /// The lamp of a mailbox was lit for its newest message.
    pub(super) fn lit(&mut self, mailbox: &MailboxId, telephones: u32) {
        if let Some(message) = self.newest.remove(mailbox) {
            let step = Step::LampOn(telephones);
            self.near.ledger.note(mailbox, message, step);
        }
    }

    pub(super) fn log_in(&mut self, log_in: LogIn) {
        if let Err(Overloaded(verdict)) = self.log_ins.check(log_in) {
            warn!(call = %verdict.call, "too many passcodes wait to be checked");
            self.asked.immediate.push_back(Input::LogIn(verdict));
        }
    }

    /// The sets of a tenant, or everybody's, that can be changed by telephone: those of these
    /// languages, as far as they are installed.
    pub(super) fn worksets(
        &self,
        tenant: Option<&TenantId>,
        languages: &[Language],
    ) -> Vec<Workset> {
        let installed = languages.iter().filter_map(|language| {
            let (tenant, language) = (tenant.cloned(), language.clone());
            let set = SetId { tenant, language };
            let grammar = self.prompts.newest().grammar(&set)?;
            Some(Workset { set, grammar })
        });
        installed.collect()
    }

    /// Changes a prompt set. A recording that becomes a clip is read first: the call may drop it
    /// at once, but only after that.
    pub(super) fn change_prompts(&mut self, order: PromptOrder) {
        let take = match order.work {
            PromptWork::Replace { take, .. } => take,
            PromptWork::Drop(_) | PromptWork::RollBack => return self.order(order, None),
        };
        if let Err(refused) = self.spool.load(take) {
            warn!(%refused, "a recording cannot be read to become a prompt");
            let failed = Input::PromptsChanged(Done::failed(order));
            return self.asked.immediate.push_back(failed);
        }
        self.ordered.insert(take, Ordered::Prompt(order));
    }

    fn order(&mut self, order: PromptOrder, sound: Option<WireAudio>) {
        let queued = match &self.prompt_desk {
            Some(desk) => desk.order(Job { order, sound }),
            None => Err(Box::new(Done::failed(order))),
        };
        if let Err(undone) = queued {
            warn!(call = %undone.order.call, "too many changes of prompts wait");
            let failed = Input::PromptsChanged(*undone);
            self.asked.immediate.push_back(failed);
        }
    }

    /// This is answered without anybody being asked.
    pub(super) fn answer_at_once(&mut self, input: Input) {
        self.asked.immediate.push_back(input);
    }

    pub(super) fn milestone(&mut self, now: Now, call: CallId, what: &Milestone) {
        self.telling.milestone(now, call, what);
    }

    /// Ends what is at the edge, in order: sockets, media, then the spool, which brings all it
    /// holds to disk.
    pub(super) async fn close(self) -> Near {
        self.transport.shutdown().await;
        // Workers that stop do not wait for a receiver that is gone.
        drop(self.media);
        self.engine.stop();
        self.telling.flush();
        drop(self.prompt_watch);
        drop(self.lamp_file);
        drop(self.services_desk);
        drop(self.spool);
        self.near
    }

    fn of_report(&mut self, report: Report) -> Option<Input> {
        match report {
            Report::Begun {
                outcome: Ok(()), ..
            }
            | Report::Discarded { .. } => None,
            Report::Begun {
                take,
                outcome: Err(_),
            } => Some(Input::TakeRefused(take)),
            Report::Broken { take } => Some(Input::TakeBroken(take)),
            Report::Kept { take, outcome } => {
                Some(Input::Kept(take, outcome.map_err(|_| KeepFault::Disk)))
            }
            Report::Loaded { take, outcome } => match self.ordered.remove(&take) {
                None if self.post.loaded(take, outcome.as_ref().ok()) => {
                    self.carry_post_on();
                    None
                }
                None => Some(Input::TakeAudio(take, outcome.map_err(take_play_fault))),
                Some(ordered) => self.of_loaded(ordered, outcome),
            },
        }
    }

    /// A recording was read for this, or could not be.
    fn of_loaded(
        &mut self,
        ordered: Ordered,
        outcome: Result<WireAudio, TakeFault>,
    ) -> Option<Input> {
        match (ordered, outcome) {
            (Ordered::Prompt(order), Ok(sound)) => self.order(order, Some(sound)),
            (Ordered::Recording(asked, kind), Ok(sound)) => {
                self.store(asked, Work::Record(kind, sound));
            }
            (Ordered::Prompt(order), Err(fault)) => {
                warn!(%fault, "a recording cannot be read to become a prompt");
                return Some(Input::PromptsChanged(Done::failed(order)));
            }
            (Ordered::Recording(asked, _), Err(fault)) => {
                warn!(%fault, "a recording cannot be read to be kept");
                return Some(Input::Services(asked.failed(ChangeFault::Unavailable)));
            }
        }
        None
    }

    pub(super) fn ask(
        &mut self,
        now: Mono,
        asked: Asked,
        mailbox: &MailboxId,
        question: Question,
        failed: Input,
    ) {
        let token = self.asked.token(now, asked);
        if self
            .near
            .mailboxes
            .ask(token, mailbox.clone(), question)
            .is_err()
        {
            warn!("too many questions wait for the mailboxes");
            self.asked.open.remove(&token);
            self.asked.immediate.push_back(failed);
        }
    }
}

impl Questions {
    /// Notes a question. Those the calls no longer wait for are forgotten, answered or not.
    fn token(&mut self, now: Mono, asked: Asked) -> Token {
        while let Some(oldest) = self.open.first_entry()
            && oldest.get().0 <= now
        {
            oldest.remove();
        }
        self.last += 1;
        let token = Token(self.last);
        self.open.insert(token, (now + asked.patience(), asked));
        token
    }

    fn of_answer(&mut self, answered: Answered) -> Option<Input> {
        let (_, asked) = self.open.remove(&answered.token)?;
        match (asked, answered.answer) {
            (Asked::Mail(call), Answer::Reply(reply)) => Some(Input::Mail(call, reply)),
            (Asked::Audio(call, play), Answer::Audio(_, audio)) => {
                Some(Input::Audio(call, play, audio.map_err(play_fault)))
            }
            (Asked::Forwarded(key), Answer::Audio(_, audio)) => {
                Some(Input::Forwarded(key, audio.ok()))
            }
            (Asked::Mail(_) | Asked::Audio(..) | Asked::Forwarded(_), answer) => {
                error!(
                    ?answer,
                    "a mailbox answered another question than it was asked"
                );
                None
            }
        }
    }
}

fn take_play_fault(fault: TakeFault) -> PlayFault {
    match fault {
        TakeFault::Unknown => PlayFault::Gone,
        TakeFault::Disk | TakeFault::TooMany => PlayFault::Unavailable,
        TakeFault::Damaged => PlayFault::Damaged,
    }
}

fn play_fault(fault: mailbox::Fault) -> PlayFault {
    match fault {
        mailbox::Fault::Gone => PlayFault::Gone,
        mailbox::Fault::Damaged => PlayFault::Damaged,
        mailbox::Fault::Unavailable => PlayFault::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_nobody_answers_is_forgotten_when_its_call_gives_up() {
        let mut asked = Questions::default();
        let mut now = Mono::ZERO;
        for call in 0..10_000 {
            now = now + Duration::from_millis(10);
            asked.token(now, Asked::Mail(CallId(call)));
        }
        assert!(asked.open.len() <= 1_000, "{}", asked.open.len());

        let token = asked.token(now, Asked::Mail(CallId(1)));
        let answer = Answer::Reply(mailbox::Reply::Done(mailbox::Command::List));
        let answered = || Answered {
            token,
            mailbox: MailboxId::parse("2001").unwrap(),
            answer: answer.clone(),
        };
        assert!(asked.of_answer(answered()).is_some());
        assert!(asked.of_answer(answered()).is_none());
    }
}
