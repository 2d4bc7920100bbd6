//! A recording in progress: from packets to blocks of about a second, with its limits.
//!
//! The [`Timeline`] puts the packets in order; what comes out of it is counted, listened to and
//! handed to the sink in the take's law. Laws: every octet handed out is counted in the length, and
//! none after the end; a recording ends once; tones end it as silence does.

use super::ear::Ear;
use super::loudness::Dbm0;
use super::vocabulary::{RecordEnd, RecordLimits, Recorded, TakeSink};
use crate::audio::wire::{duration_to_samples, samples_to_duration};
use crate::audio::{Law, WIRE_RATE};
use crate::base::{MessageId, Mono};
use crate::rtp::{Head, Timeline};

/// Octets of a block handed to the sink: one second.
const BLOCK: usize = WIRE_RATE as usize;

/// A recording in progress.
#[derive(Debug)]
pub(super) struct Recording {
    timeline: Timeline,
    taker: Taker,
}

/// Where the octets of the timeline go.
#[derive(Debug)]
struct Taker {
    take: MessageId,
    law: Law,
    block: Vec<u8>,
    /// Octets taken, and the most there may be.
    taken: usize,
    max: usize,
    ear: Ear,
    /// How many octets without speech on end end the recording.
    silence: Option<usize>,
    ended: Option<RecordEnd>,
}

impl Recording {
    pub(super) fn new(
        now: Mono,
        take: MessageId,
        law: Law,
        limits: RecordLimits,
        level: Dbm0,
    ) -> Recording {
        let max = duration_to_samples(limits.max);
        Recording {
            timeline: Timeline::new(now, law.silence()),
            taker: Taker {
                take,
                law,
                block: Vec::new(),
                taken: 0,
                max,
                ear: Ear::new(law, level),
                silence: limits.silence.map(duration_to_samples),
                ended: (max == 0).then_some(RecordEnd::TooLong),
            },
        }
    }

    /// Takes a packet of audio in `law`.
    pub(super) fn audio(
        &mut self,
        now: Mono,
        head: &Head,
        law: Law,
        payload: &[u8],
        sink: &mut dyn TakeSink,
    ) {
        let taker = &mut self.taker;
        let mut converted = [0; Timeline::MAX_PAYLOAD];
        let Some(octets) = converted.get_mut(..payload.len()) else {
            return;
        };
        let pairs = octets.iter_mut().zip(payload);
        pairs.for_each(|(to, from)| *to = law.convert(taker.law, *from));
        self.timeline
            .audio(now, head, octets, &mut |octets| taker.take(octets, sink));
    }

    /// Notes a telephone-event packet.
    pub(super) fn event(&mut self, now: Mono, head: &Head, duration: u16, sink: &mut dyn TakeSink) {
        let taker = &mut self.taker;
        self.timeline
            .event(now, head, duration, &mut |octets| taker.take(octets, sink));
    }

    /// Lets time pass.
    pub(super) fn advance(&mut self, now: Mono, sink: &mut dyn TakeSink) {
        let taker = &mut self.taker;
        self.timeline
            .advance(now, &mut |octets| taker.take(octets, sink));
    }

    /// Whether a limit was reached or the sink is full; then it is to be finished.
    pub(super) fn has_ended(&self) -> bool {
        self.taker.ended.is_some()
    }

    /// Hands out the rest and says how it went.
    pub(super) fn finish(mut self, now: Mono, sink: &mut dyn TakeSink) -> Recorded {
        let taker = &mut self.taker;
        self.timeline
            .finish(now, &mut |octets| taker.take(octets, sink));
        let end = taker.ended.unwrap_or(RecordEnd::Stopped);
        taker.hand_out(sink);
        Recorded {
            take: taker.take,
            end,
            length: samples_to_duration(taker.taken),
            voiced: samples_to_duration(taker.ear.meter().voiced()),
            spoken: samples_to_duration(taker.ear.meter().spoken()),
        }
    }
}

impl Taker {
    fn take(&mut self, octets: &[u8], sink: &mut dyn TakeSink) {
        let mut rest = octets;
        while !rest.is_empty() && self.ended.is_none() {
            let room = (BLOCK - self.block.len()).min(self.max - self.taken);
            let piece = rest.len().min(room).min(self.ear.missing());
            let (octets, after) = rest.split_at(piece);
            rest = after;
            self.add(octets, sink);
        }
    }

