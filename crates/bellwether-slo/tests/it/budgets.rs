//! Rules A1 to A3, A15, A21: burn, budget, evidence, and how they are shown.

use bellwether_core::Outcome;
use bellwether_slo::{
    Dimension, ErrorBudget, Expressions, Interval, Ratio, Sli, Slo, Spending, Status, Verdict, Why, judge_past,
    measure, spending,
};
use proptest::prelude::*;

use crate::log::{DAY, Event, Log, at, secs, slo, span, target};

fn ratio(num: i128, den: i128) -> Ratio {
    Ratio::new(num, den).unwrap()
}

/// Burn rate is the failure ratio over 1 − target, and nothing without events.
#[test]
fn a01_burn() {
    let burn = |good, total, of: f64| Sli::new(good, total).burn_rate(target(of));
    assert_eq!(burn(999, 1000, 0.999), Some(Ratio::ONE));
    assert_eq!(burn(985, 1000, 0.999), Some(Ratio::from(15)));
    assert_eq!(burn(0, 7, 0.9), Some(Ratio::from(10)));
    assert_eq!(burn(7, 7, 0.9), Some(Ratio::ZERO));
    assert_eq!(burn(0, 0, 0.9), None);

    let idle: Verdict = judge_past(&slo(0.999), &Log::default(), at(100 * DAY)).unwrap();
    assert_eq!(idle.status, Status::Unknown(Why::NoTraffic));
    assert_eq!((idle.severity, idle.evidence.burn_rate, idle.evidence.budget), (None, None, None));
}

proptest! {
    /// Nothing that is not a number leaves, whatever goes in.
    #[test]
    fn a01_no_nan(good: u64, total: u64, units in 1_u64..1_000_000) {
        let of = target(units as f64 / 1e6);
        let sli = Sli::new(good, total);
        let floats = [sli.burn_rate(of).map(Ratio::to_f64), sli.ratio().map(Ratio::to_f64), sli.failure_interval().map(|(low, _)| low), sli.failure_interval().map(|(_, high)| high)];
        prop_assert!(floats.iter().flatten().all(|float| float.is_finite()));
        if let Some((low, high)) = sli.failure_interval() {
            let ratio = sli.failure_ratio().unwrap().to_f64();
            prop_assert!(0.0 <= low && low <= ratio && ratio <= high && high <= 1.0, "{low} {ratio} {high}");
        }
        let budget = ErrorBudget::new(sli, of);
        prop_assert_eq!(budget.is_kept(), budget.left >= Ratio::ZERO);
        // Decided as whole numbers decide it: bad × 10⁶ ≤ total × budget.
        let bad = u128::from(sli.bad()) * 1_000_000;
        prop_assert_eq!(budget.is_kept(), bad <= u128::from(total) * u128::from(1_000_000 - units));
    }

    /// Fractions compare as 256-bit products would, and never overflow.
    #[test]
    fn a21_ratios_compare(a in -1_000_000_i64..1_000_000, b in 1_i64..1_000_000, c in -1_000_000_i64..1_000_000, d in 1_i64..1_000_000) {
        let expected = (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b)));
        prop_assert_eq!(ratio(a.into(), b.into()).cmp(&ratio(c.into(), d.into())), expected);
        let huge = |num: i64, den: i64| ratio(i128::from(num) * ((1 << 100) - 1), i128::from(den) * ((1 << 100) + 1));
        prop_assert_eq!(huge(a, b).cmp(&huge(c, d)), expected);
    }
}

/// What is left may be less than nothing, and is not cut there.
#[test]
fn a02_remaining() {
    let remaining = |good, total, of| ErrorBudget::new(Sli::new(good, total), target(of)).remaining();
    assert_eq!(remaining(1000, 1000, 0.99), Some(Ratio::ONE));
    assert_eq!(remaining(995, 1000, 0.99), Some(ratio(1, 2)));
    assert_eq!(remaining(990, 1000, 0.99), Some(Ratio::ZERO));
    assert_eq!(remaining(0, 1000, 0.99), Some(Ratio::from(100).checked_sub(Ratio::from(199)).unwrap()));
    assert_eq!(remaining(0, 0, 0.99), None);
    // (SLI − T) ÷ (1 − T), the other way to say it.
    let (sli, of) = (ratio(987, 1000), target(0.99));
    let other = sli.checked_sub(of.ratio()).unwrap().checked_div(of.budget());
    assert_eq!(remaining(987, 1000, 0.99), other);
}

/// A whole budget of 30 days lasts 50 hours at 14.4, not two.
#[test]
fn a03_time_to_exhaustion() {
    let whole = ErrorBudget::new(Sli::new(1000, 1000), target(0.99));
    let month = secs(30 * DAY);
    assert_eq!(whole.time_to_exhaustion(ratio(144, 10), month), Some(secs(50 * 3600)));
    assert_eq!(whole.time_to_exhaustion(Ratio::ONE, month), Some(month));
    assert_eq!(whole.time_to_exhaustion(Ratio::ZERO, month), None);
    let half = ErrorBudget::new(Sli::new(995, 1000), target(0.99));
    assert_eq!(half.time_to_exhaustion(Ratio::ONE, month), Some(secs(15 * DAY)));
    let gone = ErrorBudget::new(Sli::new(900, 1000), target(0.99));
    assert_eq!(gone.time_to_exhaustion(Ratio::ONE, month), Some(secs(0)));
}

