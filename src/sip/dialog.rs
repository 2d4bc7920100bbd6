//! Dialogs (RFC 3261 section 12): tags, sequence numbers, the route set and the remote target.

use super::address::{NameAddr, Uri, split_list};
use super::headers::Headers;
use super::message::{Request, Response};
use super::method::Method;
use super::outgoing::{Names, Outgoing};
use super::wire::{Arrival, Path};
use crate::sip::vocabulary::Transport;
use std::net::SocketAddr;

/// The most Record-Route entries kept.
const MAX_ROUTES: usize = 32;

/// One dialog.
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    /// The Call-ID.
    pub(super) call_id: String,
    /// Our tag.
    pub(super) local_tag: String,
    /// The peer's tag; empty where it gives none.
    pub(super) remote_tag: String,
    /// The number of the peer's last request, once there was one.
    pub(super) remote_cseq: Option<u32>,
    local: String,
    remote: String,
    local_cseq: u32,
    routes: Vec<String>,
    target: String,
    /// Where the peer was last heard from.
    heard: Path,
    /// Whether the Contact is an address behind a NAT, which cannot be reached.
    translated: bool,
}

impl Dialog {
    /// The dialog of an INVITE or SUBSCRIBE that came (section 12.1.1); `None` without a usable
    /// Contact.
    pub(super) fn arriving(request: &Request, arrival: &Arrival, tag: &str) -> Option<Dialog> {
        let target = contact(&request.headers)?;
        let uri = Uri::parse(&target)?;
        let source = arrival.source.ip();
        let to = request.headers.value("To")?;
        Some(Dialog {
            call_id: request.call_id.clone(),
            local_tag: tag.to_owned(),
            remote_tag: request.from.param("tag").unwrap_or_default().to_owned(),
            remote_cseq: Some(request.cseq),
            local: format!("{to};tag={tag}"),
            remote: request.headers.value("From")?.to_owned(),
            local_cseq: 0,
            routes: routes(&request.headers),
            target,
            heard: Path {
                destination: arrival.source,
                transport: arrival.transport,
                connection: arrival.connection,
            },
            translated: request.via.is_translated(source)
                && uri.host.eq_ignore_ascii_case(&request.via.host),
        })
    }

    /// What is known of the dialog of an INVITE of ours before its answer.
    pub(super) fn unanswered(invite: &Outgoing, path: Path) -> Dialog {
        Dialog {
            call_id: invite.call_id.clone(),
            local_tag: own_tag(invite),
            remote_tag: String::new(),
            remote_cseq: None,
            local: invite.from.clone(),
            remote: invite.to.clone(),
            local_cseq: invite.cseq,
            routes: Vec::new(),
            target: invite.uri.clone(),
            heard: path,
            translated: false,
        }
    }

    /// The dialog of a 2xx to an INVITE of ours (section 12.1.2).
    pub(super) fn answered(invite: &Outgoing, path: Path, response: &Response) -> Dialog {
        let mut routes = routes(&response.headers);
        routes.reverse();
        let unanswered = Dialog::unanswered(invite, path);
        Dialog {
            remote_tag: response.to.param("tag").unwrap_or_default().to_owned(),
            remote: response.headers.value("To").unwrap_or_default().to_owned(),
            routes,
            target: contact(&response.headers).unwrap_or_else(|| invite.uri.clone()),
            ..unanswered
        }
    }

    /// Whether a request with these tags is the peer's.
    pub(super) fn is_from_peer(&self, request: &Request) -> bool {
        request.from.param("tag").unwrap_or_default() == self.remote_tag
    }

    /// The peer was heard from on another connection, or its old one is gone.
    pub(super) fn heard_on(&mut self, arrival: &Arrival) {
        let same = self.heard.transport == arrival.transport
            && self.heard.destination.ip() == arrival.source.ip();
        if same {
            self.heard.destination = arrival.source;
            self.heard.connection = arrival.connection;
        }
    }

