//! A registry of anything, written as text, and read again by the parser of the tests, which knows nothing of the writer:
//! each line is legal, no series comes twice, and nothing is lost but what is counted as left out.
#![no_main]

mod pieces {
    pub mod draw;
}
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../crates/bellwether-export/tests/it/prometheus/parse.rs"]
mod parse;

use std::collections::{HashMap, HashSet};

use bellwether_core::{Handle, Metric, Registry};
use bellwether_export::Resource;
use bellwether_export::prometheus::{Escaping, Exposition, Format, Names};
use libfuzzer_sys::fuzz_target;
use parse::Sample;
use pieces::draw::Draw;

fuzz_target!(|input: &[u8]| {
    let mut draw = Draw(input);
    let way = draw.byte();
    let resource = Resource::builder("x").attribute(draw.text(20), draw.text(20)).build();
    let registry = Registry::new();
    while !draw.is_empty() {
        add(&registry, &mut draw);
    }
    // One way of sixteen, and the binary one: the input says which.
    let names = [Names::Underscored, Names::Dotted][usize::from(way & 1)];
    let format = [Format::TEXT, Format::OPEN_METRICS][usize::from(way >> 1 & 1)];
    let escaping =
        [Escaping::Underscores, Escaping::Dots, Escaping::Values, Escaping::AllowUtf8][usize::from(way >> 2 & 3)];
    check(&registry, &resource, names, format.escape(escaping));
    let mut binary = Exposition::new(&registry, &resource, Format::PROTOBUF).names(names);
    assert!(binary.by_ref().all(|chunk| !chunk.is_empty()));
});

/// Registers a metric, which may be refused, with a few series.
fn add(registry: &Registry, draw: &mut Draw<'_>) {
    let kind = draw.byte() % 3;
    let (name, unit, description) = (draw.name(), draw.unit(), draw.text(20));
    let mut names: Vec<String> = (0..draw.byte() % 4).map(|_| label(draw)).collect();
    for _ in 0..=draw.byte() % 4 {
        // As a rule the names of a metric's labels stay the same.
        if draw.byte() > 200 {
            names = (0..draw.byte() % 4).map(|_| label(draw)).collect();
        }
        let labels: Vec<(String, String)> = names.iter().map(|name| (name.clone(), value(draw))).collect();
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        let (unit, description) = (unit.as_str(), description.as_str());
        let _ = match kind {
            0 => registry.counter(&name).unit(unit).description(description).max_series(3).series(&labels).map(
                |series| {
                    series.add(draw.number());
                },
            ),
            1 => {
                registry.gauge(&name).unit(unit).description(description).max_series(3).series(&labels).map(|series| {
                    series.set(draw.float());
                })
            }
            _ => {
                let bounds: Vec<f64> = (0..draw.byte() % 4).map(|_| draw.float()).collect();
                let metric = registry.histogram(&name).unit(unit).description(description).bounds(bounds);
                metric.max_series(3).series(&labels).map(|series| {
                    (0..draw.byte() % 4).for_each(|_| series.record(draw.float()));
                })
            }
        };
    }
}

/// Names that are special, or written the same as another, more often than chance would have it.
fn label(draw: &mut Draw<'_>) -> String {
    const NAMES: [&str; 8] = ["a.b", "a_b", "a/b", "le", "exported_le", "overflow", "_x", "__x"];
    match draw.byte() {
        at @ 0..128 => NAMES[usize::from(at % 8)].to_owned(),
        _ => draw.name(),
    }
}

/// Values that are the same when they are joined by others, more often than chance would have it.
fn value(draw: &mut Draw<'_>) -> String {
    match draw.byte() {
        at @ 0..200 => ["", "x", "y", "x;y"][usize::from(at % 4)].to_owned(),
        _ => draw.text(12),
    }
}

fn check(registry: &Registry, resource: &Resource, names: Names, format: Format) {
    let mut exposition = Exposition::new(registry, resource, format).names(names);
    let all: Vec<u8> = exposition.by_ref().flatten().collect();
    let text = String::from_utf8(all).expect("it is UTF-8");
    let samples = parse::samples(&text);

    let mut seen = HashSet::new();
    for Sample { name, labels, .. } in &samples {
        assert!(seen.insert((name, labels)), "twice: {name} {labels:?} in\n{text}");
    }
    let described: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    let distinct: HashSet<&&str> = described.iter().collect();
    assert_eq!(distinct.len(), described.len(), "a family in two pieces:\n{text}");
    if format.content_type().contains("openmetrics") {
        let ends = text.lines().filter(|line| *line == "# EOF").count();
        assert!(text.ends_with("\n# EOF\n") && ends == 1, "{text}");
    }
    if exposition.refused() == 0 {
        complete(registry, samples, &text);
    }
}

/// Every value that is in the registry is in the text, as often as there.
fn complete(registry: &Registry, samples: Vec<Sample>, text: &str) {
    let mut values: HashMap<u64, u64> = HashMap::new();
    samples.iter().for_each(|sample| *values.entry(sample.value.to_bits()).or_default() += 1);
    for metric in registry.metrics() {
        for series in metric.series() {
            let value = match series.handle() {
                Handle::Counter(counter) => counter.value() as f64,
                Handle::Gauge(gauge) => gauge.value(),
                Handle::Histogram(histogram) => histogram.snapshot().count() as f64,
                _ => continue,
            };
            // A zero has no sign in text.
            let value = if value == 0.0 { 0.0 } else { value };
            let left = values.get_mut(&value.to_bits()).filter(|left| **left > 0);
            *left.unwrap_or_else(|| panic!("{value} of {} is not in\n{text}", described(&metric))) -= 1;
        }
    }
}

fn described(metric: &Metric) -> String {
    format!("{} ({})", metric.name(), metric.kind())
}
