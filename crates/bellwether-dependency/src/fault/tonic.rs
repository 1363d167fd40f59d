//! Statuses of gRPC, as tonic has them.

use std::error::Error;

use tonic::{Code, Status};

use super::{Fault, Retry};
use crate::cascade::Failure;

/// A status that tonic made of an error has that as its source, which knows more.
pub(super) fn look(error: &(dyn Error + 'static)) -> Option<Fault> {
    let status = error.downcast_ref::<Status>()?;
    let of_source = status.source().map(Fault::of).filter(|fault| fault.failure != Failure::Unknown);
    of_source.or_else(|| of_code(status.code()))
}

fn of_code(code: Code) -> Option<Fault> {
    Some(match code {
        Code::Cancelled => Fault::new(Failure::Cancelled),
        Code::DeadlineExceeded => Fault::new(Failure::Timeout),
        Code::PermissionDenied | Code::Unauthenticated => Fault::new(Failure::Auth),
        Code::ResourceExhausted => Fault::new(Failure::RateLimited),
        Code::Unavailable => Fault::new(Failure::Upstream),
        Code::Aborted => Fault::new(Failure::BadRequest).retry(Retry::Helps),
        Code::Internal | Code::DataLoss => Fault::new(Failure::Upstream).retry(Retry::InVain),
        Code::Ok | Code::Unknown => return None,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented => Fault::new(Failure::BadRequest),
    })
}
