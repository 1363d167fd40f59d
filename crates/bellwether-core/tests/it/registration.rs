//! Registering: what is accepted, what is refused and with which words, and that every refusal is counted.

use bellwether_core::{Counter, Error, Histogram, MetricKind, Registry};

#[derive(Debug, PartialEq)]
enum Refused {
    Illegal,
    Conflict,
    Full,
}

fn kind(error: &Error) -> Refused {
    match (error.is_illegal(), error.is_conflict(), error.is_full()) {
        (true, false, false) => Refused::Illegal,
        (false, true, false) => Refused::Conflict,
        (false, false, true) => Refused::Full,
        other => panic!("an error is one thing, not {other:?}"),
    }
}

/// Whether a registration is refused; in a registry of its own, where it is counted.
fn check(register: impl FnOnce(&Registry) -> Result<(), Error>, expected: Option<Refused>) {
    let registry = Registry::new();
    let refused = register(&registry).err();
    assert_eq!(refused.as_ref().map(kind), expected, "{refused:?}");
    assert_eq!(registry.refused(), u64::from(refused.is_some()), "{refused:?}");
}

fn check_name(name: &str, legal: bool) {
    check(|registry| registry.counter(name).build().map(drop), (!legal).then_some(Refused::Illegal));
}

fn check_label(name: &str, legal: bool) {
    let expected = || (!legal).then_some(Refused::Illegal);
    check(|registry| registry.counter("requests").labels(["ok", name]).family().map(drop), expected());
    check(|registry| registry.counter("requests").series(&[("ok", ""), (name, "value")]).map(drop), expected());
}

#[test]
fn names() {
    let longest = "a".repeat(255);
    for name in ["a", "_", "_total", "http.server.request.duration", "a-b/c", "ns:name", "A1", &longest] {
        check_name(name, true);
    }
    let too_long = "a".repeat(256);
    for name in
        ["", "1a", ".a", "-a", "a b", "a\n", "a\0", "größe", "🦀", "a{b}", "a\"", &too_long, &"x".repeat(1 << 20)]
    {
        check_name(name, false);
    }
}

#[test]
fn labels() {
    let longest = "a".repeat(128);
    for name in ["a", "_a", "http.route", "a-b/c", &longest] {
        check_label(name, true);
    }
    let too_long = "a".repeat(129);
    for name in ["", "1a", "__name__", "__a", ".a", "a b", "a:b", "größe", "a\n", "ok", &too_long] {
        check_label(name, false);
    }
    let many: Vec<String> = (0..33).map(|n| format!("l{n}")).collect();
    let given: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
    check(|registry| registry.counter("requests").series(&given).map(drop), Some(Refused::Illegal));
    check(|registry| registry.counter("requests").series(&given[..32]).map(drop), None);
}

#[test]
fn units_scales_and_bounds() {
    let check_unit = |unit: &str, legal: bool| {
        check(|r| r.counter("a").unit(unit).build().map(drop), (!legal).then_some(Refused::Illegal));
    };
    ["", "s", "By", "{request}", "1", "%", "m/s"].iter().for_each(|unit| check_unit(unit, true));
    ["a b", "µs", "a\n", &"s".repeat(64)].iter().for_each(|unit| check_unit(unit, false));
    let check_scale = |scale: f64, legal: bool| {
        check(|r| r.counter("a").scale(scale).build().map(drop), (!legal).then_some(Refused::Illegal));
    };
    [1.0, 1e-9, f64::MAX].iter().for_each(|scale| check_scale(*scale, true));
    [0.0, -1.0, f64::NAN, f64::INFINITY].iter().for_each(|scale| check_scale(*scale, false));
    let check_bounds = |bounds: &[f64], legal: bool| {
        let bounds = bounds.to_vec();
        check(|r| r.histogram("a").bounds(bounds).build().map(drop), (!legal).then_some(Refused::Illegal));
    };
    let many: Vec<f64> = (0..65).map(f64::from).collect();
    [&[][..], &[0.0], &[-1.0, 1.0], &[3.0, 1.0, 3.0], &many[..64], &[f64::MAX]]
        .iter()
        .for_each(|b| check_bounds(b, true));
    let illegal: [&[f64]; 5] = [&[f64::NAN], &[1.0, f64::INFINITY], &[f64::NEG_INFINITY], &[1e-310], &many];
    illegal.iter().for_each(|bounds| check_bounds(bounds, false));
}

