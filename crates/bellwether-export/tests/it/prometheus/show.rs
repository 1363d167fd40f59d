//! One small registry as people see it, in each format.

use bellwether_core::{Counter, Family, Registry, SpanId, TraceId};
use bellwether_export::prometheus::{Escaping, Format};

use super::{bytes, dotted, registry, text};

fn small() -> Registry {
    let registry = registry();
    let done: Family<Counter, 2> = registry
        .counter("jobs.done")
        .unit("{job}")
        .description("Jobs done,\nby \"queue\" and C:\\path.")
        .labels(["queue", "error.type"])
        .family()
        .unwrap();
    done.get(["mail", ""]).add(41);
    done.get(["a \"b\"\\\n", "timeout"]).inc();
    registry.counter("process.cpu.time").unit("s").scale(1e-9).build().unwrap().add(1_500_000_000);
    registry.gauge("queue.utilization").unit("1").build().unwrap().set(0.25);
    let wait =
        registry.histogram("queue.wait").unit("s").bounds([0.1, 1.0]).description("Time queued.").build().unwrap();
    wait.record(0.05);
    wait.record(0.1);
    wait.record(3.0);
    let trace = TraceId::from_bytes(0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes()).unwrap();
    wait.record_in_trace(0.5, trace, SpanId::from_bytes(0xb7ad6b7169203331_u64.to_be_bytes()).unwrap());
    registry
}

