//! What is blamed on whom.

use bellwether_breaker::{Breaker, Trip};
use bellwether_core::{Blame, Clock, Instant, Outcome, Registry, Work};
use bellwether_dependency::cascade::{Calls, Occupancy, Process, Reader};
use bellwether_dependency::{Dependencies, Dependency, Failure};

use super::{Traffic, ask, call, failed, units, work_of};

/// A request is answered after some calls; `own` and `by` are who is to blame for it.
#[track_caller]
fn check(
    outcome: (Outcome, &str),
    run: impl FnOnce(&Traffic, Work, &Dependency, &Dependency),
    class: Option<Failure>,
    own: bool,
    by: [(u64, u64); 2],
) {
    let mut traffic = Traffic::new();
    let [stt, llm] = ["stt", "llm"].map(|name| traffic.register(Dependency::http(name)));
    let request = traffic.request("/turns");
    traffic.wait(1);
    run(&traffic, request, &stt, &llm);
    traffic.wait(1);
    let blame = traffic.answer(request, outcome.0, outcome.1);
    traffic.tick();
    let calls = traffic.node("GET /turns");
    let of = |class: Option<Failure>| class.map_or(0, |class| calls.failed[class]);
    assert_eq!((calls.started, calls.ended, calls.attempts), (1, 1, 1));
    assert_eq!((calls.failed.total(), of(class)), (u64::from(class.is_some()), u64::from(class.is_some())));
    assert_eq!(calls.own.total(), u64::from(own && class.is_some()), "{calls:?}");
    assert_eq!(calls.lost_in != 0, class.is_some_and(Failure::is_loss));
    let flows = ["stt", "llm"].map(|to| traffic.flow("GET /turns", to).map_or((0, 0), |flow| (flow.failed, flow.cut)));
    assert_eq!(flows, by);
    let blamed = by.iter().position(|edge| *edge != (0, 0)).map(|at| Blame::Other(["stt", "llm"][at].into()));
    assert_eq!(blame, blamed.unwrap_or(if class.is_some() { Blame::Own } else { Blame::Unknown }));
}

/// To a thousandth of one.
fn in_units(seconds: f64) -> f64 {
    (seconds / units(1).as_secs_f64() * 1e3).round() / 1e3
}

const WELL: (Outcome, &str) = (Outcome::Success, "");
const FAILED: (Outcome, &str) = (Outcome::Failure, "500");
const NOBODY: [(u64, u64); 2] = [(0, 0), (0, 0)];

#[test]
fn a_request_fails_for_the_call_that_failed_last() {
    use Failure::{Refused, Timeout, Upstream};
    check(FAILED, |_, _, _, _| {}, Some(Upstream), true, NOBODY);
    check((Outcome::Failure, "504"), |_, _, _, _| {}, Some(Timeout), true, NOBODY);
    check(FAILED, |_, r, stt, _| call(r, stt).end(failed(Refused)), Some(Refused), false, [(1, 0), (0, 0)]);
    let both = |_: &Traffic, r, stt: &Dependency, llm: &Dependency| {
        call(r, llm).end(failed(Refused));
        call(r, stt).end(failed(Timeout));
    };
    check(FAILED, both, Some(Timeout), false, [(1, 0), (0, 0)]);
    check(WELL, both, None, false, NOBODY);
    let refused = (Outcome::Rejected, "shed");
    check(refused, |_, _, _, _| {}, Some(Failure::Rejected), true, NOBODY);
}

#[test]
fn what_was_made_up_for_is_nobodys_fault() {
    use Failure::{Refused, Upstream};
    let retried = |_: &Traffic, r, stt: &Dependency, _: &Dependency| {
        call(r, stt).end(failed(Refused));
        call(r, stt).end(None);
    };
    check(FAILED, retried, Some(Upstream), true, NOBODY);
    let elsewhere = |_: &Traffic, r, stt: &Dependency, llm: &Dependency| {
        call(r, stt).end(failed(Refused));
        call(r, llm).end(None);
    };
    check(FAILED, elsewhere, Some(Upstream), true, NOBODY);
    let began_before = |t: &Traffic, r, stt: &Dependency, llm: &Dependency| {
        let other = call(r, llm);
        t.wait(1);
        call(r, stt).end(failed(Refused));
        t.wait(1);
        other.end(None);
    };
    check(FAILED, began_before, Some(Refused), false, [(1, 0), (0, 0)]);
}

