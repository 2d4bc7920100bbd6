//! Starting a server, and stopping it.

use super::clock::Clock;
use super::codes::{CodesFault, codes};
use super::delivery;
use super::edges::{Edges, Questions};
use super::log_ins::{Checked, KnownPasscodes, LogIns, LogInsFault};
use super::post::Post;
use super::prompt_desk::{Done, PromptDesk};
use super::prompts::{Loader, PromptWatch, Prompts};
use super::rules::{self, MenusFault};
use super::services_desk::{DeskFault, LastRun, ServicesDesk};
use super::signalling::Signalling;
use super::state_file::StateFile;
use super::telling::Telling;
use super::web;
use crate::call::Switch;
use crate::config::Config;
use crate::deliver::{self, MailSetupFault, TextsFault};
use crate::directory::{Book, Directory};
use crate::engine::{Engine, EngineFault};
use crate::flow::Menus;
use crate::lamp::{Cleared, Lamps};
use crate::library::studio::{Studio, StudioFault};
use crate::library::{self, LibraryFault};
use crate::mime::MailHostFault;
use crate::observe::EventLog;
use crate::registrar::Registrar;
use crate::sip::{self, Machine};
use crate::spool::{self, Spool, SpoolConfig};
use crate::subscriber::{DeviceTaken, Devices, NumberTaken, Roster};
use crate::transport::{self, Bounds, Transport};
use crate::web::{Web, WebFault};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{error, info};

