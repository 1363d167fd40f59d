//! OpenTelemetry's SDK, with explicit buckets and with an exponential histogram.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::{Aggregation, Instrument, InstrumentKind, ManualReader, SdkMeterProvider, Stream};

use super::{each_latency, repeat};
use crate::case::{Case, Run};
use crate::sample::{BOUNDS, labels};

const NAME: &str = "opentelemetry_sdk";
const EXPONENTIAL: &str = "opentelemetry_sdk, exponential";

pub(super) const CASES: &[Case] = &[
    Case { group: "counter held", name: NAME, make: counter_held },
    Case { group: "gauge held", name: NAME, make: gauge_held },
    Case { group: "histogram held", name: NAME, make: || histogram_held(false) },
    Case { group: "histogram held", name: EXPONENTIAL, make: || histogram_held(true) },
    Case { group: "counter, 3 labels", name: NAME, make: counter_labels },
    Case { group: "histogram, 3 labels", name: NAME, make: || histogram_labels(false) },
    Case { group: "histogram, 3 labels", name: EXPONENTIAL, make: || histogram_labels(true) },
];

/// A meter that is read by nobody, as between two exports.
pub(crate) fn meter(exponential: bool, series: usize) -> (SdkMeterProvider, Meter) {
    let aggregation = if exponential {
        Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true }
    } else {
        Aggregation::ExplicitBucketHistogram { boundaries: BOUNDS.to_vec(), record_min_max: true }
    };
    let view = move |instrument: &Instrument| {
        let stream = Stream::builder().with_cardinality_limit(series);
        let stream = match instrument.kind() {
            InstrumentKind::Histogram => stream.with_aggregation(aggregation.clone()),
            _ => stream,
        };
        Some(stream.build().expect("a legal stream"))
    };
    let provider = SdkMeterProvider::builder().with_reader(ManualReader::builder().build()).with_view(view).build();
    let meter = provider.meter("benches");
    (provider, meter)
}

fn given() -> [KeyValue; 3] {
    let [method, route, status] = labels();
    [KeyValue::new("method", method), KeyValue::new("route", route.to_owned()), KeyValue::new("status", status)]
}

fn counter_held() -> Run {
    let (provider, meter) = meter(false, 2000);
    let counter = meter.u64_counter("requests").build().bind(&[]);
    repeat(move || {
        let _alive = &provider;
        counter.add(1);
    })
}

fn gauge_held() -> Run {
    let (provider, meter) = meter(false, 2000);
    let gauge = meter.f64_up_down_counter("in_flight").build();
    repeat(move || {
        let _alive = &provider;
        gauge.add(1.0, &[]);
    })
}

fn histogram_held(exponential: bool) -> Run {
    let (provider, meter) = meter(exponential, 2000);
    let histogram = meter.f64_histogram("duration").build().bind(&[]);
    each_latency(move |value| {
        let _alive = &provider;
        histogram.record(value);
    })
}

fn counter_labels() -> Run {
    let (provider, meter) = meter(false, 2000);
    let counter = meter.u64_counter("requests").build();
    repeat(move || {
        let _alive = &provider;
        counter.add(1, &given());
    })
}

fn histogram_labels(exponential: bool) -> Run {
    let (provider, meter) = meter(exponential, 2000);
    let histogram = meter.f64_histogram("duration").build();
    each_latency(move |value| {
        let _alive = &provider;
        histogram.record(value, &given());
    })
}
