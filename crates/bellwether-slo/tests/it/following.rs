//! Rules A22, A29 to A32, A40: objectives followed tick by tick, through restarts and clocks that jump.

use std::time::Duration;

use bellwether_core::{Clock, Counter, Histogram, Registry, Timestamp};
use bellwether_slo::{
    Alerting, Budgeting, ClockJump, Correction, Counters, Coverage, Detection, Empty, Expressions, Judge, Moment,
    Period, Read, Readings, Selector, Severity, Share, Sli, Slo, Slot, Slots, Status, Ticked, Unit, Verdict, Why, Zone,
};

use crate::log::{DAY, HOUR, MINUTE, at, secs, span, target};

/// A service with one counter of good and one of bad events, judged every five seconds.
struct Service {
    clock: Clock,
    registry: Registry,
    good: Counter,
    bad: Counter,
    judge: Judge,
}

/// A round instant: 2026-10-05T00:00:00Z.
const T0: u64 = 1_791_158_400;

fn jobs(of: f64) -> Slo {
    let counters = Counters::GoodAndBad { good: Selector::metric("jobs.good"), bad: Selector::metric("jobs.bad") };
    let slo = Slo::counters("jobs", counters, target(of));
    // Of low targets most rules could never be true.
    if of < 0.95 { slo.alerting(Alerting::none()) } else { slo }
}

impl Service {
    fn new(start: u64, slo: Slo) -> Self {
        let clock = Clock::manual(at(start));
        let registry = Registry::on(clock.clone());
        let [good, bad] = ["jobs.good", "jobs.bad"].map(|name| registry.counter(name).build().unwrap());
        let mut service = Self { clock, registry, good, bad, judge: Judge::new([slo]).unwrap() };
        service.tick();
        service
    }

    fn tick(&mut self) -> Ticked {
        self.judge.tick(Moment::now(&self.clock), &self.registry)
    }

    /// Ticks for so long, counting before each.
    fn run(&mut self, seconds: u64, good: u64, bad: u64) -> &Verdict {
        for _ in 0..seconds / 5 {
            self.clock.advance(secs(5));
            self.good.add(good);
            self.bad.add(bad);
            self.tick();
        }
        self.verdict()
    }

    fn verdict(&self) -> &Verdict {
        self.judge.verdict("jobs").unwrap()
    }

    fn sli(&self) -> Sli {
        self.verdict().evidence.sli
    }
}

/// What was there at the first tick came before; what is first seen later began at nothing, its first event included.
#[test]
fn first_events_count() {
    let clock = Clock::manual(at(T0));
    let registry = Registry::on(clock.clone());
    let good = registry.counter("jobs.good").build().unwrap();
    good.add(1_000);
    let mut judge = Judge::new([jobs(0.9)]).unwrap();
    let tick = |judge: &mut Judge| {
        judge.tick(Moment::now(&clock), &registry);
        clock.advance(secs(5));
        judge.verdict("jobs").unwrap().clone()
    };
    assert_eq!(tick(&mut judge).status, Status::Unknown(Why::NoTraffic));
    good.inc();
    let bad = registry.counter("jobs.bad").build().unwrap();
    bad.inc();
    assert_eq!(tick(&mut judge).evidence.sli, Sli::new(1, 2));
}

/// What is over leaves the window at the slot's end, to the tick.
#[test]
fn a22_windows_of_slots() {
    let mut service = Service::new(T0, jobs(0.9).period(Period::rolling(secs(HOUR)).unwrap()));
    service.run(60, 10, 10);
    assert_eq!(service.run(HOUR - 60, 10, 0).evidence.sli, Sli::new(7200, 7320));
    assert_eq!(service.run(30, 10, 0).evidence.sli, Sli::new(7200, 7260));
    assert_eq!(service.run(30, 10, 0).evidence.sli, Sli::new(7200, 7200));
    assert_eq!(service.verdict().evidence.over, span(T0 + 60, T0 + HOUR + 60));
}

