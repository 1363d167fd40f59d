//! Objectives in `bellwether.toml`: what each kind comes to, and what is said of what is wrong.

use bellwether_slo::format::toml;
use bellwether_slo::{Calendar, Period, Unit, Weekday, Zone};

fn read(text: &str) -> String {
    match toml::read(text, "f", &[]) {
        Ok(read) => read.slos.iter().map(|slo| format!("{slo:#?}\n")).collect(),
        Err(problems) => format!("{problems}\n"),
    }
}

/// What is said of an objective that has this line, too.
fn check(lines: &[&str]) -> String {
    let said = |line: &&str| {
        let what = ["availability", "latency", "uptime", "dependency", "counters", "promql"];
        let is_measured = what.iter().any(|key| line.trim_start().starts_with(key));
        let measured = if is_measured { "" } else { "availability = {}\n" };
        let text = format!("[[objective]]\nname = \"turns\"\ntarget = 0.999\n{measured}{line}\n");
        match toml::read(&text, "f", &[]) {
            Ok(read) => format!("{line}: {} read\n", read.slos.len()),
            Err(problems) => format!("{line}\n  {}\n", problems.to_string().replace('\n', "\n  ")),
        }
    };
    lines.iter().map(said).collect()
}

/// What is said of a file.
fn files(texts: &[&str]) -> String {
    let said = |text: &&str| match toml::read(text, "f", &["tick"]) {
        Ok(read) => format!("{} read\n", read.slos.len()),
        Err(problems) => format!("{problems}\n"),
    };
    texts.iter().map(said).collect()
}

