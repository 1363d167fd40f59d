//! Annotations: what a query has to say about its own answer, each thing once, worded as Prometheus words it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::number::{general, general_digits, rfc3339};
use crate::parse::ast::{Span, line_column};

/// Something to say. Numbers stand as the bits of floats, so that equal notes are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Note {
    InvalidQuantile(u64),
    InvalidRatio(u64, u64),
    BadBucketLabel { metric: String, label: String },
    MixedFloatsHistograms(String),
    MixedFloatsHistogramsAggregation,
    MixedClassicNative(String),
    NotCounter(String),
    NotGauge(String),
    MixedExponentialCustom(String),
    IncompatibleBuckets(&'static str),
    CounterResetCollision(&'static str),
    SortInRange,
    ForcedMonotonicity(String),
    IncompatibleTypes(&'static str, &'static str, &'static str),
    IgnoredInAggregation(&'static str),
    IgnoredInRange(String),
    PossibleNonCounter(String),
    QuantileNan(String),
    QuantileSkewed(String),
    FractionNan(String),
    MismatchedBuckets(&'static str),
}

impl Note {
    fn is_warning(&self) -> bool {
        !matches!(
            self,
            Note::ForcedMonotonicity(_)
                | Note::IncompatibleTypes(..)
                | Note::IgnoredInAggregation(_)
                | Note::IgnoredInRange(_)
                | Note::PossibleNonCounter(_)
                | Note::QuantileNan(_)
                | Note::QuantileSkewed(_)
                | Note::FractionNan(_)
                | Note::MismatchedBuckets(_)
        )
    }

    fn text(&self) -> String {
        let named = |text: &str, metric: &str| match metric {
            "" => text.to_owned(),
            metric => format!("{text} for metric name {metric:?}"),
        };
        match self {
            Note::InvalidQuantile(q) => {
                format!("quantile value should be between 0 and 1, got {}", general(f64::from_bits(*q)))
            }
            Note::InvalidRatio(ratio, to) => {
                let (ratio, to) = (general(f64::from_bits(*ratio)), general(f64::from_bits(*to)));
                format!("ratio value should be between -1 and 1, got {ratio}, capping to {to}")
            }
            Note::BadBucketLabel { metric, label } => {
                named(&format!("bucket label \"le\" is missing or has a malformed value of {label:?}"), metric)
            }
            Note::MixedFloatsHistograms(metric) => {
                format!("encountered a mix of histograms and floats for metric name {metric:?}")
            }
            Note::MixedFloatsHistogramsAggregation => {
                "encountered a mix of histograms and floats for aggregation".to_owned()
            }
            Note::MixedClassicNative(metric) => named("vector contains a mix of classic and native histograms", metric),
            Note::NotCounter(metric) => format!("this native histogram metric is not a counter: {metric:?}"),
            Note::NotGauge(metric) => format!("this native histogram metric is not a gauge: {metric:?}"),
            Note::MixedExponentialCustom(metric) => format!(
                "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {metric:?}"
            ),
            Note::IncompatibleBuckets(op) => {
                format!("incompatible bucket layout encountered for binary operator {op}")
            }
            Note::CounterResetCollision(during) => format!("conflicting counter resets during histogram {during}"),
            Note::SortInRange => {
                "sort is ineffective for range queries since results are always ordered by labels".to_owned()
            }
            Note::ForcedMonotonicity(metric) => named(
                "input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
                metric,
            ),
            Note::IncompatibleTypes(left, op, right) => {
                format!("incompatible sample types encountered for binary operator {op:?}: {left} {op} {right}")
            }
            Note::IgnoredInAggregation(op) => format!("ignored histogram in {op} aggregation"),
            Note::IgnoredInRange(metric) => format!(
                "ignored histograms in a range containing both floats and histograms for metric name {metric:?}"
            ),
            Note::PossibleNonCounter(metric) => {
                format!("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {metric:?}")
            }
            Note::QuantileNan(metric) => {
                named("input to histogram_quantile has NaN observations, result is NaN", metric)
            }
            Note::QuantileSkewed(metric) => {
                named("input to histogram_quantile has NaN observations, result is skewed higher", metric)
            }
            Note::FractionNan(metric) => {
                named("input to histogram_fraction has NaN observations, which are excluded from all fractions", metric)
            }
            Note::MismatchedBuckets(during) => format!("mismatched custom buckets were reconciled during {during}"),
        }
    }
}

/// Where counts of buckets went down that should go up, and by how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dent {
    pub(crate) at_ms: i64,
    pub(crate) min_bucket: f64,
    pub(crate) max_bucket: f64,
    pub(crate) max_diff: f64,
}

#[derive(Debug, Clone, Copy)]
struct Dents {
    first_ms: i64,
    last_ms: i64,
    min_bucket: f64,
    max_bucket: f64,
    max_diff: f64,
    count: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Of two notes of one wording the first place is told.
    notes: RefCell<BTreeMap<Note, (Span, Option<Dents>)>>,
}

/// As many different notes as are kept; a query that says more says nothing new.
const MAX_NOTES: usize = 1000;

impl Notes {
    pub(crate) fn add(&self, note: Note, span: Span) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < MAX_NOTES {
            notes.entry(note).or_insert((span, None));
        }
    }

    pub(crate) fn forced_monotonicity(&self, metric: &str, span: Span, dent: Dent) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() >= MAX_NOTES {
            return;
        }
        let (_, dents) = notes.entry(Note::ForcedMonotonicity(metric.to_owned())).or_insert((span, None));
        let dents = dents.get_or_insert(Dents {
            first_ms: dent.at_ms,
            last_ms: dent.at_ms,
            min_bucket: dent.min_bucket,
            max_bucket: dent.max_bucket,
            max_diff: dent.max_diff,
            count: 0,
        });
        dents.first_ms = dents.first_ms.min(dent.at_ms);
        dents.last_ms = dents.last_ms.max(dent.at_ms);
        dents.min_bucket = dents.min_bucket.min(dent.min_bucket);
        dents.max_bucket = dents.max_bucket.max(dent.max_bucket);
        dents.max_diff = dents.max_diff.max(dent.max_diff);
        dents.count += 1;
    }

    /// The warnings and the infos, as texts.
    pub(crate) fn into_texts(self, expression: &str) -> (Vec<String>, Vec<String>) {
        let (mut warnings, mut infos) = (Vec::new(), Vec::new());
        for (note, (span, dents)) in self.notes.into_inner() {
            let place = line_column(expression, span.start);
            let kind = if note.is_warning() { "warning" } else { "info" };
            let details = dents.map(|d| {
                format!(
                    ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
                    general(d.min_bucket),
                    general(d.max_bucket),
                    general_digits(d.max_diff, 2),
                    d.count,
                    rfc3339(d.first_ms),
                    rfc3339(d.last_ms),
                )
            });
            let text = format!("PromQL {kind}: {}{} ({place})", note.text(), details.unwrap_or_default());
            if note.is_warning() { warnings.push(text) } else { infos.push(text) }
        }
        (warnings, infos)
    }
}
