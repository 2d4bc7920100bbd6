//! The bench: a machine under a virtual clock, and a telephone that writes SIP by hand.

use belpost::base::{CallId, Mono, Now, Timestamp};
use belpost::sip::{
    Advertised, Arrival, Command, Config, ConnectionId, Event, Invite, Machine, Network, Transport,
};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n";
pub(crate) const ANSWER: &str = "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=answer\r\n";
pub(crate) const PHONE: &str = "192.0.2.1:5070";

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub(crate) fn config() -> Config {
    let us = Advertised {
        host: "198.51.100.1".to_owned(),
        port: 5060,
    };
    let mut config = Config::new(us.clone(), us);
    config.trusted = vec![Network::parse("192.0.2.0/24").expect("a network")];
    config
}

/// A message the machine sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) to: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) text: String,
}

impl Sent {
    pub(crate) fn start(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    pub(crate) fn status(&self) -> u16 {
        let status = self.start().strip_prefix("SIP/2.0 ");
        let status = status.unwrap_or_else(|| panic!("no response: {}", self.text));
        status[..3].parse().expect("a status")
    }

    pub(crate) fn method(&self) -> &str {
        self.start().split(' ').next().unwrap_or_default()
    }

    pub(crate) fn uri(&self) -> &str {
        self.start().split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(n, _)| *n == name)
            .map(|(_, value)| value)
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name} in {}", self.text);
        all[0]
    }

    pub(crate) fn tag(&self, name: &str) -> String {
        let value = self.header(name);
        value.split(";tag=").nth(1).unwrap_or_default().to_owned()
    }

    pub(crate) fn body(&self) -> &str {
        self.text
            .split_once("\r\n\r\n")
            .map_or("", |(_, body)| body)
    }
}

