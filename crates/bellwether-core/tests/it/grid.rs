//! The grid against whole numbers as large as it takes: v ≤ 2^(i/32) just if v³² ≤ 2^i.

use bellwether_core::histogram::grid::{SCALE, ZERO_THRESHOLD, lower_bound, middle, upper_bound};
use num_bigint::BigUint;
use proptest::prelude::*;

use crate::recorded;

const BUCKETS: i32 = 1 << SCALE;

/// A positive normal value as mantissa · 2^exponent.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52) as i32 - 1075)
}

/// The bucket by definition: the least `i` with value ≤ 2^((i+1)/32).
fn exact_index(value: f64) -> i32 {
    let (mantissa, exponent) = parts(value);
    let power = BigUint::from(mantissa).pow(BUCKETS as u32);
    // 2^(bits-1) ≤ power < 2^bits; it is an exact power of two just if all bits below the first are clear.
    let bits = power.bits() as i32;
    let exact_power_of_two = power.trailing_zeros() == Some(bits as u64 - 1);
    let least_not_below = if exact_power_of_two { bits - 1 } else { bits };
    least_not_below + BUCKETS * exponent - 1
}

/// The one bucket a positive value was counted in.
fn index(value: f64) -> i32 {
    let snapshot = recorded(&[], &[value]);
    match (snapshot.positive.as_slice(), snapshot.count()) {
        ([(index, 1)], 1) => *index,
        other => panic!("{value:e} was counted as {other:?}"),
    }
}

fn check(value: f64) {
    assert_eq!(index(value), exact_index(value), "{value:e}");
    let negative = recorded(&[], &[-value]);
    assert_eq!(negative.negative, [(exact_index(value), 1)], "{:e}", -value);
}

#[test]
fn every_end_of_the_first_octaves_and_its_neighbors() {
    for index in -3 * BUCKETS..3 * BUCKETS {
        let end = lower_bound(index);
        check(end.next_down());
        check(end);
        check(end.next_up());
        assert_eq!(exact_index(end), index - 1, "an upper end belongs to its bucket");
        assert_eq!(exact_index(end.next_up()), index, "ends are rounded down");
    }
}

#[test]
fn the_ends_of_the_range() {
    for value in [ZERO_THRESHOLD.next_up(), 2.0 * ZERO_THRESHOLD, 1.0, f64::MAX.next_down(), f64::MAX] {
        check(value);
    }
    assert_eq!(index(f64::MAX), 1024 * BUCKETS - 1);
    assert_eq!(index(ZERO_THRESHOLD.next_up()), -1022 * BUCKETS);
    assert_eq!(upper_bound(1024 * BUCKETS - 1), f64::MAX);
    assert_eq!(lower_bound(-1022 * BUCKETS), ZERO_THRESHOLD);
}

#[test]
fn indices_beyond_the_range_have_ends_all_the_same() {
    assert_eq!([lower_bound(i32::MAX), upper_bound(i32::MAX)], [f64::MAX; 2]);
    assert_eq!([lower_bound(i32::MIN), upper_bound(i32::MIN)], [0.0; 2]);
}

proptest! {
    #[test]
    fn any_value(value in any::<f64>().prop_map(f64::abs).prop_filter("normal", |v| v.is_normal() && *v > ZERO_THRESHOLD)) {
        check(value);
    }

    #[test]
    fn a_value_lies_in_its_bucket_and_near_its_middle(
        value in any::<f64>().prop_map(f64::abs).prop_filter("normal", |v| v.is_normal() && *v > ZERO_THRESHOLD)
    ) {
        let index = index(value);
        prop_assert!(lower_bound(index) < value && value <= upper_bound(index));
        prop_assert!((middle(index) / value - 1.0).abs() < 0.011);
    }
}
