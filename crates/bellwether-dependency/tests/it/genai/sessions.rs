//! Sessions over a WebSocket: what counts is what comes over it.

use std::io;

use bellwether_breaker::{Breaker, State, Trip};
use bellwether_dependency::genai::{GenAi, Model, Session, SessionEnd};
use bellwether_dependency::{Dependencies, Dependency, Failure};

use super::World;

fn world() -> World {
    World::of(Model::realtime("openai", "gpt-realtime"))
}

fn connect(world: &World) -> Session {
    world.model.connect().unwrap()
}

fn say(session: &mut Session, messages: &[&str]) {
    for message in messages {
        session.message(message.as_bytes());
    }
}

const CREATED: &str = r#"{"type":"session.created","session":{"model":"gpt-realtime-2025"}}"#;
const ANSWERS: &str = r#"{"type":"response.created","response":{"status":"in_progress"}}"#;
const SOUND: &str = r#"{"type":"response.output_audio.delta","delta":"UklGRg=="}"#;
const DONE: &str =
    r#"{"type":"response.done","response":{"status":"completed","usage":{"input_tokens":11,"output_tokens":7}}}"#;
const FAILED: &str =
    r#"{"type":"response.done","response":{"status":"failed","status_details":{"error":{"type":"server_error"}}}}"#;
const EXPIRED: &str = r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired"}}"#;
const BROKEN: &str = r#"{"type":"error","error":{"type":"server_error"}}"#;
const SETUP: &[&str] = &[
    CREATED,
    r#"{"type":"session.updated"}"#,
    r#"{"type":"conversation.item.added","item":{"content":[{"text":"Hi"}]}}"#,
    r#"{"type":"input_audio_buffer.speech_started"}"#,
    r#"{"type":"rate_limits.updated"}"#,
];

fn calls(world: &World) -> Vec<String> {
    world.series("dependency.call.duration", &["operation", "outcome", "error.type"])
}

fn ends(world: &World) -> Vec<String> {
    world.series("bellwether.gen_ai.session.duration", &["outcome"])
}

#[test]
fn the_first_message_of_use_is_what_makes_a_connection_good() {
    let world = world();
    let mut session = connect(&world);
    world.wait(100);
    say(&mut session, SETUP);
    assert!(!session.was_of_use() && calls(&world).is_empty());
    say(&mut session, &[ANSWERS]);
    world.wait(50);
    say(&mut session, &[SOUND, SOUND]);
    assert_eq!(calls(&world), ["connect success - 1x 0.150"]);
    world.wait(30);
    say(&mut session, &[DONE]);
    assert_eq!(calls(&world), ["connect success - 1x 0.150", "realtime success - 1x 0.080"]);
    assert_eq!(world.durations(), ["success - 1x 0.080"]);
    assert_eq!(world.tokens(), ["input 1x 11.000", "output 1x 7.000"]);
    let of = |name: &str| world.series(&format!("bellwether.gen_ai.{name}"), &["gen_ai.response.model"]);
    assert_eq!(of("session.time_to_first_content"), ["gpt-realtime-2025 1x 0.150"]);
    assert_eq!(of("time_to_first_content"), ["gpt-realtime-2025 1x 0.050"]);
    drop(session);
    assert_eq!((ends(&world), world.evidence()), (vec!["cancelled 1x 0.180".to_owned()], [2, 0, 0, 0]));
}

#[test]
fn a_session_that_expires_has_not_failed() {
    for close in [Some(1000), Some(1001), Some(1006), None] {
        let world = world();
        let mut session = connect(&world);
        say(&mut session, &[CREATED, ANSWERS, SOUND, DONE, EXPIRED]);
        world.wait(3_600_000);
        assert_eq!(session.closed(close), SessionEnd::Planned);
        assert_eq!((ends(&world), world.evidence()), (vec!["success 1x 3600.000".to_owned()], [2, 0, 0, 0]));
    }
    // In the midst of an answer, that was cut short; one that was not used has proven nothing.
    let world = world();
    let mut session = connect(&world);
    say(&mut session, &[CREATED, ANSWERS, SOUND, EXPIRED]);
    assert_eq!(session.closed(None), SessionEnd::Planned);
    assert_eq!((world.evidence(), world.unknown()), ([1, 0, 0, 1], vec!["cancelled 1x 1.000".to_owned()]));
    let mut session = connect(&world);
    say(&mut session, &[CREATED, EXPIRED]);
    assert_eq!(session.closed(Some(1000)), SessionEnd::Planned);
    assert_eq!(world.evidence(), [1, 0, 0, 2]);
}

