//! The query API as a service: from a request to an answer.

mod body;
mod cardinality;
mod encoding;
mod endpoints;
mod query;
mod series;
mod status;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bellwether_core::Clock;
use bellwether_promql::Options;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_service::Service;

use crate::Source;
use crate::failure::{Failure, Kind};
use crate::json::{Form, Output, Written};
use crate::params::{Params, decode};
use crate::run::{Place, Places, Watch};
pub use body::QueryBody;
use endpoints::{Answers, Endpoint};

/// Prometheus's query API over a [`Source`]. Cheap to clone.
///
/// It is a [`tower_service::Service`] that answers below `/api/v1/`: `query`, `query_range`, `query_exemplars`, `series`,
/// `labels`, `label/NAME/values`, `metadata`, `format_query`, `status/buildinfo`, and what else clients of Prometheus ask for.
/// It knows no authorization: whoever mounts it decides who may ask.
///
/// ```
/// use std::sync::Arc;
/// use bellwether_core::{Clock, Timestamp};
/// use bellwether_dashboard::QueryApi;
/// use bellwether_promql::{Labels, MemoryStorage, Sample};
///
/// let mut storage = MemoryStorage::new();
/// storage.push(&Labels::new([("__name__", "up"), ("job", "api")]), Sample::float(1_700_000_000_000, 1.0));
/// let storage = Arc::new(storage);
/// let api = QueryApi::new(move || storage.clone(), Clock::manual(Timestamp::from_unix_seconds(1_700_000_060)));
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// use http_body_util::{BodyExt, Empty};
/// let request = http::Request::get("/api/v1/query?query=up").body(Empty::<bytes::Bytes>::new()).unwrap();
/// let response = api.respond(request).await;
/// let body = response.into_body().collect().await.unwrap().to_bytes();
/// assert_eq!(
///     body,
///     r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"api"},"value":[1700000060,"1"]}]}}"#
/// );
/// # });
/// ```
#[derive(Clone)]
pub struct QueryApi {
    source: Arc<dyn Fn() -> Box<dyn Source> + Send + Sync>,
    clock: Clock,
    options: Options,
    timeout: Duration,
    max_answer: usize,
    gzip: bool,
    /// When it was made, in milliseconds since 1970.
    began_ms: i64,
    places: Arc<Places>,
}

/// What a request may take of memory: more than any query a person or a page writes.
const MAX_REQUEST: usize = 1 << 20;

/// A step more than Prometheus allows per series, since it counts steps and we count what they part.
const MAX_STEPS: usize = 11_001;

impl QueryApi {
    /// An API over what `source` gives: it is called for each request, on a thread that may block, and the request sees
    /// nothing else, so that all its parts see the same. Of the clock it takes what time it is, unless a request says, and how
    /// long a query may take.
    pub fn new<S: Source + 'static>(source: impl Fn() -> S + Send + Sync + 'static, clock: Clock) -> Self {
        Self {
            source: Arc::new(move || Box::new(source())),
            began_ms: unix_ms(&clock),
            clock,
            options: Options::default(),
            timeout: Duration::from_secs(120),
            max_answer: 256 << 20,
            gzip: true,
            places: Arc::new(Places::new(4)),
        }
    }

    /// How queries are evaluated, and how much each may take. Default: as Prometheus does. The steps of a range are always
    /// limited to Prometheus's 11,000.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// How long a query may take, waiting included. A request may say less by `timeout`. Default: two minutes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many queries run at a time; for each of them, 16 may wait. Default: 4.
    #[must_use]
    pub fn max_concurrent(mut self, queries: usize) -> Self {
        self.places = Arc::new(Places::new(queries));
        self
    }

    /// How large an answer may get. So many for each query that runs is what answers can take of memory, however slowly they
    /// are read. Default: 256 MiB.
    #[must_use]
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Whether answers of more than 4 KiB are gzipped for clients that ask for it, a tenth of the bytes for three times the
    /// CPU time. Default: they are.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// Answers a request. To be called on a tokio runtime with a timer; dropping the future cancels the query.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<QueryBody>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.answer(request).await.unwrap_or_else(|failure| fail(&failure))
    }

    fn now_ms(&self) -> i64 {
        unix_ms(&self.clock)
    }

    async fn answer<B>(&self, request: Request<B>) -> Result<Response<QueryBody>, Failure>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        if let Some(answer) = beside(&parts) {
            return Ok(answer);
        }
        let (endpoint, name) = route(parts.uri.path())?;
        let known = || Failure::new(Kind::Method, format!("{} is not a method of this endpoint", parts.method));
        if parts.method != Method::GET && !(endpoint.post && parts.method == Method::POST) {
            return Ok(not_allowed(fail(&known()), endpoint));
        }
        let query = match endpoint.answers {
            Answers::Known(answer) => return Ok(respond(answer(self), None)),
            Answers::Query(query) => query,
        };
        let params = self.params(&parts, body).await?;
        let timeout = if endpoint.timed { params.timeout().ok().flatten() } else { None };
        let watch = Watch::new(self.clock.clone(), timeout.unwrap_or(Duration::MAX).min(self.timeout));
        let (api, gzip) = (self.clone(), self.gzip && encoding::wants_gzip(&parts.headers));
        let work = move |watch: &Watch, place| {
            let queued = watch.elapsed();
            let source = (api.source)();
            let ask = Ask { api, source, params, name, watch: watch.clone(), queued };
            let limit = ask.api.max_answer;
            let mut out = Output::new(Form { limit, gzip, watch: Some(watch.clone()) });
            out.raw("{\"status\":\"success\",\"data\":");
            Ok(written(query(&ask, &mut out)?, out, place))
        };
        self.places.run(watch, work).await?
    }

    async fn params<B>(&self, parts: &Parts, body: B) -> Result<Params, Failure>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut params = Params::default();
        let form = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        if parts.method == Method::POST && form {
            encoding::plain(&parts.headers)?;
            // Somebody who sends slowly holds no more than a connection.
            let late = |_| Failure::bad_data("error parsing form values: the body did not come in time");
            let body = tokio::time::timeout(self.timeout, Limited::new(body, MAX_REQUEST).collect());
            let body = body.await.map_err(late)?.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => Failure::new(Kind::TooLarge, format!("the body is larger than {MAX_REQUEST} bytes")),
                None => Failure::bad_data("error parsing form values: the body ended early"),
            })?;
            let body = body.to_bytes();
            let text = std::str::from_utf8(&body);
            params.add(text.map_err(|_| Failure::bad_data("error parsing form values: the body is not UTF-8"))?)?;
        }
        params.add(parts.uri.query().unwrap_or_default())?;
        Ok(params)
    }
}

