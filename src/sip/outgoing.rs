//! Requests of our own: their parts, their printing, and the ACK and CANCEL made from them.

use super::address::printable;
use super::config::{Advertised, Config};
use super::method::{ALLOW, Method};
use super::reply::finish;
use super::subscription::PACKAGE;
use super::vocabulary::Transport;
use std::fmt::Write;

/// What every request and response of ours says of us.
#[derive(Clone, Debug)]
pub(super) struct Names {
    udp: Advertised,
    tcp: Advertised,
    /// The User-Agent.
    pub(super) agent: String,
}

impl Names {
    /// Takes the names out of the settings.
    pub(super) fn new(config: &Config) -> Names {
        Names {
            udp: config.udp.clone(),
            tcp: config.tcp.clone(),
            agent: printable(&config.user_agent),
        }
    }

    fn of(&self, transport: Transport) -> (&Advertised, &'static str) {
        match transport {
            Transport::Udp => (&self.udp, "UDP"),
            Transport::Tcp => (&self.tcp, "TCP"),
        }
    }

    /// Our Contact.
    pub(super) fn contact(&self, transport: Transport) -> String {
        let (us, _) = self.of(transport);
        let host = bracketed(&us.host);
        match transport {
            Transport::Udp => format!("<sip:{host}:{}>", us.port),
            Transport::Tcp => format!("<sip:{host}:{};transport=tcp>", us.port),
        }
    }

    /// Our Via.
    pub(super) fn via(&self, transport: Transport, branch: &str) -> String {
        let (us, name) = self.of(transport);
        let host = bracketed(&us.host);
        format!("SIP/2.0/{name} {host}:{};branch={branch};rport", us.port)
    }

    /// Our host, for From.
    pub(super) fn host(&self, transport: Transport) -> String {
        bracketed(&self.of(transport).0.host)
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// A request of ours.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    /// The method.
    pub(super) method: Method,
    /// The Request-URI.
    pub(super) uri: String,
    /// Our Via value.
    pub(super) via: String,
    /// The branch in it.
    pub(super) branch: String,
    /// Route values.
    pub(super) routes: Vec<String>,
    /// The From value.
    pub(super) from: String,
    /// The To value.
    pub(super) to: String,
    /// The Call-ID.
    pub(super) call_id: String,
    /// The CSeq number.
    pub(super) cseq: u32,
    /// Further headers.
    pub(super) headers: Vec<(String, String)>,
    /// The media type of the body.
    pub(super) body_type: &'static str,
    /// The body: a session description, or a state told.
    pub(super) description: Option<String>,
}

impl Outgoing {
    /// Sets a header, in place of one of that name.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The headers of a request that sets up or changes a session.
    pub(super) fn add_session_headers(&mut self, names: &Names, transport: Transport) {
        self.set("Contact", names.contact(transport));
        self.set("Allow", ALLOW);
        self.set("Allow-Events", PACKAGE);
        self.set("Supported", "timer");
    }

    /// The request as it travels.
    pub(super) fn print(&self, agent: &str) -> Vec<u8> {
        let mut text = String::with_capacity(1_024);
        let _ = write!(
            text,
            "{} {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\n",
            self.method, self.uri, self.via
        );
        for route in &self.routes {
            let _ = write!(text, "Route: <{route}>\r\n");
        }
        let _ = write!(
            text,
            "From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {}\r\n",
            self.from, self.to, self.call_id, self.cseq, self.method
        );
        for (name, value) in &self.headers {
            let _ = write!(text, "{}: {}\r\n", printable(name), printable(value));
        }
        let _ = write!(text, "User-Agent: {agent}\r\n");
        let body = self.description.as_deref();
        finish(text, body.map(|body| (self.body_type, body)))
    }

    /// The ACK of a refusal: on the same branch, to the To of the answer (section 17.1.1.3).
    pub(super) fn acknowledgement(&self, to: &str) -> Outgoing {
        Outgoing {
            method: Method::Ack,
            to: to.to_owned(),
            headers: Vec::new(),
            description: None,
            ..self.clone()
        }
    }

    /// The CANCEL of a pending INVITE (section 9.1).
    pub(super) fn cancellation(&self) -> Outgoing {
        Outgoing {
            method: Method::Cancel,
            headers: Vec::new(),
            description: None,
            ..self.clone()
        }
    }
}
