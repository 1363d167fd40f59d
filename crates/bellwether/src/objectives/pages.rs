//! How objectives stand and reports of them, over HTTP, for those who may read `/metrics`.

use std::fmt::Write as _;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::get;
use bellwether_slo::report::Report;
use bellwether_slo::{Calendar, Ratio, Status, Unit, Zone};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::Objectives;

/// Adds `/api/slo` and `/api/slo/report/{name}`.
pub(super) fn add_to<S: Clone + Send + Sync + 'static>(
    objectives: &Objectives,
    router: Router<S>,
    admit: impl Fn(&Parts) -> Result<(), Box<Response>> + Clone + Send + Sync + 'static,
) -> Router<S> {
    let (stand, may) = (objectives.clone(), admit.clone());
    let report = objectives.clone();
    router
        .route(
            "/api/slo",
            get(move |request: Request| {
                let (parts, _) = request.into_parts();
                let answer = may(&parts).map_or_else(|refusal| *refusal, |()| json(StatusCode::OK, standing(&stand)));
                std::future::ready(answer)
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

/// How each objective stands, as JSON. Ratios are exact, as fractions; what is not known is null.
fn standing(objectives: &Objectives) -> String {
    let mut out = String::from("{\"objectives\":[");
    for (at, (slo, verdict)) in objectives.verdicts().into_iter().enumerate() {
        let evidence = &verdict.evidence;
        let status = match &verdict.status {
            Status::Ok => "ok",
            Status::Breached => "breached",
            Status::Unknown(_) => "unknown",
        };
        let comma = if at > 0 { "," } else { "" };
        let severity = verdict.severity.map(|severity| format!("\"{severity:?}\"").to_lowercase());
        let exhausted = evidence.time_to_exhaustion.map(|time| time.as_secs().to_string());
        // A name is letters, digits and hyphens.
        let _ = write!(
            out,
            "{comma}{{\"name\":\"{}\",\"target\":{},\"period\":\"{}\",\"status\":\"{status}\",\"severity\":{},\"good\":{},\"total\":{},\
             \"ratio\":{},\"remaining\":{},\"burn_rate\":{},\"seconds_to_exhaustion\":{},\"hung\":{},\"too_few\":{}}}",
            slo.name,
            slo.target,
            slo.period,
            or_null(severity),
            evidence.sli.good,
            evidence.sli.total,
            fraction(evidence.sli.ratio()),
            fraction(evidence.budget.and_then(|budget| budget.remaining())),
            fraction(evidence.burn_rate),
            or_null(exhausted),
            evidence.hung,
            evidence.too_few,
        );
    }
    out.push_str("]}\n");
    out
}

fn fraction(ratio: Option<Ratio>) -> String {
    or_null(ratio.map(|ratio| format!("\"{ratio}\"")))
}

fn or_null(text: Option<String>) -> String {
    text.unwrap_or_else(|| "null".to_owned())
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
