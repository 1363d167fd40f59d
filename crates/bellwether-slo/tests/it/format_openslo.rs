//! OpenSLO documents: what is wrong with each malformed kind, what has no counterpart, and what becomes of the rest.

use bellwether_slo::format::openslo;

/// A file in which nothing is wrong and nothing is lost.
const GOOD: &str = r#"apiVersion: openslo/v1
kind: SLO
metadata:
  name: turns
  labels:
    team: voice
spec:
  description: A turn is answered.
  service: voice
  indicatorRef: turns
  timeWindow:
    - duration: 28d
      isRolling: true
  budgetingMethod: Timeslices
  objectives:
    - target: 0.999
      timeSliceTarget: 0.95
      timeSliceWindow: 1m
  alertPolicies:
    - alertPolicyRef: quick
    - alertPolicyRef: quick-short
---
apiVersion: openslo/v1
kind: SLI
metadata:
  name: turns
spec:
  ratioMetric:
    counter: true
    good:
      metricSource:
        metricSourceRef: prometheus
        spec:
          query: sum(turns_total{code!~"5.."})
    total:
      metricSource:
        type: Prometheus
        spec:
          query: sum(turns_total)
---
apiVersion: openslo/v1
kind: DataSource
metadata:
  name: prometheus
spec:
  type: Prometheus
  connectionDetails: {url: "http://prometheus:9090"}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata:
  name: quick
  annotations:
    bellwether/window-pair: quick
    bellwether/window: long
spec:
  alertWhenBreaching: true
  conditions:
    - conditionRef: quick
  notificationTargets:
    - targetRef: page
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata:
  name: quick-short
  annotations:
    bellwether/window-pair: quick
    bellwether/window: short
spec:
  alertWhenBreaching: true
  conditions:
    - kind: AlertCondition
      metadata: {name: quick-short}
      spec:
        severity: page
        condition:
          op: gt
          threshold: 13.44
          lookbackWindow: 5m
          alertAfter: 0m
  notificationTargets:
    - targetRef: page
---
apiVersion: openslo/v1
kind: AlertCondition
metadata:
  name: quick
spec:
  severity: page
  condition:
    kind: burnrate
    op: gt
    threshold: 13.44
    lookbackWindow: 1h
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata:
  name: page
spec:
  target: page
"#;

