//! What a customer is told while a breaker is open, and what results say of whom.

use bellwether::{
    Dependency,
    breaker::{Breaker, Outcome},
};
use voice::{
    failure::Failure,
    guards::Guards,
    proto::{Audio, answer::Event},
    providers::llm::Key,
};

use crate::{
    demo::{Demo, demo},
    turns::converse,
};

/// What guards a dependency.
fn breaker(of: &Dependency) -> &Breaker {
    of.breaker().expect("it is guarded")
}

/// Opens one breaker; a turn of this customer must be refused in these words until it is closed again.
async fn check(customer: i64, which: impl Fn(&Guards) -> &Dependency, who: &str) {
    let demo = demo().await;
    let breaker = breaker(which(&demo.guards));
    breaker.trip();
    let answer = demo.turn(customer).await;
    let words = answer.lines[0]["error"].as_str().expect("words");
    assert!(words.starts_with(&format!("{who} was not called: the breaker is open; worth a try in ")), "{words}");
    let seconds: u64 = answer.retry_after.expect("when to come back").parse().expect("seconds");
    assert_eq!((answer.status, (1..=3).contains(&seconds)), (503, true), "{seconds} s");

    breaker.reset();
    let answer = demo.turn(customer).await;
    assert_eq!((answer.status, answer.whole), (200, true), "{who}");
}

#[tokio::test]
async fn who_is_down_is_not_asked() {
    check(3, |guards| &guards.stt, "stt").await;
    check(3, |guards| &guards.orders, "orders-db").await;
    check(3, |guards| guards.llm(Key::Primary), "llm").await;
    check(5, |guards| guards.llm(Key::Batch), "llm").await;
}

#[tokio::test]
async fn one_key_knows_nothing_of_the_other() {
    let demo = demo().await;
    breaker(demo.guards.llm(Key::Batch)).trip();
    assert_eq!([demo.turn(5).await.status, demo.turn(3).await.status], [503, 200]);
}

#[tokio::test]
async fn what_cannot_be_spoken_is_written() {
    let demo = demo().await;
    breaker(&demo.guards.tts).trip();
    let answer = demo.turn(3).await;
    assert_eq!((answer.status, answer.whole), (200, true));
    let of = |event: &str| answer.lines.iter().filter(|line| line["event"] == event).count();
    assert!(of("text") > 5, "{:?}", answer.lines);
    assert_eq!((of("audio"), of("mute"), of("done")), (0, 1, 1), "{:?}", answer.lines);

    let audio = Audio { customer: 3, data: vec![0; 4_000].into() };
    let events = converse(&demo, vec![audio]).await.expect("an answer");
    let mutes =
        events.iter().filter(|event| matches!(event, Event::Mute(why) if why.starts_with("tts was not called")));
    assert_eq!(mutes.count(), 1, "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::Audio(_))), "{events:?}");
    assert!(matches!(events.last(), Some(Event::Done(_))), "{events:?}");
}

/// How often a breaker was told so, and how many calls it thinks are under way.
fn told(of: &Dependency, outcome: Outcome) -> (u64, u64) {
    let seen = breaker(of).snapshot();
    (seen.outcome(outcome), seen.in_flight)
}

#[tokio::test]
async fn a_turn_ends_its_calls() {
    let demo = demo().await;
    demo.turn(3).await;
    let Demo { guards, .. } = &demo;
    assert_eq!(told(&guards.stt, Outcome::Success), (1, 0));
    assert_eq!(told(guards.llm(Key::Primary), Outcome::Success), (1, 0));
    // One for each sentence.
    assert_eq!(told(&guards.tts, Outcome::Success), (2, 0));
    // The customer, and the order.
    assert_eq!(told(&guards.orders, Outcome::Success), (2, 0));
}

#[tokio::test]
async fn what_a_database_refuses_it_has_answered() {
    let demo = demo().await;
    let refused = demo.app.store.place(1, "tea", -1).await.expect_err("an amount is not negative");
    assert!(matches!(refused, Failure::Database(_)), "{refused:?}");
    assert_eq!(told(&demo.guards.orders, Outcome::Alive), (1, 0));
    assert_eq!(told(&demo.guards.orders, Outcome::Failure), (0, 0));
}
