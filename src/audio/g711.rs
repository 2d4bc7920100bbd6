//! G.711 companding (ITU-T G.711), eight bits a sample at 8,000 samples a second.

use audio_codec_algorithms::{
    convert_alaw_to_ulaw, convert_ulaw_to_alaw, decode_alaw, decode_ulaw, encode_alaw, encode_ulaw,
};

/// One of the two companding laws of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// A-law, PCMA: Europe and international trunks.
    A,
    /// mu-law, PCMU: North America and Japan.
    Mu,
}

impl Law {
    /// One linear 16-bit sample from one octet.
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            Law::A => decode_alaw(octet),
            Law::Mu => decode_ulaw(octet),
        }
    }

    /// One octet from one linear 16-bit sample.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Law::A => encode_alaw(sample),
            Law::Mu => encode_ulaw(sample),
        }
    }

    /// An octet of this law, rewritten in `other` without going through linear samples
    /// (G.711 tables 3 and 4).
    pub fn convert(self, other: Law, octet: u8) -> u8 {
        match (self, other) {
            (Law::A, Law::Mu) => convert_alaw_to_ulaw(octet),
            (Law::Mu, Law::A) => convert_ulaw_to_alaw(octet),
            (Law::A, Law::A) | (Law::Mu, Law::Mu) => octet,
        }
    }

    /// The octet of digital silence.
    pub fn silence(self) -> u8 {
        match self {
            Law::A => 0xD5,
            Law::Mu => 0xFF,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_decoding_and_encoding() {
        for law in [Law::A, Law::Mu] {
            for octet in 0..=255u8 {
                // mu-law has two zeros; the negative one comes back as the positive one.
                if law == Law::Mu && octet == 0x7F {
                    continue;
                }
                assert_eq!(law.encode(law.decode(octet)), octet, "{law:?} {octet:#x}");
            }
        }
    }

    #[test]
    fn silence_is_quiet_in_both_laws() {
        assert!(Law::A.decode(Law::A.silence()).abs() <= 8);
        assert_eq!(Law::Mu.decode(Law::Mu.silence()), 0);
        assert!(
            Law::Mu
                .decode(Law::A.convert(Law::Mu, Law::A.silence()))
                .abs()
                <= 8
        );
    }
}
