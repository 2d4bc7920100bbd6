//! REGISTER (RFC 3261 section 10): what it asks for, and its answer.
//!
//! Headers in, a [`Register`] out; bindings in, the lines of a 200 out. What is bound for whom is
//! not decided here. Specs: RFC 3327 (Path), RFC 5626 (outbound: `+sip.instance`, `reg-id`).

use super::address::{NameAddr, Scheme, Uri, escape_user, split_list};
use super::credentials::Credentials;
use super::headers::{Headers, number};
use super::message::Request;
use super::method::is_token;
use super::reply::Reply;
use super::vocabulary::{Address, Transport};
use super::wire::{Arrival, ConnectionId};
use crate::base::{DeviceId, MailboxId, Timestamp};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// The most contacts of one REGISTER that are read; one more is refused.
pub const REGISTER_CONTACTS_MAX: usize = 10;
/// The most Path entries kept.
const MAX_PATH: usize = 8;
/// The longest Contact or Path URI kept, in octets.
const MAX_URI: usize = 512;
/// The longest instance kept: a URN of a UUID has 47 octets.
const MAX_INSTANCE: usize = 128;
/// The longest User-Agent kept.
const MAX_AGENT: usize = 100;

/// A request that waits until it is known who sent it; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimId(pub u64);

/// What a request that waits asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A call: INVITE.
    Call,
    /// A subscription: SUBSCRIBE.
    Subscription,
}

impl Wanted {
    /// The method, as a digest is made of it.
    pub fn method(self) -> &'static str {
        match self {
            Wanted::Call => "INVITE",
            Wanted::Subscription => "SUBSCRIBE",
        }
    }
}

/// The way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Way {
    /// Its sender.
    pub source: SocketAddr,
    /// How it travelled.
    pub transport: Transport,
    /// The connection; `None` on UDP.
    pub connection: Option<ConnectionId>,
}

impl Way {
    pub(super) fn of(arrival: &Arrival) -> Way {
        Way {
            source: arrival.source,
            transport: arrival.transport,
            connection: arrival.connection,
        }
    }
}

/// A call or subscription of somebody who is no trusted peer. Answer with `Admit`, `Challenge` or
/// `RefuseClaim` before the next input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Our name of it.
    pub claim: ClaimId,
    /// What it asks for.
    pub wants: Wanted,
    /// The way it came.
    pub way: Way,
    /// The Request-URI.
    pub request_uri: Address,
    /// The To address.
    pub to: Address,
    /// The From address.
    pub from: Address,
    /// Whether From names a host of ours: the caller claims to be one of our own.
    pub says_ours: bool,
    /// Answers to challenges.
    pub credentials: Vec<Credentials>,
}

/// Who sent a request, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The device.
    pub device: DeviceId,
    /// Whose it is.
    pub mailbox: MailboxId,
    /// What others are to see of the subscriber.
    pub identity: Address,
    /// Whether they are to see nothing.
    pub private: bool,
}

/// A REGISTER. Answer with `Bound`, `Challenge`, `TooBrief` or `RefuseClaim` before the next
/// input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Our name of it.
    pub claim: ClaimId,
    /// The way it came.
    pub way: Way,
    /// Whether it came from a trusted peer, who stands for many.
    pub trusted: bool,
    /// The address-of-record: the To address.
    pub aor: Address,
    /// Answers to challenges.
    pub credentials: Vec<Credentials>,
    /// The Call-ID.
    pub call_id: String,
    /// The number of the CSeq.
    pub cseq: u32,
    /// What is asked for.
    pub wish: Wish,
    /// Whether the flow it came by is to be kept and used (RFC 5626 section 6).
    pub outbound: bool,
    /// The User-Agent, for people; empty where there is none.
    pub agent: String,
}

/// What a REGISTER asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To be told what is bound.
    Look,
    /// To bind nothing any more (`Contact: *`, RFC 3261 section 10.2.2).
    Clear,
    /// To bind these, or no longer.
    Bind(Vec<Contact>),
}

/// One contact of a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The URI as it was written.
    pub uri: String,
    /// The same for every way of writing it (RFC 3261 section 19.1.4, as far as it tells
    /// telephones apart).
    pub key: String,
    /// How long it is to be bound; `None` leaves that to us.
    pub expires: Option<Duration>,
    /// How much it is preferred, in thousandths, 0-1,000 (RFC 3261 section 20.10).
    pub q: u16,
    /// The `+sip.instance`, without its quotes.
    pub instance: Option<String>,
    /// The `reg-id`; at least 1.
    pub reg_id: Option<u32>,
    /// How it is reached.
    pub reach: Reach,
}

