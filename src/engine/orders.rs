//! The queue of orders to a worker, and the bell that wakes it.
//!
//! Laws: orders arrive in the order given; none is dropped in silence; the bell is rung once for
//! all orders that wait, and no order waits without it.

use super::SendFault;
use super::ports::Sockets;
use crate::base::{Digit, SessionId};
use crate::media::Command;
use rustix::event::{EventfdFlags, eventfd};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// How long an order waits for room in the queue.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a worker is told.
#[derive(Debug)]
pub(super) enum Order {
    /// A new session on these sockets.
    Open(SessionId, Sockets),
    /// A command for a session.
    Command(SessionId, Command),
    /// A key that came by SIP INFO.
    Key(SessionId, Digit),
    /// The end of a session.
    Close(SessionId),
}

/// The giving end of a worker's queue.
#[derive(Debug)]
pub(super) struct Orders {
    queue: SyncSender<Order>,
    bell: Arc<Bell>,
}

/// The taking end.
#[derive(Debug)]
pub(super) struct Inbox {
    queue: Receiver<Order>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct Bell {
    eventfd: OwnedFd,
    rung: AtomicBool,
    waiting: AtomicUsize,
    stop: AtomicBool,
}

/// Makes a queue of `bound` orders.
pub(super) fn orders(bound: usize) -> io::Result<(Orders, Inbox)> {
    let bell = Arc::new(Bell {
        eventfd: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?,
        rung: AtomicBool::new(false),
        waiting: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let (give, take) = sync_channel(bound);
    Ok((
        Orders {
            queue: give,
            bell: Arc::clone(&bell),
        },
        Inbox { queue: take, bell },
    ))
}

impl Orders {
    /// The orders that wait.
    pub(super) fn waiting(&self) -> usize {
        self.bell.waiting.load(Ordering::Relaxed)
    }

    /// Tells the worker to stop, ahead of all orders.
    pub(super) fn stop(&self) {
        self.bell.stop.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Queues an order; waits up to [`PATIENCE`] for room.
    pub(super) fn give(&self, order: Order) -> Result<(), SendFault> {
        self.bell.waiting.fetch_add(1, Ordering::Relaxed);
        let given = self.queue_up(order);
        if given.is_err() {
            self.bell.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        self.bell.ring();
        given
    }

    fn queue_up(&self, mut order: Order) -> Result<(), SendFault> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            order = match self.queue.try_send(order) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(_)) => return Err(SendFault::Stopped),
                Err(TrySendError::Full(order)) => order,
            };
            if Instant::now() >= deadline {
                return Err(SendFault::Overloaded);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A worker without orders stops.
impl Drop for Orders {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Inbox {
    /// What becomes readable when the bell rings.
    pub(super) fn eventfd(&self) -> &OwnedFd {
        &self.bell.eventfd
    }

    /// The oldest order.
    pub(super) fn take(&self) -> Option<Order> {
        let order = self.queue.try_recv().ok()?;
        self.bell.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(order)
    }

    /// Silences the bell; orders given from here on ring it again.
    pub(super) fn silence(&self) {
        // Nothing to read means that it is silent already.
        let _ = rustix::io::read(&self.bell.eventfd, &mut [0u8; 8]);
        self.bell.rung.swap(false, Ordering::AcqRel);
    }

    /// Rings for the orders that are left.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }

    /// Whether the worker is to stop.
    pub(super) fn is_to_stop(&self) -> bool {
        self.bell.stop.load(Ordering::Acquire)
    }
}

impl Bell {
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // It counts to one at most, so this neither blocks nor overflows.
            let _ = rustix::io::write(&self.eventfd, &1u64.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(session: u64) -> Order {
        Order::Key(SessionId(session), Digit::D1)
    }

    #[test]
    fn a_full_queue_refuses_after_its_patience_and_counts_what_waits() {
        let (orders, inbox) = orders(2).unwrap();
        assert_eq!(orders.give(key(1)), Ok(()));
        assert_eq!(orders.give(key(2)), Ok(()));
        assert_eq!(orders.give(key(3)), Err(SendFault::Overloaded));
        assert_eq!(orders.waiting(), 2);
        assert!(matches!(inbox.take(), Some(Order::Key(SessionId(1), _))));
        assert_eq!(orders.waiting(), 1);
        drop(inbox);
        assert_eq!(orders.give(key(4)), Err(SendFault::Stopped));
    }

    #[test]
    fn the_bell_rings_once_until_it_is_silenced() {
        let (orders, inbox) = orders(8).unwrap();
        let mut count = [0u8; 8];
        for _ in 0..2 {
            orders.give(key(1)).unwrap();
            orders.give(key(2)).unwrap();
            assert_eq!(rustix::io::read(inbox.eventfd(), &mut count), Ok(8));
            assert_eq!(u64::from_ne_bytes(count), 1);
            inbox.silence();
        }
    }
}
