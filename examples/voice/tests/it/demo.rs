//! A whole demo for one test: database, upstreams and the service on a free port.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bellwether::{
    Bellwether,
    core::{Kind, OnEnd, Operation},
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use voice::{
    api, app::App, guards::Guards, providers::Providers, release::Deployment, store::Store, upstream::Upstreams,
};

pub(crate) struct Demo {
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    pub(crate) upstreams: Upstreams,
    pub(crate) bw: Bellwether,
    pub(crate) guards: Guards,
    pub(crate) http: reqwest::Client,
    pub(crate) told: Arc<Told>,
    _folder: TempDir,
}

/// The calls that the scope of each request was told of: who was called, and how it ended.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<Vec<String>>>);

impl OnEnd for Told {
    fn ended(&self, operation: &Operation<'_>) {
        let calls = operation.scope.facts().calls;
        let calls = calls.iter().map(|call| format!("{} {}", call.peer, call.outcome.as_str())).collect();
        self.0.lock().unwrap().push(calls);
    }

    fn wants(&self, operation: &Operation<'_>) -> bool {
        operation.kind == Kind::Server
    }
}

impl Told {
    pub(crate) fn of_last(&self) -> Option<Vec<String>> {
        self.0.lock().unwrap().last().cloned()
    }
}

pub(crate) async fn demo() -> Demo {
    demo_ticking(Duration::from_secs(5)).await
}

pub(crate) async fn demo_ticking(tick: Duration) -> Demo {
    let told = Arc::new(Told::default());
    let bw = Bellwether::builder("voice").environment(|_| None).tick(tick).listener(told.clone());
    let bw = bw.start().expect("a front door");
    let guards = Guards::new(&bw, 7).expect("breakers");
    let folder = TempDir::new().expect("a folder");
    let deployment = Deployment::default();
    let store = Store::open(&url(&folder), &guards, deployment.clone()).await.expect("a database");
    let upstreams = Upstreams::start(7).expect("upstreams start");
    let app = App::new(store, Providers::loopback(&upstreams, &bw, &guards).expect("providers"), deployment);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = api::router(app.clone()).layer(CatchPanicLayer::new()).layer(bw.layer()).merge(bw.router());
    tokio::spawn(axum::serve(listener, router).into_future());
    Demo { address, app, upstreams, bw, guards, http: reqwest::Client::new(), told, _folder: folder }
}

pub(crate) async fn store() -> (Store, TempDir) {
    let folder = TempDir::new().expect("a folder");
    (Store::open(&url(&folder), &guards(), Deployment::default()).await.expect("a database"), folder)
}

pub(crate) fn guards() -> Guards {
    let bw = Bellwether::builder("voice").environment(|_| None).start().expect("a front door");
    Guards::new(&bw, 7).expect("dependencies")
}

fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("voice.sqlite").display())
}

impl Demo {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A turn's status, the lines that arrived, and whether the body was whole.
    pub(crate) async fn turn(&self, customer: i64) -> Answer {
        let request = self.http.post(self.url("/v1/turns")).header("x-customer", customer).body(vec![0; 9_000]);
        let mut response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let mut body = Vec::new();
        let whole = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        let body = String::from_utf8(body).expect("text");
        let lines = body.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.into())).collect();
        Answer { status, retry_after, lines, whole }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) lines: Vec<serde_json::Value>,
    pub(crate) whole: bool,
}
