//! Everything between the spool and where messages go, and the mailboxes of callers.
//!
//! In: the configuration, the subscribers and the spool. Out: threads that deliver, answer, watch
//! and remove, wired to each other: whoever changes a mailbox has it counted, and what is counted
//! goes to the lamps and to those who ask whether there is room.

use super::greeting_mirror::{Changed, GreetingMirror};
use super::owners_words::InOwnersWords;
use super::start::StartFault;
use crate::base::MailboxId;
use crate::config::Config;
use crate::deliver::{
    Answered, Couriers, Deliverer, Event, Fullness, Imap, ImapServer, Keeping, MailCourier,
    MailTeller, Mailboxes, Maildir, Stores, Truth, Watches, read_templates,
};
use crate::directory::Book;
use crate::mailbox::{Ledger, NoLedger, Sight};
use crate::mime::MailHost;
use crate::observe::LedgerFiles;
use crate::spool::Spool;
use crate::subscriber::Roster;
use std::sync::Arc;
use std::thread;
use tokio::sync::mpsc;

/// What happened to a mailbox that the signalling task wants to know.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum MailboxNews {
    /// This is what it holds, as far as anybody can know.
    Seen(MailboxId, Sight),
    /// Whether it has room may have changed.
    Room(MailboxId),
}

/// The near side of the mailboxes, as the signalling task uses it.
pub(super) struct Near {
    pub mailboxes: Mailboxes,
    pub watches: Arc<Watches>,
    pub fullness: Fullness,
    pub ledger: Arc<dyn Ledger>,
    /// Who keeps names and greetings in step with accounts is told of changes.
    pub services_changed: Changed,
    pub answers: mpsc::UnboundedReceiver<Answered>,
    pub news: mpsc::UnboundedReceiver<MailboxNews>,
}

/// The far side: what goes on by itself until the server ends.
pub(super) struct Far {
    deliverer: Deliverer,
    keeping: Keeping,
    greetings: GreetingMirror,
    ledger: Option<LedgerFiles>,
    imap: Vec<Arc<Imap>>,
}

impl Far {
    /// Delivers what is due now, once, and ends. Whatever waits for a mail server is waited for
    /// together, not one after the other.
    pub(super) fn stop(self, near: Option<Near>) {
        let (keeping, deliverer, greetings) = (self.keeping, self.deliverer, self.greetings);
        thread::scope(|scope| {
            scope.spawn(move || drop(keeping));
            scope.spawn(move || drop(greetings));
            scope.spawn(move || drop(near));
            deliverer.stop();
        });
        for imap in &self.imap {
            imap.close();
        }
        if self.ledger.is_some_and(|ledger| !ledger.flush()) {
            tracing::warn!("the ledger may lack its last lines: its disk is slow");
        }
    }
}

/// Starts everything.
pub(super) fn open(
    config: &Config,
    roster: &Arc<Roster>,
    spool: &Spool,
    book: &Book,
) -> Result<(Near, Far), StartFault> {
    let host = MailHost::parse(&config.mailboxes.host)?;
    let files = open_ledger(config)?;
    let ledger = ledger(files.as_ref());
    let maildir = Arc::new(Maildir::new(config.mailboxes.folder.clone(), host.clone()));
    let imap = imap_servers(config, &host);
    let servers: Vec<ImapServer> = imap.iter().map(|imap| imap.server().clone()).collect();
    let stores = stores(&maildir, &imap);
    let truth = Arc::new(Truth::new(stores, spool.outbox(), Arc::clone(&ledger)));
    let fullness = Fullness::new(Arc::clone(roster));
    let (tell, news) = mpsc::unbounded_channel();
    let watches = watch(&truth, roster, &servers, &fullness, &tell)?;
    let (answer, answers) = mpsc::unbounded_channel();
    let mailboxes = Mailboxes::start(
        Arc::clone(&truth),
        Arc::clone(roster),
        &servers,
        recount(&watches),
        move |answered| drop(answer.send(answered)),
    )?;
    let keeping = Keeping::start(truth, roster, recount(&watches))?;
    let deliverer = Deliverer::start(
        couriers(config, &host, maildir, &imap, book)?,
        spool.outbox(),
        Arc::clone(roster),
        Arc::clone(&ledger),
        on_delivery(&watches, &fullness, tell),
    )?;
    let greetings = GreetingMirror::start(&imap, roster, book, &config.directory)?;
    count_all(roster, &watches);
    let near = Near {
        mailboxes,
        watches,
        fullness,
        ledger,
        services_changed: greetings.changed(),
        answers,
        news,
    };
    let far = Far {
        deliverer,
        keeping,
        greetings,
        ledger: files,
        imap,
    };
    Ok((near, far))
}

