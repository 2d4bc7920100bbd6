//! The web server of prompt sets: a programming interface, and a page for operators.
//!
//! In: requests with a token of the token file. Out: what the [`Studio`] says, as JSON and sound;
//! versions made of uploads. Laws: it has a thread and a runtime of its own, so that no call waits
//! for it; what takes long goes to threads beside them; everything is bounded (`limits`); without a
//! token there is nothing but the page, which is empty, and the document of the interface; there
//! are no cookies, so no other page can ask in an operator's name.
//! Specs: OpenAPI 3.1, RFC 9457 (problems), RFC 6750 (tokens), RFC 9110.
//! Not here: TLS, which a proxy in front has; what a version is and does, which the studio knows.

mod access;
mod api;
mod gate;
mod jobs;
mod limits;
mod pace;
mod page;
mod problem;
mod sets;
mod slowed;
mod sounds;
mod staging;
#[cfg(test)]
mod tests;
mod tokens;
mod uploads;
mod views;

pub use tokens::{LineFault, TOKEN_MIN, TokenFault};

use crate::library::studio::{Studio, StudioFault};
use gate::{Gate, Peer};
use jobs::{Jobs, WorkerEnd};
use limits::{FAREWELL, Limits, QUESTIONS_MAX, RECORDING_MAX, TURN};
use problem::Problem;
use slowed::Slowed;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokens::Tokens;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use tracing::{error, info};
use uploads::Uploads;

/// Threads for what takes long: questions, a change, pieces of uploads.
const THREADS_MAX: usize = 16;

/// What a web server is made of.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Where it listens; port 0 has the system choose.
    pub listen: SocketAddr,
    /// The file of tokens.
    pub token_file: PathBuf,
    /// The store of the studio; uploads come to its disk.
    pub store: PathBuf,
    /// The most octets of one upload.
    pub max_upload: u64,
    /// The most uploads at a time.
    pub max_uploads: usize,
}

/// Why there is no web server.
#[derive(Debug, thiserror::Error)]
pub enum WebFault {
    /// The token file.
    #[error(transparent)]
    Tokens(#[from] TokenFault),
    /// The address.
    #[error("http.listen: {address} cannot be used: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The place for uploads.
    #[error("no uploads can be kept in {}: {error}", store.display())]
    Uploads {
        /// The store.
        store: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A thread, or what it runs on.
    #[error("the system refused what the web server runs on: {0}")]
    Thread(io::Error),
}

/// A running web server.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    worker: WorkerEnd,
}

/// What all requests share.
#[derive(Debug)]
struct Shared {
    studio: Arc<Studio>,
    tokens: Tokens,
    slowed: Mutex<Slowed>,
    uploads: Uploads,
    jobs: Jobs,
    questions: Semaphore,
    changes: tokio::sync::Mutex<()>,
    limits: Limits,
    max_upload: u64,
}

impl Web {
    /// Starts a web server. It answers when this returns.
    pub fn start(config: WebConfig, studio: Arc<Studio>) -> Result<Web, WebFault> {
        Web::start_within(config, studio, Limits::USUAL)
    }

    fn start_within(
        config: WebConfig,
        studio: Arc<Studio>,
        limits: Limits,
    ) -> Result<Web, WebFault> {
        let (store, at_a_time) = (config.store, config.max_uploads);
        let tokens = Tokens::open(config.token_file)?;
        let uploads = Uploads::open(&store, at_a_time, limits);
        let uploads = uploads.map_err(|error| WebFault::Uploads { store, error })?;
        let listening = listen(config.listen);
        let (listener, address) = listening.map_err(|error| WebFault::Listen {
            address: config.listen,
            error,
        })?;
        let (jobs, worker) = Jobs::start(Arc::clone(&studio)).map_err(WebFault::Thread)?;
        let shared = Arc::new(Shared {
            studio,
            tokens,
            slowed: Mutex::default(),
            uploads,
            jobs,
            questions: Semaphore::new(QUESTIONS_MAX),
            changes: tokio::sync::Mutex::default(),
            limits,
            max_upload: config.max_upload,
        });
        let (stop, stopped) = oneshot::channel();
        let (ready, began) = sync_channel(1);
        let served = Arc::clone(&shared);
        let thread = thread::Builder::new().name("web".into());
        let thread = thread
            .spawn(move || serve(listener, served, stopped, &ready))
            .map_err(WebFault::Thread)?;
        let began = began.recv().unwrap_or(Err(io::ErrorKind::Other.into()));
        began.map_err(WebFault::Thread)?;
        info!(%address, "the web page is ready");
        Ok(Web {
            address,
            shared,
            stop,
            thread,
            worker,
        })
    }

