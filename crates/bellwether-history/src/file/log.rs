//! A log: records appended one after the other, and read by page.

use super::row::Event;
use super::{Error, Page, Query, Record, Store, TooLarge};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The handle of an append-only log of a [`Store`], for any thread.
pub struct Log<R> {
    store: Store,
    records: PhantomData<fn(R) -> R>,
}

impl<R: Record> Log<R> {
    pub(super) fn of(store: Store) -> Self {
        Self { store, records: PhantomData }
    }

    /// Appends a record that happened at `at`, in milliseconds since 1970, and gives its id.
    ///
    /// It can be read at once, and is in the file after the next flush. Its id stays, unless it was given while the
    /// file could not be opened and is not larger than all in it: then it gets the next one with that flush.
    ///
    /// # Errors
    /// If it is larger than [`Limits::record`](super::Limits::record).
    pub fn append(&self, record: &R, at: i64) -> Result<u64, TooLarge> {
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        let mut memory = self.store.memory();
        let limit = memory.limits.get(R::LOG).copied().unwrap_or_default().record;
        if bytes.len() > limit {
            return Err(TooLarge { log: R::LOG, bytes: bytes.len(), limit });
        }
        let event = Event { at, version: R::VERSION, bytes: Arc::from(bytes) };
        Ok(memory.append(R::LOG, event, self.store.max_memory()))
    }

    /// The records that `query` asks for, from memory and file.
    ///
    /// # Errors
    /// If the file is damaged; the next flush takes care of it.
    pub fn page(&self, query: &Query) -> Result<Page<R>, Error> {
        self.store.read()?.page(query)
    }
}

impl<R> Clone for Log<R> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), records: PhantomData }
    }
}

impl<R: Record> fmt::Debug for Log<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("log", &R::LOG).finish_non_exhaustive()
    }
}
