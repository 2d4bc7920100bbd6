//! The two calls of the self-test, step by step.

use super::hearing::{self, Stretch};
use super::phone::{LineState, Phone, PhoneFault};
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
use crate::base::{DialString, MailboxId, Pii};
use crate::sip;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The tone before a recording, in Hz.
const BEEP_HZ: f64 = 440.0;
/// A skip may be off by one packet of 20 ms; positions are measured to 10 ms.
const SKIP_TOLERANCE_MS: i64 = 30;
/// New messages of others that are passed over before giving up.
const STRANGERS_MAX: usize = 20;
/// How much of the speech must be heard before it counts as heard, in ms.
const WANTED_MS: usize = 2_000;
/// The longest wait for an answer on the SIP side.
const SIP_PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait for a sound; a greeting may have to be spoken first.
const SOUND_PATIENCE: Duration = Duration::from_secs(15);

/// Which server is tested, and through whose mailbox.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The server's SIP address. It must trust ours.
    pub server: SocketAddr,
    /// Over UDP or TCP.
    pub via: sip::Transport,
    /// Our own address.
    pub bind: IpAddr,
    /// The number of the voice portal.
    pub portal: DialString,
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Its passcode.
    pub passcode: Pii<String>,
    /// The number the caller shows.
    pub caller: DialString,
    /// What the caller says: 10 s or more, with few pauses.
    pub speech: Pcm,
    /// Makes tags and media identifiers; random.
    pub seed: [u8; 32],
}

/// A step that held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the start of the test.
    pub at: Duration,
    /// What the step itself took.
    pub took: Duration,
    /// What was seen.
    pub what: String,
}

/// The step that did not hold.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A hop did not do its part.
    #[error("{hop}: {what}")]
    Hop {
        /// Which part of the way failed.
        hop: &'static str,
        /// What was expected and what came.
        what: String,
    },
    /// The phone itself failed.
    #[error("this machine: {0}")]
    Phone(#[from] PhoneFault),
    /// The test took longer than it may.
    #[error("the time: the test was not done within {} s", .0.as_secs())]
    TooLong(Duration),
    /// The speech cannot be played.
    #[error("the speech cannot be played: {0}")]
    Speech(String),
}

/// What a test that held has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Runs the test; `progress` sees each step as it is done.
pub async fn run(subject: &Subject, progress: &mut dyn FnMut(&Step)) -> Result<Report, Failure> {
    let phone = Phone::new(subject.bind, subject.server, subject.via, subject.seed).await?;
    let speech = subject
        .speech
        .at_rate(WIRE_RATE)
        .map_err(|f| Failure::Speech(f.to_string()))?;
    let start = Instant::now();
    let report = Report::default();
    let speech = speech.samples;
    let mut test = Test {
        subject,
        speech,
        phone,
        progress,
        report,
        start,
        last: start,
    };
    let outcome = test.both_calls().await;
    let Test { phone, report, .. } = test;
    phone.put_away();
    outcome.map(|()| report)
}

struct Test<'a> {
    subject: &'a Subject,
    speech: Vec<i16>,
    phone: Phone,
    progress: &'a mut dyn FnMut(&Step),
    report: Report,
    start: Instant,
    last: Instant,
}

