//! Rule A28: time that does not count as it was.

use bellwether_slo::{Budgeting, Correction, Interval, Recurring, Share, Sli, Slo, Weekday, judge_past, measure};

use crate::log::{DAY, HOUR, Log, MINUTE, at, secs, slo, span, target, zone};

/// A week from a Monday on: 2026-10-05.
const MONDAY: u64 = 1_791_158_400;

fn by_minutes(slo: Slo) -> Slo {
    slo.budgeting(Budgeting::Timeslices { slice: secs(60), good_from: Share::new(1.0).unwrap() })
}

/// An hour of trouble in a week of which a day is left out is 0.694 % of what remains, and 0.595 % of a week whose day counts
/// as good.
#[test]
fn a28_exclude_and_count_as_good() {
    let mut log = Log::default();
    for minute in 1..=7 * 24 * 60 {
        let bad = (HOUR / 60..2 * HOUR / 60).contains(&(minute - 1));
        log.add(MONDAY + minute * 60, u64::from(!bad), u64::from(bad));
    }
    let week = span(MONDAY, MONDAY + 7 * DAY);
    let sunday = span(MONDAY + 6 * DAY, MONDAY + 7 * DAY);
    let failures = |correction: Correction| {
        let measured = measure(&by_minutes(slo(0.99)).correction(correction), &log, week).unwrap();
        let ratio = measured.counted().failure_ratio().unwrap();
        assert_eq!(measured.slices.unwrap().down, secs(HOUR));
        ratio.percent(3)
    };
    assert_eq!(failures(Correction::exclude(sunday, "moved house")), "0.694");
    assert_eq!(failures(Correction::count_as_good(sunday, "moved house")), "0.595");

    // And the same of events, in time that was bad: gone, or good.
    let trouble = span(MONDAY + HOUR, MONDAY + 2 * HOUR);
    let measured = |correction| measure(&slo(0.99).correction(correction), &log, week).unwrap();
    let excluded = measured(Correction::exclude(trouble, "ours"));
    assert_eq!(excluded.counted(), Sli::new(167 * 60, 167 * 60));
    assert_eq!((excluded.excluded, excluded.excluded_events), (secs(HOUR), Sli::new(0, 60)));
    let good = measured(Correction::count_as_good(trouble, "ours"));
    assert_eq!(good.counted(), Sli::new(168 * 60, 168 * 60));
    assert_eq!((good.counted_as_good, good.forgiven), (secs(HOUR), 60));
}

/// A slice that is left out in part is judged by the rest of it; where two corrections meet, leaving out wins.
#[test]
fn parts_of_slices() {
    let mut log = Log::default();
    log.add(MONDAY + 10, 0, 1).add(MONDAY + 50, 1, 0);
    let minute = span(MONDAY, MONDAY + 60);
    let counted = |slo: Slo| measure(&by_minutes(slo), &log, minute).unwrap();
    let early = span(MONDAY, MONDAY + 20);
    assert_eq!(counted(slo(0.9)).counted(), Sli::new(0, 1));
    assert_eq!(counted(slo(0.9).correction(Correction::exclude(early, ""))).counted(), Sli::new(1, 1));
    assert_eq!(counted(slo(0.9).correction(Correction::count_as_good(early, ""))).counted(), Sli::new(1, 1));
    let both = slo(0.9).correction(Correction::count_as_good(minute, "")).correction(Correction::exclude(early, ""));
    let measured = measure(&both, &log, minute).unwrap();
    assert_eq!((measured.events, measured.excluded_events), (Sli::new(1, 1), Sli::new(0, 1)));
    assert_eq!((measured.excluded, measured.counted_as_good), (secs(20), secs(40)));
    let all = counted(slo(0.9).correction(Correction::exclude(minute, "")));
    assert_eq!((all.budget(), all.is_kept(), all.slices.unwrap().excluded), (None, None, 1));
}

/// The same hour every Sunday, by the clock of a zone: also when it is summer, and when clocks are changed in it.
#[test]
fn a28_recurring() {
    let recurring =
        |of: &str, hour, weekdays| Recurring { weekdays, hour, minute: 30, length: secs(HOUR), zone: zone(of) };
    let within = |recurring: Recurring, over: &str| -> Vec<String> {
        let over: Interval = over.parse().unwrap();
        Correction::exclude(recurring, "").within(over).iter().map(ToString::to_string).collect()
    };
    let october = "2026-10-17T00:00:00Z/2026-11-02T00:00:00Z";
    assert_eq!(
        within(recurring("Europe/Berlin", 3, vec![Weekday::Sunday]), october),
        [
            "2026-10-18T01:30:00Z/2026-10-18T02:30:00Z",
            "2026-10-25T02:30:00Z/2026-10-25T03:30:00Z",
            "2026-11-01T02:30:00Z/2026-11-01T03:30:00Z",
        ]
    );
    // 02:30 comes twice on 25 October: the first. On 29 March it does not come: it begins when the gap ends.
    assert_eq!(
        within(recurring("Europe/Berlin", 2, vec![Weekday::Sunday]), "2026-10-25T00:00:00Z/2026-10-26T00:00:00Z"),
        ["2026-10-25T00:30:00Z/2026-10-25T01:30:00Z"]
    );
    assert_eq!(
        within(recurring("Europe/Berlin", 2, vec![]), "2026-03-29T00:00:00Z/2026-03-29T12:00:00Z"),
        ["2026-03-29T01:00:00Z/2026-03-29T02:00:00Z"]
    );
    // One that began the day before reaches in.
    assert_eq!(
        within(recurring("UTC", 23, vec![]), "2026-03-29T00:00:00Z/2026-03-29T12:00:00Z"),
        ["2026-03-29T00:00:00Z/2026-03-29T00:30:00Z"]
    );
}

/// Maintenance wakes nobody, and goes on being recorded.
#[test]
fn a28_mutes() {
    let now = MONDAY + 40 * DAY;
    let mut log = Log::default();
    for second in (0..2 * HOUR).step_by(10) {
        log.add(now - second, 0, 10);
    }
    // Judged an hour into trouble; the maintenance begins now.
    let severity = |slo: &Slo| judge_past(slo, &log, at(now)).unwrap();
    let plain = severity(&slo(0.999));
    assert!(plain.severity.is_some() && plain.evidence.muted.is_none());
    let begins = span(now - 10, now + MINUTE);
    let muted = severity(&slo(0.999).correction(Correction::exclude(begins, "new disks")));
    assert_eq!((muted.severity, muted.evidence.muted.as_deref()), (None, Some("new disks")));
    assert!(muted.evidence.clauses.iter().any(bellwether_slo::Clause::holds));
    assert_eq!(target(0.999), slo(0.999).target);
}
