//! What a request may take: size, samples, time, places; and what becomes of one that nobody waits for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use bellwether_core::Clock;
use bellwether_dashboard::{QueryApi, Source};
use bellwether_promql::{Error, Labels, MemoryStorage, Options, Sample, Selected, Selection, Storage};
use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;

use super::{api, ask, clock, get, over, post};

async fn check(api: &QueryApi, request: Request<Full<Bytes>>, status: u16, kind: &str, message: &str) {
    let (is, body, _) = ask(api, request).await;
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((is, json["errorType"].as_str(), json["error"].as_str()), (status, Some(kind), Some(message)));
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let form = |size: usize| format!("query=1{}", "+".repeat(size - 7));
    assert_eq!(ask(&api(), post("/api/v1/query", &form(1 << 20))).await.0, 200);
    let message = "the body is larger than 1048576 bytes";
    check(&api(), post("/api/v1/query", &form((1 << 20) + 1)), 413, "bad_data", message).await;
    // Nor does it matter to one that reads no form.
    assert_eq!(ask(&api(), post("/api/v1/status/flags", &form(2 << 20))).await.0, 405);
}

#[tokio::test]
async fn many_samples_are_refused() {
    let mut options = Options::default();
    options.limits.samples = 100;
    options.limits.series = 3;
    let api = api().options(options);
    let message = "query processing would load too many samples into memory in query execution: more than 100";
    check(
        &api,
        get("/api/v1/query?query=sum_over_time(h[20m])%2Bsum_over_time(requests_total[20m])"),
        422,
        "execution",
        message,
    )
    .await;
    let all = get("/api/v1/query?query={__name__!=%22%22}");
    check(&api, all, 422, "execution", "query would read more than 3 series").await;
    let deep = format!("/api/v1/query?query={}1{}", "(".repeat(200), ")".repeat(200));
    check(&api, get(&deep), 422, "execution", "expression nests deeper than 100 levels").await;
}

#[tokio::test]
async fn large_answers_are_refused() {
    let api = api().max_answer_bytes(100_000);
    let path = "/api/v1/query_range?query=requests_total&start=1700000000&end=1700000600&step=";
    assert_eq!(ask(&api, get(&format!("{path}1"))).await.0, 200);
    let message = "the answer would take more than 100000 bytes; ask for less time, fewer series or a greater step";
    check(&api, get(&format!("{path}0.1")), 422, "execution", message).await;
}

/// A source that holds whoever asks until it is let go on, and counts them.
pub(super) struct Slow {
    inner: MemoryStorage,
    clock: Clock,
    pub(super) go: Semaphore,
    pub(super) inside: AtomicUsize,
}

impl Storage for Slow {
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error> {
        let found = self.inner.select(selection)?;
        Ok(Box::new(found.inspect(|_| {
            self.inside.fetch_add(1, SeqCst);
            while self.go.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_err() {
                std::thread::yield_now();
            }
            self.clock.advance(Duration::from_secs(1));
        })))
    }
}

impl Source for Slow {}

