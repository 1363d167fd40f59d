//! A chunk as bytes that stand alone, with its times: what a store keeps.

use std::sync::Arc;

use super::{Chunk, Shape};
use crate::bytes;

/// A chunk that came back from a store.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) chunk: Arc<Chunk>,
    /// One for each sample.
    pub(crate) times: Arc<Vec<i64>>,
}

/// The first byte, for when something else comes to be written.
const VERSION: u8 = 1;
/// More samples than any block has.
const MOST: u64 = 4096;

impl Block {
    /// A chunk and the times of its samples as bytes. `shape` is `None` for histograms.
    pub(crate) fn write(chunk: &Chunk, times: &[i64], shape: Option<Shape>) -> Vec<u8> {
        let mut out = Vec::with_capacity(chunk.written() + 32);
        out.push(VERSION);
        out.push(kind(shape));
        bytes::put(&mut out, u64::from(chunk.len));
        let first = times.first().copied().unwrap_or(0);
        bytes::put_signed(&mut out, first);
        match chunk.born {
            // At least 1, since 0 is for those that go on.
            Some(born) => bytes::put(&mut out, 1 + first.saturating_sub(born.get()).max(0) as u64),
            None => bytes::put(&mut out, 0),
        }
        put_times(&mut out, times);
        let mut chunk = chunk.clone();
        chunk.end_run(shape);
        out.extend_from_slice(&chunk.samples.bytes);
        out
    }

    /// The chunk that was written, if that is what the bytes are, of that shape.
    pub(crate) fn read(mut from: &[u8], shape: Option<Shape>) -> Option<Self> {
        let (head, rest) = from.split_first_chunk::<2>()?;
        if *head != [VERSION, kind(shape)] {
            return None;
        }
        from = rest;
        let len = bytes::take(&mut from).filter(|len| *len <= MOST)?;
        let first = bytes::take_signed(&mut from)?;
        let born = match bytes::take(&mut from)? {
            0 => None,
            since => Some(first.checked_sub(i64::try_from(since - 1).ok()?)?),
        };
        let times = take_times(&mut from, first, len as usize)?;
        let mut chunk = Chunk::new(0, born);
        (chunk.len, chunk.samples.bytes) = (len as u16, from.to_vec());
        Some(Self { chunk: Arc::new(chunk), times: Arc::new(times) })
    }
}

fn kind(shape: Option<Shape>) -> u8 {
    match shape {
        Some(Shape::Count) => 0,
        Some(Shape::State) => 1,
        Some(Shape::Level) => 2,
        Some(Shape::Extremes) => 3,
        None => 4,
    }
}

/// The times after the first: how the distance changes, and how often it is then the same.
fn put_times(out: &mut Vec<u8>, times: &[i64]) {
    let mut distances = times.windows(2).map(|pair| pair[1] - pair[0]).peekable();
    let mut last = 0;
    while let Some(distance) = distances.next() {
        let mut again = 0;
        while distances.next_if_eq(&distance).is_some() {
            again += 1;
        }
        bytes::put_signed(out, distance - last);
        bytes::put(out, again);
        last = distance;
    }
}

fn take_times(from: &mut &[u8], first: i64, len: usize) -> Option<Vec<i64>> {
    let mut times = Vec::with_capacity(len);
    let (mut time, mut distance) = (first, 0_i64);
    times.extend((len > 0).then_some(first));
    while times.len() < len {
        distance = distance.checked_add(bytes::take_signed(from)?).filter(|distance| *distance > 0)?;
        let again = bytes::take(from)?;
        if again >= (len - times.len()) as u64 {
            return None;
        }
        for _ in 0..=again {
            time = time.checked_add(distance)?;
            times.push(time);
        }
    }
    Some(times)
}
