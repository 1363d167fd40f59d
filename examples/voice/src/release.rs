//! Releases of this service: the good one, and the two that the day of trouble deploys by mistake.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
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
}

impl Release {
    /// As it appears in the `x-version` response header.
    pub fn version(self) -> &'static str {
        match self {
            Self::Good => "1.4.2",
            Self::WrongPrices => "1.5.0",
            Self::SlowRank => "1.6.0",
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
#[derive(Clone, Debug, Default)]
pub struct Deployment(Arc<AtomicU8>);

impl Deployment {
    /// The release that runs now.
    pub fn current(&self) -> Release {
        match self.0.load(Ordering::Relaxed) {
            1 => Release::WrongPrices,
            2 => Release::SlowRank,
            _ => Release::Good,
        }
    }

    /// Replaces the running release.
    pub fn deploy(&self, release: Release) {
        self.0.store(release as u8, Ordering::Relaxed);
    }
}
