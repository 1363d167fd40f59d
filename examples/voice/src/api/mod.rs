//! Every route of the service, HTTP and gRPC, on one port.

mod customers;
mod grpc;
mod orders;
mod turns;

use axum::{Router, extract::State, middleware, response::Response};
use http::HeaderValue;

use crate::app::App;

/// The routes, without anything that watches them: `main.rs` adds that.
pub fn router(app: App) -> Router {
    Router::new()
        .nest(
            "/v1",
            Router::new()
                .nest("/turns", turns::routes())
                .nest("/customers", customers::routes())
                .nest("/orders", orders::routes()),
        )
        .merge(grpc::routes(app.clone()))
        .layer(middleware::map_response_with_state(app.clone(), version))
        .with_state(app)
}

/// Says which release answered.
async fn version(State(app): State<App>, mut response: Response) -> Response {
    let version = HeaderValue::from_static(app.deployment.current().version());
    response.headers_mut().insert("x-version", version);
    response
}
