//! `belpost decode-sound`: the decoder of strangers' sound files, started by the server itself.
//!
//! In: a sound file on standard input. Out: its samples on standard output. The process limits
//! itself before it reads the first octet.

use super::fault::CliFault;
use crate::decoder;
use std::io::{self, Write};

/// Decodes standard input.
pub(super) fn run(out: &mut dyn Write) -> Result<(), CliFault> {
    decoder::limit_this_process().map_err(CliFault::Runtime)?;
    Ok(decoder::decode_here(&mut io::stdin().lock(), out)?)
}
