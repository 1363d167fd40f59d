//! What dependencies emit through the `metrics` facade lands in the registry, or is refused and counted.

use bellwether_core::{Handle, Registry};

/// Emits into a registry of its own.
fn emit(emit: impl FnOnce()) -> Registry {
    let registry = Registry::new();
    metrics::with_local_recorder(&registry.recorder(), emit);
    registry
}

/// What each series of a metric shows: a total, a level, or a count.
fn shown(registry: &Registry, name: &str) -> Vec<f64> {
    let metric = registry.metric(name).unwrap();
    let shown = metric.series().map(|series| match series.handle() {
        Handle::Counter(counter) => counter.value() as f64,
        Handle::Gauge(gauge) => gauge.value(),
        Handle::Histogram(histogram) => histogram.snapshot().count() as f64,
        other => panic!("{other:?} is new"),
    });
    shown.collect()
}

#[test]
fn every_instrument() {
    let registry = emit(|| {
        metrics::counter!("hits").increment(2);
        metrics::counter!("hits").absolute(5);
        metrics::counter!("hits", "tier" => "disk").increment(1);
        metrics::gauge!("level").set(4.0);
        metrics::gauge!("level").increment(2.0);
        metrics::gauge!("level").decrement(0.5);
        metrics::histogram!("wait").record(0.1);
        metrics::histogram!("wait").record(std::time::Duration::from_millis(3));
    });
    assert_eq!(shown(&registry, "hits"), [7.0, 1.0]);
    assert_eq!(shown(&registry, "level"), [5.5]);
    assert_eq!(shown(&registry, "wait"), [2.0]);
    assert_eq!(registry.refused(), 0);
}

#[test]
fn described_before_or_after() {
    let registry = emit(|| {
        metrics::describe_counter!("early", metrics::Unit::Bytes, "Told first.");
        metrics::counter!("early").increment(1);
        metrics::gauge!("late").set(1.0);
        metrics::describe_gauge!("late", metrics::Unit::Milliseconds, "Told last.");
        metrics::describe_histogram!("never", "No such thing.");
    });
    let said = |name| registry.metric(name).map(|m| (m.unit().to_owned(), m.description().to_owned()));
    assert_eq!(said("early"), Some(("By".to_owned(), "Told first.".to_owned())));
    assert_eq!(said("late"), Some(("ms".to_owned(), "Told last.".to_owned())));
    assert_eq!(said("never"), None);
}

#[test]
fn what_is_not_legal_here_is_counted_and_harmless() {
    let registry = emit(|| {
        metrics::counter!("").increment(1);
        metrics::counter!("requests total").increment(1);
        metrics::gauge!("größe").set(1.0);
        metrics::histogram!("a", "__name__" => "b").record(1.0);
        metrics::counter!("b", "twice" => "1", "twice" => "2").increment(1);
        metrics::counter!("x".repeat(1 << 20)).increment(1);
        metrics::counter!("taken").increment(1);
        metrics::gauge!("taken").set(1.0);
    });
    assert_eq!(registry.refused(), 7);
    let names: Vec<_> = registry.metrics().iter().map(|metric| metric.name().to_owned()).collect();
    assert_eq!(names, ["taken"]);
    assert_eq!(shown(&registry, "taken"), [1.0]);
}

#[test]
fn labels_of_anybodys_making_stay_in_the_budget() {
    let registry = emit(|| {
        for number in 0..3000 {
            metrics::counter!("hits", "key" => number.to_string()).increment(1);
        }
    });
    let metric = registry.metric("hits").unwrap();
    assert_eq!((metric.len(), metric.overflowed()), (Registry::DEFAULT_MAX_SERIES, 1000));
    assert_eq!(shown(&registry, "hits").iter().sum::<f64>(), 3000.0);
}
