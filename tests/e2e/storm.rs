//! A storm: a mail server that does everything wrong, and a server killed in the middle of it.
//!
//! Every message whose caller got the answer to the BYE arrives at each address that takes it in
//! the end, and is a dead letter for each that never does. Its Message-ID is the same on every try.

use crate::harness::letter::Letter;
use crate::harness::smtp::SmtpServer;
use crate::harness::sound::speech;
use crate::harness::{Dial, Server, eventually, seconds};
use crate::steps::recording;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What the mail server does to the messages of a round, in the words of `smtp_server.py`; an
/// address for each way. The names of the round and the call follow.
const TROUBLES: [&[&str]; 10] = [
    &["ok"],
    &["451.ok"],
    &["421.ok"],
    &["drop.ok"],
    &["lost.ok"],
    &["slow.ok"],
    &["552.ok"],
    &["452.451.drop.ok"],
    &["drop.lost.421.ok"],
    &["ok", REFUSED],
];

/// An address that refuses for ever.
const REFUSED: &str = "550.550.550.550.550.550";

/// After how many confirmed messages a round is ended by a kill; the last one is not.
const ROUNDS: [Option<usize>; 3] = [Some(5), Some(8), None];

/// A message being left.
#[derive(Clone, Debug)]
struct Deposit {
    mailbox: String,
    addresses: Vec<String>,
    /// Whether its caller got the answer to the BYE.
    confirmed: bool,
}

impl Deposit {
    fn new(round: usize, line: usize) -> Deposit {
        let of = |words: &&str| format!("{words}.r{round}c{line}@x.nl");
        Deposit {
            mailbox: format!("3{round}{line}"),
            addresses: TROUBLES[line].iter().map(of).collect(),
            confirmed: false,
        }
    }

    fn subscriber(&self) -> String {
        let (mailbox, addresses) = (&self.mailbox, &self.addresses);
        format!(
            "[[subscriber]]\nmailbox = \"{mailbox}\"\ndelivery = \"email\"\nemails = {addresses:?}"
        )
    }
}

/// Calls that end all at once, the server killed in the middle where it is to be.
fn round(server: &mut Server, deposits: &mut [Deposit], kill_after: Option<usize>) {
    let (confirmed, together) = (AtomicUsize::new(0), Barrier::new(deposits.len()));
    let this: &Server = server;
    thread::scope(|scope| {
        for (line, deposit) in deposits.iter_mut().enumerate() {
            let (confirmed, together) = (&confirmed, &together);
            scope.spawn(move || {
                let dial = Dial::new(this.address(), &deposit.mailbox, "0612345678");
                let mut call = recording(this, dial);
                together.wait();
                call.voice().say(&speech(5.0, line as u64));
                call.wait(Duration::from_millis(1_400 + 40 * line as u64));
                call.send_bye();
                let answer = call.final_answer("BYE", seconds(2.0));
                deposit.confirmed = answer.is_some_and(|a| a.status() == Some(200));
                confirmed.fetch_add(usize::from(deposit.confirmed), Ordering::SeqCst);
            });
        }
        if let Some(most) = kill_after {
            eventually("enough are confirmed", seconds(60.0), || {
                (confirmed.load(Ordering::SeqCst) >= most).then_some(())
            });
            this.kill_by_id();
        }
    });
    if kill_after.is_some() {
        server.restart();
    }
}

/// The spool, message by message.
fn spool(server: &Server) -> Vec<Value> {
    let (code, listed) = server.command(&["spool", "list", "--json"]);
    assert_eq!(code, Some(0), "{listed}");
    serde_json::from_str(&listed).expect("JSON")
}

/// Has everything that waits tried again until nothing does; what is left.
fn settled(server: &Server) -> Vec<Value> {
    let end = Instant::now() + seconds(90.0);
    loop {
        let rows = spool(server);
        let waits = |row: &&Value| row["state"] != "failed";
        let waiting: Vec<&str> = rows
            .iter()
            .filter(waits)
            .filter_map(|row| row["message"].as_str())
            .collect();
        if waiting.is_empty() {
            return rows;
        }
        assert!(Instant::now() < end, "still waiting: {rows:#?}");
        // One that has arrived meanwhile is not found, which is no fault here.
        let _ = server.command(&[&["spool", "retry"], &waiting[..]].concat());
        thread::sleep(seconds(1.0));
    }
}

/// The message at this address; `None` where there is none. It may be there twice, but always as
/// the same. (Mails without sound tell of other addresses.)
fn message_at(post: &SmtpServer, address: &str) -> Option<String> {
    let letters = post.letters();
    let here = letters
        .iter()
        .filter(|letter| letter.header("to") == address && letter.file.is_some());
    let ids: BTreeSet<&str> = here.map(Letter::id).collect();
    assert!(ids.len() <= 1, "{address} has {ids:?}");
    ids.first().map(|id| (*id).to_owned())
}

/// Whether the spool keeps this message as one that this address never took.
fn is_dead(rows: &[Value], message: &str, address: &str) -> bool {
    let way = format!("mail:{address}");
    let row = rows.iter().find(|row| row["message"] == message);
    let legs = row.and_then(|row| row["legs"].as_array());
    legs.into_iter().flatten().any(|leg| {
        let error = leg["last_error"].as_str().unwrap_or_default();
        leg["leg"] == way && leg["fate"] == "given up" && error.contains("(550): 5.1.1")
    })
}

#[test]
fn every_confirmed_message_survives_a_storm_and_two_kills_as_the_same_message() {
    let post = SmtpServer::start();
    let mut rounds: Vec<Vec<Deposit>> = (0..ROUNDS.len())
        .map(|round| (0..TROUBLES.len()).map(move |line| Deposit::new(round, line)))
        .map(Iterator::collect)
        .collect();
    let mut setup = post.setup();
    for deposit in rounds.iter().flatten() {
        setup = setup.table(deposit.subscriber());
    }
    let mut server = Server::start_with(&setup);
    for (deposits, kill_after) in rounds.iter_mut().zip(ROUNDS) {
        round(&mut server, deposits, kill_after);
    }
    let left = settled(&server);
    let deposits: Vec<Deposit> = rounds.into_iter().flatten().collect();
    let confirmed: Vec<&Deposit> = deposits.iter().filter(|d| d.confirmed).collect();
    assert!(
        confirmed.len() >= 5 + 8 + 10,
        "{} confirmed",
        confirmed.len()
    );

    let mut messages = BTreeSet::new();
    let mut dead = 0;
    for deposit in &deposits {
        let message = message_at(&post, &deposit.addresses[0]);
        assert!(message.is_some() || !deposit.confirmed, "lost: {deposit:?}");
        let Some(message) = message else { continue };
        for refused in &deposit.addresses[1..] {
            assert!(is_dead(&left, &message, refused), "{refused}: {left:#?}");
            dead += 1;
        }
        assert!(messages.insert(message), "one message for two calls");
    }
    assert_eq!(left.len(), dead, "{left:#?}");
    let seen = post.seen();
    for (address, ids) in &seen {
        let of_voice = |id: &&String| !id.contains(".undelivered@");
        let different: BTreeSet<&String> = ids.iter().filter(of_voice).collect();
        assert_eq!(different.len(), 1, "{address}: {different:?}");
    }
    let tried_again = seen.values().filter(|ids| ids.len() > 1).count();
    assert!(tried_again >= 6, "{seen:?}");
    eprintln!(
        "{} calls, {} confirmed, {dead} dead letters, {tried_again} sent more than once",
        deposits.len(),
        confirmed.len()
    );
}
