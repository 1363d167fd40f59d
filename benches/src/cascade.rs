//! Following requests and their calls, reading a window of them, and judging it: 500 routes, 200 dependencies, each request
//! making four calls.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bellwether_core::{Clock, Follow, Instant, Outcome, Registry, Timestamp, Work};
use bellwether_dependency::cascade::{Judge, Process, Reader, Window};
use bellwether_dependency::{Dependencies, Dependency, Failure, Fault, Operation};

use crate::case::{Case, Run};

const ROUTES: usize = 500;
const DEPENDENCIES: usize = 200;
const TICK: Duration = Duration::from_secs(5);

const FOLLOWED: &str = "cascade follows";
const EACH_TICK: &str = "cascade tick";

/// All of them.
pub fn cases() -> Vec<Case> {
    vec![
        Case { group: FOLLOWED, name: "a request", make: request },
        Case { group: FOLLOWED, name: "a request and a call", make: request_and_call },
        Case { group: FOLLOWED, name: "the same, nobody reads", make: unread },
        Case { group: EACH_TICK, name: "reading 500 routes, 200 dependencies", make: read },
        Case { group: EACH_TICK, name: "judging them, healthy", make: || judge(false) },
        Case { group: EACH_TICK, name: "judging them, an incident", make: || judge(true) },
    ]
}

/// A service that is followed.
struct Service {
    clock: Clock,
    dependencies: Dependencies,
    follower: Arc<dyn Follow>,
    operations: Vec<Operation>,
    routes: Vec<String>,
}

impl Service {
    fn new(clock: Clock, routes: usize, dependencies: usize) -> Self {
        let registry = Registry::on(clock.clone());
        let all = Dependencies::new(&registry).expect("a registry without other metrics");
        let operation = |i: usize| {
            let described = Dependency::http(&format!("dependency-{i}"));
            all.register(described).expect("a legal dependency").operation("call")
        };
        let operations = (0..dependencies).map(operation).collect();
        let routes = (0..routes).map(|i| format!("/r{i}")).collect();
        Self { clock, follower: all.follower(), dependencies: all, operations, routes }
    }

    fn begin(&self, route: usize) -> Option<Work> {
        self.follower.began("GET", Some(&self.routes[route]), self.clock.now())
    }

    fn end(&self, work: Option<Work>, outcome: Outcome) {
        if let Some(work) = work {
            self.follower.ended(work, outcome, "", self.clock.now());
        }
    }

    /// A call that is made on behalf of something, and ends at once.
    fn call(&self, work: Option<Work>, to: usize, fault: Option<Fault>) {
        let begin = || self.operations[to].begin();
        let call = work.map_or_else(begin, |work| work.run(begin));
        call.expect("nothing refuses it").end(fault);
    }

    /// A few requests of each route, four calls each, some of which fail for the last dependency.
    fn traffic(&self, fails: bool) {
        for round in 0..5 {
            for route in 0..self.routes.len() {
                let work = self.begin(route);
                let mut outcome = Outcome::Success;
                for k in 0..4 {
                    let to = (route * 7 + k * 53) % self.operations.len();
                    let lost = fails && to + 1 == self.operations.len() && round < 3;
                    self.call(work, to, lost.then_some(Fault::new(Failure::Upstream)));
                    if lost {
                        outcome = Outcome::Failure;
                        break;
                    }
                }
                self.end(work, outcome);
            }
            self.clock.advance(TICK / 5);
        }
    }
}

fn request() -> Run {
    let service = Service::new(Clock::system(), 1, 1);
    let reader = Reader::new(&service.dependencies);
    Box::new(move |times| {
        black_box(&reader);
        for _ in 0..times {
            let work = service.begin(0);
            service.end(black_box(work), Outcome::Success);
        }
    })
}

fn request_and_call() -> Run {
    let service = Service::new(Clock::system(), 1, 1);
    let reader = Reader::new(&service.dependencies);
    with_calls(service, Some(reader))
}

fn unread() -> Run {
    with_calls(Service::new(Clock::system(), 1, 1), None)
}

fn with_calls(service: Service, reader: Option<Reader>) -> Run {
    Box::new(move |times| {
        black_box(&reader);
        for _ in 0..times {
            let work = service.begin(0);
            service.call(black_box(work), 0, None);
            service.end(work, Outcome::Success);
        }
    })
}

fn manual() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

/// Reads the same traffic again and again: what costs is what there is to look at, not what changed.
fn read() -> Run {
    let service = Service::new(manual(), ROUTES, DEPENDENCIES);
    let reader = Mutex::new(Reader::new(&service.dependencies));
    service.traffic(false);
    Box::new(move |times| {
        let mut reader = reader.lock().expect("nobody panics");
        for _ in 0..times {
            service.clock.advance(TICK);
            black_box(reader.read(service.clock.now(), Process::default()));
        }
    })
}

fn judge(fails: bool) -> Run {
    let service = Service::new(manual(), ROUTES, DEPENDENCIES);
    let mut reader = Reader::new(&service.dependencies);
    let mut judge = Judge::default();
    let mut window = |fails: bool| -> Window {
        service.traffic(fails);
        reader.read(service.clock.now(), Process::default())
    };
    let (healthy, failing) = (window(false), window(fails));
    let graph = reader.graph().clone();
    let mut now = Instant::default();
    for _ in 0..20 {
        now = now.after(TICK);
        judge.tick(&graph, &healthy, now);
    }
    let judging = Mutex::new((judge, now));
    Box::new(move |times| {
        let mut judging = judging.lock().expect("nobody panics");
        for _ in 0..times {
            let at = judging.1.after(TICK);
            judging.1 = at;
            black_box(judging.0.tick(&graph, &failing, at));
        }
    })
}
