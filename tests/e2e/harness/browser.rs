//! A real browser: Chromium without a window, told what to do over WebDriver.
//!
//! Laws: the driver and its browser end with this; the port is free when chosen; what is waited for
//! is waited for with a bound. Spec: W3C WebDriver level 2, and the driver's `goog/cdp` command for
//! the size and colours of the screen.

use super::ports::free_port;
use super::process::{self, Process};
use super::wait::eventually;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// The longest a command of the driver, and a change of the page, may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
#[derive(Debug)]
pub(crate) struct Browser {
    session: String,
    agent: ureq::Agent,
    folder: TempDir,
    _driver: Process,
}

/// What the screen is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// Its width in pixels.
    pub(crate) width: u32,
    /// Its height in pixels.
    pub(crate) height: u32,
    /// Whether its owner likes it dark.
    pub(crate) dark: bool,
}

impl Browser {
    /// Starts one that prefers this language.
    pub(crate) fn start(language: &str) -> Browser {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        // What the browser keeps is kept in the folder of the test.
        command.env("HOME", folder.path());
        command.env("TMPDIR", folder.path());
        let driver = Process::start(command, &folder.path().join("driver.log"));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        let agent: ureq::Agent = config.build().into();
        let base = format!("http://127.0.0.1:{port}");
        eventually("the driver is ready", PATIENCE, || {
            let status = agent.get(format!("{base}/status")).call().ok()?;
            (status.status().as_u16() == 200).then_some(())
        });
        let wanted = capabilities(language, &folder.path().join("profile"));
        let opened = command_of(&agent, "POST", &format!("{base}/session"), &wanted);
        let id = opened["sessionId"].as_str().expect("a session");
        Browser {
            session: format!("{base}/session/{id}"),
            agent,
            folder,
            _driver: driver,
        }
    }

    /// Opens an address.
    pub(crate) fn open(&self, address: &str) {
        self.command("POST", "url", &json!({ "url": address }));
    }

    /// Runs a function body in the page; what it returns.
    pub(crate) fn run(&self, script: &str, arguments: Value) -> Value {
        let mut body = json!({ "script": script });
        body["args"] = arguments;
        self.command("POST", "execute/sync", &body)
    }

    /// Waits until an expression in the page is true, and says what it is.
    pub(crate) fn until(&self, what: &str, expression: &str) -> Value {
        let script = format!("return {expression};");
        eventually(what, PATIENCE, || {
            let value = self.run(&script, json!([]));
            let nothing = value.is_null() || value == false || value == "" || value == 0;
            (!nothing).then_some(value)
        })
    }

    /// Clicks on what a selector finds, once it is there.
    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.command("POST", &format!("element/{element}/click"), &json!({}));
    }

    /// Types into what a selector finds.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        let body = json!({ "text": text });
        self.command("POST", &format!("element/{element}/value"), &body);
    }

    /// Presses a key, wherever the focus is.
    pub(crate) fn press(&self, key: &str) {
        let actions = json!([
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ]);
        let body = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.command("POST", "actions", &body);
    }

    /// Makes the screen another one.
    pub(crate) fn screen(&self, screen: Screen) {
        let Screen {
            width,
            height,
            dark,
        } = screen;
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": false });
        self.development("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.development("Emulation.setEmulatedMedia", &media);
    }

    /// Keeps a picture of what is seen, below the target folder.
    pub(crate) fn picture(&self, name: &str) {
        let shot = self.development("Page.captureScreenshot", &json!({ "format": "png" }));
        let octets = base64(shot["data"].as_str().expect("a picture"));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.png")), octets).expect("a picture");
    }

    /// What the browser complains of.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = self.command("POST", "se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().cloned().unwrap_or_default();
        let severe = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        severe
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn development(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.command("POST", "goog/cdp/execute", &body)
    }

    fn find(&self, selector: &str) -> String {
        let body = json!({ "using": "css selector", "value": selector });
        eventually(selector, PATIENCE, || {
            let address = format!("{}/elements", self.session);
            let found = command_of(&self.agent, "POST", &address, &body);
            let first = found.as_array()?.first()?.as_object()?;
            Some(first.values().next()?.as_str()?.to_owned())
        })
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        let address = format!("{}/{path}", self.session);
        command_of(&self.agent, method, &address, body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver takes its browser along.
        let _gone = self.agent.delete(&self.session).call();
        if std::thread::panicking() {
            process::show("driver", &self.folder.path().join("driver.log"));
        }
    }
}

fn capabilities(language: &str, profile: &std::path::Path) -> Value {
    let arguments = [
        "--headless=new".to_owned(),
        // The browser's own fences want a system that is not root's.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--autoplay-policy=no-user-gesture-required".to_owned(),
        format!("--accept-lang={language}"),
        format!("--user-data-dir={}", profile.display()),
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "goog:chromeOptions": { "args": arguments },
        "goog:loggingPrefs": { "browser": "ALL" },
    } } })
}

fn command_of(agent: &ureq::Agent, method: &str, address: &str, body: &Value) -> Value {
    let answer = match method {
        "GET" => agent.get(address).call(),
        _ => agent.post(address).send_json(body),
    };
    let mut answer = answer.unwrap_or_else(|e| panic!("{address}: {e}"));
    let said: Value = answer.body_mut().read_json().expect("an answer");
    assert!(answer.status().is_success(), "{address}: {said}");
    said["value"].clone()
}

/// Octets from base64 (RFC 4648 section 4).
fn base64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut octets, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for six in text.bytes().filter_map(value) {
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push((bits >> held) as u8);
        }
    }
    octets
}