#[test]
fn a_session_that_breaks() {
    let check = |messages: &[&str], close: Option<u16>, failure: Failure, evidence: [u64; 4]| {
        let world = world();
        let mut session = connect(&world);
        say(&mut session, messages);
        let SessionEnd::Failed(fault) = session.closed(close) else { panic!("{messages:?}") };
        assert_eq!((fault.failure, world.evidence()), (failure, evidence), "{messages:?} {close:?}");
        assert_eq!(ends(&world), ["failure 1x 0.000"]);
    };
    // It was accepted, and of no use: once, whatever it said.
    check(&[], Some(1000), Failure::Upstream, [0, 1, 0, 0]);
    check(&[CREATED], Some(1000), Failure::Upstream, [0, 1, 0, 0]);
    check(&[CREATED], None, Failure::Connect, [0, 1, 0, 0]);
    check(&[CREATED, BROKEN], Some(1000), Failure::Upstream, [0, 1, 0, 0]);
    check(&[CREATED, ANSWERS, FAILED], Some(1000), Failure::Upstream, [0, 1, 0, 1]);
    let stillborn = r#"{"type":"response.created","response":{"status":"failed"}}"#;
    check(&[CREATED, stillborn, FAILED], Some(1000), Failure::Upstream, [0, 1, 0, 1]);
    check(&[CREATED, ANSWERS, SOUND, DONE, stillborn, FAILED], Some(1011), Failure::Upstream, [2, 2, 0, 0]);
    // It was of use, and then broke: between answers, and in the midst of one.
    check(&[CREATED, ANSWERS, SOUND, DONE], Some(1011), Failure::Upstream, [2, 1, 0, 0]);
    check(&[CREATED, ANSWERS, SOUND, DONE], None, Failure::Connect, [2, 1, 0, 0]);
    check(&[CREATED, ANSWERS, SOUND], Some(1000), Failure::Upstream, [1, 1, 0, 0]);
    check(&[CREATED, ANSWERS, SOUND], Some(1006), Failure::Connect, [1, 1, 0, 0]);
    check(&[CREATED], Some(1008), Failure::BadRequest, [0, 0, 0, 0]);
    check(&[CREATED], Some(1013), Failure::Upstream, [0, 1, 0, 0]);
    check(&[CREATED], Some(1007), Failure::Decode, [0, 1, 0, 0]);
    check(&[CREATED], Some(4000), Failure::Upstream, [0, 1, 0, 0]);

    let world = world();
    let fault = connect(&world).fail(&io::Error::from(io::ErrorKind::ConnectionRefused));
    assert_eq!((fault.failure, world.evidence()), (Failure::Refused, [0, 1, 0, 0]));
    // A request that made no sense is no failure of theirs, and the session goes on.
    let mut session = connect(&world);
    say(&mut session, &[CREATED, r#"{"type":"error","error":{"type":"invalid_request_error"}}"#, ANSWERS, SOUND, DONE]);
    assert_eq!(session.closed(Some(1000)), SessionEnd::Planned);
    assert_eq!(world.evidence(), [1, 1, 0, 0]);
    // Nor is one that was never used.
    drop(connect(&world));
    assert_eq!(world.evidence(), [1, 1, 0, 1]);
}

#[test]
fn to_connect_again_begins_no_new_count() {
    let world = world();
    let breaker = Breaker::builder("voice").trip(Trip::consecutive(5));
    let dependencies = Dependencies::new(&world.registry).unwrap();
    let voice = dependencies.register(Dependency::http("voice").breaker(breaker)).unwrap();
    let model = GenAi::new(&world.registry).unwrap().model(&voice, Model::realtime("openai", "gpt-realtime"));
    let gauge = || world.series("bellwether.gen_ai.session.connects_in_vain", &[]);
    for vain in 1..=5_u64 {
        let mut session = model.connect().unwrap();
        say(&mut session, SETUP); // each connection looks good
        assert_eq!(model.connects_in_vain(), vain);
        let _ = session.closed(Some(1011));
    }
    assert_eq!(gauge(), ["1x 5.000"]);
    assert_eq!(voice.breaker().unwrap().state(), State::Open);
    assert!(model.connect().is_err());
    voice.breaker().unwrap().reset();
    let mut session = model.connect().unwrap();
    say(&mut session, &[CREATED, SOUND]);
    assert_eq!((model.connects_in_vain(), gauge()), (0, vec!["1x 0.000".to_owned()]));
}
