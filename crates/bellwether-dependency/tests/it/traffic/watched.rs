//! The judge at work on traffic: what it says, and where it is shown, from nothing to an incident and back.

use std::time::Duration;

use bellwether_core::{Clock, Follow, Handle, Outcome, Registry, Timestamp};
use bellwether_dependency::cascade::{Change, Process, Root, Watch};
use bellwether_dependency::{Dependencies, Dependency, Details, Endpoint, Failure, Phase};
use serde_json::Value;
use std::sync::Arc;

use super::{call, failed};

struct Service {
    clock: Clock,
    registry: Registry,
    dependencies: Dependencies,
    follower: Arc<dyn Follow>,
    stt: Dependency,
    watch: Watch,
}

impl Service {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let registry = Registry::on(clock.clone());
        let dependencies = Dependencies::new(&registry).unwrap();
        let stt = dependencies.register(Dependency::http("stt").critical_shared()).unwrap();
        dependencies.register(Dependency::http("tts")).unwrap();
        dependencies.enter(Phase::Serving);
        let (follower, watch) = (dependencies.follower(), Watch::new(&dependencies).unwrap());
        Self { clock, registry, dependencies, follower, stt, watch }
    }

    /// A window of a hundred turns, of which each third fails for `stt` if it is down.
    fn window(&mut self, is_down: bool) -> Change {
        for turn in 0..100 {
            let turn_began = self.follower.began("POST", Some("/turns"), self.clock.now()).unwrap();
            let asked = call(turn_began, &self.stt);
            self.clock.advance(Duration::from_millis(20));
            let fails = is_down && turn % 3 == 0;
            asked.end(if fails { failed(Failure::Upstream) } else { None });
            self.clock.advance(Duration::from_millis(30));
            let (outcome, error) = if fails { (Outcome::Failure, "502") } else { (Outcome::Success, "") };
            self.follower.ended(turn_began, outcome, error, self.clock.now());
        }
        self.watch.tick(self.clock.now(), Process::default())
    }

    /// The values of a metric, by the values of its labels.
    fn shown(&self, metric: &str) -> Vec<(String, f64)> {
        let metric = self.registry.metric(metric).unwrap();
        let value = |handle: &Handle| match handle {
            Handle::Gauge(gauge) => gauge.known(),
            Handle::Counter(counter) => Some(counter.value() as f64),
            _ => None,
        };
        let series = metric.series();
        let labels = |series: &bellwether_core::Series| {
            ["root", "cause"].iter().filter_map(|name| series.label(name)).collect::<Vec<_>>().join(" ")
        };
        series.filter_map(|series| Some((labels(series), value(series.handle())?))).collect()
    }

    fn health(&self) -> Value {
        serde_json::from_str(&self.dependencies.report().document(Endpoint::Health, Details::Shown).body).unwrap()
    }
}

#[test]
fn an_incident_opens_is_shown_and_closes() {
    let mut service = Service::new();
    assert!(service.dependencies.verdict().is_none());
    (0..20).for_each(|_| assert_eq!(service.window(false), Change::default()));
    assert_eq!(service.dependencies.verdict().unwrap().to_string(), "healthy");
    assert_eq!(service.health()["incident"], Value::Null);

    let changes: Vec<Change> = (0..4).map(|_| service.window(true)).collect();
    let opened: Vec<_> = changes.iter().filter_map(|change| change.opened.clone()).collect();
    assert_eq!(opened.len(), 1, "it is said once");
    assert!(changes[1].opened.is_some(), "after two windows");
    let root = opened[0].root().expect("it is named");
    assert_eq!((&root.root, root.cause.as_str()), (&Root::Node("stt".into()), "upstream_5xx"));
    assert_eq!(root.path.iter().map(|name| &**name).collect::<Vec<_>>(), ["POST /turns", "stt"]);

    let suspects = service.shown("dependency.incident.suspect");
    assert_eq!(suspects.len(), 1);
    assert!(suspects[0].0 == "stt upstream_5xx" && suspects[0].1 > 0.95, "{suspects:?}");
    assert_eq!(service.shown("dependency.incident.opened"), [("upstream_5xx".to_owned(), 1.0)]);
    assert_eq!(service.shown("dependency.incident.routes")[0].1, 1.0);
    let lost = service.shown("dependency.incident.lost")[0].1;
    assert!((0.2..0.4).contains(&lost), "{lost}");
    let incident = &service.health()["incident"];
    assert_eq!(incident["suspects"][0]["root"], "stt");
    assert_eq!(incident["suspects"][0]["routes"][0], "POST /turns");
    assert_eq!(incident["id"], opened[0].incident.unwrap().id.to_string());
    let hidden = service.dependencies.report().document(Endpoint::Health, Details::Hidden).body;
    assert!(!hidden.contains("incident"), "{hidden}");

    let changes: Vec<Change> = (0..10).map(|_| service.window(false)).collect();
    let closed: Vec<_> = changes.iter().filter_map(|change| change.closed.clone()).collect();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].incident.unwrap().id, opened[0].incident.unwrap().id);
    assert_eq!(closed[0].root().map(|root| &root.root), Some(&Root::Node("stt".into())), "the last word stands");
    assert_eq!(service.shown("dependency.incident.suspect"), [], "nobody is suspected any more");
    assert_eq!(service.health()["incident"], Value::Null);
}
