//! Prometheus scrapes hand-made pages of each format and is asked for them again: the yardstick for our encoders.

use bellwether_tests::families::{
    self, BucketSpan, Exemplar, Histogram, LabelPair, Metric, MetricFamily, MetricType, Timestamp,
};
use bellwether_tests::page::Page;
use bellwether_tests::prometheus::{Asks, Prometheus, Scrape};
use bellwether_tests::{client, real};
use std::time::{SystemTime, UNIX_EPOCH};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[allow(clippy::disallowed_methods, reason = "Prometheus stores exemplars near its own now only")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn reads_text() {
    if !real() {
        return;
    }
    let page = "# HELP turns_total Turns.\n# TYPE turns_total counter\nturns_total{route=\"/v1/\\\"turns\\\"\"} 3\n";
    let page = Page::serve(TEXT, page).await;
    let prometheus = Prometheus::start(Asks::OpenMetrics, &[Scrape::new("text", page.addr())]).await;
    prometheus.scraped("text").await;
    prometheus.expect("turns_total{route='/v1/\"turns\"'}", 3.0).await;
    assert_eq!(prometheus.targets().await.len(), 1);
    let metadata = prometheus.get("/api/v1/metadata", &[("metric", "turns_total")]).await;
    assert_eq!(metadata["turns_total"][0]["type"], "counter");
}

#[tokio::test]
async fn reads_openmetrics_with_exemplars() {
    if !real() {
        return;
    }
    let now = now();
    let page = format!(
        "# TYPE turns counter\n# HELP turns Turns.\n\
         turns_total{{route=\"a\"}} 3 # {{trace_id=\"{TRACE}\"}} 1 {now}\nturns_created{{route=\"a\"}} {now}\n\
         # TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n\
         wait_seconds_bucket{{le=\"0.1\"}} 1\nwait_seconds_bucket{{le=\"+Inf\"}} 4 # {{trace_id=\"{TRACE}\"}} 0.7 {now}\n\
         wait_seconds_count 4\nwait_seconds_sum 2.5\n# EOF\n"
    );
    let page = Page::serve(OPEN_METRICS, page).await;
    let prometheus = Prometheus::start(Asks::OpenMetrics, &[Scrape::new("om", page.addr())]).await;
    prometheus.scraped("om").await;
    prometheus.expect("turns_total", 3.0).await;
    prometheus.expect("wait_seconds_bucket{le='0.1'}", 1.0).await;
    prometheus.expect("wait_seconds_sum / wait_seconds_count", 0.625).await;
    let exemplars = prometheus.exemplars("wait_seconds_bucket").await;
    assert_eq!(exemplars.len(), 1, "{exemplars:?}");
    assert_eq!((exemplars[0].labels["trace_id"].as_str(), exemplars[0].value), (TRACE, 0.7));
    assert_eq!(exemplars[0].series["le"], "+Inf");
    assert_eq!(prometheus.exemplars("turns_total").await[0].labels["trace_id"], TRACE);
    let asked = page.accepts();
    assert!(asked[0].starts_with("application/openmetrics-text"), "{asked:?}");
}

#[tokio::test]
async fn reads_native_histograms() {
    if !real() {
        return;
    }
    // At schema 5 a bucket with index i ends at 2^(i/32): 3 samples in (0.245, 0.25], and 1 in (7.83, 8].
    let label = |name: &str, value: &str| LabelPair { name: name.to_owned(), value: value.to_owned() };
    let seconds = i64::try_from(now()).unwrap();
    let exemplar = Exemplar {
        label: vec![label("trace_id", TRACE)],
        value: 0.25,
        timestamp: Some(Timestamp { seconds, nanos: 0 }),
    };
    let histogram = Histogram {
        sample_count: 4,
        sample_sum: 8.75,
        schema: 5,
        zero_threshold: 2f64.powi(-128),
        positive_span: vec![BucketSpan { offset: -64, length: 1 }, BucketSpan { offset: 159, length: 1 }],
        positive_delta: vec![3, -2],
        bucket: vec![families::Bucket { cumulative_count: 4, upper_bound: f64::INFINITY, exemplar: Some(exemplar) }],
        ..Histogram::default()
    };
    let family = MetricFamily {
        name: "wait_seconds".to_owned(),
        help: "Waiting.".to_owned(),
        r#type: MetricType::Histogram as i32,
        metric: vec![Metric { label: vec![label("route", "a")], histogram: Some(histogram), ..Metric::default() }],
        ..MetricFamily::default()
    };
    let body = families::encode(std::slice::from_ref(&family));
    assert_eq!(families::decode(&body).unwrap(), [family]);

    let page = Page::serve(families::CONTENT_TYPE, body).await;
    let prometheus = Prometheus::start(Asks::Protobuf, &[Scrape::new("native", page.addr())]).await;
    prometheus.scraped("native").await;
    prometheus.expect("histogram_count(wait_seconds)", 4.0).await;
    prometheus.expect("histogram_sum(wait_seconds{route='a'})", 8.75).await;
    prometheus.expect("histogram_fraction(0, 1, wait_seconds)", 0.75).await;
    let median = prometheus.value("histogram_quantile(0.5, wait_seconds)").await;
    assert!((median / 0.25 - 1.0).abs() < 0.022, "{median} is not in the bucket of 0.25");
    let top = prometheus.value("histogram_quantile(1, wait_seconds)").await;
    assert_eq!(top, 8.0);
    assert_eq!(prometheus.exemplars("wait_seconds").await[0].labels["trace_id"], TRACE);
    assert!(page.accepts()[0].starts_with("application/vnd.google.protobuf"), "{:?}", page.accepts());
}

#[tokio::test]
async fn says_why_a_page_cannot_be_read() {
    if !real() {
        return;
    }
    let page = Page::serve(OPEN_METRICS, "# TYPE a counter\na_total 1\n").await; // no EOF
    let prometheus = Prometheus::start(Asks::OpenMetrics, &[Scrape::new("bad", page.addr())]).await;
    let target = bellwether_tests::until("the page to be refused", async || {
        prometheus.targets().await.into_iter().find(|target| target.health == "down")
    });
    let target = target.await;
    assert!(target.last_error.contains("EOF"), "{target:?}");
}

#[tokio::test]
async fn a_relayed_page_keeps_its_type_and_tells_who_asked_for_what() {
    let page = Page::serve(TEXT, "turns_total 3\n").await;
    let relay = Page::relay(&format!("http://{}/metrics", page.addr()), TEXT).await;
    let asked = client().get(format!("http://{}/metrics", relay.addr())).header("accept", "*/*").send().await;
    let answer = asked.unwrap();
    assert_eq!(answer.headers()["content-type"], TEXT);
    assert_eq!(answer.text().await.unwrap(), "turns_total 3\n");
    assert_eq!((relay.accepts(), page.accepts()), (vec!["*/*".to_owned()], vec![TEXT.to_owned()]));
}
