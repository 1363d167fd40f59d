//! Prometheus scrapes the demo in all three formats and is asked what it knows: numbers, traces and quantiles agree.

mod busy;
mod quantiles;
mod quiet;

use bellwether_tests::prometheus::Prometheus;
use std::collections::BTreeSet;

/// Every route of the demo, as templates; a request that matched none has no such label.
const ROUTES: &[&str] = &[
    "",
    "/v1/customers",
    "/v1/customers/{id}",
    "/v1/customers/{id}/orders",
    "/v1/orders",
    "/v1/orders/{id}",
    "/v1/turns",
];

/// The values of a label of a metric of a job.
async fn values(prometheus: &Prometheus, job: &str, metric: &str, label: &str) -> BTreeSet<String> {
    let samples = prometheus.instant(&format!("{metric}{{job={job:?}}}")).await;
    samples.into_iter().map(|sample| sample.labels.get(label).cloned().unwrap_or_default()).collect()
}
