//! Objectives that are written and read again: nothing is changed that is not said.

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_core::{Outcome, Timestamp};
use bellwether_slo::format::{openslo, toml};
use bellwether_slo::{
    Alerting, Budgeting, BurnRule, Calendar, Correction, Counters, Counting, Detection, Effect, Empty, Expressions,
    Indicator, Interval, LabelTest, Outcomes, Period, Recurring, Requests, Scaling, Selector, Severity, Share, Slo,
    Target, Test, Unit, Weekday, When, Zone,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
}

/// Texts of any kind, those among them that a reader could take for something else.
fn text() -> impl Strategy<Value = String> {
    let odd = vec![
        "true",
        "null",
        "~",
        "5",
        "1e3",
        "0x1f",
        "- a",
        "a: b",
        "#",
        "{{.window}}",
        "\"",
        "'",
        "\\",
        "2026-01-01",
        "=",
        "<<",
    ];
    prop_oneof![select(odd).prop_map(str::to_owned), ".{1,20}", "[ -~\n\t\u{85}\u{2028}äß日]{1,12}"]
        .prop_filter("is words", |text| !text.trim().is_empty() && !text.contains(['\r', '\0']))
}

fn counting() -> impl Strategy<Value = Counting> {
    let kinds = vec(0..4, Outcome::ALL.len()).prop_filter("some are good", |kinds| kinds.contains(&0));
    kinds.prop_map(|kinds| {
        let of = |kind| {
            Outcomes::of(
                Outcome::ALL.into_iter().zip(&kinds).filter(|(_, own)| **own == kind).map(|(outcome, _)| outcome),
            )
        };
        Counting { good: of(0), bad: of(1), bad_if_slow: of(2) }
    })
}

fn requests(latency: bool) -> impl Strategy<Value = Requests> {
    (btree_set(text(), 0..3), option::of(counting())).prop_map(move |(routes, counting)| {
        let usual = if latency { Counting::latency() } else { Counting::requests() };
        let counting = counting.map(|counting| if latency { counting } else { without_slow(counting) });
        let mut requests = Requests::all(counting.unwrap_or(usual));
        requests.routes = routes;
        requests
    })
}

/// That an operation was slow is no matter where nothing says how slow.
fn without_slow(counting: Counting) -> Counting {
    Counting { bad_if_slow: Outcomes::NONE, ..counting }
}

/// In the order in which they are written, which is no matter.
fn selector() -> impl Strategy<Value = Selector> {
    let tests = || btree_map(text(), btree_set(text(), 1..3), 0..3);
    (text(), tests(), tests()).prop_map(|(metric, is, is_not)| {
        let mut selector = Selector::metric(metric);
        let is = is.into_iter().map(|(label, values)| LabelTest { label, value: Test::Is(values) });
        let is_not = is_not.into_iter().map(|(label, values)| LabelTest { label, value: Test::IsNot(values) });
        selector.tests = is.chain(is_not).collect();
        selector
    })
}

fn query() -> impl Strategy<Value = String> {
    let texts = vec![
        "sum(jobs_total)",
        "sum by (a) (x{y=\"z\\\"\"}) - on() vector(0)",
        "1 - avg(up)",
        "x\n  / y",
        "{__name__=~'.+'}",
    ];
    select(texts).prop_map(str::to_owned)
}

fn indicator() -> impl Strategy<Value = Indicator> {
    prop_oneof![
        requests(false).prop_map(Indicator::Availability),
        (requests(true), 1_u64..=u64::MAX / 2)
            .prop_map(|(requests, nanos)| Indicator::Latency { requests, threshold: Duration::from_nanos(nanos) }),
        (text(), option::of(counting())).prop_map(|(name, counting)| {
            let counting = counting.map(without_slow).unwrap_or_else(Counting::dependency);
            Indicator::Dependency { name, counting }
        }),
        (selector(), selector(), 0..3).prop_filter("differ", |(a, b, _)| a != b).prop_map(|(a, b, kind)| {
            Indicator::Counters(match kind {
                0 => Counters::GoodOfTotal { good: a, total: b },
                1 => Counters::BadOfTotal { bad: a, total: b },
                _ => Counters::GoodAndBad { good: a, bad: b },
            })
        }),
        (query(), query(), 0..3).prop_map(|(a, b, kind)| {
            Indicator::Promql(match kind {
                0 => Expressions::Counts { good: a, total: b },
                1 => Expressions::BadCounts { bad: a, total: b },
                _ => Expressions::Ratio(a),
            })
        }),
    ]
}

