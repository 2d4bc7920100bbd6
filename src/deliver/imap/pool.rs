//! The connections to one server, lent to those who work with an account.
//!
//! Laws: never more than the server's entry says, and never more than half of them for delivery, so
//! that callers find one; who waits for one waits no longer than a command may take; a connection
//! that failed is not lent again; one that nobody used for [`IDLE_MAX`] is closed.

use super::fault::Fault;
use super::session::Session;
use super::stream::Trust;
use crate::deliver::servers::ImapServer;
use crate::subscriber::ImapAccount;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How long a connection is kept that nobody uses.
const IDLE_MAX: Duration = Duration::from_mins(1);

/// The longest that one who waits at the telephone waits for a connection that answers: less than a
/// call waits for its mailbox, so that it hears of what is on its way instead.
pub(super) const FIRST_WORD: Duration = Duration::from_secs(7);

/// What a connection is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To deliver a message.
    Delivery,
    /// For one who waits at the telephone.
    Telephone,
}

/// The connections to one server.
pub(super) struct Pool {
    server: ImapServer,
    trust: Trust,
    state: Mutex<State>,
    freed: Condvar,
    /// The sweeper waits here, so that it takes no wake-up from those who wait for a connection.
    swept: Condvar,
}

#[derive(Default)]
struct State {
    /// Those that nobody uses, the one that was used last at the end.
    idle: Vec<(ImapAccount, Session)>,
    /// How many are lent, and how many of them for delivery.
    lent: usize,
    delivering: usize,
    /// Whether a thread closes those that are unused for long.
    sweeping: bool,
}

/// A connection, for as long as this lives.
pub(super) struct Loan {
    pool: Arc<Pool>,
    account: ImapAccount,
    purpose: Purpose,
    session: Option<Session>,
}

impl Pool {
    pub(super) fn new(server: ImapServer) -> Pool {
        Pool {
            server,
            trust: Trust::default(),
            state: Mutex::new(State::default()),
            freed: Condvar::new(),
            swept: Condvar::new(),
        }
    }

    /// The server they go to.
    pub(super) fn server(&self) -> &ImapServer {
        &self.server
    }

    /// A connection that does not count: for one who keeps it.
    pub(super) fn open(&self, account: &ImapAccount) -> Result<Session, Fault> {
        self.open_within(account, self.server.timeout)
    }

    fn open_within(&self, account: &ImapAccount, within: Duration) -> Result<Session, Fault> {
        Session::open(&self.server, account, &self.trust, within)
    }

    /// Lends a connection of this account, one that answers: what the server closed meanwhile is
    /// no fault. A server that does not answer at all is waited for once.
    pub(super) fn lend(
        self: &Arc<Pool>,
        account: &ImapAccount,
        purpose: Purpose,
    ) -> Result<Loan, Fault> {
        let most = match purpose {
            Purpose::Delivery => self.server.timeout,
            Purpose::Telephone => self.server.timeout.min(FIRST_WORD),
        };
        let deadline = Instant::now() + most;
        let left = || match purpose {
            Purpose::Delivery => most,
            Purpose::Telephone => deadline.saturating_duration_since(Instant::now()),
        };
        let kept = self.reserve(account, purpose, deadline)?;
        // From here on the loan gives the place back.
        let mut loan = Loan {
            pool: Arc::clone(self),
            account: account.clone(),
            purpose,
            session: None,
        };
        if let Some(mut session) = kept {
            let (begun, within) = (Instant::now(), left());
            match session.look_within(within) {
                Ok(()) => {
                    loan.session = Some(session);
                    return Ok(loan);
                }
                // A server that is silent here would be silent at another log-in too.
                Err(fault) if begun.elapsed() >= within / 2 => return Err(fault),
                Err(_) => {}
            }
        }
        loan.session = Some(self.open_within(account, left())?);
        Ok(loan)
    }

