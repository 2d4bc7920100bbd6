//! Nonces that prove themselves (RFC 7616 section 5.4).
//!
//! A nonce is when it was given, its number, and a seal over both and the address it was given to,
//! under a key that lives as long as the server: nothing is remembered of one until a right answer
//! used it. Laws: one that was changed, is of another server, was given to another address or is too
//! old is stale; a count is taken once.
//!
//! What is remembered is bounded: beyond [`REMEMBERED`] the oldest are forgotten, and with them every
//! nonce that is as old counts as stale.

use crate::base::Mono;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

/// The nonces with a right answer that are remembered at most.
const REMEMBERED: usize = 100_000;
/// Counts below the highest that may still come: requests can overtake one another.
const WINDOW: u32 = 64;
/// Octets of the seal.
const SEAL: usize = 16;

/// All nonces of one server.
pub(super) struct Nonces {
    key: [u8; 32],
    lifetime: Duration,
    next: u64,
    used: BTreeMap<u64, Uses>,
    /// Nonces up to this number are stale.
    floor: u64,
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nonces({} used)", self.used.len())
    }
}

/// A nonce that may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fresh {
    number: u64,
    until: Mono,
}

/// The counts a nonce was used with.
#[derive(Clone, Copy, Debug)]
struct Uses {
    until: Mono,
    highest: u32,
    /// The counts below the highest: bit 0 is the one before it.
    before: u64,
}

impl Uses {
    fn has(self, count: u32) -> bool {
        match self.highest.checked_sub(count) {
            None => false,
            Some(0) => true,
            Some(below) if below <= WINDOW => self.before >> (below - 1) & 1 == 1,
            Some(_) => true,
        }
    }

    fn with(mut self, count: u32) -> Uses {
        match self.highest.checked_sub(count) {
            None => {
                let step = count - self.highest;
                let shifted = self.before.checked_shl(step).unwrap_or(0);
                // The highest of before is now `step` below.
                let last = 1_u64.checked_shl(step - 1).unwrap_or(0);
                let first = self.highest > 0;
                self.before = if first { shifted | last } else { 0 };
                self.highest = count;
            }
            Some(0) => {}
            Some(below) => self.before |= 1_u64.checked_shl(below - 1).unwrap_or(0),
        }
        self
    }
}

impl Nonces {
    /// None yet. `key` is random and secret.
    pub(super) fn new(key: [u8; 32], lifetime: Duration) -> Nonces {
        Nonces {
            key,
            lifetime,
            next: 1,
            used: BTreeMap::new(),
            floor: 0,
        }
    }

    /// A nonce for whoever is at this address.
    pub(super) fn issue(&mut self, now: Mono, source: IpAddr) -> String {
        let number = self.next;
        self.next += 1;
        let given = now.elapsed().as_millis() as u64;
        let mut text = format!("{given:016x}{number:016x}");
        for octet in self.seal(given, number, source) {
            let _ = write!(text, "{octet:02x}");
        }
        text
    }

    /// Whether a nonce may be answered from this address with this count; `None` where it is stale.
    pub(super) fn judge(&self, now: Mono, source: IpAddr, text: &str, count: u32) -> Option<Fresh> {
        let (given, number) = self.open(text, source)?;
        let until = Mono::since_start(Duration::from_millis(given)) + self.lifetime;
        let used = self.used.get(&number).is_some_and(|uses| uses.has(count));
        let fresh = now < until && number > self.floor && count > 0 && !used;
        fresh.then_some(Fresh { number, until })
    }

    /// A right answer used a nonce with this count.
    pub(super) fn spend(&mut self, now: Mono, nonce: Fresh, count: u32) {
        let uses = self.used.entry(nonce.number).or_insert(Uses {
            until: nonce.until,
            highest: 0,
            before: 0,
        });
        *uses = uses.with(count);
        while let Some(oldest) = self.used.first_entry()
            && oldest.get().until <= now
        {
            oldest.remove();
        }
        if self.used.len() > REMEMBERED
            && let Some((number, _)) = self.used.pop_first()
        {
            self.floor = number;
        }
    }

    fn open(&self, text: &str, source: IpAddr) -> Option<(u64, u64)> {
        if text.len() != 32 + 2 * SEAL || !text.is_ascii() {
            return None;
        }
        let figures = |from: usize, to: usize| u64::from_str_radix(text.get(from..to)?, 16).ok();
        let (given, number) = (figures(0, 16)?, figures(16, 32)?);
        let mut seal = [0; SEAL];
        for (at, octet) in seal.iter_mut().enumerate() {
            let from = 32 + 2 * at;
            *octet = u8::from_str_radix(text.get(from..from + 2)?, 16).ok()?;
        }
        let sealed = self.mac(given, number, source);
        sealed.verify_truncated_left(&seal).ok()?;
        Some((given, number))
    }

