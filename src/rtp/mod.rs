//! RTP on the wire: packets, RTCP, the timeline of a stream and telephone events (RFC 3550, RFC 4733).
