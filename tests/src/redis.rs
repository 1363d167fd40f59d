//! A Redis server (Debian's) that wants a password.

use crate::component::{Component, free_port};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use tokio::net::TcpStream;

/// A running server without data. Dropping it kills it.
#[derive(Debug)]
pub struct Redis {
    component: Component,
    password: &'static str,
    port: u16,
}

impl Redis {
    /// Starts one on 127.0.0.1 that lets nobody in without this password.
    ///
    /// # Panics
    /// If it is missing (with the command that installs it) or does not get ready.
    pub async fn start(password: &'static str) -> Self {
        let mut redis = Self { component: Component::new("redis"), password, port: 0 };
        // Three times, since somebody may take the free port first.
        for _ in 0..3 {
            redis.port = free_port();
            if redis.up().await {
                return redis;
            }
        }
        panic!("redis ends as soon as it starts:\n{}", redis.component.log());
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
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
        assert!(self.up().await, "redis does not start again:\n{}", self.component.log());
    }

    /// Makes it stand still, its port open.
    pub fn pause(&self) {
        self.component.tell("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.component.tell("CONT");
    }

    async fn up(&mut self) -> bool {
        let (addr, folder) = (self.addr(), self.component.folder().to_owned());
        let mut command = Command::new("redis-server");
        command.current_dir(folder).args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.args(["--port", &self.port.to_string(), "--requirepass", self.password]);
        self.component.start(&mut command);
        self.component.ready(async || TcpStream::connect(addr).await.is_ok()).await
    }
}
