//! Where lines go: nothing waits for a slow reader, nothing fails for a broken one, and every line is accounted for.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bellwether_core::{OnEnd, Outcome, Registry};
use bellwether_export::log::{JsonLog, Output, RequestLog};
use tracing_subscriber::layer::SubscriberExt;

use super::{Page, operation, registry, scope};

const LONG: Duration = Duration::from_secs(60);

fn say(output: &Output, lines: usize) {
    let log = JsonLog::new(output.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(log), || {
        for n in 0..lines {
            tracing::info!(n, "line");
        }
    });
}

fn dropped(registry: &Registry, reason: &str) -> u64 {
    let metric = registry.metric("bellwether.log.dropped").unwrap();
    metric
        .series()
        .filter(|series| series.label("reason") == Some(reason))
        .map(|series| match series.handle() {
            bellwether_core::Handle::Counter(counter) => counter.value(),
            _ => 0,
        })
        .sum()
}

/// A reader that takes nothing until told, and tells when it was asked.
struct Gate(Sender<()>, Receiver<()>, Page);

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(());
        let _ = self.1.recv();
        self.2.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer of which each call has its own end; the last is for all that follow.
struct Moody(Vec<io::Result<usize>>, Page);

impl Write for Moody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mood = if self.0.len() > 1 { self.0.remove(0) } else { Ok(usize::MAX) };
        let take = mood?.min(bytes.len());
        self.1.write(&bytes[..take])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn queued_lines_arrive_in_order() {
    let (page, registry) = (Page::default(), registry());
    let output = Output::queued(page.clone(), &registry).unwrap();
    say(&output, 1000);
    assert_eq!(output.flush(LONG), 0);
    let numbers: Vec<u64> = page.lines().iter().filter_map(|line| line["n"].as_u64()).collect();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    assert_eq!((output.written(), output.dropped(), output.waiting()), (1000, 0, 0));
}

#[test]
fn a_reader_that_hangs_costs_lines_not_requests() {
    let (page, registry) = (Page::default(), registry());
    let (asked, is_asked) = channel();
    let (open, opened) = channel();
    let output = Output::queued_within(10_000, Gate(asked, opened, page.clone()), &registry).unwrap();
    say(&output, 1);
    is_asked.recv().unwrap();
    // The thread now hangs in `write`, and this returns all the same.
    say(&output, 1000);
    let lost = dropped(&registry, "queue_full");
    assert!(lost > 900 && lost < 1000, "{lost}");
    assert_eq!(output.flush(Duration::from_millis(1)), 1001 - lost);
    drop(open);
    assert_eq!(output.flush(LONG), 0);
    assert_eq!(page.lines().len() as u64, 1001 - lost);
    assert_eq!((output.written(), output.dropped()), (1001 - lost, lost));
}

#[test]
fn a_closed_pipe_is_counted() {
    let registry = registry();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = Output::queued(writer, &registry).unwrap();
    say(&output, 100);
    assert_eq!(output.flush(LONG), 0);
    assert_eq!((output.written(), dropped(&registry, "write_error")), (0, 100));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_counted() {
    let registry = registry();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for output in [Output::queued(full.try_clone().unwrap(), &registry), Output::direct(full, &registry)] {
        let output = output.unwrap();
        let before = output.dropped();
        say(&output, 10);
        assert_eq!(output.flush(LONG), 0);
        assert_eq!((output.written(), output.dropped() - before), (0, 10));
    }
}

#[test]
fn a_torn_line_does_not_tear_the_next() {
    let kind = |kind: io::ErrorKind| Err(io::Error::from(kind));
    let check = |moods: Vec<io::Result<usize>>, written: u64, whole: usize| {
        let (page, registry) = (Page::default(), registry());
        let mut moods = moods;
        moods.push(Ok(0));
        let output = Output::direct(Moody(moods, page.clone()), &registry).unwrap();
        say(&output, 3);
        assert_eq!((output.written(), output.dropped()), (written, 3 - written));
        let text = page.text();
        assert!(text.ends_with('\n'));
        let readable = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count();
        assert_eq!(readable, whole, "{text}");
    };
    check(vec![Ok(10), kind(io::ErrorKind::Interrupted), Ok(20)], 3, 3);
    check(vec![Ok(10), kind(io::ErrorKind::WouldBlock)], 3, 3);
    check(vec![Ok(10), kind(io::ErrorKind::StorageFull)], 2, 2);
    check(vec![Ok(10), Ok(0)], 2, 2);
    // The second line cannot even end the first.
    check(vec![Ok(10), kind(io::ErrorKind::StorageFull), kind(io::ErrorKind::StorageFull)], 1, 1);
    check(vec![kind(io::ErrorKind::BrokenPipe)], 2, 2);
}

#[test]
fn a_writer_that_panics_or_logs_is_a_writer_that_fails() {
    /// The first time logs and panics, as a panic hook that logs would have it; writes from then on.
    struct Loud(bool, Page, Arc<OnceLock<RequestLog>>);
    impl Write for Loud {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, false) {
                // Not by `tracing`, which does not hear what a subscriber says unless it is the global one.
                self.2.get().unwrap().ended(&operation(&scope(), Outcome::Success));
                std::panic::resume_unwind(Box::new("a writer that panics"));
            }
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    type Make = fn(Loud, &Registry) -> Output;
    let check = |make: Make, written: u64, lost: u64| {
        let (page, registry, log) = (Page::default(), registry(), Arc::<OnceLock<RequestLog>>::default());
        let output = make(Loud(true, page.clone(), Arc::clone(&log)), &registry);
        let _ = log.set(JsonLog::new(output.clone()).requests());
        say(&output, 1);
        assert_eq!(output.flush(LONG), 0);
        say(&output, 2);
        assert_eq!(output.flush(LONG), 0);
        assert_eq!((page.lines().len() as u64, output.written(), output.dropped()), (written, written, lost));
    };
    check(|writer, registry| Output::direct(writer, registry).unwrap(), 2, 2);
    // Here what the writer says waits in the queue like anything else.
    check(|writer, registry| Output::queued(writer, registry).unwrap(), 3, 1);
}

#[test]
fn what_was_said_before_the_last_handle_is_dropped_is_written() {
    struct Tell(Page, Sender<()>);
    impl Write for Tell {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.1.send(());
        }
    }
    let page = Page::default();
    let (ended, end) = channel();
    let output = Output::queued(Tell(page.clone(), ended), &registry()).unwrap();
    say(&output, 10);
    drop(output);
    // The thread ends by itself, and lets go of the writer.
    end.recv_timeout(LONG).unwrap();
    assert_eq!(page.lines().len(), 10);
}

#[test]
fn names_that_are_taken_are_refused() {
    let registry = registry();
    let _taken = registry.gauge("bellwether.log.written").build().unwrap();
    assert!(Output::direct(Page::default(), &registry).unwrap_err().is_conflict());
}
