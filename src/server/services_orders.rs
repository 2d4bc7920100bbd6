//! What calls want of subscribers' services, brought to the threads that know: passcodes are hashed
//! and recordings read from the spool before they come to the desk.
//!
//! In: orders of calls. Out: jobs, and where no more can be queued the answer at once, which says
//! that it could not be done.

use super::edges::{Edges, Input, Ordered};
use super::log_ins::{Checked, NewPasscode};
use super::services_desk::{Asked, Job, Told, Work};
use crate::base::{CallId, MailboxId, PlayId, RecordingId, Timestamp};
use crate::call::{ChangeOrder, ChangeWork};
use crate::flow::ChangeFault;
use crate::registrar;
use crate::subscriber::{Change, Guarded, LastCaller, Lock, PasscodeHash};
use tracing::warn;

impl Edges {
    /// Changes what a subscriber has set. A recording is read first: the call may drop it at once,
    /// but only after that.
    pub(super) fn change_services(&mut self, order: ChangeOrder) {
        let asked = Asked::by(&order);
        match order.work {
            ChangeWork::Set(change) => self.store(asked, Work::Set(change)),
            ChangeWork::Passcode(passcode) => {
                let new = NewPasscode {
                    asked: asked.clone(),
                    passcode,
                };
                if !self.log_ins.hash(new) {
                    warn!(call = %asked.call, "too many passcodes wait to be checked");
                    self.not_stored(asked);
                }
            }
            ChangeWork::Record { kind, take } => match self.spool.load(take) {
                Ok(()) => {
                    let wanted = Ordered::Recording(asked, kind);
                    self.ordered.insert(take, wanted);
                }
                Err(refused) => {
                    warn!(%refused, "a recording cannot be read to be kept");
                    self.not_stored(asked);
                }
            },
        }
    }

    /// Remembers who called a subscriber last. Where too many wait it is not, and the next call is.
    pub(super) fn called(&mut self, mailbox: MailboxId, caller: LastCaller) {
        self.services_desk.called(mailbox, caller);
    }

    pub(super) fn store(&mut self, asked: Asked, work: Work) {
        let job = Job::Change(asked, work);
        if let Err(refused) = self.services_desk.ask(job)
            && let Job::Change(asked, _) = *refused
        {
            warn!(call = %asked.call, "too many changes of services wait");
            self.not_stored(asked);
        }
    }

    fn not_stored(&mut self, asked: Asked) {
        let told = asked.failed(ChangeFault::Unavailable);
        self.answer_at_once(Input::Services(told));
    }

    /// What there is of wrong passcodes is remembered for the next start.
    pub(super) fn remember(&mut self, guarded: Guarded, lock: Lock) {
        let job = Job::Remember(guarded, lock);
        if self.services_desk.ask(job).is_err() {
            warn!("too many changes of services wait: a lock is not remembered");
        }
    }

    /// Where a telephone is is stored for the next start.
    pub(super) fn remember_binding(&mut self, change: &registrar::Change) {
        let job = match change {
            registrar::Change::Bound(binding) | registrar::Change::Refreshed(binding) => {
                Job::Bound(Box::new(binding.clone()))
            }
            registrar::Change::Gone(id, _) => Job::Unbound(id.clone()),
        };
        if self.services_desk.ask(job).is_err() {
            warn!("too many changes of services wait: where a telephone is, is not remembered");
        }
    }

    /// Reads what subscribers recorded, for a play.
    pub(super) fn load_recordings(
        &mut self,
        call: CallId,
        play: PlayId,
        recordings: Vec<RecordingId>,
    ) {
        if !self.services_desk.load(call, play, recordings) {
            warn!(%call, "too many recordings wait to be read");
            let none = Told::Recordings(call, play, Vec::new());
            self.answer_at_once(Input::Services(none));
        }
    }

    pub(super) fn of_checked(&mut self, checked: Checked) -> Option<Input> {
        match checked {
            Checked::LogIn(verdict) => Some(Input::LogIn(verdict)),
            Checked::Hashed(asked, Ok(hash)) => {
                self.store_passcode(asked, hash);
                None
            }
            Checked::Hashed(asked, Err(fault)) => Some(Input::Services(asked.failed(fault))),
        }
    }

    fn store_passcode(&mut self, asked: Asked, hash: PasscodeHash) {
        let change = Change::Passcode(hash, Timestamp::now());
        self.store(asked, Work::Set(change));
    }
}
