//! The choices of each menu: their names in `menus.toml`, the words that announce them and the
//! menus they lead to.

use crate::prompt::Line;
use std::fmt;

/// The menus by name, in the order of `menus.toml`.
pub(super) const MENU_NAMES: &[&str] = &[
    "greeting",
    "recording",
    "review",
    "main",
    "voicemail",
    "playing",
    "between",
    "more",
    "sending",
    "confirm-delete",
    "greetings",
    "own-recording",
    "away",
    "forwarding",
    "forward",
    "destination",
    "rings",
    "services",
    "service",
    "call-return",
    "language",
    "operator",
    "clip",
    "clip-review",
    "sentences",
];

/// The menus that need no key to be reached: a call begins there or comes there by itself.
pub(super) const REACHED_WITHOUT_KEY: &[&str] = &[
    "greeting",
    "recording",
    "review",
    "main",
    "call-return",
    "operator",
];

/// The menus that an operator may leave without a way to them.
pub(super) const MAY_BE_LEFT_OUT: &[&str] = &[
    "more",
    "sending",
    "confirm-delete",
    "greetings",
    "own-recording",
    "away",
    "forwarding",
    "forward",
    "destination",
    "rings",
    "services",
    "service",
    "language",
];

/// What a key may mean in one menu.
pub trait Choice: Copy + Eq + fmt::Debug + 'static {
    /// The menu these choices belong to.
    const MENU: &'static str;
    /// Every choice of the menu.
    const ALL: &'static [Self];
    /// The name in `menus.toml` and `card.toml`.
    fn name(self) -> &'static str;
    /// The words that announce it, where there are any.
    fn line(self) -> Option<Line>;
    /// The menus it leads to.
    fn leads_to(self) -> &'static [&'static str];

    /// The choice with this name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// Defines the choices of one menu: variant, name, announcing line, menus behind it.
