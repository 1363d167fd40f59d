//! The endpoints, one row each.

use super::{Ask, Notes, query, series, status};
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
    /// At once, and always the same.
    Fixed(fn() -> Output),
    /// Off the async threads. It continues what was begun, `{"status":"success","data":`; what it says beside that follows.
    Query(fn(&Ask, &mut Output) -> Result<Option<Notes>, Failure>),
}

const fn query(path: &'static str, answer: fn(&Ask, &mut Output) -> Result<Option<Notes>, Failure>) -> Endpoint {
    Endpoint { path, post: true, timed: false, answers: Answers::Query(answer) }
}

const fn fixed(path: &'static str, answer: fn() -> Output) -> Endpoint {
    Endpoint { path, post: false, timed: false, answers: Answers::Fixed(answer) }
}

pub(super) static ALL: &[Endpoint] = &[
    Endpoint { timed: true, ..query("query", query::instant) },
    Endpoint { timed: true, ..query("query_range", query::range) },
    query("query_exemplars", series::exemplars),
    query("format_query", query::format),
    query("series", series::series),
    query("labels", series::label_names),
    Endpoint { post: false, ..query("metadata", series::metadata) },
    fixed("status/buildinfo", status::build),
    fixed("status/flags", || status::data("{}")),
    // Nothing is scraped, and there are no rules yet; clients ask all the same.
    fixed("rules", || status::data(r#"{"groups":[]}"#)),
    fixed("alerts", || status::data(r#"{"alerts":[]}"#)),
    fixed("targets", || status::data(r#"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}"#)),
    fixed("alertmanagers", || status::data(r#"{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#)),
];

/// `label/NAME/values`, the one path with something in it.
pub(super) static LABEL_VALUES: Endpoint = Endpoint { post: false, ..query("", series::label_values) };
