//! Settings: what is accepted, who wins, and what is said of what is wrong.

use bellwether::{Access, Bellwether, Config};
use proptest::prelude::*;

use super::nothing;

fn wrong(text: &str) -> String {
    let error = Config::parse(text, "bellwether.toml").unwrap_err();
    assert!(error.is_setting());
    error.to_string()
}

#[test]
fn errors_name_line_setting_and_what_is_accepted() {
    let texts = [
        "tikc = \"5s\"",
        "\n\n  port = 1",
        "[metrcs]\naccess = 1",
        "[dashboard]\ncolor = 1",
        "[metrics]\nacess = \"anyone\"",
        "[metrics]\ncolor = \"blue\"",
        "metrics = 5",
        "[metrics.access]\nx = 1",
        "tick = \"soon\"",
        "tick = 0",
        "tick = \"61s\"",
        "tick = true",
        "ready = \"yes\"",
        "listen = \"everywhere\"",
        "listen = 70000",
        "[metrics]\naccess = \"everyone\"",
        "[metrics]\ntoken = \"hunter2\"",
        "[metrics]\nmax_series = -1",
        "[metrics]\nmax_series = 99999999999999999999",
        "[traces]\nsample = 1.5",
        "[traces]\nsample = nan",
        "[request_id]\nheader = \"x request id\"",
        "[service]\nname = \"\"",
        "[service]\nattributes = { a = 1 }",
        "[service.attributes]\na.b = \"c\"",
        "[service]\nname = [1979-05-27]",
        "tick = \"5s\"\ntick = \"6s\"",
        "tick = ",
        "[metrics\n",
        "\u{0}",
        "routes = [\"static\"]",
        "[health]\npath = \"/livez\"",
        "[health]\npath = \"/{id}\"",
        "[health]\naccess = \"me\"",
        "[dependencies]\nmax = 0",
        "[dependencies]\ncriticality = { db = \"vital\" }",
        "[dependencies]\nowner = 1",
        "\"a\\u0007b\" = 1",
        "[\"\\u001b[2J\"]\nx = 1",
        "metrics.\"\\u202e\\n\\\"\" = 1",
        "tick = \"\\r\\u001b\"",
    ];
    let all: Vec<String> = texts.iter().map(|text| format!("{text:?}\n    {}", wrong(text))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    "tikc = \"5s\""
        bellwether.toml:1: there is no setting tikc; did you mean tick?
    "\n\n  port = 1"
        bellwether.toml:3: there is no setting port; at the top there are tick, ready, listen and routes
    "[metrcs]\naccess = 1"
        bellwether.toml:1: there is no table [metrcs]; did you mean [metrics]?
    "[dashboard]\ncolor = 1"
        bellwether.toml:1: there is no table [dashboard]; there are [service], [metrics], [health], [dependencies], [cascade], [traces], [request_id], [log], [history], [reports] and [otlp]
    "[metrics]\nacess = \"anyone\""
        bellwether.toml:2: there is no setting metrics.acess; did you mean metrics.access?
    "[metrics]\ncolor = \"blue\""
        bellwether.toml:2: there is no setting metrics.color; [metrics] has access, token and max_series
    "metrics = 5"
        bellwether.toml:1: metrics is a table, to be written as [metrics]
    "[metrics.access]\nx = 1"
        bellwether.toml:1: metrics.access is a table of other things than texts: accepted is "loopback", "anyone" or "nobody"
    "tick = \"soon\""
        bellwether.toml:1: tick is "soon": accepted is a duration from 100 ms to 60 s, such as "5s"
    "tick = 0"
        bellwether.toml:1: tick is 0: accepted is a duration from 100 ms to 60 s, such as "5s"
    "tick = \"61s\""
        bellwether.toml:1: tick is "61s": accepted is a duration from 100 ms to 60 s, such as "5s"
    "tick = true"
        bellwether.toml:1: tick is true: accepted is a duration from 100 ms to 60 s, such as "5s"
    "ready = \"yes\""
        bellwether.toml:1: ready is "yes": accepted is true or false
    "listen = \"everywhere\""
        bellwether.toml:1: listen is "everywhere": accepted is an address such as "127.0.0.1:9464", or a port, which is opened on loopback
    "listen = 70000"
        bellwether.toml:1: listen is 70000: accepted is an address such as "127.0.0.1:9464", or a port, which is opened on loopback
    "[metrics]\naccess = \"everyone\""
        bellwether.toml:2: metrics.access is "everyone": accepted is "loopback", "anyone" or "nobody"
    "[metrics]\ntoken = \"hunter2\""
        bellwether.toml:2: metrics.token is not legal (its value is not shown): accepted is a text of at least 16 printable ASCII characters without spaces
    "[metrics]\nmax_series = -1"
        bellwether.toml:2: metrics.max_series is -1: accepted is a whole number from 1 to 1000000
    "[metrics]\nmax_series = 99999999999999999999"
        bellwether.toml:2: metrics.max_series is a number that is too large: accepted is a whole number from 1 to 1000000
    "[traces]\nsample = 1.5"
        bellwether.toml:2: traces.sample is 1.5: accepted is a share from 0 to 1, such as 0.01
    "[traces]\nsample = nan"
        bellwether.toml:2: traces.sample is NaN: accepted is a share from 0 to 1, such as 0.01
    "[request_id]\nheader = \"x request id\""
        bellwether.toml:2: request_id.header is "x request id": accepted is the name of a header, such as "x-request-id"
    "[service]\nname = \"\""
        bellwether.toml:2: service.name is "": accepted is a text of 1 to 255 bytes such as "checkout"
    "[service]\nattributes = { a = 1 }"
        bellwether.toml:2: service.attributes is a table of other things than texts: accepted is a table of texts such as { "deployment.environment.name" = "prod" }
    "[service.attributes]\na.b = \"c\""
        bellwether.toml:1: service.attributes is a table of other things than texts: accepted is a table of texts such as { "deployment.environment.name" = "prod" }
    "[service]\nname = [1979-05-27]"
        bellwether.toml:2: service.name is a list of other things than texts: accepted is a text of 1 to 255 bytes such as "checkout"
    "tick = \"5s\"\ntick = \"6s\""
        bellwether.toml:2: duplicate key
    "tick = "
        bellwether.toml:1: string values must be quoted, expected literal string
    "[metrics\n"
        bellwether.toml:1: unclosed table, expected `]`
    "\0"
        bellwether.toml:1: key with no value, expected `=`
    "routes = [\"static\"]"
        bellwether.toml:1: routes is a list: accepted is a list of at most 64 templates such as ["/static/{*path}"], each of at most 255 bytes
    "[health]\npath = \"/livez\""
        bellwether.toml:2: health.path is "/livez": accepted is a path such as "/healthz" that is not /metrics, /livez, /readyz or /startupz
    "[health]\npath = \"/{id}\""
        bellwether.toml:2: health.path is "/{id}": accepted is a path such as "/healthz" that is not /metrics, /livez, /readyz or /startupz
    "[health]\naccess = \"me\""
        bellwether.toml:2: health.access is "me": accepted is "loopback", "anyone" or "nobody"
    "[dependencies]\nmax = 0"
        bellwether.toml:2: dependencies.max is 0: accepted is a whole number from 1 to 10000
    "[dependencies]\ncriticality = { db = \"vital\" }"
        bellwether.toml:2: dependencies.criticality is a table: accepted is a table such as { openai = "critical_shared" } of critical_local, critical_shared, optional or informational
    "[dependencies]\nowner = 1"
        bellwether.toml:2: dependencies.owner is 1: accepted is a table of texts such as { openai = "voice team" }
    "\"a\\u0007b\" = 1"
        bellwether.toml:1: there is no setting a\u{7}b; at the top there are tick, ready, listen and routes
    "[\"\\u001b[2J\"]\nx = 1"
        bellwether.toml:1: there is no table [\u{1b}[2J]; there are [service], [metrics], [health], [dependencies], [cascade], [traces], [request_id], [log], [history], [reports] and [otlp]
    "metrics.\"\\u202e\\n\\\"\" = 1"
        bellwether.toml:1: there is no setting metrics.\u{202e}\n"; [metrics] has access, token and max_series
    "tick = \"\\r\\u001b\""
        bellwether.toml:1: tick is "\r\u{1b}": accepted is a duration from 100 ms to 60 s, such as "5s"
    "#);
}

#[test]
fn everything_in_the_guide_is_accepted() {
    let guide = include_str!("../../README.md");
    let text = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let result = Config::parse(text, "README.md");
    match cfg!(all(feature = "log", feature = "otlp", feature = "slo")) {
        true => drop(result.unwrap()),
        false => assert!(result.unwrap_err().to_string().contains("of the crate `bellwether`, which is off")),
    }
}

#[test]
fn a_file_that_is_not_there_has_no_settings() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Config::read(folder.path().join("bellwether.toml")).unwrap(), Config::default());
    let error = Config::read(folder.path()).unwrap_err();
    assert!(error.is_setting() && error.to_string().contains(&folder.path().display().to_string()));
    let large = folder.path().join("large.toml");
    std::fs::write(&large, "#".repeat(2 << 20)).unwrap();
    assert!(Config::read(large).unwrap_err().to_string().ends_with("it has more than 1 MiB"));
    let garbled = folder.path().join("garbled.toml");
    std::fs::write(&garbled, b"tick = \"\xff\"").unwrap();
    assert!(Config::read(garbled).unwrap_err().to_string().ends_with("it is not UTF-8"));
    #[cfg(unix)]
    assert!(Config::read("/dev/zero").unwrap_err().to_string().ends_with("it has more than 1 MiB"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_code() {
    let check =
        |code: &str, file: Option<&str>, own: Option<&'static str>, otel: Option<&'static str>, expect: &str| {
            let file = file.map(|name| format!("service.name = {name:?}")).unwrap_or_default();
            let bw = Bellwether::builder(code)
                .settings(Config::parse(&file, "bellwether.toml").unwrap())
                .environment(move |name| match name {
                    "BELLWETHER_SERVICE_NAME" => own.map(str::to_owned),
                    "OTEL_SERVICE_NAME" => otel.map(str::to_owned),
                    _ => None,
                })
                .start()
                .unwrap();
            assert_eq!(bw.resource().service_name(), expect);
        };
    check("code", None, None, None, "code");
    check("code", Some("file"), None, None, "file");
    check("code", Some("file"), Some("own"), None, "own");
    check("code", Some("file"), Some(""), None, "file");
    check("code", Some("file"), Some("own"), Some("otel"), "otel");
    check("code", None, None, Some("otel"), "otel");
}

#[tokio::test]
async fn routes_are_declared_in_the_file() {
    use tower::ServiceExt;
    let config = Config::parse("routes = [\"/static/{*path}\"]", "bellwether.toml").unwrap();
    let bw = Bellwether::builder("test").environment(nothing).settings(config).start().unwrap();
    let app = axum::Router::new().fallback(async || "a page").layer(bw.layer());
    let answer =
        app.oneshot(http::Request::get("/static/a.css").body(axum::body::Body::empty()).unwrap()).await.unwrap();
    drop(answer);
    let durations = bw.registry().metric("http.server.request.duration").unwrap();
    assert_eq!(durations.series().next().unwrap().label("http.route"), Some("/static/{*path}"));
}

#[test]
fn variables_are_refused_by_name() {
    let check = |name: &'static str, value: &'static str| {
        let var = move |asked: &str| (asked == name).then(|| value.to_owned());
        Bellwether::builder("test").environment(var).start().map(drop).map_err(|error| error.to_string())
    };
    for (name, value) in [
        ("BELLWETHER_TICK", "2"),
        ("BELLWETHER_READY", "0"),
        ("BELLWETHER_LISTEN", "0"),
        ("BELLWETHER_LISTEN", "127.0.0.1:0"),
        ("BELLWETHER_METRICS_MAX_SERIES", "7"),
        ("BELLWETHER_TRACES_SAMPLE", "0.5"),
        ("BELLWETHER_SERVICE_ATTRIBUTES", "a=b, c=d"),
        ("BELLWETHER_METRICS_TOKEN", ""),
    ] {
        assert_eq!(check(name, value), Ok(()), "{name}");
    }
    let all = [
        ("BELLWETHER_TICK", "never"),
        ("BELLWETHER_READY", "perhaps"),
        ("BELLWETHER_METRICS_TOKEN", "short"),
        ("BELLWETHER_SERVICE_ATTRIBUTES", "a"),
    ]
    .map(|(name, value)| check(name, value).unwrap_err());
    insta::assert_snapshot!(all.join("\n"), @r#"
    BELLWETHER_TICK: tick is "never": accepted is a duration from 100 ms to 60 s, such as "5s"
    BELLWETHER_READY: ready is "perhaps": accepted is true or false
    BELLWETHER_METRICS_TOKEN: metrics.token is not legal (its value is not shown): accepted is a text of at least 16 printable ASCII characters without spaces
    BELLWETHER_SERVICE_ATTRIBUTES: service.attributes is "a": accepted is a table of texts such as { "deployment.environment.name" = "prod" }; in a variable, name=value separated by commas
    "#);
}

#[test]
fn secrets_are_not_shown() {
    let text = "[metrics]\ntoken = \"sesame-sesame-sesame\"\n[service]\nname = \"shop\"\n";
    let config = Config::parse(text, "x").unwrap();
    insta::assert_snapshot!(format!("{config:?}"), @r#"{"metrics.token": "…", "service.name": "\"shop\""}"#);
    let shown =
        format!("{:?}", Bellwether::builder("test").settings(config).access(Access::nobody().or_token("sesame")));
    assert!(!shown.contains("sesame"), "{shown}");
}

#[cfg(feature = "otlp")]
#[test]
fn what_a_collector_is_told_in_secret_is_not_shown() {
    let text = "[otlp]\nenabled = false\nendpoint = \"http://c/?key=sesame\"\nheaders = { x-key = \"sesame\" }\n";
    let config = Config::parse(text, "x").unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("otlp.headers") && !shown.contains("sesame"), "{shown}");
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Bellwether::builder("test").environment(nothing).listen(address).start().unwrap_err();
    assert!(error.is_listen() && error.to_string().contains(&address.to_string()));
    let bw = Bellwether::builder("test").environment(nothing).start().unwrap();
    assert!(bw.serve(address).unwrap_err().is_listen());
}

#[test]
fn a_registry_with_other_metrics_of_our_names_is_an_error() {
    let registry = bellwether::Registry::new();
    let _taken = registry.gauge("process.cpu.time").build().unwrap();
    assert!(Bellwether::builder("test").environment(nothing).registry(registry).start().unwrap_err().is_conflict());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let _ = Config::parse(&text, "x");
    }

    #[test]
    fn any_value_is_read_or_refused(
        key in "(tick|ready|listen|metrics|metrics.token|service.attributes|traces.sample|request_id.header|[a-z_.]{0,12})",
        value in "(-?[0-9]{0,20}(\\.[0-9]{1,3})?|\"[ -!#-\\[\\]-~]{0,30}\"|true|nan|-inf|\\[(\"a\"|1)?\\]|\\{ ?(a = \"b\")? ?\\}|[0-9-]{10})",
    ) {
        if let Err(error) = Config::parse(&format!("{key} = {value}"), "x") {
            prop_assert!(error.to_string().starts_with("x:1: "), "{}", error);
        }
    }
}
