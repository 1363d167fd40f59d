//! Batches as the official definitions read them.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1 as proto;
use prost::Message;
use proto::exponential_histogram_data_point::Buckets;

use super::super::{Deltas, Walk};
use crate::otlp::outbox::Batch;

/// The batches of a walk, each of which arrives.
pub(super) fn raw_batches(mut walk: Walk, deltas: &mut Deltas) -> Vec<(Vec<u8>, usize)> {
    let mut batch = Batch::default();
    let mut batches = Vec::new();
    while walk.next(&mut batch, deltas) {
        deltas.commit();
        batches.push((batch.bytes.clone(), batch.items));
    }
    batches
}

pub(super) fn batches(walk: Walk, deltas: &mut Deltas) -> Vec<Vec<proto::Metric>> {
    raw_batches(walk, deltas).iter().map(|(raw, _)| decode(raw)).collect()
}

/// A batch is the field of `ScopeMetrics` that has the metrics, and nothing else.
pub(super) fn decode(raw: &[u8]) -> Vec<proto::Metric> {
    let scope = proto::ScopeMetrics::decode(raw).unwrap();
    assert_eq!(scope, proto::ScopeMetrics { metrics: scope.metrics.clone(), ..Default::default() });
    scope.metrics
}

pub(super) fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, Value> {
    let value = |attribute: &KeyValue| attribute.value.clone().unwrap().value.unwrap();
    attributes.iter().map(|attribute| (attribute.key.clone(), value(attribute))).collect()
}

/// Buckets by index, empty ones left out.
pub(super) fn sparse(buckets: &Option<Buckets>) -> Vec<(i32, u64)> {
    let Some(buckets) = buckets else { return Vec::new() };
    let indexed = (buckets.offset..).zip(buckets.bucket_counts.iter().copied());
    indexed.filter(|(_, count)| *count > 0).collect()
}

/// Buckets at a lower scale.
pub(super) fn coarser(side: &[(i32, u64)], shift: i32) -> Vec<(i32, u64)> {
    let mut merged: BTreeMap<i32, u64> = BTreeMap::new();
    for (index, count) in side {
        *merged.entry(index.div_euclid(1 << shift)).or_default() += count;
    }
    merged.into_iter().collect()
}

/// Two values between which a quantile lies, by what OTLP says buckets are.
pub(super) fn quantile_between(point: &proto::ExponentialHistogramDataPoint, q: f64) -> Option<(f64, f64)> {
    let base = 2_f64.powf(2_f64.powi(-point.scale));
    let rank = (q * point.count as f64).ceil() as u64;
    let negative = sparse(&point.negative).into_iter().rev();
    let negative = negative.map(|(index, count)| (-base.powi(index + 1), -base.powi(index), count));
    let zero = [(0.0, 0.0, point.zero_count)];
    let positive = sparse(&point.positive).into_iter();
    let positive = positive.map(|(index, count)| (base.powi(index), base.powi(index + 1), count));
    let mut seen = 0;
    for (low, high, count) in negative.chain(zero).chain(positive) {
        seen += count;
        if seen >= rank {
            return Some((low, high));
        }
    }
    None
}
