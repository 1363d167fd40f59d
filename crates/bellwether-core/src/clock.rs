//! The one place that reads time: monotonic instants for durations, wall-clock timestamps for the record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A source of time, cheap to clone and passed in wherever time is needed.
///
/// [`Clock::system`] reads the processor's time-stamp counter; [`Clock::manual`] moves only when a test says so.
///
/// ```
/// use bellwether_core::{Clock, Timestamp};
/// use std::time::Duration;
///
/// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
/// let start = clock.now();
/// clock.advance(Duration::from_millis(250));
/// assert_eq!(clock.now().since(start), Duration::from_millis(250));
/// assert_eq!(clock.timestamp().unix_millis(), 1_700_000_000_250);
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System(quanta::Clock),
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    now: AtomicU64,
    wall: AtomicU64,
}

/// A point of the monotonic clock, in nanoseconds from an origin of the clock's own choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

/// A point of the wall clock: nanoseconds since the Unix epoch, good until the year 2554.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System(quanta::Clock::new()))
    }

    /// A clock that starts at `wall` and stands still until [`advance`](Self::advance)d.
    pub fn manual(wall: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Manual { now: AtomicU64::new(0), wall: AtomicU64::new(wall.0) })))
    }

    /// The monotonic time. Never goes back; about 10 ns to read.
    #[inline]
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System(clock) => Instant(clock.delta_as_nanos(0, clock.raw())),
            Source::Manual(manual) => Instant(manual.now.load(Relaxed)),
        }
    }

    /// The wall-clock time. May jump either way; never used to measure a duration.
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn timestamp(&self) -> Timestamp {
        match &self.0 {
            Source::System(_) => SystemTime::now().into(),
            Source::Manual(manual) => Timestamp(manual.wall.load(Relaxed)),
        }
    }

    /// Moves a manual clock forward, monotonic and wall time alike. A system clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.0 {
            let by = nanos(by);
            manual.now.fetch_add(by, Relaxed);
            manual.wall.fetch_add(by, Relaxed);
        }
    }

    /// Lets the wall time of a manual clock jump, as NTP or an operator would. Monotonic time is unmoved.
    pub fn jump(&self, to: Timestamp) {
        if let Source::Manual(manual) = &self.0 {
            manual.wall.store(to.0, Relaxed);
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Instant {
    /// The time from `earlier` to here; zero if `earlier` is the later one.
    #[inline]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The instant `by` later, saturating at the end of time.
    #[inline]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(nanos(by)))
    }

    /// Nanoseconds since the clock's origin, for packing into an atomic.
    #[inline]
    pub fn as_nanos(self) -> u64 {
        self.0
    }

    /// The instant of [`as_nanos`](Self::as_nanos).
    #[inline]
    pub fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
}

impl Timestamp {
    /// The timestamp of so many nanoseconds since the Unix epoch.
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The timestamp of so many seconds since the Unix epoch, saturating.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> u64 {
        self.0
    }

    /// Milliseconds since the Unix epoch.
    pub const fn unix_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Seconds since the Unix epoch, as the text formats write them.
    pub fn unix_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The timestamp `by` earlier, saturating at the epoch.
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(by)))
    }

    /// The timestamp `by` later, saturating.
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(nanos(by)))
    }

    /// The time from `earlier` to here; zero if the clock went back.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for Timestamp {
    /// A time before 1970 becomes the epoch.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, nanos))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_nanos(time.0)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
