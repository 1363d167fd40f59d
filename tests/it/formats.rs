//! The checkers of the text formats find what is wrong, and only that.

use bellwether_tests::{openmetrics, pino_pretty, promtool_check_metrics, real};

#[test]
fn promtool_reads_text() {
    if !real() {
        return;
    }
    let good = "# HELP turns_total Turns.\n# TYPE turns_total counter\nturns_total{route=\"a\"} 3\n";
    assert_eq!(promtool_check_metrics(good), Ok(()));
    let find = |page: &str, what: &str| {
        let found = promtool_check_metrics(page).unwrap_err();
        assert!(found.contains(what), "{found:?} lacks {what:?}");
    };
    find("# TYPE turns_total counter\nturns_total 3\n", "no help text");
    find("# HELP turns Turns.\n# TYPE turns counter\nturns 3\n", "_total");
    find("turns{route=\"a\" 3\n", "error while linting");
}

#[test]
fn prometheus_client_reads_openmetrics() {
    if !real() {
        return;
    }
    let good = "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n# HELP wait_seconds A \\\"wait\\\".\n\
                wait_seconds_bucket{le=\"0.5\"} 1 # {trace_id=\"abc\"} 0.25\nwait_seconds_bucket{le=\"+Inf\"} 2\n\
                wait_seconds_count 2\nwait_seconds_sum 1.5\n# EOF\n";
    let families = openmetrics(good).unwrap();
    assert_eq!(families.len(), 1);
    let wait = &families[0];
    assert_eq!((wait.name.as_str(), wait.kind.as_str(), wait.unit.as_str()), ("wait_seconds", "histogram", "seconds"));
    assert_eq!(wait.help, "A \"wait\".");
    let first = &wait.samples[0];
    assert_eq!((first.name.as_str(), first.labels["le"].as_str()), ("wait_seconds_bucket", "0.5"));
    assert_eq!((first.value, first.trace_id.as_deref()), (1.0, Some("abc")));

    let refuse = |page: &str| assert!(openmetrics(page).is_err(), "{page:?} is accepted");
    refuse("# TYPE a counter\na_total 1\n");
    refuse("# TYPE a counter\na 1\n# EOF\n");
    refuse("# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n");
    refuse("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na 2\n# EOF\n");
    refuse(&format!("# TYPE a counter\na_total 1 # {{x=\"{}\"}} 1\n# EOF\n", "y".repeat(140)));
    refuse("# TYPE a histogram\na_bucket{le=\"1\"} 3\na_bucket{le=\"+Inf\"} 2\na_count 2\na_sum 1\n# EOF\n");
}

#[test]
fn pino_pretty_reads_pino() {
    if !real() {
        return;
    }
    let line = r#"{"level":40,"time":1767225600000,"msg":"the upstream is slow","trace_id":"abc"}"#;
    let pretty = pino_pretty(&format!("{line}\nnot json\n"));
    assert_eq!(pretty, "[2026-01-01T00:00:00.000Z] WARN: the upstream is slow\n    trace_id: \"abc\"\nnot json\n");
}
