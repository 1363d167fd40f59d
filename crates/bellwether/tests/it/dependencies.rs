//! Dependencies of the front door: who hears of them, what `/readyz` and `/health` say, and who may know more.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bellwether::core::{Clock, TraceContext};
use bellwether::dependency::{DependencyBuilder, Failure, Fault, Health, Patience, Probe};
use bellwether::{Access, Bellwether, Config, Dependency, Registry, Scope};
use serde_json::Value;
use tower::{Layer, ServiceExt};

use super::routes::{ask, builder};
use super::{get, status};

const HERE: Option<&str> = Some("127.0.0.1:1");
const FAR: Option<&str> = Some("10.0.0.1:1");
const WINDOW: Duration = Duration::from_secs(5);

/// A front door whose time moves when a test says so.
fn on_a_clock() -> (Clock, bellwether::Builder) {
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(1_700_000_000));
    let builder = builder().registry(Registry::on(clock.clone()));
    (clock, builder)
}

/// Registers a dependency and lets its calls fail until it is down.
fn down(bw: &Bellwether, clock: &Clock, described: DependencyBuilder) -> Dependency {
    let dependency = bw.dependency(described).unwrap();
    for _ in 0..3 {
        dependency.operation("call").begin().unwrap().end(Some(Fault::new(Failure::Timeout)));
        clock.advance(WINDOW);
        dependency.status();
    }
    assert_eq!(dependency.status().health, Health::Down);
    dependency
}

fn statuses(bw: &Bellwether) -> String {
    ["/livez", "/readyz", "/startupz", "/health"].map(|path| ask(bw, path, FAR, &[]).0.to_string()).join(" ")
}

#[test]
fn readiness_goes_by_criticality() {
    let check = |described: DependencyBuilder, expect: &str| {
        let (clock, builder) = on_a_clock();
        let bw = builder.start().unwrap();
        down(&bw, &clock, described);
        assert_eq!(statuses(&bw), expect);
        assert_eq!(bw.is_ready(), &expect[4..7] == "200");
    };
    check(Dependency::sql("db").critical_local(), "200 503 200 503");
    check(Dependency::sql("db").critical_shared(), "200 200 200 503");
    check(Dependency::sql("db"), "200 200 200 200");
    check(Dependency::sql("db").informational(), "200 200 200 200");
}

#[test]
fn the_last_half_of_all_instances_goes_on() {
    let (clock, builder) = on_a_clock();
    let bw = builder.start().unwrap();
    down(&bw, &clock, Dependency::sql("db").critical_local());
    bw.dependencies().peers_ready(Some(0.4));
    assert_eq!(statuses(&bw), "200 200 200 503");
}

