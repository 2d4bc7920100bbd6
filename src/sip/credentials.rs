//! Digest headers (RFC 3261 section 22, RFC 7616, RFC 8760): reading an answer, printing a
//! challenge.
//!
//! Header text in, [`Credentials`] out. An answer that lacks something, says something twice, has
//! no `qop=auth` or an algorithm that is not served is none at all: whoever sent it is challenged
//! like one who sent nothing. Nothing is checked here, and nothing of an answer is ever printed.

use super::address::split_list;
use super::headers::Headers;
use crate::base::DigestAlgorithm;
use std::fmt;

/// The most answers of one request that are looked at: one for each algorithm, and two of other
/// realms along the way.
const MAX_ANSWERS: usize = 4;
/// The longest value of one parameter, in octets.
const MAX_VALUE: usize = 1_024;

/// An answer to a challenge, as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who it says it is.
    pub username: String,
    /// The realm.
    pub realm: String,
    /// The nonce it answers to.
    pub nonce: String,
    /// The digest URI.
    pub uri: String,
    /// The answer: hexadecimal figures as they were sent.
    pub response: String,
    /// The hash it was made with.
    pub algorithm: DigestAlgorithm,
    /// The nonce of whoever answers.
    pub cnonce: String,
    /// How often the nonce was used, as it was sent: eight hexadecimal figures.
    pub nc: String,
    /// The same as a number.
    pub count: u32,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(private)")
    }
}

/// What whoever asks is to prove itself by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The realm; without quotes and backslashes.
    pub realm: String,
    /// The nonce; without quotes and backslashes.
    pub nonce: String,
    /// The algorithms, the best first: one challenge for each (RFC 8760 section 2.4).
    pub algorithms: Vec<DigestAlgorithm>,
    /// Whether only the nonce was too old (RFC 7616 section 3.3).
    pub stale: bool,
}

impl Challenge {
    /// The values of the WWW-Authenticate headers, in order.
    pub(super) fn values(&self) -> impl Iterator<Item = String> + '_ {
        let stale = if self.stale { ", stale=true" } else { "" };
        self.algorithms.iter().map(move |algorithm| {
            format!(
                "Digest realm=\"{}\", nonce=\"{}\", algorithm={}, qop=\"auth\"{stale}",
                self.realm,
                self.nonce,
                algorithm.as_str(),
            )
        })
    }
}

/// The usable answers of a request.
pub(super) fn credentials(headers: &Headers) -> Vec<Credentials> {
    headers
        .all("Authorization")
        .take(MAX_ANSWERS)
        .filter_map(read)
        .collect()
}

fn read(value: &str) -> Option<Credentials> {
    let (scheme, rest) = value.trim().split_once([' ', '\t'])?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let found = Parameters::read(rest)?;
    let nc = found.value("nc")?;
    let count = (nc.len() == 8).then(|| u32::from_str_radix(&nc, 16).ok())??;
    if !found.value("qop")?.eq_ignore_ascii_case("auth") {
        return None;
    }
    Some(Credentials {
        username: found.value("username")?,
        realm: found.value("realm")?,
        nonce: found.value("nonce")?,
        uri: found.value("uri")?,
        response: found.value("response")?,
        algorithm: DigestAlgorithm::parse(found.value("algorithm").as_deref())?,
        cnonce: found.value("cnonce").filter(|text| !text.is_empty())?,
        nc,
        count,
    })
}

/// The `name=value` pairs of an answer, none of them twice.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn read(text: &str) -> Option<Parameters> {
        let mut found: Vec<(String, String)> = Vec::new();
        for pair in split_list(text) {
            let (name, value) = pair.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            let value = unquoted(value.trim())?;
            if value.len() > MAX_VALUE || found.iter().any(|(known, _)| *known == name) {
                return None;
            }
            found.push((name, value));
        }
        Some(Parameters(found))
    }

    fn value(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}

/// A token, or what stands in quotes with its escapes as they are: a digest is made of the text as
/// it was sent (RFC 7616 section 3.4.2). An escape that changes nothing is no name here, so none
/// is taken.
fn unquoted(value: &str) -> Option<String> {
    let inner = match value.strip_prefix('"') {
        None => value,
        Some(rest) => rest.strip_suffix('"')?,
    };
    (!inner.contains(['"', '\\'])).then(|| inner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::headers::read_headers;
    use super::*;

    /// The answer of RFC 7616 section 3.9.1 with SHA-256.
    const ANSWER: &str = "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
        uri=\"/dir/index.html\", algorithm=SHA-256, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
        cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
        response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
        opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    #[test]
    fn an_answer_is_read_whole() {
        let read = read(ANSWER).expect("an answer");
        assert_eq!(read.username, "Mufasa");
        assert_eq!(read.realm, "http-auth@example.org");
        assert_eq!(read.uri, "/dir/index.html");
        assert_eq!(read.algorithm, DigestAlgorithm::Sha256);
        assert_eq!((read.nc.as_str(), read.count), ("00000001", 1));
        assert!(read.response.starts_with("753927fa"));
        assert!(!format!("{read:?}").contains("Mufasa"));
    }

    #[test]
    fn an_answer_that_lacks_or_doubles_something_is_none() {
        for (what, with) in [
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=0000000x"),
            ("nc=00000001, ", ""),
            ("qop=auth", "qop=auth-int"),
            ("qop=auth, ", ""),
            ("algorithm=SHA-256", "algorithm=SHA-512-256"),
            (
                "username=\"Mufasa\"",
                "username=\"Mufasa\", Username=\"Scar\"",
            ),
            ("username=\"Mufasa\"", "username=\"Muf\\asa\""),
            ("username=\"Mufasa\"", "username=\"Mufasa"),
            ("username=\"Mufasa\"", "username"),
            ("Digest ", "Basic "),
            ("Digest ", ""),
        ] {
            let text = ANSWER.replacen(what, with, 1);
            assert!(read(&text).is_none(), "{text}");
        }
        let long = ANSWER.replacen("Mufasa", &"x".repeat(2_000), 1);
        assert!(read(&long).is_none());
    }

    #[test]
    fn only_so_many_answers_are_looked_at() {
        let line = format!("Authorization: {ANSWER}");
        let lines = vec![line.as_str(); 20];
        let (headers, flaw) = read_headers(lines.into_iter(), 64);
        assert_eq!(flaw, None);
        assert_eq!(credentials(&headers).len(), MAX_ANSWERS);
    }

    #[test]
    fn there_is_one_challenge_for_each_algorithm_the_best_first() {
        let challenge = Challenge {
            realm: "belpost".to_owned(),
            nonce: "abc".to_owned(),
            algorithms: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
            stale: true,
        };
        let values: Vec<String> = challenge.values().collect();
        assert_eq!(
            values,
            [
                "Digest realm=\"belpost\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\", stale=true",
                "Digest realm=\"belpost\", nonce=\"abc\", algorithm=MD5, qop=\"auth\", stale=true",
            ]
        );
    }
}
