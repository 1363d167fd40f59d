//! State sets: a sample for each state, of which exactly one is 1 in every scrape.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use bellwether_core::Registry;
use bellwether_export::prometheus::Format;

use super::histogram::families;
use super::parse::samples;
use super::{bytes, registry, text};

fn doors(registry: &Registry) -> bellwether_core::Family<bellwether_core::StateSet, 1> {
    registry.state_set("door.state", "state", ["closed", "open", "ajar"]).labels(["door"]).family().unwrap()
}

#[test]
fn a_sample_for_each_state() {
    let registry = registry();
    doors(&registry).get(["front"]).set(2);
    registry.state_set("bare", "bare", ["a"]).build().unwrap().set(7);
    let lines = |format| {
        let text = text(&registry, format);
        text.lines().filter(|line| !line.contains("target")).collect::<Vec<_>>().join("\n")
    };
    let expected = "# TYPE bare gauge\nbare{bare=\"a\"} 1\n# TYPE door_state gauge\n\
        door_state{door=\"front\",state=\"closed\"} 0\n\
        door_state{door=\"front\",state=\"open\"} 0\n\
        door_state{door=\"front\",state=\"ajar\"} 1";
    assert_eq!(lines(Format::TEXT), expected);
    // OpenMetrics calls a state set by its type if the label is named like the metric, else it is a gauge there too.
    let expected = expected.replace("bare gauge", "bare stateset");
    assert_eq!(lines(Format::OPEN_METRICS), format!("{expected}\n# EOF"));
}

#[test]
fn a_gauge_that_is_not_known_is_left_out() {
    let registry = registry();
    registry.gauge("known").build().unwrap().observe(|| Some(1.5));
    registry.gauge("unknown").build().unwrap().observe(|| None);
    let text = text(&registry, Format::TEXT);
    assert!(text.contains("\nknown 1.5\n") && !text.contains("\nunknown "), "{text}");
    assert!(!families(&bytes(&registry, Format::PROTOBUF)).iter().any(|family| family.name == "unknown"));
}

#[test]
fn one_state_is_1_in_every_scrape_while_it_changes() {
    let registry = registry();
    let front = doors(&registry).get(["front"]).clone();
    let stop = Arc::new(AtomicBool::new(false));
    let flipping = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || (0..).take_while(|_| !stop.load(Relaxed)).for_each(|at| front.set(at % 3)))
    };
    for _ in 0..500 {
        let text = text(&registry, Format::TEXT);
        let ones = text.lines().filter(|line| line.starts_with("door_state{") && line.ends_with(" 1")).count();
        let families = families(&bytes(&registry, Format::PROTOBUF));
        let door = families.iter().find(|family| family.name == "door_state").unwrap();
        let sum: f64 = door.series.iter().filter_map(|series| series.value).sum();
        assert_eq!((ones, sum, door.series.len()), (1, 1.0, 3));
    }
    stop.store(true, Relaxed);
    flipping.join().unwrap();
}

/// A source that is elsewhere each time it is asked shows whether it was asked once.
#[test]
fn a_state_set_is_asked_once_for_all_its_samples() {
    let registry = registry();
    let asked = AtomicUsize::new(0);
    doors(&registry).get(["front"]).observe(move || Some(asked.fetch_add(1, Relaxed) % 3));
    for round in 0..6 {
        let seen: Vec<f64> = match [Format::TEXT, Format::OPEN_METRICS, Format::PROTOBUF][round / 2] {
            Format::PROTOBUF => {
                let families = families(&bytes(&registry, Format::PROTOBUF));
                let door = families.iter().find(|family| family.name == "door_state").unwrap();
                door.series.iter().filter_map(|series| series.value).collect()
            }
            format => samples(&text(&registry, format)).iter().map(|sample| sample.value).collect(),
        };
        let expected: Vec<f64> = (0..3).map(|state| f64::from(state == round % 3)).collect();
        assert_eq!(seen, expected, "scrape {round}");
    }
}
