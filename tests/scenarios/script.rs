//! The words of a scenario file, read into steps.
//!
//! One line, one step. `given ...` sets the scene; `call ...` places a call; indented lines say
//! what its caller hears and does; `then ...` says what has become of it. A comment begins a line
//! with `# ` or follows two spaces. Words nobody knows are faults.
//!
//! ```text
//! given mailbox 2001 with passcode 4321      also: language nl, assistant 2009, number +31201232001,
//!                                            tenant acme
//! given the languages are en nl              also: the languages of acme are nl fr
//! given callers from +32 hear fr             also: callers of acme from +32 hear fr
//! given there are no prompts in fr
//! given storing what is set fails
//! given initial passcodes must be changed
//! given the keys of Asterisk                 examples/menus-asterisk.toml
//! given subscriber 2001 forwards busy to 0612345678      also: always, no-answer, not-reachable
//! given subscriber 2001 has on do-not-disturb            also: off, and the other features
//! given subscriber 2001 has logged in 5 times | must choose a passcode
//! given mailbox 2001 has new message 20s from 0612345678     also: saved, urgent, private, without from
//! given mailbox 2001 with e-mail a@x.nl      messages go there and into no mailbox
//! given mailbox 2001 is unavailable          also: available, read-only
//! given mailbox 2001 is cut-off              what it has is on its way there
//! given mailbox 2001 is almost full          also: full
//! given mailbox 2001 will remove 2           messages, soon
//! given 2001 recorded the name 2s            also: the busy, no-answer or away greeting
//! given 2001 is away until 2026-12-24 without messages       either may be left out
//! given what was recorded is lost
//! given message indicators fail
//! given message 1 of 2001 is damaged         also: gone
//! given disk full                            also: given disk has room
//! given beginning a recording fails | keeping a recording fails | reading a recording fails
//! given the disk breaks after 3s | the disk falls behind after 3s
//! given the disk takes 2s | mailboxes take 2s | passcodes take 2s
//! given prompts 9700 with passcode 2580      also: of acme, without passcode
//! given every recording is too quiet         also: too loud; the studio fails, works, takes 5s
//! given messages are at most 5s long | silence never ends a recording
//! given network loses 2% doubles 1% delays 20ms jitters 40ms seed 7     signalling likewise
//! given the peer is not trusted
//!
//! call 1233 from 2001                        also: late offer, mu-law, withheld
//! call 9 from 06 diverted by 2001 because no-answer     also: by history, by target
//!   hears portal-welcome, .., beep           in this order; `..` stands for any sounds
//!   hears message 1 from 3.0s                also: own message from 0s, recording 1 from 0s
//!   hears message 3s ahead | 3s back         of where it would have been; within a packet
//!   hears message on from there              where it stopped before the silence
//!   hears silence for 2s
//!   presses 4321#
//!   holds 7 down for 2s
//!   presses 5 by INFO | a stranger presses 5
//!   after 5s presses 3                       since what was heard last began
//!   waits 3s
//!   speaks 5s | begins to speak 20s
//!   the line is busy for 20s                as when someone hung up and the line stayed open
//!   hangs up | gives up
//!   is hung up on within 5s | is refused with 404 | is transferred to 2009
//!   puts the call on hold | puts the call on silent hold | resumes
//!   loses the connection | stops sending audio
//!   the server is told to stop
//! in call 1                                  the next lines are about this one again
//!
//! then mailbox 2001 has 1 new 0 saved
//! then the newest message of 2001 is 5.0s long
//! then the newest message of 2001 is in nl   that is, its mail is
//! then the newest message of 2001 holds speech 2
//! then the newest message of 2001 is marked urgent private     or nothing
//! then nothing was recorded
//! then subscriber 2001 has on do-not-disturb   also: forwards busy to 0612345678, does not forward
//!                                              busy, has 7 rings
//! then 2001 has set name, busy greeting, away without messages     or nothing
//! then prompts were changed: 9700 en replace leave-message done, ...      in the log, in order
//! then no prompts were changed
//! then the indicator of 2001 is off          also: on
//! then the keys taken were 123
//! then the keys 4321 are in no log
//! ```

mod scene;

