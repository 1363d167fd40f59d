//! What is left of a provider's limits: as OpenAI, Azure and Anthropic say it, and as time passes.

use std::time::Duration;

use bellwether_breaker::Hint;
use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_dependency::genai::Model;
use bellwether_dependency::{Allowance, Dependencies, Dependency, Details, Endpoint};

use super::{World, header};

/// `limit remaining used reset`, of what is not known a `-`.
fn show(allowance: Option<Allowance>) -> String {
    let Some(Allowance { limit, remaining, used, resets_in, .. }) = allowance else { return "nothing".to_owned() };
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let used = used.map_or("-".to_owned(), |used| format!("{used:.2}"));
    let reset = resets_in.map_or("-".to_owned(), |reset| format!("{reset:?}"));
    format!("{} {} {used} {reset}", number(limit), number(remaining))
}

fn told(world: &World, headers: &[(&str, &str)]) -> [String; 2] {
    let mut answer = world.begin();
    answer.head(200, header(headers));
    drop(answer);
    let limits = world.dependency.limits();
    [show(limits.requests), show(limits.tokens)]
}

#[test]
fn in_the_words_of_each_provider() {
    let openai = &[
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "400"),
        ("x-ratelimit-reset-requests", "12ms"),
        ("x-ratelimit-limit-tokens", "30000"),
        ("x-ratelimit-remaining-tokens", "7500"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    assert_eq!(told(&World::chat(), openai), ["500 400 0.20 12ms", "30000 7500 0.75 360s"]);
    let usage_based = &[
        ("x-ratelimit-limit-tokens_usage_based", "100"),
        ("x-ratelimit-remaining-tokens_usage_based", "10"),
        ("x-ratelimit-reset-tokens_usage_based", "1s"),
    ];
    assert_eq!(told(&World::chat(), usage_based), ["nothing", "100 10 0.90 1s"]);
    // Azure, who knows, and who does not.
    let azure = &[
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "10"),
    ];
    assert_eq!(told(&World::chat(), azure), ["60 59 0.02 10s", "nothing"]);
    for nobody_knows in ["-1", "0"] {
        let sentinels = &[
            ("x-ratelimit-limit-requests", "-1"),
            ("x-ratelimit-remaining-requests", nobody_knows),
            ("x-ratelimit-reset-requests", "0"),
            ("x-ratelimit-limit-tokens", "-1"),
            ("x-ratelimit-remaining-tokens", nobody_knows),
        ];
        let told = told(&World::chat(), sentinels);
        assert!(told.iter().all(|told| told == "nothing" || told == "- - - -"), "{told:?}");
    }
    // Of several limits the scarcest, and a moment in time is by the clock of whoever says it.
    let anthropic = &[
        ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2023-11-14T22:13:21Z"),
        ("anthropic-ratelimit-input-tokens-limit", "1000"),
        ("anthropic-ratelimit-input-tokens-remaining", "900"),
        ("anthropic-ratelimit-input-tokens-reset", "2023-11-14T22:13:26Z"),
        ("anthropic-ratelimit-output-tokens-limit", "400"),
        ("anthropic-ratelimit-output-tokens-remaining", "100"),
        ("anthropic-ratelimit-output-tokens-reset", "2023-11-14T22:14:05Z"),
    ];
    assert_eq!(told(&World::chat(), anthropic), ["50 49 0.02 1s", "400 100 0.75 45s"]);
    assert!(World::chat().dependency.limits().is_unknown());
}

#[test]
fn the_document_shows_it_to_whoever_may_see_details() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let registry = Registry::on(clock.clone());
    let dependencies = Dependencies::new(&registry).unwrap();
    let llm = dependencies.register(Dependency::http("llm")).unwrap();
    let headers = [
        ("x-ratelimit-limit-requests", "500"),
        ("x-ratelimit-remaining-requests", "400"),
        ("x-ratelimit-reset-requests", "1500ms"),
    ];
    llm.hinted(&Hint::read(clock.timestamp(), header(&headers)));
    let shown = |details| dependencies.report().document(Endpoint::Health, details).body;
    assert!(!shown(Details::Hidden).contains("limits"));
    let shown = shown(Details::Shown);
    let limits = r#""limits":{"requests":{"limit":500,"remaining":400,"resetsInSeconds":1.5,"ageSeconds":0}}"#;
    assert!(shown.contains(limits), "{shown}");
}

#[test]
fn what_was_said_is_true_for_a_while() {
    let world = World::of(Model::chat("openai", "gpt-4o"));
    let gauges = || {
        ["size", "remaining", "used", "reset"]
            .map(|name| world.series(&format!("dependency.limit.{name}"), &["dependency", "limit"]))
    };
    assert_eq!(gauges().concat(), [""; 0]);
    let said = &[
        ("x-ratelimit-limit-requests", "10"),
        ("x-ratelimit-remaining-requests", "2"),
        ("x-ratelimit-reset-requests", "8s"),
    ];
    assert_eq!(told(&world, said)[0], "10 2 0.80 8s");
    let values = gauges().concat();
    assert_eq!(
        values,
        ["llm requests 1x 10.000", "llm requests 1x 2.000", "llm requests 1x 0.800", "llm requests 1x 8.000"]
    );
    // An answer that says nothing takes nothing back.
    world.wait(3_000);
    assert_eq!(told(&world, &[])[0], "10 2 0.80 5s");
    world.wait(5_000);
    // It is whole again, unless others took of it.
    assert_eq!(told(&world, &[])[0], "10 - - -");
    assert_eq!(gauges().concat(), ["llm requests 1x 10.000"]);
    assert_eq!(world.dependency.limits().requests.unwrap().age, Duration::from_secs(8));
    // Who says no time is believed for as long as other evidence.
    assert_eq!(told(&world, &said[..2])[0], "10 2 0.80 -");
    world.wait(60_000);
    assert_eq!(told(&world, &[])[0], "10 - - -");
}
