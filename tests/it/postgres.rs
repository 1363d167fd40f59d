//! The demo on PostgreSQL: it works, says so when its database is away, and works again when it is back.

use crate::service::value;
use crate::visits::{Trace, get, turn};
use bellwether_tests::demo::Demo;
use bellwether_tests::postgres::Postgres;
use bellwether_tests::{client, real, until};
use serde_json::{Value, json};

const TEXT: &str = "text/plain;version=0.0.4";

#[tokio::test]
async fn the_demo_on_postgresql() {
    if !real() {
        return;
    }
    let mut postgres = Postgres::start().await;
    let url = postgres.url();
    let mut demo = Demo::start(&["--no-traffic"], &[("DATABASE_URL", &url)]).await;
    let (status, answer) = turn(&demo, 3, &Trace::numbered(1)).await;
    assert_eq!(status, 200, "{answer}");
    let done: Value = serde_json::from_str(answer.lines().last().unwrap()).unwrap();
    assert_eq!((&done["event"], &done["order"]["amount_cents"]), (&"done".into(), &40.into()));
    let order = json!({ "customer": 7, "item": "something rare", "amount_cents": 1234 });
    let placed = client().post(demo.url("/v1/orders")).json(&order).send().await.unwrap();
    assert_eq!(placed.status(), 201);
    let placed: Value = placed.json().await.unwrap();

    // It is in that database, not in a file of the demo's.
    demo.kill_and_start_again().await;
    let path = format!("/v1/orders/{}", placed["id"]);
    let found = client().get(demo.url(&path)).send().await.unwrap();
    assert_eq!(found.json::<Value>().await.unwrap(), placed);

    postgres.stop().await;
    let lost = client().get(demo.url(&path)).send().await.unwrap();
    assert_eq!(lost.status(), 500);
    assert_eq!(lost.text().await.unwrap(), r#"{"error":"the database failed"}"#);
    let failures = [("http_route", "/v1/orders/{id}"), ("outcome", "failure")];
    until("the failure to be counted", async || {
        let count = value(&demo.metrics(TEXT).await, "http_server_request_duration_seconds_count", &failures);
        (count == Some(1.0)).then_some(())
    })
    .await;
    assert_eq!(get(&demo, "/livez").await, 200, "the process is not to be killed for it");

    postgres.start_again().await;
    until("the demo to find its database again", async || (get(&demo, &path).await == 200).then_some(())).await;
    let (ended, printed) = demo.signal("TERM").await;
    assert!(ended.success(), "{ended}\n{printed}");
}
