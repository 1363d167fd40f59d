//! Many histogram series of one metric, told apart by a route: what they take, and who opens them.

use std::fmt;

use bellwether_core::Registry;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::KeyValue;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;

use super::opentelemetry::meter;
use crate::sample::BOUNDS;

/// Records a value into the series of a route.
pub type Open = Box<dyn Fn(&str, f64)>;

/// A library, and how its series are opened; so many of them it must be ready for.
#[derive(Clone, Copy)]
pub struct Library {
    /// Its name.
    pub name: &'static str,
    /// Makes an empty histogram metric.
    pub open: fn(usize) -> Open,
}

/// All of them, ours first. Classic histograms have the 14 advised bounds; so has ours, beside its grid.
pub const LIBRARIES: &[Library] = &[
    Library { name: "bellwether", open: bellwether },
    Library { name: "prometheus (tikv)", open: tikv },
    Library { name: "prometheus-client", open: client },
    Library { name: "metrics + exporter", open: exporter },
    Library { name: "opentelemetry_sdk", open: |series| sdk(false, series) },
    Library { name: "opentelemetry_sdk, exponential", open: |series| sdk(true, series) },
];

fn bellwether(series: usize) -> Open {
    let registry = Registry::new();
    let builder = registry.histogram("duration").bounds(BOUNDS).labels(["route"]).max_series(series);
    let family = builder.family().expect("a legal metric");
    Box::new(move |route, value| family.get([route]).record(value))
}

fn tikv(_: usize) -> Open {
    let options = prometheus::HistogramOpts::new("duration", "Durations.").buckets(BOUNDS.to_vec());
    let family = prometheus::HistogramVec::new(options, &["route"]).expect("a legal metric");
    Box::new(move |route, value| family.with_label_values(&[route]).observe(value))
}

fn client(_: usize) -> Open {
    use prometheus_client::metrics::histogram::Histogram;

    #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
    struct Labels {
        route: String,
    }
    let family = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
    Box::new(move |route, value| family.get_or_create(&Labels { route: route.to_owned() }).observe(value))
}

/// Samples that a scrape has put into buckets: what is kept when nobody drains comes on top.
fn exporter(series: usize) -> Open {
    let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("bounds are not empty").build_recorder();
    let handle = recorder.handle();
    let count = std::cell::Cell::new(0_usize);
    Box::new(move |route, value| {
        metrics::with_local_recorder(&recorder, || {
            metrics::histogram!("duration", "route" => route.to_owned()).record(value);
        });
        count.set(count.get() + 1);
        if count.get().is_multiple_of(4 * series) {
            handle.run_upkeep();
        }
    })
}

fn sdk(exponential: bool, series: usize) -> Open {
    let (provider, meter) = meter(exponential, series + 1);
    let histogram = meter.f64_histogram("duration").build();
    Box::new(move |route, value| {
        let _alive = &provider;
        histogram.record(value, &[KeyValue::new("route", route.to_owned())]);
    })
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Library({})", self.name)
    }
}
