//! How a dependency is judged by its calls, and what the service says of itself.

use std::future::ready;
use std::io;
use std::time::Duration;

use bellwether_breaker::{Breaker, Trip};
use bellwether_core::Handle;
use bellwether_dependency::{
    Dependency, DependencyBuilder, Details, Endpoint, Failure, Fault, Health, Patience, Phase, Reason,
};
use insta::assert_snapshot;

use crate::time::{World, now_or_never};

const WINDOW: Duration = Duration::from_secs(5);

/// A window of calls, of which so many fail.
fn window(world: &World, dependency: &Dependency, calls: u32, failing: u32) -> String {
    let operation = dependency.operation("call");
    for at in 0..calls {
        if let Ok(ongoing) = operation.begin() {
            ongoing.end((at < failing).then_some(Fault::new(Failure::Timeout)));
        }
    }
    world.clock.advance(WINDOW);
    dependency.status().health.to_string()
}

#[test]
fn slow_to_fall_and_quicker_to_rise() {
    let world = World::new();
    let db = world.dependencies.register(Dependency::sql("db")).unwrap();
    assert_eq!((db.status().health, db.status().reason), (Health::Unknown, Reason::Untried));
    let windows =
        [(10, 0), (10, 10), (10, 10), (10, 10), (10, 0), (10, 0), (10, 1), (10, 10), (10, 1), (10, 0), (10, 0)];
    let seen: Vec<_> = windows.iter().map(|(calls, failing)| window(&world, &db, *calls, *failing)).collect();
    // Of three that are worse, the mildest is believed.
    assert_snapshot!(seen.join(" "), @"up up up down down up up up degraded degraded up");
    assert_snapshot!(db.status(), @"up for 0ns: all of 10 calls went well");
    assert_eq!(db.status().changes, 5);
}

#[test]
fn a_flap_changes_nothing() {
    let world = World::new();
    let db = world.dependencies.register(Dependency::sql("db")).unwrap();
    let seen: Vec<_> = (0..50).map(|at| window(&world, &db, 10, if at % 2 == 0 { 0 } else { 10 })).collect();
    assert!(seen.iter().all(|health| health == "up"), "{seen:?}");
    assert_eq!(db.status().changes, 1);
}

#[test]
fn what_is_not_heard_of_is_unknown_and_says_for_how_long() {
    let world = World::new();
    let db = world.dependencies.register(Dependency::sql("db")).unwrap();
    window(&world, &db, 1, 0);
    world.clock.advance(Duration::from_secs(59));
    assert_eq!((db.status().health, db.status().age), (Health::Up, Some(Duration::from_secs(59))));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!((db.status().health, db.status().reason), (Health::Unknown, Reason::Stale));
    assert_eq!(window(&world, &db, 1, 0), "up");
}

#[test]
fn reading_often_changes_nothing() {
    let world = World::new();
    let db = world.dependencies.register(Dependency::sql("db")).unwrap();
    window(&world, &db, 1, 0);
    let operation = db.operation("call");
    operation.begin().unwrap().end(Some(Fault::new(Failure::Timeout)));
    for _ in 0..1_000 {
        world.clock.advance(Duration::from_millis(4));
        assert_eq!(db.status().health, Health::Up);
    }
}

#[test]
fn what_callers_do_says_nothing_of_whom_they_call() {
    let world = World::new();
    let db = world.dependencies.register(Dependency::sql("db")).unwrap();
    let operation = db.operation("call");
    let look = |failure: Failure| {
        for _ in 0..5 {
            (0..10).for_each(|_| operation.begin().unwrap().end(Some(Fault::new(failure))));
            world.clock.advance(WINDOW);
            db.status();
        }
        db.status().health
    };
    assert_eq!(look(Failure::Cancelled), Health::Unknown);
    assert_eq!(look(Failure::Rejected), Health::Unknown);
    assert_eq!(look(Failure::BadRequest), Health::Up);
    assert_eq!(look(Failure::RateLimited), Health::Degraded);
    assert_eq!(look(Failure::Quota), Health::Down);
}

#[test]
fn an_open_breaker_degrades_and_does_not_make_unready() {
    let world = World::new();
    let breaker = Breaker::builder("tts").trip(Trip::consecutive(3));
    let tts = world.dependencies.register(Dependency::http("tts").critical_local().breaker(breaker)).unwrap();
    world.dependencies.enter(Phase::Serving);
    for _ in 0..3 {
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        now_or_never(tts.call("speak", ready(Err::<(), _>(error)))).unwrap_err();
    }
    let status = tts.status();
    assert_eq!((status.health, status.reason), (Health::Degraded, Reason::BreakerOpen));
    assert!(world.dependencies.report().readiness().ready);
    world.clock.advance(Duration::from_secs(3_600));
    assert!(world.dependencies.report().readiness().ready);
}

