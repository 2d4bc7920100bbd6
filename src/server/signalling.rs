//! The signalling task: one task that owns the SIP machine and the switch, and serves both.
//!
//! Every input is handed to its machine, then both are drained until neither has more to say.
//! Nothing here waits for disk, mailbox or passcode: those have threads of their own, and their
//! answers come back as further inputs.

use super::clock::Clock;
use super::edges::{Edges, Input};
use super::log_ins::{LogIn, Verdict};
use crate::call::{Command, Switch};
use crate::flow::LampFault;
use crate::sip::Machine;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

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
    pub edges: Edges,
}

impl Signalling {
    /// Serves calls until told to stop, then lets the present ones end in order.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) -> Edges {
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
        while !self.switch.is_empty() && Instant::now() < end {
            if self.switch.unsettled() == 0 {
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
        let next = sip.into_iter().chain(call).min();
        next.map_or_else(|| Instant::now() + IDLE, |at| self.clock.instant(at))
    }

    fn on_timeout(&mut self) {
        let now = self.clock.now();
        self.machine.handle_timeout(now);
        self.switch.handle_timeout(now);
    }

    fn take(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Sip(arrival, bytes) => self.machine.handle_message(now, arrival, &bytes),
            Input::ConnectionLost(connection) => self.machine.connection_lost(now, connection),
            Input::Media(session, event) => self.switch.handle_media(now, session, &event),
            Input::TakeRefused(take) => self.switch.handle_take_refused(now, take),
            Input::TakeBroken(take) => self.switch.handle_take_broken(now, take),
            Input::Kept(take, outcome) => self.switch.handle_kept(now, take, outcome),
            Input::TakeAudio(take, audio) => self.switch.handle_take_audio(now, take, audio),
            Input::Mail(call, reply) => self.switch.handle_mail(now, call, reply),
            Input::Audio(call, play, audio) => self.switch.handle_audio(now, call, play, audio),
            Input::LogIn(Verdict {
                call,
                attempt,
                right,
            }) => self.switch.handle_log_in(now, call, attempt, right),
        }
    }

    /// Carries everything through that the last input set going.
    fn settle(&mut self) {
        loop {
            if let Some(event) = self.machine.poll_event() {
                self.switch.set_admitting(self.edges.has_room());
                self.switch.handle_sip(self.clock.now(), event);
            } else if let Some(command) = self.switch.poll_command() {
                self.carry_out(command);
            } else if let Some(transmit) = self.machine.poll_transmit() {
                self.edges.transmit(transmit);
            } else if let Some(input) = self.edges.immediate() {
                self.take(input);
            } else {
                return;
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
                language,
            } => {
                self.edges.say(session, play, &phrases, &language);
            }
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
            } => {
                self.edges.fetch(now.mono, (call, play), &mailbox, message);
            }
            Command::LogIn {
                call,
                attempt,
                mailbox,
                passcode,
            } => self.edges.log_in(LogIn {
                call,
                attempt,
                mailbox,
                passcode,
            }),
            Command::ClearLamp { call, .. } => {
                let outcome = Err(LampFault::Unavailable);
                self.switch.handle_lamp_cleared(now, call, outcome);
            }
            Command::Milestone { call, what } => self.edges.milestone(now, call, &what),
        }
    }
}
