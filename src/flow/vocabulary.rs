//! The words between a flow and the call that carries it.
//!
//! There is at most one of each at a time: one play, one recording, one wait for a key, one
//! mailbox open. So flows name none of them; the call layer gives the identifiers and drops late
//! reports of what has been replaced.

use crate::base::{Digit, Language, MailboxId, MessageId, Pii, TenantId};
use crate::mailbox;
use crate::media::{RecordEnd, RecordLimits, Seek, Speed};
use crate::prompt::{ClipId, Grammar, Phrase, SetId};
use crate::subscriber::{Change, Profile, RecordingKind, Services};
use std::sync::Arc;
use std::time::Duration;

/// What happens to a flow.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The call is answered; the first event of every flow.
    Started,
    /// A key was pressed.
    Digit(Digit),
    /// The current play came to its end (by itself or by a seek to its end).
    PlayDone,
    /// Audio of a message or take is being heard now (answer to `PlayMessage` and `PlayTake`).
    PlayBegan,
    /// The message or take cannot be played.
    PlayFailed(PlayFault),
    /// The recording ended, by a key, a limit, a disk that takes no more, or
    /// [`Effect::StopRecord`].
    Recorded(RecordingDone),
    /// The recording could not be begun: nothing of it is left, and it must not be kept.
    RecordFailed,
    /// The wait of [`Effect::AwaitKey`] is over without a key.
    Timeout,
    /// Answer to [`Effect::Keep`].
    Kept(Result<(), KeepFault>),
    /// Answer to [`Effect::Mail`].
    Mail(mailbox::Reply),
    /// Answer to [`Effect::LogIn`].
    LogIn(LogInVerdict),
    /// Answer to [`Effect::ClearLamp`].
    LampCleared(Result<(), LampFault>),
    /// Answer to [`Effect::Change`]: what the owner of the open mailbox has set from now on.
    Changed(Result<Arc<Services>, ChangeFault>),
    /// Answer to [`Effect::Send`]: those the message could not be left for.
    Sent(Result<(), Vec<MailboxId>>),
    /// Answer to [`Effect::OperatorLogIn`].
    OperatorLogIn(OperatorVerdict),
    /// Answer to [`Effect::ChangePrompts`].
    PromptsChanged(Result<(), PromptFault>),
    /// The server is closing down: say goodbye, keep what is recorded, hang up.
    ServiceEnding,
}

/// What a flow wants done, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say these phrases; replaces what plays now.
    Play(Vec<Phrase>),
    /// Play a message of the open mailbox from this position on, in message time. Where it is
    /// stopped or the call ends before its end, that position is remembered (`Change::Position`) by
    /// the call layer.
    PlayMessage(MessageId, Duration),
    /// Play the recording of this call from its beginning.
    PlayTake,
    /// Stop what plays now; no `PlayDone` follows.
    StopPlay,
    /// Move within what plays now.
    Seek(Seek),
    /// Hold what plays now.
    Pause,
    /// Play on.
    Resume,
    /// Start the recording of this call.
    Record(RecordLimits),
    /// Start a recording that is to be tried out and is no message: it is never kept, lives in
    /// memory only and ends with [`Effect::Discard`], which also stops it.
    RecordScratch(RecordLimits),
    /// End the recording; `Recorded` follows.
    StopRecord,
    /// Keep the recording as a message, ending it first where it still runs. Answered by `Kept`.
    /// On hang-up a recording not worth keeping (see `Settings`) is dropped instead and counted
    /// as a missed call.
    Keep,
    /// Drop the recording for good.
    Discard,
    /// Wait this long for a key, then `Timeout`; replaces an earlier wait. Any key ends the wait.
    AwaitKey(Duration),
    /// Forget the keys typed ahead.
    FlushKeys,
    /// Ask the open mailbox. Answered by `Mail`.
    Mail(mailbox::Command),
    /// Check a log-in. Answered by `LogIn`; an accepted one opens that mailbox.
    LogIn(LogIn),
    /// Put the message indicator of the caller's own mailbox out until the next new message.
    /// Answered by `LampCleared`.
    ClearLamp,
    /// Change what the owner of the open mailbox has set. Answered by `Changed`.
    Change(Wish),
    /// The same for what nobody waits for and nobody is told of; there is no answer.
    Note(Change),
    /// Leave a message in other mailboxes. Answered by `Sent`, after each is on disk for good.
    Send(Sending),
    /// From now on messages play at this speed.
    Speed(Speed),
    /// Check the passcode of whoever changes prompts. Answered by `OperatorLogIn`.
    OperatorLogIn(OperatorLogIn),
    /// Change a prompt set. Answered by `PromptsChanged`; what is said from then on is said with
    /// the changed set.
    ChangePrompts(SetId, PromptChange),
    /// Say everything in this language from now on.
    Speak(Language),
    /// While true, keys are secret: logged as `x`.
    MaskKeys(bool),
    /// Hand the caller to another number; the call ends with it.
    Transfer(crate::base::DialString),
    /// End the call. Nothing may follow.
    HangUp,
}

