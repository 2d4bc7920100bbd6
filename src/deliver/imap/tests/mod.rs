//! Delivery into accounts of a server that fails in every way that is planned for it.
//!
//! Long because each thing that is asked of a server is tried against each way it can fail.

mod fake;
mod greetings;
mod scene;

use super::pool::FIRST_WORD;
use super::{Imap, Watcher};
use crate::deliver::Watch as _;
use crate::deliver::{
    Auth, Blame, Change, Courier, Errand, Fault, ImapServer, Receipt, Retry, Store, Tls,
};
use crate::mailbox::{self, Leg, Marks};
use fake::{CONTINUED, Fake, Plan};
use scene::{account, at, deposit, id, imap, owner, server};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// The time-out of servers that are meant to run into it.
const SHORT: Duration = Duration::from_millis(200);
/// What such a call may take, slow machine and all.
const SOON: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(30);
const ORDINARY: &[u8] = b"Subject: lunch\r\nMessage-ID: <1@x>\r\n\r\nToday?\r\n";
const UNTOUCHED: Marks = Marks {
    heard: false,
    deleted: false,
};

fn deliver_by(courier: &dyn Courier, n: u128) -> Result<Receipt, Fault> {
    let owner = owner("anna");
    courier.deliver(&Errand {
        deposit: &deposit(n),
        sound: &[0x55; 800],
        leg: &Leg::Store,
        owner: &owner,
        marks: &|| Some(UNTOUCHED),
    })
}

fn deliver(imap: &Arc<Imap>, n: u128) -> Result<Receipt, Fault> {
    deliver_by(&imap.courier(), n)
}

fn put(uid: u32) -> Receipt {
    Receipt::Delivered(format!("INBOX uid {uid}"))
}

fn again(uid: u32) -> Receipt {
    Receipt::Again(format!("INBOX uid {uid}"))
}

/// What a delivery says that goes wrong so; it must not take long.
fn fault_of(fake: &Fake, verb: &'static str, plan: Plan, timeout: Duration) -> Fault {
    fake.plan(verb, plan);
    let start = Instant::now();
    let fault = deliver(&at(server(fake, timeout)), 1).unwrap_err();
    assert!(
        start.elapsed() < SOON,
        "{verb} {plan:?}: {:?}",
        start.elapsed()
    );
    fault
}

#[test]
fn a_lost_answer_makes_no_double() {
    let fake = Fake::start();
    let imap = imap(&fake);
    fake.plan("APPEND", Plan::LoseAnswer);
    assert_eq!(deliver(&imap, 1).unwrap_err().retry, Retry::WhenBack);
    assert_eq!(fake.state().mails.len(), 1);
    assert_eq!(deliver(&imap, 1), Ok(again(1)));
    assert_eq!(fake.state().mails.len(), 1);
}

#[test]
fn a_message_cut_off_on_its_way_is_put_in_anew() {
    let fake = Fake::start();
    let imap = imap(&fake);
    fake.plan("APPEND", Plan::SayAndCut(""));
    assert_eq!(deliver(&imap, 1).unwrap_err().retry, Retry::WhenBack);
    assert_eq!(deliver(&imap, 1), Ok(put(1)));
    assert_eq!(deliver(&imap, 1), Ok(again(1)));
}

#[test]
fn a_server_that_stores_what_nobody_waits_for_any_more_makes_no_double() {
    let fake = Fake::start();
    let imap = at(server(&fake, Duration::from_secs(1)));
    let courier = imap.courier();
    fake.plan("APPEND", Plan::StoreLate);
    assert_eq!(deliver_by(&courier, 1).unwrap_err().retry, Retry::WhenBack);
    assert!(deliver_by(&courier, 1).is_ok());
    let uids: Vec<u32> = fake.state().mails.iter().map(|mail| mail.uid).collect();
    assert_eq!(uids, [1]);
    assert!(fake.state().mails[0].flags.is_empty());
    assert_eq!(deliver_by(&courier, 1), Ok(again(1)));
}

fn is_left_in_time(verb: &'static str, plan: Plan) {
    let fake = Fake::start();
    let fault = fault_of(&fake, verb, plan, SHORT);
    let what = (fault.blame, fault.retry);
    assert_eq!(what, (Blame::Peer, Retry::WhenBack), "{verb}");
    fake.await_state(&format!("left after {verb} {plan:?}"), |s| s.open == 0);
}

