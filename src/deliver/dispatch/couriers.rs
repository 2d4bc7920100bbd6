//! Who takes a message which way.

use super::notices::Notify;
use super::rounds::{Bounds, Target};
use crate::base::MailboxId;
use crate::deliver::vocabulary::{Courier, Fault};
use crate::mailbox::Leg;
use crate::subscriber::{Mode, Profile};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The couriers there are, and how many errands they run at a time.
#[derive(Clone)]
pub struct Couriers {
    local: Arc<dyn Courier>,
    imap: BTreeMap<String, Arc<dyn Courier>>,
    mail: Option<Arc<dyn Courier>>,
    notify: Option<Arc<dyn Notify>>,
    bounds: Bounds,
}

impl Couriers {
    /// With a courier to the mailboxes of this server alone.
    pub fn new(local: Arc<dyn Courier>) -> Couriers {
        Couriers {
            local,
            imap: BTreeMap::new(),
            mail: None,
            notify: None,
            bounds: Bounds::default(),
        }
    }

    /// With one to the accounts of the IMAP server of this name.
    #[must_use]
    pub fn imap(mut self, name: &str, courier: Arc<dyn Courier>) -> Couriers {
        self.imap.insert(name.to_owned(), courier);
        self
    }

    /// With one that sends mail.
    #[must_use]
    pub fn mail(mut self, courier: Arc<dyn Courier>) -> Couriers {
        self.mail = Some(courier);
        self
    }

    /// With somebody who tells people what went wrong. Without, nobody is told, and dead letters
    /// wait to be told of.
    #[must_use]
    pub fn notify(mut self, notify: Arc<dyn Notify>) -> Couriers {
        self.notify = Some(notify);
        self
    }

    /// With other bounds than the usual ones.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Couriers {
        self.bounds = bounds;
        self
    }

    pub(super) fn present_bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn notifier(&self) -> Option<&Arc<dyn Notify>> {
        self.notify.as_ref()
    }

    /// Who goes there. A fault of the operator where nobody does: a corrected configuration
    /// mends it.
    pub(super) fn courier(&self, leg: &Leg, owner: &Profile) -> Result<&dyn Courier, Fault> {
        let courier = match (leg, &owner.delivery.mode) {
            (Leg::Store, Mode::Local) => Some(&self.local),
            (Leg::Store, Mode::Mailbox(account)) => self.imap.get(&account.server),
            (Leg::Store, Mode::Email(_)) => None,
            (Leg::Mail(_) | Leg::Copy(_) | Leg::Notice(_), _) => self.mail.as_ref(),
        };
        courier.map(|courier| &**courier).ok_or_else(|| {
            let mailbox = &owner.mailbox;
            Fault::operator(match (leg, &owner.delivery.mode) {
                (Leg::Store, Mode::Mailbox(account)) => format!(
                    "mailbox {mailbox} is in an account of the IMAP server \"{}\", which is not configured",
                    account.server
                ),
                (Leg::Store, Mode::Local | Mode::Email(_)) => {
                    format!("mailbox {mailbox} keeps no messages")
                }
                (Leg::Mail(_) | Leg::Copy(_) | Leg::Notice(_), _) => {
                    format!("mailbox {mailbox} wants mail, which is not configured")
                }
            })
        })
    }
}

/// Where a leg leads; what cannot be gone leads to the target "none".
pub(super) fn target(leg: &Leg, owner: Option<&Profile>) -> Target {
    let name = match (leg, owner.map(|owner| &owner.delivery.mode)) {
        (_, None) | (Leg::Store, Some(Mode::Email(_))) => "none".to_owned(),
        (Leg::Store, Some(Mode::Local)) => "local".to_owned(),
        (Leg::Store, Some(Mode::Mailbox(account))) => format!("imap {}", account.server),
        (Leg::Mail(_) | Leg::Copy(_) | Leg::Notice(_), Some(_)) => "mail".to_owned(),
    };
    Target::new(&name)
}

/// The ways a message goes, as the directory knows its owner now. Of one whose owner is not known
/// any more only the mailbox is sure.
pub(super) fn legs(owner: Option<&Profile>) -> Vec<Leg> {
    owner.map_or_else(|| vec![Leg::Store], |owner| owner.delivery.legs())
}

/// What is wrong with a mailbox that nobody has.
pub(super) fn nobody(mailbox: &MailboxId) -> Fault {
    Fault::operator(format!("mailbox {mailbox} has no subscriber any more"))
}

/// The kind of a leg, for logs, which name no address.
pub(super) fn kind(leg: &Leg) -> &'static str {
    match leg {
        Leg::Store => "store",
        Leg::Mail(_) => "mail",
        Leg::Copy(_) => "copy",
        Leg::Notice(_) => "notice",
    }
}
