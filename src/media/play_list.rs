//! What plays: a list of pieces as one stretch of time, with a position in samples.
//!
//! The position is the same in every law and at every packet length, so neither a changed codec
//! nor a changed packet length moves it. A looped piece has no end: what follows it is never
//! reached, and [`Seek::End`] ends the list.

use super::vocabulary::{PlayItem, Seek};
use crate::audio::wire::{duration_to_samples, samples_to_duration};
use crate::audio::{Law, WIRE_RATE};
use crate::base::PlayId;
use std::time::Duration;

/// A play list and the position in it.
#[derive(Clone, Debug)]
pub(super) struct PlayList {
    id: PlayId,
    items: Vec<PlayItem>,
    /// The piece that plays, and how many samples of it have; all rounds of a loop count.
    current: usize,
    offset: u64,
    paused: bool,
}

impl PlayList {
    pub(super) fn new(id: PlayId, mut items: Vec<PlayItem>, from: Duration) -> PlayList {
        items.retain(|item| !matches!(len(item), Some(0)));
        let mut list = PlayList {
            id,
            items,
            current: 0,
            offset: 0,
            paused: false,
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

    /// Whether all of it has been played.
    pub(super) fn is_done(&self) -> bool {
        self.current >= self.items.len()
    }

    pub(super) fn seek(&mut self, to: Seek) {
        match to {
            Seek::Start => self.go_to(0),
            Seek::End => self.current = self.items.len(),
            Seek::By(ms) => {
                let samples = ms.saturating_mul(i64::from(WIRE_RATE / 1_000));
                self.go_to(self.position().saturating_add_signed(samples));
            }
        }
    }

    /// Fills a packet and moves on by it; silence while paused and after the end.
    pub(super) fn fill(&mut self, law: Law, out: &mut [u8]) {
        let mut rest = out;
        while !rest.is_empty() && !self.paused {
            let Some(item) = self.items.get(self.current) else {
                break;
            };
            let filled = copy(item, self.offset, law, rest);
            self.offset += filled as u64;
            if len(item).is_some_and(|len| self.offset >= len) {
                self.current += 1;
                self.offset = 0;
            }
            rest = rest.get_mut(filled..).unwrap_or_default();
        }
        rest.fill(law.silence());
    }

    /// The position in the whole list, as time.
    pub(super) fn played(&self) -> Duration {
        samples_to_duration(usize::try_from(self.position()).unwrap_or(usize::MAX))
    }

    /// The position in the whole list.
    fn position(&self) -> u64 {
        let before = self.items.iter().take(self.current).filter_map(len);
        before.sum::<u64>() + self.offset
    }

    fn go_to(&mut self, position: u64) {
        self.current = 0;
        self.offset = position;
        while let Some(len) = self.items.get(self.current).and_then(len) {
            if self.offset < len {
                break;
            }
            self.offset -= len;
            self.current += 1;
        }
        if self.is_done() {
            self.offset = 0;
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

/// Copies what follows `offset`, as much as there is at once, one octet at least where the piece
/// has one left; the count of octets.
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
    use crate::audio::WireAudio;
    use proptest::prelude::*;

    /// A piece whose octets (in A-law) count from `first` on, modulo 251.
    fn piece(first: usize, len: usize) -> WireAudio {
        let octets: Vec<u8> = (first..first + len).map(|n| (n % 251) as u8).collect();
        WireAudio::from_octets(Law::A, &octets)
    }

    fn list(items: Vec<PlayItem>) -> PlayList {
        PlayList::new(PlayId(1), items, Duration::ZERO)
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
        assert!(PlayList::new(PlayId(1), Vec::new(), Duration::ZERO).is_done());
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
