//! The service: methods, headers, gzip, and its own metrics.

use std::io::Read;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bellwether_core::{Clock, Handle, Registry, Timestamp};
use bellwether_export::PrometheusEndpoint;
use bellwether_export::prometheus::{Names, ScrapeBody};
use flate2::read::GzDecoder;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::{registry, resource, text};

fn endpoint(registry: &Registry) -> PrometheusEndpoint {
    PrometheusEndpoint::new(registry, resource())
}

fn get(endpoint: &PrometheusEndpoint, headers: &[(&str, &str)]) -> Response<ScrapeBody> {
    let mut request = Request::get("/metrics");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    endpoint.respond(&request.body(()).unwrap())
}

/// The body's frames, polled as a server would; how often it made the task yield.
fn read(response: Response<ScrapeBody>) -> (Vec<Vec<u8>>, usize) {
    let mut body = pin!(response.into_body());
    let mut cx = Context::from_waker(Waker::noop());
    let (mut frames, mut pending) = (Vec::new(), 0);
    loop {
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => frames.push(frame.into_data().unwrap().to_vec()),
            Poll::Ready(None) => return (frames, pending),
            Poll::Pending => pending += 1,
        }
    }
}

fn header<'a>(response: &'a Response<ScrapeBody>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn get_answers_in_the_format_asked_for() {
    let registry = registry();
    registry.counter("jobs").build().unwrap().inc();
    let endpoint = endpoint(&registry);
    let response = get(&endpoint, &[("accept", "application/openmetrics-text;q=0.9"), ("accept", "text/plain;q=0.1")]);
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert_eq!(header(&response, "vary"), Some("accept, accept-encoding"));
    assert_eq!(header(&response, "content-encoding"), None);
    let body = String::from_utf8(read(response).0.concat()).unwrap();
    assert!(body.contains("jobs_total 1\n") && body.ends_with("# EOF\n"));
}

#[test]
fn gzip_is_the_same_text() {
    let registry = registry();
    let jobs = registry.counter("jobs").labels(["queue"]).max_series(20_000).family().unwrap();
    (0..20_000).for_each(|number| jobs.get([&format!("queue-{number}")]).inc());
    let endpoint = endpoint(&registry);
    let (plain, _) = read(get(&endpoint, &[]));
    let response = get(&endpoint, &[("accept-encoding", "br, gzip")]);
    assert_eq!(header(&response, "content-encoding"), Some("gzip"));
    let (frames, pending) = read(response);
    let mut text = Vec::new();
    GzDecoder::new(&frames.concat()[..]).read_to_end(&mut text).unwrap();
    let jobs = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap().matches("\njobs_total{").count();
    assert_eq!((jobs(&text), jobs(&plain.concat())), (20_000, 20_000));
    assert!(frames.concat().len() * 5 < text.len(), "much smaller");
    assert!(frames.len() > 1 && pending >= frames.len() - 1, "streamed, and the task yields between frames");
    assert_eq!(header(&get(&endpoint, &[("accept-encoding", "gzip;q=0")]), "content-encoding"), None);
    let unwilling = endpoint.gzip(false);
    assert_eq!(header(&get(&unwilling, &[("accept-encoding", "gzip")]), "content-encoding"), None);
}

#[test]
fn too_many_at_a_time_are_turned_away() {
    let registry = Registry::on(Clock::manual(Timestamp::from_unix_nanos(0)));
    let rejected = || match registry.metric("bellwether.scrape.rejected").unwrap().series().next().unwrap().handle() {
        Handle::Counter(counter) => counter.value(),
        other => panic!("{other:?}"),
    };
    let endpoint = endpoint(&registry).max_concurrent(2);
    let [one, _two] = [(); 2].map(|()| get(&endpoint, &[]));
    let third = get(&endpoint.clone(), &[]);
    assert_eq!((third.status().as_u16(), header(&third, "retry-after"), rejected()), (503, Some("1"), 1));
    assert!(read(third).0.is_empty());
    assert_eq!(endpoint.respond(&Request::head("/").body(()).unwrap()).status(), 200, "it costs nothing");
    read(one);
    let (again, full) = (get(&endpoint, &[]), get(&endpoint, &[]));
    assert_eq!((again.status().as_u16(), full.status().as_u16(), rejected()), (200, 503, 2));
    // Those that are read for a minute keep nobody out any more, nor do they give back what is another's.
    registry.clock().advance(Duration::from_secs(60));
    let [late, later] = [(); 2].map(|()| get(&endpoint, &[]));
    drop(again);
    assert_eq!([late, get(&endpoint, &[]), later].map(|answer| answer.status().as_u16()), [200, 503, 200]);
}

#[test]
fn head_has_headers_only() {
    let endpoint = endpoint(&registry());
    let response = endpoint.respond(&Request::head("/metrics").header("accept-encoding", "gzip").body(()).unwrap());
    assert_eq!(header(&response, "content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(header(&response, "content-encoding"), Some("gzip"));
    assert!(response.body().is_end_stream() && read(response).0.is_empty());
}

#[test]
fn other_methods_are_refused() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let request = Request::builder().method(method).uri("/metrics").body("body").unwrap();
        let response = endpoint(&registry()).respond(&request);
        assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, Some("GET, HEAD")));
        assert!(read(response).0.is_empty());
    }
}

#[test]
fn it_is_a_tower_service() {
    let mut service = endpoint(&registry());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Service::<Request<()>>::poll_ready(&mut service, &mut cx).is_ready());
    let response = service.call(Request::get("/").body(()).unwrap()).into_inner().unwrap();
    assert_eq!(response.status(), 200);
    // What axum asks of a service and hyper of a body.
    fn is_portable<T: Send + Sync + 'static>(_: &T) {}
    is_portable(&service);
    is_portable(response.body());
}

#[test]
fn settings_reach_the_text() {
    let registry = registry();
    registry.counter("a.b").build().unwrap().inc();
    let endpoint = endpoint(&registry).names(Names::Dotted).created(false);
    let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8";
    let body = String::from_utf8(read(get(&endpoint, &[("accept", accept)])).0.concat()).unwrap();
    assert!(body.contains("{\"a.b_total\"} 1\n") && !body.contains("_created"), "{body}");
}

#[test]
fn it_counts_its_own_scrapes() {
    let registry = registry();
    registry.gauge("a.b").build().unwrap().set(1.0);
    registry.counter("a.b.total").build().unwrap().inc();
    registry.histogram("a_b").build().unwrap().record(1.0);
    let endpoint = endpoint(&registry);
    let size = read(get(&endpoint, &[])).0.concat().len();
    drop(get(&endpoint, &[])); // never read to its end
    drop(get(&endpoint, &[]));
    read(get(&endpoint, &[("accept", "application/openmetrics-text")]));
    drop(endpoint.respond(&Request::head("/").body(()).unwrap()));

    let text = text(&registry, bellwether_export::prometheus::Format::TEXT);
    let samples = super::parse::samples(&text);
    let value = |name: &str, format: Option<&str>| {
        samples.iter().find(|one| one.name == name && one.label("format") == format).map(|one| one.value)
    };
    assert_eq!(value("bellwether_scrape_size_bytes_sum", Some("text")), Some(size as f64));
    assert_eq!(value("bellwether_scrape_duration_seconds_count", Some("text")), Some(1.0));
    assert_eq!(value("bellwether_scrape_duration_seconds_count", Some("openmetrics")), Some(1.0));
    assert_eq!(value("bellwether_scrape_aborted_total", Some("text")), Some(2.0));
    assert_eq!(value("bellwether_scrape_refused", None), Some(2.0), "both would be a_b, as a.b is");
}
