//! Reads what is said and to whom: `[prompts]`, `[http]`; and `[[tenant]]`.

use super::claims::{Claim, numbers};
use super::fault::{Problem, ValueFault};
use super::model::{Http, Operator, Prompts, TenantEntry};
use super::reader::{Reader, Section};
use super::values::{self, language, number, path, plain, value};
use crate::base::TenantId;
use crate::subscriber::{CallerLanguage, NumberRules, PasscodeHash, Tenant};
use std::collections::BTreeSet;
use std::path::Path;
use toml::de::DeTable;

/// The most tenants of one file.
const TENANTS_MAX: usize = 10_000;

/// Octets of a megabyte, as disks are sold.
const MEGABYTE: u64 = 1_000_000;

/// Reads `[prompts]`.
pub(super) fn prompts(
    mut section: Section<'_, '_>,
    base: &Path,
    claims: &mut Vec<Claim>,
) -> Prompts {
    let d = Prompts::default();
    let cache = d.cache.map(|file| base.join(file));
    let prompts = Prompts {
        store: section
            .parsed("store", |text| path(text, base))
            .map_or_else(|| base.join(d.store), value),
        language: section
            .parsed("language", language)
            .map_or(d.language, value),
        languages: section
            .filled_list("languages", language)
            .map_or(d.languages, plain),
        callers: callers(&mut section),
        cache: section.optional("cache", cache, |text| path(text, base)),
        operator: operator(&mut section, claims),
    };
    section.finish();
    prompts
}

/// Reads `[http]`.
pub(super) fn http(mut section: Section<'_, '_>, base: &Path) -> Http {
    let d = Http::default();
    let megabytes = |octets: u64| (octets / MEGABYTE) as i64;
    let max_upload = section.count("max_upload_mb", 1..4_001, megabytes(d.max_upload));
    let http = Http {
        listen: section.optional("listen", d.listen, |text| {
            text.parse().map_err(|_| ValueFault::SocketAddress)
        }),
        token_file: section.optional("token_file", d.token_file, |text| path(text, base)),
        max_upload: max_upload as u64 * MEGABYTE,
        max_uploads: section.count("max_uploads", 1..17, d.max_uploads as i64) as usize,
    };
    if http.listen.is_some() && http.token_file.is_none() {
        let offset = section.offset("listen");
        section.fault("token_file", offset, Problem::Missing);
    }
    section.finish();
    http
}

/// Reads every tenant; they come sorted by name.
pub(super) fn tenants<'t>(
    reader: &mut Reader<'t>,
    document: &DeTable<'t>,
    base: &Path,
    claims: &mut Vec<Claim>,
) -> Vec<TenantEntry> {
    let mut names: BTreeSet<TenantId> = BTreeSet::new();
    let tenants = reader.each(document, "tenant", TENANTS_MAX, |section| {
        let tenant = tenant(section, base, claims)?;
        if names.insert(tenant.tenant.id.clone()) {
            return Some(tenant);
        }
        let offset = section.offset("name");
        let (found, why) = (tenant.tenant.id.to_string(), ValueFault::Again);
        section.fault("name", offset, Problem::BadValue { found, why });
        None
    });
    let mut tenants: Vec<TenantEntry> = tenants.into_iter().flatten().collect();
    tenants.sort_by(|a, b| a.tenant.id.cmp(&b.tenant.id));
    tenants
}

fn tenant(
    section: &mut Section<'_, '_>,
    base: &Path,
    claims: &mut Vec<Claim>,
) -> Option<TenantEntry> {
    let name = section.parsed("name", |text| {
        TenantId::parse(text).map_err(ValueFault::from)
    });
    let languages = plain(section.list("languages", language).unwrap_or_default());
    let callers = callers(section);
    let operator = operator(section, claims);
    let forwarding = forwarding(section);
    let codes = section.optional("codes", None, |text| path(text, base));
    if !section.gives("name") {
        let offset = section.offset("name");
        section.fault("name", offset, Problem::Missing);
    }
    let tenant = Tenant {
        id: name?.value,
        languages,
        callers,
    };
    Some(TenantEntry {
        tenant,
        operator,
        forwarding,
        codes,
    })
}

/// The rules of a tenant that has some.
fn forwarding(section: &mut Section<'_, '_>) -> Option<NumberRules> {
    let allow = section.list("forward_allow", number);
    let refuse = section.list("forward_refuse", number);
    let own = allow.is_some() || refuse.is_some();
    own.then(|| NumberRules {
        allow: plain(allow.unwrap_or_default()),
        refuse: plain(refuse.unwrap_or_default()),
    })
}

fn callers(section: &mut Section<'_, '_>) -> Vec<CallerLanguage> {
    plain(
        section
            .list("callers", values::caller_language)
            .unwrap_or_default(),
    )
}

fn operator(section: &mut Section<'_, '_>, claims: &mut Vec<Claim>) -> Operator {
    Operator {
        numbers: numbers(section, "operator_numbers", Vec::new(), claims),
        passcode: section.optional("operator_passcode", None, |text| {
            PasscodeHash::parse(text).map_err(ValueFault::from)
        }),
    }
}
