//! The file of a take: self-checking blocks, an envelope first, sound in between, an end last.
//!
//! ```text
//! block    kind (1 octet) | length of payload (4, little endian) | CRC32C (4) | payload
//! CRC32C   over: id of the take (16) | number of the block in its file (4) | kind | length | payload
//! kinds    'E' envelope (JSON) | 'S' sound (octets of the envelope's law) | 'X' end (30 octets)
//! ```
//! The id and the number are in the checksum so that what an older file left on the same sectors
//! never checks. The end has a fixed size: it is found from the end of the file.

use super::stored;
use crate::audio::duration_to_samples;
use crate::base::MessageId;
use crate::mailbox::{Ending, Envelope, Facts};
use std::time::Duration;

/// The longest payload, in octets; longer sound is split.
pub(super) const PAYLOAD_MAX: usize = 1 << 20;
/// Octets before the payload.
const HEAD: usize = 9;
/// Octets of an end's payload.
const END: usize = 30;
/// Octets of a whole end block.
pub(super) const END_BLOCK: u64 = (HEAD + END) as u64;

const ENVELOPE: u8 = b'E';
const SOUND: u8 = b'S';
const ENDED: u8 = b'X';

/// Puts blocks of one file together; knows the number of the next.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    id: MessageId,
    next: u32,
    /// Octets of sound so far.
    sound: u64,
}

impl Writer {
    pub(super) fn new(id: MessageId) -> Writer {
        Writer {
            id,
            next: 0,
            sound: 0,
        }
    }

    /// A writer that goes on behind the blocks of a scan.
    pub(super) fn behind(id: MessageId, scan: &Scan) -> Writer {
        Writer {
            id,
            next: scan.blocks,
            sound: scan.sound.len() as u64,
        }
    }

    /// Octets of sound so far.
    pub(super) fn sound(&self) -> u64 {
        self.sound
    }

    pub(super) fn envelope(&mut self, envelope: &Envelope, out: &mut Vec<u8>) {
        self.block(ENVELOPE, &stored::print_envelope(envelope), out);
    }

    pub(super) fn sound_blocks(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for piece in octets.chunks(PAYLOAD_MAX) {
            self.block(SOUND, piece, out);
        }
        self.sound += octets.len() as u64;
    }

    pub(super) fn end(&mut self, facts: &Facts, out: &mut Vec<u8>) {
        let mut payload = Vec::with_capacity(END);
        payload.extend_from_slice(&self.next.to_le_bytes());
        payload.extend_from_slice(&self.sound.to_le_bytes());
        payload.extend_from_slice(&millis(facts.length).to_le_bytes());
        payload.extend_from_slice(&millis(facts.voiced).to_le_bytes());
        payload.push(match facts.ending {
            Ending::Stopped => 0,
            Ending::TooLong => 1,
            Ending::Silence => 2,
            Ending::CutOff => 3,
        });
        payload.push(u8::from(facts.urgent) | u8::from(facts.private) << 1);
        self.block(ENDED, &payload, out);
    }

    fn block(&mut self, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        let length = (payload.len() as u32).to_le_bytes();
        out.push(kind);
        out.extend_from_slice(&length);
        out.extend_from_slice(&checksum(self.id, self.next, kind, length, payload).to_le_bytes());
        out.extend_from_slice(payload);
        self.next += 1;
    }
}

/// What the blocks of a file say, up to the first that does not check.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    /// The envelope; `None` where not even that is whole.
    pub(super) envelope: Option<Envelope>,
    /// The sound, gapless.
    pub(super) sound: Vec<u8>,
    /// The end, where the file has one.
    pub(super) facts: Option<Facts>,
    /// Octets of the file up to the first bad block.
    pub(super) length: u64,
    /// Blocks up to the first bad one.
    blocks: u32,
}

impl Scan {
    /// The sound of a whole message; `None` where it has no end. What lies beyond the length in
    /// its end is no part of it. That length is in whole milliseconds, so the one it ends in stays.
    pub(super) fn message(mut self) -> Option<Vec<u8>> {
        let length = self.facts?.length.saturating_add(Duration::from_millis(1));
        self.sound.truncate(duration_to_samples(length));
        Some(self.sound)
    }
}

