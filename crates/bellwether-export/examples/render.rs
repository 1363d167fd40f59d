//! Measures one scrape: milliseconds, bytes, allocations and peak memory by format and number of series.
//!
//! `cargo run --release -p bellwether-export --example render -- [series...]`

#![allow(unsafe_code, reason = "a global allocator that counts is an unsafe trait")]
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
#![allow(clippy::print_stdout, reason = "it prints its results")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bellwether_core::{Family, Histogram, Registry};
use bellwether_export::prometheus::{Format, encode};
use bellwether_export::{PrometheusEndpoint, Resource};
use http_body::Body;

const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: the caller's promises are those that it wants.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let counts: Vec<usize> = std::env::args().skip(1).filter_map(|count| count.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![1_000, 10_000, 100_000] } else { counts };
    println!("{:>8} {:<12} {:>9} {:>9} {:>8} {:>10}", "series", "format", "ms", "MB", "allocs", "peak KiB");
    for count in counts {
        let histograms = Registry::new();
        let family: Family<Histogram, 3> = histograms
            .histogram("http.server.request.duration")
            .unit("s")
            .description("Duration of HTTP server requests.")
            .bounds(BOUNDS)
            .max_series(count)
            .labels(["http.request.method", "http.route", "http.response.status_code"])
            .family()
            .expect("legal");
        fastrand::seed(7);
        for number in 0..count {
            let route = format!("/v1/things/{}/parts", number / 4);
            let one = family.get([["GET", "POST"][number % 2], &route, ["200", "500"][number / 2 % 2]]);
            for _ in 0..20 {
                one.record((fastrand::f64() * 6.0 - 5.0).exp());
            }
        }
        let counters = Registry::new();
        let family = counters
            .counter("http.server.requests")
            .max_series(count)
            .labels(["http.request.method", "http.route", "http.response.status_code"])
            .family()
            .expect("legal");
        for number in 0..count {
            let route = format!("/v1/things/{}/parts", number / 4);
            family.get([["GET", "POST"][number % 2], &route, ["200", "500"][number / 2 % 2]]).add(number as u64);
        }
        let formats = [("text", Format::TEXT), ("openmetrics", Format::OPEN_METRICS), ("protobuf", Format::PROTOBUF)];
        for (what, registry) in [("h", &histograms), ("c", &counters)] {
            for (name, format) in formats {
                measure(count, &format!("{what} {name}"), registry, format);
            }
            measure_gzip(count, &format!("{what} text, gzip"), registry);
        }
    }
}

/// The same by way of the endpoint, compressed.
fn measure_gzip(series: usize, name: &str, registry: &Registry) {
    let endpoint = PrometheusEndpoint::new(registry, Resource::builder("render").build());
    let request = http::Request::get("/").header("accept-encoding", "gzip").body(()).expect("legal");
    let mut cx = Context::from_waker(Waker::noop());
    let (calls, live) = (CALLS.load(Relaxed), LIVE.load(Relaxed));
    PEAK.store(live, Relaxed);
    let start = Instant::now();
    let mut body = pin!(endpoint.respond(&request).into_body());
    let mut bytes = 0;
    while !body.is_end_stream() {
        if let Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(&mut cx) {
            bytes += frame.data_ref().map_or(0, |chunk| chunk.len());
        }
    }
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let (calls, peak) = (CALLS.load(Relaxed) - calls, PEAK.load(Relaxed) - live);
    println!("{series:>8} {name:<14} {ms:>9.2} {:>9.2} {calls:>8} {:>10.1}", bytes as f64 / 1e6, peak as f64 / 1024.0);
}

fn measure(series: usize, name: &str, registry: &Registry, format: Format) {
    let resource = Resource::builder("render").build();
    let mut best = f64::INFINITY;
    let (mut bytes, mut calls, mut peak) = (0, 0, 0);
    for _ in 0..7 {
        bytes = 0;
        let (calls_before, live) = (CALLS.load(Relaxed), LIVE.load(Relaxed));
        PEAK.store(live, Relaxed);
        let start = Instant::now();
        encode(registry, &resource, format, &mut |chunk| bytes += std::hint::black_box(chunk).len());
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
        calls = CALLS.load(Relaxed) - calls_before;
        peak = PEAK.load(Relaxed) - live;
    }
    let (megabytes, peak) = (bytes as f64 / 1e6, peak as f64 / 1024.0);
    println!("{series:>8} {name:<14} {best:>9.2} {megabytes:>9.2} {calls:>8} {peak:>10.1}");
}
