//! `belpost self-test`.

use super::arguments::{SelfTestArgs, SelfTestTransport};
use super::fault::CliFault;
use crate::audio::wav;
use crate::base::{DialString, Pii};
use crate::config::{Config, load};
use crate::selftest::{self, Failure, Report, Step, Subject};
use crate::sip::Transport;
use serde::Serialize;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// What the caller says: 15 s of recorded speech (provenance in `media-fixtures/README.md`).
const SPEECH: &[u8] = include_bytes!("../../media-fixtures/audio/speech-en.wav");
/// The number the caller shows.
const CALLER: &str = "0612345678";

/// The outcome, for other programs.
#[derive(Serialize)]
struct Outcome {
    passed: bool,
    steps: Vec<StepLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// One step, for other programs.
#[derive(Serialize)]
struct StepLine {
    call: &'static str,
    at_ms: u64,
    took_ms: u64,
    what: String,
}

/// Calls a running server and judges what comes back.
pub(super) fn run(args: &SelfTestArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(args.config.as_deref())?;
    let subject = subject(args, &config)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliFault::Runtime)?;
    let mut steps = Vec::new();
    let limit = Duration::from_secs(u64::from(args.timeout));
    let outcome = runtime.block_on(async {
        let mut progress = |step: &Step| {
            steps.push(line(step));
            if !args.json {
                // What cannot be shown is still judged.
                let _unseen = show(step, out);
            }
        };
        selftest::run(&subject, limit, &mut progress).await
    });
    tell(outcome, steps, args.json, out)
}

fn subject(args: &SelfTestArgs, config: &Config) -> Result<Subject, CliFault> {
    let via = match args.transport {
        SelfTestTransport::Udp => Transport::Udp,
        SelfTestTransport::Tcp => Transport::Tcp,
    };
    let configured = config
        .sip
        .listen
        .iter()
        .find(|l| l.transport == via)
        .map(|l| l.address);
    let server = args
        .server
        .or(configured)
        .map(reachable)
        .ok_or(CliFault::NoServer)?;
    let portal = args
        .portal
        .clone()
        .or_else(|| config.portal.numbers.first().cloned());
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| CliFault::Runtime(io::Error::other(e)))?;
    Ok(Subject {
        server,
        via,
        bind: own_address(server),
        portal: portal.ok_or(CliFault::NoPortal)?,
        mailbox: args.mailbox.clone(),
        passcode: Pii::new(args.passcode.clone()),
        caller: DialString::parse(CALLER).map_err(|e| CliFault::Runtime(io::Error::other(e)))?,
        speech: wav::read(SPEECH).map_err(|e| CliFault::Runtime(io::Error::other(e)))?,
        seed,
    })
}

/// A server that listens on every address is called on loopback.
fn reachable(server: SocketAddr) -> SocketAddr {
    let ip = match server.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, server.port())
}

/// The address to call from.
fn own_address(server: SocketAddr) -> IpAddr {
    if server.ip().is_loopback() {
        server.ip()
    } else {
        crate::server::address_towards(server.ip())
    }
}

fn line(step: &Step) -> StepLine {
    StepLine {
        call: step.call,
        at_ms: step.at.as_millis() as u64,
        took_ms: step.took.as_millis() as u64,
        what: step.what.clone(),
    }
}

fn show(step: &Step, out: &mut dyn Write) -> io::Result<()> {
    let (at, took) = (step.at.as_secs_f64(), step.took.as_secs_f64());
    writeln!(
        out,
        "{at:8.3} s  (+{took:6.3} s)  {}: {}",
        step.call, step.what
    )?;
    out.flush()
}

fn tell(
    outcome: Result<Report, Failure>,
    steps: Vec<StepLine>,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let failed = outcome.as_ref().err().map(ToString::to_string);
    if json {
        super::print_json(
            &Outcome {
                passed: failed.is_none(),
                steps,
                failed,
            },
            out,
        )?;
    } else if failed.is_none() {
        super::print("self-test passed: what was said was heard back\n", out)?;
    }
    outcome.map(drop).map_err(CliFault::SelfTest)
}