    fn seal(&self, given: u64, number: u64, source: IpAddr) -> [u8; SEAL] {
        let whole = self.mac(given, number, source).finalize().into_bytes();
        let mut seal = [0; SEAL];
        for (to, from) in seal.iter_mut().zip(whole) {
            *to = from;
        }
        seal
    }

    fn mac(&self, given: u64, number: u64, source: IpAddr) -> Hmac<Sha256> {
        // invariant: HMAC takes a key of any length.
        #[allow(clippy::expect_used)]
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key).expect("a key");
        mac.update(&given.to_be_bytes());
        mac.update(&number.to_be_bytes());
        match source.to_canonical() {
            IpAddr::V4(address) => mac.update(&address.octets()),
            IpAddr::V6(address) => mac.update(&address.octets()),
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(seconds: u64) -> Mono {
        Mono::since_start(Duration::from_secs(seconds))
    }

    fn nonces() -> Nonces {
        Nonces::new([7; 32], Duration::from_secs(300))
    }

    #[test]
    fn a_nonce_is_good_where_it_was_given_and_while_it_is_young() {
        let mut nonces = nonces();
        let nonce = nonces.issue(at(10), HERE);
        assert!(nonces.judge(at(10), HERE, &nonce, 1).is_some());
        assert!(nonces.judge(at(309), HERE, &nonce, 1).is_some());
        assert!(nonces.judge(at(310), HERE, &nonce, 1).is_none());
        assert!(nonces.judge(at(10), THERE, &nonce, 1).is_none());
        assert!(nonces.judge(at(10), HERE, &nonce, 0).is_none());
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert!(nonces.judge(at(10), mapped, &nonce, 1).is_some());
        let other = Nonces::new([8; 32], Duration::from_secs(300));
        assert!(other.judge(at(10), HERE, &nonce, 1).is_none());
        assert_ne!(nonces.issue(at(10), HERE), nonce);
    }

    #[test]
    fn a_nonce_that_was_changed_anywhere_is_stale() {
        let mut nonces = nonces();
        let nonce = nonces.issue(at(10), HERE);
        for at_figure in 0..nonce.len() {
            let mut changed = nonce.clone().into_bytes();
            changed[at_figure] = if changed[at_figure] == b'0' {
                b'1'
            } else {
                b'0'
            };
            let changed = String::from_utf8(changed).unwrap();
            assert!(
                nonces.judge(at(10), HERE, &changed, 1).is_none(),
                "{changed}"
            );
        }
        for bad in ["", "00", &nonce[1..], &format!("{nonce}0"), &"é".repeat(32)] {
            assert!(nonces.judge(at(10), HERE, bad, 1).is_none(), "{bad}");
        }
    }

    #[test]
    fn forgotten_nonces_are_stale_and_not_fresh_again() {
        let mut nonces = nonces();
        let first = nonces.issue(at(1), HERE);
        let fresh = nonces.judge(at(1), HERE, &first, 1).unwrap();
        nonces.spend(at(1), fresh, 1);
        for _ in 0..REMEMBERED {
            let nonce = nonces.issue(at(1), HERE);
            let fresh = nonces.judge(at(1), HERE, &nonce, 1).unwrap();
            nonces.spend(at(1), fresh, 1);
        }
        assert_eq!(nonces.used.len(), REMEMBERED);
        assert!(nonces.judge(at(1), HERE, &first, 1).is_none());
        assert!(nonces.judge(at(1), HERE, &first, 9).is_none());
        let late = nonces.issue(at(500), HERE);
        let fresh = nonces.judge(at(500), HERE, &late, 1).unwrap();
        nonces.spend(at(500), fresh, 1);
        assert_eq!(nonces.used.len(), 1, "those too old are gone");
    }

    proptest! {
        /// Against a model that remembers every count: none is taken twice, and one within the
        /// window that was not used is taken.
        #[test]
        fn a_count_is_taken_once(counts in proptest::collection::vec(1_u32..200, 1..200)) {
            let mut nonces = nonces();
            let nonce = nonces.issue(at(1), HERE);
            let (mut seen, mut highest) = (BTreeSet::new(), 0);
            for count in counts {
                let fresh = nonces.judge(at(1), HERE, &nonce, count);
                let expected = !seen.contains(&count) && count + WINDOW >= highest;
                prop_assert_eq!(fresh.is_some(), expected, "{} after {}", count, highest);
                if let Some(fresh) = fresh {
                    nonces.spend(at(1), fresh, count);
                    seen.insert(count);
                    highest = highest.max(count);
                }
            }
        }
    }
}
