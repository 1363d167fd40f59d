//! Releases of this service: the good one, and the three that the day of trouble deploys by mistake.

use std::{
    any::Any,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use crate::failure::Failure;

/// A version of the code; the bad ones are bad in ways that happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// 1.4.2, which works.
    #[default]
    Good,
    /// 1.5.0: a new price table that forgot one plan and got another one wrong.
    WrongPrices,
    /// 1.6.0: shows a customer's rank, computed without an index.
    SlowRank,
    /// 1.7.0: does not give connections of the database back.
    Forgetful,
}

impl Release {
    /// As it appears in the `x-version` response header.
    pub fn version(self) -> &'static str {
        match self {
            Self::Good => "1.4.2",
            Self::WrongPrices => "1.5.0",
            Self::SlowRank => "1.6.0",
            Self::Forgetful => "1.7.0",
        }
    }

    /// What one turn costs on this plan, in cents.
    pub fn price(self, plan: &str) -> Result<i64, Failure> {
        match (self, plan) {
            (Self::WrongPrices, "trial") => panic!("no price for plan {plan:?}"),
            (Self::WrongPrices, "plus") => Err(Failure::Bug("a discount of 125 % on plan \"plus\"".into())),
            (_, "trial") => Ok(0),
            (_, "plus") => Ok(25),
            _ => Ok(40),
        }
    }
}

/// Which release runs now; clones share it.
#[derive(Clone, Default)]
pub struct Deployment(Arc<Running>);

#[derive(Default)]
struct Running {
    release: AtomicU8,
    /// What it will not give back before it is stopped.
    forgotten: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Deployment {
    /// The release that runs now.
    pub fn current(&self) -> Release {
        match self.0.release.load(Ordering::Relaxed) {
            1 => Release::WrongPrices,
            2 => Release::SlowRank,
            3 => Release::Forgetful,
            _ => Release::Good,
        }
    }

    /// Replaces the running release; what that had forgotten is there again.
    pub fn deploy(&self, release: Release) {
        self.0.release.store(release as u8, Ordering::Relaxed);
        let forgotten = std::mem::take(&mut *self.0.forgotten.lock().unwrap_or_else(PoisonError::into_inner));
        drop(forgotten);
    }

    /// The running release forgets to give this back.
    pub(crate) fn forget(&self, what: impl Any + Send) {
        self.0.forgotten.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(what));
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deployment").field(&self.current()).finish()
    }
}
