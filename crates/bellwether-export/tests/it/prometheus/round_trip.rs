//! Whatever a label or a number may be comes back from the text as it went in.

use bellwether_core::{Counter, Gauge};
use bellwether_export::prometheus::Format;
use proptest::prelude::*;

use super::{bytes, histogram, parse, registry, text};

/// Text with more of what needs escaping than chance would give.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        prop::sample::select(vec!["\\", "\"", "\n", "\\n", "\r\n", "}", "{", ",", "=", " # ", "\0", "é", "\u{2028}"])
            .prop_map(String::from),
        "[a-z]{0,6}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn legal_name() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_./-]{0,20}"
}

/// The mapping of label names, from the words of the specification.
fn mapped(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() { c } else { '_' };
        if c != '_' || !out.ends_with('_') {
            out.push(c);
        }
    }
    out
}

proptest! {
    #[test]
    fn labels(
        labels in prop::collection::btree_map(legal_name(), any_text(), 0..6),
        value in 0_u64..=u64::MAX,
    ) {
        let labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(_, v)| v.len() <= 256).collect();
        let registry = registry();
        let counter: Counter = registry.counter("c").series(&labels).unwrap();
        counter.add(value);
        let mut expected: Vec<(String, String)> = Vec::new();
        for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
            let name = mapped(name);
            match expected.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => *own = format!("{own};{value}"),
                None => expected.push((name, (*value).to_owned())),
            }
        }
        expected.sort();
        for format in [Format::TEXT, Format::OPEN_METRICS] {
            let text = String::from_utf8(bytes(&registry, format)).unwrap();
            let samples = parse::samples(&text);
            prop_assert_eq!(&samples[1].labels, &expected);
            prop_assert_eq!(samples[1].value, value as f64);
        }
        let mut families = histogram::families(&bytes(&registry, Format::PROTOBUF));
        let mut labels = families.remove(1).series.remove(0).labels;
        labels.sort();
        prop_assert_eq!(labels, expected);
    }

    #[test]
    fn numbers(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let registry = registry();
        let gauge: Gauge = registry.gauge("g").build().unwrap();
        gauge.set(value);
        prop_assert_eq!(parse::samples(&text(&registry, Format::TEXT))[0].value, value);
    }

    #[test]
    fn descriptions(description in any_text()) {
        let registry = registry();
        registry.gauge("g").description(description.as_str()).build().unwrap().set(1.0);
        let text = String::from_utf8(bytes(&registry, Format::TEXT)).unwrap();
        let help = text.split('\n').find_map(|line| line.strip_prefix("# HELP g "));
        let read = help.unwrap_or_default().replace("\\\\", "\u{1}").replace("\\n", "\n").replace('\u{1}', "\\");
        prop_assume!(!description.contains('\u{1}'));
        prop_assert_eq!(read, description);
    }

    #[test]
    fn any_metric_name_is_legal(name in "[A-Za-z_][A-Za-z0-9_.:/-]{0,20}", unit in "[!-~]{0,8}") {
        let registry = registry();
        let _: Gauge = registry.gauge(&name).unit(unit.as_str()).build().unwrap();
        let _: Counter = registry.counter("another").unit(unit.as_str()).build().unwrap();
        for format in [Format::TEXT, Format::OPEN_METRICS] {
            let samples = parse::samples(&text(&registry, format));
            // `_` alone is no name in Prometheus, and `target.info` is taken.
            prop_assert!(samples.len() >= 2 || name.bytes().all(|c| !c.is_ascii_alphanumeric() && c != b':') );
        }
    }
}

#[test]
fn extremes_are_written_as_numbers() {
    let registry = registry();
    let check = |name: &str, value: f64, shown: &str| {
        registry.gauge(name).build().unwrap().set(value);
        let text = text(&registry, Format::TEXT);
        assert!(text.contains(&format!("{name} {shown}\n")), "{text}");
    };
    check("a", 0.0, "0");
    check("b", -0.5, "-0.5");
    check("c", 1e300, "1e+300");
    check("d", 5e-324, "5e-324");
    check("e", 9_007_199_254_740_993.0, "9007199254740992.0");
    check("f", f64::MAX, "1.7976931348623157e+308");
    registry.gauge("g").build().unwrap().set(f64::NAN);
    assert!(text(&registry, Format::TEXT).contains("g 0\n"), "a gauge never holds what is no number");
    registry.counter("huge").scale(1e300).build().unwrap().add(u64::MAX);
    assert!(text(&registry, Format::TEXT).contains("huge_total 1.7976931348623157e+308\n"));
}
