//! Calls of models: what is counted of answers and sessions, whole, cut, failed, given up.

mod answers;
mod limits;
mod sessions;
mod speech;

use std::collections::BTreeMap;
use std::time::Duration;

use bellwether_breaker::Breaker;
use bellwether_core::{Clock, Handle, Registry, Timestamp};
use bellwether_dependency::genai::{Answer, GenAi, Model, ModelBuilder};
use bellwether_dependency::{Dependencies, Dependency};

/// A model behind a dependency with a breaker, on a clock that stands still.
struct World {
    clock: Clock,
    registry: Registry,
    dependency: Dependency,
    model: Model,
}

impl World {
    fn of(described: ModelBuilder) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let registry = Registry::on(clock.clone());
        let dependencies = Dependencies::new(&registry).unwrap();
        let described_dependency = Dependency::http("llm").breaker(Breaker::builder("llm"));
        let dependency = dependencies.register(described_dependency).unwrap();
        let model = GenAi::new(&registry).unwrap().model(&dependency, described);
        Self { clock, registry, dependency, model }
    }

    fn chat() -> Self {
        Self::of(Model::chat("openai", "gpt-4o").server("api.example.com", 443))
    }

    fn begin(&self) -> Answer {
        self.model.begin().unwrap()
    }

    fn wait(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    /// Each series of a metric that counted anything: the values of these labels, how many there were, and their sum.
    fn series(&self, metric: &str, labels: &[&str]) -> Vec<String> {
        let Some(metric) = self.registry.metric(metric) else { return Vec::new() };
        let mut lines = BTreeMap::<String, (u64, f64)>::new();
        for series in metric.series() {
            let (count, sum) = match series.handle() {
                Handle::Histogram(histogram) => {
                    let seen = histogram.snapshot();
                    (seen.count(), seen.mean().unwrap_or_default() * seen.count() as f64)
                }
                Handle::Counter(counter) => (u64::from(counter.value() > 0), counter.value() as f64),
                Handle::Gauge(gauge) => (u64::from(gauge.known().is_some()), gauge.known().unwrap_or_default()),
                _ => continue,
            };
            let value = |label| series.label(label).filter(|value| !value.is_empty()).unwrap_or("-");
            let labels = labels.iter().map(|label| value(label)).collect::<Vec<_>>().join(" ");
            if count > 0 {
                let line = lines.entry(labels).or_default();
                *line = (line.0 + count, line.1 + sum);
            }
        }
        let show = |(labels, (count, sum))| format!("{labels} {count}x {sum:.3}").trim_start().to_owned();
        lines.into_iter().map(show).collect()
    }

    fn durations(&self) -> Vec<String> {
        self.series("gen_ai.client.operation.duration", &["outcome", "error.type"])
    }

    fn tokens(&self) -> Vec<String> {
        self.series("gen_ai.client.token.usage", &["gen_ai.token.type"])
    }

    fn unknown(&self) -> Vec<String> {
        self.series("bellwether.gen_ai.usage.unknown", &["reason"])
    }

    /// What its breaker has heard: successes, failures, throttled, cancelled.
    fn evidence(&self) -> [u64; 4] {
        use bellwether_breaker::Outcome::{Cancelled, Failure, Success, Throttled};
        let seen = self.dependency.breaker().unwrap().snapshot();
        assert_eq!(seen.in_flight, 0);
        [Success, Failure, Throttled(None), Cancelled].map(|outcome| seen.outcome(outcome))
    }
}

fn header<'a>(headers: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> {
    move |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream; charset=utf-8")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
