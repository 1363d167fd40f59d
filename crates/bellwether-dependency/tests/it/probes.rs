//! Probes: who runs them, when, and what becomes of those that panic, block, never end or say too much.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;
use std::time::Duration;

use bellwether_core::{Clock, Instant};
use bellwether_dependency::{Dependency, Failure, Health, Patience, Probe, Reason};

use crate::time::{World, sleep};

const EVERY: Duration = Duration::from_secs(10);

/// One look is enough.
const AT_ONCE: Patience = hasty();

const fn hasty() -> Patience {
    Patience { fall: 1, rise: 1, fall_for: Duration::ZERO }
}

/// A probe that notes when it was asked.
fn noting(clock: &Clock) -> (Probe, Arc<Mutex<Vec<Instant>>>) {
    let (clock, asked) = (clock.clone(), Arc::new(Mutex::new(Vec::new())));
    let notes = Arc::clone(&asked);
    let probe = Probe::new(move || {
        notes.lock().unwrap().push(clock.now());
        std::future::ready(Ok::<_, io::Error>(()))
    });
    (probe.every(EVERY), asked)
}

/// What is thought of a dependency after a while, whose check is this.
fn after_a_while(probe: Probe) -> (Health, Reason) {
    let mut world = World::new();
    let described = Dependency::custom("it").patience(AT_ONCE).probe(probe.every(EVERY));
    let dependency = world.dependencies.register(described).unwrap();
    let (well, _) = noting(&world.clock);
    let other = world.dependencies.register(Dependency::custom("other").probe(well)).unwrap();
    world.pass(Duration::from_secs(15));
    assert_eq!(other.status().health, Health::Up, "nothing else is held up");
    (dependency.status().health, dependency.status().reason)
}

#[test]
fn what_a_check_says() {
    let refused = || std::future::ready(Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused)));
    assert_eq!(after_a_while(Probe::new(refused)), (Health::Down, Reason::Probe(Failure::Refused)));
    let well = || std::future::ready(Ok::<_, io::Error>("x".repeat(1 << 20)));
    assert_eq!(after_a_while(Probe::new(well)), (Health::Up, Reason::Answered));
    let much = || std::future::ready(Err::<(), _>(io::Error::other("x".repeat(1 << 20))));
    assert_eq!(after_a_while(Probe::new(much)), (Health::Down, Reason::Probe(Failure::Unknown)));
    let never = std::future::pending::<io::Result<()>>;
    assert_eq!(after_a_while(Probe::new(never)), (Health::Down, Reason::Probe(Failure::Timeout)));
}

#[test]
#[allow(unreachable_code, reason = "it panics")]
fn a_check_that_panics_is_one_that_failed() {
    let within = || async { panic!("within") as io::Result<()> };
    assert_eq!(after_a_while(Probe::new(within)), (Health::Down, Reason::Panicked));
    let before = || -> std::future::Ready<io::Result<()>> { panic!("before") };
    assert_eq!(after_a_while(Probe::new(before)), (Health::Down, Reason::Panicked));

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("when dropped");
        }
    }
    let dropped = || async {
        let _bomb = Bomb;
        std::future::pending::<io::Result<()>>().await
    };
    assert_eq!(after_a_while(Probe::new(dropped)), (Health::Down, Reason::Probe(Failure::Timeout)));
    let payload = || async { std::panic::panic_any(Bomb) as io::Result<()> };
    assert_eq!(after_a_while(Probe::new(payload)), (Health::Down, Reason::Panicked));
}

#[test]
fn a_check_that_panicked_is_made_again() {
    let mut world = World::new();
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let probe = Probe::new(move || {
        let first = asked.fetch_add(1, SeqCst) == 0;
        async move { if first { panic!("once") } else { Ok::<_, io::Error>(()) } }
    });
    let dependency =
        world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe.every(EVERY))).unwrap();
    world.pass(Duration::from_secs(2));
    assert_eq!(dependency.status().health, Health::Down);
    world.pass(Duration::from_secs(12));
    assert_eq!(dependency.status().health, Health::Up);
}

