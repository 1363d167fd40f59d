//! Histograms: classic buckets, native buckets, exemplars, each against what was recorded.

use std::collections::BTreeMap;

use bellwether_core::{Histogram, Registry, SpanId, TraceId};
use bellwether_export::prometheus::Format;
use proptest::prelude::*;

use super::{bytes, parse, registry, text};

/// A family, read from protobuf by the field numbers of `metrics.proto`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct FamilyRead {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: u64,
    pub(super) unit: String,
    pub(super) series: Vec<SeriesRead>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct SeriesRead {
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: Option<f64>,
    pub(super) histogram: Option<HistogramRead>,
    pub(super) created: Option<(u64, u64)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct HistogramRead {
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) classic: Vec<(f64, u64, Vec<ExemplarRead>)>,
    pub(super) schema: i64,
    pub(super) zero: (f64, u64),
    pub(super) negative: BTreeMap<i64, u64>,
    pub(super) positive: BTreeMap<i64, u64>,
    pub(super) exemplars: Vec<ExemplarRead>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ExemplarRead {
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    pub(super) at: (u64, u64),
}

enum Field<'a> {
    Number(u64),
    Double(f64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn number(&self) -> u64 {
        if let Self::Number(number) = self { *number } else { panic!("a number") }
    }

    fn signed(&self) -> i64 {
        unzigzag(self.number())
    }

    fn double(&self) -> f64 {
        if let Self::Double(double) = self { *double } else { panic!("a double") }
    }

    fn bytes(&self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { panic!("bytes") }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn varint(input: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = input.split_first().unwrap();
        *input = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    value
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at(length);
    *input = rest;
    taken
}

fn fields(mut input: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !input.is_empty() {
        let tag = varint(&mut input);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut input)),
            1 => Field::Double(f64::from_le_bytes(take(&mut input, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut input) as usize;
                Field::Bytes(take(&mut input, length))
            }
            other => panic!("no such wire type: {other}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

/// The messages of a delimited stream, as they come.
pub(super) fn families(mut stream: &[u8]) -> Vec<FamilyRead> {
    let mut families = Vec::new();
    while !stream.is_empty() {
        let length = varint(&mut stream) as usize;
        let mut family = FamilyRead::default();
        for (number, field) in fields(take(&mut stream, length)) {
            match number {
                1 => family.name = field.text(),
                2 => family.help = field.text(),
                3 => family.kind = field.number(),
                4 => family.series.push(series(field.bytes())),
                5 => family.unit = field.text(),
                other => panic!("no field of a family: {other}"),
            }
        }
        families.push(family);
    }
    families
}

fn series(input: &[u8]) -> SeriesRead {
    let mut series = SeriesRead::default();
    for (number, field) in fields(input) {
        match number {
            1 => series.labels.push(pair(field.bytes())),
            2 | 3 => {
                for (number, field) in fields(field.bytes()) {
                    match number {
                        1 => series.value = Some(field.double()),
                        3 => series.created = Some(timestamp(field.bytes())),
                        other => panic!("no field of a value: {other}"),
                    }
                }
            }
            7 => {
                series.created =
                    fields(field.bytes()).iter().find(|(own, _)| *own == 15).map(|(_, own)| timestamp(own.bytes()));
                series.histogram = Some(histogram(field.bytes()));
            }
            other => panic!("no field of a metric: {other}"),
        }
    }
    series
}

fn pair(input: &[u8]) -> (String, String) {
    let [(1, name), (2, value)] = &fields(input)[..] else { panic!("a label pair") };
    (name.text(), value.text())
}

fn timestamp(input: &[u8]) -> (u64, u64) {
    let [(1, seconds), (2, nanos)] = &fields(input)[..] else { panic!("a timestamp") };
    (seconds.number(), nanos.number())
}

fn exemplar(input: &[u8]) -> ExemplarRead {
    let mut exemplar = ExemplarRead::default();
    for (number, field) in fields(input) {
        match number {
            1 => exemplar.labels.push(pair(field.bytes())),
            2 => exemplar.value = field.double(),
            3 => exemplar.at = timestamp(field.bytes()),
            other => panic!("no field of an exemplar: {other}"),
        }
    }
    exemplar
}

fn histogram(input: &[u8]) -> HistogramRead {
    let mut read = HistogramRead::default();
    let mut spans: [Vec<(i64, u64)>; 2] = Default::default();
    let mut deltas: [Vec<i64>; 2] = Default::default();
    for (number, field) in fields(input) {
        match number {
            1 => read.count = field.number(),
            2 => read.sum = field.double(),
            3 => {
                let (mut count, mut upper, mut exemplars) = (0, 0.0, Vec::new());
                for (number, field) in fields(field.bytes()) {
                    match number {
                        1 => count = field.number(),
                        2 => upper = field.double(),
                        3 => exemplars.push(exemplar(field.bytes())),
                        other => panic!("no field of a bucket: {other}"),
                    }
                }
                read.classic.push((upper, count, exemplars));
            }
            5 => read.schema = field.signed(),
            6 => read.zero.0 = field.double(),
            7 => read.zero.1 = field.number(),
            9 | 12 => {
                let [(1, offset), (2, length)] = &fields(field.bytes())[..] else { panic!("a span") };
                spans[usize::from(number == 12)].push((offset.signed(), length.number()));
            }
            10 | 13 => {
                let mut packed = field.bytes();
                while !packed.is_empty() {
                    deltas[usize::from(number == 13)].push(unzigzag(varint(&mut packed)));
                }
            }
            15 => {}
            16 => read.exemplars.push(exemplar(field.bytes())),
            other => panic!("no field of a histogram: {other}"),
        }
    }
    read.negative = expand(&spans[0], &deltas[0]);
    read.positive = expand(&spans[1], &deltas[1]);
    read
}

/// Spans and deltas as Prometheus understands them.
fn expand(spans: &[(i64, u64)], deltas: &[i64]) -> BTreeMap<i64, u64> {
    let mut deltas = deltas.iter();
    let (mut index, mut count) = (0, 0_i64);
    let mut buckets = BTreeMap::new();
    for (offset, length) in spans {
        index += offset;
        for _ in 0..*length {
            count += deltas.next().expect("a delta for each bucket");
            buckets.insert(index, u64::try_from(count).unwrap());
            index += 1;
        }
    }
    assert!(deltas.next().is_none(), "a bucket for each delta");
    buckets.retain(|_, count| *count > 0);
    buckets
}

fn recorded(values: &[f64], unit: &str, bounds: &[f64]) -> Registry {
    let registry = registry();
    let histogram = registry.histogram("h").unit(unit).bounds(bounds.iter().copied()).build().unwrap();
    values.iter().for_each(|value| histogram.record(*value));
    registry
}

fn only_histogram(registry: &Registry) -> HistogramRead {
    let families = families(&bytes(registry, Format::PROTOBUF));
    families.last().and_then(|family| family.series[0].histogram.clone()).unwrap()
}

/// Classic buckets in both syntaxes: bound and count.
fn classic(registry: &Registry) -> Vec<(f64, u64)> {
    let samples = parse::samples(&text(registry, Format::TEXT));
    let buckets = samples.iter().filter(|sample| sample.name.ends_with("_bucket"));
    let buckets: Vec<(f64, u64)> =
        buckets.map(|sample| (sample.label("le").unwrap().parse().unwrap(), sample.value as u64)).collect();
    let mut protobuf = only_histogram(registry);
    protobuf.classic.push((f64::INFINITY, protobuf.count, Vec::new()));
    let same: Vec<(f64, u64)> = protobuf.classic.iter().map(|(upper, count, _)| (*upper, *count)).collect();
    assert_eq!(buckets, same, "text and protobuf");
    buckets
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-12.0..12.0).prop_map(f64::exp),
        (-40_i32..40).prop_map(|exponent| 2_f64.powi(exponent)),
        (-12.0..12.0).prop_map(|exponent: f64| -exponent.exp()),
        Just(0.0),
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
    ]
}

proptest! {
    #[test]
    fn classic_counts_are_exact(
        values in prop::collection::vec(any_value(), 0..60),
        bounds in prop::collection::vec((-3.0..3.0).prop_map(f64::exp), 0..6),
        unit in prop::sample::select(vec!["s", "By", "ms", "{thing}"]),
    ) {
        let registry = recorded(&values, unit, &bounds);
        let buckets = classic(&registry);
        prop_assert!(buckets.len() > bounds.len().min(1) && buckets.last().unwrap().0 == f64::INFINITY);
        for (upper, count) in buckets {
            let exact = values.iter().filter(|value| **value <= upper).count() as u64;
            prop_assert_eq!(count, exact, "up to {}", upper);
        }
    }

    #[test]
    fn native_buckets_hold_their_values(values in prop::collection::vec(any_value(), 0..60)) {
        let read = only_histogram(&recorded(&values, "s", &[]));
        let mut positive = BTreeMap::new();
        let mut negative = BTreeMap::new();
        let mut zero = 0;
        for value in &values {
            // Prometheus: bucket i of schema 5 ends at 2^(i/32), that end included.
            let index = (value.abs().log2() * 32.0).ceil() as i64;
            match value {
                value if value.abs() <= read.zero.0 => zero += 1,
                value if *value > 0.0 => *positive.entry(index).or_insert(0) += 1,
                _ => *negative.entry(index).or_insert(0) += 1,
            }
        }
        prop_assert_eq!((read.schema, read.zero.0), (5, f64::MIN_POSITIVE));
        prop_assert_eq!(read.zero.1, zero);
        prop_assert_eq!(read.count, values.len() as u64);
        // The logarithm may round across an edge: at most one bucket off, and the totals agree.
        for (ours, exact) in [(&read.positive, &positive), (&read.negative, &negative)] {
            prop_assert_eq!(ours.values().sum::<u64>(), exact.values().sum::<u64>());
            for index in ours.keys() {
                prop_assert!((index - 1..=index + 1).any(|near| exact.contains_key(&near)), "bucket {}", index);
            }
        }
    }
}

#[test]
fn an_empty_histogram_is_still_native() {
    let read = only_histogram(&recorded(&[], "s", &[1.0]));
    assert_eq!((read.count, read.schema), (0, 5));
    assert!(read.zero.0 > 0.0, "which is how Prometheus tells");
}

#[test]
fn bounds_are_spelled_as_open_metrics_wants() {
    let bounds = [1e-5, 0.0001, 0.001, 0.5, 1.0, 10.0, 2500.0, 100_000.0, 1e6, 1.5e7];
    let text = text(&recorded(&[0.1], "", &bounds), Format::TEXT);
    let les: Vec<&str> = text.split("le=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let expected = ["1e-05", "0.0001", "0.001", "0.5", "1.0", "10.0", "2500.0", "100000.0", "1e+06", "1.5e+07", "+Inf"];
    assert_eq!(les, expected);
}

#[test]
fn open_metrics_has_no_sum_where_a_bucket_is_negative() {
    let registry = recorded(&[-1.0, 1.0], "", &[-0.5, 0.5]);
    assert!(text(&registry, Format::TEXT).contains("h_sum 0\nh_count 2\n"));
    let open_metrics = text(&registry, Format::OPEN_METRICS);
    assert!(!open_metrics.contains("_sum") && open_metrics.contains("h_bucket{le=\"+Inf\"} 2\n"), "{open_metrics}");
}

fn in_trace(histogram: &Histogram, value: f64, id: u8) {
    let trace = TraceId::from_bytes([id; 16]).unwrap();
    histogram.record_in_trace(value, trace, SpanId::from_bytes([id; 8]).unwrap());
}

#[test]
fn an_exemplar_is_in_the_bucket_of_its_value() {
    let registry = registry();
    let histogram = registry.histogram("h").bounds([1.0, 4.0, 64.0]).build().unwrap();
    in_trace(&histogram, 0.5, 1);
    registry.clock().advance(std::time::Duration::from_secs(1));
    in_trace(&histogram, 0.01, 2);
    in_trace(&histogram, 1000.0, 3);
    in_trace(&histogram, 4.0, 4);
    let samples = parse::samples(&text(&registry, Format::OPEN_METRICS));
    let ids: Vec<Option<&str>> =
        samples[..4].iter().map(|sample| sample.exemplar.as_ref().map(|(labels, _)| &labels[0].1[..2])).collect();
    // In the first bucket are two: the later one is shown.
    assert_eq!(ids, [Some("02"), Some("04"), None, Some("03")]);
    let (labels, rest) = samples[3].exemplar.clone().unwrap();
    assert_eq!(rest, "1000 1700000061.250");
    assert!(labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= 128);

    let read = only_histogram(&registry);
    let classic: Vec<usize> = read.classic.iter().map(|(_, _, exemplars)| exemplars.len()).collect();
    assert_eq!(classic, [1, 1, 0, 1], "with a bucket up to infinity, for its exemplar");
    let native: Vec<f64> = read.exemplars.iter().map(|exemplar| exemplar.value).collect();
    assert_eq!(native, [0.5, 0.01, 4.0, 1000.0], "by time");
    assert_eq!(read.exemplars[3].at, (1_700_000_061, 250_000_000));
    assert!(!text(&registry, Format::TEXT).contains("trace_id"));
}
