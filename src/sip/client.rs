//! Client transactions (RFC 3261 section 17.1, RFC 6026 section 7.2).
//!
//! A request is repeated on UDP until it is answered (timers A and E) and given up after 64*T1
//! (B and F). Refusals of an INVITE get their ACK here, however often they come; its 2xx go to
//! the user each time, who acknowledges them.

use super::deadline::Timer;
use super::message::Response;
use super::method::Method;
use super::outgoing::Outgoing;
use super::server::Timing;
use super::vocabulary::{NoticeId, SubscriptionId, Transport};
use super::wire::{ConnectionId, Io, Path};
use crate::base::{CallId, Mono};
use std::collections::BTreeMap;
use std::time::Duration;

/// A client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ClientId(u64);

/// Who hears what became of a request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A call, and what the request is for in it.
    Call(CallId, Purpose),
    /// A subscription, told its state.
    Subscription(SubscriptionId),
    /// A peer, told a state unasked.
    Notice(NoticeId),
}

/// What a request of ours is for in its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To place a call.
    Place,
    /// To give a placed call up.
    Cancel,
    /// To keep a session alive.
    Refresh,
    /// To hand a call on.
    Refer,
    /// To hang up.
    Bye,
}

/// Where a client transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing came back yet.
    Calling,
    /// A provisional answer came.
    Proceeding,
    /// A final answer came; repeats of it are taken care of.
    Completed,
    /// An INVITE was answered 2xx.
    Accepted,
}

#[derive(Debug)]
struct Client {
    cause: Cause,
    request: Outgoing,
    bytes: Vec<u8>,
    path: Path,
    stage: Stage,
    interval: Duration,
    ack: Option<Vec<u8>>,
}

/// A response and the request it answers.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// The transaction.
    pub(super) id: ClientId,
    /// Who hears of it.
    pub(super) cause: Cause,
    /// The request.
    pub(super) request: Outgoing,
    /// The way it went.
    pub(super) path: Path,
}

/// All client transactions.
#[derive(Debug)]
pub(super) struct Clients {
    agent: String,
    timing: Timing,
    next: u64,
    keys: BTreeMap<(String, String), ClientId>,
    all: BTreeMap<ClientId, Client>,
}

