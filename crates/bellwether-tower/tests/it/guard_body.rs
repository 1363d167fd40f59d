//! How a guarded answer over HTTP is judged: at the end of its body, by all that there was.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use bellwether_breaker::{Breaker, Deadline, Deadlines, Elapsed, Outcome};
use bellwether_core::Clock;
use bellwether_tower::{Evidence, FallbackLayer, GuardError, GuardLayer, GuardedBody};
use bytes::{Buf, Bytes};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::guard::{breaker, clock, ledger};

type Pieces = StreamBody<BoxStream<'static, Result<Frame<Bytes>, BoxError>>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What an answer is made of.
#[derive(Clone, Copy)]
enum Piece {
    Data(&'static str),
    Trailer(&'static str, &'static str),
    Break,
    /// So many seconds, by tokio's clock.
    Wait(u64),
    Hang,
}

use Piece::{Break, Data, Hang, Trailer, Wait};

fn answer(status: u16, headers: &[(&'static str, &'static str)], pieces: &'static [Piece]) -> Response<Pieces> {
    let frames = stream::iter(pieces).filter_map(async |piece| match piece {
        Data(text) => Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
        Trailer(name, value) => Some(Ok(Frame::trailers(header_map(&[(name, value)])))),
        Break => Some(Err("it broke".into())),
        Wait(seconds) => {
            tokio::time::sleep(Duration::from_secs(*seconds)).await;
            None
        }
        Hang => std::future::pending().await,
    });
    let mut answer = Response::new(StreamBody::new(frames.boxed()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    *answer.headers_mut() = header_map(headers);
    answer
}

fn header_map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

/// How far an answer is read.
#[derive(Clone, Copy, PartialEq)]
enum Read {
    All,
    Nothing,
    Frames(usize),
}

use Read::{All, Frames, Nothing};

/// The table of most rows: an answer, how far it is read, and what its breaker counted. Before the end, whatever the head was,
/// the call is under way.
fn check(answer: Response<Pieces>, read: Read, expect: &str) {
    check_layer(|layer| layer, answer, read, expect);
}

fn check_layer(told: impl FnOnce(GuardLayer) -> GuardLayer, answer: Response<Pieces>, read: Read, expect: &str) {
    let breaker = breaker(&clock());
    let mut answer = Some(answer);
    let service = service_fn(|()| std::future::ready(Ok::<_, Infallible>(answer.take().unwrap())));
    let guard = told(GuardLayer::new(breaker.clone())).layer(service);
    let mut body = pin!(Some(guard.oneshot(()).now_or_never().unwrap().unwrap().into_body()));
    assert_eq!(ledger(&breaker), "in flight 1", "at the head");
    let mut frames = 0;
    while read == All || read == Frames(frames + 1) || matches!(read, Frames(n) if frames < n) {
        match body.as_mut().as_pin_mut().unwrap().frame().now_or_never() {
            Some(Some(Ok(_))) => frames += 1,
            _ => break,
        }
    }
    body.set(None);
    assert_eq!(ledger(&breaker), expect);
}

const HELLO: &[Piece] = &[Data("he"), Data("llo")];

#[test]
fn p24_by_its_status_at_the_end() {
    for (status, expect) in [
        (200, "success 1"),
        (204, "success 1"),
        (304, "success 1"),
        (400, "alive 1"),
        (401, "alive 1"),
        (404, "alive 1"),
        (408, "alive 1"),
        (429, "throttled 1, paced 10s"),
        (500, "failure 1, open 10s"),
        (503, "failure 1, open 10s"),
        (529, "failure 1, open 10s"),
    ] {
        check(answer(status, &[], HELLO), All, expect);
        // One that says how it went has said it, however much of its text is read; a good one is only good when it is whole.
        let dropped = if expect == "success 1" { "cancelled 1" } else { expect };
        for read in [Nothing, Frames(1)] {
            check(answer(status, &[], HELLO), read, dropped);
        }
        let broken = if expect == "success 1" { "failure 1, open 10s" } else { expect };
        check(answer(status, &[], &[Data("he"), Break]), All, broken);
    }
}

#[test]
fn p24_a_good_answer_is_over_with_its_last_byte() {
    // As many bytes as were declared: nobody asks whether there are more.
    check(answer(200, &[("content-length", "5")], HELLO), Frames(2), "success 1");
    check(answer(200, &[("content-length", "6")], HELLO), Frames(2), "cancelled 1");
    check(answer(200, &[("content-length", "-5")], HELLO), Frames(2), "cancelled 1");
    check(answer(200, &[], &[Data("he"), Trailer("digest", "x"), Hang]), All, "success 1");
}

#[test]
fn p24_when_to_come_back() {
    for (status, headers, expect) in [
        (429, &[("retry-after", "7")][..], "throttled 1, paced 7s"),
        (429, &[("retry-after-ms", "1500")], "throttled 1, paced 1.5s"),
        (429, &[("retry-after", "never")], "throttled 1, paced 10s"),
        (429, &[("retry-after", "-1")], "throttled 1, paced 10s"),
        (
            429,
            &[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "9s")],
            "throttled 1, paced 9s",
        ),
        (503, &[("retry-after", "30")], "failure 1, open 30s"),
        (503, &[("retry-after", "1")], "failure 1, open 10s"),
        (502, &[("retry-after", "20")], "failure 1, open 20s"),
        (404, &[("retry-after", "20")], "alive 1"),
        // In the past, and in ten thousand years: no more than the breaker waits at most.
        (429, &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], "throttled 1"),
        (429, &[("retry-after", "315360000000")], "throttled 1, paced 60s"),
        (503, &[("retry-after", "99999999999999999999999")], "failure 1, open 60s"),
    ] {
        check(answer(status, headers, HELLO), All, expect);
    }
}

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc+proto")];

#[test]
fn p24_by_its_grpc_status() {
    for (pieces, expect) in [
        (&[Data("x"), Trailer("grpc-status", "0")][..], "success 1"),
        (&[Data("x"), Trailer("grpc-status", "1")], "cancelled 1"),
        (&[Data("x"), Trailer("grpc-status", "2")], "failure 1, open 10s"),
        (&[Data("x"), Trailer("grpc-status", "3")], "alive 1"),
        (&[Data("x"), Trailer("grpc-status", "4")], "failure 1, open 10s"),
        (&[Data("x"), Trailer("grpc-status", "5")], "alive 1"),
        (&[Data("x"), Trailer("grpc-status", "8")], "throttled 1, paced 10s"),
        (&[Data("x"), Trailer("grpc-status", "12")], "alive 1"),
        (&[Data("x"), Trailer("grpc-status", "13")], "failure 1, open 10s"),
        (&[Data("x"), Trailer("grpc-status", "14")], "failure 1, open 10s"),
        (&[Data("x"), Trailer("grpc-status", "15")], "failure 1, open 10s"),
        (&[Data("x"), Trailer("grpc-status", "what")], "failure 1, open 10s"),
        (&[Data("x"), Trailer("other", "0")], "failure 1, open 10s"),
        (&[Data("x")], "failure 1, open 10s"),
    ] {
        check(answer(200, GRPC, pieces), All, expect);
    }
    check(answer(200, GRPC, &[Data("x"), Hang]), Frames(1), "cancelled 1");
    check(answer(503, GRPC, &[]), All, "failure 1, open 10s");
    // Not gRPC, so that it means nothing.
    check(answer(200, &[], &[Data("x"), Trailer("grpc-status", "14")]), All, "success 1");
}

#[test]
fn p24_what_grpc_says_of_when_to_come_back() {
    let only = [("content-type", "application/grpc"), ("grpc-status", "8"), ("grpc-retry-pushback-ms", "2500")];
    check(answer(200, &only, &[]), Nothing, "throttled 1, paced 2.5s");
    let down = [("content-type", "application/grpc"), ("grpc-status", "14"), ("grpc-retry-pushback-ms", "60000")];
    check(answer(200, &down, &[]), All, "failure 1, open 1m".replace("1m", "60s").as_str());
}

const SSE: &[(&str, &str)] = &[("content-type", "text/event-stream; charset=utf-8")];
const HI: Piece = Data("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n");
const ROLE: Piece = Data("data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n");
const DONE: Piece = Data("data: [DONE]\n\n");
const OVERLOADED: Piece = Data("data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"later\"}}\n\n");
const LIMITED: Piece = Data("data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n");

#[test]
fn p24_by_what_its_events_say() {
    for (pieces, read, expect) in [
        (&[HI, DONE][..], All, "success 1"),
        // Most clients read no further than this.
        (&[HI, DONE, Hang], Frames(2), "success 1"),
        (&[HI, DONE, Break], All, "success 1"),
        (&[HI], All, "failure 1, open 10s"),
        (&[HI, Break], All, "failure 1, open 10s"),
        (&[HI, Hang], Frames(1), "cancelled 1"),
        (&[HI, OVERLOADED, Hang], Frames(2), "failure 1, open 10s"),
        (&[OVERLOADED, DONE], All, "failure 1, open 10s"),
        (&[HI, LIMITED], All, "throttled 1, paced 10s"),
        (&[Data("data: {\"choices\":[{\"finish_re"), Data("ason\":\"stop\"}]}\n\n"), Hang], Frames(2), "success 1"),
        // In no dialect that is known: its end has to do.
        (&[Data("data: a\n\n")], All, "success 1"),
        (&[Data("data: a\n\n"), Hang], Frames(1), "cancelled 1"),
    ] {
        check(answer(200, SSE, pieces), read, expect);
    }
    check_layer(GuardLayer::ignore_events, answer(200, SSE, &[HI]), All, "success 1");
    check_layer(GuardLayer::ignore_events, answer(200, SSE, &[OVERLOADED]), All, "success 1");
    check(answer(200, &[("content-type", "text/event-streams")], &[HI]), All, "success 1");
    check(answer(500, SSE, &[HI, DONE]), All, "failure 1, open 10s");
}

#[test]
fn p24_a_judge_of_ones_own() {
    let judge = |evidence: Evidence<'_>| match evidence {
        Evidence::Head { status, .. } if status == 404 => Some(Outcome::Failure),
        Evidence::Head { headers, .. } if headers.contains_key("x-degraded") => Some(Outcome::Slow),
        Evidence::Trailers(trailers) => trailers.contains_key("x-incomplete").then_some(Outcome::Failure),
        Evidence::Error(error) => (error.to_string() == "it broke").then_some(Outcome::Neutral),
        _ => None,
    };
    for (answer, expect) in [
        (answer(404, &[], HELLO), "failure 1, open 10s"),
        (answer(200, &[("x-degraded", "1")], HELLO), "slow 1"),
        (answer(200, &[], &[Data("x"), Trailer("x-incomplete", "1")]), "failure 1, open 10s"),
        (answer(200, &[], &[Data("x"), Break]), "neutral 1"),
        (answer(200, &[], HELLO), "success 1"),
        (answer(429, &[("retry-after", "3")], HELLO), "throttled 1, paced 3s"),
    ] {
        check_layer(|layer| layer.judge(judge), answer, All, expect);
    }
}

