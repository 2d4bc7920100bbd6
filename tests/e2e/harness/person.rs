//! A person at a real telephone: dials, waits for what the server says, presses keys, speaks.
//!
//! In: a telephone and the words of the server's event log. Laws: only what comes after what was
//! last waited for counts, so the steps of a test stand in the order in which they happen; only the
//! person's own last call counts, so several may telephone at once; every wait has a deadline.

use super::events::{CALL, END, PROMPT, TAKE_BEGAN, TAKE_ENDED};
use super::setup::PASSCODE;
use super::{Server, eventually, seconds};
use serde_json::Value;
use std::time::Duration;

/// How long the server may take to come to the next step, the words before it included.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a person does with a telephone of any make.
pub(crate) trait Telephone {
    /// Dials.
    fn call(&mut self, number: &str);
    /// Presses keys, one after the other.
    fn press(&mut self, keys: &str);
    /// Hangs up.
    fn hang_up(&mut self);
}

/// Somebody with a telephone, in a call after [`Person::calls`].
#[derive(Debug)]
pub(crate) struct Person<'a, T> {
    server: &'a Server,
    /// The telephone.
    pub(crate) phone: T,
    /// The server's name for the last call.
    call: String,
    /// How many steps of it were waited for or passed over.
    passed: usize,
}

impl<'a, T: Telephone> Person<'a, T> {
    /// Somebody who has not called yet.
    pub(crate) fn new(server: &'a Server, phone: T) -> Person<'a, T> {
        Person {
            server,
            phone,
            call: String::new(),
            passed: 0,
        }
    }

    /// Dials, and is in a call that the server knows of.
    pub(crate) fn calls(&mut self, number: &str) {
        let before = self.server.events().len();
        self.phone.call(number);
        self.call = eventually("the call arrives", seconds(15.0), || {
            let events = self.server.events();
            let mut new = events.iter().skip(before);
            let call = new.find(|e| e.what() == CALL)?;
            Some(call.call().to_owned())
        });
        self.passed = 0;
    }

    /// Calls 1233 and enters this passcode.
    pub(crate) fn logs_in_with(&mut self, passcode: &str) {
        self.calls("1233");
        self.hears("enter-passcode");
        self.presses(&format!("{passcode}#"));
    }

    /// Calls 1233 and enters the passcode that every subscriber has at first.
    pub(crate) fn logs_in(&mut self) {
        self.logs_in_with(PASSCODE);
    }

    /// Waits until the server begins to say these lines, in this order, others between them or not.
    pub(crate) fn hears(&mut self, lines: &str) {
        for line in lines.split(", ") {
            self.awaits(line);
        }
    }

    /// Presses keys.
    pub(crate) fn presses(&mut self, keys: &str) {
        self.phone.press(keys);
    }

    /// Stays in the call so long: listens, or speaks, since the microphone is always open.
    pub(crate) fn stays(&self, span: f64) {
        std::thread::sleep(seconds(span));
        assert!(!self.was_told(END), "the server hung up meanwhile");
    }

    /// Waits for a recording, speaks so long, and ends it by hash.
    pub(crate) fn speaks(&mut self, span: f64) {
        self.awaits(TAKE_BEGAN);
        self.stays(span);
        self.presses("#");
        self.awaits(TAKE_ENDED);
    }

    /// Hangs up, and waits until the server has written that down.
    pub(crate) fn hangs_up(&mut self) {
        self.phone.hang_up();
        self.awaits(END);
    }

    /// Waits until the server has hung up.
    pub(crate) fn is_hung_up_on(&mut self) {
        self.awaits(END);
    }

    /// The number that is said right behind what was last waited for.
    pub(crate) fn hears_number(&mut self) -> f64 {
        let step = eventually("what is said next", PATIENCE, || {
            self.steps().get(self.passed).cloned()
        });
        self.passed += 1;
        let word = step.split(' ').next().and_then(|word| word.parse().ok());
        word.unwrap_or_else(|| panic!("no number: {step}"))
    }

    /// Whether this happened in the last call: a line that was said, or a step of a recording.
    pub(crate) fn was_told(&self, line: &str) -> bool {
        self.steps().iter().any(|step| is(step, line))
    }

    fn awaits(&mut self, word: &str) {
        let passed = eventually(word, PATIENCE, || {
            let steps = self.steps();
            let at = steps.iter().skip(self.passed).position(|s| is(s, word))?;
            Some(self.passed + at + 1)
        });
        self.passed = passed;
    }

    /// What the server said in the last call, line by line, and what else happened in it.
    fn steps(&self) -> Vec<String> {
        let events = self.server.events();
        let own = events.iter().filter(|e| e.call() == self.call);
        own.flat_map(|event| match &event.0["lines"] {
            Value::Array(lines) if event.what() == PROMPT => {
                let texts = lines.iter().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            }
            _ => vec![event.what().to_owned()],
        })
        .collect()
    }
}

/// Whether a step is this one, alone or with more behind it.
fn is(step: &str, word: &str) -> bool {
    step.strip_prefix(word)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
