//! How well a stream is received: loss and jitter (RFC 3550 section 6.4.1, appendices A.1, A.3
//! and A.8).

use super::{Head, SequenceNumber, Ssrc, units};
use crate::base::Mono;

/// The state of one received stream. A new source starts it anew.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    source: Option<Source>,
    packets: u64,
}

#[derive(Clone, Debug)]
struct Source {
    ssrc: Ssrc,
    first: u64,
    /// The highest sequence number, extended by how often it wrapped.
    highest: u64,
    received: u64,
    /// `expected` and `received` at the last report.
    reported: (u64, u64),
    transit: Option<i64>,
    /// Sixteen times the jitter, in timestamp units.
    jitter: u64,
}

/// What a report says about a stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptionBlock {
    /// Whose stream.
    pub ssrc: Ssrc,
    /// The part lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; negative when doubled ones outweigh them.
    pub lost: i32,
    /// The extended highest sequence number.
    pub highest: u32,
    /// The mean deviation of the time between arrivals, in timestamp units.
    pub jitter: u32,
}

impl Reception {
    /// Nothing received yet.
    pub fn new() -> Reception {
        Reception::default()
    }

    /// Packets received from all sources.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Counts a packet. Its time of arrival counts where `paced` says that its timestamp is when
    /// it was sent, which that of a telephone event is not.
    pub fn note(&mut self, now: Mono, head: &Head, paced: bool) {
        self.packets += 1;
        let source = match &mut self.source {
            Some(source) if source.ssrc == head.ssrc => source,
            _ => self.source.insert(Source::new(head)),
        };
        source.received += 1;
        source.count(head.sequence);
        if paced {
            source.clock(now, head);
        }
    }

    /// The stream's state for a report, without making it.
    pub fn block(&self) -> Option<ReceptionBlock> {
        self.source.as_ref().map(Source::block)
    }

    /// The stream's state for a report that is now made: the next fraction counts from here.
    pub fn report(&mut self) -> Option<ReceptionBlock> {
        let source = self.source.as_mut()?;
        let block = source.block();
        source.reported = (source.expected(), source.received);
        Some(block)
    }
}

impl Source {
    fn new(head: &Head) -> Source {
        // One wrap up, so that a packet from before the first has a number too.
        let first = (1 << 16) + u64::from(head.sequence.0);
        Source {
            ssrc: head.ssrc,
            first,
            highest: first,
            received: 0,
            reported: (0, 0),
            transit: None,
            jitter: 0,
        }
    }

    fn count(&mut self, sequence: SequenceNumber) {
        let ahead = sequence.after(SequenceNumber(self.highest as u16));
        if ahead > 0 {
            self.highest += ahead as u64;
        }
    }

    /// RFC 3550 appendix A.8: a sixteenth of each new deviation.
    fn clock(&mut self, now: Mono, head: &Head) {
        let transit = units(now.elapsed()) - i64::from(head.timestamp.0);
        if let Some(before) = self.transit.replace(transit) {
            let deviation = u64::from(((transit - before) as i32).unsigned_abs());
            self.jitter += deviation;
            self.jitter -= (self.jitter - deviation + 8) >> 4;
        }
    }

    fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    fn block(&self) -> ReceptionBlock {
        let expected = self.expected() - self.reported.0;
        let received = self.received - self.reported.1;
        let lost = expected.saturating_sub(received);
        let fraction = (lost * 256).checked_div(expected).unwrap_or(0).min(255);
        let total = self.expected() as i64 - self.received as i64;
        ReceptionBlock {
            ssrc: self.ssrc,
            fraction_lost: fraction as u8,
            lost: total.clamp(-(1 << 23), (1 << 23) - 1) as i32,
            highest: (self.highest - (1 << 16)) as u32,
            jitter: (self.jitter >> 4) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::RtpTime;
    use std::time::Duration;

    fn note(reception: &mut Reception, ms: u64, sequence: u16, timestamp: u32, ssrc: u32) {
        let head = Head {
            marker: false,
            payload_type: 8,
            sequence: SequenceNumber(sequence),
            timestamp: RtpTime(timestamp),
            ssrc: Ssrc(ssrc),
        };
        reception.note(Mono::since_start(Duration::from_millis(ms)), &head, true);
    }

    #[test]
    fn one_of_four_lost_is_a_fraction_of_64() {
        let mut reception = Reception::new();
        for n in (0..400u16).filter(|n| n % 4 != 1) {
            note(
                &mut reception,
                u64::from(n) * 20,
                n.wrapping_sub(100),
                u32::from(n) * 160,
                1,
            );
        }
        let block = reception.report().unwrap();
        assert_eq!((block.fraction_lost, block.lost), (64, 100));
        assert_eq!(block.highest, (1 << 16) + 299);
        assert_eq!(block.jitter, 0);
        assert_eq!(reception.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn doubled_packets_make_the_loss_negative_and_the_fraction_zero() {
        let mut reception = Reception::new();
        for _ in 0..3 {
            note(&mut reception, 0, 7, 0, 1);
        }
        let block = reception.report().unwrap();
        assert_eq!((block.fraction_lost, block.lost), (0, -2));
    }

    #[test]
    fn jitter_nears_the_mean_deviation() {
        let mut reception = Reception::new();
        for n in 0..1_000u16 {
            let late = if n % 2 == 0 { 0 } else { 5 };
            note(
                &mut reception,
                u64::from(n) * 20 + late,
                n,
                u32::from(n) * 160,
                1,
            );
        }
        let jitter = reception.report().unwrap().jitter;
        assert!((38..=41).contains(&jitter), "{jitter}");
    }

    #[test]
    fn a_new_source_starts_anew() {
        let mut reception = Reception::new();
        note(&mut reception, 0, 7, 0, 1);
        note(&mut reception, 20, 40_000, 99, 2);
        let block = reception.report().unwrap();
        assert_eq!((block.ssrc, block.lost), (Ssrc(2), 0));
        assert_eq!(reception.packets(), 2);
    }
}