    /// Waits for a place. Gives a connection of the account that is there already.
    fn reserve(
        &self,
        account: &ImapAccount,
        purpose: Purpose,
        deadline: Instant,
    ) -> Result<Option<Session>, Fault> {
        let mut state = self.lock();
        while !self.has_place(&state, purpose) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let name = &self.server.name;
                return Err(Fault::Busy(format!(
                    "all connections to the IMAP server {name} are in use; [[imap]] connections \
                     sets how many there are"
                )));
            }
            let waited = self.freed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.lent += 1;
        state.delivering += usize::from(purpose == Purpose::Delivery);
        let own = state.idle.iter().rposition(|(kept, _)| kept == account);
        let kept = own.map(|at| state.idle.remove(at).1);
        // One of another account gives its place up.
        let full = kept.is_none() && state.lent + state.idle.len() > self.server.connections;
        let given_up = (full && !state.idle.is_empty()).then(|| state.idle.remove(0).1);
        drop(state);
        if let Some(session) = given_up {
            session.close();
        }
        Ok(kept)
    }

    fn has_place(&self, state: &State, purpose: Purpose) -> bool {
        let most = self.server.connections;
        let shared = state.lent < most;
        match purpose {
            Purpose::Delivery => shared && state.delivering < most / 2,
            Purpose::Telephone => shared,
        }
    }

    fn give_back(self: &Arc<Pool>, loan: &mut Loan) {
        let mut state = self.lock();
        state.lent -= 1;
        state.delivering -= usize::from(loan.purpose == Purpose::Delivery);
        // A bug may have left one in the middle of a command.
        let sound = loan.session.take().filter(|session| !session.is_dead());
        if let Some(session) = sound.filter(|_| !thread::panicking()) {
            state.idle.push((loan.account.clone(), session));
            if !state.sweeping {
                state.sweeping = self.start_sweeper();
            }
        }
        drop(state);
        // One who wants to deliver may not have a place where another has.
        self.freed.notify_all();
    }

    /// Starts the thread that closes what is unused; it ends when nothing is. Whether it started.
    fn start_sweeper(self: &Arc<Pool>) -> bool {
        let pool = Arc::downgrade(self);
        let thread = thread::Builder::new().name("imap-idle".into());
        match thread.spawn(move || while sweep(&pool) {}) {
            Ok(_) => true,
            Err(fault) => {
                tracing::error!(%fault, "cannot start a thread to close unused connections");
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all that nobody uses.
    pub(super) fn close_unused(&self) {
        let unused = std::mem::take(&mut self.lock().idle);
        for (_, session) in unused {
            session.close();
        }
        self.swept.notify_all();
    }
}

/// Closes what was unused for too long, and waits until there may be more; whether there may.
fn sweep(pool: &Weak<Pool>) -> bool {
    let Some(pool) = pool.upgrade() else {
        return false;
    };
    let mut state = pool.lock();
    let kept = std::mem::take(&mut state.idle).into_iter();
    let (old, young) = kept.partition(|(_, session)| session.idle_for() >= IDLE_MAX);
    state.idle = young;
    let next = state.idle.iter().map(|(_, session)| session.idle_for());
    let next = next.max().map(|unused| IDLE_MAX.saturating_sub(unused));
    state.sweeping = next.is_some();
    if let (true, Some(next)) = (Vec::is_empty(&old), next) {
        drop(pool.swept.wait_timeout(state, next));
        return true;
    }
    drop(state);
    for (_, session) in old {
        session.close();
    }
    next.is_some()
}

impl Deref for Loan {
    type Target = Session;

    fn deref(&self) -> &Session {
        #[allow(clippy::expect_used)]
        // invariant: a loan is handed out with its session, which it keeps until it is dropped
        self.session.as_ref().expect("a loan has a session")
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut Session {
        #[allow(clippy::expect_used)]
        // invariant: a loan is handed out with its session, which it keeps until it is dropped
        self.session.as_mut().expect("a loan has a session")
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let pool = Arc::clone(&self.pool);
        pool.give_back(self);
    }
}
