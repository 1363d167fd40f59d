//! That the process stopped in order.

use bellwether_history::file::{Record, Undecodable};

/// The process stopped in order. When is the record's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop;

impl Record for Stop {
    const LOG: &'static str = "process.stops";
    const VERSION: u16 = 1;

    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        if bytes.is_empty() { Ok(Self) } else { Err(Undecodable) }
    }
}