#[test]
fn a_server_that_stalls_or_trickles_is_left_in_time() {
    for verb in [
        "GREETING",
        "LOGIN",
        "CAPABILITY",
        "SELECT",
        "UID SEARCH",
        "APPEND",
    ] {
        std::thread::scope(|scope| {
            for plan in [Plan::Stall, Plan::Trickle] {
                scope.spawn(move || is_left_in_time(verb, plan));
            }
        });
    }
}

#[test]
fn a_server_that_lies_or_babbles_is_left_at_once() {
    let huge = "* 1 FETCH (UID 1 BODY[] {99999999999}\r\nabc";
    for (verb, plan) in [
        ("UID SEARCH", Plan::Flood),
        ("UID SEARCH", Plan::Say(huge)),
        ("UID SEARCH", Plan::Say("TAG WHAT\r\n")),
        ("UID SEARCH", Plan::Say("a999 OK other\r\n")),
        (
            "UID SEARCH",
            Plan::Say("* SEARCH 1 2 99999999999\r\nTAG OK done\r\n"),
        ),
        (
            "SELECT",
            Plan::Say("* 1 EXISTS\r\nTAG OK no UIDVALIDITY\r\n"),
        ),
        ("SELECT", Plan::Say("TAG OK [READ-ONLY]\u{e9}\r\n")),
        ("GREETING", Plan::Say("SSH-2.0-OpenSSH\r\n")),
        ("GREETING", Plan::Say("* PREAUTH hello\r\n")),
        ("GREETING", Plan::Flood),
        ("GREETING", Plan::SayAndCut("* BYE too busy\r\n")),
        ("GREETING", Plan::SayAndCut("")),
        ("LOGIN", Plan::SayAndCut("* BYE too busy\r\n")),
        ("LOGIN", Plan::Say("TAG NO [UNAVAILABLE] later\r\n")),
        ("SELECT", Plan::SayAndCut("* BYE going down\r\n")),
        ("APPEND", Plan::Say("\u{1}\u{2}{{\r\n")),
    ] {
        let fake = Fake::start();
        let fault = fault_of(&fake, verb, plan, LONG);
        assert_eq!(fault.retry, Retry::WhenBack, "{verb} {plan:?}: {fault}");
        if let Plan::SayAndCut(text @ ("* BYE too busy\r\n" | "* BYE going down\r\n")) = plan {
            assert!(fault.what.contains(text.trim()), "{fault}");
        }
        fake.await_state(&format!("left after {verb} {plan:?}"), |s| s.open == 0);
    }
}

#[test]
fn a_mail_larger_than_announced_sizes_allow_is_not_read() {
    let fake = Fake::start();
    let imap = imap(&fake);
    deliver(&imap, 1).unwrap();
    let huge = "* 1 FETCH (UID 1 BODY[] {4000000000}\r\nabc";
    fake.plan("UID FETCH 1 (UID BODY.PEEK[])", Plan::Say(huge));
    let start = Instant::now();
    let audio = imap.store().audio(&owner("anna"), id(1));
    assert_eq!(audio.err(), Some(mailbox::Fault::Unavailable));
    assert!(start.elapsed() < SOON);
    assert!(imap.store().audio(&owner("anna"), id(1)).is_ok());
}

#[test]
fn uids_that_a_search_makes_up_are_not_believed() {
    let fake = Fake::start();
    let imap = imap(&fake);
    fake.put(ORDINARY, &[]);
    let wrong = "* SEARCH 1 77\r\nTAG OK done\r\n";
    fake.plan("UID SEARCH HEADER Message-ID", Plan::Say(wrong));
    assert_eq!(deliver(&imap, 1), Ok(put(2)));
    fake.plan(
        "UID SEARCH HEADER Message-Context",
        Plan::Say("* SEARCH 1 2 77\r\nTAG OK done\r\n"),
    );
    let held = imap.store().messages(&owner("anna")).unwrap();
    assert_eq!(
        held.iter().map(|h| h.summary.id).collect::<Vec<_>>(),
        [id(1)]
    );
    assert!(fake.state().mails[0].flags.is_empty());
}

