//! Redis, by the probe that speaks its protocol itself.

use super::watched::{SECRET, Watched};
use bellwether::Dependency;
use bellwether::dependency::{Health, Probe};
use bellwether_tests::real;
use bellwether_tests::redis::Redis;
use bellwether_tests::road::{Road, Traffic};
use std::time::Duration;

#[tokio::test]
async fn redis_is_stopped_slowed_and_cut_off() {
    if !real() {
        return;
    }
    let mut redis = Redis::start(SECRET).await;
    let road = Road::to(redis.addr()).await;
    let probe = Probe::redis_as(&road.addr().to_string(), "default", SECRET);
    let watched = Watched::with(Dependency::redis("sessions"), probe).await;
    watched.is(Health::Up, "a probe went well").await;
    redis.stop();
    watched.is(Health::Down, "a probe failed: connect").await;
    redis.start_again().await;
    watched.is(Health::Up, "a probe went well").await;

    redis.pause();
    watched.is(Health::Down, "a probe failed: timeout").await;
    redis.resume();
    watched.is(Health::Up, "a probe went well").await;
    road.set(Traffic::Slow(Duration::from_millis(150)));
    watched.is(Health::Degraded, "took long").await;
    road.set(Traffic::Cut);
    watched.is(Health::Down, "a probe failed: connect").await;
    road.set(Traffic::Flows);
    watched.is(Health::Up, "a probe went well").await;
}

#[tokio::test]
async fn who_is_not_let_in_by_redis_is_told_so_and_nothing_more() {
    if !real() {
        return;
    }
    let redis = Redis::start(SECRET).await;
    let addr = redis.addr().to_string();
    let check = async |probe: Probe| {
        Watched::with(Dependency::redis("sessions"), probe).await.is(Health::Down, "a probe failed: auth").await;
    };
    check(Probe::redis(&addr)).await;
    check(Probe::redis_as(&addr, "default", "hunter2 and more")).await;
    check(Probe::redis_as(&addr, "nobody", SECRET)).await;
}
