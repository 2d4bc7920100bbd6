//! `belpost prompts check`: whether the prompts compiled in say every sentence of these menus.

use super::progress::Line;
use super::safe_lines;
use crate::cli::arguments::ReadArgs;
use crate::cli::fault::CliFault;
use crate::cli::{print, print_json};
use crate::config::load;
use crate::decoder::Decoder;
use crate::library::check_built_in;
use crate::prompt::Report;
use crate::server;
use std::io::{self, IsTerminal, Write};

/// Prints a report for each language; `Err` where anything was found.
pub(super) fn run(read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let menus = server::menus(&config.menus)?;
    let terminal = io::stderr();
    let seen = terminal.is_terminal();
    let mut line = Line::new(terminal, seen);
    let reports = check_built_in(&Decoder::own(), &menus, &mut |progress| {
        line.show(progress);
    });
    line.clear();
    tell(&reports?, read.json, out)
}

fn tell(reports: &[Report], json: bool, out: &mut dyn Write) -> Result<(), CliFault> {
    if json {
        print_json(&reports, out)?;
    } else {
        let reports: Vec<String> = reports.iter().map(ToString::to_string).collect();
        print(&safe_lines(&reports.join("\n")), out)?;
    }
    match reports.iter().map(|report| report.findings.len()).sum() {
        0 => Ok(()),
        findings => Err(CliFault::Findings(findings)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::{Finding, Severity};
    use serde_json::Value;

    fn report(findings: Vec<Finding>) -> Report {
        Report {
            set: "nl".parse().unwrap(),
            version: None,
            own: 338,
            inherited: 0,
            missing: 0,
            sentences: 1_000,
            places: Vec::new(),
            findings,
        }
    }

    fn note() -> Finding {
        Finding {
            severity: Severity::Note,
            clip: None,
            text: None,
            file: None,
            what: "it is odd".into(),
            remedy: "listen".into(),
        }
    }

    #[test]
    fn even_a_note_about_what_ships_is_a_failure() {
        let mut out = Vec::new();
        tell(&[report(Vec::new()), report(Vec::new())], false, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("prompt set nl can be activated").count(), 2);
        let mut out = Vec::new();
        let reports = [report(Vec::new()), report(vec![note(), note()])];
        let fault = tell(&reports, true, &mut out).unwrap_err().to_string();
        assert!(fault.contains("2 findings"), "{fault}");
        let json: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json[1]["findings"][0]["remedy"], "listen");
    }
}
