//! The menus as data: which key makes which choice, and how the choice is announced.
//!
//! In: the text of `menus.toml`, and an operator's file laid over it. Out: one typed [`Menu`] for
//! each place that takes keys. Laws: every choice has at most one key; what is announced has a key
//! and what has a key is announced or meant to work silently; every menu can be reached.
//! The spoken menu is made from the key map, so the two cannot differ.
//! What a choice does is not here but in the state that asks for it.

mod check;
mod choice;
mod read;

pub use choice::{
    AwayChoice, BetweenChoice, CallReturnChoice, Choice, ClipChoice, ClipReviewChoice,
    ConditionChoice, ConfirmChoice, DestinationChoice, ForwardingChoice, GreetingChoice,
    GreetingsChoice, LanguageChoice, MainChoice, MoreChoice, OperatorChoice, OwnRecordingChoice,
    PlayingChoice, RecordingChoice, ReviewChoice, RingsChoice, SendingChoice, SentencesChoice,
    ServiceChoice, ServicesChoice, VoicemailChoice,
};

use super::Detail;
use crate::base::Digit;
use crate::prompt::{Line, Phrase};
use std::fmt;
use std::time::Duration;

/// The shipped menus.
const DEFAULTS: &str = include_str!("../menus.toml");

/// One menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu<C> {
    /// Which key makes which choice; each key and each choice once.
    keys: Vec<(Digit, C)>,
    /// What is announced, in this order.
    said: Vec<C>,
    /// What works without being announced, in this order.
    unsaid: Vec<C>,
    /// Silent or wrong entries until the menu ends, where it has its own number.
    pub tries: Option<u8>,
    /// How long to wait for a key, where it has its own span.
    pub wait: Option<Duration>,
}

impl<C: Choice> Menu<C> {
    /// What this key chooses.
    pub fn choice(&self, key: Digit) -> Option<C> {
        self.keys.iter().find(|(k, _)| *k == key).map(|(_, c)| *c)
    }

    /// The key that makes this choice.
    pub fn key(&self, choice: C) -> Option<Digit> {
        self.keys
            .iter()
            .find(|(_, c)| *c == choice)
            .map(|(k, _)| *k)
    }

    /// Every choice with its key, announced ones first, in the order of the file.
    pub fn choices(&self) -> Vec<(Digit, C)> {
        let all = self.said.iter().chain(&self.unsaid);
        all.filter_map(|c| Some((self.key(*c)?, *c))).collect()
    }

    /// The spoken menu.
    pub fn spoken(&self) -> Vec<Phrase> {
        self.spoken_as(Detail::Full, C::line)
    }

    /// The spoken menu in the fewest words, for whoever has heard it before.
    pub fn spoken_brief(&self) -> Vec<Phrase> {
        self.spoken_as(Detail::Brief, C::line)
    }

    /// The spoken menu, each choice in the words that `line` has for it; `None` leaves it out.
    pub fn spoken_as(&self, detail: Detail, line: impl Fn(C) -> Option<Line>) -> Vec<Phrase> {
        self.said
            .iter()
            .filter_map(|c| Some(announced(detail, line(*c)?, self.key(*c)?)))
            .collect()
    }
}

/// One choice as it is announced.
fn announced(detail: Detail, line: Line, key: Digit) -> Phrase {
    match detail {
        Detail::Brief if line.has_brief() => Phrase::Brief(line, key),
        Detail::Brief | Detail::Full => Phrase::Choice(line, key),
    }
}

