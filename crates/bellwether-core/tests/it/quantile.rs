//! A quantile from the histogram is within 1.1 % of the exact one, whatever was recorded.

use bellwether_core::HistogramSnapshot;
use bellwether_core::histogram::grid::ZERO_THRESHOLD;
use proptest::prelude::*;

use crate::{histogram, recorded};

const QUANTILES: [f64; 11] = [0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0];

/// The ⌈q·n⌉-th smallest, values of the zero bucket as 0.
fn exact(values: &[f64], q: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|v| if v.abs() <= ZERO_THRESHOLD { 0.0 } else { *v }).collect();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted[rank - 1]
}

fn check(snapshot: &HistogramSnapshot, values: &[f64]) {
    for q in QUANTILES {
        let exact = exact(values, q);
        let (low, high) = snapshot.quantile_between(q).unwrap();
        assert!(low <= exact && exact <= high, "q {q}: {exact:e} is not in {low:e}..={high:e}");
        let quantile = snapshot.quantile(q).unwrap();
        let near = if exact == 0.0 { quantile == 0.0 } else { (quantile / exact - 1.0).abs() <= 0.011 };
        assert!(near, "q {q}: exactly {exact:e}, said to be {quantile:e}");
    }
}

fn check_all_ways(values: &[f64]) {
    check(&recorded(&[], values), values);
    check(&recorded(&[-1.0, 0.0, 0.3], values), values);
    // Of a window nobody knows the extremes.
    let window = recorded(&[], values).since(&HistogramSnapshot::default());
    assert_eq!((window.min, window.max), (None, None));
    check(&window, values);
    // Values that two threads recorded are in two lanes.
    let (own, others) = values.split_at(values.len() / 2);
    let histogram = histogram([0.3]);
    own.iter().for_each(|value| histogram.record(*value));
    std::thread::scope(|scope| scope.spawn(|| others.iter().for_each(|value| histogram.record(*value))).join())
        .unwrap();
    check(&histogram.snapshot(), values);
}

fn finite() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![
        // All bit patterns alike: hundreds of decades in one histogram.
        4 => POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO,
        4 => 0.000_01..10.0,
        2 => -100.0..100.0,
        1 => prop::sample::select(vec![f64::MAX, f64::MIN, 0.0, -0.0, 1.0, 1.0_f64.next_up(), ZERO_THRESHOLD.next_up()]),
        1 => (0..1000_u32).prop_map(f64::from),
    ]
}

proptest! {
    #[test]
    fn any_mixture(values in prop::collection::vec(finite(), 1..200)) {
        check_all_ways(&values);
    }

    #[test]
    fn one_scale(values in prop::collection::vec(1.0..1.5_f64, 1..300), scale in -300..300_i32) {
        let values: Vec<f64> = values.iter().map(|value| value * 10_f64.powi(scale)).collect();
        check_all_ways(&values);
    }
}

#[test]
fn of_nothing_there_is_none() {
    let empty = recorded(&[0.3], &[]);
    assert_eq!((empty.quantile(0.5), empty.quantile_between(0.5), empty.mean()), (None, None, None));
    assert_eq!(recorded(&[], &[1.0]).quantile(f64::NAN), None);
}

#[test]
fn a_share_beyond_its_range_is_its_end() {
    let values = [1.0, 2.0, 4.0];
    let snapshot = recorded(&[], &values);
    assert_eq!(snapshot.quantile(-3.0), snapshot.quantile(0.0));
    assert_eq!(snapshot.quantile(7.0), snapshot.quantile(1.0));
    assert_eq!(snapshot.quantile(f64::INFINITY), snapshot.quantile(1.0));
}

#[test]
fn the_zero_bucket_is_zero() {
    for value in [0.0, -0.0, 1.6e-308, -1.6e-308, f64::from_bits(1), -ZERO_THRESHOLD] {
        let snapshot = recorded(&[], &[value]);
        assert_eq!(
            (snapshot.quantile(0.5), snapshot.quantile_between(0.5)),
            (Some(0.0), Some((0.0, 0.0))),
            "{value:e}"
        );
    }
}

#[test]
fn equal_values_give_exactly_themselves() {
    for value in [0.0123, -5.5, f64::MAX, f64::MIN, 1e-300] {
        assert_eq!(recorded(&[], &[value; 10]).quantile(0.5), Some(value));
    }
}
