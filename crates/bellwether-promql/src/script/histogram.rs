//! The notation of native histograms: `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`.

use super::series::signed;
use crate::number::plain;
use crate::{CounterResetHint, Histogram};

/// The histogram a text begins with, whether it says if it started anew, and the rest.
pub(super) fn read(text: &str) -> Result<((Histogram, bool), &str), String> {
    let inside = text.strip_prefix("{{").ok_or_else(|| format!("expected a histogram at {text:?}"))?;
    let (inside, rest) = inside.split_once("}}").ok_or("a histogram that does not end with }}")?;
    let (mut schema, mut count, mut sum, mut zero, mut width) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut offset, mut n_offset) = (0.0, 0.0);
    let (mut buckets, mut n_buckets, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    let mut hint = None;
    let mut left = inside.trim();
    while !left.is_empty() {
        let (key, after) = left.split_once(':').ok_or_else(|| format!("expected key:value at {left:?}"))?;
        let after = after.trim_start();
        let value;
        (value, left) = match after.strip_prefix('[') {
            Some(list) => list.split_once(']').ok_or("a list that does not end with ]")?,
            None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
        };
        left = left.trim_start();
        let one = || match signed(value) {
            Some((number, "")) => Ok(number),
            _ => Err(format!("{value:?} is no number for {key}")),
        };
        let many = || {
            value.split_whitespace().map(|word| match signed(word) {
                Some((number, "")) => Ok(number),
                _ => Err(format!("{word:?} is no number for {key}")),
            })
        };
        match key.trim() {
            "schema" => schema = one()?,
            "count" => count = one()?,
            "sum" => sum = one()?,
            "z_bucket" => zero = one()?,
            "z_bucket_w" => width = one()?,
            "offset" => offset = one()?,
            "n_offset" => n_offset = one()?,
            "buckets" => buckets = many().collect::<Result<_, _>>()?,
            "n_buckets" => n_buckets = many().collect::<Result<_, _>>()?,
            "custom_values" => bounds = many().collect::<Result<_, _>>()?,
            "counter_reset_hint" => hint = Some(hint_of(value)?),
            other => return Err(format!("a histogram has no {other:?}")),
        }
    }
    if schema != -53.0 && !(-4.0..=8.0).contains(&schema) {
        return Err(format!("schema {schema} is neither from -4 to 8 nor -53"));
    }
    let histogram = if schema == -53.0 { Histogram::custom(bounds) } else { Histogram::exponential(schema as i32) };
    let from = |offset: f64, counts: Vec<f64>| (offset as i32..).zip(counts);
    let histogram = histogram
        .totals(count, sum)
        .zero(width, zero)
        .positive(from(offset, buckets))
        .negative(from(n_offset, n_buckets))
        .hint(hint.unwrap_or_default());
    Ok(((histogram, hint.is_some()), rest))
}

fn hint_of(text: &str) -> Result<CounterResetHint, String> {
    Ok(match text {
        "unknown" => CounterResetHint::Unknown,
        "reset" => CounterResetHint::Reset,
        "not_reset" => CounterResetHint::NotReset,
        "gauge" => CounterResetHint::Gauge,
        _ => return Err(format!("{text:?} is none of unknown, reset, not_reset, gauge")),
    })
}

/// A histogram in the notation.
pub(super) fn write(histogram: &Histogram) -> String {
    let mut parts = vec![format!("schema:{}", histogram.schema())];
    let mut number = |key: &str, value: f64| {
        if value != 0.0 {
            parts.push(format!("{key}:{}", plain(value)));
        }
    };
    number("count", histogram.count());
    number("sum", histogram.sum());
    number("z_bucket", histogram.zero_count());
    number("z_bucket_w", histogram.zero_threshold());
    if !histogram.custom_bounds().is_empty() {
        parts.push(format!("custom_values:[{}]", list(histogram.custom_bounds().iter().copied())));
    }
    match histogram.counter_reset_hint() {
        CounterResetHint::Unknown => {}
        CounterResetHint::Reset => parts.push("counter_reset_hint:reset".to_owned()),
        CounterResetHint::NotReset => parts.push("counter_reset_hint:not_reset".to_owned()),
        CounterResetHint::Gauge => parts.push("counter_reset_hint:gauge".to_owned()),
    }
    run(&mut parts, "", histogram.positive_buckets().collect());
    run(&mut parts, "n_", histogram.negative_buckets().collect());
    format!("{{{{{}}}}}", parts.join(" "))
}

/// Buckets from the first to the last, those between that hold nothing among them.
fn run(parts: &mut Vec<String>, prefix: &str, buckets: Vec<(i32, f64)>) {
    let filled: Vec<(i32, f64)> = buckets.into_iter().filter(|(_, count)| *count != 0.0).collect();
    let (Some((first, _)), Some((last, _))) = (filled.first(), filled.last()) else { return };
    if *first != 0 {
        parts.push(format!("{prefix}offset:{first}"));
    }
    if last.abs_diff(*first) > 1000 {
        parts.push(format!("{prefix}buckets:{filled:?}"));
        return;
    }
    let count = |index| filled.iter().find(|(at, _)| *at == index).map_or(0.0, |(_, count)| *count);
    parts.push(format!("{prefix}buckets:[{}]", list((*first..=*last).map(count))));
}

fn list(numbers: impl Iterator<Item = f64>) -> String {
    numbers.map(plain).collect::<Vec<_>>().join(" ")
}
