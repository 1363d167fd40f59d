//! Errors of the operating system.

use std::error::Error;
use std::io::ErrorKind;

use super::Fault;
use crate::cascade::Failure;

/// One that was made of another error is asked for that first: around it, the kind says little.
pub(super) fn look(error: &(dyn Error + 'static)) -> Option<Fault> {
    let error = error.downcast_ref::<std::io::Error>()?;
    if let Some(inner) = error.get_ref() {
        let inner = Fault::of(inner);
        if inner.failure != Failure::Unknown {
            return Some(inner);
        }
    }
    of_kind(error.kind()).map(Fault::new)
}

fn of_kind(kind: ErrorKind) -> Option<Failure> {
    Some(match kind {
        // A socket with a time limit says `WouldBlock` on Unix.
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::Timeout,
        ErrorKind::ConnectionRefused => Failure::Refused,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable => Failure::Connect,
        ErrorKind::InvalidData => Failure::Decode,
        ErrorKind::InvalidInput => Failure::BadRequest,
        _ => return None,
    })
}
