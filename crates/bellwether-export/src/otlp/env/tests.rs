//! Every variable, every refusal, and that no text whatever makes it panic or tell a secret.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::destination::Resolved;
use super::super::settings::Push;
use super::*;

fn read_all(vars: &[(&str, &str)]) -> Result<OtlpSettings, Error> {
    let vars: HashMap<&str, &str> = vars.iter().copied().collect();
    OtlpSettings::new().from_env(|name| vars.get(name).map(|value| (*value).to_owned()))
}

/// What a signal resolves to, `off` or an error.
fn resolve(vars: &[(&str, &str)], signal: Signal) -> String {
    let settings = match read_all(vars) {
        Ok(settings) => settings,
        Err(error) => return error.to_string(),
    };
    match settings.destination(signal).resolve(&settings.all, signal) {
        Ok(Some(resolved)) => show(&resolved),
        Ok(None) => "off".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn show(resolved: &Resolved) -> String {
    let Resolved { uri, protocol, headers, timeout, compression, certificates } = resolved;
    let mut text = format!("{protocol:?} {uri} {timeout:?} {compression:?}");
    for (name, value) in headers {
        text.push_str(&format!(" {name}={}", value.to_str().unwrap()));
    }
    for file in [&certificates.authorities, &certificates.client, &certificates.client_key].into_iter().flatten() {
        text.push_str(&format!(" {}", file.display()));
    }
    text
}

#[test]
fn destinations() {
    use Signal::{Logs, Metrics, Traces};
    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
    fn check(vars: &[(&str, &str)], signal: Signal, expected: &str) {
        assert_eq!(resolve(vars, signal), expected, "{vars:?} for {signal}");
    }
    check(&[], Traces, "Http http://localhost:4318/v1/traces 10s None");
    check(&[], Metrics, "Http http://localhost:4318/v1/metrics 10s None");
    let grpc = (PROTOCOL, "grpc");
    let call = "opentelemetry.proto.collector.logs.v1.LogsService/Export";
    check(&[grpc], Logs, &format!("Grpc http://localhost:4317/{call} 10s None"));
    check(&[grpc, (ENDPOINT, "c:1")], Logs, &format!("Grpc https://c:1/{call} 10s None"));
    let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "true");
    check(&[grpc, (ENDPOINT, "c:1"), insecure], Logs, &format!("Grpc http://c:1/{call} 10s None"));
    check(&[grpc, (ENDPOINT, "https://c:1/ignored")], Logs, &format!("Grpc https://c:1/{call} 10s None"));
    // A base gets a path, with or without a slash at its end; an endpoint of one signal is taken as it is.
    check(&[(ENDPOINT, "http://c:1")], Logs, "Http http://c:1/v1/logs 10s None");
    check(&[(ENDPOINT, "http://c:1/")], Logs, "Http http://c:1/v1/logs 10s None");
    check(&[(ENDPOINT, "http://c:1/otlp/")], Logs, "Http http://c:1/otlp/v1/logs 10s None");
    check(&[(ENDPOINT, " http://[::1]:1 ")], Logs, "Http http://[::1]:1/v1/logs 10s None");
    let own = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l:2/here?key=1");
    check(&[(ENDPOINT, "http://c:1"), own], Logs, "Http http://l:2/here?key=1 10s None");
    check(&[(ENDPOINT, "http://c:1"), own], Traces, "Http http://c:1/v1/traces 10s None");
    // An empty variable counts as none.
    check(&[(ENDPOINT, "")], Traces, "Http http://localhost:4318/v1/traces 10s None");
    // The more specific wins.
    check(
        &[
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "50"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=x%2Cy%20z, C = d=e "),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=2"),
        ],
        Traces,
        "Http http://localhost:4318/v1/traces 50ms None a=2 b=x,y z c=d=e",
    );
    check(
        &[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")],
        Metrics,
        "Http http://localhost:4318/v1/metrics 10s Gzip",
    );
    check(
        &[
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem"),
            ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "logs.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "me.pem"),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "me.key"),
        ],
        Logs,
        "Http http://localhost:4318/v1/logs 10s None logs.pem me.pem me.key",
    );
    check(&[("OTEL_LOGS_EXPORTER", "none")], Logs, "off");
    check(&[("OTEL_LOGS_EXPORTER", "otlp")], Logs, "Http http://localhost:4318/v1/logs 10s None");
    check(&[("OTEL_LOGS_EXPORTER", "none")], Traces, "Http http://localhost:4318/v1/traces 10s None");
}

#[test]
fn refusals_name_the_variable_the_value_and_what_is_accepted() {
    fn check(name: &str, value: &str, expected: &str) {
        assert_eq!(read_all(&[(name, value)]).unwrap_err().to_string(), format!("{name}{expected}"));
    }
    let url = "accepted is a URL such as \"http://localhost:4318\" or \"https://collector.example:4317\"";
    for bad in ["localhost", "ftp://c", "http://", "http:// c", "unix:///run/otel.sock"] {
        check("OTEL_EXPORTER_OTLP_ENDPOINT", bad, &format!(" is {bad:?}: {url}"));
    }
    // Of an endpoint, credentials and query are not shown.
    check("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:p@ss@c:1/d", &format!(" is \"http://…@c:1/d\": {url}"));
    check("OTEL_EXPORTER_OTLP_ENDPOINT", "user:secret@c", &format!(" is \"…@c\": {url}"));
    check(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://c?a=b",
        " is \"http://c?…\": accepted for all signals is a URL without a query, since a path is appended to it",
    );
    check(
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
        "http/json",
        " is \"http/json\": accepted is \"grpc\" or \"http/protobuf\"",
    );
    check("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", " is \"zstd\": accepted is \"gzip\" or \"none\"");
    let millis = "accepted is a whole number of milliseconds such as 10000";
    for bad in ["10s", "-1", "0", "1.5", "99999999999999999999"] {
        check("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", bad, &format!(" is {bad:?}: {millis}"));
        check("OTEL_METRIC_EXPORT_INTERVAL", bad, &format!(" is {bad:?}: {millis}"));
        check("OTEL_BSP_SCHEDULE_DELAY", bad, &format!(" is {bad:?}: {millis}"));
    }
    check("OTEL_BLRP_MAX_QUEUE_SIZE", "0", " is \"0\": accepted is a whole number from 1 to 1000000");
    check("OTEL_SDK_DISABLED", "yes", " is \"yes\": accepted is \"true\" or \"false\"");
    check("OTEL_TRACES_EXPORTER", "jaeger", " is \"jaeger\": accepted is \"otlp\" or \"none\"");
    check(
        "OTEL_TRACES_SAMPLER",
        "jaeger_remote",
        " is \"jaeger_remote\": accepted is always_on, always_off, traceidratio, or one of them after \"parentbased_\"",
    );
    check(
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
        "both",
        " is \"both\": accepted is \"cumulative\" or \"delta\" or \"lowmemory\"",
    );
    check(
        "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
        "summary",
        " is \"summary\": accepted is \"base2_exponential_bucket_histogram\" or \"explicit_bucket_histogram\"",
    );
    // Of headers names are shown, values never.
    let pairs = "accepted are pairs such as \"x-api-key=7f3a,x-tenant=blue\", values percent-encoded";
    check("OTEL_EXPORTER_OTLP_HEADERS", "a=1,secret", &format!(", pair 2, is \"… without \\\"=\\\"\": {pairs}"));
    check("OTEL_EXPORTER_OTLP_HEADERS", "a=%FFsecret", &format!(", pair 1, is \"a=…\": {pairs}"));
    let error = read_all(&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "1%")]).unwrap_err();
    let expected = "OTEL_TRACES_SAMPLER_ARG is \"1%\": accepted is a share from 0 to 1 such as 0.01";
    assert_eq!(error.to_string(), expected);
    assert!(error.is_illegal());
}

