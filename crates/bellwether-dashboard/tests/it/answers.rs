//! Every endpoint's answer to a request that is right.

use super::{api, ask, get};

async fn check(path: &str, expect: &str) {
    let (status, body, head) = ask(&api(), get(&format!("/api/v1/{path}"))).await;
    assert_eq!((status, body.as_str()), (200, expect), "{path}");
    assert_eq!(head.headers()["content-type"], "application/json");
    assert_eq!(head.headers()["x-content-type-options"], "nosniff");
    assert!(!head.headers().contains_key("access-control-allow-origin"), "no page elsewhere may read it");
}

#[tokio::test]
async fn an_instant_query_comes_to_any_type() {
    check(
        "query?query=requests_total",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"requests_total","path":"/"},"value":[1700000600,"80"]},{"metric":{"__name__":"requests_total","path":"/cart"},"value":[1700000600,"40"]}]}}"#,
    )
    .await;
    check("query?query=1/0", r#"{"status":"success","data":{"resultType":"scalar","result":[1700000600,"+Inf"]}}"#)
        .await;
    check(
        "query?query=%22a%3Cb%22&time=1.5",
        r#"{"status":"success","data":{"resultType":"string","result":[1.5,"a\u003cb"]}}"#,
    )
    .await;
    check("query?query=nope", r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#).await;
    check(
        "query?query=h%20%2F%204&time=2023-11-14T22:14:20Z",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1700000060,{"count":"4","sum":"1","buckets":[[1,"-2","-1","1"],[3,"-0.001","0.001","1"],[0,"0.5","1","1"],[0,"2","4","1"]]}]}]}}"#,
    )
    .await;
    check(
        "query?query=requests_total%7Bpath%3D%22%2F%22%7D%5B30s%5D",
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","path":"/"},"values":[[1700000585,"78"],[1700000600,"80"]]}]}}"#,
    )
    .await;
    check(
        r"query?query={%22odd.name%22}&lookback_delta=1s&stats=",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"odd.name","service.name":"a"},"value":[1700000600,"5"]}]}}"#,
    )
    .await;
}

#[tokio::test]
async fn a_range_query_comes_to_series() {
    check(
        "query_range?query=sum(requests_total)&start=1700000000&end=1700000030.5&step=15.25",
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1700000000,"0"],[1700000015.250,"3"],[1700000030.500,"6"]]}]}}"#,
    )
    .await;
    // Floats and histograms of one series are apart.
    check(
        "query_range?query=h%20or%20label_replace(vector(time()),%22__name__%22,%22h%22,%22%22,%22%22)&start=1699999985&end=1700000000&step=15s",
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"h"},"values":[[1699999985,"1699999985"]],"histograms":[[1700000000,{"count":"0","sum":"0"}]]}]}}"#,
    )
    .await;
}

#[tokio::test]
async fn limits_shorten_and_say_so() {
    check(
        "query?query=requests_total&limit=1",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"requests_total","path":"/"},"value":[1700000600,"80"]}]},"warnings":["results truncated due to limit"]}"#,
    )
    .await;
    check(
        "query_range?query=requests_total&start=1700000600&end=1700000600&step=1&limit=1",
        r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"requests_total","path":"/"},"values":[[1700000600,"80"]]}]},"warnings":["results truncated due to limit"]}"#,
    )
    .await;
    check(
        "series?match[]=requests_total&limit=1",
        r#"{"status":"success","data":[{"__name__":"requests_total","path":"/"}],"warnings":["results truncated due to limit"]}"#,
    )
    .await;
    check(
        "labels?limit=2",
        r#"{"status":"success","data":["__name__","path"],"warnings":["results truncated due to limit"]}"#,
    )
    .await;
    check("labels?limit=3", r#"{"status":"success","data":["__name__","path","service.name"]}"#).await;
    check("labels?limit=0", r#"{"status":"success","data":["__name__","path","service.name"]}"#).await;
    check(
        "label/path/values?limit=1",
        r#"{"status":"success","data":["/"],"warnings":["results truncated due to limit"]}"#,
    )
    .await;
    check(
        "metadata?limit=1",
        r#"{"status":"success","data":{"h":[{"type":"histogram","help":"Sizes.","unit":"bytes"}]}}"#,
    )
    .await;
}

#[tokio::test]
async fn notes_are_beside_the_answer() {
    check(
        "query?query=rate(requests_total[5m])%20and%20rate(h[5m])",
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
    )
    .await;
    check(
        "query?query=rate(h[5m])%20%2B%20on()%20rate(requests_total%7Bpath=%22%2F%22%7D[5m])",
        r#"{"status":"success","data":{"resultType":"vector","result":[]},"infos":["PromQL info: incompatible sample types encountered for binary operator \"+\": histogram + float (1:1)"]}"#,
    )
    .await;
    check(
        "query?query=quantile(2,requests_total)",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1700000600,"+Inf"]}]},"warnings":["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]}"#,
    )
    .await;
}

