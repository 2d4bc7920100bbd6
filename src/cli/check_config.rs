//! `belpost check-config`: every fault and warning of a configuration, and of the key maps, the
//! feature access codes and the texts of mails that it names.

use super::arguments::CheckConfigArgs;
use super::fault::CliFault;
use super::{print, print_json};
use crate::config::{Config, LoadFault, Place, load, warnings};
use crate::deliver::{TextsFault, read_templates};
use crate::server::{CodesFault, MenusFault, codes, menus};
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
    /// In the configuration file; none where the fault is in a file that it names.
    #[serde(flatten)]
    place: Option<Place>,
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
        Ok(config) => match in_files(&config) {
            Ok(()) => accept(&config, &name, args.json, out),
            Err(fault) if args.json => refuse(fault.lines(), out),
            Err(fault) => Err(fault.into()),
        },
        Err(LoadFault::Faulty { faults, .. }) if args.json => {
            let lines = faults.0.into_iter().map(|fault| FaultLine {
                place: Some(fault.place),
                key: fault.key,
                problem: fault.problem.to_string(),
            });
            refuse(lines.collect(), out)
        }
        Err(fault) => Err(fault.into()),
    }
}

/// A file that the configuration names cannot be used.
enum FileFault {
    Menus(MenusFault),
    Codes(CodesFault),
    Texts(TextsFault),
}

impl FileFault {
    /// One line a fault.
    fn lines(&self) -> Vec<FaultLine> {
        match self {
            FileFault::Menus(fault) => in_file("menus.file", fault),
            FileFault::Codes(fault) => in_file("codes.file", fault),
            FileFault::Texts(fault) => in_texts(fault),
        }
    }
}

impl From<FileFault> for CliFault {
    fn from(fault: FileFault) -> CliFault {
        match fault {
            FileFault::Menus(fault) => fault.into(),
            FileFault::Codes(fault) => fault.into(),
            FileFault::Texts(fault) => fault.into(),
        }
    }
}

/// Reads the files that a configuration names.
fn in_files(config: &Config) -> Result<(), FileFault> {
    menus(&config.menus).map_err(FileFault::Menus)?;
    codes(config).map_err(FileFault::Codes)?;
    let texts = read_templates(config.mail.templates.as_deref());
    texts.map(drop).map_err(FileFault::Texts)
}

/// The faults of a file of key maps or codes, which this key names.
fn in_file(key: &str, fault: &impl ToString) -> Vec<FaultLine> {
    let problems = fault.to_string();
    let line = |problem: &str| FaultLine {
        place: None,
        key: key.to_owned(),
        problem: problem.to_owned(),
    };
    problems.lines().map(line).collect()
}

/// The faults of the texts of mails.
fn in_texts(fault: &TextsFault) -> Vec<FaultLine> {
    let problems = match fault {
        TextsFault::Read(..) => vec![fault.to_string()],
        TextsFault::Templates(faults) => faults.iter().map(ToString::to_string).collect(),
    };
    let line = |problem| FaultLine {
        place: None,
        key: "mail.templates".to_owned(),
        problem,
    };
    problems.into_iter().map(line).collect()
}

fn refuse(faults: Vec<FaultLine>, out: &mut dyn Write) -> Result<(), CliFault> {
    let verdict = Verdict {
        ok: false,
        subscribers: 0,
        faults,
        warnings: Vec::new(),
    };
    print_json(&verdict, out)?;
    Err(CliFault::ConfigFaulty)
}

fn accept(config: &Config, name: &str, json: bool, out: &mut dyn Write) -> Result<(), CliFault> {
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
    use tempfile::TempDir;

    fn check(text: &str, json: bool) -> (Result<(), CliFault>, String) {
        check_in(&tempfile::tempdir().unwrap(), text, json)
    }

    fn check_in(folder: &TempDir, text: &str, json: bool) -> (Result<(), CliFault>, String) {
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
        let (outcome, printed) = check(
            "[passcodes]\nfirst_use = false\n[[subscriber]]\nmailbox = \"2001\"\n",
            true,
        );
        assert!(outcome.is_ok());
        let verdict: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(
            (&verdict["ok"], &verdict["subscribers"]),
            (&json!(true), &json!(1))
        );
        assert!(verdict["warnings"].to_string().contains("no passcode"));
    }

    #[test]
    fn a_fault_in_the_text_of_a_mail_is_told_with_its_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let dutch = folder.path().join("texts/nl");
        std::fs::create_dir_all(&dutch).unwrap();
        std::fs::write(dutch.join("voicemail.txt"), "{{ owner }}\n{{ owenr }}\n").unwrap();
        let text = "[mail]\ntemplates = \"texts\"\n";
        let (outcome, _) = check_in(&folder, text, false);
        let printed = outcome.unwrap_err().to_string();
        assert!(
            printed.contains("template nl/voicemail.txt, line 2"),
            "{printed}"
        );
        let (outcome, printed) = check_in(&folder, text, true);
        assert!(matches!(outcome, Err(CliFault::ConfigFaulty)));
        let verdict: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(verdict["faults"][0]["key"], "mail.templates");
        assert_eq!(verdict["faults"][0]["line"], Value::Null);
    }

    #[test]
    fn a_fault_in_the_key_maps_is_told_with_its_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.toml"), "[main]\ntries = 0\n").unwrap();
        let text = "[menus]\nfile = \"keys.toml\"\n";
        let (outcome, _) = check_in(&folder, text, false);
        let printed = outcome.unwrap_err().to_string();
        assert!(
            printed.contains("keys.toml:2: menu main: tries"),
            "{printed}"
        );
        let (outcome, printed) = check_in(&folder, text, true);
        assert!(matches!(outcome, Err(CliFault::ConfigFaulty)));
        let verdict: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(verdict["faults"][0]["key"], "menus.file");
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
