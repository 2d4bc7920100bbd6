//! Watched mailboxes: what other programs do there is told of.

use super::mailboxes::{far, server};
use super::memory::Memory;
use super::truth::{Book, delivered};
use crate::base::MailboxId;
use crate::deliver::tests::outbox::Fake;
use crate::deliver::tests::{Place, deposit, id, mailbox, profile};
use crate::deliver::{ImapServer, Stores, Truth, Watches};
use crate::mailbox::Outbox as _;
use crate::mailbox::{By, Command, Deposit, Marks, NoLedger, Reply, Sight, Step};
use crate::subscriber::Roster;
use std::fs;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// New and saved messages; `None` where they are not counted.
type Told = (MailboxId, Option<(u32, u32)>);

fn told(mailbox: MailboxId, sight: Sight) -> Told {
    let counts = match sight {
        Sight::Counted(tally) => Some((tally.counts.new, tally.counts.saved)),
        Sight::Believed(_) | Sight::Unknown { .. } => None,
    };
    (mailbox, counts)
}

/// A Maildir that is watched.
struct Here {
    place: Place,
    outbox: Arc<Fake>,
    truth: Arc<Truth>,
    watches: Watches,
    news: Receiver<Told>,
}

impl Here {
    fn new() -> Here {
        let place = Place::new();
        let outbox = Fake::with([]);
        let truth = Arc::new(place.truth(Arc::clone(&outbox)));
        let roster = Arc::new(Roster::new([profile()]).unwrap());
        let (publish, news) = channel();
        let watches = Watches::start(Arc::clone(&truth), roster, &[], move |mailbox, sight| {
            drop(publish.send(told(mailbox, sight)));
        });
        Here {
            place,
            outbox,
            truth,
            watches: watches.unwrap(),
            news,
        }
    }

    fn next(&self) -> Option<(u32, u32)> {
        self.news.recv_timeout(PATIENCE).unwrap().1
    }
}

