//! Header lines: cutting them, and finding their values (RFC 3261 section 7.3).
//!
//! The header type and the known names, compact ones among them, are the library's.

use super::address::split_list;
use super::method::is_token;
use rsipstack::sip::headers::{Header, make_header};

/// The header lines of a message, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers(Vec<Header>);

impl Headers {
    /// Every header, name and value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (header.name(), header.value()))
    }

    /// The values of one header, in order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The first value of a header.
    pub(super) fn value<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The items of a list header, whether in one line or in several.
    pub(super) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(split_list)
    }

    /// Whether a list header has this token, in any case.
    pub(super) fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|item| item.eq_ignore_ascii_case(token))
    }

    fn push(&mut self, name: &str, value: String) {
        self.0.push(make_header(name, value));
    }

    /// How many lines of this name there are.
    pub(super) fn count(&self, name: &str) -> usize {
        self.all(name).count()
    }
}

/// Reads header lines: folded ones joined, names trimmed of the space allowed before the colon
/// (RFC 3261 section 25.1), compact names known. The first flaw is reported, reading goes on.
pub(super) fn read_headers<'a>(
    lines: impl Iterator<Item = &'a str>,
    most: usize,
) -> (Headers, Option<&'static str>) {
    let mut headers = Headers::default();
    let mut flaw = None;
    let mut pending: Option<(&str, String)> = None;
    for line in lines {
        if line.is_empty() {
            break;
        }
        if line.chars().any(|c| c.is_control() && c != '\t') {
            flaw = flaw.or(Some("A control character in a header"));
            continue;
        }
        if line.starts_with([' ', '\t']) {
            match &mut pending {
                Some((_, value)) => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                None => flaw = flaw.or(Some("The first header line is folded")),
            }
            continue;
        }
        if let Some((name, value)) = pending.take() {
            headers.push(name, value);
        }
        if headers.0.len() >= most {
            return (headers, flaw.or(Some("Too many header lines")));
        }
        match line.split_once(':') {
            Some((name, value)) if is_token(name.trim_end()) => {
                pending = Some((name.trim_end(), value.trim().to_owned()));
            }
            Some(_) => flaw = flaw.or(Some("A header name is malformed")),
            None => flaw = flaw.or(Some("A header line has no colon")),
        }
    }
    if let Some((name, value)) = pending {
        headers.push(name, value);
    }
    (headers, flaw)
}

/// A decimal number without sign, up to 2^32-1.
pub(super) fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}
