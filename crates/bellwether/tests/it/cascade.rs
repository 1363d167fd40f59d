//! The judge of which failure caused which: on unless it is switched off, and then it costs nothing.

use axum::body::Body;
use axum::{Router, routing::get};
use bellwether::core::Work;
use bellwether::{Bellwether, Builder, Config, Dependency};
use http::Request;
use tower::ServiceExt;

use super::routes::builder;

/// Whether a request of this service is followed, and a call that is made for it.
fn is_followed(bw: &Bellwether) -> (bool, bool) {
    let stt = bw.dependency(Dependency::http("stt")).unwrap().operation("transcribe");
    let (tell, told) = std::sync::mpsc::channel();
    let handle = async move || {
        let call = stt.begin().unwrap();
        let of_request = Work::current();
        let of_call = call.run(async { Work::current() }).await;
        call.end(None);
        let own = |work: &Work| *work != Work::UNFOLLOWED.told() && Some(*work) != of_request.map(Work::told);
        tell.send((of_request.is_some(), of_call.is_some_and(|work| own(&work)))).unwrap();
    };
    let app: Router = Router::new().route("/v1/turns", get(handle)).layer(bw.layer());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(app.oneshot(Request::get("/v1/turns").body(Body::empty()).unwrap())).unwrap();
    assert_eq!(answer.status(), 200);
    told.recv().unwrap()
}

#[test]
fn it_can_be_switched_off() {
    let check = |builder: Builder, on: bool| {
        let bw = builder.start().unwrap();
        assert_eq!(is_followed(&bw), (on, on));
        // Judged at the start, before anybody asks.
        assert_eq!(bw.dependencies().verdict().is_some(), on);
        assert_eq!(bw.registry().metric("dependency.incident").is_some(), on);
        assert_eq!(bw.verdict().to_string(), "unknown: no traffic to judge by");
    };
    let file = |text| Config::parse(text, "bellwether.toml").unwrap();
    check(builder(), true);
    check(builder().cascade(false), false);
    check(builder().settings(file("[cascade]\nenabled = false")), false);
    check(builder().cascade(false).settings(file("cascade.enabled = true")), true);
    let var = |name: &str| (name == "BELLWETHER_CASCADE_ENABLED").then(|| "0".to_owned());
    check(builder().settings(file("[cascade]\nenabled = true")).environment(var), false);
}