#[test]
fn details_are_for_those_who_may_read_metrics() {
    let (clock, builder) = on_a_clock();
    let bw = builder.access(Access::loopback().or_token("first-token-1234")).start().unwrap();
    down(&bw, &clock, Dependency::sql("orders-db").critical_shared().owner("orders"));
    for path in ["/readyz", "/health"] {
        let (_, text, _) = ask(&bw, path, HERE, &[]);
        let said: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(said["phase"], "serving");
        let db = &said["checks"]["orders-db:status"][0];
        assert_eq!((&db["owner"], &db["observedValue"]), (&"orders".into(), &"down".into()));
        assert_eq!(db["output"], "1 of 1 calls failed, mostly timeout");
        let (_, text, _) = ask(&bw, path, FAR, &[("authorization", "Bearer first-token-1234")]);
        assert!(text.contains("orders-db"));
        let word = if path == "/readyz" { r#"{"status":"warn"}"# } else { r#"{"status":"fail"}"# };
        for headers in [&[][..], &[("authorization", "Bearer wrong")]] {
            assert_eq!(ask(&bw, path, FAR, headers).1, word);
        }
        assert_eq!(ask(&bw, path, HERE, &[("x-forwarded-for", "203.0.113.1")]).1, word);
    }
    // Nobody is turned away for asking, so nobody is counted as turned away.
    let denied = bw.registry().metric("bellwether.access.denied").unwrap();
    let bellwether::core::Handle::Counter(denied) = denied.series().next().unwrap().handle().clone() else { panic!() };
    assert_eq!(denied.value(), 0);
}

#[test]
fn settings_say_who_may_see_details() {
    let check = |text: &str, code: Option<Access>, headers: &[(&str, &str)], expect: bool| {
        let config = Config::parse(text, "bellwether.toml").unwrap();
        let builder = code.into_iter().fold(builder().settings(config), bellwether::Builder::health_access);
        let bw = builder.start().unwrap();
        bw.dependency(Dependency::http("openai")).unwrap();
        assert_eq!(ask(&bw, "/health", FAR, headers).1.contains("openai"), expect, "{text}");
    };
    check("", None, &[], false);
    check("", Some(Access::anyone()), &[], true);
    check("[health]\naccess = \"nobody\"", Some(Access::anyone()), &[], false);
    check("[health]\naccess = \"anyone\"", None, &[], true);
    check("[metrics]\naccess = \"anyone\"", None, &[], true);
    let token = "[health]\naccess = \"nobody\"\n[metrics]\ntoken = \"0123456789abcdef\"";
    check(token, None, &[("authorization", "Bearer 0123456789abcdef")], true);
    check(token, None, &[], false);
}

#[test]
fn whoever_deploys_has_the_last_word_on_dependencies() {
    let text = r#"
        [dependencies]
        criticality = { db = "optional" }
        owner = { db = "night shift" }
        runbook = { db = "https://runbooks.example/db" }
    "#;
    let bw = builder().settings(Config::parse(text, "bellwether.toml").unwrap()).start().unwrap();
    let described = || Dependency::sql("db").critical_local().owner("orders");
    let db = bw.dependency(described()).unwrap();
    assert_eq!(
        (db.criticality().as_str(), db.owner(), db.runbook().is_some()),
        ("optional", Some("night shift"), true)
    );
    bw.dependency(described()).unwrap();
    let other = bw.dependency(Dependency::http("mail").owner("mail")).unwrap();
    assert_eq!(other.owner(), Some("mail"));
    let var = |name: &str| (name == "BELLWETHER_DEPENDENCIES_CRITICALITY").then(|| "db=informational".to_owned());
    let bw = Bellwether::builder("test").environment(var).start().unwrap();
    assert_eq!(bw.dependency(described()).unwrap().criticality().as_str(), "informational");
}

#[test]
fn what_settings_say_in_vain_is_told_after_a_minute() {
    let text = r#"
[dependencies]
criticality = { opnai = "optional", db = "optional", later = "informational" }
owner = { db = "night shift", "\u001b[2J" = "x" }
runbook = { mail = "https://runbooks.example/mail" }
"#;
    let var = |name: &str| (name == "BELLWETHER_DEPENDENCIES_CRITICALITY").then(|| "Deepgram=optional".to_owned());
    let (clock, builder) = on_a_clock();
    let config = Config::parse(text, "bellwether.toml").unwrap();
    let bw = builder.settings(config).environment(var).start().unwrap();
    bw.dependency(Dependency::http("openai")).unwrap();
    bw.dependency(Dependency::sql("db")).unwrap();
    bw.dependencies().register(Dependency::http("mail")).unwrap();
    clock.advance(Duration::from_secs(59));
    assert_eq!(bw.notices(), [""; 0]);
    clock.advance(Duration::from_secs(1));
    insta::assert_snapshot!(bw.notices().join("\n"), @r#"
    bellwether.toml:3 and BELLWETHER_DEPENDENCIES_CRITICALITY: dependencies.criticality speaks of "later", which nobody registered; there are "openai", "db" and "mail"
    bellwether.toml:3 and BELLWETHER_DEPENDENCIES_CRITICALITY: dependencies.criticality speaks of "opnai", which nobody registered; did you mean "openai"?
    bellwether.toml:3 and BELLWETHER_DEPENDENCIES_CRITICALITY: dependencies.criticality speaks of "Deepgram", which nobody registered; there are "openai", "db" and "mail"
    bellwether.toml:4: dependencies.owner speaks of "\u{1b}[2J", which nobody registered; there are "openai", "db" and "mail"
    bellwether.toml:5: dependencies.runbook speaks of "mail", which was not registered by `Bellwether::dependency`
    "#);
    // Who comes late is heeded all the same.
    let later = bw.dependency(Dependency::http("later")).unwrap();
    assert_eq!((later.criticality().as_str(), bw.notices().len()), ("informational", 4));
}

#[test]
fn nothing_is_in_vain_where_nothing_is_said() {
    let (clock, builder) = on_a_clock();
    let bw = builder.start().unwrap();
    bw.dependency(Dependency::http("openai")).unwrap();
    clock.advance(Duration::from_secs(3600));
    assert_eq!(bw.notices(), [""; 0]);
    let many: String = (0..100).map(|n| format!("n{n} = \"optional\", ")).collect();
    let config = Config::parse(&format!("dependencies.criticality = {{ {many} }}"), "bellwether.toml").unwrap();
    let (clock, builder) = on_a_clock();
    let bw = builder.settings(config).start().unwrap();
    clock.advance(Duration::from_secs(60));
    assert_eq!(bw.notices().len(), 16);
    assert!(bw.notices()[0].ends_with("which nobody registered; there is no dependency"), "{:?}", bw.notices()[0]);
}

#[test]
fn the_scope_is_told_of_a_call_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let told = |cascade: bool| {
        let bw = builder().cascade(cascade).start().unwrap();
        let [llm, orders] = ["llm", "orders"].map(|name| bw.dependency(Dependency::http(name)).unwrap());
        let answer = async |_| Ok::<_, io::Error>(http::Response::new(axum::body::Body::empty()));
        let http = bw.calls().for_peer("openai").layer(tower::service_fn(answer));
        let request = || http::Request::get("http://api.openai.com/").body(axum::body::Body::empty()).unwrap();
        let scope = Scope::builder(TraceContext::root(false)).open();
        runtime.block_on(scope.wrap(async {
            http.clone().oneshot(request()).await.unwrap();
            llm.call("chat", http.clone().oneshot(request())).await.unwrap();
            // A dependency within another one's call is a call of its own, and so is a layer's when that is over.
            let both = async { orders.call("select", http.clone().oneshot(request())).await.map_err(io::Error::other) };
            llm.call("chat", both).await.unwrap();
            http.oneshot(request()).await.unwrap();
        }));
        scope.facts().calls.iter().map(|call| call.peer.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told(true), "openai llm orders llm openai");
    assert_eq!(told(false), told(true));
}

#[test]
fn errors_are_the_front_doors() {
    let bw = builder().max_dependencies(2).start().unwrap();
    bw.dependency(Dependency::sql("db").depends_on("net")).unwrap();
    let other = bw.dependency(Dependency::http("db")).unwrap_err();
    assert!(other.is_conflict() && other.is_setting(), "{other}");
    bw.dependency(Dependency::http("net").depends_on("db")).unwrap_err();
    bw.dependency(Dependency::http("net")).unwrap();
    let full = bw.dependency(Dependency::http("more")).unwrap_err();
    insta::assert_snapshot!(full, @r#"dependency "more": there are 2 dependencies, which is the limit: set `max` of the dependencies higher"#);
}

#[test]
fn an_application_may_have_a_health_of_its_own() {
    let bw = builder().health_path("/-/health").start().unwrap();
    let own = axum::Router::new().route("/health", axum::routing::get(async || "mine"));
    let _: axum::Router = own.merge(bw.router());
    assert_eq!(ask(&bw, "/-/health", FAR, &[]).0, 200);
    assert_eq!(ask(&bw, "/health", FAR, &[]).0, 404);
    for path in ["/livez", "health", "/", "/{id}", "/metrics"] {
        let refused = builder().health_path(path).start().unwrap_err();
        assert!(refused.to_string().contains("health.path"), "{refused}");
    }
}

#[test]
fn its_own_thread_probes_without_any_runtime() {
    let bw = builder().start().unwrap();
    let address = bw.serve("127.0.0.1:0").unwrap();
    let is_well = Arc::new(AtomicBool::new(true));
    let probe = {
        let is_well = Arc::clone(&is_well);
        Probe::new(move || {
            let is_well = is_well.load(SeqCst);
            let now = tokio::runtime::Handle::try_current().is_ok();
            async move { if is_well && now { Ok(()) } else { Err(io::Error::from(io::ErrorKind::ConnectionRefused)) } }
        })
    };
    let patience = Patience { fall: 2, rise: 1, ..Patience::default() };
    let described = Dependency::custom("it").critical_local().patience(patience);
    let it = bw.dependency(described.probe(probe.every(Duration::from_millis(20)))).unwrap();
    let wait = |health: Health| {
        while it.status().health != health {
            std::thread::yield_now();
        }
    };
    wait(Health::Up);
    assert_eq!(status(&get(address, "/readyz", "")), 200);
    is_well.store(false, SeqCst);
    wait(Health::Down);
    assert_eq!(status(&get(address, "/readyz", "")), 503);
    assert!(get(address, "/health", "").contains("a probe failed: refused"));
    assert_eq!(status(&get(address, "/livez", "")), 200);
    is_well.store(true, SeqCst);
    wait(Health::Up);
    assert_eq!(status(&get(address, "/readyz", "")), 200);
}

#[test]
fn what_is_about_to_stop_is_alive_and_not_ready() {
    let bw = builder().start().unwrap();
    assert_eq!(statuses(&bw), "200 200 200 200");
    bw.stopping();
    assert_eq!(statuses(&bw), "200 503 200 200");
    bw.ready(true);
    assert!(!bw.is_ready());
}

#[test]
fn head_has_no_body_and_the_same_head() {
    use std::io::{Read, Write};
    let bw = builder().ready(false).start().unwrap();
    let address = bw.serve("127.0.0.1:0").unwrap();
    let ask = |method: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "{method} /readyz HTTP/1.1\r\nhost: x.example\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.to_ascii_lowercase()
    };
    let (got, head) = (ask("GET"), ask("HEAD"));
    let without_date = |answer: &str| {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let lines = head.lines().filter(|line| !line.starts_with("date")).collect::<Vec<_>>().join("\n");
        (lines, body.to_owned())
    };
    let ((got, body), (head, nothing)) = (without_date(&got), without_date(&head));
    assert_eq!((got, nothing.as_str(), body.as_str()), (head, "", r#"{"status":"fail"}"#));
    assert!(ask("POST").starts_with("http/1.1 405"));
}