/// What comes out is what went in, frame for frame, whatever its buffers are made of.
#[test]
fn bodies_are_handed_on_as_they_are() {
    let chained = Bytes::from("data: {\"error\":").chain(Bytes::from("{\"type\":\"server_error\"}}\n\n"));
    let body = StreamBody::new(stream::iter([Ok::<_, Infallible>(Frame::data(chained))]));
    let mut answer = Some(Response::builder().header("content-type", "text/event-stream").body(body).unwrap());
    let breaker = breaker(&clock());
    let service = service_fn(|()| std::future::ready(Ok::<_, Infallible>(answer.take().unwrap())));
    let answer = GuardLayer::new(breaker.clone()).layer(service).oneshot(()).now_or_never().unwrap().unwrap();
    let text = answer.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
    assert_eq!(text, "data: {\"error\":{\"type\":\"server_error\"}}\n\n");
    assert_eq!(ledger(&breaker), "failure 1, open 10s");

    let whole = GuardedBody::from(http_body_util::Full::new(Bytes::from("hello")));
    assert_eq!((whole.size_hint().exact(), whole.is_end_stream()), (Some(5), false));
}

/// A guard whose time is tokio's, paused.
struct Timed {
    clock: Clock,
    breaker: Breaker,
}

impl Timed {
    fn new() -> Self {
        let clock = clock();
        Self { breaker: breaker(&clock), clock }
    }