#[test]
fn a_full_mailbox_is_told_apart_before_and_after_the_message_is_sent() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let courier = imap.courier();
    for plan in [
        Plan::Say("TAG NO [OVERQUOTA] full\r\n"),
        Plan::SayFirst("* NO disk is nearly full\r\n"),
        Plan::Say("* 3 RECENT\r\nTAG NO Quota exceeded\r\n"),
        Plan::Say("TAG NO [TOOBIG] too big\r\n"),
        Plan::Say("TAG NO something else\r\n"),
        Plan::Say("* 3 EXISTS\r\nTAG BAD what\r\n"),
    ] {
        fake.plan("APPEND", plan);
    }
    let retries: Vec<_> = (1..=6)
        .map(|n| deliver_by(&courier, n).map_err(|f| f.retry))
        .collect();
    let delivered = Ok(Receipt::Delivered("INBOX uid 1".into()));
    let (full, never, later) = (Retry::WhenEmptier, Retry::Never, Retry::Later);
    assert_eq!(
        retries,
        [
            Err(full),
            delivered,
            Err(full),
            Err(never),
            Err(later),
            Err(later)
        ]
    );
    assert_eq!(fake.state().opened, 1, "a no is no reason to hang up");
}

#[test]
fn warnings_and_words_nobody_knows_are_passed_over() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let strange = "* NO [ALERT] 98% full\r\n* XYZZY {3}\r\na\r\n b\r\n* BAD hm\r\n\
                   * FLAGS (\\Odd [)\r\n* OK [NEWCODE \u{e9}] caf\u{e9}\r\n* 3 RECENT\r\n";
    for verb in ["LOGIN", "SELECT", "UID SEARCH", "APPEND"] {
        fake.plan(verb, Plan::SayFirst(strange));
    }
    assert_eq!(deliver(&imap, 1), Ok(put(1)));
    for verb in ["NOOP", "UID SEARCH", "UID FETCH", "UID STORE"] {
        fake.plan(verb, Plan::SayFirst(strange));
    }
    let done = imap.store().change(&owner("anna"), id(1), Change::Heard);
    assert_eq!(done, Ok(()));
    assert_eq!(fake.state().opened, 1);
}

#[test]
fn a_refused_log_in_is_the_operators_and_never_shows_the_password() {
    let fake = Fake::start();
    let refusal = Plan::Say("TAG NO [AUTHENTICATIONFAILED] no pa$$word for you\r\n");
    let fault = fault_of(&fake, "LOGIN", refusal, LONG);
    assert_eq!((fault.blame, fault.retry), (Blame::Operator, Retry::Later));
    assert!(
        fault.what.contains("anna") && !format!("{fault:?}").contains("pa$$"),
        "{fault:?}"
    );
    let shown = format!("{:?} {:?}", owner("anna"), account("anna"));
    assert!(!shown.contains("pa$$"), "{shown}");
}

#[test]
fn a_token_is_sent_as_xoauth2_and_other_passwords_than_ascii_as_plain() {
    let fake = Fake::start();
    let by_token = at(ImapServer {
        auth: Auth::XOAuth2,
        ..server(&fake, LONG)
    });
    assert_eq!(deliver(&by_token, 1), Ok(put(1)));
    // "user=anna", 1, "auth=Bearer pa$$word", 1, 1.
    let token = "XOAUTH2 dXNlcj1hbm5hAWF1dGg9QmVhcmVyIHBhJCR3b3JkAQE=";
    assert_eq!(fake.count(token), 1);

    let fake = Fake::start();
    imap(&fake).store().messages(&owner("zo\u{eb}")).unwrap();
    // 0, "zoë", 0, "pa$$word".
    assert_eq!(fake.count("PLAIN AHpvw6sAcGEkJHdvcmQ="), 1);

    let no = Plan::Say("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n");
    fake.plan("AUTHENTICATE", no);
    fake.plan(
        CONTINUED,
        Plan::Say("a1 NO [AUTHENTICATIONFAILED] expired\r\n"),
    );
    let fault = deliver(
        &at(ImapServer {
            auth: Auth::XOAuth2,
            ..server(&fake, SOON)
        }),
        1,
    );
    assert_eq!(fault.unwrap_err().blame, Blame::Operator);
}

#[test]
fn tls_that_was_asked_for_is_never_done_without() {
    for (answer, retry, what) in [
        ("TAG NO not here\r\n", Retry::Later, "offers no TLS"),
        ("TAG BAD what\r\n", Retry::Later, "offers no TLS"),
        // What comes in the clear behind the answer would count as protected.
        (
            "TAG OK go\r\n* 1 EXISTS\r\n",
            Retry::WhenBack,
            "out of turn",
        ),
        ("TAG OK go\r\n", Retry::WhenBack, "no TLS with"),
    ] {
        let fake = Fake::start();
        fake.plan("STARTTLS", Plan::SayAndCut(answer));
        let tls = Tls::StartTls;
        let entry = ImapServer {
            tls,
            ..server(&fake, LONG)
        };
        let fault = deliver(&at(entry), 1).unwrap_err();
        assert_eq!(fault.retry, retry, "{answer}");
        assert!(fault.what.contains(what), "{fault}");
        assert_eq!(fake.count("LOGIN"), 0);
    }
}

