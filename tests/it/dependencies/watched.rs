//! A service behind the front door that relies on one thing, and all who are told how that is.

use bellwether::dependency::{DependencyBuilder, Health, Patience, Probe};
use bellwether::{Bellwether, Dependency};
use bellwether_tests::{client, until};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server, server::TcpIncoming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// What must be nowhere.
pub(crate) const SECRET: &str = "hunter2";

/// A running service.
pub(crate) struct Watched {
    pub(crate) bw: Bellwether,
    pub(crate) it: Dependency,
    /// Of `/readyz` and the others.
    http: SocketAddr,
    /// Of `grpc.health.v1`.
    pub(crate) grpc: SocketAddr,
}

impl Watched {
    /// One that cannot do without this, and asks it often.
    pub(crate) async fn with(described: DependencyBuilder, probe: Probe) -> Self {
        let bw = Bellwether::builder("shop").environment(|_| None).start().expect("a front door");
        let http = bw.serve((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let grpc = listener.local_addr().expect("its address");
        let health = Server::builder().add_service(bw.grpc_health().service("shop.v1.Shop"));
        tokio::spawn(health.serve_with_incoming(TcpIncoming::from(listener)));
        let probe = probe.every(Duration::from_millis(200)).timeout(Duration::from_millis(800));
        let probe = probe.slow_after(Duration::from_millis(250));
        let patience = Patience { fall: 2, rise: 1, ..Patience::default() };
        let it = bw.dependency(described.critical_local().patience(patience).probe(probe)).expect("it is legal");
        Self { bw, it, http, grpc }
    }

    /// Waits until it is so for this reason, and asks everybody.
    #[allow(clippy::print_stderr, reason = "a test that fails shows what was so instead")]
    pub(crate) async fn is(&self, health: Health, reason: &str) {
        let mut last = None;
        until(&format!("{health}: {reason}"), async || {
            let status = self.it.status();
            if last.replace(status.reason) != Some(status.reason) {
                eprintln!("{status}");
            }
            (status.health == health && status.reason.to_string().contains(reason)).then_some(())
        })
        .await;
        let is_down = health == Health::Down;
        let page = self.get("/health", if is_down { 503 } else { 200 }).await;
        let check = &page["checks"][format!("{}:status", self.it.name())][0];
        assert_eq!(check["observedValue"], health.as_str(), "{page}");
        assert!(check["output"].as_str().is_some_and(|output| output.contains(reason)), "{page}");
        let ready = self.get("/readyz", if is_down { 503 } else { 200 }).await;
        let word = ["pass", "warn", "fail", "warn"][health as usize];
        assert_eq!((&ready["status"], &page["status"]), (&word.into(), &word.into()));
        assert_eq!(ready["lacking"].as_array().is_some(), is_down, "{ready}");
        self.get("/livez", 200).await;
        self.get("/startupz", 200).await;
        let expect = if is_down { "NOT_SERVING" } else { "SERVING" };
        assert_eq!(self.grpc(["", "shop.v1.Shop", self.it.name()]).await, [expect; 3]);
        let metrics = format!("http://{}/metrics", self.http);
        let metrics = client().get(metrics).send().await.expect("an answer").text().await.expect("text");
        let series = format!("dependency_status{{dependency=\"{}\",status=\"{health}\"}} 1", self.it.name());
        assert!(metrics.contains(&series), "{series}");
        assert!(!metrics.contains(SECRET) && !page.to_string().contains(SECRET));
    }

    /// What somebody of this machine is told.
    pub(crate) async fn get(&self, path: &str, status: u16) -> Value {
        let answer = client().get(format!("http://{}{path}", self.http)).send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers().contains_key("retry-after"), status == 503);
        assert_eq!(answer.headers()["content-type"], "application/health+json");
        answer.json().await.expect("a document")
    }

    async fn grpc<const N: usize>(&self, services: [&str; N]) -> [&'static str; N] {
        let endpoint = Channel::from_shared(format!("http://{}", self.grpc)).expect("a URL");
        let mut client = HealthClient::new(endpoint.connect().await.expect("a connection"));
        let mut said = [""; N];
        for (said, service) in said.iter_mut().zip(services) {
            let request = HealthCheckRequest { service: service.to_owned() };
            *said = client.check(request).await.expect("an answer").get_ref().status().as_str_name();
        }
        said
    }
}
