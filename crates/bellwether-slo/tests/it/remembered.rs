//! What history remembers against a list of everything that was ever counted: over days, restarts, and with minutes that
//! history itself has long forgotten.

use std::sync::LazyLock;
use std::time::Duration;

use bellwether_core::{Clock, Counter, Histogram, Outcome, Registry, Timestamp};
use bellwether_history::{History, Options};
use bellwether_slo::{
    Budgeting, Counters, Coverage, Dimension, Expressions, Interval, Judge, Moment, Period, Ratio, Remembered,
    Selector, Share, Slo, Source, Unit, Zone, measure,
};
use tempfile::TempDir;

use crate::log::{DAY, HOUR, MINUTE, at, secs, target};

/// 2026-03-01 00:00:00 UTC.
const START: u64 = 1_772_323_200;
const TICK: u64 = 30;

/// A service that is run, stopped, killed and run again, and the list of what it counted.
struct Service {
    directory: TempDir,
    clock: Clock,
    running: Option<Running>,
    /// When it was seen, good ones, bad ones, slow ones among the good.
    list: Vec<(u64, u64, u64, u64)>,
    gaps: Vec<(Interval, bool)>,
    down_since: u64,
    dice: u64,
}

struct Running {
    registry: Registry,
    history: History,
    remembered: Remembered,
    good: Counter,
    all: Counter,
    latency: Histogram,
}

fn slos() -> Vec<Slo> {
    let jobs = Counters::GoodOfTotal { good: Selector::metric("jobs.good"), total: Selector::metric("jobs.all") };
    let sums = Expressions::Counts { good: "sum(jobs_good_total)".into(), total: "sum(jobs_all_total)".into() };
    let slices = Budgeting::Timeslices { slice: secs(300), good_from: Share::new(0.9).unwrap() };
    vec![
        Slo::counters("jobs", jobs, target(0.99)).budgeting(slices),
        Slo::latency("fast", Duration::from_millis(100), target(0.95)).route("/a"),
        Slo::promql("sums", sums, target(0.99)),
    ]
}

impl Service {
    fn new() -> Self {
        let clock = Clock::manual(at(START));
        let directory = tempfile::tempdir().unwrap();
        let mut service =
            Self { directory, clock, running: None, list: Vec::new(), gaps: Vec::new(), down_since: START, dice: 7 };
        service.start();
        service
    }

    fn now(&self) -> u64 {
        self.clock.timestamp().unix_millis() / 1000
    }

    fn below(&mut self, n: u64) -> u64 {
        below(&mut self.dice, n)
    }

    fn start(&mut self) {
        let registry = Registry::on(self.clock.clone());
        let path = self.directory.path().join("history.redb");
        let history = History::open(path, Options::new(), self.clock.timestamp());
        let remembered = Remembered::new(&history, &registry);
        let [good, all] = ["jobs.good", "jobs.all"].map(|name| registry.counter(name).build().unwrap());
        let latency = registry.histogram("http.server.request.duration").unit("s").bounds([0.1]);
        let latency = latency.labels(["http.route", "outcome"]).family().unwrap();
        let latency = latency.get(["/a", Outcome::Success.as_str()]).clone();
        remembered.keep(&slos(), self.clock.timestamp()).unwrap();
        self.running = Some(Running { registry, history, remembered, good, all, latency });
        self.tick();
    }

    fn tick(&mut self) {
        let running = self.running.as_ref().unwrap();
        running.history.tick(&running.registry, self.clock.timestamp(), self.clock.now());
    }

    /// Runs for so long; the history is flushed once a minute.
    fn run(&mut self, seconds: u64) {
        let end = self.now() + seconds;
        let slos = slos();
        while self.now() < end {
            self.clock.advance(secs(TICK));
            let busy = self.below(3) == 0;
            let (good, bad) = if busy { (self.below(20), self.below(8) / 7) } else { (0, 0) };
            let slow = good.min(self.below(3));
            let running = self.running.as_ref().unwrap();
            running.good.add(good);
            running.all.add(good + bad);
            (0..good).for_each(|n| running.latency.record(if n < slow { 0.5 } else { 0.01 }));
            let now = self.now();
            self.list.push((now, good, bad, slow));
            self.tick();
            let running = self.running.as_ref().unwrap();
            if now.is_multiple_of(MINUTE) {
                running.remembered.keep(&slos, self.clock.timestamp()).unwrap();
                running.history.flush(self.clock.timestamp()).unwrap();
            }
        }
    }

