//! OTLP from the front door: who asks for it, and that no collector can keep it from ending.

use std::net::TcpListener;
use std::time::Duration;

use bellwether::export::otlp::{Destination, OtlpSettings};
use bellwether::{Bellwether, Config};

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
