//! The prompt sets of a scenario, changed by telephone: who may, what came of it, and what callers
//! hear since.
//!
//! In: passcodes and orders. Out: verdicts and outcomes. A clip that was replaced is heard as it
//! was recorded; what a real studio does to a recording is not here.

use belpost::audio::WireAudio;
use belpost::base::{Language, TenantId};
use belpost::call::{PromptOrder, PromptWork};
use belpost::flow::{PromptFault, Workset};
use belpost::prompt::{ClipId, Grammar, SetId};
use std::collections::BTreeMap;

/// The own clips of one version.
type Version = BTreeMap<ClipId, WireAudio>;

/// All sets, and who may change them.
#[derive(Debug, Default)]
pub struct Prompts {
    /// Passcodes by whose prompts they open.
    pub passcodes: BTreeMap<Option<TenantId>, String>,
    /// What every order meets with, where that is a fault.
    pub fault: Option<PromptFault>,
    versions: BTreeMap<SetId, Vec<Version>>,
}

impl Prompts {
    /// The sets that this passcode opens.
    pub fn log_in(&self, tenant: Option<&TenantId>, passcode: &str) -> Option<Vec<Workset>> {
        let right = self.passcodes.get(&tenant.cloned())?;
        (right == passcode).then(|| ["en", "nl"].map(|l| workset(tenant, l)).into())
    }

    /// Does one order.
    pub fn change(
        &mut self,
        order: &PromptOrder,
        recording: Option<WireAudio>,
    ) -> Result<(), PromptFault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let versions = self.versions.entry(order.set.clone()).or_default();
        let mut next = versions.last().cloned().unwrap_or_default();
        match &order.work {
            PromptWork::Replace { clip, .. } => {
                next.insert(clip.clone(), recording.ok_or(PromptFault::Failed)?);
            }
            PromptWork::Drop(clip) => {
                next.remove(clip).ok_or(PromptFault::NotOwn)?;
            }
            PromptWork::RollBack => {
                versions.pop().ok_or(PromptFault::NothingBefore)?;
                return Ok(());
            }
        }
        versions.push(next);
        Ok(())
    }

    /// The own sound of a clip in a tenant's set of a language, else in everybody's.
    pub fn own(
        &self,
        tenant: Option<&TenantId>,
        language: &Language,
        clip: &ClipId,
    ) -> Option<&WireAudio> {
        let of = |tenant: Option<&TenantId>| {
            let (tenant, language) = (tenant.cloned(), language.clone());
            let set = SetId { tenant, language };
            self.versions.get(&set)?.last()?.get(clip)
        };
        of(tenant).or_else(|| of(None))
    }
}

fn workset(tenant: Option<&TenantId>, language: &str) -> Workset {
    Workset {
        set: SetId {
            tenant: tenant.cloned(),
            language: Language::parse(language).expect("a language"),
        },
        grammar: Grammar::parse(language).expect("a grammar"),
    }
}
