//! The command as a person runs it: files that are fine and files that are not, reports of a service and of a file.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bellwether::{Bellwether, Config, Registry};
use bellwether_core::{Clock, Timestamp};
use bellwether_history::{History, Options};
use bellwether_slo::{Correction, Incident, Interval, Remembered};

/// 2026-10-05 00:00:00 UTC.
const START: u64 = 1_791_158_400;

const FILE: &str = r#"
[[objective]]
name = "jobs"
target = "99%"
counters = { good = "jobs.good", total = "jobs.all" }
"#;

/// What it says on its two outputs, and what it ends with.
fn run(arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let output = command.args(arguments).env_remove("BELLWETHER_TOKEN").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

fn file(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A service that ran for two hours: of 1,440 jobs so many failed.
fn history(directory: &Path, failed: u64) -> String {
    let clock = Clock::manual(Timestamp::from_unix_seconds(START));
    let registry = Registry::on(clock.clone());
    let path = directory.join("history.bw");
    let history = History::open(&path, Options::new(), clock.timestamp());
    let remembered = Remembered::new(&history, &registry);
    let slos = Config::parse(FILE, "bellwether.toml").unwrap();
    let [good, all] = ["jobs.good", "jobs.all"].map(|name| registry.counter(name).build().unwrap());
    history.tick(&registry, clock.timestamp(), clock.now());
    for job in 0..1440 {
        if job == 720 {
            remembered.keep(slos.objectives(), clock.timestamp()).unwrap();
        }
        clock.advance(Duration::from_secs(5));
        good.add(u64::from(job >= failed));
        all.inc();
        history.tick(&registry, clock.timestamp(), clock.now());
    }
    // The second hour is not kept yet as it stops.
    remembered.stopped(clock.timestamp());
    history.close(clock.timestamp()).unwrap();
    path.display().to_string()
}

#[test]
fn checks_files() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let fine = file(directory.path(), "fine.toml", FILE);
    assert_eq!(run(&["check", &fine]), (format!("{fine}: fine, with 1 objective\n"), String::new(), 0));
    let wrong = file(directory.path(), "wrong.toml", &FILE.replace("99%", "100%"));
    let (said, complained, code) = run(&["check", &fine, &wrong, &at("missing.toml"), &at("x.ini")]);
    assert_eq!((said, code), (format!("{fine}: fine, with 1 objective\n"), 1));
    for part in ["wrong.toml:4:10: objective jobs: target is not accepted", "missing.toml: No such file", "x.ini: "] {
        assert!(complained.contains(part), "{part} is not in {complained}");
    }
    let openslo = "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: a\nspec: {}\n";
    let (_, complained, code) = run(&["check", &file(directory.path(), "slo.yaml", openslo)]);
    assert!(code == 1 && complained.contains("slo.yaml:"), "{complained}");
    // Settings that only a service with more features has are known here.
    let all = file(
        directory.path(),
        "all.toml",
        "[otlp]\nenabled = true\n[log]\nenabled = true\n[history]\nflush = \"1m\"\n",
    );
    assert_eq!(run(&["check", &all]).2, 0);
}

#[test]
fn reports_of_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let (config, history) = (file(directory.path(), "bellwether.toml", FILE), history(directory.path(), 15));
    let report = |more: &[&str]| run(&[&["report", "--history", &history, "--config", &config], more].concat());
    let (markdown, complained, code) = report(&["--day", "2026-10-05", "--service", "shop"]);
    assert_eq!((complained.as_str(), code), ("", 0));
    assert!(markdown.starts_with("# shop: 2026-10-05\n\n**1 of 1 promise was broken.**"), "{markdown}");
    assert!(markdown.contains("1425 of 1440 events") && markdown.contains("22 h it was shut down"), "{markdown}");
    assert_eq!(report(&["--month", "2026-10", "--fail"]).2, 2);
    assert_eq!(report(&["--day", "2026-10-04", "--fail"]).2, 3, "there was nothing to tell from");

    let output = directory.path().join("q4.json");
    let (said, _, code) = report(&["--quarter", "2026-Q4", "--output", &output.display().to_string()]);
    assert_eq!((said.as_str(), code), ("", 0));
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&output).unwrap()).unwrap();
    assert_eq!((&json["name"], &json["objectives"][0]["events"]["good"]), (&"2026-Q4".into(), &1425.into()));
    for (format, begins) in [("html", "<!doctype html>"), ("csv", "objective,"), ("md", "# service"), ("json", "{")] {
        assert!(report(&["--week", "2026-W41", "--format", format]).0.starts_with(begins), "{format}");
    }
    // What could not be written is no report.
    #[cfg(target_os = "linux")]
    {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.args(["report", "--history", &history, "--config", &config, "--month", "2026-10"]);
        assert_eq!(command.stdout(full).status().unwrap().code(), Some(1));
    }
    // By half hours of a zone: what was kept by minutes.
    assert!(report(&["--day", "2026-10-05", "--zone", "Asia/Kolkata"]).0.contains("1425 of 1440 events"));
}

