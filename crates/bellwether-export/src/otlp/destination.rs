//! Where a signal goes: endpoint, protocol, headers, TLS; set for all signals or for one, then resolved.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::error::Error;
use super::signal::Signal;

/// OpenTelemetry's default for one attempt.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Far more than any collector asks for.
const MAX_HEADERS: usize = 64;

/// Which of the two wires is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// A POST of protobuf; port 4318 by default.
    #[default]
    Http,
    /// A gRPC call; port 4317 by default.
    Grpc,
}

/// Whether requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Compression {
    /// As they are.
    #[default]
    None,
    /// By gzip: a tenth of the bytes, at some CPU time of the export thread.
    Gzip,
}

/// Where signals go, and how. What is not set is as OpenTelemetry has it.
///
/// ```
/// use bellwether_export::otlp::{Compression, Destination, Protocol};
///
/// let collector = Destination::new()
///     .endpoint("https://collector.example:4317")
///     .protocol(Protocol::Grpc)
///     .header("authorization", "Bearer 7f3a")
///     .compression(Compression::Gzip);
/// assert!(!format!("{collector:?}").contains("7f3a")); // a header's value may be a secret
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[must_use = "settings do nothing until a pipeline is started with them"]
pub struct Destination {
    pub(super) enabled: Option<bool>,
    pub(super) endpoint: Option<String>,
    pub(super) protocol: Option<Protocol>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout: Option<Duration>,
    pub(super) compression: Option<Compression>,
    pub(super) insecure: Option<bool>,
    pub(super) certificates: Certificates,
}

/// Files of certificates, in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Certificates {
    /// Whom to trust, instead of whom the machine trusts.
    pub(crate) authorities: Option<PathBuf>,
    /// Who we are.
    pub(crate) client: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
}

/// All that is to be known to send a signal.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) uri: Uri,
    pub(crate) protocol: Protocol,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) compression: Compression,
    pub(crate) certificates: Certificates,
}

impl Destination {
    /// A destination of which nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The collector's URL. For all signals over HTTP it is a base, to which `/v1/traces` and the like are appended; for
    /// one signal it is taken as it is. For gRPC only scheme, host and port count, and `host:port` will do.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// HTTP or gRPC.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// A header to send with each request, such as a token; the later of two wins.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// How long one attempt may take; default 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether requests are compressed; default: not.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Whether a gRPC endpoint without a scheme is spoken to without TLS; default: with.
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = Some(insecure);
        self
    }

    /// A PEM file of the authorities to trust, instead of those that the machine trusts.
    pub fn authorities(mut self, pem: impl Into<PathBuf>) -> Self {
        self.certificates.authorities = Some(pem.into());
        self
    }

    /// PEM files of a certificate and its key, by which the collector knows us.
    pub fn client_certificate(mut self, pem: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificates.client = Some(pem.into());
        self.certificates.client_key = Some(key.into());
        self
    }

    /// Whether anything is sent there at all; default: yes.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// What holds for one signal, `self`, where nothing is set for it by `all`. `None` if it is not sent.
    pub(crate) fn resolve(&self, all: &Self, signal: Signal) -> Result<Option<Resolved>, Error> {
        if !self.enabled.or(all.enabled).unwrap_or(true) {
            return Ok(None);
        }
        let protocol = self.protocol.or(all.protocol).unwrap_or_default();
        let insecure = self.insecure.or(all.insecure).unwrap_or(false);
        let uri = match (&self.endpoint, &all.endpoint) {
            (Some(own), _) => url(own, protocol, insecure, None).map_err(|why| refuse(own, signal, why))?,
            (None, Some(base)) => {
                url(base, protocol, insecure, Some(signal)).map_err(|why| refuse(base, signal, why))?
            }
            (None, None) => {
                let local = if protocol == Protocol::Grpc { "http://localhost:4317" } else { "http://localhost:4318" };
                url(local, protocol, insecure, Some(signal)).map_err(|why| refuse(local, signal, why))?
            }
        };
        let uri = if protocol == Protocol::Grpc { at_path(uri, signal.grpc_path()) } else { uri };
        let mut headers = HeaderMap::new();
        for (name, value) in all.headers.iter().chain(&self.headers) {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        if headers.len() > MAX_HEADERS {
            return Err(Error::illegal("number of headers", &headers.len().to_string(), "at most 64"));
        }
        let own = &self.certificates;
        Ok(Some(Resolved {
            uri,
            protocol,
            headers,
            timeout: self.timeout.or(all.timeout).unwrap_or(TIMEOUT).max(Duration::from_millis(1)),
            compression: self.compression.or(all.compression).unwrap_or_default(),
            certificates: Certificates {
                authorities: own.authorities.clone().or_else(|| all.certificates.authorities.clone()),
                client: own.client.clone().or_else(|| all.certificates.client.clone()),
                client_key: own.client_key.clone().or_else(|| all.certificates.client_key.clone()),
            },
        }))
    }
}

