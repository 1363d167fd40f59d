//! The Prometheus endpoint: one registry in three formats, streamed.
//!
//! [`PrometheusEndpoint`] answers scrapes; [`Exposition`] and [`encode`] are for everybody who brings their own transport.
//!
//! | asked for by `Accept` | histograms | exemplars, units, created | names beyond `[a-zA-Z0-9_:]` |
//! |---|---|---|---|
//! | nothing, `text/plain` 0.0.4 or 1.0.0 | classic | – | by `escaping=` |
//! | `application/openmetrics-text` 1.0.0 or 0.0.1 | classic | yes | by `escaping=` |
//! | `application/vnd.google.protobuf`, delimited | classic and native, schema 5 | yes | by `escaping=` |
//!
//! Classic buckets are those the metric declared by `bounds`. A metric without any gets powers of two that suit its unit
//! (for `s`, 1/1024 to 64), where the grid is exact, so that text alone is good for a quantile within a factor of two.
//!
//! A label whose value is empty is absent.

mod body;
mod endpoint;
mod exemplars;
mod exposition;
mod format;
mod labels;
mod names;
mod negotiate;
mod number;
mod places;
mod plan;
mod protobuf;
mod tally;
mod text;
mod wire;

pub use bellwether_core::prometheus::Names;
pub use body::ScrapeBody;
pub use endpoint::PrometheusEndpoint;
pub use exposition::{Exposition, encode};
pub use format::{Escaping, Format, Syntax};
pub use negotiate::{accepts_gzip, negotiate};