/// What is noted in the file beside what was counted: what caused a downtime, and time that was corrected later.
#[test]
fn reports_of_a_file_say_why() {
    let directory = tempfile::tempdir().unwrap();
    let (config, path) = (file(directory.path(), "bellwether.toml", FILE), history(directory.path(), 15));
    let at = |seconds: u64| Timestamp::from_unix_seconds(START + seconds);
    let note = |note: &dyn Fn(&Remembered)| {
        let history = History::open(&path, Options::new(), at(7300));
        note(&Remembered::new(&history, &Registry::on(Clock::manual(at(7300)))));
        history.close(at(7300)).unwrap();
    };
    let report = || run(&["report", "--history", &path, "--config", &config, "--day", "2026-10-05"]);
    let downtime = |markdown: &str| {
        let rows = markdown.lines().filter(|line| line.starts_with("| 2026-10-05 00:00:00 to 00:01:00"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let (markdown, ..) = report();
    assert_eq!(downtime(&markdown), ["| 2026-10-05 00:00:00 to 00:01:00 | 1 min | 12 | not known |"]);

    let incident = |id: &str, opened: u64, closed: Option<u64>| Incident {
        id: id.to_owned(),
        root: "db".to_owned(),
        cause: "fails (timeout)".to_owned(),
        hurts: vec!["GET /".to_owned()],
        opened: at(opened),
        closed: closed.map(at),
    };
    note(&|remembered| {
        remembered.incident(&incident("7", 5, None), at(5));
        remembered.incident(&incident("7", 5, Some(80)), at(80));
        // An hour later, which explains nothing.
        remembered.incident(&incident("8", 3600, Some(3700)), at(3700));
    });
    let (markdown, complained, code) = report();
    assert_eq!((complained.as_str(), code), ("", 0));
    let because = "db fails (timeout), incident 7, 2026-10-05 00:00:05 to 00:01:20";
    assert_eq!(downtime(&markdown), [format!("| 2026-10-05 00:00:00 to 00:01:00 | 1 min | 12 | {because} |")]);

    note(&|remembered| {
        let mut correction = Correction::exclude(Interval::new(at(0), at(60)), "new database").by("anna");
        correction.set_at = Some(at(7300));
        remembered.corrected("jobs", &correction).unwrap();
    });
    let (markdown, complained, code) = report();
    assert_eq!((complained.as_str(), code), ("", 0));
    assert!(markdown.contains("1425 of 1428 events"), "{markdown}");
    let corrected = "| 2026-10-05 00:00:00 to 00:01:00 | left out | new database (by anna, set 2026-10-05 02:01:40) |";
    assert_eq!(downtime(&markdown), [corrected]);
}

#[test]
fn reports_of_a_service() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.bw");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _in = runtime.enter();
    let bw = Bellwether::builder("shop")
        .environment(|_| None)
        .settings(Config::parse(FILE, "bellwether.toml").unwrap())
        .history_file(&path)
        .start()
        .unwrap();
    let url = format!("http://{}", bw.serve("127.0.0.1:0").unwrap());
    let year = bw.objectives().report(
        &bellwether_slo::Calendar::new(bellwether_slo::Unit::Year, bellwether_slo::Zone::utc()),
        bellwether_slo::Calendar::new(bellwether_slo::Unit::Year, bellwether_slo::Zone::utc())
            .at(bw.registry().clock().timestamp()),
    );
    let year = year.unwrap().name();
    let (text, complained, code) = run(&["report", "--year", &year, "--url", &url, "--fail"]);
    assert_eq!((complained.as_str(), code), ("", 3), "nothing was counted yet: {text}");
    assert!(text.starts_with(&format!("# shop: {year}")), "{text}");
    // Its file is its own while it runs.
    let config = file(directory.path(), "bellwether.toml", FILE);
    let history = path.display().to_string();
    let (_, complained, code) = run(&["report", "--year", &year, "--history", &history, "--config", &config]);
    assert!(code == 1 && complained.contains("ask that by --url"), "{complained}");
}

#[test]
fn what_is_wrong_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let config = file(directory.path(), "bellwether.toml", FILE);
    let check = |arguments: &[&str], part: &str, code: i32| {
        let (_, complained, ended) = run(arguments);
        assert!(ended == code && complained.contains(part), "{arguments:?}: {ended}, {complained}");
    };
    let missing = directory.path().join("missing.bw").display().to_string();
    check(&["report", "--month", "2026-10", "--history", &missing, "--config", &config], "missing.bw: No such file", 1);
    assert!(!Path::new(&missing).exists());
    check(&["report", "--month", "2026-13", "--url", "http://127.0.0.1:1"], "month \"2026-13\": does not exist", 1);
    check(&["report", "--month", "2026-10", "--url", "http://127.0.0.1:1"], "http://127.0.0.1:1: ", 1);
    check(&["report", "--url", "http://127.0.0.1:1"], "--month", 2);
    check(&["report", "--month", "2026-10"], "--url", 2);
    check(&["report", "--month", "2026-10", "--week", "2026-W41", "--url", "x"], "cannot be used with", 2);
    // What is no history is left as it is: nothing is set aside by who only reads.
    let month = ["report", "--month", "2026-10", "--config", &config];
    check(&[&month[..], &["--history", &config]].concat(), "bellwether.toml", 1);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), FILE);
    assert_eq!(directory.path().read_dir().unwrap().count(), 1);
    // A zone is known or not before anybody is asked.
    check(
        &["report", "--month", "2026-10", "--url", "http://127.0.0.1:1", "--zone", "UTC&x=1"],
        "time zone \"UTC&x=1\"",
        1,
    );
    let empty = file(directory.path(), "empty.toml", "tick = \"5s\"\n");
    check(&["report", "--month", "2026-10", "--history", &config, "--config", &empty], "no objectives", 1);
}