    /// Stops in order, or not; and is down for so long.
    fn down(&mut self, seconds: u64, in_order: bool) {
        self.down_since = self.now();
        if !in_order {
            // A minute is whole with the tick after it, so what the last flush had ends a minute before it.
            self.down_since -= MINUTE + self.down_since % MINUTE;
            self.list.retain(|(second, ..)| *second <= self.down_since);
        }
        if in_order {
            let running = self.running.as_ref().unwrap();
            running.remembered.stopped(self.clock.timestamp());
            running.history.close(self.clock.timestamp()).unwrap();
        }
        self.running = None;
        self.clock.advance(secs(seconds));
        self.gaps.push((Interval::new(at(self.down_since), at(self.now())), in_order));
        self.start();
    }

    fn listed(&self, over: Interval) -> (u64, u64, u64) {
        let within = self.list.iter().filter(|(second, ..)| over.contains(at(*second)));
        within.fold((0, 0, 0), |sum, (_, good, bad, slow)| (sum.0 + good, sum.1 + bad, sum.2 + slow))
    }

    fn listed_coverage(&self, over: Interval) -> Coverage {
        let length = |of: bool| {
            self.gaps
                .iter()
                .filter(|(_, stop)| *stop == of)
                .filter_map(|(gap, _)| gap.intersect(over))
                .map(Interval::length)
                .sum()
        };
        let (unknown, stopped): (Duration, Duration) = (length(false), length(true));
        Coverage { known: over.length() - unknown - stopped, unknown, stopped }
    }

    fn remembered(&self) -> &Remembered {
        &self.running.as_ref().unwrap().remembered
    }

    /// Everything is as the list has it, over a time.
    fn check(&self, over: Interval) {
        let (good, bad, slow) = self.listed(over);
        let past = self.remembered().past();
        let [jobs, fast, _] = <[Slo; 3]>::try_from(slos()).unwrap();
        let jobs = measure(&jobs, &past, over).unwrap();
        assert_eq!((jobs.events.good, jobs.events.bad()), (good, bad), "{over}");
        assert_eq!(jobs.coverage, self.listed_coverage(over), "{over}");
        let fast = measure(&fast, &past, over).unwrap();
        assert_eq!((fast.events.good, fast.events.bad()), (good - slow, slow), "{over}");
    }
}

fn below(dice: &mut u64, n: u64) -> u64 {
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*dice >> 33) % n
}

/// Lived through once.
fn lived() -> &'static Service {
    static LIVED: LazyLock<Service> = LazyLock::new(live);
    &LIVED
}

fn live() -> Service {
    let mut service = Service::new();
    service.run(DAY + 5 * HOUR);
    service.down(17 * MINUTE, true);
    service.run(3 * HOUR + 7 * MINUTE);
    service.run(2 * TICK);
    service.down(2 * HOUR + 11 * MINUTE, false);
    service.run(2 * DAY + HOUR);
    service
}

#[test]
fn as_listed() {
    let service = lived();
    let (minutes, mut dice) = ((service.now() - START) / MINUTE, 42);
    for _ in 0..60 {
        let (a, b) = (below(&mut dice, minutes), below(&mut dice, minutes));
        service.check(Interval::new(at(START + a.min(b) * MINUTE), at(START + a.max(b) * MINUTE)));
    }
    // By now history has hours only of the first day; the minutes are those that were kept.
    let first = Interval::new(at(START + 37 * MINUTE), at(START + 52 * MINUTE));
    service.check(first);
    let view = service.running.as_ref().unwrap().history.view();
    assert_eq!(view.resolution((START as i64 + 37 * 60) * 1000), Some(3_600_000));
    // And the hour just ended, and the minutes since.
    let now = service.now();
    service.check(Interval::new(at(now - 3 * HOUR - now % MINUTE), at(now)));
    service.check(Interval::new(at(now - 2 * MINUTE), at(now)));
}

