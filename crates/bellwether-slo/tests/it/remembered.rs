//! What history remembers against a list of everything that was ever counted: over days, restarts, and with minutes that
//! history itself has long forgotten.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use bellwether_core::{Clock, Counter, Histogram, Outcome, Registry, Timestamp};
use bellwether_history::{History, Options};
use bellwether_slo::{
    Budgeting, Correction, Counters, Coverage, Dimension, Expressions, Incident, Interval, Judge, Moment, Period,
    Ratio, Remembered, Selector, Share, Slo, Source, Unit, Zone, measure, spending,
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
    /// When which release began.
    releases: Vec<(u64, &'static str)>,
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
        let mut service = Self {
            directory,
            clock,
            running: None,
            list: Vec::new(),
            gaps: Vec::new(),
            releases: Vec::new(),
            down_since: START,
            dice: 7,
        };
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
        let release = ["1.0", "1.1", "1.1", "1.2"][self.releases.len() % 4];
        self.releases.push((self.now(), release));
        remembered.began(Some(release), self.clock.timestamp());
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
    service.run(17 * MINUTE);
    service.down(90, true);
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
    assert_eq!(past.count_by(&plan.bad[0], Dimension::Dependency, hours).unwrap(), Some(vec![(String::new(), slow)]));
    let durations = slos()[1].indicator.durations();
    assert_eq!(past.distribution(&durations[0], hours).unwrap().unwrap().count(), good);
}

/// To the last event, also where a release ended within a minute that history has long forgotten.
#[test]
fn by_release() {
    let service = lived();
    let past = service.remembered().past();
    let slos = slos();
    let over = Interval::new(at(START), at(service.now() / HOUR * HOUR));
    let mut listed: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (second, _, bad, slow) in service.list.iter().filter(|(second, ..)| over.contains(at(*second))) {
        let release = service.releases.iter().rev().find(|(start, _)| start < second).unwrap().1;
        let sums = listed.entry(release).or_default();
        *sums = (sums.0 + bad, sums.1 + slow);
    }
    assert_eq!(listed.len(), 3, "{listed:?}");
    for (slo, of) in [(&slos[0], 0), (&slos[1], 1)] {
        let found = spending(slo, &past, Dimension::Release, over, None, 9).unwrap().unwrap();
        let found: BTreeMap<&str, u64> = found.spenders.iter().map(|one| (one.name.as_str(), one.bad)).collect();
        let expect = listed.iter().map(|(name, sums)| (*name, [sums.0, sums.1][of]));
        assert_eq!(found, expect.filter(|(_, bad)| *bad > 0).collect());
    }
}

/// A run that no sample is known of did begin, and did not stop: one that ends soon after another has stopped is not called
/// stopped.
#[test]
fn gone_soon_after_a_stop() {
    for (flushed, seen) in [(false, 0), (true, 0), (true, 4)] {
        let mut service = Service::new();
        service.run(20 * MINUTE);
        let stopped = service.now();
        service.down(10, true);
        let began = service.now();
        for _ in 0..seen {
            service.clock.advance(secs(TICK));
            service.tick();
        }
        let running = service.running.take().unwrap();
        if flushed {
            running.history.flush(service.clock.timestamp()).unwrap();
        }
        drop(running);
        service.clock.advance(secs(5 * MINUTE));
        service.start();
        service.run(2 * MINUTE);
        let coverage =
            service.remembered().past().coverage(Interval::new(at(stopped), at(began + 5 * MINUTE))).unwrap();
        let known = if seen > 0 { 90 } else { 0 };
        let expect = match flushed {
            // Nothing is left of that run.
            false => (0, 310, 0),
            true => (known, 10, 300 - known),
        };
        let seconds = [coverage.known, coverage.stopped, coverage.unknown].map(|part| part.as_secs());
        assert_eq!((seconds[0], seconds[1], seconds[2]), expect, "{flushed} {seen}");
    }
}

/// What went wrong is known after a restart too: to its end, or until the process was gone if nobody saw that.
#[test]
fn incidents() {
    let mut service = Service::new();
    let incident = |id: &str, opened: u64, closed: Option<u64>| Incident {
        id: id.to_owned(),
        root: "stt".to_owned(),
        cause: "fails (timeout)".to_owned(),
        hurts: vec!["GET /a".to_owned(), "POST /voice.Voice/{*rest}".to_owned()],
        opened: at(opened),
        closed: closed.map(at),
    };
    let note = |service: &Service, incident: &Incident| {
        service.remembered().incident(incident, service.clock.timestamp());
    };
    service.run(10 * MINUTE);
    note(&service, &incident("1", START + 540, None));
    service.run(5 * MINUTE);
    note(&service, &incident("1", START + 540, Some(START + 900)));
    service.run(5 * MINUTE);
    note(&service, &incident("2", START + 1190, None));
    service.run(5 * MINUTE);
    service.down(10 * MINUTE, false);
    service.run(5 * MINUTE);
    note(&service, &incident("3", START + 2400, None));
    service.running.as_ref().unwrap().history.flush(service.clock.timestamp()).unwrap();
    let gone = (service.down_since - START) as i64;
    let found = |from: u64, to: u64| {
        let past = service.remembered().past();
        let seconds = |at: Timestamp| at.unix_millis() as i64 / 1000 - START as i64;
        let of = |one: Incident| (one.id, seconds(one.opened), one.closed.map(seconds));
        let found = past.incidents(Interval::new(at(START + from), at(START + to))).unwrap();
        found.into_iter().map(of).collect::<Vec<_>>()
    };
    let (first, second) = (("1".to_owned(), 540, Some(900)), ("2".to_owned(), 1190, Some(gone)));
    let third = ("3".to_owned(), 2400, None);
    assert_eq!(found(0, 3600), [first.clone(), second.clone(), third.clone()]);
    assert_eq!(found(0, 540), []);
    assert_eq!(found(0, 541), std::slice::from_ref(&first));
    assert_eq!(found(899, 1191), [first, second]);
    assert_eq!(found(gone as u64, 9999), [third]);

    let one = incident("1", START, None);
    let hurt = |slo: Slo| one.may_hurt(&slo);
    assert!(hurt(Slo::uptime("x", target(0.9))) && hurt(Slo::availability("x", target(0.9)).route("/a")));
    assert!(hurt(Slo::availability("x", target(0.9)).route("voice.Voice/Converse")));
    assert!(hurt(Slo::dependency("x", "stt", target(0.9))) && !hurt(Slo::dependency("x", "llm", target(0.9))));
    assert!(!hurt(Slo::availability("x", target(0.9)).route("/b").route("other.Voice/Converse")));
    // A route that is one variable is no service whose methods are all hurt.
    let one = Incident { hurts: vec!["GET /{page}".to_owned()], ..incident("1", START, None) };
    assert!(one.may_hurt(&Slo::availability("x", target(0.9)).route("/{page}")));
    assert!(!one.may_hurt(&Slo::availability("x", target(0.9)).route("/a").route("voice.Voice/Converse")));
}

/// What was corrected while a service ran is corrected after the next start, unless it was taken back.
#[test]
fn corrections() {
    let mut service = Service::new();
    service.run(10 * MINUTE);
    let correct = |service: &Service, reason: &str| {
        let when = Interval::new(at(START), at(START + 300));
        let mut correction = Correction::exclude(when, reason).by("anna");
        correction.set_at = Some(service.clock.timestamp());
        service.remembered().corrected("jobs", &correction).unwrap();
        correction
    };
    let first = correct(&service, "new database");
    service.run(MINUTE);
    let second = correct(&service, "a mistake");
    service.run(MINUTE);
    service.down(60, true);
    let corrected = |service: &Service| {
        let mut slos = slos();
        service.remembered().correct(&mut slos).unwrap();
        assert!(slos[1].corrections.is_empty());
        slos.swap_remove(0).corrections
    };
    assert_eq!(corrected(&service), [first.clone(), second.clone()]);
    service.remembered().taken_back("jobs", second.set_at.unwrap(), service.clock.timestamp()).unwrap();
    service.run(MINUTE);
    service.down(60, true);
    assert_eq!(corrected(&service), [first]);
    let long = Correction::exclude(Interval::new(at(START), at(START + 300)), "x".repeat(70_000));
    let wrong = service.remembered().corrected("jobs", &long).unwrap_err().to_string();
    assert!(wrong.starts_with("objective \"jobs\": a correction is not kept: a record of 70"), "{wrong}");
}

/// Hours that were not kept are asked of history by the names it has, whichever unit they have.
#[test]
fn units_of_earlier_runs() {
    let clock = Clock::manual(at(START));
    let registry = Registry::on(clock.clone());
    let history = History::in_memory(Options::new());
    let [good, all] = ["energy.used", "energy.all"].map(|name| registry.counter(name).unit("J").build().unwrap());
    let other = registry.counter("energy.used.twice").build().unwrap();
    for _ in 0..10 {
        history.tick(&registry, clock.timestamp(), clock.now());
        [&good, &all, &all, &other].into_iter().for_each(Counter::inc);
        clock.advance(secs(TICK));
    }
    history.tick(&registry, clock.timestamp(), clock.now());
    // Whoever only reads has registered nothing.
    let remembered = Remembered::new(&history, &Registry::on(clock.clone()));
    let counters =
        Counters::GoodOfTotal { good: Selector::metric("energy.used"), total: Selector::metric("energy.all") };
    let over = Interval::new(at(START), clock.timestamp());
    let measured = measure(&Slo::counters("energy", counters, target(0.5)), &remembered.past(), over).unwrap();
    assert_eq!((measured.events.good, measured.events.total), (10, 20));
}

/// A run begins a little before its first tick, which is no time that it was gone.
#[test]
fn begun_before_its_first_tick() {
    let mut service = Service::new();
    service.run(20 * MINUTE);
    let running = service.running.take().unwrap();
    running.remembered.stopped(service.clock.timestamp());
    running.history.close(service.clock.timestamp()).unwrap();
    drop(running);
    let (clock, stopped) = (service.clock.clone(), service.clock.timestamp());
    clock.advance(secs(10 * MINUTE));
    let registry = Registry::on(clock.clone());
    let history = History::open(service.directory.path().join("history.redb"), Options::new(), clock.timestamp());
    let remembered = Remembered::new(&history, &registry);
    remembered.began(None, clock.timestamp());
    clock.advance(Duration::from_millis(3));
    history.tick(&registry, clock.timestamp(), clock.now());
    let gone = Interval::new(stopped, clock.timestamp());
    assert_eq!(remembered.past().coverage(gone).unwrap(), Coverage::stopped(gone.length()));
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
