//! Whether a node ails, and of what: shares of calls that are certainly above normal, and pools that are full.

use super::graph::Kind;
use super::memory::{ENOUGH, Hits, NodeMemory, Tally, WINDOWS, share};
use super::stats::wilson;

/// What ails a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ailment {
    /// Calls or attempts fail.
    pub(super) errors: bool,
    /// Calls take longer.
    pub(super) slow: bool,
    /// A resource has no permits left, and somebody waits.
    pub(super) full: bool,
    /// Callers ask for what cannot be.
    pub(super) callers: bool,
    /// A cache no longer finds what it used to.
    pub(super) misses: bool,
}

/// Fewer hits prove nothing, and a few more are needed if most calls are well, or if it is that calls are slow.
const LEAST: f64 = 3.0;
const LEAST_OF_MANY: f64 = 4.0;
const LEAST_SLOW: f64 = 5.0;
/// The parts of windows that losses must be spread over: a moment's pause fills fewer.
const PARTS: f64 = 3.0;
/// Of so many calls one need not look further back.
const PLENTY: f64 = 150.0;
/// The share of failures that matters: of a node whose normal is known, and of one whose is not.
const ERRORS: f64 = 0.03;
const ERRORS_UNKNOWN: f64 = 0.1;
/// The share of calls beyond twice the normal 95 % quantile; beyond 1.7 times the normal median.
const SLOW: f64 = 0.05;
const LATE: f64 = 0.4;
/// The share of bad requests; of misses.
const CALLERS: f64 = 0.1;
const MISSES: f64 = 0.25;
/// How far above normal a share must be.
const ABOVE: f64 = 1.5;
/// From which share of its permits on a resource is full.
const FULL: f64 = 0.9;

impl Ailment {
    pub(super) fn any(self) -> bool {
        self.hurts() || self.callers || self.misses
    }

    /// Whether its calls suffer, and so may its callers.
    pub(super) fn hurts(self) -> bool {
        self.errors || self.slow || self.full
    }
}

/// What ails a node in its last windows. `waited` are the seconds per second that somebody waited for it, `refused` how
/// many it turned away, if it is a resource, and `asked` whether anybody that shares it had anything to do.
pub(super) fn ailment(node: &NodeMemory, kind: Kind, waited: f64, refused: f64, asked: bool) -> Ailment {
    if kind.is_resource() {
        if !asked {
            // Whoever would ask is kept from it: nothing is known to be better.
            return node.ailment;
        }
        let full = match kind {
            Kind::Breaker | Kind::Budget => refused >= LEAST,
            _ => refused >= LEAST || node.occupied >= FULL && waited > 0.1,
        };
        return Ailment { full, ..Ailment::default() };
    }
    if node.idle > 0 {
        // No news: what ailed it may still do.
        return if node.idle < WINDOWS { node.ailment } else { Ailment::default() };
    }
    let normal = &node.normal;
    let attempts = Hits { hits: normal.attempts_lost, n: normal.attempts };
    let calls = Hits { hits: normal.lost, n: normal.ended };
    let bad_requests = Hits { hits: normal.bad_requests, n: normal.ended };
    let misses = Hits { hits: normal.misses, n: normal.ended };
    let lasting = lasting(node);
    let above = |floor, usual, of| above(node, Test { floor, least: LEAST, windows: 1 }, usual, of);
    let late = |usual, of| self::above(node, Test { floor: LATE, least: LEAST_SLOW, windows: 1 }, usual, of);
    // A replica that pauses for a moment makes a few calls slow, and may do so on both sides of a window's end.
    let slow = |usual, of| self::above(node, Test { floor: SLOW, least: LEAST_SLOW, windows: 3 }, usual, of);
    Ailment {
        errors: lasting
            && (above(ERRORS, attempts, |tally| tally.attempts) || above(ERRORS, calls, |tally| tally.calls)),
        slow: slow(node.normally_slow(0.95), |tally| tally.slow)
            || late(node.normally_slow(0.5), |tally| tally.late)
            || slow(node.normally_own_slow(0.95), |tally| tally.own_slow)
            || late(node.normally_own_slow(0.5), |tally| tally.own_late),
        full: false,
        callers: kind == Kind::Route && node.is_known() && above(CALLERS, bad_requests, |tally| tally.bad_requests),
        misses: misses.n >= ENOUGH && misses.hits > 0.0 && above(MISSES, misses, |tally| tally.misses),
    }
}

/// Whether attempts are lost over some time, rather than all in a blip.
fn lasting(node: &NodeMemory) -> bool {
    let (mut tried, mut parts) = (0.0, 0.0);
    for tally in &node.recent[..node.windows] {
        (tried, parts) = (tried + tally.attempts.n, parts + tally.parts());
        if parts >= PARTS {
            return true;
        }
        if tried >= PLENTY && !tally.in_bursts() {
            break;
        }
    }
    false
}

/// What a share must be above, and by how many hits, in how many different windows at least.
struct Test {
    floor: f64,
    least: f64,
    windows: usize,
}

/// Whether a share is certainly above a floor and what is usual: in the last window alone, or in several with hits in more
/// than one of them, of which the last agrees.
fn above(node: &NodeMemory, test: Test, usual: Hits, of: fn(&Tally) -> Hits) -> bool {
    let known = usual.n >= ENOUGH;
    let limit = if known { ABOVE * wilson(usual.hits, usual.n).1 } else { ERRORS_UNKNOWN };
    let limit = limit.max(test.floor).min(0.9);
    let last = of(&node.recent[0]);
    if share(last.hits, last.n) <= limit {
        return false;
    }
    let (mut sum, mut with_hits) = (Hits::default(), 0);
    for (i, tally) in node.recent[..node.windows].iter().enumerate() {
        let Hits { hits, n } = of(tally);
        sum = Hits { hits: sum.hits + hits, n: sum.n + n };
        with_hits += usize::from(hits > 0.0);
        let spread = with_hits >= test.windows.max(if i == 0 { 1 } else { 2 });
        let least = if 3.0 * sum.hits > sum.n { test.least } else { test.least.max(LEAST_OF_MANY) };
        if spread && sum.hits >= least && wilson(sum.hits, sum.n).0 > limit {
            return true;
        }
        if sum.n >= PLENTY && i + 1 >= test.windows {
            return false;
        }
    }
    false
}
