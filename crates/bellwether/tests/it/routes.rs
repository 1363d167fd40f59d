//! `/metrics` and the endpoints of health: mounted and on a port of their own, for whom and for whom not.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::{Router, routing::get as route};
use bellwether::{Access, Bellwether, Builder, Config};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{get, nothing, status};

pub(crate) fn builder() -> Builder {
    Bellwether::builder("test").environment(nothing)
}

/// What a router without a server answers: whatever peer and headers it is told.
pub(crate) fn ask(
    bw: &Bellwether,
    path: &str,
    peer: Option<&str>,
    headers: &[(&str, &str)],
) -> (u16, String, Response<()>) {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(peer) = peer {
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (parts, body) = runtime.block_on(bw.router::<()>().oneshot(request)).unwrap().into_parts();
    let text = runtime.block_on(body.collect()).unwrap().to_bytes();
    (parts.status.as_u16(), String::from_utf8_lossy(&text).into_owned(), Response::from_parts(parts, ()))
}

fn check(access: Access, peer: Option<&str>, headers: &[(&str, &str)], expect: u16) {
    let bw = builder().access(access.clone()).start().unwrap();
    let (status, text, head) = ask(&bw, "/metrics", peer, headers);
    assert_eq!(status, expect, "{access:?} {peer:?} {headers:?}: {text}");
    assert_eq!(text.contains("process_cpu_time"), expect == 200);
    assert_eq!(head.headers().contains_key("www-authenticate"), expect == 401);
}

#[test]
fn metrics_are_for_this_machine() {
    let own = Access::loopback;
    check(own(), Some("127.0.0.1:1"), &[], 200);
    check(own(), Some("127.9.9.9:1"), &[], 200);
    check(own(), Some("[::1]:1"), &[], 200);
    check(own(), Some("[::ffff:127.0.0.1]:1"), &[], 200);
    check(own(), Some("10.0.0.1:1"), &[], 403);
    check(own(), Some("[2001:db8::1]:1"), &[], 403);
    // A header proves nothing, unless it is against the one who sends it.
    check(own(), Some("10.0.0.1:1"), &[("host", "localhost"), ("x-forwarded-for", "127.0.0.1")], 403);
    check(own(), Some("127.0.0.1:1"), &[("x-forwarded-for", "203.0.113.1")], 403);
    check(own(), Some("127.0.0.1:1"), &[("forwarded", "for=203.0.113.1")], 403);
    check(own(), Some("127.0.0.1:1"), &[("via", "1.1 proxy")], 403);
    check(own(), Some("127.0.0.1:1"), &[("x-forwarded-host", "shop.example")], 403);
    check(own(), Some("127.0.0.1:1"), &[("cf-connecting-ip", "203.0.113.1")], 403);
}

#[test]
fn metrics_are_not_for_who_comes_here_by_a_public_name() {
    let check = |host: &str, expect| check(Access::loopback(), Some("127.0.0.1:1"), &[("host", host)], expect);
    for host in ["127.0.0.1:9464", "[::1]:9464", "localhost", "LOCALHOST:80", "a.localhost", "laptop", "laptop.local."]
    {
        check(host, 200);
    }
    check("host.docker.internal:9464", 200);
    for host in [
        "shop.example",
        "shop.example:80",
        "localhost.evil.example",
        "10.0.0.1",
        "[2001:db8::1]:80",
        "127.0.0.1.evil.example",
        "",
    ] {
        check(host, 403);
    }
    // Whoever has a token may come by any name.
    let bw = builder().access(Access::loopback().or_token("first-token-1234")).start().unwrap();
    let headers = [("host", "shop.example"), ("authorization", "Bearer first-token-1234")];
    assert_eq!(ask(&bw, "/metrics", Some("127.0.0.1:1"), &headers).0, 200);
    let bw = builder().start().unwrap();
    assert_eq!(ask(&bw, "http://shop.example/metrics", Some("127.0.0.1:1"), &[]).0, 403);
}

#[test]
fn metrics_are_not_for_pages_of_other_sites() {
    let check = |headers: &[(&str, &str)], expect| {
        let headers: Vec<_> = [("host", "localhost:9464")].into_iter().chain(headers.iter().copied()).collect();
        check(Access::loopback(), Some("127.0.0.1:1"), &headers, expect);
    };
    let site = |site| ("sec-fetch-site", site);
    check(&[site("none"), ("sec-fetch-mode", "navigate")], 200);
    check(&[site("same-origin"), ("sec-fetch-mode", "cors")], 200);
    for other in ["cross-site", "same-site", "", "None", "none, cross-site"] {
        check(&[site(other), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")], 403);
        check(&[site(other), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")], 403);
        check(&[site(other), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], 403);
        check(&[site(other)], 403);
        // A link that somebody follows: the page it is on does not see where it leads.
        check(&[site(other), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], 200);
    }
    check(&[site("none"), site("cross-site")], 403);
    check(&[site("cross-site"), ("origin", "http://localhost:9464")], 403);
    // Older browsers.
    check(&[("origin", "http://localhost:9464")], 200);
    check(&[("origin", "https://LOCALHOST:9464")], 200);
    for other in ["http://localhost:3000", "https://evil.example", "null", "", "localhost:9464"] {
        check(&[("origin", other)], 403);
    }
}

#[test]
fn others_are_let_in_by_rules_that_add_up() {
    let far = Some("10.0.0.1:1");
    check(Access::anyone(), far, &[("via", "1.1 proxy")], 200);
    check(Access::anyone(), None, &[], 200);
    check(Access::nobody(), Some("127.0.0.1:1"), &[], 403);
    let token = || Access::loopback().or_token("first-token-1234").or_token("other-token-1234");
    check(token(), Some("127.0.0.1:1"), &[], 200);
    check(token(), far, &[], 401);
    check(token(), far, &[("authorization", "Bearer first-token-1234")], 200);
    check(token(), far, &[("authorization", "bearer other-token-1234")], 200);
    for wrong in [
        "Bearer first-token-12345",
        "Bearer first-token-123",
        "Bearer ",
        "Bearer",
        "Basic first-token-1234",
        "first-token-1234",
        "Bearer first-token-1235",
        "Bearer first-token-1234first-token-1234",
    ] {
        check(token(), far, &[("authorization", wrong)], 401);
    }
    // Who sends two means to be taken for somebody else by one of those who read them.
    let (right, wrong) = (("authorization", "Bearer first-token-1234"), ("authorization", "Bearer wrong"));
    for both in [[right, wrong], [wrong, right], [right, right], [right, ("authorization", "")]] {
        check(token(), far, &both, 401);
    }
    check(Access::nobody().or_token(""), far, &[("authorization", "Bearer ")], 403);
    let rule = || Access::nobody().or_if(|request| request.headers.contains_key("x-internal"));
    check(rule(), far, &[("x-internal", "1")], 200);
    check(rule(), far, &[], 403);
}

#[test]
fn settings_say_who_may_read() {
    let check = |text: &str, headers: &[(&str, &str)], expect| {
        let config = Config::parse(text, "bellwether.toml").unwrap();
        let bw = builder().access(Access::nobody()).settings(config).start().unwrap();
        assert_eq!(ask(&bw, "/metrics", Some("10.0.0.1:1"), headers).0, expect);
    };
    check("", &[], 403);
    check("[metrics]\naccess = \"anyone\"", &[], 200);
    check("[metrics]\naccess = \"loopback\"", &[], 403);
    check("[metrics]\ntoken = \"0123456789abcdef\"", &[("authorization", "Bearer 0123456789abcdef")], 200);
    check("[metrics]\ntoken = \"0123456789abcdef\"", &[], 401);
}

/// This process listens on nothing but loopback, or on more, and cannot be asked who the peer is.
#[cfg(target_os = "linux")]
#[test]
fn an_unknown_peer_is_admitted_only_while_there_can_be_no_stranger() {
    // In a process of its own: other tests of this binary open ports meanwhile.
    let own = std::env::current_exe().unwrap();
    let run = |listen: &str| {
        let name = "routes::an_unknown_peer_asks";
        let output = std::process::Command::new(&own)
            .args([name, "--exact", "--nocapture", "--test-threads=1"])
            .env("BELLWETHER_TEST_LISTEN", listen)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run("127.0.0.1:0").contains("answer 200"));
    assert!(run("127.0.0.1:0,[::1]:0").contains("answer 200"));
    assert!(run("").contains("answer 403"));
    assert!(run("0.0.0.0:0").contains("answer 403"));
    assert!(run("127.0.0.1:0,[::]:0").contains("answer 403"));
}

#[allow(clippy::print_stdout, reason = "it is asked by another process")]
#[test]
fn an_unknown_peer_asks() {
    let Ok(listen) = std::env::var("BELLWETHER_TEST_LISTEN") else { return };
    let _open: Vec<std::net::TcpListener> = listen
        .split(',')
        .filter(|address| !address.is_empty())
        // A machine without IPv6 has nothing to be asked about.
        .filter_map(|address| std::net::TcpListener::bind(address).ok())
        .collect();
    let bw = builder().start().unwrap();
    println!("answer {}", ask(&bw, "/metrics", None, &[]).0);
}

#[test]
fn health_is_for_everybody() {
    let bw = builder().ready(false).start().unwrap();
    let far = Some("10.0.0.1:1");
    let check = |expect: &str| {
        let answers = ["/livez", "/readyz", "/startupz", "/health"].map(|path| {
            let (status, text, head) = ask(&bw, path, far, &[]);
            assert_eq!(head.headers().contains_key("retry-after"), status == 503);
            assert_eq!(head.headers()["cache-control"], "no-store");
            assert_eq!(head.headers()["content-type"], "application/health+json");
            assert_eq!(text, if status == 200 { r#"{"status":"pass"}"# } else { r#"{"status":"fail"}"# });
            status.to_string()
        });
        assert_eq!(answers.join(" "), expect);
    };
    check("200 503 503 200");
    bw.ready(true);
    assert!(bw.is_ready());
    check("200 200 200 200");
    bw.ready(false);
    check("200 503 200 200");
    bw.ready(true);
    let shutdown = bw.shutdown(std::time::Duration::from_secs(5));
    check("200 503 200 200");
    bw.ready(true);
    check("200 503 200 200");
    drop(shutdown);
}

#[tokio::test]
async fn mounted_routes_are_served_and_not_observed() {
    let bw = builder().start().unwrap();
    let app = Router::new()
        .route("/hello", route(|| async { "hello" }))
        .layer(bw.layer())
        .merge(bw.router())
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let page = tokio::task::spawn_blocking(move || {
        assert_eq!(status(&get(address, "/hello", "")), 200);
        assert_eq!(status(&get(address, "/livez", "")), 200);
        get(address, "/metrics", "")
    });
    let page = page.await.unwrap();
    assert_eq!(status(&page), StatusCode::OK.as_u16());
    assert!(page.contains("http_route=\"/hello\""));
    assert!(!page.contains("/livez") && !page.contains("http_route=\"/metrics\""), "{page}");
}

#[test]
fn a_port_of_its_own() {
    let bw = builder().start().unwrap();
    let address = bw.serve("127.0.0.1:0").unwrap();
    let page = get(address, "/metrics", "accept: application/openmetrics-text\r\n");
    assert_eq!(status(&page), 200);
    assert!(page.contains("process_start_time_seconds") && page.contains("# EOF"));
    assert_eq!(status(&get(address, "/readyz", "")), 200);
    assert_eq!(status(&get(address, "/", "")), 404);
    assert_eq!(status(&get(address, "/metrics", "x-forwarded-for: 203.0.113.1\r\n")), 403);
}

#[test]
fn connections_are_bounded() {
    use std::io::Read;
    let bw = builder().start().unwrap();
    let address = bw.serve("127.0.0.1:0").unwrap();
    // Idle ones, as many as there are places: each holds its own.
    let idle: Vec<_> = (0..64).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    let mut one_more = std::net::TcpStream::connect(address).unwrap();
    assert_eq!(one_more.read(&mut [0; 1]).unwrap_or(0), 0);
    let refused = bw.registry().metric("bellwether.server.refused").unwrap();
    let bellwether::core::Handle::Counter(refused) = refused.series().next().unwrap().handle().clone() else {
        panic!()
    };
    assert_eq!(refused.value(), 1);
    drop(idle);
}

/// Requests that were seen, by route and status.
fn seen(bw: &Bellwether) -> Vec<(String, String)> {
    let metric = bw.registry().metric("http.server.request.duration").unwrap();
    let label = |series: &bellwether::core::Series, name: &str| series.label(name).unwrap_or_default().to_owned();
    metric.series().map(|series| (label(series, "http.route"), label(series, "http.response.status_code"))).collect()
}

#[test]
fn what_no_route_matches_is_seen_too() {
    let check = |app: fn(&Bellwether) -> Router, path: &str, expect: Option<(&str, &str)>| {
        let bw = builder().start().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = runtime.block_on(app(&bw).oneshot(request)).unwrap();
        // Its end counts, not its beginning.
        runtime.block_on(response.into_body().collect()).unwrap();
        let expect: Vec<_> = expect.into_iter().map(|(route, status)| (route.to_owned(), status.to_owned())).collect();
        assert_eq!(seen(&bw), expect, "{path}");
    };
    fn item() -> Router {
        Router::new().route("/items/{id}", route(async || "an item"))
    }
    let usual: fn(&Bellwether) -> Router = |bw| item().layer(bw.layer()).merge(bw.router());
    check(usual, "/items/1", Some(("/items/{id}", "200")));
    check(usual, "/.env", Some(("", "404")));
    check(usual, "/metrics", None);
    check(usual, "/livez", None);
    let other_way: fn(&Bellwether) -> Router = |bw| bw.router().merge(item().layer(bw.layer()));
    check(other_way, "/.env", Some(("", "404")));
    check(other_way, "/metrics", None);
    let own_fallback: fn(&Bellwether) -> Router =
        |bw| item().fallback(async || StatusCode::IM_A_TEAPOT).layer(bw.layer()).merge(bw.router());
    check(own_fallback, "/.env", Some(("", "418")));
    let all: fn(&Bellwether) -> Router = |bw| item().merge(bw.router()).layer(bw.layer());
    check(all, "/.env", Some(("", "404")));
    // Nobody asked to have requests seen.
    check(|bw| item().merge(bw.router()), "/items/1", None);
}

#[test]
fn its_own_port_is_not_the_service() {
    let bw = builder().start().unwrap();
    let address = bw.serve("127.0.0.1:0").unwrap();
    assert_eq!(status(&get(address, "/.env", "")), 404);
    assert_eq!(seen(&bw), []);
}
