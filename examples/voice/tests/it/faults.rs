//! What the customer is told when an upstream or a release is bad, and that it passes.

use tokio::{net::TcpStream, task::yield_now};
use voice::{
    release::Release,
    upstream::{Fault, Upstream, Upstreams},
};

use crate::demo::demo;

/// Sets a fault and waits until the port shows it.
async fn set(upstream: &Upstream, fault: Fault) {
    upstream.set(fault);
    while TcpStream::connect(upstream.address()).await.is_ok() == (fault == Fault::Down) {
        yield_now().await;
    }
}

/// Breaks one upstream; the turn must fail with this status and these words, and work again afterwards.
async fn check(which: impl Fn(&Upstreams) -> &Upstream, fault: Fault, status: u16, words: &str) {
    let demo = demo().await;
    set(which(&demo.upstreams), fault).await;
    let answer = demo.turn(3).await;
    let last = answer.lines.last().expect("words");
    assert_eq!((answer.status, last["error"].as_str()), (status, Some(words)));
    assert_eq!(answer.whole, status != 200, "a failure in the middle breaks the answer");
    assert_eq!(answer.retry_after.is_some(), fault == Fault::Quota(0));

    set(which(&demo.upstreams), Fault::None).await;
    let mut answer = demo.turn(3).await;
    while fault == Fault::Quota(0) && answer.status == 503 {
        let words = answer.lines[0]["error"].as_str().expect("words").to_owned();
        assert!(words.contains("was not called: the callee asked for a pause"), "until it is over: {words}");
        answer = demo.turn(3).await;
    }
    assert_eq!((answer.status, answer.whole), (200, true), "recovers from {fault:?}");
}

#[tokio::test]
async fn an_upstream_is_dead() {
    check(|up| &up.stt, Fault::Down, 502, "stt cannot be reached").await;
    check(|up| &up.llm, Fault::Down, 502, "llm cannot be reached").await;
    // The answer has begun by then.
    check(|up| &up.tts, Fault::Down, 200, "tts cannot be reached").await;
}

#[tokio::test]
async fn an_upstream_fails() {
    check(|up| &up.stt, Fault::Errors(1.0), 502, "stt answered 503").await;
    check(|up| &up.llm, Fault::Errors(1.0), 502, "llm answered 503").await;
}

#[tokio::test]
async fn an_upstream_limits_us() {
    check(|up| &up.stt, Fault::Quota(0), 503, "stt asks us to come back in 1 s").await;
    check(|up| &up.llm, Fault::Quota(0), 503, "llm asks us to come back in 1 s").await;
}

#[tokio::test]
async fn an_answer_is_cut_off() {
    check(|up| &up.llm, Fault::Cut(1.0), 200, "llm sent a broken answer").await;
}

#[tokio::test]
async fn a_dead_upstream_breaks_the_answer_that_it_is_giving() {
    let demo = demo().await;
    let request = demo.http.post(demo.url("/v1/turns")).header("x-customer", 3).body("audio");
    let mut response = request.send().await.expect("an answer");
    demo.upstreams.llm.set(Fault::Down);
    demo.upstreams.tts.set(Fault::Down);
    let broken = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken);
}

#[tokio::test]
async fn a_bad_release_fails_for_some_plans() {
    let demo = demo().await;
    demo.app.deployment.deploy(Release::WrongPrices);
    // Customers 3, 1 and 5: business, plus and trial.
    let mut status = Vec::new();
    for customer in [3, 1, 5] {
        status.push(demo.turn(customer).await.status);
    }
    assert_eq!(status, [200, 500, 500]);

    demo.app.deployment.deploy(Release::Good);
    assert_eq!(demo.turn(5).await.status, 200);
}
