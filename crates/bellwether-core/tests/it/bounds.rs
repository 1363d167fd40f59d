//! The number of values up to a declared bound is exact, for any bounds and any values.

use bellwether_core::histogram::grid::{ZERO_THRESHOLD, lower_bound};
use bellwether_core::{Registry, TraceContext};
use proptest::prelude::*;

use crate::recorded;

fn check(bounds: &[f64], values: &[f64]) {
    let snapshot = recorded(bounds, values);
    for bound in bounds {
        // The zero bucket counts as 0.
        let below = values.iter().map(|v| if v.abs() <= ZERO_THRESHOLD { 0.0 } else { *v }).filter(|v| v <= bound);
        assert_eq!(snapshot.count_le(*bound), Some(below.count() as u64), "≤ {bound:e} of {values:?}");
    }
    assert!(snapshot.bounds.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{:?}", snapshot.bounds);
    assert_eq!(snapshot.count(), values.len() as u64);
    let buckets: Vec<_> = recorded(&[], values).positive;
    assert_eq!(snapshot.positive, buckets, "bounds do not change the buckets");
}

#[test]
fn several_in_one_bucket() {
    check(&[1.001, 1.002, 1.003], &[1.0, 1.0005, 1.001, 1.0015, 1.002, 1.0025, 1.003, 1.0035, 1.1]);
    check(&[-1.003, -1.002, -1.001], &[-1.0, -1.0005, -1.001, -1.0015, -1.002, -1.0025, -1.003, -1.0035, -1.1]);
}

#[test]
fn an_exemplar_beyond_a_bound_leaves_the_one_before_it() {
    let trace = TraceContext::root(true);
    // All of these lie in the same half octave, above 2^-0.5 or below its negative.
    let check = |bounds: &[f64], values: &[f64], kept: &[f64]| {
        let histogram = Registry::new().histogram("values").bounds(bounds.iter().copied()).build().unwrap();
        values.iter().for_each(|value| histogram.record_in_trace(*value, trace.trace_id(), trace.span_id()));
        let found: Vec<f64> = histogram.exemplars().iter().map(|exemplar| exemplar.value).collect();
        assert_eq!(found, kept, "{bounds:?} {values:?}");
    };
    check(&[], &[0.72, 0.74, 0.76, 0.9], &[0.9]);
    check(&[0.75], &[0.72, 0.74, 0.76, 0.9], &[0.74, 0.9]);
    check(&[0.75], &[0.9, 0.76, 0.75, 0.72], &[0.72, 0.76]);
    check(&[0.73, 0.75, 0.8], &[0.74, 0.9, 0.72, 0.76], &[0.72, 0.74, 0.76, 0.9]);
    check(&[-0.75], &[-0.72, -0.74, -0.75, -0.76], &[-0.76, -0.74]);
    check(&[-0.75], &[-0.76, -0.9, -0.74], &[-0.9, -0.74]);
}

#[test]
fn at_zero_and_either_side_of_it() {
    let around = [-1.0, -1e-300, -ZERO_THRESHOLD, -5e-324, -0.0, 0.0, 5e-324, ZERO_THRESHOLD, 1e-300, 1.0];
    check(&[0.0], &around);
    check(&[-1e-300, 0.0, 1e-300], &around);
    check(&[-0.0], &around);
}

#[test]
fn at_the_ends_of_the_grid() {
    let ends: Vec<f64> = (-40..40).map(lower_bound).collect();
    let around: Vec<f64> = ends.iter().flat_map(|end| [end.next_down(), *end, end.next_up()]).collect();
    check(&ends[..64], &around);
    let mirrored: Vec<f64> = around.iter().map(|value| -value).collect();
    let bounds: Vec<f64> = ends[..64].iter().map(|end| -end).collect();
    check(&bounds, &mirrored);
}

#[test]
fn at_the_ends_of_the_range() {
    let extremes = [f64::MIN, f64::MIN.next_up(), -1.0, 1.0, f64::MAX.next_down(), f64::MAX];
    check(&[f64::MIN, f64::MAX], &extremes);
    check(&[f64::MIN.next_up(), f64::MAX.next_down()], &extremes);
}

#[test]
fn any_other_bound_is_unknown() {
    let snapshot = recorded(&[0.3], &[0.1]);
    assert_eq!(
        (snapshot.count_le(0.3), snapshot.count_le(0.30000001), snapshot.count_le(f64::NAN)),
        (Some(1), None, None)
    );
}

/// Values that meet bounds: few distinct ones, their neighbors, the grid's ends, and anything.
fn meeting() -> impl Strategy<Value = f64> {
    let end = (-64..64_i32).prop_map(lower_bound);
    let round = (1..40_u32).prop_map(|n| f64::from(n) / 20.0);
    let anything = any::<f64>().prop_filter("legal as a bound", |v| v.is_normal() && v.abs() > ZERO_THRESHOLD);
    let magnitude = prop_oneof![4 => end, 4 => round, 1 => anything];
    (magnitude, -1..=1_i32, any::<bool>()).prop_map(|(value, step, negative)| {
        let value = match step {
            -1 => value.next_down(),
            0 => value,
            _ => value.next_up(),
        };
        let value = if value.is_finite() { value } else { f64::MAX };
        if negative { -value } else { value }
    })
}

proptest! {
    #[test]
    fn any_bounds_and_values(
        bounds in prop::collection::vec(prop_oneof![9 => meeting(), 1 => Just(0.0)], 1..=64),
        values in prop::collection::vec(prop_oneof![9 => meeting(), 1 => Just(0.0)], 0..300),
    ) {
        check(&bounds, &values);
        // Bounds that are values themselves.
        let own: Vec<f64> = values.iter().copied().take(64).collect();
        check(&own, &values);
    }
}
