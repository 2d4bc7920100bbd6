//! The switch: every call of this server, and the way in for everything that concerns one.
//!
//! The contract: hand in one input with a `handle_` method, then drain [`Switch::poll_command`]
//! to `None`, then ask [`Switch::poll_timeout`] when to come back. A step that panics ends its
//! own call, whose recording is salvaged; the others go on.

use super::arrival::{arrival, called};
use super::leg::{Abilities, Leg};
use super::lockout::{Lockout, Outcome};
use super::route::{self, Routing};
use super::session::{CallSession, Desk, Purpose};
use super::vocabulary::{Command, Door, Milestone, PromptOrder};
use super::voice;
use crate::audio::WireAudio;
use crate::base::{
    CallId, Ids, Language, MailboxId, MessageId, Mono, Now, PlayId, RecordingId, SessionId,
    TenantId,
};
use crate::flow::{
    Admission, ChangeFault, Cx, KeepFault, LampFault, LogInVerdict, Menus, OperatorVerdict,
    PlayFault, PromptFault, Settings, Workset,
};
use crate::prompt::Voice;
use crate::sip::{Invite, Refusal};
use crate::subscriber::{Guarded, Languages, Lock, Roster, ServiceBook, Services};
use crate::{mailbox, media, sip};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// When a caller who finds us full may try again.
pub const BUSY_RETRY: Duration = Duration::from_secs(10);

/// What every call is handled by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The subscribers.
    pub roster: Arc<Roster>,
    /// The numbers of the service.
    pub routing: Routing,
    /// Key maps and time-outs of the menus.
    pub menus: Menus,
    /// Lengths and limits of the flows.
    pub settings: Settings,
    /// Codecs and packet times.
    pub abilities: Abilities,
    /// Who is spoken to in which language.
    pub languages: Languages,
    /// What subscribers have set. It changes while calls run.
    pub book: ServiceBook,
}

/// Every call of this server.
#[derive(Debug)]
pub struct Switch {
    rules: Rules,
    ids: Ids,
    arriving: HashMap<SessionId, Arriving>,
    calls: HashMap<CallId, CallSession>,
    by_media: HashMap<SessionId, CallId>,
    lockout: Lockout,
    takes: HashMap<MessageId, CallId>,
    deadlines: BTreeSet<(Mono, CallId)>,
    out: VecDeque<Command>,
    admitting: bool,
    /// Mailboxes that hold as much as they may; only those of subscribers.
    full: HashSet<MailboxId>,
    draining: bool,
}

/// A call whose sockets are being opened.
#[derive(Debug)]
struct Arriving {
    invite: Box<Invite>,
    purpose: Purpose,
    voice: Voice,
}

impl Arriving {
    fn answer(
        self,
        leg: Leg,
        session: SessionId,
        desk: &mut Desk<'_>,
    ) -> Result<CallSession, Refusal> {
        CallSession::answer(self.invite, self.purpose, leg, session, self.voice, desk)
    }
}

impl Switch {
    /// A switch without calls. `seed` makes identifiers unique: random in a server, fixed in a
    /// test.
    pub fn new(rules: Rules, seed: u64) -> Switch {
        Switch {
            rules,
            ids: Ids::new(seed),
            arriving: HashMap::new(),
            calls: HashMap::new(),
            by_media: HashMap::new(),
            lockout: Lockout::default(),
            takes: HashMap::new(),
            deadlines: BTreeSet::new(),
            out: VecDeque::new(),
            admitting: true,
            full: HashSet::new(),
            draining: false,
        }
    }

    /// The number of calls.
    pub fn len(&self) -> usize {
        self.calls.len() + self.arriving.len()
    }

    /// Whether there is no call.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The calls whose conversation or recording is not settled; those that only wait for the
    /// answer to a BYE are not among them.
    pub fn unsettled(&self) -> usize {
        let talking = self.calls.values().filter(|call| !call.is_settled());
        self.arriving.len() + talking.count()
    }

