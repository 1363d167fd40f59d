//! The gate: one word that says what a call has to know, nearly always.

use bellwether_core::Instant;

use crate::machine::Machine;
use crate::sync::AtomicU64;
use crate::ticket::GENERATION_SHIFT;
use crate::transition::{Mode, State};

/// What every call reads and nearly none changes, on a line of the cache by itself.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Front {
    /// The state's number, and in its low byte the state and what else there is to look at: all zero if nothing.
    pub(crate) gate: AtomicU64,
    pub(crate) open_until: AtomicU64,
    /// From when on the window must be brought up to date first.
    pub(crate) boundary: AtomicU64,
    pub(crate) slow_after: u64,
    /// The bits of the low byte that never change.
    pub(crate) always: u64,
}

pub(crate) const STATE: u64 = 0x7;
pub(crate) const CLOSED: u64 = State::Closed as u64;
pub(crate) const OPEN: u64 = State::Open as u64;
pub(crate) const FORCED_OPEN: u64 = State::ForcedOpen as u64;
pub(crate) const DISABLED: u64 = State::Disabled as u64;
/// The state is not all there is to know: the lock must be taken.
pub(crate) const CAREFUL: u64 = 0x08;
/// Calls under way are limited.
pub(crate) const LIMITED: u64 = 0x10;
/// The clock is read when a call begins.
pub(crate) const FROM_START: u64 = 0x20;
/// The clock is read when a call succeeds.
pub(crate) const AT_END: u64 = 0x40;

/// The word for what is known under the lock.
pub(crate) fn gate(machine: &Machine, now: Instant) -> u64 {
    let shadowed = machine.mode == Mode::Shadow && machine.state != State::Closed;
    let careful = (machine.state == State::Closed && machine.is_careful(now)) || shadowed;
    (u64::from(machine.generation) << GENERATION_SHIFT) | (u64::from(careful) * CAREFUL) | machine.state as u64
}

#[inline]
pub(crate) fn generation(gate: u64) -> u32 {
    (gate >> GENERATION_SHIFT) as u32
}

pub(crate) fn state(gate: u64) -> State {
    let at = (gate & STATE) as usize;
    State::ALL.get(at).copied().unwrap_or(State::Disabled)
}
