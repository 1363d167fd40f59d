//! What PromQL sees: names, classic and native histograms, states, zeros and ends, coarser tiers.

use std::time::Duration;

use bellwether_core::{Clock, Registry, SpanId, Timestamp, TraceId};
use bellwether_history::{History, Options, Tier};
use bellwether_promql::{Engine, MatchOp, Matcher, Value};
use insta::assert_snapshot;

const START: u64 = 1_700_000_000;

struct Kept {
    clock: Clock,
    registry: Registry,
    history: History,
}

impl Kept {
    fn new(options: Options) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(START));
        let registry = Registry::on(clock.clone());
        Self { clock, registry, history: History::in_memory(options) }
    }

    fn tick(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.history.tick(&self.registry, self.clock.timestamp(), self.clock.now());
    }

    /// The answer of a query so many seconds after the start.
    fn ask(&self, query: &str, at: u64) -> String {
        let at = ((START + at) * 1000) as i64;
        let view = self.history.view();
        let answer = Engine::default().instant(&view, query, at).unwrap_or_else(|error| panic!("{query}: {error}"));
        show(answer.value)
    }

    /// The values of a range query over one series.
    fn range(&self, query: &str, from: u64, to: u64, step: u64) -> String {
        let ms = |seconds: u64| ((START + seconds) * 1000) as i64;
        let view = self.history.view();
        let answer = Engine::default().range(&view, query, ms(from), ms(to), Duration::from_secs(step)).unwrap();
        show(answer.value)
    }
}

fn show(value: Value) -> String {
    let lines: Vec<String> = match value {
        Value::Vector(elements) => {
            elements.iter().map(|e| format!("{} {}", e.labels, number(&e.sample.value))).collect()
        }
        Value::Matrix(series) => {
            let samples = |s: &bellwether_promql::Series| {
                let at = |time: i64| time / 1000 - START as i64;
                let all = s.samples.iter().map(|s| format!("{}@{}", number(&s.value), at(s.timestamp_ms)));
                all.collect::<Vec<_>>().join(" ")
            };
            series.iter().map(|s| format!("{} {}", s.labels, samples(s))).collect()
        }
        other => vec![format!("{other:?}")],
    };
    lines.join("\n")
}

fn number(value: &bellwether_promql::SampleValue) -> String {
    match value {
        bellwether_promql::SampleValue::Float(x) => x.to_string(),
        bellwether_promql::SampleValue::Histogram(h) => h.to_string(),
    }
}

