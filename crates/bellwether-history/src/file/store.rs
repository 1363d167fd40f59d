//! The store: memory that is always there, a file that is there when it can be, and what to do when it cannot.

use super::disk::{Disk, contained};
use super::memory::Memory;
use super::place::{self, Care, Identity};
use super::reading::Reading;
use super::row::BlockKey;
use super::salvage::salvage;
use super::writing::Plan;
use super::{Error, Flushed, Kind, Limits, Log, Options, Record, Status, Trouble};
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Blocks of samples and logs of events, in memory until the next [`flush`](Self::flush) and in one file after it.
///
/// A handle: clones share one store. Everything but `open`, `flush` and `close` is for any thread and waits for no
/// disk; those three are for one thread that may. What is put is readable at once. What cannot be flushed stays in
/// memory, within [`Options::max_memory`], and is tried again.
///
/// ```
/// use bellwether_history::file::{BlockKey, Options, Store};
///
/// let store = Store::open(Options::in_memory(), 0);
/// store.describe(7, "requests_total");
/// store.put(BlockKey { tier: 1, start: 3_600_000, series: 7 }, &[1, 2, 3]);
///
/// let blocks = store.read()?.blocks(1, 7, 0..7_200_000)?;
/// assert_eq!(blocks.len(), 1);
/// assert_eq!(*blocks[0].1, [1, 2, 3]);
/// # Ok::<(), bellwether_history::file::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    memory: Mutex<Memory>,
    /// Read by whoever reads or writes the file, for a moment or a flush; written by whoever opens or closes it.
    disk: RwLock<Opened>,
    /// Held by whoever does I/O.
    gate: Mutex<Gate>,
    /// Held for a moment.
    told: Mutex<Told>,
    /// What a reader found wrong with the file, for the next flush.
    suspicion: Mutex<Option<(u64, Error)>>,
    damaged_rows: AtomicU64,
    salvaged_rows: AtomicU64,
}

/// The file, and the how-manieth opening of it this is: so that what is said of an earlier one is not held against it.
#[derive(Debug, Default)]
struct Opened {
    disk: Option<Disk>,
    identity: Option<Identity>,
    epoch: u64,
}

/// Files of at most so many bytes are checked from end to end as they are opened, and if that finds damage, what is sound is
/// taken over: a fraction of a second. What is found only as it is written to may make redb panic while a panic of its own
/// unwinds, and that ends the process.
const CHECKED: u64 = 64 << 20;

/// Whoever holds it does I/O with the file, and nobody else.
#[derive(Debug, Default)]
struct Gate {
    /// Whether this file was checked from end to end, so that damage found in it again means that it cannot be used.
    checked: bool,
}

/// How it went.
#[derive(Debug, Default)]
struct Told {
    trouble: Option<Trouble>,
    /// The last damage, of the file that was set aside for it.
    damage: Option<Error>,
    flushed: Option<i64>,
    stored: u64,
}

impl Store {
    /// Opens the file, or makes it. Never fails and never panics: if the file cannot be used,
    /// [`Status::trouble`] says why, the store works in memory, and each flush may try again.
    ///
    /// A damaged file is renamed to `….damaged-1` to `-3`, and a fresh one begun, with what is sound in the other if that has at
    /// most 64 MiB. A file that is not ours, or of a
    /// newer version, is left alone.
    pub fn open(options: Options, now: i64) -> Self {
        let shared = Shared {
            options,
            memory: Mutex::default(),
            disk: RwLock::default(),
            gate: Mutex::default(),
            told: Mutex::default(),
            suspicion: Mutex::default(),
            damaged_rows: AtomicU64::new(0),
            salvaged_rows: AtomicU64::new(0),
        };
        let store = Self { shared: Arc::new(shared) };
        if let Some(path) = &store.shared.options.path {
            let mut gate = lock(&store.shared.gate);
            let opened = store.open_disk(path, &mut gate, None);
            store.settle(opened, now).ok();
        }
        store
    }

    /// Says once what a series is: bytes that [`Reading::series`] gives back, this time or after a restart.
    pub fn describe(&self, series: u32, description: impl AsRef<[u8]>) {
        self.memory().put_series(series, Some(Arc::from(description.as_ref())));
    }

    /// Forgets what a series is. Its blocks grow old as they would have.
    pub fn forget(&self, series: u32) {
        self.memory().put_series(series, None);
    }

    /// Puts a block, in place of the one that was there.
    pub fn put(&self, key: BlockKey, bytes: &[u8]) {
        self.memory().put(key, Arc::from(bytes), self.shared.options.max_memory);
    }

