//! Bellwether's own history, asked as a Prometheus.

use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_dashboard::QueryApi;
use bellwether_history::{History, Options};

use super::{NOW, ask, get};

#[tokio::test]
async fn a_registry_is_asked_through_its_history() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(NOW));
    let registry = Registry::on(clock.clone());
    let history = History::in_memory(Options::new().label("job", "shop"));
    let orders = registry.counter("orders").unit("{order}").description("Orders taken.").build().unwrap();
    let seconds = registry.histogram("checkout.duration").unit("s").bounds([0.3]).build().unwrap();
    for _ in 0..13 {
        history.tick(&registry, clock.timestamp(), clock.now());
        clock.advance(Duration::from_secs(5));
        orders.add(2);
        seconds.record(0.25);
    }
    let source = history.clone();
    let api = QueryApi::new(move || source.view(), clock.clone());
    let check = async |path: &str, expect: &str| {
        let (status, body, _) = ask(&api, get(&format!("/api/v1/{path}"))).await;
        assert_eq!((status, body.as_str()), (200, expect), "{path}");
    };
    check(
        "query?query=rate(orders_total[1m])",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"shop"},"value":[1700000665,"0.4"]}]}}"#,
    )
    .await;
    check(
        "query?query=histogram_count(checkout_duration_seconds)",
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"shop"},"value":[1700000665,"12"]}]}}"#,
    )
    .await;
    check(
        "series?match[]={__name__=~%22orders.*|checkout_duration_seconds%22}",
        r#"{"status":"success","data":[{"__name__":"checkout_duration_seconds","job":"shop"},{"__name__":"orders_total","job":"shop"}]}"#,
    )
    .await;
    check("label/job/values?match[]=orders_total", r#"{"status":"success","data":["shop"]}"#).await;
    check("label/job/values?match[]=orders_total&end=1000", r#"{"status":"success","data":[]}"#).await;
    check(
        "metadata?metric=orders_total",
        r#"{"status":"success","data":{"orders_total":[{"type":"counter","help":"Orders taken.","unit":""}]}}"#,
    )
    .await;
    check("query_exemplars?query=checkout_duration_seconds", r#"{"status":"success","data":[]}"#).await;
}
