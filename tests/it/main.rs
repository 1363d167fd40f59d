//! End to end, one binary: the harness against itself, and what we make against those who read it.

// The harness.
mod formats;
mod prometheus;
mod rotel;
mod sink;

// The product.
mod aimock;
mod breakers;
mod collected;
mod demo;
mod dependencies;
mod faults;
mod genai;
mod objectives;
mod pages;
mod postgres;
mod promql;
mod query_api;
mod scraped;
mod service;
mod upstreams;
mod visits;
