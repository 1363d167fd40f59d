//! `/v1/orders`: list, place one, look at one.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use bellwether::{Currency, Money, Scope};
use http::StatusCode;
use serde::Deserialize;

use crate::{app::App, failure::Failure, store::Order};

#[derive(Deserialize)]
struct NewOrder {
    customer: i64,
    item: String,
    amount_cents: i64,
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(list).post(place)).route("/{id}", get(one))
}

async fn list(State(app): State<App>) -> Result<Json<Vec<Order>>, Failure> {
    Ok(Json(app.store.orders().await?))
}

async fn place(State(app): State<App>, Json(new): Json<NewOrder>) -> Result<(StatusCode, Json<Order>), Failure> {
    if new.item.is_empty() || new.item.len() > 100 {
        return Err(Failure::BadRequest("an item has 1 to 100 bytes".into()));
    }
    if new.amount_cents < 0 {
        return Err(Failure::BadRequest("an amount is not negative".into()));
    }
    let customer = app.store.customer(new.customer, app.deployment.current()).await?;
    Scope::current()
        .customer(customer.id.to_string())
        .transaction("order")
        .amount(Money::cents(new.amount_cents, Currency::USD));
    let order = app.store.place(customer.id, &new.item, new.amount_cents).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

async fn one(State(app): State<App>, Path(id): Path<i64>) -> Result<Json<Order>, Failure> {
    Ok(Json(app.store.order(id).await?))
}
