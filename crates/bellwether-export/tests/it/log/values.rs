//! Values and names: every string survives, secrets do not, and there is an end to everything.

use bellwether_core::{OnEnd, Outcome, Value};
use bellwether_export::log::{JsonLog, Layout};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Page, logged, operation, scope};

/// The one line that is logged by `say`.
fn line(say: impl FnOnce()) -> Json {
    only(&logged(|log| log, |_| say()))
}

fn only(page: &Page) -> Json {
    let [line] = <[Json; 1]>::try_from(page.lines()).unwrap();
    line
}

fn drives_a_terminal_or_ends_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

proptest! {
    #[test]
    fn any_string_survives(text: String, name in "[a-z]{0,8}") {
        let page = logged(|log| log.layout(Layout::Ecs).field("region", &text).service(&name, &text), |log| {
            tracing::info!(text, shown = %text, "{text}");
            let scope = scope();
            scope.customer(&text);
            let attributes = [("url.path", Value::Str(&text))];
            let mut ended = operation(&scope, Outcome::Success);
            ended.attributes = &attributes;
            ended.name = &text;
            log.requests().ended(&ended);
        });
        prop_assert_eq!(page.text().matches('\n').count(), 2);
        prop_assert!(page.text().lines().all(|line| !line.contains(drives_a_terminal_or_ends_a_line)));
        let lines = page.lines();
        prop_assert_eq!(&lines[0]["message"], &json!(text));
        prop_assert_eq!(&lines[0]["labels.text"], &json!(text));
        prop_assert_eq!(&lines[0]["labels.shown"], &json!(text));
        prop_assert_eq!(&lines[0]["labels.region"], &json!(text));
        prop_assert_eq!(&lines[1]["url.path"], &json!(text));
        prop_assert_eq!(&lines[1]["message"], &json!(format!("{text}: success")));
    }

    #[test]
    fn any_number_survives(float: f64, signed: i64, unsigned: u64, wide: i128) {
        let page = logged(|log| log, |_| tracing::info!(float, signed, unsigned, wide));
        let (text, line) = (page.text(), only(&page));
        // As text, since this reader rounds.
        let float_back = text.split("\"float\":").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
        prop_assert_eq!(float_back, Some(float).filter(|float| float.is_finite()));
        prop_assert_eq!(line["signed"].as_i64(), Some(signed));
        prop_assert_eq!(line["unsigned"].as_u64(), Some(unsigned));
        let wide_back = line["wide"].as_str().map_or(line["wide"].as_i64().map(i128::from), |text| text.parse().ok());
        prop_assert_eq!(wide_back, Some(wide));
    }
}

#[test]
fn every_character_survives() {
    for start in (0..=u32::from(char::MAX)).step_by(1024) {
        let text: String = (start..start + 1024).filter_map(char::from_u32).collect();
        let page = logged(|log| log, |_| tracing::info!("{text}"));
        assert!(!page.text().trim_end_matches('\n').contains(drives_a_terminal_or_ends_a_line));
        assert_eq!(only(&page)["message"], text);
    }
}

#[test]
fn numbers_that_are_none() {
    let line = line(|| tracing::info!(nan = f64::NAN, more = f64::INFINITY, less = f64::NEG_INFINITY, tiny = 5e-324));
    assert_eq!((&line["nan"], &line["more"], &line["less"]), (&Json::Null, &Json::Null, &Json::Null));
    assert_eq!(line["tiny"], json!(5e-324));
}

#[test]
fn secrets() {
    let hidden = |name: &'static str| {
        let page = logged(
            |log| log.redact(["pin-code"]),
            |log| {
                let scope = scope();
                let attributes = [(name, Value::Str("precious"))];
                let mut ended = operation(&scope, Outcome::Success);
                ended.attributes = &attributes;
                log.requests().ended(&ended);
            },
        );
        assert_eq!(page.text().contains("precious"), !page.text().contains("[redacted]"), "{name}");
        !page.text().contains("precious")
    };
    for name in [
        "password",
        "PASSWORD",
        "db_password",
        "user.password",
        "password.value",
        "token",
        "access_token",
        "idToken",
        "authorization",
        "http.request.header.authorization",
        "Proxy-Authorization",
        "cookie",
        "http.response.header.set-cookie",
        "set_cookie",
        "api_key",
        "x-api-key",
        "openaiApiKey",
        "secret",
        "client_secret",
        "PinCode",
        "aws.secret_access_key",
    ] {
        assert!(hidden(name), "{name} shows");
    }
    for name in
        ["input_tokens", "gen_ai.usage.output_tokens", "tokenizer", "author", "key", "cookie_count", "secretary", "pin"]
    {
        assert!(!hidden(name), "{name} is hidden");
    }
}

#[test]
fn secrets_in_events_and_spans() {
    let page = logged(
        |log| log,
        |_| {
            let _span = tracing::info_span!(target: "app", "login", password = "precious", who = "bob").entered();
            tracing::info!(token = %"precious", api_key = ?"precious", secret = 42_424_242, "in");
        },
    );
    assert!(!page.text().contains("precious") && !page.text().contains("42424242"));
    let line = only(&page);
    assert_eq!((&line["password"], &line["secret"]), (&json!("[redacted]"), &json!("[redacted]")));
    assert_eq!(line["who"], "bob");
}

