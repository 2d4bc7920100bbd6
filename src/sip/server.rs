//! Server transactions (RFC 3261 section 17.2, RFC 6026 section 7.1).
//!
//! A request that was taken in is answered once by its user, and by the transaction whenever it
//! is repeated. A refused INVITE is repeated until its ACK (timers G, H, I); a 2xx is left to the
//! user, who repeats it, while the transaction swallows the repeats of the INVITE (timer L).
//! Requests outside calls other than INVITE and SUBSCRIBE are answered without a transaction.

use super::deadline::Timer;
use super::entropy::BRANCH_COOKIE;
use super::message::Request;
use super::method::Method;
use super::reply::{Reply, Template};
use super::vocabulary::Transport;
use super::wire::{Arrival, ConnectionId, Io, Path};
use crate::base::{CallId, Mono};
use std::collections::BTreeMap;
use std::time::Duration;

/// The timers every transaction counts with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// T1.
    pub(super) t1: Duration,
    /// T2.
    pub(super) t2: Duration,
    /// T4.
    pub(super) t4: Duration,
}

impl Timing {
    /// 64*T1: how long anything is waited for.
    pub(super) fn patience(self) -> Duration {
        self.t1 * 64
    }

    /// The interval after this one.
    pub(super) fn longer(self, interval: Duration) -> Duration {
        (interval * 2).min(self.t2)
    }
}

/// A server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ServerId(u64);

/// Where a server transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No final answer yet.
    Proceeding,
    /// An INVITE was refused; its ACK is awaited.
    Refused,
    /// The ACK of the refusal came.
    Confirmed,
    /// An INVITE was answered 2xx.
    Accepted,
    /// Another request has its final answer.
    Completed,
}

#[derive(Debug)]
struct Server {
    key: String,
    merge: Option<String>,
    call: Option<CallId>,
    invite: bool,
    template: Template,
    path: Path,
    stage: Stage,
    last: Option<Vec<u8>>,
    interval: Duration,
}

/// All server transactions.
#[derive(Debug)]
pub(super) struct Servers {
    agent: String,
    timing: Timing,
    next: u64,
    invites: usize,
    keys: BTreeMap<String, ServerId>,
    merges: BTreeMap<String, ServerId>,
    all: BTreeMap<ServerId, Server>,
}

