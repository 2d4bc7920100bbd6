//! Reading a ledger, beside the server that writes it.
//!
//! Laws: a line that is torn, longer than [`LINE_MAX`] or of a kind nobody knows is passed over;
//! the entries come in the order in which they were written.

use super::{Entry, day, days};
use crate::base::{MessageId, Timestamp};
use jiff::civil::Date;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line read, in octets; a reply of the longest kind, escaped throughout, fits.
const LINE_MAX: u64 = 16 * 1_024;

/// What happened to one message. Nothing is known of a message before its identity was made, so
/// that day is the first looked at; an identity that does not say when has every file read. Empty
/// where the ledger has nothing on it, or there is no ledger yet.
pub fn read_message(folder: &Path, message: MessageId) -> io::Result<Vec<Entry>> {
    let name = message.to_string();
    let mut entries = Vec::new();
    scan(folder, made_on(message), &mut |line| {
        let about = line.windows(name.len()).any(|part| part == name.as_bytes());
        let entry = about.then(|| Entry::parse(line)).flatten();
        entries.extend(entry.filter(|entry| entry.message == message));
    })?;
    Ok(entries)
}

/// Hands over everything since the beginning of a day of UTC, or all there is.
pub fn read_ledger(
    folder: &Path,
    since: Option<Date>,
    each: &mut dyn FnMut(Entry),
) -> io::Result<()> {
    scan(folder, since, &mut |line| {
        if let Some(entry) = Entry::parse(line) {
            each(entry);
        }
    })
}

fn scan(folder: &Path, since: Option<Date>, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for (day, file) in days(folder)? {
        if since.is_some_and(|since| day < since) {
            continue;
        }
        match File::open(&file) {
            Ok(file) => lines(BufReader::new(file), each)?,
            // The server removed it, grown too old, since the folder was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn lines(mut file: impl BufRead, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut file).take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        each(&line);
    }
}

/// The day on which an identity was made (RFC 9562 section 5.7); `None` where it does not say.
fn made_on(message: MessageId) -> Option<Date> {
    let (seconds, _) = message.0.get_timestamp()?.to_unix();
    let made = i64::try_from(seconds).ok()?;
    Some(day(Timestamp::from_second(made).ok()?))
}
