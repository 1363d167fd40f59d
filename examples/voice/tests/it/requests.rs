//! The ordinary routes, and what a caller is told about a mistake.

use reqwest::Method;
use serde_json::{Value, json};

use crate::demo::{Demo, demo};

async fn send(demo: &Demo, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = demo.http.request(method, demo.url(path));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn customers_and_orders() {
    let demo = demo().await;
    let (status, customer) =
        send(&demo, Method::POST, "/v1/customers", Some(json!({ "name": "Ada", "plan": "plus" }))).await;
    assert_eq!((status, &customer["name"]), (201, &json!("Ada")));
    let id = &customer["id"];

    let order = json!({ "customer": id, "item": "a gift card", "amount_cents": 500 });
    let (status, order) = send(&demo, Method::POST, "/v1/orders", Some(order)).await;
    assert_eq!((status, &order["amount_cents"]), (201, &json!(500)));

    for (path, expect) in [
        (format!("/v1/customers/{id}"), customer.clone()),
        (format!("/v1/customers/{id}/orders"), json!([order])),
        (format!("/v1/orders/{}", order["id"]), order.clone()),
    ] {
        assert_eq!(send(&demo, Method::GET, &path, None).await, (200, expect), "{path}");
    }
    assert_eq!(send(&demo, Method::GET, "/v1/customers", None).await.1[0], customer);
    assert_eq!(send(&demo, Method::GET, "/v1/orders", None).await.1[0], order);
}

#[tokio::test]
async fn mistakes() {
    let demo = demo().await;
    let order = |customer: i64, item: &str, cents: i64| {
        Some(json!({ "customer": customer, "item": item, "amount_cents": cents }))
    };
    let cases = [
        (Method::GET, "/v1/orders/999999", None, 404, "there is no order 999999"),
        (Method::GET, "/v1/customers/0", None, 404, "there is no customer 0"),
        (Method::POST, "/v1/orders", order(0, "tea", 1), 404, "there is no customer 0"),
        (Method::POST, "/v1/orders", order(1, "", 1), 400, "an item has 1 to 100 bytes"),
        (Method::POST, "/v1/orders", order(1, "tea", -1), 400, "an amount is not negative"),
        (Method::POST, "/v1/turns", None, 400, "the header x-customer must name the customer"),
    ];
    for (method, path, body, status, words) in cases {
        let (got, body) = send(&demo, method, path, body).await;
        assert_eq!((got, &body["error"]), (status, &json!(words)), "{path}");
    }
    // What axum itself refuses.
    for (path, status) in [("/v1/orders/last", 400), ("/v1/nothing", 404), ("/.env", 404)] {
        assert_eq!(send(&demo, Method::GET, path, None).await.0, status, "{path}");
    }
    assert_eq!(send(&demo, Method::DELETE, "/v1/orders", None).await.0, 405);
}