/// What an earlier run left is known before the first tick of the next, and to whoever only reads.
#[test]
fn before_the_first_tick() {
    let mut service = Service::new();
    service.run(2 * HOUR + 40 * MINUTE);
    service.running.take().unwrap().history.close(service.clock.timestamp()).unwrap();
    let end = service.clock.timestamp();
    service.clock.advance(secs(30));
    let (clock, path) = (service.clock.clone(), service.directory.path().join("history.redb"));
    let history = History::open(path, Options::new(), clock.timestamp());
    let remembered = Remembered::new(&history, &Registry::on(clock.clone()));
    let over = Interval::new(at(START), end);
    let (good, bad, _) = service.listed(over);
    let measured = measure(&slos()[0], &remembered.past(), over).unwrap();
    assert_eq!((measured.events.good, measured.events.bad()), (good, bad));
    assert_eq!(measured.coverage, Coverage::known(over.length()));
    let slots = remembered.past().slots(&slos()[0], secs(DAY), clock.timestamp()).unwrap();
    assert_eq!(slots.iter().map(|slot| slot.sli.good).sum::<u64>(), good);
}

/// Down for longer than minutes are known: the hour it stopped in, and those it was down for, are known by minutes all the same.
#[test]
fn down_for_days() {
    for in_order in [true, false] {
        let mut service = Service::new();
        service.run(HOUR + 40 * MINUTE);
        service.down(3 * DAY + 25 * MINUTE, in_order);
        service.run(3 * HOUR);
        let minutes = (service.now() - START) / MINUTE;
        service.check(Interval::new(at(START), at(service.now())));
        let mut dice = 9;
        for _ in 0..12 {
            let (a, b) = (below(&mut dice, minutes), below(&mut dice, minutes));
            service.check(Interval::new(at(START + a.min(b) * MINUTE), at(START + a.max(b) * MINUTE)));
        }
        service.check(Interval::new(at(START + 65 * MINUTE), at(START + 97 * MINUTE)));
        let slots = service.remembered().past().slots(&slos()[0], secs(4 * DAY), service.clock.timestamp()).unwrap();
        let good: u64 = slots.iter().map(|slot| slot.sli.good).sum();
        assert_eq!(good, service.list.iter().map(|(_, good, ..)| good).sum::<u64>());
    }
}

/// A ratio over time of which a part is kept and a part is not is the mean of all its minutes, as it is when all of it is kept.
#[test]
fn ratios_by_minutes() {
    let clock = Clock::manual(at(START));
    let registry = Registry::on(clock.clone());
    let history = History::in_memory(Options::new());
    let remembered = Remembered::new(&history, &registry);
    let share = registry.gauge("share").build().unwrap();
    let by_minutes = Slo::promql("share", Expressions::Ratio("share".into()), target(0.9));
    let run = |minutes: u64, level: f64| {
        for _ in 0..2 * minutes {
            share.set(level);
            clock.advance(secs(TICK));
            history.tick(&registry, clock.timestamp(), clock.now());
        }
        remembered.keep([&by_minutes], clock.timestamp()).unwrap();
    };
    history.tick(&registry, clock.timestamp(), clock.now());
    run(60, 1.0);
    run(20, 1.0);
    run(10, 0.0);
    let ratio = || remembered.past().ratio("share", Interval::new(at(START), at(START + 90 * MINUTE))).unwrap();
    assert_eq!(ratio(), Ratio::new(80, 90));
    run(30, 1.0);
    assert_eq!(ratio(), Ratio::new(80, 90));
}

