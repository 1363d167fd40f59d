//! The endpoints, one row each.

use super::{Ask, Notes, QueryApi, cardinality, query, series, status};
use crate::failure::Failure;
use crate::json::Output;

/// An endpoint below `/api/v1/`.
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    /// Whether it takes forms, too.
    pub(super) post: bool,
    /// Whether a request may say how long it may take.
    pub(super) timed: bool,
    pub(super) answers: Answers,
}

/// How it answers.
pub(super) enum Answers {
    /// At once.
    Known(fn(&QueryApi) -> Output),
    /// Off the async threads. It continues what was begun, `{"status":"success","data":`; what it says beside that follows.
    Query(fn(&Ask, &mut Output) -> Result<Option<Notes>, Failure>),
}

const fn query(path: &'static str, answer: fn(&Ask, &mut Output) -> Result<Option<Notes>, Failure>) -> Endpoint {
    Endpoint { path, post: true, timed: false, answers: Answers::Query(answer) }
}

const fn known(path: &'static str, answer: fn(&QueryApi) -> Output) -> Endpoint {
    Endpoint { path, post: false, timed: false, answers: Answers::Known(answer) }
}

pub(super) static ALL: &[Endpoint] = &[
    Endpoint { timed: true, ..query("query", query::instant) },
    Endpoint { timed: true, ..query("query_range", query::range) },
    query("query_exemplars", series::exemplars),
    query("format_query", query::format),
    query("parse_query", query::parse),
    query("series", series::series),
    query("labels", series::label_names),
    Endpoint { post: false, ..query("metadata", series::metadata) },
    Endpoint { post: false, ..query("status/tsdb", cardinality::tsdb) },
    known("status/buildinfo", status::build),
    known("status/runtimeinfo", status::runtime),
    known("status/flags", status::flags),
    // There is no file of settings that a Prometheus could have read.
    known("status/config", |_| status::data(r#"{"yaml":""}"#)),
    // Nothing is scraped, and there are no rules yet; clients ask all the same.
    known("rules", |_| status::data(r#"{"groups":[]}"#)),
    known("alerts", |_| status::data(r#"{"alerts":[]}"#)),
    known("targets", |_| status::data(r#"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#)),
    known("alertmanagers", |_| status::data(r#"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#)),
];

/// `label/NAME/values`, the one path with something in it.
pub(super) static LABEL_VALUES: Endpoint = Endpoint { post: false, ..query("", series::label_values) };