    /// The log of these records, kept within `limits`; the latest limits that were given hold.
    pub fn log<R: Record>(&self, limits: Limits) -> Log<R> {
        self.memory().limits.insert(R::LOG, limits);
        Log::of(self.clone())
    }

    /// All there is at this instant. It waits for nothing, and nobody waits for it; but as long as it is held, the
    /// file cannot use again what is removed.
    ///
    /// # Errors
    /// If the file is damaged. The next flush takes care of it; from then on, what is in memory can be read.
    pub fn read(&self) -> Result<Reading, Error> {
        // In this order: what a flush moves meanwhile is then in both, and never in neither.
        let layer = self.memory().layer.clone();
        let opened = self.shared.disk.read().unwrap_or_else(PoisonError::into_inner);
        let snapshot = match (&opened.disk, &self.shared.options.path) {
            (Some(disk), Some(path)) => Some(contained(path, "read", || disk.read())),
            _ => None,
        };
        let epoch = opened.epoch;
        drop(opened);
        let snapshot = snapshot.transpose().inspect_err(|error| self.suspect(epoch, error))?;
        Ok(Reading::new(self.clone(), layer, snapshot, epoch))
    }

    /// Writes what is in memory to the file and removes what is old, in one transaction: when this returns well, all
    /// that was put before is on the disk, and a crash at any moment leaves all of it or nothing.
    ///
    /// How much it removes is bounded, by what it writes. While there is trouble it returns at once, except that it
    /// tries again from time to time. Times that jump do no harm, beyond what they say of age.
    ///
    /// # Errors
    /// What keeps the file from being written. Nothing is lost: it stays in memory, within its bound.
    pub fn flush(&self, now: i64) -> Result<Flushed, Error> {
        let Some(path) = &self.shared.options.path else {
            let removed = self.memory().expire(&self.shared.options.keep, now);
            return Ok(Flushed { written: 0, removed });
        };
        let mut gate = lock(&self.shared.gate);
        if let Some(trouble) = lock(&self.shared.told).trouble.as_ref().filter(|trouble| trouble.waits(now)) {
            return Err(trouble.error.clone());
        }
        let flushed = self.write(path, &mut gate, now);
        self.settle(flushed, now)
    }

