//! The disk thread's machine: requests and the time go in, reports come out.
//!
//! Laws:
//! 1. `Begun` is reported once the envelope and its name are on disk.
//! 2. `Kept` is reported once the end, the new name and the loss of the old name are on disk.
//!    Commits within [`SETTLE`] of each other share the folder syncs.
//! 3. A write or sync that failed is never trusted again: the take is written anew from what was
//!    synced before and what is still in memory. Where that fails too, the take is reported not
//!    kept, and what is on disk of it becomes a "cut off" message when the disk takes writes
//!    again or at the next start.
//! 4. `Discarded` is reported once the take is gone from the disk; it is tried until then.
//! 5. The outbox folder is synced before the taking folder: a message may have two names for a
//!    moment, never none.
//!
//! Contract: after every `handle_` drain [`Recorder::poll_report`]; call
//! [`Recorder::handle_timeout`] at [`Recorder::poll_timeout`]. No thread, no clock in here.

use super::block::{self, Writer};
use super::disk::Disk;
use super::files::{FILE_MAX, remove_if_there};
use super::intake::{Report, Request, TakeFault};
use super::layout::Layout;
use super::outbox::{OUTBOX_MAX, SpoolOutbox};
use super::recovery::{self, Fate, Recovered, deposit, worth_keeping};
use super::scratch::Scratch;
use super::{OpenFault, Rules};
use crate::audio::WireAudio;
use crate::audio::wire::duration_to_samples;
use crate::base::{MessageId, Mono};
use crate::mailbox::{Deposit, Envelope, Facts, Outbox};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long a commit waits for others to share its folder sync.
pub const SETTLE: Duration = Duration::from_millis(5);
/// The most time that recorded sound is left to the operating system's memory.
pub const SYNC_EVERY: Duration = Duration::from_secs(2);
/// How often free space is measured.
pub const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// The most takes open at once.
const TAKES_MAX: usize = 65_536;
/// The most blocks of a take held in memory after the disk refused one: a minute.
const TAIL_MAX: usize = 64;

/// Owns the takes of one spool folder.
pub struct Recorder<D: Disk> {
    disk: Arc<D>,
    layout: Layout,
    rules: Rules,
    outbox: Arc<SpoolOutbox<D>>,
    takes: HashMap<MessageId, Take<D::File>>,
    scratch: Scratch,
    settling: Vec<Settling>,
    settle_at: Option<Mono>,
    /// Takes to sync, in the order of their time.
    syncs: VecDeque<(Mono, MessageId)>,
    measure_at: Mono,
    /// Free octets at the last measurement; zero after the disk refused something.
    free: u64,
    admits: bool,
    reports: VecDeque<Report>,
    spare: Vec<Vec<u8>>,
    /// Not kept, but something of them is in `taking`.
    abandoned: Vec<MessageId>,
    /// Discarded, but the disk would not remove them yet.
    doomed: Vec<MessageId>,
    _lock: D::Lock,
}

/// A recording.
struct Take<F> {
    file: F,
    envelope: Envelope,
    writer: Writer,
    /// What was accepted since the last sync that worked.
    tail: Vec<Vec<u8>>,
    /// A sync of the tail is due.
    sync_due: bool,
    /// The disk refused a write or sync: the file is not written to any more.
    broken: bool,
}

/// Waits for the folders to be synced.
enum Settling {
    Begun(MessageId),
    Kept(Box<Deposit>),
    Discarded(MessageId),
    /// A message that nobody waits for an answer about.
    Late(Box<Deposit>),
}

impl<F> Take<F> {
    /// Octets of sound that a sync brought to disk.
    fn synced(&self) -> usize {
        let tail: usize = self.tail.iter().map(Vec::len).sum();
        (self.writer.sound() as usize).saturating_sub(tail)
    }
}

