//! How a call is placed: the number, the caller, and the ways a diversion is told.
//!
//! Specs: RFC 5806 (Diversion), RFC 7044 (History-Info), RFC 4458 (target and cause).

use crate::server::SERVER;

/// How a call is placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial {
    /// The number called.
    pub to: String,
    /// The caller's number.
    pub from: String,
    /// Who diverted the call, the reason of RFC 5806, and how it is said.
    pub diverted: Option<(String, String, DivertedBy)>,
    /// Whether the offer is left to the server.
    pub late_offer: bool,
    /// Whether the number is withheld.
    pub withheld: bool,
    /// Whether the PBX says who calls.
    pub asserted: bool,
    /// Whether only mu-law is offered.
    pub mu_law: bool,
}

/// How a diversion is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DivertedBy {
    /// RFC 5806.
    #[default]
    Diversion,
    /// RFC 7044.
    History,
    /// RFC 4458.
    Target,
}

/// The Request-URI.
pub fn request_uri(dial: &Dial) -> String {
    let plain = format!("sip:{}@{SERVER}", dial.to.replace('#', "%23"));
    match &dial.diverted {
        Some((by, reason, DivertedBy::Target)) => {
            format!(
                "{plain};target=sip:{by}%40pbx.example;cause={}",
                cause(reason)
            )
        }
        Some((_, _, DivertedBy::Diversion | DivertedBy::History)) | None => plain,
    }
}

/// The headers that tell of a diversion.
pub fn diversion(dial: &Dial) -> Vec<(&'static str, String)> {
    match &dial.diverted {
        Some((by, reason, DivertedBy::Diversion)) => {
            let value = format!("<sip:{by}@pbx.example>;reason={reason};counter=1");
            vec![("Diversion", value)]
        }
        Some((by, reason, DivertedBy::History)) => {
            let first = format!("<sip:{by}@pbx.example>;index=1");
            let second = format!(
                "<sip:{}@{SERVER};cause={}>;index=1.1",
                dial.to,
                cause(reason)
            );
            vec![("History-Info", first), ("History-Info", second)]
        }
        Some((_, _, DivertedBy::Target)) | None => Vec::new(),
    }
}

/// The cause of RFC 4458 for a reason of RFC 5806.
fn cause(reason: &str) -> u16 {
    match reason {
        "user-busy" => 486,
        "no-answer" => 408,
        "unconditional" => 302,
        "unavailable" => 503,
        _ => 404,
    }
}