#[test]
fn what_is_not_known_is_said() {
    let service = lived();
    let past = service.remembered().past();
    // Nobody had asked for these by minutes.
    let other = Slo::counters(
        "other",
        Counters::GoodAndBad { good: Selector::metric("jobs.good"), bad: Selector::metric("jobs.bad").is("a", ["b"]) },
        target(0.9),
    );
    let by_minutes = Interval::new(at(START + 37 * MINUTE), at(START + 52 * MINUTE));
    assert_eq!(
        measure(&other, &past, by_minutes).unwrap_err().to_string(),
        "objective \"other\": 2026-03-01T00:37:00Z is within an hour of which no minutes are known any more",
    );
    let by_hours = Interval::new(at(START + HOUR), at(START + 5 * HOUR));
    assert_eq!(measure(&other, &past, by_hours).unwrap().events.good, service.listed(by_hours).0);
    let Some(bad_bound) = Slo::latency("odd", Duration::from_millis(123), target(0.9)).indicator.plan() else {
        panic!()
    };
    let wrong = past.count(&bad_bound.good[0], by_hours).unwrap_err().to_string();
    assert!(wrong.ends_with("has no count at 0.123: declare it as a bound"), "{wrong}");
}

#[test]
fn told_apart_and_measured() {
    let service = lived();
    let past = service.remembered().past();
    let hours = Interval::new(at(START + HOUR), at(START + 5 * HOUR));
    let plan = slos()[1].indicator.plan().unwrap();
    let (good, _, slow) = service.listed(hours);
    let by_route = past.count_by(&plan.bad[0], Dimension::Route, hours).unwrap().unwrap();
    assert_eq!(by_route, [("/a".to_owned(), slow)]);
    assert_eq!(past.count_by(&plan.bad[0], Dimension::Release, hours).unwrap(), None);
    let durations = slos()[1].indicator.durations();
    assert_eq!(past.distribution(&durations[0], hours).unwrap().unwrap().count(), good);
}

#[test]
fn expressions() {
    let service = lived();
    let past = service.remembered().past();
    let sums = &slos()[2];
    // Kept by minutes on the first day; asked anew in the last hour.
    for (from, to) in [(37 * MINUTE, 52 * MINUTE), (HOUR, 9 * HOUR)] {
        let over = Interval::new(at(START + from), at(START + to));
        let (good, bad, _) = service.listed(over);
        let measured = measure(sums, &past, over).unwrap();
        assert_eq!((measured.events.good, measured.events.bad()), (good, bad));
    }
    let now = service.now();
    let ratio = past.ratio("sum(jobs_good_total) / sum(jobs_all_total)", Interval::new(at(now - 60), at(now))).unwrap();
    assert!(ratio.is_some_and(|ratio| ratio > Ratio::new(9, 10).unwrap() && ratio < Ratio::ONE), "{ratio:?}");
}

/// A judge that is told the past goes on as if it had seen it; also from where a week begins within an hour.
#[test]
fn replayed() {
    let service = lived();
    let week = Period::calendar(Unit::Week, Zone::new("Asia/Kolkata").unwrap());
    let [jobs, fast, _] = <[Slo; 3]>::try_from(slos()).unwrap();
    let mut weekly = fast.clone().period(week);
    weekly.name = "weekly".to_owned();
    let now: Timestamp = service.clock.timestamp();
    let mut judge = Judge::ticking(secs(TICK), [jobs.clone(), fast.clone(), weekly.clone()]).unwrap();
    let past = service.remembered().past();
    for slo in [&jobs, &fast, &weekly] {
        let slots = past.slots(slo, secs(30 * DAY), now).unwrap();
        judge.replay(&slo.name, &slots).unwrap();
    }
    judge.tick(Moment::now(&service.clock), &service.running.as_ref().unwrap().registry);
    for (slo, start) in [("fast", START), ("weekly", START + 18 * HOUR + 30 * MINUTE)] {
        let verdict = judge.verdict(slo).unwrap();
        let (good, _, slow) = service.listed(Interval::new(at(start), now));
        assert_eq!((verdict.evidence.sli.total, verdict.evidence.sli.bad()), (good, slow), "{verdict:?}");
    }
}
