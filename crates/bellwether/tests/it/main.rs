//! The front door from outside: its settings, its ports, its end.

mod cascade;
mod config;
mod dependencies;
mod end;
mod globals;
#[cfg(feature = "history")]
mod history;
#[cfg(feature = "log")]
mod logs;
#[cfg(feature = "slo")]
mod objectives;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "dashboard")]
mod queries;
mod routes;
mod runtime;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One request to a server on loopback: the answer as text.
fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

/// No variables at all: tests do not depend on who runs them.
fn nothing(_: &str) -> Option<String> {
    None
}