#[test]
fn what_is_given_up_is_a_matter_of_time() {
    use Failure::{Refused, Timeout};
    let given_up = |_: &Traffic, r, stt: &Dependency, _: &Dependency| drop(call(r, stt));
    check((Outcome::Failure, "504"), given_up, Some(Timeout), false, [(0, 1), (0, 0)]);
    check(FAILED, given_up, Some(Timeout), false, [(0, 1), (0, 0)]);
    check((Outcome::Cancelled, "client_cancelled"), given_up, Some(Failure::Cancelled), true, NOBODY);
    // The others of a `try_join!` are given up because one failed.
    let joined = |_: &Traffic, r, stt: &Dependency, llm: &Dependency| {
        let other = call(r, stt);
        call(r, llm).end(failed(Refused));
        drop(other);
    };
    check(FAILED, joined, Some(Refused), false, [(0, 0), (1, 0)]);
}

#[test]
fn callers_make_their_own_mistakes_and_so_do_we() {
    use Failure::{BadRequest, Upstream};
    let no_such = (Outcome::ClientError, "404");
    check(no_such, |_, _, _, _| {}, Some(BadRequest), true, NOBODY);
    let asked_wrongly = |_: &Traffic, r, stt: &Dependency, _: &Dependency| call(r, stt).end(failed(BadRequest));
    check(no_such, asked_wrongly, Some(BadRequest), true, NOBODY);
    check(FAILED, asked_wrongly, Some(Upstream), true, NOBODY);
}

#[test]
fn a_refusal_of_our_breaker_is_charged_to_its_target() {
    let mut traffic = Traffic::new();
    let breaker = Breaker::builder("stt").trip(Trip::consecutive(1));
    let stt = traffic.register(Dependency::http("stt").breaker(breaker));
    let request = traffic.request("/turns");
    call(request, &stt).end(failed(Failure::Refused));
    let refused = request.run(|| stt.operation("ask").begin_owned());
    assert!(refused.is_err());
    traffic.answer(request, Outcome::Failure, "503");
    traffic.tick();
    let calls = traffic.node("stt");
    assert_eq!((calls.attempts, calls.attempts_failed[Failure::Rejected]), (2, 1));
    assert_eq!((calls.own[Failure::Refused], calls.own[Failure::Rejected]), (1, 0), "a guard only repeats");
    assert_eq!((calls.started, calls.ended, calls.failed.total()), (1, 1, 1), "the second was a retry of the first");
    assert_eq!(traffic.flow("stt", "breaker of stt").unwrap().failed, 1);
    assert_eq!(traffic.flow("GET /turns", "stt").unwrap().failed, 1);
    assert_eq!(traffic.node("GET /turns").failed[Failure::Rejected], 1);
}

#[test]
fn so_is_that_of_a_guard_around_the_call() {
    let mut traffic = Traffic::new();
    let stt = traffic.register(Dependency::http("stt"));
    let request = traffic.request("/turns");
    call(request, &stt).end(failed(Failure::Rejected));
    traffic.answer(request, Outcome::Failure, "503");
    traffic.tick();
    assert_eq!((traffic.node("stt").failed[Failure::Rejected], traffic.node("stt").own.total()), (1, 0));
    assert_eq!(traffic.flow("stt", "breaker of stt").unwrap().failed, 1);
    assert_eq!(traffic.flow("GET /turns", "stt").unwrap().failed, 1);
}

#[test]
fn a_call_within_a_call_is_the_calls() {
    let mut traffic = Traffic::new();
    let [search, index] = ["search", "index"].map(|name| traffic.register(Dependency::http(name)));
    let request = traffic.request("/find");
    traffic.wait(2);
    let outer = call(request, &search);
    traffic.wait(3);
    let inner = call(work_of(&outer), &index);
    traffic.wait(5);
    inner.end(failed(Failure::Timeout));
    traffic.wait(7);
    outer.end(failed(Failure::Upstream));
    traffic.answer(request, Outcome::Failure, "502");
    traffic.tick();
    let flow = |traffic: &mut Traffic, from, to| traffic.flow(from, to).map(|flow| (flow.started, flow.failed));
    assert_eq!(flow(&mut traffic, "GET /find", "search"), Some((1, 1)));
    assert_eq!(flow(&mut traffic, "search", "index"), Some((1, 1)));
    assert_eq!(flow(&mut traffic, "GET /find", "index"), None);
    let own = |calls: Calls| (in_units(calls.busy), in_units(calls.own_busy), calls.own.total());
    assert_eq!(own(traffic.node("GET /find")), (17.0, 2.0, 0));
    assert_eq!(own(traffic.node("search")), (15.0, 10.0, 0));
    assert_eq!(own(traffic.node("index")), (5.0, 5.0, 1));
}

