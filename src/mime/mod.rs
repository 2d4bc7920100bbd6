//! The voice message as mail: building and reading it (RFC 3458, RFC 3801).
