//! Rules A16 to A20: the ways good and bad add up.

use bellwether_core::Outcome;
use bellwether_slo::{Apdex, Budgeting, Empty, Interval, Measurement, Ratio, Share, Sli, Slices, Slo, measure};
use proptest::prelude::*;

use crate::log::{Event, Log, at, secs, slo, span, target};

const T0: u64 = 1_000_000 * 60;

fn timeslices(good_from: f64) -> Budgeting {
    Budgeting::Timeslices { slice: secs(60), good_from: Share::new(good_from).unwrap() }
}

const RATIOS: Budgeting = Budgeting::RatioTimeslices { slice: std::time::Duration::from_secs(60) };

/// A log of minutes, each with good events and all.
fn minutes(counts: &[(u64, u64)]) -> Log {
    let mut log = Log::default();
    for (minute, (good, total)) in (1..).zip(counts) {
        log.add(T0 + minute * 60, *good, total - good);
    }
    log
}

fn over(counts: &[(u64, u64)]) -> Interval {
    span(T0, T0 + counts.len() as u64 * 60)
}

fn burnt(measured: &Measurement) -> String {
    let budget = measured.budget().unwrap();
    budget.spent.checked_div(budget.allowed).unwrap().percent(2)
}

/// One log, three methods, three verdicts.
#[test]
fn a16_methods() {
    let good = [2, 10, 12, 13, 13, 12, 13, 13, 12, 11];
    let total = [4, 10, 12, 13, 14, 15, 14, 13, 12, 11];
    let counts: Vec<(u64, u64)> = good.into_iter().zip(total).collect();
    let log = minutes(&counts);
    let by = |budgeting| measure(&slo(0.95).budgeting(budgeting), &log, over(&counts)).unwrap();
    let (events, slices, ratios) = (by(Budgeting::Occurrences), by(timeslices(0.95)), by(RATIOS));
    assert_eq!(events.counted(), Sli::new(111, 118));
    assert_eq!((events.ratio().unwrap().percent(4), burnt(&events)), ("94.0677".to_owned(), "118.64".to_owned()));
    assert_eq!(slices.counted(), Sli::new(6, 10));
    assert_eq!((slices.ratio().unwrap().percent(4), burnt(&slices)), ("60.0000".to_owned(), "800.00".to_owned()));
    assert_eq!((ratios.ratio().unwrap().percent(4), burnt(&ratios)), ("91.5714".to_owned(), "168.57".to_owned()));
    assert_eq!(ratios.ratio(), Ratio::new(641, 700));
    assert_eq!([events.is_kept(), slices.is_kept(), ratios.is_kept()], [Some(false); 3]);
}

/// Quiet slices drown what busy ones suffered.
#[test]
fn a17_mean_of_ratios() {
    let mut counts = vec![(99, 100); 96];
    counts.extend(vec![(1, 1); 192]);
    let log = minutes(&counts);
    let by = |budgeting| measure(&slo(0.95).budgeting(budgeting), &log, over(&counts)).unwrap().ratio().unwrap();
    let bad = |ratio: Ratio| Ratio::ONE.checked_sub(ratio).unwrap().percent(3);
    assert_eq!((bad(by(Budgeting::Occurrences)), bad(by(RATIOS))), ("0.980".to_owned(), "0.333".to_owned()));
}

/// A week of minutes at 99.95 % allows 5.04: five are kept, the sixth breaks it.
#[test]
fn a18_slices_of_a_week() {
    let week = 7 * 24 * 60;
    let with = |bad: usize| {
        let slices = Slices::of_all_groups(&[(0..week).map(|at| (minute(at), at >= bad)).collect()]).unwrap();
        bellwether_slo::ErrorBudget::new(slices.sli(), target(0.9995))
    };
    assert_eq!(with(5).allowed, Ratio::new(504, 100).unwrap());
    assert!(with(5).is_kept() && !with(6).is_kept());
}

fn minute(at: usize) -> Interval {
    span(T0 + at as u64 * 60, T0 + at as u64 * 60 + 60)
}