    /// Whether the disk has room for a new recording; from now on, until told otherwise.
    pub fn set_admitting(&mut self, admitting: bool) {
        self.admitting = admitting;
    }

    /// Whether this mailbox holds as much as it may; from now on, until told otherwise. One that
    /// nobody has is passed over.
    pub fn set_full(&mut self, mailbox: &MailboxId, full: bool) {
        if full && self.rules.roster.by_mailbox(mailbox).is_some() {
            self.full.insert(mailbox.clone());
        } else {
            self.full.remove(mailbox);
        }
    }

    /// The languages that a tenant, or everybody, offers; at least one.
    pub fn offered(&self, tenant: Option<&TenantId>) -> &[Language] {
        self.rules.languages.offered(tenant)
    }

    /// The media session of a call.
    pub fn session_of(&self, call: CallId) -> Option<SessionId> {
        self.calls.get(&call).map(CallSession::media)
    }

    /// The SIP machine reports.
    pub fn handle_sip(&mut self, now: Now, event: sip::Event) {
        match event {
            sip::Event::Invite(invite) => self.arrive(now, invite),
            sip::Event::Ringing { .. }
            | sip::Event::Answered { .. }
            | sip::Event::Subscribed(_)
            | sip::Event::Unsubscribed { .. }
            | sip::Event::PeerNotified { .. }
            | sip::Event::Registering(_)
            | sip::Event::Claimed(_) => {}
            sip::Event::Acknowledged { call, .. }
            | sip::Event::OfferedAgain { call, .. }
            | sip::Event::InfoDigit { call, .. }
            | sip::Event::Bye { call } => self.step(now, call, |s, desk| s.on_sip(desk, event)),
            sip::Event::Ended { call, .. } => {
                self.forget_arriving(call);
                self.step(now, call, |s, desk| s.on_sip(desk, event));
            }
        }
    }

