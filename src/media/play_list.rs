//! What plays: a list of pieces as one stretch of time, with a position in samples.
//!
//! The position is the same in every law, at every packet length and at every speed, so neither a
//! changed codec nor a changed packet length moves it, and three seconds are three seconds of what
//! was recorded. At normal speed octets are copied as they are; at another the sound around the
//! position is decoded and [stretched](super::stretch). A looped piece has no end: what follows it
//! is never reached, and [`Seek::End`] ends the list.

use super::stretch::{AROUND, REACH, Stretch};
use super::vocabulary::{PlayItem, Seek, Speed};
use crate::audio::wire::{duration_to_samples, samples_to_duration};
use crate::audio::{Law, WIRE_RATE};
use crate::base::PlayId;
use std::time::Duration;

/// A play list and the position in it.
#[derive(Clone, Debug)]
pub(super) struct PlayList {
    id: PlayId,
    items: Vec<PlayItem>,
    place: Place,
    paused: bool,
    speed: Speed,
    stretch: Stretch,
}

/// A place in a play list: a piece, and how many of its samples lie before; all rounds of a loop
/// count. Behind the last piece the list is done.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    piece: usize,
    offset: u64,
}

impl PlayList {
    /// A list that begins at `from`, to the sample.
    pub(super) fn new(
        id: PlayId,
        mut items: Vec<PlayItem>,
        from: Duration,
        speed: Speed,
    ) -> PlayList {
        items.retain(|item| !matches!(len(item), Some(0)));
        let mut list = PlayList {
            id,
            items,
            place: Place::default(),
            paused: false,
            speed,
            stretch: Stretch::new(),
        };
        list.go_to(duration_to_samples(from) as u64);
        list
    }

    pub(super) fn id(&self) -> PlayId {
        self.id
    }

    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Plays at this speed from the next hop on.
    pub(super) fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
    }

    /// Whether all of it has been played.
    pub(super) fn is_done(&self) -> bool {
        self.place.piece >= self.items.len()
    }

    pub(super) fn seek(&mut self, to: Seek) {
        match to {
            Seek::Start => self.go_to(0),
            Seek::End => self.place.piece = self.items.len(),
            Seek::By(ms) => {
                let samples = ms.saturating_mul(i64::from(WIRE_RATE / 1_000));
                self.go_to(self.position().saturating_add_signed(samples));
            }
        }
    }

    /// Fills a packet and moves on by it; silence while paused and after the end.
    pub(super) fn fill(&mut self, law: Law, out: &mut [u8]) {
        let mut rest = out;
        while !rest.is_empty() && !self.paused && !self.is_done() {
            let filled = if self.speed == Speed::Normal && self.stretch.is_fresh() {
                self.copy(law, rest)
            } else {
                self.copy_stretched(law, rest)
            };
            rest = rest.get_mut(filled..).unwrap_or_default();
        }
        rest.fill(law.silence());
    }

    /// How much of it has been played, skips counted in.
    pub(super) fn played(&self) -> Duration {
        samples_to_duration(usize::try_from(self.position()).unwrap_or(usize::MAX))
    }

    /// The position in the whole list.
    fn position(&self) -> u64 {
        let before = self.items.iter().take(self.place.piece).filter_map(len);
        before.sum::<u64>() + self.place.offset
    }

    fn go_to(&mut self, position: u64) {
        self.place = self.onward(Place::default(), position);
        self.stretch.reset();
    }

    /// The samples between the position and the end.
    fn left(&self) -> u64 {
        let from_here = self.items.iter().skip(self.place.piece);
        let all = from_here.map(len).try_fold(0, |sum, len| Some(sum + len?));
        all.map_or(u64::MAX, |all| all - self.place.offset)
    }

    fn copy(&mut self, law: Law, out: &mut [u8]) -> usize {
        let filled = self.copy_from(self.place, law, out);
        self.place = self.onward(self.place, filled as u64);
        filled
    }

    fn copy_stretched(&mut self, law: Law, out: &mut [u8]) -> usize {
        if self.stretch.is_used_up() {
            let around = self.around(law);
            self.stretch.make(self.speed, &around);
        }
        let hop = self.stretch.rest(self.left());
        let filled = hop.len().min(out.len());
        let pairs = out.iter_mut().zip(hop);
        pairs.for_each(|(octet, sample)| *octet = law.encode(*sample));
        let moved = self.stretch.hear(filled);
        self.place = self.onward(self.place, moved);
        filled
    }

    /// The sound around the position, with silence before the first sample and behind the last.
    fn around(&self, law: Law) -> [i16; AROUND] {
        let mut octets = [law.silence(); AROUND];
        let position = self.position();
        let missing = (REACH as u64).saturating_sub(position) as usize;
        let from = position.saturating_sub(REACH as u64);
        self.copy_from(
            self.onward(Place::default(), from),
            law,
            octets.get_mut(missing..).unwrap_or_default(),
        );
        octets.map(|octet| law.decode(octet))
    }

    /// Copies what follows a place, as far as the list goes; the count of octets.
    fn copy_from(&self, mut place: Place, law: Law, out: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(item) = self.items.get(place.piece) {
            let rest = out.get_mut(filled..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let copied = copy(item, place.offset, law, rest);
            place = self.onward(place, copied as u64);
            filled += copied;
        }
        filled
    }

    /// The place so many samples behind another.
    fn onward(&self, from: Place, samples: u64) -> Place {
        let mut place = from;
        place.offset = place.offset.saturating_add(samples);
        while let Some(item) = self.items.get(place.piece) {
            match len(item) {
                Some(len) if place.offset >= len => {
                    place.offset -= len;
                    place.piece += 1;
                }
                Some(_) | None => return place,
            }
        }
        Place {
            piece: place.piece,
            offset: 0,
        }
    }
}

