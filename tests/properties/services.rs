//! What subscribers have set, in the real database on a real disk.
//!
//! Laws: whatever changes two processes make, and in whatever order, the database says what
//! applying them one after the other comes to, and still says it after it was opened anew; a
//! process that is killed in mid-change leaves it as it was before that change or as it is after
//! it, and every change that was answered is in it.

use belpost::base::{Date, DialString, Language, MailboxId, MessageId, RecordingId, Timestamp};
use belpost::directory::Store;
use belpost::subscriber::{
    AwayChange, Change, Condition, Feature, ForwardChange, LastCaller, PasscodeHash, RecordingKind,
    ServiceBook, Services,
};
use proptest::prelude::*;
use proptest::sample::select;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Names the database to the process that is killed.
const FILE: &str = "BELPOST_TEST_DATABASE";
/// How often it is killed.
const KILLS: u64 = 12;

fn mailbox(number: usize) -> MailboxId {
    MailboxId::parse(&number.to_string()).unwrap()
}

fn recording(number: u128) -> RecordingId {
    RecordingId(Uuid::from_u128(number))
}

/// A hash in the right form; nothing is looked into here, and making one takes long.
fn hash(figure: char) -> PasscodeHash {
    let salt = String::from(figure).repeat(22);
    let text = format!(
        "$argon2id$v=19$m=19456,t=2,p=1${salt}$Ci9bRmkS8mOAzRl8ZbGSMLMEJvUUNH43k0tNRTiZ5oI"
    );
    PasscodeHash::parse(&text).unwrap()
}

