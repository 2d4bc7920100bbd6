//! The files of all clips, several at a time.

use super::clip::{Tried, make};
use super::problem::Problem;
use crate::decoder::{AT_A_TIME, Decoder};
use crate::library::intake::SoundFile;
use crate::library::studio::Progress;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// The longest that all clips may play together: their samples are in memory at a time, 115 MB.
const TOTAL_MAX: Duration = Duration::from_hours(1);

/// Makes every clip, as many at a time as files are decoded; in the order of the files.
pub(super) fn try_all(
    files: &[SoundFile],
    decoder: &Decoder,
    progress: &mut dyn FnMut(Progress),
) -> Vec<Tried> {
    let next = AtomicUsize::new(0);
    let (sender, made) = sync_channel(AT_A_TIME);
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || work(files, decoder, next, &sender));
        }
        drop(sender);
        gather(&made, files.len(), progress)
    })
}

/// Takes one file after another until there is none.
fn work(
    files: &[SoundFile],
    decoder: &Decoder,
    next: &AtomicUsize,
    sender: &SyncSender<(usize, Tried)>,
) {
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(number) else {
            return;
        };
        if sender.send((number, make(file, decoder))).is_err() {
            return;
        }
    }
}

/// Takes what is made, and leaves out what is too much.
fn gather(
    made: &Receiver<(usize, Tried)>,
    total: usize,
    progress: &mut dyn FnMut(Progress),
) -> Vec<Tried> {
    let mut all = Vec::new();
    let mut playing = Duration::ZERO;
    progress(Progress::Compiling { done: 0, total });
    for (number, mut tried) in made {
        if let Some(clip) = &tried.made {
            playing += clip.pcm16k.duration();
        }
        if playing > TOTAL_MAX && tried.made.take().is_some() {
            tried
                .found
                .push((String::new(), Problem::TooMuch(TOTAL_MAX)));
        }
        all.push((number, tried));
        let done = all.len();
        progress(Progress::Compiling { done, total });
    }
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, tried)| tried).collect()
}
