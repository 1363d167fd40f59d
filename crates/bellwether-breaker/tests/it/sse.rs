//! Answers of server-sent events in every dialect we know: whole, cut midway, failed after a 200, split anywhere.

use bellwether_breaker::Outcome;
use bellwether_breaker::sse::{Ending, Fault, Frame, Scanner};
use proptest::prelude::*;
use serde_json::{Value, json};

use Frame::{Done, Failed, KeepAlive, Work};

fn content(bytes: u64) -> Frame {
    Frame::Content { bytes }
}

fn scan(body: &[u8], chunk: usize) -> (Vec<Frame>, Ending) {
    let (mut scanner, mut frames) = (Scanner::new(), Vec::new());
    body.chunks(chunk).for_each(|chunk| scanner.feed(chunk, |frame| frames.push(frame)));
    (frames, scanner.ending())
}

fn check(body: &str, frames: &[Frame], ending: Ending) {
    for chunk in [usize::MAX, 1, 2, 3, 7] {
        assert_eq!(scan(body.as_bytes(), chunk), (frames.to_vec(), ending), "in chunks of {chunk}: {body}");
    }
}

/// An event with one line of data, and nothing else.
fn events(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

/// An event of Anthropic or of OpenAI's responses: named as its type.
fn named(kind: &str, more: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{more}}}\n\n")
}

fn fails(data: &str, fault: Fault) {
    check(&events(&[data]), &[Failed(fault)], Ending::Failed(fault));
}

const ROLE: &str = r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}"#;
const HELLO: &str = r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}"#;
const STOP: &str =
    r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"{"id":"c1","object":"chat.completion.chunk","choices":[],"usage":{"total_tokens":9}}"#;

#[test]
fn a_chat_completion() {
    let whole = events(&[ROLE, HELLO, HELLO, STOP, USAGE, "[DONE]"]);
    check(&whole, &[Work, content(5), content(5), Work, Work, Done], Ending::Complete);
    // Some servers leave out one of the two marks.
    check(&events(&[HELLO, STOP]), &[content(5), Work], Ending::Complete);
    check(&events(&[HELLO, "[DONE]"]), &[content(5), Done], Ending::Complete);
    check("data:[DONE]\n\n", &[Done], Ending::Complete);
    // And some the last line feed.
    check(&format!("{}data: [DONE]", events(&[HELLO])), &[content(5)], Ending::Complete);
    check(&format!("{}data: {STOP}\n", events(&[HELLO])), &[content(5)], Ending::Complete);
}

#[test]
fn a_chat_completion_cut_midway() {
    check(&events(&[ROLE, HELLO]), &[Work, content(5)], Ending::Truncated);
    check(&events(&[ROLE]), &[Work], Ending::Truncated);
    let half = &STOP[..STOP.len() - 4];
    check(&format!("{}data: {half}", events(&[HELLO])), &[content(5)], Ending::Truncated);
    check("", &[], Ending::Truncated);
    check(": OPENROUTER PROCESSING\n\n", &[KeepAlive], Ending::Truncated);
    // Of two choices, only one has ended.
    let other = HELLO.replace("\"index\":0", "\"index\":1");
    check(&events(&[HELLO, STOP, &other]), &[content(5), Work, content(5)], Ending::Truncated);
}

