//! One data point of each kind.

use bellwether_core::histogram::grid;
use bellwether_core::{Exemplar, Histogram, HistogramSnapshot, Series, Timestamp};

use super::super::settings::Histograms;
use super::super::wire;

/// `data_points` of everything that has any.
const POINT: u32 = 1;
/// More buckets than this between the lowest and the highest are merged, two by two: 32 octaves at full resolution.
const MAX_BUCKETS: i64 = 1024;
/// Explicit bounds of a histogram that declared none: 4⁻⁵ to 4¹⁰, which the grid counts exactly.
const POWERS_OF_FOUR: std::ops::RangeInclusive<i32> = -5..=10;

/// Labels that the semantic conventions want as numbers.
const WHOLE: [&str; 4] = ["http.response.status_code", "server.port", "client.port", "network.peer.port"];

/// When a point began to count, and when it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) start: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// The exemplars of a series that are new.
pub(super) struct Exemplars<'a> {
    pub(super) of: &'a Histogram,
    pub(super) after: Timestamp,
}

/// Fields 2 and 3 of all points.
fn times(out: &mut Vec<u8>, times: Times) {
    wire::fixed64(out, 2, times.start.map_or(0, Timestamp::unix_nanos));
    wire::fixed64(out, 3, times.now.unix_nanos());
}

fn attributes(out: &mut Vec<u8>, field: u32, series: &Series) {
    // An empty value is how a registry says that a label is absent.
    for (name, value) in series.labels().filter(|(_, value)| !value.is_empty()) {
        match WHOLE.contains(&name).then(|| value.parse().ok()).flatten() {
            Some(number) => wire::whole(out, field, name, number),
            None => wire::text_attribute(out, field, name, value),
        }
    }
}

/// A point of a sum: whole where a count is worth 1.
pub(super) fn count(out: &mut Vec<u8>, series: &Series, at: Times, count: u64, scale: f64) {
    wire::nested(out, POINT, 2, |out| {
        times(out, at);
        if scale == 1.0 {
            wire::fixed64_present(out, 6, count.min(i64::MAX as u64));
        } else {
            wire::double(out, 4, count as f64 * scale);
        }
        attributes(out, 7, series);
    });
}

/// A point of a gauge.
pub(super) fn level(out: &mut Vec<u8>, series: &Series, at: Times, level: f64) {
    wire::nested(out, POINT, 2, |out| {
        times(out, at);
        wire::double(out, 4, level);
        attributes(out, 7, series);
    });
}

/// A point of a histogram.
pub(super) fn histogram(
    out: &mut Vec<u8>,
    series: &Series,
    at: Times,
    seen: &HistogramSnapshot,
    form: Histograms,
    exemplars: &Exemplars<'_>,
) {
    wire::nested(out, POINT, 2, |out| match form {
        Histograms::Exponential => exponential(out, series, at, seen, exemplars),
        Histograms::Explicit => explicit(out, series, at, seen, exemplars),
    });
}

fn exponential(out: &mut Vec<u8>, series: &Series, at: Times, seen: &HistogramSnapshot, exemplars: &Exemplars<'_>) {
    attributes(out, 1, series);
    times(out, at);
    wire::fixed64(out, 4, seen.count());
    wire::double(out, 5, seen.sum);
    let coarser = coarser(&seen.positive).max(coarser(&seen.negative));
    wire::sint(out, 6, grid::SCALE - coarser as i32);
    wire::fixed64(out, 7, seen.zero);
    buckets(out, 8, &seen.positive, coarser);
    buckets(out, 9, &seen.negative, coarser);
    self::exemplars(out, 11, exemplars);
    extremes(out, 12, seen);
    wire::double(out, 14, grid::ZERO_THRESHOLD);
}

