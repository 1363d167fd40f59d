//! What a permit says of its call, in two words that stay in registers.

use std::time::Duration;

use bellwether_core::Instant;

use crate::rejected::{Reason, Rejected};

/// Generations are told apart in the upper bits of a word; the low byte is for what else there is.
pub(crate) const GENERATION_SHIFT: u32 = 8;
pub(crate) const LOW: u64 = (1 << GENERATION_SHIFT) - 1;

/// The answer to whoever wants to make a call: admitted, as what kind of call and by which generation of the state; or refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    /// The generation, and in the low byte the [`Place`]. Of an ordinary call it is the very word of a closed gate.
    word: u64,
    /// When it was given, in nanoseconds of the clock; of a refusal, for how long not to come back.
    time: u64,
}

/// Which kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// An ordinary one.
    Closed,
    /// A trial call.
    Trial { slot: u8 },
    /// One that would have been refused, were it not for shadow mode.
    Shadow,
    /// One that nothing is to be learned from.
    Unseen,
}

/// Set in whatever is no ordinary call, and in no gate: so that comparing words can mistake neither for the other.
const NO_GATE: u64 = 0x80;
const FIRST_TRIAL: u64 = NO_GATE;
const SHADOW: u64 = NO_GATE | 0x41;
const UNSEEN: u64 = NO_GATE | 0x42;
const REFUSED: u64 = NO_GATE | 0x43;
/// The call has ended, and was told of.
const USED: u64 = NO_GATE | 0x44;
const NO_TIME: u64 = u64::MAX;

impl Ticket {
    /// For an ordinary call, by a closed gate with nothing in its low byte that matters.
    #[inline]
    pub(crate) fn closed(gate: u64, started: Instant) -> Self {
        Self { word: gate & !LOW, time: started.as_nanos() }
    }

    pub(crate) fn new(generation: u32, place: Place, started: Instant) -> Self {
        let low = match place {
            Place::Closed => 0,
            Place::Shadow => SHADOW,
            Place::Unseen => UNSEEN,
            Place::Trial { slot } => FIRST_TRIAL + u64::from(slot),
        };
        Self { word: u64::from(generation) << GENERATION_SHIFT | low, time: started.as_nanos() }
    }

    pub(crate) fn refused(rejected: Rejected) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(NO_TIME);
        let time = rejected.retry_after.map_or(NO_TIME, nanos);
        Self { word: (rejected.reason as u64) << GENERATION_SHIFT | REFUSED, time }
    }

    #[inline]
    pub(crate) fn admitted(self) -> Result<Self, Rejected> {
        if self.word & LOW == REFUSED { Err(self.rejected()) } else { Ok(self) }
    }

    #[cold]
    fn rejected(self) -> Rejected {
        let reason = Reason::ALL.get((self.word >> GENERATION_SHIFT) as usize).copied().unwrap_or(Reason::Open);
        Rejected { reason, retry_after: (self.time != NO_TIME).then(|| Duration::from_nanos(self.time)) }
    }

    /// Whether it is for an ordinary call, and the gate is the plain closed one by which it was let through.
    #[inline]
    pub(crate) fn is_of(self, gate: u64) -> bool {
        self.word == gate
    }

    #[inline]
    pub(crate) fn generation(self) -> u32 {
        (self.word >> GENERATION_SHIFT) as u32
    }

    #[inline]
    pub(crate) fn place(self) -> Place {
        match self.word & LOW {
            0 => Place::Closed,
            SHADOW => Place::Shadow,
            trial @ FIRST_TRIAL..SHADOW => Place::Trial { slot: (trial - FIRST_TRIAL) as u8 },
            _ => Place::Unseen,
        }
    }

    #[inline]
    pub(crate) fn started(self) -> Instant {
        Instant::from_nanos(self.time)
    }

    /// Takes the ticket, once.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<Self> {
        let ticket = *self;
        self.word = USED;
        (ticket.word & LOW != USED).then_some(ticket)
    }
}
