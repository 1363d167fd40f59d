//! `grpc.health.v1`, asked by tonic-health's client, and probes that ask it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bellwether_dependency::{Dependency, Failure, Fault, GrpcHealth, Health, Patience, Phase, Probe, Reason};
use tonic::codegen::tokio_stream::Stream;
use tonic::{Code, Streaming};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::time::{World, now_or_never, sleep};

const AT_ONCE: Patience = Patience { fall: 1, rise: 1, fall_for: Duration::ZERO };

fn request(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

fn service(world: &World) -> GrpcHealth {
    world.dependencies.grpc_health(sleep(&world.clock))
}

fn check(health: &GrpcHealth, service: &str) -> Result<&'static str, Code> {
    let answer = now_or_never(HealthClient::new(health.clone()).check(request(service)));
    answer.map(|answer| answer.get_ref().status().as_str_name()).map_err(|status| status.code())
}

/// Lets calls fail until it is down, or go well until it is up.
fn turn(world: &World, dependency: &Dependency, fault: Option<Fault>) {
    dependency.operation("call").begin().unwrap().end(fault);
    world.clock.advance(Duration::from_secs(5));
    dependency.status();
}

fn db(world: &World) -> Dependency {
    world.dependencies.register(Dependency::sql("db").critical_local().patience(AT_ONCE)).unwrap()
}

const FAULT: Option<Fault> = Some(Fault::new(Failure::Timeout));

#[test]
fn the_whole_and_its_parts_are_asked_for() {
    let world = World::new();
    let health = service(&world).service("voice.v1.Voice");
    let asked = || ["", "voice.v1.Voice", "db", "other"].map(|name| check(&health, name));
    assert_eq!(asked(), [Ok("NOT_SERVING"), Ok("NOT_SERVING"), Err(Code::NotFound), Err(Code::NotFound)]);
    world.dependencies.enter(Phase::Serving);
    let db = db(&world);
    assert_eq!(asked(), [Ok("SERVING"), Ok("SERVING"), Ok("SERVING"), Err(Code::NotFound)]);
    turn(&world, &db, FAULT);
    assert_eq!(asked(), [Ok("NOT_SERVING"), Ok("NOT_SERVING"), Ok("NOT_SERVING"), Err(Code::NotFound)]);
    assert!(matches!(check(&health, &"x".repeat(5_000)), Err(Code::OutOfRange | Code::ResourceExhausted)));
}

/// One who watches, and what it has been told.
struct Watching(Streaming<HealthCheckResponse>);

impl Watching {
    fn of(health: &GrpcHealth, service: &str) -> Result<Self, Code> {
        let stream = now_or_never(HealthClient::new(health.clone()).watch(request(service)));
        stream.map(|stream| Self(stream.into_inner())).map_err(|status| status.code())
    }

    /// All that it is told now; `end` if that was all there will be.
    fn told(&mut self) -> Vec<&'static str> {
        let mut told = Vec::new();
        while let Poll::Ready(next) = Pin::new(&mut self.0).poll_next(&mut Context::from_waker(Waker::noop())) {
            match next {
                Some(answer) => told.push(answer.unwrap().status().as_str_name()),
                None => {
                    told.push("end");
                    break;
                }
            }
        }
        told
    }
}

#[test]
fn who_watches_is_told_of_changes_only() {
    let world = World::new();
    world.dependencies.enter(Phase::Serving);
    let health = service(&world);
    let (mut whole, mut part) = (Watching::of(&health, "").unwrap(), Watching::of(&health, "db").unwrap());
    assert_eq!((whole.told(), part.told()), (vec!["SERVING"], vec!["SERVICE_UNKNOWN"]));
    let db = db(&world);
    assert_eq!((whole.told(), part.told()), (vec![], vec!["SERVING"]));
    for _ in 0..3 {
        turn(&world, &db, None);
        assert_eq!((whole.told(), part.told()), (vec![], vec![]));
    }
    turn(&world, &db, FAULT);
    assert_eq!((whole.told(), part.told()), (vec!["NOT_SERVING"], vec!["NOT_SERVING"]));
    turn(&world, &db, FAULT);
    turn(&world, &db, None);
    assert_eq!((whole.told(), part.told()), (vec!["SERVING"], vec!["SERVING"]));
}

