//! Errors of rustls: a certificate that is not accepted, no protocol in common.

use std::error::Error;

use super::Fault;
use crate::cascade::Failure;

pub(super) fn look(error: &(dyn Error + 'static)) -> Option<Fault> {
    error.is::<rustls::Error>().then_some(Fault::new(Failure::Tls))
}
