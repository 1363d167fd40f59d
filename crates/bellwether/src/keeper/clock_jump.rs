//! That the wall clock jumped.

use bellwether_history::file::{Record, Undecodable};

/// The wall clock jumped: somebody set it, or the machine was asleep. When is the record's own time, after the jump; if it
/// went back, the time of the samples, which does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockJump {
    /// By so many milliseconds: forward, or back if below zero.
    pub by_millis: i64,
}

impl Record for ClockJump {
    const LOG: &'static str = "process.clock_jumps";
    const VERSION: u16 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.by_millis.to_le_bytes());
    }

    fn decode(_: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        bytes.try_into().map(|bytes| Self { by_millis: i64::from_le_bytes(bytes) }).map_err(|_| Undecodable)
    }
}
