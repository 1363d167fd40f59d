//! The resource: what code says, what the environment says, and what is refused.

use bellwether_export::Resource;
use proptest::prelude::*;

/// The attributes but for `telemetry.sdk.*` and the instance, as `key=value` lines, then what was refused.
fn check(list: Option<&str>, name: Option<&str>, expected: &[&str]) {
    let var = |asked: &str| match asked {
        "OTEL_RESOURCE_ATTRIBUTES" => list.map(str::to_owned),
        "OTEL_SERVICE_NAME" => name.map(str::to_owned),
        other => panic!("nobody needs {other}"),
    };
    let resource = Resource::builder("shop").attribute("team", "code").from_env(var).build();
    let attributes = resource.attributes().iter().filter(|(key, _)| !key.starts_with("telemetry.sdk."));
    let attributes = attributes.filter(|(key, _)| &**key != "service.instance.id");
    let mut lines: Vec<String> = attributes.map(|(key, value)| format!("{key}={value}")).collect();
    lines.extend(resource.refused().iter().map(ToString::to_string));
    assert_eq!(lines, expected, "for {list:?} and {name:?}");
}

#[test]
fn from_the_environment() {
    check(None, None, &["service.name=shop", "team=code"]);
    check(Some(""), Some(""), &["service.name=shop", "team=code"]);
    check(None, Some("canary"), &["service.name=canary", "team=code"]);
    check(Some("service.name=list"), None, &["service.name=list", "team=code"]);
    check(Some("service.name=list"), Some("canary"), &["service.name=canary", "team=code"]);
    check(Some("team=env,zone=a"), None, &["service.name=shop", "team=code", "zone=a"]);
    check(Some(" a = 1 ,, b=2,"), None, &["a=1", "b=2", "service.name=shop", "team=code"]);
    check(Some("a=x%2Cy%3Dz%20%C3%A9"), None, &["a=x,y=z é", "service.name=shop", "team=code"]);
    check(Some("a=1=2"), None, &["a=1=2", "service.name=shop", "team=code"]);
}

#[test]
fn a_list_with_an_error_is_dropped_whole() {
    let check = |list: &str, part: &str, accepted: &str| {
        let refused = format!("OTEL_RESOURCE_ATTRIBUTES, ignored whole because of {part:?}: {accepted}");
        check(Some(list), None, &["service.name=shop", "team=code", &refused]);
    };
    check("a=1,b", "b", "a pair is key=value; write \",\" and \"=\" as %2C and %3D");
    let encoding = "a percent sign is followed by two hexadecimal digits, and the result is UTF-8";
    check("a=1,b=%4", "b=%4", encoding);
    check("a=%zz", "a=%zz", encoding);
    check("a=%ff", "a=%ff", encoding);
    let key = "a key has 1 to 255 bytes, none of them control characters, such as \"service.version\"";
    check("=1", "=1", key);
    check("%0A=1", "%0A=1", key);
}

#[test]
fn what_nobody_sets_is_there_all_the_same() {
    let resource = Resource::builder("").build();
    assert_eq!(resource.service_name(), "unknown_service");
    assert_eq!(resource.attribute("telemetry.sdk.name"), Some("bellwether"));
    let id = resource.attribute("service.instance.id").unwrap();
    let shape: String = id.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
    assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    assert_eq!((&id[14..15], "89ab".contains(&id[19..20])), ("4", true), "a version 4 UUID: {id}");
    assert_ne!(Resource::builder("").build().attribute("service.instance.id"), Some(id));
}

#[test]
fn attributes_are_bounded_and_refusals_kept() {
    let mut builder = Resource::builder("shop").attribute("bad\nkey", "x").attribute("long", "x".repeat(5000));
    for number in 0..200 {
        builder = builder.attribute(format!("a{number:03}"), "x");
    }
    let resource = builder.build();
    assert_eq!(resource.attributes().len(), 128);
    assert_eq!(resource.service_name(), "shop");
    assert_eq!(resource.refused().len(), 16);
    assert!(resource.refused()[0].to_string().starts_with("attribute \"bad\\nkey\": a key has"));
}

proptest! {
    #[test]
    fn any_environment_makes_a_resource(list in "\\PC{0,80}", name in "\\PC{0,20}") {
        let var = |asked: &str| Some(if asked == "OTEL_SERVICE_NAME" { name.clone() } else { list.clone() });
        let resource = Resource::builder("shop").from_env(var).build();
        prop_assert!(!resource.service_name().is_empty());
        prop_assert!(resource.attributes().is_sorted());
    }

    #[test]
    fn what_is_encoded_is_decoded(key in "[a-z.]{1,10}", value in "\\PC{1,20}") {
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let var = |asked: &str| (asked == "OTEL_RESOURCE_ATTRIBUTES").then(|| format!("{key}={encoded}"));
        let resource = Resource::builder("shop").from_env(var).build();
        prop_assert_eq!(resource.attribute(&key), Some(value.as_str()));
    }
}
