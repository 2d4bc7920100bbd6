//! Delivery and mailboxes on real folders, with an outbox in memory.

mod maildir;
pub(super) mod outbox;

use super::{
    Answer, Answered, Courier, Errand, Mailboxes, Maildir, Question, Receipt, Stores, Token, Truth,
};
use crate::audio::{Law, Pcm, WireAudio, wav};
use crate::base::{DialString, Language, MailboxId, MessageId, Timestamp};
use crate::mailbox::{
    self, Command, Counts, Deposit, Ending, Envelope, Facts, LISTING_MAX, Leg, Marks, NoLedger,
    Outbox, Owner, Reply, State, Summary,
};
use crate::mime::{Caller, MailHost, read};
use crate::subscriber::{Delivery, Profile, Roster};
use outbox::Fake;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use tempfile::TempDir;

fn sound() -> Vec<u8> {
    (0..16_000_u32).map(|i| (i % 251) as u8).collect()
}

pub(super) fn id(n: u128) -> MessageId {
    MessageId(uuid::Uuid::from_u128(
        0x0192_f3a4_0000_7000_8000_0000_0000_0000 + n,
    ))
}

pub(super) fn mailbox() -> MailboxId {
    MailboxId::parse("2001").unwrap()
}

pub(super) fn profile() -> Profile {
    Profile {
        mailbox: mailbox(),
        name: "Anna".into(),
        numbers: Vec::new(),
        language: Language::parse("nl").unwrap(),
        zone: "Europe/Amsterdam".into(),
        passcode: None,
        assistant: None,
        tenant: None,
        delivery: Delivery::local(),
        limits: mailbox::Limits::default(),
    }
}

pub(super) fn roster() -> Arc<Roster> {
    let other = Profile {
        mailbox: MailboxId::parse("2002").unwrap(),
        ..profile()
    };
    Arc::new(Roster::new([profile(), other]).unwrap())
}

fn errand<'a>(
    deposit: &'a Deposit,
    sound: &'a [u8],
    owner: &'a Profile,
    marks: &'a dyn Fn() -> Option<Marks>,
) -> Errand<'a> {
    Errand {
        deposit,
        sound,
        leg: &Leg::Store,
        owner,
        marks,
    }
}

pub(super) fn deposit(n: u128) -> Deposit {
    Deposit {
        id: id(n),
        envelope: Envelope {
            owner: Owner {
                mailbox: mailbox(),
                name: "Anna".into(),
            },
            caller: Caller::Known {
                number: DialString::parse("0612345678").unwrap(),
                name: None,
            },
            call_id: "c".into(),
            started: Timestamp::from_second(1_700_000_000 + n as i64).unwrap(),
            law: Law::A,
            reason: None,
            language: Language::parse("nl").unwrap(),
            zone: "Europe/Amsterdam".into(),
        },
        facts: Facts {
            length: Duration::from_secs(2),
            voiced: Duration::from_secs(2),
            ending: Ending::Stopped,
            urgent: false,
            private: false,
        },
        marks: Marks::default(),
    }
}

pub(super) struct Place {
    _folder: TempDir,
    pub(super) maildir: Maildir,
}

impl Place {
    pub(super) fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let host = MailHost::parse("vm.example.nl").unwrap();
        let maildir = Maildir::new(folder.path().join("mailboxes"), host);
        Place {
            _folder: folder,
            maildir,
        }
    }

    pub(super) fn deliver(&self, deposit: &Deposit) -> Receipt {
        let marks = || Some(deposit.marks);
        self.maildir
            .deliver(&errand(deposit, &sound(), &profile(), &marks))
            .unwrap()
    }

    /// The file names in one of the three folders.
    pub(super) fn files(&self, part: &str) -> Vec<String> {
        let folder = self.maildir.folder(&mailbox()).join(part);
        let files = fs::read_dir(folder).unwrap();
        files
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn path(&self, part: &str) -> PathBuf {
        self.maildir
            .folder(&mailbox())
            .join(part)
            .join(&self.files(part)[0])
    }

    pub(super) fn truth(&self, outbox: Arc<Fake>) -> Truth {
        let stores = Stores::new(Arc::new(self.maildir.clone()));
        Truth::new(stores, outbox, Arc::new(NoLedger))
    }
}

fn listed(truth: &Truth) -> Vec<Summary> {
    match truth.command(&profile(), Command::List) {
        Reply::Listed(listing) if !listing.partial => listing.messages,
        other => panic!("{other:?}"),
    }
}

fn ids(summaries: &[Summary]) -> Vec<MessageId> {
    summaries.iter().map(|s| s.id).collect()
}

