//! The one file that samples and events outlive the process in, and the memory that stands in for it.
//!
//! A [`Store`] holds opaque blocks of bytes, by tier, start and series, and append-only logs of typed records. What is
//! put is in memory until the next flush, and on the disk after it, by one transaction: a crash at any moment loses at
//! most what was put since, and never leaves half a record. The file is one [redb](https://docs.rs/redb) database.
//!
//! The file may be missing, full, locked, foreign or damaged: the store then works in memory, within bounds, says what
//! is wrong and what would help, and takes the file into use once that is possible. Nobody needs to ask which of both
//! it is: [`Reading`] is one view of memory and file.
//!
//! There is no clock and no thread here: times are arguments, in milliseconds since 1970, and whoever calls
//! [`Store::open`], [`Store::flush`] and [`Store::close`] does the I/O.

mod store;

mod log;
mod reading;

mod options;
mod record;

mod error;
mod status;

mod disk;
mod memory;
mod place;
mod row;
mod writing;

pub use error::{Error, Kind};
pub use log::Log;
pub use options::{Limits, Options};
pub use reading::Reading;
pub use record::{Entry, Page, Query, Record, TooLarge, Undecodable};
pub use row::BlockKey;
pub use status::{Flushed, Lost, Status, Trouble};
pub use store::Store;
