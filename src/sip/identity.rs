//! Who calls, whom, and along which way: the [`Invite`] the call layer routes by.
//!
//! P-Asserted-Identity (RFC 3325), Privacy, Diversion (RFC 5806), History-Info (RFC 7044) and
//! all other headers count only from trusted peers; from others they are left out. A device that
//! proved who it is, is who it is known to be, and may withhold that. Entries that
//! cannot be read are left out too: a peer's slip in a history must not cost the call.

use super::address::{NameAddr, Uri, printable};
use super::headers::Headers;
use super::message::Request;
use super::registration::Authenticated;
use super::vocabulary::{Address, DeviceOf, Diversion, HistoryEntry, Invite, Offer};
use crate::base::CallId;
use std::net::SocketAddr;

/// The most identities a peer may assert (RFC 3325 section 9.1).
const MAX_ASSERTED: usize = 2;
/// The most Diversion entries read.
const MAX_DIVERSIONS: usize = 20;
/// The most History-Info entries read.
const MAX_HISTORY: usize = 40;

/// Headers that the other fields of [`Invite`] carry, or that only SIP itself needs.
const OWN_FIELDS: [&str; 18] = [
    "via",
    "from",
    "to",
    "call-id",
    "cseq",
    "contact",
    "max-forwards",
    "route",
    "record-route",
    "content-type",
    "content-length",
    "p-asserted-identity",
    "privacy",
    "diversion",
    "history-info",
    "authorization",
    "proxy-authorization",
    "session-expires",
];

/// Builds the event's content from an INVITE.
pub(super) fn invite(
    call: CallId,
    request: &Request,
    source: SocketAddr,
    (trusted, who): (bool, Option<Authenticated>),
    offer: Option<Offer>,
) -> Invite {
    let request_uri = Uri::parse(&request.uri).map(|uri| uri.address(""));
    let mut invite = Invite {
        call,
        call_id: request.call_id.clone(),
        source,
        trusted,
        authenticated: None,
        request_uri: request_uri.unwrap_or_default(),
        to: request.to.address().unwrap_or_default(),
        from: request.from.address().unwrap_or_default(),
        asserted: Vec::new(),
        private: false,
        diversion: Vec::new(),
        history: Vec::new(),
        headers: Vec::new(),
        offer,
    };
    if trusted {
        let headers = &request.headers;
        invite.asserted = asserted(headers);
        invite.private = is_private(headers);
        invite.diversion = diversions(headers);
        invite.history = history(headers);
        invite.headers = others(headers);
    }
    if let Some(who) = who {
        invite.asserted = vec![who.identity];
        invite.private = who.private || is_private(&request.headers);
        invite.authenticated = Some(DeviceOf {
            device: who.device,
            mailbox: who.mailbox,
        });
    }
    invite
}

fn asserted(headers: &Headers) -> Vec<Address> {
    headers
        .list("P-Asserted-Identity")
        .filter_map(|item| NameAddr::parse(item)?.address())
        .take(MAX_ASSERTED)
        .collect()
}

/// `Privacy: id`, alone or among others separated by semicolons (RFC 3323 section 4.2).
fn is_private(headers: &Headers) -> bool {
    headers
        .list("Privacy")
        .flat_map(|value| value.split(';'))
        .any(|word| word.trim().eq_ignore_ascii_case("id"))
}

fn diversions(headers: &Headers) -> Vec<Diversion> {
    headers
        .list("Diversion")
        .take(MAX_DIVERSIONS)
        .filter_map(|item| {
            let name = NameAddr::parse(item)?;
            let by = name.address()?;
            let reason = name.param("reason").unwrap_or_default();
            Some(Diversion {
                reason: reason.to_ascii_lowercase(),
                counter: name.param("counter").and_then(|text| text.parse().ok()),
                by,
            })
        })
        .collect()
}

/// History-Info in the order of the indexes (RFC 7044 section 10.3), not of the lines.
fn history(headers: &Headers) -> Vec<HistoryEntry> {
    let mut entries: Vec<HistoryEntry> = headers
        .list("History-Info")
        .take(MAX_HISTORY)
        .filter_map(|item| {
            let name = NameAddr::parse(item)?;
            let uri = Uri::parse(&name.uri)?;
            let index = name.param("index").unwrap_or_default().to_owned();
            Some(HistoryEntry {
                index,
                cause: uri.param("cause").and_then(|c| c.trim().parse().ok()),
                reason: reason(&uri),
                target: uri.address(&name.display),
            })
        })
        .collect();
    entries.sort_by_key(|entry| levels(&entry.index));
    entries
}

