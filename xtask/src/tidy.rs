//! The house rules that a program can check, one row each; ARCHITECTURE.md says why they are rules.

mod code;
mod files;
mod manifests;
mod tree;

use tree::Tree;

/// A rule: what holds, and what finds the places where it does not.
struct Rule {
    name: &'static str,
    holds: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
    /// Whether a finding fails the run; otherwise it is only shown.
    binding: bool,
}

/// A place where a rule does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    place: String,
    what: String,
}

impl Finding {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

const RULES: &[Rule] = &[
    Rule {
        name: "first-line",
        holds: "the first line of a source file says in plain words what the file is for",
        check: files::first_line,
        binding: true,
    },
    Rule { name: "length", holds: "a library file has at most 400 lines", check: files::length, binding: true },
    Rule {
        name: "test-binary",
        holds: "a crate has one integration test binary, tests/it/main.rs, and at most one where loom's world is all there is",
        check: files::one_test_binary,
        binding: true,
    },
    Rule {
        name: "places",
        holds: "no file names a path of somebody's machine or the host of a package registry",
        check: files::places,
        binding: true,
    },
    Rule {
        name: "arrows",
        holds: "a crate depends only on those of ours that it may (the table in ARCHITECTURE.md)",
        check: manifests::arrows,
        binding: true,
    },
    Rule {
        name: "core-is-pure",
        holds: "bellwether-core does no I/O and knows no runtime",
        check: manifests::core_is_pure,
        binding: true,
    },
    Rule {
        name: "opentelemetry",
        holds: "only bellwether-export knows OpenTelemetry types",
        check: manifests::opentelemetry,
        binding: true,
    },
    Rule {
        name: "described",
        holds: "a crate has a description, and its documentation says when not to use it",
        check: manifests::described,
        binding: true,
    },
    Rule { name: "statics", holds: "no static holds state", check: code::statics, binding: true },
    Rule {
        name: "names",
        holds: "no type is called Manager, Handler, Helper, Util, Info or Data",
        check: code::names,
        binding: true,
    },
    Rule {
        name: "unsafe",
        holds: "unsafe code stands in a file that allows it with a reason, and each block under a SAFETY comment",
        check: code::unsafe_code,
        binding: true,
    },
    Rule { name: "macros", holds: "a crate has at most one macro_rules!", check: code::macros, binding: true },
    Rule {
        name: "ignored-tests",
        holds: "no test is #[ignore]d: a slow one asks the environment at run time",
        check: code::ignored_tests,
        binding: true,
    },
    Rule {
        name: "setters",
        holds: "a builder's setter is named after the field, without set_ or with_",
        check: code::setters,
        binding: false,
    },
];

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    let tree = Tree::read(&crate::step::root())?;
    let mut broken = 0;
    for rule in RULES {
        let findings = (rule.check)(&tree);
        if findings.is_empty() {
            continue;
        }
        let weight = if rule.binding { "broken" } else { "only a warning" };
        println!("\n{} ({weight}): {}", rule.name, rule.holds);
        for Finding { place, what } in &findings {
            println!("  {place}: {what}");
        }
        broken += if rule.binding { findings.len() } else { 0 };
    }
    match broken {
        0 => {
            println!("\n── tidy: {} rules hold in {} files", RULES.len(), tree.files().count());
            Ok(())
        }
        1 => Err("tidy: one place breaks a house rule (above)".to_owned()),
        n => Err(format!("tidy: {n} places break a house rule (above)")),
    }
}

#[cfg(test)]
mod tests;
