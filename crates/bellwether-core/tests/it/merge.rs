//! Merging is associative and commutative, and `since` undoes it.

use bellwether_core::HistogramSnapshot;
use proptest::prelude::*;

use crate::{histogram, recorded};

fn merged(a: &HistogramSnapshot, b: &HistogramSnapshot) -> HistogramSnapshot {
    let mut both = a.clone();
    both.merge(b);
    both
}

/// Bounds in any combination, values whose sums are exact, and windows as well as snapshots.
fn snapshot() -> impl Strategy<Value = HistogramSnapshot> {
    let bounds = prop::sample::subsequence(vec![-3.0, 0.0, 1.0, 1.005, 7.5], 0..=5);
    let values = prop::collection::vec((-40..40_i32).prop_map(|n| f64::from(n) / 4.0), 0..30);
    (bounds, values, any::<bool>()).prop_map(|(bounds, values, window)| {
        let snapshot = recorded(&bounds, &values);
        if window { snapshot.since(&HistogramSnapshot::default()) } else { snapshot }
    })
}

proptest! {
    #[test]
    fn any_grouping_and_order((a, b, c) in (snapshot(), snapshot(), snapshot())) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        let nothing = HistogramSnapshot::default();
        prop_assert_eq!(merged(&a, &nothing), a.clone());
        prop_assert_eq!(merged(&nothing, &a), a);
    }

    #[test]
    fn the_merged_is_what_one_histogram_would_hold(
        a in prop::collection::vec(-50..50_i32, 0..40), b in prop::collection::vec(-50..50_i32, 0..40)
    ) {
        let [a, b] = [a, b].map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>());
        let bounds = [-7.0, 0.0, 3.0, 3.001];
        let both = merged(&recorded(&bounds, &a), &recorded(&bounds, &b));
        prop_assert_eq!(both, recorded(&bounds, &[a, b].concat()));
    }

    #[test]
    fn since_undoes_merge(
        before in prop::collection::vec(-50..50_i32, 0..40), after in prop::collection::vec(-50..50_i32, 0..40)
    ) {
        let [before, after] = [before, after].map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>());
        let bounds = [-7.0, 0.0, 3.0, 3.001];
        let histogram = histogram(bounds);
        before.iter().for_each(|value| histogram.record(*value));
        let earlier = histogram.snapshot();
        after.iter().for_each(|value| histogram.record(*value));
        let now = histogram.snapshot();
        let window = now.since(&earlier);
        let mut alone = recorded(&bounds, &after);
        (alone.min, alone.max) = (None, None);
        prop_assert_eq!(&window, &alone);
        let again = merged(&earlier, &window);
        prop_assert_eq!((again.count(), again.sum), (now.count(), now.sum));
        prop_assert_eq!((again.positive, again.negative, again.bounds), (now.positive, now.negative, now.bounds));
    }
}

#[test]
fn extremes_that_one_side_does_not_know_are_unknown() {
    let window = recorded(&[], &[1.0, 100.0]).since(&HistogramSnapshot::default());
    let both = merged(&recorded(&[], &[10.0]), &window);
    assert_eq!((both.min, both.max), (None, None));
    assert!(both.quantile(0.0).unwrap() < 1.02, "not held at 10 by the side that knows its least");
}

#[test]
fn counts_that_went_back_are_a_reset() {
    let now = recorded(&[2.0], &[1.0, 5.0]);
    for earlier in [&[1.0, 1.0][..], &[5.0, 9.0], &[0.0], &[-1.0], &[1.0, 3.0]] {
        let window = now.since(&recorded(&[2.0], earlier));
        assert_eq!((window.count(), window.sum, window.count_le(2.0)), (2, 6.0, Some(1)), "since {earlier:?}");
    }
    assert_eq!(now.since(&now).count(), 0);
    assert_eq!(now.since(&now).bounds, [(2.0, 0)]);
}

#[test]
fn the_first_window_knows_its_bounds() {
    let now = recorded(&[2.0], &[1.0, 5.0]);
    assert_eq!(now.since(&HistogramSnapshot::default()).bounds, [(2.0, 1)]);
    assert_eq!(now.since(&recorded(&[], &[])).bounds, [(2.0, 1)]);
}

#[test]
fn bounds_that_one_side_does_not_know_are_dropped() {
    let both = merged(&recorded(&[1.0, 2.0], &[0.5]), &recorded(&[2.0, 3.0], &[1.5]));
    assert_eq!(both.bounds, [(2.0, 2)]);
    let both = merged(&recorded(&[1.0], &[]), &recorded(&[2.0], &[1.5]));
    assert_eq!(both.bounds, [(2.0, 1)], "a side without values has nothing to say against it");
}

#[test]
fn counts_stay_at_their_end() {
    let mut all = recorded(&[0.0, 1.0], &[-2.0, 0.0, 0.5, 3.0]);
    for _ in 0..70 {
        all = merged(&all, &all);
    }
    assert_eq!((all.count(), all.zero), (u64::MAX, u64::MAX));
    assert_eq!((all.count_le(0.0), all.count_le(1.0)), (Some(u64::MAX), Some(u64::MAX)));
    assert!(all.sum.is_finite() && all.quantile(1.0).is_some());
}
