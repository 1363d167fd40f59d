//! Objectives of sloth's specifications, read.
//!
//! Documents of `version: prometheus/v1`, of the kind `PrometheusServiceLevel`, and one of the kind `AlertWindows`. An
//! objective is named as sloth identifies it, `service-name`, in lower case and hyphens.
//!
//! Queries that are sums of rates are read as the running totals under them, and events are counted exactly. Of others there
//! is only their ratio, so they are judged by the mean of the ratios of five minutes, as sloth does; a note says so. Alerts
//! have sloth's windows (`page-quick`, `page-slow`, `ticket-quick`, `ticket-slow`) and the factors that come of them for the
//! period, and compare burn rates.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::cursor::{Cursor, Fields, Sheet};
use super::node::{Node, Value, cut};
use super::words::{decimal, duration};
use super::{Objectives, Problems, query, yaml};
use crate::{Alerting, Budgeting, BurnRule, Detection, Expressions, Period, Scaling, Severity, Share, Slo, Target};

/// Reads the documents of a file, which is named for what is said about it.
///
/// ```
/// let text = r#"
/// version: prometheus/v1
/// service: voice
/// slos:
///   - name: turns
///     objective: 99.9
///     sli:
///       events:
///         error_query: sum(rate(turns_total{code=~"5.."}[{{.window}}]))
///         total_query: sum(rate(turns_total[{{.window}}]))
///     alerting:
///       ticket_alert: { disable: true }
/// "#;
/// let read = bellwether_slo::format::sloth::read(text, "voice.yml")?;
/// let turns = &read.slos[0];
/// assert_eq!(turns.name, "voice-turns");
/// assert_eq!(turns.alerting.rules_of(turns)?.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// With everything that is wrong in it, up to a bound.
pub fn read(text: &str, file: &str) -> Result<Objectives, Problems> {
    read_all([(file, text)])
}

/// Reads the documents of several files, by name and text; the alert windows of one are those of all.
///
/// # Errors
/// With everything that is wrong in them, up to a bound.
pub fn read_all<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Objectives, Problems> {
    let files: Vec<(&str, &str)> = files.into_iter().collect();
    let sheet = Sheet::new(files.iter().map(|(name, _)| *name).collect());
    let documents = yaml::read_all(&files, &sheet).unwrap_or_default();
    let mut slos: Vec<Slo> = Vec::new();
    let mut windows: Option<Option<Windows>> = None;
    let mut services = Vec::new();
    let parts: Vec<Part<'_>> = documents.iter().filter_map(|document| part(document, &sheet)).collect();
    let is_alone = parts.iter().all(|part| matches!(part, Part::Windows(_)));
    for part in &parts {
        match part {
            Part::Windows(cursor) if windows.is_some() => cursor.refuse("is the second AlertWindows: accepted is one"),
            Part::Windows(cursor) => {
                if is_alone {
                    cursor.note("is left out: there is no service whose alerts would have these windows");
                }
                windows = Some(read_windows(cursor));
            }
            Part::Service(cursor) => services.push(cursor),
        }
    }
    let windows = windows.flatten().unwrap_or_default();
    for read in services.iter().filter_map(|service| read_service(service, &windows)).flatten() {
        let (cursor, slo) = read;
        if slos.iter().any(|other| other.name == slo.name) {
            cursor.refuse(format!("comes to the name {}, which another has: accepted is one of its own", slo.name));
        }
        slos.push(slo);
    }
    Ok(Objectives { slos, notes: sheet.close()? })
}

