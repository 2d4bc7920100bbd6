//! A deposit as the mail that is put into a mailbox.
//!
//! In: a deposit and its octets. Out: the mail, the same octets each time, so that a retry brings
//! the same mail. Every kind of mailbox gets the same one.

use crate::audio::{Pcm, WIRE_RATE, wav};
use crate::mailbox::{Deposit, Ending};
use crate::mime::{self, MailHost, VoiceMail};

/// The mail of a deposit, as it is put into a mailbox; `host` is the right side of its Message-ID.
pub(super) fn for_mailbox(deposit: &Deposit, sound: &[u8], host: &MailHost) -> Vec<u8> {
    let envelope = &deposit.envelope;
    let samples = sound
        .iter()
        .map(|&octet| envelope.law.decode(octet))
        .collect();
    let pcm = Pcm {
        rate: WIRE_RATE,
        samples,
    };
    mime::voice_message(&VoiceMail {
        id: deposit.id,
        host: host.clone(),
        mailbox: deposit.mailbox().clone(),
        owner: envelope.owner.name.clone(),
        caller: envelope.caller.clone(),
        received: envelope.started,
        zone: envelope.zone.clone(),
        language: envelope.language.clone(),
        length: deposit.facts.length,
        urgent: deposit.facts.urgent,
        private: deposit.facts.private,
        cut_off: deposit.facts.ending == Ending::CutOff,
        reason: envelope.reason,
        wav: wav::write_pcm16(&pcm),
    })
}
