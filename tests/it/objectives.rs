//! The demo's promises after its day of trouble, to the last event: beside its own log as Python counts it, and beside a
//! Prometheus that scrapes it. Two of the six are broken.

use bellwether_tests::demo::Demo;
use bellwether_tests::prometheus::{Asks, Prometheus, Scrape};
use bellwether_tests::{client, python, real, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::breakers::count;

const TEXT: &str = "text/plain; version=0.0.4";
const PROMISES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/voice/bellwether.toml");
/// Everything that goes wrong in a day, as fast as a day can be.
const DAY: [&str; 3] = ["--day=10", "--days=1", "--quiet"];
/// A line for each request, each call and each panic.
const LOG: [(&str, &str); 2] = [("BELLWETHER_LOG_LAYOUT", "plain"), ("RUST_LOG", "info,voice::calls=debug")];

/// Waits until the day is over, nobody is served any more, and everything that was counted has been judged.
async fn over(demo: &Demo) {
    demo.printed("The traffic is over").await;
    let ticks = |page: &str| count(page, "bellwether_tick_duration_seconds_count", &[]);
    let idle = until("nobody to be served", async || {
        let page = demo.metrics(TEXT).await;
        (count(&page, "http_server_active_requests", &[]) == 0.0).then(|| ticks(&page))
    });
    let idle = idle.await;
    // The one under way may have begun before, and its number is told after it.
    let page = until("ticks", async || Some(demo.metrics(TEXT).await).filter(|page| ticks(page) >= idle + 2.0)).await;
    assert_eq!(count(&page, "bellwether_log_dropped_total", &[]), 0.0, "the log has everything");
}

/// The command's report of the demo, and how it ends.
fn report(demo: &Demo, args: &[&str], code: i32, begins: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("report");
    let mut command = Command::new(program());
    command.args(["report", "--url", &demo.url(""), "--output"]).arg(&output).args(args);
    let ended = command.output().expect("bellwether runs");
    let complaint = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!((ended.status.code(), &*complaint), (Some(code), ""), "{args:?}");
    let text = std::fs::read_to_string(output).expect("what it wrote");
    assert!(text.starts_with(begins), "{args:?}: {text}");
    for promise in ["turns", "turns-fast", "up", "speech-to-text", "panic-free", "reads"] {
        assert!(text.contains(promise), "{args:?}: nothing of {promise} in {text}");
    }
    text
}

/// What the demo says beside what its log says, and the day it says it on.
async fn compare(demo: &Demo, log: &str) -> String {
    let printed = demo.printed("/api/slo/report/").await;
    let month = printed.split("/api/slo/report/").nth(1).and_then(|rest| rest.get(..7)).expect("a month");
    let files = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let slo = client().get(demo.url("/api/slo")).send().await.expect("an answer").text().await.expect("text");
    let report = report(demo, &["--month", month, "--format", "json", "--fail"], 2, "{");
    let made_at = serde_json::from_str::<Value>(&report).expect("JSON")["made_at"].to_string();
    let args = [&file("log", log), PROMISES, &file("slo.json", &slo), &file("report.json", &report)];
    assert_eq!(python(include_str!("objectives.py"), &args).as_deref(), Ok(""));
    made_at[1..11].to_owned()
}

#[tokio::test]
async fn agree_with_the_log() {
    if !real() {
        return;
    }
    let files = tempfile::tempdir().expect("a folder");
    let history = format!("--history={}", files.path().join("history").display());
    let demo = Demo::start(&[&DAY[..], &[&history]].concat(), &LOG).await;
    over(&demo).await;
    let day = compare(&demo, &demo.printed("").await).await;
    report(&demo, &["--day", &day, "--format", "csv"], 0, "");
    report(&demo, &["--day", &day, "--fail"], 2, "# ");
    report(&demo, &["--day", &day, "--format", "html"], 0, "<!doctype html>");
    // Nothing is known of a day when it was not there.
    report(&demo, &["--day", "2020-02-29", "--format", "md", "--fail"], 3, "# ");

    // Another process has the same to say.
    let (ended, log) = demo.signal("TERM").await;
    assert!(ended.success(), "{ended}");
    let demo = Demo::start(&["--no-traffic", &history], &LOG).await;
    compare(&demo, &log).await;
}

/// Cargo puts it beside the folder of the test binaries.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let program = test.parent().and_then(Path::parent).map(|profile| profile.join("bellwether"));
    program.filter(|program| program.exists()).expect("the command, from cargo build -p bellwether-cli")
}

