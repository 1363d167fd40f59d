//! The judge that follows, against the naive model that counts everything anew.

use bellwether_core::{Clock, Outcome, Registry};
use bellwether_slo::{Alerting, Budgeting, Detection, Judge, Moment, Period, Share, Slo, judge_past};
use proptest::prelude::*;

use crate::log::{Log, at, secs, target};

/// On the hour, so that all slots begin there.
const T0: u64 = 1_791_158_400;

fn objective(by_slices: bool, detection: Detection, period_minutes: u64) -> Slo {
    let slo = Slo::availability("all", target(0.9))
        .period(Period::rolling(secs(period_minutes * 60)).unwrap())
        .alerting(Alerting::default().detection(detection).without("page-quick"));
    match by_slices {
        true => slo.budgeting(Budgeting::Timeslices { slice: secs(60), good_from: Share::new(0.8).unwrap() }),
        false => slo,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Counted tick by tick it is what recounting the log says, at every minute, for windows that are whole slots.
    #[test]
    fn follows_the_log(
        traffic in prop::collection::vec((0_u64..20, 0_u64..4), 30..200),
        by_slices: bool,
        budget_share: bool,
    ) {
        let detection = if budget_share { Detection::BudgetShare } else { Detection::BurnRate };
        // A day: windows are a minute of twelve, four of 48 and so on, seen to the tick, and whole slices.
        let slo = objective(by_slices, detection, 1440);
        let clock = Clock::manual(at(T0));
        let registry = Registry::on(clock.clone());
        let family = registry.histogram("http.server.request.duration").unit("s").labels(["http.route", "outcome"]).family().unwrap();
        let mut judge = Judge::new([slo.clone()]).unwrap();
        let mut log = Log::default();
        judge.tick(Moment::now(&clock), &registry);
        let mut second = T0;
        for (good, bad) in traffic {
            clock.advance(secs(5));
            second += 5;
            for (outcome, events) in [(Outcome::Success, good), (Outcome::Failure, bad)] {
                (0..events).for_each(|_| family.get(["/a", outcome.as_str()]).record(0.1));
                log.many(second, events, outcome);
            }
            judge.tick(Moment::now(&clock), &registry);
            if !second.is_multiple_of(60) {
                continue;
            }
            // What was before the start is no slice of the judge's.
            let mut naive = slo.clone();
            naive.policies.unknown = bellwether_slo::Empty::Skip;
            log.unknown = vec![bellwether_slo::Interval::new(at(0), at(T0))];
            let recounted = judge_past(&naive, &log, at(second)).unwrap();
            let followed = judge.verdict("all").unwrap();
            prop_assert_eq!(&followed.status, &recounted.status);
            prop_assert_eq!(followed.severity, recounted.severity);
            prop_assert_eq!(followed.evidence.sli, recounted.evidence.sli);
            prop_assert_eq!(followed.evidence.budget, recounted.evidence.budget);
            for (one, other) in followed.evidence.clauses.iter().zip(&recounted.evidence.clauses) {
                prop_assert_eq!((one.long.sli, one.holds()), (other.long.sli, other.holds()));
                prop_assert_eq!(one.short.sli, other.short.sli);
            }
        }
    }
}
