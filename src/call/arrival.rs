//! What is written down of a call when it arrives.

use super::route::{self, Route};
use super::vocabulary::{Command, Milestone};
use crate::base::{DialString, Now};
use crate::sip::Invite;
use crate::subscriber::LastCaller;

/// The line of the call event log.
pub(super) fn arrival(invite: &Invite, route: &Route) -> Milestone {
    let (name, mailbox) = match route {
        Route::Portal { owner, .. } => ("portal", owner.as_ref()),
        Route::Deposit { owner, .. } => ("deposit", Some(owner)),
        Route::ClearLamp { owner } => ("lamp", owner.as_ref()),
        Route::Feature { owner, .. } => ("feature code", owner.as_ref()),
        Route::Operator { .. } => ("operator", None),
        Route::Diagnostic(_) => ("diagnostic", None),
        Route::Unknown => ("unknown number", None),
        Route::Loop => ("loop", None),
    };
    Milestone::Arrived {
        from: route::caller(invite).number().cloned(),
        to: invite.request_uri.user.clone(),
        call_id: invite.call_id.clone(),
        route: name,
        mailbox: mailbox.map(|o| o.mailbox.clone()),
    }
}

/// Who is remembered as the last caller of a subscriber: whoever is diverted to their voicemail or
/// calls it, but for themselves.
pub(super) fn called(now: Now, route: &Route, number: Option<&DialString>) -> Option<Command> {
    let Route::Deposit { owner, .. } = route else {
        return None;
    };
    let own = number.is_some_and(|number| owner.own_numbers().any(|own| own == number.as_str()));
    let at = now.wall;
    let number = number.cloned();
    (!own).then(|| Command::Called(owner.mailbox.clone(), LastCaller { number, at }))
}
