//! What is encoded is what was recorded, as others decode it; in batches; and deltas add up whatever goes wrong.

mod decoded;
mod deltas;

use std::collections::BTreeMap;

use bellwether_core::histogram::grid;
use bellwether_core::{Clock, Counter, Family, Histogram, SpanId, TraceId};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1 as proto;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use proptest::prelude::*;

use super::*;
use decoded::{attributes, batches, decode};

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn registry() -> (Registry, Clock) {
    let clock = Clock::manual(START);
    (Registry::on(clock.clone()), clock)
}

/// All metrics of a registry, in one batch.
fn all(registry: &Registry, push: Push) -> Vec<proto::Metric> {
    let walk = Walk::new(registry, push, Timestamp::default());
    batches(walk, &mut Deltas::new(1000)).into_iter().flatten().collect()
}

fn metric(registry: &Registry, push: Push) -> proto::Metric {
    let mut all = all(registry, push);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn exponential(metric: &proto::Metric) -> &proto::ExponentialHistogramDataPoint {
    match &metric.data {
        Some(Data::ExponentialHistogram(histogram)) => &histogram.data_points[0],
        other => panic!("{other:?}"),
    }
}

fn explicit(metric: &proto::Metric) -> &proto::HistogramDataPoint {
    match &metric.data {
        Some(Data::Histogram(histogram)) => &histogram.data_points[0],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_counter() {
    let (registry, clock) = registry();
    let jobs: Family<Counter, 3> = registry
        .counter("jobs.done")
        .unit("{job}")
        .description("Jobs finished.")
        .labels(["queue", "http.response.status_code", "server.port"])
        .family()
        .unwrap();
    jobs.get(["mail", "503", "none"]).add(3);
    jobs.get(["", "", ""]).add(u64::MAX);
    clock.advance(std::time::Duration::from_secs(5));
    let metric = metric(&registry, Push::default());
    assert_eq!((&*metric.name, &*metric.unit, &*metric.description), ("jobs.done", "{job}", "Jobs finished."));
    let Some(Data::Sum(sum)) = metric.data else { panic!("not a sum") };
    assert!(sum.is_monotonic);
    assert_eq!(sum.aggregation_temporality(), proto::AggregationTemporality::Cumulative);
    let point = &sum.data_points[0];
    assert_eq!(point.value, Some(Number::AsInt(3)));
    assert_eq!(point.start_time_unix_nano, START.unix_nanos());
    assert_eq!(point.time_unix_nano, START.unix_nanos() + 5_000_000_000);
    // Numbers by convention are numbers, where they are; labels without a value are not there.
    let expected = BTreeMap::from([
        ("http.response.status_code".to_owned(), Value::IntValue(503)),
        ("queue".to_owned(), Value::StringValue("mail".to_owned())),
        ("server.port".to_owned(), Value::StringValue("none".to_owned())),
    ]);
    assert_eq!(attributes(&point.attributes), expected);
    assert_eq!(sum.data_points[1].value, Some(Number::AsInt(i64::MAX)));
    assert_eq!(sum.data_points[1].attributes, []);
}

#[test]
fn a_scaled_counter_and_a_gauge() {
    let (registry, _) = registry();
    registry.counter("busy").unit("s").scale(1e-9).build().unwrap().add(1_500_000_000);
    registry.gauge("level").build().unwrap().set(-2.5);
    let [busy, level]: [proto::Metric; 2] = all(&registry, Push::default()).try_into().unwrap();
    let Some(Data::Sum(sum)) = busy.data else { panic!("not a sum") };
    assert_eq!(sum.data_points[0].value, Some(Number::AsDouble(1.5)));
    let Some(Data::Gauge(gauge)) = level.data else { panic!("not a gauge") };
    assert_eq!(gauge.data_points[0].value, Some(Number::AsDouble(-2.5)));
    assert_eq!(gauge.data_points[0].start_time_unix_nano, 0);
}

/// What adds up is a sum that is not monotonic, and cumulative whatever is preferred.
#[test]
fn an_additive_gauge() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let (registry, _) = registry();
        registry.gauge("in.flight").additive().build().unwrap().set(3.0);
        let metric = metric(&registry, Push { temporality, ..Push::default() });
        let Some(Data::Sum(sum)) = metric.data else { panic!("not a sum") };
        assert!(!sum.is_monotonic && sum.aggregation_temporality == 2, "{sum:?}");
        assert_eq!(sum.data_points[0].value, Some(Number::AsDouble(3.0)));
        assert_eq!(sum.data_points[0].start_time_unix_nano, START.unix_nanos());
    }
}

#[test]
fn exemplars_go_once() {
    let (registry, clock) = registry();
    let wait = registry.histogram("wait").build().unwrap();
    let ids = (TraceId::from_bytes([7; 16]).unwrap(), SpanId::from_bytes([9; 8]).unwrap());
    clock.advance(std::time::Duration::from_secs(1));
    wait.record_in_trace(0.3, ids.0, ids.1);
    let metric = metric(&registry, Push::default());
    let point = exponential(&metric);
    let [exemplar] = &*point.exemplars else { panic!("{:?}", point.exemplars) };
    assert_eq!(exemplar.value, Some(proto::exemplar::Value::AsDouble(0.3)));
    assert_eq!((&*exemplar.trace_id, &*exemplar.span_id), (&[7; 16][..], &[9; 8][..]));
    assert_eq!(exemplar.time_unix_nano, START.unix_nanos() + 1_000_000_000);
    assert_eq!(exemplar.filtered_attributes, []);
    let later = Walk::new(&registry, Push::default(), clock.timestamp());
    let metrics = batches(later, &mut Deltas::new(0)).concat();
    assert_eq!(exponential(&metrics[0]).exemplars, []);
}

#[test]
fn a_spread_too_wide_for_one_message_is_made_coarser() {
    let (registry, _) = registry();
    let sizes = registry.histogram("sizes").build().unwrap();
    for exponent in -1000..1000 {
        sizes.record(2_f64.powi(exponent));
        sizes.record(-2_f64.powi(exponent / 100));
    }
    let metric = metric(&registry, Push::default());
    let point = exponential(&metric);
    let (positive, negative) = (point.positive.as_ref().unwrap(), point.negative.as_ref().unwrap());
    assert!(positive.bucket_counts.len() <= 1024 && point.scale < grid::SCALE, "{}", point.scale);
    assert_eq!(positive.bucket_counts.iter().sum::<u64>(), 2000);
    assert_eq!(negative.bucket_counts.iter().sum::<u64>(), 2000);
    // The thousandth positive value, after all the negative ones.
    let (low, high) = decoded::quantile_between(point, 0.75).unwrap();
    assert!(low <= 0.5 && 0.5 <= high, "{low}..{high}");
}

#[test]
fn explicit_bounds_are_those_declared_or_powers_of_four() {
    let (registry, _) = registry();
    let declared = registry.histogram("a").bounds([0.1, 0.3]).build().unwrap();
    let undeclared = registry.histogram("b").build().unwrap();
    for histogram in [declared, undeclared] {
        [0.05, 0.1, 0.2, 0.3, 0.30001, 4.0, 1e9, -1.0].into_iter().for_each(|value| histogram.record(value));
    }
    let metrics = all(&registry, Push::default().histograms(Histograms::Explicit));
    let (declared, undeclared) = (explicit(&metrics[0]), explicit(&metrics[1]));
    assert_eq!((&*declared.explicit_bounds, &*declared.bucket_counts), (&[0.1, 0.3][..], &[3, 2, 3][..]));
    assert_eq!((declared.count, declared.min, declared.max), (8, Some(-1.0), Some(1e9)));
    assert_eq!(undeclared.explicit_bounds.len() + 1, undeclared.bucket_counts.len());
    assert_eq!(undeclared.bucket_counts.iter().sum::<u64>(), 8);
    let four = undeclared.explicit_bounds.iter().position(|bound| *bound == 4.0).unwrap();
    // 4 is the end of its bucket: what is 4 is in it.
    assert_eq!(undeclared.bucket_counts[..=four].iter().sum::<u64>(), 7);
    assert_eq!(undeclared.bucket_counts[..four].iter().sum::<u64>(), 6);
}

#[test]
fn the_overflow_series_is_pushed_once_in_whatever_batches() {
    let (registry, _) = registry();
    let paths: Family<Counter, 1> = registry.counter("paths").labels(["path"]).max_series(3).family().unwrap();
    ["/a", "/b", "/c", "/d", "/e"].into_iter().for_each(|path| paths.get([path]).inc());
    for points in 1..6 {
        let walk = Walk::new(&registry, Push::default(), Timestamp::default()).limits(1 << 20, points);
        let mut seen = Vec::new();
        for metric in batches(walk, &mut Deltas::new(0)).concat() {
            let Some(Data::Sum(sum)) = metric.data else { panic!("not a sum") };
            seen.extend(sum.data_points.iter().map(|point| (point.value.unwrap(), point.attributes[0].key.clone())));
        }
        let path = (Number::AsInt(1), "path".to_owned());
        let overflow = (Number::AsInt(2), "overflow".to_owned());
        assert_eq!(seen, [path.clone(), path.clone(), path, overflow], "{points} points a batch");
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-3.0..3.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
        1 => (-3.0..3.0_f64).prop_map(|exponent| -(10_f64.powf(exponent))),
        1 => Just(0.0),
        1 => prop::num::f64::ANY,
    ]
}

proptest! {
    #[test]
    fn a_histogram_is_what_was_recorded(values in prop::collection::vec(value(), 0..200)) {
        let (registry, _) = registry();
        let histogram: Histogram = registry.histogram("h").bounds([0.5, 2.0]).build().unwrap();
        values.iter().for_each(|value| histogram.record(*value));
        let seen = histogram.snapshot();
        let metric = metric(&registry, Push::default());
        let point = exponential(&metric);
        prop_assert_eq!(point.count, seen.count());
        prop_assert_eq!(point.sum, Some(seen.sum));
        prop_assert_eq!((point.min, point.max), (seen.min, seen.max));
        prop_assert_eq!(point.zero_count, seen.zero);
        prop_assert_eq!(point.zero_threshold, grid::ZERO_THRESHOLD);
        if point.scale == grid::SCALE {
            prop_assert_eq!(decoded::sparse(&point.positive), seen.positive.clone());
            prop_assert_eq!(decoded::sparse(&point.negative), seen.negative.clone());
        } else {
            let shift = grid::SCALE - point.scale;
            prop_assert_eq!(decoded::sparse(&point.positive), decoded::coarser(&seen.positive, shift));
            prop_assert_eq!(decoded::sparse(&point.negative), decoded::coarser(&seen.negative, shift));
        }
    }

    #[test]
    fn batches_are_bounded_and_miss_nothing(
        series in prop::collection::vec(0..40_usize, 1..6),
        points in 1..30_usize,
        bytes in 1..4000_usize,
    ) {
        let (registry, _) = registry();
        for (number, series) in series.iter().enumerate() {
            let name = format!("metric_{number}");
            let family: Family<Counter, 1> = registry.counter(&name).labels(["s"]).family().unwrap();
            (0..*series).for_each(|series| family.get([&series.to_string()]).inc());
        }
        let walk = Walk::new(&registry, Push::default(), Timestamp::default()).limits(bytes, points);
        let batches = decoded::raw_batches(walk, &mut Deltas::new(0));
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (raw, items) in &batches {
            // One data point may go beyond the limit.
            prop_assert!(raw.len() < bytes + 200 && *items <= points && *items > 0, "{} bytes, {} items", raw.len(), items);
            let mut counted = 0;
            for metric in decode(raw) {
                let Some(Data::Sum(sum)) = metric.data else { panic!("not a sum") };
                counted += sum.data_points.len();
                *seen.entry(metric.name).or_default() += sum.data_points.len();
            }
            prop_assert_eq!(counted, *items);
        }
        for (number, series) in series.iter().enumerate() {
            prop_assert_eq!(seen.get(&format!("metric_{number}")).copied().unwrap_or(0), *series);
        }
    }
}

#[test]
fn a_state_set_is_a_point_for_each_state() {
    let (registry, _) = registry();
    let doors = registry.state_set("door.state", "state", ["closed", "open"]).labels(["door"]).family().unwrap();
    doors.get(["front"]).set(1);
    registry.gauge("unknown").build().unwrap().observe(|| None);
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let metric = metric(&registry, Push { temporality, ..Push::default() });
        let Some(Data::Gauge(gauge)) = metric.data else { panic!("not a gauge") };
        let points: Vec<_> =
            gauge.data_points.iter().map(|point| (attributes(&point.attributes), point.value)).collect();
        let text = |value: &str| Value::StringValue(value.to_owned());
        let labels = |state| BTreeMap::from([("door".to_owned(), text("front")), ("state".to_owned(), text(state))]);
        let expected = [(labels("closed"), Some(Number::AsDouble(0.0))), (labels("open"), Some(Number::AsDouble(1.0)))];
        assert_eq!(points, expected, "{temporality:?}");
    }
}