impl Test<'_> {
    async fn both_calls(&mut self) -> Result<(), Failure> {
        self.deposit().await?;
        self.retrieve().await
    }

    /// The caller: diverted on no answer, leaves, reviews and keeps a message.
    async fn deposit(&mut self) -> Result<(), Failure> {
        let mailbox = &self.subject.mailbox;
        let diversion = format!("<sip:{mailbox}@{}>;reason=no-answer", self.subject.bind);
        let headers = vec![("Diversion".to_owned(), diversion)];
        self.dial(&self.subject.caller.to_string(), headers).await?;
        self.hear_something("greeting").await?;
        self.press("#").await;
        self.beep().await?;
        self.speak().await?;
        let from = self.phone.heard_ms();
        self.press("#").await;
        self.phone.pass(Duration::from_millis(1_500)).await;
        self.press("2").await;
        let found = self.hear_speech("review", from).await?;
        self.passed(format!(
            "key 2 plays the recording back, from its {} ms",
            found.said_ms
        ));
        self.press("3").await;
        self.hung_up("keeping the message").await?;
        self.passed("key 3 keeps the message; the server confirmed and hung up".to_owned());
        Ok(())
    }

    /// The subscriber: logs in, listens with skips and a pause, saves.
    async fn retrieve(&mut self) -> Result<(), Failure> {
        let mailbox = self.subject.mailbox.to_string();
        self.dial(&mailbox, Vec::new()).await?;
        self.hear_something("welcome").await?;
        let passcode = self.subject.passcode.reveal().clone();
        self.press(&format!("{passcode}#")).await;
        self.press("11").await;
        self.passed("passcode, then 1 and 1: play the messages".to_owned());
        let mut before = self.own_message().await?;
        for (key, skip) in [("3", 3_000), ("1", -3_000)] {
            before = self.skip(key, skip, before).await?;
        }
        self.pause().await?;
        self.press("#").await;
        self.phone.pass(Duration::from_secs(2)).await;
        self.phone.hang_up();
        self.hung_up("our own hanging up").await?;
        self.passed("key # saves the message".to_owned());
        Ok(())
    }

    async fn dial(&mut self, from: &str, headers: Vec<(String, String)>) -> Result<(), Failure> {
        let (host, portal) = (self.subject.bind, self.subject.portal.to_string());
        let identity = (
            "P-Asserted-Identity".to_owned(),
            format!("<sip:{from}@{host}>"),
        );
        let headers = headers.into_iter().chain([identity]).collect();
        self.phone.dial(&portal, from, headers)?;
        let outcome = self.phone.wait(SIP_PATIENCE, |p| match p.state() {
            Some(LineState::Up) => Some(Ok(())),
            Some(LineState::Over(reason)) => Some(Err(format!("{reason:?}"))),
            Some(LineState::Calling) | None => None,
        });
        match outcome.await {
            Some(Ok(())) => {
                self.passed(format!("INVITE to {portal} answered"));
                Ok(())
            }
            Some(Err(reason)) => Err(hop("SIP, INVITE", format!("the call ended: {reason}"))),
            None => Err(hop(
                "SIP, INVITE",
                format!("no answer from {}", self.subject.server),
            )),
        }
    }

    async fn hear_something(&mut self, name: &str) -> Result<(), Failure> {
        let heard = self.phone.wait(SOUND_PATIENCE, |p| {
            hearing::anything(&p.heard(), 0, usize::MAX / 8).then_some(())
        });
        if heard.await.is_none() {
            return Err(hop(
                "RTP from the server",
                format!("the {name} was not heard"),
            ));
        }
        self.passed(format!("{name} heard"));
        Ok(())
    }

    async fn beep(&mut self) -> Result<(), Failure> {
        let from = self.phone.heard_ms().saturating_sub(1_000);
        let end = self
            .phone
            .wait(SOUND_PATIENCE, |p| {
                hearing::tone_end(&p.heard(), from, BEEP_HZ)
            })
            .await;
        let Some(_end) = end else {
            let what = "no beep after key # in the greeting: the key or the beep was lost";
            return Err(hop("telephone-event, then prompt", what.to_owned()));
        };
        self.passed("key # stops the greeting; beep heard".to_owned());
        Ok(())
    }

    async fn speak(&mut self) -> Result<(), Failure> {
        let audio = WireAudio::from_samples(&self.speech);
        let length = audio.duration();
        self.phone.say(audio);
        let patience = length + SIP_PATIENCE;
        let done = self.phone.wait(patience, |p| {
            let over = matches!(p.state(), Some(LineState::Over(_)));
            (over || !p.is_speaking()).then_some(over)
        });
        if done.await != Some(false) {
            return Err(hop(
                "recording",
                "the server hung up while we spoke".to_owned(),
            ));
        }
        self.passed(format!("spoke for {:.1} s", length.as_secs_f64()));
        Ok(())
    }

    /// Waits until the speech is heard after `from`, for two seconds of it.
    async fn hear_speech(&mut self, name: &str, from: usize) -> Result<Stretch, Failure> {
        self.find_speech(from, SOUND_PATIENCE).await.ok_or_else(|| {
            hop(
                "spool or mailbox, then RTP",
                format!("{name}: what was said does not come back"),
            )
        })
    }

    async fn find_speech(&mut self, from: usize, patience: Duration) -> Option<Stretch> {
        let speech = self.speech.clone();
        let mut looked_at = 0;
        self.phone
            .wait(patience, |p| {
                // New audio comes about once a second; looking at the same twice finds nothing.
                let heard_ms = p.heard_ms();
                if heard_ms == looked_at {
                    return None;
                }
                // A stretch may have begun in what was looked at before.
                let again = looked_at.saturating_sub(WANTED_MS);
                looked_at = heard_ms;
                let found = hearing::stretches(&p.heard(), from.max(again), &speech);
                found.into_iter().find(|s| s.length_ms >= WANTED_MS as i64)
            })
            .await
    }

    /// Passes over new messages of others until ours is heard.
    async fn own_message(&mut self) -> Result<Stretch, Failure> {
        for _ in 0..STRANGERS_MAX {
            let from = self.phone.heard_ms();
            if let Some(found) = self.find_speech(from, SOUND_PATIENCE).await {
                self.passed(format!(
                    "the message is heard, from its {} ms",
                    found.said_ms
                ));
                return Ok(found);
            }
            self.press("66").await;
        }
        let what = "the message is not among the new ones: log-in, delivery or playback failed";
        Err(hop("portal and mailbox", what.to_owned()))
    }

    /// Presses a skip key and sees the position of the speech jump by `skip` milliseconds.
    async fn skip(&mut self, key: &str, skip: i64, before: Stretch) -> Result<Stretch, Failure> {
        let from = before.heard_ms as usize;
        self.press(key).await;
        let pressed = self.phone.heard_ms() as i64;
        self.phone.pass(Duration::from_millis(3_500)).await;
        let found = hearing::stretches(&self.phone.heard(), from, &self.speech);
        let after = found
            .iter()
            .find(|s| (s.offset_ms() - before.offset_ms()).abs() > 500);
        let Some(after) = after.copied() else {
            let what = format!("key {key} did not move the playback");
            return Err(hop("playback keys", what));
        };
        let jump = after.offset_ms() - before.offset_ms();
        if (jump - skip).abs() > SKIP_TOLERANCE_MS {
            let what = format!("key {key} moved the playback by {jump} ms instead of {skip} ms");
            return Err(hop("playback keys", what));
        }
        let late = after.heard_ms.saturating_sub(pressed);
        self.passed(format!(
            "key {key} skips {jump} ms (within {late} ms of the key's end)"
        ));
        Ok(after)
    }

    /// Pauses for a second and goes on where it was.
    async fn pause(&mut self) -> Result<(), Failure> {
        self.press("2").await;
        self.phone.pass(Duration::from_millis(1_500)).await;
        let quiet_from = self.phone.heard_ms();
        self.phone.pass(Duration::from_millis(1_500)).await;
        let quiet_to = self.phone.heard_ms();
        if hearing::anything(&self.phone.heard(), quiet_from, quiet_to) {
            let what = "key 2 did not stop the sound".to_owned();
            return Err(hop("playback keys", what));
        }
        self.press("2").await;
        let from = self.phone.heard_ms();
        if self.find_speech(from, SOUND_PATIENCE).await.is_none() {
            return Err(hop(
                "playback keys",
                "key 2 did not play on after the pause".to_owned(),
            ));
        }
        self.passed("key 2 pauses and plays on".to_owned());
        Ok(())
    }

    async fn press(&mut self, keys: &str) {
        self.phone.press(keys);
        let patience = Duration::from_secs(1) * (1 + keys.len() as u32);
        let _late: Option<()> = self
            .phone
            .wait(patience, |p| (!p.is_dialling()).then_some(()))
            .await;
    }

    async fn hung_up(&mut self, what: &str) -> Result<(), Failure> {
        let over = self.phone.wait(SOUND_PATIENCE, |p| {
            matches!(p.state(), Some(LineState::Over(_))).then_some(())
        });
        if over.await.is_none() {
            return Err(hop(
                "SIP, BYE",
                format!("the call did not end after {what}"),
            ));
        }
        Ok(())
    }

    fn passed(&mut self, what: String) {
        let now = Instant::now();
        let step = Step {
            at: now - self.start,
            took: now - self.last,
            what,
        };
        self.last = now;
        (self.progress)(&step);
        self.report.steps.push(step);
    }
}

fn hop(hop: &'static str, what: String) -> Failure {
    Failure::Hop { hop, what }
}
