//! Session descriptions as peers write them: text in, the facts of one audio line out.
//!
//! Only the lines that decide something here are handed to the parser (v, c, m, a and the RTCP
//! bandwidths), so that an odd o= or t= line, of which there are many, costs no call.

use super::fault::Fault;
use super::vocabulary::{Capabilities, Direction};
use super::{MAX_ATTRIBUTES, MAX_BYTES, MAX_MEDIA};
use crate::audio::Law;
use sdp_types::{Attribute, Bandwidth, Connection, Media, Rtcp, RtpMap, Session};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Payload types are numbers below this one (RFC 3550 section 5.1).
const PAYLOAD_TYPES: usize = 128;

/// The only clock rate of the codecs and events taken here, in Hz.
const CLOCK_RATE: u32 = 8_000;

/// One usable m=audio line of a peer.
pub(super) struct AudioLine {
    /// Its place among the m= lines.
    pub(super) index: usize,
    /// Where the peer takes RTP.
    pub(super) rtp: SocketAddr,
    /// Where it takes RTCP, if at all.
    pub(super) rtcp: Option<SocketAddr>,
    /// What of ours it understands, in its own order; at least one.
    pub(super) codecs: Vec<(u8, Law)>,
    /// The payload type of its telephone-event/8000.
    pub(super) event: Option<u8>,
    /// The ptime it asks for, in milliseconds.
    pub(super) ptime_ms: Option<u32>,
    /// The most it takes in a packet, in milliseconds.
    pub(super) maxptime_ms: Option<u32>,
    /// Which way it wants media to flow, seen from the peer.
    pub(super) direction: Direction,
}

/// Parses a description within the bounds.
pub(super) fn session(text: &str) -> Result<Session, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::TooLong(text.len()));
    }
    let kept: Vec<&str> = text.lines().map(str::trim_end).filter(decides).collect();
    let count = |start| kept.iter().filter(|line| line.starts_with(start)).count();
    let (media, attributes) = (count("m="), count("a="));
    if media > MAX_MEDIA {
        return Err(Fault::TooManyMedia(media));
    }
    if attributes > MAX_ATTRIBUTES {
        return Err(Fault::TooManyAttributes(attributes));
    }
    Session::parse(kept.join("\r\n").as_bytes())
        .map_err(|fault| Fault::Unreadable(fault.to_string()))
}

/// The first audio line that can be answered; where there is none, what was wrong with the first.
pub(super) fn first_audio_line(session: &Session, ours: &Capabilities) -> Result<AudioLine, Fault> {
    let mut fault = Fault::NoAudio;
    for (index, media) in session.medias.iter().enumerate() {
        if !is_audio(media) {
            continue;
        }
        match audio_line(session, index, media, ours) {
            Ok(line) => return Ok(line),
            Err(first) if fault == Fault::NoAudio => fault = first,
            Err(_) => {}
        }
    }
    Err(fault)
}

/// Reads the m= line at `index`.
pub(super) fn audio_line(
    session: &Session,
    index: usize,
    media: &Media,
    ours: &Capabilities,
) -> Result<AudioLine, Fault> {
    if !is_audio(media) {
        return Err(Fault::NoAudio);
    }
    if media.port == 0 {
        return Err(Fault::AudioOff);
    }
    check_profile(&media.proto)?;
    let ip = host(session, media, ours.rtp.ip())?;
    let (mut codecs, event) = formats(media);
    codecs.retain(|(_, law)| ours.codecs.laws().contains(law));
    if codecs.is_empty() {
        return Err(Fault::NoCodec);
    }
    // RFC 3264 section 8.4: the old way to hold. Whatever it sends comes from nowhere we know.
    let direction = if ip.is_unspecified() {
        Direction::Inactive
    } else {
        direction(&media.attributes)
            .or_else(|| direction(&session.attributes))
            .unwrap_or_default()
    };
    Ok(AudioLine {
        index,
        rtp: SocketAddr::new(ip, media.port),
        rtcp: rtcp(session, media, ip),
        codecs,
        event: event.filter(|_| ours.events),
        ptime_ms: milliseconds(media, "ptime"),
        maxptime_ms: milliseconds(media, "maxptime"),
        direction,
    })
}

/// The codecs of ours in an m= line, and its telephone-event (RFC 3551 section 6 for the numbers
/// that need no rtpmap).
pub(super) fn formats(media: &Media) -> (Vec<(u8, Law)>, Option<u8>) {
    let mut maps: [Option<RtpMap>; PAYLOAD_TYPES] = [const { None }; PAYLOAD_TYPES];
    for value in values(&media.attributes, "rtpmap") {
        if let Ok(map) = RtpMap::from_str(value.trim())
            && let Some(slot) = maps.get_mut(usize::from(map.payload_type))
        {
            slot.get_or_insert(map);
        }
    }
    let mut codecs = Vec::new();
    let mut event = None;
    for format in media.fmt.split_whitespace().take(PAYLOAD_TYPES) {
        let Ok(number) = format.parse::<u8>() else {
            continue;
        };
        let map = maps.get(usize::from(number)).and_then(Option::as_ref);
        if let Some(law) = law(number, map) {
            codecs.push((number, law));
        } else if map.is_some_and(is_event) {
            event.get_or_insert(number);
        }
    }
    (codecs, event)
}

