//! How objectives stand and reports of them, over HTTP, for those who may read `/metrics`.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::get;
use bellwether_slo::report::Report;
use bellwether_slo::{Calendar, Unit, Zone};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::{Objectives, standing};

/// Adds `/api/slo`, `/api/slo/{name}` and `/api/slo/report/{name}`.
pub(super) fn add_to<S: Clone + Send + Sync + 'static>(
    objectives: &Objectives,
    router: Router<S>,
    admit: impl Fn(&Parts) -> Result<(), Box<Response>> + Clone + Send + Sync + 'static,
) -> Router<S> {
    let (stand, may) = (objectives.clone(), admit.clone());
    let (one, report) = ((objectives.clone(), admit.clone()), objectives.clone());
    router
        .route(
            "/api/slo",
            get(move |request: Request| {
                let (parts, _) = request.into_parts();
                let answer =
                    may(&parts).map_or_else(|refusal| *refusal, |()| json(StatusCode::OK, standing::all(&stand)));
                std::future::ready(answer)
            }),
        )
        .route(
            "/api/slo/{name}",
            get(move |Path(name): Path<String>, request: Request| {
                let (objectives, admit) = one.clone();
                async move {
                    let (parts, _) = request.into_parts();
                    if let Err(refusal) = admit(&parts) {
                        return *refusal;
                    }
                    let of = tokio::task::spawn_blocking(move || standing::one(&objectives, &name)).await;
                    match of {
                        Ok(Some(text)) => json(StatusCode::OK, text),
                        Ok(None) => {
                            wrong(StatusCode::NOT_FOUND, "there is no objective of this name; /api/slo lists all")
                        }
                        Err(_) => wrong(StatusCode::INTERNAL_SERVER_ERROR, "it could not be measured"),
                    }
                }
            }),
        )
        .route(
            "/api/slo/report/{name}",
            get(move |Path(name): Path<String>, request: Request| {
                let (objectives, admit) = (report.clone(), admit.clone());
                async move {
                    let (parts, _) = request.into_parts();
                    if let Err(refusal) = admit(&parts) {
                        return *refusal;
                    }
                    let query = parts.uri.query().unwrap_or_default().to_owned();
                    // It reads a file, and counts for a while.
                    let made = tokio::task::spawn_blocking(move || answer(&objectives, &name, &query)).await;
                    made.unwrap_or_else(|_| wrong(StatusCode::INTERNAL_SERVER_ERROR, "the report could not be made"))
                }
            }),
        )
}

/// How a report is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Html,
    Markdown,
    Csv,
    Json,
}

fn answer(objectives: &Objectives, name: &str, query: &str) -> Response {
    let mut zone = objectives.zone().clone();
    let mut format = Format::Html;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("format", "html") => format = Format::Html,
            ("format", "md" | "markdown") => format = Format::Markdown,
            ("format", "csv") => format = Format::Csv,
            ("format", "json") => format = Format::Json,
            ("format", _) => return wrong(StatusCode::BAD_REQUEST, "format is html, md, csv or json"),
            ("zone", name) => match Zone::new(name) {
                Ok(named) => zone = named,
                Err(error) => return wrong(StatusCode::BAD_REQUEST, &error.to_string()),
            },
            _ => return wrong(StatusCode::BAD_REQUEST, "there are format and zone, and nothing else"),
        }
    }
    let Some(unit) = unit_of(name) else {
        let accepted = "a report is named by its time: 2026-10 for a month, 2026-W41 for a week, 2026-Q4 for a quarter, \
                        2026-10-05 for a day, 2026 for a year";
        return wrong(StatusCode::NOT_FOUND, accepted);
    };
    let calendar = Calendar::new(unit, zone);
    let made = calendar.named(name).and_then(|over| objectives.report(&calendar, over));
    match made {
        Ok(report) => write(&report, format),
        Err(error) => wrong(StatusCode::NOT_FOUND, &error.to_string()),
    }
}

/// What a name is one of.
fn unit_of(name: &str) -> Option<Unit> {
    Some(match (name.len(), name.get(4..6)) {
        (4, _) => Unit::Year,
        (7, Some("-Q")) => Unit::Quarter,
        (8, Some("-W")) => Unit::Week,
        (7, _) => Unit::Month,
        (10, _) => Unit::Day,
        _ => return None,
    })
}

fn write(report: &Report, format: Format) -> Response {
    let (media_type, text) = match format {
        Format::Html => ("text/html; charset=utf-8", report.html()),
        Format::Markdown => ("text/markdown; charset=utf-8", report.markdown()),
        Format::Csv => ("text/csv; charset=utf-8; header=present", report.csv()),
        Format::Json => ("application/json", report.json()),
    };
    respond(StatusCode::OK, media_type, text)
}

fn json(status: StatusCode, text: String) -> Response {
    respond(status, "application/json", text)
}

fn wrong(status: StatusCode, why: &str) -> Response {
    respond(status, "text/plain; charset=utf-8", format!("{why}\n"))
}

fn respond(status: StatusCode, media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
