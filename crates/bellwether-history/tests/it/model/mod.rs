//! Exact arithmetic against a model that keeps every value that was ever read.

mod service;

use std::time::Duration;

use bellwether_history::{History, Options, Tier, View};
use bellwether_promql::{MatchOp, Matcher};
use proptest::prelude::*;

use service::Service;

/// What may happen next.
#[derive(Debug, Clone)]
enum Act {
    Count(u64),
    Record(Vec<f64>),
    Level(f64),
    /// So many ticks of five seconds.
    Ticks(u32),
    /// The loop stands still for so many seconds; both clocks go on.
    Stall(u64),
    /// The wall clock alone is set so many seconds forward or back.
    Jump(i64),
    Flush,
    /// The process ends, well or by a crash, and another begins so many seconds later.
    Restart {
        well: bool,
        after: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..1000_u64).prop_map(Act::Count),
        4 => prop::collection::vec(value(), 1..6).prop_map(Act::Record),
        2 => (-50..50_i32).prop_map(|level| Act::Level(f64::from(level) / 4.0)),
        8 => (1..200_u32).prop_map(Act::Ticks),
        1 => (1..400_u64).prop_map(Act::Stall),
        1 => (-900..900_i64).prop_map(Act::Jump),
        2 => Just(Act::Flush),
        1 => (any::<bool>(), 1..500_u64).prop_map(|(well, after)| Act::Restart { well, after }),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![(1..2000).prop_map(|ms| f64::from(ms) / 1000.0), Just(0.25), Just(0.0), Just(-1.5)]
}

/// Ticks for five minutes, then minutes for about an hour, since a block of them is an hour, then ten of them: everything
/// is coarse soon.
fn options() -> Options {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let tiers = [Tier::new(minutes(1), minutes(5)), Tier::new(minutes(10), minutes(400 * 24 * 60))];
    Options::new().retention(minutes(5)).tiers(tiers)
}

fn named(name: &str) -> [Matcher; 1] {
    [Matcher::new("__name__", MatchOp::Equal, name).unwrap()]
}

fn counted(view: &View, from: i64, to: i64) -> u128 {
    let all = view.increase(&named("jobs_total"), from, to).unwrap();
    assert!(all.len() <= 1);
    all.first().map_or(0, |increase| increase.count)
}

/// Windows add up, and the whole is what the model says was counted where that was kept.
fn check(acts: Vec<Act>, cuts: Vec<f64>) {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::new(folder.path().join("history.bw"), options());
    for act in acts {
        match act {
            Act::Count(n) => service.count(n),
            Act::Record(values) => service.record(&values),
            Act::Level(level) => service.level(level),
            Act::Ticks(ticks) => (0..ticks).for_each(|_| service.tick(5)),
            Act::Stall(seconds) => service.tick(seconds),
            Act::Jump(seconds) => service.jump(seconds),
            Act::Flush => service.flush(),
            Act::Restart { well, after } => service.restart(well, after),
        }
    }
    service.tick(5);
    let view = service.history.view();
    let (begin, end) = (service.begin - 1, view.until().unwrap());
    assert_eq!(counted(&view, begin, end), service.model.counted(), "all that was counted and kept");
    let recorded = view.merged(&named("wait_seconds"), begin, end).unwrap().unwrap_or_default();
    let (count, le) = service.model.recorded();
    assert_eq!(recorded.count(), count);
    assert_eq!((recorded.count_le(0.25).unwrap_or(0), recorded.count_le(1.0).unwrap_or(0)), le);

    let mut cuts: Vec<i64> = cuts.iter().map(|share| begin + ((end - begin) as f64 * share) as i64).collect();
    cuts.extend([begin, end]);
    cuts.sort();
    let counts = cuts.windows(2).map(|cut| counted(&view, cut[0], cut[1]));
    assert_eq!(counts.sum::<u128>(), service.model.counted(), "windows tile");
    let values = cuts.windows(2).map(|cut| view.merged(&named("wait_seconds"), cut[0], cut[1]).unwrap());
    let mut all = values.flatten().reduce(|mut all, next| {
        all.merge(&next);
        all
    });
    let all = all.take().unwrap_or_default();
    assert_eq!((all.count(), &all.positive, &all.bounds), (recorded.count(), &recorded.positive, &recorded.bounds));
    service.check_unknown(&view, begin, end);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn windows_tile_whatever_happens(
        acts in prop::collection::vec(act(), 1..40),
        cuts in prop::collection::vec(0.0..1.0_f64, 0..5),
    ) {
        check(acts, cuts);
    }

    /// In memory, the ticks of the last minutes are there as they were read.
    #[test]
    fn recent_windows_are_those_of_the_ticks(
        counts in prop::collection::vec(0..50_u64, 2..60),
        from in 0..100_usize,
        to in 0..100_usize,
    ) {
        let mut service = Service::in_memory(options());
        for count in &counts {
            service.count(*count);
            service.tick(5);
        }
        let view = service.history.view();
        let (from, to) = (from.min(to).min(counts.len()), from.max(to).min(counts.len()));
        let time = |tick: usize| service.begin + 5000 * tick as i64 - 1;
        let model: u64 = counts[from..to].iter().sum();
        prop_assert_eq!(counted(&view, time(from), time(to)), u128::from(model));
    }
}

