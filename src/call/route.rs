//! Where an arriving call goes: a pure function of the INVITE, the subscribers and the numbers
//! of the service.
//!
//! A diverted call is recognised in this order, first match wins: the `target` of an RFC 4458
//! Request-URI, History-Info (RFC 7044), Diversion (RFC 5806). A diversion that names no mailbox
//! here is passed over. Then come the service's own numbers, the configured header, the To user
//! and the Request-URI user. Identity and diversion headers of untrusted sources never get here:
//! the SIP layer leaves them out.
//!
//! Long because every way a call says where it goes stands beside its case.

use crate::base::{DialString, TenantId};
use crate::flow::Entry;
use crate::mime::{Caller, Reason};
use crate::sip::{Address, Invite};
use crate::subscriber::{Guarded, Profile, Roster};
use std::sync::Arc;

/// Most diversions a call may have behind it; more is taken for a loop (RFC 5806 section 4.1).
pub const DIVERSIONS_MAX: u32 = 10;

/// The numbers and rules calls are routed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// Numbers of the voice portal.
    pub portal: Vec<DialString>,
    /// Numbers that lead straight to the messages.
    pub messages: Vec<DialString>,
    /// Numbers that lead to the portal and say what is active on the line.
    pub status: Vec<DialString>,
    /// Numbers that clear the message-waiting lamp of whoever dials them.
    pub clear_lamp: Vec<DialString>,
    /// Numbers for changing prompts by telephone, and whose prompts; `None` is everybody's.
    pub operators: Vec<(DialString, Option<TenantId>)>,
    /// Diagnostic numbers.
    pub diagnostics: Vec<(DialString, Diagnostic)>,
    /// Whose mailbox a call takes that was diverted more than once.
    pub mailbox_from: MailboxFrom,
    /// A header that names the mailbox, in lower case.
    pub mailbox_header: Option<String>,
}

/// Whose mailbox takes a call that was diverted more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailboxFrom {
    /// The number first called.
    #[default]
    Original,
    /// The number that diverted last.
    Last,
}

/// What a diagnostic number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnostic {
    /// An announcement without end.
    Announcement,
    /// All audio comes back.
    Echo,
    /// A tone that changes with each key.
    KeyTone,
    /// Answer and say nothing.
    Silence,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// The voice portal; the owner where the caller's identity is asserted.
    Portal {
        /// The subscriber who calls, if known.
        owner: Option<Arc<Profile>>,
        /// Where in the portal the call starts.
        entry: Entry,
    },
    /// A message for this subscriber.
    Deposit {
        /// The subscriber.
        owner: Arc<Profile>,
        /// Why the call was diverted; `None` when the mailbox was called or no reason came.
        reason: Option<Reason>,
    },
    /// The message-waiting lamp of the caller is to be cleared.
    ClearLamp {
        /// The subscriber who calls; `None` where nobody says who it is whose word counts.
        owner: Option<Arc<Profile>>,
    },
    /// Changing prompts.
    Operator {
        /// Whose; `None` is everybody's.
        tenant: Option<TenantId>,
    },
    /// A diagnostic.
    Diagnostic(Diagnostic),
    /// Nobody here: 404.
    Unknown,
    /// Diverted too often: 482.
    Loop,
}

/// Decides where a call goes.
pub fn route(invite: &Invite, roster: &Roster, routing: &Routing) -> Route {
    if diversions(invite) > DIVERSIONS_MAX {
        return Route::Loop;
    }
    if let Some((owner, reason)) = diverted(invite, roster, routing.mailbox_from) {
        return Route::Deposit { owner, reason };
    }
    service(invite, roster, routing)
        .or_else(|| called(invite, roster, routing))
        .unwrap_or(Route::Unknown)
}

/// Where this call comes from, as far as that can be believed: what wrong passcodes of callers are
/// counted for.
pub(super) fn source(invite: &Invite) -> Guarded {
    let users = invite.asserted.iter().chain([&invite.from]);
    let mut numbers = users.filter_map(|a| DialString::parse(&a.user).ok());
    match numbers.next() {
        Some(number) if is_known(invite) => Guarded::Number(number),
        Some(_) | None => Guarded::Peer(invite.source.ip()),
    }
}

