//! The file: what is put is there, now and after a restart, whatever happens in between.

mod kept;

mod bounds;
mod campaign;
mod damage;
mod kill;
mod trouble;

use bellwether_history::file::{BlockKey, Options, Record, Store, Undecodable};
use std::path::PathBuf;
use tempfile::TempDir;

/// 2023-11-14, in milliseconds since 1970.
const NOW: i64 = 1_700_000_000_000;
const HOUR: i64 = 3_600_000;

/// A folder of its own, in memory where that can be, and the path of a file in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder");
    let path = folder.path().join("history.bw");
    (folder, path)
}

fn open(path: &PathBuf) -> Store {
    Store::open(Options::new(path), NOW)
}

fn key(tier: u8, start: i64, series: u32) -> BlockKey {
    BlockKey { tier, start, series }
}

/// The starts and bytes of one series' blocks.
fn blocks(store: &Store, tier: u8, series: u32) -> Vec<(i64, Vec<u8>)> {
    let blocks = store.read().and_then(|all| all.blocks(tier, series, i64::MIN..i64::MAX)).expect("a sound file");
    blocks.into_iter().map(|(start, bytes)| (start, bytes.to_vec())).collect()
}

/// A record that is its text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Note(String);

impl Record for Note {
    const LOG: &'static str = "notes";
    const VERSION: u16 = 2;

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    fn decode(version: u16, bytes: &[u8]) -> Result<Self, Undecodable> {
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| Undecodable)?;
        Ok(Self(if version == 1 { format!("old {text}") } else { text }))
    }
}

fn note(text: impl Into<String>) -> Note {
    Note(text.into())
}
