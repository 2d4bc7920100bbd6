//! A mailbox as a mail program would find it: Maildir files, read without the server's code.

use super::sound;
use mail_parser::{Message as Mail, MessageParser, MimeHeaders};
use std::path::{Path, PathBuf};

/// The folder of one mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    folder: PathBuf,
}

/// One message in it.
#[derive(Clone, Debug)]
pub(crate) struct VoiceMessage {
    /// The name of its file.
    pub(crate) file: String,
    /// In `new`, not `cur`: no mail program has seen it yet.
    pub(crate) fresh: bool,
    /// The flags behind `:2,`.
    pub(crate) flags: String,
    /// All headers, names in lower case, values unfolded and as they stand.
    pub(crate) headers: Vec<(String, String)>,
    /// What it sounds like.
    pub(crate) sound: Vec<i16>,
}

impl Mailbox {
    /// The mailbox in this Maildir folder, which need not be there yet.
    pub(crate) fn at(folder: PathBuf) -> Mailbox {
        Mailbox { folder }
    }

    /// Every message, the oldest first (by file name).
    pub(crate) fn messages(&self) -> Vec<VoiceMessage> {
        let mut files: Vec<(String, PathBuf, bool)> = Vec::new();
        for (sub, fresh) in [("new", true), ("cur", false)] {
            for file in list(&self.folder.join(sub)) {
                files.push((name(&file), file, fresh));
            }
        }
        files.sort();
        files
            .into_iter()
            .filter_map(|(_, file, fresh)| VoiceMessage::read(&file, fresh))
            .collect()
    }

    /// The only message there must be.
    pub(crate) fn only(&self) -> VoiceMessage {
        let mut messages = self.messages();
        let files: Vec<_> = messages.iter().map(|m| &m.file).collect();
        assert_eq!(messages.len(), 1, "one message wanted: {files:?}");
        messages.remove(0)
    }

    /// Marks the only message as read or unread, as a mail program does: by its name.
    pub(crate) fn set_seen(&self, seen: bool) {
        let message = self.only();
        let sub = if message.fresh { "new" } else { "cur" };
        let name = message.file.split(":2,").next().unwrap_or_default();
        let flags = if seen { "S" } else { "" };
        let from = self.folder.join(sub).join(&message.file);
        let to = self.folder.join("cur").join(format!("{name}:2,{flags}"));
        std::fs::rename(from, to).expect("a message");
    }

    /// How many messages there are.
    pub(crate) fn count(&self) -> usize {
        ["new", "cur"]
            .map(|sub| list(&self.folder.join(sub)).len())
            .iter()
            .sum()
    }
}

impl VoiceMessage {
    /// Reads a file; `None` when it was renamed or removed between listing and reading.
    fn read(file: &Path, fresh: bool) -> Option<VoiceMessage> {
        let bytes = std::fs::read(file).ok()?;
        let mail = MessageParser::default().parse(&bytes).expect("a mail");
        let sound = audio(&mail).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
        let headers = mail
            .headers_raw()
            .map(|(name, value)| (name.to_ascii_lowercase(), unfold(value)))
            .collect();
        let flags = name(file)
            .split_once(":2,")
            .map_or(String::new(), |(_, f)| f.to_owned());
        Some(VoiceMessage {
            file: name(file),
            fresh,
            flags,
            headers,
            sound,
        })
    }

    /// The value of a header that occurs once.
    pub(crate) fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.iter().filter(|(n, _)| n == name).collect();
        assert_eq!(
            values.len(),
            1,
            "one {name} header wanted in {:?}",
            self.headers
        );
        &values[0].1
    }

    /// Whether any header value holds this text.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.headers.iter().any(|(_, value)| value.contains(text))
    }

    /// How long the sound is, in seconds.
    pub(crate) fn length(&self) -> f64 {
        sound::length(&self.sound)
    }

    /// Whether it counts as heard (`\Seen`).
    pub(crate) fn is_saved(&self) -> bool {
        self.flags.contains('S')
    }
}

/// The one audio part.
fn audio(mail: &Mail<'_>) -> Result<Vec<i16>, String> {
    let parts: Vec<_> = mail
        .parts
        .iter()
        .filter(|part| part.content_type().is_some_and(|t| t.ctype() == "audio"))
        .collect();
    match parts.as_slice() {
        [part] => sound::decode_wav(part.contents()),
        other => Err(format!("{} audio parts", other.len())),
    }
}

fn unfold(value: &str) -> String {
    value
        .replace("\r\n", "")
        .replace('\n', "")
        .trim()
        .to_owned()
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .collect()
}

fn name(file: &Path) -> String {
    file.file_name()
        .map_or(String::new(), |n| n.to_string_lossy().into_owned())
}
