//! Writes whole lines to a writer that may write a part, fail, or say "not now".

use std::cell::Cell;
use std::io::{self, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

pub(super) struct Drain {
    writer: Box<dyn Write + Send>,
    /// The last thing written is a part of a line.
    torn: bool,
    /// How often "not now" is taken for an answer, and how long to wait each time.
    tries: u32,
    pause: Duration,
}

impl Drain {
    /// For a thread that has nothing else to do: five seconds.
    pub(super) fn patient(writer: Box<dyn Write + Send>) -> Self {
        Self { writer, torn: false, tries: 1000, pause: Duration::from_millis(5) }
    }

    /// For one that has: 20 ms.
    pub(super) fn hasty(writer: Box<dyn Write + Send>) -> Self {
        Self { writer, torn: false, tries: 20, pause: Duration::from_millis(1) }
    }

    /// Writes so many lines and returns how many were lost. One that was written in part counts as lost, and its part is
    /// ended before the next line, which would be unreadable otherwise.
    pub(super) fn write(&mut self, bytes: &[u8], lines: u64) -> u64 {
        let _busy = Busy::begin();
        if self.torn && !self.write_all(b"\n").is_empty() {
            return lines;
        }
        self.torn = false;
        let rest = self.write_all(bytes);
        self.torn = !rest.is_empty() && rest.len() < bytes.len() && !bytes[..bytes.len() - rest.len()].ends_with(b"\n");
        rest.iter().filter(|byte| **byte == b'\n').count() as u64
    }

    /// Writes as much as can be and returns the rest.
    fn write_all<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let mut tries = self.tries;
        while !bytes.is_empty() {
            match self.attempt(bytes) {
                Ok(written) if written > 0 => bytes = bytes.get(written..).unwrap_or_default(),
                // Standard output that somebody else has set to non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock && tries > 0 => {
                    tries -= 1;
                    thread::sleep(self.pause);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return bytes,
            }
        }
        let _ = catch_unwind(AssertUnwindSafe(|| self.writer.flush()));
        bytes
    }

    /// A writer that panics has failed, no more: who says something does not expect to be unwound for it.
    fn attempt(&mut self, bytes: &[u8]) -> io::Result<usize> {
        catch_unwind(AssertUnwindSafe(|| self.writer.write(bytes))).unwrap_or_else(|_| Err(ErrorKind::Other.into()))
    }
}

/// While this thread writes: what is said meanwhile is said by the writer itself, or by the hook of its panic.
struct Busy;

thread_local!(static BUSY: Cell<bool> = const { Cell::new(false) });

impl Busy {
    fn begin() -> Self {
        BUSY.set(true);
        Self
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        BUSY.set(false);
    }
}

/// Whether this thread is at writing just now.
pub(super) fn is_writing() -> bool {
    BUSY.get()
}