    /// A target refresh (section 12.2.2).
    pub(super) fn retarget(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.target = target;
        }
    }

    /// Forgets a connection that is gone.
    pub(super) fn forget_connection(&mut self, connection: super::wire::ConnectionId) {
        self.heard.forget(connection);
    }

    /// The way of the next request: to the first route or the target. Names are not looked up
    /// here: a peer that names itself is met where it was heard from.
    pub(super) fn path(&self) -> Path {
        let hop = self.routes.first().unwrap_or(&self.target);
        let uri = Uri::parse(hop);
        let named = uri.as_ref().and_then(|uri| uri.param("transport"));
        let wanted = match named {
            None => Some(self.heard.transport),
            Some(_) => uri.as_ref().and_then(Uri::transport),
        };
        let socket = uri.as_ref().and_then(Uri::socket);
        let unreachable = self.routes.is_empty() && self.translated;
        match (wanted, socket) {
            (Some(transport), Some(destination)) if !unreachable => {
                self.path_to(destination, transport)
            }
            _ => self.heard,
        }
    }

    fn path_to(&self, destination: SocketAddr, transport: Transport) -> Path {
        let same = transport == Transport::Tcp
            && self.heard.transport == transport
            && self.heard.destination.ip() == destination.ip();
        Path {
            destination,
            transport,
            connection: self.heard.connection.filter(|_| same),
        }
    }

    /// The next request of ours, and its way.
    pub(super) fn request(
        &mut self,
        method: Method,
        names: &Names,
        branch: String,
    ) -> (Outgoing, Path) {
        self.local_cseq += 1;
        self.outgoing(method, self.local_cseq, names, branch)
    }

    /// The ACK of a 2xx (section 13.2.2.4).
    pub(super) fn acknowledgement(
        &self,
        cseq: u32,
        names: &Names,
        branch: String,
    ) -> (Outgoing, Path) {
        self.outgoing(Method::Ack, cseq, names, branch)
    }

    /// Builds a request by the route set: loose, or strict where the first hop knows no better
    /// (section 12.2.1.1).
    fn outgoing(
        &self,
        method: Method,
        cseq: u32,
        names: &Names,
        branch: String,
    ) -> (Outgoing, Path) {
        let path = self.path();
        let strict = self
            .routes
            .first()
            .filter(|route| Uri::parse(route).is_some_and(|uri| uri.param("lr").is_none()));
        let (uri, routes) = match strict {
            Some(first) => {
                let mut routes: Vec<String> = self.routes.iter().skip(1).cloned().collect();
                routes.push(self.target.clone());
                (without_headers(first), routes)
            }
            None => (without_headers(&self.target), self.routes.clone()),
        };
        let request = Outgoing {
            method,
            uri,
            via: names.via(path.transport, &branch),
            branch,
            routes,
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq,
            headers: Vec::new(),
            body_type: super::body::SDP,
            description: None,
        };
        (request, path)
    }
}

fn own_tag(invite: &Outgoing) -> String {
    NameAddr::parse(&invite.from)
        .and_then(|from| from.param("tag").map(str::to_owned))
        .unwrap_or_default()
}

/// A URI may carry headers in a Contact but not in a request line (section 19.1.1).
fn without_headers(uri: &str) -> String {
    uri.split('?').next().unwrap_or_default().to_owned()
}

/// The first Contact, where it is a `sip` URI.
pub(super) fn contact(headers: &Headers) -> Option<String> {
    let value = headers.value("Contact")?;
    let uri = NameAddr::parse(split_list(value).first()?)?.uri;
    let scheme = Uri::parse(&uri)?.scheme;
    (scheme == super::address::Scheme::Sip).then_some(uri)
}

fn routes(headers: &Headers) -> Vec<String> {
    headers
        .list("Record-Route")
        .filter_map(|item| Some(NameAddr::parse(item)?.uri))
        .filter(|uri| Uri::parse(uri).is_some())
        .take(MAX_ROUTES)
        .collect()
}
