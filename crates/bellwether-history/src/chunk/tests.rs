//! What is written comes back, whatever it is; and foreign bytes do no harm.

use bellwether_core::{HistogramSnapshot, Registry};
use proptest::prelude::*;

use super::{Block, Chunk, Counts, Guess, Mark, Shape, Words};

fn words(shape: Shape, samples: &[Option<Words>]) {
    let mut chunk = Chunk::new(0, Some(5));
    let mut guess = Guess::new(shape);
    let (mut mark, mut told) = (Mark::default(), Vec::new());
    for (at, sample) in samples.iter().enumerate() {
        match sample {
            Some(sample) => drop(chunk.push_words(&mut guess, *sample)),
            None => chunk.push_absent(shape),
        }
        if shape != Shape::Extremes && at % 3 == 0 {
            // Whoever goes on reading has read the same.
            chunk.each_word(shape, &mut mark, told.len() as u16, |word| told.push(word.map(|word| [word, 0, 0])));
            assert_eq!(told, samples[..=at]);
        }
    }
    assert_eq!(chunk.words(shape).collect::<Vec<_>>(), samples);
    let times: Vec<i64> = (0..samples.len() as i64).map(|at| 1000 + at * at).collect();
    let bytes = Block::write(&chunk, &times, Some(shape));
    let block = Block::read(&bytes, Some(shape)).expect("what was written");
    assert_eq!(*block.times, times);
    assert_eq!(block.chunk.words(shape).collect::<Vec<_>>(), samples);
    assert_eq!(block.chunk.born, chunk.born);
    for chunk in [&chunk, &*block.chunk] {
        for skip in [0, 1, samples.len() / 2, samples.len()].into_iter().filter(|_| shape != Shape::Extremes) {
            let mut told = Vec::new();
            chunk.each_word(shape, &mut Mark::default(), skip as u16, |word| told.push(word));
            let model: Vec<_> = samples.iter().skip(skip).map(|sample| sample.map(|words| words[0])).collect();
            assert_eq!(told, model, "without the first {skip}");
        }
    }
    chunk.seal(Some(shape));
    assert_eq!(chunk.words(shape).collect::<Vec<_>>(), samples);
}

fn float() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), any::<f64>().prop_map(f64::to_bits), (-300_i64..300).prop_map(|n| (n as f64).to_bits())]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..3_u64, (0..64_u32).prop_map(|shift| 1 << shift)]
}

proptest! {
    #[test]
    fn numbers_come_back(samples in prop::collection::vec(prop::option::weighted(0.9, number()), 1..200)) {
        let samples: Vec<_> = samples.into_iter().map(|sample| sample.map(|word| [word, 0, 0])).collect();
        words(Shape::Count, &samples);
        words(Shape::State, &samples);
    }

    #[test]
    fn floats_come_back(samples in prop::collection::vec(prop::option::weighted(0.9, [float(), float(), float()]), 1..200)) {
        words(Shape::Extremes, &samples);
        let samples: Vec<_> = samples.into_iter().map(|sample| sample.map(|words| [words[0], 0, 0])).collect();
        words(Shape::Level, &samples);
    }

    #[test]
    fn histograms_come_back(ticks in prop::collection::vec(prop::collection::vec(value(), 0..8), 1..40)) {
        let registry = Registry::new();
        let bounds = [-2.0, -1.99, -1.0, 0.0, 0.25, 0.251, 1.0, 1e9];
        let histogram = registry.histogram("h").bounds(bounds).build().unwrap();
        let (mut chunk, mut before) = (Chunk::new(0, None), Counts::default());
        let mut all: Vec<HistogramSnapshot> = Vec::new();
        for values in ticks {
            values.iter().for_each(|value| histogram.record(*value));
            let mut snapshot = histogram.snapshot();
            let mut now = Counts::default();
            now.read(&snapshot);
            let growth = now.growth(&before);
            prop_assert!(growth.is_some());
            prop_assert_eq!(before.growth(&now).is_some(), before.total() == now.total());
            chunk.push_counts(&before, &growth.unwrap());
            before = now;
            (snapshot.min, snapshot.max) = (None, None);
            all.push(snapshot);
        }
        let times: Vec<i64> = (0..all.len() as i64).map(|at| at * 5000).collect();
        let block = Block::read(&Block::write(&chunk, &times, None), None).expect("what was written");
        for chunk in [&chunk, &*block.chunk] {
            let mut reader = chunk.counts();
            for snapshot in &all {
                let next = reader.advance();
                prop_assert!(next.is_some());
                prop_assert_eq!(&reader.counts.snapshot(&bounds), snapshot);
                prop_assert_eq!(reader.counts.total(), snapshot.count());
            }
            prop_assert_eq!(reader.advance(), None);
        }
    }

    #[test]
    fn foreign_bytes_are_refused_or_read_to_their_end(mut bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0..5_u8) {
        let shapes = [Some(Shape::Count), Some(Shape::State), Some(Shape::Level), Some(Shape::Extremes), None];
        let shape = shapes[usize::from(kind)];
        if bytes.len() > 3 {
            (bytes[0], bytes[1]) = (1, kind);
        }
        let Some(block) = Block::read(&bytes, shape) else { return Ok(()) };
        match shape {
            Some(shape) => {
                prop_assert!(block.chunk.words(shape).count() <= usize::from(block.chunk.len));
                block.chunk.each_word(shape, &mut Mark::default(), 3, |_| ());
            }
            None => {
                let mut reader = block.chunk.counts();
                while reader.advance().is_some() {
                    reader.counts.snapshot(&[-1.0, 0.0, 0.5, 1.0]);
                    reader.counts.total();
                }
            }
        }
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(0.0),
        (1..400).prop_map(|ms| f64::from(ms) / 1000.0),
        prop::sample::select(vec![0.25, 0.2505, -2.0, -1.99, -1.0, 1.0, 1e9]),
    ]
}

#[test]
fn what_stays_takes_nothing() {
    let (mut chunk, mut guess) = (Chunk::new(0, None), Guess::new(Shape::Count));
    for count in 0..1000_u64 {
        chunk.push_words(&mut guess, [count / 500, 0, 0]);
    }
    chunk.seal(Some(Shape::Count));
    assert!(chunk.written() <= 10, "{} bytes", chunk.written());
}
