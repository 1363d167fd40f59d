//! Objectives: from a file and from code, followed by the loop, shown, asked for, and reported on by file.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get as route;
use bellwether::core::{Clock, Registry};
use bellwether::slo::{Severity, Slo, Target};
use bellwether::{Bellwether, Config, Dependency};
use http::{Request, StatusCode};
use tower::ServiceExt;

use super::nothing;
use super::routes::ask;

const FILE: &str = r#"
tick = "100ms"

[[objective]]
name = "turns"
target = "99%"
availability = { route = "/turns" }

[[objective]]
name = "turns-fast"
target = "95%"
latency = { route = "/turns", threshold = "800ms" }
"#;

/// Noon on a Thursday, the 31st of December 2026.
const START: u64 = 1_798_718_400;

/// A clock that is told the time goes at the pace of a test: ticks come in real time.
fn service(file: &str, clock: &Clock, history: Option<&Path>) -> Bellwether {
    let builder = Bellwether::builder("shop").environment(nothing).registry(Registry::on(clock.clone()));
    let builder = builder.settings(Config::parse(file, "bellwether.toml").unwrap());
    let builder = history.into_iter().fold(builder, |builder, path| builder.history_file(path));
    builder.objective(Slo::dependency("stt", "stt", Target::new(0.95).unwrap())).start().unwrap()
}

fn serve(bw: &Bellwether, times: usize, status: u16) {
    let status = StatusCode::from_u16(status).unwrap();
    let app: Router = Router::new().route("/turns", route(move || async move { status })).layer(bw.layer());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..times {
        let request = Request::get("/turns").body(Body::empty()).unwrap();
        runtime.block_on(app.clone().oneshot(request)).unwrap();
    }
}

/// Until a tick has seen it; ticks come ten times a second.
fn until(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..200 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what}: not within four seconds");
}

fn stands(bw: &Bellwether) -> serde_json::Value {
    let (status, text, _) = ask(bw, "/api/slo", Some("127.0.0.1:1"), &[]);
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn followed_and_shown() {
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START));
    let bw = service(FILE, &clock, None);
    let turns = bw.objectives().objective("turns").unwrap();
    serve(&bw, 50, 200);
    clock.advance(Duration::from_secs(1));
    until("it is counted", || turns.remaining() == Some(1.0));
    serve(&bw, 50, 500);
    clock.advance(Duration::from_secs(1));
    until("it is breached", || turns.tier() == Some(Severity::Page));
    let json = stands(&bw);
    let of =
        |name: &str| json["objectives"].as_array().unwrap().iter().find(|slo| slo["name"] == name).unwrap().clone();
    assert_eq!((&of("turns")["good"], &of("turns")["total"]), (&50.into(), &100.into()));
    assert_eq!((&of("turns")["status"], &of("turns")["severity"]), (&"breached".into(), &"page".into()));
    assert_eq!((&of("turns")["ratio"], &of("turns")["remaining"]), (&"1/2".into(), &"-49".into()));
    assert_eq!((&of("stt")["status"], &of("stt")["ratio"]), (&"unknown".into(), &serde_json::Value::Null));
    assert_eq!(of("turns-fast")["status"], "ok");
    let (_, metrics, _) = ask(&bw, "/metrics", Some("127.0.0.1:1"), &[]);
    for line in [
        "slo_state{slo=\"turns\",state=\"page\"} 1",
        "slo_good_ratio{slo=\"turns\"} 0.5",
        "slo_target_ratio{slo=\"stt\"} 0.95",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    // What is not known is no number.
    assert!(!metrics.contains("slo_good_ratio{slo=\"stt\"}"), "{metrics}");
    // Nobody else may ask.
    for path in ["/api/slo", "/api/slo/report/2026-12"] {
        assert_eq!(ask(&bw, path, Some("10.0.0.1:1"), &[]).0, 403, "{path}");
    }
}