#[test]
fn a_listener_of_the_breaker_may_ask_how_it_is() {
    use std::sync::{Arc, OnceLock};
    let world = World::new();
    let cell: Arc<OnceLock<Dependency>> = Arc::default();
    let asked = Arc::clone(&cell);
    let breaker = Breaker::builder("it").trip(Trip::consecutive(1)).on_transition(move |_| {
        asked.get().map(Dependency::status);
    });
    let it = world.dependencies.register(Dependency::http("it").breaker(breaker)).unwrap();
    cell.set(it.clone()).unwrap();
    it.operation("call").begin().unwrap().end(Some(Fault::new(Failure::Timeout)));
    it.breaker().unwrap().reset();
    assert_eq!(it.status().health, Health::Unknown);
}

/// What is believed after these looks, by a model that keeps them all: each change of belief starts anew, and needs so many
/// looks in a row on one side, of which the nearest is taken.
fn model(looks: &[Health], patience: Patience) -> Health {
    let (mut believed, mut from) = (None, 0);
    for end in 1..=looks.len() {
        let now = believed.unwrap_or(Health::Up);
        let row = |side: fn(&Health, &Health) -> bool| {
            let row: Vec<_> = looks[from..end].iter().rev().take_while(|look| side(look, &now)).copied().collect();
            row
        };
        let (worse, better) = (row(|look, now| look > now), row(|look, now| look < now));
        let next = if worse.len() >= patience.fall as usize {
            worse.into_iter().min()
        } else if better.len() >= patience.rise as usize {
            better.into_iter().max()
        } else if looks[end - 1] == now {
            Some(now)
        } else {
            None
        };
        if let Some(next) = next {
            (believed, from) = (Some(next), end);
        }
    }
    believed.unwrap_or(Health::Unknown)
}

proptest::proptest! {
    #[test]
    fn what_is_believed_is_what_the_model_believes(
        looks in proptest::collection::vec(0..3_usize, 0..40), fall in 1..5_u32, rise in 1..5_u32,
    ) {
        let world = World::new();
        let patience = Patience { fall, rise, fall_for: Duration::ZERO };
        let db = world.dependencies.register(Dependency::sql("db").patience(patience)).unwrap();
        let looks: Vec<_> = looks.into_iter().map(|look| Health::ALL[look]).collect();
        for end in 1..=looks.len() {
            window(&world, &db, 10, [0, 2, 9][looks[end - 1] as usize]);
            assert_eq!(db.status().health, model(&looks[..end], patience), "{:?}", &looks[..end]);
        }
    }
}

/// Makes a dependency down.
fn down(world: &World, described: DependencyBuilder) -> Dependency {
    let dependency = world.dependencies.register(described).unwrap();
    (0..3).for_each(|_| drop(window(world, &dependency, 10, 10)));
    assert_eq!(dependency.status().health, Health::Down);
    dependency
}

/// What `/livez`, `/readyz`, `/startupz` and `/health` answer.
fn answers(world: &World) -> String {
    let endpoints = [Endpoint::Live, Endpoint::Ready, Endpoint::Startup, Endpoint::Health];
    let report = world.dependencies.report();
    let answer = |endpoint| {
        let document = report.document(endpoint, Details::Hidden);
        format!("{} {}", document.status, document.body)
    };
    endpoints.map(answer).join("\n")
}