/// How a contact is reached.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reach {
    /// The Request-URI.
    pub uri: String,
    /// The next hop.
    pub destination: SocketAddr,
    /// How to get there.
    pub transport: Transport,
    /// The connection to use while it lives.
    pub connection: Option<ConnectionId>,
    /// The Route, from the Path of the REGISTER (RFC 3327 section 5.3).
    pub routes: Vec<String>,
}

impl Reach {
    /// A number at a peer, reached at its address.
    pub fn at_peer(user: &str, destination: SocketAddr, transport: Transport) -> Reach {
        Reach {
            uri: format!("sip:{}@{destination}", escape_user(user)),
            destination,
            transport,
            connection: None,
            routes: Vec::new(),
        }
    }
}

/// One binding in the answer to a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The URI as it was written.
    pub uri: String,
    /// How long it is still bound.
    pub left: Duration,
    /// How much it is preferred, in thousandths.
    pub q: u16,
    /// The `+sip.instance`.
    pub instance: Option<String>,
    /// The `reg-id`.
    pub reg_id: Option<u32>,
}

/// Reads a REGISTER; the refusal where it cannot be understood.
pub(super) fn read(
    claim: ClaimId,
    request: &Request,
    arrival: &Arrival,
    trusted: bool,
    credentials: Vec<Credentials>,
) -> Result<Register, Reply> {
    let path = read_path(&request.headers)?;
    let (mut wish, first) = read_wish(request, arrival, &path)?;
    let outbound = is_outbound(request, arrival, first)?;
    if outbound && path.is_empty() {
        keep_flow(&mut wish, arrival);
    }
    let agent = request.headers.value("User-Agent").unwrap_or_default();
    Ok(Register {
        claim,
        way: Way::of(arrival),
        trusted,
        aor: request.to.address().unwrap_or_default(),
        credentials,
        call_id: request.call_id.clone(),
        cseq: request.cseq,
        wish,
        outbound,
        agent: agent.chars().take(MAX_AGENT).collect(),
    })
}

fn bad(why: &'static str) -> Reply {
    Reply::new(400).phrase(why)
}

/// The Path, the hop next to us first; a request that was routed here by no proxy has none.
fn read_path(headers: &Headers) -> Result<Vec<String>, Reply> {
    let mut path = Vec::new();
    for item in headers.list("Path") {
        let uri = NameAddr::parse(item).map(|name| name.uri);
        let usable = |uri: &String| {
            let scheme = Uri::parse(uri).map(|uri| uri.scheme);
            scheme == Some(Scheme::Sip) && uri.len() <= MAX_URI
        };
        let uri = uri.filter(usable);
        path.push(uri.ok_or_else(|| bad("The Path header is malformed"))?);
    }
    if path.len() > MAX_PATH {
        return Err(bad("Too many Path entries"));
    }
    Ok(path)
}

/// The wish, and whether its first contact has an instance and a `reg-id`.
fn read_wish(request: &Request, arrival: &Arrival, path: &[String]) -> Result<(Wish, bool), Reply> {
    let headers = &request.headers;
    let usual = match headers.value("Expires") {
        None => None,
        Some(text) => Some(read_seconds(text)?),
    };
    let items: Vec<&str> = headers.list("Contact").collect();
    if items.is_empty() {
        return Ok((Wish::Look, false));
    }
    if items.contains(&"*") {
        // RFC 3261 section 10.3 step 6.
        return match (items.len(), usual) {
            (1, Some(Duration::ZERO)) => Ok((Wish::Clear, false)),
            _ => Err(bad("Contact: * stands alone and with Expires: 0")),
        };
    }
    if items.len() > REGISTER_CONTACTS_MAX {
        return Err(Reply::new(403).phrase("Too Many Contacts"));
    }
    let contacts: Vec<Contact> = items
        .into_iter()
        .map(|item| read_contact(item, usual, request, arrival, path))
        .collect::<Result<_, _>>()?;
    let several = contacts.iter().filter(|c| c.reg_id.is_some()).count();
    let lasting = |c: &Contact| c.expires != Some(Duration::ZERO);
    if several > 0 && contacts.iter().filter(|c| lasting(c)).count() > 1 {
        // RFC 5626 section 6.
        return Err(bad("A reg-id stands with one contact only"));
    }
    let first = contacts
        .first()
        .is_some_and(|c| c.reg_id.is_some() && c.instance.is_some());
    Ok((Wish::Bind(contacts), first))
}

