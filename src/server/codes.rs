//! The feature access codes: those compiled in, with the operator's files over them.

use super::rules;
use crate::base::DialString;
use crate::config::Config;
use crate::feature::{CodeFault, Table, Tables, Taken};
use crate::subscriber::Profile;
use std::path::{Path, PathBuf};

/// Why the codes of a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CodesFault {
    /// The file cannot be read.
    #[error("the codes {file} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The codes have faults; all of them.
    #[error("{}", listing(.file, .faults))]
    Faulty {
        /// Which file; that of the configuration where the codes compiled in do not fit it.
        file: PathBuf,
        /// What is wrong.
        faults: Vec<CodeFault>,
    },
}

/// One fault a line, each with its file.
fn listing(file: &Path, faults: &[CodeFault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| fault.in_file(file.display()))
        .collect();
    lines.join("\n")
}

/// The codes of everybody and of each tenant.
pub fn codes(config: &Config) -> Result<Tables, CodesFault> {
    let taken = taken(config);
    let usual = of(config.codes.file.as_deref(), &taken)?;
    let mut tables = Tables {
        usual,
        ..Tables::default()
    };
    for entry in &config.tenants {
        if let Some(file) = &entry.codes {
            let own = of(Some(file), &taken)?;
            tables.tenants.insert(entry.tenant.id.clone(), own);
        }
    }
    Ok(tables)
}

/// The codes of a file, laid over those compiled in.
pub fn codes_of(file: &Path, taken: &Taken) -> Result<Table, CodesFault> {
    of(Some(file), taken)
}

fn of(file: Option<&Path>, taken: &Taken) -> Result<Table, CodesFault> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).map_err(|source| CodesFault::Unreadable {
            file: file.to_owned(),
            source,
        })?,
        None => String::new(),
    };
    Table::parse(&text, taken).map_err(|faults| CodesFault::Faulty {
        file: file.unwrap_or(Path::new("the shipped codes")).to_owned(),
        faults,
    })
}

/// The numbers that no code may stand in the way of: emergency numbers, those of the service, and
/// those of subscribers.
pub fn taken(config: &Config) -> Taken {
    let lists = [
        &config.portal.numbers,
        &config.portal.message_numbers,
        &config.portal.status_numbers,
        &config.lamp.clear_numbers,
    ];
    let diagnostics = [
        &config.diagnostics.announcement,
        &config.diagnostics.echo,
        &config.diagnostics.key_tone,
        &config.diagnostics.silence,
    ];
    let mut service: Vec<DialString> = lists.into_iter().flatten().cloned().collect();
    service.extend(diagnostics.into_iter().flatten().cloned());
    service.extend(
        rules::operators(config)
            .into_iter()
            .map(|(number, _)| number),
    );
    let subscribers = config.subscribers.iter().flat_map(Profile::own_numbers);
    service.extend(subscribers.filter_map(|number| DialString::parse(number).ok()));
    Taken {
        emergency: config.codes.emergency.clone(),
        service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn the_shipped_codes_fit_the_shipped_configuration() {
        let config = Config::default();
        assert_eq!(codes(&config).unwrap(), Tables::default());
    }

    #[test]
    fn a_code_in_the_way_of_a_subscriber_is_told_with_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("codes.toml");
        std::fs::write(&file, "[codes]\n\nredial = \"2001\"\n").unwrap();
        let text = format!(
            "[codes]\nfile = {:?}\n[[subscriber]]\nmailbox = \"2001\"\n",
            file.display().to_string()
        );
        let config = config::parse(&text, folder.path()).unwrap();
        let fault = codes(&config).unwrap_err().to_string();
        let expected = format!("{}:3: 2001 (redial) is in the way of 2001", file.display());
        assert!(fault.starts_with(&expected), "{fault}");
    }
}
