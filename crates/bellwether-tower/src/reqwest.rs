//! The same account for calls that reqwest makes, as middleware of reqwest-middleware.

use std::future::poll_fn;
use std::pin::pin;

use bellwether_core::Outcome;
use http::{Extensions, Uri};
use reqwest::{Body, Request, Response, ResponseBuilderExt};
use reqwest_middleware::{Error, Middleware, Next, Result};

use crate::body::ResponseBody;
use crate::client::{CallLayer, Outgoing};

/// A [`CallLayer`] as reqwest middleware: put it last, nearest to the client.
///
/// ```
/// use bellwether_core::Registry;
/// use bellwether_tower::{CallLayer, ObserveCalls};
///
/// # use bellwether_core::Error;
/// # use reqwest_middleware::ClientWithMiddleware;
/// fn observed(client: reqwest::Client, registry: &Registry) -> Result<ClientWithMiddleware, Error> {
///     let calls = CallLayer::builder(registry).peer("tts").build()?;
///     Ok(reqwest_middleware::ClientBuilder::new(client).with(ObserveCalls::new(calls)).build())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ObserveCalls(CallLayer);

impl ObserveCalls {
    /// Observes calls as `layer` describes.
    pub fn new(layer: CallLayer) -> Self {
        Self(layer)
    }
}

#[async_trait::async_trait]
impl Middleware for ObserveCalls {
    async fn handle(&self, mut request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        // A URL that is no URI (over 64 KiB, say) is called all the same, by the name of its host.
        let uri = request.url().as_str().parse::<Uri>().unwrap_or_else(|_| host_only(request.url().host_str()));
        let bytes = request.body().map_or(Some(0), |body| body.as_bytes().map(|bytes| bytes.len() as u64));
        let (method, version) = (request.method().clone(), request.version());
        let mut account = self.0.open(&Outgoing { method: &method, uri: &uri, version, bytes }, request.headers_mut());
        let result = {
            let mut call = pin!(next.run(request, extensions));
            poll_fn(|cx| account.run(|| call.as_mut().poll(cx))).await
        };
        match result {
            Ok(response) => {
                // Not the one asked for, if there was a redirect.
                let url = response.url().clone();
                let (head, body) = http::Response::<Body>::from(response).into_parts();
                let over = account.head(&head, http_body::Body::is_end_stream(&body));
                let account = if over {
                    account.complete(None);
                    None
                } else {
                    Some(account)
                };
                let body = Body::wrap(ResponseBody::new(body, account));
                let mut response = http::Response::builder().url(url).body(body).map_err(Error::middleware)?;
                let url = response.extensions_mut().clone();
                *response.status_mut() = head.status;
                *response.version_mut() = head.version;
                *response.headers_mut() = head.headers;
                *response.extensions_mut() = head.extensions;
                response.extensions_mut().extend(url);
                Ok(Response::from(response))
            }
            Err(error) => {
                let (kind, outcome) = kind(&error);
                account.service_failed(kind, outcome);
                Err(error)
            }
        }
    }
}

/// Names an error by what reqwest says of it, not by its text.
fn kind(error: &Error) -> (&'static str, Outcome) {
    let Error::Reqwest(error) = error else { return ("middleware", Outcome::Failure) };
    let kind = match error {
        error if error.is_timeout() => "timeout",
        error if error.is_connect() => "connect",
        error if error.is_redirect() => "redirect",
        error if error.is_body() => "body",
        error if error.is_decode() => "decode",
        error if error.is_builder() => "builder",
        _ => "request",
    };
    (kind, Outcome::Failure)
}

fn host_only(host: Option<&str>) -> Uri {
    host.and_then(|host| format!("http://{host}/").parse().ok()).unwrap_or_default()
}
