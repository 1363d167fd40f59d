//! Whether this process can be reached from this machine only: where its listening sockets are bound.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::{Clock, Instant};

/// The answer, and for how long it is good.
#[derive(Debug)]
pub(crate) struct Reach {
    clock: Clock,
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    at: Instant,
    /// How long it took to find out.
    took: Duration,
    loopback_only: bool,
}

/// The kernel is asked at most this often, however often somebody asks us.
const FRESH: Duration = Duration::from_secs(1);
/// And for at most one part in so many of the time: it takes a while to tell of a hundred thousand connections, and the
/// strangers among those who ask are not to have our threads for it.
const SHARE: u32 = 100;

impl Reach {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::new(None) }
    }

    /// Whether the process listens on TCP sockets, and all of them are bound to loopback addresses. False if nobody can
    /// tell.
    pub(crate) fn is_loopback_only(&self) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.clock.now();
        match *known {
            Some(known) if at.since(known.at) < known.fresh() => known.loopback_only,
            _ => {
                let loopback_only = ask();
                *known = Some(Known { at, took: self.clock.now().since(at), loopback_only });
                loopback_only
            }
        }
    }
}

impl Known {
    /// For how long it is good. A yes is always asked for again soon: there might be a new socket, and no stranger has
    /// come by any other.
    fn fresh(&self) -> Duration {
        if self.loopback_only { FRESH } else { FRESH.max(self.took.saturating_mul(SHARE)) }
    }
}

fn ask() -> bool {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(std::fs::read_to_string);
    // A machine without IPv6 has no second table.
    let [Ok(tcp), tcp6] = tables else { return false };
    let tcp6 = tcp6.unwrap_or_default();
    let listening: Vec<Listening> = tcp.lines().chain(tcp6.lines()).filter_map(listening).collect();
    let Some(own) = own_sockets() else { return false };
    is_loopback_only(&listening, &own)
}

/// A socket that somebody in this network namespace listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listening {
    address: IpAddr,
    inode: u64,
}

fn is_loopback_only(listening: &[Listening], own: &[u64]) -> bool {
    let mut ours = listening.iter().filter(|socket| own.contains(&socket.inode)).peekable();
    ours.peek().is_some() && ours.all(|socket| socket.address.to_canonical().is_loopback())
}

/// A line of `/proc/net/tcp`, if it is of a listening socket: its number, local address and port, remote ones, state, and
/// as the tenth column the inode.
fn listening(line: &str) -> Option<Listening> {
    let mut columns = line.split_ascii_whitespace();
    let (address, _port) = columns.nth(1)?.split_once(':')?;
    if columns.nth(1)? != "0A" {
        return None;
    }
    let inode = columns.nth(5)?.parse().ok()?;
    Some(Listening { address: parse_address(address)?, inode })
}

/// Words of 32 bits as the machine holds them, in hexadecimal digits.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(8 * at..8 * at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => word(0).map(|bytes| Ipv4Addr::from(bytes).into()),
        32 => {
            let mut bytes = [0; 16];
            for (at, place) in bytes.chunks_exact_mut(4).enumerate() {
                place.copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// The inodes of all sockets of this process.
fn own_sockets() -> Option<Vec<u64>> {
    let links =
        std::fs::read_dir("/proc/self/fd").ok()?.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    Some(links.filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()).collect())
}

#[cfg(test)]
mod tests;