fn refuse(url: &str, signal: Signal, accepted: &str) -> Error {
    Error::illegal(format_args!("the endpoint for {signal}"), &shown(url), accepted)
}

/// A URL without what may be secret: credentials, which end at the last `@` wherever that is, and the query, where some
/// collectors want their key.
pub(crate) fn shown(url: impl fmt::Display) -> String {
    let url = url.to_string();
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
    let (secret, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("…@", rest));
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    [scheme, secret, rest, query].concat()
}

/// What an endpoint may be.
const URLS: &str = "accepted is a URL such as \"http://localhost:4318\" or \"https://collector.example:4317\"";

/// The URL of an endpoint; with `base_of`, of the path below it where that signal goes by HTTP.
pub(crate) fn url(
    given: &str,
    protocol: Protocol,
    insecure: bool,
    base_of: Option<Signal>,
) -> Result<Uri, &'static str> {
    let given = given.trim();
    let with_scheme = match (protocol, given.contains("://")) {
        (Protocol::Grpc, false) if insecure => format!("http://{given}"),
        (Protocol::Grpc, false) => format!("https://{given}"),
        _ => given.to_owned(),
    };
    let uri: Uri = with_scheme.parse().map_err(|_| URLS)?;
    let known = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    let host = uri.authority().map(Authority::host).unwrap_or_default();
    if !known || host.is_empty() || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(URLS);
    }
    match base_of {
        Some(signal) if protocol == Protocol::Http => {
            if uri.query().is_some() {
                return Err("accepted for all signals is a URL without a query, since a path is appended to it");
            }
            let path = [uri.path().trim_end_matches('/'), signal.http_path()].concat();
            Ok(at_path(uri, &path))
        }
        _ => Ok(uri),
    }
}

fn at_path(uri: Uri, path: &str) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    Uri::from_parts(parts).unwrap_or(uri)
}

/// A header as HTTP wants it. Its value is not shown in the error.
pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let accepted = "accepted is a name of letters, digits and -_ such as \"x-api-key\"";
    let header: HeaderName =
        name.trim().to_ascii_lowercase().parse().map_err(|_| Error::illegal("a header's name", name, accepted))?;
    let ours = ["content-type", "content-length", "content-encoding", "grpc-encoding", "te", "host", "connection"];
    if ours.contains(&header.as_str()) {
        return Err(Error::illegal("a header's name", name, "accepted is any but those that the protocol itself sets"));
    }
    let mut secret: HeaderValue = value.trim().parse().map_err(|_| {
        Error::illegal(format_args!("the value of header {header}"), "…", "accepted are visible ASCII characters")
    })?;
    secret.set_sensitive(true);
    Ok((header, secret))
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Destination")
            .field("enabled", &self.enabled)
            .field("endpoint", &self.endpoint.as_ref().map(shown))
            .field("protocol", &self.protocol)
            .field("headers", &headers)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("insecure", &self.insecure)
            .field("certificates", &self.certificates)
            .finish()
    }
}