    /// Where it listens, with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it: no new requests, those on their way are answered, the upload that is compiled is
    /// waited for, each for some seconds at most. What is given up leaves no version.
    pub fn stop(self) {
        self.shared.jobs.end();
        // A server that has ended already needs no word.
        let _ended = self.stop.send(());
        if self.thread.join().is_err() {
            error!("the web server ended by a bug");
        }
        self.worker.wait();
    }
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The thread of the web server: serves until told to stop, and a little longer for those who wait
/// for an answer. The runtime is made here, so that no other runtime knows of it.
fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopped: oneshot::Receiver<()>,
    ready: &SyncSender<io::Result<()>>,
) {
    let limits = shared.limits;
    let service = api::router(shared).into_make_service_with_connect_info::<Peer>();
    let opened = open(listener, limits);
    // Whoever starts the server waits for this word.
    let (runtime, gate) = match opened {
        Ok(opened) => {
            let _told = ready.try_send(Ok(()));
            opened
        }
        Err(fault) => {
            let _told = ready.try_send(Err(fault));
            return;
        }
    };
    let (leave, left) = oneshot::channel::<()>();
    runtime.block_on(async {
        let serving = axum::serve(gate, service).with_graceful_shutdown(async {
            // Stopped, or dropped by whoever would stop it.
            let _why = stopped.await;
            drop(leave);
        });
        tokio::select! {
            ended = serving => drop(ended),
            () = farewell(left) => {}
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
}

fn open(listener: TcpListener, limits: Limits) -> io::Result<(Runtime, Gate)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS_MAX)
        .thread_name("web")
        .build()?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    Ok((runtime, Gate::new(listener, limits)))
}

/// Ends some seconds after the server was told to stop.
async fn farewell(left: oneshot::Receiver<()>) {
    let _why = left.await;
    tokio::time::sleep(FAREWELL).await;
}

impl Shared {
    /// The most octets of one recording.
    fn max_recording(&self) -> u64 {
        self.max_upload.min(RECORDING_MAX)
    }

    /// Asks the studio, on a thread beside.
    async fn ask<T: Send + 'static>(
        self: &Arc<Shared>,
        question: impl FnOnce(&Studio) -> Result<T, StudioFault> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN, self.questions.acquire()).await;
        // The semaphore is never closed.
        let Ok(Ok(_turn)) = turn else {
            return Err(Problem::too_many("too many questions at a time", TURN));
        };
        self.beside(move |studio| Ok(question(studio)?)).await
    }

    /// Has the studio change something: one change after another.
    async fn change<T: Send + 'static>(
        self: &Arc<Shared>,
        change: impl FnOnce(&Studio) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN, self.changes.lock()).await;
        let Ok(_turn) = turn else {
            return Err(Problem::too_many("too many changes at a time", TURN));
        };
        self.beside(change).await
    }

    async fn beside<T: Send + 'static>(
        self: &Arc<Shared>,
        work: impl FnOnce(&Studio) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&shared.studio));
        done.await.unwrap_or_else(|fault| {
            error!(%fault, "an answer ended by a bug");
            Err(Problem::bug())
        })
    }
}