/// What a document is.
enum Part<'a> {
    Service(Cursor<'a>),
    Windows(Cursor<'a>),
}

fn part<'a>(document: &'a Node, sheet: &'a Sheet<'a>) -> Option<Part<'a>> {
    // Nothing between two lines of `---`.
    if matches!(document.value, Value::Null) {
        return None;
    }
    let text = |key: &str| document.get(key).and_then(Node::text).map(cut).unwrap_or_default();
    let top = Cursor::new(sheet, format!("service {}", text("service")).trim_end(), document);
    if document.get("apiVersion").is_none() && document.get("kind").is_none() {
        let fields = top.fields(&["version", "service", "labels", "slos", "slo_plugins", "sloPlugins"])?;
        fields.required("version", "prometheus/v1")?.one_of(&[("prometheus/v1", ())])?;
        return Some(Part::Service(top));
    }
    let top = top.titled(&text("kind"));
    let fields = top.fields(&["apiVersion", "kind", "metadata", "spec"])?;
    fields.required("apiVersion", "sloth.slok.dev/v1")?.one_of(&[("sloth.slok.dev/v1", ())])?;
    let kinds = [("PrometheusServiceLevel", false), ("AlertWindows", true)];
    let is_windows = fields.required("kind", "PrometheusServiceLevel or AlertWindows")?.one_of(&kinds)?;
    let spec = fields.required("spec", "a table")?;
    if let Some(metadata) = fields.get("metadata") {
        metadata.note("is left out: it is for Kubernetes");
    }
    if is_windows {
        return Some(Part::Windows(spec));
    }
    spec.fields(&["service", "labels", "slos", "slo_plugins", "sloPlugins"])?;
    Some(Part::Service(spec))
}

/// What alerts look at, and the period.
struct Windows {
    period: Period,
    rules: Vec<BurnRule>,
}

impl Default for Windows {
    fn default() -> Self {
        Self { period: Period::default(), rules: BurnRule::WORKBOOK.to_vec() }
    }
}

const LENGTH: &str = "a length such as 5m or 30d";

fn read_windows(spec: &Cursor<'_>) -> Option<Windows> {
    let fields = spec.fields(&["sloPeriod", "page", "ticket"])?;
    let period = fields.required("sloPeriod", LENGTH).and_then(|period| {
        let length = length(&period)?;
        Period::rolling(length).map_err(|error| period.refuse(format!("is not accepted: {error}"))).ok()
    });
    let mut rules = Vec::new();
    for severity in [Severity::Page, Severity::Ticket] {
        let given = fields.required(severity.as_str(), "a table of quick and slow");
        let Some(pair) = given.and_then(|given| given.fields(&["quick", "slow"])) else { continue };
        for speed in ["quick", "slow"] {
            let window = pair.required(speed, "a table");
            rules.push(window.and_then(|window| rule(&window, severity, format!("{severity}-{speed}"))));
        }
    }
    let rules: Option<Vec<_>> = rules.into_iter().collect();
    Some(Windows { period: period?, rules: rules? })
}

fn rule(window: &Cursor<'_>, severity: Severity, name: String) -> Option<BurnRule> {
    let fields = window.fields(&["errorBudgetPercent", "shortWindow", "longWindow"])?;
    const PERCENT: &str = "a number above 0 and up to 100";
    let budget = fields.required("errorBudgetPercent", PERCENT);
    let budget =
        budget.and_then(|budget| budget.read(PERCENT, |node| format!("{}%", decimal(node)?).parse::<Share>().ok()));
    let [long, short] =
        ["longWindow", "shortWindow"].map(|key| fields.required(key, LENGTH).and_then(|at| length(&at)));
    Some(BurnRule { name: Cow::Owned(name), severity, budget: budget?, long: long?, short: short? })
}

/// A length as Prometheus has it; weeks and years beside what is read elsewhere.
fn length(cursor: &Cursor<'_>) -> Option<Duration> {
    cursor.read(LENGTH, |node| {
        let text = node.text()?;
        bellwether_promql::duration(text).or_else(|| duration(text)).filter(|length| !length.is_zero())
    })
}

fn read_service<'a>(top: &Cursor<'a>, windows: &Windows) -> Option<Vec<(Cursor<'a>, Slo)>> {
    let fields = Fields { table: top.clone() };
    let service = fields.required("service", "the name of a service").and_then(|service| service.words());
    let mut common = labels(&fields);
    plugins(&fields);
    let slos = fields.required("slos", "a list of SLOs").and_then(|slos| slos.items()).unwrap_or_default();
    common.extend(service.map(|service| ("service".to_owned(), service.to_owned())));
    let read = |item: &Cursor<'a>| Some((item.clone(), slo(item, service.unwrap_or_default(), &common, windows)?));
    Some(slos.iter().filter_map(read).collect())
}