#[test]
fn an_idle_dependency_is_asked_now_and_then_and_never_in_step() {
    let mut world = World::new();
    let all: Vec<_> = (0..20)
        .map(|at| {
            let (probe, asked) = noting(&world.clock);
            world.dependencies.register(Dependency::custom(&format!("d{at}")).probe(probe)).unwrap();
            asked
        })
        .collect();
    world.pass(Duration::from_secs(100));
    for asked in &all {
        let asked = asked.lock().unwrap();
        assert!((9..=11).contains(&asked.len()), "{}", asked.len());
        let pauses = asked.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64());
        assert!(pauses.clone().all(|pause| (8.9..11.2).contains(&pause)), "{:?}", pauses.collect::<Vec<_>>());
    }
    let last: std::collections::HashSet<_> = all.iter().map(|asked| asked.lock().unwrap().last().copied()).collect();
    assert!(last.len() > 10, "they are spread: {}", last.len());
}

#[test]
fn the_same_seed_asks_at_the_same_times() {
    let times = || {
        let mut world = World::new();
        let (probe, asked) = noting(&world.clock);
        world.dependencies.register(Dependency::custom("it").probe(probe)).unwrap();
        world.pass(Duration::from_secs(60));
        asked.lock().unwrap().clone()
    };
    assert_eq!(times(), times());
}

#[test]
fn who_is_called_is_not_asked() {
    let mut world = World::new();
    let (probe, asked) = noting(&world.clock);
    let dependency = world.dependencies.register(Dependency::custom("it").probe(probe)).unwrap();
    let operation = dependency.operation("call");
    for _ in 0..20 {
        operation.begin().unwrap().end(None);
        world.pass(Duration::from_secs(5));
    }
    assert_eq!(asked.lock().unwrap().len(), 0);
    world.pass(Duration::from_secs(25));
    assert!(!asked.lock().unwrap().is_empty());
}

/// A check that never ends, and counts how many of it there are.
fn endless(running: &Arc<AtomicUsize>) -> Probe {
    struct One(Arc<AtomicUsize>);
    impl Drop for One {
        fn drop(&mut self) {
            self.0.fetch_sub(1, SeqCst);
        }
    }
    let running = Arc::clone(running);
    Probe::new(move || {
        running.fetch_add(1, SeqCst);
        let one = One(Arc::clone(&running));
        async move {
            let _one = one;
            std::future::pending::<io::Result<()>>().await
        }
    })
    .every(EVERY)
}

#[test]
fn there_is_a_limit_of_checks_under_way_and_all_get_their_turn() {
    let mut world = World::with(|limits| limits.max_probes(3));
    let running = Arc::new(AtomicUsize::new(0));
    let all: Vec<_> = (0..9)
        .map(|at| {
            let described = Dependency::custom(&format!("d{at}")).patience(AT_ONCE);
            let probe = endless(&running).timeout(Duration::from_secs(1));
            world.dependencies.register(described.probe(probe)).unwrap()
        })
        .collect();
    let mut most = 0;
    for _ in 0..100 {
        world.pass(Duration::from_millis(50));
        most = most.max(running.load(SeqCst));
    }
    assert_eq!(most, 3);
    assert!(all.iter().all(|dependency| dependency.status().health == Health::Down));
}

#[test]
fn two_drivers_make_one_check() {
    let world = World::new();
    let running = Arc::new(AtomicUsize::new(0));
    world.dependencies.register(Dependency::custom("it").probe(endless(&running))).unwrap();
    let mut drivers = [(); 2].map(|()| Box::pin(world.dependencies.probes(sleep(&world.clock))));
    let mut poll = |at: usize| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(drivers[at].as_mut().poll(&mut cx).is_pending());
    };
    (0..2).for_each(&mut poll);
    world.clock.advance(Duration::from_secs(1));
    (0..2).for_each(&mut poll);
    assert_eq!(running.load(SeqCst), 1);
    drop(drivers); // a driver that is dropped drops its check, and lets go
    assert_eq!(running.load(SeqCst), 0);
    let mut again = Box::pin(world.dependencies.probes(sleep(&world.clock)));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..2 {
        assert!(again.as_mut().poll(&mut cx).is_pending());
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(running.load(SeqCst), 1);
}

