//! A deposit as mail: for a mailbox that machines read, and for a person.
//!
//! In: a deposit with its octets, its owner's wishes. Out: the mail. The same deposit and wishes
//! always give the same mail, so a retry sends what was sent before.

use super::sound;
use super::vocabulary::Errand;
use crate::mailbox::{Deposit, Ending, Leg};
use crate::mime::{
    self, Content, HumanMail, MailAddress, MailHost, Particulars, Templates, VoiceMail,
};
use crate::subscriber::Profile;

/// The mail of a deposit, as it is put into a mailbox.
pub(super) fn for_mailbox(
    deposit: &Deposit,
    octets: &[u8],
    owner: &Profile,
    host: &MailHost,
) -> Vec<u8> {
    mime::voice_message(&VoiceMail {
        particulars: particulars(deposit, host),
        sound: sound::file(owner.delivery.sound, deposit.envelope.law, octets),
    })
}

/// The mail of an errand to a person; `None` where its leg goes to no address.
pub(super) fn for_person(
    errand: &Errand<'_>,
    host: &MailHost,
    templates: &Templates,
) -> Option<Vec<u8>> {
    let about = particulars(errand.deposit, host);
    let law = errand.deposit.envelope.law;
    let file = || sound::file(errand.owner.delivery.sound, law, errand.sound);
    let print = |to: &MailAddress, content: Content<'_>| {
        let about = &about;
        mime::human(&HumanMail { about, to, content }, templates)
    };
    match errand.leg {
        Leg::Store => None,
        Leg::Mail(to) => Some(print(to, Content::Message(&file()))),
        Leg::Copy(to) => Some(print(to, Content::Copy(&file()))),
        Leg::Notice(to) => Some(print(to, Content::Notice)),
    }
}

/// What mail says of a deposit.
pub fn particulars(deposit: &Deposit, host: &MailHost) -> Particulars {
    let envelope = &deposit.envelope;
    Particulars {
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
    }
}
