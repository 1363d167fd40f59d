//! JSON logs from the front door: a line for each request, with the same ids as everything said in it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Router, body::Body, routing::get};
use bellwether::{Bellwether, Config, Scope, export::log::Layout};
use http::Request;
use serde_json::Value;
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

use super::nothing;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn a_request_and_what_is_said_in_it_have_the_same_ids() {
    let page = Page::default();
    let builder = Bellwether::builder("test").environment(nothing).log(Layout::Plain).log_to(page.clone());
    let bw = builder.start().unwrap();
    let subscriber = tracing_subscriber::registry().with(bw.json_log().unwrap());
    let _said = tracing::subscriber::set_default(subscriber);
    let handler = || async {
        Scope::current().customer("c-17");
        tracing::info!(items = 3, "packed");
        "done"
    };
    let app: Router = Router::new().route("/orders/{id}", get(handler)).layer(bw.layer());
    let request = Request::get("/orders/7").header("x-request-id", "order-7").body(Body::empty()).unwrap();
    let answer = app.oneshot(request).await.unwrap();
    drop(http_body_util::BodyExt::collect(answer.into_body()).await.unwrap());

    let shutdown = bw.shutdown(Duration::from_secs(60)).await;
    insta::assert_snapshot!(shutdown, @r#"log lines: 2 delivered, 0 lost"#);
    let lines = page.lines();
    let [said, ended] = &*lines else { panic!("{lines:?}") };
    assert_eq!(
        (&said["message"], &said["items"], &said["request_id"]),
        (&"packed".into(), &3.into(), &"order-7".into())
    );
    assert_eq!((&ended["http.route"], &ended["customer"]), (&"/orders/{id}".into(), &"c-17".into()));
    assert_eq!((&ended["request_id"], &ended["trace_id"]), (&said["request_id"], &said["trace_id"]));
    assert_eq!(ended["http.response.status_code"], 200);
}

#[test]
fn settings_choose_the_layout() {
    let check = |text: &str, layout: Option<Layout>, expect: Option<&str>| {
        let config = Config::parse(text, "bellwether.toml").unwrap();
        let mut builder = Bellwether::builder("test").environment(nothing).settings(config).log_to(io::sink());
        if let Some(layout) = layout {
            builder = builder.log(layout);
        }
        let log = builder.start().unwrap().json_log().map(|log| format!("{log:?}"));
        assert_eq!(log.is_some(), expect.is_some());
        assert!(log.zip(expect).is_none_or(|(log, expect)| log.contains(&format!("layout: {expect},"))), "{text}");
    };
    check("", None, None);
    check("", Some(Layout::Ecs), Some("Ecs"));
    check("[log]\nlayout = \"pino\"", None, Some("Pino"));
    check("[log]\nlayout = \"pino\"", Some(Layout::Ecs), Some("Pino"));
    check("[log]\nenabled = true", None, Some("Plain"));
    check("[log]\nenabled = false", Some(Layout::Ecs), None);
}

#[test]
fn the_subscriber_is_installed_once() {
    let start = || {
        let builder = Bellwether::builder("test").environment(nothing).log(Layout::Plain).log_to(io::sink());
        builder.install_tracing().start().unwrap()
    };
    let (first, second) = (start(), start());
    assert!(first.notices().is_empty(), "{:?}", first.notices());
    insta::assert_snapshot!(second.notices().join("\n"), @r#"a subscriber for tracing is already installed; this one is not"#);
}

#[test]
fn a_reader_that_hangs_does_not_hang_the_end() {
    struct Hang(std::sync::mpsc::Receiver<()>);
    impl Write for Hang {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (hung, hang) = std::sync::mpsc::channel();
    let builder = Bellwether::builder("test").environment(nothing).log(Layout::Plain).log_to(Hang(hang));
    let bw = builder.start().unwrap();
    let subscriber = tracing_subscriber::registry().with(bw.json_log().unwrap());
    tracing::subscriber::with_default(subscriber, || tracing::info!("never read"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let shutdown = runtime.block_on(bw.shutdown(Duration::from_secs(1)));
    assert!(!shutdown.in_time);
    insta::assert_snapshot!(shutdown, @r#"
    log lines: 0 delivered, 0 lost, 1 still waiting
    time was up before everything was delivered
    "#);
    drop(hung);
}