/// Whether this is an m=audio line.
pub(super) fn is_audio(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio")
}

fn decides(line: &&str) -> bool {
    ["v=", "c=", "m=", "a=", "b=RR:", "b=RS:"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// RTP/AVP, and RTP/AVPF whose feedback we need not give (RFC 4585).
fn check_profile(profile: &str) -> Result<(), Fault> {
    let upper = profile.to_ascii_uppercase();
    if upper == "RTP/AVP" || upper == "RTP/AVPF" {
        Ok(())
    } else if upper.ends_with("RTP/SAVP") || upper.ends_with("RTP/SAVPF") {
        Err(Fault::Encrypted(profile.to_owned()))
    } else {
        Err(Fault::Profile(profile.to_owned()))
    }
}

/// The address of a medium: its own c= line before that of the session.
fn host(session: &Session, media: &Media, ours: IpAddr) -> Result<IpAddr, Fault> {
    let connection = media
        .connections
        .first()
        .or(session.connection.as_ref())
        .ok_or(Fault::NoConnection)?;
    let ip = address(connection)?;
    if ip.is_unspecified() {
        return Ok(ip);
    }
    if !is_one_host(ip) {
        return Err(Fault::NotUnicast(ip));
    }
    if ip.is_ipv4() != ours.to_canonical().is_ipv4() {
        return Err(Fault::WrongFamily(ip));
    }
    Ok(ip)
}

fn address(connection: &Connection) -> Result<IpAddr, Fault> {
    match connection.try_address() {
        Ok(found) => Ok(found.ip.to_canonical()),
        Err(_) => Err(Fault::HostName(connection.connection_address.clone())),
    }
}

fn is_one_host(ip: IpAddr) -> bool {
    let broadcast = match ip {
        IpAddr::V4(v4) => v4.is_broadcast(),
        IpAddr::V6(_) => false,
    };
    !ip.is_multicast() && !broadcast
}

/// Where RTCP goes: nowhere when its bandwidth is zero (RFC 3556 section 2), where a=rtcp says
/// (RFC 3605), else to the port after RTP's (RFC 3550 section 11).
fn rtcp(session: &Session, media: &Media, ip: IpAddr) -> Option<SocketAddr> {
    let none = |name| bandwidth(session, media, name) == Some(0);
    if none("RR") && none("RS") {
        return None;
    }
    let said = values(&media.attributes, "rtcp").find_map(|value| Rtcp::from_str(value).ok());
    let Some(said) = said else {
        return Some(SocketAddr::new(ip, media.port.checked_add(1)?));
    };
    let elsewhere = said
        .try_address()
        .and_then(Result::ok)
        .map(|found| found.ip.to_canonical())
        .filter(|other| is_one_host(*other) && other.is_ipv4() == ip.is_ipv4());
    (said.port != 0).then(|| SocketAddr::new(elsewhere.unwrap_or(ip), said.port))
}

fn bandwidth(session: &Session, media: &Media, name: &str) -> Option<u64> {
    let of = |lines: &[Bandwidth]| lines.iter().find(|b| b.bwtype == name).map(|b| b.bandwidth);
    of(&media.bandwidths).or_else(|| of(&session.bandwidths))
}

fn law(number: u8, map: Option<&RtpMap>) -> Option<Law> {
    let Some(map) = map else {
        return match number {
            0 => Some(Law::Mu),
            8 => Some(Law::A),
            _ => None,
        };
    };
    let one_channel = map
        .encoding_params
        .as_deref()
        .is_none_or(|n| n.trim() == "1");
    if map.clock_rate != CLOCK_RATE || !one_channel {
        return None;
    }
    match map.encoding_name.trim().to_ascii_uppercase().as_str() {
        "PCMA" => Some(Law::A),
        "PCMU" => Some(Law::Mu),
        _ => None,
    }
}

fn is_event(map: &RtpMap) -> bool {
    map.clock_rate == CLOCK_RATE
        && map
            .encoding_name
            .trim()
            .eq_ignore_ascii_case("telephone-event")
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .find_map(|a| Direction::parse(&a.attribute))
}

fn milliseconds(media: &Media, name: &str) -> Option<u32> {
    values(&media.attributes, name).find_map(|value| value.trim().parse().ok())
}

/// The values of one attribute, in order.
fn values<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a str> {
    attributes
        .iter()
        .filter(move |a| a.attribute.eq_ignore_ascii_case(name))
        .filter_map(|a| a.value.as_deref())
}
