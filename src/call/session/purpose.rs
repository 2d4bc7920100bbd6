//! What a call is for: its route, turned into a conversation or a diagnostic.

use super::Talk;
use crate::base::MailboxId;
use crate::call::route::Route;
use crate::flow::{
    Admission, Conversation, DepositSetup, FeatureSetup, OperatorSetup, PortalSetup,
};
use crate::mime::Reason;
use crate::sip::Refusal;
use crate::subscriber::Profile;
use std::sync::Arc;

/// Who is called and why: what a route that leads to a conversation amounts to.
#[derive(Debug)]
pub(in crate::call) struct Purpose {
    pub(super) talk: Talk,
    pub(super) owner: Option<Arc<Profile>>,
    pub(super) reason: Option<Reason>,
}

impl Purpose {
    /// What this route is for; the status to refuse with where it leads nowhere.
    /// `admission` says whether a message can be left in a mailbox.
    pub(in crate::call) fn of(
        route: Route,
        admission: impl FnOnce(&MailboxId) -> Admission,
    ) -> Result<Purpose, Refusal> {
        let flow = |conversation, owner, reason| Purpose {
            talk: Talk::Flow(Box::new(conversation)),
            owner,
            reason,
        };
        match route {
            Route::Portal { owner, entry } => {
                let setup = PortalSetup {
                    owner: owner.clone(),
                    entry,
                };
                Ok(flow(Conversation::portal(setup), owner, None))
            }
            Route::Deposit { owner, reason } => {
                let setup = DepositSetup {
                    owner: Arc::clone(&owner),
                    reason,
                    admission: admission(&owner.mailbox),
                };
                Ok(flow(Conversation::deposit(setup), Some(owner), reason))
            }
            Route::ClearLamp { owner } => {
                Ok(flow(Conversation::clear_lamp(owner.clone()), owner, None))
            }
            Route::Feature { owner, dialled } => {
                let setup = FeatureSetup {
                    owner: owner.clone(),
                    dialled,
                };
                Ok(flow(Conversation::feature(setup), owner, None))
            }
            Route::Operator { tenant } => {
                let setup = OperatorSetup { tenant };
                Ok(flow(Conversation::operator(setup), None, None))
            }
            Route::Diagnostic(kind) => Ok(Purpose {
                talk: Talk::Diagnostic(kind),
                owner: None,
                reason: None,
            }),
            Route::Unknown => Err(Refusal {
                status: 404,
                retry_after: None,
                why: "no such number here",
            }),
            Route::Loop => Err(Refusal {
                status: 482,
                retry_after: None,
                why: "diverted too often",
            }),
        }
    }
}