/// Media reports that may wait for the signalling task. Keys and ends of prompts are few: at
/// 1,000 calls some hundred a second.
const MEDIA_REPORTS_MAX: usize = 16_384;
/// Recorded seconds that may wait for the disk, over all calls: 64 MiB.
const BLOCKS_MAX: usize = 8_192;
/// Bytes of a megabyte, as disks are sold.
const MEGABYTE: u64 = 1_000_000;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// The system refused something.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// A SIP socket.
    #[error(transparent)]
    Sip(#[from] transport::BindFault),
    /// The media engine.
    #[error(transparent)]
    Media(#[from] EngineFault),
    /// The prompts.
    #[error(transparent)]
    Prompts(#[from] LibraryFault),
    /// The menus.
    #[error(transparent)]
    Menus(#[from] MenusFault),
    /// The feature access codes.
    #[error("{0}")]
    Codes(#[from] CodesFault),
    /// The store of prompt sets.
    #[error(transparent)]
    Studio(#[from] StudioFault),
    /// The web page.
    #[error(transparent)]
    Web(#[from] WebFault),
    /// The spool.
    #[error(transparent)]
    Spool(#[from] spool::OpenFault),
    /// The mailboxes.
    #[error(transparent)]
    Mailboxes(#[from] deliver::StartFault),
    /// The subscribers.
    #[error(transparent)]
    Subscribers(#[from] NumberTaken),
    /// Their telephones.
    #[error(transparent)]
    Devices(#[from] DeviceTaken),
    /// What subscribers have set.
    #[error(transparent)]
    Services(#[from] DeskFault),
    /// The passcode thread.
    #[error(transparent)]
    LogIns(#[from] LogInsFault),
    /// The host of the mailboxes.
    #[error("[mailboxes] host: {0}")]
    Host(#[from] MailHostFault),
    /// The texts of mails.
    #[error(transparent)]
    Texts(#[from] TextsFault),
    /// Sending mail.
    #[error(transparent)]
    Mail(#[from] MailSetupFault),
    /// The ledger.
    #[error("the ledger in {0} cannot be opened: {1}")]
    Ledger(PathBuf, std::io::Error),
    /// The call event log.
    #[error("the call event log {0} cannot be opened: {1}")]
    Events(PathBuf, std::io::Error),
}

/// What was kept from the last run, for those that are made after the edges.
struct Kept {
    cleared: Cleared,
    last_run: LastRun,
}

/// A running server.
pub struct Server {
    addresses: Vec<(sip::Transport, SocketAddr)>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Edges>,
    delivery: delivery::Far,
    web: Option<Web>,
}

impl Server {
    /// Starts everything. Calls are taken when this returns.
    pub async fn start(config: &Config) -> Result<Server, StartFault> {
        let roster = Directory::of(config.subscribers.clone())?.roster();
        let (menus, codes) = (rules::menus(&config.menus)?, codes(config)?);
        let web = web::open(config, &menus)?;
        let book = Book::default();
        let (edges, delivery, kept) = open_edges(config, &roster, &book, &menus).await?;
        let addresses = edges.transport.local_addrs().to_vec();
        let devices = Devices::new(config.devices.clone())?;
        let registers = !devices.is_empty();
        let sip = rules::sip(&config.sip, &config.lamp, registers, &addresses);
        let machine = Machine::new(sip, random()?);
        let whose = Arc::clone(&roster);
        let mut registrar = Registrar::new(rules::registrar(config), devices, whose, random()?);
        let seed = u64::from_le_bytes(random()?);
        let clock = Clock::start();
        let peers = rules::lamp_peers(&config.lamp);
        let lamps = Lamps::new(clock.now().mono, Arc::clone(&roster), peers, kept.cleared);
        let mut switch = Switch::new(
            rules::calls(config, roster, (menus, codes), book.copy()),
            seed,
        );
        registrar.handle_stored(clock.now(), kept.last_run.bindings);
        for (guarded, lock) in kept.last_run.locks {
            switch.set_lock(clock.now(), guarded, lock);
        }
        let signalling = Signalling {
            clock,
            machine,
            switch,
            lamps,
            registrar,
            edges,
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(signalling.run(stopped));
        info!(
            ?addresses,
            subscribers = config.subscribers.len(),
            "ready for calls"
        );
        Ok(Server {
            addresses,
            stop,
            task,
            delivery,
            web,
        })
    }

    /// Where SIP is taken, with real ports.
    pub fn addresses(&self) -> &[(sip::Transport, SocketAddr)] {
        &self.addresses
    }

    /// Where the web page is, with its real port.
    pub fn web_address(&self) -> Option<SocketAddr> {
        self.web.as_ref().map(Web::address)
    }

    /// Ends the server in order: no new calls, the present ones are told and their recordings
    /// kept, what is spooled is delivered as far as it can be now, all else stays for the next
    /// start.
    pub async fn stop(self) {
        // The task that has ended already needs no word.
        let _ended = self.stop.send(());
        let near = match self.task.await {
            Ok(edges) => Some(edges.close().await),
            Err(fault) => {
                error!(%fault, "the signalling task ended by a fault");
                None
            }
        };
        if let Some(web) = self.web {
            web.stop();
        }
        self.delivery.stop(near);
        info!("ended in order");
    }
}

/// Opens all a server has to do with, the SIP sockets last, so that no call comes too early.
async fn open_edges(
    config: &Config,
    roster: &Arc<Roster>,
    book: &Book,
    menus: &Menus,
) -> Result<(Edges, delivery::Far, Kept), StartFault> {
    let loader = load_prompts(config)?;
    let events = open_events(config)?;

    let (report, reports) = mpsc::unbounded_channel();
    let spool = Spool::open(&spool_config(config), move |r| drop(report.send(r)))?;
    tell_recovery(&spool);
    let (tell, told) = mpsc::unbounded_channel();
    let (services_desk, last_run) =
        ServicesDesk::start(&config.directory.file, book.clone(), tell)?;
    let (near, far) = delivery::open(config, roster, &spool, book)?;
    let (media_in, media) = mpsc::channel(MEDIA_REPORTS_MAX);
    let engine = Engine::start(
        &rules::media(config),
        || Box::new(spool.intake()),
        &media_in,
    )?;
    let (lamp_file, cleared) = StateFile::open(config.lamp.file.clone(), "lamps", Cleared::parse)?;
    let (log_ins, checked) = open_log_ins(config, roster, book)?;
    let (prompt_desk, changes) = open_prompt_desk(config, menus, Arc::clone(&loader))?;
    let prompt_watch = PromptWatch::start(Arc::clone(&loader))?;
    let (transport, inbound) = Transport::bind(sockets(config)).await?;
    let edges = Edges {
        transport,
        inbound,
        engine,
        media,
        media_address: rules::media_address(&config.media),
        spool,
        reports,
        near,
        log_ins,
        checked,
        prompts: Prompts::new(loader),
        prompt_watch,
        prompt_desk,
        changes,
        ordered: HashMap::new(),
        post: Post::default(),
        telling: Telling::new(events),
        asked: Questions::default(),
        lamp_file,
        services_desk,
        told,
        takes: HashMap::new(),
        newest: HashMap::new(),
    };
    let kept = Kept { cleared, last_run };
    Ok((edges, far, kept))
}

fn sockets(config: &Config) -> transport::Config {
    let listen = config.sip.listen.iter();
    transport::Config {
        listen: listen.map(|l| (l.transport, l.address)).collect(),
        bounds: Bounds::default(),
    }
}

/// The thread that checks passcodes, and where its answers come.
fn open_log_ins(
    config: &Config,
    roster: &Arc<Roster>,
    book: &Book,
) -> Result<(LogIns, mpsc::UnboundedReceiver<Checked>), StartFault> {
    let (answers, checked) = mpsc::unbounded_channel();
    let rules = KnownPasscodes {
        roster: Arc::clone(roster),
        book: book.clone(),
        operators: rules::operator_passcodes(config),
        history: config.passcodes.history,
    };
    let log_ins = LogIns::start(rules, random()?, answers)?;
    Ok((log_ins, checked))
}

/// The thread that changes prompts by telephone, where a number leads there, and where it tells
/// what came of it.
fn open_prompt_desk(
    config: &Config,
    menus: &Menus,
    loader: Arc<Loader>,
) -> Result<(Option<PromptDesk>, mpsc::UnboundedReceiver<Done>), StartFault> {
    let (answers, changes) = mpsc::unbounded_channel();
    if rules::operators(config).is_empty() {
        return Ok((None, changes));
    }
    let studio = Studio::open(rules::studio(config, menus))?;
    let desk = PromptDesk::start(studio, loader, answers)?;
    Ok((Some(desk), changes))
}

/// The prompts, loaded.
fn load_prompts(config: &Config) -> Result<Arc<Loader>, LibraryFault> {
    let loader = Loader::open(library::Config {
        store: Some(config.prompts.store.clone()),
        cache: config.prompts.cache.clone(),
        tones: false,
    })?;
    Ok(Arc::new(loader))
}

fn open_events(config: &Config) -> Result<EventLog, StartFault> {
    match &config.events.file {
        None => Ok(EventLog::off()),
        Some(file) => EventLog::open(file).map_err(|e| StartFault::Events(file.clone(), e)),
    }
}

fn spool_config(config: &Config) -> SpoolConfig {
    let reserve = u64::from(config.spool.reserve_mb) * MEGABYTE;
    let rules = spool::Rules {
        reserve,
        longest: rules::longest(config),
    };
    SpoolConfig {
        folder: config.spool.folder.clone(),
        rules,
        blocks_max: BLOCKS_MAX,
    }
}

fn tell_recovery(spool: &Spool) {
    let recovered = spool.recovered();
    info!(?recovered, "spool opened");
}

fn random<const N: usize>() -> Result<[u8; N], StartFault> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(StartFault::Random)?;
    Ok(octets)
}
