//! Piles of histograms: sums and averages of many, with compensation for what rounding loses.

use super::Evaluator;
use crate::Histogram;
use crate::histogram::CounterResetHint;
use crate::notes::Note;
use crate::parse::ast::Span;

/// A sum of histograms, or their average.
#[derive(Debug)]
pub(super) struct Pile {
    sum: Histogram,
    rest: Option<Histogram>,
    average: bool,
    count: f64,
    /// The sum would overflow, so the mean moves from histogram to histogram.
    incremental: bool,
    reset: bool,
    not_reset: bool,
    reconciled: bool,
    /// A histogram with custom buckets met one with exponential ones.
    mixed: bool,
}

impl Pile {
    pub(super) fn new(first: &Histogram, average: bool) -> Self {
        let mut pile = Self {
            sum: first.clone(),
            rest: None,
            average,
            count: 1.0,
            incremental: false,
            reset: false,
            not_reset: false,
            reconciled: false,
            mixed: false,
        };
        pile.track(first);
        pile
    }

    fn track(&mut self, histogram: &Histogram) {
        self.reset |= histogram.counter_reset_hint() == CounterResetHint::Reset;
        self.not_reset |= histogram.counter_reset_hint() == CounterResetHint::NotReset;
    }

    pub(super) fn add(&mut self, histogram: &Histogram) {
        if self.mixed {
            return;
        }
        self.track(histogram);
        self.count += 1.0;
        if self.average && !self.incremental {
            let (mut sum, mut rest) = (self.sum.clone(), self.rest.clone());
            match sum.kahan_add(histogram, &mut rest) {
                Ok(done) => self.reconciled |= done.reconciled,
                Err(_) => {
                    self.mixed = true;
                    return;
                }
            }
            if !sum.has_overflow() {
                (self.sum, self.rest) = (sum, rest);
                return;
            }
            self.incremental = true;
            self.sum.div(self.count - 1.0);
            if let Some(rest) = &mut self.rest {
                rest.div(self.count - 1.0);
            }
        }
        let mut scaled;
        let mut added = histogram;
        if self.average {
            let q = (self.count - 1.0) / self.count;
            self.sum.mul(q);
            if let Some(rest) = &mut self.rest {
                rest.mul(q);
            }
            scaled = histogram.clone();
            scaled.div(self.count);
            added = &scaled;
        }
        match self.sum.kahan_add(added, &mut self.rest) {
            Ok(done) => self.reconciled |= done.reconciled,
            Err(_) => self.mixed = true,
        }
    }

    /// The result, unless the histograms do not go together. Says what there is to say of them.
    pub(super) fn finish(mut self, evaluator: &Evaluator<'_>, metric: &str, span: Span) -> Option<Histogram> {
        if self.mixed {
            evaluator.note(Note::MixedExponentialCustom(metric.to_owned()), span);
            return None;
        }
        if self.reset && self.not_reset {
            evaluator.note(Note::CounterResetCollision("aggregation"), span);
        }
        if self.reconciled {
            evaluator.note(Note::MismatchedBuckets("aggregation"), span);
        }
        if self.average && !self.incremental {
            self.sum.div(self.count);
            if let Some(rest) = &mut self.rest {
                rest.div(self.count);
            }
        }
        if let Some(rest) = &self.rest {
            // Both have one layout, so nothing can go wrong; and what rounding took says nothing of resets.
            let hint = self.sum.counter_reset_hint();
            let _ = self.sum.add(rest);
            self.sum.set_counter_reset_hint(hint);
        }
        Some(self.sum)
    }
}
