//! A web server with a folder of its own, and those who ask it.

use crate::decoder::Decoder;
use crate::flow::Menus;
use crate::library::studio::{Studio, StudioConfig};
use crate::web::limits::Limits;
use crate::web::{Web, WebConfig};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use ureq::http::Request;

/// The token for all sets.
pub(super) const ANNA: &str = "anna-anna-anna-anna-anna-anna-anna";

/// The token for the sets of acme.
pub(super) const ACME: &str = "acme-acme-acme-acme-acme-acme-acme";

/// The most octets of an upload here.
pub(super) const MAX_UPLOAD: u64 = 100_000;

/// No answer takes longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A running web server.
pub(super) struct Stand {
    pub(super) folder: TempDir,
    pub(super) web: Option<Web>,
    pub(super) address: SocketAddr,
    agent: ureq::Agent,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: ureq::http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Stand {
    pub(super) fn start() -> Stand {
        Stand::within(Limits::USUAL, 2)
    }

    pub(super) fn within(limits: Limits, max_uploads: usize) -> Stand {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("tokens");
        let tokens = format!("anna {ANNA}\nbea {ACME} acme\n");
        std::fs::write(&token_file, tokens).unwrap();
        let store = folder.path().join("prompts");
        let studio = Studio::open(StudioConfig {
            store: store.clone(),
            decoder: Decoder::of("/bin/false".into()),
            menus: Menus::default(),
        });
        let config = WebConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            token_file,
            store,
            max_upload: MAX_UPLOAD,
            max_uploads,
        };
        let web = Web::start_within(config, Arc::new(studio.unwrap()), limits).unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build();
        Stand {
            folder,
            address: web.address(),
            web: Some(web),
            agent: agent.into(),
        }
    }

    /// A question with a token.
    pub(super) fn ask(&self, method: &str, path: &str, token: &str) -> Answer {
        self.send(method, path, token, &[], None)
    }

    /// A question with a token, headers and perhaps a body.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap();
        Answer {
            status: answer.status().as_u16(),
            head: answer.headers().clone(),
            body: answer.body_mut().read_to_vec().unwrap(),
        }
    }

    /// A question with a JSON body.
    pub(super) fn tell(&self, path: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("POST", path, ANNA, &headers, Some(body.as_bytes()))
    }

    /// Octets as they are; the connection stays open.
    pub(super) fn raw(&self, octets: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(octets.as_bytes()).unwrap();
        stream
    }

    /// The head of an upload of this many octets, and its first octets.
    pub(super) fn begin_upload(&self, length: usize, first: &str) -> TcpStream {
        self.raw(&format!(
            "POST /v1/sets/nl/versions?name=a.zip HTTP/1.1\r\nhost: x\r\n\
             authorization: Bearer {ANNA}\r\ncontent-type: application/zip\r\n\
             content-length: {length}\r\n\r\n{first}"
        ))
    }

    /// The jobs, the newest first.
    pub(super) fn jobs(&self) -> Vec<Value> {
        let answer = self.ask("GET", "/v1/jobs", ANNA).json();
        answer["jobs"].as_array().unwrap().clone()
    }

    /// Waits until the newest job is in this state.
    pub(super) fn await_job(&self, state: &str) -> Value {
        eventually(state, || {
            let job = self.jobs().into_iter().next()?;
            (job["state"] == state).then_some(job)
        })
    }

    /// How many uploads lie in the store.
    pub(super) fn incoming(&self) -> usize {
        let folder = self.folder.path().join("prompts/incoming");
        std::fs::read_dir(folder).unwrap().count()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(web) = self.web.take() {
            web.stop();
        }
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.head
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Asserts a problem with this status and kind.
    pub(super) fn is_problem(&self, status: u16, kind: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:belpost:problem:{kind}"));
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
}

/// All that still comes on a connection, until its end.
pub(super) fn rest(mut stream: TcpStream) -> String {
    let mut octets = Vec::new();
    // A connection that is reset has ended too.
    let _end = stream.read_to_end(&mut octets);
    String::from_utf8_lossy(&octets).into_owned()
}

/// The status of the next answer on a connection.
pub(super) fn status_of(stream: &mut TcpStream) -> u16 {
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    let text = String::from_utf8_lossy(&head).into_owned();
    text.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Looks until there is something to see.
pub(super) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
