//! Offer and answer (RFC 3264) as a pure function over session descriptions (RFC 8866).
