//! PostgreSQL, by a probe through a pool and by the calls of the service.

use super::watched::{SECRET, Watched};
use bellwether::dependency::{Fault, Health, Probe};
use bellwether::{Dependency, breaker::CallError};
use bellwether_tests::postgres::Postgres;
use bellwether_tests::real;
use bellwether_tests::road::{Road, Traffic};
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::time::Duration;

fn pool(road: &Road) -> PgPool {
    let url = format!("postgres://voice:{SECRET}@{}/postgres", road.addr());
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(600));
    pool.connect_lazy(&url).expect("a pool")
}

/// A query by the service, counted; the class of its failure.
async fn query(watched: &Watched, pool: &PgPool, text: &str) -> Option<String> {
    let called = watched.it.call("select", sqlx::query(sqlx::AssertSqlSafe(text)).execute(pool)).await;
    called.err().as_ref().map(|error: &CallError<sqlx::Error>| Fault::of_call(error).to_string())
}

#[tokio::test]
async fn postgresql_is_stopped_slowed_and_cut_off() {
    if !real() {
        return;
    }
    let mut postgres = Postgres::start().await;
    let road = Road::to(postgres.addr()).await;
    // A pool of its own for the probe, as its documentation has it.
    let watched = Watched::with(Dependency::sql("orders-db"), Probe::sqlx(pool(&road))).await;
    let own = pool(&road);
    watched.is(Health::Up, "a probe went well").await;
    assert_eq!(query(&watched, &own, "SELECT 1").await, None);
    assert_eq!(query(&watched, &own, "SELECT 1 FROM hunter2").await.as_deref(), Some("bad_request"));

    postgres.stop().await;
    watched.is(Health::Down, "a probe failed").await;
    let failed = query(&watched, &own, "SELECT 1").await;
    assert!(matches!(failed.as_deref(), Some("connect" | "timeout")), "{failed:?}");
    postgres.start_again().await;
    watched.is(Health::Up, "a probe went well").await;
    assert_eq!(query(&watched, &own, "SELECT 1").await, None);

    road.set(Traffic::Slow(Duration::from_millis(100)));
    watched.is(Health::Degraded, "took long").await;
    road.set(Traffic::Stuck);
    watched.is(Health::Down, "timeout").await;
    road.set(Traffic::Flows);
    watched.is(Health::Up, "a probe went well").await;

    road.set(Traffic::Cut);
    watched.is(Health::Down, "a probe failed").await;
    road.set(Traffic::Flows);
    watched.is(Health::Up, "a probe went well").await;

    // Calls are believed as well, and who is called is not probed.
    tokio::select! {
        () = calls_of_which_a_fourth_fails(&watched, &own) => {}
        () = watched.is(Health::Degraded, "calls failed, mostly timeout") => {}
    }
}

async fn calls_of_which_a_fourth_fails(watched: &Watched, pool: &PgPool) {
    for at in 0.. {
        let cut_short = "DO $$ BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '57014'; END $$";
        query(watched, pool, if at % 4 == 0 { cut_short } else { "SELECT 1" }).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