/// The status and severity of a verdict, since when, and what the application is told.
#[test]
fn verdicts_and_handle() {
    let mut service = Service::new(T0, jobs(0.999));
    let jobs = service.judge.objective("jobs").unwrap();
    assert!(service.judge.objective("other").is_none());
    assert_eq!((jobs.remaining(), jobs.tier()), (None, None));
    service.run(2 * HOUR, 500, 0);
    assert_eq!((jobs.remaining(), jobs.tier()), (Some(1.0), None));
    assert_eq!(service.verdict().since, at(T0 + 5));
    // All fails. Two hours are all the service knows of its traffic, an hour of it stands for each of the 720.
    let verdict = service.run(60, 0, 500).clone();
    assert_eq!(
        (verdict.status, verdict.severity, verdict.since),
        (Status::Breached, Some(Severity::Page), at(T0 + 2 * HOUR + 55))
    );
    assert_eq!(jobs.tier(), Some(Severity::Page));
    assert!(jobs.remaining().unwrap() < -6.0);
    // The same a minute later, since the same time.
    assert_eq!(service.run(60, 0, 500).since, at(T0 + 2 * HOUR + 55));
    assert_eq!(service.verdict().evidence.time_to_exhaustion, Some(Duration::ZERO));
}

/// Ticks of 15 s see a total outage of ten minutes as Prometheus with a scrape and a rule each 15 s does (promtool says so):
/// from 60 s after its beginning, which is the first tick after 51.84 s, until 285 s after its end, the last before 295.68 s.
#[test]
fn a11_within_a_tick() {
    let burn_rate = Alerting::default().detection(Detection::BurnRate);
    let slo = jobs(0.999).alerting(burn_rate.without("page-slow"));
    let mut service = Service::new(T0, slo.clone());
    service.judge = Judge::ticking(secs(15), [slo]).unwrap();
    service.tick();
    let mut pages = Vec::new();
    let (begins, ends) = (6 * HOUR, 6 * HOUR + 10 * MINUTE);
    for second in (15..=ends + HOUR).step_by(15) {
        service.clock.advance(secs(15));
        if (begins + 1..=ends).contains(&second) {
            service.bad.add(1500)
        } else {
            service.good.add(1500)
        }
        service.tick();
        pages.extend((service.verdict().severity == Some(Severity::Page)).then_some(second));
    }
    assert_eq!((pages.first(), pages.last()), (Some(&(begins + 60)), Some(&(ends + 285))));
    assert_eq!(pages.len() as u64, (ends + 285 - begins - 60) / 15 + 1);
}

/// A child of a restart: what history kept is told to a new judge, which then says what the old one would.
#[test]
fn a30_restart() {
    let slo = jobs(0.99);
    let mut old = Service::new(T0, slo.clone());
    let mut slots = Vec::new();
    for minute in 0..26 * 60 {
        let before = old.sli();
        old.run(60, 10, u64::from(minute % 100 == 0));
        let sli = Sli { good: old.sli().good - before.good, total: old.sli().total - before.total };
        let start = T0 + minute * 60;
        slots.push(Slot { over: span(start, start + 60), sli, coverage: Coverage::known(secs(60)) });
    }
    let mut new = Judge::new([slo]).unwrap();
    new.replay("jobs", &Slots::new(slots.clone()).unwrap()).unwrap();
    let moment = Moment::now(&old.clock);
    new.tick(moment, &Registry::new());
    let (old_verdict, new_verdict) = (old.verdict(), new.verdict("jobs").unwrap());
    assert_eq!(old_verdict.evidence, new_verdict.evidence);
    // Once, and before the first tick.
    assert!(new.replay("jobs", &Slots::new(slots).unwrap()).unwrap_err().to_string().contains("before the first tick"));
    assert!(new.replay("other", &Slots::default()).is_err());
}