macro_rules! choices {
    ($(#[$doc:meta])* $kind:ident in $menu:literal {
        $($(#[$vdoc:meta])* $variant:ident = $name:literal, $line:expr $(, to $to:expr)?;)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $kind { $($(#[$vdoc])* $variant),+ }

        impl Choice for $kind {
            const MENU: &'static str = $menu;
            const ALL: &'static [$kind] = &[$($kind::$variant),+];

            fn name(self) -> &'static str {
                match self { $($kind::$variant => $name),+ }
            }

            fn line(self) -> Option<Line> {
                match self { $($kind::$variant => $line),+ }
            }

            fn leads_to(self) -> &'static [&'static str] {
                match self { $($kind::$variant => choices!(@to $($to)?)),+ }
            }
        }
    };
    (@to) => { &[] };
    (@to $to:expr) => { &$to };
}

choices! {
    /// While the greeting plays.
    GreetingChoice in "greeting" {
        /// Skip the rest and record.
        Record = "record", None;
        /// Log in as the owner.
        LogIn = "log-in", None;
        /// Be put through to the assistant.
        Assistant = "assistant", None;
    }
}

choices! {
    /// While a caller speaks.
    RecordingChoice in "recording" {
        /// End the recording.
        Stop = "stop", None;
    }
}

choices! {
    /// After a recording.
    ReviewChoice in "review" {
        /// Erase and record again.
        Again = "again", Some(Line::ReviewAgain);
        /// Listen to it.
        Listen = "listen", Some(Line::ReviewListen);
        /// Keep it.
        Keep = "keep", Some(Line::ReviewKeep);
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
        /// Keep it and be put through to the assistant.
        Assistant = "assistant", None;
    }
}

choices! {
    /// The main menu of the portal.
    MainChoice in "main" {
        /// To the voicemail menu.
        Voicemail = "voicemail", Some(Line::MainVoicemail), to ["voicemail"];
        /// Straight to the messages.
        Messages = "messages", Some(Line::MainMessages), to ["playing", "between"];
        /// To the name and the greetings.
        Greetings = "greetings", Some(Line::MainGreetings), to ["greetings"];
        /// To call forwarding.
        Forwarding = "forwarding", Some(Line::MainForwarding), to ["forwarding"];
        /// To the services that are on or off.
        Services = "services", Some(Line::MainServices), to ["services"];
        /// To the choice of a language.
        Language = "language", Some(Line::MainLanguage), to ["language"];
        /// Hear what is active on the line.
        Status = "status", Some(Line::MainStatus);
        /// Choose another passcode.
        Passcode = "passcode", Some(Line::MainPasscode);
        /// Leave the portal.
        Leave = "leave", Some(Line::MainLeave);
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The voicemail menu.
    VoicemailChoice in "voicemail" {
        /// Play the messages.
        Play = "play", Some(Line::VoicemailPlay), to ["playing", "between"];
        /// To the busy greeting.
        Busy = "busy", Some(Line::GreetingsBusy), to ["own-recording"];
        /// To the no-answer greeting.
        NoAnswer = "no-answer", Some(Line::GreetingsNoAnswer), to ["own-recording"];
        /// To the extended-away greeting.
        Away = "away", Some(Line::GreetingsAway), to ["away"];
        /// Compose a message to another mailbox.
        Compose = "compose", Some(Line::VoicemailCompose), to ["sending"];
        /// Delete all messages.
        DeleteAll = "delete-all", Some(Line::VoicemailDeleteAll), to ["confirm-delete"];
        /// Back to the main menu.
        Back = "back", Some(Line::GoBack), to ["main"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// While a message plays, or the words before it.
    PlayingChoice in "playing" {
        /// Back 3 seconds.
        Rewind = "rewind", None;
        /// Pause, or play on.
        Pause = "pause", None;
        /// Forward 3 seconds; past the words before the message.
        Forward = "forward", None;
        /// To the beginning.
        Start = "start", None;
        /// To the end.
        End = "end", None, to ["between"];
        /// Save it and go on.
        Save = "save", Some(Line::MessageSave);
        /// Delete it and go on; take it back when it is deleted.
        Delete = "delete", Some(Line::MessageDelete);
        /// Slower, as messages play from then on.
        Slower = "slower", None;
        /// Faster, as messages play from then on.
        Faster = "faster", None;
        /// To the next message at once.
        Next = "next", Some(Line::MessageNext);
        /// Back to the voicemail menu.
        Back = "back", Some(Line::GoBack), to ["voicemail"];
    }
}

choices! {
    /// After a message.
    BetweenChoice in "between" {
        /// Save it and go on.
        Save = "save", Some(Line::MessageSave);
        /// Delete it and go on; take it back when it is deleted.
        Delete = "delete", Some(Line::MessageDelete);
        /// Play it again.
        Replay = "replay", Some(Line::MessageReplay), to ["playing"];
        /// To the message before, deleted ones included.
        Previous = "previous", Some(Line::MessagePrevious), to ["playing"];
        /// Hear sender, time and length.
        Envelope = "envelope", Some(Line::MessageEnvelope);
        /// To the next message that is not deleted.
        Next = "next", Some(Line::MessageNext), to ["playing"];
        /// Call the sender, where there is a number and calls may go there.
        CallBack = "call-back", Some(Line::MessageCallBack);
        /// More to do with it.
        More = "more", Some(Line::MessageMore), to ["more"];
        /// Back to the voicemail menu.
        Back = "back", Some(Line::GoBack), to ["voicemail"];
    }
}

choices! {
    /// More to do with a message.
    MoreChoice in "more" {
        /// Answer whoever left it.
        Reply = "reply", Some(Line::MessageReply), to ["sending"];
        /// Forward it to others.
        Forward = "forward", Some(Line::MessageForward), to ["sending"];
        /// Back to the message.
        Back = "back", Some(Line::GoBack), to ["between"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// Before a message is sent.
    SendingChoice in "sending" {
        /// Send it.
        Send = "send", Some(Line::SendNow);
        /// Send it to one more mailbox.
        Add = "add", Some(Line::SendAdd);
        /// Hear it.
        Listen = "listen", Some(Line::RecordingListen);
        /// Record it, or its introduction, again.
        Again = "again", Some(Line::RecordingAgain);
        /// Mark it urgent, or take that back.
        Urgent = "urgent", Some(Line::SendUrgent);
        /// Mark it private, or take that back.
        Private = "private", Some(Line::SendPrivate);
        /// Do not send it.
        Cancel = "cancel", Some(Line::SendCancel);
        /// Hear for whom it is and the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// Whether all messages are to be deleted.
    ConfirmChoice in "confirm-delete" {
        /// Yes, all.
        Yes = "yes", Some(Line::DeleteAllYes);
        /// No, back to the voicemail menu.
        No = "no", Some(Line::GoBack), to ["voicemail"];
    }
}

choices! {
    /// Call forwarding.
    ForwardingChoice in "forwarding" {
        /// Forwarding of every call.
        Always = "always", Some(Line::ForwardAlways), to ["forward"];
        /// Forwarding when the line is busy.
        Busy = "busy", Some(Line::ForwardBusy), to ["forward"];
        /// Forwarding when nobody answers.
        NoAnswer = "no-answer", Some(Line::ForwardNoAnswer), to ["forward"];
        /// Forwarding when no telephone can be reached.
        NotReachable = "not-reachable", Some(Line::ForwardNotReachable), to ["forward"];
        /// How often the telephone rings.
        Rings = "rings", Some(Line::ForwardRings), to ["rings"];
        /// Back to the main menu.
        Back = "back", Some(Line::GoBack), to ["main"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// Call forwarding under one condition.
    ConditionChoice in "forward" {
        /// Switch it on.
        On = "on", Some(Line::SwitchOn), to ["destination"];
        /// Switch it off.
        Off = "off", Some(Line::SwitchOff);
        /// Enter another number.
        Number = "number", Some(Line::ForwardNumber), to ["destination"];
        /// Hear how it stands.
        Status = "status", Some(Line::ForwardStatus);
        /// Back to the choice of a condition.
        Back = "back", Some(Line::GoBack), to ["forwarding"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// After the number to forward to was typed.
    DestinationChoice in "destination" {
        /// It is right.
        Yes = "yes", Some(Line::ConfirmYes), to ["forward"];
        /// Enter it anew.
        Again = "again", Some(Line::ConfirmNo);
        /// Back, changing nothing.
        Back = "back", Some(Line::GoBack), to ["forward"];
        /// Hear the number and the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The number of rings, but for the figures themselves.
    RingsChoice in "rings" {
        /// Back, changing nothing.
        Back = "back", Some(Line::GoBack), to ["forwarding"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The choice of a service that is on or off.
    ServicesChoice in "services" {
        /// Do not disturb.
        DoNotDisturb = "do-not-disturb", Some(Line::ServiceDisturb), to ["service"];
        /// Withholding the own number.
        HideNumber = "hide-number", Some(Line::ServiceHidden), to ["service"];
        /// Refusing anonymous callers.
        RejectAnonymous = "reject-anonymous", Some(Line::ServiceRejection), to ["service"];
        /// Call waiting.
        CallWaiting = "call-waiting", Some(Line::ServiceWaiting), to ["service"];
        /// All calls to voicemail.
        AlwaysToVoicemail = "always-to-voicemail", Some(Line::ServiceAlwaysVoicemail), to ["service"];
        /// Voicemail when busy.
        BusyToVoicemail = "busy-to-voicemail", Some(Line::ServiceBusyVoicemail), to ["service"];
        /// Voicemail on no answer.
        NoAnswerToVoicemail = "no-answer-to-voicemail", Some(Line::ServiceNoAnswerVoicemail), to ["service"];
        /// Back to the main menu.
        Back = "back", Some(Line::GoBack);
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// One service that is on or off.
    ServiceChoice in "service" {
        /// Switch it on.
        On = "on", Some(Line::SwitchOn);
        /// Switch it off.
        Off = "off", Some(Line::SwitchOff);
        /// Back, changing nothing.
        Back = "back", Some(Line::GoBack), to ["services"];
        /// Hear how it stands and the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The last caller was told.
    CallReturnChoice in "call-return" {
        /// Call that number.
        Call = "call", Some(Line::CallNumber);
        /// End the call.
        Leave = "leave", None;
        /// Hear it again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The choice of a recording.
    GreetingsChoice in "greetings" {
        /// The recorded name.
        Name = "name", Some(Line::GreetingsName), to ["own-recording"];
        /// The busy greeting.
        Busy = "busy", Some(Line::GreetingsBusy), to ["own-recording"];
        /// The no-answer greeting.
        NoAnswer = "no-answer", Some(Line::GreetingsNoAnswer), to ["own-recording"];
        /// The extended-away greeting.
        Away = "away", Some(Line::GreetingsAway), to ["away"];
        /// Back to the main menu.
        Back = "back", Some(Line::GoBack), to ["main"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The name, the busy greeting or the no-answer greeting.
    OwnRecordingChoice in "own-recording" {
        /// Record it.
        Record = "record", Some(Line::GreetingRecord), to ["clip-review"];
        /// Hear what callers hear.
        Listen = "listen", Some(Line::GreetingListen), to ["playing"];
        /// Drop the own recording.
        Revert = "revert", Some(Line::GreetingRevert);
        /// Back to the menu before.
        Back = "back", Some(Line::GoBack);
        /// Hear how it stands and the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The extended-away greeting and service.
    AwayChoice in "away" {
        /// Record it.
        Record = "record", Some(Line::GreetingRecord), to ["clip-review"];
        /// Hear what callers hear.
        Listen = "listen", Some(Line::GreetingListen), to ["playing"];
        /// Drop the own recording.
        Revert = "revert", Some(Line::GreetingRevert);
        /// Switch it on.
        On = "on", Some(Line::SwitchOn);
        /// Switch it off.
        Off = "off", Some(Line::SwitchOff);
        /// Let callers leave no message, or let them again.
        Deposit = "deposit", Some(Line::AwayDepositNo);
        /// Set the last day.
        LastDay = "last-day", Some(Line::AwayUntil);
        /// Back to the menu before.
        Back = "back", Some(Line::GoBack);
        /// Hear how it stands and the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The choice of a language, but for the languages themselves.
    LanguageChoice in "language" {
        /// Back to the main menu.
        Back = "back", Some(Line::GoBack), to ["main"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// The main menu of those who change prompts by telephone.
    OperatorChoice in "operator" {
        /// One prompt, by its number.
        Clip = "clip", Some(Line::OperatorClip), to ["clip"];
        /// The system greetings, one after the other.
        Greetings = "greetings", Some(Line::OperatorGreetings), to ["clip"];
        /// Hear example sentences.
        Audition = "audition", Some(Line::OperatorAudition), to ["sentences"];
        /// Work on the prompts of another language.
        Language = "language", Some(Line::MainLanguage), to ["language"];
        /// Put the version before to use.
        RollBack = "roll-back", Some(Line::OperatorRollBack);
        /// Leave.
        Leave = "leave", Some(Line::MainLeave);
        /// Leave too: the key that goes back everywhere else.
        Back = "back", None;
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// One prompt.
    ClipChoice in "clip" {
        /// Record it.
        Record = "record", Some(Line::ClipRecord), to ["clip-review"];
        /// Hear it as it is now.
        Listen = "listen", Some(Line::ClipListen);
        /// Drop the own recording.
        Revert = "revert", Some(Line::ClipRevert);
        /// To the prompt before.
        Previous = "previous", Some(Line::ClipPrevious);
        /// To the next prompt.
        Next = "next", Some(Line::ClipNext);
        /// Back to the operators' menu.
        Back = "back", Some(Line::GoBack), to ["operator"];
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// After the recording of a prompt, a name or a greeting. It goes back to where it came from,
    /// so it opens no menu.
    ClipReviewChoice in "clip-review" {
        /// Record again.
        Again = "again", Some(Line::RecordingAgain);
        /// Hear the recording.
        Listen = "listen", Some(Line::RecordingListen);
        /// Put it to use.
        Use = "use", Some(Line::RecordingUse);
        /// Back without using the recording.
        Back = "back", Some(Line::GoBack);
        /// Hear the menu again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}

choices! {
    /// While example sentences are heard.
    SentencesChoice in "sentences" {
        /// To the sentence before.
        Previous = "previous", Some(Line::SentencePrevious);
        /// To the next sentence.
        Next = "next", Some(Line::SentenceNext);
        /// Back to the operators' menu.
        Back = "back", Some(Line::GoBack), to ["operator"];
        /// Hear the choices and this sentence again.
        Repeat = "repeat", Some(Line::RepeatChoices);
    }
}
