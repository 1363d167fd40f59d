//! Counts real traffic on the graph: what begins and ends, on whose behalf, and whose fault it was.
//!
//! Nothing is counted until somebody [reads](Reader). From then on a request or a call has a slot while it is under way, and
//! whoever it calls finds it by the number that its scope carries; what it came to is added to its node when it ends. Times
//! are kept as integrals, so that what hangs is seen while it hangs. All there is has a cap, and what is beyond it is counted.

mod cell;
mod last_failed;
mod level;
mod live;
mod pool;
mod reader;
mod slab;
mod slot;
mod table;

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{Blame, Follow, Instant, Outcome, Work};

use crate::cascade::Kind;
use crate::sync::{Mutex, OnceBox};

use level::units;
pub(crate) use live::{Begun, Guard, Live};
use pool::Watched;
pub use pool::{Asking, Occupancy, Permit, Pool, Taken};
pub use reader::Reader;

/// What is counted, once somebody reads. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    live: OnceBox<Live>,
    watched: Mutex<Vec<Watched>>,
}

impl Meter {
    /// What is counted; `None` while nobody reads.
    #[inline]
    pub(crate) fn live(&self) -> Option<&Live> {
        self.0.live.get()
    }

    /// Tells the route of each request that has been under way for longer than this; of none while nobody reads.
    pub(crate) fn hanging(&self, longer_than: Duration, now: Instant, mut tell: impl FnMut(&str)) {
        let Some(live) = self.live() else { return };
        let began = units(now).saturating_sub(units(Instant::default().after(longer_than)));
        for (node, _) in live.slab.iter().filter(|(_, at)| *at < began) {
            let node = live.nodes.get(node).filter(|node| node.kind == Kind::Route);
            if let Some(node) = node {
                // Its name is the method, and the route if it has one.
                tell(node.name.split_once(' ').map_or("", |(_, route)| route));
            }
        }
    }

    /// Counts from now on.
    fn begin(&self, at: Instant) -> &Live {
        self.0.live.get_or_init(|| Box::new(Live::new(at)))
    }
}

impl Follow for Meter {
    fn began(&self, method: &'static str, route: Option<&str>, at: Instant) -> Option<Work> {
        self.live()?.request_began(method, route.unwrap_or_default(), at)
    }

    fn ended(&self, work: Work, outcome: Outcome, error: &str, at: Instant) -> Blame {
        self.live().map_or(Blame::Unknown, |live| live.request_ended(work, outcome, error, at))
    }
}