#[test]
fn readiness_goes_by_criticality() {
    let check = |described: DependencyBuilder| {
        let world = World::new();
        world.dependencies.enter(Phase::Serving);
        down(&world, described);
        answers(&world)
    };
    assert_snapshot!(check(Dependency::sql("db").critical_local()), @r#"
    200 {"status":"pass"}
    503 {"status":"fail"}
    200 {"status":"pass"}
    503 {"status":"fail"}
    "#);
    assert_snapshot!(check(Dependency::sql("db").critical_shared()), @r#"
    200 {"status":"pass"}
    200 {"status":"warn"}
    200 {"status":"pass"}
    503 {"status":"fail"}
    "#);
    assert_snapshot!(check(Dependency::sql("db")), @r#"
    200 {"status":"pass"}
    200 {"status":"warn"}
    200 {"status":"pass"}
    200 {"status":"warn"}
    "#);
    assert_snapshot!(check(Dependency::sql("db").informational()), @r#"
    200 {"status":"pass"}
    200 {"status":"pass"}
    200 {"status":"pass"}
    200 {"status":"pass"}
    "#);
}

#[test]
fn grpc_asks_for_the_whole_or_for_one() {
    let world = World::new();
    down(&world, Dependency::sql("db").critical_shared());
    world.dependencies.register(Dependency::http("mail")).unwrap();
    let asked = || ["", "db", "mail", "nobody"].map(|service| world.dependencies.report().is_serving(service));
    assert_eq!(asked(), [Some(false), Some(false), Some(true), None]);
    world.dependencies.enter(Phase::Serving);
    assert_eq!(asked(), [Some(true), Some(false), Some(true), None]);
}

#[test]
fn the_last_half_does_not_leave() {
    let world = World::new();
    world.dependencies.enter(Phase::Serving);
    down(&world, Dependency::sql("db").critical_local());
    let ready = || world.dependencies.report().readiness();
    assert_eq!((ready().ready, ready().lacking.len()), (false, 1));
    world.dependencies.peers_ready(Some(0.4));
    assert_eq!((ready().ready, ready().failing_open.len()), (true, 1));
    for known in [Some(0.5), Some(f64::NAN), Some(-1.0), None] {
        world.dependencies.peers_ready(known);
        assert!(!ready().ready, "{known:?}");
    }
}

#[test]
fn a_service_starts_serves_and_stops() {
    let world = World::new();
    let starting = answers(&world);
    world.dependencies.enter(Phase::Serving);
    let serving = answers(&world);
    world.dependencies.enter(Phase::Paused);
    let paused = answers(&world);
    world.dependencies.enter(Phase::Stopping);
    let statuses = |answers: &str| answers.lines().map(|line| &line[..3]).collect::<Vec<_>>().join(" ");
    let all = [&starting, &serving, &paused, &answers(&world)].map(|answers| statuses(answers)).join("\n");
    assert_snapshot!(all, @r"
    200 503 503 200
    200 200 200 200
    200 503 200 200
    200 503 200 200
    ");
}

#[test]
fn there_is_no_way_back_from_the_end() {
    let check = |way: &[Phase], expect: Phase| {
        let world = World::new();
        way.iter().for_each(|phase| world.dependencies.enter(*phase));
        assert_eq!(world.dependencies.phase(), expect, "{way:?}");
    };
    use Phase::{Paused, Serving, Starting, Stopping};
    check(&[], Starting);
    check(&[Paused], Starting);
    check(&[Serving, Paused, Serving], Serving);
    check(&[Serving, Starting], Serving);
    check(&[Stopping, Serving], Stopping);
    check(&[Serving, Stopping, Paused], Stopping);
}

#[test]
fn details_are_for_those_who_may_see_them() {
    let world = World::new();
    world.dependencies.enter(Phase::Serving);
    let breaker = Breaker::builder("x").trip(Trip::consecutive(1_000));
    let described = Dependency::sql("orders-db").critical_shared().owner("orders").depends_on("net").breaker(breaker);
    down(&world, described.runbook("https://runbooks.example/db"));
    world.dependencies.register(Dependency::http("mail")).unwrap();
    world.clock.advance(Duration::from_secs(3));
    let document = world.dependencies.report().document(Endpoint::Health, Details::Shown);
    let pretty: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    assert_snapshot!(format!("{pretty:#}"), @r#"
    {
      "checks": {
        "mail:status": [
          {
            "componentId": "mail",
            "componentType": "http",
            "criticality": "optional",
            "forSeconds": 3,
            "observedValue": "unknown",
            "output": "not tried often enough to say",
            "status": "warn"
          }
        ],
        "orders-db:status": [
          {
            "ageSeconds": 3,
            "breaker": "closed",
            "componentId": "orders-db",
            "componentType": "sql",
            "criticality": "critical_shared",
            "dependsOn": [
              "net"
            ],
            "forSeconds": 3,
            "observedValue": "down",
            "output": "10 of 10 calls failed, mostly timeout",
            "owner": "orders",
            "runbook": "https://runbooks.example/db",
            "status": "fail"
          }
        ]
      },
      "failingOpen": [
        "orders-db"
      ],
      "phase": "serving",
      "status": "fail"
    }
    "#);
}

#[test]
fn no_text_of_an_error_gets_out() {
    #[derive(Debug, thiserror::Error)]
    #[error("postgres://admin:hunter2@db/{0}")]
    struct Leak(String);

    let world = World::new();
    let db = world.dependencies.register(Dependency::sql("db")).unwrap();
    for _ in 0..4 {
        now_or_never(db.call("select", ready(Err::<(), _>(Leak("x".repeat(1 << 20)))))).unwrap_err();
        world.clock.advance(WINDOW);
        db.status();
    }
    assert_eq!(db.status().health, Health::Down);
    let document = world.dependencies.report().document(Endpoint::Health, Details::Shown);
    assert!(!document.body.contains("hunter2") && document.body.len() < 500, "{}", document.body);
    let debug = format!("{:?} {}", world.dependencies, db.status());
    assert!(!debug.contains("hunter2"));
}

#[test]
fn the_registry_shows_exactly_one_status() {
    let world = World::new();
    down(&world, Dependency::sql("db"));
    let metric = world.registry.metric("dependency.status").unwrap();
    let series = metric.series().next().unwrap();
    let Handle::StateSet(state) = series.handle() else { panic!() };
    assert_eq!((series.label("dependency"), state.state()), (Some("db"), Health::Down as usize));
}
