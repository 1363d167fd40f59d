//! A demo with its own traffic and trouble, scraped while it runs: numbers agree, and the trouble can be seen.

use super::{ROUTES, values};
use crate::visits::get;
use bellwether_tests::demo::Demo;
use bellwether_tests::prometheus::{Asks, Prometheus, Sample, Scrape};
use bellwether_tests::{openmetrics, real, until};
use std::collections::BTreeMap;
use std::time::Duration;

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

#[tokio::test]
async fn traffic_and_trouble_can_be_seen() {
    if !real() {
        return;
    }
    let demo = Demo::start(&["--day=60", "--seed=7"], &[("BELLWETHER_TRACES_SAMPLE", "1")]).await;
    let scrape = Scrape::new("busy", demo.addr()).every(Duration::from_secs(2));
    let prometheus = Prometheus::start(Asks::OpenMetrics, &[scrape]).await;
    prometheus.scraped("busy").await;
    for path in ["/.env", "/wp-login.php", "/.git/config"] {
        assert_eq!(get(&demo, path).await, 404);
    }

    let some = async |query: &str| {
        until(query, async || prometheus.instant(query).await.into_iter().find(|sample| sample.value > 0.0)).await
    };
    // Ten in the morning: a release that panics for some and fails for others.
    some("bellwether_panics_total").await;
    some(r#"http_server_request_duration_seconds_count{http_response_status_code="500",outcome="failure"}"#).await;
    some(r#"bellwether_transactions_total{transaction="voice_turn",outcome="failure"}"#).await;
    // Half past twelve: the model's quota.
    some(r#"http_client_request_duration_seconds_count{http_response_status_code="429",outcome="throttled"}"#).await;
    some(r#"http_server_request_duration_seconds_count{http_response_status_code="503",outcome="failure"}"#).await;
    // All day: people who hang up, and people who get it wrong.
    some(r#"http_server_request_duration_seconds_count{http_route="/v1/turns",outcome="cancelled"}"#).await;
    some(r#"http_server_request_duration_seconds_count{outcome="client_error"}"#).await;
    some(r#"rpc_server_call_duration_seconds_count{rpc_method="voice.v1.Voice/Converse",outcome="success"}"#).await;
    some(r#"sum(rate(http_server_request_duration_seconds_count{http_route="/v1/turns"}[10s]))"#).await;
    let slow = "sum by (le) (rate(http_server_request_duration_seconds_bucket{http_route='/v1/turns'}[10s]))";
    some(&format!("histogram_quantile(0.95, {slow})")).await;

    between_two_looks(&prometheus, &demo).await;
    no_path_is_a_label(&prometheus).await;
    let exemplars = prometheus.exemplars("http_server_request_duration_seconds_bucket").await;
    assert!(exemplars.iter().all(|exemplar| exemplar.labels["trace_id"].len() == 32), "{exemplars:?}");
    let resets = prometheus.instant("resets(http_server_request_duration_seconds_count[5m]) > 0").await;
    assert_eq!(resets, [], "a counter went down");
    let downs = prometheus.instant("1 - min_over_time(up[5m]) > 0").await;
    assert_eq!(downs, [], "a scrape failed");

    let complaints = prometheus.log();
    let complaints: Vec<&str> = complaints.lines().filter(|line| line.contains("scrape manager")).collect();
    assert!(complaints.iter().all(|line| line.contains("level=info")), "{complaints:?}");

    let (ended, printed) = demo.signal("INT").await;
    assert!(ended.success(), "{ended}\n{printed}");
    assert!(printed.contains("release 1.5.0 is deployed"), "{printed}");
}

/// What Prometheus has is what the demo itself said before, or after, or something between.
async fn between_two_looks(prometheus: &Prometheus, demo: &Demo) {
    let scraped_at = async || prometheus.value("timestamp(up{job='busy'})").await;
    let before = counts(demo).await;
    let since = scraped_at().await;
    // Two scrapes later, so that the last one began after the look.
    until("newer scrapes", async || (scraped_at().await > since + 3.0).then_some(())).await;
    let known =
        prometheus.instant("{job='busy',__name__=~'http_server_request_duration_seconds_count|rpc_.*_count'}").await;
    let after = counts(demo).await;

    assert!(before.len() >= 12, "{before:?}");
    let known: BTreeMap<_, _> = known.into_iter().map(|sample| (labels(&sample), sample.value)).collect();
    for (series, least) in &before {
        let (now, most) = (known.get(series), after.get(series));
        let right = now.zip(most).is_some_and(|(now, most)| least <= now && now <= most);
        assert!(right, "{series:?}: {least} before, {now:?} in Prometheus, {most:?} after");
    }
    assert!(before.values().sum::<f64>() < after.values().sum::<f64>(), "traffic flows");
}

fn labels(sample: &Sample) -> BTreeMap<String, String> {
    let ours = |name: &str| !["job", "instance"].contains(&name);
    sample.labels.iter().filter(|(name, _)| ours(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How many requests of each kind, as the demo says itself.
async fn counts(demo: &Demo) -> BTreeMap<BTreeMap<String, String>, f64> {
    let families = openmetrics(&demo.metrics(OPEN_METRICS).await).unwrap();
    let counts = families.iter().flat_map(|family| &family.samples).filter(|sample| {
        let durations = ["http_server_request_duration_seconds_count", "rpc_server_call_duration_seconds_count"];
        durations.contains(&sample.name.as_str())
    });
    let named = |(name, mut labels): (&str, BTreeMap<String, String>)| {
        labels.insert("__name__".to_owned(), name.to_owned());
        labels
    };
    counts.map(|sample| (named((&sample.name, sample.labels.clone())), sample.value)).collect()
}

async fn no_path_is_a_label(prometheus: &Prometheus) {
    let routes = values(prometheus, "busy", "http_server_request_duration_seconds_count", "http_route").await;
    let unknown: Vec<_> = routes.iter().filter(|route| !ROUTES.contains(&route.as_str())).collect();
    assert!(unknown.is_empty() && routes.len() == ROUTES.len(), "{routes:?}");
    for sample in prometheus.instant(r#"{job="busy"}"#).await {
        for (name, value) in &sample.labels {
            let path = [".env", "wp-login", ".git", "admin", "luci", "999999999", "last"];
            assert!(!path.iter().any(|path| value.contains(path)), "{name}={value:?} in {:?}", sample.labels);
        }
    }
}
