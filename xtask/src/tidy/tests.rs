//! Each rule fed with what it must find, and with what looks like it and is fine.

use super::tree::{Tree, blank};
use super::*;

/// Runs one rule over files and compares the places it finds.
#[track_caller]
fn check(name: &str, files: &[(&str, &str)], expect: &[&str]) {
    let rule = RULES.iter().find(|rule| rule.name == name).expect("a rule of that name");
    let found: Vec<String> = (rule.check)(&Tree::of(files)).into_iter().map(|finding| finding.place).collect();
    assert_eq!(found, expect, "{name}: {files:?}");
}

#[test]
fn first_line() {
    let find = |text: &str, found: bool| {
        let expect: &[&str] = if found { &["crates/a/src/b.rs:1"] } else { &[] };
        check("first-line", &[("crates/a/src/b.rs", text)], expect);
    };
    find("//! Counts what happens.\n", false);
    find("//! `Counter`: one number.\n", false);
    find("use std::fmt;\n", true);
    find("//!\n//! Later words do not count.\n", true);
    find("//! placeholder\n", true);
    find("//! lower case is no sentence\n", true);
    find("//! # A heading only\n", true);
    find("/// Wrong kind of comment.\n", true);
    find("", true);
    check("first-line", &[("build/b.rs", "fn main() {}")], &[]);
}

#[test]
fn length() {
    let long = "x\n".repeat(401);
    check("length", &[("crates/a/src/b.rs", &long)], &["crates/a/src/b.rs"]);
    check("length", &[("crates/a/src/b.rs", &long[2..]), ("crates/a/tests/it/main.rs", &long)], &[]);
}

#[test]
fn test_binary() {
    let wrong = ["crates/a/tests/other.rs", "crates/a/tests/two/main.rs", "tests/tests/more.rs"];
    for path in wrong {
        check("test-binary", &[(path, "")], &[path]);
    }
    for path in ["crates/a/tests/it/main.rs", "crates/a/tests/it/b.rs", "tests/tests/it/main.rs", "tests/src/a.rs"] {
        check("test-binary", &[(path, "")], &[]);
    }
}

#[test]
fn places() {
    let path = |parts: &[&str]| parts.concat();
    let find = |line: &str, found: bool| {
        check("places", &[("README.md", line)], if found { &["README.md:1"] } else { &[] });
    };
    find(&path(&["see /ro", "ot/x"]), true);
    find(&path(&["\"/ho", "me/someone/x\""]), true);
    find(&path(&["https://registry.npm", "js.org/pino"]), true);
    find(&path(&["see ../sha", "red/design.md"]), true);
    find(&path(&["https://example.com/ho", "me/x"]), false);
    find("https://docs.rs/bellwether and https://crates.io/crates/bellwether", false);
    find("GET /v1/turns", false);
}

#[test]
fn arrows() {
    let find = |krate: &str, manifest: &str, found: bool| {
        let path = format!("crates/{krate}/Cargo.toml");
        let places = [path.as_str()];
        check("arrows", &[(&path, manifest)], if found { &places } else { &[] });
    };
    find("bellwether-tower", "[dependencies]\nbellwether-core.workspace = true", false);
    find("bellwether-tower", "[dependencies]\nbellwether-export.workspace = true", true);
    find("bellwether-tower", "[dev-dependencies]\nbellwether-export.workspace = true", false);
    find("bellwether-tower", "[target.'cfg(unix)'.dependencies]\nbellwether-export = \"0.1\"", true);
    find("bellwether-core", "[dependencies]\nx = { package = \"bellwether-tower\", version = \"0.1\" }", true);
    find("bellwether-core", "[build-dependencies]\nbellwether = \"0.1\"", true);
    find("bellwether", "[dependencies]\nbellwether-export = \"0.1\"", false);
    find("bellwether-surprise", "", true);
}

#[test]
fn core_is_pure() {
    let core = "crates/bellwether-core/Cargo.toml";
    check("core-is-pure", &[(core, "[dependencies]\ntokio.workspace = true")], &[core]);
    check("core-is-pure", &[(core, "[dev-dependencies]\ntokio.workspace = true")], &[]);
}

#[test]
fn opentelemetry() {
    let manifest = "[dependencies]\ntracing-opentelemetry.workspace = true";
    let path = "crates/bellwether-tower/Cargo.toml";
    check("opentelemetry", &[(path, manifest)], &[path]);
    check("opentelemetry", &[("crates/bellwether-export/Cargo.toml", manifest)], &[]);
    let feature = "[features]\notlp = [\"bellwether-export/otlp\"]";
    check("opentelemetry", &[("crates/bellwether/Cargo.toml", feature)], &[]);
    let source = "crates/bellwether-tower/src/lib.rs";
    check("opentelemetry", &[(source, "\nuse opentelemetry::trace::TraceId;")], &[&format!("{source}:2")]);
    check("opentelemetry", &[(source, "use tracing_opentelemetry::layer;")], &[&format!("{source}:1")]);
    check("opentelemetry", &[(source, "// as opentelemetry::trace does\nlet s = \"opentelemetry_sdk\";")], &[]);
}

