//! Names and labels that come out the same: merged where that is right, else left out and counted.

use bellwether_core::{Counter, Registry};
use bellwether_export::prometheus::{Exposition, Format};

use super::{bytes, parse, registry, resource, text};

fn check(registry: &Registry, samples: &[&str], refused: u64) {
    for format in [Format::TEXT, Format::OPEN_METRICS, Format::PROTOBUF] {
        let mut exposition = Exposition::new(registry, &resource(), format).created(false);
        let all: Vec<u8> = exposition.by_ref().flatten().collect();
        assert_eq!(exposition.refused(), refused, "{format:?}");
        if format != Format::PROTOBUF {
            let text = super::without_target(String::from_utf8(all).unwrap());
            let shown: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(shown, samples, "{format:?}");
        }
    }
}

fn count(registry: &Registry, name: &str, labels: &[(&str, &str)], n: u64) {
    let counter: Counter = registry.counter(name).series(labels).unwrap();
    counter.add(n);
}

#[test]
fn metrics_of_one_kind_and_name_are_one_family() {
    let registry = registry();
    count(&registry, "a.b", &[("x", "1")], 1);
    count(&registry, "a_b", &[("x", "2")], 2);
    check(&registry, &["a_b_total{x=\"1\"} 1", "a_b_total{x=\"2\"} 2"], 0);
    assert_eq!(text(&registry, Format::TEXT).matches("# TYPE").count(), 1);
}

#[test]
fn series_of_a_merged_family_appear_once() {
    let registry = registry();
    count(&registry, "a.b", &[("x", "1")], 1);
    count(&registry, "a_b", &[("x", "1")], 2);
    count(&registry, "a_b", &[("x", "2")], 2);
    check(&registry, &["a_b_total{x=\"1\"} 1", "a_b_total{x=\"2\"} 2"], 1);
}

#[test]
fn another_kind_of_the_same_name_is_left_out() {
    let registry = registry();
    registry.gauge("a.b").build().unwrap().set(1.0);
    registry.histogram("a_b").build().unwrap().record(1.0);
    check(&registry, &["a_b 1"], 1);
    let text = text(&registry, Format::TEXT);
    let remark = text.lines().next().unwrap();
    insta::assert_snapshot!(remark, @r##"# Left out: a_b (a histogram): it would be a_b, which collides with what a.b (a gauge) is called"##);
}

#[test]
fn a_name_that_a_sample_of_another_family_has_is_left_out() {
    let registry = registry();
    registry.histogram("wait").bounds([1.0]).build().unwrap().record(0.5);
    registry.gauge("wait.count").build().unwrap().set(7.0);
    count(&registry, "jobs", &[], 1);
    registry.gauge("jobs.created").build().unwrap().set(7.0);
    registry.gauge("jobs.total").build().unwrap().set(7.0);
    registry.gauge("target.info").build().unwrap().set(7.0);
    let shown =
        ["jobs_total 1", "wait_bucket{le=\"1.0\"} 1", "wait_bucket{le=\"+Inf\"} 1", "wait_sum 0.5", "wait_count 1"];
    check(&registry, &shown, 4);
}

#[test]
fn labels_that_come_out_the_same_are_joined() {
    let registry = registry();
    count(&registry, "jobs", &[("a.b", "1"), ("a_b", "2"), ("a/b", ""), ("z", "3")], 1);
    check(&registry, &["jobs_total{a_b=\"1;2\",z=\"3\"} 1"], 0);
}

#[test]
fn joined_values_that_come_out_the_same_appear_once() {
    let registry = registry();
    let jobs = registry.counter("jobs").labels(["a.b", "a_b"]).family().unwrap();
    for labels in [["x", ""], ["", "x"], ["x;y", ""], ["x", "y"]] {
        jobs.get(labels).inc();
    }
    check(&registry, &["jobs_total{a_b=\"x\"} 1", "jobs_total{a_b=\"x;y\"} 1"], 2);
}

#[test]
fn labels_that_map_out_of_order_keep_their_values() {
    let registry = registry();
    count(&registry, "jobs", &[("a.z", "1"), ("a_b", "2")], 1);
    check(&registry, &["jobs_total{a_b=\"2\",a_z=\"1\"} 1"], 0);
}

#[test]
fn an_empty_label_is_absent_and_may_repeat_another_series() {
    let registry = registry();
    count(&registry, "jobs", &[("a", "1"), ("b", "")], 1);
    check(&registry, &["jobs_total{a=\"1\"} 1"], 0);
    count(&registry, "jobs", &[("a", "1")], 1);
    count(&registry, "jobs", &[("a.b", "1")], 1);
    count(&registry, "jobs", &[("a_b", "1")], 1);
    check(&registry, &["jobs_total{a=\"1\"} 1", "jobs_total{a_b=\"1\"} 1"], 2);
}

#[test]
fn the_bound_keeps_its_label() {
    let registry = registry();
    registry.histogram("wait").bounds([1.0]).series(&[("le", "mine")]).unwrap().record(0.5);
    count(&registry, "jobs", &[("le", "mine")], 1);
    let samples = parse::samples(&text(&registry, Format::TEXT));
    assert_eq!(samples[0].label("le"), Some("mine"));
    assert_eq!((samples[1].label("le"), samples[1].label("exported_le")), (Some("1.0"), Some("mine")));
}

#[test]
fn the_overflow_series_is_shown_last() {
    let registry = registry();
    let jobs = registry.counter("jobs").labels(["queue"]).max_series(1).family().unwrap();
    jobs.get(["a"]).inc();
    jobs.get(["b"]).add(2);
    check(&registry, &["jobs_total{queue=\"a\"} 1", "jobs_total{overflow=\"true\"} 2"], 0);
}

#[test]
fn target_info_maps_keys_of_any_kind() {
    let resource = bellwether_export::Resource::builder("s")
        .attribute("service.instance.id", "")
        .attribute("7up", "a")
        .attribute("größe", "b\"")
        .attribute("__name__", "c")
        .attribute("a.b", "d")
        .attribute("a-b", "e")
        .build();
    let mut all = Vec::new();
    bellwether_export::prometheus::encode(&registry(), &resource, Format::TEXT, &mut |chunk| {
        all.extend_from_slice(chunk);
    });
    let samples = parse::samples(std::str::from_utf8(&all).unwrap());
    let label = |name| samples[0].label(name);
    assert_eq!((label("key_7up"), label("gr_e"), label("_name_"), label("a_b")), {
        (Some("a"), Some("b\""), Some("c"), Some("e;d"))
    });
    assert_eq!((samples[0].name.as_str(), samples[0].value), ("target_info", 1.0));
    assert!(!bytes(&registry(), Format::PROTOBUF).is_empty());
}