fn read_contact(
    item: &str,
    usual: Option<Duration>,
    request: &Request,
    arrival: &Arrival,
    path: &[String],
) -> Result<Contact, Reply> {
    let malformed = || bad("A Contact is malformed");
    let name = NameAddr::parse(item).ok_or_else(malformed)?;
    let uri = Uri::parse(&name.uri).ok_or_else(malformed)?;
    if uri.scheme != Scheme::Sip || name.uri.len() > MAX_URI || !uri.headers.is_empty() {
        return Err(malformed());
    }
    let expires = match name.param("expires") {
        None => usual,
        // RFC 3261 section 20.10: what cannot be read counts as 3,600.
        Some(text) => Some(Duration::from_secs(number(text).map_or(3_600, u64::from))),
    };
    let q = match name.param("q") {
        None => 1_000,
        Some(text) => read_q(text).ok_or_else(|| bad("The q of a Contact is malformed"))?,
    };
    let reg_id = match name.param("reg-id") {
        None => None,
        Some(text) => {
            let id = number(text).filter(|id| *id > 0);
            Some(id.ok_or_else(|| bad("The reg-id of a Contact is malformed"))?)
        }
    };
    let instance = name.param("+sip.instance").filter(|urn| is_instance(urn));
    Ok(Contact {
        key: key(&uri),
        reach: reach(&name.uri, &uri, request, arrival, path),
        uri: name.uri.clone(),
        expires,
        q,
        instance: instance.map(str::to_owned),
        reg_id,
    })
}

fn is_instance(urn: &str) -> bool {
    urn.len() <= MAX_INSTANCE && urn.starts_with('<') && urn.ends_with('>') && urn.is_ascii()
}

fn read_seconds(text: &str) -> Result<Duration, Reply> {
    let seconds = number(text);
    let seconds = seconds.ok_or_else(|| bad("Expires is no number of seconds up to 2^32-1"))?;
    Ok(Duration::from_secs(u64::from(seconds)))
}