#[test]
fn a_message_is_delivered_once_however_often_it_is_tried() {
    let place = Place::new();
    assert!(matches!(place.deliver(&deposit(1)), Receipt::Delivered(_)));
    assert!(matches!(place.deliver(&deposit(1)), Receipt::Again(_)));
    let truth = place.truth(Fake::with([]));
    let heard = Command::MarkHeard(id(1));
    assert_eq!(truth.command(&profile(), heard.clone()), Reply::Done(heard));
    assert!(matches!(place.deliver(&deposit(1)), Receipt::Again(_)));
    assert_eq!((place.files("new").len(), place.files("cur").len()), (0, 1));
    assert!(place.files("tmp").is_empty());
}

#[test]
fn a_maildir_whose_empty_folders_were_lost_takes_messages_again() {
    for part in ["tmp", "new"] {
        let place = Place::new();
        assert!(matches!(place.deliver(&deposit(1)), Receipt::Delivered(_)));
        fs::remove_dir_all(place.maildir.folder(&mailbox()).join(part)).unwrap();
        assert!(matches!(place.deliver(&deposit(2)), Receipt::Delivered(_)));
    }
}

#[test]
fn half_a_message_left_by_a_crash_is_no_message() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let name = place.files("new").remove(0);
    let folder = place.maildir.folder(&mailbox());
    fs::rename(
        folder.join("new").join(&name),
        folder.join("tmp").join(&name),
    )
    .unwrap();
    fs::write(folder.join("tmp").join(&name), "half").unwrap();
    assert_eq!(listed(&place.truth(Fake::with([]))), []);
    assert!(matches!(place.deliver(&deposit(1)), Receipt::Delivered(_)));
    assert!(read(&fs::read(place.path("new")).unwrap()).is_ok());
}

#[test]
fn what_the_owner_did_before_delivery_is_delivered_too() {
    let place = Place::new();
    let mut urgent = deposit(1);
    urgent.facts.urgent = true;
    urgent.marks.heard = true;
    place.deliver(&urgent);
    assert!(
        place.files("cur")[0].ends_with(":2,FS"),
        "{:?}",
        place.files("cur")
    );
    let withdrawn = place
        .maildir
        .deliver(&errand(&deposit(2), &sound(), &profile(), &|| None));
    assert_eq!(withdrawn, Ok(Receipt::Withdrawn));
}

#[test]
fn urgent_new_ones_come_first_then_new_then_saved_each_oldest_first() {
    let place = Place::new();
    let saved = |n| Deposit {
        marks: Marks {
            heard: true,
            deleted: false,
        },
        ..deposit(n)
    };
    let mut urgent = deposit(6);
    urgent.facts.urgent = true;
    let mut urgent_saved = saved(7);
    urgent_saved.facts.urgent = true;
    for one in [&saved(2), &deposit(5), &urgent_saved, &deposit(3)] {
        place.deliver(one);
    }
    let truth = place.truth(Fake::with([urgent, saved(1), deposit(4)]));
    let summaries = listed(&truth);
    assert_eq!(ids(&summaries), [6, 3, 4, 5, 1, 2, 7].map(id));
    assert_eq!(summaries[1].caller, DialString::parse("0612345678").ok());
    assert_eq!(summaries[1].received, deposit(3).envelope.started);
    assert_eq!(summaries[1].length, Duration::from_secs(2));
    assert_eq!(
        (summaries[3].state, summaries[4].state),
        (State::New, State::Saved)
    );
    let counts = Counts {
        new: 4,
        saved: 3,
        urgent_new: 1,
        urgent_saved: 1,
    };
    assert_eq!(
        truth.tally(&profile()).map(|tally| tally.counts),
        Ok(counts)
    );
}

#[test]
fn a_message_in_both_places_is_listed_once() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let outbox = Fake::with([deposit(1)]);
    let truth = place.truth(Arc::clone(&outbox));
    assert_eq!(ids(&listed(&truth)), [id(1)]);
    let delete = Command::Delete(id(1));
    assert_eq!(
        truth.command(&profile(), delete.clone()),
        Reply::Done(delete)
    );
    assert_eq!(listed(&truth), []);
    assert_eq!(
        truth.command(&profile(), Command::Expunge),
        Reply::Done(Command::Expunge)
    );
    let waiting = outbox.waiting_for(&mailbox());
    assert_eq!(waiting, [], "it must not be delivered again");
}

