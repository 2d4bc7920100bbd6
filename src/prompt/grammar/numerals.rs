//! Telephone numbers cut into the groups in which they are read.

use crate::base::Digit;

/// One group of a telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// The `+` of an international number.
    Plus,
    /// A key that is not a figure.
    Sign(Digit),
    /// Figures that are read together.
    Figures(Vec<u8>),
}

/// Cuts a number into groups; `sizes` says how a run of so many figures is cut.
pub(super) fn groups(number: &str, sizes: fn(usize) -> Vec<usize>) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut run = Vec::new();
    for c in number.chars() {
        let digit = Digit::from_char(c);
        if let Some(figure) = digit.and_then(Digit::figure) {
            run.push(figure);
            continue;
        }
        close_run(&mut run, &mut groups, sizes);
        groups.push(digit.map_or(Group::Plus, Group::Sign));
    }
    close_run(&mut run, &mut groups, sizes);
    groups
}

fn close_run(run: &mut Vec<u8>, groups: &mut Vec<Group>, sizes: fn(usize) -> Vec<usize>) {
    let mut rest = run.as_slice();
    for size in sizes(run.len()) {
        let (group, after) = rest.split_at(size.min(rest.len()));
        groups.push(Group::Figures(group.to_vec()));
        rest = after;
    }
    run.clear();
}