/// Reads a file from its start; stops at its end block or at the first bad block.
pub(super) fn scan(id: MessageId, file: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut rest = file;
    while let Some((kind, payload, behind)) = next_block(id, scan.blocks, rest) {
        let known = match kind {
            ENVELOPE if scan.blocks == 0 => {
                scan.envelope = stored::parse_envelope(payload);
                scan.envelope.is_some()
            }
            SOUND if scan.blocks > 0 => {
                scan.sound.extend_from_slice(payload);
                true
            }
            ENDED if scan.blocks > 0 => {
                scan.facts = read_end(payload, scan.blocks, scan.sound.len() as u64);
                scan.facts.is_some()
            }
            _ => false,
        };
        if !known {
            break;
        }
        scan.length += (rest.len() - behind.len()) as u64;
        scan.blocks += 1;
        rest = behind;
        if scan.facts.is_some() {
            break;
        }
    }
    scan
}

/// The envelope in the first octets of a file; `None` where it is not whole.
pub(super) fn first_envelope(id: MessageId, start: &[u8]) -> Option<Envelope> {
    match next_block(id, 0, start)? {
        (ENVELOPE, payload, _) => stored::parse_envelope(payload),
        _ => None,
    }
}

/// The facts in the last [`END_BLOCK`] octets of a file; `None` where it does not end so.
pub(super) fn last_facts(id: MessageId, last: &[u8]) -> Option<Facts> {
    let payload = last.get(HEAD..)?;
    let number = u32::from_le_bytes(*payload.first_chunk()?);
    let sound = u64::from_le_bytes(*payload.get(4..)?.first_chunk()?);
    match next_block(id, number, last)? {
        (ENDED, payload, []) => read_end(payload, number, sound),
        _ => None,
    }
}

/// The kind and payload of the block that `rest` starts with, and what is behind it.
fn next_block(id: MessageId, number: u32, rest: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, after_kind) = rest.split_first()?;
    let (length, after_length) = after_kind.split_first_chunk::<4>()?;
    let (sum, body) = after_length.split_first_chunk::<4>()?;
    let size = u32::from_le_bytes(*length) as usize;
    if size > PAYLOAD_MAX {
        return None;
    }
    let (payload, behind) = body.split_at_checked(size)?;
    let right = checksum(id, number, kind, *length, payload) == u32::from_le_bytes(*sum);
    right.then_some((kind, payload, behind))
}

fn checksum(id: MessageId, number: u32, kind: u8, length: [u8; 4], payload: &[u8]) -> u32 {
    let mut head = [0; 25];
    let (id_part, rest) = head.split_at_mut(16);
    id_part.copy_from_slice(id.0.as_bytes());
    let (number_part, rest) = rest.split_at_mut(4);
    number_part.copy_from_slice(&number.to_le_bytes());
    let (kind_part, length_part) = rest.split_at_mut(1);
    kind_part.copy_from_slice(&[kind]);
    length_part.copy_from_slice(&length);
    crc32c::crc32c_append(crc32c::crc32c(&head), payload)
}

