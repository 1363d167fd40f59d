//! Request ids and trace context: what is believed of what comes in, and what goes on from here.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bellwether_core::{Scope, TraceContext};
use bellwether_tower::{ObserveLayer, Sampler};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::harness::{Answer, Client, Server, Version, Watch};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What the handler sees: the request id by scope and by header, its `traceparent`, its parent, its `tracestate`.
async fn seen(headers: HeaderMap) -> String {
    let scope = Scope::current();
    let ids: Vec<_> = headers.get_all("x-request-id").iter().map(|id| String::from_utf8_lossy(id.as_bytes())).collect();
    let lines = [
        scope.request_id().map(ToString::to_string),
        Some(ids.join("|")),
        scope.trace().map(|trace| trace.to_string()),
        scope.parent().map(|span| span.to_string()),
        scope.trace_state().map(|state| state.as_str().to_owned()),
    ];
    lines.map(Option::unwrap_or_default).join("\n")
}

struct Seen {
    request_id: String,
    header: String,
    trace: TraceContext,
    parent: String,
    state: String,
    answer: Answer,
    watch: Watch,
}

async fn ask(version: Version, layer: ObserveLayer, watch: Watch, headers: &[(&str, &[u8])]) -> Seen {
    let server = Server::start(Router::new().route("/seen", get(seen)).layer(layer)).await;
    let mut client = Client::connect(&server, version).await;
    let mut request = client.request("GET", "/seen").body(Body::empty()).unwrap();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
    }
    let answer = client.ask_with(request).await;
    server.stop().await;
    let lines: Vec<&str> = answer.text.split('\n').collect();
    let [request_id, header, trace, parent, state] = lines[..] else { panic!("{:?}", answer.text) };
    Seen {
        request_id: request_id.to_owned(),
        header: header.to_owned(),
        trace: TraceContext::parse(trace.as_bytes()).expect("a well-formed trace"),
        parent: parent.to_owned(),
        state: state.to_owned(),
        answer,
        watch,
    }
}

async fn ask_plain(headers: &[(&str, &[u8])]) -> Seen {
    let watch = Watch::new();
    ask(Version::One, watch.layer(), watch.clone(), headers).await
}

#[tokio::test]
async fn good_ids_are_kept_and_echoed() {
    for version in Version::BOTH {
        let long = "a".repeat(128);
        for id in ["order-42", "A.b_c-9", "0", &*long] {
            let watch = Watch::new();
            let seen = ask(version, watch.layer(), watch.clone(), &[("x-request-id", id.as_bytes())]).await;
            assert_eq!(seen.request_id, id);
            assert_eq!(seen.header, id);
            assert_eq!(seen.answer.header("x-request-id"), id);
            assert_eq!(seen.watch.the_one().request_id, id);
            assert_eq!(seen.watch.counters("bellwether.server.request_ids_replaced"), [] as [&str; 0]);
        }
    }
}

/// Replaced also where the service and whom it calls would read it; never reflected.
#[tokio::test]
async fn bad_ids_are_replaced() {
    for version in Version::BOTH {
        let long = [b'a'; 129];
        let bad: [&[u8]; 9] =
            [b"", b" ", b"<script>", b"a b", b"a/b", b"a%0a", b"\xff\xfe\xfd", "caf\u{e9}".as_bytes(), &long];
        for id in bad {
            let watch = Watch::new();
            let seen = ask(version, watch.layer(), watch.clone(), &[("x-request-id", id)]).await;
            assert_eq!(seen.request_id.len(), 32, "{id:?}");
            assert_eq!(seen.request_id, seen.trace.trace_id().to_string());
            assert_eq!(seen.header, seen.request_id);
            assert_eq!(seen.answer.header("x-request-id"), seen.request_id);
            assert_eq!(seen.watch.counters("bellwether.server.request_ids_replaced"), ["=1"]);
        }
    }
}

#[tokio::test]
async fn several_ids_are_replaced_by_one() {
    let seen = ask_plain(&[("x-request-id", b"one"), ("x-request-id", b"two")]).await;
    assert_eq!(seen.request_id, seen.trace.trace_id().to_string());
    assert_eq!(seen.header, seen.request_id);
    assert_eq!(seen.watch.counters("bellwether.server.request_ids_replaced"), ["=1"]);
}

