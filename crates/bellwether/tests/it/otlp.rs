//! OTLP from the front door: who asks for it, and that no collector can keep it from ending.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use bellwether::export::otlp::{Destination, OtlpSettings};
use bellwether::{Bellwether, Config};
use tracing_subscriber::layer::SubscriberExt;

use super::nothing;

#[test]
fn asked_for_by_code_file_or_environment() {
    let check = |code: bool, text: &str, endpoint: Option<&'static str>, expect: bool| {
        let config = Config::parse(text, "bellwether.toml").unwrap();
        let var = move |name: &str| endpoint.filter(|_| name == "OTEL_EXPORTER_OTLP_ENDPOINT").map(str::to_owned);
        let mut builder = Bellwether::builder("test").settings(config).environment(var);
        if code {
            builder = builder.otlp(OtlpSettings::new());
        }
        assert_eq!(builder.start().unwrap().pipeline().is_some(), expect, "{code} {text} {endpoint:?}");
    };
    check(false, "", None, false);
    check(true, "", None, true);
    check(false, "otlp.endpoint = \"http://127.0.0.1:9\"", None, true);
    check(false, "otlp.enabled = true", None, true);
    check(false, "", Some("http://127.0.0.1:9"), true);
    check(true, "otlp.enabled = false", Some("http://127.0.0.1:9"), false);
}

#[test]
fn errors_say_what_is_wrong() {
    let var = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "over there".to_owned());
    let error = Bellwether::builder("test").environment(var).start().unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{error}");
}

#[test]
fn errors_of_the_file_name_its_line() {
    let wrong = |text: &str, own: Option<(&'static str, &'static str)>| {
        let config = Config::parse(text, "bellwether.toml").unwrap();
        let var = move |name: &str| own.filter(|(own, _)| *own == name).map(|(_, value)| value.to_owned());
        let error = Bellwether::builder("test").settings(config).environment(var).start().unwrap_err();
        assert!(error.is_setting());
        error.to_string()
    };
    let all = [
        wrong("tick = \"5s\"\n[otlp]\nendpoint = \"over there?key=sesame\"", None),
        wrong("[otlp]\nendpoint = \"http://c\"\nheaders = { host = \"sesame\" }", None),
        wrong("[otlp]\nendpoint = \"http://c\"", Some(("BELLWETHER_OTLP_ENDPOINT", "over there"))),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    bellwether.toml:3: otlp.endpoint is not legal (its value is not shown): accepted is a URL such as "http://collector:4318"
    bellwether.toml:3: otlp.headers is not legal (its value is not shown): accepted is a table of texts such as { x-tenant = "blue" }, names of letters, digits, - and _
    BELLWETHER_OTLP_ENDPOINT: otlp.endpoint is not legal (its value is not shown): accepted is a URL such as "http://collector:4318"
    "#);
    assert!(!all.concat().contains("sesame"));
}

#[tokio::test]
async fn secrets_by_name_stay_here_wherever_they_are_said() {
    let bodies = Arc::<Mutex<Vec<u8>>>::default();
    let collector = {
        let bodies = Arc::clone(&bodies);
        axum::Router::new().fallback(async move |body: Bytes| bodies.lock().unwrap().extend_from_slice(&body))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, collector).await });
    let config = Config::parse("log.redact = [\"pin_code\"]", "bellwether.toml").unwrap();
    let settings = OtlpSettings::new().all(Destination::new().endpoint(endpoint));
    let bw = Bellwether::builder("test").environment(nothing).settings(config).otlp(settings).start().unwrap();
    let subscriber = tracing_subscriber::registry().with(bw.pipeline().unwrap().layer());
    tracing::subscriber::with_default(subscriber, || tracing::info!(pin_code = "sesame", "said"));
    let shutdown = bw.shutdown(Duration::from_secs(10)).await;
    assert_eq!(shutdown.signal("logs").unwrap().delivered, 1);
    let bodies = String::from_utf8_lossy(&bodies.lock().unwrap()).into_owned();
    assert!(bodies.contains("pin_code") && !bodies.contains("sesame"), "{bodies}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_collector_that_hangs_does_not_hang_the_end() {
    // Accepts, and never answers.
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let settings = OtlpSettings::new().all(Destination::new().endpoint(endpoint));
    let bw = Bellwether::builder("test").environment(nothing).otlp(settings).start().unwrap();
    let shutdown = bw.shutdown(Duration::from_secs(1)).await;
    let metrics = shutdown.signal("metrics").unwrap();
    assert_eq!(metrics.delivered, 0);
    assert!(metrics.lost() > 0, "{shutdown}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_collector_that_is_gone_does_not_hang_the_end() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = OtlpSettings::new().all(Destination::new().endpoint(format!("http://{gone}")));
    let bw = Bellwether::builder("test").environment(nothing).otlp(settings).start().unwrap();
    let shutdown = bw.shutdown(Duration::from_secs(1)).await;
    assert_eq!(shutdown.signal("metrics").unwrap().delivered, 0);
}
