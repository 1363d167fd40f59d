//! The road between a client and a server: it can be slow, stand still, or be cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How it is on the road.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Everything goes on at once.
    Flows,
    /// Each piece waits for so long.
    Slow(Duration),
    /// Nothing goes on; connections stay, and new ones are taken.
    Stuck,
    /// Every connection is broken off, and each new one.
    Cut,
}

/// A road to one server. Dropping it cuts it.
#[derive(Debug)]
pub struct Road {
    addr: SocketAddr,
    traffic: watch::Sender<Traffic>,
}

impl Road {
    /// A road to a server, on which traffic flows.
    ///
    /// # Panics
    /// If no port is to be had.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("its address");
        let (traffic, seen) = watch::channel(Traffic::Flows);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(drive(client, server, seen.clone()));
            }
        });
        Self { addr, traffic }
    }

    /// Where it begins.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on it is so.
    pub fn set(&self, traffic: Traffic) {
        self.traffic.send_replace(traffic);
    }
}

/// Both ways, until one of them ends or the road is cut.
async fn drive(client: TcpStream, server: SocketAddr, traffic: watch::Receiver<Traffic>) {
    let is_cut = |traffic: &Traffic| *traffic == Traffic::Cut;
    let mut seen = traffic.clone();
    let both = async {
        let Ok(server) = TcpStream::connect(server).await else { return };
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::select! {
            () = one_way(from_client, to_server, traffic.clone()) => {}
            () = one_way(from_server, to_client, traffic.clone()) => {}
        }
    };
    tokio::select! {
        () = both => {}
        _ = seen.wait_for(is_cut) => {}
    }
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut traffic: watch::Receiver<Traffic>) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let now = *traffic.borrow();
        if let Traffic::Slow(time) = now {
            tokio::time::sleep(time).await;
        }
        if traffic.wait_for(|traffic| *traffic != Traffic::Stuck).await.is_err()
            || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}
