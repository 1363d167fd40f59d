//! The body of a scrape's response: the exposition, encoded as it is read, gzipped or not.

use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bellwether_core::Clock;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body::{Body, Frame, SizeHint};

use super::exposition::Exposition;
use super::places::Place;
use super::tally::Tally;

/// What a [`PrometheusEndpoint`](super::PrometheusEndpoint) answers with. Each frame is written when it is polled for, and
/// between two the task yields, so that a large scrape does not hold up a runtime of one thread.
#[derive(Debug)]
pub struct ScrapeBody(Option<Box<Scrape>>);

#[derive(Debug)]
struct Scrape {
    exposition: Exposition,
    gzip: Option<GzEncoder<Vec<u8>>>,
    /// Plain text on its way into `gzip`.
    plain: Vec<u8>,
    tally: Tally,
    clock: Clock,
    /// Time spent writing; waiting for the reader is not in it.
    spent: Duration,
    sent: u64,
    /// Whether the last poll gave a frame.
    given: bool,
    done: bool,
    _place: Place,
}

impl ScrapeBody {
    pub(super) fn empty() -> Self {
        Self(None)
    }

    pub(super) fn new(exposition: Exposition, gzip: bool, clock: Clock, tally: Tally, place: Place) -> Self {
        Self(Some(Box::new(Scrape {
            exposition,
            // Scrapes are repetitive: the fastest level already makes a tenth of them.
            gzip: gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
            plain: Vec::new(),
            tally,
            clock,
            spent: Duration::ZERO,
            sent: 0,
            given: false,
            done: false,
            _place: place,
        })))
    }
}

impl Scrape {
    /// Writes a chunk; what comes out of it may be empty, since gzip keeps some.
    fn advance(&mut self) -> Bytes {
        let start = self.clock.now();
        let (more, out) = match &mut self.gzip {
            None => {
                let mut out = Vec::with_capacity(80 * 1024);
                (self.exposition.write(&mut out), out)
            }
            Some(gzip) => {
                self.plain.clear();
                let more = self.exposition.write(&mut self.plain);
                // Writing to a Vec does not fail.
                let _ = gzip.write_all(&self.plain);
                if !more {
                    let _ = gzip.try_finish();
                }
                (more, std::mem::take(gzip.get_mut()))
            }
        };
        self.done = !more;
        self.spent += self.clock.now().since(start);
        self.sent += out.len() as u64;
        if self.done {
            self.tally.finished(self.spent, self.sent, self.exposition.refused());
        }
        out.into()
    }
}

impl Body for ScrapeBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(scrape) = &mut self.0 else { return Poll::Ready(None) };
        if scrape.done {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut scrape.given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let frame = scrape.advance();
        if !frame.is_empty() {
            scrape.given = true;
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        if scrape.done {
            return Poll::Ready(None);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|scrape| scrape.done)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl Drop for Scrape {
    fn drop(&mut self) {
        if !self.done {
            self.tally.aborted();
        }
    }
}