    /// A timer that takes the breaker's clock along.
    fn layer(&self, deadlines: Deadlines) -> GuardLayer {
        GuardLayer::new(self.breaker.clone()).deadlines_by(deadlines, tokio::time::sleep)
    }

    /// Polls until it is over, a second at a time.
    async fn run<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            if let Some(done) = future.as_mut().now_or_never() {
                return done;
            }
            self.clock.advance(Duration::from_secs(1));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    }
}

async fn check_deadlines(headers_after: u64, pieces: &'static [Piece], expect: Result<&str, (Deadline, &str)>) {
    let deadlines = Deadlines::new()
        .headers(Duration::from_secs(5))
        .first_content(Duration::from_secs(20))
        .idle(Duration::from_secs(10))
        .total(Duration::from_secs(60));
    let timed = Timed::new();
    let service = service_fn(async |()| {
        tokio::time::sleep(Duration::from_secs(headers_after)).await;
        Ok::<_, Infallible>(answer(200, SSE, pieces))
    });
    let guard = timed.layer(deadlines).layer(service);
    let result = timed.run(async { guard.oneshot(()).await?.into_body().collect().await }).await;
    let counted = match (result, expect) {
        (Ok(_), Ok(counted)) => counted,
        (Err(error), Err((deadline, counted))) => {
            let own = error.downcast_ref::<GuardError>().and_then(|error| match error {
                GuardError::Elapsed(elapsed) => Some(elapsed),
                _ => None,
            });
            assert_eq!(own.or(error.downcast_ref::<Elapsed>()).map(|elapsed| elapsed.deadline), Some(deadline));
            counted
        }
        (result, expect) => panic!("{result:?} for {expect:?}"),
    };
    assert_eq!(ledger(&timed.breaker), counted);
}

