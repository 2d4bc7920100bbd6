//! Whether a digest answer is right (RFC 7616 section 3.4.1, with `qop=auth`).
//!
//! In: the answer and H(A1). Out: yes or no, in a time that does not depend on where they differ.

use crate::sip::Credentials;
use crate::subscriber::digest;
use subtle::ConstantTimeEq;

/// Whether this answers a request of this method for whoever has `ha1`.
pub(super) fn fits(credentials: &Credentials, ha1: &str, method: &str) -> bool {
    let expected = response(credentials, ha1, method);
    let given = credentials.response.to_ascii_lowercase();
    expected.as_bytes().ct_eq(given.as_bytes()).into()
}

fn response(credentials: &Credentials, ha1: &str, method: &str) -> String {
    let Credentials {
        algorithm,
        nonce,
        uri,
        nc,
        cnonce,
        ..
    } = credentials;
    let ha2 = digest(*algorithm, &format!("{method}:{uri}"));
    digest(
        *algorithm,
        &format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{DeviceId, DigestAlgorithm};
    use crate::subscriber::Ha1;

    struct Vector {
        algorithm: DigestAlgorithm,
        realm: &'static str,
        nonce: &'static str,
        cnonce: &'static str,
        response: &'static str,
    }

    const OF_7616: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CLIENT_OF_7616: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    /// RFC 7616 section 3.9.1 in both algorithms, and RFC 2617 section 3.5.
    const VECTORS: [(Vector, &str); 3] = [
        (
            Vector {
                algorithm: DigestAlgorithm::Sha256,
                realm: "http-auth@example.org",
                nonce: OF_7616,
                cnonce: CLIENT_OF_7616,
                response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            },
            "Circle of Life",
        ),
        (
            Vector {
                algorithm: DigestAlgorithm::Md5,
                realm: "http-auth@example.org",
                nonce: OF_7616,
                cnonce: CLIENT_OF_7616,
                response: "8ca523f5e9506fed4657c9700eebdbec",
            },
            "Circle of Life",
        ),
        (
            Vector {
                algorithm: DigestAlgorithm::Md5,
                realm: "testrealm@host.com",
                nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                cnonce: "0a4f113b",
                response: "6629fae49393a05397450978507c4ef1",
            },
            "Circle Of Life",
        ),
    ];

    fn credentials(vector: &Vector) -> Credentials {
        Credentials {
            username: "Mufasa".to_owned(),
            realm: vector.realm.to_owned(),
            nonce: vector.nonce.to_owned(),
            uri: "/dir/index.html".to_owned(),
            response: vector.response.to_owned(),
            algorithm: vector.algorithm,
            cnonce: vector.cnonce.to_owned(),
            nc: "00000001".to_owned(),
            count: 1,
        }
    }

    #[test]
    fn the_examples_of_the_standards_are_right_and_nothing_near_them_is() {
        for (vector, password) in &VECTORS {
            let name = DeviceId::parse("Mufasa").unwrap();
            let ha1 = Ha1::of(vector.algorithm, &name, vector.realm, password);
            let right = credentials(vector);
            assert!(fits(&right, ha1.reveal(), "GET"), "{}", vector.response);
            let mut loud = right.clone();
            loud.response.make_ascii_uppercase();
            assert!(fits(&loud, ha1.reveal(), "GET"));
            assert!(!fits(&right, ha1.reveal(), "REGISTER"));
            let other = Ha1::of(vector.algorithm, &name, vector.realm, "circle of life");
            assert!(!fits(&right, other.reveal(), "GET"));
            for change in [
                |c: &mut Credentials| c.nonce.push('0'),
                |c: &mut Credentials| c.uri.push('x'),
                |c: &mut Credentials| c.nc = "00000002".to_owned(),
                |c: &mut Credentials| c.cnonce.push('0'),
                |c: &mut Credentials| c.response.truncate(31),
                |c: &mut Credentials| c.response.clear(),
                |c: &mut Credentials| {
                    c.algorithm = match c.algorithm {
                        DigestAlgorithm::Md5 => DigestAlgorithm::Sha256,
                        DigestAlgorithm::Sha256 => DigestAlgorithm::Md5,
                    }
                },
            ] {
                let mut wrong = right.clone();
                change(&mut wrong);
                assert!(!fits(&wrong, ha1.reveal(), "GET"));
            }
        }
    }
}
