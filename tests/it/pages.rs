//! What the demo says in the formats that others define, read by their own strict readers.

use crate::service::value;
use bellwether_tests::demo::Demo;
use bellwether_tests::{client, openmetrics, pino_pretty, promtool_check_metrics, real, until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Read as _;

const TEXT: &str = "text/plain;version=0.0.4";
const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

/// A demo that has had visitors, an exemplar and a panic.
async fn demo(env: &[(&str, &str)]) -> Demo {
    let demo = Demo::start(&["--day=60", "--quiet"], env).await;
    until("visitors and a panic", async || {
        let page = demo.metrics(TEXT).await;
        let of = |name| value(&page, name, &[]).unwrap_or(0.0);
        let done = of("http_server_request_duration_seconds_count") > 50.0 && of("bellwether_panics_total") > 0.0;
        (done && of("rpc_server_call_duration_seconds_count") > 0.0).then_some(())
    })
    .await;
    demo
}

#[tokio::test]
async fn pages_are_what_they_say() {
    if !real() {
        return;
    }
    let demo = demo(&[("BELLWETHER_TRACES_SAMPLE", "1")]).await;
    let text = demo.metrics(TEXT).await;
    // Two names end as Prometheus would not end them; OpenTelemetry's conventions for processes do.
    let complaints = promtool_check_metrics(&text).err().unwrap_or_default();
    let complaints: Vec<&str> = complaints.lines().skip(1).collect();
    let known = ["process_thread_count", "process_unix_file_descriptor_count"];
    let suffix = "non-histogram and non-summary metrics should not have \"_count\" suffix";
    assert_eq!(complaints, known.map(|name| format!("{name} {suffix}")), "what promtool has to say");

    let page = demo.metrics(OPEN_METRICS).await;
    let families = openmetrics(&page).unwrap_or_else(|error| panic!("{error}\n{page}"));
    let named = |name: &str| families.iter().find(|family| family.name == name).unwrap_or_else(|| panic!("no {name}"));
    let duration = named("http_server_request_duration_seconds");
    assert_eq!((duration.kind.as_str(), duration.unit.as_str()), ("histogram", "seconds"));
    assert!(duration.help.starts_with("Duration of HTTP server requests"), "{}", duration.help);
    let traces = duration.samples.iter().filter_map(|sample| sample.trace_id.as_deref()).collect::<BTreeSet<_>>();
    assert!(!traces.is_empty() && traces.iter().all(|id| id.len() == 32), "{traces:?}");
    assert!(duration.samples.iter().any(|sample| sample.name.ends_with("_created")), "when it began");
    assert_eq!(named("target").kind, "info");
    assert_eq!(named("bellwether_transactions").kind, "counter");
    assert_eq!(named("http_server_active_requests").kind, "gauge");

    // Both formats tell of the same; what comes up while we look is told by the page after.
    let later = demo.metrics(TEXT).await;
    let families_of = |text: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect()
    };
    let (of_text, of_later) = (families_of(&text), families_of(&later));
    let of_open: BTreeSet<String> = families
        .iter()
        .map(|family| match family.kind.as_str() {
            "counter" => format!("{}_total", family.name),
            "info" => format!("{}_info", family.name),
            _ => family.name.clone(),
        })
        .collect();
    let missing: Vec<_> = of_text.difference(&of_open).chain(of_open.difference(&of_later)).collect();
    assert_eq!(missing, [""; 0]);
}

#[tokio::test]
async fn a_page_can_be_packed() {
    let demo = Demo::start(&["--no-traffic"], &[]).await;
    let request = client().get(demo.url("/metrics")).header("accept", TEXT).header("accept-encoding", "gzip");
    let answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-encoding"]), (200, &"gzip".parse().unwrap()));
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let packed = answer.bytes().await.unwrap();
    let mut page = String::new();
    flate2::read::GzDecoder::new(&*packed).read_to_string(&mut page).unwrap();
    assert_eq!(value(&page, "bellwether_ready", &[]), Some(1.0), "{page}");
    assert!(packed.len() * 3 < page.len(), "{} bytes of {}", packed.len(), page.len());
}

#[tokio::test]
async fn pino_pretty_reads_every_line() {
    if !real() {
        return;
    }
    let demo = demo(&[("BELLWETHER_LOG_LAYOUT", "pino")]).await;
    let (ended, printed) = demo.signal("TERM").await;
    assert!(ended.success(), "{ended}\n{printed}");
    let lines: Vec<&str> = printed.lines().filter(|line| line.starts_with('{')).collect();
    let pretty = pino_pretty(&(lines.join("\n") + "\n"));

    let headlines: Vec<&str> = pretty.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(headlines.len(), lines.len(), "a line that it cannot read it passes on as it is");
    for (line, headline) in lines.iter().zip(&headlines) {
        let json: Value = serde_json::from_str(line).unwrap();
        let level = match json["level"].as_u64() {
            Some(30) => "INFO",
            Some(40) => "WARN",
            Some(50) => "ERROR",
            other => panic!("{other:?} in {line}"),
        };
        let expect = format!("Z] {level} (voice/{}): {}", json["pid"], json["msg"].as_str().unwrap());
        assert!(headline.starts_with("[20") && headline.ends_with(&expect), "{headline}\n{line}");
        assert_eq!(json["trace_id"].as_str().map(str::len), Some(32), "{line}");
    }
    // The line of a request, of a failed one, and what a panic said, within its request.
    let some = |what: &str| assert!(pretty.contains(what), "no {what:?} in\n{pretty}");
    some("INFO (voice/");
    some("): POST /v1/turns: success\n    target: \"bellwether::request\"\n    trace_id: \"");
    some("    req: {\n      \"method\": \"POST\"\n    }\n    res: {\n      \"statusCode\": 200\n    }\n");
    some("    http.route: \"/v1/turns\"\n    outcome: \"success\"\n    responseTime: ");
    some("): voice.v1.Voice/Converse: success\n");
    some("): POST /v1/turns: failure\n");
    some("): no price for plan \"trial\"\n    target: \"panic\"\n    trace_id: \"");
    let panic = lines.iter().find(|line| line.contains("no price for plan")).expect("a panic");
    let trace = serde_json::from_str::<Value>(panic).unwrap()["trace_id"].clone();
    let of_request = |line: &&&str| line.contains("bellwether::request") && line.contains(trace.as_str().unwrap());
    let request: Value = serde_json::from_str(lines.iter().find(of_request).expect("its request")).unwrap();
    assert_eq!((&request["level"], &request["res"]["statusCode"]), (&50.into(), &500.into()));

    let told = printed.lines().find_map(|line| line.strip_prefix("log lines: ")?.strip_suffix(" delivered, 0 lost"));
    let told: usize = told.unwrap_or_else(|| panic!("{printed}")).parse().unwrap();
    // A visitor who was shown out may end a moment after that was said.
    assert!((lines.len() - 5..=lines.len()).contains(&told), "{told} of {} lines: {printed}", lines.len());
}
