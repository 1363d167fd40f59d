//! Probes that are there already: by HTTP, of a Redis, by gRPC, of a pool; and what they make of strange answers.

use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bellwether_dependency::{Dependency, Details, Endpoint, Failure, Health, Patience, Probe, Reason};
use http::Response;
use http_body_util::Full;
use insta::assert_snapshot;

use crate::time::World;

const EVERY: Duration = Duration::from_secs(10);
const AT_ONCE: Patience = Patience { fall: 1, rise: 1, fall_for: Duration::ZERO };

/// A dependency that was probed once, and its world.
fn probed(probe: Probe) -> (World, Dependency) {
    let mut world = World::new();
    let probe = probe.every(EVERY).timeout(Duration::from_secs(9));
    let dependency = world.dependencies.register(Dependency::custom("it").patience(AT_ONCE).probe(probe)).unwrap();
    world.pass(Duration::from_secs(1));
    // A check that has a thread of its own takes its own time, of which the clock knows nothing.
    while dependency.status().health == Health::Unknown {
        world.poll();
        std::thread::yield_now();
    }
    (world, dependency)
}

/// What is thought of it, and what it says.
fn seen(probe: Probe) -> String {
    let (_, dependency) = probed(probe);
    let says = dependency.says().map_or(String::new(), |says| format!("; says {} {:?}", says.health, says.failing));
    format!("{}: {}{says}", dependency.status().health, dependency.status().reason)
}

fn answer(status: u16, media_type: &'static str, body: &'static str) -> Response<Full<&'static [u8]>> {
    Response::builder().status(status).header("content-type", media_type).body(Full::new(body.as_bytes())).unwrap()
}

fn asked(status: u16, media_type: &'static str, body: &'static str) -> String {
    seen(Probe::http(move || std::future::ready(Ok::<_, io::Error>(answer(status, media_type, body)))))
}

#[test]
fn an_answer_by_http_is_judged_by_its_status() {
    let check = |status, expect: &str| assert_eq!(asked(status, "text/plain", "hello"), expect, "{status}");
    check(200, "up: a probe went well");
    check(204, "up: a probe went well");
    check(302, "up: a probe went well");
    check(401, "down: a probe failed: auth");
    check(404, "down: a probe failed: bad_request");
    check(429, "down: a probe failed: rate_limited");
    check(500, "down: a probe failed: upstream_5xx");
    let refused = || std::future::ready(Err::<Response<String>, _>(io::Error::from(io::ErrorKind::ConnectionRefused)));
    assert_eq!(seen(Probe::http(refused)), "down: a probe failed: refused");
    let strict = |status: http::StatusCode| status == 200;
    let probe = |status| move || std::future::ready(Ok::<_, io::Error>(answer(status, "text/plain", "")));
    assert_eq!(seen(Probe::http_judged(probe(204), strict)), "down: a probe failed: unknown");
    assert_eq!(seen(Probe::http_judged(probe(503), |_| true)), "up: a probe went well");
}