/// A qvalue: 0 to 1 with at most three figures behind the point.
fn read_q(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let figures = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    let thousandths: u16 = match format!("{fraction:0<3}").parse() {
        Ok(thousandths) if figures => thousandths,
        _ => return None,
    };
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

/// Escapes, case, the usual port and other parameters than transport make no other contact.
fn key(uri: &Uri) -> String {
    let address = uri.address("");
    let transport = uri.param("transport").unwrap_or("udp");
    format!(
        "{}@{}:{};{}",
        escape_user(&address.user),
        uri.host.to_ascii_lowercase(),
        uri.port.map_or_else(String::new, |port| port.to_string()),
        transport.to_ascii_lowercase()
    )
}

/// How a contact is reached: by its Path; where it was heard, if it is behind a NAT, names itself
/// or came by a stream; else where it says. Names are not looked up.
fn reach(text: &str, uri: &Uri, request: &Request, arrival: &Arrival, path: &[String]) -> Reach {
    let heard = Reach {
        uri: text.to_owned(),
        destination: arrival.source,
        transport: arrival.transport,
        connection: arrival.connection,
        routes: path.to_vec(),
    };
    let hop = path.first().and_then(|first| Uri::parse(first));
    let hidden = request.via.is_translated(arrival.source.ip())
        && uri.host.eq_ignore_ascii_case(&request.via.host);
    let (socket, wanted) = match &hop {
        Some(hop) => (hop.socket(), hop.transport()),
        None if hidden => (None, None),
        None => (uri.socket(), uri.transport()),
    };
    match (socket, wanted) {
        (Some(destination), Some(transport)) => {
            let same = transport == arrival.transport && destination.ip() == arrival.source.ip();
            Reach {
                destination,
                transport,
                connection: arrival.connection.filter(|_| same),
                ..heard
            }
        }
        _ => heard,
    }
}

/// A contact whose flow is kept is reached by that, wherever it says to be.
fn keep_flow(wish: &mut Wish, arrival: &Arrival) {
    if let Wish::Bind(contacts) = wish {
        for contact in contacts {
            contact.reach.destination = arrival.source;
            contact.reach.transport = arrival.transport;
            contact.reach.connection = arrival.connection;
        }
    }
}

/// Whether the flow is kept: a stream straight to us, or what the edge proxy keeps (`ob` in its
/// Path). Where the first hop cannot, whoever asks is told (439). Flows by UDP are not kept, as no
/// STUN is answered there (RFC 5626 section 5.4): such a contact is bound like any other.
fn is_outbound(request: &Request, arrival: &Arrival, first: bool) -> Result<bool, Reply> {
    let headers = &request.headers;
    let asked = first && headers.has_token("Supported", "outbound");
    if !asked {
        return Ok(false);
    }
    if headers.list("Via").count() > 1 {
        let path = headers.list("Path").last().and_then(NameAddr::parse);
        let edge = path.and_then(|name| Uri::parse(&name.uri));
        let keeps = edge.is_some_and(|uri| uri.param("ob").is_some());
        let refusal = Reply::new(439).phrase("First Hop Lacks Outbound Support");
        return if keeps { Ok(true) } else { Err(refusal) };
    }
    Ok(arrival.transport == Transport::Tcp)
}

/// The 200 to a REGISTER: what is bound, and when it was said (section 10.3 step 8).
pub(super) fn granted(
    headers: &Headers,
    bound: &[Bound],
    outbound: bool,
    wall: Timestamp,
) -> Reply {
    let mut reply = Reply::new(200);
    for binding in bound {
        reply = reply.header("Contact", contact_line(binding));
    }
    for path in headers.all("Path") {
        reply = reply.header("Path", path);
    }
    if outbound {
        reply = reply.header("Require", "outbound");
    }
    reply.header("Supported", "outbound, path").header(
        "Date",
        wall.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    )
}

fn contact_line(binding: &Bound) -> String {
    // Rounded up, so that a contact that is bound is never said to be gone.
    let left = binding.left.as_millis().div_ceil(1_000);
    let mut line = format!("<{}>;expires={left}", binding.uri);
    if binding.q < 1_000 {
        let _ = write!(line, ";q=0.{:03}", binding.q);
    }
    if let Some(instance) = &binding.instance {
        let _ = write!(line, ";+sip.instance=\"{instance}\"");
    }
    if let Some(id) = binding.reg_id {
        let _ = write!(line, ";reg-id={id}");
    }
    line
}

/// Whether a digest URI is the Request-URI, however each is written (RFC 7616 section 3.4.6).
pub(super) fn is_same_uri(digest: &str, request: &str) -> bool {
    let same = |a: &Uri, b: &Uri| {
        a.scheme == b.scheme
            && a.address("").user == b.address("").user
            && a.host.eq_ignore_ascii_case(&b.host)
            && a.port == b.port
    };
    digest == request
        || Uri::parse(digest)
            .zip(Uri::parse(request))
            .is_some_and(|(a, b)| same(&a, &b))
}

/// 420 for extensions a registrar does not know (section 8.2.2.3).
pub(super) fn check_require(headers: &Headers) -> Option<Reply> {
    let known = ["path", "outbound"];
    let unknown: Vec<&str> = headers
        .list("Require")
        .filter(|option| !known.iter().any(|name| name.eq_ignore_ascii_case(option)))
        .filter(|option| is_token(option))
        .collect();
    (!unknown.is_empty()).then(|| Reply::new(420).header("Unsupported", unknown.join(", ")))
}

/// The host a party names, for comparison with ours.
pub(super) fn names_host(value: &str, host: &str) -> bool {
    let Some(first) = split_list(value).first().copied() else {
        return false;
    };
    let uri = NameAddr::parse(first).and_then(|name| Uri::parse(&name.uri));
    uri.is_some_and(|uri| uri.host.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read_to_the_thousandth() {
        let cases = [
            ("0", Some(0)),
            ("1", Some(1_000)),
            ("0.5", Some(500)),
            ("0.", Some(0)),
            ("1.000", Some(1_000)),
            ("0.007", Some(7)),
            ("1.001", None),
            ("2", None),
            ("0.1234", None),
            ("-0", None),
            ("", None),
            ("0.x", None),
        ];
        for (text, q) in cases {
            assert_eq!(read_q(text), q, "{text}");
        }
    }

    #[test]
    fn one_contact_written_in_several_ways_is_one() {
        let of = |text| key(&Uri::parse(text).expect("a URI"));
        let one = of("sip:%32001@Phone.example:5070;transport=UDP;ob");
        assert_eq!(one, of("sip:2001@phone.EXAMPLE:5070"));
        for other in [
            "sip:2001@phone.example",
            "sip:2002@phone.example:5070",
            "sip:2001@phone.example:5070;transport=tcp",
            "sip:2001@other.example:5070",
        ] {
            assert_ne!(one, of(other), "{other}");
        }
        // An escaped separator is part of the user, not of the address.
        assert_ne!(of("sip:a%40b@h"), of("sip:a@h"));
    }

    #[test]
    fn a_digest_uri_is_the_one_of_the_request_or_not() {
        let cases = [
            ("sip:h", "sip:h", true),
            ("sip:%32001@H;x=y", "sip:2001@h", true),
            ("sip:h:5060", "sip:h", false),
            ("sip:2001@h", "sip:2002@h", false),
            ("tel:+1", "sip:+1@h", false),
            ("", "sip:h", false),
        ];
        for (digest, request, same) in cases {
            assert_eq!(is_same_uri(digest, request), same, "{digest}");
        }
    }
}
