//! Whether a TCP connection can be made.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::{Probe, blocking};
use crate::cascade::Failure;
use crate::fault::Fault;

/// No thread is left behind for longer, whatever the time limit of the probe.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) fn probe(address: &str) -> Probe {
    let address = address.to_owned();
    blocking::probe(move || connect(&address, LIMIT).map(drop))
}

/// A connection to the first address of `host:port` that takes one within this time.
pub(super) fn connect(address: &str, limit: Duration) -> Result<TcpStream, Fault> {
    // The operating system has no type for a name that is not known.
    let addresses = address.to_socket_addrs().map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Fault::new(Failure::BadRequest),
        _ => Fault::new(Failure::Dns),
    })?;
    let mut last = Fault::new(Failure::Dns);
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Fault::of(&error),
        }
    }
    Err(last)
}
