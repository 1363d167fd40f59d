//! Deltas that arrived add up to what was recorded, whichever pushes failed, and their times leave no gap.

use std::collections::HashMap;
use std::time::Duration;

use super::*;

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    Count(usize, u64),
    Record(usize, f64),
    Level(f64),
    /// A push, of whose batches those arrive.
    Push(Vec<bool>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6_usize, 0..5_u64).prop_map(|(series, count)| Step::Count(series, count)),
        3 => (0..6_usize, -3.0..3.0_f64, prop::bool::weighted(0.8)).prop_map(|(series, exponent, positive)| {
            let value = 10_f64.powf(exponent);
            Step::Record(series, if positive { value } else { -value })
        }),
        1 => (-1e3..1e3_f64).prop_map(Step::Level),
        2 => prop::collection::vec(any::<bool>(), 0..6).prop_map(Step::Push),
    ]
}

/// What has arrived of one series.
#[derive(Debug, Default)]
struct Arrived {
    count: i64,
    buckets: BTreeMap<i32, u64>,
    observations: u64,
    sum: f64,
    until: u64,
}

#[derive(Default)]
struct Collector(HashMap<(String, String), Arrived>);

impl Collector {
    fn take(&mut self, metrics: &[proto::Metric]) {
        for metric in metrics {
            match &metric.data {
                Some(Data::Sum(sum)) => {
                    assert_eq!(sum.aggregation_temporality(), proto::AggregationTemporality::Delta);
                    for point in &sum.data_points {
                        let arrived = self.series(metric, &point.attributes);
                        let Some(Number::AsInt(count)) = point.value else { panic!("{:?}", point.value) };
                        assert!(count > 0, "nothing is no delta");
                        arrived.count += count;
                        arrived.follows(point.start_time_unix_nano, point.time_unix_nano);
                    }
                }
                Some(Data::ExponentialHistogram(histogram)) => {
                    assert_eq!(histogram.aggregation_temporality(), proto::AggregationTemporality::Delta);
                    for point in &histogram.data_points {
                        let arrived = self.series(metric, &point.attributes);
                        for (index, count) in decoded::sparse(&point.positive) {
                            *arrived.buckets.entry(index).or_default() += count;
                        }
                        assert!(point.count > 0, "nothing is no delta");
                        arrived.observations += point.count;
                        arrived.sum += point.sum.unwrap();
                        arrived.follows(point.start_time_unix_nano, point.time_unix_nano);
                    }
                }
                Some(Data::Gauge(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn series(
        &mut self,
        metric: &proto::Metric,
        labels: &[opentelemetry_proto::tonic::common::v1::KeyValue],
    ) -> &mut Arrived {
        let label = format!("{:?}", attributes(labels));
        self.0.entry((metric.name.clone(), label)).or_default()
    }
}

impl Arrived {
    /// A delta starts where the one before ended.
    fn follows(&mut self, start: u64, end: u64) {
        assert!(self.until == 0 || self.until == start, "from {start}, after {}", self.until);
        assert!(start <= end);
        self.until = end;
    }
}

proptest! {
    #[test]
    fn add_up(steps in prop::collection::vec(step(), 0..60), points in 1..8_usize) {
        let (registry, clock) = registry();
        let counters: Family<Counter, 1> = registry.counter("c").labels(["s"]).family().unwrap();
        let histograms: Family<Histogram, 1> = registry.histogram("h").labels(["s"]).family().unwrap();
        let gauge = registry.gauge("g").build().unwrap();
        let push = Push::default().temporality(Temporality::Delta);
        let (mut deltas, mut collector) = (Deltas::new(100), Collector::default());
        let mut run = |arrives: &mut dyn Iterator<Item = bool>, collector: &mut Collector| {
            let mut walk = Walk::new(&registry, push, Timestamp::default()).limits(1 << 20, points);
            let mut batch = Batch::default();
            while walk.next(&mut batch, &mut deltas) {
                if arrives.next().unwrap_or(true) {
                    deltas.commit();
                    collector.take(&decode(&batch.bytes));
                } else {
                    deltas.abandon();
                    break;
                }
            }
        };
        for step in steps {
            clock.advance(Duration::from_secs(1));
            match step {
                Step::Count(series, count) => counters.get([&series.to_string()]).add(count),
                Step::Record(series, value) => histograms.get([&series.to_string()]).record(value),
                Step::Level(level) => gauge.set(level),
                Step::Push(arrives) => run(&mut arrives.into_iter(), &mut collector),
            }
        }
        clock.advance(Duration::from_secs(1));
        run(&mut std::iter::repeat(true), &mut collector);
        for metric in registry.metrics() {
            for series in metric.series() {
                let labels: BTreeMap<String, Value> = series
                    .labels()
                    .map(|(name, value)| (name.to_owned(), Value::StringValue(value.to_owned())))
                    .collect();
                let key = (metric.name().to_owned(), format!("{labels:?}"));
                let arrived = collector.0.remove(&key).unwrap_or_default();
                match series.handle() {
                    bellwether_core::Handle::Counter(counter) => {
                        prop_assert_eq!(arrived.count as u64, counter.value());
                    }
                    bellwether_core::Handle::Histogram(histogram) => {
                        let seen = histogram.snapshot();
                        prop_assert_eq!(arrived.observations, seen.count());
                        prop_assert_eq!(arrived.buckets.into_iter().collect::<Vec<_>>(), seen.positive);
                        let off = (arrived.sum - seen.sum).abs();
                        prop_assert!(off < 1e-6, "{} of {}", arrived.sum, seen.sum);
                    }
                    _ => {}
                }
            }
        }
        prop_assert!(collector.0.is_empty(), "{:?}", collector.0.keys());
    }
}

#[test]
fn series_beyond_the_bound_are_turned_away_and_counted() {
    let (registry, _) = registry();
    let family: Family<Counter, 1> = registry.counter("c").labels(["s"]).family().unwrap();
    (0..5).for_each(|series| family.get([&series.to_string()]).inc());
    let mut deltas = Deltas::new(3);
    let push = Push::default().temporality(Temporality::Delta);
    let mut points = || {
        let walk = Walk::new(&registry, push, Timestamp::default());
        decoded::raw_batches(walk, &mut deltas).iter().map(|(_, items)| items).sum::<usize>()
    };
    assert_eq!(points(), 3);
    (0..5).for_each(|series| family.get([&series.to_string()]).inc());
    assert_eq!(points(), 3);
    assert_eq!((deltas.turned_away(), deltas.turned_away()), (4, 0));
}