/// The caller as the subscriber is to see them.
pub(super) fn caller(invite: &Invite) -> Caller {
    if invite.private {
        return Caller::Withheld;
    }
    let user = invite
        .asserted
        .first()
        .map_or(&invite.from.user, |a| &a.user);
    let name = display_name(invite);
    match DialString::parse(user) {
        Ok(number) => Caller::Known { number, name },
        Err(_) => Caller::Unknown { name },
    }
}

fn display_name(invite: &Invite) -> Option<String> {
    let asserted = invite
        .asserted
        .iter()
        .map(|a| &a.display)
        .find(|d| !d.is_empty());
    Some(asserted.unwrap_or(&invite.from.display))
        .filter(|d| !d.is_empty())
        .cloned()
}

/// Whether it is known who calls: a device that proved it, or whom a trusted peer names.
fn is_known(invite: &Invite) -> bool {
    invite.trusted || invite.authenticated.is_some()
}

/// The subscriber who calls: only a device of theirs and a trusted peer's word count.
fn calling_subscriber(invite: &Invite, roster: &Roster) -> Option<Arc<Profile>> {
    if let Some(of) = &invite.authenticated {
        return roster.by_mailbox(&of.mailbox).cloned();
    }
    if !invite.trusted {
        return None;
    }
    let from = invite.asserted.is_empty().then_some(&invite.from);
    invite
        .asserted
        .iter()
        .chain(from)
        .find_map(|a| owner(a, roster))
}

fn owner(address: &Address, roster: &Roster) -> Option<Arc<Profile>> {
    let number = DialString::parse(&address.user).ok()?;
    roster.by_number(number.as_str()).cloned()
}

fn diversions(invite: &Invite) -> u32 {
    let counted = invite
        .diversion
        .iter()
        .map(|d| d.counter.unwrap_or(1))
        .fold(0, u32::saturating_add);
    counted.max(u32::try_from(invite.history.len().saturating_sub(1)).unwrap_or(u32::MAX))
}

/// Whose mailbox, and why.
type Diverted = (Arc<Profile>, Option<Reason>);

/// The diversion of a trusted peer; anybody else's word does not count.
fn diverted(invite: &Invite, roster: &Roster, from: MailboxFrom) -> Option<Diverted> {
    if !invite.trusted {
        return None;
    }
    by_target(invite, roster)
        .or_else(|| by_history(invite, roster, from))
        .or_else(|| by_diversion(invite, roster, from))
}

/// RFC 4458: `sip:voicemail@host;target=sip:2001%40pbx;cause=486`.
fn by_target(invite: &Invite, roster: &Roster) -> Option<Diverted> {
    let target = invite.request_uri.param("target")?;
    let user = target.split_once(':').map_or(target, |(_, rest)| rest);
    let user = user.split(['@', ';']).next().unwrap_or_default();
    let number = DialString::parse(user).ok()?;
    let owner = roster.by_number(number.as_str())?.clone();
    let cause = invite
        .request_uri
        .param("cause")
        .and_then(|c| c.parse().ok());
    Some((owner, reason_of_cause(cause)))
}

/// RFC 7044: the last entry is this request; the mailbox is one before it. The cause stands in
/// the URI the diversion led to (RFC 4458), so in the following entry, or in the Reason of its own.
fn by_history(invite: &Invite, roster: &Roster, from: MailboxFrom) -> Option<Diverted> {
    let mut steps = invite.history.windows(2).filter_map(|pair| match pair {
        [before, after] => {
            owner(&before.target, roster).map(|o| (o, after.cause.or(before.reason)))
        }
        _ => None,
    });
    let (owner, cause) = match from {
        MailboxFrom::Original => steps.next(),
        MailboxFrom::Last => steps.next_back(),
    }?;
    Some((owner, reason_of_cause(cause)))
}

/// RFC 5806: the top entry diverted last, the bottom one was called first.
fn by_diversion(invite: &Invite, roster: &Roster, from: MailboxFrom) -> Option<Diverted> {
    let mut known = invite
        .diversion
        .iter()
        .filter_map(|d| owner(&d.by, roster).map(|o| (o, Reason::from_token(&d.reason))));
    match from {
        MailboxFrom::Original => known.next_back(),
        MailboxFrom::Last => known.next(),
    }
}

