//! Errors of reqwest.

use std::error::Error;

use super::{Fault, io};
use crate::cascade::Failure;

/// What was wrong with a connection is found among its sources.
pub(super) fn look(error: &(dyn Error + 'static)) -> Option<Fault> {
    let error = error.downcast_ref::<reqwest::Error>()?;
    if let Some(status) = error.status() {
        return Some(Fault::of_status(status.as_u16()));
    }
    // A deadline of ours that broke it off, a refusal further in.
    if let Some(ours) = super::chain(error).skip(1).find_map(super::of_ours) {
        return Some(ours);
    }
    let within = |look: super::Look| super::chain(error).skip(1).find_map(look).map(|fault| fault.failure);
    Some(Fault::new(if error.is_timeout() {
        Failure::Timeout
    } else if error.is_dns() {
        Failure::Dns
    } else if error.is_builder() || error.is_redirect() {
        Failure::BadRequest
    } else if let Some(tls) = within(of_tls) {
        tls
    } else if error.is_connect() || error.is_body() {
        within(io::look).filter(|failure| *failure != Failure::Decode).unwrap_or(Failure::Connect)
    } else if error.is_decode() {
        // A body that was cut cannot be read, either; what cut it is the reason.
        within(io::look).or_else(|| within(super::hyper::look)).unwrap_or(Failure::Decode)
    } else {
        return None;
    }))
}

#[cfg(feature = "rustls")]
fn of_tls(error: &(dyn Error + 'static)) -> Option<Fault> {
    super::rustls::look(error)
}

#[cfg(not(feature = "rustls"))]
fn of_tls(_: &(dyn Error + 'static)) -> Option<Fault> {
    None
}
