//! Whether what ails a node is worth an incident: more than chance and a blip or two make of it, and not over yet.

use super::memory::{ENOUGH, Hits, NodeMemory, Tally, share};
use super::stats::surprise;
use super::window::Window;

/// How surprising failures must be, in nats: so much that a node shows it by chance in one of 160,000 windows, nine days at
/// the usual tick. The more nodes are watched, the more surprises there are among them, and the more it takes.
const PROOF: f64 = 12.0;
const BEYOND_DOUBT: f64 = 18.0;
/// Nobody is so well that fewer failures than this are usual; and what is usual of a node that nobody knows yet.
const USUAL: f64 = 0.003;
const USUAL_UNKNOWN: f64 = 0.1;
/// More than this, and than twice the usual, is an unusual share of failures in one window.
const UNUSUAL: f64 = 0.03;
/// So many failures were to be expected and did not come: a chance of one in a thousand, so it is over.
const MISSED: f64 = 7.0;
/// From when on slowness is more than a busy moment of a queue: so many calls beyond 1.7 times the normal median, so many
/// beyond twice the normal 95 % quantile, or so many beyond the former and so many times the usual time of their own.
const MOST: f64 = 0.75;
const MANY: f64 = 0.3;
const HALF: (f64, f64) = (0.5, 2.0);
/// Short of that it has to ail for so many of the last six windows.
const LASTS: u32 = 5;

/// Whether what ails a node, one of so many, is proof of trouble that goes on.
pub(super) fn proven(node: &NodeMemory, nodes: usize) -> bool {
    if node.ailment.callers || node.ailment.slow && (strong(node) || lasts(node)) {
        return true;
    }
    let need = PROOF + (nodes.max(1) as f64).ln();
    // Who calls in bursts fails in bursts: what lasts is not over between two of them.
    node.ailment.errors && (lasts(node) || !over(&node.recent[0])) && strongest(node) >= need
}

/// Whether it ails beyond doubt by failures that came in two of the last three windows, though in one of them too few to ail.
pub(super) fn fails_again(node: &NodeMemory) -> bool {
    let usual = share(node.normal.attempts_lost, node.normal.attempts);
    let unusual = |tally: &&Tally| share(tally.attempts.hits, tally.attempts.n) > (2.0 * usual).max(UNUSUAL);
    let fails = node.ailment.errors && node.ailed & 1 == 1;
    fails && node.recent[..node.windows.min(3)].iter().filter(unusual).count() >= 2 && strongest(node) >= BEYOND_DOUBT
}

/// Whether most calls are slow, many are much too slow, or half are and the time of their own is twice the usual.
fn strong(node: &NodeMemory) -> bool {
    let (of, last) = (|hits: Hits| share(hits.hits, hits.n), &node.recent[0]);
    let (late, slow) = (of(last.late).max(of(last.own_late)), of(last.slow).max(of(last.own_slow)));
    let times = share(node.now.own_per_attempt(), node.normal.own_per_attempt());
    late >= MOST || slow >= MANY || late >= HALF.0 && times >= HALF.1
}

/// Whether it ails for half a minute, at the usual tick.
fn lasts(node: &NodeMemory) -> bool {
    (node.ailed & 0b11_1111).count_ones() >= LASTS
}

/// How surprising the failures of the last windows are, of as many windows as make the strongest case.
fn strongest(node: &NodeMemory) -> f64 {
    let normal = &node.normal;
    let usual = |hits: f64, n: f64| if n >= ENOUGH { ((hits + 1.0) / (n + 1.0)).max(USUAL) } else { USUAL_UNKNOWN };
    let usual = [usual(normal.attempts_lost, normal.attempts), usual(normal.lost, normal.ended)];
    let (mut hits, mut n, mut strongest) = ([0.0; 2], [0.0; 2], 0.0f64);
    for tally in &node.recent[..node.windows] {
        for (i, of) in [tally.attempts, tally.calls].into_iter().enumerate() {
            let counted = of.hits.min(apart(tally));
            hits[i] += counted;
            // Where all calls come in bursts, they count as those that are lost do.
            n[i] += if tally.in_bursts() { of.n * share(counted, of.hits) } else { of.n };
            strongest = strongest.max(surprise(hits[i], n[i], usual[i]));
        }
    }
    strongest
}

/// How many failures would be in as many tenths of a window if they came by themselves, rather than all in a blip.
fn apart(tally: &Tally) -> f64 {
    let parts = f64::from(Window::PARTS);
    let with = tally.parts();
    if with < parts { -parts * (1.0 - with / parts).ln() } else { f64::INFINITY }
}

/// Whether failures that had come thick and fast stopped coming before the window's end.
fn over(last: &Tally) -> bool {
    let parts = f64::from(Window::PARTS);
    let quiet = 1.0 - f64::from(u16::BITS - last.lost_in.leading_zeros()) / parts;
    let before = share(last.attempts.hits, last.attempts.n * (1.0 - quiet)).min(1.0);
    before * last.calls.n * quiet >= MISSED
}
