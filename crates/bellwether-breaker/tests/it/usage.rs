//! What answers say that they took: in every dialect, whole and cut anywhere, in one piece and in messages of a session.

use std::time::Duration;

use bellwether_breaker::Outcome;
use bellwether_breaker::sse::{Ending, Fault, Frame, Message, Scanner, Usage};
use proptest::prelude::*;
use serde_json::json;

/// Events of one answer in each dialect, and what it took.
fn streams() -> [(String, Usage, &'static str); 3] {
    let events = |data: &[&str]| data.iter().map(|data| format!("data: {data}\n\n")).collect::<String>();
    let chat = events(&[
        r#"{"model":"gpt-4o-2024","choices":[{"delta":{"content":"Hello"},"finish_reason":null}],"usage":null}"#,
        r#"{"model":"gpt-4o-2024","choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}"#,
        r#"{"model":"gpt-4o-2024","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":3}}}"#,
        "[DONE]",
    ]);
    let responses = events(&[
        r#"{"type":"response.created","response":{"model":"gpt-5-2025","status":"in_progress","error":null,"usage":null}}"#,
        r#"{"type":"response.output_text.delta","delta":"Hello"}"#,
        r#"{"type":"response.completed","response":{"model":"gpt-5-2025","status":"completed","usage":{"input_tokens":11,"input_tokens_details":{"cached_tokens":5},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3}}}}"#,
    ]);
    let messages = events(&[
        r#"{"type":"message_start","message":{"model":"claude-9","usage":{"input_tokens":4,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    let known = Usage::tokens(11, 7).cache_read(5);
    let mut cached = known;
    cached.cache_write = Some(2);
    [
        (chat, known.reasoning(3), "gpt-4o-2024"),
        (responses, known.reasoning(3), "gpt-5-2025"),
        (messages, cached, "claude-9"),
    ]
}

fn scan(body: &[u8], chunk: usize) -> Scanner {
    let mut scanner = Scanner::new();
    body.chunks(chunk).for_each(|chunk| scanner.feed(chunk, |_| ()));
    scanner
}

#[test]
fn each_dialect_counts_alike() {
    for (body, usage, model) in streams() {
        for chunk in [usize::MAX, 1, 2, 3, 7, 64] {
            let scanner = scan(body.as_bytes(), chunk);
            assert_eq!((scanner.ending(), scanner.usage()), (Ending::Complete, usage), "in chunks of {chunk}: {body}");
            assert_eq!(scanner.model(), Some(model));
        }
    }
}

#[test]
fn whoever_asks_how_it_ended_takes_no_part_for_the_whole() {
    for (body, usage, _) in streams() {
        for cut in 0..=body.len() {
            let scanner = scan(&body.as_bytes()[..cut], usize::MAX);
            // A chat completion says that it is complete before it says what it took.
            let told = scanner.usage();
            match scanner.ending() {
                Ending::Complete => assert!(told == usage || told.is_unknown(), "cut at {cut} of {body}: {told:?}"),
                ending => assert_eq!(ending, Ending::Truncated, "cut at {cut} of {body}"),
            }
        }
    }
}

#[test]
fn numbers() {
    let of = |usage: &str| Message::of(format!(r#"{{"usage":{usage}}}"#).as_bytes()).usage();
    let input = |input: Option<u64>| {
        let mut usage = Usage::default();
        usage.input = input;
        usage
    };
    assert_eq!(of(r#"{"input_tokens":0}"#), input(Some(0)));
    assert_eq!(of(r#"{"input_tokens":18446744073709551615,"cache_read_input_tokens":9}"#).input, Some(u64::MAX));
    // What is no count is not known.
    for no_count in ["-1", "1.5", "1e3", "18446744073709551616", "null", "true", "\"7\"", "[]", "{}", "NaN"] {
        assert_eq!(of(&format!(r#"{{"input_tokens":{no_count}}}"#)), input(None), "{no_count}");
    }
    let heard = |seconds: &str| of(&format!(r#"{{"type":"duration","seconds":{seconds}}}"#)).audio;
    assert_eq!(heard("5"), Some(Duration::from_secs(5)));
    assert_eq!(heard("2.5"), Some(Duration::from_millis(2500)));
    assert_eq!([heard("-1"), heard("1e400"), heard("inf"), heard("NaN")], [None; 4]);
    // It is where it stands that matters.
    assert!(
        Message::of(br#"{"choices":[{"delta":{"usage":{"input_tokens":3}}}],"input_tokens":4}"#).usage().is_unknown()
    );
}

#[test]
fn answers_in_one_piece() {
    let check = |text: &str, ending: Ending, usage: Usage| {
        let message = Message::of(text.as_bytes());
        assert_eq!((message.ending(), message.usage()), (ending, usage), "{text}");
    };
    let known = Usage::tokens(11, 7);
    let chat = r#"{"object":"chat.completion","model":"m","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7}}"#;
    check(chat, Ending::Complete, known);
    assert_eq!(Message::of(chat.as_bytes()).model(), Some("m"));
    check(
        r#"{"object":"response","status":"completed","error":null,"output":[],"usage":{"input_tokens":11,"output_tokens":7}}"#,
        Ending::Complete,
        known,
    );
    check(
        r#"{"type":"message","role":"assistant","content":[],"stop_reason":"end_turn","usage":{"input_tokens":11,"output_tokens":7}}"#,
        Ending::Complete,
        known,
    );
    check(r#"{"text":"Where is my order?"}"#, Ending::Complete, Usage::default());
    check("Where is my order?", Ending::Unknown, Usage::default());
    check(&chat[..chat.len() - 1], Ending::Truncated, Usage::default());
    check("", Ending::Truncated, Usage::default());
    check(r#"{"error":{"type":"server_error"}}"#, Ending::Failed(Fault::Server), Usage::default());
    check(
        r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
        Ending::Failed(Fault::Overloaded),
        Usage::default(),
    );
}

#[test]
fn bodies_of_errors() {
    let check = |text: &str, fault: Fault| assert_eq!(Message::of(text.as_bytes()).fault(), fault, "{text}");
    check(r#"{"error":{"message":"x","type":"tokens","code":"rate_limit_exceeded"}}"#, Fault::Throttled);
    check(r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#, Fault::Quota);
    check(r#"{"error":{"code":"429","message":"Requests have exceeded …"}}"#, Fault::Throttled);
    check(r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#, Fault::Throttled);
    check(r#"{"error":{"code":"concurrency_limit_exceeded"}}"#, Fault::Concurrency);
    check(r#"{"detail":{"status":"too_many_concurrent_requests","message":"x"}}"#, Fault::Concurrency);
    check(r#"{"error":{"type":"authentication_error"}}"#, Fault::Denied);
    // Text says nothing, however it reads.
    check(r#"{"error":{"message":"insufficient_quota"}}"#, Fault::Unknown);
    check(r#"{"detail":"rate limit"}"#, Fault::Unknown);
    check("<html>429 Too Many Requests</html>", Fault::Unknown);

    // Neither kept nor shown.
    let secret =
        Message::of(br#"{"error":{"message":"Wrong key sk-12345","type":"sk-12345","code":"invalid_api_key"}}"#);
    assert_eq!(secret.fault(), Fault::Denied);
    let long = format!(r#"{{"error":{{"message":"{}","type":"billing_error"}}}}"#, "sk-12345 ".repeat(1 << 17));
    let read = allocation_counter::measure(|| assert_eq!(Message::of(long.as_bytes()).fault(), Fault::Quota));
    assert_eq!(read.count_total, 0);
}

#[test]
fn messages_of_a_session() {
    let check = |text: &str, frame: Frame| assert_eq!(Message::of(text.as_bytes()).frame(), Some(frame), "{text}");
    for work in [
        r#"{"type":"session.created","session":{"model":"gpt-realtime"}}"#,
        r#"{"type":"session.updated"}"#,
        r#"{"type":"input_audio_buffer.speech_started"}"#,
        r#"{"type":"conversation.item.added","item":{"content":[{"text":"Hello"}]}}"#,
        r#"{"type":"rate_limits.updated","rate_limits":[]}"#,
        r#"{"type":"response.created","response":{"status":"in_progress"}}"#,
    ] {
        check(work, Frame::Work);
    }
    check(r#"{"type":"response.output_audio.delta","delta":"AAAA"}"#, Frame::Content { bytes: 4 });
    check(
        r#"{"type":"conversation.item.input_audio_transcription.completed","transcript":"Hi"}"#,
        Frame::Content { bytes: 2 },
    );
    check(r#"{"type":"response.output_audio_transcript.done","transcript":"Hi"}"#, Frame::Work);
    let done = json!({"type": "response.done", "response": {
        "status": "completed",
        "usage": {"input_tokens": 11, "output_tokens": 7, "input_token_details": {"cached_tokens": 5}},
    }});
    check(&done.to_string(), Frame::Done);
    assert_eq!(Message::of(done.to_string().as_bytes()).usage(), Usage::tokens(11, 7).cache_read(5));
    check(r#"{"type":"response.done","response":{"status":"cancelled"}}"#, Frame::Done);
    check(
        r#"{"type":"response.done","response":{"status":"failed","status_details":{"type":"failed","error":{"type":"server_error"}}}}"#,
        Frame::Failed(Fault::Server),
    );
    check(r#"{"type":"response.done","response":{"status":"failed"}}"#, Frame::Failed(Fault::Unknown));
    let expired = r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired"}}"#;
    check(expired, Frame::Failed(Fault::Expired));
    assert_eq!(Outcome::from(Fault::Expired), Outcome::Neutral);
    assert_eq!(Message::of(expired.as_bytes()).kind(), "error");
}

proptest! {
    #[test]
    fn a_message_in_pieces_says_the_same(
        text in prop_oneof![
            prop::sample::select(streams().into_iter().flat_map(|(body, ..)| body
                .lines().filter_map(|line| line.strip_prefix("data: ").map(str::to_owned)).collect::<Vec<_>>())
                .collect::<Vec<_>>()),
            "[{}\\[\\]\":,a-z0-9 \\\\]{0,60}",
        ],
        cut in any::<prop::sample::Index>(),
        pieces in prop::collection::vec(1..9_usize, 1..6),
    ) {
        let text = &text.as_bytes()[..cut.index(text.len() + 1)];
        let whole = Message::of(text);
        let (mut message, mut rest) = (Message::new(), text);
        for length in pieces.iter().cycle() {
            if rest.is_empty() { break }
            let (piece, behind) = rest.split_at((*length).min(rest.len()));
            message.feed(piece);
            rest = behind;
        }
        let said = |of: &Message| (of.ending(), of.fault(), of.usage(), of.kind().to_owned(), of.model().map(str::to_owned));
        prop_assert_eq!(said(&message), said(&whole));
    }
}
