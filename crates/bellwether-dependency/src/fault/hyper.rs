//! Errors of hyper and of hyper-util's client.

use std::error::Error;

use hyper_util::client::legacy::Error as ClientError;
use hyper_util::client::legacy::connect::dns::InvalidNameError;

use super::Fault;
use crate::cascade::Failure;

pub(super) fn look(error: &(dyn Error + 'static)) -> Option<Fault> {
    if error.is::<InvalidNameError>() {
        return Some(Fault::new(Failure::Dns));
    }
    if let Some(client) = error.downcast_ref::<ClientError>() {
        return client.is_connect().then_some(Fault::new(Failure::Connect));
    }
    let error = error.downcast_ref::<hyper::Error>()?;
    Some(Fault::new(if error.is_timeout() {
        Failure::Timeout
    } else if error.is_canceled() {
        Failure::Cancelled
    } else if error.is_user() {
        Failure::BadRequest
    } else if error.is_closed() || error.is_incomplete_message() || error.is_body_write_aborted() {
        Failure::Connect
    } else if error.is_parse() {
        Failure::Decode
    } else {
        return None;
    }))
}
