//! Requests to Prometheus 2.42 and to us, the answers compared by status and body to the letter.
//!
//! What is let pass: the order of an instant vector that nothing sorts, which is open; where a parse error has its place,
//! and how it is worded; and that the error of a range query names the parameter, as younger Prometheus does, too. Not asked
//! for is what 2.42 says otherwise than Prometheus 3: warnings, infos, and how `format_query` writes small and large numbers.

use bellwether_tests::prometheus::{Asks, Prometheus};
use bellwether_tests::{client, real};
use serde_json::Value as Json;

use super::series::Memory;
use super::{START, Served};

/// A request: a path below `/api/v1/` with parameters.
type Ask = (&'static str, Vec<(&'static str, String)>);

/// A Prometheus and us, with the same series.
async fn both() -> (Prometheus, Served) {
    let memory = Memory::new();
    let prometheus = Prometheus::start(Asks::Protobuf, &[]).await;
    prometheus.write(&memory.wire()).await;
    (prometheus, Served::new(memory).await)
}

#[tokio::test]
async fn answers_are_those_of_prometheus() {
    if !real() {
        return;
    }
    let (prometheus, ours) = both().await;
    let client = client();
    let mut different = Vec::new();
    for (path, params) in asks() {
        let send = async |url: &str, post: bool| {
            let address = format!("{url}/api/v1/{path}");
            let form = reqwest::Url::parse_with_params("http://form", &params).expect("parameters");
            let form = form.query().unwrap_or_default().to_owned();
            let request = match post {
                true => client.post(address).header("content-type", "application/x-www-form-urlencoded").body(form),
                false => client.get(format!("{address}?{form}")),
            };
            let answer = request.send().await.expect("an answer");
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap_or_default().to_owned());
            (answer.status().as_u16(), kind, answer.text().await.expect("a body"))
        };
        let theirs = send(prometheus.url(), false).await;
        let same = |ours: &(u16, Option<String>, String)| {
            let (a, b) = (&plain(&ours.2), &plain(&theirs.2));
            ours.0 == theirs.0 && ours.1 == theirs.1 && (a == b || sorted(a).is_some_and(|a| Some(a) == sorted(b)))
        };
        let mut all = vec![send(&ours.url, false).await];
        if !path.contains('/') && !["metadata", "rules", "alerts", "alertmanagers"].contains(&path) {
            all.push(send(&ours.url, true).await);
        }
        for ours in all.into_iter().filter(|ours| !same(ours)) {
            different.push(format!("{path} {params:?}\n  ours   {ours:?}\n  theirs {theirs:?}"));
        }
    }
    assert!(different.is_empty(), "{}:\n{}", different.len(), different.join("\n"));
}

/// What is beside the endpoints' answers: other methods, and what each tells of itself.
#[tokio::test]
async fn methods_and_counts_are_those_of_prometheus() {
    if !real() {
        return;
    }
    let (prometheus, ours) = both().await;
    let client = client();
    for path in ["query", "labels", "label/job/values", "metadata", "status/tsdb", "status/buildinfo", "nope"] {
        for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"] {
            let send = async |url: &str| {
                let method = method.parse::<reqwest::Method>().expect("a method");
                let answer = client.request(method, format!("{url}/api/v1/{path}?query=1")).send().await;
                let answer = answer.expect("an answer");
                (answer.status().as_u16(), answer.headers().get("allow").cloned())
            };
            assert_eq!(send(&ours.url).await, send(prometheus.url()).await, "{method} {path}");
        }
    }
    let json = async |url: &str, path: &str| -> Json {
        let answer = client.get(format!("{url}{path}")).send().await.expect("an answer");
        serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON")
    };
    let [theirs, ours_too] = [prometheus.url(), &ours.url].map(|url| json(url, "/api/v1/status/tsdb"));
    let (theirs, ours_too) = (theirs.await, ours_too.await);
    for number in ["numSeries", "numLabelPairs"] {
        assert_eq!(ours_too["data"]["headStats"][number], theirs["data"]["headStats"][number], "{number}");
    }
    // Of bytes 2.42 counts each value once, Prometheus 3 once for each series.
    for list in ["seriesCountByMetricName", "labelValueCountByLabelName"] {
        // Of those with one count, the order is open.
        let rows = |json: &Json| {
            let rows = json["data"][list].as_array().into_iter().flatten().map(Json::to_string);
            rows.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(rows(&ours_too), rows(&theirs), "{list}");
    }
    let flags = json(&ours.url, "/api/v1/status/flags").await;
    let known = json(prometheus.url(), "/api/v1/status/flags").await;
    for (name, value) in flags["data"].as_object().expect("flags") {
        assert!(known["data"].get(name).is_some_and(|theirs| theirs.is_string() && value.is_string()), "{name}");
    }
    for path in ["/-/healthy", "/-/ready"] {
        for url in [prometheus.url(), &ours.url] {
            assert_eq!(
                client.get(format!("{url}{path}")).send().await.expect("an answer").status(),
                200,
                "{url}{path}"
            );
        }
    }
}

