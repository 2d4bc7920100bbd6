//! Clips as they go on the wire, in one file, so that nobody need decode them again.
//!
//! Layout: magic (8 octets), key (32, a hash over what the clips came from), then for each clip
//! the length and name of its group, the length and name of the clip, the number of samples
//! (32 bits, little endian), its A-law and its mu-law octets; at the end a CRC-32C over all before.
//! A file that does not fit in any way is as good as none.

use crate::audio::{Law, WireAudio};
use crate::prompt::ClipId;
use std::collections::{BTreeMap, HashMap};
use std::io;

/// The first octets of the file; the last of them counts the layouts and encodings.
const MAGIC: &[u8; 8] = b"BPCLIPS\x01";

/// The most octets of a file that is read: some eight hours of clips.
pub(super) const MAX_PACK: u64 = 512 << 20;

/// What the clips of a file came from.
pub(super) type Key = [u8; 32];

/// Clips by group and name.
pub(super) type Clips = BTreeMap<String, HashMap<ClipId, WireAudio>>;

/// Reads a file made from what `key` stands for; `None` for any other.
pub(super) fn parse(file: &[u8], key: &Key) -> Option<Clips> {
    let (content, check) = file.split_last_chunk::<4>()?;
    if crc32c::crc32c(content) != u32::from_le_bytes(*check) {
        return None;
    }
    let mut rest = content.strip_prefix(MAGIC)?.strip_prefix(key)?;
    let mut clips = Clips::new();
    while !rest.is_empty() {
        let group = name(&mut rest)?.to_owned();
        let clip = ClipId::parse(name(&mut rest)?)?;
        let (len, after) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let (alaw, after) = after.split_at_checked(len)?;
        let (mulaw, after) = after.split_at_checked(len)?;
        rest = after;
        let audio = WireAudio::from_both(alaw, mulaw)?;
        clips.entry(group).or_default().insert(clip, audio);
    }
    Some(clips)
}

/// Writes a file; an error for a name or clip that is too long for it.
pub(super) fn print<'a>(
    key: &Key,
    clips: impl IntoIterator<Item = (&'a str, &'a ClipId, &'a WireAudio)>,
) -> io::Result<Vec<u8>> {
    let mut file = [MAGIC.as_slice(), key].concat();
    for (group, clip, audio) in clips {
        put_name(&mut file, group)?;
        put_name(&mut file, clip.as_str())?;
        let len = u32::try_from(audio.len()).map_err(io::Error::other)?;
        file.extend(len.to_le_bytes());
        file.extend(audio.octets(Law::A));
        file.extend(audio.octets(Law::Mu));
    }
    file.extend(crc32c::crc32c(&file).to_le_bytes());
    Ok(file)
}

/// Takes a name with its length before it.
fn name<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (&len, after) = rest.split_first()?;
    let (name, after) = after.split_at_checked(usize::from(len))?;
    *rest = after;
    std::str::from_utf8(name).ok()
}

fn put_name(file: &mut Vec<u8>, name: &str) -> io::Result<()> {
    file.push(u8::try_from(name.len()).map_err(io::Error::other)?);
    file.extend(name.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Line;

    const KEY: Key = [7; 32];

    fn some_clips() -> Clips {
        let set = [(Line::Goodbye, 300), (Line::And, 0)].map(|(line, len)| {
            (
                ClipId::from(line),
                WireAudio::from_samples(&vec![1_000; len]),
            )
        });
        Clips::from([("nl".to_owned(), HashMap::from(set))])
    }

    fn printed() -> Vec<u8> {
        let clips = some_clips();
        let each = clips["nl"].iter().map(|(clip, audio)| ("nl", clip, audio));
        print(&KEY, each).unwrap()
    }

    #[test]
    fn what_is_written_is_read_for_the_same_key_only() {
        assert_eq!(parse(&printed(), &KEY), Some(some_clips()));
        assert_eq!(parse(&printed(), &[8; 32]), None);
    }

    #[test]
    fn a_cut_or_damaged_file_is_as_good_as_none() {
        let whole = printed();
        for at in 0..whole.len() {
            assert_eq!(parse(&whole[..at], &KEY), None, "cut at {at}");
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            assert_eq!(parse(&damaged, &KEY), None, "damaged at {at}");
        }
    }

    #[test]
    fn a_right_checksum_over_wrong_lengths_or_names_is_refused() {
        let head = [MAGIC.as_slice(), &KEY].concat();
        for tail in [
            &b"\xFFnl"[..],
            b"\x02nl\x07goodbye\xFF\xFF\xFF\xFFab",
            b"\x02nl\x03x/z\0\0\0\0",
        ] {
            let mut file = [head.as_slice(), tail].concat();
            file.extend(crc32c::crc32c(&file).to_le_bytes());
            assert_eq!(parse(&file, &KEY), None, "{tail:?}");
        }
    }
}