#[test]
fn one_state_is_1_in_every_push_while_it_changes() {
    let (registry, _) = registry();
    let door = registry.state_set("door.state", "state", ["closed", "open", "ajar"]).build().unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        scope.spawn(|| (0..).take_while(|_| !stop.load(relaxed)).for_each(|at| door.set(at % 3)));
        for round in 0..1000 {
            let temporality = [Temporality::Cumulative, Temporality::Delta][round % 2];
            let metric = metric(&registry, Push { temporality, ..Push::default() });
            let Some(Data::Gauge(gauge)) = metric.data else { panic!("not a gauge") };
            let ones = gauge.data_points.iter().filter(|point| point.value == Some(Number::AsDouble(1.0))).count();
            assert_eq!((ones, gauge.data_points.len()), (1, 3));
        }
        stop.store(true, relaxed);
    });
}

/// A source that is elsewhere each time it is asked shows whether it was asked once.
#[test]
fn a_state_set_is_asked_once_for_all_its_points() {
    let (registry, _) = registry();
    let door = registry.state_set("door.state", "state", ["closed", "open", "ajar"]).build().unwrap();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    door.observe(move || Some(asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 3));
    for round in 0..6 {
        let temporality = [Temporality::Cumulative, Temporality::Delta][round % 2];
        let metric = metric(&registry, Push { temporality, ..Push::default() });
        let Some(Data::Gauge(gauge)) = metric.data else { panic!("not a gauge") };
        let seen: Vec<_> = gauge.data_points.iter().map(|point| point.value).collect();
        let expected: Vec<_> = (0..3).map(|state| Some(Number::AsDouble(f64::from(state == round % 3)))).collect();
        assert_eq!(seen, expected, "push {round}");
    }
}
