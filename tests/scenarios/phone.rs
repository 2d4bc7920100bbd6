//! A telephone behind a PBX: places one call and behaves as RFC 3261 asks of a user agent on UDP.
//!
//! In: messages, packets, the time and what its user does. Out: messages and packets. Lost
//! messages are repeated (section 17.1) and repeated ones answered alike (section 17.2).

use crate::dial::{Dial, diversion, request_uri};
use crate::line::Line;
use crate::server::SERVER;
use crate::sip_text::{Message, uri};
use belpost::audio::Law;
use belpost::base::Mono;
use belpost::sdp::{self, Capabilities, CodecOrder, Codecs, Direction};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The first interval of repeats, T1.
const T1: Duration = Duration::from_millis(500);
/// The longest interval of repeats, T2.
const T2: Duration = Duration::from_secs(4);
/// How often a request is repeated at most before the other side counts as gone.
const REPEATS: u32 = 10;

/// How far the call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The INVITE is out.
    Calling,
    /// It was answered.
    Up,
    /// Our BYE is out.
    HangingUp,
    /// Our BYE was answered at that moment.
    HungUp(Mono),
    /// The server hung up.
    HungUpOn(Mono),
    /// The call was refused.
    Refused(u16),
    /// The server does not answer.
    Dead,
}

impl State {
    /// Whether nothing more will happen.
    pub fn is_over(&self) -> bool {
        match self {
            State::Calling | State::Up | State::HangingUp => false,
            State::HungUp(_) | State::HungUpOn(_) | State::Refused(_) | State::Dead => true,
        }
    }
}

/// A request that waits for its final answer.
#[derive(Debug)]
struct Waiting {
    cseq: u32,
    method: String,
    bytes: Vec<u8>,
    next: Mono,
    interval: Duration,
    repeats: u32,
}

/// A telephone in its one call.
#[derive(Debug)]
pub struct Phone {
    address: SocketAddr,
    dial: Dial,
    call_id: String,
    cseq: u32,
    to: String,
    target: String,
    waiting: Vec<Waiting>,
    acks: Vec<(u32, Vec<u8>)>,
    answered: Vec<(String, Vec<u8>)>,
    ours: Capabilities,
    invite_via: String,
    /// How far the call is.
    pub state: State,
    /// Audio, once the call is up.
    pub line: Option<Line>,
    /// Where the server sent the call.
    pub transferred: Option<String>,
    /// Whether the phone is cut off from the world.
    pub cut: bool,
    /// Messages to send.
    pub out: Vec<Vec<u8>>,
}

