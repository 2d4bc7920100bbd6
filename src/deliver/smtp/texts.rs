//! The operator's texts of mails, from their folder: `FOLDER/LANGUAGE/MAIL.PART`.

use crate::mime::{TEMPLATE_MAX, TEMPLATES_MAX, TemplateFault, TemplateSource, Templates};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Why the texts of mails cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextsFault {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {0} of mail.templates: {1}")]
    Read(PathBuf, io::Error),
    /// Templates have faults.
    #[error("mail.templates: {}", lines(.0))]
    Templates(Vec<TemplateFault>),
}

/// Reads the texts of mails: those compiled in, and the operator's in their place.
pub fn read_templates(folder: Option<&Path>) -> Result<Templates, TextsFault> {
    let sources = folder.map_or_else(|| Ok(Vec::new()), sources)?;
    Templates::parse(&sources).map_err(TextsFault::Templates)
}

fn sources(folder: &Path) -> Result<Vec<TemplateSource>, TextsFault> {
    let mut sources = Vec::new();
    for language in names(folder)? {
        let path = folder.join(&language);
        if !path.is_dir() {
            continue;
        }
        for file in names(&path)? {
            let name = format!("{language}/{file}");
            sources.push(source(&path.join(&file), name)?);
        }
    }
    Ok(sources)
}

/// The names in a folder, in order; not those that editors and systems leave.
fn names(folder: &Path) -> Result<Vec<String>, TextsFault> {
    let fault = |error| TextsFault::Read(folder.to_owned(), error);
    let entries = fs::read_dir(folder).map_err(fault)?.take(TEMPLATES_MAX + 1);
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(fault)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with('~') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// One octet more than is allowed at the most, so that it is seen to be too large.
fn source(path: &Path, name: String) -> Result<TemplateSource, TextsFault> {
    let mut text = String::new();
    let read = File::open(path)
        .and_then(|file| file.take(TEMPLATE_MAX as u64 + 1).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(TemplateSource { name, text }),
        Err(error) => Err(TextsFault::Read(path.to_owned(), error)),
    }
}

fn lines(faults: &[TemplateFault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_folder_take_their_places() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("nl")).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("README", "notes");
        write("nl/voicemail.txt~", "{{ an old fault");
        write("nl/.voicemail.txt.swp", "{{ another");
        write("nl/voicemail.txt", "Hallo {{ owner }}");
        assert!(read_templates(Some(folder.path())).is_ok());
        write("nl/voicemail.txt", "Hallo {{ ownr }}");
        let fault = read_templates(Some(folder.path())).unwrap_err().to_string();
        assert!(
            fault.contains("nl/voicemail.txt, line 1: undefined"),
            "{fault}"
        );
        assert!(read_templates(None).is_ok());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("texts");
        let fault = read_templates(Some(&missing)).unwrap_err().to_string();
        assert!(fault.contains(&missing.display().to_string()), "{fault}");
    }
}
