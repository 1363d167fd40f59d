//! gRPC's own health checking (`grpcio-health-checking`, PyPI): a server that others probe, and a client that asks others.

use crate::component::{Component, free_port, tool};
use crate::wait::until;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use tokio::net::TcpStream;

const SERVE: &str = r#"
import signal, sys
from concurrent import futures
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
signals = {signal.SIGUSR1: health_pb2.HealthCheckResponse.NOT_SERVING, signal.SIGUSR2: health_pb2.HealthCheckResponse.SERVING}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
servicer = health.HealthServicer()
def say(status):
    for service in ("", "voice.v1.Voice"):
        servicer.set(service, status)
say(health_pb2.HealthCheckResponse.SERVING)
if sys.argv[2] == "with":
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
if server.add_insecure_port("127.0.0.1:" + sys.argv[1]) == 0:
    sys.exit("the port is taken")
server.start()
print("ready", flush=True)
while True:
    say(signals[signal.sigwait(signals)])
"#;

const ASK: &str = r#"
import sys
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
how, addr, service = sys.argv[1:]
stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(addr))
name = health_pb2.HealthCheckResponse.ServingStatus.Name
request = health_pb2.HealthCheckRequest(service=service)
try:
    if how == "check":
        print(name(stub.Check(request, timeout=20).status), flush=True)
    else:
        for answer in stub.Watch(request, timeout=60):
            print(name(answer.status), flush=True)
    print("OK", flush=True)
except grpc.RpcError as error:
    print(error.code().name, flush=True)
"#;

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct HealthServer {
    component: Component,
    service: &'static str,
    port: u16,
}

impl HealthServer {
    /// One that has the service, and serves.
    pub async fn start() -> Self {
        Self::run("with").await
    }

    /// One that has no service at all.
    pub async fn start_without() -> Self {
        Self::run("without").await
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// What it says of itself from now on.
    pub fn say(&self, is_serving: bool) {
        self.component.tell(if is_serving { "USR2" } else { "USR1" });
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.component.stop();
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_again(&mut self) {
        assert!(self.up().await, "it does not start again:\n{}", self.component.log());
    }

    /// Makes it stand still, its port open.
    pub fn pause(&self) {
        self.component.tell("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.component.tell("CONT");
    }

    async fn run(service: &'static str) -> Self {
        let mut server = Self { component: Component::new("grpc-health"), service, port: 0 };
        // Three times, since somebody may take the free port first.
        for _ in 0..3 {
            server.port = free_port();
            if server.up().await {
                return server;
            }
        }
        panic!("it ends as soon as it starts:\n{}", server.component.log());
    }

    async fn up(&mut self) -> bool {
        let addr = self.addr();
        self.component.start(python(SERVE).args([&self.port.to_string(), self.service]));
        let log = self.component.folder().join("log");
        let is_ready = async || {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            said.contains("ready") && TcpStream::connect(addr).await.is_ok()
        };
        self.component.ready(is_ready).await
    }
}

/// A client that is asking. Dropping it kills it.
#[derive(Debug)]
pub struct HealthClient(Component);

impl HealthClient {
    /// What `Check` says: a status, or the code of a refusal.
    pub async fn check(addr: SocketAddr, service: &str) -> String {
        let mut told = Self::ask("check", addr, service).told(1).await;
        told.remove(0)
    }

    /// One that watches.
    #[must_use]
    pub fn watch(addr: SocketAddr, service: &str) -> Self {
        Self::ask("watch", addr, service)
    }

    /// What it was told so far, once that is at least so much; a code is the last.
    pub async fn told(&self, least: usize) -> Vec<String> {
        let told = || self.0.log().lines().map(str::to_owned).collect::<Vec<_>>();
        until(&format!("{least} answers"), async || Some(told()).filter(|told| least <= told.len())).await
    }

    fn ask(how: &str, addr: SocketAddr, service: &str) -> Self {
        let mut component = Component::new("grpc-health-client");
        component.start(python(ASK).args([how, &addr.to_string(), service]));
        Self(component)
    }
}

fn python(program: &str) -> Command {
    let mut command = Command::new(tool("venv/bin/python"));
    command.args(["-c", program]);
    command
}
