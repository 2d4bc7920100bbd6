//! RTCP (RFC 3550 section 6): the reports sent about every five seconds and what a peer reports.
//!
//! Every compound packet is a sender report (or a receiver report while nothing was sent) and the
//! canonical name; the last one says goodbye. Of the peer's only the reports are read: its
//! goodbye ends nothing, since the dialog decides on that (and since anyone could forge one).
//! The NTP field counts from the server's start, which section 6.4.1 allows: nothing here needs
//! the time of day. Each report of a packet is cut out by its own length before it is parsed.

use super::{ReceptionBlock, RtpTime, Seeded, Ssrc};
use crate::base::Mono;
use ::rtcp::goodbye::Goodbye;
use ::rtcp::header::{Header, PacketType};
use ::rtcp::receiver_report::ReceiverReport;
use ::rtcp::reception_report::ReceptionReport;
use ::rtcp::sender_report::SenderReport;
use ::rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use std::time::Duration;
use webrtc_util::marshal::{Marshal, MarshalSize, Unmarshal};

/// The mean time between two reports, in milliseconds (RFC 3550 section 6.2).
const INTERVAL_MS: u64 = 5_000;

/// The reports of a compound packet that are looked at.
const MAX_REPORTS: usize = 8;

/// What was sent so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Packets, modulo 2^32.
    pub packets: u32,
    /// Octets of payload, modulo 2^32.
    pub octets: u32,
    /// The timestamp of this moment.
    pub timestamp: RtpTime,
}

/// What a peer reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerReport {
    /// The middle of the NTP time of its sender report, to be sent back.
    pub sender_report: Option<u32>,
    /// The part of our packets it lost, in 256ths, and the jitter it saw, in timestamp units.
    pub our_stream: Option<(u8, u32)>,
}

/// Writes and reads the reports of one session.
#[derive(Clone, Debug)]
pub struct Reporter {
    ssrc: Ssrc,
    /// The source description, the same in every packet.
    name: Vec<u8>,
    due: Mono,
    seeded: Seeded,
    /// The peer's last sender report and when it came.
    last_report: Option<(u32, Mono)>,
}

impl Reporter {
    /// A reporter whose first report is due half an interval from now.
    pub fn new(ssrc: Ssrc, seed: u64, now: Mono) -> Reporter {
        let mut seeded = Seeded::new(seed);
        let name = canonical_name(ssrc, seeded.next_u64());
        let due = now + interval(&mut seeded) / 2;
        Reporter {
            ssrc,
            name,
            due,
            seeded,
            last_report: None,
        }
    }

    /// Whether a report is due; then the next one is put off by 2.5-7.5 s.
    pub fn is_due(&mut self, now: Mono) -> bool {
        if now < self.due {
            return false;
        }
        self.due = now + interval(&mut self.seeded);
        true
    }

    /// Writes a report: a sender report where something was sent. `None` when `out` is too short.
    pub fn write(
        &self,
        now: Mono,
        sent: Option<Sent>,
        heard: Option<ReceptionBlock>,
        out: &mut [u8],
    ) -> Option<usize> {
        let reports = heard
            .map(|block| self.block(now, block))
            .into_iter()
            .collect();
        let ssrc = self.ssrc.0;
        let len = match sent {
            Some(sent) => put(
                &SenderReport {
                    ssrc,
                    ntp_time: ntp(now),
                    rtp_time: sent.timestamp.0,
                    packet_count: sent.packets,
                    octet_count: sent.octets,
                    reports,
                    ..SenderReport::default()
                },
                out,
            ),
            None => put(
                &ReceiverReport {
                    ssrc,
                    reports,
                    ..ReceiverReport::default()
                },
                out,
            ),
        }?;
        let rest = out.get_mut(len..)?;
        rest.get_mut(..self.name.len())?.copy_from_slice(&self.name);
        Some(len + self.name.len())
    }

    /// Writes the last report, with the goodbye (RFC 3550 section 6.6).
    pub fn write_goodbye(
        &self,
        now: Mono,
        sent: Option<Sent>,
        heard: Option<ReceptionBlock>,
        out: &mut [u8],
    ) -> Option<usize> {
        let len = self.write(now, sent, heard, out)?;
        let goodbye = Goodbye {
            sources: vec![self.ssrc.0],
            ..Goodbye::default()
        };
        Some(len + put(&goodbye, out.get_mut(len..)?)?)
    }

