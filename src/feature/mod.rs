//! Feature access codes: what a subscriber dials to change or use a service of the line, such as
//! `*72` and a number.
//!
//! In: the operator's table of codes and what was dialled. Out: which [`Code`] it is and the number
//! behind it. Laws: the longest code that fits decides, on the whole of what was dialled; a code
//! never stands in the way of another one, of a number of the service or of an emergency number, or
//! the table is refused; `#` at the end closes a number and means nothing else.
//!
//! Rank 2. Requirements: the user manual, section 7. Not here: what a code says and changes
//! (`flow::feature`), and what the call handling of live calls does.

mod card;
mod code;
mod lint;
mod read;
mod table;

pub use card::{CardLanguage, card};
pub use code::{Argument, Code, LiveCode};
pub use lint::{Hint, hints};
pub use table::{CodeFault, CodeMistake, Dialled, Table, Tables, Taken};