#[test]
fn described() {
    let (manifest, lib) = ("crates/bellwether-core/Cargo.toml", "crates/bellwether-core/src/lib.rs");
    let (good, docs) = ("[package]\ndescription = \"Counts.\"", "//! Counts.\n//! ## When not to use it\n");
    check("described", &[(manifest, good), (lib, docs)], &[]);
    check("described", &[(manifest, "[package]\ndescription = \"\""), (lib, docs)], &[manifest]);
    check("described", &[(manifest, good), (lib, "//! Counts.")], &[lib]);
}

#[test]
fn statics() {
    let find = |code: &str, found: bool| {
        check("statics", &[("crates/a/src/b.rs", code)], if found { &["crates/a/src/b.rs:1"] } else { &[] });
    };
    find("static SEEN: AtomicU64 = AtomicU64::new(0);", true);
    find("pub(crate) static ONE: std::sync::OnceLock<u8> = OnceLock::new();", true);
    find("    static mut N: u32 = 0;", true);
    find("static NAMES: &[&str] = &[\"Mutex\"];", false);
    find("fn hold(lock: &'static Mutex<u8>) {}", false);
    find("// static SEEN: AtomicU64", false);
    find("const EMPTY: AtomicU64 = AtomicU64::new(0);", false);
}

#[test]
fn names() {
    let find = |code: &str, found: bool| {
        check("names", &[("crates/a/src/b.rs", code)], if found { &["crates/a/src/b.rs:1"] } else { &[] });
    };
    find("pub struct ConnectionManager {", true);
    find("enum HandlerKind { A }", true);
    find("pub(crate) trait HelperExt {}", true);
    find("type RequestInfo2 = u8;", true);
    find("struct MetaData;", true);
    find("struct Metadata;", false);
    find("struct Informed;", false);
    find("struct Utilization(f64);", false);
    find("impl Handler<Request> for Mine {}", false);
}

#[test]
fn unsafe_code() {
    let find = |code: &str, expect: &[&str]| check("unsafe", &[("crates/a/src/b.rs", code)], expect);
    let good = "#![allow(unsafe_code, reason = \"a cell\")]\n// SAFETY: nobody else looks.\nunsafe { x() }";
    find(good, &[]);
    find("#![allow(unsafe_code)]\n// SAFETY: fine.\nunsafe { x() }", &["crates/a/src/b.rs:3"]);
    find("// SAFETY: fine.\nunsafe { x() }", &["crates/a/src/b.rs:2"]);
    find("#![allow(unsafe_code, reason = \"a cell\")]\nunsafe impl Send for X {}", &["crates/a/src/b.rs:2"]);
    find("#![forbid(unsafe_code)]\n// no unsafe here\nlet s = \"unsafe { }\";", &[]);
}

#[test]
fn macros() {
    let one = ("crates/a/src/b.rs", "macro_rules! one { () => {} }");
    check("macros", &[one], &[]);
    check("macros", &[one, ("crates/b/src/lib.rs", one.1)], &[]);
    check("macros", &[one, ("crates/a/src/c.rs", one.1)], &["a"]);
}

#[test]
fn ignored_tests() {
    check("ignored-tests", &[("tests/src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}")], &["tests/src/a.rs:2"]);
    check("ignored-tests", &[("tests/src/a.rs", "// #[ignore]\n#[test]\nfn f() {}")], &[]);
}

#[test]
fn setters() {
    let path = "crates/a/src/b.rs";
    check("setters", &[(path, "    pub fn with_name(mut self) -> Self {")], &["crates/a/src/b.rs:1"]);
    check("setters", &[(path, "    pub fn set_name(&mut self) {")], &["crates/a/src/b.rs:1"]);
    check(
        "setters",
        &[(path, "    pub fn settle(&self) {}\n    fn with_lock(&self) {}\n    pub fn set(&self) {}")],
        &[],
    );
}

#[test]
fn blanking_keeps_code_and_lines() {
    let check = |text: &str, expect: &str| assert_eq!(blank(text), expect, "{text}");
    check("a // b\nc", "a     \nc");
    check("a /* b\nb */ c", "a     \n     c");
    check("f(\"a\\\"b\") + 1", "f(      ) + 1");
    check("f(r#\"a\"b\"#) + 1", "f(        ) + 1");
    check("f(b\"a\", br\"\\\")", "f(    ,      )");
    check("f('\"', '\\'', 'a')", "f(   ,     ,    )");
    check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
    check("for r in expr {}", "for r in expr {}");
    check("\"never closed", "             ");
}
