//! The smallest axum service with Bellwether: `cargo run -p example-axum`, then `curl localhost:3000/metrics`.

use std::time::Duration;

use axum::{Router, extract::Path, routing::get};
use bellwether::{Bellwether, Scope};
use tokio::{net::TcpListener, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bw = Bellwether::builder("example-axum").start()?;
    let app = Router::new().route("/hello/{name}", get(hello)).layer(bw.layer()).merge(bw.router());

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app).with_graceful_shutdown(async { _ = signal::ctrl_c().await }).await?;
    bw.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

async fn hello(Path(name): Path<String>) -> String {
    Scope::current().customer(&name).transaction("greeting");
    format!("Hello, {name}!\n")
}
