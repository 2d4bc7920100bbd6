//! Greetings mirrored into a folder of the account.

use super::fake::{Fake, Plan};
use super::scene::{imap, owner};
use super::{ORDINARY, SOON};
use crate::base::{MailboxId, RecordingId};
use crate::deliver::{Fault, OwnRecording};
use crate::subscriber::Profile;
use uuid::Uuid;

const ON: &str = "$CNS-Greeting-On";

fn mirror(fake: &Fake, recordings: &[(u128, bool)]) -> Result<(), Fault> {
    let own = recordings.iter().map(|(n, is_heard)| OwnRecording {
        id: RecordingId(Uuid::from_u128(*n)),
        is_name: *n == 1,
        title: format!("Greeting {n}"),
        is_heard: *is_heard,
    });
    let mut octets = |id: RecordingId| (id.0.as_u128() < 9).then(|| vec![0xD5; 800]);
    let greetings = imap(fake).greetings();
    greetings.mirror(&owner("anna"), &own.collect::<Vec<_>>(), &mut octets)
}

/// The greetings in the folder by their number, and whether each is marked.
fn there(fake: &Fake) -> Vec<(u128, bool)> {
    let state = fake.state();
    let known = state.mails.iter().filter_map(|mail| {
        let id = crate::mime::greeting_id(&mail.octets, &owner("anna").mailbox)?;
        Some((id.0.as_u128(), mail.flags.contains(ON)))
    });
    known.collect()
}

#[test]
fn the_folder_holds_what_is_in_use_and_marks_what_callers_hear() {
    let fake = Fake::start();
    fake.put(ORDINARY, &[]);
    mirror(&fake, &[(1, true), (2, false)]).unwrap();
    assert_eq!(there(&fake), [(1, true), (2, false)]);
    mirror(&fake, &[(1, true), (3, true)]).unwrap();
    assert_eq!(there(&fake), [(1, true), (3, true)]);
    mirror(&fake, &[(1, false), (3, true)]).unwrap();
    assert_eq!(there(&fake), [(1, false), (3, true)]);
    mirror(&fake, &[]).unwrap();
    assert_eq!(there(&fake), []);
    assert_eq!(fake.state().mails.len(), 1, "other mail stays");
}

#[test]
fn what_is_there_already_is_left_as_it_is() {
    let fake = Fake::start();
    mirror(&fake, &[(1, true)]).unwrap();
    let changes = || ["APPEND", "UID STORE", "UID EXPUNGE"].map(|verb| fake.count(verb));
    let before = changes();
    mirror(&fake, &[(1, true)]).unwrap();
    assert_eq!(changes(), before);
}

#[test]
fn a_lost_answer_makes_no_double_the_next_time() {
    let fake = Fake::start();
    fake.plan("APPEND", Plan::LoseAnswer);
    let start = std::time::Instant::now();
    assert!(mirror(&fake, &[(2, true)]).is_err());
    assert!(start.elapsed() < SOON);
    mirror(&fake, &[(2, true)]).unwrap();
    assert_eq!(there(&fake), [(2, true)]);
}

#[test]
fn a_server_without_keywords_holds_the_greetings_all_the_same() {
    let fake = Fake::start();
    fake.plan("UID STORE", Plan::Say("TAG NO no keywords here\r\n"));
    mirror(&fake, &[(2, true)]).unwrap();
    assert_eq!(there(&fake), [(2, false)]);
}

#[test]
fn a_recording_that_cannot_be_had_any_more_is_left_out() {
    let fake = Fake::start();
    mirror(&fake, &[(2, true), (9, true)]).unwrap();
    assert_eq!(there(&fake), [(2, true)]);
}

#[test]
fn two_mailboxes_in_one_account_leave_each_others_greetings_alone() {
    let fake = Fake::start();
    mirror(&fake, &[(2, true)]).unwrap();
    let other = Profile {
        mailbox: MailboxId::parse("2002").unwrap(),
        ..owner("anna")
    };
    let greetings = imap(&fake).greetings();
    greetings.mirror(&other, &[], &mut |_| None).unwrap();
    assert_eq!(there(&fake), [(2, true)]);
}