#[test]
fn a_flag_that_another_program_sets_is_told_within_a_second() {
    let here = Here::new();
    here.place.deliver(&deposit(1));
    here.place.deliver(&deposit(2));
    here.watches.watch(&mailbox());
    assert_eq!(here.next(), Some((2, 0)));
    let mut longest = Duration::ZERO;
    for (round, expected) in [(1, (1, 1)), (2, (0, 2))] {
        let name = here.place.files("new").remove(0);
        let folder = here.place.maildir.folder(&mailbox());
        let seen = folder.join("cur").join(format!("{name}:2,S"));
        let begin = Instant::now();
        fs::rename(folder.join("new").join(&name), seen).unwrap();
        assert_eq!(here.next(), Some(expected), "round {round}");
        longest = longest.max(begin.elapsed());
    }
    println!("told after {longest:?} at most");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

#[test]
fn two_changes_in_the_same_moment_are_both_told() {
    let here = Here::new();
    here.watches.watch(&mailbox());
    assert_eq!(here.next(), Some((0, 0)));
    let start = Instant::now();
    // As fast as can be, until a look fell between two of them.
    for n in 1..=30 {
        here.place.deliver(&deposit(n));
    }
    let mut last = here.next();
    while last != Some((30, 0)) {
        last = here.next();
    }
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn a_count_that_is_no_news_is_told_where_it_is_asked_for_aloud() {
    let here = Here::new();
    here.place.deliver(&deposit(1));
    here.watches.watch(&mailbox());
    assert_eq!(here.next(), Some((1, 0)));
    here.watches.recount_aloud(&mailbox());
    assert_eq!(here.next(), Some((1, 0)));
}

#[test]
fn what_waits_is_counted_once_and_delivery_changes_no_count() {
    let here = Here::new();
    here.watches.watch(&mailbox());
    assert_eq!(here.next(), Some((0, 0)));
    here.outbox.add(&deposit(1));
    here.watches.recount(&mailbox());
    assert_eq!(here.next(), Some((1, 0)));
    here.place.deliver(&deposit(1));
    here.watches.recount(&mailbox());
    here.outbox.arrived(id(1));
    here.watches.recount(&mailbox());
    here.outbox.add(&deposit(2));
    here.watches.recount(&mailbox());
    assert_eq!(here.next(), Some((2, 0)), "nothing was told between");
}

#[test]
fn a_change_by_telephone_is_told_once() {
    let here = Here::new();
    here.place.deliver(&deposit(1));
    here.watches.watch(&mailbox());
    assert_eq!(here.next(), Some((1, 0)));
    let heard = Command::MarkHeard(id(1));
    assert_eq!(
        here.truth.command(&profile(), heard.clone()),
        Reply::Done(heard)
    );
    here.watches.recount(&mailbox());
    assert_eq!(here.next(), Some((0, 1)));
    here.watches.unwatch(&mailbox());
    here.place.deliver(&deposit(2));
    here.watches.recount(&mailbox());
    assert_eq!(here.next(), Some((1, 1)), "also where nobody watches");
    drop(here.watches);
    let quiet = here.news.try_recv();
    assert!(quiet.is_err(), "{quiet:?}");
}

#[test]
fn a_mailbox_here_that_cannot_be_read_is_unknown_until_it_can() {
    let here = Here::new();
    let folder = here.place.maildir.folder(&mailbox());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("new"), "no folder").unwrap();
    here.watches.watch(&mailbox());
    assert_eq!(here.next(), None);
    fs::remove_file(folder.join("new")).unwrap();
    here.place.deliver(&deposit(1));
    // A look may come before the message.
    let mut known = here.next();
    if known == Some((0, 0)) {
        known = here.next();
    }
    assert_eq!(known, Some((1, 0)));
}

/// Three mailboxes at a server of which one can be waited at.
struct Far {
    store: Memory,
    outbox: Arc<Fake>,
    book: Arc<Book>,
    watches: Watches,
    news: Receiver<(MailboxId, Sight)>,
}

impl Far {
    fn new(store: Memory, server: &ImapServer) -> Far {
        let local = Arc::new(Memory::default());
        let stores = Stores::new(local).imap("far", Arc::new(store.clone()));
        let book = Arc::new(Book::default());
        let ledger = Arc::clone(&book);
        let outbox = Fake::with([]);
        let truth = Arc::new(Truth::new(stores, Arc::clone(&outbox) as _, ledger));
        let owners = ["3001", "3002", "3003"].map(far);
        let roster = Arc::new(Roster::new(owners).unwrap());
        let (publish, news) = channel();
        let servers = std::slice::from_ref(server);
        let watches = Watches::start(truth, roster, servers, move |mailbox, sight| {
            drop(publish.send((mailbox, sight)));
        });
        Far {
            store,
            outbox,
            book,
            watches: watches.unwrap(),
            news,
        }
    }

    fn put(&self, number: &str, deposit: &Deposit, marks: Marks) {
        let mailbox = MailboxId::parse(number).unwrap();
        self.store.put(&mailbox, delivered(deposit, marks));
    }

    fn watch(&self, number: &str) {
        self.watches.watch(&MailboxId::parse(number).unwrap());
    }

    fn next(&self) -> (String, Option<(u32, u32)>) {
        let (mailbox, sight) = self.news.recv_timeout(PATIENCE).unwrap();
        let (mailbox, counts) = told(mailbox, sight);
        (mailbox.as_str().to_owned(), counts)
    }

    fn next_sight(&self) -> Sight {
        self.news.recv_timeout(PATIENCE).unwrap().1
    }

    /// A caller leaves a message in 3001.
    fn leave(&self, n: u128) {
        let mut deposit = deposit(n);
        deposit.envelope.owner.mailbox = MailboxId::parse("3001").unwrap();
        self.outbox.put(deposit);
        self.watches.recount(&MailboxId::parse("3001").unwrap());
    }

    /// Waits until so many connections watch.
    fn until_watched(&self, connections: usize) {
        let start = Instant::now();
        while self.store.watched() != connections {
            assert!(start.elapsed() < PATIENCE, "{}", self.store.watched());
            thread::yield_now();
        }
    }
}

fn heard() -> Marks {
    Marks {
        heard: true,
        deleted: false,
    }
}

#[test]
fn those_that_cannot_be_waited_at_are_looked_at_in_turn() {
    let far = Far::new(Memory::default().watchable(), &server("far", 4, 1));
    for number in ["3001", "3002", "3003"] {
        far.watch(number);
        assert_eq!(far.next(), (number.to_owned(), Some((0, 0))));
    }
    far.until_watched(1);
    for number in ["3001", "3002", "3003"] {
        far.put(number, &deposit(1), Marks::default());
        assert_eq!(far.next(), (number.to_owned(), Some((1, 0))));
    }
    far.watches.unwatch(&MailboxId::parse("3001").unwrap());
    // Another one has the connection that is free now.
    far.put("3002", &deposit(1), heard());
    assert_eq!(far.next(), ("3002".to_owned(), Some((0, 1))));
    far.until_watched(1);
}

#[test]
fn a_mailbox_that_is_waited_at_is_not_looked_at_besides() {
    let mut server = server("far", 4, 3);
    server.poll = Duration::from_secs(3_600);
    let far = Far::new(Memory::default().watchable(), &server);
    far.watch("3001");
    assert_eq!(far.next().1, Some((0, 0)));
    far.until_watched(1);
    for n in 1..=20 {
        far.put("3001", &deposit(n), Marks::default());
        assert_eq!(far.next().1, Some((n as u32, 0)));
    }
    far.put("3001", &deposit(20), heard());
    assert_eq!(far.next().1, Some((19, 1)));
    let heard = (id(20), Step::Heard(By::Client));
    assert_eq!(far.book.take(), [heard]);
}

#[test]
fn a_server_that_goes_is_unknown_once_and_known_again_when_it_is_back() {
    for store in [Memory::default(), Memory::default().watchable()] {
        let far = Far::new(store, &server("far", 4, 1));
        far.put("3001", &deposit(1), Marks::default());
        far.watch("3001");
        assert_eq!(far.next().1, Some((1, 0)));
        far.store.down(true);
        assert_eq!(far.next().1, None);
        let again = far.news.recv_timeout(Duration::from_millis(1));
        assert_eq!(again, Err(RecvTimeoutError::Timeout));
        far.put("3001", &deposit(1), heard());
        far.store.down(false);
        assert_eq!(far.next().1, Some((0, 1)));
    }
}

/// New messages that are counted or believed to be there.
fn new(sight: Sight) -> (bool, u32) {
    match sight {
        Sight::Counted(tally) => (true, tally.counts.new),
        Sight::Believed(tally) => (false, tally.counts.new),
        Sight::Unknown { .. } => panic!("unknown"),
    }
}

#[test]
fn what_comes_while_its_server_is_gone_is_told_at_once_on_top_of_what_was_known() {
    let mut server = server("far", 4, 0);
    server.poll = Duration::from_secs(3_600);
    let far = Far::new(Memory::default(), &server);
    let anna = MailboxId::parse("3001").unwrap();
    far.put("3001", &deposit(1), Marks::default());
    far.put("3001", &deposit(2), Marks::default());
    far.watch("3001");
    assert_eq!(new(far.next_sight()), (true, 2));
    // The server says nothing, and the thread that looks waits for it.
    far.store.slow(&anna, true);
    far.leave(3);
    assert_eq!(new(far.next_sight()), (false, 3));
    far.leave(4);
    assert_eq!(new(far.next_sight()), (false, 4));
    // Delivered, and not seen in the mailbox yet: it is not gone.
    far.outbox.arrived(id(3));
    far.watches.recount(&anna);
    let marks = heard();
    far.outbox.mark(id(4), marks).unwrap();
    far.watches.recount(&anna);
    assert_eq!(new(far.next_sight()), (false, 3));
    far.put("3001", &deposit(3), Marks::default());
    far.store.slow(&anna, false);
    let mut last = far.next_sight();
    while new(last) != (true, 3) {
        last = far.next_sight();
    }
}

#[test]
fn what_comes_for_a_mailbox_that_was_never_seen_is_told_without_counts() {
    let far = Far::new(Memory::default(), &server("far", 4, 0));
    far.store.down(true);
    far.put("3001", &deposit(1), Marks::default());
    far.watch("3001");
    assert_eq!(far.next_sight(), Sight::Unknown { coming: 0 });
    for n in 2..4 {
        far.leave(n);
        let coming = n as u32 - 1;
        assert_eq!(far.next_sight(), Sight::Unknown { coming });
    }
    far.outbox.arrived(id(2));
    far.watches.recount(&MailboxId::parse("3001").unwrap());
    far.leave(4);
    assert_eq!(
        far.next_sight(),
        Sight::Unknown { coming: 3 },
        "2 has come into it"
    );
    far.put("3001", &deposit(2), Marks::default());
    far.store.down(false);
    assert_eq!(new(far.next_sight()), (true, 4));
}

#[test]
fn a_mailbox_sent_away_by_mail_is_counted_as_empty_and_not_watched() {
    let store = Memory::default();
    let stores = Stores::new(Arc::new(store.clone()));
    let truth = Arc::new(Truth::new(stores, Fake::with([]), Arc::new(NoLedger)));
    let mut owner = profile();
    let address = crate::mime::MailAddress::parse("anna@example.nl").unwrap();
    owner.delivery.mode = crate::subscriber::Mode::Email(vec![address]);
    let roster = Arc::new(Roster::new([owner]).unwrap());
    let (publish, news) = channel();
    let watches = Watches::start(truth, roster, &[], move |mailbox, sight| {
        drop(publish.send(told(mailbox, sight)));
    });
    watches.as_ref().unwrap().watch(&mailbox());
    assert_eq!(news.recv_timeout(PATIENCE), Ok((mailbox(), Some((0, 0)))));
    drop(watches);
    assert_eq!(store.asked(), 0);
}
