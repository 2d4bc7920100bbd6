//! What a Maildir does by itself: deliveries that are overtaken, copies, removal by name.

use super::outbox::Fake;
use super::{Place, deposit, errand, id, ids, listed, mailbox, profile, sound};
use crate::deliver::{Change, Courier, Receipt, Store};
use crate::mailbox::{Command, Marks, Reply, State};
use std::fs;
use std::sync::Mutex;

#[test]
fn what_the_owner_does_while_it_is_delivered_is_not_lost() {
    let place = Place::new();
    let answers = Mutex::new(vec![
        Some(Marks {
            heard: true,
            deleted: true,
        }),
        Some(Marks::default()),
    ]);
    let marks = || answers.lock().unwrap().pop().unwrap();
    let late = deposit(1);
    let receipt = place
        .maildir
        .deliver(&errand(&late, &sound(), &profile(), &marks));
    assert!(matches!(receipt, Ok(Receipt::Delivered(_))));
    assert!(place.files("cur")[0].ends_with(":2,ST"));
    assert!(place.files("new").is_empty());

    // A later errand brings a message that is there in step: what was heard stays heard.
    assert!(matches!(place.deliver(&deposit(1)), Receipt::Again(_)));
    assert!(place.files("cur")[0].ends_with(":2,S"));

    let answers = Mutex::new(vec![None, Some(Marks::default())]);
    let marks = || answers.lock().unwrap().pop().unwrap();
    let withdrawn = deposit(2);
    let receipt = place
        .maildir
        .deliver(&errand(&withdrawn, &sound(), &profile(), &marks));
    assert_eq!(receipt, Ok(Receipt::Withdrawn));
    assert_eq!((place.files("new").len(), place.files("cur").len()), (0, 1));
}

#[test]
fn a_message_that_a_mail_program_copied_is_one_message() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let folder = place.maildir.folder(&mailbox());
    fs::copy(place.path("new"), folder.join("cur/9.M1P1.host:2,S")).unwrap();
    let truth = place.truth(Fake::with([]));
    let summaries = listed(&truth);
    assert_eq!(ids(&summaries), [id(1)]);
    assert_eq!(summaries[0].state, State::Saved, "it was read");
    let (copy, deleted) = (folder.join("cur/9.M1P1.host:2,S"), "cur/9.M1P1.host:2,ST");
    fs::rename(copy, folder.join(deleted)).unwrap();
    assert_eq!(ids(&listed(&truth)), [id(1)], "one of two is there");
    let delete = Command::Delete(id(1));
    assert_eq!(
        truth.command(&profile(), delete.clone()),
        Reply::Done(delete)
    );
    assert_eq!(listed(&truth), []);
    let expunge = Command::Expunge;
    assert_eq!(
        truth.command(&profile(), expunge.clone()),
        Reply::Done(expunge)
    );
    assert_eq!((place.files("new").len(), place.files("cur").len()), (0, 0));
}

#[test]
fn a_thousand_messages_are_marked_in_one_look_and_removed_in_another() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let (first, folder) = (place.path("new"), place.maildir.folder(&mailbox()));
    let mail = fs::read_to_string(first).unwrap();
    for n in 2..=1_000 {
        let mail = mail.replace(&id(1).to_string(), &id(n).to_string());
        fs::write(folder.join(format!("cur/{n}.other.host:2,S")), mail).unwrap();
    }
    let ids: Vec<_> = (1..=1_000).map(id).collect();
    let (maildir, owner) = (&place.maildir, profile());
    let marked = maildir.change_all(&owner, &ids, Change::Delete).unwrap();
    assert_eq!(marked.len(), 1_000);
    let held = maildir.messages(&owner).unwrap();
    assert!(held.len() == 1_000 && held.iter().all(|held| held.deleted));
    assert!(place.files("new").is_empty());
    maildir.change(&owner, id(7), Change::Undelete).unwrap();
    assert_eq!(maildir.expunge(&owner).map(|gone| gone.len()), Ok(999));
    assert_eq!(place.files("cur").len(), 1);
}

#[test]
fn only_the_messages_meant_are_removed_by_name() {
    let place = Place::new();
    for n in 1..=3 {
        place.deliver(&deposit(n));
    }
    let truth = place.truth(Fake::with([]));
    let delete = Command::Delete(id(2));
    assert_eq!(
        truth.command(&profile(), delete.clone()),
        Reply::Done(delete)
    );
    let ordinary = include_str!("../../../media-fixtures/mail/ordinary.eml");
    let folder = place.maildir.folder(&mailbox());
    fs::write(folder.join("new/1.M1P1.host"), ordinary).unwrap();
    let removed = place.maildir.remove(&profile(), &[id(1), id(9)]);
    assert_eq!(removed, Ok(vec![id(1)]));
    let undelete = Command::Undelete(id(2));
    assert_eq!(
        truth.command(&profile(), undelete.clone()),
        Reply::Done(undelete)
    );
    assert_eq!(ids(&listed(&truth)), [id(2), id(3)]);
    assert!(folder.join("new/1.M1P1.host").exists());
}
