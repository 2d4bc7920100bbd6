//! Responses: what is copied from the request, and what we add (RFC 3261 section 8.2.6).

use super::headers::Headers;
use super::via::stamped;
use super::wire::Arrival;
use rsipstack::sip::StatusCode;
use std::fmt::Write;

/// A response before it is printed.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The status.
    pub(super) status: u16,
    phrase: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
    description: Option<String>,
}

impl Reply {
    /// A response with the standard phrase and nothing else.
    pub(super) fn new(status: u16) -> Reply {
        Reply {
            status,
            phrase: None,
            headers: Vec::new(),
            description: None,
        }
    }

    /// With another reason phrase.
    pub(super) fn phrase(mut self, phrase: &'static str) -> Reply {
        self.phrase = Some(phrase);
        self
    }

    /// With a header; `value` must be printable.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// With a session description.
    pub(super) fn description(mut self, description: String) -> Reply {
        self.description = Some(description);
        self
    }

    /// A refusal that says when to try again, in seconds.
    pub(super) fn retry_after(status: u16, seconds: u64) -> Reply {
        Reply::new(status).header("Retry-After", seconds.to_string())
    }
}

/// The part of a response that comes from its request.
#[derive(Clone, Debug)]
pub(super) struct Template {
    vias: String,
    to: String,
    tag: Option<String>,
    common: String,
    record_routes: String,
    timestamp: String,
}

impl Template {
    /// Copies what a response needs; `tag` becomes the To tag where the request has none.
    pub(super) fn new(headers: &Headers, arrival: &Arrival, tag: &str) -> Template {
        let mut vias = String::new();
        for (at, via) in headers.all("Via").enumerate() {
            let via = if at == 0 {
                stamped(via, arrival)
            } else {
                via.to_owned()
            };
            let _ = write!(vias, "Via: {via}\r\n");
        }
        let mut template = Template {
            vias,
            to: headers.value("To").unwrap_or_default().to_owned(),
            tag: None,
            common: copy(headers, &["From", "Call-ID", "CSeq"]),
            record_routes: copy(headers, &["Record-Route"]),
            timestamp: copy(headers, &["Timestamp"]),
        };
        let tagged = super::address::NameAddr::parse(&template.to)
            .is_some_and(|to| to.param("tag").is_some());
        if !tagged && !template.to.is_empty() {
            template.tag = Some(tag.to_owned());
        }
        template
    }

    /// The response as it travels.
    pub(super) fn print(&self, reply: &Reply, agent: &str) -> Vec<u8> {
        let status = reply.status;
        let standard = StatusCode::from(status);
        let phrase = reply.phrase.unwrap_or_else(|| standard.text());
        let mut text = String::with_capacity(1_024);
        let _ = write!(text, "SIP/2.0 {status} {phrase}\r\n{}", self.vias);
        if !self.to.is_empty() {
            let _ = write!(text, "To: {}", self.to);
            if let Some(tag) = self.tag.as_ref().filter(|_| status > 100) {
                let _ = write!(text, ";tag={tag}");
            }
            text.push_str("\r\n");
        }
        text.push_str(&self.common);
        match status {
            100 => text.push_str(&self.timestamp),
            101..=299 => text.push_str(&self.record_routes),
            _ => {}
        }
        for (name, value) in &reply.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "Server: {agent}\r\n");
        let body = reply.description.as_deref();
        finish(text, body.map(|body| (super::body::SDP, body)))
    }
}

/// Adds the body and its headers, ends the header section. A body comes with its media type.
pub(super) fn finish(mut text: String, body: Option<(&str, &str)>) -> Vec<u8> {
    if let Some((media_type, _)) = body {
        let _ = write!(text, "Content-Type: {media_type}\r\n");
    }
    let body = body.map_or("", |(_, body)| body);
    let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
    text.into_bytes()
}

fn copy(headers: &Headers, names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        for value in headers.all(name) {
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
    text
}
