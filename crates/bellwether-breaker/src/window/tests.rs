//! Windows against models that keep every result.

use std::time::Duration;

use bellwether_core::Instant;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Bad, Counts, Window};
use crate::trip::Span;

/// A result and when it came.
type Result = (u64, Option<Bad>);

fn result() -> impl Strategy<Value = Option<Bad>> {
    prop_oneof![6 => Just(None), 2 => Just(Some(Bad::Failure)), 1 => Just(Some(Bad::Slow))]
}

fn counted<'a>(results: impl Iterator<Item = &'a Option<Bad>>) -> Counts {
    let mut counts = Counts::default();
    for result in results {
        match result {
            None => counts.successes += 1,
            Some(Bad::Slow) => counts.slow += 1,
            Some(Bad::Failure) => counts.failures += 1,
        }
    }
    counts
}

/// Feeds results as a breaker does: the good ones are only counted.
struct Feed {
    window: Window,
    good: u64,
}

impl Feed {
    fn new(span: Span) -> Self {
        Self { window: Window::new(span, Instant::default()), good: 0 }
    }

    fn result(&mut self, at: u64, bad: Option<Bad>) {
        let at = Instant::from_nanos(at);
        match bad {
            Some(bad) => self.window.push(bad, self.good, at),
            None => {
                if at >= self.window.boundary() {
                    self.window.counts(self.good, at);
                }
                self.good += 1;
            }
        }
    }

    fn counts(&mut self, at: u64) -> Counts {
        self.window.counts(self.good, Instant::from_nanos(at))
    }
}

proptest! {
    #[test]
    fn p10_a_count_window_is_the_last_n_results(size in prop_oneof![Just(1), Just(63), Just(64), Just(65), 1_u32..200], results in vec(result(), 0..600)) {
        let mut feed = Feed::new(Span::Calls(size));
        for (at, bad) in results.iter().enumerate() {
            feed.result(0, *bad);
            // Looked at now and then: looking must not matter.
            if at % 7 == 0 || bad.is_some() {
                let first = (at + 1).saturating_sub(size as usize);
                prop_assert_eq!(feed.counts(0), counted(results[first..=at].iter()));
            }
        }
        let first = results.len().saturating_sub(size as usize);
        prop_assert_eq!(feed.counts(0), counted(results[first..].iter()));
    }

    #[test]
    fn p11_a_time_window_is_what_came_in_its_span_to_within_a_bucket(
        span in prop_oneof![Just(1_u64), Just(10), Just(1000), 10_u64..100_000],
        results in vec((prop_oneof![4 => 0_u64..50, 1 => 0_u64..30_000, 1 => Just(1 << 40)], result()), 1..300),
    ) {
        let mut feed = Feed::new(Span::Time(Duration::from_nanos(span)));
        let width = span.div_ceil(10).max(1);
        let mut kept: Vec<Result> = Vec::new();
        let mut now = 0;
        for (pause, bad) in results {
            now += pause;
            feed.result(now, bad);
            kept.push((now, bad));
            let within = |age: u64| counted(kept.iter().filter(|(at, _)| now - at < age).map(|(_, bad)| bad));
            let (least, most, is) = (within((width * 10).saturating_sub(width)), within(width * 10), feed.counts(now));
            prop_assert!(least.calls() <= is.calls() && is.calls() <= most.calls(), "{:?} <= {:?} <= {:?}", least, is, most);
            prop_assert!(least.failures <= is.failures && is.failures <= most.failures);
            prop_assert!(least.slow <= is.slow && is.slow <= most.slow);
        }
    }

    #[test]
    fn p12_only_counts_matter_not_how_close_together_they_came(results in vec(result(), 1..300)) {
        let mut burst = Feed::new(Span::Time(Duration::from_secs(10)));
        let mut spread = Feed::new(Span::Time(Duration::from_secs(10)));
        for (at, bad) in results.iter().enumerate() {
            burst.result(1, *bad);
            spread.result(at as u64 * 20_000_000, *bad);
        }
        let last = (results.len() as u64 - 1) * 20_000_000;
        prop_assert_eq!(burst.counts(1), spread.counts(last));
    }

    #[test]
    fn p13_a_clock_that_stands_still_or_goes_back_rotates_nothing(results in vec((0_u64..2_000, result()), 1..200)) {
        let mut feed = Feed::new(Span::Time(Duration::from_nanos(1_000_000)));
        // All within the first bucket, in any order of time.
        for (at, bad) in &results {
            feed.result(*at, *bad);
        }
        prop_assert_eq!(feed.counts(0), counted(results.iter().map(|(_, bad)| bad)));
    }
}

#[test]
fn p11_an_idle_time_of_any_length_empties_a_time_window() {
    for idle in [10_000, 20_000, 1 << 33, u64::MAX / 2, u64::MAX - 1] {
        let mut feed = Feed::new(Span::Time(Duration::from_nanos(10_000)));
        feed.result(1, Some(Bad::Failure));
        feed.result(2, None);
        assert_eq!(feed.counts(3).calls(), 2);
        assert_eq!(feed.counts(idle), Counts::default(), "after {idle}");
        feed.result(idle, Some(Bad::Slow));
        assert_eq!(feed.counts(idle).slow, 1);
    }
}

#[test]
fn a_window_as_long_as_time_itself_keeps_everything() {
    let mut feed = Feed::new(Span::Time(Duration::MAX));
    feed.result(5, Some(Bad::Failure));
    assert_eq!(feed.counts(u64::MAX / 20).calls(), 1);
}
