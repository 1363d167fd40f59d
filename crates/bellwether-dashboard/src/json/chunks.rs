//! Where an answer goes: chunks, bounded, gzipped if it is large enough and the client wants that.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::failure::{Failure, Kind};
use crate::run::Watch;

/// What is sent at a time.
pub(super) const CHUNK: usize = 64 << 10;

/// Below this, gzip costs more than it saves.
const WORTH_GZIP: usize = 4 << 10;

/// How an answer may be written.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// Bytes before gzip that it may have.
    pub(crate) limit: usize,
    /// Whether the client reads gzip.
    pub(crate) gzip: bool,
    /// Whether anybody waits for it.
    pub(crate) watch: Option<Watch>,
}

impl Form {
    /// For what is short.
    pub(crate) fn short() -> Self {
        Self { limit: usize::MAX, gzip: false, watch: None }
    }
}

/// Chunks that are full.
#[derive(Debug)]
pub(super) struct Chunks {
    form: Form,
    full: Vec<Bytes>,
    /// Bytes that came, gzipped or not.
    came: usize,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

/// An answer as it is sent.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) bytes: u64,
    pub(crate) gzip: bool,
}

impl Chunks {
    pub(super) fn new(form: Form) -> Self {
        Self { form, full: Vec::new(), came: 0, encoder: None }
    }

    /// Takes a chunk, unless that is too much or nobody waits any more.
    pub(super) fn push(&mut self, chunk: Vec<u8>) -> Result<(), Failure> {
        self.keep(chunk);
        if self.came > self.form.limit {
            let limit = self.form.limit;
            return Err(Failure::new(
                Kind::Execution,
                format!(
                    "the answer would take more than {limit} bytes; ask for less time, fewer series or a greater step"
                ),
            ));
        }
        self.form.watch.as_ref().map_or(Ok(()), Watch::check)
    }

    fn keep(&mut self, chunk: Vec<u8>) {
        self.came += chunk.len();
        if self.form.gzip && self.came >= WORTH_GZIP {
            let encoder = self.encoder.get_or_insert_with(|| GzEncoder::new(Vec::new(), Compression::fast()));
            // To memory, nothing fails.
            let _ = encoder.write_all(&chunk);
            if encoder.get_ref().len() >= CHUNK {
                self.full.push(std::mem::take(encoder.get_mut()).into());
            }
        } else if !chunk.is_empty() {
            self.full.push(chunk.into());
        }
    }

    pub(super) fn finish(mut self, last: Vec<u8>) -> Written {
        self.keep(last);
        let gzip = self.encoder.is_some();
        let rest = self.encoder.take().and_then(|encoder| encoder.finish().ok());
        self.full.extend(rest.map(Bytes::from));
        let bytes = self.full.iter().map(|chunk| chunk.len() as u64).sum();
        Written { chunks: self.full, bytes, gzip }
    }
}
