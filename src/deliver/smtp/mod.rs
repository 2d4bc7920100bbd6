//! Mail to people: messages, copies, notices and reports, through a mail server or into a folder.
//!
//! In: errands whose leg is an address. Out: one mail each, so that an address that is refused
//! keeps nothing from another. A mail counts as delivered when the server has taken it (250 after
//! the final dot), and what it answered is the receipt; after any doubt it is sent again with the
//! same Message-ID.
//!
//! Specs: RFC 5321 (SMTP), RFC 3463 (enhanced codes), RFC 8314 (TLS), RFC 4954 (AUTH), XOAUTH2.
//!
//! Not here: what mails look like ([`mime`](crate::mime)), when to try again.

mod fault;
mod folder;
mod line;
mod pool;
mod tell;
#[cfg(test)]
mod tests;
mod texts;

pub use tell::MailTeller;
pub use texts::{TextsFault, read_templates};

use super::letter;
use super::servers::{MailWay, Mailing};
use super::vocabulary::{Courier, Errand, Fault, Receipt};
use crate::base::{Language, Timestamp};
use crate::mailbox::Leg;
use crate::mime::{self, MailAddress, MailHost, Matter, Report, Templates};
use folder::Folder;
use line::Relay;
use pool::Pool;
use std::path::PathBuf;
use std::sync::Arc;

/// The courier of everything that goes to people by mail. Shared between threads.
#[derive(Debug)]
pub struct MailCourier {
    way: Way,
    from: MailAddress,
    host: MailHost,
    templates: Arc<Templates>,
}

#[derive(Debug)]
enum Way {
    Relay(Box<Pool>),
    Folder(Folder),
}

/// Why mail cannot be sent as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupFault {
    /// The certificates to trust cannot be read.
    #[error("cannot read the certificates of smtp.ca_file {0}: {1}")]
    Certificates(PathBuf, String),
    /// There is no TLS to be had.
    #[error("TLS for the mail server cannot be set up: {0}")]
    Tls(String),
    /// The folder for mails cannot be made.
    #[error("cannot make the folder {0} of mail.folder: {1}")]
    Folder(PathBuf, std::io::Error),
}

impl MailCourier {
    /// A courier that writes in the words of `templates`; `host` is the right side of Message-IDs.
    /// Nothing is connected yet.
    pub fn new(
        mailing: &Mailing,
        templates: Arc<Templates>,
        host: MailHost,
    ) -> Result<MailCourier, MailSetupFault> {
        let way = match &mailing.way {
            MailWay::Relay(relay) => {
                let (most, patience) = (relay.connections, relay.timeout);
                let relay = Relay::new(relay.clone(), &host)?;
                Way::Relay(Box::new(Pool::new(relay, most, patience)))
            }
            MailWay::Folder(folder) => Way::Folder(Folder::make(folder.clone())?),
        };
        Ok(MailCourier {
            way,
            from: mailing.from.clone(),
            host,
            templates,
        })
    }

    /// Writes and sends a report; what the mail server answered.
    pub fn report(
        &self,
        matter: Matter<'_>,
        language: &Language,
        to: &MailAddress,
        at: Timestamp,
    ) -> Result<String, Fault> {
        let report = Report {
            matter,
            language,
            host: &self.host,
            at,
            from: &self.from,
            to,
        };
        let mail = mime::report(&report, &self.templates);
        let name = match matter {
            Matter::DeadLetter { id, .. } => format!("{id}-dead-letter"),
            Matter::Undelivered { about, .. } => format!("{}-undelivered", about.id),
            Matter::MailboxFull { mailbox, .. } => format!("{mailbox}-full-{}", at.as_second()),
        };
        self.send_notice(to, &name, &mail)
    }

    /// Sends a mail that is printed already; what the mail server answered. Where mails go into a
    /// folder, `name` and the address are the name of its file.
    pub fn send_notice(&self, to: &MailAddress, name: &str, mail: &[u8]) -> Result<String, Fault> {
        match self.send(to, name, mail)? {
            Receipt::Delivered(reply) | Receipt::Again(reply) => Ok(reply),
            Receipt::Withdrawn => Ok(String::new()),
        }
    }

    fn send(&self, to: &MailAddress, name: &str, mail: &[u8]) -> Result<Receipt, Fault> {
        match &self.way {
            Way::Relay(pool) => pool.send(&self.from, to, mail).map(Receipt::Delivered),
            Way::Folder(folder) => folder.put(to, name, mail),
        }
    }
}

impl Courier for MailCourier {
    fn deliver(&self, errand: &Errand<'_>) -> Result<Receipt, Fault> {
        let unaddressed = || Fault::ours(format!("leg {} goes to no address", errand.leg));
        let to = errand.leg.address().ok_or_else(unaddressed)?;
        let name = format!("{}-{}", errand.deposit.id, kind(errand.leg));
        let mail = letter::for_person(errand, &self.host, &self.templates);
        let mail = mail.ok_or_else(unaddressed)?;
        if (errand.marks)().is_none() {
            return Ok(Receipt::Withdrawn);
        }
        self.send(to, &name, &mail)
    }
}

fn kind(leg: &Leg) -> &'static str {
    match leg {
        Leg::Store => "store",
        Leg::Mail(_) => "mail",
        Leg::Copy(_) => "copy",
        Leg::Notice(_) => "notice",
    }
}
