//! Plays the steps of a scenario and says where it went otherwise.
//!
//! In: steps. Out: what was played, or a fault with its line, the moment, what was expected and
//! what was heard instead. After the last step every call is ended, and nothing may be left of it.

mod claims;
mod hearing;
mod report;

use crate::dial::Dial;
use crate::line;
use crate::phone::{Phone, State};
use crate::script::{Given, Step, What};
use crate::setting::Setting;
use crate::voice;
use crate::world::{World, clock};
use belpost::audio::WIRE_RATE;
use belpost::base::{Digit, Mono};
use belpost::call::Milestone;
use report::{sounds, tail, traced};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// How often a wait looks.
const GLANCE: Duration = Duration::from_millis(20);
/// How long to wait for the next sound.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long after a key the sounds before it may still be heard: there and back, and a packet.
const REACTION_MS: i64 = 80;
/// How long everything may take to be over when the calls are: SIP keeps its transactions for 32 s.
const AFTERMATH: Duration = Duration::from_secs(40);
/// How far the speeches of a scenario are apart, in fifths of a second.
const SPEECH_APART: usize = 50;

/// What was played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// How long the calls took, in virtual time.
    pub virtual_time: Duration,
    /// Every SIP message, milestone and sound.
    pub trace: Vec<String>,
    /// Each key that was pressed while keys were no secret, with the state it came in.
    pub keys: BTreeSet<(&'static str, Digit)>,
}

/// One scenario being played.
pub struct Player {
    setting: Setting,
    world: Option<World>,
    /// The call the next line is about.
    current: usize,
    /// For each call, how far its sounds are accounted for.
    places: Vec<Place>,
    /// Speeches begun.
    speeches: usize,
}

/// How far the sounds of a call are accounted for.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Sounds.
    sounds: usize,
    /// Up to here.
    until: Mono,
    /// When the last one began that was waited for.
    began: Mono,
    /// The caller's last speech.
    speech: usize,
}

/// Plays a scenario.
pub fn play(steps: &[Step]) -> Result<Played, String> {
    let mut player = Player::new();
    for step in steps {
        player
            .play(&step.what)
            .map_err(|fault| player.report(step, &fault))?;
    }
    player.end()
}

/// Plays a scenario that nobody wrote and that claims nothing: only the laws of all of them count.
pub fn wander(steps: &[Step]) -> Result<Played, String> {
    let mut player = Player::new();
    for step in steps {
        // What does not go in this call is no fault here.
        let _gone = player.play(&step.what);
    }
    player.end()
}

/// The keys that were no secret, with the states they came in.
fn keys(world: &World) -> BTreeSet<(&'static str, Digit)> {
    let milestones = world.server.log.iter().map(|(_, _, milestone)| milestone);
    let keys = milestones.filter_map(|milestone| match milestone {
        Milestone::Key { key, state } => Some((*state, (*key)?)),
        _ => None,
    });
    keys.collect()
}

impl Player {
    fn new() -> Player {
        Player {
            setting: Setting::default(),
            world: None,
            current: 0,
            places: Vec::new(),
            speeches: 0,
        }
    }

    fn play(&mut self, what: &What) -> Result<(), String> {
        match what {
            What::Given(given) => self.given(given),
            What::Call(dial) => self.call(dial),
            What::InCall(n) => {
                self.current = *n;
                self.phone().map(|_| ())
            }
            What::Hears(list) => self.hears(list),
            What::HearsSpeech(which, spot) => self.hears_speech(*which, *spot),
            What::HearsSilence(span) => self.hears_silence(*span),
            What::Presses(keys) => self.presses(keys, line::PRESS),
            What::PressesByInfo(keys) => {
                self.act(|phone, now| phone.inform(now, keys))?;
                self.forget_before(Mono::ZERO)
            }
            What::StrangerPresses(keys) => self.stranger_presses(keys),
            What::HoldsDown(key, span) => self.presses(key, *span),
            What::Waits(span) => self.pass(*span),
            What::After(span, what) => {
                let at = self.place()?.began + *span;
                let now = self.world()?.now();
                if at < now {
                    return Err(format!("that moment was at {}, and it is over", clock(at)));
                }
                self.pass(at - now)?;
                self.play(what)
            }
            What::Speaks { span, to_the_end } => self.speaks(*span, *to_the_end),
            What::LineIsBusy(span) => self.line_is_busy(*span),
            What::HangsUp => self.act(Phone::hang_up),
            What::GivesUp => self.act(Phone::give_up),
            What::IsHungUpOn(span) => self.is_hung_up_on(*span),
            What::IsRefused(status) => self.is_refused(*status),
            What::IsTransferred(number) => self.is_transferred(number),
            What::Holds(direction) => {
                self.act(|phone, now| phone.hold(now, *direction))?;
                self.until(PATIENCE, |phone, _| (!phone.is_waiting()).then_some(()))?
                    .ok_or_else(|| "the hold was not answered".to_owned())
            }
            What::LosesConnection => self.act(|phone, _| phone.cut = true),
            What::StopsSending => self.act(|phone, _| {
                if let Some(line) = &mut phone.line {
                    line.mute = true;
                }
            }),
            What::ServerStops => self.world()?.with_server(|server, now| {
                server.stop(now);
                Ok(())
            }),
            What::Then(claim) => self.claim(claim),
        }
    }

