//! Bodies that are packed: answers for whom wants it, requests never.

use std::io::Read;

use bellwether_dashboard::QueryApi;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Request;
use http_body_util::{BodyExt, Full};

use super::{api, ask, get};

const LARGE: &str = "/api/v1/query_range?query=requests_total&start=1700000000&end=1700000600&step=";

/// How an answer is encoded, what it says, and how many bytes that took.
async fn answer(api: &QueryApi, path: &str, accept: &[&str]) -> (Option<String>, String, usize) {
    let request = accept.iter().fold(Request::get(path), |request, line| request.header("accept-encoding", *line));
    let response = api.respond(request.body(Full::<Bytes>::default()).unwrap()).await;
    assert_eq!(response.status(), 200);
    // Whoever keeps it all the same knows that others may want it otherwise.
    assert_eq!(response.headers()["vary"], "accept-encoding");
    let encoding = response.headers().get("content-encoding").map(|name| name.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let mut text = String::new();
    match encoding {
        Some(_) => GzDecoder::new(&*body).read_to_string(&mut text).unwrap(),
        None => (&*body).read_to_string(&mut text).unwrap(),
    };
    (encoding, text, body.len())
}

#[tokio::test]
async fn large_answers_are_gzipped_for_whom_wants_it() {
    // One chunk, and many.
    for step in ["5", "0.1"] {
        let path = format!("{LARGE}{step}");
        let (_, plain, size) = answer(&api(), &path, &[]).await;
        let check = async |accept: &[&str], gzip: bool| {
            let (encoding, text, bytes) = answer(&api(), &path, accept).await;
            assert_eq!(encoding.as_deref(), gzip.then_some("gzip"), "{accept:?}");
            assert!(text == plain && (bytes < size / 3) == gzip, "{accept:?}: {bytes} of {size}");
        };
        check(&["gzip"], true).await;
        check(&["deflate, GZIP;q=0.5, br"], true).await;
        check(&["deflate", "x-gzip"], true).await;
        check(&["*"], true).await;
        check(&["identity;q=0.5, *;q=0.6"], true).await;
        check(&[""], false).await;
        check(&["br, deflate"], false).await;
        check(&["gzip;q=0"], false).await;
        check(&["gzip;q=0, *"], false).await;
        check(&["gzip;q=0.2, identity"], false).await;
        check(&["gzip;q=nan"], false).await;
        check(&["gzip;q=2"], false).await;
        check(&["gzipped"], false).await;
    }
}

#[tokio::test]
async fn short_answers_are_as_they_are_and_so_are_all_if_told_to() {
    assert_eq!(answer(&api(), "/api/v1/query?query=requests_total", &["gzip"]).await.0, None);
    assert_eq!(answer(&api().gzip(false), &format!("{LARGE}5"), &["gzip"]).await.0, None);
    // How large an answer may get is said of what is unpacked.
    let (status, body, _) = {
        let request = Request::get(format!("{LARGE}0.1")).header("accept-encoding", "gzip");
        ask(&api().max_answer_bytes(100_000), request.body(Full::default()).unwrap()).await
    };
    assert_eq!((status, body.contains("more than 100000 bytes")), (422, true), "{body}");
}

#[tokio::test]
async fn packed_requests_are_refused() {
    let check = async |encoding: &str, expect: u16| {
        let request = Request::post("/api/v1/query").header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("content-encoding", encoding).body(Full::from("query=1")).unwrap();
        let (status, body, _) = ask(&api(), request).await;
        assert_eq!(status, expect, "{body}");
        if expect == 415 {
            let text = "is not read; send the form as it is";
            assert!(body.contains(text) && body.contains("\"bad_data\""), "{body}");
        }
    };
    for encoding in ["gzip", "deflate", "identity, gzip", "br", "GZIP"] {
        check(encoding, 415).await;
    }
    check("identity", 200).await;
    check("", 200).await;
    // Where there is no body, nothing is packed.
    let request = Request::get("/api/v1/query?query=1").header("content-encoding", "gzip");
    assert_eq!(ask(&api(), request.body(Full::default()).unwrap()).await.0, 200);
}

#[tokio::test]
async fn pages_of_other_sites_learn_nothing() {
    for path in ["/api/v1/query", "/api/v1/nope"] {
        let request = Request::options(path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST");
        let (status, body, head) = ask(&api(), request.body(Full::default()).unwrap()).await;
        assert_eq!((status, body.as_str()), (204, ""));
        assert!(head.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    }
    assert_eq!(ask(&api(), get("/api/v1/query?query=1")).await.0, 200);
}
