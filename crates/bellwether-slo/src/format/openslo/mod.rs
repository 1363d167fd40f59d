//! Objectives as OpenSLO v1 documents, read and written.
//!
//! Reading follows the rules of the specification and of its Go SDK. What they forbid is a problem, and then nothing of the
//! files is read; what they allow and this crate has no counterpart for is left out, or read as what is nearest, and noted
//! in [`Objectives::notes`](super::Objectives::notes). An operator is honored literally: an alert that is to fire while the
//! burn rate is *at most* something is left out.
//!
//! A metric source is PromQL (`type: Prometheus`, a `query` in its `spec`), or, of the type `Bellwether`, what the
//! [indicators](crate::Indicator) of this crate measure: its `spec` has `count: good` or `count: total`, and the table that
//! an objective has in `bellwether.toml`. A query that asks for a rate over a window is read as the running total under it.
//!
//! OpenSLO has one condition over one window in an alert policy. A [burn rule](crate::BurnRule) looks at two, so it is
//! written as two policies, whose annotations `bellwether/window-pair` and `bellwether/window` say which belong together;
//! what else has no field of its own (policies for empty slices, the form of detection, lengths that are not whole minutes)
//! is in annotations of that prefix, too. Of what is written and read again nothing is changed but this: rules are as they
//! are for the objective's own period and target, and corrections, which are no part of a specification, are noted and left
//! out.

mod alert;
mod metric;
mod object;
mod policies;
mod sli;
mod slo;
mod time;
mod write;

use super::cursor::Sheet;
use super::{Objectives, Problems, yaml};
use object::{Kind, Object};

pub use write::write;

const PREFIX: &str = "bellwether/";
/// Which burn rule a policy is a window of.
const PAIR: &str = "window-pair";
/// Which of its windows.
const WINDOW: &str = "window";
/// What a window, a period or a slice is exactly, where it is not whole minutes.
const LOOKBACK: &str = "lookback";
const PERIOD: &str = "period";
const SLICE: &str = "slice";
const BUDGET_SHARE: &str = "budget-share";
const DETECTION: &str = "detection";
const MIN_BAD: &str = "min-bad";
const MIN_EVENTS: &str = "min-events";
const ANNOTATIONS: [&str; 12] = [
    PAIR,
    WINDOW,
    LOOKBACK,
    PERIOD,
    SLICE,
    BUDGET_SHARE,
    DETECTION,
    MIN_BAD,
    MIN_EVENTS,
    "no-traffic",
    "unknown",
    "stopped",
];

/// Reads the documents of a file, which is named for what is said about it.
///
/// ```
/// let text = r#"
/// apiVersion: openslo/v1
/// kind: SLO
/// metadata:
///   name: turns
/// spec:
///   service: voice
///   indicator:
///     metadata: { name: turns }
///     spec:
///       ratioMetric:
///         counter: true
///         bad: { metricSource: { type: Prometheus, spec: { query: "sum(turns_failed_total)" } } }
///         total: { metricSource: { type: Prometheus, spec: { query: "sum(turns_total)" } } }
///   timeWindow:
///     - duration: 28d
///       isRolling: true
///   budgetingMethod: Occurrences
///   objectives:
///     - target: 0.999
/// "#;
/// let read = bellwether_slo::format::openslo::read(text, "turns.yaml")?;
/// assert_eq!(read.slos[0].target, bellwether_slo::Target::new(0.999)?);
/// assert!(read.notes.is_empty());
///
/// let wrong = bellwether_slo::format::openslo::read(&text.replace("0.999", "99.9"), "turns.yaml").unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "turns.yaml:20:15: SLO turns: spec.objectives[0].target is 99.9: accepted is a number from 0 to below 1, such as \
///      0.999; for percent write targetPercent: 99.9"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// With everything that is wrong in it, up to a bound.
pub fn read(text: &str, file: &str) -> Result<Objectives, Problems> {
    read_all([(file, text)])
}

/// Reads the documents of several files, by name and text, which may refer to each other's.
///
/// # Errors
/// With everything that is wrong in them, up to a bound.
pub fn read_all<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Objectives, Problems> {
    let files: Vec<(&str, &str)> = files.into_iter().collect();
    let sheet = Sheet::new(files.iter().map(|(name, _)| *name).collect());
    let documents = yaml::read_all(&files, &sheet).unwrap_or_default();
    let slos = {
        let objects = object::all(&documents, &sheet);
        objects.iter().for_each(|object| check(object, &objects));
        let slos = objects.iter().filter(|object| object.kind == Kind::Slo);
        let slos = slos.flat_map(|object| slo::slos(object, &objects)).collect();
        let referred = [Kind::Sli, Kind::AlertPolicy, Kind::AlertCondition];
        for idle in objects.iter().filter(|object| referred.contains(&object.kind) && !object.used.get()) {
            idle.spec.note("is left out: nothing refers to it");
        }
        slos
    };
    Ok(Objectives { slos, notes: sheet.close()? })
}

/// Reads an object that others may refer to, for what is wrong in it, and says if it is left out.
fn check<'a>(object: &Object<'a>, objects: &[Object<'a>]) {
    match object.kind {
        Kind::Slo => {}
        Kind::Sli => {
            sli::sli(&object.spec, objects);
        }
        Kind::AlertPolicy => {
            alert::policy(object, objects, None);
        }
        Kind::AlertCondition => {
            alert::condition_of(object);
        }
        Kind::AlertNotificationTarget => {
            if alert::target_of(object).is_some_and(|target| alert::severity(target).is_none()) {
                object.spec.note("is left out: whom to tell is not part of an objective");
            }
        }
        Kind::Service => {
            object.spec.fields(&["description"]).as_ref().and_then(object::description);
            object.spec.note("is left out: objectives have the name of their service as a label");
        }
        Kind::DataSource => {
            if let Some(fields) = object.spec.fields(&["description", "type", "connectionDetails"]) {
                object::description(&fields);
                fields.required("type", "a type such as Prometheus").and_then(|kind| kind.words());
                fields.required("connectionDetails", "what is needed to connect");
                object.spec.note("is left out but for its type: how to connect is not part of an objective");
            }
        }
    }
}
