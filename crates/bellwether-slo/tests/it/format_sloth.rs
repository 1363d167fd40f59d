//! Specifications of sloth: what they come to, and what is said of what is wrong or left out.

use bellwether_slo::format::sloth;
use bellwether_slo::{BurnRule, Period, Target};

const GOOD: &str = r#"version: "prometheus/v1"
service: "My_Service"
labels:
  owner: myteam
  tier: 2
slos:
  - name: "requests.availability"
    objective: 99.9
    description: Few fail.
    labels: {owner: others}
    sli:
      events:
        error_query: sum(rate(requests_total{code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{ .window }}]))
"#;

const WINDOWS: &str = r#"---
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page:
    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 50, shortWindow: 6h, longWindow: 3d}
"#;

fn said(text: &str) -> String {
    match sloth::read(text, "f") {
        Ok(read) => {
            let slos = read.slos.iter().map(|slo| {
                let rules: Vec<&str> = slo
                    .alerting
                    .rules_of(slo)
                    .unwrap()
                    .iter()
                    .map(|rule| rule.name.clone().into_owned().leak() as &str)
                    .collect();
                format!("{} {:?} {:?} {}\n", slo.name, slo.indicator, slo.budgeting, rules.join(","))
            });
            slos.chain(read.notes.iter().map(|note| format!("note {note}\n"))).collect()
        }
        Err(problems) => format!("{problems}\n"),
    }
}

fn check(edits: &[(&str, &str)]) -> String {
    let text = format!("{GOOD}{WINDOWS}");
    let one = |(from, to): &(&str, &str)| {
        assert!(text.contains(from), "{from}");
        said(&text.replacen(from, to, 1))
    };
    edits.iter().map(one).collect()
}

