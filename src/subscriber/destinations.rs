//! Where calls may be forwarded: no foreign and no dear numbers unless an operator says so, since
//! whoever gets at a passcode would sell calls to them.
//!
//! In: the operator's rules and a number. Out: whether calls may go there. Laws: however a number
//! is written (`0031…`, `+31…`, `0…`), the verdict is one; of the rules that fit the longest
//! decides, of two that are equally long the refusal; what is no number (a feature code) is
//! refused.

use super::{Profile, Roster};
use crate::base::{DialString, TenantId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What goes before a number of another country (ITU-T E.164 section 7.3.1).
const INTERNATIONAL: &str = "00";

/// What goes before a number of another area of the own country.
const NATIONAL: &str = "0";

/// The numbers that calls may be forwarded to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destinations {
    /// The own country's code (ITU-T E.164 section 6.2.1), 1-3 figures.
    pub country: String,
    /// The rules for everybody.
    pub rules: NumberRules,
    /// The rules of tenants that have their own instead.
    pub tenants: BTreeMap<TenantId, NumberRules>,
}

/// Which numbers are allowed, by their beginnings. What no rule fits is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NumberRules {
    /// These are allowed.
    pub allow: Vec<DialString>,
    /// These are refused.
    pub refuse: Vec<DialString>,
}

impl NumberRules {
    /// Allowed as shipped: the own country however it is written.
    pub const ALLOWED: &'static [&'static str] = &["+31"];

    /// Refused as shipped: other countries, and in the Netherlands premium, mass-calling, service
    /// and emergency numbers.
    pub const REFUSED: &'static [&'static str] = &[
        "00", "0900", "0906", "0909", "084", "087", "18", "112", "144", "116",
    ];
}

impl Default for Destinations {
    fn default() -> Destinations {
        let numbers = |texts: &[&str]| {
            let parsed = texts.iter().filter_map(|text| DialString::parse(text).ok());
            parsed.collect()
        };
        Destinations {
            country: "31".to_owned(),
            rules: NumberRules {
                allow: numbers(NumberRules::ALLOWED),
                refuse: numbers(NumberRules::REFUSED),
            },
            tenants: BTreeMap::new(),
        }
    }
}

impl Destinations {
    /// Whether subscribers of this tenant may have their calls forwarded to this number.
    pub fn allow(&self, tenant: Option<&TenantId>, number: &DialString) -> bool {
        let own = tenant.and_then(|tenant| self.tenants.get(tenant));
        let rules = own.unwrap_or(&self.rules);
        let number = self.written_out(number);
        let is_number = !number.contains(['*', '#']);
        let longest = |rules: &[DialString]| {
            let beginnings = rules.iter().map(|rule| self.written_out(rule));
            let fitting = beginnings.filter(|beginning| number.starts_with(beginning));
            fitting.map(|beginning| beginning.len()).max()
        };
        is_number
            && (longest(&rules.refuse) < longest(&rules.allow) || longest(&rules.refuse).is_none())
    }

    /// Whether these are one number, however each is written.
    pub fn same(&self, one: &DialString, other: &DialString) -> bool {
        self.written_out(one) == self.written_out(other)
    }

