//! Things that are found by what they are, and kept for good: at most so many, found without a lock, numbered in the order in
//! which they came.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Mutex, OnceBox};

#[derive(Debug)]
pub(super) struct Table<T> {
    /// By hash, each the number of a thing plus one; 0 where there is none. Never more than half full.
    places: Box<[AtomicU32]>,
    list: Box<[OnceBox<T>]>,
    len: AtomicUsize,
    /// Held by whoever adds.
    adding: Mutex<()>,
    turned_away: AtomicU64,
}

impl<T> Table<T> {
    /// For so many at most, a power of two.
    pub(super) fn new(max: usize) -> Self {
        Self {
            places: (0..2 * max).map(|_| AtomicU32::new(0)).collect(),
            list: (0..max).map(|_| OnceBox::new()).collect(),
            len: AtomicUsize::new(0),
            adding: Mutex::new(()),
            turned_away: AtomicU64::new(0),
        }
    }

    /// The thing of this number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.list.get(number as usize)?.get()
    }

    /// The number of the thing that `is` the one, which is made if there is none; `None` if there is no room.
    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Option<u32> {
        self.look(hash, &is).ok().or_else(|| self.add(hash, &is, make))
    }

    /// All things, by their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.list[..self.len.load(Acquire)].iter().filter_map(OnceBox::get)
    }

    /// How many there was no room for.
    pub(super) fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }

    /// Its number, or the place where it belongs.
    #[inline]
    fn look(&self, hash: u64, is: impl Fn(&T) -> bool) -> Result<u32, usize> {
        let mask = self.places.len() - 1;
        let mut at = (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        loop {
            let number = match self.places[at].load(Acquire) {
                0 => return Err(at),
                number => number - 1,
            };
            if self.get(number).is_some_and(&is) {
                return Ok(number);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn add(&self, hash: u64, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Option<u32> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let place = match self.look(hash, is) {
            Ok(number) => return Some(number),
            Err(place) => place,
        };
        let number = self.len.load(Relaxed);
        let Some(empty) = self.list.get(number) else {
            self.turned_away.fetch_add(1, Relaxed);
            return None;
        };
        empty.get_or_init(|| Box::new(make()));
        self.len.store(number + 1, Release);
        self.places[place].store(number as u32 + 1, Release);
        Some(number as u32)
    }
}

/// A hash of two short texts that no stranger can choose.
#[inline]
pub(super) fn hash(first: &str, second: &str) -> u64 {
    let add = |sum: u64, text: &[u8]| {
        let (words, rest) = text.as_chunks::<8>();
        let mix = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
        let sum = words.iter().fold(mix(sum, text.len() as u64), |sum, word| mix(sum, u64::from_le_bytes(*word)));
        rest.iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte)))
    };
    add(add(1, first.as_bytes()), second.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_it_keeps_and_counts_what_it_does_not() {
        let table = Table::new(8);
        let find = |n: u64| table.find(n % 3, |kept| *kept == n, || n);
        assert_eq!([5, 2, 5, 8, 2].map(find), [Some(0), Some(1), Some(0), Some(2), Some(1)]);
        assert_eq!((10..17).map(find).collect::<Vec<_>>()[4..], [Some(7), None, None]);
        assert_eq!((table.turned_away(), find(5)), (2, Some(0)));
        assert_eq!(table.iter().copied().collect::<Vec<_>>(), [5, 2, 8, 10, 11, 12, 13, 14]);
        assert_eq!((table.get(2), table.get(8)), (Some(&8), None));
    }

    #[test]
    fn texts_are_told_apart() {
        let texts = ["", "GET", "POST", "/v1/turns", "/v1/turns/{id}", "GET/v1"];
        let pairs = texts.iter().flat_map(|a| texts.iter().map(move |b| hash(a, b)));
        let mut hashes: Vec<u64> = pairs.collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), texts.len() * texts.len());
    }
}
