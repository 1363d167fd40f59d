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
//!
//! A file of at most 64 MiB is checked from end to end as it is opened, which takes a millisecond or two for each of them. One that is damaged is set aside, and what is sound in
//! it is taken over into the fresh one: rows whose checksums say so, read without writing; [`Status::salvaged_rows`] counts
//! them.
//!
//! # What is where
//!
//! | table | row |
//! |---|---|
//! | `meta` | the format's number |
//! | `series` | number → what describes it |
//! | `tier N` | start, series → block |
//! | `log NAME` | id → time, version, record |
//! | `tiers`, `logs` | what those take, and the last id of a log |
//!
//! Every row has a checksum that knows its place. A page holds 4,096 bytes: blocks of some hundred bytes fill it, of
//! 2,100 to 4,000 waste up to half of it.
//!
//! # What it takes
//!
//! 10,000 series, 2,000 of them histograms, an hourly sample of each for 400 days, in blocks of four days, on two
//! cores that had other things to do, the slower one of two runs:
//!
//! | what | takes |
//! |---|---|
//! | on the disk | 1,021 MB, of which 1,011 MB are rows: 828 MB those of histograms, of 2,400 bytes each |
//! | opening it, closed well | 11 ms, reading 296 KiB |
//! | opening it after a crash | 15 ms, reading 148 KiB |
//! | reading what describes all series | 1.9 ms |
//! | all blocks of one series, 101 | 1.4 ms |
//! | 100,000 blocks of all series | 163 ms |
//! | a flush of a block of each series, 6.4 MB | 157 ms |
//! | a flush of one block | 16 ms |
//!
//! `cargo run --release -p bellwether-history --example year` says it of another machine.
//!
//! # Why it is so
//!
//! **Why is every flush made durable?** What is acknowledged is on the disk; one that is not would be worth nothing
//! more than memory. Losing less means flushing more often, and that is for the caller to say.
//!
//! **Why does each commit save redb's allocator state?** Else opening the file after a crash means reading all of it.
//!
//! **Why are panics caught?** redb believes a file that was closed well, and panics where that was wrong; checking all
//! of it at each start would take as long as reading it. A program built with `panic = "abort"` has no such net.
//!
//! **Why are only small files checked, and small ones always?** A check reads everything. Without one, a page that lies in the
//! place of another may make redb panic while a panic of its own unwinds, as it writes: the process is gone, and no net
//! helps. Of 20,000 seeds of damage that `cargo xtask damage` tries, 19 did that or left a file that could not be used, all of
//! them with whole pages in wrong places; with the check and without salvage none did, with both one took longer than it
//! was given. A large file that is damaged is set aside whole.
//!
//! **What is not bounded?** A page's number that is damaged may tell redb that the page has 4 GiB, and it takes that much
//! memory for a moment before it finds the file to be shorter. One seed in 20,000 does so.
//!
//! **Why is the file never compacted?** redb can do so only in one piece, however long that takes, and while nobody
//! reads. What is free within the file is used again, and the bound holds without.

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
mod salvage;
mod writing;

pub use error::{Error, Kind};
pub use log::Log;
pub use options::{Limits, Options};
pub use reading::Reading;
pub use record::{Entry, Page, Query, Record, TooLarge, Undecodable};
pub use row::BlockKey;
pub use status::{Flushed, Lost, Status, Trouble};
pub use store::Store;