#[test]
fn bounds_are_sorted_and_each_there_once() {
    let registry = Registry::new();
    let histogram = registry.histogram("a").bounds([3.0, -0.0, 1.0, 0.0, 3.0]).build().unwrap();
    assert_eq!(registry.metric("a").unwrap().bounds(), [0.0, 1.0, 3.0]);
    assert_eq!(histogram.snapshot().bounds, [(0.0, 0), (1.0, 0), (3.0, 0)]);
}

/// A second registration of `duration`, a histogram in seconds with the bound 0.3.
fn check_again(register: impl FnOnce(&Registry) -> Result<(), Error>, expected: Option<&str>) {
    let registry = Registry::new();
    let first = registry.histogram("duration").unit("s").bounds([0.3]).build().unwrap();
    first.record(0.1);
    let refused = register(&registry).err();
    assert_eq!(refused.as_ref().map(ToString::to_string).as_deref(), expected);
    assert_eq!(registry.refused(), u64::from(expected.is_some()));
    assert_eq!((registry.metrics().len(), first.snapshot().count()), (1, 1), "what is there stays");
}

#[test]
fn again_the_same() {
    check_again(|r| r.histogram("duration").unit("s").bounds([0.3]).build().map(drop), None);
    check_again(|r| r.histogram("duration").build().map(drop), None);
    check_again(|r| r.histogram("duration").labels(["route"]).family().map(drop), None);
    let registry = Registry::new();
    let [one, two] = [(); 2].map(|()| registry.counter("events").build().unwrap());
    one.inc();
    two.inc();
    assert_eq!((one.value(), registry.metric("events").unwrap().len()), (2, 1));
}

#[test]
fn again_as_something_else() {
    check_again(
        |r| r.counter("duration").build().map(drop),
        Some(
            "metric \"duration\" is already registered as a histogram, cannot be a counter; choose another name or \
             match its kind",
        ),
    );
    check_again(
        |r| r.histogram("duration").unit("ms").build().map(drop),
        Some(
            "metric \"duration\" is already registered as in \"s\", cannot be in \"ms\"; choose another name or match \
             its unit",
        ),
    );
    check_again(
        |r| r.histogram("duration").bounds([0.3, 0.5]).build().map(drop),
        Some(
            "metric \"duration\" is already registered as with bounds [0.3], cannot be with bounds [0.3, 0.5]; choose \
             another name or match its bounds",
        ),
    );
    let registry = Registry::new();
    let _nanos = registry.counter("time").scale(1e-9).build().unwrap();
    assert!(registry.counter("time").build().unwrap_err().is_conflict());
}

#[test]
fn again_with_another_budget() {
    /// A second registration of `requests`, which has at most 10 series and one reserved route.
    fn check(again: impl Fn(&Registry) -> Result<Counter, Error>, expected: Option<&str>) {
        let registry = Registry::new();
        let _first = registry.counter("requests").max_series(10).reserve("route", ["/known"]).build().unwrap();
        registry.limit_series(20);
        let refused = again(&registry).err();
        assert_eq!(refused.as_ref().map(ToString::to_string).as_deref(), expected);
        assert!(refused.is_none_or(|error| error.is_conflict()));
        assert_eq!(registry.metric("requests").unwrap().max_series(), 10);
    }
    check(|r| r.counter("requests").build(), None);
    check(|r| r.counter("requests").max_series(10).build(), None);
    check(|r| r.counter("requests").reserve("route", ["/known"]).build(), None);
    check(
        |r| r.counter("requests").max_series(11).build(),
        Some(
            "metric \"requests\" is already registered as with at most 10 series, cannot be with at most 11 series; \
             choose another name or match its max_series",
        ),
    );
    check(
        |r| r.counter("requests").reserve("route", ["/other"]).build(),
        Some(
            "metric \"requests\" is already registered as with reserved values of \"route\", cannot be with others of \
             \"route\"; choose another name or match its reserved values",
        ),
    );
    let registry = Registry::new();
    let _jobs = registry.counter("jobs").build().unwrap();
    let refused = registry.counter("jobs").reserve("queue", ["mail"]).build().unwrap_err();
    assert!(refused.to_string().contains("without reserved values, cannot be with others of \"queue\""), "{refused}");
    let _level = registry.gauge("level").build().unwrap();
    assert!(registry.gauge("level").additive().build().unwrap_err().is_conflict());
    let _active = registry.gauge("active").additive().build().unwrap();
    assert!(registry.gauge("active").build().is_ok());
}

