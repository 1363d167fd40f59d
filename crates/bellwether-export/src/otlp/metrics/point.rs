//! One data point of each kind.

use bellwether_core::histogram::grid;
use bellwether_core::{Exemplar, Histogram, HistogramSnapshot, Scale, Series, Timestamp};

use super::super::settings::Histograms;
use super::super::wire;

/// `data_points` of everything that has any.
const POINT: u32 = 1;
/// More buckets than this between the lowest and the highest are merged, two by two: 32 octaves at full resolution.
const MAX_BUCKETS: i64 = 1024;
/// Explicit bounds of a histogram that declared none: 4⁻⁵ to 4¹⁰, which the grid counts exactly.
const POWERS_OF_FOUR: std::ops::RangeInclusive<i32> = -5..=10;

/// When a point began to count, and when it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) start: Timestamp,
    pub(super) now: Timestamp,
}

/// The exemplars of a series that are new.
pub(super) struct Exemplars<'a> {
    pub(super) of: &'a Histogram,
    pub(super) after: Timestamp,
}

/// Fields of eight bytes that are always there: each under its tag, all in one piece.
#[inline]
fn fixed<const FIELDS: usize>(out: &mut Vec<u8>, fields: [(u32, u64); FIELDS]) {
    let mut all = [[0; 9]; FIELDS];
    for (place, (field, value)) in all.iter_mut().zip(fields) {
        let [tag, bytes @ ..] = place;
        *tag = (field << 3 | 1) as u8;
        *bytes = value.to_le_bytes();
    }
    out.extend_from_slice(all.as_flattened());
}

/// Labels that the semantic conventions want as numbers.
fn is_whole(name: &str) -> bool {
    matches!(name, "http.response.status_code" | "server.port" | "client.port" | "network.peer.port")
}

fn attributes(out: &mut Vec<u8>, field: u32, series: &Series) {
    // An empty value is how a registry says that a label is absent.
    for (name, value) in series.labels().filter(|(_, value)| !value.is_empty()) {
        match is_whole(name).then(|| value.parse().ok()).flatten() {
            Some(number) => wire::whole(out, field, name, number),
            None => wire::text_attribute(out, field, name, value),
        }
    }
}

/// A point of a sum: whole where a count is worth 1.
pub(super) fn count(out: &mut Vec<u8>, series: &Series, at: Times, count: u64, scale: Scale) {
    let value = if scale.is_one() { (6, count.min(i64::MAX as u64)) } else { (4, scale.of(count).to_bits()) };
    wire::nested(out, POINT, 2, |out| {
        fixed(out, [(2, at.start.unix_nanos()), (3, at.now.unix_nanos()), value]);
        attributes(out, 7, series);
    });
}

/// A point of a gauge, which has no beginning, or of a sum that goes up and down.
pub(super) fn level(out: &mut Vec<u8>, series: &Series, start: Option<Timestamp>, now: Timestamp, level: f64) {
    wire::nested(out, POINT, 2, |out| {
        wire::fixed64(out, 2, start.map_or(0, Timestamp::unix_nanos));
        fixed(out, [(3, now.unix_nanos()), (4, level.to_bits())]);
        attributes(out, 7, series);
    });
}

/// A point for each state of a set, by one reading: exactly one of them is 1.
pub(super) fn states(out: &mut Vec<u8>, series: &Series, now: Timestamp, of: (&str, &[Box<str>]), state: usize) {
    let (label, states) = of;
    for (at, name) in states.iter().enumerate() {
        wire::nested(out, POINT, 2, |out| {
            let level = if at == state { 1.0_f64 } else { 0.0 };
            fixed(out, [(3, now.unix_nanos()), (4, level.to_bits())]);
            attributes(out, 7, series);
            wire::text_attribute(out, 7, label, name);
        });
    }
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
    let (start, now) = (at.start.unix_nanos(), at.now.unix_nanos());
    fixed(out, [(2, start), (3, now), (4, seen.count()), (5, seen.sum.to_bits())]);
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
    let (Some((first, _)), Some((last, _))) = (side.first(), side.last()) else { return };
    let offset = first >> coarser;
    let small = coarser == 0 && side.iter().all(|(_, count)| *count < 0x80);
    wire::nested(out, field, 2, |out| {
        wire::sint(out, 1, offset);
        wire::nested(out, 2, 1, |out| {
            if small {
                // A bucket is a byte, an empty one zero.
                let start = out.len();
                out.resize(start + (last - offset) as usize + 1, 0);
                for (index, count) in side {
                    if let Some(bucket) = out.get_mut(start + (index - offset) as usize) {
                        *bucket = *count as u8;
                    }
                }
            } else {
                merged(out, offset, side, coarser);
            }
        });
    });
}

/// Buckets of any count, neighbors merged where it has to be coarser.
fn merged(out: &mut Vec<u8>, offset: i32, side: &[(i32, u64)], coarser: u32) {
    let mut next = offset;
    let mut rest = side.iter().peekable();
    while let Some((index, count)) = rest.next() {
        let index = index >> coarser;
        let mut count = *count;
        while let Some((_, more)) = rest.next_if(|(other, _)| other >> coarser == index) {
            count += more;
        }
        out.resize(out.len() + (index - next).max(0) as usize, 0);
        wire::varint(out, count);
        next = index + 1;
    }
}

fn explicit(out: &mut Vec<u8>, series: &Series, at: Times, seen: &HistogramSnapshot, exemplars: &Exemplars<'_>) {
    let count = seen.count();
    let (start, now) = (at.start.unix_nanos(), at.now.unix_nanos());
    fixed(out, [(2, start), (3, now), (4, count), (5, seen.sum.to_bits())]);
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
        fixed(out, [(field, min.to_bits()), (field + 1, max.to_bits())]);
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