/// Each policy for slices without traffic, and for those in which the process was gone.
#[test]
fn a18_policies() {
    let counts = [(10, 10), (0, 10), (0, 0), (0, 0), (10, 10), (0, 0)];
    let log = minutes(&counts);
    let sli = |policy| {
        let slo = slo(0.9).budgeting(timeslices(0.9)).no_traffic(policy);
        measure(&slo, &log, over(&counts)).unwrap().counted()
    };
    assert_eq!(sli(Empty::Good), Sli::new(5, 6));
    assert_eq!(sli(Empty::Bad), Sli::new(2, 6));
    assert_eq!(sli(Empty::Skip), Sli::new(2, 3));
    assert_eq!(sli(Empty::CarryLast), Sli::new(3, 6));

    let mut log = minutes(&[(10, 10); 10]);
    log.events.retain(|event| event.at <= at(T0 + 4 * 60));
    log.unknown = vec![span(T0 + 4 * 60, T0 + 6 * 60)];
    log.stopped = vec![span(T0 + 6 * 60, T0 + 9 * 60)];
    let measured = |slo: Slo| measure(&slo.budgeting(timeslices(0.9)), &log, over(&[(0, 0); 10])).unwrap();
    let base = measured(slo(0.9));
    assert_eq!((base.counted(), base.slices.as_ref().unwrap().skipped), (Sli::new(5, 5), 5));
    assert_eq!(base.coverage.unknown, secs(120));
    assert_eq!(base.coverage.stopped, secs(180));
    assert_eq!(base.coverage.known, secs(300));
    assert_eq!(measured(slo(0.9).unknown(Empty::Bad)).counted(), Sli::new(5, 7));
    assert_eq!(measured(slo(0.9).stopped(Empty::Bad)).counted(), Sli::new(5, 8));
    assert_eq!(measured(slo(0.9).stopped(Empty::Good).unknown(Empty::Bad)).counted(), Sli::new(8, 10));
    // Half a minute known and half not is a minute without traffic; a second less, and it is an unknown one.
    let half = |known: u64| {
        let log = Log { unknown: vec![span(T0 + known, T0 + 60)], ..Log::default() };
        let slo = slo(0.9).budgeting(timeslices(0.9)).unknown(Empty::Bad);
        measure(&slo, &log, span(T0, T0 + 60)).unwrap().counted()
    };
    assert_eq!((half(30), half(29)), (Sli::new(1, 1), Sli::new(0, 1)));
}

proptest! {
    /// Together, groups are never better than the worst of them.
    #[test]
    fn a18_groups(groups in prop::collection::vec(prop::collection::vec(any::<bool>(), 30), 1..5)) {
        let groups: Vec<Vec<(Interval, bool)>> =
            groups.into_iter().map(|group| group.into_iter().enumerate().map(|(at, good)| (minute(at), good)).collect()).collect();
        let all = Slices::of_all_groups(&groups).unwrap();
        let worst = groups.iter().map(|group| group.iter().filter(|(_, good)| *good).count()).min().unwrap();
        let expected = (0..30).filter(|at| groups.iter().all(|group| group[*at].1)).count();
        prop_assert_eq!(all.good, expected as u64);
        prop_assert!(all.good <= worst as u64);
        prop_assert_eq!(all.uptime(), Ratio::new(all.good, 30));
    }

    /// The mean of ratios is that of exact fractions, however its parts are put together, and is decided exactly.
    #[test]
    fn a16_ratios_are_exact(counts in prop::collection::vec((0_u64..40, 1_u64..40), 1..40), cut in 0_usize..40) {
        let counts: Vec<(u64, u64)> = counts.into_iter().map(|(good, total)| (good.min(total), total)).collect();
        let log = minutes(&counts);
        let whole = over(&counts);
        let middle = at(T0 + cut.min(counts.len()) as u64 * 60);
        let slo = slo(0.95).budgeting(RATIOS);
        let all = measure(&slo, &log, whole).unwrap();
        let one = measure(&slo, &log, Interval::new(whole.start, middle)).unwrap();
        let parts = one.followed_by(&measure(&slo, &log, Interval::new(middle, whole.end)).unwrap());
        prop_assert_eq!(&parts, &all);
        let mean = counts.iter().map(|(good, total)| Ratio::new(*good, *total).unwrap())
            .try_fold(Ratio::ZERO, Ratio::checked_add)
            .and_then(|sum| sum.checked_div(Ratio::from(counts.len() as u64)));
        if let Some(mean) = mean {
            prop_assert_eq!(all.ratio(), Some(mean));
            prop_assert_eq!(all.is_kept(), Some(mean >= slo.target.ratio()));
        }
    }
}

