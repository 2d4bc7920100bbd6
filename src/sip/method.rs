//! Request methods (RFC 3261 section 7.1). The set is open: an unknown one is a value too,
//! since it has to be answered (501) and matched to its transaction.

use std::fmt;

/// A method; names are case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// A session begins or changes.
    Invite,
    /// A final answer to INVITE was received.
    Ack,
    /// A session ends.
    Bye,
    /// A pending INVITE is given up.
    Cancel,
    /// What can you do?
    Options,
    /// Application data in a session (RFC 6086).
    Info,
    /// A session changes without INVITE (RFC 3311).
    Update,
    /// A call is handed on (RFC 3515).
    Refer,
    /// Reports of an event are asked for (RFC 6665).
    Subscribe,
    /// An event is reported (RFC 6665).
    Notify,
    /// A telephone says where it is (RFC 3261 section 10).
    Register,
    /// A method of a standard that is not served here.
    Unserved(&'static str),
    /// Any other name.
    Unknown(String),
}

/// Methods of standards that are known, so that their refusal is 405 and not 501.
const UNSERVED: [&str; 3] = ["MESSAGE", "PRACK", "PUBLISH"];

/// What we serve, for the Allow header.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, SUBSCRIBE, NOTIFY";

impl Method {
    /// Reads a method; `None` where the text is no token.
    pub(super) fn parse(text: &str) -> Option<Method> {
        let method = match text {
            "INVITE" => Method::Invite,
            "ACK" => Method::Ack,
            "BYE" => Method::Bye,
            "CANCEL" => Method::Cancel,
            "OPTIONS" => Method::Options,
            "INFO" => Method::Info,
            "UPDATE" => Method::Update,
            "REFER" => Method::Refer,
            "SUBSCRIBE" => Method::Subscribe,
            "NOTIFY" => Method::Notify,
            "REGISTER" => Method::Register,
            _ => match UNSERVED.iter().find(|name| **name == text) {
                Some(name) => Method::Unserved(name),
                None if is_token(text) => Method::Unknown(text.to_owned()),
                None => return None,
            },
        };
        Some(method)
    }

    /// The name.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Options => "OPTIONS",
            Method::Info => "INFO",
            Method::Update => "UPDATE",
            Method::Refer => "REFER",
            Method::Subscribe => "SUBSCRIBE",
            Method::Notify => "NOTIFY",
            Method::Register => "REGISTER",
            Method::Unserved(name) => name,
            Method::Unknown(name) => name,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a text is a token (RFC 3261 section 25.1).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_told_apart_by_case_and_an_unknown_one_keeps_its_name() {
        assert_eq!(Method::parse("INVITE"), Some(Method::Invite));
        assert_eq!(
            Method::parse("invite"),
            Some(Method::Unknown("invite".to_owned()))
        );
        assert_eq!(Method::parse("PRACK"), Some(Method::Unserved("PRACK")));
        assert_eq!(
            Method::parse("!interesting-Method0123456789_*+`.%indeed'~").map(|m| m.to_string()),
            Some("!interesting-Method0123456789_*+`.%indeed'~".to_owned())
        );
        assert_eq!(Method::parse("IN VITE"), None);
        assert_eq!(Method::parse(""), None);
    }
}