#[tokio::test(start_paused = true)]
async fn p24_four_deadlines() {
    const OPEN: &str = "failure 1, open 10s";
    check_deadlines(4, &[HI, Wait(9), HI, Wait(9), DONE], Ok("success 1")).await;
    check_deadlines(100, &[HI, DONE], Err((Deadline::Headers, OPEN))).await;
    check_deadlines(4, &[ROLE, Wait(15), HI, DONE], Ok("success 1")).await;
    check_deadlines(4, &[ROLE, Wait(17), HI, DONE], Err((Deadline::FirstContent, OPEN))).await;
    check_deadlines(0, &[HI, Wait(11), DONE], Err((Deadline::Idle, OPEN))).await;
    // That the connection lives does not help an answer that hangs.
    const ALIVE: Piece = Data(": ping\n\n");
    check_deadlines(0, &[HI, Wait(6), ALIVE, Wait(6), DONE], Err((Deadline::Idle, OPEN))).await;
    const NINE: Piece = Wait(9);
    check_deadlines(0, &[HI, NINE, HI, NINE, HI, NINE, HI, NINE, HI, NINE, HI, NINE, HI, NINE, DONE], {
        Err((Deadline::Total, OPEN))
    })
    .await;
    // It was complete before it hung.
    check_deadlines(0, &[HI, DONE, Hang], Err((Deadline::Idle, "success 1"))).await;
}

/// Deadlines that are over at once, and such that never are.
#[tokio::test(start_paused = true)]
async fn p24_deadlines_at_their_limits() {
    let timed = Timed::new();
    let never = service_fn(async |()| std::future::pending::<Result<Response<Pieces>, Infallible>>().await);
    let guard = timed.layer(Deadlines::new().headers(Duration::ZERO)).layer(never);
    let error = timed.run(guard.oneshot(())).await.unwrap_err();
    assert_eq!(error.to_string(), "given up: no headers within 0ns");
    let timed = Timed::new();
    let guard = timed.layer(Deadlines::new().total(Duration::MAX).headers(Duration::MAX)).layer(never);
    let mut call = Box::pin(guard.oneshot(()));
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    assert_eq!(ledger(&timed.breaker), "cancelled 1");
}

/// By a clock that stands still, the timer alone has to do.
#[tokio::test(start_paused = true)]
async fn p24_the_timer_is_believed() {
    let breaker = breaker(&clock());
    let never = service_fn(async |()| std::future::pending::<Result<Response<Pieces>, Infallible>>().await);
    let guard =
        GuardLayer::new(breaker.clone()).deadlines(Deadlines::new().headers(Duration::from_secs(3))).layer(never);
    let error = guard.oneshot(()).await.unwrap_err();
    assert_eq!(error.to_string(), "given up: no headers within 3s");
    assert_eq!(ledger(&breaker), "failure 1, open 10s");
}