    /// The subscriber with this number, however it is written here and there.
    pub fn subscriber<'r>(
        &self,
        number: &DialString,
        roster: &'r Roster,
    ) -> Option<&'r Arc<Profile>> {
        let direct = roster.by_number(number.as_str());
        direct.or_else(|| {
            let written = self.written_out(number);
            let rest = written.strip_prefix('+')?;
            let national = rest.strip_prefix(self.country.as_str());
            let national = national.map(|rest| format!("{NATIONAL}{rest}"));
            let ways = [written.clone(), format!("{INTERNATIONAL}{rest}")];
            let mut ways = ways.into_iter().chain(national);
            ways.find_map(|way| roster.by_number(&way))
        })
    }

    /// The number with `+` and the code of its country; an internal or short one as it is. The
    /// beginning of a number is written out as the beginning of what such numbers become.
    fn written_out(&self, number: &DialString) -> String {
        let number = number.as_str();
        if let Some(rest) = number.strip_prefix(INTERNATIONAL) {
            return format!("+{rest}");
        }
        match number.strip_prefix(NATIONAL) {
            Some(rest) => format!("+{}{rest}", self.country),
            None => number.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> DialString {
        DialString::parse(text).unwrap()
    }

    fn allowed(text: &str) -> bool {
        Destinations::default().allow(None, &number(text))
    }

    #[test]
    fn as_shipped_the_own_country_is_allowed_and_what_is_dear_is_not() {
        for good in [
            "0612345678",
            "0201234567",
            "+31612345678",
            "0031201234567",
            "08001234",
            "2002",
            "14020",
            "1233",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "0044201234567",
            "+44201234567",
            "09001234",
            "+319001234",
            "00319001234",
            "0906123",
            "+31906123",
            "09091",
            "0841234567",
            "0031871234567",
            "1888",
            "112",
            "144",
            "116117",
            "*21",
            "#31#0612345678",
            "00",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn the_longest_rule_decides_and_a_tenant_has_its_own() {
        let numbers = |texts: &[&str]| texts.iter().map(|text| number(text)).collect();
        let acme = TenantId::parse("acme").unwrap();
        let rules = NumberRules {
            allow: numbers(&["+32", "0900123"]),
            refuse: numbers(&["00", "+322", "0900"]),
        };
        let destinations = Destinations {
            tenants: [(acme.clone(), rules)].into(),
            ..Destinations::default()
        };
        let allowed = |text| destinations.allow(Some(&acme), &number(text));
        assert!(allowed("003291234"));
        assert!(!allowed("003221234"));
        assert!(allowed("09001234"));
        assert!(!allowed("09009"));
        assert!(!destinations.allow(None, &number("003291234")));
        // Without its own "+31" this tenant refuses the own country too.
        assert!(!allowed("0201234567"));
    }

    #[test]
    fn equally_long_rules_refuse() {
        let rules = NumberRules {
            allow: vec![number("06")],
            refuse: vec![number("06")],
        };
        let destinations = Destinations {
            rules,
            ..Destinations::default()
        };
        assert!(!destinations.allow(None, &number("0612")));
        assert!(destinations.allow(None, &number("0712")));
    }

    #[test]
    fn a_subscriber_is_found_however_the_number_is_written() {
        let owner = Profile {
            mailbox: crate::base::MailboxId::parse("2001").unwrap(),
            name: String::new(),
            numbers: vec![number("+31201234501"), number("0201234502")],
            language: crate::subscriber::Language::parse("nl").unwrap(),
            zone: "UTC".to_owned(),
            passcode: None,
            assistant: None,
            tenant: None,
            delivery: crate::subscriber::Delivery::local(),
            limits: crate::mailbox::Limits::default(),
        };
        let (roster, plan) = (Roster::new([owner]).unwrap(), Destinations::default());
        for found in [
            "2001",
            "+31201234501",
            "0201234501",
            "0031201234501",
            "+31201234502",
        ] {
            assert!(
                plan.subscriber(&number(found), &roster).is_some(),
                "{found}"
            );
        }
        for other in ["2002", "0201234503", "+32201234501", "201234501"] {
            assert!(
                plan.subscriber(&number(other), &roster).is_none(),
                "{other}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_number_is_judged_alike_however_it_is_written(rest in "[1-9][0-9]{0,9}") {
            let ways = ["0", "0031", "+31"].map(|begin| number(&format!("{begin}{rest}")));
            let plan = Destinations::default();
            let verdicts: Vec<bool> = ways.iter().map(|way| plan.allow(None, way)).collect();
            prop_assert!(verdicts.iter().all(|v| *v == verdicts[0]), "{:?}", verdicts);
            prop_assert!(ways.iter().all(|way| plan.same(way, &ways[0])));
        }

        #[test]
        fn one_more_refusal_never_allows_more(text in "[+]?[0-9]{1,12}", refused in "[+]?[0-9]{1,6}") {
            let (plan, number) = (Destinations::default(), number(&text));
            let mut stricter = plan.clone();
            stricter.rules.refuse.push(DialString::parse(&refused).unwrap());
            prop_assert!(plan.allow(None, &number) || !stricter.allow(None, &number));
        }
    }
}
