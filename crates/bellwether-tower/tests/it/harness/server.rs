//! A server on loopback that can be drained or cut off, and that leaves no task behind.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower_service::Service;

use super::PATIENCE;
use super::tasks::Tasks;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    drain: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    tasks: Tasks,
}

impl Server {
    /// Serves with hyper, whichever version a client speaks. Headers may be large: that is for the layer to bear.
    pub(crate) async fn start<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self::start_each(move || service.clone()).await
    }

    /// As [`start`](Self::start), with a service made anew for each connection.
    pub(crate) async fn start_each<S, B>(make: impl Fn() -> S + Send + 'static) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let (listener, addr) = bind().await;
        let (drain, draining) = watch::channel(false);
        let tasks = Tasks::default();
        let mut builder = Builder::new(tasks.clone());
        builder.http1().max_buf_size(4 << 20);
        builder.http2().max_header_list_size(4 << 20).enable_connect_protocol();
        let connections = tasks.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(make());
                let (builder, mut draining) = (builder.clone(), draining.clone());
                connections.spawn(async move {
                    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
                    tokio::select! {
                        // An error is a client that misbehaved, which is what it was sent for.
                        _ = serving.as_mut() => return,
                        _ = draining.wait_for(|draining| *draining) => serving.as_mut().graceful_shutdown(),
                    }
                    let _ = serving.await;
                });
            }
        });
        Self { addr, drain, accepting, tasks }
    }

    /// Serves with axum's own server.
    pub(crate) async fn axum(app: Router) -> Self {
        let (listener, addr) = bind().await;
        let (drain, mut draining) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            let until = async move {
                let _ = draining.wait_for(|draining| *draining).await;
            };
            axum::serve(listener, app).with_graceful_shutdown(until).await.expect("axum serves");
        });
        Self { addr, drain, accepting, tasks: Tasks::default() }
    }

    /// Any other server, as a future that ends when `draining` turns true.
    pub(crate) async fn of<F>(serve: impl FnOnce(TcpListener, watch::Receiver<bool>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, addr) = bind().await;
        let (drain, draining) = watch::channel(false);
        Self { addr, drain, accepting: tokio::spawn(serve(listener, draining)), tasks: Tasks::default() }
    }

    /// Tells every connection to finish what it is at and close (GOAWAY, `connection: close`).
    pub(crate) fn drain(&self) {
        let _ = self.drain.send(true);
    }

    /// Cuts everything off, and waits until every task is gone.
    pub(crate) async fn stop(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
        self.tasks.cut_off().await;
    }

    /// Waits until every connection has ended by itself.
    pub(crate) async fn finished(&self) {
        let done = async {
            while !self.tasks.all_done() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, done).await.expect("connections end when drained");
    }
}

async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback is there");
    let addr = listener.local_addr().expect("it is bound");
    (listener, addr)
}
