//! Rows for people: columns side by side, two spaces between.

/// A table with a heading line; its last column is not padded.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max();
            widest.unwrap_or(0).max(heading.chars().count())
        })
        .collect();
    let head: Vec<String> = headings.iter().map(ToString::to_string).collect();
    std::iter::once(&head)
        .chain(rows)
        .map(|row| line(row, &widths))
        .collect()
}

/// What came from the network, made safe for a terminal: control characters become `?`.
pub(super) fn safe(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    format!("{}\n", cells.join("  ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["2001".into(), "Jan".into(), "3".into()],
            vec!["20011".into(), "Zoë de Vries".into(), String::new()],
        ];
        assert_eq!(
            table(&["MAILBOX", "NAME", "NEW"], &rows),
            "MAILBOX  NAME          NEW\n\
             2001     Jan           3\n\
             20011    Zoë de Vries\n"
        );
        assert_eq!(table(&["A", "B"], &[]), "A  B\n");
    }

    #[test]
    fn a_terminal_is_not_steered_from_the_network() {
        assert_eq!(safe("\u{1b}[2Jx\r\n"), "?[2Jx??");
    }
}
