//! Where concurrent writers write: the first two in lanes of their own, the others in a shared one, until they collide.
//!
//! A read-modify-write of an atomic that several cores want costs ten times an uncontended one, and even the latter costs
//! four times a plain load and store. So the first two threads to write own a lane each and need no read-modify-write at
//! all; everybody else meets in a shared lane; and only when two threads really collide there does each get a lane of its
//! own as well. A series that one thread touches pays for one lane. A read adds the lanes up.
//!
//! What counters and histograms are made of, public for instruments of other crates: a lane is what one thread writes.
//!
//! ```
//! use bellwether_core::lanes::{Lanes, add_exclusive, add_shared};
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! let calls: Lanes<AtomicU64> = Lanes::default();
//! calls.write(|lane| add_exclusive(lane, 1), |lane| add_shared(lane, 1));
//! assert_eq!(calls.iter().map(|lane| lane.load(Relaxed)).sum::<u64>(), 1);
//! ```

use std::array;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

use crate::sync::{AtomicU64, AtomicUsize, LANES, OnceBox, thread_address};

/// A thread looks for a lane of its own in so many places.
const TRIES: usize = if LANES < 8 { LANES } else { 8 };

/// A lane is one cache line apart from what is beside it, by words of its own: all threads read who owns it.
#[repr(C)] // Else the compiler may put the lane first.
pub struct Lanes<L> {
    /// Who owns the first lane: the address of a thread, 0 while nobody does. Addresses are unique among living threads,
    /// and a thread that inherits a dead one's address inherits its lane: it was started by way of locks (of the allocator
    /// and the thread library) that order its first read after the dead thread's last write.
    owner: AtomicUsize,
    others: OnceBox<Others<L>>,
    first: L,
}

/// What is there once a second thread has come.
#[repr(C)]
struct Others<L> {
    owner: AtomicUsize,
    shared: OnceBox<L>,
    owned: OnceBox<Owned<L>>,
    second: L,
}

/// Lanes with owners. The owners stand together, apart from what they write: a thread that looks for its own reads those
/// of others.
struct Owned<L> {
    owners: [AtomicUsize; LANES],
    lanes: [OnceBox<L>; LANES],
}

/// The lane of a counter.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Tally {
    _before: [u64; 7],
    /// What was counted.
    pub count: AtomicU64,
    _behind: [u64; 7],
}

/// What a shared write tells: whether another thread was in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// Nobody wrote meanwhile.
    Nobody,
    /// Somebody did: the threads had better have lanes of their own.
    Somebody,
}

impl<L: Default> Default for Lanes<L> {
    fn default() -> Self {
        Self { owner: AtomicUsize::new(0), others: OnceBox::new(), first: L::default() }
    }
}

impl<L: Default> Lanes<L> {
    /// Writes once: by `exclusive` where this thread is the only writer, else by `shared`.
    #[inline]
    pub fn write(&self, exclusive: impl FnOnce(&L), shared: impl FnOnce(&L) -> Met) {
        let me = thread_address();
        let own = if self.owner.load(Relaxed) == me { Some(&self.first) } else { self.own_beside(me) };
        match own {
            Some(lane) => exclusive(lane),
            None => self.write_shared(shared),
        }
    }

    /// The lane of a thread that does not own the first, or not yet. Out of line, so that the few instructions of the
    /// first owner stay in line.
    #[inline(never)]
    fn own_beside(&self, me: usize) -> Option<&L> {
        if claim(&self.owner, me) {
            return Some(&self.first);
        }
        let others = self.others.get_or_init(Box::default);
        if claim(&others.owner, me) { Some(&others.second) } else { others.owned.get()?.lane(me) }
    }

    #[inline(never)]
    fn write_shared(&self, shared: impl FnOnce(&L) -> Met) {
        let others = self.others.get_or_init(Box::default);
        if shared(others.shared.get_or_init(Box::default)) == Met::Somebody {
            others.owned.get_or_init(Box::default);
        }
    }

    /// Every lane in use, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &L> {
        let others = self.others.get();
        let second = others.map(|others| &others.second);
        let shared = others.and_then(|others| others.shared.get());
        let owned = others.and_then(|others| others.owned.get()).map_or(&[][..], |owned| &owned.lanes);
        let beside = second.into_iter().chain(shared).chain(owned.iter().filter_map(OnceBox::get));
        std::iter::once(&self.first).chain(beside)
    }
}

impl<L: Default> Owned<L> {
    /// The lane of this thread; `None` if all places where it looks are taken.
    #[inline]
    fn lane(&self, me: usize) -> Option<&L> {
        // Thread-locals of different threads differ by multiples of a stack's size: the upper half of a product mixes that.
        let mixed = (me as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let home = ((mixed * LANES as u64) >> 32) as usize;
        let at = (home..home + TRIES).map(|at| at % LANES).find(|at| claim(&self.owners[*at], me))?;
        Some(self.lanes[at].get_or_init(Box::default))
    }
}

/// Whether a lane is this thread's, or nobody's and now is.
#[inline]
fn claim(owner: &AtomicUsize, me: usize) -> bool {
    let now = owner.load(Relaxed);
    now == me || now == 0 && owner.compare_exchange(0, me, Relaxed, Relaxed).is_ok()
}

impl<L: Default> Default for Others<L> {
    fn default() -> Self {
        Self { owner: AtomicUsize::new(0), shared: OnceBox::new(), owned: OnceBox::new(), second: L::default() }
    }
}

impl<L> Default for Owned<L> {
    fn default() -> Self {
        Self { owners: array::from_fn(|_| AtomicUsize::new(0)), lanes: array::from_fn(|_| OnceBox::new()) }
    }
}

impl<L> fmt::Debug for Lanes<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// An address that no other living thread has.
#[inline]
pub fn this_thread() -> usize {
    thread_address()
}

/// Adds where this thread is the only writer.
#[inline]
pub fn add_exclusive(cell: &AtomicU64, n: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
}

/// Adds where others may write too, and says whether one just did.
#[inline]
pub fn add_shared(cell: &AtomicU64, n: u64) -> Met {
    let seen = cell.load(Relaxed);
    if cell.fetch_add(n, Relaxed) == seen { Met::Nobody } else { Met::Somebody }
}

/// Replaces an f64, kept as its bits, by `next` of it, where others may write too, and says whether one did.
#[inline]
pub fn update_f64(cell: &AtomicU64, next: impl Fn(f64) -> f64) -> Met {
    let mut seen = cell.load(Relaxed);
    let mut met = Met::Nobody;
    loop {
        let new = next(f64::from_bits(seen)).to_bits();
        // Not the weak form, which may fail though nobody was in the way.
        match cell.compare_exchange(seen, new, Relaxed, Relaxed) {
            Ok(_) => return met,
            Err(now) => (seen, met) = (now, Met::Somebody),
        }
    }
}
