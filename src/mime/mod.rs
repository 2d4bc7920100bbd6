//! The voice message as mail: building and reading it.
//!
//! In: what the spool knows of a message, and its sound. Out: one mail (RFC 5322, MIME RFC 2045)
//! that any mail client plays and that says by `Message-Context: voice-message` (RFC 3458) what
//! it is; and back.
//!
//! Laws: nothing a caller sends can add a header, break a line or exceed 998 octets in one; each
//! header is there once; the same message always prints the same, so a retry is the same mail.
//!
//! Specs: RFC 3458 (Message-Context), RFC 3801 section 4 (Content-Disposition `voice`), RFC 3803
//! (Content-Duration), RFC 2156 (Importance, Sensitivity), RFC 3834 section 5 (Auto-Submitted),
//! RFC 5806 section 3 (the reasons in `X-Belpost-Diversion`).
//!
//! A greeting is a mail of its own kind ([`Greeting`]), which is no message.
//!
//! Mail for people (a message sent by mail, a copy, a notice, a report) has texts by
//! [`Templates`]; mail for a mailbox has none.
//!
//! Not here: making the sound file ([`deliver`](crate::deliver)), and sending the mail.

mod address;
mod build;
mod clean;
mod facts;
mod greeting;
mod headers;
mod human;
mod read;
mod report;
mod templates;
mod vocabulary;
mod wording;

pub use address::{MailAddress, MailAddressFault};
pub use build::voice_message;
pub use greeting::{GREETING_TYPE, Greeting, greeting, greeting_id};
pub use human::{Content, HumanMail, human};
pub use read::{HEAD_MAX, MAIL_MAX, read, read_head};
pub use report::{FailedWay, Matter, Report, report};
pub use templates::{TEMPLATE_MAX, TEMPLATES_MAX, TemplateFault, TemplateSource, Templates};
pub use vocabulary::{
    Caller, Head, MailHost, MailHostFault, MimeFault, Particulars, Reason, Sound, SoundFile,
    SoundFormat, SoundKind, VoiceMail, VoiceMessage,
};