    /// The sockets of [`Command::OpenMedia`] are open at this address, as the peer reaches it;
    /// `None` when none is free.
    pub fn handle_media_opened(&mut self, now: Now, session: SessionId, rtp: Option<SocketAddr>) {
        let Some(arriving) = self.arriving.remove(&session) else {
            self.out.push_back(Command::CloseMedia(session));
            return;
        };
        let call = arriving.invite.call;
        let Some(rtp) = rtp else {
            return self.refuse(call, busy("no media port is free"));
        };
        let leg = Leg::new(rtp, session, &self.rules.abilities);
        let mut desk = desk(&self.rules, &mut self.ids, &mut self.out, now);
        let answer = || arriving.answer(leg, session, &mut desk);
        match catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| Err(broken(call))) {
            Ok(answered) => {
                self.by_media.insert(session, call);
                self.calls.insert(call, answered);
            }
            Err(refusal) => {
                self.out.push_back(Command::CloseMedia(session));
                self.refuse(call, refusal);
            }
        }
    }

    /// A media session reports.
    pub fn handle_media(&mut self, now: Now, session: SessionId, event: &media::Event) {
        if let Some(&call) = self.by_media.get(&session) {
            self.step(now, call, |s, desk| s.on_media(desk, event));
        }
    }

    /// Audio of [`Command::Fetch`].
    pub fn handle_audio(
        &mut self,
        now: Now,
        call: CallId,
        play: PlayId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        self.step(now, call, |s, desk| s.on_audio(desk, play, audio));
    }

    /// Audio of [`super::TakeCommand::Load`].
    pub fn handle_take_audio(
        &mut self,
        now: Now,
        take: MessageId,
        audio: Result<WireAudio, PlayFault>,
    ) {
        if let Some(&call) = self.takes.get(&take) {
            self.step(now, call, |s, desk| s.on_take_audio(desk, take, audio));
        }
    }

    /// The answer to [`Command::Mail`].
    pub fn handle_mail(&mut self, now: Now, call: CallId, reply: mailbox::Reply) {
        self.step(now, call, |s, desk| s.on_mail(desk, reply));
    }

    /// The outcome of [`Command::LogIn`] for a mailbox: whether the passcode of this attempt was
    /// right. One that comes when the call gave the attempt up is ignored.
    pub fn handle_log_in(&mut self, now: Now, call: CallId, attempt: u32, right: bool) {
        let asked = self.asked(call, attempt);
        let Some((source, Door::Mailbox(mailbox))) = asked else {
            return;
        };
        let owner = self.rules.roster.by_mailbox(&mailbox).cloned();
        let owner = owner.filter(|_| right);
        let door = Guarded::Mailbox(mailbox);
        let outcome = self.attempt(now, (call, &door, &source), owner.is_some());
        let verdict = match (outcome, owner) {
            (Outcome::Right, Some(owner)) => LogInVerdict::Accepted(owner),
            (Outcome::Right | Outcome::Wrong, _) => LogInVerdict::Wrong,
            (Outcome::Locked, _) => LogInVerdict::Locked,
        };
        self.step(now, call, |s, desk| s.on_log_in(desk, attempt, verdict));
    }

    /// The outcome of [`Command::LogIn`] for prompts: the sets that can be worked on where the
    /// passcode of this attempt was right. One that comes when the call gave the attempt up is
    /// ignored.
    pub fn handle_operator_log_in(
        &mut self,
        now: Now,
        call: CallId,
        attempt: u32,
        right: Option<Vec<Workset>>,
    ) {
        let asked = self.asked(call, attempt);
        let Some((source, Door::Prompts(tenant))) = asked else {
            return;
        };
        let door = Guarded::Prompts(tenant);
        let outcome = self.attempt(now, (call, &door, &source), right.is_some());
        let verdict = match (outcome, right) {
            (Outcome::Right, Some(worksets)) => OperatorVerdict::Accepted(worksets),
            (Outcome::Right | Outcome::Wrong | Outcome::Locked, _) => OperatorVerdict::Refused,
        };
        self.step(now, call, |s, desk| {
            s.on_operator_log_in(desk, attempt, verdict);
        });
    }

    /// What is remembered of wrong passcodes at this door or by this source: from the last run, or
    /// because another process changed it.
    pub fn set_lock(&mut self, now: Now, guarded: Guarded, lock: Lock) {
        self.lockout.set(now, guarded, lock);
    }

    /// The outcome of [`Command::ChangePrompts`]. It is written down also where the call is over.
    pub fn handle_prompts_changed(
        &mut self,
        now: Now,
        order: &PromptOrder,
        outcome: Result<(), PromptFault>,
    ) {
        self.note(order.call, Milestone::Prompts(order.clone(), outcome));
        self.step(now, order.call, |s, desk| {
            s.on_prompts_changed(desk, order.order, outcome);
        });
    }

    /// The outcome of [`Command::Change`]. What was stored holds from now on, also where the call
    /// gave the answer up.
    pub fn handle_changed(
        &mut self,
        now: Now,
        (call, order): (CallId, u32),
        mailbox: &MailboxId,
        outcome: Result<Arc<Services>, ChangeFault>,
    ) {
        if let Ok(services) = &outcome {
            self.set_services(mailbox, Arc::clone(services));
        }
        self.step(now, call, |s, desk| s.on_changed(desk, order, outcome));
    }

    /// What a subscriber has set, changed by somebody else than a call; from now on.
    pub fn set_services(&mut self, mailbox: &MailboxId, services: Arc<Services>) {
        self.rules.book.set(mailbox.clone(), services);
    }

    /// The outcome of [`Command::Send`]: those it could not be left for.
    pub fn handle_sent(
        &mut self,
        now: Now,
        (call, order): (CallId, u32),
        outcome: Result<(), Vec<MailboxId>>,
    ) {
        self.step(now, call, |s, desk| s.on_sent(desk, order, outcome));
    }

    /// The outcome of [`Command::LoadRecordings`]: those that can be had.
    pub fn handle_recordings(
        &mut self,
        now: Now,
        call: CallId,
        play: PlayId,
        recordings: Vec<(RecordingId, WireAudio)>,
    ) {
        self.step(now, call, |s, desk| s.on_recordings(desk, play, recordings));
    }

    /// The outcome of [`Command::ClearLamp`].
    pub fn handle_lamp_cleared(&mut self, now: Now, call: CallId, outcome: Result<(), LampFault>) {
        self.step(now, call, |s, desk| s.on_lamp_cleared(desk, outcome));
    }

    /// The outcome of [`super::TakeCommand::Commit`].
    pub fn handle_kept(&mut self, now: Now, take: MessageId, outcome: Result<(), KeepFault>) {
        if let Some(&call) = self.takes.get(&take) {
            self.step(now, call, |s, desk| s.on_kept(desk, take, outcome));
        }
    }

    /// The spool could not begin this recording.
    pub fn handle_take_refused(&mut self, now: Now, take: MessageId) {
        if let Some(&call) = self.takes.get(&take) {
            self.step(now, call, |s, desk| s.on_take_refused(desk, take));
        }
    }

    /// The disk takes no more of this recording; what it has can still be kept.
    pub fn handle_take_broken(&mut self, now: Now, take: MessageId) {
        if let Some(&call) = self.takes.get(&take) {
            self.step(now, call, |s, desk| s.on_take_broken(desk, take));
        }
    }

    /// The time of [`Switch::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some((at, call)) = self
            .deadlines
            .first()
            .copied()
            .filter(|(at, _)| *at <= now.mono)
        {
            self.deadlines.remove(&(at, call));
            self.step(now, call, CallSession::on_timeout);
        }
    }

    /// Take no new call and let the present ones say goodbye; recordings end and are kept.
    pub fn drain(&mut self, now: Now) {
        self.draining = true;
        let mut calls: Vec<CallId> = self.calls.keys().copied().collect();
        calls.sort_unstable();
        for call in calls {
            self.step(now, call, CallSession::on_service_ending);
        }
    }

    /// The next thing to do at the edge.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.out.pop_front()
    }

    /// When to call [`Switch::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Mono> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn arrive(&mut self, now: Now, invite: Box<Invite>) {
        let call = invite.call;
        if self.draining {
            return self.refuse(call, busy("this server is closing down"));
        }
        let rules = &self.rules;
        let find = || {
            let route = route::route(&invite, &rules.roster, &rules.routing);
            let caller = route::caller(&invite);
            let voice = voice::at_first(&route, caller.number(), &rules.languages, &rules.book);
            (
                arrival(&invite, &route),
                called(now, &route, caller.number()),
                Purpose::of(route, |m| self.admission(m)),
                voice,
            )
        };
        let Ok((arrived, called, purpose, voice)) = catch_unwind(AssertUnwindSafe(find)) else {
            return self.refuse(call, broken(call));
        };
        self.note(call, arrived);
        self.out.extend(called);
        match purpose {
            Ok(purpose) => {
                let session = self.ids.session();
                let peer = invite.source.ip();
                let arriving = Arriving {
                    invite,
                    purpose,
                    voice,
                };
                self.arriving.insert(session, arriving);
                self.out.push_back(Command::OpenMedia(session, peer));
            }
            Err(refusal) => self.refuse(call, refusal),
        }
    }

    /// Where the call of a log-in attempt under way comes from, and what it is to open.
    fn asked(&self, call: CallId, attempt: u32) -> Option<(Guarded, Door)> {
        let session = self.calls.get(&call)?;
        Some((session.source(), session.log_in(attempt)?.clone()))
    }

    /// What an attempt comes to, counted and remembered.
    fn attempt(
        &mut self,
        now: Now,
        (call, door, source): (CallId, &Guarded, &Guarded),
        right: bool,
    ) -> Outcome {
        let outcome = self.lockout.attempt(now, door, source, right);
        if outcome == Outcome::Locked {
            tracing::info!(%call, "a passcode came during a lock and was not looked at");
        }
        while let Some((guarded, lock)) = self.lockout.poll_changed() {
            self.out.push_back(Command::Remember(guarded, lock));
        }
        outcome
    }

    /// A full mailbox comes first: trying again later does not help its callers.
    fn admission(&self, mailbox: &MailboxId) -> Admission {
        if self.full.contains(mailbox) {
            Admission::MailboxFull
        } else if self.admitting {
            Admission::Open
        } else {
            Admission::NoDisk
        }
    }

    /// The caller gave up while the sockets were being opened.
    fn forget_arriving(&mut self, call: CallId) {
        let before = self.arriving.len();
        self.arriving.retain(|_, a| a.invite.call != call);
        if self.arriving.len() < before {
            self.note(call, Milestone::Ended("caller gave up"));
        }
    }

    /// One step of one call, walled off from the others.
    fn step(&mut self, now: Now, call: CallId, act: impl FnOnce(&mut CallSession, &mut Desk<'_>)) {
        let Some(mut session) = self.calls.remove(&call) else {
            return;
        };
        let before = (session.take(), session.deadline());
        let mut desk = desk(&self.rules, &mut self.ids, &mut self.out, now);
        if catch_unwind(AssertUnwindSafe(|| act(&mut session, &mut desk))).is_err() {
            tracing::error!(%call, "a step of this call failed; the call ends, its recording is kept");
            session.salvage(&mut desk);
        }
        self.reindex(call, before, &session);
        if session.is_done() {
            self.by_media.remove(&session.media());
        } else {
            self.calls.insert(call, session);
        }
    }

    /// Keeps the look-ups by recording and by deadline in step with one call.
    fn reindex(
        &mut self,
        call: CallId,
        (take, deadline): (Option<MessageId>, Option<Mono>),
        session: &CallSession,
    ) {
        let (take_now, deadline_now) = if session.is_done() {
            (None, None)
        } else {
            (session.take(), session.deadline())
        };
        if take != take_now {
            take.map(|take| self.takes.remove(&take));
            take_now.map(|take| self.takes.insert(take, call));
        }
        if deadline != deadline_now {
            deadline.map(|at| self.deadlines.remove(&(at, call)));
            deadline_now.map(|at| self.deadlines.insert((at, call)));
        }
    }

    fn refuse(&mut self, call: CallId, refusal: Refusal) {
        self.note(call, Milestone::Refused(refusal.status));
        self.out
            .push_back(Command::Sip(sip::Command::Refuse { call, refusal }));
    }

    fn note(&mut self, call: CallId, what: Milestone) {
        self.out.push_back(Command::Milestone { call, what });
    }
}

fn desk<'a>(
    rules: &'a Rules,
    ids: &'a mut Ids,
    out: &'a mut VecDeque<Command>,
    now: Now,
) -> Desk<'a> {
    Desk {
        now,
        cx: Cx {
            now,
            menus: &rules.menus,
            settings: &rules.settings,
            languages: &rules.languages,
            roster: &rules.roster,
            book: &rules.book,
        },
        ids,
        out,
    }
}

/// What a call is refused with that may come again.
fn busy(why: &'static str) -> Refusal {
    Refusal {
        status: 503,
        retry_after: Some(BUSY_RETRY),
        why,
    }
}

/// What a call is refused with whose first step failed in a way it should not.
fn broken(call: CallId) -> Refusal {
    tracing::error!(%call, "answering this call failed; it is refused");
    Refusal {
        status: 500,
        retry_after: None,
        why: "a fault of this server",
    }
}

#[cfg(test)]
mod tests;
