//! The demo as a person meets it: what it says, how it ends, and how it comes back.

use crate::service::value;
use bellwether_tests::demo::Demo;
use bellwether_tests::{client, until};
use serde_json::{Value, json};
use std::net::TcpListener;
use voice::args::HELP;

const TEXT: &str = "text/plain; version=0.0.4";

/// What it prints and how it ends, where it does not start.
fn check(args: &[&str], env: &[(&str, &str)], code: i32, stdout: &str, stderr: &str) {
    let output = Demo::output(args, env);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, complaint) = (text(&output.stdout), text(&output.stderr));
    let what = format!("{args:?} {env:?}: {:?}\n{printed}\n{complaint}", output.status);
    assert_eq!(output.status.code(), Some(code), "{what}");
    assert_eq!(printed, stdout, "{what}");
    assert!(if stderr.is_empty() { complaint.is_empty() } else { complaint.contains(stderr) }, "{what}");
    assert!(complaint.lines().count() <= 1, "one line is enough: {what}");
}

#[test]
fn says_what_it_does_not_understand() {
    let help = format!("{HELP}\n");
    check(&["--help"], &[], 0, &help, "");
    check(&["-h"], &[], 0, &help, "");
    check(&["--loud"], &[], 2, "", "voice: invalid option '--loud'; --help lists what there is");
    check(&["--port", "high"], &[], 2, "", "\"high\"");
    check(&["--day", "1"], &[], 2, "", "a day lasts 10 to 86400 seconds");
}

#[test]
fn says_what_keeps_it_from_starting() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let what = format!("voice: port {port} is in use; --port 0 takes a free one");
    check(&["--port", &port.to_string()], &[], 1, "", &what);

    let database = |url, what| check(&["--port=0"], &[("DATABASE_URL", url)], 1, "", what);
    database("mysql://localhost/shop", "cannot use a \"mysql\" database; sqlite:PATH or postgres://USER@HOST/NAME");
    database("sqlite:no/such/folder/voice.sqlite", "cannot open the sqlite database (sqlite:no/such/folder/");
    let nobody = format!("postgres://somebody:secret@127.0.0.1:{}/shop", bellwether_tests::free_port());
    database(&nobody, "voice: cannot open the postgres database (its address is in DATABASE_URL)");
    assert!(!String::from_utf8_lossy(&Demo::output(&[], &[("DATABASE_URL", &nobody)]).stderr).contains("secret"));

    let setting = |name, value, what| check(&["--port=0"], &[(name, value)], 1, "", what);
    setting("BELLWETHER_METRICS_ACCESS", "everyone", "\"loopback\", \"anyone\" or \"nobody\"");
    setting("OTEL_EXPORTER_OTLP_ENDPOINT", "over there", "OTEL_EXPORTER_OTLP_ENDPOINT");
}

#[tokio::test]
async fn says_where_to_look_and_is_there() {
    let demo = Demo::start(&["--no-traffic"], &[]).await;
    let printed = demo.printed("Voice/Converse").await;
    assert!(printed.starts_with(&format!("metrics  {}\n", demo.url("/metrics"))), "{printed}");
    assert!(!printed.contains("Traffic flows"), "{printed}");

    let get = async |path: &str| client().get(demo.url(path)).send().await.unwrap();
    // Nobody was called yet, so nothing is known of those whom a turn needs.
    for (path, word) in [("/livez", "pass"), ("/readyz", "warn"), ("/startupz", "pass")] {
        let answer = get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let said = answer.text().await.unwrap();
        assert!(said.contains(&format!(r#""status":"{word}""#)), "{path}: {said}");
    }
    let answer = client().post(demo.url("/v1/turns")).header("x-customer", "1").header("x-request-id", "mine-1");
    let answer = answer.body(vec![0; 9_000]).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-request-id"]), (200, &"mine-1".parse().unwrap()));
    let lines = answer.text().await.unwrap();
    assert!(lines.lines().last().is_some_and(|line| line.contains(r#""event":"done""#)), "{lines}");

    // Whoever is not on this machine reads no metrics, and is told why.
    let remote = client().get(demo.url("/metrics")).header("x-forwarded-for", "192.0.2.1").send().await.unwrap();
    assert_eq!(remote.status(), 403);
    assert!(remote.text().await.unwrap().contains("metrics.token"));
}

#[tokio::test]
async fn ends_when_it_is_told_to() {
    for signal in ["INT", "TERM"] {
        let demo = Demo::start(&["--day=60"], &[]).await;
        demo.printed("Traffic flows; a day lasts 60 s. Ctrl-c ends it.").await;
        until("some traffic", async || {
            let page = demo.metrics(TEXT).await;
            value(&page, "http_server_request_duration_seconds_count", &[]).filter(|count| *count >= 10.0)
        })
        .await;
        let (ended, printed) = demo.signal(signal).await;
        assert!(ended.success(), "{signal}: {ended}\n{printed}");
        assert!(printed.contains(" visits, "), "{signal}: {printed}");
        assert!(printed.ends_with("nothing was to be delivered\n"), "{signal}: {printed}");
    }
}

#[tokio::test]
async fn finishes_a_turn_under_way_before_it_ends() {
    let demo = Demo::start(&["--no-traffic", "--quiet"], &[]).await;
    let request = client().post(demo.url("/v1/turns")).header("x-customer", "1").body(vec![0; 9_000]);
    let mut answer = request.send().await.unwrap();
    let mut turn = answer.chunk().await.unwrap().expect("first words").to_vec();
    let rest = async {
        while let Some(chunk) = answer.chunk().await.unwrap() {
            turn.extend_from_slice(&chunk);
        }
        String::from_utf8(turn).unwrap()
    };
    let ((ended, printed), turn) = tokio::join!(demo.signal("TERM"), rest);
    assert!(ended.success(), "{ended}\n{printed}");
    assert!(turn.lines().last().is_some_and(|line| line.contains(r#""event":"done""#)), "{turn}");
}

#[tokio::test]
async fn comes_back_after_kill_9() {
    let mut demo = Demo::start(&["--day=60", "--quiet"], &[]).await;
    let order = json!({ "customer": 7, "item": "something rare", "amount_cents": 1234 });
    let placed = client().post(demo.url("/v1/orders")).json(&order).send().await.unwrap();
    assert_eq!(placed.status(), 201);
    let placed: Value = placed.json().await.unwrap();
    let look = async |demo: &Demo| {
        let page = demo.metrics(TEXT).await;
        let requests = value(&page, "http_server_request_duration_seconds_count", &[]).unwrap_or(0.0);
        (requests, value(&page, "process_start_time_seconds", &[]).expect("when it started"))
    };
    let (requests, started) = until("traffic", async || Some(look(&demo).await).filter(|look| look.0 >= 60.0)).await;

    // In the middle of its traffic.
    demo.kill_and_start_again().await;
    let (requests_again, started_again) = look(&demo).await;
    assert!(started_again > started, "it knows that it started again");
    assert!(requests_again < requests, "and counts from zero: {requests_again} after {requests}");
    let found = client().get(demo.url(&format!("/v1/orders/{}", placed["id"]))).send().await.unwrap();
    assert_eq!(found.json::<Value>().await.unwrap(), placed);
    let (ended, printed) = demo.signal("INT").await;
    assert!(ended.success(), "{ended}\n{printed}");
}
