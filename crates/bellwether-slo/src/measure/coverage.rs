//! For how much of a time the process was there to count.

use std::time::Duration;

use crate::{Error, Interval, Sli};

/// How a length of time divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// The process was up and counted.
    pub known: Duration,
    /// It was not, and had not said goodbye: killed, its machine gone, or its clock had jumped over the time.
    pub unknown: Duration,
    /// It had been shut down in order.
    pub stopped: Duration,
}

/// What the most of a time was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Known,
    Unknown,
    Stopped,
}

impl Coverage {
    /// All of it known.
    pub fn known(length: Duration) -> Self {
        Self { known: length, ..Self::default() }
    }

    /// All of it unknown.
    pub fn unknown(length: Duration) -> Self {
        Self { unknown: length, ..Self::default() }
    }

    /// All of it stopped.
    pub fn stopped(length: Duration) -> Self {
        Self { stopped: length, ..Self::default() }
    }

    /// The whole length.
    pub fn total(self) -> Duration {
        self.known.saturating_add(self.unknown).saturating_add(self.stopped)
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            known: self.known.saturating_add(other.known),
            unknown: self.unknown.saturating_add(other.unknown),
            stopped: self.stopped.saturating_add(other.stopped),
        }
    }

    /// What the most of it was; of equal parts, the one that says more.
    pub(crate) fn mostly(self) -> Presence {
        if self.known >= self.unknown.max(self.stopped) {
            Presence::Known
        } else if self.stopped > self.unknown {
            Presence::Stopped
        } else {
            Presence::Unknown
        }
    }
}

/// What was counted within one slot of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Which time.
    pub over: Interval,
    /// Good events and all.
    pub sli: Sli,
    /// For how much of it the process was there.
    pub coverage: Coverage,
}

/// Slots that tile: each begins where the one before ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slots(Vec<Slot>);

impl Slots {
    /// Checks that slots tile.
    ///
    /// # Errors
    /// If there is a gap or an overlap, a slot is empty, has more good events than there are, or a coverage that is not of
    /// its length.
    pub fn new(slots: Vec<Slot>) -> Result<Self, Error> {
        let refuse = |slot: &Slot, wrong: String| {
            Error::illegal("slot", slot.over, wrong, "give slots that tile, each with its own counts and coverage")
        };
        for slot in &slots {
            let (length, Sli { good, total }) = (slot.over.length(), slot.sli);
            if slot.over.is_empty() {
                return Err(refuse(slot, "is empty".to_owned()));
            }
            if good > total {
                return Err(refuse(slot, format!("has {good} good events of {total}")));
            }
            if slot.coverage.total() != length {
                return Err(refuse(slot, format!("is {length:?} long, and its coverage {:?}", slot.coverage.total())));
            }
        }
        for (slot, next) in slots.iter().zip(slots.iter().skip(1)) {
            if slot.over.end != next.over.start {
                let what = if slot.over.end < next.over.start { "a gap" } else { "an overlap" };
                return Err(refuse(next, format!("comes after {what}: the slot before it is {}", slot.over)));
            }
        }
        Ok(Self(slots))
    }

    /// Each slot, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Slot> {
        self.0.iter()
    }
}