    fn given(&mut self, given: &Given) -> Result<(), String> {
        if self.setting.take(given)? {
            return match self.world {
                Some(_) => Err("too late: the first call is placed".to_owned()),
                None => Ok(()),
            };
        }
        let (world, _) = self.world_and_setting();
        Setting::change(world, given)
    }

    fn call(&mut self, dial: &Dial) -> Result<(), String> {
        let (world, setting) = self.world_and_setting();
        let dial = Dial {
            asserted: setting.is_trusted() && !dial.withheld,
            ..dial.clone()
        };
        let n = world.phones.len();
        world.phones.push(Phone::new(n, dial));
        world.with_phone(n, Phone::call);
        self.current = n;
        let now = self.world()?.now();
        self.places.push(Place {
            until: now,
            began: now,
            ..Place::default()
        });
        Ok(())
    }

    fn presses(&mut self, keys: &str, each: Duration) -> Result<(), String> {
        let digits: Option<Vec<Digit>> = keys.chars().map(Digit::from_char).collect();
        let digits = digits.ok_or("no such key")?;
        if self.phone()?.line.is_none() {
            self.answer()?;
        }
        self.act(|phone, _| {
            if let Some(line) = &mut phone.line {
                line.press(&digits, each);
            }
        })?;
        let over = |phone: &mut Phone, _| {
            let pressing = phone.line.as_ref().is_some_and(line::Line::is_pressing);
            (!pressing || phone.state.is_over()).then_some(())
        };
        let gap = Duration::from_millis(300);
        let patience = Duration::from_secs(10) + (each + gap) * digits.len() as u32;
        self.until(patience, over)?
            .ok_or("the keys could not be pressed")?;
        self.forget_before_key()
    }

    /// Someone sends keys to the server's side of the call, as if they were the caller.
    fn stranger_presses(&mut self, keys: &str) -> Result<(), String> {
        let current = self.current;
        let world = self.world()?;
        let packets = world.with_phone(current, |phone, _| {
            let line = phone.line.as_mut().ok_or("the call was never up")?;
            Ok::<_, String>((line.destination(), line.forge(keys)))
        });
        let (to, packets) = packets?;
        for packet in packets {
            world.send_from_stranger(to, &packet);
            world.pass(line::PACKET);
        }
        Ok(())
    }

    /// What began before the last key was pressed is not the answer to it.
    fn forget_before_key(&mut self) -> Result<(), String> {
        let pressed = self
            .phone()?
            .line
            .as_ref()
            .map_or(Mono::ZERO, |line| line.key_at);
        self.forget_before(pressed)
    }

    /// What began before this moment, or until now where it is none of this call, is past.
    fn forget_before(&mut self, moment: Mono) -> Result<(), String> {
        let before = self.world()?.now();
        let at = if moment == Mono::ZERO { before } else { moment };
        // The beginning of a sound reaches the ear one way later than the key was pressed.
        self.pass(Duration::from_millis(200))?;
        let now = self.world()?.now();
        let phone = self.phone_mut()?;
        let Some(line) = &mut phone.line else {
            return Ok(());
        };
        let sounds = line.ear.heard(now).iter().filter(|h| h.from <= at).count();
        let place = self.place()?;
        place.sounds = sounds.max(place.sounds);
        place.until = at + Duration::from_millis(REACTION_MS as u64);
        place.began = at;
        Ok(())
    }

    fn speaks(&mut self, span: Duration, to_the_end: bool) -> Result<(), String> {
        let base = self.speeches * SPEECH_APART;
        self.place()?.speech = self.speeches;
        self.speeches += 1;
        self.act(|phone, _| {
            if let Some(line) = &mut phone.line {
                line.hush();
                line.speak(voice::speech(base, span));
            }
        })?;
        if to_the_end { self.pass(span) } else { Ok(()) }
    }

    fn line_is_busy(&mut self, span: Duration) -> Result<(), String> {
        self.act(|phone, _| {
            if let Some(line) = &mut phone.line {
                line.hush();
                line.speak(voice::busy(span));
            }
        })?;
        self.pass(span)
    }

    fn answer(&mut self) -> Result<(), String> {
        let up = |phone: &mut Phone, _| (phone.state != State::Calling).then_some(());
        self.until(PATIENCE, up)?
            .ok_or("the call was not answered")?;
        if self.phone()?.state == State::Up {
            Ok(())
        } else {
            Err(format!("{:?}", self.phone()?.state))
        }
    }

