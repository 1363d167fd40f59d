//! `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` of any text: never a panic, and a resource within its limits that
//! reads back as itself.
#![no_main]

use bellwether_export::Resource;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (name, list) = text.split_once('\n').unwrap_or(("", text));
    let resource = read(name, list);
    let attributes = resource.attributes();
    assert!(attributes.len() <= 128 && attributes.is_sorted() && resource.refused().len() <= 16);
    assert!(!resource.service_name().is_empty());
    for (key, value) in attributes {
        assert!((1..=255).contains(&key.len()) && (1..=4096).contains(&value.len()));
        assert!(!key.chars().any(char::is_control));
    }
    for refused in resource.refused() {
        let said = refused.to_string();
        assert!(said.len() < 1024 && !said.chars().any(char::is_control), "{said:?}");
    }
    let pairs = attributes.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value)));
    assert_eq!(read("", &pairs.collect::<Vec<_>>().join(",")).attributes(), attributes);
});

fn read(name: &str, list: &str) -> Resource {
    // The id of an instance is random: the same each time.
    fastrand::seed(1);
    let environment = |variable: &str| match variable {
        "OTEL_SERVICE_NAME" => Some(name.to_owned()),
        "OTEL_RESOURCE_ATTRIBUTES" => Some(list.to_owned()),
        _ => None,
    };
    Resource::builder("x").from_env(environment).build()
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
