//! How much a mailbox may hold and for how long, and what of that is used.

use std::time::Duration;

/// The share of a limit from which on its owner is warned, in percent.
const SCARCE_PERCENT: u64 = 80;

/// What a mailbox may hold. `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Limits {
    /// The most messages, new and saved together.
    pub messages: Option<u32>,
    /// The most sound.
    pub sound: Option<Duration>,
    /// How many days a message is kept, counted from its recording.
    pub days: Option<u32>,
}

/// What a mailbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Messages, new and saved together.
    pub messages: u32,
    /// Their sound.
    pub sound: Duration,
}

/// Whether there is room for another message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Room {
    /// There is.
    #[default]
    Plenty,
    /// Four fifths of a limit are used.
    Scarce,
    /// A limit is reached: callers can leave no message.
    Full,
}

impl Limits {
    /// How much room a mailbox with these limits has left.
    pub fn room(&self, usage: Usage) -> Room {
        let messages = self
            .messages
            .map(|most| room(u64::from(usage.messages), u64::from(most)));
        let sound = self
            .sound
            .map(|most| room(usage.sound.as_secs(), most.as_secs()));
        messages
            .into_iter()
            .chain(sound)
            .max()
            .unwrap_or(Room::Plenty)
    }
}

impl Usage {
    /// The same with one more message of this length.
    #[must_use]
    pub fn with(self, length: Duration) -> Usage {
        Usage {
            messages: self.messages.saturating_add(1),
            sound: self.sound.saturating_add(length),
        }
    }
}

fn room(used: u64, most: u64) -> Room {
    if used >= most {
        Room::Full
    } else if used * 100 >= most * SCARCE_PERCENT {
        Room::Scarce
    } else {
        Room::Plenty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tighter_limit_decides() {
        let limits = Limits {
            messages: Some(10),
            sound: Some(Duration::from_mins(5)),
            days: None,
        };
        let room = |messages, seconds| {
            let sound = Duration::from_secs(seconds);
            limits.room(Usage { messages, sound })
        };
        assert_eq!(room(7, 239), Room::Plenty);
        assert_eq!(room(8, 0), Room::Scarce);
        assert_eq!(room(0, 240), Room::Scarce);
        assert_eq!(room(10, 0), Room::Full);
        assert_eq!(room(3, 300), Room::Full);
        let none = Limits::default();
        let much = Usage {
            messages: u32::MAX,
            sound: Duration::MAX,
        };
        assert_eq!(none.room(much), Room::Plenty);
        assert_eq!(much.with(Duration::MAX), much);
    }
}
