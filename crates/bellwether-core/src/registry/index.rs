//! Finds a series by its labels: a list that only grows, and a hash table over it that readers never wait for.
//!
//! Readers (a record that resolves labels, a scrape) take no lock. Writers (a new series) take turns by a mutex, put the
//! series in the list, then its number in the table, and count it last: who has read the count finds what it counts. A
//! table that is full is replaced by one twice its size; the old one stays, so that a reader who is in it finishes there,
//! and at worst asks again under the mutex.

use std::array;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::series::Series;
use crate::sync::{AtomicU32, AtomicU64, Mutex, OnceBox};

/// Segments of the list double in size from this: 2³ to 2³¹ series.
const FIRST_SEGMENT: u32 = 8;
const SEGMENTS: usize = 29;
/// Tables double in size from this.
const FIRST_TABLE: usize = 16;

#[derive(Debug)]
pub(crate) struct Index {
    segments: [OnceBox<Segment>; SEGMENTS],
    tables: [OnceBox<Table>; SEGMENTS],
    /// Which table is in use.
    table: AtomicU32,
    /// How many series are in the list and the table.
    len: AtomicU32,
    writing: Mutex<()>,
}

type Segment = Box<[OnceBox<Series>]>;
/// Each word is empty (0), or the upper half of a hash above the number of a series plus one.
type Table = Box<[AtomicU64]>;

/// A refusal to insert: `admit` said no.
#[derive(Debug)]
pub(crate) struct Refused;

impl Default for Index {
    fn default() -> Self {
        Self {
            segments: array::from_fn(|_| OnceBox::new()),
            tables: array::from_fn(|_| OnceBox::new()),
            table: AtomicU32::new(0),
            len: AtomicU32::new(0),
            writing: Mutex::new(()),
        }
    }
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire) as usize
    }

    /// All series, in the order they were made.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Series> {
        self.iter_from(0)
    }

    /// All series but the first `skip`.
    pub(crate) fn iter_from(&self, skip: usize) -> impl Iterator<Item = &Series> {
        let skip = u32::try_from(skip).unwrap_or(u32::MAX);
        (skip..self.len.load(Ordering::Acquire)).filter_map(|number| self.series(number))
    }

    #[inline]
    pub(crate) fn find(&self, hash: u64, is: impl Fn(&Series) -> bool) -> Option<&Series> {
        let table = self.tables.get(self.table.load(Ordering::Acquire) as usize)?.get()?;
        let mask = table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let word = table.get(at)?.load(Ordering::Acquire);
            if word == 0 {
                return None;
            }
            if word >> 32 == hash >> 32
                && let Some(series) = self.series(word as u32 - 1)
                && is(series)
            {
                return Some(series);
            }
            at = (at + 1) & mask;
        }
    }

    /// Finds a series, or makes it if `admit` agrees, seeing how many there are. Takes no lock where it does not agree.
    pub(crate) fn find_or_insert(
        &self,
        hash: u64,
        is: impl Fn(&Series) -> bool,
        admit: impl Fn(usize) -> bool,
        make: impl FnOnce() -> Series,
    ) -> Result<&Series, Refused> {
        if !admit(self.len()) {
            // Another thread may just have made this very series, the last that fits: now that it counts, it is found.
            return self.find(hash, is).ok_or(Refused);
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = self.find(hash, is) {
            return Ok(series);
        }
        let number = self.len.load(Ordering::Relaxed);
        if number == u32::MAX || !admit(number as usize) {
            return Err(Refused);
        }
        let (segment, at) = place(number);
        let slots = self
            .segments
            .get(segment)
            .ok_or(Refused)?
            .get_or_init(|| Box::new((0..(FIRST_SEGMENT as usize) << segment).map(|_| OnceBox::new()).collect()));
        let series = slots.get(at).ok_or(Refused)?.get_or_init(|| Box::new(make()));
        self.publish(number);
        self.len.store(number + 1, Ordering::Release);
        Ok(series)
    }

    /// Enters a series in the table; a larger one is built first when this one is three quarters full. Under the mutex.
    fn publish(&self, number: u32) {
        let current = self.table.load(Ordering::Relaxed) as usize;
        let full = (FIRST_TABLE << current) / 4 * 3;
        let current = if number as usize >= full { current + 1 } else { current };
        let Some(slot) = self.tables.get(current) else { return };
        if let Some(table) = slot.get() {
            self.enter(table, number);
            return;
        }
        let table: Table = (0..FIRST_TABLE << current).map(|_| AtomicU64::new(0)).collect();
        for number in 0..=number {
            self.enter(&table, number);
        }
        slot.get_or_init(|| Box::new(table));
        self.table.store(current as u32, Ordering::Release);
    }

    fn enter(&self, table: &[AtomicU64], number: u32) {
        let Some(series) = self.series(number) else { return };
        let mask = table.len() - 1;
        let mut at = series.hash as usize & mask;
        // Never full: there is an empty word.
        while let Some(word) = table.get(at) {
            if word.load(Ordering::Relaxed) == 0 {
                word.store(series.hash >> 32 << 32 | u64::from(number + 1), Ordering::Release);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn series(&self, number: u32) -> Option<&Series> {
        let (segment, at) = place(number);
        self.segments.get(segment)?.get()?.get(at)?.get()
    }
}

/// The segment of a series and its place there: segment `k` holds `FIRST_SEGMENT << k` series.
#[inline]
fn place(number: u32) -> (usize, usize) {
    let shifted = u64::from(number) + u64::from(FIRST_SEGMENT);
    let segment = shifted.ilog2() - FIRST_SEGMENT.ilog2();
    (segment as usize, (shifted - (u64::from(FIRST_SEGMENT) << segment)) as usize)
}