impl<D: Disk> Recorder<D> {
    /// Opens a spool folder: makes it, locks it and recovers what a dead server left.
    pub fn open(
        disk: Arc<D>,
        folder: &Path,
        rules: Rules,
        now: Mono,
    ) -> Result<(Recorder<D>, Recovered), OpenFault> {
        let layout = Layout::new(folder);
        let fault = |fault: io::Error| OpenFault::Disk(folder.to_owned(), fault);
        for folder in [&layout.root, &layout.taking, &layout.outbox, &layout.dead] {
            disk.make_folder(folder).map_err(fault)?;
        }
        let lock = disk.lock(&layout.root).map_err(fault)?;
        let lock = lock.ok_or_else(|| OpenFault::InUse(folder.to_owned()))?;
        disk.sync_folder(&layout.root).map_err(fault)?;
        let mut recovered = recovery::recover(&*disk, &layout).map_err(fault)?;
        let outbox = Arc::new(SpoolOutbox::new(Arc::clone(&disk), layout.clone()));
        outbox.refresh().map_err(|f| fault(io::Error::other(f)))?;
        outbox.sweep().map_err(fault)?;
        recovered.waiting = outbox.len();
        let mut recorder = Recorder {
            disk,
            layout,
            rules,
            outbox,
            takes: HashMap::new(),
            scratch: Scratch::default(),
            settling: Vec::new(),
            settle_at: None,
            syncs: VecDeque::new(),
            measure_at: now,
            free: 0,
            admits: false,
            reports: VecDeque::new(),
            spare: Vec::new(),
            abandoned: Vec::new(),
            doomed: Vec::new(),
            _lock: lock,
        };
        recorder.measure(now);
        Ok((recorder, recovered))
    }

    /// The messages that wait for delivery.
    pub fn outbox(&self) -> Arc<dyn Outbox> {
        Arc::clone(&self.outbox) as Arc<dyn Outbox>
    }

    /// Whether a new recording may begin: beside what the open takes may still need, the reserve
    /// of free space holds, and the outbox has room.
    pub fn admits(&self) -> bool {
        self.admits
    }

    /// Does what a request asks.
    pub fn handle(&mut self, request: Request, now: Mono) {
        match request {
            Request::Begin { take, envelope } => self.begin(take, *envelope, now),
            Request::BeginScratch { take, law } => {
                let outcome = self.scratch.begin(take, law);
                self.reports.push_back(Report::Begun { take, outcome });
            }
            Request::Block { take, octets } => self.block(take, octets, now),
            Request::Commit { take, facts } => self.commit(take, &facts, now),
            Request::Deposit {
                message,
                envelope,
                sounds,
                facts,
            } => self.deposit_whole((message, *envelope), &sounds, &facts, now),
            Request::Discard { take } => self.discard(take, now),
            Request::Load { take } => self.load(take),
            Request::Stop => self.stop(now),
        }
    }

    /// When [`Recorder::handle_timeout`] is to be called next.
    pub fn poll_timeout(&self) -> Mono {
        let sync = self.syncs.front().map(|&(at, _)| at);
        let due = sync.into_iter().chain(self.settle_at).min();
        due.map_or(self.measure_at, |due| due.min(self.measure_at))
    }

    /// Does what is due; of the syncs one at a time, so that a commit need not wait for all.
    pub fn handle_timeout(&mut self, now: Mono) {
        if self.settle_at.is_some_and(|at| at <= now) {
            self.settle(now);
        }
        if let Some((_, id)) = self.syncs.pop_front_if(|&mut (at, _)| at <= now) {
            self.sync(id);
        }
        if self.measure_at <= now {
            self.measure(now);
        }
    }