/// By how many steps of scale a side has to be coarser to fit.
fn coarser(side: &[(i32, u64)]) -> u32 {
    let (Some((first, _)), Some((last, _))) = (side.first(), side.last()) else { return 0 };
    let width = |shift: u32| i64::from(last >> shift) - i64::from(first >> shift) + 1;
    (0..16).find(|shift| width(*shift) <= MAX_BUCKETS).unwrap_or(16)
}

/// One side of the grid: sparse here, dense on the wire.
fn buckets(out: &mut Vec<u8>, field: u32, side: &[(i32, u64)], coarser: u32) {
    let Some((first, _)) = side.first() else { return };
    let offset = first >> coarser;
    wire::nested(out, field, 2, |out| {
        wire::sint(out, 1, offset);
        wire::nested(out, 2, 1, |out| {
            let mut next = offset;
            let mut rest = side.iter().peekable();
            while let Some((index, count)) = rest.next() {
                let index = index >> coarser;
                let mut count = *count;
                while let Some((_, more)) = rest.next_if(|(other, _)| other >> coarser == index) {
                    count += more;
                }
                // Empty buckets are zero bytes.
                out.resize(out.len() + (index - next).max(0) as usize, 0);
                wire::varint(out, count);
                next = index + 1;
            }
        });
    });
}

fn explicit(out: &mut Vec<u8>, series: &Series, at: Times, seen: &HistogramSnapshot, exemplars: &Exemplars<'_>) {
    let count = seen.count();
    times(out, at);
    wire::fixed64(out, 4, count);
    wire::double(out, 5, seen.sum);
    if seen.bounds.is_empty() {
        let bounds = POWERS_OF_FOUR.map(|power| (4_f64.powi(power), below_power_of_four(seen, power)));
        bounded(out, count, POWERS_OF_FOUR.count(), bounds);
    } else {
        bounded(out, count, seen.bounds.len(), seen.bounds.iter().copied());
    }
    self::exemplars(out, 8, exemplars);
    attributes(out, 9, series);
    extremes(out, 11, seen);
}

/// How many values are at most 4ᵏ. Bucket `i` ends at 2^((i+1)/32), so 4ᵏ is the end of bucket `64k - 1`.
fn below_power_of_four(seen: &HistogramSnapshot, power: i32) -> u64 {
    let all = |side: &[(i32, u64)]| -> u64 { side.iter().map(|(_, count)| count).sum() };
    let below = |(index, count): &(i32, u64)| if *index < 64 * power { *count } else { 0 };
    all(&seen.negative) + seen.zero + seen.positive.iter().map(below).sum::<u64>()
}

/// Bounds, ascending with the count up to each, as OTLP wants them: the count between each and the one before.
fn bounded(out: &mut Vec<u8>, count: u64, bounds: usize, up_to: impl Iterator<Item = (f64, u64)> + Clone) {
    let mut before = 0;
    let totals = up_to.clone().map(|(_, total)| total).chain([count]);
    let between = totals.map(|total| {
        let between = total.saturating_sub(before);
        before = total.max(before);
        between
    });
    wire::packed_fixed64(out, 6, bounds + 1, between);
    wire::packed_fixed64(out, 7, bounds, up_to.map(|(bound, _)| bound.to_bits()));
}

/// The least and the greatest value, in this field and the next, where they are known.
fn extremes(out: &mut Vec<u8>, field: u32, seen: &HistogramSnapshot) {
    if let (Some(min), Some(max)) = (seen.min, seen.max) {
        wire::double(out, field, min);
        wire::double(out, field + 1, max);
    }
}

fn exemplars(out: &mut Vec<u8>, field: u32, exemplars: &Exemplars<'_>) {
    for Exemplar { value, at, trace_id, span_id } in exemplars.of.exemplars() {
        if at > exemplars.after {
            wire::nested(out, field, 1, |out| {
                wire::fixed64(out, 2, at.unix_nanos());
                wire::double(out, 3, value);
                wire::bytes(out, 4, &span_id.to_bytes());
                wire::bytes(out, 5, &trace_id.to_bytes());
            });
        }
    }
}
