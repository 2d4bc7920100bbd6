//! The words every other part shares: keys, numbers, identifiers, time and private values.
//!
//! Rank 0: plain values, no behaviour beyond parsing and printing. Parse once at the edge;
//! nothing further in re-validates what a type here already promises.

mod device;
mod dial;
mod digit;
mod ids;
mod ids_source;
mod language;
mod pii;
mod spelling;
mod tenant;
mod time;

pub use device::{DeviceId, DeviceIdFault, DigestAlgorithm};
pub use dial::{DialString, DialStringFault};
pub use digit::Digit;
pub use ids::{CallId, MailboxId, MailboxIdFault, MessageId, PlayId, RecordingId, SessionId};
pub use ids_source::Ids;
pub use language::Language;
pub use pii::Pii;
pub use spelling::nearest;
pub use tenant::{TenantId, TenantIdFault};
pub use time::{Date, Mono, Now, Timestamp, day_in};
