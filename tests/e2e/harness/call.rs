//! A call of a hand-made telephone: dials, presses, speaks, listens, hangs up, and answers what
//! the server asks meanwhile.

use super::sip::{Link, Message, Request, sdp, unique};
use super::voice::{EVENT_PT, Voice};
use belpost::audio::Law;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How long the server may take to answer a request.
const ANSWER: Duration = Duration::from_secs(5);

/// What to dial and how.
#[derive(Debug)]
pub(crate) struct Dial {
    invite: Request,
    link: Link,
    voice: Voice,
    formats: Vec<(u8, &'static str)>,
    late: bool,
}

/// The offer of every test telephone.
pub(crate) const USUAL: [(u8, &str); 3] = [
    (8, "PCMA/8000"),
    (0, "PCMU/8000"),
    (EVENT_PT, "telephone-event/8000"),
];

impl Dial {
    /// A call over UDP from 127.0.0.1.
    pub(crate) fn new(server: SocketAddr, user: &str, caller: &str) -> Dial {
        Dial::over(Link::udp(server), server, user, caller)
    }

    /// A call over this link.
    pub(crate) fn over(link: Link, server: SocketAddr, user: &str, caller: &str) -> Dial {
        let ip = match link.local().ip() {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(_) => Ipv4Addr::LOCALHOST,
        };
        Dial {
            invite: Request::new("INVITE", user, server, caller),
            voice: Voice::open(ip),
            link,
            formats: USUAL.to_vec(),
            late: false,
        }
    }

    /// With this header line.
    pub(crate) fn header(mut self, line: impl Into<String>) -> Dial {
        self.invite.headers.push(line.into());
        self
    }

