//! Questions a call has asked and not heard the answer of.
//!
//! Law: every question is answered once, by who was asked or, after [`PATIENCE`] (a change of
//! prompts and a message sent have [`CHANGE_PATIENCE`]), by a fault in their name; an answer that
//! comes later still is ignored. So no flow waits for ever.

use crate::base::{MessageId, Mono, PlayId};
use crate::call::vocabulary::Door;
use crate::mailbox;
use std::collections::VecDeque;
use std::time::Duration;

/// How long an answer may take. A caller who hears nothing for longer hangs up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long changing a prompt set may take: a clip is decoded, judged and put among hundreds of
/// others, and another change may come first. The caller hears meanwhile that it takes a moment.
pub const CHANGE_PATIENCE: Duration = Duration::from_secs(60);

/// How long a recorded name or greeting may take: a caller is waiting for the first word, and there
/// are words to say instead.
pub const RECORDING_PATIENCE: Duration = Duration::from_secs(2);

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A mailbox was asked.
    Mail(mailbox::Command),
    /// A log-in is being checked: the attempt of this call with that number, and what it is to
    /// open.
    LogIn(u32, Door),
    /// A message indicator is being put out.
    Lamp,
    /// A recording that is to be kept is being ended.
    End(MessageId),
    /// A recording is being kept.
    Keep(MessageId),
    /// A message is being loaded.
    Audio(PlayId),
    /// The recording is being loaded.
    TakeAudio(MessageId),
    /// A prompt set is being changed: the order of this call with that number.
    Prompts(u32),
    /// What the subscriber has set is being changed: the order of this call with that number.
    Change(u32),
    /// A message is being left in other mailboxes: the order of this call with that number.
    Send(u32),
    /// What subscribers recorded is being loaded for words that are to be said.
    Recordings(PlayId),
    /// Where the last message was stopped is to be reported yet.
    Stopped,
}

/// The open questions of a call, the one that is overdue first in front.
#[derive(Debug, Default)]
pub(super) struct Questions(VecDeque<(Mono, Question)>);

impl Question {
    /// What kind it is, for the log, which shows no number.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Question::Mail(_) => "mailbox",
            Question::LogIn(..) => "log-in",
            Question::Lamp => "message indicator",
            Question::End(_) => "ending a recording",
            Question::Keep(_) => "keeping a recording",
            Question::Audio(_) => "audio of a message",
            Question::TakeAudio(_) => "audio of a recording",
            Question::Prompts(_) => "changing prompts",
            Question::Change(_) => "changing what a subscriber has set",
            Question::Send(_) => "sending a message",
            Question::Recordings(_) => "a recorded name or greeting",
            Question::Stopped => "where a message was stopped",
        }
    }

    fn patience(&self) -> Duration {
        match self {
            Question::Prompts(_) | Question::Send(_) => CHANGE_PATIENCE,
            Question::Recordings(_) => RECORDING_PATIENCE,
            Question::Stopped => super::position::PATIENCE,
            Question::Mail(_)
            | Question::LogIn(..)
            | Question::Lamp
            | Question::End(_)
            | Question::Keep(_)
            | Question::Audio(_)
            | Question::TakeAudio(_)
            | Question::Change(_) => PATIENCE,
        }
    }
}

impl Questions {
    /// Notes a question.
    pub(super) fn ask(&mut self, now: Mono, question: Question) {
        let until = now + question.patience();
        let place = self.0.partition_point(|(other, _)| *other <= until);
        self.0.insert(place, (until, question));
    }

    /// Strikes a question out; false when it is not open, so its answer comes too late.
    pub(super) fn answered(&mut self, question: &Question) -> bool {
        let place = self.0.iter().position(|(_, open)| open == question);
        place.and_then(|at| self.0.remove(at)).is_some()
    }

    /// Strikes a log-in attempt out; false when it is not open.
    pub(super) fn log_in_answered(&mut self, attempt: u32) -> bool {
        let door = self.log_in(attempt).cloned();
        door.is_some_and(|door| self.answered(&Question::LogIn(attempt, door)))
    }

    /// A question whose time is over; it is struck out.
    pub(super) fn overdue(&mut self, now: Mono) -> Option<Question> {
        self.0
            .pop_front_if(|(until, _)| *until <= now)
            .map(|(_, question)| question)
    }

    /// What this log-in attempt is to open, while it is being checked.
    pub(super) fn log_in(&self, attempt: u32) -> Option<&Door> {
        self.0.iter().find_map(|(_, question)| match question {
            Question::LogIn(open, door) => (*open == attempt).then_some(door),
            Question::Mail(_)
            | Question::Lamp
            | Question::End(_)
            | Question::Keep(_)
            | Question::Audio(_)
            | Question::TakeAudio(_)
            | Question::Prompts(_)
            | Question::Change(_)
            | Question::Send(_)
            | Question::Recordings(_)
            | Question::Stopped => None,
        })
    }

    /// When the first question is overdue.
    pub(super) fn deadline(&self) -> Option<Mono> {
        self.0.front().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MailboxId;

    #[test]
    fn a_change_of_prompts_is_waited_for_longer_and_holds_up_no_other_question() {
        let mut questions = Questions::default();
        questions.ask(Mono::ZERO, Question::Prompts(1));
        questions.ask(Mono::ZERO, Question::Lamp);
        let until = questions.deadline().unwrap();
        assert_eq!(until, Mono::ZERO + PATIENCE);
        assert_eq!(questions.overdue(until), Some(Question::Lamp));
        assert_eq!(questions.overdue(until), None);
        assert_eq!(questions.deadline(), Some(Mono::ZERO + CHANGE_PATIENCE));
    }

    #[test]
    fn a_late_verdict_is_not_taken_for_that_of_a_newer_log_in() {
        let mut questions = Questions::default();
        let mailbox = Door::Mailbox(MailboxId::parse("2001").unwrap());
        questions.ask(Mono::ZERO, Question::LogIn(1, mailbox.clone()));
        questions.overdue(Mono::ZERO + PATIENCE).unwrap();
        questions.ask(Mono::ZERO + PATIENCE, Question::LogIn(2, mailbox.clone()));
        assert_eq!(questions.log_in(1), None);
        assert_eq!(questions.log_in(2), Some(&mailbox));
    }

    #[test]
    fn an_answer_counts_once_and_never_after_its_time() {
        let mut questions = Questions::default();
        let question = Question::Mail(mailbox::Command::List);
        questions.ask(Mono::ZERO, question.clone());
        assert!(questions.answered(&question));
        assert!(!questions.answered(&question));

        questions.ask(Mono::ZERO, question.clone());
        let end = questions.deadline().unwrap();
        assert_eq!(questions.overdue(Mono::ZERO), None);
        assert_eq!(questions.overdue(end), Some(question.clone()));
        assert!(!questions.answered(&question));
        assert_eq!(questions.deadline(), None);
    }
}