/// All menus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menus {
    /// While the greeting plays.
    pub greeting: Menu<GreetingChoice>,
    /// While a caller speaks.
    pub recording: Menu<RecordingChoice>,
    /// After a recording.
    pub review: Menu<ReviewChoice>,
    /// The main menu of the portal.
    pub main: Menu<MainChoice>,
    /// The voicemail menu.
    pub voicemail: Menu<VoicemailChoice>,
    /// While a message plays.
    pub playing: Menu<PlayingChoice>,
    /// After a message.
    pub between: Menu<BetweenChoice>,
    /// More to do with a message.
    pub more: Menu<MoreChoice>,
    /// Before a message is sent.
    pub sending: Menu<SendingChoice>,
    /// Whether all messages are to be deleted.
    pub confirm_delete: Menu<ConfirmChoice>,
    /// Call forwarding.
    pub forwarding: Menu<ForwardingChoice>,
    /// Call forwarding under one condition.
    pub forward: Menu<ConditionChoice>,
    /// After the number to forward to was typed.
    pub destination: Menu<DestinationChoice>,
    /// The number of rings; the figures from 1 to 9 that it leaves free are that number.
    pub rings: Menu<RingsChoice>,
    /// The choice of a service that is on or off.
    pub services: Menu<ServicesChoice>,
    /// One service that is on or off.
    pub service: Menu<ServiceChoice>,
    /// The last caller was told.
    pub call_return: Menu<CallReturnChoice>,
    /// The choice of a recording of one's own.
    pub greetings: Menu<GreetingsChoice>,
    /// The name, the busy greeting or the no-answer greeting.
    pub own_recording: Menu<OwnRecordingChoice>,
    /// The extended-away greeting and service.
    pub away: Menu<AwayChoice>,
    /// The choice of a language; the languages themselves have the figures it leaves free.
    pub language: Menu<LanguageChoice>,
    /// The main menu of those who change prompts by telephone.
    pub operator: Menu<OperatorChoice>,
    /// One prompt.
    pub clip: Menu<ClipChoice>,
    /// After the recording of a prompt, a name or a greeting.
    pub clip_review: Menu<ClipReviewChoice>,
    /// While example sentences are heard.
    pub sentences: Menu<SentencesChoice>,
}

impl Menus {
    /// Reads an operator's file and lays it over the shipped menus; the empty text changes
    /// nothing. Reports every fault found, in the order of the file.
    pub fn parse(text: &str) -> Result<Menus, Vec<MenuFault>> {
        let mut faults = Vec::new();
        let shipped = read::menus(DEFAULTS, &mut faults);
        let own = read::menus(text, &mut faults);
        let menus = check::menus(&shipped.overlaid(own), &mut faults);
        if faults.is_empty() {
            Ok(menus)
        } else {
            faults.sort_by_key(|f| f.line.unwrap_or(u32::MAX));
            Err(faults)
        }
    }
}

impl Default for Menus {
    /// The shipped menus.
    #[allow(clippy::expect_used)]
    fn default() -> Menus {
        // invariant: the shipped file is part of the program, and a test reads it.
        Menus::parse("").expect("the shipped menus are sound")
    }
}

/// One fault in an operator's menus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuFault {
    /// The line of the operator's file to blame, from 1; `None` for a fault of what is below it.
    pub line: Option<u32>,
    /// What is wrong.
    pub mistake: MenuMistake,
}

impl MenuFault {
    /// The fault as a line that begins with its place, as compilers print theirs.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        let mistake = &self.mistake;
        match self.line {
            Some(line) => format!("{file}:{line}: {mistake}"),
            None => format!("{file}: {mistake}"),
        }
    }
}

impl fmt::Display for MenuFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.mistake),
            None => self.mistake.fmt(f),
        }
    }
}

impl std::error::Error for MenuFault {}

