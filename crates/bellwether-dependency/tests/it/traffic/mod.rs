//! Windows read from traffic: what is blamed on whom, case by case; and any traffic, beside a model that keeps every event.

mod any;
mod by_hand;
mod model;
mod threads;
mod watched;

use std::sync::Arc;
use std::time::Duration;

use bellwether_core::{Blame, Clock, Follow, Outcome, Registry, Timestamp, Work};
use bellwether_dependency::cascade::{Asking, Calls, Flow, Pool, Process, Reader, Window};
use bellwether_dependency::{Dependencies, Dependency, DependencyBuilder, Failure, Fault, Ongoing};

use crate::time::now_or_never;

/// A unit of time that windows count to the point.
pub(crate) fn units(n: u64) -> Duration {
    Duration::from_nanos(n * 1024)
}

/// A process with dependencies, whose traffic is read.
pub(crate) struct Traffic {
    pub(crate) clock: Clock,
    pub(crate) dependencies: Dependencies,
    pub(crate) follower: Arc<dyn Follow>,
    pub(crate) reader: Reader,
    pub(crate) window: Window,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        clock.advance(Duration::from_nanos(1 << 50));
        let dependencies = Dependencies::new(&Registry::on(clock.clone())).unwrap();
        let (follower, reader) = (dependencies.follower(), Reader::new(&dependencies));
        Self { clock, dependencies, follower, reader, window: Window::default() }
    }

    pub(crate) fn register(&self, described: DependencyBuilder) -> Dependency {
        self.dependencies.register(described).unwrap()
    }

    pub(crate) fn request(&self, route: &str) -> Work {
        self.follower.began("GET", Some(route), self.clock.now()).expect("there is room")
    }

    pub(crate) fn answer(&self, request: Work, outcome: Outcome, error: &str) -> Blame {
        self.follower.ended(request, outcome, error, self.clock.now())
    }

    pub(crate) fn wait(&self, n: u64) {
        self.clock.advance(units(n));
    }

    pub(crate) fn tick(&mut self) {
        self.window = self.reader.read(self.clock.now(), Process::default());
    }

    /// What the last window says of a node.
    #[track_caller]
    pub(crate) fn node(&mut self, name: &str) -> Calls {
        let id = self.reader.graph().find(name).unwrap_or_else(|| panic!("no node {name}"));
        self.window.node(id).expect("the window fits").clone()
    }

    /// What the last window says of an edge, if there is one.
    pub(crate) fn flow(&mut self, from: &str, to: &str) -> Option<Flow> {
        let graph = self.reader.graph();
        let id = graph.between(graph.find(from)?, graph.find(to)?)?;
        self.window.edge(id).cloned()
    }
}

/// Begins a call on behalf of something.
pub(crate) fn call(on_behalf_of: Work, to: &Dependency) -> Ongoing<'static> {
    on_behalf_of.run(|| to.operation("ask").begin_owned()).expect("nothing refuses it")
}

/// The work that a call is.
pub(crate) fn work_of(call: &Ongoing<'_>) -> Work {
    now_or_never(call.run(async { Work::current() })).expect("it is followed")
}

pub(crate) fn failed(class: Failure) -> Option<Fault> {
    Some(Fault::new(class))
}

pub(crate) fn ask(on_behalf_of: Work, pool: &Pool) -> Asking<'_> {
    on_behalf_of.run(|| pool.ask())
}
