//! How a subscriber's messages reach them.

use crate::base::Pii;
use crate::mailbox::Leg;
use crate::mime::{MailAddress, SoundFormat};
use std::path::PathBuf;

/// How a subscriber's messages reach them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Where messages are kept.
    pub mode: Mode,
    /// Addresses that get a copy of every message by mail.
    pub copies: Vec<MailAddress>,
    /// Addresses that are told of every message by mail, without its sound.
    pub notices: Vec<MailAddress>,
    /// The sound file in mail and mailbox.
    pub sound: SoundFormat,
}

/// Where a subscriber's messages are kept (user manual, section 4.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// In a Maildir of this server.
    Local,
    /// In an IMAP account.
    Mailbox(ImapAccount),
    /// Nowhere: they are sent by mail to these addresses, at least one.
    Email(Vec<MailAddress>),
}

/// An IMAP account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImapAccount {
    /// The name of its server in the configuration.
    pub server: String,
    /// The user name.
    pub user: String,
    /// The password or token.
    pub secret: Secret,
    /// The folder voice messages are in.
    pub folder: String,
}

/// A password or token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Secret {
    /// It stands in the configuration.
    Text(Pii<String>),
    /// It is the first line of this file, read at each log-in: another program may renew it.
    File(PathBuf),
}

impl Delivery {
    /// In a Maildir of this server and nowhere else.
    pub fn local() -> Delivery {
        Delivery {
            mode: Mode::Local,
            copies: Vec::new(),
            notices: Vec::new(),
            sound: SoundFormat::default(),
        }
    }

    /// Every way a message goes out, each once.
    pub fn legs(&self) -> Vec<Leg> {
        let mut legs: Vec<Leg> = match &self.mode {
            Mode::Local | Mode::Mailbox(_) => vec![Leg::Store],
            Mode::Email(addresses) => addresses.iter().cloned().map(Leg::Mail).collect(),
        };
        legs.extend(self.copies.iter().cloned().map(Leg::Copy));
        legs.extend(self.notices.iter().cloned().map(Leg::Notice));
        let mut seen = std::collections::HashSet::new();
        legs.retain(|leg| seen.insert(leg.clone()));
        legs
    }

    /// Whether messages can be heard at the portal.
    pub fn is_heard_by_phone(&self) -> bool {
        match self.mode {
            Mode::Local | Mode::Mailbox(_) => true,
            Mode::Email(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_a_leg_of_its_own_and_none_is_there_twice() {
        let address = |text| MailAddress::parse(text).unwrap();
        let delivery = Delivery {
            mode: Mode::Email(vec![
                address("a@x.nl"),
                address("b@x.nl"),
                address("a@x.nl"),
            ]),
            copies: vec![address("a@x.nl")],
            notices: vec![address("sms@x.nl")],
            sound: SoundFormat::Flac,
        };
        let legs: Vec<String> = delivery.legs().iter().map(ToString::to_string).collect();
        assert_eq!(
            legs,
            [
                "mail:a@x.nl",
                "mail:b@x.nl",
                "copy:a@x.nl",
                "notice:sms@x.nl"
            ]
        );
        assert!(!delivery.is_heard_by_phone());
        assert_eq!(Delivery::local().legs(), [Leg::Store]);
    }
}