pub use scene::{Given, kind_name};

use belpost::sdp::Direction;
use std::time::Duration;

/// A step and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The line, from 1.
    pub line: usize,
    /// The words.
    pub text: String,
    /// Their meaning.
    pub what: What,
}

/// What a line means.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The scene.
    Given(Given),
    /// A call is placed.
    Call(crate::dial::Dial),
    /// The next lines are about this call, from 0.
    InCall(usize),
    /// These sounds, in this order.
    Hears(Vec<Expected>),
    /// This part of a message.
    HearsSpeech(Which, Spot),
    /// Nothing.
    HearsSilence(Duration),
    /// Keys.
    Presses(String),
    /// Keys by SIP INFO.
    PressesByInfo(String),
    /// Keys in packets of someone who is not in the call.
    StrangerPresses(String),
    /// One key for this long.
    HoldsDown(String, Duration),
    /// A pause.
    Waits(Duration),
    /// A step at this time after the last sound heard began.
    After(Duration, Box<What>),
    /// Speech.
    Speaks {
        /// How long.
        span: Duration,
        /// Whether the next line is about the time after it.
        to_the_end: bool,
    },
    /// The busy tone.
    LineIsBusy(Duration),
    /// The caller ends the call.
    HangsUp,
    /// The caller ends the call before the answer.
    GivesUp,
    /// The server ends the call, within this time.
    IsHungUpOn(Duration),
    /// The server refuses the call.
    IsRefused(u16),
    /// The server sends the caller elsewhere.
    IsTransferred(String),
    /// Hold, with audio or without, or back.
    Holds(Direction),
    /// Nothing comes through any more.
    LosesConnection,
    /// No audio is sent any more.
    StopsSending,
    /// The operator stops the server.
    ServerStops,
    /// A claim about what is left.
    Then(Claim),
}

/// One sound of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This sound: a clip by name, `beep`, `message` or `tone`.
    Sound(String),
    /// Any number of sounds.
    Any,
}

/// Which speech is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The message with this number, from 0.
    Message(usize),
    /// What was recorded before the first call, by number, from 0.
    Recording(usize),
    /// What the caller said last in this call.
    Own,
}

/// Which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// From here.
    From(Duration),
    /// This many ms from where it would have been.
    Moved(i64),
    /// From where it stopped before the silence.
    OnFromThere,
}

/// What is claimed at the end.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    Counts {
        mailbox: String,
        new: usize,
        saved: usize,
    },
    NewestIs {
        mailbox: String,
        span: Duration,
    },
    NewestHolds {
        mailbox: String,
        speech: usize,
    },
    NewestIsIn {
        mailbox: String,
        language: String,
    },
    /// How it is marked, in words.
    NewestIsMarked {
        mailbox: String,
        marks: String,
    },
    NothingRecorded,
    /// What a subscriber has set.
    HasSet {
        mailbox: String,
        what: String,
    },
    /// What `given subscriber` would set is set already.
    Stands {
        mailbox: String,
        words: Vec<String>,
    },
    /// Every change of prompts in the log.
    Prompts(String),
    Lamp {
        mailbox: String,
        on: bool,
    },
    KeysTaken(String),
    NotLogged(String),
}

/// Reads a scenario. The fault names the line.
pub fn read(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let told = line.find("  # ").map_or(line, |at| &line[..at]).trim();
        if told.is_empty() || told.starts_with("# ") || told == "#" {
            continue;
        }
        let words: Vec<&str> = told.split_whitespace().collect();
        let what = step(&words).ok_or_else(|| format!("{}: nobody knows \"{told}\"", n + 1))?;
        steps.push(Step {
            line: n + 1,
            text: told.to_owned(),
            what,
        });
    }
    Ok(steps)
}