    /// Reads a compound packet; `None` when it holds no report.
    pub fn read(&mut self, now: Mono, datagram: &[u8]) -> Option<PeerReport> {
        let mut report = None;
        let mut rest = datagram;
        for _ in 0..MAX_REPORTS {
            let Some((packet_type, packet)) = cut(&mut rest) else {
                break;
            };
            let blocks = match packet_type {
                PacketType::SenderReport => self.read_sender_report(now, packet, &mut report),
                PacketType::ReceiverReport => read_receiver_report(packet, &mut report),
                _ => Vec::new(),
            };
            self.find_our_stream(&blocks, &mut report);
        }
        report
    }

    fn block(&self, now: Mono, block: ReceptionBlock) -> ReceptionReport {
        let (last_sender_report, delay) = match self.last_report {
            Some((middle, at)) => (middle, fixed_point(now - at)),
            None => (0, 0),
        };
        ReceptionReport {
            ssrc: block.ssrc.0,
            fraction_lost: block.fraction_lost,
            total_lost: block.lost as u32 & 0x00FF_FFFF,
            last_sequence_number: block.highest,
            jitter: block.jitter,
            last_sender_report,
            delay,
        }
    }

    fn read_sender_report(
        &mut self,
        now: Mono,
        mut packet: &[u8],
        report: &mut Option<PeerReport>,
    ) -> Vec<ReceptionReport> {
        let Ok(sender) = SenderReport::unmarshal(&mut packet) else {
            return Vec::new();
        };
        let middle = (sender.ntp_time >> 16) as u32;
        self.last_report = Some((middle, now));
        report.get_or_insert_default().sender_report = Some(middle);
        sender.reports
    }

    fn find_our_stream(&self, blocks: &[ReceptionReport], report: &mut Option<PeerReport>) {
        if let Some(block) = blocks.iter().find(|block| block.ssrc == self.ssrc.0) {
            report.get_or_insert_default().our_stream = Some((block.fraction_lost, block.jitter));
        }
    }
}

fn read_receiver_report(
    mut packet: &[u8],
    report: &mut Option<PeerReport>,
) -> Vec<ReceptionReport> {
    let Ok(receiver) = ReceiverReport::unmarshal(&mut packet) else {
        return Vec::new();
    };
    report.get_or_insert_default();
    receiver.reports
}

/// Takes the first packet off a compound one.
fn cut<'a>(rest: &mut &'a [u8]) -> Option<(PacketType, &'a [u8])> {
    let header = Header::unmarshal(&mut &**rest).ok()?;
    let (packet, after) = rest.split_at_checked((usize::from(header.length) + 1) * 4)?;
    *rest = after;
    Some((header.packet_type, packet))
}

fn put(packet: &impl Marshal, out: &mut [u8]) -> Option<usize> {
    let room = out.get_mut(..packet.marshal_size())?;
    packet.marshal_to(room).ok()
}

/// The source description with a name that tells nothing (RFC 7022 section 4.2).
fn canonical_name(ssrc: Ssrc, random: u64) -> Vec<u8> {
    let item = SourceDescriptionItem {
        sdes_type: SdesType::SdesCname,
        text: format!("{random:016x}").into(),
    };
    let chunk = SourceDescriptionChunk {
        source: ssrc.0,
        items: vec![item],
    };
    let description = SourceDescription {
        chunks: vec![chunk],
    };
    let mut out = vec![0; description.marshal_size()];
    let len = put(&description, &mut out).unwrap_or(0);
    out.truncate(len);
    out
}

/// Between half and one and a half times the mean (RFC 3550 section 6.3.1).
fn interval(seeded: &mut Seeded) -> Duration {
    Duration::from_millis(INTERVAL_MS / 2 + seeded.next_u64() % INTERVAL_MS)
}

/// Seconds and their fraction in 32 bits each.
fn ntp(now: Mono) -> u64 {
    let elapsed = now.elapsed();
    let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
    (elapsed.as_secs() << 32) | fraction
}

