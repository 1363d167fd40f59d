//! The smallest tonic service with Bellwether: `cargo run -p example-tonic`, then `curl localhost:9464/metrics`.

use std::time::Duration;

use bellwether::{Bellwether, Scope};
use proto::{
    Greeting, Name,
    hello_server::{Hello, HelloServer},
};
use tokio::signal;
use tonic::{Request, Response, Status, server::NamedService, transport::Server};

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("hello.v1");
}

struct Greeter;

#[tonic::async_trait]
impl Hello for Greeter {
    async fn greet(&self, request: Request<Name>) -> Result<Response<Greeting>, Status> {
        let name = request.into_inner().name;
        Scope::current().customer(&name).transaction("greeting");
        Ok(Response::new(Greeting { text: format!("Hello, {name}!") }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bw = Bellwether::builder("example-tonic").start()?;
    bw.serve("127.0.0.1:9464")?;

    Server::builder()
        .layer(bw.layer())
        .add_service(HelloServer::new(Greeter))
        .add_service(bw.grpc_health().service(HelloServer::<Greeter>::NAME))
        .serve_with_shutdown("127.0.0.1:50051".parse()?, async {
            _ = signal::ctrl_c().await;
            bw.stopping(); // lets go of who watches the health
        })
        .await?;
    bw.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
