//! Everything that must hold before a change lands, cheapest first, the test run last.

use crate::step::{Step, on_path};
use crate::{conformance, deny, fuzz, install, msrv, tidy};

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let quick = match words {
        [] => false,
        [word] if word == "--quick" => true,
        other => return Err(format!("got {other:?}, takes only --quick")),
    };
    tidy::run(&[])?;
    Step::new("formatting", "cargo fmt --all --check").run()?;
    if !quick {
        install::run(&[])?;
    }
    deny::run(&[])?;
    msrv::packages()?;
    Step::new("lints", "cargo clippy --workspace --all-targets --all-features -- -D warnings").run()?;
    Step::new("documentation", "cargo doc --workspace --all-features --no-deps")
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    Step::new("doc tests", "cargo test --workspace --all-features --doc --quiet").run()?;
    conformance::beside()?;
    if !quick {
        fuzz::run(&["--short".to_owned()])?;
    }
    tests(quick).run()
}

/// The test run. Nothing may print after it: its own closing lines are the verdict.
fn tests(quick: bool) -> Step {
    let line = if on_path("cargo-nextest") {
        "cargo nextest run --workspace --all-features --no-fail-fast"
    } else {
        "cargo test --workspace --all-features --no-fail-fast --lib --bins --tests --examples"
    };
    let step = Step::new("tests", line);
    if quick {
        return step;
    }
    let tools = install::tools().display().to_string();
    step.env("BELLWETHER_REAL", "1").env("BELLWETHER_TOOLS", tools)
}