fn read_end(payload: &[u8], number: u32, sound: u64) -> Option<Facts> {
    let (own_number, rest) = payload.split_first_chunk::<4>()?;
    let (own_sound, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (voiced, rest) = rest.split_first_chunk::<8>()?;
    let &[ending, flags] = rest else { return None };
    let fits = u32::from_le_bytes(*own_number) == number && u64::from_le_bytes(*own_sound) == sound;
    fits.then_some(Facts {
        length: Duration::from_millis(u64::from_le_bytes(*length)),
        voiced: Duration::from_millis(u64::from_le_bytes(*voiced)),
        ending: Ending::ALL.get(usize::from(ending)).copied()?,
        urgent: flags & 1 != 0,
        private: flags & 2 != 0,
    })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::stored::tests::an_envelope;
    use super::*;
    use uuid::Uuid;

    const ID: MessageId = MessageId(Uuid::from_u128(0x0192_f3a4_0000_7000_8000_0000_0000_0001));

    fn facts() -> Facts {
        Facts {
            length: Duration::from_millis(2_500),
            voiced: Duration::from_millis(1_900),
            ending: Ending::TooLong,
            urgent: true,
            private: false,
        }
    }

    fn file(end: bool) -> Vec<u8> {
        let (mut writer, mut out) = (Writer::new(ID), Vec::new());
        writer.envelope(&an_envelope(), &mut out);
        writer.sound_blocks(&[1; 8_000], &mut out);
        writer.sound_blocks(&[2; 12_000], &mut out);
        if end {
            writer.end(&facts(), &mut out);
        }
        out
    }

    #[test]
    fn a_whole_file_reads_as_it_was_written() {
        let octets = file(true);
        let scan = scan(ID, &octets);
        assert_eq!(scan.envelope, Some(an_envelope()));
        assert_eq!(scan.sound, [vec![1; 8_000], vec![2; 12_000]].concat());
        assert_eq!(scan.facts, Some(facts()));
        assert_eq!(scan.length, octets.len() as u64);
        assert_eq!(first_envelope(ID, &octets), Some(an_envelope()));
        let last = &octets[octets.len() - END_BLOCK as usize..];
        assert_eq!(last_facts(ID, last), Some(facts()));
    }

    #[test]
    fn what_lies_beyond_the_length_of_a_message_is_no_part_of_it() {
        let whole = [vec![1; 8_000], vec![2; 12_000]].concat();
        assert_eq!(scan(ID, &file(true)).message(), Some(whole.clone()));
        assert_eq!(scan(ID, &file(false)).message(), None);
        for (micros, samples) in [
            (1_500_000, 12_008),
            (2_499_875, 20_000),
            (0, 8),
            (9_000_000, 20_000),
        ] {
            let (mut writer, mut out) = (Writer::new(ID), Vec::new());
            writer.envelope(&an_envelope(), &mut out);
            writer.sound_blocks(&whole, &mut out);
            let length = Duration::from_micros(micros);
            writer.end(&Facts { length, ..facts() }, &mut out);
            let message = scan(ID, &out).message();
            assert_eq!(message, Some(whole[..samples].to_vec()), "{micros}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_reads_up_to_its_last_whole_block() {
        let octets = file(true);
        let mut bounds = vec![0];
        for piece in [file(false).len() - 12_009, file(false).len(), octets.len()] {
            bounds.push(piece);
        }
        bounds.insert(1, octets.len() - END_BLOCK as usize - 12_009 - 8_009);
        for cut in 0..octets.len() {
            let scan = scan(ID, &octets[..cut]);
            let whole = bounds.iter().rev().find(|&&b| b <= cut).unwrap();
            assert_eq!(scan.length, *whole as u64, "cut at {cut}");
            assert!(scan.facts.is_none());
        }
    }

    #[test]
    fn a_changed_octet_anywhere_ends_the_scan_there() {
        let octets = file(true);
        for at in (0..octets.len()).step_by(7) {
            let mut bad = octets.clone();
            bad[at] ^= 0x40;
            let scan = scan(ID, &bad);
            assert!(
                scan.length <= at as u64 && scan.facts.is_none(),
                "octet {at}"
            );
        }
    }

    #[test]
    fn blocks_of_another_take_do_not_check() {
        let other = MessageId(Uuid::from_u128(7));
        assert_eq!(scan(other, &file(true)).length, 0);
    }

    #[test]
    fn sound_longer_than_a_block_is_split() {
        let (mut writer, mut out) = (Writer::new(ID), Vec::new());
        writer.envelope(&an_envelope(), &mut out);
        writer.sound_blocks(&vec![3; PAYLOAD_MAX + 5], &mut out);
        assert_eq!(scan(ID, &out).sound.len(), PAYLOAD_MAX + 5);
    }
}