#[test]
fn whoever_is_registered_late_is_asked_as_well() {
    let mut world = World::new();
    world.poll();
    let (probe, asked) = noting(&world.clock);
    world.dependencies.register(Dependency::custom("late").probe(probe)).unwrap();
    assert_eq!(world.wakes.0.load(SeqCst), 1);
    world.pass(Duration::from_secs(1));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[test]
fn a_driver_that_stands_still_leaves_what_is_unknown() {
    let mut world = World::new();
    let (probe, _) = noting(&world.clock);
    let dependency = world.dependencies.register(Dependency::custom("it").critical_local().probe(probe)).unwrap();
    world.pass(Duration::from_secs(2));
    assert_eq!(dependency.status().health, Health::Up);
    world.clock.advance(EVERY * 3);
    assert_eq!((dependency.status().health, dependency.status().reason), (Health::Unknown, Reason::Stale));
}

#[test]
fn a_timer_that_is_ahead_of_the_clock_is_believed() {
    let world = World::new();
    let (probe, asked) = noting(&world.clock);
    let dependency = world.dependencies.register(Dependency::custom("it").probe(probe)).unwrap();
    // Time passes for the timer alone, of which each sleep but every other is over at once.
    let slept = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&slept);
    let mut probes = Box::pin(world.dependencies.probes(move |_| {
        let is_over = count.fetch_add(1, SeqCst).is_multiple_of(2);
        std::future::poll_fn(move |_| if is_over { Poll::Ready(()) } else { Poll::Pending })
    }));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(probes.as_mut().poll(&mut cx).is_pending());
    assert_eq!((asked.lock().unwrap().len(), dependency.status().health), (1, Health::Up));
    assert_eq!(slept.load(SeqCst), 2);
}

#[test]
fn a_runtime_runs_them() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let dependencies = World::new().dependencies;
        let described = Dependency::custom("it").patience(AT_ONCE);
        let probe = Probe::new(|| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, io::Error>(())
        });
        let it = dependencies.register(described.probe(probe)).unwrap();
        let never = Probe::new(std::future::pending::<io::Result<()>>);
        let hangs = dependencies.register(Dependency::custom("hangs").patience(AT_ONCE).probe(never)).unwrap();
        let driver = tokio::spawn(dependencies.probes(tokio::time::sleep));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!((it.status().health, hangs.status().health), (Health::Up, Health::Down));
        driver.abort();
    });
}

#[test]
fn slowness_is_seen() {
    let mut world = World::new();
    let clock = world.clock.clone();
    let probe = Probe::new(move || {
        let over = clock.now().after(Duration::from_secs(1));
        let clock = clock.clone();
        std::future::poll_fn(
            move |_| if over <= clock.now() { Poll::Ready(Ok::<_, io::Error>(())) } else { Poll::Pending },
        )
    });
    let probe = probe.every(EVERY).slow_after(Duration::from_millis(300));
    let dependency = world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe)).unwrap();
    world.pass(Duration::from_secs(4));
    assert_eq!((dependency.status().health, dependency.status().reason), (Health::Degraded, Reason::Slow));
}

