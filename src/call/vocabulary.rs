//! The words between the calls and the parts at the edge that serve them.

use crate::audio::{Law, WireAudio};
use crate::base::{
    CallId, DialString, Digit, MailboxId, MessageId, Pii, PlayId, RecordingId, SessionId, TenantId,
};
use crate::flow::PromptFault;
use crate::mailbox::{Envelope, Facts};
use crate::prompt::{ClipId, Phrase, SetId, Voice};
use crate::subscriber::{Change, Condition, Forward, Guarded, LastCaller, Lock, RecordingKind};
use crate::{mailbox, media, sip};
use std::net::IpAddr;
use std::time::Duration;

/// What a call wants from the edge.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To the SIP machine.
    Sip(sip::Command),
    /// Open sockets for a session with a peer at this address. Answered by
    /// [`Switch::handle_media_opened`](super::Switch::handle_media_opened).
    OpenMedia(SessionId, IpAddr),
    /// To a media session.
    Media(SessionId, media::Command),
    /// A key that came by SIP INFO, for the session to tell from one that came by RTP.
    InfoDigit(SessionId, Digit),
    /// Close a session. A recording that runs ends, and its `Recorded` still comes.
    CloseMedia(SessionId),
    /// Say these phrases in this session, in this voice.
    Say {
        /// The session.
        session: SessionId,
        /// Comes back in `PlayDone`.
        play: PlayId,
        /// What to say.
        phrases: Vec<Phrase>,
        /// In whose voice.
        voice: Voice,
        /// What of it subscribers recorded.
        recordings: Vec<(RecordingId, WireAudio)>,
    },
    /// Load what subscribers recorded. Answered by
    /// [`Switch::handle_recordings`](super::Switch::handle_recordings) with those that can be had.
    LoadRecordings {
        /// Who asks.
        call: CallId,
        /// For which play.
        play: PlayId,
        /// Which ones; each once.
        recordings: Vec<RecordingId>,
    },
    /// To the spool.
    Take(TakeCommand),
    /// Ask a mailbox. Answered by [`Switch::handle_mail`](super::Switch::handle_mail).
    Mail {
        /// Who asks.
        call: CallId,
        /// Whose mailbox.
        mailbox: MailboxId,
        /// What.
        command: mailbox::Command,
    },
    /// Load a message's audio. Answered by
    /// [`Switch::handle_audio`](super::Switch::handle_audio).
    Fetch {
        /// Who asks.
        call: CallId,
        /// For which play.
        play: PlayId,
        /// Whose mailbox.
        mailbox: MailboxId,
        /// Which message.
        message: MessageId,
    },
    /// Check a passcode, taking the same time where there is none to compare with. Answered by
    /// [`Switch::handle_log_in`](super::Switch::handle_log_in), or by
    /// [`Switch::handle_operator_log_in`](super::Switch::handle_operator_log_in).
    LogIn {
        /// Who asks.
        call: CallId,
        /// Which attempt of this call; comes back with the answer.
        attempt: u32,
        /// What it is to open.
        door: Door,
        /// The passcode typed.
        passcode: Pii<String>,
    },
    /// Put the message indicator of a mailbox out until its next new message. Answered by
    /// [`Switch::handle_lamp_cleared`](super::Switch::handle_lamp_cleared).
    ClearLamp {
        /// Who asks.
        call: CallId,
        /// Whose indicator.
        mailbox: MailboxId,
    },
    /// Change what the owner of a mailbox has set. Answered by
    /// [`Switch::handle_changed`](super::Switch::handle_changed), after it is on disk for good.
    Change(ChangeOrder),
    /// Remember who called a subscriber last. There is no answer, and where calls come too fast it may
    /// be left undone.
    Called(MailboxId, LastCaller),
    /// Remember what there is of wrong passcodes, for the next start. There is no answer.
    Remember(Guarded, Lock),
    /// Leave a message in other mailboxes. Answered by
    /// [`Switch::handle_sent`](super::Switch::handle_sent), after each is on disk for good.
    Send(SendOrder),
    /// Change a prompt set. Answered by
    /// [`Switch::handle_prompts_changed`](super::Switch::handle_prompts_changed); what the call
    /// says after that is to be said with the changed set.
    ChangePrompts(PromptOrder),
    /// Something worth a line in the call event log.
    Milestone {
        /// Which call.
        call: CallId,
        /// What happened.
        what: Milestone,
    },
}

/// What a passcode opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// A mailbox.
    Mailbox(MailboxId),
    /// The prompts of a tenant, or everybody's.
    Prompts(Option<TenantId>),
}

impl Door {
    /// What wrong passcodes are counted for.
    pub fn guarded(&self) -> Guarded {
        match self {
            Door::Mailbox(mailbox) => Guarded::Mailbox(mailbox.clone()),
            Door::Prompts(tenant) => Guarded::Prompts(tenant.clone()),
        }
    }
}