    /// Adds octets within one block, one frame and the limit.
    fn add(&mut self, octets: &[u8], sink: &mut dyn TakeSink) {
        if self.block.capacity() == 0 {
            self.block = sink.buffer();
            self.block.clear();
        }
        self.block.extend_from_slice(octets);
        self.taken += octets.len();
        self.ear.hear(octets);
        let unspoken = self.ear.meter().unspoken();
        if self.silence.is_some_and(|limit| unspoken >= limit) {
            self.ended = Some(RecordEnd::Silence);
        }
        if self.taken >= self.max {
            self.ended = Some(RecordEnd::TooLong);
        }
        if self.block.len() >= BLOCK {
            self.hand_out(sink);
        }
    }

    fn hand_out(&mut self, sink: &mut dyn TakeSink) {
        if self.block.is_empty() {
            return;
        }
        let block = std::mem::take(&mut self.block);
        let lost = block.len();
        if let Err(fault) = sink.append(self.take, block) {
            tracing::error!(take = %self.take, %fault, "a recording ends early");
            self.taken -= lost;
            self.ended = Some(RecordEnd::CutOff);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tests::speech;
    use crate::audio::tone;
    use crate::media::session_laws::Sink;
    use crate::rtp::{RtpTime, SequenceNumber, Ssrc};
    use std::time::Duration;
    use uuid::Uuid;

    const TAKE: MessageId = MessageId(Uuid::from_u128(7));

    fn recording(max_ms: u64, silence_ms: Option<u64>, law: Law) -> Recording {
        let limits = RecordLimits {
            max: Duration::from_millis(max_ms),
            silence: silence_ms.map(Duration::from_millis),
        };
        Recording::new(Mono::ZERO, TAKE, law, limits, Dbm0(-45))
    }

    /// Feeds packets of one octet each, one for every 20 ms; when it ended, in packets.
    fn feed(recording: &mut Recording, octets: &[u8], sink: &mut Sink) -> Option<usize> {
        for (n, octet) in octets.iter().enumerate() {
            let head = Head {
                marker: false,
                payload_type: 8,
                sequence: SequenceNumber(n as u16),
                timestamp: RtpTime(n as u32 * 160),
                ssrc: Ssrc(1),
            };
            recording.audio(after(n as u64 * 20), &head, Law::A, &[*octet; 160], sink);
            if recording.has_ended() {
                return Some(n);
            }
        }
        None
    }

    fn after(ms: u64) -> Mono {
        Mono::since_start(Duration::from_millis(ms))
    }

    fn loud() -> u8 {
        Law::A.encode(8_000)
    }

    fn quiet() -> u8 {
        Law::A.silence()
    }

    #[test]
    fn the_limit_is_exact_to_the_sample() {
        let mut sink = Sink::default();
        let mut recording = recording(2_505, None, Law::A);
        assert!(feed(&mut recording, &[loud(); 200], &mut sink).is_some());
        let recorded = recording.finish(after(4_000), &mut sink);
        assert_eq!(recorded.end, RecordEnd::TooLong);
        assert_eq!(recorded.length, Duration::from_millis(2_505));
        assert_eq!(sink.blocks(TAKE), [8_000, 8_000, 4_040]);
    }

    #[test]
    fn silence_on_end_ends_it_and_speech_in_between_does_not() {
        let mut sink = Sink::default();
        let mut octets = vec![quiet(); 40];
        octets.extend([loud(); 10]);
        octets.extend([quiet(); 100]);
        let mut recording = recording(60_000, Some(1_000), Law::A);
        let ended_at = feed(&mut recording, &octets, &mut sink).unwrap();
        // Fifty packets after the last loud one, and those the timeline holds back.
        assert!((100..=112).contains(&ended_at), "{ended_at}");
        let recorded = recording.finish(after(2_200), &mut sink);
        assert_eq!(recorded.end, RecordEnd::Silence);
        assert_eq!(recorded.length, Duration::from_secs(2));
        assert_eq!(recorded.voiced, Duration::from_millis(200));
        assert_eq!(recorded.spoken, Duration::from_secs(1));
    }

    /// Feeds a sound packet by packet; when it ended, in packets.
    fn feed_sound(recording: &mut Recording, samples: &[i16], sink: &mut Sink) -> Option<usize> {
        for (n, packet) in samples.chunks_exact(160).enumerate() {
            let head = Head {
                marker: false,
                payload_type: 8,
                sequence: SequenceNumber(n as u16),
                timestamp: RtpTime(n as u32 * 160),
                ssrc: Ssrc(1),
            };
            let octets: Vec<u8> = packet.iter().map(|s| Law::A.encode(*s)).collect();
            recording.audio(after(n as u64 * 20), &head, Law::A, &octets, sink);
            if recording.has_ended() {
                return Some(n);
            }
        }
        None
    }

    /// A busy tone of this many seconds.
    fn busy(seconds: usize) -> Vec<i16> {
        let tone = tone::sine(425.0, -15.0, Duration::from_millis(500), WIRE_RATE).samples;
        [tone, vec![0; 4_000]].concat().repeat(seconds)
    }

    #[test]
    fn a_busy_tone_is_no_speech_and_ends_a_recording_as_silence_does() {
        let said = speech()[..16_000].to_vec();
        let sound = [said, busy(30)].concat();
        let mut sink = Sink::default();
        let mut whole = recording(60_000, None, Law::Mu);
        assert_eq!(feed_sound(&mut whole, &sound[..16_000], &mut sink), None);
        let alone = whole.finish(after(2_000), &mut sink);

        let mut recording = recording(60_000, Some(5_000), Law::Mu);
        let mut sink = Sink::default();
        let ended_at = feed_sound(&mut recording, &sound, &mut sink).unwrap();
        let recorded = recording.finish(after(ended_at as u64 * 20), &mut sink);
        assert_eq!(recorded.end, RecordEnd::Silence);
        // The tone begins in the midst of a word: the frame before it counts as the tone's.
        let frame = Duration::from_millis(20);
        assert!(alone.voiced - recorded.voiced <= frame, "{recorded:?}");
        assert!(alone.spoken - recorded.spoken <= frame, "{recorded:?}");
        assert!(
            recorded.spoken > Duration::from_millis(1_500),
            "{recorded:?}"
        );
        let limit = recorded.spoken + Duration::from_secs(5);
        assert!(
            (0..=500).contains(&(recorded.length - limit).as_millis()),
            "{recorded:?}"
        );
    }

    #[test]
    fn tones_alone_are_a_recording_without_speech() {
        let mut sink = Sink::default();
        let mut recording = recording(60_000, None, Law::A);
        feed_sound(&mut recording, &busy(20), &mut sink);
        let recorded = recording.finish(after(20_000), &mut sink);
        assert_eq!(
            (recorded.voiced, recorded.spoken),
            (Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(recorded.length, Duration::from_secs(20));
    }

    #[test]
    fn nobody_speaking_at_all_ends_it_even_without_packets() {
        let mut sink = Sink::default();
        let mut recording = recording(60_000, Some(2_000), Law::A);
        let mut ms = 0;
        while !recording.has_ended() {
            ms += 20;
            recording.advance(after(ms), &mut sink);
            assert!(ms < 10_000, "it never ends");
        }
        assert!((2_000..=3_300).contains(&ms), "{ms}");
    }

    #[test]
    fn a_take_in_the_other_law_sounds_the_same() {
        let mut sink = Sink::default();
        let mut recording = recording(60_000, None, Law::Mu);
        feed(&mut recording, &[loud(); 3], &mut sink);
        recording.finish(after(60), &mut sink);
        assert_eq!(sink.octets(TAKE), [Law::A.convert(Law::Mu, loud()); 480]);
    }

    #[test]
    fn a_full_sink_ends_it_and_counts_only_what_was_taken() {
        let mut sink = Sink {
            room: Some(2),
            ..Sink::default()
        };
        let mut recording = recording(60_000, None, Law::A);
        assert!(feed(&mut recording, &[loud(); 400], &mut sink).is_some());
        let recorded = recording.finish(after(8_000), &mut sink);
        assert_eq!(recorded.end, RecordEnd::CutOff);
        assert_eq!(recorded.length, Duration::from_secs(2));
        assert_eq!(sink.octets(TAKE).len(), 16_000);
    }
}
