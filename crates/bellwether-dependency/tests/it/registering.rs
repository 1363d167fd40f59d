//! Registering: names, duplicates, circles and limits.

use bellwether_breaker::{Breaker, Trip};
use bellwether_core::Registry;
use bellwether_dependency::{Dependencies, Dependency, DependencyBuilder, Error, Patience, Probe};
use insta::assert_snapshot;
use std::time::Duration;

fn dependencies() -> Dependencies {
    Dependencies::builder(&Registry::new()).max(4).build().unwrap()
}

fn refused(before: Vec<DependencyBuilder>, last: DependencyBuilder) -> Error {
    let dependencies = dependencies();
    for described in before {
        dependencies.register(described).unwrap();
    }
    dependencies.register(last).unwrap_err()
}

#[test]
fn the_same_twice_is_one() {
    let dependencies = dependencies();
    let described = || Dependency::sql("db").critical_local().owner("orders").depends_on("net");
    let one = dependencies.register(described()).unwrap();
    one.operation("select");
    let two = dependencies.register(described()).unwrap();
    assert_eq!(dependencies.all().len(), 1);
    assert_eq!(two.owner(), Some("orders"));
    assert_eq!(two.depends_on().collect::<Vec<_>>(), ["net"]);
    assert!(dependencies.get("db").is_some() && dependencies.get("net").is_none());
}

#[test]
fn another_of_the_same_name_is_refused() {
    let other = refused(vec![Dependency::sql("db").critical_local()], Dependency::sql("db").critical_shared());
    assert!(other.is_conflict());
    assert_snapshot!(other, @r#"dependency "db": its criticality is critical_local already: give the same, or another name"#);
    let other = refused(vec![Dependency::sql("db").owner("a")], Dependency::sql("db").owner("b"));
    assert_snapshot!(other, @r#"dependency "db": its owner is Some("a") already: give the same, or another name"#);
}

#[test]
fn circles_are_refused() {
    let one = refused(vec![], Dependency::http("a").depends_on("a"));
    assert!(one.is_cycle());
    assert_snapshot!(one, @r#"dependency "a": it would rely on itself: a -> a"#);
    let before = vec![Dependency::http("a").depends_on("b"), Dependency::http("b").depends_on("c").depends_on("d")];
    let three = refused(before, Dependency::http("c").depends_on("a"));
    assert_snapshot!(three, @r#"dependency "c": it would rely on itself: c -> a -> b -> c"#);
    // Two ways to the same are no circle.
    let dependencies = dependencies();
    dependencies.register(Dependency::http("a").depends_on("b").depends_on("c")).unwrap();
    dependencies.register(Dependency::http("b").depends_on("d")).unwrap();
    dependencies.register(Dependency::http("c").depends_on("d")).unwrap();
    dependencies.register(Dependency::http("d")).unwrap();
}

#[test]
fn limits_and_settings() {
    let full = refused(["a", "b", "c", "d"].map(Dependency::http).to_vec(), Dependency::http("e"));
    assert!(full.is_full());
    assert_snapshot!(full, @r#"dependency "e": there are 4 dependencies, which is the limit: set `max` of the dependencies higher"#);
    let empty = refused(vec![], Dependency::http(""));
    assert_snapshot!(empty, @r#"dependency "": a name of 0 bytes: give 1 to 64 without control characters"#);
    refused(vec![], Dependency::http(&"x".repeat(65)));
    refused(vec![], Dependency::http("a\nb"));
    refused(vec![], Dependency::http("a").depends_on(""));
    let never = refused(vec![], Dependency::http("a").patience(Patience { fall: 0, ..Patience::default() }));
    assert_snapshot!(never, @r#"dependency "a": "Patience { fall: 0, rise: 2, fall_for: 0ns }" is no patience: give at least 1 look each way"#);
    refused(vec![], Dependency::http("a").probe(Probe::tcp("a:1").every(Duration::ZERO)));
    refused(vec![], Dependency::http("a").probe(Probe::tcp("a:1").timeout(Duration::ZERO)));
    refused(vec![], Dependency::http("a").stale_after(Duration::ZERO));
    let bad = Breaker::builder("b").trip(Trip::consecutive(0));
    refused(vec![], Dependency::http("a").breaker(bad));
}

#[test]
fn the_judge_is_told_who_relies_on_whom() {
    use bellwether_dependency::cascade::{Graph, Kind};
    let dependencies = dependencies();
    dependencies.register(Dependency::http("a").depends_on("b")).unwrap();
    dependencies.register(Dependency::http("b")).unwrap();
    let mut graph = Graph::default();
    dependencies.declare(&mut graph).unwrap();
    dependencies.declare(&mut graph).unwrap();
    assert_eq!((graph.nodes(), graph.edges()), (2, 1));
    let mut taken = Graph::default();
    taken.node("b", Kind::Pool).unwrap();
    assert!(dependencies.declare(&mut taken).is_err());
}

#[test]
fn two_of_one_registry_count_together() {
    let registry = Registry::new();
    let one = Dependencies::new(&registry).unwrap();
    Dependencies::new(&registry).unwrap();
    one.register(Dependency::http("a").breaker(Breaker::builder("a"))).unwrap();
    let names: Vec<_> = registry.metrics().iter().map(|metric| metric.name().to_owned()).collect();
    assert!(
        ["dependency.status", "dependency.evidence.age", "breaker.state"]
            .iter()
            .all(|own| names.iter().any(|name| name == own)),
        "{names:?}"
    );
}
