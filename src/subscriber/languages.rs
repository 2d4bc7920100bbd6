//! Which language whom: what callers hear by number, what subscribers may choose between, and which
//! languages stand in for one another.
//!
//! In: the operator's rules. Out: languages, never none. Law: a tenant's rules go before those of
//! the whole service. What a subscriber chose is in [`Services`](super::Services).

use super::{CallerLanguage, Language, Tenant, language_of_caller};
use crate::base::{DialString, TenantId};
use std::collections::BTreeMap;

/// Who is spoken to in which language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Languages {
    /// The language of whoever nothing is known of.
    pub usual: Language,
    /// What subscribers may choose between, in which order these also stand in for one another.
    pub offered: Vec<Language>,
    /// The languages of callers, by their numbers.
    pub callers: Vec<CallerLanguage>,
    /// Who has rules of their own.
    pub tenants: BTreeMap<TenantId, Tenant>,
}

impl Languages {
    /// One language for everybody.
    pub fn only(language: Language) -> Languages {
        Languages {
            offered: vec![language.clone()],
            usual: language,
            callers: Vec::new(),
            tenants: BTreeMap::new(),
        }
    }

    /// The language of callers with this number to somebody of this tenant; `None` where no rule
    /// fits.
    pub fn of_caller(
        &self,
        tenant: Option<&TenantId>,
        caller: Option<&DialString>,
    ) -> Option<&Language> {
        let own = self.tenant(tenant).map(|tenant| &tenant.callers);
        let mut rules = own.into_iter().chain([&self.callers]);
        rules.find_map(|rules| language_of_caller(rules, caller?))
    }

    /// What subscribers of this tenant may choose between: what the tenant has, else what
    /// everybody has.
    pub fn offered(&self, tenant: Option<&TenantId>) -> &[Language] {
        let own = self.tenant(tenant).map(|tenant| &tenant.languages);
        own.filter(|own| !own.is_empty()).unwrap_or(&self.offered)
    }

    /// This language and those that stand in for it, each once.
    pub fn chain(&self, tenant: Option<&TenantId>, first: &Language) -> Vec<Language> {
        let own = self.tenant(tenant).map(|tenant| &tenant.languages);
        let rest = own.into_iter().flatten().chain(&self.offered);
        let mut chain: Vec<Language> = Vec::new();
        for language in [first].into_iter().chain(rest).chain([&self.usual]) {
            if !chain.contains(language) {
                chain.push(language.clone());
            }
        }
        chain
    }

    fn tenant(&self, tenant: Option<&TenantId>) -> Option<&Tenant> {
        self.tenants.get(tenant?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(tag: &str) -> Language {
        Language::parse(tag).unwrap()
    }

    fn rules(rules: &[(&str, &str)]) -> Vec<CallerLanguage> {
        let rule = |(prefix, tag): &(&str, &str)| CallerLanguage {
            prefix: DialString::parse(prefix).unwrap(),
            language: language(tag),
        };
        rules.iter().map(rule).collect()
    }

    fn languages() -> Languages {
        let acme = Tenant {
            id: TenantId::parse("acme").unwrap(),
            languages: vec![language("fr"), language("nl")],
            callers: rules(&[("+32", "fr")]),
        };
        let plain = Tenant {
            id: TenantId::parse("plain").unwrap(),
            languages: Vec::new(),
            callers: Vec::new(),
        };
        Languages {
            usual: language("de"),
            offered: vec![language("nl"), language("en")],
            callers: rules(&[("+3281", "nl-be"), ("+44", "en")]),
            tenants: [acme, plain].map(|t| (t.id.clone(), t)).into(),
        }
    }

    #[test]
    fn a_rule_of_the_tenant_goes_before_a_longer_one_of_the_service() {
        let languages = languages();
        let heard = |tenant: Option<&str>, caller: &str| {
            let tenant = tenant.map(|name| TenantId::parse(name).unwrap());
            let caller = DialString::parse(caller).unwrap();
            let heard = languages.of_caller(tenant.as_ref(), Some(&caller));
            heard.map(|language| language.as_str().to_owned())
        };
        assert_eq!(heard(Some("acme"), "+32812345").as_deref(), Some("fr"));
        assert_eq!(heard(Some("acme"), "+44123").as_deref(), Some("en"));
        assert_eq!(heard(Some("plain"), "+32812345").as_deref(), Some("nl-be"));
        assert_eq!(heard(None, "+32812345").as_deref(), Some("nl-be"));
        assert_eq!(heard(None, "+31201"), None);
        assert_eq!(languages.of_caller(None, None), None);
    }

    #[test]
    fn the_chain_has_the_tenants_languages_before_everybodys_and_none_twice() {
        let (languages, acme) = (languages(), TenantId::parse("acme").unwrap());
        let chain = |tenant, first| {
            let chain = languages.chain(tenant, &language(first));
            let tags: Vec<_> = chain.iter().map(ToString::to_string).collect();
            tags.join(" ")
        };
        assert_eq!(chain(Some(&acme), "nl"), "nl fr en de");
        assert_eq!(chain(None, "es"), "es nl en de");
        assert_eq!(languages.offered(Some(&acme)).len(), 2);
        let plain = TenantId::parse("plain").unwrap();
        assert_eq!(languages.offered(Some(&plain)), languages.offered(None));
    }
}
