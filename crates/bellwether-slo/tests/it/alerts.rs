//! Rules A4 to A14, A34: when the budget is spent too fast.

use std::time::Duration;

use bellwether_slo::{
    Alerting, Budgeting, BurnRule, Clause, Counted, Detection, Interval, Period, Ratio, Scaling, Severity, Share, Sli,
    Slo, judge,
};

use crate::log::{DAY, HOUR, MINUTE, at, secs, slo, target};

const MONTH: Duration = Duration::from_secs(30 * DAY);

/// What was counted, each second: so many events, and from when to when how many of them were bad.
struct Traffic {
    per_second: u64,
    since: u64,
    bad: Vec<(u64, u64, u64)>,
}

impl Counted for Traffic {
    fn counted(&self, over: Interval) -> (Sli, Interval) {
        let (start, end) = (over.start.unix_nanos().div_ceil(1_000_000_000), over.end.unix_nanos() / 1_000_000_000);
        let seconds = |from: u64, to: u64| to.min(end).saturating_sub(from.max(start));
        let total = seconds(self.since, u64::MAX) * self.per_second;
        let bad: u64 = self.bad.iter().map(|(from, to, of)| seconds(*from, *to) * of).sum();
        (Sli::new(total - bad, total), over)
    }
}

const T0: u64 = 1_000 * DAY;

fn clauses(slo: &Slo, traffic: &Traffic, now: u64) -> Vec<Clause> {
    let rules = slo.alerting.rules_of(slo).unwrap();
    judge(slo, &rules, traffic, 0, at(now), None).evidence.clauses
}

fn severity(slo: &Slo, traffic: &Traffic, now: u64) -> Option<Severity> {
    judge(slo, &slo.alerting.rules_of(slo).unwrap(), traffic, 0, at(now), None).severity
}

fn factors(period: Duration) -> Vec<String> {
    BurnRule::WORKBOOK.iter().map(|rule| format!("{:.4}", rule.factor(period).to_f64())).collect()
}

/// The factor is the share of the budget times how often the window goes into the period: the workbook's table for 30 days,
/// sloth's for 28, and what the same shares are for a week and a quarter.
#[test]
fn a04_factors() {
    assert_eq!(factors(MONTH), ["14.4000", "6.0000", "3.0000", "1.0000"]);
    assert_eq!(factors(secs(28 * DAY)), ["13.4400", "5.6000", "2.8000", "0.9333"]);
    assert_eq!(factors(secs(7 * DAY)), ["3.3600", "1.4000", "0.7000", "0.2333"]);
    assert_eq!(factors(secs(90 * DAY)), ["43.2000", "18.0000", "9.0000", "3.0000"]);
    // Another vendor's: 10, 20 and 40 % of a week; 1, 3 and 5 % of 90 days.
    let factor = |share: f64, hours: u64, days: u64| {
        let long = secs(hours * HOUR);
        let rule = BurnRule { budget: Share::new(share).unwrap(), long, ..BurnRule::FAST };
        rule.factor(secs(days * DAY)).to_f64()
    };
    assert_eq!([factor(0.1, 1, 7), factor(0.2, 6, 7), factor(0.4, 24, 7)], [16.8, 5.6, 2.8]);
    assert_eq!([factor(0.01, 1, 90), factor(0.03, 6, 90), factor(0.05, 24, 90)], [21.6, 10.8, 4.5]);
}

