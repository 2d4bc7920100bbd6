//! The echo: what is heard, sent back as it came, for trying out a line.
//!
//! Holds a fifth of a second at most; what is more drops the oldest.

use std::collections::VecDeque;

/// The most octets held: 200 ms.
const HELD: usize = 1_600;

/// Octets on their way back.
#[derive(Debug)]
pub(super) struct Echo {
    octets: VecDeque<u8>,
}

impl Echo {
    pub(super) fn new() -> Echo {
        Echo {
            octets: VecDeque::with_capacity(HELD),
        }
    }

    pub(super) fn hear(&mut self, octets: &[u8]) {
        let octets = octets
            .get(octets.len().saturating_sub(HELD)..)
            .unwrap_or_default();
        let excess = (self.octets.len() + octets.len()).saturating_sub(HELD);
        self.octets.drain(..excess);
        self.octets.extend(octets);
    }

    /// Fills a packet; `silence` where not enough was heard for a whole one.
    pub(super) fn fill(&mut self, silence: u8, out: &mut [u8]) {
        if self.octets.len() < out.len() {
            out.fill(silence);
            return;
        }
        let octets = self.octets.drain(..out.len());
        out.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_sent_back_in_order() {
        let mut echo = Echo::new();
        let mut out = [0; 4];
        echo.fill(9, &mut out);
        assert_eq!(out, [9; 4]);
        echo.hear(&[1; 1_000]);
        echo.hear(&[2; 1_000]);
        echo.fill(9, &mut out);
        assert_eq!(out, [1; 4]);
        let mut rest = [0; 1_596];
        echo.fill(9, &mut rest);
        assert_eq!((rest[595], rest[596]), (1, 2));
        echo.fill(9, &mut out);
        assert_eq!(out, [9; 4]);
    }
}