impl Servers {
    /// None yet; `agent` is the Server header.
    pub(super) fn new(agent: String, timing: Timing) -> Servers {
        Servers {
            agent,
            timing,
            next: 0,
            invites: 0,
            keys: BTreeMap::new(),
            merges: BTreeMap::new(),
            all: BTreeMap::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many of them began with INVITE.
    pub(super) fn invites(&self) -> usize {
        self.invites
    }

    /// The transaction a request repeats (section 17.2.3).
    pub(super) fn find(&self, request: &Request) -> Option<ServerId> {
        self.keys.get(&key(request, &request.method)).copied()
    }

    /// The INVITE transaction an ACK or CANCEL belongs to.
    pub(super) fn invite_of(&self, request: &Request) -> Option<ServerId> {
        self.keys.get(&key(request, &Method::Invite)).copied()
    }

    /// Whether an INVITE or SUBSCRIBE came here before on another way (section 8.2.2.2).
    pub(super) fn is_merged(&self, request: &Request) -> bool {
        self.merges.contains_key(&merge_key(request))
    }

    /// The call of a transaction.
    pub(super) fn call(&self, id: ServerId) -> Option<CallId> {
        self.all.get(&id)?.call
    }

    /// Opens a transaction; `tag` is our To tag where the request has none.
    pub(super) fn open(
        &mut self,
        request: &Request,
        arrival: &Arrival,
        tag: &str,
        call: Option<CallId>,
    ) -> ServerId {
        let id = ServerId(self.next);
        self.next += 1;
        let invite = request.method == Method::Invite;
        let opens = invite || request.method == Method::Subscribe;
        let first = opens && request.to.param("tag").is_none() && !self.is_merged(request);
        let merge = first.then(|| merge_key(request));
        let server = Server {
            key: key(request, &request.method),
            merge,
            call,
            invite,
            template: Template::new(&request.headers, arrival, tag),
            path: request.via.reply_path(arrival),
            stage: Stage::Proceeding,
            last: None,
            interval: self.timing.t1,
        };
        self.invites += usize::from(invite);
        self.keys.insert(server.key.clone(), id);
        if let Some(merge) = &server.merge {
            self.merges.insert(merge.clone(), id);
        }
        self.all.insert(id, server);
        id
    }

    /// The request was repeated: so is the last answer.
    pub(super) fn repeat(&mut self, id: ServerId, io: &mut Io) {
        let Some(server) = self.all.get(&id) else {
            return;
        };
        match server.stage {
            Stage::Proceeding | Stage::Refused | Stage::Completed => {
                if let Some(last) = &server.last {
                    io.send(&server.path, last.clone());
                }
            }
            Stage::Confirmed | Stage::Accepted => {}
        }
    }

    /// Answers; returns what was sent and the way, for the 2xx to an INVITE that its user must
    /// repeat. A second final answer is not sent.
    pub(super) fn respond(
        &mut self,
        now: Mono,
        id: ServerId,
        reply: &Reply,
        io: &mut Io,
    ) -> Option<(Vec<u8>, Path)> {
        let server = self.all.get_mut(&id)?;
        if server.stage != Stage::Proceeding {
            return None;
        }
        let bytes = server.template.print(reply, &self.agent);
        let path = server.path;
        io.send(&path, bytes.clone());
        server.last = Some(bytes.clone());
        if reply.status >= 200 {
            self.finish(now, id, reply.status, io);
        }
        Some((bytes, path))
    }

    fn finish(&mut self, now: Mono, id: ServerId, status: u16, io: &mut Io) {
        let timing = self.timing;
        let Some(server) = self.all.get_mut(&id) else {
            return;
        };
        let stream = server.path.transport == Transport::Tcp;
        match (server.invite, status < 300) {
            (true, true) => {
                server.stage = Stage::Accepted;
                server.last = None;
            }
            (true, false) => {
                server.stage = Stage::Refused;
                if !stream {
                    io.deadlines
                        .set(Timer::ServerRepeat(id), now + server.interval);
                }
            }
            (false, _) => {
                server.stage = Stage::Completed;
                if stream {
                    return self.remove(id, io);
                }
            }
        }
        io.deadlines
            .set(Timer::ServerEnd(id), now + timing.patience());
    }

    /// An ACK came on the transaction's branch; `true` where it was for a refusal.
    pub(super) fn acknowledge(&mut self, now: Mono, id: ServerId, io: &mut Io) -> bool {
        let timing = self.timing;
        let Some(server) = self.all.get_mut(&id) else {
            return false;
        };
        match server.stage {
            Stage::Refused => {
                server.stage = Stage::Confirmed;
                server.last = None;
                io.deadlines.clear(Timer::ServerRepeat(id));
                if server.path.transport == Transport::Tcp {
                    self.remove(id, io);
                } else {
                    io.deadlines.set(Timer::ServerEnd(id), now + timing.t4);
                }
                true
            }
            Stage::Confirmed => true,
            Stage::Proceeding | Stage::Accepted | Stage::Completed => false,
        }
    }

    /// Timer G.
    pub(super) fn repeat_due(&mut self, now: Mono, id: ServerId, io: &mut Io) {
        let timing = self.timing;
        let Some(server) = self.all.get_mut(&id) else {
            return;
        };
        if let (Stage::Refused, Some(last)) = (server.stage, &server.last) {
            io.send(&server.path, last.clone());
            server.interval = timing.longer(server.interval);
            io.deadlines
                .set(Timer::ServerRepeat(id), now + server.interval);
        }
    }

    /// Ends a transaction: timers H, I, J and L.
    pub(super) fn remove(&mut self, id: ServerId, io: &mut Io) {
        io.deadlines.clear(Timer::ServerRepeat(id));
        io.deadlines.clear(Timer::ServerEnd(id));
        let Some(server) = self.all.remove(&id) else {
            return;
        };
        self.invites -= usize::from(server.invite);
        self.keys.remove(&server.key);
        if let Some(merge) = &server.merge {
            self.merges.remove(merge);
        }
    }

    /// A connection is gone: answers go by a new one.
    pub(super) fn forget_connection(&mut self, connection: ConnectionId) {
        for server in self.all.values_mut() {
            server.path.forget(connection);
        }
    }
}

/// What tells transactions apart: branch, sent-by and method, or for the branches of before
/// RFC 3261 the whole of what that matched by (section 17.2.3).
fn key(request: &Request, method: &Method) -> String {
    let via = &request.via;
    match via.branch.as_deref() {
        Some(branch) if branch.starts_with(BRANCH_COOKIE) => format!(
            "{branch}\n{}\n{}\n{method}",
            via.host.to_ascii_lowercase(),
            via.port.unwrap_or_default()
        ),
        branch => format!(
            "{}\n{}\n{}\n{}\n{}\n{}\n{method}",
            branch.unwrap_or_default(),
            via.host,
            via.port.unwrap_or_default(),
            request.from.param("tag").unwrap_or_default(),
            request.call_id,
            request.cseq
        ),
    }
}

fn merge_key(request: &Request) -> String {
    format!(
        "{}\n{}\n{}",
        request.from.param("tag").unwrap_or_default(),
        request.call_id,
        request.cseq
    )
}
