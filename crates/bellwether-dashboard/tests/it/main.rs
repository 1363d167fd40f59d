//! The query API as its clients meet it.

mod answers;
mod bounds;
mod encoding;
#[cfg(feature = "history")]
mod history;
mod hostile;
mod requests;

use std::collections::BTreeMap;
use std::sync::Arc;

use bellwether_core::{Clock, Timestamp};
use bellwether_dashboard::{Exemplar, Metadata, QueryApi, SeriesExemplars, Source};
use bellwether_promql::{Error, Histogram, Labels, MemoryStorage, Sample, Selected, Selection, Storage};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

/// What time it is, in seconds.
const NOW: u64 = 1_700_000_600;

/// Series every 15 s for the ten minutes before now, what two metrics mean, and an exemplar.
struct Memory(MemoryStorage);

fn memory() -> Memory {
    let mut storage = MemoryStorage::new();
    for at in 0..=40_i32 {
        let time = (NOW as i64 - 600 + i64::from(at) * 15) * 1000;
        let n = f64::from(at);
        for (path, share) in [("/", 2.0), ("/cart", 1.0)] {
            let labels = Labels::new([("__name__", "requests_total"), ("path", path)]);
            storage.push(&labels, Sample::float(time, n * share));
        }
        storage.push(&Labels::new([("__name__", "odd.name"), ("service.name", "a")]), Sample::float(time, n / 8.0));
        let h =
            Histogram::exponential(0).totals(n * 4.0, n).zero(0.001, n).positive([(0, n), (2, n)]).negative([(1, n)]);
        storage.push(&Labels::new([("__name__", "h")]), Sample::histogram(time, h));
    }
    Memory(storage)
}

impl Storage for Memory {
    fn select<'a>(
        &'a self,
        selection: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Selected<'a>, Error>> + 'a>, Error> {
        self.0.select(selection)
    }
}

impl Source for Memory {
    fn metadata(&self, _: Option<&str>) -> Result<BTreeMap<String, Metadata>, Error> {
        let metadata = |kind: &str, help: &str, unit: &str| {
            let [kind, help, unit] = [kind, help, unit].map(str::to_owned);
            Metadata { kind, help, unit }
        };
        Ok(BTreeMap::from([
            ("h".to_owned(), metadata("histogram", "Sizes.", "bytes")),
            ("requests_total".to_owned(), metadata("counter", "Requests \"in all\".", "")),
        ]))
    }

    fn exemplars(&self, selection: &Selection<'_>) -> Result<Vec<SeriesExemplars>, Error> {
        let labels = Labels::new([("__name__", "requests_total"), ("path", "/")]);
        if !selection.matchers.iter().all(|matcher| matcher.matches_labels(&labels)) {
            return Ok(Vec::new());
        }
        let exemplar =
            |value, timestamp_ms| Exemplar { labels: Labels::new([("trace_id", "abc")]), value, timestamp_ms };
        Ok(vec![SeriesExemplars { labels, exemplars: vec![exemplar(1.5, 1_700_000_000_250)] }])
    }
}

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(NOW))
}

fn api() -> QueryApi {
    over(memory())
}

fn over(source: impl Source + Send + Sync + 'static) -> QueryApi {
    let source = Arc::new(source);
    QueryApi::new(move || source.clone(), clock())
}

/// Status and body of an answer.
async fn ask(api: &QueryApi, request: Request<Full<bytes::Bytes>>) -> (u16, String, Response<()>) {
    let (parts, body) = api.respond(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap(), Response::from_parts(parts, ()))
}

/// A request without a body; what stands in the path is sent as it is.
fn get(path: &str) -> Request<Full<bytes::Bytes>> {
    Request::get(path).body(Full::default()).unwrap()
}

/// A form.
fn post(path: &str, form: &str) -> Request<Full<bytes::Bytes>> {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    request.body(form.to_owned().into()).unwrap()
}
