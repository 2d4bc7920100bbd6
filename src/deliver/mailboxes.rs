//! The mailbox thread: questions in, answers out, never on a caller's thread.

use super::StartFault;
use super::maildir::{Maildir, Store};
use super::vocabulary::{Answer, Answered, Busy, Question, Token};
use crate::base::MailboxId;
use crate::mailbox::Outbox;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// The most questions that wait.
pub const QUESTIONS_MAX: usize = 4_096;

/// A running mailbox thread. Dropping it answers what was asked and ends the thread.
pub struct Mailboxes {
    /// `None` only while it is dropped.
    questions: Option<SyncSender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

struct Asked {
    token: Token,
    mailbox: MailboxId,
    question: Question,
}

impl Mailboxes {
    /// Starts the thread. Answers are handed to `answer` on it, in the order of the questions:
    /// it must not block.
    pub fn start(
        maildir: Maildir,
        outbox: Arc<dyn Outbox>,
        answer: impl FnMut(Answered) + Send + 'static,
    ) -> Result<Mailboxes, StartFault> {
        let (questions, asked) = sync_channel(QUESTIONS_MAX);
        let store = Store::new(maildir, outbox);
        let thread = thread::Builder::new().name("mailboxes".into());
        let thread = thread
            .spawn(move || run(store, &asked, answer))
            .map_err(StartFault)?;
        Ok(Mailboxes {
            questions: Some(questions),
            thread: Some(thread),
        })
    }

    /// Asks a mailbox; exactly one answer with this token follows.
    pub fn ask(&self, token: Token, mailbox: MailboxId, question: Question) -> Result<(), Busy> {
        let asked = Asked {
            token,
            mailbox,
            question,
        };
        let questions = self.questions.as_ref().ok_or(Busy)?;
        questions.try_send(asked).map_err(|_| Busy)
    }
}

impl Drop for Mailboxes {
    fn drop(&mut self) {
        self.questions = None;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the mailbox thread ended by a bug");
        }
    }
}

fn run(mut store: Store, asked: &Receiver<Asked>, mut answer: impl FnMut(Answered)) {
    for Asked {
        token,
        mailbox,
        question,
    } in asked
    {
        let told = match question {
            Question::Command(command) => Answer::Reply(store.command(&mailbox, command)),
            Question::Audio(id) => Answer::Audio(id, store.audio(&mailbox, id)),
            Question::Tally => Answer::Tally(store.tally(&mailbox)),
        };
        answer(Answered {
            token,
            mailbox,
            answer: told,
        });
    }
}