fn unix_ms(clock: &Clock) -> i64 {
    i64::try_from(clock.timestamp().unix_millis()).unwrap_or(i64::MAX)
}

/// What Prometheus answers beside its endpoints: whether it is there, and `OPTIONS`.
fn beside(parts: &Parts) -> Option<Response<QueryBody>> {
    let (path, method) = (parts.uri.path(), &parts.method);
    let seen = method == Method::GET || method == Method::HEAD;
    match path {
        "/-/healthy" if seen => Some(status::fine("Healthy")),
        "/-/ready" if seen => Some(status::fine("Ready")),
        // Nothing that would let a page of another site read on.
        _ if method == Method::OPTIONS && path.starts_with("/api/v1/") => Some(empty()),
        _ => None,
    }
}

/// What is asked of an endpoint.
struct Ask {
    api: QueryApi,
    source: Box<dyn Source>,
    params: Params,
    /// What the path names.
    name: String,
    watch: Watch,
    /// How long it waited for a place.
    queued: Duration,
}

/// What is said beside an answer.
#[derive(Debug, Default)]
struct Notes {
    warnings: Vec<String>,
    infos: Vec<String>,
}

impl Notes {
    /// A warning that there is more than the limit let through, if there is.
    fn truncated(is: bool) -> Self {
        let warnings = if is { vec!["results truncated due to limit".to_owned()] } else { Vec::new() };
        Self { warnings, infos: Vec::new() }
    }
}

/// The endpoint of a path, and what it names.
fn route(path: &str) -> Result<(&'static Endpoint, String), Failure> {
    let unknown = || Failure::new(Kind::NotFound, format!("there is no {path:?} here; queries go to /api/v1/query"));
    let path = path.strip_prefix("/api/v1/").ok_or_else(unknown)?;
    if let Some(endpoint) = endpoints::ALL.iter().find(|endpoint| endpoint.path == path) {
        return Ok((endpoint, String::new()));
    }
    let name = path.strip_prefix("label/").and_then(|rest| rest.strip_suffix("/values"));
    let name = name.filter(|name| !name.contains('/')).ok_or_else(unknown)?;
    Ok((&endpoints::LABEL_VALUES, decode(name, false)?))
}

/// What an endpoint wrote, with what goes around it. Some have nothing to say.
fn written(notes: Option<Notes>, mut out: Output, place: Place) -> Response<QueryBody> {
    let Some(Notes { warnings, infos }) = notes else { return empty() };
    for (name, kind, notes) in [("warnings", "warning", warnings), ("infos", "info", infos)] {
        if notes.is_empty() {
            continue;
        }
        out.raw(&format!(",\"{name}\":"));
        // Ten of each say enough.
        const MOST: usize = 10;
        let more = notes.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("{more} more {kind} annotations omitted"));
        // Only the limit makes it fail, and what is said beside an answer is within it.
        let _ = out.texts(notes.iter().take(MOST).chain(&more).map(String::as_str));
    }
    out.raw("}");
    respond(out, Some(place))
}

fn empty() -> Response<QueryBody> {
    let mut response = Response::new(QueryBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn respond(out: Output, place: Option<Place>) -> Response<QueryBody> {
    let Written { chunks, bytes, gzip } = out.finish();
    let mut response = Response::new(QueryBody::new(chunks, bytes, place));
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept-encoding"),
        // No browser is to take it for a page or a script.
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn fail(failure: &Failure) -> Response<QueryBody> {
    let (kind, status) = failure.kind.told();
    let mut out = Output::new(Form::short());
    out.raw(&format!("{{\"status\":\"error\",\"errorType\":\"{kind}\",\"error\":"));
    out.text(&failure.message);
    out.raw("}");
    let mut response = respond(out, None);
    *response.status_mut() = status;
    if failure.kind == Kind::Unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn not_allowed(mut response: Response<QueryBody>, endpoint: &Endpoint) -> Response<QueryBody> {
    let methods = if endpoint.post { "GET, OPTIONS, POST" } else { "GET, OPTIONS" };
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

impl<B> Service<Request<B>> for QueryApi
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<QueryBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move { Ok(api.respond(request).await) })
    }
}

impl fmt::Debug for QueryApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { options, timeout, max_answer, places, .. } = self;
        let mut f = f.debug_struct("QueryApi");
        f.field("options", options).field("timeout", timeout).field("max_answer", max_answer);
        f.field("places", places).finish_non_exhaustive()
    }
}