fn step(words: &[&str]) -> Option<What> {
    Some(match words {
        ["given", rest @ ..] => What::Given(scene::given(rest)?),
        ["then", rest @ ..] => What::Then(claim(rest)?),
        ["call", to, "from", from, rest @ ..] => What::Call(dial(to, from, rest)?),
        ["in", "call", n] => What::InCall(n.parse::<usize>().ok()?.checked_sub(1)?),
        ["hears", rest @ ..] => hears(rest)?,
        ["presses", keys, "by", "INFO"] => What::PressesByInfo((*keys).to_owned()),
        ["a", "stranger", "presses", keys] => What::StrangerPresses((*keys).to_owned()),
        ["presses", keys] => What::Presses((*keys).to_owned()),
        ["holds", key, "down", "for", span] => What::HoldsDown((*key).to_owned(), duration(span)?),
        ["waits", span] => What::Waits(duration(span)?),
        ["after", span, rest @ ..] => What::After(duration(span)?, Box::new(step(rest)?)),
        ["speaks", span] => What::Speaks {
            span: duration(span)?,
            to_the_end: true,
        },
        ["begins", "to", "speak", span] => What::Speaks {
            span: duration(span)?,
            to_the_end: false,
        },
        ["the", "line", "is", "busy", "for", span] => What::LineIsBusy(duration(span)?),
        ["hangs", "up"] => What::HangsUp,
        ["gives", "up"] => What::GivesUp,
        ["is", "hung", "up", "on"] => What::IsHungUpOn(Duration::from_secs(10)),
        ["is", "hung", "up", "on", "within", span] => What::IsHungUpOn(duration(span)?),
        ["is", "refused", "with", status] => What::IsRefused(status.parse().ok()?),
        ["is", "transferred", "to", number] => What::IsTransferred((*number).to_owned()),
        ["puts", "the", "call", "on", "hold"] => What::Holds(Direction::SendOnly),
        ["puts", "the", "call", "on", "silent", "hold"] => What::Holds(Direction::Inactive),
        ["resumes"] => What::Holds(Direction::SendRecv),
        ["loses", "the", "connection"] => What::LosesConnection,
        ["stops", "sending", "audio"] => What::StopsSending,
        ["the", "server", "is", "told", "to", "stop"] => What::ServerStops,
        _ => return None,
    })
}

fn hears(words: &[&str]) -> Option<What> {
    let whole = words.join(" ");
    Some(match words {
        ["silence", "for", span] => What::HearsSilence(duration(span)?),
        ["own", "message", "from", at] => What::HearsSpeech(Which::Own, Spot::From(duration(at)?)),
        ["recording", n, "from", at] => {
            let recording = n.parse::<usize>().ok()?.checked_sub(1)?;
            What::HearsSpeech(Which::Recording(recording), Spot::From(duration(at)?))
        }
        ["message", "on", "from", "there"] => What::HearsSpeech(Which::Own, Spot::OnFromThere),
        ["message", n, "from", at] => {
            let message = n.parse::<usize>().ok()?.checked_sub(1)?;
            What::HearsSpeech(Which::Message(message), Spot::From(duration(at)?))
        }
        ["message", by, way @ ("ahead" | "back")] => {
            let ms = duration(by)?.as_millis() as i64;
            let moved = if *way == "ahead" { ms } else { -ms };
            What::HearsSpeech(Which::Own, Spot::Moved(moved))
        }
        _ => What::Hears(whole.split(", ").map(expected).collect::<Option<_>>()?),
    })
}

fn expected(name: &str) -> Option<Expected> {
    let clip = name.split_once('/').map_or(name, |(_, clip)| clip);
    let known = ["beep", "message", "tone"].contains(&clip) || clips().iter().any(|id| id == clip);
    match name {
        ".." => Some(Expected::Any),
        name => known.then(|| Expected::Sound(name.to_owned())),
    }
}

fn clips() -> &'static [String] {
    use belpost::prompt::Grammar;
    static CLIPS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    CLIPS.get_or_init(|| {
        let clips = [Grammar::English, Grammar::Dutch].map(Grammar::all_clips);
        clips.concat().iter().map(ToString::to_string).collect()
    })
}

