//! Another service behind a front door, by its own health document: what it says goes no further than one step.

use super::watched::Watched;
use bellwether::dependency::{Failure, Fault, Health, Patience, Probe};
use bellwether::{Access, Bellwether, Dependency};
use bellwether_tests::client;
use bellwether_tests::road::{Road, Traffic};
use std::time::Duration;

#[tokio::test]
async fn what_a_service_says_of_its_own_goes_one_step() {
    // A database, which a shop relies on, which we rely on.
    let shop = Bellwether::builder("shop").environment(|_| None).access(Access::anyone()).start().unwrap();
    let road = Road::to(shop.serve("127.0.0.1:0").unwrap()).await;
    let at_once = Patience { fall: 1, ..Patience::default() };
    let db = shop.dependency(Dependency::sql("db").critical_shared().patience(at_once)).unwrap();
    let url = format!("http://{}/health", road.addr());
    let reqwest = client();
    let watched = Watched::with(Dependency::http("shop"), Probe::http(move || reqwest.get(&url).send())).await;
    watched.is(Health::Up, "a probe went well").await;

    let fail = async {
        let operation = db.operation("select");
        while db.status().health != Health::Down {
            operation.begin().unwrap().end(Some(Fault::new(Failure::Upstream)));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(25), fail).await.expect("it is down after a window");
    // The shop's database is down. That is the shop's to mend: it answers, so it is not down, and we stay ready.
    watched.is(Health::Degraded, "says of itself that it fails").await;
    let page = watched.get("/health", 200).await;
    let says = &page["checks"]["shop:status"][0]["says"];
    assert_eq!(says, &serde_json::json!({ "status": "fail", "failing": ["db:status"] }));

    road.set(Traffic::Cut);
    watched.is(Health::Down, "a probe failed: connect").await;
    road.set(Traffic::Flows);
    watched.is(Health::Degraded, "says of itself that it fails").await;
}