/// A change of what a subscriber has set, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeOrder {
    /// The call.
    pub call: CallId,
    /// Which order of this call.
    pub order: u32,
    /// Whose services.
    pub mailbox: MailboxId,
    /// The change.
    pub work: ChangeWork,
}

/// What is to become of what a subscriber has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeWork {
    /// This change.
    Set(Change),
    /// This passcode, unless it was used before.
    Passcode(Pii<String>),
    /// A recording becomes the name or greeting. It is dropped by a later command and must be read
    /// before.
    Record {
        /// What it becomes.
        kind: RecordingKind,
        /// The recording.
        take: MessageId,
    },
}

/// A message to be left in other mailboxes, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOrder {
    /// The call.
    pub call: CallId,
    /// Which order of this call.
    pub order: u32,
    /// Whose call it is: the sender.
    pub sender: MailboxId,
    /// The message each recipient gets, with its envelope.
    pub parcels: Vec<Parcel>,
    /// The recording that is in it. It is dropped by a later command and must be read before.
    pub take: Option<MessageId>,
    /// The message of the sender's mailbox that is forwarded.
    pub forwarded: Option<MessageId>,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Whether it is private.
    pub private: bool,
}

/// One recipient's copy of a message that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its identity.
    pub message: MessageId,
    /// Where it goes and where it came from.
    pub envelope: Envelope,
}

/// A change of a prompt set by telephone, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptOrder {
    /// The call.
    pub call: CallId,
    /// Which order of this call.
    pub order: u32,
    /// The number it dialled.
    pub dialled: String,
    /// The set.
    pub set: SetId,
    /// The change.
    pub work: PromptWork,
}

/// What is to become of a prompt set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptWork {
    /// A recording becomes this clip. It is dropped by a later command and must be read before.
    Replace {
        /// The clip.
        clip: ClipId,
        /// The recording.
        take: MessageId,
    },
    /// The set's own recording of this clip goes.
    Drop(ClipId),
    /// The version before is put to use.
    RollBack,
}

/// What a call asks of the spool. `Begin`, the recorded blocks and `Commit` travel in one queue,
/// so the spool sees them in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeCommand {
    /// A recording starts. A failure is told to
    /// [`Switch::handle_take_refused`](super::Switch::handle_take_refused).
    Begin {
        /// The recording.
        take: MessageId,
        /// What is known of it, on disk before its first sample.
        envelope: Box<Envelope>,
    },
    /// A recording starts that is no message and stays in memory, to be loaded and dropped. A
    /// failure is told to [`Switch::handle_take_refused`](super::Switch::handle_take_refused).
    BeginScratch {
        /// The recording.
        take: MessageId,
        /// The law it is kept in.
        law: Law,
    },
    /// Make the recording a message. Answered by
    /// [`Switch::handle_kept`](super::Switch::handle_kept), after it is on disk for good.
    Commit {
        /// The recording.
        take: MessageId,
        /// How it went.
        facts: Facts,
    },
    /// Drop the recording.
    Discard(MessageId),
    /// Load the recording's audio. Answered by
    /// [`Switch::handle_take_audio`](super::Switch::handle_take_audio).
    Load(MessageId),
}

/// One line of the call event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// A call arrived and was given a way to go.
    Arrived {
        /// The caller's number, if shown.
        from: Option<DialString>,
        /// The number dialled.
        to: String,
        /// The SIP Call-ID.
        call_id: String,
        /// Where it goes, in a word.
        route: &'static str,
        /// The mailbox, where there is one.
        mailbox: Option<MailboxId>,
    },
    /// The call was refused with this status.
    Refused(u16),
    /// The answer was acknowledged, with this codec; the conversation starts.
    Answered(Law),
    /// A key was recognised; `None` while keys are secret.
    Key {
        /// Which.
        key: Option<Digit>,
        /// The state of the conversation in which it came, as `docs/flows` names it.
        state: &'static str,
    },
    /// Phrases are being said.
    Prompt(Vec<Phrase>),
    /// A message is being played.
    PlayingMessage(MessageId),
    /// The recording of this call is being played back.
    PlayingTake(MessageId),
    /// A recording began.
    TakeBegan(MessageId),
    /// A recording ended, this long.
    TakeEnded(MessageId, Duration),
    /// A recording is a message now, on disk for good.
    TakeKept(MessageId),
    /// A recording could not be kept.
    TakeLost(MessageId),
    /// A recording was dropped: erased by the caller, too short, or without speech.
    TakeDropped(MessageId),
    /// A prompt set was changed by telephone, or was not.
    Prompts(PromptOrder, Result<(), PromptFault>),
    /// Call forwarding of this mailbox was changed by telephone, on disk for good.
    Forwarding(MailboxId, Condition, Forward),
    /// The call is over, its recording settled: the last word of a call that was not refused.
    Ended(&'static str),
}
