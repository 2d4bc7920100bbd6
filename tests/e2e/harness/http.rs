//! A client of the programming interface, and archives to upload.

use super::Server;
use super::setup::Setup;
use super::wait::{eventually, seconds};
use serde_json::Value;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;
use ureq::http::Request;
use zip::write::SimpleFileOptions;

/// The token for all sets.
pub(crate) const ANNA: &str = "anna-anna-anna-anna-anna-anna-anna";

/// The token for the sets of acme.
pub(crate) const ACME: &str = "acme-acme-acme-acme-acme-acme-acme";

/// The longest an answer, and a job, may take: a debug build compiles slowly.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks the interface of one server with one token.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    base: String,
    token: String,
    agent: ureq::Agent,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// A server in a folder of its own with a web page, a store and tokens of its own.
pub(crate) fn start_with_page(setup: Setup) -> Server {
    let folder = tempfile::Builder::new()
        .prefix("belpost-")
        .tempdir()
        .expect("a folder");
    let tokens = folder.path().join("tokens");
    let lines = format!("anna {ANNA}\nbea {ACME} acme\n");
    std::fs::write(&tokens, lines).expect("a token file");
    let store = folder.path().join("prompts");
    let setup = setup
        .line("prompts", format!("store = {:?}", store.display()))
        .line("http", "listen = \"127.0.0.1:0\"")
        .line("http", format!("token_file = {:?}", tokens.display()));
    Server::start_in(folder, &setup)
}

/// Where the page of a server is.
pub(crate) fn page_of(server: &Server) -> String {
    let line = eventually("the page is ready", seconds(10.0), || {
        let printed = server.printed();
        printed.lines().rev().find_map(|line| {
            let rest = line.strip_prefix("listening on http:")?;
            Some(rest.to_owned())
        })
    });
    format!("http://{line}")
}

impl Http {
    /// One that asks this server with this token.
    pub(crate) fn of(server: &Server, token: &str) -> Http {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        Http {
            base: page_of(server),
            token: token.to_owned(),
            agent: config.build().into(),
        }
    }

    /// A question without a body.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Answer {
        let request = self.request(method, path).body(()).expect("a request");
        Answer::of(self.agent.run(request).expect("an answer"))
    }

    /// What is answered with 200 as JSON.
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    /// A question with a body.
    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let request = self.request(method, path).header("content-type", kind);
        let request = request.body(body).expect("a request");
        Answer::of(self.agent.run(request).expect("an answer"))
    }

    /// Says something in JSON.
    pub(crate) fn tell(&self, path: &str, what: &Value) -> Answer {
        let body = what.to_string();
        self.send("POST", path, "application/json", body.as_bytes())
    }

    /// Uploads an archive and waits for the end of its job.
    pub(crate) fn upload(&self, path: &str, archive: &[u8]) -> Value {
        let answer = self.send("POST", path, "application/zip", archive);
        self.outcome(&answer)
    }

    /// The job that was begun, at its end.
    pub(crate) fn outcome(&self, begun: &Answer) -> Value {
        assert_eq!(begun.status, 202, "{}", begun.text());
        let job = begun.json()["job"].as_str().expect("a job").to_owned();
        eventually("the job ends", PATIENCE, || {
            let job = self.get(&format!("/v1/jobs/{job}"));
            (job["state"] == "done" || job["state"] == "refused").then_some(job)
        })
    }

    fn request(&self, method: &str, path: &str) -> ureq::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
    }
}

impl Answer {
    fn of(mut answer: ureq::http::Response<ureq::Body>) -> Answer {
        Answer {
            status: answer.status().as_u16(),
            body: answer.body_mut().read_to_vec().expect("a body"),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A zip archive of these files.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, octets) in files {
        let options = SimpleFileOptions::default();
        archive.start_file(*name, options).expect("an entry");
        archive.write_all(octets).expect("an entry");
    }
    archive.finish().expect("an archive").into_inner()
}

/// A clip compiled into the program, as a file.
pub(crate) fn clip_file(language: &str, clip: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    let file = folder.join(language).join("clips");
    std::fs::read(file.join(format!("{clip}.flac"))).expect("a clip")
}
