//! The query API with the feature `dashboard`: mounted behind the rules of `/metrics`.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use bellwether_core::Clock;
use bellwether_dashboard::QueryApi;
use http::Uri;
use http::request::Parts;

use crate::builder::Builder;
use crate::error::Error;
use crate::keeper::Keeper;

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    api: Option<QueryApi>,
    /// Whether the service's own history is asked, if nothing else is.
    own: bool,
    /// What goes before `/api/v1`.
    prefix: String,
}

impl Builder {
    /// Answers queries over the service's own [`history`](crate::Bellwether::history) as a Prometheus would, below `/api/v1/`
    /// of [`Bellwether::router`](crate::Bellwether::router) and on ports of its own, for those who may read `/metrics`.
    /// Whoever asks is served by the runtime that serves the routes, which needs a timer.
    pub fn queries(mut self) -> Self {
        self.queries.own = true;
        self
    }

    /// As [`queries`](Self::queries), over another source or with other bounds.
    pub fn query_api(mut self, api: QueryApi) -> Self {
        self.queries.api = Some(api);
        self
    }

    /// A path that goes before `/api/v1/`, such as `/prometheus`, for an application that has an `/api` of its own. Clients
    /// take it as part of the server's address.
    pub fn query_prefix(mut self, path: &str) -> Self {
        path.clone_into(&mut self.queries.prefix);
        self
    }
}

impl Queries {
    /// With a prefix that can be part of a route.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let Self { prefix, .. } = &self;
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let path = prefix.starts_with('/') && !prefix.ends_with('/') && prefix.bytes().all(legal);
        if prefix.is_empty() || path {
            return Ok(self);
        }
        Err(Error::setting("query_prefix", format_args!("{prefix:?} is not accepted; a path is, such as /prometheus")))
    }

    /// With history to ask, if nothing else was given.
    pub(crate) fn over(mut self, keeper: &Keeper, clock: &Clock) -> Self {
        if self.own && self.api.is_none() {
            let history = keeper.history();
            self.api = Some(QueryApi::new(move || history.view(), clock.clone()));
        }
        self
    }

    pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(
        &self,
        router: Router<S>,
        admit: impl Fn(&Parts) -> Result<(), Box<Response>> + Clone + Send + Sync + 'static,
    ) -> Router<S> {
        let Some(api) = &self.api else { return router };
        let (api, before) = (api.clone(), self.prefix.len());
        let route = format!("{}/api/v1/{{*endpoint}}", self.prefix);
        router.route(
            &route,
            any(move |request: Request| {
                let (api, admit) = (api.clone(), admit.clone());
                async move {
                    let (mut parts, body) = request.into_parts();
                    if let Err(refusal) = admit(&parts) {
                        return *refusal;
                    }
                    parts.uri = within(&parts.uri, before);
                    api.respond(Request::from_parts(parts, body)).await.map(Body::new)
                }
            }),
        )
    }
}

/// An address without what goes before the API's own path.
fn within(uri: &Uri, before: usize) -> Uri {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    path.get(before..).and_then(|path| path.parse().ok()).unwrap_or_else(|| uri.clone())
}
