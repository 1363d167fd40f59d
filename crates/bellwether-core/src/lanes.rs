//! Where concurrent writers write: one thread owns the first lane, the others share a second, which splits when they collide.
//!
//! A read-modify-write of an atomic that several cores want costs ten times an uncontended one, and even the latter costs
//! four times a plain load and store. So the first thread to write becomes the owner of its own lane and needs no
//! read-modify-write at all; everybody else meets in a shared lane; and only when two threads really collide there is
//! that lane split in several. A series that one thread touches pays for one lane. A read adds the lanes up.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use once_cell::race::OnceBox;

/// Lanes are at most this many; a power of two.
const MOST_LANES: usize = 16;

/// Enough words between what all threads read and what the owner writes to keep them in different cache lines.
const APART: usize = 7;

pub(crate) struct Lanes<L> {
    /// The address of a thread-local of the owner, 0 while there is none. Addresses are unique among living threads, and
    /// a thread that inherits a dead one's address inherits its lane: it was started by way of locks (of the allocator
    /// and the thread library) that order its first read after the dead thread's last write.
    owner: AtomicUsize,
    others: OnceBox<Others<L>>,
    _apart: [u64; APART],
    own: L,
}

struct Others<L> {
    shared: L,
    split: OnceBox<Box<[Padded<L>]>>,
}

#[repr(align(64))]
#[derive(Default)]
struct Padded<L>(L);

/// What a shared write tells: whether another thread was in the way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    Nobody,
    Somebody,
}

impl<L: Default> Default for Lanes<L> {
    fn default() -> Self {
        Self { owner: AtomicUsize::new(0), others: OnceBox::new(), _apart: [0; APART], own: L::default() }
    }
}

impl<L: Default> Lanes<L> {
    /// Writes once: by `exclusive` if the lane is this thread's alone, else by `shared`.
    #[inline]
    pub(crate) fn write(&self, exclusive: impl FnOnce(&L), shared: impl FnOnce(&L) -> Met) {
        let me = thread_address();
        if self.owner.load(Relaxed) == me || self.claim(me) {
            exclusive(&self.own)
        } else {
            self.write_shared(me, shared)
        }
    }

    #[inline]
    fn claim(&self, me: usize) -> bool {
        self.owner.load(Relaxed) == 0 && self.owner.compare_exchange(0, me, Relaxed, Relaxed).is_ok()
    }

    #[inline]
    fn write_shared(&self, me: usize, shared: impl FnOnce(&L) -> Met) {
        let others = self.others.get_or_init(|| Box::new(Others { shared: L::default(), split: OnceBox::new() }));
        match others.split.get() {
            Some(lanes) => {
                // Thread-locals of different threads differ far above their alignment: mix before masking.
                let mixed = (me as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
                if let Some(lane) = lanes.get(mixed as usize & (lanes.len() - 1)) {
                    shared(&lane.0);
                }
            }
            None => {
                if shared(&others.shared) == Met::Somebody {
                    others.split();
                }
            }
        }
    }

    /// Every lane in use, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &L> {
        let others = self.others.get();
        let split = others.and_then(|others| others.split.get()).map_or(&[][..], |lanes| lanes);
        std::iter::once(&self.own).chain(others.map(|others| &others.shared)).chain(split.iter().map(|lane| &lane.0))
    }
}

impl<L: Default> Others<L> {
    #[cold]
    fn split(&self) {
        self.split.get_or_init(|| {
            let threads = std::thread::available_parallelism().map_or(2, usize::from);
            let lanes = (threads * 2).next_power_of_two().min(MOST_LANES);
            Box::new((0..lanes).map(|_| Padded::default()).collect())
        });
    }
}

impl<L> fmt::Debug for Lanes<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Who is writing. The thread-local has no destructor, so this works also while the thread is being torn down.
#[inline]
fn thread_address() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// Adds where this thread is the only writer.
#[inline]
pub(crate) fn add_exclusive(cell: &AtomicU64, n: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
}

/// Adds where others may write too, and says whether one did.
#[inline]
pub(crate) fn add_shared(cell: &AtomicU64, n: u64) -> Met {
    let seen = cell.load(Relaxed);
    if cell.compare_exchange(seen, seen.wrapping_add(n), Relaxed, Relaxed).is_ok() {
        return Met::Nobody;
    }
    cell.fetch_add(n, Relaxed);
    Met::Somebody
}

/// Replaces an f64, kept as its bits, by `next` of it, where others may write too.
#[inline]
pub(crate) fn update_f64(cell: &AtomicU64, next: impl Fn(f64) -> f64) -> Met {
    let mut seen = cell.load(Relaxed);
    let mut met = Met::Nobody;
    loop {
        let new = next(f64::from_bits(seen)).to_bits();
        match cell.compare_exchange_weak(seen, new, Relaxed, Relaxed) {
            Ok(_) => return met,
            Err(now) => (seen, met) = (now, Met::Somebody),
        }
    }
}