#[test]
fn without_uidplus_only_what_nobody_else_marked_is_removed() {
    let fake = Fake::start();
    fake.state().capabilities = "IMAP4rev1";
    let imap = imap(&fake);
    let (store, owner) = (imap.store(), owner("anna"));
    deliver(&imap, 1).unwrap();
    let other = fake.put(ORDINARY, &["\\Deleted"]);
    store.change(&owner, id(1), Change::Delete).unwrap();
    assert_eq!(store.expunge(&owner), Ok(vec![id(1)]));
    assert_eq!(fake.state().mails.len(), 2);
    let hidden = store.messages(&owner).unwrap();
    assert!(hidden.iter().all(|held| held.deleted));
    fake.state().mails.retain(|mail| mail.uid != other);
    store.expunge(&owner).unwrap();
    assert_eq!(fake.state().mails.len(), 0);
    assert_eq!(fake.count("UID EXPUNGE"), 0);
}

#[test]
fn one_at_the_telephone_waits_less_for_a_silent_server_than_a_call_does() {
    for verb in ["NOOP", "GREETING"] {
        let fake = Fake::start();
        let imap = imap(&fake);
        deliver(&imap, 1).unwrap();
        if verb == "GREETING" {
            imap.close();
        }
        fake.plan(verb, Plan::Stall);
        let start = Instant::now();
        let held = imap.store().messages(&owner("anna"));
        assert_eq!(held, Err(mailbox::Fault::Unavailable));
        let took = start.elapsed();
        assert!(
            took < FIRST_WORD + Duration::from_secs(2),
            "{verb}: {took:?}"
        );
    }
}

#[test]
fn retention_removes_its_messages_and_leaves_the_marks_of_others_alone() {
    for (capabilities, left) in [("IMAP4rev1 UIDPLUS", 3), ("IMAP4rev1", 4)] {
        let fake = Fake::start();
        fake.state().capabilities = capabilities;
        let imap = imap(&fake);
        let (store, owner) = (imap.store(), owner("anna"));
        for n in 1..=3 {
            deliver(&imap, n).unwrap();
        }
        fake.put(ORDINARY, &["\\Deleted"]);
        store.change(&owner, id(2), Change::Delete).unwrap();
        let removed = store.remove(&owner, &[id(1), id(9)]);
        assert_eq!(removed, Ok(vec![id(1)]), "{capabilities}");
        assert_eq!(fake.state().mails.len(), left, "{capabilities}");
        let mut held = store.messages(&owner).unwrap();
        held.sort_by_key(|held| held.summary.id);
        held.retain(|held| held.summary.id != id(1) || !held.deleted);
        let deleted: Vec<_> = held.iter().map(|held| held.deleted).collect();
        assert_eq!(
            deleted,
            [true, false],
            "{capabilities}: 2 can be taken back"
        );
    }
}

#[test]
fn a_head_is_asked_for_once_and_again_when_its_uid_means_another() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let (store, owner) = (imap.store(), owner("anna"));
    let heads = || fake.count("UID FETCH 1 (UID BODY.PEEK[HEADER]");
    deliver(&imap, 1).unwrap();
    for _ in 0..3 {
        assert_eq!(store.messages(&owner).unwrap().len(), 1);
    }
    assert_eq!(heads(), 1);
    assert_eq!(fake.count("UID FETCH 1 (UID FLAGS)"), 3);
    fake.state().validity = 8;
    imap.close();
    assert_eq!(store.messages(&owner).unwrap().len(), 1);
    assert_eq!(heads(), 2);
}

