//! Histograms against lists of observations, of which they are made.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{CounterResetHint, Histogram};

/// Observations of either sign and of many sizes.
fn observations(most: usize) -> impl Strategy<Value = Vec<f64>> {
    let one = (any::<bool>(), -6.0..8.0f64).prop_map(|(below, size)| if below { -size.exp2() } else { size.exp2() });
    prop::collection::vec(one, 0..most)
}

/// The histogram of observations, in which those as near to zero as the threshold are in its bucket.
fn of(values: &[f64], schema: i32, threshold: f64) -> Histogram {
    let (mut positive, mut negative) = (BTreeMap::new(), BTreeMap::new());
    let mut zero = 0.0;
    for value in values {
        if value.abs() <= threshold {
            zero += 1.0;
            continue;
        }
        let index = (value.abs().log2() * f64::from(schema).exp2()).ceil() as i32;
        *if *value > 0.0 { &mut positive } else { &mut negative }.entry(index).or_insert(0.0) += 1.0;
    }
    Histogram::exponential(schema)
        .totals(values.len() as f64, values.iter().sum())
        .zero(threshold, zero)
        .positive(positive)
        .negative(negative)
}

/// The histogram of observations in custom buckets.
fn custom(values: &[f64], bounds: &[f64]) -> Histogram {
    let index = |value: &f64| (bounds.partition_point(|bound| bound < value) as i32, 1.0);
    Histogram::custom(bounds).totals(values.len() as f64, values.iter().sum()).positive(values.iter().map(index))
}

/// The same counts; sums but for rounding.
fn same(a: &Histogram, b: &Histogram) -> bool {
    let counts = |h: &Histogram| h.clone().totals(h.count(), 0.0);
    counts(a) == counts(b) && (a.sum() - b.sum()).abs() <= 1e-9 * (1.0 + a.sum().abs() + b.sum().abs())
}

fn joined(a: &[f64], b: &[f64]) -> Vec<f64> {
    [a, b].concat()
}

proptest! {
    #[test]
    fn a_sum_is_that_of_all_observations(a in observations(30), b in observations(30), x in -4..=8i32, y in -4..=8i32) {
        let mut sum = of(&a, x, 0.0);
        sum.add(&of(&b, y, 0.0)).unwrap();
        let all = of(&joined(&a, &b), x.min(y), 0.0);
        prop_assert!(same(&sum, &all), "{sum}\n{all}");
        sum.sub(&of(&b, y, 0.0)).unwrap();
        prop_assert!(same(&sum, &of(&a, x.min(y), 0.0)));
        prop_assert_eq!(sum.counter_reset_hint(), CounterResetHint::Gauge);
    }

    #[test]
    fn a_compensated_sum_is_the_same(parts in prop::collection::vec((observations(10), -2..=3i32), 1..8)) {
        let mut sum: Option<Histogram> = None;
        let mut rest = None;
        for (values, schema) in &parts {
            let next = of(values, *schema, 0.0);
            match &mut sum {
                Some(sum) => drop(sum.kahan_add(&next, &mut rest).unwrap()),
                None => sum = Some(next),
            }
        }
        let schema = parts.iter().map(|(_, schema)| *schema).min().unwrap();
        let all: Vec<f64> = parts.iter().flat_map(|(values, _)| values.clone()).collect();
        prop_assert!(same(&sum.unwrap(), &of(&all, schema, 0.0)));
    }

    #[test]
    fn the_wider_bucket_around_zero_takes_all_within(a in observations(30), b in observations(30), at in -5..4i32) {
        // At a bound of both, so that no bucket is cut.
        let threshold = f64::from(at).exp2();
        let mut sum = of(&a, 0, 0.0);
        sum.add(&of(&b, 0, threshold)).unwrap();
        prop_assert!(same(&sum, &of(&joined(&a, &b), 0, threshold)));
    }

    #[test]
    fn custom_bounds_in_common_are_kept(a in observations(30), b in observations(30)) {
        let mut sum = custom(&a, &[-1.0, 0.5, 2.0, 8.0]);
        let done = sum.add(&custom(&b, &[0.5, 3.0, 8.0, 9.0])).unwrap();
        prop_assert!(done.reconciled);
        prop_assert!(same(&sum, &custom(&joined(&a, &b), &[0.5, 8.0])));
    }

    #[test]
    fn more_observations_are_no_reset_and_fewer_are(a in observations(30), b in observations(30), x in -4..=3i32) {
        let (before, after) = (of(&a, x + 5, 0.0), of(&joined(&a, &b), x, 0.0));
        prop_assert!(!after.detect_reset(&before));
        prop_assert!(!after.detect_reset(&after));
        let fewer = of(&a, x, 0.0);
        prop_assert_eq!(fewer.detect_reset(&after), !b.is_empty());
    }

    #[test]
    fn a_quantile_lies_in_the_bucket_of_its_rank(values in observations(40), q in 0.01..0.99f64, schema in -1..=5i32) {
        prop_assume!(!values.is_empty());
        let h = of(&values, schema, 0.0);
        let found = h.quantile(q);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = q * sorted.len() as f64;
        let ranked = sorted[(rank.ceil() as usize).clamp(1, sorted.len()) - 1];
        let width = f64::from(-schema).exp2().exp2();
        let ratio = found / ranked;
        prop_assert!(ratio > 0.0, "{found} and {ranked}");
        prop_assert!(ratio <= width * 1.000_001 && ratio >= 1.0 / width / 1.000_001, "{found} and {ranked}");
        // And a share is the inverse of a quantile, where there is anything to either side.
        let share = h.fraction(f64::NEG_INFINITY, found);
        prop_assert!((share - q).abs() < 1e-6, "{share} and {q}");
    }

    #[test]
    fn what_is_trimmed_on_either_side_is_all(values in observations(40), at in -20.0..20.0f64) {
        let h = of(&values, 2, 0.01);
        let (below, above) = (h.trim_upper(at), h.trim_lower(at));
        prop_assert!((below.count() + above.count() - h.count()).abs() < 1e-9);
        prop_assert!((below.count() - h.fraction(f64::NEG_INFINITY, at) * h.count()).abs() < 1e-9 || h.count() == 0.0);
    }
}