fn labels(fields: &Fields<'_>) -> BTreeMap<String, String> {
    let given = fields.get("labels").and_then(|labels| labels.entries()).unwrap_or_default();
    let label = |(entry, cursor): (&super::node::Entry, Cursor<'_>)| {
        // As sloth's reader does, which takes a number for its text.
        let value = cursor.read("a text", |node| match &node.value {
            Value::Flag(flag) => Some(flag.to_string()),
            _ => node.word().map(str::to_owned),
        });
        Some((entry.key.clone(), value?))
    };
    given.into_iter().filter_map(label).collect()
}

fn plugins(fields: &Fields<'_>) {
    for key in ["plugins", "slo_plugins", "sloPlugins"] {
        fields.get(key).iter().for_each(|given| given.note("are left out: plugins are programs of sloth"));
    }
    if let Some(interval) = fields.get("interval") {
        interval.note("is left out: how often rules are recorded is a matter of Prometheus");
    }
}

fn slo(item: &Cursor<'_>, service: &str, common: &BTreeMap<String, String>, windows: &Windows) -> Option<Slo> {
    let fields =
        item.fields(&["name", "description", "objective", "labels", "sli", "alerting", "plugins", "interval"])?;
    plugins(&fields);
    let name = fields.required("name", "a name").and_then(|name| Some((name.words()?, name)));
    const OBJECTIVE: &str = "a number above 0 and up to 100, the percentage";
    let objective = fields.required("objective", OBJECTIVE).and_then(|objective| {
        let is_legal = |text: &&str| text.parse::<f64>().is_ok_and(|number| number > 0.0 && number <= 100.0);
        let text = objective.read(OBJECTIVE, |node| decimal(node).filter(is_legal))?;
        Some((format!("{text}%").parse::<Target>(), objective))
    });
    let measured = fields.required("sli", "a table").and_then(|sli| expressions(&sli));
    let alerting = match fields.get("alerting") {
        Some(given) => read_alerting(&given, windows),
        None => Some(alerting_of(windows)),
    };
    let mut labels_of = common.clone();
    labels_of.extend(labels(&fields));
    let ((name, named), (target, objective)) = (name?, objective?);
    let (measured, alerting) = (measured?, alerting?);
    let target =
        target.map_err(|error| objective.note(format!("has no counterpart, and its SLO is left out: {error}"))).ok()?;
    let (expressions, budgeting) = measured?;
    let mut slo = Slo::promql(legal(&format!("{service}-{name}")), expressions, target);
    slo.description = fields.get("description").and_then(|text| text.text()).unwrap_or_default().to_owned();
    slo.budgeting = budgeting;
    (slo.period, slo.labels, slo.alerting) = (windows.period.clone(), labels_of, alerting);
    // What sloth writes rules for without a word: a tier that could never be true, or would be true for nothing.
    for rule in slo.alerting.rules.clone() {
        let alone = Slo {
            alerting: Alerting { rules: vec![rule.clone()], without: [].into(), ..slo.alerting.clone() },
            ..slo.clone()
        };
        match alone.check() {
            Err(error) if error.is_objective() && !slo.alerting.without.contains(&*rule.name) => {
                objective.note(format!("leaves no place for {}, which is left out: {error}", rule.name));
                slo.alerting.without.insert(rule.name.to_string());
            }
            _ => {}
        }
    }
    match slo.check() {
        Ok(()) => Some(slo),
        Err(error) => {
            named.note(format!("is left out: {error}"));
            None
        }
    }
}

/// A name in lower case, other signs as hyphens.
fn legal(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(sign).collect::<String>().trim_matches('-').to_owned()
}

/// Five minutes, whose ratios sloth records and takes the mean of.
const SLICE: Duration = Duration::from_secs(300);

