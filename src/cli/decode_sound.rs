//! `belpost decode-sound`: the decoder of strangers' sound files, started by the server itself.
//!
//! In: a sound file on standard input. Out: its samples on standard output. The process limits
//! itself before it reads the first octet.

use super::fault::CliFault;
use crate::decoder::{self, Purpose};
use std::io::{self, Write};

/// Decodes standard input.
pub(super) fn run(purpose: Purpose, out: &mut dyn Write) -> Result<(), CliFault> {
    decoder::limit_this_process(purpose).map_err(CliFault::Runtime)?;
    Ok(decoder::decode_here(purpose, &mut io::stdin().lock(), out)?)
}
