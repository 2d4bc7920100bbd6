//! The words for how call forwarding stands.

use crate::flow::Cx;
use crate::flow::portal::Owner;
use crate::prompt::{Line, Phrase, Say};
use crate::subscriber::{Condition, Lines, circle};

/// How the forwarding under this condition stands, with a warning where it leads back.
pub(in crate::flow) fn of(owner: &Owner, condition: Condition, cx: &Cx<'_>) -> Vec<Phrase> {
    let mut words = plain(owner, condition);
    if leads_back(owner, condition, cx) {
        words.push(Phrase::Line(Line::WarnCircle));
    }
    words
}

/// "Forwarding when busy is on, to 0612345678."
pub(in crate::flow::portal) fn plain(owner: &Owner, condition: Condition) -> Vec<Phrase> {
    let what = match condition {
        Condition::Always => Line::AlwaysIs,
        Condition::Busy => Line::BusyIs,
        Condition::NoAnswer => Line::NoAnswerIs,
        Condition::NotReachable => Line::NotReachableIs,
    };
    let forward = owner.services.forwarding.under(condition);
    let mut words = vec![Phrase::Line(what)];
    match (&forward.to, forward.on) {
        (Some(to), on) => {
            let line = if on { Line::IsOnTo } else { Line::IsOffTo };
            words.extend([Phrase::Line(line), Phrase::Say(Say::Number(to.clone()))]);
        }
        (None, _) => words.push(Phrase::Line(Line::IsOff)),
    }
    words
}

/// Whether the forwarding under this condition is on and can bring calls back to the owner.
pub(in crate::flow::portal) fn leads_back(
    owner: &Owner,
    condition: Condition,
    cx: &Cx<'_>,
) -> bool {
    let lines = Lines {
        roster: cx.roster,
        book: cx.book,
        plan: &cx.settings.destinations,
    };
    let to = owner.services.forwarding.under(condition).target();
    to.is_some_and(|to| circle(&owner.profile.mailbox, to, lines))
}

/// "The number of rings is four."
pub(in crate::flow) fn rings(owner: &Owner) -> Vec<Phrase> {
    let rings = u32::from(owner.services.forwarding.rings);
    vec![
        Phrase::Line(Line::RingsAre),
        Phrase::Say(Say::Cardinal(rings)),
    ]
}
