//! Offer and answer (RFC 3264) as a pure function over session descriptions (RFC 8866).
//!
//! In: the peer's text and our [`Capabilities`]. Out: our text, and the [`Remote`] facts the media
//! session lives by. Laws: an answer has the m= lines of its offer in their order, at most one of
//! them with a port; it names one codec, and telephone-event where both sides have it, under the
//! offer's numbers; no text, however broken, panics.
//!
//! Specs: RFC 3264 sections 5-8, RFC 3551 section 6 (static payload types), RFC 4733 section 2.3
//! (telephone-event), RFC 3605 (a=rtcp), RFC 3556 (RTCP switched off), RFC 3264 section 8.4 (hold
//! by 0.0.0.0).
//!
//! Not here: encryption (SAVP, DTLS), ICE, BUNDLE, rtcp-mux. Their attributes are passed over, as
//! RFC 3264 has it for what an answerer does not know; an encrypted m= line is declined.

mod fault;
#[cfg(test)]
mod laws;
mod read;
mod vocabulary;
mod write;

pub use fault::Fault;
pub use vocabulary::{Agreed, Capabilities, CodecOrder, Codecs, Direction, Remote};

use crate::audio::Law;
use read::AudioLine;
use sdp_types::Media;
use write::OurAudio;

/// The longest description that is read, in octets; a browser's with video has about 10,000.
pub const MAX_BYTES: usize = 32 * 1024;

/// The most m= lines that are read.
pub const MAX_MEDIA: usize = 16;

/// The most a= lines that are read.
pub const MAX_ATTRIBUTES: usize = 1_024;

/// The packet times of media here, in milliseconds; always a multiple of ten.
const PTIME_MS: std::ops::RangeInclusive<u32> = 10..=60;

/// The telephone-event number of our own offers, the customary one.
const EVENT_PAYLOAD_TYPE: u8 = 101;

/// Answers an offer: the first audio line that suits us is taken, every other m= line declined.
///
/// # Errors
/// What keeps the first audio line from being taken, or the text from being read.
pub fn answer(offer: &str, ours: &Capabilities) -> Result<Agreed, Fault> {
    let session = read::session(offer)?;
    let line = read::first_audio_line(&session, ours)?;
    let remote = agree(&line, ours, ours.order)?;
    let medias = session.medias.iter().enumerate().map(|(index, media)| {
        if index == line.index {
            answering_line(media, &remote, ours)
        } else {
            write::declined(media)
        }
    });
    let description = Some(write::description(ours, medias.collect()));
    Ok(Agreed {
        description,
        remote,
    })
}

/// Makes an offer of all our codecs. Where [`Capabilities::sent`] holds an earlier description the
/// audio keeps its place and its numbers, and every other m= line stays declined
/// (RFC 3264 section 8).
pub fn offer(ours: &Capabilities) -> String {
    let before = write::media_sent(ours);
    let place = audio_place(&before);
    let last = before.get(place);
    let event = last.and_then(|media| read::formats(media).1);
    let codecs: Vec<(u8, Law)> = ours
        .codecs
        .laws()
        .iter()
        .map(|law| (static_number(*law), *law))
        .collect();
    let line = OurAudio {
        profile: last.map_or("RTP/AVP", |media| &media.proto),
        codecs: &codecs,
        event: ours.events.then_some(event.unwrap_or(EVENT_PAYLOAD_TYPE)),
        ptime_ms: ptime(Some(u32::from(ours.ptime_ms)), None, ours),
        direction: ours.direction,
    };
    let audio = write::audio(ours, &line);
    let mut medias: Vec<Media> = before.iter().map(write::declined).collect();
    match medias.get_mut(place) {
        Some(slot) => *slot = audio,
        None => medias.push(audio),
    }
    write::description(ours, medias)
}

/// Reads the answer to an [`offer`] made with these capabilities.
///
/// # Errors
/// As for [`answer`]; also an answer with another number of m= lines than the offer.
pub fn accept(answer: &str, ours: &Capabilities) -> Result<Agreed, Fault> {
    let session = read::session(answer)?;
    let before = write::media_sent(ours);
    let place = audio_place(&before);
    let offered = before.len().max(place + 1);
    let media = match session.medias.get(place) {
        Some(media) if session.medias.len() == offered => media,
        Some(_) | None => {
            return Err(Fault::MediaCount {
                offered,
                found: session.medias.len(),
            });
        }
    };
    let line = read::audio_line(&session, place, media, ours)?;
    // RFC 3264 section 7: the answer's first format is the one to use.
    let remote = agree(&line, ours, CodecOrder::Theirs)?;
    Ok(Agreed {
        description: None,
        remote,
    })
}

/// What both sides can do on this line.
fn agree(line: &AudioLine, ours: &Capabilities, order: CodecOrder) -> Result<Remote, Fault> {
    let (payload_type, law) = choose(line, ours, order).ok_or(Fault::NoCodec)?;
    let direction = ours.direction.facing(line.direction);
    Ok(Remote {
        rtp: line.rtp,
        rtcp: line.rtcp,
        law,
        payload_type,
        event_payload_type: line.event,
        ptime_ms: ptime(line.ptime_ms, line.maxptime_ms, ours),
        send: direction.sends(),
        receive: direction.receives(),
    })
}

fn choose(line: &AudioLine, ours: &Capabilities, order: CodecOrder) -> Option<(u8, Law)> {
    match order {
        CodecOrder::Theirs => line.codecs.first().copied(),
        CodecOrder::Ours => ours.codecs.laws().iter().find_map(|law| {
            line.codecs
                .iter()
                .find(|(_, offered)| offered == law)
                .copied()
        }),
    }
}

/// The packet time: as asked, else ours; within what the peer and we can do, in tens.
fn ptime(asked: Option<u32>, most: Option<u32>, ours: &Capabilities) -> u8 {
    let asked = asked.unwrap_or(u32::from(ours.ptime_ms));
    let most = most.unwrap_or(*PTIME_MS.end());
    let within = asked.min(most).clamp(*PTIME_MS.start(), *PTIME_MS.end());
    (within - within % 10) as u8
}

fn answering_line(theirs: &Media, remote: &Remote, ours: &Capabilities) -> Media {
    let line = OurAudio {
        profile: &theirs.proto,
        codecs: &[(remote.payload_type, remote.law)],
        event: remote.event_payload_type,
        ptime_ms: remote.ptime_ms,
        direction: Direction::of(remote.send, remote.receive),
    };
    write::audio(ours, &line)
}

/// Where the audio stands in a description of ours, or would be put.
fn audio_place(medias: &[Media]) -> usize {
    medias
        .iter()
        .position(|media| media.port != 0)
        .unwrap_or(medias.len())
}

fn static_number(law: Law) -> u8 {
    match law {
        Law::Mu => 0,
        Law::A => 8,
    }
}