#[test]
fn what_hangs_is_seen_while_it_hangs() {
    let mut traffic = Traffic::new();
    let stt = traffic.register(Dependency::http("stt"));
    let request = traffic.request("/turns");
    let hanging = call(request, &stt);
    traffic.wait(1000);
    traffic.tick();
    traffic.wait(3000);
    traffic.tick();
    let calls = traffic.node("stt");
    assert_eq!((calls.started, calls.ended, calls.in_flight), (0, 0, 1));
    assert_eq!(in_units(calls.busy), 3000.0);
    assert!(calls.ages.quantile(0.5).is_some_and(|age| age > 0.9 * units(4000).as_secs_f64()));
    assert_eq!(traffic.node("GET /turns").own_busy, 0.0);
    assert_eq!(in_units(traffic.flow("GET /turns", "stt").unwrap().busy), 3000.0);
    // The request is gone before its call: who comes after it in its slot has nothing to do with that.
    traffic.answer(request, Outcome::Cancelled, "");
    let next = traffic.request("/turns");
    hanging.end(failed(Failure::Timeout));
    traffic.wait(10);
    traffic.answer(next, Outcome::Failure, "500");
    traffic.tick();
    assert_eq!(traffic.node("GET /turns").own[Failure::Upstream], 1);
    assert_eq!(in_units(traffic.node("GET /turns").own_busy), 10.0);
}

#[test]
fn a_pool_says_who_waits_and_who_holds() {
    let mut traffic = Traffic::new();
    let orders = traffic.register(Dependency::sql("orders-db"));
    let pool = traffic.dependencies.pool("orders-pool", 2);
    let request = traffic.request("/orders");
    let query = call(request, &orders);
    let work = work_of(&query);
    let permit = ask(work, &pool).taken();
    let second = ask(work, &pool);
    traffic.wait(100);
    second.refused();
    query.end(failed(Failure::Timeout));
    traffic.answer(request, Outcome::Failure, "500");
    traffic.wait(50);
    traffic.tick();
    let calls = traffic.node("orders-pool");
    assert_eq!((calls.started, calls.in_flight, calls.capacity), (2, 1, 2));
    assert_eq!(in_units(calls.busy), 150.0, "the permit is still taken,");
    let flow = traffic.flow("orders-db", "orders-pool").unwrap();
    assert_eq!((flow.failed, in_units(flow.busy)), (1, 100.0));
    assert_eq!(in_units(flow.held), 100.0, "but not by a call that lives");
    assert_eq!(traffic.node("orders-db").own.total(), 0);
    drop(permit);
    traffic.tick();
    assert_eq!(traffic.node("orders-pool").in_flight, 0);

    // One that is asked: it says what it is told.
    let full = Occupancy { capacity: 4, taken: 4, waiting: 3 };
    assert!(traffic.dependencies.watch_pool("asked-pool", &orders, move || Some(full)));
    let query = call(traffic.request("/orders"), &orders);
    traffic.wait(1000);
    traffic.tick();
    let calls = traffic.node("asked-pool");
    assert_eq!((calls.in_flight, calls.capacity, in_units(calls.busy)), (4, 4, 4000.0));
    let flow = traffic.flow("orders-db", "asked-pool").unwrap();
    assert_eq!((in_units(flow.busy), in_units(flow.held)), (3000.0, 1000.0), "one call holds one permit at most");
    drop(query);
}

#[test]
fn nothing_is_counted_while_nobody_reads() {
    let dependencies = Dependencies::new(&Registry::new()).unwrap();
    let stt = dependencies.register(Dependency::http("stt")).unwrap();
    let began = dependencies.follower().began("GET", Some("/"), Instant::default());
    assert_eq!(began, None);
    let early = stt.operation("ask").begin_owned().unwrap();
    let mut reader = Reader::new(&dependencies);
    early.end(None);
    let mut window = reader.read(Clock::system().now(), Process::default());
    let id = reader.graph().find("stt").expect("it is declared");
    assert_eq!(window.node(id).unwrap().ended, 0, "it began before");
}

#[test]
fn who_asks_for_what_is_not_there_is_no_caller_of_a_route() {
    let mut traffic = Traffic::new();
    for route in ["", "/orders/{id}"] {
        let request = traffic.request(route);
        traffic.answer(request, Outcome::ClientError, "404");
    }
    traffic.tick();
    let failed = |traffic: &mut Traffic, node: &str| traffic.node(node).failed[Failure::BadRequest];
    assert_eq!((failed(&mut traffic, "GET"), failed(&mut traffic, "GET /orders/{id}")), (0, 1));
}

#[test]
fn more_routes_than_there_is_room_for_are_counted() {
    let mut traffic = Traffic::new();
    for route in 0..5000 {
        if let Some(request) = traffic.follower.began("GET", Some(&format!("/{route}")), traffic.clock.now()) {
            traffic.answer(request, Outcome::Success, "");
        }
    }
    traffic.tick();
    assert_eq!(traffic.reader.graph().nodes(), 4096);
    assert_eq!(traffic.reader.turned_away(), 5000 - 4096);
}
