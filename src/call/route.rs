//! Where an arriving call goes: a pure function of the INVITE, the subscribers and the numbers
//! of the service.
//!
//! A diverted call is recognised in this order, first match wins: the `target` of an RFC 4458
//! Request-URI, History-Info (RFC 7044), Diversion (RFC 5806). A diversion that names no mailbox
//! here is passed over. Then come the service's own numbers, the configured header, the To user
//! and the Request-URI user. Identity and diversion headers of untrusted sources never get here:
//! the SIP layer leaves them out.

mod codes;

use crate::base::{DialString, TenantId};
use crate::feature::{Dialled, Tables};
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
    /// Feature access codes.
    pub codes: Tables,
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
    /// A feature access code.
    Feature {
        /// The subscriber who calls; `None` where nobody says who it is whose word counts.
        owner: Option<Arc<Profile>>,
        /// The code; `None` where what was dialled looks like one and is none.
        dialled: Option<Dialled>,
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
        .or_else(|| codes::dialled(invite, roster, routing))
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
mod tests;