/// Good ones and all of a promise, as a Prometheus counts them, and its target.
const COUNTS: [(&str, &str, &str, f64); 5] = [
    (
        "turns",
        r#"sum(http_server_request_duration_seconds_count{http_route="/v1/turns",outcome=~"success|client_error"})"#,
        r#"sum(http_server_request_duration_seconds_count{http_route="/v1/turns",outcome!="cancelled"})"#,
        0.99,
    ),
    (
        "turns-fast",
        r#"sum(http_server_request_duration_seconds_bucket{http_route="/v1/turns",outcome=~"success|client_error",le="0.8"})"#,
        r#"sum(http_server_request_duration_seconds_count{http_route="/v1/turns",outcome=~"success|client_error"})
           + ((sum(http_server_request_duration_seconds_count{http_route="/v1/turns",outcome="cancelled"})
             - sum(http_server_request_duration_seconds_bucket{http_route="/v1/turns",outcome="cancelled",le="0.8"})) or vector(0))"#,
        0.97,
    ),
    (
        "speech-to-text",
        r#"sum(dependency_call_duration_seconds_count{dependency="stt",outcome=~"success|client_error"})"#,
        r#"sum(dependency_call_duration_seconds_count{dependency="stt",outcome=~"success|client_error|failure|throttled"})"#,
        0.75,
    ),
    (
        "panic-free",
        r#"sum(bellwether_transactions_total{transaction="voice_turn"}) - sum(bellwether_panics_total)"#,
        r#"sum(bellwether_transactions_total{transaction="voice_turn"})"#,
        0.9,
    ),
    (
        "reads",
        r#"sum(http_server_request_duration_seconds_count{http_request_method="GET",outcome!="failure"})"#,
        r#"sum(http_server_request_duration_seconds_count{http_request_method="GET"})"#,
        0.85,
    ),
];

/// By its time in milliseconds, what an expression came to at each scrape.
async fn course(prometheus: &Prometheus, expression: &str, (start, end): (f64, f64)) -> BTreeMap<i64, f64> {
    let (start, end) = (start.to_string(), end.to_string());
    let query = [("query", expression), ("start", &*start), ("end", &*end), ("step", "0.25")];
    let data = prometheus.get("/api/v1/query_range", &query).await;
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok()).expect("a number");
    let values = data["result"][0]["values"].as_array().into_iter().flatten();
    values.map(|pair| ((pair[0].as_f64().expect("a time") * 1000.0).round() as i64, number(&pair[1]))).collect()
}

/// A verdict is of the last tick: a second ago, and more where the machine is busy. What is scraped beside it is newer.
const LAG_MS: i64 = 4_000;

#[tokio::test]
async fn agree_with_a_prometheus() {
    if !real() {
        return;
    }
    let demo = Demo::start(&DAY, &[]).await;
    let prometheus = Prometheus::start(Asks::OpenMetrics, &[Scrape::new("voice", demo.addr())]).await;
    over(&demo).await;
    let end = demo_seconds(&prometheus).await;
    // So that the last scrape is one of what is over.
    until("a scrape", async || (demo_seconds(&prometheus).await > end + 1.0).then_some(())).await;

    let mut looked_at = 0;
    for (name, good, total, target) in COUNTS {
        let ratio = format!("slo_good_ratio{{slo=\"{name}\"}}");
        // At rest: to the last digits of a float.
        let (all, part) = (prometheus.value(total).await, prometheus.value(good).await);
        assert!(all >= 20.0 && part <= all, "{name}: {part} of {all}");
        let same = |what: &str, here: f64, there: f64| {
            assert!((here - there).abs() <= 1e-9 * here.abs().max(1.0), "{name}: {what} {there}, counted {here}");
        };
        same("ratio", part / all, prometheus.value(&ratio).await);
        let burn_rate = (1.0 - part / all) / (1.0 - target);
        same(
            "remaining",
            1.0 - burn_rate,
            prometheus.value(&format!("slo_budget_remaining_ratio{{slo=\"{name}\"}}")).await,
        );
        // Each window is longer than the demo is there.
        for end in ["min", "max"] {
            let burning = format!("{end}(slo_burn_rate{{slo=\"{name}\"}})");
            same(&burning, burn_rate, prometheus.value(&burning).await);
        }
        let broken = format!("slo_state{{slo=\"{name}\",state=\"ok\"}} == bool 0");
        assert_eq!(prometheus.value(&broken).await == 1.0, ["turns", "turns-fast"].contains(&name), "{name}");

        // On the way: between what was counted when the last tick can have been and what is counted now. A panic is counted
        // before its turn is, so that good ones can become fewer.
        if name == "panic-free" {
            continue;
        }
        let span = (end - 20.0, end);
        let (goods, totals) = (course(&prometheus, good, span).await, course(&prometheus, total, span).await);
        for (at, shown) in course(&prometheus, &ratio, span).await {
            let then = |of: &BTreeMap<i64, f64>| of.range(..=at - LAG_MS).next_back().map_or(0.0, |(_, value)| *value);
            let now = |of: &BTreeMap<i64, f64>| of.get(&at).copied().unwrap_or(0.0);
            let (good, bad) = ([then(&goods), now(&goods)], [then(&totals) - then(&goods), now(&totals) - now(&goods)]);
            let (least, most) = (good[0] / (good[0] + bad[1]).max(1.0), good[1] / (good[1] + bad[0]).max(1.0));
            assert!((least - 1e-9..=most + 1e-9).contains(&shown), "{name} at {at}: {shown} is not in {least}..{most}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 80, "{looked_at} scrapes of four promises");
}

/// When the demo was scraped last, by Prometheus's clock.
async fn demo_seconds(prometheus: &Prometheus) -> f64 {
    prometheus.value("timestamp(process_uptime_seconds)").await
}
