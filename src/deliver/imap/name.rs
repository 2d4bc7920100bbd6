//! Names of folders on the wire: modified UTF-7 (RFC 3501 section 5.1.3), quoted.

/// The digits of modified BASE64.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// A folder's name in modified UTF-7.
pub(super) fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut special: Vec<u16> = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            shift(&mut out, &mut special);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            special.extend(c.encode_utf16(&mut [0; 2]).iter());
        }
    }
    shift(&mut out, &mut special);
    out
}

/// A text as a quoted string (RFC 3501 section 9); the text has no line ends.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writes what is not ASCII as UTF-16 in modified BASE64.
fn shift(out: &mut String, special: &mut Vec<u16>) {
    if special.is_empty() {
        return;
    }
    out.push('&');
    let octets: Vec<u8> = special.drain(..).flat_map(u16::to_be_bytes).collect();
    for three in octets.chunks(3) {
        let bits = three.iter().enumerate().fold(0_u32, |bits, (at, &octet)| {
            bits | u32::from(octet) << (16 - 8 * at)
        });
        for at in 0..=three.len() {
            let digit = bits >> (18 - 6 * at) & 0x3f;
            out.extend(DIGITS.get(digit as usize).map(|&digit| char::from(digit)));
        }
    }
    out.push('-');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_as_the_standard_says() {
        for (name, printed) in [
            ("INBOX", "INBOX"),
            ("Gesproken berichten", "Gesproken berichten"),
            ("R&D", "R&-D"),
            ("Entw\u{fc}rfe", "Entw&APw-rfe"),
            (
                "~peter/mail/\u{53f0}\u{5317}/\u{65e5}\u{672c}\u{8a9e}",
                "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
            ),
            ("\u{1f4de}", "&2D3c3g-"),
            ("caf\u{e9}", "caf&AOk-"),
        ] {
            assert_eq!(encode(name), printed);
        }
        assert_eq!(quote(&encode("a \"b\" \\c")), r#""a \"b\" \\c""#);
    }
}
