//! Where things are in the spool folder.
//!
//! ```text
//! taking/ID        a take: being recorded, or left by a server that died
//! taking/ID.anew   the same take written again because the disk refused part of the first
//! outbox/ID        a message that waits for delivery
//! outbox/ID.note   the fates of its legs and what its owner did with it (may be missing)
//! outbox/ID.now    an operator asks to try it at once; removed when seen
//! dead/ID, ID.note a message that could not be delivered
//! ```

use crate::base::MessageId;
use std::path::{Path, PathBuf};

/// The paths of one spool folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) root: PathBuf,
    pub(super) taking: PathBuf,
    pub(super) outbox: PathBuf,
    pub(super) dead: PathBuf,
}

/// What a file name in one of the folders stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A take or message.
    Plain(MessageId),
    /// A take written again.
    Anew(MessageId),
    /// A note.
    Note(MessageId),
    /// A note that was not finished.
    HalfNote(MessageId),
    /// An operator's wish to try at once.
    Now(MessageId),
}

impl Layout {
    pub(super) fn new(root: &Path) -> Layout {
        Layout {
            root: root.to_owned(),
            taking: root.join("taking"),
            outbox: root.join("outbox"),
            dead: root.join("dead"),
        }
    }

    pub(super) fn take(&self, id: MessageId) -> PathBuf {
        self.taking.join(id.to_string())
    }

    pub(super) fn anew(&self, id: MessageId) -> PathBuf {
        self.taking.join(format!("{id}.anew"))
    }

    pub(super) fn message(&self, id: MessageId) -> PathBuf {
        self.outbox.join(id.to_string())
    }

    pub(super) fn now(&self, id: MessageId) -> PathBuf {
        self.outbox.join(format!("{id}.now"))
    }

    pub(super) fn letter(&self, id: MessageId) -> PathBuf {
        self.dead.join(id.to_string())
    }
}

/// The note beside a message in `folder`.
pub(super) fn note(folder: &Path, id: MessageId) -> PathBuf {
    folder.join(format!("{id}.note"))
}

/// A note before it has its name.
pub(super) fn half_note(folder: &Path, id: MessageId) -> PathBuf {
    folder.join(format!("{id}.note-half"))
}

/// Reads a file name; `None` for files that are not the spool's.
pub(super) fn parse(name: &str) -> Option<Name> {
    let (id, ending) = name.split_once('.').unwrap_or((name, ""));
    let id: MessageId = id.parse().ok()?;
    match ending {
        "" => Some(Name::Plain(id)),
        "anew" => Some(Name::Anew(id)),
        "note" => Some(Name::Note(id)),
        "note-half" => Some(Name::HalfNote(id)),
        "now" => Some(Name::Now(id)),
        _ => None,
    }
}

/// The ids of the takes or messages among file names, in order.
pub(super) fn plain(names: &[String]) -> Vec<MessageId> {
    let mut ids: Vec<_> = names
        .iter()
        .filter_map(|name| match parse(name)? {
            Name::Plain(id) => Some(id),
            Name::Anew(_) | Name::Note(_) | Name::HalfNote(_) | Name::Now(_) => None,
        })
        .collect();
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_spool_reads_as_what_it_is() {
        let layout = Layout::new(Path::new("/s"));
        let id = MessageId(uuid::Uuid::from_u128(9));
        let read = |p: PathBuf| parse(p.file_name()?.to_str()?);
        assert_eq!(read(layout.take(id)), Some(Name::Plain(id)));
        assert_eq!(read(layout.anew(id)), Some(Name::Anew(id)));
        assert_eq!(read(layout.now(id)), Some(Name::Now(id)));
        assert_eq!(read(note(&layout.dead, id)), Some(Name::Note(id)));
        assert_eq!(read(half_note(&layout.dead, id)), Some(Name::HalfNote(id)));
        assert_eq!((parse("README"), parse("x.note")), (None, None));
    }
}
