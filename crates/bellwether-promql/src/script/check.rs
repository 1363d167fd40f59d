//! Comparing what came with what was expected, as closely as Prometheus compares.

use super::eval::{Expect, When};
use super::histogram;
use super::series::Notation;
use crate::number::plain;
use crate::{Histogram, Labels, STALE_NAN, Sample, SampleValue, Series, Value};

/// How far a float may be off, by its size.
const EPSILON: f64 = 1e-6;

/// What was expected and what came instead, if it is not the same.
pub(super) fn value(expect: &Expect, when: When, value: &Value) -> Result<(), String> {
    // Rows begin on a line of their own.
    let wrong = |expected: String| Err(format!("expected {expected}\n     got {}", show(value)).replace(" \n", "\n"));
    match value {
        Value::Scalar { value: got, .. } => match expect.scalar {
            Some(expected) if almost(expected, *got) => Ok(()),
            Some(expected) => wrong(plain(expected)),
            None => wrong(show_expected(expect)),
        },
        Value::String { value: got, .. } => match &expect.string {
            Some(expected) if expected == got => Ok(()),
            Some(expected) => wrong(format!("{expected:?}")),
            None => wrong(show_expected(expect)),
        },
        _ if expect.scalar.is_some() || expect.string.is_some() => wrong(show_expected(expect)),
        Value::Vector(elements) => {
            let same = elements.len() == expect.series.len()
                && elements.iter().enumerate().all(|(at, element)| {
                    let known = expect.series.iter().position(|(labels, _)| *labels == element.labels);
                    known.is_some_and(|known| {
                        let notation = expect.series[known].1.first().unwrap_or(&Notation::Nothing);
                        (known == at || !expect.ordered) && sample(notation, &element.sample.value)
                    })
                });
            if same { Ok(()) } else { wrong(show_expected(expect)) }
        }
        Value::Matrix(series) => {
            if !series.is_sorted_by(|a, b| a.labels <= b.labels) {
                return Err(format!("a matrix that is not ordered by labels: {}", show(value)));
            }
            let same = !expect.ordered
                && series.len() == expect.series.len()
                && series.iter().all(|series| {
                    let known = expect.series.iter().find(|(labels, _)| *labels == series.labels);
                    known.is_some_and(|(_, notation)| samples(notation, when, series))
                });
            if same { Ok(()) } else { wrong(show_expected(expect)) }
        }
    }
}

/// Whether a series has just these samples at these times.
fn samples(notation: &[Notation], when: When, series: &Series) -> bool {
    let (start, end, step) = match when {
        When::Instant(at) => (at, at, 0),
        When::Range { start, end, step } | When::RangeVector { start, end, step } => (start, end, step),
    };
    let mut got = series.samples.iter();
    for (at, expected) in (0..).zip(notation) {
        let time = start + at * step;
        if time > end {
            return false;
        }
        if matches!(expected, Notation::Nothing) {
            continue;
        }
        match got.next() {
            Some(Sample { timestamp_ms, value }) if *timestamp_ms == time && sample(expected, value) => {}
            _ => return false,
        }
    }
    got.next().is_none()
}

fn sample(expected: &Notation, got: &SampleValue) -> bool {
    match (expected, got) {
        (Notation::Nothing, SampleValue::Float(got)) => almost(0.0, *got),
        (Notation::Float(expected), SampleValue::Float(got)) => almost(*expected, *got),
        (Notation::Histogram(expected, hinted), SampleValue::Histogram(got)) => same_histogram(expected, *hinted, got),
        _ => false,
    }
}

fn same_histogram(expected: &Histogram, hinted: bool, got: &Histogram) -> bool {
    let filled = |buckets: &mut dyn Iterator<Item = (i32, f64)>| -> Vec<(i32, f64)> {
        buckets.filter(|(_, count)| *count != 0.0).collect()
    };
    let same_buckets = |a: Vec<(i32, f64)>, b: Vec<(i32, f64)>| {
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && almost(a.1, b.1))
    };
    expected.schema() == got.schema()
        && almost(expected.count(), got.count())
        && almost(expected.sum(), got.sum())
        && expected.zero_threshold() == got.zero_threshold()
        && almost(expected.zero_count(), got.zero_count())
        && expected.custom_bounds() == got.custom_bounds()
        && (!hinted || expected.counter_reset_hint() == got.counter_reset_hint())
        && same_buckets(filled(&mut expected.positive_buckets()), filled(&mut got.positive_buckets()))
        && same_buckets(filled(&mut expected.negative_buckets()), filled(&mut got.negative_buckets()))
}

/// Equal but for rounding; NaN equals NaN, but for the one that marks an end.
fn almost(a: f64, b: f64) -> bool {
    let stale = |x: f64| x.to_bits() == STALE_NAN;
    if stale(a) || stale(b) {
        return stale(a) && stale(b);
    }
    if a.is_nan() && b.is_nan() || a == b {
        return true;
    }
    let size = a.abs() + b.abs();
    let apart = (a - b).abs();
    if a == 0.0 || b == 0.0 || size < f64::MIN_POSITIVE {
        return apart < EPSILON * f64::MIN_POSITIVE;
    }
    apart / size.min(f64::MAX) < EPSILON
}

fn show_expected(expect: &Expect) -> String {
    if let Some(number) = expect.scalar {
        return plain(number);
    }
    if let Some(text) = &expect.string {
        return format!("{text:?}");
    }
    let notation = |notation: &Notation| match notation {
        Notation::Nothing => "_".to_owned(),
        Notation::Float(x) => plain(*x),
        Notation::Histogram(h, _) => histogram::write(h),
    };
    let rows = expect.series.iter().map(|(labels, values)| row(labels, values.iter().map(notation)));
    rows_or_nothing(rows.collect())
}

/// An answer in the notation of scripts; samples of a range with their times.
pub(super) fn show(value: &Value) -> String {
    let one = |value: &SampleValue| match value {
        SampleValue::Float(x) => plain(*x),
        SampleValue::Histogram(h) => histogram::write(h),
    };
    let timed = |sample: &Sample| format!("{}@{}", one(&sample.value), sample.timestamp_ms);
    match value {
        Value::Scalar { value, .. } => plain(*value),
        Value::String { value, .. } => format!("{value:?}"),
        Value::Vector(elements) => {
            rows_or_nothing(elements.iter().map(|e| row(&e.labels, [one(&e.sample.value)].into_iter())).collect())
        }
        Value::Matrix(series) => {
            rows_or_nothing(series.iter().map(|s| row(&s.labels, s.samples.iter().map(timed))).collect())
        }
    }
}

fn row(labels: &Labels, values: impl Iterator<Item = String>) -> String {
    format!("\n       {labels} {}", values.collect::<Vec<_>>().join(" "))
}

fn rows_or_nothing(rows: Vec<String>) -> String {
    if rows.is_empty() { "nothing".to_owned() } else { rows.concat() }
}
