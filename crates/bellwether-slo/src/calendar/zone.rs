//! A time zone of the IANA database, and where its days begin.

use std::fmt;
use std::str::FromStr;

use bellwether_core::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::Error;

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// The zone of that name, from the machine's database or the one the application bundles.
    ///
    /// # Errors
    /// If the database has no such zone, or there is no database.
    pub fn new(name: &str) -> Result<Self, Error> {
        let zone = TimeZone::get(name).map_err(|error| {
            let accepted = "give a name of the IANA database, such as Europe/Berlin or UTC; if the machine has no \
                            database, install tzdata or turn on jiff's feature tzdb-bundle-always";
            Error::illegal("time zone", name, error.to_string(), accepted)
        })?;
        Ok(Self { name: zone.iana_name().unwrap_or(name).to_owned(), zone })
    }

    /// Coordinated universal time, which needs no database.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// The name in the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a clock on the wall shows at an instant; where it is changed there, what it shows from then on.
    pub(crate) fn wall(&self, at: Timestamp) -> Option<DateTime> {
        Some(self.zone.to_datetime(jiff_of(at)?))
    }

    /// The date that the instants just after this one have.
    pub(crate) fn date_after(&self, at: Timestamp) -> Option<Date> {
        Some(self.wall(at)?.date())
    }

    /// The instant at which a day begins: midnight, the earlier one if there are two, and the end of the gap if there is
    /// none. A day that a zone skipped begins and ends with the one after it. Before 1970, 1970.
    pub(super) fn start_of(&self, date: Date) -> Option<Timestamp> {
        self.instant_of(date, 0, 0)
    }

    /// The instant of a wall-clock time: the first of two; in a gap, the instant at which the gap ends.
    pub(crate) fn instant_of(&self, date: Date, hour: i8, minute: i8) -> Option<Timestamp> {
        self.instant_at(date.at(hour, minute, 0, 0))
    }

    /// As [`instant_of`](Self::instant_of), to the second.
    pub(crate) fn instant_at(&self, wall: DateTime) -> Option<Timestamp> {
        let at = match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok()?,
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok()?,
            AmbiguousOffset::Gap { before, .. } => {
                // Read by the clock before the gap, that time lies after its beginning or on it.
                let after = before.to_timestamp(wall).ok()?.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
                self.zone.preceding(after).next()?.timestamp()
            }
        };
        Some(core_of(at))
    }
}

fn jiff_of(at: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(at.unix_nanos().into()).ok()
}

fn core_of(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_unix_nanos(u64::try_from(at.as_nanosecond().max(0)).unwrap_or(u64::MAX))
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
