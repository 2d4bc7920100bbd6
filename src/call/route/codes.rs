//! Where a dialled feature access code goes.
//!
//! Law: a code is looked up in the table of the tenant of whoever calls, as far as that can be believed;
//! the one for voicemail works for whoever a subscriber sends there by a transfer.

use super::{Route, Routing, calling_subscriber};
use crate::feature::{Code, Dialled};
use crate::sip::Invite;
use crate::subscriber::{Profile, Roster};
use std::sync::Arc;

/// A feature access code, as the caller's tenant has them. What begins like one and is none is told
/// as unknown to subscribers, and to nobody else.
pub(super) fn dialled(invite: &Invite, roster: &Roster, routing: &Routing) -> Option<Route> {
    let keys = invite.request_uri.user.replace("%23", "#");
    let owner = calling_subscriber(invite, roster);
    let tenant = owner.as_ref().and_then(|owner| owner.tenant.as_ref());
    let Some(dialled) = routing.codes.of(tenant).look_up(&keys) else {
        let looks_like_one = keys.starts_with(['*', '#']);
        let dialled = None;
        return (looks_like_one && owner.is_some()).then_some(Route::Feature { owner, dialled });
    };
    let known = invite.trusted || owner.is_some();
    let direct = known && dialled.code == Code::DirectToVoicemail;
    let mailbox = direct.then(|| whose(owner.as_ref(), &dialled, roster));
    Some(match mailbox.flatten() {
        Some(owner) => Route::Deposit {
            owner,
            reason: None,
        },
        None => Route::Feature {
            owner,
            dialled: Some(dialled),
        },
    })
}

/// Whose voicemail the code for it leads to: that of the number dialled, else the own one. The
/// caller may be anybody whom a subscriber sends there by a transfer to the code.
fn whose(owner: Option<&Arc<Profile>>, dialled: &Dialled, roster: &Roster) -> Option<Arc<Profile>> {
    match &dialled.argument {
        Some(number) => roster.by_number(number.as_str()).cloned(),
        None => owner.cloned(),
    }
}