#[test]
fn a_thousand_messages_are_marked_by_one_command_and_taken_back_by_another() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let (store, owner) = (imap.store(), owner("anna"));
    deliver(&imap, 1).unwrap();
    let first = String::from_utf8(fake.state().mails[0].octets.clone()).unwrap();
    for n in 2..=1_000 {
        let mail = first.replace(&id(1).to_string(), &id(n).to_string());
        fake.put(mail.as_bytes(), &[]);
    }
    let other = fake.put(ORDINARY, &[]);
    let mut ids: Vec<_> = (1..=1_000).map(id).collect();
    ids.push(id(5_000));
    let marked = |deleted| {
        let held = store.messages(&owner).unwrap();
        held.iter().filter(|held| held.deleted == deleted).count()
    };
    let changed = store.change_all(&owner, &ids, Change::Delete).unwrap();
    assert_eq!(changed.len(), 1_000, "one of them was never there");
    assert_eq!(fake.count("UID STORE"), 1);
    assert_eq!((marked(true), marked(false)), (1_000, 0));
    store.change_all(&owner, &ids, Change::Undelete).unwrap();
    assert_eq!(fake.count("UID STORE"), 2);
    assert_eq!(marked(false), 1_000);
    store.change_all(&owner, &ids, Change::Delete).unwrap();
    assert_eq!(store.expunge(&owner).map(|gone| gone.len()), Ok(1_000));
    assert_eq!(fake.count("UID EXPUNGE"), 1);
    let left: Vec<u32> = fake.state().mails.iter().map(|mail| mail.uid).collect();
    assert_eq!(left, [other], "mail that is no voice message stays");
}

#[test]
fn a_message_whose_sound_is_damaged_is_listed_told_as_damaged_and_can_be_deleted() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let (store, owner) = (imap.store(), owner("anna"));
    deliver(&imap, 1).unwrap();
    let octets = fake.state().mails[0].octets.clone();
    let half = octets.len() / 2;
    fake.state().mails[0].octets.truncate(half);
    assert_eq!(store.messages(&owner).unwrap().len(), 1);
    assert_eq!(store.audio(&owner, id(1)), Err(mailbox::Fault::Damaged));
    store.change(&owner, id(1), Change::Delete).unwrap();
    assert_eq!(store.expunge(&owner), Ok(vec![id(1)]));
    assert_eq!(fake.state().mails.len(), 0);
}

#[test]
fn a_change_applies_to_every_copy_and_taking_it_back_to_one() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let (store, owner) = (imap.store(), owner("anna"));
    deliver(&imap, 1).unwrap();
    let octets = fake.state().mails[0].octets.clone();
    fake.put(&octets, &[]);
    let flags = || -> Vec<usize> { fake.state().mails.iter().map(|m| m.flags.len()).collect() };
    store.change(&owner, id(1), Change::Delete).unwrap();
    assert_eq!(flags(), [1, 1]);
    store.change(&owner, id(1), Change::Undelete).unwrap();
    assert_eq!(flags(), [0, 1]);
    fake.state().mails.reverse();
    for (mail, uid) in fake.state().mails.iter_mut().zip(1..) {
        mail.uid = uid;
    }
    store.change(&owner, id(1), Change::Undelete).unwrap();
    assert_eq!(flags(), [1, 0], "the double stays marked");
    assert_eq!(store.expunge(&owner), Ok(vec![]));
    assert_eq!(flags(), [0]);
    assert_eq!(
        store.change(&owner, id(2), Change::Heard),
        Err(mailbox::Fault::Gone)
    );
}

#[test]
fn connections_are_used_again_and_one_that_was_closed_is_no_fault() {
    let fake = Fake::start();
    let imap = imap(&fake);
    for n in 1..=3 {
        deliver(&imap, n).unwrap();
    }
    assert_eq!(fake.state().opened, 1);
    fake.plan("NOOP", Plan::SayAndCut("* BYE idle for too long\r\n"));
    deliver(&imap, 4).unwrap();
    assert_eq!(fake.state().opened, 2);
    imap.close();
    fake.await_state("closed", |state| state.open == 0);
    assert_eq!(fake.count("LOGOUT"), 1);
}

#[test]
fn there_are_never_more_connections_than_the_entry_says() {
    let fake = Fake::start();
    let few = ImapServer {
        connections: 2,
        ..server(&fake, LONG)
    };
    let imap = at(few);
    let store = imap.store();
    for user in ["a", "b", "c", "d", "a"] {
        store.messages(&owner(user)).unwrap();
        fake.await_state("few", |state| state.open <= 2);
    }
    assert_eq!(fake.state().opened, 5, "the one unused longest is given up");
    store.messages(&owner("d")).unwrap();
    assert_eq!(fake.state().opened, 5);
}

