//! Time that moves when a test says so, and futures that are polled then.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bellwether_core::{Clock, Registry, Timestamp};
use bellwether_dependency::{Dependencies, DependenciesBuilder, Probes};

/// What a future gives that does not wait.
pub(crate) fn now_or_never<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Dependencies on a manual clock.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) dependencies: Dependencies,
    probes: Pin<Box<Probes>>,
    pub(crate) wakes: Arc<Wakes>,
}

/// How often the driver was woken.
#[derive(Default)]
pub(crate) struct Wakes(pub(crate) AtomicU64);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(limits: impl FnOnce(DependenciesBuilder) -> DependenciesBuilder) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let registry = Registry::on(clock.clone());
        let dependencies = limits(Dependencies::builder(&registry).seed(7)).build().unwrap();
        let probes = Box::pin(dependencies.probes(sleep(&clock)));
        Self { clock, registry, dependencies, probes, wakes: Arc::default() }
    }

    /// Lets time pass, and the driver run in it.
    pub(crate) fn pass(&mut self, time: Duration) {
        let step = Duration::from_millis(50);
        let mut left = time;
        self.poll();
        while !left.is_zero() {
            let by = left.min(step);
            self.clock.advance(by);
            left -= by;
            self.poll();
        }
    }

    pub(crate) fn poll(&mut self) {
        let waker = Waker::from(Arc::clone(&self.wakes));
        assert!(self.probes.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
}

/// A sleep by a clock; whoever polls again when time has passed finds it over.
pub(crate) fn sleep(clock: &Clock) -> impl Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + 'static {
    let clock = clock.clone();
    move |time| {
        let (clock, until) = (clock.clone(), clock.now().after(time));
        Box::pin(std::future::poll_fn(move |_| if until <= clock.now() { Poll::Ready(()) } else { Poll::Pending }))
    }
}
