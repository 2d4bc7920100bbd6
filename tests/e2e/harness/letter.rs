//! A mail as the program of whoever gets it shows it: headers, text and the sound that is in it,
//! read without the server's code.

use super::sound;
use mail_parser::{Message, MessageParser, MimeHeaders};

/// A mail.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// All headers, names in lower case, values unfolded and as they stand.
    headers: Vec<(String, String)>,
    /// The subject, decoded.
    pub(crate) subject: String,
    /// The plain text.
    pub(crate) text: String,
    /// The sound file, where there is one.
    pub(crate) file: Option<SoundFile>,
}

/// A sound file in a mail.
#[derive(Clone, Debug)]
pub(crate) struct SoundFile {
    /// Its media type, without parameters.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) octets: Vec<u8>,
}

impl Letter {
    /// Reads a mail with one sound file at most.
    pub(crate) fn parse(mail: &[u8]) -> Letter {
        let mail = MessageParser::default().parse(mail).expect("a mail");
        let unfold = |value: &str| value.replace(['\r', '\n'], "").trim().to_owned();
        let headers = mail
            .headers_raw()
            .map(|(name, value)| (name.to_ascii_lowercase(), unfold(value)));
        Letter {
            headers: headers.collect(),
            subject: mail.subject().unwrap_or_default().to_owned(),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
            file: sound_file(&mail),
        }
    }

    /// The value of a header that occurs once; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let value = values.next().map_or("", |(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} twice: {:?}", self.headers);
        value
    }

    /// The left side of the Message-ID.
    pub(crate) fn id(&self) -> &str {
        let id = self.header("message-id").trim_start_matches('<');
        id.split('@').next().unwrap_or_default()
    }

    /// The samples of its sound, which is a WAV file.
    pub(crate) fn wav(&self) -> Vec<i16> {
        let file = self.file.as_ref().expect("a sound file");
        sound::decode_wav(&file.octets).expect("WAV")
    }
}

fn sound_file(mail: &Message<'_>) -> Option<SoundFile> {
    let mut files = mail.parts.iter().filter_map(|part| {
        let kind = part.content_type().filter(|t| t.ctype() == "audio")?;
        Some(SoundFile {
            kind: format!("audio/{}", kind.subtype().unwrap_or_default()),
            name: part.attachment_name().unwrap_or_default().to_owned(),
            octets: part.contents().to_vec(),
        })
    });
    let file = files.next();
    assert!(files.next().is_none(), "two sound files");
    file
}
