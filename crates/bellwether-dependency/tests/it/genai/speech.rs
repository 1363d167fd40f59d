//! Speech to text and text to speech: sound by its length, text by its characters.

use std::time::Duration;

use bellwether_dependency::Failure;
use bellwether_dependency::genai::Model;

use super::{EVENTS, JSON, World, header};

#[test]
fn a_sentence_is_spoken() {
    let world = World::of(Model::text_to_speech("openai", "tts-1").audio_rate(48_000));
    let mut answer = world.begin();
    answer.characters(42);
    world.wait(100);
    answer.head(200, header(&[("content-type", "audio/pcm")]));
    world.wait(50);
    answer.chunk(&[]).unwrap(); // nothing is no sound
    for _ in 0..10 {
        answer.chunk(&[0; 4_800]).unwrap();
        world.wait(25);
    }
    let told = answer.end().unwrap();
    assert_eq!((told.audio, told.first_content), (Some(Duration::from_secs(1)), Some(Duration::from_millis(150))));
    assert_eq!(told.real_time_factor(), Some(0.4));
    assert_eq!(world.durations(), ["success - 1x 0.400"]);
    let of = |name: &str| world.series(&format!("bellwether.gen_ai.{name}"), &["gen_ai.operation.name"]);
    assert_eq!(of("audio.duration"), ["text_to_speech 1x 1.000"]);
    assert_eq!(of("real_time_factor"), ["text_to_speech 1x 0.400"]);
    assert_eq!(of("characters"), ["text_to_speech 1x 42.000"]);
    assert_eq!(of("time_to_first_content"), ["text_to_speech 1x 0.150"]);
    // Nobody expects it to say so.
    assert_eq!(world.unknown(), [""; 0]);
    // Nor are there series of what nobody does.
    let operations = world.registry.metric("dependency.call.duration").unwrap();
    assert!(operations.series().all(|series| series.label("operation") != Some("connect")));
}

#[test]
fn a_sentence_that_is_not_spoken() {
    let world = World::of(Model::text_to_speech("openai", "tts-1"));
    let check = |status: u16, kind: &str, body: &[u8], failure: Failure| {
        let mut answer = world.begin();
        answer.head(status, header(&[("content-type", kind)]));
        answer.chunk(body).unwrap();
        assert_eq!(answer.end().unwrap_err().failure, failure);
    };
    check(200, "audio/mpeg", b"", Failure::Decode);
    check(200, "application/json", br#"{"error":{"type":"server_error"}}"#, Failure::Upstream);
    check(429, "application/json", br#"{"detail":{"status":"too_many_concurrent_requests"}}"#, Failure::RateLimited);
    assert_eq!(world.series("bellwether.gen_ai.limited", &["limit"]), ["concurrency 1x 1.000"]);
    world.wait(60_000); // the pause it asked for
    // Of sound in a format that we do not read, the length is not known, unless somebody says it.
    let mut answer = world.begin();
    answer.head(200, header(&[("content-type", "audio/mpeg")]));
    answer.chunk(b"ID3").unwrap();
    assert_eq!(answer.end().unwrap().real_time_factor(), None);
    assert_eq!(world.series("bellwether.gen_ai.audio.duration", &[]), [""; 0]);
}

#[test]
fn a_question_is_heard() {
    let world = World::of(Model::speech_to_text("openai", "whisper-1"));
    let mut answer = world.begin();
    answer.audio(Duration::from_secs(2));
    world.wait(500);
    answer.head(200, header(JSON));
    answer.chunk(br#"{"text":"Where is my order?"}"#).unwrap();
    let told = answer.end().unwrap();
    assert_eq!((told.audio, told.real_time_factor()), (Some(Duration::from_secs(2)), Some(0.25)));
    let of = |name: &str| world.series(&format!("bellwether.gen_ai.{name}"), &["gen_ai.operation.name"]);
    // The first transcript is the whole.
    assert_eq!(of("time_to_first_content"), ["speech_to_text 1x 0.500"]);
    assert_eq!(of("real_time_factor"), ["speech_to_text 1x 0.250"]);

    // Some say themselves how much they heard.
    let mut answer = world.begin();
    answer.head(200, header(JSON));
    answer.chunk(br#"{"text":"Hi","usage":{"type":"duration","seconds":3}}"#).unwrap();
    assert_eq!(answer.end().unwrap().audio, Some(Duration::from_secs(3)));
    // Or as plain text.
    let mut answer = world.begin();
    answer.head(200, header(&[("content-type", "text/plain")]));
    answer.chunk(b"data is what I would like to see").unwrap();
    answer.end().unwrap();
    // Or word by word, and then the first word counts.
    let mut answer = world.begin();
    world.wait(100);
    answer.head(200, header(EVENTS));
    answer.chunk(b"data: {\"type\":\"transcript.text.delta\",\"delta\":\"Where\"}\n\n").unwrap();
    world.wait(400);
    answer.chunk(b"data: {\"type\":\"transcript.text.done\",\"text\":\"Where?\"}\n\n").unwrap();
    assert_eq!(answer.end().unwrap().first_content, Some(Duration::from_millis(100)));
    assert_eq!(world.unknown(), [""; 0]);
}