    /// Offering these formats only.
    pub(crate) fn formats(mut self, formats: &[(u8, &'static str)]) -> Dial {
        self.formats = formats.to_vec();
        self
    }

    /// Leaving the offer to the server.
    pub(crate) fn late_offer(mut self) -> Dial {
        self.late = true;
        self
    }

    /// The Call-ID the call will have.
    pub(crate) fn call_id(&self) -> &str {
        &self.invite.call_id
    }

    /// Dials; the call, or the refusal.
    pub(crate) fn go(mut self) -> Result<Call, Message> {
        let offer = sdp(self.link.local().ip(), self.voice.port(), &self.formats, "");
        if !self.late {
            self.invite = self.invite.body("application/sdp", offer.clone());
        }
        let text = self.invite.text(&self.link);
        self.link.send(&text);
        let answer = self
            .link
            .final_answer("INVITE", ANSWER)
            .unwrap_or_else(|| panic!("no answer to the INVITE {}", self.invite.call_id));
        let mut call = Call::new(self.invite, self.link, self.voice, &answer);
        if let Some(200..=299) = answer.status() {
            call.acknowledge(self.late.then_some(offer));
            call.follow(&answer.body);
            Ok(call)
        } else {
            call.acknowledge_refusal();
            Err(answer)
        }
    }

    /// Dials; the server must take the call.
    pub(crate) fn answered(self) -> Call {
        self.go()
            .unwrap_or_else(|refusal| panic!("refused: {}", refusal.start))
    }

    /// Dials; the server must refuse with this status.
    pub(crate) fn refused(self, status: u16) -> Message {
        match self.go() {
            Ok(_) => panic!("answered, not refused with {status}"),
            Err(refusal) => {
                assert_eq!(refusal.status(), Some(status), "{}", refusal.start);
                refusal
            }
        }
    }
}

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Call {
    dialog: Request,
    invite_cseq: u32,
    invite_branch: String,
    link: Link,
    voice: Voice,
    over: bool,
    /// What the server answered first.
    pub(crate) answer: Message,
}

impl Call {
    fn new(invite: Request, link: Link, voice: Voice, answer: &Message) -> Call {
        let mut dialog = invite;
        dialog.headers.clear();
        dialog.body = None;
        if let Some(to) = answer.header("to") {
            to.clone_into(&mut dialog.to);
        }
        Call {
            invite_cseq: dialog.cseq,
            invite_branch: dialog.branch.clone(),
            dialog,
            link,
            voice,
            over: false,
            answer: answer.clone(),
        }
    }

    /// The Call-ID.
    pub(crate) fn id(&self) -> &str {
        &self.dialog.call_id
    }

    /// The From header, with our tag.
    pub(crate) fn from(&self) -> &str {
        &self.dialog.from
    }

    /// Where the server takes our media.
    pub(crate) fn media_address(&self) -> SocketAddr {
        self.voice.remote().expect("a call that is up")
    }

    /// Sends a CANCEL for the INVITE (RFC 3261 section 9.1); its answer.
    pub(crate) fn cancel(&mut self) -> Message {
        let mut cancel = self.dialog.clone();
        "CANCEL".clone_into(&mut cancel.method);
        cancel.cseq = self.invite_cseq;
        cancel.branch.clone_from(&self.invite_branch);
        cancel.to = cancel
            .to
            .split(";tag")
            .next()
            .unwrap_or_default()
            .to_owned();
        let text = cancel.text(&self.link);
        self.link.send(&text);
        self.link
            .final_answer("CANCEL", ANSWER)
            .expect("an answer to the CANCEL")
    }

    /// The media side.
    pub(crate) fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Whether the server hung up.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Presses keys and waits until they are out.
    pub(crate) fn press(&mut self, keys: &str) {
        self.voice.press(keys);
        self.wait(Duration::from_millis(200 * keys.len() as u64));
    }

    /// Speaks to the end.
    pub(crate) fn say(&mut self, samples: &[i16]) {
        self.voice.say(samples);
        while !self.over && self.voice.still_saying() > Duration::ZERO {
            self.wait(Duration::from_millis(20));
        }
    }

    /// Lets time pass, answering the server meanwhile.
    pub(crate) fn wait(&mut self, span: Duration) {
        let end = Instant::now() + span;
        while Instant::now() < end {
            let left = end.saturating_duration_since(Instant::now());
            if let Some(message) = self.link.receive(left) {
                self.serve(&message);
            }
        }
    }

    /// Waits until something is so, answering the server meanwhile.
    pub(crate) fn wait_until<T>(
        &mut self,
        what: &str,
        within: Duration,
        mut look: impl FnMut(&mut Call) -> Option<T>,
    ) -> T {
        let end = Instant::now() + within;
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            assert!(Instant::now() < end, "not within {within:?}: {what}");
            self.wait(Duration::from_millis(10));
        }
    }

    /// Waits until the server hangs up.
    pub(crate) fn wait_for_end(&mut self, within: Duration) {
        self.wait_until("the server hangs up", within, |call| {
            call.over.then_some(())
        });
    }

    /// Hangs up and waits for the 200.
    pub(crate) fn hang_up(mut self) -> Voice {
        let answer = self.request("BYE", &[], None);
        assert_eq!(answer.status(), Some(200), "{}", answer.start);
        self.voice
    }

    /// Sends the BYE and does not wait.
    pub(crate) fn send_bye(&mut self) {
        let bye = self.next("BYE", &[], None);
        let text = bye.text(&self.link);
        self.link.send(&text);
    }

    /// Waits for the final answer to a request sent before.
    pub(crate) fn final_answer(&mut self, method: &str, within: Duration) -> Option<Message> {
        self.link.final_answer(method, within)
    }

    /// A re-INVITE with this description; the answer is followed and acknowledged.
    pub(crate) fn offer_again(&mut self, formats: &[(u8, &str)], direction: &str) -> Message {
        let more = format!("a={direction}\r\n");
        let offer = sdp(self.link.local().ip(), self.voice.port(), formats, &more);
        let answer = self.request("INVITE", &[], Some(("application/sdp", offer)));
        self.invite_cseq = self.dialog.cseq;
        self.invite_branch = self.dialog.branch.clone();
        match answer.status() {
            Some(200..=299) => {
                self.acknowledge(None);
                self.follow(&answer.body);
            }
            _ => self.acknowledge_refusal(),
        }
        answer
    }

    /// A request within the call and its final answer.
    pub(crate) fn request(
        &mut self,
        method: &str,
        headers: &[&str],
        body: Option<(&'static str, String)>,
    ) -> Message {
        let request = self.next(method, headers, body);
        let text = request.text(&self.link);
        for _ in 0..3 {
            self.link.send(&text);
            let end = Instant::now() + ANSWER / 3;
            while let Some(message) = self
                .link
                .receive(end.saturating_duration_since(Instant::now()))
            {
                let is_final = message.status().is_some_and(|s| s >= 200);
                if is_final && message.method() == method && message.cseq() == request.cseq {
                    return message;
                }
                self.serve(&message);
            }
        }
        panic!("no answer to {method} in {}", self.id());
    }

    fn next(
        &mut self,
        method: &str,
        headers: &[&str],
        body: Option<(&'static str, String)>,
    ) -> Request {
        self.dialog.cseq += 1;
        self.dialog.branch = unique("z9hG4bK");
        let mut request = self.dialog.clone();
        method.clone_into(&mut request.method);
        request.headers = headers.iter().map(|&h| h.to_owned()).collect();
        request.body = body;
        request
    }

    /// Answers a request of the server; an answer repeated by it is acknowledged again.
    fn serve(&mut self, message: &Message) {
        match (message.status(), message.method()) {
            (None, "ACK") => {}
            (None, "BYE") => {
                self.over = true;
                self.link.send(&message.answer("200 OK", ""));
            }
            (None, _) => self.link.send(&message.answer("200 OK", "")),
            (Some(200..=299), "INVITE") => self.acknowledge(None),
            (Some(_), _) => {}
        }
    }

    fn acknowledge(&mut self, answer: Option<String>) {
        let mut ack = self.dialog.clone();
        "ACK".clone_into(&mut ack.method);
        ack.cseq = self.invite_cseq;
        ack.branch = unique("z9hG4bK");
        ack.body = answer.map(|sdp| ("application/sdp", sdp));
        let text = ack.text(&self.link);
        self.link.send(&text);
    }

    /// The ACK of a refusal belongs to the transaction of the INVITE (RFC 3261 17.1.1.3).
    fn acknowledge_refusal(&mut self) {
        let mut ack = self.dialog.clone();
        "ACK".clone_into(&mut ack.method);
        ack.cseq = self.invite_cseq;
        ack.branch.clone_from(&self.invite_branch);
        let text = ack.text(&self.link);
        self.link.send(&text);
    }

    /// Sends media where a description of the server wants it.
    fn follow(&mut self, description: &str) {
        let line = |start: &str| description.lines().find_map(|l| l.strip_prefix(start));
        let ip: IpAddr = line("c=IN IP4 ")
            .and_then(|ip| ip.trim().parse().ok())
            .expect("c=");
        let audio = line("m=audio ").expect("an audio line");
        let mut words = audio.split_whitespace();
        let port = words.next().and_then(|p| p.parse().ok()).expect("a port");
        let law = match words.nth(1) {
            Some("8") => Law::A,
            Some("0") => Law::Mu,
            other => panic!("payload type {other:?}"),
        };
        self.voice.connect(SocketAddr::new(ip, port), law);
    }
}

impl Message {
    fn cseq(&self) -> u32 {
        let cseq = self.header("cseq").unwrap_or_default();
        cseq.split_whitespace()
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0)
    }
}