    /// Flushes, and gives the file back, for a restart or another process. The next flush would take it again.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn close(&self, now: i64) -> Result<Flushed, Error> {
        if let Some(trouble) = &mut lock(&self.shared.told).trouble {
            trouble.retry_at = now;
        }
        let flushed = self.flush(now);
        if let Some(path) = &self.shared.options.path {
            let _gate = lock(&self.shared.gate);
            self.close_disk(path)?;
        }
        flushed
    }

    /// How it is doing. Asks the system for the file's size.
    pub fn status(&self) -> Status {
        let path = self.shared.options.path.as_deref();
        let (pending_bytes, lost) = {
            let memory = self.memory();
            (memory.layer.bytes(), memory.lost)
        };
        let open = self.shared.disk.read().unwrap_or_else(PoisonError::into_inner).disk.is_some();
        let told = lock(&self.shared.told);
        Status {
            open,
            trouble: told.trouble.clone(),
            damage: told.damage.clone(),
            file_bytes: path.filter(|_| open).map_or(0, place::bytes),
            stored_bytes: told.stored,
            pending_bytes,
            flushed: told.flushed,
            set_aside: path.map(place::aside).unwrap_or_default(),
            lost,
            damaged_rows: self.shared.damaged_rows.load(Ordering::Relaxed),
            salvaged_rows: self.shared.salvaged_rows.load(Ordering::Relaxed),
        }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.shared.memory)
    }

    pub(super) fn path(&self) -> &Path {
        self.shared.options.path.as_deref().unwrap_or(Path::new(""))
    }

    pub(super) fn max_memory(&self) -> usize {
        self.shared.options.max_memory
    }

    pub(super) fn count_damaged(&self, rows: u64) {
        self.shared.damaged_rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Remembers what a reader of that opening ran into.
    pub(super) fn suspect(&self, epoch: u64, error: &Error) {
        *lock(&self.shared.suspicion) = Some((epoch, error.clone()));
    }

    fn write(&self, path: &Path, gate: &mut Gate, now: i64) -> Result<Flushed, Error> {
        let suspicion = lock(&self.shared.suspicion).take();
        let (open, epoch) = {
            let opened = self.shared.disk.read().unwrap_or_else(PoisonError::into_inner);
            (opened.disk.is_some() && opened.identity == place::identity(path), opened.epoch)
        };
        let suspicion = suspicion.filter(|(of, _)| *of == epoch).map(|(_, error)| error);
        if !open || suspicion.is_some() {
            // Closing may fail for what is suspected.
            self.close_disk(path).ok();
            self.open_disk(path, gate, suspicion.filter(|error| error.kind() == Kind::Damaged))?;
        }
        let mut committed = self.commit(path, now);
        // A damaged file is checked, and if it is found damaged again it is set aside: the third one is fresh.
        for _ in 0..2 {
            let Some(error) = committed.as_ref().err().filter(|error| error.kind() == Kind::Damaged) else { break };
            let found = Some(error.clone());
            self.close_disk(path).ok();
            self.open_disk(path, gate, found)?;
            committed = self.commit(path, now);
        }
        if committed.is_err() {
            // Nothing goes through this handle any more; another one can at least be read.
            self.close_disk(path).ok();
            self.open_disk(path, gate, None).ok();
        }
        committed
    }

    fn commit(&self, path: &Path, now: i64) -> Result<Flushed, Error> {
        let (layer, limits) = {
            let memory = self.memory();
            (memory.layer.clone(), memory.limits.clone())
        };
        let options = &self.shared.options;
        let plan = Plan { now, keep: &options.keep, limits: &limits, max_bytes: options.max_bytes };
        let opened = self.shared.disk.read().unwrap_or_else(PoisonError::into_inner);
        let Some(disk) = &opened.disk else {
            return Err(Error::new(Kind::Io, path, "write", "it is closed"));
        };
        let committed = contained(path, "write", || disk.commit(&layer, &plan))?;
        self.memory().settle(&layer);
        lock(&self.shared.told).stored = committed.stored;
        Ok(committed.flushed)
    }

    /// Opens the file; one that is small, or found damaged, before or now, is checked once, and else set aside.
    fn open_disk(&self, path: &Path, gate: &mut Gate, found: Option<Error>) -> Result<(), Error> {
        let open = |care| place::open(path, self.shared.options.cache, care);
        let damaged = |disk: &Result<Disk, Error>| disk.as_ref().is_err_and(|error| error.kind() == Kind::Damaged);
        let small = place::bytes(path) <= CHECKED;
        let care = if small { Care::Checked } else { Care::Usual };
        let mut disk = found.map_or_else(|| open(care), Err);
        if damaged(&disk) && !mem::replace(&mut gate.checked, true) {
            disk = open(Care::Checked);
        }
        if damaged(&disk) {
            lock(&self.shared.told).damage = disk.err();
            let aside = place::set_aside(path)?;
            gate.checked = false;
            disk = open(Care::Usual);
            if let Some(fresh) = disk.as_ref().ok().filter(|_| small) {
                let rows = salvage(&aside, fresh, self.shared.options.cache);
                self.shared.salvaged_rows.fetch_add(rows, Ordering::Relaxed);
                // As it is now, ids of logs among it.
                drop(disk);
                disk = open(Care::Usual);
            }
        }
        let disk = disk?;
        let mut memory = self.memory();
        for (log, last) in disk.last_ids() {
            memory.learn(log, *last);
        }
        drop(memory);
        let mut opened = self.shared.disk.write().unwrap_or_else(PoisonError::into_inner);
        *opened = Opened { disk: Some(disk), identity: place::identity(path), epoch: opened.epoch + 1 };
        Ok(())
    }

    /// Keeps in mind how it went.
    fn settle<T>(&self, result: Result<T, Error>, now: i64) -> Result<T, Error> {
        let mut told = lock(&self.shared.told);
        match &result {
            Ok(_) => {
                told.trouble = None;
                told.flushed = Some(now);
            }
            Err(error) => {
                let before = told.trouble.take().filter(|trouble| trouble.error.kind() == error.kind());
                let since = before.map_or(now, |trouble| trouble.since);
                let retry_at = now.saturating_add(error.kind().patience());
                told.trouble = Some(Trouble { error: error.clone(), since, retry_at });
            }
        }
        drop(told);
        result
    }

    fn close_disk(&self, path: &Path) -> Result<(), Error> {
        let disk = self.shared.disk.write().unwrap_or_else(PoisonError::into_inner).disk.take();
        disk.map_or(Ok(()), |disk| contained(path, "close", || disk.close()))
    }
}

impl Trouble {
    /// Whether it is too early to try again. A clock that was set back makes nobody wait.
    fn waits(&self, now: i64) -> bool {
        let patience = self.error.kind().patience();
        now < self.retry_at && now >= self.retry_at.saturating_sub(patience)
    }
}

/// Nothing here is left half-done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