#[tokio::test]
async fn no_id_is_given_one() {
    let [one, two] = [ask_plain(&[]).await, ask_plain(&[]).await];
    assert_eq!(one.request_id, one.trace.trace_id().to_string());
    assert_eq!(one.answer.header("x-request-id"), one.request_id);
    assert_ne!(one.request_id, two.request_id);
    assert_eq!(one.watch.counters("bellwether.server.request_ids_replaced"), [] as [&str; 0]);
}

#[tokio::test]
async fn header_of_another_name() {
    let watch = Watch::new();
    let layer = ObserveLayer::builder(&watch.registry)
        .request_id_header(HeaderName::from_static("x-correlation-id"))
        .build()
        .unwrap();
    let seen = ask(Version::Two, layer, watch, &[("x-correlation-id", b"mine"), ("x-request-id", b"<other>")]).await;
    assert_eq!(seen.request_id, "mine");
    assert_eq!(seen.answer.header("x-correlation-id"), "mine");
    assert_eq!(seen.answer.header("x-request-id"), "");
    assert_eq!(seen.header, "<other>", "a header that is not asked for is let through");
}

/// A handler that set the header itself is not overruled.
#[tokio::test]
async fn answer_has_an_id_already() {
    let watch = Watch::new();
    let app = Router::new().route("/own", get(async || ([("x-request-id", "own")], "hello")));
    let server = Server::start(app.layer(watch.layer())).await;
    let answer = Client::connect(&server, Version::One).await.get("/own").await;
    assert_eq!(answer.headers.get_all("x-request-id").iter().collect::<Vec<_>>(), ["own"]);
    server.stop().await;
}

#[tokio::test]
async fn trace_goes_on() {
    for version in Version::BOTH {
        for (flags, sampled, random) in
            [("00", false, false), ("01", true, false), ("02", false, true), ("03", true, true), ("ff", true, true)]
        {
            let watch = Watch::new();
            let header = format!("{PARENT}{flags}");
            let headers: [(&str, &[u8]); 2] = [("traceparent", header.as_bytes()), ("tracestate", b"a=1,b=2")];
            let seen = ask(version, watch.layer(), watch.clone(), &headers).await;
            assert_eq!(seen.trace.trace_id().to_string(), TRACE);
            assert_ne!(seen.trace.span_id().to_string(), "b7ad6b7169203331");
            assert_eq!(seen.parent, "b7ad6b7169203331");
            assert_eq!(seen.state, "a=1,b=2");
            assert_eq!((seen.trace.sampled(), seen.trace.random()), (sampled, random), "{flags}");
            assert_eq!(seen.request_id, TRACE, "one search finds both");
            assert_eq!(seen.watch.counters("bellwether.server.traceparents_malformed"), [] as [&str; 0]);
        }
    }
}

#[tokio::test]
async fn later_version_is_read_by_position() {
    let header = format!("cc{}01-what-the-future-will-be-like", &PARENT[2..]);
    let seen = ask_plain(&[("traceparent", header.as_bytes())]).await;
    assert_eq!(seen.trace.trace_id().to_string(), TRACE);
    assert!(seen.trace.to_string().starts_with("00-"), "we write our own version");
}