fn service(invite: &Invite, roster: &Roster, routing: &Routing) -> Option<Route> {
    let dialled = DialString::parse(&invite.request_uri.user).ok()?;
    let doors = [
        (&routing.portal, Entry::Main),
        (&routing.messages, Entry::Messages),
        (&routing.status, Entry::Status),
    ];
    if let Some((_, entry)) = doors.into_iter().find(|(door, _)| door.contains(&dialled)) {
        let owner = calling_subscriber(invite, roster);
        return Some(Route::Portal { owner, entry });
    }
    if routing.clear_lamp.contains(&dialled) {
        let owner = calling_subscriber(invite, roster);
        return Some(Route::ClearLamp { owner });
    }
    let operator = routing.operators.iter().find(|(n, _)| *n == dialled);
    if let Some((_, tenant)) = operator {
        let tenant = tenant.clone();
        return Some(Route::Operator { tenant });
    }
    let diagnostic = routing
        .diagnostics
        .iter()
        .find(|(number, _)| *number == dialled);
    diagnostic.map(|(_, kind)| Route::Diagnostic(*kind))
}

/// A call that carries no diversion: the mailbox it names itself.
fn called(invite: &Invite, roster: &Roster, routing: &Routing) -> Option<Route> {
    let header = routing.mailbox_header.as_ref().and_then(|name| {
        let value = &invite.headers.iter().find(|(n, _)| n == name)?.1;
        roster
            .by_number(DialString::parse(value.trim()).ok()?.as_str())
            .cloned()
    });
    let owner = header
        .or_else(|| owner(&invite.to, roster))
        .or_else(|| owner(&invite.request_uri, roster))?;
    Some(Route::Deposit {
        owner,
        reason: None,
    })
}

