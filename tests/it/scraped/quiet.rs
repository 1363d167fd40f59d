//! A demo without traffic of its own: what a known set of visitors did is what Prometheus says, to the last one.

use super::{ROUTES, quantiles, values};
use crate::visits::{Trace, converse, get, turn};
use bellwether_tests::demo::Demo;
use bellwether_tests::page::Page;
use bellwether_tests::prometheus::{Asks, Prometheus, Scrape};
use bellwether_tests::{client, openmetrics, real, until};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// How a histogram is counted in each job: only protobuf brings a native one.
const COUNTS: [(&str, &str); 3] = [
    ("text", "NAME_count{job=\"text\",LABELS}"),
    ("openmetrics", "NAME_count{job=\"openmetrics\",LABELS}"),
    ("protobuf", "histogram_count(NAME{job=\"protobuf\",LABELS})"),
];

#[tokio::test]
async fn every_request_is_there_in_every_format() {
    if !real() {
        return;
    }
    let demo = Demo::start(&["--no-traffic"], &[]).await;
    let text = Page::relay(&demo.url("/metrics"), "text/plain;version=0.0.4").await;
    let open = Page::relay(&demo.url("/metrics"), "application/openmetrics-text;version=1.0.0").await;
    let every = Duration::from_millis(500);
    let scrapes = [("text", text.addr()), ("openmetrics", open.addr()), ("protobuf", demo.addr())];
    let scrapes = scrapes.map(|(job, addr)| Scrape::new(job, addr).every(every));
    // It takes a while to look for its targets: the visits are over by then.
    let (prometheus, ()) = tokio::join!(Prometheus::start(Asks::Protobuf, &scrapes), visit(&demo));
    for (job, _) in COUNTS {
        prometheus.scraped(job).await;
        prometheus.expect(&format!("up{{job={job:?}}}"), 1.0).await;
        assert!(prometheus.value(&format!("scrape_samples_scraped{{job={job:?}}}")).await > 100.0, "{job}");
    }
    assert!(text.accepts()[0].starts_with("application/vnd.google.protobuf"), "it would rather have protobuf");

    counts(&prometheus).await;
    business(&prometheus).await;
    routes(&prometheus).await;
    exemplars(&prometheus).await;
    process(&prometheus).await;
    own(&prometheus).await;
    quantiles::agree(&prometheus).await;
    all_samples(&prometheus, &demo).await;
}