fn open_ledger(config: &Config) -> Result<Option<LedgerFiles>, StartFault> {
    let Some(folder) = &config.ledger.folder else {
        return Ok(None);
    };
    LedgerFiles::open(folder, config.ledger.keep_days)
        .map(Some)
        .map_err(|fault| StartFault::Ledger(folder.clone(), fault))
}

fn ledger(files: Option<&LedgerFiles>) -> Arc<dyn Ledger> {
    match files {
        Some(files) => Arc::new(files.clone()),
        None => Arc::new(NoLedger),
    }
}

fn imap_servers(config: &Config, host: &MailHost) -> Vec<Arc<Imap>> {
    let servers = config.imap.iter();
    servers
        .map(|imap| Imap::new(imap.server.clone(), host.clone()))
        .collect()
}

fn stores(maildir: &Arc<Maildir>, imap: &[Arc<Imap>]) -> Stores {
    let local = Stores::new(Arc::clone(maildir) as _);
    imap.iter().fold(local, |stores, imap| {
        stores.imap(&imap.server().name, Arc::new(imap.store()))
    })
}

fn couriers(
    config: &Config,
    host: &MailHost,
    maildir: Arc<Maildir>,
    imap: &[Arc<Imap>],
    book: &Book,
) -> Result<Couriers, StartFault> {
    let templates = Arc::new(read_templates(config.mail.templates.as_deref())?);
    let mail = Arc::new(MailCourier::new(&config.mail, templates, host.clone())?);
    let teller = MailTeller::new(
        Arc::clone(&mail),
        config.mail.postmaster.clone(),
        config.prompts.language.clone(),
    );
    let teller = InOwnersWords::new(Arc::new(teller), book.clone());
    let mut couriers = Couriers::new(maildir).mail(mail).notify(Arc::new(teller));
    for imap in imap {
        couriers = couriers.imap(&imap.server().name, Arc::new(imap.courier()));
    }
    Ok(couriers)
}

fn watch(
    truth: &Arc<Truth>,
    roster: &Arc<Roster>,
    servers: &[ImapServer],
    fullness: &Fullness,
    tell: &mpsc::UnboundedSender<MailboxNews>,
) -> Result<Arc<Watches>, StartFault> {
    let (fullness, tell) = (fullness.clone(), tell.clone());
    let publish = move |mailbox: MailboxId, sight| {
        // What is believed says nothing of the room there is.
        if let Sight::Counted(tally) = &sight {
            fullness.counted(&mailbox, tally);
        }
        // Nobody listens any more when the server has ended.
        let _told = tell.send(MailboxNews::Seen(mailbox, sight));
    };
    let watches = Watches::start(Arc::clone(truth), Arc::clone(roster), servers, publish)?;
    Ok(Arc::new(watches))
}

fn recount(watches: &Arc<Watches>) -> impl Fn(&MailboxId) + Send + Sync + 'static {
    let watches = Arc::clone(watches);
    move |mailbox: &MailboxId| watches.recount(mailbox)
}

fn on_delivery(
    watches: &Arc<Watches>,
    fullness: &Fullness,
    tell: mpsc::UnboundedSender<MailboxNews>,
) -> impl Fn(Event) + Send + Sync + 'static {
    let (watches, fullness) = (Arc::clone(watches), fullness.clone());
    move |event| {
        let room = |mailbox| drop(tell.send(MailboxNews::Room(mailbox)));
        match event {
            Event::Stored(mailbox, _) | Event::Dead(mailbox, _) | Event::Dropped(mailbox, _) => {
                watches.recount(&mailbox);
            }
            Event::Full(mailbox) => {
                fullness.refused(&mailbox);
                room(mailbox);
            }
            Event::NotFull(mailbox) => {
                fullness.taken(&mailbox);
                room(mailbox);
            }
        }
    }
}

/// Every mailbox with limits is counted once, so that callers of a full one are told from the
/// first call on.
fn count_all(roster: &Roster, watches: &Watches) {
    for owner in roster.all() {
        let limited = owner.limits.messages.is_some() || owner.limits.sound.is_some();
        if limited && owner.delivery.is_heard_by_phone() {
            watches.recount(&owner.mailbox);
        }
    }
}
