//! Typed configuration: every fault reported at once, with its line.
//!
//! In: the text of a TOML file, or nothing for the embedded defaults. Out: a [`Config`], or all
//! [`Faults`] of the file in its order, and [`warnings()`] about what is allowed but rarely meant.
//! Laws: an unknown key is a fault; a faulty value hides no other fault; the example file names
//! every key and equals the defaults; relative paths count from the folder of the file.
//!
//! Not here: what the values do, and the files they point to (menus, prompts).

mod claims;
mod devices;
mod fault;
mod mail;
mod model;
mod prompts;
mod reader;
mod sections;
mod subscribers;
mod values;
mod warnings;

#[cfg(test)]
mod tests;

pub use fault::{Fault, Faults, LoadFault, Place, Problem, ValueFault};
pub use model::{
    Config, Deposit, Diagnostics, Directory, Entry, Events, Http, Imap, Lamp, Ledger, Log,
    Mailboxes, Media, Menus, Operator, Passcodes, Portal, Prompts, Registrar, Sip, Spool,
    TenantEntry,
};
pub use values::{Listen, Ports};
pub use warnings::{Warning, warnings};

use reader::Reader;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest configuration file, in bytes.
pub const FILE_MAX: u64 = 64 * 1024 * 1024;

/// Reads the configuration of a file; without one the embedded defaults, with relative paths
/// counting from the current folder.
pub fn load(file: Option<&Path>) -> Result<Config, LoadFault> {
    let Some(file) = file else {
        return Ok(Config::default());
    };
    let text = read_bounded(file)?;
    let base = file.parent().unwrap_or(Path::new(""));
    parse(&text, base).map_err(|faults| LoadFault::Faulty {
        file: file.to_owned(),
        faults,
    })
}

/// Reads the text of a configuration; `base` is the folder that relative paths count from.
pub fn parse(text: &str, base: &Path) -> Result<Config, Faults> {
    let (config, faults, _) = read(text, base);
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(Faults(faults))
    }
}

/// Every key there is, as `section.key`, by name.
pub fn keys() -> BTreeSet<String> {
    // Keys of a subscriber, device, tenant or IMAP server are asked for where there is one.
    let (_, _, keys) = read(
        "[[imap]]\n[[tenant]]\n[[subscriber]]\n[[device]]\n",
        Path::new(""),
    );
    keys
}

fn read(text: &str, base: &Path) -> (Config, Vec<Fault>, BTreeSet<String>) {
    let (mut reader, document) = Reader::open(text);
    let config = sections::read(&mut reader, document.get_ref(), base);
    let (faults, keys) = reader.finish(document.get_ref());
    (config, faults, keys)
}

fn read_bounded(file: &Path) -> Result<String, LoadFault> {
    let unreadable = |source| LoadFault::Unreadable {
        file: file.to_owned(),
        source,
    };
    let mut text = String::new();
    let mut opened = File::open(file).map_err(unreadable)?.take(FILE_MAX + 1);
    opened.read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_MAX {
        return Err(LoadFault::TooLarge {
            file: file.to_owned(),
            limit: FILE_MAX,
        });
    }
    Ok(text)
}