/// A delay in 65,536ths of a second.
fn fixed_point(delay: Duration) -> u32 {
    u32::try_from(delay.as_micros() * 65_536 / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OURS: Ssrc = Ssrc(0x1111);
    const PEER: Ssrc = Ssrc(0x2222);

    fn at(ms: u64) -> Mono {
        Mono::since_start(Duration::from_millis(ms))
    }

    fn block(ssrc: Ssrc) -> ReceptionBlock {
        ReceptionBlock {
            ssrc,
            fraction_lost: 64,
            lost: -2,
            highest: 70_000,
            jitter: 40,
        }
    }

    fn sent() -> Sent {
        Sent {
            packets: 10,
            octets: 1_600,
            timestamp: RtpTime(77),
        }
    }

    #[test]
    fn a_report_reaches_its_peer() {
        let peer = Reporter::new(PEER, 1, at(0));
        let mut out = [0; 200];
        let len = peer
            .write(at(1_000), Some(sent()), Some(block(OURS)), &mut out)
            .unwrap();
        assert_eq!(len % 4, 0);
        let heard = Reporter::new(OURS, 2, at(0))
            .read(at(1_010), &out[..len])
            .unwrap();
        assert_eq!(heard.our_stream, Some((64, 40)));
        assert_eq!(heard.sender_report, Some(1 << 16));
    }

    #[test]
    fn the_delay_since_the_peers_report_is_told() {
        let peer = Reporter::new(PEER, 1, at(0));
        let mut ours = Reporter::new(OURS, 2, at(0));
        let mut out = [0; 200];
        let len = peer.write(at(1_000), Some(sent()), None, &mut out).unwrap();
        ours.read(at(1_000), &out[..len]).unwrap();
        let len = ours
            .write(at(1_500), None, Some(block(PEER)), &mut out)
            .unwrap();
        let report = ReceiverReport::unmarshal(&mut &out[..len - ours.name.len()]).unwrap();
        assert_eq!(report.reports[0].last_sender_report, 1 << 16);
        assert_eq!(report.reports[0].delay, 32_768);
        assert_eq!(report.reports[0].total_lost, 0x00FF_FFFE);
    }

    #[test]
    fn a_goodbye_alone_reports_nothing() {
        let goodbye = Goodbye {
            sources: vec![PEER.0],
            ..Goodbye::default()
        };
        let mut out = [0; 64];
        let len = put(&goodbye, &mut out).unwrap();
        assert_eq!(Reporter::new(OURS, 2, at(0)).read(at(0), &out[..len]), None);
    }

    #[test]
    fn the_last_packet_names_us_and_says_goodbye() {
        let ours = Reporter::new(OURS, 2, at(0));
        let mut out = [0; 200];
        let len = ours
            .write_goodbye(at(0), Some(sent()), None, &mut out)
            .unwrap();
        let mut rest = &out[..len];
        let mut types = Vec::new();
        while let Some((packet_type, _)) = cut(&mut rest) {
            types.push(packet_type);
        }
        let expected = [
            PacketType::SenderReport,
            PacketType::SourceDescription,
            PacketType::Goodbye,
        ];
        assert_eq!(types, expected);
        assert!(rest.is_empty());
    }

    #[test]
    fn reports_are_five_seconds_apart_on_average_and_never_regular() {
        let mut ours = Reporter::new(OURS, 3, at(0));
        let due: Vec<u64> = (0..1_000_000)
            .step_by(20)
            .filter(|ms| ours.is_due(at(*ms)))
            .collect();
        assert!((180..=220).contains(&due.len()), "{}", due.len());
        let gaps: Vec<u64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (2_500..=7_520).contains(gap)));
        assert!(gaps.iter().collect::<std::collections::HashSet<_>>().len() > 50);
    }

    #[test]
    fn a_buffer_too_short_is_no_report() {
        let ours = Reporter::new(OURS, 3, at(0));
        for len in 0..80 {
            let mut out = vec![0; len];
            assert!(
                ours.write_goodbye(at(0), Some(sent()), Some(block(PEER)), &mut out)
                    .is_none()
            );
        }
    }

    proptest! {
        #[test]
        fn no_datagram_panics(
            mut octets in proptest::collection::vec(any::<u8>(), 4..200),
            kind in 200..208u8,
            words in 0..50u8,
        ) {
            octets[0] = 0x80 | (octets[0] & 0x3F);
            octets[1] = kind;
            octets[2] = 0;
            octets[3] = words;
            let _ = Reporter::new(OURS, 3, at(0)).read(at(0), &octets);
        }
    }
}
