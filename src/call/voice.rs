//! In whose voice a call is spoken: the caller's language by number, the owner's as chosen or set,
//! and those that stand in for it.
//!
//! Laws: who leaves a message hears the language of their number, else that of the owner; the owner
//! hears the own one, whatever telephone it is; only a number that is shown counts. What clips
//! there are is not known here.

use super::route::Route;
use crate::base::{DialString, Language, TenantId};
use crate::prompt::Voice;
use crate::subscriber::{Languages, Profile, ServiceBook};

/// In whose voice a call begins that goes this way; `caller` is the number shown.
pub(super) fn at_first(
    route: &Route,
    caller: Option<&DialString>,
    languages: &Languages,
    book: &ServiceBook,
) -> Voice {
    match route {
        Route::Deposit { owner, .. } => {
            let tenant = owner.tenant.as_ref();
            let by_number = languages.of_caller(tenant, caller);
            let language = by_number.unwrap_or_else(|| book.language(owner));
            voice(tenant, language, languages)
        }
        Route::Portal {
            owner: Some(owner), ..
        }
        | Route::ClearLamp { owner: Some(owner) }
        | Route::Feature {
            owner: Some(owner), ..
        } => of_owner(owner, languages, book),
        Route::Operator { tenant } => {
            let tenant = tenant.as_ref();
            let first = languages.offered(tenant).first();
            voice(tenant, first.unwrap_or(&languages.usual), languages)
        }
        Route::Portal { owner: None, .. }
        | Route::ClearLamp { owner: None }
        | Route::Feature { owner: None, .. }
        | Route::Diagnostic(_)
        | Route::Unknown
        | Route::Loop => {
            let by_number = languages.of_caller(None, caller);
            voice(None, by_number.unwrap_or(&languages.usual), languages)
        }
    }
}

/// In whose voice a subscriber hears the portal.
pub(super) fn of_owner(owner: &Profile, languages: &Languages, book: &ServiceBook) -> Voice {
    let language = book.language(owner);
    voice(owner.tenant.as_ref(), language, languages)
}

/// The same voice in another language.
pub(super) fn switched(voice_now: &Voice, language: &Language, languages: &Languages) -> Voice {
    voice(voice_now.tenant.as_ref(), language, languages)
}

fn voice(tenant: Option<&TenantId>, language: &Language, languages: &Languages) -> Voice {
    Voice {
        tenant: tenant.cloned(),
        languages: languages.chain(tenant, language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MailboxId;
    use crate::flow::Entry;
    use crate::mailbox::Limits;
    use crate::subscriber::{CallerLanguage, Change, Delivery, Services, Tenant};
    use std::sync::Arc;

    fn language(tag: &str) -> Language {
        Language::parse(tag).unwrap()
    }

    fn number(text: &str) -> DialString {
        DialString::parse(text).unwrap()
    }

    fn owner() -> Arc<Profile> {
        Arc::new(Profile {
            mailbox: MailboxId::parse("2001").unwrap(),
            name: String::new(),
            numbers: Vec::new(),
            language: language("nl"),
            zone: "UTC".to_owned(),
            passcode: None,
            assistant: None,
            tenant: TenantId::parse("acme").ok(),
            delivery: Delivery::local(),
            limits: Limits::default(),
        })
    }

    fn languages() -> Languages {
        let id = TenantId::parse("acme").unwrap();
        let acme = Tenant {
            id: id.clone(),
            languages: vec![language("nl"), language("fr")],
            callers: vec![CallerLanguage {
                prefix: number("+33"),
                language: language("fr"),
            }],
        };
        let everybody = CallerLanguage {
            prefix: number("+44"),
            language: language("en"),
        };
        Languages {
            callers: vec![everybody],
            tenants: [(id, acme)].into(),
            ..Languages::only(language("de"))
        }
    }

    fn spoken(route: &Route, caller: Option<&str>, book: &ServiceBook) -> String {
        let caller = caller.map(number);
        let voice = at_first(route, caller.as_ref(), &languages(), book);
        let tenant = voice.tenant.map_or(String::new(), |t| format!("{t}: "));
        let tags: Vec<_> = voice.languages.iter().map(Language::as_str).collect();
        tenant + &tags.join(" ")
    }

    #[test]
    fn a_caller_hears_the_language_of_the_number_else_the_one_the_owner_chose_else_the_owners() {
        let (mut book, owner) = (ServiceBook::default(), owner());
        let route = Route::Deposit {
            owner: Arc::clone(&owner),
            reason: None,
        };
        let from = |caller, book: &ServiceBook| spoken(&route, caller, book);
        assert_eq!(from(Some("+33123"), &book), "acme: fr nl de");
        assert_eq!(from(Some("+44123"), &book), "acme: en nl fr de");
        assert_eq!(from(Some("+31123"), &book), "acme: nl fr de");
        assert_eq!(from(None, &book), "acme: nl fr de");
        let mut services = Services::default();
        services.apply(&Change::Language(language("fr")));
        book.set(owner.mailbox.clone(), Arc::new(services));
        assert_eq!(from(Some("+31123"), &book), "acme: fr nl de");
        assert_eq!(from(Some("+44123"), &book), "acme: en nl fr de");
    }

    #[test]
    fn an_owner_hears_the_own_language_whatever_the_telephone_and_a_stranger_that_of_the_number() {
        let (book, owner) = (ServiceBook::default(), Some(owner()));
        let portal = |owner| Route::Portal {
            owner,
            entry: Entry::Main,
        };
        let known = [
            portal(owner.clone()),
            Route::ClearLamp {
                owner: owner.clone(),
            },
        ];
        for route in known {
            assert_eq!(spoken(&route, Some("+33123"), &book), "acme: nl fr de");
        }
        for route in [portal(None), Route::ClearLamp { owner: None }] {
            assert_eq!(spoken(&route, Some("+44123"), &book), "en de");
            assert_eq!(spoken(&route, Some("+33123"), &book), "de");
            assert_eq!(spoken(&route, None, &book), "de");
        }
    }
}