#[test]
fn a_restart_counts_from_zero_also_where_more_is_counted_than_before() {
    let acts = [Act::Count(100), Act::Ticks(1), Act::Restart { well: true, after: 10 }, Act::Count(120), Act::Ticks(1)];
    check(acts.to_vec(), vec![0.3, 0.6]);
}

#[test]
fn what_a_crash_leaves_behind_in_coarser_tiers_is_brought_there() {
    let mut acts = vec![Act::Count(7), Act::Record(vec![0.2, 0.3]), Act::Ticks(30), Act::Count(5), Act::Ticks(13)];
    acts.extend([Act::Flush, Act::Restart { well: false, after: 60 }, Act::Count(1), Act::Ticks(40), Act::Flush]);
    acts.extend([Act::Restart { well: false, after: 5 }, Act::Ticks(1000)]);
    // By now the minutes of the first runs are removed.
    acts.extend([Act::Flush, Act::Ticks(1000), Act::Flush, Act::Ticks(1000), Act::Flush]);
    check(acts, vec![0.1, 0.2, 0.7]);
}

#[test]
fn a_run_settles_what_earlier_ones_left_and_not_what_it_does_itself() {
    let restart = |after| Act::Restart { well: true, after };
    // Its first hour is in the store by the time of its first flush, at its end.
    let acts = [Act::Ticks(1), restart(1), Act::Ticks(324), Act::Count(1), Act::Ticks(415), restart(223), Act::Flush];
    check(acts.to_vec(), vec![0.5]);
}

#[test]
fn what_the_clock_leapt_over_is_unknown_and_what_it_was_set_back_to_is_counted() {
    let mut service = Service::in_memory(options());
    (0..10).for_each(|_| service.tick(5));
    service.jump(600);
    (0..10).for_each(|_| service.tick(5));
    let view = service.history.view();
    let (begin, end) = (service.begin, view.until().unwrap());
    let leapt = bellwether_history::Span { from: begin + 45_000, to: begin + 645_000 };
    assert_eq!(view.unknown(begin, end).unwrap(), [leapt]);

    service.jump(-300);
    for _ in 0..10 {
        service.count(3);
        service.tick(5);
    }
    // Ten ticks have gone on by a millisecond each.
    let view = service.history.view();
    assert_eq!((view.until(), counted(&view, end, end + 10)), (Some(end + 10), 30));
    assert_eq!(service.history.status().clock_jumps, 2);
}

#[test]
fn an_empty_history_answers_too() {
    let history = History::in_memory(Options::new());
    let view = history.view();
    assert_eq!((view.until(), view.increase(&named("jobs_total"), 0, 10).unwrap().len()), (None, 0));
    assert_eq!(view.unknown(0, 10).unwrap(), [bellwether_history::Span { from: 0, to: 10 }]);
}

#[test]
fn runs_may_be_short() {
    let restart = || Act::Restart { well: true, after: 1 };
    check(vec![Act::Ticks(1), Act::Count(7), restart(), Act::Count(7), restart(), Act::Count(7)], vec![0.5]);
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::new(folder.path().join("history.bw"), Options::new());
    for run in 1..4 {
        service.tick(0);
        service.jump(0);
        service.count(7);
        service.tick(1);
        assert_eq!(counted(&service.history.view(), 0, i64::MAX), 7 * run);
        service.restart(true, 1);
    }
}