#[test]
fn a_check_that_blocks_for_ever_has_one_thread() {
    let mut world = World::new();
    let (begun, blocked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (end, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let probe = {
        let (begun, blocked) = (Arc::clone(&begun), Arc::clone(&blocked));
        Probe::blocking(move || {
            begun.fetch_add(1, SeqCst);
            blocked.store(true, SeqCst);
            let _ = wait.lock().map(|wait| wait.recv());
            Ok::<_, io::Error>(())
        })
    };
    let dependency =
        world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe.every(EVERY))).unwrap();
    world.pass(Duration::from_secs(1));
    while !blocked.load(SeqCst) {
        std::thread::yield_now();
    }
    world.pass(Duration::from_secs(100));
    (0..10_000).for_each(|_| std::thread::yield_now()); // threads that should not be there may begin
    assert_eq!((begun.load(SeqCst), dependency.status().reason), (1, Reason::Probe(Failure::Timeout)));
    drop(end);
    while dependency.status().health != Health::Up {
        world.pass(Duration::from_secs(1));
        std::thread::yield_now();
    }
}

#[test]
fn a_blocking_check_that_panics_is_one_that_failed() {
    let mut world = World::new();
    let probe = Probe::blocking(|| -> io::Result<()> { panic!("on its thread") });
    let probe = probe.every(EVERY).timeout(Duration::from_secs(9));
    let dependency = world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe)).unwrap();
    world.pass(Duration::from_secs(1));
    while dependency.status().health == Health::Unknown {
        world.poll();
        std::thread::yield_now();
    }
    assert_eq!(dependency.status().reason, Reason::Panicked);
}

#[test]
fn a_port_is_open_or_not() {
    let check = |address: &str| {
        let mut world = World::new();
        let probe = Probe::tcp(address).every(EVERY).timeout(Duration::from_secs(9));
        let dependency = world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe)).unwrap();
        world.pass(Duration::from_secs(1));
        while dependency.status().health == Health::Unknown {
            world.poll();
            std::thread::yield_now();
        }
        dependency.status().reason
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert_eq!(check(&address), Reason::Answered);
    drop(listener);
    assert_eq!(check(&address), Reason::Probe(Failure::Refused));
    assert_eq!(check("no port"), Reason::Probe(Failure::BadRequest));
}

#[test]
fn a_check_that_is_given_up_late_is_evidence_all_the_same() {
    let mut world = World::new();
    let never = Probe::new(std::future::pending::<io::Result<()>>);
    let probe = never.every(Duration::from_secs(1)).timeout(Duration::from_secs(5));
    let it = world.dependencies.register(Dependency::custom("it").probe(probe)).unwrap();
    world.pass(Duration::from_secs(20));
    assert_eq!((it.status().health, it.status().reason), (Health::Down, Reason::Probe(Failure::Timeout)));
}

#[test]
fn calls_are_looked_at_though_nobody_asks() {
    let mut world = World::new();
    let it = world.dependencies.register(Dependency::custom("it")).unwrap();
    for _ in 0..3 {
        it.operation("call").begin().unwrap().end(Some(bellwether_dependency::Fault::new(Failure::Timeout)));
        world.pass(Duration::from_secs(5));
    }
    // Three looks, each at a window, and not one at all of it.
    assert_eq!(it.status().health, Health::Down);
}

#[test]
fn who_is_called_is_known_however_often_it_would_be_probed() {
    let mut world = World::new();
    let (probe, _) = noting(&world.clock);
    let probe = probe.every(Duration::from_millis(100));
    let it = world.dependencies.register(Dependency::custom("it").probe(probe)).unwrap();
    let mut seen = Vec::new();
    for _ in 0..300 {
        it.operation("call").begin().unwrap().end(None);
        world.pass(Duration::from_millis(100));
        seen.push(it.status().health);
    }
    assert!(seen[60..].iter().all(|health| *health == Health::Up), "{seen:?}");
}

#[test]
fn a_check_that_blocked_and_then_went_well_was_too_late() {
    let mut world = World::new();
    let clock = world.clock.clone();
    let probe = Probe::new(move || {
        clock.advance(Duration::from_secs(5)); // as whoever blocks the thread that runs it
        std::future::ready(Ok::<_, io::Error>(()))
    });
    let it = world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe.every(EVERY))).unwrap();
    world.pass(Duration::from_secs(2));
    assert_eq!((it.status().health, it.status().reason), (Health::Down, Reason::Probe(Failure::Timeout)));
}
