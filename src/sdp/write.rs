//! Our own session descriptions.

use super::vocabulary::{Capabilities, Direction};
use crate::audio::Law;
use sdp_types::{Connection, Media, Origin, Session};

/// The highest session id and version (RFC 3264 section 5: a signed number of 64 bits).
const MAX_ORIGIN_NUMBER: u64 = i64::MAX as u64;

/// What one m=audio line of ours says.
pub(super) struct OurAudio<'a> {
    /// The transport profile, as offered.
    pub(super) profile: &'a str,
    /// Payload types and codecs, the best first.
    pub(super) codecs: &'a [(u8, Law)],
    /// The payload type of telephone-event/8000.
    pub(super) event: Option<u8>,
    /// The packet time we send and ask for.
    pub(super) ptime_ms: u8,
    /// Which way media flows, seen from us.
    pub(super) direction: Direction,
}

/// The m= line and its attributes.
pub(super) fn audio(ours: &Capabilities, line: &OurAudio<'_>) -> Media {
    let numbers: Vec<String> = line
        .codecs
        .iter()
        .map(|(number, _)| *number)
        .chain(line.event)
        .map(|number| number.to_string())
        .collect();
    let mut media = empty("audio", line.profile, &numbers.join(" "));
    media.port = ours.rtp.port();
    for (number, law) in line.codecs {
        media.add_attribute_with_value("rtpmap", format!("{number} {}/8000", name(*law)));
    }
    if let Some(number) = line.event {
        media.add_attribute_with_value("rtpmap", format!("{number} telephone-event/8000"));
        // RFC 4733 section 2.3: the sixteen keys, of which a telephone has twelve or sixteen.
        media.add_attribute_with_value("fmtp", format!("{number} 0-15"));
    }
    media.add_attribute_with_value("ptime", line.ptime_ms);
    media.add_attribute_from_str(line.direction.name());
    media
}

/// An m= line that declines `theirs` in its place (RFC 3264 section 6).
pub(super) fn declined(theirs: &Media) -> Media {
    empty(&theirs.media, &theirs.proto, &theirs.fmt)
}

/// The whole text. It repeats what was sent last where nothing changed, and else carries the next
/// version (RFC 3264 section 8).
pub(super) fn description(ours: &Capabilities, medias: Vec<Media>) -> String {
    let ip = ours.rtp.ip().to_canonical();
    let id = ours.session & MAX_ORIGIN_NUMBER;
    let mut session = Session::new(Origin::with_ip_addr(id, 1, ip), "-");
    session.connection = Some(Connection::from_ip_addr(ip));
    session.medias = medias;
    let Some((sent, last)) = last_sent(ours) else {
        return session.to_string();
    };
    session.origin.sess_version = last.origin.sess_version;
    if session.to_string() == *sent {
        return sent.clone();
    }
    session.origin.sess_version = last.origin.sess_version.wrapping_add(1) & MAX_ORIGIN_NUMBER;
    session.to_string()
}

/// The media of the description sent last; none before the first one.
pub(super) fn media_sent(ours: &Capabilities) -> Vec<Media> {
    last_sent(ours)
        .map(|(_, session)| session.medias)
        .unwrap_or_default()
}

fn last_sent(ours: &Capabilities) -> Option<(&String, Session)> {
    let sent = ours.sent.as_ref()?;
    Some((sent, Session::parse(sent.as_bytes()).ok()?))
}

fn name(law: Law) -> &'static str {
    match law {
        Law::A => "PCMA",
        Law::Mu => "PCMU",
    }
}

fn empty(media: &str, profile: &str, formats: &str) -> Media {
    Media {
        media: media.to_owned(),
        port: 0,
        num_ports: None,
        proto: profile.to_owned(),
        fmt: formats.to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}