#[test]
fn a_refusal_says_what_would_be_accepted() {
    let registry = Registry::new();
    let error = registry.counter(&"ä".repeat(1000)).build().unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"metric name "ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää" is not legal: 1 to 255 of [A-Za-z0-9_.:/-], starting with a letter or underscore, such as "http.server.request.duration""#);
    let error = registry.counter("a").labels(["__name__"]).family().unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"label name "__name__" is not legal: 1 to 128 of [A-Za-z0-9_.-/], starting with a letter or one underscore, such as "http.route""#);
    let error = registry.counter("a").labels(["b", "b"]).family().unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"label "b" is not legal: each label once"#);
    let error = registry.histogram("a").bounds([f64::NAN]).build().unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"bound "NaN" is not legal: a finite number; infinity is always there"#);
}

#[test]
fn a_full_registry_refuses_new_names_only() {
    let registry = Registry::new();
    for number in 0..Registry::MAX_METRICS {
        let _metric: Counter = registry.counter(&format!("metric_{number}")).build().unwrap();
    }
    let error = registry.counter("one_more").build().unwrap_err();
    assert!(error.is_full());
    insta::assert_snapshot!(error, @r#"the registry holds 4096 metrics already and refuses "one_more"; tell things apart by labels, not by names"#);
    assert!(registry.counter("metric_7").build().is_ok());
    assert_eq!((registry.metrics().len(), registry.refused()), (Registry::MAX_METRICS, 1));
}

#[test]
fn the_order_of_labels_is_the_callers() {
    let registry = Registry::new();
    let one = registry.counter("requests").labels(["method", "route"]).family().unwrap();
    let two = registry.counter("requests").labels(["route", "method"]).family().unwrap();
    one.get(["GET", "/"]).inc();
    two.get(["/", "GET"]).inc();
    registry.counter("requests").series(&[("route", "/"), ("method", "GET")]).unwrap().inc();
    let metric = registry.metric("requests").unwrap();
    let series: Vec<Vec<_>> = metric.series().map(|series| series.labels().collect()).collect();
    assert_eq!(series, [[("method", "GET"), ("route", "/")]]);
    assert_eq!(one.get(["GET", "/"]).value(), 3);
}

#[test]
fn one_metric_may_have_series_of_different_labels() {
    let registry = Registry::new();
    // More sets of names than a metric remembers.
    for _ in 0..3 {
        for number in 0..100 {
            registry.counter("requests").series(&[(&format!("l{number}"), "same")]).unwrap().inc();
        }
    }
    let metric = registry.metric("requests").unwrap();
    assert_eq!(metric.len(), 100, "each label set is one series");
    assert!(metric.series().all(|series| series.labels().count() == 1));
}

#[test]
fn a_metric_can_say_what_it_is() {
    let registry = Registry::new();
    registry.limit_series(7);
    let _one: Histogram = registry.histogram("wait").bounds([0.3]).build().unwrap();
    let metric = registry.metric("wait").unwrap();
    assert_eq!((metric.name(), metric.kind(), metric.max_series()), ("wait", MetricKind::Histogram, 7));
    assert_eq!((metric.unit(), metric.description(), metric.scale().factor()), ("", "", 1.0));
    // What the first left open the second may say, once.
    for (unit, text) in [("s", "Waiting."), ("s", "Something else.")] {
        let _again = registry.histogram("wait").unit(unit).description(text).build().unwrap();
    }
    assert_eq!((metric.unit(), metric.description()), ("s", "Waiting."));
    assert!(registry.histogram("wait").unit("ms").build().unwrap_err().is_conflict());
    assert!(registry.metric("nothing").is_none());
}