/// A share of so many units of 10⁻¹², below one.
fn share() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u64..1_000).prop_map(|thousandths| format!("0.{thousandths:03}")),
        (1_u64..1_000_000_000_000).prop_map(|units| format!("0.{units:012}"))
    ]
}

fn zone() -> impl Strategy<Value = Zone> {
    select(&["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"][..])
        .prop_map(|name| Zone::new(name).unwrap())
}

fn weekday() -> impl Strategy<Value = Weekday> {
    (1_i8..=7).prop_map(|day| Weekday::from_monday_one_offset(day).unwrap())
}

fn period() -> impl Strategy<Value = Period> {
    let units = vec![Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];
    prop_oneof![
        (7_u32..=400).prop_map(|days| Period::days(days).unwrap()),
        (60_u64..=400 * 86_400).prop_map(|seconds| Period::rolling(Duration::from_secs(seconds)).unwrap()),
        (select(units), zone(), weekday()).prop_map(|(unit, zone, day)| {
            let day = if unit == Unit::Week { day } else { Weekday::Monday };
            Calendar::new(unit, zone).week_starts(day).into()
        }),
    ]
}

fn budgeting() -> impl Strategy<Value = Budgeting> {
    let slice = || select(&[1_u64, 10, 60, 90, 300, 3600][..]).prop_map(Duration::from_secs);
    prop_oneof![
        Just(Budgeting::Occurrences),
        (slice(), share())
            .prop_map(|(slice, share)| Budgeting::Timeslices { slice, good_from: share.parse().unwrap() }),
        slice().prop_map(|slice| Budgeting::RatioTimeslices { slice }),
    ]
}

fn correction() -> impl Strategy<Value = Correction> {
    let once = (0_u64..1 << 62, 1_u64..1 << 50).prop_map(|(start, length)| {
        let start = Timestamp::from_unix_nanos(start);
        When::Once(Interval::new(start, start.after(Duration::from_nanos(length))))
    });
    let recurring = (vec(weekday(), 0..4), 0_i8..24, 0_i8..60, 1_u64..=86_400, zone()).prop_map(
        |(weekdays, hour, minute, seconds, zone)| {
            When::Recurring(Recurring { weekdays, hour, minute, length: Duration::from_secs(seconds), zone })
        },
    );
    (prop_oneof![once, recurring], any::<bool>(), text()).prop_map(|(when, exclude, reason)| {
        let mut correction = Correction::exclude(when, reason);
        correction.effect = if exclude { Effect::Exclude } else { Effect::CountAsGood };
        correction
    })
}

fn rules() -> impl Strategy<Value = Vec<BurnRule>> {
    let severities = vec![Severity::Info, Severity::Ticket, Severity::Page];
    let own = (text(), select(severities), share(), 2_u64..100_000, 1_u64..100_000).prop_map(
        |(name, severity, budget, long, short)| BurnRule {
            name: name.into(),
            severity,
            budget: budget.parse::<Share>().unwrap(),
            long: Duration::from_secs(long),
            short: Duration::from_secs(short.min(long - 1)),
        },
    );
    let known = BurnRule::WORKBOOK.into_iter().chain([BurnRule::FAST]).collect::<Vec<_>>();
    (subsequence(known, 0..=5), vec(own, 0..2)).prop_map(|(known, own)| known.into_iter().chain(own).collect())
}

fn alerting() -> impl Strategy<Value = Alerting> {
    let of = (rules(), any::<bool>(), any::<bool>(), 0_u64..4, 0_u64..200).prop_map(
        |(rules, share, factors, bad, events)| {
            let mut alerting = Alerting::none()
                .min_bad(bad)
                .min_events(events)
                .scaling(if factors { Scaling::Factors } else { Scaling::Windows })
                .detection(if share { Detection::BudgetShare } else { Detection::BurnRate });
            alerting.rules = rules;
            alerting
        },
    );
    prop_oneof![Just(Alerting::none()), Just(Alerting::default()), of]
}

