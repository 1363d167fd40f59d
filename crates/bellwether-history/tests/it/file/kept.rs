//! What is put can be read at once, after a flush, and after a restart: against a model that keeps all in maps.

use super::{HOUR, NOW, Note, blocks, key, note, open, place};
use bellwether_history::file::{Limits, Options, Query, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
fn blocks_and_series_outlive_a_restart() {
    let (_folder, path) = place();
    let store = open(&path);
    store.describe(3, "requests_total{route=\"/\"}");
    store.put(key(1, NOW, 3), b"first");
    store.put(key(1, NOW + HOUR, 3), b"second");
    assert_eq!(store.flush(NOW).expect("a new file").written, 3);
    store.put(key(1, NOW + HOUR, 3), b"second, longer");
    let expected = vec![(NOW, b"first".to_vec()), (NOW + HOUR, b"second, longer".to_vec())];
    assert_eq!(blocks(&store, 1, 3), expected);
    store.close(NOW).expect("a sound file");

    let store = open(&path);
    assert_eq!(store.status().trouble, None);
    assert_eq!(blocks(&store, 1, 3), expected);
    let series = store.read().and_then(|all| all.series()).expect("a sound file");
    assert_eq!(
        series.into_iter().map(|(id, text)| (id, text.to_vec())).collect::<Vec<_>>(),
        [(3, b"requests_total{route=\"/\"}".to_vec())]
    );
}

/// What may happen to a store.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, i64, u32, u8),
    Describe(u32, u8),
    Forget(u32),
    Append(i64, u8),
    Flush,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3u8, -3..6i64, 0..4u32, any::<u8>()).prop_map(|(tier, start, series, byte)| Step::Put(tier, start, series, byte)),
        2 => (0..4u32, any::<u8>()).prop_map(|(series, byte)| Step::Describe(series, byte)),
        1 => (0..4u32).prop_map(Step::Forget),
        4 => (-5..50i64, any::<u8>()).prop_map(|(at, byte)| Step::Append(at, byte)),
        2 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Debug, Default)]
struct Model {
    blocks: BTreeMap<(u8, i64, u32), Vec<u8>>,
    series: BTreeMap<u32, Vec<u8>>,
    notes: Vec<(u64, i64, Note)>,
}

fn same(store: &Store, model: &Model) {
    let reading = store.read().expect("a sound file");
    for tier in 0..3 {
        let of_tier = model.blocks.iter().filter(|((of, _, _), _)| *of == tier);
        let starts: Vec<i64> = of_tier.clone().map(|((_, start, _), _)| *start).collect();
        assert_eq!(reading.extent(tier).expect("a sound file"), starts.first().copied().zip(starts.last().copied()));
        for (from, to) in [(-10, 10), (0, 3), (2, 2), (3, 1)] {
            let range = from..to;
            let inside = of_tier.clone().filter(|((_, start, _), _)| range.contains(start));
            let scanned = reading.scan(tier, range.clone()).map(|row| row.expect("a sound file"));
            let scanned: Vec<_> = scanned.map(|(key, bytes)| ((key.start, key.series), bytes.to_vec())).collect();
            let expected: Vec<_> =
                inside.clone().map(|((_, start, series), bytes)| ((*start, *series), bytes.clone())).collect();
            assert_eq!(scanned, expected);
            for series in 0..5 {
                let found = reading.blocks(tier, series, range.clone()).expect("a sound file");
                let found: Vec<_> = found.into_iter().map(|(start, bytes)| (start, bytes.to_vec())).collect();
                let expected = inside.clone().filter(|((_, _, of), _)| *of == series);
                let expected: Vec<_> = expected.map(|((_, start, _), bytes)| (*start, bytes.clone())).collect();
                assert_eq!(found, expected);
            }
        }
    }
    let series = reading.series().expect("a sound file");
    assert_eq!(series.into_iter().map(|(id, text)| (id, text.to_vec())).collect::<BTreeMap<_, _>>(), model.series);
    pages(&reading, model);
}

fn pages(reading: &bellwether_history::file::Reading, model: &Model) {
    for (from, to) in [(i64::MIN, i64::MAX), (0, 25), (10, 11)] {
        for limit in [1, 3, 1000] {
            for query in [Query::newest(), Query::oldest()] {
                let expected = model.notes.iter().filter(|(_, at, _)| (from..to).contains(at)).cloned();
                let mut expected: Vec<_> = expected.collect();
                if query.newest_first {
                    expected.reverse();
                }
                let mut query = query.times(from, to).limit(limit);
                let mut found = Vec::new();
                loop {
                    let page = reading.page::<Note>(&query).expect("a sound file");
                    assert!(page.entries.len() <= limit && (page.newer, page.damaged) == (0, 0));
                    found.extend(page.entries.into_iter().map(|entry| (entry.id, entry.at, entry.record)));
                    let Some(next) = page.next else { break };
                    query = if query.newest_first { query.ids(0, next) } else { query.ids(next, u64::MAX) };
                }
                assert_eq!(found, expected);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn equals_a_model_that_forgets_nothing(steps in prop::collection::vec(step(), 1..40), in_memory in any::<bool>()) {
        let (_folder, path) = place();
        let options = |path: &PathBuf| if in_memory { Options::in_memory() } else { Options::new(path) };
        let mut store = Store::open(options(&path), NOW);
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Put(tier, start, series, byte) => {
                    let bytes = vec![byte; usize::from(byte) * 20];
                    store.put(key(tier, start, series), &bytes);
                    model.blocks.insert((tier, start, series), bytes);
                }
                Step::Describe(series, byte) => {
                    store.describe(series, [byte]);
                    model.series.insert(series, vec![byte]);
                }
                Step::Forget(series) => {
                    store.forget(series);
                    model.series.remove(&series);
                }
                Step::Append(at, byte) => {
                    let record = note(byte.to_string());
                    let id = store.log(Limits::default()).append(&record, at).expect("a small one");
                    assert!(model.notes.last().is_none_or(|(last, _, _)| *last < id));
                    model.notes.push((id, at, record));
                }
                // Times near 1970, so that nothing is old.
                Step::Flush => drop(store.flush(100).expect("a sound file")),
                Step::Reopen if in_memory => {}
                Step::Reopen => {
                    store.close(100).expect("a sound file");
                    store = open(&path);
                }
            }
            assert_eq!(store.status().trouble, None);
        }
        same(&store, &model);
    }
}