/// One of ten is somewhere between 2 and 40 %.
#[test]
fn a15_evidence() {
    let interval = |bad: u64, total: u64| {
        let (low, high) = Sli::new(total - bad, total).failure_interval().unwrap();
        format!("{:.1}..{:.1}", low * 100.0, high * 100.0)
    };
    assert_eq!(interval(1, 10), "1.8..40.4");
    assert_eq!(interval(2, 2), "34.2..100.0");
    assert_eq!(interval(0, 10), "0.0..27.8");
    assert_eq!(Sli::new(0, 0).failure_interval(), None);
    // A budget of less than one event says nothing.
    assert!(Sli::new(999, 999).is_too_few(target(0.999)));
    assert!(!Sli::new(1000, 1000).is_too_few(target(0.999)));
    assert!(Sli::default().is_too_few(target(0.5)));

    let mut log = Log::default();
    log.add(100 * DAY - 10, 998, 0);
    let evidence = |log: &Log| judge_past(&slo(0.999), log, at(100 * DAY)).unwrap().evidence;
    // A young service: its hour stands for the whole period.
    assert!(!evidence(&log).too_few);
    log.events.truncate(1);
    assert!(evidence(&log).too_few);
}

/// What falls short of a target is never shown as reaching it.
#[test]
fn a21_rounding() {
    assert_eq!(ratio(998_999, 1_000_000).percent(2), "99.89");
    assert_eq!(ratio(999, 1000).percent(2), "99.90");
    assert_eq!(ratio(99_999_999, 100_000_000).percent(3), "99.999");
    assert_eq!(ratio(2, 3).percent(0), "66");
    assert_eq!(Ratio::ONE.percent(1), "100.0");
    assert_eq!(ratio(-1, 3).percent(2), "-33.34");
    assert_eq!(ratio(-3, 10).percent(0), "-30");
    assert_eq!(ratio(1, (1 << 126) - 1).percent(2), "0.00");
    // Decided on whole numbers: floats would call these equal.
    let sli = Sli::new(999_000_000_000_000_000 - 1, 1_000_000_000_000_000_000);
    assert_eq!(sli.ratio().unwrap().to_f64(), 0.999);
    assert!(!ErrorBudget::new(sli, target(0.999)).is_kept());
    assert!(ErrorBudget::new(Sli::new(sli.good + 1, sli.total), target(0.999)).is_kept());
}

/// Who spent it: the greatest first, what is left over together, and all of it adding up.
#[test]
fn spenders() {
    let mut log = Log::default();
    let mut add = |route, outcome, error, times: usize| {
        let event = Event { at: at(100), outcome, route, seconds: 0.1, error };
        log.events.extend(vec![event; times]);
    };
    add("/a", Outcome::Success, "", 900);
    add("/a", Outcome::Failure, "500", 2);
    add("/pay", Outcome::Failure, "504", 62);
    add("/b", Outcome::Rejected, "overload", 20);
    add("/c", Outcome::Failure, "500", 16);
    add("/c", Outcome::Cancelled, "client", 50);
    let over = span(0, 200);
    let budget = measure(&slo(0.95), &log, over).unwrap().budget().unwrap();
    assert_eq!((budget.allowed, budget.spent), (Ratio::from(50), Ratio::from(100)));
    let by = |dimension, limit| spending(&slo(0.95), &log, dimension, over, Some(&budget), limit).unwrap();
    let told = |Spending { spenders, others, bad, .. }: Spending| {
        let one = |spender: &bellwether_slo::Spender| {
            let of_budget = spender.of_budget.unwrap().percent(0);
            format!("{} {} {}% {of_budget}%", spender.name, spender.bad, spender.share.percent(0))
        };
        assert_eq!(spenders.iter().map(|spender| spender.bad).sum::<u64>() + others, bad);
        format!("{}; others {others} of {bad}", spenders.iter().map(one).collect::<Vec<_>>().join(", "))
    };
    insta::assert_snapshot!(told(by(Dimension::Route, 2).unwrap()), @"/pay 62 62% 124%, /b 20 20% 40%; others 18 of 100");
    insta::assert_snapshot!(told(by(Dimension::ErrorKind, 9).unwrap()), @"504 62 62% 124%, overload 20 20% 40%, 500 18 18% 36%; others 0 of 100");
    insta::assert_snapshot!(told(by(Dimension::Outcome, 1).unwrap()), @"failure 80 80% 160%; others 20 of 100");
    assert_eq!(by(Dimension::Release, 5), None);
    let none = Spending::of(Dimension::Route, Vec::new(), None, 5);
    assert_eq!((none.spenders.len(), none.bad), (0, 0));
}

/// A source that cannot answer is an error that says for which objective and why.
#[test]
fn unanswered() {
    let ratio = Slo::promql("ratio", Expressions::Ratio("a / b".into()), target(0.95));
    let error = measure(&ratio, &Log::default(), span(0, 60)).unwrap_err();
    insta::assert_snapshot!(error, @r#"objective "ratio": this source cannot evaluate "a / b": it knows no PromQL"#);
    let error = judge_past(&ratio, &Log::default(), at(100 * DAY)).unwrap_err();
    insta::assert_snapshot!(error, @r#"objective "ratio": this source cannot evaluate "a / b": it knows no PromQL"#);
    // Nothing is nothing, not an error.
    let nothing = measure(&slo(0.9), &Log::default(), Interval::new(at(5), at(5))).unwrap();
    assert_eq!((nothing.ratio(), nothing.budget(), nothing.is_kept()), (None, None, None));
}
