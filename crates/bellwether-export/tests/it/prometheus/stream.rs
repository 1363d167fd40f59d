//! Written piece by piece: bounded pieces, the same bytes as in one go, and no matter what happens in between.

use bellwether_core::{Counter, Family, Registry};
use bellwether_export::prometheus::{Exposition, Format};

use super::{bytes, histogram, parse, registry, resource};

fn large(series: usize) -> (Registry, Family<Counter, 1>) {
    let registry = registry();
    let family = registry.counter("jobs").labels(["queue"]).max_series(2 * series).family().unwrap();
    for number in 0..series {
        family.get([&format!("queue-{number}")]).add(number as u64);
    }
    let wait = registry.histogram("wait").labels(["queue"]).max_series(series).family().unwrap();
    for number in 0..series / 10 {
        wait.get([&format!("queue-{number}")]).record(number as f64);
    }
    (registry, family)
}

#[test]
fn chunks_are_bounded_and_add_up() {
    let (registry, _) = large(5_000);
    for format in [Format::TEXT, Format::OPEN_METRICS, Format::PROTOBUF] {
        let chunks: Vec<_> = Exposition::new(&registry, &resource(), format).collect();
        assert!(chunks.len() > 2, "{format:?}");
        for chunk in &chunks {
            assert!(chunk.len() < 80 * 1024, "{format:?}: {}", chunk.len());
        }
        assert_eq!(chunks.concat(), bytes(&registry, format), "{format:?}");
    }
}

#[test]
fn a_large_family_is_several_messages_in_protobuf() {
    let (registry, _) = large(5_000);
    let families = histogram::families(&bytes(&registry, Format::PROTOBUF));
    let mut labels = std::collections::BTreeSet::new();
    let parts: Vec<_> = families.iter().filter(|family| family.name == "jobs_total").collect();
    assert!(parts.len() > 1);
    for part in &parts {
        assert_eq!((part.kind, &part.help), (parts[0].kind, &parts[0].help));
        labels.extend(part.series.iter().map(|series| series.labels[0].1.clone()));
    }
    assert_eq!(labels.len(), 5_000);
}

#[test]
fn series_that_begin_in_between_break_nothing() {
    let (registry, family) = large(5_000);
    let mut all = Vec::new();
    for (number, chunk) in Exposition::new(&registry, &resource(), Format::OPEN_METRICS).enumerate() {
        all.extend_from_slice(&chunk);
        if number < 5_000 {
            family.get([&format!("later-{number}")]).inc();
            registry.counter(&format!("another.{number}")).build().unwrap().inc();
        }
    }
    let samples = parse::samples(&String::from_utf8(all).unwrap());
    let mut names: Vec<_> = samples.iter().map(|sample| (&sample.name, &sample.labels)).collect();
    let before = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), before, "each series once");
    assert!(samples.iter().filter(|sample| sample.name == "jobs_total").count() >= 5_000);
}

#[test]
fn an_exposition_ends_once() {
    let mut exposition = Exposition::new(&registry(), &resource(), Format::TEXT);
    assert!(exposition.next().is_some());
    assert!(exposition.next().is_none() && exposition.next().is_none());
}
