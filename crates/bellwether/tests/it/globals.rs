//! Globals: installed when told, and never over what is there.

use bellwether::Bellwether;

use super::nothing;

fn value(bw: &Bellwether, name: &str) -> u64 {
    let metric = bw.registry().metric(name).unwrap();
    match metric.series().next().unwrap().handle() {
        bellwether::core::Handle::Counter(counter) => counter.value(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn panics_are_counted() {
    let bw = Bellwether::builder("test").environment(nothing).install_panic_hook().start().unwrap();
    // In a thread, as a runtime would have it; other tests may panic at the same time, but do not pass if they do.
    let _ = std::thread::spawn(|| panic!("on purpose")).join();
    assert!(value(&bw, "bellwether.panics") >= 1);
}

#[cfg(feature = "metrics-facade")]
#[test]
fn the_metrics_facade_has_one_recorder() {
    let first = Bellwether::builder("first").environment(nothing).install_metrics().start().unwrap();
    let second = Bellwether::builder("second").environment(nothing).install_metrics().start().unwrap();
    assert!(first.notices().is_empty());
    insta::assert_snapshot!(second.notices().join("\n"), @r#"a recorder for the metrics facade is already installed; this one is not"#);
    metrics::counter!("cache.hits").increment(3);
    assert_eq!(value(&first, "cache.hits"), 3);
}

#[test]
fn what_is_refused_is_noted() {
    let var = |name: &str| (name == "OTEL_RESOURCE_ATTRIBUTES").then(|| "no pair".to_owned());
    let bw = Bellwether::builder("test").environment(var).start().unwrap();
    let notices = bw.notices();
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert!(notice.starts_with("OTEL_RESOURCE_ATTRIBUTES"), "{notice}");
}
