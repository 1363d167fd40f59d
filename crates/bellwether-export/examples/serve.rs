//! A scrape endpoint on nothing but the standard library: `cargo run -p bellwether-export --example serve -- 9464`.
//!
//! It keeps counting something, with exemplars, so that there is something to see.

#![allow(clippy::print_stdout, reason = "it says where to look")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bellwether_core::{Registry, SpanId, TraceId};
use bellwether_export::{PrometheusEndpoint, Resource};
use http::Request;
use http_body::Body;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(9464), |port| port.parse())?;
    let registry = Registry::new();
    let resource = Resource::builder("serve").from_env(|name| std::env::var(name).ok()).build();
    let endpoint = PrometheusEndpoint::new(&registry, resource);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("http://{}/metrics", listener.local_addr()?);
    for stream in listener.incoming() {
        count_something(&registry)?;
        // A reader that goes away is no reason to stop.
        let _ = answer(&endpoint, stream?);
    }
    Ok(())
}

/// Counts, with all a format could stumble over.
fn count_something(registry: &Registry) -> Result<(), bellwether_core::Error> {
    registry
        .counter("demo.requests")
        .unit("{request}")
        .description("Requests, \"quoted\",\nin C:\\two lines.")
        .labels(["http.route", "odd"])
        .family()?
        .get(["/v1/{id}", "quote \" backslash \\ newline \n tab \t nul \0 é 日本"])
        .inc();
    let wait = registry
        .histogram("demo.wait")
        .unit("s")
        .description("Time waited.")
        .bounds([0.005, 0.05, 0.5, 5.0])
        .labels(["queue"])
        .family()?;
    let size = registry.histogram("demo.size").unit("By").description("Bytes, without declared bounds.").build()?;
    let drift =
        registry.histogram("demo.drift").unit("s").bounds([-0.5, 0.0, 0.5]).description("Either way.").build()?;
    for _ in 0..100 {
        let value = (fastrand::f64() * 8.0 - 6.0).exp();
        wait.get(["mail"]).record_in_trace(value, TraceId::random(), SpanId::random());
        size.record(value * 1e5);
        drift.record(fastrand::f64() * 2.0 - 1.0);
    }
    drift.record(0.0);
    registry.gauge("demo.temperature").unit("Cel").description("Of the room.").build()?.set(-1.5e-7);
    Ok(())
}

fn answer(endpoint: &PrometheusEndpoint, mut stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().ok_or("an empty request")??;
    let mut words = first.split(' ');
    let mut request = Request::builder().method(words.next().unwrap_or("")).uri(words.next().unwrap_or("/"));
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else { break };
        request = request.header(name, value.trim());
    }
    let response = endpoint.respond(&request.body(())?);
    write!(stream, "HTTP/1.1 {}\r\nconnection: close\r\n", response.status())?;
    for (name, value) in response.headers() {
        write!(stream, "{name}: {}\r\n", value.to_str()?)?;
    }
    stream.write_all(b"\r\n")?;
    let mut body = pin!(response.into_body());
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => stream.write_all(frame.data_ref().ok_or("no trailers")?)?,
            Poll::Ready(None) => return Ok(()),
            Poll::Ready(Some(Err(never))) => match never {},
            Poll::Pending => {}
        }
    }
}