/// The samples of a piece; `None` for one that never ends. A loop over nothing is nothing.
fn len(item: &PlayItem) -> Option<u64> {
    match item {
        PlayItem::Audio(audio) => Some(audio.len() as u64),
        PlayItem::Silence(span) => Some(duration_to_samples(*span) as u64),
        PlayItem::Loop(audio) => audio.is_empty().then_some(0),
    }
}

/// Copies what of a piece follows `offset`, as much as there is at once, one octet at least where
/// the piece has one left; the count of octets.
fn copy(item: &PlayItem, offset: u64, law: Law, out: &mut [u8]) -> usize {
    let octets = match item {
        PlayItem::Audio(audio) => audio.octets(law).get(offset as usize..),
        PlayItem::Loop(audio) => {
            let round = audio.octets(law);
            let at = offset.checked_rem(round.len() as u64).unwrap_or(0);
            round.get(at as usize..)
        }
        PlayItem::Silence(span) => {
            let left = (duration_to_samples(*span) as u64).saturating_sub(offset);
            let count = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            out.iter_mut()
                .take(count)
                .for_each(|octet| *octet = law.silence());
            return count;
        }
    };
    let octets = octets.unwrap_or_default();
    let count = octets.len().min(out.len());
    out.iter_mut()
        .zip(octets)
        .for_each(|(to, from)| *to = *from);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::goertzel::amplitude;
    use crate::audio::level::rms_dbfs;
    use crate::audio::tests::speech;
    use crate::audio::{WireAudio, tone};
    use proptest::prelude::*;

    /// A piece whose octets (in A-law) count from `first` on, modulo 251.
    fn piece(first: usize, len: usize) -> WireAudio {
        let octets: Vec<u8> = (first..first + len).map(|n| (n % 251) as u8).collect();
        WireAudio::from_octets(Law::A, &octets)
    }

    fn list(items: Vec<PlayItem>) -> PlayList {
        PlayList::new(PlayId(1), items, Duration::ZERO, Speed::Normal)
    }

    /// Three pieces that count through 3,000 samples.
    fn counting() -> PlayList {
        list(vec![
            PlayItem::Audio(piece(0, 1_000)),
            PlayItem::Audio(piece(1_000, 7)),
            PlayItem::Audio(piece(1_007, 1_993)),
        ])
    }

    fn next(list: &mut PlayList, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        list.fill(Law::A, &mut out);
        out
    }

    fn count(from: usize, len: usize) -> Vec<u8> {
        (from..from + len).map(|n| (n % 251) as u8).collect()
    }

    #[test]
    fn pieces_play_without_a_seam_and_end_in_silence() {
        let mut list = counting();
        assert_eq!(next(&mut list, 2_900), count(0, 2_900));
        assert!(!list.is_done());
        let mut expected = count(2_900, 100);
        expected.extend([Law::A.silence(); 60]);
        assert_eq!(next(&mut list, 160), expected);
        assert!(list.is_done());
    }

    #[test]
    fn seeking_is_exact_and_stays_within_the_list() {
        let mut list = counting();
        next(&mut list, 480);
        list.seek(Seek::By(100));
        assert_eq!(next(&mut list, 10), count(1_280, 10));
        list.seek(Seek::By(-50));
        assert_eq!(next(&mut list, 10), count(890, 10));
        list.seek(Seek::By(i64::MIN));
        assert_eq!(next(&mut list, 10), count(0, 10));
        list.seek(Seek::Start);
        assert_eq!(next(&mut list, 10), count(0, 10));
        list.seek(Seek::By(i64::MAX));
        assert!(list.is_done());
        let mut list = counting();
        list.seek(Seek::End);
        assert!(list.is_done());
    }

    #[test]
    fn pausing_holds_the_position() {
        let mut list = counting();
        next(&mut list, 160);
        list.pause(true);
        assert_eq!(next(&mut list, 160), [Law::A.silence(); 160]);
        list.pause(false);
        assert_eq!(next(&mut list, 160), count(160, 160));
    }

    #[test]
    fn a_loop_goes_round_until_it_is_left() {
        let mut list = list(vec![
            PlayItem::Loop(WireAudio::from_octets(Law::A, &[])),
            PlayItem::Audio(piece(0, 10)),
            PlayItem::Loop(piece(10, 30)),
            PlayItem::Audio(piece(0, 10)),
        ]);
        let mut expected = count(0, 40);
        expected.extend(count(10, 30));
        expected.extend(count(10, 10));
        assert_eq!(next(&mut list, 80), expected);
        list.seek(Seek::By(1_000_000));
        assert!(!list.is_done());
        list.seek(Seek::End);
        assert!(list.is_done());
    }

    #[test]
    fn a_list_begins_where_it_is_told_and_goes_on_where_it_stood() {
        let whole = counting().items;
        for ms in [0, 1, 125, 126, 374] {
            let from = Duration::from_millis(ms);
            let mut list = PlayList::new(PlayId(1), whole.clone(), from, Speed::Normal);
            assert_eq!(list.played(), from);
            assert_eq!(next(&mut list, 8), count(ms as usize * 8, 8));
            let mut again = PlayList::new(PlayId(2), whole.clone(), list.played(), Speed::Normal);
            assert_eq!(next(&mut again, 160), next(&mut list, 160));
        }
        for ms in [375, 376, 86_400_000] {
            let from = Duration::from_millis(ms);
            assert!(PlayList::new(PlayId(1), whole.clone(), from, Speed::Normal).is_done());
        }
    }

    #[test]
    fn silence_and_empty_pieces_count_as_their_length() {
        let mut list = list(vec![
            PlayItem::Silence(Duration::ZERO),
            PlayItem::Audio(WireAudio::from_octets(Law::A, &[])),
            PlayItem::Silence(Duration::from_millis(1)),
            PlayItem::Audio(piece(0, 2)),
        ]);
        let mut expected = vec![Law::A.silence(); 8];
        expected.extend([0, 1]);
        assert_eq!(next(&mut list, 10), expected);
        assert!(list.is_done());
        let nothing = PlayList::new(PlayId(1), Vec::new(), Duration::ZERO, Speed::Normal);
        assert!(nothing.is_done());
    }

    /// What is heard of sound at a speed, in packets of 20 ms, until it ends.
    fn heard(samples: &[i16], speed: Speed) -> Vec<i16> {
        let items = vec![PlayItem::Audio(WireAudio::from_samples(samples))];
        let mut list = PlayList::new(PlayId(1), items, Duration::ZERO, speed);
        let mut heard = Vec::new();
        while !list.is_done() {
            heard.extend(next(&mut list, 160).into_iter().map(|o| Law::A.decode(o)));
        }
        heard
    }

    /// The speeds at which sound is stretched, and how many times as fast each is.
    const STRETCHED: [(Speed, f64); 4] = [
        (Speed::Slow, 0.75),
        (Speed::Brisk, 1.25),
        (Speed::Fast, 1.5),
        (Speed::Double, 2.0),
    ];

    #[test]
    fn at_every_speed_the_length_is_that_share_of_the_whole() {
        let said = speech();
        for (speed, times) in STRETCHED {
            let share = heard(&said, speed).len() as f64 * times / said.len() as f64;
            assert!((0.999..1.005).contains(&share), "{speed:?}: {share}");
        }
        assert_eq!(
            heard(&said, Speed::Normal).len(),
            said.len().next_multiple_of(160)
        );
    }

    #[test]
    fn at_every_speed_a_tone_keeps_its_pitch_and_its_loudness() {
        for hz in [120.0, 300.0, 440.0, 1_000.0, 1_700.0, 2_900.0] {
            let tone = tone::sine(hz, -12.0, Duration::from_secs(3), 8_000).samples;
            for (speed, times) in STRETCHED {
                let heard = heard(&tone, speed);
                let middle = &heard[1_600..9_600];
                let crossings = middle
                    .windows(2)
                    .filter(|w| (w[0] < 0) != (w[1] < 0))
                    .count();
                let pitch = crossings as f64 / 2.0;
                assert!(
                    (pitch / hz - 1.0).abs() < 0.02,
                    "{speed:?}: {hz} as {pitch}"
                );
                let loss = -15.0 - rms_dbfs(middle);
                assert!(loss.abs() < 1.0, "{speed:?}: {hz} lost {loss} dB");
                let strength = |hz| amplitude(&middle[..1_600], 8_000, hz);
                assert!(strength(hz) > 4.0 * strength(hz * times), "{speed:?}: {hz}");
            }
        }
    }

    #[test]
    fn at_every_speed_a_voice_keeps_its_pitch_and_its_colour() {
        let said = speech();
        // The crossings of zero of a voice change with its pitch, the bands with its colour.
        let crossings = |s: &[i16]| {
            let crossed = s.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
            crossed as f64 / s.len() as f64
        };
        let band = |s: &[i16], hz: f64| {
            let blocks = s.chunks_exact(160).map(|b| amplitude(b, 8_000, hz).powi(2));
            10.0 * (blocks.sum::<f64>() / (s.len() / 160) as f64).log10()
        };
        for (speed, _) in STRETCHED {
            let heard = heard(&said, speed);
            let change = crossings(&heard) / crossings(&said);
            assert!((0.93..1.07).contains(&change), "{speed:?}: {change}");
            for hz in (1..34).map(|n| f64::from(n) * 100.0) {
                let change = band(&heard, hz) - band(&said, hz);
                assert!(change.abs() < 2.5, "{speed:?}: {change} dB at {hz}");
            }
        }
    }

    #[test]
    fn a_change_of_speed_does_not_click_and_normal_speed_is_exact_again() {
        let tone = tone::sine(200.0, -6.0, Duration::from_secs(4), 8_000).samples;
        let audio = WireAudio::from_samples(&tone);
        let mut list = list(vec![PlayItem::Audio(audio.clone())]);
        let mut heard = next(&mut list, 1_600);
        assert_eq!(heard, audio.octets(Law::A)[..1_600]);
        for speed in [Speed::Double, Speed::Slow, Speed::Fast, Speed::Brisk] {
            list.set_speed(speed);
            heard.extend(next(&mut list, 1_630));
        }
        list.set_speed(Speed::Normal);
        heard.extend(next(&mut list, 320));
        let at = list.position() as usize;
        assert_eq!(next(&mut list, 800), audio.octets(Law::A)[at..at + 800]);
        // The steepest step of the tone itself is 2,600.
        let heard: Vec<i16> = heard.into_iter().map(|o| Law::A.decode(o)).collect();
        let steps = heard.windows(2).map(|w| w[0].abs_diff(w[1]));
        assert!(steps.clone().max() < Some(4_500), "{:?}", steps.max());
    }

    #[test]
    fn a_silence_and_a_loop_are_stretched_like_sound() {
        let mut list = list(vec![
            PlayItem::Silence(Duration::from_millis(300)),
            PlayItem::Loop(piece(0, 30)),
        ]);
        list.set_speed(Speed::Double);
        assert_eq!(next(&mut list, 1_000), [Law::A.silence(); 1_000]);
        assert_eq!(list.position(), 2_000);
        next(&mut list, 10_000);
        assert_eq!(list.position(), 22_000);
        assert!(!list.is_done());
    }

    fn any_speed() -> impl Strategy<Value = Speed> {
        let all = STRETCHED.map(|(speed, _)| speed);
        prop_oneof![Just(Speed::Normal), proptest::sample::select(all.to_vec())]
    }

    /// What may happen while a list plays.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        Fill(usize),
        Speed(Speed),
        Seek(i64),
        Pause(bool),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (80..=480_usize).prop_map(Act::Fill),
            1 => any_speed().prop_map(Act::Speed),
            1 => prop_oneof![Just(3_000), Just(-3_000), -20_000..20_000_i64].prop_map(Act::Seek),
            1 => any::<bool>().prop_map(Act::Pause),
        ]
    }

    proptest! {
        /// Positions and skips are of what was recorded, to the sample, whatever the speed; a
        /// packet moves it by the speed, give or take the hop in which the speed changes.
        #[test]
        fn three_seconds_are_three_seconds_at_every_speed(
            acts in proptest::collection::vec(act(), 1..80),
            lengths in proptest::collection::vec(0..90_000_usize, 1..4),
        ) {
            let pieces = lengths.iter().map(|len| PlayItem::Audio(piece(0, *len))).collect();
            let (mut list, whole) = (list(pieces), lengths.iter().sum::<usize>() as i64);
            let (mut speeds, mut paused) = (vec![Speed::Normal], false);
            for act in acts {
                let at = list.position() as i64;
                match act {
                    Act::Speed(new) => {
                        list.set_speed(new);
                        speeds.push(new);
                    }
                    Act::Pause(still) => {
                        list.pause(still);
                        paused = still;
                    }
                    Act::Seek(ms) => {
                        list.seek(Seek::By(ms));
                        prop_assert_eq!(list.position() as i64, (at + ms * 8).clamp(0, whole));
                        speeds.drain(..speeds.len() - 1);
                    }
                    Act::Fill(len) => {
                        let octets = next(&mut list, len);
                        let moved = list.position() as i64 - at;
                        if paused {
                            prop_assert_eq!((moved, octets), (0, vec![Law::A.silence(); len]));
                            continue;
                        }
                        let by = |speed: Speed| (len * speed.quarters() / 4) as i64;
                        let least = speeds.iter().min().map_or(0, |speed| by(*speed));
                        let most = speeds.iter().max().map_or(0, |speed| by(*speed));
                        let left = whole - at;
                        prop_assert!(moved >= (least - 1).min(left), "{} of {}", moved, least);
                        prop_assert!(moved <= (most + 1).min(left), "{} of {}", moved, most);
                        prop_assert_eq!(list.is_done(), moved == left);
                        // A hop of 100 samples may still be of a speed before.
                        if len >= 100 {
                            speeds.drain(..speeds.len() - 1);
                        }
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_packet_lengths_and_laws_play_every_sample_once(
            packets in proptest::collection::vec((1..50usize, any::<bool>()), 1..400),
        ) {
            let (mut list, all) = (counting(), piece(0, 3_000));
            let mut at = 0;
            for (len, mu) in packets {
                let law = if mu { Law::Mu } else { Law::A };
                let mut out = vec![0; len];
                list.fill(law, &mut out);
                let left = len.min(3_000 - at);
                prop_assert_eq!(&out[..left], &all.octets(law)[at..at + left]);
                at += left;
                prop_assert_eq!(list.is_done(), at == 3_000);
            }
        }
    }
}
