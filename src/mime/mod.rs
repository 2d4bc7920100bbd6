//! The voice message as mail: building and reading it.

mod vocabulary;

pub use vocabulary::{Caller, MailHost, MailHostFault, Reason, Sound, SoundKind, VoiceMail};
