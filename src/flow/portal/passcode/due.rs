//! When another passcode must be chosen: an operator reset it, it came from the operator and was
//! never changed, or it is too old.

use crate::base::Timestamp;
use crate::flow::Settings;
use crate::flow::portal::Owner;

/// Whether the owner must choose another passcode now.
pub(in crate::flow::portal) fn is_due(owner: &Owner, settings: &Settings, now: Timestamp) -> bool {
    let passcode = &owner.services.passcode;
    let initial = passcode.chosen.is_none() && settings.change_initial;
    let expired = match (passcode.since, settings.passcode_age) {
        (Some(since), Some(age)) => since.checked_add(age).is_ok_and(|end| now >= end),
        (None, _) | (_, None) => false,
    };
    passcode.due || initial || expired
}
