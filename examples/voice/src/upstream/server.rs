//! Serves a router until it is told to be down: then its connections break and its port refuses new ones.

use std::{io, net::SocketAddr};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpSocket},
    select,
    sync::watch,
    task::JoinSet,
};

use super::Fault;

const MAX_CONNECTIONS: usize = 512;

/// Never returns while the port can be had.
pub(super) async fn serve(mut listener: TcpListener, routes: Router, mut fault: watch::Receiver<Fault>) {
    loop {
        up(&listener, &routes, &mut fault).await;
        match down(listener, &mut fault).await {
            Ok(again) => listener = again,
            Err(error) => return tracing::error!(%error, "an upstream lost its port"),
        }
    }
}

/// Answers until the server has to go down, and then breaks every connection.
async fn up(listener: &TcpListener, routes: &Router, fault: &mut watch::Receiver<Fault>) {
    let mut connections = JoinSet::new();
    loop {
        select! {
            _ = fault.wait_for(|fault| *fault == Fault::Down) => return,
            Ok((stream, _)) = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                let service = TowerToHyperService::new(routes.clone());
                connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Holds the port without listening, which refuses connections, until the server may come back.
async fn down(listener: TcpListener, fault: &mut watch::Receiver<Fault>) -> io::Result<TcpListener> {
    let address = listener.local_addr()?;
    drop(listener);
    let socket = bind(address)?;
    // An error means that nobody can set the fault any more.
    if fault.wait_for(|fault| *fault != Fault::Down).await.is_err() {
        std::future::pending::<()>().await;
    }
    socket.listen(1024)
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // The broken connections still linger on the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