fn edited(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// What is said of the file with each of these edits alone.
fn check(edits: &[(&str, &str)]) -> String {
    let said = |(from, to): &(&str, &str)| match openslo::read(&edited(from, to), "f") {
        Ok(read) => {
            // How to connect is always left out.
            let notes = read.notes.iter().filter(|note| note.document != "DataSource prometheus");
            let notes: String = notes.map(|note| format!("note {note}\n")).collect();
            format!("{} read\n{notes}", read.slos.len())
        }
        Err(problems) => format!("{problems}\n"),
    };
    edits.iter().map(said).collect()
}

#[test]
fn a_file_in_which_nothing_is_wrong() {
    insta::assert_snapshot!(check(&[("", "")]), @"1 read");
    let slo = &openslo::read(GOOD, "f").unwrap().slos[0];
    insta::assert_debug_snapshot!(slo, @r#"
    Slo {
        name: "turns",
        description: "A turn is answered.",
        labels: {
            "service": "voice",
            "team": "voice",
        },
        indicator: Promql(
            Counts {
                good: "sum(turns_total{code!~\"5..\"})",
                total: "sum(turns_total)",
            },
        ),
        target: 0.999,
        period: Period(
            Rolling(
                2419200s,
            ),
        ),
        budgeting: Timeslices {
            slice: 60s,
            good_from: 0.95,
        },
        policies: Policies {
            no_traffic: Good,
            unknown: Skip,
            stopped: Skip,
        },
        corrections: [],
        alerting: Alerting {
            rules: [
                BurnRule {
                    name: "quick",
                    severity: Page,
                    budget: 0.02,
                    long: 3600s,
                    short: 300s,
                },
            ],
            without: {},
            scaling: Factors,
            detection: BurnRate,
            min_bad: 1,
            min_events: 0,
        },
    }
    "#);
}

#[test]
fn syntax() {
    let texts = [
        "a: [1, 2",
        "a: b: c",
        "\tkey: 1",
        "a: \"x",
        "a: *nobody",
        "a: &a [*a]",
        "a: !!binary aGk=",
        "a: !custom 5",
        "a: 1\na: 2\n",
        "? [1, 2]\n: 3",
        "plain",
        "- 5",
        "",
        "---\n---\n",
        "%YAML 1.2\n--- 5",
        "a: \"\\q\"",
        "kind: SLO\u{0}",
    ];
    let said = |text: &&str| match openslo::read(text, "f") {
        Ok(read) => format!("{:?}: {} read\n", text, read.slos.len()),
        Err(problems) => format!("{text:?}: {problems}\n"),
    };
    insta::assert_snapshot!(texts.iter().map(said).collect::<String>(), @r#"
    "a: [1, 2": f:2:1: the file is not YAML: while parsing a flow sequence, expected ',' or ']'
    "a: b: c": f:1:5: the file is not YAML: mapping values are not allowed in this context
    "\tkey: 1": f:1:2: key is not known: accepted is apiVersion, kind, metadata or spec
    f:1:2: apiVersion is missing: accepted is openslo/v1
    f:1:2: kind is missing: accepted is AlertCondition, AlertNotificationTarget, AlertPolicy, DataSource, Service, SLI or SLO
    f:1:2: metadata is missing: accepted is a table with a name
    f:1:2: spec is missing: accepted is a table
    "a: \"x": f:1:4: the file is not YAML: while scanning a quoted scalar, found unexpected end of stream
    "a: *nobody": f:1:4: the file is not YAML: while parsing node, found unknown anchor
    "a: &a [*a]": f:1:8: an alias stands inside of what it names
    "a: !!binary aGk=": f:1:4: the value has the tag tag:yaml.org,2002:!binary: accepted is a value without
    "a: !custom 5": f:1:4: the value has the tag !custom: accepted is a value without
    "a: 1\na: 2\n": f:1:1: a is not known: accepted is apiVersion, kind, metadata or spec
    f:1:1: apiVersion is missing: accepted is openslo/v1
    f:1:1: kind is missing: accepted is AlertCondition, AlertNotificationTarget, AlertPolicy, DataSource, Service, SLI or SLO
    f:1:1: metadata is missing: accepted is a table with a name
    f:1:1: spec is missing: accepted is a table
    f:2:1: a is given twice, first in line 1
    "? [1, 2]\n: 3": f:1:3: a key is a list: accepted is a word
    "plain": f:1:1: the document is "plain": accepted is a table
    "- 5": f:1:3: the document is 5: accepted is a table
    "": 0 read
    "---\n---\n": 0 read
    "%YAML 1.2\n--- 5": f:2:5: the document is 5: accepted is a table
    "a: \"\\q\"": f:1:4: the file is not YAML: while parsing a quoted scalar, found unknown escape character
    "kind: SLO\0": f:1:10: the file is not YAML: found unprintable character
    "#);
}

#[test]
fn objects() {
    insta::assert_snapshot!(check(&[
        ("openslo/v1", "openslo/v1alpha"),
        ("openslo/v1", "v1"),
        ("apiVersion: openslo/v1\nkind: SLO", "kind: SLO"),
        ("kind: SLO", "kind: Slo"),
        ("kind: SLO", "kind: 5"),
        ("kind: SLO\n", ""),
        ("kind: SLO", "knd: SLO"),
        ("metadata:\n  name: turns\n  labels:\n    team: voice\n", ""),
        ("name: turns", "name: Turns"),
        ("name: turns", "name: -turns"),
        ("name: turns", "name: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"),
        ("name: turns", "name: \"\""),
        ("name: turns", "name: 5"),
        ("name: turns", "name: [turns]"),
        ("team: voice", "-team: voice"),
        ("team: voice", "team: 5"),
        ("team: voice", "team: [a, {}]"),
        ("team: voice", "team: [a, b]"),
        ("  labels:", "  labls:"),
        ("  labels:", "  annotations: {a b: c}\n  labels:"),
        ("  labels:", "  annotations: {Example.com/b: c}\n  labels:"),
        ("  labels:", "  annotations: {example.com/b: 5}\n  labels:"),
        ("  labels:", "  annotations: {example.com/b: c}\n  labels:"),
        ("  labels:", "  displayName: Turns\n  labels:"),
        ("kind: DataSource\nmetadata:\n  name: prometheus", "kind: SLI\nmetadata:\n  name: turns"),
    ]), @r#"
    f:1:13: SLO turns: apiVersion is "openslo/v1alpha": accepted is openslo/v1
    f:1:13: SLO turns: apiVersion is "v1": accepted is openslo/v1
    f:1:1: SLO turns: apiVersion is missing: accepted is openslo/v1
    f:2:7: Slo turns: kind is "Slo": accepted is AlertCondition, AlertNotificationTarget, AlertPolicy, DataSource, Service, SLI or SLO; did you mean SLO?
    f:2:7: turns: kind is 5: accepted is AlertCondition, AlertNotificationTarget, AlertPolicy, DataSource, Service, SLI or SLO
    f:1:1: turns: kind is missing: accepted is AlertCondition, AlertNotificationTarget, AlertPolicy, DataSource, Service, SLI or SLO
    f:1:1: turns: kind is missing: accepted is AlertCondition, AlertNotificationTarget, AlertPolicy, DataSource, Service, SLI or SLO
    f:2:1: turns: knd is not known; did you mean kind?
    f:1:1: SLO: metadata is missing: accepted is a table with a name
    f:4:9: SLO Turns: metadata.name is "Turns": accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    f:4:9: SLO -turns: metadata.name is "-turns": accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    f:4:9: SLO aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg: metadata.name is "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg": accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    f:4:9: SLO: metadata.name is "": accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    f:4:9: SLO: metadata.name is 5: accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    f:4:9: SLO: metadata.name is a list: accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    f:6:12: SLO turns: metadata.labels.-team has a key that is not accepted: accepted is 1 to 63 letters and digits and, between them, - _ .
    f:6:11: SLO turns: metadata.labels.team is 5: accepted is a text or a list of texts; numbers and true or false in quotes
    f:6:11: SLO turns: metadata.labels.team is a list: accepted is a text or a list of texts; numbers and true or false in quotes
    1 read
    note f:6:11: SLO turns: metadata.labels.team has 2 values: here they are one, with commas
    f:5:3: SLO turns: metadata.labls is not known; did you mean labels?
    f:5:22: SLO turns: metadata.annotations.a b has a key that is not accepted: accepted is 1 to 63 letters and digits and, between them, - _ ., and before it, if anything, a domain and a slash
    f:5:32: SLO turns: metadata.annotations.Example.com/b has a key that is not accepted: accepted is 1 to 63 letters and digits and, between them, - _ ., and before it, if anything, a domain and a slash
    f:5:32: SLO turns: metadata.annotations.example.com/b is 5: accepted is a text; numbers and true or false in quotes
    1 read
    note f:5:32: SLO turns: metadata.annotations.example.com/b is left out: it has no counterpart
    1 read
    note f:5:16: SLO turns: metadata.displayName is left out: objectives have one name, in letters, digits and hyphens
    f:32:26: SLI turns: spec.ratioMetric.good.metricSource.metricSourceRef is "prometheus", which names no DataSource: accepted is one that is given, or a type beside it
    f:44:9: SLI turns: metadata.name is the name of another SLI, in line 26: accepted is a new one
    "#);
}

#[test]
fn windows_and_periods() {
    let rolling = "    - duration: 28d\n      isRolling: true\n";
    let calendar = |duration: &str, start: &str, zone: &str| {
        format!("    - duration: {duration}\n      calendar: {{startTime: {start}, timeZone: {zone}}}\n")
    };
    let start = "2026-01-01 00:00:00";
    let edits = [
        "    []\n".to_owned(),
        format!("{rolling}{rolling}"),
        "    - isRolling: true\n".to_owned(),
        "    - duration: 28d\n".to_owned(),
        "    - duration: 28d\n      isRolling: yes\n".to_owned(),
        "    - {duration: 28, isRolling: true}\n".to_owned(),
        "    - {duration: 0d, isRolling: true}\n".to_owned(),
        "    - {duration: -1d, isRolling: true}\n".to_owned(),
        "    - {duration: 1.5d, isRolling: true}\n".to_owned(),
        "    - {duration: 28D, isRolling: true}\n".to_owned(),
        "    - {duration: 4 w, isRolling: true}\n".to_owned(),
        "    - {duration: 99999999999999999999w, isRolling: true}\n".to_owned(),
        "    - {duration: 1M, isRolling: true}\n".to_owned(),
        "    - {duration: 1Q, isRolling: true}\n".to_owned(),
        "    - {duration: 1Y, isRolling: true}\n".to_owned(),
        "    - {duration: 500d, isRolling: true}\n".to_owned(),
        format!("    - {{duration: 28d, isRolling: true, calendar: {{startTime: {start}, timeZone: UTC}}}}\n"),
        calendar("1M", start, "Europe/Nowhere"),
        calendar("1M", start, "5"),
        calendar("1M", "2026-02-30 00:00:00", "UTC"),
        calendar("1M", "2026-01-01", "UTC"),
        calendar("1M", "2026-01-01T00:00:00Z", "UTC"),
        calendar("1M", "soon", "UTC"),
        "    - {duration: 1M, calendar: {}}\n".to_owned(),
        calendar("1M", start, "UTC"),
        calendar("1M", "2026-01-15 00:00:00", "UTC"),
        calendar("1w", "2026-01-01 09:00:00", "UTC"),
        calendar("3M", start, "UTC"),
        calendar("1Q", "2026-02-01 00:00:00", "UTC"),
        calendar("12M", start, "UTC"),
        calendar("2M", start, "UTC"),
        calendar("5h", start, "UTC"),
    ];
    let edits: Vec<(&str, &str)> = edits.iter().map(|edit| (rolling, &**edit)).collect();
    insta::assert_snapshot!(check(&edits), @r#"
    f:12:5: SLO turns: spec.timeWindow has 0 windows: accepted is exactly one
    f:12:5: SLO turns: spec.timeWindow has 2 windows: accepted is exactly one
    f:12:7: SLO turns: spec.timeWindow[0].duration is missing: accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:7: SLO turns: spec.timeWindow[0] neither rolls nor has a calendar: accepted is isRolling: true or a calendar
    f:13:18: SLO turns: spec.timeWindow[0].isRolling is "yes": accepted is true or false
    f:12:18: SLO turns: spec.timeWindow[0].duration is 28: accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "0d": accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "-1d": accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "1.5d": accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "28D": accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "4 w": accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "99999999999999999999w": accepted is a whole number above 0 and m, h, d, w, M, Q or Y, such as 5m or 4w
    f:12:18: SLO turns: spec.timeWindow[0].duration is "1M", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w, or a calendar
    f:12:18: SLO turns: spec.timeWindow[0].duration is "1Q", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w, or a calendar
    f:12:18: SLO turns: spec.timeWindow[0].duration is "1Y", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w, or a calendar
    0 read
    note f:8:3: SLO turns: spec is left out, since its time window has no counterpart
    note f:12:18: SLO turns: spec.timeWindow[0].duration has no counterpart: period "43200000s": is no length to judge an objective over; give whole seconds, from a minute to 400 days; 28d is customary
    f:12:50: SLO turns: spec.timeWindow[0].calendar cannot stand beside isRolling: true: accepted is one of them
    f:13:60: SLO turns: spec.timeWindow[0].calendar.timeZone is not accepted: time zone "Europe/Nowhere": failed to find time zone `Europe/Nowhere` in time zone database; give a name of the IANA database, such as Europe/Berlin or UTC; if the machine has no database, install tzdata or turn on jiff's feature tzdb-bundle-always
    f:13:60: SLO turns: spec.timeWindow[0].calendar.timeZone is 5: accepted is a text that is not empty
    f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "2026-02-30 00:00:00": accepted is a date and a time without zone, such as 2026-01-01 00:00:00
    f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "2026-01-01": accepted is a date and a time without zone, such as 2026-01-01 00:00:00
    f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "2026-01-01T00:00:00Z": accepted is a date and a time without zone, such as 2026-01-01 00:00:00
    f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "soon": accepted is a date and a time without zone, such as 2026-01-01 00:00:00
    f:12:32: SLO turns: spec.timeWindow[0].calendar.startTime is missing: accepted is a date and a time without zone, such as 2026-01-01 00:00:00
    f:12:32: SLO turns: spec.timeWindow[0].calendar.timeZone is missing: accepted is a time zone such as Europe/Berlin
    1 read
    1 read
    note f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "2026-01-15 00:00:00": here such a period begins on the first of a month, at midnight
    1 read
    note f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "2026-01-01 09:00:00": here a period begins at midnight
    1 read
    1 read
    note f:13:29: SLO turns: spec.timeWindow[0].calendar.startTime is "2026-02-01 00:00:00": here such a period begins on the first of January, April, July or October, at midnight
    1 read
    0 read
    note f:8:3: SLO turns: spec is left out, since its time window has no counterpart
    note f:12:17: SLO turns: spec.timeWindow[0].duration has no counterpart: of the calendar there are periods of one day, week, month, quarter or year
    0 read
    note f:8:3: SLO turns: spec is left out, since its time window has no counterpart
    note f:12:17: SLO turns: spec.timeWindow[0].duration has no counterpart: of the calendar there are periods of one day, week, month, quarter or year
    "#);
}

#[test]
fn targets_and_slices() {
    insta::assert_snapshot!(check(&[
        ("target: 0.999", "target: 1"),
        ("target: 0.999", "target: 1.0"),
        ("target: 0.999", "target: 99.9"),
        ("target: 0.999", "target: 100"),
        ("target: 0.999", "target: -0.5"),
        ("target: 0.999", "target: \"0.999\""),
        ("target: 0.999", "target: .nan"),
        ("target: 0.999", "target: 9e-1"),
        ("target: 0.999", "target: 0"),
        ("target: 0.999", "target: 0.9999999999999"),
        ("target: 0.999", "targetPercent: 100"),
        ("target: 0.999", "targetPercent: 99.9"),
        ("target: 0.999", "target: 0.999\n      targetPercent: 99.9"),
        ("target: 0.999", "displayName: none"),
        ("timeSliceTarget: 0.95", "timeSliceTarget: 0"),
        ("timeSliceTarget: 0.95", "timeSliceTarget: 1"),
        ("timeSliceTarget: 0.95", "timeSliceTarget: 1.1"),
        ("      timeSliceTarget: 0.95\n", ""),
        ("      timeSliceWindow: 1m\n", ""),
        ("timeSliceWindow: 1m", "timeSliceWindow: 5"),
        ("timeSliceWindow: 1m", "timeSliceWindow: 0"),
        ("timeSliceWindow: 1m", "timeSliceWindow: 7m"),
        ("timeSliceWindow: 1m", "timeSliceWindow: 1M"),
        ("budgetingMethod: Timeslices", "budgetingMethod: Timeslice"),
        ("budgetingMethod: Timeslices", "budgetingMethod: average"),
        ("  budgetingMethod: Timeslices\n", ""),
        ("budgetingMethod: Timeslices", "budgetingMethod: RatioTimeslices"),
        ("    - target: 0.999\n      timeSliceTarget: 0.95\n      timeSliceWindow: 1m\n", "    []\n"),
        ("timeSliceWindow: 1m", "timeSliceWindow: 1m\n    - {target: 0.9, timeSliceTarget: 0.5, timeSliceWindow: 1m}"),
    ]), @r#"
    f:16:15: SLO turns: spec.objectives[0].target is 1: accepted is a number from 0 to below 1, such as 0.999
    f:16:15: SLO turns: spec.objectives[0].target is 1.0: accepted is a number from 0 to below 1, such as 0.999
    f:16:15: SLO turns: spec.objectives[0].target is 99.9: accepted is a number from 0 to below 1, such as 0.999; for percent write targetPercent: 99.9
    f:16:15: SLO turns: spec.objectives[0].target is 100: accepted is a number from 0 to below 1, such as 0.999
    f:16:15: SLO turns: spec.objectives[0].target is -0.5: accepted is a number from 0 to below 1, such as 0.999
    f:16:15: SLO turns: spec.objectives[0].target is "0.999": accepted is a number from 0 to below 1, such as 0.999
    f:16:15: SLO turns: spec.objectives[0].target is .nan: accepted is a number from 0 to below 1, such as 0.999
    f:16:15: SLO turns: spec.objectives[0].target is 9e-1: accepted is a number from 0 to below 1, such as 0.999
    0 read
    note f:16:7: SLO turns: spec.objectives[0] is left out: its target has no counterpart
    note f:16:15: SLO turns: spec.objectives[0].target has no counterpart: target "0": is 0, which everything meets; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    0 read
    note f:16:7: SLO turns: spec.objectives[0] is left out: its target has no counterpart
    note f:16:15: SLO turns: spec.objectives[0].target has no counterpart: target "0.9999999999999": has more decimals than are kept; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:16:22: SLO turns: spec.objectives[0].targetPercent is 100: accepted is a number from 0 to below 100, such as 99.9
    1 read
    f:16:7: SLO turns: spec.objectives[0] has target and targetPercent: accepted is one of them
    f:16:7: SLO turns: spec.objectives[0] has none of target and targetPercent: accepted is one of them
    f:17:24: SLO turns: spec.objectives[0].timeSliceTarget is 0: accepted is a number above 0 and up to 1, such as 0.95
    1 read
    f:17:24: SLO turns: spec.objectives[0].timeSliceTarget is 1.1: accepted is a number above 0 and up to 1, such as 0.95
    f:16:7: SLO turns: spec.objectives[0].timeSliceTarget is missing: accepted is a number above 0 and up to 1, such as 0.95
    f:16:7: SLO turns: spec.objectives[0].timeSliceWindow is missing: accepted is a length such as 1m, or a whole number of minutes
    1 read
    f:18:24: SLO turns: spec.objectives[0].timeSliceWindow is 0: accepted is a length such as 1m, or a whole number of minutes
    0 read
    note f:16:7: SLO turns: spec.objectives[0] is left out: objective "turns": slices of 420s do not divide an hour; give whole seconds that do, such as 1m or 5m
    f:18:24: SLO turns: spec.objectives[0].timeSliceWindow is "1M", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w
    f:14:20: SLO turns: spec.budgetingMethod is "Timeslice": accepted is Occurrences, Timeslices or RatioTimeslices; did you mean Timeslices?
    f:14:20: SLO turns: spec.budgetingMethod is "average": accepted is Occurrences, Timeslices or RatioTimeslices
    f:8:3: SLO turns: spec.budgetingMethod is missing: accepted is Occurrences, Timeslices or RatioTimeslices
    1 read
    f:16:5: SLO turns: spec.objectives is an empty list: accepted is at least one objective
    2 read
    note f:21:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is left out: objective "turns-2": burn rule quick (1h and 5m): it needs 134.4 % of events to be bad, which never happens with a target of 0.9; leave it out by without("quick"), or change its budget or its windows
    "#);
}

#[test]
fn indicators() {
    let source = "type: Prometheus\n        spec:\n          query: sum(turns_total)\n";
    insta::assert_snapshot!(check(&[
        ("indicatorRef: turns", "indicatorRef: turn"),
        ("indicatorRef: turns", "indicatorRef: others"),
        ("  indicatorRef: turns\n", ""),
        ("indicatorRef: turns", "indicatorRef: turns\n  indicator: {metadata: {name: a}, spec: {}}"),
        ("  ratioMetric:", "  rationMetric:"),
        ("  ratioMetric:", "  thresholdMetric: {metricSource: {type: Prometheus, spec: {query: up}}}\n  ratioMetric:"),
        ("counter: true", "counter: 1"),
        ("counter: true", "counter: false"),
        ("    good:", "    bad:"),
        ("    good:", "    bad: {}\n    good:"),
        ("    total:", "    raw:"),
        ("    counter: true", "    rawType: success"),
        ("    total:\n      metricSource:\n        type: Prometheus\n        spec:\n          query: sum(turns_total)\n", ""),
        (source, "type: Prometheus\n"),
        (source, "type: Prometheus\n        spec: {}\n"),
        (source, "spec: {query: up}\n"),
        (source, "metricSourceRef: nobody\n        spec: {query: up}\n"),
        (source, "type: Datadog\n        spec: {query: sum}\n"),
        (source, "type: Prometheus\n        spec: {metric: up}\n"),
        (source, "type: prometheus\n        spec: {query: sum(turns_total), dimensions: [a]}\n"),
        (source, "type: Prometheus\n        spec: {query: 'sum('}\n"),
        (source, "type: Bellwether\n        spec: {count: total, availability: {}}\n"),
        ("sum(turns_total)\n", "sum(rate(turns_total[{{.window}}]))\n"),
        ("service: voice", "service: ''"),
        ("  service: voice\n", ""),
        ("indicatorRef: turns", "indicatorRef: turns\n  owner: me"),
    ]), @r#"
    f:10:17: SLO turns: spec.indicatorRef is "turn", which names no SLI; did you mean turns?
    f:10:17: SLO turns: spec.indicatorRef is "others", which names no SLI: there are turns
    f:8:3: SLO turns: spec has none of indicator and indicatorRef: accepted is one of them
    f:8:3: SLO turns: spec has indicator and indicatorRef: accepted is one of them
    f:28:3: SLI turns: spec.rationMetric is not known; did you mean ratioMetric?
    f:28:3: SLI turns: spec has none of thresholdMetric and ratioMetric: accepted is one of them
    f:28:3: SLI turns: spec has thresholdMetric and ratioMetric: accepted is one of them
    f:29:14: SLI turns: spec.ratioMetric.counter is 1: accepted is true or false
    1 read
    1 read
    f:29:5: SLI turns: spec.ratioMetric has good and bad: accepted is one of them
    f:29:5: SLI turns: spec.ratioMetric.rawType is missing: accepted is success or failure
    f:31:7: SLI turns: spec.ratioMetric.good cannot stand beside raw: accepted is one of them
    f:29:14: SLI turns: spec.ratioMetric.rawType cannot stand without raw: accepted is raw beside it, or neither
    f:29:5: SLI turns: spec.ratioMetric has none of total and raw: accepted is one of them
    f:37:9: SLI turns: spec.ratioMetric.total.metricSource.spec is missing: accepted is a table of what the source is asked
    f:38:15: SLI turns: spec.ratioMetric.total.metricSource.spec is empty: accepted is what the source is asked
    f:37:9: SLI turns: spec.ratioMetric.total.metricSource.type is missing: accepted is a type such as Prometheus, or metricSourceRef, which names a DataSource
    f:37:26: SLI turns: spec.ratioMetric.total.metricSource.metricSourceRef is "nobody", which names no DataSource: accepted is one that is given, or a type beside it
    0 read
    note f:16:7: SLO turns: spec.objectives[0] is left out: what it measures has no counterpart
    note f:37:9: SLI turns: spec.ratioMetric.total.metricSource is left out: sources of the type Datadog are not read, those of Prometheus are
    0 read
    note f:16:7: SLO turns: spec.objectives[0] is left out: what it measures has no counterpart
    note f:38:15: SLI turns: spec.ratioMetric.total.metricSource.spec is left out: it has no query, which is what a source of PromQL is asked
    note f:38:24: SLI turns: spec.ratioMetric.total.metricSource.spec.metric is left out: what Prometheus is asked is the query
    1 read
    note f:38:53: SLI turns: spec.ratioMetric.total.metricSource.spec.dimensions is left out: what Prometheus is asked is the query
    f:38:15: SLI turns: spec.ratioMetric.total.metricSource.spec has a query that is no PromQL: 1:5: parse error: unclosed left parenthesis
    f:28:3: SLI turns: spec has one source of the type Bellwether: accepted are both or none
    1 read
    f:9:12: SLO turns: spec.service is "": accepted is a text that is not empty
    f:8:3: SLO turns: spec.service is missing: accepted is the name of a service
    f:11:3: SLO turns: spec.owner is not known: accepted is description, service, indicator, indicatorRef, timeWindow, budgetingMethod, objectives or alertPolicies
    "#);
}

#[test]
fn values_are_compared_as_op_says() {
    let ratio = GOOD.split("  ratioMetric:").nth(1).unwrap().split("---").next().unwrap();
    let text = edited(
        &format!("  ratioMetric:{ratio}"),
        "  thresholdMetric: {metricSource: {type: Prometheus, spec: {query: avg(lag_seconds)}}}\n",
    );
    let with = |edit: &str| match openslo::read(&text.replace("target: 0.999", &format!("target: 0.999{edit}")), "f") {
        Ok(read) => format!("{:?}\n", read.slos[0].indicator),
        Err(problems) => format!("{problems}\n"),
    };
    let edits = [
        "\n      op: lte\n      value: 5.5",
        "\n      op: gte\n      value: -1",
        "\n      op: lt\n      value: 0",
        "\n      op: gt\n      value: 5",
        "\n      op: eq\n      value: 5",
        "\n      op: lte",
        "\n      value: 5",
        "\n      op: lte\n      value: five",
    ];
    insta::assert_snapshot!(edits.map(with).concat(), @r#"
    Promql(Ratio("(avg(lag_seconds)) <= bool 5.5"))
    Promql(Ratio("(avg(lag_seconds)) >= bool -1"))
    Promql(Ratio("(avg(lag_seconds)) < bool 0"))
    Promql(Ratio("(avg(lag_seconds)) > bool 5"))
    f:17:11: SLO turns: spec.objectives[0].op is "eq": accepted is gt, gte, lt or lte
    f:16:7: SLO turns: spec.objectives[0].value is missing: accepted is a number
    f:16:7: SLO turns: spec.objectives[0].op is missing: accepted is lte, gte, lt or gt
    f:18:14: SLO turns: spec.objectives[0].value is "five": accepted is a number
    "#);
}

#[test]
fn ratios_are_of_good_events() {
    let ratio = GOOD.split("  ratioMetric:").nth(1).unwrap().split("---").next().unwrap();
    let with = |metrics: &str| {
        let text = edited(&format!("  ratioMetric:{ratio}"), &format!("  ratioMetric: {{{metrics}}}\n"));
        format!("{:?}\n", openslo::read(&text, "f").unwrap().slos[0].indicator)
    };
    let a = "{metricSource: {type: Prometheus, spec: {query: sum(a)}}}";
    let b = "{metricSource: {type: Prometheus, spec: {query: \"sum(rate(b[{{.window}}]))\"}}}";
    let metrics = [
        format!("good: {a}, total: {a}"),
        format!("bad: {a}, total: {b}"),
        format!("counter: true, good: {a}, total: {a}"),
        format!("counter: true, bad: {a}, total: {b}"),
        format!("bad: {b}, total: {b}"),
        format!("raw: {a}, rawType: success"),
        format!("raw: {b}, rawType: failure"),
    ];
    insta::assert_snapshot!(metrics.map(|metrics| with(&metrics)).concat(), @r#"
    Promql(Ratio("(sum(a)) / (sum(a))"))
    Promql(Ratio("1 - (sum(a)) / (sum(rate(b[1m])))"))
    Promql(Counts { good: "sum(a)", total: "sum(a)" })
    Promql(BadCounts { bad: "sum(a)", total: "sum(b)" })
    Promql(BadCounts { bad: "sum(b)", total: "sum(b)" })
    Promql(Ratio("sum(a)"))
    Promql(Ratio("1 - (sum(rate(b[1m])))"))
    "#);
}

/// A twelfth of five minutes is shorter than a slice: the rule is read as it is judged, and so it is written.
#[test]
fn short_windows_have_room_for_a_slice() {
    let text = edited("bellwether/window: short", "bellwether/side: short");
    let read = openslo::read(&text, "f").unwrap();
    let rules = &read.slos[0].alerting.rules;
    assert!(rules.iter().any(|rule| rule.long.as_secs() == 300 && rule.short.as_secs() == 60), "{rules:?}");
    let again = openslo::read(&openslo::write(&read.slos, "f").text, "f").unwrap();
    assert_eq!(again.slos, read.slos);
}

#[test]
fn annotations_are_believed_where_fields_agree() {
    let with = |edits: &[(&str, &str)]| {
        let text = edits.iter().fold(GOOD.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        let read = openslo::read(&text, "f").unwrap();
        let notes = read.notes.iter().filter(|note| note.document != "DataSource prometheus");
        let notes: String = notes.map(|note| format!("note {note}\n")).collect();
        let slo = &read.slos[0];
        format!("{} {:?} {:?}\n{notes}", slo.period, slo.budgeting, slo.alerting.rules)
    };
    let annotated = |text: &str| format!("  annotations: {{{text}}}\n  labels:");
    let period = annotated("bellwether/period: 90s");
    let slice = annotated("bellwether/slice: 30s");
    let lookback = "    bellwether/lookback: 50s\n    bellwether/window: short";
    insta::assert_snapshot!(
        [
            with(&[("  labels:", &period)]),
            with(&[("  labels:", &period), ("duration: 28d", "duration: 2m"), ("    - alertPolicyRef: quick\n    - alertPolicyRef: quick-short\n", "    []\n")]),
            with(&[("  labels:", &annotated("bellwether/slice: 90s"))]),
            with(&[("  labels:", &slice)]),
            with(&[("  labels:", &annotated("bellwether/min-bad: few, bellwether/detection: any, bellwether/unknown: maybe"))]),
            with(&[("  labels:", &annotated("bellwether/minbad: \"5\""))]),
            with(&[("    bellwether/window: short", lookback)]),
            with(&[("    bellwether/window: short", lookback), ("lookbackWindow: 5m", "lookbackWindow: 1m")]),
            with(&[("    bellwether/window: long", "    bellwether/window: long\n    bellwether/budget-share: \"0.5\"")]),
            with(&[("    bellwether/window: long", "    bellwether/window: long\n    bellwether/budget-share: many")]),
        ]
        .concat(),
        @r#"
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:13:17: SLO turns: spec.timeWindow[0].duration does not agree with the annotation "90s", which is left out
    90s Timeslices { slice: 60s, good_from: 0.95 } []
    note f:57:3: AlertPolicy quick: spec is left out: nothing refers to it
    note f:71:3: AlertPolicy quick-short: spec is left out: nothing refers to it
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:17:7: SLO turns: spec.objectives[0] does not agree with the annotation "90s", which is left out
    28d Timeslices { slice: 30s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:5:16: SLO turns: metadata.annotations has unknown, which is not good, bad, skip or carry_last: left out
    note f:5:16: SLO turns: metadata.annotations have detection, which is left out: it is not budget_share or burn_rate
    note f:5:16: SLO turns: metadata.annotations have min-bad, which is left out: it is no whole number
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:5:36: SLO turns: metadata.annotations.bellwether/minbad is left out: it has no counterpart
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:81:27: AlertPolicy quick-short: spec.conditions[0].spec.condition.lookbackWindow does not agree with the annotation "50s", which is left out
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 60s }]
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef does not agree with its annotation of a share of the budget, which is left out
    28d Timeslices { slice: 60s, good_from: 0.95 } [BurnRule { name: "quick", severity: Page, budget: 0.02, long: 3600s, short: 300s }]
    note f:54:5: AlertPolicy quick: metadata.annotations have a share of the budget that is left out: share "many": is no decimal number; give a share above 0 and up to 1, such as 0.02 or "2%", of twelve decimals at most
    "#
    );
}

#[test]
fn alerts() {
    insta::assert_snapshot!(check(&[
        ("alertPolicyRef: quick\n", "alertPolicyRef: quik\n"),
        ("- alertPolicyRef: quick\n", "- quick\n"),
        ("- alertPolicyRef: quick\n", "- 5\n"),
        ("    - alertPolicyRef: quick\n", ""),
        ("    - alertPolicyRef: quick-short\n", ""),
        ("conditionRef: quick", "conditionRef: fast"),
        ("conditionRef: quick", "conditionRef: quick\n    - conditionRef: quick"),
        ("  conditions:\n    - conditionRef: quick\n", ""),
        ("  notificationTargets:\n    - targetRef: page\n", ""),
        ("targetRef: page", "targetRef: Page"),
        ("targetRef: page", "targetRef: slack"),
        ("alertWhenBreaching: true", "alertWhenBreaching: 'true'"),
        ("alertWhenBreaching: true", "alertWhenBreaching: false"),
        ("alertWhenBreaching: true", "alertWhenBreaching: true\n  alertWhenNoData: true"),
        ("kind: burnrate", "kind: latency"),
        ("    op: gt\n    threshold: 13.44\n    lookbackWindow: 1h", "    threshold: 13.44\n    lookbackWindow: 1h"),
        ("op: gt\n    threshold", "op: lte\n    threshold"),
        ("op: gt\n    threshold", "op: gte\n    threshold"),
        ("op: gt\n    threshold", "op: above\n    threshold"),
        ("threshold: 13.44\n    lookback", "threshold: high\n    lookback"),
        ("threshold: 13.44\n    lookback", "threshold: 0\n    lookback"),
        ("threshold: 13.44\n    lookback", "threshold: 0.5\n    lookback"),
        ("threshold: 13.44\n    lookback", "threshold: 14\n    lookback"),
        ("threshold: 13.44\n    lookback", "threshold: 1000\n    lookback"),
        ("threshold: 13.44\n    lookback", "lookback"),
        ("lookbackWindow: 1h", "lookbackWindow: 1M"),
        ("lookbackWindow: 1h", "lookbackWindow: 60"),
        ("alertAfter: 0m", "alertAfter: 2m"),
        ("severity: page\n  condition", "severity: critical\n  condition"),
        ("severity: page\n  condition", "severity: ''\n  condition"),
        ("    bellwether/window-pair: quick\n    bellwether/window: long", "    a: b"),
        ("  target: page\n", "  target: ''\n"),
    ]), @r#"
    f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is "quik", which names no AlertPolicy; did you mean quick?
    1 read
    f:20:7: SLO turns: spec.alertPolicies[0] is 5: accepted is a table
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is left out: there is no policy for the long window of quick
    note f:56:3: AlertPolicy quick: spec is left out: nothing refers to it
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef has no partner for the short window of quick: that is a twelfth of the long one
    note f:70:3: AlertPolicy quick-short: spec is left out: nothing refers to it
    f:59:21: AlertPolicy quick: spec.conditions[0].conditionRef is "fast", which names no AlertCondition: there are quick
    f:59:5: AlertPolicy quick: spec.conditions has 2 conditions: accepted is exactly one
    f:57:3: AlertPolicy quick: spec.conditions is missing: accepted is a list of exactly one condition
    f:57:3: AlertPolicy quick: spec.notificationTargets is missing: accepted is a list of targets
    f:61:18: AlertPolicy quick: spec.notificationTargets[0].targetRef is "Page": accepted is a name of 1 to 63 characters: a to z, 0 to 9 and, between them, -
    1 read
    note f:61:7: AlertPolicy quick: spec.notificationTargets[0] is left out: whom to tell is not part of an objective
    f:57:23: AlertPolicy quick: spec.alertWhenBreaching is "true": accepted is true or false
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is left out: it does not alert when its condition is breached
    note f:21:23: SLO turns: spec.alertPolicies[1].alertPolicyRef is left out: there is no policy for the long window of quick
    note f:57:3: AlertPolicy quick: spec is left out: it does not alert when its condition is breached
    1 read
    note f:58:20: AlertPolicy quick: spec.alertWhenNoData is left out: whom to tell what is not part of an objective
    f:92:11: AlertCondition quick: spec.condition.kind is "latency": accepted is burnrate
    1 read
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is left out: its op says to alert while the burn rate is <= 13.44; gt is above it (line 93)
    note f:21:23: SLO turns: spec.alertPolicies[1].alertPolicyRef is left out: there is no policy for the long window of quick
    note f:57:3: AlertPolicy quick: spec is left out: its op says to alert while the burn rate is <= 13.44; gt is above it
    1 read
    note f:93:9: AlertCondition quick: spec.condition.op is gte: here a burn rate is too fast above its threshold, not at it
    f:93:9: AlertCondition quick: spec.condition.op is "above": accepted is gt, gte, lt or lte
    f:94:16: AlertCondition quick: spec.condition.threshold is "high": accepted is a number, the burn rate, such as 14.4
    1 read
    note f:21:23: SLO turns: spec.alertPolicies[1].alertPolicyRef is left out: there is no policy for the long window of quick
    note f:94:16: AlertCondition quick: spec.condition.threshold is left out: a burn rate above that is no trouble
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef differs from its partner of quick in threshold or severity: this one's are taken
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is left out: objective "turns": burn rule quick (1h and 5m): its factor of 0.500 is below 1, so it would be true while the budget lasts; leave it out by without("quick"), or change its budget or its windows
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef differs from its partner of quick in threshold or severity: this one's are taken
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef differs from its partner of quick in threshold or severity: this one's are taken
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef is left out: at its threshold more than the whole budget would be spent within its window
    f:92:5: AlertCondition quick: spec.condition.threshold is missing: accepted is a number, the burn rate, such as 14.4
    f:95:21: AlertCondition quick: spec.condition.lookbackWindow is "1M", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w
    f:95:21: AlertCondition quick: spec.condition.lookbackWindow is 60: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w
    1 read
    note f:81:23: AlertPolicy quick-short: spec.conditions[0].spec.condition.alertAfter is left out: here a second, short window tells trouble that goes on from trouble that is over
    1 read
    note f:90:13: AlertCondition quick: spec.severity is "critical": here it is page
    f:90:13: AlertCondition quick: spec.severity is "": accepted is a text that is not empty
    1 read
    note f:20:23: SLO turns: spec.alertPolicies[0].alertPolicyRef looks at one window: here the last 5m of it must burn as fast, too
    note f:21:23: SLO turns: spec.alertPolicies[1].alertPolicyRef is left out: there is no policy for the long window of quick
    note f:54:8: AlertPolicy quick: metadata.annotations.a is left out: it has no counterpart
    f:102:11: AlertNotificationTarget page: spec.target is "": accepted is a text that is not empty
    "#);
}

#[test]
fn all_that_is_wrong_is_said_at_once_and_not_without_end() {
    let text = edited("0.999", "99.9")
        .replace("28d", "1M")
        .replace("Prometheus", "5")
        .replace("severity: page", "severity: 5");
    insta::assert_snapshot!(openslo::read(&text, "f").unwrap_err(), @r#"
    f:12:17: SLO turns: spec.timeWindow[0].duration is "1M", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w, or a calendar
    f:16:15: SLO turns: spec.objectives[0].target is 99.9: accepted is a number from 0 to below 1, such as 0.999; for percent write targetPercent: 99.9
    f:32:26: SLI turns: spec.ratioMetric.good.metricSource.metricSourceRef is "prometheus", which names no DataSource: accepted is one that is given, or a type beside it
    f:37:15: SLI turns: spec.ratioMetric.total.metricSource.type is 5: accepted is a text that is not empty
    f:46:9: DataSource prometheus: spec.type is 5: accepted is a text that is not empty
    f:76:19: AlertPolicy quick-short: spec.conditions[0].spec.severity is 5: accepted is a text that is not empty
    f:90:13: AlertCondition quick: spec.severity is 5: accepted is a text that is not empty
    "#);
    let text = "- {kind: 1}\n".repeat(1_000);
    let problems = openslo::read(&text, "f").unwrap_err();
    assert_eq!(problems.iter().count(), 32);
    assert!(problems.more() > 1_000);
}

#[test]
fn files_refer_to_each_other() {
    let (slo, rest) = GOOD.split_once("---\n").unwrap();
    let read = openslo::read_all([("slo.yaml", slo), ("rest.yaml", rest)]).unwrap();
    assert_eq!(read.slos, openslo::read(GOOD, "f").unwrap().slos);
    let rest = rest.replace("5m", "5M");
    let problems = openslo::read_all([("slo.yaml", slo), ("rest.yaml", &*rest)]).unwrap_err();
    insta::assert_snapshot!(problems, @r#"rest.yaml:58:27: AlertPolicy quick-short: spec.conditions[0].spec.condition.lookbackWindow is "5M", which is not always equally long: accepted is a whole number above 0 and m, h, d or w, such as 5m or 4w"#);
}

#[test]
fn what_nothing_refers_to_is_noted() {
    let (_, rest) = GOOD.split_once("---\n").unwrap();
    let read = openslo::read(rest, "f").unwrap();
    let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notes.join("\n"), @"
    f:6:3: SLI turns: spec is left out: nothing refers to it
    f:24:3: DataSource prometheus: spec is left out but for its type: how to connect is not part of an objective
    f:35:3: AlertPolicy quick: spec is left out: nothing refers to it
    f:49:3: AlertPolicy quick-short: spec is left out: nothing refers to it
    ");
}

#[test]
fn composites_have_no_counterpart() {
    let text =
        edited("  indicatorRef: turns\n", "").replace("target: 0.999", "target: 0.999\n      indicatorRef: turns");
    let read = openslo::read(&text, "f").unwrap();
    assert!(read.slos.is_empty());
    let left_out = read.notes.iter().find(|note| note.document == "SLO turns").unwrap();
    insta::assert_snapshot!(left_out, @"f:8:3: SLO turns: spec is left out: objectives put together of several indicators have no counterpart");
}

#[test]
fn bombs_are_defused() {
    let laughs: String =
        (1..12).map(|level| format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(10))).collect();
    let cases = [
        format!("a0: &a0 [lol]\n{laughs}"),
        format!("a: {}", "[".repeat(100_000)),
        format!("a: {}", "{a: ".repeat(1_000)),
        "- ".repeat(5_000),
        format!("[{}]", "1,".repeat(60_000)),
        format!("{{{}}}", (0..2_000).map(|key| format!("k{key}: 1,")).collect::<String>()),
        format!("a: {}", "x".repeat(2 << 20)),
        format!("a: &a {{{}}}\nb: {{<<: [{}]}}", "x: 1", "*a,".repeat(200)),
    ];
    let said = cases.map(|text| {
        let problems = openslo::read(&text, "f").unwrap_err().to_string();
        problems.lines().next().unwrap().to_owned() + "\n"
    });
    insta::assert_snapshot!(said.concat(), @"
    f:6:10: here is value number 50000 of the file, aliases written out: accepted are fewer; split it
    f:1:259: the file is not YAML: recursion limit exceeded
    f:1:128: the value is in 32 others: accepted are fewer
    f:1:65: the value is in 32 others: accepted are fewer
    f:1:100000: here is value number 50000 of the file, aliases written out: accepted are fewer; split it
    f:1:7892: the table has more than 1000 keys: accepted are fewer
    f:1:1: the file has more than 1 MiB: accepted is less; split it
    f:1:1: a is not known: accepted is apiVersion, kind, metadata or spec
    ");
}

#[test]
fn merge_keys_are_taken() {
    let text = GOOD.replace("    - target: 0.999\n", "    - &first\n      target: 0.999\n") + "";
    let text = text.replace("timeSliceWindow: 1m\n", "timeSliceWindow: 1m\n    - <<: *first\n      target: 0.9\n");
    let read = openslo::read(&text, "f").unwrap();
    let targets: Vec<String> =
        read.slos.iter().map(|slo| format!("{} {} {:?}", slo.name, slo.target, slo.budgeting)).collect();
    insta::assert_snapshot!(targets.join("\n"), @"
    turns-1 0.999 Timeslices { slice: 60s, good_from: 0.95 }
    turns-2 0.9 Timeslices { slice: 60s, good_from: 0.95 }
    ");
}