#[test]
fn names_are_those_of_a_scrape() {
    let kept = Kept::new(Options::new().label("job", "shop"));
    let requests = kept.registry.counter("http.requests").labels(["http.route"]).family().unwrap();
    let wait = kept.registry.histogram("queue.wait").unit("s").bounds([0.3]).build().unwrap();
    let busy = kept.registry.counter("busy").unit("s").scale(1e-3).build().unwrap();
    let door = kept.registry.state_set("door.state", "state", ["shut", "open"]).build().unwrap();
    kept.registry.gauge("cpu.utilization").unit("1").build().unwrap().set(0.25);
    for _ in 0..3 {
        requests.get(["/cart"]).inc();
        wait.record(0.25);
        wait.record(0.5);
        busy.add(1500);
        door.set(1);
        kept.tick(5);
    }
    assert_snapshot!(kept.ask(r#"{job="shop",__name__!~"bellwether.*"}"#, 15), @r#"
    busy_seconds_total{job="shop"} 4.5
    cpu_utilization_ratio{job="shop"} 0.25
    door_state{job="shop", state="shut"} 0
    door_state{job="shop", state="open"} 1
    http_requests_total{http_route="/cart", job="shop"} 3
    queue_wait_seconds{job="shop"} {count:6, sum:2.25, (0.24464301552192502,0.25]:3, (0.48928603104385004,0.5]:3}
    queue_wait_seconds_bucket{job="shop", le="0.3"} 3
    queue_wait_seconds_bucket{job="shop", le="+Inf"} 6
    queue_wait_seconds_count{job="shop"} 6
    queue_wait_seconds_sum{job="shop"} 2.25
    "#);
}

#[test]
fn a_counter_begins_at_zero() {
    let kept = Kept::new(Options::new());
    kept.tick(5);
    kept.registry.counter("jobs").build().unwrap().add(7);
    kept.registry.histogram("wait").bounds([1.0]).build().unwrap().record(0.5);
    kept.tick(5);
    kept.tick(5);
    assert_snapshot!(kept.ask("jobs_total[15s]", 15), @"jobs_total 0@5 7@10 7@15");
    assert_snapshot!(kept.ask(r#"wait_bucket{le="1.0"}[15s]"#, 15), @r#"
    wait_bucket{le="1.0"} 0@5 1@10 1@15
    "#);
}

#[test]
fn coarser_tiers_answer_for_what_is_long_ago() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let tiers = [Tier::new(minutes(1), minutes(60)), Tier::new(minutes(10), minutes(4000))];
    let kept = Kept::new(Options::new().retention(minutes(5)).tiers(tiers));
    let (jobs, level) = (kept.registry.counter("jobs").build().unwrap(), kept.registry.gauge("level").build().unwrap());
    for tick in 0..1440_u32 {
        jobs.inc();
        // For a moment it is high, between two steps.
        level.set(if tick == 100 { 99.0 } else { f64::from(tick / 720) });
        kept.tick(5);
    }
    assert_snapshot!(kept.range("jobs_total", 600, 7200, 600), @"jobs_total 116@600 236@1200 356@1800 476@2400 596@3000 716@3600 836@4200 956@4800 1076@5400 1196@6000 1316@6600 1440@7200");
    assert_snapshot!(kept.range("level", 300, 7200, 1200), @"level 0@1500 0@2700 0@3900 1@5100 1@6300");
    assert_snapshot!(kept.ask("max_over_time(level[2h])", 7200), @"{} 99");
    assert_snapshot!(kept.ask("min_over_time(level[30m])", 7200), @"{} 1");
    assert_snapshot!(kept.ask("increase(jobs_total[1h])", 7200), @"{} 720");
}

#[test]
fn a_gauge_that_is_not_known_has_ended() {
    let kept = Kept::new(Options::new());
    let level = kept.registry.gauge("level").build().unwrap();
    let known = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let source = known.clone();
    level.observe(move || source.load(std::sync::atomic::Ordering::Relaxed).then_some(3.0));
    kept.tick(5);
    known.store(false, std::sync::atomic::Ordering::Relaxed);
    kept.tick(5);
    kept.tick(5);
    assert_snapshot!(kept.ask("level", 5), @"level 3");
    assert_snapshot!(kept.ask("level", 12), @"");
    known.store(true, std::sync::atomic::Ordering::Relaxed);
    kept.tick(5);
    assert_snapshot!(kept.ask("level", 20), @"level 3");
}

#[test]
fn listings() {
    let kept = Kept::new(Options::new());
    let jobs = kept.registry.counter("jobs").description("Jobs done.").labels(["queue"]).family().unwrap();
    jobs.get(["mail"]).inc();
    jobs.get(["print"]).inc();
    let wait = kept.registry.histogram("wait").unit("s").bounds([0.3]).build().unwrap();
    wait.record_in_trace(0.2, TraceId::from_bytes([1; 16]).unwrap(), SpanId::from_bytes([2; 8]).unwrap());
    kept.tick(5);
    let view = kept.history.view();
    let (from, to) = ((START * 1000) as i64 - 1, view.until().unwrap());
    let named = |name| [Matcher::new("__name__", MatchOp::Regex, name).unwrap()];
    let series = view.series(&named("jobs_total|wait.*"), from, to).unwrap();
    assert_snapshot!(series.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r#"
    jobs_total{queue="mail"}
    jobs_total{queue="print"}
    wait_seconds
    wait_seconds_bucket{le="+Inf"}
    wait_seconds_bucket{le="0.3"}
    wait_seconds_count
    wait_seconds_sum
    "#);
    assert_eq!(view.series(&named("jobs.*"), to, to + 10).unwrap(), []);
    assert_eq!(view.label_values("queue", &named("jobs.*"), from, to).unwrap(), ["mail", "print"]);
    assert_eq!(view.label_names(&named("wait.*"), from, to).unwrap(), ["__name__", "le"]);
    let meant = view.metadata();
    let jobs = meant.iter().find(|metadata| &*metadata.name == "jobs_total").unwrap();
    assert_eq!((jobs.kind, &*jobs.help, &*jobs.unit), ("counter", "Jobs done.", ""));
    let of = |name| view.exemplars(&named(name), from, to);
    assert_eq!(of("wait_seconds")[0].exemplars[0].value, 0.2);
    assert_snapshot!(of("wait_seconds_bucket")[0].labels.to_string(), @r#"
    wait_seconds_bucket{le="0.3"}
    "#);
}
