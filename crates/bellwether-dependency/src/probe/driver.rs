//! Whoever polls this runs the probes: all at once, each with a deadline, spread over time, and only where no call has told.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bellwether_core::Instant;

use super::run::Run;
use crate::dependencies::Dependencies;
use crate::dependency::Dependency;

/// The first check of a dependency comes within this time.
const FIRST_WITHIN: Duration = Duration::from_secs(1);

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the probes of all dependencies, and looks at their calls every few seconds also if nobody asks how they are, as long as
/// it is polled; from [`Dependencies::probes`]. It never ends.
///
/// It is best polled by a thread that serves nobody: a check that blocks in spite of all then holds up other checks, and
/// nothing else. What is not heard of for long is unknown, also if it is this that stands still.
#[must_use = "futures do nothing unless polled"]
pub struct Probes {
    dependencies: Dependencies,
    number: u64,
    sleep: Box<dyn Fn(Duration) -> Sleep + Send>,
    /// When each is due, by name.
    due: HashMap<Arc<str>, Due>,
    running: Vec<Run>,
    /// Until when it sleeps.
    timer: Option<(Instant, Sleep)>,
    /// A sleep that is over has slept as long as it should, whatever the clock says.
    slept_until: Instant,
    chance: u64,
}

/// When a dependency is to be asked, and what it had been heard of before.
struct Due {
    at: Instant,
    heard: u64,
}

impl Probes {
    pub(crate) fn new<F>(dependencies: Dependencies, sleep: impl Fn(Duration) -> F + Send + 'static, seed: u64) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let sleep = Box::new(move |time| Box::pin(sleep(time)) as Sleep);
        let number = dependencies.number_waiter();
        Self {
            dependencies,
            number,
            sleep,
            due: HashMap::new(),
            running: Vec::new(),
            timer: None,
            slept_until: Instant::default(),
            chance: seed,
        }
    }

    /// Looks at calls and begins the checks that are due, as far as there is room. Returns when the next is due.
    fn begin(&mut self, dependencies: &[Dependency], now: Instant) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for dependency in dependencies {
            next = next.into_iter().chain([dependency.look(now)]).min();
            let Some(probe) = dependency.probe() else { continue };
            let first = self.random(FIRST_WITHIN.min(probe.every));
            let due =
                self.due.entry(Arc::clone(dependency.shared_name())).or_insert(Due { at: now.after(first), heard: 0 });
            if due.at <= now {
                let heard = dependency.calls_heard();
                let is_idle = heard == due.heard;
                if is_idle && self.dependencies.max_probes() <= self.running.len() {
                    // It stays due; the end of a check is what is waited for.
                    continue;
                }
                due.heard = heard;
                let tenth = probe.every / 10;
                let at = now.after(probe.every - tenth);
                if is_idle {
                    self.running.extend(Run::begin(dependency, probe, now));
                }
                let at = at.after(self.random(tenth * 2));
                if let Some(due) = self.due.get_mut(dependency.name()) {
                    due.at = at;
                }
            }
            let at = self.due.get(dependency.name()).map(|due| due.at);
            next = next.into_iter().chain(at).min();
        }
        next
    }

    /// A random time below a limit. Source: SplitMix64, Steele, Lea and Flood, 2014.
    fn random(&mut self, below: Duration) -> Duration {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        below.mul_f64((mixed >> 11) as f64 / (1u64 << 53) as f64)
    }
}

impl Future for Probes {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // Before looking: whoever registers meanwhile wakes us.
        this.dependencies.wake_on_change(this.number, cx.waker());
        loop {
            let clock = this.dependencies.clock().clone();
            let all = this.dependencies.all();
            let now = clock.now().max(this.slept_until);
            let mut next = this.begin(&all, now);
            let before = this.running.len();
            this.running.retain_mut(|run| run.poll(clock.now().max(now), cx).is_pending());
            if this.running.len() < before {
                continue;
            }
            next = next.into_iter().chain(this.running.iter().map(|run| run.deadline)).min();
            let Some(next) = next else {
                this.timer = None;
                return Poll::Pending;
            };
            if this.timer.as_ref().is_none_or(|(until, _)| *until != next) {
                let left = next.since(now);
                this.timer = Some((next, (this.sleep)(left)));
            }
            let Some((_, sleep)) = &mut this.timer else { return Poll::Pending };
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.timer = None;
            this.slept_until = next;
        }
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.dependencies.waiter_is_gone(self.number);
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").field("running", &self.running.len()).finish_non_exhaustive()
    }
}
