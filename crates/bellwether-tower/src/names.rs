//! The words that go into labels: methods, versions, schemes and gRPC codes, each from a bounded list.

use std::borrow::Cow;

use bellwether_core::Outcome;
use http::{Method, StatusCode, Version};

/// What stands for everything that is not on a list.
pub(crate) const OTHER: &str = "_OTHER";

/// The methods the semantic conventions know.
pub(crate) const KNOWN_METHODS: [&str; 10] =
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY"];

/// Which methods are called by their name.
#[derive(Debug, Clone)]
pub(crate) struct Methods(Cow<'static, [&'static str]>);

impl Default for Methods {
    fn default() -> Self {
        Self(Cow::Borrowed(&KNOWN_METHODS))
    }
}

impl Methods {
    pub(crate) fn only(methods: Vec<&'static str>) -> Self {
        Self(Cow::Owned(methods))
    }

    #[inline]
    pub(crate) fn name(&self, method: &Method) -> &'static str {
        let method = method.as_str();
        self.0.iter().find(|known| **known == method).copied().unwrap_or(OTHER)
    }
}

pub(crate) fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// `http` or `https`; an HTTP/2 client may send any word for it.
pub(crate) fn scheme(given: Option<&str>, default: &'static str) -> &'static str {
    match given {
        Some("https") => "https",
        Some("http") => "http",
        Some(_) => OTHER,
        None => default,
    }
}

/// How an HTTP answer counts. A 4xx is the caller's doing.
pub(crate) fn http_outcome(status: StatusCode) -> Outcome {
    match status.as_u16() {
        500.. => Outcome::Failure,
        400..=499 => Outcome::ClientError,
        _ => Outcome::Success,
    }
}

/// A gRPC status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(u8);

const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Code {
    pub(crate) const OK: Self = Self(0);
    pub(crate) const CANCELLED: Self = Self(1);
    pub(crate) const UNKNOWN: Self = Self(2);

    /// The code of a `grpc-status`; one that no list knows is UNKNOWN.
    pub(crate) fn parse(header: &[u8]) -> Self {
        let number = std::str::from_utf8(header).ok().and_then(|text| text.parse().ok());
        number.filter(|number| usize::from(*number) < CODES.len()).map_or(Self::UNKNOWN, Self)
    }

    /// What gRPC makes of an answer that is not gRPC's.
    /// Source: <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
    pub(crate) fn of_http(status: StatusCode) -> Self {
        Self(match status.as_u16() {
            400 => 13,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502 | 503 | 504 => 14,
            _ => 2,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        CODES.get(usize::from(self.0)).copied().unwrap_or("UNKNOWN")
    }

    /// Whether only a method that is there gives this answer: not PERMISSION_DENIED, UNIMPLEMENTED or UNAUTHENTICATED.
    pub(crate) fn vouches_for_method(self) -> bool {
        !matches!(self.0, 7 | 12 | 16)
    }

    /// Whether the semantic conventions call it an error of the server.
    pub(crate) fn is_server_error(self) -> bool {
        matches!(self.0, 2 | 4 | 12..=15)
    }

    /// How it counts on the server's side. UNIMPLEMENTED is the caller's doing: it called what is not there.
    pub(crate) fn server_outcome(self) -> Outcome {
        match self.0 {
            0 => Outcome::Success,
            1 => Outcome::Cancelled,
            2 | 4 | 13..=15 => Outcome::Failure,
            _ => Outcome::ClientError,
        }
    }

    /// How it counts on the client's side.
    pub(crate) fn client_outcome(self) -> Outcome {
        match self.0 {
            0 => Outcome::Success,
            1 => Outcome::Cancelled,
            8 => Outcome::Throttled,
            2 | 4 | 13..=15 => Outcome::Failure,
            _ => Outcome::ClientError,
        }
    }
}

/// Whether a content type is gRPC's: `application/grpc`, alone or with `+proto`, `;…`.
pub(crate) fn is_grpc(content_type: &http::HeaderValue) -> bool {
    let rest = content_type.as_bytes().strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The last part of a type's path, without its parameters: `Elapsed` of `tower::timeout::error::Elapsed`.
pub(crate) fn short_type_name<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}
