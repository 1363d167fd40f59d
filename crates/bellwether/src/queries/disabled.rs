//! The query API without the feature `dashboard`: there is none.

use axum::Router;
use axum::response::Response;
use bellwether_core::Clock;
use http::request::Parts;

use crate::error::Error;
use crate::keeper::Keeper;

/// Nothing that could be asked.
#[derive(Debug, Default)]
pub(crate) struct Queries {}

impl Queries {
    pub(crate) fn checked(self) -> Result<Self, Error> {
        Ok(self)
    }

    pub(crate) fn over(self, _: &Keeper, _: &Clock) -> Self {
        self
    }

    pub(crate) fn add_to<S: Clone + Send + Sync + 'static>(
        &self,
        router: Router<S>,
        _: impl Fn(&Parts) -> Result<(), Box<Response>>,
    ) -> Router<S> {
        router
    }
}
