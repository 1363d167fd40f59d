//! Permits of which there are so many: a pool of connections, a cap on calls at a time. Who waits for them, and who has them.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use bellwether_core::{Clock, Work};

use super::level::units;
use super::{Live, Meter};
use crate::cascade::Failure;
use crate::cascade::graph::Kind;
use crate::dependency::Dependency;

/// Pools that are asked how full they are.
const MAX_WATCHED: usize = 256;

/// A pool whose permits callers wait for; from [`Dependencies::pool`](crate::Dependencies::pool). Cheap to clone.
///
/// Whoever takes a permit is charged with it as long as it is held, so that a full pool is blamed on whom it is full of.
#[derive(Debug, Clone)]
pub struct Pool {
    meter: Meter,
    clock: Clock,
    name: Arc<str>,
    capacity: u64,
}

/// How full a pool is, for one that is asked; see [`Dependencies::watch_pool`](crate::Dependencies::watch_pool).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Occupancy {
    /// How many permits there are; 0 if they have no limit.
    pub capacity: u64,
    /// How many are taken.
    pub taken: u64,
    /// How many callers wait for one.
    pub waiting: u64,
}

/// Somebody waits for a permit. Say how that ended; dropped, they have given up.
#[derive(Debug)]
#[must_use = "who waits gives up when this is dropped"]
pub struct Asking<'p> {
    pool: &'p Pool,
    along: Option<(Work, u32)>,
    node: Option<u32>,
    since: u64,
    over: bool,
}

/// A permit that is taken until this is dropped.
#[derive(Debug)]
#[must_use = "the permit is given back when this is dropped"]
pub struct Permit {
    pool: Pool,
    node: Option<u32>,
    along: Option<(Work, u32)>,
}

/// What was taken from a pool, with its permit.
#[derive(Debug)]
pub struct Taken<T> {
    what: T,
    permit: Permit,
}

/// A pool that is asked, and whose it is.
pub(super) struct Watched {
    pub(super) name: Arc<str>,
    pub(super) owner: Dependency,
    pub(super) source: Box<dyn Fn() -> Option<Occupancy> + Send + Sync>,
}

impl Pool {
    pub(crate) fn new(meter: Meter, clock: Clock, name: &str, capacity: u64) -> Self {
        Self { meter, clock, name: name.into(), capacity }
    }

    /// Waits for what takes a permit: `pool.acquire()`. An error says that none was to be had in time.
    ///
    /// # Errors
    /// What is waited for fails with.
    pub async fn take<T, E>(&self, take: impl Future<Output = Result<T, E>>) -> Result<Taken<T>, E> {
        let asking = self.ask();
        match take.await {
            Ok(what) => Ok(Taken { what, permit: asking.taken() }),
            Err(error) => {
                asking.refused();
                Err(error)
            }
        }
    }

    /// Somebody waits for a permit from now on, on behalf of the call or the request that runs here.
    pub fn ask(&self) -> Asking<'_> {
        let since = units(self.clock.now());
        let live = self.meter.live();
        let node = live.and_then(|live| self.node(live));
        let along = node.and_then(|node| {
            live?.nodes.get(node)?.asked();
            live?.waits(Work::current()?, node, since)
        });
        Asking { pool: self, along, node, since, over: false }
    }

    fn node(&self, live: &Live) -> Option<u32> {
        let number = live.node(&self.name, Kind::Pool)?;
        live.nodes.get(number)?.capacity.store(self.capacity, Relaxed);
        Some(number)
    }
}

impl Asking<'_> {
    /// Here it is.
    pub fn taken(mut self) -> Permit {
        let at = self.over(None);
        let Self { node, mut along, .. } = self;
        if let (Some(live), Some(node)) = (self.pool.meter.live(), node) {
            if let Some(node) = live.nodes.get(node) {
                node.begun(at);
            }
            along = along.filter(|(work, edge)| live.slab.find(*work).is_some_and(|live| live.takes(*edge)));
            if let Some(edge) = along.and_then(|(_, edge)| live.edges.get(edge)) {
                edge.holds(at);
            }
        }
        Permit { pool: self.pool.clone(), node, along }
    }

    /// None was to be had.
    pub fn refused(mut self) {
        self.over(Some(Failure::Rejected));
    }

    fn over(&mut self, failure: Option<Failure>) -> u64 {
        self.over = true;
        let at = units(self.pool.clock.now());
        if let Some(live) = self.pool.meter.live() {
            live.goes_on(self.along, failure, self.since, at);
        }
        at
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.over(Some(Failure::Cancelled));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (Some(live), Some(node)) = (self.pool.meter.live(), self.node) else { return };
        let at = units(self.pool.clock.now());
        if let Some(node) = live.nodes.get(node) {
            node.given_back(at);
        }
        if let Some((work, edge)) = self.along
            && live.slab.find(work).is_some_and(|live| live.gives_back(edge))
            && let Some(edge) = live.edges.get(edge)
        {
            edge.held(at, 1);
        }
    }
}

impl<T> Taken<T> {
    /// What was taken, and its permit, to be kept together.
    pub fn into_parts(self) -> (T, Permit) {
        (self.what, self.permit)
    }
}

impl<T> Deref for Taken<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.what
    }
}

impl<T> DerefMut for Taken<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.what
    }
}

impl Meter {
    /// Asks a pool how full it is with each reading; the last one of a name counts. Whether there was room for it.
    pub(crate) fn watch(
        &self,
        name: &str,
        owner: &Dependency,
        source: impl Fn() -> Option<Occupancy> + Send + Sync + 'static,
    ) -> bool {
        let new = Watched { name: name.into(), owner: owner.clone(), source: Box::new(source) };
        let mut watched = self.0.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|there| there.name != new.name);
        let fits = watched.len() < MAX_WATCHED;
        if fits {
            watched.push(new);
        }
        fits
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("name", &self.name).finish_non_exhaustive()
    }
}
