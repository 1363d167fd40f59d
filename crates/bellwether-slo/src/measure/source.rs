//! Where counts of the past come from: whoever remembers implements this.

use bellwether_core::{HistogramSnapshot, Timestamp};

use super::coverage::Coverage;
use crate::objective::{Count, Selector};
use crate::{Error, Interval, Ratio};

/// Something that remembers what was counted. Intervals are left-open: what a counter rose by after `start` and up to `end`,
/// so that the counts of intervals that tile add up to that of the whole.
pub trait Source {
    /// What was counted within an interval: summed over all series that the count selects, those that began or ended in it
    /// included, a counter that goes back having started anew from 0.
    ///
    /// # Errors
    /// [`Error::unmeasured`] if it cannot be told exactly: no such bound in the histogram, an expression that fails, a time
    /// no longer kept.
    fn count(&self, count: &Count, over: Interval) -> Result<u64, Error>;

    /// For how much of an interval the process was there to count; its parts add up to the interval's length.
    ///
    /// # Errors
    /// [`Error::unmeasured`] if it is not known.
    fn coverage(&self, over: Interval) -> Result<Coverage, Error>;

    /// What was counted within each of many stretches that tile: after each cut, up to the next. What
    /// [`count`](Self::count) says of each, for a source that knows a faster way than to be asked one by one.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    fn counts(&self, count: &Count, cuts: &[Timestamp]) -> Result<Vec<u64>, Error> {
        tiles(cuts).map(|over| self.count(count, over)).collect()
    }

    /// The coverage of each of many stretches that tile.
    ///
    /// # Errors
    /// As [`coverage`](Self::coverage).
    fn coverages(&self, cuts: &[Timestamp]) -> Result<Vec<Coverage>, Error> {
        tiles(cuts).map(|over| self.coverage(over)).collect()
    }

    /// The share of good events that an expression gives over an interval, from 0 to 1; `None` if it has no value.
    ///
    /// # Errors
    /// [`Error::unmeasured`] if it fails, or the source knows no PromQL: the default.
    fn ratio(&self, expression: &str, over: Interval) -> Result<Option<Ratio>, Error> {
        let _ = over;
        Err(Error::unmeasured(format!("this source cannot evaluate {expression:?}: it knows no PromQL")))
    }

    /// What was counted within an interval, by the values of a dimension; what has none is under the empty one, so that all
    /// add up. `None` if the source does not tell by it: the default.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    fn count_by(
        &self,
        count: &Count,
        dimension: Dimension,
        over: Interval,
    ) -> Result<Option<Vec<(String, u64)>>, Error> {
        let _ = (count, dimension, over);
        Ok(None)
    }

    /// The values that histograms took within an interval, all series merged; `None` if there are none.
    ///
    /// # Errors
    /// [`Error::unmeasured`] if the source keeps no histograms: the default.
    fn distribution(&self, selector: &Selector, over: Interval) -> Result<Option<HistogramSnapshot>, Error> {
        let _ = over;
        Err(Error::unmeasured(format!("this source keeps no distribution of {selector}")))
    }
}

/// The stretches between cuts.
pub(crate) fn tiles(cuts: &[Timestamp]) -> impl Iterator<Item = Interval> {
    cuts.windows(2).map(|ends| Interval::new(ends[0], ends[1]))
}

/// By what the budget's spenders are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dimension {
    /// The route or gRPC method.
    Route,
    /// How it ended.
    Outcome,
    /// What kind of error.
    ErrorKind,
    /// The dependency that was called, or that failed the request.
    Dependency,
    /// The version that was running: of each series that does not say, the one that its process was of.
    Release,
}

impl Dimension {
    /// All of them, in the order they are listed anywhere.
    pub const ALL: [Self; 5] = [Self::Route, Self::Outcome, Self::ErrorKind, Self::Dependency, Self::Release];

    /// The labels that name it, the first that a series has.
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Route => &["http.route", "rpc.method"],
            Self::Outcome => &["outcome"],
            Self::ErrorKind => &["error.type"],
            Self::Dependency => &["dependency", "service.peer.name"],
            Self::Release => &["service.version"],
        }
    }

    /// What is said of events that have no value of it.
    pub const fn unnamed(self) -> &'static str {
        match self {
            Self::Route | Self::Outcome | Self::ErrorKind => "none",
            Self::Dependency => "not attributed",
            Self::Release => "not known",
        }
    }

    /// The word used in reports and on the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Outcome => "outcome",
            Self::ErrorKind => "error kind",
            Self::Dependency => "dependency",
            Self::Release => "release",
        }
    }
}
