//! The two calls of the self-test, step by step.
//!
//! Law: every wait ends at once when the server ends the call, and says at which hop that was.

use super::hearing::{self, Search, Speech, Stretch};
use super::phone::{LineState, Phone, PhoneFault};
use crate::audio::{Pcm, WIRE_RATE, WireAudio};
use crate::base::{DialString, MailboxId, Pii};
use crate::sip::{self, EndReason};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The tone before a recording, in Hz.
const BEEP_HZ: f64 = 440.0;
/// A skip may be off by one packet of 20 ms; positions are measured to 10 ms.
const SKIP_TOLERANCE_MS: i64 = 30;
/// How much the position must differ for a skip to have happened, in ms.
const MOVED_MS: i64 = 500;
/// New messages that are listened to before giving up.
const MESSAGES_MAX: usize = 3;
/// How much of the speech must be heard before it counts as heard, in ms.
const WANTED_MS: i64 = 2_000;
/// The longest wait for an answer on the SIP side.
const SIP_PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait for a sound; some words may have to be spoken first.
const SOUND_PATIENCE: Duration = Duration::from_secs(12);
/// The longest wait for a message: its number and date are read out first. Whoever is not let in
/// is hung up on sooner.
const MESSAGE_PATIENCE: Duration = Duration::from_secs(25);
/// How long the menu after a recording may take to begin.
const MENU: Duration = Duration::from_millis(1_500);
/// How long the speech is looked for where it should have ended: once it would be found.
const WANTED_PATIENCE: Duration = Duration::from_millis(3_500);
/// How much silence proves a pause; what is heard comes a second at a time.
const PAUSE: Duration = Duration::from_millis(1_500);

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
    /// In which call: `deposit` or `retrieval`.
    pub call: &'static str,
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

/// Runs the test, for at most `limit`; `progress` sees each step as it is done. However it ends,
/// the server is left without a call of ours.
pub async fn run(
    subject: &Subject,
    limit: Duration,
    progress: &mut dyn FnMut(&Step),
) -> Result<Report, Failure> {
    let speech = subject
        .speech
        .at_rate(WIRE_RATE)
        .map_err(|f| Failure::Speech(f.to_string()))?;
    let phone = Phone::new(subject.bind, subject.server, subject.via, subject.seed).await?;
    let start = Instant::now();
    let mut test = Test {
        subject,
        speech: Speech::new(speech.samples),
        phone,
        progress,
        report: Report::default(),
        call: "",
        start,
        last: start,
    };
    let outcome = timeout(limit, test.both_calls()).await;
    test.leave().await;
    let Test { phone, report, .. } = test;
    phone.put_away();
    outcome
        .unwrap_or(Err(Failure::TooLong(limit)))
        .map(|()| report)
}

