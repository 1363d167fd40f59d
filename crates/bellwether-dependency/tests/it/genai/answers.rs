//! Answers of language models: in each dialect, at once and bit by bit, cut at every byte.

use std::io;
use std::time::Duration;

use bellwether_breaker::{Deadline, Deadlines};
use bellwether_dependency::genai::{METRICS, Model, Task, Usage};
use bellwether_dependency::{Failure, Fault, Limit, Retry};
use proptest::prelude::*;

use super::{EVENTS, JSON, World, header};
use crate::time::now_or_never;

/// The events of one answer: they begin with no content, have content in their midst, and 11 tokens go in and 7 come out.
const DIALECTS: [&[&str]; 3] = [
    &[
        "data: {\"model\":\"served\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"model\":\"served\",\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n",
        "data: {\"model\":\"served\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"model\":\"served\",\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n",
    ],
    &[
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"model\":\"served\"}}\n\n",
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hello\"}\n\n",
        "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"text\":\"Hello\"}\n\n",
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":11,\"output_tokens\":7}}}\n\n",
    ],
    &[
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"served\",\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ],
];

#[test]
fn an_answer_that_streams_in_each_dialect() {
    for events in DIALECTS {
        let world = World::chat();
        let mut answer = world.begin();
        world.wait(50);
        answer.head(200, header(EVENTS));
        for event in events {
            world.wait(100);
            answer.chunk(event.as_bytes()).unwrap();
        }
        world.wait(10);
        let told = answer.end().unwrap();
        assert_eq!((told.usage.input, told.usage.output, told.model.as_deref()), (Some(11), Some(7), Some("served")));
        assert_eq!((told.took, told.first_content), (Duration::from_millis(460), Some(Duration::from_millis(250))));
        assert!((told.tokens_per_second().unwrap() - 6.0 / 0.21).abs() < 1e-6);

        let all = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model"];
        let series = |name: &str| world.series(name, &all);
        let labels = "chat openai gpt-4o served";
        assert_eq!(series("gen_ai.client.operation.duration"), [format!("{labels} 1x 0.460")]);
        assert_eq!(world.durations(), ["success - 1x 0.460"]);
        assert_eq!(
            world.series("gen_ai.client.operation.duration", &["server.address", "server.port"]),
            ["api.example.com 443 1x 0.460"]
        );
        assert_eq!(series("gen_ai.client.operation.time_to_first_chunk"), [format!("{labels} 1x 0.150")]);
        assert_eq!(series("bellwether.gen_ai.time_to_first_content"), [format!("{labels} 1x 0.250")]);
        assert_eq!(series("bellwether.gen_ai.time_per_output_token"), [format!("{labels} 1x 0.035")]);
        let between = world.series("gen_ai.client.operation.time_per_output_chunk", &["gen_ai.response.model"]);
        let chunks = if events == DIALECTS[0] { 4 } else { 3 };
        assert_eq!(between, [format!("served {chunks}x 0.300")]);
        assert_eq!(world.tokens(), ["input 1x 11.000", "output 1x 7.000"]);
        assert_eq!(world.unknown(), [""; 0]);
        assert_eq!(world.evidence(), [1, 0, 0, 0]);
    }
}

#[test]
fn an_answer_cut_at_any_byte_took_nobody_knows_what() {
    for events in DIALECTS {
        let body = events.concat();
        for cut in 0..=body.len() {
            let world = World::chat();
            let mut answer = world.begin();
            answer.head(200, header(EVENTS));
            answer.chunk(&body.as_bytes()[..cut]).unwrap();
            let ended = answer.end();
            let unknown = world.unknown();
            match ended {
                Ok(_) => assert!(
                    (world.tokens().len() == 2) != (unknown == ["absent 1x 1.000"]) && world.evidence() == [1, 0, 0, 0],
                    "cut at {cut}: {unknown:?}"
                ),
                Err(fault) => {
                    assert_eq!((fault.failure, fault.retry), (Failure::Connect, Retry::Helps), "cut at {cut}");
                    assert_eq!((world.tokens(), world.evidence()), (vec![], [0, 1, 0, 0]), "cut at {cut}");
                    // Of what never began, nothing is unknown.
                    assert!(
                        unknown == ["cut 1x 1.000"] || (unknown.is_empty() && cut < events[0].len()),
                        "cut at {cut}"
                    );
                }
            }
        }
    }
}

#[test]
fn whoever_is_interrupted_has_nothing_against_the_model() {
    let world = World::chat();
    let mut answer = world.begin();
    answer.head(200, header(EVENTS));
    answer.chunk(DIALECTS[0][1].as_bytes()).unwrap();
    world.wait(70);
    drop(answer);
    assert_eq!(
        (world.durations(), world.unknown()),
        (vec!["cancelled - 1x 0.070".into()], vec!["cancelled 1x 1.000".into()])
    );
    assert_eq!((world.tokens(), world.evidence()), (vec![], [0, 0, 0, 1]));
    // Before anything came, there is nothing to know.
    drop(world.begin());
    assert_eq!((world.unknown().len(), world.evidence()), (1, [0, 0, 0, 2]));
}

#[test]
fn whoever_stops_reading_at_the_last_event_has_heard_it_all() {
    for events in DIALECTS {
        let world = World::chat();
        let mut answer = world.begin();
        answer.head(200, header(EVENTS));
        answer.chunk(events.concat().as_bytes()).unwrap();
        drop(answer);
        assert_eq!((world.tokens().len(), world.unknown(), world.evidence()), (2, vec![], [1, 0, 0, 0]));
    }
    let world = World::chat();
    let mut answer = world.begin();
    answer.chunk(b"data: {\"error\":{\"type\":\"server_error\"}}\n\n").unwrap();
    drop(answer);
    assert_eq!(world.durations(), ["failure upstream_5xx 1x 0.000"]);
}

#[test]
fn deadlines() {
    let limits = Deadlines::new().first_content(Duration::from_secs(2)).idle(Duration::from_secs(1));
    let world = World::of(Model::chat("openai", "gpt-4o").deadlines(limits));
    // Signs of work are no content, and keep-alives no sign of work.
    let mut answer = world.begin();
    answer.head(200, header(EVENTS));
    assert_eq!(answer.due(), Some(world.clock.now().after(Duration::from_secs(2))));
    world.wait(1900);
    answer.chunk(DIALECTS[0][0].as_bytes()).unwrap();
    answer.chunk(b": keep-alive\n\n").unwrap();
    world.wait(200);
    let late = answer.chunk(DIALECTS[0][1].as_bytes()).unwrap_err();
    assert_eq!(late.deadline, Deadline::FirstContent);
    assert_eq!(answer.fail(&late).failure, Failure::Timeout);

    // Whoever drops it tells the same.
    let mut answer = world.begin();
    answer.chunk(DIALECTS[0][1].as_bytes()).unwrap();
    world.wait(1100);
    assert_eq!(answer.expired().unwrap_err().deadline, Deadline::Idle);
    drop(answer);
    assert_eq!(world.durations(), ["failure timeout 2x 3.200"]);
    assert_eq!(world.evidence(), [0, 2, 0, 0]);
}

#[test]
fn an_answer_in_one_piece() {
    let world = World::chat();
    let mut answer = world.begin();
    answer.head(200, header(JSON));
    let body = r#"{"object":"chat.completion","model":"served","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}}"#;
    world.wait(300);
    body.as_bytes().chunks(7).for_each(|piece| answer.chunk(piece).unwrap());
    let told = answer.end().unwrap();
    assert_eq!((told.usage, told.first_content), (Usage::tokens(11, 7).cache_read(4).reasoning(3), None));
    assert_eq!(told.tokens_per_second(), None);
    assert_eq!(world.tokens(), ["input 1x 11.000", "output 1x 7.000"]);
    assert_eq!(world.series("gen_ai.client.inference.usage.cache_read.input_tokens", &[]), ["1x 4.000"]);
    assert_eq!(world.series("gen_ai.client.inference.usage.reasoning.output_tokens", &[]), ["1x 3.000"]);
    // Nothing of it can be used before all of it can.
    assert_eq!(world.series("gen_ai.client.operation.time_to_first_chunk", &[]), [""; 0]);
    assert_eq!(world.series("bellwether.gen_ai.time_to_first_content", &[]), [""; 0]);

    // Half of it is no answer.
    let mut answer = world.begin();
    answer.head(200, header(JSON));
    answer.chunk(&body.as_bytes()[..40]).unwrap();
    assert_eq!(answer.end().unwrap_err().failure, Failure::Decode);
}

#[test]
fn failures_have_a_class_whatever_the_status() {
    let check = |status: u16, headers: &[(&str, &str)], body: &str, failure: Failure, limit: Option<Limit>| {
        let world = World::chat();
        let mut answer = world.begin();
        answer.head(status, header(headers));
        body.as_bytes().chunks(5).for_each(|piece| answer.chunk(piece).unwrap());
        let fault = answer.end().unwrap_err();
        assert_eq!((fault.failure, fault.limit), (failure, limit), "{status} {body}");
        let limited = world.series("bellwether.gen_ai.limited", &["limit"]);
        assert_eq!(limited, limit.map(|limit| format!("{limit} 1x 1.000")).into_iter().collect::<Vec<_>>());
        assert_eq!(world.tokens(), [""; 0]);
        (world, fault)
    };
    let rate = r#"{"error":{"message":"Slow down.","type":"requests","code":"rate_limit_exceeded"}}"#;
    let (world, fault) = check(429, &[("retry-after", "7")], rate, Failure::RateLimited, Some(Limit::Rate));
    assert_eq!((fault.retry_after, world.evidence()), (Some(Duration::from_secs(7)), [0, 0, 1, 0]));
    let quota = r#"{"error":{"message":"No credit.","type":"insufficient_quota"}}"#;
    let (world, fault) = check(429, JSON, quota, Failure::Quota, Some(Limit::Quota));
    assert_eq!((fault.retry, world.evidence()), (Retry::InVain, [0, 0, 0, 0]));
    check(
        429,
        JSON,
        r#"{"error":{"code":"concurrency_limit_exceeded"}}"#,
        Failure::RateLimited,
        Some(Limit::Concurrency),
    );
    check(429, &[], "<html>Too Many Requests</html>", Failure::RateLimited, Some(Limit::Unknown));
    check(429, &[], "", Failure::RateLimited, Some(Limit::Unknown));
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let (world, fault) = check(529, JSON, overloaded, Failure::Upstream, Some(Limit::Overload));
    assert_eq!((fault.retry, world.evidence()), (Retry::AfterPause, [0, 1, 0, 0]));
    check(401, JSON, r#"{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}"#, Failure::Auth, None);
    check(400, JSON, r#"{"error":{"code":"context_length_exceeded"}}"#, Failure::BadRequest, None);
    check(500, &[], "", Failure::Upstream, None);
    let (_, fault) = check(500, &[("x-should-retry", "false")], "", Failure::Upstream, None);
    assert_eq!(fault.retry, Retry::InVain);

    // A good status, and an error inside.
    check(200, JSON, r#"{"error":{"type":"server_error"}}"#, Failure::Upstream, None);
    let (world, _) = check(200, JSON, r#"{"error":"no GPU"}"#, Failure::Upstream, None);
    assert_eq!(world.evidence(), [0, 1, 0, 0]);
    check(200, EVENTS, "data: {\"error\":{\"code\":\"insufficient_quota\"}}\n\n", Failure::Quota, Some(Limit::Quota));
    let midst =
        format!("{}data: {{\"error\":{{\"message\":\"CUDA\",\"code\":500}}}}\n\ndata: [DONE]\n\n", DIALECTS[0][1]);
    let (world, _) = check(200, EVENTS, &midst, Failure::Upstream, None);
    assert_eq!((world.unknown(), world.evidence()), (vec!["failed 1x 1.000".to_owned()], [0, 1, 0, 0]));
    let failed = "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n";
    check(200, EVENTS, failed, Failure::Upstream, None);
    check(200, EVENTS, "", Failure::Connect, None);
}

#[test]
fn secrets_in_errors_are_not_kept() {
    let world = World::chat();
    let mut answer = world.begin();
    answer.head(401, header(JSON));
    let secret =
        r#"{"error":{"message":"Incorrect API key: sk-live-12345","type":"sk-live-12345","code":"invalid_api_key"}}"#;
    answer.chunk(secret.as_bytes()).unwrap();
    let shown = format!("{answer:?}");
    let fault = answer.end().unwrap_err();
    let known = format!("{shown}{fault}{fault:?}{:?}{:?}", world.durations(), world.dependency.status());
    assert!(fault.failure == Failure::Auth && !known.contains("12345"), "{known}");

    // And one without an end is not read to it: what comes late says nothing any more.
    let mut answer = world.begin();
    answer.head(429, header(JSON));
    answer.chunk(format!(r#"{{"error":{{"message":"{}""#, "x".repeat(1 << 20)).as_bytes()).unwrap();
    answer.chunk(br#","type":"insufficient_quota"}}"#).unwrap();
    assert_eq!(answer.end().unwrap_err().limit, Some(Limit::Unknown));
}

#[test]
fn what_a_client_says_of_its_errors_and_of_typed_answers() {
    let world = World::chat();
    let good = now_or_never(world.model.call(std::future::ready(Ok::<_, io::Error>(3)), |_| Usage::tokens(11, 7)));
    assert_eq!(good.unwrap(), 3);
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    now_or_never(world.model.call(std::future::ready(Err::<(), _>(refused)), |()| Usage::default())).unwrap_err();
    let fault = world.begin().fail(&io::Error::from(io::ErrorKind::TimedOut));
    assert_eq!(fault.failure, Failure::Timeout);
    assert_eq!(world.begin().fault(Fault::new(Failure::Tls)).failure, Failure::Tls);
    assert_eq!(
        world.durations(),
        ["failure refused 1x 0.000", "failure timeout 1x 0.000", "failure tls 1x 0.000", "success - 1x 0.000"]
    );
    assert_eq!((world.tokens(), world.unknown()), (vec!["input 1x 11.000".into(), "output 1x 7.000".into()], vec![]));
    let calls = world.series("dependency.call.duration", &["operation", "outcome"]);
    assert_eq!(calls, ["chat failure 3x 0.000", "chat success 1x 0.000"]);
}

#[test]
fn a_breaker_that_is_open_refuses_and_is_told_by_it() {
    let world = World::chat();
    world.dependency.breaker().unwrap().set_mode(bellwether_breaker::Mode::ForcedOpen);
    assert!(world.model.begin().is_err());
    assert_eq!(world.durations(), [""; 0]); // no call was made
    assert_eq!(
        world.series("dependency.call.duration", &["operation", "error.type"]),
        ["chat rejected_by_us 1x 0.000"]
    );
}

#[test]
fn models_that_nobody_asked_for_are_a_few_series() {
    let world = World::chat();
    for at in 0..1000 {
        let mut answer = world.begin();
        answer.head(200, header(JSON));
        answer
            .chunk(format!(r#"{{"model":"m{at}","usage":{{"input_tokens":1,"output_tokens":1}}}}"#).as_bytes())
            .unwrap();
        answer.end().unwrap();
    }
    let served = world.series("gen_ai.client.operation.duration", &["gen_ai.response.model"]);
    assert_eq!(served.len(), 9);
    assert!(served.contains(&"other 992x 0.000".to_owned()), "{served:?}");
}

#[test]
fn what_is_measured_is_what_the_table_says() {
    let world = World::chat();
    for named in METRICS {
        let metric = world.registry.metric(named.name).unwrap_or_else(|| panic!("there is no {}", named.name));
        assert_eq!((metric.unit(), metric.description()), (named.unit, named.description));
        assert_eq!(metric.bounds(), named.bounds, "{}", named.name);
    }
    let there = world.registry.metrics().into_iter().filter(|metric| metric.name().contains("gen_ai")).count();
    assert_eq!(there, METRICS.len());
    assert_eq!(Task::Chat.as_str(), "chat");
}

proptest! {
    #[test]
    fn where_chunks_end_changes_nothing(
        dialect in 0..3_usize,
        cut in any::<prop::sample::Index>(),
        sizes in prop::collection::vec(1..40_usize, 1..8),
        sniffs: bool,
    ) {
        let body = DIALECTS[dialect].concat();
        let body = &body.as_bytes()[..cut.index(body.len() + 1)];
        let tell = |sizes: &[usize]| {
            let world = World::chat();
            let mut answer = world.begin();
            // Without a type, what it is shows by how it begins.
            answer.head(200, header(if sniffs { &[] } else { EVENTS }));
            let mut rest = body;
            for size in sizes.iter().cycle() {
                if rest.is_empty() { break }
                let (chunk, behind) = rest.split_at((*size).min(rest.len()));
                answer.chunk(chunk).unwrap();
                rest = behind;
            }
            (answer.end(), world.tokens(), world.unknown(), world.durations(), world.evidence())
        };
        prop_assert_eq!(tell(&sizes), tell(&[usize::MAX]));
    }
}
