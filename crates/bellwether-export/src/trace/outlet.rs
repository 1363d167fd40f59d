//! The way out for spans and log records: a buffer to encode them in, the secrets to leave out, the outbox they go to.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use bellwether_core::Redaction;

use crate::otlp::Outbox;

/// A buffer that has grown beyond this is not kept.
const MAX_KEPT: usize = 64 << 10;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Shared by everything that makes items of one signal.
#[derive(Debug)]
pub(crate) struct Outlet {
    outbox: Arc<Outbox>,
    redaction: Arc<Redaction>,
}

impl Outlet {
    pub(crate) fn new(outbox: &Arc<Outbox>, redaction: &Arc<Redaction>) -> Arc<Self> {
        Arc::new(Self { outbox: Arc::clone(outbox), redaction: Arc::clone(redaction) })
    }

    /// Encodes an item in this thread's buffer, and hands it over. What encoding calls may come here again.
    pub(super) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        buffer.clear();
        write(&mut buffer);
        self.outbox.push(&buffer);
        if buffer.capacity() <= MAX_KEPT {
            let _ = BUFFER.try_with(|kept| kept.set(buffer));
        }
    }

    /// Whether the value of what goes by this name is not to leave.
    #[inline]
    pub(super) fn hides(&self, key: &str) -> bool {
        self.redaction.hides(key)
    }

    /// A text as it may leave by this name.
    #[inline]
    pub(super) fn text<'t>(&self, key: &str, text: &'t str) -> Cow<'t, str> {
        self.redaction.text(key, text)
    }
}
