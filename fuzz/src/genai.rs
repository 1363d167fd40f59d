//! Answers and sessions of models, of any bytes: each call is counted once, whatever comes, and what was not said is not known.
#![no_main]

use std::time::Duration;

use bellwether_breaker::Breaker;
use bellwether_core::{Clock, Handle, Registry, Timestamp};
use bellwether_dependency::genai::{GenAi, Model};
use bellwether_dependency::{Dependencies, Dependency};
use libfuzzer_sys::fuzz_target;

const TYPES: [&str; 5] = ["text/event-stream", "application/json", "audio/pcm", "text/plain", ""];
const STATUSES: [u16; 5] = [200, 429, 500, 401, 302];

fuzz_target!(|input: &[u8]| {
    let Some(([choice, size, how], body)) = input.split_first_chunk() else { return };
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let dependencies = Dependencies::new(&registry).expect("an empty registry");
    let described = Dependency::http("llm").breaker(Breaker::builder("llm"));
    let dependency = dependencies.register(described).expect("a dependency");
    let genai = GenAi::new(&registry).expect("an empty registry");

    let chat = genai.model(&dependency, Model::chat("openai", "gpt"));
    let kind = TYPES[usize::from(*choice) % TYPES.len()];
    let status = STATUSES[usize::from(*choice) / TYPES.len() % STATUSES.len()];
    let mut answer = chat.begin().expect("a breaker that has heard nothing");
    answer.head(status, |name| (name == "content-type").then_some(kind));
    for chunk in body.chunks(usize::from(*size).max(1)) {
        answer.chunk(chunk).expect("no deadlines");
        clock.advance(Duration::from_millis(1));
    }
    let well = match how % 3 {
        0 => answer.end().is_ok(),
        1 => {
            answer.fail(&std::io::Error::from(std::io::ErrorKind::ConnectionReset));
            false
        }
        _ => {
            drop(answer);
            false
        }
    };
    assert_eq!(count(&registry, "gen_ai.client.operation.duration"), 1);
    let tokens = count(&registry, "gen_ai.client.token.usage");
    let unknown = count(&registry, "bellwether.gen_ai.usage.unknown");
    assert!(tokens + unknown <= 2 && (!well || tokens == 2 || unknown == 1), "{tokens} {unknown}");

    let realtime = genai.model(&dependency, Model::realtime("openai", "gpt"));
    let Ok(mut session) = realtime.connect() else { return };
    for message in body.split(|byte| *byte == b'\n') {
        session.message(message);
    }
    let of_use = session.was_of_use();
    match how % 2 {
        0 => drop(session),
        _ => drop(session.closed(body.first_chunk().map(|code| u16::from_le_bytes(*code)))),
    }
    assert_eq!(realtime.connects_in_vain(), u64::from(!of_use));
    assert_eq!(count(&registry, "bellwether.gen_ai.session.duration"), 1);
    assert_eq!(dependency.breaker().expect("its breaker").snapshot().in_flight, 0);
});

fn count(registry: &Registry, metric: &str) -> u64 {
    let metric = registry.metric(metric).expect("a metric");
    let counts = metric.series().map(|series| match series.handle() {
        Handle::Histogram(histogram) => histogram.snapshot().count(),
        Handle::Counter(counter) => counter.value(),
        _ => 0,
    });
    counts.sum()
}
