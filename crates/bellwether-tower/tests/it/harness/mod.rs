//! What every row of the suite stands on: a server on loopback, clients that misbehave, and a look at the registry.

pub(crate) mod alloc;
pub(crate) mod calls;
pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod tasks;
pub(crate) mod watch;

use std::time::Duration;

use axum::Router;
use tower_layer::Layer;

pub(crate) use client::{Answer, Client, Version};
pub(crate) use raw::Raw;
pub(crate) use server::Server;
pub(crate) use watch::Watch;

/// How long anything may take before it counts as never. Only ever used up by a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The table of most rows: an application, what a client does with it, and the one line that must be left of it, over
/// HTTP/1.1 and over HTTP/2. In the line, `{v}` stands for the version.
pub(crate) async fn check(app: Router, ask: impl AsyncFn(Client), expect: &str) {
    for version in Version::BOTH {
        let watch = Watch::new();
        let server = Server::start(app.clone().layer(watch.layer())).await;
        ask(Client::connect(&server, version).await).await;
        check_once(&watch, server, &expect.replace("{v}", version.name())).await;
    }
}

/// Exactly one request, accounted for exactly once: one duration under these labels, one call of the listener that says
/// the same, nothing left in flight; and still so when the server and all its connections are gone.
pub(crate) async fn check_once(watch: &Watch, server: Server, expect: &str) {
    check_all(watch, server, &[expect]).await;
}

/// As [`check_once`], for several requests; the lines in ascending order.
pub(crate) async fn check_all(watch: &Watch, server: Server, expect: &[&str]) {
    watch.settled(expect.len()).await;
    server.stop().await;
    watch.is(expect);
}

/// A service under the layer, without a server.
pub(crate) fn observed<S>(watch: &Watch, service: S) -> <bellwether_tower::ObserveLayer as Layer<S>>::Service
where
    bellwether_tower::ObserveLayer: Layer<S>,
{
    watch.layer().layer(service)
}