/// The cause values of RFC 4458 section 2.
fn reason_of_cause(cause: Option<u16>) -> Option<Reason> {
    match cause? {
        302 => Some(Reason::Unconditional),
        486 => Some(Reason::Busy),
        408 => Some(Reason::NoAnswer),
        404 | 503 => Some(Reason::NotReachable),
        480 | 487 => Some(Reason::Deflected),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, DeviceId, MailboxId};
    use crate::sip::{DeviceOf, Diversion, HistoryEntry};
    use crate::subscriber::Language;

    fn subscriber(mailbox: &str, number: &str) -> Profile {
        Profile {
            mailbox: MailboxId::parse(mailbox).unwrap(),
            name: mailbox.to_owned(),
            numbers: vec![DialString::parse(number).unwrap()],
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        }
    }

    fn roster() -> Roster {
        Roster::new([
            subscriber("2001", "+31201232001"),
            subscriber("2002", "+31201232002"),
        ])
        .unwrap()
    }

    fn routing() -> Routing {
        let number = |n| DialString::parse(n).unwrap();
        Routing {
            portal: vec![number("1233"), number("*62")],
            messages: vec![number("*86")],
            status: vec![number("*60")],
            clear_lamp: vec![number("*99")],
            operators: vec![
                (number("9700"), None),
                (number("9701"), TenantId::parse("acme").ok()),
            ],
            diagnostics: vec![(number("9901"), Diagnostic::Echo)],
            mailbox_from: MailboxFrom::Original,
            mailbox_header: Some("x-mailbox".to_owned()),
        }
    }

    fn address(user: &str) -> Address {
        Address {
            user: user.to_owned(),
            host: "pbx".to_owned(),
            ..Address::default()
        }
    }

    fn invite(to: &str) -> Invite {
        Invite {
            call: CallId(1),
            call_id: "a".to_owned(),
            source: "127.0.0.1:5060".parse().unwrap(),
            trusted: true,
            authenticated: None,
            request_uri: address(to),
            to: address(to),
            from: address("0612345678"),
            asserted: Vec::new(),
            private: false,
            diversion: Vec::new(),
            history: Vec::new(),
            headers: Vec::new(),
            offer: None,
        }
    }

    fn diversion(by: &str, reason: &str, counter: Option<u32>) -> Diversion {
        Diversion {
            by: address(by),
            reason: reason.to_owned(),
            counter,
        }
    }

    fn history(user: &str, cause: Option<u16>) -> HistoryEntry {
        HistoryEntry {
            index: "1".to_owned(),
            target: address(user),
            cause,
            reason: None,
        }
    }

    /// The mailbox and reason of a deposit, for comparison.
    fn deposit(invite: &Invite, routing: &Routing) -> Option<(String, Option<Reason>)> {
        match route(invite, &roster(), routing) {
            Route::Deposit { owner, reason } => Some((owner.mailbox.to_string(), reason)),
            _ => None,
        }
    }

    #[test]
    fn the_service_numbers_lead_to_the_portal_of_the_asserted_subscriber() {
        for (dialled, entry) in [
            ("1233", Entry::Main),
            ("*62", Entry::Main),
            ("*86", Entry::Messages),
            ("*60", Entry::Status),
        ] {
            let mut call = invite(dialled);
            call.asserted = vec![address("+31201232001")];
            let expected = roster().by_number("2001").cloned();
            assert_eq!(
                route(&call, &roster(), &routing()),
                Route::Portal {
                    owner: expected,
                    entry
                },
                "{dialled}"
            );
        }
    }

    #[test]
    fn the_clearing_code_works_for_the_telephone_it_is_dialled_from() {
        let mut call = invite("*99");
        let owner = roster().by_number("2001").cloned();
        assert!(owner.is_some());
        call.asserted = vec![address("+31201232001")];
        let clear = |owner| Route::ClearLamp { owner };
        assert_eq!(route(&call, &roster(), &routing()), clear(owner));
        call.asserted = vec![address("0612345678")];
        assert_eq!(route(&call, &roster(), &routing()), clear(None));
        call.asserted.clear();
        call.from = address("2001");
        call.trusted = false;
        assert_eq!(route(&call, &roster(), &routing()), clear(None));
    }

    #[test]
    fn the_numbers_for_prompts_lead_to_the_prompts_of_their_tenant() {
        let acme = TenantId::parse("acme").ok();
        for (dialled, tenant) in [("9700", None), ("9701", acme)] {
            let found = route(&invite(dialled), &roster(), &routing());
            assert_eq!(found, Route::Operator { tenant });
        }
        let none = Routing::default();
        assert_eq!(route(&invite("9700"), &roster(), &none), Route::Unknown);
    }

    #[test]
    fn an_untrusted_source_is_nobodys_subscriber() {
        let mut call = invite("1233");
        call.trusted = false;
        call.from = address("2001");
        let portal = Route::Portal {
            owner: None,
            entry: Entry::Main,
        };
        assert_eq!(route(&call, &roster(), &routing()), portal);
        call.request_uri.params = vec![("target".to_owned(), "sip:2001@pbx".to_owned())];
        assert_eq!(route(&call, &roster(), &routing()), portal);
    }

    #[test]
    fn a_device_is_its_own_subscriber_whatever_it_says() {
        let mut call = invite("1233");
        call.trusted = false;
        call.authenticated = Some(DeviceOf {
            device: DeviceId::parse("desk").unwrap(),
            mailbox: MailboxId::parse("2001").unwrap(),
        });
        call.from = address("2002");
        call.asserted = vec![address("2001")];
        let owner = roster().by_number("2001").cloned();
        assert!(owner.is_some());
        let portal = |owner| Route::Portal {
            owner,
            entry: Entry::Main,
        };
        assert_eq!(route(&call, &roster(), &routing()), portal(owner.clone()));
        let number = DialString::parse("2001").unwrap();
        assert_eq!(source(&call), Guarded::Number(number));
        call.request_uri = address("*99");
        let clear = Route::ClearLamp { owner };
        assert_eq!(route(&call, &roster(), &routing()), clear);
        // A device diverts nothing.
        call.diversion = vec![diversion("2002", "no-answer", None)];
        call.request_uri = address("2002");
        call.to = address("2002");
        assert_eq!(deposit(&call, &routing()), Some(("2002".to_owned(), None)));
        // Whose subscriber is gone is nobody's.
        call.request_uri = address("1233");
        if let Some(of) = &mut call.authenticated {
            of.mailbox = MailboxId::parse("2009").unwrap();
        }
        assert_eq!(route(&call, &roster(), &routing()), portal(None));
    }

    #[test]
    fn every_way_to_say_a_diversion_finds_the_mailbox_and_the_reason() {
        let mut by_target = invite("1233");
        by_target.request_uri.params = vec![
            ("target".to_owned(), "sip:2001@pbx".to_owned()),
            ("cause".to_owned(), "486".to_owned()),
        ];
        assert_eq!(
            deposit(&by_target, &routing()),
            Some(("2001".to_owned(), Some(Reason::Busy)))
        );

        let mut by_history = invite("1233");
        by_history.history = vec![history("2001", None), history("1233", Some(408))];
        assert_eq!(
            deposit(&by_history, &routing()),
            Some(("2001".to_owned(), Some(Reason::NoAnswer)))
        );

        let mut by_diversion = invite("1233");
        by_diversion.diversion = vec![diversion("+31201232002", "unconditional", None)];
        assert_eq!(
            deposit(&by_diversion, &routing()),
            Some(("2002".to_owned(), Some(Reason::Unconditional)))
        );
    }

    #[test]
    fn a_call_diverted_twice_goes_to_the_first_or_last_as_configured() {
        let mut call = invite("1233");
        call.diversion = vec![
            diversion("2002", "user-busy", None),
            diversion("2001", "no-answer", None),
        ];
        let mut last = routing();
        last.mailbox_from = MailboxFrom::Last;
        assert_eq!(
            deposit(&call, &routing()),
            Some(("2001".to_owned(), Some(Reason::NoAnswer)))
        );
        assert_eq!(
            deposit(&call, &last),
            Some(("2002".to_owned(), Some(Reason::Busy)))
        );

        call.diversion.clear();
        call.history = vec![
            history("2001", None),
            history("2002", Some(408)),
            history("1233", Some(486)),
        ];
        assert_eq!(
            deposit(&call, &routing()),
            Some(("2001".to_owned(), Some(Reason::NoAnswer)))
        );
        assert_eq!(
            deposit(&call, &last),
            Some(("2002".to_owned(), Some(Reason::Busy)))
        );
    }

    #[test]
    fn the_cause_of_an_earlier_diversion_is_not_that_of_the_mailbox() {
        let mut call = invite("1233");
        call.history = vec![
            history("5555", None),
            history("2001", Some(302)),
            history("1233", None),
        ];
        let expected = |reason| Some(("2001".to_owned(), reason));
        assert_eq!(deposit(&call, &routing()), expected(None));
        call.history[1].reason = Some(486);
        assert_eq!(deposit(&call, &routing()), expected(Some(Reason::Busy)));
        call.history[2].cause = Some(408);
        assert_eq!(deposit(&call, &routing()), expected(Some(Reason::NoAnswer)));
    }

    #[test]
    fn a_stranger_leaves_a_message_where_they_called_and_nowhere_else() {
        let mut call = invite("2001");
        call.trusted = false;
        call.diversion = vec![diversion("2002", "user-busy", None)];
        call.history = vec![history("2002", None), history("2001", Some(486))];
        assert_eq!(deposit(&call, &routing()), Some(("2001".to_owned(), None)));
    }

    #[test]
    fn a_history_of_this_request_alone_is_no_diversion() {
        let mut call = invite("2001");
        call.history = vec![history("2002", Some(486))];
        assert_eq!(deposit(&call, &routing()), Some(("2001".to_owned(), None)));
    }

    #[test]
    fn a_diversion_by_a_stranger_does_not_hide_the_number_dialled() {
        let mut call = invite("2001");
        call.diversion = vec![diversion("5555", "no-answer", None)];
        assert_eq!(deposit(&call, &routing()), Some(("2001".to_owned(), None)));
    }

    #[test]
    fn a_call_without_diversion_goes_by_header_then_to_then_request_uri() {
        let mut call = invite("2001");
        call.headers = vec![("x-mailbox".to_owned(), " 2002 ".to_owned())];
        assert_eq!(deposit(&call, &routing()).unwrap().0, "2002");
        call.headers.clear();
        assert_eq!(deposit(&call, &routing()).unwrap().0, "2001");
        call.to = address("voicemail");
        assert_eq!(deposit(&call, &routing()).unwrap().0, "2001");
    }

    #[test]
    fn unknown_numbers_and_loops_are_told_apart() {
        assert_eq!(
            route(&invite("4444"), &roster(), &routing()),
            Route::Unknown
        );
        let mut call = invite("1233");
        call.diversion = vec![diversion("2001", "no-answer", Some(11))];
        assert_eq!(route(&call, &roster(), &routing()), Route::Loop);
        call.diversion = vec![diversion("2001", "no-answer", Some(u32::MAX)); 3];
        assert_eq!(route(&call, &roster(), &routing()), Route::Loop);
    }

    #[test]
    fn a_withheld_caller_has_no_number_and_no_name() {
        let mut call = invite("2001");
        call.asserted = vec![Address {
            display: "Jan".to_owned(),
            ..address("0201111111")
        }];
        let number = DialString::parse("0201111111").unwrap();
        assert_eq!(
            caller(&call),
            Caller::Known {
                number,
                name: Some("Jan".to_owned())
            }
        );
        call.private = true;
        assert_eq!(caller(&call), Caller::Withheld);
    }
}
