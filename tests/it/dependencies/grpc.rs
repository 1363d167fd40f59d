//! gRPC's health checking, both ways: a server of others that is probed, and a client of others that asks ours.

use super::watched::Watched;
use bellwether::Dependency;
use bellwether::dependency::{Health, Probe};
use bellwether_tests::grpc_health::{HealthClient, HealthServer};
use bellwether_tests::real;
use bellwether_tests::road::{Road, Traffic};
use std::net::SocketAddr;
use std::time::Duration;
use tonic::transport::Channel;

fn channel(addr: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{addr}")).expect("a URL").connect_lazy()
}

#[tokio::test]
async fn a_grpc_server_is_stopped_slowed_and_cut_off() {
    if !real() {
        return;
    }
    let mut server = HealthServer::start().await;
    let road = Road::to(server.addr()).await;
    let probe = Probe::grpc(channel(road.addr()), "voice.v1.Voice");
    let watched = Watched::with(Dependency::grpc("voice"), probe).await;
    watched.is(Health::Up, "a probe went well").await;
    server.say(false);
    watched.is(Health::Degraded, "says of itself that it fails").await;
    server.say(true);
    watched.is(Health::Up, "a probe went well").await;

    server.stop();
    watched.is(Health::Down, "a probe failed").await;
    server.start_again().await;
    watched.is(Health::Up, "a probe went well").await;
    server.pause();
    watched.is(Health::Down, "a probe failed: timeout").await;
    server.resume();
    watched.is(Health::Up, "a probe went well").await;
    road.set(Traffic::Slow(Duration::from_millis(200)));
    watched.is(Health::Degraded, "took long").await;
    road.set(Traffic::Cut);
    watched.is(Health::Down, "a probe failed").await;
    road.set(Traffic::Flows);
    watched.is(Health::Up, "a probe went well").await;
}

#[tokio::test]
async fn a_grpc_server_without_the_service_is_not_asked_again() {
    if !real() {
        return;
    }
    let server = HealthServer::start_without().await;
    let described = Dependency::grpc("voice").stale_after(Duration::from_secs(1));
    let watched = Watched::with(described, Probe::grpc(channel(server.addr()), "")).await;
    watched.is(Health::Up, "a probe went well").await;
    // It answered once, and nothing is heard of it from then on.
    watched.is(Health::Unknown, "nothing was heard of it for long").await;
    let bellwether::core::Handle::Histogram(probes) =
        watched.bw.registry().metric("dependency.probe.duration").unwrap().series().next().unwrap().handle().clone()
    else {
        panic!("it is a histogram")
    };
    assert_eq!(probes.snapshot().count(), 1);
}

#[tokio::test]
async fn a_client_of_others_asks_ours() {
    if !real() {
        return;
    }
    let server = HealthServer::start().await;
    let road = Road::to(server.addr()).await;
    let watched = Watched::with(Dependency::grpc("voice"), Probe::grpc(channel(road.addr()), "")).await;
    watched.is(Health::Up, "a probe went well").await;
    let check = async |service: &str, expect: &str| {
        assert_eq!(HealthClient::check(watched.grpc, service).await, expect, "{service:?}");
    };
    check("", "SERVING").await;
    check("voice", "SERVING").await;
    check("shop.v1.Shop", "SERVING").await;
    check("nobody", "NOT_FOUND").await;
    check(&"x".repeat(10_000), "OUT_OF_RANGE").await;
    let watch = ["", "voice", "nobody"].map(|service| HealthClient::watch(watched.grpc, service));
    let [whole, voice, nobody] = &watch;
    assert_eq!(whole.told(1).await, ["SERVING"]);
    assert_eq!(nobody.told(1).await, ["SERVICE_UNKNOWN"]);
    road.set(Traffic::Cut);
    assert_eq!(whole.told(2).await, ["SERVING", "NOT_SERVING"]);
    assert_eq!(voice.told(2).await, ["SERVING", "NOT_SERVING"]);
    check("", "NOT_SERVING").await;
    road.set(Traffic::Flows);
    assert_eq!(whole.told(3).await, ["SERVING", "NOT_SERVING", "SERVING"]);
    watched.bw.stopping();
    // They are told, and let go: a server that waits for them to end does not wait for ever.
    assert_eq!(whole.told(5).await, ["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING", "OK"]);
    assert_eq!(voice.told(4).await, ["SERVING", "NOT_SERVING", "SERVING", "OK"]);
    assert_eq!(nobody.told(2).await, ["SERVICE_UNKNOWN", "OK"]);
}
