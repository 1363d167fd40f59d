//! What somebody might send who means harm: each has an answer, soon, and nothing goes on behind it.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::bounds::slow;
use super::{api, ask, get, post};

/// A text as a form has it.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Sends a query as a form. As much of it as is sent has to be looked at, and nothing more than that.
async fn check(query: &str, status: u16, message: &str) {
    let form = format!("query={}&time=1700000600", query.replace('%', "%25").replace('+', "%2B").replace('&', "%26"));
    let (is, body, _) = ask(&api(), post("/api/v1/query", &form)).await;
    let (head, tail) = (body.get(..300).unwrap_or(&body), body.len().saturating_sub(300));
    assert_eq!(is, status, "{head}");
    assert!(body.contains(message), "{head} .. {}", body.get(tail..).unwrap_or_default());
}

#[tokio::test]
async fn long_and_deep_queries() {
    const MOST: usize = 1_000_000;
    check(&"(".repeat(MOST), 422, "expression nests deeper than 100 levels").await;
    check(&"-".repeat(MOST), 422, "expression nests deeper than 100 levels").await;
    check(&"sum(".repeat(MOST / 4), 422, "expression nests deeper than 100 levels").await;
    check(&format!("x{}", "[1m:1m]".repeat(MOST / 7)), 400, "parse error").await;
    check(&format!("x[{}1m]", "(".repeat(MOST / 2)), 422, "expression nests deeper than 100 levels").await;
    check(&"1-".repeat(MOST / 2), 422, "more than 1000 operators in a row").await;
    check(&"x or ".repeat(MOST / 5), 422, "more than 1000 operators in a row").await;
    check(&"x".repeat(MOST), 200, "\"result\":[]").await;
    check(&format!("\"{}\"", "a".repeat(MOST - 2)), 200, "\"resultType\":\"string\"").await;
    check(&format!("x{{a=\"{}\"}}", "b".repeat(MOST - 10)), 200, "\"result\":[]").await;
    check(&"#".repeat(MOST), 400, "no expression found").await;
    check(&"\\u{10FFFF}\"'`".repeat(MOST / 13), 400, "parse error").await;
    check(&"1".repeat(MOST), 200, "+Inf").await;
    check(&format!("1{}", "_0".repeat(1000)), 200, "+Inf").await;
    check(&format!("sum by ({}) (x)", "a,".repeat(MOST / 2)), 200, "\"result\":[]").await;
    check(&format!("topk({}, x)", "9".repeat(300)), 422, "overflow").await;
}

/// Trees are walked as they are printed, told and dropped: how deep they are is bounded, whatever their depth comes from.
#[tokio::test]
async fn chains_within_chains() {
    let chain = format!("1{}", "+1".repeat(1000));
    let within = (0..30).fold("x".to_owned(), |inner, _| format!("({inner}{})", "+1".repeat(999)));
    for path in ["query", "format_query", "parse_query"] {
        let path = format!("/api/v1/{path}");
        for (query, status) in [(&chain, 200), (&within, 422)] {
            let form = format!("query={}", encoded(query));
            let (is, body, _) = ask(&api(), post(&path, &form)).await;
            let refused = body.contains("more than 1000 operators in a row");
            assert_eq!((is, refused), (status, status != 200), "{path}: {body:.300}");
        }
    }
}

#[tokio::test]
async fn trees_are_bounded_as_any_answer() {
    let form = format!("query={}", encoded(&format!("x{}", " or x".repeat(900))));
    for path in ["/api/v1/parse_query", "/api/v1/format_query"] {
        let (status, body, _) = ask(&api().max_answer_bytes(100_000), post(path, &form)).await;
        assert!(status == 422 && body.contains("more than 100000 bytes"), "{status} {body:.300}");
        let wide = vec![format!("({}x)", "x+".repeat(400)); 100].join("+");
        let (status, body, _) = ask(&api(), post(path, &format!("query={}", encoded(&wide)))).await;
        assert!(status == 400 && body.contains("larger than 65536 bytes"), "{status} {body:.300}");
    }
}