/// Killed or shut down, the slices of the time between are what the policy says.
#[test]
fn a29_gap_between_runs() {
    let slices = |slo: Slo, stopped: bool| {
        let slo = slo.budgeting(Budgeting::Timeslices { slice: secs(60), good_from: Share::new(1.0).unwrap() });
        let mut judge = Judge::new([slo]).unwrap();
        let slot = |start: u64, end: u64, sli, coverage: fn(Duration) -> Coverage| Slot {
            over: span(T0 + start, T0 + end),
            sli,
            coverage: coverage(secs(end - start)),
        };
        let mut slots =
            vec![slot(0, 60, Sli::new(1, 1), Coverage::known), slot(60, 120, Sli::new(0, 1), Coverage::known)];
        if stopped {
            slots.extend((2..10).map(|minute| slot(minute * 60, minute * 60 + 60, Sli::default(), Coverage::stopped)));
        }
        judge.replay("jobs", &Slots::new(slots).unwrap()).unwrap();
        judge.tick(Moment { wall: at(T0 + 600), monotonic: Clock::manual(at(T0)).now() }, &Registry::new());
        judge.verdict("jobs").unwrap().evidence.sli
    };
    assert_eq!(slices(jobs(0.9), false), Sli::new(1, 2));
    assert_eq!(slices(jobs(0.9).unknown(Empty::Bad), false), Sli::new(1, 10));
    assert_eq!(slices(jobs(0.9).unknown(Empty::Good), false), Sli::new(9, 10));
    assert_eq!(slices(jobs(0.9).unknown(Empty::CarryLast), false), Sli::new(1, 10));
    assert_eq!(slices(jobs(0.9).unknown(Empty::Bad), true), Sli::new(1, 2));
    assert_eq!(slices(jobs(0.9).stopped(Empty::Good), true), Sli::new(9, 10));
}

/// A clock that goes back reopens nothing and loses nothing; one that leaps says so, and the time it leapt over is unknown.
#[test]
fn a32_clocks() {
    let every_minute = |of| Budgeting::Timeslices { slice: secs(60), good_from: Share::new(of).unwrap() };
    let mut service = Service::new(T0, jobs(0.5).budgeting(every_minute(1.0)).unknown(Empty::Bad));
    service.run(10 * MINUTE, 1, 0);
    assert_eq!(service.sli(), Sli::new(10, 10));
    // Back by three minutes: until it has caught up, all belongs to the slice that was open.
    service.clock.jump(at(T0 + 7 * MINUTE));
    service.good.add(1);
    let ticked = service.tick();
    assert_eq!(ticked.clock_jump, Some(ClockJump::Back(secs(3 * MINUTE))));
    service.run(3 * MINUTE, 1, 0);
    assert_eq!((service.sli(), service.verdict().evidence.over.end), (Sli::new(10, 10), at(T0 + 10 * MINUTE)));
    service.run(MINUTE, 1, 0);
    assert_eq!(service.sli(), Sli::new(11, 11));
    // Forward by five: those are unknown.
    service.clock.jump(at(T0 + 16 * MINUTE));
    let ticked = service.tick();
    assert_eq!(ticked.clock_jump, Some(ClockJump::Forward(secs(5 * MINUTE))));
    assert_eq!(service.sli(), Sli::new(11, 16));
    service.run(MINUTE, 1, 0);
    assert_eq!(service.sli(), Sli::new(12, 17));
}

/// By events nothing is lost, whatever the clock does, and what is counted after a leap over a month's end is of the new one.
#[test]
fn a32_over_a_month() {
    let november: u64 = 1_793_491_200; // 2026-11-01T00:00:00Z
    let month = Period::calendar(Unit::Month, Zone::utc());
    let mut service = Service::new(november - HOUR, jobs(0.5).period(month));
    assert_eq!(service.run(30 * MINUTE, 1, 1).evidence.sli, Sli::new(360, 720));
    service.clock.jump(at(november + HOUR));
    service.good.add(3);
    service.tick();
    assert_eq!((service.sli(), service.verdict().evidence.over), (Sli::new(3, 3), span(november, november + HOUR)));
    // Back over the border: time stands still at where it was.
    service.clock.jump(at(november - HOUR));
    service.good.add(2);
    service.tick();
    assert_eq!((service.sli(), service.verdict().evidence.over.end), (Sli::new(5, 5), at(november + HOUR)));
    // Quietly over the next border: a fresh budget.
    service.clock.jump(at(november + 30 * DAY - 5));
    service.tick();
    assert_eq!(service.run(5, 0, 1).evidence.sli, Sli::new(5, 6));
    assert_eq!(service.run(5, 1, 0).evidence.sli, Sli::new(1, 1));
}

