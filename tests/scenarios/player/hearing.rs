//! What a caller hears: sounds in order, places in speech, silence.

use super::{PATIENCE, Player, REACTION_MS, SPEECH_APART, report, wrap};
use crate::ear::{Fix, Heard, Sound};
use crate::phone::Phone;
use crate::script::{Expected, Spot, Which};
use crate::setting::recording_base;
use belpost::base::Mono;
use std::time::Duration;

/// How exact a place in a message must be: one packet.
const PACKET_MS: i64 = 20;

impl Player {
    pub(super) fn hears(&mut self, list: &[Expected]) -> Result<(), String> {
        let mut any = false;
        for expected in list {
            match expected {
                Expected::Any => any = true,
                Expected::Sound(name) => {
                    self.hears_one(name, any)?;
                    any = false;
                }
            }
        }
        Ok(())
    }

    /// The next sound, or with `any` a later one.
    fn hears_one(&mut self, name: &str, any: bool) -> Result<(), String> {
        loop {
            let at = self.place()?.sounds;
            let Some(next) = self.sound(at)? else {
                return Err(format!("expected {name}, and nothing more was heard"));
            };
            let place = self.place()?;
            place.sounds += 1;
            place.until = next.from;
            place.began = next.from;
            let heard = report::named(&self.world()?.server, next.what);
            if heard == name {
                return self.wait_for_end(name, at);
            }
            if !any {
                return Err(format!("expected {name}, heard {heard}"));
            }
        }
    }

    /// A beep is waited for to its end, since recording begins there.
    fn wait_for_end(&mut self, name: &str, at: usize) -> Result<(), String> {
        if name != "beep" {
            return Ok(());
        }
        let over = |phone: &mut Phone, now| {
            let heard = phone.line.as_mut()?.ear.heard(now).get(at)?.to;
            (now > heard + Duration::from_millis(240)).then_some(heard)
        };
        let end = self.until(PATIENCE, over)?.ok_or("the beep does not end")?;
        self.place()?.until = end;
        Ok(())
    }

    /// The sound with this number, waited for.
    fn sound(&mut self, at: usize) -> Result<Option<Heard>, String> {
        let found = self.until(PATIENCE, |phone, now| {
            let over = phone.state.is_over();
            let heard = phone.line.as_mut().and_then(|line| {
                let heard = line.ear.heard(now);
                // The last one may still turn out to be the border of two others.
                let settled = heard.len() > at + 1 || heard.get(at).is_some_and(Heard::is_settled);
                settled.then(|| heard.get(at).copied()).flatten()
            });
            match heard {
                Some(heard) => Some(Some(heard)),
                None if over && phone.line.as_ref().is_none_or(|l| l.ear.is_done(now)) => {
                    Some(None)
                }
                None => None,
            }
        })?;
        Ok(found.flatten())
    }

    pub(super) fn hears_speech(&mut self, which: Which, spot: Spot) -> Result<(), String> {
        let place = *self.place()?;
        let (from, tolerance) = (place.until, PACKET_MS);
        let fix = self.until(PATIENCE, |phone, now| {
            let ear = &mut phone.line.as_mut()?.ear;
            let speech = |h: &Heard| h.what == Sound::Speech && h.to > from;
            let any = ear.heard(now).iter().any(speech);
            any.then(|| ear.first_fix(from, ear.listened_until()))?
        })?;
        let fix = fix.ok_or("no speech was heard")?;
        let expected = match spot {
            Spot::From(at) => {
                let start = self.origin(which)? + at.as_millis() as i64;
                let began = self.speech_began(from, fix, start)?;
                start + (fix.at_ms - began)
            }
            Spot::Moved(by) => {
                let before = self
                    .phone()?
                    .line
                    .as_ref()
                    .and_then(|l| l.ear.last_fix(from));
                let before: Fix = before.ok_or("no speech was heard before")?;
                before.place_ms + fix.at_ms - before.at_ms + by
            }
            Spot::OnFromThere => {
                let (stopped, went_on, before) = self.silence_before(from)?;
                before.place_ms + fix.at_ms - before.at_ms - (went_on - stopped)
            }
        };
        self.account(fix)?;
        let off = wrap(fix.place_ms - expected);
        if off.abs() > tolerance {
            return Err(format!("the message is {off} ms from where it should be"));
        }
        Ok(())
    }