/// What the owner of the open mailbox wants changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wish {
    /// This.
    Set(Change),
    /// This passcode, figures only, which keeps the rules that need no look at earlier ones.
    Passcode(Pii<String>),
    /// The recording of this call becomes the name or greeting. It must be one to be tried out, and
    /// is dropped by `Discard` once the answer is there.
    Record(RecordingKind),
}

/// Why what the owner wanted was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ChangeFault {
    /// There is nothing in the recording, or too little.
    #[error("the recording is empty or too quiet")]
    TooQuiet,
    /// The passcode was used before.
    #[error("the passcode was used before")]
    UsedBefore,
    /// It could not be stored, or whoever stores it did not answer.
    #[error("the change could not be stored")]
    Unavailable,
}

/// A message to be left in other mailboxes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sending {
    /// Whose mailboxes; each once, at least one.
    pub to: Vec<MailboxId>,
    /// Whether the recording of this call (one to be tried out) is in it; before what is forwarded.
    pub recorded: bool,
    /// The message of the open mailbox that is forwarded.
    pub forwarded: Option<MessageId>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Whether it is private.
    pub private: bool,
}

/// A log-in to be checked. Wrong mailbox and wrong passcode are told apart nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogIn {
    /// The mailbox wanted.
    pub mailbox: MailboxId,
    /// The passcode typed, figures only.
    pub passcode: Pii<String>,
}

/// The outcome of a log-in.
#[derive(Clone, Debug, PartialEq)]
pub enum LogInVerdict {
    /// The mailbox is open; its owner's profile.
    Accepted(Arc<Profile>),
    /// Mailbox or passcode is wrong.
    Wrong,
    /// Blocked for now after too many wrong ones.
    Locked,
}

/// A log-in of someone who changes prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorLogIn {
    /// Whose prompts; `None` is everybody's.
    pub tenant: Option<TenantId>,
    /// The passcode typed, figures only.
    pub passcode: Pii<String>,
}

/// The outcome of such a log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorVerdict {
    /// It is right; the sets that can be worked on, the first one first.
    Accepted(Vec<Workset>),
    /// The passcode is wrong, or log-in is blocked for now: which of them is told nowhere.
    Refused,
}

/// A prompt set that can be worked on by telephone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Workset {
    /// The set.
    pub set: SetId,
    /// Its grammar, which says what clips it has.
    pub grammar: Grammar,
}

/// A change of a prompt set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PromptChange {
    /// The recording of this call becomes that clip.
    Replace(ClipId),
    /// The set's own recording of that clip goes; what is below it is heard again.
    Drop(ClipId),
    /// The version before is put to use.
    RollBack,
}

/// Why a prompt set was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PromptFault {
    /// There is nothing in the recording, or too little.
    #[error("the recording is empty or too quiet")]
    TooQuiet,
    /// The recording is overdriven.
    #[error("the recording is overdriven")]
    TooLoud,
    /// The set has no recording of its own of that clip.
    #[error("the prompt has no recording of its own")]
    NotOwn,
    /// There is no version to go back to.
    #[error("there is no version before")]
    NothingBefore,
    /// The studio could not do it, or did not answer.
    #[error("the prompt set could not be changed")]
    Failed,
}

/// How a recording of this call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordingDone {
    /// Why it ended.
    pub end: RecordEnd,
    /// Its length.
    pub length: Duration,
    /// How much of it was louder than silence.
    pub voiced: Duration,
}

/// Why a recording could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum KeepFault {
    /// The disk did not take it.
    #[error("the disk did not take the recording")]
    Disk,
}

/// Why a message indicator could not be put out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LampFault {
    /// Whoever keeps it does not answer, or there is none.
    #[error("the message indicator cannot be reached")]
    Unavailable,
}

/// Why a message or take cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlayFault {
    /// It is gone, perhaps removed by another client.
    #[error("the message is gone")]
    Gone,
    /// Its audio cannot be read.
    #[error("the message is damaged")]
    Damaged,
    /// The store cannot be reached now.
    #[error("the store is not available")]
    Unavailable,
}

/// What a state does with keys pressed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPolicy {
    /// Hand each key over at once.
    Now,
    /// Hold them (type-ahead) until a state that takes them.
    Hold,
}

/// The effects of one step, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// No effect yet.
    pub fn new() -> Effects {
        Effects::default()
    }

    /// Adds one effect behind the others.
    pub fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    /// The effects so far.
    pub fn as_slice(&self) -> &[Effect] {
        &self.0
    }
}

impl IntoIterator for Effects {
    type Item = Effect;
    type IntoIter = std::vec::IntoIter<Effect>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