#[test]
fn the_nearest_field_wins_and_later_values_replace_earlier() {
    let page = logged(
        |log| log,
        |_| {
            let outer = tracing::info_span!(target: "app", "outer", a = 1, b = 1, c = 1, late = tracing::field::Empty);
            outer.record("late", "early");
            outer.record("late", "late");
            let _outer = outer.entered();
            let _inner = tracing::info_span!(target: "app", "inner", a = 2, b = 2).entered();
            tracing::info!(a = 3, "said");
        },
    );
    let line = only(&page);
    assert_eq!((&line["a"], &line["b"], &line["c"], &line["late"]), (&json!(3), &json!(2), &json!(1), &json!("late")));
    assert_eq!(line["span"], "inner");
    for name in ["a", "b", "late", "span"] {
        assert_eq!(page.text().matches(&format!("\"{name}\":")).count(), 1);
    }
}

#[test]
fn a_layouts_own_names_are_not_to_be_had() {
    for layout in Layout::ALL {
        let page = logged(
            |log| log.layout(layout),
            |_| {
                tracing::info!(time = 1, timestamp = 2, level = 3, msg = 4, pid = 5, service = 6, trace_id = 7, "said");
            },
        );
        let text = page.text();
        let names: Vec<&str> = text.split("\":").filter_map(|part| part.rsplit('"').next()).collect();
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{layout}: {name} twice in {text}");
        }
    }
}

#[test]
fn spans_of_requests_are_not_carried() {
    let line = line(|| {
        let _request = tracing::info_span!(target: "bellwether::server", "request", url.path = "/").entered();
        tracing::info!("said");
    });
    assert_eq!((&line["span"], &line["url.path"]), (&Json::Null, &Json::Null));
}

#[test]
fn everything_has_an_end() {
    struct Endless;
    impl std::fmt::Debug for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            loop {
                f.write_str("and so on ")?;
            }
        }
    }
    let page = logged(
        |log| log,
        |log| {
            tracing::info!(endless = ?Endless, wide = "ä".repeat(100_000), "{}", "long ".repeat(100_000));
            let scope = scope();
            let attributes: Vec<(&'static str, Value<'_>)> =
                (0..200).map(|n| (&*format!("attribute.{n}").leak(), Value::Int(n))).collect();
            let mut ended = operation(&scope, Outcome::Success);
            ended.attributes = &attributes;
            log.requests().ended(&ended);
            let text = "x".repeat(1 << 20);
            let attributes: Vec<(&'static str, Value<'_>)> =
                (0..64).map(|n| (&*format!("attribute.{n}").leak(), Value::Str(&text))).collect();
            ended.attributes = &attributes;
            log.requests().ended(&ended);
        },
    );
    let lines = page.lines();
    let wide = lines[0]["wide"].as_str().unwrap();
    assert!(wide.len() <= 8 * 1024 + 3 && wide.ends_with("ä…"));
    assert!(lines[0]["endless"].as_str().unwrap().ends_with('…'));
    assert!(lines[0]["message"].as_str().unwrap().ends_with('…'));
    assert_eq!(lines[1].as_object().unwrap().keys().filter(|key| key.starts_with("attribute.")).count(), 64);
    assert!(page.text().lines().all(|line| line.len() < 80 * 1024));
}

#[test]
fn a_field_that_logs() {
    struct Chatty;
    impl std::fmt::Display for Chatty {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            tracing::info!("by the way");
            f.write_str("chatty")
        }
    }
    // `tracing` itself keeps a dispatcher from hearing itself, unless it is the global one; a line must survive both.
    let page = logged(
        |log| log,
        |log: &JsonLog| {
            let other = log.clone();
            tracing::info!(field = %Chatty, "outer");
            drop(other);
        },
    );
    assert_eq!(page.lines().last().unwrap()["field"], "chatty");
}

#[test]
fn an_event_of_the_log_crate_keeps_its_target() {
    let line = line(|| {
        tracing::info!(target: "log", { log.target = "hyper::proto", log.file = "a.rs", log.line = 3 }, "parsed");
    });
    assert_eq!(
        (&line["target"], &line["log.file"], &line["log.target"]),
        (&json!("hyper::proto"), &Json::Null, &Json::Null)
    );
}

#[test]
fn secrets_in_urls() {
    let url = "https://bob:precious@db.example/a?page=2&access_token=precious";
    let page = logged(
        |log| log,
        |_| {
            let _span = tracing::info_span!(target: "app", "call", url.full = %url).entered();
            tracing::info!(url.query = "token=precious&page=2", "in");
            tracing::info!(url.full = url, "out");
        },
    );
    assert!(!page.text().contains("precious"), "{}", page.text());
    assert_eq!(page.text().matches("https://[redacted]@db.example/a?page=2&access_token=[redacted]").count(), 2);
    assert!(page.text().contains("token=[redacted]&page=2"));
}
