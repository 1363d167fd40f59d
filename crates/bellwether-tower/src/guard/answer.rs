//! Answers that can be guarded to the end of their body: those of the `http` crate, and reqwest's.

use http::Response;
use http_body::Body;

use super::body::GuardedBody;
use super::error::BoxError;

/// An answer over HTTP: `http::Response` of any body, or `reqwest::Response`.
pub trait Answer: private::Sealed {
    /// Its body.
    type Body: Body<Error: Into<BoxError>>;
    /// What it is once its body is guarded.
    type Guarded;

    #[doc(hidden)]
    fn open(self) -> Response<Self::Body>;

    #[doc(hidden)]
    fn close(answer: Response<GuardedBody<Self::Body>>) -> Self::Guarded;
}

pub(crate) mod private {
    pub trait Sealed {}
}

impl<B> private::Sealed for Response<B> {}

impl<B: Body<Error: Into<BoxError>>> Answer for Response<B> {
    type Body = B;
    type Guarded = Response<GuardedBody<B>>;

    #[inline]
    fn open(self) -> Self {
        self
    }

    #[inline]
    fn close(answer: Response<GuardedBody<B>>) -> Self::Guarded {
        answer
    }
}