/// A body without what is let pass of an error.
fn plain(body: &str) -> String {
    let body = match body.starts_with("{\"status\":\"error\"") {
        true => body.replacen("invalid parameter \\\"query\\\": ", "", 1),
        false => body.to_owned(),
    };
    match (body.find(": parse error"), body.find("\"error\":")) {
        (Some(_), Some(text)) => format!("{}a parse error", &body[..text]),
        _ => body,
    }
}

/// The elements of an instant vector, whose order is open, in order; of anything else nothing.
fn sorted(body: &str) -> Option<Vec<String>> {
    let json: Json = serde_json::from_str(body).ok()?;
    let data = json.get("data").filter(|data| data["resultType"] == "vector")?;
    let mut rows: Vec<String> = data["result"].as_array()?.iter().map(Json::to_string).collect();
    rows.sort();
    Some(rows)
}

fn asks() -> Vec<Ask> {
    let seconds = |offset: f64| format!("{}", START as f64 / 1000.0 + offset);
    let now = || ("time", seconds(590.0));
    let mut asks = Vec::new();
    let expressions = [
        // Numbers and texts.
        "odd",
        "topk(2, requests_total)",
        "texts",
        "1/3",
        "0/0",
        "-1/0",
        "1e-7 * 1",
        "\"a text <&> \\u2028\"",
        "time()",
        "vector(1e21)",
        // Native histograms.
        "native",
        "rate(native[2m])",
        "sum(native)",
        "mixed",
        "native{kind=\"twos\"}[1m]",
        "mixed[5m]",
        // All types, and nothing.
        "odd[2m]",
        "requests_total[47s] offset 1m",
        "short",
        "nope",
        "nope[5m]",
        "absent(nope{a=\"b\"})",
        "histogram_quantile(0.9, sum by (le) (rate(duration_bucket[5m])))",
        "count_values(\"value\", odd)",
        "label_replace(requests_total, \"__name__\", \"\", \"a\", \"\")",
        "requests_total * on(host) group_left() count by (host) (duration_bucket)",
    ];
    for expression in expressions {
        asks.push(("query", vec![("query", expression.to_owned()), now()]));
        for (start, end, step) in [(0.0, 600.0, "30"), (100.5, 590.25, "61.5"), (590.0, 590.0, "1h")] {
            let times = [("start", seconds(start)), ("end", seconds(end)), ("step", step.to_owned())];
            asks.push(("query_range", [("query", expression.to_owned())].into_iter().chain(times).collect()));
        }
    }
    for expression in ["sort_desc(requests_total)", "sort(-requests_total)"] {
        asks.push(("query", vec![("query", expression.to_owned()), now()]));
    }
    for time in ["1700000590.5", "2023-11-14T22:23:10Z", "2023-11-14T22:23:10.25+02:00", "1.70000059e9", "-5", "0"] {
        asks.push(("query", vec![("query", "requests_total".to_owned()), ("time", time.to_owned())]));
        asks.push(("query", vec![("query", "time()".to_owned()), ("time", time.to_owned())]));
    }
    asks.extend(errors());
    asks.extend(lists());
    asks.extend(formats());
    asks
}

fn errors() -> Vec<Ask> {
    let one = |path, name, value: &str| (path, vec![(name, value.to_owned())]);
    let query = |value: &str| ("query", vec![("query", value.to_owned()), ("time", "1700000590".to_owned())]);
    let range = |query: &str, start: &str, end: &str, step: &str| {
        let all = [("query", query), ("start", start), ("end", end), ("step", step)];
        ("query_range", all.into_iter().map(|(name, value)| (name, value.to_owned())).collect())
    };
    vec![
        query("rate(requests_total)"),
        query("sum("),
        query("foo bar"),
        query("label_replace(requests_total, \"a\", \"$1\", \"b\", \"(\")"),
        query("requests_total[5m] + 1"),
        ("query", vec![("query", "1".to_owned()), ("timeout", "x".to_owned())]),
        range("1", "", "1", "1"),
        range("1", "1", "x", "1"),
        range("1", "2", "1", "1"),
        range("1", "1", "2", ""),
        range("1", "1", "2", "0"),
        range("1", "1", "2", "-1s"),
        range("1", "1", "2", "1e300"),
        range("1", "0", "11001", "1"),
        range("vector(1)", "0", "11000", "1"),
        range("requests_total[5m]", "1", "2", "1"),
        range("\"text\"", "1", "2", "1"),
        range("1 +", "1", "2", "1"),
        ("series", vec![]),
        one("series", "match[]", "x{"),
        one("series", "match[]", "x[5m]"),
        one("series", "match[]", "{}"),
        one("series", "match[]", "{a=~\".*\"}"),
        one("labels", "match[]", "1"),
        one("labels", "match[]", ""),
        one("label/job/values", "match[]", "x offset 5m"),
        one("metadata", "limit", "x"),
        one("query_exemplars", "query", ")"),
        one("query_exemplars", "query", "1"),
        ("query_exemplars", vec![("query", "x".to_owned()), ("start", "2".to_owned()), ("end", "1".to_owned())]),
        one("format_query", "query", "("),
    ]
}