/// What is measured; the inner `None` is for what has no counterpart.
fn expressions(sli: &Cursor<'_>) -> Option<Option<(Expressions, Budgeting)>> {
    let fields = sli.fields(&["raw", "events", "plugin"])?;
    let by_slices = Budgeting::RatioTimeslices { slice: SLICE };
    match fields.exactly_one(&["raw", "events", "plugin"])? {
        ("plugin", plugin) => {
            plugin.note("is left out, and its SLO with it: plugins are programs of sloth");
            Some(None)
        }
        ("raw", raw) => {
            let keys = ["error_ratio_query", "errorRatioQuery"];
            let error = query_of(&raw.fields(&keys)?, keys)?;
            raw.note("is a ratio, of which there are no events: the mean of the ratios of 5m is judged, as by sloth");
            let ratio = format!("1 - ({})", query::over(&error, "5m"));
            Some(Some((Expressions::Ratio(ratio), by_slices)))
        }
        (_, events) => {
            let fields = events.fields(&["error_query", "errorQuery", "total_query", "totalQuery"])?;
            let error = query_of(&fields, ["error_query", "errorQuery"]);
            let total = query_of(&fields, ["total_query", "totalQuery"]);
            let (error, total) = (error?, total?);
            if let (Some(bad), Some(total)) = (query::running_total(&error), query::running_total(&total)) {
                return Some(Some((Expressions::BadCounts { bad, total }, Budgeting::Occurrences)));
            }
            events.note("are not sums of rates, under which there would be counts: the mean of the ratios of 5m is judged, as by sloth");
            let ratio = format!("1 - ({}) / ({})", query::over(&error, "5m"), query::over(&total, "5m"));
            Some(Some((Expressions::Ratio(ratio), by_slices)))
        }
    }
}

/// A query by either spelling of its key; it must leave a place for the window.
fn query_of(fields: &Fields<'_>, keys: [&str; 2]) -> Option<String> {
    const QUERY: &str = "PromQL with {{.window}} for the window";
    let given = match fields.get(keys[1]) {
        Some(given) if !fields.has(keys[0]) => given,
        _ => fields.required(keys[0], QUERY)?,
    };
    let text = given.words()?.trim();
    if !query::leaves_window(text) {
        given.refuse(format!("leaves no place for a window: accepted is {QUERY}"));
        return None;
    }
    match query::check(&query::over(text, "5m")) {
        Ok(()) => Some(text.to_owned()),
        Err(wrong) => {
            given.refuse(format!("is no PromQL: {wrong}"));
            None
        }
    }
}

fn alerting_of(windows: &Windows) -> Alerting {
    Alerting {
        rules: windows.rules.clone(),
        scaling: Scaling::Factors,
        detection: Detection::BurnRate,
        // A burn rate above its threshold has one bad event at least.
        min_bad: 1,
        ..Alerting::default()
    }
}

fn read_alerting(cursor: &Cursor<'_>, windows: &Windows) -> Option<Alerting> {
    let fields =
        cursor.fields(&["name", "labels", "annotations", "page_alert", "pageAlert", "ticket_alert", "ticketAlert"])?;
    let delivery = |fields: &Fields<'_>| {
        for key in ["name", "labels", "annotations"] {
            let given = fields.get(key);
            given.iter().for_each(|given| given.note("is left out: how an alert looks is a matter of its delivery"));
        }
    };
    delivery(&fields);
    let mut alerting = alerting_of(windows);
    for (severity, keys) in
        [(Severity::Page, ["page_alert", "pageAlert"]), (Severity::Ticket, ["ticket_alert", "ticketAlert"])]
    {
        for given in keys.iter().filter_map(|key| fields.get(key)) {
            let fields = given.fields(&["disable", "labels", "annotations"])?;
            delivery(&fields);
            if fields.get("disable").and_then(|disable| disable.flag()) == Some(true) {
                alerting.rules.retain(|rule| rule.severity != severity);
            }
        }
    }
    if alerting.rules.is_empty() { Some(Alerting::none()) } else { Some(alerting) }
}