#[test]
fn reported_on() {
    let directory = tempfile::tempdir().unwrap();
    let reports = directory.path().join("reports");
    let file = format!("{FILE}\n[reports]\npath = {:?}\nzone = \"Europe/Berlin\"\n", reports.display().to_string());
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START));
    let bw = service(&file, &clock, Some(&directory.path().join("history.bw")));
    serve(&bw, 99, 200);
    serve(&bw, 1, 500);
    clock.advance(Duration::from_secs(5));
    until("it is counted", || stands(&bw)["objectives"][1]["total"] == 100);

    let report = |query: &str| ask(&bw, &format!("/api/slo/report/2026-12{query}"), Some("127.0.0.1:1"), &[]);
    let (status, html, head) = report("");
    assert_eq!((status, head.headers()["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    assert!(html.contains("None of 3 promises are broken so far."), "{html}");
    let (_, json, _) = report("?format=json&zone=Asia%2FKathmandu");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["state"], &json["period"]["zone"]), (&"running".into(), &"Asia/Kathmandu".into()));
    let turns = json["objectives"].as_array().unwrap().iter().find(|slo| slo["name"] == "turns").unwrap();
    assert_eq!((&turns["events"]["good"], &turns["events"]["total"]), (&99.into(), &100.into()));
    for (query, status) in [("?format=pdf", 400), ("?zone=Mars/Olympus", 400), ("?x=1", 400)] {
        assert_eq!(report(query).0, status, "{query}");
    }
    for name in ["2027-02", "2026-13", "october", "2026-W54"] {
        let path = format!("/api/slo/report/{name}");
        assert_eq!(ask(&bw, &path, Some("127.0.0.1:1"), &[]).0, 404, "{name}");
    }

    // The year ends in Berlin, and a quarter of an hour passes: a month, a quarter, and no week.
    clock.advance(Duration::from_secs(11 * 3600 + 16 * 60));
    until("a report is written", || reports.join("shop-2026-Q4.json").exists());
    let mut names: Vec<String> =
        reports.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".part"));
    names.sort();
    let expect: Vec<String> = ["2026-12", "2026-Q4"]
        .iter()
        .flat_map(|name| ["csv", "html", "json", "md"].map(|kind| format!("shop-{name}.{kind}")))
        .collect();
    assert_eq!(names, expect);
    let json = std::fs::read_to_string(reports.join("shop-2026-12.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["state"], &json["revision"]), (&"final".into(), &1.into()));

    // A second process finds it there, and makes it again only with other inputs.
    drop(bw);
    std::thread::sleep(Duration::from_millis(300));
    let corrected =
        format!("{file}\n[[maintenance]]\nreason = \"theirs\"\nfrom = 2026-12-31T12:00:00Z\nfor = \"1h\"\n");
    let _bw = service(&corrected, &clock, Some(&directory.path().join("history.bw")));
    until("a revision is written", || reports.join("shop-2026-12.r2.json").exists());

    // One that cannot be read any more is not written over.
    drop(_bw);
    std::thread::sleep(Duration::from_millis(300));
    std::fs::write(reports.join("shop-2026-12.json"), "torn").unwrap();
    std::fs::write(reports.join("shop-2026-12.r2.json"), "torn").unwrap();
    let _bw = service(&file, &clock, Some(&directory.path().join("history.bw")));
    until("a revision is written", || reports.join("shop-2026-12.r3.json").exists());
    assert_eq!(std::fs::read_to_string(reports.join("shop-2026-12.json")).unwrap(), "torn");
}

/// A month that ended while nobody was there has its report once somebody is; also if that is long after.
#[test]
fn made_late() {
    let directory = tempfile::tempdir().unwrap();
    let (history, reports) = (directory.path().join("history.bw"), directory.path().join("reports"));
    let file = format!("{FILE}\n[reports]\npath = {:?}\n", reports.display().to_string());
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START));
    let bw = service(&file, &clock, Some(&history));
    serve(&bw, 10, 200);
    clock.advance(Duration::from_secs(5));
    until("it is counted", || stands(&bw)["objectives"][1]["total"] == 10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(bw.shutdown(Duration::from_secs(5)));
    drop(bw);
    clock.advance(Duration::from_secs(50 * 86_400));
    let _bw = service(&file, &clock, Some(&history));
    until("the month's report is written", || {
        clock.advance(Duration::from_secs(61));
        reports.join("shop-2026-12.json").exists()
    });
    assert!(["2026-11", "2027-01"].iter().all(|name| !reports.join(format!("shop-{name}.json")).exists()));
}

/// A restart within the hour: what was counted is in no kept hour yet, and is counted once.
#[test]
fn restarted() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START + 600));
    let start = || service(FILE, &clock, Some(&directory.path().join("history.bw")));
    let total = |bw: &Bellwether| stands(bw)["objectives"][1]["total"].clone();
    for run in 1..=3 {
        let bw = start();
        serve(&bw, 10, 200);
        clock.advance(Duration::from_secs(60));
        until("it is counted", || total(&bw) == 10 * run);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(bw.shutdown(Duration::from_secs(5)));
        clock.advance(Duration::from_secs(1500));
    }
}

