//! The fixed lines of the catalogue, named for what they tell the listener.
//!
//! Long because they stand in one list, in the order of the catalogue.

/// Defines [`Line`] with the catalogue key of each line beside its meaning.
macro_rules! lines {
    ($($(#[$doc:meta])* $name:ident = $key:literal),+ $(,)?) => {
        /// A fixed line. Its texts are in `prompts/<language>/catalogue.toml` under [`Line::key`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Line { $($(#[$doc])* $name),+ }

        impl Line {
            /// Every line, in the order of the catalogue.
            pub const ALL: &'static [Line] = &[$(Line::$name),+];

            /// The key of the line in the catalogue.
            pub fn key(self) -> &'static str {
                match self { $(Line::$name => $key),+ }
            }
        }
    };
}

lines! {
    // The caller's side.
    /// "You have reached the voicemail of", a name or number follows.
    GreetingReached = "greeting-reached",
    /// The owner's line is busy.
    GreetingBusy = "greeting-busy",
    /// The owner does not answer.
    GreetingNoAnswer = "greeting-no-answer",
    /// The owner is not available, no reason known.
    GreetingUnavailable = "greeting-unavailable",
    /// Please leave a message after the tone.
    LeaveMessage = "leave-message",
    /// Press hash when finished, or just hang up.
    FinishRecording = "finish-recording",
    /// The longest length has been reached.
    RecordingTooLong = "recording-too-long",
    /// Nothing was recorded, or too little.
    RecordingTooShort = "recording-too-short",
    /// Choice: erase and record again.
    ReviewAgain = "review-again",
    /// Choice: listen to the recording.
    ReviewListen = "review-listen",
    /// Choice: keep the message; hanging up keeps it too.
    ReviewKeep = "review-keep",
    /// Choice: hear the choices again.
    RepeatChoices = "repeat-choices",
    /// Your message was saved.
    MessageKept = "message-kept",
    /// Your message could not be saved, nothing was kept.
    MessageNotKept = "message-not-kept",
    /// The recording ended through a fault of ours; what was said until then is there.
    RecordingCutOff = "recording-cut-off",
    /// The mailbox is full, no message can be left.
    MailboxFull = "mailbox-full",
    /// No messages can be left at the moment.
    DepositUnavailable = "deposit-unavailable",
    /// The number dialled has no mailbox here.
    NoSuchMailbox = "no-such-mailbox",

    // Entering the portal.
    /// Welcome to your voice portal.
    PortalWelcome = "portal-welcome",
    /// Enter your passcode, then hash.
    EnterPasscode = "enter-passcode",
    /// Your passcode? For whoever knows what ends it.
    YourPasscode = "your-passcode",
    /// For another mailbox, press star.
    OtherMailbox = "other-mailbox",
    /// Enter the number of the mailbox, then hash.
    EnterMailbox = "enter-mailbox",
    /// The mailbox and passcode do not go together.
    LoginWrong = "login-wrong",
    /// Log-in is blocked for now.
    LoginLocked = "login-locked",

    // How messages reach the owner, and how the mailbox stands.
    /// Messages are sent by e-mail and cannot be heard here.
    SentByEmail = "sent-by-email",
    /// The answer takes a while.
    OneMoment = "one-moment",
    /// The messages in the mailbox cannot be reached at the moment.
    InboxUnreachable = "inbox-unreachable",
    /// "Available now:", counts follow: those that are not in the mailbox yet.
    CanBeHeard = "can-be-heard",
    /// The mailbox is almost full.
    InboxAlmostFull = "inbox-almost-full",
    /// The mailbox is full: callers cannot leave messages.
    InboxFull = "inbox-full",

    // The main menu and the voicemail menu.
    /// Choice: voicemail.
    MainVoicemail = "main-voicemail",
    /// Choice: leave the portal.
    MainLeave = "main-leave",
    /// "You have", counts follow.
    YouHave = "you-have",
    /// "and", between two counts.
    And = "and",
    /// You have no messages.
    NoMessages = "no-messages",
    /// Choice: play the messages.
    VoicemailPlay = "voicemail-play",
    /// Choice: back to the menu before.
    GoBack = "go-back",

    // Listening to messages.
    /// "New message", before one is played.
    NewMessage = "new-message",
    /// "Urgent message", before one is played.
    UrgentMessage = "urgent-message",
    /// "Saved message", before one is played.
    SavedMessage = "saved-message",
    /// "From", a number follows.
    EnvelopeFrom = "envelope-from",
    /// From a caller who withheld the number.
    EnvelopeAnonymous = "envelope-anonymous",
    /// "Received", a moment follows.
    EnvelopeReceived = "envelope-received",
    /// "Length", a span follows.
    EnvelopeLength = "envelope-length",
    /// End of message.
    EndOfMessage = "end-of-message",
    /// Choice: save the message.
    MessageSave = "message-save",
    /// Choice: delete the message.
    MessageDelete = "message-delete",
    /// Choice: take the deletion back.
    MessageUndelete = "message-undelete",
    /// Choice: play it again.
    MessageReplay = "message-replay",
    /// Choice: the message before.
    MessagePrevious = "message-previous",
    /// Choice: sender, time and length.
    MessageEnvelope = "message-envelope",
    /// Choice: the next message.
    MessageNext = "message-next",
    /// The message was saved.
    MessageSaved = "message-saved",
    /// The message was deleted.
    MessageDeleted = "message-deleted",
    /// The message was put back.
    MessageRestored = "message-restored",
    /// There are no more messages.
    NoMoreMessages = "no-more-messages",
    /// There is no message before this one.
    NoPreviousMessage = "no-previous-message",
    /// The message is damaged and cannot be played.
    MessageDamaged = "message-damaged",
    /// The message is no longer there.
    MessageGone = "message-gone",
    /// The change could not be made.
    ChangeFailed = "change-failed",
    /// The messages cannot be reached at the moment.
    MessagesUnavailable = "messages-unavailable",

    // The message indicator.
    /// It is off until the next new message.
    LampCleared = "lamp-cleared",
    /// This code works from the caller's own telephone only.
    OwnPhoneOnly = "own-phone-only",

    // Feature access codes.
    /// There is no such code.
    CodeUnknown = "code-unknown",
    /// The service is not available at the moment.
    CodeUnavailable = "code-unavailable",
    /// "You were last called by", number and time follow.
    LastCallFrom = "last-call-from",
    /// The last caller withheld the number.
    LastCallWithheld = "last-call-withheld",
    /// Nobody is known to have called.
    NoLastCall = "no-last-call",
    /// The last caller is forgotten.
    CallerForgotten = "caller-forgotten",
    /// This number cannot be called from here.
    CannotCall = "cannot-call",
    /// Choice: call this number.
    CallNumber = "call-number",

    // The language.
    /// Choice: change the language.
    MainLanguage = "main-language",
    /// Choice, said in each language itself: this language.
    LanguageThis = "language-this",
    /// From now on everything is said in this language.
    LanguageChanged = "language-changed",

    // The end of a message, for the caller.
    /// "The length of your message is", the length follows.
    ReceiptLength = "receipt-length",
    /// "It has been left for", a name or number follows.
    ReceiptFor = "receipt-for",
    /// The owner is away for some time.
    GreetingAway = "greeting-away",
    /// No message can be left while the owner is away.
    NoMessageNow = "no-message-now",

    // More of the main menu.
    /// Choice: straight to the messages.
    MainMessages = "main-messages",
    /// Choice: the name and the greetings.
    MainGreetings = "main-greetings",
    /// Choice: call forwarding.
    MainForwarding = "main-forwarding",
    /// Choice: what is active on the line.
    MainStatus = "main-status",
    /// Choice: change the passcode.
    MainPasscode = "main-passcode",

    // Name and greetings.
    /// Choice: the recorded name.
    GreetingsName = "greetings-name",
    /// Choice: the greeting for callers who find the line busy.
    GreetingsBusy = "greetings-busy",
    /// Choice: the greeting for callers who get no answer.
    GreetingsNoAnswer = "greetings-no-answer",
    /// Choice: the greeting for a longer absence.
    GreetingsAway = "greetings-away",
    /// "Your recorded name is", the recording follows.
    NameIs = "name-is",
    /// There is no recorded name; callers hear the number.
    NameNone = "name-none",
    /// Callers hear the own greeting.
    GreetingOwn = "greeting-own",
    /// Callers hear the system greeting.
    GreetingStandard = "greeting-standard",
    /// Choice: record it.
    GreetingRecord = "greeting-record",
    /// Choice: hear it.
    GreetingListen = "greeting-listen",
    /// Choice: back to the system greeting.
    GreetingRevert = "greeting-revert",
    /// Choice: erase the recorded name.
    NameRevert = "name-revert",
    /// Choice: let callers leave a message.
    AwayDepositYes = "away-deposit-yes",
    /// Choice: let callers leave no message.
    AwayDepositNo = "away-deposit-no",
    /// Choice: set the last day.
    AwayUntil = "away-until",
    /// "Your extended-away greeting", whether it is on follows.
    AwayIs = "away-is",
    /// "The last day is", a day follows.
    AwayLastDay = "away-last-day",
    /// Callers can leave a message meanwhile.
    AwayWithMessages = "away-with-messages",
    /// Callers cannot leave a message meanwhile.
    AwayWithoutMessages = "away-without-messages",
    /// Enter the last day as day and month, four figures; hash alone for none.
    EnterLastDay = "enter-last-day",
    /// There is no such day.
    NoSuchDay = "no-such-day",
    /// Speak the greeting after the tone, then press hash.
    GreetingSpeak = "greeting-speak",
    /// Speak the name after the tone, then press hash.
    NameSpeak = "name-speak",
    /// The greeting is stored and in use.
    GreetingSaved = "greeting-saved",
    /// The name is stored and in use.
    NameSaved = "name-saved",
    /// The recorded name is gone.
    NameErased = "name-erased",
    /// The recording could not be stored; what was in use still is.
    RecordingNotSaved = "recording-not-saved",

    // The passcode.
    /// Enter the new passcode, then hash.
    EnterNewPasscode = "enter-new-passcode",
    /// Enter the new passcode again.
    RepeatPasscode = "repeat-passcode",
    /// The two entries are not the same.
    PasscodesDiffer = "passcodes-differ",
    /// It is too short; "the least number of digits is", a number follows.
    PasscodeTooShort = "passcode-too-short",
    /// It is too long; "the greatest number of digits is", a number follows.
    PasscodeTooLong = "passcode-too-long",
    /// It repeats figures.
    PasscodeRepeats = "passcode-repeats",
    /// It is a run of figures.
    PasscodeRun = "passcode-run",
    /// It is part of the own number.
    PasscodeOwnNumber = "passcode-own-number",
    /// It was used before.
    PasscodeUsed = "passcode-used",
    /// The passcode is changed.
    PasscodeChanged = "passcode-changed",
    /// A new passcode must be chosen before going on.
    PasscodeDue = "passcode-due",
    /// First use: a passcode and the name come first.
    FirstWelcome = "first-welcome",
    /// Choice: leave this step out.
    SkipStep = "skip-step",
    /// The first set-up is done.
    SetUpDone = "set-up-done",

    // Call forwarding, and what is active on the line.
    /// Choice: the services that are on or off.
    MainServices = "main-services",
    /// Choice: do not disturb.
    ServiceDisturb = "service-disturb",
    /// Choice: withholding the own number.
    ServiceHidden = "service-hidden",
    /// Choice: refusing anonymous callers.
    ServiceRejection = "service-rejection",
    /// Choice: call waiting.
    ServiceWaiting = "service-waiting",
    /// Choice: all calls to voicemail.
    ServiceAlwaysVoicemail = "service-always-voicemail",
    /// Choice: voicemail when busy.
    ServiceBusyVoicemail = "service-busy-voicemail",
    /// Choice: voicemail on no answer.
    ServiceNoAnswerVoicemail = "service-no-answer-voicemail",
    /// Choice: forward every call.
    ForwardAlways = "forward-always",
    /// Choice: forward when busy.
    ForwardBusy = "forward-busy",
    /// Choice: forward on no answer.
    ForwardNoAnswer = "forward-no-answer",
    /// Choice: forward when not reachable.
    ForwardNotReachable = "forward-not-reachable",
    /// Choice: how often the telephone rings.
    ForwardRings = "forward-rings",
    /// Choice: switch it on.
    SwitchOn = "switch-on",
    /// Choice: switch it off.
    SwitchOff = "switch-off",
    /// Choice: enter another destination.
    ForwardNumber = "forward-number",
    /// Choice: hear how it stands.
    ForwardStatus = "forward-status",
    /// "Forwarding of all calls", how it stands follows.
    AlwaysIs = "always-is",
    /// "Forwarding when busy", how it stands follows.
    BusyIs = "busy-is",
    /// "Forwarding on no answer", how it stands follows.
    NoAnswerIs = "no-answer-is",
    /// "Forwarding when not reachable", how it stands follows.
    NotReachableIs = "not-reachable-is",
    /// "Sending all calls to voicemail", how it stands follows.
    AlwaysVoicemailIs = "always-voicemail-is",
    /// "Voicemail when busy", how it stands follows.
    BusyVoicemailIs = "busy-voicemail-is",
    /// "Voicemail on no answer", how it stands follows.
    NoAnswerVoicemailIs = "no-answer-voicemail-is",
    /// "Do not disturb", how it stands follows.
    DisturbIs = "disturb-is",
    /// "Hiding your number", how it stands follows.
    HiddenIs = "hidden-is",
    /// "Refusing anonymous calls", how it stands follows.
    RejectionIs = "rejection-is",
    /// "Call waiting", how it stands follows.
    CallWaitingIs = "call-waiting-is",
    /// "is on", after what stands so.
    IsOn = "is-on",
    /// "is off", after what stands so.
    IsOff = "is-off",
    /// "is on, to", a number follows.
    IsOnTo = "is-on-to",
    /// "is off, the number is", a number follows.
    IsOffTo = "is-off-to",
    /// "The number of rings is", a number follows.
    RingsAre = "rings-are",
    /// Enter the number of rings, one to nine.
    EnterRings = "enter-rings",
    /// Enter the number to forward to, then hash.
    EnterDestination = "enter-destination",
    /// "The number is", the number follows.
    DestinationIs = "destination-is",
    /// No number is set yet.
    NoDestination = "no-destination",
    /// Calls may not be forwarded to that number.
    DestinationRefused = "destination-refused",
    /// That is the own number.
    DestinationOwn = "destination-own",
    /// Choice: it is right.
    ConfirmYes = "confirm-yes",
    /// Choice: enter it anew.
    ConfirmNo = "confirm-no",
    /// Nothing is active on the line.
    NothingActive = "nothing-active",
    /// Take care: the forwarding leads back to the own line.
    WarnCircle = "warn-circle",
    /// Take care: while all calls are forwarded, other settings have no effect.
    WarnShadowed = "warn-shadowed",
    /// Take care: the telephone does not ring.
    WarnQuiet = "warn-quiet",

    // Sending messages.
    /// Choice: send a message to another mailbox.
    VoicemailCompose = "voicemail-compose",
    /// Choice: delete all messages.
    VoicemailDeleteAll = "voicemail-delete-all",
    /// All messages will be deleted: is that meant?
    DeleteAllAsk = "delete-all-ask",
    /// Choice: yes, all.
    DeleteAllYes = "delete-all-yes",
    /// All messages are deleted.
    AllDeleted = "all-deleted",
    /// Choice: more to do with the message.
    MessageMore = "message-more",
    /// Choice: reply.
    MessageReply = "message-reply",
    /// Choice: forward with an introduction.
    MessageForward = "message-forward",
    /// Choice: call the sender back.
    MessageCallBack = "message-call-back",
    /// Speak the message after the tone, then press hash.
    MessageSpeak = "message-speak",
    /// Speak an introduction after the tone, then press hash; hash alone for none.
    IntroductionSpeak = "introduction-speak",
    /// "Message for", names or numbers follow.
    MessageFor = "message-for",
    /// Choice: send it.
    SendNow = "send-now",
    /// Choice: to one more mailbox.
    SendAdd = "send-add",
    /// Choice: mark it urgent.
    SendUrgent = "send-urgent",
    /// Choice: take the urgent mark away.
    SendNotUrgent = "send-not-urgent",
    /// Choice: mark it private.
    SendPrivate = "send-private",
    /// Choice: take the private mark away.
    SendNotPrivate = "send-not-private",
    /// Choice: do not send it.
    SendCancel = "send-cancel",
    /// It was sent.
    MessageSent = "message-sent",
    /// It was not sent.
    MessageNotSent = "message-not-sent",
    /// "It could not be left for", numbers follow.
    NotSentTo = "not-sent-to",
    /// The sender has no mailbox here.
    CannotReply = "cannot-reply",
    /// It is private and cannot be forwarded.
    CannotForward = "cannot-forward",
    /// No more recipients fit.
    NoMoreRecipients = "no-more-recipients",
    /// "Private message", before one is played.
    PrivateMessage = "private-message",
    /// It goes on where it was stopped.
    ResumedMessage = "resumed-message",

    // Prompts by telephone, for operators.
    /// Welcome to the recording of prompts.
    OperatorWelcome = "operator-welcome",
    /// The passcode is wrong.
    PasscodeWrong = "passcode-wrong",
    /// Choice: one prompt, by its number.
    OperatorClip = "operator-clip",
    /// Choice: the system greetings.
    OperatorGreetings = "operator-greetings",
    /// Choice: hear example sentences.
    OperatorAudition = "operator-audition",
    /// Choice: back to the version before.
    OperatorRollBack = "operator-roll-back",
    /// Enter the number of the prompt, then hash.
    EnterClip = "enter-clip",
    /// No prompt has this number.
    NoSuchClip = "no-such-clip",
    /// "Prompt", its number follows.
    ClipNumber = "clip-number",
    /// Choice: hear the prompt.
    ClipListen = "clip-listen",
    /// Choice: record the prompt.
    ClipRecord = "clip-record",
    /// Choice: drop the own recording of the prompt.
    ClipRevert = "clip-revert",
    /// Choice: the next prompt.
    ClipNext = "clip-next",
    /// Choice: the prompt before.
    ClipPrevious = "clip-previous",
    /// Speak the prompt after the tone, then press hash.
    ClipSpeak = "clip-speak",
    /// Choice: hear the recording.
    RecordingListen = "recording-listen",
    /// Choice: record again.
    RecordingAgain = "recording-again",
    /// Choice: use the recording.
    RecordingUse = "recording-use",
    /// The recording is in use.
    ClipInUse = "clip-in-use",
    /// The own recording is gone, the one before is in use.
    ClipReverted = "clip-reverted",
    /// The prompt has no recording of its own.
    ClipNotOwn = "clip-not-own",
    /// The recording is empty or too quiet and is not used.
    RecordingTooQuiet = "recording-too-quiet",
    /// The recording is overdriven and is not used.
    RecordingTooLoud = "recording-too-loud",
    /// The recording could not be put to use.
    ClipNotReplaced = "clip-not-replaced",
    /// The version before is in use.
    RolledBack = "rolled-back",
    /// There is no version before.
    NothingToRollBack = "nothing-to-roll-back",
    /// Choice: the next sentence.
    SentenceNext = "sentence-next",
    /// Choice: the sentence before.
    SentencePrevious = "sentence-previous",
    /// These were all sentences.
    SentencesEnd = "sentences-end",

    // Everywhere.
    /// That is not a choice here.
    NotAChoice = "not-a-choice",
    /// Nothing was pressed.
    NothingPressed = "nothing-pressed",
    /// Goodbye.
    Goodbye = "goodbye",
    /// The service is closing down for maintenance; what was recorded is kept.
    ServiceEnding = "service-ending",
    /// Something went wrong on our side.
    SomethingWrong = "something-wrong",
}

impl Line {
    /// The choices that are said more briefly when a menu comes again: for each there is a clip
    /// [`ClipId::brief`](super::ClipId) with the text of `[brief]` in the catalogue.
    pub const BRIEF: &'static [Line] = &[
        Line::ReviewAgain,
        Line::ReviewListen,
        Line::ReviewKeep,
        Line::RepeatChoices,
        Line::MainVoicemail,
        Line::MainLanguage,
        Line::MainLeave,
        Line::VoicemailPlay,
        Line::GoBack,
        Line::MessageSave,
        Line::MessageDelete,
        Line::MessageUndelete,
        Line::MessageReplay,
        Line::MessagePrevious,
        Line::MessageEnvelope,
        Line::MessageNext,
        Line::MainMessages,
        Line::MainGreetings,
        Line::MainForwarding,
        Line::MainStatus,
        Line::MainPasscode,
        Line::GreetingsName,
        Line::GreetingsBusy,
        Line::GreetingsNoAnswer,
        Line::GreetingsAway,
        Line::GreetingRecord,
        Line::GreetingListen,
        Line::GreetingRevert,
        Line::NameRevert,
        Line::AwayDepositYes,
        Line::AwayDepositNo,
        Line::AwayUntil,
        Line::MainServices,
        Line::ServiceDisturb,
        Line::ServiceHidden,
        Line::ServiceRejection,
        Line::ServiceWaiting,
        Line::ServiceAlwaysVoicemail,
        Line::ServiceBusyVoicemail,
        Line::ServiceNoAnswerVoicemail,
        Line::ForwardAlways,
        Line::ForwardBusy,
        Line::ForwardNoAnswer,
        Line::ForwardNotReachable,
        Line::ForwardRings,
        Line::SwitchOn,
        Line::SwitchOff,
        Line::ForwardNumber,
        Line::ForwardStatus,
        Line::ConfirmYes,
        Line::ConfirmNo,
        Line::VoicemailCompose,
        Line::VoicemailDeleteAll,
        Line::DeleteAllYes,
        Line::MessageMore,
        Line::MessageReply,
        Line::MessageForward,
        Line::MessageCallBack,
        Line::CallNumber,
        Line::SendNow,
        Line::SendAdd,
        Line::SendUrgent,
        Line::SendNotUrgent,
        Line::SendPrivate,
        Line::SendNotPrivate,
        Line::SendCancel,
        Line::ClipListen,
        Line::ClipRecord,
        Line::ClipRevert,
        Line::ClipNext,
        Line::ClipPrevious,
        Line::RecordingListen,
        Line::RecordingAgain,
        Line::RecordingUse,
        Line::SentenceNext,
        Line::SentencePrevious,
    ];

    /// Whether the choice has a brief form.
    pub fn has_brief(self) -> bool {
        Line::BRIEF.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_has_a_key_of_its_own() {
        let keys: BTreeSet<_> = Line::ALL.iter().map(|l| l.key()).collect();
        assert_eq!(keys.len(), Line::ALL.len());
    }
}
