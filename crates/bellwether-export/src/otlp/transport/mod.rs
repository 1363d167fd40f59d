//! One way to a collector: takes an encoded request, brings back what the collector said.

mod answer;
mod client;
#[cfg(test)]
mod tests;
mod tls;

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use std::time::SystemTime;

use super::destination::{Compression, Protocol, Resolved};
use super::error::Error;
use client::Client;

pub(crate) use answer::Answer;

/// No answer that we understand is longer.
const MAX_ANSWER: usize = 64 << 10;
const USER_AGENT: &str = concat!("bellwether-export/", env!("CARGO_PKG_VERSION"));

/// A way to a collector, with connections that it keeps.
#[derive(Debug)]
pub(crate) struct Transport {
    to: Resolved,
    headers: HeaderMap,
    client: Client,
}

/// A request as it goes out; cheap to clone, so that it can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Packed(Bytes);

impl Packed {
    /// The buffer, for the next request, if nobody looks into it any more.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.0.try_into_mut().map(Vec::from).unwrap_or_default()
    }
}

impl Transport {
    /// # Errors
    /// If certificates cannot be read.
    pub(crate) fn new(to: Resolved) -> Result<Self, Error> {
        let client = Client::new(&to)?;
        let mut headers = to.headers.clone();
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        let gzip = HeaderValue::from_static("gzip");
        match (to.protocol, to.compression) {
            (Protocol::Grpc, compression) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
                headers.insert(header::TE, HeaderValue::from_static("trailers"));
                let millis = to.timeout.as_millis().min(99_999_999);
                if let Ok(timeout) = HeaderValue::try_from(format!("{millis}m")) {
                    headers.insert(HeaderName::from_static("grpc-timeout"), timeout);
                }
                if compression == Compression::Gzip {
                    headers.insert(HeaderName::from_static("grpc-encoding"), gzip);
                }
            }
            (Protocol::Http, compression) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
                if compression == Compression::Gzip {
                    headers.insert(header::CONTENT_ENCODING, gzip);
                }
            }
        }
        Ok(Self { to, headers, client })
    }

    /// Where it goes, for messages.
    pub(crate) fn uri(&self) -> &http::Uri {
        &self.to.uri
    }

    /// Makes a request of a message: compressed, and framed as gRPC wants it. `spare` is a buffer to use.
    pub(crate) fn pack(&self, message: &[u8], mut spare: Vec<u8>) -> Packed {
        spare.clear();
        let frame = if self.to.protocol == Protocol::Grpc { 5 } else { 0 };
        spare.resize(frame, 0);
        let gzip = self.to.compression == Compression::Gzip;
        if gzip {
            let mut packer = GzEncoder::new(spare, Level::fast());
            // Writing into memory cannot fail.
            let _ = packer.write_all(message);
            spare = packer.finish().unwrap_or_default();
        } else {
            spare.extend_from_slice(message);
        }
        let len = (spare.len().saturating_sub(frame) as u32).to_be_bytes();
        if let Some([compressed, length @ ..]) = spare.get_mut(..frame) {
            *compressed = u8::from(gzip);
            length.copy_from_slice(&len);
        }
        Packed(Bytes::from(spare))
    }

    /// One attempt; never takes longer than the timeout. `now` is for a `Retry-After` that names a date.
    pub(crate) async fn send(&mut self, packed: &Packed, now: SystemTime) -> Answer {
        let attempt = tokio::time::timeout(self.to.timeout, self.attempt(packed.0.clone(), now)).await;
        let (answer, broken) = match attempt {
            Ok(Ok(answer)) => (answer, false),
            Ok(Err(why)) => (Answer::Again { after: None, why }, true),
            Err(_) => (Answer::Again { after: None, why: format!("no answer within {:?}", self.to.timeout) }, true),
        };
        if broken {
            // A connection on which nothing comes back looks alive for minutes: the next attempt gets another.
            self.client.reconnect();
        }
        answer
    }

    async fn attempt(&self, body: Bytes, now: SystemTime) -> Result<Answer, String> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.to.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = self.client.request(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        match (self.to.protocol, body) {
            (Protocol::Grpc, Ok(body)) => {
                let trailers = body.trailers().cloned();
                let status = trailers.as_ref().filter(|trailers| trailers.contains_key("grpc-status"));
                Ok(answer::of_grpc(head.status, status.unwrap_or(&head.headers), &body.to_bytes()))
            }
            (Protocol::Http, Ok(body)) => Ok(answer::of_http(head.status, &head.headers, &body.to_bytes(), now)),
            // An error is an error, however its page was cut short; of a success we have to see the end.
            (Protocol::Http, Err(_)) if head.status != StatusCode::OK => {
                Ok(answer::of_http(head.status, &head.headers, &[], now))
            }
            (_, Err(error)) => Err(format!("the answer broke off: {}", client::causes(&*error))),
        }
    }
}