/// The table of the Site Reliability Workbook, with the row its rules have and its table 5-8 has not; and that of sloth
/// (`google-30d.yaml`, `google-28d.yaml`), whose windows stay and whose factors change.
#[test]
fn a04_tables() {
    let row = |rule: &BurnRule, period: Duration| {
        let BurnRule { name, severity, budget, long, short } = rule;
        format!("{name} {severity} {budget} {long:?} {short:?} {}", rule.factor(period))
    };
    let table = |slo: &Slo| -> Vec<String> {
        let rules = slo.alerting.rules_of(slo).unwrap();
        rules.iter().map(|rule| row(rule, slo.period.nominal())).collect()
    };
    let workbook = slo(0.999);
    insta::assert_snapshot!(table(&workbook).join("\n"), @r"
    page-quick page 0.02 3600s 300s 72/5
    page-slow page 0.05 21600s 1800s 6
    ticket-quick ticket 0.1 86400s 7200s 3
    ticket-slow ticket 0.1 259200s 21600s 1
    ");
    assert!(BurnRule::WORKBOOK.iter().all(|rule| rule.short * 12 == rule.long));
    // Sloth's 28 days have a last row that would be true while the budget lasts: it is refused unless left out by name.
    let alerting = Alerting::default().scaling(Scaling::Factors).without("ticket-slow");
    let sloth = slo(0.999).period(Period::days(28).unwrap()).alerting(alerting);
    insta::assert_snapshot!(table(&sloth).join("\n"), @r"
    page-quick page 0.02 3600s 300s 336/25
    page-slow page 0.05 21600s 1800s 28/5
    ticket-quick ticket 0.1 86400s 7200s 14/5
    ");
    let quarter = slo(0.999).period(Period::days(90).unwrap());
    insta::assert_snapshot!(table(&quarter).join("\n"), @r"
    page-quick page 0.02 10800s 900s 72/5
    page-slow page 0.05 64800s 5400s 6
    ticket-quick ticket 0.1 259200s 21600s 3
    ticket-slow ticket 0.1 777600s 64800s 1
    ");
}

/// A factor below 1 is refused, by name.
#[test]
fn a05_sustainable() {
    let week = slo(0.999).period(Period::days(7).unwrap()).alerting(Alerting::default().scaling(Scaling::Factors));
    insta::assert_snapshot!(week.check().unwrap_err(), @r#"objective "all": burn rule ticket-quick (1d and 2h): its factor of 0.700 is below 1, so it would be true while the budget lasts; leave it out by without("ticket-quick"), or change its budget or its windows"#);
    let without = Alerting::default().scaling(Scaling::Factors).without("ticket-quick").without("ticket-slow");
    slo(0.999).period(Period::days(7).unwrap()).alerting(without).check().unwrap();
    // Scaled windows are feasible for any period.
    for days in [1, 7, 28, 30, 90, 365] {
        slo(0.999).period(Period::days(days).unwrap()).check().unwrap();
    }
}

/// A rule that even a total outage would not make true is refused, by name: the floors are 93.06, 83.33 and 66.67 %.
#[test]
fn a06_feasible() {
    insta::assert_snapshot!(slo(0.9).check().unwrap_err(), @r#"objective "all": burn rule page-quick (1h and 5m): it needs 144.0 % of events to be bad, which never happens with a target of 0.9; leave it out by without("page-quick"), or change its budget or its windows"#);
    let ok = |of: f64, without: &[&str]| {
        let alerting = without.iter().fold(Alerting::default(), |alerting, name| alerting.without(*name));
        slo(of).alerting(alerting).check().is_ok()
    };
    assert!(ok(0.9306, &[]) && !ok(0.9305, &[]));
    assert!(ok(0.8334, &["page-quick"]) && !ok(0.8333, &["page-quick"]));
    assert!(ok(0.6667, &["page-quick", "page-slow"]) && !ok(0.6666, &["page-quick", "page-slow"]));
    assert!(ok(0.5, &["page-quick", "page-slow", "ticket-quick"]));
    let unknown = slo(0.999).alerting(Alerting::default().without("page-fats")).check().unwrap_err();
    insta::assert_snapshot!(unknown, @r#"objective "all": there is no burn rule "page-fats" to leave out; there are page-quick, page-slow, ticket-quick, ticket-slow"#);
    let fast = slo(0.9999).alerting(Alerting::default().rule(BurnRule::FAST));
    fast.check().unwrap();
}

/// When a page is due, the ticket that is due too is not told of beside it.
#[test]
fn a07_page_covers_ticket() {
    let outage = Traffic { per_second: 100, since: 0, bad: vec![(T0, u64::MAX, 100)] };
    let now = T0 + 2 * HOUR;
    let firing = clauses(&slo(0.999), &outage, now);
    assert!(firing.iter().all(Clause::holds));
    assert_eq!(severity(&slo(0.999), &outage, now), Some(Severity::Page));
    // Later than the pages' short windows, the tickets remain.
    let over = Traffic { bad: vec![(T0, now, 100)], ..outage };
    assert_eq!(severity(&slo(0.999), &over, now + HOUR), Some(Severity::Ticket));
}

/// A window that no slice fits into could say nothing.
#[test]
fn windows_of_slices() {
    let slices = |slice| slo(0.999).budgeting(Budgeting::RatioTimeslices { slice: secs(slice) });
    let shorts = |slice| -> Vec<u64> {
        let slo = slices(slice);
        slo.alerting.rules_of(&slo).unwrap().iter().map(|rule| rule.short.as_secs() / MINUTE).collect()
    };
    assert_eq!(shorts(MINUTE), [5, 30, 120, 360]);
    assert_eq!(shorts(10 * MINUTE), [10, 30, 120, 360]);
    insta::assert_snapshot!(slices(HOUR).check().unwrap_err(), @r#"objective "all": burn rule page-quick (1h and 1h): its long window must be longer than a slice, which is 1h; leave it out by without("page-quick"), or change its budget or its windows"#);
    slices(HOUR).alerting(Alerting::default().without("page-quick")).check().unwrap();
}

/// The first second at which a rule is true, by trying each.
fn first(slo: &Slo, traffic: &Traffic, rule: usize, from: u64, holds: bool) -> Option<u64> {
    (from..from + 3 * DAY)
        .find(|now| clauses(slo, traffic, *now).get(rule).unwrap().holds() == holds)
        .map(|now| now - from)
}

/// A total outage of 99.9 % is paged after 51.84 s; 15 % of failures after 345.6 s.
#[test]
fn a08_detection() {
    let [quick, slow, _, ticket] = &BurnRule::WORKBOOK;
    let after = |rule: &BurnRule, num: i128, den: i128| {
        rule.detection_time(MONTH, target(0.999), Ratio::new(num, den).unwrap()).map(|after| after.as_secs_f64())
    };
    assert_eq!(after(quick, 1, 1), Some(51.84));
    assert_eq!(after(quick, 15, 100), Some(345.6));
    assert_eq!(after(slow, 1, 1), Some(129.6));
    assert_eq!(after(ticket, 1, 1), Some(259.2));
    assert_eq!(after(quick, 144, 10_000), None);

    // The judge is true at the first tick after that, by burn rate and by share of the budget alike.
    for detection in [Detection::BurnRate, Detection::BudgetShare] {
        let slo = slo(0.999).alerting(Alerting::default().detection(detection));
        let outage = Traffic { per_second: 100, since: 0, bad: vec![(T0, u64::MAX, 100)] };
        assert_eq!(first(&slo, &outage, 0, T0, true), Some(52));
        assert_eq!(first(&slo, &outage, 1, T0, true), Some(130));
        assert_eq!(first(&slo, &outage, 3, T0, true), Some(260));
        let partly = Traffic { per_second: 100, since: 0, bad: vec![(T0, u64::MAX, 15)] };
        assert_eq!(first(&slo, &partly, 0, T0, true), Some(346));
    }
}

/// Exactly the factor is not beyond it.
#[test]
fn a08_beyond() {
    for detection in [Detection::BurnRate, Detection::BudgetShare] {
        let slo = slo(0.999).alerting(Alerting::default().detection(detection));
        let steady = |bad| Traffic { per_second: 10_000, since: 0, bad: vec![(0, u64::MAX, bad)] };
        let holds = |bad| clauses(&slo, &steady(bad), T0)[0].holds();
        assert!(!holds(144) && holds(145));
    }
}

/// By then, two percent of the budget are spent.
#[test]
fn a09_spent_when_true() {
    for rule in &BurnRule::WORKBOOK {
        for failures in [Ratio::ONE, Ratio::new(1, 2).unwrap()] {
            let after = rule.detection_time(MONTH, target(0.999), failures).unwrap();
            let bad = after.as_secs_f64() * failures.to_f64();
            let spent = bad / (MONTH.as_secs_f64() * 0.001);
            assert!((spent - rule.budget.ratio().to_f64()).abs() < 1e-12, "{spent} {rule:?}");
        }
    }
}

/// After an outage longer than the short window, the rule lets go after 295.68 s, or 1789.2 s.
#[test]
fn a10_reset() {
    let [quick, slow, ..] = &BurnRule::WORKBOOK;
    assert_eq!(quick.reset_time(MONTH, target(0.999)), Some(Duration::from_millis(295_680)));
    assert_eq!(slow.reset_time(MONTH, target(0.999)), Some(Duration::from_millis(1_789_200)));
    let ended = T0 + 10 * MINUTE;
    let outage = Traffic { per_second: 100, since: 0, bad: vec![(T0, ended, 100)] };
    let slo = slo(0.999).alerting(Alerting::default().detection(Detection::BurnRate));
    assert_eq!(first(&slo, &outage, 0, ended, false), Some(296));
    // An outage of ten minutes is below the slow rule's half hour, so that a longer one is needed to see its reset.
    let ended = T0 + HOUR;
    let outage = Traffic { per_second: 100, since: 0, bad: vec![(T0, ended, 100)] };
    assert_eq!(first(&slo, &outage, 1, ended, false), Some(1790));
}

/// Spikes of five minutes in ten are seen, since no rule waits longer than its short window.
#[test]
fn spikes() {
    let bad = (0..6).map(|spike| (T0 + spike * 10 * MINUTE, T0 + spike * 10 * MINUTE + 5 * MINUTE, 100)).collect();
    let spikes = Traffic { per_second: 100, since: 0, bad };
    for spike in 0..6 {
        assert_eq!(severity(&slo(0.999), &spikes, T0 + spike * 10 * MINUTE + 5 * MINUTE), Some(Severity::Page));
    }
}

/// Ten requests an hour, one fails: a tenth of that hour, and 13.9 % of the budget of 30 days. A hundred times the promise,
/// not a thousand.
#[test]
fn a12_low_traffic() {
    let sli = Sli::new(9, 10);
    assert_eq!(sli.burn_rate(target(0.999)), Some(Ratio::from(100)));
    let budget = Ratio::from(10 * 720).checked_mul(target(0.999).budget()).unwrap();
    assert_eq!(Ratio::ONE.checked_div(budget).unwrap().percent(1), "13.8");
}

/// Against the budget of the period, the night's one failure is small. By steady traffic both forms are the same.
#[test]
fn a13_budget_share() {
    // A hundred a second by day; then one each ten seconds, of which six fail.
    struct Night;
    impl Counted for Night {
        fn counted(&self, over: Interval) -> (Sli, Interval) {
            let length = over.length().as_secs();
            let day = length.saturating_sub(6 * HOUR);
            let night = length.min(6 * HOUR);
            let bad = if length >= 60 { 6 } else { 0 };
            (Sli::new(day * 100 + night / 10 - bad, day * 100 + night / 10), over)
        }
    }
    let judged = |detection| {
        let slo = slo(0.999).alerting(Alerting::default().detection(detection));
        judge(&slo, &slo.alerting.rules_of(&slo).unwrap(), &Night, 0, at(T0), None).severity
    };
    assert_eq!(judged(Detection::BurnRate), Some(Severity::Page));
    assert_eq!(judged(Detection::BudgetShare), None);

    // A young series: its hour stands for the period, so its budget is not taken for smaller than it will be.
    let young = Traffic { per_second: 1, since: T0 - HOUR, bad: vec![(T0 - 100, T0, 1)] };
    let quick = &clauses(&slo(0.999), &young, T0)[0];
    // 100 > 0.02 × 0.001 × 3600 × 720 = 51.84
    assert!(quick.holds());
    let fewer = Traffic { bad: vec![(T0 - 51, T0, 1)], ..young };
    assert!(!clauses(&slo(0.999), &fewer, T0)[0].holds());
}

/// Three of three on an idle route are a page, one alone is not; a least number of events can be asked for.
#[test]
fn a14_floor_on_bad() {
    let idle = |bad: u64| Traffic { per_second: 1, since: T0 - bad, bad: vec![(T0 - bad, T0, 1)] };
    let firing = |slo: &Slo, bad| clauses(slo, &idle(bad), T0)[0].holds();
    let by_default = slo(0.999);
    assert!(firing(&by_default, 3) && firing(&by_default, 2) && !firing(&by_default, 1));
    let clause = &clauses(&by_default, &idle(1), T0)[0];
    assert!(clause.long.holds && clause.short.holds && !clause.enough);
    assert!(firing(&slo(0.999).alerting(Alerting::default().min_bad(1)), 1));
    let busy = slo(0.999).alerting(Alerting::default().min_events(4));
    assert!(!firing(&busy, 3) && firing(&busy, 4));
}

/// How long a series may be missing: 50.4 s of a factor of 14 and two minutes make three whole ones.
#[test]
fn a34_absence() {
    let rule = BurnRule { budget: Share::new(0.020833333333).unwrap(), ..BurnRule::WORKBOOK[0].clone() };
    let period = secs(28 * DAY);
    let outage = rule.detection_time(period, target(0.999), Ratio::ONE).unwrap();
    assert_eq!(outage.as_millis(), 50_399);
    assert_eq!(rule.absence_after(period, target(0.999), secs(120)), secs(180));
    assert_eq!(BurnRule::WORKBOOK[0].absence_after(MONTH, target(0.999), secs(0)), secs(60));
}

/// The fast tier sees 99.99 % broken within seconds.
#[test]
fn fast_tier() {
    let slo = slo(0.9999).alerting(Alerting::default().rule(BurnRule::FAST));
    let outage = Traffic { per_second: 100, since: 0, bad: vec![(T0, u64::MAX, 100)] };
    let fast = slo.alerting.rules_of(&slo).unwrap().iter().position(|rule| rule.name == "page-fast").unwrap();
    // 216 × 0.0001 × 120 s = 2.592 s, against 5.184 s of the hour's rule.
    assert_eq!(first(&slo, &outage, fast, T0, true), Some(3));
    assert_eq!(first(&slo, &outage, 0, T0, true), Some(6));
}
