//! Clients that nobody here wrote: what they make of our answers is what they make of those of Prometheus.

use bellwether_tests::prometheus::{Asks, Prometheus};
use bellwether_tests::{node, promtool, python, real};

use super::Served;
use super::series::Memory;

/// Both servers, with the same series.
async fn both() -> (Prometheus, Served) {
    let memory = Memory::new();
    let prometheus = Prometheus::start(Asks::Protobuf, &[]).await;
    prometheus.write(&memory.wire()).await;
    (prometheus, Served::new(memory).await)
}

/// What a client prints, asking the one and the other.
async fn asked(
    servers: &(Prometheus, Served),
    client: impl Fn(&str) -> Result<String, String> + Clone + Send + 'static,
) -> [Result<String, String>; 2] {
    let mut answers = Vec::new();
    for url in [servers.0.url(), &servers.1.url] {
        let (client, url) = (client.clone(), url.to_owned());
        answers.push(tokio::task::spawn_blocking(move || client(&url)).await.expect("it runs"));
    }
    answers.try_into().expect("two")
}

#[tokio::test]
async fn promtool_sees_no_difference() {
    if !real() {
        return;
    }
    let servers = both().await;
    let check = async |before: &'static [&'static str], after: &'static [&'static str]| {
        let run = move |url: &str| promtool(&[before, &[url], after].concat());
        let [theirs, ours] = asked(&servers, run).await;
        // Lines without an order of their own.
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => {
                assert!(!theirs.trim().is_empty(), "{before:?} {after:?} has no answer");
                assert_eq!(lines(ours), lines(theirs), "{before:?} {after:?}");
            }
            _ => assert_eq!(ours, theirs, "{before:?} {after:?}"),
        }
    };
    const AT: &str = "--time=1700000590";
    check(&["query", "instant", AT], &["requests_total"]).await;
    check(&["query", "instant", AT, "--format=json"], &["sort_desc(rate(requests_total[5m]))"]).await;
    check(&["query", "instant", AT], &["native"]).await;
    check(&["query", "instant", AT], &["odd[1m]"]).await;
    check(&["query", "instant", AT], &["1/0"]).await;
    check(&["query", "instant", AT], &["\"text\""]).await;
    check(&["query", "instant", AT], &["sum("]).await;
    let times = &["query", "range", "--start=1700000100", "--end=2023-11-14T22:20:00Z", "--step=30s"];
    check(times, &["sum by (host) (requests_total)"]).await;
    check(times, &["rate(native[2m])"]).await;
    check(times, &["topk(1, nope) or vector(1)"]).await;
    let series = &[
        "query",
        "series",
        "--match=requests_total",
        "--match={__name__=~\"n.*\"}",
        "--start=1700000000",
        "--end=1700000600",
    ];
    check(series, &[]).await;
    check(&["query", "labels", "--start=1700000000", "--end=1700000600"], &["__name__"]).await;
}

#[tokio::test]
async fn prometheus_api_client_sees_no_difference() {
    if !real() {
        return;
    }
    let [theirs, ours] = asked(&both().await, |url| python(include_str!("client.py"), &[url])).await;
    let (theirs, ours) = (theirs.unwrap(), ours.unwrap());
    for (at, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {at}");
    }
    assert_eq!((ours.lines().count(), theirs.lines().count()), (22, 22));
}

#[tokio::test]
async fn completion_in_an_editor_sees_no_difference() {
    if !real() {
        return;
    }
    let [theirs, ours] = asked(&both().await, |url| node(include_str!("completion.js"), &[url])).await;
    let (theirs, ours) = (theirs.unwrap(), ours.unwrap());
    // Only ours knows what metrics mean: none of theirs was scraped.
    assert!(ours.contains("[\"requests_total\",\"counter\"]"), "{ours}");
    assert_eq!(ours.replace("[\"requests_total\",\"counter\"]", "[\"requests_total\",null]"), theirs);
    for expect in ["sum by ( [[\"__name__\"", "host=\" [[\"a\"", "[\"texts\"", "{h [[\"host\""] {
        assert!(ours.contains(expect), "{expect}: {ours}");
    }
}
