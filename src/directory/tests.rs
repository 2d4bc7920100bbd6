//! The directory, and its database on a real disk.

use super::*;
use crate::base::{DialString, MailboxId, RecordingId, Timestamp};
use crate::subscriber::{Change, Guarded, Language, Lock, PasscodeHash, RecordingKind, Services};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

fn profile(mailbox: &str, number: &str) -> Profile {
    Profile {
        mailbox: MailboxId::parse(mailbox).unwrap(),
        name: mailbox.to_owned(),
        numbers: vec![DialString::parse(number).unwrap()],
        language: Language::parse("nl").unwrap(),
        zone: "UTC".into(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: crate::subscriber::Delivery::local(),
        limits: crate::mailbox::Limits::default(),
    }
}

#[test]
fn a_subscriber_is_found_by_any_number_and_shares_none() {
    let two = vec![profile("2001", "+31201"), profile("2002", "+31202")];
    let directory = Directory::of(two).unwrap();
    let roster = directory.roster();
    assert_eq!(roster.by_number("+31202"), roster.by_number("2002"));
    assert!(roster.by_number("2003").is_none());
    assert!(Directory::of(vec![profile("1", "9"), profile("2", "9")]).is_err());
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state/directory.db");
    (folder, file)
}

fn mailbox(number: &str) -> MailboxId {
    MailboxId::parse(number).unwrap()
}

fn id(number: u128) -> RecordingId {
    RecordingId(Uuid::from_u128(number))
}

/// Says something to the database that no version of this program says.
fn meddle(file: &Path, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut database = sql::connect(file).await.unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut database)
            .await
            .unwrap();
        sqlx::Connection::close(database).await.unwrap();
    });
}

#[test]
fn a_new_database_is_its_owners_alone_and_says_nothing() {
    let (_folder, file) = place();
    let mut store = Store::open(&file, 1).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    assert_eq!(store.news().unwrap(), News::default());
    assert_eq!(store.services(&mailbox("1")).unwrap(), Services::default());
    assert_eq!(store.recording(id(1)).unwrap(), None);
}

#[test]
fn a_change_survives_and_is_seen_by_others_once() {
    let (_folder, file) = place();
    let (mut one, mut other) = (
        Store::open(&file, 1).unwrap(),
        Store::open(&file, 2).unwrap(),
    );
    other.news().unwrap();
    let after = one
        .change(&mailbox("2001"), &Change::Rings(7), None)
        .unwrap();
    assert_eq!(after.forwarding.rings, 7);
    let expected = vec![(mailbox("2001"), Arc::clone(&after))];
    assert_eq!(other.news().unwrap().services, expected);
    assert_eq!(other.news().unwrap(), News::default());
    drop((one, other));
    let mut again = Store::open(&file, 3).unwrap();
    assert_eq!(again.news().unwrap().services, expected);
}

#[test]
fn a_recording_goes_with_the_change_that_needs_it_no_more() {
    let (_folder, file) = place();
    let mut store = Store::open(&file, 1).unwrap();
    let greeting = |id| Change::Recording(RecordingKind::Busy, id);
    let owner = mailbox("2001");
    let sound: &[u8] = &[0xD5; 8_000];
    store
        .change(&owner, &greeting(Some(id(1))), Some((id(1), sound)))
        .unwrap();
    assert_eq!(store.recording(id(1)).unwrap().as_deref(), Some(sound));
    store
        .change(&owner, &greeting(Some(id(2))), Some((id(2), &[1, 2])))
        .unwrap();
    assert_eq!(store.recording(id(1)).unwrap(), None);
    store.change(&owner, &Change::Rings(3), None).unwrap();
    assert_eq!(store.recording(id(2)).unwrap(), Some(vec![1, 2]));
    store.change(&owner, &greeting(None), None).unwrap();
    assert_eq!(store.recording(id(2)).unwrap(), None);
}