    /// The sounds up to this place in speech are accounted for.
    fn account(&mut self, fix: Fix) -> Result<(), String> {
        let now = self.world()?.now();
        let began = self.speech_began(self.places[self.current].until, fix, fix.place_ms)?;
        let phone = self.phone_mut()?;
        let ear = &mut phone.line.as_mut().ok_or("the call was never up")?.ear;
        let (start, moment) = (ear.at_ms(began), ear.at_ms(fix.at_ms));
        let sounds = ear.heard(now).iter().filter(|h| h.from <= moment).count();
        let place = self.place()?;
        place.sounds = sounds.max(place.sounds);
        (place.until, place.began) = (moment, start);
        Ok(())
    }

    /// When speech began, in ms of the ear: with its first sample; or where it was heard before,
    /// when it moved, as a key had it do, to the `start` that leads to this fix.
    fn speech_began(&mut self, from: Mono, fix: Fix, start: i64) -> Result<i64, String> {
        let now = self.world()?.now();
        let phone = self.phone_mut()?;
        let ear = &mut phone.line.as_mut().ok_or("the call was never up")?.ear;
        let speech = ear
            .heard(now)
            .iter()
            .find(|h| h.what == Sound::Speech && h.to > from)
            .copied();
        let speech = speech.ok_or("no speech was heard")?;
        if speech.from + Duration::from_millis(REACTION_MS as u64) >= from {
            return Ok(ear.onset_ms(speech.from));
        }
        let moved = fix.at_ms - wrap(fix.place_ms - start);
        let (key, late) = (ear.ms(from) - REACTION_MS, ear.ms(from) + PACKET_MS);
        let there = (key..=late).contains(&moved) && ear.fades_at(moved);
        Ok(if there { moved } else { ear.ms(from) })
    }

    /// When speech stopped and when it went on again about this moment, in ms of the ear, and a
    /// place in it before.
    fn silence_before(&mut self, moment: Mono) -> Result<(i64, i64, Fix), String> {
        let now = self.world()?.now();
        let phone = self.phone_mut()?;
        let ear = &mut phone.line.as_mut().ok_or("the call was never up")?.ear;
        let heard = ear.heard(now).to_vec();
        let speech = |h: &&Heard| h.what == Sound::Speech;
        let reaction = Duration::from_millis(REACTION_MS as u64);
        let before = heard.iter().rfind(|h| speech(h) && h.to <= moment);
        let after = heard
            .iter()
            .find(|h| speech(h) && h.from + reaction > moment);
        let (Some(before), Some(after)) = (before, after) else {
            return Err("speech did not stop and go on".to_owned());
        };
        let fix = ear
            .last_fix(before.to)
            .ok_or("no speech was heard before")?;
        Ok((ear.ending_ms(before.to), ear.onset_ms(after.from), fix))
    }

    /// Where in all speech a message begins, in ms.
    fn origin(&mut self, which: Which) -> Result<i64, String> {
        match which {
            Which::Own => Ok((self.place()?.speech * SPEECH_APART) as i64 * 200),
            Which::Recording(n) => Ok(recording_base(n) as i64 * 200),
            Which::Message(n) => {
                let mailboxes = &self.world()?.server.mailboxes;
                let message = mailboxes.values().flat_map(|m| &m.messages).nth(n);
                message
                    .and_then(|m| Some(m.origin_ms? + m.lead_ms))
                    .ok_or_else(|| format!("there is no message {}", n + 1))
            }
        }
    }

    pub(super) fn hears_silence(&mut self, span: Duration) -> Result<(), String> {
        let from = self.world()?.now() + Duration::from_millis(60);
        self.pass(span + Duration::from_millis(220))?;
        let to = from + span;
        let phone = self.phone()?;
        let anything = phone
            .line
            .as_ref()
            .is_some_and(|line| line.ear.anything(from, to));
        if anything {
            return Err("expected silence".to_owned());
        }
        self.place()?.until = to;
        Ok(())
    }
}
