//! One bad look makes nothing down, and one good look makes nothing up: what is seen has to be seen again.

use std::time::Duration;

use bellwether_core::Instant;

use super::{Health, Reason};

/// How often in a row, and over what time, a change has to be seen before it is believed. To be slow to call something down and quicker to call
/// it up again is safer than the reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Looks in a row that are worse than what is believed. Default: 3.
    pub fall: u32,
    /// Looks in a row that are better than what is believed. Default: 2.
    pub rise: u32,
    /// How much time at least there is between the first of those that are worse and the one by which it is believed, however
    /// many they are: so that looks in quick succession are not taken for a long time. Default: none.
    pub fall_for: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { fall: 3, rise: 2, fall_for: Duration::ZERO }
    }
}

/// What is believed, and what speaks against it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hysteresis {
    patience: Patience,
    /// `None` until something is believed.
    believed: Option<(Health, Reason)>,
    doubt: Option<Doubt>,
}

/// Looks in a row on one side of what is believed, and the one of them that is nearest to it.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    looks: u32,
    since: Instant,
    nearest: (Health, Reason),
}

impl Hysteresis {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, believed: None, doubt: None }
    }

    pub(super) fn believed(&self) -> Option<(Health, Reason)> {
        self.believed
    }

    /// What was believed says nothing any more.
    pub(super) fn forget(&mut self) {
        (self.believed, self.doubt) = (None, None);
    }

    /// A look. What is good is believed at once where nothing was believed before.
    pub(super) fn see(&mut self, seen: (Health, Reason), at: Instant) {
        let now = self.believed.map_or(Health::Up, |(health, _)| health);
        if seen.0 == now {
            (self.believed, self.doubt) = (Some(seen), None);
            return;
        }
        let is_worse = seen.0 > now;
        let doubt = match self.doubt.filter(|doubt| (doubt.nearest.0 > now) == is_worse) {
            Some(doubt) => {
                let is_nearer = if is_worse { seen.0 <= doubt.nearest.0 } else { doubt.nearest.0 <= seen.0 };
                Doubt { looks: doubt.looks + 1, nearest: if is_nearer { seen } else { doubt.nearest }, ..doubt }
            }
            None => Doubt { looks: 1, since: at, nearest: seen },
        };
        let Patience { fall, rise, fall_for } = self.patience;
        let is_enough =
            if is_worse { fall <= doubt.looks && fall_for <= at.since(doubt.since) } else { rise <= doubt.looks };
        if is_enough {
            (self.believed, self.doubt) = (Some(doubt.nearest), None);
        } else {
            self.doubt = Some(doubt);
        }
    }
}
