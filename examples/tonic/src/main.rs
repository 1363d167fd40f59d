//! The smallest tonic service with Bellwether: `cargo run -p example-tonic`, then look at `/metrics`.

use proto::{
    Greeting, Name,
    hello_server::{Hello, HelloServer},
};
use tonic::{Request, Response, Status, transport::Server};

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("hello.v1");
}

struct Greeter;

#[tonic::async_trait]
impl Hello for Greeter {
    async fn greet(&self, request: Request<Name>) -> Result<Response<Greeting>, Status> {
        let text = format!("Hello, {}!", request.into_inner().name);
        Ok(Response::new(Greeting { text }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Server::builder()
        .add_service(HelloServer::new(Greeter))
        .serve_with_shutdown("127.0.0.1:50051".parse()?, ctrl_c())
        .await?;
    Ok(())
}

async fn ctrl_c() {
    let _ = tokio::signal::ctrl_c().await;
}