/// Ratios whose sum is a tie at the target are a promise kept, also where their denominators share nothing.
#[test]
fn a16_tie() {
    let primes: [u64; 16] = [
        1_000_003, 1_000_033, 1_000_037, 1_000_039, 1_000_081, 1_000_099, 1_000_117, 1_000_121, 1_000_133, 1_000_151,
        1_000_159, 1_000_171, 1_000_183, 1_000_187, 1_000_193, 1_000_199,
    ];
    // 1/p and (2p − 2)/2p for each: the mean is one half, which no power of two says exactly of any of them.
    let tie = |short: u64| {
        let halves = primes.iter().flat_map(|prime| [(1, *prime), (2 * prime - 2, 2 * prime)]);
        let counts: Vec<(u64, u64)> = halves.collect();
        let source = Counts(
            counts.iter().enumerate().map(|(at, (good, total))| (good - u64::from(at == 1) * short, *total)).collect(),
        );
        let alerting = bellwether_slo::Alerting::none();
        let slo = slo(0.5).budgeting(RATIOS).alerting(alerting);
        measure(&slo, &source, over(&counts)).unwrap().is_kept()
    };
    assert_eq!((tie(0), tie(1)), (Some(true), Some(false)));
}

/// A source of minutes with large counts.
struct Counts(Vec<(u64, u64)>);

impl bellwether_slo::Source for Counts {
    fn count(&self, count: &bellwether_slo::Count, over: Interval) -> Result<u64, bellwether_slo::Error> {
        let bellwether_slo::Count::Series { selector, .. } = count else { return Ok(0) };
        if selector.metric.starts_with("rpc") {
            return Ok(0);
        }
        let good = selector.to_string().contains("success");
        let within = (0..).zip(&self.0).filter(|(at, _)| over.contains(minute(*at).end));
        Ok(within.map(|(_, (of_good, total))| if good { *of_good } else { total - of_good }).sum())
    }

    fn coverage(&self, over: Interval) -> Result<bellwether_slo::Coverage, bellwether_slo::Error> {
        Ok(bellwether_slo::Coverage::known(over.length()))
    }
}

/// Uptime is of the time that is known, and never more than all of it.
#[test]
fn a19_uptime() {
    let counts = [(10, 10), (0, 10), (1, 10), (0, 0), (10, 10), (10, 10), (0, 0), (0, 0), (0, 4), (4, 4)];
    let mut log = minutes(&counts);
    log.unknown = vec![span(T0 + 6 * 60, T0 + 8 * 60)];
    let measured = measure(&Slo::uptime("up", target(0.9)), &log, over(&counts)).unwrap();
    let slices = measured.slices.clone().unwrap();
    assert_eq!((slices.up, slices.down, measured.coverage.unknown), (secs(300), secs(180), secs(120)));
    assert_eq!(slices.uptime(), Ratio::new(5, 8));
    assert_eq!(slices.downtimes, [span(T0 + 60, T0 + 180), span(T0 + 480, T0 + 540)]);
    // By requests it is another number: which one it is is always said.
    assert_eq!(measure(&slo(0.9), &log, over(&counts)).unwrap().counted(), Sli::new(35, 58));
}

/// Satisfied and half of the tolerating; errors frustrate, however quick.
#[test]
fn a20_apdex() {
    let score = |satisfied, tolerating, total| Apdex { satisfied, tolerating, total }.score();
    assert_eq!(score(60, 30, 100), Ratio::new(75, 100));
    assert_eq!(score(0, 0, 0), None);
    assert!(Apdex { satisfied: 99, tolerating: 0, total: 99 }.is_small());
    let mut log = Log::default();
    let mut add = |seconds: f64, outcome, times: usize| {
        let event = Event { at: at(T0 + 1), outcome, route: "/a", seconds, error: "" };
        log.events.extend(vec![event; times]);
    };
    add(0.5, Outcome::Success, 4); // at the threshold: satisfied
    add(2.0, Outcome::Success, 2); // at four times it: tolerating
    add(2.1, Outcome::Success, 1);
    add(0.1, Outcome::Failure, 3);
    add(0.1, Outcome::Cancelled, 5); // not counted
    let apdex = Apdex::measure(&log, ["/a"], std::time::Duration::from_millis(500), span(T0, T0 + 60)).unwrap();
    assert_eq!(apdex, Apdex { satisfied: 4, tolerating: 2, total: 10 });
    let other = Apdex::measure(&log, ["/b"], std::time::Duration::from_millis(500), span(T0, T0 + 60)).unwrap();
    assert_eq!(other.score(), None);
}
