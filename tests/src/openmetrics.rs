//! The strict OpenMetrics parser of `prometheus_client` (PyPI): what it accepts is OpenMetrics 1.0.

use crate::component::{piped, tool};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

const PARSE: &str = r"
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
def sample(s):
    exemplar = s.exemplar and {'labels': s.exemplar.labels, 'value': str(s.exemplar.value)}
    return {'name': s.name, 'labels': s.labels, 'value': str(float(s.value)), 'exemplar': exemplar}
try:
    families = [{'name': f.name, 'kind': f.type, 'unit': f.unit, 'help': f.documentation,
                 'samples': [sample(s) for s in f.samples]}
                for f in text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8', 'strict'))]
except Exception as e:
    sys.exit(f'{type(e).__name__}: {e}')
json.dump(families, sys.stdout)
";

/// A metric family as the parser understood it.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The name without the suffixes of its samples.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, `info`, ...
    pub kind: String,
    /// The declared unit, or nothing.
    pub unit: String,
    /// The help text, unescaped.
    pub help: String,
    /// All samples, in order.
    pub samples: Vec<FamilySample>,
}

/// A sample of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilySample {
    /// Its name, suffix and all.
    pub name: String,
    /// Its labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
    /// The `trace_id` of its exemplar, if it has one.
    pub trace_id: Option<String>,
}

/// Parses a page of OpenMetrics 1.0.
///
/// # Errors
/// Why it is not one, in the parser's words.
pub fn openmetrics(page: &str) -> Result<Vec<Family>, String> {
    let json = piped(Command::new(tool("venv/bin/python")).args(["-c", PARSE]), page)?;
    let families: Value = serde_json::from_str(&json).map_err(|e| e.to_string())?;
    Ok(families.as_array().into_iter().flatten().map(family).collect())
}

fn family(json: &Value) -> Family {
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let samples = json["samples"].as_array().into_iter().flatten().map(sample).collect();
    Family { name: text("name"), kind: text("kind"), unit: text("unit"), help: text("help"), samples }
}

fn sample(json: &Value) -> FamilySample {
    let text = |json: &Value| json.as_str().unwrap_or_default().to_owned();
    let labels = json["labels"].as_object().into_iter().flatten();
    FamilySample {
        name: text(&json["name"]),
        labels: labels.map(|(k, v)| (k.clone(), text(v))).collect(),
        // As text, since JSON has no infinity.
        value: json["value"].as_str().and_then(|value| value.parse().ok()).unwrap_or(f64::NAN),
        trace_id: json["exemplar"]["labels"]["trace_id"].as_str().map(str::to_owned),
    }
}
