//! Questions a call has asked and not heard the answer of.
//!
//! Law: every question is answered once, by who was asked or, after [`PATIENCE`], by a fault in
//! their name; an answer that comes later still is ignored. So no flow waits for ever.

use crate::base::{Language, MailboxId, MessageId, Mono, PlayId};
use crate::mailbox;
use std::collections::VecDeque;
use std::time::Duration;

/// How long an answer may take. A caller who hears nothing for longer hangs up.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A mailbox was asked.
    Mail(mailbox::Command),
    /// A log-in is being checked: the attempt of this call with that number.
    LogIn(u32, MailboxId),
    /// A message indicator is being put out.
    Lamp,
    /// The choice of a language is being stored.
    Language(Language),
    /// A recording that is to be kept is being ended.
    End(MessageId),
    /// A recording is being kept.
    Keep(MessageId),
    /// A message is being loaded.
    Audio(PlayId),
    /// The recording is being loaded.
    TakeAudio(MessageId),
}

/// The open questions of a call, oldest first.
#[derive(Debug, Default)]
pub(super) struct Questions(VecDeque<(Mono, Question)>);

impl Question {
    /// What kind it is, for the log, which shows no number.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Question::Mail(_) => "mailbox",
            Question::LogIn(..) => "log-in",
            Question::Lamp => "message indicator",
            Question::Language(_) => "choice of a language",
            Question::End(_) => "ending a recording",
            Question::Keep(_) => "keeping a recording",
            Question::Audio(_) => "audio of a message",
            Question::TakeAudio(_) => "audio of a recording",
        }
    }
}

impl Questions {
    /// Notes a question.
    pub(super) fn ask(&mut self, now: Mono, question: Question) {
        self.0.push_back((now + PATIENCE, question));
    }

    /// Strikes a question out; false when it is not open, so its answer comes too late.
    pub(super) fn answered(&mut self, question: &Question) -> bool {
        let place = self.0.iter().position(|(_, open)| open == question);
        place.and_then(|at| self.0.remove(at)).is_some()
    }

    /// A question whose time is over; it is struck out.
    pub(super) fn overdue(&mut self, now: Mono) -> Option<Question> {
        self.0
            .pop_front_if(|(until, _)| *until <= now)
            .map(|(_, question)| question)
    }

    /// The mailbox of this log-in attempt, while it is being checked.
    pub(super) fn log_in(&self, attempt: u32) -> Option<&MailboxId> {
        self.0.iter().find_map(|(_, question)| match question {
            Question::LogIn(open, mailbox) => (*open == attempt).then_some(mailbox),
            Question::Mail(_)
            | Question::Lamp
            | Question::Language(_)
            | Question::End(_)
            | Question::Keep(_)
            | Question::Audio(_)
            | Question::TakeAudio(_) => None,
        })
    }

    /// When the oldest question is overdue.
    pub(super) fn deadline(&self) -> Option<Mono> {
        self.0.front().map(|(until, _)| *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_verdict_is_not_taken_for_that_of_a_newer_log_in() {
        let mut questions = Questions::default();
        let mailbox = MailboxId::parse("2001").unwrap();
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