fn any_hash() -> impl Strategy<Value = PasscodeHash> {
    select(vec!['A', 'Q', 'g', 'w']).prop_map(hash)
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

fn any_away() -> impl Strategy<Value = AwayChange> {
    let day = (2000_i16..2100, 1_i8..13, 1_i8..29).prop_map(|(y, m, d)| Date::constant(y, m, d));
    let day = proptest::option::of(proptest::option::of(day));
    let parts = (any::<Option<bool>>(), any::<Option<bool>>(), day);
    parts.prop_map(|(on, refuses_messages, last_day)| AwayChange {
        on,
        refuses_messages,
        last_day,
    })
}

fn any_forward() -> impl Strategy<Value = ForwardChange> {
    let number = "\\+?[0-9*#]{1,20}".prop_map(|text| DialString::parse(&text).unwrap());
    (any::<Option<bool>>(), proptest::option::of(number))
        .prop_map(|(on, to)| ForwardChange { on, to })
}

fn any_caller() -> impl Strategy<Value = LastCaller> {
    let number = "\\+?[0-9*#]{1,20}".prop_map(|text| DialString::parse(&text).unwrap());
    let number = proptest::option::of(number);
    (number, any_moment()).prop_map(|(number, at)| LastCaller { number, at })
}

/// Any change; a recording is named by [`RECORD`] where there is to be one.
fn any_change() -> impl Strategy<Value = Change> {
    let language = "[a-z]{2,8}(-[a-z0-9]{2,8})?".prop_map(|tag| Language::parse(&tag).unwrap());
    let message = (0_u128..5).prop_map(|n| MessageId(Uuid::from_u128(n)));
    let position = proptest::option::of((0_u64..u64::MAX).prop_map(Duration::from_nanos));
    let kind = || select(RecordingKind::ALL.to_vec());
    prop_oneof![
        (any_hash(), any_moment()).prop_map(|(hash, at)| Change::Passcode(hash, at)),
        (any_hash(), any_moment()).prop_map(|(hash, at)| Change::PasscodeReset(hash, at)),
        language.prop_map(Change::Language),
        (kind(), any::<bool>())
            .prop_map(|(kind, own)| { Change::Recording(kind, own.then_some(RECORD)) }),
        any_away().prop_map(Change::Away),
        (select(Condition::ALL.to_vec()), any_forward())
            .prop_map(|(condition, forward)| Change::Forward(condition, forward)),
        any::<u8>().prop_map(Change::Rings),
        (select(Feature::ALL.to_vec()), any::<bool>())
            .prop_map(|(feature, on)| Change::Feature(feature, on)),
        (message, position).prop_map(|(message, at)| Change::Position(message, at)),
        Just(Change::LoggedIn),
        proptest::option::of(any_caller()).prop_map(Change::LastCaller),
    ]
}

/// Stands for a recording that is new each time.
const RECORD: RecordingId = RecordingId(Uuid::nil());

/// Makes a change by one of the handles and in the model.
fn change(
    store: &mut Store,
    model: &mut ServiceBook,
    (owner, wanted): (&MailboxId, &Change),
    number: u128,
) {
    let (wanted, sound) = match wanted {
        Change::Recording(kind, Some(_)) => {
            let id = recording(number);
            (
                Change::Recording(*kind, Some(id)),
                Some((id, number.to_be_bytes())),
            )
        }
        other => (other.clone(), None),
    };
    let sound = sound.as_ref().map(|(id, octets)| (*id, octets.as_slice()));
    let told = store.change(owner, &wanted, sound).unwrap();
    let mut expected = (**model.of(owner)).clone();
    expected.apply(&wanted);
    assert_eq!(*told, expected);
    model.set(owner.clone(), told);
}

/// The database says what the model says, and has the recordings in use and no other.
fn agrees(store: &mut Store, model: &ServiceBook, recordings: u128) {
    let news = store.news().unwrap();
    let mut said = ServiceBook::default();
    for (mailbox, services) in news.services {
        said.set(mailbox, services);
    }
    assert_eq!(&said, model);
    let used: Vec<RecordingId> = model.all().flat_map(|(_, s)| s.recordings()).collect();
    for number in 1..=recordings {
        let sound = store.recording(recording(number)).unwrap();
        let expected = used.contains(&recording(number));
        assert_eq!(sound, expected.then(|| number.to_be_bytes().to_vec()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn changes_of_two_processes_end_in_what_applying_them_comes_to(
        changes in proptest::collection::vec((0..2_usize, 1..3_usize, any_change()), 1..40)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("directory.db");
        let mut stores = [Store::open(&file, 1).unwrap(), Store::open(&file, 2).unwrap()];
        let mut model = ServiceBook::default();
        let count = changes.len() as u128;
        for (number, (which, owner, wanted)) in (1..).zip(&changes) {
            let owner = mailbox(*owner);
            change(&mut stores[*which], &mut model, (&owner, wanted), number);
            // What the other one knows of it is no more and no less.
            let other = &mut stores[1 - which];
            prop_assert_eq!(&other.services(&owner).unwrap(), &**model.of(&owner));
        }
        stores.iter_mut().for_each(|store| agrees(store, &model, count));
        drop(stores);
        agrees(&mut Store::open(&file, 3).unwrap(), &model, count);
    }
}

/// The process that is killed: records one name after the other and says which one is stored.
#[test]
#[ignore = "a process of a test that kills it"]
fn victim() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let mut store = Store::open(Path::new(&file), 1).unwrap();
    let services = store.services(&mailbox(2001)).unwrap();
    let sound = vec![7; 50_000];
    for number in u128::from(services.log_ins) + 1.. {
        let id = recording(number);
        let name = Change::Recording(RecordingKind::Name, Some(id));
        store
            .change(&mailbox(2001), &Change::LoggedIn, None)
            .unwrap();
        store
            .change(&mailbox(2001), &name, Some((id, &sound)))
            .unwrap();
        println!("stored {number}");
    }
}

/// Runs the process above for a while and kills it; the number of the last change it answered.
fn killed_after(file: &Path, time: Duration) -> Option<u128> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["services::victim", "--exact", "--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(victim.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let lines = out.lines().map_while(Result::ok);
        let numbers = lines.filter_map(|line| line.rsplit_once("stored ")?.1.parse().ok());
        numbers.last()
    });
    std::thread::sleep(time);
    victim.kill().unwrap();
    victim.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn a_process_killed_in_mid_change_leaves_the_old_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("directory.db");
    let (mut answered, mut changed) = (0, 0);
    for kill in 0..KILLS {
        let time = Duration::from_millis(60 + 17 * kill);
        answered = killed_after(&file, time).unwrap_or(answered);
        let mut store = Store::open(&file, 2).unwrap();
        let services: Arc<Services> = Arc::new(store.services(&mailbox(2001)).unwrap());
        let name = services.name.map_or(0, |id| id.0.as_u128());
        let log_ins = u128::from(services.log_ins);
        assert!(
            name >= answered,
            "{answered} was answered, {name} is stored"
        );
        assert!([name, name + 1].contains(&log_ins), "{name} and {log_ins}");
        for number in name.saturating_sub(1)..name + 2 {
            let sound = store.recording(recording(number)).unwrap();
            let expected = (number == name && name > 0).then(|| vec![7; 50_000]);
            assert_eq!(sound, expected, "{number} of {name}");
        }
        changed = name;
    }
    assert!(changed > 0, "nothing was changed before the kills");
}
