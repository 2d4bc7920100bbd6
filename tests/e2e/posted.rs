//! Messages that go out by mail, from the call to the mail program of whoever gets them: a real
//! mail server between, or a folder where there is none.

use crate::harness::events::TAKE_KEPT;
use crate::harness::letter::Letter;
use crate::harness::smtp::SmtpServer;
use crate::harness::sound::{self, speech};
use crate::harness::{Dial, Server, Setup, eventually, seconds};
use crate::lamp::Lamp;
use crate::steps::{CALLER, await_line, leave_message, says, type_passcode};

/// The caller as the Dutch write the number.
const SHOWN: &str = "06 12345678";

/// What the mail server answered to an address of `550`.
const REFUSAL: &str = "(550): 5.1.1 no such user";

/// What a mail with a message must be, whoever gets it.
fn assert_carries(letter: &Letter, said: &[i16], id: &str) {
    assert_eq!(letter.header("message-id"), format!("<{id}@vm.example.nl>"));
    let from = letter.header("from");
    assert!(from.contains(&format!("{CALLER}@vm.example.nl")), "{from}");
    assert_eq!(letter.header("message-context"), "voice-message");
    assert_eq!(letter.header("auto-submitted"), "auto-generated");
    assert!(!letter.header("date").is_empty());
    let heard = letter.wav();
    assert!(sound::find(&heard, said).is_some(), "{letter:?}");
    let length: f64 = letter.header("content-duration").parse().unwrap();
    assert!((length - sound::length(&heard)).abs() <= 0.5, "{length} s");
    let file = letter.file.as_ref().unwrap();
    assert_eq!(file.kind, "audio/wav");
    let name = &file.name;
    assert!(
        name.starts_with("voicemail-") && name.rsplit('.').next() == Some("wav"),
        "{name}"
    );
    assert!(letter.text.contains(name), "{}", letter.text);
}

/// The message this call left.
fn kept(server: &Server, call_id: &str) -> String {
    let events = server.events_of(call_id);
    let kept = events.iter().find(|e| e.what() == TAKE_KEPT);
    kept.expect("a message").text("message").to_owned()
}

