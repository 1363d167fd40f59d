//! What the judge remembers of each node and edge: what is normal, the last windows, and a running now.

use std::time::Duration;

use super::ailment::Ailment;
use super::failure::{Failure, Failures};
use super::latency::{self, Latency};
use super::stats::{Cusum, clean};
use super::window::{Calls, Flow, Window};

/// How long it takes until two thirds of what was normal is forgotten.
const NORMAL: f64 = 3600.0;
/// What is kept of the running now from one window to the next.
const KEPT: f64 = 0.6;
/// How many windows with traffic are looked at together at most, and how many without are waited for.
pub(super) const WINDOWS: usize = 12;
/// Below so many calls nothing is known of what is normal.
pub(super) const ENOUGH: f64 = 50.0;
/// The share of its calls below which what ails a node is slight.
const SLIGHT: f64 = 0.06;
/// Nobody notices a difference in seconds below this.
const NOTICEABLE: f64 = 0.003;

/// Counts and times of a node, summed with weights.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) seconds: f64,
    pub(super) started: f64,
    pub(super) ended: f64,
    pub(super) lost: f64,
    pub(super) attempts: f64,
    pub(super) attempts_lost: f64,
    pub(super) bad_requests: f64,
    pub(super) misses: f64,
    pub(super) busy: f64,
    pub(super) own_busy: f64,
    /// Failed attempts by class, whoever is to blame, and those of its own.
    pub(super) failed: [f64; Failure::ALL.len()],
    pub(super) own: [f64; Failure::ALL.len()],
    /// Calls slower than normal, known only of a running now.
    pub(super) slow: f64,
}

/// Counts and times of an edge, summed with weights.
#[derive(Debug, Clone, Default)]
pub(super) struct EdgeSums {
    pub(super) seconds: f64,
    pub(super) started: f64,
    pub(super) failed: f64,
    pub(super) cut: f64,
    pub(super) busy: f64,
    pub(super) held: f64,
}

/// What the tests of one window need: hits of how many.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) attempts: Hits,
    pub(super) calls: Hits,
    /// In which parts of the window attempts were lost, one bit each.
    pub(super) lost_in: u16,
    /// Calls beyond twice the normal 95 % quantile.
    pub(super) slow: Hits,
    /// Calls beyond 1.7 times the normal median.
    pub(super) late: Hits,
    /// The same of the time of their own.
    pub(super) own_slow: Hits,
    pub(super) own_late: Hits,
    pub(super) bad_requests: Hits,
    pub(super) misses: Hits,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hits {
    pub(super) hits: f64,
    pub(super) n: f64,
}

/// What is remembered of a node. Its size is fixed.
#[derive(Debug, Clone)]
pub(super) struct NodeMemory {
    pub(super) normal: Sums,
    /// How many windows that rests on, as far as it matters.
    learned: usize,
    normal_latency: [f64; Latency::BUCKETS],
    normal_own_time: [f64; Latency::BUCKETS],
    pub(super) now: Sums,
    /// Calls that began, and seconds, of the running now: idle windows included.
    arrivals: (f64, f64),
    /// The newest first.
    pub(super) recent: [Tally; WINDOWS],
    pub(super) windows: usize,
    pub(super) idle: usize,
    pub(super) ailment: Ailment,
    /// Whether it ailed in each of the last windows, the newest in the lowest bit.
    pub(super) ailed: u8,
    pub(super) cusum: Cusum,
    /// The share of a resource's permits that was taken in the last window.
    pub(super) occupied: f64,
    /// Calls beyond twice the normal that are still in flight.
    pub(super) hanging: f64,
    /// Whether its calls suffered in one of the two windows before the last.
    pub(super) suffered: bool,
    suffering: u8,
}

/// What is remembered of an edge.
#[derive(Debug, Clone, Default)]
pub(super) struct EdgeMemory {
    pub(super) normal: EdgeSums,
    pub(super) now: EdgeSums,
}

impl Default for NodeMemory {
    fn default() -> Self {
        Self {
            normal: Sums::default(),
            learned: 0,
            normal_latency: [0.0; Latency::BUCKETS],
            normal_own_time: [0.0; Latency::BUCKETS],
            arrivals: (0.0, 0.0),
            now: Sums::default(),
            recent: [Tally::default(); WINDOWS],
            windows: 0,
            idle: 0,
            ailment: Ailment::default(),
            ailed: 0,
            cusum: Cusum::default(),
            occupied: 0.0,
            hanging: 0.0,
            suffered: false,
            suffering: 0,
        }
    }
}