/// What somebody gets who asks a guard that holds back, and has something else to ask.
async fn fallback(answer_after: Option<Response<Pieces>>, expect: &str, counted: &str) {
    let breaker = breaker(&clock());
    let mut answer = answer_after;
    let client = ServiceBuilder::new()
        .layer(FallbackLayer::new(|asked: &String| {
            let asked = asked.clone();
            move |why: GuardError| async move {
                let text = format!("{asked}, but {why}");
                let body = StreamBody::new(stream::iter([Ok(Frame::data(Bytes::from(text)))]).boxed());
                Ok::<_, GuardError>(Response::new(GuardedBody::from(body)))
            }
        }))
        .layer(GuardLayer::new(breaker.clone()).hold_back())
        .service(service_fn(|_: String| {
            let answer = answer.take().ok_or("refused");
            std::future::ready(answer)
        }));
    let answer = client.oneshot("hi".to_owned()).now_or_never().unwrap().unwrap();
    let mut body = pin!(answer.into_body());
    let mut text = String::new();
    while let Some(Some(frame)) = body.frame().now_or_never() {
        match frame {
            Ok(frame) => text.extend(frame.into_data().ok().map(|data| String::from_utf8(data.to_vec()).unwrap())),
            Err(error) => text.extend(["!".to_owned(), error.to_string()]),
        }
    }
    assert_eq!(text, expect);
    assert_eq!(ledger(&breaker), counted);
}

#[tokio::test]
async fn fallback_only_before_the_first_content() {
    const OPEN: &str = "failure 1, open 10s";
    fallback(Some(answer(200, &[], HELLO)), "hello", "success 1").await;
    fallback(Some(answer(404, &[], HELLO)), "hello", "alive 1").await;
    fallback(None, "hi, but refused", OPEN).await;
    fallback(
        Some(answer(503, &[], HELLO)),
        "hi, but the answer failed before its first content: 503 Service Unavailable",
        OPEN,
    )
    .await;
    fallback(
        Some(answer(429, &[("retry-after", "3")], HELLO)),
        "hi, but the answer failed before its first content: 429 Too Many Requests",
        "throttled 1, paced 3s",
    )
    .await;
    fallback(
        Some(answer(200, &[], &[Data(""), Break])),
        "hi, but the answer failed before its first content: 200 OK, it broke",
        OPEN,
    )
    .await;
    fallback(Some(answer(200, &[], &[Data("he"), Break])), "he!it broke", OPEN).await;
    // A stream of events that has begun, and said nothing.
    let failed = "hi, but the answer failed before its first content: 200 OK";
    fallback(Some(answer(200, SSE, &[ROLE, OVERLOADED])), failed, OPEN).await;
    fallback(Some(answer(200, SSE, &[ROLE])), failed, OPEN).await;
    fallback(Some(answer(200, SSE, &[ROLE, LIMITED])), failed, "throttled 1, paced 10s").await;
    let (Data(role), Data(hi), Data(done)) = (ROLE, HI, DONE) else { unreachable!() };
    fallback(Some(answer(200, SSE, &[ROLE, HI, DONE])), &[role, hi, done].concat(), "success 1").await;
    let (Data(overloaded), Data(_)) = (OVERLOADED, HI) else { unreachable!() };
    fallback(Some(answer(200, SSE, &[ROLE, HI, OVERLOADED])), &[role, hi, overloaded].concat(), OPEN).await;
    fallback(Some(answer(200, GRPC, &[Trailer("grpc-status", "14")])), failed, OPEN).await;
    fallback(Some(answer(200, &[], &[])), "", "success 1").await;
}

/// One that says nothing but that it lives is let go at last.
#[test]
fn fallback_holds_back_only_so_much() {
    let breaker = breaker(&clock());
    let endless =
        || StreamBody::new(stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from(": ping\n\n")))));
    let service =
        service_fn(async |()| Response::builder().header("content-type", "text/event-stream").body(endless()));
    let guard = GuardLayer::new(breaker.clone()).hold_back().layer(service);
    let answer = guard.oneshot(()).now_or_never().expect("it does not wait for ever").unwrap();
    assert_eq!(ledger(&breaker), "in flight 1");
    assert_eq!(answer.body().size_hint().lower(), 4096 * 8);
    drop(answer);
    assert_eq!(ledger(&breaker), "cancelled 1");
}

/// Dropped while it is held back, it was cancelled.
#[test]
fn fallback_given_up_while_held_back() {
    let breaker = breaker(&clock());
    let service = service_fn(async |()| Ok::<_, Infallible>(answer(200, SSE, &[ROLE, Hang])));
    let mut call = Box::pin(GuardLayer::new(breaker.clone()).hold_back().layer(service).oneshot(()));
    for _ in 0..3 {
        assert!(call.as_mut().now_or_never().is_none());
        assert_eq!(ledger(&breaker), "in flight 1");
    }
    drop(call);
    assert_eq!(ledger(&breaker), "cancelled 1");
}