fn slo() -> impl Strategy<Value = Slo> {
    let empty = || select(&[Empty::Good, Empty::Bad, Empty::Skip, Empty::CarryLast][..]);
    let what = (name(), indicator(), share(), option::of(text()), btree_map("[a-z]{1,5}", text(), 0..3));
    let how = (period(), budgeting(), [empty(), empty(), empty()], vec(correction(), 0..3), alerting());
    (what, how).prop_map(|((name, indicator, target, description, labels), how)| {
        let (period, budgeting, [no_traffic, unknown, stopped], corrections, alerting) = how;
        let mut slo = Slo::new(name, indicator, target.parse::<Target>().unwrap());
        if !matches!((&slo.indicator, budgeting), (Indicator::Promql(Expressions::Ratio(_)), Budgeting::Occurrences)) {
            slo.budgeting = budgeting;
        }
        slo.description = description.unwrap_or_default();
        slo.labels = labels;
        slo.corrections = corrections;
        slo = slo.period(period).no_traffic(no_traffic).unknown(unknown).stopped(stopped).alerting(alerting);
        // Rules that could not be are no matter here.
        let rules = slo.alerting.rules.clone();
        for rule in rules {
            let mut alone = slo.alerting.clone();
            (alone.rules, alone.without) = (vec![rule.clone()], [].into());
            if alone.rules_of(&slo).is_err() {
                slo.alerting.without.insert(rule.name.to_string());
            }
        }
        slo
    })
}

fn slos() -> impl Strategy<Value = Vec<Slo>> {
    vec(slo(), 1..4).prop_map(|mut slos| {
        let mut names = BTreeMap::new();
        slos.retain(|slo| slo.check().is_ok() && names.insert(slo.name.clone(), ()).is_none());
        slos
    })
}

proptest! {
    #[test]
    fn as_toml_they_are_the_same(slos in slos()) {
        let written = toml::write(&slos);
        prop_assert_eq!(&written.notes, &[]);
        let read = toml::read(&written.text, "f", &[]).map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{}", written.text)))?;
        prop_assert_eq!(&read.slos, &slos, "{}", written.text);
        prop_assert_eq!(&read.notes, &[]);
        prop_assert_eq!(toml::write(&read.slos).text, written.text);
    }

    #[test]
    fn as_openslo_they_are_the_same_but_for_what_is_said(slos in slos()) {
        let written = openslo::write(&slos, "voice");
        let corrected = slos.iter().filter(|slo| !slo.corrections.is_empty()).count();
        prop_assert_eq!(written.notes.len(), corrected, "{:?}", written.notes);
        let read = openslo::read(&written.text, "f").map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{}", written.text)))?;
        prop_assert_eq!(&read.notes, &[], "{}", written.text);
        prop_assert_eq!(read.slos.len(), slos.len());
        for (read, slo) in read.slos.iter().zip(&slos) {
            let rules = slo.alerting.rules_of(slo).unwrap();
            prop_assert_eq!(read.alerting.rules_of(read).unwrap(), rules.clone(), "{}", written.text);
            let mut same = slo.clone();
            same.labels.entry("service".to_owned()).or_insert_with(|| "voice".to_owned());
            same.corrections.clear();
            same.alerting.scaling = Scaling::Factors;
            same.alerting.without.clear();
            same.alerting.rules = rules;
            if same.alerting.rules.is_empty() {
                same.alerting = Alerting::none();
            }
            prop_assert_eq!(read, &same, "{}", written.text);
        }
        prop_assert_eq!(openslo::write(&read.slos, "other").text, written.text);
    }
}

#[test]
fn texts_of_any_sign_are_written_so_that_they_can_be_seen() {
    let signs: String =
        (0..0xa1).chain([0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff, 0x1f600]).filter_map(char::from_u32).collect();
    let slo = Slo::uptime("up", Target::new(0.999).unwrap()).label("service", "voice").description(&signs);
    for text in [toml::write([&slo]).text, openslo::write([&slo], "").text] {
        assert!(!text.replace('\n', "").contains(char::is_control), "{text:?}");
        let read = if text.starts_with('[') { toml::read(&text, "f", &[]) } else { openslo::read(&text, "f") };
        assert_eq!(read.unwrap().slos[0].description, signs);
    }
}
