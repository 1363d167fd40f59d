//! `/v1/customers`: list, create, look at one, and at what they ordered.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::StatusCode;
use serde::Deserialize;

use crate::{
    app::App,
    failure::Failure,
    store::{Customer, Order},
};

#[derive(Deserialize)]
struct NewCustomer {
    name: String,
    plan: String,
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(list).post(create)).route("/{id}", get(one)).route("/{id}/orders", get(orders))
}

async fn list(State(app): State<App>) -> Result<Json<Vec<Customer>>, Failure> {
    Ok(Json(app.store.customers().await?))
}

async fn create(State(app): State<App>, Json(new): Json<NewCustomer>) -> Result<(StatusCode, Json<Customer>), Failure> {
    if new.name.is_empty() || new.name.len() > 100 {
        return Err(Failure::BadRequest("a name has 1 to 100 bytes".into()));
    }
    if !["trial", "plus", "business"].contains(&new.plan.as_str()) {
        return Err(Failure::BadRequest("the plans are trial, plus and business".into()));
    }
    Ok((StatusCode::CREATED, Json(app.store.join(&new.name, &new.plan).await?)))
}

async fn one(State(app): State<App>, Path(id): Path<i64>) -> Result<Json<Customer>, Failure> {
    Ok(Json(app.store.customer(id, app.deployment.current()).await?))
}

async fn orders(State(app): State<App>, Path(id): Path<i64>) -> Result<Json<Vec<Order>>, Failure> {
    Ok(Json(app.store.orders_of(id).await?))
}
