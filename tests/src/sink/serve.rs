//! The server of a sink: its own thread and runtime, connections that can be reset, a port that can be closed.

use crate::sink::record::Record;
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc as sync};
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The thread, and the way to speak to it.
#[derive(Debug)]
pub(super) struct Server {
    addr: SocketAddr,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is told; it answers when it is done.
enum Order {
    Down(sync::Sender<()>),
    Up(sync::Sender<()>),
}

impl Server {
    pub(super) fn start(router: Router, record: Arc<Record>) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (say_addr, addr) = sync::channel();
        let thread = std::thread::Builder::new().name("otlp sink".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                say_addr.send(listener.local_addr().expect("its address")).expect("the test waits for it");
                serve(listener, inbox, &router, &record).await;
            });
        });
        let addr = addr.recv().expect("the sink's address");
        Self { addr, orders: Some(orders), thread: Some(thread.expect("a thread")) }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn down(&self) {
        self.order(Order::Down);
    }

    pub(super) fn up(&self) {
        self.order(Order::Up);
    }

    fn order(&self, order: impl FnOnce(sync::Sender<()>) -> Order) {
        let (done, wait) = sync::channel();
        let orders = self.orders.as_ref().expect("open until it is dropped");
        assert!(orders.send(order(done)).is_ok() && wait.recv().is_ok(), "the sink's thread has ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves until nobody can give orders any more.
async fn serve(
    listener: TcpListener,
    mut inbox: mpsc::UnboundedReceiver<Order>,
    router: &Router,
    record: &Arc<Record>,
) {
    let addr = listener.local_addr().expect("its address");
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = inbox.recv() => match order {
                Some(Order::Down(done)) => {
                    listener = None;
                    connections.shutdown().await;
                    let _ = done.send(());
                }
                Some(Order::Up(done)) => {
                    listener = Some(TcpListener::bind(addr).await.expect("the port it had"));
                    let _ = done.send(());
                }
                None => return,
            },
            accepted = accepted => if let Ok((stream, _)) = accepted {
                connections.spawn(connection(stream, router.clone(), Arc::clone(record)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Speaks HTTP/1.1 or HTTP/2, whichever the client begins with, until either end is done or the test resets it.
async fn connection(stream: TcpStream, router: Router, record: Arc<Record>) {
    let mut cuts = record.cuts();
    let (stream, same) = twice(stream).expect("a second handle of the socket");
    let service = TowerToHyperService::new(router);
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        _ = cuts.changed() => {
            // Both handles close without lingering: the client gets a RST, not an orderly end.
            let _ = same.set_zero_linger();
        }
    }
}

/// A second handle to the same socket, since the server takes the first for good.
fn twice(stream: TcpStream) -> std::io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let same = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, TcpStream::from_std(same)?))
}