impl NodeMemory {
    /// Takes a window into the running now and the tallies; nothing yet into what is normal.
    ///
    /// In a window in which the process `paused` for a moment, that calls were slow says nothing about them.
    pub(super) fn see(&mut self, calls: &Calls, length: Duration, paused: bool) {
        let from = |normal, q| self.slow_from(normal, q);
        let [slow, late] =
            [from(&self.normal_latency, 0.95), from(&self.normal_latency, 0.5)].map(|from| beyond(calls, from));
        let own = |q| {
            let Some(from) = from(&self.normal_own_time, q) else { return Hits::default() };
            Hits { hits: latency::above(&calls.own_time.buckets(), from), n: calls.own_time.count() as f64 }
        };
        let unless_paused = |hits: Hits| if paused { Hits { hits: 0.0, ..hits } } else { hits };
        let [slow, late, own_slow, own_late] = [slow, late, own(0.95), own(0.5)].map(unless_paused);
        self.hanging = from(&self.normal_latency, 0.95).map_or(0.0, |from| latency::above(&calls.ages.buckets(), from));
        self.arrivals.0 = self.arrivals.0 * KEPT + calls.started as f64;
        self.arrivals.1 = self.arrivals.1 * KEPT + length.as_secs_f64();
        let lost = |failures: &Failures, n: u64| Hits { hits: failures.lost().min(n) as f64, n: n as f64 };
        let attempts = calls.attempts.max(if calls.attempts_failed.total() > 0 { 1 } else { 0 });
        let tally = Tally {
            attempts: lost(&calls.attempts_failed, attempts),
            calls: lost(&calls.failed, calls.ended),
            lost_in: calls.lost_in & ((1 << Window::PARTS) - 1),
            slow,
            late,
            own_slow,
            own_late,
            bad_requests: Hits {
                hits: calls.failed[Failure::BadRequest].min(calls.ended) as f64,
                n: calls.ended as f64,
            },
            misses: Hits { hits: calls.misses.min(calls.ended) as f64, n: calls.ended as f64 },
        };
        let empty = tally.attempts.n == 0.0 && tally.calls.n == 0.0 && tally.slow.n == 0.0 && calls.busy <= 0.0;
        self.occupied = match calls.capacity {
            0 => 0.0,
            capacity => {
                let on_average = clean(calls.busy) / length.as_secs_f64().max(1e-3);
                on_average.max(calls.in_flight as f64) / capacity as f64
            }
        };
        if empty {
            self.idle = (self.idle + 1).min(WINDOWS);
            return;
        }
        self.idle = 0;
        self.recent.rotate_right(1);
        self.recent[0] = tally;
        self.windows = (self.windows + 1).min(WINDOWS);
        self.now.add(&sums(calls, length, tally.slow.hits.max(own_slow.hits)), KEPT);
    }

    /// Takes in what was found to ail it.
    pub(super) fn found(&mut self, ailment: Ailment) {
        self.suffered = self.suffering & 0b11 != 0;
        self.suffering = self.suffering << 1 | u8::from(ailment.hurts());
        self.ailment = ailment;
    }

    /// Takes a window into what is normal.
    pub(super) fn learn(&mut self, calls: &Calls, length: Duration) {
        let kept = kept(length);
        self.normal.add(&sums(calls, length, 0.0), kept);
        self.learned = self.learned.saturating_add(1);
        let latency = calls.latency.buckets();
        self.normal_latency.iter_mut().zip(latency).for_each(|(sum, n)| *sum = *sum * kept + n);
        let own_time = calls.own_time.buckets();
        self.normal_own_time.iter_mut().zip(own_time).for_each(|(sum, n)| *sum = *sum * kept + n);
    }

    /// From how many seconds a call is slow: so many times the normal quantile, and noticeably above it. `None` until known.
    fn slow_from(&self, normal: &[f64; Latency::BUCKETS], q: f64) -> Option<f64> {
        // In the first minute, at the usual tick, queues and caches have yet to find their level.
        let known = self.is_known() && self.learned > WINDOWS;
        let normal = latency::quantile(normal, q).filter(|_| known)?;
        // Most calls do not get so much slower by chance as one in twenty does.
        let times = if q > 0.5 { 2.0 } else { 1.7 };
        Some((times * normal).max(normal + NOTICEABLE))
    }

    /// The normal share of calls that are as slow as that.
    pub(super) fn normally_slow(&self, q: f64) -> Hits {
        self.normally_beyond(&self.normal_latency, q)
    }

    /// The same of the time of their own.
    pub(super) fn normally_own_slow(&self, q: f64) -> Hits {
        self.normally_beyond(&self.normal_own_time, q)
    }

    fn normally_beyond(&self, normal: &[f64; Latency::BUCKETS], q: f64) -> Hits {
        let hits = self.slow_from(normal, q).map_or(0.0, |from| latency::above(normal, from));
        Hits { hits, n: normal.iter().sum() }
    }

    /// Requests or calls that are lost beyond what is normal, in the running now.
    pub(super) fn lost(&self) -> f64 {
        (self.now.lost - share(self.normal.lost, self.normal.ended) * self.now.ended).max(0.0)
    }

    /// Attempts likewise.
    pub(super) fn attempts_lost(&self) -> f64 {
        let normal = share(self.normal.attempts_lost, self.normal.attempts);
        (self.now.attempts_lost - normal * self.now.attempts).max(0.0)
    }

    /// Calls that are slow beyond what is normal, or hang; none if that is not what ails it.
    pub(super) fn slow(&self) -> f64 {
        if self.ailment.slow { self.now.slow.max(self.hanging) } else { 0.0 }
    }

