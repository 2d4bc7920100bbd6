//! The server's call event log, as an operator's tool would read it: one JSON object a line.

use serde_json::Value;
use std::path::Path;

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Event(pub(crate) Value);

impl Event {
    /// What happened, in a word; for a recording which step.
    pub(crate) fn what(&self) -> &str {
        match self.text("event") {
            "take" => match self.text("step") {
                "begin" => TAKE_BEGAN,
                "end" => TAKE_ENDED,
                "kept" => TAKE_KEPT,
                "dropped" => TAKE_DROPPED,
                other => other,
            },
            event => event,
        }
    }

    /// A field as text; empty where there is none.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.0
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The server's name for the call.
    pub(crate) fn call(&self) -> &str {
        self.text("call")
    }

    /// Whether any text in the line, at any depth, is this word, alone or with more behind it.
    pub(crate) fn says(&self, word: &str) -> bool {
        holds(&self.0, word)
    }
}

fn holds(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.split(' ').next() == Some(word),
        Value::Array(items) => items.iter().any(|v| holds(v, word)),
        Value::Object(fields) => fields.values().any(|v| holds(v, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// All whole lines of a log; a file that is not there yet is empty. The last line may still be
/// being written, and one cut by a kill is passed over.
pub(crate) fn read(file: &Path) -> Vec<Event> {
    let text = std::fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .map(Event)
        .collect()
}

// The words of the log.
/// A call arrived.
pub(crate) const CALL: &str = "call";
/// It is over.
pub(crate) const END: &str = "end";
/// It was answered and the answer acknowledged.
pub(crate) const ANSWER: &str = "answer";
/// A key was pressed.
pub(crate) const KEY: &str = "key";
/// Something is said.
pub(crate) const PROMPT: &str = "prompt";
/// A recording began.
pub(crate) const TAKE_BEGAN: &str = "take began";
/// A recording ended.
pub(crate) const TAKE_ENDED: &str = "take ended";
/// A recording is a message.
pub(crate) const TAKE_KEPT: &str = "take kept";
/// A recording was dropped.
pub(crate) const TAKE_DROPPED: &str = "take dropped";
