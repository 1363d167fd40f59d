//! A turn from end to end, over HTTP and over gRPC.

use futures_util::stream;
use tonic::{Code, transport::Endpoint};
use voice::proto::{Audio, answer::Event, voice_client::VoiceClient};

use crate::demo::{Demo, demo};

#[tokio::test]
async fn over_http() {
    let demo = demo().await;
    // Customer 3 has the business plan: forty cents.
    let answer = demo.turn(3).await;
    assert_eq!((answer.status, answer.whole), (200, true));

    let of = |event: &str| answer.lines.iter().filter(|line| line["event"] == event).count();
    assert!(of("text") > 5, "{:?}", answer.lines);
    assert!(of("audio") > 5);
    let last = answer.lines.last().expect("a last line");
    assert_eq!((&last["event"], &last["order"]["amount_cents"]), (&"done".into(), &40.into()));

    let order = format!("/v1/orders/{}", last["order"]["id"]);
    let written: serde_json::Value = demo.http.get(demo.url(&order)).send().await.unwrap().json().await.unwrap();
    assert_eq!(written, last["order"]);
}

#[tokio::test]
async fn the_first_sentence_is_heard_before_the_last_word_is_read() {
    let answer = demo().await.turn(3).await;
    let position = |event: &str| answer.lines.iter().position(|line| line["event"] == event);
    let last_text = answer.lines.iter().rposition(|line| line["event"] == "text");
    assert!(position("audio") < last_text, "{position:?}", position = position("audio"));
}

pub(crate) async fn converse(demo: &Demo, parts: Vec<Audio>) -> Result<Vec<Event>, tonic::Status> {
    let channel = Endpoint::from_shared(demo.url("")).expect("an address").connect_lazy();
    let mut answers = VoiceClient::new(channel).converse(stream::iter(parts)).await?.into_inner();
    let mut events = Vec::new();
    while let Some(answer) = answers.message().await? {
        events.extend(answer.event);
    }
    Ok(events)
}

#[tokio::test]
async fn over_grpc() {
    let demo = demo().await;
    let part = |customer| Audio { customer, data: vec![0; 4_000].into() };
    let events = converse(&demo, vec![part(1), part(0)]).await.expect("an answer");
    assert!(matches!(events.first(), Some(Event::Text(_))));
    assert!(events.iter().any(|event| matches!(event, Event::Audio(_))));
    let Some(Event::Done(done)) = events.last() else { panic!("{:?}", events.last()) };
    // Customer 1 has the plan "plus".
    assert_eq!(done.amount_cents, 25);
    assert_eq!(demo.app.store.order(done.order).await.unwrap().customer, 1);
}

#[tokio::test]
async fn grpc_says_what_is_wrong() {
    let demo = demo().await;
    let audio = |customer, bytes| vec![Audio { customer, data: vec![0; bytes].into() }];
    let cases = [
        (audio(0, 100), Code::NotFound, "there is no customer 0"),
        (audio(1, 0), Code::InvalidArgument, "the audio is empty"),
        (vec![], Code::InvalidArgument, "the audio is empty"),
        (vec![audio(1, 1024 * 1024).remove(0); 3], Code::InvalidArgument, "a turn has at most 2097152 bytes of audio"),
    ];
    for (parts, code, message) in cases {
        let status = converse(&demo, parts).await.expect_err(message);
        assert_eq!((status.code(), status.message()), (code, message));
    }
}