#[test]
fn a_specification() {
    let slo = &sloth::read(GOOD, "f").unwrap().slos[0];
    insta::assert_debug_snapshot!(slo, @r#"
    Slo {
        name: "my-service-requests-availability",
        description: "Few fail.",
        labels: {
            "owner": "others",
            "service": "My_Service",
            "tier": "2",
        },
        indicator: Promql(
            BadCounts {
                bad: "sum(requests_total{code=~\"(5..|429)\"})",
                total: "sum(requests_total)",
            },
        ),
        target: 0.999,
        period: Period(
            Rolling(
                2592000s,
            ),
        ),
        budgeting: Occurrences,
        policies: Policies {
            no_traffic: Good,
            unknown: Skip,
            stopped: Skip,
        },
        corrections: [],
        alerting: Alerting {
            rules: [
                BurnRule {
                    name: "page-quick",
                    severity: Page,
                    budget: 0.02,
                    long: 3600s,
                    short: 300s,
                },
                BurnRule {
                    name: "page-slow",
                    severity: Page,
                    budget: 0.05,
                    long: 21600s,
                    short: 1800s,
                },
                BurnRule {
                    name: "ticket-quick",
                    severity: Ticket,
                    budget: 0.1,
                    long: 86400s,
                    short: 7200s,
                },
                BurnRule {
                    name: "ticket-slow",
                    severity: Ticket,
                    budget: 0.1,
                    long: 259200s,
                    short: 21600s,
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
    assert_eq!(slo.alerting.rules_of(slo).unwrap(), BurnRule::WORKBOOK);
}

#[test]
fn windows_have_the_factors_of_sloth() {
    let slo = &sloth::read(&format!("{GOOD}{WINDOWS}"), "f").unwrap().slos[0];
    assert_eq!(slo.period, Period::days(7).unwrap());
    let factors: Vec<f64> =
        slo.alerting.rules_of(slo).unwrap().iter().map(|rule| rule.factor(slo.period.nominal()).to_f64()).collect();
    assert_eq!(factors, [13.44, 3.5, 1.4, 7.0 / 6.0]);
}

#[test]
fn what_is_wrong() {
    insta::assert_snapshot!(check(&[
        ("prometheus/v1", "prometheus/v2"),
        ("version: \"prometheus/v1\"\n", ""),
        ("service: \"My_Service\"\n", ""),
        ("slos:", "slo:"),
        ("service:", "servce:"),
        ("tier: 2", "tier: [2]"),
        ("objective: 99.9", "objective: 0"),
        ("objective: 99.9", "objective: 101"),
        ("objective: 99.9", "objective: high"),
        ("    objective: 99.9\n", ""),
        ("    sli:", "    sly:"),
        ("      events:", "      event:"),
        ("        total_query", "        totalquery"),
        ("[{{ .window }}]", "[5m]"),
        ("sum(rate(requests_total[{{ .window }}]))", "sum(rate(requests_total[{{.window}}])"),
        ("kind: AlertWindows", "kind: AlertWindow"),
        ("apiVersion: sloth", "apiversion: sloth"),
        ("sloPeriod: 7d", "sloPeriod: 7 days"),
        ("sloPeriod: 7d", "sloPeriod: 500d"),
        ("errorBudgetPercent: 8", "errorBudgetPercent: 0"),
        ("shortWindow: 5m,", ""),
        ("  ticket:\n    quick", "  tickets:\n    quick"),
        ("kind: AlertWindows", "kind: PrometheusServiceLevel"),
    ]), @r#"
    f:1:10: service My_Service: version is "prometheus/v2": accepted is prometheus/v1; did you mean prometheus/v1?
    f:1:1: service My_Service: version is missing: accepted is prometheus/v1
    f:1:1: service: service is missing: accepted is the name of a service
    f:1:1: service My_Service: slos is missing: accepted is a list of SLOs
    f:6:1: service My_Service: slo is not known; did you mean slos?
    f:1:1: service: service is missing: accepted is the name of a service
    f:2:1: service: servce is not known; did you mean service?
    f:5:9: service My_Service: labels.tier is a list: accepted is a text
    f:8:16: service My_Service: slos[0].objective is 0: accepted is a number above 0 and up to 100, the percentage
    f:8:16: service My_Service: slos[0].objective is 101: accepted is a number above 0 and up to 100, the percentage
    f:8:16: service My_Service: slos[0].objective is "high": accepted is a number above 0 and up to 100, the percentage
    f:7:5: service My_Service: slos[0].objective is missing: accepted is a number above 0 and up to 100, the percentage
    f:7:5: service My_Service: slos[0].sli is missing: accepted is a table
    f:11:5: service My_Service: slos[0].sly is not known; did you mean sli?
    f:12:7: service My_Service: slos[0].sli.event is not known; did you mean events?
    f:12:7: service My_Service: slos[0].sli has none of raw, events and plugin: accepted is one of them
    f:13:9: service My_Service: slos[0].sli.events.total_query is missing: accepted is PromQL with {{.window}} for the window
    f:14:9: service My_Service: slos[0].sli.events.totalquery is not known; did you mean totalQuery?
    f:14:22: service My_Service: slos[0].sli.events.total_query leaves no place for a window: accepted is PromQL with {{.window}} for the window
    f:14:22: service My_Service: slos[0].sli.events.total_query is no PromQL: 1:29: parse error: unclosed left parenthesis
    f:17:7: AlertWindow: kind is "AlertWindow": accepted is PrometheusServiceLevel or AlertWindows; did you mean AlertWindows?
    f:16:1: AlertWindows: apiversion is not known; did you mean apiVersion?
    f:16:1: AlertWindows: apiVersion is missing: accepted is sloth.slok.dev/v1
    f:19:14: AlertWindows: spec.sloPeriod is "7 days": accepted is a length such as 5m or 30d
    f:19:14: AlertWindows: spec.sloPeriod is not accepted: period "43200000s": is no length to judge an objective over; give whole seconds, from a minute to 400 days; 28d is customary
    f:21:33: AlertWindows: spec.page.quick.errorBudgetPercent is 0: accepted is a number above 0 and up to 100
    f:21:12: AlertWindows: spec.page.quick.shortWindow is missing: accepted is a length such as 5m or 30d
    f:19:3: AlertWindows: spec.ticket is missing: accepted is a table of quick and slow
    f:23:3: AlertWindows: spec.tickets is not known; did you mean ticket?
    f:19:3: PrometheusServiceLevel: spec.sloPeriod is not known: accepted is service, labels, slos, slo_plugins or sloPlugins
    f:19:3: PrometheusServiceLevel: spec.service is missing: accepted is the name of a service
    f:19:3: PrometheusServiceLevel: spec.slos is missing: accepted is a list of SLOs
    f:20:3: PrometheusServiceLevel: spec.page is not known: accepted is service, labels, slos, slo_plugins or sloPlugins
    f:23:3: PrometheusServiceLevel: spec.ticket is not known: accepted is service, labels, slos, slo_plugins or sloPlugins
    "#);
    insta::assert_snapshot!(said(&format!("{GOOD}{WINDOWS}{WINDOWS}")), @"f:30:3: AlertWindows: spec is the second AlertWindows: accepted is one");
    insta::assert_snapshot!(said(WINDOWS), @"note f:5:3: AlertWindows: spec is left out: there is no service whose alerts would have these windows");
    insta::assert_snapshot!(said(&format!("{GOOD}---\n{GOOD}")), @"f:22:5: service My_Service: slos[0] comes to the name my-service-requests-availability, which another has: accepted is one of its own");
}

#[test]
fn what_is_left_out_or_nearest() {
    let alerting = |text: &str| {
        (
            "        total_query: sum(rate(requests_total[{{ .window }}]))\n".to_owned(),
            format!("        total_query: sum(rate(requests_total[{{{{.window}}}}]))\n    alerting:\n{text}"),
        )
    };
    let alerts = [
        "      page_alert: {disable: true}\n",
        "      ticket_alert: {disable: true}\n      page_alert: {disable: true}\n",
        "      name: High\n      labels: {a: b}\n      annotations: {c: d}\n      page_alert: {labels: {e: f}}\n",
    ];
    let alerts: Vec<_> = alerts.iter().map(|text| alerting(text)).collect();
    let edits = [
        ("objective: 99.9", "objective: 100"),
        ("objective: 99.9", "objective: 80"),
        ("slow: {errorBudgetPercent: 50", "slow: {errorBudgetPercent: 10"),
        (
            "error_query: sum(rate(requests_total{code=~\"(5..|429)\"}[{{.window}}]))",
            "error_query: sum_over_time(bad[{{.window}}])",
        ),
        ("requests.availability", "requests.availability.of.a.name.that.is.longer.than.what.is.accepted"),
        ("slos:", "slo_plugins: {chain: []}\nslos:"),
        ("    sli:", "    plugins: {chain: []}\n    interval: {all: 5m}\n    sli:"),
    ];
    let edits: Vec<(&str, &str)> = edits.into_iter().chain(alerts.iter().map(|(from, to)| (&**from, &**to))).collect();
    insta::assert_snapshot!(check(&edits), @r#"
    note f:8:16: service My_Service: slos[0].objective has no counterpart, and its SLO is left out: target "100%": is 100 %, which leaves no budget: the first bad event breaks it for good; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences page-slow,ticket-quick,ticket-slow
    note f:8:16: service My_Service: slos[0].objective leaves no place for page-quick, which is left out: objective "my-service-requests-availability": burn rule page-quick (1h and 5m): it needs 268.8 % of events to be bad, which never happens with a target of 0.8; leave it out by without("page-quick"), or change its budget or its windows
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences page-quick,page-slow,ticket-quick
    note f:8:16: service My_Service: slos[0].objective leaves no place for ticket-slow, which is left out: objective "my-service-requests-availability": burn rule ticket-slow (3d and 6h): its factor of 0.233 is below 1, so it would be true while the budget lasts; leave it out by without("ticket-slow"), or change its budget or its windows
    my-service-requests-availability Promql(Ratio("1 - (sum_over_time(bad[5m])) / (sum(rate(requests_total[5m])))")) RatioTimeslices { slice: 300s } page-quick,page-slow,ticket-quick,ticket-slow
    note f:13:9: service My_Service: slos[0].sli.events are not sums of rates, under which there would be counts: the mean of the ratios of 5m is judged, as by sloth
    note f:7:11: service My_Service: slos[0].name is left out: name of an objective "my-service-requests-availability-of-a-name-that-is-longer-than-w": is not legal; give lower-case letters, digits and hyphens within, 63 at most, such as checkout-fast
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences page-quick,page-slow,ticket-quick,ticket-slow
    note f:6:14: service My_Service: slo_plugins are left out: plugins are programs of sloth
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences page-quick,page-slow,ticket-quick,ticket-slow
    note f:11:14: service My_Service: slos[0].plugins are left out: plugins are programs of sloth
    note f:12:15: service My_Service: slos[0].interval is left out: how often rules are recorded is a matter of Prometheus
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences ticket-quick,ticket-slow
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences 
    my-service-requests-availability Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(requests_total)" }) Occurrences page-quick,page-slow,ticket-quick,ticket-slow
    note f:16:13: service My_Service: slos[0].alerting.name is left out: how an alert looks is a matter of its delivery
    note f:17:15: service My_Service: slos[0].alerting.labels is left out: how an alert looks is a matter of its delivery
    note f:18:20: service My_Service: slos[0].alerting.annotations is left out: how an alert looks is a matter of its delivery
    note f:19:28: service My_Service: slos[0].alerting.page_alert.labels is left out: how an alert looks is a matter of its delivery
    "#);
}

#[test]
fn ratios_and_plugins() {
    let (before, _) = GOOD.split_once("      events:").unwrap();
    let slis = [
        "      raw: {error_ratio_query: \"1 - avg(up[{{.window}}:])\"}\n",
        "      raw: {errorRatioQuery: \"1 - avg(up)\"}\n",
        "      plugin: {id: mine}\n",
        "      {}\n",
    ];
    insta::assert_snapshot!(slis.map(|sli| said(&format!("{before}{sli}"))).concat(), @"
    f:12:32: service My_Service: slos[0].sli.raw.error_ratio_query is no PromQL: 1:9: parse error: expected type instant vector in aggregation expression, got range vector
    f:12:30: service My_Service: slos[0].sli.raw.errorRatioQuery leaves no place for a window: accepted is PromQL with {{.window}} for the window
    note f:12:15: service My_Service: slos[0].sli.plugin is left out, and its SLO with it: plugins are programs of sloth
    f:12:7: service My_Service: slos[0].sli has none of raw, events and plugin: accepted is one of them
    ");
}

#[test]
fn the_kubernetes_form_is_the_same() {
    let spec =
        GOOD.split_once("\n").unwrap().1.replace("error_query", "errorQuery").replace("total_query", "totalQuery");
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "apiVersion: sloth.slok.dev/v1\nkind: PrometheusServiceLevel\nmetadata: {{name: x, namespace: y}}\nspec:\n{spec}"
    );
    let read = sloth::read(&text, "f").unwrap();
    assert_eq!(read.slos, sloth::read(GOOD, "f").unwrap().slos);
    let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notes.join("\n"), @"f:3:11: PrometheusServiceLevel: metadata is left out: it is for Kubernetes");
    assert_eq!(sloth::read(GOOD, "f").unwrap().slos[0].target, Target::new(0.999).unwrap());
}

/// What a query of rates counts, one to a row.
#[test]
fn running_totals() {
    let of = |query: &str| {
        let text = GOOD.replace("sum(rate(requests_total[{{ .window }}]))", query);
        match sloth::read(&text, "f") {
            Ok(read) => format!("{query}\n  {:?}\n", read.slos[0].indicator),
            Err(problems) => format!("{query}\n  {problems}\n"),
        }
    };
    let queries = [
        "sum(rate(a[{{.window}}]))",
        "sum(increase(a{b=\"[c]\"}[{{.window}}]))",
        "sum by (d, e) (rate(a[{{.window}}]))",
        "sum(rate(a[{{.window}}])) without (d)",
        "sum(rate(a[{{.window}}])) - sum(rate(b[{{.window}}]))",
        "(sum(rate(a[{{.window}}])) or vector(0)) + rate(c[{{.window}}])",
        "sum(rate({__name__=~\"a|b\"}[{{.window}}]))",
        "sum(rate(a[{{.window}}])) * 2",
        "sum(rate(a[{{.window}}])) / 5",
        "sum(irate(a[{{.window}}]))",
        "sum(rate(a[{{.window}}:1m]))",
        "sum(rate(a[{{.window}}] offset 5m))",
        "sum(rate(a[{{.window}}])) + count(b)",
        "avg(rate(a[{{.window}}]))",
        "sum(sum_over_time(a[{{.window}}]))",
        "sum(rate(a[{{.window}}])) > 5",
        "sum(rate(sum(b)[{{.window}}:]))",
    ];
    insta::assert_snapshot!(queries.map(of).concat(), @r#"
    sum(rate(a[{{.window}}]))
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(a)" })
    sum(increase(a{b="[c]"}[{{.window}}]))
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(a{b=\"[c]\"})" })
    sum by (d, e) (rate(a[{{.window}}]))
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum by (d, e) (a)" })
    sum(rate(a[{{.window}}])) without (d)
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum without (d) (a)" })
    sum(rate(a[{{.window}}])) - sum(rate(b[{{.window}}]))
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum(a) - sum(b)" })
    (sum(rate(a[{{.window}}])) or vector(0)) + rate(c[{{.window}}])
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "(sum(a) or vector(0)) + c" })
    sum(rate({__name__=~"a|b"}[{{.window}}]))
      Promql(BadCounts { bad: "sum(requests_total{code=~\"(5..|429)\"})", total: "sum({__name__=~\"a|b\"})" })
    sum(rate(a[{{.window}}])) * 2
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(a[5m])) * 2)"))
    sum(rate(a[{{.window}}])) / 5
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(a[5m])) / 5)"))
    sum(irate(a[{{.window}}]))
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(irate(a[5m])))"))
    sum(rate(a[{{.window}}:1m]))
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(a[5m:1m])))"))
    sum(rate(a[{{.window}}] offset 5m))
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(a[5m] offset 5m)))"))
    sum(rate(a[{{.window}}])) + count(b)
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(a[5m])) + count(b))"))
    avg(rate(a[{{.window}}]))
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (avg(rate(a[5m])))"))
    sum(sum_over_time(a[{{.window}}]))
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(sum_over_time(a[5m])))"))
    sum(rate(a[{{.window}}])) > 5
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(a[5m])) > 5)"))
    sum(rate(sum(b)[{{.window}}:]))
      Promql(Ratio("1 - (sum(rate(requests_total{code=~\"(5..|429)\"}[5m]))) / (sum(rate(sum(b)[5m:])))"))
    "#);
}