/// A counter that goes back began anew at nothing.
#[test]
fn counters_that_go_back() {
    struct Fake(u64);
    impl Readings for Fake {
        fn each(&self, show: &mut dyn FnMut(&dyn Read)) {
            show(&One("jobs.good", self.0));
            show(&One("jobs.bad", 0));
        }
    }
    struct One(&'static str, u64);
    impl Read for One {
        fn id(&self) -> u64 {
            self.0.len() as u64
        }
        fn metric(&self) -> &str {
            self.0
        }
        fn label(&self, _: &str) -> Option<&str> {
            None
        }
        fn total(&self) -> Option<u64> {
            Some(self.1)
        }
        fn at_most(&self, _: f64) -> Option<u64> {
            None
        }
    }
    let mut judge = Judge::new([jobs(0.9)]).unwrap();
    let clock = Clock::manual(at(T0));
    let mut resets = 0;
    for value in [100, 150, 7, 10, 0, 0] {
        resets += judge.tick(Moment::now(&clock), &Fake(value)).resets;
        clock.advance(secs(5));
    }
    assert_eq!((judge.verdict("jobs").unwrap().evidence.sli, resets), (Sli::new(60, 60), 2));
}

/// Requests that hang count as soon as they are late, and once.
#[test]
fn a40_hung() {
    struct Hanging<'a>(&'a Registry, u64);
    impl Readings for Hanging<'_> {
        fn each(&self, show: &mut dyn FnMut(&dyn Read)) {
            self.0.each(show);
        }
        fn hung(&self, slo: &Slo) -> u64 {
            assert_eq!(slo.threshold(), Some(Duration::from_millis(300)));
            self.1
        }
    }
    let clock = Clock::manual(at(T0));
    let registry = Registry::on(clock.clone());
    let durations = duration(&registry, [0.3]);
    let slo = Slo::latency("fast", Duration::from_millis(300), target(0.95));
    let mut judge = Judge::new([slo]).unwrap();
    let mut tick = |hung| {
        judge.tick(Moment::now(&clock), &Hanging(&registry, hung));
        clock.advance(secs(5));
        judge.verdict("fast").unwrap().evidence.clone()
    };
    tick(0);
    (0..97).for_each(|_| durations.record(0.2));
    durations.record(0.3);
    assert_eq!(tick(0).sli, Sli::new(98, 98));
    let evidence = tick(10);
    assert_eq!((evidence.sli, evidence.hung), (Sli::new(98, 108), 10));
    assert!(!evidence.budget.unwrap().is_kept());
    // Two have ended, late: they are counted for good, and hang no more.
    durations.record(60.0);
    durations.record(61.0);
    assert_eq!(tick(8).sli, Sli::new(98, 108));
    assert_eq!(tick(0).sli, Sli::new(98, 100));
}

fn duration<const N: usize>(registry: &Registry, bounds: [f64; N]) -> Histogram {
    let family = registry.histogram("http.server.request.duration").unit("s").bounds(bounds);
    family.series(&[("http.route", "/a"), ("outcome", "success")]).unwrap()
}