fn levels(index: &str) -> Vec<u32> {
    index
        .split('.')
        .map(|level| level.trim().parse().unwrap_or(u32::MAX))
        .collect()
}

/// The cause of an embedded SIP Reason (RFC 3326).
fn reason(uri: &Uri) -> Option<u16> {
    uri.headers_named("Reason").find_map(|reason| {
        let mut parts = reason.split(';');
        let protocol = parts.next()?.trim();
        if !protocol.eq_ignore_ascii_case("SIP") {
            return None;
        }
        parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let named = name.trim().eq_ignore_ascii_case("cause");
            named.then(|| value.trim().parse().ok()).flatten()
        })
    })
}

fn others(headers: &Headers) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), printable(value)))
        .filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Bounds, Message, parse};

    fn read(lines: &str, trusted: bool) -> Invite {
        let text = format!(
            "INVITE sip:voicemail@h;target=sip:2001%40pbx;cause=408 SIP/2.0\r\n\
             Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: \"Ann\" <sip:%2B31612@h>;tag=1\r\n\
             To: <sip:2001;ext=1@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n{lines}\r\n\r\n"
        );
        let bounds = Bounds {
            bytes: 9_000,
            headers: 50,
        };
        let Ok(Message::Request(request)) = parse(text.as_bytes(), bounds) else {
            panic!("not read: {text}");
        };
        let source = "192.0.2.1:5060".parse().expect("an address");
        invite(CallId(1), &request, source, (trusted, None), None)
    }

    const ALL: &str = "P-Asserted-Identity: \"A, B\" <sip:1@h>, <tel:+312>\r\nPrivacy: user;ID\r\n\
        Diversion : <sip:2001@pbx>;reason=No-Answer;counter=2, \"x\" <tel:+31>\r\n\
        Diversion: <sip:%32002@pbx;user=phone>;reason=\"user-busy\";counter=x\r\n\
        History-Info: <sip:3@h;cause=486>;index=1.10,<sip:2@h?Reason=SIP%3Bcause%3D302>;index=1.2\r\n\
        History-Info: <sip:1@h?Reason=Q.850%3Bcause%3D16&Reason=sip;text=%22x%22;cause=480>;index=1\r\n\
        X-Mailbox: 2001";

    #[test]
    fn a_trusted_peer_is_believed() {
        let invite = read(ALL, true);
        assert_eq!(invite.from.user, "+31612");
        assert_eq!(invite.to.user, "2001");
        assert_eq!(invite.request_uri.param("target"), Some("sip:2001@pbx"));
        let users: Vec<&str> = invite.asserted.iter().map(|a| a.user.as_str()).collect();
        assert_eq!(users, ["1", "+312"]);
        assert!(invite.private);
        let by: Vec<_> = invite
            .diversion
            .iter()
            .map(|d| (d.by.user.as_str(), d.reason.as_str(), d.counter))
            .collect();
        let expected = [
            ("2001", "no-answer", Some(2)),
            ("+31", "", None),
            ("2002", "user-busy", None),
        ];
        assert_eq!(by, expected);
        let history: Vec<_> = invite
            .history
            .iter()
            .map(|h| (h.index.as_str(), h.target.user.as_str(), h.cause, h.reason))
            .collect();
        let expected = [
            ("1", "1", None, Some(480)),
            ("1.2", "2", None, Some(302)),
            ("1.10", "3", Some(486), None),
        ];
        assert_eq!(history, expected);
        assert_eq!(
            invite.headers,
            [("x-mailbox".to_owned(), "2001".to_owned())]
        );
    }

    #[test]
    fn a_stranger_asserts_nothing_however_the_header_is_written() {
        let invite = read(ALL, false);
        assert!(!invite.private);
        assert!(invite.asserted.is_empty() && invite.diversion.is_empty());
        assert!(invite.history.is_empty() && invite.headers.is_empty());
    }
}
