//! The sum of many slices' ratios, exact however many there are.

use std::collections::BTreeMap;

use num_bigint::BigUint;

use crate::{Ratio, Sli};

/// A sum of fractions, kept by their denominators: exact, and the same in whatever order they come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ratios {
    /// For each number of events, the good ones of all slices that have so many.
    by_total: BTreeMap<u64, u128>,
    slices: u64,
}

impl Ratios {
    /// Adds the ratio of a slice that has events.
    pub(super) fn add(&mut self, sli: Sli) {
        *self.by_total.entry(sli.total).or_default() += u128::from(sli.good);
        self.slices += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (total, good) in &other.by_total {
            *self.by_total.entry(*total).or_default() += good;
        }
        self.slices += other.slices;
    }

    pub(super) fn slices(&self) -> u64 {
        self.slices
    }

    /// Their mean: exact where 128 bits hold it, otherwise cut by less than 2⁻⁴⁰.
    pub(super) fn mean(&self) -> Option<Ratio> {
        let slices = Ratio::new(self.slices, 1).filter(|slices| *slices > Ratio::ZERO)?;
        let one = |(total, good): (&u64, &u128)| Ratio::new(i128::try_from(*good).ok()?, *total);
        let exact = self.by_total.iter().map(one).try_fold(Ratio::ZERO, |sum, ratio| sum.checked_add(ratio?));
        let exact = exact.and_then(|sum| sum.checked_div(slices));
        exact.or_else(|| Ratio::new(i128::try_from(self.cut(40)).ok()?, 1_i128 << 40)?.checked_div(slices))
    }

    /// Whether their mean is at least so much.
    pub(super) fn mean_is_at_least(&self, least: Ratio) -> bool {
        // Cut, the sum is too small by less than one unit for each denominator. Mostly that decides.
        let needed =
            least.checked_mul(Ratio::from(self.slices)).and_then(|n| n.checked_mul(Ratio::reduced(1 << 40, 1)));
        if let Some(needed) = needed
            && let Ok(low) = i128::try_from(self.cut(40))
        {
            let slack = i128::try_from(self.by_total.len()).unwrap_or(i128::MAX / 2);
            if Ratio::reduced(low, 1) >= needed {
                return true;
            }
            if Ratio::reduced(low.saturating_add(slack), 1) <= needed {
                return false;
            }
        }
        let all: Vec<(BigUint, BigUint)> =
            self.by_total.iter().map(|(total, good)| ((*good).into(), (*total).into())).collect();
        let (numerator, denominator) = sum(&all);
        let [least_num, least_den] = [least.numerator(), least.denominator()].map(|n| BigUint::from(n.unsigned_abs()));
        numerator * least_den >= least_num * denominator * self.slices
    }

    /// The sum in units of 2⁻ᵇ, each denominator's part cut.
    fn cut(&self, bits: u32) -> u128 {
        let one = |(total, good): (&u64, &u128)| {
            let total = u128::from(*total).max(1);
            ((good / total) << bits) + ((good % total) << bits) / total
        };
        self.by_total.iter().map(one).sum()
    }
}

/// The sum of fractions, halves first, so that large numbers meet large ones.
fn sum(fractions: &[(BigUint, BigUint)]) -> (BigUint, BigUint) {
    match fractions {
        [] => (0_u32.into(), 1_u32.into()),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            let ((a, b), (c, d)) = (sum(left), sum(right));
            (a * &d + c * &b, b * d)
        }
    }
}