#[test]
fn as_text() {
    let whole = String::from_utf8(bytes(&small(), Format::TEXT)).unwrap();
    let whole = whole.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(whole, @r##"
    # HELP target_info The service that is observed.
    # TYPE target_info gauge
    target_info{service_instance_id="i-1",service_name="shop",telemetry_sdk_language="rust",telemetry_sdk_name="bellwether",telemetry_sdk_version="VERSION"} 1
    # HELP jobs_done_total Jobs done,\nby "queue" and C:\\path.
    # TYPE jobs_done_total counter
    jobs_done_total{queue="mail"} 41
    jobs_done_total{error_type="timeout",queue="a \"b\"\\\n"} 1
    # TYPE process_cpu_time_seconds_total counter
    process_cpu_time_seconds_total 1.5
    # TYPE queue_utilization_ratio gauge
    queue_utilization_ratio 0.25
    # HELP queue_wait_seconds Time queued.
    # TYPE queue_wait_seconds histogram
    queue_wait_seconds_bucket{le="0.1"} 2
    queue_wait_seconds_bucket{le="1.0"} 3
    queue_wait_seconds_bucket{le="+Inf"} 4
    queue_wait_seconds_sum 3.65
    queue_wait_seconds_count 4
    "##);
}

#[test]
fn as_open_metrics() {
    let whole = String::from_utf8(bytes(&small(), Format::OPEN_METRICS)).unwrap();
    let whole = whole.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(whole, @r##"
    # HELP target The service that is observed.
    # TYPE target info
    target_info{service_instance_id="i-1",service_name="shop",telemetry_sdk_language="rust",telemetry_sdk_name="bellwether",telemetry_sdk_version="VERSION"} 1
    # HELP jobs_done Jobs done,\nby \"queue\" and C:\\path.
    # TYPE jobs_done counter
    jobs_done_total{queue="mail"} 41
    jobs_done_created{queue="mail"} 1700000060.250
    jobs_done_total{error_type="timeout",queue="a \"b\"\\\n"} 1
    jobs_done_created{error_type="timeout",queue="a \"b\"\\\n"} 1700000060.250
    # TYPE process_cpu_time_seconds counter
    # UNIT process_cpu_time_seconds seconds
    process_cpu_time_seconds_total 1.5
    process_cpu_time_seconds_created 1700000060.250
    # TYPE queue_utilization_ratio gauge
    # UNIT queue_utilization_ratio ratio
    queue_utilization_ratio 0.25
    # HELP queue_wait_seconds Time queued.
    # TYPE queue_wait_seconds histogram
    # UNIT queue_wait_seconds seconds
    queue_wait_seconds_bucket{le="0.1"} 2
    queue_wait_seconds_bucket{le="1.0"} 3 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.5 1700000060.250
    queue_wait_seconds_bucket{le="+Inf"} 4
    queue_wait_seconds_sum 3.65
    queue_wait_seconds_count 4
    queue_wait_seconds_created 1700000060.250
    # EOF
    "##);
}

#[test]
fn as_protobuf() {
    let families = super::histogram::families(&bytes(&small(), Format::PROTOBUF));
    let mut shown = String::new();
    for family in families.iter().skip(1) {
        let (name, kind, unit, help) = (&family.name, family.kind, &family.unit, &family.help);
        shown += &format!("{name}, kind {kind}, unit {unit:?}, help {help:?}\n");
        for series in &family.series {
            shown += &format!("  {:?}, created {:?}\n", series.labels, series.created);
            match &series.histogram {
                None => shown += &format!("    {:?}\n", series.value),
                Some(read) => {
                    let classic: Vec<_> = read.classic.iter().map(|(upper, count, _)| (*upper, *count)).collect();
                    shown += &format!("    count {}, sum {}, classic {classic:?}\n", read.count, read.sum);
                    shown +=
                        &format!("    schema {}, zero {:?}, positive {:?}\n", read.schema, read.zero, read.positive);
                    shown += &format!("    exemplar {:?}\n", read.exemplars);
                }
            }
        }
    }
    insta::assert_snapshot!(shown, @r##"
    jobs_done_total, kind 0, unit "", help "Jobs done,\nby \"queue\" and C:\\path."
      [("queue", "mail")], created Some((1700000060, 250000000))
        Some(41.0)
      [("error_type", "timeout"), ("queue", "a \"b\"\\\n")], created Some((1700000060, 250000000))
        Some(1.0)
    process_cpu_time_seconds_total, kind 0, unit "seconds", help ""
      [], created Some((1700000060, 250000000))
        Some(1.5)
    queue_utilization_ratio, kind 1, unit "ratio", help ""
      [], created None
        Some(0.25)
    queue_wait_seconds, kind 4, unit "seconds", help "Time queued."
      [], created Some((1700000060, 250000000))
        count 4, sum 3.65, classic [(0.1, 2), (1.0, 3)]
        schema 5, zero (2.2250738585072014e-308, 0), positive {-138: 1, -106: 1, -32: 1, 51: 1}
        exemplar [ExemplarRead { labels: [("trace_id", "0af7651916cd43dd8448eb211c80319c"), ("span_id", "b7ad6b7169203331")], value: 0.5, at: (1700000060, 250000000) }]
    "##);
}

fn check(escaping: Escaping, expected: &str) {
    let registry = registry();
    registry.counter("http.server.requests").labels(["http.route"]).family().unwrap().get(["/"]).inc();
    registry.gauge("queue_length").build().unwrap().set(2.0);
    let text = dotted(&registry, Format::TEXT.escape(escaping));
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(samples.join("\n"), expected);
}

#[test]
fn dotted_names_by_escaping() {
    check(Escaping::AllowUtf8, "{\"http.server.requests_total\",\"http.route\"=\"/\"} 1\nqueue_length 2");
    check(Escaping::Underscores, "http_server_requests_total{http_route=\"/\"} 1\nqueue_length 2");
    check(Escaping::Dots, "http_dot_server_dot_requests__total{http_dot_route=\"/\"} 1\nqueue__length 2");
    check(Escaping::Values, "U__http_2e_server_2e_requests__total{U__http_2e_route=\"/\"} 1\nqueue_length 2");
}

#[test]
fn dotted_names_need_no_escaping_in_open_metrics_either() {
    let registry = registry();
    registry.histogram("a.wait").unit("s").bounds([1.0]).build().unwrap().record(0.5);
    insta::assert_snapshot!(dotted(&registry, Format::OPEN_METRICS.escape(Escaping::AllowUtf8)), @r##"
    # TYPE "a.wait_seconds" histogram
    # UNIT "a.wait_seconds" seconds
    {"a.wait_seconds_bucket",le="1.0"} 1
    {"a.wait_seconds_bucket",le="+Inf"} 1
    {"a.wait_seconds_sum"} 0.5
    {"a.wait_seconds_count"} 1
    {"a.wait_seconds_created"} 1700000060.250
    # EOF
    "##);
}

#[test]
fn nothing_at_all() {
    assert_eq!(text(&Registry::new(), Format::TEXT), "");
    assert_eq!(text(&Registry::new(), Format::OPEN_METRICS), "# EOF\n");
}