#[test]
fn what_is_content_of_a_chat_completion() {
    let choice = |delta: &str| events(&[&format!("{{\"choices\":[{{\"delta\":{delta}}}]}}")]);
    let is = |delta: &str, frame| check(&choice(delta), &[frame], Ending::Truncated);
    is(r#"{"content":"é"}"#, content(2));
    is(r#"{"content":null}"#, Work);
    is(r#"{"content":"\"\\\n\u0041\u00e9"}"#, content(5));
    is(r#"{"refusal":"No."}"#, content(3));
    is(r#"{"reasoning_content":"Hm."}"#, Work);
    is(r#"{"reasoning":"Hm.","content":""}"#, Work);
    is(r#"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":""}}]}"#, content(1));
    is(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}"#, content(5));
    is(r#"{"function_call":{"arguments":"{}"}}"#, content(2));
    is(r#"{"audio":{"id":"a","transcript":"Hi"}}"#, content(2));
    is(r#"{"content":[{"type":"text","text":"Hi"}]}"#, content(2));
    // It is where it stands that matters.
    is(r#"{"role":"assistant","x":{"content":"Hello"}}"#, Work);
    is(r#"{"x":"\"content\":\"Hello\""}"#, Work);
    check(&events(&[r#"{"choices":[{"text":"Hi","index":0}]}"#]), &[content(2)], Ending::Truncated);
    check(&events(&[r#"{"choices":null}"#]), &[Work], Ending::Truncated);
}

#[test]
fn messages_of_anthropic() {
    let start = named("message_start", r#","message":{"id":"m","content":[],"usage":{"output_tokens":1}}"#);
    let open = named("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#);
    let ping = named("ping", "");
    let think = named("content_block_delta", r#","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}"#);
    let text = named("content_block_delta", r#","index":0,"delta":{"type":"text_delta","text":"Hello"}"#);
    let tool = named("content_block_delta", r#","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}"#);
    let close = named("content_block_stop", r#","index":0"#);
    let last = named("message_delta", r#","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}"#);
    let stop = named("message_stop", "");
    let frames = [Work, Work, KeepAlive, Work, content(5), content(1), Work, Work];
    let cut = [start, open, ping, think, text, tool, close, last].concat();
    check(&cut, &frames, Ending::Truncated);
    check(&(cut + &stop), &[&frames[..], &[Done]].concat(), Ending::Complete);

    let error = named("error", r#","error":{"type":"overloaded_error","message":"Overloaded"}"#);
    check(&error, &[Failed(Fault::Overloaded)], Ending::Failed(Fault::Overloaded));
}

#[test]
fn responses_of_openai() {
    let created = named("response.created", r#","response":{"id":"r","status":"in_progress","error":null}"#);
    let thought = named("response.reasoning_summary_text.delta", r#","delta":"Hm.""#);
    let text = named("response.output_text.delta", r#","item_id":"i","delta":"Hello""#);
    let call = named("response.function_call_arguments.delta", r#","delta":"{}""#);
    let text_done = named("response.output_text.done", r#","text":"Hello""#);
    let cut = [created, thought, text, call, text_done].concat();
    let frames = [Work, Work, content(5), content(2), Work];
    check(&cut, &frames, Ending::Truncated);
    for end in ["response.completed", "response.incomplete"] {
        let end =
            named(end, r#","response":{"error":null,"output":[{"type":"message","content":[{"text":"Hello"}]}]}"#);
        check(&(cut.clone() + &end), &[&frames[..], &[Done]].concat(), Ending::Complete);
    }
    let failed = named("response.failed", r#","response":{"error":{"code":"server_error","message":"Oh."}}"#);
    check(&failed, &[Failed(Fault::Server)], Ending::Failed(Fault::Server));
    let error = named("error", r#","code":"rate_limit_exceeded","message":"Slow down.","param":null"#);
    check(&error, &[Failed(Fault::Throttled)], Ending::Failed(Fault::Throttled));
}

#[test]
fn speech_and_transcription() {
    let text = [named("transcript.text.delta", r#","delta":"I""#), named("transcript.text.done", r#","text":"I""#)];
    check(&text.concat(), &[content(1), Done], Ending::Complete);
    let speech = [named("speech.audio.delta", r#","audio":"AAAA""#), named("speech.audio.done", "")];
    check(&speech.concat(), &[content(4), Done], Ending::Complete);
}

#[test]
fn errors_after_a_200() {
    fails(
        r#"{"error":{"message":"x","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
        Fault::Quota,
    );
    fails(r#"{"error":{"message":"x","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#, Fault::Throttled);
    fails(r#"{"error":{"type":"invalid_request_error","code":"context_length_exceeded"}}"#, Fault::Client);
    fails(r#"{"error":{"type":"invalid_request_error","code":"rate_limit_exceeded"}}"#, Fault::Throttled);
    fails(r#"{"error":{"message":"bad","type":"BadRequestError","code":400}}"#, Fault::Client);
    fails(r#"{"object":"error","message":"bad","type":"InternalServerError","code":500}"#, Fault::Server);
    fails(r#"{"error":{"error":{"type":"overloaded_error"}}}"#, Fault::Overloaded);
    fails(r#"{"error":{"code":"529"}}"#, Fault::Overloaded);
    fails(r#"{"error":"something broke"}"#, Fault::Unknown);
    fails(r#"{"error":{"message":"rate_limit_exceeded insufficient_quota"}}"#, Fault::Unknown);
    fails(r#"{"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#, Fault::Unknown);
    check("event: error\ndata: overloaded\n\n", &[Failed(Fault::Unknown)], Ending::Failed(Fault::Unknown));
    // It stays so, whatever comes behind it.
    let body = events(&[HELLO, r#"{"error":{"code":500}}"#, STOP, "[DONE]"]);
    check(&body, &[content(5), Failed(Fault::Server), Work, Done], Ending::Failed(Fault::Server));
}

#[test]
fn what_is_no_error() {
    for error in ["null", "false", "\"\""] {
        let chunk = HELLO.replace("\"id\"", &format!("\"error\":{error},\"id\""));
        check(&events(&[&chunk, "[DONE]"]), &[content(5), Done], Ending::Complete);
    }
    // What the model says is not what the server says.
    let quoted = HELLO.replace("Hello", r#"{\"error\":{\"type\":\"server_error\"}}"#);
    check(&events(&[&quoted, "[DONE]"]), &[content(33), Done], Ending::Complete);
    let deep = HELLO.replace("\"id\"", r#""x":{"error":{"type":"server_error"},"type":"error"},"id""#);
    check(&events(&[&deep, "[DONE]"]), &[content(5), Done], Ending::Complete);
}

#[test]
fn lines() {
    let hello = |text: &str| check(text, &[content(5), Done], Ending::Complete);
    hello(&events(&[HELLO, "[DONE]"]));
    hello(&events(&[HELLO, "[DONE]"]).replace('\n', "\r\n"));
    hello(&events(&[HELLO, "[DONE]"]).replace('\n', "\r"));
    hello(&format!("\u{feff}{}", events(&[HELLO, "[DONE]"])));
    hello(&format!("id: 7\nretry: 10\nunknown\ndata:{HELLO}\n\n\n\ndata:  [DONE] \n\n"));
    // A carriage return and a line feed are one end of a line, not an empty line too.
    let error = "event: error\r\ndata: x\r\n\r\n";
    check(error, &[Failed(Fault::Unknown)], Ending::Failed(Fault::Unknown));
    // Lines of data are one text.
    hello(&events(&[HELLO, "[DONE]"]).replace(",\"choices\"", ",\ndata: \"choices\""));
    // A field is one of these by its whole name.
    check(&format!("dat: {HELLO}\n\nxdata: {HELLO}\n\ndata \n\n"), &[], Ending::Truncated);
    check("data\n\ndata:\n\nevent: ping\n\n", &[KeepAlive], Ending::Truncated);
    check(":\n:x\n\n", &[KeepAlive, KeepAlive], Ending::Truncated);
    // A name is for one event.
    check(&format!("event: error\n\n{}", events(&[HELLO])), &[content(5)], Ending::Truncated);
}

#[test]
fn dialects_nobody_told_us_of() {
    check(&events(&["Hello", "World"]), &[content(5), content(5)], Ending::Unknown);
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"Hello"}]}}]}"#;
    check(&events(&[gemini]), &[content(gemini.len() as u64)], Ending::Unknown);
    check(&named("content-delta", ""), &[content(24)], Ending::Unknown);
    check(&events(&["[1,2]", "5", "\"x\""]), &[content(5), content(1), content(3)], Ending::Unknown);
}

#[test]
fn nonsense() {
    let broken =
        ["{", "{]", "{}}", "{}x", "{\"choices\":[}", "{\"a\":\"\\", "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]"];
    for data in broken {
        check(&events(&[data]), &[Work], Ending::Unknown);
        check(&events(&[HELLO, data]), &[content(5), Work], Ending::Truncated);
    }
    // A value without a key is nowhere.
    for data in
        ["{{\"type\":\"error\"}}", "{{\"type\":1}\"error\"}", "{[\"error\"],{\"error\":1}}", "{\"x\",{\"error\":1}}"]
    {
        check(&events(&[data]), &[content(data.len() as u64)], Ending::Unknown);
    }
    let nested = format!("{{\"choices\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(scan(events(&[&nested]).as_bytes(), 1000), (vec![Work], Ending::Truncated));
    let open = format!("data: {{\"choices\":{}", "[{\"delta\":".repeat(100_000));
    assert_eq!(scan(open.as_bytes(), 1000), (vec![], Ending::Truncated));
    let long = HELLO.replace("Hello", &"x".repeat(1 << 20));
    assert_eq!(scan(events(&[&long]).as_bytes(), 4096), (vec![content(1 << 20)], Ending::Truncated));
    let name = format!("{}: x\n\nevent: {}\n{}", "data".repeat(1000), "ping".repeat(1000), events(&[HELLO]));
    check(&name, &[content(5)], Ending::Truncated);
}

#[test]
fn a_scanner_is_small_and_allocates_nothing() {
    let size = size_of::<Scanner>();
    assert!(size <= 1024, "{size}");
    let body = events(&[ROLE, HELLO, STOP, USAGE, &HELLO.replace("Hello", &"x".repeat(1 << 16)), "[DONE]"]);
    let read = || {
        let mut scanner = Scanner::new();
        body.as_bytes().chunks(100).for_each(|chunk| scanner.feed(chunk, drop));
        assert_eq!(scanner.ending(), Ending::Complete);
    };
    assert_eq!(allocation_counter::measure(read).count_total, 0);
}

#[test]
fn outcomes() {
    let of = |ending: Ending| Outcome::from(ending);
    assert_eq!(of(Ending::Complete), Outcome::Success);
    assert_eq!(of(Ending::Unknown), Outcome::Success);
    assert_eq!(of(Ending::Truncated), Outcome::Failure);
    assert_eq!(of(Ending::Failed(Fault::Client)), Outcome::Alive);
    assert_eq!(of(Ending::Failed(Fault::Quota)), Outcome::Throttled(None));
    assert_eq!(of(Ending::Failed(Fault::Throttled)), Outcome::Throttled(None));
    assert_eq!(of(Ending::Failed(Fault::Overloaded)), Outcome::Failure);
    assert_eq!(of(Ending::Failed(Fault::Unknown)), Outcome::Failure);
}

/// JSON of the keys that matter, where they matter and where they do not.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (390..600_u64).prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\]:, é]{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 40, 4, |inner| {
        let object = prop::collection::vec((prop::sample::select(KEYS), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            object.prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

const KEYS: &[&str] = &[
    "type",
    "object",
    "choices",
    "delta",
    "error",
    "code",
    "response",
    "content",
    "text",
    "finish_reason",
    "tool_calls",
    "function",
    "arguments",
    "message",
    "status",
    "audio",
    "status_details",
    "detail",
    "transcript",
    "usage",
    "model",
    "session",
    "x",
    "long key with \"quotes\" and \\ more than sixty-four bytes of it",
];
const WORDS: &[&str] = &[
    "error",
    "ping",
    "stop",
    "message_stop",
    "response.output_text.delta",
    "response.reasoning_text.delta",
    "server_error",
    "rate_limit_exceeded",
    "tokens",
    "insufficient_quota",
    "invalid_request_error",
    "529",
    "failed",
    "session.created",
];

/// What the scanner has to say, from JSON that was parsed as a whole.
fn model(event: &Value, length: u64) -> Frame {
    /// All values at a path, through arrays of any depth, and only as deep as anybody looks.
    fn at<'a>(value: &'a Value, path: &[&str], found: &mut Vec<&'a Value>) {
        match (value, path) {
            (Value::Array(items), [_, ..]) => items.iter().for_each(|item| at(item, path, found)),
            (Value::Object(object), [key, rest @ ..]) => {
                object.get(*key).into_iter().for_each(|value| at(value, rest, found));
            }
            (Value::Array(items), []) => {
                found.push(value);
                items.iter().for_each(|item| at(item, path, found));
            }
            (_, []) => found.push(value),
            _ => {}
        }
    }
    let all = |paths: &[&[&str]]| {
        let mut found = Vec::new();
        paths.iter().for_each(|path| at(event, path, &mut found));
        found
    };
    let strings = |paths: &[&[&str]]| -> Vec<&str> { all(paths).into_iter().filter_map(Value::as_str).collect() };
    // JSON of other shapes says something else to us.
    let kind = *strings(&[&["type"]]).last().unwrap_or(&"");
    let kind = if kind.len() > 64 { "" } else { kind };
    let errors = [
        &["error"][..],
        &["response", "error"],
        &["response", "status_details", "error"],
        &["error", "error"],
        &["response", "error", "error"],
        &["response", "status_details", "error", "error"],
    ];
    let failed =
        all(&errors).into_iter().any(|error| !matches!(error, Value::Null | Value::Bool(false)) && error != "")
            || strings(&[&["object"]]).contains(&"error")
            || strings(&[&["response", "status"]]).contains(&"failed")
            || strings(&[&["choices", "finish_reason"]]).contains(&"error");
    if failed || matches!(kind, "error" | "response.failed") {
        let mut paths: Vec<Vec<&str>> = vec![vec!["code"]];
        for error in errors {
            paths.push(error.to_vec());
            ["type", "code", "status"].iter().for_each(|word| paths.push([error, &[*word]].concat()));
        }
        ["type", "code", "status"].iter().for_each(|word| paths.push(vec!["detail", word]));
        let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
        let words = all(&paths).into_iter().filter_map(|word| match word {
            Value::String(text) => Some(Fault::of(text)),
            Value::Number(number) => Some(Fault::of(&number.to_string())),
            _ => None,
        });
        return Failed(words.max().unwrap_or_default().max(Fault::of(kind)));
    }
    let text: &[&[&str]] = &[
        &["choices", "text"],
        &["choices", "text", "text"],
        &["choices", "delta", "content"],
        &["choices", "message", "content"],
        &["choices", "delta", "content", "text"],
        &["choices", "message", "content", "text"],
        &["choices", "delta", "tool_calls", "function", "arguments"],
        &["choices", "message", "tool_calls", "function", "arguments"],
        &["delta", "text"],
        &["audio", "text"],
    ];
    let length_of = |texts: Vec<&str>| -> u64 {
        // Each character that is escaped as a number counts as one byte, as serde_json writes control characters.
        texts.iter().map(|text| text.len() as u64).sum()
    };
    let delta = if kind.contains("reasoning") { 0 } else { length_of(strings(&[&["delta"], &["audio"]])) };
    match kind {
        "ping" | "keepalive" => KeepAlive,
        "message_stop" => Done,
        _ if !all(&[&["choices"]]).is_empty() || kind.starts_with("response.") || kind == "session.created" => {
            match length_of(strings(text)) + delta {
                0 => Work,
                bytes => content(bytes),
            }
        }
        _ => content(length),
    }
}

proptest! {
    #[test]
    fn json_is_read_as_if_it_were_parsed(
        pairs in prop::collection::vec((prop::sample::select(KEYS), value()), 0..5),
        pretty: bool,
        chunk in 1..40_usize,
    ) {
        let event: Value = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let data = if pretty { format!("{event:#}") } else { event.to_string() };
        let body: String = data.lines().map(|line| format!("data: {line}\n")).chain(["\n".to_owned()]).collect();
        let (frames, _) = scan(body.as_bytes(), chunk);
        prop_assert_eq!(frames, [model(&event, data.len() as u64)], "{}", data);
    }

    #[test]
    fn any_bytes_in_any_chunks_say_the_same(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30),
        chunks in prop::collection::vec(1..20_usize, 1..10),
    ) {
        let body: Vec<u8> = pieces.concat().into_bytes();
        let (mut scanner, mut frames, mut rest) = (Scanner::new(), Vec::new(), &body[..]);
        for length in chunks.iter().cycle() {
            if rest.is_empty() { break }
            let (chunk, behind) = rest.split_at((*length).min(rest.len()));
            scanner.feed(chunk, |frame| frames.push(frame));
            rest = behind;
        }
        prop_assert_eq!((frames, scanner.ending()), scan(&body, usize::MAX));
    }
}

const PIECES: &[&str] = &[
    "data",
    ":",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "event",
    "event: error\n",
    "data: ",
    "data: [DONE]",
    "[DONE]",
    ROLE,
    HELLO,
    STOP,
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u00",
    "\u{feff}",
    "\"choices\":",
    "\"error\":",
    "null",
    ",",
    "é",
    "data: {\"type\":\"",
];

#[test]
fn the_model_reads_as_we_do() {
    assert_eq!(model(&serde_json::from_str(HELLO).unwrap(), 0), content(5));
    assert_eq!(model(&json!({"error": {"code": 429}}), 0), Failed(Fault::Throttled));
}