#[test]
fn deleting_can_be_undone_until_it_is_final_here_and_in_the_outbox() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let outbox = Fake::with([deposit(2)]);
    let truth = place.truth(Arc::clone(&outbox));
    for n in [1, 2] {
        for command in [Command::Delete(id(n)), Command::Undelete(id(n))] {
            assert_eq!(
                truth.command(&profile(), command.clone()),
                Reply::Done(command)
            );
        }
    }
    assert_eq!(listed(&truth).len(), 2);
    for command in [1, 2].map(|n| Command::Delete(id(n))) {
        assert_eq!(
            truth.command(&profile(), command.clone()),
            Reply::Done(command)
        );
    }
    assert_eq!(listed(&truth), []);
    assert!(place.files("cur")[0].ends_with(":2,T"));
    assert_eq!(
        truth.command(&profile(), Command::Expunge),
        Reply::Done(Command::Expunge)
    );
    assert!(place.files("cur").is_empty() && outbox.waiting_for(&mailbox()).is_empty());
    let command = Command::Undelete(id(1));
    let gone = Reply::Failed(command.clone(), mailbox::Fault::Gone);
    assert_eq!(truth.command(&profile(), command.clone()), gone);
}

#[test]
fn hearing_a_message_that_still_waits_is_kept() {
    let outbox = Fake::with([deposit(1)]);
    let truth = Place::new().truth(Arc::clone(&outbox));
    let heard = Command::MarkHeard(id(1));
    assert_eq!(
        truth.command(&profile(), heard.clone()),
        Reply::Done(heard.clone())
    );
    assert_eq!(listed(&truth)[0].state, State::Saved);
    assert!(outbox.deposit(id(1)).unwrap().marks.heard);
    let other = Profile {
        mailbox: MailboxId::parse("2002").unwrap(),
        ..profile()
    };
    let gone = Reply::Failed(heard.clone(), mailbox::Fault::Gone);
    assert_eq!(
        truth.command(&other, heard.clone()),
        gone,
        "not in another's mailbox"
    );
}

#[test]
fn the_audio_is_what_was_recorded() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let truth = place.truth(Fake::with([deposit(2)]));
    let recorded = WireAudio::from_octets(Law::A, &sound());
    for n in [1, 2] {
        let audio = truth.audio(&profile(), id(n)).unwrap();
        assert_eq!(audio.octets(Law::A), recorded.octets(Law::A));
    }
    assert_eq!(truth.audio(&profile(), id(3)), Err(mailbox::Fault::Gone));
    let mail = place.maildir.export(&mailbox(), id(1)).unwrap();
    assert_eq!(read(&mail).unwrap().head.id, Some(id(1)));
    let gone = place.maildir.export(&mailbox(), id(2));
    assert_eq!(gone, Err(mailbox::Fault::Gone));
}

#[test]
fn sound_that_another_program_saved_at_another_rate_is_heard() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let path = place.path("new");
    let head = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    let (head, _) = head.split_once("UklGR").unwrap();
    let tone = Pcm {
        rate: 16_000,
        samples: vec![1_000; 16_000],
    };
    let files = [
        (wav::write_pcm16(&tone), 8_000),
        (wav::write_g711(Law::Mu, 8_000, &[0x55; 800]), 800),
    ];
    for (file, samples) in files {
        let octets: Vec<_> = file.iter().map(|octet| format!("={octet:02X}")).collect();
        let body = octets.join("=\r\n");
        let head = head.replace("base64", "quoted-printable");
        let end = format!("\r\n--=_{}--\r\n", id(1).0.simple());
        fs::write(&path, format!("{head}{body}{end}")).unwrap();
        let audio = place
            .truth(Fake::with([]))
            .audio(&profile(), id(1))
            .unwrap();
        assert!(audio.len().abs_diff(samples) < 200, "{}", audio.len());
    }
}

#[test]
fn a_damaged_message_is_listed_and_can_be_removed() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let path = place.path("new");
    let whole = fs::read(&path).unwrap();
    for broken in [&whole[..whole.len() / 2], &whole[..100], b"rubbish"] {
        fs::write(&path, broken).unwrap();
        let truth = place.truth(Fake::with([]));
        assert_eq!(ids(&listed(&truth)), [id(1)]);
        assert_eq!(truth.audio(&profile(), id(1)), Err(mailbox::Fault::Damaged));
    }
    let truth = place.truth(Fake::with([]));
    for command in [Command::Delete(id(1)), Command::Expunge] {
        assert_eq!(
            truth.command(&profile(), command.clone()),
            Reply::Done(command)
        );
    }
    assert!(place.files("cur").is_empty());
}

