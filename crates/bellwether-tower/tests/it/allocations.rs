//! What a request costs in allocations, beside those of the framework for one more layer.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bellwether_tower::ObserveLayer;
use http::Request;
use tower::{Service, ServiceExt};

use crate::harness::{Watch, alloc};

/// Allocations of one request, when everything that is made once has been made.
async fn of(app: Router) -> usize {
    let mut app = app.into_service::<Body>();
    let mut fewest = usize::MAX;
    for _ in 0..10 {
        let request = Request::builder()
            .uri("/users/17")
            .header("host", "localhost")
            .header("x-request-id", "0123456789abcdef")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
            .body(Body::empty())
            .unwrap();
        let before = alloc::made();
        let answer = app.ready().await.unwrap().call(request).await.unwrap();
        axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        fewest = fewest.min(alloc::made() - before);
    }
    fewest
}

fn app() -> Router {
    Router::new().route("/users/{id}", get(async || "hello"))
}

/// A layer that does nothing makes three, which axum boxes by; two more box the body that is another type than before; and
/// three are the account, the scope and the header of the id. Where axum keeps one more extension, in a build with its
/// `original-uri`, the mark of the layer is the one too many, and their table grows.
#[tokio::test]
async fn of_a_request() {
    let bare = of(app()).await;
    let boxing = of(app().layer(tower_layer::Identity::new())).await - bare;
    let noop = of(app().layer(ObserveLayer::noop())).await - bare;
    let watch = Watch::new();
    let observed = of(app().layer(ObserveLayer::new(&watch.registry).unwrap())).await - bare;
    let counts = format!("{boxing}, {noop} and {observed} allocations beside the {bare} of a bare route");
    assert!(boxing == 3 && noop == 5 && (8..=9).contains(&observed), "{counts}");
}