#[test]
fn a_recording_that_cannot_be_kept_changes_nothing() {
    let (_folder, file) = place();
    let mut store = Store::open(&file, 1).unwrap();
    let name = |id| Change::Recording(RecordingKind::Name, Some(id));
    let owner = mailbox("2001");
    store
        .change(&owner, &name(id(1)), Some((id(1), &[1])))
        .unwrap();
    let again = store.change(&mailbox("2002"), &name(id(1)), Some((id(1), &[2])));
    assert!(matches!(again, Err(StoreFault::Refused { .. })));
    assert_eq!(
        store.services(&mailbox("2002")).unwrap(),
        Services::default()
    );
    assert_eq!(store.recording(id(1)).unwrap(), Some(vec![1]));
    store.change(&owner, &Change::LoggedIn, None).unwrap();
}

#[test]
fn locks_are_told_to_others_and_after_a_restart() {
    let (_folder, file) = place();
    let (mut one, mut other) = (
        Store::open(&file, 1).unwrap(),
        Store::open(&file, 2).unwrap(),
    );
    let moment = |s: i64| Timestamp::from_second(1_800_000_000 + s).unwrap();
    let door = Guarded::Mailbox(mailbox("2001"));
    let lock = Lock {
        wrong: 0,
        series: 2,
        until: moment(120),
        last: moment(0),
    };
    one.put_lock(&door, &lock).unwrap();
    assert_eq!(one.news().unwrap().locks, []);
    assert_eq!(other.news().unwrap().locks, [(door.clone(), lock)]);
    assert_eq!(other.lock(&door).unwrap(), Some(lock));
    drop((one, other));
    let mut again = Store::open(&file, 3).unwrap();
    assert_eq!(again.news().unwrap().locks, [(door.clone(), lock)]);
    let later = Lock {
        last: moment(3 * 24 * 60 * 60),
        ..lock
    };
    let elsewhere = Guarded::Peer([192, 0, 2, 1].into());
    again.put_lock(&elsewhere, &later).unwrap();
    assert_eq!(again.lock(&door).unwrap(), None);
}

#[test]
fn a_newer_database_is_refused_and_left_as_it_is() {
    let (_folder, file) = place();
    let mut store = Store::open(&file, 1).unwrap();
    store
        .change(&mailbox("2001"), &Change::Rings(7), None)
        .unwrap();
    drop(store);
    meddle(&file, "INSERT INTO schema_steps (taken) VALUES (999)");
    let fault = Store::open(&file, 1).err().unwrap();
    assert!(matches!(fault, StoreFault::Newer { found: 999, .. }));
    assert!(fault.to_string().contains("newer version"), "{fault}");
    meddle(&file, "DELETE FROM schema_steps WHERE taken = 999");
    let mut store = Store::open(&file, 1).unwrap();
    assert_eq!(store.news().unwrap().services.len(), 1);
}

#[test]
fn a_damaged_database_is_told_from_an_empty_one() {
    let (_folder, file) = place();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "no database ".repeat(1_000)).unwrap();
    let fault = Store::open(&file, 1).err().unwrap();
    assert!(matches!(fault, StoreFault::Damaged { .. }), "{fault:?}");
    assert!(fault.to_string().contains("backup"), "{fault}");
}

#[test]
fn what_one_subscriber_set_is_never_taken_for_nothing() {
    let (_folder, file) = place();
    let mut store = Store::open(&file, 1).unwrap();
    store
        .change(&mailbox("2001"), &Change::Rings(7), None)
        .unwrap();
    meddle(
        &file,
        "UPDATE services SET document = '{\"fax\":true}', revision = 9",
    );
    meddle(&file, "UPDATE revision SET number = 9");
    assert!(matches!(store.news(), Err(StoreFault::Document { .. })));
    let changed = store.change(&mailbox("2001"), &Change::Rings(8), None);
    assert!(matches!(changed, Err(StoreFault::Document { .. })));
}

#[test]
fn a_fault_never_shows_a_passcode() {
    let (_folder, file) = place();
    let mut store = Store::open(&file, 1).unwrap();
    let hash = PasscodeHash::make("80417", &[7; 16]).unwrap();
    let change = Change::Passcode(hash.clone(), Timestamp::UNIX_EPOCH);
    store.change(&mailbox("2001"), &change, None).unwrap();
    meddle(&file, "DROP TABLE recordings");
    let name = Change::Recording(RecordingKind::Name, Some(id(1)));
    let fault = store.change(&mailbox("2001"), &name, Some((id(1), &[1])));
    let told = format!("{0} {0:?}", fault.unwrap_err());
    assert!(!told.contains(hash.as_phc()), "{told}");
}