/// A threshold that the histogram has no bound at is no verdict, and says what to do.
#[test]
fn no_such_bound() {
    let clock = Clock::manual(at(T0));
    let registry = Registry::on(clock.clone());
    let durations = duration(&registry, [0.25]);
    let mut judge = Judge::new([Slo::latency("fast", Duration::from_millis(300), target(0.95))]).unwrap();
    judge.tick(Moment::now(&clock), &registry);
    durations.record(0.1);
    judge.tick(Moment::now(&clock), &registry);
    let Status::Unknown(Why::NotMeasured(why)) = &judge.verdict("fast").unwrap().status else { panic!() };
    insta::assert_snapshot!(why, @"http.server.request.duration has no count at 0.3, so how many are below it is not known exactly: declare it as a bound");
    assert_eq!(judge.objective("fast").unwrap().remaining(), None);
}

/// Expressions are followed by what they rise by, ratios slice by slice.
#[test]
fn expressions() {
    struct Fake(Option<f64>, f64);
    impl Readings for Fake {
        fn each(&self, _: &mut dyn FnMut(&dyn Read)) {}
        fn evaluate(&self, expression: &str) -> Result<Option<f64>, String> {
            match expression {
                "good" => Ok(self.0),
                "total" => Ok(Some(self.1)),
                "ratio" => Ok(self.0.map(|good| good / self.1)),
                other => Err(format!("no {other} here")),
            }
        }
    }
    let counts =
        Slo::promql("counts", Expressions::Counts { good: "good".into(), total: "total".into() }, target(0.95));
    let ratio = Slo::promql("ratio", Expressions::Ratio("ratio".into()), target(0.95));
    let wrong = Slo::promql("wrong", Expressions::Ratio("nothing".into()), target(0.95));
    let mut judge = Judge::new([counts, ratio, wrong]).unwrap();
    let clock = Clock::manual(at(T0));
    for (good, total) in [(Some(50.0), 100.0), (Some(80.0), 130.0), (None, 130.0), (Some(85.0), 140.0)] {
        for _ in 0..12 {
            judge.tick(Moment::now(&clock), &Fake(good, total));
            clock.advance(secs(5));
        }
    }
    judge.tick(Moment::now(&clock), &Fake(Some(85.0), 140.0));
    assert_eq!(judge.verdict("counts").unwrap().evidence.sli, Sli::new(35, 40));
    // The mean of minutes. A tick on the border is of the minute that ends there, and one without a value counts for nothing.
    let first = (12.0 * 0.5 + 80.0 / 130.0) / 13.0;
    let mean = (first + 80.0 / 130.0 + 85.0 / 140.0 + 85.0 / 140.0) / 4.0;
    let share = judge.verdict("ratio").unwrap().evidence.sli.ratio().unwrap().to_f64();
    assert!((share - mean).abs() < 1e-9, "{share} {mean}");
    let Status::Unknown(Why::NotMeasured(why)) = &judge.verdict("wrong").unwrap().status else { panic!() };
    assert_eq!(why, "no nothing here");
}

/// An expression that could not be told begins where it first can; one that had no value had counted nothing.
#[test]
fn expressions_that_begin() {
    struct Fake(Result<Option<f64>, String>);
    impl Readings for Fake {
        fn each(&self, _: &mut dyn FnMut(&dyn Read)) {}
        fn evaluate(&self, _: &str) -> Result<Option<f64>, String> {
            self.0.clone()
        }
    }
    let sli = |values: &[Result<Option<f64>, String>]| {
        let counts = Expressions::Counts { good: "good".into(), total: "total".into() };
        let mut judge = Judge::new([Slo::promql("jobs", counts, target(0.95))]).unwrap();
        let clock = Clock::manual(at(T0));
        for value in values {
            judge.tick(Moment::now(&clock), &Fake(value.clone()));
            clock.advance(secs(5));
        }
        judge.verdict("jobs").unwrap().evidence.sli
    };
    let failed = || Err("not yet".to_owned());
    assert_eq!(sli(&[Ok(Some(100.0)), Ok(Some(103.0))]), Sli::new(3, 3));
    assert_eq!(sli(&[failed(), Ok(Some(100.0)), Ok(Some(103.0))]), Sli::new(3, 3));
    assert_eq!(sli(&[Ok(None), Ok(Some(2.0)), failed(), Ok(Some(5.0))]), Sli::new(5, 5));
    assert_eq!(sli(&[Ok(Some(100.0)), Ok(None), Ok(Some(4.0))]), Sli::new(4, 4));
    assert_eq!(sli(&[Ok(Some(f64::NAN)), Ok(Some(-1.0)), Ok(Some(7.0)), Ok(Some(8.0))]), Sli::new(1, 1));
}