fn lists() -> Vec<Ask> {
    let ask = |path, params: &[(&'static str, &str)]| {
        (path, params.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    };
    let early = [("start", "1699999000"), ("end", "1699999999")];
    vec![
        ask("series", &[("match[]", "requests_total"), ("match[]", "native"), ("match[]", "{host=\"a\"}")]),
        ask("series", &[("match[]", "{__name__=~\"short|texts|mixed\"}")]),
        ask("series", &[("match[]", "odd{host!=\"a\"}"), ("start", "1700000100"), ("end", "2023-11-14T22:20:00Z")]),
        ask("series", &[("match[]", "odd"), early[0], early[1]]),
        ask("labels", &[]),
        ask("labels", &[("match[]", "native"), ("match[]", "odd")]),
        ask("labels", &[("match[]", "nope")]),
        ask("label/__name__/values", &[]),
        ask("label/host/values", &[]),
        ask("label/job/values", &[]),
        ask("label/host/values", &[("match[]", "requests_total{host!=\"b\"}"), ("match[]", "odd{host=\"c\"}")]),
        ask("label/nope/values", &[]),
        ask("query_exemplars", &[("query", "requests_total")]),
        ask("query_exemplars", &[("query", "rate(requests_total{host=\"c\"}[5m]) / requests_total{host=\"a\"}")]),
        ask("query_exemplars", &[("query", "requests_total"), ("start", "1700000030"), ("end", "1700000061")]),
        ask("query_exemplars", &[("query", "native")]),
        ask("metadata", &[("metric", "nope")]),
        ask("alertmanagers", &[]),
        ask("rules", &[]),
        ask("alerts", &[]),
    ]
}

/// Names of labels and matchers in order, since 2.42 leaves them as they are, and nothing younger than it.
fn formats() -> Vec<Ask> {
    let long = "a_metric_with_a_name_that_alone_fills_a_line_of_one_hundred_characters_so_that_all_around_it_is_broken";
    let broken = [
        format!("{long} + on(a) group_left(b) {long}"),
        format!("-({long} offset 5m)"),
        format!("+{long}[5m]"),
        format!("topk by (a, b) (5, sum without () ({long} @ end()))"),
        format!("max_over_time((rate({long}[5m]) > bool 0)[1h:1m] offset 5m)"),
        format!("topk(3, max_over_time(rate(x[5m])[1h:1m]) or {long})"),
        format!("label_replace({long}, \"a\", \"$1\\n\", \"b\", `(.*)\"`)"),
        format!("quantile(0.5, rate(x[5m])) unless ignoring (a) ({long} or {long})"),
        format!("({long}) == bool ({long} - -1) ^ 2 * {long} % 2"),
        format!("absent({long}{{a=\"b\",c=~\"d|e\",f!=\"\",g!~\"h.*\"}})"),
    ];
    let short = [
        "sum(foo) by (bar)",
        "sum by () (foo)",
        "count_values without (a) (\"x\", foo)",
        "foo[1d]",
        "foo[1y2w3d4h5m6s7ms]",
        "foo[90d:15s] @ 1.5 offset -1w",
        "foo{a=\"\\u00e9\u{301}\\u200b\\n\\x01\"}",
        "{__name__=\"foo\"}",
        "foo{}",
        "+Inf / -NaN",
        "0.25 + 0x1F",
        "\"a text\"",
        "- - foo",
        "-1 ^ 2",
        "foo and on() bar",
        "foo * ignoring(a) group_right bar",
        "time()",
        "foo @ start()",
    ];
    let all = short.into_iter().map(str::to_owned).chain(broken);
    all.map(|query| ("format_query", vec![("query", query)])).collect()
}
