//! Mails as files, where no mail server is configured: another program sends them.
//!
//! `FOLDER/ID-KIND-ADDRESS.eml`, the address as a hash. A file is written and synced under
//! another name, then renamed; under its own name it is whole. Files are 0600, the folder 0700.

use super::MailSetupFault;
use crate::deliver::vocabulary::{Fault, Receipt};
use crate::mime::MailAddress;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// The folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder where it is not there.
    pub(super) fn make(folder: PathBuf) -> Result<Folder, MailSetupFault> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        match made {
            Ok(()) => Ok(Folder(folder)),
            Err(fault) => Err(MailSetupFault::Folder(folder, fault)),
        }
    }

    /// Writes a mail; a file of that name and address is the same mail and stays as it is.
    pub(super) fn put(&self, to: &MailAddress, name: &str, mail: &[u8]) -> Result<Receipt, Fault> {
        let put = self.write(&file_name(to, name), mail);
        put.map_err(|fault| {
            let folder = self.0.display();
            Fault::operator(format!("cannot write a mail to {folder}: {fault}"))
        })
    }

    fn write(&self, name: &str, mail: &[u8]) -> io::Result<Receipt> {
        let path = self.0.join(name);
        if path.try_exists()? {
            // Its name may not have been on disk when the power went.
            self.sync()?;
            return Ok(Receipt::Again(name.to_owned()));
        }
        let scratch = self.0.join(format!(".{name}.part"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&scratch)?;
        file.write_all(mail)?;
        file.sync_all()?;
        fs::rename(&scratch, &path)?;
        self.sync()?;
        Ok(Receipt::Delivered(name.to_owned()))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

/// No address can leave the folder: it is in the name as a hash.
fn file_name(to: &MailAddress, name: &str) -> String {
    let hash = Sha256::digest(to.as_str());
    let short: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{name}-{short}.eml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn to(text: &str) -> MailAddress {
        MailAddress::parse(text).unwrap()
    }

    #[test]
    fn a_mail_is_there_once_whole_and_for_its_owner_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::make(scratch.path().join("mail")).unwrap();
        let first = folder.put(&to("a@x.nl"), "1-mail", b"mail").unwrap();
        let Receipt::Delivered(name) = first.clone() else {
            panic!("{first:?}");
        };
        let again = folder.put(&to("a@x.nl"), "1-mail", b"other");
        assert_eq!(again, Ok(Receipt::Again(name.clone())));
        let path = folder.0.join(&name);
        assert_eq!(fs::read(&path).unwrap(), b"mail");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            fs::metadata(&folder.0).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn each_address_has_a_file_of_its_own_and_none_leaves_the_folder() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::make(scratch.path().to_owned()).unwrap();
        for address in ["a@x.nl", "b/c@x.nl", "/etc/a@x.nl"] {
            folder.put(&to(address), "1-mail", b"mail").unwrap();
        }
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_the_operators_to_mend() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = Folder::make(scratch.path().join("mail")).unwrap();
        fs::remove_dir(&folder.0).unwrap();
        fs::write(&folder.0, b"a file").unwrap();
        let fault = folder.put(&to("a@x.nl"), "1-mail", b"mail").unwrap_err();
        assert_eq!(fault, Fault::operator(fault.what.clone()));
        assert!(Folder::make(folder.0.clone()).is_err());
    }
}
