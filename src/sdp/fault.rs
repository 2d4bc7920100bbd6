//! Why a session description leads to no call.

use std::net::IpAddr;

/// Why an offer or answer was not taken. Its text is a sentence for a log or Warning header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("the session description has {0} octets; at most {max} are read", max = super::MAX_BYTES)]
    TooLong(usize),
    /// More m= lines than [`MAX_MEDIA`](super::MAX_MEDIA).
    #[error("the session description has {0} media; at most {max} are read", max = super::MAX_MEDIA)]
    TooManyMedia(usize),
    /// More a= lines than [`MAX_ATTRIBUTES`](super::MAX_ATTRIBUTES).
    #[error(
        "the session description has {0} attributes; at most {max} are read",
        max = super::MAX_ATTRIBUTES
    )]
    TooManyAttributes(usize),
    /// The text breaks the grammar of RFC 8866; the reader's words.
    #[error("the session description cannot be read: {0}")]
    Unreadable(String),
    /// An answer that does not have one m= line for each one offered (RFC 3264 section 6).
    #[error("the answer has {found} media where {offered} were offered")]
    MediaCount {
        /// m= lines of our offer.
        offered: usize,
        /// m= lines of the answer.
        found: usize,
    },
    /// No m=audio line at all.
    #[error("the session description has no audio")]
    NoAudio,
    /// The audio has port 0: switched off, or declined.
    #[error("the audio is switched off (port 0)")]
    AudioOff,
    /// The audio is encrypted (SAVP, SAVPF), which is not taken.
    #[error("the audio is encrypted ({0:?}), which is not taken here")]
    Encrypted(String),
    /// The audio goes over something other than RTP/AVP or RTP/AVPF.
    #[error("the audio does not travel as RTP/AVP but as {0:?}")]
    Profile(String),
    /// No c= line covers the audio (RFC 8866 section 5.7).
    #[error("the audio has no connection address")]
    NoConnection,
    /// The c= line holds a host name; names are never looked up for media.
    #[error("the connection address {0:?} is not an IP address; host names are not taken")]
    HostName(String),
    /// The c= line holds a multicast or broadcast address.
    #[error("the connection address {0} is not that of one host")]
    NotUnicast(IpAddr),
    /// IPv6 offered to an IPv4 server, or the reverse.
    #[error("the connection address {0} is of the other IP version than ours")]
    WrongFamily(IpAddr),
    /// No codec in common.
    #[error("the audio has no codec in common with ours")]
    NoCodec,
}

impl Fault {
    /// Whether the text itself is at fault (SIP 400) rather than what it asks for (SIP 488).
    pub fn is_malformed(&self) -> bool {
        match self {
            Fault::TooLong(_)
            | Fault::TooManyMedia(_)
            | Fault::TooManyAttributes(_)
            | Fault::Unreadable(_)
            | Fault::MediaCount { .. } => true,
            Fault::NoAudio
            | Fault::AudioOff
            | Fault::Encrypted(_)
            | Fault::Profile(_)
            | Fault::NoConnection
            | Fault::HostName(_)
            | Fault::NotUnicast(_)
            | Fault::WrongFamily(_)
            | Fault::NoCodec => false,
        }
    }
}