#[test]
fn other_mail_is_never_listed_counted_marked_or_removed() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let folder = place.maildir.folder(&mailbox());
    let ordinary = include_str!("../../../media-fixtures/mail/ordinary.eml");
    fs::write(folder.join("new/1.M1P1.host"), ordinary).unwrap();
    fs::write(folder.join("cur/2.M1P1.host:2,T"), ordinary).unwrap();
    fs::write(folder.join("cur/.hidden"), ordinary).unwrap();
    let truth = place.truth(Fake::with([]));
    assert_eq!(ids(&listed(&truth)), [id(1)]);
    assert_eq!(
        truth.tally(&profile()).map(|tally| tally.counts),
        Ok(Counts {
            new: 1,
            saved: 0,
            ..Counts::default()
        })
    );
    assert_eq!(
        truth.command(&profile(), Command::Expunge),
        Reply::Done(Command::Expunge)
    );
    assert_eq!((place.files("new").len(), place.files("cur").len()), (2, 2));
}

#[test]
fn voice_messages_of_another_program_are_part_of_the_mailbox() {
    let place = Place::new();
    place.deliver(&deposit(1));
    let folder = place.maildir.folder(&mailbox());
    let resaved = include_str!("../../../media-fixtures/mail/resaved.eml");
    fs::write(folder.join("cur/3.M1P1.host:2,FSa"), resaved).unwrap();
    let foreign = include_str!("../../../media-fixtures/mail/foreign.eml");
    fs::write(folder.join("new/4.M1P1.host"), foreign).unwrap();
    let truth = place.truth(Fake::with([]));
    let summaries = listed(&truth);
    assert_eq!(summaries.len(), 3);
    let foreign = summaries.iter().find(|s| s.length.is_zero()).unwrap();
    assert_eq!(
        truth.audio(&profile(), foreign.id),
        Err(mailbox::Fault::Damaged),
        "GSM"
    );
    let resaved = summaries.iter().find(|s| s.urgent).unwrap();
    assert_eq!(resaved.state, State::Saved);
    assert_eq!(truth.audio(&profile(), resaved.id).unwrap().len(), 3);
    let delete = Command::Delete(resaved.id);
    assert_eq!(
        truth.command(&profile(), delete.clone()),
        Reply::Done(delete)
    );
    assert!(
        folder.join("cur/3.M1P1.host:2,FSTa").exists(),
        "unknown flags stay"
    );
}

#[test]
fn an_empty_mailbox_is_empty_and_an_unreadable_one_is_not() {
    let place = Place::new();
    let truth = place.truth(Fake::with([]));
    assert_eq!(listed(&truth), []);
    assert_eq!(
        truth.tally(&profile()).map(|tally| tally.counts),
        Ok(Counts::default())
    );
    let folder = place.maildir.folder(&mailbox());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("new"), "no folder").unwrap();
    assert!(truth.list(&profile()).partial);
    assert_eq!(
        truth.tally(&profile()).map(|tally| tally.counts),
        Err(mailbox::Fault::Unavailable)
    );
}

#[test]
fn a_listing_is_bounded() {
    let many = (0..LISTING_MAX as u128 + 5).map(deposit);
    let truth = Place::new().truth(Fake::with(many));
    let summaries = listed(&truth);
    assert_eq!((summaries.len(), summaries[0].id), (LISTING_MAX, id(0)));
}

#[test]
fn every_question_is_answered_in_order_also_when_the_server_ends() {
    let place = Place::new();
    let (sender, answers) = channel();
    let outbox = Fake::with([deposit(1)]);
    let told = move |answered| drop(sender.send(answered));
    let truth = Arc::new(place.truth(outbox));
    let mailboxes = Mailboxes::start(truth, roster(), &[], |_| (), told).unwrap();
    let questions = [
        Question::Tally,
        Question::Audio(id(1)),
        Question::Command(Command::MarkHeard(id(1))),
        Question::Command(Command::List),
    ];
    for (n, question) in questions.into_iter().enumerate() {
        mailboxes.ask(Token(n as u64), mailbox(), question).unwrap();
    }
    drop(mailboxes);
    let answers: Vec<Answered> = answers.iter().collect();
    let tokens: Vec<_> = answers.iter().map(|a| a.token.0).collect();
    assert_eq!(tokens, [0, 1, 2, 3]);
    let Answer::Tally(Ok(tally)) = answers[0].answer else {
        panic!("{:?}", answers[0])
    };
    assert_eq!((tally.counts.new, tally.usage.messages), (1, 1));
    assert!(matches!(&answers[1].answer, Answer::Audio(_, Ok(_))));
    assert!(matches!(&answers[3].answer, Answer::Reply(Reply::Listed(l)) if l.messages.len() == 1));
}