    /// The next report.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// Buffers that are done with, for re-use.
    pub fn spare_buffers(&mut self) -> std::vec::Drain<'_, Vec<u8>> {
        self.spare.drain(..)
    }

    fn begin(&mut self, id: MessageId, envelope: Envelope, now: Mono) {
        let room = self.takes.len() < TAKES_MAX;
        match self.write_envelope(id, envelope).ok().filter(|_| room) {
            Some(take) => {
                self.takes.insert(id, take);
                self.judge();
                self.await_settling(Settling::Begun(id), now);
            }
            None => self.not_begun(id),
        }
    }

    fn write_envelope(&self, id: MessageId, envelope: Envelope) -> io::Result<Take<D::File>> {
        let (mut writer, mut octets) = (Writer::new(id), Vec::new());
        writer.envelope(&envelope, &mut octets);
        let mut file = self.disk.create(&self.layout.take(id))?;
        self.disk.append(&mut file, &octets)?;
        self.disk.sync_data(&file)?;
        Ok(Take {
            file,
            envelope,
            writer,
            tail: Vec::new(),
            sync_due: false,
            broken: false,
        })
    }

    fn not_begun(&mut self, id: MessageId) {
        tracing::error!(take = %id, "the disk did not take the envelope of a recording");
        // A take of the same name that is open already keeps its file.
        if !self.takes.contains_key(&id) {
            drop(remove_if_there(&*self.disk, &self.layout.take(id)));
        }
        let outcome = Err(TakeFault::Disk);
        self.reports.push_back(Report::Begun { take: id, outcome });
    }

    fn block(&mut self, id: MessageId, octets: Vec<u8>, now: Mono) {
        if self.scratch.has(id) {
            self.scratch.add(id, &octets);
            self.spare.push(octets);
            return;
        }
        let Some(take) = self.takes.get_mut(&id) else {
            self.spare.push(octets);
            return;
        };
        if take.broken && take.tail.len() >= TAIL_MAX {
            self.spare.push(octets);
            return;
        }
        let mut blocks = Vec::with_capacity(octets.len() + 64);
        take.writer.sound_blocks(&octets, &mut blocks);
        take.tail.push(octets);
        if take.broken {
            return;
        }
        match self.disk.append(&mut take.file, &blocks) {
            Ok(()) if take.sync_due => {}
            Ok(()) => {
                take.sync_due = true;
                self.syncs.push_back((now + SYNC_EVERY, id));
            }
            Err(fault) => self.broke(id, &fault),
        }
    }

    fn sync(&mut self, id: MessageId) {
        // Of a broken take nothing more reaches the disk: its tail in memory is all there is.
        let Some(take) = self.takes.get_mut(&id).filter(|take| !take.broken) else {
            return;
        };
        take.sync_due = false;
        match self.disk.sync_data(&take.file) {
            Ok(()) => self.spare.append(&mut take.tail),
            Err(fault) => self.broke(id, &fault),
        }
    }

    fn broke(&mut self, id: MessageId, fault: &io::Error) {
        tracing::error!(take = %id, %fault, "the disk refused part of a recording");
        self.free = 0;
        if let Some(take) = self.takes.get_mut(&id) {
            take.broken = true;
            take.sync_due = false;
            self.reports.push_back(Report::Broken { take: id });
        }
        self.judge();
    }

    fn commit(&mut self, id: MessageId, facts: &Facts, now: Mono) {
        let Some(mut take) = self.takes.remove(&id) else {
            let outcome = Err(TakeFault::Unknown);
            self.reports.push_back(Report::Kept { take: id, outcome });
            return;
        };
        match self.finish(id, &mut take, facts) {
            Ok(()) => {
                let deposit = Box::new(deposit(id, take.envelope, *facts));
                self.await_settling(Settling::Kept(deposit), now);
            }
            Err(fault) => self.not_kept(id, &fault),
        }
        self.spare.append(&mut take.tail);
        self.judge();
    }

    /// A message whose sound is there already. It has its name only when it is whole, so a crash
    /// leaves all of it or nothing.
    fn deposit_whole(
        &mut self,
        (id, envelope): (MessageId, Envelope),
        sounds: &[WireAudio],
        facts: &Facts,
        now: Mono,
    ) {
        let law = envelope.law;
        let sound: Vec<u8> = sounds.iter().flat_map(|s| s.octets(law)).copied().collect();
        let fits = self.admits && (sound.len() as u64) < FILE_MAX / 2;
        let written = if fits {
            self.write_whole(id, &envelope, &sound, facts)
        } else {
            Err(io::ErrorKind::StorageFull.into())
        };
        match written {
            Ok(()) => {
                let deposit = Box::new(deposit(id, envelope, *facts));
                self.await_settling(Settling::Kept(deposit), now);
                self.free = self.free.saturating_sub(sound.len() as u64);
            }
            Err(fault) => {
                tracing::error!(message = %id, %fault, "a message could not be kept");
                let outcome = Err(TakeFault::Disk);
                self.reports.push_back(Report::Kept { take: id, outcome });
                // Its sender is told that it is not sent, so nothing of it may come back.
                self.erase(id, now);
            }
        }
        self.judge();
    }

    fn write_whole(
        &self,
        id: MessageId,
        envelope: &Envelope,
        sound: &[u8],
        facts: &Facts,
    ) -> io::Result<()> {
        self.write_anew(id, envelope, sound, facts)?;
        self.outbox.unsettled(id);
        self.disk
            .rename(&self.layout.take(id), &self.layout.message(id))
    }

    /// Ends the file of a take and gives it its name in the outbox.
    fn finish(&self, id: MessageId, take: &mut Take<D::File>, facts: &Facts) -> io::Result<()> {
        let ended = !take.broken && self.end(take, facts).is_ok();
        if !ended {
            let sound = self.sound(id, take)?;
            self.write_anew(id, &take.envelope, &sound, facts)?;
        }
        self.outbox.unsettled(id);
        self.disk
            .rename(&self.layout.take(id), &self.layout.message(id))
    }

    fn end(&self, take: &mut Take<D::File>, facts: &Facts) -> io::Result<()> {
        let mut octets = Vec::new();
        take.writer.end(facts, &mut octets);
        self.disk.append(&mut take.file, &octets)?;
        self.disk.sync_data(&take.file)
    }

    /// Writes a whole take to a second file, which then takes the place of the first.
    fn write_anew(
        &self,
        id: MessageId,
        envelope: &Envelope,
        sound: &[u8],
        facts: &Facts,
    ) -> io::Result<()> {
        let (mut writer, mut octets) = (Writer::new(id), Vec::new());
        writer.envelope(envelope, &mut octets);
        writer.sound_blocks(sound, &mut octets);
        writer.end(facts, &mut octets);
        let path = self.layout.anew(id);
        remove_if_there(&*self.disk, &path)?;
        let mut file = self.disk.create(&path)?;
        let written = self.disk.append(&mut file, &octets);
        let written = written
            .and_then(|()| self.disk.sync_data(&file))
            .inspect_err(|_| {
                drop(remove_if_there(&*self.disk, &path));
            });
        written.and_then(|()| self.disk.rename(&path, &self.layout.take(id)))
    }

    /// The sound of an open take: the synced part from the disk, the rest from memory.
    fn sound(&self, id: MessageId, take: &Take<D::File>) -> io::Result<Vec<u8>> {
        let synced = take.synced();
        let file = self.disk.read(&self.layout.take(id), 0, FILE_MAX)?;
        let mut sound = block::scan(id, &file).sound;
        if sound.len() < synced {
            return Err(io::ErrorKind::InvalidData.into());
        }
        sound.truncate(synced);
        take.tail
            .iter()
            .for_each(|block| sound.extend_from_slice(block));
        Ok(sound)
    }

    fn not_kept(&mut self, id: MessageId, fault: &io::Error) {
        tracing::error!(take = %id, %fault, "a recording could not be kept");
        self.free = 0;
        if self.abandoned.len() < TAKES_MAX {
            self.abandoned.push(id);
        }
        let outcome = Err(TakeFault::Disk);
        self.reports.push_back(Report::Kept { take: id, outcome });
    }

    fn discard(&mut self, id: MessageId, now: Mono) {
        if self.scratch.discard(id) {
            self.reports.push_back(Report::Discarded { take: id });
            return;
        }
        if let Some(mut take) = self.takes.remove(&id) {
            self.spare.append(&mut take.tail);
            self.judge();
        }
        self.abandoned.retain(|&abandoned| abandoned != id);
        self.erase(id, now);
    }

    fn erase(&mut self, id: MessageId, now: Mono) {
        let removed = remove_if_there(&*self.disk, &self.layout.take(id))
            .and_then(|()| remove_if_there(&*self.disk, &self.layout.anew(id)));
        match removed {
            Ok(()) => self.await_settling(Settling::Discarded(id), now),
            Err(fault) => {
                tracing::error!(take = %id, %fault, "cannot remove a discarded recording yet");
                if self.doomed.len() < TAKES_MAX {
                    self.doomed.push(id);
                }
            }
        }
    }

    fn load(&mut self, id: MessageId) {
        let outcome = match self.takes.get(&id) {
            None => self.scratch.load(id).ok_or(TakeFault::Unknown),
            Some(take) => match self.sound(id, take) {
                Ok(sound) => Ok(WireAudio::from_octets(take.envelope.law, &sound)),
                Err(fault) if fault.kind() == io::ErrorKind::InvalidData => Err(TakeFault::Damaged),
                Err(_) => Err(TakeFault::Disk),
            },
        };
        self.reports.push_back(Report::Loaded { take: id, outcome });
    }

    fn await_settling(&mut self, settling: Settling, now: Mono) {
        self.settling.push(settling);
        self.settle_at = self.settle_at.or(Some(now + SETTLE));
    }

    fn settle(&mut self, now: Mono) {
        self.settle_at = None;
        let settling = std::mem::take(&mut self.settling);
        let synced = self.sync_folders(&settling);
        if let Err(fault) = &synced {
            tracing::error!(%fault, "a folder of the spool cannot be synced");
            self.free = 0;
        }
        for one in settling {
            match (one, synced.is_ok()) {
                (Settling::Begun(take), true) => {
                    let outcome = Ok(());
                    self.reports.push_back(Report::Begun { take, outcome });
                }
                (Settling::Begun(take), false) => {
                    self.takes.remove(&take);
                    self.not_begun(take);
                }
                (Settling::Discarded(take), true) => {
                    self.reports.push_back(Report::Discarded { take });
                }
                (Settling::Discarded(take), false) => {
                    self.settling.push(Settling::Discarded(take));
                }
                (Settling::Kept(deposit), true) => {
                    let (take, outcome) = (deposit.id, Ok(()));
                    self.outbox.settled(*deposit);
                    self.reports.push_back(Report::Kept { take, outcome });
                }
                (Settling::Late(deposit), true) => self.outbox.settled(*deposit),
                (Settling::Kept(deposit), false) => {
                    let (take, outcome) = (deposit.id, Err(TakeFault::Disk));
                    self.reports.push_back(Report::Kept { take, outcome });
                    self.settling.push(Settling::Late(deposit));
                }
                (Settling::Late(deposit), false) => self.settling.push(Settling::Late(deposit)),
            }
        }
        if !self.settling.is_empty() {
            self.settle_at = Some(now + MEASURE_EVERY);
        }
    }

    fn sync_folders(&self, settling: &[Settling]) -> io::Result<()> {
        let renamed = |one: &Settling| matches!(one, Settling::Kept(_) | Settling::Late(_));
        if settling.iter().any(renamed) {
            self.disk.sync_folder(&self.layout.outbox)?;
        }
        self.disk.sync_folder(&self.layout.taking)
    }

    fn measure(&mut self, now: Mono) {
        self.measure_at = now + MEASURE_EVERY;
        self.free = self
            .disk
            .free_space(&self.layout.root)
            .unwrap_or_else(|fault| {
                tracing::error!(%fault, "cannot measure free space");
                0
            });
        self.judge();
        for id in std::mem::take(&mut self.doomed) {
            self.erase(id, now);
        }
        if !self.abandoned.is_empty() && self.admits {
            self.salvage(now);
        }
    }

    fn judge(&mut self) {
        let longest = duration_to_samples(self.rules.longest) as u64;
        let open = self.takes.values();
        let owed: u64 = open.map(|t| longest.saturating_sub(t.writer.sound())).sum();
        let room = self.free.saturating_sub(owed);
        self.admits = room >= self.rules.reserve && self.outbox.len() < OUTBOX_MAX;
    }

    /// Tries again with what could not be kept.
    fn salvage(&mut self, now: Mono) {
        let Ok(known) = recovery::known(&*self.disk, &self.layout) else {
            return;
        };
        for id in std::mem::take(&mut self.abandoned) {
            self.outbox.unsettled(id);
            let settled = self
                .copy_anew(id)
                .and_then(|()| recovery::settle(&*self.disk, &self.layout, id, &known));
            match settled {
                Ok(Fate::Kept(deposit)) => self.await_settling(Settling::Late(deposit), now),
                Ok(Fate::TooShort | Fate::Known) => {}
                Err(fault) => {
                    tracing::error!(take = %id, %fault, "cannot salvage a recording yet");
                    self.abandoned.push(id);
                }
            }
        }
    }

    /// Octets that a failed sync was to write may be in memory only: they need a new file.
    fn copy_anew(&self, id: MessageId) -> io::Result<()> {
        let file = self.disk.read(&self.layout.take(id), 0, FILE_MAX)?;
        let scan = block::scan(id, &file);
        let Some(envelope) = scan.envelope.as_ref().filter(|_| worth_keeping(&scan)) else {
            return Ok(());
        };
        let facts = scan
            .facts
            .unwrap_or_else(|| recovery::cut_off(scan.sound.len()));
        self.write_anew(id, envelope, &scan.sound, &facts)
    }

    /// Brings every open take to disk; the next start makes messages of them.
    fn stop(&mut self, now: Mono) {
        let open: Vec<_> = self.takes.keys().copied().collect();
        for id in open {
            self.sync(id);
        }
        if self.settle_at.is_some() {
            self.settle(now);
        }
    }
}
