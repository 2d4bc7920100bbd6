//! Peers that are told of every lamp unasked.
//!
//! A *line* is a number at a peer. It knows what it should show, what the peer was told last, and
//! what is under way. Lines that are behind stand in the queue of their peer once; at most
//! [`PEER_WINDOW`] of a peer are under way.

use super::{Command, Shown, account};
use crate::base::{DialString, Mono};
use crate::sip::{self, Notice, NoticeFault, NoticeId, Reach, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

/// The most notices to one peer that are not answered.
pub const PEER_WINDOW: usize = 32;
/// How long a peer is left alone that does not answer, or cannot.
pub const PEER_PAUSE: Duration = Duration::from_secs(30);

/// A peer that is told of every lamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// How to get there.
    pub transport: Transport,
}

/// One number at one peer.
#[derive(Debug, Default)]
struct Line {
    wanted: Shown,
    /// What the peer has, or refused to have.
    told: Option<Shown>,
    queued: bool,
}

/// One peer and what it is behind with.
#[derive(Debug)]
struct Desk {
    peer: Peer,
    lines: BTreeMap<DialString, Line>,
    queue: VecDeque<DialString>,
    under_way: usize,
    /// Until when it is left alone.
    paused: Option<Mono>,
}

/// All peers.
#[derive(Debug)]
pub(super) struct Peers {
    desks: Vec<Desk>,
    /// What is under way: which peer, which number, what it was told.
    under_way: BTreeMap<NoticeId, (usize, DialString, Shown)>,
    next: u64,
}

impl Peers {
    pub(super) fn new(peers: Vec<Peer>) -> Peers {
        let desk = |peer| Desk {
            peer,
            lines: BTreeMap::new(),
            queue: VecDeque::new(),
            under_way: 0,
            paused: None,
        };
        Peers {
            desks: peers.into_iter().map(desk).collect(),
            under_way: BTreeMap::new(),
            next: 0,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.desks.len()
    }

    /// Every peer is to hear that this number shows this.
    pub(super) fn want(&mut self, number: &DialString, shown: Shown) {
        for desk in &mut self.desks {
            let line = desk.lines.entry(number.clone()).or_default();
            line.wanted = shown;
            if !line.queued && line.told != Some(shown) {
                line.queued = true;
                desk.queue.push_back(number.clone());
            }
        }
    }

    /// Sends as much as may be under way.
    pub(super) fn send(&mut self, now: Mono, out: &mut VecDeque<Command>) {
        for (at, desk) in self.desks.iter_mut().enumerate() {
            if desk.paused.is_some_and(|until| until > now) {
                continue;
            }
            desk.paused = None;
            while desk.under_way < PEER_WINDOW
                && let Some((number, shown)) = desk.next()
            {
                let id = NoticeId(self.next);
                self.next += 1;
                out.push_back(Command::Sip(sip::Command::NotifyPeer(
                    desk.notice(id, &number, shown),
                )));
                self.under_way.insert(id, (at, number, shown));
            }
        }
    }

    /// What became of a notice.
    pub(super) fn answered(
        &mut self,
        now: Mono,
        notice: NoticeId,
        outcome: Result<(), NoticeFault>,
    ) {
        let Some((at, number, shown)) = self.under_way.remove(&notice) else {
            return;
        };
        let Some(desk) = self.desks.get_mut(at) else {
            return;
        };
        desk.under_way -= 1;
        let heard = match outcome {
            Ok(()) => true,
            Err(NoticeFault::Refused(status)) => {
                tracing::warn!(peer = %desk.peer.address, status, "a peer refuses a lamp");
                !matches!(status, 408 | 500..=599)
            }
            Err(NoticeFault::NoResponse) => {
                tracing::warn!(peer = %desk.peer.address, "a peer does not hear of lamps");
                false
            }
        };
        if !heard {
            desk.paused = Some(now + PEER_PAUSE);
        }
        desk.settle(number, heard.then_some(shown));
    }

    /// When a pause ends.
    pub(super) fn poll_timeout(&self) -> Option<Mono> {
        let behind = self.desks.iter().filter(|desk| !desk.queue.is_empty());
        behind.filter_map(|desk| desk.paused).min()
    }
}

impl Desk {
    /// The next line that is behind. It stays marked as queued while it is under way, so that no
    /// notice overtakes another.
    fn next(&mut self) -> Option<(DialString, Shown)> {
        while let Some(number) = self.queue.pop_front() {
            let Some(line) = self.lines.get_mut(&number) else {
                continue;
            };
            if line.told == Some(line.wanted) {
                line.queued = false;
                continue;
            }
            self.under_way += 1;
            return Some((number, line.wanted));
        }
        None
    }

    fn notice(&self, notice: NoticeId, number: &DialString, shown: Shown) -> Notice {
        let Peer { address, transport } = self.peer;
        let host = address.ip().to_canonical().to_string();
        Notice {
            notice,
            reach: Reach::at_peer(number.as_str(), address, transport),
            user: number.as_str().to_owned(),
            body: shown.body(&account(number, &host)),
        }
    }

    /// A notice of this line is no longer under way.
    fn settle(&mut self, number: DialString, told: Option<Shown>) {
        let Some(line) = self.lines.get_mut(&number) else {
            return;
        };
        // A peer may have heard what it did not answer to: what it has is unknown then.
        line.told = told;
        line.queued = told != Some(line.wanted);
        if line.queued {
            self.queue.push_back(number);
        }
    }
}