    /// The time of its own, in seconds an attempt, beyond what is normal.
    pub(super) fn own_excess(&self) -> f64 {
        (self.now.own_per_attempt() - self.normal.own_per_attempt()).max(0.0)
    }

    /// Whether enough calls were seen to say what is normal for it.
    pub(super) fn is_known(&self) -> bool {
        self.normal.ended >= ENOUGH
    }

    /// Whether only a small part of its calls suffers.
    pub(super) fn is_slight(&self) -> bool {
        let slow = share(self.now.slow.max(self.hanging), self.now.ended);
        share(self.now.attempts_lost, self.now.attempts).max(slow) < SLIGHT
    }

    /// Whether its calls suffered in one of the last windows: what they left behind may be found only now.
    pub(super) fn suffers(&self) -> bool {
        self.ailment.hurts() || self.suffered
    }

    /// Calls that began: how many of late, in how many seconds, and how many a second are normal.
    pub(super) fn arrivals(&self) -> (f64, f64, f64) {
        (self.arrivals.0, self.arrivals.1, share(self.normal.started, self.normal.seconds))
    }
}

impl Tally {
    /// In how many parts of the window attempts were lost.
    pub(super) fn parts(&self) -> f64 {
        f64::from(self.lost_in.count_ones())
    }

    /// Whether clearly more attempts are lost than come in those parts if calls are spread evenly: then all calls come in bursts.
    pub(super) fn in_bursts(&self) -> bool {
        self.attempts.hits * f64::from(Window::PARTS) > 1.5 * self.attempts.n * self.parts()
    }
}

impl EdgeMemory {
    /// Takes a window into the running now, unless its parent was idle.
    pub(super) fn see(&mut self, flow: &Flow, length: Duration) {
        self.now.add(flow, length, KEPT);
    }

    /// Takes a window into what is normal.
    pub(super) fn learn(&mut self, flow: &Flow, length: Duration) {
        self.normal.add(flow, length, kept(length));
    }
}

impl Sums {
    /// Attempts, or calls that have not come to one.
    pub(super) fn tried(&self) -> f64 {
        self.attempts.max(self.started).max(self.ended)
    }

    pub(super) fn own_per_attempt(&self) -> f64 {
        share(self.own_busy, self.tried())
    }

    fn add(&mut self, new: &Self, kept: f64) {
        let add = |sum: &mut f64, new: f64| *sum = *sum * kept + new;
        add(&mut self.seconds, new.seconds);
        add(&mut self.started, new.started);
        add(&mut self.ended, new.ended);
        add(&mut self.lost, new.lost);
        add(&mut self.attempts, new.attempts);
        add(&mut self.attempts_lost, new.attempts_lost);
        add(&mut self.bad_requests, new.bad_requests);
        add(&mut self.misses, new.misses);
        add(&mut self.busy, new.busy);
        add(&mut self.own_busy, new.own_busy);
        add(&mut self.slow, new.slow);
        self.failed.iter_mut().zip(new.failed).for_each(|(sum, new)| add(sum, new));
        self.own.iter_mut().zip(new.own).for_each(|(sum, new)| add(sum, new));
    }
}

impl EdgeSums {
    fn add(&mut self, flow: &Flow, length: Duration, kept: f64) {
        let add = |sum: &mut f64, new: f64| *sum = *sum * kept + new;
        add(&mut self.seconds, length.as_secs_f64());
        add(&mut self.started, flow.started as f64);
        add(&mut self.failed, flow.failed as f64);
        add(&mut self.cut, flow.cut as f64);
        add(&mut self.busy, clean(flow.busy));
        add(&mut self.held, clean(flow.held));
    }
}

fn sums(calls: &Calls, length: Duration, slow: f64) -> Sums {
    let lost = |failures: &Failures, n: u64| failures.lost().min(n) as f64;
    Sums {
        seconds: length.as_secs_f64(),
        started: calls.started as f64,
        ended: calls.ended as f64,
        lost: lost(&calls.failed, calls.ended),
        attempts: calls.attempts as f64,
        attempts_lost: lost(&calls.attempts_failed, calls.attempts),
        bad_requests: calls.failed[Failure::BadRequest].min(calls.ended) as f64,
        misses: calls.misses.min(calls.ended) as f64,
        busy: clean(calls.busy),
        own_busy: clean(calls.own_busy),
        failed: Failure::ALL.map(|class| calls.attempts_failed[class] as f64),
        own: Failure::ALL.map(|class| calls.own[class] as f64),
        slow,
    }
}

/// Calls that took, or so far take, longer than `from`. Those in flight that do not yet are of neither kind.
fn beyond(calls: &Calls, from: Option<f64>) -> Hits {
    let Some(from) = from else { return Hits::default() };
    let hanging = latency::above(&calls.ages.buckets(), from);
    Hits { hits: latency::above(&calls.latency.buckets(), from) + hanging, n: calls.latency.count() as f64 + hanging }
}

fn kept(length: Duration) -> f64 {
    (-length.as_secs_f64().clamp(0.0, 60.0) / NORMAL).exp()
}

/// A part as a share of a whole; 0 of nothing.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
