//! Requests to a stack in process, as hyper makes them: a clone of the service each, its answer read to the end.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use super::{Built, Stack, spans};
use crate::case::Run;

/// What is asked for.
pub const PATH: &str = "/users/42";

/// A stack and the thread that asks it.
#[derive(Debug)]
pub struct Driver {
    built: Built,
    runtime: Runtime,
    asked: u64,
}

impl Driver {
    /// Builds the stack.
    pub fn new(stack: Stack) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut built = runtime.block_on(async { stack.build() });
        // So does a server, once a connection: what is boxed is a service then, not the making of one.
        built.router = built.router.with_state(());
        Self { built, runtime, asked: 0 }
    }

    /// So many requests, one after the other.
    pub fn ask(&mut self, times: u64) {
        self.asked += times;
        ask(&self.runtime, &self.built.router, times);
    }

    /// Lets whoever exports catch up: a queue that is full makes a stack cheaper than it is. Not for long.
    pub fn settle(&self) {
        let Some(exports) = &self.built.exports else { return };
        for _ in 0..200 {
            if exports.caught_up(self.asked) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks until whoever exports has done so once, and all that is made on first use is there.
    pub fn warm_up(&mut self) {
        let once = self.built.exports.as_ref().map_or(1, super::Exports::requests_a_span);
        for _ in 0..2 * once {
            self.ask(Self::CHUNK);
            self.settle();
        }
    }

    /// How many spans were lost so far.
    pub fn lost(&self) -> u64 {
        self.built.exports.as_ref().map_or(0, super::Exports::lost)
    }

    /// How many requests to make between two calls of [`settle`](Self::settle).
    pub const CHUNK: u64 = spans::BATCH;

    /// The requests alone, to be counted.
    pub fn into_run(self) -> Run {
        let Self { built, runtime, .. } = self;
        let router = std::sync::Mutex::new(built.router);
        let exports = built.exports;
        Box::new(move |times| {
            let router = router.lock().expect("one thread");
            ask(&runtime, &router, times);
            let _alive = &exports;
        })
    }
}

fn ask(runtime: &Runtime, router: &Router, times: u64) {
    runtime.block_on(async {
        for _ in 0..times {
            let request = Request::get(PATH).header("host", "localhost").header("user-agent", "bench");
            let request = request.body(Body::empty()).expect("a legal request");
            let answer = router.clone().oneshot(request).await.expect("it never fails");
            black_box(answer.into_body().collect().await.expect("a body in memory").to_bytes());
        }
    });
}
