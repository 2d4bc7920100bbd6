//! Why a command failed.

use crate::base::{MailboxId, MessageId};
use crate::config::LoadFault;
use crate::library::studio::StudioFault;
use crate::mailbox;
use crate::prompt::{SetId, VersionId};
use std::io;
use std::path::PathBuf;

/// Why a command failed; printed to standard error, exit code 1.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliFault {
    /// There is no configuration to work with.
    #[error("{0}")]
    Config(#[from] LoadFault),
    /// The texts of mails cannot be used.
    #[error("{0}")]
    Texts(#[from] crate::deliver::TextsFault),
    /// The configuration was checked and has faults; they are printed already.
    #[error("the configuration has faults")]
    ConfigFaulty,
    /// Logging could not be started.
    #[error("{0}")]
    Logging(#[from] crate::observe::AlreadyLogging),
    /// The server did not start.
    #[error("the server did not start: {0}")]
    Server(#[from] crate::server::StartFault),
    /// This machine refused what a command needs.
    #[error("this machine: {0}")]
    Runtime(io::Error),
    /// There is no address to call.
    #[error("the configuration listens on no address of that transport: name one with --server")]
    NoServer,
    /// There is no number to call.
    #[error("the configuration has no portal number: name one with --portal")]
    NoPortal,
    /// The self-test failed.
    #[error("self-test failed at {0}")]
    SelfTest(crate::selftest::Failure),
    /// A sound file could not be decoded.
    #[error("cannot decode the sound: {0}")]
    Sound(#[from] crate::decoder::GaveUp),
    /// Our own output could not be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// Standard input could not be read.
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    /// A passcode that will not do.
    #[error("{0}")]
    Passcode(#[from] super::passcode::PasscodeFault),
    /// A password that will not do.
    #[error("{0}")]
    Password(#[from] super::device::PasswordFault),
    /// Nobody has this mailbox.
    #[error("there is no mailbox {0} in this configuration")]
    NoSuchMailbox(MailboxId),
    /// The mailbox could not be read.
    #[error("mailbox {0}: {1}")]
    Mailbox(MailboxId, mailbox::Fault),
    /// The message has no sound that could be written.
    #[error("message {0}: {1}")]
    Message(MessageId, mailbox::Fault),
    /// Mailboxes that could not be read, where the others were.
    #[error("cannot read {}: look at the log, or at the server of these mailboxes", boxes(.0))]
    Unread(Vec<(MailboxId, mailbox::Fault)>),
    /// Two subscribers share a number.
    #[error(transparent)]
    Subscribers(#[from] crate::subscriber::NumberTaken),
    /// The mailboxes have a host that cannot be.
    #[error("mailboxes.host: {0}")]
    MailHost(#[from] crate::mime::MailHostFault),
    /// A file could not be written.
    #[error("{}: {source}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The spool could not be read or changed.
    #[error("spool {}: {source}", folder.display())]
    Spool {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No ledger is kept.
    #[error("the configuration keeps no ledger: name a folder for it in ledger.folder")]
    NoLedger,
    /// The ledger could not be read.
    #[error("ledger {}: {source}", folder.display())]
    Ledger {
        /// Which folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A message of which nothing is known.
    #[error(
        "nothing is known of message {message}: it is not in the spool, and the ledger, which \
         goes back {keep_days} days, has nothing on it"
    )]
    NoSuchMessage {
        /// Which message.
        message: MessageId,
        /// How long the ledger is kept.
        keep_days: u32,
    },
    /// The database of subscribers.
    #[error(transparent)]
    Store(#[from] crate::directory::StoreFault),
    /// A value that there cannot be.
    #[error(transparent)]
    Setting(#[from] super::setting::SettingFault),
    /// The studio did not do it.
    #[error("{0}")]
    Prompts(#[from] StudioFault),
    /// A catalogue that is compiled in has faults.
    #[error(transparent)]
    Catalogue(#[from] crate::library::LibraryFault),
    /// The menus cannot be used.
    #[error("{0}")]
    Menus(#[from] crate::server::MenusFault),
    /// The feature access codes cannot be used.
    #[error("{0}")]
    Codes(#[from] crate::server::CodesFault),
    /// A tenant that the configuration does not have.
    #[error("the configuration has no tenant {0}")]
    NoSuchTenant(crate::base::TenantId),
    /// A version was staged that cannot be used; its report is printed already.
    #[error(
        "{set}{} has {faults} faults and cannot be activated; mend what the report names and \
         import again",
        .version.map(|version| format!(" version {version}")).unwrap_or_default()
    )]
    NotUsable {
        /// Of which set.
        set: SetId,
        /// Which version.
        version: Option<VersionId>,
        /// How many faults it has.
        faults: usize,
    },
    /// The prompts compiled in do not say everything; the reports are printed already.
    #[error("the prompts compiled in have {0} findings with these menus")]
    Findings(usize),
    /// A mapping that is not compiled in.
    #[error("there is no mapping {0}; `belpost prompts mapping` lists them")]
    NoMapping(String),
    /// An example sentence that is not there.
    #[error(
        "there is no sentence {number}, only 1 to {most}; `belpost prompts sentences` lists them"
    )]
    NoSentence {
        /// The number asked for.
        number: u32,
        /// The highest there is.
        most: usize,
    },
    /// A path with a mapping that is no tree.
    #[error("{} is no folder, and --mapping needs that of a sound tree", .0.display())]
    NotATree(PathBuf),
    /// A path with a clip that is no file.
    #[error("{} is no sound file, and --clip needs one", .0.display())]
    NotASound(PathBuf),
    /// A path that could be anything.
    #[error(
        "{} is neither a folder nor a .zip archive; if it is a sound file, name its clip with \
         --clip",
        .0.display()
    )]
    NotASet(PathBuf),
    /// Messages that neither wait nor could not be delivered.
    #[error(
        "no such message in the spool: {}; `belpost spool list` shows those there are, and one \
         that is being recorded must end first",
        listing(.0)
    )]
    NotInSpool(Vec<MessageId>),
}

fn boxes(unread: &[(MailboxId, mailbox::Fault)]) -> String {
    let told: Vec<String> = unread
        .iter()
        .map(|(mailbox, fault)| format!("mailbox {mailbox} ({fault})"))
        .collect();
    told.join(", ")
}

fn listing(messages: &[MessageId]) -> String {
    let names: Vec<String> = messages.iter().map(ToString::to_string).collect();
    names.join(", ")
}
