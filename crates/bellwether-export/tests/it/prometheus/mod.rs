//! The Prometheus endpoint, read back by parsers of our own.

mod collide;
mod endpoint;
mod histogram;
mod negotiate;
mod parse;
mod round_trip;
mod show;
mod states;
mod stream;

use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_export::Resource;
use bellwether_export::prometheus::{Format, Names, encode};

/// A registry whose clock stands still.
fn registry() -> Registry {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_700_000_000_250_000_000));
    let registry = Registry::on(clock.clone());
    clock.advance(Duration::from_secs(60));
    registry
}

fn resource() -> Resource {
    Resource::builder("shop").attribute("service.instance.id", "i-1").build()
}

fn bytes(registry: &Registry, format: Format) -> Vec<u8> {
    let mut all = Vec::new();
    encode(registry, &resource(), format, &mut |chunk| all.extend_from_slice(chunk));
    all
}

fn dotted(registry: &Registry, format: Format) -> String {
    let exposition = bellwether_export::prometheus::Exposition::new(registry, &resource(), format);
    let all: Vec<u8> = exposition.names(Names::Dotted).flatten().collect();
    without_target(String::from_utf8(all).unwrap())
}

/// A scrape as text, without the lines of `target_info`.
fn text(registry: &Registry, format: Format) -> String {
    without_target(String::from_utf8(bytes(registry, format)).unwrap())
}

fn without_target(text: String) -> String {
    text.lines().filter(|line| !line.contains("target")).map(|line| format!("{line}\n")).collect()
}
