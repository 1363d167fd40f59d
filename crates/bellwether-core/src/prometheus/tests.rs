//! Names and units: a table of cases.

use super::{Names, label_name, metric_name};
use crate::MetricKind::{self, Counter, Gauge, Histogram};

fn check(name: &str, unit: &str, kind: MetricKind, underscored: &str, dotted: &str) {
    let full = |names| {
        let (name, unit) = metric_name(names, name, unit, kind).unwrap_or_default();
        let total = if kind == Counter { "_total" } else { "" };
        assert!(unit.is_none_or(|unit| name.ends_with(&format!("_{unit}"))), "the unit ends the name");
        name + total
    };
    assert_eq!(full(Names::Underscored), underscored);
    assert_eq!(full(Names::Dotted), dotted);
}

#[test]
fn names_get_units_and_total() {
    check(
        "http.server.request.duration",
        "s",
        Histogram,
        "http_server_request_duration_seconds",
        "http.server.request.duration_seconds",
    );
    check(
        "http.server.active_requests",
        "{request}",
        Gauge,
        "http_server_active_requests",
        "http.server.active_requests",
    );
    check("jobs.done", "{job}", Counter, "jobs_done_total", "jobs.done_total");
    check("process.cpu.time", "s", Counter, "process_cpu_time_seconds_total", "process.cpu.time_seconds_total");
    check("process.memory.usage", "By", Gauge, "process_memory_usage_bytes", "process.memory.usage_bytes");
    check("cpu.utilization", "1", Gauge, "cpu_utilization_ratio", "cpu.utilization_ratio");
    check("tries", "1", Counter, "tries_total", "tries_total");
    check("tries", "1", Histogram, "tries", "tries");
    check("fan", "%", Gauge, "fan_percent", "fan_percent");
    check("net.io", "By/s", Gauge, "net_io_bytes_per_second", "net.io_bytes_per_second");
    check("jobs.rate", "{job}/s", Gauge, "jobs_rate_per_second", "jobs.rate_per_second");
    check("jobs.rate", "{job}/{thread}", Gauge, "jobs_rate", "jobs.rate");
    check("disk", "MiBy", Gauge, "disk_mebibytes", "disk_mebibytes");
    check("room", "Cel", Gauge, "room_celsius", "room_celsius");
    check("pressure", "mm[Hg]", Gauge, "pressure_mm_Hg", "pressure_mm_Hg");
}

#[test]
fn a_suffix_is_not_repeated() {
    check("jobs.total", "", Counter, "jobs_total", "jobs_total");
    check("jobs_total", "{job}", Counter, "jobs_total", "jobs_total");
    check("uptime.seconds", "s", Gauge, "uptime_seconds", "uptime_seconds");
    check("wait_seconds", "s", Histogram, "wait_seconds", "wait_seconds");
    check("cpu.seconds.total", "s", Counter, "cpu_seconds_total", "cpu_seconds_total");
    check("hit.ratio", "1", Gauge, "hit_ratio", "hit_ratio");
    check("bytes.per.second", "By/s", Gauge, "bytes_per_second", "bytes.per.second_bytes_per_second");
}

#[test]
fn other_characters_become_one_underscore() {
    check("a..b--c", "", Gauge, "a_b_c", "a..b--c");
    check("a/b:c", "", Gauge, "a_b:c", "a/b:c");
    check("__a__b__", "", Gauge, "a_b", "__a__b__");
    check("_7", "", Gauge, "_7", "_7");
    check("_", "", Gauge, "", "");
    check("_", "s", Gauge, "seconds", "__seconds");
}

#[test]
fn labels_are_mapped_and_never_reserved() {
    let check = |name: &str, expected: &str| assert_eq!(label_name(Names::Underscored, Gauge, name), expected);
    check("http.request.method", "http_request_method");
    check("queue", "queue");
    check("_x", "_x");
    check("_.x", "_x");
    check("a.-/b", "a_b");
    check("7up", "key_7up");
    check("größe", "gr_e");
    assert_eq!(label_name(Names::Dotted, Gauge, "a.b"), "a.b");
    assert_eq!(label_name(Names::Dotted, Gauge, "__x"), "_x");
}

#[test]
fn a_label_that_would_be_the_bound_of_a_bucket_is_renamed() {
    assert_eq!(label_name(Names::Underscored, Histogram, "le"), "exported_le");
    assert_eq!(label_name(Names::Underscored, Counter, "le"), "le");
}
