//! The sound of a mail, for the telephone.
//!
//! In: a whole mail, of ours or of another program. Out: what goes on the wire, or
//! [`Damaged`](Fault::Damaged).

use crate::audio::{WIRE_RATE, WireAudio, wav};
use crate::mailbox::Fault;
use crate::mime::{self, SoundKind};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The sound of a mail for the wire. A decoder that breaks on it breaks this message only.
pub(super) fn decode(mail: &[u8]) -> Result<WireAudio, Fault> {
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let sound = mime::read(mail).ok()?.sound;
        match sound.kind {
            SoundKind::Wav => wire(&sound.octets),
            SoundKind::Other => None,
        }
    }));
    decoded.ok().flatten().ok_or(Fault::Damaged)
}

fn wire(file: &[u8]) -> Option<WireAudio> {
    match wav::read_g711(file) {
        Ok(g711) if g711.rate == WIRE_RATE => Some(WireAudio::from_octets(g711.law, &g711.octets)),
        Ok(_) | Err(_) => wav::read(file).ok()?.to_wire().ok(),
    }
}