/// Turns that call speech to text, which fails or not, and them with it; or that fail by themselves.
fn turns(bw: &Bellwether, stt: &Dependency, times: usize, stt_fails: Option<bool>) {
    let stt = stt.clone();
    let turn = move || {
        let stt = stt.clone();
        async move {
            let answer = |fails: bool| if fails { Err(std::io::Error::other("no")) } else { Ok(()) };
            let fails = match stt_fails {
                Some(fails) => stt.call("transcribe", async move { answer(fails) }).await.is_err(),
                None => true,
            };
            if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
        }
    };
    let app: Router = Router::new().route("/turns", route(turn)).layer(bw.layer());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..times {
        let request = Request::get("/turns").body(Body::empty()).unwrap();
        runtime.block_on(app.clone().oneshot(request)).unwrap();
    }
}

/// A downtime says which incident caused it, from when to when; also after a restart.
#[test]
fn downtimes_say_why() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START + 600));
    let start = || service(FILE, &clock, Some(&directory.path().join("history.bw")));
    let bw = start();
    let stt = bw.dependency(Dependency::http("stt")).unwrap();
    let mut total = 0;
    let mut windows = |number: usize, fails: bool| {
        for _ in 0..number {
            turns(&bw, &stt, 20, Some(fails));
            total += 20;
            clock.advance(Duration::from_secs(5));
            until("it is counted", || stands(&bw)["objectives"][1]["total"] == total);
        }
    };
    windows(24, false);
    windows(36, true);
    windows(12, false);
    let causes = |bw: &Bellwether| {
        let (_, text, _) = ask(bw, "/api/slo/report/2026-12?format=json", Some("127.0.0.1:1"), &[]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let turns = json["objectives"].as_array().unwrap().iter().find(|slo| slo["name"] == "turns").unwrap().clone();
        let downtimes = turns["downtimes"]["longest"].as_array().unwrap().clone();
        assert_eq!(downtimes.len(), 1, "{text}");
        (downtimes[0]["start"].clone(), downtimes[0]["causes"][0].as_str().unwrap_or("none").to_owned())
    };
    let (begins, cause) = causes(&bw);
    assert_eq!(begins, "2026-12-31T12:12:00Z");
    let (what, when) = cause.split_once(", 2026-12-31 12:1").unwrap_or_else(|| panic!("no time in {cause}"));
    assert!(what.starts_with("stt fails (") && what.contains("), incident "), "{cause}");
    assert!(when.starts_with("2:") && when.contains(" to 12:15:"), "{cause}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(bw.shutdown(Duration::from_secs(5)));
    clock.advance(Duration::from_secs(300));
    assert_eq!(causes(&start()), (begins, cause));
}

/// Who spent the budget: by whose fault, and by which release, also one that was replaced.
#[test]
fn spenders() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START + 600));
    let run = |release: &str, theirs: usize, own: usize| {
        let builder = Bellwether::builder("shop").version(release).environment(nothing);
        let builder = builder.registry(Registry::on(clock.clone())).settings(Config::parse(FILE, "b.toml").unwrap());
        let bw = builder.history_file(directory.path().join("history.bw")).start().unwrap();
        let stt = bw.dependency(Dependency::http("stt")).unwrap();
        turns(&bw, &stt, theirs, Some(true));
        turns(&bw, &stt, own, None);
        let before = stands(&bw)["objectives"][0]["total"].as_u64().unwrap();
        clock.advance(Duration::from_secs(5));
        until("it is counted", || stands(&bw)["objectives"][0]["total"] == before + (theirs + own) as u64);
        bw
    };
    let bw = run("1.8.2", 3, 2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(bw.shutdown(Duration::from_secs(5)));
    drop(bw);
    clock.advance(Duration::from_secs(20));
    let bw = run("1.8.3", 4, 1);
    let (status, text, _) = ask(&bw, "/api/slo/turns", Some("127.0.0.1:1"), &[]);
    assert_eq!(status, 200, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let by = |dimension: &str| {
        let spending = json["spending"].as_array().unwrap().iter().find(|spending| spending["by"] == dimension);
        let spenders = spending.unwrap_or_else(|| panic!("nothing by {dimension} in {text}"))["spenders"].as_array();
        let one = |spender: &serde_json::Value| format!("{} {}", spender["name"], spender["bad"]);
        spenders.unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(by("dependency"), ["\"stt\" 7", "\"this process\" 3"]);
    assert_eq!(by("release"), ["\"1.8.2\" 5", "\"1.8.3\" 5"]);
    assert_eq!(ask(&bw, "/api/slo/turn", Some("127.0.0.1:1"), &[]).0, 404);
    assert_eq!(ask(&bw, "/api/slo/turns", Some("198.51.100.1:1"), &[]).0, 403);
    let (_, report, _) = ask(&bw, "/api/slo/report/2026-12?format=md", Some("127.0.0.1:1"), &[]);
    assert!(report.contains("| 1.8.2 | 5 | 50.0 % |") && report.contains("| stt | 7 | 70.0 % |"), "{report}");
}

/// What was corrected by code is corrected after a restart, with who said so and when; unless it was taken back.
#[test]
fn corrected() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START + 600));
    let start = || service(FILE, &clock, Some(&directory.path().join("history.bw")));
    let stop = |bw: Bellwether| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(bw.shutdown(Duration::from_secs(5)));
        clock.advance(Duration::from_secs(60));
    };
    let corrections = |bw: &Bellwether| stands(bw)["objectives"][1]["corrections"].clone();
    let maintenance = |reason: &str| {
        let from = bellwether::core::Timestamp::from_unix_seconds(START);
        let when = bellwether::slo::Interval::new(from, from.after(Duration::from_secs(1200)));
        bellwether::slo::Correction::exclude(when, reason).by("anna")
    };
    let bw = start();
    bw.objectives().correct("turns", maintenance("new \"database\"")).unwrap();
    clock.advance(Duration::from_secs(1));
    let mistake = bw.objectives().correct("turns", maintenance("a mistake")).unwrap();
    assert!(bw.objectives().correct("turn", maintenance("")).is_err());
    assert_eq!(corrections(&bw).as_array().unwrap().len(), 2);
    stop(bw);
    let bw = start();
    assert_eq!(corrections(&bw).as_array().unwrap().len(), 2);
    assert!(bw.objectives().take_back("turns", mistake).unwrap());
    assert!(!bw.objectives().take_back("turns", mistake).unwrap());
    stop(bw);
    let bw = start();
    let expect = serde_json::json!([{
        "when": "2026-12-31T12:00:00Z/2026-12-31T12:20:00Z",
        "effect": "exclude",
        "reason": "new \"database\"",
        "by": "anna",
        "set_at": "2026-12-31T12:10:00Z",
    }]);
    assert_eq!(corrections(&bw), expect);
    let (_, report, _) = ask(&bw, "/api/slo/report/2026-12?format=md", Some("127.0.0.1:1"), &[]);
    assert!(report.contains("| left out | new \"database\" (by anna, set 2026-12-31 12:10:00) |"), "{report}");
}

