//! The JSON Schema of objectives: it knows the keys that are read, and accepts what is.

use std::collections::BTreeSet;

use bellwether_slo::format::toml;
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(toml::SCHEMA).unwrap()
}

/// The keys that are accepted where this text has one that is not known.
fn accepted(text: &str) -> BTreeSet<String> {
    let problems = toml::read(text, "f", &[]).unwrap_err();
    let said = problems.iter().find(|problem| problem.path.ends_with("zzzzzz")).unwrap();
    let words = said.what.strip_prefix("is not known: accepted is ").unwrap();
    words.split(", ").flat_map(|word| word.split(" or ")).map(str::to_owned).collect()
}

#[test]
fn it_knows_the_keys_that_are_read() {
    let schema = schema();
    let objective = "/$defs/objective/properties";
    for (places, text) in [
        (vec!["".to_owned()], "zzzzzz = 1"),
        (vec!["/properties/objectives".to_owned()], "[objectives]\nzzzzzz = 1"),
        (vec!["/$defs/objective".to_owned()], "[[objective]]\nzzzzzz = 1"),
        (vec![format!("{objective}/availability")], "[[objective]]\navailability.zzzzzz = 1"),
        (vec![format!("{objective}/latency")], "[[objective]]\nlatency.zzzzzz = 1"),
        (vec![format!("{objective}/uptime")], "[[objective]]\nuptime.zzzzzz = 1"),
        (vec![format!("{objective}/dependency/oneOf/1")], "[[objective]]\ndependency.zzzzzz = 1"),
        (vec![format!("{objective}/counters")], "[[objective]]\ncounters.zzzzzz = 1"),
        (vec![format!("{objective}/promql")], "[[objective]]\npromql.zzzzzz = 1"),
        (
            vec![format!("{objective}/budgeting/oneOf/1"), format!("{objective}/budgeting/oneOf/2")],
            "[[objective]]\nbudgeting.zzzzzz = 1",
        ),
        (vec!["/$defs/counter/oneOf/1".to_owned()], "[[objective]]\ncounters.good.zzzzzz = 1"),
        (vec!["/$defs/alerting/oneOf/1".to_owned()], "[[objective]]\nalerting.zzzzzz = 1"),
        (vec!["/$defs/rule".to_owned()], "[[objective]]\nalerting.rules = [{ zzzzzz = 1 }]"),
        (vec!["/$defs/maintenance".to_owned()], "[[maintenance]]\nzzzzzz = 1"),
    ] {
        let keys = |place: &String| {
            let properties = schema.pointer(&format!("{place}/properties")).and_then(Value::as_object).unwrap();
            properties.keys().cloned().collect::<BTreeSet<_>>()
        };
        assert_eq!(places.iter().flat_map(keys).collect::<BTreeSet<_>>(), accepted(text), "{text}");
    }
}

#[test]
fn it_accepts_what_is_read_and_written_and_not_what_is_misspelled() {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let is_valid = |text: &str| {
        // Dates are texts to a schema.
        let json: Value = serde_json::to_value(text.parse::<::toml::Table>().unwrap()).unwrap();
        schemas.validate(&dates(json), index).map_err(|error| error.to_string())
    };
    let text = include_str!("objectives.toml");
    is_valid(text).unwrap();
    is_valid(&toml::write(&toml::read(text, "f", &[]).unwrap().slos).text).unwrap();
    for (from, to) in [
        ("latency = { threshold", "latency = { treshold"),
        ("target = 0.95", "target = 95"),
        ("availability =", "availabilty ="),
        ("no_traffic = \"skip\"", "no_traffic = \"ignore\""),
        ("weekdays = [\"sunday\"", "weekdays = [\"sun\""),
        ("severity = \"ticket\"", "severity = \"sev1\""),
        ("dependency = {", "promql.ratio = \"up\"\ndependency = {"),
    ] {
        assert!(text.contains(from), "{from}");
        let text = text.replacen(from, to, 1);
        assert!(toml::read(&text, "f", &[]).is_err() && is_valid(&text).is_err(), "{to}");
    }
}

/// What `toml` has for a date is a table with a key of its own.
fn dates(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => match fields.remove("$__toml_private_datetime") {
            Some(date) => date,
            None => fields.into_iter().map(|(key, value)| (key, dates(value))).collect(),
        },
        Value::Array(items) => items.into_iter().map(dates).collect(),
        other => other,
    }
}
