//! What kind of sound file it is, told by its first octets and never by its name.
//!
//! In: a whole file. Out: its [`Format`], and where in the file the sound begins. Specs: ID3v2.4
//! section 3.1 (the tag before MPEG audio), RFC 3533 section 6 (the first page of an Ogg stream),
//! ISO/IEC 11172-3 section 2.4.1.3 (MPEG frames), ISO/IEC 13818-7 section 6.2 (ADTS), ISO/IEC
//! 14496-12 section 4.3 (the first box of an MP4 file).

use std::fmt;

/// The most ID3 tags before the sound; some software puts its own before another's.
const TAGS: usize = 4;

/// The most octets of padding between the tags and the sound.
const PADDING: usize = 4_096;

/// The head of an ID3 tag, in octets.
const TAG_HEAD: usize = 10;

/// The head of an Ogg page before its table of segments, in octets.
const PAGE_HEAD: usize = 27;

/// The kinds of sound file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RIFF WAVE: linear samples, floating point or G.711.
    Wav,
    /// FLAC in its own container.
    Flac,
    /// FLAC in Ogg.
    OggFlac,
    /// Vorbis in Ogg.
    Vorbis,
    /// Opus in Ogg; read only with the feature `opus`.
    Opus,
    /// MPEG audio, layer III.
    Mp3,
    /// AAC in ADTS frames.
    Aac,
    /// AAC in an MP4 file.
    Mp4,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Wav => "WAV",
            Format::Flac => "FLAC",
            Format::OggFlac => "Ogg FLAC",
            Format::Vorbis => "Ogg Vorbis",
            Format::Opus => "Ogg Opus",
            Format::Mp3 => "MP3",
            Format::Aac => "AAC",
            Format::Mp4 => "MP4",
        })
    }
}

/// The format of a file, and the place of its sound where tags may come before it; `None` where it
/// begins like nothing that is read here.
pub(super) fn recognise(file: &[u8]) -> Option<(Format, usize)> {
    match (file.get(..4)?, file.get(8..12)) {
        (b"RIFF", _) => return Some((Format::Wav, 0)),
        (b"OggS", _) => return Some((in_ogg(file)?, 0)),
        _ => {}
    }
    if file.get(4..8) == Some(b"ftyp") {
        return Some((Format::Mp4, 0));
    }
    let start = behind_tags(file);
    let sound = file.get(start..)?;
    if sound.starts_with(b"fLaC") {
        return Some((Format::Flac, start));
    }
    in_frames(sound).map(|format| (format, start))
}

/// What the first packet of an Ogg stream begins with.
fn in_ogg(file: &[u8]) -> Option<Format> {
    let segments = usize::from(*file.get(PAGE_HEAD - 1)?);
    let packet = file.get(PAGE_HEAD + segments..)?;
    let starts = [
        (&b"\x01vorbis"[..], Format::Vorbis),
        (b"\x7fFLAC", Format::OggFlac),
        (b"OpusHead", Format::Opus),
    ];
    let known = starts.iter().find(|(start, _)| packet.starts_with(start));
    known
        .map(|(_, format)| *format)
        .filter(|format| *format != Format::Opus || cfg!(feature = "opus"))
}

/// Where the sound begins behind the ID3 tags and their padding.
fn behind_tags(file: &[u8]) -> usize {
    let mut start = 0;
    for _ in 0..TAGS {
        let Some(&[b'I', b'D', b'3', _, _, flags, a, b, c, d]) =
            file.get(start..).and_then(<[u8]>::first_chunk::<TAG_HEAD>)
        else {
            break;
        };
        let length = [a, b, c, d]
            .iter()
            .fold(0_usize, |sum, octet| sum << 7 | usize::from(octet & 0x7f));
        let footer = if flags & 0x10 == 0 { 0 } else { TAG_HEAD };
        start += TAG_HEAD + length + footer;
    }
    let rest = file.get(start..).unwrap_or_default();
    let zeros = rest.iter().take(PADDING).take_while(|octet| **octet == 0);
    if start == 0 { 0 } else { start + zeros.count() }
}

/// What frames the sound is cut into: a sync word, a layer, and no value that is forbidden.
fn in_frames(sound: &[u8]) -> Option<Format> {
    let &[sync, second, third] = sound.first_chunk::<3>()?;
    if sync != 0xff || second & 0xe0 != 0xe0 {
        return None;
    }
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    match layer {
        0 if second & 0xf0 == 0xf0 => (third >> 2 & 15 < 13).then_some(Format::Aac),
        1 => {
            let (bits, rate) = (third >> 4, third >> 2 & 3);
            (version != 1 && bits != 15 && rate != 3).then_some(Format::Mp3)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(length: u8) -> Vec<u8> {
        let mut tag = b"ID3\x04\0\0\0\0\0".to_vec();
        tag.push(length);
        tag.extend(vec![b'x'; length.into()]);
        tag
    }

    #[test]
    fn a_file_is_what_it_begins_with() {
        type Case = (Vec<u8>, Option<(Format, usize)>);
        let ogg = |packet: &[u8]| {
            let mut page = b"OggS\0\x02".to_vec();
            page.resize(PAGE_HEAD - 1, 0);
            page.extend([1, 30]);
            page.extend(packet);
            page
        };
        let cases: [Case; 12] = [
            (b"RIFF\0\0\0\0WAVE".to_vec(), Some((Format::Wav, 0))),
            (b"fLaC\0".to_vec(), Some((Format::Flac, 0))),
            (ogg(b"\x01vorbis"), Some((Format::Vorbis, 0))),
            (ogg(b"\x7fFLAC"), Some((Format::OggFlac, 0))),
            (ogg(b"Speex   "), None),
            (b"\0\0\0\x20ftypM4A ".to_vec(), Some((Format::Mp4, 0))),
            (vec![0xff, 0xfb, 0x90, 0], Some((Format::Mp3, 0))),
            (vec![0xff, 0xf1, 0x50, 0], Some((Format::Aac, 0))),
            (
                [tag(9), tag(1), vec![0, 0, 0xff, 0xfb, 0x90]].concat(),
                Some((Format::Mp3, 32)),
            ),
            (
                [tag(5), b"fLaC".to_vec()].concat(),
                Some((Format::Flac, 15)),
            ),
            (vec![0xff, 0xfe, b'a', 0], None),
            (b"MThd".to_vec(), None),
        ];
        for (file, expected) in cases {
            assert_eq!(recognise(&file), expected, "{file:?}");
        }
    }

    #[test]
    fn a_tag_longer_than_the_file_hides_nothing() {
        let file = b"ID3\x04\0\x10\x7f\x7f\x7f\x7f and more";
        assert_eq!(recognise(file), None);
        assert_eq!(recognise(b""), None);
    }

    #[test]
    fn opus_is_known_where_it_is_built_in() {
        let mut page = vec![0; PAGE_HEAD];
        page[..4].copy_from_slice(b"OggS");
        page.extend(b"OpusHead");
        let expected = cfg!(feature = "opus").then_some((Format::Opus, 0));
        assert_eq!(recognise(&page), expected);
    }
}