/// What can be wrong with a menu file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MenuMistake {
    /// Not TOML, or a key given twice.
    #[error("{0}")]
    Syntax(String),
    /// No such menu.
    #[error("there is no menu {0:?}; the menus are {known}", known = choice::MENU_NAMES.join(", "))]
    UnknownMenu(String),
    /// No such setting of a menu.
    #[error("menu {menu} has no setting {name:?}; it has keys, say, unsaid, tries and wait")]
    UnknownSetting {
        /// The menu.
        menu: String,
        /// What was written.
        name: String,
    },
    /// A value of the wrong kind or out of its range.
    #[error("menu {menu}: {name} must be {expected}")]
    WrongValue {
        /// The menu.
        menu: String,
        /// The setting.
        name: String,
        /// What it must be.
        expected: &'static str,
    },
    /// Not one of the twelve keys.
    #[error("menu {menu}: {key:?} is not one of the keys 0-9, * and #")]
    NotAKey {
        /// The menu.
        menu: String,
        /// What was written.
        key: String,
    },
    /// No such choice in this menu.
    #[error("menu {menu} has no choice {choice:?}; it has {known}")]
    UnknownChoice {
        /// The menu.
        menu: &'static str,
        /// What was written.
        choice: String,
        /// The choices it has.
        known: String,
    },
    /// A choice on two keys, or announced twice.
    #[error("menu {menu}: {choice} stands twice in {place}")]
    Twice {
        /// The menu.
        menu: &'static str,
        /// The choice.
        choice: String,
        /// Where.
        place: &'static str,
    },
    /// Announced, but no key makes it.
    #[error("menu {menu}: {choice} is listed in say or unsaid but has no key")]
    NoKey {
        /// The menu.
        menu: &'static str,
        /// The choice.
        choice: String,
    },
    /// A key makes it, but nothing says so.
    #[error("menu {menu}: {choice} has a key but stands in neither say nor unsaid")]
    NotAnnounced {
        /// The menu.
        menu: &'static str,
        /// The choice.
        choice: String,
    },
    /// There are no words for it.
    #[error("menu {menu}: no prompt announces {choice}; list it in unsaid")]
    NoWords {
        /// The menu.
        menu: &'static str,
        /// The choice.
        choice: String,
    },
    /// A prompt names the key in its words.
    #[error("menu {menu}: {choice} must stay on #, because a prompt says so")]
    FixedKey {
        /// The menu.
        menu: &'static str,
        /// The choice.
        choice: String,
    },
    /// No key leads there.
    #[error("menu {0} cannot be reached: no choice leads to it")]
    Unreachable(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::user_card;
    use crate::prompt::Grammar;

    fn faults(text: &str) -> Vec<String> {
        let faults = Menus::parse(text).expect_err("must be refused");
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_shipped_menus_are_sound_and_follow_the_manual() {
        let menus = Menus::default();
        let playing = [
            (Digit::D1, PlayingChoice::Rewind),
            (Digit::D2, PlayingChoice::Pause),
            (Digit::D3, PlayingChoice::Forward),
            (Digit::D4, PlayingChoice::Start),
            (Digit::D6, PlayingChoice::End),
        ];
        for (key, choice) in playing {
            assert_eq!(menus.playing.choice(key), Some(choice));
        }
        let review = [
            (Digit::D1, ReviewChoice::Again),
            (Digit::D2, ReviewChoice::Listen),
            (Digit::D3, ReviewChoice::Keep),
            (Digit::Pound, ReviewChoice::Repeat),
        ];
        for (key, choice) in review {
            assert_eq!(menus.review.choice(key), Some(choice));
        }
        assert_eq!(
            menus.main.spoken(),
            [
                Phrase::Choice(Line::MainVoicemail, Digit::D1),
                Phrase::Choice(Line::MainMessages, Digit::D2),
                Phrase::Choice(Line::MainGreetings, Digit::D3),
                Phrase::Choice(Line::MainForwarding, Digit::D4),
                Phrase::Choice(Line::MainServices, Digit::D0),
                Phrase::Choice(Line::MainLanguage, Digit::D6),
                Phrase::Choice(Line::MainStatus, Digit::D7),
                Phrase::Choice(Line::MainPasscode, Digit::D8),
                Phrase::Choice(Line::MainLeave, Digit::D9),
                Phrase::Choice(Line::RepeatChoices, Digit::Pound),
            ]
        );
    }

    #[test]
    fn a_menu_in_brief_has_the_same_choices_on_the_same_keys() {
        let menus = Menus::default();
        let brief = menus.review.spoken_brief();
        assert_eq!(brief[0], Phrase::Brief(Line::ReviewAgain, Digit::D1));
        let key = |phrase: &Phrase| match phrase {
            Phrase::Choice(line, key) | Phrase::Brief(line, key) => Some((*line, *key)),
            _ => None,
        };
        let keys = |menu: &[Phrase]| menu.iter().map(key).collect::<Vec<_>>();
        assert_eq!(keys(&brief), keys(&menus.review.spoken()));
    }

    #[test]
    fn an_operator_moves_a_key_and_the_spoken_menu_follows() {
        let text = "[main]\nkeys = { \"5\" = \"voicemail\", \"9\" = \"leave\" }\n\
                    say = [\"leave\", \"voicemail\"]\ntries = 2\nwait = 9\n";
        let menus = Menus::parse(text).unwrap();
        assert_eq!(menus.main.choice(Digit::D5), Some(MainChoice::Voicemail));
        assert_eq!(menus.main.choice(Digit::D1), None);
        assert_eq!(menus.main.tries, Some(2));
        assert_eq!(menus.main.wait, Some(Duration::from_secs(9)));
        assert_eq!(
            menus.main.spoken(),
            [
                Phrase::Choice(Line::MainLeave, Digit::D9),
                Phrase::Choice(Line::MainVoicemail, Digit::D5),
            ]
        );
        assert_eq!(menus.review, Menus::default().review);
    }

    #[test]
    fn the_layout_of_asterisk_is_sound_and_has_its_keys() {
        let menus = Menus::parse(include_str!("../../../examples/menus-asterisk.toml")).unwrap();
        let playing = [
            (Digit::Star, PlayingChoice::Rewind),
            (Digit::Pound, PlayingChoice::Forward),
            (Digit::D0, PlayingChoice::Pause),
            (Digit::D7, PlayingChoice::Delete),
            (Digit::D9, PlayingChoice::Save),
        ];
        for (key, choice) in playing {
            assert_eq!(menus.playing.choice(key), Some(choice));
        }
        let between = [
            (Digit::D4, BetweenChoice::Previous),
            (Digit::D5, BetweenChoice::Replay),
            (Digit::D6, BetweenChoice::Next),
            (Digit::D7, BetweenChoice::Delete),
            (Digit::D9, BetweenChoice::Save),
        ];
        for (key, choice) in between {
            assert_eq!(menus.between.choice(key), Some(choice));
        }
        assert_eq!(menus.main.choice(Digit::Pound), Some(MainChoice::Leave));
        for (language, row) in [
            (Grammar::Dutch, "| `#` | Sluit de voice portal af |"),
            (Grammar::English, "| `#` | Leave the voice portal |"),
        ] {
            let card = user_card(&menus, language);
            assert!(card.contains(row), "{card}");
        }
    }

    #[test]
    fn every_fault_is_reported_with_its_line() {
        let text = "[mane]\ntries = 1\n[main]\ncolour = 1\ntries = 99\nkeys = { \"1\" = \"fly\", \
                    \"x\" = \"leave\" }\nsay = [\"leave\"]\n";
        let found = faults(text);
        let expected = [
            "line 1: there is no menu \"mane\"",
            "line 4: menu main has no setting \"colour\"",
            "line 5: menu main: tries must be a whole number from 1 to 10",
            "line 6: menu main: \"x\" is not one of the keys",
            "line 6: menu main has no choice \"fly\"",
            "line 7: menu main: leave is listed in say or unsaid but has no key",
            "line 6: menu voicemail cannot be reached",
            "line 6: menu playing cannot be reached",
            "line 6: menu between cannot be reached",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for start in expected {
            assert!(
                found.iter().any(|f| f.starts_with(start)),
                "{start} {found:#?}"
            );
        }
    }

    #[test]
    fn a_menu_file_with_one_fault_is_refused_for_that_fault() {
        let cases = [
            (
                "[language.keys]\n\"*\" = \"back\"\n\"#\" = \"repeat\"\n\"*\" = \"repeat\"\n",
                "line 4: duplicate key",
            ),
            (
                "[language]\nkeys = { \"1\" = \"back\", \"2\" = \"back\", \"#\" = \"repeat\" }\n",
                "line 2: menu language: back stands twice in keys",
            ),
            (
                "[language]\nsay = [\"back\", \"repeat\", \"back\"]\n",
                "line 2: menu language: back stands twice in say and unsaid",
            ),
            (
                "[language]\nsay = [\"repeat\"]\n",
                "line 2: menu language: back has a key but stands in neither say nor unsaid",
            ),
            (
                "[language]\n\nkeys = { \"*\" = \"back\", \"#\" = \"repeat\" }\nsay = [\"back\"]\n",
                "line 3: menu language: repeat has a key but stands in neither say nor unsaid",
            ),
            (
                "[language]\nkeys = { \"*\" = \"back\" }\n",
                "line 2: menu language: repeat is listed in say or unsaid but has no key",
            ),
            (
                "[greeting]\nsay = [\"record\"]\nunsaid = [\"log-in\", \"assistant\"]\n",
                "line 2: menu greeting: no prompt announces record",
            ),
            (
                "[recording]\nkeys = { \"5\" = \"stop\" }\n",
                "line 2: menu recording: stop must stay on #",
            ),
            (
                "[main]\nwait = \"long\"\n",
                "line 2: menu main: wait must be",
            ),
            ("[main]\nkeys = 3\n", "line 2: menu main: keys must be"),
            ("main = 3\n", "line 1: menu main: main must be a table"),
            ("[main]\nsay = [3]\n", "line 2: menu main: say must be"),
        ];
        for (text, expected) in cases {
            let found = faults(text);
            assert!(found[0].starts_with(expected), "{expected}: {found:#?}");
            assert_eq!(found.len(), 1, "{found:#?}");
        }
    }

    #[test]
    fn a_broken_file_still_shows_its_other_faults() {
        let found = faults("[main]\ntries = = 3\nwait = 99\n[mane]\n");
        assert!(
            found.iter().any(|f| f.starts_with("line 2: ")),
            "{found:#?}"
        );
        assert!(found.iter().any(|f| f.contains("\"mane\"")), "{found:#?}");
    }
}