#[test]
fn an_endpoint_is_shown_without_its_secrets() {
    let settings = read_all(&[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "https://c/in?api-key=SECRET")]).unwrap();
    let shown = format!("{settings:?}");
    assert!(shown.contains("https://c/in?…") && !shown.contains("SECRET"), "{shown}");
    for secret in [
        "https://a:SECRET@c",
        "https://c?SECRET",
        "a:SECRET@c/d?SECRET",
        "SECRET@",
        "?SECRET",
        "//SECRET@c",
        "a://b:SE/C?SECRET@d",
    ] {
        assert!(!destination::shown(secret).contains("SECRET"), "{secret}");
    }
    assert_eq!(destination::shown("https://c:1/a/b"), "https://c:1/a/b");
}

#[test]
fn the_rest() {
    fn check(vars: &[(&str, &str)], expected: OtlpSettings) {
        assert_eq!(read_all(vars).unwrap(), expected);
    }
    let millis = Duration::from_millis;
    check(&[("OTEL_SDK_DISABLED", "TRUE")], OtlpSettings::new().disabled(true));
    check(
        &[("OTEL_METRIC_EXPORT_INTERVAL", "15000"), ("OTEL_METRIC_EXPORT_TIMEOUT", "7000")],
        OtlpSettings::new().push(Push::default().every(millis(15_000)).give_up_after(millis(7_000))),
    );
    for word in ["delta", "LowMemory"] {
        let delta = Push::default().temporality(Temporality::Delta);
        check(&[("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", word)], OtlpSettings::new().push(delta));
    }
    check(
        &[("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "explicit_bucket_histogram")],
        OtlpSettings::new().push(Push::default().histograms(Histograms::Explicit)),
    );
    let queue = Queue::default().delay(millis(100)).give_up_after(millis(200)).max_items(3_000).max_batch(40);
    for (prefix, expected) in
        [("BSP", OtlpSettings::new().span_queue(queue)), ("BLRP", OtlpSettings::new().log_queue(queue))]
    {
        let name = |suffix: &str| format!("OTEL_{prefix}_{suffix}");
        let names = ["SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE"].map(name);
        let values = ["100", "200", "3000", "40"];
        let vars: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(values).collect();
        check(&vars, expected);
    }
}

#[test]
fn samplers() {
    fn check(sampler: &str, arg: &str, expected: Sampling) {
        let settings = read_all(&[("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", arg)]);
        assert_eq!(settings.unwrap().sampling(), expected, "{sampler} {arg}");
    }
    check("", "", Sampling::always());
    check("always_on", "", Sampling::always().ignore_parent());
    check("always_off", "ignored", Sampling::never().ignore_parent());
    check("traceidratio", "", Sampling::always().ignore_parent());
    check("traceidratio", "0.25", Sampling::share(0.25).ignore_parent());
    check("parentbased_always_on", "", Sampling::always());
    check("parentbased_always_off", "", Sampling::never());
    check("parentbased_traceidratio", "0.01", Sampling::share(0.01));
}

/// Names that are read, so that the values below meet a parser.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("OTEL_EXPORTER_OTLP_HEADERS".to_owned()),
        "OTEL_EXPORTER_OTLP_(TRACES_|METRICS_|LOGS_)?(ENDPOINT|PROTOCOL|HEADERS|TIMEOUT|COMPRESSION|INSECURE)",
        "OTEL_(BSP|BLRP)_(SCHEDULE_DELAY|EXPORT_TIMEOUT|MAX_QUEUE_SIZE|MAX_EXPORT_BATCH_SIZE)",
        "OTEL_(TRACES_SAMPLER|TRACES_SAMPLER_ARG|METRIC_EXPORT_INTERVAL|LOGS_EXPORTER|SDK_DISABLED)",
    ]
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused_by_name(vars in prop::collection::vec((name(), "\\PC{0,40}"), 0..4)) {
        let lookup = |name: &str| vars.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        match OtlpSettings::new().from_env(lookup) {
            Err(error) => {
                let error = error.to_string();
                prop_assert!(vars.iter().any(|(name, _)| error.starts_with(name.as_str())), "{}", error);
            }
            // What was accepted from the environment is good for a start.
            Ok(settings) => for signal in Signal::ALL {
                prop_assert!(settings.destination(signal).resolve(&settings.all, signal).is_ok());
            }
        }
    }

    #[test]
    fn encoded_headers_come_back(pairs in prop::collection::vec(("[a-z][a-z0-9-]{0,10}", "[ -~]{0,20}"), 0..5)) {
        let encode = |value: &str| value.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let list: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let ours = |name: &str| ["te", "host"].contains(&name);
        prop_assume!(!pairs.iter().any(|(name, _)| ours(name)));
        prop_assert_eq!(headers::parse("X", &list.join(",")).unwrap(), pairs);
    }

    #[test]
    fn a_secret_is_not_told(list in "[a-z]{0,5}[=,;%]{0,3}SECRET[a-z=,;%\u{e9}]{0,8}") {
        // Names may be told, so the secret must not be one.
        prop_assume!(list.split(',').all(|pair| !pair.split('=').next().unwrap_or_default().contains("SECRET")));
        if let Err(error) = headers::parse("X", &list) {
            prop_assert!(!error.to_string().contains("SECRET"), "{}", error);
        }
    }
}