#[test]
fn delivery_leaves_half_of_the_connections_to_callers() {
    let fake = Fake::start();
    let imap = at(ImapServer {
        connections: 2,
        ..server(&fake, Duration::from_secs(2))
    });
    fake.plan("APPEND", Plan::Stall);
    std::thread::scope(|scope| {
        let timed = |n| (deliver(&imap, n), Instant::now());
        let stalled = scope.spawn(move || timed(1));
        fake.await_state("busy", |state| {
            state.said.iter().any(|said| said.starts_with("APPEND"))
        });
        assert_eq!(imap.store().messages(&owner("anna")), Ok(vec![]));
        let (second, second_at) = timed(2);
        let (first, first_at) = stalled.join().unwrap();
        assert_eq!(first.unwrap_err().retry, Retry::WhenBack);
        assert!(
            second_at >= first_at,
            "it waits for the connection of the first"
        );
        // Or for as long as it may, which is no fault of the server.
        assert!(
            second
                .map_err(|fault| fault.retry)
                .map_or_else(|r| r == Retry::Later, |_| true)
        );
    });
    assert_eq!(deliver(&imap, 3).map(|_| ()), Ok(()));
}

#[test]
fn without_idle_a_watcher_says_so_and_only_waits() {
    let fake = Fake::start();
    fake.state().capabilities = "IMAP4rev1";
    let imap = imap(&fake);
    let mut watcher = Watcher::open(&imap, &account("anna")).unwrap();
    assert!(!watcher.is_told());
    let stop = AtomicBool::new(false);
    assert_eq!(watcher.wait(&stop, Duration::from_millis(10)), Ok(false));
    assert_eq!(fake.count("IDLE"), 0);
    assert_eq!(watcher.snapshot(), Ok(vec![]));
}

#[test]
fn a_watched_connection_that_dies_is_found() {
    let stop = AtomicBool::new(false);
    for (plan, timeout) in [
        (Plan::SayAndCut("* BYE\r\n"), LONG),
        (Plan::SayAndCut("+ idling\r\n"), LONG),
        (Plan::Say("TAG NO not now\r\n"), LONG),
        (Plan::Say("TAG OK done already\r\n"), LONG),
        (Plan::Stall, SHORT),
        (Plan::Trickle, SHORT),
    ] {
        let fake = Fake::start();
        let imap = at(server(&fake, timeout));
        let mut watcher = Watcher::open(&imap, &account("anna")).unwrap();
        fake.plan("IDLE", plan);
        let start = Instant::now();
        let fault = watcher.wait(&stop, LONG).unwrap_err();
        assert_eq!(fault.retry, Retry::WhenBack, "{plan:?}: {fault}");
        assert!(start.elapsed() < SOON);
    }
}

#[test]
fn an_idle_that_says_nothing_is_begun_anew_and_a_silent_server_found() {
    let fake = Fake::start();
    let imap = at(server(&fake, SHORT));
    let mut watcher = Watcher::open(&imap, &account("anna")).unwrap();
    watcher.idle_for = Duration::from_millis(50);
    let stop = AtomicBool::new(false);
    assert_eq!(watcher.wait(&stop, Duration::from_millis(400)), Ok(false));
    assert!(fake.count("IDLE") >= 2);
    // It says that it idles, and then nothing for ever.
    fake.plan("IDLE", Plan::Say("+ idling\r\n"));
    fake.plan(CONTINUED, Plan::Stall);
    let fault = watcher.wait(&stop, LONG).unwrap_err();
    assert_eq!(fault.retry, Retry::WhenBack);
}

#[test]
fn a_message_that_comes_while_others_are_listed_is_not_missed() {
    let fake = Fake::start();
    let imap = imap(&fake);
    let mut watcher = Watcher::open(&imap, &account("anna")).unwrap();
    let stop = AtomicBool::new(false);
    fake.plan("UID SEARCH", Plan::SayFirst("* 1 EXISTS\r\n"));
    watcher.snapshot().unwrap();
    assert_eq!(watcher.wait(&stop, LONG), Ok(true));
    assert_eq!(fake.count("IDLE"), 0);
    fake.plan("NOOP", Plan::SayFirst("* 2 EXISTS\r\n"));
    watcher.snapshot().unwrap();
    assert_eq!(watcher.wait(&stop, Duration::from_millis(100)), Ok(false));
    fake.plan("IDLE", Plan::SayFirst("* 3 EXISTS\r\n"));
    assert_eq!(watcher.wait(&stop, LONG), Ok(true));
}