pub(super) fn slow(series: usize) -> (Arc<Slow>, QueryApi) {
    let mut inner = MemoryStorage::new();
    for n in 0..series {
        inner.push(
            &Labels::new([("__name__", "x".to_owned()), ("n", n.to_string())]),
            Sample::float(1_700_000_600_000, 1.0),
        );
    }
    let clock = clock();
    let slow = Slow { inner, clock: clock.clone(), go: Semaphore::new(0), inside: AtomicUsize::new(0) };
    let slow = Arc::new(slow);
    let source = Arc::clone(&slow);
    (slow, QueryApi::new(move || source.clone(), clock))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_ends_when_its_time_is_over() {
    let (slow, api) = slow(1000);
    slow.go.add_permits(1000);
    // Series are looked at every now and then.
    check(&api, get("/api/v1/series?match[]=x"), 503, "timeout", "query timed out").await;
    assert!(slow.inside.load(SeqCst) <= 512);
    let message = "query timed out in expression evaluation";
    check(&api, get("/api/v1/query?query=x&timeout=0"), 503, "timeout", message).await;
    check(&api, get("/api/v1/query?query=x&timeout=-5"), 503, "timeout", message).await;
    let api = api.timeout(Duration::ZERO);
    check(&api, get("/api/v1/query?query=1&timeout=5m"), 503, "timeout", message).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_run_and_so_many_wait() {
    let (slow, api) = slow(1);
    let api = api.max_concurrent(2).timeout(Duration::from_secs(3600));
    let ask_one = |query: &'static str| {
        let api = api.clone();
        tokio::spawn(async move {
            // The one that looks below may have had the last place for a moment.
            loop {
                let answer = ask(&api, get(query)).await;
                if answer.0 != 503 {
                    return answer;
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let tasks: Vec<_> = (0..34).map(|_| ask_one("/api/v1/query?query=x")).collect();
    while slow.inside.load(SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    // Those that wait are there, too, and one more is refused at once; what needs no place is answered.
    loop {
        let (status, body, head) = ask(&api, get("/api/v1/query?query=x&timeout=0")).await;
        match status {
            503 if body.contains("unavailable") => {
                assert!(body.contains("too many queries wait already"), "{body}");
                assert_eq!(head.headers()["retry-after"], "1");
                break;
            }
            503 => assert!(body.contains("query timed out in query queue"), "{body}"),
            other => panic!("{other}: {body}"),
        }
    }
    assert_eq!(ask(&api, get("/api/v1/status/buildinfo")).await.0, 200);
    assert_eq!(slow.inside.load(SeqCst), 2);
    slow.go.add_permits(34);
    for task in tasks {
        assert_eq!(task.await.unwrap().0, 200);
    }
    assert_eq!(slow.inside.load(SeqCst), 34);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_ends() {
    let (slow, api) = slow(1000);
    let api = api.max_concurrent(1).timeout(Duration::from_secs(1 << 30));
    let task = tokio::spawn({
        let api = api.clone();
        async move { ask(&api, get("/api/v1/series?match[]=x")).await }
    });
    while slow.inside.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    slow.go.add_permits(999);
    // Its place is free again long before it has seen all series.
    assert_eq!(ask(&api, get("/api/v1/query?query=1")).await.0, 200);
    assert!(slow.inside.load(SeqCst) <= 512);
}

#[tokio::test]
async fn an_answer_keeps_its_place_until_it_is_read() {
    let api = api().max_concurrent(1);
    let path = "/api/v1/query_range?query=requests_total&start=1700000000&end=1700000600&step=0.1";
    let large = api.respond(get(path)).await;
    assert_eq!(large.status(), 200);
    let message = "query timed out in query queue";
    check(&api, get("/api/v1/query?query=1&timeout=0"), 503, "timeout", message).await;
    let mut body = large.into_body();
    let whole = body.size_hint().exact().unwrap();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        read += frame.unwrap().into_data().unwrap().len() as u64;
        assert_eq!(body.size_hint().exact(), Some(whole - read));
    }
    assert_eq!(read, whole);
    assert_eq!(ask(&api, get("/api/v1/query?query=1")).await.0, 200);
    // Small ones are handed over at once.
    let small = api.respond(get("/api/v1/query?query=1")).await;
    assert_eq!(ask(&api, get("/api/v1/query?query=1")).await.0, 200);
    drop(small);
}

/// A source with a bug, and one that cannot answer.
struct Broken(bool);

impl Storage for Broken {
    fn select<'a>(
        &'a self,
        _: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error> {
        assert!(!self.0, "a bug");
        Err(Error::storage("the disk is gone"))
    }
}

impl Source for Broken {}

#[tokio::test]
async fn a_source_that_fails_is_told() {
    let panics = over(Broken(true)).max_concurrent(1);
    for _ in 0..3 {
        check(&panics, get("/api/v1/query?query=x"), 500, "internal", "the query ended in a panic").await;
    }
    let fails = over(Broken(false));
    for path in ["query?query=x", "series?match[]=x", "labels", "label/a/values"] {
        check(&fails, get(&format!("/api/v1/{path}")), 500, "internal", "the disk is gone").await;
    }
}

/// A body that never comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_not_waited_for() {
    let request = Request::post("/api/v1/query").header("content-type", "application/x-www-form-urlencoded");
    let response = api().respond(request.body(Never).unwrap()).await;
    assert_eq!(response.status(), 400);
}
