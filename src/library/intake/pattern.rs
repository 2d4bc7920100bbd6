//! Names of mapping files that stand for many: `number-{21..29}` is made of `digits/{n-20}`.

/// Names that differ in a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    before: String,
    after: String,
    /// The first and the last number.
    range: (u32, u32),
}

/// The most names of a family.
const MAX_FAMILY: u32 = 1_000;

impl Family {
    /// Reads `number-{21..29}`; `Ok(None)` where it is the name of one thing.
    pub(super) fn parse(name: &str) -> Result<Option<Family>, &'static str> {
        let Some((before, rest)) = name.split_once('{') else {
            return Ok(None);
        };
        let wrong = "wanted two numbers between braces, as in number-{21..29}";
        let (inside, after) = rest.split_once('}').ok_or(wrong)?;
        let (first, last) = inside.split_once("..").ok_or(wrong)?;
        let range = (number(first).ok_or(wrong)?, number(last).ok_or(wrong)?);
        if range.0 > range.1 || range.1 - range.0 >= MAX_FAMILY {
            return Err("the second number must follow the first, by 999 at most");
        }
        if after.contains('{') {
            return Err(wrong);
        }
        Ok(Some(Family {
            before: before.to_owned(),
            after: after.to_owned(),
            range,
        }))
    }

    /// Each number with its name.
    pub(super) fn members(&self) -> impl Iterator<Item = (u32, String)> + '_ {
        (self.range.0..=self.range.1).map(|n| (n, format!("{}{n}{}", self.before, self.after)))
    }
}

/// Puts a number for `{n}`, `{n+1}` or `{n-20}`.
pub(super) fn fill(template: &str, n: Option<u32>) -> Result<String, &'static str> {
    let Some((before, rest)) = template.split_once('{') else {
        return Ok(template.to_owned());
    };
    let wrong = "wanted {n}, {n+1} or {n-20}, in a family's line only";
    let (inside, after) = rest.split_once('}').ok_or(wrong)?;
    let n = n.ok_or(wrong)?;
    let shift = inside.strip_prefix('n').ok_or(wrong)?;
    let value = match shift.split_at_checked(1) {
        None => Some(n),
        Some(("+", by)) => number(by).and_then(|by| n.checked_add(by)),
        Some(("-", by)) => number(by).and_then(|by| n.checked_sub(by)),
        Some(_) => None,
    };
    let after = fill(after, Some(n))?;
    Ok(format!("{before}{}{after}", value.ok_or(wrong)?))
}

fn number(text: &str) -> Option<u32> {
    let figures = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    figures.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_a_member_for_each_number() {
        let family = Family::parse("number-{9..11}").unwrap().unwrap();
        let members: Vec<_> = family.members().collect();
        let expected = [(9, "number-9"), (10, "number-10"), (11, "number-11")];
        assert_eq!(members, expected.map(|(n, name)| (n, name.to_owned())));
        assert_eq!(Family::parse("goodbye").unwrap(), None);
        for bad in [
            "a-{",
            "a-{}",
            "a-{1}",
            "a-{2..1}",
            "a-{0..1000}",
            "a-{1..2}-{3..4}",
            "a-{-1..2}",
        ] {
            assert!(Family::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_template_is_filled_with_the_number() {
        for (template, n, filled) in [
            ("digits/{n}", 7, "digits/7"),
            ("digits/{n-20}", 21, "digits/1"),
            ("mon-{n+1}{n}", 1, "mon-21"),
            ("digits/a-m", 7, "digits/a-m"),
        ] {
            assert_eq!(fill(template, Some(n)).as_deref(), Ok(filled));
        }
        for bad in ["{m}", "{n-8}", "{n", "{n*2}", "{n+}", "{n+x}"] {
            assert!(fill(bad, Some(7)).is_err(), "{bad}");
        }
        assert!(fill("digits/{n}", None).is_err());
        assert_eq!(fill("vm-no", None).as_deref(), Ok("vm-no"));
    }
}
