//! Requests that are wrong, and requests that are right in other ways.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use super::{api, ask, get, post};

async fn check(path: &str, status: u16, kind: &str, message: &str) {
    let (is, body, _) = ask(&api(), get(&format!("/api/v1/{path}"))).await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["status"], "error", "{path}");
    assert_eq!((is, json["errorType"].as_str(), json["error"].as_str()), (status, Some(kind), Some(message)), "{path}");
}

async fn bad(path: &str, message: &str) {
    check(path, 400, "bad_data", message).await;
}

#[tokio::test]
async fn errors_name_the_parameter() {
    bad("query?query=rate(x)", "invalid parameter \"query\": 1:6: parse error: expected type range vector in call to function \"rate\", got instant vector").await;
    bad("query", "invalid parameter \"query\": unknown position: parse error: no expression found in input").await;
    bad(
        "query?query=1&time=now",
        "invalid parameter \"time\": invalid time value for 'time': cannot parse \"now\" to a valid timestamp",
    )
    .await;
    bad("query?query=1&timeout=x", "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration").await;
    bad("query?query=1&limit=x", "invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax").await;
    bad("query?query=1&limit=-1", "invalid parameter \"limit\": limit must be non-negative").await;
    bad(
        "query?query=1&lookback_delta=x",
        "error parsing lookback delta duration: cannot parse \"x\" to a valid duration",
    )
    .await;
    bad("query_range?query=1", "invalid parameter \"start\": cannot parse \"\" to a valid timestamp").await;
    bad("query_range?query=1&start=1&end=x", "invalid parameter \"end\": cannot parse \"x\" to a valid timestamp")
        .await;
    bad("query_range?query=1&start=2&end=1", "invalid parameter \"end\": end timestamp must not be before start time")
        .await;
    bad("query_range?query=1&start=1&end=2", "invalid parameter \"step\": cannot parse \"\" to a valid duration").await;
    let positive = "zero or negative query resolution step widths are not accepted. Try a positive integer";
    for step in ["0", "-1", "0s"] {
        bad(
            &format!("query_range?query=1&start=1&end=2&step={step}"),
            &format!("invalid parameter \"step\": {positive}"),
        )
        .await;
    }
    bad("query_range?query=1&start=1&end=1&step=0.0001", &format!("invalid parameter \"query\": {positive}")).await;
    bad(
        "query_range?query=x[5m]&start=1&end=2&step=1",
        "invalid parameter \"query\": invalid expression type \"range vector\" for range query, must be Scalar or instant Vector",
    )
    .await;
    bad("series", "no match[] parameter provided").await;
    bad("series?match[]=x[5m]", "invalid parameter \"match[]\": 1:2: parse error: unexpected \"[\"").await;
    bad(
        "series?match[]={a=~%22.*%22}",
        "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher",
    )
    .await;
    bad("labels?match[]=1", "1:1: parse error: unexpected number \"1\"").await;
    bad("labels?match[]=x&match[]={}", "match[] must contain at least one non-empty matcher").await;
    bad(
        "labels?end=x",
        "invalid parameter \"end\": invalid time value for 'end': cannot parse \"x\" to a valid timestamp",
    )
    .await;
    bad("label//values", "invalid label name: \"\"").await;
    bad("label/U__/values", "invalid label name: \"\"").await;
    bad("label/%FF/values", "error parsing form values: \"%FF\" is not UTF-8").await;
    bad("metadata?limit=x", "limit must be a number").await;
    bad("metadata?limit_per_metric=x", "limit_per_metric must be a number").await;
    bad("query_exemplars?query=x&start=2&end=1", "end timestamp must not be before start timestamp").await;
    bad("query_exemplars?query=)", "1:1: parse error: unexpected \")\"").await;
    bad("format_query?query=(", "invalid parameter \"query\": 1:2: parse error: unclosed left parenthesis").await;
}

