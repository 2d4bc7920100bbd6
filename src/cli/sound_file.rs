//! Sound as a new WAV file.

use super::fault::CliFault;
use crate::audio::{Pcm, wav};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a WAV file with these permissions, in which the umask has its say; an existing file is
/// left alone.
pub(super) fn write(sound: &Pcm, to: &Path, mode: u32) -> Result<(), CliFault> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(to)?;
        file.write_all(&wav::write_pcm16(sound))
    };
    write().map_err(|source| CliFault::File {
        file: to.to_owned(),
        source,
    })
}
