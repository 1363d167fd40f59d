//! Ticks on a clock that stands still by itself.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_core::{Clock, Handle, Registry, Timestamp};
use bellwether_dependency::{Dependencies, Dependency, Phase};
use tracing::field::Field;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::Watch;
use super::throttled::Throttled;
use crate::log::LogPlan;
use crate::settings::Settings;

/// What is logged, a line each.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut lines = self.0.lock().unwrap();
        let target = event.metadata().target();
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "message" {
                writeln!(lines, "{target}: {value:?}").unwrap();
            }
        });
    }
}

impl Lines {
    fn of(act: impl FnOnce()) -> String {
        let lines = Self::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines.clone()), act);
        lines.0.lock().unwrap().clone()
    }
}

fn value(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let metric = registry.metric(name)?;
    let series = metric.series().find(|series| labels.iter().all(|(name, value)| series.label(name) == Some(value)))?;
    Some(match series.handle() {
        Handle::Counter(counter) => metric.scale().of(counter.value()),
        Handle::Gauge(gauge) => gauge.value(),
        Handle::Histogram(histogram) => histogram.snapshot().count() as f64,
        other => panic!("{other:?}"),
    })
}

/// A look at a service whose dependencies are these.
fn watch_of(registry: &Registry, dependencies: &Dependencies) -> Watch {
    watch_as(registry, dependencies, &Settings::default())
}

/// The same, as settings say.
fn watch_as(registry: &Registry, dependencies: &Dependencies, settings: &Settings) -> Watch {
    let resource = bellwether_export::Resource::builder("test").build();
    let logs = LogPlan::default().start(settings, &resource, registry).unwrap();
    Watch::new(registry, settings, dependencies.clone(), Arc::new(settings.overrides()), logs).unwrap()
}

fn watch(registry: &Registry) -> Watch {
    watch_of(registry, &Dependencies::new(registry).unwrap())
}

#[test]
fn late_ticks_are_counted() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let mut watch = watch(&registry);
    let mut check = |seconds: f64, late: f64| {
        clock.advance(Duration::from_secs_f64(seconds));
        watch.tick();
        assert_eq!(value(&registry, "bellwether.tick.late", &[]), Some(late));
    };
    check(0.0, 0.0);
    check(5.0, 0.0);
    check(7.4, 0.0);
    check(7.6, 1.0);
    check(3600.0, 2.0);
    check(5.0, 2.0);
    assert_eq!(value(&registry, "bellwether.tick.duration", &[]), Some(6.0));
}

#[test]
fn readiness_is_shown() {
    let registry = Registry::new();
    let dependencies = Dependencies::new(&registry).unwrap();
    let mut watch = watch_of(&registry, &dependencies);
    let mut check = |expect| {
        watch.tick();
        assert_eq!(value(&registry, "bellwether.ready", &[]), Some(expect));
    };
    check(0.0);
    dependencies.enter(Phase::Serving);
    check(1.0);
    dependencies.enter(Phase::Paused);
    check(0.0);
    dependencies.enter(Phase::Stopping);
    dependencies.enter(Phase::Serving);
    check(0.0);
}

#[test]
fn what_settings_say_in_vain_is_logged_once() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let mut settings = Settings::default();
    settings.dependencies.owner.push(("opnai".to_owned(), "voice".to_owned()));
    let dependencies = Dependencies::new(&registry).unwrap();
    dependencies.register(Dependency::http("openai")).unwrap();
    let mut watch = watch_as(&registry, &dependencies, &settings);
    let logged = Lines::of(|| {
        for _ in 0..100 {
            clock.advance(Duration::from_secs(5));
            watch.tick();
        }
    });
    insta::assert_snapshot!(logged, @r#"bellwether::settings: dependencies.owner speaks of "opnai", which nobody registered; did you mean "openai"?"#);
}

#[test]
fn what_the_registry_turned_away_is_shown_by_name() {
    let registry = Registry::new();
    let mut watch = watch(&registry);
    let routes = registry.counter("requests").labels(["method", "path"]).max_series(10).family().unwrap();
    for path in 0..100 {
        routes.get(["GET", &path.to_string()]).inc();
    }
    let waits = registry.histogram("wait").build().unwrap();
    waits.record(f64::NAN);
    assert!(registry.gauge("requests").build().is_err());
    watch.tick();
    assert_eq!(value(&registry, "bellwether.registry.series", &[("metric", "requests")]), Some(10.0));
    let labels = [("metric", "requests"), ("label", "path")];
    assert_eq!(value(&registry, "bellwether.registry.overflowed", &labels), Some(90.0));
    assert_eq!(value(&registry, "bellwether.registry.dropped", &[("metric", "wait")]), Some(1.0));
    assert_eq!(value(&registry, "bellwether.registry.refused", &[]), Some(1.0));
    assert_eq!(value(&registry, "bellwether.registry.dropped", &[("metric", "requests")]), None);
}

#[test]
fn a_limit_of_cpu_time_is_shown_where_there_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let (groups, stat) = (dir.path().join("cgroup"), dir.path().join("cpu.stat"));
    let registry = Registry::new();
    let shown = || {
        let value = |name| value(&registry, &format!("container.cpu.cfs.{name}"), &[]);
        (value("periods"), value("throttled_periods"), value("throttled"))
    };
    let write = |periods: u64, throttled: u64| {
        let text = format!("nr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec {}\n", throttled * 50_000);
        std::fs::write(&stat, text).unwrap();
    };
    let took = Duration::from_secs(5);
    std::fs::write(&groups, "0::/\n").unwrap();
    let throttled = || Throttled::of(&registry, &groups, dir.path()).unwrap();
    assert_eq!((throttled().read(took), shown()), (0.0, (None, None, None)));
    // A group that could have a limit, and has none.
    write(0, 0);
    assert_eq!((throttled().read(took), shown()), (0.0, (None, None, None)));
    write(100, 10);
    let mut throttled = throttled();
    // What was before is shown, and is no news.
    assert_eq!((throttled.read(took), shown()), (0.0, (Some(100.0), Some(10.0), Some(0.5))));
    write(150, 60);
    assert_eq!((throttled.read(took), shown()), (0.5, (Some(150.0), Some(60.0), Some(3.0))));
    // What is gone or nonsense is not known, and what comes after it has nothing to be compared with.
    std::fs::write(&stat, "nr_periods many").unwrap();
    assert_eq!(throttled.read(took), 0.0);
    write(200, 110);
    assert_eq!((throttled.read(took), shown()), (0.0, (Some(200.0), Some(110.0), Some(5.5))));
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_shown() {
    let registry = Registry::new();
    let mut watch = watch(&registry);
    watch.tick();
    let now = registry.clock().timestamp().unix_seconds();
    let check = |name, labels: &[(&str, &str)], legal: std::ops::Range<f64>| {
        let value = value(&registry, name, labels).unwrap();
        assert!(legal.contains(&value), "{name} {labels:?} is {value}");
    };
    check("process.cpu.time", &[("cpu.mode", "user")], 0.0..1e6);
    check("process.cpu.time", &[("cpu.mode", "system")], 0.0..1e6);
    check("process.memory.usage", &[], 1e5..1e12);
    check("process.memory.virtual", &[], 1e5..1e15);
    check("process.thread.count", &[], 1.0..1e4);
    check("process.unix.file_descriptor.count", &[], 3.0..1e6);
    check("process.uptime", &[], 0.0..1e7);
    check("process.start_time", &[], now - 1e7..now + 1.0);
}
