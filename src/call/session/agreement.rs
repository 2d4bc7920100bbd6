//! What both sides agreed on, now and later: codec, address and hold.

use super::{CallSession, Desk, Play, Wait};
use crate::call::vocabulary::Command;
use crate::{media, sip};

impl CallSession {
    pub(super) fn accept_answer(&mut self, desk: &mut Desk<'_>, answer: &str) -> bool {
        match self.leg.accept(answer) {
            Ok(remote) => {
                self.set_remote(desk, Some(remote));
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn on_offered_again(&mut self, desk: &mut Desk<'_>, offer: Option<&str>) {
        let call = self.id;
        let command = match self.leg.respond(offer) {
            Ok((description, remote)) => {
                self.set_remote(desk, remote);
                sip::Command::AnswerAgain { call, description }
            }
            Err(refusal) => sip::Command::RefuseAgain { call, refusal },
        };
        desk.out.push_back(Command::Sip(command));
    }

    /// Follows the peer's address, codec and hold. What plays stops while the caller cannot hear
    /// it, and the wait for a key stands still.
    pub(super) fn set_remote(&mut self, desk: &mut Desk<'_>, remote: Option<media::Remote>) {
        let Some(remote) = remote else { return };
        let hears = remote.send;
        self.to_media(desk, media::Command::Remote(remote));
        self.pace(desk);
        match (hears, self.wait) {
            (false, Wait::Until(at)) => {
                self.wait = Wait::Held(at.saturating_since(desk.now.mono));
            }
            (true, Wait::Held(rest)) => self.wait = Wait::Until(desk.now.mono + rest),
            (false | true, _) => {}
        }
    }

    /// Lets what plays go on, or stand still while the flow holds it or the caller cannot hear it.
    /// A server that closes down does not wait for the end of a hold.
    pub(super) fn pace(&self, desk: &mut Desk<'_>) {
        if let Play::Saying(_) | Play::Running(_) = self.play {
            let on_hold = !self.leg.hears() && !self.closing;
            let still = self.paused || on_hold;
            let command = if still {
                media::Command::Pause
            } else {
                media::Command::Resume
            };
            self.to_media(desk, command);
        }
    }
}
