//! Blocks of history's file, as the file gives them: any bytes come to samples that end, each at its time, or to nothing.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "the library uses all of it")]

#[path = "../../crates/bellwether-history/src/bytes.rs"]
mod bytes;
#[path = "../../crates/bellwether-history/src/chunk/mod.rs"]
mod chunk;

use chunk::{Block, Shape};
use libfuzzer_sys::fuzz_target;

const SHAPES: [Option<Shape>; 5] =
    [Some(Shape::Count), Some(Shape::State), Some(Shape::Level), Some(Shape::Extremes), None];

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, rest) = (input.0 % SHAPES.len() as u8, input.1);
    let shape = SHAPES[usize::from(kind)];
    // Most bytes begin with another version or kind, and are none.
    for wrong in SHAPES.into_iter().filter(|other| *other != shape) {
        let head = [&[1, kind], rest].concat();
        assert!(Block::read(&head, wrong).is_none());
    }
    let _ = Block::read(rest, shape);
    let Some(block) = Block::read(&[&[1, kind], rest].concat(), shape) else { return };
    let len = usize::from(block.chunk.len);
    assert_eq!(block.times.len(), len);
    assert!(block.times.windows(2).all(|pair| pair[0] < pair[1]));
    let told = told(&block, shape);
    assert!(told.len() <= len, "{} samples of {len}", told.len());
    // What was read is written again, and read as the same.
    let bytes = Block::write(&block.chunk, &block.times, shape);
    let again = Block::read(&bytes, shape).expect("what was written");
    assert_eq!((&again.times, again.chunk.len), (&block.times, block.chunk.len));
    assert_eq!(self::told(&again, shape), told);
});

/// All samples, one after the other.
fn told(block: &Block, shape: Option<Shape>) -> Vec<String> {
    match shape {
        Some(shape) => block.chunk.words(shape).map(|words| format!("{words:?}")).collect(),
        None => {
            let mut reader = block.chunk.counts();
            let mut all = Vec::new();
            while reader.advance().is_some() {
                let _ = reader.counts.snapshot(&[-1.0, 0.0, 0.5, 1e9]);
                all.push(reader.counts.total().to_string());
            }
            all
        }
    }
}
