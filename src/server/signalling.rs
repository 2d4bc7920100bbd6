//! The signalling task: one task that owns the SIP machine, the switch and the lamps, and serves
//! them all.
//!
//! Every input is handed to its machine, then all are drained until none has more to say.
//! Nothing here waits for disk, mailbox or passcode: those have threads of their own, and their
//! answers come back as further inputs.

use super::clock::Clock;
use super::delivery::MailboxNews;
use super::edges::{Edges, Input};
use super::log_ins::{LogIn, Verdict};
use super::prompt_desk::Done;
use super::services_desk::Told;
use crate::base::{MailboxId, MessageId};
use crate::call::{Command, Door, Switch};
use crate::lamp::{self, ContactName, ContactTold, Lamps};
use crate::registrar::{self, Change, Registrar};
use crate::sip::{self, Machine};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info, warn};

/// How long calls may take to say goodbye when the server closes down.
pub const DRAIN: Duration = Duration::from_secs(20);
/// How long the answers to the last BYEs are waited for, once every recording is settled.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long to sleep where nothing has a deadline.
const IDLE: Duration = Duration::from_secs(60);

/// Everything the signalling task owns.
pub(super) struct Signalling {
    pub clock: Clock,
    pub machine: Machine,
    pub switch: Switch,
    pub lamps: Lamps,
    pub registrar: Registrar,
    pub edges: Edges,
}