#[test]
fn who_watches_is_told_of_the_end_and_let_go() {
    let world = World::new();
    world.dependencies.enter(Phase::Serving);
    db(&world);
    let health = service(&world);
    let mut all = ["", "db", "other"].map(|name| Watching::of(&health, name).unwrap());
    all.iter_mut().for_each(|watching| drop(watching.told()));
    world.dependencies.enter(Phase::Paused);
    assert_eq!(all.each_mut().map(Watching::told), [vec!["NOT_SERVING"], vec![], vec![]]);
    world.dependencies.enter(Phase::Serving);
    world.dependencies.enter(Phase::Stopping);
    assert_eq!(all.each_mut().map(Watching::told), [vec!["end"], vec!["end"], vec!["end"]]);
    let mut late = Watching::of(&health, "").unwrap();
    assert_eq!(late.told(), ["NOT_SERVING", "end"]);
}

#[test]
fn a_new_phase_wakes_who_watches() {
    struct Count(AtomicUsize);
    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let world = World::new();
    let mut watching = Watching::of(&service(&world), "").unwrap();
    assert_eq!(watching.told(), ["NOT_SERVING"]);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    assert!(Pin::new(&mut watching.0).poll_next(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(count.0.load(SeqCst), 0);
    world.dependencies.enter(Phase::Serving);
    assert_eq!(count.0.load(SeqCst), 1);
    assert_eq!(watching.told(), ["SERVING"]);
}

#[test]
fn there_are_so_many_who_watch_and_no_more() {
    let world = World::new();
    let health = service(&world).max_watchers(2);
    let first = Watching::of(&health, "").unwrap();
    let _second = Watching::of(&health.clone(), "db").unwrap();
    assert_eq!(Watching::of(&health, "").err(), Some(Code::ResourceExhausted));
    assert_eq!(check(&health, ""), Ok("NOT_SERVING"));
    drop(first);
    Watching::of(&health, "").unwrap();
}

/// What is thought of a server that is probed, after a while.
fn probed(channel: impl FnOnce(&World) -> Probe) -> (World, Dependency) {
    let mut world = World::new();
    let probe = channel(&world).every(Duration::from_secs(10));
    let it = world.dependencies.register(Dependency::grpc("it").patience(AT_ONCE).probe(probe)).unwrap();
    world.pass(Duration::from_secs(1));
    (world, it)
}

#[test]
fn a_server_is_asked_for_a_service() {
    let server = World::new();
    db(&server);
    server.dependencies.enter(Phase::Serving);
    let ask = |name: &'static str| {
        let (_, it) = probed(|_| Probe::grpc(service(&server), name));
        (it.status().health, it.status().reason, it.says().map(|says| says.health))
    };
    assert_eq!(ask(""), (Health::Up, Reason::Answered, Some(Health::Up)));
    assert_eq!(ask("other"), (Health::Down, Reason::Probe(Failure::BadRequest), None));
    server.dependencies.enter(Phase::Paused);
    // It does not serve, and says so: who makes no calls does not fail for that.
    assert_eq!(ask(""), (Health::Degraded, Reason::SaysDown, Some(Health::Down)));
}

/// A server that answers everything with a status, and counts.
#[derive(Clone)]
struct Says(Code, Arc<AtomicUsize>);

impl tonic::codegen::Service<http::Request<tonic::body::Body>> for Says {
    type Response = http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<tonic::body::Body>) -> Self::Future {
        self.1.fetch_add(1, SeqCst);
        std::future::ready(Ok(tonic::Status::new(self.0, "hunter2").into_http()))
    }
}

#[test]
fn who_cannot_be_asked_is_not_asked_again() {
    let ask = |code| {
        let asked = Arc::new(AtomicUsize::new(0));
        let (mut world, it) = probed(|_| Probe::grpc(Says(code, Arc::clone(&asked)), ""));
        let first = (it.status().health, it.status().reason);
        world.pass(Duration::from_secs(100));
        (first.0, first.1, asked.load(SeqCst))
    };
    assert_eq!(ask(Code::Unimplemented), (Health::Up, Reason::Answered, 1));
    let (health, reason, times) = ask(Code::Unavailable);
    assert_eq!((health, reason), (Health::Down, Reason::Probe(Failure::Upstream)));
    assert!(times > 5, "{times}");
}
