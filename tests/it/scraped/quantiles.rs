//! Quantiles from the native histogram and from the classic buckets: of the same requests, so they must agree.

use bellwether_tests::prometheus::Prometheus;

/// One step of the grid: a bucket that a declared bound divides counts as a whole on one side of it.
const STEP: f64 = 1.022;

const NAME: &str = "http_server_request_duration_seconds";

/// Both jobs see the same fifty-three requests, of which nothing changes any more.
pub(super) async fn agree(prometheus: &Prometheus) {
    let classic = buckets(prometheus).await;
    let count = classic.last().expect("buckets").1;
    assert_eq!(count, 53.0);
    for q in [0.05, 0.5, 0.9, 0.99, 1.0] {
        let native = prometheus.value(&format!("histogram_quantile({q}, sum({NAME}{{job=\"protobuf\"}}))")).await;
        let at = classic.iter().position(|(_, up_to)| *up_to >= q * count).expect("a bucket");
        let (least, most) = (at.checked_sub(1).map_or(0.0, |below| classic[below].0), classic[at].0);
        assert!(
            least / STEP <= native && native <= most * STEP,
            "quantile {q}: {native} by the native histogram, {least} to {most} by the buckets"
        );
        let interpolated = format!("histogram_quantile({q}, sum by (le) ({NAME}_bucket{{job=\"text\"}}))");
        let interpolated = prometheus.value(&interpolated).await;
        assert!(least <= interpolated && interpolated <= most, "quantile {q}: {interpolated} by Prometheus");
    }
    // The median of what the quick look-ups took is nowhere near that of the turns: a quantile that is off shows.
    let of = async |route: &str| {
        let query = format!("histogram_quantile(0.5, sum({NAME}{{job=\"protobuf\",http_route={route:?}}}))");
        prometheus.value(&query).await
    };
    let (look, turn) = (of("/v1/customers/{id}").await, of("/v1/turns").await);
    assert!(look < turn, "a look takes {look} s, a turn {turn} s");

    let sum = |job: &str, form: &str| format!("sum({})", form.replace("NAME", &format!("{NAME}{{job={job:?}}}")));
    let native = prometheus.value(&sum("protobuf", "histogram_sum(NAME)")).await;
    let classic = prometheus.value(&format!("sum({NAME}_sum{{job=\"text\"}})")).await;
    assert!((native - classic).abs() < 1e-9, "{native} s in all by one, {classic} s by the other");
}

/// The classic buckets of all series together: upper bound, and how many are up to there.
async fn buckets(prometheus: &Prometheus) -> Vec<(f64, f64)> {
    let samples = prometheus.instant(&format!("sum by (le) ({NAME}_bucket{{job=\"text\"}})")).await;
    let bound = |le: &str| if le == "+Inf" { f64::INFINITY } else { le.parse().expect("a bound") };
    let mut buckets: Vec<(f64, f64)> =
        samples.iter().map(|sample| (bound(&sample.labels["le"]), sample.value)).collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    buckets
}
