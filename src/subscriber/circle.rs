//! Whether forwarded calls come back to where they began.
//!
//! In: a number that calls are forwarded to, and everybody's forwardings. Out: whether some call
//! forwarded there can be forwarded on, over subscribers here, until it reaches the first again.
//! Laws: it always ends, however the forwardings lie; where every call is forwarded no other
//! forwarding counts. What happens to a call outside is not known here.

use super::{Condition, Destinations, Profile, Roster, ServiceBook, Services};
use crate::base::{DialString, MailboxId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most subscribers that are looked at; a longer chain of forwardings carries no call, since
/// every PBX takes so many for a loop.
const SUBSCRIBERS_MAX: usize = 1_000;

/// What is known of all lines here.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    /// Who has which number.
    pub roster: &'a Roster,
    /// What they have set.
    pub book: &'a ServiceBook,
    /// How numbers are written.
    pub plan: &'a Destinations,
}

/// Whether calls forwarded by the owner of this mailbox to this number can come back.
pub fn circle(owner: &MailboxId, to: &DialString, lines: Lines<'_>) -> bool {
    let mut seen: BTreeSet<&MailboxId> = BTreeSet::new();
    let mut ahead: Vec<&Arc<Profile>> = lines
        .plan
        .subscriber(to, lines.roster)
        .into_iter()
        .collect();
    while let Some(next) = ahead.pop() {
        if next.mailbox == *owner {
            return true;
        }
        if seen.len() < SUBSCRIBERS_MAX && seen.insert(&next.mailbox) {
            let forwarded = in_effect(lines.book.of(&next.mailbox));
            ahead.extend(forwarded.filter_map(|to| lines.plan.subscriber(to, lines.roster)));
        }
    }
    false
}

/// Where calls may go by the forwardings of these services: everywhere that is on, or only where
/// all go.
fn in_effect(services: &Services) -> impl Iterator<Item = &DialString> {
    let forwarding = &services.forwarding;
    let shadowed = forwarding.always.target().is_some();
    let conditions = Condition::ALL.into_iter();
    conditions
        .filter(move |condition| !shadowed || *condition == Condition::Always)
        .filter_map(|condition| forwarding.under(condition).target())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Language;
    use crate::subscriber::{Change, Delivery, ForwardChange};
    use proptest::prelude::*;

    const PEOPLE: usize = 6;

    /// Who forwards to whom, under which condition.
    type Edge = (usize, Condition, usize);

    fn mailbox(n: usize) -> MailboxId {
        MailboxId::parse(&format!("{}", 2_000 + n)).unwrap()
    }

    fn number(n: usize) -> DialString {
        DialString::parse(mailbox(n).as_str()).unwrap()
    }

    fn roster() -> Roster {
        let person = |n| Profile {
            mailbox: mailbox(n),
            name: String::new(),
            numbers: Vec::new(),
            language: Language::parse("nl").unwrap(),
            zone: "UTC".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        };
        Roster::new((0..PEOPLE).map(person)).unwrap()
    }

    fn book(edges: &[Edge]) -> ServiceBook {
        let mut book = ServiceBook::default();
        for (from, condition, to) in edges {
            let mut services = (**book.of(&mailbox(*from))).clone();
            let forward = ForwardChange::on_to(number(*to));
            services.apply(&Change::Forward(*condition, forward));
            book.set(mailbox(*from), Arc::new(services));
        }
        book
    }

    fn leads_back(edges: &[Edge], owner: usize, to: &DialString) -> bool {
        let (roster, book, plan) = (roster(), book(edges), Destinations::default());
        let lines = Lines {
            roster: &roster,
            book: &book,
            plan: &plan,
        };
        circle(&mailbox(owner), to, lines)
    }

    #[test]
    fn a_chain_that_ends_outside_is_no_circle_and_one_that_closes_is() {
        let (busy, none) = (Condition::Busy, Condition::NoAnswer);
        let chain = [(1, busy, 2), (2, none, 3)];
        assert!(!leads_back(&chain, 0, &number(1)));
        let closed = [(1, busy, 2), (2, none, 3), (3, busy, 0)];
        assert!(leads_back(&closed, 0, &number(1)));
        assert!(leads_back(&[], 0, &number(0)));
        let outside = DialString::parse("0612345678").unwrap();
        assert!(!leads_back(&closed, 0, &outside));
        // A circle that the owner is not in ends the search all the same.
        assert!(!leads_back(&[(1, busy, 2), (2, busy, 1)], 0, &number(1)));
    }

    #[test]
    fn what_is_shadowed_leads_nowhere() {
        let always = Condition::Always;
        let edges = [(1, Condition::Busy, 0), (1, always, 2)];
        assert!(!leads_back(&edges, 0, &number(1)));
        assert!(leads_back(&edges[..1], 0, &number(1)));
    }

    /// Whether `to` is reached from `from` in at most so many steps over what is in effect.
    fn reached(edges: &[Edge], from: usize, to: usize, steps: usize) -> bool {
        let book = book(edges);
        let next: Vec<usize> = in_effect(book.of(&mailbox(from)))
            .map(|number| number.as_str().parse::<usize>().unwrap() - 2_000)
            .collect();
        from == to || steps > 0 && next.iter().any(|n| reached(edges, *n, to, steps - 1))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_circle_is_found_exactly_where_there_is_one(
            edges in proptest::collection::vec(
                (0..PEOPLE, proptest::sample::select(&Condition::ALL[..]), 0..PEOPLE), 0..9),
            owner in 0..PEOPLE, first in 0..PEOPLE,
        ) {
            let there = reached(&edges, first, owner, PEOPLE);
            prop_assert_eq!(leads_back(&edges, owner, &number(first)), there);
        }
    }
}