#[tokio::test]
async fn many_matchers_and_large_regular_expressions() {
    let matchers = |count: usize, one: &str| format!("x{{{}}}", format!("{one},").repeat(count));
    check(&matchers(10_000, "a=\"b\""), 200, "\"result\":[]").await;
    check(&matchers(10_000, "a=~\"b|c\""), 200, "\"result\":[]").await;
    // Each of them may take a mebibyte.
    check(&matchers(100, r#"a=~"\\w{8}.*""#), 200, "\"result\":[]").await;
    check(&matchers(10_000, r#"a=~"\\w{8}.*""#), 422, "more than 100 regular expressions").await;
    for large in ["a{1000}{1000}", r"\\w{1000}", "(((a{30}){30}){30}){30}", "((a*)*)*{900}{900}"] {
        check(&matchers(1, &format!("a=~\"{large}\"")), 400, "invalid regex").await;
    }
    check(&matchers(1, &format!("a=~\"{}\"", "(".repeat(1000))), 400, "invalid regex").await;
    let deep = format!("a=~\"{}a{}\"", "(".repeat(1000), ")".repeat(1000));
    check(&matchers(1, &deep), 400, "invalid regex").await;
    // What makes others backtrace for ages is read once from left to right.
    check(&format!("label_replace(requests_total, \"a\", \"$1\", \"path\", \"(/*)*{}\")", "(a+)+$"), 200, "success")
        .await;
    check(&matchers(1, &format!("path!~\"{}\"", "(a|a)*".repeat(200))), 200, "\"result\":[]").await;
    let alternatives: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    check(&format!("x{{a=~\"{}\"}}", alternatives.join("|")), 200, "\"result\":[]").await;
    // So many selectors are a list of their own.
    let form = "match[]=%7Ba%3D~%22%5C%5Cw%7B8%7D.%2A%22%7D&".repeat(10_000);
    let (status, body, _) = ask(&api(), post("/api/v1/series", &form)).await;
    assert_eq!((status, body.contains("more than 100 regular expressions")), (400, true), "{body}");
}

#[tokio::test]
async fn times_that_are_none() {
    let check = async |params: &str, status: u16, message: &str| {
        let (is, body, _) = ask(&api(), get(&format!("/api/v1/query_range?query=requests_total&{params}"))).await;
        assert_eq!((is, body.contains(message)), (status, true), "{params}: {body}");
    };
    check("start=0&end=1&step=1e-9", 400, "exceeded maximum resolution").await;
    check("start=1&end=1&step=1e-9", 400, "zero or negative").await;
    check("start=1&end=1&step=1e-99", 400, "zero or negative").await;
    check("start=2&end=1&step=1", 400, "end timestamp must not be before start time").await;
    let far = "292277025-08-18T07:12:54.999999999Z";
    check(&format!("start=-292273086-05-16T16:47:06Z&end={far}&step=9e9"), 400, "exceeded maximum resolution").await;
    check(&format!("start={far}&end={far}&step=9e9"), 200, "\"result\":[]").await;
    for time in ["NaN", "Inf", "-Inf", "1e308", "9223372036854775808", "0x10", "1_000", "", "%00", "1e", "--1"] {
        check(&format!("start={time}&end=1&step=1"), 400, "invalid parameter \\\"start\\\"").await;
        check(&format!("start=1&end={time}&step=1"), 400, "invalid parameter \\\"end\\\"").await;
    }
    for step in ["NaN", "Inf", "-1", "1e308", "", "9999999999y", "1s1s"] {
        check(&format!("start=0&end=1&step={step}"), 400, "invalid parameter \\\"step\\\"").await;
    }
    for (name, wrong) in [("timeout", "NaN"), ("limit", "99999999999999999999"), ("lookback_delta", "Inf")] {
        check(&format!("start=0&end=1&step=1&{name}={wrong}"), 400, "bad_data").await;
    }
    // Offsets and ranges that lead beyond time.
    for query in ["x offset 290y", "x offset -290y", "x[290y]", "x @ 9e15 offset -290y", "max_over_time(x[290y:1s])"] {
        let (status, body, _) = ask(&api(), get(&format!("/api/v1/query?query={}", encoded(query)))).await;
        assert!([200, 400, 422].contains(&status), "{query}: {status} {body}");
    }
}

#[tokio::test]
async fn bodies_of_other_kinds() {
    for kind in
        ["application/json", "multipart/form-data; boundary=x", "text/xml", "", "application/x-www-form-urlencodedx"]
    {
        let request = http::Request::post("/api/v1/query").header("content-type", kind);
        let request = request.body("{\"query\":\"up\"}".to_owned().into()).unwrap();
        let (status, body, _) = ask(&api(), request).await;
        assert_eq!((status, body.contains("no expression found in input")), (400, true), "{kind}: {body}");
    }
    for form in ["query=%", "query=%zz", "query=%ff", "%=1", "query=1&x=%c3%28"] {
        let (status, body, _) = ask(&api(), post("/api/v1/query", form)).await;
        assert_eq!((status, body.contains("error parsing form values")), (400, true), "{form}: {body}");
    }
    // Of many of one name the first counts, and however many of others there are.
    let many = format!("query=1&{}query=(", "a=b&".repeat(200_000));
    assert_eq!(ask(&api(), post("/api/v1/query", &many)).await.0, 200);
    for path in ["label/%00/values", "label/%2e%2e%2f/values", "label/%0d%0aset-cookie:x/values", "query?query=%00"] {
        let (status, body, head) = ask(&api(), get(&format!("/api/v1/{path}"))).await;
        assert!([200, 400].contains(&status), "{path}: {body}");
        assert!(!head.headers().contains_key("set-cookie") && head.headers()["content-type"] == "application/json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_stops_the_work() {
    let (slow, api) = slow(1000);
    let api = api.max_concurrent(1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    /// Says when it is dropped, which is after what comes behind it.
    struct Over(Arc<Notify>);
    impl Drop for Over {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let over = Arc::new(Notify::new());
    let notify = over.clone();
    let app: axum::Router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (api, notify) = (api.clone(), notify.clone());
        async move {
            let _over = Over(notify);
            api.respond(request).await.map(axum::body::Body::new)
        }
    });
    tokio::spawn(axum::serve(listener, app).into_future());
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /api/v1/series?match[]=x HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    while slow.inside.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    drop(client);
    over.notified().await;
    // Its place is free long before all series were seen.
    let mut other = tokio::net::TcpStream::connect(address).await.unwrap();
    other.write_all(b"GET /api/v1/query?query=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    slow.go.add_permits(999);
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(slow.inside.load(SeqCst) <= 512, "{}", slow.inside.load(SeqCst));
}