impl Phone {
    /// The `n`th phone.
    pub fn new(n: usize, dial: Dial) -> Phone {
        let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 1, n as u8 + 1));
        let laws: &[Law] = if dial.mu_law { &[] } else { &[Law::Mu] };
        let first = if dial.mu_law { Law::Mu } else { Law::A };
        let ours = Capabilities {
            rtp: SocketAddr::new(ip, 40_000),
            session: n as u64 + 1,
            sent: None,
            codecs: Codecs::new(first, laws),
            order: CodecOrder::Theirs,
            events: true,
            ptime_ms: 20,
            direction: Direction::SendRecv,
        };
        Phone {
            address: SocketAddr::new(ip, 5060),
            call_id: format!("call-{n}@{ip}"),
            cseq: 0,
            to: format!("<sip:{}@{SERVER}>", dial.to),
            target: request_uri(&dial),
            dial,
            waiting: Vec::new(),
            acks: Vec::new(),
            answered: Vec::new(),
            ours,
            invite_via: String::new(),
            state: State::Calling,
            line: None,
            transferred: None,
            cut: false,
            out: Vec::new(),
        }
    }

    /// Its SIP address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its RTP address.
    pub fn media(&self) -> SocketAddr {
        self.ours.rtp
    }

    /// Its Call-ID.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Places the call.
    pub fn call(&mut self, now: Mono) {
        let mut invite = self.request("INVITE");
        invite = invite.with(
            "Allow",
            "INVITE, ACK, CANCEL, BYE, UPDATE, REFER, NOTIFY, OPTIONS",
        );
        if self.dial.asserted {
            let own = format!("<sip:{}@{}>", self.dial.from, self.address.ip());
            invite = invite.with("P-Asserted-Identity", own);
        }
        if self.dial.withheld {
            invite = invite.with("Privacy", "id");
        }
        for (name, value) in diversion(&self.dial) {
            invite = invite.with(name, value);
        }
        if !self.dial.late_offer {
            invite = invite.with_sdp(&self.offer(Direction::SendRecv));
        }
        self.invite_via = invite.header("Via").into();
        self.send(now, &invite);
    }

    /// Hangs up.
    pub fn hang_up(&mut self, now: Mono) {
        if self.state == State::Up {
            self.state = State::HangingUp;
            let bye = self.request("BYE");
            self.send(now, &bye);
        }
    }

    /// Gives the call up before it is answered.
    pub fn give_up(&mut self, now: Mono) {
        let mut cancel = Message::new(format!("CANCEL {} SIP/2.0", self.target));
        cancel = cancel.with("Via", self.invite_via.clone());
        cancel = self.in_dialog(cancel, self.cseq, "CANCEL");
        self.send(now, &cancel);
    }

    /// Presses keys by INFO (application/dtmf-relay).
    pub fn inform(&mut self, now: Mono, keys: &str) {
        for key in keys.chars() {
            let mut info = self
                .request("INFO")
                .with("Content-Type", "application/dtmf-relay");
            info.body = format!("Signal={key}\r\nDuration=100\r\n");
            self.send(now, &info);
        }
    }

    /// Puts the call on hold, or takes it back.
    pub fn hold(&mut self, now: Mono, direction: Direction) {
        if self.state != State::Up || self.is_waiting() {
            return;
        }
        let offer = self.offer(direction);
        let invite = self.request("INVITE").with_sdp(&offer);
        self.send(now, &invite);
    }

    /// Whether a request of ours still waits for its answer.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When to come back.
    pub fn poll_timeout(&self) -> Option<Mono> {
        if self.cut {
            return None;
        }
        let line = self
            .line
            .as_ref()
            .filter(|_| self.is_talking())
            .map(|line| line.due);
        self.waiting.iter().map(|w| w.next).chain(line).min()
    }

    /// The time has come: the packet to send, if one is due.
    pub fn handle_timeout(&mut self, now: Mono) -> Option<(SocketAddr, Vec<u8>)> {
        for waiting in self.waiting.iter_mut().filter(|w| w.next <= now) {
            waiting.repeats += 1;
            waiting.interval = (waiting.interval * 2).min(T2);
            waiting.next = now + waiting.interval;
            self.out.push(waiting.bytes.clone());
        }
        if self.waiting.iter().any(|w| w.repeats > REPEATS) {
            self.waiting.clear();
            self.state = State::Dead;
        }
        let talking = self.is_talking();
        let line = self
            .line
            .as_mut()
            .filter(|line| talking && line.due <= now)?;
        line.tick(now).map(|packet| (line.destination(), packet))
    }

    /// A message arrived.
    pub fn handle_message(&mut self, now: Mono, bytes: &[u8]) {
        let message = Message::read(bytes).expect("the server writes SIP");
        if self.cut || message.header("Call-ID") != self.call_id {
            return;
        }
        match message.status() {
            Some(status) => self.on_response(now, status, &message),
            None => self.on_request(now, &message),
        }
    }

    /// An RTP packet arrived.
    pub fn handle_packet(&mut self, now: Mono, source: SocketAddr, packet: &[u8]) {
        let talking = self.is_talking();
        if let Some(line) = self.line.as_mut().filter(|_| talking) {
            line.handle(now, source, packet);
        }
    }

    fn is_talking(&self) -> bool {
        !self.cut && self.state == State::Up
    }

    fn on_response(&mut self, now: Mono, status: u16, message: &Message) {
        let (cseq, method) = message.cseq();
        if status < 200 {
            // Timer A stops at a provisional answer; it is not ours to repeat any more.
            for waiting in self
                .waiting
                .iter_mut()
                .filter(|w| w.cseq == cseq && w.method == "INVITE")
            {
                waiting.next = now + Duration::from_secs(180);
            }
            return;
        }
        let known = self
            .waiting
            .iter()
            .any(|w| w.cseq == cseq && w.method == method);
        self.waiting
            .retain(|w| w.cseq != cseq || w.method != method);
        match method {
            "INVITE" if !known => {
                let again = self.acks.iter().find(|(n, _)| *n == cseq);
                self.out.extend(again.map(|(_, ack)| ack.clone()));
            }
            "INVITE" if status < 300 => self.on_answer(now, cseq, message),
            "INVITE" => self.on_refusal(status, message),
            "BYE" => self.state = State::HungUp(now),
            _ => {}
        }
    }

    fn on_answer(&mut self, now: Mono, cseq: u32, message: &Message) {
        self.to = message.header("To").into();
        self.target = uri(message.header("Contact")).into();
        let sdp = message.sdp().expect("a 200 to an INVITE has a description");
        let late = self.ours.sent.is_none();
        let agreed = if late {
            sdp::answer(sdp, &self.ours)
        } else {
            sdp::accept(sdp, &self.ours)
        };
        let agreed = agreed.expect("the server's description suits");
        let mut ack = Message::new(format!("ACK {} SIP/2.0", self.target));
        ack = ack.with("Via", self.via(&format!("ack{cseq}")));
        ack = self.in_dialog(ack, cseq, "ACK");
        if let Some(answer) = agreed.description {
            ack = ack.with_sdp(&answer);
            self.ours.sent = Some(answer);
        }
        self.acks.push((cseq, ack.write()));
        self.out.push(ack.write());
        match &mut self.line {
            Some(line) => line.set_remote(agreed.remote),
            None => self.line = Some(Line::new(agreed.remote, now)),
        }
        if self.state == State::Calling {
            self.state = State::Up;
        }
    }

    fn on_refusal(&mut self, status: u16, message: &Message) {
        let (cseq, _) = message.cseq();
        let mut ack = Message::new(format!("ACK {} SIP/2.0", self.target));
        ack = ack.with("Via", self.invite_via.clone());
        ack = ack.with("To", message.header("To"));
        ack = self.in_dialog(ack, cseq, "ACK");
        self.acks.push((cseq, ack.write()));
        self.out.push(ack.write());
        if self.state == State::Calling {
            self.state = State::Refused(status);
        }
    }

    fn on_request(&mut self, now: Mono, request: &Message) {
        let key = format!("{} {}", request.header("CSeq"), request.header("Via"));
        if let Some((_, response)) = self.answered.iter().find(|(k, _)| *k == key) {
            return self.out.push(response.clone());
        }
        let method = request.start.split(' ').next().unwrap_or_default();
        let response = match method {
            "ACK" => return,
            "BYE" => {
                self.state = State::HungUpOn(now);
                self.waiting.clear();
                self.reply(request, "200 OK")
            }
            "REFER" => {
                self.transferred = Some(uri(request.header("Refer-To")).to_owned());
                self.reply(request, "202 Accepted")
            }
            "INVITE" | "UPDATE" => {
                let answer = request
                    .sdp()
                    .and_then(|sdp| sdp::answer(sdp, &self.ours).ok());
                let response = self.reply(request, "200 OK");
                match answer.and_then(|a| a.description) {
                    Some(sdp) => response.with_sdp(&sdp),
                    None => response,
                }
            }
            _ => self.reply(request, "200 OK"),
        };
        self.answered.push((key, response.write()));
        self.out.push(response.write());
        if method == "REFER" {
            self.notify(now);
        }
    }

    /// Reports that the transfer went well (RFC 3515 section 2.4.5).
    fn notify(&mut self, now: Mono) {
        let mut notify = self.request("NOTIFY");
        notify = notify
            .with("Event", "refer")
            .with("Subscription-State", "terminated;reason=noresource");
        notify = notify.with("Content-Type", "message/sipfrag");
        notify.body = "SIP/2.0 200 OK\r\n".into();
        self.send(now, &notify);
    }

    fn reply(&self, request: &Message, status: &str) -> Message {
        request
            .response(status, "phone")
            .with("Contact", self.contact())
    }

    fn offer(&mut self, direction: Direction) -> String {
        self.ours.direction = direction;
        let offer = sdp::offer(&self.ours);
        self.ours.sent = Some(offer.clone());
        offer
    }

    fn request(&mut self, method: &str) -> Message {
        self.cseq += 1;
        let message = Message::new(format!("{method} {} SIP/2.0", self.target));
        let message = message.with("Via", self.via(&format!("{method}{}", self.cseq)));
        self.in_dialog(message, self.cseq, method)
    }

    fn in_dialog(&self, message: Message, cseq: u32, method: &str) -> Message {
        let from = if self.dial.withheld {
            "anonymous"
        } else {
            &self.dial.from
        };
        let to = if message.header("To").is_empty() {
            Some(self.to.clone())
        } else {
            None
        };
        let message = match to {
            Some(to) => message.with("To", to),
            None => message,
        };
        message
            .with("Max-Forwards", "70")
            .with(
                "From",
                format!("<sip:{from}@{}>;tag=phone", self.address.ip()),
            )
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{cseq} {method}"))
            .with("Contact", self.contact())
    }

    fn contact(&self) -> String {
        format!("<sip:phone@{}>", self.address)
    }

    fn via(&self, branch: &str) -> String {
        let unique = self.call_id.replace('@', "-");
        format!(
            "SIP/2.0/UDP {};branch=z9hG4bK-{unique}-{branch}",
            self.address
        )
    }

    fn send(&mut self, now: Mono, request: &Message) {
        let (cseq, method) = request.cseq();
        self.waiting.push(Waiting {
            cseq,
            method: method.to_owned(),
            bytes: request.write(),
            next: now + T1,
            interval: T1,
            repeats: 0,
        });
        self.out.push(request.write());
    }
}
