//! Every script in tests/scripts comes to what it expects.

use std::path::Path;

use bellwether_promql::script;

#[test]
fn every_script_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut scripts = 0;
    for entry in std::fs::read_dir(folder).expect("the scripts") {
        let path = entry.expect("an entry").path();
        let report = script::run(&std::fs::read_to_string(&path).expect("a script"));
        let failures: Vec<_> = report.failures().map(|e| (e.line, &e.expression, &e.failure)).collect();
        assert!(failures.is_empty(), "{}: {failures:#?}", path.display());
        assert!(report.passed() > 0, "{} evaluates nothing", path.display());
        scripts += 1;
    }
    assert!(scripts > 0, "no scripts");
}
