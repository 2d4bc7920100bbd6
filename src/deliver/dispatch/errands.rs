//! One errand, on a thread of its own: read the message, send the courier, write down the end.

use super::couriers::{self, Couriers};
use super::rounds::Trip;
use crate::deliver::vocabulary::{Blame, Errand, Fault, Receipt, Retry};
use crate::mailbox::{Deposit, Leg, Marks, Outbox, OutboxFault, Standing};
use crate::subscriber::{Profile, Roster};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How often a courier goes again because the owner did something meanwhile, before it waits.
const REPEATS_MAX: usize = 5;

/// What a courier brought to its place, and what it knew then of the owner's doings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) receipt: Receipt,
    marks: Option<Marks>,
}

/// How an errand ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The other side has it, and that is on disk.
    Arrived(Receipt, Standing),
    /// The other side has it, but the disk did not take that down.
    Unwritten(Arrival, Fault),
    /// The message is gone: an operator dropped it.
    Vanished,
    /// The other side does not have it.
    Failed(Fault),
}

/// What errands need.
#[derive(Clone)]
pub(super) struct Runner {
    pub(super) couriers: Arc<Couriers>,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) roster: Arc<Roster>,
}

impl Runner {
    /// Runs one errand. What `arrived` before is only written down.
    pub(super) fn run(&self, trip: &Trip, arrived: Option<Arrival>) -> Outcome {
        let run = AssertUnwindSafe(|| self.run_unguarded(trip, arrived));
        catch_unwind(run).unwrap_or_else(|_| {
            let (blame, retry) = (Blame::Us, Retry::Later);
            let what = "the delivery ended by a bug of ours".to_owned();
            Outcome::Failed(Fault { blame, retry, what })
        })
    }

    fn run_unguarded(&self, trip: &Trip, mut arrived: Option<Arrival>) -> Outcome {
        let owner = self.roster.by_mailbox(&trip.mailbox).map(|owner| &**owner);
        let legs = couriers::legs(owner);
        for _ in 0..REPEATS_MAX {
            let arrival = match arrived.take() {
                Some(arrival) => arrival,
                None => match self.deliver(trip, owner) {
                    Ok(Some(arrival)) => arrival,
                    Ok(None) => return Outcome::Vanished,
                    Err(fault) => return Outcome::Failed(fault),
                },
            };
            let finished = self.outbox.finish(trip.id, &trip.leg, &legs, arrival.marks);
            match finished {
                Ok(standing) => return Outcome::Arrived(arrival.receipt, standing),
                Err(OutboxFault::Gone) => return Outcome::Vanished,
                Err(OutboxFault::Changed) => {}
                Err(fault @ (OutboxFault::Disk | OutboxFault::Damaged)) => {
                    let what = format!("delivered, but that cannot be written down: {fault}");
                    return Outcome::Unwritten(arrival, Fault::operator(what));
                }
            }
        }
        let what = format!("delivered, but {} each time", OutboxFault::Changed);
        Outcome::Failed(Fault::later(what))
    }

    /// Sends the courier; `None` when there is no such message any more.
    fn deliver(&self, trip: &Trip, owner: Option<&Profile>) -> Result<Option<Arrival>, Fault> {
        let present = self.present(trip);
        let marks = present.as_ref().map(|deposit| deposit.marks);
        let Some(deposit) = present.or_else(|| self.outbox.outgoing(trip.id)) else {
            return Ok(None);
        };
        let owner = owner.ok_or_else(|| couriers::nobody(&trip.mailbox))?;
        let courier = self.couriers.courier(&trip.leg, owner)?;
        let sound = match self.outbox.octets(trip.id) {
            Ok(sound) => sound,
            Err(OutboxFault::Gone) => return Ok(None),
            Err(fault @ OutboxFault::Damaged) => return Err(Fault::ours(fault.to_string())),
            Err(fault @ (OutboxFault::Disk | OutboxFault::Changed)) => {
                return Err(Fault::operator(fault.to_string()));
            }
        };
        // What the courier was last told of the owner's doings.
        let told = Cell::new(marks);
        let look = || {
            told.set(self.present(trip).map(|deposit| deposit.marks));
            told.get()
        };
        let receipt = courier.deliver(&Errand {
            deposit: &deposit,
            sound: &sound,
            leg: &trip.leg,
            owner,
            marks: &look,
        })?;
        let marks = told.get();
        Ok(Some(Arrival { receipt, marks }))
    }

    /// The message where it is still to go this way. Into the mailbox it goes until it is there or
    /// its owner withdrew it; mail goes whatever became of it in the mailbox.
    fn present(&self, trip: &Trip) -> Option<Deposit> {
        match trip.leg {
            Leg::Store => self.outbox.deposit(trip.id),
            Leg::Mail(_) | Leg::Copy(_) | Leg::Notice(_) => self.outbox.outgoing(trip.id),
        }
    }
}