#[tokio::test]
async fn eleven_thousand_points_are_all_right() {
    let path = |end: f64| format!("query_range?query=vector(1)&start=0&end={end}&step=1");
    assert_eq!(ask(&api(), get(&format!("/api/v1/{}", path(11_000.0)))).await.0, 200);
    let message =
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
    bad(&path(11_001.0), message).await;
    bad("query_range?query=1&start=-1e15&end=1e15&step=1ms", message).await;
}

#[tokio::test]
async fn escapes_that_are_none_are_told() {
    bad("query?query=%", "error parsing form values: invalid URL escape \"%\"").await;
    bad("query?query=%4", "error parsing form values: invalid URL escape \"%4\"").await;
    bad("query?query=%zz1", "error parsing form values: invalid URL escape \"%zz\"").await;
    bad("query?query=%C3", "error parsing form values: \"%C3\" is not UTF-8").await;
    bad("query?%FF=1&query=1", "error parsing form values: \"%FF\" is not UTF-8").await;
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    for path in ["query/", "Query", "nope", "label/a/b/values", "label/a", "../v1/query", "query%2F", ""] {
        let message = format!("there is no \"/api/v1/{path}\" here; queries go to /api/v1/query");
        check(path, 404, "not_found", &message).await;
    }
    for path in ["/", "/api/v2/query", "//api/v1/query", "/x/../api/v1/query", "/api/v1"] {
        assert_eq!(ask(&api(), get(path)).await.0, 404, "{path}");
    }
    for (method, path, allow) in [
        ("PUT", "query", "GET, OPTIONS, POST"),
        ("DELETE", "series", "GET, OPTIONS, POST"),
        ("HEAD", "labels", "GET, OPTIONS, POST"),
        ("POST", "label/a/values", "GET, OPTIONS"),
        ("POST", "metadata", "GET, OPTIONS"),
        ("POST", "status/tsdb", "GET, OPTIONS"),
        ("POST", "status/buildinfo", "GET, OPTIONS"),
    ] {
        let request = Request::builder().method(method).uri(format!("/api/v1/{path}"));
        let (status, _, head) = ask(&api(), request.body(Full::default()).unwrap()).await;
        assert_eq!((status, head.headers()["allow"].to_str().unwrap()), (405, allow), "{method} {path}");
    }
}

#[tokio::test]
async fn forms_are_read_like_addresses() {
    let one = r#"{"status":"success","data":{"resultType":"scalar","result":[2,"3"]}}"#;
    let same = async |request| {
        let (status, body, _) = ask(&api(), request).await;
        assert_eq!((status, body.as_str()), (200, one));
    };
    same(get("/api/v1/query?query=1%2b+2&time=2")).await;
    same(post("/api/v1/query", "query=1%2B+2&time=2")).await;
    // What the body says goes first.
    same(post("/api/v1/query?time=7&query=x", "query=1%2B+2&time=2")).await;
    same(post("/api/v1/query?time=2", "query=3&&other")).await;
    let with = |kind: &str, form: &str| {
        let request = Request::post("/api/v1/query?time=2").header("content-type", kind);
        request.body(Full::from(form.to_owned())).unwrap()
    };
    same(with("Application/X-WWW-Form-Urlencoded ; charset=UTF-8", "query=3")).await;
    // Of others it knows nothing.
    let (status, body, _) = ask(&api(), with("application/json", "query=3")).await;
    assert_eq!(status, 400, "{body}");
    let (status, ..) = ask(&api(), with("text/plain", "query=3")).await;
    assert_eq!(status, 400);
    let bytes = Bytes::from_static(b"query=\xff");
    let request = Request::post("/api/v1/query").header("content-type", "application/x-www-form-urlencoded");
    let (status, body, _) = ask(&api(), request.body(Full::from(bytes)).unwrap()).await;
    assert_eq!((status, body.contains("the body is not UTF-8")), (400, true), "{body}");
}