#[test]
fn what_it_says_of_itself_degrades_it_at_most() {
    let check = |status, body, expect: &str| {
        let seen = asked(status, "application/health+json; charset=utf-8", body);
        assert_eq!(seen, expect, "{status} {body}");
    };
    check(200, r#"{"status":"pass"}"#, "up: a probe went well; says up []");
    check(200, r#"{"status":"UP"}"#, "up: a probe went well; says up []");
    // A warning goes no further: else one of a hundred services would make all of them warn.
    check(200, r#"{"status":"warn"}"#, "up: a probe went well; says degraded []");
    let fails = "degraded: it answers, and says of itself that it fails; says down";
    check(503, r#"{"status":"fail"}"#, &format!("{fails} []"));
    check(200, r#"{"status":"error"}"#, &format!("{fails} []"));
    let deep = r#"{"status":"fail","checks":{"db:status":[{"status":"fail","output":"postgres://admin:hunter2@db",
        "says":{"status":"fail","failing":["disk"]}}],"mail:status":[{"status":"pass"}],"":[{"status":"fail"}]}}"#;
    check(503, deep, &format!("{fails} [\"db:status\"]"));
    // What is no such document says nothing.
    check(200, r#"{"status":"purple"}"#, "up: a probe went well");
    check(200, r#"{"status":5}"#, "up: a probe went well");
    check(200, "[[[[", "up: a probe went well");
    check(503, "", "down: a probe failed: upstream_5xx");
    check(503, r#"{"status":"#, "down: a probe failed: upstream_5xx");
    assert_eq!(asked(500, "application/json", r#"{"status":"error"}"#), "down: a probe failed: upstream_5xx");
    let rule = Probe::http_judged(
        || std::future::ready(Ok::<_, io::Error>(answer(503, "application/health+json", r#"{"status":"fail"}"#))),
        |status| status.is_success(),
    );
    assert_eq!(seen(rule), "down: a probe failed: upstream_5xx");
}

#[test]
fn what_it_says_is_an_annotation_with_an_age() {
    let body = r#"{"status":"fail","checks":{"db:status":[{"status":"fail","output":"hunter2"}]}}"#;
    let request = move || std::future::ready(Ok::<_, io::Error>(answer(503, "application/health+json", body)));
    let (world, _) = probed(Probe::http(request));
    let shown = |details| world.dependencies.report().document(Endpoint::Health, details).body;
    let body: serde_json::Value = serde_json::from_str(&shown(Details::Shown)).unwrap();
    assert_snapshot!(body["checks"]["it:status"][0]["says"], @r#"{"failing":["db:status"],"status":"fail"}"#);
    assert!(!body.to_string().contains("hunter2"));
    assert!(!shown(Details::Hidden).contains("db:status"));
    world.clock.advance(EVERY * 3);
    assert!(!shown(Details::Shown).contains("db:status"), "what was said long ago is not said any more");
}

proptest::proptest! {
    /// Whatever is sent as a document, what is kept of it is short, and what is answered is judged.
    #[test]
    fn any_document_is_read_or_not(
        status in "(pass|WARN|fail|ok|error|down|purple)?",
        names in proptest::collection::vec(".{0,80}", 0..20),
        tail in ".{0,20}",
    ) {
        let checks: serde_json::Map<_, _> = names.iter().map(|name| {
            (name.clone(), serde_json::json!([{ "status": "fail", "output": "hunter2" }]))
        }).collect();
        let body = serde_json::json!({ "status": status, "checks": checks }).to_string() + &tail;
        let request = move || {
            let answer = Response::builder().status(200).header("content-type", "application/health+json");
            std::future::ready(Ok::<_, io::Error>(answer.body(body.clone()).unwrap()))
        };
        let (_, it) = probed(Probe::http(request));
        let health = it.status().health;
        assert!(matches!(health, Health::Up | Health::Degraded), "{health}");
        if let Some(says) = it.says() {
            assert_eq!(health == Health::Degraded, says.health == Health::Down);
            assert!(says.failing.len() <= 8 && says.failing.iter().all(|name| name.len() <= 64));
        }
    }
}

#[test]
fn clients_of_all_kinds_are_probed_through() {
    use hyper_util::client::legacy::Client;
    let hyper = Client::builder(hyper_util::rt::TokioExecutor::new()).build_http::<Full<&'static [u8]>>();
    let uri = http::Uri::from_static("http://127.0.0.1:1/health");
    let _ = Probe::http(move || hyper.get(uri.clone()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let reqwest = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let _ = Probe::http(move || reqwest.get("http://127.0.0.1:1/health").send());
}

/// A body that has no end, and counts what was read of it.
struct Endless(Arc<AtomicUsize>);

impl http_body::Body for Endless {
    type Data = io::Cursor<Vec<u8>>;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Infallible>>> {
        self.0.fetch_add(1 << 10, SeqCst);
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(io::Cursor::new(vec![b'['; 1 << 10])))))
    }
}

#[test]
fn of_a_body_no_more_is_read_than_a_document_has() {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let request = move || {
        let answer = Response::builder().header("content-type", "application/health+json");
        std::future::ready(Ok::<_, io::Error>(answer.body(Endless(Arc::clone(&count))).unwrap()))
    };
    assert_eq!(seen(Probe::http(request)), "up: a probe went well");
    assert_eq!(read.load(SeqCst), 65 << 10);
}

#[test]
fn a_body_that_breaks_off_is_no_answer() {
    let request = || {
        let body = http_body_util::StreamBody::new(Once(Some(io::Error::from(io::ErrorKind::ConnectionReset))));
        std::future::ready(Ok::<_, io::Error>(Response::new(body)))
    };
    assert_eq!(seen(Probe::http(request)), "down: a probe failed: connect");
}

/// A stream of one error.
struct Once(Option<io::Error>);

impl tonic::codegen::tokio_stream::Stream for Once {
    type Item = Result<http_body::Frame<&'static [u8]>, io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Err))
    }
}

/// A Redis that gives these answers, one to each command, and then hangs up; what it was told.
fn redis(answers: &'static [&'static str], make: impl FnOnce(&str) -> Probe) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut told = Vec::new();
        for answer in answers {
            let mut bytes = [0; 256];
            let read = stream.read(&mut bytes).unwrap();
            told.extend_from_slice(&bytes[..read]);
            stream.write_all(answer.as_bytes()).unwrap();
        }
        String::from_utf8(told).unwrap()
    });
    let seen = seen(make(&address));
    (seen, server.join().unwrap())
}

#[test]
fn a_redis_is_asked_in_its_own_words() {
    let check = |answers, expect: &str| assert_eq!(redis(answers, Probe::redis).0, expect, "{answers:?}");
    check(&["+PONG\r\n"], "up: a probe went well");
    check(&["-NOAUTH Authentication required.\r\n"], "down: a probe failed: auth");
    check(&["-LOADING Redis is loading the dataset in memory\r\n"], "down: a probe failed: upstream_5xx");
    check(&["-ERR max number of clients reached\r\n"], "down: a probe failed: upstream_5xx");
    check(&["HTTP/1.1 400 Bad Request\r\n"], "down: a probe failed: decode");
    check(&["+PONG"], "down: a probe failed: connect");
    check(&[""], "down: a probe failed: connect");
    const LONG: &str = match std::str::from_utf8(&[b'x'; 4096]) {
        Ok(long) => long,
        Err(_) => "",
    };
    check(&[LONG], "down: a probe failed: decode");
}

#[test]
fn a_redis_is_told_who_asks_and_nobody_else_is() {
    let secret = "hunter2\r\n*1\r\n";
    let debug = std::cell::RefCell::new(String::new());
    let make = |address: &str| {
        let probe = Probe::redis_as(address, "probe", secret);
        *debug.borrow_mut() = format!("{probe:?} {:?}", Dependency::redis("it").probe(probe.clone()));
        probe
    };
    let (seen, told) = redis(&["+OK\r\n", "+PONG\r\n"], make);
    assert_eq!(seen, "up: a probe went well");
    assert_eq!(told, "*3\r\n$4\r\nAUTH\r\n$5\r\nprobe\r\n$13\r\nhunter2\r\n*1\r\n\r\n*1\r\n$4\r\nPING\r\n");
    assert!(!debug.borrow().contains("hunter2"), "{}", debug.borrow());
    let (seen, _) = redis(&["-WRONGPASS hunter2 is wrong\r\n"], make);
    assert_eq!(seen, "down: a probe failed: auth");
}

#[test]
fn a_pool_is_pinged() {
    use sqlx::sqlite::SqlitePoolOptions;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _within = runtime.enter();
    let pool = |url| SqlitePoolOptions::new().max_connections(1).connect_lazy(url).unwrap();
    assert_eq!(seen(Probe::sqlx(pool("sqlite::memory:"))), "up: a probe went well");
    let nowhere = Probe::sqlx(pool("sqlite:/nowhere/at/all.sqlite?mode=ro"));
    assert!(seen(nowhere).starts_with("down: a probe failed"));
}

#[test]
fn a_fall_takes_time_as_well_as_looks() {
    let mut world = World::new();
    let probe = Probe::new(|| std::future::ready(Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused))));
    let patience = Patience { fall: 3, rise: 1, fall_for: Duration::from_secs(60) };
    let probe = probe.every(Duration::from_secs(1));
    let it = world.dependencies.register(Dependency::custom("it").patience(patience).probe(probe)).unwrap();
    world.pass(Duration::from_secs(58));
    assert_eq!(it.status().health, Health::Unknown, "many looks, and not yet a long time");
    world.pass(Duration::from_secs(5));
    assert_eq!((it.status().health, it.status().reason), (Health::Down, Reason::Probe(Failure::Refused)));
}
