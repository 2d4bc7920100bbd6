//! Tags, branches and Call-IDs that strangers cannot guess (RFC 3261 section 19.3).
//!
//! A seed goes in, hexadecimal text comes out: the ChaCha20 key stream (RFC 8439 section 2.3).
//! The same seed gives the same texts, which makes virtual-time runs repeatable.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The start of every branch of RFC 3261 (section 8.1.1.7).
pub(super) const BRANCH_COOKIE: &str = "z9hG4bK";

/// A source of unguessable names.
pub(super) struct Entropy {
    key: [u32; 8],
    block: [u32; 16],
    used: usize,
    counter: u64,
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}

impl Entropy {
    /// A source with this key.
    pub(super) fn new(seed: [u8; 32]) -> Entropy {
        let mut key = [0; 8];
        for (word, four) in key.iter_mut().zip(seed.chunks_exact(4)) {
            *word = four
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        Entropy {
            key,
            block: [0; 16],
            used: 16,
            counter: 0,
        }
    }

    /// A tag: 64 bits in hexadecimal.
    pub(super) fn tag(&mut self) -> String {
        let mut text = String::with_capacity(16);
        self.hex(2, &mut text);
        text
    }

    /// A branch.
    pub(super) fn branch(&mut self) -> String {
        let mut text = String::with_capacity(23);
        text.push_str(BRANCH_COOKIE);
        self.hex(2, &mut text);
        text
    }

    /// A Call-ID: 128 bits in hexadecimal.
    pub(super) fn call_id(&mut self) -> String {
        let mut text = String::with_capacity(32);
        self.hex(4, &mut text);
        text
    }

    /// A number below `end`, for waits that must not be in step with the peer's.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        self.word() % end.max(1)
    }

    /// The same tag every time for the same request, as answers without state need
    /// (RFC 3261 section 8.2.7).
    pub(super) fn stateless_tag(&self, request: &str) -> String {
        let mut hasher = DefaultHasher::new();
        self.key.hash(&mut hasher);
        request.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    fn hex(&mut self, words: usize, text: &mut String) {
        for _ in 0..words {
            let _ = write!(text, "{:08x}", self.word());
        }
    }

    fn word(&mut self) -> u32 {
        if self.used >= self.block.len() {
            let counter = [self.counter as u32, (self.counter >> 32) as u32, 0, 0];
            self.block = chacha20(&self.key, counter);
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let word = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        word
    }
}

/// One block of the ChaCha20 key stream; `tail` is its counter and nonce.
fn chacha20(key: &[u32; 8], tail: [u32; 4]) -> [u32; 16] {
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let [t0, t1, t2, t3] = tail;
    let start = [
        0x6170_7865,
        0x3320_646e,
        0x7962_2d32,
        0x6b20_6574,
        k0,
        k1,
        k2,
        k3,
        k4,
        k5,
        k6,
        k7,
        t0,
        t1,
        t2,
        t3,
    ];
    let mut state = start;
    for _ in 0..10 {
        for [a, b, c, d] in [
            [0, 4, 8, 12],
            [1, 5, 9, 13],
            [2, 6, 10, 14],
            [3, 7, 11, 15],
            [0, 5, 10, 15],
            [1, 6, 11, 12],
            [2, 7, 8, 13],
            [3, 4, 9, 14],
        ] {
            quarter(&mut state, a, b, c, d);
        }
    }
    for (word, first) in state.iter_mut().zip(start) {
        *word = word.wrapping_add(first);
    }
    state
}

fn quarter(state: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (x, y, z, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[x] = state[x].wrapping_add(state[y]);
        state[z] = (state[z] ^ state[x]).rotate_left(turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stream_is_the_one_of_rfc_8439() {
        let seed: Vec<u8> = (0..32).collect();
        let entropy = Entropy::new(seed.try_into().expect("32 bytes"));
        let tail = [1, 0x0900_0000, 0x4a00_0000, 0];
        let block = chacha20(&entropy.key, tail);
        assert_eq!(block[0], 0xe4e7_f110);
        assert_eq!(block[15], 0x4e3c_50a2);
    }

    #[test]
    fn names_do_not_repeat_and_stateless_tags_do() {
        let mut entropy = Entropy::new([7; 32]);
        let names: std::collections::BTreeSet<String> = (0..1_000).map(|_| entropy.tag()).collect();
        assert_eq!(names.len(), 1_000);
        assert!(entropy.branch().starts_with(BRANCH_COOKIE));
        assert_eq!(entropy.stateless_tag("a"), entropy.stateless_tag("a"));
        assert_ne!(entropy.stateless_tag("a"), entropy.stateless_tag("b"));
    }
}
