//! What a misspelt name was probably meant to be.

/// How many characters must be put in, taken out, changed, or swapped with their neighbour to make
/// one of the other (the optimal string alignment distance).
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // Three rows of the table: two above, one above, the one at work; entry 0 is the empty
    // beginning.
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut two_above: Vec<usize> = Vec::new();
    let mut last = None;
    for (at, letter) in (1..).zip(from.chars()) {
        let mut row = vec![at];
        for (place, wanted) in (1..).zip(&to) {
            let entry = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX);
            let put_in = entry(&row, place - 1).saturating_add(1);
            let taken_out = entry(&above, place).saturating_add(1);
            let changed = entry(&above, place - 1).saturating_add((letter != *wanted).into());
            let before = place.checked_sub(2).and_then(|before| to.get(before));
            let swapped = before == Some(&letter) && last == Some(*wanted);
            let swap =
                swapped.then(|| entry(&two_above, place.saturating_sub(2)).saturating_add(1));
            let least = put_in.min(taken_out).min(changed);
            row.push(swap.map_or(least, |swap| swap.min(least)));
        }
        two_above = std::mem::replace(&mut above, row);
        last = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}

/// The known name that is nearest to a misspelt one, at most `most` slips away; of several the
/// first by name.
pub fn nearest<N: AsRef<str> + Ord>(
    wrong: &str,
    known: impl IntoIterator<Item = N>,
    most: usize,
) -> Option<N> {
    let distances = known
        .into_iter()
        .map(|name| (slips(wrong, name.as_ref()), name));
    let nearest = distances.filter(|(slips, _)| *slips <= most).min()?;
    Some(nearest.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_as_a_typist_makes_them() {
        let cases = [
            ("", "", 0),
            ("goodbye", "goodbye", 0),
            ("godbye", "goodbye", 1),
            ("goodbyee", "goodbye", 1),
            ("goodbie", "goodbye", 1),
            ("goobdye", "goodbye", 1),
            ("lisen", "listen", 1),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("één", "een", 2),
        ];
        for (from, to, expected) in cases {
            assert_eq!(slips(from, to), expected, "{from} {to}");
            assert_eq!(slips(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn the_nearest_name_is_found_and_none_that_is_far() {
        let known = ["listen", "host", "hosts"];
        assert_eq!(nearest("lsiten", known, 2), Some("listen"));
        assert_eq!(nearest("hostt", known, 2), Some("host"));
        assert_eq!(nearest("folder", known, 2), None);
    }
}
