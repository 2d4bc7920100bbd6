//! `belpost check-config`: every fault and warning of a configuration.

use super::arguments::CheckConfigArgs;
use super::fault::CliFault;
use super::{print, print_json};
use crate::config::{Config, LoadFault, Place, load, warnings};
use crate::deliver::read_templates;
use serde::Serialize;
use std::io::Write;

/// The outcome as JSON.
#[derive(Serialize)]
struct Verdict {
    ok: bool,
    subscribers: usize,
    faults: Vec<FaultLine>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FaultLine {
    #[serde(flatten)]
    place: Place,
    key: String,
    problem: String,
}

/// Checks a configuration; `Err` where it has faults.
pub(super) fn run(args: &CheckConfigArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let file = args.file.config.as_deref();
    let name = file.map_or("embedded defaults".into(), |file| {
        file.display().to_string()
    });
    match load(file) {
        Ok(config) => accept(&config, &name, args.json, out),
        Err(LoadFault::Faulty { faults, .. }) if args.json => {
            let lines = faults.0.into_iter().map(|fault| FaultLine {
                place: fault.place,
                key: fault.key,
                problem: fault.problem.to_string(),
            });
            let verdict = Verdict {
                ok: false,
                subscribers: 0,
                faults: lines.collect(),
                warnings: Vec::new(),
            };
            print_json(&verdict, out)?;
            Err(CliFault::ConfigFaulty)
        }
        Err(fault) => Err(fault.into()),
    }
}

fn accept(config: &Config, name: &str, json: bool, out: &mut dyn Write) -> Result<(), CliFault> {
    read_templates(config.mail.templates.as_deref())?;
    let warnings: Vec<String> = warnings(config).iter().map(ToString::to_string).collect();
    let subscribers = config.subscribers.len();
    if json {
        let verdict = Verdict {
            ok: true,
            subscribers,
            faults: Vec::new(),
            warnings,
        };
        return print_json(&verdict, out);
    }
    let noun = if subscribers == 1 {
        "subscriber"
    } else {
        "subscribers"
    };
    let warned: String = warnings
        .iter()
        .map(|warning| format!("{name}: warning: {warning}\n"))
        .collect();
    print(&format!("{warned}{name}: ok, {subscribers} {noun}\n"), out)
}

#[cfg(test)]
mod tests {
    use super::super::arguments::ConfigArgs;
    use super::*;
    use serde_json::{Value, json};

    fn check(text: &str, json: bool) -> (Result<(), CliFault>, String) {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("belpost.toml");
        std::fs::write(&config, text).unwrap();
        let file = ConfigArgs {
            config: Some(config),
        };
        let mut out = Vec::new();
        let outcome = run(&CheckConfigArgs { file, json }, &mut out);
        (outcome, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_fault_is_on_a_line_of_its_own_with_file_and_place() {
        let (outcome, _) = check("[sip]\nmax_calls = 0\nhots = \"x\"\n", false);
        let printed = outcome.unwrap_err().to_string();
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines.len(), 2, "{printed}");
        assert!(lines[0].ends_with("belpost.toml:2:13: sip.max_calls: must be 1 to 100000, not 0"));
        assert!(lines[1].contains("belpost.toml:3:1: sip.hots: unknown name; did you mean host?"));
    }

    #[test]
    fn programs_get_the_same_as_json() {
        let (outcome, printed) = check("[sip]\nmax_calls = 0\n", true);
        assert!(matches!(outcome, Err(CliFault::ConfigFaulty)));
        let verdict: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            verdict,
            json!({"ok": false, "subscribers": 0, "warnings": [], "faults": [{
                "line": 2, "column": 13, "key": "sip.max_calls",
                "problem": "must be 1 to 100000, not 0"}]})
        );
        let (outcome, printed) = check("[[subscriber]]\nmailbox = \"2001\"\n", true);
        assert!(outcome.is_ok());
        let verdict: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            (&verdict["ok"], &verdict["subscribers"]),
            (&json!(true), &json!(1))
        );
        assert!(verdict["warnings"].to_string().contains("no passcode"));
    }

    #[test]
    fn warnings_alone_are_no_failure() {
        let (outcome, printed) = check("", false);
        assert!(outcome.is_ok());
        assert!(
            printed.contains("warning: there is no [[subscriber]]"),
            "{printed}"
        );
        assert!(printed.ends_with("ok, 0 subscribers\n"), "{printed}");
    }
}