struct Test<'a> {
    subject: &'a Subject,
    speech: Speech,
    phone: Phone,
    progress: &'a mut dyn FnMut(&Step),
    report: Report,
    call: &'static str,
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
        self.call = "deposit";
        let mailbox = &self.subject.mailbox;
        let diversion = format!("<sip:{mailbox}@{}>;reason=no-answer", self.subject.bind);
        let what = format!("a call diverted from {mailbox}");
        let headers = vec![("Diversion".to_owned(), diversion)];
        self.dial(&self.subject.caller.to_string(), headers, &what)
            .await?;
        self.hear_something("greeting").await?;
        self.beep().await?;
        self.speak().await?;
        let hop = "recording and review";
        let from = self.phone.heard_ms();
        self.press(hop, "#").await?;
        self.pass(hop, MENU).await?;
        self.press(hop, "2").await?;
        let Some(found) = self.find_speech(hop, from, SOUND_PATIENCE).await? else {
            let what = "key # then 2: what was said is not played back".to_owned();
            return Err(Failure::Hop { hop, what });
        };
        self.passed(format!(
            "key #, then 2 plays the recording back, from its {} ms",
            found.said_ms
        ));
        self.press("keeping the message", "3").await?;
        self.over("keeping the message", "key 3").await?;
        self.passed("key 3 keeps the message, and the server hangs up".to_owned());
        Ok(())
    }

    /// The subscriber: logs in, listens with skips and a pause, saves.
    async fn retrieve(&mut self) -> Result<(), Failure> {
        self.call = "retrieval";
        let mailbox = self.subject.mailbox.to_string();
        let what = format!("a call of {mailbox}");
        self.dial(&mailbox, Vec::new(), &what).await?;
        self.hear_something("welcome").await?;
        let passcode = self.subject.passcode.reveal().clone();
        self.press("log-in", &format!("{passcode}#")).await?;
        self.press("log-in", "11").await?;
        self.passed("keys sent: passcode and #, then 1 and 1 for the messages".to_owned());
        let mut before = self.own_message().await?;
        for (key, skip) in [("3", 3_000), ("1", -3_000)] {
            before = self.skip(key, skip, before).await?;
        }
        self.pause().await?;
        self.save().await?;
        self.phone.hang_up();
        self.over("SIP, BYE", "our own hanging up").await?;
        self.passed("our BYE is answered".to_owned());
        Ok(())
    }

    async fn dial(
        &mut self,
        from: &str,
        headers: Vec<(String, String)>,
        what: &str,
    ) -> Result<(), Failure> {
        let (host, portal) = (self.subject.bind, self.subject.portal.to_string());
        let identity = (
            "P-Asserted-Identity".to_owned(),
            format!("<sip:{from}@{host}>"),
        );
        let headers = headers.into_iter().chain([identity]).collect();
        self.phone.dial(&portal, from, headers)?;
        let hop = "SIP, INVITE";
        let up = self
            .until(hop, SIP_PATIENCE, |p| {
                (p.state() == Some(&LineState::Up)).then_some(())
            })
            .await?;
        if up.is_none() {
            let what = format!("no answer from {}", self.subject.server);
            return Err(Failure::Hop { hop, what });
        }
        self.passed(format!("{what} to {portal} is answered"));
        Ok(())
    }

    async fn hear_something(&mut self, name: &str) -> Result<(), Failure> {
        let hop = "RTP from the server";
        let mut next = 0;
        let heard = self
            .until(hop, SOUND_PATIENCE, |p| {
                let from = std::mem::replace(&mut next, p.heard_ms());
                hearing::anything(&p.heard_from(from)).then_some(())
            })
            .await?;
        if heard.is_none() {
            let what = format!("the {name} is not heard");
            return Err(Failure::Hop { hop, what });
        }
        self.passed(format!("the {name} is heard"));
        Ok(())
    }

    async fn beep(&mut self) -> Result<(), Failure> {
        let hop = "telephone-event, then prompt";
        let from = self.phone.heard_ms();
        self.press(hop, "#").await?;
        let mut seen = 0;
        let end = self
            .until(hop, SOUND_PATIENCE, |p| {
                let news = std::mem::replace(&mut seen, p.heard_ms()) != p.heard_ms();
                (news && hearing::tone_ends(&p.heard_from(from), BEEP_HZ)).then_some(())
            })
            .await?;
        if end.is_none() {
            let what = "no beep after key # in the greeting: the key or the beep was lost";
            let what = what.to_owned();
            return Err(Failure::Hop { hop, what });
        }
        self.passed("key # stops the greeting, and the beep is heard".to_owned());
        Ok(())
    }

    async fn speak(&mut self) -> Result<(), Failure> {
        let hop = "recording";
        let audio = WireAudio::from_samples(self.speech.samples());
        let length = audio.duration();
        self.phone.say(audio);
        let patience = length + SIP_PATIENCE;
        let done = self
            .until(hop, patience, |p| (!p.is_speaking()).then_some(()))
            .await?;
        if done.is_none() {
            let what = "this machine was too slow to speak in time".to_owned();
            return Err(Failure::Hop { hop, what });
        }
        self.passed(format!("spoke for {:.1} s", length.as_secs_f64()));
        Ok(())
    }

    /// Two seconds of the speech in what is heard from `from` on; `None` when they do not come.
    async fn find_speech(
        &mut self,
        hop: &'static str,
        from: usize,
        patience: Duration,
    ) -> Result<Option<Stretch>, Failure> {
        let wanted = |s: &Stretch| s.length_ms >= WANTED_MS;
        self.search(hop, from, patience, wanted).await
    }

    async fn search(
        &mut self,
        hop: &'static str,
        from: usize,
        patience: Duration,
        wanted: impl Fn(&Stretch) -> bool,
    ) -> Result<Option<Stretch>, Failure> {
        let Test { phone, speech, .. } = self;
        let mut search = Search::new(speech, from);
        let found = phone.wait(patience, |p| {
            let found = search.hear(&p.heard_from(search.next_ms()));
            let stretch = found.iter().copied().find(&wanted);
            stretch.map(Ok).or_else(|| ended(p).map(Err))
        });
        found.await.transpose().map_err(|why| gone(hop, &why))
    }

    /// Passes over new messages of others until ours is heard.
    async fn own_message(&mut self) -> Result<Stretch, Failure> {
        let hop = "log-in, mailbox or playback";
        for attempt in 1..=MESSAGES_MAX {
            let from = self.phone.heard_ms();
            let found = self.find_speech(hop, from, MESSAGE_PATIENCE).await;
            // Whoever is not let in is hung up on; a portal without messages talks on.
            let found = match attempt {
                1 => found.map_err(|fault| self.not_let_in(fault))?,
                _ => found?,
            };
            if let Some(found) = found {
                let at = found.said_ms;
                self.passed(format!("the message is heard, from its {at} ms"));
                return Ok(found);
            }
            if attempt < MESSAGES_MAX {
                self.press(hop, "66").await?;
            }
        }
        let what = format!(
            "the message is not among the first {MESSAGES_MAX} heard: delivery or playback failed, \
             or many others wait"
        );
        Err(Failure::Hop { hop, what })
    }

    fn not_let_in(&self, fault: Failure) -> Failure {
        match fault {
            Failure::Hop { what, .. } => Failure::Hop {
                hop: "log-in",
                what: format!(
                    "{what} before a message was heard: was the passcode of {} right?",
                    self.subject.mailbox
                ),
            },
            Failure::Phone(_) | Failure::TooLong(_) | Failure::Speech(_) => fault,
        }
    }

    /// Presses a skip key and sees the position of the speech jump by `skip` milliseconds.
    async fn skip(&mut self, key: &str, skip: i64, before: Stretch) -> Result<Stretch, Failure> {
        let hop = "playback keys";
        let from = usize::try_from(before.heard_ms).unwrap_or_default();
        self.press(hop, key).await?;
        let moved = |s: &Stretch| {
            let jump = s.offset_ms() - before.offset_ms();
            jump.abs() > MOVED_MS && s.length_ms >= WANTED_MS / 2
        };
        let Some(after) = self.search(hop, from, SIP_PATIENCE, moved).await? else {
            let what = format!("key {key} did not move the playback");
            return Err(Failure::Hop { hop, what });
        };
        let jump = after.offset_ms() - before.offset_ms();
        if (jump - skip).abs() > SKIP_TOLERANCE_MS {
            let what = format!("key {key} moved the playback by {jump} ms instead of {skip} ms");
            return Err(Failure::Hop { hop, what });
        }
        self.passed(format!("key {key} moves the playback by {jump} ms"));
        Ok(after)
    }

    /// Pauses and goes on.
    async fn pause(&mut self) -> Result<(), Failure> {
        let hop = "playback keys";
        self.press(hop, "2").await?;
        self.pass(hop, PAUSE).await?;
        let quiet_from = self.phone.heard_ms();
        self.pass(hop, PAUSE).await?;
        if hearing::anything(&self.phone.heard_from(quiet_from)) {
            let what = "key 2 did not stop the sound".to_owned();
            return Err(Failure::Hop { hop, what });
        }
        let from = self.phone.heard_ms();
        self.press(hop, "2").await?;
        let again = self.find_speech(hop, from, SIP_PATIENCE).await?;
        if again.is_none() {
            let what = "key 2 did not play on after the pause".to_owned();
            return Err(Failure::Hop { hop, what });
        }
        self.passed("key 2 pauses and plays on".to_owned());
        Ok(())
    }

    /// Saves the message: its playback ends. What the portal then says is words, which nobody
    /// here understands.
    async fn save(&mut self) -> Result<(), Failure> {
        let hop = "saving";
        self.press(hop, "#").await?;
        self.pass(hop, PAUSE).await?;
        let from = self.phone.heard_ms();
        let more = self.find_speech(hop, from, WANTED_PATIENCE).await?;
        if more.is_some() {
            let what = "key # did not end the playback".to_owned();
            return Err(Failure::Hop { hop, what });
        }
        self.passed("key # ends the playback and saves the message".to_owned());
        Ok(())
    }

    async fn press(&mut self, hop: &'static str, keys: &str) -> Result<(), Failure> {
        self.phone.press(keys);
        let patience = Duration::from_secs(1) * (1 + keys.len() as u32);
        let sent = self
            .until(hop, patience, |p| (!p.is_dialling()).then_some(()))
            .await?;
        sent.ok_or_else(|| Failure::Hop {
            hop,
            what: "this machine was too slow to send the keys".to_owned(),
        })
    }

    /// Goes on with the call for this long.
    async fn pass(&mut self, hop: &'static str, span: Duration) -> Result<(), Failure> {
        let _nothing: Option<()> = self.until(hop, span, |_| None).await?;
        Ok(())
    }

    /// Waits for something; `None` when it does not come in time. A call the server ends fails.
    async fn until<T>(
        &mut self,
        hop: &'static str,
        patience: Duration,
        mut what: impl FnMut(&Phone) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let outcome = self
            .phone
            .wait(patience, |p| what(p).map(Ok).or_else(|| ended(p).map(Err)));
        outcome.await.transpose().map_err(|why| gone(hop, &why))
    }

    /// Waits for the end of the call, which is what should come.
    async fn over(&mut self, hop: &'static str, after: &str) -> Result<(), Failure> {
        let over = self.phone.wait(SOUND_PATIENCE, ended).await;
        over.map(drop).ok_or_else(|| Failure::Hop {
            hop,
            what: format!("the call did not end after {after}"),
        })
    }

    /// Hangs up where a call is left.
    async fn leave(&mut self) {
        let no_call = |p: &Phone| (p.state().is_none() || ended(p).is_some()).then_some(());
        if no_call(&self.phone).is_none() {
            self.phone.hang_up();
            // A server that does not answer our BYE has been found out already.
            let _late: Option<()> = self.phone.wait(SIP_PATIENCE, no_call).await;
        }
    }

    fn passed(&mut self, what: String) {
        let now = Instant::now();
        let step = Step {
            call: self.call,
            at: now - self.start,
            took: now - self.last,
            what,
        };
        self.last = now;
        (self.progress)(&step);
        self.report.steps.push(step);
    }
}

/// Why the call is over; `None` while it is not.
fn ended(phone: &Phone) -> Option<EndReason> {
    match phone.state() {
        Some(LineState::Over(reason)) => Some(reason.clone()),
        Some(LineState::Calling | LineState::Up) | None => None,
    }
}

/// The call ended where it should not.
fn gone(hop: &'static str, why: &EndReason) -> Failure {
    let what = match why {
        EndReason::HungUp => "the server hung up".to_owned(),
        EndReason::Refused(status) => format!("the server refused the call with {status}"),
        EndReason::NoResponse => "the server does not answer".to_owned(),
        EndReason::SessionExpired => "the session timer ran out".to_owned(),
        EndReason::Cancelled | EndReason::NoAck => "the call was given up".to_owned(),
    };
    Failure::Hop { hop, what }
}