/// Maintenance wakes nobody while it lasts, is left out, and is recorded.
#[test]
fn a28_maintenance_live() {
    let down = span(T0 + 2 * HOUR, T0 + 2 * HOUR + 10 * MINUTE);
    let mut service = Service::new(T0, jobs(0.999).correction(Correction::exclude(down, "new disks")));
    service.run(2 * HOUR, 500, 0);
    let verdict = service.run(10 * MINUTE, 0, 500);
    assert_eq!((verdict.severity, verdict.evidence.muted.as_deref()), (None, Some("new disks")));
    assert_eq!(verdict.evidence.sli, Sli::new(720_000, 720_000));
    assert_eq!(service.judge.objective("jobs").unwrap().tier(), None);
    let verdict = service.run(MINUTE, 0, 500);
    assert_eq!((verdict.severity, verdict.evidence.muted.as_deref()), (Some(Severity::Page), None));
    // The minute was part of another maintenance, as is found out now: it stays counted, and nobody is woken any more.
    let more = span(T0 + 2 * HOUR, T0 + 3 * HOUR);
    service.judge.correct("jobs", Correction::exclude(more, "more new disks")).unwrap();
    let before = service.sli();
    let verdict = service.run(MINUTE, 0, 500);
    assert_eq!((verdict.severity, verdict.evidence.sli), (None, before));
    assert_eq!(service.judge.objective("jobs").unwrap().tier(), Some(Severity::Page));
    assert!(service.judge.correct("other", Correction::exclude(more, "")).is_err());
}

/// Each correction is looked at in each tick, so there are only so many.
#[test]
fn corrections_are_so_many_at_most() {
    let given = |number: usize| {
        let mut correction = Correction::exclude(span(T0, T0 + MINUTE), "new disks");
        correction.set_at = Some(Timestamp::from_unix_seconds(number as u64));
        correction
    };
    let mut service = Service::new(T0, jobs(0.999).correction(given(0)));
    for number in 1..Judge::MAX_CORRECTIONS {
        service.judge.correct("jobs", given(number)).unwrap();
    }
    let wrong = service.judge.correct("jobs", given(1000)).unwrap_err();
    insta::assert_snapshot!(wrong, @r#"objective "jobs": there are 512 corrections of it, which is the limit; take some back, or give one that repeats instead of many"#);
    assert!(wrong.is_objective());
    // There is room again for one that is taken back.
    assert!(service.judge.take_back("jobs", Timestamp::from_unix_seconds(7)).unwrap());
    service.judge.correct("jobs", given(7)).unwrap();
    service.judge.correct("jobs", given(1000)).unwrap_err();
}

/// All of everything, and of nothing: no number is lost and none is not a number.
#[test]
fn extremes() {
    let mut service = Service::new(T0, jobs(0.999));
    service.good.add(u64::MAX / 2);
    service.bad.add(u64::MAX / 2);
    service.run(5, 0, 0);
    let evidence = &service.verdict().evidence;
    assert!(evidence.burn_rate.is_some() && evidence.budget.is_some_and(|budget| !budget.is_kept()));
    assert!(evidence.failure_interval.is_some_and(|(low, high)| 0.49 < low && high < 0.51));
    service.clock.jump(Timestamp::from_unix_nanos(u64::MAX));
    service.tick();
    assert_eq!(service.verdict().status, Status::Unknown(Why::NoTraffic));
}