/// Turns of traces 1 to 4 and 9 over HTTP, of 5 and 6 over gRPC, and a look at this and that.
async fn visit(demo: &Demo) {
    for (number, customer) in [(1, 1), (2, 1), (3, 3), (4, 5)] {
        let (status, answer) = turn(demo, customer, &Trace::numbered(number)).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(turn(demo, 999_999, &Trace::numbered(9)).await.0, 404);
    converse(demo, 3, &Trace::numbered(5)).await.expect("a conversation");
    let unknown = converse(demo, 999_999, &Trace::numbered(6)).await.expect_err("nobody has this number");
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    for customer in 1..=40 {
        assert_eq!(get(demo, &format!("/v1/customers/{customer}")).await, 200);
    }
    for (path, status) in [
        ("/v1/customers", 200),
        ("/v1/customers/3/orders", 200),
        ("/v1/customers/nobody", 400),
        ("/v1/orders/77777777", 404),
        ("/.env", 404),
        ("/wp-login.php?user=admin", 404),
        ("/a/b/c/d", 404),
    ] {
        assert_eq!(get(demo, path).await, status, "{path}");
    }
    let order = json!({ "customer": 1, "item": "a gift card", "amount_cents": 500 });
    assert_eq!(client().post(demo.url("/v1/orders")).json(&order).send().await.unwrap().status(), 201);
}

async fn counts(prometheus: &Prometheus) {
    let check = async |metric: &str, labels: &str, count: f64| {
        for (_, form) in COUNTS {
            let selected = form.replace("NAME", metric).replace("LABELS", labels);
            prometheus.expect(&format!("sum({selected})"), count).await;
        }
    };
    let server = "http_server_request_duration_seconds";
    check(server, r#"http_route="/v1/turns",http_response_status_code="200",outcome="success""#, 4.0).await;
    check(server, r#"http_route="/v1/turns",http_response_status_code="404",outcome="client_error""#, 1.0).await;
    check(server, r#"http_route="/v1/customers/{id}",http_response_status_code="200""#, 40.0).await;
    check(server, r#"http_route="/v1/customers/{id}",http_response_status_code="400""#, 1.0).await;
    check(server, r#"http_route="/v1/customers/{id}/orders""#, 1.0).await;
    check(server, r#"http_route="/v1/orders",http_request_method="POST",http_response_status_code="201""#, 1.0).await;
    check(server, r#"http_route="",http_request_method="GET",http_response_status_code="404""#, 3.0).await;
    check(server, r#"network_protocol_version="1.1",url_scheme="http""#, 53.0).await;
    check(server, "", 53.0).await;

    let rpc = "rpc_server_call_duration_seconds";
    let converse = r#"rpc_system_name="grpc",rpc_method="voice.v1.Voice/Converse""#;
    check(rpc, &format!(r#"{converse},rpc_response_status_code="OK",outcome="success""#), 1.0).await;
    check(rpc, &format!(r#"{converse},rpc_response_status_code="NOT_FOUND",outcome="client_error""#), 1.0).await;
    check(rpc, "", 2.0).await;

    // Five turns: one call to hear, one to think, one for each of two sentences to speak.
    let calls = r#"server_address="127.0.0.1",http_response_status_code="200",outcome="success""#;
    check("http_client_request_duration_seconds", calls, 20.0).await;
    check("http_client_request_duration_seconds", "", 20.0).await;
    let by_server = r#"sum by (server_port) (http_client_request_duration_seconds_count{job="text"})"#;
    let mut by_server: Vec<f64> = prometheus.instant(by_server).await.iter().map(|sample| sample.value).collect();
    by_server.sort_by(f64::total_cmp);
    assert_eq!(by_server, [5.0, 5.0, 10.0]);

    for (job, _) in COUNTS {
        prometheus.expect(&format!("sum(http_server_active_requests{{job={job:?}}})"), 0.0).await;
        prometheus.expect(&format!("sum(http_client_active_requests{{job={job:?}}})"), 0.0).await;
    }
}

/// Customer 1 pays 25 cents a turn, customer 3 pays 40 and customer 5 tries it for nothing.
async fn business(prometheus: &Prometheus) {
    let check = async |metric: &str, labels: &str, value: f64| {
        for (job, _) in COUNTS {
            prometheus.expect(&format!("sum({metric}{{job={job:?},{labels}}})"), value).await;
        }
    };
    check("bellwether_transactions_total", r#"transaction="voice_turn",outcome="success""#, 5.0).await;
    check("bellwether_transactions_total", r#"transaction="order",outcome="success""#, 1.0).await;
    check("bellwether_transactions_total", "", 6.0).await;
    let amount = "bellwether_transaction_amount_total";
    check(amount, r#"transaction="voice_turn",currency="USD",outcome="success""#, 130.0).await;
    check(amount, r#"transaction="order",currency="USD",outcome="success""#, 500.0).await;
    for step in ["heard", "answered", "paid"] {
        check("bellwether_journey_steps_total", &format!(r#"transaction="voice_turn",step="{step}""#), 5.0).await;
    }
}

async fn routes(prometheus: &Prometheus) {
    for (job, metric) in [
        ("text", "http_server_request_duration_seconds_count"),
        ("openmetrics", "http_server_request_duration_seconds_count"),
        ("protobuf", "http_server_request_duration_seconds"),
    ] {
        let routes = values(prometheus, job, metric, "http_route").await;
        let expect = ROUTES.iter().map(|route| (*route).to_owned()).collect();
        assert_eq!(routes, expect, "{job}");
    }
}

async fn exemplars(prometheus: &Prometheus) {
    let check = async |selector: &str, traces: &[u64]| {
        let traces: Vec<String> = traces.iter().map(|number| Trace::numbered(*number).id).collect();
        for exemplar in prometheus.exemplars(selector).await {
            assert!(traces.contains(&exemplar.labels["trace_id"]), "{selector}: {exemplar:?}");
            assert_eq!(exemplar.labels["span_id"].len(), 16, "{selector}: {exemplar:?}");
            let most = exemplar.series.get("le").map_or(f64::INFINITY, |le| le.parse().unwrap_or(f64::INFINITY));
            assert!(0.0 < exemplar.value && exemplar.value <= most, "{selector}: {exemplar:?}");
        }
    };
    let of_jobs = |metric: &str, labels: &str| {
        [format!("{metric}_bucket{{job=\"openmetrics\",{labels}}}"), format!("{metric}{{job=\"protobuf\",{labels}}}")]
    };
    let ok = r#"http_route="/v1/turns",http_response_status_code="200""#;
    for selector in of_jobs("http_server_request_duration_seconds", ok) {
        check(&selector, &[1, 2, 3, 4]).await;
    }
    for selector in of_jobs("rpc_server_call_duration_seconds", r#"rpc_response_status_code="OK""#) {
        check(&selector, &[5]).await;
    }
    for selector in of_jobs("http_client_request_duration_seconds", "") {
        check(&selector, &[1, 2, 3, 4, 5]).await;
    }
}

async fn process(prometheus: &Prometheus) {
    let check = async |query: &str, least: f64, most: f64| {
        for (job, _) in COUNTS {
            let value = prometheus.value(&query.replace("JOB", &format!("job={job:?}"))).await;
            assert!((least..=most).contains(&value), "{job}: {query} is {value}");
        }
    };
    // It was started a moment ago; a page may be some seconds old.
    check("time() - process_start_time_seconds{JOB}", 0.0, 300.0).await;
    check("process_uptime_seconds{JOB}", 0.0, 300.0).await;
    check("sum(process_cpu_time_seconds_total{JOB})", 0.001, 600.0).await;
    check("process_memory_usage_bytes{JOB}", 5e6, 2e9).await;
    check("process_memory_virtual_bytes{JOB}", 5e6, 1e12).await;
    check("process_thread_count{JOB}", 4.0, 500.0).await;
    check("process_unix_file_descriptor_count{JOB}", 8.0, 1000.0).await;
}

async fn own(prometheus: &Prometheus) {
    for (job, form) in COUNTS {
        let job = format!("job={job:?}");
        prometheus.expect(&format!("bellwether_ready{{{job}}}"), 1.0).await;
        prometheus.expect(&format!("bellwether_scrape_refused{{{job}}}"), 0.0).await;
        prometheus.expect(&format!("bellwether_runtime_stalled_seconds{{{job}}}"), 0.0).await;
        prometheus.expect(&format!("sum(bellwether_registry_refused_total{{{job}}})"), 0.0).await;
        let target = format!("count(target_info{{{job},service_name=\"voice\",service_version=\"1.4.2\"}})");
        prometheus.expect(&target, 1.0).await;
        // Every format was asked for and is counted as such, also in the others.
        for format in ["text", "openmetrics", "protobuf"] {
            let labels = format!("format={format:?}");
            let scrapes = form.replace("NAME", "bellwether_scrape_duration_seconds").replace("LABELS", &labels);
            assert!(prometheus.value(&scrapes).await > 0.0, "{scrapes}");
        }
    }
    // What the registry says of itself is what was scraped of it.
    let series = "http_server_request_duration_seconds_count{job=\"text\"}";
    let own = "bellwether_registry_series{job=\"text\",metric=\"http.server.request.duration\"}";
    prometheus.expect(&format!("{own} - on (job) count by (job) ({series})"), 0.0).await;
}

/// Every sample of what requests left behind is in Prometheus as the demo has it.
async fn all_samples(prometheus: &Prometheus, demo: &Demo) {
    let families = openmetrics(&demo.metrics("application/openmetrics-text;version=1.0.0").await).unwrap();
    let still = |name: &str| {
        let of = ["http_", "rpc_", "bellwether_transaction", "bellwether_journey"];
        of.iter().any(|prefix| name.starts_with(prefix)) && !name.ends_with("_created")
    };
    let samples = families.iter().flat_map(|family| &family.samples).filter(|sample| still(&sample.name));
    let mut own: BTreeMap<BTreeMap<String, String>, f64> = BTreeMap::new();
    for sample in samples {
        let mut labels = sample.labels.clone();
        labels.insert("__name__".to_owned(), sample.name.clone());
        own.insert(labels, sample.value);
    }
    assert!(own.len() > 200, "{} samples", own.len());
    let mut missing = Vec::new();
    until("Prometheus to know every sample", async || {
        let mut known = BTreeMap::new();
        for mut sample in prometheus.instant(r#"{job="openmetrics"}"#).await {
            sample.labels.retain(|name, value| !["job", "instance"].contains(&name.as_str()) && !value.is_empty());
            known.insert(sample.labels, sample.value);
        }
        missing = own.iter().filter(|(labels, value)| known.get(*labels) != Some(*value)).collect();
        missing.is_empty().then_some(())
    })
    .await;
}