/// Runs a command that must succeed; what it said.
fn done(server: &Server, arguments: &[&str]) -> String {
    let (code, told) = server.command(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {told}");
    told
}

#[test]
fn a_message_by_mail_reaches_every_address_and_no_telephone() {
    let post = SmtpServer::start();
    let emails = "delivery = \"email\"\nemails = [\"anna@x.nl\", \"thuis@y.nl\"]";
    let server = Server::start_with(&post.setup().subscriber("2001", emails));
    let mut lamp = Lamp::of(&server, "2001", 600);
    let dark = lamp.notify(seconds(5.0)).expect("a NOTIFY at once").body;
    assert!(dark.starts_with("Messages-Waiting: no\r\n"), "{dark}");

    let said = speech(3.0, 1);
    let id = kept(&server, &leave_message(&server, "2001", CALLER, &said));
    for to in ["anna@x.nl", "thuis@y.nl"] {
        let letters = post.await_letters(to, 1);
        let [letter] = letters.as_slice() else {
            panic!("{to} has {}", letters.len());
        };
        assert_carries(letter, &said, &id);
        assert_eq!(letter.header("to"), to);
        let subject = &letter.subject;
        assert!(
            subject.starts_with(&format!("Voicemail van {SHOWN}, 0:0")),
            "{subject}"
        );
        for words in [
            "Geachte Anna Jansen",
            "nieuw voicemailbericht",
            "Ontvangen:",
        ] {
            assert!(letter.text.contains(words), "{}", letter.text);
        }
    }

    for portal in ["1233", "*86"] {
        let mut call = Dial::new(server.address(), portal, "2001").answered();
        await_line(&server, &mut call, "enter-passcode");
        type_passcode(&mut call);
        if portal == "1233" {
            await_line(&server, &mut call, "main-voicemail");
            call.press("1");
        }
        await_line(&server, &mut call, "sent-by-email");
        for line in ["you-have", "no-messages", "inbox-unreachable"] {
            assert!(!says(&server, call.id(), line), "{line} at {portal}");
        }
        call.hang_up();
    }
    assert_eq!(server.mailbox("2001").count(), 0);
    assert!(lamp.notify(seconds(0.5)).is_none(), "a lamp changed");
    assert!(done(&server, &["spool", "list"]).contains("The spool is empty"));
}

#[test]
fn a_message_in_the_mailbox_has_a_copy_with_its_sound_and_a_notice_without() {
    let post = SmtpServer::start();
    let ways = "copies = [\"ben@x.nl\"]\nnotices = [\"sms@y.nl\"]";
    let server = Server::start_with(&post.setup().subscriber("2001", ways));
    let said = speech(3.0, 1);
    let id = kept(&server, &leave_message(&server, "2001", CALLER, &said));
    let copy = post.await_letters("ben@x.nl", 1).remove(0);
    assert_carries(&copy, &said, &id);
    assert!(copy.text.contains("een kopie"), "{}", copy.text);
    let notice = post.await_letters("sms@y.nl", 1).remove(0);
    assert!(notice.file.is_none(), "{notice:?}");
    assert_eq!(notice.id(), format!("{id}.notice"));
    assert_eq!(notice.header("message-context"), "");
    assert!(
        notice.text.contains("geluid zit niet bij") && notice.text.contains(SHOWN),
        "{}",
        notice.text
    );
    let message = server.await_messages("2001", 1).only();
    assert!(sound::find(&message.sound, &said).is_some());
    assert_eq!(
        message.header("message-id"),
        format!("<{id}@vm.example.nl>")
    );
    assert_eq!(post.letters().len(), 2);
}

#[test]
fn without_a_mail_server_the_mail_is_a_file() {
    let emails = "delivery = \"email\"\nemails = [\"anna@x.nl\"]";
    let setup = Setup::new()
        .line("mailboxes", "host = \"vm.example.nl\"")
        .subscriber("2001", emails);
    let server = Server::start_with(&setup);
    let said = speech(3.0, 1);
    let id = kept(&server, &leave_message(&server, "2001", CALLER, &said));
    let folder = server.folder().join("sent");
    let file = eventually("a file", seconds(10.0), || {
        let entries = std::fs::read_dir(&folder).ok()?;
        let mut files = entries.map(|entry| entry.unwrap().path());
        files.find(|file| file.extension().is_some_and(|e| e == "eml"))
    });
    let letter = Letter::parse(&std::fs::read(&file).unwrap());
    assert_carries(&letter, &said, &id);
    assert_eq!(letter.header("to"), "anna@x.nl");
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with(&id), "{name}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn an_address_that_refuses_keeps_the_message_from_no_other_and_an_operator_has_it_sent_again() {
    let post = SmtpServer::start();
    let setup = post
        .setup()
        .line("mail", "postmaster = \"post@vm.nl\"")
        .subscriber(
            "2001",
            // The first refuses once, then takes mail.
            "delivery = \"email\"\nemails = [\"550@x.nl\", \"anna@x.nl\"]",
        );
    let server = Server::start_with(&setup);
    let said = speech(2.0, 1);
    let id = kept(&server, &leave_message(&server, "2001", CALLER, &said));
    assert_carries(&post.await_letters("anna@x.nl", 1)[0], &said, &id);

    let report = post.await_letters("post@vm.nl", 1).remove(0);
    for words in [&id[..], "550@x.nl", REFUSAL] {
        assert!(report.text.contains(words), "{}", report.text);
    }
    let listed = done(&server, &["spool", "list"]);
    let of = |way: &str| listed.lines().find(|l| l.contains(way)).unwrap_or_default();
    let refused = of("mail:550@x.nl");
    assert!(
        refused.contains("given up") && refused.contains(REFUSAL),
        "{listed}"
    );
    assert!(of("mail:anna@x.nl").contains("done"), "{listed}");
    let told = eventually("the owner is told too", seconds(10.0), || {
        let mut letters = post.await_letters("anna@x.nl", 1);
        letters.retain(|letter| letter.file.is_none());
        letters.pop()
    });
    assert!(told.subject.contains("kon niet worden bezorgd"), "{told:?}");

    done(&server, &["spool", "retry", &id]);
    assert_carries(&post.await_letters("550@x.nl", 1)[0], &said, &id);
    await_empty_spool(&server);
    let voice = post.await_letters("anna@x.nl", 1);
    assert_eq!(voice.iter().filter(|l| l.file.is_some()).count(), 1);

    let story = done(&server, &["message", "show", &id]);
    let at = |words: &str| {
        let found = story.find(words);
        found.unwrap_or_else(|| panic!("no {words:?} in {story}"))
    };
    let steps = [
        "recorded, ",
        "safe on disk",
        "attempt 1 by mail to 550@x.nl",
        "not accepted by mail to 550@x.nl: ",
        REFUSAL,
        "could not be delivered, kept as a dead letter",
        "an operator had it tried again",
        "accepted by mail to 550@x.nl: 250 2.0.0 Ok: kept as",
    ];
    assert!(steps.map(at).is_sorted(), "{story}");
    at("accepted by mail to anna@x.nl: 250 2.0.0 Ok: kept as");
    assert!(!story.contains("Now:"), "{story}");
}

fn await_empty_spool(server: &Server) {
    eventually("the spool is empty", seconds(10.0), || {
        let (_, listed) = server.command(&["spool", "list"]);
        listed.contains("The spool is empty").then_some(())
    });
}
