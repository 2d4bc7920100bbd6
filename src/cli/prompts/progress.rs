//! How far an import is: one changing line on a terminal, nothing elsewhere.

use crate::library::studio::Progress;
use std::io::Write;

/// The line.
pub(super) struct Line<W> {
    to: W,
    /// Whether there is somebody to see it.
    seen: bool,
    /// The characters that stand there.
    width: usize,
}

impl<W: Write> Line<W> {
    /// A line; with `seen` false nothing is ever written.
    pub(super) fn new(to: W, seen: bool) -> Line<W> {
        Line { to, seen, width: 0 }
    }

    /// Shows a step in the place of the one before.
    pub(super) fn show(&mut self, progress: Progress) {
        let text = match progress {
            Progress::Reading { files } => format!("reading: {files} files"),
            Progress::Compiling { done, total } => format!("compiling: {done} of {total} clips"),
            Progress::Writing => "writing".to_owned(),
        };
        self.put(&text);
    }

    /// Leaves an empty line.
    pub(super) fn clear(mut self) {
        self.put("");
    }

    fn put(&mut self, text: &str) {
        if !self.seen || (text.is_empty() && self.width == 0) {
            return;
        }
        let blank = " ".repeat(self.width);
        self.width = text.chars().count();
        // A terminal that is gone keeps no import from its end.
        let _unseen = write!(self.to, "\r{blank}\r{text}").and_then(|()| self.to.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seen: bool) -> String {
        let mut written = Vec::new();
        let mut line = Line::new(&mut written, seen);
        line.show(Progress::Reading { files: 12 });
        line.show(Progress::Compiling { done: 1, total: 9 });
        line.show(Progress::Writing);
        line.clear();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn each_step_takes_the_place_of_the_one_before_and_nothing_is_left() {
        let written = shown(true);
        let steps: Vec<&str> = written.split('\r').map(str::trim_end).collect();
        let expected = [
            "",
            "",
            "reading: 12 files",
            "",
            "compiling: 1 of 9 clips",
            "",
            "writing",
            "",
            "",
        ];
        assert_eq!(steps, expected);
        assert!(written.ends_with("\r       \r"));
    }

    #[test]
    fn nothing_is_written_where_nobody_looks() {
        assert_eq!(shown(false), "");
    }
}