    fn is_hung_up_on(&mut self, span: Duration) -> Result<(), String> {
        let over = |phone: &mut Phone, _| phone.state.is_over().then(|| phone.state.clone());
        match self.until(span, over)? {
            Some(State::HungUpOn(_)) => Ok(()),
            Some(state) => Err(format!(
                "expected the server to hang up, but the call is {state:?}"
            )),
            None => Err("expected the server to hang up, but the call goes on".to_owned()),
        }
    }

    fn is_refused(&mut self, status: u16) -> Result<(), String> {
        let state = self.until(PATIENCE, |phone, _| {
            (phone.state != State::Calling).then(|| phone.state.clone())
        })?;
        match state {
            Some(State::Refused(refused)) if refused == status => Ok(()),
            state => Err(format!("expected a refusal, but the call is {state:?}")),
        }
    }

    fn is_transferred(&mut self, number: &str) -> Result<(), String> {
        let target = self.until(PATIENCE, |phone, _| phone.transferred.clone())?;
        let target = target.ok_or("the call was not transferred")?;
        let user = target
            .trim_start_matches("sip:")
            .split('@')
            .next()
            .unwrap_or_default();
        if user == number {
            Ok(())
        } else {
            Err(format!("the call was transferred to {target}"))
        }
    }

    /// Ends every call and looks for what is left.
    fn end(mut self) -> Result<Played, String> {
        let Some(mut world) = self.world.take() else {
            return Err("no call was placed".to_owned());
        };
        let virtual_time = world.now().elapsed();
        for n in 0..world.phones.len() {
            world.with_phone(n, Phone::hang_up);
        }
        world.pass(AFTERMATH);
        let clear = world.phones.iter().all(|p| p.state.is_over() || p.cut);
        let mut faults = std::mem::take(&mut world.faults);
        for phone in &mut world.phones {
            faults.extend(
                phone
                    .line
                    .iter_mut()
                    .flat_map(|line| std::mem::take(&mut line.faults)),
            );
        }
        if !clear {
            faults.push("a call did not end".to_owned());
        }
        faults.dedup();
        faults.extend(world.server.remains());
        faults.extend(world.server.unsettled());
        if faults.is_empty() {
            let trace = traced(&mut world);
            return Ok(Played {
                virtual_time,
                trace,
                keys: keys(&world),
            });
        }
        Err(format!(
            "at the end, {}: {}\n{}",
            world.clock(),
            faults.join("; "),
            tail(&world)
        ))
    }

    fn report(&mut self, step: &Step, fault: &str) -> String {
        let current = self.current;
        let Some(world) = &mut self.world else {
            return format!("{}: \"{}\": {fault}", step.line, step.text);
        };
        let mut report = format!(
            "{}: \"{}\" at {}: {fault}",
            step.line,
            step.text,
            world.clock()
        );
        let sounds = sounds(world, current);
        let lately = sounds.len().saturating_sub(12);
        let _ = write!(
            report,
            "\n    heard lately: {}",
            sounds[lately..].join(", ")
        );
        let _ = write!(report, "\n{}", tail(world));
        report
    }

    fn act(&mut self, act: impl FnOnce(&mut Phone, Mono)) -> Result<(), String> {
        let current = self.current;
        let world = self.world()?;
        if current >= world.phones.len() {
            return Err("there is no such call".to_owned());
        }
        world.with_phone(current, act);
        Ok(())
    }

    /// Lets time pass until the phone shows something.
    fn until<T>(
        &mut self,
        patience: Duration,
        mut shows: impl FnMut(&mut Phone, Mono) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let end = self.world()?.now() + patience;
        loop {
            let now = self.world()?.now();
            if let Some(found) = shows(self.phone_mut()?, now) {
                return Ok(Some(found));
            }
            if now >= end {
                return Ok(None);
            }
            self.pass(GLANCE)?;
        }
    }

    fn pass(&mut self, span: Duration) -> Result<(), String> {
        self.world()?.pass(span);
        Ok(())
    }

    fn world(&mut self) -> Result<&mut World, String> {
        self.world
            .as_mut()
            .ok_or_else(|| "no call is placed yet".to_owned())
    }

    fn world_and_setting(&mut self) -> (&mut World, &mut Setting) {
        let setting = &mut self.setting;
        (self.world.get_or_insert_with(|| setting.world()), setting)
    }

    fn phone(&mut self) -> Result<&Phone, String> {
        self.phone_mut().map(|phone| &*phone)
    }

    fn phone_mut(&mut self) -> Result<&mut Phone, String> {
        let current = self.current;
        self.world()?
            .phones
            .get_mut(current)
            .ok_or_else(|| "there is no such call".to_owned())
    }

    fn place(&mut self) -> Result<&mut Place, String> {
        self.places
            .get_mut(self.current)
            .ok_or_else(|| "there is no such call".to_owned())
    }
}

/// A difference of places; speech begins anew after its last fifth of a second.
fn wrap(ms: i64) -> i64 {
    let all = (voice::FIFTHS * voice::FIFTH * 1_000 / WIRE_RATE as usize) as i64;
    (ms + all / 2).rem_euclid(all) - all / 2
}
