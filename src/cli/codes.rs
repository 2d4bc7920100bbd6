//! `belpost codes`: the feature access codes of a configuration, and a file of them.
//!
//! In: the configuration, and a file or keys. Out: all faults of a file, one a line with file and
//! line; the codes there are, as a table or as a card for subscribers; or what some keys would do. What only should be known, such as codes
//! that mobile telephones keep to themselves, goes to the same place after the rest.

use super::arguments::{CodesCommand, ReadArgs};
use super::fault::CliFault;
use super::table::table;
use super::{print, print_json};
use crate::base::TenantId;
use crate::config::{Config, load};
use crate::feature::{Argument, Code, Table, card, hints};
use crate::server::{codes, codes_of, taken};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

#[derive(Serialize)]
struct Row<'a> {
    code: &'a str,
    service: &'static str,
    followed_by: &'static str,
}

#[derive(Serialize)]
struct Explained<'a> {
    dialled: &'a str,
    service: Option<&'static str>,
    argument: Option<String>,
}

/// Runs one of the commands.
pub(super) fn run(command: &CodesCommand, out: &mut dyn Write) -> Result<(), CliFault> {
    match command {
        CodesCommand::Check { codes, file } => check(codes, &load(file.config.as_deref())?, out),
        CodesCommand::List { tenant, read } => list(tenant.as_ref(), read, out),
        CodesCommand::Card {
            language,
            tenant,
            file,
        } => {
            let config = load(file.config.as_deref())?;
            let tables = codes(&config)?;
            let own = tables.of(known(tenant.as_ref(), &config)?);
            print(&card(own, *language), out)
        }
        CodesCommand::Explain { keys, tenant, read } => explain(keys, tenant.as_ref(), read, out),
    }
}

fn check(file: &Path, config: &Config, out: &mut dyn Write) -> Result<(), CliFault> {
    let table = codes_of(file, &taken(config))?;
    print(&format!("{}: ok\n{}", file.display(), advice(&table)), out)
}

/// What should be known of these codes, one a line.
fn advice(table: &Table) -> String {
    hints(table)
        .iter()
        .map(|hint| format!("note: {hint}\n"))
        .collect()
}

fn list(tenant: Option<&TenantId>, read: &ReadArgs, out: &mut dyn Write) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let tables = codes(&config)?;
    let own = tables.of(known(tenant, &config)?);
    let rows: Vec<Row<'_>> = Code::ALL
        .into_iter()
        .flat_map(|code| {
            own.of_name(code).map(move |keys| Row {
                code: keys.as_str(),
                service: code.name(),
                followed_by: follows(code.argument()),
            })
        })
        .collect();
    if read.json {
        return print_json(&rows, out);
    }
    let cells = rows.iter().map(|row| {
        vec![
            row.code.to_owned(),
            row.service.to_owned(),
            row.followed_by.to_owned(),
        ]
    });
    let cells: Vec<Vec<String>> = cells.collect();
    let printed = table(&["CODE", "SERVICE", "FOLLOWED BY"], &cells);
    print(&format!("{printed}{}", advice(own)), out)
}

fn explain(
    keys: &str,
    tenant: Option<&TenantId>,
    read: &ReadArgs,
    out: &mut dyn Write,
) -> Result<(), CliFault> {
    let config = load(read.file.config.as_deref())?;
    let tables = codes(&config)?;
    let keys = keys.replace("%23", "#");
    let found = tables.of(known(tenant, &config)?).look_up(&keys);
    let explained = Explained {
        dialled: &keys,
        service: found.as_ref().map(|found| found.code.name()),
        argument: found
            .and_then(|found| found.argument)
            .map(|a| a.to_string()),
    };
    if read.json {
        return print_json(&explained, out);
    }
    let text = match (explained.service, &explained.argument) {
        (None, _) => format!("{keys} is no code\n"),
        (Some(service), None) => format!("{keys} is {service}\n"),
        (Some(service), Some(argument)) => format!("{keys} is {service} with {argument}\n"),
    };
    print(&text, out)
}

/// The tenant, where there is one of this name.
fn known<'t>(
    tenant: Option<&'t TenantId>,
    config: &Config,
) -> Result<Option<&'t TenantId>, CliFault> {
    match tenant {
        Some(name) if !config.tenants.iter().any(|entry| entry.tenant.id == *name) => {
            Err(CliFault::NoSuchTenant(name.clone()))
        }
        tenant => Ok(tenant),
    }
}

fn follows(argument: Argument) -> &'static str {
    match argument {
        Argument::None => "",
        Argument::Number => "a number, or nothing",
        Argument::Figure => "a figure from 1 to 9, or nothing",
        Argument::Extension => "the number of a subscriber, or nothing",
        Argument::Call => "the number to call",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::ConfigArgs;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// A configuration of a tenant with codes of its own.
    fn configured() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        write("acme.toml", "[codes]\nredial = \"*5\"\n");
        let config = write(
            "belpost.toml",
            "[[tenant]]\nname = \"acme\"\ncodes = \"acme.toml\"\n",
        );
        (folder, config)
    }

    fn read(config: &Path, json: bool) -> ReadArgs {
        let config = Some(config.to_owned());
        let file = ConfigArgs { config };
        ReadArgs { file, json }
    }

    fn said(command: &CodesCommand) -> String {
        let mut out = Vec::new();
        run(command, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_list_has_the_codes_of_the_tenant_and_what_to_know_of_them() {
        let (_folder, config) = configured();
        let list = |tenant: Option<&str>| {
            said(&CodesCommand::List {
                tenant: tenant.map(|name| TenantId::parse(name).unwrap()),
                read: read(&config, false),
            })
        };
        assert!(list(None).contains("*66"));
        let own = list(Some("acme"));
        assert!(own.contains("*5 ") && !own.contains("*66"), "{own}");
        assert!(own.contains("note: mobile telephones keep #92#"), "{own}");
        let nobody = CodesCommand::List {
            tenant: TenantId::parse("nobody").ok(),
            read: read(&config, false),
        };
        let fault = run(&nobody, &mut Vec::new()).unwrap_err().to_string();
        assert!(fault.contains("nobody"), "{fault}");
    }

    #[test]
    fn keys_are_explained() {
        let (_folder, config) = configured();
        let explained = |keys: &str, json| {
            said(&CodesCommand::Explain {
                keys: keys.to_owned(),
                tenant: None,
                read: read(&config, json),
            })
        };
        assert_eq!(
            explained("*720201234567%23", false),
            "*720201234567# is forward-always-on with 0201234567\n"
        );
        assert_eq!(explained("*21", false), "*21 is always-to-voicemail-on\n");
        assert_eq!(explained("0612", false), "0612 is no code\n");
        let told: serde_json::Value = serde_json::from_str(&explained("*6105", true)).unwrap();
        assert_eq!(told["service"], "rings");
        assert_eq!(told["argument"], "5");
    }

    #[test]
    fn a_file_of_codes_is_checked_against_the_numbers_of_the_configuration() {
        let (folder, config) = configured();
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, "[codes]\nforward-always-on = \"12\"\n").unwrap();
        let check = CodesCommand::Check {
            codes: file.clone(),
            file: ConfigArgs {
                config: Some(config),
            },
        };
        let fault = run(&check, &mut Vec::new()).unwrap_err().to_string();
        let expected = format!(
            "{}:2: 12 (forward-always-on) is in the way of 1233",
            file.display()
        );
        assert!(fault.starts_with(&expected), "{fault}");
        std::fs::write(&file, "").unwrap();
        assert!(said(&check).contains("mine.toml: ok\n"));
    }
}
