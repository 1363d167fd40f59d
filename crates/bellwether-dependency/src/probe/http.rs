//! Whether an HTTP server answers, through whatever client there is.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{Response, StatusCode};
use http_body::Body;

use super::{Finding, Probe};
use crate::fault::Fault;
use crate::health::{Document, Statement};

/// Of a body no more is read.
const MAX_BODY: usize = 64 << 10;

impl Probe {
    /// Whether a server answers a request with a status below 400. The request is made by any client whose answer is an
    /// [`http::Response`] or becomes one: hyper's, a tower service, reqwest's.
    ///
    /// A health document (`application/health+json`) is what the dependency [says of itself](crate::Statement): whatever it
    /// says, and with whatever status, the one who says it has answered. At most 64 KiB of a body are read; one that is longer is
    /// an answer like any other. A redirect is not followed here.
    ///
    /// ```
    /// # use bellwether_dependency::Probe;
    /// # async fn get(_: &str) -> Result<http::Response<String>, std::io::Error> { Ok(http::Response::default()) }
    /// // `move || client.get("http://stt.internal/health").send()` for reqwest,
    /// // `move || client.get(uri.clone())` for hyper-util's client.
    /// let probe = Probe::http(|| get("http://stt.internal/health"));
    /// # let _ = probe;
    /// ```
    pub fn http<R, B, E, F>(request: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Response<B>>,
        E: Error + 'static,
        B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self::of_request(request, None)
    }

    /// [`http`](Self::http), with a rule of one's own on which statuses are well, whether there is a health document or not.
    pub fn http_judged<R, B, E, F>(
        request: impl Fn() -> F + Send + Sync + 'static,
        is_well: impl Fn(StatusCode) -> bool + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Response<B>>,
        E: Error + 'static,
        B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self::of_request(request, Some(Arc::new(is_well)))
    }

    fn of_request<R, B, E, F>(request: impl Fn() -> F + Send + Sync + 'static, rule: Option<Arc<Rule>>) -> Self
    where
        F: Future<Output = Result<R, E>> + Send + 'static,
        R: Into<Response<B>>,
        E: Error + 'static,
        B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self::of(move || {
            let (request, rule) = (request(), rule.clone());
            Box::pin(async move {
                let answer = request.await.map(Into::<Response<B>>::into).map_err(|error| Fault::of(&error));
                let (head, body) = answer?.into_parts();
                let is_document = head.headers.get(CONTENT_TYPE).is_some_and(is_document);
                let body = read(body).await?;
                let says = body.filter(|_| is_document).and_then(|body| Statement::read(&body));
                let is_well = match rule {
                    Some(is_well) => is_well(head.status),
                    None => head.status.as_u16() < 400 || says.is_some(),
                };
                match says {
                    _ if !is_well => Err(Fault::of_status(head.status.as_u16())),
                    Some(says) => Ok(Finding::Says(says)),
                    None => Ok(Finding::Well),
                }
            })
        })
    }
}

/// Whether a status is well.
type Rule = dyn Fn(StatusCode) -> bool + Send + Sync;

/// The body; `None` if it is too long. Read to its end it leaves a connection that can be used again.
async fn read<B>(body: B) -> Result<Option<Vec<u8>>, Fault>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    use bytes::Buf as _;
    let (mut body, mut bytes) = (pin!(body), Vec::new());
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| {
            let error: Box<dyn Error + Send + Sync> = error.into();
            Fault::of(&*error)
        })?;
        let Ok(mut data) = frame.into_data() else { continue };
        if MAX_BODY - bytes.len() < data.remaining() {
            return Ok(None);
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            bytes.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    Ok(Some(bytes))
}

/// Whatever its parameters.
fn is_document(media_type: &http::HeaderValue) -> bool {
    let essence = media_type.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(Document::MEDIA_TYPE.as_bytes())
}
