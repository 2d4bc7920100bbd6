//! The board of notices in virtual time.

use super::super::notices::Board;
use crate::base::Mono;
use crate::deliver::tests::{deposit, id, profile};
use crate::deliver::{FullMailbox, Notice};
use crate::mailbox::{Attempts, Fate, Leg, Letter};
use crate::mime::MailAddress;
use crate::subscriber::{Delivery, Profile};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn at(hours: u64) -> Mono {
    Mono::since_start(Duration::from_hours(hours))
}

fn owner() -> Arc<Profile> {
    let copies = vec![MailAddress::parse("copy@example.nl").unwrap()];
    Arc::new(Profile {
        delivery: Delivery {
            copies,
            ..Delivery::local()
        },
        ..profile()
    })
}

fn letter(n: u128) -> Letter {
    Letter {
        id: id(n),
        deposit: Some(deposit(n)),
        fates: BTreeMap::from([(Leg::Store, Fate::GivenUp(Attempts::default()))]),
    }
}

#[test]
fn the_owner_of_a_full_mailbox_is_told_once_a_day() {
    let mut board = Board::default();
    let mut told = 0;
    for hour in 0..72 {
        board.full(&owner(), &Leg::Store, "full", at(hour));
        if let Some(notice) = board.next() {
            told += 1;
            board.given(&notice);
        }
    }
    assert_eq!(told, 3);
}

#[test]
fn an_owner_whose_only_address_is_the_full_one_is_not_written_to() {
    let mut board = Board::default();
    let copy = Leg::Copy(MailAddress::parse("copy@example.nl").unwrap());
    board.full(&owner(), &copy, "full", at(0));
    board.full(&Arc::new(profile()), &Leg::Store, "full", at(0));
    assert_eq!(board.next(), None);
}

#[test]
fn a_notice_that_fails_waits_and_one_is_given_at_a_time() {
    let mut board = Board::default();
    assert!(board.sweep_due(at(0)) && !board.sweep_due(at(0)));
    for n in [1, 2, 1] {
        board.dead(letter(n), Some(owner()), at(0));
    }
    let first = board.next().unwrap();
    assert!(board.is_busy() && board.next().is_none());
    board.failed(&first, at(0));
    let second = board.next().unwrap();
    board.given(&second);
    assert_eq!(board.next(), None, "each is there once");
    board.dead(letter(1), Some(owner()), at(0));
    board.dead(letter(2), Some(owner()), at(0));
    assert_eq!(board.next(), None, "the one waits, the other was told");
    assert!(board.sweep_due(at(1)));
    board.dead(letter(1), Some(owner()), at(1));
    assert_eq!(board.next(), Some(first));
}

#[test]
fn a_full_mailbox_that_could_not_be_told_of_is_told_of_at_the_next_try() {
    let mut board = Board::default();
    board.full(&owner(), &Leg::Store, "full", at(0));
    let notice = board.next().unwrap();
    let Notice::MailboxFull(FullMailbox { to_owner, .. }) = &notice else {
        panic!("{notice:?}")
    };
    assert_eq!(to_owner.len(), 1);
    board.failed(&notice, at(0));
    board.full(&owner(), &Leg::Store, "full", at(1));
    assert_eq!(board.next(), Some(notice));
}
