//! A service behind the front door, in this process, that exports to a sink, and a look at its `/metrics`.

use axum::Router;
use axum::routing::get;
use bellwether::Bellwether;
use bellwether::export::otlp::{Destination, OtlpSettings, Protocol, Push, Queue};
use bellwether_tests::sink::Sink;
use bellwether_tests::{client, until};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::prelude::*;

/// Far longer than anything takes here.
pub(crate) const PLENTY: Duration = Duration::from_secs(60);
/// As many spans as one request to the sink carries.
pub(crate) const BATCH: u64 = 8;

/// A running service: every request is a trace, and a full batch of spans is sent at once.
pub(crate) struct Service {
    pub(crate) sink: Sink,
    pub(crate) bw: Bellwether,
    addr: SocketAddr,
    client: reqwest::Client,
    server: JoinHandle<()>,
    /// While it lives, spans and events of this thread go to the pipeline.
    _subscriber: DefaultGuard,
}

impl Service {
    /// Metrics and log records are sent only at the end, so that a sink's faults meet spans.
    pub(crate) async fn start(protocol: Protocol, queue: Queue) -> Self {
        let sink = Sink::start();
        let to = Destination::new().endpoint(sink.url()).protocol(protocol).timeout(Duration::from_millis(500));
        let settings = OtlpSettings::new()
            .all(to)
            .push(Push::default().every(PLENTY * 10))
            .span_queue(queue.delay(PLENTY * 10).max_batch(BATCH as usize))
            .log_queue(Queue::default().delay(PLENTY * 10));
        let bw = Bellwether::builder("shop").environment(|_| None).otlp(settings).start().expect("a front door");
        let layer = bw.pipeline().expect("a pipeline").layer();
        let subscriber = tracing_subscriber::registry().with(layer).set_default();
        let app = Router::new().route("/items/{id}", get(async || "an item")).layer(bw.layer()).merge(bw.router());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("its address");
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { sink, bw, addr, client: client(), server, _subscriber: subscriber }
    }

    /// So many requests, each of which must be answered.
    pub(crate) async fn requests(&self, count: u64) {
        for id in 0..count {
            let url = format!("http://{}/items/{id}", self.addr);
            let answer = self.client.get(url).send().await.expect("an answer");
            assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "an item"));
        }
    }

    /// What became of the spans, as everybody can see it on `/metrics`.
    pub(crate) async fn spans(&self, result: &str) -> u64 {
        let labels = [("signal", "traces"), ("result", result)];
        self.value("bellwether_export_items_total", &labels).await.unwrap_or_else(|| panic!("no {result} spans"))
    }

    /// How often spans were sent again.
    pub(crate) async fn retries(&self) -> u64 {
        let retries = self.value("bellwether_export_retries_total", &[("signal", "traces")]).await;
        retries.expect("a count of retries")
    }

    /// Waits until a counter of the exporter of spans has this value, on `/metrics`.
    pub(crate) async fn expect(&self, name: &str, labels: &[(&str, &str)], value: u64) {
        let mut labels = labels.to_vec();
        labels.push(("signal", "traces"));
        let mut seen = None;
        let right = async || {
            seen = self.value(name, &labels).await;
            (seen == Some(value)).then_some(())
        };
        until(&format!("{name} {labels:?} to be {value}"), right).await;
    }

    async fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        let answer = self.client.get(format!("http://{}/metrics", self.addr)).send().await.expect("an answer");
        value(&answer.text().await.expect("a page"), name, labels).map(|value| value as u64)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The sum of the series of this name and these labels on a page of text; `None` if there are none.
pub(crate) fn value(page: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let values = page.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (own, value) = match rest.strip_prefix('{') {
            Some(labels) => labels.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let all = labels.iter().all(|label| format!(",{own},").contains(&format!(",{label},")));
        all.then(|| value.split(' ').next()?.parse::<f64>().ok()).flatten()
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

#[test]
fn finds_values() {
    let page = "# TYPE a counter\na_total{x=\"1\",y=\"b c\"} 3\na_total{x=\"2\"} 4\nab_total 5\n";
    let check = |name: &str, labels: &[(&str, &str)], expect| assert_eq!(value(page, name, labels), expect);
    check("a_total", &[], Some(7.0));
    check("a_total", &[("y", "b c")], Some(3.0));
    check("a_total", &[("x", "3")], None);
    check("ab_total", &[], Some(5.0));
    check("ab", &[], None);
}