fn dial(to: &str, from: &str, words: &[&str]) -> Option<crate::dial::Dial> {
    use crate::dial::DivertedBy;
    let mut dial = crate::dial::Dial {
        to: to.to_owned(),
        from: from.to_owned(),
        ..Default::default()
    };
    let mut rest = words;
    while let [word, ..] = rest {
        rest = match (*word, &rest[1..]) {
            ("late", ["offer", rest @ ..]) => {
                dial.late_offer = true;
                rest
            }
            ("mu-law", rest) => {
                dial.mu_law = true;
                rest
            }
            ("withheld", rest) => {
                dial.withheld = true;
                rest
            }
            ("diverted", ["by", by, "because", reason, rest @ ..]) => {
                let (how, rest) = match rest {
                    ["by", "history", rest @ ..] => (DivertedBy::History, rest),
                    ["by", "target", rest @ ..] => (DivertedBy::Target, rest),
                    rest => (DivertedBy::Diversion, rest),
                };
                dial.diverted = Some(((*by).to_owned(), (*reason).to_owned(), how));
                rest
            }
            _ => return None,
        };
    }
    Some(dial)
}

fn claim(words: &[&str]) -> Option<Claim> {
    let text = |word: &&str| (*word).to_owned();
    Some(match words {
        ["mailbox", mailbox, "has", new, "new", saved, "saved"] => Claim::Counts {
            mailbox: text(mailbox),
            new: new.parse().ok()?,
            saved: saved.parse().ok()?,
        },
        ["the", "newest", "message", "of", mailbox, "is", "in", tag] => Claim::NewestIsIn {
            mailbox: text(mailbox),
            language: text(tag),
        },
        [
            "the",
            "newest",
            "message",
            "of",
            mailbox,
            "is",
            span,
            "long",
        ] => Claim::NewestIs {
            mailbox: text(mailbox),
            span: duration(span)?,
        },
        [
            "the",
            "newest",
            "message",
            "of",
            mailbox,
            "holds",
            "speech",
            n,
        ] => {
            let speech = n.parse::<usize>().ok()?.checked_sub(1)?;
            Claim::NewestHolds {
                mailbox: text(mailbox),
                speech,
            }
        }
        [
            "the",
            "indicator",
            "of",
            mailbox,
            "is",
            how @ ("on" | "off"),
        ] => Claim::Lamp {
            mailbox: text(mailbox),
            on: *how == "on",
        },
        [
            "the",
            "newest",
            "message",
            "of",
            mailbox,
            "is",
            "marked",
            marks @ ..,
        ] => Claim::NewestIsMarked {
            mailbox: text(mailbox),
            marks: marks.join(" "),
        },
        ["nothing", "was", "recorded"] => Claim::NothingRecorded,
        ["subscriber", mailbox, words @ ..] => Claim::Stands {
            mailbox: text(mailbox),
            words: words.iter().map(text).collect(),
        },
        [mailbox, "has", "set", what @ ..] => Claim::HasSet {
            mailbox: text(mailbox),
            what: what.join(" "),
        },
        ["prompts", "were", "changed:", rest @ ..] => Claim::Prompts(rest.join(" ")),
        ["no", "prompts", "were", "changed"] => Claim::Prompts(String::new()),
        ["the", "keys", "taken", "were", keys] => Claim::KeysTaken(text(keys)),
        ["the", "keys", keys, "are", "in", "no", "log"] => Claim::NotLogged(text(keys)),
        _ => return None,
    })
}

/// Reads "3s", "2.5s", "400ms" or "2m".
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text {
        text if text.ends_with("ms") => (text.strip_suffix("ms")?, 0.001),
        text if text.ends_with('s') => (text.strip_suffix('s')?, 1.0),
        text => (text.strip_suffix('m')?, 60.0),
    };
    let number = number
        .parse::<f64>()
        .ok()
        .filter(|n| (0.0..100_000.0).contains(n))?;
    Some(Duration::from_secs_f64(number * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_nobody_knows_are_faults_with_their_line() {
        for bad in [
            "hears greeting",
            "presses",
            "given mailbox 2001 with cat",
            "then 2001",
            "waits 3",
        ] {
            let fault = read(&format!("# a comment\n{bad}")).unwrap_err();
            assert!(fault.starts_with("2: "), "{fault}");
        }
    }

    #[test]
    fn a_hash_is_a_key_and_two_spaces_make_it_a_comment() {
        let steps = read("  presses #   # the hash key\n").unwrap();
        assert_eq!(steps[0].what, What::Presses("#".to_owned()));
    }
}