impl Signalling {
    /// Serves calls until told to stop, then lets the present ones end in order.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) -> Edges {
        self.settle();
        loop {
            let deadline = self.deadline();
            tokio::select! {
                input = self.edges.next() => self.take(input),
                () = sleep_until(deadline) => self.on_timeout(),
                _ = &mut stop => break,
            }
            self.settle();
        }
        self.drain().await;
        self.edges
    }

    /// Takes no new calls, ends the present ones, and waits until all is said and kept; then a
    /// little for the answers to the last BYEs, for a peer that is gone answers none.
    async fn drain(&mut self) {
        let mut end = Instant::now() + DRAIN;
        let calls = self.switch.len();
        info!(calls, "closing down: no new calls, present ones are ended");
        self.machine.drain(self.clock.now());
        self.switch.drain(self.clock.now());
        self.settle();
        let mut settled = None;
        while !(self.switch.is_empty() && self.edges.post.is_idle()) && Instant::now() < end {
            if self.switch.unsettled() == 0 && self.edges.post.is_idle() {
                end = end.min(*settled.get_or_insert_with(|| Instant::now() + LAST_WORDS));
            }
            let deadline = self.deadline().min(end);
            tokio::select! {
                input = self.edges.next() => self.take(input),
                () = sleep_until(deadline) => self.on_timeout(),
            }
            self.settle();
        }
        match (self.switch.len(), self.switch.unsettled()) {
            (0, _) => {}
            (calls, 0) => info!(calls, "calls are over whose peers did not answer the BYE"),
            (calls, unsettled) => {
                warn!(
                    calls,
                    unsettled,
                    "calls did not end in time and are cut off; what they recorded is on disk"
                );
            }
        }
    }

    fn deadline(&self) -> Instant {
        let sip = self.machine.poll_timeout().map(|(at, _)| at);
        let call = self.switch.poll_timeout();
        let lamps = self.lamps.poll_timeout();
        let registrar = self.registrar.poll_timeout();
        let next = [sip, call, lamps, registrar].into_iter().flatten().min();
        next.map_or_else(|| Instant::now() + IDLE, |at| self.clock.instant(at))
    }

    fn on_timeout(&mut self) {
        let now = self.clock.now();
        self.machine.handle_timeout(now);
        self.switch.handle_timeout(now);
        self.lamps.handle_timeout(now.mono);
        self.registrar.handle_timeout(now);
    }

    fn take(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Sip(arrival, bytes) => self.machine.handle_message(now, arrival, &bytes),
            Input::ConnectionLost(connection) => {
                self.machine.connection_lost(now, connection);
                self.registrar.connection_lost(connection);
            }
            Input::Media(session, event) => self.switch.handle_media(now, session, &event),
            Input::TakeRefused(take) => {
                self.take_settled(take, false);
                self.switch.handle_take_refused(now, take);
            }
            Input::TakeBroken(take) => self.switch.handle_take_broken(now, take),
            Input::Kept(take, outcome) => {
                self.take_settled(take, outcome.is_ok());
                self.switch.handle_kept(now, take, outcome);
                self.edges.posted(take, outcome.is_ok());
            }
            Input::Forwarded(key, audio) => self.edges.forwarded(key, audio.as_ref()),
            Input::Sent(key, outcome) => self.switch.handle_sent(now, key, outcome),
            Input::TakeAudio(take, audio) => self.switch.handle_take_audio(now, take, audio),
            Input::Mail(call, reply) => self.switch.handle_mail(now, call, reply),
            Input::Mailbox(MailboxNews::Seen(mailbox, sight)) => {
                self.lamps.handle_seen(now.mono, &mailbox, sight);
                self.tell_room(&mailbox);
            }
            Input::Mailbox(MailboxNews::Room(mailbox)) => self.tell_room(&mailbox),
            Input::Audio(call, play, audio) => self.switch.handle_audio(now, call, play, audio),
            Input::LogIn(verdict) => self.take_verdict(verdict),
            Input::PromptsChanged(done) => self.take_change(&done),
            Input::Services(told) => self.take_services(told),
        }
    }

    fn take_verdict(&mut self, verdict: Verdict) {
        let now = self.clock.now();
        let Verdict {
            call,
            attempt,
            door,
            right,
        } = verdict;
        match door {
            Door::Mailbox(_) => self.switch.handle_log_in(now, call, attempt, right),
            Door::Prompts(tenant) => {
                let tenant = tenant.as_ref();
                let languages = self.switch.offered(tenant);
                let worksets = right.then(|| self.edges.worksets(tenant, languages));
                self.switch
                    .handle_operator_log_in(now, call, attempt, worksets);
            }
        }
    }

    /// A prompt set was changed by a call, which hears the new prompts from now on, as new calls
    /// do; other calls go on with those they began with.
    fn take_change(&mut self, done: &Done) {
        if done.outcome.is_ok()
            && let Some(session) = self.switch.session_of(done.order.call)
        {
            self.edges.prompts.catch_up(session);
        }
        let now = self.clock.now();
        self.switch
            .handle_prompts_changed(now, &done.order, done.outcome);
    }

    /// A recording is kept or lost: its mailbox may be full now.
    fn take_settled(&mut self, take: MessageId, kept: bool) {
        if let Some(mailbox) = self.edges.take_settled(take, kept) {
            self.tell_room(&mailbox);
        }
    }

    /// What a subscriber has set was changed, or read.
    fn take_services(&mut self, told: Told) {
        let now = self.clock.now();
        match told {
            Told::Changed(asked, outcome) => {
                if outcome.is_ok() {
                    self.edges.near.services_changed.tell(&asked.mailbox);
                }
                let order = (asked.call, asked.order);
                self.switch
                    .handle_changed(now, order, &asked.mailbox, outcome);
            }
            Told::Services(mailbox, services) => {
                self.edges.near.services_changed.tell(&mailbox);
                self.switch.set_services(&mailbox, services);
            }
            Told::Lock(guarded, lock) => self.switch.set_lock(now, guarded, lock),
            Told::Recordings(call, play, found) => {
                self.switch.handle_recordings(now, call, play, found);
            }
        }
    }

    /// Whether callers of a mailbox can leave a message may have changed.
    fn tell_room(&mut self, mailbox: &MailboxId) {
        let full = self.edges.near.fullness.is_full(mailbox);
        self.switch.set_full(mailbox, full);
    }

    /// Carries everything through that the last input set going.
    fn settle(&mut self) {
        loop {
            if let Some(event) = self.machine.poll_event() {
                self.on_sip(event);
            } else if let Some(command) = self.registrar.poll_command() {
                self.carry_out_registrar(command);
            } else if let Some(command) = self.switch.poll_command() {
                self.carry_out(command);
            } else if let Some(command) = self.lamps.poll_command() {
                self.carry_out_lamp(command);
            } else if let Some(transmit) = self.machine.poll_transmit() {
                self.edges.transmit(transmit);
            } else if let Some(input) = self.edges.immediate() {
                self.take(input);
            } else {
                return;
            }
        }
    }

    fn on_sip(&mut self, event: sip::Event) {
        let now = self.clock.now();
        match event {
            sip::Event::Subscribed(_)
            | sip::Event::Unsubscribed { .. }
            | sip::Event::PeerNotified { .. } => self.lamps.handle_sip(now.mono, event),
            sip::Event::Registering(_) | sip::Event::Claimed(_) => {
                self.registrar.handle_sip(now, event);
            }
            sip::Event::Invite(_)
            | sip::Event::Acknowledged { .. }
            | sip::Event::OfferedAgain { .. }
            | sip::Event::InfoDigit { .. }
            | sip::Event::Bye { .. }
            | sip::Event::Ended { .. }
            | sip::Event::Ringing { .. }
            | sip::Event::Answered { .. } => {
                self.switch.set_admitting(self.edges.has_room());
                self.switch.handle_sip(now, event);
            }
        }
    }

    fn carry_out_registrar(&mut self, command: registrar::Command) {
        let now = self.clock.now();
        match command {
            registrar::Command::Sip(command) => self.machine.handle_command(now, command),
            registrar::Command::Changed(change) => {
                note_binding(&change);
                self.edges.remember_binding(&change);
                self.tell_contact(change);
            }
            registrar::Command::Seen(change) => self.tell_contact(change),
        }
    }

    /// Where a telephone is reached changed: its lamp is told there.
    fn tell_contact(&mut self, change: Change) {
        let now = self.clock.now();
        match change {
            Change::Bound(binding) | Change::Refreshed(binding) => {
                let told = ContactTold {
                    mailbox: binding.mailbox,
                    reach: binding.reach,
                    host: binding.host,
                    run: binding.call_id,
                };
                let name = ContactName(binding.id.device, binding.id.contact);
                self.lamps.handle_contact(now.mono, name, told);
            }
            Change::Gone(id, _) => {
                let name = ContactName(id.device, id.contact);
                self.lamps.handle_contact_gone(now.mono, &name);
            }
        }
    }

    fn carry_out_lamp(&mut self, command: lamp::Command) {
        let now = self.clock.now();
        match command {
            lamp::Command::Sip(command) => self.machine.handle_command(now, command),
            lamp::Command::Watch(mailbox) => self.edges.near.watches.watch(&mailbox),
            lamp::Command::Unwatch(mailbox) => self.edges.near.watches.unwatch(&mailbox),
            lamp::Command::Remember(text) => self.edges.lamp_file.write(text),
            lamp::Command::Lit {
                mailbox,
                telephones,
            } => {
                info!(%mailbox, telephones, "a lamp is lit");
                self.edges.lit(&mailbox, telephones);
            }
        }
    }

    fn carry_out(&mut self, command: Command) {
        let now = self.clock.now();
        match command {
            Command::Sip(command) => self.machine.handle_command(now, command),
            Command::OpenMedia(session, peer) => {
                let rtp = self.edges.open_media(session, peer);
                self.switch.handle_media_opened(now, session, rtp);
            }
            Command::Media(session, command) => self.edges.media(session, command),
            Command::InfoDigit(session, digit) => self.edges.info_digit(session, digit),
            Command::CloseMedia(session) => self.edges.close_media(session),
            Command::Say {
                session,
                play,
                phrases,
                voice,
                recordings,
            } => self.edges.say(session, play, &phrases, &voice, &recordings),
            Command::LoadRecordings {
                call,
                play,
                recordings,
            } => self.edges.load_recordings(call, play, recordings),
            Command::Change(order) => self.edges.change_services(order),
            Command::Called(mailbox, caller) => self.edges.called(mailbox, caller),
            Command::Remember(guarded, lock) => self.edges.remember(guarded, lock),
            Command::Send(order) => self.edges.send(now.mono, order),
            Command::Take(command) => self.edges.take(command),
            Command::Mail {
                call,
                mailbox,
                command,
            } => self.edges.mail(now.mono, call, &mailbox, command),
            Command::Fetch {
                call,
                play,
                mailbox,
                message,
            } => self.edges.fetch(now.mono, (call, play), &mailbox, message),
            Command::LogIn {
                call,
                attempt,
                door,
                passcode,
            } => self.edges.log_in(LogIn {
                call,
                attempt,
                door,
                passcode,
            }),
            Command::ChangePrompts(order) => self.edges.change_prompts(order),
            Command::ClearLamp { call, mailbox } => {
                self.lamps.handle_cleared(now.mono, &mailbox);
                self.switch.handle_lamp_cleared(now, call, Ok(()));
            }
            Command::Milestone { call, what } => self.edges.milestone(now, call, &what),
        }
    }
}

/// A telephone came or went.
fn note_binding(change: &Change) {
    match change {
        Change::Bound(binding) => {
            let (device, mailbox) = (&binding.id.device, &binding.mailbox);
            info!(%device, %mailbox, heard = %binding.heard, "a telephone is registered");
        }
        Change::Refreshed(binding) => {
            debug!(device = %binding.id.device, "a telephone is registered on");
        }
        Change::Gone(id, why) => info!(device = %id.device, ?why, "a telephone is gone"),
    }
}
