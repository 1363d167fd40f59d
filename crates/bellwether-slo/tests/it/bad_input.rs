//! What is refused, and how: targets, periods, zones, dates, names, slots.

use std::time::Duration;

use bellwether_core::Outcome;
use bellwether_slo::{
    Budgeting, Calendar, Correction, Counters, Coverage, Empty, Expressions, Interval, Judge, Period, Recurring,
    Selector, Share, Sli, Slo, Slot, Slots, Target, Unit, Zone,
};

use proptest::prelude::*;

use crate::log::{at, secs, slo, span, target};

fn refused<T: std::fmt::Debug>(result: Result<T, bellwether_slo::Error>) -> String {
    let error = result.unwrap_err();
    assert!(error.is_illegal() || error.is_objective());
    error.to_string()
}

#[test]
fn targets() {
    let of = |target: f64| refused(Target::new(target));
    insta::assert_snapshot!(of(0.0), @r#"target "0": is 0, which everything meets; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most"#);
    insta::assert_snapshot!(of(1.0), @r#"target "1": is 100 %, which leaves no budget: the first bad event breaks it for good; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most"#);
    insta::assert_snapshot!(of(100.0), @r#"target "100": is above 1; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most"#);
    insta::assert_snapshot!(of(99.999_999), @r#"target "99.999999": is above 1, and looks like percent; write 0.99999999 or "99.999999%""#);
    insta::assert_snapshot!(of(-0.5), @r#"target "-0.5": is below 0; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most"#);
    insta::assert_snapshot!(of(0.1 + 0.2), @r#"target "0.30000000000000004": has more decimals than are kept; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most"#);
    for target in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 1e-13] {
        refused(Target::new(target));
    }
    for text in ["", "%", ".", "0.", ".9", "0.9.9", "0,999", "nine", "0.9 9", "1e-3", "+0.9", "99.9 %%", "0%", "100%"] {
        refused(text.parse::<Target>());
    }
    for (text, of) in [("0.999", 0.999), ("99.9%", 0.999), ("99.9 %", 0.999), (" 0.9990 ", 0.999), ("50%", 0.5)] {
        assert_eq!(text.parse::<Target>().unwrap(), target(of), "{text}");
    }
    assert_eq!(target(0.999_999_999_999).to_string(), "0.999999999999");
    refused(Share::new(1.01));
    assert_eq!(Share::new(1.0).unwrap().to_string(), "1");
}

#[test]
fn periods() {
    for length in [Duration::ZERO, secs(59), Duration::from_millis(90_500), secs(401 * 86_400), Duration::MAX] {
        refused(Period::rolling(length));
    }
    refused(Period::days(0));
    refused(Period::days(u32::MAX));
    for text in ["", "d", "28", "28x", "1.5d", "28d ", "99999999999999999999d", "２8d"] {
        refused(text.parse::<Period>());
    }
}

#[test]
fn zones_and_dates() {
    let error = refused(Zone::new("Europe/Berln"));
    assert!(error.contains("Europe/Berln") && error.contains("such as Europe/Berlin"), "{error}");
    refused(Zone::new(""));
    refused(Zone::new("../etc/passwd"));
    let named = |unit, name: &str| Calendar::new(unit, Zone::utc()).named(name);
    insta::assert_snapshot!(refused(named(Unit::Month, "2026-13")), @r#"month "2026-13": does not exist, or is not within 1970 to 2553; give year and month, such as 2026-10"#);
    insta::assert_snapshot!(refused(named(Unit::Day, "2026-02-29")), @r#"day "2026-02-29": does not exist, or is not within 1970 to 2553; give year, month and day, such as 2026-10-05"#);
    insta::assert_snapshot!(refused(named(Unit::Week, "2025-W53")), @r#"week "2025-W53": does not exist, or is not within 1970 to 2553; give an ISO week, such as 2026-W41, or one of its days, such as 2026-10-05"#);
    insta::assert_snapshot!(refused(named(Unit::Quarter, "2026-Q5")), @r#"quarter "2026-Q5": does not exist, or is not within 1970 to 2553; give year and quarter, such as 2026-Q4"#);
    for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
        for name in [
            "",
            "1969",
            "12345",
            "2026-",
            "2026-Q0",
            "2026-W00",
            "2026-00",
            "2026-1-1",
            "öööö",
            "2026-10-05T",
            "9999-12",
            "-001",
        ] {
            let _ = named(unit, name).map_err(|error| error.to_string());
        }
        assert!(named(unit, "1969").is_err());
    }
    for text in [
        "",
        "/",
        "2026-01-01/2026-01-02",
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z",
        "1960-01-01T00:00:00Z/2026-01-01T00:00:00Z",
    ] {
        refused(text.parse::<Interval>());
    }
}

#[test]
fn objectives() {
    let wrong = |slo: Slo| refused(slo.check());
    let counter = |name: &str| Selector::metric(name);
    insta::assert_snapshot!(wrong(Slo::availability("Checkout OK", target(0.9))), @r#"name of an objective "Checkout OK": is not legal; give lower-case letters, digits and hyphens within, 63 at most, such as checkout-fast"#);
    for name in ["", "-a", "a-", "a_b", "é", &"a".repeat(64)] {
        wrong(Slo::availability(name, target(0.999)));
    }
    insta::assert_snapshot!(wrong(Slo::latency("fast", Duration::ZERO, target(0.95))), @r#"objective "fast": the threshold is 0, which nothing is faster than; give one above, such as 300ms"#);
    insta::assert_snapshot!(wrong(Slo::dependency("db", "", target(0.95))), @r#"objective "db": the dependency has no name; give the one it was registered with"#);
    let same = Counters::GoodOfTotal { good: counter("jobs"), total: counter("jobs") };
    insta::assert_snapshot!(wrong(Slo::counters("jobs", same, target(0.95))), @r#"objective "jobs": both counters are jobs; give two that differ"#);
    let none = Counters::BadOfTotal { bad: counter(""), total: counter("jobs") };
    wrong(Slo::counters("jobs", none, target(0.95)));
    wrong(Slo::promql("jobs", Expressions::Ratio(" ".into()), target(0.95)));
    let ratio = Slo::promql("jobs", Expressions::Ratio("a / b".into()), target(0.95));
    ratio.check().unwrap();
    insta::assert_snapshot!(wrong(ratio.budgeting(Budgeting::Occurrences)), @r#"objective "jobs": a ratio has no events to count: judge it by slices, Budgeting::Timeslices or RatioTimeslices, or give two expressions for counts"#);
    for slice in [Duration::ZERO, secs(7), secs(7200), Duration::from_millis(1500)] {
        wrong(slo(0.95).budgeting(Budgeting::RatioTimeslices { slice }));
    }
    let nothing = [Outcome::Success, Outcome::ClientError].into_iter().fold(slo(0.95), Slo::ignores);
    insta::assert_snapshot!(wrong(nothing), @r#"objective "all": no outcome counts as good; name one, such as success"#);
    let recurring = Recurring { weekdays: vec![], hour: 24, minute: 0, length: secs(60), zone: Zone::utc() };
    let error = wrong(slo(0.95).correction(Correction::exclude(recurring, "")));
    assert!(error.contains("24:00"), "{error}");
    let twice = [slo(0.95), slo(0.99)];
    insta::assert_snapshot!(refused(Judge::new(twice)), @r#"objective "all": two objectives have this name; give each its own"#);
    refused(Judge::ticking(Duration::ZERO, []));
    refused(Judge::ticking(secs(61), []));
    assert_eq!(slo(0.95).no_traffic(Empty::Bad).policies.no_traffic, Empty::Bad);
}

#[test]
fn slots() {
    let slot = |start, end, good, total| Slot {
        over: span(start, end),
        sli: Sli { good, total },
        coverage: Coverage::known(secs(end - start)),
    };
    Slots::new(vec![slot(0, 5, 1, 2), slot(5, 10, 0, 0)]).unwrap();
    Slots::new(vec![]).unwrap();
    let wrong = |slots: &[Slot]| refused(Slots::new(slots.to_vec()));
    insta::assert_snapshot!(wrong(&[slot(0, 5, 1, 2), slot(6, 10, 0, 0)]), @r#"slot "1970-01-01T00:00:06Z/1970-01-01T00:00:10Z": comes after a gap: the slot before it is 1970-01-01T00:00:00Z/1970-01-01T00:00:05Z; give slots that tile, each with its own counts and coverage"#);
    assert!(wrong(&[slot(0, 5, 1, 2), slot(4, 10, 0, 0)]).contains("an overlap"));
    assert!(wrong(&[slot(0, 5, 3, 2)]).contains("3 good events of 2"));
    assert!(wrong(&[slot(5, 5, 0, 0)]).contains("is empty"));
    let short = Slot { coverage: Coverage::known(secs(4)), ..slot(0, 5, 0, 0) };
    assert!(wrong(&[short]).contains("coverage"));
    assert_eq!(span(7, 3), Interval { start: at(3), end: at(3) });
}

proptest! {
    /// Whatever is written is read or refused; what is read is written so that it is read the same.
    #[test]
    fn any_text(text in "[0-9.%+eE -]{0,20}|[0-9]{4}(-[WQ0-9]{1,3}){0,2}|[0-9]{1,4}[mhdwMQY]?|\\PC{0,30}") {
        if let Ok(target) = text.parse::<Target>() {
            prop_assert_eq!(target.to_string().parse::<Target>().unwrap(), target);
        }
        if let Ok(share) = text.parse::<Share>() {
            prop_assert_eq!(share.to_string().parse::<Share>().unwrap(), share);
        }
        if let Ok(period) = text.parse::<Period>() {
            prop_assert_eq!(period.nominal(), period.to_string().parse::<Period>().map_or(period.nominal(), |read| read.nominal()));
        }
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
            let calendar = Calendar::new(unit, Zone::utc());
            if let Ok(interval) = calendar.named(&text) {
                prop_assert_eq!(calendar.named(&calendar.name_of(interval)).unwrap(), interval);
            }
        }
        let _ = (text.parse::<Interval>(), text.parse::<Zone>(), slo(0.95).route(text.clone()).check());
    }

    /// Any instant is in exactly one unit, however far it is.
    #[test]
    fn any_instant(nanos in 1_u64.., unit in 0_usize..5) {
        let unit = [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year][unit];
        let calendar = Calendar::new(unit, Zone::utc());
        let at = bellwether_core::Timestamp::from_unix_nanos(nanos);
        let one = calendar.at(at);
        prop_assert!(one.contains(at), "{one} {nanos}");
        prop_assert_eq!(calendar.at(one.end), one);
    }
}
