//! What is recorded: latencies of a service, and the labels of its requests.

use std::hint::black_box;

/// The bucket bounds the semantic conventions advise for request durations, in seconds.
pub const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The names of the three labels of the cases with labels.
pub const LABELS: [&str; 3] = ["method", "route", "status"];

/// How many latencies [`latencies`] gives.
pub const LATENCIES: usize = 1024;

/// Log-normal latencies around 30 ms, in seconds; the same with every call.
pub fn latencies() -> [f64; LATENCIES] {
    let mut random = fastrand::Rng::with_seed(7);
    // The sum of twelve uniform numbers less six is normal enough.
    let mut normal = || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    std::array::from_fn(|_| 0.03 * normal().exp())
}

/// The values of the three labels, hidden from the optimizer.
#[inline]
pub fn labels() -> [&'static str; 3] {
    black_box(["POST", "/v1/turns/x", "200"])
}