/// The machine, its clock and what it said.
pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) now: Now,
    pub(crate) sent: VecDeque<Sent>,
    pub(crate) events: VecDeque<Event>,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(config())
    }

    pub(crate) fn with(config: Config) -> World {
        World {
            machine: Machine::new(config, [3; 32]),
            now: Now {
                mono: Mono::ZERO,
                wall: Timestamp::UNIX_EPOCH,
            },
            sent: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Everything the machine has to say is taken out after every input, as its law asks.
    fn drain(&mut self) {
        while let Some(transmit) = self.machine.poll_transmit() {
            self.sent.push_back(Sent {
                at: self.now.mono.elapsed(),
                to: transmit.destination,
                transport: transmit.transport,
                connection: transmit.connection,
                text: String::from_utf8_lossy(&transmit.bytes).into_owned(),
            });
        }
        while let Some(event) = self.machine.poll_event() {
            self.events.push_back(event);
        }
    }

    pub(crate) fn receive_from(&mut self, source: &str, text: &str) {
        self.receive_bytes(source, text.as_bytes());
    }

    pub(crate) fn receive_bytes(&mut self, source: &str, bytes: &[u8]) {
        let arrival = Arrival {
            source: address(source),
            local: address("198.51.100.1:5060"),
            transport: Transport::Udp,
            connection: None,
        };
        self.machine.handle_message(self.now, arrival, bytes);
        self.drain();
    }

    pub(crate) fn receive_on(&mut self, connection: u64, source: &str, text: &str) {
        let arrival = Arrival {
            source: address(source),
            local: address("198.51.100.1:5060"),
            transport: Transport::Tcp,
            connection: Some(ConnectionId(connection)),
        };
        self.machine
            .handle_message(self.now, arrival, text.as_bytes());
        self.drain();
    }

    pub(crate) fn receive(&mut self, text: &str) {
        self.receive_from(PHONE, text);
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.machine.handle_command(self.now, command);
        self.drain();
    }

    pub(crate) fn lose(&mut self, connection: u64) {
        self.machine
            .connection_lost(self.now, ConnectionId(connection));
        self.drain();
    }

    /// Lets time pass, stopping at every deadline.
    pub(crate) fn wait(&mut self, span: Duration) {
        let end = self.now.mono + span;
        while let Some((at, why)) = self.machine.poll_timeout() {
            if at > end {
                break;
            }
            assert!(!why.is_empty());
            self.now = self.now.after(at - self.now.mono);
            self.machine.handle_timeout(self.now);
            self.drain();
        }
        self.now = self.now.after(end - self.now.mono);
    }

    pub(crate) fn next(&mut self) -> Sent {
        self.sent.pop_front().expect("a message")
    }

    pub(crate) fn response(&mut self, status: u16) -> Sent {
        let sent = self.next();
        assert_eq!(sent.status(), status, "{}", sent.text);
        sent
    }

    pub(crate) fn request(&mut self, method: &str) -> Sent {
        let sent = self.next();
        assert_eq!(sent.method(), method, "{}", sent.text);
        sent
    }

    pub(crate) fn silent(&self) {
        assert!(self.sent.is_empty(), "{:?}", self.sent);
    }

    pub(crate) fn event(&mut self) -> Event {
        self.events.pop_front().expect("an event")
    }

    pub(crate) fn uneventful(&self) {
        assert!(self.events.is_empty(), "{:?}", self.events);
    }

    pub(crate) fn invite(&mut self) -> Invite {
        match self.event() {
            Event::Invite(invite) => *invite,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn answer(&mut self, call: CallId) {
        let description = ANSWER.to_owned();
        self.command(Command::Answer { call, description });
    }

    /// Nothing is left of any call once 64*T1 went by.
    pub(crate) fn is_empty_in_the_end(&mut self) {
        self.wait(seconds(40));
        assert_eq!(self.machine.calls(), 0);
        assert_eq!(self.machine.subscriptions(), 0);
        assert_eq!(self.machine.transactions(), 0);
        assert_eq!(self.machine.deadlines(), 0);
        assert_eq!(self.machine.waiting_sources(), 0);
    }
}

/// A telephone; its messages are text.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) id: String,
    pub(crate) cseq: u32,
    pub(crate) branch: u32,
    pub(crate) to_tag: Option<String>,
    pub(crate) transport: &'static str,
}

impl Phone {
    pub(crate) fn new(id: &str) -> Phone {
        Phone {
            id: id.to_owned(),
            cseq: 0,
            branch: 0,
            to_tag: None,
            transport: "UDP",
        }
    }

    /// The same message again comes from `Phone::again`; this one has a new branch.
    pub(crate) fn request(&mut self, method: &str, extra: &str, body: &str) -> String {
        self.branch += 1;
        if method != "ACK" && method != "CANCEL" {
            self.cseq += 1;
        }
        self.again(method, extra, body)
    }

    /// A request with the branch and number of the last one.
    pub(crate) fn again(&self, method: &str, extra: &str, body: &str) -> String {
        let Phone {
            id, branch, cseq, ..
        } = self;
        let tag = self.to_tag.as_ref();
        let tag = tag.map_or(String::new(), |tag| format!(";tag={tag}"));
        let via = self.transport;
        let extra = extra.trim_end();
        let extra = if extra.is_empty() {
            String::new()
        } else {
            format!("{extra}\r\n")
        };
        format!(
            "{method} sip:2001@198.51.100.1 SIP/2.0\r\n\
             Via: SIP/2.0/{via} 192.0.2.1:5070;branch=z9hG4bK{id}-{branch}\r\n\
             Max-Forwards: 70\r\n\
             From: \"Ann\" <sip:ann@192.0.2.1>;tag=ann-{id}\r\n\
             To: <sip:2001@198.51.100.1>{tag}\r\n\
             Call-ID: {id}@192.0.2.1\r\n\
             CSeq: {cseq} {method}\r\n\
             {extra}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    pub(crate) fn invite(&mut self, extra: &str) -> String {
        let extra = format!("{CONTACT}\r\n{SDP}\r\n{extra}");
        self.request("INVITE", &extra, OFFER)
    }

    pub(crate) fn ack(&mut self) -> String {
        self.request("ACK", "", "")
    }
}

pub(crate) const CONTACT: &str = "Contact: <sip:ann@192.0.2.1:5070>";
pub(crate) const SDP: &str = "Content-Type: application/sdp";

/// A call that is up: INVITE with `extra` headers, 200, ACK.
pub(crate) fn up_with(world: &mut World, phone: &mut Phone, extra: &str) -> (CallId, Sent) {
    let invite = phone.invite(extra);
    world.receive(&invite);
    world.response(100);
    let call = world.invite().call;
    world.answer(call);
    let ok = world.response(200);
    phone.to_tag = Some(ok.tag("To"));
    let ack = phone.ack();
    world.receive(&ack);
    assert_eq!(world.event(), Event::Acknowledged { call, answer: None });
    world.silent();
    (call, ok)
}

pub(crate) fn up(world: &mut World, phone: &mut Phone) -> CallId {
    up_with(world, phone, "").0
}

/// The peer hangs up and everything is done.
pub(crate) fn hang_up(world: &mut World, phone: &mut Phone, call: CallId) {
    let bye = phone.request("BYE", "", "");
    world.receive(&bye);
    assert_eq!(world.event(), Event::Bye { call });
    world.command(Command::ByeDone(call));
    world.response(200);
}