#[tokio::test]
async fn what_there_is_can_be_listed() {
    check(
        "series?match[]=requests_total{path!=%22/%22}&match[]=h&match[]={__name__=~%22h|x%22}",
        r#"{"status":"success","data":[{"__name__":"h"},{"__name__":"requests_total","path":"/cart"}]}"#,
    )
    .await;
    check("series?match[]=h&start=0&end=1699999999", r#"{"status":"success","data":[]}"#).await;
    check("labels", r#"{"status":"success","data":["__name__","path","service.name"]}"#).await;
    check("labels?match[]=h&match[]=requests_total", r#"{"status":"success","data":["__name__","path"]}"#).await;
    check("label/__name__/values", r#"{"status":"success","data":["h","odd.name","requests_total"]}"#).await;
    check("label/path/values?match[]=requests_total{path=~%22/.%2B%22}", r#"{"status":"success","data":["/cart"]}"#)
        .await;
    check("label/nope/values", r#"{"status":"success","data":[]}"#).await;
    for name in ["service.name", "service%2Ename", "U__service_2e_name", "U__service_2E_name"] {
        check(&format!("label/{name}/values"), r#"{"status":"success","data":["a"]}"#).await;
    }
    // Not an escape after all.
    for name in
        ["U__service_2e", "U__service_zz_name", "U__service_110000_name", "U__service__name", "U__service_%2B2_x"]
    {
        check(&format!("label/{name}/values"), r#"{"status":"success","data":[]}"#).await;
    }
    let h = r#""h":[{"type":"histogram","help":"Sizes.","unit":"bytes"}]"#;
    let requests = r#""requests_total":[{"type":"counter","help":"Requests \"in all\".","unit":""}]"#;
    check("metadata", &format!(r#"{{"status":"success","data":{{{h},{requests}}}}}"#)).await;
    check("metadata?metric=requests_total", &format!(r#"{{"status":"success","data":{{{requests}}}}}"#)).await;
    check("metadata?metric=nope&limit=-1", r#"{"status":"success","data":{}}"#).await;
}

#[tokio::test]
async fn exemplars_are_those_of_the_selectors() {
    let found = r#"{"status":"success","data":[{"seriesLabels":{"__name__":"requests_total","path":"/"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"1.5","timestamp":1700000000.250}]}]}"#;
    check("query_exemplars?query=requests_total", found).await;
    check("query_exemplars?query=rate(requests_total[5m])%20/%20sum(requests_total)&start=1&end=2", found).await;
    check("query_exemplars?query=h", r#"{"status":"success","data":[]}"#).await;
    let (status, body, _) = ask(&api(), get("/api/v1/query_exemplars?query=1")).await;
    assert_eq!((status, body.as_str()), (204, ""));
}

#[tokio::test]
async fn the_rest_is_what_clients_ask_for() {
    check("format_query?query=sum(foo)by(bar)", r#"{"status":"success","data":"sum by (bar) (foo)"}"#).await;
    let (status, body, _) = ask(&api(), get("/api/v1/status/buildinfo")).await;
    assert_eq!(status, 200);
    assert!(body.starts_with(r#"{"status":"success","data":{"version":"3.8.0+bellwether."#), "{body}");
    check("status/flags", r#"{"status":"success","data":{"query.lookback-delta":"5m","query.max-concurrency":"4","query.max-samples":"50000000","query.timeout":"2m"}}"#).await;
    check("status/config", r#"{"status":"success","data":{"yaml":""}}"#).await;
    let (_, body, _) = ask(&api(), get("/api/v1/status/runtimeinfo")).await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["data"]["startTime"], "2023-11-14T22:23:20Z");
    assert_eq!(json["data"]["serverTime"], json["data"]["startTime"]);
    assert!(json["data"]["goroutineCount"].is_null() && json["data"]["GOMAXPROCS"].as_u64() > Some(0), "{body}");
    check("rules?type=alert", r#"{"status":"success","data":{"groups":[]}}"#).await;
    check("alerts", r#"{"status":"success","data":{"alerts":[]}}"#).await;
    check(
        "targets?state=active",
        r#"{"status":"success","data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}}"#,
    )
    .await;
    check("alertmanagers", r#"{"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}}"#).await;
}

#[tokio::test]
async fn what_a_query_took_is_told_if_asked() {
    let (_, body, _) = ask(&api(), get("/api/v1/query?query=1&stats=all")).await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    let timings = &json["data"]["stats"]["timings"];
    for name in ["evalTotalTime", "execQueueTime", "execTotalTime"] {
        assert_eq!(timings[name], 0, "{body}");
    }
}

#[tokio::test]
async fn an_expression_is_told_as_a_tree() {
    let up = r#"{"anchored":false,"matchers":[{"name":"a","type":"=~","value":"\u003cx"},{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":60000,"offsetExpr":null,"smoothed":false,"startOrEnd":"start","timestamp":null,"type":"vectorSelector"}"#;
    check(
        "parse_query?query=up{a=~%22%3Cx%22}%20offset%201m%20@%20start()",
        &format!(r#"{{"status":"success","data":{up}}}"#),
    )
    .await;
    check(
        "parse_query?query=up%20%2B%20on()%20fill(0.5)%20up",
        r#"{"status":"success","data":{"bool":false,"lhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":{"card":"one-to-one","fillValues":{"lhs":0.5,"rhs":0.5},"include":[],"labels":[],"on":true},"op":"+","rhs":{"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"up"}],"name":"up","offset":0,"offsetExpr":null,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"type":"binaryExpr"}}"#,
    )
    .await;
    check(
        "parse_query?query=pi()",
        r#"{"status":"success","data":{"args":[],"func":{"argTypes":[],"name":"pi","returnType":"scalar","variadic":0},"type":"call"}}"#,
    )
    .await;
}

#[tokio::test]
async fn what_makes_series_many_is_counted() {
    check(
        "status/tsdb?limit=2",
        r#"{"status":"success","data":{"headStats":{"numSeries":4,"numLabelPairs":6,"chunkCount":null,"minTime":null,"maxTime":null},"seriesCountByMetricName":[{"name":"requests_total","value":2},{"name":"h","value":1}],"labelValueCountByLabelName":[{"name":"__name__","value":3},{"name":"path","value":2}],"memoryInBytesByLabelName":[{"name":"__name__","value":37},{"name":"path","value":6}],"seriesCountByLabelValuePair":[{"name":"__name__=requests_total","value":2},{"name":"__name__=h","value":1}]}}"#,
    )
    .await;
}

#[tokio::test]
async fn probes_of_prometheus_are_answered() {
    for (path, text) in [("/-/healthy", "Bellwether is Healthy.\n"), ("/-/ready", "Bellwether is Ready.\n")] {
        let (status, body, head) = ask(&api(), get(path)).await;
        assert_eq!((status, body.as_str()), (200, text));
        assert_eq!(head.headers()["content-type"], "text/plain; charset=utf-8");
    }
    assert_eq!(ask(&api(), get("/-/reload")).await.0, 404);
}