/// Two that come at once are two: neither is taken back with the other, nor with one that is refused.
#[test]
fn corrected_at_once() {
    let clock = Clock::manual(bellwether::core::Timestamp::from_unix_seconds(START + 600));
    let bw = service(FILE, &clock, None);
    let correct = |reason: &str| {
        let from = bellwether::core::Timestamp::from_unix_seconds(START);
        let when = bellwether::slo::Interval::new(from, from.after(Duration::from_secs(60)));
        bw.objectives().correct("turns", bellwether::slo::Correction::exclude(when, reason))
    };
    let reasons = || {
        let all = stands(&bw)["objectives"][1]["corrections"].clone();
        all.as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = correct("first").unwrap();
    correct("second").unwrap();
    correct(&"x".repeat(70_000)).unwrap_err();
    assert_eq!(reasons(), ["first", "second"]);
    assert!(bw.objectives().take_back("turns", first).unwrap());
    assert_eq!(reasons(), ["second"]);
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = |file: &str| Config::parse(file, "bellwether.toml").unwrap_err().to_string();
    insta::assert_snapshot!(wrong(&FILE.replace("99%", "100%")), @r#"bellwether.toml:6:10: objective turns: target is not accepted: target "100%": is 100 %, which leaves no budget: the first bad event breaks it for good; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most"#);
    insta::assert_snapshot!(wrong(&FILE.replace("availability", "availabilty")), @r"
    bellwether.toml:4:1: objective turns: has none of availability, latency, dependency, counters, promql and uptime: accepted is one of them
    bellwether.toml:7:1: objective turns: availabilty is not known; did you mean availability?
    ");
    let file = format!("{FILE}[reports]\nzone = \"Mars/Olympus\"\n");
    let builder = Bellwether::builder("shop").environment(nothing).settings(Config::parse(&file, "b.toml").unwrap());
    let error = builder.start().unwrap_err();
    assert!(error.is_setting() && error.to_string().starts_with("time zone \"Mars/Olympus\""), "{error}");
}
