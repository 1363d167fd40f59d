//! The demo's day of trouble as its breakers see it: cue by cue, each as long as it takes to be seen on `/metrics`.

use crate::service::value;
use crate::upstreams::Between;
use bellwether_tests::demo::Demo;
use bellwether_tests::{client, until};
use std::collections::BTreeMap;
use std::time::Duration;
use voice::release::Deployment;
use voice::story::{Stage, cues};

const TEXT: &str = "text/plain; version=0.0.4";
/// For the words of the cues alone.
const DAY: Duration = Duration::from_secs(300);
/// Customer 3 pays for the business plan, customer 5 is on trial.
const PAYING: i64 = 3;
const ON_TRIAL: i64 = 5;

/// A turn: its status, when to come back, and what was said up to its end, whichever that was.
pub(crate) struct Turn {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
    pub(crate) said: String,
}

impl Turn {
    pub(crate) async fn of(demo: &Demo, customer: i64) -> Self {
        let request = client().post(demo.url("/v1/turns")).header("x-customer", customer).body(vec![0; 9_000]);
        let mut answer = request.send().await.expect("an answer");
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        let mut said = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            said.extend_from_slice(&chunk);
        }
        Self { status: answer.status().as_u16(), retry_after, said: String::from_utf8(said).unwrap() }
    }

    pub(crate) fn has(&self, event: &str) -> bool {
        self.said.contains(&format!(r#""event":"{event}""#))
    }
}

/// A scrape, on which each breaker is in one state.
pub(crate) async fn scrape(demo: &Demo) -> String {
    let page = demo.metrics(TEXT).await;
    let mut states = BTreeMap::<&str, Vec<f64>>::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("breaker_state{")) {
        let (labels, value) = line.rsplit_once("} ").expect("a value");
        let breaker = labels.split("breaker=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a breaker");
        states.entry(breaker).or_default().push(value.parse().expect("a number"));
    }
    assert_eq!(states.keys().copied().collect::<Vec<_>>(), ["llm/batch", "llm/primary", "orders-db", "stt", "tts"]);
    for (breaker, values) in states {
        assert!(values.iter().all(|value| [0.0, 1.0].contains(value)), "{breaker}: {values:?}");
        assert_eq!(values.iter().sum::<f64>(), 1.0, "{breaker} is in one state: {values:?}");
    }
    page
}

pub(crate) fn count(page: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    value(page, name, labels).unwrap_or(0.0)
}

fn is(page: &str, breaker: &str, state: &str) -> bool {
    count(page, "breaker_state", &[("breaker", breaker), ("state", state)]) == 1.0
}

fn rejected(page: &str, breaker: &str, reason: &str) -> f64 {
    count(page, "breaker_rejected_total", &[("breaker", breaker), ("reason", reason)])
}

/// Makes turns until the page says so.
async fn turns_until(demo: &Demo, customer: i64, what: &str, mut so: impl FnMut(&Turn, &str) -> bool) -> Turn {
    until(what, async || {
        let turn = Turn::of(demo, customer).await;
        so(&turn, &scrape(demo).await).then_some(turn)
    })
    .await
}

async fn text_to_speech_is_dead(demo: &Demo) {
    turns_until(demo, PAYING, "the breaker to open", |_, page| is(page, "tts", "open")).await;
    // Now nobody has to fail for it: what cannot be spoken is written.
    let turn = turns_until(demo, PAYING, "a turn without speech", |turn, _| turn.has("mute")).await;
    assert!(turn.has("text") && turn.has("done") && !turn.has("audio"), "{}", turn.said);
    let page = scrape(demo).await;
    assert!(rejected(&page, "tts", "open") > 0.0, "{page}");
    assert!(count(&page, "bellwether_journey_steps_total", &[("step", "unspoken")]) > 0.0, "{page}");
}

async fn text_to_speech_is_alive(demo: &Demo) {
    turns_until(demo, PAYING, "the breaker to close", |_, page| is(page, "tts", "closed")).await;
    let turn = Turn::of(demo, PAYING).await;
    assert!(turn.has("audio") && turn.has("done") && !turn.has("mute"), "{}", turn.said);
}

async fn the_batch_key_is_limited(demo: &Demo) {
    let turn = turns_until(demo, ON_TRIAL, "a pause", |_, page| rejected(page, "llm/batch", "throttled") > 0.0).await;
    assert_eq!((turn.status, turn.retry_after), (503, Some(1)), "{}", turn.said);
    assert!(turn.said.contains("llm was not called: the callee asked for a pause"), "{}", turn.said);
    let turn = Turn::of(demo, PAYING).await;
    assert!(turn.status == 200 && turn.has("done"), "who pays goes on: {}", turn.said);
}

#[tokio::test]
async fn a_day_of_trouble() {
    let between = Between::start().await;
    let env = between.env();
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let demo = Demo::start(&["--no-traffic", "--seed=1"], &env).await;
    let stage = Stage::new(Deployment::default(), Some(between.upstreams()));

    let day = async {
        for cue in cues(DAY).take(18) {
            stage.act(&cue);
            match cue.line(DAY) {
                line if line.contains("text to speech is dead") => text_to_speech_is_dead(&demo).await,
                line if line.contains("text to speech is alive") => text_to_speech_is_alive(&demo).await,
                line if line.contains("trial customers share") => the_batch_key_is_limited(&demo).await,
                line if line.contains("quota is back") => {
                    turns_until(&demo, ON_TRIAL, "the pause to be over", |turn, _| turn.status == 200).await;
                }
                _ => drop(Turn::of(&demo, PAYING).await),
            }
        }
    };
    // Whenever somebody looks.
    let looking = async {
        loop {
            scrape(&demo).await;
        }
    };
    tokio::select! {
        () = day => {}
        () = looking => {}
    }

    let page = scrape(&demo).await;
    let transitions = |breaker, labels: &[(&str, &str)]| {
        count(&page, "breaker_transitions_total", &[&[("breaker", breaker)], labels].concat())
    };
    let from = |from, to, reason| transitions("tts", &[("from", from), ("to", to), ("reason", reason)]);
    // A trial call may have come before it was alive.
    let again = from("half_open", "open", "probe_failed");
    let seen = [
        from("closed", "open", "consecutive"),
        from("open", "half_open", "wait_over"),
        from("half_open", "closed", "recovered"),
        transitions("tts", &[]),
    ];
    assert_eq!(seen, [1.0, 1.0 + again, 1.0, 3.0 + 2.0 * again], "{page}");

    let calls = |breaker, outcome| count(&page, "breaker_calls_total", &[("breaker", breaker), ("outcome", outcome)]);
    assert!(calls("tts", "failure") >= 5.0 && calls("tts", "success") >= 2.0, "{page}");
    assert!(calls("llm/batch", "throttled") >= 1.0 && calls("llm/batch", "success") >= 1.0, "{page}");
    assert_eq!(calls("llm/primary", "throttled"), 0.0, "{page}");
    for steady in ["llm/batch", "llm/primary", "orders-db", "stt"] {
        assert_eq!(transitions(steady, &[]), 0.0, "{steady}: {page}");
        assert!(calls(steady, "success") > 0.0, "{steady}: {page}");
    }
    for asked in ["llm/primary", "orders-db", "stt"] {
        assert_eq!(count(&page, "breaker_rejected_total", &[("breaker", asked)]), 0.0, "{asked}: {page}");
    }
}
