//! What a metric source is asked: by PromQL, or by the indicators that this crate has itself.

use std::collections::BTreeSet;
use std::time::Duration;

use bellwether_core::Outcome;

use super::sli::{Measured, Sli};
use crate::format::cursor::{Cursor, Fields};
use crate::format::node::{Node, Value};
use crate::format::query;
use crate::format::words::{duration, selector};
use crate::{Counters, Counting, Expressions, Indicator, Outcomes, Requests, Selector};

/// The type of sources that are this crate's own indicators.
pub(super) const OWN: &str = "Bellwether";
/// The type of sources that are PromQL.
pub(super) const PROMQL: &str = "Prometheus";

/// Where a number comes from.
#[derive(Clone)]
pub(super) struct Source<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) kind: &'a str,
    pub(super) spec: Cursor<'a>,
}

/// How an objective compares a value with its own.
#[derive(Clone, Copy)]
pub(super) struct Comparison<'a> {
    pub(super) op: &'static str,
    pub(super) value: &'a str,
}