#[tokio::test]
async fn malformed_traces_are_restarted() {
    let long = "0".repeat(60_000);
    let bad: Vec<Vec<u8>> = [
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "x",
        &long,
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([b"\xff".repeat(55), [&b"00-"[..], &[0xe9; 52]].concat()])
    .collect();
    for header in bad {
        let seen = ask_plain(&[("traceparent", &header), ("tracestate", b"a=1")]).await;
        let shown = String::from_utf8_lossy(&header[..header.len().min(70)]).into_owned();
        assert_ne!(seen.trace.trace_id().to_string(), TRACE, "{shown}");
        assert!(seen.trace.random() && !seen.trace.sampled(), "{shown}");
        assert_eq!((&*seen.parent, &*seen.state), ("", ""), "{shown}");
        assert_eq!(seen.watch.counters("bellwether.server.traceparents_malformed"), ["=1"], "{shown}");
    }
}

#[tokio::test]
async fn two_traces_are_none() {
    let header = format!("{PARENT}01");
    let seen = ask_plain(&[("traceparent", header.as_bytes()), ("traceparent", header.as_bytes())]).await;
    assert_ne!(seen.trace.trace_id().to_string(), TRACE);
    assert_eq!(seen.watch.counters("bellwether.server.traceparents_malformed"), ["=1"]);
}

#[tokio::test]
async fn bad_trace_state_is_not_passed_on() {
    let header = format!("{PARENT}01");
    let many = (0..40).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let long = format!("a={}", "x".repeat(600));
    for state in ["no-equals", "A=1", "a=1,,=", &many, &long] {
        let seen = ask_plain(&[("traceparent", header.as_bytes()), ("tracestate", state.as_bytes())]).await;
        assert_eq!(seen.trace.trace_id().to_string(), TRACE, "the trace itself goes on");
        assert_eq!(seen.state, "", "{state}");
    }
}

#[tokio::test]
async fn several_trace_states_are_one() {
    let header = format!("{PARENT}01");
    let seen = ask_plain(&[("traceparent", header.as_bytes()), ("tracestate", b"a=1"), ("tracestate", b"b=2")]).await;
    assert_eq!(seen.state, "a=1,b=2");
}

/// Whom to believe about sampling: the caller, or at the edge only oneself.
#[tokio::test]
async fn sampling() {
    for (sampler, trust, remote, sampled) in [
        (Sampler::never(), true, None, false),
        (Sampler::always(), true, None, true),
        (Sampler::ratio(0.0), true, None, false),
        (Sampler::ratio(1.0), true, None, true),
        (Sampler::never(), true, Some("01"), true),
        (Sampler::always(), true, Some("00"), false),
        (Sampler::never(), false, Some("01"), false),
        (Sampler::always(), false, Some("00"), true),
        (Sampler::never().ignore_parent(), true, Some("01"), false),
        (Sampler::always().ignore_parent(), true, Some("00"), true),
    ] {
        let watch = Watch::new();
        let layer =
            ObserveLayer::builder(&watch.registry).sampler(sampler).trust_remote_sampled(trust).build().unwrap();
        let header = remote.map(|flags| format!("{PARENT}{flags}"));
        let headers: Vec<(&str, &[u8])> = header.iter().map(|header| ("traceparent", header.as_bytes())).collect();
        let seen = ask(Version::Two, layer, watch, &headers).await;
        assert_eq!(seen.trace.sampled(), sampled, "{sampler:?}, trust {trust}, remote {remote:?}");
        if remote.is_some() {
            assert_eq!(seen.trace.trace_id().to_string(), TRACE, "the trace is kept either way");
        }
    }
}

/// Two services of one ratio agree on a trace, whichever comes first.
#[tokio::test]
async fn ratio_goes_by_trace() {
    for (trace, sampled) in [("0af7651916cd43dd0000000000000001", true), ("0af7651916cd43ddfffffffffffffff1", false)] {
        for _ in 0..3 {
            let watch = Watch::new();
            let sampler = Sampler::ratio(0.5).ignore_parent();
            let layer = ObserveLayer::builder(&watch.registry).sampler(sampler).build().unwrap();
            let header = format!("00-{trace}-b7ad6b7169203331-03");
            let seen = ask(Version::One, layer, watch, &[("traceparent", header.as_bytes())]).await;
            assert_eq!(seen.trace.sampled(), sampled, "{trace}");
        }
    }
}

/// Whoever is not believed does not decide by choosing an id, either.
#[tokio::test]
async fn a_chosen_trace_does_not_have_itself_sampled() {
    let watch = Watch::new();
    let layer = ObserveLayer::builder(&watch.registry).sampler(Sampler::ratio(1e-9)).trust_remote_sampled(false);
    let layer = layer.build().unwrap();
    let chosen = b"00-0af7651916cd43dd0000000000000001-b7ad6b7169203331-03";
    let seen = ask(Version::One, layer, watch, &[("traceparent", chosen)]).await;
    assert!(!seen.trace.sampled());
    assert_eq!(seen.trace.trace_id().to_string(), "0af7651916cd43dd0000000000000001");
}
