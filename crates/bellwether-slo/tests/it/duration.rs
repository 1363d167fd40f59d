//! Rules A35 to A39: how long it takes, over any period.

use std::time::Duration;

use bellwether_core::{HistogramSnapshot, Outcome, Registry};
use bellwether_slo::{Counting, Outcomes, Quantile, Quantiles, Sli, Slo, Source, measure};
use proptest::prelude::*;

use crate::log::{Event, Log, at, span, target};

fn recorded(values: impl IntoIterator<Item = f64>) -> HistogramSnapshot {
    let registry = Registry::new();
    let histogram = registry.histogram("seconds").bounds([0.3]).build().unwrap();
    values.into_iter().for_each(|value| histogram.record(value));
    histogram.snapshot()
}

/// A busy hour at 10 ms and a quiet one at a second: the mean of their quantiles is half a second, the truth 10 ms.
#[test]
fn a35_never_averaged() {
    let busy = recorded(std::iter::repeat_n(0.010, 100_000));
    let quiet = recorded(std::iter::repeat_n(1.0, 100));
    let p99 = |values: &HistogramSnapshot| Quantiles::of(values).unwrap().p99.value;
    let mean = f64::midpoint(p99(&busy), p99(&quiet));
    assert!((0.5..0.51).contains(&mean));
    let mut both = busy.clone();
    both.merge(&quiet);
    assert!((p99(&both) / 0.010 - 1.0).abs() < 0.011);
}

proptest! {
    /// Merged in whatever order, and within the bounds that are given, of what sorting all values says.
    #[test]
    fn a36_bounds(mut values in prop::collection::vec(1e-4_f64..1e3, 1..300), cut in 0_usize..300, q in 0.0_f64..=1.0) {
        let (one, other) = values.split_at(cut.min(values.len()));
        let (one, other) = (recorded(one.iter().copied()), recorded(other.iter().copied()));
        let merged = |a: &HistogramSnapshot, b: &HistogramSnapshot| {
            let mut all = a.clone();
            all.merge(b);
            all
        };
        let all = merged(&one, &other);
        prop_assert_eq!(all.positive.clone(), merged(&other, &one).positive);
        prop_assert_eq!(&all.positive, &recorded(values.iter().copied()).positive);
        let quantile = Quantile::of(&all, q).unwrap();
        values.sort_by(f64::total_cmp);
        let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
        let exact = values[rank - 1];
        prop_assert!(quantile.between.0 <= exact && exact <= quantile.between.1, "{exact} {quantile:?}");
        prop_assert!(quantile.confidence.0 <= quantile.between.0 && quantile.between.1 <= quantile.confidence.1);
        if quantile.too_few {
            let greatest = *values.last().unwrap();
            prop_assert!((quantile.value / greatest - 1.0).abs() <= 0.011);
        } else {
            prop_assert!((quantile.value / exact - 1.0).abs() <= 0.011, "{exact} {quantile:?}");
        }
    }
}

/// Without values there is no quantile.
#[test]
fn a37_nothing() {
    assert_eq!(Quantiles::of(&HistogramSnapshot::default()), None);
    assert_eq!(Quantile::of(&recorded([1.0]), f64::NAN), None);
}

proptest! {
    /// What is interpolated is what PromQL's `histogram_quantile` says of the same histogram.
    #[test]
    fn a37_as_promql(values in prop::collection::vec(prop_oneof![1e-3_f64..1e3, -1e3_f64..-1e-3, Just(0.0)], 1..100), q in 0.0_f64..=1.0) {
        let ours = recorded(values.iter().copied());
        // Prometheus numbers the same buckets one higher.
        let side = |side: &[(i32, u64)]| side.iter().map(|(index, count)| (index + 1, *count as f64)).collect::<Vec<_>>();
        let theirs = bellwether_promql::Histogram::exponential(5)
            .totals(ours.count() as f64, ours.sum)
            .zero(f64::MIN_POSITIVE, ours.zero as f64)
            .positive(side(&ours.positive))
            .negative(side(&ours.negative));
        let (ours, theirs) = (Quantile::of(&ours, q).unwrap().interpolated, theirs.quantile(q));
        prop_assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{ours} {theirs}");
    }
}

/// With fewer than a hundred values there is no p99 to speak of: it is the greatest, and said to be of too few.
#[test]
fn a39_too_few() {
    let few = Quantiles::of(&recorded((1..=50).map(f64::from))).unwrap();
    assert_eq!([few.p50.too_few, few.p95.too_few, few.p99.too_few], [false, false, true]);
    assert!((few.p99.value / 50.0 - 1.0).abs() < 0.011);
    // Ranks of 500 ± 31 of a thousand.
    let many = Quantiles::of(&recorded((1..=1000).map(f64::from))).unwrap();
    let (low, high) = many.p50.confidence;
    assert!((0.97 * 469.0..=469.0).contains(&low) && (531.0..=1.03 * 532.0).contains(&high), "{low} {high}");
    assert!(!many.p99.too_few);
}

fn turns() -> Slo {
    Slo::latency("turns", Duration::from_millis(300), target(0.95)).route("/a")
}

/// Of latency, what is judged is a count at the threshold; the histogram agrees but within the bucket that has it.
#[test]
fn a38_count_at_threshold() {
    let mut log = Log::default();
    let mut add = |seconds: f64, outcome, times: usize| {
        let event = Event { at: at(1000), outcome, route: "/a", seconds, error: "" };
        log.events.extend(vec![event; times]);
    };
    add(0.3, Outcome::Success, 95); // at the threshold is in time
    add(0.300_1, Outcome::Success, 5);
    add(0.01, Outcome::Failure, 40); // quick failures are for availability to judge
    add(0.01, Outcome::Cancelled, 7);
    let over = span(900, 1100);
    assert_eq!(measure(&turns(), &log, over).unwrap().counted(), Sli::new(95, 100));
    assert_eq!(measure(&turns(), &log, over).unwrap().is_kept(), Some(true));
    let p95 = |log: &Log| {
        let selector = &turns().indicator.durations()[0];
        Quantile::of(&log.distribution(selector, over).unwrap().unwrap(), 0.95).unwrap()
    };
    assert!(p95(&log).between.0 <= 0.3 && 0.3 <= p95(&log).between.1);
    // Who waited longer than promised and went away was let down too.
    let event = Event { at: at(1000), outcome: Outcome::Cancelled, route: "/a", seconds: 5.0, error: "" };
    log.events.push(event);
    assert_eq!(measure(&turns(), &log, over).unwrap().counted(), Sli::new(95, 101));
    assert_eq!(measure(&turns(), &log, over).unwrap().is_kept(), Some(false));
    // What counts is data, and can be said otherwise.
    let strict = turns().counts_bad(Outcome::Failure).ignores(Outcome::Cancelled);
    assert_eq!(measure(&strict, &log, over).unwrap().counted(), Sli::new(95, 140));
    let Counting { good, bad, bad_if_slow } = strict.indicator.counting().unwrap();
    assert_eq!((bad, bad_if_slow), (Outcomes::of([Outcome::Failure]), Outcomes::NONE));
    assert!(good.contains(Outcome::ClientError));
}
