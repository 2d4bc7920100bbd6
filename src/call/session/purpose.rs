//! What a call is for: its route, turned into a conversation or a diagnostic.

use super::Talk;
use crate::base::MailboxId;
use crate::call::route::Route;
use crate::flow::{Conversation, DepositSetup, PortalSetup};
use crate::mime::Reason;
use crate::prompt::{Line, Phrase};
use crate::sip::Refusal;
use crate::subscriber::Profile;
use std::sync::Arc;

/// Who is called and why: what a route that leads to a conversation amounts to.
#[derive(Debug)]
pub(in crate::call) struct Purpose {
    pub(super) talk: Talk,
    pub(super) owner: Option<Arc<Profile>>,
    pub(super) reason: Option<Reason>,
    /// Whose lamp goes dark when the call is up.
    pub(super) clears: Option<MailboxId>,
}

impl Purpose {
    /// What this route is for; the status to refuse with where it leads nowhere.
    pub(in crate::call) fn of(route: Route, admitted: bool) -> Result<Purpose, Refusal> {
        let flow = |conversation, owner, reason| Purpose {
            talk: Talk::Flow(conversation),
            owner,
            reason,
            clears: None,
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
                    admitted,
                };
                Ok(flow(Conversation::deposit(setup), Some(owner), reason))
            }
            Route::ClearLamp { owner } => {
                let clears = owner.as_ref().map(|owner| owner.mailbox.clone());
                let words = vec![Phrase::Line(Line::Goodbye)];
                Ok(Purpose {
                    clears,
                    ..flow(Conversation::announcement(words), owner, None)
                })
            }
            Route::Diagnostic(kind) => Ok(Purpose {
                talk: Talk::Diagnostic(kind),
                owner: None,
                reason: None,
                clears: None,
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