impl Clients {
    /// None yet; `agent` is the User-Agent header.
    pub(super) fn new(agent: String, timing: Timing) -> Clients {
        Clients {
            agent,
            timing,
            next: 0,
            keys: BTreeMap::new(),
            all: BTreeMap::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Sends a request and watches over it.
    pub(super) fn start(
        &mut self,
        now: Mono,
        cause: Cause,
        request: Outgoing,
        path: Path,
        io: &mut Io,
    ) -> ClientId {
        let id = ClientId(self.next);
        self.next += 1;
        let bytes = request.print(&self.agent);
        io.send(&path, bytes.clone());
        if path.transport == Transport::Udp {
            io.deadlines
                .set(Timer::ClientRepeat(id), now + self.timing.t1);
        }
        io.deadlines
            .set(Timer::ClientEnd(id), now + self.timing.patience());
        self.keys.insert(key(&request), id);
        let client = Client {
            cause,
            request,
            bytes,
            path,
            stage: Stage::Calling,
            interval: self.timing.t1,
            ack: None,
        };
        self.all.insert(id, client);
        id
    }

    /// Sends the CANCEL of the INVITE of a call.
    pub(super) fn cancel(&mut self, now: Mono, call: CallId, id: ClientId, io: &mut Io) {
        if let Some(client) = self.all.get(&id) {
            let path = client.path;
            let request = client.request.cancellation();
            let cause = Cause::Call(call, Purpose::Cancel);
            self.start(now, cause, request, path, io);
        }
    }

    /// A response came; `None` where it changes nothing for the user.
    pub(super) fn receive(&mut self, now: Mono, response: &Response, io: &mut Io) -> Option<Heard> {
        let method = response.method.as_str().to_owned();
        let id = *self.keys.get(&(response.branch.clone(), method))?;
        let client = self.all.get_mut(&id)?;
        let invite = client.request.method == Method::Invite;
        let heard = Heard {
            id,
            cause: client.cause,
            request: client.request.clone(),
            path: client.path,
        };
        match (client.stage, response.status) {
            (Stage::Calling | Stage::Proceeding, 100..=199) => {
                client.stage = Stage::Proceeding;
                if invite {
                    io.deadlines.clear(Timer::ClientRepeat(id));
                    io.deadlines.clear(Timer::ClientEnd(id));
                }
            }
            (Stage::Calling | Stage::Proceeding, _) => self.conclude(now, id, response, io),
            (Stage::Accepted, 200..=299) => {}
            (Stage::Completed, 300..) => {
                if let Some(ack) = &client.ack {
                    io.send(&client.path, ack.clone());
                }
                return None;
            }
            (Stage::Completed | Stage::Accepted, _) => return None,
        }
        Some(heard)
    }

    /// A final answer: timers D, K and M from here.
    fn conclude(&mut self, now: Mono, id: ClientId, response: &Response, io: &mut Io) {
        let timing = self.timing;
        let Some(client) = self.all.get_mut(&id) else {
            return;
        };
        io.deadlines.clear(Timer::ClientRepeat(id));
        let stream = client.path.transport == Transport::Tcp;
        let invite = client.request.method == Method::Invite;
        let linger = match (invite, response.status < 300) {
            (true, true) => {
                client.stage = Stage::Accepted;
                timing.patience()
            }
            (true, false) => {
                client.stage = Stage::Completed;
                let to = response.headers.value("To").unwrap_or_default();
                let ack = client.request.acknowledgement(to).print(&self.agent);
                io.send(&client.path, ack.clone());
                client.ack = Some(ack);
                if stream {
                    Duration::ZERO
                } else {
                    timing.patience()
                }
            }
            (false, _) => {
                client.stage = Stage::Completed;
                if stream { Duration::ZERO } else { timing.t4 }
            }
        };
        if linger.is_zero() {
            self.remove(id, io);
        } else {
            io.deadlines.set(Timer::ClientEnd(id), now + linger);
        }
    }

    /// Timers A and E.
    pub(super) fn repeat_due(&mut self, now: Mono, id: ClientId, io: &mut Io) {
        let timing = self.timing;
        let Some(client) = self.all.get_mut(&id) else {
            return;
        };
        let invite = client.request.method == Method::Invite;
        client.interval = match (invite, client.stage) {
            (true, Stage::Calling) => client.interval * 2,
            (false, Stage::Calling) => timing.longer(client.interval),
            (false, Stage::Proceeding) => timing.t2,
            (_, Stage::Completed | Stage::Accepted) | (true, Stage::Proceeding) => return,
        };
        io.send(&client.path, client.bytes.clone());
        io.deadlines
            .set(Timer::ClientRepeat(id), now + client.interval);
    }

    /// Timers B, D, F, K and M; who is to hear that no final answer ever came.
    pub(super) fn end_due(&mut self, id: ClientId, io: &mut Io) -> Option<Cause> {
        let client = self.remove(id, io)?;
        match client.stage {
            Stage::Calling | Stage::Proceeding => Some(client.cause),
            Stage::Completed | Stage::Accepted => None,
        }
    }

    /// Forgets a transaction without a word.
    pub(super) fn abandon(&mut self, id: ClientId, io: &mut Io) {
        self.remove(id, io);
    }

    fn remove(&mut self, id: ClientId, io: &mut Io) -> Option<Client> {
        io.deadlines.clear(Timer::ClientRepeat(id));
        io.deadlines.clear(Timer::ClientEnd(id));
        let client = self.all.remove(&id)?;
        self.keys.remove(&key(&client.request));
        Some(client)
    }

    /// A connection is gone: requests nobody heard on it have failed (section 8.1.3.1).
    pub(super) fn lose_connection(&mut self, connection: ConnectionId, io: &mut Io) -> Vec<Cause> {
        let mut lost = Vec::new();
        for (id, client) in &mut self.all {
            if client.path.forget(connection) && client.stage == Stage::Calling {
                lost.push(*id);
            }
        }
        lost.into_iter()
            .filter_map(|id| self.end_due(id, io))
            .collect()
    }
}

fn key(request: &Outgoing) -> (String, String) {
    (request.branch.clone(), request.method.as_str().to_owned())
}