#[test]
fn the_shortest() {
    let text = "[[objective]]\nname = \"turns\"\ntarget = 0.999\navailability = { route = \"/v1/turns\" }\n";
    insta::assert_snapshot!(read(text), @r#"
    Slo {
        name: "turns",
        description: "",
        labels: {},
        indicator: Availability(
            Requests {
                routes: {
                    "/v1/turns",
                },
                counting: Counting {
                    good: {
                        Success,
                        ClientError,
                    },
                    bad: {
                        Failure,
                        Throttled,
                        Rejected,
                    },
                    bad_if_slow: {},
                },
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
            scaling: Windows,
            detection: BudgetShare,
            min_bad: 2,
            min_events: 0,
        },
    }
    "#);
}

#[test]
fn all_that_can_be_said_is_written_as_it_was_read() {
    let text = include_str!("objectives.toml");
    let read = toml::read(text, "objectives.toml", &[]).unwrap();
    insta::assert_snapshot!(toml::write(&read.slos).text, @r#"
    [[objective]]
    name = "turns"
    description = "A turn is answered.\nWell."
    target = 0.999
    availability = { routes = ["/v1/turns", "/v2/*"], bad = ["failure"] }
    period = "quarter"
    zone = "America/New_York"
    unknown = "bad"
    labels = { service = "voice", team = "turns" }

    [[objective]]
    name = "turns-fast"
    target = 0.95
    latency = { threshold = "800ms", bad_if_slow = [] }
    period = "28d"
    unknown = "bad"
    labels = { service = "voice", team = "turns" }

    [[objective]]
    name = "up"
    target = 0.9995
    availability = {}
    period = "week"
    zone = "America/New_York"
    week_starts = "sunday"
    budgeting = { timeslices = "5m", good_from = 0.9 }
    no_traffic = "skip"
    unknown = "carry_last"
    stopped = "bad"
    alerting = false
    labels = { service = "voice", team = "turns" }

    [[objective.maintenance]]
    reason = "restart"
    weekdays = ["sunday", "monday"]
    at = "03:05"
    for = "30m"
    zone = "Europe/Berlin"

    [[objective]]
    name = "openai"
    target = 0.99
    dependency = { name = "openai", bad = ["failure"] }
    period = "quarter"
    zone = "America/New_York"
    unknown = "bad"
    alerting = { without = ["ticket-slow"], min_bad = 5 }
    labels = { service = "voice", team = "models" }

    [[objective.maintenance]]
    reason = "their move"
    from = 2026-11-01T01:00:00Z
    to = 2026-11-01T04:30:00Z
    effect = "count_as_good"

    [[objective]]
    name = "orders"
    target = 0.9999
    counters = { bad = "orders.lost", total = { metric = "orders.received", is = { "a b" = ["c"], kind = ["a", "b*"] }, is_not = { test = ["true"] } } }
    period = "quarter"
    zone = "America/New_York"
    budgeting = { ratio_timeslices = "1m" }
    unknown = "bad"
    labels = { service = "voice", team = "turns" }

    [[objective]]
    name = "fresh"
    target = 0.99
    promql = { bad = "sum(stale_total)", total = "sum(read_total)" }
    period = "quarter"
    zone = "America/New_York"
    budgeting = { timeslices = "1m", good_from = 1 }
    unknown = "bad"
    alerting = { rules = [{ name = "slow", severity = "ticket", budget = 0.2, long = "3d", short = "6h" }], scaling = "factors", detection = "burn_rate", min_events = 100 }
    labels = { service = "voice", team = "turns" }

    [[objective.maintenance]]
    reason = "restart"
    weekdays = ["sunday", "monday"]
    at = "03:05"
    for = "30m"
    zone = "Europe/Berlin"
    "#);
}

#[test]
fn the_day_a_week_starts_is_for_weeks() {
    let read = |unit: &str| {
        let text = format!(
            "objectives = {{ period = \"{unit}\", zone = \"UTC\", week_starts = \"sunday\" }}\n[[objective]]\nname = \"a\"\ntarget = 0.999\nuptime = {{}}\n"
        );
        toml::read(&text, "f", &[]).unwrap().slos.remove(0).period
    };
    assert_eq!(read("month"), Period::calendar(Unit::Month, Zone::utc()));
    assert_eq!(read("week"), Calendar::new(Unit::Week, Zone::utc()).week_starts(Weekday::Sunday).into());
}

#[test]
fn tops() {
    insta::assert_snapshot!(files(&[
        "",
        "tick = 5",
        "[[objectve]]\nname = \"a\"",
        "[objective]\nname = \"a\"",
        "objective = 5",
        "[[objectives]]",
        "[objectives]\ntarget = 0.9",
        "[objectives]\nzone = \"Nowhere\"\nperiod = \"fortnight\"\nlabels = 5\nunknown = \"up\"\nalerting = { fast = 1 }",
        "objective = [5, {}]",
        "[[objective]]\nname = \"a\"\ntarget = 0.9\nuptime = {}\n[[objective]]\nname = \"a\"\ntarget = 0.9\nuptime = {}",
        "a = ",
        "a = 1\na = 2\nb = [1\nc = 'x",
        "[[objective]]\nname = \"a\\q\"",
    ]), @r#"
    0 read
    0 read
    f:1:3: objectve is not known; did you mean objective?
    f:1:1: objective is a table: accepted is [[objective]], once for each
    f:1:13: objective is 5: accepted is [[objective]], once for each
    f:1:1: objectives is a list: accepted is a table
    f:2:1: objectives.target is not known: accepted is period, zone, week_starts, labels, no_traffic, unknown, stopped or alerting
    f:2:8: objectives.zone is not accepted: time zone "Nowhere": failed to find time zone `Nowhere` in time zone database; give a name of the IANA database, such as Europe/Berlin or UTC; if the machine has no database, install tzdata or turn on jiff's feature tzdb-bundle-always
    f:3:10: objectives.period is "fortnight": accepted is a length such as 28d, or day, week, month, quarter or year
    f:4:10: objectives.labels is 5: accepted is a table
    f:5:11: objectives.unknown is "up": accepted is good, bad, skip or carry_last
    f:6:21: objectives.alerting.fast is 1: accepted is true or false
    f:1:14: objective 0: is 5: accepted is a table
    f:1:17: objective 1: name is missing: accepted is lower-case letters, digits and hyphens within
    f:1:17: objective 1: target is missing: accepted is a share such as 0.999 or "99.9%"
    f:1:17: objective 1: has none of availability, latency, dependency, counters, promql and uptime: accepted is one of them
    f:1:1: objective a: is not accepted: burn rule page-quick (1h and 5m): it needs 144.0 % of events to be bad, which never happens with a target of 0.9; leave it out by without("page-quick"), or change its budget or its windows
    f:5:1: objective a: is not accepted: burn rule page-quick (1h and 5m): it needs 144.0 % of events to be bad, which never happens with a target of 0.9; leave it out by without("page-quick"), or change its budget or its windows
    f:1:5: the file is not TOML: string values must be quoted, expected literal string
    f:2:1: the file is not TOML: duplicate key
    f:4:1: the file is not TOML: missing comma between array elements, expected `,`
    f:4:1: the file is not TOML: string values must be quoted, expected literal string
    f:4:3: the file is not TOML: unexpected `=` in array, expected value, `]`
    f:4:5: the file is not TOML: missing comma between array elements, expected `,`
    f:4:7: the file is not TOML: unclosed array, expected `]`
    f:4:7: the file is not TOML: invalid literal string, expected `'`
    f:2:11: the file is not TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
    "#);
}

#[test]
fn keys_and_values() {
    insta::assert_snapshot!(check(&[
        "nam = \"x\"",
        "description = 5",
        "labels = { team = 5 }",
        "labels = [\"team\"]",
        "period = \"28d\"",
        "period = \"4w\"",
        "period = \"90s\"",
        "period = 28",
        "period = \"0d\"",
        "period = \"30s\"",
        "period = \"500d\"",
        "period = \"1M\"",
        "period = \"moon\"",
        "period = \"mnth\"",
        "period = \"month\"",
        "period = \"month\"\nzone = \"Europe/Berlin\"",
        "period = \"month\"\nzone = \"Europe/Nowhere\"",
        "period = \"month\"\nzone = 1",
        "period = \"week\"\nzone = \"UTC\"\nweek_starts = \"sonday\"",
        "no_traffic = \"up\"",
        "unknown = true",
        "stopped = \"carry_last\"",
        "budgeting = \"occurrence\"",
        "budgeting = \"slices\"",
        "budgeting = { timeslices = \"1m\" }",
        "budgeting = { timeslices = \"1m\", good_from = \"95%\" }",
        "budgeting = { timeslices = \"1m\", good_from = 95 }",
        "budgeting = { timeslices = \"7m\", good_from = 1 }",
        "budgeting = { ratio_timeslices = \"1m\", good_from = 0.5 }",
        "budgeting = {}",
        "alerting = false",
        "alerting = true",
        "alerting = 5",
        "alerting = { fast = true }",
        "alerting = { without = [\"page-quik\"] }",
        "alerting = { detection = \"burnrate\" }",
        "alerting = { scaling = \"both\" }",
        "alerting = { min_bad = -1 }",
        "alerting = { min_bad = 1.5 }",
        "alerting = { rules = [{}] }",
        "alerting = { rules = [{ name = \"a\", severity = \"page\", budget = \"2%\", long = \"5m\", short = \"1h\" }] }",
        "alerting = { rules = [{ name = \"a\", severity = \"sev1\", budget = 2, long = \"an hour\", short = \"5m\" }] }",
        "alerting = { rules = [{ name = \"a\", severity = \"page\", budget = \"99%\", long = \"10m\", short = \"1m\" }] }",
    ]), @r#"
    nam = "x"
      f:5:1: objective turns: nam is not known; did you mean name?
    description = 5
      f:5:15: objective turns: description is 5: accepted is a text
    labels = { team = 5 }
      f:5:19: objective turns: labels.team is 5: accepted is a text
    labels = ["team"]
      f:5:10: objective turns: labels is a list: accepted is a table
    period = "28d": 1 read
    period = "4w": 1 read
    period = "90s": 1 read
    period = 28
      f:5:10: objective turns: period is 28: accepted is a length such as 28d, or day, week, month, quarter or year
    period = "0d"
      f:5:10: objective turns: period is not accepted: period "0ns": is no length to judge an objective over; give whole seconds, from a minute to 400 days; 28d is customary
    period = "30s"
      f:5:10: objective turns: period is not accepted: period "30s": is no length to judge an objective over; give whole seconds, from a minute to 400 days; 28d is customary
    period = "500d"
      f:5:10: objective turns: period is not accepted: period "43200000s": is no length to judge an objective over; give whole seconds, from a minute to 400 days; 28d is customary
    period = "1M"
      f:5:10: objective turns: period is not accepted: period "1M": is not always equally long, so it needs a calendar and its time zone; give a number and m, h, d or w, such as 28d
    period = "moon"
      f:5:10: objective turns: period is "moon": accepted is a length such as 28d, or day, week, month, quarter or year
    period = "mnth"
      f:5:10: objective turns: period is "mnth": accepted is a length such as 28d, or day, week, month, quarter or year; did you mean month?
    period = "month"
      f:1:1: objective turns: zone is missing: accepted is a time zone such as "Europe/Berlin", since the period is one of the calendar
    period = "month"
    zone = "Europe/Berlin": 1 read
    period = "month"
    zone = "Europe/Nowhere"
      f:6:8: objective turns: zone is not accepted: time zone "Europe/Nowhere": failed to find time zone `Europe/Nowhere` in time zone database; give a name of the IANA database, such as Europe/Berlin or UTC; if the machine has no database, install tzdata or turn on jiff's feature tzdb-bundle-always
    period = "month"
    zone = 1
      f:6:8: objective turns: zone is 1: accepted is a time zone such as "Europe/Berlin"
    period = "week"
    zone = "UTC"
    week_starts = "sonday"
      f:7:15: objective turns: week_starts is "sonday": accepted is monday, tuesday, wednesday, thursday, friday, saturday or sunday; did you mean monday?
    no_traffic = "up"
      f:5:14: objective turns: no_traffic is "up": accepted is good, bad, skip or carry_last
    unknown = true
      f:5:11: objective turns: unknown is true: accepted is good, bad, skip or carry_last
    stopped = "carry_last": 1 read
    budgeting = "occurrence"
      f:5:13: objective turns: budgeting is "occurrence": accepted is "occurrences", or a table with timeslices or ratio_timeslices
    budgeting = "slices"
      f:5:13: objective turns: budgeting is "slices": accepted is "occurrences", or a table with timeslices or ratio_timeslices
    budgeting = { timeslices = "1m" }
      f:5:13: objective turns: budgeting.good_from is missing: accepted is a share such as 0.95
    budgeting = { timeslices = "1m", good_from = "95%" }: 1 read
    budgeting = { timeslices = "1m", good_from = 95 }
      f:5:46: objective turns: budgeting.good_from is not accepted: share "95": is above 1; give a share above 0 and up to 1, such as 0.02 or "2%", of twelve decimals at most
    budgeting = { timeslices = "7m", good_from = 1 }
      f:1:1: objective turns: is not accepted: slices of 420s do not divide an hour; give whole seconds that do, such as 1m or 5m
    budgeting = { ratio_timeslices = "1m", good_from = 0.5 }
      f:5:52: objective turns: budgeting.good_from has no place beside ratio_timeslices: accepted is none, or timeslices
    budgeting = {}
      f:5:13: objective turns: budgeting has none of timeslices and ratio_timeslices: accepted is one of them
    alerting = false: 1 read
    alerting = true: 1 read
    alerting = 5
      f:5:12: objective turns: alerting is 5: accepted is a table, or false for no alerts
    alerting = { fast = true }: 1 read
    alerting = { without = ["page-quik"] }
      f:1:1: objective turns: is not accepted: there is no burn rule "page-quik" to leave out; there are page-quick, page-slow, ticket-quick, ticket-slow
    alerting = { detection = "burnrate" }
      f:5:26: objective turns: alerting.detection is "burnrate": accepted is budget_share or burn_rate; did you mean burn_rate?
    alerting = { scaling = "both" }
      f:5:24: objective turns: alerting.scaling is "both": accepted is windows or factors
    alerting = { min_bad = -1 }
      f:5:24: objective turns: alerting.min_bad is -1: accepted is a whole number of events
    alerting = { min_bad = 1.5 }
      f:5:24: objective turns: alerting.min_bad is 1.5: accepted is a whole number of events
    alerting = { rules = [{}] }
      f:5:23: objective turns: alerting.rules[0].name is missing: accepted is a text
      f:5:23: objective turns: alerting.rules[0].severity is missing: accepted is info, page or ticket
      f:5:23: objective turns: alerting.rules[0].budget is missing: accepted is a share such as "2%"
      f:5:23: objective turns: alerting.rules[0].long is missing: accepted is a length of time such as 800ms, 5m or 1h30m
      f:5:23: objective turns: alerting.rules[0].short is missing: accepted is a length of time such as 800ms, 5m or 1h30m
    alerting = { rules = [{ name = "a", severity = "page", budget = "2%", long = "5m", short = "1h" }] }
      f:1:1: objective turns: is not accepted: burn rule a (5m and 1h): the short window must be shorter than the long one, and that no longer than the period
    alerting = { rules = [{ name = "a", severity = "sev1", budget = 2, long = "an hour", short = "5m" }] }
      f:5:48: objective turns: alerting.rules[0].severity is "sev1": accepted is info, page or ticket
      f:5:65: objective turns: alerting.rules[0].budget is not accepted: share "2": is above 1; give a share above 0 and up to 1, such as 0.02 or "2%", of twelve decimals at most
      f:5:75: objective turns: alerting.rules[0].long is "an hour": accepted is a length of time such as 800ms, 5m or 1h30m
    alerting = { rules = [{ name = "a", severity = "page", budget = "99%", long = "10m", short = "1m" }] }
      f:1:1: objective turns: is not accepted: burn rule a (10m and 1m): it needs 427.6 % of events to be bad, which never happens with a target of 0.999; leave it out by without("a"), or change its budget or its windows
    "#);
}

#[test]
fn targets_and_names() {
    let with =
        |name: &str, target: &str| format!("[[objective]]\nname = {name}\ntarget = {target}\navailability = {{}}\n");
    let texts = [
        with("\"a\"", "0"),
        with("\"a\"", "1"),
        with("\"a\"", "100"),
        with("\"a\"", "99.9"),
        with("\"a\"", "99.999999"),
        with("\"a\"", "\"99.999999%\""),
        with("\"a\"", "-0.5"),
        with("\"a\"", "\"most\""),
        with("\"a\"", "nan"),
        with("\"a\"", "1e-1"),
        with("\"a\"", "0.9999999999999"),
        with("\"a\"", "[]"),
        with("\"A b\"", "0.9"),
        with("\"\"", "0.9"),
        with("5", "0.9"),
        "[[objective]]\n".to_owned(),
    ];
    let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
    insta::assert_snapshot!(files(&texts), @r#"
    f:3:10: objective a: target is not accepted: target "0": is 0, which everything meets; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "1": is 100 %, which leaves no budget: the first bad event breaks it for good; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "100": is above 1; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "99.9": is above 1, and looks like percent; write 0.999 or "99.9%"
    f:3:10: objective a: target is not accepted: target "99.999999": is above 1, and looks like percent; write 0.99999999 or "99.999999%"
    1 read
    f:3:10: objective a: target is not accepted: target "-0.5": is below 0; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "most": is no decimal number; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "nan": is no decimal number; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "1e-1": is no decimal number; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is not accepted: target "0.9999999999999": has more decimals than are kept; give a share above 0 and below 1, such as 0.999 or "99.9%", of twelve decimals at most
    f:3:10: objective a: target is an empty list: accepted is a share such as 0.999 or "99.9%"
    f:1:1: objective A b: is not accepted: name of an objective "A b": is not legal; give lower-case letters, digits and hyphens within, 63 at most, such as checkout-fast
    f:1:1: objective: is not accepted: name of an objective "": is not legal; give lower-case letters, digits and hyphens within, 63 at most, such as checkout-fast
    f:2:8: objective 0: name is 5: accepted is a text
    f:1:1: objective 0: name is missing: accepted is lower-case letters, digits and hyphens within
    f:1:1: objective 0: target is missing: accepted is a share such as 0.999 or "99.9%"
    f:1:1: objective 0: has none of availability, latency, dependency, counters, promql and uptime: accepted is one of them
    "#);
}

#[test]
fn indicators() {
    insta::assert_snapshot!(check(&[
        "availability = { rote = \"/\" }",
        "availability = { routes = \"/\" }",
        "availability = { routes = [5] }",
        "availability = { good = [\"succes\"] }",
        "availability = { good = [\"success\", \"success\"] }",
        "availability = { good = [] }",
        "availability = { bad = [\"success\"] }",
        "availability = \"/v1/turns\"",
        "latency = {}",
        "latency = { threshold = \"0s\" }",
        "latency = { threshold = 0.8 }",
        "latency = { threshold = \"800 ms\" }",
        "latency = { threshold = \"1h30m\" }",
        "latency = { threshold = \"1.5s\" }",
        "latency = { threshold = \"1.5ns\" }",
        "latency = { threshold = \"99999999999999999999d\" }",
        "latency = { threshold = \"soon\" }",
        "uptime = { slice = \"7m\" }",
        "uptime = { good_from = \"0%\" }",
        "uptime = {}\nbudgeting = \"occurrences\"",
        "uptime = {}\navailability = {}",
        "dependency = \"\"",
        "dependency = {}",
        "dependency = { name = \"openai\", bad = [\"throttled\"] }",
        "counters = \"a\"",
        "counters = { good = \"a\" }",
        "counters = { good = \"a\", total = \"a\" }",
        "counters = { good = \"a\", bad = \"b\", total = \"c\" }",
        "counters = { good = \"a\", total = { metric = \"b\", in = {} } }",
        "counters = { good = \"a\", total = { metric = \"b\", is = { c = 5 } } }",
        "counters = { good = \"a\", total = { is = { c = [\"d\", \"e*\"] } } }",
        "counters = { good = \"a\", total = { metric = \"b\", is = { c = [\"d\", \"e*\"] } } }",
        "promql = \"up\"",
        "promql = { ratio = \"sum(\" }",
        "promql = { ratio = \" \" }",
        "promql = { ratio = \"avg(up)\", total = \"up\" }",
        "promql = { ratio = \"avg(up)\" }",
        "promql = { ratio = \"avg(up)\" }\nbudgeting = \"occurrences\"",
        "promql = { bad = \"a\", total = \"b\" }",
    ]), @r#"
    availability = { rote = "/" }
      f:4:18: objective turns: availability.rote is not known; did you mean route?
    availability = { routes = "/" }
      f:4:27: objective turns: availability.routes is "/": accepted is a list
    availability = { routes = [5] }
      f:4:28: objective turns: availability.routes[0] is 5: accepted is a text that is not empty
    availability = { good = ["succes"] }
      f:4:26: objective turns: availability.good[0] is "succes": accepted is success, client_error, failure, throttled, rejected or cancelled; did you mean success?
    availability = { good = ["success", "success"] }: 1 read
    availability = { good = [] }
      f:1:1: objective turns: is not accepted: no outcome counts as good; name one, such as success
    availability = { bad = ["success"] }
      f:1:1: objective turns: is not accepted: outcome success counts in two ways; let it count in one
    availability = "/v1/turns"
      f:4:16: objective turns: availability is "/v1/turns": accepted is a table
    latency = {}
      f:4:11: objective turns: latency.threshold is missing: accepted is a length of time such as 800ms, 5m or 1h30m
    latency = { threshold = "0s" }
      f:1:1: objective turns: is not accepted: the threshold is 0, which nothing is faster than; give one above, such as 300ms
    latency = { threshold = 0.8 }
      f:4:25: objective turns: latency.threshold is 0.8: accepted is a length of time such as 800ms, 5m or 1h30m
    latency = { threshold = "800 ms" }
      f:4:25: objective turns: latency.threshold is "800 ms": accepted is a length of time such as 800ms, 5m or 1h30m
    latency = { threshold = "1h30m" }: 1 read
    latency = { threshold = "1.5s" }: 1 read
    latency = { threshold = "1.5ns" }
      f:4:25: objective turns: latency.threshold is "1.5ns": accepted is a length of time such as 800ms, 5m or 1h30m
    latency = { threshold = "99999999999999999999d" }
      f:4:25: objective turns: latency.threshold is "99999999999999999999d": accepted is a length of time such as 800ms, 5m or 1h30m
    latency = { threshold = "soon" }
      f:4:25: objective turns: latency.threshold is "soon": accepted is a length of time such as 800ms, 5m or 1h30m
    uptime = { slice = "7m" }
      f:1:1: objective turns: is not accepted: slices of 420s do not divide an hour; give whole seconds that do, such as 1m or 5m
    uptime = { good_from = "0%" }
      f:4:24: objective turns: uptime.good_from is not accepted: share "0%": is 0; give a share above 0 and up to 1, such as 0.02 or "2%", of twelve decimals at most
    uptime = {}
    budgeting = "occurrences"
      f:5:13: objective turns: budgeting cannot stand beside uptime, which is by slices: accepted is slice and good_from in uptime
    uptime = {}
    availability = {}
      f:1:1: objective turns: has availability and uptime: accepted is one of them
    dependency = ""
      f:1:1: objective turns: is not accepted: the dependency has no name; give the one it was registered with
    dependency = {}
      f:4:14: objective turns: dependency.name is missing: accepted is the name of a dependency
    dependency = { name = "openai", bad = ["throttled"] }: 1 read
    counters = "a"
      f:4:12: objective turns: counters is "a": accepted is a table
    counters = { good = "a" }
      f:4:12: objective turns: counters are not two counters: accepted is good and total, bad and total, or good and bad
    counters = { good = "a", total = "a" }
      f:1:1: objective turns: is not accepted: both counters are a; give two that differ
    counters = { good = "a", bad = "b", total = "c" }
      f:4:12: objective turns: counters are not two counters: accepted is good and total, bad and total, or good and bad
    counters = { good = "a", total = { metric = "b", in = {} } }
      f:4:50: objective turns: counters.total.in is not known; did you mean is?
    counters = { good = "a", total = { metric = "b", is = { c = 5 } } }
      f:4:61: objective turns: counters.total.is.c is 5: accepted is a text
    counters = { good = "a", total = { is = { c = ["d", "e*"] } } }
      f:4:34: objective turns: counters.total.metric is missing: accepted is the name of a metric
    counters = { good = "a", total = { metric = "b", is = { c = ["d", "e*"] } } }: 1 read
    promql = "up"
      f:4:10: objective turns: promql is "up": accepted is a table
    promql = { ratio = "sum(" }
      f:4:20: objective turns: promql.ratio is no PromQL: 1:5: parse error: unclosed left parenthesis
    promql = { ratio = " " }
      f:4:20: objective turns: promql.ratio is " ": accepted is a text that is not empty
    promql = { ratio = "avg(up)", total = "up" }
      f:4:10: objective turns: promql does not say what is good: accepted is good and total, bad and total, or ratio alone
    promql = { ratio = "avg(up)" }: 1 read
    promql = { ratio = "avg(up)" }
    budgeting = "occurrences"
      f:1:1: objective turns: is not accepted: a ratio has no events to count: judge it by slices, Budgeting::Timeslices or RatioTimeslices, or give two expressions for counts
    promql = { bad = "a", total = "b" }: 1 read
    "#);
}

#[test]
fn maintenance() {
    let slo = "[[objective]]\nname = \"turns\"\ntarget = 0.999\nuptime = {}\n[[maintenance]]\n";
    let said = |lines: &&str| {
        let said = match toml::read(&format!("{slo}{lines}"), "f", &[]) {
            Ok(read) => format!("{:?}", read.slos[0].corrections),
            Err(problems) => problems.to_string().replace('\n', "\n  "),
        };
        format!("{}\n  {said}\n", lines.replace('\n', ", "))
    };
    let tables = [
        "reason = 5",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00Z\nfor = \"2h\"",
        "reason = \"r\"\nfrom = \"2026-11-01T02:00:00+01:00\"\nto = 2026-11-01T03:00:00Z",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00\nfor = \"2h\"",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00\nfor = \"2h\"\nzone = \"Europe/Berlin\"",
        "reason = \"r\"\nfrom = 2026-11-01\nfor = \"2h\"\nzone = \"Europe/Berlin\"",
        "reason = \"r\"\nfrom = 1900-01-01T00:00:00Z\nfor = \"2h\"",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00Z\nto = 2026-11-01T02:00:00Z",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00Z\nto = 2026-11-01T03:00:00Z\nfor = \"2h\"",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00Z",
        "reason = \"r\"\nfrom = 2026-11-01T02:00:00Z\nfor = \"2h\"\nweekdays = [\"monday\"]",
        "reason = \"\"\nfrom = 2026-11-01T02:00:00Z\nfor = \"2h\"",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"2h\"",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"2h\"\nzone = \"Europe/Berlin\"\nweekdays = [\"sunday\"]\neffect = \"count_as_good\"",
        "reason = \"r\"\nat = \"2:30\"\nfor = \"2h\"\nzone = \"UTC\"",
        "reason = \"r\"\nat = \"24:00\"\nfor = \"2h\"\nzone = \"UTC\"",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"25h\"\nzone = \"UTC\"",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"2h\"\nzone = \"UTC\"\nweekdays = [\"sun\"]",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"2h\"\nzone = \"UTC\"\neffect = \"ignore\"",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"2h\"\nzone = \"UTC\"\nobjectives = [\"turn\"]",
        "reason = \"r\"\nat = \"02:30\"\nfor = \"2h\"\nzone = \"UTC\"\nobjectives = []",
    ];
    insta::assert_snapshot!(tables.iter().map(said).collect::<String>(), @r#"
    reason = 5
      f:5:1: maintenance[0] has none of from and at: accepted is one of them
      f:6:10: maintenance[0].reason is 5: accepted is a text that is not empty
    reason = "r", from = 2026-11-01T02:00:00Z, for = "2h"
      [Correction { when: Once(2026-11-01T02:00:00Z/2026-11-01T04:00:00Z), effect: Exclude, reason: "r", by: None, set_at: None }]
    reason = "r", from = "2026-11-01T02:00:00+01:00", to = 2026-11-01T03:00:00Z
      [Correction { when: Once(2026-11-01T01:00:00Z/2026-11-01T03:00:00Z), effect: Exclude, reason: "r", by: None, set_at: None }]
    reason = "r", from = 2026-11-01T02:00:00, for = "2h"
      f:7:8: maintenance[0].from is 2026-11-01T02:00:00: accepted is a date and a time such as 2026-11-01T02:00:00Z; without an offset, zone says whose clock it is
    reason = "r", from = 2026-11-01T02:00:00, for = "2h", zone = "Europe/Berlin"
      [Correction { when: Once(2026-11-01T01:00:00Z/2026-11-01T03:00:00Z), effect: Exclude, reason: "r", by: None, set_at: None }]
    reason = "r", from = 2026-11-01, for = "2h", zone = "Europe/Berlin"
      [Correction { when: Once(2026-10-31T23:00:00Z/2026-11-01T01:00:00Z), effect: Exclude, reason: "r", by: None, set_at: None }]
    reason = "r", from = 1900-01-01T00:00:00Z, for = "2h"
      f:7:8: maintenance[0].from is 1900-01-01T00:00:00Z: accepted is a date and a time such as 2026-11-01T02:00:00Z; without an offset, zone says whose clock it is
    reason = "r", from = 2026-11-01T02:00:00Z, to = 2026-11-01T02:00:00Z
      f:7:8: maintenance[0].from is not before the end: accepted is an end after it
    reason = "r", from = 2026-11-01T02:00:00Z, to = 2026-11-01T03:00:00Z, for = "2h"
      f:5:1: maintenance[0] has to and for: accepted is one of them
    reason = "r", from = 2026-11-01T02:00:00Z
      f:5:1: maintenance[0] has none of to and for: accepted is one of them
    reason = "r", from = 2026-11-01T02:00:00Z, for = "2h", weekdays = ["monday"]
      f:9:12: maintenance[0].weekdays goes with at, not with from
    reason = "", from = 2026-11-01T02:00:00Z, for = "2h"
      f:6:10: maintenance[0].reason is "": accepted is a text that is not empty
    reason = "r", at = "02:30", for = "2h"
      f:5:1: maintenance[0].zone is missing: accepted is a time zone such as "Europe/Berlin"
    reason = "r", at = "02:30", for = "2h", zone = "Europe/Berlin", weekdays = ["sunday"], effect = "count_as_good"
      [Correction { when: Recurring(Recurring { weekdays: [Sunday], hour: 2, minute: 30, length: 7200s, zone: Europe/Berlin }), effect: CountAsGood, reason: "r", by: None, set_at: None }]
    reason = "r", at = "2:30", for = "2h", zone = "UTC"
      f:7:6: maintenance[0].at is "2:30": accepted is a time of the day such as "02:30"
    reason = "r", at = "24:00", for = "2h", zone = "UTC"
      f:5:1: maintenance[0] is not accepted: recurring correction "24:00 for 7200s": is no time of a day; give an hour up to 23, a minute up to 59 and a length of a day at most
    reason = "r", at = "02:30", for = "25h", zone = "UTC"
      f:5:1: maintenance[0] is not accepted: recurring correction "02:30 for 90000s": is no time of a day; give an hour up to 23, a minute up to 59 and a length of a day at most
    reason = "r", at = "02:30", for = "2h", zone = "UTC", weekdays = ["sun"]
      f:10:13: maintenance[0].weekdays[0] is "sun": accepted is monday, tuesday, wednesday, thursday, friday, saturday or sunday
    reason = "r", at = "02:30", for = "2h", zone = "UTC", effect = "ignore"
      f:10:10: maintenance[0].effect is "ignore": accepted is exclude or count_as_good
    reason = "r", at = "02:30", for = "2h", zone = "UTC", objectives = ["turn"]
      f:10:15: maintenance[0].objectives[0] is "turn": accepted is turns; did you mean turns?
    reason = "r", at = "02:30", for = "2h", zone = "UTC", objectives = []
      []
    "#);
}

#[test]
fn too_large_and_too_deep() {
    let said = |text: String| toml::read(&text, "f", &[]).unwrap_err().to_string().lines().next().unwrap().to_owned();
    insta::assert_snapshot!(said("#".repeat(2 << 20)), @"f:1:1: the file has more than 1 MiB: accepted is less");
    insta::assert_snapshot!(said(format!("a = {}", "[".repeat(10_000))), @"f:1:85: the file is not TOML: cannot recurse further; max recursion depth met");
}
