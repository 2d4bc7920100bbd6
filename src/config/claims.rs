//! Numbers that lead somewhere: each to one place only.

use super::fault::Problem;
use super::reader::{At, Reader, Section};
use super::values::{number, plain};
use crate::base::DialString;
use std::collections::HashMap;

/// A number that leads somewhere: who has it and where the file says so.
pub(super) struct Claim {
    pub(super) number: DialString,
    pub(super) by: String,
    pub(super) key: String,
    pub(super) offset: usize,
}

/// Numbers that lead to a service.
pub(super) fn numbers(
    section: &mut Section<'_, '_>,
    key: &'static str,
    default: Vec<DialString>,
    claims: &mut Vec<Claim>,
) -> Vec<DialString> {
    let listed = section.list(key, number).unwrap_or_else(|| {
        let at = |value| At { value, offset: 0 };
        default.into_iter().map(at).collect()
    });
    let by = section.name_of(key);
    claims.extend(listed.iter().map(|at| Claim {
        number: at.value.clone(),
        by: by.clone(),
        key: by.clone(),
        offset: at.offset,
    }));
    plain(listed)
}

/// Every number leads to one place. The second claim is the fault; one of a default comes first.
pub(super) fn report_taken(reader: &mut Reader<'_>, mut claims: Vec<Claim>) {
    claims.sort_by_key(|claim| claim.offset);
    let mut holders = HashMap::new();
    for claim in claims {
        match holders.get(claim.number.as_str()) {
            None => {
                holders.insert(claim.number.as_str().to_owned(), claim.by);
            }
            Some(by) => {
                let by: &String = by;
                let problem = Problem::NumberTaken {
                    number: claim.number.to_string(),
                    by: by.clone(),
                };
                reader.fault(claim.offset, claim.key, problem);
            }
        }
    }
}
